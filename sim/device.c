/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"

/* ---- which TLP is next ---- */

static void job_advance(struct job *job)
{
	job->has_ready = transfer_next(&job->transfer, &job->ready);
	job->begun = true;
}

/*
 * The stages of a transfer follow one another: a descriptor, the list that it points to, the data (both ways:
 * reads, then writes), the completion.  Within one, TLPs are under way at once.
 */
static bool job_may_issue(struct job *job, ps_t now)
{
	if (now < job->not_before)
		return false;
	if (!job->begun)
		job_advance(job);
	return job->has_ready && (job->under_way == 0 || job->transfer.stage == job->stage);
}

static struct job *device_next(struct device *device, ps_t now)
{
	if (device->is_stopped)
		return NULL;
	for (struct job *job = device->first; job; job = job->next)
		if (job_may_issue(job, now))
			return job;
	return NULL;
}

/* The date from which a job not looked at yet may be; UINT64_MAX when there is none. */
static ps_t device_next_date(const struct device *device, ps_t now)
{
	ps_t date = UINT64_MAX;

	if (device->is_stopped)
		return date;
	for (const struct job *job = device->first; job; job = job->next)
		if (job->not_before > now && job->not_before < date)
			date = job->not_before;
	return date;
}

static iova_t bus_address(const struct job *job, iova_t iova)
{
	for (uint32_t i = 0; i < job->piece_count; i++)
		if (iova - job->pieces[i].iova < job->pieces[i].bytes)
			return iova - job->pieces[i].iova + job->pieces[i].bus;
	return iova; /* a ring: its address is the bus address */
}

static void device_finish(struct device *device, struct job *job, struct actor *actor)
{
	struct job **link = &device->first, *before = NULL;

	while (*link != job) {
		before = *link;
		link = &before->next;
	}
	*link = job->next;
	if (device->last == job)
		device->last = before;
	job->done(job, actor);
	if (!device->first)
		waiters_wake_all(&device->quiet, actor, 0);
}

/* ---- one TLP ---- */

enum tlp_phase {
	TLP_NONE,    /* looks for work */
	TLP_SENDS,   /* has one of the reads or writes that may be in flight */
	TLP_ARRIVES, /* at the IOMMU, its first lookup made */
	TLP_TRANSLATES,
	TLP_MOVED, /* its data, at memory */
	TLP_ENDS,
};

struct tlp_slot {
	struct actor actor; /* first */
	struct device *device;
	enum tlp_phase phase;
	unsigned generation;
	struct job *job;
	struct tlp tlp;
	iova_t bus;
	ps_t parts[RESULT_CAUSES];
	struct unit_request request;
};

static struct slots *slots_of(const struct tlp_slot *slot)
{
	return slot->tlp.write ? &slot->device->writes : &slot->device->reads;
}

static void tlp_send(struct tlp_slot *slot, struct actor *actor)
{
	struct device *device = slot->device;
	uint32_t overhead = device->config->device.tlp_overhead_bytes;
	const struct iommu_request request = { .source_id = device->source_id,
					       .iova = slot->bus,
					       .write = slot->tlp.write };

	memset(slot->parts, 0, sizeof(slot->parts));
	actor->parts = slot->parts; /* from here on: the wait for a credit is the device's own */
	link_send(&device->up, actor, slot->tlp.write ? overhead + slot->tlp.bytes : overhead, CAUSE_PCIE);
	unit_begin(device->unit, actor, &slot->request, &request);
	slot->phase = TLP_ARRIVES;
}

/* Nothing to send: waits for a date or for a doorbell. */
static void tlp_wait(struct tlp_slot *slot, struct actor *actor)
{
	ps_t date = device_next_date(slot->device, actor->now);

	if (date != UINT64_MAX)
		actor_wait_until(actor, date, CAUSE_QUEUE_WAIT);
	else
		actor_wait_ahead(actor, &slot->device->idle,
				 CAUSE_QUEUE_WAIT); /* used last, in the host's cache still */
}

