/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/vfio.h"

#include <errno.h>

#include "models/base/heap.h"
#include "tests/suite.h"

/* A driver that has extensions 1 (a type) and 10 (only once it is set), and takes at most two groups. */
struct fake {
	unsigned groups, calls;
};

static unsigned fakes, refused; /* states that live; groups refused */

static int fake_check(const struct vfio_host *host, void *state, uint64_t extension)
{
	(void)host;
	return extension == VFIO_TYPE1_IOMMU || (state && extension == VFIO_UPDATE_VADDR);
}

static int fake_open(const struct vfio_host *host, uint64_t type, void **state)
{
	(void)host;
	ck_assert_uint_eq(type, VFIO_TYPE1_IOMMU);
	*state = heap_zeroed(1, sizeof(struct fake));
	fakes++;
	return 0;
}

static void fake_release(void *state, struct host_work *work)
{
	const struct fake *fake = state;

	(void)work;
	ck_assert_uint_eq(fake->groups, 0);
	fakes--;
	free(state);
}

static int fake_attach(void *state, struct vfio_group *group, struct host_work *work)
{
	struct fake *fake = state;

	(void)group;
	(void)work;
	if (fake->groups == 2) {
		refused++;
		return EPERM;
	}
	fake->groups++;
	return 0;
}

static void fake_detach(void *state, struct vfio_group *group, struct host_work *work)
{
	struct fake *fake = state;

	(void)group;
	(void)work;
	fake->groups--;
}

static int fake_call(void *state, struct process *caller, enum vfio_request request, void *argument,
		     struct host_work *work)
{
	(void)state;
	(void)caller;
	(void)work;
	++*(unsigned *)argument;
	return request == VFIO_IOMMU_MAP_DMA ? 0 : ENOTTY;
}

static const struct vfio_driver fake = {
	.name = "fake",
	.check_extension = fake_check,
	.open = fake_open,
	.release = fake_release,
	.attach_group = fake_attach,
	.detach_group = fake_detach,
	.call = fake_call,
};

static const struct vfio_driver *const drivers[] = { &fake };
static const struct vfio_host host = { .driver = drivers, .driver_count = 1 };
static struct vfio_container container;
static struct vfio_group group, other;
static struct host_work work;

static void setup(void)
{
	vfio_container_init(&container, &host);
	group = other = (struct vfio_group){ 0 };
	fakes = refused = 0;
}

START_TEST(without_a_group_a_container_takes_no_driver_and_no_call)
{
	unsigned calls = 0;

	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), EINVAL);
	ck_assert_int_eq(vfio_call(&container, NULL, VFIO_IOMMU_MAP_DMA, &calls, &work), EINVAL);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_call(&container, NULL, VFIO_IOMMU_MAP_DMA, &calls, &work), EINVAL);
	ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(extensions_are_asked_of_all_drivers_until_one_is_set)
{
	ck_assert_int_eq(vfio_check_extension(&container, VFIO_TYPE1_IOMMU), 1);
	ck_assert_int_eq(vfio_check_extension(&container, VFIO_UPDATE_VADDR), 0);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_check_extension(&container, VFIO_UPDATE_VADDR), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_check_extension(&container, VFIO_UPDATE_VADDR), 1);
	ck_assert_int_eq(vfio_check_extension(&container, VFIO_SPAPR_TCE_IOMMU), 0);
	vfio_group_unset_container(&group, &work);
}
END_TEST

START_TEST(a_type_that_no_driver_has_is_ENODEV_and_a_second_one_EINVAL)
{
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, 99, &work), ENODEV);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_SPAPR_TCE_v2_IOMMU, &work), ENODEV);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), EINVAL);
	ck_assert_int_eq(vfio_set_iommu(&container, 99, &work), EINVAL);
	vfio_group_unset_container(&group, &work);
}
END_TEST

START_TEST(calls_reach_the_driver)
{
	unsigned calls = 0;

	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_call(&container, NULL, VFIO_IOMMU_MAP_DMA, &calls, &work), 0);
	ck_assert_int_eq(vfio_call(&container, NULL, VFIO_IOMMU_ENABLE, &calls, &work), ENOTTY);
	ck_assert_uint_eq(calls, 2);
	vfio_group_unset_container(&group, &work);
}
END_TEST

