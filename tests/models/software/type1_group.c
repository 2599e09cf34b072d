/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/models/software/type1_fixture.h"
#include "tests/suite.h"

#define RW 3u

static struct fixture fixture;

static void setup(void)
{
	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert(fixture_open(&fixture, VFIO_TYPE1v2_IOMMU));
}

static void teardown(void)
{
	fixture_fini(&fixture);
	ck_assert_uint_eq(fixture.live_domains, 0);
}

static int join(struct vfio_group *group)
{
	return vfio_group_set_container(group, &fixture.container, &fixture.work);
}

static void leave(struct vfio_group *group)
{
	ck_assert_int_eq(vfio_group_unset_container(group, &fixture.work), 0);
}

static void expect_window(size_t index, iova_t first, iova_t last)
{
	const struct type1 *type1 = fixture_type1(&fixture);

	ck_assert_uint_lt(index, type1->window_count);
	ck_assert_uint_eq(type1->window[index].first, first);
	ck_assert_uint_eq(type1->window[index].last, last);
}

START_TEST(groups_behind_one_IOMMU_share_a_domain_and_its_charges)
{
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(join(&fixture.group[1]), 0);
	ck_assert_uint_eq(fixture.live_domains, 1);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	leave(&fixture.group[0]);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_uint_eq(fixture_translate(&fixture, 0, 0x101000), RAM_BASE + 0x1000);
	leave(&fixture.group[1]);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 0);
	ck_assert_uint_eq(fixture.live_domains, 0);
	ck_assert_uint_eq(fixture.pins.pins, 0);
}
END_TEST

START_TEST(a_group_behind_another_IOMMU_gets_a_domain_with_all_mappings)
{
	uint64_t size = 0x4000;

	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(join(&fixture.group[2]), 0);
	ck_assert_uint_eq(fixture.live_domains, 2);
	ck_assert_uint_eq(fixture_translate(&fixture, 1, 0x103000), RAM_BASE + 0x3000);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x200000, 0x1000), 0);
	for (unsigned age = 0; age < 2; age++)
		ck_assert_uint_eq(fixture_translate(&fixture, age, 0x200000), RAM_BASE);
	ck_assert_int_eq(fixture_unmap(&fixture, 0, 0x100000, &size), 0);
	for (unsigned age = 0; age < 2; age++)
		ck_assert_uint_eq(fixture_translate(&fixture, age, 0x100000), PHYS_NONE);
	leave(&fixture.group[0]);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 4);
	ck_assert_uint_eq(fixture_translate(&fixture, 1, 0x200000), RAM_BASE);
	leave(&fixture.group[2]);
	ck_assert_uint_eq(fixture.pins.pins, 0);
}
END_TEST

START_TEST(domains_that_refuse_incoherent_writes_and_others_are_apart)
{
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_DMA_CC_IOMMU), 0);
	fixture.iommu[1] = fixture.iommu[0]; /* the same driver, another unit */
	fixture.iommu[1].coherent = true;
	ck_assert_int_eq(join(&fixture.group[2]), 0);
	ck_assert_uint_eq(fixture.live_domains, 2);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_DMA_CC_IOMMU), 0);
	leave(&fixture.group[0]);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_DMA_CC_IOMMU), 1);
}
END_TEST

START_TEST(mappings_lie_where_all_apertures_and_no_reserved_addresses_are)
{
	const struct type1_reserved reserved[] = { { 0x8000, 0xbfff, false }, { 0x20000, 0x2ffff, true } };

	fixture.iommu[1].aperture_first = 0x1000;
	fixture.iommu[1].aperture_last = 0xffffff;
	fixture.iommu[1].page_sizes = 0x1200000 | 0x1000;
	fixture.iommu[1].reserved = reserved;
	fixture.iommu[1].reserved_count = 2;
	ck_assert_int_eq(join(&fixture.group[2]), 0);
	ck_assert_uint_eq(fixture_type1(&fixture)->window_count, 2);
	expect_window(0, 0x1000, 0x7fff);
	expect_window(1, 0xc000, 0xffffff);
	ck_assert_uint_eq(fixture_type1(&fixture)->page_sizes, 0x201000);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0, 0x1000), EINVAL);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x7000, 0x2000), EINVAL);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x20000, 0x1000), 0); /* relaxable */
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x1000000, 0x1000), EINVAL);
	leave(&fixture.group[2]);
	ck_assert_uint_eq(fixture_type1(&fixture)->window_count, 2);
	expect_window(0, 0, 0xfedfffff);
	expect_window(1, 0xfef00000, (UINT64_C(1) << 48) - 1);
	ck_assert_uint_eq(fixture_type1(&fixture)->page_sizes, 0x40201000);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0, 0x1000), 0);
}
END_TEST

START_TEST(mappings_that_would_lie_outside_keep_a_group_out)
{
	const struct type1_reserved reserved = { 0x100000, 0x100fff, false };
	uint64_t size = 0;

	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x10000000, 0x1000), 0);
	fixture.iommu[1].reserved = &reserved;
	ck_assert_int_eq(join(&fixture.group[2]), EINVAL);
	fixture.iommu[1].reserved_count = 0;
	fixture.iommu[1].aperture_last = 0x10000fff;
	fixture.iommu[1].aperture_first = 0x200000;
	ck_assert_int_eq(join(&fixture.group[2]), EINVAL);
	fixture.iommu[1].aperture_first = 0;
	fixture.iommu[1].aperture_last = 0xfffffff;
	ck_assert_int_eq(join(&fixture.group[2]), EINVAL);
	fixture.iommu[1].aperture_first = UINT64_C(1) << 50;
	fixture.iommu[1].aperture_last = UINT64_MAX;
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_ALL, 0, &size), 0);
	ck_assert_int_eq(join(&fixture.group[2]), EINVAL); /* no address in common */
	ck_assert_uint_eq(fixture.live_domains, 1);
	expect_window(0, 0, 0xfedfffff);
}
END_TEST

