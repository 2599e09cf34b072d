/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/random.h"

#include "tests/suite.h"

/* The published outputs of SplitMix64 for the seeds 0 and 1234567. */
START_TEST(the_stream_is_splitmix64)
{
	static const uint64_t of_0[] = { UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
					 UINT64_C(0x06c45d188009454f) };
	static const uint64_t of_1234567[] = { UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
					       UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
					       UINT64_C(16408922859458223821) };
	struct random random;

	random_init(&random, 0);
	for (size_t i = 0; i < sizeof(of_0) / sizeof(of_0[0]); i++)
		ck_assert_uint_eq(random_next(&random), of_0[i]);
	random_init(&random, 1234567);
	for (size_t i = 0; i < sizeof(of_1234567) / sizeof(of_1234567[0]); i++)
		ck_assert_uint_eq(random_next(&random), of_1234567[i]);
}
END_TEST

START_TEST(a_number_below_one_is_zero)
{
	struct random random;

	random_init(&random, 1);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(random_below(&random, 1), 0);
}
END_TEST

START_TEST(every_value_below_a_small_bound_comes_equally_often)
{
	enum { BOUND = 7, DRAWS = 70000 };
	unsigned seen[BOUND] = { 0 };
	struct random random;

	random_init(&random, 2);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t value = random_below(&random, BOUND);

		ck_assert_uint_lt(value, BOUND);
		seen[value]++;
	}
	/* The standard deviation is 93. */
	for (int value = 0; value < BOUND; value++)
		ck_assert_msg(seen[value] > 9500 && seen[value] < 10500, "%d came %u times", value, seen[value]);
}
END_TEST

/* 3 * 2^62 does not divide 2^64: a remainder would make the lowest third twice as likely. */
START_TEST(a_bound_near_the_word_size_is_not_biased)
{
	const uint64_t third = UINT64_C(1) << 62;
	unsigned seen[3] = { 0 };
	unsigned residue[3] = { 0 };
	struct random random;

	random_init(&random, 3);
	for (int i = 0; i < 30000; i++) {
		uint64_t value = random_below(&random, 3 * third);

		ck_assert_uint_lt(value, 3 * third);
		seen[value / third]++;
		residue[value % 3]++;
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(seen[i] > 9500 && seen[i] < 10500, "third %d came %u times", i, seen[i]);
		/* A product without rejection would prefer two residues of three. */
		ck_assert_msg(residue[i] > 9500 && residue[i] < 10500, "residue %d came %u times", i, residue[i]);
	}
}
END_TEST

int main(void)
{
	return suite_run("random", (const TTest *[]){
					   the_stream_is_splitmix64,
					   a_number_below_one_is_zero,
					   every_value_below_a_small_bound_comes_equally_often,
					   a_bound_near_the_word_size_is_not_biased,
					   NULL,
				   });
}
