/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between page-table code and page-table formats.
 *
 * Glossary
 *   level      distance from the leaf table: a level-0 table holds 4 KiB
 *              leaves, level 1 may hold 2 MiB leaves, level 2 1 GiB leaves;
 *              a table of `levels` = 4 has levels 3..0.  Each format's
 *              header maps the specification's names to these numbers.
 *   entry      one 64-bit word of a table; 512 of them, 9 address bits a level
 *   geometry   4 KiB and 512 entries are the least; rules may make the pages of
 *              level 0, and tables, larger (see pt_rules)
 *   leaf       an entry that maps a page; table: an entry that points to one
 *   rules      what one unit and one context impose: widths, page sizes,
 *              whether accessed/dirty flags are kept
 *
 * A format decodes and encodes words.  It never reads memory.
 */
#ifndef IOMMUSIM_PAGETABLE_FORMAT_H
#define IOMMUSIM_PAGETABLE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/fields.h"
#include "models/base/units.h"

#define PT_TABLE_LG2     9u /* entries of a table */
#define PT_TABLE_ENTRIES (1u << PT_TABLE_LG2)
#define PT_LEVELS_MAX    5u

/* Bytes (log2) that one entry of a table at this level covers. */
static inline unsigned pt_entry_lg2(unsigned level)
{
	return PAGE_LG2 + PT_TABLE_LG2 * level;
}

/* The same in bytes. */
static inline uint64_t pt_entry_bytes(unsigned level)
{
	return UINT64_C(1) << pt_entry_lg2(level);
}

/* Which entry of a table at this level iova selects. */
static inline unsigned pt_index(unsigned level, iova_t iova)
{
	return (unsigned)(iova >> pt_entry_lg2(level)) & (PT_TABLE_ENTRIES - 1);
}

/* Address of that entry. */
static inline phys_t pt_slot(phys_t table, unsigned level, iova_t iova)
{
	return table + pt_index(level, iova) * sizeof(uint64_t);
}

/* These four are of the least geometry; those of any geometry stand below the rules. */

/* Permissions, as a set. */
enum pt_permission {
	PT_READ = 1,
	PT_WRITE = 2,
	PT_EXECUTE = 4,
	PT_USER = 8, /* user-mode requests are allowed; formats without it always give it */

	PT_WRITE_IF_GRANTED = 16, /* of a walk's access only: a write where permissions allow it, else none */
	PT_SNOOP = 32,            /* of a translation only: accesses must snoop the processors' caches */
};

struct pt_rules {
	unsigned levels;           /* of the table: 1..5, as the format allows */
	unsigned input_width_lg2;  /* bits of input address translated */
	unsigned output_width_lg2; /* host address width: bits at or above it in an address are reserved */
	bool size_2m, size_1g;     /* large leaves the unit supports */
	bool accessed_dirty;       /* the unit keeps accessed/dirty flags in this table */
	bool write_protect;        /* WPE: supervisor writes honour read-only (first stage) */
	bool snoop_reserved;       /* SNP is reserved: the unit has no snoop control (second stage) */
	bool execute_disable;      /* NXE: bit 63 is execute-disable, else ignored (first stage) */
	bool extended_accessed;    /* EAFE: the unit also keeps the extended-accessed flag (first stage) */
	bool force_snoop;          /* a driver writes leaves with SNP; not with snoop_reserved (second stage) */
	bool tables_writable;     /* nested: a first-stage table must be writable here even to be read (second stage) */
	bool io_permissions;      /* SSIRWE: IR and IW instead of R and W (second stage) */
	bool execute_permission;  /* SSEE: execution takes X, not only R (second stage) */
	unsigned wider_page_lg2;  /* a page of level 0 has 2^(12 + this) bytes */
	unsigned wider_table_lg2; /* a table has 2^(9 + this) entries; one of the highest covers less than 2^64 bytes */
};

static inline unsigned pt_rules_table_lg2(const struct pt_rules *rules)
{
	return PT_TABLE_LG2 + rules->wider_table_lg2;
}

/* pt_entry_lg2 under these rules. */
static inline unsigned pt_rules_entry_lg2(const struct pt_rules *rules, unsigned level)
{
	return PAGE_LG2 + rules->wider_page_lg2 + pt_rules_table_lg2(rules) * level;
}

enum pt_kind {
	PT_NOT_PRESENT,
	PT_TABLE,
	PT_LEAF,
	PT_RESERVED_BIT, /* present, with a reserved field that is not zero */
};

struct pt_entry {
	enum pt_kind kind;
	unsigned permissions; /* set of enum pt_permission that this entry grants */
	phys_t address;       /* of the next table, or of the page (aligned to its size) */
	bool accessed, dirty; /* as stored; true where the format has no such flag */
	bool snoop;
};

/*
 * The table entry that walks meet nearly always.  A word above level 0, as memory gives it, with (word & care) == value
 * is present, points to a table at word & address, has no reserved bit set, grants every permission and has the flags
 * that a walk sets.  A value with a bit outside care: there is none.
 */
struct pt_usual_table {
	uint64_t care, value, address;
};

struct pt_format {
	const char *name;   /* "vtd-second-stage" */
	const char *source; /* key and section title, see docs/sources.md */
	unsigned levels_min, levels_max;
	unsigned leaf_levels; /* levels below this one may hold leaves */
	bool is_big_endian; /* of the words in memory; a word that a function here takes or gives is in its own order */

	/* An entry is present when any of these bits is set. */
	uint64_t (*present)(const struct pt_rules *rules);

	/* Whether user and supervisor requests differ; rules->write_protect applies then. */
	bool knows_privilege;

	/* Is iova inside what this table can translate (canonical, within width)? */
	bool (*in_range)(const struct pt_rules *rules, iova_t iova);

	void (*decode)(const struct pt_rules *rules, uint64_t word, unsigned level, struct pt_entry *entry);

	/* For speed alone: decode and flags_to_set say the same of such a word. */
	struct pt_usual_table (*usual_table)(const struct pt_rules *rules);

	/*
	 * The next table of a present word above level 0, PHYS_NONE when it is a leaf:
	 * how a driver follows the tables that it wrote itself, reserved bits or not.
	 */
	phys_t (*next_table)(uint64_t word);

	/*
	 * Words as a driver writes them.  permissions is a set of enum
	 * pt_permission; page and table are aligned and within the output width.
	 * From one page to the next a leaf's word grows by the page's size.
	 */
	uint64_t (*make_leaf)(const struct pt_rules *rules, phys_t page, unsigned level, unsigned permissions);
	uint64_t (*make_table)(const struct pt_rules *rules, phys_t table);

	/*
	 * The flags a walk must set in this word for an access of the kind given;
	 * 0 when none or when the rules keep no flags.
	 */
	uint64_t (*flags_to_set)(const struct pt_rules *rules, uint64_t word, const struct pt_entry *entry, bool write);

	/* For printing: the word's fields by name, and the bits that must be 0 in it under these rules. */
	const struct layout *(*layout)(uint64_t word, unsigned level);
	uint64_t (*reserved)(const struct pt_rules *rules, uint64_t word, unsigned level);
};

/* Between a word as simulated memory, which is little-endian, gives or takes it and the format's own; either way. */
static inline uint64_t pt_word(const struct pt_format *format, uint64_t word)
{
	return format->is_big_endian ? __builtin_bswap64(word) : word;
}

#endif
