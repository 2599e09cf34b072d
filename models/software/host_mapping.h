/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping of a container: whose memory it is, and the physical pages it found there.  What is unmapped and unpinned
 * later are those pages, whatever became of the process's addresses meanwhile.
 */
#ifndef IOMMUSIM_SOFTWARE_HOST_MAPPING_H
#define IOMMUSIM_SOFTWARE_HOST_MAPPING_H

#include "models/software/process.h"

/* Neighbouring pages; from offset in the mapping to the next extent or the end. */
struct extent {
	uint64_t offset;
	phys_t phys;
	unsigned page_lg2; /* runs end at its physical multiples: struct area */
	bool is_memory;    /* struct process_run */
};

struct region; /* registration.h */

struct host_mapping {
	uint64_t vaddr, bytes;
	struct process *process; /* whose memory; not owned */
	struct process *payer;   /* who is charged: the same, but see kernel_type1_update_moves_owner() */
	uint64_t charged_pages;
	struct region *region; /* in registered memory: that; it pins, and was charged */
	unsigned permissions;
	bool unlimited;     /* the process could lock any amount when it mapped (CAP_IPC_LOCK) */
	bool in_tables;     /* false: no domain yet, nothing is pinned, no extents */
	bool vaddr_invalid; /* type1: between VFIO_DMA_UNMAP_FLAG_VADDR and the update */
	uint64_t *dirty;    /* type1: [a bit per page], while dirty pages are tracked; else NULL */

	struct extent first, *more; /* [extent_count] in order; more holds all but the first */
	uint32_t extent_count, more_capacity;
};

/* What it holds on the heap. */
void host_mapping_fini(struct host_mapping *mapping);

/* The run's pages come next, at offset. */
void host_mapping_add_run(struct host_mapping *mapping, uint64_t offset, const struct process_run *run);
/* The run that starts at offset and ends before end; both lie in extents. */
struct process_run host_mapping_run(const struct host_mapping *mapping, uint64_t offset, uint64_t end);
/* Where the pages from offset on lie, and up to where they are neighbours (end at most), across runs. */
struct process_run host_mapping_neighbours(const struct host_mapping *mapping, uint64_t offset, uint64_t end);
/* Extents from offset on become tail's, whose start that is. */
void host_mapping_cut(struct host_mapping *mapping, uint64_t offset, struct host_mapping *tail);

/* Mappings by number; a pointer is valid until the next take. */
struct host_mapping_pool {
	struct host_mapping *mapping; /* [capacity] */
	uint32_t used, capacity;
	uint32_t spare; /* 1 + number of one given back, linked by extent_count; 0: none */
};

void host_mapping_pool_fini(struct host_mapping_pool *pool);
uint32_t host_mapping_take(struct host_mapping_pool *pool);
void host_mapping_give(struct host_mapping_pool *pool, uint32_t number);

#endif
