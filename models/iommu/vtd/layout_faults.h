/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault reasons of DMA remapping, as FRCD.FR carries them.  The name in
 * brackets is the condition's name in [VTD] "Fault Conditions and Remapping
 * Hardware Behavior for Various Requests" (legacy: LRT, LCT, LSS, LGN; scalable mode: RTA, SRT,
 * SCT, SPD, SPT, SFS, SSS, SGN).  What each type of request gets for it: reasons.c.
 *
 * Not here: conditions of host permission tables (SPT.9, HPT.1 to HPT.6), which no unit of this model has.
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_FAULTS_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_FAULTS_H

enum vtd_fault_reason {
	VTD_FAULT_NONE = 0x00,

	/* Legacy mode (TTM = 00b). */
	VTD_FAULT_ROOT_NOT_PRESENT = 0x01,    /* [LRT.2] */
	VTD_FAULT_CONTEXT_NOT_PRESENT = 0x02, /* [LCT.2] */
	VTD_FAULT_CONTEXT_INVALID = 0x03,     /* [LCT.4] AW, TT or page-table pointer cannot be used */
	VTD_FAULT_ADDRESS_WIDTH = 0x04,       /* [LGN.1] address beyond AW or MGAW */
	VTD_FAULT_WRITE_DENIED = 0x05,        /* [LGN.2] */
	VTD_FAULT_READ_DENIED = 0x06,         /* [LGN.3] */
	VTD_FAULT_PAGING_ACCESS = 0x07,       /* [LSS.1] a paging entry below the root table cannot be read */
	VTD_FAULT_ROOT_ACCESS = 0x08,         /* [LRT.1] the root entry cannot be read */
	VTD_FAULT_CONTEXT_ACCESS = 0x09,      /* [LCT.1] the context entry cannot be read */
	VTD_FAULT_ROOT_RESERVED = 0x0a,       /* [LRT.3] */
	VTD_FAULT_CONTEXT_RESERVED = 0x0b,    /* [LCT.3] */
	VTD_FAULT_PAGING_RESERVED = 0x0c,     /* [LSS.2] */
	VTD_FAULT_CONTEXT_BLOCKED = 0x0d,     /* [LCT.5] TT blocks translation and translated requests */
	VTD_FAULT_INTERRUPT_ADDRESS = 0x0e,   /* [LGN.4] output in the interrupt address range */

	/* The root table address register, scalable-mode units. */
	VTD_FAULT_RTADDR_INVALID = 0x30,   /* [RTA.1] */
	VTD_FAULT_TTM_PASID = 0x31,        /* [RTA.2] legacy mode, request with PASID */
	VTD_FAULT_TTM_PAGE_REQUEST = 0x32, /* [RTA.3] legacy mode, page request */
	VTD_FAULT_TTM_ABORT = 0x33,        /* [RTA.4] abort-DMA mode */
	VTD_FAULT_EXECUTE_REQUEST = 0x34,  /* [RTA.5] request with PASID that asks to execute; major version 8 and up */

	/* Scalable-mode root entry. */
	VTD_FAULT_SROOT_ACCESS = 0x38,      /* [SRT.1] */
	VTD_FAULT_SROOT_NOT_PRESENT = 0x39, /* [SRT.2] */
	VTD_FAULT_SROOT_RESERVED = 0x3a,    /* [SRT.3] */

	/* Scalable-mode context entry. */
	VTD_FAULT_SCONTEXT_ACCESS = 0x40,      /* [SCT.1] */
	VTD_FAULT_SCONTEXT_NOT_PRESENT = 0x41, /* [SCT.2] */
	VTD_FAULT_SCONTEXT_RESERVED = 0x42,    /* [SCT.3] */
	VTD_FAULT_SCONTEXT_INVALID = 0x43,     /* [SCT.4] */
	VTD_FAULT_DTE_CLEAR = 0x44,            /* [SCT.5] translation or translated request */
	VTD_FAULT_PASIDE_CLEAR = 0x45,         /* [SCT.6] request with PASID */
	VTD_FAULT_PASID_TOO_LARGE = 0x46,      /* [SCT.7] beyond the PASID directory */
	VTD_FAULT_PRE_CLEAR = 0x47,            /* [SCT.8] page request */
	VTD_FAULT_PASID_IS_RID_PASID = 0x48,   /* [SCT.9] request with PASID uses that of requests without */
	VTD_FAULT_EPTR_CLEAR = 0x49,           /* [SCT.10] translated request with PASID */

