/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "sim/machine.h"

/* ---- the guest's invalidation queue and command registers ---- */

/*
 * Queues the list's next submission and returns when it is done.  The tail is written under the queue's lock, and
 * where that write exits, the lock is held across the exit.  [LINUX] qi_submit_sync
 */
static void guest_queue(struct guest *guest, struct actor *actor, struct vtd_invalidations *list, bool trap)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct vtd_submission submission;

	slots_take(&guest->queue_lock, actor, CAUSE_QUEUE_WAIT);
	guest_compute(machine, actor, timing->guest.queue_submit, CAUSE_INVALIDATION);
	actor_touch(actor);
	while (vtd_driver_submit(guest->driver, list, &submission) == VTD_QUEUE_FULL) {
		actor_wait(actor, &guest->queue_space, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
	}
	machine->result->counter[COUNT_GUEST_COMMANDS] += submission.descriptors;
	if (trap) {
		host_queue_exit(guest, actor, submission.tail);
	} else {
		guest_compute(machine, actor, timing->guest.doorbell, CAUSE_INVALIDATION);
		actor_touch(actor);
		guest->unit->ops->register_write(guest->unit, VTD_REG_IQT, 8, submission.tail);
		waiters_wake_all(&guest->queue_idle, actor, 0);
	}
	slots_give(&guest->queue_lock, actor);
	unit_poll_status(&machine->unit, actor, submission.status_address + guest->view.offset,
			 submission.status_value);
	vtd_driver_complete(guest->driver, &submission);
	waiters_wake_all(&guest->queue_space, actor, 0);
}

/*
 * Gives the list's next command by registers: every access exits, the read that finds it done too, and the
 * registers' lock is held across them.  [LINUX] __iommu_flush_context, __iommu_flush_iotlb
 */
