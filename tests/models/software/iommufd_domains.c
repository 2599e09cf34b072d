/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0   UINT64_C(0x40000000)
#define MIB2 UINT64_C(0x200000)

static struct host host;
static struct page_table second_table;
static struct iommufd_domain first, second;
static struct ioas ioas;
static struct iommufd_source source;

static void setup(void)
{
	host_init(&host, 0x1000000, 21, 0);
	ck_assert_int_eq(page_table_init(&second_table, &vtd_second_stage, &host.table.rules, host.table.view,
					 &host.frames),
			 MAP_OK);
	ioas_init(&ioas);
	first = host_iommufd_domain(&host.table);
	second = host_iommufd_domain(&second_table);
	source = host_source(&host, ACCOUNT_USER);
}

static void teardown(void)
{
	while (ioas.domain_count)
		ioas_detach(&ioas, ioas.domain[0], &host.work);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ioas_fini(&ioas);
	page_table_fini(&second_table);
	host_fini(&host);
}

static int map(iova_t iova, uint64_t vaddr, uint64_t bytes)
{
	return map_at(&ioas, &source, iova, vaddr, bytes, RW, &host.work);
}

START_TEST(the_first_domain_pins_the_second_maps_again_and_the_last_unpins)
{
	ck_assert_int_eq(map(I0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(map(I0 + 0x10000, RAM_VADDR, 0x4000), 0);
	ck_assert_uint_eq(host.process.pinned_vm, 0);
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), 0);
	ck_assert_uint_eq(host.process.pinned_vm, 8);
	uint64_t written = host.work.table.entries_written;

	ck_assert_int_eq(ioas_attach(&ioas, &second, &host.work), 0);
	ck_assert_uint_eq(host.work.table.entries_written, 2 * written);
	ck_assert_uint_eq(host.process.pinned_vm, 8);
	ck_assert_uint_eq(host.pins.pins, 8);
	ioas_detach(&ioas, &first, &host.work);
	ck_assert_uint_eq(host.process.pinned_vm, 8);
	ioas_detach(&ioas, &second, &host.work);
	ck_assert_uint_eq(host.process.pinned_vm, 0);
	ck_assert_uint_eq(ioas.areas.count, 2);
	ck_assert_uint_eq(ioas.alignment, 1);
}
END_TEST

START_TEST(a_map_goes_into_every_domain)
{
	unsigned permissions;
	uint64_t done;

	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), 0);
	ck_assert_int_eq(ioas_attach(&ioas, &second, &host.work), 0);
	ck_assert_int_eq(map(I0, RAM_VADDR, 0x4000), 0);
	ck_assert_uint_eq(host.pins.pins, 4);
	ioas_detach(&ioas, &second, &host.work);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x3000, &permissions), RAM_BASE + 0x3000);
	ck_assert_int_eq(unmap_range(&ioas, I0, 0x4000, &done, &host.work), 0);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x3000, &permissions), PHYS_NONE);
}
END_TEST

START_TEST(an_attach_that_finds_bad_memory_changes_nothing)
{
	unsigned permissions;

	ck_assert_int_eq(map(0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(map(I0, RAM_VADDR - 0x1000, 0x1000), 0); /* not there */
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), EFAULT);
	ck_assert_uint_eq(host.process.pinned_vm, 0);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host_translate(&host, 0, &permissions), PHYS_NONE);
	ck_assert_uint_eq(ioas.reserved_count, 0);
	ck_assert_uint_eq(ioas.alignment, 1);
}
END_TEST

START_TEST(an_attach_beyond_the_limit_changes_nothing)
{
	host.process.account.limit_pages = 6;
	ck_assert_int_eq(map(I0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(map(I0 + 0x10000, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), ENOMEM);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
}
END_TEST

START_TEST(areas_must_fit_the_aperture_and_the_page_of_a_domain)
{
	uint64_t done;

	first.iova_first = 0x1000000;
	ck_assert_int_eq(map(0x1000, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), EADDRINUSE);
	ck_assert_int_eq(unmap_range(&ioas, 0x1000, 0x1000, &done, &host.work), 0);
	ck_assert_int_eq(map(I0 + 0x800, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), EADDRINUSE);
	ck_assert_int_eq(unmap_range(&ioas, I0, 0x2000, &done, &host.work), 0);
	ck_assert_int_eq(map(I0, RAM_VADDR + 0x800, 0x1000), 0); /* where the byte lies counts, too */
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), EADDRINUSE);
	ck_assert_int_eq(unmap_range(&ioas, I0, 0x2000, &done, &host.work), 0);
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), 0);
	ck_assert_int_eq(map(0x1000, RAM_VADDR, 0x1000), EINVAL);
}
END_TEST

START_TEST(a_domain_whose_least_page_is_above_the_hosts_is_refused)
{
	first.page_sizes = 0x10000;
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), EINVAL);
}
END_TEST

START_TEST(large_pages_are_used_unless_they_are_disabled_before)
{
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), 0);
	ck_assert_int_eq(map(I0, RAM_VADDR, MIB2), 0);
	ck_assert_uint_eq(host.work.table_calls, 1);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas), EINVAL);
	ioas_detach(&ioas, &first, &host.work);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas), 0);
	ck_assert_uint_eq(ioas.alignment, PAGE_BYTES);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(ioas_attach(&ioas, &first, &host.work), 0);
	ck_assert_uint_eq(host.work.table_calls, 512);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas), 0); /* already */
	ioas_enable_large_pages(&ioas);
	ck_assert(!ioas.no_large_pages);
}
END_TEST

START_TEST(disabling_large_pages_needs_whole_pages)
{
	ck_assert_int_eq(map(I0 + 0x800, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas), EADDRINUSE);
	ck_assert(!ioas.no_large_pages);
	ck_assert_uint_eq(ioas.alignment, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_first_domain_pins_the_second_maps_again_and_the_last_unpins,
		a_map_goes_into_every_domain,
		an_attach_that_finds_bad_memory_changes_nothing,
		an_attach_beyond_the_limit_changes_nothing,
		areas_must_fit_the_aperture_and_the_page_of_a_domain,
		a_domain_whose_least_page_is_above_the_hosts_is_refused,
		large_pages_are_used_unless_they_are_disabled_before,
		disabling_large_pages_needs_whole_pages,
		NULL,
	};
	Suite *suite = suite_create("iommufd_domains");
	TCase *test = tcase_create("domains");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
