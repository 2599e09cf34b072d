/* SPDX-License-Identifier: Apache-2.0 */
/* A PCIe function in time: one TLP to the picosecond, credits, the order of a transfer's stages, what a fault does. */
#include "sim/device.h"

#include <stddef.h>

#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "sim/clock.h"
#include "tests/suite.h"

/*
 * Legacy mode, source 00:04.0, domain 5: IOVA 0x1000 * n -> 0x100000 + 0x1000 * n for n < 64, written as the
 * specification prints the words.
 */
#define ROOT     UINT64_C(0x1000)
#define CONTEXTS UINT64_C(0x2000)
#define TABLES   UINT64_C(0x10000)
#define PAGES    UINT64_C(64)
#define UNMAPPED UINT64_C(0x64000)

/* Prices, and the link: 1 byte takes 1 ns, a TLP has 24 bytes besides its data. */
#define BYTE       UINT64_C(1000)
#define OVERHEAD   (24 * BYTE)
#define LATENCY    UINT64_C(100000)
#define THINK      UINT64_C(30000)
#define LOOKUP     UINT64_C(2000)
#define DATA_READ  UINT64_C(7000)
#define DATA_WRITE UINT64_C(11000)
#define COLD       (LOOKUP + 300 + 40 + (2 + 4) * UINT64_C(50000)) /* root, context, four table entries */

/* A doorbell's way to the device, and what it does before its first TLP. */
#define NOTICED (LATENCY + THINK)
/* A TLP alone on the link, its page in the IOTLB. */
#define WRITE_PS(bytes) (OVERHEAD + BYTE * (bytes) + LATENCY + LOOKUP + DATA_WRITE)
#define READ_PS(bytes)  (OVERHEAD + LATENCY + LOOKUP + DATA_READ + OVERHEAD + BYTE * (bytes) + LATENCY)

static struct memory *memory;
static struct engine engine;
static struct unit unit;
static struct config config;
static struct result_scheme result;
static struct device device;

static void write_tables(void)
{
	memory_write64(memory, ROOT, CONTEXTS | 1);
	memory_write64(memory, CONTEXTS + 0x20 * 16, TABLES | 1);
	memory_write64(memory, CONTEXTS + 0x20 * 16 + 8, 5 << 8 | 2);
	for (unsigned level = 0; level < 3; level++)
		memory_write64(memory, TABLES + level * 0x1000, (TABLES + (level + 1) * 0x1000) | 3);
	for (uint64_t n = 0; n < PAGES; n++)
		memory_write64(memory, TABLES + 0x3000 + 8 * n, (0x100000 + 0x1000 * n) | 3);
}

static struct iommu *create_unit(void)
{
	struct vtd_features features = { .queued_invalidation = true,
					 .second_stage_levels = 4,
					 .page_size_limit_lg2 = 30,
					 .fault_records = 1,
					 .domain_bits = 16,
					 .host_address_width = 46 };
	struct vtd_config hardware = { .caches.iotlb = { 64, 64, CACHE_LRU }, .caches.device = { 16, 16, CACHE_LRU } };
	struct err err = { 0 };

	vtd_capabilities(&features, &hardware);
	struct iommu *iommu = vtd_create(&hardware, &err);

	ck_assert_msg(iommu != NULL, "%s", err.text);
	iommu->ops->register_write(iommu, VTD_REG_RTADDR, 8, ROOT);
	iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
	iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_TE);
	return iommu;
}

/* A device with so many credits; reads and writes are cut at 128 bytes. */
static void start(uint32_t reads, uint32_t writes)
{
	struct err err = { 0 };

	memory = memory_create();
	write_tables();
	config = (struct config){ .iommu.walkers = 4,
				  .device.pattern = DEVICE_NVME,
				  .device.mps_bytes = 128,
				  .device.mrrs_bytes = 128,
				  .device.reads_in_flight = reads,
				  .device.writes_in_flight = writes,
				  .device.link_bytes_per_s = UINT64_C(1000000000),
				  .device.tlp_overhead_bytes = 24,
				  .device.nic_descriptor_batch = 1 };
	config.timing.iommu.iotlb_lookup = LOOKUP;
	config.timing.iommu.device_lookup = 300;
	config.timing.iommu.walk_cache_lookup = 40;
	config.timing.iommu.memory_read = 50000;
	config.timing.iommu.data_read = DATA_READ;
	config.timing.iommu.data_write = DATA_WRITE;
	config.timing.pcie.link_latency = LATENCY;
	config.timing.pcie.device_think = THINK;
	result_scheme_init(&result, "test", "");
	ck_assert(clock_start(4, &err));
	engine_init(&engine, false);
	unit_init(&unit, &engine, &config, create_unit(), NULL, memory, &result);
	device_init(&device, &engine, &config, &unit, &result, 0x20, 0x010802, "nvme");
}

