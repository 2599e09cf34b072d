/* SPDX-License-Identifier: Apache-2.0 */
/* What maps and unmaps cost on POWER, cause by cause, as docs/schemes.md says; DMA windows; frozen devices. */
#include "models/software/tce_driver.h"
#include "tests/sim/priced.h"
#include "tests/suite.h"
#include "tests/traces/events.h"

#define guest prices.guest
#define host  prices.host

/* Of 64 KiB, as a host's kernel on POWER has them. */
#define KERNEL_PAGES (GUEST_BYTES >> 16)

#define MAP_CPU   (guest.iova_alloc + guest.map_other)
#define UNMAP_CPU (guest.iova_find + guest.unmap_other + guest.iova_free)
/* A hypercall to the user-space device model, and back. */
#define EXIT_PS (host.exit + host.user_exit + host.descriptor + host.enter)
/* In the bridge's table, and as the guest wrote it. */
#define ENTRY (host.table_call + 2 * host.entry_write)

/* ---- the device model answers ---- */

/* The container's first map makes the default window: a table and a user view, accounted. */
#define FIRST_WINDOW_TABLES  (2 * host.table_alloc)
#define FIRST_WINDOW_ACCOUNT host.account

START_TEST(v1_map_exits_calls_vfio_pins_a_page_of_the_kernels_and_writes_an_entry)
{
	priced_replay(priced_two_operations, "spapr-v1");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_PIN] = host.pin_call + host.pin_page, [CAUSE_ACCOUNT] = FIRST_WINDOW_ACCOUNT,
	      [CAUSE_TABLE] = ENTRY + FIRST_WINDOW_TABLES, [CAUSE_INVALIDATION] = host.tce_kill);
}
END_TEST

START_TEST(v1_unmap_clears_the_entry_unpins_and_accounts_nothing)
{
	priced_replay(priced_two_operations, "spapr-v1");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_PIN] = host.unpin_page, [CAUSE_TABLE] = ENTRY, [CAUSE_INVALIDATION] = host.tce_kill);
}
END_TEST

/* [LINUX] tce_iommu_enable: the whole 32-bit window of the bridge, 2 GiB, and 8 MiB for its table and user view. */
START_TEST(v1_accounts_the_whole_window_at_start_and_pins_what_is_mapped)
{
	priced_replay(priced_two_operations, "spapr-v1");
	CHECK(RESULT_REGISTER, [CAUSE_IOCTL] = host.ioctl, [CAUSE_ACCOUNT] = host.account);
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, (UINT64_C(2) << 30) + (UINT64_C(8) << 20));
	priced_check_count(COUNT_VM_EXITS, 2);
	priced_check_count(COUNT_HYPERCALLS, 2);
	priced_check_count(COUNT_TCES, 2);
	priced_check_count(COUNT_TCES_KILLED, 2);
	priced_check_count(COUNT_IOCTLS, 1 + 1 + 1);
	priced_check_count(COUNT_PAGES_PINNED, 16);
	priced_check_count(COUNT_PAGES_UNPINNED, 16);
	ck_assert_uint_eq(priced->machine->guests[0].pins.pages, 0);
}
END_TEST

/* The entry, and the user view's. */
#define ENTRY_AND_VIEW (ENTRY + host.entry_write)

START_TEST(v2_map_only_finds_the_registration)
{
	priced_replay(priced_two_operations, "spapr-v2");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_ACCOUNT] = host.registration_find, [CAUSE_TABLE] = ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = host.tce_kill);
}
END_TEST

START_TEST(v2_unmap_counts_the_registration_back)
{
	priced_replay(priced_two_operations, "spapr-v2");
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_ACCOUNT] = host.registration_find, [CAUSE_TABLE] = ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = host.tce_kill);
}
END_TEST

/* The guest's window of 1 GiB has a table of 2 MiB and as much user view. */
START_TEST(v2_registers_all_memory_at_start_and_makes_the_guests_window)
{
	priced_replay(priced_two_operations, "spapr-v2");
	priced_check_count(COUNT_LOCKED_PEAK_BYTES, GUEST_BYTES + (UINT64_C(4) << 20));
	priced_check_count(COUNT_PAGES_PINNED, GUEST_PAGES);
	priced_check_count(COUNT_PAGES_UNPINNED, 0);
	priced_check_count(COUNT_IOCTLS, 3 + 1 + 1); /* register, remove the default window, create one; map; unmap */
	priced_check_count(COUNT_STARTUP_PS, priced->result->latency[RESULT_REGISTER].min_ps);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_REGISTER][CAUSE_PIN],
			  KERNEL_PAGES / 512 * host.pin_call + GUEST_PAGES * host.start_pin_page);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_REGISTER][CAUSE_IOCTL], 3 * host.ioctl);
}
END_TEST

