/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invalidation queue.  [VTD] "Queued Invalidation Interface".
 *
 * Descriptors are taken one at a time and done before the next is fetched, so
 * a fence (FN) is always kept.  On an error the head stays at the descriptor,
 * FSTS.IQE is set and nothing is fetched until software clears it.
 */
#include "models/iommu/vtd/unit.h"
#include "models/iommu/vtd/vtd.h"

enum phase { FETCHING, WRITING_STATUS };

static bool is_wide(const struct vtd *unit)
{
	return vtd_reg64(unit, VTD_REG_IQA) & VTD_IQA_DW;
}

static unsigned descriptor_words(const struct vtd *unit)
{
	return is_wide(unit) ? 4 : 2;
}

static uint64_t queue_bytes(const struct vtd *unit)
{
	return PAGE_BYTES << FIELD_GET(VTD_IQA_QS, vtd_reg64(unit, VTD_REG_IQA));
}

static void stop(struct vtd *unit, enum vtd_iqei reason)
{
	uint64_t record = vtd_reg64(unit, VTD_REG_IQERCD) & ~VTD_IQERCD_IQEI;

	vtd_set_reg64(unit, VTD_REG_IQERCD, record | FIELD_PUT(VTD_IQERCD_IQEI, reason));
	vtd_raise_status(unit, VTD_FSTS_IQE);
}

/* The error of the queue's registers, VTD_IQEI_NONE when the descriptor at the head can be fetched. */
static enum vtd_iqei queue_error(const struct vtd *unit)
{
	uint64_t tail = vtd_reg64(unit, VTD_REG_IQT);

	if (unit->ttm == VTD_TTM_RESERVED)
		return VTD_IQEI_TTM;
	if (unit->ttm == VTD_TTM_SCALABLE && !is_wide(unit))
		return VTD_IQEI_WIDTH;
	if (tail % (descriptor_words(unit) * 8) != 0)
		return VTD_IQEI_TAIL_MISALIGNED;
	return tail >= queue_bytes(unit) ? VTD_IQEI_TAIL : VTD_IQEI_NONE;
}

bool vtd_command_begin(struct iommu *iommu, struct iommu_command *command)
{
	struct vtd *unit = (struct vtd *)iommu;
	uint64_t head = vtd_reg64(unit, VTD_REG_IQH);

	if (!(unit->reg[VTD_REG_GSTS / 4] & VTD_GSTS_QIES) || (unit->reg[VTD_REG_FSTS / 4] & VTD_FSTS_IQE) ||
	    head == vtd_reg64(unit, VTD_REG_IQT))
		return false;

	enum vtd_iqei error = queue_error(unit);

	if (error) {
		stop(unit, error);
		return false;
	}
	*command = (struct iommu_command){
		.access = { .want = IOMMU_WANTS_READ,
			    .purpose = IOMMU_FOR_QUEUE,
			    .address = (vtd_reg64(unit, VTD_REG_IQA) & VTD_IQA_IQA) + head,
			    .words = descriptor_words(unit) },
		.phase = FETCHING,
	};
	return true;
}

/* ---- each descriptor: false when a reserved field is set or a field is out of its range ---- */

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
	const uint64_t reserved = VTD_IOTLB_INV0_RSVD_8 | VTD_IOTLB_INV0_RSVD_15_12 | VTD_IOTLB_INV0_RSVD_63_32;

	if ((word[0] & reserved) || (word[1] & VTD_IOTLB_INV1_RSVD_11_7) || granularity < VTD_IOTLB_GLOBAL)
		return false;
	if (granularity == VTD_IOTLB_PAGE && address_mask > FIELD_GET(VTD_CAP_MAMV, unit->capability))
		return false;
	command->kind = IOMMU_COMMAND_IOTLB;
	command->drain_reads = word[0] & VTD_IOTLB_INV0_DR;
	command->drain_writes = word[0] & VTD_IOTLB_INV0_DW;
	command->invalidated =
		vtd_invalidate_iotlb(unit, granularity, (uint16_t)FIELD_GET(VTD_IOTLB_INV0_DID, word[0]),
				     word[1] & VTD_IOTLB_INV1_ADDR, address_mask, word[1] & VTD_IOTLB_INV1_IH);
	return true;
}

static bool pasid_iotlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;
	enum vtd_p_iotlb_granularity granularity = FIELD_GET(VTD_P_IOTLB_INV0_G, word[0]);
	unsigned address_mask = (unsigned)FIELD_GET(VTD_P_IOTLB_INV1_AM, word[1]);
	const uint64_t reserved = VTD_P_IOTLB_INV0_RSVD_8_6 | VTD_P_IOTLB_INV0_RSVD_15_12 | VTD_P_IOTLB_INV0_RSVD_63_52;

	if ((word[0] & reserved) || (word[1] & VTD_P_IOTLB_INV1_RSVD_11_7) || granularity < VTD_P_IOTLB_PASID)
		return false;
	command->kind = IOMMU_COMMAND_IOTLB;
	/* ASSUMED: drains as far as the unit can; this descriptor has no bits for it. */
	command->drain_reads = unit->capability & VTD_CAP_DRD;
	command->drain_writes = unit->capability & VTD_CAP_DWD;
	command->invalidated =
		vtd_invalidate_pasid_iotlb(unit, granularity, (uint16_t)FIELD_GET(VTD_P_IOTLB_INV0_DID, word[0]),
					   (uint32_t)FIELD_GET(VTD_P_IOTLB_INV0_PASID, word[0]),
					   word[1] & VTD_P_IOTLB_INV1_ADDR, address_mask,
					   word[1] & VTD_P_IOTLB_INV1_IH);
	return true;
}

