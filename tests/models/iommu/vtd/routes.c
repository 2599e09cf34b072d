/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that goes the way of the one before does not look at device structures again (struct vtd_route).  Nothing
 * of that may show: what ends a cached context or PASID entry ends the way over it.
 * [VTD] "Caching Translation Information"
 */
#include "tests/models/iommu/vtd/world.h"

#define IOVA         UINT64_C(0x1000)
#define OUTPUT(n)    ((uint64_t)(n) << 32)
#define NEIGHBOUR    (DEVICE + 1)
#define PASID        5
#define DOMAIN       7
#define GLOBAL_IOTLB 0x12

static struct world w;
static struct tables ss[3], fs;

static const struct iommu_cache_config one_device_entry = { .iotlb = { .entries = 64, .ways = 64 },
							    .device = { .entries = 1, .ways = 1 } };

static void make_tables(void)
{
	for (unsigned i = 0; i < 3; i++) {
		ss[i] = world_second_stage(&w, 4);
		world_map(&w, &ss[i], 0, IOVA, OUTPUT(1 + i) | SS_RW);
	}
	fs = world_first_stage(&w, 4, false);
	world_map(&w, &fs, 0, IOVA, OUTPUT(4) | FS_RW);
}

/* DEVICE and NEIGHBOUR without PASID: second stages 0 and 1; DEVICE with PASID: first stage. */
static void begin(const struct iommu_cache_config *caches)
{
	struct vtd_features features = world_features();

	world_init(&w, &features, caches);
	make_tables();
	for (unsigned i = 0; i < 2; i++) {
		world_attach_scalable(&w, (uint16_t)(DEVICE + i));
		world_set_pasid(&w, (uint16_t)(DEVICE + i), 0, (uint16_t)(DOMAIN + i), NULL, &ss[i]);
	}
	world_set_pasid(&w, DEVICE, PASID, DOMAIN + 2, &fs, NULL);
	world_set_pasid(&w, DEVICE, PASID + 1, DOMAIN + 4, NULL, &ss[2]);
	world_start(&w);
}

static void begin_legacy(const struct iommu_cache_config *caches)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	world_init(&w, &features, caches);
	make_tables();
	for (unsigned i = 0; i < 2; i++)
		world_attach_legacy(&w, (uint16_t)(DEVICE + i), (uint16_t)(DOMAIN + i), &ss[i]);
	world_start(&w);
}

static void expect_at(uint16_t source_id, uint32_t pasid, unsigned n)
{
	world_dma(&w, source_id, pasid, IOVA + 8, false);
	expect_output(&w, OUTPUT(n) + 8, 12);
}

/* The way is known, and used. */
static void warm(uint32_t pasid, unsigned n)
{
	for (unsigned i = 0; i < 4; i++)
		expect_at(DEVICE, pasid, n);
	ck_assert(w.t.iotlb_hit);
	expect_reads(&w, 0, 0, 0);
}

START_TEST(each_source_pasid_and_privilege_goes_its_own_way)
{
	const struct iommu_request supervisor = {
		.source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA, .privileged = true
	};

	for (unsigned cached = 0; cached < 2; cached++) {
		begin(cached ? &world_caches : &world_no_caches);
		for (unsigned round = 0; round < 30; round++) {
			/* Now in a row, now in turn. */
			unsigned which = round < 15 ? round / 3 : round % 5;

			if (which == 0)
				expect_at(DEVICE, NO_PASID, 1);
			else if (which == 1)
				expect_at(NEIGHBOUR, NO_PASID, 2);
			else if (which == 2)
				expect_at(DEVICE, PASID, 4);
			else if (which == 3)
				expect_at(DEVICE, PASID + 1, 3);
			else
				world_request(&w, &supervisor);
			if (which == 4)
				expect_fault(&w, 0x5d); /* SPT.6: SRE is clear */
		}
		world_fini(&w);
	}
}
END_TEST

START_TEST(hits_of_device_structures_count_on_the_known_way_as_well)
{
	begin(&world_caches);
	warm(NO_PASID, 1);
	ck_assert_uint_eq(w.unit->stats.device_hits, 3 * 2);
	warm(PASID, 4);
	/* The context entry was known to the first one already. */
	ck_assert_uint_eq(w.unit->stats.device_hits, 3 * 2 + 1 + 3 * 2);
	world_fini(&w);
	begin_legacy(&world_caches);
	warm(NO_PASID, 1);
	ck_assert_uint_eq(w.unit->stats.device_hits, 3);
	world_fini(&w);
}
END_TEST