/* Pages that lie apart are pieces of a list with a hypercall each; they lie side by side, so one call clears both. */
START_TEST(pieces_of_a_list_are_put_one_by_one_and_cleared_together)
{
	priced_replay(priced_two_leaves, "spapr-v2");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = 2 * guest.iova_alloc + guest.map_other, [CAUSE_EXIT] = 2 * EXIT_PS,
	      [CAUSE_IOCTL] = 2 * host.ioctl, [CAUSE_ACCOUNT] = 2 * host.registration_find,
	      [CAUSE_TABLE] = 2 * ENTRY_AND_VIEW, [CAUSE_INVALIDATION] = 2 * host.tce_kill);
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = 2 * host.ioctl,
	      [CAUSE_ACCOUNT] = 2 * host.registration_find, [CAUSE_TABLE] = 2 * ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = 2 * host.tce_kill);
	priced_check_count(COUNT_HYPERCALLS, 3);
	priced_check_count(COUNT_TCES, 4);
}
END_TEST

/* Three pages in a row. */
static const char *const contiguous[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080003000", "0000000000100000", "12288")),
	TASK("101", "0", "1.000011", DMA_MAP(NVME, "TO_DEVICE", "80000000", "12288")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080003000", "12288")),
	TASK("101", "0", "1.000021", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "12288")),
	NULL,
};

/* The device model reads the list in the guest's memory and calls VFIO for each of its entries. */
START_TEST(contiguous_pages_are_one_hypercall_and_a_call_of_vfio_each)
{
	priced_replay(contiguous, "spapr-v2");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = EXIT_PS + 3 * host.shadow_entry,
	      [CAUSE_IOCTL] = 3 * host.ioctl, [CAUSE_ACCOUNT] = 3 * host.registration_find,
	      [CAUSE_TABLE] = 3 * guest.entry_write + 3 * ENTRY_AND_VIEW, [CAUSE_INVALIDATION] = 3 * host.tce_kill);
	priced_check_count(COUNT_HYPERCALLS, 2);
	priced_check_count(COUNT_TCES, 6);
	priced_check_count(COUNT_IOCTLS, 3 + 3 + 3);
}
END_TEST

/* ---- the kernel answers ---- */

#define KERNEL_PS (host.exit + host.hypercall + host.enter)

START_TEST(the_kernel_checks_an_entry_finds_its_registration_twice_and_calls_nobody)
{
	priced_replay(priced_two_operations, "spapr-v2-kvm");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = KERNEL_PS + host.tce_check,
	      [CAUSE_ACCOUNT] = 2 * host.registration_find, [CAUSE_TABLE] = ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = host.tce_kill);
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = UNMAP_CPU, [CAUSE_EXIT] = KERNEL_PS,
	      [CAUSE_ACCOUNT] = host.registration_find, [CAUSE_TABLE] = ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = host.tce_kill);
	priced_check_count(COUNT_VM_EXITS, 2);
	priced_check_count(COUNT_HYPERCALLS, 2);
	priced_check_count(COUNT_IOCTLS, 3); /* at start */
}
END_TEST

START_TEST(the_kernel_answers_a_list_without_calls)
{
	priced_replay(contiguous, "spapr-v2-kvm");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = KERNEL_PS + 3 * host.tce_check,
	      [CAUSE_ACCOUNT] = 6 * host.registration_find, [CAUSE_TABLE] = 3 * guest.entry_write + 3 * ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = 3 * host.tce_kill);
	priced_check_count(COUNT_HYPERCALLS, 2);
	priced_check_count(COUNT_TCES, 6);
	priced_check_count(COUNT_TCES_KILLED, 6);
	priced_check_count(COUNT_IOCTLS, 3);
}
END_TEST

/* The table of 262,144 entries is locked too, in pages of 64 KiB, with a page that lists them. */
START_TEST(the_kernels_copy_of_the_guests_table_is_locked_memory)
{
	priced_replay(priced_two_operations, "spapr-v2-kvm");
	priced_check_count(COUNT_LOCKED_PEAK_BYTES,
			   GUEST_BYTES + (UINT64_C(4) << 20) + (UINT64_C(2) << 20) + (UINT64_C(64) << 10));
}
END_TEST

/* ---- windows ---- */

