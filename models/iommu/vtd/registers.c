/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register page: what software may write, and what follows.
 * [VTD] "Register Descriptions".
 *
 * The page is an array of 32-bit words.  A table says which bits of a word
 * software writes and which it clears by writing 1; a 64-bit access is two of
 * 32 bits, the low one first.
 */
#include "models/iommu/vtd/unit.h"

#include "models/base/require.h"

#define LOW(mask)  ((uint32_t)(mask))
#define HIGH(mask) ((uint32_t)((mask) >> 32))

#define VERSION 0x10u /* 1.0 */

struct word_rule {
	uint16_t offset;
	uint32_t writable;
	uint32_t cleared_by_one;
};

/* RTADDR, IQA: address bits at or above the host address width are not implemented. */
static const struct word_rule rules[] = {
	{ VTD_REG_RTADDR, LOW(VTD_RTADDR_RTA | VTD_RTADDR_TTM), 0 },
	{ VTD_REG_RTADDR + 4, HIGH(VTD_RTADDR_RTA), 0 },
	{ VTD_REG_CCMD, LOW(VTD_CCMD_DID | VTD_CCMD_SID), 0 },
	{ VTD_REG_CCMD + 4, HIGH(VTD_CCMD_FM | VTD_CCMD_CIRG | VTD_CCMD_ICC), 0 },
	{ VTD_REG_FSTS, 0, LOW(VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE) },
	{ VTD_REG_FECTL, LOW(VTD_ECTL_IM), 0 },
	{ VTD_REG_FEDATA, LOW(VTD_EDATA_IMD), 0 },
	{ VTD_REG_FEADDR, LOW(VTD_EADDR_MA), 0 },
	{ VTD_REG_FEUADDR, LOW(VTD_EUADDR_MUA), 0 },
	{ VTD_REG_IQT, LOW(VTD_IQT_QT), 0 },
	{ VTD_REG_IQA, LOW(VTD_IQA_QS | VTD_IQA_DW | VTD_IQA_IQA), 0 },
	{ VTD_REG_IQA + 4, HIGH(VTD_IQA_IQA), 0 },
	{ VTD_REG_ICS, 0, LOW(VTD_ICS_IWC) },
	{ VTD_REG_IECTL, LOW(VTD_ECTL_IM), 0 },
	{ VTD_REG_IEDATA, LOW(VTD_EDATA_IMD), 0 },
	{ VTD_REG_IEADDR, LOW(VTD_EADDR_MA), 0 },
	{ VTD_REG_IEUADDR, LOW(VTD_EUADDR_MUA), 0 },
};

/* The IOTLB registers, which lie where ECAP.IRO says: at + 0 IVA, at + 8 IOTLB. */
static const struct word_rule iotlb_rules[] = {
	{ 0x0, LOW(VTD_IVA_AM | VTD_IVA_IH | VTD_IVA_ADDR), 0 },
	{ 0x4, HIGH(VTD_IVA_ADDR), 0 },
	{ 0xc, HIGH(VTD_IOTLB_DID | VTD_IOTLB_DW | VTD_IOTLB_DR | VTD_IOTLB_IIRG | VTD_IOTLB_IVT), 0 },
};

/* A fault record: only F, in its last word. */
static const struct word_rule record_rule = { 0xc, 0, HIGH(VTD_FRCD1_F) };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_in_fault_records(const struct vtd *unit, unsigned offset)
{
	return offset - unit->fault_offset < unit->fault_records * VTD_FAULT_RECORD_BYTES;
}

/* NULL: software cannot change the word. */
static const struct word_rule *rule_of(const struct vtd *unit, unsigned offset)
{
	if (is_in_fault_records(unit, offset))
		return (offset - unit->fault_offset) % VTD_FAULT_RECORD_BYTES == record_rule.offset ? &record_rule
												    : NULL;
	for (unsigned i = 0; i < COUNT(iotlb_rules); i++)
		if (offset - unit->iotlb_offset == iotlb_rules[i].offset)
			return &iotlb_rules[i];
	for (unsigned i = 0; i < COUNT(rules); i++)
		if (offset == rules[i].offset)
			return &rules[i];
	return NULL;
}

