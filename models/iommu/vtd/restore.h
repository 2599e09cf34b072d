/* SPDX-License-Identifier: Apache-2.0 */
/* A VT-d unit of recorded registers: CAP, ECAP, GSTS and RTADDR, as iommu_restore_fn in describe.h says. */
#ifndef IOMMUSIM_IOMMU_VTD_RESTORE_H
#define IOMMUSIM_IOMMU_VTD_RESTORE_H

#include "models/iommu/describe.h"

struct iommu *vtd_restore(iommu_recorded_fn *recorded, void *argument, struct iommu_not_modelled *not_modelled,
			  struct err *err);

#endif
