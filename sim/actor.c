/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/actor.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/base/require.h"
#include "sim/clock.h"

/* ---- the order: an indexed binary heap over (bound, number) ---- */

static bool is_earlier(const struct actor *a, const struct actor *b)
{
	return a->bound != b->bound ? a->bound < b->bound : a->number < b->number;
}

static void heap_put(struct engine *engine, uint32_t place, struct actor *actor)
{
	engine->heap[place] = actor;
	actor->heap_place = place;
}

static void heap_update(struct actor *actor)
{
	struct engine *engine = actor->engine;
	uint32_t place = actor->heap_place;

	while (place > 0 && is_earlier(actor, engine->heap[(place - 1) / 2])) {
		heap_put(engine, place, engine->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= engine->count)
			break;
		if (child + 1 < engine->count && is_earlier(engine->heap[child + 1], engine->heap[child]))
			child++;
		if (!is_earlier(engine->heap[child], actor))
			break;
		heap_put(engine, place, engine->heap[child]);
		place = child;
	}
	heap_put(engine, place, actor);
}

static void actor_bound(struct actor *actor, ps_t bound)
{
	actor->bound = bound;
	heap_update(actor);
}

/* ---- life ---- */

void engine_init(struct engine *engine, bool exact)
{
	*engine = (struct engine){ .exact = exact };
}

void engine_fini(struct engine *engine)
{
	for (uint32_t i = 0; i < engine->count; i++) {
		clock_gate_destroy(engine->heap[i]->gate);
		free(engine->heap[i]);
	}
	free(engine->heap);
	*engine = (struct engine){ 0 };
}

/*
 * Lets the actors go on that were woken.  Opening a gate enters SimGrid, which may run the woken actor at
 * once; so it is done only where the waking actor gives way anyway.
 */
static void engine_open_gates(struct engine *engine)
{
	while (engine->woken) {
		struct actor *actor = engine->woken;

		engine->woken = actor->next_waiting;
		clock_gate_open(actor->gate);
	}
}

static void actor_start(void *argument)
{
	struct actor *actor = argument;

	actor->story(actor, actor->argument);
	actor->ended = true;
	if (!actor->is_daemon)
		actor->engine->unfinished--;
	actor_bound(actor, UINT64_MAX);
	engine_open_gates(actor->engine);
}

struct actor *engine_actor(struct engine *engine, const char *name, void (*story)(struct actor *actor, void *argument),
			   void *argument, bool is_daemon)
{
	struct actor *actor = calloc(1, sizeof(*actor));

	REQUIRE(actor);
	if (engine->count == engine->capacity) {
		engine->capacity = engine->capacity ? 2 * engine->capacity : 16;
		engine->heap = realloc(engine->heap, engine->capacity * sizeof(*engine->heap));
		REQUIRE(engine->heap);
	}
	actor->engine = engine;
	actor->number = engine->count;
	actor->parts = actor->unclaimed;
	actor->story = story;
	actor->argument = argument;
	actor->is_daemon = is_daemon;
	engine->unfinished += !is_daemon;
	actor->gate = clock_gate_create();
	snprintf(actor->name, sizeof(actor->name), "%s", name);
	heap_put(engine, engine->count++, actor);
	heap_update(actor);
	clock_actor_start(actor->name, actor_start, actor, is_daemon);
	return actor;
}

bool engine_deadlock(const struct engine *engine, char *text, size_t size)
{
	size_t used = 0;

	for (uint32_t i = 0; engine->unfinished > 0 && i < engine->count && used < size; i++)
		if (!engine->heap[i]->is_daemon && !engine->heap[i]->ended)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 engine->heap[i]->name);
	return engine->unfinished > 0;
}

/* ---- time ---- */

void actor_touch(struct actor *actor)
{
	struct engine *engine = actor->engine;

	engine->touches++;
	actor_bound(actor, actor->now);
	if (engine->heap[0] == actor && !engine->exact)
		return;
	engine->entries++;
	engine_open_gates(engine);
	clock_sleep_until(actor->now);
	for (unsigned attempt = 0; engine->heap[0] != actor; attempt++) {
		struct actor *first = engine->heap[0];

		/* SimGrid's clock is here, and it still computes: sharing made it slower than its bound said. */
		if (attempt > 0 && first->computes)
			actor_bound(first, actor->now + 1);
		else
			clock_let_others(attempt);
	}
}

void actor_compute(struct actor *actor, ps_t work, enum result_cause cause)
{
	if (!actor->engine->share_cores) {
		actor_spend(actor, work, cause);
		return;
	}
	actor_touch(actor);
	clock_sleep_until(actor->now);
	ps_t late = clock_now() - actor->now; /* by the picoseconds of clock_let_others */

	actor_bound(actor, actor->now + work);
	engine_open_gates(actor->engine);
	actor->computes = true;
	clock_compute(work);
	actor->computes = false;
	ps_t end = clock_now() - late;

	actor_spend(actor, work, cause);
	actor_wait_until(actor, end, CAUSE_CPU_WAIT);
}

/* ---- waiting ---- */

void actor_wait(struct actor *actor, struct waiters *waiters, enum result_cause cause)
{
	ps_t since = actor->now;

	actor->next_waiting = NULL;
	if (waiters->last)
		waiters->last->next_waiting = actor;
	else
		waiters->first = actor;
	waiters->last = actor;
	actor_bound(actor, UINT64_MAX);
	engine_open_gates(actor->engine);
	clock_gate_wait(actor->gate);
	actor->parts[cause] += actor->now - since;
}

bool waiters_wake_one(struct waiters *waiters, const struct actor *by, ps_t delay)
{
	struct actor *actor = waiters->first;

	if (!actor)
		return false;
	waiters->first = actor->next_waiting;
	if (!waiters->first)
		waiters->last = NULL;
	if (by->now + delay > actor->now)
		actor->now = by->now + delay;
	actor_bound(actor, actor->now);
	actor->next_waiting = actor->engine->woken;
	actor->engine->woken = actor;
	return true;
}

void waiters_wake_all(struct waiters *waiters, const struct actor *by, ps_t delay)
{
	while (waiters_wake_one(waiters, by, delay))
		;
}

void slots_take(struct slots *slots, struct actor *actor, enum result_cause cause)
{
	actor_touch(actor);
	if (slots->free > 0)
		slots->free--;
	else
		actor_wait(actor, &slots->waiters, cause);
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
