/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a guest's memory is mapped at start, in one container or one of each device and in blocks, and what giving it back
 * costs: cause by cause, each step as often as it happens.  Prices are primes, so that no two sums of few agree.
 */
#include "tests/sim/replayed.h"
#include "tests/suite.h"
#include "tests/traces/events.h"

#define MIB   UINT64_C(0x100000)
#define GIB   UINT64_C(0x40000000)
#define PAGES 8192u /* 32 MiB */
#define RUNS  16u   /* of 2 MiB, and as many batches of 512 pages */

static const struct timing prices = {
	.guest = { .status_poll = 10007, .lock_handover = 1639993 },
	.host = { .ioctl = 2084503,
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
		  .start_pin_page = 3639241 },
	.iommu = { .descriptor_fetch = 3751511, .invalidate = 3863009, .status_write = 3974017 },
};
#define host prices.host

/* Two devices that do DMA; by 1.1 ms all is done. */
static const char *const two_devices[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000002", "add_device_to_group: IOMMU: groupID=2 device=" NIC),
	TASK("101", "0", "1.000003", "attach_device_to_domain: IOMMU: device=" NIC),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000011", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000012", MAP("0000000080001000", "0000000080002000", "0000000000101000", "4096")),
	TASK("101", "0", "1.000013", DMA_MAP(NIC, "TO_DEVICE", "80001000", "4096")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000021", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000022", UNMAP("0000000080001000", "0000000080002000", "4096")),
	TASK("101", "0", "1.000023", DMA_UNMAP(NIC, "TO_DEVICE", "80001000", "4096")),
	NULL,
};

static struct config config;
static struct replayed *run;

static void defaults(void)
{
	replayed_config(&config);
	config.machine.guest_ram_bytes = 32 * MIB;
}

static void replay(const char *preset, const char *axis, const char *value)
{
	struct scheme scheme = replayed_scheme(preset, axis, value);

	config.timing = prices;
	run = replayed_run(two_devices, &config, &scheme);
	ck_assert_uint_eq(run->result->counter[COUNT_OPERATIONS_SKIPPED], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_FAULTS], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_STALE_USED], 0);
}

/* So many operations of this kind, which took this together. */
static void check(enum result_op op, uint64_t count, const ps_t expected[RESULT_CAUSES])
{
	ps_t sum = 0;

	ck_assert_uint_eq(run->result->latency[op].count, count);
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		sum += expected[cause];
		ck_assert_msg(run->result->cause_ps[op][cause] == expected[cause], "%s, %s: %llu ps instead of %llu ps",
			      result_op_names[op], result_cause_names[cause],
			      (unsigned long long)run->result->cause_ps[op][cause],
			      (unsigned long long)expected[cause]);
	}
	ck_assert(run->result->latency[op].sum_ps == sum);
}
#define CHECK(op, count, ...) check(op, count, (const ps_t[RESULT_CAUSES]){ __VA_ARGS__ })

static void check_count(enum result_counter counter, uint64_t expected)
{
	ck_assert_msg(run->result->counter[counter] == expected, "%s: %llu instead of %llu",
		      result_counter_info[counter].name, (unsigned long long)run->result->counter[counter],
		      (unsigned long long)expected);
}

/* ---- containers ---- */

/* One call that maps 32 MiB in host pages of 2 MiB: found free, inserted; two tables below the root. */
#define MAP_CALL  (host.ioctl + 2 * host.container_find)
#define MAP_TABLE (RUNS * (host.table_call + host.entry_write) + 2 * host.table_alloc)

START_TEST(devices_share_a_container_which_pins_once)
{
	replay("passthrough", NULL, NULL);
	CHECK(RESULT_REGISTER,
	      1, [CAUSE_IOCTL] = MAP_CALL, [CAUSE_PIN] = RUNS * host.pin_call + PAGES * host.start_pin_page,
	      [CAUSE_ACCOUNT] = RUNS * host.account, [CAUSE_TABLE] = MAP_TABLE);
	check_count(COUNT_LOCKED_PEAK_BYTES, 32 * MIB);
	check_count(COUNT_PINNED_PEAK_BYTES, 32 * MIB);
	check_count(COUNT_MAPPINGS_PEAK, 1);
}
END_TEST

