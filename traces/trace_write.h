/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a trace file: rows in order, in constant memory, into a temporary file
 * beside the target, which takes the target's name only when all is written.
 * The same rows give the same bytes.
 */
#ifndef IOMMUSIM_TRACES_TRACE_WRITE_H
#define IOMMUSIM_TRACES_TRACE_WRITE_H

#include "traces/layout.h"
#include "traces/trace.h"

struct trace_writer;

/* NULL and *err when the file cannot be created.  path must stay valid. */
struct trace_writer *trace_writer_create(const char *path, struct err *err);

/*
 * The writer fills in index, first_segment and segment_count of a copy: the
 * segments of one row follow those of the row before.
 */
bool trace_writer_op(struct trace_writer *writer, const struct trace_op *op, const struct trace_segment *segments,
		     uint32_t segment_count, struct err *err);
bool trace_writer_descriptor(struct trace_writer *writer, const struct trace_descriptor *descriptor, struct err *err);
bool trace_writer_device(struct trace_writer *writer, const struct trace_device *device, struct err *err);
bool trace_writer_cpu(struct trace_writer *writer, const struct trace_cpu *cpu, struct err *err);
bool trace_writer_event_count(struct trace_writer *writer, const struct trace_event_count *count, struct err *err);
/* text need not end with a zero.  The n-th mark (from 0) is the one whose row has iova = n. */
bool trace_writer_mark(struct trace_writer *writer, const char *text, size_t length, struct err *err);
bool trace_writer_provenance(struct trace_writer *writer, const char *key, const char *text, struct err *err);

/*
 * Writes the summary (SUMMARY_FIELDS of it), gives the file its name and frees the writer.  On
 * failure the target is as it was.
 */
bool trace_writer_commit(struct trace_writer *writer, const struct trace_summary *summary, struct err *err);
/* Removes what was written and frees the writer; NULL is allowed. */
void trace_writer_abandon(struct trace_writer *writer);

#endif
