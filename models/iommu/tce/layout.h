/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of POWER9's PCI host bridge (PHB4, IODA3) as far as DMA goes: registers, on-chip tables, tables in memory.
 *
 * Source: names and masks of [SKIBOOT] include/phb4-regs.h and [QEMU] pnv_phb4_regs.h, which agree; what else is said of a
 * bit is cited beside it.  Masks are written as the manuals print them, with bit 0 the most significant one.  Words in
 * memory are big-endian.  Registers are accessed as words of 8 bytes.
 */
#ifndef IOMMUSIM_IOMMU_TCE_LAYOUT_H
#define IOMMUSIM_IOMMU_TCE_LAYOUT_H

#include "models/base/bits.h"

#define IBM_BIT(n)            BIT64(63 - (n))
#define IBM_BITS(first, last) BITS64(63 - (first), 63 - (last))

/* ---- registers: offsets ---- */

enum tce_offset {
	PHB_DMA_CHAN_STATUS = 0x110,
	PHB_CPU_LOADSTORE_STATUS = 0x120,
	PHB_PHB4_CONFIG = 0x160,
	PHB_RTT_BAR = 0x168,
	PHB_PELTV_BAR = 0x188,
	PHB_PEST_BAR = 0x1a8,
	PHB_DMARD_SYNC = 0x200,
	PHB_RTC_INVALIDATE = 0x208,
	PHB_TCE_KILL = 0x210,
	PHB_TCE_SPEC_CTL = 0x218,
	PHB_IODA_ADDR = 0x220,
	PHB_IODA_DATA0 = 0x228,
	PHB_PHB4_GEN_CAP = 0x250,
	PHB_PHB4_TCE_CAP = 0x258,
	PHB_PHB4_IRQ_CAP = 0x260,
	PHB_PHB4_EEH_CAP = 0x268,
	PHB_VERSION = 0x800,
	PHB_CTRLR = 0x810,
	PHB_Q_DMA_R = 0x888,
	PHB_LEM_FIR_ACCUM = 0xc00,
	PHB_LEM_FIR_AND_MASK = 0xc08,
	PHB_LEM_FIR_OR_MASK = 0xc10,
	PHB_LEM_ERROR_MASK = 0xc18,
	PHB_LEM_ERROR_AND_MASK = 0xc20,
	PHB_LEM_ERROR_OR_MASK = 0xc28,
	PHB_LEM_ACTION0 = 0xc30,
	PHB_LEM_ACTION1 = 0xc38,
	PHB_LEM_WOF = 0xc40,

	/* Three blocks of one shape, see enum tce_error_register. */
	PHB_ERR_BLOCK = 0xc80,
	PHB_RXE_ARB_BLOCK = 0xd80,
	PHB_RXE_TCE_BLOCK = 0xe80,

	PHB_REGISTERS_END = 0x1000
};

/* Offsets in a block of error registers. */
enum tce_error_register {
	PHB_BLOCK_STATUS = 0x00,       /* writing 1 clears */
	PHB_BLOCK_FIRST_STATUS = 0x08, /* "ERR1": the error that came first */
	PHB_BLOCK_INJECT = 0x10,
	PHB_BLOCK_LEM_ENABLE = 0x18,
	PHB_BLOCK_IRQ_ENABLE = 0x20,
	PHB_BLOCK_FREEZE_ENABLE = 0x28,
	PHB_BLOCK_AIB_FENCE_ENABLE = 0x30,
	PHB_BLOCK_RSVD = 0x38,
	PHB_BLOCK_LOG_0 = 0x40,
	PHB_BLOCK_LOG_1 = 0x48,
	PHB_BLOCK_STATUS_MASK = 0x50,
	PHB_BLOCK_FIRST_STATUS_MASK = 0x58,
	PHB_BLOCK_END = 0x60
};

/* ---- registers: fields ---- */

/* PHB_DMA_CHAN_STATUS, and PHB_CPU_LOADSTORE_STATUS in the same places */
#define PHB_CHAN_ANY_ERR    IBM_BIT(27)
#define PHB_CHAN_ANY_ERR1   IBM_BIT(28)
#define PHB_CHAN_ANY_FREEZE IBM_BIT(29)

#define PHB_PHB4C_32BIT_MSI_EN IBM_BIT(8)
#define PHB_PHB4C_64BIT_MSI_EN IBM_BIT(14)

