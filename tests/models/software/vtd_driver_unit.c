/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver model and unit model together: what the one writes into memory and into registers, the other
 * translates by, and what the one invalidates, the other forgets.
 */
#include <stdlib.h>
#include <time.h>

#include "models/base/random.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/software/vtd_driver.h"
#include "tests/suite.h"

#define DEVICE 0x00a5u /* in the upper half of its bus */
#define TABLES UINT64_C(0x100000000)
#define FRAMES 4096u

/* A guest's memory begins here; its own tables lie at GUEST_TABLES in it. */
#define GUEST        UINT64_C(0x800000000)
#define GUEST_TABLES UINT64_C(0x40000000)

struct bench {
	struct memory *memory;
	struct iommu *unit;
	struct frames frames;
	struct vtd_driver_config config;
	struct vtd_driver *driver;
	struct vtd_invalidations list;
	struct vtd_gather gather;
	struct map_work work;
};

static const struct vtd_features everything = {
	.scalable = true,
	.nested = true,
	.queued_invalidation = true,
	.second_stage_levels = 4,
	.first_stage_levels = 4,
	.page_size_limit_lg2 = 21,
	.fault_records = 1,
	.domain_bits = 16,
	.host_address_width = 46,
};

static void write_register(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct iommu *unit = argument;

	unit->ops->register_write(unit, offset, bytes, value);
}

/* Gives a command by registers; the unit says by them that it did it. */
static void give(struct bench *bench, const struct vtd_register_command *command)
{
	const struct iommu_ops *ops = bench->unit->ops;

	for (unsigned i = 0; i < command->writes; i++)
		ops->register_write(bench->unit, command->write[i].offset, command->write[i].bytes,
				    command->write[i].value);
	ck_assert_uint_eq(
		ops->register_read(bench->unit, command->done.offset, command->done.bytes) & command->done.busy, 0);
}

/* Submits all that is listed and lets the unit do it. */
static void submit(struct bench *bench)
{
	struct vtd_submission submission;
	enum vtd_submit what;

	while ((what = vtd_driver_submit(bench->driver, &bench->list, &submission)) != VTD_NOTHING) {
		uint32_t status;

		if (what == VTD_COMMAND) {
			give(bench, &submission.command);
			continue;
		}
		ck_assert_int_eq(what, VTD_SUBMITTED);

		bench->unit->ops->register_write(bench->unit, VTD_REG_IQT, 4, submission.tail);
		ck_assert_uint_eq(iommu_drain_queue_now(bench->unit, bench->memory), submission.descriptors);
		memory_read(bench->memory, submission.status_address, &status, sizeof(status));
		ck_assert_uint_eq(status, submission.status_value);
		vtd_driver_complete(bench->driver, &submission);
	}
}

static void setup(struct bench *bench, const struct vtd_features *features, bool scalable)
{
	static const struct cache_geometry geometry = { .entries = 64, .ways = 64, .replacement = CACHE_LRU };
	struct vtd_config config = {
		.caches = { .iotlb = geometry, .device = geometry, .walk = { geometry, geometry, geometry } },
	};
	struct vtd_driver_registers registers = { .write = write_register };
	struct err err = { 0 };

	vtd_capabilities(features, &config);
	*bench = (struct bench){
		.memory = memory_create(),
		.unit = vtd_create(&config, &err),
		.config = {
			.capability = config.capability,
			.extended_capability = config.extended_capability,
			.host_address_width = config.host_address_width,
			.scalable = scalable,
			.strict = true,
		},
	};
	ck_assert_msg(bench->unit != NULL, "%s", err.text);
	frames_init(&bench->frames, TABLES, TABLES + FRAMES * PAGE_BYTES);
	bench->driver =
		vtd_driver_create(&bench->config, (struct memory_view){ bench->memory, 0 }, &bench->frames, &err);
	ck_assert_msg(bench->driver != NULL, "%s", err.text);
	registers.argument = bench->unit;
	vtd_driver_start(bench->driver, &registers, &bench->list);
	submit(bench);
	vtd_driver_enable(bench->driver, &registers);
	ck_assert(vtd_driver_probe(bench->driver, DEVICE, 1 << 15, &bench->list));
	submit(bench);
}

