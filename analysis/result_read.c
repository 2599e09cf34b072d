/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a result file (docs/result-format.md) and checks what must hold in
 * one: the buckets of a latency add up to its count, and its causes to its sum.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/hdf5_content.h"
#include "analysis/result_layout.h"
#include "analysis/result_matrix.h"

enum text {
	TEXT_VERSION,
	TEXT_TITLE,
	TEXT_SCENARIO_PATH,
	TEXT_SCENARIO_TEXT,
	TEXT_PROFILE_NAME,
	TEXT_PROFILE_TEXT,
	TEXT_TRACE_PATH,
	TEXT_TRACE_TEXT,
	TEXT_TRACE_CRC64,
	TEXT_SEED,
	TEXTS
};

static const struct {
	const char *name;
	enum { IN_ATTRIBUTE, IN_DATASET, AS_DECIMAL, AS_HEX } kind;
} texts[TEXTS] = {
	[TEXT_VERSION] = { "version", IN_ATTRIBUTE },
	[TEXT_TITLE] = { "title", IN_ATTRIBUTE },
	[TEXT_SCENARIO_PATH] = { "scenario_path", IN_ATTRIBUTE },
	[TEXT_SCENARIO_TEXT] = { "scenario_text", IN_DATASET },
	[TEXT_PROFILE_NAME] = { "profile_name", IN_ATTRIBUTE },
	[TEXT_PROFILE_TEXT] = { "profile_text", IN_DATASET },
	[TEXT_TRACE_PATH] = { "trace_path", IN_ATTRIBUTE },
	[TEXT_TRACE_TEXT] = { "trace_text", IN_DATASET },
	[TEXT_TRACE_CRC64] = { "trace_crc64", AS_HEX },
	[TEXT_SEED] = { "seed", AS_DECIMAL },
};

struct result {
	char *path;
	char *text[TEXTS]; /* NULL in a part file */
	char *parameter;   /* [parameter_count][RESULT_PARAMETER_COLUMNS], cells of parameter_width bytes */
	size_t parameter_count, parameter_width;
	struct result_scheme **scheme; /* [scheme_count]; each apart: much of it is zeros and never touched */
	size_t scheme_count;
	struct result_matrix matrix; /* all zeros: none */
};

/* ---- a scheme ---- */

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

static bool read_scheme(hid_t group, struct result_scheme *scheme, struct err *err)
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

/* Only a part, which has no input, may be of a point without saying which points there are. */
static bool read_run(hid_t schemes, const char *name, struct result *result, struct err *err)
{
	struct result_scheme *scheme = calloc(1, sizeof(*scheme));

	if (!scheme)
		return err_set(err, ERR_FILE, "%s: out of memory", result->path);
	result->scheme[result->scheme_count++] = scheme;

	hid_t group = content_group_open(schemes, name, err);
	bool ok = group >= 0 && read_scheme(group, scheme, err);

	if (ok && result->text[TEXT_VERSION] && scheme->point >= result_point_count(result))
		ok = content_error(schemes, name, err, "there is no such point");
	H5Gclose(group);
	return ok;
}

static bool read_schemes(hid_t file, struct result *result, struct err *err)
{
	hid_t schemes = content_group_open(file, "schemes", err);
	H5G_info_t info;
	bool ok = schemes >= 0;

	if (ok && H5Gget_info(schemes, &info) < 0)
		ok = content_error(file, "schemes", err, "cannot be read (damaged?)");
	if (ok) {
		result->scheme = calloc(info.nlinks + 1, sizeof(*result->scheme));
		ok = result->scheme != NULL;
		if (!ok)
			err_set(err, ERR_FILE, "%s: out of memory", result->path);
	}
	for (hsize_t i = 0; ok && i < info.nlinks; i++) {
		char name[64];

		if (H5Lget_name_by_idx(schemes, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name, sizeof(name),
				       H5P_DEFAULT) < 0)
			ok = content_error(file, "schemes", err, "the order of the schemes cannot be read");
		else
			ok = read_run(schemes, name, result, err);
	}
	H5Gclose(schemes);
	return ok;
}

/* ---- the input ---- */

static char *read_number_text(hid_t input, const char *name, const char *format, struct err *err)
{
	uint64_t value;
	char text[24];

	if (!content_number_get(input, name, &value, err))
		return NULL;
	snprintf(text, sizeof(text), format, value);
	return strdup(text);
}

