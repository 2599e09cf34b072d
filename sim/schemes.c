/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a machine together as its scheme says, and runs it.  Nothing is taken apart: a machine is a process. */
#include <stdio.h>

#include "models/base/bits.h"
#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "sim/clock.h"
#include "sim/machine.h"
#include "sim/units.h"

/*
 * Host-physical memory: the host's tables and queues above 4 GiB, the guest's
 * memory from 1 TiB on.  Guest-physical memory lies from 0 and, what is more than
 * machine.guest_low_bytes, from 4 GiB; the guest's own tables at the top of its low memory.
 */
#define HOST_FRAMES_FIRST (UINT64_C(4) << 30)
#define HOST_FRAMES_END   (UINT64_C(20) << 30)
#define GUEST_OFFSET      (UINT64_C(1) << 40)
#define GUEST_TABLES      (UINT64_C(256) << 20)

/* Where the guest's memory ends: it has a hole below 4 GiB. */
static uint64_t guest_bytes(const struct config *config)
{
	const uint64_t ram = config->machine.guest_ram_bytes, low = config->machine.guest_low_bytes;

	return ram > low ? ram - low + GUEST_HIGH : ram;
}

/* From one guest's memory to the next one's: whole GiB, so that large pages fit alike. */
static uint64_t guest_stride(const struct config *config)
{
	return (guest_bytes(config) + (UINT64_C(1) << 30) - 1) >> 30 << 30;
}

static bool check_guests(const struct config *config, uint16_t devices, struct err *err)
{
	uint64_t room = (UINT64_C(1) << HOST_ADDRESS_WIDTH) - GUEST_OFFSET;

	if (config->machine.guests > 1 && (uint64_t)config->machine.guests * devices > UINT16_MAX - 0x100)
		return err_set(err, ERR_USAGE,
			       "machine.guests = %u with %u devices each: more than PCI has requester IDs; lower it",
			       config->machine.guests, devices);
	if (config->machine.guests <= room / guest_stride(config))
		return true;
	return err_set(
		err, ERR_USAGE,
		"machine.guests = %u with machine.guest_ram_bytes = %llu: more memory than %u address bits reach; "
		"lower one",
		config->machine.guests, (unsigned long long)config->machine.guest_ram_bytes, HOST_ADDRESS_WIDTH);
}

static uint64_t guest_low(const struct config *config)
{
	return config->machine.guest_ram_bytes < config->machine.guest_low_bytes ? config->machine.guest_ram_bytes
										 : config->machine.guest_low_bytes;
}

/* ---- hardware ---- */

static void host_register_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct machine *machine = argument;

	machine->unit.iommu->ops->register_write(machine->unit.iommu, offset, bytes, value);
	audit_register_write(&machine->unit.audit, offset, bytes, value);
}

static void guest_register_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct guest *guest = argument;

	guest->unit->ops->register_write(guest->unit, offset, bytes, value);
	if (offset == VTD_REG_RTADDR)
		viommu_set_root(&guest->viommu, FIELD_GET(VTD_RTADDR_RTA, value) << PAGE_LG2);
}

/* An interrupt message of a unit: nobody handles it, since no driver here asks for one. */
static void hear_message(void *argument, uint64_t address, uint32_t data)
{
	struct machine *machine = argument;

	(void)address;
	(void)data;
	machine->result->counter[COUNT_INTERRUPTS]++;
}

/* The machine hears the unit, and the result says what it is. */
static void introduce(struct machine *machine, struct iommu *iommu, enum result_capability capability,
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
	introduce(machine, iommu, CAPABILITY_HARDWARE, CAPABILITY_HARDWARE_EXTENDED);
	if (config->check.stale_translations)
		auditor = units_hardware(config, false, err);
	unit_init(&machine->unit, &machine->engine, config, iommu, auditor, machine->memory, machine->result);
	return auditor || !config->check.stale_translations;
}

/* ---- host ---- */

