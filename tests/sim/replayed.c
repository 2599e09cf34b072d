/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/replayed.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void replayed_config(struct config *config)
{
	config_default(config);
	config->machine.guest_ram_bytes = UINT64_C(64) << 20;
}

struct scheme replayed_scheme(const char *preset, const char *axis, const char *value)
{
	const struct scheme_preset *found = scheme_find(preset);

	ck_assert_ptr_nonnull(found);
	struct scheme scheme = found->scheme;

	ck_assert(!axis || scheme_set_axis(&scheme, axis, value));
	ck_assert_ptr_null(scheme_problem(&scheme));
	return scheme;
}

static void run_failed(const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

/* A number with so many decimals after a key, as an integer of the last decimal; 0 when the key is not there. */
static uint64_t number_after(const char *line, const char *key, uint64_t decimals)
{
	const char *at = strstr(line, key);
	uint64_t whole, fraction;

	if (!at)
		return 0;
	ck_assert_int_eq(sscanf(at + strlen(key), "%" SCNu64 ".%" SCNu64, &whole, &fraction), 2);
	return whole * decimals + fraction;
}

/* Reads one line of a timeline (sim/timeline.c); false when it is no operation of a virtual CPU. */
static bool read_span(const char *line, struct span *span)
{
	const char *actor = strstr(line, "\"actor\":\"cpu ");
	const char *name = strstr(line, "\"name\":\"");

	if (!actor || !name)
		return false;
	*span = (struct span){ .op = RESULT_OPS,
			       .cpu = (unsigned)strtoul(actor + 13, NULL, 10),
			       .begin = number_after(line, "\"ts\":", PS_PER_US),
			       .duration = number_after(line, "\"dur\":", PS_PER_US) };
	for (unsigned op = 0; op < RESULT_OPS; op++) {
		size_t length = strlen(result_op_names[op]);

		if (strncmp(name + 8, result_op_names[op], length) == 0 && name[8 + length] == '"')
			span->op = (enum result_op)op;
	}
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		char key[64];

		snprintf(key, sizeof(key), "\"%s_ns\":", result_cause_names[cause]);
		span->parts[cause] = number_after(line, key, PS_PER_NS);
	}
	return true;
}

static void read_spans(struct replayed *replayed, char *text)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert_uint_lt(replayed->spans, SPANS_MAX);
		replayed->spans += read_span(line, &replayed->span[replayed->spans]);
	}
}

static void import_lines(struct imported *imported, const char *const *lines)
{
	char *text;
	size_t length;
	FILE *all = open_memstream(&text, &length);

	ck_assert_ptr_nonnull(all);
	for (; *lines; lines++)
		fputs(*lines, all);
	fclose(all);
	importing_good(imported, text);
	free(text);
}

struct replayed *replayed_run(const char *const *lines, const struct config *config, const struct scheme *scheme)
{
	static struct replayed replayed; /* what it points to stays reachable to the end of the process */
	struct imported imported;
	struct timeline timeline;
	struct err err = { 0 };
	char *spans;
	size_t length;

	import_lines(&imported, lines);
	replayed = (struct replayed){ .machine = calloc(1, sizeof(*replayed.machine)),
				      .result = malloc(sizeof(*replayed.result)) };
	ck_assert(replayed.machine && replayed.result);
	result_scheme_init(replayed.result, scheme->name, "");
	replayed.machine->trace = imported.trace;
	replayed.machine->result = replayed.result;
	replayed.machine->fail = run_failed;
	replayed.machine->timeline = &timeline;
	timeline_begin(&timeline, open_memstream(&spans, &length), 0, scheme->name);
	ck_assert_msg(machine_create(replayed.machine, config, scheme, false, &err), "%s", err.text);
	machine_run(replayed.machine);
	fclose(timeline.out);
	read_spans(&replayed, spans);
	free(spans);
	replayed.machine->timeline = NULL;
	replayed.machine->trace = NULL;
	importing_end(&imported);
	return &replayed;
}

const struct span *replayed_span(const struct replayed *replayed, enum result_op op, unsigned cpu, unsigned nth)
{
	for (unsigned i = 0; i < replayed->spans; i++)
		if (replayed->span[i].op == op && replayed->span[i].cpu == cpu && nth-- == 0)
			return &replayed->span[i];
	ck_abort_msg("no such %s on CPU %u", result_op_names[op], cpu);
	return NULL;
}
