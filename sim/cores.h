/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's cores, shared fairly by the actors that compute: with n of them on c cores each proceeds at the rate
 * min(1, c / n).  Equal to what SimGrid makes of a host with so many cores (tests/sim/cores.c), in integers, so that a
 * date is the same on every machine, and without entering SimGrid.
 *
 * All proceed alike, so one number says how far everyone has come: the work that an actor would have had done
 * that computed from the beginning.  An actor that starts when it is v is done when it is v + its own work.
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
};

#define CORES_FRACTION 40u

/* Its actor is added to the engine. */
void cores_init(struct cores *cores, struct engine *engine, uint32_t count);
void cores_fini(struct cores *cores);

/* Returns when this work, in ps at full speed, is done (after a touch); what it took longer is CAUSE_CPU_WAIT. */
void cores_compute(struct cores *cores, struct actor *actor, ps_t work, enum result_cause cause);

#endif
