/* SPDX-License-Identifier: Apache-2.0 */
/* The driver model's domains: leaves, and the flushes of maps and unmaps. */
#include <stdlib.h>
#include <time.h>

#include "models/base/random.h"
#include "tests/models/software/vtd_driver_bench.h"
#include "tests/suite.h"

/* ---- the mask of a range ---- */

START_TEST(the_mask_of_a_range_is_that_of_the_recorded_flushes)
{
	unsigned mask;

	/* Set S: 8 KiB at 0xffffe000, recorded as 0xffffe001. */
	ck_assert_uint_eq(vtd_driver_page_mask(0xffffe000, 0xffffffff, &mask), 0xffffe000);
	ck_assert_uint_eq(mask, 1);
	/* One page; the whole space. */
	ck_assert_uint_eq(vtd_driver_page_mask(0xfffff000, 0xffffffff, &mask), 0xfffff000);
	ck_assert_uint_eq(mask, 0);
	ck_assert_uint_eq(vtd_driver_page_mask(0, UINT64_MAX, &mask), 0);
	ck_assert_uint_eq(mask, 52);
}
END_TEST

START_TEST(the_mask_of_a_range_is_the_smallest_aligned_block_that_holds_it)
{
	uint64_t seed = (uint64_t)time(NULL);
	struct random random;

	random_init(&random, seed);
	for (int i = 0; i < 20000; i++) {
		uint64_t first = random_below(&random, UINT64_C(1) << random_below(&random, 36));
		uint64_t last = first + random_below(&random, UINT64_C(1) << random_below(&random, 20));
		unsigned mask, twin = 0;
		iova_t address = vtd_driver_page_mask(first << 12, (last << 12) + random_below(&random, 4096), &mask);

		while (first >> twin != last >> twin)
			twin++;
		ck_assert_msg(mask == twin && address == first >> twin << twin << 12, "seed %llu, pages %llx..%llx",
			      (unsigned long long)seed, (unsigned long long)first, (unsigned long long)last);
	}
}
END_TEST

/* ---- map and unmap ---- */

START_TEST(a_second_stage_map_and_unmap_queue_the_recorded_words)
{
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_Q, 0);
	struct vtd_domain *unused = attached(&bench, VTD_DOMAIN_DMA, 0x0000);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	map(&bench, domain, 0xfffff000, 0x101cc5000, 4096);
	EXPECT(&bench, { 0x300f2, 0xfffff000 });
	map(&bench, domain, 0xffffc000, 0x101cca000, 8192);
	EXPECT(&bench, { 0x300f2, 0xffffc001 });
	unmap(&bench, domain, 0xfffff000, 4096);
	EXPECT(&bench, { 0x300f2, 0xfffff040 });
	vtd_domain_flush_all(domain, &bench.list);
	EXPECT(&bench, { 0x300e2, 0 });
	detach_and_destroy(&bench, domain, 0x0020);
	detach_and_destroy(&bench, unused, 0x0000);
	teardown(&bench);
}
END_TEST

