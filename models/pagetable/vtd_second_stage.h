/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VT-d second-stage paging entries: the tables of legacy mode, and of
 * scalable-mode second-stage and nested translation.  Not here: which table a request
 * uses, and fault codes (models/iommu/vtd).
 *
 * Source: [VTD] "Second-Stage Translation" and "Second-Stage Paging Entries".
 * Levels: SS-PTE 0, SS-PDE 1, SS-PDPE 2, SS-PML4E 3, SS-PML5E 4.
 *
 * There is no present bit: an entry is present when R or W is set, or IR or IW with
 * pt_rules.io_permissions.  Nor is there an execute bit: what may be read may be executed
 * from, but with pt_rules.execute_permission, of units that take execute requests.
 *
 * SIMPLIFIED: EMT and IPAT have no effect, so all memory is of one type.
 */
#ifndef IOMMUSIM_PAGETABLE_VTD_SECOND_STAGE_H
#define IOMMUSIM_PAGETABLE_VTD_SECOND_STAGE_H

#include "models/base/bits.h"
#include "models/pagetable/format.h"

/* SS-PML5E and SS-PML4E: always a table. */
#define VTD_SSPML_R         BIT64(0) /* read */
#define VTD_SSPML_W         BIT64(1) /* write */
#define VTD_SSPML_IGN_6_2   BITS64(6, 2)
#define VTD_SSPML_RSVD_7    BIT64(7)
#define VTD_SSPML_A         BIT64(8) /* accessed; ignored unless enabled */
#define VTD_SSPML_IGN_10_9  BITS64(10, 9)
#define VTD_SSPML_RSVD_11   BIT64(11)
#define VTD_SSPML_ADDR      BITS64(51, 12) /* next table; bits at the host address width and above are reserved */
#define VTD_SSPML_IGN_60_52 BITS64(60, 52)
#define VTD_SSPML_IR        BIT64(61) /* I/O read; ignored unless enabled */
#define VTD_SSPML_IW        BIT64(62) /* I/O write; reserved unless enabled */
#define VTD_SSPML_IGN_63    BIT64(63)
LAYOUT64(VTD_SSPML,
	 VTD_SSPML_R + VTD_SSPML_W + VTD_SSPML_IGN_6_2 + VTD_SSPML_RSVD_7 + VTD_SSPML_A + VTD_SSPML_IGN_10_9 +
		 VTD_SSPML_RSVD_11 + VTD_SSPML_ADDR + VTD_SSPML_IGN_60_52 + VTD_SSPML_IR + VTD_SSPML_IW +
		 VTD_SSPML_IGN_63,
	 VTD_SSPML_R | VTD_SSPML_W | VTD_SSPML_IGN_6_2 | VTD_SSPML_RSVD_7 | VTD_SSPML_A | VTD_SSPML_IGN_10_9 |
		 VTD_SSPML_RSVD_11 | VTD_SSPML_ADDR | VTD_SSPML_IGN_60_52 | VTD_SSPML_IR | VTD_SSPML_IW |
		 VTD_SSPML_IGN_63);

/* SS-PDPE and SS-PDE that point to a table (PS = 0). */
#define VTD_SSPDE_R         BIT64(0)
#define VTD_SSPDE_W         BIT64(1)
#define VTD_SSPDE_IGN_6_2   BITS64(6, 2)
#define VTD_SSPDE_PS        BIT64(7) /* page size: when set, the entry is a leaf (next two layouts) */
#define VTD_SSPDE_A         BIT64(8)
#define VTD_SSPDE_IGN_10_9  BITS64(10, 9)
#define VTD_SSPDE_RSVD_11   BIT64(11)
#define VTD_SSPDE_ADDR      BITS64(51, 12)
#define VTD_SSPDE_IGN_60_52 BITS64(60, 52)
#define VTD_SSPDE_IR        BIT64(61)
#define VTD_SSPDE_IW        BIT64(62)
#define VTD_SSPDE_IGN_63    BIT64(63)
LAYOUT64(VTD_SSPDE,
	 VTD_SSPDE_R + VTD_SSPDE_W + VTD_SSPDE_IGN_6_2 + VTD_SSPDE_PS + VTD_SSPDE_A + VTD_SSPDE_IGN_10_9 +
		 VTD_SSPDE_RSVD_11 + VTD_SSPDE_ADDR + VTD_SSPDE_IGN_60_52 + VTD_SSPDE_IR + VTD_SSPDE_IW +
		 VTD_SSPDE_IGN_63,
	 VTD_SSPDE_R | VTD_SSPDE_W | VTD_SSPDE_IGN_6_2 | VTD_SSPDE_PS | VTD_SSPDE_A | VTD_SSPDE_IGN_10_9 |
		 VTD_SSPDE_RSVD_11 | VTD_SSPDE_ADDR | VTD_SSPDE_IGN_60_52 | VTD_SSPDE_IR | VTD_SSPDE_IW |
		 VTD_SSPDE_IGN_63);

