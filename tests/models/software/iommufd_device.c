/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_device.h"

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0 UINT64_C(0x2000000)

static struct iommufd_host host;
static struct vfio_cdev cdev, second;
static struct host_work *work;

static void setup(void)
{
	iommufd_host_init(&host, KERNEL_6_12);
	cdev = second = vtd_cdev(&host);
	work = &host.host.work;
}

static void teardown(void)
{
	iommufd_host_fini(&host);
}

static struct ioas *ioas_of(uint32_t id)
{
	return &iommufd_find_ioas(&host.iommufd, id)->ioas;
}

START_TEST(a_device_must_be_bound_once_before_anything_else)
{
	uint32_t id, pt = host.ioas;

	ck_assert_int_eq(vfio_cdev_use(&cdev), EINVAL);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), EINVAL);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), EINVAL);
	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), EINVAL);
	ck_assert_int_eq(vfio_cdev_use(&cdev), 0);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0); /* it is not attached: no matter */
}
END_TEST

START_TEST(attaching_reserves_what_the_device_and_its_aperture_forbid)
{
	struct iova_span span[4];
	uint32_t id, pt = 9999;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), ENOENT);
	pt = id; /* a device is no page table */
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), EINVAL);
	pt = host.ioas;
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	ck_assert_uint_ne(pt, host.ioas);
	ck_assert_uint_eq(ioas_ranges(ioas_of(host.ioas), span, 4), 2);
	ck_assert_uint_eq(span[0].last, 0xfedfffff);
	ck_assert_uint_eq(span[1].last, 0xffffffffffff);
	ck_assert_uint_eq(ioas_of(host.ioas)->alignment, 0x1000);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
	ck_assert_uint_eq(ioas_ranges(ioas_of(host.ioas), span, 4), 1);
	ck_assert_uint_eq(ioas_of(host.ioas)->alignment, 1);
}
END_TEST

START_TEST(a_mapping_in_the_interrupt_window_keeps_a_device_away)
{
	uint32_t id, pt = host.ioas;
	uint64_t bytes = UINT64_MAX;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, 0xfee00000, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), EADDRINUSE);
	ck_assert_uint_eq(pt, host.ioas);
	ck_assert_uint_eq(ioas_of(host.ioas)->reserved_count, 0);
	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, 0, &bytes, work), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
}
END_TEST

START_TEST(an_attach_that_fails_leaves_no_page_table_behind)
{
	uint32_t id, pt = host.ioas, next;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR - 0x1000, 0x1000), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), EFAULT);
	ck_assert_ptr_null(cdev.device->pt);
	ck_assert_uint_eq(iommufd_find_ioas(&host.iommufd, host.ioas)->object.users, 1);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &next), 0);
	ck_assert_uint_eq(next, 3); /* after the IOAS and the device */
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
}
END_TEST

START_TEST(devices_of_one_unit_share_the_automatic_page_table)
{
	uint32_t id[2], pt[2] = { host.ioas, host.ioas };

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id[0]), 0);
	ck_assert_int_eq(vfio_cdev_bind(&second, &host.iommufd, &id[1]), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt[0], work), 0);
	ck_assert_int_eq(vfio_cdev_attach(&second, &pt[1], work), 0);
	ck_assert_uint_eq(pt[0], pt[1]);
	ck_assert_uint_eq(ioas_of(host.ioas)->domain_count, 1);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	ck_assert_int_eq(vfio_cdev_detach(&second, work), 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 0);
	ck_assert_ptr_null(iommufd_find_any(&host.iommufd, pt[0]));
}
END_TEST

START_TEST(a_device_behind_another_unit_gets_a_page_table_of_its_own)
{
	uint32_t id, pt = host.ioas, mock_pt = host.ioas, mock, mock_device;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &mock_pt, &mock, &mock_device, work), 0);
	ck_assert_uint_ne(pt, mock_pt);
	ck_assert_uint_eq(ioas_of(host.ioas)->domain_count, 2);
	ck_assert_uint_eq(ioas_of(host.ioas)->alignment, 0x1000);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	ck_assert_uint_eq(host.host.pins.pins, 4);
	ck_assert_int_eq(host_map(&host, host.ioas, 0x1000, RAM_VADDR, 0x1000), EINVAL); /* below the mock's aperture */
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
	ck_assert_uint_eq(ioas_of(host.ioas)->alignment, 0x800);
	ck_assert_uint_eq(host.host.pins.pins, 4);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, mock_device, work), EBUSY);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, mock, work), 0); /* its device goes with it */
	ck_assert_ptr_null(iommufd_find_any(&host.iommufd, mock_device));
	ck_assert_uint_eq(host.host.pins.pins, 0);
}
END_TEST

