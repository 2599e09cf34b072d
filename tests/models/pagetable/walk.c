/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over tables written word by word: table pages at 0x1000 (level 0),
 * 0x2000 (level 1) ... 0x5000 (level 4), the path through them chosen so that
 * each level uses another index.
 */
#include "models/pagetable/walk.h"

#include <check.h>
#include <stdlib.h>

#include "models/base/random.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/models/pagetable/tables.h"

/* Indices 1 (level 4), 2, 3, 4, 5 (level 0) and offset 0x678. */
#define IOVA UINT64_C(0x00010100c0805678)
#define PAGE UINT64_C(0x0000001200000000)

static struct memory *memory;
static struct pt_rules rules;

static phys_t table_at(unsigned level)
{
	return 0x1000 * (level + 1);
}

static phys_t slot_at(unsigned level)
{
	return table_at(level) + 8 * (5 - level);
}

/* A path of five tables to a leaf at `level`, every entry with these low bits. */
static void path(unsigned level, uint64_t bits, uint64_t leaf_bits)
{
	for (unsigned above = 4; above > level; above--)
		memory_write64(memory, slot_at(above), table_at(above - 1) | bits);
	memory_write64(memory, slot_at(level), PAGE | leaf_bits | (level ? 0x80 : 0));
}

static void setup(void)
{
	memory = memory_create();
	rules = rules_of(5);
}

static void teardown(void)
{
	memory_destroy(memory);
}

static struct walk walk_second(unsigned access)
{
	return walk_now(memory, &vtd_second_stage, &rules, table_at(rules.levels - 1), IOVA, access);
}

static struct walk walk_first(unsigned access)
{
	return walk_now(memory, &vtd_first_stage, &rules, table_at(rules.levels - 1), IOVA, access);
}

START_TEST(a_walk_reads_one_word_per_level)
{
	static const uint64_t offset[] = { 0x678, 0x5678, 0x805678 };

	for (unsigned levels = 3; levels <= 5; levels++) {
		for (unsigned level = 0; level <= 2; level++) {
			rules = rules_of(levels);
			path(level, 0x3, 0x3);

			struct walk walk = walk_now(memory, &vtd_second_stage, &rules, table_at(levels - 1),
						    IOVA & (BIT64(12 + 9 * levels) - 1), PT_RW);

			ck_assert_int_eq(walk.status, WALK_OK);
			ck_assert_uint_eq(walk.reads, levels - level);
			ck_assert_uint_eq(walk.size_lg2, 12 + 9 * level);
			ck_assert_uint_eq(walk.output, PAGE + offset[level]);
		}
	}
}
END_TEST

START_TEST(a_walk_says_which_word_it_wants)
{
	struct walk walk;

	path(0, 0x3, 0x3);
	walk_begin(&walk, &vtd_second_stage, &rules, table_at(4), IOVA, PT_READ);
	for (unsigned level = 5; level-- > 0;) {
		ck_assert(walk_wants_read(&walk));
		ck_assert_uint_eq(walk.level, level);
		ck_assert_uint_eq(walk.table, table_at(level));
		ck_assert_uint_eq(walk.want_address, slot_at(level));
		walk_feed(&walk, memory_read64(memory, walk.want_address));
	}
	ck_assert_int_eq(walk.state, WALK_DONE);
}
END_TEST

START_TEST(two_walks_may_be_under_way_at_once)
{
	struct walk one, other;

	path(0, 0x3, 0x3);
	walk_begin(&one, &vtd_second_stage, &rules, table_at(4), IOVA, PT_READ);
	walk_begin(&other, &vtd_second_stage, &rules, table_at(4), IOVA + 0x1000, PT_READ);
	walk_feed(&one, memory_read64(memory, one.want_address));
	walk_feed(&other, memory_read64(memory, other.want_address));
	walk_finish(&other, memory);
	walk_finish(&one, memory);
	ck_assert_int_eq(one.status, WALK_OK);
	ck_assert_uint_eq(one.output, PAGE + 0x678);
	ck_assert_int_eq(other.status, WALK_NOT_PRESENT);
	ck_assert_uint_eq(other.fault_level, 0);
}
END_TEST

