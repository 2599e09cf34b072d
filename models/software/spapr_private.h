/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of sPAPR's VFIO driver share: spapr.c (the container), spapr_windows.c (windows and entries). */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_PRIVATE_H
#define IOMMUSIM_SOFTWARE_SPAPR_PRIVATE_H

#include "models/software/spapr.h"

/* The owner's locked memory, in whole pages of the kernel.  ENOMEM: the limit. */
int spapr_charge(struct spapr_container *container, uint64_t bytes, struct host_work *work);
void spapr_uncharge(struct spapr_container *container, uint64_t bytes, struct host_work *work);

void spapr_group_set_window(struct spapr_group *group, unsigned number, const struct tce_table *table);

/* Clears it, frees it, uncharges it; no group has it. */
void spapr_window_drop(struct spapr_container *container, unsigned number, struct host_work *work);

/* The calls. */
int spapr_map(struct spapr_container *container, const struct spapr_map_call *call, struct host_work *work);
int spapr_unmap(struct spapr_container *container, const struct spapr_unmap_call *call, struct host_work *work);
int spapr_create(struct spapr_container *container, struct process *caller, struct spapr_create_call *call,
		 struct host_work *work);
int spapr_remove(struct spapr_container *container, struct process *caller, const struct spapr_remove_call *call,
		 struct host_work *work);

#endif
