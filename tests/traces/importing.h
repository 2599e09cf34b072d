/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for a test's files, and small recordings imported in it. */
#ifndef IOMMUSIM_TESTS_TRACES_IMPORTING_H
#define IOMMUSIM_TESTS_TRACES_IMPORTING_H

#include "traces/import.h"
#include "traces/trace.h"

/* A line of ftrace text: task context, soft and hard interrupt.  All arguments are string literals, pid of 3 digits. */
#define TASK(pid, cpu, time, text) "            task-" pid "     [00" cpu "] .....     " time ": " text "\n"
#define SOFT(pid, cpu, time, text) "            task-" pid "     [00" cpu "] ..s1.     " time ": " text "\n"
#define HARD(pid, cpu, time, text) "            task-" pid "     [00" cpu "] d.h1.     " time ": " text "\n"

#define ROWS_MAX 64u

/* A recording that was imported, all in memory. */
struct imported {
	char folder[64];
	char text[96], file[96]; /* trace.txt and trace.h5 in it */
	struct err err;
	bool ok;
	struct trace *trace; /* NULL unless ok */
	struct trace_summary summary;
	struct trace_op op[ROWS_MAX]; /* the first summary.ops of them */
	struct trace_segment segment[ROWS_MAX];
};

/* Creates the folder; nothing else. */
void importing_begin(struct imported *imported);
/* Writes bytes to a file of the folder; its path is `path`, valid until the next call on the same struct. */
const char *importing_write(struct imported *imported, const char *name, const void *bytes, size_t length);
/* Imports text (and meta, if not NULL) and reads the rows back. */
void importing_run(struct imported *imported, const char *text, const char *meta);
/* As importing_begin and importing_run with text that must be accepted. */
void importing_good(struct imported *imported, const char *text);
/* As importing_good, with the lines one after the other; NULL at the end. */
void importing_lines(struct imported *imported, ...) __attribute__((sentinel));
/* Closes the trace and removes the folder with all in it. */
void importing_end(struct imported *imported);

/* Whether the folder holds a file whose name contains `part`. */
bool importing_has(const struct imported *imported, const char *part);
/* The whole file, to be freed; *length without the zero at its end.  NULL when there is none. */
char *importing_read(const char *path, size_t *length);

#endif
