/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page frames for tables and queues out of one range of physical memory:
 * lowest first, freed frames again last-in first-out, so that addresses
 * depend on the operations alone.
 */
#ifndef IOMMUSIM_MEMORY_FRAMES_H
#define IOMMUSIM_MEMORY_FRAMES_H

#include <stddef.h>

#include "models/base/units.h"

struct frames {
	phys_t next; /* first frame never handed out */
	phys_t end;  /* exclusive */
	phys_t *freed;
	size_t freed_count, freed_capacity;
	size_t used; /* handed out and not freed */
};

/* [first, end), both multiples of PAGE_BYTES. */
void frames_init(struct frames *frames, phys_t first, phys_t end);
void frames_fini(struct frames *frames);

/* One frame, or PHYS_NONE when the range is used up. */
phys_t frames_alloc(struct frames *frames);

/* count frames in a row, aligned to their size rounded up to a power of two; PHYS_NONE when they do not fit. */
phys_t frames_alloc_contiguous(struct frames *frames, size_t count);
void frames_free(struct frames *frames, phys_t frame);

/* Frames handed out and not freed. */
size_t frames_used(const struct frames *frames);

#endif
