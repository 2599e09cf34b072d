/* SPDX-License-Identifier: Apache-2.0 */
/* page_table_split. */
#include "models/pagetable/split.h"

#include "tests/models/pagetable/map_fixture.h"

static struct split_range range;

static enum map_status split(iova_t at)
{
	work = (struct map_work){ 0 };
	return page_table_split(&table, at, &range, &work);
}

static void check_range(iova_t first, uint64_t bytes)
{
	ck_assert_uint_eq(range.bytes, bytes);
	ck_assert_uint_eq(range.first, first);
}

START_TEST(a_leaf_of_2_mib_becomes_a_table_of_512_small_ones)
{
	ck_assert_int_eq(map(4 * MIB_2, GIB_1, MIB_2), MAP_OK);
	ck_assert_uint_eq(frames_used(&frames), 3);
	ck_assert_int_eq(split(4 * MIB_2 + 7 * KIB_4), MAP_OK);
	check_range(4 * MIB_2, MIB_2);
	ck_assert_uint_eq(work.tables_allocated, 1);
	ck_assert_uint_eq(work.entries_written, 512);
	ck_assert_uint_eq(work.entries_visited, 3);
	ck_assert_uint_eq(frames_used(&frames), 4);
	for (uint64_t i = 0; i < 512; i++)
		check_mapped(4 * MIB_2 + i * KIB_4, GIB_1 + i * KIB_4, 12);
	check_hole(4 * MIB_2 - KIB_4);
	check_hole(5 * MIB_2);
}
END_TEST

/* Second stage: R, W, SNP 11, D 9, A 8, PS 7 of a large leaf; ignored bits 62 and 52.  [VTD] "Second-Stage Paging Entries" */
START_TEST(each_part_has_the_words_flags_and_ignored_bits_and_no_page_size_bit_when_small)
{
	ck_assert_int_eq(map(0, 3 * MIB_2, MIB_2), MAP_OK);

	phys_t slot = walk_to(0).table;

	memory_write64(memory, slot, UINT64_C(0x4010000000600b83));
	ck_assert_int_eq(split(KIB_4), MAP_OK);

	phys_t leaves = walk_to(0).table;

	ck_assert_uint_eq(memory_read64(memory, slot), leaves | 3);
	ck_assert_uint_eq(memory_read64(memory, leaves), UINT64_C(0x4010000000600b03));
	ck_assert_uint_eq(memory_read64(memory, leaves + 8), UINT64_C(0x4010000000601b03));
	ck_assert_uint_eq(memory_read64(memory, leaves + 511 * 8), UINT64_C(0x40100000007ffb03));
}
END_TEST

START_TEST(a_leaf_of_1_gib_is_split_only_as_far_as_the_address_asks)
{
	ck_assert_int_eq(map(2 * GIB_1, 5 * GIB_1, GIB_1), MAP_OK);
	ck_assert_int_eq(split(2 * GIB_1 + 3 * MIB_2), MAP_OK);
	check_range(2 * GIB_1, GIB_1);
	ck_assert_uint_eq(work.tables_allocated, 1);
	check_mapped(2 * GIB_1, 5 * GIB_1, 21);
	check_mapped(2 * GIB_1 + 511 * MIB_2, 5 * GIB_1 + 511 * MIB_2, 21);

	ck_assert_int_eq(split(2 * GIB_1 + 9 * MIB_2 + KIB_4), MAP_OK);
	check_range(2 * GIB_1 + 9 * MIB_2, MIB_2);
	check_mapped(2 * GIB_1 + 9 * MIB_2 + KIB_4, 5 * GIB_1 + 9 * MIB_2 + KIB_4, 12);
	check_mapped(2 * GIB_1 + 8 * MIB_2, 5 * GIB_1 + 8 * MIB_2, 21);
}
END_TEST

START_TEST(an_address_inside_a_small_page_of_a_1_gib_leaf_splits_two_levels)
{
	ck_assert_int_eq(map(0, GIB_1, GIB_1), MAP_OK);
	ck_assert_int_eq(split(KIB_4), MAP_OK);
	check_range(0, GIB_1);
	ck_assert_uint_eq(work.tables_allocated, 2);
	ck_assert_uint_eq(work.entries_written, 1024);
	check_mapped(KIB_4, GIB_1 + KIB_4, 12);
	check_mapped(MIB_2, GIB_1 + MIB_2, 21);
}
END_TEST

