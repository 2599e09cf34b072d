/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/registration.h"

#include <errno.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define MIB UINT64_C(0x100000)

static struct host host;

static void setup(void)
{
	host_init(&host, 8 * MIB, 12, 0);
}

static void teardown(void)
{
	host_fini(&host);
}

static int add(uint64_t offset, uint64_t bytes)
{
	return registration_add(&host.registrations, RAM_VADDR + offset, bytes, &host.work);
}

static int remove_region(uint64_t offset, uint64_t bytes)
{
	return registration_remove(&host.registrations, RAM_VADDR + offset, bytes, &host.work);
}

START_TEST(registering_pins_and_charges_once)
{
	ck_assert_int_eq(add(0, 4 * MIB), 0);
	ck_assert_uint_eq(host.work.pages_pinned, 1024);
	ck_assert_uint_eq(host.work.pin_calls, 2);
	ck_assert_uint_eq(host.work.account_operations, 1);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_MM], 1024);
	ck_assert_uint_eq(host.pins.pages, 1024);
}
END_TEST

START_TEST(the_same_range_again_is_busy_and_an_overlap_is_invalid)
{
	ck_assert_int_eq(add(MIB, MIB), 0);
	ck_assert_int_eq(add(MIB, MIB), EBUSY);
	ck_assert_int_eq(add(0, 2 * MIB), EINVAL);
	ck_assert_int_eq(add(MIB + 0x1000, 0x1000), EINVAL);
	ck_assert_int_eq(add(2 * MIB - 0x1000, 0x2000), EINVAL);
	ck_assert_int_eq(add(2 * MIB, MIB), 0);
	ck_assert_int_eq(add(0, MIB), 0);
	ck_assert_uint_eq(host.process.account.total, 3 * 256);
}
END_TEST

START_TEST(memory_that_is_not_there_leaves_nothing_behind)
{
	ck_assert_int_eq(add(7 * MIB, 2 * MIB), EFAULT);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_int_eq(remove_region(7 * MIB, 2 * MIB), ENOENT);
}
END_TEST

START_TEST(the_limit_is_asked_before_anything_is_pinned)
{
	host.process.account.limit_pages = 255;
	ck_assert_int_eq(add(0, MIB), ENOMEM);
	ck_assert_uint_eq(host.work.pages_pinned, 0);
	host.process.account.limit_pages = 256;
	ck_assert_int_eq(add(0, MIB), 0);
}
END_TEST

START_TEST(a_region_stays_while_any_mapping_uses_it)
{
	struct region *region, *same;

	ck_assert_int_eq(add(0, MIB), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR, 0x1000, &region, &host.work), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + 0x5000, 0x2000, &same, &host.work), 0);
	ck_assert_ptr_eq(same, region);
	ck_assert_int_eq(remove_region(0, MIB), EBUSY);
	registration_release(&host.registrations, region, &host.work);
	ck_assert_int_eq(remove_region(0, MIB), EBUSY);
	ck_assert_uint_eq(host.process.account.total, 256);
	registration_release(&host.registrations, region, &host.work);
	ck_assert_int_eq(remove_region(0, MIB), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(host.pins.pages, 0);
}
END_TEST

START_TEST(a_mapping_must_lie_in_one_region)
{
	struct region *region;

	ck_assert_int_eq(add(0, MIB), 0);
	ck_assert_int_eq(add(MIB, MIB), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + MIB - 0x1000, 0x2000, &region, &host.work),
			 EINVAL);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + 2 * MIB, 0x1000, &region, &host.work),
			 EINVAL);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR, MIB, &region, &host.work), 0);
	registration_release(&host.registrations, region, &host.work);
}
END_TEST

static struct region *get(uint64_t offset, uint64_t bytes)
{
	struct region *region = NULL;

	ck_assert_int_eq(registration_get(&host.registrations, RAM_VADDR + offset, bytes, &region, &host.work), 0);
	return region;
}

