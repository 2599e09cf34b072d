/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what the bridge reads, for models/iommu/describe.h. */
#include "models/iommu/describe.h"

#include "models/iommu/tce/unit.h"

/* clang-format off */
static const struct field rtes[] = {
	FIELD_NUMBER(IODA3, RTE_3),
	FIELD_NUMBER(IODA3, RTE_2),
	FIELD_NUMBER(IODA3, RTE_1),
	FIELD_NUMBER(IODA3, RTE_0),
};

static const struct field vector[] = {
	{ "PEs", UINT64_MAX, FIELD_IS_NUMBER, { NULL } },
};
/* clang-format on */

static const struct layout rte_layout = LAYOUT_OF(NULL, rtes), vector_layout = LAYOUT_OF(NULL, vector);

static void structure(const struct iommu *iommu, const struct iommu_translation *translation,
		      const struct iommu_entry *before, struct iommu_entry *entry)
{
	const struct tce_unit *unit = (const struct tce_unit *)iommu;
	bool is_rte = translation->phase == TCE_READS_RTE;

	(void)before;
	entry->name = is_rte ? "RTEs" : "PELT-V entry";
	entry->index_name = is_rte ? "requester ID 15:2" : "PE";
	entry->table = is_rte ? tce_reg(unit, PHB_RTT_BAR) & PHB_RTT_BASE_ADDRESS
			      : tce_reg(unit, PHB_PELTV_BAR) & PHB_PELTV_BASE_ADDRESS;
	entry->index = is_rte ? translation->request.source_id / 4u : (unsigned)translation->structure[TCE_NOTE_PE];
}

static void structure_words(const struct iommu *iommu, struct iommu_entry *entry)
{
	(void)iommu;
	for (unsigned i = 0; i < entry->words; i++) {
		entry->word[i] = __builtin_bswap64(entry->word[i]);
		entry->layout[i] = entry->words == 1 ? &rte_layout : &vector_layout;
		entry->reserved[i] = 0;
	}
}

static const struct iommu_register no_registers[] = { { NULL, 0, 0, { NULL, NULL, 0 } } };

const struct iommu_describe_ops tce_describe_ops = {
	.registers = no_registers,
	.structure = structure,
	.structure_words = structure_words,
	.fault_text = tce_fault_text,
	.tables = NULL,
};
