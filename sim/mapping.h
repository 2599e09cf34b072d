/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings that are live in the replay, found by the row that made them,
 * and which rows are done: what replay's dependencies are about.
 */
#ifndef IOMMUSIM_SIM_MAPPING_H
#define IOMMUSIM_SIM_MAPPING_H

#include "sim/actor.h"
#include "sim/device.h"
#include "traces/trace.h"

struct mapping {
	struct machine *machine;
	uint64_t row; /* of the map operation */
	enum trace_api api;
	struct device *device;
	struct job job; /* its DMA */
	bool dma_pending;
	ps_t dma_seen; /* when software learned that its DMA was done */
	struct waiters dma_done;
	struct mapping *next; /* in its hash chain */
	uint32_t piece_count;
	struct piece pieces[]; /* where it lies in this run, and what the job runs over */
};

#define MAPPING_CHAINS 4096u

struct mappings {
	struct mapping *chain[MAPPING_CHAINS];
	uint64_t live;
};

/* Over pieces, which are copied. */
struct mapping *mapping_create(struct mappings *mappings, uint64_t row, const struct piece *pieces,
			       uint32_t piece_count);
struct mapping *mapping_find(const struct mappings *mappings, uint64_t row);
void mapping_destroy(struct mappings *mappings, struct mapping *mapping);

/* Rows done, one bit each. */
struct rows_done {
	uint64_t *word;
	uint64_t capacity; /* rows */
	struct waiters waiters;
};

void rows_done_init(struct rows_done *rows, uint64_t count);
void rows_done_mark(struct rows_done *rows, struct actor *actor, uint64_t row);
/* Returns once row is done; the wait belongs to no operation. */
void rows_done_wait(struct rows_done *rows, struct actor *actor, uint64_t row);

#endif
