/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated VT-d unit in time: the guest's accesses to it exit to the device model, one thread at a time, which
 * turns descriptors into calls of the host (struct vtd_guest: call).
 */
#ifndef IOMMUSIM_SIM_VTD_EMULATOR_H
#define IOMMUSIM_SIM_VTD_EMULATOR_H

#include "models/iommu/iommu.h"
#include "sim/machine.h"

/* The guest wrote its queue's tail register and the write exits; returns when the guest runs again. */
void vtd_emulator_queue(struct guest *guest, struct actor *actor, uint32_t tail);

/* The guest's access to another register, which exits; a write may be an invalidation. */
void vtd_emulator_write(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes, uint64_t value);
uint64_t vtd_emulator_read(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes);

/* One access of the unit to the guest's memory, without time. */
void vtd_emulator_access(struct guest *guest, struct iommu_command *command);

#endif
