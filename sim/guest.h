/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual CPU does for each operation of the trace, whatever the translation. */
#ifndef IOMMUSIM_SIM_GUEST_H
#define IOMMUSIM_SIM_GUEST_H

#include "sim/machine.h"

/* The story of one virtual CPU's actor. */
void vcpu_story(struct actor *actor, void *vcpu);

/* The IOVA space of the row's device; NULL: it has none. */
struct domain *guest_domain(struct guest *guest, const struct trace_op *op);

/* PT_READ and PT_WRITE as the direction of a transfer needs them. */
unsigned guest_permissions(enum trace_direction direction);

#endif
