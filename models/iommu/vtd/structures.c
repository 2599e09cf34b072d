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

/* Bits of a domain identifier that the unit does not implement: reserved. */
static uint64_t unused_domain_bits(const struct vtd *unit)
{
	return (uint16_t)~unit->domain_mask;
}

enum vtd_fault_reason vtd_check_context(const struct vtd *unit, const uint64_t words[2])
{
	uint64_t aw = FIELD_GET(VTD_CONTEXT1_AW, words[1]), tt = FIELD_GET(VTD_CONTEXT0_TT, words[0]);
	uint64_t reserved0 = VTD_CONTEXT0_RSVD_11_4;
	uint64_t reserved1 =
		VTD_CONTEXT1_RSVD_7 | VTD_CONTEXT1_RSVD_63_24 | FIELD_PUT(VTD_CONTEXT1_DID, unused_domain_bits(unit));

	/* LCT.2 */
	if (!(words[0] & VTD_CONTEXT0_P))
		return VTD_FAULT_CONTEXT_NOT_PRESENT;

	/* LCT.3; SSPTPTR is ignored by pass-through. */
	if (tt != VTD_TT_PASS_THROUGH)
		reserved0 |= beyond_host(unit);
	if ((words[0] & reserved0) || (words[1] & reserved1))
		return VTD_FAULT_CONTEXT_RESERVED;

	/* LCT.4.1, LCT.4.2: a width or a translation type that the unit has not. */
	switch (tt) {
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

/* Is this PASID beyond the PASID directory of a context entry? */
static bool is_beyond_directory(uint64_t pasid, uint64_t word0)
{
	return FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid) >> (FIELD_GET(VTD_SCONTEXT0_PDTS, word0) + 7);
}

static bool scalable_context_has_reserved(const struct vtd *unit, const uint64_t words[4])
{
	uint64_t reserved0 = VTD_SCONTEXT0_RSVD_8_7 | VTD_SCONTEXT0_HPTE | beyond_host(unit);
	uint64_t reserved1 = VTD_SCONTEXT1_RSVD_63_21;

	reserved0 |= can(unit, VTD_ECAP_DT) ? 0 : VTD_SCONTEXT0_DTE;
	reserved0 |= can(unit, VTD_ECAP_PASID) ? 0 : VTD_SCONTEXT0_PASIDE;
	reserved0 |= can(unit, VTD_ECAP_PRS) ? 0 : VTD_SCONTEXT0_PRE;
	reserved0 |= can(unit, VTD_ECAP_PTRS) ? 0 : VTD_SCONTEXT0_EPTR;
	reserved1 |= can(unit, VTD_ECAP_RPS) ? 0 : VTD_SCONTEXT1_RID_PASID;
	reserved1 |= can(unit, VTD_ECAP_RPRIVS) ? 0 : VTD_SCONTEXT1_RID_PRIV;
	return (words[0] & reserved0) || (words[1] & reserved1) || words[2] || words[3];
}

enum vtd_fault_reason vtd_check_scalable_context(const struct vtd *unit, const uint64_t words[4])
{
	/* SCT.2, SCT.3 */
	if (!(words[0] & VTD_SCONTEXT0_P))
		return VTD_FAULT_SCONTEXT_NOT_PRESENT;
	if (scalable_context_has_reserved(unit, words))
		return VTD_FAULT_SCONTEXT_RESERVED;

