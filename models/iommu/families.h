/* SPDX-License-Identifier: Apache-2.0 */
/* The IOMMU families that are modelled, one line each in families.c. */
#ifndef IOMMUSIM_IOMMU_FAMILIES_H
#define IOMMUSIM_IOMMU_FAMILIES_H

#include <stddef.h>

#include "models/iommu/describe.h"

struct iommu_family {
	const char *name;          /* as in iommu_ops.family */
	const char *help;          /* what of it is modelled */
	iommu_restore_fn *restore; /* NULL: registers alone do not tell the unit's state */
};

extern const struct iommu_family iommu_families[];
extern const size_t iommu_family_count;

#endif
