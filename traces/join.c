/* SPDX-License-Identifier: Apache-2.0 */
#include "join.h"

#include <stdlib.h>
#include <string.h>

#include "traces/live.h"
#include "traces/window.h"

#define DOMAIN_IDS 65536u /* VT-d domain ids are 16 bits wide */

struct join {
	struct trace_writer *writer;
	struct devices *devices;
	struct window window;
	struct live live;
	struct trace_summary counts;
	uint16_t *domain_device; /* [DOMAIN_IDS]: a device of that VT-d domain; TRACE_NO_DEVICE */
	uint64_t marks;
	bool started;
	ps_t first_ps; /* the trace clock at the first event */
};

struct join *join_create(struct trace_writer *writer, struct devices *devices, struct err *err)
{
	struct join *join = calloc(1, sizeof(*join));
	bool ok = join && window_init(&join->window);
	if (ok) {
		live_init(&join->live);
		join->writer = writer;
		join->devices = devices;
		join->domain_device = malloc(DOMAIN_IDS * sizeof(*join->domain_device));
		ok = join->domain_device;
	}
	if (!ok) {
		join_destroy(join);
		err_set(err, ERR_FILE, "out of memory");
		return NULL;
	}
	memset(join->domain_device, 0xff, DOMAIN_IDS * sizeof(*join->domain_device));
	return join;
}

void join_destroy(struct join *join)
{
	if (!join)
		return;
	window_fini(&join->window);
	live_fini(&join->live);
	free(join->domain_device);
	free(join);
}

/* Writes the finished rows at the window's head. */
static bool release(struct join *join, struct err *err)
{
	struct window *window = &join->window;
	bool ok = true;
	while (ok && window->head < window->tail && !window_row(window, window->head)->open) {
		struct pending *pending = window_take(window);
		struct trace_op *op = &pending->op;
		uint32_t group = op->device == TRACE_NO_DEVICE ? UINT32_MAX : join->devices->at[op->device].group;
		enum live_anomaly anomaly;
		if (op->kind == TRACE_MAP || op->kind == TRACE_UNMAP)
			ok = live_apply(&join->live, op, group, &op->after, &anomaly, err);
		ok = ok && trace_writer_op(join->writer, op, pending->segments, op->segment_count, err);
		free(pending->segments);
		pending->segments = NULL;
	}
	return ok;
}

static void touch(struct trace_op *op, ps_t time)
{
	if (time < op->begin_ps)
		op->begin_ps = time;
	if (time > op->end_ps)
		op->end_ps = time;
}

static bool holds(const struct trace_op *op, uint64_t address)
{
	return address - op->iova < op->bytes;
}

/* The next open row of a context, from *row on, which moves behind it; NULL at the end. */
static struct pending *next_open(struct join *join, uint64_t *row)
{
	if (*row == TRACE_NONE)
		return NULL;
	struct pending *pending = window_row(&join->window, *row);
	*row = pending->next_open;
	return pending;
}

/* No dma event names this map: a doorbell page.  It is of the device being set up here. */
static void settle_map(struct join *join, struct context *context, struct pending *pending, uint16_t device)
{
	pending->op.device = context->attached != TRACE_NO_DEVICE ? context->attached : device;
	pending->op.dma_address = pending->op.iova;
	pending->op.dma_bytes = pending->op.bytes;
	window_close(&join->window, context, pending);
}

/* Nothing more will be known of this unmap: then its announcement, if any, names it. */
static bool settle_unmap(struct join *join, struct context *context, struct pending *pending, struct err *err)
{
	struct trace_op *op = &pending->op;
	struct announcement *announced = &context->announcement;
	window_close(&join->window, context, pending);
	if (!pending->announced)
		return true;
	struct source_text name = {.at = announced->name, .length = announced->name_length};
	op->device = devices_intern(join->devices, &name, err);
	op->api = announced->api;
	op->direction = announced->direction;
	op->dma_address = announced->address;
	op->dma_bytes = announced->bytes;
	if (!announced->used)
		touch(op, announced->time_ps);
	announced->used = true;
	return op->device != TRACE_NO_DEVICE;
}

