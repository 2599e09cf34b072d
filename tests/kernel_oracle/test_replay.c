/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "tests/kernel_oracle/setting.h"
#include "tests/suite.h"

#define CALLS 8u

/*
 * An interface that is no model: MAP gives ENOMEM and 4 KiB locked, LEAK leaves 8 KiB locked in the recorded kernel,
 * ODD says 1 there, NEW is not modelled, and whatever else succeeds.  It keeps a log of what it is told.
 */
struct toy {
	struct oracle_world *world;
	uint64_t lck;
};

static char heard[512]; /* of the first world */

static void hear(const struct toy *toy, const char *what)
{
	if (!toy->world->as_recorded)
		snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s;", what);
}

static void *toy_begin(struct oracle_world *world)
{
	struct toy *toy = heap_zeroed(1, sizeof(*toy));
	char text[64];

	toy->world = world;
	snprintf(text, sizeof(text), "begin %zu areas, limit %u", world->process->area_count,
		 (unsigned)world->dma_entry_limit);
	hear(toy, text);
	return toy;
}

static void toy_event(void *state, const struct oracle_event *event)
{
	hear(state, event->what);
}

static void toy_answer(void *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct toy *toy = state;

	hear(toy, call->op);
	if (strcmp(call->op, "NEW") == 0)
		answer->modelled = false;
	if (strcmp(call->op, "MAP") == 0) {
		answer->ret = -1;
		answer->error = ENOMEM;
		strcpy(answer->out, "size=0x1");
		toy->lck = 0x1000;
	}
	if (strcmp(call->op, "LEAK") == 0 && toy->world->as_recorded) {
		answer->difference = "TOY-LEAK";
		toy->lck += 0x2000;
	}
	if (strcmp(call->op, "ODD") == 0 && toy->world->as_recorded) {
		answer->difference = "TOY-ODD";
		answer->passes = true;
		answer->ret = 1;
	}
}

static void toy_locked(void *state, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes)
{
	struct toy *toy = state;

	*vm_lck_bytes = toy->lck;
	*vm_pin_bytes = 0;
}

static void toy_end(void *state)
{
	hear(state, "end");
	free(state);
}

static const struct oracle_interface toy_interface = { "type1", toy_begin, toy_event, toy_answer, toy_locked, toy_end };
static const struct oracle_interface *const interfaces[] = { &toy_interface, NULL };

static struct replay_call seen[CALLS];
static unsigned seen_count;

static void see(void *context, const struct replay_call *call)
{
	(void)context;
	ck_assert_uint_lt(seen_count, CALLS);
	seen[seen_count++] = *call;
}

/* Replays calls of one case, from an empty list of what was seen and heard. */
static void replay(const char *family, const char *name, struct recorded_line *lines, size_t count)
{
	struct recorded_case one = {
		.full_name = "toy/case", .family = family, .name = name, .page_lg2 = 12, .count = count
	};
	struct recording recording = { .lines = lines, .line_count = count, .cases = &one, .case_count = 1 };

	seen_count = 0;
	heard[0] = '\0';
	replay_case(&recording, &one, interfaces, see, NULL);
}

static struct recorded_line line_of(const char *op, int64_t ret, const char *error, const char *out, int64_t lck_kib)
{
	return (struct recorded_line){ .kind = RECORDED_CALL,
				       .call = { op, "" },
				       .answer = { ret, error, out, lck_kib, 0 } };
}

START_TEST(every_field_is_compared)
{
	for (unsigned field = 0; field < 6; field++) {
		struct recorded_line line = line_of("MAP", -1, "ENOMEM", "size=0x1", 4);
		struct recorded_answer *kernel = &line.answer;

		kernel->ret = field == 0 ? -2 : kernel->ret;
		kernel->error = field == 1 ? "ENOMEN" : kernel->error;
		kernel->out = field == 2 ? "size=0x10" : kernel->out;
		kernel->vm_lck_kib = field == 3 ? 5 : kernel->vm_lck_kib;
		kernel->vm_pin_kib = field == 4 ? 1 : kernel->vm_pin_kib;
		replay("type1v1", "overlap", &line, 1);
		ck_assert_uint_eq(seen[0].differs, field < 5 ? 1u << field : 0);
		ck_assert(seen[0].modelled && !seen[0].name);
	}
}
END_TEST

