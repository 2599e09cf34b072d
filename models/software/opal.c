/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/opal.h"

#include "models/base/require.h"
#include "models/iommu/tce/layout.h"

#define RTT_BYTES (UINT64_C(0x10000) * IODA3_RTE_BYTES)

static uint64_t reg_read(struct opal_phb *phb, unsigned offset)
{
	phb->register_reads++;
	return phb->iommu->ops->register_read(phb->iommu, offset, 8);
}

static void reg_write(struct opal_phb *phb, unsigned offset, uint64_t value)
{
	phb->register_writes++;
	phb->iommu->ops->register_write(phb->iommu, offset, 8, value);
}

static void ioda_select(struct opal_phb *phb, enum tce_ioda_table table, unsigned index, bool counting)
{
	reg_write(phb, PHB_IODA_ADDR,
		  (counting ? PHB_IODA_AD_AUTOINC : 0) | FIELD_PUT(PHB_IODA_AD_TSEL, table) |
			  FIELD_PUT(PHB_IODA_AD_TADR, index));
}

static void ioda_write(struct opal_phb *phb, enum tce_ioda_table table, unsigned index, uint64_t value)
{
	ioda_select(phb, table, index, false);
	reg_write(phb, PHB_IODA_DATA0, value);
}

static uint64_t ioda_read(struct opal_phb *phb, enum tce_ioda_table table, unsigned index)
{
	ioda_select(phb, table, index, false);
	return reg_read(phb, PHB_IODA_DATA0);
}

static unsigned lg2(uint64_t power)
{
	return 63u - (unsigned)__builtin_clzll(power);
}

static bool is_power_of_two(uint64_t number)
{
	return number && !(number & (number - 1));
}

/* ---- the bridge ---- */

/* phb4_init_errors: what each error does. */
static void init_errors(struct opal_phb *phb)
{
	static const struct {
		unsigned block;
		uint64_t freezes, fences;
	} blocks[] = {
		{ PHB_RXE_ARB_BLOCK, 0xd00000b801000060, 0x2bffd703fe7fbf8f },
		{ PHB_RXE_TCE_BLOCK, 0x6000000000000000, 0x9baeffaf00000000 },
		{ PHB_ERR_BLOCK, 0x0000004000000000, 0x35777033ff000000 },
	};

	for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		reg_write(phb, blocks[i].block + PHB_BLOCK_STATUS, UINT64_MAX);
		reg_write(phb, blocks[i].block + PHB_BLOCK_FIRST_STATUS, 0);
		reg_write(phb, blocks[i].block + PHB_BLOCK_LEM_ENABLE, UINT64_MAX);
		reg_write(phb, blocks[i].block + PHB_BLOCK_FREEZE_ENABLE, blocks[i].freezes);
		reg_write(phb, blocks[i].block + PHB_BLOCK_AIB_FENCE_ENABLE, blocks[i].fences);
		reg_write(phb, blocks[i].block + PHB_BLOCK_LOG_0, 0);
		reg_write(phb, blocks[i].block + PHB_BLOCK_LOG_1, 0);
		reg_write(phb, blocks[i].block + PHB_BLOCK_STATUS_MASK, 0);
		reg_write(phb, blocks[i].block + PHB_BLOCK_FIRST_STATUS_MASK, 0);
	}
	reg_write(phb, PHB_LEM_FIR_ACCUM, 0);
	reg_write(phb, PHB_LEM_ACTION0, UINT64_MAX);
	reg_write(phb, PHB_LEM_ACTION1, UINT64_MAX);
	reg_write(phb, PHB_LEM_WOF, 0);
	reg_write(phb, PHB_LEM_ERROR_MASK, 0);
}

/* phb4_ioda_reset */
static void reset_ioda(struct opal_phb *phb)
{
	ioda_select(phb, IODA3_TBL_TVT, 0, true);
	for (unsigned i = 0; i < 2 * phb->pes; i++)
		reg_write(phb, PHB_IODA_DATA0, 0);
	for (unsigned pe = 0; pe < phb->pes; pe++) {
		ioda_write(phb, IODA3_TBL_PESTA, pe, 0);
		ioda_write(phb, IODA3_TBL_PESTB, pe, 0);
	}
	reg_write(phb, PHB_RTC_INVALIDATE, PHB_RTC_INVALIDATE_ALL);
	opal_pci_tce_kill(phb, OPAL_PCI_TCE_KILL_ALL, 0, 0, 0, 0);
}

