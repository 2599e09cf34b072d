/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/type1.h"

#include <errno.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define APERTURE_LAST ((UINT64_C(1) << 48) - 1)
#define RW            (PT_READ | PT_WRITE)

static struct host host;
static struct type1 type1;

static void setup(void)
{
	host_init(&host, 0x100000, 12, 0);

	struct container_config config = host_container(&host);

	type1_init(&type1, &config, TYPE1_ENTRY_LIMIT, APERTURE_LAST);
}

static void teardown(void)
{
	type1_fini(&type1);
	host_fini(&host);
}

static int map(iova_t iova, uint64_t bytes)
{
	return type1_map(&type1, iova, RAM_VADDR, bytes, RW, &host.work);
}

static int unmap(iova_t iova, uint64_t bytes, uint64_t *unmapped)
{
	*unmapped = 0;
	return type1_unmap_now(&type1, iova, bytes, unmapped, &host.work);
}

START_TEST(a_map_call_reports_its_work)
{
	ck_assert_int_eq(map(0x10000, 0x3000), 0);
	ck_assert_uint_eq(host.work.ioctls, 1);
	ck_assert_uint_eq(host.work.container_finds, 1);
	ck_assert_uint_eq(host.work.mappings_inserted, 1);
	ck_assert_uint_eq(host.work.pin_calls, 1);
	ck_assert_uint_eq(host.work.pages_pinned, 3);
	ck_assert_uint_eq(host.work.table.entries_written, 3);
	ck_assert_uint_eq(host.work.table.bytes, 0x3000);
}
END_TEST

START_TEST(an_unmap_call_reports_its_work)
{
	uint64_t bytes;

	ck_assert_int_eq(map(0x10000, 0x3000), 0);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(unmap(0x10000, 0x3000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x3000);
	ck_assert_uint_eq(host.work.ioctls, 1);
	ck_assert_uint_eq(host.work.mappings_removed, 1);
	ck_assert_uint_eq(host.work.pages_unpinned, 3);
	ck_assert_uint_eq(host.work.account_operations, 1);
	ck_assert_uint_eq(host.work.flushes, 1);
	ck_assert_uint_eq(host.work.table.entries_written, 3);
}
END_TEST

START_TEST(an_unmap_that_would_cut_a_mapping_changes_nothing)
{
	uint64_t bytes;

	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(map(0x20000, 0x4000), 0);
	ck_assert_int_eq(unmap(0x11000, 0x13000, &bytes), EINVAL);
	ck_assert_int_eq(unmap(0x10000, 0x13000, &bytes), EINVAL);
	ck_assert_int_eq(unmap(0x11000, 0x1000, &bytes), EINVAL);
	ck_assert_uint_eq(type1.container.mappings.count, 2);
	ck_assert_int_eq(unmap(0x10000, 0x14000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x8000);
}
END_TEST

START_TEST(an_overlap_is_told_before_a_full_container)
{
	uint64_t bytes;

	type1.entries_left = 1;
	ck_assert_int_eq(map(0x10000, 0x1000), 0);
	ck_assert_int_eq(map(0x20000, 0x1000), ENOSPC);
	ck_assert_int_eq(map(0x10000, 0x1000), EEXIST);
	ck_assert_int_eq(unmap(0x10000, 0x1000, &bytes), 0);
	ck_assert_int_eq(map(0x20000, 0x1000), 0);
}
END_TEST

START_TEST(a_failing_map_takes_no_entry)
{
	uint32_t before = type1.entries_left;

	ck_assert_int_eq(type1_map(&type1, 0, RAM_VADDR + 0x100000, 0x1000, RW, &host.work), EFAULT);
	ck_assert_uint_eq(type1.entries_left, before);
}
END_TEST

/* As a 6.12 kernel was asked: the same page until failure. */
START_TEST(sixty_five_thousand_five_hundred_and_thirty_five_mappings_fit)
{
	uint64_t bytes = 0;
	struct unmap_call call;

	for (uint64_t i = 0; i < 65535; i++)
		ck_assert_int_eq(map(0x10000000 + i * 0x1000, 0x1000), 0);
	ck_assert_int_eq(map(0x10000000 + UINT64_C(65535) * 0x1000, 0x1000), ENOSPC);
	ck_assert_uint_eq(host.process.account.total * 4, 262140);
	ck_assert_uint_eq(host.pins.pages, 1);
	type1_unmap_all_begin(&type1, &call, &host.work);
	while (type1_unmap_step(&type1, &call, &host.work))
		bytes += call.flush_bytes;
	ck_assert_uint_eq(call.bytes, 0xffff000);
	ck_assert_uint_eq(bytes, 0xffff000);
	ck_assert_uint_eq(type1.entries_left, 65535);
}
END_TEST

START_TEST(two_containers_charge_the_same_page_twice_and_pin_it_twice)
{
	struct page_table other;
	struct type1 second;

	ck_assert_int_eq(page_table_init(&other, &vtd_second_stage, &host.table.rules, host.table.view, &host.frames),
			 MAP_OK);
	struct container_config config = host_container(&host);

	config.table = host_table_of(&other);
	type1_init(&second, &config, TYPE1_ENTRY_LIMIT, APERTURE_LAST);
	ck_assert_int_eq(map(0, 0x4000), 0);
	ck_assert_int_eq(type1_map(&second, 0, RAM_VADDR, 0x4000, RW, &host.work), 0);
	ck_assert_uint_eq(host.process.account.total, 8);
	ck_assert_uint_eq(host.pins.pages, 4);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 2);
	type1_fini(&second);
	page_table_fini(&other);
	ck_assert_uint_eq(host.process.account.total, 4);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 1);
}
END_TEST

