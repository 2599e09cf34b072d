/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a result file (docs/result-format.md).  The file is built in memory
 * and then replaced in one step, so that HDF5 never meets a full disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/hdf5_content.h"
#include "analysis/replace_file.h"
#include "analysis/result_layout.h"
#include "analysis/statistic.h"

static bool close_put(hid_t object, bool ok)
{
	return H5Oclose(object) >= 0 && ok;
}

/* ---- a scheme ---- */

static bool put_statistics(hid_t dataset, const struct histogram *histogram)
{
	bool ok = content_text_put(dataset, "unit", "ps") &&
		  content_texts_put(dataset, "columns", result_bucket_columns, RESULT_BUCKET_COLUMNS) &&
		  content_number_put(dataset, "sum", (uint64_t)histogram->sum_ps) &&
		  content_number_put(dataset, "sum_high", (uint64_t)(histogram->sum_ps >> 64));

	for (unsigned i = 0; ok && i < STATISTICS; i++)
		ok = content_number_put(dataset, statistic_names[i], statistic(histogram, i));
	return ok;
}

static bool write_histogram(hid_t parent, const char *name, const struct histogram *histogram)
{
	uint64_t(*row)[RESULT_BUCKET_COLUMNS] = malloc(HISTOGRAM_BUCKETS * sizeof(*row));
	size_t rows = 0;

	if (!row)
		return false;
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		if (histogram->bucket[bucket] == 0)
			continue;
		row[rows][0] = bucket;
		row[rows][1] = histogram_bucket_first(bucket);
		row[rows][2] = histogram_bucket_last(bucket);
		row[rows][3] = histogram->bucket[bucket];
		rows++;
	}

	hid_t dataset = content_numbers_create(parent, name, 2, (hsize_t[]){ rows, RESULT_BUCKET_COLUMNS }, row[0]);
	bool ok = dataset >= 0 && put_statistics(dataset, histogram);

	free(row);
	return close_put(dataset, ok);
}

static bool write_latency(hid_t parent, const struct result_scheme *scheme)
{
	hid_t group = content_group_create(parent, "latency");
	bool ok = group >= 0;

	for (unsigned op = 0; ok && op < RESULT_OPS; op++)
		ok = write_histogram(group, result_op_names[op], &scheme->latency[op]);
	return close_put(group, ok);
}

static bool write_causes(hid_t parent, const struct result_scheme *scheme)
{
	hid_t dataset = content_numbers_create(parent, "causes", 2, (hsize_t[]){ RESULT_OPS, RESULT_CAUSES },
					       scheme->cause_ps[0]);
	bool ok = dataset >= 0 && content_text_put(dataset, "unit", "ps") &&
		  content_texts_put(dataset, "rows", result_op_names, RESULT_OPS) &&
		  content_texts_put(dataset, "columns", result_cause_names, RESULT_CAUSES);

	return close_put(dataset, ok);
}

static bool write_counters(hid_t parent, const struct result_scheme *scheme)
{
	hid_t group = content_group_create(parent, "counters");
	bool ok = group >= 0;

	for (unsigned i = 0; ok && i < RESULT_COUNTERS; i++) {
		hid_t dataset =
			content_numbers_create(group, result_counter_info[i].name, 0, NULL, &scheme->counter[i]);

		ok = dataset >= 0 && content_text_put(dataset, "unit", result_counter_info[i].unit) &&
		     content_text_put(dataset, "help", result_counter_info[i].help);
		ok = close_put(dataset, ok);
	}
	return close_put(group, ok);
}

static bool write_capabilities(hid_t parent, const struct result_scheme *scheme)
{
	hid_t group = content_group_create(parent, "capabilities");
	bool ok = group >= 0;

	for (unsigned i = 0; ok && i < RESULT_CAPABILITIES; i++) {
		hid_t dataset =
			content_numbers_create(group, result_capability_info[i].name, 0, NULL, &scheme->capability[i]);

		ok = dataset >= 0 && content_text_put(dataset, "help", result_capability_info[i].help);
		ok = close_put(dataset, ok);
	}
	return close_put(group, ok);
}

static bool write_series(hid_t parent, const struct result_scheme *scheme)
{
	hid_t group = content_group_create(parent, "series");
	bool ok = group >= 0;

	for (unsigned i = 0; ok && i < RESULT_SERIES; i++) {
		const struct series *series = &scheme->series[i];
		hid_t dataset = content_numbers_create(group, result_series_names[i], 1, (hsize_t[]){ series->used },
						       series->value);

		ok = dataset >= 0 && content_text_put(dataset, "unit", result_series_unit[i]) &&
		     content_text_put(dataset, "kind", result_series_kind[series->kind]) &&
		     content_number_put(dataset, "width_ps", series->width_ps) &&
		     content_number_put(dataset, "level", series->level);
		ok = close_put(dataset, ok);
	}
	return close_put(group, ok);
}

