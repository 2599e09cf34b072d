/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault reasons: which one a table walk ended with, what each means, and what a request of each type gets for
 * it.  [VTD] "Fault Conditions and Remapping Hardware Behavior for Various Requests".
 */
#include <stddef.h>

#include "models/iommu/vtd/unit.h"
#include "models/iommu/vtd/vtd.h"

/* ---- which fault a table walk found ---- */

/* Of the permissions that the request asks for, which does the walk that ended lack? */
static unsigned lacking(const struct walk *walk)
{
	return walk->access & ~(walk->permissions & walk->leaf.permissions);
}

static enum vtd_fault_reason legacy_fault(const struct iommu_translation *translation)
{
	const struct walk *walk = &translation->second;

	switch (walk->status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_ADDRESS_WIDTH;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_PAGING_RESERVED;
	case WALK_NOT_PRESENT: /* lacks both */
		return walk->access & PT_WRITE ? VTD_FAULT_WRITE_DENIED : VTD_FAULT_READ_DENIED;
	default:
		return lacking(walk) & PT_WRITE ? VTD_FAULT_WRITE_DENIED : VTD_FAULT_READ_DENIED;
	}
}

static enum vtd_fault_reason first_stage_fault(const struct iommu_translation *translation)
{
	const struct walk *walk = &translation->first;

	switch (walk->status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_NOT_CANONICAL;
	case WALK_NOT_PRESENT:
		return VTD_FAULT_FS_NOT_PRESENT;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_FS_RESERVED;
	default:
		/* [SGN.2], [SGN.3], [SGN.6]; there is no read permission to lack. */
		if (lacking(walk) & PT_USER)
			return VTD_FAULT_USER_DENIED;
		return lacking(walk) & PT_EXECUTE ? VTD_FAULT_EXECUTE_DENIED : VTD_FAULT_SM_WRITE_DENIED;
	}
}

static bool is_at_root(const struct walk *walk)
{
	return walk->level + 1 == walk->rules->levels;
}

/*
 * The second stage, asked for a first-stage table.
 *
 * ASSUMED: with SSADE a table that may be read but not written is SFS.8; the specification gives reading such a
 * table no condition of its own.
 */
static enum vtd_fault_reason table_fault(const struct iommu_translation *translation)
{
	const struct walk *first = &translation->first, *second = &translation->second;

	switch (second->status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_FS_ADDRESS_WIDTH;
	case WALK_NOT_PRESENT:
		return VTD_FAULT_SS_NOT_PRESENT;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_SS_RESERVED;
	default:
		if (!(lacking(second) & PT_READ))
			return VTD_FAULT_FS_WRITE_DENIED;
		return is_at_root(first) ? VTD_FAULT_FS_ROOT_READ_DENIED : VTD_FAULT_FS_READ_DENIED;
	}
}

/* The second stage, asked for the page. */
static enum vtd_fault_reason second_stage_fault(const struct iommu_translation *translation)
{
	const struct walk *walk = &translation->second;

	switch (walk->status) {
	case WALK_OUT_OF_RANGE:
		return translation->first_format ? VTD_FAULT_FS_ADDRESS_WIDTH : VTD_FAULT_SM_SECOND_WIDTH;
	case WALK_NOT_PRESENT:
		return VTD_FAULT_SS_NOT_PRESENT;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_SS_RESERVED;
	default:
		if (lacking(walk) & PT_WRITE)
			return VTD_FAULT_SM_WRITE_DENIED;
		return lacking(walk) & PT_READ ? VTD_FAULT_SM_READ_DENIED : VTD_FAULT_EXECUTE_DENIED;
	}
}

enum vtd_fault_reason vtd_walk_fault(const struct vtd *unit, const struct iommu_translation *translation)
{
	if (unit->ttm == VTD_TTM_LEGACY)
		return legacy_fault(translation);
	if (pipeline_stage_at_work(translation) == PIPELINE_FIRST)
		return first_stage_fault(translation);
	return translation->nested_for_table ? table_fault(translation) : second_stage_fault(translation);
}

