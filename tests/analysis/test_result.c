/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistic.h"
#include "models/base/random.h"
#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

START_TEST(the_latency_of_an_operation_is_the_sum_of_its_parts)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));

	result_scheme_init(scheme, "nested", "translation=nested");
	result_operation(scheme, RESULT_UNMAP, (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 100, [CAUSE_TABLE] = 7 });
	result_operation(scheme, RESULT_UNMAP, (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 30, [CAUSE_CPU_WAIT] = 1 });
	ck_assert_uint_eq(scheme->latency[RESULT_UNMAP].count, 2);
	ck_assert_uint_eq(scheme->latency[RESULT_UNMAP].min_ps, 31);
	ck_assert_uint_eq(scheme->latency[RESULT_UNMAP].max_ps, 107);
	ck_assert_uint_eq((uint64_t)scheme->latency[RESULT_UNMAP].sum_ps, 138);
	ck_assert_uint_eq(scheme->cause_ps[RESULT_UNMAP][CAUSE_EXIT], 130);
	ck_assert_uint_eq(scheme->cause_ps[RESULT_UNMAP][CAUSE_TABLE], 7);
	ck_assert_uint_eq(scheme->cause_ps[RESULT_UNMAP][CAUSE_CPU_WAIT], 1);
	ck_assert_uint_eq(scheme->latency[RESULT_MAP].count, 0);
	free(scheme);
}
END_TEST

START_TEST(an_operation_that_took_no_time_counts)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));

	result_scheme_init(scheme, "x", "");
	result_operation(scheme, RESULT_MAP, (ps_t[RESULT_CAUSES]){ 0 });
	ck_assert_uint_eq(scheme->latency[RESULT_MAP].count, 1);
	ck_assert_uint_eq(scheme->latency[RESULT_MAP].max_ps, 0);
	ck_assert_uint_eq(scheme->latency[RESULT_MAP].min_ps, 0);
	free(scheme);
}
END_TEST

START_TEST(a_latency_that_64_bits_do_not_hold_is_a_programmers_error)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));

	result_scheme_init(scheme, "x", "");
	result_operation(scheme, RESULT_MAP, (ps_t[RESULT_CAUSES]){ UINT64_MAX, 1 });
}
END_TEST

START_TEST(every_name_is_there_once)
{
	const char *name[RESULT_OPS + RESULT_CAUSES + RESULT_COUNTERS + RESULT_SERIES];
	const size_t first[] = { 0, RESULT_OPS, RESULT_OPS + RESULT_CAUSES,
				 RESULT_OPS + RESULT_CAUSES + RESULT_COUNTERS, sizeof(name) / sizeof(name[0]) };

	for (unsigned i = 0; i < RESULT_OPS; i++)
		name[i] = result_op_names[i];
	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		name[first[1] + i] = result_cause_names[i];
	for (unsigned i = 0; i < RESULT_COUNTERS; i++) {
		name[first[2] + i] = result_counter_info[i].name;
		ck_assert_msg(result_counter_info[i].unit && result_counter_info[i].help, "counter %u", i);
	}
	for (unsigned i = 0; i < RESULT_SERIES; i++)
		name[first[3] + i] = result_series_names[i];
	for (unsigned kind = 0; kind < 4; kind++)
		for (size_t i = first[kind]; i < first[kind + 1]; i++) {
			ck_assert_msg(name[i] && name[i][0], "name %zu of kind %u", i - first[kind], kind);
			for (size_t j = first[kind]; j < i; j++)
				ck_assert_str_ne(name[i], name[j]);
		}
}
END_TEST

/* ---- percentiles ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The smallest of the sorted values with at least per_mille of all at or below it. */
static uint64_t twin_percentile(const uint64_t *sorted, size_t count, size_t per_mille)
{
	return sorted[(count * per_mille + 999) / 1000 - 1];
}

