/* SPDX-License-Identifier: Apache-2.0 */
/* Invalidations that a guest without a queue asks for by register, as the descriptors that mean the same. */
#include "models/base/bits.h"
#include "models/iommu/vtd/layout_commands.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/software/viommu.h"

bool viommu_register(struct viommu *viommu, uint64_t extended_capability, unsigned offset, uint64_t value,
		     uint64_t word[2])
{
	unsigned iotlb = 16u * (unsigned)FIELD_GET(VTD_ECAP_IRO, extended_capability);

	word[0] = word[1] = 0;
	if (offset == iotlb)
		viommu->iva = value;
	if (offset == VTD_REG_CCMD && (value & VTD_CCMD_ICC)) {
		word[0] = FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_CONTEXT) |
			  FIELD_PUT(VTD_CC_INV0_G, FIELD_GET(VTD_CCMD_CIRG, value)) |
			  FIELD_PUT(VTD_CC_INV0_DID, FIELD_GET(VTD_CCMD_DID, value)) |
			  FIELD_PUT(VTD_CC_INV0_SID, FIELD_GET(VTD_CCMD_SID, value)) |
			  FIELD_PUT(VTD_CC_INV0_FM, FIELD_GET(VTD_CCMD_FM, value));
		return true;
	}
	if (offset == iotlb + 8 && (value & VTD_IOTLB_IVT)) {
		word[0] = FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_IOTLB) |
			  FIELD_PUT(VTD_IOTLB_INV0_G, FIELD_GET(VTD_IOTLB_IIRG, value)) |
			  FIELD_PUT(VTD_IOTLB_INV0_DID, FIELD_GET(VTD_IOTLB_DID, value));
		/* ADDR, IH and AM have the same places. */
		if (FIELD_GET(VTD_IOTLB_IIRG, value) == VTD_IOTLB_PAGE)
			word[1] = viommu->iva;
		return true;
	}
	return false;
}
