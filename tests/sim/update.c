/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs a guest is replaced: what the blackout consists of, cause by cause, whom locked memory is charged to, when
 * virtual CPUs go on, and how long the host's own accesses wait.
 */
#include "tests/sim/replayed.h"
#include "tests/suite.h"
#include "tests/traces/events.h"

#define MIB   UINT64_C(0x100000)
#define PAGES 8192u /* 32 MiB */
#define RUNS  16u   /* of 2 MiB, and as many batches of 512 pages */

static const struct timing prices = {
	.guest = { .status_poll = 10007 },
	.host = { .ioctl = 2084503,
		  .container_find = 2412017,
		  .pin_call = 2523011,
		  .pin_page = 2635679,
		  .unpin_page = 2747837,
		  .account = 2858959,
		  .table_call = 3081343,
		  .entry_write = 3192859,
		  .table_alloc = 3304781,
		  .queue_submit = 3416573,
		  .start_pin_page = 3639241 },
	.iommu = { .descriptor_fetch = 3751511, .invalidate = 3863009, .status_write = 3974017 },
	.handover = { .save = 5000011,
		      .load = 6000011,
		      .exec = 7000003,
		      .kexec = 8000009,
		      .preserve_table = 9000011,
		      .device_reset = 11000027 },
};
#define call prices.host /* of the host */
#define hand prices.handover

/* The CPU computes from 2 us to 10 us, and from 20 us to 40 us. */
static const char *const two_maps[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000002", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000010", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000020", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000040", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000040", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	NULL,
};

static struct config config;
static struct replayed *run;

static void defaults(void)
{
	replayed_config(&config);
	config.machine.guest_ram_bytes = 32 * MIB;
	config.timing = prices;
	config.update.at = 30 * PS_PER_US;
}

static void replay(const char *preset, uint32_t kind)
{
	struct scheme scheme = replayed_scheme(preset, NULL, NULL);

	config.update.kind = kind;
	run = replayed_run(two_maps, &config, &scheme);
	ck_assert_uint_eq(run->result->counter[COUNT_FAULTS], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_STALE_USED], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_OPERATIONS_REPLAYED], 3);
	ck_assert_uint_eq(run->result->counter[COUNT_LOCKED_PEAK_BYTES], 32 * MIB);
	ck_assert_uint_eq(run->result->counter[COUNT_PINNED_PEAK_BYTES], 32 * MIB);
}

static void check(enum result_op op, const ps_t expected[RESULT_CAUSES])
{
	ps_t sum = 0;

	ck_assert_uint_eq(run->result->latency[op].count, 1);
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		sum += expected[cause];
		ck_assert_msg(run->result->cause_ps[op][cause] == expected[cause], "%s, %s: %llu ps instead of %llu ps",
			      result_op_names[op], result_cause_names[cause],
			      (unsigned long long)run->result->cause_ps[op][cause],
			      (unsigned long long)expected[cause]);
	}
	ck_assert_uint_eq(run->result->latency[op].min_ps, sum);
}
#define CHECK(op, ...) check(op, (const ps_t[RESULT_CAUSES]){ __VA_ARGS__ })

/* ---- the blackout ---- */

/* One call that invalidates; one call for the mapping, which is looked up; both accounts. */
START_TEST(transfer_under_type1_is_two_calls_around_saving_and_loading)
{
	replay("passthrough", UPDATE_TRANSFER);
	CHECK(RESULT_BLACKOUT, [CAUSE_IOCTL] = 2 * call.ioctl + 2 * call.container_find,
	      [CAUSE_ACCOUNT] = 2 * call.account, [CAUSE_HANDOVER] = hand.save + hand.load);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_PINNED], PAGES);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_UNPINNED], 0);
}
END_TEST

/* The old process's account went with it. */
START_TEST(exec_starts_the_new_process_in_the_blackout)
{
	replay("passthrough", UPDATE_EXEC);
	CHECK(RESULT_BLACKOUT, [CAUSE_IOCTL] = 2 * call.ioctl + 2 * call.container_find, [CAUSE_ACCOUNT] = call.account,
	      [CAUSE_HANDOVER] = hand.save + hand.exec + hand.load);
}
END_TEST

