/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's first stage nested on an IOAS: the guest changes its own table, and only its invalidations come here, to be
 * checked and forwarded.  This is what the hypervisor does many times; the ioctls' full rules are in iommufd_hwpt.h.
 *
 * Sources: [LINUX] include/uapi/linux/iommufd.h, drivers/iommu/intel/nested.c.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_NESTED_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_NESTED_H

#include "models/software/iommufd_ioas.h"

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
