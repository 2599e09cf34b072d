/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/unplug.h"

#include <errno.h>
#include <stdio.h>

#include "models/base/require.h"
#include "models/software/iommufd.h"
#include "models/software/split.h"
#include "models/software/type1.h"
#include "sim/guest_memory.h"
#include "sim/host.h"
#include "sim/translation.h"
#include "sim/vtd_host.h"

phys_t unplug_first(const struct config *config)
{
	return config->unplug.bytes > 0 ? guest_memory_end(config) - config->unplug.bytes : UINT64_MAX;
}

static bool refuse(const struct machine *machine, const char *why, struct err *err)
{
	return err_set(err, ERR_USAGE, "unplug.bytes = %llu: %s (scheme %s)",
		       (unsigned long long)machine->config->unplug.bytes, why, machine->scheme.name);
}

bool unplug_check(const struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct guest_slot high = guest_slot(config, 1);

	if (config->unplug.bytes == 0)
		return true;
	if (!machine->translation->all_memory || !machine->translation->container)
		return refuse(machine,
			      "the scheme does not map the guest's memory at start, so nothing is to be unmapped", err);
	if (config->unplug.bytes > high.bytes)
		return refuse(machine,
			      "more than the guest has above 4 GiB: raise machine.guest_ram_bytes or lower "
			      "machine.guest_low_bytes",
			      err);
	if (config->unplug.bytes % config->unplug.block_bytes != 0)
		return refuse(machine, "must be whole blocks of unplug.block_bytes", err);
	return true;
}

/* ---- one block in one container ---- */

/* The table's mapping and leaves begin at `at` afterwards, if the kernel could. */
static int split(struct guest *guest, struct actor *actor, struct host_container *of, phys_t at)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };

	if (of->type1 && of->type1->entries_left == 0)
		return ENOSPC;

	int error = of->type1 ? container_split(&of->type1->container, at, &work) : ioas_split(of->ioas, at, &work);

	if (of->type1)
		of->type1->entries_left -= (uint32_t)work.mappings_inserted;
	machine->result->counter[COUNT_UNPLUG_SPLITS] += work.mappings_inserted;
	host_charge(guest, actor, &work);
	vtd_host_submit(machine, actor, of->host->list);
	return error;
}

/* What the last step took out of the table is invalidated, and the work of it paid. */
static void flush(struct guest *guest, struct actor *actor, struct host_container *of, struct host_work *work)
{
	host_charge(guest, actor, work);
	*work = (struct host_work){ 0 };
	vtd_host_flush(guest->machine, actor, of->host);
}

/* VFIO_IOMMU_UNMAP_DMA: how many bytes went; *error. */
static uint64_t type1_unmap(struct guest *guest, struct actor *actor, struct host_container *of, phys_t gpa,
			    uint64_t bytes, int *error)
{
	struct host_work work = { 0 };
	struct unmap_call call = { 0 };

	*error = type1_unmap_begin(of->type1, &call, gpa, bytes, &work);
	while (!*error && type1_unmap_step(of->type1, &call, &work))
		flush(guest, actor, of, &work);
	host_charge(guest, actor, &work);
	return call.bytes;
}

/* IOMMU_IOAS_UNMAP. */
static uint64_t iommufd_unmap(struct guest *guest, struct actor *actor, struct host_container *of, phys_t gpa,
			      uint64_t bytes, int *error)
{
	struct host_work work = { .ioctls = 1 };
	struct ioas_unmap_call call = { 0 };

	*error = ioas_unmap_begin(&call, gpa, bytes, &work);
	while (!*error && ioas_unmap_step(of->ioas, &call, &work))
		flush(guest, actor, of, &work);
	host_charge(guest, actor, &work);
	*error = *error ? *error : call.error;
	return call.bytes;
}

static void unmap(struct guest *guest, struct actor *actor, struct host_container *of, phys_t gpa, uint64_t bytes)
{
	uint64_t *counter = guest->machine->result->counter;
	int error = 0;

	slots_take(of->lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	if (guest->machine->config->unplug.split)
		error = split(guest, actor, of, gpa);
	if (!error && guest->machine->config->unplug.split)
		error = split(guest, actor, of, gpa + bytes);
	if (!error)
		counter[COUNT_UNPLUG_UNMAPPED_BYTES] +=
			(of->type1 ? type1_unmap : iommufd_unmap)(guest, actor, of, gpa, bytes, &error);
	slots_give(of->lock, actor);
	counter[COUNT_UNPLUG_REFUSED] += error != 0;
}

/* ---- all of it ---- */

static void unplug_story(struct actor *actor, void *argument)
{
	struct guest *guest = argument;
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	uint64_t *counter = machine->result->counter;
	phys_t first = unplug_first(config);
	struct host_container of;

	actor_wait_until(actor, config->unplug.at, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	for (phys_t gpa = guest_memory_end(config); gpa > first;) {
		ps_t parts[RESULT_CAUSES] = { 0 };
		uint64_t pinned = guest->pins.pages;

		gpa -= config->unplug.block_bytes;
		actor->parts = parts;
		for (uint32_t i = 0; machine->translation->container(guest, i, &of); i++)
			unmap(guest, actor, &of, gpa, config->unplug.block_bytes);
		result_operation(machine->result, RESULT_UNPLUG, parts);
		actor->parts = actor->unclaimed;
		counter[COUNT_UNPLUG_ASKED_BYTES] += config->unplug.block_bytes;
		counter[COUNT_UNPLUG_RECLAIMED_BYTES] += (pinned - guest->pins.pages) * PAGE_BYTES;
	}
}

void unplug_create(struct guest *guest)
{
	char name[32];

	if (guest->machine->config->unplug.bytes == 0)
		return;
	snprintf(name, sizeof(name), "manager %u", guest->number);
	engine_actor(&guest->machine->engine, name, unplug_story, guest, false);
}
