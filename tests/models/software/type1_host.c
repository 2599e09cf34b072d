/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that the host asks for, for mediated devices. */
#include <errno.h>

#include "tests/models/software/type1_fixture.h"
#include "tests/suite.h"

#define R  ((unsigned)PT_READ)
#define RW ((unsigned)(PT_READ | PT_WRITE))

#define OLD ((struct kernel){ 5, 15 })

static struct fixture fixture;
static unsigned told;

/* A mediated device: pins nothing anew, gives up what it is told to. */
static void give_up(void *argument, iova_t iova, uint64_t bytes)
{
	(void)argument;
	told++;
	type1_unpin_pages(fixture_type1(&fixture), iova, (unsigned)(bytes / PAGE_BYTES), &fixture.work);
	type1_unpin_pages(fixture_type1(&fixture), iova, (unsigned)(bytes / PAGE_BYTES), &fixture.work);
}

static struct type1_listener listener = { .unmapped = give_up };

/* With a mediated device's group, behind a domain or alone. */
static void start(struct kernel kernel, bool with_domain)
{
	fixture_init(&fixture, kernel);
	told = 0;
	ck_assert_int_eq(vfio_group_set_container(&fixture.mediated, &fixture.container, &fixture.work), 0);
	if (with_domain)
		ck_assert_int_eq(vfio_group_set_container(&fixture.group[0], &fixture.container, &fixture.work), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1v2_IOMMU, &fixture.work), 0);
	type1_listen(fixture_type1(&fixture), &listener);
}

static void teardown(void)
{
	uint64_t size = 0;

	if (fixture.container.driver)
		fixture_unmap(&fixture, TYPE1_UNMAP_ALL, 0, &size);
	ck_assert_uint_eq(fixture.pins.pins, 0);
	ck_assert_uint_eq(fixture.process.account.total, 0);
	fixture_fini(&fixture);
}

static int pin(iova_t iova, unsigned count, unsigned permissions, phys_t *phys)
{
	int error;

	ck_assert_int_eq(type1_pin_pages(fixture_type1(&fixture), &fixture.mediated, iova, count, permissions, phys,
					 &error, &fixture.work),
			 TYPE1_HOST_DONE);
	return error;
}

START_TEST(pages_are_pinned_where_the_mapping_leads_and_charged_without_a_domain)
{
	phys_t phys[3];

	start(KERNEL_DEFAULT, false);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR + 0x5000, 0x100000, 0x4000), 0);
	ck_assert_int_eq(pin(0x101000, 3, RW, phys), 0);
	ck_assert_uint_eq(phys[0], RAM_BASE + 0x6000);
	ck_assert_uint_eq(phys[2], RAM_BASE + 0x8000);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 12);
	ck_assert_int_eq(pin(0x103000, 1, R, phys), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 12); /* once */
	type1_unpin_pages(fixture_type1(&fixture), 0x101000, 3, &fixture.work);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 4);
	ck_assert_uint_eq(fixture.pins.pins, 1);
	type1_unpin_pages(fixture_type1(&fixture), 0x100000, 8,
			  &fixture.work); /* not pinned, not mapped: passed over */
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 0);
}
END_TEST

START_TEST(what_cannot_be_pinned_undoes_what_was)
{
	phys_t phys[8];

	start(KERNEL_DEFAULT, false);
	ck_assert_int_eq(fixture_map(&fixture, 1, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR - 0x1000, 0x104000, 0x2000), 0); /* a hole, then memory */
	ck_assert_int_eq(pin(0x102000, 3, R, phys), EFAULT);
	ck_assert_int_eq(pin(0x103000, 1, RW, phys), EPERM);
	ck_assert_int_eq(pin(0x105000, 2, R, phys), EINVAL);
	fixture.process.account.limit_pages = 2;
	ck_assert_int_eq(pin(0x100000, 3, R, phys), 0); /* mapped with the capability to lock any amount */
	type1_unpin_pages(fixture_type1(&fixture), 0x100000, 3, &fixture.work);
	ck_assert_int_eq(fixture_map(&fixture, 1, RAM_VADDR, 0x200000, 0x4000), 0);
	ck_assert_int_eq(pin(0x200000, 3, R, phys), ENOMEM);
	ck_assert_uint_eq(fixture.pins.pins, 0);
	ck_assert_uint_eq(fixture.process.account.total, 0);
	type1_ignore(fixture_type1(&fixture), &listener);
	ck_assert_int_eq(pin(0x100000, 1, R, phys), EINVAL); /* nobody to be told of unmaps */
	fixture.process.account.limit_pages = ACCOUNT_UNLIMITED;
}
END_TEST