/* [VTD] "PASID-cache Invalidate Descriptor": DID 31:16, PASID 51:32, granularity 5:4. */
START_TEST(an_invalidated_pasid_entry_ends_the_route)
{
	static const uint64_t commands[] = { 0x07 | DOMAIN << 16, 0x17 | DOMAIN << 16, 0x37 };

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin(&world_caches);
		warm(NO_PASID, 1);
		world_set_pasid(&w, DEVICE, 0, DOMAIN + 3, NULL, &ss[2]);
		expect_at(DEVICE, NO_PASID, 1); /* stale */
		world_command(&w, commands[i], 0);
		expect_at(DEVICE, NO_PASID, 3);
		warm(NO_PASID, 3);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Context-cache Invalidate Descriptor": granularity 5:4, DID 31:16, source ID 47:32. */
START_TEST(an_invalidated_context_entry_ends_the_route)
{
	static const uint64_t commands[] = { 0x11, 0x21 | DOMAIN << 16, 0x31 | DOMAIN << 16 | (uint64_t)DEVICE << 32 };

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin_legacy(&world_caches);
		warm(NO_PASID, 1);
		world_attach_legacy(&w, DEVICE, DOMAIN + 3, &ss[2]);
		expect_at(DEVICE, NO_PASID, 1);
		world_command(&w, commands[i], 0);
		expect_at(DEVICE, NO_PASID, 3);
		world_fini(&w);
	}
	begin(&world_caches);
	warm(PASID, 4);
	memory_write64(w.memory, w.contexts[0] + (DEVICE & 0x7f) * 32, 0); /* not present */
	expect_at(DEVICE, PASID, 4);
	world_command(&w, 0x11, 0);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_fault(&w, 0x41); /* SCT.2 */
	world_fini(&w);
}
END_TEST

/* The IOTLB alone forgets: the way to it stays, the tables are asked again. */
START_TEST(the_route_outlives_its_translations)
{
	begin(&world_caches);
	warm(NO_PASID, 1);
	world_command(&w, GLOBAL_IOTLB, 0);
	expect_at(DEVICE, NO_PASID, 1);
	expect_reads(&w, 0, 0, 4);
	warm(PASID, 4);
	world_command(&w, GLOBAL_IOTLB, 0);
	expect_at(DEVICE, PASID, 4);
	expect_reads(&w, 0, 4, 0);
	world_fini(&w);
	begin_legacy(&world_caches);
	warm(NO_PASID, 1);
	world_command(&w, GLOBAL_IOTLB, 0);
	expect_at(DEVICE, NO_PASID, 1);
	expect_reads(&w, 0, 0, 4);
	world_fini(&w);
}
END_TEST

/* [VTD] "Set Root Table Pointer Operation": another mode, for which no entry is cached. */
START_TEST(another_root_table_ends_the_route)
{
	begin(&world_caches);
	warm(NO_PASID, 1);
	world_set_register(&w, 0x20, 8, 0x300000); /* legacy mode, and nothing is there */
	expect_at(DEVICE, NO_PASID, 1);            /* not given yet */
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 30 | 1u << 26);
	world_dma(&w, DEVICE, NO_PASID, IOVA, false);
	expect_fault(&w, 0x1); /* LRT.2 */
	world_fini(&w);
}
END_TEST

START_TEST(no_request_takes_the_route_while_translation_is_off)
{
	begin_legacy(&world_caches);
	warm(NO_PASID, 1);
	world_set_register(&w, 0x18, 4, 1u << 26);
	world_dma(&w, DEVICE, NO_PASID, IOVA + 8, false);
	expect_output(&w, IOVA + 8, 12);
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
	expect_at(DEVICE, NO_PASID, 1);
	world_fini(&w);
}
END_TEST

START_TEST(an_entry_that_leaves_by_itself_ends_the_route)
{
	for (unsigned legacy = 0; legacy < 2; legacy++) {
		if (legacy)
			begin_legacy(&one_device_entry);
		else
			begin(&one_device_entry);
		warm(NO_PASID, 1);
		expect_at(NEIGHBOUR, NO_PASID, 2); /* in its place */
		expect_at(DEVICE, NO_PASID, 1);
		expect_reads(&w, legacy ? 2 : 4, 0, 0);
		world_fini(&w);
	}
}
END_TEST

