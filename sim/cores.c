/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/cores.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"

struct computation {
	u128_t end; /* of cores->work */
	uint32_t number;
	struct waiters waiters; /* the actor that computes */
};

/* ---- the least end first ---- */

static bool is_before(const struct computation *a, const struct computation *b)
{
	return a->end != b->end ? a->end < b->end : a->number < b->number;
}

static void add(struct cores *cores, struct computation *added)
{
	uint32_t place = cores->running++;

	if (cores->running > cores->capacity) {
		cores->capacity = 2 * cores->running;
		cores->heap = heap_resized(cores->heap, cores->capacity, sizeof(struct computation *));
	}
	for (; place > 0 && is_before(added, cores->heap[(place - 1) / 2]); place = (place - 1) / 2)
		cores->heap[place] = cores->heap[(place - 1) / 2];
	cores->heap[place] = added;
}

static void remove_first(struct cores *cores)
{
	struct computation *moved = cores->heap[--cores->running];
	uint32_t place = 0;

	for (uint32_t child; (child = 2 * place + 1) < cores->running; place = child) {
		if (child + 1 < cores->running && is_before(cores->heap[child + 1], cores->heap[child]))
			child++;
		if (!is_before(cores->heap[child], moved))
			break;
		cores->heap[place] = cores->heap[child];
	}
	if (cores->running > 0)
		cores->heap[place] = moved;
}

/* ---- progress ---- */

static uint32_t busy(const struct cores *cores)
{
	return cores->running + cores->spinning;
}

/* Brings work to date. */
static void proceed(struct cores *cores, ps_t date)
{
	u128_t elapsed = (u128_t)(date - cores->updated) << CORES_FRACTION;

	REQUIRE(date >= cores->updated);
	cores->work += busy(cores) > cores->count ? elapsed * cores->count / busy(cores) : elapsed;
	cores->updated = date;
}

/* The next step is at the first picosecond at which the first computation is done. */
static void plan(struct cores *cores)
{
	const u128_t one = (u128_t)1 << CORES_FRACTION;

	if (cores->running == 0) {
		engine_withdraw(&cores->actor);
		return;
	}
	u128_t left = cores->heap[0]->end > cores->work ? cores->heap[0]->end - cores->work : 0;

	if (busy(cores) > cores->count)
		left = (left * busy(cores) + cores->count - 1) / cores->count;
	engine_schedule(&cores->actor, cores->updated + (ps_t)((left + one - 1) >> CORES_FRACTION));
}

static void end_computations(struct actor *actor)
{
	struct cores *cores = (struct cores *)actor;

	proceed(cores, actor->now);
	while (cores->running > 0 && cores->heap[0]->end <= cores->work) {
		struct computation *ended = cores->heap[0];

		remove_first(cores);
		waiters_wake_all(&ended->waiters, actor, 0);
	}
	plan(cores);
}

void cores_init(struct cores *cores, struct engine *engine, uint32_t count)
{
	*cores = (struct cores){ .count = count };
	engine_stepper(engine, &cores->actor, "cores", end_computations);
	engine_withdraw(&cores->actor);
}

void cores_fini(struct cores *cores)
{
	free(cores->heap);
}

void cores_compute(struct cores *cores, struct actor *actor, ps_t work, enum result_cause cause)
{
	struct computation own = { .number = actor->number };

	if (work == 0)
		return;
	actor_touch(actor);
	proceed(cores, actor->now);
	own.end = cores->work + ((u128_t)work << CORES_FRACTION);
	add(cores, &own);
	plan(cores);
	actor_wait(actor, &own.waiters, CAUSE_CPU_WAIT);
	actor->parts[CAUSE_CPU_WAIT] -= work;
	actor->parts[cause] += work;
}

/* ---- spinning ---- */

static bool are_shared(const struct cores *cores)
{
	return cores && cores->count > 0;
}

void cores_spin(struct cores *cores, struct actor *actor)
{
	if (!are_shared(cores))
		return;
	actor_touch(actor);
	proceed(cores, actor->now);
	cores->spinning++;
	plan(cores);
}

void cores_spin_end(struct cores *cores, struct actor *actor)
{
	if (!are_shared(cores))
		return;
	actor_touch(actor);
	REQUIRE(cores->spinning > 0);
	proceed(cores, actor->now);
	cores->spinning--;
	plan(cores);
}

void spinlock_init(struct spinlock *lock, struct cores *cores, ps_t handover)
{
	*lock = (struct spinlock){ .cores = cores };
	slots_init(&lock->slots, 1, handover);
}

void spinlock_take(struct spinlock *lock, struct actor *actor, enum result_cause cause)
{
	bool waits = false;

	if (are_shared(lock->cores)) {
		actor_touch(actor);
		waits = lock->slots.free == 0;
	}
	if (waits)
		cores_spin(lock->cores, actor);
	slots_take(&lock->slots, actor, cause);
	if (waits)
		cores_spin_end(lock->cores, actor);
}

void spinlock_give(struct spinlock *lock, struct actor *actor)
{
	slots_give(&lock->slots, actor);
}
