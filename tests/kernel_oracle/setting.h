/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs that made the recordings did between their recorded calls: memory, files, limits, a child, closed
 * descriptors.  One table (setting.c), by program and case, written from the programs' sources and not from any
 * recording; a case without such doings has a row that says so, so that the table has every case there is.
 *
 * A row says when: before the first call, after the k-th call of an operation, before it, or at a note.  Each happens
 * once, at the first place that fits, in the table's order.
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_SETTING_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A size, or an address counted from SETTING_BASE: some programs count in their kernel's pages. */
struct setting_quantity {
	uint64_t bytes, pages;
};

#define SETTING_BASE UINT64_C(0x200000000) /* of the programs' buffers */

enum setting_moment {
	SETTING_BEGIN,  /* before the first call */
	SETTING_AFTER,  /* after the count-th call of the operation */
	SETTING_BEFORE, /* before it */
	SETTING_NOTE,   /* at the first note that begins with the text */
};

enum setting_verb {
	SETTING_NOTHING,
	SETTING_MEMORY,    /* anonymous memory that was written */
	SETTING_UNTOUCHED, /* anonymous memory that was not */
	SETTING_HUGETLB,   /* written */
	SETTING_HUGE,      /* memory of transparent huge pages, written */
	SETTING_SHARED,    /* the file `name`, from its beginning */
	SETTING_PRIVATE,   /* the same, privately */
	SETTING_BAR,       /* of the device */
	SETTING_UNMAP,
	SETTING_FILE,     /* `name` gets size bytes, written or not: pages come when they are asked for */
	SETTING_USE_FILE, /* tells the interface: "file" */
	SETTING_MEMLOCK,  /* RLIMIT_MEMLOCK becomes size */
	SETTING_DROP_IPC_LOCK,
	SETTING_MLOCK,
	SETTING_ENTRY_LIMIT, /* the module's dma_entry_limit becomes size */
	SETTING_CHILD,       /* the child calls; the first time, it is forked */
	SETTING_PARENT,
	SETTING_CHILD_EXIT,
	SETTING_EVENT, /* tells the interface: `name` */
};

struct setting {
	const char *program; /* "type1", "iommufd", "spapr": what a family begins with */
	const char *cases;   /* names with spaces between them */
	enum setting_moment moment;
	const char *text; /* the operation, or the note's beginning */
	unsigned count;
	enum setting_verb verb;
	struct setting_quantity at, size;
	unsigned permissions; /* PT_READ, PT_WRITE */
	const char *name;     /* of a file, or an event */
};

extern const struct setting setting_table[];
extern const size_t setting_count;

/* Is the row about a case of that family and name? */
bool setting_is_of(const struct setting *setting, const char *family, const char *name);
/* Does the table have such a case? */
bool setting_knows(const char *family, const char *name);

/* Calls that only look at the caller's locked memory. */
bool setting_is_look(const char *family, const char *op);

#endif