START_TEST(version_1_pins_nothing_for_the_host)
{
	phys_t phys[1];

	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert(fixture_open(&fixture, VFIO_TYPE1_IOMMU));
	type1_listen(fixture_type1(&fixture), &listener);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(pin(0x100000, 1, R, phys), EACCES);
}
END_TEST

START_TEST(no_pages_and_a_wrap_are_refused_since_6_18)
{
	phys_t phys[2];

	start(KERNEL_DEFAULT, false);
	ck_assert_int_eq(pin(0x100000, 0, R, phys), 0);
	vfio_group_unset_container(&fixture.mediated, &fixture.work);
	fixture_fini(&fixture);
	start((struct kernel){ 6, 18 }, false);
	ck_assert_int_eq(pin(0x100000, 0, R, phys), EINVAL);
	ck_assert_int_eq(pin(UINT64_MAX - 0xfff, 2, R, phys), EOVERFLOW);
}
END_TEST

START_TEST(a_domain_and_the_host_charge_a_page_once)
{
	phys_t phys[2];

	start(KERNEL_DEFAULT, false);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(pin(0x101000, 2, RW, phys), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 8);
	ck_assert_int_eq(vfio_group_set_container(&fixture.group[0], &fixture.container, &fixture.work), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_uint_eq(pins_count(&fixture.pins, RAM_BASE + 0x1000), 2);
	type1_unpin_pages(fixture_type1(&fixture), 0x101000, 1, &fixture.work);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16); /* the domain has it still */
	ck_assert_int_eq(pin(0x103000, 1, RW, phys), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_int_eq(vfio_group_unset_container(&fixture.group[0], &fixture.work), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 8); /* pages 2 and 3 */
	ck_assert_uint_eq(fixture.pins.pins, 2);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x200000, 0x1000), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 8);
}
END_TEST

START_TEST(an_unmap_tells_the_devices_first)
{
	phys_t phys[2];
	uint64_t size = 0x4000;

	start(KERNEL_DEFAULT, true);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x200000, 0x4000), 0);
	ck_assert_int_eq(pin(0x101000, 2, RW, phys), 0);
	ck_assert_int_eq(pin(0x102000, 1, RW, phys), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, 0, 0x100000, &size), 0);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(fixture.pins.pins, 4);
	size = 0x4000;
	ck_assert_int_eq(fixture_unmap(&fixture, 0, 0x200000, &size), 0);
	ck_assert_uint_eq(told, 1);
}
END_TEST

START_TEST(the_hosts_accesses_follow_permissions_and_memory)
{
	struct type1 *type1;
	int error;

	start(KERNEL_DEFAULT, false);
	type1 = fixture_type1(&fixture);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 1, RAM_VADDR, 0x101000, 0x1000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 2, RAM_VADDR, 0x103000, 0x1000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR + RAM_BYTES + 0x200000, 0x104000, 0x1000), 0);
	type1_access(type1, 0x100ff0, 0x20, false, &error);
	ck_assert_int_eq(error, 0);
	type1_access(type1, 0x100ff0, 0x20, true, &error);
	ck_assert_int_eq(error, EPERM);
	type1_access(type1, 0x103000, 8, false, &error);
	ck_assert_int_eq(error, EPERM); /* a mapping for writing only is not read */
	type1_access(type1, 0x101ff8, 0x10, false, &error);
	ck_assert_int_eq(error, EINVAL);
	type1_access(type1, 0x104000, 8, false, &error);
	ck_assert_int_eq(error, EFAULT);
	ck_assert_uint_eq(fixture.pins.pins, 0);
	process_exit(&fixture.process);
	type1_access(type1, 0x100000, 8, false, &error);
	ck_assert_int_eq(error, EPERM);
}
END_TEST

/* ---- live update ---- */

START_TEST(newer_kernels_let_no_mediated_device_and_no_invalid_vaddr_meet)
{
	uint64_t size = 0x1000;
	phys_t phys[1];
	int error;

	start(KERNEL_DEFAULT, true);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_UPDATE_VADDR), 0);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x100800, &size), EBUSY); /* before EINVAL */
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x100000, &size), EBUSY);
	ck_assert_int_eq(vfio_group_unset_container(&fixture.mediated, &fixture.work), 0);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_UPDATE_VADDR), 1);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x100000, &size), 0);
	ck_assert_int_eq(pin(0x100000, 1, R, phys), EBUSY);
	ck_assert_int_eq(type1_access(fixture_type1(&fixture), 0x100000, 8, true, &error), TYPE1_HOST_DONE);
	ck_assert_int_eq(error, EBUSY);
	ck_assert_int_eq(fixture_map(&fixture, TYPE1_MAP_VADDR, RAM_VADDR + 0x1000, 0x100000, 0x1000), 0);
	ck_assert_int_eq(pin(0x100000, 1, R, phys), 0);
	ck_assert_uint_eq(phys[0], RAM_BASE + 0x1000);
}
END_TEST

