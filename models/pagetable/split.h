/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting a large leaf in place: its entry becomes one that points to a table of the next smaller leaves, which say
 * the same of every address: output, permissions, flags and ignored bits.  The table is written whole before the one
 * word that leads to it, so that a walk at any moment finds one or the other.
 *
 * No driver of Linux does this to a live mapping; generic_pt has an operation for it that VFIO and iommufd do not use.
 *
 * Sources: [VTD] "Second-Stage Paging Entries", "First-Stage Paging Entries"; [LINUX]
 * drivers/iommu/generic_pt/iommu_pt.h, drivers/iommu/intel/iommu.c.
 */
#ifndef IOMMUSIM_PAGETABLE_SPLIT_H
#define IOMMUSIM_PAGETABLE_SPLIT_H

#include "models/pagetable/map.h"

/* What caches may hold that now stands otherwise in memory; bytes 0: nothing was split. */
struct split_range {
	iova_t first;
	uint64_t bytes;
};

/*
 * Afterwards a leaf begins at `at`, or nothing is mapped there.  at is a multiple of 4 KiB that the table translates, else
 * MAP_BAD_RANGE.  MAP_NO_MEMORY: what was split before stays split.  work: tables_allocated, entries_written (the
 * leaves of new tables), entries_visited.
 */
enum map_status page_table_split(struct page_table *table, iova_t at, struct split_range *range, struct map_work *work);

#endif
