/* SPDX-License-Identifier: Apache-2.0 */
/* A guest on POWER: its DMA windows, and the DMA API that fills them by hypercalls. */
#ifndef IOMMUSIM_SIM_POWER_GUEST_H
#define IOMMUSIM_SIM_POWER_GUEST_H

#include "models/software/spapr_hypercall.h"
#include "models/software/tce_allocator.h"
#include "sim/machine.h"

struct power_guest {
	phys_t *list; /* [virtual CPUs] a page of TCEs to put at once */

	/* In the host. */
	struct spapr_slot slot[2];
	struct spapr_guest memory;
	struct slots emulator_lock; /* of the user-space device model */
};

/* One IOVA space: a virtual host bridge with its window, and the host's container behind it. */
struct power_domain {
	/* In the guest. */
	uint32_t number;          /* its window's LIOBN */
	bool has_window;          /* and may map into it */
	struct slots window_lock; /* of who asks for it */
	struct tce_allocator allocator;
	struct spinlock pool_lock[TCE_ALLOCATOR_POOLS + 1];

	/* In the host; of domains with assigned devices. */
	struct vfio_container container;
	struct vfio_group group;
	struct spapr_group endpoint;
	struct spapr_liobn liobn;
	bool is_assigned;
};

void power_guest_create(struct guest *guest);

/* Functions of a struct translation. */
void power_guest_create_domain(struct domain *domain);
bool power_guest_map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op);
void power_guest_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op,
		       const struct mapping *mapping);
bool power_guest_attach(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op);

/* Where the window lies that the parameters describe. */
iova_t power_guest_window_start(const struct config *config);

#endif
