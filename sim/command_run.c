/* SPDX-License-Identifier: Apache-2.0 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/result.h"
#include "analysis/table.h"
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
	{ "jobs", 'j', "N", 0, "schemes side by side (default: one per processor)", 0 },
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
	.doc = "Replays the scenario's trace under each of its schemes, prints the comparison and writes the result "
	       "file.\v"
	       "An interrupted run leaves an earlier result file as it was.",
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
	if (request->trace)
		snprintf(scenario->trace_path, sizeof(scenario->trace_path), "%s", request->trace);
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

static bool show(const char *path, bool json, struct err *err)
{
	struct result *result = result_open(path, err);

	if (!result)
		return false;
	if (json)
		table_print_json(stdout, result);
	else
		table_print(stdout, result);
	result_close(result);
	return true;
}

/* What every scheme cost; not on stdout where that is JSON. */
static void show_profiles(const struct scenario *scenario, const struct profile *profiles, bool json)
{
	FILE *out = json ? stderr : stdout;

	profile_print_head(out);
	for (size_t i = 0; i < scenario->scheme_count; i++)
		profile_print(out, scenario->scheme[i].name, &profiles[i]);
}

int command_run(int count, char **arguments)
{
	struct request request = { 0 };
	struct scenario scenario = { 0 };
	struct err err = { 0 };
	char out_path[512];
	bool interrupted = false;
	struct profile profiles[SCENARIO_SCHEMES_MAX];

	command_parse(&argp, count, arguments, &request);
	default_output(request.scenario_path, out_path, sizeof(out_path));
	struct run_options run = { .out_path = request.out_path ? request.out_path : out_path,
				   .timeline_path = request.timeline,
				   .jobs = request.jobs,
				   .exact = request.exact,
				   .profiles = profiles,
				   .progress = !request.quiet && isatty(STDERR_FILENO) };
	bool well = prepare(&scenario, &request, &err) && run_scenario(&scenario, &run, &interrupted, &err);

	if (well && request.profile)
		show_profiles(&scenario, profiles, request.json);
	scenario_fini(&scenario);
	if (interrupted) {
		fprintf(stderr, "iommusim: interrupted; %s is as it was\n", run.out_path);
		return COMMAND_INTERRUPTED;
	}
	if (!well || (!request.quiet && !show(run.out_path, request.json, &err)))
		return command_fail(&err);
	if (!request.quiet && !request.json)
		printf("\nResult: %s  (iommusim report %s makes the page with plots)\n", run.out_path, run.out_path);
	return 0;
}