/* ---- version 1 before 3.15: by the leaves of the table ---- */

/* Memory of 2 MiB pages, mapped to leaves where iova allows. */
static void setup_leaves(void)
{
	host_init(&host, 0x1000000, 21, 0);
	struct container_config config = host_container(&host);

	type1_init(&type1, &config, TYPE1_ENTRY_LIMIT, APERTURE_LAST);
	type1.v2 = false;
	type1.kernel = (struct kernel){ 3, 14 };
}

START_TEST(an_old_kernel_unmaps_the_leaves_whose_start_is_in_the_range)
{
	uint64_t bytes;

	setup_leaves();
	ck_assert_int_eq(map(0x40000000, 0x800000), 0);
	ck_assert_int_eq(unmap(0x40200000, 0x200000, &bytes), 0); /* the second of four */
	ck_assert_uint_eq(bytes, 0x200000);
	ck_assert_uint_eq(type1.container.mappings.count, 2);
	ck_assert_uint_eq(host.process.account.total, 3 * 512);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x200000), 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x400000), 1);
	ck_assert_int_eq(unmap(0x40400000, 0x1000, &bytes), 0); /* its first page takes the leaf along */
	ck_assert_uint_eq(bytes, 0x200000);
	ck_assert_int_eq(unmap(0x40601000, 0x1ff000, &bytes), 0); /* inside a leaf: nothing, and no error */
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(unmap(0x40001000, 0x7ff000, &bytes), 0); /* begins inside the first: nothing after it either */
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(unmap(0x40000000, 0x800000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x400000);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(type1.entries_left, TYPE1_ENTRY_LIMIT);
	type1_fini(&type1);
	host_fini(&host);
}
END_TEST

