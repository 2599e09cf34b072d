/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures in memory that lead from a requester ID and a PASID to page
 * tables: root, context, PASID directory and PASID table entries, legacy and
 * scalable mode.  Page-table entries themselves: models/pagetable/.
 *
 * Names end in the number of the 64-bit word they live in.  An address field
 * reaches bit 63 as the manual prints it; bits at or above the host address
 * width are reserved there too (the unit checks that, see translate.c).
 *
 * Source: [VTD] "Translation Structure Formats".
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_TABLES_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_TABLES_H

#include "models/base/bits.h"

/* ---- Root entry, 128 bits; index: bus.  [VTD] "Root Entry" ---- */

#define VTD_ROOT_BYTES 16u

#define VTD_ROOT0_P         BIT64(0) /* present */
#define VTD_ROOT0_RSVD_11_1 BITS64(11, 1)
#define VTD_ROOT0_CTP       BITS64(63, 12) /* context-table pointer */
LAYOUT64(VTD_ROOT0, VTD_ROOT0_P + VTD_ROOT0_RSVD_11_1 + VTD_ROOT0_CTP,
	 VTD_ROOT0_P | VTD_ROOT0_RSVD_11_1 | VTD_ROOT0_CTP);

#define VTD_ROOT1_RSVD BITS64(63, 0)
LAYOUT64(VTD_ROOT1, VTD_ROOT1_RSVD, VTD_ROOT1_RSVD);

/*
 * ---- Scalable-mode root entry, 128 bits; index: bus.  [VTD] "Scalable-Mode Root Entry" ----
 * Word 0 serves devices 0..15, word 1 devices 16..31 of the bus; both have
 * this layout.
 */
#define VTD_SROOT_P         BIT64(0) /* LP or UP: present */
#define VTD_SROOT_RSVD_11_1 BITS64(11, 1)
#define VTD_SROOT_CTP       BITS64(63, 12) /* LCTP or UCTP: context-table pointer */
LAYOUT64(VTD_SROOT, VTD_SROOT_P + VTD_SROOT_RSVD_11_1 + VTD_SROOT_CTP,
	 VTD_SROOT_P | VTD_SROOT_RSVD_11_1 | VTD_SROOT_CTP);

/* ---- Context entry, 128 bits; index: device and function.  [VTD] "Context Entry" ---- */

#define VTD_CONTEXT_BYTES 16u

#define VTD_CONTEXT0_P         BIT64(0)     /* present */
#define VTD_CONTEXT0_FPD       BIT64(1)     /* fault processing disable */
#define VTD_CONTEXT0_TT        BITS64(3, 2) /* translation type: enum vtd_tt */
#define VTD_CONTEXT0_RSVD_11_4 BITS64(11, 4)
#define VTD_CONTEXT0_SSPTPTR   BITS64(63, 12) /* second-stage page-table pointer */
LAYOUT64(VTD_CONTEXT0,
	 VTD_CONTEXT0_P + VTD_CONTEXT0_FPD + VTD_CONTEXT0_TT + VTD_CONTEXT0_RSVD_11_4 + VTD_CONTEXT0_SSPTPTR,
	 VTD_CONTEXT0_P | VTD_CONTEXT0_FPD | VTD_CONTEXT0_TT | VTD_CONTEXT0_RSVD_11_4 | VTD_CONTEXT0_SSPTPTR);

#define VTD_CONTEXT1_AW         BITS64(2, 0) /* address width: enum vtd_aw */
#define VTD_CONTEXT1_IGN_6_3    BITS64(6, 3) /* ignored: for software */
#define VTD_CONTEXT1_RSVD_7     BIT64(7)
#define VTD_CONTEXT1_DID        BITS64(23, 8) /* domain identifier */
#define VTD_CONTEXT1_RSVD_63_24 BITS64(63, 24)
LAYOUT64(VTD_CONTEXT1,
	 VTD_CONTEXT1_AW + VTD_CONTEXT1_IGN_6_3 + VTD_CONTEXT1_RSVD_7 + VTD_CONTEXT1_DID + VTD_CONTEXT1_RSVD_63_24,
	 VTD_CONTEXT1_AW | VTD_CONTEXT1_IGN_6_3 | VTD_CONTEXT1_RSVD_7 | VTD_CONTEXT1_DID | VTD_CONTEXT1_RSVD_63_24);

enum vtd_tt {
	VTD_TT_UNTRANSLATED = 0, /* untranslated requests through the second stage; others blocked */
	VTD_TT_DEVICE_TLB = 1,   /* as 0, and translation and translated requests are served */
	VTD_TT_PASS_THROUGH = 2, /* untranslated requests pass; others blocked */
	VTD_TT_RESERVED = 3,
};

/* AW of a context or a PASID entry: width of the second stage's input. */
enum vtd_aw {
	VTD_AW_39 = 1, /* 3-level table */
	VTD_AW_48 = 2, /* 4-level table */
	VTD_AW_57 = 3, /* 5-level table */
};

/* ---- Scalable-mode context entry, 256 bits.  [VTD] "Scalable-Mode Context Entry" ---- */