enum vtd_fault_reason vtd_walk_access_fault(const struct vtd *unit, const struct iommu_translation *translation)
{
	const struct walk *walk = translation->at_work;

	if (unit->ttm == VTD_TTM_LEGACY)
		return is_at_root(walk) ? VTD_FAULT_CONTEXT_INVALID : VTD_FAULT_PAGING_ACCESS;
	if (pipeline_stage_at_work(translation) == PIPELINE_FIRST) {
		if (walk_wants_update(walk))
			return VTD_FAULT_FS_UPDATE_FAILED;
		return is_at_root(walk) ? VTD_FAULT_FS_ROOT_ACCESS : VTD_FAULT_FS_ACCESS;
	}
	if (walk_wants_update(walk))
		return VTD_FAULT_SS_UPDATE_FAILED;
	return is_at_root(walk) ? VTD_FAULT_SS_ROOT_ACCESS : VTD_FAULT_SS_ACCESS;
}

/* ---- the table of conditions ---- */

/* Where nothing is said: FPD counts (qualified), and a translation request is answered with completer abort. */
enum {
	UNQUALIFIED = 1,
	ANSWERED_UR = 2,      /* a translation request: unsupported request */
	ANSWERED_NOTHING = 4, /* a translation request: success, without permissions; not reported to software */
	REPORTED = 8,         /* but this is */
};

struct condition {
	const char *text;
	unsigned flags;
};

