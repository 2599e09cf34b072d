/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which page tables a context or PASID entry leads to, by what rules they are walked, and what follows from what
 * they say.
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

/* ---- what the tables say ---- */

bool vtd_is_allowed_there(struct vtd *unit, struct iommu_translation *translation)
{
	if (vtd_is_not_plain(translation))
		return vtd_rare_is_allowed(unit, translation);
	/* [LGN.4, SGN.8] No translation may lead to the interrupt address range. */
	if (vtd_is_interrupt_address(translation->output)) {
		vtd_block(unit, translation,
			  unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_INTERRUPT_ADDRESS : VTD_FAULT_SM_INTERRUPT_ADDRESS);
		return false;
	}
	if (vtd_is_protected(unit, translation->output, translation->output)) {
		vtd_refuse(translation);
		return false;
	}
	return true;
}

/* [SFS.9, SSS.5] Flags are only set by page walks that snoop the processors' caches. */
static bool may_set_flags(const struct vtd *unit, const struct iommu_translation *translation)
{
	return (unit->extended_capability & VTD_ECAP_SMPWC) &&
	       (translation->structure[VTD_NOTE_ENTRY + 1] & VTD_PASID1_PWSNP);
}

void vtd_after_step(struct vtd *unit, struct iommu_translation *translation, enum pipeline_step step)
{
	switch (step) {
	case PIPELINE_WAITS:
		if (translation->access.want == IOMMU_WANTS_UPDATE && !may_set_flags(unit, translation)) {
			pipeline_stop(&unit->pipeline, translation);
			vtd_block(unit, translation,
				  translation->access.purpose == IOMMU_FOR_FIRST_STAGE ? VTD_FAULT_FS_UPDATE_NO_SNOOP
										       : VTD_FAULT_SS_UPDATE_NO_SNOOP);
		}
		break;
	case PIPELINE_TRANSLATED:
		if (!vtd_is_allowed(unit, translation, vtd_is_not_plain(translation)))
			break;
		pipeline_keep(&unit->pipeline, translation);
		vtd_end(unit, translation, vtd_is_not_plain(translation));
		break;
	case PIPELINE_FAULTS:
		vtd_block(unit, translation, vtd_walk_fault(unit, translation));
		break;
	}
}

/* ---- the walk ---- */

static void walk(struct vtd *unit, struct iommu_translation *translation, unsigned access)
{
	if (vtd_is_not_plain(translation))
		access = vtd_rare_walk_access(unit, translation);
	translation->phase = VTD_WALKS;
	vtd_after_step(unit, translation, pipeline_walk(&unit->pipeline, translation, access));
}

void vtd_walk_context(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2], unsigned access)
{
	set_second_stage(unit, translation, FIELD_GET(VTD_CONTEXT1_AW, words[1]), words[0] & VTD_CONTEXT0_SSPTPTR);
	walk(unit, translation, access);
}

void vtd_walk_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3], unsigned access)
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);

	vtd_note_pasid(translation, words);
	if (type != VTD_PGTT_SECOND_STAGE)
		set_first_stage(unit, translation, words[2]);
	if (type != VTD_PGTT_FIRST_STAGE)
		set_pasid_second_stage(unit, translation, words[0]);
	walk(unit, translation, access);
}
