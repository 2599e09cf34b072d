/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned pages of one process, with reference counts: a page stays in place
 * until it is unpinned as often as it was pinned.  Accounting is not
 * here (account.h): it counts pins, this counts pages too.
 *
 * Whole aligned blocks of 2 MiB are counted as one, so that pinning a guest's
 * memory at start costs little; a range must be unpinned in the pieces it
 * was pinned in.
 */
#ifndef IOMMUSIM_SOFTWARE_PINS_H
#define IOMMUSIM_SOFTWARE_PINS_H

#include <stddef.h>

#include "models/software/host.h"

struct pin_block; /* pins.c */

struct pins {
	struct host_ram ram;
	struct pin_block *block; /* [block_count], by 2 MiB of ram */
	size_t block_count;
	uint64_t pins;        /* page references */
	uint64_t pages, peak; /* distinct pages pinned */
};

void pins_init(struct pins *pins, const struct host_ram *ram);
void pins_fini(struct pins *pins);

/*
 * Pins the pages of [vaddr, vaddr + bytes) that exist, from the start up to the first that does not; returns how
 * many bytes.  vaddr and bytes are multiples of 4 KiB.
 */
uint64_t pins_pin(struct pins *pins, uint64_t vaddr, uint64_t bytes);
void pins_unpin(struct pins *pins, uint64_t vaddr, uint64_t bytes);

/* References on the page at vaddr. */
uint64_t pins_count(const struct pins *pins, uint64_t vaddr);

#endif