START_TEST(a_hole_stops_the_walk_at_its_level)
{
	for (unsigned level = 0; level < 5; level++) {
		path(0, 0x3, 0x3);
		memory_write64(memory, slot_at(level), 0);

		struct walk walk = walk_second(PT_READ);

		ck_assert_int_eq(walk.status, WALK_NOT_PRESENT);
		ck_assert_uint_eq(walk.fault_level, level);
		ck_assert_uint_eq(walk.reads, 5 - level);
	}
}
END_TEST

START_TEST(a_reserved_bit_stops_the_walk_at_its_level)
{
	for (unsigned level = 0; level < 5; level++) {
		path(0, 0x3, 0x3);
		memory_write64(memory, slot_at(level), memory_read64(memory, slot_at(level)) | BIT64(51));

		struct walk walk = walk_second(PT_READ);

		ck_assert_int_eq(walk.status, WALK_RESERVED_BIT);
		ck_assert_uint_eq(walk.fault_level, level);
		ck_assert_uint_eq(walk.reads, 5 - level);
	}
}
END_TEST

START_TEST(every_level_must_grant_the_access)
{
	for (unsigned level = 0; level < 5; level++) {
		path(0, 0x3, 0x3);
		memory_write64(memory, slot_at(level), memory_read64(memory, slot_at(level)) & ~UINT64_C(2));

		struct walk walk = walk_second(PT_WRITE);

		ck_assert_int_eq(walk.status, WALK_PERMISSION);
		ck_assert_uint_eq(walk.fault_level, 0);
		ck_assert_uint_eq(walk.reads, 5);

		walk = walk_second(PT_READ);
		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.permissions & PT_RW, PT_READ);
	}
}
END_TEST

START_TEST(a_write_only_page_takes_writes)
{
	path(0, 0x3, 0x2);
	ck_assert_int_eq(walk_second(PT_WRITE).status, WALK_OK);
	ck_assert_int_eq(walk_second(PT_READ).status, WALK_PERMISSION);
	ck_assert_int_eq(walk_second(PT_RW).status, WALK_PERMISSION);
}
END_TEST

START_TEST(a_page_that_is_neither_readable_nor_writable_in_the_end_is_absent)
{
	path(0, 0x1, 0x2);
	ck_assert_int_eq(walk_second(PT_READ).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(walk_second(PT_WRITE).status, WALK_NOT_PRESENT);
}
END_TEST

START_TEST(a_missing_translation_outranks_a_missing_permission)
{
	path(0, 0x1, 0x3);
	memory_write64(memory, slot_at(0), 0);
	ck_assert_int_eq(walk_second(PT_WRITE).status, WALK_NOT_PRESENT);
	memory_write64(memory, slot_at(0), PAGE | 0x3 | BIT64(62));
	ck_assert_int_eq(walk_second(PT_WRITE).status, WALK_RESERVED_BIT);
}
END_TEST

START_TEST(an_address_out_of_range_reads_nothing)
{
	struct walk walk = walk_now(memory, &vtd_second_stage, &rules, table_at(4), BIT64(57), PT_READ);

	ck_assert_int_eq(walk.status, WALK_OUT_OF_RANGE);
	ck_assert_uint_eq(walk.reads, 0);

	walk = walk_now(memory, &vtd_first_stage, &rules, table_at(4), BIT64(56), PT_READ);
	ck_assert_int_eq(walk.status, WALK_OUT_OF_RANGE);
	ck_assert_uint_eq(walk.reads, 0);
}
END_TEST

START_TEST(the_upper_half_of_canonical_addresses_uses_the_upper_entries)
{
	rules = rules_of(4);
	memory_write64(memory, table_at(3) + 8 * 511, table_at(2) | 0x27);
	memory_write64(memory, table_at(2) + 8 * 511, PAGE | 0xe7);

	struct walk walk = walk_now(memory, &vtd_first_stage, &rules, table_at(3), UINT64_MAX, PT_READ | PT_USER);

	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.output, PAGE + 0x3fffffff);
}
END_TEST

