/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VT-d first-stage paging entries: the x86-64 format of 4-level and 5-level
 * paging, with an extended-accessed flag that only VT-d has.  Not here:
 * which table a request uses, and fault codes (models/iommu/vtd).
 *
 * Source: [VTD] "First-Stage Translation" and "First-Stage Paging Entries".
 * Levels: FS-PTE 0, FS-PDE 1, FS-PDPE 2, FS-PML4E 3, FS-PML5E 4.
 *
 * XD belongs to units that take execute requests; revisions without them ignore
 * bit 63.
 *
 * SIMPLIFIED: PWT, PCD and PAT have no effect, so all memory is of one type.
 */
#ifndef IOMMUSIM_PAGETABLE_VTD_FIRST_STAGE_H
#define IOMMUSIM_PAGETABLE_VTD_FIRST_STAGE_H

#include "models/base/bits.h"
#include "models/pagetable/format.h"

/* FS-PML5E and FS-PML4E: always a table. */
#define VTD_FSPML_P         BIT64(0) /* present */
#define VTD_FSPML_RW        BIT64(1) /* read/write: writes allowed */
#define VTD_FSPML_US        BIT64(2) /* user/supervisor: user requests allowed */
#define VTD_FSPML_IGN_4_3   BITS64(4, 3)
#define VTD_FSPML_A         BIT64(5) /* accessed */
#define VTD_FSPML_IGN_6     BIT64(6)
#define VTD_FSPML_RSVD_7    BIT64(7)
#define VTD_FSPML_IGN_9_8   BITS64(9, 8)
#define VTD_FSPML_EA        BIT64(10) /* extended accessed; ignored unless enabled */
#define VTD_FSPML_IGN_11    BIT64(11)
#define VTD_FSPML_ADDR      BITS64(51, 12) /* next table; bits at the host address width and above are reserved */
#define VTD_FSPML_IGN_62_52 BITS64(62, 52)
#define VTD_FSPML_XD        BIT64(63) /* execute disable; ignored unless enabled */
LAYOUT64(VTD_FSPML,
	 VTD_FSPML_P + VTD_FSPML_RW + VTD_FSPML_US + VTD_FSPML_IGN_4_3 + VTD_FSPML_A + VTD_FSPML_IGN_6 +
		 VTD_FSPML_RSVD_7 + VTD_FSPML_IGN_9_8 + VTD_FSPML_EA + VTD_FSPML_IGN_11 + VTD_FSPML_ADDR +
		 VTD_FSPML_IGN_62_52 + VTD_FSPML_XD,
	 VTD_FSPML_P | VTD_FSPML_RW | VTD_FSPML_US | VTD_FSPML_IGN_4_3 | VTD_FSPML_A | VTD_FSPML_IGN_6 |
		 VTD_FSPML_RSVD_7 | VTD_FSPML_IGN_9_8 | VTD_FSPML_EA | VTD_FSPML_IGN_11 | VTD_FSPML_ADDR |
		 VTD_FSPML_IGN_62_52 | VTD_FSPML_XD);

/* FS-PDPE and FS-PDE that point to a table (PS = 0). */
#define VTD_FSPDE_P         BIT64(0)
#define VTD_FSPDE_RW        BIT64(1)
#define VTD_FSPDE_US        BIT64(2)
#define VTD_FSPDE_IGN_4_3   BITS64(4, 3)
#define VTD_FSPDE_A         BIT64(5)
#define VTD_FSPDE_IGN_6     BIT64(6)
#define VTD_FSPDE_PS        BIT64(7) /* page size: when set, the entry is a leaf (next two layouts) */
#define VTD_FSPDE_IGN_9_8   BITS64(9, 8)
#define VTD_FSPDE_EA        BIT64(10)
#define VTD_FSPDE_IGN_11    BIT64(11)
#define VTD_FSPDE_ADDR      BITS64(51, 12)
#define VTD_FSPDE_IGN_62_52 BITS64(62, 52)
#define VTD_FSPDE_XD        BIT64(63)
LAYOUT64(VTD_FSPDE,
	 VTD_FSPDE_P + VTD_FSPDE_RW + VTD_FSPDE_US + VTD_FSPDE_IGN_4_3 + VTD_FSPDE_A + VTD_FSPDE_IGN_6 + VTD_FSPDE_PS +
		 VTD_FSPDE_IGN_9_8 + VTD_FSPDE_EA + VTD_FSPDE_IGN_11 + VTD_FSPDE_ADDR + VTD_FSPDE_IGN_62_52 +
		 VTD_FSPDE_XD,
	 VTD_FSPDE_P | VTD_FSPDE_RW | VTD_FSPDE_US | VTD_FSPDE_IGN_4_3 | VTD_FSPDE_A | VTD_FSPDE_IGN_6 | VTD_FSPDE_PS |
		 VTD_FSPDE_IGN_9_8 | VTD_FSPDE_EA | VTD_FSPDE_IGN_11 | VTD_FSPDE_ADDR | VTD_FSPDE_IGN_62_52 |
		 VTD_FSPDE_XD);

