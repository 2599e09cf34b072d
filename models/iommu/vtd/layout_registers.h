/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a remapping unit: offsets, fields, and the codes that
 * fields carry.  Interrupt remapping, MTRR, performance monitoring, enhanced
 * and virtual commands are absent: their capability bits are 0 and their
 * offsets read as 0.
 *
 * Source: [VTD] "Register Descriptions".
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_REGISTERS_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_REGISTERS_H

#include "models/base/bits.h"

/* As LAYOUT64, for a 32-bit register: the masks tile 31:0. */
#define VTD_LAYOUT32(name, sum, joined) LAYOUT64(name, (sum) + BITS64(63, 32), (joined) | BITS64(63, 32))

/* ---- Offsets.  [VTD] "Register Location" ---- */

enum vtd_register {
	VTD_REG_VER = 0x000,      /* 32: version */
	VTD_REG_CAP = 0x008,      /* 64: capability */
	VTD_REG_ECAP = 0x010,     /* 64: extended capability */
	VTD_REG_GCMD = 0x018,     /* 32: global command */
	VTD_REG_GSTS = 0x01c,     /* 32: global status */
	VTD_REG_RTADDR = 0x020,   /* 64: root table address */
	VTD_REG_CCMD = 0x028,     /* 64: context command */
	VTD_REG_FSTS = 0x034,     /* 32: fault status */
	VTD_REG_FECTL = 0x038,    /* 32: fault event control */
	VTD_REG_FEDATA = 0x03c,   /* 32: fault event data */
	VTD_REG_FEADDR = 0x040,   /* 32: fault event address */
	VTD_REG_FEUADDR = 0x044,  /* 32: fault event upper address */
	VTD_REG_PMEN = 0x064,     /* 32: protected memory enable */
	VTD_REG_PLMBASE = 0x068,  /* 32: protected low-memory base */
	VTD_REG_PLMLIMIT = 0x06c, /* 32: protected low-memory limit */
	VTD_REG_PHMBASE = 0x070,  /* 64: protected high-memory base */
	VTD_REG_PHMLIMIT = 0x078, /* 64: protected high-memory limit */
	VTD_REG_IQH = 0x080,      /* 64: invalidation queue head */
	VTD_REG_IQT = 0x088,      /* 64: invalidation queue tail */
	VTD_REG_IQA = 0x090,      /* 64: invalidation queue address */
	VTD_REG_ICS = 0x09c,      /* 32: invalidation completion status */
	VTD_REG_IECTL = 0x0a0,    /* 32: invalidation event control */
	VTD_REG_IEDATA = 0x0a4,   /* 32: invalidation event data */
	VTD_REG_IEADDR = 0x0a8,   /* 32: invalidation event address */
	VTD_REG_IEUADDR = 0x0ac,  /* 32: invalidation event upper address */
	VTD_REG_IQERCD = 0x0b0,   /* 64: invalidation queue error record */
	VTD_REG_PQH = 0x0c0,      /* 64: page request queue head */
	VTD_REG_PQT = 0x0c8,      /* 64: page request queue tail */
	VTD_REG_PQA = 0x0d0,      /* 64: page request queue address */
	VTD_REG_PRS = 0x0dc,      /* 32: page request status */
	VTD_REG_PECTL = 0x0e0,    /* 32: page request event control */
	VTD_REG_PEDATA = 0x0e4,   /* 32: page request event data */
	VTD_REG_PEADDR = 0x0e8,   /* 32: page request event address */
	VTD_REG_PEUADDR = 0x0ec,  /* 32: page request event upper address */
};

/*
 * The specification leaves these offsets to the unit, which tells them in
 * ECAP.IRO and CAP.FRO (units of 16 bytes).  This unit's choice:
 */
#define VTD_IOTLB_REGISTERS_OFFSET 0x0f0u /* IVA, then IOTLB at + 8 */
#define VTD_FAULT_RECORDS_OFFSET   0x220u /* FRCD[0], 16 bytes each */
#define VTD_FAULT_RECORD_BYTES     16u

/* ---- Version.  [VTD] "Version Register" ---- */

#define VTD_VER_MIN       BITS64(3, 0)
#define VTD_VER_MAJ       BITS64(7, 4)
#define VTD_VER_RSVD_31_8 BITS64(31, 8)
VTD_LAYOUT32(VTD_VER, VTD_VER_MIN + VTD_VER_MAJ + VTD_VER_RSVD_31_8, VTD_VER_MIN | VTD_VER_MAJ | VTD_VER_RSVD_31_8);

/* ---- Capability.  [VTD] "Capability Register" ---- */

