/* SPDX-License-Identifier: Apache-2.0 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/point.h"
#include "analysis/table.h"
#include "models/base/heap.h"
#include "sim/command.h"
#include "sim/run.h"

enum {
	OPTION_SET = 256,
	OPTION_SCHEMES,
	OPTION_TRACE,
	OPTION_SEED,
	OPTION_EXACT,
	OPTION_TIMELINE,
	OPTION_JSON,
	OPTION_PROFILE
};

#define ASSIGNMENTS_MAX 256u

struct request {
	const char *scenario_path, *out_path, *schemes, *trace, *seed, *timeline;
	const char *assignment[ASSIGNMENTS_MAX];
	size_t assignment_count;
	unsigned jobs;
	bool exact, quiet, json, profile;
};

static const struct argp_option options[] = {
	{ "output", 'o', "RESULT.h5", 0,
	  "write the result here (default: the scenario's name with .h5, in this folder)", 0 },
	{ "set", OPTION_SET, "KEY=VALUE", 0,
	  "set a parameter (see iommusim list parameters) or schemes.NAME.AXIS; may be repeated", 0 },
	{ "schemes", OPTION_SCHEMES, "A,B", 0, "run only these", 0 },
	{ "trace", OPTION_TRACE, "T.h5", 0, "replay this trace instead of the scenario's", 0 },
	{ "seed", OPTION_SEED, "N", 0, "seed of everything random (caches that replace at random)", 0 },
	{ "jobs", 'j', "N", 0, "runs side by side (default: one per processor; fewer when memory is short)", 0 },
	{ "exact", OPTION_EXACT, NULL, 0, "enter SimGrid at every touch of shared state; same results, slower", 0 },
	{ "timeline", OPTION_TIMELINE, "OUT.json", 0,
	  "also write every operation as a span, for Perfetto or chrome://tracing", 0 },
	{ "profile-engine", OPTION_PROFILE, NULL, 0,
	  "also tell what the replay cost this machine, and its engine's share", 0 },
	{ "quiet", 'q', NULL, 0, "no table, no progress", 0 },
	{ "json", OPTION_JSON, NULL, 0, "print the whole result as JSON instead of the table", 0 },
	{ 0 },
};

static bool parse_jobs(const char *text, unsigned *jobs)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*jobs = (unsigned)value;
	return *end == '\0' && end != text && value >= 1 && value <= 1024 && text[0] != '-';
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'o':
		request->out_path = text;
		return 0;
	case OPTION_SET:
		if (request->assignment_count == ASSIGNMENTS_MAX)
			argp_error(state, "--set: at most %u", ASSIGNMENTS_MAX);
		request->assignment[request->assignment_count++] = text;
		return 0;
	case OPTION_SCHEMES:
		request->schemes = text;
		return 0;
	case OPTION_TRACE:
		request->trace = text;
		return 0;
	case OPTION_SEED:
		request->seed = text;
		return 0;
	case 'j':
		if (!parse_jobs(text, &request->jobs))
			argp_error(state, "-j %s: must be a number from 1 to 1024", text);
		return 0;
	case OPTION_EXACT:
		request->exact = true;
		return 0;
	case OPTION_TIMELINE:
		request->timeline = text;
		return 0;
	case 'q':
		request->quiet = true;
		return 0;
	case OPTION_PROFILE:
		request->profile = true;
		return 0;
	case OPTION_JSON:
		request->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->scenario_path)
			argp_error(state, "one scenario at a time: %s", text);
		request->scenario_path = text;
		return 0;
	case ARGP_KEY_END:
		if (!request->scenario_path)
			argp_error(state, "which scenario? (scenarios/*.yaml)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "SCENARIO.yaml",
	.doc = "Replays the scenario's trace under each of its schemes, at each point of its matrix, prints the "
	       "comparison and writes the result file.\v"
	       "A run that fails is named on stderr, the others finish, and the exit code is 1. An interrupted run "
	       "leaves an earlier result file as it was.",
};

/* "scenarios/x.yaml" -> "x.h5" */
static void default_output(const char *scenario_path, char *path, size_t size)
{
	const char *name = strrchr(scenario_path, '/');

	name = name ? name + 1 : scenario_path;
	const char *dot = strrchr(name, '.');

	snprintf(path, size, "%.*s.h5", dot && dot != name ? (int)(dot - name) : (int)strlen(name), name);
}

