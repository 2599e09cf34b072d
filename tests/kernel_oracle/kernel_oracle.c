/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel-oracle: what real kernels answered to VFIO, iommufd and sPAPR calls, asked of the models.  stdout has a line
 * for each difference, then what was named and what is not modelled, then the count.
 */
#include <argp.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "tests/kernel_oracle/replay.h"

/* How often something of a name occurred. */
struct tally {
	char *name;
	unsigned count, consequences;
};

struct tallies {
	struct tally *entries;
	size_t count;
};

struct oracle_run {
	const char *pattern; /* of cases; NULL: all */
	bool verbose;
	char **paths;
	size_t path_count;
	const char *path; /* the present recording's */
	unsigned cases, calls, compared, different, unnamed;
	bool file_error;
	struct tallies names, kinds;
};

static void count_name(struct tallies *tallies, const char *name, bool is_consequence)
{
	size_t at = 0;

	while (at < tallies->count && strcmp(tallies->entries[at].name, name) != 0)
		at++;
	if (at == tallies->count) {
		tallies->entries = heap_resized(tallies->entries, ++tallies->count, sizeof(*tallies->entries));
		tallies->entries[at] = (struct tally){ .name = strdup(name) };
		REQUIRE(tallies->entries[at].name);
	}
	tallies->entries[at].count++;
	tallies->entries[at].consequences += is_consequence;
}

static int order_of(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static void print_tallies(struct tallies *tallies, const char *title)
{
	if (tallies->count > 0)
		qsort(tallies->entries, tallies->count, sizeof(*tallies->entries), order_of);
	for (size_t i = 0; i < tallies->count; i++) {
		const struct tally *tally = &tallies->entries[i];

		printf("%s %s: %u", title, tally->name, tally->count);
		if (tally->consequences)
			printf(", %u of them consequences", tally->consequences);
		putchar('\n');
		free(tally->name);
	}
	free(tallies->entries);
}

static void print_answer(const char *who, const struct recorded_answer *answer)
{
	printf("%s ret=%" PRId64 " errno=%s out={%s} VmLck=%" PRId64 "kB VmPin=%" PRId64 "kB", who, answer->ret,
	       answer->error, answer->out, answer->vm_lck_kib, answer->vm_pin_kib);
}

static void print_fields(unsigned differs)
{
	static const char *const fields[] = { "ret", "errno", "out", "VmLck", "VmPin" };

	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (differs & (1u << i))
			printf(" %s", fields[i]);
}

static void print_call(const struct oracle_run *run, const struct replay_call *call)
{
	const struct recorded_line *line = call->line;

	printf("%s:%u %s op=%s args={%s}: ", run->path, line->number, call->recorded->full_name, line->call.op,
	       line->call.args);
	print_answer("kernel", &line->answer);
	if (!call->modelled) {
		printf("; not modelled\n");
		return;
	}
	print_answer("; model", &call->model);
	if (call->differs) {
		printf("; differ:");
		print_fields(call->differs);
	}
	if (call->name)
		printf(" (%s %s)", call->is_consequence ? "consequence of" : "named", call->name);
	putchar('\n');
}

static void take_call(void *context, const struct replay_call *call)
{
	struct oracle_run *run = context;

	run->calls++;
	run->compared += call->modelled;
	run->different += call->differs != 0;
	run->unnamed += call->differs && !call->name;
	if (!call->modelled)
		count_name(&run->kinds, call->kind, false);
	if (call->name)
		count_name(&run->names, call->name, call->is_consequence);
	if (call->differs || run->verbose)
		print_call(run, call);
}

static void report_file(struct oracle_run *run, const struct recording *recording)
{
	if (!recording->kernel_is_known)
		fprintf(stderr, "kernel-oracle: %s: no line \"I kernel\" says the version: taken for %u.%u\n",
			recording->path, KERNEL_DEFAULT.version, KERNEL_DEFAULT.patchlevel);
	for (size_t i = 0; i < recording->line_count; i++) {
		if (recording->lines[i].kind != RECORDED_DAMAGED)
			continue;
		fprintf(stderr, "kernel-oracle: %s:%u: %s\n", recording->path, recording->lines[i].number,
			recording->lines[i].text);
		run->file_error = true;
	}
}

static void replay_file(struct oracle_run *run, const char *path)
{
	struct recording recording;
	struct err err = { 0 };

	if (!recording_read(&recording, path, &err)) {
		fprintf(stderr, "kernel-oracle: %s\n", err.text);
		run->file_error = true;
		return;
	}
	report_file(run, &recording);
	run->path = path;
	for (size_t i = 0; i < recording.case_count; i++) {
		if (run->pattern && fnmatch(run->pattern, recording.cases[i].full_name, 0) != 0)
			continue;
		run->cases++;
		replay_case(&recording, &recording.cases[i], oracle_interfaces, take_call, run);
	}
	recording_free(&recording);
}

static const struct argp_option options[] = {
	{ "case", 'c', "NAME", 0, "Only cases of this name; it may have wildcards: 'type1v?/hole'", 0 },
	{ "verbose", 'v', NULL, 0, "Print every call, not only those that differ", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct oracle_run *run = state->input;

	switch (key) {
	case 'c':
		run->pattern = argument;
		return 0;
	case 'v':
		run->verbose = true;
		return 0;
	case ARGP_KEY_ARGS:
		run->paths = &state->argv[state->next];
		run->path_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse_option,
	"LOG...",
	"Replays recordings of what real kernels answered to VFIO type1, iommufd and sPAPR calls against the models, "
	"and "
	"compares return value, errno, outputs and the caller's locked and pinned memory, call by call. A LOG may be "
	"packed "
	"(.xz, .gz)."
	"\v"
	"Differences that are explained in docs/validation.md have a name. All count as different.\n\n"
	"Exit codes: 0 every difference has a name; 1 one has none; 2 usage; 3 a file cannot be read or a line is "
	"damaged (the other lines are replayed).",
	NULL,
	NULL,
	NULL,
};

int main(int count, char **arguments)
{
	struct oracle_run run = { 0 };

	argp_err_exit_status = ERR_USAGE;
	argp_parse(&argp, count, arguments, 0, NULL, &run);
	for (size_t i = 0; i < run.path_count; i++)
		replay_file(&run, run.paths[i]);
	if (run.pattern && run.cases == 0 && !run.file_error) {
		fprintf(stderr, "kernel-oracle: no case is named %s\n", run.pattern);
		return ERR_USAGE;
	}
	print_tallies(&run.names, "named");
	print_tallies(&run.kinds, "not modelled");
	printf("%u calls, %u compared, %u different, %u not modelled\n", run.calls, run.compared, run.different,
	       run.calls - run.compared);
	return run.file_error ? ERR_FILE : run.unnamed ? ERR_CHECK : ERR_NONE;
}