START_TEST(an_old_kernel_cuts_mappings_of_small_leaves_anywhere)
{
	unsigned permissions;
	uint64_t bytes;

	setup_leaves();
	ck_assert_int_eq(map(0x40001000, 0x8000), 0); /* not aligned as the memory is: leaves of 4 KiB */
	ck_assert_int_eq(map(0x40020000, 0x2000), 0);
	ck_assert_int_eq(unmap(0x40003000, 0x2000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x2000);
	ck_assert_uint_eq(host_translate(&host, 0x40002000, &permissions), RAM_BASE + 0x1000);
	ck_assert_uint_eq(host_translate(&host, 0x40003000, &permissions), PHYS_NONE);
	ck_assert_uint_eq(host_translate(&host, 0x40005000, &permissions), RAM_BASE + 0x4000);
	ck_assert_int_eq(unmap(0x40008000, 0x19000, &bytes), 0); /* the tail of one, the head of another */
	ck_assert_uint_eq(bytes, 0x2000);
	ck_assert_uint_eq(host_translate(&host, 0x40007000, &permissions), RAM_BASE + 0x6000);
	ck_assert_uint_eq(host_translate(&host, 0x40021000, &permissions), RAM_BASE + 0x1000);
	ck_assert_uint_eq(host.process.account.total, 6);
	type1_fini(&type1);
	host_fini(&host);
}
END_TEST

/* ---- live update ---- */

static struct process next;

static void start_next(uint64_t limit_bytes)
{
	process_init(&next, &host.pins, limit_bytes);
	process_add_area(&next, &(struct area){ .vaddr = RAM_VADDR + 0x10000000,
						.bytes = 0x100000,
						.kind = AREA_SHARED,
						.permissions = RW,
						.base = RAM_BASE,
						.page_lg2 = 12,
						.backed_bytes = 0x100000 });
}

static int update(iova_t iova, uint64_t bytes)
{
	return type1_vaddr_update(&type1, &next, iova, RAM_VADDR + 0x10000000, bytes, &host.work);
}

static int invalidate(iova_t iova, uint64_t bytes, uint64_t *invalidated)
{
	return type1_vaddr_invalidate(&type1, iova, bytes, invalidated, &host.work);
}

START_TEST(an_update_moves_the_locked_memory_to_the_process_that_calls)
{
	unsigned permissions;
	uint64_t bytes;

	start_next(0);
	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(map(0x20000, 0x2000), 0);
	ck_assert_int_eq(invalidate(0, 0x100000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x6000);
	ck_assert_uint_eq(type1_vaddr_invalid(&type1), 2);
	ck_assert_uint_eq(host_translate(&host, 0x13000, &permissions), RAM_BASE + 0x3000); /* DMA goes on */
	ck_assert_uint_eq(host.process.account.total, 6);
	process_exit(&host.process);
	ck_assert_int_eq(update(0x10000, 0x4000), 0);
	ck_assert_uint_eq(next.account.total, 4);
	ck_assert_int_eq(update(0x20000, 0x2000), 0);
	ck_assert_uint_eq(next.account.total, 6);
	ck_assert_uint_eq(type1_vaddr_invalid(&type1), 0);
	ck_assert_uint_eq(host.pins.pins, 6);
	ck_assert_int_eq(unmap(0, 0x100000, &bytes), 0);
	ck_assert_uint_eq(next.account.total, 0);
	ck_assert_uint_eq(host.pins.pins, 0);
	process_fini(&next);
}
END_TEST

START_TEST(an_update_needs_exactly_one_mapping_that_is_invalid)
{
	uint64_t bytes;

	start_next(0);
	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(update(0x10000, 0x4000), EINVAL); /* valid */
	ck_assert_int_eq(invalidate(0x10000, 0x4000, &bytes), 0);
	ck_assert_int_eq(update(0x10000, 0x2000), EINVAL);
	ck_assert_int_eq(update(0x11000, 0x3000), EINVAL);
	ck_assert_int_eq(update(0x10000, 0x5000), EINVAL);
	ck_assert_int_eq(update(0x20000, 0x4000), ENOENT);
	ck_assert_int_eq(update(0x10800, 0x4000), EINVAL);
	ck_assert_int_eq(update(0x10000, 0), EINVAL);
	ck_assert_uint_eq(next.account.total, 0);
	ck_assert_int_eq(update(0x10000, 0x4000), 0);
	ck_assert_int_eq(update(0x10000, 0x4000), EINVAL);
	ck_assert_int_eq(unmap(0, 0x100000, &bytes), 0);
	process_fini(&next);
}
END_TEST

START_TEST(an_invalidation_takes_all_mappings_of_its_range_or_none)
{
	uint64_t bytes;

	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(map(0x20000, 0x4000), 0);
	ck_assert_int_eq(invalidate(0x20000, 0x4000, &bytes), 0);
	ck_assert_int_eq(invalidate(0, 0x100000, &bytes), EINVAL);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_uint_eq(type1_vaddr_invalid(&type1), 1);
	ck_assert_int_eq(invalidate(0x10000, 0x2000, &bytes), EINVAL); /* cuts */
	ck_assert_int_eq(invalidate(0x30000, 0x2000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(unmap(0x20000, 0x4000, &bytes), 0); /* an invalid one is unmapped like any */
	ck_assert_uint_eq(type1_vaddr_invalid(&type1), 0);
	ck_assert_int_eq(invalidate(0, 0x100000, &bytes), 0);
	ck_assert_uint_eq(bytes, 0x4000);
}
END_TEST

START_TEST(an_update_beyond_the_new_processes_limit_is_refused_and_may_be_tried_again)
{
	uint64_t bytes;

	start_next(3 * PAGE_BYTES);
	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(invalidate(0x10000, 0x4000, &bytes), 0);
	ck_assert_int_eq(update(0x10000, 0x4000), ENOMEM);
	ck_assert_uint_eq(host.process.account.total, 4);
	ck_assert_uint_eq(type1_vaddr_invalid(&type1), 1);
	next.account.limit_pages = 4;
	ck_assert_int_eq(update(0x10000, 0x4000), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(next.account.total, 4);
	ck_assert_int_eq(unmap(0, 0x100000, &bytes), 0);
	process_fini(&next);
}
END_TEST

START_TEST(in_old_kernels_locked_memory_stays_with_who_mapped)
{
	uint64_t bytes;

	start_next(PAGE_BYTES);
	type1.kernel = (struct kernel){ 5, 15 };
	ck_assert_int_eq(map(0x10000, 0x4000), 0);
	ck_assert_int_eq(invalidate(0x10000, 0x4000, &bytes), 0);
	ck_assert_int_eq(update(0x10000, 0x4000), 0);
	ck_assert_uint_eq(next.account.total, 0);
	ck_assert_uint_eq(host.process.account.total, 4);
	ck_assert_int_eq(unmap(0, 0x100000, &bytes), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	process_fini(&next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("type1");
	TCase *old = tcase_create("before 3.15");
	TCase *test = tcase_create("type1");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, a_map_call_reports_its_work);
	tcase_add_test(test, an_unmap_call_reports_its_work);
	tcase_add_test(test, an_unmap_that_would_cut_a_mapping_changes_nothing);
	tcase_add_test(test, an_overlap_is_told_before_a_full_container);
	tcase_add_test(test, a_failing_map_takes_no_entry);
	tcase_add_test(test, sixty_five_thousand_five_hundred_and_thirty_five_mappings_fit);
	tcase_add_test(test, two_containers_charge_the_same_page_twice_and_pin_it_twice);
	tcase_add_test(test, an_update_moves_the_locked_memory_to_the_process_that_calls);
	tcase_add_test(test, an_update_needs_exactly_one_mapping_that_is_invalid);
	tcase_add_test(test, an_invalidation_takes_all_mappings_of_its_range_or_none);
	tcase_add_test(test, an_update_beyond_the_new_processes_limit_is_refused_and_may_be_tried_again);
	tcase_add_test(test, in_old_kernels_locked_memory_stays_with_who_mapped);
	suite_add_tcase(suite, test);
	tcase_add_test(old, an_old_kernel_unmaps_the_leaves_whose_start_is_in_the_range);
	tcase_add_test(old, an_old_kernel_cuts_mappings_of_small_leaves_anywhere);
	suite_add_tcase(suite, old);
	return suite_main(suite);
}