START_TEST(two_containers_share_a_region_and_it_is_charged_once)
{
	struct region *region = get(0, MIB);

	ck_assert_ptr_eq(get(0, MIB), region);
	ck_assert_uint_eq(region->references, 2);
	ck_assert_uint_eq(host.process.account.total, 256);
	ck_assert_uint_eq(host.pins.pins, 256);
	region_map(region);
	ck_assert_int_eq(registration_put(&host.registrations, region, &host.work), 0);
	ck_assert_int_eq(registration_put(&host.registrations, region, &host.work), EBUSY);
	ck_assert_uint_eq(region->references, 1);
	region_unmap(&host.registrations, region, &host.work);
	ck_assert_int_eq(registration_put(&host.registrations, region, &host.work), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

START_TEST(an_abandoned_region_goes_with_its_last_mapping)
{
	struct region *region = get(0, MIB);

	region_map(region);
	region_map(region);
	registration_abandon(&host.registrations, region, &host.work);
	ck_assert_ptr_eq(registration_find(&host.registrations, RAM_VADDR, MIB, &host.work), region);
	region_unmap(&host.registrations, region, &host.work);
	ck_assert_uint_eq(host.process.account.total, 256);
	region_unmap(&host.registrations, region, &host.work);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_ptr_null(registration_find(&host.registrations, RAM_VADDR, 0x1000, &host.work));
}
END_TEST

/* mm_iommu_do_alloc: accounts, then pins, and looks for overlaps last. */
START_TEST(the_limit_is_asked_first_then_the_memory_then_the_other_regions)
{
	get(7 * MIB, MIB);
	host.process.account.limit_pages = 256;
	ck_assert_int_eq(add(0, 0x1000), ENOMEM);
	ck_assert_int_eq(add(7 * MIB, 2 * MIB), ENOMEM);
	host.process.account.limit_pages = ACCOUNT_UNLIMITED;
	ck_assert_int_eq(add(7 * MIB, 2 * MIB), EFAULT);
	ck_assert_int_eq(add(6 * MIB, 2 * MIB), EINVAL);
	ck_assert_int_eq(add(0, 0), ENOMEM);
	ck_assert_uint_eq(host.process.account.total, 256);
	ck_assert_uint_eq(host.pins.pins, 256);
}
END_TEST

START_TEST(pages_of_a_region_stay_where_they_are_after_munmap)
{
	struct region *region = get(MIB, 4 * MIB);

	process_remove_areas(&host.process, RAM_VADDR, 8 * MIB);
	ck_assert_uint_eq(region_phys(region, RAM_VADDR + MIB + 0x5678), RAM_BASE + MIB + 0x5678);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 2 * MIB), 1);
	ck_assert_int_eq(remove_region(MIB, 4 * MIB), 0);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

START_TEST(each_run_of_a_scattered_region_is_found)
{
	process_remove_areas(&host.process, RAM_VADDR, 8 * MIB);
	for (unsigned i = 0; i < 8; i++) {
		struct area part = { .vaddr = RAM_VADDR + i * 0x1000,
				     .bytes = 0x1000,
				     .permissions = PT_READ | PT_WRITE,
				     .base = RAM_BASE + (i * 5 % 8) * 0x1000,
				     .page_lg2 = 12,
				     .backed_bytes = 0x1000 };

		process_add_area(&host.process, &part);
	}
	struct region *region = get(0, 0x8000);

	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(region_phys(region, RAM_VADDR + i * 0x1000 + 0xabc),
				  RAM_BASE + (i * 5 % 8) * 0x1000 + 0xabc);
	ck_assert_int_eq(remove_region(0, 0x8000), 0);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

/* mm_iommu_do_alloc: the least of the region's alignment and of its pages, where only hugetlb's count as large. */
START_TEST(only_hugetlb_lets_tces_be_larger_than_the_kernels_page)
{
	struct area huge = { .vaddr = RAM_VADDR,
			     .bytes = 8 * MIB,
			     .permissions = PT_READ | PT_WRITE,
			     .base = RAM_BASE,
			     .page_lg2 = 21,
			     .backed_bytes = 8 * MIB };

	process_remove_areas(&host.process, RAM_VADDR, 8 * MIB);
	process_add_area(&host.process, &huge);
	ck_assert_uint_eq(get(0, 2 * MIB)->page_lg2, 12);
	process_remove_areas(&host.process, RAM_VADDR + 2 * MIB, 6 * MIB);
	huge = (struct area){ .vaddr = RAM_VADDR + 2 * MIB,
			      .bytes = 6 * MIB,
			      .permissions = PT_READ | PT_WRITE,
			      .base = RAM_BASE + 2 * MIB,
			      .page_lg2 = 21,
			      .hugetlb = true,
			      .backed_bytes = 6 * MIB };
	process_add_area(&host.process, &huge);
	ck_assert_uint_eq(get(2 * MIB, 4 * MIB)->page_lg2, 21);
	ck_assert_uint_eq(get(6 * MIB, MIB)->page_lg2, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registration");
	TCase *test = tcase_create("registration");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, registering_pins_and_charges_once);
	tcase_add_test(test, the_same_range_again_is_busy_and_an_overlap_is_invalid);
	tcase_add_test(test, memory_that_is_not_there_leaves_nothing_behind);
	tcase_add_test(test, the_limit_is_asked_before_anything_is_pinned);
	tcase_add_test(test, a_region_stays_while_any_mapping_uses_it);
	tcase_add_test(test, a_mapping_must_lie_in_one_region);
	tcase_add_test(test, two_containers_share_a_region_and_it_is_charged_once);
	tcase_add_test(test, an_abandoned_region_goes_with_its_last_mapping);
	tcase_add_test(test, the_limit_is_asked_first_then_the_memory_then_the_other_regions);
	tcase_add_test(test, pages_of_a_region_stay_where_they_are_after_munmap);
	tcase_add_test(test, each_run_of_a_scattered_region_is_found);
	tcase_add_test(test, only_hugetlb_lets_tces_be_larger_than_the_kernels_page);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