#define VTD_CAP_ND            BITS64(2, 0) /* domains: domain identifiers have 4 + 2 * ND bits */
#define VTD_CAP_RSVD_3        BIT64(3)
#define VTD_CAP_RWBF          BIT64(4) /* write-buffer flushing required */
#define VTD_CAP_PLMR          BIT64(5) /* protected low-memory region */
#define VTD_CAP_PHMR          BIT64(6) /* protected high-memory region */
#define VTD_CAP_CM            BIT64(7) /* caching mode: not-present entries may be cached */
#define VTD_CAP_SAGAW_RSVD_8  BIT64(8)
#define VTD_CAP_SAGAW_39      BIT64(9)  /* supported address widths: 3-level second stage */
#define VTD_CAP_SAGAW_48      BIT64(10) /* 4-level second stage */
#define VTD_CAP_SAGAW_57      BIT64(11) /* 5-level second stage */
#define VTD_CAP_SAGAW_RSVD_12 BIT64(12)
#define VTD_CAP_RSVD_15_13    BITS64(15, 13)
#define VTD_CAP_MGAW          BITS64(21, 16) /* maximum guest address width, less 1 */
#define VTD_CAP_ZLR           BIT64(22)      /* zero-length reads of write-only pages */
#define VTD_CAP_RSVD_23       BIT64(23)
#define VTD_CAP_FRO           BITS64(33, 24) /* fault-recording registers at 16 * FRO */
#define VTD_CAP_SSLPS_2M      BIT64(34)      /* second-stage 2 MiB pages */
#define VTD_CAP_SSLPS_1G      BIT64(35)      /* second-stage 1 GiB pages */
#define VTD_CAP_SSLPS_RSVD    BITS64(37, 36)
#define VTD_CAP_RSVD_38       BIT64(38)
#define VTD_CAP_PSI           BIT64(39)      /* page-selective invalidation of second-stage entries */
#define VTD_CAP_NFR           BITS64(47, 40) /* fault-recording registers, less 1 */
#define VTD_CAP_MAMV          BITS64(53, 48) /* largest address mask of an invalidation */
#define VTD_CAP_DWD           BIT64(54)      /* write draining */
#define VTD_CAP_DRD           BIT64(55)      /* read draining */
#define VTD_CAP_FS1GP         BIT64(56)      /* first-stage 1 GiB pages */
#define VTD_CAP_RSVD_58_57    BITS64(58, 57)
#define VTD_CAP_PI            BIT64(59) /* posted interrupts */
#define VTD_CAP_FS5LP         BIT64(60) /* first-stage 5-level tables */
#define VTD_CAP_ECMDS         BIT64(61) /* enhanced commands */
#define VTD_CAP_ESIRTPS       BIT64(62) /* setting the interrupt table pointer invalidates */
#define VTD_CAP_ESRTPS        BIT64(63) /* setting the root table pointer invalidates all caches */
LAYOUT64(VTD_CAP,
	 VTD_CAP_ND + VTD_CAP_RSVD_3 + VTD_CAP_RWBF + VTD_CAP_PLMR + VTD_CAP_PHMR + VTD_CAP_CM + VTD_CAP_SAGAW_RSVD_8 +
		 VTD_CAP_SAGAW_39 + VTD_CAP_SAGAW_48 + VTD_CAP_SAGAW_57 + VTD_CAP_SAGAW_RSVD_12 + VTD_CAP_RSVD_15_13 +
		 VTD_CAP_MGAW + VTD_CAP_ZLR + VTD_CAP_RSVD_23 + VTD_CAP_FRO + VTD_CAP_SSLPS_2M + VTD_CAP_SSLPS_1G +
		 VTD_CAP_SSLPS_RSVD + VTD_CAP_RSVD_38 + VTD_CAP_PSI + VTD_CAP_NFR + VTD_CAP_MAMV + VTD_CAP_DWD +
		 VTD_CAP_DRD + VTD_CAP_FS1GP + VTD_CAP_RSVD_58_57 + VTD_CAP_PI + VTD_CAP_FS5LP + VTD_CAP_ECMDS +
		 VTD_CAP_ESIRTPS + VTD_CAP_ESRTPS,
	 VTD_CAP_ND | VTD_CAP_RSVD_3 | VTD_CAP_RWBF | VTD_CAP_PLMR | VTD_CAP_PHMR | VTD_CAP_CM | VTD_CAP_SAGAW_RSVD_8 |
		 VTD_CAP_SAGAW_39 | VTD_CAP_SAGAW_48 | VTD_CAP_SAGAW_57 | VTD_CAP_SAGAW_RSVD_12 | VTD_CAP_RSVD_15_13 |
		 VTD_CAP_MGAW | VTD_CAP_ZLR | VTD_CAP_RSVD_23 | VTD_CAP_FRO | VTD_CAP_SSLPS_2M | VTD_CAP_SSLPS_1G |
		 VTD_CAP_SSLPS_RSVD | VTD_CAP_RSVD_38 | VTD_CAP_PSI | VTD_CAP_NFR | VTD_CAP_MAMV | VTD_CAP_DWD |
		 VTD_CAP_DRD | VTD_CAP_FS1GP | VTD_CAP_RSVD_58_57 | VTD_CAP_PI | VTD_CAP_FS5LP | VTD_CAP_ECMDS |
		 VTD_CAP_ESIRTPS | VTD_CAP_ESRTPS);

