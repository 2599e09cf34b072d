/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a process registered for DMA beforehand: pinned and accounted once, however many containers hold and map
 * it.  A map then only finds the region and counts itself; an unmap counts back.
 *
 * A region has references, one of each container that registered it, and a mapped count: mappings (type1) or table
 * entries (sPAPR) that lie in it.  A region is found by any container of the process, whoever registered it.
 *
 * Rules are those of VFIO_IOMMU_SPAPR_REGISTER_MEMORY as the interface states them: exact address and size to
 * unregister, no overlap, EBUSY for the last reference while mapped.  (Kernels up to 6.12 answer 0 then and leak the
 * region; that defect is not modelled, docs/spapr-tce.md.)
 *
 * Sources: [LINUX] include/uapi/linux/vfio.h, drivers/vfio/vfio_iommu_spapr_tce.c,
 * arch/powerpc/mm/book3s64/iommu_api.c; recorded answers, tests/data/oracles/.
 */
#ifndef IOMMUSIM_SOFTWARE_REGISTRATION_H
#define IOMMUSIM_SOFTWARE_REGISTRATION_H

#include "models/software/host.h"
#include "models/software/process.h"
#include "models/software/ranges.h"

struct region_run; /* registration.c */

struct region {
	uint64_t vaddr, bytes;
	uint32_t references;
	uint64_t mapped;
	unsigned page_lg2;      /* largest page of a table that may lie here: hugetlb's where it is all of the region */
	struct region_run *run; /* [run_count] where it lies, from vaddr on */
	size_t run_count;
};

/* Of one process. */
struct registrations {
	struct process *process; /* not owned */
	unsigned page_lg2;       /* of the host's kernel: 12 or 16 */
	uint32_t pin_batch_pages;
	struct ranges ranges; /* by vaddr; value[0]: struct region * */
};

/* They become the process's. */
void registrations_init(struct registrations *registrations, struct process *process, unsigned page_lg2,
			uint32_t pin_batch_pages);
/* Unpins and uncharges what is left. */
void registrations_fini(struct registrations *registrations);

/*
 * For a container that does not hold it: one reference more on exactly this region, or a new region.  vaddr and bytes
 * are multiples of the kernel's page and do not wrap.  ENOMEM: the limit, or no bytes; EFAULT: memory that is not there,
 * or cannot be written; EINVAL: overlaps another.  Asked in this order, nothing remains.
 */
int registration_get(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct region **region,
		     struct host_work *work);
/* One reference less.  EBUSY: it is the last one, and the region is mapped; nothing has changed. */
int registration_put(struct registrations *registrations, struct region *region, struct host_work *work);
/* The same where none may refuse (a container is closed): a region that is still mapped goes with its last mapping. */
void registration_abandon(struct registrations *registrations, struct region *region, struct host_work *work);

/* Exactly this region; or the one that holds all of the range.  NULL: there is none.  Valid until its last put. */
struct region *registration_exact(const struct registrations *registrations, uint64_t vaddr, uint64_t bytes,
				  struct host_work *work);
struct region *registration_find(const struct registrations *registrations, uint64_t vaddr, uint64_t bytes,
				 struct host_work *work);

/* Where vaddr, which it holds, lies. */
phys_t region_phys(const struct region *region, uint64_t vaddr);
/* The contiguous run from vaddr on, at most bytes, as it was pinned. */
struct process_run region_run_at(const struct region *region, uint64_t vaddr, uint64_t bytes);
/* A table entry begins or ends to lie in it. */
void region_map(struct region *region);
void region_unmap(struct registrations *registrations, struct region *region, struct host_work *work);

/*
 * The calls where one container stands for the process (type1 with pre-registration).  EINVAL: misaligned or wrapping;
 * EBUSY: this very range is registered; then registration_get's.
 */
int registration_add(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work);
/* EINVAL: misaligned; ENOENT: not exactly one that was added; EBUSY: still mapped. */
int registration_remove(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work);

/*
 * A mapping of [vaddr, vaddr + bytes) begins or ends.  EINVAL when no one registration holds all
 * of it (sPAPR v2's answer for memory that is not registered).
 */
int registration_use(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct region **region,
		     struct host_work *work);
void registration_release(struct registrations *registrations, struct region *region, struct host_work *work);

#endif
