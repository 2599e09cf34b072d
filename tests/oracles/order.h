/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a trace one by one in their recorded order: an operation's table changes at the lines of
 * their own events, its invalidation at the line of its flush, as several CPUs interleaved them.
 */
#ifndef IOMMUSIM_TESTS_ORACLES_ORDER_H
#define IOMMUSIM_TESTS_ORACLES_ORDER_H

#include "traces/trace.h"

enum order_kind {
	ORDER_ROW,     /* an unmap's table change, or a row that is neither map nor unmap */
	ORDER_SEGMENT, /* one of a map's table changes */
	ORDER_SYNC,    /* the flush of a map or an unmap */
};

struct order_event {
	enum order_kind kind;
	uint64_t line;
	struct trace_op op;
	struct trace_segment segment; /* of ORDER_SEGMENT */
};

/* An operation under way. */
struct order_open {
	struct trace_op op;
	struct trace_segment *segment;
	uint32_t next;
};

struct order {
	struct trace *trace;
	struct trace_cursor *cursor;
	bool has_row; /* row was read and not started */
	struct trace_op row;
	struct order_open *open;
	size_t open_count, open_capacity;
};

/* Errors end the test. */
void order_init(struct order *order, struct trace *trace);
bool order_next(struct order *order, struct order_event *event);
void order_fini(struct order *order);

#endif
