/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/device.h"

#include <stdio.h>
#include <string.h>

#include "models/base/require.h"

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
	for (struct job *job = device->first; job; job = job->next)
		if (job_may_issue(job, now))
			return job;
	return NULL;
}

/* The date from which a job not looked at yet may be; UINT64_MAX when there is none. */
static ps_t device_next_date(const struct device *device, ps_t now)
{
	ps_t date = UINT64_MAX;

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

static void tlp_move(struct device *device, struct actor *actor, const struct tlp *tlp, iova_t bus)
{
	const struct timing *timing = &device->config->timing;
	uint32_t overhead = device->config->device.tlp_overhead_bytes;
	struct iommu_request request = { .source_id = device->source_id, .iova = bus, .write = tlp->write };
	struct iommu_translation translation;
	ps_t parts[RESULT_CAUSES] = { 0 };

	slots_take(tlp->write ? &device->writes : &device->reads, actor, CAUSE_QUEUE_WAIT);
	actor->parts = parts; /* from here on: the wait for a credit is the device's own */
	link_send(&device->up, actor, tlp->write ? overhead + tlp->bytes : overhead, CAUSE_PCIE);
	unsigned generation = unit_enter(device->unit, actor);

	unit_translate(device->unit, actor, &request, &translation);
	if (translation.status == IOMMU_TRANSLATED) {
		actor_spend(actor, tlp->write ? timing->iommu.data_write : timing->iommu.data_read, CAUSE_MEMORY);
		device->result->counter[tlp->write ? COUNT_DMA_BYTES_WRITTEN : COUNT_DMA_BYTES_READ] += tlp->bytes;
		series_record(&device->result->series[RESULT_DMA_BYTES], actor->now, tlp->bytes);
	}
	unit_leave(device->unit, actor, generation);
	if (!tlp->write) { /* a completion that is not successful carries no data */
		uint32_t data = translation.status == IOMMU_TRANSLATED ? tlp->bytes : 0;

		link_send(&device->down, actor, overhead + data, CAUSE_PCIE);
	}
	device->result->counter[COUNT_TLPS]++;
	if (translation.status == IOMMU_TRANSLATED)
		result_operation(device->result, tlp->write ? RESULT_DMA_WRITE : RESULT_DMA_READ, parts);
	actor->parts = actor->unclaimed;
	slots_give(tlp->write ? &device->writes : &device->reads, actor);
}

static void slot_story(struct actor *actor, void *argument)
{
	struct device *device = argument;

	for (;;) {
		actor_touch(actor);
		struct job *job = device_next(device, actor->now);

		if (!job) {
			ps_t date = device_next_date(device, actor->now);

			if (date != UINT64_MAX)
				actor_wait_until(actor, date, CAUSE_QUEUE_WAIT);
			else
				actor_wait(actor, &device->idle, CAUSE_QUEUE_WAIT);
			continue;
		}
		struct tlp tlp = job->ready;

		job->stage = job->transfer.stage;
		job->under_way++;
		job_advance(job);
		if (device_next(device, actor->now))
			waiters_wake_one(&device->idle, actor, 0);
		tlp_move(device, actor, &tlp, bus_address(job, tlp.iova));
		actor_touch(actor);
		job->under_way--;
		if (job->under_way == 0 && !job->has_ready)
			device_finish(device, job, actor);
	}
}

/* ---- jobs ---- */

/* The device notices a doorbell some time after it was rung: this actor wakes a slot then. */
void device_submit(struct device *device, struct actor *actor, struct job *job)
{
	actor_touch(actor);
	job->not_before =
		actor->now + device->config->timing.pcie.device_think + device->config->timing.pcie.link_latency;
	job->under_way = 0;
	job->begun = false;
	job->next = NULL;
	if (device->last)
		device->last->next = job;
	else
		device->first = job;
	device->last = job;
	waiters_wake_one(&device->idle, actor, job->not_before - actor->now);
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
	for (uint32_t i = 0; i < slots; i++) {
		char label[32];

		snprintf(label, sizeof(label), "%.14s.%u", name, i);
		engine_actor(engine, label, slot_story, device, true);
	}
}
