/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/join.h"

#include <stdlib.h>
#include <string.h>

#include "traces/rows.h"

#define DOMAIN_IDS 65536u /* VT-d domain ids are 16 bits wide */

struct join {
	struct rows rows;
	struct trace_summary counts;
	uint16_t *domain_device; /* [DOMAIN_IDS]: a device of that VT-d domain; TRACE_NO_DEVICE */
	uint64_t marks;
	bool started;
	ps_t first_ps; /* the trace clock at the first event */
};

struct join *join_create(struct trace_writer *writer, struct devices *devices, struct err *err)
{
	struct join *join = calloc(1, sizeof(*join));
	bool ok = join && rows_init(&join->rows, writer, devices);
	if (ok) {
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
	rows_fini(&join->rows);
	free(join->domain_device);
	free(join);
}

static bool holds(const struct trace_op *op, uint64_t address)
{
	return address - op->iova < op->bytes;
}

/* A context does one operation after the other: what is still open when the next begins has all it gets. */
static bool end_unmaps(struct join *join, struct context *context, struct err *err)
{
	bool ok = rows_settle_unmaps(&join->rows, context, err);
	if (context->announcement.valid && !context->announcement.used)
		join->counts.bypass_events++;
	context->announcement.valid = false;
	return ok;
}

/* A new last row for an event; NULL and *err when memory has run out. */
static struct pending *add_row(struct join *join, enum trace_kind kind, const struct ftrace_event *event, uint64_t line,
			       struct err *err)
{
	struct pending *pending = rows_add(&join->rows, kind, err);
	if (!pending)
		return NULL;
	pending->op.line = line;
	pending->op.begin_ps = pending->op.end_ps = event->time_ps - join->first_ps;
	pending->op.cpu = event->cpu;
	pending->op.context = event->level ? UINT32_C(0x80000000) | event->level : event->pid;
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
	if (!rows_settle_unmaps(&join->rows, context, err))
		return false;
	struct pending *pending =
		context->last_open == TRACE_NONE ? NULL : window_row(&join->rows.window, context->last_open);
	/* The maps of one operation follow each other without a gap. */
	if (!pending || pending->op.iova + pending->op.bytes != event->address) {
		pending = add_row(join, TRACE_MAP, event, line, err);
		if (!pending)
			return false;
		pending->op.iova = event->address;
		window_open(&join->rows.window, context, pending);
	}
	pending->op.bytes += event->bytes;
	rows_touch(&pending->op, event->time_ps - join->first_ps);
	struct trace_segment segment = {
		.iova = event->address, .phys = event->phys, .bytes = event->bytes, .line = line
	};
	return window_add_segment(pending, &segment) || err_set(err, ERR_FILE, "out of memory");
}

static bool on_unmap(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		     struct err *err)
{
	if (!rows_settle_unmaps(&join->rows, context, err))
		return false;
	struct pending *pending = add_row(join, TRACE_UNMAP, event, line, err);
	if (!pending)
		return false;
	struct trace_op *op = &pending->op;
	op->iova = event->address;
	op->bytes = event->bytes;
	window_open(&join->rows.window, context, pending);
	const struct announcement *announced = &context->announcement;
	pending->announced = announced->valid && (!announced->has_address || holds(op, announced->address));
	return true;
}

/* The context's open row of this kind that holds the address, or NULL. */
static struct pending *find_open(struct join *join, const struct context *context, enum trace_kind kind,
				 uint64_t address)
{
	uint64_t row = context->first_open;
	for (struct pending *pending; (pending = rows_next_open(&join->rows, &row));)
		if (pending->op.kind == kind && holds(&pending->op, address))
			return pending;
	return NULL;
}

/* Gives the row what its dma event says.  A second address of a list only adds its bytes. */
static bool name_row(struct join *join, struct pending *pending, const struct ftrace_event *event, uint64_t address,
		     uint64_t bytes, struct err *err)
{
	struct trace_op *op = &pending->op;
	rows_touch(op, event->time_ps - join->first_ps);
	if (op->device == TRACE_NO_DEVICE) {
		op->device = devices_intern(join->rows.devices, &event->device, err);
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
	for (struct pending *pending; (pending = rows_next_open(&join->rows, &row));) {
		if (pending->op.device == TRACE_NO_DEVICE)
			continue;
		last_named = pending->op.index;
		device = pending->op.device;
	}
	row = context->first_open;
	for (struct pending *pending; last_named != TRACE_NONE && (pending = rows_next_open(&join->rows, &row));) {
		if (pending->op.index > last_named)
			break;
		if (pending->op.device == TRACE_NO_DEVICE)
			rows_settle_map(&join->rows, context, pending, device);
		else
			window_close(&join->rows.window, context, pending);
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
		struct pending *latest = window_row(&join->rows.window, context->last_open);
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
	context->announcement = (struct announcement){ .valid = true,
						       .name_length = event->device.length,
						       .api = event->api,
						       .direction = event->direction,
						       .has_address = event->has_address,
						       .address = event->address,
						       .bytes = event->bytes,
						       .time_ps = event->time_ps - join->first_ps };
	memcpy(context->announcement.name, event->device.at, event->device.length);
	return true;
}

static bool on_attach(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		      struct err *err)
{
	if (!rows_settle_unmaps(&join->rows, context, err))
		return false;
	uint16_t device = devices_intern(join->rows.devices, &event->device, err);
	if (device == TRACE_NO_DEVICE)
		return false;
	/*
	 * Reserved regions are mapped one to one just before their group's first attach.  Any other
	 * open map is of the device that was set up here before.
	 */
	uint16_t before = context->attached;
	uint64_t row = context->first_open;
	for (struct pending *pending; (pending = rows_next_open(&join->rows, &row));) {
		bool direct = pending->segments[0].iova == pending->segments[0].phys;
		if (!direct && before == TRACE_NO_DEVICE)
			continue;
		context->attached = direct ? device : before;
		pending->op.api = direct ? TRACE_API_DIRECT : TRACE_API_NONE;
		pending->op.direction = direct ? TRACE_BIDIRECTIONAL : TRACE_DIRECTION_NONE;
		rows_settle_map(&join->rows, context, pending, device);
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
	uint16_t device = devices_intern(join->rows.devices, &event->device, err);
	if (device == TRACE_NO_DEVICE)
		return false;
	join->rows.devices->at[device].group = (uint32_t)event->id;
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
	return pending && trace_writer_mark(join->rows.writer, event->text.at, event->text.length, err);
}

/* The invalidation of the context's latest map or unmap. */
static void on_flush_range(struct join *join, const struct context *context, const struct ftrace_event *event,
			   uint64_t line)
{
	enum trace_kind kind = event->type == FTRACE_FLUSH_MAP ? TRACE_MAP : TRACE_UNMAP;
	if (context->last_open == TRACE_NONE)
		return;
	struct trace_op *op = &window_row(&join->rows.window, context->last_open)->op;
	if (op->kind != kind)
		return;
	if (!op->sync_line)
		op->sync_line = line;
	rows_touch(op, event->time_ps - join->first_ps);
}

static bool on_qi_submit(struct join *join, const struct context *context, const struct ftrace_event *event,
			 uint64_t line, struct err *err)
{
	struct trace_descriptor descriptor = { .line = line, .time_ps = event->time_ps - join->first_ps };
	memcpy(descriptor.word, event->word, sizeof(descriptor.word));
	if (context->last_open != TRACE_NONE) {
		struct trace_op *op = &window_row(&join->rows.window, context->last_open)->op;
		if (op->sync_line)
			rows_touch(op, descriptor.time_ps);
	}
	return trace_writer_descriptor(join->rows.writer, &descriptor, err);
}

static bool check_time(struct join *join, const struct ftrace_event *event, struct err *err)
{
	if (!join->started)
		join->first_ps = event->time_ps;
	join->started = true;
	if (event->time_ps < join->first_ps)
		return err_set(err, ERR_FILE,
			       "the event is older than the recording's first: the trace clock "
			       "differs between CPUs; record with trace_clock=mono");
	if (event->time_ps - join->first_ps > join->counts.duration_ps)
		join->counts.duration_ps = event->time_ps - join->first_ps;
	return true;
}

static bool dispatch(struct join *join, struct context *context, const struct ftrace_event *event, uint64_t line,
		     struct err *err)
{
	switch (event->type) {
	case FTRACE_MAP:
		return on_map(join, context, event, line, err);
	case FTRACE_UNMAP:
		return on_unmap(join, context, event, line, err);
	case FTRACE_DMA_MAP:
	case FTRACE_DMA_MAP_SG:
		return on_dma_map(join, context, event, err);
	case FTRACE_DMA_UNMAP:
		return on_dma_unmap(join, context, event, err);
	case FTRACE_DMA_ANNOUNCE:
		return on_announce(join, context, event, err);
	case FTRACE_GROUP:
		return on_group(join, event, line, err);
	case FTRACE_ATTACH:
		return on_attach(join, context, event, line, err);
	case FTRACE_FLUSH_ALL:
		return on_flush_all(join, event, line, err);
	case FTRACE_MARK:
		return on_mark(join, event, line, err);
	case FTRACE_QI_SUBMIT:
		return on_qi_submit(join, context, event, line, err);
	case FTRACE_FLUSH_MAP:
	case FTRACE_FLUSH_UNMAP:
		on_flush_range(join, context, event, line);
		return true;
	case FTRACE_TAG_ASSIGN:
		context->tag = event->id < DOMAIN_IDS ? (uint32_t)event->id : UINT32_MAX;
		return true;
	default:
		return true;
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
	struct context *context = window_context(&join->rows.window, event->pid, event->cpu, event->level);
	if (!context)
		return err_set(err, ERR_FILE, "out of memory");
	return dispatch(join, context, event, line, err) && rows_release(&join->rows, err);
}

bool join_finish(struct join *join, struct trace_summary *summary, struct err *err)
{
	const struct live *live = &join->rows.live;
	struct window *window = &join->rows.window;
	bool ok = true;
	for (size_t i = 0; ok && i < window->context_capacity; i++)
		if (window->contexts[i].announcement.valid)
			ok = end_unmaps(join, &window->contexts[i], err);
	ok = ok && rows_finish(&join->rows, err);
	*summary = join->counts;
	summary->maps = live->maps;
	summary->unmaps = live->unmaps;
	summary->unmaps_without_map = live->unmaps_without_map;
	summary->maps_over_live = live->maps_over_live;
	summary->unjoined = live->unjoined;
	summary->live_peak_bytes = live->peak_bytes;
	return ok;
}
