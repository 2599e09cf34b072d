/* SPDX-License-Identifier: Apache-2.0 */
/* Expected words: [VTD] "First-Stage Paging Entries", and the recorded set F2-vtd-scalable-fl. */
#include "models/pagetable/vtd_first_stage.h"

#include <check.h>
#include <stdlib.h>

#include "tests/models/pagetable/tables.h"

static const struct pt_format *const format = &vtd_first_stage;

static struct pt_entry decoded(const struct pt_rules *rules, uint64_t word, unsigned level)
{
	struct pt_entry entry;

	format->decode(rules, word, level, &entry);
	return entry;
}

START_TEST(leaves_are_the_words_that_linux_wrote)
{
	struct pt_rules rules = rules_of(4);

	/* F2-vtd-scalable-fl, snap-s1, devices 00:03.0 and 00:04.0 */
	ck_assert_uint_eq(format->make_leaf(&rules, 0x12eb11000, 0, PT_RW | PT_USER), 0x000000012eb11067);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x102f02000, 0, PT_READ | PT_USER), 0x0000000102f02025);
}
END_TEST

START_TEST(tables_are_the_words_that_linux_wrote)
{
	struct pt_rules rules = rules_of(4);

	/* F2-vtd-scalable-fl, snap-s1, 00:03.0: the path to IOVA ffefd000 */
	ck_assert_uint_eq(format->make_table(&rules, 0x135af9000), 0x0000000135af9027);
	ck_assert_uint_eq(format->make_table(&rules, 0x135af8000), 0x0000000135af8027);
	ck_assert_uint_eq(format->make_table(&rules, 0x135af7000), 0x0000000135af7027);
}
END_TEST

START_TEST(leaves_have_the_bits_of_the_specification)
{
	struct pt_rules rules = rules_of(4);

	ck_assert_uint_eq(format->make_leaf(&rules, 0x200000, 1, PT_RW | PT_USER), 0x2000e7);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x40000000, 2, PT_READ | PT_USER), 0x400000a5);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x5000, 0, PT_RW), 0x5063);
	rules.execute_disable = true;
	ck_assert_uint_eq(format->make_leaf(&rules, 0x5000, 0, PT_RW | PT_USER), 0x8000000000005067);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x5000, 0, PT_RW | PT_USER | PT_EXECUTE), 0x5067);
}
END_TEST

START_TEST(a_leaf_decodes_to_its_page)
{
	struct pt_rules rules = rules_of(4);
	struct pt_entry entry = decoded(&rules, 0x0000000102f02067, 0);

	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.address, 0x102f02000);
	ck_assert_uint_eq(entry.permissions, PT_READ | PT_WRITE | PT_EXECUTE | PT_USER);
	ck_assert(entry.accessed && entry.dirty && !entry.snoop);

	entry = decoded(&rules, 0x0000000102e01081, 1); /* PAT is no address bit */
	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.address, 0x102e00000);
	ck_assert_uint_eq(entry.permissions, PT_READ | PT_EXECUTE);
	ck_assert(!entry.accessed && !entry.dirty);
}
END_TEST

START_TEST(execute_disable_counts_only_when_enabled)
{
	struct pt_rules rules = rules_of(4);
	uint64_t word = 0x8000000000005067;

	ck_assert_int_eq(decoded(&rules, word, 0).kind, PT_LEAF);
	ck_assert_uint_eq(decoded(&rules, word, 0).permissions, PT_RW | PT_EXECUTE | PT_USER);
	rules.execute_disable = true;
	ck_assert_uint_eq(decoded(&rules, word, 0).permissions, PT_RW | PT_USER);
}
END_TEST

START_TEST(an_entry_without_p_is_absent_whatever_else_it_says)
{
	struct pt_rules rules = rules_of(5);

	for (unsigned level = 0; level < 5; level++) {
		ck_assert_int_eq(decoded(&rules, 0, level).kind, PT_NOT_PRESENT);
		ck_assert_int_eq(decoded(&rules, ~UINT64_C(1), level).kind, PT_NOT_PRESENT);
	}
}
END_TEST

