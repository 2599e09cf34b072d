/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The named differences between QEMU and the specification; docs/validation.md lists them with the sections.
 * A difference has a name only where the two outcomes and the structures are those that the name speaks of.
 */
#ifndef TESTS_TWIN_VTD_EXPLAIN_H
#define TESTS_TWIN_VTD_EXPLAIN_H

#include "tests/twin/vtd_twin.h"

enum twin_name {
	NAME_FRCD_PASID,
	NAME_FI_WIDTH,
	NAME_CACHED_DENIED,
	NAME_PERMISSION_FIRST,
	NAME_LEGACY_CODES,
	NAME_PASID_CODES,
	NAME_PASS_THROUGH_WIDE,
	NAME_PASS_THROUGH_AW,
	NAME_PASID_AW,
	NAME_CHECK_ORDER,
	NAME_FPD_UNQUALIFIED,
	NAME_SNOOP_BIT,
	NAME_TM_BIT,
	NAME_PASID_UNCHECKED,
	NAME_PGTT_UNCHECKED,
	NAME_CONTEXT_UNCHECKED,
	NAME_ROOT_BOTH_HALVES,
	NAME_TABLE_ACCESS,
	NAME_INTERRUPT_LARGE,
	NAME_INTERRUPT_CODE,
	NAME_FIRST_STAGE_AW,
	NAME_FIRST_STAGE_1G,
	NAME_PWSNP_UNCHECKED,
	NAME_DIRTY_CACHED,
	NAME_ACCESSED_EARLY,
	NAME_FLAG_EITHER,
	NAME_POINTER_UNUSED,
	NAME_PAGE_OVERREACH,
	NAME_P_IOTLB_IGNORED,
	NAME_P_IOTLB_DOMAIN,
	NAME_CONTEXT_GLOBAL,
	NAME_QI_UNCHECKED,
	NAME_QI_ABSENT,
	NAME_QI_REFUSED,
	NAME_QI_TAIL,
	NAME_PENDING_LATE,
	NAME_REGISTER_MASK,
	NAME_COUNT
};

_Static_assert(NAME_COUNT <= TWIN_NAMES, "struct twin counts every name");

struct twin_explanation {
	const char *name, *text;
};

extern const struct twin_explanation twin_explanations[NAME_COUNT];

/* What one request, within one page, comes to. */
struct twin_outcome {
	bool moved;
	bool recorded; /* its fault, unless the log is full */
	bool hidden;   /* whether it is cannot be seen: the source has one recorded */
	unsigned reason;
	phys_t output;
	bool named[NAME_COUNT];
};

/* outcome is the model's and becomes QEMU's where a name says so. */
void twin_expect(struct twin *twin, const struct twin_device *device, const struct iommu_request *request,
		 struct twin_outcome *outcome);

#endif
