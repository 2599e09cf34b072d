/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/process.h"

#include <signal.h>

#include "models/base/random.h"
#include "models/pagetable/format.h"
#include "tests/suite.h"

#define VADDR UINT64_C(0x200000000)
#define BASE  UINT64_C(0x40000000)
#define MIB   UINT64_C(0x100000)
#define RW    (PT_READ | PT_WRITE)

static struct process process;

static void setup(void)
{
	process_init(&process, NULL, 0);
}

static void teardown(void)
{
	process_fini(&process);
}

static void add(uint64_t offset, uint64_t bytes, unsigned permissions, unsigned page_lg2)
{
	struct area area = { .vaddr = VADDR + offset,
			     .bytes = bytes,
			     .permissions = permissions,
			     .base = BASE + offset,
			     .page_lg2 = page_lg2,
			     .backed_bytes = bytes };

	process_add_area(&process, &area);
}

/* Bytes of the run, or 0. */
static uint64_t run_bytes(uint64_t offset, uint64_t bytes, bool write)
{
	return process_run(&process, VADDR + offset, bytes, write).bytes;
}

START_TEST(a_run_ends_where_the_pages_behind_it_end)
{
	add(0, 8 * MIB, RW, 21);
	ck_assert_uint_eq(run_bytes(0, 8 * MIB, true), 2 * MIB);
	ck_assert_uint_eq(run_bytes(MIB, 8 * MIB, true), MIB);
	ck_assert_uint_eq(run_bytes(2 * MIB - 0x1000, 0x3000, true), 0x1000);
	ck_assert_uint_eq(run_bytes(2 * MIB, 0x3000, true), 0x3000);
	ck_assert_uint_eq(process_run(&process, VADDR + 3 * MIB, 0x1000, true).phys, BASE + 3 * MIB);
	ck_assert(process_run(&process, VADDR, 0x1000, true).is_memory);
}
END_TEST

/* [LINUX] check_vma_flags: no area, no permission. */
START_TEST(a_pin_is_refused_where_a_fault_would_not_be_resolved)
{
	add(0, 0x4000, RW, 12);
	add(0x4000, 0x1000, PT_READ, 12);
	add(0x5000, 0x1000, 0, 12);
	ck_assert_uint_eq(run_bytes(0x3000, 0x1000, true), 0x1000);
	ck_assert_uint_eq(run_bytes(0x4000, 0x1000, false), 0x1000);
	ck_assert_uint_eq(run_bytes(0x4000, 0x1000, true), 0);
	ck_assert_uint_eq(run_bytes(0x5000, 0x1000, false), 0);
	ck_assert_uint_eq(run_bytes(0x6000, 0x1000, false), 0);
	ck_assert_uint_eq(process_run(&process, VADDR - 0x1000, 0x2000, false).bytes, 0);
	ck_assert_ptr_null(process_area(&process, VADDR + 0x6000));
}
END_TEST

START_TEST(pages_beyond_the_end_of_a_file_are_not_there)
{
	struct area file = { .vaddr = VADDR,
			     .bytes = 0x40000,
			     .kind = AREA_SHARED,
			     .permissions = RW,
			     .base = BASE,
			     .page_lg2 = 30,
			     .backed_bytes = 0x10000 };

	process_add_area(&process, &file);
	ck_assert_uint_eq(run_bytes(0, 0x20000, true), 0x10000);
	ck_assert_uint_eq(run_bytes(0xf000, 0x20000, true), 0x1000);
	ck_assert_uint_eq(run_bytes(0x10000, 0x1000, true), 0);
	process_remove_areas(&process, VADDR, 0x8000);
	ck_assert_uint_eq(run_bytes(0x8000, 0x20000, true), 0x8000);
	ck_assert_uint_eq(run_bytes(0x10000, 0x1000, true), 0);
}
END_TEST

START_TEST(a_hole_cuts_an_area_and_leaves_both_ends_where_they_were)
{
	add(0, 0x8000, RW, 30);
	process_remove_areas(&process, VADDR + 0x2000, 0x1000);
	ck_assert_uint_eq(process.area_count, 2);
	ck_assert_uint_eq(run_bytes(0, 0x8000, true), 0x2000);
	ck_assert_uint_eq(run_bytes(0x2000, 0x1000, true), 0);
	ck_assert_uint_eq(process_run(&process, VADDR + 0x3000, 0x8000, true).phys, BASE + 0x3000);
	ck_assert_uint_eq(run_bytes(0x3000, 0x8000, true), 0x5000);
}
END_TEST

