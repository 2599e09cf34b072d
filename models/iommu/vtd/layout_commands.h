/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of the invalidation queue.  A descriptor has two words, or four
 * when IQA.DW is set; words 2 and 3 are then reserved in every type listed
 * here.  Names end in the number of the word.
 *
 * Source: [VTD] "Queued Invalidation Interface" and its sections on each descriptor.
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_COMMANDS_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_COMMANDS_H

#include "models/base/bits.h"

/*
 * Every descriptor: its type, in two parts.  [VTD] "Queued Invalidation Interface".
 * VTD_INV_TYPE(word0) puts them together: 6:4 from TYPE_HI, 3:0 from TYPE_LO.
 */
#define VTD_INV0_TYPE_LO    BITS64(3, 0)
#define VTD_INV0_TYPE_HI    BITS64(11, 9)
#define VTD_INV_TYPE(word0) (FIELD_GET(VTD_INV0_TYPE_HI, word0) << 4 | FIELD_GET(VTD_INV0_TYPE_LO, word0))

enum vtd_inv_type {
	VTD_INV_CONTEXT = 1,             /* cc_inv_dsc */
	VTD_INV_IOTLB = 2,               /* iotlb_inv_dsc */
	VTD_INV_DEVICE_TLB = 3,          /* dev_tlb_inv_dsc */
	VTD_INV_INTERRUPT = 4,           /* iec_inv_dsc */
	VTD_INV_WAIT = 5,                /* inv_wait_dsc */
	VTD_INV_PASID_IOTLB = 6,         /* p_iotlb_inv_dsc */
	VTD_INV_PASID_CACHE = 7,         /* pc_inv_dsc */
	VTD_INV_PASID_DEVICE_TLB = 8,    /* p_dev_tlb_inv_dsc */
	VTD_INV_PAGE_GROUP_RESPONSE = 9, /* page_grp_resp_dsc */
};

/* ---- Context-cache invalidate.  [VTD] "Context-Cache Invalidate Descriptor" ---- */

#define VTD_CC_INV0_G          BITS64(5, 4) /* granularity: enum vtd_cc_granularity */
#define VTD_CC_INV0_RSVD_8_6   BITS64(8, 6)
#define VTD_CC_INV0_RSVD_15_12 BITS64(15, 12)
#define VTD_CC_INV0_DID        BITS64(31, 16)
#define VTD_CC_INV0_SID        BITS64(47, 32) /* source identifier */
#define VTD_CC_INV0_FM         BITS64(49, 48) /* function mask: low FM bits of the function are ignored, see below */
#define VTD_CC_INV0_RSVD_63_50 BITS64(63, 50)
LAYOUT64(VTD_CC_INV0,
	 VTD_INV0_TYPE_LO + VTD_CC_INV0_G + VTD_CC_INV0_RSVD_8_6 + VTD_INV0_TYPE_HI + VTD_CC_INV0_RSVD_15_12 +
		 VTD_CC_INV0_DID + VTD_CC_INV0_SID + VTD_CC_INV0_FM + VTD_CC_INV0_RSVD_63_50,
	 VTD_INV0_TYPE_LO | VTD_CC_INV0_G | VTD_CC_INV0_RSVD_8_6 | VTD_INV0_TYPE_HI | VTD_CC_INV0_RSVD_15_12 |
		 VTD_CC_INV0_DID | VTD_CC_INV0_SID | VTD_CC_INV0_FM | VTD_CC_INV0_RSVD_63_50);

#define VTD_CC_INV1_RSVD BITS64(63, 0)
LAYOUT64(VTD_CC_INV1, VTD_CC_INV1_RSVD, VTD_CC_INV1_RSVD);

/* G of the context-cache descriptor, and CIRG and CAIG of CCMD. */
enum vtd_cc_granularity {
	VTD_CC_GLOBAL = 1,
	VTD_CC_DOMAIN = 2,
	VTD_CC_DEVICE = 3,
};

/*
 * The bits of a source identifier that a function mask leaves out of the
 * comparison: none, 2, 2:1 or 2:0.  [VTD] "Context-Cache Invalidate Descriptor"
 */
#define VTD_FM_IGNORED(fm) ((fm) == 0 ? 0u : (fm) == 1 ? 4u : (fm) == 2 ? 6u : 7u)

/* ---- PASID-cache invalidate.  [VTD] "PASID-Cache Invalidate Descriptor" ---- */

