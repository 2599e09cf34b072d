/* SPDX-License-Identifier: Apache-2.0 */
/* The twin of a histogram is the sorted array of its values. */
#include "models/base/histogram.h"

#include <string.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define VALUES 5000u

static struct histogram *made(const ps_t *values, size_t count)
{
	struct histogram *histogram = malloc(sizeof(*histogram));

	ck_assert_ptr_nonnull(histogram);
	histogram_init(histogram);
	for (size_t i = 0; i < count; i++)
		histogram_add(histogram, values[i]);
	return histogram;
}

static int by_value(const void *left, const void *right)
{
	ps_t a = *(const ps_t *)left, b = *(const ps_t *)right;

	return (a > b) - (a < b);
}

/* The least value at or below which per_100k / 100,000 of a sorted array lies. */
static ps_t true_percentile(const ps_t *sorted, uint64_t count, uint64_t per_100k)
{
	uint64_t rank = 1;

	while (rank * 100000 < count * per_100k)
		rank++;
	return sorted[rank - 1];
}

START_TEST(the_buckets_tile_all_64_bits)
{
	ck_assert_uint_eq(histogram_bucket_first(0), 0);
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		ps_t first = histogram_bucket_first(bucket), last = histogram_bucket_last(bucket);

		ck_assert_uint_eq(histogram_bucket_of(first), bucket);
		ck_assert_uint_eq(histogram_bucket_of(last), bucket);
		if (bucket + 1 < HISTOGRAM_BUCKETS)
			ck_assert_uint_eq(histogram_bucket_first(bucket + 1), last + 1);
		else
			ck_assert_uint_eq(last, UINT64_MAX);
	}
}
END_TEST

START_TEST(below_256_ps_every_value_has_its_own_bucket)
{
	for (ps_t value = 0; value < 256; value++) {
		unsigned bucket = histogram_bucket_of(value);

		ck_assert_uint_eq(histogram_bucket_first(bucket), value);
		ck_assert_uint_eq(histogram_bucket_last(bucket), value);
	}
	ck_assert_uint_eq(histogram_bucket_of(256), histogram_bucket_of(257));
	ck_assert_uint_ne(histogram_bucket_of(257), histogram_bucket_of(258));
}
END_TEST

START_TEST(an_empty_histogram_reports_zero)
{
	struct histogram *empty = made(NULL, 0);

	ck_assert_uint_eq(histogram_percentile(empty, 50000), 0);
	ck_assert_uint_eq(histogram_mean(empty), 0);
	ck_assert_uint_eq(empty->count, 0);
	ck_assert_uint_eq(empty->min_ps, UINT64_MAX);
	free(empty);
}
END_TEST

START_TEST(the_percentiles_of_1_to_100_are_their_ranks)
{
	ps_t values[100];

	for (unsigned i = 0; i < 100; i++)
		values[i] = 100 - i;

	struct histogram *histogram = made(values, 100);

	ck_assert_uint_eq(histogram_percentile(histogram, 0), 1);
	ck_assert_uint_eq(histogram_percentile(histogram, 1), 1);
	ck_assert_uint_eq(histogram_percentile(histogram, 1000), 1);
	ck_assert_uint_eq(histogram_percentile(histogram, 1001), 2);
	ck_assert_uint_eq(histogram_percentile(histogram, 50000), 50);
	ck_assert_uint_eq(histogram_percentile(histogram, 90000), 90);
	ck_assert_uint_eq(histogram_percentile(histogram, 99000), 99);
	ck_assert_uint_eq(histogram_percentile(histogram, 99900), 100);
	ck_assert_uint_eq(histogram_percentile(histogram, 100000), 100);
	ck_assert_uint_eq(histogram_mean(histogram), 50);
	free(histogram);
}
END_TEST

START_TEST(one_value_is_every_percentile)
{
	const ps_t value = UINT64_C(123456789);
	struct histogram *histogram = made(&value, 1);

	for (unsigned per_100k = 0; per_100k <= 100000; per_100k += 1000)
		ck_assert_uint_eq(histogram_percentile(histogram, per_100k), value);
	free(histogram);
}
END_TEST

START_TEST(a_percentile_is_at_most_one_128th_above_the_true_one)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct random random;
		ps_t values[VALUES];

		random_init(&random, seed);
		/* Magnitudes from 0 to 63 bits; every fourth run stays where buckets are exact. */
		for (size_t i = 0; i < VALUES; i++)
			values[i] = random_next(&random) >> (seed % 4 == 0 ? 56 : random_below(&random, 64));

		struct histogram *histogram = made(values, VALUES);

		qsort(values, VALUES, sizeof(values[0]), by_value);
		for (unsigned per_100k = 0; per_100k <= 100000; per_100k += 50) {
			ps_t truth = true_percentile(values, VALUES, per_100k);
			ps_t got = histogram_percentile(histogram, per_100k);

			ck_assert_msg(got >= truth && got - truth <= truth / 128,
				      "seed %ju, %u of 100,000: %ju for %ju", (uintmax_t)seed, per_100k, (uintmax_t)got,
				      (uintmax_t)truth);
			ck_assert_msg(got == truth || truth >= 256, "seed %ju: not exact below 256 ps",
				      (uintmax_t)seed);
			ck_assert_uint_le(got, values[VALUES - 1]);
		}
		free(histogram);
	}
}
END_TEST

START_TEST(count_sum_min_and_max_are_exact)
{
	const ps_t values[] = { UINT64_MAX, UINT64_MAX, 7, UINT64_MAX - 1000 };
	struct histogram *histogram = made(values, 4);

	ck_assert_uint_eq(histogram->count, 4);
	ck_assert_uint_eq(histogram->min_ps, 7);
	ck_assert_uint_eq(histogram->max_ps, UINT64_MAX);
	/* 3 * (2^64 - 1) + 7 - 1000 = 2 * 2^64 + (2^64 - 996) */
	ck_assert_uint_eq((uint64_t)(histogram->sum_ps >> 64), 2);
	ck_assert_uint_eq((uint64_t)histogram->sum_ps, UINT64_C(0) - 996);
	/* (3 * 2^64 - 996) / 4 */
	ck_assert_uint_eq(histogram_mean(histogram), UINT64_C(3) * (UINT64_C(1) << 62) - 249);
	free(histogram);
}
END_TEST

int main(void)
{
	return suite_run("histogram", (const TTest *[]){
					      the_buckets_tile_all_64_bits,
					      below_256_ps_every_value_has_its_own_bucket,
					      an_empty_histogram_reports_zero,
					      the_percentiles_of_1_to_100_are_their_ranks,
					      one_value_is_every_percentile,
					      a_percentile_is_at_most_one_128th_above_the_true_one,
					      count_sum_min_and_max_are_exact,
					      NULL,
				      });
}
