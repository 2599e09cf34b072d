/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "analysis/json.h"
#include "analysis/result_layout.h"
#include "analysis/statistic.h"
#include "analysis/table.h"

static void write_input(struct json *json, const struct result *result)
{
	static const char *const field[] = { "version",      "title",        "scenario_path", "scenario_text",
					     "profile_name", "profile_text", "trace_path",    "trace_text",
					     "trace_crc64",  "seed" };

	json_object(json, "input");
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		json_text(json, field[i], result_attribute(result, field[i]));
	json_object(json, "parameters");
	for (size_t i = 0; i < result_parameter_count(result); i++) {
		struct result_parameter parameter = result_parameter(result, i);

		json_object(json, parameter.name);
		json_text(json, "value", parameter.value);
		json_text(json, "unit", parameter.unit);
		json_text(json, "source", parameter.source);
		json_object_end(json);
	}
	json_object_end(json);
	json_object_end(json);
}

/* All but `count` are in ps, and say so. */
static void write_latency(struct json *json, const char *op, const struct histogram *histogram)
{
	char key[32];

	json_object(json, op);
	json_number(json, "count", histogram->count);
	if (histogram->count > 0) {
		json_number(json, "sum_ps", histogram->sum_ps);
		for (unsigned i = STATISTIC_COUNT + 1; i < STATISTICS; i++) {
			snprintf(key, sizeof(key), "%s_ps", statistic_names[i]);
			json_number(json, key, statistic(histogram, i));
		}
		json_array(json, "buckets_first_last_count");
		for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
			if (histogram->bucket[bucket] == 0)
				continue;
			json_array(json, NULL);
			json_number(json, NULL, histogram_bucket_first(bucket));
			json_number(json, NULL, histogram_bucket_last(bucket));
			json_number(json, NULL, histogram->bucket[bucket]);
			json_array_end(json);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

static void write_series(struct json *json, const char *name, const char *unit, const struct series *series)
{
	json_object(json, name);
	json_text(json, "unit", unit);
	json_text(json, "kind", result_series_kind[series->kind]);
	json_number(json, "width_ps", series->width_ps);
	json_array(json, "values");
	for (uint32_t i = 0; i < series->used; i++)
		json_number(json, NULL, series->value[i]);
	json_array_end(json);
	json_object_end(json);
}

static void write_matrix(struct json *json, const struct result *result)
{
	size_t sweeps = result_sweep_count(result);

	if (sweeps == 0)
		return;
	json_object(json, "matrix");
	json_object(json, "sweeps");
	for (size_t i = 0; i < sweeps; i++) {
		json_object(json, result_sweep(result, i).name);
		json_text(json, "unit", result_sweep(result, i).unit);
		json_object_end(json);
	}
	json_object_end(json);
	json_array(json, "points");
	for (size_t point = 0; point < result_point_count(result); point++) {
		json_object(json, NULL);
		for (size_t i = 0; i < sweeps; i++)
			json_text(json, result_sweep(result, i).name, result_point_value(result, point, i).text);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_failures(struct json *json, const struct result *result)
{
	if (result_failure_count(result) == 0)
		return;
	json_array(json, "failed");
	for (size_t i = 0; i < result_failure_count(result); i++) {
		struct result_failure failure = result_failure(result, i);

		json_object(json, NULL);
		json_text(json, "scheme", failure.scheme);
		json_number(json, "point", failure.point);
		json_text(json, "problem", failure.problem);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_scheme(struct json *json, const struct result_scheme *scheme, bool has_matrix)
{
	char name[RESULT_RUN_NAME];

	result_run_name(name, scheme, has_matrix);
	json_object(json, name);
	if (has_matrix) {
		json_text(json, "scheme", scheme->name);
		json_number(json, "point", scheme->point);
	}
	json_text(json, "axes", scheme->axes);
	json_object(json, "latency");
	for (unsigned op = 0; op < RESULT_OPS; op++)
		write_latency(json, result_op_names[op], &scheme->latency[op]);
	json_object_end(json);
	json_object(json, "causes_ps");
	for (unsigned op = 0; op < RESULT_OPS; op++) {
		json_object(json, result_op_names[op]);
		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			json_number(json, result_cause_names[cause], scheme->cause_ps[op][cause]);
		json_object_end(json);
	}
	json_object_end(json);
	json_object(json, "counters");
	for (unsigned i = 0; i < RESULT_COUNTERS; i++) {
		json_object(json, result_counter_info[i].name);
		json_number(json, "value", scheme->counter[i]);
		json_text(json, "unit", result_counter_info[i].unit);
		json_object_end(json);
	}
	json_object_end(json);
	json_object(json, "capabilities");
	for (unsigned i = 0; i < RESULT_CAPABILITIES; i++) {
		char text[24];

		snprintf(text, sizeof(text), "0x%016" PRIx64, scheme->capability[i]);
		json_text(json, result_capability_info[i].name, text);
	}
	json_object_end(json);
	json_object(json, "series");
	for (unsigned i = 0; i < RESULT_SERIES; i++)
		write_series(json, result_series_names[i], result_series_unit[i], &scheme->series[i]);
	json_object_end(json);
	json_object_end(json);
}

void table_print_json(FILE *out, const struct result *result)
{
	struct json json = { .out = out };

	json_object(&json, NULL);
	json_text(&json, "format", RESULT_FORMAT);
	json_number(&json, "format_version", RESULT_FORMAT_VERSION);
	write_input(&json, result);
	write_matrix(&json, result);
	write_failures(&json, result);
	json_object(&json, "schemes");
	for (size_t i = 0; i < result_scheme_count(result); i++)
		write_scheme(&json, result_scheme(result, i), result_sweep_count(result) > 0);
	json_object_end(&json);
	json_object_end(&json);
}
