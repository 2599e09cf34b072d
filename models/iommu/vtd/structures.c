/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of translation structures, each in the specification's order:
 * present, reserved fields, then what the entry asks for against what the unit can do.
 * [VTD] "Translation Structure Formats"; "Fault Conditions and Remapping Hardware Behavior for Various Requests".
 */
#include "models/iommu/vtd/unit.h"

/* Bits of an address field at or above the host address width: reserved. */
static uint64_t beyond_host(const struct vtd *unit)
{
	return UINT64_MAX << unit->host_address_width;
}

static bool can(const struct vtd *unit, uint64_t ecap_bit)
{
	return unit->extended_capability & ecap_bit;
}

/* Is this address width (enum vtd_aw) one of CAP.SAGAW? */
static bool supports_width(const struct vtd *unit, uint64_t aw)
{
	switch (aw) {
	case VTD_AW_39:
		return unit->capability & VTD_CAP_SAGAW_39;
	case VTD_AW_48:
		return unit->capability & VTD_CAP_SAGAW_48;
	case VTD_AW_57:
		return unit->capability & VTD_CAP_SAGAW_57;
	default:
		return false;
	}
}

/* Pass-through must be given the largest width that the unit supports. */
static bool is_largest_width(const struct vtd *unit, uint64_t aw)
{
	for (uint64_t wider = aw + 1; wider <= VTD_AW_57; wider++)
		if (supports_width(unit, wider))
			return false;
	return supports_width(unit, aw);
}

enum vtd_fault_reason vtd_check_root(const struct vtd *unit, const uint64_t words[2], uint16_t source_id, phys_t *table)
{
	bool is_scalable = unit->ttm == VTD_TTM_SCALABLE;
	bool is_upper = is_scalable && (source_id & 0x80);
	uint64_t word = words[is_upper];
	uint64_t reserved = VTD_ROOT0_RSVD_11_1 | beyond_host(unit);

	if (!(word & VTD_ROOT0_P))
		return is_scalable ? VTD_FAULT_SROOT_NOT_PRESENT : VTD_FAULT_ROOT_NOT_PRESENT;
	if ((word & reserved) || (!is_scalable && words[1]))
		return is_scalable ? VTD_FAULT_SROOT_RESERVED : VTD_FAULT_ROOT_RESERVED;
	*table = word & VTD_ROOT0_CTP;
	return VTD_FAULT_NONE;
}

enum vtd_fault_reason vtd_check_context(const struct vtd *unit, const uint64_t words[2])
{
	uint64_t aw = FIELD_GET(VTD_CONTEXT1_AW, words[1]);

	/* LCT.2, LCT.3 */
	if (!(words[0] & VTD_CONTEXT0_P))
		return VTD_FAULT_CONTEXT_NOT_PRESENT;
	if ((words[0] & (VTD_CONTEXT0_RSVD_11_4 | beyond_host(unit))) ||
	    (words[1] & (VTD_CONTEXT1_RSVD_7 | VTD_CONTEXT1_RSVD_63_24)))
		return VTD_FAULT_CONTEXT_RESERVED;

	/* LCT.4: a translation type or a width that the unit has not. */
	switch (FIELD_GET(VTD_CONTEXT0_TT, words[0])) {
	case VTD_TT_UNTRANSLATED:
		return supports_width(unit, aw) ? VTD_FAULT_NONE : VTD_FAULT_CONTEXT_INVALID;
	case VTD_TT_DEVICE_TLB:
		return can(unit, VTD_ECAP_DT) && supports_width(unit, aw) ? VTD_FAULT_NONE : VTD_FAULT_CONTEXT_INVALID;
	case VTD_TT_PASS_THROUGH:
		return can(unit, VTD_ECAP_PT) && is_largest_width(unit, aw) ? VTD_FAULT_NONE
									    : VTD_FAULT_CONTEXT_INVALID;
	default:
		return VTD_FAULT_CONTEXT_INVALID;
	}
}

enum vtd_fault_reason vtd_check_scalable_context(const struct vtd *unit, const uint64_t words[4])
{
	uint64_t reserved0 = VTD_SCONTEXT0_RSVD_8_5 | beyond_host(unit);
	uint64_t reserved1 = VTD_SCONTEXT1_RSVD_63_21;

	/* SCT.2 */
	if (!(words[0] & VTD_SCONTEXT0_P))
		return VTD_FAULT_SCONTEXT_NOT_PRESENT;

	/* SCT.3 */
	if (!can(unit, VTD_ECAP_RPS))
		reserved1 |= VTD_SCONTEXT1_RID_PASID;
	if (!can(unit, VTD_ECAP_RPRIVS))
		reserved1 |= VTD_SCONTEXT1_RID_PRIV;
	if ((words[0] & reserved0) || (words[1] & reserved1) || words[2] || words[3])
		return VTD_FAULT_SCONTEXT_RESERVED;

