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
#include "sim/audit.h"
#include "sim/cores.h"

/* A walk under way that other requests to the same page wait for. */
struct miss {
	uint16_t source_id;
	uint32_t pasid;
	iova_t page;
	struct waiters waiters;
	struct miss *next;
};

#define UNIT_MISS_CHAINS 1024u
#define UNIT_POLL_CHAINS 256u

enum unit_phase { UNIT_ASKS, UNIT_LOOKS_UP, UNIT_HAS_WALKER, UNIT_READS, UNIT_WALKED };

/* One translation in time; the caller's storage, which stays where it is until the translation has ended. */
struct unit_request {
	struct iommu_translation translation; /* the outcome at last */
	enum unit_phase phase;
	enum iommu_purpose walking;
	bool waited;
	struct miss miss;
	ps_t asked;                 /* for a walker */
	ps_t before[RESULT_CAUSES]; /* the actor's parts when it began */
};

struct poll;

struct unit {
	struct iommu *iommu;
	struct audit audit;
	struct memory *memory;
	const struct timing *timing;
	struct result_scheme *result;
	struct cores *cores; /* of those who poll status words; NULL: nobody shares */
	struct slots walkers;
	struct miss *misses[UNIT_MISS_CHAINS]; /* by page and source */
	struct waiters engine_idle;            /* the engine, between commands */
	struct poll *polls[UNIT_POLL_CHAINS];  /* software that waits for a status word, by its address */
	struct slots drainer;                  /* one drain at a time */
	struct waiters drain;                  /* who waits for older requests to end */
	unsigned generation;                   /* of requests: flips at each drain */
	uint64_t under_way[2];                 /* requests by generation */

	/* The engine that takes commands from the queue. */
	struct actor engine;
	struct iommu_command command;
	unsigned phase;
};

/* iommu and auditor (audit.h) stay the caller's. */
void unit_init(struct unit *unit, struct engine *engine, const struct config *config, struct iommu *iommu,
	       struct iommu *auditor, struct memory *memory, struct result_scheme *result);

/* A request is under way from unit_enter (its generation) to unit_leave, when its data was moved. */
unsigned unit_enter(struct unit *unit, struct actor *actor);
void unit_leave(struct unit *unit, struct actor *actor, unsigned generation);

/*
 * Translates in steps: begin after a touch, then step at each touch until it says true; time is
 * charged to the actor, the latency recorded as a hit, a miss or a fault.
 */
void unit_begin(struct unit *unit, struct actor *actor, struct unit_request *own, const struct iommu_request *request);
bool unit_step(struct unit *unit, struct actor *actor, struct unit_request *own);

/* The same at once, for an actor with a story. */
void unit_translate(struct unit *unit, struct actor *actor, struct unit_request *own,
		    const struct iommu_request *request);

/* The queue has work: the engine looks again (after a register write by the running actor). */
void unit_doorbell(struct unit *unit, struct actor *actor);

/* Carries out one descriptor that did not come through the unit's own queue; the actor waits for it. */
void unit_execute(struct unit *unit, struct actor *actor, const uint64_t word[4]);

/* A command by register removed entries from the caches at this moment: returns when it says that it is done. */
void unit_invalidated(struct unit *unit, struct actor *actor, bool drain);

/* The status word at address was written: who polls it looks again. */
void unit_status_written(struct unit *unit, struct actor *actor, phys_t address);

/* Returns when the 32-bit word at address holds value; polls cost timing.guest.status_poll each, and the actor spins. */
void unit_poll_status(struct unit *unit, struct actor *actor, phys_t address, uint32_t value);

#endif
