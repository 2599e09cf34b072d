/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables a context or PASID entry leads to, and by what rules they are walked.
 * [VTD] "Context Entry", "Scalable-Mode PASID Table Entry".
 */
#include "models/iommu/vtd/requests.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"

static void set_second_stage(const struct vtd *unit, struct iommu_translation *translation, uint64_t aw, phys_t root)
{
	translation->second_format = &vtd_second_stage;
	translation->second_root = root;
	translation->second_rules = unit->second_rules;
	translation->second_rules.levels = (unsigned)aw + 2;
	translation->second_rules.input_width_lg2 = vtd_second_stage_width(unit, aw);
}

/* The second stage of a PASID entry. */
static void set_pasid_second_stage(const struct vtd *unit, struct iommu_translation *translation, uint64_t word)
{
	struct pt_rules *rules = &translation->second_rules;

	set_second_stage(unit, translation, FIELD_GET(VTD_PASID0_AW, word), word & VTD_PASID0_SSPTPTR);
	rules->accessed_dirty = word & VTD_PASID0_SSADE;
	rules->tables_writable = word & VTD_PASID0_SSADE; /* [VTD] "Nested Translation", "Access Rights" */
	rules->execute_permission = word & VTD_PASID0_SSEE;
}

static void set_first_stage(const struct vtd *unit, struct iommu_translation *translation, uint64_t word)
{
	unsigned levels = FIELD_GET(VTD_PASID2_FSPM, word) == VTD_FSPM_5_LEVEL ? 5 : 4;

	translation->first_format = &vtd_first_stage;
	translation->first_root = word & VTD_PASID2_FSPTPTR;
	translation->first_rules = unit->first_rules;
	translation->first_rules.levels = levels;
	translation->first_rules.input_width_lg2 = pt_entry_lg2(levels);
	translation->first_rules.write_protect = word & VTD_PASID2_WPE;
	/* NXE is ignored by units without execute requests. */
	translation->first_rules.execute_disable =
		(word & VTD_PASID2_NXE) && (unit->extended_capability & VTD_ECAP_ERS);
	translation->first_rules.extended_accessed = word & VTD_PASID2_EAFE;
}

void vtd_set_context_stage(const struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2])
{
	set_second_stage(unit, translation, FIELD_GET(VTD_CONTEXT1_AW, words[1]), words[0] & VTD_CONTEXT0_SSPTPTR);
}

void vtd_set_pasid_stages(const struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3])
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);

	if (type != VTD_PGTT_SECOND_STAGE)
		set_first_stage(unit, translation, words[2]);
	if (type != VTD_PGTT_FIRST_STAGE)
		set_pasid_second_stage(unit, translation, words[0]);
}