/* Device-TLBs belong to endpoints; here the descriptor is only checked. */
static bool device_tlb(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t reserved0 =
		VTD_DEV_TLB_INV0_RSVD_8_4 | VTD_DEV_TLB_INV0_RSVD_31_21 | VTD_DEV_TLB_INV0_RSVD_51_48;

	(void)unit;
	command->kind = IOMMU_COMMAND_DEVICE_TLB;
	return !(command->word[0] & reserved0) && !(command->word[1] & VTD_DEV_TLB_INV1_RSVD_11_1);
}

static bool pasid_device_tlb(struct vtd *unit, struct iommu_command *command)
{
	(void)unit;
	command->kind = IOMMU_COMMAND_DEVICE_TLB;
	return !(command->word[1] & VTD_P_DEV_TLB_INV1_RSVD_10_1);
}

static bool wait(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = command->word;

	(void)unit;
	if ((word[0] & (VTD_WAIT0_RSVD_8 | VTD_WAIT0_RSVD_31_12)) || (word[1] & VTD_WAIT1_RSVD_1_0))
		return false;
	command->kind = IOMMU_COMMAND_WAIT;
	return true;
}

/* Completion: [VTD] "Invalidation Wait Descriptor", status first, then the event. */
static void complete_wait(struct vtd *unit, struct iommu_command *command)
{
	uint32_t *status = &unit->reg[VTD_REG_ICS / 4];
	uint32_t *control = &unit->reg[VTD_REG_IECTL / 4];

	if (!(command->word[0] & VTD_WAIT0_IF))
		return;
	command->interrupt = true;
	if (!(*status & VTD_ICS_IWC) && (*control & VTD_ECTL_IM))
		*control |= (uint32_t)VTD_ECTL_IP;
	*status |= VTD_ICS_IWC;
}

/* The descriptor types this unit knows; NULL: invalid. */
static bool (*handler_of(const struct vtd *unit, uint64_t type))(struct vtd *, struct iommu_command *)
{
	bool has_device_tlbs = unit->extended_capability & VTD_ECAP_DT;
	bool is_scalable = unit->extended_capability & VTD_ECAP_SMTS;

	switch (type) {
	case VTD_INV_CONTEXT:
		return context_cache;
	case VTD_INV_IOTLB:
		return iotlb;
	case VTD_INV_WAIT:
		return wait;
	case VTD_INV_DEVICE_TLB:
		return has_device_tlbs ? device_tlb : NULL;
	case VTD_INV_PASID_IOTLB:
		return is_scalable ? pasid_iotlb : NULL;
	case VTD_INV_PASID_CACHE:
		return is_scalable ? pasid_cache : NULL;
	case VTD_INV_PASID_DEVICE_TLB:
		return is_scalable && has_device_tlbs ? pasid_device_tlb : NULL;
	default:
		return NULL;
	}
}

static enum vtd_iqei execute(struct vtd *unit, struct iommu_command *command)
{
	bool (*handler)(struct vtd *, struct iommu_command *) = handler_of(unit, VTD_INV_TYPE(command->word[0]));

	if (!handler)
		return VTD_IQEI_TYPE;
	if (command->word[2] || command->word[3] || !handler(unit, command))
		return VTD_IQEI_RESERVED;
	return VTD_IQEI_NONE;
}

static void fetched(struct vtd *unit, struct iommu_command *command, const uint64_t *words)
{
	struct iommu_stats *stats = &unit->pipeline.iommu.stats;
	unsigned count = descriptor_words(unit);
	uint64_t head = vtd_reg64(unit, VTD_REG_IQH);

	for (unsigned i = 0; i < count; i++)
		command->word[i] = words[i];
	command->access.want = IOMMU_WANTS_NOTHING;
	stats->reads[IOMMU_FOR_QUEUE]++;

	enum vtd_iqei error = execute(unit, command);

	if (error) {
		command->kind = IOMMU_COMMAND_ERROR;
		stop(unit, error);
		return;
	}
	stats->commands++;
	stats->invalidated += command->invalidated;
	vtd_set_reg64(unit, VTD_REG_IQH, (head + count * 8) % queue_bytes(unit));
	if (command->kind != IOMMU_COMMAND_WAIT)
		return;
	if (!(command->word[0] & VTD_WAIT0_SW)) {
		complete_wait(unit, command);
		return;
	}
	command->phase = WRITING_STATUS;
	command->access = (struct iommu_access){
		.want = IOMMU_WANTS_WRITE,
		.purpose = IOMMU_FOR_QUEUE,
		.address = command->word[1] & VTD_WAIT1_STADDR,
		.words = 1,
		.bytes = 4,
		.desired = FIELD_GET(VTD_WAIT0_STDATA, command->word[0]),
	};
}

void vtd_command_feed(struct iommu *iommu, struct iommu_command *command, const uint64_t *words)
{
	struct vtd *unit = (struct vtd *)iommu;

	if (command->phase == FETCHING) {
		fetched(unit, command, words);
		return;
	}
	command->access.want = IOMMU_WANTS_NOTHING;
	complete_wait(unit, command);
}

bool vtd_execute(struct iommu *iommu, const uint64_t word[4], struct iommu_command *command)
{
	struct vtd *unit = (struct vtd *)iommu;

	*command = (struct iommu_command){ .word = { word[0], word[1], word[2], word[3] } };
	if (VTD_INV_TYPE(word[0]) == VTD_INV_WAIT || execute(unit, command))
		return false;
	unit->pipeline.iommu.stats.commands++;
	unit->pipeline.iommu.stats.invalidated += command->invalidated;
	return true;
}
