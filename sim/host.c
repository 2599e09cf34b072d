/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"
#include "sim/machine.h"

/* ---- prices and counts ---- */

/*
 * Eight entries share a 64-byte line; a new table is written back whole, and the entry that points to it.
 * [LINUX] domain_flush_cache, pfn_to_dma_pte
 */
uint64_t map_work_lines(const struct map_work *work)
{
	return (work->entries_written + 7) / 8 + work->tables_allocated * (PAGE_BYTES / 64 + 1);
}

/*
 * SIMPLIFIED: no price for tables that the host frees: VFIO unmaps contiguous run by contiguous run, and no
 * run of the modelled host pages covers a whole table.
 */
void host_price(const struct machine *machine, const struct host_work *work, bool at_start, ps_t parts[RESULT_CAUSES])
{
	const struct timing *timing = machine->timing;
	ps_t pin_page = at_start ? timing->host.start_pin_page : timing->host.pin_page;

	parts[CAUSE_IOCTL] += work->ioctls * timing->host.ioctl + work->container_finds * timing->host.container_find +
			      (work->mappings_inserted + work->mappings_removed) * timing->host.container_find;
	parts[CAUSE_PIN] += work->pin_calls * timing->host.pin_call + work->pages_pinned * pin_page +
			    work->pages_unpinned * timing->host.unpin_page;
	parts[CAUSE_ACCOUNT] += work->account_operations * timing->host.account +
				work->registration_finds * timing->host.registration_find;
	parts[CAUSE_TABLE] += work->table_calls * timing->host.table_call +
			      work->table.entries_written * timing->host.entry_write +
			      work->table.tables_allocated * timing->host.table_alloc;
	if (!machine->config->iommu.snoop)
		parts[CAUSE_FLUSH] += map_work_lines(&work->table) * timing->guest.entry_flush;
}

void host_count(struct guest *guest, const struct host_work *work, ps_t date)
{
	struct machine *machine = guest->machine;
	uint64_t *counter = machine->result->counter;

	counter[COUNT_IOCTLS] += work->ioctls;
	counter[COUNT_PAGES_PINNED] += work->pages_pinned;
	counter[COUNT_PAGES_UNPINNED] += work->pages_unpinned;
	machine->locked_pages += guest->process.account.total - guest->locked_pages;
	guest->locked_pages = guest->process.account.total;
	if (machine->locked_pages * PAGE_BYTES > counter[COUNT_LOCKED_PEAK_BYTES])
		counter[COUNT_LOCKED_PEAK_BYTES] = machine->locked_pages * PAGE_BYTES;
	series_record(&machine->result->series[RESULT_LOCKED_BYTES], date, machine->locked_pages * PAGE_BYTES);
}

/* Charges what a call did to the CPU that runs it. */
static void host_charge(struct guest *guest, struct actor *actor, const struct host_work *work)
{
	struct machine *machine = guest->machine;
	ps_t parts[RESULT_CAUSES] = { 0 };

	host_price(machine, work, false, parts);
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
		if (parts[cause] > 0)
			host_compute(machine, actor, parts[cause], (enum result_cause)cause);
	actor_touch(actor);
	host_count(guest, work, actor->now);
}

static void host_refused(struct machine *machine, const char *call, int error, iova_t iova)
{
	struct err err = { 0 };

	if (error == ENOMEM)
		err_set(&err, ERR_CHECK,
			"scheme %s: %s of IOVA 0x%llx was refused (ENOMEM): raise machine.memlock_limit_bytes = %llu "
			"or set it to 0",
			machine->scheme.name, call, (unsigned long long)iova,
			(unsigned long long)machine->config->machine.memlock_limit_bytes);
	else
		err_set(&err, ERR_CHECK,
			"scheme %s: %s of IOVA 0x%llx was refused (%s): does machine.guest_ram_bytes = %llu back what "
			"the trace maps?",
			machine->scheme.name, call, (unsigned long long)iova, strerror(error),
			(unsigned long long)machine->config->machine.guest_ram_bytes);
	machine->fail(&err);
}

/* ---- the host's own queue and command registers ---- */

