/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register page: what software may write, and what follows.
 * [VTD] "Register Descriptions".
 *
 * The page is an array of 32-bit words.  One table says which bits of a word software writes, which it
 * clears by writing 1, and its value at reset; what is not in the table reads as 0 and ignores writes, as
 * do registers whose capability is absent.  A 64-bit access is two of 32 bits, the low one first.
 */
#include <stddef.h>

#include "models/base/require.h"
#include "models/iommu/vtd/unit.h"

#define LOW(mask)  ((uint32_t)(mask))
#define HIGH(mask) ((uint32_t)((mask) >> 32))

/* Without the capability a register is not there: it reads as 0. */
enum needs { ALWAYS, QUEUE, DEVICE_TLBS, PAGE_REQUESTS, LOW_REGION, HIGH_REGION, IO_BITS };

/* What software may do to a word, row by row; rows of one word add up. */
struct word_rule {
	uint16_t offset;
	enum needs needs;
	uint32_t writable, cleared_by_one, reset;
};

/* clang-format off */
static const struct word_rule rules[] = {
	{ VTD_REG_RTADDR,       ALWAYS,        LOW(VTD_RTADDR_RTA | VTD_RTADDR_TTM), 0, 0 },
	{ VTD_REG_RTADDR,       IO_BITS,       LOW(VTD_RTADDR_SSIRWE), 0, 0 },
	{ VTD_REG_RTADDR + 4,   ALWAYS,        HIGH(VTD_RTADDR_RTA), 0, 0 },
	{ VTD_REG_CCMD,         ALWAYS,        LOW(VTD_CCMD_DID | VTD_CCMD_SID), 0, 0 },
	{ VTD_REG_CCMD + 4,     ALWAYS,        HIGH(VTD_CCMD_FM | VTD_CCMD_CIRG | VTD_CCMD_ICC), 0, 0 },
	{ VTD_REG_FSTS,         ALWAYS,        0, LOW(VTD_FSTS_PFO), 0 },
	{ VTD_REG_FSTS,         QUEUE,         0, LOW(VTD_FSTS_IQE), 0 },
	{ VTD_REG_FSTS,         DEVICE_TLBS,   0, LOW(VTD_FSTS_ICE | VTD_FSTS_ITE), 0 },
	{ VTD_REG_FECTL,        ALWAYS,        LOW(VTD_ECTL_IM), 0, LOW(VTD_ECTL_IM) },
	{ VTD_REG_FEDATA,       ALWAYS,        LOW(VTD_EDATA_IMD), 0, 0 },
	{ VTD_REG_FEADDR,       ALWAYS,        LOW(VTD_EADDR_MA), 0, 0 },
	{ VTD_REG_FEUADDR,      ALWAYS,        LOW(VTD_EUADDR_MUA), 0, 0 },
	{ VTD_REG_PMEN,         LOW_REGION,    LOW(VTD_PMEN_EPM), 0, 0 },
	{ VTD_REG_PMEN,         HIGH_REGION,   LOW(VTD_PMEN_EPM), 0, 0 },
	{ VTD_REG_PLMBASE,      LOW_REGION,    LOW(VTD_PLM_ADDR), 0, 0 },
	{ VTD_REG_PLMLIMIT,     LOW_REGION,    LOW(VTD_PLM_ADDR), 0, 0 },
	{ VTD_REG_PHMBASE,      HIGH_REGION,   LOW(VTD_PHM_ADDR), 0, 0 },
	{ VTD_REG_PHMBASE + 4,  HIGH_REGION,   HIGH(VTD_PHM_ADDR), 0, 0 },
	{ VTD_REG_PHMLIMIT,     HIGH_REGION,   LOW(VTD_PHM_ADDR), 0, 0 },
	{ VTD_REG_PHMLIMIT + 4, HIGH_REGION,   HIGH(VTD_PHM_ADDR), 0, 0 },
	{ VTD_REG_IQT,          QUEUE,         LOW(VTD_IQT_QT), 0, 0 },
	{ VTD_REG_IQA,          QUEUE,         LOW(VTD_IQA_QS | VTD_IQA_DW | VTD_IQA_IQA), 0, 0 },
	{ VTD_REG_IQA + 4,      QUEUE,         HIGH(VTD_IQA_IQA), 0, 0 },
	{ VTD_REG_ICS,          QUEUE,         0, LOW(VTD_ICS_IWC), 0 },
	{ VTD_REG_IECTL,        QUEUE,         LOW(VTD_ECTL_IM), 0, LOW(VTD_ECTL_IM) },
	{ VTD_REG_IEDATA,       QUEUE,         LOW(VTD_EDATA_IMD), 0, 0 },
	{ VTD_REG_IEADDR,       QUEUE,         LOW(VTD_EADDR_MA), 0, 0 },
	{ VTD_REG_IEUADDR,      QUEUE,         LOW(VTD_EUADDR_MUA), 0, 0 },
	{ VTD_REG_PQH,          PAGE_REQUESTS, LOW(VTD_PQH_PQH), 0, 0 },
	{ VTD_REG_PQT,          PAGE_REQUESTS, LOW(VTD_PQT_PQT), 0, 0 },
	{ VTD_REG_PQA,          PAGE_REQUESTS, LOW(VTD_PQA_PQS | VTD_PQA_PQA), 0, 0 },
	{ VTD_REG_PQA + 4,      PAGE_REQUESTS, HIGH(VTD_PQA_PQA), 0, 0 },
	{ VTD_REG_PRS,          PAGE_REQUESTS, 0, LOW(VTD_PRS_PPR | VTD_PRS_PRO), 0 },
	{ VTD_REG_PECTL,        PAGE_REQUESTS, LOW(VTD_ECTL_IM), 0, LOW(VTD_ECTL_IM) },
	{ VTD_REG_PEDATA,       PAGE_REQUESTS, LOW(VTD_EDATA_IMD), 0, 0 },
	{ VTD_REG_PEADDR,       PAGE_REQUESTS, LOW(VTD_EADDR_MA), 0, 0 },
	{ VTD_REG_PEUADDR,      PAGE_REQUESTS, LOW(VTD_EUADDR_MUA), 0, 0 },
};