/* SS-PDPE that maps a 1 GiB page (PS = 1; reserved where 1 GiB pages are not supported). */
#define VTD_SSPDPE1G_R          BIT64(0)
#define VTD_SSPDPE1G_W          BIT64(1)
#define VTD_SSPDPE1G_IGN_2      BIT64(2)
#define VTD_SSPDPE1G_EMT        BITS64(5, 3) /* extended memory type */
#define VTD_SSPDPE1G_IPAT       BIT64(6)     /* ignore PAT */
#define VTD_SSPDPE1G_PS         BIT64(7)
#define VTD_SSPDPE1G_A          BIT64(8)
#define VTD_SSPDPE1G_D          BIT64(9) /* dirty; ignored unless enabled */
#define VTD_SSPDPE1G_IGN_10     BIT64(10)
#define VTD_SSPDPE1G_SNP        BIT64(11) /* force snoop; reserved without snoop control */
#define VTD_SSPDPE1G_RSVD_29_12 BITS64(29, 12)
#define VTD_SSPDPE1G_ADDR       BITS64(51, 30)
#define VTD_SSPDPE1G_IGN_60_52  BITS64(60, 52)
#define VTD_SSPDPE1G_IR         BIT64(61)
#define VTD_SSPDPE1G_IW         BIT64(62)
#define VTD_SSPDPE1G_IGN_63     BIT64(63)
LAYOUT64(VTD_SSPDPE1G,
	 VTD_SSPDPE1G_R + VTD_SSPDPE1G_W + VTD_SSPDPE1G_IGN_2 + VTD_SSPDPE1G_EMT + VTD_SSPDPE1G_IPAT + VTD_SSPDPE1G_PS +
		 VTD_SSPDPE1G_A + VTD_SSPDPE1G_D + VTD_SSPDPE1G_IGN_10 + VTD_SSPDPE1G_SNP + VTD_SSPDPE1G_RSVD_29_12 +
		 VTD_SSPDPE1G_ADDR + VTD_SSPDPE1G_IGN_60_52 + VTD_SSPDPE1G_IR + VTD_SSPDPE1G_IW + VTD_SSPDPE1G_IGN_63,
	 VTD_SSPDPE1G_R | VTD_SSPDPE1G_W | VTD_SSPDPE1G_IGN_2 | VTD_SSPDPE1G_EMT | VTD_SSPDPE1G_IPAT | VTD_SSPDPE1G_PS |
		 VTD_SSPDPE1G_A | VTD_SSPDPE1G_D | VTD_SSPDPE1G_IGN_10 | VTD_SSPDPE1G_SNP | VTD_SSPDPE1G_RSVD_29_12 |
		 VTD_SSPDPE1G_ADDR | VTD_SSPDPE1G_IGN_60_52 | VTD_SSPDPE1G_IR | VTD_SSPDPE1G_IW | VTD_SSPDPE1G_IGN_63);

