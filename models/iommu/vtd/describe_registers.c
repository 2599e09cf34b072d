/* SPDX-License-Identifier: Apache-2.0 */
/* The registers behind describe.h. */
#include "models/iommu/vtd/describe.h"

const struct iommu_register vtd_described_registers[] = {
	{ 0 },
};
