/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/update.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/software/iommufd_ioas.h"
#include "models/software/type1.h"
#include "sim/guest_memory.h"
#include "sim/host.h"
#include "sim/translation.h"
#include "sim/vtd_host.h"

/* Where the new process sees guest-physical address 0. */
#define NEW_VADDR UINT64_C(0x7e0000000000)

#define ACCESS_BYTES PAGE_BYTES /* of a mediated device */

struct update_kind {
	bool starts_ahead;   /* the new process, while the guest runs */
	bool keeps_mappings; /* else devices are stopped, and all is unmapped */
	bool new_kernel;
};

static const struct update_kind kinds[] = {
	[UPDATE_TRANSFER] = { .starts_ahead = true, .keeps_mappings = true },
	[UPDATE_EXEC] = { .keeps_mappings = true },
	[UPDATE_COLD] = { .new_kernel = false },
	[UPDATE_KEEPALIVE] = { .keeps_mappings = true, .new_kernel = true },
	[UPDATE_KEXEC] = { .new_kernel = true },
};

static void fail(struct machine *machine, const char *call, int error, const char *mend)
{
	struct err err = { 0 };

	err_set(&err, ERR_CHECK, "scheme %s: %s was refused (%s): %s", machine->scheme.name, call, strerror(error),
		mend);
	machine->fail(&err);
}

static void spend(struct machine *machine, struct actor *actor, ps_t price)
{
	host_compute(machine, actor, price, CAUSE_HANDOVER);
}

static void charge(struct guest *guest, struct actor *actor, struct host_work *work)
{
	host_charge(guest, actor, work);
	*work = (struct host_work){ 0 };
}

/* ---- mappings that stay ---- */

/* VFIO_IOMMU_UNMAP_DMA, all, with VFIO_DMA_UNMAP_FLAG_VADDR: one call for each container. */
static void invalidate_vaddrs(struct guest *guest, struct actor *actor)
{
	const struct type1_unmap all = { .flags = TYPE1_UNMAP_VADDR | TYPE1_UNMAP_ALL };
	struct host_container of;

	for (uint32_t i = 0; guest->machine->translation->container(guest, i, &of); i++) {
		struct host_work work = { 0 };
		struct unmap_call call;

		if (!of.type1)
			continue;
		actor_touch(actor);
		int error = type1_unmap_request(of.type1, &call, &all, &work);

		charge(guest, actor, &work);
		if (error)
			fail(guest->machine, "VFIO_IOMMU_UNMAP_DMA with the VADDR flag", error,
			     "a container with a mediated device is not updated: set update.mediated_period = 0 or "
			     "update.kernel = 5.15");
	}
}

/* VFIO_IOMMU_MAP_DMA with VFIO_DMA_MAP_FLAG_VADDR: one call for each mapping. */
static void update_vaddrs(struct guest *guest, struct actor *actor, struct type1 *type1)
{
	const struct range *range;

	type1->container.config.process = guest->process;
	for (iova_t next = 0; (range = ranges_find(&type1->container.mappings, next, UINT64_MAX));) {
		struct host_work work = { 0 };
		iova_t first = range->first, last = range->last;

		actor_touch(actor);
		int error =
			type1_vaddr_update(type1, guest->process, first, guest->vaddr + first, last - first + 1, &work);

		charge(guest, actor, &work);
		if (error)
			fail(guest->machine, "VFIO_IOMMU_MAP_DMA with the VADDR flag", error,
			     "raise machine.memlock_limit_bytes or set it to 0");
		if (last == UINT64_MAX)
			break;
		next = last + 1;
	}
}

/* IOMMU_IOAS_CHANGE_PROCESS: all is charged to the new process before anything is taken back from the old one. */
static void change_process(struct guest *guest, struct actor *actor, struct ioas *ioas)
{
	const struct iommufd_source to = host_source(guest);
	struct host_work work = { .ioctls = 1 };
	struct ioas_area *area;
	uint64_t pages = 0;

	actor_touch(actor);
	for (iova_t next = 0; (area = ioas_find(ioas, next, UINT64_MAX)); next = area->iova.last + 1)
		pages += iommufd_pages_moves(area->pages, &to) ? area->pages->charged_pages : 0;

	int error = iommufd_source_charge(&to, pages, &work);

	for (iova_t next = 0; !error && (area = ioas_find(ioas, next, UINT64_MAX)); next = area->iova.last + 1)
		iommufd_pages_move(area->pages, &to, &work);
	charge(guest, actor, &work);
	if (error)
		fail(guest->machine, "IOMMU_IOAS_CHANGE_PROCESS", error,
		     "raise machine.memlock_limit_bytes or set it to 0");
}

