/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bit of VT-d that a driver writes and the unit reads, or the reverse,
 * but for page-table entries (models/pagetable/vtd_first_stage.h and
 * vtd_second_stage.h).
 *
 * Source: [VTD], document D51397, Virtualization Technology for Directed I/O
 * Architecture Specification; which revision: docs/sources.md.
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_H

#include "models/iommu/vtd/layout_commands.h"
#include "models/iommu/vtd/layout_faults.h"
#include "models/iommu/vtd/layout_page_requests.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/layout_tables.h"

#endif
