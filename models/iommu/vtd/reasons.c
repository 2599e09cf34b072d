/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault reasons: which one a table walk ended with, and what each means.  [VTD] "Fault Conditions and
 * Remapping Hardware Behavior for Various Requests".
 */
#include <stddef.h>

#include "models/iommu/vtd/unit.h"
#include "models/iommu/vtd/vtd.h"

/* ---- which fault a table walk found ---- */

static enum vtd_fault_reason legacy_fault(const struct iommu_translation *translation)
{
	switch (translation->second.status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_ADDRESS_WIDTH;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_PAGING_RESERVED;
	default:
		return translation->request.write ? VTD_FAULT_WRITE_DENIED : VTD_FAULT_READ_DENIED;
	}
}

static enum vtd_fault_reason first_stage_fault(const struct iommu_translation *translation)
{
	const struct walk *walk = &translation->first;
	unsigned granted = walk->permissions & walk->leaf.permissions;

	switch (walk->status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_NOT_CANONICAL;
	case WALK_NOT_PRESENT:
		return VTD_FAULT_FS_NOT_PRESENT;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_FS_RESERVED;
	default:
		/* [SGN.2], [SGN.3], [SGN.6]; there is no read permission to lack. */
		if (walk->access & ~granted & PT_USER)
			return VTD_FAULT_USER_DENIED;
		return walk->access & ~granted & PT_EXECUTE ? VTD_FAULT_EXECUTE_DENIED : VTD_FAULT_SM_WRITE_DENIED;
	}
}

/* The second stage, asked for a first-stage table. */
static enum vtd_fault_reason table_fault(const struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;

	switch (translation->second.status) {
	case WALK_OUT_OF_RANGE:
		return VTD_FAULT_FS_TABLE_ADDRESS;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_SS_RESERVED;
	default:
		if (walk_wants_update(first))
			return VTD_FAULT_FS_WRITE_DENIED;
		return first->level + 1 == first->rules->levels ? VTD_FAULT_FS_ROOT_READ_DENIED
								: VTD_FAULT_FS_READ_DENIED;
	}
}

