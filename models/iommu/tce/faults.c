/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bridge does with a request that it blocks:
 *
 *   1. the error's bit in its block of registers, which of them came first, the block's bit in PHB_ERR, and the LEM;
 *   2. with the error's bit in the block's freeze enables, the PE is frozen (MMIO and DMA), and with it those in its
 *      PELT-V; PEST0 and PEST1 of the PE tell why, in memory.
 *
 * [SKIBOOT] phb4_init_errors (enables), phb4_get_pesta and phb4_read_phb_status (what is on chip, what in memory),
 * phb4_set_peltv; [EEH-LOGS] (which bits are set).
 */
#include "models/iommu/tce/unit.h"

/* SIMPLIFIED: of PESTA and PESTB the chip holds the frozen bit alone. */
static void freeze(struct tce_unit *unit, unsigned pe)
{
	unit->pesta[pe] |= IODA3_PESTA_MMIO_FROZEN;
	unit->pestb[pe] |= IODA3_PESTB_DMA_STOPPED;
}

/* Sets bits of a status and, when nothing was set, of the register that tells the first ones. */
static void latch(uint64_t *status, uint64_t *first, uint64_t bits)
{
	*status |= bits;
	if (!*first)
		*first = bits;
}

/* True: the error freezes. */
static bool report(struct tce_unit *unit, unsigned block, uint64_t bit, enum tce_lem_bit lem)
{
	uint64_t *reg = &unit->reg[block / 8], *err = &unit->reg[PHB_ERR_BLOCK / 8];

	latch(&reg[PHB_BLOCK_STATUS / 8], &reg[PHB_BLOCK_FIRST_STATUS / 8], bit);
	latch(&err[PHB_BLOCK_STATUS / 8], &err[PHB_BLOCK_FIRST_STATUS / 8],
	      block == PHB_RXE_ARB_BLOCK ? PHB_ERR_RXE_ARB : PHB_ERR_RXE_TCE);
	if (reg[PHB_BLOCK_LEM_ENABLE / 8] & bit)
		latch(&unit->reg[PHB_LEM_FIR_ACCUM / 8], &unit->reg[PHB_LEM_WOF / 8], IBM_BIT(lem));
	return reg[PHB_BLOCK_FREEZE_ENABLE / 8] & bit;
}

static bool report_fault(struct tce_unit *unit, enum tce_fault fault)
{
	switch (fault) {
	case TCE_FAULT_RTT_DISABLED:
		return report(unit, PHB_RXE_ARB_BLOCK, PHB_RXE_ARB_RTT_DISABLED, TCE_LEM_BAR_DISABLED);
	case TCE_FAULT_RTE_PE:
		return report(unit, PHB_RXE_ARB_BLOCK, PHB_RXE_ARB_RTE_PE, TCE_LEM_RTE_PE);
	case TCE_FAULT_TVE_INVALID:
		return report(unit, PHB_RXE_ARB_BLOCK, PHB_RXE_ARB_TVT_INVALID, TCE_LEM_TVT);
	case TCE_FAULT_TVE_RANGE:
		return report(unit, PHB_RXE_ARB_BLOCK, PHB_RXE_ARB_TVT_RANGE, TCE_LEM_TVT);
	case TCE_FAULT_TCE_PAGE:
	case TCE_FAULT_TCE_ACCESS:
		return report(unit, PHB_RXE_TCE_BLOCK, PHB_RXE_TCE_RESPONSE_ACCESS, TCE_LEM_PAGE_ACCESS);
	default: /* a PE that is frozen already; what is not DMA.  SIMPLIFIED: memory that does not answer */
		return false;
	}
}

/* PEST0 and PEST1.  What the TCE stage finds has neither requester nor address: so it stood in both recorded logs. */
static void describe_fault(struct iommu_translation *translation, enum tce_fault fault)
{
	const struct iommu_request *request = &translation->request;
	uint64_t *note = translation->structure;
	bool is_tce = fault == TCE_FAULT_TCE_PAGE || fault == TCE_FAULT_TCE_ACCESS;
	enum tce_ttype read = is_tce ? PEST_TTYPE_DMA_READ_RESP : PEST_TTYPE_DMA_READ;

	note[TCE_NOTE_PEST0] = IODA3_PEST0_IODA3_ERROR |
			       FIELD_PUT(IODA3_PEST0_TTYPE, request->write ? PEST_TTYPE_DMA_WRITE : read) |
			       FIELD_PUT(IODA3_PEST0_LEM_BIT, is_tce ? TCE_LEM_PAGE_ACCESS : TCE_LEM_TVT);
	note[TCE_NOTE_PEST1] = 0;
	if (is_tce) {
		/* ASSUMED: a TCE that grants something else is no page fault; no log of one was found. */
		note[TCE_NOTE_PEST0] |= IODA3_PEST0_TCE_ACCESS_FAULT;
		if (fault == TCE_FAULT_TCE_PAGE)
			note[TCE_NOTE_PEST0] |= IODA3_PEST0_TCE_PAGE_FAULT;
	} else {
		note[TCE_NOTE_PEST0] |= FIELD_PUT(IODA3_PEST0_RID, request->source_id);
		note[TCE_NOTE_PEST1] |= FIELD_PUT(IODA3_PEST1_FAIL_ADDR, request->iova);
	}
}