static struct vtd_driver *create_driver(struct machine *machine, struct iommu *iommu, struct memory_view view,
					struct frames *frames, unsigned address_width, bool scalable, bool strict,
					const struct vtd_driver_registers *registers, struct err *err)
{
	struct vtd_driver_config config = {
		.capability = iommu->ops->register_read(iommu, VTD_REG_CAP, 8),
		.extended_capability = iommu->ops->register_read(iommu, VTD_REG_ECAP, 8),
		.host_address_width = address_width,
		.scalable = scalable,
		.strict = strict,
		.dirty_tracking = machine->config->iommu.dirty_tracking,
	};
	struct vtd_driver *driver = vtd_driver_create(&config, view, frames, err);

	if (!driver)
		return NULL;
	vtd_driver_start(driver, registers, &machine->host_list);
	units_queue_now(driver, iommu, view, &machine->host_list);
	vtd_driver_enable(driver, registers);
	return driver;
}

static struct container_config container_config(struct guest *guest, struct host_domain *host, enum account_mode mode)
{
	const struct machine *machine = guest->machine;

	return (struct container_config){
		.process = &guest->process,
		.registrations = machine->scheme.pin == SCHEME_PREREGISTERED ? &guest->registrations : NULL,
		.account_mode = mode,
		.table = host_table_of_domain(host),
		.pin_batch_pages = machine->config->machine.pin_batch_pages,
		.flush_runs = TYPE1_FLUSH_RUNS,
	};
}

static void create_host_domain(struct machine *machine, struct host_domain *host, struct vtd_invalidations *list)
{
	*host = (struct host_domain){ .domain = vtd_domain_create(machine->host_driver, VTD_DOMAIN_UNMANAGED),
				      .list = list };
	REQUIRE(host->domain);
}

bool machine_no_id(const struct machine *machine, const struct vtd_driver *driver, struct err *err)
{
	bool is_host = driver == machine->host_driver;

	REQUIRE(!vtd_driver_has_id(driver));
	return err_set(err, ERR_CHECK, "scheme %s: all domain identifiers of %s.domain_bits = %u are taken: raise it",
		       machine->scheme.name, is_host ? "hardware" : "virtual",
		       is_host ? machine->config->hardware.domain_bits : machine->config->virtual.domain_bits);
}

static bool attach_now(struct machine *machine, struct vtd_domain *domain, uint16_t source_id, struct err *err)
{
	if (!vtd_driver_attach(machine->host_driver, domain, source_id, VTD_DRIVER_NO_PASID, &machine->host_list))
		return machine_no_id(machine, machine->host_driver, err);
	units_queue_now(machine->host_driver, machine->unit.iommu, (struct memory_view){ .memory = machine->memory },
			&machine->host_list);
	return true;
}

/* Maps or registers the guest's memory slots, and records what that costs. */
static bool start_memory(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	uint64_t low = guest_low(config), bytes[2] = { low, config->machine.guest_ram_bytes - low };
	phys_t gpa[2] = { 0, GUEST_HIGH };
	struct host_work work = { 0 };
	ps_t parts[RESULT_CAUSES] = { 0 };
	int error = 0;

	for (unsigned i = 0; i < 2 && !error; i++) {
		if (bytes[i] == 0)
			continue;
		if (machine->scheme.translation == SCHEME_SHADOW)
			error = registration_add(&guest->registrations, GUEST_VADDR + gpa[i], bytes[i], &work);
		else if (machine->scheme.translation == SCHEME_NESTED)
			error = ioas_map(&guest->ioas, gpa[i], GUEST_VADDR + gpa[i], bytes[i], PT_READ | PT_WRITE,
					 &work);
		else
			error = type1_map(&guest->type1, gpa[i], GUEST_VADDR + gpa[i], bytes[i], PT_READ | PT_WRITE,
					  &work);
	}
	if (error)
		return err_set(err, ERR_CHECK,
			       "scheme %s: pinning the guest's memory was refused (errno %d): raise "
			       "machine.memlock_limit_bytes = %llu above machine.guest_ram_bytes = %llu or set it to 0",
			       machine->scheme.name, error, (unsigned long long)config->machine.memlock_limit_bytes,
			       (unsigned long long)config->machine.guest_ram_bytes);
	host_price(machine, &work, true, parts);
	host_count(guest, &work, 0);
	result_operation(machine->result, RESULT_REGISTER, parts);
	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		machine->result->counter[COUNT_STARTUP_PS] += parts[i];
	return true;
}