START_TEST(a_first_stage_map_queues_nothing_and_its_unmap_the_recorded_words)
{
	struct bench bench;

	setup(&bench, CAP_F2 | 0x80, ECAP_F2, 0); /* caching mode does not concern first-stage entries */
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	map(&bench, domain, 0xffffd000, 0x102331000, 4096);
	EXPECT_NOTHING(&bench);
	unmap(&bench, domain, 0xffffd000, 4096);
	EXPECT(&bench, { 0x20036, 0xffffd040 });
	vtd_domain_flush_all(domain, &bench.list);
	EXPECT(&bench, { 0x20026, 0 });
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_map_that_the_device_may_only_write_is_readable_too)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	ck_assert_int_eq(vtd_domain_map(domain, 0x1000, 0x13aa65000, 4096, PT_WRITE, &bench.work), MAP_OK);
	ck_assert_int_eq(vtd_domain_map(domain, 0x2000, 0x13aa66000, 4096, PT_READ, &bench.work), MAP_OK);
	ck_assert_uint_eq(leaf_at(domain, 0x1000).word, 0x13aa65003);
	ck_assert_uint_eq(leaf_at(domain, 0x2000).word, 0x13aa66001);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(first_stage_leaves_have_the_recorded_flags)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_F2, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	ck_assert_int_eq(vtd_domain_map(domain, 0x1000, 0x12eb11000, 4096, PT_WRITE, &bench.work), MAP_OK);
	ck_assert_int_eq(vtd_domain_map(domain, 0x2000, 0x12eb14000, 4096, PT_READ, &bench.work), MAP_OK);
	ck_assert_uint_eq(leaf_at(domain, 0x1000).word, 0x12eb11067);
	ck_assert_uint_eq(leaf_at(domain, 0x2000).word, 0x12eb14025);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_domain_gets_large_leaves_only_once_a_device_is_attached)
{
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_Q, 0);
	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	map(&bench, domain, 0, 0, 0x1000000);
	EXPECT_NOTHING(&bench); /* no device, nothing cached */
	ck_assert_uint_eq(leaf_at(domain, 0x200000).level, 0);
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x00f8, 0, &bench.list));
	bench.list.count = 0;
	map(&bench, domain, 0x2000000, 0x40000000, 0x200000);
	EXPECT(&bench, { 0x200f2, 0x2000009 });
	ck_assert_uint_eq(leaf_at(domain, 0x2000000).level, 1);
	ck_assert_uint_eq(leaf_at(domain, 0x2000000).word, 0x40000083);
	detach_and_destroy(&bench, domain, 0x00f8);
	teardown(&bench);
}
END_TEST

START_TEST(snoop_is_forced_in_vfio_domains_where_the_unit_can)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q | 0x80, 0);
	struct vtd_domain *vfio = attached(&bench, VTD_DOMAIN_UNMANAGED, 0x0020);
	struct vtd_domain *dma = attached(&bench, VTD_DOMAIN_DMA, 0x0028);

	map(&bench, vfio, 0x1000, 0x5000, 4096);
	map(&bench, dma, 0x1000, 0x5000, 4096);
	ck_assert_uint_eq(leaf_at(vfio, 0x1000).word, 0x5803);
	ck_assert_uint_eq(leaf_at(dma, 0x1000).word, 0x5003);
	detach_and_destroy(&bench, vfio, 0x0020);
	detach_and_destroy(&bench, dma, 0x0028);
	teardown(&bench);
}
END_TEST