static void guest_command(struct guest *guest, struct actor *actor, struct vtd_invalidations *list)
{
	struct machine *machine = guest->machine;
	struct vtd_submission submission;
	const struct vtd_register_command *command = &submission.command;

	slots_take(&guest->register_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	enum vtd_submit what = vtd_driver_submit(guest->driver, list, &submission);

	REQUIRE(what == VTD_COMMAND);
	for (unsigned i = 0; i < command->writes; i++)
		host_write_exit(guest, actor, command->write[i].offset, command->write[i].bytes,
				command->write[i].value);
	machine->result->counter[command->way == VTD_BY_GLOBAL_COMMAND ? COUNT_WRITE_BUFFER_FLUSHES
								       : COUNT_GUEST_REGISTER_COMMANDS]++;
	uint64_t done = host_read_exit(guest, actor, command->done.offset, command->done.bytes);

	REQUIRE(!(done & command->done.busy)); /* the device model did it before the write returned */
	slots_give(&guest->register_lock, actor);
}

/* Does all that list holds, in order; each submission or command is an operation of its own. */
static void guest_submit(struct guest *guest, struct actor *actor, struct vtd_invalidations *list, bool trap)
{
	struct machine *machine = guest->machine;
	while (list->next < list->count) {
		ps_t *outer = actor->parts, parts[RESULT_CAUSES] = { 0 };
		enum vtd_way way = vtd_invalidations_way(list);

		actor->parts = parts;
		if (way == VTD_BY_QUEUE)
			guest_queue(guest, actor, list, trap);
		else
			guest_command(guest, actor, list);
		if (way != VTD_BY_GLOBAL_COMMAND)
			result_operation(machine->result, RESULT_INVALIDATE, parts);
		for (unsigned i = 0; i < RESULT_CAUSES; i++)
			outer[i] += parts[i];
		actor->parts = outer;
	}
	list->next = list->count = 0;
}

static bool guest_traps(const struct guest *guest)
{
	return guest->machine->scheme.doorbell == SCHEME_TRAP;
}

/* ---- deferred unmap ---- */

static void released(void *argument, struct flush_queue_entry *entry)
{
	struct domain *domain = argument;

	ranges_remove(&domain->awaiting_flush, entry->iova);
	vtd_domain_free_tables(domain->guest, &entry->freed);
}

static void flush_domain(struct domain *domain, struct actor *actor, struct vtd_invalidations *list)
{
	actor_touch(actor);
	flush_queue_begin(domain->flush_queue);
	vtd_domain_flush_all(domain->guest, list);
	guest_submit(domain->owner, actor, list, guest_traps(domain->owner));
	flush_queue_end(domain->flush_queue);
}

static void unmap_deferred(struct vcpu *vcpu, struct actor *actor, struct domain *domain, iova_t iova, uint64_t bytes,
			   struct table_list *freed)
{
	struct range range = { .first = iova, .last = iova + bytes - 1 };

	actor_touch(actor);
	flush_queue_release(domain->flush_queue, vcpu->number, released, domain);
	if (flush_queue_full(domain->flush_queue, vcpu->number)) {
		flush_domain(domain, actor, &vcpu->list);
		flush_queue_release(domain->flush_queue, vcpu->number, released, domain);
	}
	ranges_insert(&domain->awaiting_flush, &range);
	flush_queue_add(domain->flush_queue, vcpu->number, actor->now, iova, bytes, freed);
	waiters_wake_all(&domain->flush_armed, actor, 0);
}

/* The timer of one domain's flush queue; a daemon. */
void flush_timer_story(struct actor *actor, void *argument)
{
	struct domain *domain = argument;
	struct guest *guest = domain->owner;
	struct vtd_invalidations list = { 0 };

	for (;;) {
		actor_touch(actor);
		ps_t due = flush_queue_due(domain->flush_queue);

		if (due == FLUSH_QUEUE_NEVER) {
			actor_wait(actor, &domain->flush_armed, CAUSE_QUEUE_WAIT);
			continue;
		}
		actor_wait_until(actor, due, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
		flush_queue_fired(domain->flush_queue);
		flush_domain(domain, actor, &list);
		actor_touch(actor);
		for (uint16_t cpu = 0; cpu < guest->vcpu_count; cpu++)
			flush_queue_release(domain->flush_queue, cpu, released, domain);
	}
}

/*
 * Where a mapping lies in this run: as recorded, or with deferred unmap, when that range still awaits
 * its flush, the same offset some multiple of 4 GiB higher.
 * SIMPLIFIED: Linux would hand out another free IOVA; the recording has already chosen.
 */
static iova_t placed(const struct domain *domain, iova_t recorded, uint64_t bytes)
{
	iova_t iova = recorded;

	if (domain->flush_queue)
		while (ranges_find(&domain->awaiting_flush, iova, iova + bytes - 1))
			iova += UINT64_C(1) << 32;
	return iova;
}

/* ---- map ---- */

static void finish(struct machine *machine, struct actor *actor, enum result_op op, ps_t parts[RESULT_CAUSES])
{
	result_operation(machine->result, op, parts);
	if (machine->timeline)
		timeline_span(machine->timeline, actor->number, actor->name, op, actor->now, parts);
	actor->parts = actor->unclaimed;
}

static unsigned permissions_of(enum trace_direction direction)
{
	switch (direction) {
	case TRACE_TO_DEVICE:
		return PT_READ;
	case TRACE_FROM_DEVICE:
		return PT_WRITE;
	default:
		return PT_READ | PT_WRITE;
	}
}

static void charge_table(struct guest *guest, struct actor *actor, const struct map_work *work)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;

	guest_compute(machine, actor,
		      timing->guest.table_call + work->entries_written * timing->guest.entry_write +
			      work->tables_allocated * timing->guest.table_alloc +
			      work->tables_freed * timing->guest.table_free,
		      CAUSE_TABLE);
	if (!machine->config->iommu.snoop)
		guest_compute(machine, actor, map_work_lines(work) * timing->guest.entry_flush, CAUSE_FLUSH);
}

static struct domain *domain_of(struct guest *guest, const struct trace_op *op)
{
	return op->device < guest->device_count ? guest->assignments[op->device].domain : NULL;
}

/* Writes the operation's segments into the guest's table; false when a page of it is mapped already. */
static bool map_segments(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op,
			 iova_t iova)
{
	for (uint32_t i = 0; i < op->segment_count; i++) {
		const struct trace_segment *segment = &vcpu->segments[i];
		struct map_work work = { 0 };

		actor_touch(actor);
		enum map_status status = vtd_domain_map(domain->guest, segment->iova - op->iova + iova, segment->phys,
							segment->bytes, permissions_of(op->direction), &work);

		charge_table(vcpu->guest, actor, &work);
		if (status != MAP_OK)
			return false;
	}
	return true;
}

static void job_done(struct job *job, struct actor *actor)
{
	struct mapping *mapping = (struct mapping *)((char *)job - offsetof(struct mapping, job));

	ps_t interrupt = mapping->machine->timing->pcie.completion_interrupt;

	mapping->dma_pending = false;
	mapping->dma_seen = actor->now + interrupt;
	waiters_wake_all(&mapping->dma_done, actor, interrupt);
}

/* Remembers the mapping, and starts its DMA or gives the device its ring. */
static void mapping_begin(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, iova_t iova)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	bool direct = machine->scheme.translation == SCHEME_PASSTHROUGH;
	struct mapping *mapping = mapping_create(&guest->mappings, op->index, direct ? op->segment_count : 1);
	struct assignment *to = op->device < guest->device_count ? &guest->assignments[op->device] : NULL;

	mapping->machine = machine;
	mapping->api = op->api;
	mapping->iova = iova;
	mapping->bytes = op->bytes;
	mapping->pieces[0] = (struct piece){ .iova = op->iova, .bus = iova, .bytes = op->bytes };
	for (uint32_t i = 0; direct && i < op->segment_count; i++)
		mapping->pieces[i] = (struct piece){ .iova = vcpu->segments[i].iova,
						     .bus = vcpu->segments[i].phys,
						     .bytes = vcpu->segments[i].bytes };
	if (!to || !to->assigned || op->dma_bytes == 0)
		return;
	mapping->device = &to->device;
	if (op->api == TRACE_API_COHERENT) {
		actor_touch(actor);
		endpoint_add_ring(&to->device.endpoint, mapping->pieces[0].bus, op->dma_bytes);
	} else if (op->api == TRACE_API_PAGE || op->api == TRACE_API_SG) {
		unsigned permissions = permissions_of(op->direction);

		transfer_begin(&mapping->job.transfer, &to->device.endpoint, op->dma_address, op->dma_bytes,
			       permissions & PT_READ, permissions & PT_WRITE);
		mapping->job.pieces = mapping->pieces;
		mapping->job.piece_count = mapping->piece_count;
		mapping->job.done = job_done;
		mapping->dma_pending = true;
		device_submit(&to->device, actor, &mapping->job);
	}
}

