/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's cores, shared fairly by the actors that compute or spin: with n of them on c cores each proceeds at the rate
 * min(1, c / n).  Equal to what SimGrid makes of a host with so many cores (tests/sim/cores.c), in integers, so that a
 * date is the same on every machine, and without entering SimGrid.
 *
 * All proceed alike, so one number says how far everyone has come: the work that an actor would have had done
 * that computed from the beginning.  An actor that starts when it is v is done when it is v + its own work.
 *
 * SIMPLIFIED: shares, no time slices: nobody who holds a lock loses his core altogether for a while.
 */
#ifndef IOMMUSIM_SIM_CORES_H
#define IOMMUSIM_SIM_CORES_H

#include "sim/actor.h"

struct computation;

struct cores {
	struct actor actor; /* first: whose steps are the ends of computations */
	uint32_t count;
	u128_t work;               /* done by each since the beginning: ps, CORES_FRACTION bits of it below one */
	ps_t updated;              /* the date of it */
	struct computation **heap; /* [running] by (end, actor's number), least first */
	uint32_t running, capacity;
	uint32_t spinning; /* who wait without giving up their core */
};

#define CORES_FRACTION 40u

/* Its actor is added to the engine. */
void cores_init(struct cores *cores, struct engine *engine, uint32_t count);
void cores_fini(struct cores *cores);

/* Returns when this work, in ps at full speed, is done (after a touch); what it took longer is CAUSE_CPU_WAIT. */
void cores_compute(struct cores *cores, struct actor *actor, ps_t work, enum result_cause cause);

/*
 * From the one to the other (both touch) the actor waits for what others do, and looks again and again whether it is done: it has its
 * share of the cores all the while, as if it computed.  Nothing where cores are not shared (count 0, or cores NULL).
 */
void cores_spin(struct cores *cores, struct actor *actor);
void cores_spin_end(struct cores *cores, struct actor *actor);

/* A spin lock: one holder, handed over in order of arrival; who waits for it spins. */
struct spinlock {
	struct slots slots;
	struct cores *cores;
};

void spinlock_init(struct spinlock *lock, struct cores *cores, ps_t handover);

/* For actors with a story. */
void spinlock_take(struct spinlock *lock, struct actor *actor, enum result_cause cause);
void spinlock_give(struct spinlock *lock, struct actor *actor);

#endif