START_TEST(a_freed_table_clears_the_hint_and_keeps_its_frame_until_the_flush_is_done)
{
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);
	struct map_work work = { 0 };

	/* 512 pages that cannot be one leaf. */
	map(&bench, domain, 0x200000, 0x1000, 0x200000);
	bench.list.count = 0;

	size_t used = frames_used(&bench.frames);

	unmap(&bench, domain, 0x200000, 0x200000);
	EXPECT(&bench, { 0x200f2, 0x200009 });
	ck_assert_uint_eq(bench.gather.freed.count, 1);
	ck_assert_uint_eq(frames_used(&bench.frames), used);
	vtd_domain_free_tables(domain, &bench.gather.freed);
	ck_assert_uint_eq(frames_used(&bench.frames), used - 1);

	/* The next unmap has its hint again. */
	ck_assert_int_eq(vtd_domain_map(domain, 0x5000, 0x5000, 4096, PT_READ, &work), MAP_OK);
	unmap(&bench, domain, 0x5000, 4096);
	EXPECT(&bench, { 0x200f2, 0x5040 });
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_deferred_unmap_queues_nothing_and_keeps_the_tables)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	ck_assert(vtd_driver_strict(bench.driver)); /* as asked for */
	map(&bench, domain, 0x200000, 0x1000, 0x201000);
	EXPECT_NOTHING(&bench);
	ck_assert_int_eq(vtd_domain_unmap(domain, 0x200000, 0x201000, &bench.gather, NULL, &bench.work), MAP_OK);
	vtd_domain_sync_unmap(domain, &bench.gather, &bench.list);
	EXPECT_NOTHING(&bench);
	ck_assert_uint_eq(bench.gather.freed.count, 1);
	ck_assert_uint_eq(leaf_at(domain, 0x400000).word, 0);
	vtd_domain_free_tables(domain, &bench.gather.freed);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(pieces_of_unequal_page_size_are_flushed_one_by_one)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	/* 2 MiB leaf and one page behind it: Linux unmaps 2 MiB, then 4 KiB. */
	map(&bench, domain, 0x40000000, 0x80000000, 0x201000);
	unmap(&bench, domain, 0x40000000, 0x201000);
	EXPECT(&bench, { 0x200f2, 0x40000049 }, { 0x200f2, 0x40200040 });
	/* Three pages up to the boundary, then two large leaves: 4 MiB across a 4 MiB boundary, a block of 8 MiB. */
	map(&bench, domain, 0x401fd000, 0x801fd000, 0x403000);
	bench.list.count = 0;
	vtd_domain_free_tables(domain, &bench.list.replaced);
	ck_assert_uint_eq(leaf_at(domain, 0x40200000).level, 1);
	unmap(&bench, domain, 0x401fd000, 0x403000);
	EXPECT(&bench, { 0x200f2, 0x401fc042 }, { 0x200f2, 0x4000004b });
	vtd_domain_free_tables(domain, &bench.gather.freed);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_range_beyond_the_largest_mask_is_flushed_as_a_domain)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0); /* MAMV 18: 1 GiB */
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	vtd_domain_flush_range(domain, 0, 0x3fffffff, true, &bench.list);
	EXPECT(&bench, { 0x200f2, 0x52 });
	vtd_domain_flush_range(domain, 0, 0x40000fff, true, &bench.list);
	EXPECT(&bench, { 0x200e2, 0 });
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);

	setup(&bench, CAP_LAZY & ~(UINT64_C(1) << 39), ECAP_Q, 0); /* no page-selective invalidation */
	domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);
	vtd_domain_flush_range(domain, 0x1000, 0x1fff, true, &bench.list);
	EXPECT(&bench, { 0x200e2, 0 });
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_large_leaf_over_an_empty_table_flushes_the_table_away)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	map(&bench, domain, 0x200000, 0x1000, 4096);
	unmap(&bench, domain, 0x200000, 4096);
	EXPECT(&bench, { 0x200f2, 0x200040 });
	map(&bench, domain, 0x200000, 0x600000, 0x200000);
	EXPECT(&bench, { 0x200f2, 0x200009 });
	ck_assert_uint_eq(leaf_at(domain, 0x200000).level, 1);
	ck_assert_uint_eq(bench.list.replaced.count, 1);
	vtd_domain_free_tables(domain, &bench.list.replaced);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

/* The whole leaf that was, and the hint clear: a table is where a leaf was. */
START_TEST(a_split_leaf_is_flushed_whole_tables_and_all)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	map(&bench, domain, 0x40200000, 0x600000, 0x200000);
	ck_assert_int_eq(vtd_domain_split(domain, 0x40205000, &bench.list, &bench.work), MAP_OK);
	EXPECT(&bench, { 0x200f2, 0x40200009 });
	ck_assert_uint_eq(leaf_at(domain, 0x40205000).level, 0);
	ck_assert_int_eq(vtd_domain_split(domain, 0x40205000, &bench.list, &bench.work), MAP_OK);
	EXPECT_NOTHING(&bench);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

/* ---- nested ---- */

