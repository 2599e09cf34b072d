/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/software/viommu_bench.h"
#include "tests/suite.h"

START_TEST(each_leaf_that_appeared_is_one_map_call)
{
	guest_map(0x8000, 0x40000, 0x3000, RW);
	invalidate_pages(DID, 0x8000, 2);
	ck_assert_uint_eq(call_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		expect(i, VIOMMU_MAP, 0x8000 + i * 0x1000, 0x1000);
		ck_assert_uint_eq(calls[i].gpa, 0x40000 + i * 0x1000);
		ck_assert_uint_eq(calls[i].permissions, RW);
		ck_assert_uint_eq(calls[i].space, 0);
	}
}
END_TEST

START_TEST(one_page_costs_one_read_per_level_and_two_structures)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(command.entries_read, 4);
	ck_assert_uint_eq(command.structures_read, 2);
	invalidate_pages(DID, 0x8000, 3);
	ck_assert_uint_eq(command.entries_read, 3 + 8);
}
END_TEST

START_TEST(a_descriptor_for_what_is_known_already_gives_no_call)
{
	guest_map(0x8000, 0x40000, 0x2000, RW);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 2);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 3 + 2);
}
END_TEST

START_TEST(a_leaf_that_went_is_one_unmap_call)
{
	guest_map(0x8000, 0x40000, 0x2000, RW);
	guest_map(0x20000, 0x40000, 0x1000, RW); /* keeps the tables */
	invalidate_pages(DID, 0, 6);
	guest_unmap(0x8000, 0x1000);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_UNMAP, 0x8000, 0x1000);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(a_table_that_went_is_one_unmap_call_for_all_that_it_covered)
{
	guest_map(0x200000, 0x40000, 0x1000, RW);
	guest_map(0x208000, 0x50000, 0x1000, RW);
	invalidate_pages(DID, 0x200000, 9);
	ck_assert_uint_eq(call_count, 2);
	guest_map(0, 0, 0x1000, RW); /* keeps the level above */
	guest_unmap(0x200000, 0x200000);
	invalidate_pages(DID, 0x200000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_UNMAP, 0x200000, 0x200000);
	ck_assert_uint_eq(command.entries_read, 3);
	ck_assert_uint_eq(viommu.space[0].mapped.count, 0);
}
END_TEST

START_TEST(a_leaf_that_changed_is_unmapped_and_then_mapped)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	guest_unmap(0x8000, 0x1000);
	guest_map(0x8000, 0x77000, 0x1000, PT_READ);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 2);
	expect(0, VIOMMU_UNMAP, 0x8000, 0x1000);
	expect(1, VIOMMU_MAP, 0x8000, 0x1000);
	ck_assert_uint_eq(calls[1].gpa, 0x77000);
	ck_assert_uint_eq(calls[1].permissions, PT_READ);
}
END_TEST

START_TEST(a_large_leaf_is_one_call_from_any_page_inside)
{
	guest_map(0x400000, 0x600000, 0x200000, RW);
	invalidate_pages(DID, 0x5ff000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x400000, 0x200000);
	ck_assert_uint_eq(calls[0].gpa, 0x600000);
	ck_assert_uint_eq(command.entries_read, 3);
}
END_TEST

START_TEST(a_leaf_of_another_size_at_the_same_place_is_a_change)
{
	guest_map(0x400000, 0x600000, 0x1000, RW);
	invalidate_pages(DID, 0x400000, 0);
	guest_unmap(0x400000, 0x200000);
	guest_map(0x400000, 0x600000, 0x200000, RW);
	invalidate_pages(DID, 0x400000, 0);
	ck_assert_uint_eq(call_count, 2);
	expect(0, VIOMMU_UNMAP, 0x400000, 0x200000);
	expect(1, VIOMMU_MAP, 0x400000, 0x200000);
}
END_TEST

START_TEST(a_write_only_leaf_is_mapped_readable_too)
{
	guest_map(0x8000, 0x40000, 0x1000, PT_WRITE);
	guest_map(0x9000, 0x40000, 0x1000, PT_READ);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(calls[0].permissions, RW);
	ck_assert_uint_eq(calls[1].permissions, PT_READ);
}
END_TEST

START_TEST(permissions_of_the_tables_above_count)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);

	/* Bit 1 is W; the root's first entry loses it. */
	view_write64(guest, table.root, view_read64(guest, table.root) & ~UINT64_C(2));
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(calls[0].permissions, PT_READ);
}
END_TEST

