/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/guest.h"

#include <stdlib.h>

#include "models/base/require.h"
#include "sim/translation.h"

static void finish(struct machine *machine, struct actor *actor, enum result_op op, ps_t parts[RESULT_CAUSES])
{
	result_operation(machine->result, op, parts);
	if (machine->timeline)
		timeline_span(machine->timeline, actor->number, actor->name, op, actor->now, parts);
	actor->parts = actor->unclaimed;
}

unsigned guest_permissions(enum trace_direction direction)
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

struct domain *guest_domain(struct guest *guest, const struct trace_op *op)
{
	return op->device < guest->device_count ? guest->assignments[op->device].domain : NULL;
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
static void mapping_begin(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct mapping *mapping = mapping_create(&guest->mappings, op->index, vcpu->pieces, vcpu->piece_count);
	struct assignment *to = op->device < guest->device_count ? &guest->assignments[op->device] : NULL;

	mapping->machine = guest->machine;
	mapping->api = op->api;
	if (!to || !to->assigned || op->dma_bytes == 0)
		return;
	mapping->device = &to->device;
	if (op->api == TRACE_API_COHERENT) {
		actor_touch(actor);
		endpoint_add_ring(&to->device.endpoint, mapping->pieces[0].bus, op->dma_bytes);
	} else if (op->api == TRACE_API_PAGE || op->api == TRACE_API_SG) {
		unsigned permissions = guest_permissions(op->direction);

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
	struct machine *machine = vcpu->guest->machine;
	struct pause *pause = &vcpu->guest->pause;
	ps_t parts[RESULT_CAUSES] = { 0 };

	pause_enter(pause, actor);
	actor->parts = parts;
	if (!machine->translation->map(vcpu, actor, op)) { /* mapped twice, or for nobody: counted, not replayed */
		machine->result->counter[COUNT_OPERATIONS_SKIPPED]++;
		actor->parts = actor->unclaimed;
		pause_leave(pause, actor);
		return;
	}
	finish(machine, actor, RESULT_MAP, parts);
	mapping_begin(vcpu, actor, op);
	pause_leave(pause, actor);
}

static void vcpu_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	struct mapping *mapping = op->after == TRACE_NONE ? NULL : mapping_find(&guest->mappings, op->after);
	ps_t parts[RESULT_CAUSES] = { 0 };

	if (!mapping) { /* never mapped, or its map was skipped */
		machine->result->counter[COUNT_OPERATIONS_SKIPPED]++;
		return;
	}
	if (mapping->dma_pending) { /* else it was done before a date that is past */
		actor_touch(actor);
		while (mapping->dma_pending)
			actor_wait(actor, &mapping->dma_done, CAUSE_QUEUE_WAIT);
	}
	actor_wait_until(actor, mapping->dma_seen, CAUSE_QUEUE_WAIT);
	if (mapping->api == TRACE_API_COHERENT && mapping->device) {
		device_wait_quiet(mapping->device, actor);
		endpoint_remove_ring(&mapping->device->endpoint, mapping->pieces[0].bus);
	}
	pause_enter(&guest->pause, actor);
	actor->parts = parts;
	machine->translation->unmap(vcpu, actor, op, mapping);
	finish(machine, actor, RESULT_UNMAP, parts);
	mapping_destroy(&guest->mappings, mapping);
	pause_leave(&guest->pause, actor);
}

static void vcpu_attach(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct machine *machine = vcpu->guest->machine;
	struct domain *domain = guest_domain(vcpu->guest, op);
	ps_t parts[RESULT_CAUSES] = { 0 };

	if (!domain)
		return;
	pause_enter(&vcpu->guest->pause, actor);
	actor->parts = parts;
	if (machine->translation->attach(vcpu, actor, domain, op) && op->kind == TRACE_ATTACH)
		finish(machine, actor, RESULT_ATTACH, parts);
	actor->parts = actor->unclaimed;
	pause_leave(&vcpu->guest->pause, actor);
}

/* ---- the story ---- */

static void read_segments(struct vcpu *vcpu, const struct trace_op *op)
{
	struct err err = { 0 };

	if (op->segment_count >= vcpu->segment_capacity) {
		vcpu->segment_capacity = 2 * op->segment_count + 1;
		vcpu->segments = realloc(vcpu->segments, vcpu->segment_capacity * sizeof(*vcpu->segments));
		vcpu->pieces = realloc(vcpu->pieces, vcpu->segment_capacity * sizeof(*vcpu->pieces));
		REQUIRE(vcpu->segments && vcpu->pieces);
	}
	if (!trace_segments(vcpu->guest->machine->trace, op->first_segment, op->segment_count, vcpu->segments, &err))
		vcpu->guest->machine->fail(&err);
}

/* The pause before this row: as recorded between the rows, scaled; or until its recorded date; or both. */
static void think(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	const struct config *config = vcpu->guest->machine->config;

	if (config->replay.mode != REPLAY_RECORDED && op->begin_ps > vcpu->recorded_end) {
		u128_t gap = (u128_t)(op->begin_ps - vcpu->recorded_end) * config->replay.think_time_ppm / 1000000;

		ps_t begin = actor->now;

		actor_spend(actor, (ps_t)gap, CAUSE_GUEST_CPU);
		pause_computed(&vcpu->guest->pause, actor, begin);
	}
	if (config->replay.mode != REPLAY_DEPENDENCIES)
		actor_wait_until(actor, op->begin_ps, CAUSE_GUEST_CPU);
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
