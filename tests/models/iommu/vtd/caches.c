/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caches keep, what each invalidation removes, and that what was not
 * invalidated stays visible.  [VTD] "Caching Translation Information".
 */
#include "tests/models/iommu/vtd/world.h"

#define OUTPUT       UINT64_C(0x3000000000)
#define DOMAIN       7
#define OTHER_DOMAIN 8

/* Descriptors: [VTD] "Queued Invalidation Interface". */
#define CONTEXT_GLOBAL                0x11
#define CONTEXT_DOMAIN(did)           (0x21 | (uint64_t)(did) << 16)
#define CONTEXT_DEVICE(sid, fm)       (0x31 | DOMAIN << 16 | (uint64_t)(sid) << 32 | (uint64_t)(fm) << 48)
#define PASID_CACHE_DOMAIN(did)       (0x07 | (uint64_t)(did) << 16)
#define PASID_CACHE_PASID(did, pasid) (0x17 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define PASID_CACHE_GLOBAL            0x37
#define IOTLB_GLOBAL                  0x12
#define IOTLB_DOMAIN(did)             (0x22 | (uint64_t)(did) << 16)
#define IOTLB_PAGE(did)               (0x32 | (uint64_t)(did) << 16)
#define PASID_IOTLB_PASID(did, pasid) (0x26 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define PASID_IOTLB_PAGE(did, pasid)  (0x36 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define HINT                          (1 << 6)

static struct world w;
static struct tables ss, other;

/* Legacy mode: DEVICE in DOMAIN, DEVICE + 1 in OTHER_DOMAIN, the same addresses mapped in both. */
static void begin(const struct iommu_cache_config *caches)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	world_init(&w, &features, caches);
	ss = world_second_stage(&w, 4);
	other = world_second_stage(&w, 4);
	world_attach_legacy(&w, DEVICE, DOMAIN, &ss);
	world_attach_legacy(&w, DEVICE + 1, OTHER_DOMAIN, &other);
	for (uint64_t page = 0; page < 0x10000; page += 0x1000) {
		world_map(&w, &ss, 0, page, (OUTPUT + page) | SS_RW);
		world_map(&w, &other, 0, page, (2 * OUTPUT + page) | SS_RW);
	}
	world_map(&w, &ss, 1, 0x200000, (OUTPUT + 0x200000) | SS_RW | PAGE_SIZE_BIT);
	world_map(&w, &ss, 2, 0x40000000, (OUTPUT + 0x40000000) | SS_RW | PAGE_SIZE_BIT);
	world_start(&w);
}

static void dma(uint64_t iova)
{
	world_dma(&w, DEVICE, NO_PASID, iova, false);
}

static bool hits(uint16_t source_id, uint32_t pasid, uint64_t iova)
{
	world_dma(&w, source_id, pasid, iova, false);
	ck_assert_int_eq(w.t.status, IOMMU_TRANSLATED);
	return w.t.iotlb_hit;
}

/* ---- what is kept ---- */

START_TEST(a_large_page_hits_from_every_4_kib_inside_it)
{
	begin(&world_caches);
	dma(0x3ff000);
	ck_assert(!w.t.iotlb_hit);
	for (uint64_t page = 0x200000; page < 0x400000; page += 0x1000) {
		dma(page + 0x10);
		ck_assert(w.t.iotlb_hit);
		expect_output(&w, OUTPUT + page + 0x10, 21);
	}
	dma(0x40000000);
	for (uint64_t page = 0x40000000; page < 0x80000000; page += 0x1ff000) {
		ck_assert(hits(DEVICE, NO_PASID, page));
		expect_output(&w, OUTPUT + page, 30);
	}
	ck_assert_uint_eq(w.unit->stats.iotlb_misses, 2);
	world_fini(&w);
}
END_TEST

START_TEST(a_hit_reads_nothing)
{
	begin(&world_caches);
	dma(0x1000);
	ck_assert(!w.t.from_cache);
	dma(0x1fff);
	expect_output(&w, OUTPUT + 0x1fff, 12);
	expect_reads(&w, 0, 0, 0);
	ck_assert(w.t.from_cache);
	world_fini(&w);
}
END_TEST