/* ---- Extended capability.  [VTD] "Extended Capability Register" ---- */

#define VTD_ECAP_C          BIT64(0) /* page-walk coherency */
#define VTD_ECAP_QI         BIT64(1) /* queued invalidation */
#define VTD_ECAP_DT         BIT64(2) /* device-TLBs */
#define VTD_ECAP_IR         BIT64(3) /* interrupt remapping */
#define VTD_ECAP_EIM        BIT64(4) /* extended interrupt mode */
#define VTD_ECAP_RSVD_5     BIT64(5)
#define VTD_ECAP_PT         BIT64(6)      /* pass-through */
#define VTD_ECAP_SC         BIT64(7)      /* snoop control */
#define VTD_ECAP_IRO        BITS64(17, 8) /* IOTLB registers at 16 * IRO */
#define VTD_ECAP_RSVD_19_18 BITS64(19, 18)
#define VTD_ECAP_MHMV       BITS64(23, 20) /* largest handle mask of an interrupt entry invalidation */
#define VTD_ECAP_RSVD_24    BIT64(24)
#define VTD_ECAP_MTS        BIT64(25) /* memory types */
#define VTD_ECAP_NEST       BIT64(26) /* nested translation */
#define VTD_ECAP_RSVD_28_27 BITS64(28, 27)
#define VTD_ECAP_PRS        BIT64(29) /* page requests */
#define VTD_ECAP_ERS        BIT64(30) /* execute requests */
#define VTD_ECAP_SRS        BIT64(31) /* supervisor requests */
#define VTD_ECAP_RSVD_32    BIT64(32)
#define VTD_ECAP_NWFS       BIT64(33)      /* no-write flag */
#define VTD_ECAP_EAFS       BIT64(34)      /* extended accessed flag */
#define VTD_ECAP_PSS        BITS64(39, 35) /* PASIDs have PSS + 1 bits */
#define VTD_ECAP_PASID      BIT64(40)      /* requests with PASID */
#define VTD_ECAP_DIT        BIT64(41)      /* device-TLB invalidation throttling */
#define VTD_ECAP_PDS        BIT64(42)      /* page-request drain */
#define VTD_ECAP_SMTS       BIT64(43)      /* scalable mode */
#define VTD_ECAP_VCS        BIT64(44)      /* virtual commands */
#define VTD_ECAP_SSADS      BIT64(45)      /* second-stage accessed/dirty */
#define VTD_ECAP_SSTS       BIT64(46)      /* second-stage translation in scalable mode */
#define VTD_ECAP_FSTS       BIT64(47)      /* first-stage translation */
#define VTD_ECAP_SMPWC      BIT64(48)      /* page-walk coherency in scalable mode */
#define VTD_ECAP_RPS        BIT64(49)      /* RID_PASID of a context entry */
#define VTD_ECAP_TDXCS      BIT64(50)      /* TDX Connect */
#define VTD_ECAP_PMS        BIT64(51)      /* performance monitoring */
#define VTD_ECAP_ADMS       BIT64(52)      /* abort-DMA mode */
#define VTD_ECAP_RPRIVS     BIT64(53)      /* RID_PRIV of a context entry */
#define VTD_ECAP_RSVD_54    BIT64(54)
#define VTD_ECAP_HPTS       BIT64(55) /* host permission tables */
#define VTD_ECAP_PTRS       BIT64(56) /* PASID in translated requests */
#define VTD_ECAP_SSIRWS     BIT64(57) /* second-stage I/O read and write bits */
#define VTD_ECAP_SMS        BIT64(58) /* stop marker messages */
#define VTD_ECAP_HPT1GPS    BIT64(59) /* host permission tables, 1 GiB pages */
#define VTD_ECAP_RDTS       BIT64(60) /* resource director configuration */
#define VTD_ECAP_EIMER      BIT64(61) /* extended interrupt mode only */
#define VTD_ECAP_IRREQ      BIT64(62) /* interrupt remapping required */
#define VTD_ECAP_RSVD_63    BIT64(63)
LAYOUT64(VTD_ECAP,
	 VTD_ECAP_C + VTD_ECAP_QI + VTD_ECAP_DT + VTD_ECAP_IR + VTD_ECAP_EIM + VTD_ECAP_RSVD_5 + VTD_ECAP_PT +
		 VTD_ECAP_SC + VTD_ECAP_IRO + VTD_ECAP_RSVD_19_18 + VTD_ECAP_MHMV + VTD_ECAP_RSVD_24 + VTD_ECAP_MTS +
		 VTD_ECAP_NEST + VTD_ECAP_RSVD_28_27 + VTD_ECAP_PRS + VTD_ECAP_ERS + VTD_ECAP_SRS + VTD_ECAP_RSVD_32 +
		 VTD_ECAP_NWFS + VTD_ECAP_EAFS + VTD_ECAP_PSS + VTD_ECAP_PASID + VTD_ECAP_DIT + VTD_ECAP_PDS +
		 VTD_ECAP_SMTS + VTD_ECAP_VCS + VTD_ECAP_SSADS + VTD_ECAP_SSTS + VTD_ECAP_FSTS + VTD_ECAP_SMPWC +
		 VTD_ECAP_RPS + VTD_ECAP_TDXCS + VTD_ECAP_PMS + VTD_ECAP_ADMS + VTD_ECAP_RPRIVS + VTD_ECAP_RSVD_54 +
		 VTD_ECAP_HPTS + VTD_ECAP_PTRS + VTD_ECAP_SSIRWS + VTD_ECAP_SMS + VTD_ECAP_HPT1GPS + VTD_ECAP_RDTS +
		 VTD_ECAP_EIMER + VTD_ECAP_IRREQ + VTD_ECAP_RSVD_63,
	 VTD_ECAP_C | VTD_ECAP_QI | VTD_ECAP_DT | VTD_ECAP_IR | VTD_ECAP_EIM | VTD_ECAP_RSVD_5 | VTD_ECAP_PT |
		 VTD_ECAP_SC | VTD_ECAP_IRO | VTD_ECAP_RSVD_19_18 | VTD_ECAP_MHMV | VTD_ECAP_RSVD_24 | VTD_ECAP_MTS |
		 VTD_ECAP_NEST | VTD_ECAP_RSVD_28_27 | VTD_ECAP_PRS | VTD_ECAP_ERS | VTD_ECAP_SRS | VTD_ECAP_RSVD_32 |
		 VTD_ECAP_NWFS | VTD_ECAP_EAFS | VTD_ECAP_PSS | VTD_ECAP_PASID | VTD_ECAP_DIT | VTD_ECAP_PDS |
		 VTD_ECAP_SMTS | VTD_ECAP_VCS | VTD_ECAP_SSADS | VTD_ECAP_SSTS | VTD_ECAP_FSTS | VTD_ECAP_SMPWC |
		 VTD_ECAP_RPS | VTD_ECAP_TDXCS | VTD_ECAP_PMS | VTD_ECAP_ADMS | VTD_ECAP_RPRIVS | VTD_ECAP_RSVD_54 |
		 VTD_ECAP_HPTS | VTD_ECAP_PTRS | VTD_ECAP_SSIRWS | VTD_ECAP_SMS | VTD_ECAP_HPT1GPS | VTD_ECAP_RDTS |
		 VTD_ECAP_EIMER | VTD_ECAP_IRREQ | VTD_ECAP_RSVD_63);