/* The second container finds pages that are there: pinned, not cleared; and accounts for them once more. */
START_TEST(two_containers_pin_and_account_for_the_same_memory_twice)
{
	config.machine.container_per_device = true;
	replay("passthrough", NULL, NULL);
	CHECK(RESULT_REGISTER, 1, [CAUSE_IOCTL] = 2 * MAP_CALL,
	      [CAUSE_PIN] = 2 * RUNS * host.pin_call + PAGES * host.start_pin_page + PAGES * host.pin_page,
	      [CAUSE_ACCOUNT] = 2 * RUNS * host.account, [CAUSE_TABLE] = 2 * MAP_TABLE);
	check_count(COUNT_PIN_CALLS, 2 * RUNS);
	check_count(COUNT_LOCKED_PEAK_BYTES, 64 * MIB);
	check_count(COUNT_PINNED_PEAK_BYTES, 32 * MIB);
	check_count(COUNT_MAPPINGS_PEAK, 2);
	check_count(COUNT_START_LEAVES_2M, 2 * RUNS);
}
END_TEST

START_TEST(registered_memory_is_pinned_and_accounted_once_for_both)
{
	config.machine.container_per_device = true;
	replay("passthrough", "pin", "preregistered");
	CHECK(RESULT_REGISTER, 1, [CAUSE_IOCTL] = host.ioctl + 2 * MAP_CALL,
	      [CAUSE_PIN] = RUNS * host.pin_call + PAGES * host.start_pin_page,
	      [CAUSE_ACCOUNT] = host.account + 3 * host.registration_find, [CAUSE_TABLE] = 2 * MAP_TABLE);
	check_count(COUNT_LOCKED_PEAK_BYTES, 32 * MIB);
	check_count(COUNT_PINNED_PEAK_BYTES, 32 * MIB);
	check_count(COUNT_MAPPINGS_PEAK, 2);
}
END_TEST

/* ---- blocks ---- */

static const char *const start_maps_all[] = { "passthrough", "nested" };

START_TEST(each_block_is_a_mapping_of_its_own)
{
	config.machine.map_block_bytes = 4 * MIB;
	replay(start_maps_all[_i], NULL, NULL);
	check_count(COUNT_MAPPINGS_PEAK, 8);
	check_count(COUNT_START_LEAVES_2M, 16);
}
END_TEST

/* Low memory of 3 GiB and 1 GiB from 4 GiB on. */
static const struct {
	uint32_t host_page_lg2;
	uint64_t block, leaves_4k, leaves_2m, leaves_1g, mappings;
} mapped[] = {
	{ 30, 0, 0, 0, 4, 2 },    { 30, GIB, 0, 0, 4, 4 },     { 30, 512 * MIB, 0, 2048, 0, 8 },
	{ 21, 0, 0, 2048, 0, 2 }, { 12, 0, 1048576, 0, 0, 2 }, { 30, MIB, 1048576, 0, 0, 4096 },
};

START_TEST(a_leaf_is_as_large_as_block_and_host_page_allow)
{
	config.machine.guest_ram_bytes = 4 * GIB;
	config.machine.guest_low_bytes = 3 * GIB;
	config.machine.host_page_lg2 = mapped[_i].host_page_lg2;
	config.machine.map_block_bytes = mapped[_i].block;
	replay("passthrough", NULL, NULL);
	check_count(COUNT_START_LEAVES_4K, mapped[_i].leaves_4k);
	check_count(COUNT_START_LEAVES_2M, mapped[_i].leaves_2m);
	check_count(COUNT_START_LEAVES_1G, mapped[_i].leaves_1g);
	check_count(COUNT_MAPPINGS_PEAK, mapped[_i].mappings);
}
END_TEST

/* ---- giving memory back ---- */