/* One that goes another way by itself looks at other entries; the known way is not by those. */
START_TEST(a_request_without_a_route_of_its_own_ends_the_route)
{
	const struct iommu_request reading_nothing = { .source_id = NEIGHBOUR, .iova = IOVA, .zero_length = true };

	for (unsigned legacy = 0; legacy < 2; legacy++) {
		if (legacy)
			begin_legacy(&world_caches);
		else
			begin(&world_caches);
		expect_at(NEIGHBOUR, NO_PASID, 2);
		warm(NO_PASID, 1);
		world_request(&w, &reading_nothing);
		expect_output(&w, OUTPUT(2), 12);
		world_command(&w, GLOBAL_IOTLB, 0);
		expect_at(DEVICE, NO_PASID, 1);
		expect_reads(&w, 0, 0, 4);
		world_fini(&w);
	}
}
END_TEST

/* Another request, under way all the while, puts its entry in the place of the known one. */
START_TEST(an_entry_that_gives_way_to_one_under_way_ends_the_route)
{
	const struct iommu_request request = { .source_id = NEIGHBOUR, .iova = IOVA };
	struct iommu_translation other;
	uint64_t words[IOMMU_WORDS_MAX];

	for (unsigned legacy = 0; legacy < 2; legacy++) {
		if (legacy)
			begin_legacy(&one_device_entry);
		else
			begin(&one_device_entry);
		w.unit->ops->translate_begin(w.unit, &other, &request);
		warm(NO_PASID, 1);
		while (other.access.want != IOMMU_WANTS_NOTHING) {
			iommu_access_now(w.memory, &other.access, words);
			w.unit->ops->translate_feed(w.unit, &other, words);
		}
		ck_assert_uint_eq(other.output, OUTPUT(2));
		world_command(&w, GLOBAL_IOTLB, 0);
		expect_at(DEVICE, NO_PASID, 1);
		expect_reads(&w, legacy ? 2 : 4, 0, 4);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Protected Memory Range Registers": PMEN, and the low region of 2 MiB at 4 MiB. */
START_TEST(a_protected_region_stands_in_a_known_way)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	features.protected_memory = true;
	world_init(&w, &features, &world_caches);
	make_tables();
	world_map(&w, &ss[0], 0, IOVA, 0x400000 | SS_RW);
	world_attach_legacy(&w, DEVICE, DOMAIN, &ss[0]);
	world_set_register(&w, 0x68, 4, 0x400000);
	world_set_register(&w, 0x6c, 4, 0x400000);
	world_start(&w);
	for (unsigned round = 0; round < 4; round++) {
		world_set_register(&w, 0x64, 4, round & 1 ? 1u << 31 : 0);
		for (unsigned i = 0; i < 3; i++) {
			world_dma(&w, DEVICE, NO_PASID, IOVA, false);
			if (round & 1)
				ck_assert_int_eq(w.t.completion, IOMMU_UNSUPPORTED);
			else
				expect_output(&w, 0x400000, 12);
		}
	}
	world_fini(&w);
}
END_TEST

/* Negative, [LGN.4]: what the way leads to is judged on every request. */
START_TEST(a_known_way_does_not_lead_to_interrupts)
{
	begin_legacy(&world_caches);
	world_map(&w, &ss[0], 0, IOVA + 0x1000, 0xfee00000 | SS_RW);
	warm(NO_PASID, 1);
	for (unsigned i = 0; i < 2; i++) {
		world_dma(&w, DEVICE, NO_PASID, IOVA + 0x1000, false);
		expect_fault(&w, 0xe);
		world_dma(&w, DEVICE, NO_PASID, 0xfee00000, false);
		ck_assert_int_eq(w.t.status, IOMMU_FAULT);
	}
	expect_at(DEVICE, NO_PASID, 1);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_source_pasid_and_privilege_goes_its_own_way,
		hits_of_device_structures_count_on_the_known_way_as_well,
		an_invalidated_pasid_entry_ends_the_route,
		an_invalidated_context_entry_ends_the_route,
		the_route_outlives_its_translations,
		another_root_table_ends_the_route,
		no_request_takes_the_route_while_translation_is_off,
		an_entry_that_leaves_by_itself_ends_the_route,
		a_request_without_a_route_of_its_own_ends_the_route,
		an_entry_that_gives_way_to_one_under_way_ends_the_route,
		a_protected_region_stands_in_a_known_way,
		a_known_way_does_not_lead_to_interrupts,
		NULL,
	};

	return suite_run("vtd known ways", tests);
}
