/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/result_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/hdf5_content.h"
#include "analysis/result_layout.h"

static bool statistics_get(hid_t dataset, struct histogram *histogram, struct err *err)
{
	uint64_t sum, sum_high;

	if (!content_number_get(dataset, "count", &histogram->count, err) ||
	    !content_number_get(dataset, "sum", &sum, err) ||
	    !content_number_get(dataset, "sum_high", &sum_high, err) ||
	    !content_number_get(dataset, "min", &histogram->min_ps, err) ||
	    !content_number_get(dataset, "max", &histogram->max_ps, err))
		return false;
	histogram->sum_ps = (u128_t)sum_high << 64 | sum;
	return true;
}

/* Rows in ascending order of bucket; NULL when they are a histogram's, else what is wrong. */
static const char *buckets_fill(struct histogram *histogram, const uint64_t (*row)[RESULT_BUCKET_COLUMNS], size_t rows)
{
	u128_t count = 0;

	for (size_t i = 0; i < rows; i++) {
		uint64_t bucket = row[i][0];

		if (bucket >= HISTOGRAM_BUCKETS || (i > 0 && bucket <= row[i - 1][0]))
			return "the buckets are not in ascending order";
		if (row[i][1] != histogram_bucket_first((unsigned)bucket) ||
		    row[i][2] != histogram_bucket_last((unsigned)bucket))
			return "the bounds of a bucket are not those of this version of the format";
		histogram->bucket[bucket] = row[i][3];
		count += row[i][3];
	}
	if (count != histogram->count)
		return "the buckets do not add up to count";
	if (count == 0)
		return histogram->sum_ps == 0 && histogram->min_ps == UINT64_MAX && histogram->max_ps == 0
			       ? NULL
			       : "it is empty, but sum, min and max are not";
	if (histogram_bucket_of(histogram->min_ps) != row[0][0] ||
	    histogram_bucket_of(histogram->max_ps) != row[rows - 1][0])
		return "min or max is not in the first or the last bucket";
	return NULL;
}

static bool read_histogram(hid_t latency, const char *name, struct histogram *histogram, struct err *err)
{
	hsize_t shape[2];
	hid_t dataset;
	uint64_t *cell = content_numbers_read(latency, name, 2, shape,
					      (size_t)HISTOGRAM_BUCKETS * RESULT_BUCKET_COLUMNS, &dataset, err);

	if (!cell)
		return false;
	bool ok = content_texts_check(dataset, "columns", result_bucket_columns, RESULT_BUCKET_COLUMNS, err) &&
		  (shape[1] == RESULT_BUCKET_COLUMNS || content_error(latency, name, err, "has not 4 columns")) &&
		  statistics_get(dataset, histogram, err);

	if (ok) {
		const char *problem = buckets_fill(histogram, (const uint64_t(*)[RESULT_BUCKET_COLUMNS])cell, shape[0]);

		ok = !problem || content_error(latency, name, err, problem);
	}
	H5Dclose(dataset);
	free(cell);
	return ok;
}

static bool read_latency(hid_t group, struct result_scheme *scheme, struct err *err)
{
	hid_t latency = content_group_open(group, "latency", err);
	bool ok = latency >= 0;

	for (unsigned op = 0; ok && op < RESULT_OPS; op++)
		ok = read_histogram(latency, result_op_names[op], &scheme->latency[op], err);
	H5Gclose(latency);
	return ok;
}

/* After the latencies: the parts of each must add up to its sum. */
static bool read_causes(hid_t group, struct result_scheme *scheme, struct err *err)
{
	hsize_t shape[2];
	hid_t dataset;
	uint64_t *cell = content_numbers_read(group, "causes", 2, shape, RESULT_OPS * RESULT_CAUSES, &dataset, err);

	if (!cell)
		return false;
	bool ok = content_texts_check(dataset, "rows", result_op_names, RESULT_OPS, err) &&
		  content_texts_check(dataset, "columns", result_cause_names, RESULT_CAUSES, err) &&
		  ((shape[0] == RESULT_OPS && shape[1] == RESULT_CAUSES) ||
		   content_error(group, "causes", err, "is not one row per operation, one column per cause"));

	for (unsigned op = 0; ok && op < RESULT_OPS; op++) {
		u128_t sum = 0;

		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
			scheme->cause_ps[op][cause] = cell[op * RESULT_CAUSES + cause];
			sum += scheme->cause_ps[op][cause];
		}
		if (sum != scheme->latency[op].sum_ps) {
			char what[96];

			snprintf(what, sizeof(what), "the parts of %s do not add up to the sum of its latencies",
				 result_op_names[op]);
			ok = content_error(group, "causes", err, what);
		}
	}
	H5Dclose(dataset);
	free(cell);
	return ok;
}