START_TEST(a_hit_in_the_walk_cache_saves_one_read_per_level)
{
	for (unsigned level = 0; level < 3; level++) {
		struct iommu_cache_config caches = { .device = world_caches.device };

		caches.walk[level] = world_caches.walk[0];
		begin(&caches);
		dma(0x1000);
		expect_reads(&w, 2, 0, 4);
		dma(0x2000);
		expect_reads(&w, 0, 0, level + 1);
		ck_assert_uint_eq(w.unit->stats.walk_hits[1][level], 1);
		ck_assert_uint_eq(w.unit->stats.walk_misses[1], 1);
		world_fini(&w);
	}
	begin(&world_caches); /* all of them: the lowest one counts */
	dma(0x1000);
	dma(0x2000);
	expect_reads(&w, 0, 0, 1);
	dma(0x201000);
	expect_reads(&w, 0, 0, 1);
	dma(0x40000000);
	expect_reads(&w, 0, 0, 1);
	world_fini(&w);
}
END_TEST

/* A table that denies writes does so also when the walk starts below it. */
START_TEST(a_walk_cache_remembers_the_permissions_above_the_table)
{
	begin(&world_caches);
	world_clear_bits(&w, world_slot(&w, &ss, 2, 0), SS_W);
	dma(0x1000);
	world_dma(&w, DEVICE, NO_PASID, 0x2000, true);
	expect_fault(&w, 0x5);
	expect_reads(&w, 0, 0, 1);
	world_fini(&w);
}
END_TEST

START_TEST(a_fill_makes_the_entry_the_newest)
{
	struct iommu_cache_config caches = world_caches;

	caches.iotlb = (struct cache_geometry){ .entries = 2, .ways = 2 };
	begin(&caches);
	dma(0x1000);
	dma(0x2000);
	dma(0x1000);
	dma(0x3000); /* 0x2000 leaves */
	ck_assert(hits(DEVICE, NO_PASID, 0x1000));
	ck_assert(hits(DEVICE, NO_PASID, 0x3000));
	ck_assert(!hits(DEVICE, NO_PASID, 0x2000));
	world_fini(&w);
}
END_TEST

/* An entry that was read-only when it was cached: a write asks the tables again. */
START_TEST(a_missing_permission_walks_again_and_replaces_the_entry)
{
	begin(&world_caches);
	world_map(&w, &ss, 0, 0x1000, (OUTPUT + 0x1000) | SS_R);
	dma(0x1000);
	world_dma(&w, DEVICE, NO_PASID, 0x1000, true);
	expect_fault(&w, 0x5);
	ck_assert(hits(DEVICE, NO_PASID, 0x1000));
	world_map(&w, &ss, 0, 0x1000, (OUTPUT + 0x1000) | SS_RW);
	world_dma(&w, DEVICE, NO_PASID, 0x1000, true);
	expect_output(&w, OUTPUT + 0x1000, 12);
	ck_assert(!w.t.iotlb_hit);
	world_dma(&w, DEVICE, NO_PASID, 0x1000, true);
	ck_assert(w.t.iotlb_hit);
	world_fini(&w);
}
END_TEST

