/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/intervals.h"

#include "models/base/random.h"
#include "tests/suite.h"
#include "traces/trace.h"

static struct interval_overlap set(struct intervals *intervals, iova_t first, iova_t last, uint64_t row, bool live)
{
	struct interval_overlap overlap;
	ck_assert(intervals_set(intervals, first, last, row, live, &overlap));
	return overlap;
}

START_TEST(an_empty_space_holds_nothing)
{
	struct intervals intervals;
	intervals_init(&intervals);
	ck_assert_ptr_null(intervals_find(&intervals, 0));
	struct interval_overlap overlap = set(&intervals, 0x1000, 0x1fff, 7, true);
	ck_assert_uint_eq(overlap.live_row, TRACE_NONE);
	ck_assert_uint_eq(overlap.freed_row, TRACE_NONE);
	ck_assert_uint_eq(overlap.live_bytes, 0);
	ck_assert_uint_eq(intervals.live_bytes, 4096);
	ck_assert_ptr_null(intervals_find(&intervals, 0xfff));
	ck_assert_ptr_null(intervals_find(&intervals, 0x2000));
	ck_assert_uint_eq(intervals_find(&intervals, 0x1fff)->row, 7);
	intervals_fini(&intervals);
}
END_TEST

START_TEST(a_range_inside_another_leaves_both_ends)
{
	struct intervals intervals;
	intervals_init(&intervals);
	set(&intervals, 0x1000, 0x4fff, 1, true);
	struct interval_overlap overlap = set(&intervals, 0x2000, 0x2fff, 2, false);
	ck_assert_uint_eq(overlap.live_row, 1);
	ck_assert_uint_eq(overlap.live_bytes, 4096);
	ck_assert_uint_eq(intervals_count(&intervals), 3);
	ck_assert_uint_eq(intervals.live_bytes, 3 * 4096);
	ck_assert_uint_eq(intervals_find(&intervals, 0x1000)->last, 0x1fff);
	ck_assert(!intervals_find(&intervals, 0x2000)->live);
	ck_assert_uint_eq(intervals_find(&intervals, 0x3000)->first, 0x3000);
	ck_assert_uint_eq(intervals_find(&intervals, 0x4fff)->row, 1);
	intervals_fini(&intervals);
}
END_TEST

START_TEST(a_range_over_many_tells_the_newest_of_each_kind)
{
	struct intervals intervals;
	intervals_init(&intervals);
	set(&intervals, 0x1000, 0x1fff, 4, true);
	set(&intervals, 0x2000, 0x2fff, 9, true);
	set(&intervals, 0x3000, 0x3fff, 5, false);
	set(&intervals, 0x5000, 0x5fff, 8, false);
	set(&intervals, 0x6000, 0x6fff, 6, true);
	struct interval_overlap overlap = set(&intervals, 0x1800, 0x5fff, 10, true);
	ck_assert_uint_eq(overlap.live_row, 9);
	ck_assert_uint_eq(overlap.freed_row, 8);
	ck_assert_uint_eq(overlap.live_bytes, 0x1800);
	ck_assert_uint_eq(intervals_count(&intervals), 3);
	intervals_fini(&intervals);
}
END_TEST

START_TEST(the_last_byte_of_the_address_space_can_be_mapped)
{
	struct intervals intervals;
	intervals_init(&intervals);
	set(&intervals, UINT64_MAX - 4095, UINT64_MAX, 1, true);
	set(&intervals, 0, 4095, 2, true);
	ck_assert_uint_eq(intervals_find(&intervals, UINT64_MAX)->row, 1);
	struct interval_overlap overlap = set(&intervals, 4096, UINT64_MAX, 3, false);
	ck_assert_uint_eq(overlap.live_bytes, 4096);
	ck_assert_uint_eq(intervals_count(&intervals), 2);
	intervals_fini(&intervals);
}
END_TEST