static void adopt(struct guest *guest, struct actor *actor)
{
	struct host_container of;

	for (uint32_t i = 0; guest->machine->translation->container(guest, i, &of); i++) {
		if (of.type1)
			update_vaddrs(guest, actor, of.type1);
		else
			change_process(guest, actor, of.ioas);
	}
}

/* What of the host's tables is handed over, and taken over again: a price for each page of them. */
static void hand_over_tables(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;

	spend(machine, actor, frames_used(&machine->host_frames) * machine->timing->handover.preserve_table);
}

/* ---- mappings that go ---- */

static void each_device(struct guest *guest, struct actor *actor, void (*what)(struct device *, struct actor *))
{
	for (uint16_t i = 0; i < guest->device_count; i++)
		if (guest->assignments[i].assigned)
			what(&guest->assignments[i].device, actor);
}

/* The process ends: its containers are closed. */
static void unmap_all(struct guest *guest, struct actor *actor)
{
	struct host_container of;

	for (uint32_t i = 0; guest->machine->translation->container(guest, i, &of); i++) {
		struct host_work work = { 0 };
		struct ioas_unmap_call areas;
		struct unmap_call mappings;

		actor_touch(actor);
		if (of.type1)
			type1_unmap_all_begin(of.type1, &mappings, &work);
		else
			ioas_unmap_all_begin(&areas, &work);
		while (of.type1 ? type1_unmap_step(of.type1, &mappings, &work)
				: ioas_unmap_step(of.ioas, &areas, &work)) {
			charge(guest, actor, &work);
			vtd_host_flush(guest->machine, actor, of.host);
		}
		charge(guest, actor, &work);
	}
}

/* As when the guest started; its pages are there. */
static void map_all(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;
	struct host_container of;
	int error = 0;

	for (uint32_t i = 0; machine->translation->container(guest, i, &of); i++)
		if (of.type1)
			of.type1->container.config.process = guest->process;
	for (unsigned i = 0; i < GUEST_SLOTS && !error; i++) {
		struct guest_slot slot = guest_slot(machine->config, i);
		struct host_work work = { 0 };

		actor_touch(actor);
		if (slot.bytes > 0)
			error = machine->translation->start_memory(guest, slot.gpa, slot.bytes, &work);
		charge(guest, actor, &work);
	}
	if (error)
		fail(machine, "mapping the guest's memory anew", error,
		     "raise machine.memlock_limit_bytes or set it to 0");
	for (uint32_t i = 0; machine->translation->container(guest, i, &of); i++) {
		vtd_host_submit(machine, actor, of.host->list);
		vtd_domain_free_tables(of.host->domain, &of.host->list->replaced);
	}
}

/* ---- the whole ---- */

/* The new process has the guest's memory at other addresses. */
static void start_process(struct guest *guest)
{
	struct process *old = guest->process;
	struct area ram = *process_area(old, guest->vaddr);

	guest->old_process = old;
	guest->process = heap_zeroed(1, sizeof(*guest->process));
	guest->vaddr = ram.vaddr = NEW_VADDR;
	process_init(guest->process, &guest->pins, guest->machine->config->machine.memlock_limit_bytes);
	process_add_area(guest->process, &ram);
}

static void end_process(struct guest *guest, struct actor *actor)
{
	struct host_work work = { 0 };

	actor_touch(actor);
	process_exit(guest->old_process);
	host_count(guest, &work, actor->now); /* nobody is charged any more for what only it was charged for */
}

/* The host's own accesses go on. */
static void answer(struct guest *guest, struct actor *actor)
{
	actor_touch(actor);
	guest->is_away = false;
	guest->adopted_at = actor->now;
	waiters_wake_all(&guest->adopted, actor, 0);
}

static void replace(struct guest *guest, struct actor *actor, const struct update_kind *kind)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;

	if (kind->keeps_mappings) {
		invalidate_vaddrs(guest, actor);
	} else {
		each_device(guest, actor, device_stop);
		unmap_all(guest, actor);
	}
	spend(machine, actor, timing->handover.save);
	actor_touch(actor);
	start_process(guest);
	if (!kind->starts_ahead)
		end_process(guest, actor);
	if (kind->new_kernel) {
		if (kind->keeps_mappings)
			hand_over_tables(guest, actor);
		spend(machine, actor, timing->handover.kexec);
		if (kind->keeps_mappings)
			hand_over_tables(guest, actor);
	}
	if (!kind->starts_ahead)
		spend(machine, actor, timing->handover.exec);
	if (kind->keeps_mappings) {
		adopt(guest, actor);
		answer(guest, actor);
	} else {
		map_all(guest, actor);
		spend(machine, actor, timing->handover.device_reset);
		each_device(guest, actor, device_reset);
		answer(guest, actor);
	}
	if (kind->starts_ahead)
		end_process(guest, actor);
	spend(machine, actor, timing->handover.load);
	each_device(guest, actor, device_start);
}

