/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/twin/vtd_explain.h"

#include <string.h>

#include "tests/twin/vtd_predict.h"

const struct twin_explanation twin_explanations[NAME_COUNT] = {
	[NAME_FRCD_PASID] = { "FRCD-PASID", "PV and PP of a fault of a request without PASID" },
	[NAME_FI_WIDTH] = { "FI-WIDTH", "a recorded address has bits beyond MGAW" },
	[NAME_CACHED_DENIED] = { "CACHED-DENIED",
				 "a cached translation that lacks the permission blocks without a fault" },
	[NAME_PERMISSION_FIRST] = { "PERMISSION-FIRST", "permissions are judged at each entry, before reserved bits" },
	[NAME_LEGACY_CODES] = { "LEGACY-CODES", "fault reasons of legacy mode in scalable mode" },
	[NAME_PASID_CODES] = { "PASID-CODES", "one fault reason for all PASID structures" },
	[NAME_PASS_THROUGH_WIDE] = { "PASS-THROUGH-WIDE", "pass-through does not check the address" },
	[NAME_PASS_THROUGH_AW] = { "PASS-THROUGH-AW", "pass-through with any supported AW" },
	[NAME_PASID_AW] = { "PASID-AW", "AW of a pass-through PASID entry is checked" },
	[NAME_CHECK_ORDER] = { "CHECK-ORDER", "another of several faults in one structure" },
	[NAME_FPD_UNQUALIFIED] = { "FPD-UNQUALIFIED", "recorded in spite of FPD" },
	[NAME_SNOOP_BIT] = { "SNOOP-BIT", "SNP of a leaf is not reserved in scalable mode" },
	[NAME_TM_BIT] = { "TM-BIT", "bit 62 of a leaf is not reserved where device-TLBs are supported" },
	[NAME_PASID_UNCHECKED] = { "PASID-UNCHECKED", "reserved fields of PASID structures are not checked" },
	[NAME_PGTT_UNCHECKED] = { "PGTT-UNCHECKED", "a first-stage or nested PASID entry is walked as second stage" },
	[NAME_CONTEXT_UNCHECKED] = { "CONTEXT-UNCHECKED",
				     "scalable context entry: DTE, PASIDE, PRE and PDTS not checked" },
	[NAME_ROOT_BOTH_HALVES] = { "ROOT-BOTH-HALVES", "reserved bits of both halves of a scalable root entry" },
	[NAME_TABLE_ACCESS] = { "TABLE-ACCESS", "the reason for a table that cannot be read" },
	[NAME_INTERRUPT_LARGE] = { "INTERRUPT-LARGE", "a large page that touches the interrupt range is blocked" },
	[NAME_INTERRUPT_CODE] = { "INTERRUPT-CODE", "the scalable reason in legacy mode" },
	[NAME_FIRST_STAGE_AW] = { "FIRST-STAGE-AW", "the first stage's width is that of AW" },
	[NAME_FIRST_STAGE_1G] = { "FIRST-STAGE-1G", "first-stage pages of 1 GiB without FS1GP" },
	[NAME_PWSNP_UNCHECKED] = { "PWSNP-UNCHECKED", "flags of the first stage are set without PWSNP" },
	[NAME_DIRTY_CACHED] = { "DIRTY-CACHED",
				"a write through a cached translation is not walked for the dirty flag" },
	[NAME_ACCESSED_EARLY] = { "ACCESSED-EARLY", "flags are set on the way to a fault" },
	[NAME_FLAG_EITHER] = { "FLAG-EITHER", "a write sets neither flag in a leaf that has one of them" },
	[NAME_POINTER_UNUSED] = { "POINTER-UNUSED", "reserved bits of a table pointer that is not used" },
	[NAME_PAGE_OVERREACH] = { "PAGE-OVERREACH", "page-selective invalidation takes more pages" },
	[NAME_P_IOTLB_IGNORED] = { "P-IOTLB-IGNORED",
				   "a PASID-based IOTLB invalidation is accepted, and nothing is done" },
	[NAME_P_IOTLB_DOMAIN] = { "P-IOTLB-DOMAIN",
				  "the model drops second-stage translations of other PASIDs of the domain" },
	[NAME_CONTEXT_GLOBAL] = { "CONTEXT-GLOBAL", "domain-selective context invalidation is done globally" },
	[NAME_QI_UNCHECKED] = { "QI-UNCHECKED", "a descriptor that is carried out though a field is reserved" },
	[NAME_QI_ABSENT] = { "QI-ABSENT", "a descriptor of a feature that the unit does not report" },
	[NAME_QI_REFUSED] = { "QI-REFUSED", "a wait without status write and interrupt is refused" },
	[NAME_QI_TAIL] = { "QI-TAIL", "a misaligned tail is ignored" },
	[NAME_PENDING_LATE] = { "PENDING-LATE", "FECTL.IP stays until FSTS is written" },
	[NAME_REGISTER_MASK] = { "REGISTER-MASK", "bits of a register that can be written or read" },
};