/* FS-PDPE that maps a 1 GiB page (PS = 1; reserved where 1 GiB pages are not supported). */
#define VTD_FSPDPE1G_P          BIT64(0)
#define VTD_FSPDPE1G_RW         BIT64(1)
#define VTD_FSPDPE1G_US         BIT64(2)
#define VTD_FSPDPE1G_PWT        BIT64(3) /* page-level write-through */
#define VTD_FSPDPE1G_PCD        BIT64(4) /* page-level cache disable */
#define VTD_FSPDPE1G_A          BIT64(5)
#define VTD_FSPDPE1G_D          BIT64(6) /* dirty */
#define VTD_FSPDPE1G_PS         BIT64(7)
#define VTD_FSPDPE1G_G          BIT64(8) /* global: hardware acts as if it were clear */
#define VTD_FSPDPE1G_IGN_9      BIT64(9)
#define VTD_FSPDPE1G_EA         BIT64(10)
#define VTD_FSPDPE1G_IGN_11     BIT64(11)
#define VTD_FSPDPE1G_PAT        BIT64(12) /* page attribute */
#define VTD_FSPDPE1G_RSVD_29_13 BITS64(29, 13)
#define VTD_FSPDPE1G_ADDR       BITS64(51, 30)
#define VTD_FSPDPE1G_IGN_62_52  BITS64(62, 52)
#define VTD_FSPDPE1G_XD         BIT64(63)
LAYOUT64(VTD_FSPDPE1G,
	 VTD_FSPDPE1G_P + VTD_FSPDPE1G_RW + VTD_FSPDPE1G_US + VTD_FSPDPE1G_PWT + VTD_FSPDPE1G_PCD + VTD_FSPDPE1G_A +
		 VTD_FSPDPE1G_D + VTD_FSPDPE1G_PS + VTD_FSPDPE1G_G + VTD_FSPDPE1G_IGN_9 + VTD_FSPDPE1G_EA +
		 VTD_FSPDPE1G_IGN_11 + VTD_FSPDPE1G_PAT + VTD_FSPDPE1G_RSVD_29_13 + VTD_FSPDPE1G_ADDR +
		 VTD_FSPDPE1G_IGN_62_52 + VTD_FSPDPE1G_XD,
	 VTD_FSPDPE1G_P | VTD_FSPDPE1G_RW | VTD_FSPDPE1G_US | VTD_FSPDPE1G_PWT | VTD_FSPDPE1G_PCD | VTD_FSPDPE1G_A |
		 VTD_FSPDPE1G_D | VTD_FSPDPE1G_PS | VTD_FSPDPE1G_G | VTD_FSPDPE1G_IGN_9 | VTD_FSPDPE1G_EA |
		 VTD_FSPDPE1G_IGN_11 | VTD_FSPDPE1G_PAT | VTD_FSPDPE1G_RSVD_29_13 | VTD_FSPDPE1G_ADDR |
		 VTD_FSPDPE1G_IGN_62_52 | VTD_FSPDPE1G_XD);