START_TEST(memory_follows_the_footprint)
{
	struct intervals intervals;
	intervals_init(&intervals);
	for (uint64_t row = 0; row < 20000; row++) {
		iova_t first = (row * 7919 % 1000) << 12;
		set(&intervals, first, first + 4095, row, row % 3 != 0);
	}
	ck_assert_uint_eq(intervals_count(&intervals), 1000);
	set(&intervals, 0, (1000 << 12) - 1, 20000, false);
	ck_assert_uint_eq(intervals_count(&intervals), 1);
	ck_assert_uint_eq(intervals.live_bytes, 0);
	/* Many small ranges, then few among large ones: short runs have become one. */
	for (uint64_t row = 0; row < 8192; row++)
		set(&intervals, row << 12, (row << 12) + 4095, row, true);
	for (uint64_t row = 0; row < 8192; row += 32)
		set(&intervals, row << 12, ((row + 31) << 12) - 1, row, true);
	ck_assert_uint_eq(intervals_count(&intervals), 512);
	ck_assert_uint_le(intervals.run_count, 64);
	intervals_fini(&intervals);
}
END_TEST

/* The brute-force twin: one cell per byte. */
#define CELLS 3000u

struct cell {
	uint64_t row;
	bool held, live;
};

static struct interval_overlap twin_set(struct cell *cells, uint64_t first, uint64_t last, uint64_t row, bool live)
{
	struct interval_overlap overlap = { .live_row = TRACE_NONE, .freed_row = TRACE_NONE };
	for (uint64_t at = first; at <= last; at++) {
		struct cell *cell = &cells[at];
		uint64_t *newest = cell->live ? &overlap.live_row : &overlap.freed_row;
		if (cell->held && (*newest == TRACE_NONE || cell->row > *newest))
			*newest = cell->row;
		overlap.live_bytes += cell->held && cell->live;
		*cell = (struct cell){ .row = row, .held = true, .live = live };
	}
	return overlap;
}

static void compare_all(const struct intervals *intervals, const struct cell *cells, uint64_t seed)
{
	uint64_t live_bytes = 0;
	for (uint64_t at = 0; at < CELLS; at++) {
		const struct interval *found = intervals_find(intervals, at);
		live_bytes += cells[at].held && cells[at].live;
		ck_assert_msg(!found == !cells[at].held, "seed %ju at %ju", (uintmax_t)seed, (uintmax_t)at);
		if (found)
			ck_assert_msg(found->row == cells[at].row && found->live == cells[at].live, "seed %ju at %ju",
				      (uintmax_t)seed, (uintmax_t)at);
	}
	ck_assert_msg(intervals->live_bytes == live_bytes, "seed %ju", (uintmax_t)seed);
}

START_TEST(random_ranges_are_as_their_twin_says)
{
	static const uint64_t LONGEST[] = { 1, 8, 64, 1500 };
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct random random;
		random_init(&random, seed);
		struct intervals intervals;
		intervals_init(&intervals);
		struct cell *cells = calloc(CELLS, sizeof(*cells));
		for (uint64_t row = 0; row < 3000; row++) {
			uint64_t first = random_below(&random, CELLS);
			uint64_t last = first + random_below(&random, LONGEST[random_below(&random, 4)]);
			last = last < CELLS ? last : CELLS - 1;
			bool live = random_below(&random, 2);
			struct interval_overlap got = set(&intervals, first, last, row, live);
			struct interval_overlap expected = twin_set(cells, first, last, row, live);
			ck_assert_msg(got.live_row == expected.live_row && got.freed_row == expected.freed_row &&
					      got.live_bytes == expected.live_bytes,
				      "seed %ju row %ju", (uintmax_t)seed, (uintmax_t)row);
			if (row % 500 == 499)
				compare_all(&intervals, cells, seed);
		}
		free(cells);
		intervals_fini(&intervals);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_empty_space_holds_nothing,
		a_range_inside_another_leaves_both_ends,
		a_range_over_many_tells_the_newest_of_each_kind,
		the_last_byte_of_the_address_space_can_be_mapped,
		memory_follows_the_footprint,
		random_ranges_are_as_their_twin_says,
		NULL,
	};
	return suite_run("intervals", tests);
}
