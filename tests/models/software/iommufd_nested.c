/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_nested.h"

#include <errno.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

static struct host host;
static struct ioas ioas;

static void setup(void)
{
	host_init(&host, 0x40000000, 30, 0);
	ioas_init(&ioas);
}

static void teardown(void)
{
	ioas_fini(&ioas);
	host_fini(&host);
}

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

int main(void)
{
	Suite *suite = suite_create("iommufd_nested");
	TCase *test = tcase_create("nested");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, a_guests_pasid_entry_says_where_its_first_stage_is);
	tcase_add_test(test, a_pasid_entry_that_is_absent_or_second_stage_has_no_first_stage);
	tcase_add_test(test, a_first_stage_of_five_levels_needs_a_unit_that_walks_it);
	tcase_add_test(test, invalidations_are_accepted_up_to_the_first_bad_one);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
