/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware unit in time: what one translation costs to the picosecond, walkers, shared misses, drains. */
#include <check.h>
#include <stdlib.h>

#include "models/base/bits.h"
#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "sim/clock.h"
#include "sim/unit.h"

/*
 * Legacy mode, source 00:04.0, domain 5: IOVA 0x1000 * n -> 0x100000 + 0x1000 * n for n < 64, written as the
 * specification prints the words.
 */
#define ROOT     UINT64_C(0x1000)
#define CONTEXTS UINT64_C(0x2000)
#define QUEUE    UINT64_C(0x3000)
#define STATUS   UINT64_C(0x4000)
#define TABLES   UINT64_C(0x10000)

static struct memory *memory;
static struct engine engine;
static struct unit unit;
static struct config config;
static struct result_scheme result;

static void write_tables(void)
{
	memory_write64(memory, ROOT, CONTEXTS | 1);
	memory_write64(memory, CONTEXTS + 0x20 * 16, (TABLES) | 1);
	memory_write64(memory, CONTEXTS + 0x20 * 16 + 8, 5 << 8 | 2);
	for (unsigned level = 0; level < 3; level++)
		memory_write64(memory, TABLES + level * 0x1000, (TABLES + (level + 1) * 0x1000) | 3);
	for (uint64_t n = 0; n < 64; n++)
		memory_write64(memory, TABLES + 0x3000 + 8 * n, (0x100000 + 0x1000 * n) | 3);
}

static void start(uint32_t walkers, uint32_t iotlb_entries)
{
	struct vtd_features features = { .queued_invalidation = true,
					 .second_stage_levels = 4,
					 .page_size_limit_lg2 = 30,
					 .fault_records = 1,
					 .domain_bits = 16,
					 .host_address_width = 46 };
	struct vtd_config hardware = { .caches.iotlb = { iotlb_entries, iotlb_entries, CACHE_LRU },
				       .caches.device = { 16, 16, CACHE_LRU } };
	struct err err = { 0 };

	memory = memory_create();
	write_tables();
	vtd_capabilities(&features, &hardware);
	struct iommu *iommu = vtd_create(&hardware, &err);

	ck_assert_msg(iommu != NULL, "%s", err.text);
	iommu->ops->register_write(iommu, VTD_REG_RTADDR, 8, ROOT);
	iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
	iommu->ops->register_write(iommu, VTD_REG_IQA, 8, QUEUE);
	iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_QIE);
	iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_QIE | VTD_GCMD_TE);
	config = (struct config){ .iommu.walkers = walkers };
	config.timing.iommu.iotlb_lookup = 2000;
	config.timing.iommu.device_lookup = 300;
	config.timing.iommu.walk_cache_lookup = 40;
	config.timing.iommu.memory_read = 50000;
	config.timing.iommu.descriptor_fetch = 70000;
	config.timing.iommu.invalidate = 9000;
	config.timing.iommu.status_write = 60000;
	config.timing.guest.status_poll = 100;
	result_scheme_init(&result, "test", "");
	ck_assert(clock_start(4, &err));
	engine_init(&engine, false);
	unit_init(&unit, &engine, &config, iommu, NULL, memory, &result);
}

static void stop(void)
{
	unit.iommu->ops->destroy(unit.iommu);
	memory_destroy(memory);
	engine_fini(&engine);
}

struct asker {
	ps_t begin, end;
	iova_t iova;
	ps_t parts[RESULT_CAUSES];
	struct unit_request request;
};

static void ask(struct actor *actor, void *argument)
{
	struct asker *asker = argument;
	struct iommu_request request = { .source_id = 0x20, .iova = asker->iova };

	actor->parts = asker->parts;
	actor_spend(actor, asker->begin, CAUSE_PCIE);
	unit_translate(&unit, actor, &asker->request, &request);
	asker->end = actor->now;
}

/* One lookup, then root entry, context entry and four table entries. */
#define COLD_PS (2000 + 300 + 40 + (2 + 4) * 50000)

START_TEST(a_cold_walk_costs_its_lookups_and_its_six_reads)
{
	struct asker asker = { .iova = 0x5678 };

	start(1, 64);
	engine_actor(&engine, "asker", ask, &asker, false);
	clock_run();
	ck_assert_int_eq(asker.request.translation.status, IOMMU_TRANSLATED);
	ck_assert_uint_eq(asker.request.translation.output, 0x105678);
	ck_assert_uint_eq(asker.end, COLD_PS);
	ck_assert_uint_eq(asker.parts[CAUSE_WALK], 6 * 50000);
	ck_assert_uint_eq(asker.parts[CAUSE_IOTLB], 2340);
	ck_assert_uint_eq(result.latency[RESULT_TRANSLATE_MISS].count, 1);
	stop();
}
END_TEST

