/* SPDX-License-Identifier: Apache-2.0 */
/* Answers are those of 6.12 and 7.3 kernels to iofd's case "vfiocompat", or follow from vfio_compat.c. */
#include "models/software/iommufd_vfio.h"

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0 UINT64_C(0x2000000)

static struct iommufd_host host;
static struct vfio_cdev cdev;
static struct host_work *work;

static void setup(void)
{
	iommufd_host_init(&host, KERNEL_6_12);
	cdev = vtd_cdev(&host);
	work = &host.host.work;
}

static void teardown(void)
{
	iommufd_host_fini(&host);
}

static void choose(uint64_t type)
{
	uint32_t device, pt = host.ioas, id = host.ioas;

	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), 0);
	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &device), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, work), 0);
	ck_assert_int_eq(iommufd_vfio_set_iommu(&host.iommufd, type), 0);
}

static int map(uint32_t flags, iova_t iova, uint64_t bytes)
{
	return iommufd_vfio_map(&host.iommufd, &host.caller, flags, RAM_VADDR, iova, bytes, work);
}

static void unmaps(uint32_t flags, iova_t iova, uint64_t asked, int error, uint64_t out)
{
	uint64_t bytes = asked;

	ck_assert_int_eq(iommufd_vfio_unmap(&host.iommufd, flags, iova, &bytes, work), error);
	ck_assert_uint_eq(bytes, out);
}

START_TEST(without_an_ioas_of_vfios_there_is_no_device)
{
	struct iommufd_vfio_info info;
	uint32_t id = 9999;
	uint64_t bytes = 0x1000;

	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_GET, &id), ENODEV);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), ENOENT);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, 3, &id), EOPNOTSUPP);
	ck_assert_int_eq(iommufd_vfio_set_iommu(&host.iommufd, 7), EINVAL);
	ck_assert_int_eq(iommufd_vfio_set_iommu(&host.iommufd, 1), ENODEV);
	ck_assert_int_eq(iommufd_vfio_get_info(&host.iommufd, &info), ENODEV);
	ck_assert_int_eq(map(4, I0, 0x1000), EINVAL);
	ck_assert_int_eq(map(3, I0, 0x1000), ENODEV);
	ck_assert_int_eq(iommufd_vfio_unmap(&host.iommufd, 1, I0, &bytes, work), EINVAL);
	ck_assert_int_eq(iommufd_vfio_unmap(&host.iommufd, 0, I0, &bytes, work), ENODEV);
}
END_TEST

START_TEST(the_ioas_that_is_set_is_forgotten_with_clear_and_with_its_end)
{
	uint32_t id = host.ioas, other;

	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), 0);
	id = 0;
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_GET, &id), 0);
	ck_assert_uint_eq(id, host.ioas);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_CLEAR, &id), 0);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_GET, &id), ENODEV);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &other), 0);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &other), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, other, work), 0);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_GET, &id), ENODEV);
}
END_TEST

START_TEST(extensions_are_both_types_and_unmapping_all)
{
	uint32_t id = host.ioas;
	bool has;

	ck_assert_int_eq(iommufd_vfio_check_extension(&host.iommufd, 1, &has), 0);
	ck_assert_int_eq(iommufd_vfio_check_extension(&host.iommufd, 4, &has), ENODEV);
	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), 0);
	ck_assert_int_eq(iommufd_vfio_check_extension(&host.iommufd, 4, &has), 0);
	ck_assert(has); /* no table denies coherency */
	choose(3);
	for (uint64_t extension = 1; extension <= 10; extension++) {
		ck_assert_int_eq(iommufd_vfio_check_extension(&host.iommufd, extension, &has), 0);
		ck_assert_int_eq(has, extension == 1 || extension == 3 || extension == 9);
	}
}
END_TEST

START_TEST(information_has_page_sizes_and_room_for_each_iova_range)
{
	struct iommufd_vfio_info info;

	choose(3);
	ck_assert_int_eq(iommufd_vfio_get_info(&host.iommufd, &info), 0);
	ck_assert_uint_eq(info.flags, 3);
	ck_assert_uint_eq(info.page_sizes, 0x40201000);
	ck_assert_uint_eq(info.bytes, 88);
	host.iommufd.kernel = (struct kernel){ 6, 5 }; /* whose capabilities are not aligned */
	ck_assert_int_eq(iommufd_vfio_get_info(&host.iommufd, &info), 0);
	ck_assert_uint_eq(info.bytes, 84);
}
END_TEST

