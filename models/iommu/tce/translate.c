/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way through the bridge:
 *
 *   requester ID -> RTE -> PE: is it frozen? -> MSI, or its TVE by address bits -> bounds -> as it is, or TCEs
 *
 * [QEMU] pnv_phb4_translate_iommu, pnv_phb4_translate_tve; [EEH-LOGS] 17 July 2020 (bounds before translation).
 */
#include "models/iommu/tce/unit.h"
#include "models/pagetable/tce.h"

#define NO_PE UINT64_MAX

static void succeed(struct iommu_translation *translation)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_TRANSLATED;
	translation->completion = IOMMU_SUCCESS;
	translation->fault_reason = TCE_FAULT_NONE;
	translation->untranslated_only = false;
	translation->must_snoop = false;
	translation->is_privileged = false;
}

/* Its address is the one it has, less some bits. */
static void pass(struct iommu_translation *translation, phys_t output)
{
	translation->output = output;
	translation->size_lg2 = PAGE_LG2;
	translation->permissions = PT_READ | PT_WRITE | PT_USER;
	succeed(translation);
}

/* ---- TCEs ---- */

static void after_step(struct tce_unit *unit, struct iommu_translation *translation, enum pipeline_step step)
{
	if (step == PIPELINE_WAITS)
		return;
	if (step == PIPELINE_TRANSLATED) {
		pipeline_keep(&unit->pipeline, translation);
		succeed(translation);
		return;
	}
	tce_block(unit, translation,
		  translation->at_work->status == WALK_PERMISSION ? TCE_FAULT_TCE_ACCESS : TCE_FAULT_TCE_PAGE);
}

static void translate(struct tce_unit *unit, struct iommu_translation *translation, uint64_t tve)
{
	const struct iommu_request *request = &translation->request;
	unsigned access = PT_USER;

	if (request->write || request->atomic)
		access |= PT_WRITE;
	if (!request->write || request->atomic)
		access |= PT_READ;
	translation->tag[PIPELINE_FIRST] = translation->structure[TCE_NOTE_PE];
	translation->tag[PIPELINE_SECOND] = translation->tag[PIPELINE_FIRST];
	if (pipeline_lookup(&unit->pipeline, translation, access)) {
		succeed(translation);
		return;
	}
	translation->second_format = &tce_format;
	translation->second_rules =
		tce_rules(PAGE_LG2 - 1 + (unsigned)FIELD_GET(IODA3_TVT_IO_PSIZE, tve),
			  PT_TABLE_LG2 - 1 + (unsigned)FIELD_GET(IODA3_TVT_TCE_TABLE_SIZE, tve),
			  (unsigned)FIELD_GET(IODA3_TVT_NUM_LEVELS, tve) + 1, TCE_REAL_ADDRESS_BITS);
	/* The TVE's bounds were checked without the bits that chose it; these select nothing in a table either. */
	translation->second_rules.input_width_lg2 = 64;
	translation->second_root = FIELD_GET(IODA3_TVT_TABLE_ADDR, tve) << PAGE_LG2;
	translation->phase = TCE_WALKS;
	after_step(unit, translation, pipeline_walk(&unit->pipeline, translation, access));
}

/* ---- the TVE ---- */

/* Address bits that choose among a PE's TVEs: from 59 down. */
static unsigned select_bits(const struct tce_unit *unit)
{
	unsigned select = (unsigned)FIELD_GET(PHB_CTRLR_TVT_ADDR_SEL, tce_reg(unit, PHB_CTRLR));

	/* ASSUMED: more than is defined is as the most that is. */
	return 1 + (select < PHB_CTRLR_TVT_ADDR_SEL_MAX ? select : PHB_CTRLR_TVT_ADDR_SEL_MAX);
}

static void use_untranslated(struct tce_unit *unit, struct iommu_translation *translation, uint64_t tve, iova_t offset)
{
	uint64_t start = FIELD_GET(IODA3_TVR_START_49_48, tve) << 24 | FIELD_GET(IODA3_TVR_START_47_24, tve);
	uint64_t end = FIELD_GET(IODA3_TVR_END_49_48, tve) << 24 | FIELD_GET(IODA3_TVR_END_47_24, tve);
	uint64_t at = offset >> IODA3_REAL_UNIT_LG2;

	/* ASSUMED: the end is not in the window, as firmware computes it. */
	if (at < start || at >= end)
		tce_block(unit, translation, TCE_FAULT_TVE_RANGE);
	else
		pass(translation, offset & ((UINT64_C(1) << IODA3_REAL_LG2) - 1));
}

/*
 * ASSUMED: a page size that the bridge has not, or tables that translate more than the address has bits, make a TVE
 * invalid.
 */
static bool is_valid(const struct tce_unit *unit, uint64_t tve, unsigned offset_bits, unsigned *width)
{
	unsigned page_lg2 = PAGE_LG2 - 1 + (unsigned)FIELD_GET(IODA3_TVT_IO_PSIZE, tve);
	unsigned table_lg2 = PT_TABLE_LG2 - 1 + (unsigned)FIELD_GET(IODA3_TVT_TCE_TABLE_SIZE, tve);
	unsigned levels = (unsigned)FIELD_GET(IODA3_TVT_NUM_LEVELS, tve) + 1;

	*width = page_lg2 + table_lg2 * levels;
	return levels <= PT_LEVELS_MAX && (unit->page_sizes >> page_lg2 & 1) && *width <= offset_bits;
}