/* Takes the next TLP and sends it, in one step: TLPs leave in the order in which they are taken. */
static void tlp_begin(struct tlp_slot *slot, struct actor *actor)
{
	struct device *device = slot->device;
	struct job *job = device_next(device, actor->now);

	if (!job) {
		tlp_wait(slot, actor);
		return;
	}
	slot->job = job;
	slot->tlp = job->ready;
	slot->bus = bus_address(job, slot->tlp.iova);
	job->stage = job->transfer.stage;
	job->under_way++;
	device->under_way++;
	job_advance(job);
	if (device_next(device, actor->now))
		waiters_wake_one(&device->idle, actor, 0);
	slot->phase = TLP_SENDS;
	if (slots_take(slots_of(slot), actor, CAUSE_QUEUE_WAIT))
		tlp_send(slot, actor);
}

static bool is_translated(const struct tlp_slot *slot)
{
	return slot->request.translation.status == IOMMU_TRANSLATED;
}

/* The address is known, or the request blocked. */
static void tlp_move(struct tlp_slot *slot, struct actor *actor)
{
	struct device *device = slot->device;
	const struct timing *timing = &device->config->timing;
	const struct tlp *tlp = &slot->tlp;

	if (is_translated(slot)) {
		actor_spend(actor, tlp->write ? timing->iommu.data_write : timing->iommu.data_read, CAUSE_MEMORY);
		device->result->counter[tlp->write ? COUNT_DMA_BYTES_WRITTEN : COUNT_DMA_BYTES_READ] += tlp->bytes;
		series_record(&device->result->series[RESULT_DMA_BYTES], actor->now, tlp->bytes);
		device->bytes += tlp->bytes;
		if (device->last_moved > 0 && actor->now > device->last_moved + device->longest_gap)
			device->longest_gap = actor->now - device->last_moved;
		if (actor->now > device->last_moved)
			device->last_moved = actor->now;
	}
	slot->phase = TLP_MOVED;
}

/*
 * The bridge has frozen the device's endpoint: no more of its transfers is sent, and they end with what is under way.
 * SIMPLIFIED: nobody resets it, so that it stays so for the rest of the run.
 */
static void device_freeze(struct device *device, struct actor *actor, const struct job *blocked)
{
	uint64_t *counter = device->result->counter;

	device->is_frozen = true;
	counter[COUNT_DEVICES_FROZEN]++;
	for (struct job *job = device->first, *next; job; job = next) {
		next = job->next;
		counter[COUNT_TRANSFERS_CUT] += job == blocked || !job->begun || job->has_ready;
		job->begun = true;
		job->has_ready = false;
		if (job->under_way == 0)
			device_finish(device, job, actor);
	}
}

/* And goes on to the next one. */
static void tlp_end(struct tlp_slot *slot, struct actor *actor)
{
	struct device *device = slot->device;
	struct result_scheme *result = device->result;

	result->counter[COUNT_TLPS]++;
	if (is_translated(slot))
		result_operation(result, slot->tlp.write ? RESULT_DMA_WRITE : RESULT_DMA_READ, slot->parts);
	else if (device->freezes && !device->is_frozen)
		device_freeze(device, actor, slot->job);
	actor->parts = actor->unclaimed;
	slots_give(slots_of(slot), actor);
	slot->phase = TLP_NONE;
	if (--device->under_way == 0 && device->is_stopped)
		waiters_wake_all(&device->drained, actor, 0);
	if (--slot->job->under_way == 0 && !slot->job->has_ready)
		device_finish(device, slot->job, actor);
	tlp_begin(slot, actor);
}

/* A read's completion goes back; one that is not successful carries no data. */
static void tlp_complete(struct tlp_slot *slot, struct actor *actor)
{
	struct device *device = slot->device;
	uint32_t data = is_translated(slot) ? slot->tlp.bytes : 0;

	unit_leave(device->unit, actor, slot->generation);
	if (slot->tlp.write) {
		tlp_end(slot, actor);
		return;
	}
	link_send(&device->down, actor, device->config->device.tlp_overhead_bytes + data, CAUSE_PCIE);
	slot->phase = TLP_ENDS;
}

static void tlp_translate(struct tlp_slot *slot, struct actor *actor)
{
	if (unit_step(slot->device->unit, actor, &slot->request))
		tlp_move(slot, actor);
}

