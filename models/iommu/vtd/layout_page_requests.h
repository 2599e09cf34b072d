/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the unit writes into the page request queue: four words for each page
 * request.  Names end in the number of the word.
 *
 * Source: [VTD] "Page Request Descriptor".
 */
#ifndef IOMMUSIM_IOMMU_VTD_LAYOUT_PAGE_REQUESTS_H
#define IOMMUSIM_IOMMU_VTD_LAYOUT_PAGE_REQUESTS_H

#include "models/base/bits.h"

#define VTD_PAGE_REQUEST_BYTES 32u
#define VTD_PAGE_REQUEST_TYPE  0x01u /* page_req_dsc */

#define VTD_PAGE_REQ0_TYPE       BITS64(7, 0)
#define VTD_PAGE_REQ0_PP         BIT64(8) /* PASID present */
#define VTD_PAGE_REQ0_RSVD_15_9  BITS64(15, 9)
#define VTD_PAGE_REQ0_RID        BITS64(31, 16) /* requester ID */
#define VTD_PAGE_REQ0_PASID      BITS64(51, 32)
#define VTD_PAGE_REQ0_EXR        BIT64(52) /* execute requested */
#define VTD_PAGE_REQ0_PMR        BIT64(53) /* privileged mode requested */
#define VTD_PAGE_REQ0_RSVD_63_54 BITS64(63, 54)
LAYOUT64(VTD_PAGE_REQ0,
	 VTD_PAGE_REQ0_TYPE + VTD_PAGE_REQ0_PP + VTD_PAGE_REQ0_RSVD_15_9 + VTD_PAGE_REQ0_RID + VTD_PAGE_REQ0_PASID +
		 VTD_PAGE_REQ0_EXR + VTD_PAGE_REQ0_PMR + VTD_PAGE_REQ0_RSVD_63_54,
	 VTD_PAGE_REQ0_TYPE | VTD_PAGE_REQ0_PP | VTD_PAGE_REQ0_RSVD_15_9 | VTD_PAGE_REQ0_RID | VTD_PAGE_REQ0_PASID |
		 VTD_PAGE_REQ0_EXR | VTD_PAGE_REQ0_PMR | VTD_PAGE_REQ0_RSVD_63_54);

#define VTD_PAGE_REQ1_RDR  BIT64(0)      /* read requested */
#define VTD_PAGE_REQ1_WRR  BIT64(1)      /* write requested */
#define VTD_PAGE_REQ1_LPIG BIT64(2)      /* last page in group */
#define VTD_PAGE_REQ1_PRGI BITS64(11, 3) /* page request group index */
#define VTD_PAGE_REQ1_ADDR BITS64(63, 12)
LAYOUT64(VTD_PAGE_REQ1,
	 VTD_PAGE_REQ1_RDR + VTD_PAGE_REQ1_WRR + VTD_PAGE_REQ1_LPIG + VTD_PAGE_REQ1_PRGI + VTD_PAGE_REQ1_ADDR,
	 VTD_PAGE_REQ1_RDR | VTD_PAGE_REQ1_WRR | VTD_PAGE_REQ1_LPIG | VTD_PAGE_REQ1_PRGI | VTD_PAGE_REQ1_ADDR);

/* Words 2 and 3 are reserved. */

#endif
