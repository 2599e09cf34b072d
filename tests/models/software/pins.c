/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/pins.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define BASE  UINT64_C(0x100000000)
#define PAGES 1536u /* three blocks of 2 MiB */

static struct pins pins;

static void setup(void)
{
	pins_init(&pins, BASE, PAGES * PAGE_BYTES);
}

static void teardown(void)
{
	pins_fini(&pins);
}

START_TEST(a_page_pinned_twice_is_one_page_with_two_references)
{
	pins_pin(&pins, BASE, PAGE_BYTES);
	pins_pin(&pins, BASE, PAGE_BYTES);
	ck_assert_uint_eq(pins_count(&pins, BASE), 2);
	ck_assert_uint_eq(pins.pages, 1);
	ck_assert_uint_eq(pins.pins, 2);
	pins_unpin(&pins, BASE, PAGE_BYTES);
	ck_assert_uint_eq(pins.pages, 1);
	pins_unpin(&pins, BASE, PAGE_BYTES);
	ck_assert_uint_eq(pins.pages, 0);
	ck_assert_uint_eq(pins.peak, 1);
}
END_TEST

START_TEST(a_whole_block_and_pages_of_it_are_counted_together)
{
	pins_pin(&pins, BASE, 512 * PAGE_BYTES);
	pins_pin(&pins, BASE + 511 * PAGE_BYTES, 2 * PAGE_BYTES);
	ck_assert_uint_eq(pins_count(&pins, BASE + 511 * PAGE_BYTES), 2);
	ck_assert_uint_eq(pins.pages, 513);
	pins_unpin(&pins, BASE, 512 * PAGE_BYTES);
	ck_assert_uint_eq(pins.pages, 2);
}
END_TEST

START_TEST(what_was_pinned_as_a_block_is_unpinned_page_by_page_and_the_reverse)
{
	pins_pin(&pins, BASE, 512 * PAGE_BYTES);
	pins_unpin(&pins, BASE + 7 * PAGE_BYTES, PAGE_BYTES);
	ck_assert_uint_eq(pins_count(&pins, BASE + 7 * PAGE_BYTES), 0);
	ck_assert_uint_eq(pins_count(&pins, BASE + 8 * PAGE_BYTES), 1);
	ck_assert_uint_eq(pins.pages, 511);
	pins_pin(&pins, BASE + 7 * PAGE_BYTES, PAGE_BYTES);
	pins_unpin(&pins, BASE, 512 * PAGE_BYTES);
	ck_assert_uint_eq(pins.pages, 0);
	ck_assert_uint_eq(pins.pins, 0);
}
END_TEST

START_TEST(random_pins_agree_with_a_count_per_page)
{
	struct random random;
	uint64_t seed = 100 + (uint64_t)_i;
	static unsigned count[PAGES];
	struct {
		uint64_t page, pages;
	} live[64];
	unsigned live_count = 0;

	memset(count, 0, sizeof(count));
	random_init(&random, seed);
	for (unsigned step = 0; step < 120; step++) {
		if (live_count < 64 && random_below(&random, 5) < 3) {
			uint64_t page = random_below(&random, PAGES);
			uint64_t pages = 1 + random_below(&random, PAGES - page);

			pins_pin(&pins, BASE + page * PAGE_BYTES, pages * PAGE_BYTES);
			live[live_count].page = page;
			live[live_count++].pages = pages;
			for (uint64_t i = page; i < page + pages; i++)
				count[i]++;
		} else if (live_count) {
			unsigned which = (unsigned)random_below(&random, live_count);
			uint64_t page = live[which].page;
			uint64_t pages = 1 + random_below(&random, live[which].pages); /* from the front on */

			pins_unpin(&pins, BASE + page * PAGE_BYTES, pages * PAGE_BYTES);
			for (uint64_t i = page; i < page + pages; i++)
				count[i]--;
			live[which].page += pages;
			live[which].pages -= pages;
			if (!live[which].pages)
				live[which] = live[--live_count];
		}
		uint64_t distinct = 0, references = 0;

		for (uint64_t i = 0; i < PAGES; i++) {
			distinct += count[i] > 0;
			references += count[i];
			if (pins_count(&pins, BASE + i * PAGE_BYTES) != count[i])
				ck_abort_msg("seed %lu step %u page %lu", seed, step, i);
		}
		ck_assert_msg(pins.pages == distinct && pins.pins == references, "seed %lu step %u", seed, step);
	}
}
END_TEST

START_TEST(unpinning_what_is_not_pinned_is_a_programmers_error)
{
	pins_pin(&pins, BASE, PAGE_BYTES);
	pins_unpin(&pins, BASE, 2 * PAGE_BYTES);
}
END_TEST

START_TEST(pages_outside_the_range_are_a_programmers_error)
{
	pins_pin(&pins, BASE + (PAGES - 1) * PAGE_BYTES, 2 * PAGE_BYTES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pins");
	TCase *test = tcase_create("pins");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, a_page_pinned_twice_is_one_page_with_two_references);
	tcase_add_test(test, a_whole_block_and_pages_of_it_are_counted_together);
	tcase_add_test(test, what_was_pinned_as_a_block_is_unpinned_page_by_page_and_the_reverse);
	tcase_add_loop_test(test, random_pins_agree_with_a_count_per_page, 0, 4);
	tcase_add_test_raise_signal(test, pages_outside_the_range_are_a_programmers_error, SIGILL);
	tcase_add_test_raise_signal(test, unpinning_what_is_not_pinned_is_a_programmers_error, SIGILL);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