static void vcpu_map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct domain *domain = domain_of(guest, op);
	ps_t parts[RESULT_CAUSES] = { 0 };
	iova_t iova = op->iova;
	bool mapped = true;

	actor->parts = parts;
	if (machine->scheme.translation == SCHEME_PASSTHROUGH) {
		guest_compute(machine, actor, timing->guest.dma_direct_map, CAUSE_GUEST_CPU);
	} else if (!domain) {
		mapped = false;
	} else {
		guest_compute(machine, actor, timing->guest.iova_alloc + timing->guest.map_other, CAUSE_GUEST_CPU);
		actor_touch(actor);
		iova = placed(domain, op->iova, op->bytes);
		mapped = map_segments(vcpu, actor, domain, op, iova);
		if (mapped) {
			vtd_domain_sync_map(domain->guest, iova, op->bytes, &vcpu->list);
			guest_submit(guest, actor, &vcpu->list, guest_traps(guest));
			vtd_domain_free_tables(domain->guest, &vcpu->list.replaced);
		}
	}
	if (!mapped) { /* mapped twice, or for nobody: counted, not replayed */
		machine->result->counter[COUNT_OPERATIONS_SKIPPED]++;
		actor->parts = actor->unclaimed;
		return;
	}
	finish(machine, actor, RESULT_MAP, parts);
	mapping_begin(vcpu, actor, op, iova);
}

/* ---- unmap ---- */

static void unmap_tables(struct vcpu *vcpu, struct actor *actor, struct domain *domain, iova_t iova, uint64_t bytes)
{
	struct guest *guest = vcpu->guest;
	struct map_work work = { 0 };
	struct vtd_gather gather = { 0 };
	bool deferred = domain->flush_queue != NULL;

	actor_touch(actor);
	enum map_status status =
		vtd_domain_unmap(domain->guest, iova, bytes, &gather, deferred ? NULL : &vcpu->list, &work);

	REQUIRE(status == MAP_OK);
	charge_table(guest, actor, &work);
	if (deferred) {
		unmap_deferred(vcpu, actor, domain, iova, bytes, &gather.freed);
	} else {
		vtd_domain_sync_unmap(domain->guest, &gather, &vcpu->list);
		guest_submit(guest, actor, &vcpu->list, guest_traps(guest));
		actor_touch(actor);
		vtd_domain_free_tables(domain->guest, &gather.freed);
	}
	table_list_fini(&gather.freed);
}

static void vcpu_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct mapping *mapping = op->after == TRACE_NONE ? NULL : mapping_find(&guest->mappings, op->after);
	ps_t parts[RESULT_CAUSES] = { 0 };

	if (!mapping) { /* never mapped, or its map was skipped */
		machine->result->counter[COUNT_OPERATIONS_SKIPPED]++;
		return;
	}
	actor_touch(actor);
	while (mapping->dma_pending)
		actor_wait(actor, &mapping->dma_done, CAUSE_QUEUE_WAIT);
	actor_wait_until(actor, mapping->dma_seen, CAUSE_QUEUE_WAIT);
	if (mapping->api == TRACE_API_COHERENT && mapping->device) {
		device_wait_quiet(mapping->device, actor);
		endpoint_remove_ring(&mapping->device->endpoint, mapping->pieces[0].bus);
	}
	actor->parts = parts;
	if (machine->scheme.translation == SCHEME_PASSTHROUGH) {
		guest_compute(machine, actor, timing->guest.dma_direct_unmap, CAUSE_GUEST_CPU);
	} else {
		guest_compute(machine, actor, timing->guest.iova_find + timing->guest.unmap_other, CAUSE_GUEST_CPU);
		unmap_tables(vcpu, actor, domain_of(guest, op), mapping->iova, mapping->bytes);
		guest_compute(machine, actor, timing->guest.iova_free, CAUSE_GUEST_CPU);
	}
	finish(machine, actor, RESULT_UNMAP, parts);
	mapping_destroy(&guest->mappings, mapping);
}

