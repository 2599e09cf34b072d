/* SPDX-License-Identifier: Apache-2.0 */
/* When a recording's operations happen in a replay: pauses, dependencies, DMA, deferred flushes, the queue's lock. */
#include "tests/sim/replayed.h"
#include "tests/suite.h"
#include "tests/traces/events.h"

#define US PS_PER_US

#define APPEARS(cpu) \
	TASK("109", cpu, "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME) \
	TASK("109", cpu, "1.000001", "attach_device_to_domain: IOMMU: device=" NVME)

/* A page at IOVA 0x80000000 or so, allocated and freed: no DMA.  All arguments are string literals. */
#define ALLOC(cpu, time, iova, end, phys) \
	TASK("10" cpu, cpu, time, MAP("00000000" iova, "00000000" end, "0000000000" phys, "4096")) \
	TASK("10" cpu, cpu, time, DMA_ALLOC(NVME, iova, "4096"))
#define FREE(cpu, time, iova, end) \
	TASK("10" cpu, cpu, time, DMA_FREE(NVME, iova, "4096")) \
	TASK("10" cpu, cpu, time, UNMAP("00000000" iova, "00000000" end, "4096"))

/* The same, read by the device as a whole. */
#define SEND(cpu, time, iova, end, phys) \
	TASK("10" cpu, cpu, time, MAP("00000000" iova, "00000000" end, "0000000000" phys, "4096")) \
	TASK("10" cpu, cpu, time, DMA_MAP(NVME, "TO_DEVICE", iova, "4096"))
#define SENT(cpu, time, iova, end) \
	TASK("10" cpu, cpu, time, UNMAP("00000000" iova, "00000000" end, "4096")) \
	TASK("10" cpu, cpu, time, DMA_UNMAP(NVME, "TO_DEVICE", iova, "4096"))

static struct config config;
static struct replayed *run;

static void replay(const char *const *text, struct scheme scheme)
{
	run = replayed_run(text, &config, &scheme);
	ck_assert_uint_eq(run->result->counter[COUNT_OPERATIONS_SKIPPED], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_FAULTS], 0);
	ck_assert_uint_eq(run->result->counter[COUNT_STALE_USED], 0);
}

static void replay_preset(const char *const *text, const char *preset)
{
	replay(text, replayed_scheme(preset, NULL, NULL));
}

static void check_span(enum result_op op, unsigned cpu, unsigned nth, ps_t begin, ps_t duration)
{
	const struct span *span = replayed_span(run, op, cpu, nth);

	ck_assert_uint_eq(span->begin, begin);
	ck_assert_uint_eq(span->duration, duration);
}

/* ---- pauses ---- */

