/* SPDX-License-Identifier: Apache-2.0 */
/* The same in scalable mode: both stages, PASIDs, and the invalidations that tell them apart. */
#include "tests/models/iommu/vtd/caches.h"

static struct world w;
static struct tables ss;

static bool hits(uint16_t source_id, uint32_t pasid, uint64_t iova)
{
	return is_hit(&w, source_id, pasid, iova);
}

enum { FIRST_A, FIRST_B, NESTED, SECOND, OF_OTHER_DOMAIN, MAPPINGS };

static struct tables fs[MAPPINGS];

/*
 * PASIDs 1 and 2 first stage, 3 nested, 4 second stage in DOMAIN; 5 first stage in OTHER_DOMAIN.  A domain has one
 * second stage: small pages below 2 MiB, guest memory above.
 */
static void begin_scalable(void)
{
	struct vtd_features features = world_features();

	world_init(&w, &features, &world_caches);
	world_attach_scalable(&w, DEVICE);
	for (unsigned i = 0; i < MAPPINGS; i++) {
		fs[i] = world_first_stage(&w, 4, i == NESTED);
		world_map(&w, &fs[i], 0, 0x1000, 0x1801000 | FS_RW);
		world_map(&w, &fs[i], 0, 0x2000, 0x1802000 | FS_RW);
		world_map(&w, &fs[i], 0, 0x3000, 0x1803000 | FS_RW);
		world_set_pasid(&w, DEVICE, i + 1, i == OF_OTHER_DOMAIN ? OTHER_DOMAIN : DOMAIN, &fs[i], NULL);
	}
	ss = world_second_stage(&w, 4);
	world_map_guest(&w, &ss);
	world_map(&w, &ss, 1, 0, 0);
	world_map(&w, &ss, 0, 0x1000, 0x1801000 | SS_RW);
	world_map(&w, &ss, 0, 0x2000, 0x1802000 | SS_RW);
	world_map(&w, &ss, 0, 0x3000, 0x1803000 | SS_RW);
	world_set_pasid(&w, DEVICE, NESTED + 1, DOMAIN, &fs[NESTED], &ss);
	world_set_pasid(&w, DEVICE, SECOND + 1, DOMAIN, NULL, &ss);
	world_start(&w);
	for (uint32_t pasid = 1; pasid <= MAPPINGS; pasid++) {
		hits(DEVICE, pasid, 0x1000);
		hits(DEVICE, pasid, 0x2000);
	}
}

/* [VTD] "IOTLB Invalidate" on first-stage and nested entries, "PASID-based IOTLB Invalidate Descriptor". */
START_TEST(each_invalidation_removes_the_stages_that_it_names)
{
	static const struct {
		uint64_t word0, word1;
		bool kept[MAPPINGS][2]; /* 0x1000, 0x2000 */
	} commands[] = {
		{ IOTLB_GLOBAL, 0, { { 0 } } },
		{ IOTLB_DOMAIN(DOMAIN), 0, { [OF_OTHER_DOMAIN] = { 1, 1 } } },
		/* first-stage and nested entries of the domain leave whatever the address */
		{ IOTLB_PAGE(DOMAIN), 0x1000, { [SECOND] = { 0, 1 }, [OF_OTHER_DOMAIN] = { 1, 1 } } },
		{ PASID_IOTLB_PASID(DOMAIN, 1),
		  0,
		  { [FIRST_B] = { 1, 1 }, [NESTED] = { 1, 1 }, [OF_OTHER_DOMAIN] = { 1, 1 } } },
		{ PASID_IOTLB_PASID(DOMAIN, 3),
		  0,
		  { [FIRST_A] = { 1, 1 }, [FIRST_B] = { 1, 1 }, [OF_OTHER_DOMAIN] = { 1, 1 } } },
		{ PASID_IOTLB_PASID(DOMAIN, 4),
		  0, /* of a second-stage PASID: its entries leave as well, says "PASID-based-IOTLB Invalidation" */
		  { { 1, 1 }, { 1, 1 }, { 1, 1 }, [SECOND] = { 0, 0 }, { 1, 1 } } },
		{ PASID_IOTLB_PASID(OTHER_DOMAIN, 1), 0, { { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } } },
		{ PASID_IOTLB_PAGE(DOMAIN, 2),
		  0x1000,
		  { { 1, 1 }, [FIRST_B] = { 0, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } } },
		{ PASID_IOTLB_PAGE(DOMAIN, 3),
		  0x2000 | 1 | HINT,
		  { { 1, 1 }, { 1, 1 }, [NESTED] = { 1, 0 }, { 1, 1 }, { 1, 1 } } },
		{ PASID_IOTLB_PAGE(DOMAIN, 2),
		  0 | 52,
		  { { 1, 1 }, [FIRST_B] = { 0, 0 }, { 1, 1 }, { 1, 1 }, { 1, 1 } } },
	};

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin_scalable();
		world_command(&w, commands[i].word0, commands[i].word1);
		for (unsigned m = 0; m < MAPPINGS; m++)
			for (unsigned page = 0; page < 2; page++)
				ck_assert_msg(hits(DEVICE, m + 1, 0x1000 + page * 0x1000) == commands[i].kept[m][page],
					      "command %u, mapping %u, page %u", i, m, page);
		world_fini(&w);
	}
}
END_TEST