/* FS-PDE that maps a 2 MiB page (PS = 1; every unit supports them). */
#define VTD_FSPDE2M_P          BIT64(0)
#define VTD_FSPDE2M_RW         BIT64(1)
#define VTD_FSPDE2M_US         BIT64(2)
#define VTD_FSPDE2M_PWT        BIT64(3)
#define VTD_FSPDE2M_PCD        BIT64(4)
#define VTD_FSPDE2M_A          BIT64(5)
#define VTD_FSPDE2M_D          BIT64(6)
#define VTD_FSPDE2M_PS         BIT64(7)
#define VTD_FSPDE2M_G          BIT64(8)
#define VTD_FSPDE2M_IGN_9      BIT64(9)
#define VTD_FSPDE2M_EA         BIT64(10)
#define VTD_FSPDE2M_IGN_11     BIT64(11)
#define VTD_FSPDE2M_PAT        BIT64(12)
#define VTD_FSPDE2M_RSVD_20_13 BITS64(20, 13)
#define VTD_FSPDE2M_ADDR       BITS64(51, 21)
#define VTD_FSPDE2M_IGN_62_52  BITS64(62, 52)
#define VTD_FSPDE2M_XD         BIT64(63)
LAYOUT64(VTD_FSPDE2M,
	 VTD_FSPDE2M_P + VTD_FSPDE2M_RW + VTD_FSPDE2M_US + VTD_FSPDE2M_PWT + VTD_FSPDE2M_PCD + VTD_FSPDE2M_A +
		 VTD_FSPDE2M_D + VTD_FSPDE2M_PS + VTD_FSPDE2M_G + VTD_FSPDE2M_IGN_9 + VTD_FSPDE2M_EA +
		 VTD_FSPDE2M_IGN_11 + VTD_FSPDE2M_PAT + VTD_FSPDE2M_RSVD_20_13 + VTD_FSPDE2M_ADDR +
		 VTD_FSPDE2M_IGN_62_52 + VTD_FSPDE2M_XD,
	 VTD_FSPDE2M_P | VTD_FSPDE2M_RW | VTD_FSPDE2M_US | VTD_FSPDE2M_PWT | VTD_FSPDE2M_PCD | VTD_FSPDE2M_A |
		 VTD_FSPDE2M_D | VTD_FSPDE2M_PS | VTD_FSPDE2M_G | VTD_FSPDE2M_IGN_9 | VTD_FSPDE2M_EA |
		 VTD_FSPDE2M_IGN_11 | VTD_FSPDE2M_PAT | VTD_FSPDE2M_RSVD_20_13 | VTD_FSPDE2M_ADDR |
		 VTD_FSPDE2M_IGN_62_52 | VTD_FSPDE2M_XD);

/* FS-PTE: maps a 4 KiB page. */
#define VTD_FSPTE_P         BIT64(0)
#define VTD_FSPTE_RW        BIT64(1)
#define VTD_FSPTE_US        BIT64(2)
#define VTD_FSPTE_PWT       BIT64(3)
#define VTD_FSPTE_PCD       BIT64(4)
#define VTD_FSPTE_A         BIT64(5)
#define VTD_FSPTE_D         BIT64(6)
#define VTD_FSPTE_PAT       BIT64(7)
#define VTD_FSPTE_G         BIT64(8)
#define VTD_FSPTE_IGN_9     BIT64(9)
#define VTD_FSPTE_EA        BIT64(10)
#define VTD_FSPTE_IGN_11    BIT64(11)
#define VTD_FSPTE_ADDR      BITS64(51, 12)
#define VTD_FSPTE_IGN_62_52 BITS64(62, 52)
#define VTD_FSPTE_XD        BIT64(63)
LAYOUT64(VTD_FSPTE,
	 VTD_FSPTE_P + VTD_FSPTE_RW + VTD_FSPTE_US + VTD_FSPTE_PWT + VTD_FSPTE_PCD + VTD_FSPTE_A + VTD_FSPTE_D +
		 VTD_FSPTE_PAT + VTD_FSPTE_G + VTD_FSPTE_IGN_9 + VTD_FSPTE_EA + VTD_FSPTE_IGN_11 + VTD_FSPTE_ADDR +
		 VTD_FSPTE_IGN_62_52 + VTD_FSPTE_XD,
	 VTD_FSPTE_P | VTD_FSPTE_RW | VTD_FSPTE_US | VTD_FSPTE_PWT | VTD_FSPTE_PCD | VTD_FSPTE_A | VTD_FSPTE_D |
		 VTD_FSPTE_PAT | VTD_FSPTE_G | VTD_FSPTE_IGN_9 | VTD_FSPTE_EA | VTD_FSPTE_IGN_11 | VTD_FSPTE_ADDR |
		 VTD_FSPTE_IGN_62_52 | VTD_FSPTE_XD);

/*
 * A leaf is written as Linux does for IOVA tables: A set, D set with RW, so
 * that hardware has nothing to update.  US and XD are as asked: IOVA mappings
 * ask for PT_USER; XD is set for want of PT_EXECUTE, with execute_disable only.
 */
extern const struct pt_format vtd_first_stage;

#endif