static bool create_host(struct machine *machine, struct err *err)
{
	const struct vtd_driver_registers registers = { .write = host_register_write, .argument = machine };

	frames_init(&machine->host_frames, HOST_FRAMES_FIRST, HOST_FRAMES_END);
	machine->host_driver =
		create_driver(machine, machine->unit.iommu, (struct memory_view){ .memory = machine->memory },
			      &machine->host_frames, HOST_ADDRESS_WIDTH, true, true, &registers, err);
	slots_init(&machine->host_queue_lock, 1, machine->timing->guest.lock_handover);
	slots_init(&machine->host_register_lock, 1, machine->timing->guest.lock_handover);
	return machine->host_driver != NULL;
}

/* What the host keeps for one guest. */
static void create_process(struct guest *guest)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	struct container_config container;

	const struct area ram = { .vaddr = GUEST_VADDR,
				  .bytes = guest_bytes(config),
				  .permissions = PT_READ | PT_WRITE,
				  .base = guest->view.offset,
				  .page_lg2 = config->machine.host_page_lg2,
				  .backed_bytes = guest_bytes(config) };

	pins_init(&guest->pins, ram.base, ram.bytes);
	process_init(&guest->process, &guest->pins, config->machine.memlock_limit_bytes);
	process_add_area(&guest->process, &ram);
	registrations_init(&guest->registrations, &guest->process, config->machine.pin_batch_pages);
	slots_init(&guest->emulator_lock, 1, machine->timing->guest.lock_handover);
	if (machine->scheme.translation != SCHEME_SHADOW)
		create_host_domain(machine, &guest->parent, &machine->host_list);
	container = container_config(guest, &guest->parent, ACCOUNT_MM);
	if (machine->scheme.translation == SCHEME_PASSTHROUGH)
		type1_init(&guest->type1, &container, TYPE1_ENTRY_LIMIT, units_host_last(config));
	container.account_mode = ACCOUNT_USER;
	if (machine->scheme.translation == SCHEME_NESTED)
		ioas_init(&guest->ioas, &container, units_host_last(config));
}

/* ---- guest ---- */

/* The guest's emulated unit and the driver in it. */
static bool create_virtual(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	const struct vtd_driver_registers registers = { .write = guest_register_write, .argument = guest };
	bool nested = machine->scheme.translation == SCHEME_NESTED;
	phys_t low = guest_low(config);
	struct pt_rules rules = { .levels = config->iommu.guest_levels,
				  .input_width_lg2 = config_guest_width(config),
				  .output_width_lg2 = config_guest_address_width(config),
				  .size_2m = config->virtual.page_size_lg2 >= 21,
				  .size_1g = config->virtual.page_size_lg2 >= 30 };

	frames_init(&guest->frames, low > GUEST_TABLES ? low - GUEST_TABLES : low / 2, low);
	guest->unit = units_virtual(config, nested, err);
	if (!guest->unit)
		return false;
	introduce(machine, guest->unit, CAPABILITY_VIRTUAL, CAPABILITY_VIRTUAL_EXTENDED);
	viommu_init(&guest->viommu, nested ? VIOMMU_NESTED : VIOMMU_SHADOW, guest->view, &rules);
	guest->driver =
		create_driver(machine, guest->unit, guest->view, &guest->frames, config_guest_address_width(config),
			      nested, machine->scheme.unmap == SCHEME_STRICT, &registers, err);
	if (!guest->driver)
		return false;
	if (machine->scheme.doorbell == SCHEME_HARDWARE_QUEUE)
		engine_actor(&machine->engine, "guest queue", guest_queue_story, guest, true);
	return true;
}

/* ---- devices, domains, CPUs ---- */