START_TEST(an_entry_with_a_reserved_bit_is_passed_over)
{
	phys_t leaf_table;

	guest_map(0x8000, 0x40000, 0x2000, RW);
	leaf_table = view_read64(guest, view_read64(guest, view_read64(guest, table.root) & ~UINT64_C(0xfff)) &
						~UINT64_C(0xfff)) &
		     ~UINT64_C(0xfff);
	/* An output address beyond the host address width of 39 bits. */
	view_write64(guest, leaf_table + 8 * 8, view_read64(guest, leaf_table + 8 * 8) | UINT64_C(1) << 45);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x9000, 0x1000);
}
END_TEST

START_TEST(another_domain_is_left_alone)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID + 1, 0x8000, 0);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 0);
	ck_assert_uint_eq(command.structures_read, 2);
	invalidate_domain(DID + 1);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(each_device_of_the_domain_gets_its_own_calls)
{
	ck_assert_uint_eq(viommu_add(&viommu, SID + 8), 1);
	ck_assert_uint_eq(viommu_add(&viommu, SID + 16), 2);
	set_context(SID + 8, table.root, 2, DID);
	set_context(SID + 16, table.root, 2, DID + 1);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 2);
	ck_assert_uint_eq(calls[0].space, 0);
	ck_assert_uint_eq(calls[1].space, 1);
	run(2 | 1 << 4, 0); /* global */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 2);
}
END_TEST

START_TEST(a_domain_selective_descriptor_finds_every_leaf)
{
	guest_map(0, 0x40000, 0x1000, RW);
	guest_map(0x7ffffffff000, 0x41000, 0x1000, RW);
	guest_map(0x8000000000, 0x200000, 0x200000, RW);
	guest_map(0xfffffffff000, 0x42000, 0x1000, RW);
	invalidate_domain(DID);
	ck_assert_uint_eq(call_count, 4);
	expect(0, VIOMMU_MAP, 0, 0x1000);
	expect(1, VIOMMU_MAP, 0x8000000000, 0x200000);
	expect(2, VIOMMU_MAP, 0x7ffffffff000, 0x1000);
	expect(3, VIOMMU_MAP, 0xfffffffff000, 0x1000);
}
END_TEST

START_TEST(a_three_level_table_is_walked_from_its_own_top)
{
	struct page_table small;
	struct pt_rules three = rules;
	struct map_work work = { 0 };

	three.levels = 3;
	three.input_width_lg2 = 39;
	ck_assert_int_eq(page_table_init(&small, &vtd_second_stage, &three, guest, &frames), MAP_OK);
	ck_assert_int_eq(page_table_map(&small, 0x7ffffff000, 0x40000, 0x1000, RW, 30, &work), MAP_OK);
	set_context(SID, small.root, 1, DID);
	invalidate_pages(DID, 0x7ffffff000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x7ffffff000, 0x1000);
	ck_assert_uint_eq(command.entries_read, 3);
	invalidate_pages(DID, 0x8000000000, 0); /* beyond what the table translates */
	ck_assert_uint_eq(command.entries_read, 0);
	page_table_fini(&small);
}
END_TEST

START_TEST(a_device_that_left_its_domain_loses_everything_in_aligned_pieces)
{
	iova_t next = 0;

	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_domain(DID);
	set_context(SID, 0, 0, 0);
	run(1 | 3 << 4 | (uint64_t)DID << 16 | (uint64_t)SID << 32, 0);
	for (unsigned i = 0; i < call_count; i++) {
		if (next == 0xfee00000)
			next = 0xfef00000;
		expect(i, VIOMMU_UNMAP, next, calls[i].bytes);
		ck_assert_uint_eq(calls[i].bytes & (calls[i].bytes - 1), 0);
		ck_assert_uint_eq(next & (calls[i].bytes - 1), 0);
		next += calls[i].bytes;
	}
	ck_assert_uint_eq(next, UINT64_C(1) << 48);
	/* 0..0xfee00000: one piece per set bit, 10; then 1 MiB, 16 MiB, and 4 GiB doubling up to 2^47: 18. */
	ck_assert_uint_eq(call_count, 28);
	ck_assert_uint_eq(viommu.space[0].mapped.count, 0);
	set_context(SID, table.root, 2, DID);
	run(1 | 3 << 4 | (uint64_t)DID << 16 | (uint64_t)SID << 32, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x8000, 0x1000);
}
END_TEST