/* The second stage, asked for the page. */
static enum vtd_fault_reason second_stage_fault(const struct iommu_translation *translation)
{
	switch (translation->second.status) {
	case WALK_OUT_OF_RANGE:
		return translation->first_format ? VTD_FAULT_SM_SS_ADDRESS_WIDTH : VTD_FAULT_SM_ADDRESS_WIDTH;
	case WALK_NOT_PRESENT:
		return VTD_FAULT_SS_NOT_PRESENT;
	case WALK_RESERVED_BIT:
		return VTD_FAULT_SS_RESERVED;
	default:
		return translation->request.write ? VTD_FAULT_SM_WRITE_DENIED : VTD_FAULT_SM_READ_DENIED;
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

/* ---- for people ---- */

static const char *const texts[256] = {
	[VTD_FAULT_NONE] = "no fault",
	[VTD_FAULT_ROOT_NOT_PRESENT] = "[LRT.2] root entry not present",
	[VTD_FAULT_CONTEXT_NOT_PRESENT] = "[LCT.2] context entry not present",
	[VTD_FAULT_CONTEXT_INVALID] = "[LCT.4] context entry asks for what the unit has not",
	[VTD_FAULT_ADDRESS_WIDTH] = "[LGN.1] address beyond the width",
	[VTD_FAULT_WRITE_DENIED] = "[LGN.2] no write permission",
	[VTD_FAULT_READ_DENIED] = "[LGN.3] no read permission",
	[VTD_FAULT_PAGING_ACCESS] = "[LSL.1] page-table entry cannot be read",
	[VTD_FAULT_ROOT_ACCESS] = "[LRT.1] root entry cannot be read",
	[VTD_FAULT_CONTEXT_ACCESS] = "[LCT.1] context entry cannot be read",
	[VTD_FAULT_ROOT_RESERVED] = "[LRT.3] reserved field of the root entry not zero",
	[VTD_FAULT_CONTEXT_RESERVED] = "[LCT.3] reserved field of the context entry not zero",
	[VTD_FAULT_PAGING_RESERVED] = "[LSL.2] reserved field of a page-table entry not zero",
	[VTD_FAULT_CONTEXT_BLOCKED] = "[LCT.5] context entry blocks translated requests",
	[VTD_FAULT_INTERRUPT_ADDRESS] = "[LGN.4] translation leads to the interrupt address range",
	[VTD_FAULT_RTADDR_INVALID] = "[RTA.1] invalid translation table mode",
	[VTD_FAULT_TTM_PASID] = "[RTA.2] request with PASID in legacy mode",
	[VTD_FAULT_TTM_PAGE_REQUEST] = "[RTA.3] page request in legacy mode",
	[VTD_FAULT_TTM_ABORT] = "[RTA.4] abort-DMA mode",
	[VTD_FAULT_SROOT_ACCESS] = "[SRT.1] root entry cannot be read",
	[VTD_FAULT_SROOT_NOT_PRESENT] = "[SRT.2] root entry not present",
	[VTD_FAULT_SROOT_RESERVED] = "[SRT.3] reserved field of the root entry not zero",
	[VTD_FAULT_SCONTEXT_ACCESS] = "[SCT.1] context entry cannot be read",
	[VTD_FAULT_SCONTEXT_NOT_PRESENT] = "[SCT.2] context entry not present",
	[VTD_FAULT_SCONTEXT_RESERVED] = "[SCT.3] reserved field of the context entry not zero",
	[VTD_FAULT_SCONTEXT_INVALID] = "[SCT.4] context entry asks for what the unit has not",
	[VTD_FAULT_DTE_CLEAR] = "[SCT.5] device-TLB not enabled",
	[VTD_FAULT_PASIDE_CLEAR] = "[SCT.6] requests with PASID not enabled",
	[VTD_FAULT_PASID_TOO_LARGE] = "[SCT.7] PASID beyond the directory",
	[VTD_FAULT_PRE_CLEAR] = "[SCT.8] page requests not enabled",
	[VTD_FAULT_RID_PASID_TOO_LARGE] = "[SCT.9] RID_PASID beyond the directory",
	[VTD_FAULT_PASIDDIR_ACCESS] = "[SPD.1] PASID directory entry cannot be read",
	[VTD_FAULT_PASIDDIR_NOT_PRESENT] = "[SPD.2] PASID directory entry not present",
	[VTD_FAULT_PASIDDIR_RESERVED] = "[SPD.3] reserved field of the PASID directory entry not zero",
	[VTD_FAULT_PASID_ACCESS] = "[SPT.1] PASID table entry cannot be read",
	[VTD_FAULT_PASID_NOT_PRESENT] = "[SPT.2] PASID table entry not present",
	[VTD_FAULT_PASID_RESERVED] = "[SPT.3] reserved field of the PASID table entry not zero",
	[VTD_FAULT_PASID_INVALID] = "[SPT.4] PASID table entry asks for what the unit has not",
	[VTD_FAULT_ERE_CLEAR] = "[SPT.5] execute requests not enabled",
	[VTD_FAULT_SRE_CLEAR] = "[SPT.6] supervisor requests not enabled",
	[VTD_FAULT_FS_ACCESS] = "[SFS.1] first-stage entry cannot be read",
	[VTD_FAULT_FS_NOT_PRESENT] = "[SFS.2] first-stage entry not present",
	[VTD_FAULT_FS_RESERVED] = "[SFS.3] reserved field of a first-stage entry not zero",
	[VTD_FAULT_FS_ROOT_ACCESS] = "[SFS.4] entry of the first-stage root table cannot be read",
	[VTD_FAULT_FS_TABLE_ADDRESS] = "[SFS.5] first-stage table beyond the second stage's width",
	[VTD_FAULT_FS_ROOT_READ_DENIED] = "[SFS.6] second stage denies reading the first-stage root table",
	[VTD_FAULT_FS_READ_DENIED] = "[SFS.7] second stage denies reading a first-stage table",
	[VTD_FAULT_FS_WRITE_DENIED] = "[SFS.8] second stage denies setting flags in a first-stage table",
	[VTD_FAULT_FS_UPDATE_NO_SNOOP] = "[SFS.9] first-stage flags to set by a page walk that does not snoop",
	[VTD_FAULT_FS_UPDATE_FAILED] = "[SFS.10] first-stage flags could not be set",
	[VTD_FAULT_SS_ACCESS] = "[SSS.1] second-stage entry cannot be read",
	[VTD_FAULT_SS_NOT_PRESENT] = "[SSS.2] second-stage entry grants nothing",
	[VTD_FAULT_SS_RESERVED] = "[SSS.3] reserved field of a second-stage entry not zero",
	[VTD_FAULT_SS_ROOT_ACCESS] = "[SSS.4] entry of the second-stage root table cannot be read",
	[VTD_FAULT_SS_UPDATE_NO_SNOOP] = "[SSS.5] second-stage flags to set by a page walk that does not snoop",
	[VTD_FAULT_SS_UPDATE_FAILED] = "[SSS.6] second-stage flags could not be set",
	[VTD_FAULT_NOT_CANONICAL] = "[SGN.1] address not canonical",
	[VTD_FAULT_USER_DENIED] = "[SGN.2] user-mode request to a supervisor page",
	[VTD_FAULT_EXECUTE_DENIED] = "[SGN.3] no execute permission",
	[VTD_FAULT_SM_ADDRESS_WIDTH] = "[SGN.4] address beyond the width",
	[VTD_FAULT_SM_SS_ADDRESS_WIDTH] = "[SGN.5] first-stage output beyond the second stage's width",
	[VTD_FAULT_SM_WRITE_DENIED] = "[SGN.6] no write permission",
	[VTD_FAULT_SM_READ_DENIED] = "[SGN.7] no read permission",
	[VTD_FAULT_SM_INTERRUPT_ADDRESS] = "[SGN.8] translation leads to the interrupt address range",
	[VTD_FAULT_SM_TRANSLATED_INTERRUPT] = "[SGN.9] translated request to the interrupt address range",
	[VTD_FAULT_SM_TRANSLATED_BLOCKED] = "[SGN.10] translated request blocked",
};

const char *vtd_fault_text(unsigned fault_reason)
{
	const char *text = fault_reason < sizeof(texts) / sizeof(texts[0]) ? texts[fault_reason] : NULL;

	return text ? text : "?";
}