/* ---- Global command.  [VTD] "Global Command Register" ---- */

#define VTD_GCMD_RSVD_22_0  BITS64(22, 0)
#define VTD_GCMD_CFI        BIT64(23) /* compatibility-format interrupts */
#define VTD_GCMD_SIRTP      BIT64(24) /* set interrupt remap table pointer (one-shot) */
#define VTD_GCMD_IRE        BIT64(25) /* interrupt remapping enable */
#define VTD_GCMD_QIE        BIT64(26) /* queued invalidation enable */
#define VTD_GCMD_WBF        BIT64(27) /* write buffer flush (one-shot) */
#define VTD_GCMD_RSVD_29_28 BITS64(29, 28)
#define VTD_GCMD_SRTP       BIT64(30) /* set root table pointer (one-shot) */
#define VTD_GCMD_TE         BIT64(31) /* translation enable */
VTD_LAYOUT32(VTD_GCMD,
	     VTD_GCMD_RSVD_22_0 + VTD_GCMD_CFI + VTD_GCMD_SIRTP + VTD_GCMD_IRE + VTD_GCMD_QIE + VTD_GCMD_WBF +
		     VTD_GCMD_RSVD_29_28 + VTD_GCMD_SRTP + VTD_GCMD_TE,
	     VTD_GCMD_RSVD_22_0 | VTD_GCMD_CFI | VTD_GCMD_SIRTP | VTD_GCMD_IRE | VTD_GCMD_QIE | VTD_GCMD_WBF |
		     VTD_GCMD_RSVD_29_28 | VTD_GCMD_SRTP | VTD_GCMD_TE);

/* ---- Global status: each bit answers the command bit of its position.  [VTD] "Global Status Register" ---- */

