/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one map and one unmap of a 4 KiB page cost under each scheme, cause by cause: each step that
 * docs/schemes.md names, as often as it happens.  Prices are primes, so that no two sums of few of them agree.
 */
#include "tests/sim/replayed.h"
#include "tests/suite.h"
#include "tests/traces/events.h"

#define GUEST_BYTES (UINT64_C(64) << 20)
#define GUEST_PAGES (GUEST_BYTES / 4096)
/* Host pages of 2 MiB, of which one batch of 512 pages is one. */
#define GUEST_RUNS (GUEST_BYTES >> 21)

static const struct timing prices = {
	.guest = { .dma_direct_map = 100003,
		   .dma_direct_unmap = 219889,
		   .iova_alloc = 347539,
		   .iova_find = 479001,
		   .iova_free = 521393,
		   .map_other = 632029,
		   .unmap_other = 745933,
		   .entry_write = 856147,
		   .table_call = 974497,
		   .table_alloc = 1086997,
		   .table_free = 1195891,
		   .entry_flush = 1302403,
		   .queue_submit = 1413607,
		   .doorbell = 1526101,
		   .status_poll = 10007,
		   .lock_handover = 1639993 },
	.host = { .exit = 1750213,
		  .enter = 1861933,
		  .user_exit = 1973011,
		  .ioctl = 2084503,
		  .descriptor = 2197021,
		  .shadow_entry = 2301709,
		  .container_find = 2412017,
		  .pin_call = 2523011,
		  .pin_page = 2635679,
		  .unpin_page = 2747837,
		  .account = 2858959,
		  .registration_find = 2969971,
		  .table_call = 3081343,
		  .entry_write = 3192859,
		  .table_alloc = 3304781,
		  .queue_submit = 3416573,
		  .invalidate_forward = 3528509,
		  .start_pin_page = 3639241 },
	.iommu = { .iotlb_lookup = 11003,
		   .device_lookup = 12007,
		   .walk_cache_lookup = 13001,
		   .memory_read = 14009,
		   .memory_update = 15013,
		   .descriptor_fetch = 3751511,
		   .invalidate = 3863009,
		   .status_write = 3974017,
		   .data_read = 16001,
		   .data_write = 17011 },
	.pcie = { .link_latency = 18013, .device_think = 19001, .completion_interrupt = 20011 },
};

static const char *const two_operations[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000011", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000021", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "4096")),
	NULL,
};

/* A list of two pages that lie apart. */
static const char *const two_leaves[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000010", MAP("0000000080001000", "0000000080002000", "0000000000300000", "4096")),
	TASK("101", "0", "1.000011",
	     "dma_map_sg: " NVME " dir=TO_DEVICE nents=2/2 ents=1/1 dma_addrs={0x80000000} "
	     "sizes={0x2000} phys_addrs={0x100000,0x300000} attrs="),
	TASK("101", "0", "1.000019", UNMAP_SG(NVME, "TO_DEVICE")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080002000", "8192")),
	NULL,
};

static struct config config;
static struct replayed *run;

static void replay(const char *const *text, const char *preset)
{
	struct scheme scheme = replayed_scheme(preset, NULL, NULL);

	config.timing = prices;
	run = replayed_run(text, &config, &scheme);
	ck_assert_uint_eq(run->result->counter[COUNT_OPERATIONS_REPLAYED], 2);
	ck_assert_uint_eq(run->result->counter[COUNT_OPERATIONS_SKIPPED], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_FAULTS], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_STALE_USED], 0);
}

static void defaults(void)
{
	replayed_config(&config);
	config.machine.guest_ram_bytes = GUEST_BYTES;
}

/* The one operation of this kind. */
static void check(enum result_op op, const ps_t expected[RESULT_CAUSES])
{
	ps_t sum = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		sum += expected[cause];
		ck_assert_msg(run->result->cause_ps[op][cause] == expected[cause], "%s, %s: %llu ps instead of %llu ps",
			      result_op_names[op], result_cause_names[cause],
			      (unsigned long long)run->result->cause_ps[op][cause],
			      (unsigned long long)expected[cause]);
	}
	ck_assert_uint_eq(run->result->latency[op].count, 1);
	ck_assert_uint_eq(run->result->latency[op].min_ps, sum);
}

