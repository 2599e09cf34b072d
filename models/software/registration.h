/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a process registered for DMA beforehand: pinned and accounted
 * once, however many containers map it.  A map then only finds the registration and
 * counts itself; an unmap counts back.
 *
 * Rules are those of VFIO_IOMMU_SPAPR_REGISTER_MEMORY as the interface states them: exact
 * address and size to unregister, no overlap, EBUSY while mapped.  (Kernels up to 6.12 answer
 * 0 for a region still mapped and leak it; that defect is not modelled.)
 *
 * Sources: [LINUX] include/uapi/linux/vfio.h, drivers/vfio/vfio_iommu_spapr_tce.c,
 * arch/powerpc/mm/book3s64/iommu_api.c; recorded answers, tests/data/oracles/.
 */
#ifndef IOMMUSIM_SOFTWARE_REGISTRATION_H
#define IOMMUSIM_SOFTWARE_REGISTRATION_H

#include "models/software/host.h"
#include "models/software/process.h"
#include "models/software/ranges.h"

/* Of one process. */
struct registrations {
	struct process *process; /* not owned */
	uint32_t pin_batch_pages;
	struct ranges ranges; /* by vaddr; value[0]: mappings that use it */
};

void registrations_init(struct registrations *registrations, struct process *process, uint32_t pin_batch_pages);
/* Unpins and uncharges what is left. */
void registrations_fini(struct registrations *registrations);

/*
 * EINVAL: misaligned or wrapping, or overlapping another; EBUSY: this very range is registered;
 * ENOMEM: the limit (and for bytes = 0, as recorded); EFAULT: memory that is not there, nothing remains.
 */
int registration_add(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work);

/* EINVAL: misaligned; ENOENT: not exactly one that was added; EBUSY: still mapped. */
int registration_remove(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work);

/*
 * A mapping of [vaddr, vaddr + bytes) begins or ends.  EINVAL when no one registration holds all
 * of it (sPAPR v2's answer for memory that is not registered).
 */
int registration_use(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work);
void registration_release(struct registrations *registrations, uint64_t vaddr, struct host_work *work);

#endif