START_TEST(an_attached_device_moves_to_another_ioas_or_stays)
{
	uint32_t id, other, pt = host.ioas, first;

	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &other), 0);
	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	first = pt;
	pt = host.ioas;
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0); /* to where it is */
	ck_assert_uint_eq(pt, first);
	ck_assert_int_eq(host_map(&host, other, 0xfee00000, RAM_VADDR, 0x1000), 0);
	pt = other;
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), EADDRINUSE);
	ck_assert_uint_eq(ioas_of(host.ioas)->domain_count, 1);
	ck_assert_uint_eq(ioas_of(other)->domain_count, 0);
	uint64_t bytes = UINT64_MAX;

	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, other, 0, &bytes, work), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	ck_assert_uint_eq(ioas_of(host.ioas)->domain_count, 0);
	ck_assert_uint_eq(ioas_of(host.ioas)->reserved_count, 0);
	ck_assert_uint_eq(ioas_of(other)->domain_count, 1);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, host.ioas, work), 0);
}
END_TEST

START_TEST(a_page_table_of_ones_own_stays_when_its_device_goes)
{
	const struct iommufd_data none = { 0 };
	uint32_t id, hwpt, pt;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &id), 0);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, id, host.ioas, &none, &hwpt, work), 0);
	pt = hwpt;
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	ck_assert_uint_eq(pt, hwpt);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, hwpt, work), EBUSY);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, work), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, hwpt, work), 0);
}
END_TEST

START_TEST(a_device_moves_to_a_first_stage_and_its_page_table_stays_with_the_parent)
{
	const struct iommufd_data none = { 0 }, data = { .type = IOMMUFD_DATA_SELFTEST, .bytes = 4 };
	uint32_t pt = host.ioas, mock, device, parent, stage, automatic;

	ck_assert_int_eq(iommufd_mock_device_replace(&host.iommufd, host.ioas, &pt, work), ENOENT);
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, work), 0);
	automatic = pt;
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, IOMMUFD_HWPT_NEST_PARENT, device, host.ioas, &none, &parent,
					    work),
			 0);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, device, parent, &data, &stage, work), 0);
	pt = stage;
	ck_assert_int_eq(iommufd_mock_device_replace(&host.iommufd, mock, &pt, work), 0);
	ck_assert_ptr_null(iommufd_find_any(&host.iommufd, automatic)); /* nobody uses it any more */
	ck_assert_uint_eq(host.host.pins.pins, 1);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, stage, work), EBUSY);
	pt = parent;
	ck_assert_int_eq(iommufd_mock_device_replace(&host.iommufd, mock, &pt, work), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, stage, work), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, parent, work), EBUSY);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, mock, work), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, parent, work), 0);
	ck_assert_uint_eq(host.host.pins.pins, 0);
}
END_TEST

/* IOMMU_TEST_OP_MD_CHECK_REFS of the recordings: pins of one page. */
START_TEST(a_page_has_a_pin_for_each_map_and_none_for_copies_and_devices)
{
	uint32_t pt = host.ioas, id, mock;
	iova_t to = I0 + 0x20000;
	uint64_t bytes = UINT64_MAX;

	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &id, work), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	ck_assert_uint_eq(pins_count(&host.host.pins, RAM_BASE), 1);
	ck_assert_int_eq(host_map(&host, host.ioas, I0 + 0x10000, RAM_VADDR, 0x4000), 0);
	ck_assert_uint_eq(pins_count(&host.host.pins, RAM_BASE), 2);
	ck_assert_int_eq(iommufd_ioas_copy(&host.iommufd, host.ioas, host.ioas, 7, 0x4000, &to, I0, work), 0);
	pt = host.ioas;
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &id, work), 0);
	ck_assert_uint_eq(pins_count(&host.host.pins, RAM_BASE), 2);
	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, 0, &bytes, work), 0);
	ck_assert_uint_eq(pins_count(&host.host.pins, RAM_BASE), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_device_must_be_bound_once_before_anything_else,
		attaching_reserves_what_the_device_and_its_aperture_forbid,
		a_mapping_in_the_interrupt_window_keeps_a_device_away,
		an_attach_that_fails_leaves_no_page_table_behind,
		devices_of_one_unit_share_the_automatic_page_table,
		a_device_behind_another_unit_gets_a_page_table_of_its_own,
		an_attached_device_moves_to_another_ioas_or_stays,
		a_page_table_of_ones_own_stays_when_its_device_goes,
		a_device_moves_to_a_first_stage_and_its_page_table_stays_with_the_parent,
		a_page_has_a_pin_for_each_map_and_none_for_copies_and_devices,
		NULL,
	};
	Suite *suite = suite_create("iommufd_device");
	TCase *test = tcase_create("device");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
