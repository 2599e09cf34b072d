/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every page table that the structures in memory lead to: root table -> context tables (-> PASID directories -> PASID
 * tables).  [VTD] "Hierarchical Translation Structures".
 */
#include "models/iommu/vtd/describe.h"
#include "models/iommu/vtd/unit.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"

struct visit {
	const struct vtd *unit;
	iommu_access_fn *access;
	void *access_argument;
	iommu_table_fn *table;
	void *argument;
};

/* False: it cannot be read, or is not present. */
static bool read_entry(const struct visit *visit, phys_t address, unsigned bytes, uint64_t words[IOMMU_WORDS_MAX])
{
	struct iommu_access access = {
		.want = IOMMU_WANTS_READ, .purpose = IOMMU_FOR_DEVICE, .address = address, .words = bytes / 8
	};

	return visit->access(visit->access_argument, &access, words) && (words[0] & VTD_ROOT0_P); /* P: always bit 0 */
}

/* False: no table has such a width. */
static bool set_second_stage(const struct visit *visit, struct iommu_table *table, uint64_t aw, phys_t root)
{
	table->stage = "SL";
	table->format = &vtd_second_stage;
	table->root = root;
	table->rules = visit->unit->second_rules;
	table->rules.levels = (unsigned)aw + 2;
	table->rules.input_width_lg2 = pt_entry_lg2(table->rules.levels);
	return aw >= VTD_AW_39 && aw <= VTD_AW_57;
}

static bool set_first_stage(const struct visit *visit, struct iommu_table *table, uint64_t word)
{
	uint64_t mode = FIELD_GET(VTD_PASID2_FSPM, word);

	table->stage = "FL";
	table->format = &vtd_first_stage;
	table->root = word & VTD_PASID2_FSPTPTR;
	table->rules = visit->unit->first_rules;
	table->rules.levels = mode == VTD_FSPM_5_LEVEL ? 5 : 4;
	table->rules.input_width_lg2 = pt_entry_lg2(table->rules.levels);
	return mode <= VTD_FSPM_5_LEVEL;
}

static void visit_pasid(const struct visit *visit, struct iommu_table table, const uint64_t words[8])
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);
	struct iommu_table second = table;

	table.domain = second.domain = (unsigned)FIELD_GET(VTD_PASID1_DID, words[1]);
	bool has_second =
		(type == VTD_PGTT_SECOND_STAGE || type == VTD_PGTT_NESTED) &&
		set_second_stage(visit, &second, FIELD_GET(VTD_PASID0_AW, words[0]), words[0] & VTD_PASID0_SSPTPTR);

	if (type == VTD_PGTT_NESTED && has_second) {
		table.outer_format = second.format;
		table.outer_rules = second.rules;
		table.outer_root = second.root;
	}
	if ((type == VTD_PGTT_FIRST_STAGE || table.outer_format) && set_first_stage(visit, &table, words[2]))
		visit->table(visit->argument, &table);
	if (has_second)
		visit->table(visit->argument, &second);
}

static void visit_pasid_directory(const struct visit *visit, struct iommu_table table, const uint64_t context[4])
{
	uint32_t entries = UINT32_C(1) << (FIELD_GET(VTD_SCONTEXT0_PDTS, context[0]) + 7);
	uint32_t per_table = PAGE_BYTES / VTD_PASID_BYTES;
	phys_t directory = context[0] & VTD_SCONTEXT0_PASIDDIRPTR;
	uint64_t pointer[IOMMU_WORDS_MAX], words[IOMMU_WORDS_MAX];

	table.has_pasid = true;
	for (uint32_t i = 0; i < entries; i++) {
		if (!read_entry(visit, directory + i * VTD_PASIDDIR_BYTES, VTD_PASIDDIR_BYTES, pointer))
			continue;
		for (uint32_t j = 0; j < per_table; j++) {
			phys_t address = (pointer[0] & VTD_PASIDDIR_SMPTBLPTR) + j * VTD_PASID_BYTES;

			table.pasid = i * per_table + j;
			if (read_entry(visit, address, VTD_PASID_BYTES, words))
				visit_pasid(visit, table, words);
		}
	}
}

static void visit_context(const struct visit *visit, struct iommu_table table, const uint64_t words[2])
{
	enum vtd_tt type = FIELD_GET(VTD_CONTEXT0_TT, words[0]);

	table.domain = (unsigned)FIELD_GET(VTD_CONTEXT1_DID, words[1]);
	if ((type == VTD_TT_UNTRANSLATED || type == VTD_TT_DEVICE_TLB) &&
	    set_second_stage(visit, &table, FIELD_GET(VTD_CONTEXT1_AW, words[1]), words[0] & VTD_CONTEXT0_SSPTPTR))
		visit->table(visit->argument, &table);
}

/* The context table of a bus or, in scalable mode, of half of one. */
static void visit_contexts(const struct visit *visit, unsigned first_source_id, phys_t contexts)
{
	bool is_scalable = visit->unit->ttm == VTD_TTM_SCALABLE;
	unsigned bytes = is_scalable ? VTD_SCONTEXT_BYTES : VTD_CONTEXT_BYTES;
	uint64_t words[IOMMU_WORDS_MAX];

	for (unsigned i = 0; i < PAGE_BYTES / bytes; i++) {
		struct iommu_table table = { .source_id = (uint16_t)(first_source_id + i) };

		if (!read_entry(visit, contexts + i * bytes, bytes, words))
			continue;
		if (is_scalable)
			visit_pasid_directory(visit, table, words);
		else
			visit_context(visit, table, words);
	}
}

void vtd_tables(const struct iommu *iommu, iommu_access_fn *access, void *access_argument, iommu_table_fn *table,
		void *argument)
{
	struct visit visit = { (const struct vtd *)iommu, access, access_argument, table, argument };
	enum vtd_ttm mode = visit.unit->ttm;
	struct iommu_access read = { .want = IOMMU_WANTS_READ,
				     .purpose = IOMMU_FOR_DEVICE,
				     .words = VTD_ROOT_BYTES / 8 };
	uint64_t words[IOMMU_WORDS_MAX];

	if (mode != VTD_TTM_LEGACY && mode != VTD_TTM_SCALABLE)
		return;
	for (unsigned bus = 0; bus < 256; bus++) {
		read.address = visit.unit->root_table + bus * VTD_ROOT_BYTES;
		if (!access(access_argument, &read, words))
			continue;
		if (words[0] & VTD_ROOT0_P)
			visit_contexts(&visit, bus << 8, words[0] & VTD_ROOT0_CTP);
		if (mode == VTD_TTM_SCALABLE && (words[1] & VTD_SROOT_P))
			visit_contexts(&visit, bus << 8 | 0x80, words[1] & VTD_SROOT_CTP);
	}
}
