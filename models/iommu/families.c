/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/families.h"

#include "models/iommu/vtd/restore.h"

const struct iommu_family iommu_families[] = {
	{ "vtd", "Intel VT-d: legacy and scalable mode, first stage, second stage, nested, queued invalidation",
	  vtd_restore },
	{ "tce", "POWER9 PCI host bridge (PHB4, IODA3): PEs, TVEs, TCE tables, kills, frozen PEs", NULL },
};

const size_t iommu_family_count = sizeof(iommu_families) / sizeof(iommu_families[0]);