/* 12 KiB of one page of 64 KiB: one entry. */
START_TEST(a_dynamic_window_is_asked_for_by_two_calls_and_has_larger_pages)
{
	priced_config.spapr.window = SPAPR_WINDOW_DYNAMIC;
	priced_config.spapr.page_lg2 = 16;
	priced_replay(contiguous, "spapr-v2");
	ck_assert_uint_eq(priced->result->latency[RESULT_ATTACH].count, 1);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_ATTACH][CAUSE_EXIT], 2 * EXIT_PS);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_ATTACH][CAUSE_IOCTL], host.ioctl);
	priced_check_count(COUNT_TCES, 2);
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = MAP_CPU, [CAUSE_EXIT] = EXIT_PS, [CAUSE_IOCTL] = host.ioctl,
	      [CAUSE_ACCOUNT] = host.registration_find, [CAUSE_TABLE] = ENTRY_AND_VIEW,
	      [CAUSE_INVALIDATION] = host.tce_kill);
}
END_TEST

START_TEST(the_default_window_is_there_and_attaching_does_nothing)
{
	priced_replay(priced_two_operations, "spapr-v2");
	ck_assert_uint_eq(priced->result->latency[RESULT_ATTACH].count, 0);
}
END_TEST

/* Pages that lie apart need an entry of 64 KiB each, and the device uses two places of them. */
START_TEST(a_list_in_a_window_of_larger_pages_is_several_pieces_and_the_device_finds_them)
{
	priced_config.spapr.window = SPAPR_WINDOW_DYNAMIC;
	priced_config.spapr.page_lg2 = 16;
	priced_replay(priced_two_leaves, "spapr-v2");
	priced_check_count(COUNT_HYPERCALLS, 2 + 2);
	priced_check_count(COUNT_DMA_BYTES_READ, 8192);
}
END_TEST

/* A host page of 2 MiB holds both pages of the list, but each piece has an entry of its own. */
START_TEST(an_entry_may_be_as_large_as_the_hosts_huge_page)
{
	priced_config.spapr.window = SPAPR_WINDOW_DYNAMIC;
	priced_config.spapr.page_lg2 = 21;
	priced_config.spapr.window_bytes = UINT64_C(64) << 30;
	priced_replay(priced_two_leaves, "spapr-v2-kvm");
	priced_check_count(COUNT_DEVICES_FROZEN, 0);
	priced_check_count(COUNT_DMA_BYTES_READ, 8192);
	priced_check_count(COUNT_TCES, 2 + 2);
}
END_TEST

/* 64 MiB are 1,024 TCEs of 64 KiB: two lists.  Then nobody is asked. */
START_TEST(in_a_direct_window_all_memory_is_mapped_when_attaching_and_a_map_is_the_direct_path)
{
	priced_config.spapr.window = SPAPR_WINDOW_DIRECT;
	priced_config.spapr.page_lg2 = 16;
	priced_replay(priced_two_leaves, "spapr-v2-kvm");
	CHECK(RESULT_MAP, [CAUSE_GUEST_CPU] = guest.dma_direct_map);
	CHECK(RESULT_UNMAP, [CAUSE_GUEST_CPU] = guest.dma_direct_unmap);
	ck_assert_uint_eq(priced->result->cause_ps[RESULT_ATTACH][CAUSE_EXIT],
			  2 * EXIT_PS + 2 * KERNEL_PS + 1024 * host.tce_check);
	priced_check_count(COUNT_HYPERCALLS, 2);
	priced_check_count(COUNT_TCES, 1024);
	priced_check_count(COUNT_DMA_BYTES_READ, 8192);
	priced_check_count(COUNT_VM_EXITS, 2 + 2);
}
END_TEST