#define VTD_GSTS_RSVD_22_0  BITS64(22, 0)
#define VTD_GSTS_CFIS       BIT64(23)
#define VTD_GSTS_IRTPS      BIT64(24)
#define VTD_GSTS_IRES       BIT64(25)
#define VTD_GSTS_QIES       BIT64(26)
#define VTD_GSTS_WBFS       BIT64(27)
#define VTD_GSTS_RSVD_29_28 BITS64(29, 28)
#define VTD_GSTS_RTPS       BIT64(30)
#define VTD_GSTS_TES        BIT64(31)
VTD_LAYOUT32(VTD_GSTS,
	     VTD_GSTS_RSVD_22_0 + VTD_GSTS_CFIS + VTD_GSTS_IRTPS + VTD_GSTS_IRES + VTD_GSTS_QIES + VTD_GSTS_WBFS +
		     VTD_GSTS_RSVD_29_28 + VTD_GSTS_RTPS + VTD_GSTS_TES,
	     VTD_GSTS_RSVD_22_0 | VTD_GSTS_CFIS | VTD_GSTS_IRTPS | VTD_GSTS_IRES | VTD_GSTS_QIES | VTD_GSTS_WBFS |
		     VTD_GSTS_RSVD_29_28 | VTD_GSTS_RTPS | VTD_GSTS_TES);

/* ---- Root table address.  [VTD] "Root Table Address Register" ---- */

#define VTD_RTADDR_RSVD_6_0 BITS64(6, 0)
#define VTD_RTADDR_SSIRWE   BIT64(7) /* second-stage I/O read/write bits; reserved without ECAP.SSIRWS */
#define VTD_RTADDR_RSVD_9_8 BITS64(9, 8)
#define VTD_RTADDR_TTM      BITS64(11, 10) /* translation table mode: enum vtd_ttm */
#define VTD_RTADDR_RTA      BITS64(63, 12) /* root table, 4 KiB */
LAYOUT64(VTD_RTADDR, VTD_RTADDR_RSVD_6_0 + VTD_RTADDR_SSIRWE + VTD_RTADDR_RSVD_9_8 + VTD_RTADDR_TTM + VTD_RTADDR_RTA,
	 VTD_RTADDR_RSVD_6_0 | VTD_RTADDR_SSIRWE | VTD_RTADDR_RSVD_9_8 | VTD_RTADDR_TTM | VTD_RTADDR_RTA);

enum vtd_ttm {
	VTD_TTM_LEGACY = 0,
	VTD_TTM_SCALABLE = 1,
	VTD_TTM_RESERVED = 2,
	VTD_TTM_ABORT_DMA = 3,
};

/* ---- Context command.  [VTD] "Context Command Register" ---- */

#define VTD_CCMD_DID        BITS64(15, 0)
#define VTD_CCMD_SID        BITS64(31, 16)
#define VTD_CCMD_FM         BITS64(33, 32) /* function mask: VTD_FM_IGNORED */
#define VTD_CCMD_RSVD_58_34 BITS64(58, 34)
#define VTD_CCMD_CAIG       BITS64(60, 59) /* granularity performed: enum vtd_cc_granularity */
#define VTD_CCMD_CIRG       BITS64(62, 61) /* granularity requested */
#define VTD_CCMD_ICC        BIT64(63)      /* invalidate; clear when done */
LAYOUT64(VTD_CCMD,
	 VTD_CCMD_DID + VTD_CCMD_SID + VTD_CCMD_FM + VTD_CCMD_RSVD_58_34 + VTD_CCMD_CAIG + VTD_CCMD_CIRG + VTD_CCMD_ICC,
	 VTD_CCMD_DID | VTD_CCMD_SID | VTD_CCMD_FM | VTD_CCMD_RSVD_58_34 | VTD_CCMD_CAIG | VTD_CCMD_CIRG |
		 VTD_CCMD_ICC);

/* ---- Invalidate address.  [VTD] "Invalidate Address Register" ---- */

#define VTD_IVA_AM        BITS64(5, 0)
#define VTD_IVA_IH        BIT64(6)
#define VTD_IVA_RSVD_11_7 BITS64(11, 7)
#define VTD_IVA_ADDR      BITS64(63, 12)
LAYOUT64(VTD_IVA, VTD_IVA_AM + VTD_IVA_IH + VTD_IVA_RSVD_11_7 + VTD_IVA_ADDR,
	 VTD_IVA_AM | VTD_IVA_IH | VTD_IVA_RSVD_11_7 | VTD_IVA_ADDR);

/* ---- IOTLB invalidate.  [VTD] "IOTLB Invalidate Register" ---- */

