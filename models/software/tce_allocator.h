/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a Linux guest on POWER chooses the I/O addresses of its mappings: a bitmap over one DMA window's TCEs, four pools of
 * it for small requests and the top quarter for large ones.  Not here: the pools' locks, and what writes the TCEs.
 *
 * Source: [LINUX] arch/powerpc/kernel/iommu.c: iommu_init_table, iommu_range_alloc, __iommu_free; lib/iommu-helper.c.
 * SIMPLIFIED: devices reach the whole window (no dma_mask below it); nothing of it is reserved for MMIO.
 */
#ifndef IOMMUSIM_SOFTWARE_TCE_ALLOCATOR_H
#define IOMMUSIM_SOFTWARE_TCE_ALLOCATOR_H

#include <stdint.h>

#include "models/base/units.h"

#define TCE_ALLOCATOR_POOLS 4u
#define TCE_ALLOCATOR_FULL  UINT64_MAX

struct tce_pool {
	uint64_t first, end; /* entries of the window */
	uint64_t hint;       /* where the next search begins */
};

struct tce_allocator {
	unsigned page_lg2;
	uint64_t offset; /* number of the window's first entry: its address / page */
	uint64_t entries;
	struct tce_pool pool[TCE_ALLOCATOR_POOLS + 1]; /* the one after pool_count is the large requests' */
	unsigned pool_count;
	uint64_t *map; /* a bit for each entry: taken */
};

/* Of the window [start, start + bytes) in pages of 2^page_lg2 bytes, at least 16 of them; start is a multiple of a page. */
void tce_allocator_init(struct tce_allocator *allocator, iova_t start, uint64_t bytes, unsigned page_lg2);
void tce_allocator_fini(struct tce_allocator *allocator);

/* The pool (its lock) in which a request of so many pages by this CPU begins, and the one that a range goes back to. */
unsigned tce_allocator_pool(const struct tce_allocator *allocator, unsigned cpu, uint64_t pages);
unsigned tce_allocator_pool_of(const struct tce_allocator *allocator, iova_t iova);

/*
 * A free range of pages, aligned to 2^align_lg2 of them, that crosses no multiple of 4 GiB; its address, or
 * TCE_ALLOCATOR_FULL.  handle, when not NULL: the entry after the last range of a list (0: none yet), so that the list's
 * ranges follow one another where they can.
 */
iova_t tce_allocator_take(struct tce_allocator *allocator, unsigned cpu, uint64_t pages, unsigned align_lg2,
			  uint64_t *handle);
/* Gives a range back. */
void tce_allocator_give(struct tce_allocator *allocator, iova_t iova, uint64_t pages);

#endif