static bool write_scheme(hid_t schemes, const char *name, const struct result_scheme *scheme)
{
	hid_t group = content_group_create(schemes, name);
	bool ok = group >= 0 && content_text_put(group, "scheme", scheme->name) &&
		  content_number_put(group, "point", scheme->point) && content_text_put(group, "axes", scheme->axes) &&
		  write_latency(group, scheme) && write_causes(group, scheme) && write_counters(group, scheme) &&
		  write_capabilities(group, scheme) && write_series(group, scheme);

	return close_put(group, ok);
}

/* ---- the input ---- */

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static bool write_text(hid_t parent, const char *name, const char *text)
{
	hid_t dataset = content_texts_create(parent, name, 0, NULL, text, strlen(text) + 1);

	return close_put(dataset, dataset >= 0);
}

/* Row i of the parameters as texts, [RESULT_PARAMETER_COLUMNS]; false at the end. */
static bool parameter_row(const struct result_input *input, size_t i, const char **text)
{
	const char *value = "", *unit = "", *source = "";
	const char *name =
		input->parameter ? input->parameter(input->parameter_argument, i, &value, &unit, &source) : NULL;

	text[0] = name;
	text[1] = text_or_empty(value);
	text[2] = text_or_empty(unit);
	text[3] = text_or_empty(source);
	return name != NULL;
}

static bool write_parameters(hid_t parent, const struct result_input *input)
{
	const char *text[RESULT_PARAMETER_COLUMNS];
	size_t rows = 0, width = 1;

	for (; parameter_row(input, rows, text); rows++)
		for (unsigned column = 0; column < RESULT_PARAMETER_COLUMNS; column++)
			if (strlen(text[column]) + 1 > width)
				width = strlen(text[column]) + 1;

	char *cell = calloc(rows * RESULT_PARAMETER_COLUMNS + 1, width);

	if (!cell)
		return false;
	for (size_t i = 0; parameter_row(input, i, text); i++)
		for (unsigned column = 0; column < RESULT_PARAMETER_COLUMNS; column++)
			strcpy(cell + (i * RESULT_PARAMETER_COLUMNS + column) * width, text[column]);

	hid_t dataset = content_texts_create(parent, "parameters", 2, (hsize_t[]){ rows, RESULT_PARAMETER_COLUMNS },
					     cell, width);
	bool ok = dataset >= 0 &&
		  content_texts_put(dataset, "columns", result_parameter_columns, RESULT_PARAMETER_COLUMNS);

	free(cell);
	return close_put(dataset, ok);
}

static bool write_input(hid_t file, const struct result_input *input)
{
	hid_t group = content_group_create(file, "input");
	bool ok = group >= 0 && content_text_put(group, "version", text_or_empty(input->version)) &&
		  content_text_put(group, "title", text_or_empty(input->title)) &&
		  content_text_put(group, "scenario_path", text_or_empty(input->scenario_path)) &&
		  content_text_put(group, "profile_name", text_or_empty(input->profile_name)) &&
		  content_text_put(group, "trace_path", text_or_empty(input->trace_path)) &&
		  write_text(group, "trace_text", text_or_empty(input->trace_text)) &&
		  content_number_put(group, "trace_crc64", input->trace_crc64) &&
		  content_number_put(group, "seed", input->seed) &&
		  write_text(group, "scenario_text", text_or_empty(input->scenario_text)) &&
		  write_text(group, "profile_text", text_or_empty(input->profile_text)) &&
		  write_parameters(group, input);

	return close_put(group, ok);
}

/* ---- the matrix, and what failed ---- */

/* A table of texts from cell(argument, row, column). */
static hid_t create_texts(hid_t parent, const char *name, size_t rows, size_t columns,
			  const char *(*cell)(const void *argument, size_t row, size_t column, char number[24]),
			  const void *argument)
{
	char number[24];
	size_t width = 1;

	for (size_t i = 0; i < rows * columns; i++) {
		size_t length = strlen(cell(argument, i / columns, i % columns, number)) + 1;

		width = length > width ? length : width;
	}

	char *cells = calloc(rows * columns, width);
	hid_t dataset = -1;

	for (size_t i = 0; cells && i < rows * columns; i++)
		strcpy(cells + i * width, cell(argument, i / columns, i % columns, number));
	if (cells)
		dataset = content_texts_create(parent, name, 2, (hsize_t[]){ rows, columns }, cells, width);
	free(cells);
	return dataset;
}

static const char *value_cell(const void *input, size_t row, size_t column, char number[24])
{
	const struct result_input *from = input;

	(void)number;
	return from->value[row * from->sweeps + column].text;
}

static const char *failure_cell(const void *input, size_t row, size_t column, char number[24])
{
	const struct result_failure *failure = &((const struct result_input *)input)->failure[row];

	snprintf(number, 24, "%u", failure->point);
	return column == 0 ? failure->scheme : column == 1 ? number : failure->problem;
}

