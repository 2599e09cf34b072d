/* SPDX-License-Identifier: Apache-2.0 */
/* A host on POWER: its PCI host bridge, the firmware and the kernel that program it, VFIO's containers. */
#ifndef IOMMUSIM_SIM_POWER_HOST_H
#define IOMMUSIM_SIM_POWER_HOST_H

#include "models/software/opal.h"
#include "models/software/spapr.h"
#include "sim/machine.h"

struct power_host {
	struct opal_phb bridge;
	struct iommu registers; /* the bridge's as firmware reaches it: writes go to the unit and to its auditor */
	struct spapr_hardware hardware;
	struct spapr_host spapr;
	struct vfio_host vfio;
	unsigned endpoints; /* PEs in use */
};

/* Functions of a struct translation. */
bool power_host_create(struct machine *machine, struct err *err);
bool power_host_assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err);
int power_host_start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work);
bool power_host_start(struct guest *guest, struct host_work *work, struct err *err);
unsigned power_host_kernel_page_lg2(const struct config *config);

/* The dynamic window that the guest asked for. */
bool power_host_add_window(struct domain *domain, struct host_work *work, struct err *err);

#endif
