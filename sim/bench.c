/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/bench.h"

#include <stdlib.h>
#include <time.h>

#include "models/base/random.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/software/vtd_driver.h"

#define SOURCE_ID   0x20u
#define IOVA_BASE   UINT64_C(0x100000000)
#define TARGET_BASE (UINT64_C(8) << 30)
/* What the second stage maps of guest-physical memory under nesting, to addresses that allow 4 KiB leaves only. */
#define GUEST_BYTES (UINT64_C(64) << 20)
#define GUEST_AT    (UINT64_C(32) << 30 | PAGE_BYTES)

struct bench_world {
	struct memory *memory;
	struct iommu *iommu;
	struct frames frames, guest_frames;
	struct vtd_driver *driver;
	struct vtd_invalidations list;
	struct vtd_domain *domain, *parent;
	struct page_table first; /* the guest's, under nesting */
	struct random random;
	uint32_t pages;
};

static void register_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct bench_world *world = argument;

	world->iommu->ops->register_write(world->iommu, offset, bytes, value);
}

static void submit_now(struct bench_world *world)
{
	struct vtd_submission submission;

	while (vtd_driver_submit(world->driver, &world->list, &submission) == VTD_SUBMITTED) {
		register_write(world, VTD_REG_IQT, 8, submission.tail);
		iommu_drain_queue_now(world->iommu, world->memory);
		vtd_driver_complete(world->driver, &submission);
	}
}

static void map_guest(struct bench_world *world)
{
	struct memory_view guest = { .memory = world->memory, .offset = GUEST_AT };
	struct pt_rules rules = {
		.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 46, .size_2m = true, .size_1g = true
	};
	struct map_work work = { 0 };

	world->parent = vtd_domain_create(world->driver, VTD_DOMAIN_UNMANAGED);
	REQUIRE(vtd_domain_map(world->parent, 0, GUEST_AT, GUEST_BYTES, PT_READ | PT_WRITE, &work) == MAP_OK);
	frames_init(&world->guest_frames, 0, GUEST_BYTES / 2);
	REQUIRE(page_table_init(&world->first, &vtd_first_stage, &rules, guest, &world->guest_frames) == MAP_OK);
	/* Each page leads to another one of the guest's upper half. */
	for (uint32_t i = 0; i < world->pages; i++)
		REQUIRE(page_table_map(&world->first, IOVA_BASE + i * PAGE_BYTES,
				       GUEST_BYTES / 2 + (i * 7919u % (GUEST_BYTES / 2 / PAGE_BYTES)) * PAGE_BYTES,
				       PAGE_BYTES, PT_READ | PT_WRITE | PT_USER, PAGE_LG2, &work) == MAP_OK);
	world->domain = vtd_domain_create_nested(world->driver, world->parent, world->first.root, 4);
}

static void world_init(struct bench_world *world, const struct bench *bench)
{
	struct vtd_features features = { .scalable = true,
					 .nested = true,
					 .queued_invalidation = true,
					 .second_stage_levels = 4,
					 .first_stage_levels = 4,
					 .page_size_limit_lg2 = 30,
					 .fault_records = 1,
					 .domain_bits = 16,
					 .host_address_width = 46 };
	struct vtd_config unit = { .caches.iotlb = { bench->iotlb_entries, bench->iotlb_entries, CACHE_LRU },
				   .caches.device = { 64, 4, CACHE_LRU } };
	struct vtd_driver_config config = { .host_address_width = 46, .scalable = true, .strict = true };
	struct vtd_driver_registers registers = { register_write, world };
	struct map_work work = { 0 };
	struct err err = { 0 };

	*world = (struct bench_world){ .memory = memory_create(), .pages = bench->pages };
	random_init(&world->random, 1);
	vtd_capabilities(&features, &unit);
	world->iommu = vtd_create(&unit, &err);
	config.capability = unit.capability;
	config.extended_capability = unit.extended_capability;
	frames_init(&world->frames, UINT64_C(1) << 20, UINT64_C(1) << 32);
	world->driver =
		vtd_driver_create(&config, (struct memory_view){ .memory = world->memory }, &world->frames, &err);
	REQUIRE(world->iommu && world->driver);
	vtd_driver_start(world->driver, &registers, &world->list);
	submit_now(world);
	vtd_driver_enable(world->driver, &registers);
	REQUIRE(vtd_driver_probe(world->driver, SOURCE_ID, 0, &world->list));
	if (bench->nested)
		map_guest(world);
	else
		world->domain = vtd_domain_create(world->driver, VTD_DOMAIN_UNMANAGED);
	for (uint32_t i = 0; !bench->nested && i < world->pages; i++)
		REQUIRE(vtd_domain_map(world->domain, IOVA_BASE + i * PAGE_BYTES, TARGET_BASE + 2 * i * PAGE_BYTES,
				       PAGE_BYTES, PT_READ | PT_WRITE, &work) == MAP_OK);
	REQUIRE(vtd_driver_attach(world->driver, world->domain, SOURCE_ID, VTD_DRIVER_NO_PASID, &world->list));
	submit_now(world);
}

