/* SPDX-License-Identifier: Apache-2.0 */
/* page_table_unmap and page_table_for_each. */
#include "tests/models/pagetable/map_fixture.h"

START_TEST(an_unmap_clears_its_pages_only)
{
	ck_assert_int_eq(map(0, 0x100000, 16 * KIB_4), MAP_OK);
	ck_assert_int_eq(unmap(4 * KIB_4, 3 * KIB_4), MAP_OK);
	ck_assert_uint_eq(work.bytes, 3 * KIB_4);
	ck_assert_uint_eq(work.entries_written, 3);
	ck_assert_uint_eq(work.entries_visited, 3 + 3);
	ck_assert_uint_eq(work.tables_freed, 0);
	check_mapped(3 * KIB_4, 0x103000, 12);
	check_hole(4 * KIB_4);
	check_hole(6 * KIB_4);
	check_mapped(7 * KIB_4, 0x107000, 12);
}
END_TEST

START_TEST(a_hole_is_passed_over)
{
	ck_assert_int_eq(map(5 * KIB_4, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(3 * GIB_1, GIB_1, KIB_4), MAP_OK);
	ck_assert_int_eq(unmap(2 * KIB_4, 3 * GIB_1), MAP_OK);
	ck_assert_uint_eq(work.bytes, 2 * KIB_4);
	check_hole(5 * KIB_4);
	check_hole(3 * GIB_1);
	ck_assert_int_eq(unmap(0, 5 * GIB_1), MAP_OK);
	ck_assert_uint_eq(work.bytes, 0);
}
END_TEST

START_TEST(a_table_goes_when_the_range_covers_all_that_it_maps)
{
	ck_assert_int_eq(map(0, 0x5000, MIB_2), MAP_OK);

	phys_t page = walk_to(0).table;

	ck_assert_int_eq(unmap(KIB_4, MIB_2), MAP_OK); /* all but its first page, and one beyond */
	ck_assert_uint_eq(work.bytes, MIB_2 - KIB_4);
	ck_assert_uint_eq(work.tables_freed, 0);

	ck_assert_int_eq(unmap(0, MIB_2), MAP_OK);
	ck_assert_uint_eq(work.bytes, KIB_4);
	ck_assert_uint_eq(work.tables_freed, 1);
	ck_assert_uint_eq(work.entries_written, 1);
	ck_assert_uint_eq(work.entries_visited, 3);
	ck_assert_uint_eq(told_count, 1);
	ck_assert_uint_eq(told[0], page);
	ck_assert_uint_eq(frames_used(&frames), 3);
	ck_assert_uint_eq(walk_to(0).fault_level, 1);
}
END_TEST

START_TEST(tables_of_two_levels_go_together)
{
	ck_assert_int_eq(map(GIB_1 + 6 * MIB_2, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(GIB_1 + 8 * MIB_2, 8 * MIB_2, MIB_2), MAP_OK);
	ck_assert_uint_eq(frames_used(&frames), 4);
	ck_assert_int_eq(unmap(GIB_1, GIB_1), MAP_OK);
	ck_assert_uint_eq(work.bytes, MIB_2 + KIB_4);
	ck_assert_uint_eq(work.tables_freed, 2);
	ck_assert_uint_eq(told_count, 2);
	ck_assert_uint_eq(work.entries_visited, 2 + 512); /* to the PDPT, then all of the directory */
	ck_assert_uint_eq(frames_used(&frames), 2);
	ck_assert_uint_eq(walk_to(GIB_1).fault_level, 2);
}
END_TEST

START_TEST(the_root_stays_when_everything_goes)
{
	ck_assert_int_eq(map(0, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(BIT64(48) - KIB_4, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(unmap(0, BIT64(48)), MAP_OK);
	ck_assert_uint_eq(work.bytes, 2 * KIB_4);
	ck_assert_uint_eq(work.tables_freed, 6);
	ck_assert_uint_eq(frames_used(&frames), 1);
	check_hole(0);
}
END_TEST

START_TEST(a_cut_large_leaf_goes_whole)
{
	ck_assert_int_eq(map(2 * MIB_2, 2 * MIB_2, 3 * MIB_2), MAP_OK);
	ck_assert_int_eq(unmap(3 * MIB_2 + 5 * KIB_4, KIB_4), MAP_OK);
	ck_assert_uint_eq(work.bytes, MIB_2);
	ck_assert_uint_eq(work.entries_written, 1);
	check_hole(3 * MIB_2);
	check_mapped(3 * MIB_2 - 1, 3 * MIB_2 - 1, 21);
	check_mapped(4 * MIB_2, 4 * MIB_2, 21);

	ck_assert_int_eq(unmap(3 * MIB_2 - KIB_4, MIB_2 + 2 * KIB_4), MAP_OK); /* cuts both neighbours */
	ck_assert_uint_eq(work.bytes, 2 * MIB_2);
	check_hole(2 * MIB_2);
	check_hole(5 * MIB_2 - 1);
}
END_TEST

START_TEST(kept_frames_are_for_who_was_told_to_free)
{
	table.keep_frames = true;
	ck_assert_int_eq(map(0, 0x5000, MIB_2), MAP_OK);
	ck_assert_int_eq(unmap(0, MIB_2), MAP_OK);
	ck_assert_uint_eq(work.tables_freed, 1);
	ck_assert_uint_eq(frames_used(&frames), 4);
	frames_free(&frames, told[0]);
}
END_TEST

START_TEST(garbage_in_ignored_bits_of_an_absent_entry_does_not_matter)
{
	ck_assert_int_eq(map(0, 0x5000, KIB_4), MAP_OK);

	phys_t leaf_table = walk_to(0).table;

	memory_write64(memory, leaf_table + 8, ~UINT64_C(3));
	memory_write64(memory, leaf_table + 16, ~UINT64_C(3));
	ck_assert_int_eq(map(KIB_4, 0x6000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(2 * KIB_4, 0x7000, 2 * KIB_4), MAP_OK);
	check_mapped(2 * KIB_4, 0x7000, 12);
	memory_write64(memory, leaf_table + 16, ~UINT64_C(3));
	ck_assert_int_eq(unmap(0, 4 * KIB_4), MAP_OK);
	ck_assert_uint_eq(work.bytes, 3 * KIB_4);
	ck_assert_uint_eq(memory_read64(memory, leaf_table + 16), ~UINT64_C(3));
	ck_assert_uint_eq(memory_read64(memory, leaf_table + 24), 0);
}
END_TEST

struct seen {
	struct page_table_leaf leaf[8];
	size_t count, stop_after;
};

static bool see(void *argument, const struct page_table_leaf *leaf)
{
	struct seen *seen = argument;

	seen->leaf[seen->count++] = *leaf;
	return seen->count < seen->stop_after;
}

START_TEST(leaves_are_visited_in_ascending_address)
{
	struct seen seen = { .stop_after = 8 };

	page_table_fini(&table);
	make_table(&vtd_first_stage, 4);
	ck_assert_int_eq(map(0xffff800000000000, 0x8000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(5 * GIB_1, GIB_1, GIB_1), MAP_OK);
	ck_assert_int_eq(map(3 * MIB_2, MIB_2, MIB_2), MAP_OK);
	ck_assert_int_eq(page_table_map(&table, 0x7000, 0x5000, KIB_4, PT_READ, 30, &work), MAP_OK);
	page_table_for_each(&table, see, &seen);
	ck_assert_uint_eq(seen.count, 4);
	ck_assert_uint_eq(seen.leaf[0].iova, 0x7000);
	ck_assert_uint_eq(seen.leaf[0].word, 0x5021);
	ck_assert_uint_eq(seen.leaf[0].permissions, PT_READ | PT_EXECUTE);
	ck_assert_uint_eq(seen.leaf[1].iova, 3 * MIB_2);
	ck_assert_uint_eq(seen.leaf[1].level, 1);
	ck_assert_uint_eq(seen.leaf[1].entry.address, MIB_2);
	ck_assert_uint_eq(memory_read64(memory, seen.leaf[1].word_address), seen.leaf[1].word);
	ck_assert_uint_eq(seen.leaf[2].iova, 5 * GIB_1);
	ck_assert_uint_eq(seen.leaf[2].level, 2);
	ck_assert_uint_eq(seen.leaf[3].iova, 0xffff800000000000);
}
END_TEST

START_TEST(a_leaf_is_shown_with_the_permissions_of_all_levels)
{
	struct seen seen = { .stop_after = 8 };

	ck_assert_int_eq(map(GIB_1, 0x6000, KIB_4), MAP_OK);
	memory_write64(memory, 0x101000 + 8, memory_read64(memory, 0x101000 + 8) & ~UINT64_C(2)); /* the SS-PDPE */
	page_table_for_each(&table, see, &seen);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(seen.leaf[0].permissions & PT_RW, PT_READ);
	ck_assert_uint_eq(seen.leaf[0].entry.permissions & PT_RW, PT_RW);
}
END_TEST

START_TEST(a_visitor_may_stop_early)
{
	struct seen seen = { .stop_after = 2 };

	ck_assert_int_eq(map(0, 0x5000, 5 * KIB_4), MAP_OK);
	page_table_for_each(&table, see, &seen);
	ck_assert_uint_eq(seen.count, 2);
}
END_TEST

START_TEST(entries_that_no_walk_passes_are_not_visited)
{
	struct seen seen = { .stop_after = 8 };

	ck_assert_int_eq(map(0, 0x5000, KIB_4), MAP_OK);
	ck_assert_int_eq(map(GIB_1, 0x6000, KIB_4), MAP_OK);
	memory_write64(memory, walk_to(0).table, 0x5003 | BIT64(62));

	phys_t pdpt_slot = 0x101000 + 8;

	memory_write64(memory, pdpt_slot, memory_read64(memory, pdpt_slot) | BIT64(62));
	page_table_for_each(&table, see, &seen);
	ck_assert_uint_eq(seen.count, 0);
	memory_write64(memory, pdpt_slot, memory_read64(memory, pdpt_slot) & ~BIT64(62));
	page_table_for_each(&table, see, &seen);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(seen.leaf[0].iova, GIB_1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("unmap");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, an_unmap_clears_its_pages_only);
	tcase_add_test(tests, a_hole_is_passed_over);
	tcase_add_test(tests, a_table_goes_when_the_range_covers_all_that_it_maps);
	tcase_add_test(tests, tables_of_two_levels_go_together);
	tcase_add_test(tests, the_root_stays_when_everything_goes);
	tcase_add_test(tests, a_cut_large_leaf_goes_whole);
	tcase_add_test(tests, kept_frames_are_for_who_was_told_to_free);
	tcase_add_test(tests, garbage_in_ignored_bits_of_an_absent_entry_does_not_matter);
	tcase_add_test(tests, leaves_are_visited_in_ascending_address);
	tcase_add_test(tests, a_leaf_is_shown_with_the_permissions_of_all_levels);
	tcase_add_test(tests, a_visitor_may_stop_early);
	tcase_add_test(tests, entries_that_no_walk_passes_are_not_visited);
	return run_case(tests, "unmap");
}