/* Queues the list's next submission and returns when the hardware has done it.  [LINUX] qi_submit_sync */
static void host_queue(struct guest *guest, struct actor *actor, struct vtd_invalidations *list)
{
	struct machine *machine = guest->machine;
	struct vtd_submission submission;

	slots_take(&machine->host_queue_lock, actor, CAUSE_QUEUE_WAIT);
	host_compute(machine, actor, machine->timing->host.queue_submit, CAUSE_INVALIDATION);
	actor_touch(actor);
	while (vtd_driver_submit(machine->host_driver, list, &submission) == VTD_QUEUE_FULL) {
		actor_wait(actor, &machine->host_queue_space, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
	}
	machine->unit.iommu->ops->register_write(machine->unit.iommu, VTD_REG_IQT, 8, submission.tail);
	machine->result->counter[COUNT_HOST_COMMANDS] += submission.descriptors;
	unit_doorbell(&machine->unit, actor);
	slots_give(&machine->host_queue_lock, actor);
	unit_poll_status(&machine->unit, actor, submission.status_address, submission.status_value);
	vtd_driver_complete(machine->host_driver, &submission);
	waiters_wake_all(&machine->host_queue_space, actor, 0);
}

/*
 * Gives the list's next command by registers, one at a time.  [LINUX] __iommu_flush_iotlb, iommu_flush_write_buffer
 * SIMPLIFIED: the read that finds it done begins when it is, as if none had been under way.
 */
static void host_command(struct guest *guest, struct actor *actor, struct vtd_invalidations *list)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct iommu *iommu = machine->unit.iommu;
	struct vtd_submission submission;
	const struct vtd_register_command *command = &submission.command;

	slots_take(&machine->host_register_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	enum vtd_submit what = vtd_driver_submit(machine->host_driver, list, &submission);

	REQUIRE(what == VTD_COMMAND);
	for (unsigned i = 0; i < command->writes; i++) {
		host_compute(machine, actor, timing->guest.doorbell, CAUSE_INVALIDATION);
		actor_touch(actor);
		iommu->ops->register_write(iommu, command->write[i].offset, command->write[i].bytes,
					   command->write[i].value);
	}
	if (command->way == VTD_BY_GLOBAL_COMMAND) {
		machine->result->counter[COUNT_WRITE_BUFFER_FLUSHES]++;
		actor_spend(actor, timing->iommu.write_buffer_flush, CAUSE_INVALIDATION);
	} else {
		machine->result->counter[COUNT_HOST_REGISTER_COMMANDS]++;
		unit_invalidated(&machine->unit, actor, command->way == VTD_BY_IOTLB_REGISTERS);
	}
	host_compute(machine, actor, timing->host.register_read, CAUSE_INVALIDATION);
	REQUIRE(!(iommu->ops->register_read(iommu, command->done.offset, command->done.bytes) & command->done.busy));
	slots_give(&machine->host_register_lock, actor);
}

/* Does all that list holds, in order. */
static void host_submit(struct guest *guest, struct actor *actor, struct vtd_invalidations *list)
{
	while (list->next < list->count) {
		if (vtd_invalidations_way(list) == VTD_BY_QUEUE)
			host_queue(guest, actor, list);
		else
			host_command(guest, actor, list);
	}
	list->next = list->count = 0;
}

/* Flushes what an unmap of the host's domain gathered. */
static void host_flush(struct guest *guest, struct actor *actor, struct host_domain *host)
{
	vtd_domain_sync_unmap(host->domain, &host->gather, host->list);
	host_submit(guest, actor, host->list);
	vtd_domain_free_tables(host->domain, &host->gather.freed);
}

/* ---- calls of the device model ---- */

static void host_map(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };

	slots_take(&to->container_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	int error = type1_map(&to->type1, call->iova, GUEST_VADDR + call->gpa, call->bytes, call->permissions, &work);

	host_charge(guest, actor, &work);
	host_submit(guest, actor, to->host.list); /* what the driver has to tell the unit of new leaves */
	vtd_domain_free_tables(to->host.domain, &to->host.list->replaced);
	slots_give(&to->container_lock, actor);
	if (error)
		host_refused(machine, "VFIO_IOMMU_MAP_DMA", error, call->iova);
}

static void host_unmap(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };
	struct unmap_call unmap;

	slots_take(&to->container_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	int error = type1_unmap_begin(&to->type1, &unmap, call->iova, call->bytes, &work);

	while (!error && type1_unmap_step(&to->type1, &unmap, &work)) {
		host_charge(guest, actor, &work);
		work = (struct host_work){ 0 };
		host_flush(guest, actor, &to->host);
	}
	host_charge(guest, actor, &work);
	slots_give(&to->container_lock, actor);
	if (error)
		host_refused(machine, "VFIO_IOMMU_UNMAP_DMA", error, call->iova);
}

/* The guest's first stage is put over the host's second stage: a nested HWPT, attached in place of what was. */
static void host_attach(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { .ioctls = 1 }; /* the attach; the allocation counts itself */
	struct vtd_domain *before = to->host.domain;

	actor_touch(actor);
	bool five_level = machine->config->iommu.guest_levels == 5;
	int error = nested_hwpt_init(&to->hwpt, &guest->ioas, &call->s1, five_level, &work);

	if (error)
		host_refused(machine, "IOMMU_HWPT_ALLOC", error, call->s1.root);
	to->host.domain =
		vtd_domain_create_nested(machine->host_driver, guest->parent.domain, call->s1.root, call->s1.levels);
	REQUIRE(to->host.domain);
	if (!vtd_driver_attach(machine->host_driver, to->host.domain, to->device.source_id, VTD_DRIVER_NO_PASID,
			       to->host.list)) {
		struct err err = { 0 };

		machine_no_id(machine, machine->host_driver, &err);
		machine->fail(&err);
	}
	host_charge(guest, actor, &work);
	host_submit(guest, actor, to->host.list);
	if (before)
		vtd_domain_destroy(before);
}

static void host_detach(struct guest *guest, struct actor *actor, struct assignment *to)
{
	struct machine *machine = guest->machine;
	struct host_work work = { .ioctls = 2 }; /* detach, destroy */

	actor_touch(actor);
	vtd_driver_detach(machine->host_driver, to->device.source_id, VTD_DRIVER_NO_PASID, to->host.list);
	host_charge(guest, actor, &work);
	host_submit(guest, actor, to->host.list);
	vtd_domain_destroy(to->host.domain);
	to->host.domain = NULL;
}

/* What the hardware is told for one accepted invalidation of a guest's first stage. */
static void nested_flush(struct assignment *to, const struct vtd_s1_invalidation *what)
{
	if (what->npages == UINT64_MAX)
		vtd_domain_flush_all(to->host.domain, to->host.list);
	else
		vtd_domain_flush_range(to->host.domain, what->addr, what->addr + what->npages * PAGE_BYTES - 1,
				       what->leaf, to->host.list);
}

static void host_invalidate(struct guest *guest, struct actor *actor, struct assignment *to,
			    const struct viommu_call *call)
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
	nested_flush(to, &call->invalidation);
	host_submit(guest, actor, to->host.list);
}

