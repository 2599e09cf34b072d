/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/point.h"
#include "analysis/quantity.h"
#include "analysis/statistic.h"

struct comparison {
	FILE *out;
	double tolerance_percent;
	const char *run;
	int run_width;
	uint64_t compared, different;
};

enum kind { KIND_TIME, KIND_BYTES, KIND_COUNT, KIND_BITS };

static void show(char *text, enum kind kind, uint64_t value)
{
	switch (kind) {
	case KIND_TIME:
		quantity_time(text, value);
		break;
	case KIND_BYTES:
		quantity_bytes(text, value);
		break;
	case KIND_COUNT:
		quantity_count(text, value);
		break;
	case KIND_BITS:
		snprintf(text, QUANTITY_TEXT, "0x%" PRIx64, value);
		break;
	}
}

/* "+7.4%"; a value that was 0 has no relative difference: "new". */
static void show_difference(char *text, uint64_t a, uint64_t b)
{
	uint64_t change = a > b ? a - b : b - a;

	if (a == 0)
		snprintf(text, QUANTITY_TEXT, "new");
	else
		snprintf(text, QUANTITY_TEXT, "%c%.3g%%", b > a ? '+' : '-', 100.0 * (double)change / (double)a);
}

static void compare(struct comparison *comparison, const char *group, const char *name, enum kind kind, uint64_t a,
		    uint64_t b)
{
	char text_a[QUANTITY_TEXT], text_b[QUANTITY_TEXT], difference[QUANTITY_TEXT], what[64];
	uint64_t change = a > b ? a - b : b - a;

	comparison->compared++;
	if (change == 0 ||
	    (kind != KIND_BITS && a > 0 && 100.0 * (double)change / (double)a <= comparison->tolerance_percent))
		return;
	if (comparison->different++ == 0)
		fprintf(comparison->out, "%-*s  %-28s  %13s  %13s  %10s\n", comparison->run_width, "scheme", "quantity",
			"a", "b", "difference");
	show(text_a, kind, a);
	show(text_b, kind, b);
	if (kind == KIND_BITS)
		snprintf(difference, QUANTITY_TEXT, "other bits");
	else
		show_difference(difference, a, b);
	snprintf(what, sizeof(what), "%s%s%s", group, group[0] ? " " : "", name);
	fprintf(comparison->out, "%-*s  %-28s  %13s  %13s  %10s\n", comparison->run_width, comparison->run, what,
		text_a, text_b, difference);
}

static void compare_latency(struct comparison *comparison, const char *op, const struct histogram *a,
			    const struct histogram *b)
{
	compare(comparison, op, statistic_names[STATISTIC_COUNT], KIND_COUNT, a->count, b->count);
	if (a->count == 0 || b->count == 0)
		return; /* the count says it */
	for (unsigned i = STATISTIC_COUNT + 1; i < STATISTICS; i++)
		compare(comparison, op, statistic_names[i], KIND_TIME, statistic(a, i), statistic(b, i));
}

static enum kind kind_of(const char *unit)
{
	return strcmp(unit, "ps") == 0 ? KIND_TIME : strcmp(unit, "bytes") == 0 ? KIND_BYTES : KIND_COUNT;
}

static void compare_scheme(struct comparison *comparison, const struct result_scheme *a, const struct result_scheme *b)
{
	for (unsigned op = 0; op < RESULT_OPS; op++)
		compare_latency(comparison, result_op_names[op], &a->latency[op], &b->latency[op]);
	for (unsigned op = 0; op < RESULT_OPS; op++)
		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			compare(comparison, result_op_names[op], result_cause_names[cause], KIND_TIME,
				a->cause_ps[op][cause], b->cause_ps[op][cause]);
	for (unsigned i = 0; i < RESULT_COUNTERS; i++)
		compare(comparison, "", result_counter_info[i].name, kind_of(result_counter_info[i].unit),
			a->counter[i], b->counter[i]);
	for (unsigned i = 0; i < RESULT_CAPABILITIES; i++)
		compare(comparison, "", result_capability_info[i].name, KIND_BITS, a->capability[i], b->capability[i]);
}

/* ---- runs ---- */

/* "nested", or with a matrix "nested machine.guests=4": what is called alike in both is compared. */
struct run {
	char name[320];
};

static struct run *name_runs(const struct result *result)
{
	size_t count = result_scheme_count(result);
	struct run *run = calloc(count + 1, sizeof(*run));

	for (size_t i = 0; run && i < count; i++) {
		const struct result_scheme *scheme = result_scheme(result, i);
		char point[sizeof(run->name) - sizeof(scheme->name) - 1];

		point_text(result, scheme->point, point, sizeof(point));
		snprintf(run[i].name, sizeof(run[i].name), "%s%s%s", scheme->name, point[0] ? " " : "", point);
	}
	return run;
}