static bool prepare(struct scenario *scenario, const struct request *request, struct err *err)
{
	char seed[64];

	if (!scenario_load(request->scenario_path, scenario, err))
		return false;
	if (request->trace && !scenario_set_trace(scenario, request->trace, err))
		return false;
	if (request->seed) {
		snprintf(seed, sizeof(seed), "seed=%s", request->seed);
		if (!scenario_set(scenario, seed, err))
			return false;
	}
	if (request->schemes && !scenario_select_schemes(scenario, request->schemes, err))
		return false;
	for (size_t i = 0; i < request->assignment_count; i++)
		if (!scenario_set(scenario, request->assignment[i], err))
			return false;
	return scenario_check(scenario, err);
}

/* One line for each run that failed. */
static void tell_failures(const struct result *result)
{
	char point[240];

	for (size_t i = 0; i < result_failure_count(result); i++) {
		struct result_failure failure = result_failure(result, i);

		point_text(result, failure.point, point, sizeof(point));
		fprintf(stderr, "iommusim: scheme %s%s%s: %s\n", failure.scheme, point[0] ? " at " : "", point,
			failure.problem);
	}
}

/* Shows the result as asked for; false when it cannot be read. */
static bool show(const char *path, const struct request *request, bool *all_ended, struct err *err)
{
	struct result *result = result_open(path, err);

	if (!result)
		return false;
	if (request->json && !request->quiet)
		table_print_json(stdout, result);
	else if (!request->quiet)
		table_print(stdout, result);
	if (!request->quiet && !request->json)
		printf("\nResult: %s  (iommusim report %s makes the page with plots)\n", path, path);
	fflush(stdout);
	tell_failures(result);
	*all_ended = result_failure_count(result) == 0;
	result_close(result);
	return true;
}

/* What every run cost; not on stdout where that is JSON. */
static void show_profiles(const struct scenario *scenario, const struct profile *profiles, bool json)
{
	size_t points = scenario_point_count(scenario);
	FILE *out = json ? stderr : stdout;
	char name[280], point[240];

	profile_print_head(out);
	for (size_t i = 0; i < scenario->scheme_count * points; i++) {
		if (profiles[i].operations == 0)
			continue; /* it failed */
		scenario_point_text(scenario, i % points, point, sizeof(point));
		snprintf(name, sizeof(name), "%s%s%s", scenario->scheme[i / points].name, point[0] ? " " : "", point);
		profile_print(out, name, &profiles[i]);
	}
}

int command_run(int count, char **arguments)
{
	struct request request = { 0 };
	struct scenario scenario = { 0 };
	struct err err = { 0 };
	char out_path[512];
	bool interrupted = false, all_ended = false;

	command_parse(&argp, count, arguments, &request);
	default_output(request.scenario_path, out_path, sizeof(out_path));
	struct run_options run = { .out_path = request.out_path ? request.out_path : out_path,
				   .timeline_path = request.timeline,
				   .jobs = request.jobs,
				   .exact = request.exact,
				   .progress = !request.quiet && isatty(STDERR_FILENO) };
	bool well = prepare(&scenario, &request, &err);

	if (well && request.profile)
		run.profiles =
			heap_zeroed(scenario.scheme_count * scenario_point_count(&scenario), sizeof(*run.profiles));
	well = well && run_scenario(&scenario, &run, &interrupted, &err);
	if (well && request.profile)
		show_profiles(&scenario, run.profiles, request.json);
	free(run.profiles);
	scenario_fini(&scenario);
	if (interrupted) {
		fprintf(stderr, "iommusim: interrupted; %s is as it was\n", run.out_path);
		return COMMAND_INTERRUPTED;
	}
	if (!well || !show(run.out_path, &request, &all_ended, &err))
		return command_fail(&err);
	return all_ended ? 0 : ERR_CHECK;
}