/* The map takes 2 us in the recording, which are no pause: 1, 9 and 8 us are. */
static const char *const pauses[] = {
	APPEARS("0"),
	TASK("100", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("100", "0", "1.000012", DMA_ALLOC(NVME, "80000000", "4096")),
	FREE("0", "1.000020", "80000000", "80001000"),
	NULL,
};

START_TEST(pauses_between_operations_are_scaled_exactly_and_their_durations_left_out)
{
	static const struct {
		uint32_t ppm;
		ps_t map, unmap;
	} cases[] = {
		{ 0, 0, 7 * US },
		{ 333333, 333333 + 2999997, 333333 + 2999997 + 7 * US + 2666664 },
		{ 1000000, 10 * US, 10 * US + 7 * US + 8 * US },
		{ 2500000, 25 * US, 25 * US + 7 * US + 20 * US },
	};

	config.replay.think_time_ppm = cases[_i].ppm;
	config.timing.guest.dma_direct_map = 7 * US;
	config.timing.guest.dma_direct_unmap = 3 * US;
	replay_preset(pauses, "passthrough");
	check_span(RESULT_MAP, 0, 0, cases[_i].map, 7 * US);
	check_span(RESULT_UNMAP, 0, 0, cases[_i].unmap, 3 * US);
	ck_assert_uint_eq(run->result->counter[COUNT_DURATION_PS], cases[_i].unmap + 3 * US);
}
END_TEST

START_TEST(recorded_dates_are_kept_and_a_late_operation_delays_only_what_it_overruns)
{
	static const char *const text[] = {
		APPEARS("0"),
		ALLOC("0", "1.000010", "80000000", "80001000", "100000"),
		FREE("0", "1.000020", "80000000", "80001000"),
		ALLOC("0", "1.000060", "80000000", "80001000", "100000"),
		FREE("0", "1.000090", "80000000", "80001000"),
		NULL,
	};

	config.replay.mode = REPLAY_RECORDED;
	config.replay.think_time_ppm = 0; /* of no account */
	config.timing.guest.dma_direct_map = 25 * US;
	config.timing.guest.dma_direct_unmap = 3 * US;
	replay_preset(text, "passthrough");
	check_span(RESULT_MAP, 0, 0, 10 * US, 25 * US);
	check_span(RESULT_UNMAP, 0, 0, 35 * US, 3 * US);
	check_span(RESULT_MAP, 0, 1, 60 * US, 25 * US);
	check_span(RESULT_UNMAP, 0, 1, 90 * US, 3 * US);
}
END_TEST

START_TEST(paced_nothing_comes_before_its_recorded_date_nor_without_its_pause)
{
	static const char *const text[] = {
		APPEARS("0"),
		ALLOC("0", "1.000010", "80000000", "80001000", "100000"),
		FREE("0", "1.000020", "80000000", "80001000"),
		ALLOC("0", "1.000060", "80000000", "80001000", "100000"),
		FREE("0", "1.000090", "80000000", "80001000"),
		NULL,
	};
	/* Pauses are 5, 5, 20 and 15 us: with maps of 25 us the second row and all after it are late. */
	static const struct {
		ps_t map, begin[4];
	} cases[] = {
		{ 5 * US, { 10 * US, 20 * US, 60 * US, 90 * US } },
		{ 25 * US, { 10 * US, 40 * US, 63 * US, 103 * US } },
	};

	config.replay.mode = REPLAY_PACED;
	config.replay.think_time_ppm = 500000;
	config.timing.guest.dma_direct_map = cases[_i].map;
	config.timing.guest.dma_direct_unmap = 3 * US;
	replay_preset(text, "passthrough");
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(replayed_span(run, i % 2 ? RESULT_UNMAP : RESULT_MAP, 0, i / 2)->begin,
				  cases[_i].begin[i]);
}
END_TEST

/* ---- dependencies ---- */

START_TEST(an_unmap_on_another_cpu_waits_for_its_map_outside_its_latency)
{
	static const char *const text[] = {
		APPEARS("0"),
		ALLOC("0", "1.000010", "80000000", "80001000", "100000"),
		FREE("1", "1.000020", "80000000", "80001000"),
		NULL,
	};

	config.timing.guest.dma_direct_map = 30 * US;
	config.timing.guest.dma_direct_unmap = 3 * US;
	replay_preset(text, "passthrough");
	check_span(RESULT_MAP, 0, 0, 10 * US, 30 * US);
	check_span(RESULT_UNMAP, 1, 0, 40 * US, 3 * US);
}
END_TEST

START_TEST(a_map_waits_for_the_unmap_that_freed_its_iova_on_another_cpu)
{
	static const char *const text[] = {
		APPEARS("0"),
		ALLOC("0", "1.000010", "80000000", "80001000", "100000"),
		FREE("0", "1.000020", "80000000", "80001000"),
		/* one that waits for nobody, then the one that does */
		ALLOC("1", "1.000025", "90000000", "90001000", "200000"),
		ALLOC("1", "1.000030", "80000000", "80001000", "300000"),
		FREE("1", "1.000040", "80000000", "80001000"),
		NULL,
	};

	config.timing.guest.dma_direct_unmap = 50 * US;
	replay_preset(text, "passthrough");
	check_span(RESULT_UNMAP, 0, 0, 20 * US, 50 * US);
	check_span(RESULT_MAP, 1, 0, 25 * US, 0);
	check_span(RESULT_MAP, 1, 1, 70 * US, 0);
	check_span(RESULT_UNMAP, 1, 0, 80 * US, 50 * US);
}
END_TEST

/* ---- DMA ---- */

static void slow_device(void)
{
	config.device.mrrs_bytes = 4096;
	config.device.link_bytes_per_s = UINT64_C(1000000000); /* 1 byte takes 1 ns */
	config.device.tlp_overhead_bytes = 24;
	config.timing.pcie.device_think = 1 * US;
	config.timing.pcie.link_latency = 2 * US;
	config.timing.pcie.completion_interrupt = 3 * US;
}

/* Doorbell and thought, the request, 4 KiB in one completion, the interrupt. */
#define DMA_PS (2 * US + 1 * US + 24000 + 2 * US + 24000 + 4096000 + 2 * US + 3 * US)

START_TEST(an_unmap_waits_for_its_dma_and_the_wait_is_not_in_its_latency)
{
	static const char *const text[] = {
		APPEARS("0"),
		SEND("0", "1.000010", "80000000", "80001000", "100000"),
		/* maps for 5 us */
		SENT("0", "1.000012", "80000000", "80001000"),
		NULL,
	};

	slow_device();
	config.timing.guest.dma_direct_map = 5 * US;
	config.timing.guest.dma_direct_unmap = 4 * US;
	replay_preset(text, "passthrough");
	check_span(RESULT_MAP, 0, 0, 10 * US, 5 * US);
	check_span(RESULT_UNMAP, 0, 0, 15 * US + DMA_PS, 4 * US);
	ck_assert_uint_eq(run->result->counter[COUNT_DMA_BYTES_READ], 4096);
}
END_TEST

START_TEST(an_unmap_between_the_end_of_its_dma_and_the_interrupt_waits_for_the_interrupt)
{
	static const char *const text[] = {
		APPEARS("0"),
		SEND("0", "1.000010", "80000000", "80001000", "100000"),
		SENT("0", "1.000022", "80000000", "80001000"), /* done at 21.144 us, said at 24.144 us */
		NULL,
	};

	slow_device();
	replay_preset(text, "passthrough");
	check_span(RESULT_UNMAP, 0, 0, 10 * US + DMA_PS, 0);
}
END_TEST

START_TEST(an_unmap_whose_dma_was_done_long_ago_does_not_wait)
{
	static const char *const text[] = {
		APPEARS("0"),
		SEND("0", "1.000010", "80000000", "80001000", "100000"),
		SENT("0", "1.000100", "80000000", "80001000"),
		NULL,
	};

	slow_device();
	replay_preset(text, "passthrough");
	check_span(RESULT_UNMAP, 0, 0, 100 * US, 0);
}
END_TEST

/* ---- deferred unmap ---- */

/*
 * The device appears on CPU 1, whose attaching (four submissions) is over before CPU 0 begins at 100 us.  A page is
 * unmapped at 200 us; its flush is due 100 us later and takes one submission.  The IOVA is mapped again at 310 us.
 */
static const char *const reuse[] = {
	APPEARS("1"),
	ALLOC("0", "1.000100", "80000000", "80001000", "100000"),
	FREE("0", "1.000200", "80000000", "80001000"),
	ALLOC("0", "1.000310", "80000000", "80001000", "200000"),
	NULL,
};

/* Map calls take no time but for new tables, so these tell where a map was placed: 4 GiB higher, two are needed. */
#define TABLE_ALLOC 1000

static void defer(uint32_t entries, ps_t period, ps_t submission)
{
	config.replay.flush_queue_entries = entries;
	config.replay.flush_period = period;
	config.timing.guest.queue_submit = submission;
	config.timing.guest.table_alloc = TABLE_ALLOC;
}

static void replay_deferred(const char *const *text)
{
	replay(text, replayed_scheme("nested", "unmap", "deferred"));
}

/* Attaching delays nothing here; the first map makes three tables. */
#define FIRST_MAP_PS (3 * TABLE_ALLOC)

START_TEST(a_deferred_unmap_ends_without_invalidation_and_is_flushed_at_the_timers_date)
{
	/* 200 us (and the first map's) + 100 us + the submission is just before, or just after, 310 us (and its). */
	ps_t submission = _i == 0 ? 10 * US - 1 : 10 * US + 1;

	defer(256, 100 * US, submission);
	replay_deferred(reuse);
	check_span(RESULT_UNMAP, 0, 0, 200 * US + FIRST_MAP_PS, 0);
	check_span(RESULT_MAP, 0, 1, 310 * US + FIRST_MAP_PS, _i == 0 ? 0 : 2 * TABLE_ALLOC);
	ck_assert_uint_eq(run->result->latency[RESULT_INVALIDATE].count, 4 + 1);
	ck_assert_uint_eq(run->machine->guests[0].domains[0].awaiting_flush.count, 0);
}
END_TEST

START_TEST(a_full_ring_is_flushed_by_the_unmap_that_finds_it_full)
{
	static const char *const text[] = {
		APPEARS("1"),
		ALLOC("0", "1.000100", "80000000", "80001000", "100000"),
		ALLOC("0", "1.000101", "80001000", "80002000", "101000"),
		ALLOC("0", "1.000102", "80002000", "80003000", "102000"),
		ALLOC("0", "1.000103", "80003000", "80004000", "103000"),
		ALLOC("0", "1.000104", "80004000", "80005000", "104000"),
		FREE("0", "1.000200", "80000000", "80001000"),
		FREE("0", "1.000201", "80001000", "80002000"),
		FREE("0", "1.000202", "80002000", "80003000"),
		FREE("0", "1.000203", "80003000", "80004000"),
		FREE("0", "1.000204", "80004000", "80005000"),
		NULL,
	};

	/* A ring of four holds three. */
	defer(4, 100000 * US, 10 * US);
	replay_deferred(text);
	for (unsigned i = 0; i < 5; i++) {
		const struct span *unmap = replayed_span(run, RESULT_UNMAP, 0, i);

		ck_assert_uint_eq(unmap->duration, i == 3 ? 10 * US : 0);
		ck_assert_uint_eq(unmap->parts[CAUSE_INVALIDATION], i == 3 ? 10 * US : 0);
	}
	ck_assert_uint_eq(run->result->latency[RESULT_INVALIDATE].count, 4 + 1);
	ck_assert_uint_eq(run->machine->guests[0].domains[0].awaiting_flush.count, 2);
}
END_TEST

START_TEST(an_iova_reused_before_its_flush_is_placed_elsewhere_and_nothing_stale_is_used)
{
	static const char *const text[] = {
		APPEARS("1"),
		SEND("0", "1.000100", "80000000", "80001000", "100000"),
		SENT("0", "1.000200", "80000000", "80001000"),
		SEND("0", "1.000201", "80000000", "80001000", "200000"),
		SENT("0", "1.000300", "80000000", "80001000"),
		SEND("0", "1.000301", "80000000", "80001000", "300000"),
		SENT("0", "1.000400", "80000000", "80001000"),
		NULL,
	};

	defer(256, 100000 * US, 0);
	config.device.mrrs_bytes = 4096;
	replay_deferred(text);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 0)->duration, 3 * TABLE_ALLOC);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 1)->duration, 2 * TABLE_ALLOC); /* 4 GiB higher */
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 2)->duration, 2 * TABLE_ALLOC); /* 8 GiB higher */
	/* The unit still knows the first two; none is asked for again. */
	ck_assert_uint_eq(run->result->counter[COUNT_IOTLB_MISSES], 3);
	ck_assert_uint_eq(run->result->counter[COUNT_IOTLB_HITS], 0);
	ck_assert_uint_eq(run->machine->guests[0].domains[0].awaiting_flush.count, 3);
}
END_TEST