/* SIMPLIFIED in vtd.h: what is not present is never cached, also in caching mode. */
START_TEST(what_was_not_present_is_seen_as_soon_as_it_is)
{
	begin(&world_caches);
	dma(0x100000);
	expect_fault(&w, 0x6);
	world_map(&w, &ss, 0, 0x100000, OUTPUT | SS_RW);
	dma(0x100000);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* ---- stale until invalidated ---- */

START_TEST(a_changed_leaf_stays_visible_until_its_page_is_invalidated)
{
	begin(&world_caches);
	dma(0x1000);
	world_map(&w, &ss, 0, 0x1000, (2 * OUTPUT) | SS_RW);
	dma(0x1000);
	expect_output(&w, OUTPUT + 0x1000, 12);
	ck_assert(w.t.from_cache);
	world_command(&w, IOTLB_PAGE(OTHER_DOMAIN), 0x1000);
	world_command(&w, IOTLB_PAGE(DOMAIN), 0x2000);
	dma(0x1000);
	expect_output(&w, OUTPUT + 0x1000, 12);
	world_command(&w, IOTLB_PAGE(DOMAIN), 0x1000);
	dma(0x1000);
	expect_output(&w, 2 * OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* A table taken out of the tree is still walked from the paging-structure cache, unless IH = 0 removes it. */
START_TEST(the_invalidation_hint_keeps_tables_and_its_absence_removes_them)
{
	begin(&world_caches);
	dma(0x1000);
	world_map(&w, &ss, 1, 0x1000, 0);
	dma(0x2000);
	expect_output(&w, OUTPUT + 0x2000, 12);
	world_command(&w, IOTLB_PAGE(DOMAIN), 0x2000 | HINT);
	dma(0x2000);
	ck_assert(!w.t.iotlb_hit);
	expect_output(&w, OUTPUT + 0x2000, 12);
	world_command(&w, IOTLB_PAGE(DOMAIN), 0x2000);
	dma(0x2000);
	expect_fault(&w, 0x6);
	world_fini(&w);
}
END_TEST

START_TEST(a_changed_context_entry_stays_visible_until_it_is_invalidated)
{
	static const struct {
		uint64_t descriptor;
		bool removes;
	} commands[] = {
		{ CONTEXT_GLOBAL, true },
		{ CONTEXT_DOMAIN(DOMAIN), true },
		{ CONTEXT_DOMAIN(OTHER_DOMAIN), false },
		{ CONTEXT_DEVICE(DEVICE, 0), true },
		{ CONTEXT_DEVICE(DEVICE, 0) ^ (DOMAIN ^ OTHER_DOMAIN) << 16, false }, /* both must match */
		{ CONTEXT_DEVICE(DEVICE + 1, 0), false },
		{ CONTEXT_DEVICE(DEVICE + 4, 0), false },
		{ CONTEXT_DEVICE(DEVICE + 4, 1), true }, /* function bit 2 ignored */
		{ CONTEXT_DEVICE(DEVICE + 6, 1), false },
		{ CONTEXT_DEVICE(DEVICE + 6, 2), true }, /* bits 2:1 */
		{ CONTEXT_DEVICE(DEVICE + 7, 2), false },
		{ CONTEXT_DEVICE(DEVICE + 7, 3), true }, /* bits 2:0 */
		{ CONTEXT_DEVICE(DEVICE + 8, 3), false },
		{ IOTLB_GLOBAL, false },
	};

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin(&world_caches);
		dma(0x1000);
		world_attach_legacy(&w, DEVICE, OTHER_DOMAIN, &other);
		world_command(&w, commands[i].descriptor, 0);
		dma(0x1000);
		ck_assert_msg(w.t.output == (commands[i].removes ? 2 : 1) * OUTPUT + 0x1000, "descriptor %llx",
			      (unsigned long long)commands[i].descriptor);
		expect_reads(&w, commands[i].removes ? 2 : 0, 0, w.t.reads[IOMMU_FOR_SECOND_STAGE]);
		world_fini(&w);
	}
}
END_TEST

/* ---- granularity: [VTD] "IOTLB Invalidate" ---- */

START_TEST(each_iotlb_invalidation_removes_what_it_names)
{
	/* Kept: 0x1000, 0x2000, 0x4000, the 2 MiB page, the 1 GiB page; DEVICE + 1's 0x1000. */
	static const struct {
		uint64_t word0, word1;
		bool kept[6];
	} commands[] = {
		{ IOTLB_GLOBAL, 0, { 0, 0, 0, 0, 0, 0 } },
		{ IOTLB_DOMAIN(DOMAIN), 0, { 0, 0, 0, 0, 0, 1 } },
		{ IOTLB_DOMAIN(OTHER_DOMAIN), 0, { 1, 1, 1, 1, 1, 0 } },
		{ IOTLB_PAGE(DOMAIN), 0x1000, { 0, 1, 1, 1, 1, 1 } },
		{ IOTLB_PAGE(DOMAIN), 0x1000 | HINT, { 0, 1, 1, 1, 1, 1 } },
		{ IOTLB_PAGE(DOMAIN), 0x0 | 1, { 0, 1, 1, 1, 1, 1 } },    /* 2 pages from 0 */
		{ IOTLB_PAGE(DOMAIN), 0x2000 | 2, { 0, 0, 1, 1, 1, 1 } }, /* 4 pages around 0x2000: 0 to 0x3fff */
		{ IOTLB_PAGE(DOMAIN), 0x0 | 9, { 0, 0, 0, 1, 1, 1 } },    /* 2 MiB from 0 */
		{ IOTLB_PAGE(DOMAIN), 0x3ff000, { 1, 1, 1, 0, 1, 1 } },   /* one 4 KiB of the 2 MiB page */
		{ IOTLB_PAGE(DOMAIN), 0x200000 | 9, { 1, 1, 1, 0, 1, 1 } },
		{ IOTLB_PAGE(DOMAIN), 0x7ffff000, { 1, 1, 1, 1, 0, 1 } }, /* the last 4 KiB of the 1 GiB page */
		{ IOTLB_PAGE(DOMAIN), 0x0 | 18, { 0, 0, 0, 0, 1, 1 } },   /* 1 GiB from 0 */
		{ IOTLB_PAGE(OTHER_DOMAIN), 0x0 | 18, { 1, 1, 1, 1, 1, 0 } },
	};
	static const struct {
		uint16_t source_id;
		uint64_t iova;
	} entries[6] = { { DEVICE, 0x1000 },   { DEVICE, 0x2000 },     { DEVICE, 0x4000 },
			 { DEVICE, 0x200000 }, { DEVICE, 0x40000000 }, { DEVICE + 1, 0x1000 } };

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		unsigned removed = 0;

		begin(&world_caches);
		for (unsigned e = 0; e < 6; e++)
			hits(entries[e].source_id, NO_PASID, entries[e].iova);
		world_command(&w, commands[i].word0, commands[i].word1);
		for (unsigned e = 0; e < 6; e++) {
			removed += !commands[i].kept[e];
			ck_assert_msg(hits(entries[e].source_id, NO_PASID, entries[e].iova) == commands[i].kept[e],
				      "command %u, entry %u", i, e);
		}
		if (commands[i].word1 & HINT)
			ck_assert_uint_eq(w.unit->stats.invalidated, removed);
		world_fini(&w);
	}
}
END_TEST

/* ---- scalable mode ---- */

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

/* ---- invalidations that overtake a walk ---- */

static void feed(void)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_access_now(w.memory, &w.t.access, words);
	w.unit->ops->translate_feed(w.unit, &w.t, words);
}

