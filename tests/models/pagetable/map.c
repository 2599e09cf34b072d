/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/pagetable/map_fixture.h"

START_TEST(the_largest_leaves_that_fit_are_used)
{
	/* 4 KiB, up to 2 MiB, up to 1 GiB, 1 GiB, and down again. */
	iova_t iova = GIB_1 - MIB_2 - KIB_4;
	uint64_t bytes = KIB_4 + MIB_2 + GIB_1 + MIB_2 + KIB_4;

	ck_assert_int_eq(map(iova, iova + 4 * GIB_1, bytes), MAP_OK);
	ck_assert_uint_eq(work.entries_written, 5);
	ck_assert_uint_eq(work.bytes, bytes);
	ck_assert_uint_eq(work.tables_allocated, 1 + 2 + 2); /* one PDPT, two directories, two leaf tables */
	check_mapped(iova, iova + 4 * GIB_1, 12);
	check_mapped(GIB_1 - MIB_2, 5 * GIB_1 - MIB_2, 21);
	check_mapped(GIB_1 + 0x123, 5 * GIB_1 + 0x123, 30);
	check_mapped(2 * GIB_1 + 0x456, 6 * GIB_1 + 0x456, 21);
	check_mapped(2 * GIB_1 + MIB_2, 6 * GIB_1 + MIB_2, 12);
	check_hole(iova - 1);
	check_hole(iova + bytes);
}
END_TEST

START_TEST(a_page_of_2_mib_needs_both_addresses_aligned)
{
	ck_assert_int_eq(map(MIB_2, MIB_2 + KIB_4, MIB_2), MAP_OK);
	ck_assert_uint_eq(work.entries_written, 512);
	check_mapped(2 * MIB_2 - 1, 2 * MIB_2 + KIB_4 - 1, 12);
}
END_TEST

START_TEST(the_size_limit_and_the_rules_keep_leaves_small)
{
	ck_assert_int_eq(page_table_map(&table, 0, 0, GIB_1, PT_RW, 29, &work), MAP_OK);
	ck_assert_uint_eq(work.entries_written, 512);
	check_mapped(0, 0, 21);

	work = (struct map_work){ 0 };
	ck_assert_int_eq(page_table_map(&table, GIB_1, GIB_1, MIB_2, PT_RW, 12, &work), MAP_OK);
	ck_assert_uint_eq(work.entries_written, 512);
	check_mapped(GIB_1, GIB_1, 12);

	table.rules.size_1g = false;
	ck_assert_int_eq(map(2 * GIB_1, 2 * GIB_1, GIB_1), MAP_OK);
	check_mapped(2 * GIB_1, 2 * GIB_1, 21);
	table.rules.size_2m = false;
	ck_assert_int_eq(map(4 * GIB_1, 4 * GIB_1, MIB_2), MAP_OK);
	check_mapped(4 * GIB_1, 4 * GIB_1, 12);
}
END_TEST

START_TEST(a_three_level_table_holds_1_gib_leaves_in_its_root)
{
	page_table_fini(&table);
	make_table(&vtd_second_stage, 3);
	ck_assert_int_eq(map(GIB_1, GIB_1, GIB_1), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 0);
	check_mapped(GIB_1, GIB_1, 30);
	ck_assert_uint_eq(memory_read64(memory, table.root + 8), 0x40000083);
}
END_TEST

START_TEST(words_lie_where_the_walk_looks)
{
	ck_assert_int_eq(map(0xffefd000, 0x13aa65000, KIB_4), MAP_OK);
	ck_assert_uint_eq(memory_read64(memory, table.root), 0x101003);
	ck_assert_uint_eq(memory_read64(memory, 0x101000 + 8 * 3), 0x102003);
	ck_assert_uint_eq(memory_read64(memory, 0x102000 + 8 * 511), 0x103003);
	ck_assert_uint_eq(memory_read64(memory, 0x103000 + 8 * 253), 0x13aa65003);
}
END_TEST

START_TEST(tables_are_written_through_the_view)
{
	struct pt_rules rules = rules_of(4);
	struct page_table guest;

	ck_assert_int_eq(page_table_init(&guest, &vtd_second_stage, &rules,
					 (struct memory_view){ .memory = memory, .offset = 0x80000000 }, &frames),
			 MAP_OK);
	ck_assert_int_eq(page_table_map(&guest, 0, 0x5000, 2 * KIB_4, PT_RW, 30, &work), MAP_OK);
	ck_assert_uint_eq(memory_read64(memory, guest.root), 0);
	ck_assert_uint_ne(memory_read64(memory, guest.root + 0x80000000), 0);
	ck_assert_uint_eq(memory_read64(memory, 0x80000000 + guest.root + 3 * KIB_4 + 8), 0x6003);
	page_table_fini(&guest);
}
END_TEST