static struct assignment *assignment_of_space(struct guest *guest, unsigned space)
{
	for (uint16_t i = 0; i < guest->device_count; i++)
		if (guest->assignments[i].assigned && guest->assignments[i].space == space)
			return &guest->assignments[i];
	REQUIRE(false);
	return NULL;
}

/* One descriptor of the guest, as the device model carries it out. */
static void host_emulate(struct guest *guest, struct actor *actor, const uint64_t word[2])
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct viommu_command command;
	struct viommu_call call;
	uint64_t read = 0;
	bool more;

	viommu_begin(&guest->viommu, &command, word);
	do {
		more = viommu_next(&guest->viommu, &command, &call);
		uint64_t now = command.entries_read + command.structures_read;

		host_compute(machine, actor, (now - read) * timing->host.shadow_entry, CAUSE_EXIT);
		read = now;
		if (!more)
			break;
		struct assignment *to = assignment_of_space(guest, call.space);

		switch (call.kind) {
		case VIOMMU_MAP:
			host_map(guest, actor, to, &call);
			break;
		case VIOMMU_UNMAP:
			host_unmap(guest, actor, to, &call);
			break;
		case VIOMMU_ATTACH:
			host_attach(guest, actor, to, &call);
			break;
		case VIOMMU_DETACH:
			host_detach(guest, actor, to);
			break;
		case VIOMMU_INVALIDATE:
			host_invalidate(guest, actor, to, &call);
			break;
		}
	} while (more);
}