static void stop(void)
{
	unit.iommu->ops->destroy(unit.iommu);
	memory_destroy(memory);
	engine_fini(&engine);
	device_fini(&device);
}

/* ---- loads ---- */

struct load {
	iova_t iova;
	uint64_t bytes;
	bool read, write;
	ps_t pause; /* after the load before */
	ps_t rung, done;
	struct job job;
};

static const struct piece everything = { .iova = 0, .bus = 0, .bytes = UINT64_C(1) << 40 };

static void load_done(struct job *job, struct actor *actor)
{
	struct load *load = (struct load *)((char *)job - offsetof(struct load, job));

	load->done = actor->now;
}

static void load_submit(struct load *load, struct actor *actor)
{
	transfer_begin(&load->job.transfer, &device.endpoint, load->iova, load->bytes, load->read, load->write);
	load->job.pieces = &everything;
	load->job.piece_count = 1;
	load->job.done = load_done;
	load->rung = actor->now;
	device_submit(&device, actor, &load->job);
}

/* A list of loads, to one of no bytes. */
static void one_by_one(struct actor *actor, void *argument)
{
	for (struct load *load = argument; load->bytes > 0; load++) {
		actor_spend(actor, load->pause, CAUSE_GUEST_CPU);
		load_submit(load, actor);
		device_wait_quiet(&device, actor);
		ck_assert_uint_eq(actor->now, load->done);
	}
}

static void run_loads(struct load *loads)
{
	engine_actor(&engine, "cpu", one_by_one, loads, false);
	clock_run();
}

/* From the device's first look at a load to its end. */
static ps_t taken(const struct load *load)
{
	return load->done - load->rung - NOTICED;
}

/* ---- one TLP ---- */

START_TEST(a_write_that_hits_takes_the_link_one_lookup_and_memory)
{
	struct load loads[] = { { 0x5000, 64, .write = true }, { 0x5040, 64, .write = true }, { 0 } };

	start(4, 4);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[0]), WRITE_PS(64) - LOOKUP + COLD);
	ck_assert_uint_eq(taken(&loads[1]), 88000 + 100000 + 2000 + 11000);
	ck_assert_uint_eq(result.latency[RESULT_DMA_WRITE].count, 2);
	ck_assert_uint_eq(result.latency[RESULT_DMA_WRITE].min_ps, 88000 + 100000 + 2000 + 11000);
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_WRITE][CAUSE_PCIE], 2 * (88000 + 100000));
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_WRITE][CAUSE_MEMORY], 2 * 11000);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_WRITTEN], 128);
	ck_assert_uint_eq(result.counter[COUNT_TLPS], 2);
	stop();
}
END_TEST

START_TEST(a_read_that_hits_takes_its_request_one_lookup_memory_and_the_data_on_its_way_back)
{
	struct load loads[] = { { 0x5000, 64, .read = true }, { 0x5040, 64, .read = true }, { 0 } };

	start(4, 4);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[0]), READ_PS(64) - LOOKUP + COLD);
	ck_assert_uint_eq(taken(&loads[1]), 24000 + 100000 + 2000 + 7000 + 88000 + 100000);
	ck_assert_uint_eq(result.latency[RESULT_DMA_READ].min_ps, 24000 + 100000 + 2000 + 7000 + 88000 + 100000);
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_READ][CAUSE_PCIE], 2 * (124000 + 188000));
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_READ][CAUSE_MEMORY], 2 * 7000);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_READ], 128);
	stop();
}
END_TEST

/* ---- credits ---- */

START_TEST(with_one_credit_reads_follow_one_another_and_with_more_they_overlap)
{
	static const struct {
		uint32_t credits;
		ps_t taken;
	} cases[] = {
		{ 1, 8 * READ_PS(128) },
		/*
		 * The second's data waits for the first's on the link: back at 133 + 2 x 152 + 100 ns.  From then on each
		 * starts when the one two before it is back, 385 ns after that one did: 537 + 3 x 385 ns.
		 */
		{ 2, 537000 + 3 * 385000 },
		/* The way back is never idle from the first arrival on. */
		{ 8, 133000 + 8 * 152000 + 100000 },
		{ 30, 133000 + 8 * 152000 + 100000 },
	};
	struct load loads[] = { { 0x5000, 64, .read = true }, { 0x5400, 1024, .read = true }, { 0 } };

	start(cases[_i].credits, 4);
	run_loads(loads);
	ck_assert_uint_eq(READ_PS(128), 385000);
	ck_assert_uint_eq(taken(&loads[1]), cases[_i].taken);
	ck_assert_uint_eq(result.counter[COUNT_TLPS], 1 + 8);
	stop();
}
END_TEST