START_TEST(an_iova_reused_after_its_flush_lies_where_it_was_and_nothing_stale_is_used)
{
	static const char *const text[] = {
		APPEARS("1"),
		SEND("0", "1.000100", "80000000", "80001000", "100000"),
		SENT("0", "1.000200", "80000000", "80001000"),
		SEND("0", "1.000400", "80000000", "80001000", "200000"),
		SENT("0", "1.000500", "80000000", "80001000"),
		NULL,
	};

	defer(256, 100 * US, 10 * US);
	config.device.mrrs_bytes = 4096;
	replay_deferred(text);
	ck_assert_uint_eq(replayed_span(run, RESULT_MAP, 0, 1)->duration, 0);
	ck_assert_uint_eq(run->result->counter[COUNT_IOTLB_MISSES], 2); /* the flush took the first out */
}
END_TEST

/* ---- the locks of invalidating ---- */

/* Two CPUs unmap at once, each from a domain of its own; the devices appear on a third, long before. */
static const char *const at_once[] = {
	APPEARS("2"),
	TASK("109", "2", "1.000002", "add_device_to_group: IOMMU: groupID=2 device=" NIC)
		TASK("109", "2", "1.000003", "attach_device_to_domain: IOMMU: device=" NIC),
	ALLOC("0", "1.005000", "80000000", "80001000", "100000"),
	TASK("101", "1", "1.005000", MAP("0000000090000000", "0000000090001000", "0000000000200000", "4096"))
		TASK("101", "1", "1.005000", DMA_ALLOC(NIC, "90000000", "4096")),
	FREE("0", "1.006000", "80000000", "80001000"),
	TASK("101", "1", "1.006000", DMA_FREE(NIC, "90000000", "4096"))
		TASK("101", "1", "1.006000", UNMAP("0000000090000000", "0000000090001000", "4096")),
	NULL,
};

