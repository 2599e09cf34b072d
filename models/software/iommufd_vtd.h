/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VT-d under iommufd: second-stage tables for HWPTs in simulated memory, and what its capability registers let be nested
 * on them.
 *
 * SIMPLIFIED: a HWPT has a second-stage table also where kernels since 6.14 would prefer a first-stage one (scalable
 * mode); no dirty tracking: a unit with SSADS still refuses it.
 *
 * Sources: [LINUX] drivers/iommu/intel/{iommu,nested}.c; [VTD] "Capability Register", "Extended Capability Register".
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_VTD_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_VTD_H

#include "models/software/iommufd_driver.h"

struct iommufd_vtd {
	struct iommufd_unit unit; /* first */
	uint64_t capability, extended_capability;
	bool scalable; /* the driver runs the unit in scalable mode */
	struct memory_view view;
	struct frames *frames; /* of tables; not owned */
};

void iommufd_vtd_init(struct iommufd_vtd *vtd, struct kernel kernel, uint64_t capability, uint64_t extended_capability,
		      bool scalable, struct memory_view view, struct frames *frames);

#endif
