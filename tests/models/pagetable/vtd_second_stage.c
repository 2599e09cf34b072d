/* SPDX-License-Identifier: Apache-2.0 */
/* Expected words: [VTD] "Second-Stage Paging Entries", and the recorded sets named beside them. */
#include "models/pagetable/vtd_second_stage.h"

#include <check.h>
#include <stdlib.h>

#include "tests/models/pagetable/tables.h"

static const struct pt_format *const format = &vtd_second_stage;

static struct pt_entry decoded(const struct pt_rules *rules, uint64_t word, unsigned level)
{
	struct pt_entry entry;

	format->decode(rules, word, level, &entry);
	return entry;
}

START_TEST(leaves_are_the_words_that_linux_wrote)
{
	struct pt_rules rules = rules_of(4);

	/* Q-vtd-oracle-strict-cm, snap-s1, devices 00:03.0 and 00:04.0 */
	ck_assert_uint_eq(format->make_leaf(&rules, 0x13aa65000, 0, PT_RW), 0x000000013aa65003);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x102c30000, 0, PT_RW), 0x0000000102c30003);
	/* S-vtd-superpage-strict-cm, snap-s1 */
	ck_assert_uint_eq(format->make_leaf(&rules, 0x12d800000, 1, PT_READ), 0x000000012d800081);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x12d1a5000, 0, PT_RW), 0x000000012d1a5003);
}
END_TEST

START_TEST(tables_are_the_words_that_linux_wrote)
{
	struct pt_rules rules = rules_of(4);

	/* Q-vtd-oracle-strict-cm, snap-s1, 00:03.0: the path to IOVA ffefd000 */
	ck_assert_uint_eq(format->make_table(&rules, 0x101d2c000), 0x0000000101d2c003);
	ck_assert_uint_eq(format->make_table(&rules, 0x101d2b000), 0x0000000101d2b003);
	ck_assert_uint_eq(format->make_table(&rules, 0x101d2a000), 0x0000000101d2a003);
}
END_TEST

START_TEST(leaves_have_the_bits_of_the_specification)
{
	struct pt_rules rules = rules_of(4);

	ck_assert_uint_eq(format->make_leaf(&rules, 0x40000000, 2, PT_RW), 0x40000083);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x5000, 0, PT_WRITE), 0x5002);
	rules.force_snoop = true;
	ck_assert_uint_eq(format->make_leaf(&rules, 0x5000, 0, PT_READ), 0x5801);
	ck_assert_uint_eq(format->make_leaf(&rules, 0x200000, 1, PT_RW), 0x200883);
	ck_assert_uint_eq(format->make_table(&rules, 0x7000), 0x7003);
}
END_TEST

START_TEST(a_leaf_decodes_to_its_page)
{
	struct pt_rules rules = rules_of(4);
	struct pt_entry entry = decoded(&rules, 0x0000000102c30803, 0);

	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.address, 0x102c30000);
	ck_assert_uint_eq(entry.permissions, PT_READ | PT_WRITE | PT_EXECUTE | PT_USER);
	ck_assert(entry.snoop && !entry.accessed && !entry.dirty);

	entry = decoded(&rules, 0x000000012d800381, 1);
	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.address, 0x12d800000);
	ck_assert_uint_eq(entry.permissions, PT_READ | PT_EXECUTE | PT_USER);
	ck_assert(!entry.snoop && entry.accessed && entry.dirty);

	entry = decoded(&rules, 0x2, 0);
	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.permissions, PT_WRITE | PT_USER);
}
END_TEST

START_TEST(an_entry_without_r_and_w_is_absent_whatever_else_it_says)
{
	struct pt_rules rules = rules_of(5);

	for (unsigned level = 0; level < 5; level++) {
		ck_assert_int_eq(decoded(&rules, 0, level).kind, PT_NOT_PRESENT);
		ck_assert_int_eq(decoded(&rules, ~UINT64_C(3), level).kind, PT_NOT_PRESENT);
	}
}
END_TEST

