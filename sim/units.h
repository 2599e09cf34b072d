/* SPDX-License-Identifier: Apache-2.0 */
/* The IOMMUs of a machine as its parameters describe them: the hardware's, and the one that a guest sees. */
#ifndef IOMMUSIM_SIM_UNITS_H
#define IOMMUSIM_SIM_UNITS_H

#include "models/iommu/iommu.h"
#include "models/memory/memory.h"
#include "models/software/vtd_driver.h"
#include "scenarios/config.h"

/* NULL and *err when the parameters describe no possible unit.  Without caches: one that always tells what the tables say. */
struct iommu *units_hardware(const struct config *config, bool caches, struct err *err);
/* A POWER host's bridge. */
#define UNITS_BRIDGE_PES 512u
struct iommu *units_bridge(const struct config *config, bool caches, struct err *err);
/* The emulated unit's registers and queue; it translates nothing itself. */
struct iommu *units_virtual(const struct config *config, bool nested, struct err *err);

/* Addresses that the guest's tables, and the host's for the guest, may translate: the last. */
iova_t units_guest_last(const struct config *config, bool nested);
iova_t units_host_last(const struct config *config);

/* Before the clock runs: does at once what the driver has to have invalidated. */
void units_queue_now(struct vtd_driver *driver, struct iommu *iommu, struct memory_view view,
		     struct vtd_invalidations *list);

#endif