/* 16 MiB below 4 GiB and 16 MiB above, of which 4 MiB go, in two blocks. */
static void unplug(const char *preset, uint64_t map_block, bool split)
{
	config.machine.guest_low_bytes = 16 * MIB;
	config.machine.map_block_bytes = map_block;
	config.unplug.bytes = 4 * MIB;
	config.unplug.at = 30 * PS_PER_US;
	config.unplug.split = split;
	replay(preset, NULL, NULL);
	check_count(COUNT_UNPLUG_ASKED_BYTES, 4 * MIB);
}

/* Who polls the wait descriptor's status looks once, then when it is there. */
#define FLUSH \
	(host.queue_submit + 2 * prices.iommu.descriptor_fetch + prices.iommu.invalidate + prices.iommu.status_write + \
	 prices.guest.status_poll)
/* Both ends and the mapping are looked up, then it goes. */
#define UNMAP_CALL (host.ioctl + 4 * host.container_find)

START_TEST(a_block_that_is_a_mapping_is_unmapped_flushed_unpinned_and_uncharged)
{
	unplug("passthrough", 2 * MIB, false);
	CHECK(RESULT_UNPLUG, 2, [CAUSE_IOCTL] = 2 * UNMAP_CALL,
	      [CAUSE_TABLE] = 2 * (host.table_call + host.entry_write), [CAUSE_INVALIDATION] = 2 * FLUSH,
	      [CAUSE_PIN] = 2 * 512 * host.unpin_page, [CAUSE_ACCOUNT] = 2 * host.account);
	check_count(COUNT_UNPLUG_UNMAPPED_BYTES, 4 * MIB);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 4 * MIB);
	check_count(COUNT_UNPLUG_REFUSED, 0);
	ck_assert_uint_eq(run->machine->guests[0].process->account.total, 28 * MIB / 4096);
}
END_TEST

/* At 30 us: in the microsecond before, all 32 MiB are locked; a block takes 1.45 ms, most of it unpinning. */
START_TEST(memory_goes_when_asked)
{
	const struct series *locked;

	unplug("passthrough", 2 * MIB, false);
	locked = &run->result->series[RESULT_LOCKED_BYTES];
	ck_assert_uint_eq(series_value(locked, locked->width_ps, 0), 32 * MIB);
	ck_assert_uint_eq(locked->level, 28 * MIB);
	for (uint32_t i = 0; i < locked->used; i++)
		if (series_value(locked, locked->width_ps, i) < 32 * MIB) {
			ps_t first = 30 * PS_PER_US + 512 * host.unpin_page;

			ck_assert_uint_le(first / locked->width_ps, i);
			ck_assert_uint_ge((first + 100 * PS_PER_US) / locked->width_ps + 1, i);
			break;
		}
}
END_TEST

/* EINVAL: the lower end of the first block, and both of the second, are looked at in vain. */
START_TEST(a_block_inside_a_larger_mapping_is_refused_and_nothing_comes_back)
{
	unplug("passthrough", 0, false);
	CHECK(RESULT_UNPLUG, 2, [CAUSE_IOCTL] = 2 * (host.ioctl + 3 * host.container_find));
	check_count(COUNT_UNPLUG_UNMAPPED_BYTES, 0);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 0);
	check_count(COUNT_UNPLUG_REFUSED, 2);
	ck_assert_uint_eq(run->machine->guests[0].pins.pages, PAGES);
}
END_TEST

/* ENOENT: the mapping is found, and would be cut. */
START_TEST(iommufd_refuses_it_too)
{
	unplug("nested", 0, false);
	CHECK(RESULT_UNPLUG, 2, [CAUSE_IOCTL] = 2 * (host.ioctl + host.container_find));
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 0);
	check_count(COUNT_UNPLUG_REFUSED, 2);
}
END_TEST

