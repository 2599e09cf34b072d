/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace file's tables, said once: the writer, the reader and the tests go
 * by these column lists (docs/trace-format.md explains them to people).
 */
#ifndef IOMMUSIM_TRACES_LAYOUT_H
#define IOMMUSIM_TRACES_LAYOUT_H

#include <stddef.h>

#include "traces/trace.h"

#define TRACE_FORMAT         "iommusim-trace"
#define TRACE_FORMAT_VERSION 1u
#define TRACE_IMPORTER       "iommusim ftrace importer 1"

/* Rows per chunk of every table: the unit of compression, of reading and of memory. */
#define TABLE_BLOCK_ROWS  8192u
#define TABLE_MAX_COLUMNS 20u

enum column_type {
	COLUMN_U64,
	COLUMN_U32,
	COLUMN_U16,
	COLUMN_ENUM, /* in memory an unsigned, in the file a one-byte HDF5 enumeration */
	COLUMN_TEXT, /* TRACE_NAME_BYTES characters, padded with zeros */
};

struct column {
	const char *name;
	const char *unit;  /* the "unit" attribute */
	const char *about; /* the "about" attribute */
	enum column_type type;
	size_t offset;              /* of the member in the row's struct */
	const char *const *symbols; /* COLUMN_ENUM: names of 0, 1, 2 ..., NULL at the end */
};

struct table_layout {
	const char *name; /* the HDF5 group */
	size_t row_bytes; /* size of the row's struct */
	size_t column_count;
	const struct column *columns;
};

/* One CPU's ring buffer when recording ended, from per_cpu/cpuN/stats. */
struct trace_cpu {
	uint16_t cpu;
	uint64_t entries, overrun, commit_overrun, dropped_events;
};

struct trace_event_count {
	char event[TRACE_NAME_BYTES];
	uint64_t count;
};

extern const struct table_layout LAYOUT_OPERATIONS;   /* struct trace_op */
extern const struct table_layout LAYOUT_SEGMENTS;     /* struct trace_segment */
extern const struct table_layout LAYOUT_DESCRIPTORS;  /* struct trace_descriptor */
extern const struct table_layout LAYOUT_DEVICES;      /* struct trace_device */
extern const struct table_layout LAYOUT_CPUS;         /* struct trace_cpu */
extern const struct table_layout LAYOUT_EVENT_COUNTS; /* struct trace_event_count */

/* A number of struct trace_summary that is kept as an attribute of /summary. */
struct summary_field {
	const char *name;
	const char *unit;
	size_t offset;
	size_t bytes; /* of the member: 8, 2, or 1 for a bool; in the file always 8 */
};

extern const struct summary_field SUMMARY_FIELDS[];
extern const size_t SUMMARY_FIELD_COUNT;

/* The words of the enumerations, e.g. TRACE_KIND_NAMES[TRACE_UNMAP] = "unmap"; NULL at the end. */
extern const char *const TRACE_KIND_NAMES[];
extern const char *const TRACE_API_NAMES[];
extern const char *const TRACE_DIRECTION_NAMES[];

#endif