START_TEST(a_user_request_needs_user_entries_at_every_level)
{
	for (unsigned level = 0; level < 5; level++) {
		path(0, 0x27, 0x67);
		ck_assert_int_eq(walk_first(PT_RW | PT_USER).status, WALK_OK);
		memory_write64(memory, slot_at(level), memory_read64(memory, slot_at(level)) & ~UINT64_C(4));
		ck_assert_int_eq(walk_first(PT_READ | PT_USER).status, WALK_PERMISSION);
		ck_assert_int_eq(walk_first(PT_READ).status, WALK_OK);
	}
}
END_TEST

START_TEST(a_supervisor_write_honours_read_only_pages_with_write_protect_only)
{
	path(0, 0x27, 0x65);
	ck_assert_int_eq(walk_first(PT_WRITE | PT_USER).status, WALK_PERMISSION);
	ck_assert_int_eq(walk_first(PT_WRITE).status, WALK_OK);
	rules.write_protect = true;
	ck_assert_int_eq(walk_first(PT_WRITE).status, WALK_PERMISSION);
}
END_TEST

START_TEST(an_execute_request_needs_every_level_without_execute_disable)
{
	rules.execute_disable = true;
	path(0, 0x27, 0x67);
	ck_assert_int_eq(walk_first(PT_READ | PT_EXECUTE | PT_USER).status, WALK_OK);
	memory_write64(memory, slot_at(3), memory_read64(memory, slot_at(3)) | BIT64(63));
	ck_assert_int_eq(walk_first(PT_READ | PT_EXECUTE | PT_USER).status, WALK_PERMISSION);
	ck_assert_int_eq(walk_first(PT_READ | PT_USER).status, WALK_OK);
}
END_TEST

START_TEST(accessed_is_set_at_every_level_and_dirty_in_the_leaf_of_a_write)
{
	rules.accessed_dirty = true;
	path(1, 0x7, 0x7);
	ck_assert_int_eq(walk_first(PT_READ | PT_USER).status, WALK_OK);
	for (unsigned level = 2; level < 5; level++)
		ck_assert_uint_eq(memory_read64(memory, slot_at(level)), table_at(level - 1) | 0x27);
	ck_assert_uint_eq(memory_read64(memory, slot_at(1)), PAGE | 0xa7);

	struct walk walk = walk_first(PT_WRITE | PT_USER);

	ck_assert_uint_eq(memory_read64(memory, slot_at(1)), PAGE | 0xe7);
	ck_assert_uint_eq(memory_read64(memory, slot_at(2)), table_at(1) | 0x27);
	ck_assert(walk.leaf.accessed && walk.leaf.dirty);
	ck_assert_uint_eq(walk.reads, 4);
}
END_TEST

START_TEST(the_second_stage_keeps_flags_when_told)
{
	path(0, 0x3, 0x3);
	walk_second(PT_WRITE);
	ck_assert_uint_eq(memory_read64(memory, slot_at(0)), PAGE | 0x3);
	rules.accessed_dirty = true;
	walk_second(PT_WRITE);
	ck_assert_uint_eq(memory_read64(memory, slot_at(0)), PAGE | 0x303);
	for (unsigned level = 1; level < 5; level++)
		ck_assert_uint_eq(memory_read64(memory, slot_at(level)), table_at(level - 1) | 0x103);
}
END_TEST

START_TEST(flags_that_are_set_need_no_update)
{
	struct walk walk;
	unsigned updates = 0;

	rules.accessed_dirty = true;
	path(0, 0x27, 0x67);
	walk_begin(&walk, &vtd_first_stage, &rules, table_at(4), IOVA, PT_WRITE | PT_USER);
	while (walk.state != WALK_DONE) {
		updates += walk_wants_update(&walk);
		walk_feed(&walk, memory_read64(memory, walk.want_address));
	}
	ck_assert_uint_eq(updates, 0);
	ck_assert_int_eq(walk.status, WALK_OK);
}
END_TEST

