/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DMA window's TCE table as a POWER host lays it out and fills it: real entry bits in simulated memory, of any page
 * size and up to five levels.  Not here: the TVE that points to it (models/software/opal.h), kills of what the bridge
 * has cached, and who may map what (the VFIO and hypercall layers).
 *
 * Source: [LINUX] arch/powerpc/platforms/powernv/pci-ioda-tce.c: pnv_pci_ioda2_table_alloc_pages, pnv_tce,
 * pnv_tce_build, pnv_tce_xchg, pnv_tce_free; pci-ioda.c: pnv_pci_ioda2_get_table_size.
 */
#ifndef IOMMUSIM_SOFTWARE_TCE_TABLE_H
#define IOMMUSIM_SOFTWARE_TCE_TABLE_H

#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/pagetable/format.h"
#include "models/pagetable/map.h"

struct tce_window {
	iova_t start;           /* a multiple of bytes */
	uint64_t bytes;         /* a power of two, at least a page */
	unsigned page_lg2;      /* of an entry: 12, 16, 21, 28, 30 */
	unsigned levels;        /* 1..5 */
	unsigned host_page_lg2; /* of the host's kernel, 12 or 16: the least size of a table */
	bool is_full;           /* all tables at once, as Linux before 5.4; else those below the first when needed */
};

/* Entries (log2) of each of the window's tables; 0: the window cannot be (a size, levels, or 55 bits and more). */
unsigned tce_window_table_lg2(const struct tce_window *window);

/* Bytes that the tables take at most, 0 as above: what Linux accounts, twice, for the table and for its user view. */
uint64_t tce_window_table_bytes(const struct tce_window *window);

struct tce_table {
	struct tce_window window;
	unsigned table_lg2; /* entries of a table */
	struct memory_view view;
	struct frames *frames; /* not owned */
	phys_t root;
	uint64_t allocated_bytes;
};

/*
 * MAP_BAD_RANGE: the window cannot be; MAP_NO_MEMORY: frames are used up, and nothing is kept.  *work is added to, here
 * and below; its entries_visited are indirect TCEs, which Linux follows anew for each page.
 */
enum map_status tce_table_init(struct tce_table *table, const struct tce_window *window, struct memory_view view,
			       struct frames *frames, struct map_work *work);
/* Frees all its tables. */
void tce_table_fini(struct tce_table *table);

/* For walks of it, and for the bytes of a table that a TVE is told. */
struct pt_rules tce_table_rules(const struct tce_table *table);
uint64_t tce_table_level_bytes(const struct tce_table *table);

/*
 * Entries of [iova, iova + pages * page size), which must lie in the window: MAP_BAD_RANGE.  What was there is
 * overwritten.  PT_WRITE implies PT_READ, as Linux has it.  On MAP_NO_MEMORY the entries before stay.
 */
enum map_status tce_table_set(struct tce_table *table, iova_t iova, phys_t output, uint64_t pages, unsigned permissions,
			      struct map_work *work);
/* A range without a table is passed over. */
enum map_status tce_table_clear(struct tce_table *table, iova_t iova, uint64_t pages, struct map_work *work);

/*
 * Puts *word (an address and TCE_R, TCE_W; 0: none) into the entry of iova and gives what was there.  A table is made
 * only for a word that is not 0.
 */
enum map_status tce_table_exchange(struct tce_table *table, iova_t iova, uint64_t *word, struct map_work *work);

/* Entries from iova, which lies in the window, on that have no table: 0 where there is one, else to that one's end. */
uint64_t tce_table_hole(const struct tce_table *table, iova_t iova);

/* The entry of iova; 0 also where there is no table, or no window. */
uint64_t tce_table_get(const struct tce_table *table, iova_t iova);

#endif
