/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the events of a recording to operations.  iommu:map and iommu:unmap
 * carry no device; the dma_* event that names it comes from the same context, but
 * before or after (docs/trace-format.md, "Joining").  A context is a task, which
 * keeps its identity when it moves to another CPU, or an interrupt level of one CPU.
 * Memory is bounded by the rows that may wait (rows.h), the contexts with
 * unfinished ones, and the IOVA footprint.
 */
#ifndef IOMMUSIM_TRACES_JOIN_H
#define IOMMUSIM_TRACES_JOIN_H

#include "traces/devices.h"
#include "traces/ftrace.h"
#include "traces/trace_write.h"

struct join;

/* Fills devices (the caller's, who writes the table) as they appear in rows.  NULL: out of memory. */
struct join *join_create(struct trace_writer *writer, struct devices *devices, struct err *err);
/* event: of a type up to FTRACE_OTHER. */
bool join_event(struct join *join, const struct ftrace_event *event, uint64_t line, struct err *err);
/* Releases every row and fills in what the join counted. */
bool join_finish(struct join *join, struct trace_summary *summary, struct err *err);
void join_destroy(struct join *join);

#endif