#define VTD_PC_INV0_G          BITS64(5, 4) /* granularity: enum vtd_pc_granularity */
#define VTD_PC_INV0_RSVD_8_6   BITS64(8, 6)
#define VTD_PC_INV0_RSVD_15_12 BITS64(15, 12)
#define VTD_PC_INV0_DID        BITS64(31, 16)
#define VTD_PC_INV0_PASID      BITS64(51, 32)
#define VTD_PC_INV0_RSVD_63_52 BITS64(63, 52)
LAYOUT64(VTD_PC_INV0,
	 VTD_INV0_TYPE_LO + VTD_PC_INV0_G + VTD_PC_INV0_RSVD_8_6 + VTD_INV0_TYPE_HI + VTD_PC_INV0_RSVD_15_12 +
		 VTD_PC_INV0_DID + VTD_PC_INV0_PASID + VTD_PC_INV0_RSVD_63_52,
	 VTD_INV0_TYPE_LO | VTD_PC_INV0_G | VTD_PC_INV0_RSVD_8_6 | VTD_INV0_TYPE_HI | VTD_PC_INV0_RSVD_15_12 |
		 VTD_PC_INV0_DID | VTD_PC_INV0_PASID | VTD_PC_INV0_RSVD_63_52);

#define VTD_PC_INV1_RSVD BITS64(63, 0)
LAYOUT64(VTD_PC_INV1, VTD_PC_INV1_RSVD, VTD_PC_INV1_RSVD);

enum vtd_pc_granularity {
	VTD_PC_DOMAIN = 0, /* all PASIDs of a domain */
	VTD_PC_PASID = 1,  /* PASID-selective within a domain */
	VTD_PC_GLOBAL = 3,
};

/* ---- IOTLB invalidate.  [VTD] "IOTLB Invalidate" ---- */

#define VTD_IOTLB_INV0_G          BITS64(5, 4) /* granularity: enum vtd_iotlb_granularity */
#define VTD_IOTLB_INV0_DW         BIT64(6)     /* drain writes */
#define VTD_IOTLB_INV0_DR         BIT64(7)     /* drain reads */
#define VTD_IOTLB_INV0_RSVD_8     BIT64(8)
#define VTD_IOTLB_INV0_RSVD_15_12 BITS64(15, 12)
#define VTD_IOTLB_INV0_DID        BITS64(31, 16)
#define VTD_IOTLB_INV0_RSVD_63_32 BITS64(63, 32)
LAYOUT64(VTD_IOTLB_INV0,
	 VTD_INV0_TYPE_LO + VTD_IOTLB_INV0_G + VTD_IOTLB_INV0_DW + VTD_IOTLB_INV0_DR + VTD_IOTLB_INV0_RSVD_8 +
		 VTD_INV0_TYPE_HI + VTD_IOTLB_INV0_RSVD_15_12 + VTD_IOTLB_INV0_DID + VTD_IOTLB_INV0_RSVD_63_32,
	 VTD_INV0_TYPE_LO | VTD_IOTLB_INV0_G | VTD_IOTLB_INV0_DW | VTD_IOTLB_INV0_DR | VTD_IOTLB_INV0_RSVD_8 |
		 VTD_INV0_TYPE_HI | VTD_IOTLB_INV0_RSVD_15_12 | VTD_IOTLB_INV0_DID | VTD_IOTLB_INV0_RSVD_63_32);

#define VTD_IOTLB_INV1_AM        BITS64(5, 0) /* address mask: 2^AM pages, ADDR aligned to them */
#define VTD_IOTLB_INV1_IH        BIT64(6)     /* invalidation hint: non-leaf entries are unchanged */
#define VTD_IOTLB_INV1_RSVD_11_7 BITS64(11, 7)
#define VTD_IOTLB_INV1_ADDR      BITS64(63, 12)
LAYOUT64(VTD_IOTLB_INV1, VTD_IOTLB_INV1_AM + VTD_IOTLB_INV1_IH + VTD_IOTLB_INV1_RSVD_11_7 + VTD_IOTLB_INV1_ADDR,
	 VTD_IOTLB_INV1_AM | VTD_IOTLB_INV1_IH | VTD_IOTLB_INV1_RSVD_11_7 | VTD_IOTLB_INV1_ADDR);

/* G of the IOTLB descriptor, and IIRG and IAIG of the IOTLB register. */
enum vtd_iotlb_granularity {
	VTD_IOTLB_GLOBAL = 1,
	VTD_IOTLB_DOMAIN = 2,
	VTD_IOTLB_PAGE = 3,
};

/* ---- PASID-based IOTLB invalidate.  [VTD] "PASID-based IOTLB Invalidate Descriptor" ---- */