static bool settle_row(struct join *join, struct pending *pending, struct err *err)
{
	struct context *context = window_context_by_key(&join->window, pending->context_key);
	if (pending->op.kind == TRACE_UNMAP)
		return settle_unmap(join, context, pending, err);
	settle_map(join, context, pending, TRACE_NO_DEVICE);
	return true;
}

static bool settle_unmaps(struct join *join, struct context *context, bool announced_only, struct err *err)
{
	uint64_t row = context->first_open;
	bool ok = true;
	for (struct pending *pending; ok && (pending = next_open(join, &row));)
		if (pending->op.kind == TRACE_UNMAP && (pending->announced || !announced_only))
			ok = settle_unmap(join, context, pending, err);
	return ok;
}

/* A context does one operation after the other: what is still open when the next begins has all it gets. */
static bool end_unmaps(struct join *join, struct context *context, struct err *err)
{
	bool ok = settle_unmaps(join, context, false, err);
	if (context->announcement.valid && !context->announcement.used)
		join->counts.bypass_events++;
	context->announcement.valid = false;
	return ok;
}

/* A full window lets its oldest row go as it is. */
static bool make_room(struct join *join, struct err *err)
{
	struct window *window = &join->window;
	if (window->tail - window->head < JOIN_WINDOW)
		return true;
	if (!window_row(window, window->head)->open)
		return release(join, err);
	struct pending *oldest = window_row(window, window->head);
	return settle_row(join, oldest, err) && release(join, err);
}

/* A new last row for an event; NULL and *err when memory has run out. */
static struct pending *add_row(struct join *join, enum trace_kind kind, const struct ftrace_event *event, uint64_t line,
			       struct err *err)
{
	if (!make_room(join, err))
		return NULL;
	struct pending *pending = window_add(&join->window);
	if (!pending) {
		err_set(err, ERR_FILE, "out of memory");
		return NULL;
	}
	struct trace_op *op = &pending->op;
	op->line = line;
	op->begin_ps = op->end_ps = event->time_ps - join->first_ps;
	op->cpu = event->cpu;
	op->context = event->level ? UINT32_C(0x80000000) | event->level : event->pid;
	op->kind = kind;
	op->api = TRACE_API_NONE;
	op->direction = TRACE_DIRECTION_NONE;
	op->device = TRACE_NO_DEVICE;
	op->after = TRACE_NONE;
	return pending;
}

/* A row of one event. */
static struct pending *add_plain_row(struct join *join, enum trace_kind kind, const struct ftrace_event *event,
				     uint64_t line, struct err *err)
{
	struct pending *pending = add_row(join, kind, event, line, err);
	if (pending)
		pending->op.iova = event->id;
	return pending;
}

static bool on_map(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		   struct err *err)
{
	if (!settle_unmaps(join, context, false, err))
		return false;
	struct pending *pending =
		context->last_open == TRACE_NONE ? NULL : window_row(&join->window, context->last_open);
	/* The maps of one operation follow each other without a gap. */
	if (!pending || pending->op.iova + pending->op.bytes != event->address) {
		pending = add_row(join, TRACE_MAP, event, line, err);
		if (!pending)
			return false;
		pending->op.iova = event->address;
		window_open(&join->window, context, pending);
	}
	pending->op.bytes += event->bytes;
	touch(&pending->op, event->time_ps - join->first_ps);
	struct trace_segment segment = {
		.iova = event->address, .phys = event->phys, .bytes = event->bytes, .line = line};
	return window_add_segment(pending, &segment) || err_set(err, ERR_FILE, "out of memory");
}