/* One access of the emulated unit to the guest's memory. */
static void virtual_access(struct guest *guest, struct iommu_command *command)
{
	struct iommu_access access = command->access;
	uint64_t words[IOMMU_WORDS_MAX];

	access.address += guest->view.offset;
	iommu_access_now(guest->view.memory, &access, words);
	guest->unit->ops->command_feed(guest->unit, command, words);
}

/* The guest's access to a register exits to the device model, which is one thread's at a time; and the way back. */
static void emulator_enter(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;
	machine->result->counter[COUNT_VM_EXITS]++;
	host_compute(machine, actor, machine->timing->host.exit + machine->timing->host.user_exit, CAUSE_EXIT);
	slots_take(&guest->emulator_lock, actor, CAUSE_QUEUE_WAIT);
}

static void emulator_leave(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;

	slots_give(&guest->emulator_lock, actor);
	host_compute(machine, actor, machine->timing->host.enter, CAUSE_EXIT);
}

void host_write_exit(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes, uint64_t value)
{
	struct machine *machine = guest->machine;
	struct iommu *virtual_unit = guest->unit;
	uint64_t ecap = machine->result->capability[CAPABILITY_VIRTUAL_EXTENDED];
	uint64_t word[2];

	emulator_enter(guest, actor);
	actor_touch(actor);
	virtual_unit->ops->register_write(virtual_unit, offset, bytes, value);
	if (viommu_register(&guest->viommu, ecap, offset, value, word)) {
		host_compute(machine, actor, machine->timing->host.descriptor, CAUSE_EXIT);
		host_emulate(guest, actor, word);
	}
	emulator_leave(guest, actor);
}

uint64_t host_read_exit(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes)
{
	emulator_enter(guest, actor);
	actor_touch(actor);
	uint64_t value = guest->unit->ops->register_read(guest->unit, offset, bytes);

	emulator_leave(guest, actor);
	return value;
}

void host_queue_exit(struct guest *guest, struct actor *actor, uint32_t tail)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct iommu *virtual_unit = guest->unit;
	struct iommu_command command;

	emulator_enter(guest, actor);
	virtual_unit->ops->register_write(virtual_unit, VTD_REG_IQT, 8, tail);
	while (virtual_unit->ops->command_begin(virtual_unit, &command)) {
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			bool is_status = command.access.want == IOMMU_WANTS_WRITE;

			actor_touch(actor);
			virtual_access(guest, &command);
			if (is_status)
				continue;
			host_compute(machine, actor, timing->host.descriptor, CAUSE_EXIT);
			if (command.kind != IOMMU_COMMAND_WAIT)
				host_emulate(guest, actor, command.word);
		}
	}
	emulator_leave(guest, actor);
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

	viommu_begin(&guest->viommu, &command, word);
	while (viommu_next(&guest->viommu, &command, &call)) {
		struct assignment *to = assignment_of_space(guest, call.space);

		REQUIRE(call.kind == VIOMMU_INVALIDATE); /* attaching always exits */
		nested_flush(to, &call.invalidation);
		for (size_t i = 0; i < to->host.list->count; i++)
			unit_execute(&machine->unit, actor, to->host.list->item[i].word);
		to->host.list->next = to->host.list->count = 0;
	}
}

void guest_queue_story(struct actor *actor, void *argument)
{
	struct guest *guest = argument;
	struct machine *machine = guest->machine;
	struct iommu *virtual_unit = guest->unit;
	struct iommu_command command;

	for (;;) {
		actor_touch(actor);
		if (!virtual_unit->ops->command_begin(virtual_unit, &command)) {
			actor_wait(actor, &guest->queue_idle, CAUSE_QUEUE_WAIT);
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
			virtual_access(guest, &command);
			if (is_status)
				unit_status_written(&machine->unit, actor, address);
			else if (command.kind != IOMMU_COMMAND_WAIT)
				guest_queue_execute(guest, actor, command.word);
		}
	}
}
