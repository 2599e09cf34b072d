/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each descriptor of the invalidation queue says.  [VTD] "Queued Invalidation Interface" and its sections
 * on each descriptor, "Page Group Response Descriptor".
 *
 * Each function is false when a reserved field is set or a field is out of its range, and nothing was done.
 */
#include "models/iommu/vtd/unit.h"

static bool context_cache(struct vtd *unit, struct iommu_command *command)
{
	uint64_t word = command->word[0];
	enum vtd_cc_granularity granularity = FIELD_GET(VTD_CC_INV0_G, word);
	const uint64_t reserved = VTD_CC_INV0_RSVD_8_6 | VTD_CC_INV0_RSVD_15_12 | VTD_CC_INV0_RSVD_63_50;

	if ((word & reserved) || command->word[1] || granularity < VTD_CC_GLOBAL)
		return false;
	command->kind = IOMMU_COMMAND_CONTEXT;
	command->invalidated = vtd_invalidate_contexts(unit, granularity, (uint16_t)FIELD_GET(VTD_CC_INV0_DID, word),
						       (uint16_t)FIELD_GET(VTD_CC_INV0_SID, word),
						       VTD_FM_IGNORED(FIELD_GET(VTD_CC_INV0_FM, word)));
	return true;
}

static bool pasid_cache(struct vtd *unit, struct iommu_command *command)
{
	uint64_t word = command->word[0];
	enum vtd_pc_granularity granularity = FIELD_GET(VTD_PC_INV0_G, word);
	const uint64_t reserved = VTD_PC_INV0_RSVD_8_6 | VTD_PC_INV0_RSVD_15_12 | VTD_PC_INV0_RSVD_63_52;

	if ((word & reserved) || command->word[1])
		return false;
	if (granularity != VTD_PC_DOMAIN && granularity != VTD_PC_PASID && granularity != VTD_PC_GLOBAL)
		return false;
	command->kind = IOMMU_COMMAND_CONTEXT;
	command->invalidated = vtd_invalidate_pasids(unit, granularity, (uint16_t)FIELD_GET(VTD_PC_INV0_DID, word),
						     (uint32_t)FIELD_GET(VTD_PC_INV0_PASID, word));
	return true;
}

static bool iotlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	enum vtd_iotlb_granularity granularity = FIELD_GET(VTD_IOTLB_INV0_G, word[0]);
	unsigned address_mask = (unsigned)FIELD_GET(VTD_IOTLB_INV1_AM, word[1]);
	bool always_drains = vtd_major_version(unit) >= 2;
	const uint64_t reserved = VTD_IOTLB_INV0_RSVD_8 | VTD_IOTLB_INV0_RSVD_15_12 | VTD_IOTLB_INV0_RSVD_63_32;

	if ((word[0] & reserved) || (word[1] & VTD_IOTLB_INV1_RSVD_11_7) || granularity < VTD_IOTLB_GLOBAL)
		return false;
	if (granularity == VTD_IOTLB_PAGE &&
	    (!(unit->capability & VTD_CAP_PSI) || address_mask > FIELD_GET(VTD_CAP_MAMV, unit->capability)))
		return false;
	command->kind = IOMMU_COMMAND_IOTLB;
	/* Units since major version 2 always drain. */
	command->drain_reads = always_drains || ((word[0] & VTD_IOTLB_INV0_DR) && (unit->capability & VTD_CAP_DRD));
	command->drain_writes = always_drains || ((word[0] & VTD_IOTLB_INV0_DW) && (unit->capability & VTD_CAP_DWD));
	command->invalidated =
		vtd_invalidate_iotlb(unit, granularity, (uint16_t)FIELD_GET(VTD_IOTLB_INV0_DID, word[0]),
				     word[1] & VTD_IOTLB_INV1_ADDR, address_mask, word[1] & VTD_IOTLB_INV1_IH);
	return true;
}