START_TEST(with_one_credit_writes_follow_one_another_and_with_more_they_overlap)
{
	static const struct {
		uint32_t credits;
		ps_t taken;
	} cases[] = {
		{ 1, 4 * WRITE_PS(128) },
		/* 265 ns each and 152 ns on the link: two under way keep the link busy. */
		{ 2, 4 * 152000 + 100000 + 13000 },
		{ 4, 4 * 152000 + 100000 + 13000 },
	};
	struct load loads[] = { { 0x5000, 64, .write = true }, { 0x5400, 512, .write = true }, { 0 } };

	start(4, cases[_i].credits);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[1]), cases[_i].taken);
	stop();
}
END_TEST

/* ---- stages of a transfer ---- */

START_TEST(a_descriptor_is_there_before_data_moves_and_data_has_moved_before_the_completion)
{
	struct load loads[] = { { 0x5000, 512, .read = true }, { 0x5400, 512, .read = true }, { 0 } };

	start(30, 30);
	endpoint_add_ring(&device.endpoint, 0x1000, 4096); /* completions, then submissions */
	endpoint_add_ring(&device.endpoint, 0x2000, 4096);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[1]),
			  READ_PS(64) + (133000 + 4 * 152000 + 100000) /* as many reads as like */ + WRITE_PS(16));
	ck_assert_uint_eq(result.latency[RESULT_DMA_READ].count, 2 * 5);
	ck_assert_uint_eq(result.latency[RESULT_DMA_WRITE].count, 2);
	stop();
}
END_TEST

START_TEST(a_list_is_read_after_the_submission_entry_that_says_where_it_is)
{
	/* Three pages: two list entries, 16 bytes. */
	struct load loads[] = { { 0x5000, 12288, .write = true }, { 0x5000, 12288, .write = true }, { 0 } };

	start(30, 96);
	endpoint_add_ring(&device.endpoint, 0x1000, 4096);
	endpoint_add_ring(&device.endpoint, 0x2000, 4096);
	endpoint_add_ring(&device.endpoint, 0x3000, 4096);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[1]), READ_PS(64) + READ_PS(16) + (96 * 152000 + 100000 + 13000) + WRITE_PS(16));
	stop();
}
END_TEST

START_TEST(a_transfer_both_ways_writes_after_its_last_read_is_back)
{
	struct load loads[] = { { 0x5000, 64, .read = true }, { 0x5400, 512, .read = true, .write = true }, { 0 } };

	start(30, 30);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[1]), (133000 + 4 * 152000 + 100000) + (4 * 152000 + 100000 + 13000));
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_READ], 64 + 512);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_WRITTEN], 512);
	stop();
}
END_TEST

/* ---- doorbells ---- */

struct look {
	ps_t date;
	const struct load *load;
	bool begun;
};

static void look(struct actor *actor, void *argument)
{
	struct look *at = argument;

	actor_spend(actor, at->date, CAUSE_GUEST_CPU);
	actor_touch(actor);
	at->begun = at->load->job.begun;
}

START_TEST(a_job_is_looked_at_when_its_doorbell_has_arrived_and_the_device_has_thought)
{
	struct load loads[] = { { 0x5000, 64, .write = true, .pause = 5000 }, { 0 } };
	struct look before = { 5000 + NOTICED - 1, loads, true }, after = { 5000 + NOTICED + 1, loads, false };

	start(4, 4);
	engine_actor(&engine, "before", look, &before, false);
	engine_actor(&engine, "after", look, &after, false);
	run_loads(loads);
	ck_assert(!before.begun);
	ck_assert(after.begun);
	stop();
}
END_TEST

static void both(struct actor *actor, void *argument)
{
	struct load *loads = argument;

	load_submit(&loads[0], actor);
	actor_spend(actor, loads[1].pause, CAUSE_GUEST_CPU);
	load_submit(&loads[1], actor);
	device_wait_quiet(&device, actor);
}