static bool on_unmap(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		     struct err *err)
{
	if (!settle_unmaps(join, context, true, err))
		return false;
	struct pending *pending = add_row(join, TRACE_UNMAP, event, line, err);
	if (!pending)
		return false;
	struct trace_op *op = &pending->op;
	op->iova = event->address;
	op->bytes = event->bytes;
	window_open(&join->window, context, pending);
	const struct announcement *announced = &context->announcement;
	pending->announced = announced->valid && (!announced->has_address || holds(op, announced->address));
	return true;
}

/* The context's open row of this kind that holds the address, or NULL. */
static struct pending *find_open(struct join *join, const struct context *context, enum trace_kind kind, uint64_t address)
{
	uint64_t row = context->first_open;
	for (struct pending *pending; (pending = next_open(join, &row));)
		if (pending->op.kind == kind && holds(&pending->op, address))
			return pending;
	return NULL;
}

/* Gives the row what its dma event says.  A second address of a list only adds its bytes. */
static bool name_row(struct join *join, struct pending *pending, const struct ftrace_event *event, uint64_t address,
		     uint64_t bytes, struct err *err)
{
	struct trace_op *op = &pending->op;
	touch(op, event->time_ps - join->first_ps);
	if (op->device == TRACE_NO_DEVICE) {
		op->device = devices_intern(join->devices, &event->device, err);
		op->api = event->api;
		op->direction = event->direction;
		op->dma_address = address;
		op->dma_bytes = 0;
	}
	/* The kernel shows a long list in part: then the device may reach the end of what was mapped. */
	op->dma_bytes = event->truncated ? op->iova + op->bytes - op->dma_address : op->dma_bytes + bytes;
	return op->device != TRACE_NO_DEVICE;
}

/* After its maps: closes those it names, and those before them that no dma event named. */
static void close_named_maps(struct join *join, struct context *context)
{
	uint64_t last_named = TRACE_NONE, row = context->first_open;
	uint16_t device = TRACE_NO_DEVICE;
	for (struct pending *pending; (pending = next_open(join, &row));) {
		if (pending->op.device == TRACE_NO_DEVICE)
			continue;
		last_named = pending->op.index;
		device = pending->op.device;
	}
	row = context->first_open;
	for (struct pending *pending; last_named != TRACE_NONE && (pending = next_open(join, &row));) {
		if (pending->op.index > last_named)
			break;
		if (pending->op.device == TRACE_NO_DEVICE)
			settle_map(join, context, pending, device);
		else
			window_close(&join->window, context, pending);
	}
	if (last_named == TRACE_NONE)
		join->counts.bypass_events++;
	else
		context->attached = TRACE_NO_DEVICE;
}

static bool on_dma_map(struct join *join, struct context *context, const struct ftrace_event *event, struct err *err)
{
	if (!end_unmaps(join, context, err))
		return false;
	struct source_text addresses = event->addresses, sizes = event->sizes;
	uint64_t address = event->address, bytes = event->bytes;
	bool list = event->type == FTRACE_DMA_MAP_SG, ok = true;
	bool more = !list || ftrace_list_next(&addresses, &address);
	if (list && !more && context->last_open != TRACE_NONE) {
		/* Cut before its addresses: it can only be of the context's latest map. */
		struct pending *latest = window_row(&join->window, context->last_open);
		ok = name_row(join, latest, event, latest->op.iova, 0, err);
	}
	for (; ok && more; more = list && ftrace_list_next(&addresses, &address)) {
		struct pending *pending = find_open(join, context, TRACE_MAP, address);
		if (list && !ftrace_list_next(&sizes, &bytes))
			bytes = 0;
		ok = !pending || name_row(join, pending, event, address, bytes, err);
	}
	if (ok)
		close_named_maps(join, context);
	return ok;
}

static bool on_dma_unmap(struct join *join, struct context *context, const struct ftrace_event *event, struct err *err)
{
	struct pending *pending = find_open(join, context, TRACE_UNMAP, event->address);
	bool ok = true;
	if (pending) {
		pending->announced = false;
		ok = name_row(join, pending, event, event->address, event->bytes, err);
	} else {
		join->counts.bypass_events++;
	}
	return ok && end_unmaps(join, context, err);
}

