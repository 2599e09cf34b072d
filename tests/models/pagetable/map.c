/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/map.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/random.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/models/pagetable/tables.h"

#define KIB_4 UINT64_C(0x1000)
#define MIB_2 UINT64_C(0x200000)
#define GIB_1 UINT64_C(0x40000000)

static struct memory *memory;
static struct frames frames;
static struct page_table table;
static struct map_work work;

/* Table pages and iovas that callbacks were told. */
static phys_t told[64];
static iova_t told_iova[64];
static unsigned told_level[64];
static size_t told_count;

static void tell(void *argument, phys_t page)
{
	ck_assert_ptr_eq(argument, &told_count);
	told[told_count++] = page;
}

static void tell_replaced(void *argument, iova_t iova, unsigned level, phys_t page)
{
	told_iova[told_count] = iova;
	told_level[told_count] = level;
	tell(argument, page);
}

static void make_table(const struct pt_format *format, unsigned levels)
{
	struct pt_rules rules = rules_of(levels);

	ck_assert_int_eq(page_table_init(&table, format, &rules, (struct memory_view){ .memory = memory }, &frames),
			 MAP_OK);
}

static void setup(void)
{
	memory = memory_create();
	frames_init(&frames, 0x100000, 0x400000);
	make_table(&vtd_second_stage, 4);
	work = (struct map_work){ 0 };
	told_count = 0;
}

static void teardown(void)
{
	page_table_fini(&table);
	ck_assert_uint_eq(frames_used(&frames), 0);
	frames_fini(&frames);
	memory_destroy(memory);
}

static enum map_status map(iova_t iova, phys_t output, uint64_t bytes)
{
	work = (struct map_work){ 0 };
	return page_table_map(&table, iova, output, bytes, PT_RW | PT_USER, 30, &work);
}

static enum map_status unmap(iova_t iova, uint64_t bytes)
{
	work = (struct map_work){ 0 };
	told_count = 0;
	return page_table_unmap(&table, iova, bytes, &work, tell, &told_count);
}

static struct walk walk_to(iova_t iova)
{
	return walk_now(memory, table.format, &table.rules, table.root, iova, PT_READ | PT_USER);
}

static void check_mapped(iova_t iova, phys_t output, unsigned size_lg2)
{
	struct walk walk = walk_to(iova);

	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.output, output);
	ck_assert_uint_eq(walk.size_lg2, size_lg2);
}

static void check_hole(iova_t iova)
{
	ck_assert_int_eq(walk_to(iova).status, WALK_NOT_PRESENT);
}

/* ---- map ---- */

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
	ck_assert_int_eq(map(0x7ffffffff000, 0, 0xffff000000002000), MAP_BAD_RANGE);
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

/* ---- unmap ---- */

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
}
END_TEST

/* ---- for each ---- */

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

/* ---- the twin: an array of pages, no tables ---- */

#define TWIN_PAGES 2048u /* 8 MiB across a 1 GiB boundary */
#define TWIN_FIRST (GIB_1 - 2 * MIB_2)
#define TWIN_ROUNDS 150u

static struct twin_page {
	bool mapped;
	phys_t output;
	unsigned permissions;
	unsigned leaf_first, leaf_pages; /* the leaf it belongs to */
} twin[TWIN_PAGES];

static bool twin_table[TWIN_PAGES / 512]; /* leaf tables that exist */
static bool twin_directory[2];

/* Pages of the leaf that belongs at this page: greedy, by hand. */
static unsigned twin_leaf(unsigned page, phys_t output, unsigned left, unsigned limit_lg2)
{
	return limit_lg2 >= 21 && left >= 512 && page % 512 == 0 && output % MIB_2 == 0 ? 512 : 1;
}

static uint64_t twin_map(unsigned first, phys_t output, unsigned pages, unsigned permissions, unsigned limit_lg2)
{
	unsigned done = 0;

	while (done < pages) {
		unsigned at = first + done;
		unsigned size = twin_leaf(at, output + done * KIB_4, pages - done, limit_lg2);

		for (unsigned i = 0; i < size; i++)
			if (twin[at + i].mapped)
				return done * KIB_4;
		for (unsigned i = 0; i < size; i++)
			twin[at + i] = (struct twin_page){ true, output + (done + i) * KIB_4, permissions, at, size };
		twin_table[at / 512] = size == 1;
		twin_directory[at / (TWIN_PAGES / 2)] = true;
		done += size;
	}
	return done * KIB_4;
}