#define PHB_BAR_ENABLE         IBM_BIT(0) /* of each of the three */
#define PHB_RTT_BASE_ADDRESS   IBM_BITS(8, 46)
#define PHB_PELTV_BASE_ADDRESS IBM_BITS(8, 50)
#define PHB_PEST_BASE_ADDRESS  IBM_BITS(8, 51)

#define PHB_DMARD_SYNC_START    IBM_BIT(0)
#define PHB_DMARD_SYNC_COMPLETE IBM_BIT(1)

#define PHB_RTC_INVALIDATE_ALL        IBM_BIT(0)
#define PHB_RTC_INVALIDATE_RSVD_1_15  IBM_BITS(1, 15)
#define PHB_RTC_INVALIDATE_RID        IBM_BITS(16, 31)
#define PHB_RTC_INVALIDATE_RSVD_32_63 IBM_BITS(32, 63)
LAYOUT64(PHB_RTC_INVALIDATE,
	 PHB_RTC_INVALIDATE_ALL + PHB_RTC_INVALIDATE_RSVD_1_15 + PHB_RTC_INVALIDATE_RID + PHB_RTC_INVALIDATE_RSVD_32_63,
	 PHB_RTC_INVALIDATE_ALL | PHB_RTC_INVALIDATE_RSVD_1_15 | PHB_RTC_INVALIDATE_RID |
		 PHB_RTC_INVALIDATE_RSVD_32_63);

/*
 * One of the first three says what goes; they read as 0 when the next kill may be written.  The PCI address stands in
 * place.  With PSEL its bits 13:12 are the page size instead; without, the page has 4 KiB ([SKIBOOT] phb4_tce_kill).
 */
#define PHB_TCE_KILL_ALL        IBM_BIT(0)
#define PHB_TCE_KILL_PE         IBM_BIT(1)
#define PHB_TCE_KILL_ONE        IBM_BIT(2)
#define PHB_TCE_KILL_PSEL       IBM_BIT(3)
#define PHB_TCE_KILL_ADDRESS    IBM_BITS(4, 49)
#define PHB_TCE_KILL_PSIZE      IBM_BITS(50, 51)
#define PHB_TCE_KILL_RSVD_52_54 IBM_BITS(52, 54)
#define PHB_TCE_KILL_PENUM      IBM_BITS(55, 63)
LAYOUT64(PHB_TCE_KILL,
	 PHB_TCE_KILL_ALL + PHB_TCE_KILL_PE + PHB_TCE_KILL_ONE + PHB_TCE_KILL_PSEL + PHB_TCE_KILL_ADDRESS +
		 PHB_TCE_KILL_PSIZE + PHB_TCE_KILL_RSVD_52_54 + PHB_TCE_KILL_PENUM,
	 PHB_TCE_KILL_ALL | PHB_TCE_KILL_PE | PHB_TCE_KILL_ONE | PHB_TCE_KILL_PSEL | PHB_TCE_KILL_ADDRESS |
		 PHB_TCE_KILL_PSIZE | PHB_TCE_KILL_RSVD_52_54 | PHB_TCE_KILL_PENUM);

/* PHB_TCE_KILL_64K and so on: 0x1000, 0x2000, 0x3000 */
enum tce_kill_psize { PHB_TCE_KILL_PSIZE_64K = 1, PHB_TCE_KILL_PSIZE_2M = 2, PHB_TCE_KILL_PSIZE_1G = 3 };

#define PHB_IODA_AD_AUTOINC    IBM_BIT(0)
#define PHB_IODA_AD_RSVD_1_10  IBM_BITS(1, 10)
#define PHB_IODA_AD_TSEL       IBM_BITS(11, 15) /* enum tce_ioda_table */
#define PHB_IODA_AD_RSVD_16_27 IBM_BITS(16, 27)
#define PHB_IODA_AD_MIST_PWV   IBM_BITS(28, 31)
#define PHB_IODA_AD_RSVD_32_53 IBM_BITS(32, 53)
#define PHB_IODA_AD_TADR       IBM_BITS(54, 63)
LAYOUT64(PHB_IODA_AD,
	 PHB_IODA_AD_AUTOINC + PHB_IODA_AD_RSVD_1_10 + PHB_IODA_AD_TSEL + PHB_IODA_AD_RSVD_16_27 +
		 PHB_IODA_AD_MIST_PWV + PHB_IODA_AD_RSVD_32_53 + PHB_IODA_AD_TADR,
	 PHB_IODA_AD_AUTOINC | PHB_IODA_AD_RSVD_1_10 | PHB_IODA_AD_TSEL | PHB_IODA_AD_RSVD_16_27 |
		 PHB_IODA_AD_MIST_PWV | PHB_IODA_AD_RSVD_32_53 | PHB_IODA_AD_TADR);