#define VTD_P_IOTLB_INV0_G          BITS64(5, 4) /* granularity: enum vtd_p_iotlb_granularity */
#define VTD_P_IOTLB_INV0_RSVD_8_6   BITS64(8, 6)
#define VTD_P_IOTLB_INV0_RSVD_15_12 BITS64(15, 12)
#define VTD_P_IOTLB_INV0_DID        BITS64(31, 16)
#define VTD_P_IOTLB_INV0_PASID      BITS64(51, 32)
#define VTD_P_IOTLB_INV0_RSVD_63_52 BITS64(63, 52)
LAYOUT64(VTD_P_IOTLB_INV0,
	 VTD_INV0_TYPE_LO + VTD_P_IOTLB_INV0_G + VTD_P_IOTLB_INV0_RSVD_8_6 + VTD_INV0_TYPE_HI +
		 VTD_P_IOTLB_INV0_RSVD_15_12 + VTD_P_IOTLB_INV0_DID + VTD_P_IOTLB_INV0_PASID +
		 VTD_P_IOTLB_INV0_RSVD_63_52,
	 VTD_INV0_TYPE_LO | VTD_P_IOTLB_INV0_G | VTD_P_IOTLB_INV0_RSVD_8_6 | VTD_INV0_TYPE_HI |
		 VTD_P_IOTLB_INV0_RSVD_15_12 | VTD_P_IOTLB_INV0_DID | VTD_P_IOTLB_INV0_PASID |
		 VTD_P_IOTLB_INV0_RSVD_63_52);

#define VTD_P_IOTLB_INV1_AM        BITS64(5, 0)
#define VTD_P_IOTLB_INV1_IH        BIT64(6)
#define VTD_P_IOTLB_INV1_RSVD_11_7 BITS64(11, 7)
#define VTD_P_IOTLB_INV1_ADDR      BITS64(63, 12)
LAYOUT64(VTD_P_IOTLB_INV1,
	 VTD_P_IOTLB_INV1_AM + VTD_P_IOTLB_INV1_IH + VTD_P_IOTLB_INV1_RSVD_11_7 + VTD_P_IOTLB_INV1_ADDR,
	 VTD_P_IOTLB_INV1_AM | VTD_P_IOTLB_INV1_IH | VTD_P_IOTLB_INV1_RSVD_11_7 | VTD_P_IOTLB_INV1_ADDR);

enum vtd_p_iotlb_granularity {
	VTD_P_IOTLB_PASID = 2, /* PASID-selective */
	VTD_P_IOTLB_PAGE = 3,  /* page-selective within PASID */
};

/* ---- Device-TLB invalidate.  [VTD] "Device-TLB Invalidate Descriptor" ---- */

#define VTD_DEV_TLB_INV0_RSVD_8_4   BITS64(8, 4)
#define VTD_DEV_TLB_INV0_PFSID_3_0  BITS64(15, 12) /* physical-function source identifier, low */
#define VTD_DEV_TLB_INV0_MIP        BITS64(20, 16) /* most invalidations pending at the device */
#define VTD_DEV_TLB_INV0_RSVD_31_21 BITS64(31, 21)
#define VTD_DEV_TLB_INV0_SID        BITS64(47, 32)
#define VTD_DEV_TLB_INV0_RSVD_51_48 BITS64(51, 48)
#define VTD_DEV_TLB_INV0_PFSID_15_4 BITS64(63, 52) /* physical-function source identifier, high */
LAYOUT64(VTD_DEV_TLB_INV0,
	 VTD_INV0_TYPE_LO + VTD_DEV_TLB_INV0_RSVD_8_4 + VTD_INV0_TYPE_HI + VTD_DEV_TLB_INV0_PFSID_3_0 +
		 VTD_DEV_TLB_INV0_MIP + VTD_DEV_TLB_INV0_RSVD_31_21 + VTD_DEV_TLB_INV0_SID +
		 VTD_DEV_TLB_INV0_RSVD_51_48 + VTD_DEV_TLB_INV0_PFSID_15_4,
	 VTD_INV0_TYPE_LO | VTD_DEV_TLB_INV0_RSVD_8_4 | VTD_INV0_TYPE_HI | VTD_DEV_TLB_INV0_PFSID_3_0 |
		 VTD_DEV_TLB_INV0_MIP | VTD_DEV_TLB_INV0_RSVD_31_21 | VTD_DEV_TLB_INV0_SID |
		 VTD_DEV_TLB_INV0_RSVD_51_48 | VTD_DEV_TLB_INV0_PFSID_15_4);