/* IH of the PASID-based descriptor, as seen by a walk to a page that was never translated. */
START_TEST(the_hint_of_a_pasid_invalidation_keeps_first_stage_tables)
{
	begin_scalable();
	world_command(&w, PASID_IOTLB_PAGE(DOMAIN, 1), 0x1000 | HINT);
	hits(DEVICE, 1, 0x3000);
	expect_reads(&w, 0, 1, 0);
	world_command(&w, PASID_IOTLB_PAGE(DOMAIN, 1), 0x3000);
	hits(DEVICE, 1, 0x3000);
	expect_reads(&w, 0, 4, 0);
	world_fini(&w);
}
END_TEST

/* A nested walk's first-stage tables are known by host address: a change of the second stage must remove them. */
START_TEST(a_second_stage_invalidation_removes_what_nested_walks_know)
{
	begin_scalable();
	uint64_t moved = UINT64_C(0x900000000);
	phys_t leaf_slot = world_slot(&w, &fs[NESTED], 0, 0x3000);
	phys_t table = leaf_slot & ~UINT64_C(0x1fffff);

	/* The host moves 2 MiB of guest memory, where the leaf table lies; 0x3000 leads elsewhere in the copy. */
	for (uint64_t i = 0; i < 0x200000; i += 8)
		if (memory_present(w.memory, table + i))
			memory_write64(w.memory, moved + i, memory_read64(w.memory, table + i));
	memory_write64(w.memory, moved + leaf_slot % 0x200000, 0x1805000 | FS_RW);
	world_map(&w, &ss, 1, table - GUEST, moved | SS_RW | PAGE_SIZE_BIT);

	hits(DEVICE, NESTED + 1, 0x3000);
	ck_assert_uint_eq(w.t.output, GUEST + 0x1803000); /* not invalidated: the old table */
	world_command(&w, IOTLB_PAGE(DOMAIN), (table - GUEST) | 9);
	hits(DEVICE, NESTED + 1, 0x3000);
	ck_assert_uint_eq(w.t.output, GUEST + 0x1805000);
	world_fini(&w);
}
END_TEST

START_TEST(a_changed_pasid_entry_stays_visible_until_it_is_invalidated)
{
	static const struct {
		uint64_t descriptor;
		bool removes;
	} commands[] = {
		{ PASID_CACHE_GLOBAL, true },
		{ PASID_CACHE_DOMAIN(DOMAIN), true },
		{ PASID_CACHE_DOMAIN(OTHER_DOMAIN), false },
		{ PASID_CACHE_PASID(DOMAIN, 1), true },
		{ PASID_CACHE_PASID(DOMAIN, 2), false },
		{ PASID_CACHE_PASID(OTHER_DOMAIN, 1), false },
		{ IOTLB_GLOBAL, false },
	};

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin_scalable();
		world_set_pasid(&w, DEVICE, 1, 9, NULL, NULL);
		world_command(&w, commands[i].descriptor, 0);
		world_dma(&w, DEVICE, 1, 0x1000, false);
		expect_output(&w, commands[i].removes ? 0x1000 : 0x1801000, 12);
		world_fini(&w);
	}
}
END_TEST

/* A scalable-mode context entry has no domain: domain granularity is done globally. */
START_TEST(scalable_context_entries_leave_with_any_domain)
{
	static const struct {
		uint64_t descriptor;
		bool removes;
	} commands[] = { { CONTEXT_GLOBAL, true },
			 { CONTEXT_DOMAIN(0x1234), true },
			 { CONTEXT_DEVICE(DEVICE, 0), true },
			 { CONTEXT_DEVICE(DEVICE + 1, 0), false } };

	for (unsigned i = 0; i < 4; i++) {
		begin_scalable();
		memory_write64(w.memory, w.contexts[0] + 8 * 32, 0);
		world_command(&w, commands[i].descriptor, 0);
		world_dma(&w, DEVICE, 1, 0x1000, false);
		ck_assert_int_eq(w.t.status, commands[i].removes ? IOMMU_FAULT : IOMMU_TRANSLATED);
		world_fini(&w);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_invalidation_removes_the_stages_that_it_names,
		the_hint_of_a_pasid_invalidation_keeps_first_stage_tables,
		a_second_stage_invalidation_removes_what_nested_walks_know,
		a_changed_pasid_entry_stays_visible_until_it_is_invalidated,
		scalable_context_entries_leave_with_any_domain,
		NULL,
	};

	return suite_run("vtd caches in scalable mode", tests);
}
