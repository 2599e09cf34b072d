/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one IOMMU domain's IOVA space holds, as disjoint ranges: the row that
 * mapped or last unmapped each.  Sorted runs of a bounded length, so that a
 * change costs two short binary searches and one short move; memory follows the
 * IOVA footprint, not the length of the trace.
 */
#ifndef IOMMUSIM_TRACES_INTERVALS_H
#define IOMMUSIM_TRACES_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>

#include "models/base/units.h"

struct interval {
	iova_t first, last; /* inclusive */
	uint64_t row;
	bool live; /* mapped by `row`; else unmapped by it */
};

struct intervals {
	struct interval_run *runs; /* ascending */
	size_t run_count, run_capacity;
	uint64_t live_bytes;
};

/* What a range held before it was changed.  Rows are the newest, TRACE_NONE when there is none. */
struct interval_overlap {
	uint64_t live_row, freed_row;
	uint64_t live_bytes; /* of the range */
};

void intervals_init(struct intervals *intervals);
void intervals_fini(struct intervals *intervals);

/*
 * Makes [first, last] one range of `row`, live or freed, and tells what it held.  A range that
 * reaches over an end keeps its part outside.  False when memory has run out.
 */
bool intervals_set(struct intervals *intervals, iova_t first, iova_t last, uint64_t row, bool live,
		   struct interval_overlap *overlap);

/* The range that holds iova, or NULL.  Valid until the next change. */
const struct interval *intervals_find(const struct intervals *intervals, iova_t iova);

/* Ranges, live and freed. */
size_t intervals_count(const struct intervals *intervals);

#endif