START_TEST(iommufd_changes_the_process_with_one_call)
{
	replay("nested", UPDATE_TRANSFER);
	CHECK(RESULT_BLACKOUT, [CAUSE_IOCTL] = call.ioctl, [CAUSE_ACCOUNT] = 2 * call.account,
	      [CAUSE_HANDOVER] = hand.save + hand.load);
}
END_TEST

/* Unmapped run by run in one call's time, flushed once, unpinned; then as at start, of pages that are there. */
START_TEST(cold_unmaps_unpins_pins_and_maps_all_memory_and_resets_the_device)
{
	replay("passthrough", UPDATE_COLD);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_BLACKOUT][CAUSE_HANDOVER],
			  hand.save + hand.exec + hand.device_reset + hand.load);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_BLACKOUT][CAUSE_PIN],
			  PAGES * call.unpin_page + RUNS * call.pin_call + PAGES * call.pin_page);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_BLACKOUT][CAUSE_ACCOUNT], (1 + RUNS) * call.account);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_PINNED], 2 * PAGES);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_UNPINNED], PAGES);
}
END_TEST

/* Each page of the host's tables and queues is handed over and taken over. */
START_TEST(keepalive_hands_the_tables_over_and_pins_nothing)
{
	replay("passthrough", UPDATE_KEEPALIVE);
	uint64_t tables = frames_used(&run->machine->host_frames);

	ck_assert_uint_ge(tables, 4);
	CHECK(RESULT_BLACKOUT, [CAUSE_IOCTL] = 2 * call.ioctl + 2 * call.container_find, [CAUSE_ACCOUNT] = call.account,
	      [CAUSE_HANDOVER] = hand.save + 2 * tables * hand.preserve_table + hand.kexec + hand.exec + hand.load);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_PINNED], PAGES);
	ck_assert_uint_eq(run->result->counter[COUNT_HOST_COMMANDS], 0); /* nothing in the unit changes */
}
END_TEST

START_TEST(kexec_without_keepalive_is_cold_and_a_new_kernel)
{
	replay("nested", UPDATE_KEXEC);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_BLACKOUT][CAUSE_HANDOVER],
			  hand.save + hand.kexec + hand.exec + hand.device_reset + hand.load);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_PINNED], 2 * PAGES);
	ck_assert_uint_eq(run->result->counter[COUNT_PAGES_UNPINNED], PAGES);
}
END_TEST

/* ---- who is charged ---- */

static const struct {
	const char *preset;
	uint32_t kind;
} moved[] = {
	{ "passthrough", UPDATE_TRANSFER },  { "passthrough", UPDATE_EXEC },  { "passthrough", UPDATE_COLD },
	{ "passthrough", UPDATE_KEEPALIVE }, { "passthrough", UPDATE_KEXEC }, { "nested", UPDATE_TRANSFER },
	{ "nested", UPDATE_EXEC },           { "nested", UPDATE_COLD },       { "nested", UPDATE_KEEPALIVE },
};

START_TEST(in_the_end_the_new_process_is_charged_for_all_memory_and_only_it)
{
	replay(moved[_i].preset, moved[_i].kind);
	const struct guest *guest = &run->machine->guests[0];

	ck_assert_uint_eq(guest->process->account.total, PAGES);
	ck_assert_uint_eq(run->result->series[RESULT_LOCKED_BYTES].level, 32 * MIB);
	ck_assert_uint_eq(run->result->series[RESULT_LOCKED_NEW_BYTES].level, 32 * MIB);
	ck_assert_uint_eq(guest->pins.pages, PAGES);
	ck_assert_uint_eq(guest->pins.pins, PAGES);
	ck_assert(guest->old_process->exited);
}
END_TEST

/* "vfio/type1: restore locked_vm" is of 6.1: before, who mapped stays the payer, and is gone. */
START_TEST(before_linux_6_1_nobody_is_charged_afterwards)
{
	config.update.kernel = UPDATE_KERNEL_5_15;
	replay("passthrough", UPDATE_TRANSFER);
	ck_assert_uint_eq(run->result->series[RESULT_LOCKED_BYTES].level, 0);
	ck_assert_uint_eq(run->machine->guests[0].process->account.total, 0);
	ck_assert_uint_eq(run->machine->guests[0].pins.pages, PAGES);
}
END_TEST