/* The last address that the guest may map: of its own table, and under shadow of the host's copy. */
static iova_t iova_limit(const struct machine *machine)
{
	iova_t host = units_host_last(machine->config);
	iova_t guest = units_guest_last(machine->config, machine->scheme.translation == SCHEME_NESTED);

	if (machine->scheme.translation == SCHEME_PASSTHROUGH)
		return UINT64_MAX;
	return machine->scheme.translation == SCHEME_SHADOW && host < guest ? host : guest;
}

/* Marks the devices that do DMA, for every guest, and refuses a trace that maps what the guest or its tables do not have. */
static bool scan_trace(struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct trace_cursor *rows = trace_cursor_open(machine->trace, -1);
	iova_t limit = iova_limit(machine);
	struct trace_op op;

	while (trace_cursor_next(rows, &op, err) && op.index < machine->guests[0].rows.capacity) {
		if (op.kind == TRACE_MAP && op.api != TRACE_API_DIRECT && op.device < machine->guests[0].device_count &&
		    trace_device(machine->trace, op.device)->source_id != UINT16_MAX)
			for (uint32_t i = 0; i < machine->guest_count; i++)
				machine->guests[i].assignments[op.device].assigned = true;
		for (uint32_t i = 0; op.kind == TRACE_MAP && i < op.segment_count; i++) {
			struct trace_segment segment;

			if (!trace_segments(machine->trace, op.first_segment + i, 1, &segment, err))
				break;
			phys_t end = segment.phys + segment.bytes;
			bool backed = end <= guest_low(config) ||
				      (segment.phys >= GUEST_HIGH &&
				       end - GUEST_HIGH + guest_low(config) <= config->machine.guest_ram_bytes);

			if (segment.iova + (segment.bytes - 1) > limit)
				err_set(err, ERR_USAGE,
					"line %llu of the recording maps IOVA 0x%llx, beyond what %s: raise one",
					(unsigned long long)segment.line, (unsigned long long)segment.iova,
					limit < units_host_last(config)
						? "virtual.input_width and iommu.guest_levels give the guest's unit"
						: "hardware.input_width and iommu.host_levels give the host's table");
			else if (!backed)
				err_set(err, ERR_USAGE,
					"line %llu of the recording maps guest-physical 0x%llx, which "
					"machine.guest_ram_bytes = %llu with machine.guest_low_bytes = %llu does "
					"not back: raise one",
					(unsigned long long)segment.line, (unsigned long long)segment.phys,
					(unsigned long long)config->machine.guest_ram_bytes,
					(unsigned long long)config->machine.guest_low_bytes);
		}
		if (err->kind != ERR_NONE)
			break;
	}
	trace_cursor_close(rows);
	return err->kind == ERR_NONE;
}

static struct domain *domain_of_group(struct guest *guest, uint32_t group)
{
	struct machine *machine = guest->machine;

	for (uint32_t i = 0; i < guest->domain_count; i++)
		if (guest->domains[i].group == group)
			return &guest->domains[i];
	struct domain *domain = &guest->domains[guest->domain_count++];

	domain->owner = guest;
	domain->group = group;
	domain->guest = vtd_domain_create(guest->driver, VTD_DOMAIN_DMA);
	REQUIRE(domain->guest);
	ranges_init(&domain->awaiting_flush);
	if (machine->scheme.unmap == SCHEME_DEFERRED) {
		struct flush_queue_config config = { .cpus = guest->vcpu_count,
						     .slots = machine->config->replay.flush_queue_entries,
						     .period_ps = machine->config->replay.flush_period };
		char name[32];

		domain->flush_queue = flush_queue_create(&config);
		snprintf(name, sizeof(name), "flush timer %u", group);
		engine_actor(&machine->engine, name, flush_timer_story, domain, true);
	}
	return domain;
}

/* In the host: a lone guest's devices as recorded, else one virtual function after another from bus 1 on. */
static uint16_t host_source_id(const struct guest *guest, const struct trace_device *device, uint16_t number)
{
	if (guest->machine->guest_count == 1)
		return device->source_id;
	return (uint16_t)(0x100 + guest->number * guest->device_count + number);
}