#define VTD_IOTLB_RSVD_31_0  BITS64(31, 0)
#define VTD_IOTLB_DID        BITS64(47, 32)
#define VTD_IOTLB_DW         BIT64(48) /* drain writes */
#define VTD_IOTLB_DR         BIT64(49) /* drain reads */
#define VTD_IOTLB_RSVD_56_50 BITS64(56, 50)
#define VTD_IOTLB_IAIG       BITS64(58, 57) /* granularity performed: enum vtd_iotlb_granularity */
#define VTD_IOTLB_RSVD_59    BIT64(59)
#define VTD_IOTLB_IIRG       BITS64(61, 60) /* granularity requested */
#define VTD_IOTLB_RSVD_62    BIT64(62)
#define VTD_IOTLB_IVT        BIT64(63) /* invalidate; clear when done */
LAYOUT64(VTD_IOTLB,
	 VTD_IOTLB_RSVD_31_0 + VTD_IOTLB_DID + VTD_IOTLB_DW + VTD_IOTLB_DR + VTD_IOTLB_RSVD_56_50 + VTD_IOTLB_IAIG +
		 VTD_IOTLB_RSVD_59 + VTD_IOTLB_IIRG + VTD_IOTLB_RSVD_62 + VTD_IOTLB_IVT,
	 VTD_IOTLB_RSVD_31_0 | VTD_IOTLB_DID | VTD_IOTLB_DW | VTD_IOTLB_DR | VTD_IOTLB_RSVD_56_50 | VTD_IOTLB_IAIG |
		 VTD_IOTLB_RSVD_59 | VTD_IOTLB_IIRG | VTD_IOTLB_RSVD_62 | VTD_IOTLB_IVT);

/* ---- Fault status.  [VTD] "Fault Status Register" ---- */

#define VTD_FSTS_PFO        BIT64(0) /* primary fault overflow, write 1 to clear */
#define VTD_FSTS_PPF        BIT64(1) /* primary pending fault: any FRCD.F, read only */
#define VTD_FSTS_RSVD_3_2   BITS64(3, 2)
#define VTD_FSTS_IQE        BIT64(4) /* invalidation queue error, write 1 to clear */
#define VTD_FSTS_ICE        BIT64(5) /* invalidation completion error, write 1 to clear */
#define VTD_FSTS_ITE        BIT64(6) /* invalidation time-out error, write 1 to clear */
#define VTD_FSTS_RSVD_7     BIT64(7)
#define VTD_FSTS_FRI        BITS64(15, 8) /* index of the first pending fault record */
#define VTD_FSTS_RSVD_31_16 BITS64(31, 16)
VTD_LAYOUT32(VTD_FSTS,
	     VTD_FSTS_PFO + VTD_FSTS_PPF + VTD_FSTS_RSVD_3_2 + VTD_FSTS_IQE + VTD_FSTS_ICE + VTD_FSTS_ITE +
		     VTD_FSTS_RSVD_7 + VTD_FSTS_FRI + VTD_FSTS_RSVD_31_16,
	     VTD_FSTS_PFO | VTD_FSTS_PPF | VTD_FSTS_RSVD_3_2 | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE |
		     VTD_FSTS_RSVD_7 | VTD_FSTS_FRI | VTD_FSTS_RSVD_31_16);

/*
 * ---- Event control, data and address, the same for faults (FE), invalidation
 * completions (IE) and page requests (PE).  [VTD] "Fault Event Control Register",
 * "Invalidation Event Control Register", "Page Request Event Control Register" and the sections after each ----
 */
#define VTD_ECTL_RSVD_29_0 BITS64(29, 0)
#define VTD_ECTL_IP        BIT64(30) /* interrupt pending, read only */
#define VTD_ECTL_IM        BIT64(31) /* interrupt mask, set at reset */
VTD_LAYOUT32(VTD_ECTL, VTD_ECTL_RSVD_29_0 + VTD_ECTL_IP + VTD_ECTL_IM, VTD_ECTL_RSVD_29_0 | VTD_ECTL_IP | VTD_ECTL_IM);

#define VTD_EDATA_IMD        BITS64(15, 0) /* message data */
#define VTD_EDATA_RSVD_31_16 BITS64(31, 16)
VTD_LAYOUT32(VTD_EDATA, VTD_EDATA_IMD + VTD_EDATA_RSVD_31_16, VTD_EDATA_IMD | VTD_EDATA_RSVD_31_16);

#define VTD_EADDR_RSVD_1_0 BITS64(1, 0)
#define VTD_EADDR_MA       BITS64(31, 2) /* message address */
VTD_LAYOUT32(VTD_EADDR, VTD_EADDR_RSVD_1_0 + VTD_EADDR_MA, VTD_EADDR_RSVD_1_0 | VTD_EADDR_MA);

#define VTD_EUADDR_MUA BITS64(31, 0) /* message upper address */
VTD_LAYOUT32(VTD_EUADDR, VTD_EUADDR_MUA, VTD_EUADDR_MUA);

/*
 * ---- Protected memory.  [VTD] "Protected Memory Enable Register" and the sections after; regions are
 * multiples of 2^VTD_PROTECTED_LG2 bytes, the unit's choice (ASSUMED: 2 MiB) ----
 */
#define VTD_PMEN_PRS       BIT64(0) /* regions are protected, read only */
#define VTD_PMEN_RSVD_30_1 BITS64(30, 1)
#define VTD_PMEN_EPM       BIT64(31) /* enable protected memory */
VTD_LAYOUT32(VTD_PMEN, VTD_PMEN_PRS + VTD_PMEN_RSVD_30_1 + VTD_PMEN_EPM,
	     VTD_PMEN_PRS | VTD_PMEN_RSVD_30_1 | VTD_PMEN_EPM);

