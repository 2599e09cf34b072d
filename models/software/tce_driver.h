/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypercalls by which a Linux guest on POWER sets and clears the TCEs of a mapping: one entry by its value, more by a
 * page of TCEs in guest memory, clearing by a count.  Not here: which entries (tce_allocator.h), and what answers.
 *
 *     tce_driver_set(&job, liobn, iova, phys, pages, permissions, page_lg2, list);
 *     while (tce_driver_next(&job, view, &call))
 *         ... the hypercall ...
 *
 * Source: [LINUX] arch/powerpc/platforms/pseries/iommu.c: tce_buildmulti_pSeriesLP, tce_build_pSeriesLP,
 * tce_freemulti_pSeriesLP, with both FW_FEATURE_PUT_TCE_IND and FW_FEATURE_STUFF_TCE; [PAPR] "TCE Access".
 */
#ifndef IOMMUSIM_SOFTWARE_TCE_DRIVER_H
#define IOMMUSIM_SOFTWARE_TCE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"
#include "models/memory/memory.h"

/* Entries of one call at most: a page of 4 KiB. */
#define TCE_DRIVER_BATCH 512u

/* By their numbers.  [LINUX] arch/powerpc/include/asm/hvcall.h */
enum tce_call_kind { H_PUT_TCE = 0x20, H_STUFF_TCE = 0x138, H_PUT_TCE_INDIRECT = 0x13c };

/* One hypercall, with its arguments in their order. */
struct tce_call {
	enum tce_call_kind kind;
	uint32_t liobn; /* of the window */
	iova_t ioba;
	uint64_t tce; /* H_PUT_TCE_INDIRECT: address of the list; H_STUFF_TCE: 0 */
	uint64_t entries;
};

/* Entries being set or cleared. */
struct tce_driver_job {
	bool clears, by_list;
	uint32_t liobn;
	unsigned page_lg2;
	iova_t iova;    /* of the next */
	uint64_t tce;   /* and its value */
	uint64_t pages; /* left */
	phys_t list;
};

/*
 * Sets pages entries from iova on to those from phys on; both are multiples of 2^page_lg2.  PT_READ is always given, as
 * Linux does.  list: a page of the guest's for the calling CPU alone.
 */
void tce_driver_set(struct tce_driver_job *job, uint32_t liobn, iova_t iova, phys_t phys, uint64_t pages,
		    unsigned permissions, unsigned page_lg2, phys_t list);
void tce_driver_clear(struct tce_driver_job *job, uint32_t liobn, iova_t iova, uint64_t pages, unsigned page_lg2);

/* The next call, its list written into guest memory; false: all is said. */
bool tce_driver_next(struct tce_driver_job *job, struct memory_view view, struct tce_call *call);

#endif
