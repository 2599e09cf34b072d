/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/vtd_host.h"

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "sim/host.h"
#include "sim/units.h"

/* ---- before the clock runs ---- */

static void host_register_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct machine *machine = argument;

	machine->unit.iommu->ops->register_write(machine->unit.iommu, offset, bytes, value);
	audit_register_write(&machine->unit.audit, offset, bytes, value);
}

/* An interrupt message of a unit: nobody handles it, since no driver here asks for one. */
static void hear_message(void *argument, uint64_t address, uint32_t data)
{
	struct machine *machine = argument;

	(void)address;
	(void)data;
	machine->result->counter[COUNT_INTERRUPTS]++;
}

void vtd_introduce(struct machine *machine, struct iommu *iommu, enum result_capability capability,
		   enum result_capability extended)
{
	iommu->message = hear_message;
	iommu->message_argument = machine;
	machine->result->capability[capability] = iommu->ops->register_read(iommu, VTD_REG_CAP, 8);
	machine->result->capability[extended] = iommu->ops->register_read(iommu, VTD_REG_ECAP, 8);
}

static bool create_hardware(struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct iommu *auditor = NULL, *iommu = units_hardware(config, true, err);

	if (!iommu)
		return false;
	vtd_introduce(machine, iommu, CAPABILITY_HARDWARE, CAPABILITY_HARDWARE_EXTENDED);
	if (config->check.stale_translations)
		auditor = units_hardware(config, false, err);
	unit_init(&machine->unit, &machine->engine, config, iommu, auditor, machine->memory, machine->result);
	machine->unit.cores = &machine->cores;
	return auditor || !config->check.stale_translations;
}

struct vtd_driver *vtd_driver_started(struct machine *machine, struct iommu *iommu, struct vtd_driver_config *config,
				      struct memory_view view, struct frames *frames,
				      const struct vtd_driver_registers *registers, struct err *err)
{
	config->capability = iommu->ops->register_read(iommu, VTD_REG_CAP, 8);
	config->extended_capability = iommu->ops->register_read(iommu, VTD_REG_ECAP, 8);
	config->dirty_tracking = machine->config->iommu.dirty_tracking;

	struct vtd_driver *driver = vtd_driver_create(config, view, frames, err);

	if (!driver)
		return NULL;
	vtd_driver_start(driver, registers, &machine->vtd->list);
	units_queue_now(driver, iommu, view, &machine->vtd->list);
	vtd_driver_enable(driver, registers);
	return driver;
}

static bool create_driver(struct machine *machine, struct err *err)
{
	const struct vtd_driver_registers registers = { .write = host_register_write, .argument = machine };
	struct vtd_driver_config config = { .host_address_width = HOST_ADDRESS_WIDTH,
					    .scalable = true,
					    .strict = true };
	struct vtd_host *host = machine->vtd;

	host->driver = vtd_driver_started(machine, machine->unit.iommu, &config,
					  (struct memory_view){ .memory = machine->memory }, &machine->host_frames,
					  &registers, err);
	spinlock_init(&host->queue_lock, &machine->cores, machine->timing->guest.lock_handover);
	spinlock_init(&host->register_lock, &machine->cores, machine->timing->guest.lock_handover);
	return host->driver != NULL;
}

bool vtd_host_create(struct machine *machine, struct err *err)
{
	machine->vtd = heap_zeroed(1, sizeof(*machine->vtd));
	return create_hardware(machine, err) && create_driver(machine, err);
}

void vtd_host_domain(struct machine *machine, struct host_domain *host, struct vtd_invalidations *list)
{
	*host = (struct host_domain){ .domain = vtd_domain_create(machine->vtd->driver, VTD_DOMAIN_UNMANAGED),
				      .list = list };
	REQUIRE(host->domain);
}