static void check_count(enum result_counter counter, uint64_t expected)
{
	ck_assert_msg(run->result->counter[counter] == expected, "%s: %llu instead of %llu",
		      result_counter_info[counter].name, (unsigned long long)run->result->counter[counter],
		      (unsigned long long)expected);
}

#define CHECK(op, ...) check(op, (const ps_t[RESULT_CAUSES]){ __VA_ARGS__ })

/* ---- what several schemes have in common ---- */

#define guest prices.guest
#define host  prices.host
#define unit  prices.iommu

#define MAP_CPU   (guest.iova_alloc + guest.map_other)
#define UNMAP_CPU (guest.iova_find + guest.unmap_other + guest.iova_free)
/* Below an empty root of four levels: three tables and the leaf; the range covers no table, so all three stay. */
#define GUEST_MAPS   (guest.table_call + 3 * guest.table_alloc + guest.entry_write)
#define GUEST_UNMAPS (guest.table_call + guest.entry_write)
#define HOST_MAPS    (host.table_call + 3 * host.table_alloc + host.entry_write)
#define HOST_UNMAPS  (host.table_call + host.entry_write)
/* To the user-space device model and back; the invalidation and the wait descriptor. */
#define EXIT_PS (host.exit + host.user_exit + 2 * host.descriptor + host.enter)
/* The emulated unit reads root and context entry, then an entry at each of four levels. */
#define SHADOW_READS (6 * host.shadow_entry)
/* The guest queues and sees the status at its first look: it was written before it ran again. */
#define GUEST_QUEUES (guest.queue_submit + guest.status_poll)
/* Hardware takes an invalidation and a wait descriptor; who polls looks once more when the status is there. */
#define HARDWARE    (2 * unit.descriptor_fetch + unit.invalidate + unit.status_write + guest.status_poll)
#define HOST_QUEUES (host.queue_submit + HARDWARE)

/* ---- passthrough ---- */

START_TEST(passthrough_map_is_the_direct_path)
{
	replay(two_operations, "passthrough");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = guest.dma_direct_map);
}
END_TEST

START_TEST(passthrough_unmap_is_the_direct_path)
{
	replay(two_operations, "passthrough");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = guest.dma_direct_unmap);
}
END_TEST

/* One VFIO or iommufd call: found free, inserted; each run of 2 MiB mapped; two tables below the root. */
#define START_MAPPING \
	[CAUSE_IOCTL] = host.ioctl + 2 * host.container_find, \
	[CAUSE_PIN] = GUEST_RUNS * host.pin_call + GUEST_PAGES * host.start_pin_page, \
	[CAUSE_TABLE] = GUEST_RUNS * (host.table_call + host.entry_write) + 2 * host.table_alloc

START_TEST(passthrough_pins_and_maps_all_memory_at_start_and_then_calls_nobody)
{
	replay(two_operations, "passthrough");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = GUEST_RUNS * host.account); /* each run is charged */
	check_count(COUNT_STARTUP_PS, run->result->latency[RESULT_REGISTER].min_ps);
	check_count(COUNT_VM_EXITS, 0);
	check_count(COUNT_IOCTLS, 1);
	check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	check_count(COUNT_PAGES_UNPINNED, 0);
	check_count(COUNT_GUEST_COMMANDS, 0);
	check_count(COUNT_HOST_COMMANDS, 0);
	check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
}
END_TEST

/* ---- shadow ---- */

START_TEST(pin_on_map_map_exits_reads_the_tables_pins_accounts_and_maps)
{
	replay(two_operations, "pin-on-map");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS + HOST_MAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = host.ioctl + 2 * host.container_find, /* nothing there; inserted */
	      [CAUSE_PIN] = host.pin_call + host.pin_page, [CAUSE_ACCOUNT] = host.account);
}
END_TEST

/* [LINUX] vfio_dma_do_unmap looks at both ends of the range, then for its first mapping; removing is the fourth. */
#define UNMAP_IOCTL (host.ioctl + 4 * host.container_find)

START_TEST(pin_on_map_unmap_exits_reads_the_tables_unmaps_invalidates_and_unpins)
{
	replay(two_operations, "pin-on-map");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS + HOST_UNMAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES + HOST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = UNMAP_IOCTL, [CAUSE_PIN] = host.unpin_page, [CAUSE_ACCOUNT] = host.account);
}
END_TEST

