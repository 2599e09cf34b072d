/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd.h"

#include <errno.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define APERTURE_LAST ((UINT64_C(1) << 48) - 1)

static struct host host;
static struct ioas ioas;

static void setup(void)
{
	host_init(&host, 0x40000000, 30, 0);

	struct container_config config = host_container(&host);

	config.account_mode = ACCOUNT_USER;
	ioas_init(&ioas, &config, APERTURE_LAST);
}

static void teardown(void)
{
	ioas_fini(&ioas);
	host_fini(&host);
}

START_TEST(a_guests_memory_is_pinned_and_charged_once_as_nesting_parent)
{
	ck_assert_int_eq(ioas_map(&ioas, 0, RAM_VADDR, 0x40000000, PT_READ | PT_WRITE, &host.work), 0);
	ck_assert_uint_eq(host.work.ioctls, 1);
	ck_assert_uint_eq(host.work.pages_pinned, 0x40000);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_USER], 0x40000);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_MM], 0);
	ck_assert_uint_eq(host.work.table.entries_written, 1); /* a leaf of 1 GiB */
}
END_TEST

/* [VTD] "Scalable-Mode PASID Table Entry": P 0, PGTT 8:6; SRE 0, FSPM 3:2, WPE 4, EAFE 7, FSPTPTR 63:12. */
START_TEST(a_guests_pasid_entry_says_where_its_first_stage_is)
{
	uint64_t entry[8] = { 1 | 1 << 6, 5, 0x12345000 | 1 | 1 << 4 };
	struct vtd_s1 s1;

	ck_assert(vtd_s1_from_pasid_entry(entry, &s1));
	ck_assert_uint_eq(s1.root, 0x12345000);
	ck_assert_uint_eq(s1.levels, 4);
	ck_assert(s1.supervisor_request && s1.write_protect && !s1.extended_accessed);
	entry[2] |= 1 << 2 | 1 << 7;
	ck_assert(vtd_s1_from_pasid_entry(entry, &s1));
	ck_assert_uint_eq(s1.levels, 5);
	ck_assert(s1.extended_accessed);
}
END_TEST

START_TEST(a_pasid_entry_that_is_absent_or_second_stage_has_no_first_stage)
{
	uint64_t absent[8] = { 1 << 6, 5, 0x12345000 }, second[8] = { 1 | 2 << 6, 5, 0x12345000 };
	struct vtd_s1 s1;

	ck_assert(!vtd_s1_from_pasid_entry(absent, &s1));
	ck_assert(!vtd_s1_from_pasid_entry(second, &s1));
}
END_TEST

START_TEST(a_first_stage_of_five_levels_needs_a_unit_that_walks_it)
{
	struct nested_hwpt hwpt;
	struct vtd_s1 s1 = { .root = 0x1000, .levels = 5 };

	ck_assert_int_eq(nested_hwpt_init(&hwpt, &ioas, &s1, false, &host.work), EINVAL);
	ck_assert_int_eq(nested_hwpt_init(&hwpt, &ioas, &s1, true, &host.work), 0);
	s1.levels = 4;
	ck_assert_int_eq(nested_hwpt_init(&hwpt, &ioas, &s1, false, &host.work), 0);
	ck_assert_ptr_eq(hwpt.parent, &ioas);
	ck_assert_uint_eq(host.work.ioctls, 3);
}
END_TEST

START_TEST(invalidations_are_accepted_up_to_the_first_bad_one)
{
	struct vtd_s1_invalidation requests[] = {
		{ .addr = 0x1000, .npages = 1, .leaf = true },
		{ .addr = 0, .npages = UINT64_MAX },
		{ .addr = 0x1800, .npages = 1 },
		{ .addr = 0x2000, .npages = 1 },
	};
	struct vtd_s1_invalidation everything_from_somewhere = { .addr = 0x1000, .npages = UINT64_MAX };
	unsigned accepted;

	ck_assert_int_eq(nested_hwpt_invalidate(requests, 4, &accepted, &host.work), EINVAL);
	ck_assert_uint_eq(accepted, 2);
	ck_assert_uint_eq(host.work.ioctls, 1);
	ck_assert_int_eq(nested_hwpt_invalidate(&everything_from_somewhere, 1, &accepted, &host.work), EINVAL);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_int_eq(nested_hwpt_invalidate(requests, 2, &accepted, &host.work), 0);
}
END_TEST

/* As a 6.12 kernel answered with its mock device attached. */
START_TEST(the_checks_of_a_map_have_their_order)
{
	ck_assert_int_eq(ioas_map(&ioas, 0x2000000, RAM_VADDR, 0x1000, PT_READ, &host.work), 0);
	ck_assert_int_eq(ioas_map(&ioas, 0x2000000, RAM_VADDR, 0x1000, 0, &host.work), EINVAL);
	ck_assert_int_eq(ioas_map(&ioas, 0x1fff000, RAM_VADDR, 0x3000, PT_READ, &host.work), EEXIST);
	ck_assert_int_eq(ioas_map(&ioas, 0x2030000, RAM_VADDR, 0, PT_READ, &host.work), EINVAL);
	ck_assert_int_eq(ioas_map(&ioas, 0xfffffffffffff000, RAM_VADDR, 0x2000, PT_READ, &host.work), EOVERFLOW);
	ck_assert_int_eq(ioas_map(&ioas, 0xfffffffffffff000, RAM_VADDR, 0x1000, PT_READ, &host.work), EINVAL);
	ck_assert_int_eq(ioas_map(&ioas, 0x2070000, 0xfffffffffffff000, 0x1000, PT_READ, &host.work), EOVERFLOW);
	ck_assert_int_eq(ioas_map(&ioas, 0x2070000, RAM_VADDR, UINT64_MAX, PT_READ, &host.work), EOVERFLOW);
	ck_assert_int_eq(ioas_map(&ioas, 0xfee00000, RAM_VADDR, 0x1000, PT_READ, &host.work), EINVAL);
	ck_assert_int_eq(ioas_map(&ioas, UINT64_C(1) << 48, RAM_VADDR, 0x1000, PT_READ, &host.work), EINVAL);
	ck_assert_uint_eq(ioas.container.mappings.count, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iommufd");
	TCase *test = tcase_create("iommufd");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, a_guests_memory_is_pinned_and_charged_once_as_nesting_parent);
	tcase_add_test(test, a_guests_pasid_entry_says_where_its_first_stage_is);
	tcase_add_test(test, a_pasid_entry_that_is_absent_or_second_stage_has_no_first_stage);
	tcase_add_test(test, a_first_stage_of_five_levels_needs_a_unit_that_walks_it);
	tcase_add_test(test, invalidations_are_accepted_up_to_the_first_bad_one);
	tcase_add_test(test, the_checks_of_a_map_have_their_order);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