static phys_t table_alloc(struct opal_phb *phb, struct frames *frames, uint64_t bytes, uint64_t word)
{
	phys_t table = frames_alloc_contiguous(frames, (bytes + PAGE_BYTES - 1) / PAGE_BYTES);

	for (uint64_t at = 0; table != PHYS_NONE && at < bytes; at += sizeof(word))
		view_write64(phb->view, table + at, word);
	return table;
}

enum opal_status opal_phb_init(struct opal_phb *phb, struct iommu *iommu, unsigned pes, struct memory_view view,
			       struct frames *frames)
{
	uint64_t reserved = pes - 1;

	*phb = (struct opal_phb){ .iommu = iommu, .view = view, .pes = pes };
	phb->rtt = table_alloc(phb, frames, RTT_BYTES, __builtin_bswap64(reserved * 0x0001000100010001));
	phb->peltv = table_alloc(phb, frames, pes * (pes / 8), 0);
	phb->pest = table_alloc(phb, frames, pes * (uint64_t)IODA3_PEST_BYTES, 0);
	if (phb->rtt == PHYS_NONE || phb->peltv == PHYS_NONE || phb->pest == PHYS_NONE)
		return OPAL_RESOURCE;

	/* phb4_init_hw, phb4_init_ioda3 */
	reg_write(phb, PHB_CTRLR, PHB_CTRLR_IRQ_PGSZ_64K | FIELD_PUT(PHB_CTRLR_TVT_ADDR_SEL, 0));
	reg_write(phb, PHB_RTT_BAR, (phb->rtt + view.offset) | PHB_BAR_ENABLE);
	reg_write(phb, PHB_PELTV_BAR, (phb->peltv + view.offset) | PHB_BAR_ENABLE);
	reg_write(phb, PHB_PEST_BAR, (phb->pest + view.offset) | PHB_BAR_ENABLE);
	reg_write(phb, PHB_PHB4_CONFIG, PHB_PHB4C_32BIT_MSI_EN | PHB_PHB4C_64BIT_MSI_EN);
	reset_ioda(phb);
	init_errors(phb);
	reg_write(phb, PHB_TCE_SPEC_CTL, 0xf000000000000000);
	return OPAL_SUCCESS;
}

/* ---- PEs ---- */

static void write_byte(struct opal_phb *phb, phys_t address, unsigned char byte)
{
	memory_write(phb->view.memory, address + phb->view.offset, &byte, 1);
}

enum opal_status opal_pci_set_pe(struct opal_phb *phb, unsigned pe, uint16_t first, unsigned count)
{
	if (pe >= phb->pes || first + count > 0x10000)
		return OPAL_PARAMETER;
	for (unsigned rid = first; rid < first + count; rid++) {
		write_byte(phb, phb->rtt + rid * IODA3_RTE_BYTES, (unsigned char)(pe >> 8));
		write_byte(phb, phb->rtt + rid * IODA3_RTE_BYTES + 1, (unsigned char)pe);
		phb->words_written++;
	}
	reg_write(phb, PHB_RTC_INVALIDATE, PHB_RTC_INVALIDATE_ALL);
	return OPAL_SUCCESS;
}

enum opal_status opal_pci_set_peltv(struct opal_phb *phb, unsigned parent, unsigned child, bool state)
{
	phys_t address = phb->peltv + parent * (phb->pes / 8) + child / 8;
	unsigned char bit = (unsigned char)(1u << (7 - child % 8)), byte;

	if (parent >= phb->pes || child >= phb->pes)
		return OPAL_PARAMETER;
	memory_read(phb->view.memory, address + phb->view.offset, &byte, 1);
	write_byte(phb, address, (unsigned char)(state ? byte | bit : byte & ~bit));
	phb->words_written++;
	return OPAL_SUCCESS;
}

/* ---- windows ---- */

/* IO_PSIZE of a page size; 0: there is none. */
static unsigned psize_of(uint64_t page_bytes)
{
	switch (page_bytes) {
	case UINT64_C(1) << 12:
		return 1;
	case UINT64_C(1) << 16:
		return 5;
	case UINT64_C(1) << 21:
		return 10;
	case UINT64_C(1) << 30:
		return 19;
	default:
		return 0;
	}
}