/* ---- virtual CPUs ---- */

/* Only loading takes time: 1 ms from 30 us on.  Of the 20 us before the second map, 10 us had passed. */
START_TEST(a_cpu_computes_after_the_blackout_what_it_could_not_during_it)
{
	config.timing = (struct timing){ .handover.load = PS_PER_MS };
	replay("passthrough", UPDATE_TRANSFER);
	ck_assert_uint_eq(run->result->latency[RESULT_BLACKOUT].min_ps, PS_PER_MS);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 0)->begin, 10 * PS_PER_US);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 1)->begin, 40 * PS_PER_US + PS_PER_MS);
}
END_TEST

START_TEST(a_blackout_while_a_cpu_waits_or_computes_as_a_whole_is_added_as_a_whole)
{
	config.timing = (struct timing){ .handover.load = 3 * PS_PER_US };
	config.update.at = 3 * PS_PER_US;
	replay("passthrough", UPDATE_TRANSFER);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 0)->begin, 13 * PS_PER_US);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 1)->begin, 43 * PS_PER_US);
}
END_TEST

/* ---- a mediated device ---- */

/* Due every 100 us; vaddrs are invalid from 35 us to 1,035 us, while the state is saved: 935 + 835 + ... + 35 us. */
START_TEST(each_access_waits_from_its_own_date_until_the_update)
{
	config.timing = (struct timing){ .handover.save = PS_PER_MS };
	config.update.at = 35 * PS_PER_US;
	config.update.kernel = UPDATE_KERNEL_5_15;
	config.update.mediated_period = 100 * PS_PER_US;
	replay("passthrough", UPDATE_TRANSFER);
	ck_assert_uint_eq(run->result->latency[RESULT_HOST_ACCESS].count, 10);
	ck_assert_uint_eq(run->result->latency[RESULT_HOST_ACCESS].max_ps, 935 * PS_PER_US);
	ck_assert(run->result->latency[RESULT_HOST_ACCESS].sum_ps == 4850 * PS_PER_US);
	ck_assert_uint_eq(run->result->cause_ps[RESULT_HOST_ACCESS][CAUSE_HANDOVER], 4850 * PS_PER_US);
}
END_TEST

START_TEST(iommufd_lets_no_access_wait)
{
	config.timing = (struct timing){ .handover.save = PS_PER_MS, .host.guest_access = 7 };
	config.update.at = 50 * PS_PER_US;
	config.update.mediated_period = 100 * PS_PER_US;
	replay("nested", UPDATE_EXEC);
	ck_assert_uint_eq(run->result->latency[RESULT_HOST_ACCESS].count, 10);
	ck_assert_uint_eq(run->result->latency[RESULT_HOST_ACCESS].max_ps, 7);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/update");
	TCase *tests = tcase_create("update");

	tcase_add_checked_fixture(tests, defaults, NULL);
	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(tests, transfer_under_type1_is_two_calls_around_saving_and_loading);
	tcase_add_test(tests, exec_starts_the_new_process_in_the_blackout);
	tcase_add_test(tests, iommufd_changes_the_process_with_one_call);
	tcase_add_test(tests, cold_unmaps_unpins_pins_and_maps_all_memory_and_resets_the_device);
	tcase_add_test(tests, keepalive_hands_the_tables_over_and_pins_nothing);
	tcase_add_test(tests, kexec_without_keepalive_is_cold_and_a_new_kernel);
	tcase_add_loop_test(tests, in_the_end_the_new_process_is_charged_for_all_memory_and_only_it, 0, 9);
	tcase_add_test(tests, before_linux_6_1_nobody_is_charged_afterwards);
	tcase_add_test(tests, a_cpu_computes_after_the_blackout_what_it_could_not_during_it);
	tcase_add_test(tests, a_blackout_while_a_cpu_waits_or_computes_as_a_whole_is_added_as_a_whole);
	tcase_add_test(tests, each_access_waits_from_its_own_date_until_the_update);
	tcase_add_test(tests, iommufd_lets_no_access_wait);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