/* clang-format off */
static const struct condition conditions[256] = {
	[VTD_FAULT_NONE] = { "no fault", 0 },

	/* Legacy mode */
	[VTD_FAULT_ROOT_NOT_PRESENT] = { "[LRT.2] root entry not present", UNQUALIFIED | ANSWERED_UR },
	[VTD_FAULT_CONTEXT_NOT_PRESENT] = { "[LCT.2] context entry not present", ANSWERED_UR },
	[VTD_FAULT_CONTEXT_INVALID] = {
		"[LCT.4] context entry asks for what the unit has not, or its root table cannot be read", 0 },
	[VTD_FAULT_ADDRESS_WIDTH] = { "[LGN.1] address beyond the width", ANSWERED_NOTHING },
	[VTD_FAULT_WRITE_DENIED] = { "[LGN.2] no write permission", ANSWERED_NOTHING },
	[VTD_FAULT_READ_DENIED] = { "[LGN.3] no read permission", ANSWERED_NOTHING },
	[VTD_FAULT_PAGING_ACCESS] = { "[LSS.1] page-table entry cannot be read", 0 },
	[VTD_FAULT_ROOT_ACCESS] = { "[LRT.1] root entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_CONTEXT_ACCESS] = { "[LCT.1] context entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_ROOT_RESERVED] = { "[LRT.3] reserved field of the root entry not zero", UNQUALIFIED },
	[VTD_FAULT_CONTEXT_RESERVED] = { "[LCT.3] reserved field of the context entry not zero", 0 },
	[VTD_FAULT_PAGING_RESERVED] = { "[LSS.2] reserved field of a page-table entry not zero", 0 },
	[VTD_FAULT_CONTEXT_BLOCKED] = {
		"[LCT.5] context entry blocks translation requests and translated requests", ANSWERED_UR },
	[VTD_FAULT_INTERRUPT_ADDRESS] = { "[LGN.4] translation leads to the interrupt address range", 0 },

	/* The root table address register */
	[VTD_FAULT_RTADDR_INVALID] = {
		"[RTA.1] root table address register asks for what the unit has not", UNQUALIFIED },
	[VTD_FAULT_TTM_PASID] = { "[RTA.2] request with PASID in legacy mode", UNQUALIFIED | ANSWERED_UR },
	[VTD_FAULT_TTM_PAGE_REQUEST] = { "[RTA.3] page request in legacy mode", UNQUALIFIED },
	[VTD_FAULT_TTM_ABORT] = { "[RTA.4] abort-DMA mode", UNQUALIFIED | ANSWERED_UR },
	[VTD_FAULT_EXECUTE_REQUEST] = { "[RTA.5] execute request", UNQUALIFIED | ANSWERED_UR },

	/* Scalable-mode root entry */
	[VTD_FAULT_SROOT_ACCESS] = { "[SRT.1] root entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_SROOT_NOT_PRESENT] = { "[SRT.2] root entry not present", UNQUALIFIED | ANSWERED_UR },
	[VTD_FAULT_SROOT_RESERVED] = { "[SRT.3] reserved field of the root entry not zero", UNQUALIFIED },

	/* Scalable-mode context entry */
	[VTD_FAULT_SCONTEXT_ACCESS] = { "[SCT.1] context entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_SCONTEXT_NOT_PRESENT] = { "[SCT.2] context entry not present", ANSWERED_UR },
	[VTD_FAULT_SCONTEXT_RESERVED] = { "[SCT.3] reserved field of the context entry not zero", 0 },
	[VTD_FAULT_SCONTEXT_INVALID] = { "[SCT.4] fields of the context entry contradict each other", 0 },
	[VTD_FAULT_DTE_CLEAR] = { "[SCT.5] device-TLB not enabled", ANSWERED_UR },
	[VTD_FAULT_PASIDE_CLEAR] = { "[SCT.6] requests with PASID not enabled", ANSWERED_UR },
	[VTD_FAULT_PASID_TOO_LARGE] = { "[SCT.7] PASID beyond the directory", ANSWERED_UR },
	[VTD_FAULT_PRE_CLEAR] = { "[SCT.8] page requests not enabled", 0 },
	[VTD_FAULT_PASID_IS_RID_PASID] = { "[SCT.9] PASID is that of requests without PASID", ANSWERED_UR },
	[VTD_FAULT_EPTR_CLEAR] = { "[SCT.10] translated requests with PASID not enabled", 0 },

	/* PASID directory entry */
	[VTD_FAULT_PASIDDIR_ACCESS] = { "[SPD.1] PASID directory entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_PASIDDIR_NOT_PRESENT] = { "[SPD.2] PASID directory entry not present", ANSWERED_NOTHING },
	[VTD_FAULT_PASIDDIR_RESERVED] = { "[SPD.3] reserved field of the PASID directory entry not zero", 0 },

	/* PASID table entry */
	[VTD_FAULT_PASID_ACCESS] = { "[SPT.1] PASID table entry cannot be read", UNQUALIFIED },
	[VTD_FAULT_PASID_NOT_PRESENT] = { "[SPT.2] PASID table entry not present", ANSWERED_NOTHING },
	[VTD_FAULT_PASID_RESERVED] = { "[SPT.3] reserved field of the PASID table entry not zero", 0 },
	[VTD_FAULT_PASID_INVALID] = { "[SPT.4] PASID table entry asks for what the unit has not", 0 },
	[VTD_FAULT_ERE_CLEAR] = { "[SPT.5] execute requests not enabled", ANSWERED_NOTHING },
	[VTD_FAULT_SRE_CLEAR] = { "[SPT.6] supervisor requests not enabled", ANSWERED_NOTHING },

	/* First-stage tables */
	[VTD_FAULT_FS_ACCESS] = { "[SFS.1] first-stage entry cannot be read", ANSWERED_NOTHING },
	[VTD_FAULT_FS_NOT_PRESENT] = { "[SFS.2] first-stage entry not present", ANSWERED_NOTHING },
	[VTD_FAULT_FS_RESERVED] = { "[SFS.3] reserved field of a first-stage entry not zero", ANSWERED_NOTHING },
	[VTD_FAULT_FS_ROOT_ACCESS] = { "[SFS.4] entry of the first-stage root table cannot be read", ANSWERED_NOTHING },
	[VTD_FAULT_FS_ADDRESS_WIDTH] = {
		"[SFS.5] address in a first-stage entry beyond the second stage's width", ANSWERED_NOTHING },
	[VTD_FAULT_FS_ROOT_READ_DENIED] = {
		"[SFS.6] second stage denies reading the first-stage root table", ANSWERED_NOTHING },
	[VTD_FAULT_FS_READ_DENIED] = { "[SFS.7] second stage denies reading a first-stage table", ANSWERED_NOTHING },
	[VTD_FAULT_FS_WRITE_DENIED] = {
		"[SFS.8] second stage denies setting flags in a first-stage table", ANSWERED_NOTHING },
	[VTD_FAULT_FS_UPDATE_NO_SNOOP] = {
		"[SFS.9] first-stage flags to set by a page walk that does not snoop", ANSWERED_NOTHING },
	[VTD_FAULT_FS_UPDATE_FAILED] = { "[SFS.10] first-stage flags could not be set", ANSWERED_NOTHING | REPORTED },

	/* Second-stage tables */
	[VTD_FAULT_SS_ACCESS] = { "[SSS.1] second-stage entry cannot be read", 0 },
	[VTD_FAULT_SS_NOT_PRESENT] = { "[SSS.2] second-stage entry grants nothing", ANSWERED_NOTHING },
	[VTD_FAULT_SS_RESERVED] = { "[SSS.3] reserved field of a second-stage entry not zero", 0 },
	[VTD_FAULT_SS_ROOT_ACCESS] = { "[SSS.4] entry of the second-stage root table cannot be read", 0 },
	[VTD_FAULT_SS_UPDATE_NO_SNOOP] = { "[SSS.5] second-stage flags to set by a page walk that does not snoop", 0 },
	[VTD_FAULT_SS_UPDATE_FAILED] = { "[SSS.6] second-stage flags could not be set", 0 },

	/* The request as a whole */
	[VTD_FAULT_NOT_CANONICAL] = { "[SGN.1] address not canonical", ANSWERED_NOTHING },
	[VTD_FAULT_USER_DENIED] = { "[SGN.2] user-mode request to a supervisor page", ANSWERED_NOTHING },
	[VTD_FAULT_EXECUTE_DENIED] = { "[SGN.3] no execute permission", ANSWERED_NOTHING },
	[VTD_FAULT_SM_HOST_WIDTH] = { "[SGN.4] address beyond the host's width", ANSWERED_NOTHING },
	[VTD_FAULT_SM_SECOND_WIDTH] = { "[SGN.5] address beyond the second stage's width", ANSWERED_NOTHING },
	[VTD_FAULT_SM_WRITE_DENIED] = { "[SGN.6] no write permission", ANSWERED_NOTHING },
	[VTD_FAULT_SM_READ_DENIED] = { "[SGN.7] no read permission", ANSWERED_NOTHING },
	[VTD_FAULT_SM_INTERRUPT_ADDRESS] = { "[SGN.8] translation leads to the interrupt address range", 0 },
	[VTD_FAULT_PASID_TOO_WIDE] = { "[SGN.10] PASID wider than the unit supports", ANSWERED_UR },
};
/* clang-format on */

const char *vtd_fault_text(unsigned fault_reason)
{
	const char *text =
		fault_reason < sizeof(conditions) / sizeof(conditions[0]) ? conditions[fault_reason].text : NULL;

	return text ? text : "?";
}

bool vtd_fault_is_unqualified(enum vtd_fault_reason reason)
{
	return conditions[reason].flags & UNQUALIFIED;
}

bool vtd_fault_is_reported(enum vtd_fault_reason reason)
{
	return conditions[reason].flags & REPORTED;
}

enum iommu_completion vtd_fault_completion(enum vtd_fault_reason reason, enum iommu_request_type type,
					   bool response_due)
{
	switch (type) {
	case IOMMU_TRANSLATION_REQUEST:
		if (conditions[reason].flags & ANSWERED_NOTHING)
			return IOMMU_SUCCESS;
		return conditions[reason].flags & ANSWERED_UR ? IOMMU_UNSUPPORTED : IOMMU_ABORT;
	case IOMMU_PAGE_REQUEST:
		return response_due ? IOMMU_PAGE_INVALID : IOMMU_NO_COMPLETION;
	default:
		return IOMMU_UNSUPPORTED;
	}
}
