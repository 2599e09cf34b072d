/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest owns a first stage, the host a second stage that maps all of the guest's memory.  Attaching and, with the
 * doorbell trapped, invalidating exit to the device model; a hardware queue takes invalidations without an exit.
 */
#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/iommufd.h"
#include "sim/guest_memory.h"
#include "sim/host.h"
#include "sim/units.h"
#include "sim/vtd_emulator.h"
#include "sim/vtd_guest.h"
#include "sim/vtd_host.h"

struct nested_guest {
	struct host_domain parent; /* guest-physical to host-physical */
	struct vtd_invalidations list;
	struct iommufd_domain domain; /* parent, as iommufd has it */
	struct ioas ioas;             /* with that one domain */
	struct slots lock;
	struct iommufd_file ram; /* the guest's memory */
};

struct nested_device {
	struct host_domain host; /* the guest's first stage over parent, while attached */
	struct vtd_invalidations list;
	struct nested_hwpt hwpt;
};

/* ---- calls of the device model ---- */

/* The guest's first stage is put over the host's second stage: a nested HWPT, attached in place of what was. */
static void attach(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct nested_device *own = to->nested;
	struct host_work work = { .ioctls = 1 }; /* the attach; the allocation counts itself */
	struct vtd_domain *before = own->host.domain;

	actor_touch(actor);
	bool five_level = machine->config->iommu.guest_levels == 5;
	int error = nested_hwpt_init(&own->hwpt, &guest->nested->ioas, &call->s1, five_level, &work);

	if (error)
		host_refused(machine, "IOMMU_HWPT_ALLOC", error, call->s1.root);
	own->host.domain = vtd_domain_create_nested(machine->vtd->driver, guest->nested->parent.domain, call->s1.root,
						    call->s1.levels);
	REQUIRE(own->host.domain);
	if (!vtd_driver_attach(machine->vtd->driver, own->host.domain, to->device.source_id, VTD_DRIVER_NO_PASID,
			       own->host.list)) {
		struct err err = { 0 };

		vtd_no_id(machine, machine->vtd->driver, &err);
		machine->fail(&err);
	}
	host_charge(guest, actor, &work);
	vtd_host_submit(machine, actor, own->host.list);
	if (before)
		vtd_domain_destroy(before);
}

static void detach(struct guest *guest, struct actor *actor, struct assignment *to)
{
	struct machine *machine = guest->machine;
	struct nested_device *own = to->nested;
	struct host_work work = { .ioctls = 2 }; /* detach, destroy */

	actor_touch(actor);
	vtd_driver_detach(machine->vtd->driver, to->device.source_id, VTD_DRIVER_NO_PASID, own->host.list);
	host_charge(guest, actor, &work);
	vtd_host_submit(machine, actor, own->host.list);
	vtd_domain_destroy(own->host.domain);
	own->host.domain = NULL;
}

/* What the hardware is told for one accepted invalidation of a guest's first stage. */
static void nested_flush(struct nested_device *own, const struct vtd_s1_invalidation *what)
{
	if (what->npages == UINT64_MAX)
		vtd_domain_flush_all(own->host.domain, own->host.list);
	else
		vtd_domain_flush_range(own->host.domain, what->addr, what->addr + what->npages * PAGE_BYTES - 1,
				       what->leaf, own->host.list);
}

static void invalidate(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };
	unsigned accepted;

	actor_touch(actor);
	int error = nested_hwpt_invalidate(&call->invalidation, 1, &accepted, &work);

	host_charge(guest, actor, &work);
	if (error)
		host_refused(machine, "IOMMU_HWPT_INVALIDATE", error, call->invalidation.addr);
	host_compute(machine, actor, machine->timing->host.invalidate_forward, CAUSE_INVALIDATION);
	nested_flush(to->nested, &call->invalidation);
	vtd_host_submit(machine, actor, to->nested->host.list);
}

static void nested_call(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	if (call->kind == VIOMMU_ATTACH) {
		attach(guest, actor, to, call);
	} else if (call->kind == VIOMMU_DETACH) {
		detach(guest, actor, to);
	} else {
		REQUIRE(call->kind == VIOMMU_INVALIDATE);
		invalidate(guest, actor, to, call);
	}
}

/* ---- the guest's hardware queue ---- */

/*
 * Carries out one guest descriptor in the hardware unit, the guest's domain exchanged for the host's.
 * SIMPLIFIED: no shipping VT-d unit has such a queue; its engine runs beside the host's and
 * pays the same prices.
 */