START_TEST(the_memory_of_a_device_is_no_memory_to_pin)
{
	struct area bar = { .vaddr = VADDR,
			    .bytes = 0x4000,
			    .kind = AREA_DEVICE,
			    .permissions = RW,
			    .base = BASE,
			    .page_lg2 = 12,
			    .backed_bytes = 0x4000 };

	process_add_area(&process, &bar);
	ck_assert(!process_run(&process, VADDR, 0x1000, true).is_memory);
	ck_assert_uint_eq(run_bytes(0, 0x1000, true), 0x1000);
}
END_TEST

#define TWIN_PAGES 64u

START_TEST(random_areas_and_holes_agree_with_a_dictionary_of_pages)
{
	struct random random;
	uint64_t seed = 50 + (uint64_t)_i;
	bool there[TWIN_PAGES] = { false };

	random_init(&random, seed);
	for (unsigned step = 0; step < 400; step++) {
		unsigned first = (unsigned)random_below(&random, TWIN_PAGES);
		unsigned pages = 1 + (unsigned)random_below(&random, TWIN_PAGES - first < 9 ? TWIN_PAGES - first : 9);
		bool is_free = true;

		for (unsigned i = first; i < first + pages; i++)
			is_free = is_free && !there[i];
		if (is_free)
			add(first * PAGE_BYTES, pages * PAGE_BYTES, RW, 12);
		else
			process_remove_areas(&process, VADDR + first * PAGE_BYTES, pages * PAGE_BYTES);
		for (unsigned i = first; i < first + pages; i++)
			there[i] = is_free;
		for (unsigned i = 0; i < TWIN_PAGES; i++) {
			struct process_run run = process_run(&process, VADDR + i * PAGE_BYTES, PAGE_BYTES, true);

			ck_assert_msg((run.bytes > 0) == there[i] && (!there[i] || run.phys == BASE + i * PAGE_BYTES),
				      "seed %lu step %u page %u", seed, step, i);
		}
	}
}
END_TEST

START_TEST(an_area_over_another_is_a_programmers_error)
{
	add(0, 0x4000, RW, 12);
	add(0x3000, 0x2000, RW, 12);
}
END_TEST

START_TEST(a_pin_of_private_memory_finds_the_processs_own_pages_unless_a_kernel_shares_what_is_only_read)
{
	struct area file = { .vaddr = VADDR + 16 * MIB,
			     .bytes = 0x4000,
			     .kind = AREA_PRIVATE,
			     .permissions = PT_READ | PT_WRITE,
			     .base = BASE + MIB,
			     .copies = BASE + 2 * MIB,
			     .page_lg2 = 12,
			     .backed_bytes = 0x4000 };

	process_add_area(&process, &file);
	ck_assert_uint_eq(process_run(&process, file.vaddr + 0x1000, 0x1000, true).phys, BASE + 2 * MIB + 0x1000);
	ck_assert_uint_eq(process_run(&process, file.vaddr + 0x1000, 0x1000, false).phys, BASE + 2 * MIB + 0x1000);
	process.shares_reads = true;
	ck_assert_uint_eq(process_run(&process, file.vaddr + 0x1000, 0x1000, true).phys, BASE + 2 * MIB + 0x1000);
	ck_assert_uint_eq(process_run(&process, file.vaddr + 0x1000, 0x1000, false).phys, BASE + MIB + 0x1000);
	process_remove_areas(&process, file.vaddr, 0x1000);
	ck_assert_uint_eq(process_run(&process, file.vaddr + 0x2000, 0x1000, true).phys, BASE + 2 * MIB + 0x2000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *test = tcase_create("process");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test,
		       a_pin_of_private_memory_finds_the_processs_own_pages_unless_a_kernel_shares_what_is_only_read);
	tcase_add_test(test, a_run_ends_where_the_pages_behind_it_end);
	tcase_add_test(test, a_pin_is_refused_where_a_fault_would_not_be_resolved);
	tcase_add_test(test, pages_beyond_the_end_of_a_file_are_not_there);
	tcase_add_test(test, a_hole_cuts_an_area_and_leaves_both_ends_where_they_were);
	tcase_add_test(test, the_memory_of_a_device_is_no_memory_to_pin);
	tcase_add_loop_test(test, random_areas_and_holes_agree_with_a_dictionary_of_pages, 0, 4);
	tcase_add_test_raise_signal(test, an_area_over_another_is_a_programmers_error, SIGILL);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