static bool on_announce(struct join *join, struct context *context, const struct ftrace_event *event, struct err *err)
{
	if (!end_unmaps(join, context, err))
		return false;
	if (event->device.length >= TRACE_NAME_BYTES)
		return err_set(err, ERR_FILE, "device %.*s: the name is too long", (int)event->device.length,
			       event->device.at);
	context->announcement = (struct announcement){.valid = true,
						      .name_length = event->device.length,
						      .api = event->api,
						      .direction = event->direction,
						      .has_address = event->has_address,
						      .address = event->address,
						      .bytes = event->bytes,
						      .time_ps = event->time_ps - join->first_ps};
	memcpy(context->announcement.name, event->device.at, event->device.length);
	return true;
}

static bool on_attach(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		      struct err *err)
{
	if (!settle_unmaps(join, context, false, err))
		return false;
	uint16_t device = devices_intern(join->devices, &event->device, err);
	if (device == TRACE_NO_DEVICE)
		return false;
	/*
	 * Reserved regions are mapped one to one just before their group's first attach.  Any other
	 * open map is of the device that was set up here before.
	 */
	uint16_t before = context->attached;
	uint64_t row = context->first_open;
	for (struct pending *pending; (pending = next_open(join, &row));) {
		bool direct = pending->segments[0].iova == pending->segments[0].phys;
		if (!direct && before == TRACE_NO_DEVICE)
			continue;
		context->attached = direct ? device : before;
		pending->op.api = direct ? TRACE_API_DIRECT : TRACE_API_NONE;
		pending->op.direction = direct ? TRACE_BIDIRECTIONAL : TRACE_DIRECTION_NONE;
		settle_map(join, context, pending, device);
	}
	context->attached = device;
	if (context->tag != UINT32_MAX)
		join->domain_device[context->tag] = device;
	context->tag = UINT32_MAX;
	struct pending *pending = add_plain_row(join, TRACE_ATTACH, event, line, err);
	if (pending)
		pending->op.device = device;
	return pending;
}

static bool on_group(struct join *join, const struct ftrace_event *event, uint64_t line, struct err *err)
{
	uint16_t device = devices_intern(join->devices, &event->device, err);
	if (device == TRACE_NO_DEVICE)
		return false;
	join->devices->at[device].group = (uint32_t)event->id;
	struct pending *pending = add_plain_row(join, TRACE_GROUP, event, line, err);
	if (pending)
		pending->op.device = device;
	return pending;
}

static bool on_flush_all(struct join *join, const struct ftrace_event *event, uint64_t line, struct err *err)
{
	struct pending *pending = add_plain_row(join, TRACE_FLUSH_ALL, event, line, err);
	if (pending && event->id < DOMAIN_IDS)
		pending->op.device = join->domain_device[event->id];
	return pending;
}

static bool on_mark(struct join *join, const struct ftrace_event *event, uint64_t line, struct err *err)
{
	struct pending *pending = add_row(join, TRACE_MARK, event, line, err);
	if (pending)
		pending->op.iova = join->marks++;
	return pending && trace_writer_mark(join->writer, event->text.at, event->text.length, err);
}

/* The invalidation of the context's latest map or unmap. */
static void on_flush_range(struct join *join, const struct context *context, const struct ftrace_event *event,
			   uint64_t line)
{
	enum trace_kind kind = event->type == FTRACE_FLUSH_MAP ? TRACE_MAP : TRACE_UNMAP;
	if (context->last_open == TRACE_NONE)
		return;
	struct trace_op *op = &window_row(&join->window, context->last_open)->op;
	if (op->kind != kind)
		return;
	if (!op->sync_line)
		op->sync_line = line;
	touch(op, event->time_ps - join->first_ps);
}

