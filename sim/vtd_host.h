/* SPDX-License-Identifier: Apache-2.0 */
/* A host with a VT-d unit: the hardware, the kernel's driver of it, its invalidation queue and command registers. */
#ifndef IOMMUSIM_SIM_VTD_HOST_H
#define IOMMUSIM_SIM_VTD_HOST_H

#include "models/software/vtd_driver.h"
#include "sim/machine.h"

struct vtd_host {
	struct vtd_driver *driver;
	struct vtd_invalidations list; /* while starting */
	struct spinlock queue_lock;
	struct spinlock register_lock;
	struct waiters queue_space; /* who found no free descriptor */
};

/* machine->vtd and machine->unit.  A struct translation's create_host. */
bool vtd_host_create(struct machine *machine, struct err *err);

/* An empty second stage of the host's; list takes what its changes have to have invalidated. */
void vtd_host_domain(struct machine *machine, struct host_domain *host, struct vtd_invalidations *list);

/* Before the clock runs: a device appears, and a domain is put before it. */
void vtd_host_probe(struct machine *machine, uint16_t source_id);
bool vtd_host_attach_now(struct machine *machine, struct vtd_domain *domain, uint16_t source_id, struct err *err);

/* Does all that list holds, before the clock runs. */
void vtd_host_submit_now(struct machine *machine, struct vtd_invalidations *list);

/* In time: does all that list holds, in order. */
void vtd_host_submit(struct machine *machine, struct actor *actor, struct vtd_invalidations *list);
/* Flushes what an unmap of the host's domain gathered. */
void vtd_host_flush(struct machine *machine, struct actor *actor, struct host_domain *host);

/* Starts and enables a driver, the host's or a guest's, on its unit.  NULL and *err: the unit cannot be driven. */
struct vtd_driver *vtd_driver_started(struct machine *machine, struct iommu *iommu, struct vtd_driver_config *config,
				      struct memory_view view, struct frames *frames,
				      const struct vtd_driver_registers *registers, struct err *err);

/* The machine hears the unit's interrupt messages, and the result says what the unit is. */
void vtd_introduce(struct machine *machine, struct iommu *iommu, enum result_capability capability,
		   enum result_capability extended);

/* No domain identifier was left for an attach by this driver, the guest's or the host's: sets *err, false. */
bool vtd_no_id(const struct machine *machine, const struct vtd_driver *driver, struct err *err);

#endif