/* ---- the name of a difference between two outcomes of a request ---- */

static bool reason_in(unsigned reason, unsigned first, unsigned last)
{
	return reason >= first && reason <= last;
}

static bool is_reserved(unsigned reason)
{
	return reason == VTD_FAULT_PAGING_RESERVED || reason == VTD_FAULT_SS_RESERVED ||
	       reason == VTD_FAULT_FS_RESERVED;
}

static bool is_denied(unsigned reason)
{
	return reason == VTD_FAULT_WRITE_DENIED || reason == VTD_FAULT_READ_DENIED ||
	       reason == VTD_FAULT_SM_WRITE_DENIED || reason == VTD_FAULT_USER_DENIED;
}

static bool is_unreadable(unsigned reason)
{
	switch (reason) {
	case VTD_FAULT_PAGING_ACCESS:
	case VTD_FAULT_ROOT_ACCESS:
	case VTD_FAULT_CONTEXT_ACCESS:
	case VTD_FAULT_SROOT_ACCESS:
	case VTD_FAULT_SCONTEXT_ACCESS:
	case VTD_FAULT_PASIDDIR_ACCESS:
	case VTD_FAULT_PASID_ACCESS:
	case VTD_FAULT_FS_ACCESS:
	case VTD_FAULT_FS_ROOT_ACCESS:
	case VTD_FAULT_SS_ACCESS:
	case VTD_FAULT_SS_ROOT_ACCESS:
		return true;
	default:
		return false;
	}
}

/* The legacy reason of a scalable condition, as QEMU gives it; 0: it has none. */
static unsigned legacy_reason(unsigned reason, bool write)
{
	switch (reason) {
	case VTD_FAULT_SROOT_ACCESS:
		return VTD_FAULT_ROOT_ACCESS;
	case VTD_FAULT_SROOT_NOT_PRESENT:
		return VTD_FAULT_ROOT_NOT_PRESENT;
	case VTD_FAULT_SROOT_RESERVED:
		return VTD_FAULT_ROOT_RESERVED;
	case VTD_FAULT_SCONTEXT_ACCESS:
		return VTD_FAULT_CONTEXT_ACCESS;
	case VTD_FAULT_SCONTEXT_NOT_PRESENT:
		return VTD_FAULT_CONTEXT_NOT_PRESENT;
	case VTD_FAULT_SCONTEXT_RESERVED:
		return VTD_FAULT_CONTEXT_RESERVED;
	case VTD_FAULT_SS_ACCESS:
		return VTD_FAULT_PAGING_ACCESS;
	case VTD_FAULT_SS_NOT_PRESENT:
		return write ? VTD_FAULT_WRITE_DENIED : VTD_FAULT_READ_DENIED;
	case VTD_FAULT_SS_RESERVED:
		return VTD_FAULT_PAGING_RESERVED;
	case VTD_FAULT_SM_SECOND_WIDTH:
		return VTD_FAULT_ADDRESS_WIDTH;
	case VTD_FAULT_SM_WRITE_DENIED:
		return VTD_FAULT_WRITE_DENIED;
	case VTD_FAULT_SM_READ_DENIED:
		return VTD_FAULT_READ_DENIED;
	default:
		return 0;
	}
}

