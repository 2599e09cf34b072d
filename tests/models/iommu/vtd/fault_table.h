/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of [VTD] "Fault Conditions and Remapping Hardware Behavior for Various Requests", typed from the
 * specification, and the requests that bear it out: each type of request, with the entries' FPD clear and set.
 */
#ifndef IOMMUSIM_TESTS_VTD_FAULT_TABLE_H
#define IOMMUSIM_TESTS_VTD_FAULT_TABLE_H

#include "tests/models/iommu/vtd/world.h"

/*
 * The columns of the table, in its order: untranslated, translation and translated requests, each without
 * and with PASID, then page requests that require a response and that do not.
 *
 *   U  unsupported request          I  invalid request (a response)
 *   C  completer abort              d  dropped
 *   0  success with R = W = U = S = 0    P  success with what is granted
 *   R  as 0, but reported           -  not applicable
 */
#define FAULT_COLUMNS 8

enum fault_column {
	UNTRANSLATED,
	UNTRANSLATED_PASID,
	TRANSLATION,
	TRANSLATION_PASID,
	TRANSLATED,
	TRANSLATED_PASID,
	PAGE_RESPONSE,
	PAGE_NO_RESPONSE,
};

struct fault_row {
	const char *name; /* the condition: "SCT_4_1" */
	unsigned reason;
	bool is_qualified;
	const char *columns;
	void (*begin)(void);          /* makes fault_world, where the requests would do */
	void (*apply)(void);          /* brings about the condition */
	struct iommu_request request; /* what it asks for, but for type, source and PASID */
	uint32_t pasid;               /* of columns with PASID; 0: FAULT_PASID */
	bool page_with_pasid;         /* page requests have a PASID */
	unsigned effective;           /* of P: permissions */
};

/* clang-format off */
#define ROW(NAME, REASON, QUALIFIED, COLUMNS, BEGIN, APPLY, ...) \
	{ \
		.name = NAME, .reason = REASON, .is_qualified = QUALIFIED, .columns = COLUMNS, .begin = BEGIN, \
		.apply = APPLY, ##__VA_ARGS__ \
	}
/* clang-format on */

#define FAULT_PASID 0x4b
#define FAULT_IOVA  UINT64_C(0x7f0000001000)

extern struct world fault_world;
extern phys_t fault_context; /* the context entry, whose FPD counts */

void fault_row_expect(const struct fault_row *row);

#endif