static void use_tve(struct tce_unit *unit, struct iommu_translation *translation)
{
	unsigned select = select_bits(unit), offset_bits = PHB_ADDRESS_SPACE_LG2 - select, width;
	iova_t iova = translation->request.iova, offset = iova & ((UINT64_C(1) << offset_bits) - 1);
	uint64_t index = translation->structure[TCE_NOTE_PE] << select | iova >> offset_bits;
	uint64_t tve = unit->tvt[index & (unit->pes * TCE_TVES_PER_PE - 1)];

	if (!(tve & IODA3_TVT_TCE_TABLE_SIZE))
		tce_block(unit, translation, TCE_FAULT_TVE_INVALID);
	else if (!(tve & IODA3_TVT_IO_PSIZE))
		use_untranslated(unit, translation, tve, offset);
	else if (!is_valid(unit, tve, offset_bits, &width))
		tce_block(unit, translation, TCE_FAULT_TVE_INVALID);
	else if (offset >> width)
		tce_block(unit, translation, TCE_FAULT_TVE_RANGE);
	else
		translate(unit, translation, tve);
}

/* ---- the PE ---- */

static bool is_msi(const struct tce_unit *unit, const struct iommu_request *request)
{
	uint64_t config = tce_reg(unit, PHB_PHB4_CONFIG);

	if (!request->write || request->atomic)
		return false;
	if (request->iova >> PHB_ADDRESS_SPACE_LG2 == 1)
		return config & PHB_PHB4C_64BIT_MSI_EN;
	return request->iova >= PHB_MSI32_FIRST && request->iova <= PHB_MSI32_LAST && (config & PHB_PHB4C_32BIT_MSI_EN);
}

static void use_pe(struct tce_unit *unit, struct iommu_translation *translation, uint64_t pe)
{
	translation->structure[TCE_NOTE_PE] = pe;
	if (unit->pestb[pe] & IODA3_PESTB_DMA_STOPPED)
		tce_block(unit, translation, TCE_FAULT_PE_STOPPED);
	else if (is_msi(unit, &translation->request))
		pass(translation, translation->request.iova);
	else if (translation->request.iova >> PHB_ADDRESS_SPACE_LG2) /* ASSUMED: out of every TVE's range */
		tce_block(unit, translation, TCE_FAULT_TVE_RANGE);
	else
		use_tve(unit, translation);
}

static struct cache_key rte_key(const struct iommu_translation *translation)
{
	return (struct cache_key){ { translation->request.source_id, 0 } };
}

static void rte_read(struct tce_unit *unit, struct iommu_translation *translation, uint64_t word)
{
	uint64_t pe = __builtin_bswap64(word) >> (48 - 16 * (translation->request.source_id % 4)) & 0xffff;

	pipeline_count_reads(&unit->pipeline, translation, IOMMU_FOR_DEVICE, 1);
	if (pe >= unit->pes) {
		tce_block(unit, translation, TCE_FAULT_RTE_PE);
		return;
	}
	if (pipeline_overtaken(&unit->pipeline, translation, PIPELINE_DEVICE, 0, translation->request.source_id,
			       translation->request.source_id))
		translation->blocked_fill = true;
	else
		cache_fill(unit->rtes, rte_key(translation), (struct cache_value){ { pe } });
	use_pe(unit, translation, pe);
}

static void find_pe(struct tce_unit *unit, struct iommu_translation *translation)
{
	const struct cache_value *value = cache_lookup(unit->rtes, rte_key(translation));
	uint64_t rtt = tce_reg(unit, PHB_RTT_BAR);
	phys_t rte = (rtt & PHB_RTT_BASE_ADDRESS) + (uint64_t)translation->request.source_id * IODA3_RTE_BYTES;

	if (value) {
		unit->pipeline.iommu.stats.device_hits++;
		translation->from_cache = true;
		use_pe(unit, translation, value->word[0]);
		return;
	}
	unit->pipeline.iommu.stats.device_misses++;
	if (!(rtt & PHB_BAR_ENABLE)) {
		tce_block(unit, translation, TCE_FAULT_RTT_DISABLED);
		return;
	}
	translation->phase = TCE_READS_RTE;
	pipeline_want_read(translation, IOMMU_FOR_DEVICE, rte & ~UINT64_C(7), 1);
}

/* ---- the request comes in ---- */

void tce_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request)
{
	struct tce_unit *unit = (struct tce_unit *)iommu;

	pipeline_begin(&unit->pipeline, translation, request);
	translation->request = *request;
	translation->structure[TCE_NOTE_PE] = NO_PE;
	if (request->type != IOMMU_UNTRANSLATED || request->has_pasid) {
		tce_block(unit, translation, TCE_FAULT_UNSUPPORTED);
		if (request->type == IOMMU_PAGE_REQUEST)
			translation->completion = IOMMU_NO_COMPLETION;
		return;
	}
	find_pe(unit, translation);
}

void tce_translate_feed(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words)
{
	struct tce_unit *unit = (struct tce_unit *)iommu;

	switch (translation->phase) {
	case TCE_READS_RTE:
		if (words)
			rte_read(unit, translation, words[0]);
		else
			tce_block(unit, translation, TCE_FAULT_RTT_MEMORY);
		break;
	case TCE_WALKS:
		if (words) {
			after_step(unit, translation, pipeline_feed(&unit->pipeline, translation, words));
		} else {
			pipeline_stop(&unit->pipeline, translation);
			tce_block(unit, translation, TCE_FAULT_TCE_MEMORY);
		}
		break;
	default:
		tce_block_feed(unit, translation, words);
		break;
	}
}
