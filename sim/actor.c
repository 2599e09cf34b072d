/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/actor.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "sim/clock.h"

/* ---- the order: an indexed heap with four children to each, over (bound, number) ---- */

#define CHILDREN       4u
#define ENGINE_NOWHERE UINT32_MAX

static bool is_earlier(const struct engine_entry *a, const struct engine_entry *b)
{
	return a->bound != b->bound ? a->bound < b->bound : a->number < b->number;
}

static void heap_put(struct engine *engine, uint32_t place, struct engine_entry entry)
{
	engine->heap[place] = entry;
	engine->place[entry.number] = place;
}

static void heap_up(struct engine *engine, uint32_t place, struct engine_entry entry)
{
	while (place > 0 && is_earlier(&entry, &engine->heap[(place - 1) / CHILDREN])) {
		heap_put(engine, place, engine->heap[(place - 1) / CHILDREN]);
		place = (place - 1) / CHILDREN;
	}
	heap_put(engine, place, entry);
}

static void heap_down(struct engine *engine, uint32_t place, struct engine_entry entry)
{
	for (;;) {
		uint32_t first = CHILDREN * place + 1, least = first;

		if (first >= engine->active)
			break;
		for (uint32_t child = first + 1; child < first + CHILDREN && child < engine->active; child++)
			if (is_earlier(&engine->heap[child], &engine->heap[least]))
				least = child;
		if (!is_earlier(&engine->heap[least], &entry))
			break;
		heap_put(engine, place, engine->heap[least]);
		place = least;
	}
	heap_put(engine, place, entry);
}

/* The actor touches nothing before this date. */
static void actor_bound(struct actor *actor, ps_t bound)
{
	struct engine *engine = actor->engine;
	struct engine_entry entry = { bound, actor->number };
	uint32_t place = engine->place[actor->number];
	bool is_later = place != ENGINE_NOWHERE && bound >= actor->bound;

	actor->bound = bound;
	if (is_later)
		heap_down(engine, place, entry);
	else
		heap_up(engine, place == ENGINE_NOWHERE ? engine->active++ : place, entry);
}

/* It touches nothing until it is woken. */
static void actor_leave(struct actor *actor)
{
	struct engine *engine = actor->engine;
	uint32_t place = engine->place[actor->number];
	struct engine_entry last = engine->heap[--engine->active];

	engine->place[actor->number] = ENGINE_NOWHERE;
	if (last.number == actor->number)
		return;
	if (place > 0 && is_earlier(&last, &engine->heap[(place - 1) / CHILDREN]))
		heap_up(engine, place, last);
	else
		heap_down(engine, place, last);
}

static struct actor *engine_first(const struct engine *engine)
{
	return engine->active > 0 ? engine->actors[engine->heap[0].number] : NULL;
}

/* ---- life ---- */

void engine_init(struct engine *engine, bool exact)
{
	*engine = (struct engine){ .exact = exact };
}

void engine_fini(struct engine *engine)
{
	for (uint32_t i = 0; i < engine->count; i++) {
		if (engine->actors[i]->step)
			continue;
		clock_gate_destroy(engine->actors[i]->gate);
		free(engine->actors[i]);
	}
	free(engine->actors);
	free(engine->place);
	free(engine->heap);
	*engine = (struct engine){ 0 };
}

/*
 * Run-ahead: one story runs, every other waits at its gate.  The running one hands over to the earliest; SimGrid only
 * changes stacks.
 */
static void actor_hand_over(struct actor *actor, struct actor *first)
{
	actor->engine->entries++;
	if (first)
		clock_gate_open(first->gate);
	clock_gate_wait(actor->gate);
}

/*
 * Exact mode: lets the stories go on that were woken.  Opening a gate enters SimGrid, which may run the woken actor at
 * once; so it is done only where the waking one gives way anyway.
 */
static void engine_open_gates(struct engine *engine)
{
	while (engine->woken) {
		struct actor *actor = engine->woken;

		engine->woken = actor->next_waiting;
		actor->gate_is_open = true;
		clock_gate_open(actor->gate);
	}
}