/* SS-PDE that maps a 2 MiB page (PS = 1; reserved where 2 MiB pages are not supported). */
#define VTD_SSPDE2M_R          BIT64(0)
#define VTD_SSPDE2M_W          BIT64(1)
#define VTD_SSPDE2M_IGN_2      BIT64(2)
#define VTD_SSPDE2M_EMT        BITS64(5, 3)
#define VTD_SSPDE2M_IPAT       BIT64(6)
#define VTD_SSPDE2M_PS         BIT64(7)
#define VTD_SSPDE2M_A          BIT64(8)
#define VTD_SSPDE2M_D          BIT64(9)
#define VTD_SSPDE2M_IGN_10     BIT64(10)
#define VTD_SSPDE2M_SNP        BIT64(11)
#define VTD_SSPDE2M_RSVD_20_12 BITS64(20, 12)
#define VTD_SSPDE2M_ADDR       BITS64(51, 21)
#define VTD_SSPDE2M_IGN_60_52  BITS64(60, 52)
#define VTD_SSPDE2M_IR         BIT64(61)
#define VTD_SSPDE2M_IW         BIT64(62)
#define VTD_SSPDE2M_IGN_63     BIT64(63)
LAYOUT64(VTD_SSPDE2M,
	 VTD_SSPDE2M_R + VTD_SSPDE2M_W + VTD_SSPDE2M_IGN_2 + VTD_SSPDE2M_EMT + VTD_SSPDE2M_IPAT + VTD_SSPDE2M_PS +
		 VTD_SSPDE2M_A + VTD_SSPDE2M_D + VTD_SSPDE2M_IGN_10 + VTD_SSPDE2M_SNP + VTD_SSPDE2M_RSVD_20_12 +
		 VTD_SSPDE2M_ADDR + VTD_SSPDE2M_IGN_60_52 + VTD_SSPDE2M_IR + VTD_SSPDE2M_IW + VTD_SSPDE2M_IGN_63,
	 VTD_SSPDE2M_R | VTD_SSPDE2M_W | VTD_SSPDE2M_IGN_2 | VTD_SSPDE2M_EMT | VTD_SSPDE2M_IPAT | VTD_SSPDE2M_PS |
		 VTD_SSPDE2M_A | VTD_SSPDE2M_D | VTD_SSPDE2M_IGN_10 | VTD_SSPDE2M_SNP | VTD_SSPDE2M_RSVD_20_12 |
		 VTD_SSPDE2M_ADDR | VTD_SSPDE2M_IGN_60_52 | VTD_SSPDE2M_IR | VTD_SSPDE2M_IW | VTD_SSPDE2M_IGN_63);

/* SS-PTE: maps a 4 KiB page. */
#define VTD_SSPTE_R         BIT64(0)
#define VTD_SSPTE_W         BIT64(1)
#define VTD_SSPTE_IGN_2     BIT64(2)
#define VTD_SSPTE_EMT       BITS64(5, 3)
#define VTD_SSPTE_IPAT      BIT64(6)
#define VTD_SSPTE_IGN_7     BIT64(7)
#define VTD_SSPTE_A         BIT64(8)
#define VTD_SSPTE_D         BIT64(9)
#define VTD_SSPTE_IGN_10    BIT64(10)
#define VTD_SSPTE_SNP       BIT64(11)
#define VTD_SSPTE_ADDR      BITS64(51, 12)
#define VTD_SSPTE_IGN_60_52 BITS64(60, 52)
#define VTD_SSPTE_IR        BIT64(61)
#define VTD_SSPTE_IW        BIT64(62)
#define VTD_SSPTE_IGN_63    BIT64(63)
LAYOUT64(VTD_SSPTE,
	 VTD_SSPTE_R + VTD_SSPTE_W + VTD_SSPTE_IGN_2 + VTD_SSPTE_EMT + VTD_SSPTE_IPAT + VTD_SSPTE_IGN_7 + VTD_SSPTE_A +
		 VTD_SSPTE_D + VTD_SSPTE_IGN_10 + VTD_SSPTE_SNP + VTD_SSPTE_ADDR + VTD_SSPTE_IGN_60_52 + VTD_SSPTE_IR +
		 VTD_SSPTE_IW + VTD_SSPTE_IGN_63,
	 VTD_SSPTE_R | VTD_SSPTE_W | VTD_SSPTE_IGN_2 | VTD_SSPTE_EMT | VTD_SSPTE_IPAT | VTD_SSPTE_IGN_7 | VTD_SSPTE_A |
		 VTD_SSPTE_D | VTD_SSPTE_IGN_10 | VTD_SSPTE_SNP | VTD_SSPTE_ADDR | VTD_SSPTE_IGN_60_52 | VTD_SSPTE_IR |
		 VTD_SSPTE_IW | VTD_SSPTE_IGN_63);

/* Bit 2, in every layout: execute; ignored unless enabled. */
#define VTD_SSPTE_X VTD_SSPTE_IGN_2

/*
 * A leaf is written as asked: PT_WRITE alone makes a write-only page.  Linux
 * up to 6.12 sets bit 0 in every leaf, so a model of that driver asks for
 * PT_READ in every mapping.  Neither A nor D is set in advance.
 */
extern const struct pt_format vtd_second_stage;

#endif