/* Two CPUs map in a space that nobody was attached to, so that both ask for its window. */
static const char *const at_once[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000010", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("102", "1", "1.000010", MAP("0000000090000000", "0000000090001000", "0000000000110000", "4096")),
	TASK("102", "1", "1.000010", DMA_MAP(NVME, "TO_DEVICE", "90000000", "4096")),
	TASK("101", "0", "1.000030", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000031", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("102", "1", "1.000040", UNMAP("0000000090000000", "0000000090001000", "4096")),
	TASK("102", "1", "1.000041", DMA_UNMAP(NVME, "TO_DEVICE", "90000000", "4096")),
	NULL,
};

START_TEST(of_two_cpus_that_need_a_window_one_asks_and_the_other_waits)
{
	struct scheme scheme = replayed_scheme("spapr-v2", NULL, NULL);

	priced_config.spapr.window = _i ? SPAPR_WINDOW_DIRECT : SPAPR_WINDOW_DYNAMIC;
	priced_config.spapr.page_lg2 = 16;
	priced_config.replay.think_time_ppm = 0;
	priced_config.timing = prices;
	priced = replayed_run(at_once, &priced_config, &scheme);
	priced_check_count(COUNT_DEVICES_FROZEN, 0);
	priced_check_count(COUNT_DMA_BYTES_READ, 8192);
	ck_assert_uint_gt(priced->result->cause_ps[RESULT_MAP][CAUSE_QUEUE_WAIT], 0);
	/* one window; and a list for each 512 TCEs of memory, or a call for each map and unmap */
	priced_check_count(COUNT_VM_EXITS, 2 + (_i ? 2 : 4));
}
END_TEST

/* ---- faults ---- */

/* What the driver says to be mapped is twice what was: the device goes on past the entry. */
static const char *const beyond[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000011", DMA_MAP(NVME, "TO_DEVICE", "80000000", "8192")),
	TASK("101", "0", "1.000020", MAP("0000000080010000", "0000000080011000", "0000000000110000", "4096")),
	TASK("101", "0", "1.000021", DMA_MAP(NVME, "TO_DEVICE", "80010000", "4096")),
	TASK("101", "0", "1.000030", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000031", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "8192")),
	TASK("101", "0", "1.000040", UNMAP("0000000080010000", "0000000080011000", "4096")),
	TASK("101", "0", "1.000041", DMA_UNMAP(NVME, "TO_DEVICE", "80010000", "4096")),
	NULL,
};

START_TEST(a_device_that_reads_what_is_not_mapped_is_frozen_and_the_replay_goes_on)
{
	struct scheme scheme = replayed_scheme("spapr-v2", NULL, NULL);

	priced_config.timing = prices;
	priced = replayed_run(beyond, &priced_config, &scheme);
	priced_check_count(COUNT_OPERATIONS_REPLAYED, 4);
	priced_check_count(COUNT_DEVICES_FROZEN, 1);
	ck_assert_uint_gt(priced->result->counter[COUNT_FAULTS], 0);
	priced_check_count(COUNT_TRANSFERS_CUT, 2);
	ck_assert_uint_le(priced->result->counter[COUNT_DMA_BYTES_READ], 4096);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/power");
	TCase *cases = tcase_create("power");

	priced_defaults(); /* each test runs in a process of its own */
	tcase_set_timeout(cases, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(cases, v1_map_exits_calls_vfio_pins_a_page_of_the_kernels_and_writes_an_entry);
	tcase_add_test(cases, v1_unmap_clears_the_entry_unpins_and_accounts_nothing);
	tcase_add_test(cases, v1_accounts_the_whole_window_at_start_and_pins_what_is_mapped);
	tcase_add_test(cases, v2_map_only_finds_the_registration);
	tcase_add_test(cases, v2_unmap_counts_the_registration_back);
	tcase_add_test(cases, v2_registers_all_memory_at_start_and_makes_the_guests_window);
	tcase_add_test(cases, pieces_of_a_list_are_put_one_by_one_and_cleared_together);
	tcase_add_test(cases, contiguous_pages_are_one_hypercall_and_a_call_of_vfio_each);
	tcase_add_test(cases, the_kernel_checks_an_entry_finds_its_registration_twice_and_calls_nobody);
	tcase_add_test(cases, the_kernel_answers_a_list_without_calls);
	tcase_add_test(cases, the_kernels_copy_of_the_guests_table_is_locked_memory);
	tcase_add_test(cases, a_dynamic_window_is_asked_for_by_two_calls_and_has_larger_pages);
	tcase_add_test(cases, the_default_window_is_there_and_attaching_does_nothing);
	tcase_add_test(cases, a_list_in_a_window_of_larger_pages_is_several_pieces_and_the_device_finds_them);
	tcase_add_test(cases, an_entry_may_be_as_large_as_the_hosts_huge_page);
	tcase_add_test(cases, in_a_direct_window_all_memory_is_mapped_when_attaching_and_a_map_is_the_direct_path);
	tcase_add_test(cases, a_device_that_reads_what_is_not_mapped_is_frozen_and_the_replay_goes_on);
	tcase_add_loop_test(cases, of_two_cpus_that_need_a_window_one_asks_and_the_other_waits, 0, 2);
	suite_add_tcase(suite, cases);
	return suite_main(suite);
}