#define VTD_PROTECTED_LG2 21

#define VTD_PLM_RSVD_20_0 BITS64(20, 0)
#define VTD_PLM_ADDR      BITS64(31, VTD_PROTECTED_LG2) /* base, or limit: bits 20:0 are then taken for ones */
VTD_LAYOUT32(VTD_PLM, VTD_PLM_RSVD_20_0 + VTD_PLM_ADDR, VTD_PLM_RSVD_20_0 | VTD_PLM_ADDR);

#define VTD_PHM_RSVD_20_0 BITS64(20, 0)
#define VTD_PHM_ADDR      BITS64(63, VTD_PROTECTED_LG2)
LAYOUT64(VTD_PHM, VTD_PHM_RSVD_20_0 + VTD_PHM_ADDR, VTD_PHM_RSVD_20_0 | VTD_PHM_ADDR);

/* ---- Fault recording, 128 bits.  [VTD] "Fault Recording Registers" ---- */

#define VTD_FRCD0_RSVD_11_0 BITS64(11, 0)
#define VTD_FRCD0_FI        BITS64(63, 12) /* page address of the faulted request */
LAYOUT64(VTD_FRCD0, VTD_FRCD0_RSVD_11_0 + VTD_FRCD0_FI, VTD_FRCD0_RSVD_11_0 | VTD_FRCD0_FI);

#define VTD_FRCD1_SID        BITS64(15, 0) /* source identifier */
#define VTD_FRCD1_RSVD_27_16 BITS64(27, 16)
#define VTD_FRCD1_T2         BIT64(28)      /* type, bit 2; with T1: enum vtd_fault_type */
#define VTD_FRCD1_PRIV       BIT64(29)      /* supervisor-mode request; with PASID only */
#define VTD_FRCD1_EXE        BIT64(30)      /* execute request; with PASID only */
#define VTD_FRCD1_PP         BIT64(31)      /* PASID present */
#define VTD_FRCD1_FR         BITS64(39, 32) /* fault reason: enum vtd_fault_reason */
#define VTD_FRCD1_PV         BITS64(59, 40) /* PASID value */
#define VTD_FRCD1_AT         BITS64(61, 60) /* address type of the request */
#define VTD_FRCD1_T1         BIT64(62)      /* type, bit 1 */
#define VTD_FRCD1_F          BIT64(63)      /* fault recorded, write 1 to clear */
LAYOUT64(VTD_FRCD1,
	 VTD_FRCD1_SID + VTD_FRCD1_RSVD_27_16 + VTD_FRCD1_T2 + VTD_FRCD1_PRIV + VTD_FRCD1_EXE + VTD_FRCD1_PP +
		 VTD_FRCD1_FR + VTD_FRCD1_PV + VTD_FRCD1_AT + VTD_FRCD1_T1 + VTD_FRCD1_F,
	 VTD_FRCD1_SID | VTD_FRCD1_RSVD_27_16 | VTD_FRCD1_T2 | VTD_FRCD1_PRIV | VTD_FRCD1_EXE | VTD_FRCD1_PP |
		 VTD_FRCD1_FR | VTD_FRCD1_PV | VTD_FRCD1_AT | VTD_FRCD1_T1 | VTD_FRCD1_F);

/* AT of a fault record */
enum vtd_address_type {
	VTD_AT_UNTRANSLATED = 0,
	VTD_AT_TRANSLATION = 1,
	VTD_AT_TRANSLATED = 2,
};

/* T1 and T2 of a fault record: T1 * 2 + T2. */
enum vtd_fault_type {
	VTD_FAULT_WRITE = 0,
	VTD_FAULT_PAGE_REQUEST = 1,
	VTD_FAULT_READ = 2,
	VTD_FAULT_ATOMIC = 3,
};

/* ---- Invalidation queue.  [VTD] "Invalidation Queue Head Register" and the sections after ---- */

#define VTD_IQH_RSVD_3_0   BITS64(3, 0)
#define VTD_IQH_QH         BITS64(18, 4) /* offset of the descriptor fetched next; bit 4 is 0 when DW is set */
#define VTD_IQH_RSVD_63_19 BITS64(63, 19)
LAYOUT64(VTD_IQH, VTD_IQH_RSVD_3_0 + VTD_IQH_QH + VTD_IQH_RSVD_63_19,
	 VTD_IQH_RSVD_3_0 | VTD_IQH_QH | VTD_IQH_RSVD_63_19);

#define VTD_IQT_RSVD_3_0   BITS64(3, 0)
#define VTD_IQT_QT         BITS64(18, 4) /* offset of the descriptor written next */
#define VTD_IQT_RSVD_63_19 BITS64(63, 19)
LAYOUT64(VTD_IQT, VTD_IQT_RSVD_3_0 + VTD_IQT_QT + VTD_IQT_RSVD_63_19,
	 VTD_IQT_RSVD_3_0 | VTD_IQT_QT | VTD_IQT_RSVD_63_19);