static void teardown(struct bench *bench)
{
	vtd_driver_destroy(bench->driver);
	ck_assert_uint_eq(frames_used(&bench->frames), 0);
	vtd_invalidations_fini(&bench->list);
	table_list_fini(&bench->gather.freed);
	frames_fini(&bench->frames);
	bench->unit->ops->destroy(bench->unit);
	memory_destroy(bench->memory);
}

static void attach(struct bench *bench, struct vtd_domain *domain, uint32_t pasid)
{
	ck_assert_ptr_nonnull(domain);
	ck_assert(vtd_driver_attach(bench->driver, domain, DEVICE, pasid, &bench->list));
	submit(bench);
}

static void detach(struct bench *bench, uint32_t pasid)
{
	vtd_driver_detach(bench->driver, DEVICE, pasid, &bench->list);
	submit(bench);
}

static void map(struct bench *bench, struct vtd_domain *domain, iova_t iova, phys_t phys, uint64_t bytes,
		unsigned permissions)
{
	ck_assert_int_eq(vtd_domain_map(domain, iova, phys, bytes, permissions, &bench->work), MAP_OK);
	vtd_domain_sync_map(domain, iova, bytes, &bench->list);
	submit(bench);
	vtd_domain_free_tables(domain, &bench->list.replaced);
}

/* The table change only. */
static void clear(struct bench *bench, struct vtd_domain *domain, iova_t iova, uint64_t bytes)
{
	ck_assert_int_eq(vtd_domain_unmap(domain, iova, bytes, &bench->gather, &bench->list, &bench->work), MAP_OK);
}

static void flush(struct bench *bench, struct vtd_domain *domain)
{
	vtd_domain_sync_unmap(domain, &bench->gather, &bench->list);
	submit(bench);
	vtd_domain_free_tables(domain, &bench->gather.freed);
}

/* Where an access goes; PHYS_NONE: blocked. */
static phys_t access_pasid(struct bench *bench, iova_t iova, bool write, uint32_t pasid)
{
	struct iommu_request request = {
		.source_id = DEVICE,
		.has_pasid = pasid != VTD_DRIVER_NO_PASID,
		.pasid = pasid,
		.iova = iova,
		.write = write,
	};
	struct iommu_translation translation;

	iommu_translate_now(bench->unit, bench->memory, &translation, &request);
	return translation.status == IOMMU_TRANSLATED ? translation.output : PHYS_NONE;
}

static phys_t access(struct bench *bench, iova_t iova, bool write)
{
	return access_pasid(bench, iova, write, VTD_DRIVER_NO_PASID);
}

/*
 * Legacy mode; scalable mode with a second stage, as VFIO's domains have, and with a first; then units that lack
 * something.  Each without (even numbers) and with caching mode.
 */
enum {
	LEGACY,
	SECOND_STAGE,
	FIRST_STAGE,
	NO_QUEUE,
	NO_PAGE_SELECTIVE,
	SMALL_MASK,
	FLUSHES,
	ONLY_FIRST,
	ONLY_SECOND,
	KINDS
};
#define MODES (2 * KINDS)

static void setup_mode(struct bench *bench, int mode)
{
	struct vtd_features features = everything;
	int kind = mode / 2;

	features.caching_mode = mode % 2;
	features.queued_invalidation = kind != NO_QUEUE;
	features.no_page_selective = kind == NO_PAGE_SELECTIVE;
	features.address_mask_limit = kind == SMALL_MASK ? 1 : 0;
	features.write_buffer_flush = kind == FLUSHES;
	features.no_second_stage = kind == ONLY_FIRST;
	features.no_first_stage = kind == ONLY_SECOND;
	features.scalable = kind != NO_QUEUE && kind != FLUSHES;
	features.nested = features.scalable && kind < ONLY_FIRST;
	setup(bench, &features, kind == SECOND_STAGE || kind == FIRST_STAGE || kind >= ONLY_FIRST);
}