static void update_story(struct actor *actor, void *argument)
{
	struct guest *guest = argument;
	struct machine *machine = guest->machine;
	const struct update_kind *kind = &kinds[machine->config->update.kind];
	ps_t parts[RESULT_CAUSES] = { 0 };

	actor_wait_until(actor, machine->config->update.at, CAUSE_QUEUE_WAIT);
	if (kind->starts_ahead)
		spend(machine, actor, machine->timing->handover.exec);
	actor->parts = parts;
	pause_begin(&guest->pause, actor);
	guest->is_away = !kind->keeps_mappings || kind->new_kernel;
	replace(guest, actor, kind);
	pause_end(&guest->pause, actor);
	result_operation(machine->result, RESULT_BLACKOUT, parts);
	actor->parts = actor->unclaimed;
}

/* ---- a mediated device ---- */

/* False: not now.  Its memory lies behind the first container. */
static bool access_memory(struct guest *guest)
{
	struct host_container of;
	int error = 0;

	if (guest->is_away)
		return false;
	if (guest->machine->translation->container(guest, 0, &of) && of.type1 &&
	    type1_access(of.type1, 0, ACCESS_BYTES, true, &error) == TYPE1_HOST_WAITS)
		return false;
	if (error)
		fail(guest->machine, "an access by the host", error, "set update.mediated_period = 0");
	return true;
}

/* What a request has waited that was due at this date, while an earlier one was served. */
static void count_delay(const struct guest *guest, struct actor *actor, ps_t due)
{
	ps_t adopted = guest->adopted_at < due ? due : guest->adopted_at;

	if (actor->now <= due)
		return;
	adopted = adopted < actor->now ? adopted : actor->now;
	actor->parts[CAUSE_HANDOVER] += adopted - due;
	actor->parts[CAUSE_QUEUE_WAIT] += actor->now - adopted;
}

/* A page is asked for every so often, whatever becomes of the request before; one is served after the other.  A daemon. */
static void mediated_story(struct actor *actor, void *argument)
{
	struct guest *guest = argument;
	struct machine *machine = guest->machine;

	for (ps_t next = machine->config->update.mediated_period;; next += machine->config->update.mediated_period) {
		ps_t parts[RESULT_CAUSES] = { 0 };

		actor_wait_until(actor, next, CAUSE_QUEUE_WAIT);
		actor->parts = parts;
		actor_touch(actor);
		count_delay(guest, actor, next);
		while (!access_memory(guest))
			actor_wait(actor, &guest->adopted, CAUSE_HANDOVER);
		host_compute(machine, actor, machine->timing->host.guest_access, CAUSE_MEMORY);
		result_operation(machine->result, RESULT_HOST_ACCESS, parts);
		actor->parts = actor->unclaimed;
	}
}

/* ---- before the clock runs ---- */

bool update_check(const struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	const char *problem = NULL;

	if (config->update.kind == UPDATE_NONE && config->update.mediated_period == 0)
		return true;
	if (!machine->translation->all_memory || !machine->translation->container ||
	    machine->scheme.pin != SCHEME_PIN_AT_START)
		problem = "it is modelled where all memory is mapped and pinned at start";
	else if (config->unplug.bytes > 0)
		problem = "it is modelled without unplug.bytes";
	if (!problem)
		return true;
	return err_set(err, ERR_USAGE, "update.kind: scheme %s: %s", machine->scheme.name, problem);
}

/* A mediated device joins the first container. */
static bool join(struct guest *guest, struct err *err)
{
	struct host_work work = { 0 };
	struct host_container of;

	if (!guest->machine->translation->container(guest, 0, &of) || !of.type1)
		return true;

	struct vfio_group *group = heap_zeroed(1, sizeof(*group));

	group->kind = VFIO_GROUP_EMULATED;
	int error = type1_attach(of.type1, group, &work);

	return !error || err_set(err, ERR_CHECK, "scheme %s: a mediated device cannot join the container (%s)",
				 guest->machine->scheme.name, strerror(error));
}

bool update_create(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	char name[32];

	if (config->update.kind != UPDATE_NONE) {
		snprintf(name, sizeof(name), "update %u", guest->number);
		engine_actor(&machine->engine, name, update_story, guest, false);
	}
	if (config->update.mediated_period == 0)
		return true;
	snprintf(name, sizeof(name), "mediated %u", guest->number);
	engine_actor(&machine->engine, name, mediated_story, guest, true);
	return join(guest, err);
}