/* Which single bits make a present entry invalid: the list in [VTD] "Second-Stage Translation". */
static void check_reserved(const struct pt_rules *rules, unsigned level, uint64_t word, uint64_t expected)
{
	ck_assert(decoded(rules, word, level).kind != PT_RESERVED_BIT);
	for (unsigned bit = 2; bit < 64; bit++) {
		bool reserved = decoded(rules, word ^ BIT64(bit), level).kind == PT_RESERVED_BIT;

		ck_assert_msg(reserved == (expected >> bit & 1), "level %u word %llx bit %u: reserved is %d", level,
			      (unsigned long long)word, bit, reserved);
	}
}

START_TEST(each_reserved_bit_is_found_at_each_level)
{
	struct pt_rules rules = rules_of(5);

	rules.output_width_lg2 = 39;
	check_reserved(&rules, 4, 0x40000003, 0x400fff8000000880);
	check_reserved(&rules, 3, 0x40000003, 0x400fff8000000880);
	check_reserved(&rules, 2, 0x40000003, 0x400fff8000000800);
	check_reserved(&rules, 2, 0x40000083, 0x400fff803ffff000);
	check_reserved(&rules, 1, 0x40000003, 0x400fff8000000800);
	check_reserved(&rules, 1, 0x40000083, 0x400fff80001ff000);
	check_reserved(&rules, 0, 0x40000003, 0x400fff8000000000);
	rules.output_width_lg2 = 52;
	check_reserved(&rules, 0, 0x40000003, 0x4000000000000000);
}
END_TEST

START_TEST(snoop_is_reserved_in_leaves_without_snoop_control)
{
	struct pt_rules rules = rules_of(5);

	rules.snoop_reserved = true;
	check_reserved(&rules, 2, 0x40000083, 0x400fc0003ffff800);
	check_reserved(&rules, 1, 0x40000083, 0x400fc000001ff800);
	check_reserved(&rules, 0, 0x40000003, 0x400fc00000000800);
}
END_TEST

START_TEST(page_size_is_reserved_where_large_pages_are_not_supported)
{
	struct pt_rules rules = rules_of(4);

	rules.size_1g = false;
	check_reserved(&rules, 2, 0x40000003, 0x400fc00000000880);
	check_reserved(&rules, 1, 0x40000003, 0x400fc00000000800);
	rules.size_2m = false;
	check_reserved(&rules, 1, 0x40000003, 0x400fc00000000880);
	check_reserved(&rules, 0, 0x40000003, 0x400fc00000000000);
}
END_TEST

START_TEST(input_addresses_end_at_the_width)
{
	static const unsigned widths[] = { 30, 39, 48, 57 };

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		struct pt_rules rules = rules_of(widths[i] <= 39 ? 3 : widths[i] == 48 ? 4 : 5);

		rules.input_width_lg2 = widths[i];
		ck_assert(format->in_range(&rules, 0));
		ck_assert(format->in_range(&rules, BIT64(widths[i]) - 1));
		ck_assert(!format->in_range(&rules, BIT64(widths[i])));
		ck_assert(!format->in_range(&rules, UINT64_MAX));
	}
}
END_TEST

START_TEST(flags_are_kept_only_when_enabled)
{
	struct pt_rules rules = rules_of(4);
	struct pt_entry leaf = decoded(&rules, 0x5003, 0), table = decoded(&rules, 0x5003, 1);

	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5003, &leaf, true), 0);
	rules.accessed_dirty = true;
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5003, &leaf, false), 0x100);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5003, &leaf, true), 0x300);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5103, &leaf, true), 0x200);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5303, &leaf, true), 0);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5003, &table, true), 0x100);
	ck_assert_uint_eq(format->flags_to_set(&rules, 0x5103, &table, true), 0);
}
END_TEST

