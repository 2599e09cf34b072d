/* SPDX-License-Identifier: Apache-2.0 */
#include "models/memory/frames.h"

#include <stdbool.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define FIRST UINT64_C(0x100003000) /* aligned to nothing larger than a frame */
#define COUNT 512u
#define END   (FIRST + COUNT * PAGE_BYTES)

START_TEST(frames_come_lowest_first)
{
	struct frames frames;

	frames_init(&frames, FIRST, END);
	for (unsigned i = 0; i < COUNT; i++)
		ck_assert_uint_eq(frames_alloc(&frames), FIRST + i * PAGE_BYTES);
	ck_assert_uint_eq(frames_used(&frames), COUNT);
	frames_fini(&frames);
}
END_TEST

START_TEST(a_range_used_up_gives_none)
{
	struct frames frames;

	frames_init(&frames, FIRST, FIRST + PAGE_BYTES);
	ck_assert_uint_eq(frames_alloc(&frames), FIRST);
	ck_assert_uint_eq(frames_alloc(&frames), PHYS_NONE);
	ck_assert_uint_eq(frames_alloc_contiguous(&frames, 1), PHYS_NONE);
	ck_assert_uint_eq(frames_used(&frames), 1);
	frames_free(&frames, FIRST);
	ck_assert_uint_eq(frames_used(&frames), 0);
	ck_assert_uint_eq(frames_alloc(&frames), FIRST);
	frames_fini(&frames);
}
END_TEST

START_TEST(an_empty_range_gives_none)
{
	struct frames frames;

	frames_init(&frames, FIRST, FIRST);
	ck_assert_uint_eq(frames_alloc(&frames), PHYS_NONE);
	frames_fini(&frames);
}
END_TEST

START_TEST(the_frame_freed_last_comes_first)
{
	struct frames frames;
	phys_t frame[3];

	frames_init(&frames, FIRST, END);
	for (int i = 0; i < 3; i++)
		frame[i] = frames_alloc(&frames);
	frames_free(&frames, frame[1]);
	frames_free(&frames, frame[0]);
	frames_free(&frames, frame[2]);
	ck_assert_uint_eq(frames_alloc(&frames), frame[2]);
	ck_assert_uint_eq(frames_alloc(&frames), frame[0]);
	ck_assert_uint_eq(frames_alloc(&frames), frame[1]);
	ck_assert_uint_eq(frames_alloc(&frames), FIRST + 3 * PAGE_BYTES);
	frames_fini(&frames);
}
END_TEST

START_TEST(a_row_of_frames_is_aligned_to_its_size)
{
	struct frames frames;

	frames_init(&frames, FIRST, END);
	/* 5 frames align as 8: the first multiple of 0x8000 above 0x100003000. */
	ck_assert_uint_eq(frames_alloc_contiguous(&frames, 5), UINT64_C(0x100008000));
	ck_assert_uint_eq(frames_used(&frames), 5);
	/* What alignment skipped is not lost, and its lowest frame comes first. */
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(frames_alloc(&frames), FIRST + i * PAGE_BYTES);
	ck_assert_uint_eq(frames_alloc(&frames), UINT64_C(0x10000d000));
	frames_fini(&frames);
}
END_TEST

START_TEST(a_row_that_does_not_fit_takes_nothing)
{
	struct frames frames;

	frames_init(&frames, FIRST, END);
	ck_assert_uint_eq(frames_alloc_contiguous(&frames, COUNT), PHYS_NONE);
	ck_assert_uint_eq(frames_alloc_contiguous(&frames, SIZE_MAX / 2), PHYS_NONE);
	ck_assert_uint_eq(frames_used(&frames), 0);
	ck_assert_uint_eq(frames_alloc(&frames), FIRST);
	frames_fini(&frames);
}
END_TEST

START_TEST(no_frame_is_handed_out_twice)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		bool used[COUNT] = { false };
		phys_t held[COUNT];
		size_t held_count = 0;
		struct random random;
		struct frames frames;

		random_init(&random, seed);
		frames_init(&frames, FIRST, END);
		for (int step = 0; step < 5000; step++) {
			if (held_count && random_below(&random, 2)) {
				size_t pick = random_below(&random, held_count);

				frames_free(&frames, held[pick]);
				used[(held[pick] - FIRST) / PAGE_BYTES] = false;
				held[pick] = held[--held_count];
			} else {
				size_t count = random_below(&random, 8) ? 1 : 1 + random_below(&random, 6);
				phys_t first =
					count == 1 ? frames_alloc(&frames) : frames_alloc_contiguous(&frames, count);

				if (first == PHYS_NONE)
					continue;
				for (phys_t frame = first; frame < first + count * PAGE_BYTES; frame += PAGE_BYTES) {
					ck_assert_msg(frame >= FIRST && frame < END && frame % PAGE_BYTES == 0 &&
							      !used[(frame - FIRST) / PAGE_BYTES],
						      "seed %ju step %d: frame 0x%jx", (uintmax_t)seed, step,
						      (uintmax_t)frame);
					used[(frame - FIRST) / PAGE_BYTES] = true;
					held[held_count++] = frame;
				}
			}
			ck_assert_msg(frames_used(&frames) == held_count, "seed %ju step %d", (uintmax_t)seed, step);
		}
		frames_fini(&frames);
	}
}
END_TEST

int main(void)
{
	return suite_run("frames", (const TTest *[]){
					   frames_come_lowest_first,
					   a_range_used_up_gives_none,
					   an_empty_range_gives_none,
					   the_frame_freed_last_comes_first,
					   a_row_of_frames_is_aligned_to_its_size,
					   a_row_that_does_not_fit_takes_nothing,
					   no_frame_is_handed_out_twice,
					   NULL,
				   });
}