START_TEST(a_device_selective_context_descriptor_heeds_its_function_mask)
{
	ck_assert_uint_eq(viommu_add(&viommu, SID + 4), 1); /* function 4 of the same device */
	set_context(SID + 4, table.root, 2, DID);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	run(1 | 3 << 4 | (uint64_t)(SID + 4) << 32, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 1);
	run(1 | 3 << 4 | (uint64_t)(SID + 4) << 32 | UINT64_C(1) << 48, 0); /* function bit 2 is left out */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 0);
}
END_TEST

START_TEST(without_a_root_table_nothing_is_read)
{
	viommu_set_root(&viommu, PHYS_NONE);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.structures_read, 0);
}
END_TEST

START_TEST(a_wait_writes_its_status_where_the_guest_said_and_nowhere_else)
{
	uint64_t word[2] = { 5 | 1 << 5 | UINT64_C(0xcafe0002) << 32, 0x3004 };

	view_write64(guest, 0x3000, 0x1111111122222222);
	viommu_begin(&viommu, &command, word);
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0x1111111122222222);
	ck_assert(!command.interrupt);
	ck_assert(!viommu_next(&viommu, &command, &calls[0]));
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0xcafe000222222222);
	word[0] = 5 | 1 << 5 | UINT64_C(3) << 32;
	word[1] = 0x3000;
	viommu_begin(&viommu, &command, word);
	ck_assert(!viommu_next(&viommu, &command, &calls[0]));
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0xcafe000200000003);
}
END_TEST

START_TEST(a_wait_for_an_interrupt_only_writes_nothing)
{
	run(5 | 1 << 4 | UINT64_C(1) << 32, 0x3000);
	ck_assert(command.interrupt);
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0);
}
END_TEST

START_TEST(reserved_types_and_granularities_are_invalid)
{
	static const uint64_t words[][2] = { { 0, 0 }, { 10, 0 },          { 1, 0 },
					     { 2, 0 }, { 2 | 3 << 4, 19 }, { 6 | 1 << 4, 0 },
					     { 6, 0 }, { 7 | 2 << 4, 0 },  { 2 | 1 << 9, 0 } };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		run(words[i][0], words[i][1]);
		ck_assert_msg(command.kind == VIOMMU_INVALID, "descriptor %u", i);
		ck_assert_uint_eq(call_count, 0);
	}
	run(3, 0);
	ck_assert_int_eq(command.kind, VIOMMU_OTHER);
	run(2 | 3 << 4, 18);
	ck_assert_int_eq(command.kind, VIOMMU_IOTLB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viommu shadow");
	TCase *test = tcase_create("viommu shadow");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, each_leaf_that_appeared_is_one_map_call);
	tcase_add_test(test, one_page_costs_one_read_per_level_and_two_structures);
	tcase_add_test(test, a_descriptor_for_what_is_known_already_gives_no_call);
	tcase_add_test(test, a_leaf_that_went_is_one_unmap_call);
	tcase_add_test(test, a_table_that_went_is_one_unmap_call_for_all_that_it_covered);
	tcase_add_test(test, a_leaf_that_changed_is_unmapped_and_then_mapped);
	tcase_add_test(test, a_large_leaf_is_one_call_from_any_page_inside);
	tcase_add_test(test, a_leaf_of_another_size_at_the_same_place_is_a_change);
	tcase_add_test(test, a_write_only_leaf_is_mapped_readable_too);
	tcase_add_test(test, permissions_of_the_tables_above_count);
	tcase_add_test(test, an_entry_with_a_reserved_bit_is_passed_over);
	tcase_add_test(test, another_domain_is_left_alone);
	tcase_add_test(test, each_device_of_the_domain_gets_its_own_calls);
	tcase_add_test(test, a_domain_selective_descriptor_finds_every_leaf);
	tcase_add_test(test, a_three_level_table_is_walked_from_its_own_top);
	tcase_add_test(test, a_device_that_left_its_domain_loses_everything_in_aligned_pieces);
	tcase_add_test(test, a_device_selective_context_descriptor_heeds_its_function_mask);
	tcase_add_test(test, without_a_root_table_nothing_is_read);
	tcase_add_test(test, a_wait_writes_its_status_where_the_guest_said_and_nowhere_else);
	tcase_add_test(test, a_wait_for_an_interrupt_only_writes_nothing);
	tcase_add_test(test, reserved_types_and_granularities_are_invalid);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