START_TEST(percentiles_agree_with_sorted_values)
{
	static const struct {
		enum statistic which;
		size_t per_mille;
	} point[] = {
		{ STATISTIC_P50, 500 }, { STATISTIC_P90, 900 }, { STATISTIC_P99, 990 }, { STATISTIC_P99_9, 999 }
	};
	enum { VALUES = 5000 };
	uint64_t *value = malloc(VALUES * sizeof(*value));
	struct histogram *histogram = malloc(sizeof(*histogram));
	struct random random;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		unsigned bits = seed % 2 ? 8 : 44; /* below 256 ps a percentile is exact, above within 1/128 */
		size_t count = seed < 3 ? seed : VALUES - 17 * seed;
		u128_t sum = 0;

		random_init(&random, seed);
		histogram_init(histogram);
		for (size_t i = 0; i < count; i++) {
			value[i] = random_below(&random, UINT64_C(1) << (1 + random_below(&random, bits)));
			histogram_add(histogram, value[i]);
			sum += value[i];
		}
		qsort(value, count, sizeof(*value), by_value);
		for (size_t k = 0; k < sizeof(point) / sizeof(point[0]); k++) {
			uint64_t want = twin_percentile(value, count, point[k].per_mille);
			uint64_t got = statistic(histogram, point[k].which);

			ck_assert_msg(got >= want && got - want <= (bits == 8 ? 0 : want / 128),
				      "seed %lu, per mille %zu: %lu, sorted %lu", seed, point[k].per_mille, got, want);
		}
		ck_assert_uint_eq(statistic(histogram, STATISTIC_COUNT), count);
		ck_assert_uint_eq(statistic(histogram, STATISTIC_MEAN), (uint64_t)(sum / count));
		ck_assert_uint_eq(statistic(histogram, STATISTIC_MIN), value[0]);
		ck_assert_uint_eq(statistic(histogram, STATISTIC_MAX), value[count - 1]);
	}
	free(value);
	free(histogram);
}
END_TEST

/* ---- series ---- */

START_TEST(a_series_of_events_adds_them_up_by_bucket)
{
	struct series series;

	series_init(&series, SERIES_SUM);
	series_record(&series, 0, 5);
	series_record(&series, PS_PER_US - 1, 6);
	series_record(&series, PS_PER_US, 7);
	series_record(&series, 3 * PS_PER_US, 8);
	series_record(&series, 0, 100);
	ck_assert_uint_eq(series.used, 4);
	ck_assert_uint_eq(series.width_ps, PS_PER_US);
	ck_assert_uint_eq(series.value[0], 111);
	ck_assert_uint_eq(series.value[1], 7);
	ck_assert_uint_eq(series.value[2], 0);
	ck_assert_uint_eq(series.value[3], 8);
}
END_TEST

START_TEST(a_level_is_carried_on_and_each_bucket_keeps_its_maximum)
{
	struct series series;

	series_init(&series, SERIES_LAST_MAX);
	series_record(&series, 2 * PS_PER_US, 40);
	series_record(&series, 2 * PS_PER_US + 1, 10);
	series_record(&series, 5 * PS_PER_US, 3);
	series_record(&series, 6 * PS_PER_US, 0);
	series_record(&series, 8 * PS_PER_US, 1);
	ck_assert_uint_eq(series.used, 9);
	/* What held when a bucket began counts in it: 10 at the start of bucket 5, 3 at that of bucket 6. */
	for (unsigned i = 0; i < 9; i++)
		ck_assert_uint_eq(series.value[i], ((uint64_t[]){ 0, 0, 40, 10, 10, 10, 3, 0, 1 })[i]);
}
END_TEST

START_TEST(a_level_told_late_holds_from_its_date_on)
{
	struct series series;

	series_init(&series, SERIES_LAST_MAX);
	series_record(&series, 4 * PS_PER_US, 20);
	series_record(&series, 2 * PS_PER_US, 30);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(series.value[i], ((uint64_t[]){ 0, 0, 30, 30, 30 })[i]);
	ck_assert_uint_eq(series.level, 30);
}
END_TEST

START_TEST(a_series_doubles_its_width_at_the_first_date_beyond_its_end)
{
	struct series series;

	series_init(&series, SERIES_SUM);
	for (unsigned i = 0; i < SERIES_BUCKETS; i++)
		series_record(&series, i * PS_PER_US, i);
	ck_assert_uint_eq(series.width_ps, PS_PER_US);
	series_record(&series, SERIES_BUCKETS * PS_PER_US - 1, 1000);
	ck_assert_uint_eq(series.width_ps, PS_PER_US);
	series_record(&series, SERIES_BUCKETS * PS_PER_US, 9);
	ck_assert_uint_eq(series.width_ps, 2 * PS_PER_US);
	ck_assert_uint_eq(series.used, SERIES_BUCKETS / 2 + 1);
	for (unsigned i = 0; i + 1 < SERIES_BUCKETS / 2; i++)
		ck_assert_uint_eq(series.value[i], 4 * i + 1);
	ck_assert_uint_eq(series.value[SERIES_BUCKETS / 2 - 1], 510 + 511 + 1000);
	ck_assert_uint_eq(series.value[SERIES_BUCKETS / 2], 9);
	series_record(&series, 100 * PS_PER_MS, 1); /* 100,000 us: 512 buckets of 256 us */
	ck_assert_uint_eq(series.width_ps, 256 * PS_PER_US);
	ck_assert_uint_eq(series.used, 100000 / 256 + 1);
}
END_TEST

