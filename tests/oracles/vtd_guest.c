/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracles/vtd_guest.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/iommu/vtd/layout_registers.h"

/* The guest's tables lie here in its memory. */
#define FIRST_FRAME UINT64_C(0x400000000)
#define FRAMES      65536u

/* ---- descriptors ---- */

static const struct trace_descriptor *next_descriptor(struct vtd_guest *guest)
{
	struct trace *trace = guest->recording.trace;
	uint64_t left = trace_summary(trace)->descriptors - guest->descriptors;
	uint64_t at = guest->descriptors % DESCRIPTORS_AT_ONCE;
	struct err err = { 0 };

	MUST(left > 0, "more descriptors than the guest queued");
	if (at == 0)
		MUST(trace_descriptors(trace, guest->descriptors,
				       left < DESCRIPTORS_AT_ONCE ? left : DESCRIPTORS_AT_ONCE, guest->descriptor,
				       &err),
		     "%s", err.text);
	guest->descriptors++;
	return &guest->descriptor[at];
}

/* Words that a narrow slot does not have were recorded as zero. */
static void check_descriptor(const struct vtd_guest *guest, unsigned slot, const struct trace_descriptor *recorded)
{
	phys_t address = guest->queue + slot * guest->slot_bytes;

	for (unsigned word = 0; word < 4; word++) {
		uint64_t ours = 8 * word < guest->slot_bytes ? vtd_guest_word(guest, address + 8 * word) : 0;

		MUST(ours == recorded->word[word], "line %" PRIu64 ": word %u is %#" PRIx64 ", recorded %#" PRIx64,
		     recorded->line, word, ours, recorded->word[word]);
	}
}

void vtd_guest_submit(struct vtd_guest *guest)
{
	struct vtd_submission submission;

	while (vtd_driver_submit(guest->driver, &guest->list, &submission) == VTD_SUBMITTED) {
		for (unsigned i = 0; i + 1 < submission.descriptors; i++)
			check_descriptor(guest, (submission.first + i) % VTD_DRIVER_QUEUE_LENGTH,
					 next_descriptor(guest));
		guest->tail = submission.tail;
		if (guest->register_written)
			guest->register_written(guest->argument, VTD_REG_IQT, 4, submission.tail);
		vtd_driver_complete(guest->driver, &submission);
	}
}

/* ---- start ---- */

static void write_register(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct vtd_guest *guest = argument;

	if (guest->register_written)
		guest->register_written(guest->argument, offset, bytes, value);
	if (offset == VTD_REG_RTADDR)
		guest->root = value & VTD_RTADDR_RTA;
	if (offset == VTD_REG_IQA) {
		guest->queue = value & VTD_IQA_IQA;
		guest->slot_bytes = value & VTD_IQA_DW ? 32 : 16;
	}
}

static void start(struct vtd_guest *guest)
{
	const struct trace_summary *summary = trace_summary(guest->recording.trace);
	struct vtd_driver_registers registers = { write_register, guest };
	struct err err = { 0 };

	ck_assert(summary->has_capability);

	struct vtd_driver_config config = {
		.capability = summary->capability,
		.extended_capability = summary->extended_capability,
		.host_address_width = 48,
		.scalable = summary->scalable,
		.strict = summary->strict,
	};

	guest->memory = memory_create();
	guest->view = (struct memory_view){ .memory = guest->memory, .offset = GUEST_OFFSET };
	frames_init(&guest->frames, FIRST_FRAME, FIRST_FRAME + FRAMES * PAGE_BYTES);
	guest->descriptor = calloc(DESCRIPTORS_AT_ONCE, sizeof(*guest->descriptor));
	ck_assert_ptr_nonnull(guest->descriptor);
	guest->driver = vtd_driver_create(&config, guest->view, &guest->frames, &err);
	MUST(guest->driver != NULL, "%s", err.text);
	ck_assert_int_eq(vtd_driver_strict(guest->driver), summary->strict);
	guest->strict = vtd_driver_strict(guest->driver);

	vtd_driver_start(guest->driver, &registers, &guest->list);
	vtd_guest_submit(guest);
	vtd_driver_enable(guest->driver, &registers);
}

/* ---- the guest's operations ---- */

static struct vtd_group *group_of(struct vtd_guest *guest, const struct trace_op *op)
{
	MUST(op->device != TRACE_NO_DEVICE, "line %" PRIu64 ": no device", op->line);

	uint32_t number = trace_device(guest->recording.trace, op->device)->group;

	MUST(number < GROUPS_MAX, "line %" PRIu64 ": group %" PRIu32, op->line, number);
	if (!guest->group[number].domain)
		guest->group[number].domain = vtd_domain_create(guest->driver, VTD_DOMAIN_DMA);
	return &guest->group[number];
}

static unsigned permissions(enum trace_direction direction)
{
	return direction == TRACE_TO_DEVICE ? PT_READ : direction == TRACE_FROM_DEVICE ? PT_WRITE : PT_READ | PT_WRITE;
}