static void guest_queue_execute(struct guest *guest, struct actor *actor, const uint64_t word[2])
{
	struct machine *machine = guest->machine;
	struct viommu_command command;
	struct viommu_call call;

	viommu_begin(&guest->vtd->viommu, &command, word);
	while (viommu_next(&guest->vtd->viommu, &command, &call)) {
		struct nested_device *to = guest->vtd->assignment[call.space]->nested;

		REQUIRE(call.kind == VIOMMU_INVALIDATE); /* attaching always exits */
		nested_flush(to, &call.invalidation);
		for (size_t i = 0; i < to->host.list->count; i++)
			unit_execute(&machine->unit, actor, to->host.list->item[i].word);
		to->host.list->next = to->host.list->count = 0;
	}
}

static void guest_queue_story(struct actor *actor, void *argument)
{
	struct guest *guest = argument;
	struct machine *machine = guest->machine;
	struct iommu *virtual_unit = guest->vtd->unit;
	struct iommu_command command;

	for (;;) {
		actor_touch(actor);
		if (!virtual_unit->ops->command_begin(virtual_unit, &command)) {
			actor_wait(actor, &guest->vtd->queue_idle, CAUSE_QUEUE_WAIT);
			continue;
		}
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			bool is_status = command.access.want == IOMMU_WANTS_WRITE;
			phys_t address = command.access.address + guest->view.offset;

			actor_spend(actor,
				    is_status ? machine->timing->iommu.status_write
					      : machine->timing->iommu.descriptor_fetch,
				    CAUSE_INVALIDATION);
			actor_touch(actor);
			vtd_emulator_access(guest, &command);
			if (is_status)
				unit_status_written(&machine->unit, actor, address);
			else if (command.kind != IOMMU_COMMAND_WAIT)
				guest_queue_execute(guest, actor, command.word);
		}
	}
}

/* ---- putting together ---- */

static iova_t iova_limit(const struct config *config, const char **what)
{
	*what = "virtual.input_width and iommu.guest_levels give the guest's unit";
	return units_guest_last(config, true);
}

static bool create_guest(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	struct nested_guest *own = guest->nested = heap_zeroed(1, sizeof(*own));
	struct host_work work = { 0 };

	vtd_host_domain(machine, &own->parent, &own->list);
	own->domain = (struct iommufd_domain){ .table = host_table_of_domain(&own->parent),
					       .page_sizes = PAGE_BYTES,
					       .iova_last = units_host_last(machine->config),
					       .needs_permission = true };
	ioas_init(&own->ioas);
	REQUIRE(!ioas_reserve(&own->ioas, (struct iova_span){ INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST }, own));
	REQUIRE(!ioas_attach(&own->ioas, &own->domain, &work)); /* nothing is mapped yet: costs nothing */
	own->ram = (struct iommufd_file){ .base = guest->view.offset,
					  .bytes = guest_memory_end(machine->config),
					  .page_lg2 = machine->config->machine.host_page_lg2 };
	slots_init(&own->lock, 1, machine->timing->guest.lock_handover);
	if (!vtd_guest_create(guest, true, nested_call, err))
		return false;
	if (machine->scheme.doorbell == SCHEME_HARDWARE_QUEUE)
		engine_actor(&machine->engine, "guest queue", guest_queue_story, guest, true);
	return true;
}

static bool assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err)
{
	(void)err; /* attached when the guest attaches it */
	to->nested = heap_zeroed(1, sizeof(*to->nested));
	to->nested->host.list = &to->nested->list;
	vtd_host_probe(guest->machine, to->device.source_id);
	vtd_guest_add(guest, to, guest_id);
	return true;
}

static int start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work)
{
	const struct iommufd_source source = host_source(guest);
	/* Where the process is to be replaced, the guest's memory is a file's. */
	const struct iommufd_file *file =
		guest->machine->config->update.kind == UPDATE_NONE ? NULL : &guest->nested->ram;
	int error = 0;

	for (uint64_t done = 0; done < bytes && !error;) {
		struct ioas_place place = { .iova = gpa + done,
					    .bytes = guest_memory_block(guest->machine->config, gpa + done,
									bytes - done),
					    .fixed = true };

		work->ioctls++;
		error = ioas_map(&guest->nested->ioas, &source, file, file ? gpa + done : guest->vaddr + gpa + done,
				 PT_READ | PT_WRITE, &place, work);
		done += place.bytes;
	}
	return error;
}

static bool container(struct guest *guest, uint32_t number, struct host_container *of)
{
	struct nested_guest *own = guest->nested;

	*of = (struct host_container){ .host = &own->parent, .ioas = &own->ioas, .lock = &own->lock };
	return number == 0;
}

const struct translation translation_nested = {
	.all_memory = true,
	.iova_limit = iova_limit,
	.create_host = vtd_host_create,
	.create_guest = create_guest,
	.create_domain = vtd_guest_create_domain,
	.assign = assign,
	.start_memory = start_memory,
	.container = container,
	.map = vtd_guest_map,
	.unmap = vtd_guest_unmap,
	.attach = vtd_guest_attach,
	.flush = vtd_guest_flush,
	.free_tables = vtd_guest_free_tables,
};