static struct vtd_domain *domain_of_mode(struct bench *bench, int mode)
{
	int kind = mode / 2;
	bool dma = kind == FIRST_STAGE || kind == ONLY_SECOND;
	struct vtd_domain *domain = vtd_domain_create(bench->driver, dma ? VTD_DOMAIN_DMA : VTD_DOMAIN_UNMANAGED);

	ck_assert_int_eq(vtd_domain_first_stage(domain), kind == FIRST_STAGE || kind == ONLY_FIRST);
	return domain;
}

START_TEST(the_unit_translates_what_the_driver_mapped)
{
	struct bench bench;

	setup_mode(&bench, _i);
	struct vtd_domain *domain = domain_of_mode(&bench, _i);

	ck_assert_uint_eq(access(&bench, 0x1000, false), PHYS_NONE);
	attach(&bench, domain, VTD_DRIVER_NO_PASID);
	ck_assert_uint_eq(access(&bench, 0x1000, false), PHYS_NONE);
	map(&bench, domain, 0x1000, 0x7000, 0x3000, PT_READ | PT_WRITE);
	map(&bench, domain, 0xfffff000, 0x5000, 0x1000, PT_READ);
	map(&bench, domain, 0x40000000, 0x2000000, 0x200000, PT_WRITE);
	ck_assert_uint_eq(access(&bench, 0x1234, false), 0x7234);
	ck_assert_uint_eq(access(&bench, 0x3ff8, true), 0x9ff8);
	ck_assert_uint_eq(access(&bench, 0x4000, true), PHYS_NONE);
	ck_assert_uint_eq(access(&bench, 0xfffff040, false), 0x5040);
	ck_assert_uint_eq(access(&bench, 0xfffff040, true), PHYS_NONE);
	ck_assert_uint_eq(access(&bench, 0x401ffff8, true), 0x21ffff8);
	detach(&bench, VTD_DRIVER_NO_PASID);
	ck_assert_uint_eq(access(&bench, 0x1234, false), PHYS_NONE);
	vtd_domain_destroy(domain);
	teardown(&bench);
}
END_TEST

START_TEST(an_unmap_is_seen_after_its_flush_and_not_before)
{
	struct bench bench;

	setup_mode(&bench, _i);
	struct vtd_domain *domain = domain_of_mode(&bench, _i);

	attach(&bench, domain, VTD_DRIVER_NO_PASID);
	map(&bench, domain, 0x200000, 0x1000, 0x200000, PT_READ | PT_WRITE); /* in 4 KiB leaves */
	ck_assert_uint_eq(access(&bench, 0x200000, true), 0x1000);
	ck_assert_uint_eq(access(&bench, 0x201000, true), 0x2000);
	clear(&bench, domain, 0x200000, 0x1000);
	ck_assert_uint_eq(access(&bench, 0x200000, true), 0x1000);
	flush(&bench, domain);
	ck_assert_uint_eq(access(&bench, 0x200000, true), PHYS_NONE);
	ck_assert_uint_eq(access(&bench, 0x201000, true), 0x2000);

	/* All that is left, whole tables: the walk caches must forget them too, or a new mapping would be missed. */
	map(&bench, domain, 0x200000, 0x1000, 0x1000, PT_READ | PT_WRITE);
	clear(&bench, domain, 0x200000, 0x200000);
	ck_assert_uint_eq(bench.gather.freed.count, 1);
	flush(&bench, domain);
	map(&bench, domain, 0x200000, 0x600000, 0x200000, PT_READ | PT_WRITE); /* one leaf */
	ck_assert_uint_eq(access(&bench, 0x201000, true), 0x601000);

	/* Another domain in front of the device. */
	struct vtd_domain *other = domain_of_mode(&bench, _i);

	map(&bench, other, 0x201000, 0x9000, 0x1000, PT_READ);
	attach(&bench, other, VTD_DRIVER_NO_PASID);
	ck_assert_uint_eq(access(&bench, 0x201000, false), 0x9000);
	detach(&bench, VTD_DRIVER_NO_PASID);
	vtd_domain_destroy(domain);
	vtd_domain_destroy(other);
	teardown(&bench);
}
END_TEST