enum opal_status opal_pci_map_pe_dma_window(struct opal_phb *phb, unsigned pe, unsigned window_id, unsigned levels,
					    phys_t table, uint64_t table_bytes, uint64_t page_bytes)
{
	if (pe >= phb->pes || window_id >> 1 != pe)
		return OPAL_PARAMETER;
	if (table_bytes == 0) {
		ioda_write(phb, IODA3_TBL_TVT, window_id, 0);
		return OPAL_SUCCESS;
	}
	if (levels < 1 || levels > 5 || !is_power_of_two(table_bytes) || table_bytes < 0x1000 ||
	    lg2(table_bytes) - 11 > 31 || !psize_of(page_bytes))
		return OPAL_PARAMETER;
	ioda_write(phb, IODA3_TBL_TVT, window_id,
		   FIELD_PUT(IODA3_TVT_TABLE_ADDR, (table + phb->view.offset) >> 12) |
			   FIELD_PUT(IODA3_TVT_NUM_LEVELS, levels - 1) |
			   FIELD_PUT(IODA3_TVT_TCE_TABLE_SIZE, lg2(table_bytes) - 11) |
			   FIELD_PUT(IODA3_TVT_IO_PSIZE, psize_of(page_bytes)));
	return OPAL_SUCCESS;
}

enum opal_status opal_pci_map_pe_dma_window_real(struct opal_phb *phb, unsigned pe, unsigned window_id, uint64_t start,
						 uint64_t bytes)
{
	uint64_t end;

	if (pe >= phb->pes || window_id >> 1 != pe)
		return OPAL_PARAMETER;
	if (bytes == 0) {
		ioda_write(phb, IODA3_TBL_TVT, window_id, 0);
		return OPAL_SUCCESS;
	}
	if (start >> 59 != (window_id & 1))
		return OPAL_PARAMETER;
	start &= BITS64(58, 0);
	end = start + bytes;
	if ((start | bytes) & 0xffffff || end > 0x0003ffffffffffff)
		return OPAL_PARAMETER;
	ioda_write(phb, IODA3_TBL_TVT, window_id,
		   FIELD_PUT(IODA3_TVR_START_47_24, start >> 24) | FIELD_PUT(IODA3_TVR_START_49_48, start >> 48) |
			   FIELD_PUT(IODA3_TVR_END_47_24, end >> 24) | FIELD_PUT(IODA3_TVR_END_49_48, end >> 48) |
			   IODA3_TVR_ONE_51 | IODA3_TVT_NON_TRANSLATE_50);
	return OPAL_SUCCESS;
}

/* ---- kills ---- */

/* What the register takes for a page size; false: no such page. */
static bool kill_size(uint64_t page_bytes, uint64_t *bits)
{
	static const enum tce_kill_psize codes[] = { PHB_TCE_KILL_PSIZE_64K, PHB_TCE_KILL_PSIZE_2M,
						     PHB_TCE_KILL_PSIZE_1G };
	static const uint64_t sizes[] = { 0x10000, 0x200000, 0x40000000 };

	*bits = 0;
	for (unsigned i = 0; i < 3; i++)
		if (page_bytes == sizes[i])
			*bits = PHB_TCE_KILL_PSEL | FIELD_PUT(PHB_TCE_KILL_PSIZE, codes[i]);
	return *bits || page_bytes == 0x1000;
}

/* Waits until the bits read as wanted; the model never makes one wait. */
static void wait_for(struct opal_phb *phb, unsigned offset, uint64_t mask, uint64_t wanted)
{
	REQUIRE((reg_read(phb, offset) & mask) == wanted);
}

static void kill(struct opal_phb *phb, uint64_t value)
{
	wait_for(phb, PHB_TCE_KILL, PHB_TCE_KILL_ALL | PHB_TCE_KILL_PE | PHB_TCE_KILL_ONE, 0);
	reg_write(phb, PHB_TCE_KILL, value);
}

enum opal_status opal_pci_tce_kill(struct opal_phb *phb, enum opal_tce_kill kind, unsigned pe, uint64_t page_bytes,
				   iova_t address, uint64_t pages)
{
	uint64_t size;

	if (kind == OPAL_PCI_TCE_KILL_PAGES && phb->kills_pe_for_pages)
		kind = OPAL_PCI_TCE_KILL_PE;
	switch (kind) {
	case OPAL_PCI_TCE_KILL_PAGES:
		if (!kill_size(page_bytes, &size) || address & (BITS64(63, 60) | (page_bytes - 1)))
			return OPAL_PARAMETER;
		for (; pages > 0; pages--, address += page_bytes)
			kill(phb, PHB_TCE_KILL_ONE | size | address | FIELD_PUT(PHB_TCE_KILL_PENUM, pe));
		break;
	case OPAL_PCI_TCE_KILL_PE:
		kill(phb, PHB_TCE_KILL_PE | FIELD_PUT(PHB_TCE_KILL_PENUM, pe));
		break;
	case OPAL_PCI_TCE_KILL_ALL:
		kill(phb, PHB_TCE_KILL_ALL);
		break;
	default:
		return OPAL_PARAMETER;
	}
	reg_write(phb, PHB_DMARD_SYNC, PHB_DMARD_SYNC_START);
	wait_for(phb, PHB_Q_DMA_R, PHB_Q_DMA_R_TCE_KILL_STATUS, 0);
	wait_for(phb, PHB_DMARD_SYNC, PHB_DMARD_SYNC_COMPLETE, PHB_DMARD_SYNC_COMPLETE);
	return OPAL_SUCCESS;
}

