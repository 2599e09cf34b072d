/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_pages.h"

#include <errno.h>

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

static struct host host;
static struct iommufd_pages *pages;

static void setup(void)
{
	struct iommufd_source source;

	host_init(&host, 0x1000000, 12, 0);
	source = host_source(&host, ACCOUNT_USER);
	pages = iommufd_pages_create(&source, NULL, RAM_VADDR + 0x10000, 0x10000, true);
}

static void teardown(void)
{
	iommufd_pages_put(pages);
	host_fini(&host);
}

static int hold(uint64_t first, uint64_t last)
{
	return iommufd_pages_hold(pages, (struct iommufd_span){ first, last }, &host.work);
}

static void release(uint64_t first, uint64_t last)
{
	iommufd_pages_release(pages, (struct iommufd_span){ first, last }, &host.work);
}

static uint64_t pins_of(uint64_t page)
{
	return pins_count(&host.pins, RAM_BASE + 0x10000 + (page << PAGE_LG2));
}

START_TEST(pages_begin_where_the_first_byte_is_and_end_where_the_last_is)
{
	struct iommufd_source source = host_source(&host, ACCOUNT_USER);
	struct iommufd_pages *odd = iommufd_pages_create(&source, NULL, RAM_VADDR + 0x1800, 0x1000, false);

	ck_assert_uint_eq(odd->start, RAM_VADDR + 0x1000);
	ck_assert_uint_eq(odd->count, 2);
	iommufd_pages_put(odd);
}
END_TEST

START_TEST(a_page_that_two_areas_hold_is_pinned_and_charged_once)
{
	ck_assert_int_eq(hold(0, 7), 0);
	ck_assert_int_eq(iommufd_pages_charge(pages, &host.work), 0);
	ck_assert_int_eq(hold(4, 11), 0);
	ck_assert_int_eq(iommufd_pages_charge(pages, &host.work), 0);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_USER], 12);
	ck_assert_uint_eq(host.pins.pins, 12);
	ck_assert_uint_eq(pins_of(5), 1);
	release(0, 7);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_USER], 8);
	ck_assert_uint_eq(pins_of(3), 0);
	ck_assert_uint_eq(pins_of(4), 1);
	release(4, 11);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.pinned_vm, 0);
}
END_TEST

START_TEST(a_middle_that_nobody_holds_is_pinned_between_two_that_are)
{
	ck_assert_int_eq(hold(0, 1), 0);
	ck_assert_int_eq(hold(6, 7), 0);
	ck_assert_int_eq(hold(0, 15), 0);
	ck_assert_uint_eq(pages->pinned_pages, 16);
	release(0, 15);
	ck_assert_uint_eq(pages->pinned_pages, 4);
	ck_assert_uint_eq(pins_of(2), 0);
	release(0, 1);
	release(6, 7);
}
END_TEST

START_TEST(two_maps_of_the_same_memory_pin_it_twice)
{
	struct iommufd_source source = host_source(&host, ACCOUNT_USER);
	struct iommufd_pages *other = iommufd_pages_create(&source, NULL, RAM_VADDR + 0x10000, 0x1000, true);

	ck_assert_int_eq(hold(0, 0), 0);
	ck_assert_int_eq(iommufd_pages_hold(other, (struct iommufd_span){ 0, 0 }, &host.work), 0);
	ck_assert_uint_eq(pins_of(0), 2);
	iommufd_pages_release(other, (struct iommufd_span){ 0, 0 }, &host.work);
	release(0, 0);
	iommufd_pages_put(other);
}
END_TEST

START_TEST(memory_that_is_not_there_is_efault_and_leaves_nothing_pinned)
{
	process_remove_areas(&host.process, RAM_VADDR + 0x13000, 0x1000);
	ck_assert_int_eq(hold(0, 7), EFAULT);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_int_eq(hold(4, 7), 0);
	release(4, 7);
}
END_TEST

START_TEST(read_only_memory_and_a_bar_cannot_be_pinned_for_writing)
{
	struct area read_only = { .vaddr = 0x300000000, .bytes = 0x1000, .permissions = PT_READ, .base = RAM_BASE };
	struct area bar = { .vaddr = 0x310000000, .bytes = 0x1000, .permissions = RW, .base = 0xfe800000 };
	struct iommufd_source source = host_source(&host, ACCOUNT_NONE);

	read_only.page_lg2 = bar.page_lg2 = 12;
	read_only.backed_bytes = bar.backed_bytes = 0x1000;
	bar.kind = AREA_DEVICE;
	process_add_area(&host.process, &read_only);
	process_add_area(&host.process, &bar);
	for (unsigned i = 0; i < 3; i++) {
		bool writable = i != 1;
		struct iommufd_pages *one =
			iommufd_pages_create(&source, NULL, i < 2 ? read_only.vaddr : bar.vaddr, 0x1000, writable);
		int error = iommufd_pages_hold(one, (struct iommufd_span){ 0, 0 }, &host.work);

		ck_assert_int_eq(error, i == 1 ? 0 : EFAULT);
		if (!error)
			iommufd_pages_release(one, (struct iommufd_span){ 0, 0 }, &host.work);
		iommufd_pages_put(one);
	}
}
END_TEST