static bool read_number(hid_t group, const char *name, uint64_t *number, struct err *err)
{
	hid_t dataset;
	uint64_t *value = content_numbers_read(group, name, 0, NULL, 1, &dataset, err);

	if (!value)
		return false;
	*number = *value;
	H5Dclose(dataset);
	free(value);
	return true;
}

static bool read_counters(hid_t group, struct result_scheme *scheme, struct err *err)
{
	hid_t counters = content_group_open(group, "counters", err);
	bool ok = counters >= 0;

	for (unsigned i = 0; ok && i < RESULT_COUNTERS; i++)
		ok = read_number(counters, result_counter_info[i].name, &scheme->counter[i], err);
	H5Gclose(counters);
	return ok;
}

static bool read_capabilities(hid_t group, struct result_scheme *scheme, struct err *err)
{
	hid_t capabilities = content_group_open(group, "capabilities", err);
	bool ok = capabilities >= 0;

	for (unsigned i = 0; ok && i < RESULT_CAPABILITIES; i++)
		ok = read_number(capabilities, result_capability_info[i].name, &scheme->capability[i], err);
	H5Gclose(capabilities);
	return ok;
}

static bool read_one_series(hid_t parent, unsigned i, struct series *series, struct err *err)
{
	const char *name = result_series_names[i];
	hsize_t used;
	hid_t dataset;
	uint64_t *value = content_numbers_read(parent, name, 1, &used, SERIES_BUCKETS, &dataset, err);

	if (!value)
		return false;
	bool ok = content_texts_check(dataset, "kind", &result_series_kind[series->kind], 1, err) &&
		  content_number_get(dataset, "width_ps", &series->width_ps, err) &&
		  content_number_get(dataset, "level", &series->level, err);

	uint64_t doubled = series->width_ps / SERIES_FIRST_WIDTH_PS;

	if (ok && (doubled == 0 || (doubled & (doubled - 1)) != 0 || series->width_ps % SERIES_FIRST_WIDTH_PS != 0))
		ok = content_error(parent, name, err, "width_ps is not 1 us, doubled some times");
	series->used = (uint32_t)used;
	memcpy(series->value, value, used * sizeof(*value));
	H5Dclose(dataset);
	free(value);
	return ok;
}

static bool read_series(hid_t group, struct result_scheme *scheme, struct err *err)
{
	hid_t series = content_group_open(group, "series", err);
	bool ok = series >= 0;

	for (unsigned i = 0; ok && i < RESULT_SERIES; i++)
		ok = read_one_series(series, i, &scheme->series[i], err);
	H5Gclose(series);
	return ok;
}

bool result_scheme_read(hid_t group, struct result_scheme *scheme, struct err *err)
{
	char *name = content_text_get(group, "scheme", err);
	char *axes = name ? content_text_get(group, "axes", err) : NULL;
	uint64_t point = 0;
	bool ok = axes && content_number_get(group, "point", &point, err);

	if (ok && (strlen(name) >= sizeof(scheme->name) || strlen(axes) >= sizeof(scheme->axes)))
		ok = content_error(group, "", err, "the name or the axes are too long");
	if (ok && point > UINT32_MAX)
		ok = content_error(group, "", err, "there is no such point");
	if (ok) {
		result_scheme_begin(scheme, name, axes);
		scheme->point = (uint32_t)point;
		ok = read_latency(group, scheme, err) && read_causes(group, scheme, err) &&
		     read_counters(group, scheme, err) && read_capabilities(group, scheme, err) &&
		     read_series(group, scheme, err);
	}
	free(name);
	free(axes);
	return ok;
}
