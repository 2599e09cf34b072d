/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key and payload of the paging-structure caches, which pipeline_walk.c fills and pipeline.c invalidates:
 *
 *   {first address the table covers, tag[stage]} -> table, its host address, permissions that the entries
 *   above it leave, permissions of the second stage there
 *
 * A table's host address differs from its address only in the first stage of a nested translation.
 */
#ifndef IOMMUSIM_IOMMU_PIPELINE_TABLES_H
#define IOMMUSIM_IOMMU_PIPELINE_TABLES_H

#include "models/iommu/pipeline.h"

enum { TABLE_ADDRESS, TABLE_HOST, TABLE_PERMISSIONS, TABLE_HOST_PERMISSIONS };

/* What one table at a level covers, log2: an entry of the level above it. */
static inline unsigned table_lg2(unsigned level)
{
	return pt_entry_lg2(level + 1);
}

static inline struct cache_key table_key(uint64_t tag, iova_t iova, unsigned level)
{
	unsigned lg2 = table_lg2(level);

	return (struct cache_key){ { iova >> lg2 << lg2, tag } };
}

#endif