/* Recomputes a series with its final width from all the records, in order of date. */
START_TEST(a_series_is_the_one_its_final_width_would_have_given)
{
	enum { RECORDS = 3000 };
	struct series series;
	struct random random;
	ps_t *date = malloc(RECORDS * sizeof(*date));
	uint64_t *value = malloc(RECORDS * sizeof(*value));

	for (uint64_t seed = 1; seed <= 6; seed++) {
		enum series_kind kind = seed % 2 ? SERIES_SUM : SERIES_LAST_MAX;
		uint64_t twin[SERIES_BUCKETS] = { 0 };
		uint32_t used = 0;
		ps_t now = 0;

		random_init(&random, seed);
		series_init(&series, kind);
		for (unsigned i = 0; i < RECORDS; i++) {
			now += random_below(&random, UINT64_C(1) << (10 + random_below(&random, 4 * seed)));
			date[i] = now;
			value[i] = random_below(&random, 1000);
			series_record(&series, now, value[i]);
		}
		for (unsigned i = 0; i < RECORDS; i++) {
			uint32_t bucket = (uint32_t)(date[i] / series.width_ps);

			ck_assert_msg(bucket < SERIES_BUCKETS, "seed %lu", seed);
			for (; used <= bucket; used++)
				twin[used] = kind == SERIES_LAST_MAX && i > 0 ? value[i - 1] : 0;
			if (kind == SERIES_SUM)
				twin[bucket] += value[i];
			else if (value[i] > twin[bucket])
				twin[bucket] = value[i];
		}
		ck_assert_msg(series.used == used, "seed %lu: %u buckets, twin %u", seed, series.used, used);
		for (uint32_t i = 0; i < SERIES_BUCKETS; i++)
			ck_assert_msg(series.value[i] == twin[i], "seed %lu, bucket %u: %lu, twin %lu", seed, i,
				      series.value[i], twin[i]);
	}
	free(date);
	free(value);
}
END_TEST

START_TEST(a_series_can_be_read_in_wider_buckets)
{
	struct series events, level;

	series_init(&events, SERIES_SUM);
	series_init(&level, SERIES_LAST_MAX);
	for (unsigned i = 0; i < 7; i++) {
		series_record(&events, i * PS_PER_US, 1 + i);
		series_record(&level, i * PS_PER_US, 10 - i);
	}
	ck_assert_uint_eq(series_value(&events, 4 * PS_PER_US, 0), 1 + 2 + 3 + 4);
	ck_assert_uint_eq(series_value(&events, 4 * PS_PER_US, 1), 5 + 6 + 7);
	ck_assert_uint_eq(series_value(&events, 4 * PS_PER_US, 2), 0);
	ck_assert_uint_eq(series_value(&level, 4 * PS_PER_US, 1), 7); /* what held when it began */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result");
	TCase *tcase = tcase_create("result");

	tcase_add_test(tcase, the_latency_of_an_operation_is_the_sum_of_its_parts);
	tcase_add_test(tcase, an_operation_that_took_no_time_counts);
	tcase_add_test_raise_signal(tcase, a_latency_that_64_bits_do_not_hold_is_a_programmers_error, SIGILL);
	tcase_add_test(tcase, every_name_is_there_once);
	tcase_add_test(tcase, percentiles_agree_with_sorted_values);
	tcase_add_test(tcase, a_series_of_events_adds_them_up_by_bucket);
	tcase_add_test(tcase, a_level_is_carried_on_and_each_bucket_keeps_its_maximum);
	tcase_add_test(tcase, a_level_told_late_holds_from_its_date_on);
	tcase_add_test(tcase, a_series_doubles_its_width_at_the_first_date_beyond_its_end);
	tcase_add_test(tcase, a_series_is_the_one_its_final_width_would_have_given);
	tcase_add_test(tcase, a_series_can_be_read_in_wider_buckets);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