START_TEST(a_difference_has_a_name_where_the_recorded_kernel_was_foretold)
{
	struct recorded_line lines[] = { line_of("UNMAP", 0, "0", "", 0), line_of("LEAK", 0, "0", "", 8),
					 line_of("UNMAP", 0, "0", "", 8), line_of("MAP", -1, "ENOMEM", "size=0x1", 4) };

	replay("type1v1", "overlap", lines, 4);
	ck_assert_uint_eq(seen[0].differs, 0);
	ck_assert_uint_eq(seen[1].differs, REPLAY_VM_LCK);
	ck_assert_str_eq(seen[1].name, "TOY-LEAK");
	ck_assert(!seen[1].is_consequence);
	ck_assert_uint_eq(seen[2].differs, REPLAY_VM_LCK);
	ck_assert_str_eq(seen[2].name, "TOY-LEAK");
	ck_assert(seen[2].is_consequence);
	ck_assert(seen[3].differs == 0 && !seen[3].name);
}
END_TEST

START_TEST(what_was_not_foretold_has_no_name)
{
	struct recorded_line lines[] = { line_of("UNMAP", 0, "0", "", 8), line_of("LEAK", 0, "0", "", 12),
					 line_of("LEAK", -1, "EIO", "", 16), line_of("UNMAP", 0, "0", "", 12) };

	replay("type1v1", "overlap", lines, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(seen[i].differs && !seen[i].name);
}
END_TEST

START_TEST(nothing_follows_from_a_difference_that_passes)
{
	struct recorded_line lines[] = { line_of("ODD", 1, "0", "", 0), line_of("UNMAP", 0, "0", "", 8),
					 line_of("LEAK", 0, "0", "", 8), line_of("ODD", 1, "0", "", 8),
					 line_of("UNMAP", 0, "0", "", 8) };

	replay("type1v1", "overlap", lines, 5);
	ck_assert_str_eq(seen[0].name, "TOY-ODD");
	ck_assert(!seen[0].is_consequence);
	ck_assert(seen[1].differs && !seen[1].name);
	ck_assert_str_eq(seen[3].name, "TOY-ODD");
	ck_assert_str_eq(seen[4].name, "TOY-LEAK");
	ck_assert(seen[4].is_consequence);
}
END_TEST

START_TEST(a_name_ends_with_its_case)
{
	struct recorded_line leak = line_of("LEAK", 0, "0", "", 8), after = line_of("UNMAP", 0, "0", "", 8);

	replay("type1v1", "overlap", &leak, 1);
	replay("type1v1", "overlap", &after, 1);
	ck_assert(seen[0].differs && !seen[0].name);
}
END_TEST

START_TEST(what_nobody_answers_is_named_by_its_kind)
{
	struct recorded_line lines[] = { line_of("NEW", 0, "0", "", 0), line_of("MAP", 0, "0", "", 0) };

	replay("type1v1", "overlap", lines, 2);
	ck_assert(!seen[0].modelled && !seen[0].differs && seen[1].modelled);
	ck_assert_str_eq(seen[0].kind, "type1v1 NEW");
	replay("spaprv1", "wrap", lines, 2);
	ck_assert(!seen[1].modelled);
	ck_assert_str_eq(seen[1].kind, "spaprv1 MAP");
	replay("type1v1", "of_next_year", lines, 2);
	ck_assert(!seen[1].modelled);
	ck_assert_msg(strstr(seen[1].kind, "toy/case"), "%s", seen[1].kind);
}
END_TEST

START_TEST(settings_come_between_the_calls_they_stand_between)
{
	struct recorded_line lines[] = { line_of("CALL", 0, "0", "", 0), line_of("state", 0, "0", "", 0),
					 line_of("CALL", 0, "0", "", 0) };

	replay("type1v1", "twocont", lines, 1);
	ck_assert_str_eq(heard, "begin 1 areas, limit 65535;second container;CALL;end;");
	replay("type1v1", "limit", lines, 1);
	ck_assert_str_eq(heard, "begin 0 areas, limit 4;CALL;end;");
	replay("type1v1", "setup", lines, 3);
	ck_assert_str_eq(heard, "begin 0 areas, limit 65535;CALL;close container;CALL;end;");
	ck_assert(seen[1].modelled && seen[1].differs == 0);
}
END_TEST

START_TEST(lines_that_are_no_calls_are_not_compared)
{
	struct recorded_line lines[] = { line_of("LEAK", 0, "0", "", 0),
					 { .kind = RECORDED_DEATH, .text = "child status 0x8b" },
					 { .kind = RECORDED_DAMAGED, .text = "is no call" } };

	replay("type1v1", "overlap", lines, 3);
	ck_assert_uint_eq(seen_count, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { every_field_is_compared,
				       a_difference_has_a_name_where_the_recorded_kernel_was_foretold,
				       what_was_not_foretold_has_no_name,
				       nothing_follows_from_a_difference_that_passes,
				       a_name_ends_with_its_case,
				       what_nobody_answers_is_named_by_its_kind,
				       settings_come_between_the_calls_they_stand_between,
				       lines_that_are_no_calls_are_not_compared,
				       NULL };

	return suite_run("replay", tests);
}