/* Most often in the same place; else the count. */
static size_t run_named(const struct run *run, size_t count, size_t place, const char *name)
{
	if (place < count && strcmp(run[place].name, name) == 0)
		return place;
	for (size_t i = 0; i < count; i++)
		if (strcmp(run[i].name, name) == 0)
			return i;
	return count;
}

/* ---- the input ---- */

static const char *parameter_value(const struct result *result, const char *name)
{
	for (size_t i = 0; i < result_parameter_count(result); i++) {
		struct result_parameter parameter = result_parameter(result, i);

		if (strcmp(parameter.name, name) == 0)
			return parameter.value;
	}
	return NULL;
}

static void print_input_differences(FILE *out, const struct result *a, const struct result *b)
{
	static const char *const field[] = { "version",    "scenario_path", "profile_name",
					     "trace_path", "trace_crc64",   "seed" };

	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		const char *value_a = result_attribute(a, field[i]), *value_b = result_attribute(b, field[i]);

		if (strcmp(value_a, value_b) != 0)
			fprintf(out, "input: %s: %s -> %s\n", field[i], value_a, value_b);
	}
	for (size_t i = 0; i < result_parameter_count(a); i++) {
		struct result_parameter parameter = result_parameter(a, i);
		const char *value = parameter_value(b, parameter.name);

		if (!value)
			fprintf(out, "input: %s: %s -> (absent)\n", parameter.name, parameter.value);
		else if (strcmp(parameter.value, value) != 0)
			fprintf(out, "input: %s: %s -> %s\n", parameter.name, parameter.value, value);
	}
	for (size_t i = 0; i < result_parameter_count(b); i++) {
		struct result_parameter parameter = result_parameter(b, i);

		if (!parameter_value(a, parameter.name))
			fprintf(out, "input: %s: (absent) -> %s\n", parameter.name, parameter.value);
	}
}

static void print_failures(FILE *out, const struct result *result)
{
	char point[240];

	for (size_t i = 0; i < result_failure_count(result); i++) {
		struct result_failure failure = result_failure(result, i);

		point_text(result, failure.point, point, sizeof(point));
		fprintf(out, "failed in %s: %s%s%s: %s\n", result_path(result), failure.scheme, point[0] ? " " : "",
			point, failure.problem);
	}
}

static bool print_missing(FILE *out, const struct result *has, const struct run *run, const struct result *has_not,
			  const struct run *others)
{
	size_t other_count = result_scheme_count(has_not);
	bool none = true;

	for (size_t i = 0; i < result_scheme_count(has); i++) {
		if (run_named(others, other_count, i, run[i].name) < other_count)
			continue;
		fprintf(out, "only in %s: scheme %s\n", result_path(has), run[i].name);
		none = false;
	}
	return none;
}

static void compare_runs(struct comparison *comparison, const struct result *a, const struct run *runs_a,
			 const struct result *b, const struct run *runs_b)
{
	size_t count = result_scheme_count(b);

	comparison->run_width = 16;
	for (size_t i = 0; i < result_scheme_count(a); i++) {
		int length = (int)strlen(runs_a[i].name);

		comparison->run_width = length > comparison->run_width ? length : comparison->run_width;
	}
	for (size_t i = 0; i < result_scheme_count(a); i++) {
		size_t other = run_named(runs_b, count, i, runs_a[i].name);

		comparison->run = runs_a[i].name;
		if (other < count)
			compare_scheme(comparison, result_scheme(a, i), result_scheme(b, other));
	}
}

bool compare_print(FILE *out, const struct result *a, const struct result *b, double tolerance_percent)
{
	struct comparison comparison = { .out = out, .tolerance_percent = tolerance_percent };
	struct run *runs_a = name_runs(a), *runs_b = name_runs(b);
	bool same = runs_a && runs_b;

	fprintf(out, "a: %s\nb: %s\n", result_path(a), result_path(b));
	print_input_differences(out, a, b);
	print_failures(out, a);
	print_failures(out, b);
	if (same) {
		same = print_missing(out, a, runs_a, b, runs_b);
		same = print_missing(out, b, runs_b, a, runs_a) && same;
		compare_runs(&comparison, a, runs_a, b, runs_b);
	}
	fprintf(out, "%" PRIu64 " of %" PRIu64 " quantities differ by more than %g%%\n", comparison.different,
		comparison.compared, tolerance_percent);
	free(runs_a);
	free(runs_b);
	return same && comparison.different == 0;
}