#define TWIN_PAGES 2048u /* 8 MiB, in which 2 MiB leaves come and go */

START_TEST(random_maps_and_unmaps_agree_with_a_dictionary_of_pages)
{
	static phys_t twin[TWIN_PAGES]; /* page + 1; 0: not mapped */
	uint64_t seed = (uint64_t)time(NULL) + (uint64_t)_i;
	struct random random;
	struct bench bench;

	setup_mode(&bench, _i);
	struct vtd_domain *domain = domain_of_mode(&bench, _i);

	attach(&bench, domain, VTD_DRIVER_NO_PASID);
	random_init(&random, seed);
	for (unsigned step = 0; step < 150; step++) {
		uint64_t pages =
			random_below(&random, 4) ? 1 + random_below(&random, 40) : 512 * (1 + random_below(&random, 2));
		uint64_t first = pages % 512 ? random_below(&random, TWIN_PAGES - pages + 1)
					     : 512 * random_below(&random, TWIN_PAGES / 512 - pages / 512 + 1);
		phys_t phys = (first % 512 + 512 * random_below(&random, 1000)) * PAGE_BYTES;
		bool any = false, large = false;

		for (uint64_t i = 0; i < pages; i++)
			any |= twin[first + i] != 0;
		/* Linux unmaps what was mapped at once; here: a large leaf is only unmapped whole. */
		for (uint64_t i = first & ~UINT64_C(511); i < first + pages; i += 512)
			large |= (i < first || first + pages - i < 512) && (twin[i] & 2);
		if (!any) {
			map(&bench, domain, first * PAGE_BYTES, phys, pages * PAGE_BYTES, PT_READ | PT_WRITE);
			for (uint64_t i = 0; i < pages; i++)
				twin[first + i] = (phys + i * PAGE_BYTES) | 1 | (pages % 512 ? 0 : 2);
		} else if (!large) {
			clear(&bench, domain, first * PAGE_BYTES, pages * PAGE_BYTES);
			flush(&bench, domain);
			for (uint64_t i = 0; i < pages; i++)
				twin[first + i] = 0;
		}
		for (unsigned i = 0; i < 64; i++) {
			uint64_t page =
				i < 32 ? first + random_below(&random, pages) : random_below(&random, TWIN_PAGES);
			phys_t expected = twin[page] ? twin[page] & ~UINT64_C(0xfff) : PHYS_NONE;

			ck_assert_msg(access(&bench, page * PAGE_BYTES, i % 2) == expected,
				      "seed %llu, step %u, page %llu", (unsigned long long)seed, step,
				      (unsigned long long)page);
		}
	}
	detach(&bench, VTD_DRIVER_NO_PASID);
	vtd_domain_destroy(domain);
	teardown(&bench);
}
END_TEST