/* SSIRWE: IR (61) and IW (62) say what R and W said, at every level; IW is no longer reserved. */
START_TEST(io_permissions_stand_in_bits_61_and_62)
{
	const uint64_t io_read = UINT64_C(1) << 61, io_write = UINT64_C(1) << 62;
	struct pt_rules rules = rules_of(4);

	ck_assert_int_eq(decoded(&rules, 0x5003 | io_read, 0).kind, PT_LEAF);
	ck_assert_int_eq(decoded(&rules, 0x5003 | io_write, 0).kind, PT_RESERVED_BIT);
	rules.io_permissions = true;
	for (unsigned level = 0; level < 4; level++) {
		ck_assert_int_eq(decoded(&rules, 0x5003, level).kind, PT_NOT_PRESENT);
		ck_assert_uint_eq(decoded(&rules, 0x5002 | io_read, level).permissions, PT_READ | PT_EXECUTE | PT_USER);
		ck_assert_uint_eq(decoded(&rules, 0x5001 | io_write, level).permissions, PT_WRITE | PT_USER);
		ck_assert_int_ne(decoded(&rules, 0x5000 | io_write, level).kind, PT_RESERVED_BIT);
	}
	ck_assert_uint_eq(vtd_second_stage.make_leaf(&rules, 0x5000, 0, PT_READ), 0x5000 | io_read);
	ck_assert_uint_eq(vtd_second_stage.make_leaf(&rules, 0x200000, 1, PT_RW), 0x200080 | io_read | io_write);
	ck_assert_uint_eq(vtd_second_stage.make_table(&rules, 0x5000), 0x5000 | io_read | io_write);
}
END_TEST

/* SSEE: X (2) beside R. */
START_TEST(execution_takes_bit_2_only_when_enabled)
{
	struct pt_rules rules = rules_of(4);

	ck_assert_uint_eq(decoded(&rules, 0x5001, 0).permissions, PT_READ | PT_EXECUTE | PT_USER);
	rules.execute_permission = true;
	ck_assert_uint_eq(decoded(&rules, 0x5001, 0).permissions, PT_READ | PT_USER);
	ck_assert_uint_eq(decoded(&rules, 0x5005, 0).permissions, PT_READ | PT_EXECUTE | PT_USER);
	ck_assert_uint_eq(decoded(&rules, 0x5006, 0).permissions, PT_WRITE | PT_USER);
	ck_assert_uint_eq(vtd_second_stage.make_leaf(&rules, 0x5000, 0, PT_READ | PT_EXECUTE), 0x5005);
	ck_assert_uint_eq(vtd_second_stage.make_leaf(&rules, 0x5000, 0, PT_READ), 0x5001);
	ck_assert_uint_eq(vtd_second_stage.make_table(&rules, 0x5000), 0x5007);
}
END_TEST

/* A walk that would write where it may: D is set where W is granted, and a read-only page is no fault. */
START_TEST(a_write_if_granted_sets_the_dirty_flag_where_it_is)
{
	struct memory *memory = memory_create();
	struct pt_rules rules = rules_of(3);

	rules.accessed_dirty = true;
	memory_write64(memory, 0x1000, 0x2003);
	memory_write64(memory, 0x2000, 0x3003);
	memory_write64(memory, 0x3000, 0x5003);
	memory_write64(memory, 0x3008, 0x6001);
	for (iova_t iova = 0; iova < 0x2000; iova += 0x1000) {
		struct walk walk = walk_now(memory, format, &rules, 0x1000, iova, PT_USER | PT_WRITE_IF_GRANTED);

		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.output, 0x5000 + iova);
		ck_assert_uint_eq(walk.reads, 3);
	}
	ck_assert_uint_eq(memory_read64(memory, 0x3000), 0x5303);
	ck_assert_uint_eq(memory_read64(memory, 0x3008), 0x6101);
	memory_destroy(memory);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("second stage");

	tcase_add_test(tests, leaves_are_the_words_that_linux_wrote);
	tcase_add_test(tests, tables_are_the_words_that_linux_wrote);
	tcase_add_test(tests, leaves_have_the_bits_of_the_specification);
	tcase_add_test(tests, a_leaf_decodes_to_its_page);
	tcase_add_test(tests, an_entry_without_r_and_w_is_absent_whatever_else_it_says);
	tcase_add_test(tests, each_reserved_bit_is_found_at_each_level);
	tcase_add_test(tests, snoop_is_reserved_in_leaves_without_snoop_control);
	tcase_add_test(tests, page_size_is_reserved_where_large_pages_are_not_supported);
	tcase_add_test(tests, input_addresses_end_at_the_width);
	tcase_add_test(tests, flags_are_kept_only_when_enabled);
	tcase_add_test(tests, io_permissions_stand_in_bits_61_and_62);
	tcase_add_test(tests, execution_takes_bit_2_only_when_enabled);
	tcase_add_test(tests, a_write_if_granted_sets_the_dirty_flag_where_it_is);
	return run_case(tests, "second stage");
}
