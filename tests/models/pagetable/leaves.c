/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves of tables that others wrote: found as a driver that knows its own finds them, whatever is broken in them. */
#include <check.h>

#include "models/base/bits.h"
#include "models/pagetable/leaves.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/suite.h"

#define ROOT UINT64_C(0x1000)

static struct memory *memory;
static struct pt_rules rules;

static void setup(void)
{
	memory = memory_create();
	rules = (struct pt_rules){
		.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 52, .size_2m = true, .size_1g = true
	};
}

static void teardown(void)
{
	memory_destroy(memory);
}

static bool read_word(void *argument, phys_t address, uint64_t *word)
{
	(void)argument;
	*word = memory_read64(memory, address);
	return memory_present(memory, address);
}

/* Table pages one below the other from ROOT on, the first entry of each; entry index at the last of them. */
static void chain(uint64_t flags, unsigned tables)
{
	for (unsigned i = 0; i < tables; i++)
		memory_write64(memory, ROOT + i * PAGE_BYTES, (ROOT + (i + 1) * PAGE_BYTES) | flags);
}

static struct leaves leaves;
static struct page_table_leaf leaf;

static void begin(const struct pt_format *format)
{
	leaves_begin(&leaves, format, &rules, ROOT, read_word, NULL);
}

static void expect(iova_t iova, unsigned level, phys_t address, unsigned permissions, phys_t word_address)
{
	ck_assert(leaves_next(&leaves, &leaf));
	ck_assert_uint_eq(leaf.iova, iova);
	ck_assert_uint_eq(leaf.level, level);
	ck_assert_uint_eq(leaf.entry.address, address);
	ck_assert_uint_eq(leaf.permissions & (PT_READ | PT_WRITE), permissions);
	ck_assert_uint_eq(leaf.word_address, word_address);
	ck_assert_uint_eq(leaf.word, memory_read64(memory, word_address));
}

START_TEST(leaves_of_every_size_come_in_ascending_order_with_combined_permissions)
{
	/* [VTD] "Second-Stage Paging Entries": R 0, W 1, PS 7. */
	chain(3, 3);
	memory_write64(memory, ROOT + PAGE_BYTES, (ROOT + 2 * PAGE_BYTES) | 1); /* read-only below here */
	memory_write64(memory, ROOT + 3 * PAGE_BYTES + 8 * 5, 0xabc000 | 3);
	memory_write64(memory, ROOT + 3 * PAGE_BYTES + 8 * 511, 0xdef000 | 2); /* write-only: nothing is left */
	memory_write64(memory, ROOT + 2 * PAGE_BYTES + 8 * 7, 0x4e00000 | 0x81);
	memory_write64(memory, ROOT + PAGE_BYTES + 8 * 9, 0x140000000 | 0x83);
	begin(&vtd_second_stage);
	expect(0x5000, 0, 0xabc000, PT_READ, ROOT + 3 * PAGE_BYTES + 8 * 5);
	expect(0x1ff000, 0, 0xdef000, 0, ROOT + 3 * PAGE_BYTES + 8 * 511);
	expect(0xe00000, 1, 0x4e00000, PT_READ, ROOT + 2 * PAGE_BYTES + 8 * 7);
	expect(0x240000000, 2, 0x140000000, PT_READ | PT_WRITE, ROOT + PAGE_BYTES + 8 * 9);
	ck_assert(!leaves_next(&leaves, &leaf));
}
END_TEST

START_TEST(with_io_permissions_other_bits_tell_what_is_present)
{
	/* [VTD] "Second-Stage Paging Entries": IR 61, IW 62. */
	const uint64_t read = BIT64(61), write = BIT64(62);

	rules.io_permissions = true;
	chain(read | write, 3);
	memory_write64(memory, ROOT + 3 * PAGE_BYTES, 0xabc000 | write);
	memory_write64(memory, ROOT + 3 * PAGE_BYTES + 8, 0xdef000 | 3);
	begin(&vtd_second_stage);
	expect(0, 0, 0xabc000, PT_WRITE, ROOT + 3 * PAGE_BYTES);
	ck_assert(!leaves_next(&leaves, &leaf));
}
END_TEST

