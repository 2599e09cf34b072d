/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrorname_np */
#include "tests/kernel_oracle/replay.h"

#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "tests/kernel_oracle/setting.h"
#include "tests/kernel_oracle/stage.h"

#define LINUX_ENOTSUPP 524 /* [LINUX] include/linux/errno.h: the kernel's own, which must not leave it and does */

/* One of the two worlds in which a case is replayed. */
struct side {
	struct stage stage;
	void *state;
	bool *done; /* [setting_count] */
	struct oracle_answer answer;
	struct recorded_answer said;
};

struct replay {
	const struct recorded_case *recorded;
	const struct oracle_interface *interface; /* NULL: nobody answers this family */
	struct side sides[2];                     /* the models, the recorded kernel as foretold */
	const char *named;                        /* the last difference of this case that later calls may show */
};

static const char *error_name(const struct oracle_answer *answer)
{
	const char *name = strerrorname_np(answer->error);

	if (answer->ret >= 0)
		return "0";
	return name ? name : answer->error == LINUX_ENOTSUPP ? "ENOTSUPP" : "?";
}

static bool is_told(const struct setting *setting)
{
	return setting->verb == SETTING_EVENT || setting->verb == SETTING_USE_FILE;
}

/* What is due at a moment: everything of the case with that moment that fits and was not done yet. */
static void set(struct replay *replay, struct side *side, enum setting_moment moment, const char *text, unsigned count)
{
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_table[i];

		if (side->done[i] || setting->moment != moment || setting->count != count ||
		    !setting_is_of(setting, replay->recorded->family, replay->recorded->name))
			continue;
		if (moment == SETTING_NOTE ? strncmp(text, setting->text, strlen(setting->text)) != 0
		    : text != NULL         ? strcmp(text, setting->text) != 0
					   : is_told(setting) != (side->state != NULL))
			continue;
		side->done[i] = true;
		stage_set(&side->stage, setting, side->state ? replay->interface : NULL, side->state);
	}
}

static void begin_side(struct replay *replay, struct side *side, bool as_recorded)
{
	stage_init(&side->stage, replay->recorded, as_recorded);
	side->done = heap_zeroed(setting_count, sizeof(*side->done));
	set(replay, side, SETTING_BEGIN, NULL, 0);
	if (!replay->interface)
		return;
	side->state = replay->interface->begin(&side->stage.world);
	set(replay, side, SETTING_BEGIN, NULL, 0);
}

static void end_side(struct replay *replay, struct side *side)
{
	if (side->state)
		replay->interface->end(side->state);
	stage_fini(&side->stage);
	free(side->done);
}

static void ask(struct replay *replay, struct side *side, const struct oracle_call *call)
{
	uint64_t lck = 0, pin = 0;

	side->answer = (struct oracle_answer){ .modelled = side->state != NULL };
	if (side->state && !setting_is_look(replay->recorded->family, call->op))
		replay->interface->answer(side->state, call, &side->answer);
	if (side->state)
		replay->interface->locked(side->state, &lck, &pin);
	side->said = (struct recorded_answer){ .ret = side->answer.ret,
					       .error = error_name(&side->answer),
					       .out = side->answer.out,
					       .vm_lck_kib = (int64_t)(lck >> 10),
					       .vm_pin_kib = (int64_t)(pin >> 10) };
}

static unsigned difference(const struct recorded_answer *a, const struct recorded_answer *b)
{
	return (a->ret != b->ret ? REPLAY_RET : 0u) | (strcmp(a->error, b->error) != 0 ? REPLAY_ERRNO : 0u) |
	       (strcmp(a->out, b->out) != 0 ? REPLAY_OUT : 0u) | (a->vm_lck_kib != b->vm_lck_kib ? REPLAY_VM_LCK : 0u) |
	       (a->vm_pin_kib != b->vm_pin_kib ? REPLAY_VM_PIN : 0u);
}

static void compare(struct replay *replay, struct replay_call *result)
{
	const struct side *model = &replay->sides[0], *foretold = &replay->sides[1];
	const struct recorded_answer *kernel = &result->line->answer;

	result->modelled = model->answer.modelled;
	result->model = model->said;
	if (!result->modelled)
		return;
	result->differs = difference(kernel, &model->said);
	if (foretold->answer.difference && !foretold->answer.passes)
		replay->named = foretold->answer.difference;
	if (!result->differs || !foretold->answer.modelled || difference(kernel, &foretold->said))
		return;
	result->name = foretold->answer.difference ? foretold->answer.difference : replay->named;
	result->is_consequence = result->name && !foretold->answer.difference;
}

static void name_kind(const struct replay *replay, struct replay_call *result)
{
	const char *family = replay->recorded->family, *op = result->line->call.op;

	if (setting_knows(family, replay->recorded->name))
		snprintf(result->kind, sizeof(result->kind), "%s %s", family, op);
	else
		snprintf(result->kind, sizeof(result->kind), "%s (no such case in setting.c)",
			 replay->recorded->full_name);
}

/* How often the operation was asked in this case up to the line. */
static unsigned count_of(const struct recorded_line *first, const struct recorded_line *line)
{
	unsigned count = 0;

	for (const struct recorded_line *at = first; at <= line; at++)
		if (at->kind == RECORDED_CALL && strcmp(at->call.op, line->call.op) == 0)
			count++;
	return count;
}

static void replay_line(struct replay *replay, const struct recorded_line *first, const struct recorded_line *line,
			replay_report *report, void *context)
{
	struct replay_call result = { .recorded = replay->recorded, .line = line };
	unsigned count = count_of(first, line);

	for (unsigned i = 0; i < 2; i++) {
		set(replay, &replay->sides[i], SETTING_BEFORE, line->call.op, count);
		ask(replay, &replay->sides[i], &line->call);
	}
	compare(replay, &result);
	if (!result.modelled)
		name_kind(replay, &result);
	report(context, &result);
	for (unsigned i = 0; i < 2; i++)
		set(replay, &replay->sides[i], SETTING_AFTER, line->call.op, count);
}

static const struct oracle_interface *interface_of(const struct recorded_case *recorded,
						   const struct oracle_interface *const *interfaces)
{
	if (!setting_knows(recorded->family, recorded->name))
		return NULL;
	while (*interfaces && strncmp(recorded->family, (*interfaces)->prefix, strlen((*interfaces)->prefix)) != 0)
		interfaces++;
	return *interfaces;
}

void replay_case(const struct recording *recording, const struct recorded_case *recorded,
		 const struct oracle_interface *const *interfaces, replay_report *report, void *context)
{
	struct replay *replay = heap_zeroed(1, sizeof(*replay));
	const struct recorded_line *first = &recording->lines[recorded->first];

	replay->recorded = recorded;
	replay->interface = interface_of(recorded, interfaces);
	for (unsigned i = 0; i < 2; i++)
		begin_side(replay, &replay->sides[i], i == 1);
	for (const struct recorded_line *line = first; line < first + recorded->count; line++) {
		if (line->kind == RECORDED_CALL)
			replay_line(replay, first, line, report, context);
		for (unsigned i = 0; i < 2 && line->kind == RECORDED_NOTE; i++) {
			set(replay, &replay->sides[i], SETTING_NOTE, line->text, 0);
			stage_note(&replay->sides[i].stage, line->text);
		}
	}
	for (unsigned i = 0; i < 2; i++)
		end_side(replay, &replay->sides[i]);
	free(replay);
}