static void slot_step(struct actor *actor)
{
	struct tlp_slot *slot = (struct tlp_slot *)actor;

	switch (slot->phase) {
	case TLP_NONE:
		tlp_begin(slot, actor);
		break;
	case TLP_SENDS:
		tlp_send(slot, actor);
		break;
	case TLP_ARRIVES:
		slot->generation = unit_enter(slot->device->unit, actor);
		slot->phase = TLP_TRANSLATES;
		tlp_translate(slot, actor);
		break;
	case TLP_TRANSLATES:
		tlp_translate(slot, actor);
		break;
	case TLP_MOVED:
		tlp_complete(slot, actor);
		break;
	case TLP_ENDS:
		tlp_end(slot, actor);
		break;
	}
}

/* ---- jobs ---- */

/* The device notices a doorbell some time after it was rung: this actor wakes a slot then. */
void device_submit(struct device *device, struct actor *actor, struct job *job)
{
	actor_touch(actor);
	if (device->is_frozen) {
		device->result->counter[COUNT_TRANSFERS_CUT]++;
		job->done(job, actor);
		return;
	}
	job->not_before =
		actor->now + device->config->timing.pcie.device_think + device->config->timing.pcie.link_latency;
	job->under_way = 0;
	job->begun = false;
	job->whole = job->transfer;
	job->next = NULL;
	if (device->last)
		device->last->next = job;
	else
		device->first = job;
	device->last = job;
	waiters_wake_one(&device->idle, actor, job->not_before - actor->now);
}

void device_stop(struct device *device, struct actor *actor)
{
	actor_touch(actor);
	device->is_stopped = true;
	while (device->under_way > 0)
		actor_wait(actor, &device->drained, CAUSE_QUEUE_WAIT);
}

void device_reset(struct device *device, struct actor *actor)
{
	actor_touch(actor);
	for (struct job *job = device->first; job; job = job->next) {
		device->result->counter[COUNT_TRANSFERS_LOST] += job->begun;
		job->transfer = job->whole;
		job->begun = false;
	}
}

void device_start(struct device *device, struct actor *actor)
{
	actor_touch(actor);
	device->is_stopped = false;
	waiters_wake_all(&device->idle, actor, 0);
}

void device_wait_quiet(struct device *device, struct actor *actor)
{
	actor_touch(actor);
	while (device->first) { /* again: another may have rung at the date of the wake-up */
		actor_wait(actor, &device->quiet, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
	}
}

void device_init(struct device *device, struct engine *engine, const struct config *config, struct unit *unit,
		 struct result_scheme *result, uint16_t source_id, uint32_t class_code, const char *name)
{
	struct endpoint_config endpoint = { .kind = config->device.pattern == DEVICE_AUTO
							    ? endpoint_kind_of_class(class_code)
						    : config->device.pattern == DEVICE_NVME ? ENDPOINT_NVME
											    : ENDPOINT_NIC,
					    .mps_bytes = config->device.mps_bytes,
					    .mrrs_bytes = config->device.mrrs_bytes,
					    .nic_descriptor_batch = config->device.nic_descriptor_batch };
	uint32_t slots = config->device.reads_in_flight + config->device.writes_in_flight;

	*device = (struct device){ .unit = unit, .config = config, .result = result, .source_id = source_id };
	endpoint_init(&device->endpoint, &endpoint);
	device->up = (struct link){ .bytes_per_s = config->device.link_bytes_per_s,
				    .latency = config->timing.pcie.link_latency };
	device->down = device->up;
	slots_init(&device->reads, config->device.reads_in_flight, 0);
	slots_init(&device->writes, config->device.writes_in_flight, 0);
	device->slots = heap_zeroed(slots, sizeof(*device->slots));
	for (uint32_t i = 0; i < slots; i++) {
		char label[32];

		snprintf(label, sizeof(label), "%.14s.%u", name, i);
		device->slots[i].device = device;
		engine_stepper(engine, &device->slots[i].actor, label, slot_step);
	}
}

void device_fini(struct device *device)
{
	free(device->slots);
}
