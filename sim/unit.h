/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware IOMMU in time: a models/ unit with prices, finitely many
 * table walkers, misses to one page that wait for one walk, and the engine
 * that takes commands from the invalidation queue.
 */
#ifndef IOMMUSIM_SIM_UNIT_H
#define IOMMUSIM_SIM_UNIT_H

#include "models/iommu/iommu.h"
#include "models/memory/memory.h"
#include "scenarios/config.h"
#include "sim/actor.h"

struct miss; /* a walk under way that others may wait for */

struct unit {
	struct iommu *iommu;
	struct iommu *auditor; /* same tables, no caches: tells stale translations; NULL: not asked for */
	struct memory *memory;
	const struct timing *timing;
	struct result_scheme *result;
	struct slots walkers;
	struct miss *misses;
	struct waiters engine_idle; /* the engine, between commands */
	struct waiters pollers;     /* software that waits for a status word */
	struct slots drainer;       /* one drain at a time */
	struct waiters drain;       /* who waits for older requests to end */
	unsigned generation;        /* of requests: flips at each drain */
	uint64_t under_way[2];      /* requests by generation */
};

/* iommu and auditor stay the caller's. */
void unit_init(struct unit *unit, struct engine *engine, const struct config *config, struct iommu *iommu,
	       struct iommu *auditor, struct memory *memory, struct result_scheme *result);

/* A request is under way from unit_enter (its generation) to unit_leave, when its data was moved. */
unsigned unit_enter(struct unit *unit, struct actor *actor);
void unit_leave(struct unit *unit, struct actor *actor, unsigned generation);

/* Translates; time is charged to the actor, the latency recorded as a hit, a miss or a fault. */
void unit_translate(struct unit *unit, struct actor *actor, const struct iommu_request *request,
		    struct iommu_translation *translation);

/* The queue has work: the engine looks again (after a register write by the running actor). */
void unit_doorbell(struct unit *unit, struct actor *actor);

/* Carries out one descriptor that did not come through the unit's own queue; the actor waits for it. */
void unit_execute(struct unit *unit, struct actor *actor, const uint64_t word[4]);

/* Returns when the 32-bit word at address holds value; polls cost timing.guest.status_poll each. */
void unit_poll_status(struct unit *unit, struct actor *actor, phys_t address, uint32_t value);

#endif
