/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a trace that are not yet written, in order, and the contexts whose
 * rows are not finished.  It knows nothing of events (that is join.c).
 */
#ifndef IOMMUSIM_TRACES_WINDOW_H
#define IOMMUSIM_TRACES_WINDOW_H

#include "traces/trace.h"

/* A row whose operation may still change. */
struct pending {
	struct trace_op op;
	struct trace_segment *segments; /* malloc'd; NULL when there are none */
	uint32_t segment_capacity;
	bool open;      /* may change: it is in its context's list */
	bool announced; /* an unmap that its context's announcement names, unless a dma_unmap_page does */
	uint64_t context_key;
	uint64_t next_open; /* row: the next open one of the same context; TRACE_NONE */
};

/* A dma_unmap_sg or dma_free whose unmap is to come. */
struct announcement {
	bool valid;
	bool used; /* an unmap was named by it */
	char name[TRACE_NAME_BYTES];
	size_t name_length;
	enum trace_api api;
	enum trace_direction direction;
	bool has_address;
	uint64_t address, bytes;
	ps_t time_ps;
};

struct context {
	uint64_t key;                   /* UINT64_MAX: an empty slot */
	uint64_t first_open, last_open; /* rows; TRACE_NONE */
	struct announcement announcement;
	uint16_t attached; /* device attached here with no dma event since; TRACE_NO_DEVICE */
	uint32_t tag;      /* domain id of a cache tag assigned here, for the attach that follows; UINT32_MAX */
};

struct window {
	struct pending *rows; /* ring: row r is rows[r & (capacity - 1)] */
	uint64_t head, tail;  /* rows [head, tail) are here */
	uint64_t capacity;
	struct context *contexts; /* open addressing */
	size_t context_count, context_capacity;
};

bool window_init(struct window *window);
void window_fini(struct window *window);

/*
 * The context of a task (pid, not 0), or of an interrupt level or the idle task of a CPU.  NULL when
 * memory has run out.  Valid until the next call: contexts without unfinished business are forgotten.
 */
struct context *window_context(struct window *window, uint32_t pid, uint16_t cpu, unsigned level);
/* As above, by key; NULL when there is none. */
struct context *window_context_by_key(struct window *window, uint64_t key);

/* A new last row, cleared, with its index set; NULL when memory has run out.  Rows move: pointers to others end. */
struct pending *window_add(struct window *window);
struct pending *window_row(struct window *window, uint64_t row);
/* Row `head`, which leaves the window; its segments are the caller's to free. */
struct pending *window_take(struct window *window);

bool window_add_segment(struct pending *pending, const struct trace_segment *segment);

/* Puts a row at the end of its context's list, or takes it out of it. */
void window_open(struct window *window, struct context *context, struct pending *pending);
void window_close(struct window *window, struct context *context, struct pending *pending);

#endif
