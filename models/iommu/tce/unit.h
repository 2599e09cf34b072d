/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge from inside: what the files of this folder share.  Nobody outside it includes this. */
#ifndef IOMMUSIM_IOMMU_TCE_UNIT_H
#define IOMMUSIM_IOMMU_TCE_UNIT_H

#include "models/iommu/pipeline.h"
#include "models/iommu/tce/layout.h"
#include "models/iommu/tce/tce.h"

#define TCE_PES_MAX     512u
#define TCE_TVES_PER_PE 2u

struct tce_unit {
	struct pipeline pipeline; /* first */
	struct cache *rtes;       /* {requester ID, 0} -> PE */
	uint64_t reg[PHB_REGISTERS_END / 8];

	/* On-chip tables. */
	uint64_t tvt[TCE_PES_MAX * TCE_TVES_PER_PE];
	uint64_t pesta[TCE_PES_MAX], pestb[TCE_PES_MAX];

	/* Constant after creation. */
	unsigned pes;
	uint64_t page_sizes;
};

static inline uint64_t tce_reg(const struct tce_unit *unit, unsigned offset)
{
	return unit->reg[offset / 8];
}

/* ---- translate.c ---- */

void tce_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request);
void tce_translate_feed(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words);

/* What a translation reads or writes; its phase. */
enum tce_phase { TCE_READS_RTE, TCE_WALKS, TCE_READS_PELTV, TCE_WRITES_PEST0, TCE_WRITES_PEST1 };

/* translation->structure[] */
enum { TCE_NOTE_PE, TCE_NOTE_PEST0, TCE_NOTE_PEST1, TCE_NOTES };

/* ---- faults.c ---- */

/* Blocks the request: errors, freeze and records as the bridge does; the translation may want something after that. */
void tce_block(struct tce_unit *unit, struct iommu_translation *translation, enum tce_fault fault);
/* Goes on with that; words NULL: there is no memory. */
void tce_block_feed(struct tce_unit *unit, struct iommu_translation *translation, const uint64_t *words);

/* ---- registers.c ---- */

void tce_registers_reset(struct tce_unit *unit);
uint64_t tce_register_read(struct iommu *iommu, unsigned offset, unsigned bytes);
void tce_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value);

/* ---- describe.c ---- */

extern const struct iommu_describe_ops tce_describe_ops;

#endif
