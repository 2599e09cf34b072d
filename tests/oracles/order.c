/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracles/order.h"

#include <stdlib.h>

#include "tests/oracles/recording.h"

static void read_row(struct order *order)
{
	struct err err = { 0 };

	order->has_row = trace_cursor_next(order->cursor, &order->row, &err);
	MUST(err.kind == ERR_NONE, "%s", err.text);
}

void order_init(struct order *order, struct trace *trace)
{
	*order = (struct order){ .trace = trace, .cursor = trace_cursor_open(trace, -1) };
	ck_assert_ptr_nonnull(order->cursor);
	read_row(order);
}

void order_fini(struct order *order)
{
	for (size_t i = 0; i < order->open_count; i++)
		free(order->open[i].segment);
	free(order->open);
	trace_cursor_close(order->cursor);
}

/* The line of an open operation's next event; TRACE_NONE when it has none left. */
static uint64_t next_line(const struct order_open *open)
{
	if (open->next < open->op.segment_count)
		return open->segment[open->next].line;
	if (open->next == open->op.segment_count && open->op.sync_line)
		return open->op.sync_line;
	return TRACE_NONE;
}

static void open_row(struct order *order)
{
	struct order_open open = { .op = order->row };
	struct err err = { 0 };

	if (open.op.segment_count) {
		open.segment = calloc(open.op.segment_count, sizeof(*open.segment));
		ck_assert_ptr_nonnull(open.segment);
		MUST(trace_segments(order->trace, open.op.first_segment, open.op.segment_count, open.segment, &err),
		     "%s", err.text);
	}
	if (order->open_count == order->open_capacity) {
		order->open_capacity = order->open_capacity ? 2 * order->open_capacity : 16;
		order->open = reallocarray(order->open, order->open_capacity, sizeof(*order->open));
	}
	ck_assert_ptr_nonnull(order->open);
	order->open[order->open_count++] = open;
	read_row(order);
}

/* The open operation whose next event comes first; NULL: none is open. */
static struct order_open *earliest(struct order *order)
{
	struct order_open *first = NULL;

	for (size_t i = 0; i < order->open_count; i++)
		if (!first || next_line(&order->open[i]) < next_line(first))
			first = &order->open[i];
	return first;
}

bool order_next(struct order *order, struct order_event *event)
{
	struct order_open *open = earliest(order);

	while (order->has_row && (!open || order->row.line < next_line(open))) {
		bool is_map = order->row.kind == TRACE_MAP;

		*event = (struct order_event){ .kind = ORDER_ROW, .line = order->row.line, .op = order->row };
		if (is_map || order->row.sync_line)
			open_row(order);
		else
			read_row(order);
		if (!is_map)
			return true;
		open = earliest(order);
	}
	if (!open)
		return false;

	bool is_segment = open->next < open->op.segment_count;

	*event = (struct order_event){
		.kind = is_segment ? ORDER_SEGMENT : ORDER_SYNC,
		.line = next_line(open),
		.op = open->op,
	};
	if (is_segment)
		event->segment = open->segment[open->next];
	open->next++;
	if (next_line(open) == TRACE_NONE) {
		free(open->segment);
		*open = order->open[--order->open_count];
	}
	return true;
}