#define VTD_IQA_QS        BITS64(2, 0) /* queue size: 2^QS pages of 4 KiB */
#define VTD_IQA_RSVD_10_3 BITS64(10, 3)
#define VTD_IQA_DW        BIT64(11) /* descriptor width: 0 = 128 bits, 1 = 256 bits */
#define VTD_IQA_IQA       BITS64(63, 12)
LAYOUT64(VTD_IQA, VTD_IQA_QS + VTD_IQA_RSVD_10_3 + VTD_IQA_DW + VTD_IQA_IQA,
	 VTD_IQA_QS | VTD_IQA_RSVD_10_3 | VTD_IQA_DW | VTD_IQA_IQA);

#define VTD_ICS_IWC       BIT64(0) /* a wait descriptor with IF completed, write 1 to clear */
#define VTD_ICS_RSVD_31_1 BITS64(31, 1)
VTD_LAYOUT32(VTD_ICS, VTD_ICS_IWC + VTD_ICS_RSVD_31_1, VTD_ICS_IWC | VTD_ICS_RSVD_31_1);

#define VTD_IQERCD_IQEI      BITS64(3, 0) /* enum vtd_iqei */
#define VTD_IQERCD_RSVD_31_4 BITS64(31, 4)
#define VTD_IQERCD_ITESID    BITS64(47, 32) /* source identifier of a time-out */
#define VTD_IQERCD_ICESID    BITS64(63, 48) /* source identifier of an unexpected completion */
LAYOUT64(VTD_IQERCD, VTD_IQERCD_IQEI + VTD_IQERCD_RSVD_31_4 + VTD_IQERCD_ITESID + VTD_IQERCD_ICESID,
	 VTD_IQERCD_IQEI | VTD_IQERCD_RSVD_31_4 | VTD_IQERCD_ITESID | VTD_IQERCD_ICESID);

/* ---- Page request queue.  [VTD] "Page Request Queue Head Register" and the sections after ---- */

#define VTD_PQH_RSVD_4_0   BITS64(4, 0)
#define VTD_PQH_PQH        BITS64(18, 5) /* offset of the request that software takes next */
#define VTD_PQH_RSVD_63_19 BITS64(63, 19)
LAYOUT64(VTD_PQH, VTD_PQH_RSVD_4_0 + VTD_PQH_PQH + VTD_PQH_RSVD_63_19,
	 VTD_PQH_RSVD_4_0 | VTD_PQH_PQH | VTD_PQH_RSVD_63_19);

#define VTD_PQT_RSVD_4_0   BITS64(4, 0)
#define VTD_PQT_PQT        BITS64(18, 5) /* offset of the request that the unit writes next */
#define VTD_PQT_RSVD_63_19 BITS64(63, 19)
LAYOUT64(VTD_PQT, VTD_PQT_RSVD_4_0 + VTD_PQT_PQT + VTD_PQT_RSVD_63_19,
	 VTD_PQT_RSVD_4_0 | VTD_PQT_PQT | VTD_PQT_RSVD_63_19);

#define VTD_PQA_PQS       BITS64(2, 0) /* queue size: 2^PQS pages of 4 KiB */
#define VTD_PQA_RSVD_11_3 BITS64(11, 3)
#define VTD_PQA_PQA       BITS64(63, 12)
LAYOUT64(VTD_PQA, VTD_PQA_PQS + VTD_PQA_RSVD_11_3 + VTD_PQA_PQA, VTD_PQA_PQS | VTD_PQA_RSVD_11_3 | VTD_PQA_PQA);

#define VTD_PRS_PPR       BIT64(0) /* pending page request, write 1 to clear */
#define VTD_PRS_PRO       BIT64(1) /* page request overflow, write 1 to clear */
#define VTD_PRS_RSVD_31_2 BITS64(31, 2)
VTD_LAYOUT32(VTD_PRS, VTD_PRS_PPR + VTD_PRS_PRO + VTD_PRS_RSVD_31_2, VTD_PRS_PPR | VTD_PRS_PRO | VTD_PRS_RSVD_31_2);

/* Invalidation queue error information.  [VTD] "Invalidation Queue Error Record Register" */
enum vtd_iqei {
	VTD_IQEI_NONE = 0,
	VTD_IQEI_TAIL = 1,     /* tail beyond the queue */
	VTD_IQEI_FETCH = 2,    /* descriptor could not be read */
	VTD_IQEI_TYPE = 3,     /* invalid descriptor type */
	VTD_IQEI_RESERVED = 4, /* reserved field not zero, or a field out of its range */
	VTD_IQEI_WIDTH = 5, /* 128-bit descriptors in scalable or abort-DMA mode, 256-bit ones where neither exists */
	VTD_IQEI_TAIL_MISALIGNED = 6, /* tail not a multiple of the descriptor width */
	VTD_IQEI_TTM = 7,             /* invalid RTADDR.TTM */
};

#endif