START_TEST(a_guests_first_stage_nests_in_the_hosts_second)
{
	struct bench bench;
	struct frames guest_frames;
	struct err err = { 0 };

	setup(&bench, &everything, true);
	frames_init(&guest_frames, GUEST_TABLES, GUEST_TABLES + 64 * PAGE_BYTES);

	struct vtd_driver *guest_driver =
		vtd_driver_create(&bench.config, (struct memory_view){ bench.memory, GUEST }, &guest_frames, &err);
	struct vtd_domain *guest = vtd_domain_create(guest_driver, VTD_DOMAIN_DMA);
	struct vtd_domain *parent = vtd_domain_create(bench.driver, VTD_DOMAIN_UNMANAGED);

	ck_assert(vtd_domain_first_stage(guest));
	map(&bench, parent, 0, GUEST, UINT64_C(0x80000000), PT_READ | PT_WRITE);
	struct vtd_domain *nested = vtd_domain_create_nested(bench.driver, parent, vtd_domain_table(guest)->root, 4);

	attach(&bench, nested, VTD_DRIVER_NO_PASID);
	ck_assert_int_eq(vtd_domain_map(guest, 0xffffe000, 0x12345000, 0x2000, PT_READ | PT_WRITE, &bench.work),
			 MAP_OK);
	ck_assert_uint_eq(access(&bench, 0xffffe678, true), GUEST + 0x12345678);
	ck_assert_uint_eq(access(&bench, 0xfffff678, true), GUEST + 0x12346678);

	/* The guest unmaps one page; its invalidation is forwarded. */
	ck_assert_int_eq(vtd_domain_unmap(guest, 0xffffe000, 0x1000, &bench.gather, NULL, &bench.work), MAP_OK);
	ck_assert_uint_eq(access(&bench, 0xffffe678, true), GUEST + 0x12345678);
	vtd_domain_flush_range(nested, 0xffffe000, 0xffffefff, true, &bench.list);
	submit(&bench);
	ck_assert_uint_eq(access(&bench, 0xffffe678, true), PHYS_NONE);
	ck_assert_uint_eq(access(&bench, 0xfffff678, true), GUEST + 0x12346678);

	/* The host takes the memory away. */
	clear(&bench, parent, 0x12200000, 0x200000);
	flush(&bench, parent);
	ck_assert_uint_eq(access(&bench, 0xfffff678, true), PHYS_NONE);

	detach(&bench, VTD_DRIVER_NO_PASID);
	vtd_domain_destroy(nested);
	vtd_domain_destroy(parent);
	vtd_domain_destroy(guest);
	vtd_driver_destroy(guest_driver);
	frames_fini(&guest_frames);
	teardown(&bench);
}
END_TEST

START_TEST(a_process_table_serves_requests_with_its_pasid)
{
	static const struct pt_rules rules = { .levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 46 };
	struct bench bench;
	struct page_table process;

	setup(&bench, &everything, true);
	ck_assert_int_eq(page_table_init(&process, &vtd_first_stage, &rules, (struct memory_view){ bench.memory, 0 },
					 &bench.frames),
			 MAP_OK);
	ck_assert_int_eq(page_table_map(&process, 0x7fff00000000, 0x8000, 0x1000, PT_READ | PT_WRITE | PT_USER,
					PAGE_LG2, &bench.work),
			 MAP_OK);
	struct vtd_domain *sva = vtd_domain_create_sva(bench.driver, process.root, 4);

	ck_assert_uint_eq(access_pasid(&bench, 0x7fff00000010, true, 77), PHYS_NONE);
	attach(&bench, sva, 77);
	ck_assert_uint_eq(access_pasid(&bench, 0x7fff00000010, true, 77), 0x8010);
	ck_assert_uint_eq(access_pasid(&bench, 0x7fff00000010, true, 78), PHYS_NONE);
	ck_assert_uint_eq(access(&bench, 0x7fff00000010, true), PHYS_NONE);
	ck_assert_int_eq(page_table_unmap(&process, 0x7fff00000000, 0x1000, &bench.work, NULL, NULL), MAP_OK);
	ck_assert_uint_eq(access_pasid(&bench, 0x7fff00000010, true, 77), 0x8010);
	vtd_domain_flush_range(sva, 0x7fff00000000, 0x7fff00000fff, false, &bench.list);
	submit(&bench);
	ck_assert_uint_eq(access_pasid(&bench, 0x7fff00000010, true, 77), PHYS_NONE);
	detach(&bench, 77);
	vtd_domain_destroy(sva);
	page_table_fini(&process);
	teardown(&bench);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("vtd_driver_unit");
	TCase *t = tcase_create("both");

	tcase_add_loop_test(t, the_unit_translates_what_the_driver_mapped, 0, MODES);
	tcase_add_loop_test(t, an_unmap_is_seen_after_its_flush_and_not_before, 0, MODES);
	tcase_add_loop_test(t, random_maps_and_unmaps_agree_with_a_dictionary_of_pages, 0, MODES);
	tcase_add_test(t, a_guests_first_stage_nests_in_the_hosts_second);
	tcase_add_test(t, a_process_table_serves_requests_with_its_pasid);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
