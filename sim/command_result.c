/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about result files: report, compare. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/report.h"
#include "analysis/result.h"
#include "sim/command.h"

/* ---- report ---- */

#define RESULTS_MAX 16u

struct report_request {
	const char *path[RESULTS_MAX];
	size_t count;
	const char *folder;
};

static error_t parse_report(int key, char *text, struct argp_state *state)
{
	struct report_request *request = state->input;

	switch (key) {
	case 'o':
		request->folder = text;
		return 0;
	case ARGP_KEY_ARG:
		if (request->count == RESULTS_MAX)
			argp_error(state, "at most %u results", RESULTS_MAX);
		request->path[request->count++] = text;
		return 0;
	case ARGP_KEY_END:
		if (request->count == 0)
			argp_error(state, "which result?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_report(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "DIR", 0, "the folder, made if absent (default: the first result's name with -report)",
		  0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_report,
		.args_doc = "RESULT.h5...",
		.doc = "Writes one self-contained HTML page, its plots as SVG, their data as CSV and the gnuplot "
		       "scripts.",
	};
	struct report_request request = { 0 };
	struct err err = { 0 };
	char folder[512];

	command_parse(&argp, count, arguments, &request);
	const char *dot = strrchr(request.path[0], '.');

	snprintf(folder, sizeof(folder), "%.*s-report",
		 dot && !strchr(dot, '/') ? (int)(dot - request.path[0]) : (int)strlen(request.path[0]),
		 request.path[0]);
	if (!request.folder)
		request.folder = folder;
	if (!report_write(request.path, request.count, request.folder, &err))
		return command_fail(&err);
	printf("Report: %s/index.html\n", request.folder);
	return 0;
}

/* ---- compare ---- */

struct compare_request {
	const char *path[2];
	size_t count;
	double tolerance_percent;
};

static error_t parse_compare(int key, char *text, struct argp_state *state)
{
	struct compare_request *request = state->input;
	char *end;

	switch (key) {
	case 't':
		request->tolerance_percent = strtod(text, &end);
		if (end == text || *end || !(request->tolerance_percent >= 0))
			argp_error(state, "--tolerance %s: must be a percentage of 0 or more", text);
		return 0;
	case ARGP_KEY_ARG:
		if (request->count == 2)
			argp_error(state, "two results, not more");
		request->path[request->count++] = text;
		return 0;
	case ARGP_KEY_END:
		if (request->count != 2)
			argp_error(state, "which two results?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_compare(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "tolerance", 't', "PCT", 0, "differences up to this percentage are none (default 0)", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_compare,
		.args_doc = "A.h5 B.h5",
		.doc = "Prints what differs by more than the tolerance; exit code 1 when something does.",
	};
	struct compare_request request = { 0 };
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &request);
	struct result *a = result_open(request.path[0], &err), *b = a ? result_open(request.path[1], &err) : NULL;
	int code = !b ? command_fail(&err) : compare_print(stdout, a, b, request.tolerance_percent) ? 0 : ERR_CHECK;

	if (b)
		result_close(b);
	if (a)
		result_close(a);
	return code;
}
