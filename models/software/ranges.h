/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordered set of disjoint address ranges, each with two words of payload:
 * the mappings of a container, the registrations of a process, the
 * IOVA tree of an emulated IOMMU.  Find, insert and remove are O(log n); a treap whose
 * priorities come from a fixed seed, so its shape depends on the operations alone.
 */
#ifndef IOMMUSIM_SOFTWARE_RANGES_H
#define IOMMUSIM_SOFTWARE_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "models/base/random.h"

struct range {
	uint64_t first, last; /* inclusive */
	uint64_t value[2];    /* the owner's */
};

struct range_node; /* ranges.c */

struct ranges {
	struct range_node *node; /* [capacity]; links are indices, 0 is none */
	uint32_t root, spare;
	uint32_t used, capacity; /* nodes ever handed out, [0] never is */
	size_t count;
	struct random random;
};

void ranges_init(struct ranges *ranges);
void ranges_fini(struct ranges *ranges);

/* The lowest range that shares an address with [first, last], or NULL.  Valid until the next insert or remove. */
struct range *ranges_find(const struct ranges *ranges, uint64_t first, uint64_t last);

/* range must not share an address with a member. */
void ranges_insert(struct ranges *ranges, const struct range *range);

/* Removes the member that begins at first; it must exist. */
void ranges_remove(struct ranges *ranges, uint64_t first);

#endif
