/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/ranges.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/suite.h"

#define SPACE 256u

START_TEST(an_empty_set_finds_nothing)
{
	struct ranges ranges;

	ranges_init(&ranges);
	ck_assert_ptr_null(ranges_find(&ranges, 0, UINT64_MAX));
	ck_assert_uint_eq(ranges.count, 0);
	ranges_fini(&ranges);
}
END_TEST

START_TEST(a_range_is_found_from_every_address_inside_and_none_outside)
{
	struct ranges ranges;
	struct range range = { .first = 0x1000, .last = 0x1fff, .value = { 7, 9 } };

	ranges_init(&ranges);
	ranges_insert(&ranges, &range);
	ck_assert_ptr_nonnull(ranges_find(&ranges, 0x1000, 0x1000));
	ck_assert_ptr_nonnull(ranges_find(&ranges, 0x1fff, 0x1fff));
	ck_assert_ptr_null(ranges_find(&ranges, 0, 0xfff));
	ck_assert_ptr_null(ranges_find(&ranges, 0x2000, UINT64_MAX));
	ck_assert_uint_eq(ranges_find(&ranges, 0, UINT64_MAX)->value[1], 9);
	ranges_fini(&ranges);
}
END_TEST

START_TEST(the_whole_address_space_may_be_one_range)
{
	struct ranges ranges;
	struct range range = { .first = 0, .last = UINT64_MAX };

	ranges_init(&ranges);
	ranges_insert(&ranges, &range);
	ck_assert_ptr_nonnull(ranges_find(&ranges, UINT64_MAX, UINT64_MAX));
	ranges_remove(&ranges, 0);
	ck_assert_ptr_null(ranges_find(&ranges, 0, UINT64_MAX));
	ranges_fini(&ranges);
}
END_TEST

/* owner[address] is 1 + first of the range that covers it, 0 when free. */
static unsigned twin_lowest(const unsigned *owner, unsigned first, unsigned last)
{
	for (unsigned at = first; at <= last; at++)
		if (owner[at])
			return owner[at];
	return 0;
}

START_TEST(random_inserts_and_removes_agree_with_an_array)
{
	struct random random;
	uint64_t seed = 20 + (uint64_t)_i;
	unsigned owner[SPACE] = { 0 };
	size_t count = 0;
	struct ranges ranges;

	random_init(&random, seed);
	ranges_init(&ranges);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned first = (unsigned)random_below(&random, SPACE);
		unsigned last = first + (unsigned)random_below(&random, 12);

		last = last < SPACE ? last : SPACE - 1;
		unsigned expected = twin_lowest(owner, first, last);
		struct range *found = ranges_find(&ranges, first, last);

		ck_assert_msg(!found == !expected, "seed %lu step %u", seed, i);
		if (found)
			ck_assert_msg(found->first == expected - 1 && found->value[0] == (expected - 1) * 3,
				      "seed %lu step %u", seed, i);
		if (!expected) {
			struct range range = { .first = first, .last = last, .value = { first * 3 } };

			ranges_insert(&ranges, &range);
			count++;
			for (unsigned at = first; at <= last; at++)
				owner[at] = first + 1;
		} else if (random_below(&random, 2)) {
			ranges_remove(&ranges, expected - 1);
			count--;
			for (unsigned at = 0; at < SPACE; at++)
				if (owner[at] == expected)
					owner[at] = 0;
		}
		ck_assert_uint_eq(ranges.count, count);
	}
	ranges_fini(&ranges);
}
END_TEST

START_TEST(ranges_put_in_ascending_order_do_not_make_a_deep_tree)
{
	struct ranges ranges;
	const uint64_t many = 200000;

	ranges_init(&ranges);
	for (uint64_t i = 0; i < many; i++) {
		struct range range = { .first = i * 2, .last = i * 2 };

		ranges_insert(&ranges, &range);
	}
	/* A list would make this 4 * 10^10 steps. */
	for (uint64_t i = 0; i < many; i++)
		ck_assert_ptr_nonnull(ranges_find(&ranges, i * 2, i * 2 + 1));
	for (uint64_t i = many; i-- > 0;)
		ranges_remove(&ranges, i * 2);
	ck_assert_uint_eq(ranges.count, 0);
	ranges_fini(&ranges);
}
END_TEST

START_TEST(inserting_over_a_member_is_a_programmers_error)
{
	/* Ends in it, begins in it, lies in it, holds it, is it. */
	static const struct range over[] = { { .first = 90, .last = 100 },
					     { .first = 109, .last = 120 },
					     { .first = 103, .last = 104 },
					     { .first = 90, .last = 120 },
					     { .first = 100, .last = 109 } };
	struct ranges ranges;

	ranges_init(&ranges);
	for (uint64_t first = 0; first < 400; first += 50) {
		struct range range = { .first = first, .last = first + 9 };

		ranges_insert(&ranges, &range);
	}
	ranges_insert(&ranges, &over[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ranges");
	TCase *test = tcase_create("ranges");

	tcase_add_test(test, an_empty_set_finds_nothing);
	tcase_add_test(test, a_range_is_found_from_every_address_inside_and_none_outside);
	tcase_add_test(test, the_whole_address_space_may_be_one_range);
	tcase_add_loop_test(test, random_inserts_and_removes_agree_with_an_array, 0, 8);
	tcase_add_test(test, ranges_put_in_ascending_order_do_not_make_a_deep_tree);
	tcase_add_loop_test_raise_signal(test, inserting_over_a_member_is_a_programmers_error, SIGILL, 0, 5);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