/* ---- frozen PEs ---- */

enum opal_status opal_pci_eeh_freeze_status(struct opal_phb *phb, unsigned pe, unsigned *frozen)
{
	*frozen = 0;
	if (pe >= phb->pes)
		return OPAL_PARAMETER;
	if (!(ioda_read(phb, IODA3_TBL_PEEV, pe / 64) & IBM_BIT(pe % 64)))
		return OPAL_SUCCESS;
	if (ioda_read(phb, IODA3_TBL_PESTA, pe) & IODA3_PESTA_MMIO_FROZEN)
		*frozen |= OPAL_EEH_FREEZE_MMIO;
	if (ioda_read(phb, IODA3_TBL_PESTB, pe) & IODA3_PESTB_DMA_STOPPED)
		*frozen |= OPAL_EEH_FREEZE_DMA;
	return OPAL_SUCCESS;
}

enum opal_status opal_pci_eeh_freeze_set(struct opal_phb *phb, unsigned pe, unsigned what)
{
	if (pe >= phb->pes || !what || what & ~(unsigned)OPAL_EEH_FREEZE_ALL)
		return OPAL_PARAMETER;
	if (what & OPAL_EEH_FREEZE_MMIO)
		ioda_write(phb, IODA3_TBL_PESTA, pe, IODA3_PESTA_MMIO_FROZEN);
	if (what & OPAL_EEH_FREEZE_DMA)
		ioda_write(phb, IODA3_TBL_PESTB, pe, IODA3_PESTB_DMA_STOPPED);
	return OPAL_SUCCESS;
}

/* phb4_err_clear */
static void clear_errors(struct opal_phb *phb)
{
	static const unsigned blocks[] = { PHB_RXE_ARB_BLOCK, PHB_RXE_TCE_BLOCK, PHB_ERR_BLOCK };
	uint64_t fir = reg_read(phb, PHB_LEM_FIR_ACCUM);

	for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		reg_write(phb, blocks[i] + PHB_BLOCK_STATUS, reg_read(phb, blocks[i] + PHB_BLOCK_STATUS));
		reg_write(phb, blocks[i] + PHB_BLOCK_FIRST_STATUS, 0);
		reg_write(phb, blocks[i] + PHB_BLOCK_LOG_0, 0);
		reg_write(phb, blocks[i] + PHB_BLOCK_LOG_1, 0);
	}
	reg_write(phb, PHB_LEM_FIR_AND_MASK, ~fir);
	reg_write(phb, PHB_LEM_WOF, 0);
	reg_write(phb, PHB_LEM_ERROR_MASK, 0);
}

enum opal_status opal_pci_eeh_freeze_clear(struct opal_phb *phb, unsigned pe, unsigned what)
{
	if (pe >= phb->pes)
		return OPAL_PARAMETER;
	clear_errors(phb);
	if (what & OPAL_EEH_FREEZE_MMIO)
		ioda_write(phb, IODA3_TBL_PESTA, pe, 0);
	if (what & OPAL_EEH_FREEZE_DMA)
		ioda_write(phb, IODA3_TBL_PESTB, pe, 0);
	return OPAL_SUCCESS;
}

void opal_pci_get_pest(struct opal_phb *phb, unsigned pe, uint64_t pest[2])
{
	phys_t record = phb->pest + pe * (uint64_t)IODA3_PEST_BYTES;

	pest[0] = ioda_read(phb, IODA3_TBL_PESTA, pe) | __builtin_bswap64(view_read64(phb->view, record));
	pest[1] = ioda_read(phb, IODA3_TBL_PESTB, pe) | __builtin_bswap64(view_read64(phb->view, record + 8));
}