void vtd_registers_reset(struct vtd *unit)
{
	unit->reg[VTD_REG_VER / 4] = VERSION;
	vtd_set_reg64(unit, VTD_REG_CAP, unit->capability);
	vtd_set_reg64(unit, VTD_REG_ECAP, unit->extended_capability);
	unit->reg[VTD_REG_FECTL / 4] = (uint32_t)VTD_ECTL_IM;
	unit->reg[VTD_REG_IECTL / 4] = (uint32_t)VTD_ECTL_IM;
}

uint64_t vtd_register_read(struct iommu *iommu, unsigned offset, unsigned bytes)
{
	const struct vtd *unit = (const struct vtd *)iommu;

	REQUIRE((bytes == 4 || bytes == 8) && offset % bytes == 0);
	if (offset + bytes > VTD_REGISTER_BYTES)
		return 0;
	return bytes == 8 ? vtd_reg64(unit, offset) : unit->reg[offset / 4];
}

/* ---- what a write does ---- */

/* [VTD] "Set Root Table Pointer Operation" */
static void set_root_table(struct vtd *unit)
{
	uint64_t address = vtd_reg64(unit, VTD_REG_RTADDR);

	unit->ttm = FIELD_GET(VTD_RTADDR_TTM, address);
	unit->root_table = address & VTD_RTADDR_RTA;
	if (unit->capability & VTD_CAP_ESRTPS) {
		vtd_invalidate_contexts(unit, VTD_CC_GLOBAL, 0, 0, 0);
		vtd_invalidate_pasids(unit, VTD_PC_GLOBAL, 0, 0);
		vtd_invalidate_iotlb(unit, VTD_IOTLB_GLOBAL, 0, 0, 0, false);
	}
}

/* [VTD] "Global Command Register": TE and QIE hold, SRTP and WBF are done once; the rest is not there. */
static void global_command(struct vtd *unit, uint32_t command)
{
	uint32_t *status = &unit->reg[VTD_REG_GSTS / 4];
	uint32_t held = (uint32_t)VTD_GCMD_TE;

	if (command & VTD_GCMD_SRTP) {
		set_root_table(unit);
		*status |= (uint32_t)VTD_GSTS_RTPS;
	}
	if (unit->extended_capability & VTD_ECAP_QI)
		held |= (uint32_t)VTD_GCMD_QIE;
	/* Switching the queue off sets its head back. */
	if ((*status & VTD_GSTS_QIES) && !(command & VTD_GCMD_QIE))
		vtd_set_reg64(unit, VTD_REG_IQH, 0);
	*status = (*status & ~held) | (command & held);
	unit->enabled = *status & VTD_GSTS_TES;
}

static bool queue_is_on(const struct vtd *unit)
{
	return unit->reg[VTD_REG_GSTS / 4] & VTD_GSTS_QIES;
}

/* [VTD] "Context Command Register": legacy mode only, not beside the queue; CAIG 0 says nothing was done. */
static void context_command(struct vtd *unit)
{
	uint64_t command = vtd_reg64(unit, VTD_REG_CCMD);
	uint64_t granularity = FIELD_GET(VTD_CCMD_CIRG, command);

	if (!(command & VTD_CCMD_ICC))
		return;
	if (granularity == 0 || queue_is_on(unit) || unit->ttm != VTD_TTM_LEGACY)
		granularity = 0;
	else
		vtd_invalidate_contexts(unit, (enum vtd_cc_granularity)granularity,
					(uint16_t)FIELD_GET(VTD_CCMD_DID, command),
					(uint16_t)FIELD_GET(VTD_CCMD_SID, command),
					VTD_FM_IGNORED(FIELD_GET(VTD_CCMD_FM, command)));
	command &= ~(VTD_CCMD_ICC | VTD_CCMD_CAIG);
	vtd_set_reg64(unit, VTD_REG_CCMD, command | FIELD_PUT(VTD_CCMD_CAIG, granularity));
}

