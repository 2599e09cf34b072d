/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/window.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"

#define EMPTY          UINT64_MAX
#define FIRST_CAPACITY 256u

static struct context *create_contexts(size_t capacity)
{
	struct context *contexts = calloc(capacity, sizeof(*contexts));
	for (size_t i = 0; contexts && i < capacity; i++)
		contexts[i].key = EMPTY;
	return contexts;
}

bool window_init(struct window *window)
{
	*window = (struct window){ .capacity = FIRST_CAPACITY, .context_capacity = FIRST_CAPACITY };
	window->rows = calloc(FIRST_CAPACITY, sizeof(*window->rows));
	window->contexts = create_contexts(FIRST_CAPACITY);
	return window->rows && window->contexts;
}

void window_fini(struct window *window)
{
	for (uint64_t row = window->head; row < window->tail; row++)
		free(window_row(window, row)->segments);
	free(window->rows);
	free(window->contexts);
	*window = (struct window){ .rows = NULL };
}

static uint64_t context_key(uint32_t pid, uint16_t cpu, unsigned level)
{
	if (level == 0 && pid != 0)
		return pid;
	return UINT64_C(1) << 63 | (uint64_t)level << 32 | cpu;
}

/* The slot of the key: it holds the context, or is empty. */
static struct context *find_context(struct context *contexts, size_t capacity, uint64_t key)
{
	size_t slot = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);
	while (contexts[slot].key != key && contexts[slot].key != EMPTY)
		slot = (slot + 1) & (capacity - 1);
	return &contexts[slot];
}

static bool is_idle(const struct context *context)
{
	return context->first_open == TRACE_NONE && !context->announcement.valid &&
	       context->attached == TRACE_NO_DEVICE && context->tag == UINT32_MAX;
}

/* A table without the idle contexts, at most a quarter full. */
static bool rebuild_contexts(struct window *window)
{
	size_t busy = 0, capacity = FIRST_CAPACITY;
	for (size_t i = 0; i < window->context_capacity; i++)
		busy += window->contexts[i].key != EMPTY && !is_idle(&window->contexts[i]);
	while (capacity < 4 * busy)
		capacity *= 2;
	struct context *contexts = create_contexts(capacity);
	if (!contexts)
		return false;
	for (size_t i = 0; i < window->context_capacity; i++) {
		const struct context *old = &window->contexts[i];
		if (old->key != EMPTY && !is_idle(old))
			*find_context(contexts, capacity, old->key) = *old;
	}
	free(window->contexts);
	window->contexts = contexts;
	window->context_capacity = capacity;
	window->context_count = busy;
	return true;
}

struct context *window_context(struct window *window, uint32_t pid, uint16_t cpu, unsigned level)
{
	uint64_t key = context_key(pid, cpu, level);
	struct context *context = find_context(window->contexts, window->context_capacity, key);
	if (context->key == key)
		return context;
	if (2 * (window->context_count + 1) > window->context_capacity) {
		if (!rebuild_contexts(window))
			return NULL;
		context = find_context(window->contexts, window->context_capacity, key);
	}
	window->context_count++;
	*context = (struct context){ .key = key,
				     .first_open = TRACE_NONE,
				     .last_open = TRACE_NONE,
				     .attached = TRACE_NO_DEVICE,
				     .tag = UINT32_MAX };
	return context;
}

struct context *window_context_by_key(struct window *window, uint64_t key)
{
	struct context *context = find_context(window->contexts, window->context_capacity, key);
	return context->key == key ? context : NULL;
}

struct pending *window_row(struct window *window, uint64_t row)
{
	REQUIRE(row >= window->head && row < window->tail);
	return &window->rows[row & (window->capacity - 1)];
}

struct pending *window_add(struct window *window)
{
	if (window->tail - window->head == window->capacity) {
		struct pending *rows = calloc(2 * window->capacity, sizeof(*rows));
		if (!rows)
			return NULL;
		for (uint64_t row = window->head; row < window->tail; row++)
			rows[row & (2 * window->capacity - 1)] = *window_row(window, row);
		free(window->rows);
		window->rows = rows;
		window->capacity *= 2;
	}
	uint64_t row = window->tail++;
	struct pending *pending = window_row(window, row);
	*pending = (struct pending){ .next_open = TRACE_NONE };
	pending->op.index = row;
	return pending;
}

struct pending *window_take(struct window *window)
{
	struct pending *pending = window_row(window, window->head);
	REQUIRE(!pending->open);
	window->head++;
	return pending;
}

bool window_add_segment(struct pending *pending, const struct trace_segment *segment)
{
	if (pending->op.segment_count == pending->segment_capacity) {
		uint32_t capacity = pending->segment_capacity ? 4 * pending->segment_capacity : 1;
		struct trace_segment *segments = realloc(pending->segments, capacity * sizeof(*segments));
		if (!segments)
			return false;
		pending->segments = segments;
		pending->segment_capacity = capacity;
	}
	pending->segments[pending->op.segment_count++] = *segment;
	return true;
}

void window_open(struct window *window, struct context *context, struct pending *pending)
{
	uint64_t row = pending->op.index;
	pending->open = true;
	pending->context_key = context->key;
	pending->next_open = TRACE_NONE;
	if (context->first_open == TRACE_NONE)
		context->first_open = row;
	else
		window_row(window, context->last_open)->next_open = row;
	context->last_open = row;
}

void window_close(struct window *window, struct context *context, struct pending *pending)
{
	uint64_t row = pending->op.index, before = TRACE_NONE;
	REQUIRE(pending->open);
	for (uint64_t at = context->first_open; at != row; at = window_row(window, at)->next_open)
		before = at;
	if (before == TRACE_NONE)
		context->first_open = pending->next_open;
	else
		window_row(window, before)->next_open = pending->next_open;
	if (context->last_open == row)
		context->last_open = before;
	pending->open = false;
	pending->next_open = TRACE_NONE;
}
