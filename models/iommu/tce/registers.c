/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge's registers.  What stands in no table here reads as 0 and ignores writes.
 *
 * Reset values: capabilities and version as [QEMU] pnv_phb4_reg_read has them; ASSUMED: 0 in all others, as there.
 */
#include "models/iommu/tce/unit.h"

/* A register that keeps what is written into these bits. */
struct plain {
	unsigned offset;
	uint64_t writable;
};

static const struct plain plain[] = {
	{ PHB_PHB4_CONFIG, PHB_PHB4C_32BIT_MSI_EN | PHB_PHB4C_64BIT_MSI_EN },
	{ PHB_RTT_BAR, PHB_BAR_ENABLE | PHB_RTT_BASE_ADDRESS },
	{ PHB_PELTV_BAR, PHB_BAR_ENABLE | PHB_PELTV_BASE_ADDRESS },
	{ PHB_PEST_BAR, PHB_BAR_ENABLE | PHB_PEST_BASE_ADDRESS },
	{ PHB_TCE_SPEC_CTL, UINT64_MAX },
	{ PHB_IODA_ADDR, PHB_IODA_AD_AUTOINC | PHB_IODA_AD_TSEL | PHB_IODA_AD_MIST_PWV | PHB_IODA_AD_TADR },
	{ PHB_CTRLR, PHB_CTRLR_IRQ_PGSZ_64K | PHB_CTRLR_IRQ_STORE_EOI | PHB_CTRLR_MMIO_RD_STRICT |
			     PHB_CTRLR_MMIO_EEH_DISABLE | PHB_CTRLR_CFG_EEH_BLOCK | PHB_CTRLR_FENCE_LNKILL_DIS |
			     PHB_CTRLR_TVT_ADDR_SEL | PHB_CTRLR_DMA_RD_SPACING },
	{ PHB_LEM_FIR_ACCUM, UINT64_MAX },
	{ PHB_LEM_ERROR_MASK, UINT64_MAX },
	{ PHB_LEM_ACTION0, UINT64_MAX },
	{ PHB_LEM_ACTION1, UINT64_MAX },
};

static const unsigned blocks[] = { PHB_ERR_BLOCK, PHB_RXE_ARB_BLOCK, PHB_RXE_TCE_BLOCK };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void tce_registers_reset(struct tce_unit *unit)
{
	bool is_big = unit->pes == TCE_PES_MAX;

	unit->reg[PHB_PHB4_GEN_CAP / 8] = 0xe4b8000000000000;
	unit->reg[PHB_PHB4_TCE_CAP / 8] = is_big ? 0x4008440000000400 : 0x2008440000000200;
	unit->reg[PHB_PHB4_IRQ_CAP / 8] = is_big ? 0x0800000000001000 : 0x0800000000000800;
	unit->reg[PHB_PHB4_EEH_CAP / 8] = is_big ? 0x2000000000000000 : 0x1000000000000000;
	unit->reg[PHB_VERSION / 8] = 0x000000a400000002;
}

/* ---- on-chip tables, through IODA_ADDR and IODA_DATA0 ---- */

/* The entry selected, and on to the next one when that is asked for.  Entries: a power of two. */
static unsigned ioda_index(struct tce_unit *unit, unsigned entries)
{
	uint64_t *select = &unit->reg[PHB_IODA_ADDR / 8];
	unsigned index = (unsigned)FIELD_GET(PHB_IODA_AD_TADR, *select) & (entries - 1);

	if (*select & PHB_IODA_AD_AUTOINC)
		*select = (*select & ~PHB_IODA_AD_TADR) | FIELD_PUT(PHB_IODA_AD_TADR, (index + 1) & (entries - 1));
	return index;
}

static unsigned ioda_entries(const struct tce_unit *unit)
{
	switch (FIELD_GET(PHB_IODA_AD_TSEL, tce_reg(unit, PHB_IODA_ADDR))) {
	case IODA3_TBL_PESTA:
	case IODA3_TBL_PESTB:
		return unit->pes;
	case IODA3_TBL_TVT:
		return unit->pes * TCE_TVES_PER_PE;
	case IODA3_TBL_PEEV:
		return unit->pes / 64;
	default:
		return 1024; /* SIMPLIFIED: of other tables only the counting address is there */
	}
}

