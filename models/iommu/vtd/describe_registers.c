/* SPDX-License-Identifier: Apache-2.0 */
/* The registers behind describe.h; the meanings are those of the enumerations beside the masks. */
#include "models/iommu/vtd/describe.h"

#include "models/iommu/vtd/layout.h"

/* clang-format off */

static const struct field rtaddr[] = {
	FIELD_RESERVED(VTD_RTADDR, RSVD_6_0),
	FIELD_NUMBER(VTD_RTADDR, SSIRWE),
	FIELD_RESERVED(VTD_RTADDR, RSVD_9_8),
	FIELD_CHOICE(VTD_RTADDR, TTM, "legacy mode", "scalable mode", "reserved", "abort DMA"),
	FIELD_ADDRESS(VTD_RTADDR, RTA),
};


const struct iommu_register vtd_described_registers[] = {
	{ "RTADDR", VTD_REG_RTADDR, 8, LAYOUT_OF(NULL, rtaddr) },
	{ 0 },
};

/* clang-format on */