#define VTD_DEV_TLB_INV1_S         BIT64(0) /* size: ADDR's lowest zero bit tells the range */
#define VTD_DEV_TLB_INV1_RSVD_11_1 BITS64(11, 1)
#define VTD_DEV_TLB_INV1_ADDR      BITS64(63, 12)
LAYOUT64(VTD_DEV_TLB_INV1, VTD_DEV_TLB_INV1_S + VTD_DEV_TLB_INV1_RSVD_11_1 + VTD_DEV_TLB_INV1_ADDR,
	 VTD_DEV_TLB_INV1_S | VTD_DEV_TLB_INV1_RSVD_11_1 | VTD_DEV_TLB_INV1_ADDR);

/* ---- PASID-based device-TLB invalidate.  [VTD] "PASID-based-Device-TLB Invalidate Descriptor" ---- */

#define VTD_P_DEV_TLB_INV0_MIP        BITS64(8, 4)
#define VTD_P_DEV_TLB_INV0_PFSID_3_0  BITS64(15, 12)
#define VTD_P_DEV_TLB_INV0_SID        BITS64(31, 16)
#define VTD_P_DEV_TLB_INV0_PASID      BITS64(51, 32)
#define VTD_P_DEV_TLB_INV0_PFSID_15_4 BITS64(63, 52)
LAYOUT64(VTD_P_DEV_TLB_INV0,
	 VTD_INV0_TYPE_LO + VTD_P_DEV_TLB_INV0_MIP + VTD_INV0_TYPE_HI + VTD_P_DEV_TLB_INV0_PFSID_3_0 +
		 VTD_P_DEV_TLB_INV0_SID + VTD_P_DEV_TLB_INV0_PASID + VTD_P_DEV_TLB_INV0_PFSID_15_4,
	 VTD_INV0_TYPE_LO | VTD_P_DEV_TLB_INV0_MIP | VTD_INV0_TYPE_HI | VTD_P_DEV_TLB_INV0_PFSID_3_0 |
		 VTD_P_DEV_TLB_INV0_SID | VTD_P_DEV_TLB_INV0_PASID | VTD_P_DEV_TLB_INV0_PFSID_15_4);

#define VTD_P_DEV_TLB_INV1_G         BIT64(0) /* global: all PASIDs */
#define VTD_P_DEV_TLB_INV1_RSVD_10_1 BITS64(10, 1)
#define VTD_P_DEV_TLB_INV1_S         BIT64(11) /* size */
#define VTD_P_DEV_TLB_INV1_ADDR      BITS64(63, 12)
LAYOUT64(VTD_P_DEV_TLB_INV1,
	 VTD_P_DEV_TLB_INV1_G + VTD_P_DEV_TLB_INV1_RSVD_10_1 + VTD_P_DEV_TLB_INV1_S + VTD_P_DEV_TLB_INV1_ADDR,
	 VTD_P_DEV_TLB_INV1_G | VTD_P_DEV_TLB_INV1_RSVD_10_1 | VTD_P_DEV_TLB_INV1_S | VTD_P_DEV_TLB_INV1_ADDR);

/* ---- Interrupt entry cache invalidate.  [VTD] "Interrupt Entry Cache Invalidate Descriptor" ---- */

#define VTD_IEC_INV0_G          BIT64(4) /* 0: global, 1: index-selective */
#define VTD_IEC_INV0_RSVD_8_5   BITS64(8, 5)
#define VTD_IEC_INV0_RSVD_26_12 BITS64(26, 12)
#define VTD_IEC_INV0_IM         BITS64(31, 27) /* index mask: 2^IM entries */
#define VTD_IEC_INV0_IIDX       BITS64(47, 32) /* interrupt index */
#define VTD_IEC_INV0_RSVD_63_48 BITS64(63, 48)
LAYOUT64(VTD_IEC_INV0,
	 VTD_INV0_TYPE_LO + VTD_IEC_INV0_G + VTD_IEC_INV0_RSVD_8_5 + VTD_INV0_TYPE_HI + VTD_IEC_INV0_RSVD_26_12 +
		 VTD_IEC_INV0_IM + VTD_IEC_INV0_IIDX + VTD_IEC_INV0_RSVD_63_48,
	 VTD_INV0_TYPE_LO | VTD_IEC_INV0_G | VTD_IEC_INV0_RSVD_8_5 | VTD_INV0_TYPE_HI | VTD_IEC_INV0_RSVD_26_12 |
		 VTD_IEC_INV0_IM | VTD_IEC_INV0_IIDX | VTD_IEC_INV0_RSVD_63_48);