/* ASSUMED: the PE error vector has the bit of each PE that is frozen in any way, whoever did that. */
static uint64_t peev(const struct tce_unit *unit, unsigned index)
{
	uint64_t vector = 0;

	for (unsigned i = 0; i < 64; i++)
		if ((unit->pesta[index * 64 + i] | unit->pestb[index * 64 + i]) & IODA3_PESTA_MMIO_FROZEN)
			vector |= IBM_BIT(i);
	return vector;
}

static uint64_t ioda_read(struct tce_unit *unit)
{
	unsigned index = ioda_index(unit, ioda_entries(unit));

	switch (FIELD_GET(PHB_IODA_AD_TSEL, tce_reg(unit, PHB_IODA_ADDR))) {
	case IODA3_TBL_PESTA:
		return unit->pesta[index];
	case IODA3_TBL_PESTB:
		return unit->pestb[index];
	case IODA3_TBL_TVT:
		return unit->tvt[index];
	case IODA3_TBL_PEEV:
		return peev(unit, index);
	default:
		return 0;
	}
}

static void ioda_write(struct tce_unit *unit, uint64_t value)
{
	unsigned index = ioda_index(unit, ioda_entries(unit));

	switch (FIELD_GET(PHB_IODA_AD_TSEL, tce_reg(unit, PHB_IODA_ADDR))) {
	case IODA3_TBL_PESTA:
		unit->pesta[index] = value & IODA3_PESTA_MMIO_FROZEN;
		break;
	case IODA3_TBL_PESTB:
		unit->pestb[index] = value & IODA3_PESTB_DMA_STOPPED;
		break;
	case IODA3_TBL_TVT:
		unit->tvt[index] = value;
		break;
	default:
		break;
	}
}

/* ---- invalidation ---- */

static void kill(struct tce_unit *unit, uint64_t value)
{
	static const unsigned sizes[] = { PAGE_LG2, 16, 21, 30 };
	struct pipeline_scope scope = { .caches = PIPELINE_IOTLB, .last = UINT64_MAX };

	if (value & (PHB_TCE_KILL_PE | PHB_TCE_KILL_ONE)) {
		scope.tag = FIELD_GET(PHB_TCE_KILL_PENUM, value);
		scope.mask = UINT64_MAX;
	}
	if (value & PHB_TCE_KILL_ONE) {
		bool sized = value & PHB_TCE_KILL_PSEL;
		unsigned lg2 = sized ? sizes[FIELD_GET(PHB_TCE_KILL_PSIZE, value)] : PAGE_LG2;

		scope.first = value & (sized ? PHB_TCE_KILL_ADDRESS : PHB_TCE_KILL_ADDRESS | PHB_TCE_KILL_PSIZE);
		scope.first = scope.first >> lg2 << lg2;
		scope.last = scope.first + (UINT64_C(1) << lg2) - 1;
	}
	/* ASSUMED: of several the widest. */
	if (value & PHB_TCE_KILL_ALL)
		scope.tag = scope.mask = 0;
	if (value & (PHB_TCE_KILL_ALL | PHB_TCE_KILL_PE)) {
		scope.first = 0;
		scope.last = UINT64_MAX;
	}
	unit->reg[PHB_TCE_KILL / 8] = value & ~(PHB_TCE_KILL_ALL | PHB_TCE_KILL_PE | PHB_TCE_KILL_ONE);
	if (!(value & (PHB_TCE_KILL_ALL | PHB_TCE_KILL_PE | PHB_TCE_KILL_ONE)))
		return;
	unit->pipeline.iommu.stats.commands++;
	unit->pipeline.iommu.stats.invalidated += pipeline_invalidate(&unit->pipeline, &scope);
}

