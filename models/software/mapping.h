/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping of a container: whose memory it is, and the physical pages it found there.  What is unmapped and unpinned
 * later are those pages, whatever became of the process's addresses meanwhile.
 */
#ifndef IOMMUSIM_SOFTWARE_MAPPING_H
#define IOMMUSIM_SOFTWARE_MAPPING_H

#include "models/software/process.h"

/* Neighbouring pages; from offset in the mapping to the next extent or the end. */
struct extent {
	uint64_t offset;
	phys_t phys;
	unsigned page_lg2; /* runs end at its physical multiples: struct area */
	bool is_memory;    /* struct process_run */
};

struct mapping {
	uint64_t vaddr, bytes;
	struct process *process; /* whose memory, and who is charged; not owned */
	uint64_t charged_pages;
	unsigned permissions;
	bool unlimited;     /* the process could lock any amount when it mapped (CAP_IPC_LOCK) */
	bool in_tables;     /* false: no domain yet, nothing is pinned, no extents */
	bool vaddr_invalid; /* type1: between VFIO_DMA_UNMAP_FLAG_VADDR and the update */
	uint64_t *dirty;    /* type1: [a bit per page], while dirty pages are tracked; else NULL */

	struct extent first, *more; /* [extent_count] in order; more holds all but the first */
	uint32_t extent_count, more_capacity;
};

/* What it holds on the heap. */
void mapping_fini(struct mapping *mapping);

/* The run's pages come next, at offset. */
void mapping_add_run(struct mapping *mapping, uint64_t offset, const struct process_run *run);
/* The run that starts at offset and ends before end; both lie in extents. */
struct process_run mapping_run(const struct mapping *mapping, uint64_t offset, uint64_t end);
/* Where the pages from offset on lie, and up to where they are neighbours (end at most), across runs. */
struct process_run mapping_neighbours(const struct mapping *mapping, uint64_t offset, uint64_t end);
/* Extents from offset on become tail's, whose start that is. */
void mapping_cut(struct mapping *mapping, uint64_t offset, struct mapping *tail);

/* Mappings by number; a pointer is valid until the next take. */
struct mapping_pool {
	struct mapping *mapping; /* [capacity] */
	uint32_t used, capacity;
	uint32_t spare; /* 1 + number of one given back, linked by extent_count; 0: none */
};

void mapping_pool_fini(struct mapping_pool *pool);
uint32_t mapping_take(struct mapping_pool *pool);
void mapping_give(struct mapping_pool *pool, uint32_t number);

#endif