START_TEST(reserved_addresses_everywhere_unprotected_messages_and_no_memory_keep_a_group_out)
{
	const struct type1_reserved everything = { 0, UINT64_MAX, false };

	fixture.iommu[1].reserved = &everything;
	ck_assert_int_eq(join(&fixture.group[2]), EINVAL);
	fixture.iommu[1].reserved_count = 0;
	fixture.iommu[1].unprotected_messages = true;
	ck_assert_int_eq(join(&fixture.group[2]), EPERM);
	fixture.iommu[1].unprotected_messages = false;
	while (frames_used(&fixture.frames) < FIXTURE_TABLES)
		frames_alloc(&fixture.frames);
	ck_assert_int_eq(join(&fixture.group[2]), ENOMEM);
	ck_assert_ptr_null(fixture.group[2].container);
	ck_assert_uint_eq(fixture.live_domains, 1);
}
END_TEST

START_TEST(a_domain_for_which_tables_lack_frames_changes_nothing)
{
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	while (frames_used(&fixture.frames) < FIXTURE_TABLES - 2)
		frames_alloc(&fixture.frames);
	ck_assert_int_eq(join(&fixture.group[2]), ENOMEM);
	ck_assert_uint_eq(fixture.live_domains, 1);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_uint_eq(fixture.pins.pins, 4);
}
END_TEST

START_TEST(no_group_joins_while_vaddrs_are_invalid)
{
	uint64_t size = 0x1000;

	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_VADDR, 0x100000, &size), 0);
	ck_assert_int_eq(join(&fixture.group[1]), EBUSY);
	ck_assert_int_eq(join(&fixture.mediated), EBUSY);
	ck_assert_int_eq(fixture_map(&fixture, TYPE1_MAP_VADDR, RAM_VADDR, 0x100000, 0x1000), 0);
	ck_assert_int_eq(join(&fixture.group[1]), 0);
}
END_TEST

/* ---- mediated devices' groups ---- */

START_TEST(with_mediated_devices_alone_nothing_is_pinned_and_any_address_is_good)
{
	leave(&fixture.group[0]);
	ck_assert_int_eq(join(&fixture.mediated), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1v2_IOMMU, &fixture.work), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0xfee00000, 0x4000), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, UINT64_C(1) << 60, 0x1000), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 0);
	ck_assert_int_eq(join(&fixture.group[0]), EINVAL); /* what is mapped lies outside and on the window */
	uint64_t size = 0;

	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_ALL, 0, &size), 0);
	ck_assert_uint_eq(size, 0x5000);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(join(&fixture.group[0]), 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
	ck_assert_uint_eq(fixture_translate(&fixture, 1, 0x100000), RAM_BASE);
}
END_TEST

START_TEST(the_last_domain_leaves_mappings_to_mediated_devices_unpinned)
{
	uint64_t size = 0;

	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	ck_assert_int_eq(join(&fixture.mediated), 0);
	leave(&fixture.group[0]);
	ck_assert_uint_eq(fixture.live_domains, 0);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 0);
	ck_assert_uint_eq(fixture.pins.pins, 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x101000, 0x1000), EEXIST);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0xfee00000, 0x1000), 0);
	ck_assert_int_eq(fixture_unmap(&fixture, TYPE1_UNMAP_ALL, 0, &size), 0);
	ck_assert_uint_eq(size, 0x5000);
}
END_TEST

START_TEST(the_last_mediated_group_takes_unpinned_mappings_along)
{
	ck_assert_int_eq(join(&fixture.mediated), 0);
	leave(&fixture.group[0]);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
	leave(&fixture.mediated);
	ck_assert_ptr_null(fixture.container.driver);
	ck_assert_int_eq(join(&fixture.group[0]), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1v2_IOMMU, &fixture.work), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0x100000, 0x4000), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("type1_group");
	TCase *test = tcase_create("type1_group");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, groups_behind_one_IOMMU_share_a_domain_and_its_charges);
	tcase_add_test(test, a_group_behind_another_IOMMU_gets_a_domain_with_all_mappings);
	tcase_add_test(test, domains_that_refuse_incoherent_writes_and_others_are_apart);
	tcase_add_test(test, mappings_lie_where_all_apertures_and_no_reserved_addresses_are);
	tcase_add_test(test, mappings_that_would_lie_outside_keep_a_group_out);
	tcase_add_test(test, reserved_addresses_everywhere_unprotected_messages_and_no_memory_keep_a_group_out);
	tcase_add_test(test, a_domain_for_which_tables_lack_frames_changes_nothing);
	tcase_add_test(test, no_group_joins_while_vaddrs_are_invalid);
	tcase_add_test(test, with_mediated_devices_alone_nothing_is_pinned_and_any_address_is_good);
	tcase_add_test(test, the_last_domain_leaves_mappings_to_mediated_devices_unpinned);
	tcase_add_test(test, the_last_mediated_group_takes_unpinned_mappings_along);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
