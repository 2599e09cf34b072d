/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that sees an emulated VT-d unit: its driver, and the DMA API over it. */
#ifndef IOMMUSIM_SIM_VTD_GUEST_H
#define IOMMUSIM_SIM_VTD_GUEST_H

#include "models/software/viommu.h"
#include "models/software/vtd_driver.h"
#include "sim/machine.h"
#include "sim/translation.h"

/* What the device model has the host do for one of the guest's devices, in time. */
typedef void vtd_call_fn(struct guest *guest, struct actor *actor, struct assignment *to,
			 const struct viommu_call *call);

struct vtd_guest {
	struct iommu *unit; /* the emulated unit's registers and queue */
	struct viommu viommu;
	struct assignment **assignment; /* [spaces of viommu] */
	vtd_call_fn *call;
	struct slots emulator_lock; /* of the user-space device model */

	struct vtd_driver *driver;
	struct vtd_invalidations *list; /* [virtual CPUs, then domains, for their flush timers] */
	struct spinlock queue_lock;
	struct spinlock register_lock;
	struct spinlock *cache_lock; /* [domains] */
	struct waiters queue_space;
	struct waiters queue_idle; /* hardware queue: its engine, while it is empty */
};

/* guest->vtd: with a scalable-mode unit whose first stage is the guest's (nested), or one in caching mode. */
bool vtd_guest_create(struct guest *guest, bool nested, vtd_call_fn *call, struct err *err);

/* The unit shows the device; the guest knows it as guest_id. */
void vtd_guest_add(struct guest *guest, struct assignment *to, uint16_t guest_id);

/* Functions of a struct translation. */
void vtd_guest_create_domain(struct domain *domain);
bool vtd_guest_map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op);
void vtd_guest_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, const struct mapping *mapping);
bool vtd_guest_attach(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op);
void vtd_guest_flush(struct domain *domain, struct actor *actor, const struct vcpu *vcpu);
void vtd_guest_free_tables(struct domain *domain, struct table_list *freed);

#endif