/* ---- steps ---- */

static void finish(struct iommu_translation *translation)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
}

static void want_pest(struct tce_unit *unit, struct iommu_translation *translation, enum tce_phase phase)
{
	bool is_second = phase == TCE_WRITES_PEST1;
	phys_t pest = tce_reg(unit, PHB_PEST_BAR) & PHB_PEST_BASE_ADDRESS;

	/* SIMPLIFIED: without a PEST nothing is recorded, where the bridge has one more error to tell. */
	if (!(tce_reg(unit, PHB_PEST_BAR) & PHB_BAR_ENABLE)) {
		finish(translation);
		return;
	}
	translation->phase = phase;
	translation->access = (struct iommu_access){
		.want = IOMMU_WANTS_WRITE,
		.purpose = IOMMU_FOR_DEVICE,
		.address = pest + translation->structure[TCE_NOTE_PE] * IODA3_PEST_BYTES + (is_second ? 8 : 0),
		.words = 1,
		.bytes = 8,
		.desired = __builtin_bswap64(translation->structure[is_second ? TCE_NOTE_PEST1 : TCE_NOTE_PEST0]),
	};
}

static void freeze_others(struct tce_unit *unit, const uint64_t *words)
{
	for (unsigned pe = 0; pe < unit->pes; pe++)
		if (__builtin_bswap64(words[pe / 64]) & IBM_BIT(pe % 64))
			freeze(unit, pe);
}

void tce_block(struct tce_unit *unit, struct iommu_translation *translation, enum tce_fault fault)
{
	uint64_t peltv = tce_reg(unit, PHB_PELTV_BAR);
	unsigned pe = (unsigned)translation->structure[TCE_NOTE_PE];

	/* ASSUMED: a read is answered with UR, as a request to nowhere. */
	translation->status = IOMMU_FAULT;
	translation->completion = IOMMU_UNSUPPORTED;
	translation->fault_reason = fault;
	finish(translation);
	if (!report_fault(unit, fault) || pe >= unit->pes)
		return;

	describe_fault(translation, fault);
	freeze(unit, pe);
	if (peltv & PHB_BAR_ENABLE) {
		translation->phase = TCE_READS_PELTV;
		pipeline_want_read(translation, IOMMU_FOR_DEVICE,
				   (peltv & PHB_PELTV_BASE_ADDRESS) + pe * (uint64_t)(unit->pes / 8), unit->pes / 64);
		return;
	}
	want_pest(unit, translation, TCE_WRITES_PEST0);
}

void tce_block_feed(struct tce_unit *unit, struct iommu_translation *translation, const uint64_t *words)
{
	switch (translation->phase) {
	case TCE_READS_PELTV:
		if (words) {
			pipeline_count_reads(&unit->pipeline, translation, IOMMU_FOR_DEVICE, 1);
			freeze_others(unit, words);
		}
		want_pest(unit, translation, TCE_WRITES_PEST0);
		break;
	case TCE_WRITES_PEST0:
		want_pest(unit, translation, TCE_WRITES_PEST1);
		break;
	default:
		finish(translation);
		break;
	}
}

const char *tce_fault_text(unsigned fault_reason)
{
	static const char *const text[TCE_FAULTS] = {
		[TCE_FAULT_NONE] = "none",
		[TCE_FAULT_UNSUPPORTED] = "unsupported request",
		[TCE_FAULT_RTT_DISABLED] = "RTT BAR disabled",
		[TCE_FAULT_RTT_MEMORY] = "RTE not readable",
		[TCE_FAULT_RTE_PE] = "PE number of the RTE invalid",
		[TCE_FAULT_PE_STOPPED] = "PE frozen",
		[TCE_FAULT_TVE_INVALID] = "TVE invalid",
		[TCE_FAULT_TVE_RANGE] = "address out of the TVE's range",
		[TCE_FAULT_TCE_PAGE] = "TCE page fault",
		[TCE_FAULT_TCE_ACCESS] = "TCE access fault",
		[TCE_FAULT_TCE_MEMORY] = "TCE not readable",
	};

	return fault_reason < TCE_FAULTS ? text[fault_reason] : "?";
}
