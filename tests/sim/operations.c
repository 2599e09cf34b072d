/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one map and one unmap of a 4 KiB page cost under each scheme, cause by cause: each step that
 * docs/schemes.md names, as often as it happens.
 */
#include "tests/sim/priced.h"
#include "tests/suite.h"

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
	priced_replay(priced_two_operations, "passthrough");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = guest.dma_direct_map);
}
END_TEST

START_TEST(passthrough_unmap_is_the_direct_path)
{
	priced_replay(priced_two_operations, "passthrough");
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
	priced_replay(priced_two_operations, "passthrough");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = GUEST_RUNS * host.account); /* each run is charged */
	priced_check_count(COUNT_STARTUP_PS, priced->result->latency[RESULT_REGISTER].min_ps);
	priced_check_count(COUNT_VM_EXITS, 0);
	priced_check_count(COUNT_IOCTLS, 1);
	priced_check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	priced_check_count(COUNT_PAGES_UNPINNED, 0);
	priced_check_count(COUNT_GUEST_COMMANDS, 0);
	priced_check_count(COUNT_HOST_COMMANDS, 0);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
}
END_TEST

/* ---- shadow ---- */

START_TEST(pin_on_map_map_exits_reads_the_tables_pins_accounts_and_maps)
{
	priced_replay(priced_two_operations, "pin-on-map");
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
	priced_replay(priced_two_operations, "pin-on-map");
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
	priced_replay(priced_two_operations, "pin-on-map");
	ck_assert_uint_eq(priced->result->latency[RESULT_REGISTER].count, 0);
	priced_check_count(COUNT_STARTUP_PS, 0);
	priced_check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	priced_check_count(COUNT_IOCTLS, 1 + 1);
	priced_check_count(COUNT_PAGES_PINNED, 1);
	priced_check_count(COUNT_PAGES_UNPINNED, 1);
	priced_check_count(COUNT_GUEST_COMMANDS, SHADOW_ATTACH_COMMANDS + 2 + 2);
	priced_check_count(COUNT_HOST_COMMANDS, 2);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, 4096);
	ck_assert_uint_eq(priced->machine->guests[0].process->account.total, 0);
	ck_assert_uint_eq(priced->machine->guests[0].pins.pages, 0);
}
END_TEST

START_TEST(pin_on_map_calls_once_for_each_leaf_of_one_operation)
{
	priced_replay(priced_two_leaves, "pin-on-map");
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
	priced_check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	priced_check_count(COUNT_IOCTLS, 2 + 2);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, 8192);
}
END_TEST

/* [LINUX] pfn_to_dma_pte writes back each new table whole and the entry that points to it; then the leaf's line. */
START_TEST(without_snooping_each_written_line_is_written_back_by_guest_and_host)
{
	priced_config.iommu.snoop = false;
	priced_replay(priced_two_operations, "pin-on-map");
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_MAP][CAUSE_FLUSH],
			  2 * (3 * (64 + 1) + 1) * guest.entry_flush);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_UNMAP][CAUSE_FLUSH], 2 * guest.entry_flush);
}
END_TEST

START_TEST(preregister_map_only_checks_the_registration)
{
	priced_replay(priced_two_operations, "preregister");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS + HOST_MAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = host.ioctl + 2 * host.container_find, [CAUSE_ACCOUNT] = host.registration_find);
}
END_TEST

START_TEST(preregister_unmap_unpins_nothing)
{
	priced_replay(priced_two_operations, "preregister");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS + HOST_UNMAPS,
	      [CAUSE_INVALIDATION] = GUEST_QUEUES + HOST_QUEUES, [CAUSE_EXIT] = EXIT_PS + SHADOW_READS,
	      [CAUSE_IOCTL] = UNMAP_IOCTL, [CAUSE_ACCOUNT] = host.registration_find);
}
END_TEST

START_TEST(preregister_pins_and_accounts_all_memory_once_at_start_and_maps_none)
{
	priced_replay(priced_two_operations, "preregister");
	CHECK(RESULT_REGISTER, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_PIN] = GUEST_RUNS * host.pin_call + GUEST_PAGES * host.start_pin_page,
	      [CAUSE_ACCOUNT] = host.account + host.registration_find);
	priced_check_count(COUNT_STARTUP_PS, priced->result->latency[RESULT_REGISTER].min_ps);
	priced_check_count(COUNT_VM_EXITS, SHADOW_ATTACH_EXITS + 1 + 1);
	priced_check_count(COUNT_IOCTLS, 1 + 1 + 1);
	priced_check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	priced_check_count(COUNT_PAGES_UNPINNED, 0);
	priced_check_count(COUNT_GUEST_COMMANDS, SHADOW_ATTACH_COMMANDS + 2 + 2);
	priced_check_count(COUNT_HOST_COMMANDS, 2);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
	ck_assert_uint_eq(priced->machine->guests[0].process->account.total, GUEST_PAGES);
}
END_TEST

/* ---- nested ---- */

START_TEST(nested_map_only_writes_the_guests_table)
{
	priced_replay(priced_two_operations, "nested");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS);
}
END_TEST

START_TEST(nested_unmap_exits_and_its_invalidation_is_passed_on)
{
	priced_replay(priced_two_operations, "nested");
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
	priced_replay(priced_two_operations, "nested");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = host.account); /* all at once */
	priced_check_count(COUNT_VM_EXITS, NESTED_ATTACH_EXITS + 1);
	priced_check_count(COUNT_IOCTLS, 1 + NESTED_ATTACH_IOCTLS + 1);
	priced_check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	priced_check_count(COUNT_PAGES_UNPINNED, 0);
	priced_check_count(COUNT_GUEST_COMMANDS, NESTED_ATTACH_COMMANDS + 2);
	priced_check_count(COUNT_HOST_COMMANDS, 2 + 2);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
}
END_TEST

START_TEST(nested_hwq_map_only_writes_the_guests_table)
{
	priced_replay(priced_two_operations, "nested-hwq");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_TABLE] = GUEST_MAPS);
}
END_TEST

START_TEST(nested_hwq_unmap_rings_a_doorbell_and_waits_for_hardware)
{
	priced_replay(priced_two_operations, "nested-hwq");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_TABLE] = GUEST_UNMAPS,
	      [CAUSE_INVALIDATION] = guest.queue_submit + guest.doorbell + HARDWARE);
}
END_TEST

START_TEST(nested_hwq_exits_for_attaching_only)
{
	priced_replay(priced_two_operations, "nested-hwq");
	CHECK(RESULT_REGISTER, START_MAPPING, [CAUSE_ACCOUNT] = host.account); /* all at once */
	priced_check_count(COUNT_VM_EXITS, NESTED_ATTACH_EXITS);
	priced_check_count(COUNT_IOCTLS, 1 + NESTED_ATTACH_IOCTLS);
	priced_check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	priced_check_count(COUNT_PAGES_UNPINNED, 0);
	priced_check_count(COUNT_GUEST_COMMANDS, NESTED_ATTACH_COMMANDS + 2);
	priced_check_count(COUNT_HOST_COMMANDS, 2);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES);
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

	priced_defaults(); /* each test runs in a process of its own */
	return suite_run("sim/operations", tests);
}
