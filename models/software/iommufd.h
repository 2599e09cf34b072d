/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommufd: an IO address space (IOAS) over a container, and a guest's first
 * stage nested on it (HWPT).  The IOAS is mapped once with the guest's memory and
 * is the nesting parent; the guest then changes its own table, and only its
 * invalidations come here, to be checked and forwarded.
 *
 * SIMPLIFIED: one domain per IOAS, attached before the first map (without one, iommufd pins nothing);
 * no copies between IOAS.
 *
 * Sources: [LINUX] include/uapi/linux/iommufd.h, drivers/iommu/iommufd/{io_pagetable,pages,hw_pagetable}.c,
 * drivers/iommu/intel/nested.c; recorded answers of a 6.12 kernel.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_H

#include "models/software/container.h"

struct ioas {
	struct container container;
	iova_t iova_last; /* aperture, inclusive */
};

void ioas_init(struct ioas *ioas, const struct container_config *config, iova_t iova_last);
void ioas_fini(struct ioas *ioas);

/*
 * IOMMU_IOAS_MAP with a fixed IOVA.  In this order: EINVAL without permissions; EOVERFLOW for a wrap; EINVAL for
 * no bytes, for misalignment, beyond the aperture or in the interrupt window; EEXIST for an overlap; then
 * container_map's.
 */
int ioas_map(struct ioas *ioas, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
	     struct host_work *work);

/*
 * IOMMU_IOAS_UNMAP.  iova 0 and bytes UINT64_MAX: everything, be it nothing.  EINVAL for no bytes, EOVERFLOW for a
 * wrap.  When 0, call ioas_unmap_step until it says false, then see call->error: ENOENT when the range cut a
 * mapping (those before it are gone) or held none.
 */
int ioas_unmap_begin(struct ioas *ioas, struct unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work);
bool ioas_unmap_step(struct ioas *ioas, struct unmap_call *call, struct host_work *work);

/* ---- nested ---- */

/* struct iommu_hwpt_vtd_s1: what a guest says of its first stage. */
struct vtd_s1 {
	bool supervisor_request, extended_accessed, write_protect; /* SRE, EAFE, WPE */
	phys_t root;                                               /* guest-physical */
	unsigned levels;                                           /* 4 or 5 */
};

/* Reads it from a guest's PASID table entry (8 words); false when that is not present or not a first stage. */
bool vtd_s1_from_pasid_entry(const uint64_t entry[8], struct vtd_s1 *s1);

/* A nested HWPT: allocated from a parent and a guest's first stage. */
struct nested_hwpt {
	struct ioas *parent;
	struct vtd_s1 s1;
};

/* IOMMU_HWPT_ALLOC, data VTD_S1.  EINVAL unless the unit walks it: 4 levels, and 5 with five_level (CAP.FS5LP). */
int nested_hwpt_init(struct nested_hwpt *hwpt, struct ioas *parent, const struct vtd_s1 *s1, bool five_level,
		     struct host_work *work);

/* struct iommu_hwpt_vtd_s1_invalidate. */
struct vtd_s1_invalidation {
	iova_t addr;
	uint64_t npages; /* UINT64_MAX with addr 0: everything */
	bool leaf;       /* only leaf entries changed */
};

/*
 * IOMMU_HWPT_INVALIDATE of count requests: checks them in order and stops at the first bad one with EINVAL (a
 * misaligned address; everything, but not from 0); *accepted of them are to be forwarded as PASID-based IOTLB
 * invalidations.
 */
int nested_hwpt_invalidate(const struct vtd_s1_invalidation *request, unsigned count, unsigned *accepted,
			   struct host_work *work);

#endif