/* The same in one domain; and one that maps there meanwhile. */
static const char *const one_domain[] = {
	APPEARS("2"),
	ALLOC("0", "1.005000", "80000000", "80001000", "100000"),
	ALLOC("1", "1.005000", "90000000", "90001000", "200000"),
	FREE("0", "1.006000", "80000000", "80001000"),
	FREE("1", "1.006000", "90000000", "90001000"),
	ALLOC("3", "1.006010", "a0000000", "a0001000", "300000"),
	NULL,
};

static void queue_prices(void)
{
	config.timing.guest.queue_submit = 1 * US;
	config.timing.guest.doorbell = 12 * US;
	config.timing.guest.status_poll = 1 * US;
	config.timing.guest.lock_handover = US / 2;
	config.timing.host.exit = 10 * US;
	config.timing.host.user_exit = 20 * US;
	config.timing.host.descriptor = 3 * US;
	config.timing.host.ioctl = 5 * US;
	config.timing.host.invalidate_forward = 7 * US;
	config.timing.host.queue_submit = 2 * US;
	config.timing.host.enter = 8 * US;
	config.timing.iommu.descriptor_fetch = 4 * US;
	config.timing.iommu.invalidate = 6 * US;
	config.timing.iommu.status_write = 9 * US;
}

START_TEST(who_unmaps_at_the_same_time_waits_for_the_whole_exit_of_the_other)
{
	queue_prices();
	replay_preset(at_once, "nested");
	/* out, one descriptor, the call, hardware and its poll, the wait descriptor, back */
	ps_t hardware = (4 + 6 + 4 + 9 + 1) * US;
	ps_t out_and_back = (10 + 20 + 3 + 5 + 7 + 2) * US + hardware + (3 + 8) * US;
	const struct span *first = replayed_span(run, RESULT_UNMAP, 0, 0);
	const struct span *second = replayed_span(run, RESULT_UNMAP, 1, 0);

	check_span(RESULT_UNMAP, 0, 0, 6000 * US, 1 * US + out_and_back + 1 * US);
	ck_assert_uint_eq(first->parts[CAUSE_QUEUE_WAIT], 0);
	ck_assert_uint_eq(second->begin, 6000 * US);
	ck_assert_uint_eq(second->parts[CAUSE_QUEUE_WAIT], 1 * US + out_and_back + US / 2);
	ck_assert_uint_eq(second->duration, second->parts[CAUSE_QUEUE_WAIT] + first->duration);
}
END_TEST