/* Reserved bits of a leaf that QEMU does not check. */
static enum twin_name ignored_bit(const struct twin_prediction *prediction)
{
	if (!is_reserved(prediction->ours.reason))
		return NAME_COUNT;
	if (prediction->ignored_snoop)
		return NAME_SNOOP_BIT;
	if (prediction->ignored_tm)
		return NAME_TM_BIT;
	return prediction->ignored_1g ? NAME_FIRST_STAGE_1G : NAME_COUNT;
}

/* Does the structure meet the condition that the model reports? */
static bool is_present(const struct twin_prediction *prediction, unsigned reason)
{
	return reason_in(reason, 0x40, 0x7f) && (prediction->present >> (reason - 0x40) & 1);
}

/* Structure checks that QEMU does not make. */
static enum twin_name unchecked(const struct twin *twin, const struct twin_prediction *prediction, unsigned ours)
{
	if (reason_in(ours, VTD_FAULT_SCONTEXT_RESERVED, VTD_FAULT_PASID_INVALID) && !is_present(prediction, ours))
		return NAME_COUNT;
	if (ours == VTD_FAULT_PASIDDIR_RESERVED || ours == VTD_FAULT_PASID_RESERVED)
		return NAME_PASID_UNCHECKED;
	if (reason_in(ours, VTD_FAULT_SCONTEXT_INVALID, VTD_FAULT_PASID_IS_RID_PASID) ||
	    (ours == VTD_FAULT_SCONTEXT_RESERVED && twin->scalable))
		return NAME_CONTEXT_UNCHECKED;
	if (ours == VTD_FAULT_PASID_INVALID)
		return prediction->pass_through ? NAME_PASS_THROUGH_AW : NAME_PGTT_UNCHECKED;
	if (ours == VTD_FAULT_CONTEXT_INVALID && prediction->pass_through)
		return NAME_PASS_THROUGH_AW;
	if (prediction->pass_through && (ours == VTD_FAULT_ADDRESS_WIDTH || ours == VTD_FAULT_SM_HOST_WIDTH))
		return NAME_PASS_THROUGH_WIDE;
	return NAME_COUNT;
}

static enum twin_name of_structures(const struct twin *twin, const struct twin_prediction *prediction)
{
	unsigned ours = prediction->ours.moved ? 0 : prediction->ours.reason, theirs = prediction->theirs.reason;

	if (theirs == VTD_FAULT_ROOT_RESERVED && twin->scalable)
		return NAME_ROOT_BOTH_HALVES;
	if (theirs == VTD_FAULT_CONTEXT_RESERVED && prediction->unused_pointer)
		return NAME_POINTER_UNUSED;
	if (ours == 0 && prediction->pass_through && theirs == VTD_FAULT_PASID_ACCESS && twin->version < 10)
		return NAME_PASID_AW;
	/* 7.2 has VTD_FAULT_PASID_ACCESS for all that is wrong there. */
	if (theirs == VTD_FAULT_PASID_ACCESS && twin->version < 10)
		return is_present(prediction, ours) ? NAME_PASID_CODES : NAME_COUNT;
	if (reason_in(theirs, VTD_FAULT_PASIDDIR_ACCESS, VTD_FAULT_PASID_INVALID) && is_present(prediction, ours) &&
	    is_present(prediction, theirs))
		return NAME_CHECK_ORDER;
	return NAME_COUNT;
}

static enum twin_name of_reasons(const struct twin *twin, const struct twin_prediction *prediction, bool write)
{
	unsigned ours = prediction->ours.reason, theirs = prediction->theirs.reason;
	unsigned legacy = twin->scalable ? legacy_reason(ours, write) : ours;

