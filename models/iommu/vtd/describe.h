/* SPDX-License-Identifier: Apache-2.0 */
/* The unit's structures and registers by name, for models/iommu/describe.h.  Nobody outside this folder includes it. */
#ifndef IOMMUSIM_IOMMU_VTD_DESCRIBE_H
#define IOMMUSIM_IOMMU_VTD_DESCRIBE_H

#include "models/iommu/describe.h"

enum vtd_entry {
	VTD_ENTRY_ROOT,
	VTD_ENTRY_SROOT,
	VTD_ENTRY_CONTEXT,
	VTD_ENTRY_SCONTEXT,
	VTD_ENTRY_PASIDDIR,
	VTD_ENTRY_PASID,
	VTD_ENTRIES
};

/* [entry][word] */
extern const struct layout vtd_entry_layouts[VTD_ENTRIES][IOMMU_WORDS_MAX];
extern const struct iommu_register vtd_described_registers[];

extern const struct iommu_describe_ops vtd_describe_ops;

void vtd_tables(const struct iommu *iommu, iommu_access_fn *access, void *access_argument, iommu_table_fn *visit,
		void *visit_argument);

#endif
