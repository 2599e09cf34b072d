/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stage's table walk as data.  The walk never fetches memory and never
 * waits: it says what it wants and the caller supplies it.
 *
 *     struct walk w;
 *     walk_begin(&w, format, &rules, root, iova, PT_READ);
 *     for (;;) {
 *         if (walk_wants_read(&w))
 *             walk_feed(&w, memory_read64(m, w.want_address));
 *         else if (walk_wants_update(&w))
 *             walk_updated(&w, memory_compare_exchange64(m, w.want_address, w.want_expected, w.want_desired));
 *         else
 *             break;
 *     }
 *
 * The address is in the table's own address space: for the first stage of a
 * nested translation it is guest-physical, and the caller translates it
 * through the second stage first.  Unit tests, the brute-force twin, the fast
 * path and the simulated walker drive these same functions.
 */
#ifndef IOMMUSIM_PAGETABLE_WALK_H
#define IOMMUSIM_PAGETABLE_WALK_H

#include "models/pagetable/format.h"

enum walk_state {
	WALK_WANTS_READ,   /* of one 64-bit word at want_address */
	WALK_WANTS_UPDATE, /* atomic: want_expected -> want_desired at want_address (accessed/dirty) */
	WALK_DONE,
};

enum walk_status {
	WALK_OK,
	WALK_OUT_OF_RANGE, /* iova beyond the table's width, or not canonical */
	WALK_NOT_PRESENT,  /* or a leaf that the combined permissions leave neither readable nor writable */
	WALK_RESERVED_BIT,
	WALK_PERMISSION, /* a valid translation whose combined permissions forbid the access */
};

struct walk {
	const struct pt_format *format;
	const struct pt_rules *rules; /* the caller's, kept valid through the walk */
	iova_t iova;
	unsigned access; /* what is asked: set of enum pt_permission (PT_USER set: a user-mode request) */
	enum walk_state state;

	/* What is wanted; words are those of memory, see pt_word. */
	phys_t want_address;
	uint64_t want_expected, want_desired;

	/* Where the walk is. */
	unsigned level;       /* level of the table being read */
	unsigned entry_lg2;   /* what an entry of it covers */
	unsigned table_lg2;   /* entries of a table */
	uint64_t slot_mask;   /* where an entry lies in its table: bits of a byte offset */
	phys_t table;         /* its address */
	unsigned permissions; /* of the entries passed so far, combined (and) */
	unsigned reads;       /* words fed */
	struct pt_usual_table usual;

	/* The outcome, when state is WALK_DONE. */
	enum walk_status status;
	unsigned fault_level; /* level of the entry that faulted */
	struct pt_entry leaf;
	phys_t output;     /* leaf page + offset of iova; known as soon as the leaf's flags are wanted */
	unsigned size_lg2; /* of the leaf; likewise */
};

/*
 * Do permissions, combined over the levels, allow the access?  Where the
 * format knows privilege, a supervisor write looks at the write permission only with
 * rules->write_protect.  For translations that a cache kept as well.
 */
static inline bool walk_permits(const struct pt_format *format, const struct pt_rules *rules, unsigned permissions,
				unsigned access)
{
	unsigned missing = access & ~permissions;

	if (format->knows_privilege && !(access & PT_USER) && !rules->write_protect)
		missing &= ~(unsigned)PT_WRITE;
	return missing == 0;
}

/* Starts at the root table; a walk out of range is done at once. */
void walk_begin(struct walk *walk, const struct pt_format *format, const struct pt_rules *rules, phys_t root,
		iova_t iova, unsigned access);

/*
 * Starts at a table that a paging-structure cache knows: level is that
 * table's level, permissions those combined over the entries above it.
 */
void walk_begin_at(struct walk *walk, const struct pt_format *format, const struct pt_rules *rules, unsigned level,
		   phys_t table, unsigned permissions, iova_t iova, unsigned access);

static inline bool walk_wants_read(const struct walk *walk)
{
	return walk->state == WALK_WANTS_READ;
}

static inline bool walk_wants_update(const struct walk *walk)
{
	return walk->state == WALK_WANTS_UPDATE;
}

/* Where the entry that the walk's address selects lies in the table that it is at, in bytes. */
static inline uint64_t walk_offset(const struct walk *walk)
{
	return (walk->iova >> (walk->entry_lg2 - 3)) & walk->slot_mask;
}

/* Down to walk->table: wants the entry there. */
static inline void walk_descend(struct walk *walk)
{
	walk->level--;
	walk->entry_lg2 -= walk->table_lg2;
	walk->want_address = walk->table | walk_offset(walk);
}

/*
 * The word that was wanted, if it is the usual table entry: the next one is wanted.  False: nothing has happened,
 * walk_feed is to judge the word.  Spares most reads of a walk all that walk_feed looks at.
 */
static inline bool walk_passes(struct walk *walk, uint64_t word)
{
	if (walk->level == 0 || (word & walk->usual.care) != walk->usual.value)
		return false;
	walk->reads++;
	walk->table = word & walk->usual.address;
	walk_descend(walk);
	return true;
}

/*
 * The word that was wanted.  After a table entry, walk->level and
 * walk->table name the next table: what a paging-structure cache may keep.
 */
void walk_feed(struct walk *walk, uint64_t word);

/* Does it want to set flags in a leaf, so that its output is known? */
static inline bool walk_wants_leaf_flags(const struct walk *walk)
{
	return walk_wants_update(walk) && walk->leaf.kind == PT_LEAF;
}

/* A walk that wants a leaf's flags is not granted the write of PT_WRITE_IF_GRANTED after all. */
void walk_forgo_write(struct walk *walk);

/* done = false: another agent changed the word meanwhile; the walk reads it again. */
void walk_updated(struct walk *walk, bool done);

#endif