START_TEST(with_a_hardware_queue_it_waits_for_the_others_doorbell_only)
{
	queue_prices();
	replay_preset(at_once, "nested-hwq");
	const struct span *first = replayed_span(run, RESULT_UNMAP, 0, 0);
	const struct span *second = replayed_span(run, RESULT_UNMAP, 1, 0);

	ps_t engine = (4 + 6 + 4 + 9) * US;

	check_span(RESULT_UNMAP, 0, 0, 6000 * US, (1 + 12) * US + engine + 1 * US);
	ck_assert_uint_eq(first->parts[CAUSE_QUEUE_WAIT], 0);
	ck_assert_uint_eq(second->begin, 6000 * US);
	ck_assert_uint_eq(second->parts[CAUSE_QUEUE_WAIT], (1 + 12) * US + US / 2);
	/* Its commands follow the first's in the engine, which began after the first's doorbell. */
	ck_assert_uint_eq(second->duration, (1 + 12) * US + 2 * engine + 1 * US);
}
END_TEST

/* Out and back are 90 us, of which the first has the lock from 6,000 us on. */
START_TEST(in_one_domain_it_waits_for_the_whole_flush_of_the_other_and_so_does_a_map_that_invalidates_nothing)
{
	bool locks = _i;

	queue_prices();
	config.guest.sync_map_lock = locks;
	replay_preset(one_domain, "nested");
	const struct span *first = replayed_span(run, RESULT_UNMAP, 0, 0);
	const struct span *second = replayed_span(run, RESULT_UNMAP, 1, 0);
	ps_t flush = (1 + (10 + 20 + 3 + 5 + 7 + 2) + (4 + 6 + 4 + 9 + 1) + (3 + 8) + 1) * US;

	check_span(RESULT_UNMAP, 0, 0, 6000 * US, flush);
	ck_assert_uint_eq(first->parts[CAUSE_QUEUE_WAIT], 0);
	check_span(RESULT_UNMAP, 1, 0, 6000 * US, flush + US / 2 + flush);
	ck_assert_uint_eq(second->parts[CAUSE_QUEUE_WAIT], flush + US / 2);
	check_span(RESULT_MAP, 3, 0, 6010 * US, locks ? 2 * (flush + US / 2) - 10 * US : 0);
}
END_TEST