static void segment(struct vtd_guest *guest, const struct order_event *event)
{
	struct vtd_group *group = group_of(guest, &event->op);
	const struct trace_segment *s = &event->segment;

	MUST(vtd_domain_map(group->domain, s->iova, s->phys, s->bytes, permissions(event->op.direction),
			    &guest->work) == MAP_OK,
	     "line %" PRIu64 ": cannot be mapped", event->line);
	guest->segments++;
}

/* The strict unmap of this row; a free place when there is none. */
static struct vtd_pending *pending_of(struct vtd_guest *guest, uint64_t row)
{
	struct vtd_pending *place = NULL;

	for (unsigned i = 0; i < CPUS_MAX; i++) {
		if (guest->pending[i].used && guest->pending[i].row == row)
			return &guest->pending[i];
		if (!guest->pending[i].used)
			place = &guest->pending[i];
	}
	MUST(place != NULL, "too many unmaps at once");
	place->used = true;
	place->row = row;
	return place;
}

static void unmap(struct vtd_guest *guest, const struct trace_op *op)
{
	struct vtd_group *group = group_of(guest, op);
	struct vtd_pending *pending = pending_of(guest, op->index);
	uint64_t before = guest->work.bytes;

	MUST(vtd_domain_unmap(group->domain, op->iova, op->bytes, &pending->gather, guest->strict ? &guest->list : NULL,
			      &guest->work) == MAP_OK,
	     "line %" PRIu64 ": cannot be unmapped", op->line);
	MUST(guest->work.bytes - before == op->bytes, "line %" PRIu64 ": %" PRIu64 " bytes were mapped", op->line,
	     guest->work.bytes - before);
	guest->unmaps++;
	if (!guest->strict) {
		vtd_guest_defer(group, op, &pending->gather.freed);
		pending->used = false;
	}
}

static void sync(struct vtd_guest *guest, const struct trace_op *op)
{
	struct vtd_group *group = group_of(guest, op);

	if (op->kind == TRACE_MAP) {
		vtd_domain_sync_map(group->domain, op->iova, op->bytes, &guest->list);
		vtd_guest_submit(guest);
		vtd_domain_free_tables(group->domain, &guest->list.replaced);
	} else {
		struct vtd_pending *pending = pending_of(guest, op->index);

		vtd_domain_sync_unmap(group->domain, &pending->gather, &guest->list);
		vtd_guest_submit(guest);
		vtd_domain_free_tables(group->domain, &pending->gather.freed);
		pending->used = false;
	}
}

static void row(struct vtd_guest *guest, const struct trace_op *op)
{
	uint16_t source_id = op->device == TRACE_NO_DEVICE
				     ? UINT16_MAX
				     : trace_device(guest->recording.trace, op->device)->source_id;

	switch (op->kind) {
	case TRACE_GROUP:
		ck_assert(vtd_driver_probe(guest->driver, source_id, 0, &guest->list));
		vtd_guest_submit(guest);
		break;
	case TRACE_ATTACH:
		ck_assert(vtd_driver_attach(guest->driver, group_of(guest, op)->domain, source_id, VTD_DRIVER_NO_PASID,
					    &guest->list));
		vtd_guest_submit(guest);
		guest->attaches++;
		break;
	case TRACE_UNMAP:
		unmap(guest, op);
		break;
	case TRACE_FLUSH_ALL:
		vtd_guest_flush_all(guest, op);
		break;
	case TRACE_MARK:
		vtd_guest_check_snapshot(guest, op);
		break;
	default:
		break;
	}
}

bool vtd_guest_begin(struct vtd_guest *guest, const char *name)
{
	if (!recording_open(&guest->recording, name))
		return false;
	recording_check_counts(&guest->recording);
	start(guest);
	order_init(&guest->order, guest->recording.trace);
	return true;
}

bool vtd_guest_step(struct vtd_guest *guest)
{
	struct order_event event;

	if (!order_next(&guest->order, &event))
		return false;
	if (event.kind == ORDER_ROW || event.kind == ORDER_SEGMENT)
		vtd_guest_moved_on(guest, event.op.cpu, event.op.begin_ps);
	if (event.kind == ORDER_ROW)
		row(guest, &event.op);
	else if (event.kind == ORDER_SEGMENT)
		segment(guest, &event);
	else
		sync(guest, &event.op);
	return true;
}

void vtd_guest_end(struct vtd_guest *guest)
{
	order_fini(&guest->order);
	vtd_guest_end_lazy(guest);
	for (uint16_t i = 0; i < trace_summary(guest->recording.trace)->devices; i++)
		vtd_driver_detach(guest->driver, trace_device(guest->recording.trace, i)->source_id, 0, &guest->list);
	for (unsigned i = 0; i < GROUPS_MAX; i++)
		vtd_domain_destroy(guest->group[i].domain);
	vtd_driver_destroy(guest->driver);
	ck_assert_uint_eq(frames_used(&guest->frames), 0);
	vtd_invalidations_fini(&guest->list);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		MUST(!guest->pending[i].used, "an unmap was never flushed");
		table_list_fini(&guest->pending[i].gather.freed);
	}
	free(guest->descriptor);
	frames_fini(&guest->frames);
	memory_destroy(guest->memory);
	recording_close(&guest->recording);
}
