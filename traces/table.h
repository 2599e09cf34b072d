/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in an HDF5 file: a group with one dataset per column, chunked,
 * shuffled and deflated.  Rows are structs in memory and are transposed a
 * block at a time, so that a table of any length takes constant memory.
 */
#ifndef IOMMUSIM_TRACES_TABLE_H
#define IOMMUSIM_TRACES_TABLE_H

#include <hdf5.h>
#include <stdbool.h>

#include "models/base/err.h"
#include "traces/layout.h"

struct table_writer {
	const struct table_layout *layout;
	const char *path; /* of the file, for errors */
	hid_t file;
	hid_t dataset[TABLE_MAX_COLUMNS];
	hid_t type[TABLE_MAX_COLUMNS];
	unsigned char *rows;   /* [TABLE_BLOCK_ROWS][row_bytes] */
	unsigned char *column; /* [TABLE_BLOCK_ROWS][bytes of one value] */
	uint64_t written;      /* rows in the file */
	size_t filled;         /* rows in `rows` */
};

/* Creates the group and the datasets.  On failure nothing is left to release. */
bool table_writer_init(struct table_writer *table, hid_t file, const char *path, const struct table_layout *layout,
		       struct err *err);
/* row: a struct of the layout; copied. */
bool table_writer_add(struct table_writer *table, const void *row, struct err *err);
/* Writes what is held back.  The table may not be added to afterwards. */
bool table_writer_flush(struct table_writer *table, struct err *err);
/* A cleared struct is allowed, here and in table_reader_fini. */
void table_writer_fini(struct table_writer *table);

/* Decoded blocks that a reader keeps: enough for the cursors of one replay, which stand close together. */
#define TABLE_READER_BLOCKS 8u

#define TABLE_CHAIN_END UINT16_MAX

struct table_block {
	uint64_t number; /* rows [number * TABLE_BLOCK_ROWS, ...); UINT64_MAX: empty */
	uint64_t used;   /* the reader's `uses` when it was last asked for */
	unsigned char *rows;
	/* Of a table with chains: rows of the block, TABLE_CHAIN_END for none. */
	uint16_t *first; /* [chain_count] */
	uint16_t *next;  /* [TABLE_BLOCK_ROWS] */
};

/* Called on each block as it is read: false and *err when a row cannot be. */
typedef bool table_check(const void *argument, uint64_t first_row, size_t count, const void *rows, struct err *err);

struct table_reader {
	const struct table_layout *layout;
	const char *path;
	hid_t dataset[TABLE_MAX_COLUMNS];
	hid_t type[TABLE_MAX_COLUMNS]; /* in memory */
	uint64_t count;                /* rows */
	uint64_t uses;
	uint64_t read_ns; /* CPU time that reading took */
	struct table_block block[TABLE_READER_BLOCKS];
	struct table_block *recent; /* the one asked for last */
	unsigned char *columns;     /* one column after another, [TABLE_BLOCK_ROWS] values each */
	table_check *check;         /* NULL: none */
	const void *check_argument;
	/*
	 * Rows with the same number in a 16-bit member are chained within a block, so that a cursor over one
	 * CPU's rows does not look at the others'.  check must refuse numbers from chain_count on.
	 */
	size_t chain_offset;
	uint32_t chain_count; /* 0: no chains */
};

/* Opens every column and checks that they are of one length.  On failure nothing is left to release. */
bool table_reader_init(struct table_reader *table, hid_t file, const char *path, const struct table_layout *layout,
		       struct err *err);
/* The block, valid while its number is this one, at least until TABLE_READER_BLOCKS others were asked for; NULL and *err. */
struct table_block *table_reader_block(struct table_reader *table, uint64_t number, struct err *err);
/* The row, valid until TABLE_READER_BLOCKS other blocks were asked for; NULL and *err when it cannot be read. */
const void *table_reader_row(struct table_reader *table, uint64_t row, struct err *err);
void table_reader_fini(struct table_reader *table);

#endif