START_TEST(an_update_names_the_word_before_and_after)
{
	struct walk walk;

	rules.accessed_dirty = true;
	path(0, 0x7, 0x7);
	walk_begin(&walk, &vtd_first_stage, &rules, table_at(4), IOVA, PT_WRITE | PT_USER);
	walk_feed(&walk, memory_read64(memory, walk.want_address));
	ck_assert(walk_wants_update(&walk));
	ck_assert_uint_eq(walk.want_address, slot_at(4));
	ck_assert_uint_eq(walk.want_expected, table_at(3) | 0x7);
	ck_assert_uint_eq(walk.want_desired, table_at(3) | 0x27);
	walk_updated(&walk, true);
	ck_assert(walk_wants_read(&walk));
	ck_assert_uint_eq(walk.want_address, slot_at(3));
}
END_TEST

START_TEST(a_failed_update_reads_the_word_again)
{
	struct walk walk;

	rules.accessed_dirty = true;
	path(0, 0x27, 0x7);
	walk_begin(&walk, &vtd_first_stage, &rules, table_at(4), IOVA, PT_WRITE | PT_USER);
	while (!walk_wants_update(&walk))
		walk_feed(&walk, memory_read64(memory, walk.want_address));
	ck_assert_uint_eq(walk.want_address, slot_at(0));
	ck_assert_uint_eq(walk.reads, 5);

	walk_updated(&walk, false); /* another agent made the page read-only meanwhile */
	ck_assert(walk_wants_read(&walk));
	ck_assert_uint_eq(walk.want_address, slot_at(0));
	walk_feed(&walk, PAGE | 0x25);
	ck_assert_uint_eq(walk.reads, 6);
	ck_assert_int_eq(walk.state, WALK_DONE);
	ck_assert_int_eq(walk.status, WALK_PERMISSION);
}
END_TEST

START_TEST(a_permission_fault_leaves_the_flags_of_the_leaf_alone)
{
	rules.accessed_dirty = true;
	path(0, 0x7, 0x5);
	ck_assert_int_eq(walk_first(PT_WRITE | PT_USER).status, WALK_PERMISSION);
	ck_assert_uint_eq(memory_read64(memory, slot_at(0)), PAGE | 0x5);
	ck_assert_uint_eq(memory_read64(memory, slot_at(1)), table_at(0) | 0x27);
}
END_TEST

START_TEST(a_walk_begun_at_a_known_table_reads_the_rest)
{
	struct walk walk;

	path(0, 0x3, 0x3);
	for (unsigned level = 0; level < 5; level++) {
		walk_begin_at(&walk, &vtd_second_stage, &rules, level, table_at(level), PT_RW, IOVA, PT_WRITE);
		walk_finish(&walk, memory);
		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.reads, level + 1);
		ck_assert_uint_eq(walk.output, PAGE + 0x678);
	}
}
END_TEST

START_TEST(permissions_known_from_above_count)
{
	struct walk walk;

	path(0, 0x3, 0x3);
	walk_begin_at(&walk, &vtd_second_stage, &rules, 0, table_at(0), PT_READ, IOVA, PT_WRITE);
	walk_finish(&walk, memory);
	ck_assert_int_eq(walk.status, WALK_PERMISSION);
	walk_begin_at(&walk, &vtd_second_stage, &rules, 0, table_at(0), PT_READ, IOVA, PT_READ);
	walk_finish(&walk, memory);
	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.permissions, PT_READ);
}
END_TEST