	if (theirs == ours)
		return NAME_COUNT;
	if (theirs == VTD_FAULT_SM_INTERRUPT_ADDRESS && ours == VTD_FAULT_INTERRUPT_ADDRESS)
		return NAME_INTERRUPT_CODE;
	if (twin->scalable && legacy == theirs)
		return NAME_LEGACY_CODES;
	if (is_denied(theirs) &&
	    (is_reserved(ours) || is_unreadable(ours) || is_denied(ours) || ours == VTD_FAULT_FS_NOT_PRESENT))
		return NAME_PERMISSION_FIRST;
	if (is_unreadable(ours) && (is_unreadable(theirs) || theirs == VTD_FAULT_CONTEXT_INVALID))
		return NAME_TABLE_ACCESS;
	if (theirs == VTD_FAULT_NOT_CANONICAL)
		return NAME_FIRST_STAGE_AW;
	if (ignored_bit(prediction) != NAME_COUNT)
		return ignored_bit(prediction);
	if (prediction->large_interrupt)
		return NAME_INTERRUPT_LARGE;

	enum twin_name name = of_structures(twin, prediction);

	return name != NAME_COUNT ? name : unchecked(twin, prediction, ours);
}

static enum twin_name name_of(const struct twin *twin, const struct twin_prediction *prediction, bool write)
{
	const struct twin_outcome *ours = &prediction->ours, *theirs = &prediction->theirs;

	/* QEMU alone still has the translation; the model has walked what the structures say now. */
	if (prediction->outlived && (ours->moved || theirs->moved))
		return NAME_P_IOTLB_IGNORED;
	if (prediction->dropped && (ours->moved || theirs->moved))
		return NAME_P_IOTLB_DOMAIN;
	if (prediction->cached)
		return NAME_CACHED_DENIED;
	if (prediction->kept)
		return NAME_DIRTY_CACHED;
	if (ours->reason == VTD_FAULT_FS_UPDATE_NO_SNOOP && prediction->not_snooped)
		return NAME_PWSNP_UNCHECKED;
	if (!ours->moved && theirs->moved) {
		if (ignored_bit(prediction) != NAME_COUNT)
			return ignored_bit(prediction);
		return unchecked(twin, prediction, ours->reason);
	}
	if (ours->moved && !theirs->moved) {
		if (prediction->large_interrupt)
			return NAME_INTERRUPT_LARGE;
		return theirs->reason == VTD_FAULT_NOT_CANONICAL ? NAME_FIRST_STAGE_AW
								 : of_structures(twin, prediction);
	}
	return of_reasons(twin, prediction, write);
}

void twin_expect(struct twin *twin, const struct twin_device *device, const struct iommu_request *request,
		 struct twin_outcome *outcome)
{
	struct twin_prediction prediction = { .ours = *outcome };
	enum twin_name name;

	twin_predict(twin, device, request, &prediction);
	if (outcome->hidden)
		outcome->recorded = !outcome->moved && !prediction.fpd;
	if (prediction.theirs.moved == outcome->moved && prediction.theirs.reason == outcome->reason &&
	    !(prediction.kept && prediction.theirs.output != outcome->output)) {
		/* The same fault, told by QEMU only. */
		if (prediction.fpd && prediction.theirs.recorded && !outcome->recorded && !outcome->moved) {
			outcome->recorded = true;
			outcome->named[NAME_FPD_UNQUALIFIED] = true;
		}
		return;
	}
	name = name_of(twin, &prediction, request->write);
	if (name == NAME_COUNT)
		return;
	*outcome = prediction.theirs;
	memset(outcome->named, 0, sizeof(outcome->named));
	outcome->named[name] = true;
	if (prediction.fpd && prediction.theirs.recorded && !prediction.ours.recorded && !prediction.ours.moved)
		outcome->named[NAME_FPD_UNQUALIFIED] = true;
}
