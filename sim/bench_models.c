/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of the models, called directly: no simulated time, no SimGrid. */
#include "sim/bench.h"

#include <stdlib.h>

#include "models/base/random.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/software/vtd_driver.h"
#include "sim/profile.h"

#define SOURCE_ID   0x20u
#define IOVA_BASE   UINT64_C(0x100000000)
#define TARGET_BASE (UINT64_C(8) << 30)
/* What the second stage maps of guest-physical memory under nesting, to addresses that allow 4 KiB leaves only. */
#define GUEST_BYTES (UINT64_C(64) << 20)
#define GUEST_AT    (UINT64_C(32) << 30 | PAGE_BYTES)

struct bench_world;

struct model {
	uint32_t iotlb_entries; /* of the world's unit */
	uint32_t pages;         /* mapped, 4 KiB each */
	bool nested;
	/* Performs so many operations; the result keeps the compiler from leaving them out. */
	uint64_t (*run)(struct bench_world *world, uint64_t operations);
};

/* Memory, a unit, a driver, tables. */
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

static void world_init(struct bench_world *world, const struct model *model)
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
	struct vtd_config unit = { .caches.iotlb = { model->iotlb_entries, model->iotlb_entries, CACHE_LRU },
				   .caches.device = { 64, 4, CACHE_LRU } };
	struct vtd_driver_config config = { .host_address_width = 46, .scalable = true, .strict = true };
	struct vtd_driver_registers registers = { register_write, world };
	struct map_work work = { 0 };
	struct err err = { 0 };

	*world = (struct bench_world){ .memory = memory_create(), .pages = model->pages };
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
	if (model->nested)
		map_guest(world);
	else
		world->domain = vtd_domain_create(world->driver, VTD_DOMAIN_UNMANAGED);
	for (uint32_t i = 0; !model->nested && i < world->pages; i++)
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

static bool measure_model(const struct bench *bench, unsigned share, struct bench_result *result, struct err *err)
{
	enum { RUNS = 51 }; /* many short ones: on a busy machine some are left alone */
	const struct model *model = bench->what;
	struct bench_world *world = malloc(sizeof(*world));
	double ns[RUNS];
	volatile uint64_t sink = 0;
	uint64_t operations = 1024;

	(void)err;
	REQUIRE(world);
	world_init(world, model);
	sink += model->run(world, 4 * (uint64_t)model->pages); /* fills the caches */
	for (;;) {                                             /* how many take some 10 ms */
		uint64_t begin = profile_cpu_ns();

		sink += model->run(world, operations);
		if (profile_cpu_ns() - begin > 5000000 / share)
			break;
		operations *= 2;
	}
	for (unsigned i = 0; i < RUNS; i++) {
		uint64_t begin = profile_cpu_ns();

		sink += model->run(world, operations);
		ns[i] = (double)(profile_cpu_ns() - begin) / (double)operations;
	}
	world_fini(world);
	free(world);
	result->operations = operations;
	bench_summarize(result, ns, RUNS);
	return true;
}

static const struct model hit_64 = { 64, 48, false, translate };
static const struct model hit_4096 = { 4096, 4000, false, translate };
static const struct model hit_65536 = { 65536, 65000, false, translate };
static const struct model walk_4_level = { 0, 4096, false, translate };
static const struct model walk_nested = { 0, 4096, true, translate };
static const struct model map_4k = { 0, 1, false, map_unmap_4k };
static const struct model map_256 = { 0, 1, false, map_unmap_1m };

const struct bench model_benches[] = {
	{ "iotlb-hit-64", "translation, IOTLB hit at random, 64 entries", "translation", 15, measure_model, &hit_64 },
	{ "iotlb-hit-4096", "the same, 4,096 entries", "translation", 15, measure_model, &hit_4096 },
	{ "iotlb-hit-65536", "the same, 65,536 entries", "translation", 37.5, measure_model, &hit_65536 },
	{ "walk-4-level", "translation, 4-level walk of 4 reads, no IOTLB or walk caches", "translation", 75,
	  measure_model, &walk_4_level },
	{ "walk-nested", "translation, nested walk of 24 reads, no IOTLB or walk caches", "translation", 250,
	  measure_model, &walk_nested },
	{ "map-unmap-4k", "map and unmap of 4 KiB in a second-stage table", "map and unmap", 60, measure_model,
	  &map_4k },
	{ "map-unmap-256", "map and unmap of 256 x 4 KiB, one call each", "map and unmap", 800, measure_model,
	  &map_256 },
	{ 0 },
};
