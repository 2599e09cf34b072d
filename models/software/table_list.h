/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table pages taken out of a page table and not yet given back: the unit may
 * still walk them until an invalidation is done.  Plain data, grows on the heap.
 */
#ifndef IOMMUSIM_SOFTWARE_TABLE_LIST_H
#define IOMMUSIM_SOFTWARE_TABLE_LIST_H

#include <stddef.h>

#include "models/base/units.h"

/* Zero-initialise. */
struct table_list {
	phys_t *page;
	size_t count, capacity;
};

void table_list_add(struct table_list *list, phys_t page);
/* Appends what from holds to into, and empties from. */
void table_list_move(struct table_list *from, struct table_list *into);
/* Empties it and frees its storage (not the frames). */
void table_list_fini(struct table_list *list);

#endif