static uint64_t twin_unmap(unsigned first, unsigned pages)
{
	unsigned cleared = 0;

	for (unsigned at = first; at < first + pages; at++) {
		struct twin_page page = twin[at];

		if (!page.mapped)
			continue;
		cleared += page.leaf_pages;
		memset(&twin[page.leaf_first], 0, page.leaf_pages * sizeof(page));
	}
	for (unsigned i = 0; i < TWIN_PAGES / 512; i++)
		if (first <= i * 512 && first + pages >= (i + 1) * 512)
			twin_table[i] = false;
	return cleared * KIB_4;
}

static void twin_compare(uint64_t seed, unsigned round)
{
	size_t tables = 2; /* root, PDPT */

	for (unsigned i = 0; i < TWIN_PAGES; i++) {
		struct walk walk = walk_to(TWIN_FIRST + i * KIB_4);

		if (!twin[i].mapped) {
			ck_assert_msg(walk.status == WALK_NOT_PRESENT, "seed %llu round %u page %u: mapped",
				      (unsigned long long)seed, round, i);
			continue;
		}
		ck_assert_msg(walk.status == WALK_OK && walk.output == twin[i].output &&
				      (walk.permissions & PT_RW) == twin[i].permissions &&
				      walk.size_lg2 == (twin[i].leaf_pages == 1 ? 12 : 21),
			      "seed %llu round %u page %u", (unsigned long long)seed, round, i);
	}
	for (unsigned i = 0; i < TWIN_PAGES / 512; i++)
		tables += twin_table[i];
	tables += twin_directory[0] + twin_directory[1];
	ck_assert_msg(frames_used(&frames) == (tables == 2 ? 1 : tables), "seed %llu round %u: %zu frames, %zu tables",
		      (unsigned long long)seed, round, frames_used(&frames), tables);
}

static void twin_round(struct random *random, uint64_t seed, unsigned round)
{
	bool aligned = random_below(random, 2);
	unsigned unit = aligned ? 512 : 1;
	unsigned first = (unsigned)random_below(random, TWIN_PAGES / unit) * unit;
	unsigned most = random_below(random, 3) ? 40 : 1500;
	unsigned pages = (aligned ? 512 : 0) + (unsigned)random_below(random, most) + 1;
	phys_t output = random_below(random, 1000) * (aligned ? MIB_2 : KIB_4);
	uint64_t expected;

	if (pages > TWIN_PAGES - first)
		pages = TWIN_PAGES - first;
	work = (struct map_work){ 0 };
	if (random_below(random, 2)) {
		unsigned permissions = random_below(random, 2) ? PT_RW : PT_READ;
		unsigned limit_lg2 = random_below(random, 3) ? 30 : 12;
		enum map_status status = page_table_map(&table, TWIN_FIRST + first * KIB_4, output, pages * KIB_4,
							permissions, limit_lg2, &work);

		expected = twin_map(first, output, pages, permissions, limit_lg2);
		ck_assert_msg(status == (expected == pages * KIB_4 ? MAP_OK : MAP_EXISTS), "seed %llu round %u",
			      (unsigned long long)seed, round);
	} else {
		ck_assert_int_eq(page_table_unmap(&table, TWIN_FIRST + first * KIB_4, pages * KIB_4, &work, NULL, NULL),
				 MAP_OK);
		expected = twin_unmap(first, pages);
	}
	ck_assert_msg(work.bytes == expected, "seed %llu round %u: %llu bytes, not %llu", (unsigned long long)seed,
		      round, (unsigned long long)work.bytes, (unsigned long long)expected);
}

START_TEST(random_maps_and_unmaps_agree_with_an_array_of_pages)
{
	uint64_t seed = 20260 + (uint64_t)_i;
	struct random random;

	random_init(&random, seed);
	for (unsigned round = 0; round < TWIN_ROUNDS; round++) {
		twin_round(&random, seed, round);
		twin_compare(seed, round);
	}
}
END_TEST

static TCase *map_tests(void)
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
	return tests;
}

static TCase *unmap_tests(void)
{
	TCase *tests = tcase_create("unmap");

	tcase_set_timeout(tests, 60);
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
	tcase_add_test(tests, a_visitor_may_stop_early);
	tcase_add_test(tests, entries_that_no_walk_passes_are_not_visited);
	tcase_add_loop_test(tests, random_maps_and_unmaps_agree_with_an_array_of_pages, 0, 3);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("map");

	suite_add_tcase(suite, map_tests());
	suite_add_tcase(suite, unmap_tests());

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