START_TEST(a_nested_entry_names_both_stages)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *parent = vtd_domain_create(bench.driver, VTD_DOMAIN_UNMANAGED);
	struct vtd_domain *nested = vtd_domain_create_nested(bench.driver, parent, 0x101b96000, 4);

	ck_assert_ptr_nonnull(nested);
	ck_assert_ptr_null(vtd_domain_create_nested(bench.driver, parent, 0x1000, 5)); /* CAP.FS5LP = 0 */
	ck_assert(vtd_driver_probe(bench.driver, 0x0020, 0, &bench.list));
	ck_assert(vtd_driver_attach(bench.driver, nested, 0x0020, 0, &bench.list));

	phys_t entry = pasid_entry(&bench, 0x0020, 0);

	/* P, AW = 2, PGTT = 3 */
	ck_assert_uint_eq(word_at(&bench, entry), vtd_domain_table(parent)->root | 0xc9);
	ck_assert_uint_eq(word_at(&bench, entry + 8), 2);
	ck_assert_uint_eq(word_at(&bench, entry + 16), 0x101b96000);

	/* The guest's invalidation, forwarded under the host's identifier. */
	vtd_domain_flush_range(nested, 0xffffd000, 0xffffdfff, true, &bench.list);
	EXPECT(&bench, { 0x20036, 0xffffd040 });
	vtd_domain_flush_all(nested, &bench.list);
	EXPECT(&bench, { 0x20026, 0 });

	/* A change of the second stage concerns what is cached for the nested domain. */
	map(&bench, parent, 0x7000, 0x8000, 4096);
	EXPECT_NOTHING(&bench);
	unmap(&bench, parent, 0x7000, 4096);
	EXPECT(&bench, { 0x200f2, 0x7040 });

	vtd_driver_detach(bench.driver, 0x0020, 0, &bench.list);
	EXPECT(&bench, { 0x20017, 0 }, { 0x200e2, 0 });
	unmap(&bench, parent, 0x7000, 4096);
	EXPECT_NOTHING(&bench);
	vtd_domain_destroy(nested);
	vtd_domain_destroy(parent);
	teardown(&bench);
}
END_TEST

START_TEST(a_unit_without_nesting_has_no_nested_domain)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED & ~(UINT64_C(1) << 26), 0);
	struct vtd_domain *parent = vtd_domain_create(bench.driver, VTD_DOMAIN_UNMANAGED);

	ck_assert_ptr_null(vtd_domain_create_nested(bench.driver, parent, 0x1000, 4));
	vtd_domain_destroy(parent);
	teardown(&bench);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("vtd_driver_domain");
	TCase *t = tcase_create("words");

	tcase_add_test(t, the_mask_of_a_range_is_that_of_the_recorded_flushes);
	tcase_add_test(t, the_mask_of_a_range_is_the_smallest_aligned_block_that_holds_it);
	tcase_add_test(t, a_second_stage_map_and_unmap_queue_the_recorded_words);
	tcase_add_test(t, a_first_stage_map_queues_nothing_and_its_unmap_the_recorded_words);
	tcase_add_test(t, a_map_that_the_device_may_only_write_is_readable_too);
	tcase_add_test(t, first_stage_leaves_have_the_recorded_flags);
	tcase_add_test(t, a_domain_gets_large_leaves_only_once_a_device_is_attached);
	tcase_add_test(t, snoop_is_forced_in_vfio_domains_where_the_unit_can);
	tcase_add_test(t, a_freed_table_clears_the_hint_and_keeps_its_frame_until_the_flush_is_done);
	tcase_add_test(t, a_deferred_unmap_queues_nothing_and_keeps_the_tables);
	tcase_add_test(t, pieces_of_unequal_page_size_are_flushed_one_by_one);
	tcase_add_test(t, a_range_beyond_the_largest_mask_is_flushed_as_a_domain);
	tcase_add_test(t, a_large_leaf_over_an_empty_table_flushes_the_table_away);
	tcase_add_test(t, a_split_leaf_is_flushed_whole_tables_and_all);
	tcase_add_test(t, a_nested_entry_names_both_stages);
	tcase_add_test(t, a_unit_without_nesting_has_no_nested_domain);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