/* Each block: where it begins, a mapping is cut and one more inserted; where it ends there is none any more. */
START_TEST(splitting_the_mapping_first_gives_the_block_back)
{
	unplug("passthrough", 0, true);
	CHECK(RESULT_UNPLUG, 2, [CAUSE_IOCTL] = 2 * (3 * host.container_find + UNMAP_CALL),
	      [CAUSE_TABLE] = 2 * (2 * host.table_call + host.entry_write), [CAUSE_INVALIDATION] = 2 * FLUSH,
	      [CAUSE_PIN] = 2 * 512 * host.unpin_page, [CAUSE_ACCOUNT] = 2 * host.account);
	check_count(COUNT_UNPLUG_SPLITS, 2);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 4 * MIB);
	check_count(COUNT_UNPLUG_REFUSED, 0);
}
END_TEST

START_TEST(splitting_does_so_under_iommufd_too)
{
	unplug("nested", 0, true);
	check_count(COUNT_UNPLUG_SPLITS, 2);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 4 * MIB);
	check_count(COUNT_UNPLUG_REFUSED, 0);
}
END_TEST

/* 4 KiB out of a leaf of 2 MiB: a table of 512 leaves takes its place and is flushed, before one of them goes. */
START_TEST(a_block_smaller_than_a_leaf_takes_a_table_and_a_flush_of_the_leaf)
{
	config.unplug.block_bytes = 4096;
	config.machine.guest_low_bytes = 16 * MIB;
	config.unplug.bytes = 4096;
	config.unplug.split = true;
	replay("passthrough", NULL, NULL);
	CHECK(RESULT_UNPLUG, 1, [CAUSE_IOCTL] = 3 * host.container_find + UNMAP_CALL,
	      [CAUSE_TABLE] = 2 * host.table_call + host.table_alloc + 513 * host.entry_write,
	      [CAUSE_INVALIDATION] = 2 * FLUSH, [CAUSE_PIN] = host.unpin_page, [CAUSE_ACCOUNT] = host.account);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 4096);
}
END_TEST

START_TEST(no_more_mappings_than_the_container_holds_are_made_by_splitting)
{
	config.machine.dma_entry_limit = 2;
	unplug("passthrough", 0, true);
	check_count(COUNT_UNPLUG_SPLITS, 0);
	check_count(COUNT_UNPLUG_REFUSED, 2);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 0);
}
END_TEST

/* Registered memory stays pinned however it is mapped. */
START_TEST(unmapping_registered_memory_gives_nothing_back)
{
	struct scheme scheme = replayed_scheme("passthrough", "pin", "preregistered");

	config.timing = prices;
	config.machine.guest_low_bytes = 16 * MIB;
	config.machine.map_block_bytes = 2 * MIB;
	config.unplug.bytes = 4 * MIB;
	run = replayed_run(two_devices, &config, &scheme);
	check_count(COUNT_UNPLUG_UNMAPPED_BYTES, 4 * MIB);
	check_count(COUNT_UNPLUG_RECLAIMED_BYTES, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/guest_memory");
	TCase *tests = tcase_create("memory");

	tcase_add_checked_fixture(tests, defaults, NULL);
	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(tests, devices_share_a_container_which_pins_once);
	tcase_add_test(tests, two_containers_pin_and_account_for_the_same_memory_twice);
	tcase_add_test(tests, registered_memory_is_pinned_and_accounted_once_for_both);
	tcase_add_loop_test(tests, each_block_is_a_mapping_of_its_own, 0, 2);
	tcase_add_loop_test(tests, a_leaf_is_as_large_as_block_and_host_page_allow, 0, 6);
	tcase_add_test(tests, a_block_that_is_a_mapping_is_unmapped_flushed_unpinned_and_uncharged);
	tcase_add_test(tests, memory_goes_when_asked);
	tcase_add_test(tests, a_block_inside_a_larger_mapping_is_refused_and_nothing_comes_back);
	tcase_add_test(tests, iommufd_refuses_it_too);
	tcase_add_test(tests, splitting_does_so_under_iommufd_too);
	tcase_add_test(tests, splitting_the_mapping_first_gives_the_block_back);
	tcase_add_test(tests, a_block_smaller_than_a_leaf_takes_a_table_and_a_flush_of_the_leaf);
	tcase_add_test(tests, no_more_mappings_than_the_container_holds_are_made_by_splitting);
	tcase_add_test(tests, unmapping_registered_memory_gives_nothing_back);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