static bool create_assignment(struct guest *guest, struct assignment *assignment, const struct trace_device *device,
			      uint32_t lone_group, struct err *err)
{
	struct machine *machine = guest->machine;
	struct container_config container;

	slots_init(&assignment->container_lock, 1, machine->timing->guest.lock_handover);
	if (machine->scheme.translation != SCHEME_PASSTHROUGH && device->source_id != UINT16_MAX)
		assignment->domain = domain_of_group(guest, device->group == UINT32_MAX ? lone_group : device->group);
	if (!assignment->assigned)
		return true;
	uint16_t source_id = host_source_id(guest, device, (uint16_t)(assignment - guest->assignments));

	device_init(&assignment->device, &machine->engine, machine->config, &machine->unit, machine->result, source_id,
		    device->class_code, device->name + 5);
	bool probed = vtd_driver_probe(machine->host_driver, source_id, 0, &machine->host_list);

	REQUIRE(probed);
	units_queue_now(machine->host_driver, machine->unit.iommu, (struct memory_view){ .memory = machine->memory },
			&machine->host_list);
	assignment->host.list = &assignment->list;
	switch (machine->scheme.translation) {
	case SCHEME_PASSTHROUGH:
		return attach_now(machine, guest->parent.domain, source_id, err);
	case SCHEME_SHADOW:
		create_host_domain(machine, &assignment->host, &assignment->list);
		container = container_config(guest, &assignment->host, ACCOUNT_MM);
		type1_init(&assignment->type1, &container, TYPE1_ENTRY_LIMIT, units_host_last(machine->config));
		assignment->space = viommu_add(&guest->viommu, device->source_id);
		return attach_now(machine, assignment->host.domain, source_id, err);
	case SCHEME_NESTED:
		assignment->space = viommu_add(&guest->viommu, device->source_id);
		break;
	}
	return true;
}

static void create_vcpus(struct guest *guest)
{
	struct machine *machine = guest->machine;

	for (uint16_t cpu = 0; cpu < guest->vcpu_count; cpu++) {
		struct vcpu *vcpu = &guest->vcpus[cpu];
		char name[32];

		vcpu->guest = guest;
		vcpu->number = cpu;
		vcpu->rows = trace_cursor_open(machine->trace, cpu);
		REQUIRE(vcpu->rows);
		if (machine->guest_count > 1)
			snprintf(name, sizeof(name), "guest %u cpu %u", guest->number, cpu);
		else
			snprintf(name, sizeof(name), "cpu %u", cpu);
		engine_actor(&machine->engine, name, vcpu_story, vcpu, false);
	}
}

static void init_guest(struct machine *machine, uint32_t number)
{
	const struct trace_summary *summary = trace_summary(machine->trace);
	const struct config *config = machine->config;
	struct guest *guest = &machine->guests[number];
	uint64_t rows = summary->ops;

	if (config->replay.max_operations > 0 && config->replay.max_operations < rows)
		rows = config->replay.max_operations;
	guest->machine = machine;
	guest->number = number;
	guest->view = (struct memory_view){ .memory = machine->memory,
					    .offset = GUEST_OFFSET + number * guest_stride(config) };
	guest->vcpu_count = summary->cpus;
	guest->device_count = summary->devices;
	guest->vcpus = heap_zeroed(summary->cpus, sizeof(*guest->vcpus));
	guest->assignments = heap_zeroed(summary->devices, sizeof(*guest->assignments));
	guest->domains = heap_zeroed(summary->devices + 1u, sizeof(*guest->domains));
	slots_init(&guest->queue_lock, 1, machine->timing->guest.lock_handover);
	slots_init(&guest->register_lock, 1, machine->timing->guest.lock_handover);
	rows_done_init(&guest->rows, rows);
	create_vcpus(guest);
}

static bool create_guest(struct guest *guest, struct err *err)
{
	const struct machine *machine = guest->machine;

	create_process(guest);
	if (machine->scheme.translation != SCHEME_PASSTHROUGH && !create_virtual(guest, err))
		return false;
	for (uint16_t i = 0; i < guest->device_count; i++)
		if (!create_assignment(guest, &guest->assignments[i], trace_device(machine->trace, i),
				       UINT32_MAX - 1u - i, err))
			return false;
	/* Under pin-on-map the guest's memory is neither mapped nor pinned before the guest maps it. */
	return machine->scheme.pin == SCHEME_PIN_ON_MAP || start_memory(guest, err);
}