START_TEST(what_is_mapped_is_not_mapped_again)
{
	ck_assert_int_eq(map(8 * KIB_4, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(8 * KIB_4, 0x5000, KIB_4), MAP_EXISTS);
	ck_assert_uint_eq(work.bytes, 0);

	ck_assert_int_eq(map(5 * KIB_4, 0x15000, 8 * KIB_4), MAP_EXISTS);
	ck_assert_uint_eq(work.bytes, 3 * KIB_4);
	ck_assert_uint_eq(work.entries_written, 3);
	check_mapped(7 * KIB_4, 0x17000, 12);
	check_mapped(8 * KIB_4, 0x5000, 12);
	check_hole(9 * KIB_4);

	ck_assert_int_eq(map(0, 0, MIB_2), MAP_EXISTS); /* no large leaf over small ones */
	ck_assert_uint_eq(work.bytes, 0);
	ck_assert_int_eq(map(GIB_1, GIB_1, GIB_1), MAP_OK);
	ck_assert_int_eq(map(GIB_1 + KIB_4, 0, KIB_4), MAP_EXISTS); /* no small leaf under a large one */
	check_mapped(GIB_1 + KIB_4, GIB_1 + KIB_4, 30);
}
END_TEST

START_TEST(ranges_that_cannot_be_mapped_are_refused)
{
	ck_assert_int_eq(map(0, 0, 0), MAP_BAD_RANGE);
	ck_assert_int_eq(map(0x800, 0, KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(0, 0x800, KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(0, 0, 0x800), MAP_BAD_RANGE);
	ck_assert_int_eq(map(BIT64(48), 0, KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(BIT64(48) - KIB_4, 0, 2 * KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(UINT64_MAX - 0xfff, 0, 2 * KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(0, BIT64(46), KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(map(0, BIT64(46) - KIB_4, 2 * KIB_4), MAP_BAD_RANGE);
	ck_assert_int_eq(unmap(0, 0), MAP_BAD_RANGE);
	ck_assert_int_eq(unmap(BIT64(48), KIB_4), MAP_BAD_RANGE);
	ck_assert_uint_eq(frames_used(&frames), 1);
	ck_assert_int_eq(map(BIT64(48) - KIB_4, BIT64(46) - KIB_4, KIB_4), MAP_OK);
}
END_TEST

START_TEST(a_range_does_not_cross_the_canonical_gap)
{
	page_table_fini(&table);
	make_table(&vtd_first_stage, 4);
	ck_assert_int_eq(unmap(0x7ffffffff000, 0xffff000000002000), MAP_BAD_RANGE);
	ck_assert_int_eq(unmap(0x5000, UINT64_MAX - 0xfff), MAP_BAD_RANGE); /* all the way around */
	ck_assert_int_eq(map(0x7ffffffff000, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(0xffff800000000000, 0x6000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(UINT64_MAX - 0xfff, 0x7000, KIB_4), MAP_OK);
	check_mapped(0x7ffffffff000, 0x5000, 12);
	check_mapped(0xffff800000000000, 0x6000, 12);
	check_mapped(UINT64_MAX, 0x7fff, 12);
	ck_assert_int_eq(unmap(UINT64_MAX - 0xfff, KIB_4), MAP_OK);
	ck_assert_uint_eq(work.bytes, KIB_4);
	ck_assert_int_eq(unmap(0xffff800000000000, BIT64(47)), MAP_OK);
	ck_assert_uint_eq(work.bytes, KIB_4);
	check_mapped(0x7ffffffff000, 0x5000, 12);
}
END_TEST

START_TEST(used_up_frames_stop_a_map_with_what_was_done)
{
	struct frames few;
	struct page_table small;
	struct pt_rules rules = rules_of(4);

	frames_init(&few, 0x800000, 0x804000); /* root and one path */
	ck_assert_int_eq(page_table_init(&small, &vtd_second_stage, &rules, (struct memory_view){ .memory = memory },
					 &few),
			 MAP_OK);
	ck_assert_int_eq(page_table_map(&small, MIB_2 - KIB_4, 0x5000, 2 * KIB_4, PT_RW, 30, &work), MAP_NO_MEMORY);
	ck_assert_uint_eq(work.bytes, KIB_4);
	page_table_fini(&small);
	ck_assert_uint_eq(frames_used(&few), 0);
	frames_fini(&few);

	frames_init(&few, 0, 0);
	ck_assert_int_eq(page_table_init(&small, &vtd_second_stage, &rules, (struct memory_view){ .memory = memory },
					 &few),
			 MAP_NO_MEMORY);
}
END_TEST

START_TEST(a_recycled_table_page_starts_empty)
{
	ck_assert_int_eq(map(0, 0x5000, MIB_2), MAP_OK);
	ck_assert_int_eq(unmap(0, MIB_2), MAP_OK);
	ck_assert_uint_eq(told_count, 1);
	ck_assert_uint_eq(memory_read64(memory, told[0]), 0x5003); /* freed as it was: a stale walk still finds it */

	phys_t page = told[0];

	ck_assert_int_eq(map(16 * MIB_2, 0x9000, KIB_4), MAP_OK);
	ck_assert_uint_eq(memory_read64(memory, page), 0x9003);
	ck_assert_uint_eq(memory_read64(memory, page + 8), 0);
	check_hole(16 * MIB_2 + KIB_4);
}
END_TEST

START_TEST(a_large_leaf_takes_the_place_of_an_empty_table)
{
	table.replaced = tell_replaced;
	table.replaced_argument = &told_count;
	ck_assert_int_eq(map(3 * MIB_2, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(unmap(3 * MIB_2, KIB_4), MAP_OK);
	ck_assert_uint_eq(told_count, 0);

	phys_t page = walk_to(3 * MIB_2).table;

	ck_assert_int_eq(map(2 * MIB_2, 2 * MIB_2, 3 * MIB_2), MAP_OK);
	check_mapped(3 * MIB_2, 3 * MIB_2, 21);
	ck_assert_uint_eq(work.tables_freed, 1);
	ck_assert_uint_eq(work.entries_written, 3 + 1);
	ck_assert_uint_eq(told_count, 1);
	ck_assert_uint_eq(told[0], page);
	ck_assert_uint_eq(told_iova[0], 3 * MIB_2);
	ck_assert_uint_eq(told_level[0], 0);
	ck_assert_uint_eq(frames_used(&frames), 3);
}
END_TEST

START_TEST(a_1_gib_leaf_takes_the_place_of_empty_tables_at_two_levels)
{
	table.replaced = tell_replaced;
	table.replaced_argument = &told_count;
	table.keep_frames = true;
	ck_assert_int_eq(map(GIB_1 + 7 * MIB_2, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(GIB_1 + 9 * MIB_2, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(unmap(GIB_1 + 7 * MIB_2, KIB_4), MAP_OK);
	ck_assert_int_eq(map(GIB_1, GIB_1, GIB_1), MAP_EXISTS);
	ck_assert_uint_eq(told_count, 0);
	ck_assert_int_eq(unmap(GIB_1 + 9 * MIB_2, KIB_4), MAP_OK);
	ck_assert_int_eq(map(GIB_1, GIB_1, GIB_1), MAP_OK);
	ck_assert_uint_eq(told_count, 3);
	ck_assert_uint_eq(told_iova[0], GIB_1 + 7 * MIB_2);
	ck_assert_uint_eq(told_iova[1], GIB_1 + 9 * MIB_2);
	ck_assert_uint_eq(told_iova[2], GIB_1);
	ck_assert_uint_eq(told_level[2], 1);
	ck_assert_uint_eq(frames_used(&frames), 1 + 1 + 3);
	for (size_t i = 0; i < told_count; i++)
		frames_free(&frames, told[i]);
}
END_TEST

START_TEST(the_work_of_a_map_is_counted)
{
	ck_assert_int_eq(map(0, 0x5000, KIB_4), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 3);
	ck_assert_uint_eq(work.entries_visited, 3);
	ck_assert_int_eq(map(KIB_4, 0x5000, 256 * KIB_4), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 0);
	ck_assert_uint_eq(work.entries_visited, 3);
	ck_assert_uint_eq(work.entries_written, 256);
	ck_assert_int_eq(map(600 * KIB_4, 0x5000, 1024 * KIB_4), MAP_OK); /* three leaf tables: one path each */
	ck_assert_uint_eq(work.tables_allocated, 3);
	ck_assert_uint_eq(work.entries_visited, 9);
	ck_assert_uint_eq(work.entries_written, 1024);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("map");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_largest_leaves_that_fit_are_used);
	tcase_add_test(tests, a_page_of_2_mib_needs_both_addresses_aligned);
	tcase_add_test(tests, the_size_limit_and_the_rules_keep_leaves_small);
	tcase_add_test(tests, a_three_level_table_holds_1_gib_leaves_in_its_root);
	tcase_add_test(tests, words_lie_where_the_walk_looks);
	tcase_add_test(tests, tables_are_written_through_the_view);
	tcase_add_test(tests, what_is_mapped_is_not_mapped_again);
	tcase_add_test(tests, ranges_that_cannot_be_mapped_are_refused);
	tcase_add_test(tests, a_range_does_not_cross_the_canonical_gap);
	tcase_add_test(tests, used_up_frames_stop_a_map_with_what_was_done);
	tcase_add_test(tests, a_recycled_table_page_starts_empty);
	tcase_add_test(tests, a_large_leaf_takes_the_place_of_an_empty_table);
	tcase_add_test(tests, a_1_gib_leaf_takes_the_place_of_empty_tables_at_two_levels);
	tcase_add_test(tests, the_work_of_a_map_is_counted);
	return run_case(tests, "map");
}