#define VTD_SCONTEXT_BYTES 32u

#define VTD_SCONTEXT0_P           BIT64(0) /* present */
#define VTD_SCONTEXT0_FPD         BIT64(1) /* fault processing disable */
#define VTD_SCONTEXT0_DTE         BIT64(2) /* device-TLB enable; reserved when ECAP.DT = 0 */
#define VTD_SCONTEXT0_PASIDE      BIT64(3) /* PASID enable; reserved when ECAP.PASID = 0 */
#define VTD_SCONTEXT0_PRE         BIT64(4) /* page-request enable; reserved when ECAP.PRS = 0 */
#define VTD_SCONTEXT0_HPTE        BIT64(5) /* host permission table enable; reserved when ECAP.HPTS = 0 */
#define VTD_SCONTEXT0_EPTR        BIT64(6) /* PASID in translated requests; reserved when ECAP.PTRS = 0 */
#define VTD_SCONTEXT0_RSVD_8_7    BITS64(8, 7)
#define VTD_SCONTEXT0_PDTS        BITS64(11, 9)  /* PASID directory has 2^(PDTS + 7) entries */
#define VTD_SCONTEXT0_PASIDDIRPTR BITS64(63, 12) /* PASID directory pointer */
LAYOUT64(VTD_SCONTEXT0,
	 VTD_SCONTEXT0_P + VTD_SCONTEXT0_FPD + VTD_SCONTEXT0_DTE + VTD_SCONTEXT0_PASIDE + VTD_SCONTEXT0_PRE +
		 VTD_SCONTEXT0_HPTE + VTD_SCONTEXT0_EPTR + VTD_SCONTEXT0_RSVD_8_7 + VTD_SCONTEXT0_PDTS +
		 VTD_SCONTEXT0_PASIDDIRPTR,
	 VTD_SCONTEXT0_P | VTD_SCONTEXT0_FPD | VTD_SCONTEXT0_DTE | VTD_SCONTEXT0_PASIDE | VTD_SCONTEXT0_PRE |
		 VTD_SCONTEXT0_HPTE | VTD_SCONTEXT0_EPTR | VTD_SCONTEXT0_RSVD_8_7 | VTD_SCONTEXT0_PDTS |
		 VTD_SCONTEXT0_PASIDDIRPTR);

#define VTD_SCONTEXT1_RID_PASID  BITS64(19, 0) /* PASID of requests without PASID; reserved when ECAP.RPS = 0 */
#define VTD_SCONTEXT1_RID_PRIV   BIT64(20)     /* these are supervisor-mode; reserved when ECAP.RPRIVS = 0 */
#define VTD_SCONTEXT1_RSVD_63_21 BITS64(63, 21)
LAYOUT64(VTD_SCONTEXT1, VTD_SCONTEXT1_RID_PASID + VTD_SCONTEXT1_RID_PRIV + VTD_SCONTEXT1_RSVD_63_21,
	 VTD_SCONTEXT1_RID_PASID | VTD_SCONTEXT1_RID_PRIV | VTD_SCONTEXT1_RSVD_63_21);

#define VTD_SCONTEXT23_RSVD BITS64(63, 0) /* words 2 and 3 */
LAYOUT64(VTD_SCONTEXT23, VTD_SCONTEXT23_RSVD, VTD_SCONTEXT23_RSVD);

/* ---- The PASID as two indices.  [VTD] "Scalable Mode Address Translation" ---- */

#define VTD_PASID_DIRECTORY_INDEX BITS64(19, 6)
#define VTD_PASID_TABLE_INDEX     BITS64(5, 0)

/* ---- Scalable-mode PASID directory entry, 64 bits.  [VTD] "Scalable-Mode PASID Directory Entry" ---- */

#define VTD_PASIDDIR_BYTES 8u

#define VTD_PASIDDIR_P         BIT64(0) /* present */
#define VTD_PASIDDIR_FPD       BIT64(1) /* fault processing disable */
#define VTD_PASIDDIR_RSVD_11_2 BITS64(11, 2)
#define VTD_PASIDDIR_SMPTBLPTR BITS64(63, 12) /* PASID table pointer */
LAYOUT64(VTD_PASIDDIR, VTD_PASIDDIR_P + VTD_PASIDDIR_FPD + VTD_PASIDDIR_RSVD_11_2 + VTD_PASIDDIR_SMPTBLPTR,
	 VTD_PASIDDIR_P | VTD_PASIDDIR_FPD | VTD_PASIDDIR_RSVD_11_2 | VTD_PASIDDIR_SMPTBLPTR);

/* ---- Scalable-mode PASID table entry, 512 bits.  [VTD] "Scalable-Mode PASID Table Entry" ---- */

#define VTD_PASID_BYTES 64u

