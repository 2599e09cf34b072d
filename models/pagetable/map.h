/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building and tearing down one page table of the least geometry in little-endian memory, as a driver does: the
 * largest leaves that alignment, size and rules allow, tables made on the way,
 * and on unmap the tables that the range covers wholly are freed.  Counts of
 * what was done let sim/ price it.
 */
#ifndef IOMMUSIM_PAGETABLE_MAP_H
#define IOMMUSIM_PAGETABLE_MAP_H

#include "models/base/err.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/pagetable/format.h"

struct page_table {
	const struct pt_format *format;
	struct pt_rules rules;
	struct memory_view view; /* where tables are written; table addresses are the view's */
	struct frames *frames;   /* where table pages come from, in the view's addresses; not owned */
	phys_t root;
	uint64_t present; /* format->present(&rules) */

	/* Set after init by an owner that wants them; false and NULL until then. */
	bool keep_frames; /* of tables taken out: who is told of them frees the frames, once hardware forgot them */
	/* Told of each empty table that a map took out to put a large leaf in its place; iova: first it covered. */
	void (*replaced)(void *argument, iova_t iova, unsigned level, phys_t table_page);
	void *replaced_argument;
};

/* What one map or unmap did. */
struct map_work {
	uint64_t entries_written;  /* leaves set or cleared, and entries cleared to take a table out */
	uint64_t tables_allocated; /* each with one entry written that points to it */
	uint64_t tables_freed;     /* their leaves are not cleared one by one */
	uint64_t entries_visited;  /* words read: table entries; on unmap leaves too, except in a table taken out */
	uint64_t bytes;            /* mapped or unmapped */
};

enum map_status {
	MAP_OK,
	MAP_EXISTS,    /* an entry of the range is present already; what was mapped before it stays, see work->bytes */
	MAP_NO_MEMORY, /* frames are used up */
	MAP_BAD_RANGE, /* misaligned, empty or beyond the table's width */
};

/* Allocates the root table; MAP_NO_MEMORY when that fails. */
enum map_status page_table_init(struct page_table *table, const struct pt_format *format, const struct pt_rules *rules,
				struct memory_view view, struct frames *frames);

/* Frees every table page, the root too; leaves are forgotten. */
void page_table_fini(struct page_table *table);

/*
 * Maps [iova, iova + bytes) to [output, output + bytes); all multiples of
 * 4 KiB.  Leaves of at most size_limit_lg2 (12, 21, 30).  *work is added to.
 * A table without leaves gives way to a large leaf (as in Linux), see replaced.
 */
enum map_status page_table_map(struct page_table *table, iova_t iova, phys_t output, uint64_t bytes,
			       unsigned permissions, unsigned size_limit_lg2, struct map_work *work);

/*
 * Clears every leaf in [iova, iova + bytes).  A range that cuts a large
 * leaf clears the whole leaf and says so in work->bytes (as Linux does).  A hole is
 * passed over.  freed(argument, table) is told each table page taken out, before its frame is
 * freed (kept with keep_frames); NULL when nobody asks.
 */
enum map_status page_table_unmap(struct page_table *table, iova_t iova, uint64_t bytes, struct map_work *work,
				 void (*freed)(void *argument, phys_t table_page), void *argument);

/*
 * Calls visit for each leaf in ascending input address (the half with the top bit set last); stops early when visit
 * says false.  Entries with a reserved bit set are passed over.  visit must not change the table.
 */
struct page_table_leaf {
	iova_t iova;
	unsigned level, size_lg2;
	uint64_t word; /* in the format's order */
	phys_t word_address;
	struct pt_entry entry;
	unsigned permissions; /* combined over the levels */
};
void page_table_for_each(const struct page_table *table,
			 bool (*visit)(void *argument, const struct page_table_leaf *leaf), void *argument);

#endif
