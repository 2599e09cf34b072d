/* SPDX-License-Identifier: Apache-2.0 */
/* A POWER guest's hypercalls in time, answered by the device model with calls of VFIO, or by the host's kernel. */
#ifndef IOMMUSIM_SIM_POWER_HYPERCALL_H
#define IOMMUSIM_SIM_POWER_HYPERCALL_H

#include "models/software/tce_driver.h"
#include "sim/machine.h"

/* Returns when the guest runs again; a call that is refused ends the run. */
void power_hypercall(struct guest *guest, struct actor *actor, struct domain *domain, const struct tce_call *call);

/* The guest asks for a dynamic DMA window for the domain's devices, by two calls of RTAS. */
void power_create_window(struct guest *guest, struct actor *actor, struct domain *domain);

#endif
