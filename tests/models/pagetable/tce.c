/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCEs word by word and tables of each shape.  Words are typed from [LINUX] arch/powerpc/include/asm/tce.h and
 * pci-ioda-tce.c; how indexes are cut from an address is arithmetic of the test's own.
 */
#include "models/pagetable/tce.h"

#include <check.h>

#include "models/base/random.h"
#include "models/memory/memory.h"
#include "tests/models/pagetable/tables.h"

static struct pt_entry decoded(uint64_t word, unsigned page_lg2, unsigned level)
{
	struct pt_rules rules = tce_rules(page_lg2, 9, 2, TCE_REAL_ADDRESS_BITS);
	struct pt_entry entry;

	tce_format.decode(&rules, word, level, &entry);
	return entry;
}

START_TEST(permissions_are_the_two_lowest_bits)
{
	ck_assert_int_eq(decoded(0x123456000, 12, 0).kind, PT_NOT_PRESENT);
	ck_assert_uint_eq(decoded(0x123456001, 12, 0).permissions & PT_RW, PT_READ);
	ck_assert_uint_eq(decoded(0x123456002, 12, 0).permissions & PT_RW, PT_WRITE);
	ck_assert_uint_eq(decoded(0x123456003, 12, 0).permissions & PT_RW, PT_RW);
}
END_TEST

START_TEST(the_page_size_cuts_the_real_page_number)
{
	static const struct {
		unsigned page_lg2;
		phys_t page;
	} pages[] = {
		{ 12, 0x00fedcbfffffffff & ~UINT64_C(0xfff) },
		{ 16, 0x00fedcbfffff0000 },
		{ 21, 0x00fedcbfffe00000 },
		{ 28, 0x00fedcbff0000000 },
		{ 30, 0x00fedcbfc0000000 },
	};

	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(decoded(0x00fedcbfffffffff, pages[i].page_lg2, 0).address, pages[i].page);
}
END_TEST

START_TEST(bits_11_to_2_are_ignored)
{
	ck_assert_int_eq(decoded(0xffc, 12, 0).kind, PT_NOT_PRESENT);
	ck_assert_int_eq(decoded(0x5fff, 12, 0).kind, PT_LEAF);
	ck_assert_uint_eq(decoded(0x5fff, 12, 0).address, 0x5000);
}
END_TEST

START_TEST(either_permission_makes_an_indirect_tce_valid_and_restricts_nothing)
{
	for (unsigned bits = 1; bits < 4; bits++) {
		struct pt_entry entry = decoded(0x77000 | bits, 16, 1);

		ck_assert_int_eq(entry.kind, PT_TABLE);
		ck_assert_uint_eq(entry.permissions & PT_RW, PT_RW);
		ck_assert_uint_eq(entry.address, 0x77000);
	}
	ck_assert_int_eq(decoded(0x77000, 16, 1).kind, PT_NOT_PRESENT);
}
END_TEST

START_TEST(an_address_beyond_the_units_is_refused)
{
	ck_assert_int_eq(decoded(0x00ffffffffffe003, 12, 0).kind, PT_LEAF);
	ck_assert_int_eq(decoded(0x0100000000000003, 12, 0).kind, PT_RESERVED_BIT);
	ck_assert_int_eq(decoded(0x0100000000000003, 12, 1).kind, PT_RESERVED_BIT);
}
END_TEST

START_TEST(an_entry_lies_in_memory_most_significant_byte_first)
{
	static const unsigned char bytes[] = { 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xb0, 0x03 };
	struct pt_rules rules = tce_rules(12, 9, 1, TCE_REAL_ADDRESS_BITS);
	struct memory *memory = memory_create();

	memory_write(memory, 0x8000 + 7 * 8, bytes, sizeof(bytes));

	struct walk walk = walk_now(memory, &tce_format, &rules, 0x8000, 0x7abc, PT_WRITE);

	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.output, 0x00123456789ababc);
	ck_assert_uint_eq(walk.reads, 1);
	memory_destroy(memory);
}
END_TEST