#define PHB_CTRLR_IRQ_PGSZ_64K     IBM_BIT(11)
#define PHB_CTRLR_IRQ_STORE_EOI    IBM_BIT(12)
#define PHB_CTRLR_MMIO_RD_STRICT   IBM_BIT(13)
#define PHB_CTRLR_MMIO_EEH_DISABLE IBM_BIT(14)
#define PHB_CTRLR_CFG_EEH_BLOCK    IBM_BIT(15)
#define PHB_CTRLR_FENCE_LNKILL_DIS IBM_BIT(16)
#define PHB_CTRLR_TVT_ADDR_SEL     IBM_BITS(17, 19) /* 0: 2 TVEs to a PE, 1: 4, 2: 8, 3: 16 */
#define PHB_CTRLR_DMA_RD_SPACING   IBM_BITS(28, 31)
#define PHB_CTRLR_TVT_ADDR_SEL_MAX 3u

#define PHB_Q_DMA_R_QUIESCE_DMA     IBM_BIT(0)
#define PHB_Q_DMA_R_AUTORESET       IBM_BIT(1)
#define PHB_Q_DMA_R_TCE_KILL_STATUS IBM_BIT(7) /* kills are under way */

/* ---- error bits ---- */

/* Of the block PHB_ERR: which other block has an error.  [EEH] */
#define PHB_ERR_RXE_ARB IBM_BIT(20)
#define PHB_ERR_RXE_TCE IBM_BIT(22)

/* Of RXE_ARB.  [EEH] */
#define PHB_RXE_ARB_TVT_INVALID  IBM_BIT(26)
#define PHB_RXE_ARB_TVT_RANGE    IBM_BIT(28)
#define PHB_RXE_ARB_RTE_PE       IBM_BIT(40)
#define PHB_RXE_ARB_RTT_DISABLED IBM_BIT(41)

/* Of RXE_TCE.  [EEH] */
#define PHB_RXE_TCE_RESPONSE_ACCESS IBM_BIT(2) /* "TCE Response Page Access Error" */

/*
 * Bits of the LEM FIR.  [EEH-LOGS] 35: TVT errors, and 56: page access, stood in logs of them.  ASSUMED: 41 (a table's
 * BAR disabled) and 47 (PE number of an RTE), quoted from memory.
 */
enum tce_lem_bit { TCE_LEM_TVT = 35, TCE_LEM_BAR_DISABLED = 41, TCE_LEM_RTE_PE = 47, TCE_LEM_PAGE_ACCESS = 56 };

/* ---- on-chip tables ---- */

enum tce_ioda_table { IODA3_TBL_PESTA = 7, IODA3_TBL_PESTB = 8, IODA3_TBL_TVT = 9, IODA3_TBL_PEEV = 20 };

/* Translation validation table entry (TVE) that names a table. */
#define IODA3_TVT_TABLE_ADDR       IBM_BITS(0, 47)  /* in units of 4 KiB */
#define IODA3_TVT_NUM_LEVELS       IBM_BITS(48, 50) /* less one; 5 and more are invalid */
#define IODA3_TVT_TCE_TABLE_SIZE   IBM_BITS(51, 55) /* of each table: 2^(11 + n) bytes; 0: the TVE is invalid */
#define IODA3_TVT_NON_TRANSLATE_50 IBM_BIT(56)
#define IODA3_TVT_RSVD_57_58       IBM_BITS(57, 58)
#define IODA3_TVT_IO_PSIZE         IBM_BITS(59, 63) /* 2^(11 + n) bytes; 0: not translated */
LAYOUT64(IODA3_TVT,
	 IODA3_TVT_TABLE_ADDR + IODA3_TVT_NUM_LEVELS + IODA3_TVT_TCE_TABLE_SIZE + IODA3_TVT_NON_TRANSLATE_50 +
		 IODA3_TVT_RSVD_57_58 + IODA3_TVT_IO_PSIZE,
	 IODA3_TVT_TABLE_ADDR | IODA3_TVT_NUM_LEVELS | IODA3_TVT_TCE_TABLE_SIZE | IODA3_TVT_NON_TRANSLATE_50 |
		 IODA3_TVT_RSVD_57_58 | IODA3_TVT_IO_PSIZE);