START_TEST(in_older_kernels_the_host_waits_for_the_vaddr)
{
	uint64_t size = 0x1000;
	phys_t phys[2];
	int error;

	start(OLD, true);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR + 0x1000, 0x101000, 0x1000), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x101000, &size), 0);
	ck_assert_int_eq(pin(0x100000, 1, R, phys), 0); /* its own vaddr is good */
	ck_assert_int_eq(type1_pin_pages(fixture_type1(&fixture), &fixture.mediated, 0x100000, 2, R, phys, &error,
					 &fixture.work),
			 TYPE1_HOST_WAITS);
	ck_assert_uint_eq(fixture.pins.pins, 2 + 1);
	ck_assert_int_eq(type1_access(fixture_type1(&fixture), 0x100ff8, 0x10, true, &error), TYPE1_HOST_WAITS);
	ck_assert_int_eq(fixture_map(&fixture, TYPE1_MAP_VADDR, RAM_VADDR + 0x5000, 0x101000, 0x1000), 0);
	ck_assert_int_eq(pin(0x100000, 2, R, phys), 0);
	ck_assert_uint_eq(phys[1], RAM_BASE + 0x5000);
	ck_assert_int_eq(type1_access(fixture_type1(&fixture), 0x100ff8, 0x10, true, &error), TYPE1_HOST_DONE);
	ck_assert_int_eq(error, 0);
}
END_TEST

START_TEST(after_an_update_the_new_processes_limit_holds)
{
	struct type1_map_call update = {
		.argsz = TYPE1_MAP_ARGSZ, .flags = TYPE1_MAP_VADDR, .vaddr = RAM_VADDR, .iova = 0x100000, .size = 0x4000
	};
	uint64_t size = 0x4000;
	phys_t phys[4];

	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert(fixture_open(&fixture, VFIO_TYPE1v2_IOMMU));
	type1_listen(fixture_type1(&fixture), &listener);
	ck_assert_int_eq(fixture_map(&fixture, 3, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x100000, &size), 0);
	fixture.child.account.limit_pages = 5;
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.child, VFIO_IOMMU_MAP_DMA, &update, &fixture.work), 0);
	ck_assert_int_eq(vfio_group_set_container(&fixture.mediated, &fixture.container, &fixture.work), 0);
	ck_assert_int_eq(vfio_group_unset_container(&fixture.group[0], &fixture.work), 0);
	ck_assert_uint_eq(fixture.child.account.total, 0);
	fixture.child.account.limit_pages = 2;
	ck_assert_int_eq(pin(0x100000, 3, R, phys), ENOMEM);
	ck_assert_int_eq(pin(0x100000, 2, R, phys), 0);
	ck_assert_uint_ge(phys[0], RAM_BASE + RAM_BYTES); /* the child's memory */
	ck_assert_uint_eq(fixture.child.account.total, 2);
	type1_unpin_pages(fixture_type1(&fixture), 0x100000, 2, &fixture.work);
	ck_assert_uint_eq(fixture.child.account.total, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("type1_host");
	TCase *test = tcase_create("type1_host");

	tcase_add_checked_fixture(test, NULL, teardown);
	tcase_add_test(test, pages_are_pinned_where_the_mapping_leads_and_charged_without_a_domain);
	tcase_add_test(test, what_cannot_be_pinned_undoes_what_was);
	tcase_add_test(test, version_1_pins_nothing_for_the_host);
	tcase_add_test(test, no_pages_and_a_wrap_are_refused_since_6_18);
	tcase_add_test(test, a_domain_and_the_host_charge_a_page_once);
	tcase_add_test(test, an_unmap_tells_the_devices_first);
	tcase_add_test(test, the_hosts_accesses_follow_permissions_and_memory);
	tcase_add_test(test, newer_kernels_let_no_mediated_device_and_no_invalid_vaddr_meet);
	tcase_add_test(test, after_an_update_the_new_processes_limit_holds);
	tcase_add_test(test, in_older_kernels_the_host_waits_for_the_vaddr);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