bool vtd_no_id(const struct machine *machine, const struct vtd_driver *driver, struct err *err)
{
	bool is_host = driver == machine->vtd->driver;

	REQUIRE(!vtd_driver_has_id(driver));
	return err_set(err, ERR_CHECK, "scheme %s: all domain identifiers of %s.domain_bits = %u are taken: raise it",
		       machine->scheme.name, is_host ? "hardware" : "virtual",
		       is_host ? machine->config->hardware.domain_bits : machine->config->virtual.domain_bits);
}

void vtd_host_submit_now(struct machine *machine, struct vtd_invalidations *list)
{
	units_queue_now(machine->vtd->driver, machine->unit.iommu, (struct memory_view){ .memory = machine->memory },
			list);
}

void vtd_host_probe(struct machine *machine, uint16_t source_id)
{
	bool probed = vtd_driver_probe(machine->vtd->driver, source_id, 0, &machine->vtd->list);

	REQUIRE(probed);
	vtd_host_submit_now(machine, &machine->vtd->list);
}

bool vtd_host_attach_now(struct machine *machine, struct vtd_domain *domain, uint16_t source_id, struct err *err)
{
	struct vtd_host *host = machine->vtd;

	if (!vtd_driver_attach(host->driver, domain, source_id, VTD_DRIVER_NO_PASID, &host->list))
		return vtd_no_id(machine, host->driver, err);
	vtd_host_submit_now(machine, &host->list);
	return true;
}

/* ---- the host's own queue and command registers ---- */

/* Queues the list's next submission and returns when the hardware has done it.  [LINUX] qi_submit_sync */
static void host_queue(struct machine *machine, struct actor *actor, struct vtd_invalidations *list)
{
	struct vtd_submission submission;

	spinlock_take(&machine->vtd->queue_lock, actor, CAUSE_QUEUE_WAIT);
	host_compute(machine, actor, machine->timing->host.queue_submit, CAUSE_INVALIDATION);
	actor_touch(actor);
	while (vtd_driver_submit(machine->vtd->driver, list, &submission) == VTD_QUEUE_FULL) {
		actor_wait(actor, &machine->vtd->queue_space, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
	}
	machine->unit.iommu->ops->register_write(machine->unit.iommu, VTD_REG_IQT, 8, submission.tail);
	machine->result->counter[COUNT_HOST_COMMANDS] += submission.descriptors;
	unit_doorbell(&machine->unit, actor);
	spinlock_give(&machine->vtd->queue_lock, actor);
	unit_poll_status(&machine->unit, actor, submission.status_address, submission.status_value);
	vtd_driver_complete(machine->vtd->driver, &submission);
	waiters_wake_all(&machine->vtd->queue_space, actor, 0);
}

/*
 * Gives the list's next command by registers, one at a time.  [LINUX] __iommu_flush_iotlb, iommu_flush_write_buffer
 * SIMPLIFIED: the read that finds it done begins when it is, as if none had been under way.
 */
static void host_command(struct machine *machine, struct actor *actor, struct vtd_invalidations *list)
{
	const struct timing *timing = machine->timing;
	struct iommu *iommu = machine->unit.iommu;
	struct vtd_submission submission;
	const struct vtd_register_command *command = &submission.command;

	spinlock_take(&machine->vtd->register_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	enum vtd_submit what = vtd_driver_submit(machine->vtd->driver, list, &submission);

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
	spinlock_give(&machine->vtd->register_lock, actor);
}

void vtd_host_submit(struct machine *machine, struct actor *actor, struct vtd_invalidations *list)
{
	while (list->next < list->count) {
		if (vtd_invalidations_way(list) == VTD_BY_QUEUE)
			host_queue(machine, actor, list);
		else
			host_command(machine, actor, list);
	}
	list->next = list->count = 0;
}

void vtd_host_flush(struct machine *machine, struct actor *actor, struct host_domain *host)
{
	vtd_domain_sync_unmap(host->domain, &host->gather, host->list);
	vtd_host_submit(machine, actor, host->list);
	vtd_domain_free_tables(host->domain, &host->gather.freed);
}