START_TEST(a_second_job_is_not_begun_with_the_first_but_at_its_own_date)
{
	/* The first, cold, is still being translated then; the second finds the link free and waits for that walk. */
	struct load loads[] = { { 0x5000, 64, .write = true }, { 0x5040, 64, .write = true, .pause = 250000 } };

	start(4, 4);
	engine_actor(&engine, "cpu", both, loads, false);
	clock_run();
	ck_assert_uint_eq(loads[0].done, NOTICED + 188000 + COLD + 11000);
	/* seen by the unit at 250 + 188 ns; the walk ends at 188 + COLD; one more lookup */
	ck_assert_uint_eq(loads[1].done, NOTICED + 188000 + COLD + LOOKUP + 11000);
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_WRITE][CAUSE_PCIE], 2 * 188000);
	ck_assert_uint_eq(result.cause_ps[RESULT_DMA_WRITE][CAUSE_WALK_WAIT], COLD - 250000 - LOOKUP);
	stop();
}
END_TEST

START_TEST(a_free_slot_does_not_look_at_a_job_a_picosecond_too_early)
{
	/* The first is done, and its slot looks for more, just before the second's date. */
	ps_t first = 188000 + COLD + 11000;
	struct load loads[] = { { 0x5000, 64, .write = true }, { 0x5040, 64, .write = true, .pause = first + 1 } };

	start(4, 4);
	engine_actor(&engine, "cpu", both, loads, false);
	clock_run();
	ck_assert_uint_eq(loads[0].done, NOTICED + first);
	ck_assert_uint_eq(loads[1].done, NOTICED + first + 1 + WRITE_PS(64));
	stop();
}
END_TEST

/* ---- quiet ---- */

struct waiting {
	ps_t begin;
	struct load *then; /* rings for it as soon as the device is quiet; NULL: nothing more */
	ps_t quiet;
	bool left; /* a job was there when it was told that none is */
};

static void wait_quiet(struct actor *actor, void *argument)
{
	struct waiting *waiting = argument;

	actor_spend(actor, waiting->begin, CAUSE_GUEST_CPU);
	device_wait_quiet(&device, actor);
	waiting->quiet = actor->now;
	waiting->left = device.first != NULL;
	if (!waiting->then)
		return;
	load_submit(waiting->then, actor);
	device_wait_quiet(&device, actor);
}

START_TEST(who_waits_for_a_quiet_device_goes_on_when_the_last_of_its_jobs_is_done)
{
	struct load loads[] = { { 0x5000, 64, .write = true }, { 0x5040, 64, .write = true, .pause = 250000 } };
	struct waiting waiting = { .begin = 1 };

	start(4, 4);
	engine_actor(&engine, "cpu", both, loads, false);
	engine_actor(&engine, "waiting", wait_quiet, &waiting, false);
	clock_run();
	ck_assert_uint_gt(loads[1].done, loads[0].done);
	ck_assert_uint_eq(waiting.quiet, loads[1].done);
	ck_assert(!waiting.left);
	stop();
}
END_TEST

START_TEST(who_waits_for_a_quiet_device_goes_on_waiting_when_another_gave_it_work_at_that_date)
{
	struct load load = { 0x5000, 64, .write = true }, again = { 0x5080, 64, .write = true };
	struct waiting first = { .begin = 1, .then = &again }, second = { .begin = 2 }, cpu = { .then = &load };

	start(4, 4);
	engine_actor(&engine, "first", wait_quiet, &first, false);
	engine_actor(&engine, "second", wait_quiet, &second, false);
	engine_actor(&engine, "cpu", wait_quiet, &cpu, false);
	clock_run();
	ck_assert_uint_eq(first.quiet, load.done);
	ck_assert_uint_eq(again.done, load.done + NOTICED + WRITE_PS(64));
	ck_assert(!second.left);
	ck_assert_uint_eq(second.quiet, again.done);
	stop();
}
END_TEST

/* ---- faults ---- */

START_TEST(a_blocked_write_is_counted_reaches_no_memory_and_does_not_hang_the_device)
{
	struct load loads[] = { { UNMAPPED, 64, .write = true }, { 0x5000, 64, .write = true }, { 0 } };

	start(1, 1);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[0]), 88000 + 100000 + COLD); /* the leaf read was not present */
	ck_assert_uint_eq(result.counter[COUNT_FAULTS], 1);
	ck_assert_uint_eq(result.latency[RESULT_FAULT].count, 1);
	ck_assert_uint_eq(result.latency[RESULT_FAULT].min_ps, COLD);
	ck_assert_uint_eq(result.counter[COUNT_TLPS], 2);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_WRITTEN], 64);
	ck_assert_uint_eq(result.latency[RESULT_DMA_WRITE].count, 1);
	ck_assert_uint_gt(loads[1].done, loads[0].done);
	stop();
}
END_TEST

