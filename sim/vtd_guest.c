/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/vtd_guest.h"

#include "models/base/bits.h"
#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "sim/deferred.h"
#include "sim/guest.h"
#include "sim/host.h"
#include "sim/units.h"
#include "sim/vtd_emulator.h"
#include "sim/vtd_host.h"

/* ---- before the clock runs ---- */

static void guest_register_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct guest *guest = argument;
	struct iommu *unit = guest->vtd->unit;

	unit->ops->register_write(unit, offset, bytes, value);
	if (offset == VTD_REG_RTADDR)
		viommu_set_root(&guest->vtd->viommu, FIELD_GET(VTD_RTADDR_RTA, value) << PAGE_LG2);
}

bool vtd_guest_create(struct guest *guest, bool nested, vtd_call_fn *call, struct err *err)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	const struct vtd_driver_registers registers = { .write = guest_register_write, .argument = guest };
	struct vtd_driver_config driver = { .host_address_width = config_guest_address_width(config),
					    .scalable = nested,
					    .strict = machine->scheme.unmap == SCHEME_STRICT };
	struct pt_rules rules = { .levels = config->iommu.guest_levels,
				  .input_width_lg2 = config_guest_width(config),
				  .output_width_lg2 = config_guest_address_width(config),
				  .size_2m = config->virtual.page_size_lg2 >= 21,
				  .size_1g = config->virtual.page_size_lg2 >= 30 };
	struct vtd_guest *own = guest->vtd = heap_zeroed(1, sizeof(*own));

	own->call = call;
	own->assignment = heap_zeroed(guest->device_count, sizeof(struct assignment *));
	own->list = heap_zeroed(guest->vcpu_count + guest->device_count + 1u, sizeof(*own->list));
	slots_init(&own->emulator_lock, 1, machine->timing->guest.lock_handover);
	own->cache_lock = heap_zeroed(guest->device_count + 1u, sizeof(*own->cache_lock));
	spinlock_init(&own->queue_lock, &machine->cores, machine->timing->guest.lock_handover);
	spinlock_init(&own->register_lock, &machine->cores, machine->timing->guest.lock_handover);
	own->unit = units_virtual(config, nested, err);
	if (!own->unit)
		return false;
	vtd_introduce(machine, own->unit, CAPABILITY_VIRTUAL, CAPABILITY_VIRTUAL_EXTENDED);
	viommu_init(&own->viommu, nested ? VIOMMU_NESTED : VIOMMU_SHADOW, guest->view, &rules);
	own->driver = vtd_driver_started(machine, own->unit, &driver, guest->view, &guest->frames, &registers, err);
	return own->driver != NULL;
}

void vtd_guest_add(struct guest *guest, struct assignment *to, uint16_t guest_id)
{
	guest->vtd->assignment[viommu_add(&guest->vtd->viommu, guest_id)] = to;
}

static struct spinlock *cache_lock_of(const struct domain *domain)
{
	return &domain->owner->vtd->cache_lock[domain - domain->owner->domains];
}

void vtd_guest_create_domain(struct domain *domain)
{
	struct machine *machine = domain->owner->machine;

	domain->vtd = vtd_domain_create(domain->owner->vtd->driver, VTD_DOMAIN_DMA);
	REQUIRE(domain->vtd);
	spinlock_init(cache_lock_of(domain), &machine->cores, machine->timing->guest.lock_handover);
}

/* ---- the guest's invalidation queue and command registers ---- */

/*
 * For the holder of the queue's lock.  No touch while there is room: nobody else writes into the queue or reads beyond its tail,
 * and others only make more room.
 */
static void queue_descriptors(struct guest *guest, struct actor *actor, struct vtd_invalidations *list,
			      struct vtd_submission *submission)
{
	if (vtd_driver_submit(guest->vtd->driver, list, submission) != VTD_QUEUE_FULL)
		return;
	actor_touch(actor);
	while (vtd_driver_submit(guest->vtd->driver, list, submission) == VTD_QUEUE_FULL) {
		actor_wait(actor, &guest->vtd->queue_space, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
	}
}

/*
 * Queues the list's next submission and returns when it is done.  The tail is written under the queue's lock, and
 * where that write exits, the lock is held across the exit.  [LINUX] qi_submit_sync
 */
static void guest_queue(struct guest *guest, struct actor *actor, struct vtd_invalidations *list, bool trap)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct vtd_submission submission;

	spinlock_take(&guest->vtd->queue_lock, actor, CAUSE_QUEUE_WAIT);
	guest_compute(machine, actor, timing->guest.queue_submit, CAUSE_INVALIDATION);
	queue_descriptors(guest, actor, list, &submission);
	machine->result->counter[COUNT_GUEST_COMMANDS] += submission.descriptors;
	if (trap) {
		vtd_emulator_queue(guest, actor, submission.tail);
	} else {
		guest_compute(machine, actor, timing->guest.doorbell, CAUSE_INVALIDATION);
		actor_touch(actor);
		guest->vtd->unit->ops->register_write(guest->vtd->unit, VTD_REG_IQT, 8, submission.tail);
		waiters_wake_all(&guest->vtd->queue_idle, actor, 0);
	}
	spinlock_give(&guest->vtd->queue_lock, actor);
	unit_poll_status(&machine->unit, actor, submission.status_address + guest->view.offset,
			 submission.status_value);
	vtd_driver_complete(guest->vtd->driver, &submission);
	waiters_wake_all(&guest->vtd->queue_space, actor, 0);
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

