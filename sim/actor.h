/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actors with their own integer clocks, kept in exact order.
 *
 * An actor advances its clock freely.  Before it touches what others can
 * see (a word of memory, a lock, a queue, a link) it calls actor_touch, which
 * returns when no other actor can still touch anything at an earlier date.
 * Dates are compared in picoseconds; equal dates go to the lower actor
 * number.  That rule alone fixes the order, whatever SimGrid does in between.
 *
 * Two kinds of actor:
 *
 *   with a story   software: a SimGrid actor with a stack of its own, on which the story runs from its
 *                  beginning to its end
 *   with steps     hardware (a TLP under way, the IOMMU's command engine): no stack.  A step is called when the
 *                  actor is the earliest; it does what that date brings, spends time or waits, and returns; when it
 *                  is the earliest again the next step follows.  Whichever story finds such an
 *                  actor before itself calls the step, so hardware costs no change of stack.
 *
 * Why actor_touch may skip SimGrid: SimGrid runs one actor at a time, and every
 * other actor sleeps until a date or waits until some actor wakes it.  Each
 * publishes that lower bound; while the running actor is below the least of
 * them it goes on at once ("run-ahead").  In exact mode SimGrid's clock is
 * brought to the date of every touch and every step; both modes give the same results to the
 * picosecond.
 *
 * Every picosecond of an actor's clock is charged to a cause, so the parts of
 * an operation sum exactly to its latency.
 */
#ifndef IOMMUSIM_SIM_ACTOR_H
#define IOMMUSIM_SIM_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/result.h"
#include "models/base/units.h"

struct engine;
struct clock_gate;

struct actor {
	/* What every step needs, in one line of the host's cache. */
	ps_t now;                          /* this actor's clock */
	ps_t bound;                        /* nothing shared is touched before, unless it waits */
	ps_t *parts;                       /* [RESULT_CAUSES], where time is charged; never NULL */
	void (*step)(struct actor *actor); /* NULL: it has a story */
	struct engine *engine;
	struct actor *next_waiting; /* among waiters, then among the woken */
	uint32_t number;
	enum result_cause waits_for;

	void (*story)(struct actor *actor, void *argument); /* NULL: it has steps */
	void *argument;
	struct clock_gate *gate;
	bool gate_is_open;             /* it was woken, and has not gone on yet */
	bool ended;                    /* its story has */
	bool is_daemon;                /* serves others; its story never ends */
	ps_t unclaimed[RESULT_CAUSES]; /* parts points here between operations */
	char name[32];
};

/* Who may be next, without a look at the actor itself. */
struct engine_entry {
	ps_t bound;
	uint32_t number;
};

struct engine {
	struct engine_entry *heap; /* [active] by (bound, number), least first: those that do not wait */
	uint32_t active;
	uint32_t *place;       /* [count] of each actor in the heap; ENGINE_NOWHERE: it waits, or has ended */
	struct actor **actors; /* [count] by number; those with a story are the engine's */
	uint32_t count, capacity;
	struct actor *woken; /* exact mode: stories that may go on when the running one gives way */
	bool has_runner;     /* the first story has begun */
	bool exact;          /* bring SimGrid's clock to every touch */
	uint32_t unfinished; /* stories, daemons left out, that have not ended */
	uint64_t touches;    /* of stories */
	uint64_t steps;
	uint64_t entries; /* into SimGrid, by stories that gave way or waited */
};

void engine_init(struct engine *engine, bool exact);
void engine_fini(struct engine *engine);

/* An actor that starts at date 0 when the clock runs; number is its rank among equals. Owned by the engine. */
struct actor *engine_actor(struct engine *engine, const char *name, void (*story)(struct actor *actor, void *argument),
			   void *argument, bool is_daemon);

/*
 * The same with steps, in the caller's storage, which stays: a member of what the steps are about.  The first step is
 * called at date 0.  It is a daemon.
 */
void engine_stepper(struct engine *engine, struct actor *actor, const char *name, void (*step)(struct actor *actor));

/* An actor with steps has its next step at date, whenever it had one before; or none until it is scheduled again. */
void engine_schedule(struct actor *actor, ps_t date);
void engine_withdraw(struct actor *actor);

/* After the clock ran: the actors that still wait for others, by name, into text; false when there are none. */
bool engine_deadlock(const struct engine *engine, char *text, size_t size);

/*
 * Returns when this actor is the earliest of all.  A step was when it was called, and is one touch as a whole: whom it
 * wakes at its own date comes after it.  It must not touch after it has spent time.
 */
void actor_touch(struct actor *actor);

/* Time passes for this actor alone. */
static inline void actor_spend(struct actor *actor, ps_t duration, enum result_cause cause)
{
	actor->now += duration;
	actor->parts[cause] += duration;
}

static inline void actor_wait_until(struct actor *actor, ps_t date, enum result_cause cause)
{
	if (date > actor->now)
		actor_spend(actor, date - actor->now, cause);
}

/* ---- waiting for others ---- */

/* Actors that wait, first come first served but for actor_wait_ahead. */
struct waiters {
	struct actor *first, *last;
};

/*
 * Waits (after a touch) until woken; the time waited is charged to cause.  A story goes on then; a step must
 * return at once, and the next step is called then.
 */
void actor_wait(struct actor *actor, struct waiters *waiters, enum result_cause cause);
/* The same as the one to be woken first. */
void actor_wait_ahead(struct actor *actor, struct waiters *waiters, enum result_cause cause);

/* The running actor, after a touch, lets the first waiter (all waiters) go on at its own date plus delay. */
bool waiters_wake_one(struct waiters *waiters, const struct actor *by, ps_t delay);
void waiters_wake_all(struct waiters *waiters, const struct actor *by, ps_t delay);

/* ---- things of which there are n ---- */

/* n = 1: a lock.  Held by actors across whatever they do meanwhile; handed over in order of arrival. */
struct slots {
	uint32_t free;
	ps_t handover; /* from release to the waiter going on */
	struct waiters waiters;
};

static inline void slots_init(struct slots *slots, uint32_t count, ps_t handover)
{
	*slots = (struct slots){ .free = count, .handover = handover };
}

/* Both touch.  False, for steps only: it waits, and has the slot when its next step is called. */
bool slots_take(struct slots *slots, struct actor *actor, enum result_cause cause);
void slots_give(struct slots *slots, struct actor *actor);

/* ---- links ---- */

/*
 * One direction of a link: messages go one after another, each takes its
 * bytes at the link's rate, then the latency.  Equal to a SimGrid link without TCP factors
 * (tests/sim/link.c), at a fraction of its price.
 */
struct link {
	uint64_t bytes_per_s;
	ps_t latency;
	ps_t next_free;
};

/* Returns with the actor's clock at the arrival of the last byte. */
void link_send(struct link *link, struct actor *actor, uint64_t bytes, enum result_cause cause);

#endif