static bool read_input(hid_t file, struct result *result, struct err *err)
{
	if (H5Lexists(file, "input", H5P_DEFAULT) <= 0)
		return true; /* a part */
	hid_t input = content_group_open(file, "input", err);
	bool ok = input >= 0;

	for (unsigned i = 0; ok && i < TEXTS; i++) {
		size_t width;

		switch (texts[i].kind) {
		case IN_ATTRIBUTE:
			result->text[i] = content_text_get(input, texts[i].name, err);
			break;
		case IN_DATASET:
			result->text[i] = content_texts_read(input, texts[i].name, 0, NULL, &width, err);
			break;
		case AS_DECIMAL:
			result->text[i] = read_number_text(input, texts[i].name, "%" PRIu64, err);
			break;
		case AS_HEX:
			result->text[i] = read_number_text(input, texts[i].name, "%016" PRIx64, err);
			break;
		}
		ok = result->text[i] != NULL;
	}
	if (ok) {
		hsize_t shape[2] = { 0, 0 };

		result->parameter = content_texts_read(input, "parameters", 2, shape, &result->parameter_width, err);
		ok = result->parameter != NULL;
		if (ok && shape[1] != RESULT_PARAMETER_COLUMNS)
			ok = content_error(input, "parameters", err, "has not 4 columns");
		result->parameter_count = shape[0];
	}
	H5Gclose(input);
	return ok;
}

/* ---- the file ---- */

static bool check_format(hid_t file, const char *path, struct err *err)
{
	struct err other = { .kind = ERR_NONE };
	uint64_t version;

	if (!content_texts_check(file, "format", (const char *[]){ RESULT_FORMAT }, 1, &other))
		return err_set(err, ERR_FILE, "%s: an HDF5 file, but not a result of iommusim", path);
	if (!content_number_get(file, "format_version", &version, err))
		return false;
	return version == RESULT_FORMAT_VERSION ||
	       err_set(err, ERR_FILE, "%s: result format version %" PRIu64 "; this iommusim reads version %u", path,
		       version, RESULT_FORMAT_VERSION);
}

static bool read_file(struct result *result, struct err *err)
{
	const char *path = result->path;

	if (H5Fis_hdf5(path) <= 0)
		return err_set(err, ERR_FILE, "%s: not an HDF5 file", path);
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);

	if (file < 0)
		return err_set(err, ERR_FILE, "%s: a damaged HDF5 file, or one that is being written", path);
	bool ok = check_format(file, path, err) && read_input(file, result, err) &&
		  result_matrix_read(&result->matrix, file, err) && read_schemes(file, result, err);

	H5Fclose(file);
	return ok;
}

struct result *result_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		err_set(err, ERR_FILE, "%s: %s", path, strerror(errno));
		return NULL;
	}
	close(fd);

	struct result *result = calloc(1, sizeof(*result));
	bool ok = result && (result->path = strdup(path)) != NULL;

	if (!ok)
		err_set(err, ERR_FILE, "%s: out of memory", path);
	if (ok) {
		H5E_BEGIN_TRY
		{
			ok = read_file(result, err);
		}
		H5E_END_TRY
	}
	if (ok)
		return result;
	result_close(result);
	return NULL;
}

void result_close(struct result *result)
{
	if (!result)
		return;
	for (unsigned i = 0; i < TEXTS; i++)
		free(result->text[i]);
	for (size_t i = 0; i < result->scheme_count; i++)
		free(result->scheme[i]);
	result_matrix_fini(&result->matrix);
	free(result->parameter);
	free(result->scheme);
	free(result->path);
	free(result);
}

size_t result_scheme_count(const struct result *result)
{
	return result->scheme_count;
}

const struct result_scheme *result_scheme(const struct result *result, size_t i)
{
	return result->scheme[i];
}

const char *result_path(const struct result *result)
{
	return result->path;
}

const char *result_attribute(const struct result *result, const char *name)
{
	for (unsigned i = 0; i < TEXTS; i++)
		if (strcmp(texts[i].name, name) == 0)
			return result->text[i] ? result->text[i] : "";
	return "";
}

size_t result_sweep_count(const struct result *result)
{
	return result->matrix.sweeps.rows;
}

struct result_sweep result_sweep(const struct result *result, size_t sweep)
{
	const struct text_cells *cells = &result->matrix.sweeps;

	return (struct result_sweep){ .name = text_cell(cells, sweep, 0), .unit = text_cell(cells, sweep, 1) };
}

size_t result_point_count(const struct result *result)
{
	return result_sweep_count(result) > 0 ? result->matrix.values.rows : 1;
}

struct result_value result_point_value(const struct result *result, size_t point, size_t sweep)
{
	const struct text_cells *cells = &result->matrix.values;

	return (struct result_value){ .text = text_cell(cells, point, sweep),
				      .number = result->matrix.number[point * cells->columns + sweep] };
}

size_t result_failure_count(const struct result *result)
{
	return result->matrix.failures.rows;
}

struct result_failure result_failure(const struct result *result, size_t i)
{
	const struct text_cells *cells = &result->matrix.failures;

	return (struct result_failure){ .scheme = text_cell(cells, i, 0),
					.point = (uint32_t)strtoul(text_cell(cells, i, 1), NULL, 10),
					.problem = text_cell(cells, i, 2) };
}

size_t result_parameter_count(const struct result *result)
{
	return result->parameter_count;
}

struct result_parameter result_parameter(const struct result *result, size_t i)
{
	const char *row = result->parameter + i * RESULT_PARAMETER_COLUMNS * result->parameter_width;

	return (struct result_parameter){
		.name = row,
		.value = row + result->parameter_width,
		.unit = row + 2 * result->parameter_width,
		.source = row + 3 * result->parameter_width,
	};
}