START_TEST(a_device_opens_once_its_container_has_a_driver)
{
	ck_assert_int_eq(vfio_device_open(&group), EINVAL);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), EINVAL);
	ck_assert_int_eq(vfio_device_open(&group), EINVAL);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_device_open(&group), 0);
	ck_assert_int_eq(vfio_group_unset_container(&group, &work), EBUSY);
	vfio_device_close(&group, &work);
	ck_assert_int_eq(vfio_group_unset_container(&group, &work), 0);
	ck_assert_int_eq(vfio_group_unset_container(&group, &work), EINVAL);
}
END_TEST

START_TEST(the_last_group_takes_the_driver_along)
{
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_group_set_container(&other, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_uint_eq(((struct fake *)container.state)->groups, 2);
	ck_assert_int_eq(vfio_group_unset_container(&group, &work), 0);
	ck_assert_uint_eq(fakes, 1);
	ck_assert_int_eq(vfio_group_unset_container(&other, &work), 0);
	ck_assert_uint_eq(fakes, 0);
	ck_assert_ptr_null(container.driver);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	vfio_group_unset_container(&group, &work);
	ck_assert_uint_eq(fakes, 0);
}
END_TEST

START_TEST(a_group_that_the_driver_refuses_stays_outside_and_the_others_are_let_go)
{
	struct vfio_group third = { 0 };

	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_group_set_container(&other, &container, &work), 0);
	ck_assert_int_eq(vfio_group_set_container(&third, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), EPERM);
	ck_assert_uint_eq(refused, 1);
	ck_assert_uint_eq(fakes, 0);
	ck_assert_ptr_null(container.driver);
	ck_assert_int_eq(vfio_group_unset_container(&third, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_group_set_container(&third, &container, &work), EPERM);
	ck_assert_ptr_null(third.container);
	vfio_group_unset_container(&group, &work);
	vfio_group_unset_container(&other, &work);
	ck_assert_uint_eq(fakes, 0);
}
END_TEST

START_TEST(a_group_says_whether_it_is_viable_and_in_a_container)
{
	uint32_t flags;

	ck_assert_int_eq(vfio_group_open(&group), 0);
	ck_assert_int_eq(vfio_group_open(&group), EBUSY);
	ck_assert_int_eq(vfio_group_status(&group, 7, &flags), EINVAL);
	ck_assert_int_eq(vfio_group_status(&group, 8, &flags), 0);
	ck_assert_uint_eq(flags, VFIO_GROUP_FLAGS_VIABLE);
	group.kernel_use = true;
	ck_assert_int_eq(vfio_group_status(&group, 8, &flags), 0);
	ck_assert_uint_eq(flags, 0);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), EBUSY);
	group.kernel_use = false;
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_group_status(&group, 8, &flags), 0);
	ck_assert_uint_eq(flags, VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
	vfio_group_unset_container(&group, &work);
}
END_TEST

START_TEST(an_open_device_keeps_a_closed_group_in_its_container)
{
	ck_assert_int_eq(vfio_group_open(&group), 0);
	ck_assert_int_eq(vfio_group_set_container(&group, &container, &work), 0);
	ck_assert_int_eq(vfio_set_iommu(&container, VFIO_TYPE1_IOMMU, &work), 0);
	ck_assert_int_eq(vfio_device_open(&group), 0);
	vfio_group_close(&group, &work);
	ck_assert_uint_eq(fakes, 1);
	ck_assert_int_eq(vfio_group_open(&group), EBUSY);
	vfio_device_close(&group, &work);
	ck_assert_uint_eq(fakes, 0);
	ck_assert_int_eq(vfio_group_open(&group), 0);
	vfio_group_close(&group, &work);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vfio");
	TCase *test = tcase_create("vfio");

	tcase_add_checked_fixture(test, setup, NULL);
	tcase_add_test(test, without_a_group_a_container_takes_no_driver_and_no_call);
	tcase_add_test(test, extensions_are_asked_of_all_drivers_until_one_is_set);
	tcase_add_test(test, a_type_that_no_driver_has_is_ENODEV_and_a_second_one_EINVAL);
	tcase_add_test(test, calls_reach_the_driver);
	tcase_add_test(test, a_device_opens_once_its_container_has_a_driver);
	tcase_add_test(test, the_last_group_takes_the_driver_along);
	tcase_add_test(test, a_group_that_the_driver_refuses_stays_outside_and_the_others_are_let_go);
	tcase_add_test(test, a_group_says_whether_it_is_viable_and_in_a_container);
	tcase_add_test(test, an_open_device_keeps_a_closed_group_in_its_container);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