#define VTD_IEC_INV1_RSVD BITS64(63, 0)
LAYOUT64(VTD_IEC_INV1, VTD_IEC_INV1_RSVD, VTD_IEC_INV1_RSVD);

/* ---- Invalidation wait.  [VTD] "Invalidation Wait Descriptor" ---- */

#define VTD_WAIT0_IF         BIT64(4) /* interrupt on completion */
#define VTD_WAIT0_SW         BIT64(5) /* write STDATA to STADDR on completion */
#define VTD_WAIT0_FN         BIT64(6) /* fence: later descriptors wait for this one */
#define VTD_WAIT0_PD         BIT64(7) /* page-request drain */
#define VTD_WAIT0_RSVD_8     BIT64(8)
#define VTD_WAIT0_RSVD_31_12 BITS64(31, 12)
#define VTD_WAIT0_STDATA     BITS64(63, 32)
LAYOUT64(VTD_WAIT0,
	 VTD_INV0_TYPE_LO + VTD_WAIT0_IF + VTD_WAIT0_SW + VTD_WAIT0_FN + VTD_WAIT0_PD + VTD_WAIT0_RSVD_8 +
		 VTD_INV0_TYPE_HI + VTD_WAIT0_RSVD_31_12 + VTD_WAIT0_STDATA,
	 VTD_INV0_TYPE_LO | VTD_WAIT0_IF | VTD_WAIT0_SW | VTD_WAIT0_FN | VTD_WAIT0_PD | VTD_WAIT0_RSVD_8 |
		 VTD_INV0_TYPE_HI | VTD_WAIT0_RSVD_31_12 | VTD_WAIT0_STDATA);

#define VTD_WAIT1_RSVD_1_0 BITS64(1, 0)
#define VTD_WAIT1_STADDR   BITS64(63, 2) /* status address, a multiple of 4 */
LAYOUT64(VTD_WAIT1, VTD_WAIT1_RSVD_1_0 + VTD_WAIT1_STADDR, VTD_WAIT1_RSVD_1_0 | VTD_WAIT1_STADDR);

/* ---- Page group response (four words).  [VTD] "Page Group Response Descriptor" ---- */

#define VTD_PG_RESP0_PP         BIT64(4) /* PASID present */
#define VTD_PG_RESP0_RSVD_8_5   BITS64(8, 5)
#define VTD_PG_RESP0_RC         BITS64(15, 12) /* response code: enum vtd_page_response */
#define VTD_PG_RESP0_RID        BITS64(31, 16) /* requester ID */
#define VTD_PG_RESP0_PASID      BITS64(51, 32)
#define VTD_PG_RESP0_RSVD_63_52 BITS64(63, 52)
LAYOUT64(VTD_PG_RESP0,
	 VTD_INV0_TYPE_LO + VTD_PG_RESP0_PP + VTD_PG_RESP0_RSVD_8_5 + VTD_INV0_TYPE_HI + VTD_PG_RESP0_RC +
		 VTD_PG_RESP0_RID + VTD_PG_RESP0_PASID + VTD_PG_RESP0_RSVD_63_52,
	 VTD_INV0_TYPE_LO | VTD_PG_RESP0_PP | VTD_PG_RESP0_RSVD_8_5 | VTD_INV0_TYPE_HI | VTD_PG_RESP0_RC |
		 VTD_PG_RESP0_RID | VTD_PG_RESP0_PASID | VTD_PG_RESP0_RSVD_63_52);

#define VTD_PG_RESP1_RSVD_1_0   BITS64(1, 0)
#define VTD_PG_RESP1_IGN        BIT64(2)      /* ignored */
#define VTD_PG_RESP1_PRGI       BITS64(11, 3) /* page-request group index */
#define VTD_PG_RESP1_RSVD_63_12 BITS64(63, 12)
LAYOUT64(VTD_PG_RESP1, VTD_PG_RESP1_RSVD_1_0 + VTD_PG_RESP1_IGN + VTD_PG_RESP1_PRGI + VTD_PG_RESP1_RSVD_63_12,
	 VTD_PG_RESP1_RSVD_1_0 | VTD_PG_RESP1_IGN | VTD_PG_RESP1_PRGI | VTD_PG_RESP1_RSVD_63_12);

enum vtd_page_response {
	VTD_PAGE_RESPONSE_SUCCESS = 0,
	VTD_PAGE_RESPONSE_INVALID = 1,
	VTD_PAGE_RESPONSE_FAILURE = 15,
};

#endif