/* Starts a walk to 0x1000, feeds some reads, does the command, and ends it. */
static void overtake(unsigned reads_before, uint64_t word0, uint64_t word1)
{
	struct iommu_request request = { .source_id = DEVICE, .iova = 0x1000 };

	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	for (unsigned i = 0; i < reads_before; i++)
		feed();
	world_command(&w, word0, word1);
	while (w.t.access.want != IOMMU_WANTS_NOTHING)
		feed();
	expect_output(&w, OUTPUT + 0x1000, 12);
}

START_TEST(a_walk_overtaken_by_its_invalidation_is_used_but_not_cached)
{
	static const struct {
		uint64_t word0, word1;
		bool concerns;
	} commands[] = {
		{ IOTLB_GLOBAL, 0, true },
		{ IOTLB_DOMAIN(DOMAIN), 0, true },
		{ IOTLB_PAGE(DOMAIN), 0x1000, true },
		{ IOTLB_PAGE(DOMAIN), 0x0 | 2, true },
		{ IOTLB_DOMAIN(OTHER_DOMAIN), 0, false },
		{ IOTLB_PAGE(DOMAIN), 0x80000000, false },
	};

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin(&world_caches);
		dma(0x40000000); /* context-cache */
		overtake(2, commands[i].word0, commands[i].word1);
		ck_assert_int_eq(w.t.blocked_fill, commands[i].concerns);
		ck_assert_int_eq(hits(DEVICE, NO_PASID, 0x1000), !commands[i].concerns);
		world_fini(&w);
	}
}
END_TEST