START_TEST(pages_below_the_hosts_are_shown_as_the_hosts)
{
	struct iommufd_vfio_info info;
	uint32_t pt = host.ioas, id = host.ioas, mock, device;

	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), 0);
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, work), 0);
	ck_assert_int_eq(iommufd_vfio_get_info(&host.iommufd, &info), 0);
	ck_assert_uint_eq(info.page_sizes, 0x1000);
	ck_assert_uint_eq(info.bytes, 72);
}
END_TEST

START_TEST(type_1_splits_what_an_unmap_cuts)
{
	choose(1);
	ck_assert_int_eq(map(3, I0, 0x4000), 0);
	ck_assert_int_eq(map(3, I0, 0x4000), EEXIST);
	unmaps(0, I0, 0x1000, 0, 0x1000);
	ck_assert_uint_eq(host.host.process.pinned_vm, 3);
	unmaps(0, I0 + 0x1000, 0x1000, 0, 0x1000);
	unmaps(0, I0, 0x4000, 0, 0x2000);
	unmaps(0, I0, 0x4000, 0, 0);
	ck_assert_int_eq(map(3, I0, 0x3000), 0);
	unmaps(0, I0 + 0x1000, 0x1000, 0, 0x1000); /* out of the middle */
	ck_assert_int_eq(map(3, I0 + 0x1000, 0x1000), 0);
	unmaps(0, I0, 0x3000, 0, 0x3000);
	unmaps(0, I0, 0, EINVAL, 0);
	ck_assert_int_eq(map(3, I0, 0x800), EINVAL);
}
END_TEST

START_TEST(type_1_unmaps_from_0_with_one_cut)
{
	choose(1);
	ck_assert_int_eq(map(3, 0, 0x4000), 0);
	unmaps(0, 0, 0x2000, 0, 0x2000);
	ck_assert_uint_eq(host.host.process.pinned_vm, 2);
}
END_TEST

START_TEST(version_2_refuses_to_cut)
{
	choose(3);
	ck_assert_int_eq(map(3, I0, 0x4000), 0);
	unmaps(0, I0, 0x1000, ENOENT, 0);
	unmaps(0, I0 + 0x1000, 0x1000, ENOENT, 0);
	unmaps(0, I0, 0x4000, 0, 0x4000);
	unmaps(0, I0, 0x4000, 0, 0); /* nothing there is no error */
}
END_TEST

START_TEST(unmapping_all_takes_no_range)
{
	choose(3);
	ck_assert_int_eq(map(1, I0, 0x1000), 0);
	ck_assert_int_eq(map(2, I0 + 0x1000, 0x1000), 0);
	unmaps(2, I0, 0, EINVAL, 0);
	unmaps(2, 0, 0x1000, EINVAL, 0x1000);
	unmaps(2, 0, 0, 0, 0x2000);
	unmaps(2, 0, 0, 0, 0);
	unmaps(4, I0, 0x1000, EINVAL, 0x1000);
}
END_TEST

START_TEST(a_map_that_allows_nothing_is_up_to_the_driver)
{
	uint32_t pt = host.ioas, id = host.ioas, mock, device;

	ck_assert_int_eq(iommufd_vfio_ioas(&host.iommufd, IOMMUFD_VFIO_IOAS_SET, &id), 0);
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, work), 0);
	ck_assert_int_eq(map(0, I0, 0x1000), 0);
	ck_assert_int_eq(map(3, I0 + 0x1000, 0x800), 0);
	unmaps(2, 0, 0, 0, 0x1800);
	choose(3);
	ck_assert_int_eq(map(0, I0 + 0x10000, 0x1000), EINVAL);
}
END_TEST

START_TEST(opened_as_vfios_container_it_accounts_as_vfio_does)
{
	struct iommufd container;

	iommufd_init(&container, KERNEL_6_12, true);
	ck_assert_int_eq(container.mode, ACCOUNT_MM);
	iommufd_fini(&container);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_an_ioas_of_vfios_there_is_no_device,
		the_ioas_that_is_set_is_forgotten_with_clear_and_with_its_end,
		extensions_are_both_types_and_unmapping_all,
		information_has_page_sizes_and_room_for_each_iova_range,
		pages_below_the_hosts_are_shown_as_the_hosts,
		type_1_splits_what_an_unmap_cuts,
		type_1_unmaps_from_0_with_one_cut,
		version_2_refuses_to_cut,
		unmapping_all_takes_no_range,
		a_map_that_allows_nothing_is_up_to_the_driver,
		opened_as_vfios_container_it_accounts_as_vfio_does,
		NULL,
	};
	Suite *suite = suite_create("iommufd_vfio");
	TCase *test = tcase_create("vfio");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