/* Which single bits make a present entry invalid: the list in [VTD] "First-Stage Translation". */
static void check_reserved(const struct pt_rules *rules, unsigned level, uint64_t word, uint64_t expected)
{
	ck_assert(decoded(rules, word, level).kind != PT_RESERVED_BIT);
	for (unsigned bit = 1; bit < 64; bit++) {
		bool reserved = decoded(rules, word ^ BIT64(bit), level).kind == PT_RESERVED_BIT;

		ck_assert_msg(reserved == (expected >> bit & 1), "level %u word %llx bit %u: reserved is %d", level,
			      (unsigned long long)word, bit, reserved);
	}
}

START_TEST(each_reserved_bit_is_found_at_each_level)
{
	struct pt_rules rules = rules_of(5);

	rules.output_width_lg2 = 39;
	check_reserved(&rules, 4, 0x40000007, 0x000fff8000000080);
	check_reserved(&rules, 3, 0x40000007, 0x000fff8000000080);
	check_reserved(&rules, 2, 0x40000007, 0x000fff8000000000);
	check_reserved(&rules, 2, 0x40000087, 0x000fff803fffe000);
	check_reserved(&rules, 1, 0x40000007, 0x000fff8000000000);
	check_reserved(&rules, 1, 0x40000087, 0x000fff80001fe000);
	check_reserved(&rules, 0, 0x40000007, 0x000fff8000000000);
	rules.output_width_lg2 = 52;
	check_reserved(&rules, 0, 0x40000007, 0);
}
END_TEST

START_TEST(page_size_of_a_pdpe_is_reserved_without_1_gib_pages)
{
	struct pt_rules rules = rules_of(4);

	rules.size_1g = false;
	rules.size_2m = false; /* which every unit has in the first stage, so this changes nothing */
	check_reserved(&rules, 2, 0x40000007, 0x000fc00000000080);
	check_reserved(&rules, 1, 0x40000007, 0x000fc00000000000);
}
END_TEST

START_TEST(input_addresses_are_canonical)
{
	struct pt_rules rules = rules_of(4);

	ck_assert(format->in_range(&rules, 0x00007fffffffffff));
	ck_assert(!format->in_range(&rules, 0x0000800000000000));
	ck_assert(!format->in_range(&rules, 0xffff7fffffffffff));
	ck_assert(format->in_range(&rules, 0xffff800000000000));
	ck_assert(format->in_range(&rules, UINT64_MAX));
	ck_assert(!format->in_range(&rules, 0x7fff800000000000));

	rules = rules_of(5);
	ck_assert(format->in_range(&rules, 0x00ffffffffffffff));
	ck_assert(!format->in_range(&rules, 0x0100000000000000));
	ck_assert(!format->in_range(&rules, 0xfeffffffffffffff));
	ck_assert(format->in_range(&rules, 0xff00000000000000));
}
END_TEST

START_TEST(flags_are_set_where_they_are_clear)
{
	struct pt_rules rules = rules_of(4);
	struct pt_entry leaf = decoded(&rules, 0x5007, 0), table = decoded(&rules, 0x5007, 1);

	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5007, &leaf, true), 0);
	rules.accessed_dirty = true;
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5007, &leaf, false), 0x20);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5007, &leaf, true), 0x60);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5067, &leaf, true), 0);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5007, &table, true), 0x20);
	rules.extended_accessed = true;
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5067, &leaf, true), 0x400);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5007, &table, false), 0x420);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5467, &leaf, true), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("first stage");

	tcase_add_test(tests, leaves_are_the_words_that_linux_wrote);
	tcase_add_test(tests, tables_are_the_words_that_linux_wrote);
	tcase_add_test(tests, leaves_have_the_bits_of_the_specification);
	tcase_add_test(tests, a_leaf_decodes_to_its_page);
	tcase_add_test(tests, execute_disable_counts_only_when_enabled);
	tcase_add_test(tests, an_entry_without_p_is_absent_whatever_else_it_says);
	tcase_add_test(tests, each_reserved_bit_is_found_at_each_level);
	tcase_add_test(tests, page_size_of_a_pdpe_is_reserved_without_1_gib_pages);
	tcase_add_test(tests, input_addresses_are_canonical);
	tcase_add_test(tests, flags_are_set_where_they_are_clear);
	return run_case(tests, "first stage");
}