	spinlock_take(&guest->vtd->register_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	enum vtd_submit what = vtd_driver_submit(guest->vtd->driver, list, &submission);

	REQUIRE(what == VTD_COMMAND);
	for (unsigned i = 0; i < command->writes; i++)
		vtd_emulator_write(guest, actor, command->write[i].offset, command->write[i].bytes,
				   command->write[i].value);
	machine->result->counter[command->way == VTD_BY_GLOBAL_COMMAND ? COUNT_WRITE_BUFFER_FLUSHES
								       : COUNT_GUEST_REGISTER_COMMANDS]++;
	uint64_t done = vtd_emulator_read(guest, actor, command->done.offset, command->done.bytes);

	REQUIRE(!(done & command->done.busy)); /* the device model did it before the write returned */
	spinlock_give(&guest->vtd->register_lock, actor);
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

/*
 * Does what list holds for this domain under the domain's cache lock: one flush of a domain at a time, and its exit is within.
 * [LINUX] cache_tag_flush_range, cache_tag_flush_range_np, cache_tag_flush_all
 */
static void domain_submit(struct domain *domain, struct actor *actor, struct vtd_invalidations *list)
{
	struct guest *guest = domain->owner;

	spinlock_take(cache_lock_of(domain), actor, CAUSE_QUEUE_WAIT);
	guest_submit(guest, actor, list, guest->machine->scheme.doorbell == SCHEME_TRAP);
	spinlock_give(cache_lock_of(domain), actor);
}

/* ---- map and unmap ---- */

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

/* Writes the operation's segments into the guest's table; false when a page of it is mapped already. */
static bool map_segments(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op,
			 iova_t iova)
{
	for (uint32_t i = 0; i < op->segment_count; i++) {
		const struct trace_segment *segment = &vcpu->segments[i];
		struct map_work work = { 0 };

		actor_touch(actor);
		enum map_status status = vtd_domain_map(domain->vtd, segment->iova - op->iova + iova, segment->phys,
							segment->bytes, guest_permissions(op->direction), &work);

		charge_table(vcpu->guest, actor, &work);
		if (status != MAP_OK)
			return false;
	}
	return true;
}

bool vtd_guest_map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct domain *domain = guest_domain(guest, op);
	struct vtd_invalidations *list = &guest->vtd->list[vcpu->number];
	iova_t iova;

	if (!domain)
		return false;
	guest_compute(machine, actor, timing->guest.iova_alloc + timing->guest.map_other, CAUSE_GUEST_CPU);
	actor_touch(actor);
	iova = deferred_place(domain, op->iova, op->bytes);
	if (!map_segments(vcpu, actor, domain, op, iova))
		return false;
	vtd_domain_sync_map(domain->vtd, iova, op->bytes, list);
	if (machine->config->guest.sync_map_lock || list->count > 0)
		domain_submit(domain, actor, list);
	vtd_domain_free_tables(domain->vtd, &list->replaced);
	vcpu->pieces[0] = (struct piece){ .iova = op->iova, .bus = iova, .bytes = op->bytes };
	vcpu->piece_count = 1;
	return true;
}

static void unmap_tables(struct vcpu *vcpu, struct actor *actor, struct domain *domain, iova_t iova, uint64_t bytes)
{
	struct guest *guest = vcpu->guest;
	struct vtd_invalidations *list = &guest->vtd->list[vcpu->number];
	struct map_work work = { 0 };
	struct vtd_gather gather = { 0 };
	bool deferred = domain->flush_queue != NULL;

	actor_touch(actor);
	enum map_status status = vtd_domain_unmap(domain->vtd, iova, bytes, &gather, deferred ? NULL : list, &work);

	REQUIRE(status == MAP_OK);
	charge_table(guest, actor, &work);
	if (deferred) {
		deferred_unmap(vcpu, actor, domain, iova, bytes, &gather.freed);
	} else {
		vtd_domain_sync_unmap(domain->vtd, &gather, list);
		domain_submit(domain, actor, list);
		actor_touch(actor);
		vtd_domain_free_tables(domain->vtd, &gather.freed);
	}
	table_list_fini(&gather.freed);
}

void vtd_guest_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, const struct mapping *mapping)
{
	struct machine *machine = vcpu->guest->machine;
	const struct timing *timing = machine->timing;

	guest_compute(machine, actor, timing->guest.iova_find + timing->guest.unmap_other, CAUSE_GUEST_CPU);
	unmap_tables(vcpu, actor, guest_domain(vcpu->guest, op), mapping->pieces[0].bus, mapping->pieces[0].bytes);
	guest_compute(machine, actor, timing->guest.iova_free, CAUSE_GUEST_CPU);
}

void vtd_guest_flush(struct domain *domain, struct actor *actor, const struct vcpu *vcpu)
{
	struct guest *guest = domain->owner;
	struct vtd_invalidations *timers = &guest->vtd->list[guest->vcpu_count];
	struct vtd_invalidations *list = vcpu ? &guest->vtd->list[vcpu->number] : &timers[domain - guest->domains];

	vtd_domain_flush_all(domain->vtd, list);
	domain_submit(domain, actor, list);
}

void vtd_guest_free_tables(struct domain *domain, struct table_list *freed)
{
	vtd_domain_free_tables(domain->vtd, freed);
}

/* ---- devices ---- */

bool vtd_guest_attach(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	struct vtd_driver *driver = guest->vtd->driver;
	struct vtd_invalidations *list = &guest->vtd->list[vcpu->number];
	uint16_t source_id = trace_device(machine->trace, op->device)->source_id;

	actor_touch(actor);
	bool placed = op->kind == TRACE_GROUP
			      ? vtd_driver_probe(driver, source_id, 0, list)
			      : vtd_driver_attach(driver, domain->vtd, source_id, VTD_DRIVER_NO_PASID, list);

	if (!placed) {
		struct err err = { 0 };

		vtd_no_id(machine, driver, &err);
		machine->fail(&err);
	}
	guest_submit(guest, actor, list, true);
	return true;
}