/* Neither are tables kept that the walk passes after the invalidation. */
START_TEST(an_overtaken_walk_leaves_no_tables_behind)
{
	begin(&world_caches);
	dma(0x40000000);
	overtake(1, IOTLB_PAGE(DOMAIN), 0x5000); /* another page of the same tables, IH = 0 */
	ck_assert(w.t.blocked_fill);
	ck_assert(hits(DEVICE, NO_PASID, 0x1000)); /* the translation itself was not concerned */
	dma(0x2000);
	expect_reads(&w, 0, 0, 4);
	world_fini(&w);

	begin(&world_caches);
	dma(0x40000000);
	overtake(1, IOTLB_PAGE(DOMAIN), 0x5000 | HINT);
	ck_assert(!w.t.blocked_fill);
	dma(0x2000);
	expect_reads(&w, 0, 0, 1);
	world_fini(&w);
}
END_TEST

START_TEST(a_context_entry_overtaken_by_its_invalidation_is_not_cached)
{
	begin(&world_caches);
	overtake(1, CONTEXT_GLOBAL, 0);
	ck_assert(w.t.blocked_fill);
	dma(0x1000);
	ck_assert(w.t.iotlb_hit);
	expect_reads(&w, 2, 0, 0);
	world_fini(&w);
}
END_TEST

/* More invalidations than are remembered one by one. */
START_TEST(a_walk_overtaken_by_very_many_invalidations_is_not_cached)
{
	struct iommu_request request = { .source_id = DEVICE, .iova = 0x1000 };

	begin(&world_caches);
	dma(0x40000000);
	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	for (unsigned i = 0; i < 17; i++)
		world_command(&w, IOTLB_PAGE(OTHER_DOMAIN), 0x1000);
	while (w.t.access.want != IOMMU_WANTS_NOTHING)
		feed();
	ck_assert(w.t.blocked_fill);
	ck_assert(!hits(DEVICE, NO_PASID, 0x1000));
	world_fini(&w);
}
END_TEST

/* Many translations may be under way at once on one unit. */
START_TEST(walks_under_way_together_do_not_disturb_each_other)
{
	struct iommu_translation translations[8];
	uint64_t words[IOMMU_WORDS_MAX];

	begin(&world_caches);
	for (unsigned i = 0; i < 8; i++) {
		struct iommu_request request = { .source_id = (uint16_t)(DEVICE + i % 2), .iova = 0x1000 * i };

		w.unit->ops->translate_begin(w.unit, &translations[i], &request);
	}
	for (unsigned round = 0; round < 6; round++)
		for (unsigned i = 0; i < 8; i++) {
			ck_assert_int_eq(translations[i].access.want, IOMMU_WANTS_READ);
			iommu_access_now(w.memory, &translations[i].access, words);
			w.unit->ops->translate_feed(w.unit, &translations[i], words);
		}
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(translations[i].access.want, IOMMU_WANTS_NOTHING);
		ck_assert_uint_eq(translations[i].output, (1 + i % 2) * OUTPUT + 0x1000 * i);
	}
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_large_page_hits_from_every_4_kib_inside_it,
		a_hit_reads_nothing,
		a_hit_in_the_walk_cache_saves_one_read_per_level,
		a_walk_cache_remembers_the_permissions_above_the_table,
		a_fill_makes_the_entry_the_newest,
		a_missing_permission_walks_again_and_replaces_the_entry,
		what_was_not_present_is_seen_as_soon_as_it_is,
		a_changed_leaf_stays_visible_until_its_page_is_invalidated,
		the_invalidation_hint_keeps_tables_and_its_absence_removes_them,
		a_changed_context_entry_stays_visible_until_it_is_invalidated,
		each_iotlb_invalidation_removes_what_it_names,
		each_invalidation_removes_the_stages_that_it_names,
		the_hint_of_a_pasid_invalidation_keeps_first_stage_tables,
		a_second_stage_invalidation_removes_what_nested_walks_know,
		a_changed_pasid_entry_stays_visible_until_it_is_invalidated,
		scalable_context_entries_leave_with_any_domain,
		a_walk_overtaken_by_its_invalidation_is_used_but_not_cached,
		an_overtaken_walk_leaves_no_tables_behind,
		a_context_entry_overtaken_by_its_invalidation_is_not_cached,
		a_walk_overtaken_by_very_many_invalidations_is_not_cached,
		walks_under_way_together_do_not_disturb_each_other,
		NULL,
	};

	return suite_run("vtd caches and invalidation", tests);
}
