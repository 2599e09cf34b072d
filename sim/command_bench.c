/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/bench.h"
#include "sim/command.h"

enum { OPTION_QUICK = 256 };

#define NAMES_MAX 64u

struct request {
	const struct bench *bench[NAMES_MAX];
	size_t count;
	unsigned share;
	bool json;
};

/* The name, or what it begins with up to a hyphen: "replay-tlp" is every replay-tlp-SCHEME. */
static bool is_named(const struct bench *bench, const char *text)
{
	size_t length = strlen(text);

	return length > 0 && strncmp(bench->name, text, length) == 0 &&
	       (bench->name[length] == '\0' || bench->name[length] == '-');
}

static void add(struct request *request, const struct bench *bench)
{
	for (size_t i = 0; i < request->count; i++)
		if (request->bench[i] == bench)
			return;
	if (request->count < NAMES_MAX)
		request->bench[request->count++] = bench;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;
	const struct bench *bench;
	bool found = false;

	switch (key) {
	case 'j':
		request->json = true;
		return 0;
	case OPTION_QUICK:
		request->share = 50;
		return 0;
	case ARGP_KEY_ARG:
		for (size_t i = 0; (bench = bench_at(i)); i++)
			if (is_named(bench, text)) {
				add(request, bench);
				found = true;
			}
		if (!found)
			argp_error(state, "no benchmark '%s': see iommusim bench --help", text);
		return 0;
	case ARGP_KEY_END:
		for (size_t i = 0; request->count == i && (bench = bench_at(i)); i++)
			add(request, bench);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *help_filter(int key, const char *text, void *input)
{
	static char lines[4096];
	const struct bench *bench;
	size_t used = 0;

	(void)input;
	if (key != ARGP_KEY_HELP_EXTRA)
		return (char *)text;
	used += (size_t)snprintf(lines, sizeof(lines), "Benchmarks:\n");
	for (size_t i = 0; (bench = bench_at(i)) && used < sizeof(lines); i++)
		used += (size_t)snprintf(lines + used, sizeof(lines) - used, "  %-28s %s\n", bench->name, bench->help);
	return strdup(lines);
}

static void print_json(const struct bench *bench, const struct bench_result *result, bool last)
{
	printf("  {\"name\": \"%s\", \"min_ns\": %.2f, \"median_ns\": %.2f, \"bar_ns\": ", bench->name, result->min_ns,
	       result->median_ns);
	if (bench->bar_ns > 0)
		printf("%.2f", bench->bar_ns);
	else
		printf("null");
	printf(", \"operation\": \"%s\", \"operations\": %" PRIu64 ", \"runs\": %u", bench->operation,
	       result->operations, result->runs);
	if (result->peak_bytes)
		printf(", \"entries_per_event\": %.4f, \"run_ahead\": %.4f, \"peak_bytes\": %" PRIu64,
		       result->entries_per_event, result->run_ahead, result->peak_bytes);
	printf("}%s\n", last ? "" : ",");
}

static void print_line(const struct bench *bench, const struct bench_result *result)
{
	char bar[16] = "";

	if (bench->bar_ns > 0)
		snprintf(bar, sizeof(bar), "%.*f", bench->bar_ns < 1000 ? 1 : 0, bench->bar_ns);
	printf("%-28s %9.1f %9.1f %9s %-5s %12.0f  %s", bench->name, result->min_ns, result->median_ns, bar,
	       bench->bar_ns <= 0                ? ""
	       : result->min_ns <= bench->bar_ns ? "met"
						 : "over",
	       1e9 / result->min_ns, bench->help);
	if (result->peak_bytes)
		printf("; %.3f entries per event, %.1f%% run ahead, %.0f MiB", result->entries_per_event,
		       100 * result->run_ahead, (double)result->peak_bytes / (1 << 20));
	printf("\n");
}

int command_bench(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "json", 'j', NULL, 0, "machine-readable", 0 },
		{ "quick", OPTION_QUICK, NULL, 0, "a fiftieth of the load: to see it work, not for figures", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME]...",
		.doc = "Times models, import and replay on this machine, in nanoseconds of CPU time per operation: "
		       "least "
		       "and median of several runs, and what is allowed at most (docs/performance.md).  NAME may be "
		       "the "
		       "beginning of names, up to a hyphen.",
		.help_filter = help_filter,
	};
	struct request request = { .share = 1 };

	command_parse(&argp, count, arguments, &request);
	if (request.json)
		puts("[");
	else
		printf("%-28s %9s %9s %9s %-5s %12s  %s\n", "benchmark", "min ns", "median ns", "bar ns", "",
		       "per second", "what");
	for (size_t i = 0; i < request.count; i++) {
		struct bench_result result = { 0 };
		struct err err = { 0 };

		if (!request.bench[i]->measure(request.bench[i], request.share, &result, &err))
			return command_fail(&err);
		if (request.json)
			print_json(request.bench[i], &result, i + 1 == request.count);
		else
			print_line(request.bench[i], &result);
		fflush(stdout);
	}
	if (request.json)
		puts("]");
	return 0;
}