/* The IOTLB registers, which lie where ECAP.IRO says: at + 0 IVA, at + 8 IOTLB. */
static const struct word_rule iotlb_rules[] = {
	{ 0x0, ALWAYS, LOW(VTD_IVA_AM | VTD_IVA_IH | VTD_IVA_ADDR), 0, 0 },
	{ 0x4, ALWAYS, HIGH(VTD_IVA_ADDR), 0, 0 },
	{ 0xc, ALWAYS, HIGH(VTD_IOTLB_DID | VTD_IOTLB_DW | VTD_IOTLB_DR | VTD_IOTLB_IIRG | VTD_IOTLB_IVT), 0, 0 },
};

/* A fault record: only F, in its last word. */
static const struct word_rule record_rules[] = {
	{ 0xc, ALWAYS, 0, HIGH(VTD_FRCD1_F), 0 },
};

/* Upper halves of addresses of memory: bits from the host address width on are not implemented. */
static const uint16_t host_addresses[] = {
	VTD_REG_RTADDR + 4, VTD_REG_PHMBASE + 4, VTD_REG_PHMLIMIT + 4, VTD_REG_IQA + 4, VTD_REG_PQA + 4,
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool has(const struct vtd *unit, enum needs needs)
{
	static const struct {
		uint64_t capability, extended_capability;
	} bits[] = {
		[ALWAYS] = { UINT64_MAX, 0 },       [QUEUE] = { 0, VTD_ECAP_QI },
		[DEVICE_TLBS] = { 0, VTD_ECAP_DT }, [PAGE_REQUESTS] = { 0, VTD_ECAP_PRS },
		[LOW_REGION] = { VTD_CAP_PLMR, 0 }, [HIGH_REGION] = { VTD_CAP_PHMR, 0 },
		[IO_BITS] = { 0, VTD_ECAP_SSIRWS },
	};

	return (unit->capability & bits[needs].capability) ||
	       (unit->extended_capability & bits[needs].extended_capability);
}

static void lay_out(struct vtd *unit, unsigned base, const struct word_rule *rule, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned index = (base + rule[i].offset) / 4;

		if (!has(unit, rule[i].needs))
			continue;
		unit->writable[index] |= rule[i].writable;
		unit->cleared_by_one[index] |= rule[i].cleared_by_one;
		unit->reg[index] |= rule[i].reset;
	}
}