START_TEST(a_hit_costs_one_lookup)
{
	struct asker first = { .iova = 0x5000 }, second = { .begin = 1000000, .iova = 0x5fff };

	start(1, 64);
	engine_actor(&engine, "first", ask, &first, false);
	engine_actor(&engine, "second", ask, &second, false);
	clock_run();
	ck_assert_uint_eq(second.end - second.begin, 2000);
	ck_assert_uint_eq(result.latency[RESULT_TRANSLATE_HIT].count, 1);
	stop();
}
END_TEST

START_TEST(a_second_request_for_a_page_waits_for_the_walk_of_the_first_and_reads_nothing)
{
	struct asker first = { .iova = 0x5000 }, second = { .begin = 1000, .iova = 0x5800 };

	start(2, 64);
	engine_actor(&engine, "first", ask, &first, false);
	engine_actor(&engine, "second", ask, &second, false);
	clock_run();
	ck_assert_uint_eq(first.end, COLD_PS);
	ck_assert_uint_eq(second.end, COLD_PS + 2000); /* woken, one more lookup */
	ck_assert_uint_eq(second.parts[CAUSE_WALK], 0);
	ck_assert_uint_eq(second.parts[CAUSE_WALK_WAIT], COLD_PS - 3000);
	ck_assert_uint_eq(unit.iommu->stats.reads[IOMMU_FOR_SECOND_STAGE], 4);
	stop();
}
END_TEST

START_TEST(one_walker_serves_two_pages_one_after_the_other_and_two_walkers_at_once)
{
	struct asker first = { .iova = 0x5000 }, second = { .iova = 0x6000 };
	uint32_t walkers = (uint32_t)_i;

	start(walkers, 64);
	engine_actor(&engine, "first", ask, &first, false);
	engine_actor(&engine, "second", ask, &second, false);
	clock_run();
	ck_assert_uint_eq(first.end, COLD_PS);
	/* behind the other, the context entry is cached by then: four reads */
	ck_assert_uint_eq(second.end, walkers == 1 ? COLD_PS + 300 + 40 + 4 * 50000 : COLD_PS);
	ck_assert_uint_eq(second.parts[CAUSE_WALK_WAIT], walkers == 1 ? COLD_PS - 2000 : 0);
	stop();
}
END_TEST

/* ---- the queue ---- */

static void invalidate(struct actor *actor, void *argument)
{
	struct asker *asker = argument;

	actor->parts = asker->parts;
	actor_spend(actor, asker->begin, CAUSE_PCIE);
	actor_touch(actor);
	memory_write64(memory, QUEUE, 0x500e2);                       /* IOTLB, domain 5, drain reads and writes */
	memory_write64(memory, QUEUE + 16, UINT64_C(1) << 32 | 0x25); /* wait: write 1 */
	memory_write64(memory, QUEUE + 24, STATUS);
	unit.iommu->ops->register_write(unit.iommu, VTD_REG_IQT, 8, 32);
	unit_doorbell(&unit, actor);
	unit_poll_status(&unit, actor, STATUS, 1);
	asker->end = actor->now;
}

#define COMMANDS_PS (70000 + 9000 + 70000 + 60000)

START_TEST(an_invalidation_is_seen_done_after_two_fetches_its_work_the_status_write_and_a_poll)
{
	struct asker asker = { .begin = 500 };

	start(1, 64);
	engine_actor(&engine, "cpu", invalidate, &asker, false);
	clock_run();
	ck_assert_uint_eq(asker.end - asker.begin, COMMANDS_PS + 100);
	stop();
}
END_TEST

static void use(struct actor *actor, void *argument)
{
	struct asker *asker = argument;
	unsigned generation = unit_enter(&unit, actor);

	ask(actor, argument);
	actor_spend(actor, 1000000, CAUSE_MEMORY); /* its data is still moving */
	unit_leave(&unit, actor, generation);
	asker->end = actor->now;
}

START_TEST(a_draining_invalidation_ends_after_the_requests_that_began_before_it)
{
	struct asker user = { .iova = 0x5000 }, cpu = { .begin = COLD_PS + 5000 };

	start(1, 64);
	engine_actor(&engine, "user", use, &user, false);
	engine_actor(&engine, "cpu", invalidate, &cpu, false);
	clock_run();
	/* invalidated while the data moved; the wait descriptor is fetched after the drain */
	ck_assert_uint_eq(user.end, COLD_PS + 1000000);
	ck_assert_uint_eq(cpu.end, user.end + 70000 + 60000 + 100);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/unit");
	TCase *cases = tcase_create("unit");

	tcase_add_test(cases, a_cold_walk_costs_its_lookups_and_its_six_reads);
	tcase_add_test(cases, a_hit_costs_one_lookup);
	tcase_add_test(cases, a_second_request_for_a_page_waits_for_the_walk_of_the_first_and_reads_nothing);
	tcase_add_loop_test(cases, one_walker_serves_two_pages_one_after_the_other_and_two_walkers_at_once, 1, 3);
	tcase_add_test(cases, an_invalidation_is_seen_done_after_two_fetches_its_work_the_status_write_and_a_poll);
	tcase_add_test(cases, a_draining_invalidation_ends_after_the_requests_that_began_before_it);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