/* One that does not translate: bits 49:24 of the first address and of the end.  [SKIBOOT] phb4_map_pe_dma_window_real */
#define IODA3_TVR_START_47_24 IBM_BITS(0, 23)
#define IODA3_TVR_END_47_24   IBM_BITS(24, 47)
#define IODA3_TVR_RSVD_48_50  IBM_BITS(48, 50)
#define IODA3_TVR_ONE_51      IBM_BIT(51) /* so that the table size is not 0 */
#define IODA3_TVR_START_49_48 IBM_BITS(52, 53)
#define IODA3_TVR_END_49_48   IBM_BITS(54, 55)
#define IODA3_TVR_RSVD_57_63  IBM_BITS(57, 63)
LAYOUT64(IODA3_TVR,
	 IODA3_TVR_START_47_24 + IODA3_TVR_END_47_24 + IODA3_TVR_RSVD_48_50 + IODA3_TVR_ONE_51 + IODA3_TVR_START_49_48 +
		 IODA3_TVR_END_49_48 + IODA3_TVT_NON_TRANSLATE_50 + IODA3_TVR_RSVD_57_63,
	 IODA3_TVR_START_47_24 | IODA3_TVR_END_47_24 | IODA3_TVR_RSVD_48_50 | IODA3_TVR_ONE_51 | IODA3_TVR_START_49_48 |
		 IODA3_TVR_END_49_48 | IODA3_TVT_NON_TRANSLATE_50 | IODA3_TVR_RSVD_57_63);

/* An address of a TVE that does not translate: bits 23:0 are not looked at, bits 49:0 come out. */
#define IODA3_REAL_LG2      50u
#define IODA3_REAL_UNIT_LG2 24u

#define IODA3_PESTA_MMIO_FROZEN IBM_BIT(0)
#define IODA3_PESTB_DMA_STOPPED IBM_BIT(0)

/* ---- tables in memory ---- */

/* RID translation table (RTT): an entry (RTE) of 2 bytes for each requester ID, the number of its PE. */
#define IODA3_RTE_BYTES 2u
#define IODA3_RTE_0     IBM_BITS(0, 15)
#define IODA3_RTE_1     IBM_BITS(16, 31)
#define IODA3_RTE_2     IBM_BITS(32, 47)
#define IODA3_RTE_3     IBM_BITS(48, 63)

/* PE state table (PEST): two words for each PE, PEST0 and PEST1, written when it is frozen. */
#define IODA3_PEST_BYTES             16u
#define IODA3_PEST0_TTYPE            IBM_BITS(5, 7) /* enum tce_ttype */
#define IODA3_PEST0_IODA3_ERROR      IBM_BIT(16)
#define IODA3_PEST0_TCE_PAGE_FAULT   IBM_BIT(18)
#define IODA3_PEST0_TCE_ACCESS_FAULT IBM_BIT(19)
#define IODA3_PEST0_LEM_BIT          IBM_BITS(26, 31) /* enum tce_lem_bit */
#define IODA3_PEST0_RID              IBM_BITS(32, 47)
#define IODA3_PEST1_FAIL_ADDR        IBM_BITS(3, 63)

enum tce_ttype { PEST_TTYPE_DMA_WRITE = 0, PEST_TTYPE_MSI = 1, PEST_TTYPE_DMA_READ = 2, PEST_TTYPE_DMA_READ_RESP = 3 };

/* PE lookup table vector (PELT-V): for each PE one bit for each that freezes with it; PE 0 is the first bit. */

/* ---- PCI addresses ---- */

/* An address with these bits 0 is DMA, or a 32-bit MSI; 1: a 64-bit MSI.  [SKIBOOT] phb4_get_msi_64, [QEMU] */
#define PHB_ADDRESS_SPACE_LG2 60u
/* [SKIBOOT] phb4_get_msi_32 */
#define PHB_MSI32_FIRST UINT64_C(0xffff0000)
#define PHB_MSI32_LAST  UINT64_C(0xffffffff)

#endif