/* [PCIE] "Completion Rules": a completion that is not successful carries no data. */
START_TEST(a_blocked_read_is_answered_without_data)
{
	struct load loads[] = { { UNMAPPED, 64, .read = true }, { 0 } };

	start(1, 1);
	run_loads(loads);
	ck_assert_uint_eq(taken(&loads[0]), 24000 + 100000 + COLD + 24000 + 100000);
	ck_assert_uint_eq(result.counter[COUNT_FAULTS], 1);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_READ], 0);
	ck_assert_uint_eq(result.latency[RESULT_DMA_READ].count, 0);
	stop();
}
END_TEST

/* The second load is submitted when the first has ended, so that the device is frozen by then. */
START_TEST(a_device_that_freezes_does_nothing_after_a_blocked_request)
{
	struct load loads[] = { { UNMAPPED, 512, .write = true }, { 0x5000, 64, .write = true }, { 0 } };

	start(1, 1);
	device.freezes = true;
	run_loads(loads);
	ck_assert(device.is_frozen);
	ck_assert_uint_eq(result.counter[COUNT_FAULTS], 2); /* of four TLPs; the second was waiting for its credit */
	ck_assert_uint_eq(result.counter[COUNT_TLPS], 2);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_WRITTEN], 0);
	ck_assert_uint_eq(result.counter[COUNT_DEVICES_FROZEN], 1);
	ck_assert_uint_eq(result.counter[COUNT_TRANSFERS_CUT], 2);
	ck_assert_uint_eq(loads[1].done, loads[1].rung);
	stop();
}
END_TEST

START_TEST(a_device_that_freezes_ends_all_its_jobs_when_what_is_under_way_has_ended)
{
	struct load loads[] = { { UNMAPPED, 512, .write = true }, { 0x5000, 64, .write = true } };

	start(1, 1);
	device.freezes = true;
	engine_actor(&engine, "cpu", both, loads, false);
	clock_run();
	ck_assert_uint_eq(result.counter[COUNT_TLPS], 2);
	ck_assert_uint_eq(result.counter[COUNT_DMA_BYTES_WRITTEN], 0);
	ck_assert_uint_eq(result.counter[COUNT_TRANSFERS_CUT], 2);
	ck_assert_uint_lt(loads[1].done, loads[0].done); /* none of it was under way */
	ck_assert_ptr_null(device.first);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/device");
	TCase *cases = tcase_create("device");

	tcase_set_timeout(cases, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(cases, a_write_that_hits_takes_the_link_one_lookup_and_memory);
	tcase_add_test(cases, a_read_that_hits_takes_its_request_one_lookup_memory_and_the_data_on_its_way_back);
	tcase_add_loop_test(cases, with_one_credit_reads_follow_one_another_and_with_more_they_overlap, 0, 4);
	tcase_add_loop_test(cases, with_one_credit_writes_follow_one_another_and_with_more_they_overlap, 0, 3);
	tcase_add_test(cases, a_descriptor_is_there_before_data_moves_and_data_has_moved_before_the_completion);
	tcase_add_test(cases, a_list_is_read_after_the_submission_entry_that_says_where_it_is);
	tcase_add_test(cases, a_transfer_both_ways_writes_after_its_last_read_is_back);
	tcase_add_test(cases, a_job_is_looked_at_when_its_doorbell_has_arrived_and_the_device_has_thought);
	tcase_add_test(cases, a_second_job_is_not_begun_with_the_first_but_at_its_own_date);
	tcase_add_test(cases, a_free_slot_does_not_look_at_a_job_a_picosecond_too_early);
	tcase_add_test(cases, who_waits_for_a_quiet_device_goes_on_when_the_last_of_its_jobs_is_done);
	tcase_add_test(cases, who_waits_for_a_quiet_device_goes_on_waiting_when_another_gave_it_work_at_that_date);
	tcase_add_test(cases, a_blocked_write_is_counted_reaches_no_memory_and_does_not_hang_the_device);
	tcase_add_test(cases, a_blocked_read_is_answered_without_data);
	tcase_add_test(cases, a_device_that_freezes_does_nothing_after_a_blocked_request);
	tcase_add_test(cases, a_device_that_freezes_ends_all_its_jobs_when_what_is_under_way_has_ended);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
