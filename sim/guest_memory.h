/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's memory: where it lies, how the host maps and pins it when the guest starts, and what that left in the
 * host's tables.  Guest-physical memory lies from 0 and, what is more than machine.guest_low_bytes, from 4 GiB.
 */
#ifndef IOMMUSIM_SIM_GUEST_MEMORY_H
#define IOMMUSIM_SIM_GUEST_MEMORY_H

#include "sim/machine.h"

/* One memory slot; bytes 0: the guest has none there. */
struct guest_slot {
	phys_t gpa;
	uint64_t bytes;
};
#define GUEST_SLOTS 2u
struct guest_slot guest_slot(const struct config *config, unsigned number);

/* Where it ends. */
uint64_t guest_memory_end(const struct config *config);
/* Is there memory at all of [gpa, gpa + bytes)? */
bool guest_memory_backs(const struct config *config, phys_t gpa, uint64_t bytes);

/* The address nearest to gpa, which is the guest's, from which so many bytes lie in the same slot; the slot's when none is. */
phys_t guest_memory_fitting(const struct config *config, phys_t gpa, uint64_t bytes);

/* Of [gpa, gpa + bytes) what is mapped by one call at start (machine.map_block_bytes). */
uint64_t guest_memory_block(const struct config *config, phys_t gpa, uint64_t bytes);

/* Maps or registers all slots (not with pin on-map), makes windows, and records what that costs and leaves. */
bool guest_memory_start(struct guest *guest, struct err *err);

#endif
