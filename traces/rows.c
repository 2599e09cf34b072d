/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/rows.h"

#include <stdlib.h>

bool rows_init(struct rows *rows, struct trace_writer *writer, struct devices *devices)
{
	*rows = (struct rows){ .writer = writer, .devices = devices };
	live_init(&rows->live);
	return window_init(&rows->window);
}

void rows_fini(struct rows *rows)
{
	window_fini(&rows->window);
	live_fini(&rows->live);
}

bool rows_release(struct rows *rows, struct err *err)
{
	struct window *window = &rows->window;
	bool ok = true;
	while (ok && window->head < window->tail && !window_row(window, window->head)->open) {
		struct pending *pending = window_take(window);
		struct trace_op *op = &pending->op;
		uint32_t group = op->device == TRACE_NO_DEVICE ? UINT32_MAX : rows->devices->at[op->device].group;
		enum live_anomaly anomaly;
		if (op->kind == TRACE_MAP || op->kind == TRACE_UNMAP)
			ok = live_apply(&rows->live, op, group, &op->after, &anomaly, err);
		ok = ok && trace_writer_op(rows->writer, op, pending->segments, op->segment_count, err);
		free(pending->segments);
		pending->segments = NULL;
	}
	return ok;
}

void rows_touch(struct trace_op *op, ps_t time)
{
	if (time < op->begin_ps)
		op->begin_ps = time;
	if (time > op->end_ps)
		op->end_ps = time;
}

struct pending *rows_next_open(struct rows *rows, uint64_t *row)
{
	if (*row == TRACE_NONE)
		return NULL;
	struct pending *pending = window_row(&rows->window, *row);
	*row = pending->next_open;
	return pending;
}

void rows_settle_map(struct rows *rows, struct context *context, struct pending *pending, uint16_t device)
{
	pending->op.device = context->attached != TRACE_NO_DEVICE ? context->attached : device;
	pending->op.dma_address = pending->op.iova;
	pending->op.dma_bytes = pending->op.bytes;
	window_close(&rows->window, context, pending);
}

/* Nothing more will be known of this unmap: then its announcement, if any, names it. */
static bool settle_unmap(struct rows *rows, struct context *context, struct pending *pending, struct err *err)
{
	struct trace_op *op = &pending->op;
	struct announcement *announced = &context->announcement;
	window_close(&rows->window, context, pending);
	if (!pending->announced)
		return true;
	struct source_text name = { .at = announced->name, .length = announced->name_length };
	op->device = devices_intern(rows->devices, &name, err);
	op->api = announced->api;
	op->direction = announced->direction;
	op->dma_address = announced->address;
	op->dma_bytes = announced->bytes;
	if (!announced->used)
		rows_touch(op, announced->time_ps);
	announced->used = true;
	return op->device != TRACE_NO_DEVICE;
}

static bool settle_row(struct rows *rows, struct pending *pending, struct err *err)
{
	struct context *context = window_context_by_key(&rows->window, pending->context_key);
	if (pending->op.kind == TRACE_UNMAP)
		return settle_unmap(rows, context, pending, err);
	rows_settle_map(rows, context, pending, TRACE_NO_DEVICE);
	return true;
}

bool rows_settle_unmaps(struct rows *rows, struct context *context, struct err *err)
{
	uint64_t row = context->first_open;
	bool ok = true;
	for (struct pending *pending; ok && (pending = rows_next_open(rows, &row));)
		if (pending->op.kind == TRACE_UNMAP)
			ok = settle_unmap(rows, context, pending, err);
	return ok;
}

/* A full window lets its oldest row go as it is. */
static bool make_room(struct rows *rows, struct err *err)
{
	struct window *window = &rows->window;
	if (window->tail - window->head < ROWS_WINDOW)
		return true;
	if (!window_row(window, window->head)->open)
		return rows_release(rows, err);
	struct pending *oldest = window_row(window, window->head);
	return settle_row(rows, oldest, err) && rows_release(rows, err);
}

struct pending *rows_add(struct rows *rows, enum trace_kind kind, struct err *err)
{
	if (!make_room(rows, err))
		return NULL;
	struct pending *pending = window_add(&rows->window);
	if (!pending) {
		err_set(err, ERR_FILE, "out of memory");
		return NULL;
	}
	pending->op.kind = kind;
	pending->op.api = TRACE_API_NONE;
	pending->op.direction = TRACE_DIRECTION_NONE;
	pending->op.device = TRACE_NO_DEVICE;
	pending->op.after = TRACE_NONE;
	return pending;
}

bool rows_finish(struct rows *rows, struct err *err)
{
	struct window *window = &rows->window;
	bool ok = true;
	for (uint64_t row = window->head; ok && row < window->tail; row++)
		if (window_row(window, row)->open)
			ok = settle_row(rows, window_row(window, row), err);
	return ok && rows_release(rows, err);
}
