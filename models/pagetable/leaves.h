/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every leaf of a table that somebody else wrote: parts of it may be missing, and its bits may be wrong.  It is read
 * through the caller, and taken by its structure alone: an entry is present or not, and a leaf or not; reserved bits,
 * page sizes that the unit lacks and widths are not judged (a walk does that).  For tables of one's own see
 * page_table_for_each.
 */
#ifndef IOMMUSIM_PAGETABLE_LEAVES_H
#define IOMMUSIM_PAGETABLE_LEAVES_H

#include "models/pagetable/map.h"

/* One word of the table; false: there is nothing at this address, and the entry counts as not present. */
typedef bool leaves_read_fn(void *argument, phys_t address, uint64_t *word);

struct leaves {
	const struct pt_format *format;
	const struct pt_rules *rules; /* the caller's, kept valid */
	leaves_read_fn *read;
	void *argument;
	unsigned level; /* of the table at work */
	struct {
		phys_t table;
		iova_t iova;          /* first that the table covers */
		uint64_t next;        /* entry */
		unsigned permissions; /* of the entries above it, combined */
	} at[PT_LEVELS_MAX];
};

void leaves_begin(struct leaves *leaves, const struct pt_format *format, const struct pt_rules *rules, phys_t root,
		  leaves_read_fn *read, void *argument);

/*
 * The next leaf in ascending input address (the half with the top bit set last); false: there is none.
 * leaf->entry.address is aligned to the leaf's size.
 */
bool leaves_next(struct leaves *leaves, struct page_table_leaf *leaf);

#endif