/*
 * Attaching: the context cache, then the IOTLB, each a submission with its own wait ([LINUX] qi_flush_context,
 * qi_flush_iotlb); the guest's table is empty, so there is nothing to call for.
 */
#define SHADOW_ATTACH_EXITS    2
#define SHADOW_ATTACH_COMMANDS (2 + 2)

START_TEST(pin_on_map_exits_and_calls_once_an_operation_and_locks_what_is_mapped)
{
	replay(two_operations, "pin-on-map");
	ck_assert_uint_eq(run->result->latency[RESULT_REGISTER].count, 0);
	check_count(COUNT_STARTUP_PS, 0);
	check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	check_count(COUNT_IOCTLS, 1 + 1);
	check_count(COUNT_PAGES_PINNED, 1);
	check_count(COUNT_PAGES_UNPINNED, 1);
	check_count(COUNT_GUEST_COMMANDS, SHADOW_ATTACH_COMMANDS + 2 + 2);
	check_count(COUNT_HOST_COMMANDS, 2);
	check_count(COUNT_LOCKED_PEAK_BYTES, 4096);
	ck_assert_uint_eq(run->machine->guests[0].process.account.total, 0);
	ck_assert_uint_eq(run->machine->guests[0].pins.pages, 0);
}
END_TEST

START_TEST(pin_on_map_calls_once_for_each_leaf_of_one_operation)
{
	replay(two_leaves, "pin-on-map");
	/* Three upper entries and two leaves. */
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_INVALIDATION] = GUEST_QUEUES,
	      [CAUSE_TABLE] = 2 * (guest.table_call + guest.entry_write) + 3 * guest.table_alloc +
			      2 * (host.table_call + host.entry_write) + 3 * host.table_alloc,
	      [CAUSE_EXIT] = EXIT_PS + (2 + 3 + 2) * host.shadow_entry,
	      [CAUSE_IOCTL] = 2 * (host.ioctl + 2 * host.container_find),
	      [CAUSE_PIN] = 2 * (host.pin_call + host.pin_page), [CAUSE_ACCOUNT] = 2 * host.account);
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_INVALIDATION] = GUEST_QUEUES + 2 * HOST_QUEUES,
	      [CAUSE_TABLE] = guest.table_call + 2 * guest.entry_write + 2 * (host.table_call + host.entry_write),
	      [CAUSE_EXIT] = EXIT_PS + (2 + 3 + 2) * host.shadow_entry, [CAUSE_IOCTL] = 2 * UNMAP_IOCTL,
	      [CAUSE_PIN] = 2 * host.unpin_page, [CAUSE_ACCOUNT] = 2 * host.account);
	check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	check_count(COUNT_IOCTLS, 2 + 2);
	check_count(COUNT_LOCKED_PEAK_BYTES, 8192);
}
END_TEST

/* [LINUX] pfn_to_dma_pte writes back each new table whole and the entry that points to it; then the leaf's line. */
START_TEST(without_snooping_each_written_line_is_written_back_by_guest_and_host)
{
	config.iommu.snoop = false;
	replay(two_operations, "pin-on-map");
	ck_assert_uint_eq(run->result->cause_ps[RESULT_MAP][CAUSE_FLUSH], 2 * (3 * (64 + 1) + 1) * guest.entry_flush);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_UNMAP][CAUSE_FLUSH], 2 * guest.entry_flush);
}
END_TEST

START_TEST(preregister_map_only_checks_the_registration)
{
	replay(two_operations, "preregister");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS + HOST_MAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = host.ioctl + 2 * host.container_find, [CAUSE_ACCOUNT] = host.registration_find);
}
END_TEST

START_TEST(preregister_unmap_unpins_nothing)
{
	replay(two_operations, "preregister");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS + HOST_UNMAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES + HOST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = UNMAP_IOCTL, [CAUSE_ACCOUNT] = host.registration_find);
}
END_TEST

START_TEST(preregister_pins_and_accounts_all_memory_once_at_start_and_maps_none)
{
	replay(two_operations, "preregister");
	CHECK(RESULT_REGISTER, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_PIN] = GUEST_RUNS * host.pin_call + GUEST_PAGES * host.start_pin_page,
	      [CAUSE_ACCOUNT] = host.account + host.registration_find);
	check_count(COUNT_STARTUP_PS, run->result->latency[RESULT_REGISTER].min_ps);
	check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	check_count(COUNT_IOCTLS, 1 + 1 + 1);
	check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	check_count(COUNT_PAGES_UNPINNED, 0);
	check_count(COUNT_GUEST_COMMANDS, SHADOW_ATTACH_COMMANDS + 2 + 2);
	check_count(COUNT_HOST_COMMANDS, 2);
	check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
	ck_assert_uint_eq(run->machine->guests[0].process.account.total, GUEST_PAGES);
}
END_TEST