START_TEST(the_upper_half_of_a_first_stage_is_canonical_and_comes_last)
{
	/* [VTD] "First-Stage Translation": bits 63:48 repeat bit 47, with 5 levels 63:57 bit 56. */
	for (rules.levels = 4; rules.levels <= 5; rules.levels++) {
		unsigned last = rules.levels - 1;
		uint64_t top = UINT64_MAX << (12 + 9 * rules.levels - 1);

		rules.input_width_lg2 = 12 + 9 * rules.levels;
		chain(7, last);
		memory_write64(memory, ROOT + 8 * 256, (ROOT + PAGE_BYTES) | 7);
		memory_write64(memory, ROOT + last * PAGE_BYTES, 0xabc000 | 0x63);
		begin(&vtd_first_stage);
		expect(0, 0, 0xabc000, PT_READ | PT_WRITE, ROOT + last * PAGE_BYTES);
		expect(top, 0, 0xabc000, PT_READ | PT_WRITE, ROOT + last * PAGE_BYTES);
		ck_assert(!leaves_next(&leaves, &leaf));
	}
}
END_TEST

START_TEST(what_is_not_in_memory_is_not_present)
{
	chain(3, 1);
	memory_write64(memory, ROOT + 8, 0x7777000 | 3); /* a table that is nowhere */
	memory_write64(memory, ROOT + PAGE_BYTES + 8, 0x40000000 | 0x83);
	begin(&vtd_second_stage);
	expect(0x40000000, 2, 0x40000000, PT_READ | PT_WRITE, ROOT + PAGE_BYTES + 8);
	ck_assert(!leaves_next(&leaves, &leaf));
	leaves_begin(&leaves, &vtd_second_stage, &rules, 0x123456000, read_word, NULL);
	ck_assert(!leaves_next(&leaves, &leaf));
}
END_TEST

START_TEST(bits_that_a_walk_would_refuse_do_not_hide_a_leaf)
{
	/* Reserved bits 62 and 20:12, and a page size at level 4, where every entry points to a table. */
	chain(3, 2);
	memory_write64(memory, ROOT + 2 * PAGE_BYTES, BIT64(62) | 0x4201000 | 0x83);
	memory_write64(memory, ROOT + 8, 0x8000000000 | 0x83);
	begin(&vtd_second_stage);
	expect(0, 1, 0x4200000, PT_READ | PT_WRITE, ROOT + 2 * PAGE_BYTES);
	expect(0x8000000000, 3, 0x8000000000, PT_READ | PT_WRITE, ROOT + 8);
	ck_assert(!leaves_next(&leaves, &leaf));
}
END_TEST

START_TEST(a_table_that_points_to_itself_ends)
{
	/* 3 levels, two entries each that point to the root: 2^3 leaves, and the address of each is another. */
	rules.levels = 3;
	rules.input_width_lg2 = 39;
	memory_write64(memory, ROOT, ROOT | 3);
	memory_write64(memory, ROOT + 8, ROOT | 3);
	begin(&vtd_second_stage);
	for (uint64_t i = 0; i < 8; i++)
		expect((i >> 2 & 1) << 30 | (i >> 1 & 1) << 21 | (i & 1) << 12, 0, ROOT, PT_READ | PT_WRITE,
		       ROOT + 8 * (i & 1));
	ck_assert(!leaves_next(&leaves, &leaf));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("leaves");
	TCase *all = tcase_create("leaves");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, leaves_of_every_size_come_in_ascending_order_with_combined_permissions);
	tcase_add_test(all, with_io_permissions_other_bits_tell_what_is_present);
	tcase_add_test(all, the_upper_half_of_a_first_stage_is_canonical_and_comes_last);
	tcase_add_test(all, what_is_not_in_memory_is_not_present);
	tcase_add_test(all, bits_that_a_walk_would_refuse_do_not_hide_a_leaf);
	tcase_add_test(all, a_table_that_points_to_itself_ends);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