#define VTD_PASID0_P          BIT64(0)     /* present */
#define VTD_PASID0_FPD        BIT64(1)     /* fault processing disable */
#define VTD_PASID0_AW         BITS64(4, 2) /* second-stage address width: enum vtd_aw */
#define VTD_PASID0_SSEE       BIT64(5)     /* second-stage execute enable; reserved when ECAP.ERS = 0 */
#define VTD_PASID0_PGTT       BITS64(8, 6) /* PASID granular translation type: enum vtd_pgtt */
#define VTD_PASID0_SSADE      BIT64(9)     /* second-stage accessed/dirty enable; reserved when ECAP.SSADS = 0 */
#define VTD_PASID0_RSVD_11_10 BITS64(11, 10)
#define VTD_PASID0_SSPTPTR    BITS64(63, 12) /* second-stage page-table pointer */
LAYOUT64(VTD_PASID0,
	 VTD_PASID0_P + VTD_PASID0_FPD + VTD_PASID0_AW + VTD_PASID0_SSEE + VTD_PASID0_PGTT + VTD_PASID0_SSADE +
		 VTD_PASID0_RSVD_11_10 + VTD_PASID0_SSPTPTR,
	 VTD_PASID0_P | VTD_PASID0_FPD | VTD_PASID0_AW | VTD_PASID0_SSEE | VTD_PASID0_PGTT | VTD_PASID0_SSADE |
		 VTD_PASID0_RSVD_11_10 | VTD_PASID0_SSPTPTR);

#define VTD_PASID1_DID        BITS64(15, 0) /* domain identifier */
#define VTD_PASID1_RSVD_22_16 BITS64(22, 16)
#define VTD_PASID1_PWSNP      BIT64(23) /* page-walk snoop; reserved when ECAP.SMPWC = 0 */
#define VTD_PASID1_PGSNP      BIT64(24) /* page snoop; reserved when ECAP.SC = 0 */
#define VTD_PASID1_CD         BIT64(25) /* cache disable; this, EMTE and PAT reserved when ECAP.MTS = 0 */
#define VTD_PASID1_EMTE       BIT64(26) /* extended memory type enable */
#define VTD_PASID1_RSVD_31_27 BITS64(31, 27)
#define VTD_PASID1_PAT        BITS64(63, 32) /* page attribute table */
LAYOUT64(VTD_PASID1,
	 VTD_PASID1_DID + VTD_PASID1_RSVD_22_16 + VTD_PASID1_PWSNP + VTD_PASID1_PGSNP + VTD_PASID1_CD +
		 VTD_PASID1_EMTE + VTD_PASID1_RSVD_31_27 + VTD_PASID1_PAT,
	 VTD_PASID1_DID | VTD_PASID1_RSVD_22_16 | VTD_PASID1_PWSNP | VTD_PASID1_PGSNP | VTD_PASID1_CD |
		 VTD_PASID1_EMTE | VTD_PASID1_RSVD_31_27 | VTD_PASID1_PAT);

#define VTD_PASID2_SRE       BIT64(0)     /* supervisor request enable; reserved when ECAP.SRS = 0 */
#define VTD_PASID2_ERE       BIT64(1)     /* execute request enable; reserved when ECAP.ERS = 0 */
#define VTD_PASID2_FSPM      BITS64(3, 2) /* first-stage paging mode: enum vtd_fspm */
#define VTD_PASID2_WPE       BIT64(4)     /* write protect enable */
#define VTD_PASID2_NXE       BIT64(5)     /* no-execute enable; ignored when ECAP.ERS = 0 */
#define VTD_PASID2_SMEP      BIT64(6)     /* supervisor-mode execute prevent; ignored when ECAP.ERS = 0 */
#define VTD_PASID2_EAFE      BIT64(7)     /* extended accessed flag enable; reserved when ECAP.EAFS = 0 */
#define VTD_PASID2_RSVD_11_8 BITS64(11, 8)
#define VTD_PASID2_FSPTPTR   BITS64(63, 12) /* first-stage page-table pointer */
LAYOUT64(VTD_PASID2,
	 VTD_PASID2_SRE + VTD_PASID2_ERE + VTD_PASID2_FSPM + VTD_PASID2_WPE + VTD_PASID2_NXE + VTD_PASID2_SMEP +
		 VTD_PASID2_EAFE + VTD_PASID2_RSVD_11_8 + VTD_PASID2_FSPTPTR,
	 VTD_PASID2_SRE | VTD_PASID2_ERE | VTD_PASID2_FSPM | VTD_PASID2_WPE | VTD_PASID2_NXE | VTD_PASID2_SMEP |
		 VTD_PASID2_EAFE | VTD_PASID2_RSVD_11_8 | VTD_PASID2_FSPTPTR);

#define VTD_PASID3_7_RSVD BITS64(63, 0) /* words 3 to 7 */
LAYOUT64(VTD_PASID3_7, VTD_PASID3_7_RSVD, VTD_PASID3_7_RSVD);

enum vtd_pgtt {
	VTD_PGTT_FIRST_STAGE = 1,
	VTD_PGTT_SECOND_STAGE = 2,
	VTD_PGTT_NESTED = 3,
	VTD_PGTT_PASS_THROUGH = 4,
};

enum vtd_fspm {
	VTD_FSPM_4_LEVEL = 0,
	VTD_FSPM_5_LEVEL = 1,
};

#endif