void vtd_registers_reset(struct vtd *unit)
{
	lay_out(unit, 0, rules, COUNT(rules));
	lay_out(unit, unit->iotlb_offset, iotlb_rules, COUNT(iotlb_rules));
	for (unsigned i = 0; i < unit->fault_records; i++)
		lay_out(unit, unit->fault_offset + i * VTD_FAULT_RECORD_BYTES, record_rules, COUNT(record_rules));
	for (unsigned i = 0; i < COUNT(host_addresses); i++)
		unit->writable[host_addresses[i] / 4] &= HIGH(BIT64(unit->host_address_width) - 1);
	vtd_set_reg64(unit, VTD_REG_CAP, unit->capability);
	vtd_set_reg64(unit, VTD_REG_ECAP, unit->extended_capability);
}

uint64_t vtd_register_read(struct iommu *iommu, unsigned offset, unsigned bytes)
{
	const struct vtd *unit = (const struct vtd *)iommu;

	REQUIRE((bytes == 4 || bytes == 8) && offset % bytes == 0);
	if (offset >= VTD_REGISTER_BYTES)
		return 0;
	return bytes == 8 ? vtd_reg64(unit, offset) : unit->reg[offset / 4];
}

/* ---- what a write does ---- */

/* [VTD] "Set Root Table Pointer Operation" */
static void set_root_table(struct vtd *unit)
{
	uint64_t address = vtd_reg64(unit, VTD_REG_RTADDR);

	unit->ttm = FIELD_GET(VTD_RTADDR_TTM, address);
	unit->route.key = VTD_NO_ROUTE;
	unit->root_table = address & VTD_RTADDR_RTA;
	unit->second_rules.io_permissions = address & VTD_RTADDR_SSIRWE;
	if (unit->capability & VTD_CAP_ESRTPS)
		vtd_invalidate_all(unit);
}

/* [VTD] "Global Command Register", TE; the fault records are used from the first on again. */
static void disabled(struct vtd *unit)
{
	unit->next_fault_record = 0;
	if (unit->extended_capability & VTD_ECAP_SMTS)
		vtd_invalidate_all(unit);
}

/*
 * [VTD] "Global Command Register": TE and QIE hold, SRTP is done once, and so is WBF, of which nothing is left to
 * see when it is done.  Of several changes at once the new root table is first, translation last.
 */
static void global_command(struct vtd *unit, uint32_t command)
{
	uint32_t *status = &unit->reg[VTD_REG_GSTS / 4];
	uint32_t held = (uint32_t)(VTD_GCMD_TE | (unit->extended_capability & VTD_ECAP_QI ? VTD_GCMD_QIE : 0));
	bool was_enabled = unit->enabled;

	if (command & VTD_GCMD_SRTP) {
		set_root_table(unit);
		*status |= (uint32_t)VTD_GSTS_RTPS;
	}
	*status = (*status & ~held) | (command & held);
	if (!(*status & VTD_GSTS_QIES))
		vtd_queue_off(unit);
	unit->enabled = *status & VTD_GSTS_TES;
	if (was_enabled && !unit->enabled)
		disabled(unit);
}

/*
 * [VTD] "Register-based Invalidation Interface": in legacy mode, not beside the queue, and not in units of major
 * version 6 and up; granularity 0 then says that nothing was done.
 */
static bool takes_commands(const struct vtd *unit)
{
	return !(unit->reg[VTD_REG_GSTS / 4] & VTD_GSTS_QIES) && unit->ttm == VTD_TTM_LEGACY &&
	       vtd_major_version(unit) < 6;
}

/* [VTD] "Context Command Register" */
static void context_command(struct vtd *unit)
{
	uint64_t command = vtd_reg64(unit, VTD_REG_CCMD);
	uint64_t granularity = FIELD_GET(VTD_CCMD_CIRG, command);

	if (!(command & VTD_CCMD_ICC))
		return;
	if (granularity == 0 || !takes_commands(unit))
		granularity = 0;
	else
		vtd_invalidate_contexts(unit, (enum vtd_cc_granularity)granularity,
					(uint16_t)FIELD_GET(VTD_CCMD_DID, command),
					(uint16_t)FIELD_GET(VTD_CCMD_SID, command),
					VTD_FM_IGNORED(FIELD_GET(VTD_CCMD_FM, command)));
	command &= ~(VTD_CCMD_ICC | VTD_CCMD_CAIG);
	vtd_set_reg64(unit, VTD_REG_CCMD, command | FIELD_PUT(VTD_CCMD_CAIG, granularity));
}

