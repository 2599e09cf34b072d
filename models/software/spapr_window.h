/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DMA window of an sPAPR container: the TCE table that hardware reads, and beside it, for v2, the user view: from
 * which address of the process each entry came, so that the entry's end counts back at the right region.
 *
 * Entries are numbered from the window's start.  Nothing here checks what a caller may do; that is spapr.h's, and
 * spapr_hypercall.h's.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_spapr_tce.c (tce_iommu_build, tce_iommu_build_v2, tce_iommu_clear),
 * arch/powerpc/kernel/iommu.c, arch/powerpc/platforms/powernv/pci-ioda-tce.c.
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_WINDOW_H
#define IOMMUSIM_SOFTWARE_SPAPR_WINDOW_H

#include "models/software/registration.h"
#include "models/software/spapr_group.h"
#include "models/software/spapr_platform.h"
#include "models/software/tce_table.h"

/* A host's kernel as it has sPAPR windows: where their tables lie. */
struct spapr_host {
	const struct spapr_platform *platform;
	unsigned page_lg2; /* of the kernel: 12 or 16 */
	struct memory_view view;
	struct frames *frames; /* not owned */
};

struct spapr_window {
	const struct spapr_host *host;
	unsigned number;
	struct spapr_place place;
	unsigned page_lg2;
	uint64_t accounted_bytes;
	struct tce_table table;
	struct tce_table view;             /* of v2: vaddr | TCE_R of each entry that has a region */
	struct spapr_group *const *groups; /* of the container: whose bridges are killed */
	struct pins *pins;                 /* v1's entries pin; NULL: v2 */
};

/* place and accounted_bytes: the platform's.  ENOMEM: no frames. */
int spapr_window_init(struct spapr_window *window, const struct spapr_host *host, const struct spapr_request *request,
		      const struct spapr_place *place, struct host_work *work);
/* Its entries must have been cleared. */
void spapr_window_fini(struct spapr_window *window);

static inline bool spapr_window_holds(const struct spapr_window *window, iova_t iova)
{
	return iova - window->place.start < window->place.bytes;
}

static inline uint64_t spapr_window_page_bytes(const struct spapr_window *window)
{
	return UINT64_C(1) << window->page_lg2;
}

/*
 * One entry becomes that of vaddr, which region holds (v2).  What was there counts back.  ENOMEM: no frame for a
 * table, nothing has changed.  No kill.
 */
int spapr_window_put_region(struct spapr_window *window, struct registrations *registrations, iova_t iova,
			    struct region *region, uint64_t vaddr, unsigned permissions, struct host_work *work);
/* One entry becomes that of a page that the caller pinned (v1: one level); what was there is unpinned. */
void spapr_window_put_page(struct spapr_window *window, iova_t iova, phys_t phys, unsigned permissions,
			   struct host_work *work);

/* Clears entries, gives back what they had, kills them. */
void spapr_window_clear(struct spapr_window *window, struct registrations *registrations, iova_t iova, uint64_t entries,
			struct host_work *work);
/* As spapr_window_clear, of one entry, and no kill. */
void spapr_window_clear_one(struct spapr_window *window, struct registrations *registrations, iova_t iova,
			    struct host_work *work);
/* Kills entries in the bridge of each group. */
void spapr_window_kill(struct spapr_window *window, iova_t iova, uint64_t entries, struct host_work *work);

#endif
