/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins on the pages of a range of physical memory, with reference counts: a page stays in place
 * until it is unpinned as often as it was pinned, whoever did it and whatever became of the addresses by which it was
 * found.  Accounting is not here (account.h): it counts pins, this counts pages too.
 *
 * Whole aligned blocks of 2 MiB are counted as one, so that pinning a guest's memory at start costs little.  A
 * range may be unpinned in other pieces than it was pinned in.
 */
#ifndef IOMMUSIM_SOFTWARE_PINS_H
#define IOMMUSIM_SOFTWARE_PINS_H

#include <stddef.h>
#include <stdint.h>

#include "models/base/units.h"

struct pin_block; /* pins.c */

struct pins {
	phys_t base;
	uint64_t bytes;
	struct pin_block *block; /* [block_count], by 2 MiB from base on */
	size_t block_count;
	uint64_t pins;        /* page references */
	uint64_t pages, peak; /* distinct pages pinned */
};

/* Of [base, base + bytes); both multiples of 4 KiB. */
void pins_init(struct pins *pins, phys_t base, uint64_t bytes);
void pins_fini(struct pins *pins);

/* One pin more, or less, on each page of [phys, phys + bytes), which lies in the range; multiples of 4 KiB. */
void pins_pin(struct pins *pins, phys_t phys, uint64_t bytes);
void pins_unpin(struct pins *pins, phys_t phys, uint64_t bytes);

/* References on the page at phys. */
uint64_t pins_count(const struct pins *pins, phys_t phys);

#endif