bool machine_create(struct machine *machine, const struct config *config, const struct scheme *scheme, bool exact,
		    struct err *err)
{
	const struct trace_summary *summary = trace_summary(machine->trace);

	machine->config = config;
	machine->timing = &config->timing;
	machine->scheme = *scheme;
	machine->memory = memory_create();
	machine->guest_count = config->machine.guests;
	machine->guests = heap_zeroed(machine->guest_count, sizeof(*machine->guests));
	if (!check_guests(config, summary->devices, err) || !clock_start(config->machine.host_cores, err))
		return false;
	engine_init(&machine->engine, exact);
	if ((uint64_t)summary->cpus * machine->guest_count > config->machine.host_cores)
		cores_init(&machine->cores, &machine->engine, config->machine.host_cores);
	for (uint32_t i = 0; i < machine->guest_count; i++)
		init_guest(machine, i);
	if (!scan_trace(machine, err) || !create_hardware(machine, err) || !create_host(machine, err))
		return false;
	for (uint32_t i = 0; i < machine->guest_count; i++)
		if (!create_guest(&machine->guests[i], err))
			return false;
	return true;
}

/* How fast each guest's DMA went, from date 0 to that guest's own end. */
static void count_guests(const struct machine *machine)
{
	uint64_t *counter = machine->result->counter;
	u128_t sum = 0;

	for (uint32_t i = 0; i < machine->guest_count; i++) {
		const struct guest *guest = &machine->guests[i];
		uint64_t bytes = 0;

		for (uint16_t d = 0; d < guest->device_count; d++)
			bytes += guest->assignments[d].device.bytes;

		uint64_t rate = guest->end ? (uint64_t)((u128_t)bytes * PS_PER_S / guest->end) : 0;

		sum += rate;
		if (i == 0 || rate < counter[COUNT_GUEST_RATE_MIN])
			counter[COUNT_GUEST_RATE_MIN] = rate;
		if (rate > counter[COUNT_GUEST_RATE_MAX])
			counter[COUNT_GUEST_RATE_MAX] = rate;
	}
	counter[COUNT_GUESTS] = machine->guest_count;
	counter[COUNT_GUEST_RATE_MEAN] = (uint64_t)(sum / machine->guest_count);
}

void machine_run(struct machine *machine)
{
	uint64_t *counter = machine->result->counter;

	clock_run();
	char waiting[200];
	struct err err = { 0 };

	if (engine_deadlock(&machine->engine, waiting, sizeof(waiting))) {
		err_set(&err, ERR_CHECK, "scheme %s: the replay stands still, each actor waits for another: %s",
			machine->scheme.name, waiting);
		machine->fail(&err);
	}
	const struct iommu_stats *stats = &machine->unit.iommu->stats;

	count_guests(machine);
	counter[COUNT_GUEST_CPU_PS] = machine->guest_cpu_ps;
	counter[COUNT_HOST_CPU_PS] = machine->host_cpu_ps;
	counter[COUNT_DEVICE_HITS] = stats->device_hits;
	counter[COUNT_DEVICE_MISSES] = stats->device_misses;
	counter[COUNT_READS_DEVICE] = stats->reads[IOMMU_FOR_DEVICE];
	counter[COUNT_READS_FIRST_STAGE] = stats->reads[IOMMU_FOR_FIRST_STAGE];
	counter[COUNT_READS_SECOND_STAGE] = stats->reads[IOMMU_FOR_SECOND_STAGE];
	counter[COUNT_READS_QUEUE] = stats->reads[IOMMU_FOR_QUEUE];
	for (unsigned stage = 0; stage < 2; stage++) {
		counter[COUNT_WALK_CACHE_MISSES] += stats->walk_misses[stage];
		for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
			counter[COUNT_WALK_CACHE_HITS] += stats->walk_hits[stage][level];
	}
	counter[COUNT_ENTRIES_INVALIDATED] = stats->invalidated;
}