START_TEST(where_a_leaf_begins_or_nothing_is_mapped_nothing_changes)
{
	ck_assert_int_eq(map(MIB_2, MIB_2, MIB_2), MAP_OK);
	ck_assert_int_eq(split(MIB_2), MAP_OK);
	check_range(0, 0);
	ck_assert_int_eq(split(0), MAP_OK);
	ck_assert_int_eq(split(5 * GIB_1 + KIB_4), MAP_OK);
	check_range(0, 0);
	ck_assert_uint_eq(work.entries_written + work.tables_allocated, 0);
	check_mapped(MIB_2, MIB_2, 21);
	ck_assert_int_eq(map(0, 0, KIB_4), MAP_OK);
	ck_assert_int_eq(split(KIB_4), MAP_OK);
	check_range(0, 0);
}
END_TEST

START_TEST(an_address_that_is_no_page_or_beyond_the_table_is_refused)
{
	ck_assert_int_eq(split(KIB_4 + 1), MAP_BAD_RANGE);
	ck_assert_int_eq(split(BIT64(48)), MAP_BAD_RANGE);
}
END_TEST

START_TEST(without_a_frame_the_leaf_stays)
{
	phys_t taken[1024];
	size_t count = 0;

	ck_assert_int_eq(map(0, 0, MIB_2), MAP_OK);
	while ((taken[count] = frames_alloc(&frames)) != PHYS_NONE)
		count++;
	ck_assert_int_eq(split(KIB_4), MAP_NO_MEMORY);
	check_range(0, 0);
	check_mapped(0, 0, 21);
	while (count > 0)
		frames_free(&frames, taken[--count]);
}
END_TEST

START_TEST(unplugging_after_a_split_takes_only_what_was_asked)
{
	ck_assert_int_eq(map(0, 0, GIB_1), MAP_OK);
	ck_assert_int_eq(split(4 * MIB_2), MAP_OK);
	ck_assert_int_eq(unmap(4 * MIB_2, MIB_2), MAP_OK);
	ck_assert_uint_eq(work.bytes, MIB_2);
	check_hole(4 * MIB_2);
	check_hole(5 * MIB_2 - KIB_4);
	check_mapped(5 * MIB_2, 5 * MIB_2, 21);
	check_mapped(4 * MIB_2 - KIB_4, 4 * MIB_2 - KIB_4, 21);
}
END_TEST

/* Every format and number of levels: what a walk finds of each page is what it found before. */
static const struct pt_format *const formats[] = { &vtd_second_stage, &vtd_first_stage };

START_TEST(every_page_reads_as_before_in_every_format)
{
	const struct pt_format *format = formats[_i];

	for (unsigned levels = format->levels_min; levels <= format->levels_max; levels++) {
		for (unsigned permissions = 1; permissions < 16; permissions++) {
			page_table_fini(&table);
			make_table(format, levels);
			work = (struct map_work){ 0 };
			ck_assert_int_eq(page_table_map(&table, GIB_1, GIB_1, GIB_1, permissions, 30, &work), MAP_OK);

			struct walk before = walk_now(memory, format, &table.rules, table.root, GIB_1, 0);

			ck_assert_int_eq(split(GIB_1 + 77 * MIB_2 + 5 * KIB_4), MAP_OK);
			for (uint64_t at = 76 * MIB_2; at < 78 * MIB_2; at += KIB_4) {
				struct walk walk = walk_now(memory, format, &table.rules, table.root, GIB_1 + at, 0);

				ck_assert_int_eq(walk.status, before.status);
				if (walk.status != WALK_OK)
					continue;
				ck_assert_uint_eq(walk.output, GIB_1 + at);
				ck_assert_uint_eq(walk.leaf.permissions, before.leaf.permissions);
				ck_assert_uint_eq(walk.leaf.dirty, before.leaf.dirty);
				ck_assert_uint_eq(walk.size_lg2, at < 77 * MIB_2 ? 21 : 12);
			}
		}
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("split");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(tests, a_leaf_of_2_mib_becomes_a_table_of_512_small_ones);
	tcase_add_test(tests, each_part_has_the_words_flags_and_ignored_bits_and_no_page_size_bit_when_small);
	tcase_add_test(tests, a_leaf_of_1_gib_is_split_only_as_far_as_the_address_asks);
	tcase_add_test(tests, an_address_inside_a_small_page_of_a_1_gib_leaf_splits_two_levels);
	tcase_add_test(tests, where_a_leaf_begins_or_nothing_is_mapped_nothing_changes);
	tcase_add_test(tests, an_address_that_is_no_page_or_beyond_the_table_is_refused);
	tcase_add_test(tests, without_a_frame_the_leaf_stays);
	tcase_add_test(tests, unplugging_after_a_split_takes_only_what_was_asked);
	tcase_add_loop_test(tests, every_page_reads_as_before_in_every_format, 0, 2);
	return run_case(tests, "split");
}