static bool on_qi_submit(struct join *join, const struct context *context, const struct ftrace_event *event,
			 uint64_t line, struct err *err)
{
	struct trace_descriptor descriptor = {.line = line, .time_ps = event->time_ps - join->first_ps};
	memcpy(descriptor.word, event->word, sizeof(descriptor.word));
	if (context->last_open != TRACE_NONE) {
		struct trace_op *op = &window_row(&join->window, context->last_open)->op;
		if (op->sync_line)
			touch(op, descriptor.time_ps);
	}
	join->counts.descriptors++;
	return trace_writer_descriptor(join->writer, &descriptor, err);
}

static bool check_time(struct join *join, const struct ftrace_event *event, struct err *err)
{
	if (!join->started)
		join->first_ps = event->time_ps;
	join->started = true;
	if (event->time_ps < join->first_ps)
		return err_set(err, ERR_FILE, "the event is older than the recording's first: the trace clock "
					      "differs between CPUs; record with trace_clock=mono");
	if (event->time_ps - join->first_ps > join->counts.duration_ps)
		join->counts.duration_ps = event->time_ps - join->first_ps;
	return true;
}

static bool dispatch(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		     struct err *err)
{
	switch (event->type) {
	case FTRACE_MAP: return on_map(join, context, event, line, err);
	case FTRACE_UNMAP: return on_unmap(join, context, event, line, err);
	case FTRACE_DMA_MAP:
	case FTRACE_DMA_MAP_SG: return on_dma_map(join, context, event, err);
	case FTRACE_DMA_UNMAP: return on_dma_unmap(join, context, event, err);
	case FTRACE_DMA_ANNOUNCE: return on_announce(join, context, event, err);
	case FTRACE_GROUP: return on_group(join, event, line, err);
	case FTRACE_ATTACH: return on_attach(join, context, event, line, err);
	case FTRACE_FLUSH_ALL: return on_flush_all(join, event, line, err);
	case FTRACE_MARK: return on_mark(join, event, line, err);
	case FTRACE_QI_SUBMIT: return on_qi_submit(join, context, event, line, err);
	case FTRACE_FLUSH_MAP:
	case FTRACE_FLUSH_UNMAP: on_flush_range(join, context, event, line); return true;
	case FTRACE_TAG_ASSIGN: context->tag = event->id < DOMAIN_IDS ? (uint32_t)event->id : UINT32_MAX; return true;
	default: return true;
	}
}

bool join_event(struct join *join, const struct ftrace_event *event, uint64_t line, struct err *err)
{
	if (!check_time(join, event, err))
		return false;
	if (event->cpu >= join->counts.cpus)
		join->counts.cpus = (uint16_t)(event->cpu + 1);
	if (event->type == FTRACE_OTHER)
		return true;
	struct context *context = window_context(&join->window, event->pid, event->cpu, event->level);
	if (!context)
		return err_set(err, ERR_FILE, "out of memory");
	return dispatch(join, context, event, line, err) && release(join, err);
}

bool join_finish(struct join *join, struct trace_summary *summary, struct err *err)
{
	struct window *window = &join->window;
	bool ok = true;
	for (uint64_t row = window->head; ok && row < window->tail; row++)
		if (window_row(window, row)->open)
			ok = settle_row(join, window_row(window, row), err);
	for (size_t i = 0; ok && i < window->context_capacity; i++)
		if (window->contexts[i].announcement.valid)
			ok = end_unmaps(join, &window->contexts[i], err);
	ok = ok && release(join, err);
	*summary = join->counts;
	summary->maps = join->live.maps;
	summary->unmaps = join->live.unmaps;
	summary->unmaps_without_map = join->live.unmaps_without_map;
	summary->maps_over_live = join->live.maps_over_live;
	summary->unjoined = join->live.unjoined;
	summary->live_peak_bytes = join->live.peak_bytes;
	return ok;
}
