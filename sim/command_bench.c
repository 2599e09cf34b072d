/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/bench.h"
#include "sim/command.h"

#define NAMES_MAX 64u

struct request {
	const struct bench *bench[NAMES_MAX];
	size_t count;
	bool json;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'j':
		request->json = true;
		return 0;
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < bench_count; i++)
			if (strcmp(benches[i].name, text) == 0 && request->count < NAMES_MAX) {
				request->bench[request->count++] = &benches[i];
				return 0;
			}
		argp_error(state, "no benchmark '%s': see iommusim bench --help", text);
		return 0;
	case ARGP_KEY_END:
		for (size_t i = 0; request->count == 0 && i < bench_count; i++)
			request->bench[i] = &benches[i];
		if (request->count == 0)
			request->count = bench_count;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *help_filter(int key, const char *text, void *input)
{
	static char lines[2048];
	size_t used = 0;

	(void)input;
	if (key != ARGP_KEY_HELP_EXTRA)
		return (char *)text;
	used += (size_t)snprintf(lines, sizeof(lines), "Benchmarks:\n");
	for (size_t i = 0; i < bench_count && used < sizeof(lines); i++)
		used += (size_t)snprintf(lines + used, sizeof(lines) - used, "  %-16s %s\n", benches[i].name,
					 benches[i].help);
	return strdup(lines);
}

int command_bench(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "json", 'j', NULL, 0, "machine-readable", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME]...",
		.doc = "Times the models on this machine, in nanoseconds of CPU time per operation: least and median "
		       "of 51 runs.",
		.help_filter = help_filter,
	};
	struct request request = { 0 };

	command_parse(&argp, count, arguments, &request);
	if (request.json)
		puts("[");
	else
		printf("%-16s %10s %10s  %s\n", "benchmark", "min ns", "median ns", "what");
	for (size_t i = 0; i < request.count; i++) {
		const struct bench *bench = request.bench[i];
		struct bench_result result = bench_run(bench);

		if (request.json)
			printf("  {\"name\": \"%s\", \"min_ns\": %.2f, \"median_ns\": %.2f, \"operations\": %" PRIu64
			       ", \"runs\": %u}%s\n",
			       bench->name, result.min_ns, result.median_ns, result.operations, BENCH_RUNS,
			       i + 1 < request.count ? "," : "");
		else
			printf("%-16s %10.1f %10.1f  %s\n", bench->name, result.min_ns, result.median_ns, bench->help);
		fflush(stdout);
	}
	if (request.json)
		puts("]");
	return 0;
}