static void invalidate_rtes(struct tce_unit *unit, uint64_t value)
{
	uint64_t rid = FIELD_GET(PHB_RTC_INVALIDATE_RID, value);
	struct pipeline_scope scope = { .caches = PIPELINE_DEVICE, .first = rid, .last = rid };
	uint64_t removed;

	/* ASSUMED: without ALL, those of the requester ID that is given. */
	if (value & PHB_RTC_INVALIDATE_ALL) {
		scope.first = 0;
		scope.last = UINT64_MAX;
		removed = cache_invalidate_all(unit->rtes);
	} else {
		removed = cache_invalidate(unit->rtes, (struct cache_key){ { rid, 0 } });
	}
	pipeline_invalidate(&unit->pipeline, &scope);
	unit->pipeline.iommu.stats.commands++;
	unit->pipeline.iommu.stats.invalidated += removed;
}

/* ---- the registers as software sees them ---- */

/* [EEH-LOGS] PhbSts: all three stood in both registers when a PE was frozen. */
static uint64_t channel_status(const struct tce_unit *unit, const uint64_t *frozen)
{
	const uint64_t *err = &unit->reg[PHB_ERR_BLOCK / 8];
	uint64_t status = 0;

	if (err[PHB_BLOCK_STATUS / 8])
		status |= PHB_CHAN_ANY_ERR;
	if (err[PHB_BLOCK_FIRST_STATUS / 8])
		status |= PHB_CHAN_ANY_ERR1;
	for (unsigned pe = 0; pe < unit->pes; pe++)
		if (frozen[pe])
			status |= PHB_CHAN_ANY_FREEZE;
	return status;
}

uint64_t tce_register_read(struct iommu *iommu, unsigned offset, unsigned bytes)
{
	struct tce_unit *unit = (struct tce_unit *)iommu;

	if (bytes != 8 || offset % 8) /* [QEMU] */
		return UINT64_MAX;
	switch (offset) {
	case PHB_DMA_CHAN_STATUS:
		return channel_status(unit, unit->pestb);
	case PHB_CPU_LOADSTORE_STATUS:
		return channel_status(unit, unit->pesta);
	case PHB_IODA_DATA0:
		return ioda_read(unit);
	default:
		return offset < PHB_REGISTERS_END ? tce_reg(unit, offset) : 0;
	}
}

/* False: it is in none of the error blocks. */
static bool write_block(struct tce_unit *unit, unsigned offset, uint64_t value)
{
	for (unsigned i = 0; i < COUNT(blocks); i++) {
		if (offset < blocks[i] || offset >= blocks[i] + PHB_BLOCK_END)
			continue;
		if (offset == blocks[i] + PHB_BLOCK_STATUS)
			unit->reg[offset / 8] &= ~value;
		else if (offset != blocks[i] + PHB_BLOCK_INJECT && offset != blocks[i] + PHB_BLOCK_RSVD)
			unit->reg[offset / 8] = value;
		return true;
	}
	return false;
}

void tce_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value)
{
	struct tce_unit *unit = (struct tce_unit *)iommu;
	uint64_t *reg = unit->reg;

	if (bytes != 8 || offset % 8 || write_block(unit, offset, value))
		return;
	switch (offset) {
	case PHB_DMARD_SYNC:
		if (value & PHB_DMARD_SYNC_START)
			reg[offset / 8] = PHB_DMARD_SYNC_COMPLETE;
		return;
	case PHB_RTC_INVALIDATE:
		invalidate_rtes(unit, value);
		return;
	case PHB_TCE_KILL:
		kill(unit, value);
		return;
	case PHB_IODA_DATA0:
		ioda_write(unit, value);
		return;
	case PHB_Q_DMA_R: /* [QEMU]: the automatic reset leaves nothing */
		reg[offset / 8] = value & PHB_Q_DMA_R_AUTORESET ? 0 : value & PHB_Q_DMA_R_QUIESCE_DMA;
		return;
	case PHB_LEM_FIR_AND_MASK:
	case PHB_LEM_ERROR_AND_MASK:
		reg[offset / 8 - 1] &= value;
		return;
	case PHB_LEM_FIR_OR_MASK:
	case PHB_LEM_ERROR_OR_MASK:
		reg[offset / 8 - 2] |= value;
		return;
	case PHB_LEM_WOF: /* [QEMU]: any write clears it */
		reg[offset / 8] = 0;
		return;
	}
	for (unsigned i = 0; i < COUNT(plain); i++)
		if (plain[i].offset == offset)
			reg[offset / 8] = (reg[offset / 8] & ~plain[i].writable) | (value & plain[i].writable);
}