/* Always drains.  [VTD] "Draining of Requests to Memory" */
static bool pasid_iotlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	enum vtd_p_iotlb_granularity granularity = FIELD_GET(VTD_P_IOTLB_INV0_G, word[0]);
	unsigned address_mask = (unsigned)FIELD_GET(VTD_P_IOTLB_INV1_AM, word[1]);
	const uint64_t reserved = VTD_P_IOTLB_INV0_RSVD_8_6 | VTD_P_IOTLB_INV0_RSVD_15_12 | VTD_P_IOTLB_INV0_RSVD_63_52;

	if ((word[0] & reserved) || (word[1] & VTD_P_IOTLB_INV1_RSVD_11_7) || granularity < VTD_P_IOTLB_PASID)
		return false;
	command->kind = IOMMU_COMMAND_IOTLB;
	command->drain_reads = command->drain_writes = true;
	command->invalidated =
		vtd_invalidate_pasid_iotlb(unit, granularity, (uint16_t)FIELD_GET(VTD_P_IOTLB_INV0_DID, word[0]),
					   (uint32_t)FIELD_GET(VTD_P_IOTLB_INV0_PASID, word[0]),
					   word[1] & VTD_P_IOTLB_INV1_ADDR, address_mask,
					   word[1] & VTD_P_IOTLB_INV1_IH);
	return true;
}

/* ---- devices ---- */

/*
 * The addresses of an invalidation request: with S the lowest zero bit of the address tells their number, at
 * bit 12: two pages, at bit 13: four ...  [PCIE] "Invalidate Request"
 */
static void set_device_range(struct iommu_device_invalidation *invalidation, uint64_t address, bool size)
{
	unsigned lg2 = PAGE_LG2;

	if (size)
		for (lg2++; lg2 < 64 && (address & BIT64(lg2 - 1)); lg2++)
			;
	vtd_set_range(address, lg2, &invalidation->first, &invalidation->last);
}

/*
 * SIMPLIFIED: the hint MIP, with ECAP.DIT of the function PFSID, throttles nothing: the requests at one
 * device are as many as there are tags.
 */
static bool device_tlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	const uint64_t pfsid = VTD_DEV_TLB_INV0_PFSID_3_0 | VTD_DEV_TLB_INV0_PFSID_15_4;
	const uint64_t reserved = VTD_DEV_TLB_INV0_RSVD_8_4 | VTD_DEV_TLB_INV0_RSVD_31_21 |
				  VTD_DEV_TLB_INV0_RSVD_51_48 | (unit->extended_capability & VTD_ECAP_DIT ? 0 : pfsid);

	if ((word[0] & reserved) || (word[1] & VTD_DEV_TLB_INV1_RSVD_11_1))
		return false;
	command->kind = IOMMU_COMMAND_DEVICE_TLB;
	command->device_invalidation.source_id = (uint16_t)FIELD_GET(VTD_DEV_TLB_INV0_SID, word[0]);
	set_device_range(&command->device_invalidation, word[1] & VTD_DEV_TLB_INV1_ADDR, word[1] & VTD_DEV_TLB_INV1_S);
	return true;
}

static bool pasid_device_tlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	const uint64_t pfsid = VTD_P_DEV_TLB_INV0_PFSID_3_0 | VTD_P_DEV_TLB_INV0_PFSID_15_4;
	struct iommu_device_invalidation *invalidation = &command->device_invalidation;

	if (word[1] & VTD_P_DEV_TLB_INV1_RSVD_10_1)
		return false;
	if (!(unit->extended_capability & VTD_ECAP_DIT) && (word[0] & pfsid))
		return false;
	command->kind = IOMMU_COMMAND_DEVICE_TLB;
	invalidation->source_id = (uint16_t)FIELD_GET(VTD_P_DEV_TLB_INV0_SID, word[0]);
	invalidation->has_pasid = true;
	invalidation->global = word[1] & VTD_P_DEV_TLB_INV1_G;
	invalidation->pasid = invalidation->global ? 0 : (uint32_t)FIELD_GET(VTD_P_DEV_TLB_INV0_PASID, word[0]);
	set_device_range(invalidation, word[1] & VTD_P_DEV_TLB_INV1_ADDR, word[1] & VTD_P_DEV_TLB_INV1_S);
	return true;
}

