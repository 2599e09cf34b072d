/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest stands still for a while, once in a run: its virtual CPUs stop where they next are in the guest.  A map, an
 * unmap or an attach that has begun ends first; what a CPU would have computed meanwhile it computes afterwards.
 *
 * SIMPLIFIED: an operation is not interrupted, so a pause begins up to one operation later than a hypervisor's would.
 */
#ifndef IOMMUSIM_SIM_PAUSE_H
#define IOMMUSIM_SIM_PAUSE_H

#include "sim/actor.h"

struct pause {
	bool is_possible; /* else nobody ever asks, and nobody looks */
	ps_t since;       /* asked for; UINT64_MAX: not yet */
	ps_t until;       /* over; UINT64_MAX: not yet */
	uint32_t inside;  /* operations under way */
	struct waiters outside, drained;
};

void pause_init(struct pause *pause, bool is_possible);

/* ---- virtual CPUs, and timers of the guest ---- */

/* An operation begins, when the guest runs, and ends. */
void pause_enter(struct pause *pause, struct actor *actor);
void pause_leave(struct pause *pause, struct actor *actor);
/* The CPU computed from begin until now: what of it fell into the pause is to be computed still. */
void pause_computed(struct pause *pause, struct actor *actor, ps_t begin);

/* ---- who replaces what runs the guest ---- */

/* Returns when no operation is under way. */
void pause_begin(struct pause *pause, struct actor *actor);
void pause_end(struct pause *pause, struct actor *actor);

#endif