static void world_fini(struct bench_world *world)
{
	vtd_driver_detach(world->driver, SOURCE_ID, VTD_DRIVER_NO_PASID, &world->list);
	submit_now(world);
	vtd_domain_destroy(world->domain);
	if (world->parent) {
		vtd_domain_destroy(world->parent);
		page_table_fini(&world->first);
	}
	vtd_driver_destroy(world->driver);
	vtd_invalidations_fini(&world->list);
	world->iommu->ops->destroy(world->iommu);
	frames_fini(&world->frames);
	frames_fini(&world->guest_frames);
	memory_destroy(world->memory);
}

/* ---- what is measured ---- */

static uint64_t translate(struct bench_world *world, uint64_t operations)
{
	struct iommu_request request = { .source_id = SOURCE_ID };
	struct iommu_translation translation;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < operations; i++) {
		/* A random page; multiplied, since a division would be a tenth of what is measured. */
		request.iova = IOVA_BASE + ((random_next(&world->random) >> 32) * world->pages >> 32) * PAGE_BYTES;
		iommu_translate_now(world->iommu, world->memory, &translation, &request);
		sum += translation.output;
	}
	return sum;
}

static uint64_t map_unmap(struct bench_world *world, uint64_t operations, uint64_t bytes)
{
	uint64_t entries = 0;

	for (uint64_t i = 0; i < operations; i++) {
		iova_t iova = (UINT64_C(1) << 40) + i % 4096 * bytes;
		struct vtd_gather gather = { 0 };
		struct map_work work = { 0 };

		vtd_domain_map(world->domain, iova, TARGET_BASE + PAGE_BYTES, bytes, PT_READ | PT_WRITE, &work);
		vtd_domain_unmap(world->domain, iova, bytes, &gather, NULL, &work);
		vtd_domain_free_tables(world->domain, &gather.freed);
		table_list_fini(&gather.freed);
		entries += work.entries_written;
	}
	return entries;
}

static uint64_t map_unmap_4k(struct bench_world *world, uint64_t operations)
{
	return map_unmap(world, operations, PAGE_BYTES);
}

static uint64_t map_unmap_1m(struct bench_world *world, uint64_t operations)
{
	return map_unmap(world, operations, 256 * PAGE_BYTES);
}

const struct bench benches[] = {
	{ "iotlb-hit-64", "translation, IOTLB hit at random, 64 entries", 64, 48, false, translate },
	{ "iotlb-hit-4096", "the same, 4,096 entries", 4096, 4000, false, translate },
	{ "iotlb-hit-65536", "the same, 65,536 entries", 65536, 65000, false, translate },
	{ "walk-4-level", "translation, 4-level walk of 4 reads, no IOTLB or walk caches", 0, 4096, false, translate },
	{ "walk-nested", "translation, nested walk of 24 reads, no IOTLB or walk caches", 0, 4096, true, translate },
	{ "map-unmap-4k", "map and unmap of 4 KiB in a second-stage table", 0, 1, false, map_unmap_4k },
	{ "map-unmap-256", "map and unmap of 256 x 4 KiB, one call each", 0, 1, false, map_unmap_1m },
};

const size_t bench_count = sizeof(benches) / sizeof(benches[0]);

/* ---- measuring ---- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_result bench_run(const struct bench *bench)
{
	struct bench_world *world = malloc(sizeof(*world));
	double ns[BENCH_RUNS];
	volatile uint64_t sink = 0;
	uint64_t operations = 1024;

	REQUIRE(world);
	world_init(world, bench);
	sink += bench->run(world, 4 * (uint64_t)bench->pages); /* fills the caches */
	for (;;) {                                             /* how many take some 10 ms */
		double begin = seconds();

		sink += bench->run(world, operations);
		if (seconds() - begin > 0.005)
			break;
		operations *= 2;
	}
	for (unsigned i = 0; i < BENCH_RUNS; i++) {
		double begin = seconds();

		sink += bench->run(world, operations);
		ns[i] = (seconds() - begin) * 1e9 / (double)operations;
	}
	qsort(ns, BENCH_RUNS, sizeof(ns[0]), compare);
	world_fini(world);
	free(world);
	return (struct bench_result){ .min_ns = ns[0], .median_ns = ns[BENCH_RUNS / 2], .operations = operations };
}