/* Calls the next step of the earliest actor, which has steps. */
static void engine_step(struct engine *engine, struct actor *actor)
{
	if (engine->exact) {
		ps_t date = actor->bound;

		engine_open_gates(engine);
		engine->entries++;
		clock_sleep_until(date);
		/* Others ran meanwhile. */
		if (engine_first(engine) != actor || actor->bound != date)
			return;
	}
	engine->steps++;
	actor->step(actor);
	if (actor->now != actor->bound && engine->place[actor->number] != ENGINE_NOWHERE)
		actor_bound(actor, actor->now);
}

static void actor_start(void *argument)
{
	struct actor *actor = argument;
	struct engine *engine = actor->engine;

	if (!engine->exact && engine->has_runner)
		clock_gate_wait(actor->gate);
	engine->has_runner = true;
	actor->story(actor, actor->argument);
	actor->ended = true;
	if (!actor->is_daemon)
		engine->unfinished--;
	actor_leave(actor);
	/* Someone must go on calling steps: this one, until a story is the earliest. */
	while (engine->unfinished > 0 && engine_first(engine) && engine_first(engine)->step)
		engine_step(engine, engine_first(engine));
	if (engine->exact)
		engine_open_gates(engine);
	else if (engine->unfinished > 0 && engine_first(engine))
		clock_gate_open(engine_first(engine)->gate);
}

static void engine_add(struct engine *engine, struct actor *actor, const char *name)
{
	if (engine->count == engine->capacity) {
		engine->capacity = engine->capacity ? 2 * engine->capacity : 16;
		engine->heap = heap_resized(engine->heap, engine->capacity, sizeof(*engine->heap));
		engine->place = heap_resized(engine->place, engine->capacity, sizeof(*engine->place));
		engine->actors = heap_resized(engine->actors, engine->capacity, sizeof(struct actor *));
	}
	*actor = (struct actor){ .engine = engine, .number = engine->count, .parts = actor->unclaimed };
	snprintf(actor->name, sizeof(actor->name), "%s", name);
	engine->place[engine->count] = ENGINE_NOWHERE;
	engine->actors[engine->count++] = actor;
	actor_bound(actor, 0);
}

struct actor *engine_actor(struct engine *engine, const char *name, void (*story)(struct actor *actor, void *argument),
			   void *argument, bool is_daemon)
{
	struct actor *actor = heap_zeroed(1, sizeof(*actor));

	engine_add(engine, actor, name);
	actor->story = story;
	actor->argument = argument;
	actor->is_daemon = is_daemon;
	engine->unfinished += !is_daemon;
	actor->gate = clock_gate_create();
	clock_actor_start(actor->name, actor_start, actor, is_daemon);
	return actor;
}

void engine_stepper(struct engine *engine, struct actor *actor, const char *name, void (*step)(struct actor *actor))
{
	engine_add(engine, actor, name);
	actor->step = step;
	actor->is_daemon = true;
}

void engine_schedule(struct actor *actor, ps_t date)
{
	actor->now = date;
	actor_bound(actor, date);
}

void engine_withdraw(struct actor *actor)
{
	if (actor->engine->place[actor->number] != ENGINE_NOWHERE)
		actor_leave(actor);
}

bool engine_deadlock(const struct engine *engine, char *text, size_t size)
{
	size_t used = 0;

	for (uint32_t i = 0; engine->unfinished > 0 && i < engine->count && used < size; i++)
		if (!engine->actors[i]->is_daemon && !engine->actors[i]->ended)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 engine->actors[i]->name);
	return engine->unfinished > 0;
}

/* ---- time ---- */

/*
 * Exact mode.  SimGrid's clock is brought to this story's date, and lets others go first; attempt: how often that was
 * tried at this touch.
 */
static void actor_give_way(struct actor *actor, unsigned attempt)
{
	struct engine *engine = actor->engine;

	engine->entries += attempt == 0;
	engine_open_gates(engine);
	if (attempt == 0)
		clock_sleep_until(actor->now);
	else
		clock_let_others(attempt - 1);
}