static bool write_failures(hid_t file, const struct result_input *input)
{
	hid_t dataset = create_texts(file, "failed", input->failures, RESULT_FAILURE_COLUMNS, failure_cell, input);
	bool ok = dataset >= 0 && content_texts_put(dataset, "columns", result_failure_columns, RESULT_FAILURE_COLUMNS);

	return close_put(dataset, ok);
}

static const char *sweep_cell(const void *input, size_t row, size_t column, char number[24])
{
	const struct result_sweep *sweep = &((const struct result_input *)input)->sweep[row];

	(void)number;
	return column == 0 ? sweep->name : sweep->unit;
}

static bool write_matrix(hid_t file, const struct result_input *input)
{
	size_t cells = input->points * input->sweeps;
	uint64_t *number = calloc(cells, sizeof(*number));
	hid_t group = number ? content_group_create(file, "matrix") : -1;
	bool ok = group >= 0;

	for (size_t i = 0; ok && i < cells; i++)
		number[i] = input->value[i].number;
	if (ok) {
		hid_t dataset = create_texts(group, "sweeps", input->sweeps, RESULT_SWEEP_COLUMNS, sweep_cell, input);

		ok = close_put(dataset, dataset >= 0 && content_texts_put(dataset, "columns", result_sweep_columns,
									  RESULT_SWEEP_COLUMNS));
	}
	if (ok) {
		hid_t dataset = create_texts(group, "values", input->points, input->sweeps, value_cell, input);

		ok = close_put(dataset, dataset >= 0);
	}
	if (ok) {
		hid_t dataset = content_numbers_create(group, "numbers", 2, (hsize_t[]){ input->points, input->sweeps },
						       number);

		ok = close_put(dataset, dataset >= 0);
	}
	free(number);
	return close_put(group, ok);
}

/* ---- files ---- */

/* The runs of a file: those of the parts, or one. */
struct runs {
	const char *const *part; /* [parts]; NULL: one */
	size_t parts;
	const struct result_scheme *one;
	bool has_matrix;
};

static bool write_run(hid_t schemes, const char *path, const struct runs *runs, const struct result_scheme *scheme,
		      struct err *err)
{
	char name[RESULT_RUN_NAME];

	if (scheme->name[0] == '\0' || strchr(scheme->name, '/') || strcmp(scheme->name, ".") == 0)
		return err_set(err, ERR_USAGE, "%s: a scheme cannot be called \"%s\"", path, scheme->name);
	result_run_name(name, scheme, runs->has_matrix);
	if (H5Lexists(schemes, name, H5P_DEFAULT) > 0)
		return err_set(err, ERR_USAGE, "%s: two schemes are called \"%s\"", path, name);
	return write_scheme(schemes, name, scheme);
}

/* One part after the other, so that memory holds one run. */
static bool write_runs(hid_t image, const char *path, const struct runs *runs, struct err *err)
{
	hid_t schemes = content_group_create(image, "schemes");
	bool ok = schemes >= 0;

	if (ok && runs->one)
		ok = write_run(schemes, path, runs, runs->one, err);
	for (size_t i = 0; ok && i < runs->parts; i++) {
		struct result *part = result_open(runs->part[i], err);

		ok = part != NULL;
		for (size_t j = 0; ok && j < result_scheme_count(part); j++)
			ok = write_run(schemes, path, runs, result_scheme(part, j), err);
		result_close(part);
	}
	return close_put(schemes, ok);
}

static bool write_image(hid_t image, const char *path, const struct result_input *input, const struct runs *runs,
			struct err *err)
{
	return content_text_put(image, "format", RESULT_FORMAT) &&
	       content_number_put(image, "format_version", RESULT_FORMAT_VERSION) &&
	       (!input || write_input(image, input)) && (!input || input->sweeps == 0 || write_matrix(image, input)) &&
	       (!input || input->failures == 0 || write_failures(image, input)) && write_runs(image, path, runs, err);
}

static bool write_file(const char *path, const struct result_input *input, const struct runs *runs, struct err *err)
{
	struct err problem = { .kind = ERR_NONE };
	void *bytes = NULL;
	size_t size = 0;

	H5E_BEGIN_TRY
	{
		hid_t image = content_image_create();

		if (image >= 0 && write_image(image, path, input, runs, &problem))
			bytes = content_image_bytes(image, &size);
		H5Fclose(image);
	}
	H5E_END_TRY

	bool ok = bytes && replace_file(path, bytes, size, err);

	if (!bytes && problem.kind != ERR_NONE)
		*err = problem;
	else if (!bytes)
		err_set(err, ERR_FILE, "%s: out of memory while the result was put together", path);
	free(bytes);
	return ok;
}

bool result_write_part(const char *path, const struct result_scheme *scheme, struct err *err)
{
	return write_file(path, NULL, &(struct runs){ .one = scheme }, err);
}

bool result_merge(const char *out_path, const struct result_input *input, const char *const *part_paths, size_t count,
		  struct err *err)
{
	struct runs runs = { .part = part_paths, .parts = count, .has_matrix = input->sweeps > 0 };

	return write_file(out_path, input, &runs, err);
}