START_TEST(memory_unmapped_meanwhile_stays_pinned_where_it_was)
{
	ck_assert_int_eq(hold(0, 3), 0);
	process_remove_areas(&host.process, RAM_VADDR + 0x10000, 0x4000);
	ck_assert_uint_eq(iommufd_pages_run(pages, 0x1800, 0x10000).phys, RAM_BASE + 0x11800);
	release(0, 3);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

START_TEST(a_file_is_pinned_up_to_its_end_and_not_beyond)
{
	const struct iommufd_file file = { .base = RAM_BASE + 0x40000, .bytes = 0x3800, .page_lg2 = 12 };
	struct iommufd_source source = host_source(&host, ACCOUNT_NONE);
	struct iommufd_pages *of_file = iommufd_pages_create(&source, &file, 0x1000, 0x4000, true);

	ck_assert_int_eq(iommufd_pages_hold(of_file, (struct iommufd_span){ 0, 3 }, &host.work), EINVAL);
	/* The last page is the file's only in part: too little. */
	ck_assert_int_eq(iommufd_pages_hold(of_file, (struct iommufd_span){ 2, 2 }, &host.work), EINVAL);
	ck_assert_int_eq(iommufd_pages_hold(of_file, (struct iommufd_span){ 0, 1 }, &host.work), 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x41000), 1);
	iommufd_pages_release(of_file, (struct iommufd_span){ 0, 1 }, &host.work);
	iommufd_pages_put(of_file);
}
END_TEST

START_TEST(beyond_the_limit_nothing_is_charged)
{
	host.process.account.limit_pages = 8;
	ck_assert_int_eq(hold(0, 8), 0);
	ck_assert_int_eq(iommufd_pages_charge(pages, &host.work), ENOMEM);
	ck_assert_uint_eq(host.process.account.total, 0);
	release(0, 8);
	ck_assert_int_eq(hold(0, 7), 0);
	ck_assert_int_eq(iommufd_pages_charge(pages, &host.work), 0);
	release(0, 7);
	ck_assert_uint_eq(host.process.account.total, 0);
}
END_TEST

START_TEST(two_processes_of_one_user_share_its_locked_memory)
{
	struct account user;
	struct process child;
	struct iommufd_source parent_source = host_source(&host, ACCOUNT_USER), child_source = parent_source;

	account_init(&user, 0);
	process_init(&child, &host.pins, 0x8000);
	host.process.account.limit_pages = 8;
	parent_source.user = child_source.user = &user;
	child_source.process = &child;
	ck_assert_int_eq(iommufd_source_charge(&parent_source, 5, &host.work), 0);
	ck_assert_int_eq(iommufd_source_charge(&child_source, 4, &host.work), ENOMEM);
	ck_assert_int_eq(iommufd_source_charge(&child_source, 3, &host.work), 0);
	ck_assert_uint_eq(child.pinned_vm, 3);
	ck_assert_uint_eq(host.process.pinned_vm, 5);
	process_fini(&child);
}
END_TEST

START_TEST(by_process_it_is_locked_and_pinned_and_without_accounting_only_pinned)
{
	struct iommufd_source source = host_source(&host, ACCOUNT_MM);

	host.process.account.limit_pages = 4;
	ck_assert_int_eq(iommufd_source_charge(&source, 4, &host.work), 0);
	ck_assert_int_eq(iommufd_source_charge(&source, 1, &host.work), ENOMEM);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_MM], 4);
	ck_assert_uint_eq(host.process.pinned_vm, 4);
	source.mode = ACCOUNT_NONE;
	ck_assert_int_eq(iommufd_source_charge(&source, 100, &host.work), 0);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_MM], 4);
	ck_assert_uint_eq(host.process.pinned_vm, 104);
}
END_TEST

START_TEST(runs_end_at_the_multiples_of_the_memorys_pages)
{
	ck_assert_int_eq(hold(0, 15), 0);
	ck_assert_uint_eq(pages->pinned_count, 1); /* one piece is kept */
	ck_assert_uint_eq(iommufd_pages_run(pages, 0, 0x10000).bytes, 0x1000);
	ck_assert_uint_eq(iommufd_pages_run(pages, 0x1800, 0x10000).bytes, 0x800);
	release(0, 15);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pages_begin_where_the_first_byte_is_and_end_where_the_last_is,
		a_page_that_two_areas_hold_is_pinned_and_charged_once,
		a_middle_that_nobody_holds_is_pinned_between_two_that_are,
		two_maps_of_the_same_memory_pin_it_twice,
		memory_that_is_not_there_is_efault_and_leaves_nothing_pinned,
		read_only_memory_and_a_bar_cannot_be_pinned_for_writing,
		memory_unmapped_meanwhile_stays_pinned_where_it_was,
		a_file_is_pinned_up_to_its_end_and_not_beyond,
		beyond_the_limit_nothing_is_charged,
		two_processes_of_one_user_share_its_locked_memory,
		by_process_it_is_locked_and_pinned_and_without_accounting_only_pinned,
		runs_end_at_the_multiples_of_the_memorys_pages,
		NULL,
	};
	Suite *suite = suite_create("iommufd_pages");
	TCase *test = tcase_create("pages");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
