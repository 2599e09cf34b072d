/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a trace between their first event and the file: what is open is
 * settled, what is settled leaves in order, with what it follows (live.h).  Which
 * event means what is join.c's.
 */
#ifndef IOMMUSIM_TRACES_ROWS_H
#define IOMMUSIM_TRACES_ROWS_H

#include "traces/devices.h"
#include "traces/live.h"
#include "traces/trace_write.h"
#include "traces/window.h"

/* Rows that may wait: a map preempted before its dma event for longer than this stays without device. */
#define ROWS_WINDOW (UINT32_C(1) << 16)

struct rows {
	struct trace_writer *writer;
	struct devices *devices;
	struct window window;
	struct live live;
};

/* False when memory has run out; rows_fini is allowed then. */
bool rows_init(struct rows *rows, struct trace_writer *writer, struct devices *devices);
void rows_fini(struct rows *rows);

/* A new last row, of which nothing is known but its kind.  A full window lets its oldest row go as it is. */
struct pending *rows_add(struct rows *rows, enum trace_kind kind, struct err *err);
/* Writes the settled rows at the window's head. */
bool rows_release(struct rows *rows, struct err *err);
/* Settles and writes all. */
bool rows_finish(struct rows *rows, struct err *err);

/* The next open row of a context, from *row on, which moves behind it; NULL at the end. */
struct pending *rows_next_open(struct rows *rows, uint64_t *row);
/* Stretches the operation's time to hold this instant. */
void rows_touch(struct trace_op *op, ps_t time);

/* No dma event names this map: it is of the device attached in its context, else of `device`. */
void rows_settle_map(struct rows *rows, struct context *context, struct pending *pending, uint16_t device);
/* Nothing more comes for the context's open unmaps: then their announcement names them, if there is one. */
bool rows_settle_unmaps(struct rows *rows, struct context *context, struct err *err);

#endif
