/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a machine together as its scheme says, and runs it.  Nothing is taken apart: a machine is a process. */
#include "sim/machine.h"

#include <stdio.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "sim/clock.h"
#include "sim/deferred.h"
#include "sim/guest.h"
#include "sim/guest_memory.h"
#include "sim/host.h"
#include "sim/translation.h"
#include "sim/unplug.h"
#include "sim/update.h"

/*
 * Host-physical memory: the host's tables and queues above 4 GiB, the guest's
 * memory from 1 TiB on; the guest's own tables at the top of its low memory.
 */
#define HOST_FRAMES_FIRST (UINT64_C(4) << 30)
#define HOST_FRAMES_END   (UINT64_C(20) << 30)
#define GUEST_OFFSET      (UINT64_C(1) << 40)
#define GUEST_TABLES      (UINT64_C(256) << 20)

/* From one guest's memory to the next one's: whole GiB, so that large pages fit alike. */
static uint64_t guest_stride(const struct config *config)
{
	return (guest_memory_end(config) + (UINT64_C(1) << 30) - 1) >> 30 << 30;
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

/* ---- the process that runs a guest ---- */

/* What the host keeps for one guest, whatever the translation. */
static void create_process(struct guest *guest)
{
	struct machine *machine = guest->machine;
	const struct config *config = machine->config;
	phys_t low = guest_slot(config, 0).bytes;

	const struct area ram = { .vaddr = GUEST_VADDR,
				  .bytes = guest_memory_end(config),
				  .permissions = PT_READ | PT_WRITE,
				  .base = guest->view.offset,
				  .page_lg2 = config->machine.host_page_lg2,
				  .hugetlb = machine->translation->hugetlb &&
					     config->machine.host_page_lg2 > machine->kernel_page_lg2,
				  .backed_bytes = guest_memory_end(config) };

	pins_init(&guest->pins, ram.base, ram.bytes);
	guest->process = heap_zeroed(1, sizeof(*guest->process));
	guest->vaddr = ram.vaddr;
	process_init(guest->process, &guest->pins, config->machine.memlock_limit_bytes);
	process_add_area(guest->process, &ram);
	registrations_init(&guest->registrations, guest->process, machine->kernel_page_lg2,
			   config->machine.pin_batch_pages);
	frames_init(&guest->frames, low > GUEST_TABLES ? low - GUEST_TABLES : low / 2, low);
}

/* ---- devices, domains, CPUs ---- */

/* Marks the devices that do DMA, for every guest, and refuses a trace that maps what the guest or its tables do not have. */
static bool scan_trace(struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct trace_cursor *rows = trace_cursor_open(machine->trace, -1);
	const char *bound;
	iova_t limit = machine->translation->iova_limit(config, &bound);
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
			if (segment.iova + (segment.bytes - 1) > limit)
				err_set(err, ERR_USAGE,
					"line %llu of the recording maps IOVA 0x%llx, beyond what %s: raise one",
					(unsigned long long)segment.line, (unsigned long long)segment.iova, bound);
			else if (segment.phys + segment.bytes > unplug_first(config))
				err_set(err, ERR_USAGE,
					"line %llu of the recording maps guest-physical 0x%llx, which the guest gives "
					"back: lower unplug.bytes = %llu or raise machine.guest_ram_bytes = %llu",
					(unsigned long long)segment.line, (unsigned long long)segment.phys,
					(unsigned long long)config->unplug.bytes,
					(unsigned long long)config->machine.guest_ram_bytes);
			else if (!guest_memory_backs(config, segment.phys, segment.bytes))
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
	machine->translation->create_domain(domain);
	ranges_init(&domain->awaiting_flush);
	if (machine->scheme.unmap == SCHEME_DEFERRED)
		deferred_init(domain);
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

	if (machine->translation->create_domain && device->source_id != UINT16_MAX)
		assignment->domain = domain_of_group(guest, device->group == UINT32_MAX ? lone_group : device->group);
	if (!assignment->assigned)
		return true;
	device_init(&assignment->device, &machine->engine, machine->config, &machine->unit, machine->result,
		    host_source_id(guest, device, (uint16_t)(assignment - guest->assignments)), device->class_code,
		    device->name + 5);
	return machine->translation->assign(guest, assignment, device->source_id, err);
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
	rows_done_init(&guest->rows, rows);
	pause_init(&guest->pause, config->update.kind != UPDATE_NONE);
	create_vcpus(guest);
}

static bool create_guest(struct guest *guest, struct err *err)
{
	const struct machine *machine = guest->machine;

	create_process(guest);
	if (!machine->translation->create_guest(guest, err))
		return false;
	for (uint16_t i = 0; i < guest->device_count; i++)
		if (!create_assignment(guest, &guest->assignments[i], trace_device(machine->trace, i),
				       UINT32_MAX - 1u - i, err))
			return false;
	/* Nothing is done at start by a host that pins on map, unless its windows are to be made. */
	return (machine->scheme.pin == SCHEME_PIN_ON_MAP && !machine->translation->start) ||
	       guest_memory_start(guest, err);
}

bool machine_create(struct machine *machine, const struct config *config, const struct scheme *scheme, bool exact,
		    struct err *err)
{
	const struct trace_summary *summary = trace_summary(machine->trace);

	machine->config = config;
	machine->timing = &config->timing;
	machine->scheme = *scheme;
	machine->translation = translations[scheme->translation];
	machine->kernel_page_lg2 =
		machine->translation->kernel_page_lg2 ? machine->translation->kernel_page_lg2(config) : PAGE_LG2;
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
	frames_init(&machine->host_frames, HOST_FRAMES_FIRST, HOST_FRAMES_END);
	if (!unplug_check(machine, err) || !update_check(machine, err) || !scan_trace(machine, err) ||
	    !machine->translation->create_host(machine, err))
		return false;
	for (uint32_t i = 0; i < machine->guest_count; i++)
		if (!create_guest(&machine->guests[i], err))
			return false;
	for (uint32_t i = 0; i < machine->guest_count; i++)
		unplug_create(&machine->guests[i]);
	for (uint32_t i = 0; i < machine->guest_count; i++)
		if (!update_create(&machine->guests[i], err))
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
		for (uint16_t d = 0; d < guest->device_count; d++)
			if (guest->assignments[d].device.longest_gap > counter[COUNT_DMA_GAP_PS])
				counter[COUNT_DMA_GAP_PS] = guest->assignments[d].device.longest_gap;

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
	for (uint32_t i = 0; i < machine->guest_count; i++)
		counter[COUNT_PINNED_PEAK_BYTES] += machine->guests[i].pins.peak * PAGE_BYTES;
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
