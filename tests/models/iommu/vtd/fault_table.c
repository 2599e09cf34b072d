/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/vtd/fault_table.h"

struct world fault_world;
phys_t fault_context;

#include <string.h>

#define FPD   UINT64_C(2)
#define FSTS  0x34
#define FRCD1 0x228 /* high word of the first fault record */

static struct iommu_request request_of(const struct fault_row *row, unsigned column)
{
	static const enum iommu_request_type types[FAULT_COLUMNS] = {
		IOMMU_UNTRANSLATED,        IOMMU_UNTRANSLATED,       IOMMU_TRANSLATION_REQUEST,
		IOMMU_TRANSLATION_REQUEST, IOMMU_TRANSLATED_REQUEST, IOMMU_TRANSLATED_REQUEST,
		IOMMU_PAGE_REQUEST,        IOMMU_PAGE_REQUEST,
	};
	bool is_page = column >= PAGE_RESPONSE;
	struct iommu_request request = row->request;

	request.type = types[column];
	request.source_id = DEVICE;
	request.has_pasid = is_page ? row->page_with_pasid : column % 2;
	request.pasid = !request.has_pasid ? 0 : row->pasid ? row->pasid : FAULT_PASID;
	request.last = column == PAGE_RESPONSE;
	request.read = is_page;
	if (request.iova == 0)
		request.iova = FAULT_IOVA;
	if (request.type == IOMMU_TRANSLATION_REQUEST)
		request.write = true; /* the no-write flag is clear */
	return request;
}

static void expect_answer(const struct fault_row *row, unsigned column, bool fpd)
{
	static const struct {
		char letter;
		enum iommu_completion completion;
		bool is_fault;
	} answers[] = {
		{ 'U', IOMMU_UNSUPPORTED, true },  { 'C', IOMMU_ABORT, true },         { '0', IOMMU_SUCCESS, false },
		{ 'I', IOMMU_PAGE_INVALID, true }, { 'd', IOMMU_NO_COMPLETION, true }, { 'P', IOMMU_SUCCESS, false },
		{ 'R', IOMMU_SUCCESS, true },
	};
	const struct iommu_translation *t = &fault_world.t;
	unsigned i = 0;

	while (answers[i].letter != row->columns[column])
		i++;

	bool is_recorded = answers[i].is_fault && !(fpd && row->is_qualified);
	unsigned effective = row->columns[column] == 'P' ? row->effective : 0;

	ck_assert_msg(t->completion == answers[i].completion, "%s, column %u: completion %d", row->name, column,
		      t->completion);
	ck_assert_msg(t->status == (answers[i].is_fault ? IOMMU_FAULT : IOMMU_TRANSLATED), "%s, column %u: %s",
		      row->name, column, vtd_fault_text(t->fault_reason));
	ck_assert_msg(t->fault_reason == (answers[i].is_fault ? row->reason : 0), "%s, column %u: %s", row->name,
		      column, vtd_fault_text(t->fault_reason));
	if (answers[i].completion == IOMMU_SUCCESS)
		ck_assert_msg(t->permissions == effective && !t->untranslated_only, "%s, column %u: permissions %u",
			      row->name, column, t->permissions);
	ck_assert_msg((world_register(&fault_world, FSTS, 4) & 2) == (is_recorded ? 2 : 0), "%s, column %u, FPD %d",
		      row->name, column, fpd);
	if (is_recorded)
		ck_assert_uint_eq(world_register(&fault_world, FRCD1, 8) >> 32 & 0xff, row->reason);
}

/* "SCT_4_1" is "[SCT.4] ..." to people: the row's name has the reason's, '_' for '.'. */
static void expect_text(const struct fault_row *row)
{
	const char *text = vtd_fault_text(row->reason);
	size_t length = strcspn(text, "]") - 1;

	ck_assert_msg(text[0] == '[' && strncmp(text + 1, row->name, 3) == 0 &&
			      strncmp(text + 5, row->name + 4, length - 4) == 0,
		      "%s: %s", row->name, text);
}

void fault_row_expect(const struct fault_row *row)
{
	expect_text(row);
	for (unsigned column = 0; column < FAULT_COLUMNS; column++) {
		struct iommu_request request = request_of(row, column);

		for (unsigned fpd = 0; fpd < 2 && row->columns[column] != '-'; fpd++) {
			row->begin();
			row->apply();
			if (fpd)
				world_set_bits(&fault_world, fault_context, FPD);
			world_request(&fault_world, &request);
			expect_answer(row, column, fpd);
			world_fini(&fault_world);
		}
	}
}
