/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A POWER9 PCI host bridge (PHB4, IODA3) as an IOMMU: requester ID -> PE -> TVE -> TCEs; windows that do not translate;
 * MSIs; kills of the TCE cache and of the RID translation cache; PEs that a fault freezes, with their records; the
 * registers that reach all that.  It is used through models/iommu/iommu.h; models/software/opal.h programs it as firmware
 * does.
 *
 * Source: layout.h; the order of checks is [QEMU] pnv_phb4_translate_iommu and [EEH-LOGS], 17 July 2020.
 *
 * SIMPLIFIED, with the effect on software:
 * - no paging-structure cache: indirect TCEs are read anew by each walk; TCEs without the permission are not cached;
 * - kills, invalidations and DMA read syncs have taken effect when the write returns, and drain nothing: software never
 *   sees one under way.  A kill of a page takes every cached TCE that covers an address of it, whatever its size;
 * - no fence: an error that fences the bridge (a disabled RTT) only blocks the request, and is in the error registers;
 * - error logs, injection, interrupts and masks of errors, DMA quiesce, TCE speculation and TVE1_4GB are registers
 *   without effect; of the LEM only FIR, WOF and mask;
 * - the on-chip tables of interrupts and of MMIO (LIST, MIST, MRT, MBT, MDT and the caches' own) read as 0.  So an MSI is
 *   not checked against its source's PE, and MMIO of a frozen PE is the caller's affair;
 * - no PASIDs, no ATS: such requests are unsupported.  PHB3 is not modelled.
 */
#ifndef IOMMUSIM_IOMMU_TCE_TCE_H
#define IOMMUSIM_IOMMU_TCE_TCE_H

#include "models/base/err.h"
#include "models/iommu/iommu.h"

/* What POWER9 translates: as a running kernel on powernv9 tells (RECORDED, ddw pgsizes). */
#define TCE_PAGE_SIZES_POWER9 UINT64_C(0x40211000)

struct tce_config {
	unsigned pes;                     /* partitionable endpoints: 512, or 256 of the smaller bridges */
	uint64_t page_sizes;              /* a set: bit n, 2^n bytes */
	struct iommu_cache_config caches; /* iotlb: of TCEs; device: of RTEs; walk: must not exist */
	uint64_t seed;                    /* of caches that replace at random */
};

/* NULL when the configuration is impossible; *err names the field. */
struct iommu *tce_create(const struct tce_config *config, struct err *err);

/* Why a request was blocked: fault_reason of its translation. */
enum tce_fault {
	TCE_FAULT_NONE,
	TCE_FAULT_UNSUPPORTED,  /* not an untranslated request, or with a PASID */
	TCE_FAULT_RTT_DISABLED, /* no RTT */
	TCE_FAULT_RTT_MEMORY,   /* the RTE could not be read */
	TCE_FAULT_RTE_PE,       /* it names no PE */
	TCE_FAULT_PE_STOPPED,   /* the PE is frozen */
	TCE_FAULT_TVE_INVALID,
	TCE_FAULT_TVE_RANGE,  /* the address is out of the TVE's bounds, or in no space */
	TCE_FAULT_TCE_PAGE,   /* a TCE on the way grants nothing */
	TCE_FAULT_TCE_ACCESS, /* it grants something else */
	TCE_FAULT_TCE_MEMORY, /* it could not be read */
	TCE_FAULTS
};

/* "IODA TVT entry invalid"; "?" for a code that has no meaning. */
const char *tce_fault_text(unsigned fault_reason);

#endif