void actor_touch(struct actor *actor)
{
	struct engine *engine = actor->engine;
	struct actor *first;

	if (actor->step) {
		REQUIRE(actor->now == actor->bound); /* it was the earliest when the step was called */
		return;
	}
	engine->touches++;
	if (actor->now != actor->bound)
		actor_bound(actor, actor->now);
	for (unsigned attempt = 0; (first = engine_first(engine)) != actor || (engine->exact && attempt == 0);) {
		if (first->step)
			engine_step(engine, first);
		else if (engine->exact)
			actor_give_way(actor, attempt++);
		else
			actor_hand_over(actor, first);
	}
}

/* ---- waiting ---- */

/* Woken while it was itself calling steps: no gate is needed. */
static void engine_forget_woken(struct engine *engine, struct actor *actor)
{
	struct actor **link = &engine->woken;

	while (*link != actor)
		link = &(*link)->next_waiting;
	*link = actor->next_waiting;
}

/* It is among waiters; returns when it was woken, or at once for an actor with steps. */
static void actor_sleep(struct actor *actor, enum result_cause cause)
{
	struct engine *engine = actor->engine;

	actor->waits_for = cause;
	actor_leave(actor);
	if (actor->step)
		return;
	while (!actor->gate_is_open && engine_first(engine)) {
		struct actor *first = engine_first(engine);

		if (first == actor) {
			if (engine->exact)
				engine_forget_woken(engine, actor);
			return;
		}
		if (!first->step)
			break;
		engine_step(engine, first);
	}
	if (!engine->exact) {
		actor_hand_over(actor, engine_first(engine));
		return;
	}
	engine->entries++;
	engine_open_gates(engine);
	clock_gate_wait(actor->gate);
	actor->gate_is_open = false;
}

void actor_wait(struct actor *actor, struct waiters *waiters, enum result_cause cause)
{
	actor->next_waiting = NULL;
	if (waiters->last)
		waiters->last->next_waiting = actor;
	else
		waiters->first = actor;
	waiters->last = actor;
	actor_sleep(actor, cause);
}

void actor_wait_ahead(struct actor *actor, struct waiters *waiters, enum result_cause cause)
{
	actor->next_waiting = waiters->first;
	if (!waiters->last)
		waiters->last = actor;
	waiters->first = actor;
	actor_sleep(actor, cause);
}

bool waiters_wake_one(struct waiters *waiters, const struct actor *by, ps_t delay)
{
	struct actor *actor = waiters->first;

	if (!actor)
		return false;
	waiters->first = actor->next_waiting;
	if (!waiters->first)
		waiters->last = NULL;
	actor_wait_until(actor, by->now + delay, actor->waits_for);
	actor_bound(actor, actor->now);
	if (actor->story && actor->engine->exact) {
		actor->next_waiting = actor->engine->woken;
		actor->engine->woken = actor;
	}
	return true;
}

void waiters_wake_all(struct waiters *waiters, const struct actor *by, ps_t delay)
{
	while (waiters_wake_one(waiters, by, delay))
		;
}

bool slots_take(struct slots *slots, struct actor *actor, enum result_cause cause)
{
	actor_touch(actor);
	if (slots->free > 0) {
		slots->free--;
		return true;
	}
	actor_wait(actor, &slots->waiters, cause);
	return !actor->step;
}

void slots_give(struct slots *slots, struct actor *actor)
{
	actor_touch(actor);
	if (!waiters_wake_one(&slots->waiters, actor, slots->handover))
		slots->free++;
}

/* Bytes over a rate, in ps, rounded up: 128-bit because bytes x 10^12 overflows 64. */
static ps_t transfer_time(uint64_t bytes, uint64_t bytes_per_s)
{
	u128_t scaled = (u128_t)bytes * PS_PER_S;

	return (ps_t)((scaled + bytes_per_s - 1) / bytes_per_s);
}

void link_send(struct link *link, struct actor *actor, uint64_t bytes, enum result_cause cause)
{
	actor_touch(actor);
	ps_t start = actor->now > link->next_free ? actor->now : link->next_free;

	link->next_free = start + transfer_time(bytes, link->bytes_per_s);
	actor_wait_until(actor, link->next_free, cause);
	actor_spend(actor, link->latency, cause);
}