/* The same words judged by walk_feed alone, and by walk_passes first. */
static void agree(const struct pt_format *format, const uint64_t words[], unsigned access, uint64_t seed)
{
	struct walk slow, quick;

	walk_begin(&slow, format, &rules, table_at(4), IOVA, access);
	walk_begin(&quick, format, &rules, table_at(4), IOVA, access);
	for (unsigned i = 0; walk_wants_read(&slow); i++) {
		walk_feed(&slow, words[i]);
		if (!walk_passes(&quick, words[i]))
			walk_feed(&quick, words[i]);
		ck_assert_msg(slow.state == quick.state && slow.reads == quick.reads && slow.level == quick.level &&
				      slow.table == quick.table && slow.permissions == quick.permissions &&
				      slow.want_address == quick.want_address,
			      "seed %ju read %u of %s", (uintmax_t)seed, i, format->name);
	}
	if (walk_wants_update(&slow))
		ck_assert_msg(slow.want_desired == quick.want_desired && slow.want_expected == quick.want_expected,
			      "seed %ju", (uintmax_t)seed);
	else
		ck_assert_msg(slow.status == quick.status &&
				      (slow.status == WALK_OK ? slow.output == quick.output
							      : slow.fault_level == quick.fault_level),
			      "seed %ju", (uintmax_t)seed);
}

START_TEST(to_pass_the_usual_table_entries_first_changes_nothing)
{
	static const struct pt_format *const formats[] = { &vtd_first_stage, &vtd_second_stage };

	for (uint64_t seed = 0; seed < 20000; seed++) {
		const struct pt_format *format = formats[seed % 2];
		struct random random;
		uint64_t words[5];

		random_init(&random, seed);
		rules.accessed_dirty = random_below(&random, 2);
		rules.extended_accessed = random_below(&random, 2);
		/* What a driver writes, often with one bit turned over, or two. */
		for (unsigned i = 0; i < 5; i++) {
			words[i] = format->make_table(&rules, random_below(&random, 1 << 20) * PAGE_BYTES);
			if (rules.accessed_dirty && random_below(&random, 4))
				words[i] |= VTD_SSPDE_A;
			for (unsigned bits = 0; bits < 2; bits++)
				if (random_below(&random, 8) == 0)
					words[i] ^= UINT64_C(1) << random_below(&random, 64);
		}
		agree(format, words, random_below(&random, 2) ? PT_READ : PT_RW | PT_USER, seed);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("walk");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_walk_reads_one_word_per_level);
	tcase_add_test(tests, a_walk_says_which_word_it_wants);
	tcase_add_test(tests, two_walks_may_be_under_way_at_once);
	tcase_add_test(tests, a_hole_stops_the_walk_at_its_level);
	tcase_add_test(tests, a_reserved_bit_stops_the_walk_at_its_level);
	tcase_add_test(tests, every_level_must_grant_the_access);
	tcase_add_test(tests, a_write_only_page_takes_writes);
	tcase_add_test(tests, a_page_that_is_neither_readable_nor_writable_in_the_end_is_absent);
	tcase_add_test(tests, a_missing_translation_outranks_a_missing_permission);
	tcase_add_test(tests, an_address_out_of_range_reads_nothing);
	tcase_add_test(tests, the_upper_half_of_canonical_addresses_uses_the_upper_entries);
	tcase_add_test(tests, a_user_request_needs_user_entries_at_every_level);
	tcase_add_test(tests, a_supervisor_write_honours_read_only_pages_with_write_protect_only);
	tcase_add_test(tests, an_execute_request_needs_every_level_without_execute_disable);
	tcase_add_test(tests, accessed_is_set_at_every_level_and_dirty_in_the_leaf_of_a_write);
	tcase_add_test(tests, the_second_stage_keeps_flags_when_told);
	tcase_add_test(tests, flags_that_are_set_need_no_update);
	tcase_add_test(tests, an_update_names_the_word_before_and_after);
	tcase_add_test(tests, a_failed_update_reads_the_word_again);
	tcase_add_test(tests, a_permission_fault_leaves_the_flags_of_the_leaf_alone);
	tcase_add_test(tests, a_walk_begun_at_a_known_table_reads_the_rest);
	tcase_add_test(tests, permissions_known_from_above_count);
	tcase_add_test(tests, to_pass_the_usual_table_entries_first_changes_nothing);
	return run_case(tests, "walk");
}