/* ---- devices ---- */

static void vcpu_attach(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	struct domain *domain = domain_of(guest, op);
	ps_t parts[RESULT_CAUSES] = { 0 };

	if (machine->scheme.translation == SCHEME_PASSTHROUGH || !domain)
		return;
	uint16_t source_id = trace_device(machine->trace, op->device)->source_id;

	actor->parts = parts;
	actor_touch(actor);
	bool placed_it = op->kind == TRACE_GROUP ? vtd_driver_probe(guest->driver, source_id, 0, &vcpu->list)
						 : vtd_driver_attach(guest->driver, domain->guest, source_id,
								     VTD_DRIVER_NO_PASID, &vcpu->list);

	if (!placed_it) {
		struct err err = { 0 };

		machine_no_id(machine, guest->driver, &err);
		machine->fail(&err);
	}
	guest_submit(guest, actor, &vcpu->list, true);
	if (op->kind == TRACE_ATTACH)
		finish(machine, actor, RESULT_ATTACH, parts);
	actor->parts = actor->unclaimed;
}

/* ---- the story ---- */

static void read_segments(struct vcpu *vcpu, const struct trace_op *op)
{
	struct err err = { 0 };

	if (op->segment_count > vcpu->segment_capacity) {
		vcpu->segment_capacity = 2 * op->segment_count;
		vcpu->segments = realloc(vcpu->segments, vcpu->segment_capacity * sizeof(*vcpu->segments));
		REQUIRE(vcpu->segments);
	}
	if (!trace_segments(vcpu->guest->machine->trace, op->first_segment, op->segment_count, vcpu->segments, &err))
		vcpu->guest->machine->fail(&err);
}

/* The pause before this row: as recorded between the rows, scaled; or until its recorded date. */
static void think(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	const struct config *config = vcpu->guest->machine->config;

	if (config->replay.mode == REPLAY_RECORDED) {
		actor_wait_until(actor, op->begin_ps, CAUSE_GUEST_CPU);
	} else if (op->begin_ps > vcpu->recorded_end) {
		u128_t gap = (u128_t)(op->begin_ps - vcpu->recorded_end) * config->replay.think_time_ppm / 1000000;

		actor_spend(actor, (ps_t)gap, CAUSE_GUEST_CPU);
	}
	if (op->end_ps > vcpu->recorded_end)
		vcpu->recorded_end = op->end_ps;
}

void vcpu_story(struct actor *actor, void *argument)
{
	struct vcpu *vcpu = argument;
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	struct trace_op op;
	struct err err = { 0 };

	while (trace_cursor_next(vcpu->rows, &op, &err) && op.index < guest->rows.capacity) {
		think(vcpu, actor, &op);
		if (op.after != TRACE_NONE)
			rows_done_wait(&guest->rows, actor, op.after);
		read_segments(vcpu, &op);
		if (op.kind == TRACE_MAP)
			vcpu_map(vcpu, actor, &op);
		else if (op.kind == TRACE_UNMAP)
			vcpu_unmap(vcpu, actor, &op);
		else if (op.kind == TRACE_GROUP || op.kind == TRACE_ATTACH)
			vcpu_attach(vcpu, actor, &op);
		rows_done_mark(&guest->rows, actor, op.index);
		machine->result->counter[COUNT_OPERATIONS_REPLAYED] += op.kind == TRACE_MAP || op.kind == TRACE_UNMAP;
		if (machine->progress)
			(*machine->progress)++;
	}
	if (err.kind != ERR_NONE)
		machine->fail(&err);
	for (uint16_t i = 0; i < guest->device_count; i++)
		if (guest->assignments[i].assigned)
			device_wait_quiet(&guest->assignments[i].device, actor);
	if (actor->now > guest->end)
		guest->end = actor->now;
	if (actor->now > machine->result->counter[COUNT_DURATION_PS])
		machine->result->counter[COUNT_DURATION_PS] = actor->now;
}