	/* SCT.4 */
	if (((words[0] & VTD_SCONTEXT0_DTE) && !can(unit, VTD_ECAP_DT)) ||
	    ((words[0] & VTD_SCONTEXT0_PASIDE) && !can(unit, VTD_ECAP_PASID)) ||
	    ((words[0] & VTD_SCONTEXT0_PRE) && !can(unit, VTD_ECAP_PRS)))
		return VTD_FAULT_SCONTEXT_INVALID;
	return VTD_FAULT_NONE;
}

enum vtd_fault_reason vtd_check_pasid_directory(const struct vtd *unit, uint64_t word)
{
	if (!(word & VTD_PASIDDIR_P))
		return VTD_FAULT_PASIDDIR_NOT_PRESENT;
	if (word & (VTD_PASIDDIR_RSVD_11_2 | beyond_host(unit)))
		return VTD_FAULT_PASIDDIR_RESERVED;
	return VTD_FAULT_NONE;
}

/* SPT.3: fields of a feature that the unit lacks are reserved, too. */
static bool pasid_has_reserved(const struct vtd *unit, const uint64_t words[8])
{
	uint64_t reserved0 = VTD_PASID0_RSVD_11_10 | beyond_host(unit);
	uint64_t reserved1 = VTD_PASID1_RSVD_22_16;
	uint64_t reserved2 = VTD_PASID2_RSVD_11_8 | beyond_host(unit);

	if (!can(unit, VTD_ECAP_ERS)) {
		reserved0 |= VTD_PASID0_SSEE;
		reserved2 |= VTD_PASID2_ERE | VTD_PASID2_NXE | VTD_PASID2_SMEP;
	}
	if (!can(unit, VTD_ECAP_SSADS))
		reserved0 |= VTD_PASID0_SSADE;
	if (!can(unit, VTD_ECAP_SMPWC))
		reserved1 |= VTD_PASID1_PWSNP;
	if (!can(unit, VTD_ECAP_SC))
		reserved1 |= VTD_PASID1_PGSNP;
	if (!can(unit, VTD_ECAP_MTS))
		reserved1 |= VTD_PASID1_CD | VTD_PASID1_EMTE | VTD_PASID1_EMT | VTD_PASID1_PWT | VTD_PASID1_PCD |
			     VTD_PASID1_PAT;
	if (!can(unit, VTD_ECAP_EAFS))
		reserved2 |= VTD_PASID2_EAFE;

	uint64_t others = words[3] | words[4] | words[5] | words[6] | words[7];

	return (words[0] & reserved0) || (words[1] & reserved1) || (words[2] & reserved2) || others;
}

/* SPT.4, of the first stage: FSPM must name a table that the unit walks. */
static bool has_first_stage(const struct vtd *unit, const uint64_t words[8])
{
	uint64_t mode = FIELD_GET(VTD_PASID2_FSPM, words[2]);

	return can(unit, VTD_ECAP_FSTS) &&
	       (mode == VTD_FSPM_4_LEVEL || (mode == VTD_FSPM_5_LEVEL && (unit->capability & VTD_CAP_FS5LP)));
}

static bool has_second_stage(const struct vtd *unit, const uint64_t words[8])
{
	return can(unit, VTD_ECAP_SSTS) && supports_width(unit, FIELD_GET(VTD_PASID0_AW, words[0]));
}

enum vtd_fault_reason vtd_check_pasid(const struct vtd *unit, const uint64_t words[8])
{
	bool is_usable = false;

	/* SPT.2, SPT.3 */
	if (!(words[0] & VTD_PASID0_P))
		return VTD_FAULT_PASID_NOT_PRESENT;
	if (pasid_has_reserved(unit, words))
		return VTD_FAULT_PASID_RESERVED;

	/* SPT.4 */
	switch (FIELD_GET(VTD_PASID0_PGTT, words[0])) {
	case VTD_PGTT_FIRST_STAGE:
		is_usable = has_first_stage(unit, words);
		break;
	case VTD_PGTT_SECOND_STAGE:
		is_usable = has_second_stage(unit, words);
		break;
	case VTD_PGTT_NESTED:
		is_usable = can(unit, VTD_ECAP_NEST) && has_first_stage(unit, words) && has_second_stage(unit, words);
		break;
	case VTD_PGTT_PASS_THROUGH:
		is_usable = can(unit, VTD_ECAP_PT) && is_largest_width(unit, FIELD_GET(VTD_PASID0_AW, words[0]));
		break;
	}
	return is_usable ? VTD_FAULT_NONE : VTD_FAULT_PASID_INVALID;
}