/* The granularity at which the unit does it; 0: it does not.  [VTD] "IOTLB Invalidate Register", IAIG */
static uint64_t iotlb_granularity(const struct vtd *unit, uint64_t requested, unsigned mask)
{
	if (!takes_commands(unit))
		return 0;
	if (requested != VTD_IOTLB_PAGE)
		return requested;
	if (!(unit->capability & VTD_CAP_PSI))
		return VTD_IOTLB_DOMAIN;
	return mask > FIELD_GET(VTD_CAP_MAMV, unit->capability) ? 0 : requested;
}

/* [VTD] "IOTLB Invalidate Register" */
static void iotlb_command(struct vtd *unit)
{
	uint64_t command = vtd_reg64(unit, unit->iotlb_offset + 8);
	uint64_t address = vtd_reg64(unit, unit->iotlb_offset);
	unsigned mask = (unsigned)FIELD_GET(VTD_IVA_AM, address);
	uint64_t granularity = iotlb_granularity(unit, FIELD_GET(VTD_IOTLB_IIRG, command), mask);

	if (!(command & VTD_IOTLB_IVT))
		return;
	if (granularity != 0)
		vtd_invalidate_iotlb(unit, (enum vtd_iotlb_granularity)granularity,
				     (uint16_t)FIELD_GET(VTD_IOTLB_DID, command), address & VTD_IVA_ADDR, mask,
				     address & VTD_IVA_IH);
	command &= ~(VTD_IOTLB_IVT | VTD_IOTLB_IAIG);
	vtd_set_reg64(unit, unit->iotlb_offset + 8, command | FIELD_PUT(VTD_IOTLB_IAIG, granularity));
}

/* [VTD] "Protected Memory Enable Register": the status follows at once. */
static void protect(struct vtd *unit)
{
	uint32_t *enable = &unit->reg[VTD_REG_PMEN / 4];

	*enable = (uint32_t)((*enable & ~VTD_PMEN_PRS) | (*enable & VTD_PMEN_EPM ? VTD_PMEN_PRS : 0));
}

static void after_write(struct vtd *unit, unsigned offset)
{
	switch (offset) {
	case VTD_REG_CCMD + 4:
		context_command(unit);
		return;
	case VTD_REG_PMEN:
		protect(unit);
		return;
	case VTD_REG_IQA:
		/* [VTD] "Invalidation Queue Head Register": bit 4 is 0 with wide descriptors. */
		if (unit->reg[VTD_REG_IQA / 4] & VTD_IQA_DW)
			unit->reg[VTD_REG_IQH / 4] &= ~0x10u;
		return;
	case VTD_REG_PQT:
	case VTD_REG_PQA:
	case VTD_REG_PQA + 4:
		vtd_page_queue_moved(unit);
		return;
	default:
		break;
	}
	if (offset == unit->iotlb_offset + 12)
		iotlb_command(unit);
	else if (unit->cleared_by_one[offset / 4])
		vtd_faults_cleared(unit);
	vtd_events_settle(unit);
}

static void write32(struct vtd *unit, unsigned offset, uint32_t value)
{
	uint32_t *word = &unit->reg[offset / 4];
	uint32_t writable = unit->writable[offset / 4], cleared_by_one = unit->cleared_by_one[offset / 4];

	if (offset == VTD_REG_GCMD)
		global_command(unit, value);
	if (!(writable | cleared_by_one))
		return;
	*word = (*word & ~writable) | (value & writable);
	*word &= ~(value & cleared_by_one);
	after_write(unit, offset);
}

void vtd_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value)
{
	struct vtd *unit = (struct vtd *)iommu;

	REQUIRE((bytes == 4 || bytes == 8) && offset % bytes == 0);
	if (offset >= VTD_REGISTER_BYTES)
		return;
	write32(unit, offset, LOW(value));
	if (bytes == 8)
		write32(unit, offset + 4, HIGH(value));
}