/* [VTD] "IOTLB Invalidate Register": as above. */
static void iotlb_command(struct vtd *unit)
{
	uint64_t command = vtd_reg64(unit, unit->iotlb_offset + 8);
	uint64_t address = vtd_reg64(unit, unit->iotlb_offset);
	uint64_t granularity = FIELD_GET(VTD_IOTLB_IIRG, command);
	unsigned mask = (unsigned)FIELD_GET(VTD_IVA_AM, address);

	if (!(command & VTD_IOTLB_IVT))
		return;
	if (queue_is_on(unit) || unit->ttm != VTD_TTM_LEGACY ||
	    (granularity == VTD_IOTLB_PAGE && mask > FIELD_GET(VTD_CAP_MAMV, unit->capability)))
		granularity = 0;
	if (granularity == VTD_IOTLB_PAGE && !(unit->capability & VTD_CAP_PSI))
		granularity = VTD_IOTLB_DOMAIN;
	if (granularity != 0)
		vtd_invalidate_iotlb(unit, (enum vtd_iotlb_granularity)granularity,
				     (uint16_t)FIELD_GET(VTD_IOTLB_DID, command), address & VTD_IVA_ADDR, mask,
				     address & VTD_IVA_IH);
	command &= ~(VTD_IOTLB_IVT | VTD_IOTLB_IAIG);
	vtd_set_reg64(unit, unit->iotlb_offset + 8, command | FIELD_PUT(VTD_IOTLB_IAIG, granularity));
}

/* Pending events end when their cause is cleared or, SIMPLIFIED, when they are unmasked (the message goes nowhere). */
static void settle_events(struct vtd *unit)
{
	uint32_t *fault_control = &unit->reg[VTD_REG_FECTL / 4], *completion_control = &unit->reg[VTD_REG_IECTL / 4];
	uint32_t causes = VTD_FSTS_PFO | VTD_FSTS_PPF | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE;

	if (!(unit->reg[VTD_REG_FSTS / 4] & causes) || !(*fault_control & VTD_ECTL_IM))
		*fault_control &= ~(uint32_t)VTD_ECTL_IP;
	if (!(unit->reg[VTD_REG_ICS / 4] & VTD_ICS_IWC) || !(*completion_control & VTD_ECTL_IM))
		*completion_control &= ~(uint32_t)VTD_ECTL_IP;
}

static void after_write(struct vtd *unit, unsigned offset)
{
	if (offset == VTD_REG_CCMD + 4)
		context_command(unit);
	else if (offset == unit->iotlb_offset + 12)
		iotlb_command(unit);
	else if (is_in_fault_records(unit, offset))
		vtd_faults_cleared(unit);
	settle_events(unit);
}

/* The bits that this unit implements of those the rule lets software write. */
static uint32_t implemented(const struct vtd *unit, unsigned offset)
{
	uint64_t host = (UINT64_C(1) << unit->host_address_width) - 1;

	switch (offset) {
	case VTD_REG_RTADDR + 4:
	case VTD_REG_IQA + 4:
		return HIGH(host);
	case VTD_REG_IQA:
		return unit->extended_capability & VTD_ECAP_SMTS ? UINT32_MAX : ~LOW(VTD_IQA_DW);
	default:
		return UINT32_MAX;
	}
}

static void write32(struct vtd *unit, unsigned offset, uint32_t value)
{
	const struct word_rule *rule = rule_of(unit, offset);
	uint32_t *word = &unit->reg[offset / 4];

	if (offset == VTD_REG_GCMD) {
		global_command(unit, value);
		return;
	}
	if (!rule)
		return;

	uint32_t writable = rule->writable & implemented(unit, offset);

	*word = (*word & ~writable) | (value & writable);
	*word &= ~(value & rule->cleared_by_one);
	after_write(unit, offset);
}

void vtd_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value)
{
	struct vtd *unit = (struct vtd *)iommu;

	REQUIRE((bytes == 4 || bytes == 8) && offset % bytes == 0);
	if (offset + bytes > VTD_REGISTER_BYTES)
		return;
	write32(unit, offset, LOW(value));
	if (bytes == 8)
		write32(unit, offset + 4, HIGH(value));
}
