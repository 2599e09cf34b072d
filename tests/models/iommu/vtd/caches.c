/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caches keep, what each invalidation removes, and that what was not
 * invalidated stays visible.  [VTD] "Caching Translation Information".
 */
#include "tests/models/iommu/vtd/caches.h"

static struct world w;
static struct tables ss, other;

static void begin(const struct iommu_cache_config *caches)
{
	begin_two_domains(&w, caches, &ss, &other);
}

static void dma(uint64_t iova)
{
	world_dma(&w, DEVICE, NO_PASID, iova, false);
}

static bool hits(uint16_t source_id, uint32_t pasid, uint64_t iova)
{
	return is_hit(&w, source_id, pasid, iova);
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
		NULL,
	};

	return suite_run("vtd caches and invalidation", tests);
}
