/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/synth_spec.h"
#include "traces/check.h"
#include "traces/import.h"
#include "traces/info.h"
#include "traces/trace.h"

/* ---- trace import ---- */

enum { OPTION_META = 256, OPTION_STRICT };

struct import_request {
	const char *in, *out;
	struct import_options options;
	uint64_t in_bytes; /* for progress; 0: unknown */
};

static error_t parse_import(int key, char *text, struct argp_state *state)
{
	struct import_request *request = state->input;

	switch (key) {
	case 'o':
		request->out = text;
		return 0;
	case OPTION_META:
		request->options.meta = text;
		return 0;
	case OPTION_STRICT:
		request->options.strict = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->in)
			argp_error(state, "one recording at a time: %s", text);
		request->in = text;
		return 0;
	case ARGP_KEY_END:
		if (!request->in || !request->out)
			argp_error(state, request->in ? "where to? (-o OUT.h5)" : "which recording?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static void import_progress(void *argument, uint64_t bytes_read)
{
	const struct import_request *request = argument;

	if (request->in_bytes)
		fprintf(stderr, "\r\033[Kreading %3.0f%%", 100.0 * (double)bytes_read / (double)request->in_bytes);
}

static bool print_summary(const char *path, struct err *err)
{
	struct trace *trace = trace_open(path, err);

	if (!trace)
		return false;
	const struct trace_summary *summary = trace_summary(trace);

	printf("%s: %" PRIu64 " maps and %" PRIu64 " unmaps of %u devices on %u CPUs, %" PRIu64 " events lost\n", path,
	       summary->maps, summary->unmaps, summary->devices, summary->cpus, summary->lost_events);
	trace_close(trace);
	return true;
}

static int trace_import(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "OUT.h5", 0, "the trace file to write", 0 },
		{ "meta", OPTION_META, "FILE", 0,
		  "the recording's guest-meta text (default: guest-meta.txt[.xz] beside IN, if any)", 0 },
		{ "strict", OPTION_STRICT, NULL, 0, "refuse lost events and anomalies", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_import,
		.args_doc = "IN",
		.doc = "Reads kernel ftrace text (iommu:*, dma:*, intel_iommu:* events; plain, .xz or .gz) into a "
		       "trace file.",
	};
	struct import_request request = { 0 };
	struct stat status;
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &request);
	request.options.interrupted = &interrupted;
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	if (isatty(STDERR_FILENO) && stat(request.in, &status) == 0) {
		request.in_bytes = (uint64_t)status.st_size;
		request.options.progress = import_progress;
		request.options.progress_argument = &request;
	}
	bool imported = trace_import_ftrace(request.in, request.out, &request.options, &err);

	if (request.in_bytes)
		fputs("\r\033[K", stderr);
	if (imported && print_summary(request.out, &err))
		return 0;
	int code = command_fail(&err);

	return interrupted ? COMMAND_INTERRUPTED : code;
}

/* ---- trace synth ---- */

struct synth_request {
	const char *in, *out;
};

static error_t parse_synth(int key, char *text, struct argp_state *state)
{
	struct synth_request *request = state->input;

	switch (key) {
	case 'o':
		request->out = text;
		return 0;
	case ARGP_KEY_ARG:
		if (request->in)
			argp_error(state, "one file at a time: %s", text);
		request->in = text;
		return 0;
	case ARGP_KEY_END:
		if (!request->in || !request->out)
			argp_error(state, request->in ? "where to? (-o OUT.h5)" : "which SPEC.yaml?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int trace_synth(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "OUT.h5", 0, "the trace file to write", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_synth,
		.args_doc = "SPEC.yaml",
		.doc = "Makes a trace by rule: streams of maps and unmaps (docs/trace-format.md, \"Made traces\").",
	};
	struct synth_request request = { 0 };
	struct synth_spec spec;
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &request);
	if (!synth_spec_read(&spec, request.in, &err))
		return command_fail(&err);

	bool written = synth_write(&spec.synth, request.out, &err) && print_summary(request.out, &err);

	synth_spec_fini(&spec);
	return written ? 0 : command_fail(&err);
}

/* ---- trace info, trace check ---- */

static error_t parse_path(int key, char *text, struct argp_state *state)
{
	const char **path = state->input;

	if (key == ARGP_KEY_ARG && !*path) {
		*path = text;
		return 0;
	}
	if (key == ARGP_KEY_ARG || (key == ARGP_KEY_END && !*path))
		argp_error(state, "which trace? (one T.h5)");
	return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static int trace_info(int count, char **arguments)
{
	static const struct argp argp = { .parser = parse_path,
					  .args_doc = "T.h5",
					  .doc = "Describes a trace: where it comes from and what is in it." };
	const char *path = NULL;
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &path);
	struct trace *trace = trace_open(path, &err);

	if (!trace)
		return command_fail(&err);
	bool printed = trace_info_print(stdout, trace, &err);

	trace_close(trace);
	return printed ? 0 : command_fail(&err);
}

static int trace_check(int count, char **arguments)
{
	static const struct argp argp = { .parser = parse_path,
					  .args_doc = "T.h5",
					  .doc = "Checks a trace's structure and its story (lost events, unmaps "
						 "without a map, double maps); exit code 1 when "
						 "something is amiss." };
	const char *path = NULL;
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &path);
	bool well = trace_check_file(path, stdout, &err);

	if (err.kind != ERR_NONE)
		return command_fail(&err);
	return well ? 0 : ERR_CHECK;
}

static const struct command trace_commands[] = {
	{ "import", trace_import, "IN -o OUT.h5: read kernel ftrace text" },
	{ "info", trace_info, "T.h5: describe it" },
	{ "synth", trace_synth, "SPEC.yaml -o OUT.h5: make one by rule" },
	{ "check", trace_check, "T.h5: check it; exit code 1 when something is amiss" },
	{ 0 },
};

int command_trace(int count, char **arguments)
{
	int code = command_dispatch(trace_commands, "iommusim trace", count, arguments);

	if (code >= 0)
		return code;
	bool asked = count > 1 && arguments[1][0] == '-';

	for (const struct command *command = trace_commands; command->name; command++)
		fprintf(asked ? stdout : stderr, "  iommusim trace %-7s %s\n", command->name, command->help);
	return asked ? 0 : ERR_USAGE;
}