	/* PASID directory entry. */
	VTD_FAULT_PASIDDIR_ACCESS = 0x50,      /* [SPD.1] */
	VTD_FAULT_PASIDDIR_NOT_PRESENT = 0x51, /* [SPD.2] */
	VTD_FAULT_PASIDDIR_RESERVED = 0x52,    /* [SPD.3] */

	/* PASID table entry. */
	VTD_FAULT_PASID_ACCESS = 0x58,      /* [SPT.1] */
	VTD_FAULT_PASID_NOT_PRESENT = 0x59, /* [SPT.2] */
	VTD_FAULT_PASID_RESERVED = 0x5a,    /* [SPT.3] */
	VTD_FAULT_PASID_INVALID = 0x5b,     /* [SPT.4] PGTT, AW, FSPM cannot be used */
	VTD_FAULT_ERE_CLEAR = 0x5c,         /* [SPT.5] execute request */
	VTD_FAULT_SRE_CLEAR = 0x5d,         /* [SPT.6] supervisor-mode request */

	/* First-stage tables. */
	VTD_FAULT_FS_ACCESS = 0x70,           /* [SFS.1] a paging entry cannot be read */
	VTD_FAULT_FS_NOT_PRESENT = 0x71,      /* [SFS.2] */
	VTD_FAULT_FS_RESERVED = 0x72,         /* [SFS.3] */
	VTD_FAULT_FS_ROOT_ACCESS = 0x73,      /* [SFS.4] an entry of the root table cannot be read */
	VTD_FAULT_FS_ADDRESS_WIDTH = 0x74,    /* [SFS.5] nested: address in an entry beyond the second stage's width */
	VTD_FAULT_FS_ROOT_READ_DENIED = 0x75, /* [SFS.6] nested: second stage denies the root table */
	VTD_FAULT_FS_READ_DENIED = 0x76,      /* [SFS.7] nested: second stage denies reading an entry */
	VTD_FAULT_FS_WRITE_DENIED = 0x77,     /* [SFS.8] nested: second stage denies updating an entry */
	VTD_FAULT_FS_UPDATE_NO_SNOOP = 0x90,  /* [SFS.9] flags to set without page-walk snooping */
	VTD_FAULT_FS_UPDATE_FAILED = 0x91,    /* [SFS.10] flags could not be set */

	/* Second-stage tables. */
	VTD_FAULT_SS_ACCESS = 0x78,          /* [SSS.1] a paging entry cannot be read */
	VTD_FAULT_SS_NOT_PRESENT = 0x79,     /* [SSS.2] an entry with all permissions clear */
	VTD_FAULT_SS_RESERVED = 0x7a,        /* [SSS.3] */
	VTD_FAULT_SS_ROOT_ACCESS = 0x7b,     /* [SSS.4] an entry of the root table cannot be read */
	VTD_FAULT_SS_UPDATE_NO_SNOOP = 0x7c, /* [SSS.5] */
	VTD_FAULT_SS_UPDATE_FAILED = 0x7d,   /* [SSS.6] */

	/* Scalable mode, of the request as a whole. */
	VTD_FAULT_NOT_CANONICAL = 0x80,        /* [SGN.1] first-stage input */
	VTD_FAULT_USER_DENIED = 0x81,          /* [SGN.2] user-mode request to a supervisor page */
	VTD_FAULT_EXECUTE_DENIED = 0x82,       /* [SGN.3] of revisions with execute requests */
	VTD_FAULT_SM_HOST_WIDTH = 0x83,        /* [SGN.4] pass-through or translated request beyond the host's width */
	VTD_FAULT_SM_SECOND_WIDTH = 0x84,      /* [SGN.5] second-stage input beyond AW or MGAW */
	VTD_FAULT_SM_WRITE_DENIED = 0x85,      /* [SGN.6] */
	VTD_FAULT_SM_READ_DENIED = 0x86,       /* [SGN.7] */
	VTD_FAULT_SM_INTERRUPT_ADDRESS = 0x87, /* [SGN.8] output in the interrupt address range */
	VTD_FAULT_PASID_TOO_WIDE = 0x89,       /* [SGN.10] PASID beyond ECAP.PSS */
};

#endif