	/* SCT.4.1, SCT.4.2: page requests without a device-TLB; RID_PASID beyond the directory */
	if ((words[0] & VTD_SCONTEXT0_PRE) && !(words[0] & VTD_SCONTEXT0_DTE))
		return VTD_FAULT_SCONTEXT_INVALID;
	if (is_beyond_directory(FIELD_GET(VTD_SCONTEXT1_RID_PASID, words[1]), words[0]))
		return VTD_FAULT_SCONTEXT_INVALID;
	return VTD_FAULT_NONE;
}

enum vtd_fault_reason vtd_check_eptr(const uint64_t words[4], const struct iommu_request *request)
{
	if (!(words[0] & VTD_SCONTEXT0_EPTR) || (words[0] & VTD_SCONTEXT0_PASIDE))
		return VTD_FAULT_NONE;
	if (request->has_pasid && (request->type == IOMMU_UNTRANSLATED || request->type == IOMMU_TRANSLATION_REQUEST))
		return VTD_FAULT_PASIDE_CLEAR;
	return VTD_FAULT_SCONTEXT_INVALID;
}

enum vtd_fault_reason vtd_check_use(const struct vtd *unit, const uint64_t words[2],
				    const struct iommu_request *request)
{
	bool is_translated = request->type == IOMMU_TRANSLATED_REQUEST;
	bool is_page_request = request->type == IOMMU_PAGE_REQUEST;
	bool is_ats = is_translated || request->type == IOMMU_TRANSLATION_REQUEST;

	if (is_ats && !(words[0] & VTD_SCONTEXT0_DTE))
		return VTD_FAULT_DTE_CLEAR; /* SCT.5 */
	if (request->has_pasid && !is_translated && !(words[0] & VTD_SCONTEXT0_PASIDE))
		return VTD_FAULT_PASIDE_CLEAR; /* SCT.6 */
	if (request->has_pasid && is_beyond_directory(request->pasid, words[0]))
		return VTD_FAULT_PASID_TOO_LARGE; /* SCT.7 */
	if (is_page_request && !(words[0] & VTD_SCONTEXT0_PRE))
		return VTD_FAULT_PRE_CLEAR; /* SCT.8 */
	if (request->has_pasid && request->pasid == FIELD_GET(VTD_SCONTEXT1_RID_PASID, words[1]))
		return VTD_FAULT_PASID_IS_RID_PASID; /* SCT.9 */
	if (request->has_pasid && is_translated && !(words[0] & VTD_SCONTEXT0_EPTR))
		return VTD_FAULT_EPTR_CLEAR; /* SCT.10 */
	if (request->has_pasid && !is_page_request &&
	    request->pasid >> (FIELD_GET(VTD_ECAP_PSS, unit->extended_capability) + 1))
		return VTD_FAULT_PASID_TOO_WIDE; /* SGN.10 */
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

/*
 * SPT.3: fields of a feature that the unit lacks are reserved, too.
 *
 * SIMPLIFIED: not so AW of a unit without a second stage, though the specification says it: Linux writes AW into
 * every first-stage entry ([LINUX] pasid_set_address_width) and runs on such units.
 */
static bool pasid_has_reserved(const struct vtd *unit, const uint64_t words[8])
{
	uint64_t reserved0 = VTD_PASID0_RSVD_11_10 | beyond_host(unit);
	uint64_t reserved1 =
		VTD_PASID1_RSVD_22_16 | VTD_PASID1_RSVD_31_27 | FIELD_PUT(VTD_PASID1_DID, unused_domain_bits(unit));
	uint64_t reserved2 = VTD_PASID2_RSVD_11_8 | beyond_host(unit);

	reserved0 |= can(unit, VTD_ECAP_ERS) ? 0 : VTD_PASID0_SSEE;
	reserved0 |= can(unit, VTD_ECAP_SSADS) ? 0 : VTD_PASID0_SSADE;
	reserved0 |= can(unit, VTD_ECAP_SSTS) ? 0 : VTD_PASID0_SSADE | VTD_PASID0_SSPTPTR;
	reserved1 |= can(unit, VTD_ECAP_SMPWC) ? 0 : VTD_PASID1_PWSNP;
	reserved1 |= can(unit, VTD_ECAP_SC) ? 0 : VTD_PASID1_PGSNP;
	reserved1 |= can(unit, VTD_ECAP_MTS) ? 0 : VTD_PASID1_CD | VTD_PASID1_EMTE | VTD_PASID1_PAT;
	reserved2 |= can(unit, VTD_ECAP_SRS) ? 0 : VTD_PASID2_SRE;
	reserved2 |= can(unit, VTD_ECAP_ERS) ? 0 : VTD_PASID2_ERE;
	reserved2 |= can(unit, VTD_ECAP_EAFS) ? 0 : VTD_PASID2_EAFE;
	reserved2 |= can(unit, VTD_ECAP_FSTS) ? 0 : VTD_PASID2_FSPM | VTD_PASID2_WPE | VTD_PASID2_FSPTPTR;

	uint64_t others = words[3] | words[4] | words[5] | words[6] | words[7];

	return (words[0] & reserved0) || (words[1] & reserved1) || (words[2] & reserved2) || others;
}

/* SPT.4.3: FSPM must name a table that the unit walks. */
static bool has_paging_mode(const struct vtd *unit, const uint64_t words[8])
{
	uint64_t mode = FIELD_GET(VTD_PASID2_FSPM, words[2]);

	return mode == VTD_FSPM_4_LEVEL || (mode == VTD_FSPM_5_LEVEL && (unit->capability & VTD_CAP_FS5LP));
}

/* SPT.4.4: nested, the first stage's root table must be within the second stage's width. */
static bool has_root_in_reach(const struct vtd *unit, const uint64_t words[8])
{
	unsigned width = vtd_second_stage_width(unit, FIELD_GET(VTD_PASID0_AW, words[0]));

	return (words[2] & VTD_PASID2_FSPTPTR) >> width == 0;
}

enum vtd_fault_reason vtd_check_pasid(const struct vtd *unit, const uint64_t words[8])
{
	uint64_t aw = FIELD_GET(VTD_PASID0_AW, words[0]);
	bool is_usable = false;

	/* SPT.2, SPT.3 */
	if (!(words[0] & VTD_PASID0_P))
		return VTD_FAULT_PASID_NOT_PRESENT;
	if (pasid_has_reserved(unit, words))
		return VTD_FAULT_PASID_RESERVED;

	/* SPT.4.1 to SPT.4.4 */
	switch (FIELD_GET(VTD_PASID0_PGTT, words[0])) {
	case VTD_PGTT_FIRST_STAGE:
		is_usable = can(unit, VTD_ECAP_FSTS) && has_paging_mode(unit, words);
		break;
	case VTD_PGTT_SECOND_STAGE:
		is_usable = can(unit, VTD_ECAP_SSTS) && supports_width(unit, aw);
		break;
	case VTD_PGTT_NESTED:
		is_usable = can(unit, VTD_ECAP_NEST) && has_paging_mode(unit, words) && supports_width(unit, aw) &&
			    has_root_in_reach(unit, words);
		break;
	case VTD_PGTT_PASS_THROUGH:
		is_usable = can(unit, VTD_ECAP_PT);
		break;
	}
	return is_usable ? VTD_FAULT_NONE : VTD_FAULT_PASID_INVALID;
}