/*
 * A map's flush is 11 us, an unmap's 12 (the host polls, too); without the lock the next would begin while the one before
 * still polls.
 */
START_TEST(a_map_that_invalidates_takes_the_lock_in_any_case)
{
	config.guest.sync_map_lock = false;
	config.timing.host.exit = 10 * US;
	config.timing.guest.status_poll = 1 * US;
	replay_preset(one_domain, "pin-on-map");
	check_span(RESULT_MAP, 0, 0, 5000 * US, 11 * US);
	check_span(RESULT_MAP, 1, 0, 5000 * US, 22 * US);
	check_span(RESULT_MAP, 3, 0, 6010 * US, 11 * US);
	check_span(RESULT_UNMAP, 0, 0, 6011 * US, 22 * US);
	check_span(RESULT_UNMAP, 1, 0, 6022 * US, 23 * US);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/replay");
	TCase *cases = tcase_create("replay");

	replayed_config(&config); /* each test runs in a process of its own */
	tcase_set_timeout(cases, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(cases, pauses_between_operations_are_scaled_exactly_and_their_durations_left_out, 0, 4);
	tcase_add_test(cases, recorded_dates_are_kept_and_a_late_operation_delays_only_what_it_overruns);
	tcase_add_loop_test(cases, paced_nothing_comes_before_its_recorded_date_nor_without_its_pause, 0, 2);
	tcase_add_test(cases, an_unmap_on_another_cpu_waits_for_its_map_outside_its_latency);
	tcase_add_test(cases, a_map_waits_for_the_unmap_that_freed_its_iova_on_another_cpu);
	tcase_add_test(cases, an_unmap_waits_for_its_dma_and_the_wait_is_not_in_its_latency);
	tcase_add_test(cases, an_unmap_between_the_end_of_its_dma_and_the_interrupt_waits_for_the_interrupt);
	tcase_add_test(cases, an_unmap_whose_dma_was_done_long_ago_does_not_wait);
	tcase_add_loop_test(cases, a_deferred_unmap_ends_without_invalidation_and_is_flushed_at_the_timers_date, 0, 2);
	tcase_add_test(cases, a_full_ring_is_flushed_by_the_unmap_that_finds_it_full);
	tcase_add_test(cases, an_iova_reused_before_its_flush_is_placed_elsewhere_and_nothing_stale_is_used);
	tcase_add_test(cases, an_iova_reused_after_its_flush_lies_where_it_was_and_nothing_stale_is_used);
	tcase_add_test(cases, who_unmaps_at_the_same_time_waits_for_the_whole_exit_of_the_other);
	tcase_add_test(cases, with_a_hardware_queue_it_waits_for_the_others_doorbell_only);
	tcase_add_loop_test(
		cases,
		in_one_domain_it_waits_for_the_whole_flush_of_the_other_and_so_does_a_map_that_invalidates_nothing, 0,
		2);
	tcase_add_test(cases, a_map_that_invalidates_takes_the_lock_in_any_case);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