/* ---- nested ---- */

START_TEST(nested_map_only_writes_the_guests_table)
{
	replay(two_operations, "nested");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS);
}
END_TEST

START_TEST(nested_unmap_exits_and_its_invalidation_is_passed_on)
{
	replay(two_operations, "nested");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS, [CAUSE_EXIT] = EXIT_PS,
	      [CAUSE_IOCTL] = host.ioctl, [CAUSE_INVALIDATION] = GUEST_QUEUES + host.invalidate_forward + HOST_QUEUES);
}
END_TEST

/*
 * When the device appears: context cache, IOTLB.  When it is attached: PASID cache, which makes the host allocate
 * and attach the nested table (two calls), PASID-based IOTLB, which is passed on (one).  Each with its own wait.
 */
#define NESTED_ATTACH_EXITS    4
#define NESTED_ATTACH_COMMANDS (4 * 2)
#define NESTED_ATTACH_IOCTLS   (2 + 1)

START_TEST(nested_exits_for_the_unmap_only_and_locks_all_memory)
{
	replay(two_operations, "nested");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = host.account); /* all at once */
	check_count(COUNT_VM_EXITS, NESTED_ATTACH_EXITS + 1);
	check_count(COUNT_IOCTLS, 1 + NESTED_ATTACH_IOCTLS + 1);
	check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	check_count(COUNT_PAGES_UNPINNED, 0);
	check_count(COUNT_GUEST_COMMANDS, NESTED_ATTACH_COMMANDS + 2);
	check_count(COUNT_HOST_COMMANDS, 2 + 2);
	check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
}
END_TEST

START_TEST(nested_hwq_map_only_writes_the_guests_table)
{
	replay(two_operations, "nested-hwq");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS);
}
END_TEST

START_TEST(nested_hwq_unmap_rings_a_doorbell_and_waits_for_hardware)
{
	replay(two_operations, "nested-hwq");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS,
	      [CAUSE_INVALIDATION] = guest.queue_submit + guest.doorbell + HARDWARE);
}
END_TEST

START_TEST(nested_hwq_exits_for_attaching_only)
{
	replay(two_operations, "nested-hwq");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = host.account); /* all at once */
	check_count(COUNT_VM_EXITS, NESTED_ATTACH_EXITS);
	check_count(COUNT_IOCTLS, 1 + NESTED_ATTACH_IOCTLS);
	check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	check_count(COUNT_PAGES_UNPINNED, 0);
	check_count(COUNT_GUEST_COMMANDS, NESTED_ATTACH_COMMANDS + 2);
	check_count(COUNT_HOST_COMMANDS, 2);
	check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		passthrough_map_is_the_direct_path,
		passthrough_unmap_is_the_direct_path,
		passthrough_pins_and_maps_all_memory_at_start_and_then_calls_nobody,
		pin_on_map_map_exits_reads_the_tables_pins_accounts_and_maps,
		pin_on_map_unmap_exits_reads_the_tables_unmaps_invalidates_and_unpins,
		pin_on_map_exits_and_calls_once_an_operation_and_locks_what_is_mapped,
		pin_on_map_calls_once_for_each_leaf_of_one_operation,
		without_snooping_each_written_line_is_written_back_by_guest_and_host,
		preregister_map_only_checks_the_registration,
		preregister_unmap_unpins_nothing,
		preregister_pins_and_accounts_all_memory_once_at_start_and_maps_none,
		nested_map_only_writes_the_guests_table,
		nested_unmap_exits_and_its_invalidation_is_passed_on,
		nested_exits_for_the_unmap_only_and_locks_all_memory,
		nested_hwq_map_only_writes_the_guests_table,
		nested_hwq_unmap_rings_a_doorbell_and_waits_for_hardware,
		nested_hwq_exits_for_attaching_only,
		NULL,
	};

	defaults(); /* each test runs in a process of its own */
	return suite_run("sim/operations", tests);
}