static bool page_group_response(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	enum vtd_page_response code = FIELD_GET(VTD_PG_RESP0_RC, word[0]);
	struct iommu_page_response *response = &command->page_response;

	(void)unit;
	if ((word[0] & (VTD_PG_RESP0_RSVD_8_5 | VTD_PG_RESP0_RSVD_63_52)) ||
	    (word[1] & (VTD_PG_RESP1_RSVD_1_0 | VTD_PG_RESP1_RSVD_63_12)))
		return false;
	command->kind = IOMMU_COMMAND_PAGE_RESPONSE;
	response->source_id = (uint16_t)FIELD_GET(VTD_PG_RESP0_RID, word[0]);
	response->has_pasid = word[0] & VTD_PG_RESP0_PP;
	response->pasid = response->has_pasid ? (uint32_t)FIELD_GET(VTD_PG_RESP0_PASID, word[0]) : 0;
	response->group = (uint16_t)FIELD_GET(VTD_PG_RESP1_PRGI, word[1]);
	/* A function takes an unused code for a failure.  [PCIE] "Page Request Group Response" */
	response->code = code == VTD_PAGE_RESPONSE_SUCCESS   ? IOMMU_PAGE_SUCCESS
			 : code == VTD_PAGE_RESPONSE_INVALID ? IOMMU_PAGE_INVALID
							     : IOMMU_PAGE_FAILURE;
	return true;
}

/* ---- the rest ---- */

/*
 * There is no interrupt remapping, so there is nothing to do; yet the type is valid: where a type needs a
 * feature the specification says so, and of this one it does not.
 */
static bool interrupt_entries(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t reserved = VTD_IEC_INV0_RSVD_8_5 | VTD_IEC_INV0_RSVD_26_12 | VTD_IEC_INV0_RSVD_63_48;

	(void)unit;
	return !(command->word[0] & reserved) && !command->word[1];
}

static bool wait(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	const uint64_t reserved =
		VTD_WAIT0_RSVD_8 | VTD_WAIT0_RSVD_31_12 | (unit->extended_capability & VTD_ECAP_PDS ? 0 : VTD_WAIT0_PD);

	if ((word[0] & reserved) || (word[1] & VTD_WAIT1_RSVD_1_0))
		return false;
	command->kind = IOMMU_COMMAND_WAIT;
	return true;
}

/* The types, in the order of their codes.  [VTD] "Hardware Handling of Queued Invalidation Interface Errors" */
static const struct descriptor {
	bool (*execute)(struct vtd *, struct iommu_command *); /* NULL: invalid */
	bool not_legacy;                                       /* of scalable and abort-DMA mode only */
	uint64_t needs;                                        /* ECAP bit, or 0 */
} descriptors[] = {
	[VTD_INV_CONTEXT] = { context_cache, false, 0 },
	[VTD_INV_IOTLB] = { iotlb, false, 0 },
	[VTD_INV_DEVICE_TLB] = { device_tlb, false, VTD_ECAP_DT },
	[VTD_INV_INTERRUPT] = { interrupt_entries, false, 0 },
	[VTD_INV_WAIT] = { wait, false, 0 },
	[VTD_INV_PASID_IOTLB] = { pasid_iotlb, true, 0 },
	[VTD_INV_PASID_CACHE] = { pasid_cache, true, 0 },
	[VTD_INV_PASID_DEVICE_TLB] = { pasid_device_tlb, true, VTD_ECAP_DT },
	[VTD_INV_PAGE_GROUP_RESPONSE] = { page_group_response, true, VTD_ECAP_PRS },
};

enum vtd_iqei vtd_descriptor_execute(struct vtd *unit, struct iommu_command *command)
{
	uint64_t type = VTD_INV_TYPE(command->word[0]);
	const struct descriptor *descriptor =
		&descriptors[type < sizeof(descriptors) / sizeof(descriptors[0]) ? type : 0];

	if (!descriptor->execute || (descriptor->not_legacy && unit->ttm == VTD_TTM_LEGACY) ||
	    (unit->extended_capability & descriptor->needs) != descriptor->needs)
		return VTD_IQEI_TYPE;
	if (command->word[2] || command->word[3] || !descriptor->execute(unit, command))
		return VTD_IQEI_RESERVED;
	return VTD_IQEI_NONE;
}