/* [LINUX] pnv_tce_build: proto_tce | rpn << page_shift; pnv_tce: indirect ones have both permissions. */
START_TEST(words_are_written_as_linux_writes_them)
{
	struct pt_rules rules = tce_rules(16, 13, 2, TCE_REAL_ADDRESS_BITS);

	ck_assert_uint_eq(tce_format.make_leaf(&rules, 0x230000, 0, PT_READ), 0x230001);
	ck_assert_uint_eq(tce_format.make_leaf(&rules, 0x230000, 0, PT_RW), 0x230003);
	ck_assert_uint_eq(tce_format.make_table(&rules, 0x450000), 0x450003);
}
END_TEST

START_TEST(a_window_ends_where_its_tables_end)
{
	struct pt_rules one = tce_rules(16, 13, 1, TCE_REAL_ADDRESS_BITS),
			three = tce_rules(12, 9, 3, TCE_REAL_ADDRESS_BITS);
	struct memory *memory = memory_create();

	ck_assert_uint_eq(one.input_width_lg2, 29);
	ck_assert_uint_eq(three.input_width_lg2, 39);
	ck_assert_int_eq(walk_now(memory, &tce_format, &one, 0x8000, 0x1fffffff, PT_READ).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(walk_now(memory, &tce_format, &one, 0x8000, 0x20000000, PT_READ).status, WALK_OUT_OF_RANGE);
	ck_assert_uint_eq(walk_now(memory, &tce_format, &one, 0x8000, 0x20000000, PT_READ).reads, 0);
	memory_destroy(memory);
}
END_TEST

/* Chains of every depth and shape for random addresses: where each index lies is told by division. */
START_TEST(a_walk_takes_each_index_from_its_bits)
{
	static const unsigned pages[] = { 12, 16, 21, 28, 30 };
	struct random random;

	random_init(&random, 1);
	for (unsigned round = 0; round < 4000; round++) {
		unsigned page_lg2 = pages[random_below(&random, 5)], levels = 1 + (unsigned)random_below(&random, 5);
		unsigned table_lg2 = 9 + (unsigned)random_below(&random, 6), width = page_lg2 + table_lg2 * levels;
		iova_t iova = random_next(&random);
		struct memory *memory = memory_create();
		phys_t table = 0x10000000;

		if (page_lg2 + table_lg2 * (levels - 1) >= 60) {
			memory_destroy(memory);
			continue;
		}
		iova &= width < 60 ? (UINT64_C(1) << width) - 1 : (UINT64_C(1) << 60) - 1;

		uint64_t page_number = iova / (UINT64_C(1) << page_lg2);

		for (unsigned level = levels; level-- > 0; table += 0x10000000) {
			uint64_t index = page_number;
			uint64_t word = level > 0 ? (table + 0x10000000) | 3 : UINT64_C(0x1234540000000) << 1 | 1;

			for (unsigned i = 0; i < level; i++)
				index /= UINT64_C(1) << table_lg2;
			index %= UINT64_C(1) << table_lg2;
			memory_write64(memory, table + index * 8, __builtin_bswap64(word));
		}

		struct pt_rules rules = tce_rules(page_lg2, table_lg2, levels, TCE_REAL_ADDRESS_BITS);
		struct walk walk = walk_now(memory, &tce_format, &rules, 0x10000000, iova, PT_READ);

		ck_assert_msg(walk.status == WALK_OK && walk.reads == levels, "round %u", round);
		ck_assert_uint_eq(walk.output, UINT64_C(0x2468a80000000) + iova % (UINT64_C(1) << page_lg2));
		ck_assert_uint_eq(walk.size_lg2, page_lg2);
		memory_destroy(memory);
	}
}
END_TEST

int main(void)
{
	return suite_run("tce", (const TTest *const[]){
					permissions_are_the_two_lowest_bits,
					the_page_size_cuts_the_real_page_number,
					bits_11_to_2_are_ignored,
					either_permission_makes_an_indirect_tce_valid_and_restricts_nothing,
					an_address_beyond_the_units_is_refused,
					an_entry_lies_in_memory_most_significant_byte_first,
					words_are_written_as_linux_writes_them,
					a_window_ends_where_its_tables_end,
					a_walk_takes_each_index_from_its_bits,
					NULL,
				});
}
