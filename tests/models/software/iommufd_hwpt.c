/* SPDX-License-Identifier: Apache-2.0 */
/* The calls are those of iofd's cases "hwpt" and "dirty"; answers are recorded, or follow from the kernel's source. */
#include "models/software/iommufd_hwpt.h"

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0 UINT64_C(0x2000000)

enum on { ON_IOAS, ON_NOTHING, ON_PLAIN, ON_PARENT, ON_NESTED };

static const struct {
	const char *what;
	uint32_t flags;
	enum on on;
	bool data, is_short, is_unknown;
	int recorded[5]; /* VT-d 6.12, mock 6.12, mock 7.3; VT-d 7.3, mock 6.6: worked out */
} calls[] = {
	{ "plain", 0, ON_IOAS, .recorded = { 0, 0, 0, 0, 0 } },
	{ "PASID", 8, ON_IOAS, .recorded = { EOPNOTSUPP, EOPNOTSUPP, 0, 0, EOPNOTSUPP } },
	{ "on what is not there", 0, ON_NOTHING, .recorded = { EINVAL, EINVAL, EINVAL, EINVAL, ENOENT } },
	{ "parent", 1, ON_IOAS, .recorded = { EOPNOTSUPP, 0, 0, EOPNOTSUPP, EOPNOTSUPP } },
	{ "parent that tracks", 3, ON_IOAS, .recorded = { EOPNOTSUPP, 0, 0, EOPNOTSUPP, EOPNOTSUPP } },
	{ "fault queue", 4, ON_IOAS, .recorded = { EOPNOTSUPP, EOPNOTSUPP, ENOENT, ENOENT, EOPNOTSUPP } },
	{ "on a plain one", 0, ON_PLAIN, .recorded = { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, ENOENT } },
	{ "nested on a plain one", 0, ON_PLAIN, true, .recorded = { EINVAL, EINVAL, EINVAL, EINVAL, E2BIG } },
	{ "nested", 0, ON_PARENT, true, .recorded = { EINVAL, 0, 0, EINVAL, E2BIG } },
	{ "data on an IOAS", 0, ON_IOAS, true, .recorded = { EOPNOTSUPP, EOPNOTSUPP, 0, EOPNOTSUPP, E2BIG } },
	{ "short data", 0, ON_PARENT, true, true, .recorded = { EINVAL, EINVAL, EINVAL, EINVAL, E2BIG } },
	{ "nested parent", 1, ON_PARENT, true, .recorded = { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, E2BIG } },
	{ "nested that tracks", 2, ON_PARENT, true,
	  .recorded = { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, E2BIG } },
	{ "unknown data", 0, ON_PARENT, true, false, true,
	  .recorded = { EINVAL, EOPNOTSUPP, EOPNOTSUPP, EINVAL, E2BIG } },
	{ "nested on nested", 0, ON_NESTED, true, .recorded = { EINVAL, EINVAL, EINVAL, EINVAL, E2BIG } },
};

static struct iommufd_host host;
static uint32_t device;

static struct iommufd_data data_of(bool is_mock, bool present, bool is_short, bool is_unknown)
{
	struct iommufd_data data = { 0 };

	if (!present)
		return data;
	data.type = is_unknown ? 0x77 : is_mock ? IOMMUFD_DATA_SELFTEST : IOMMUFD_DATA_VTD_S1;
	data.bytes = (is_mock ? 4u : 24u) - is_short;
	data.word[2] = is_mock ? 0 : 48;
	return data;
}

static void ask(struct kernel kernel, bool is_mock, unsigned column)
{
	uint32_t id[5] = { 0 }, pt, mock;

	iommufd_host_init(&host, kernel);
	if (is_mock) {
		pt = host.ioas;
		ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, &host.host.work),
				 0);
	} else {
		struct iommufd_device *bound = iommufd_device_bind(&host.iommufd, &host.vtd.unit, NULL, 0);

		device = bound->object.id;
	}
	id[ON_IOAS] = host.ioas;
	id[ON_NOTHING] = 9999;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct iommufd_data data = data_of(is_mock, calls[i].data, calls[i].is_short, calls[i].is_unknown);
		uint32_t made = 0;
		uint32_t on = id[calls[i].on];

		if (calls[i].on == ON_PARENT && !on)
			on = id[ON_PLAIN];
		int error =
			iommufd_hwpt_alloc(&host.iommufd, calls[i].flags, device, on, &data, &made, &host.host.work);

		ck_assert_msg(error == calls[i].recorded[column], "%s in column %u: %d", calls[i].what, column, error);
		if (i == 0)
			id[ON_PLAIN] = made;
		if (i == 3)
			id[ON_PARENT] = made;
		if (i == 8)
			id[ON_NESTED] = made ? made : id[ON_PLAIN];
	}
	iommufd_host_fini(&host);
}

START_TEST(page_tables_are_allocated_as_each_kernel_and_driver_allow)
{
	ask(KERNEL_6_12, false, 0);
	ask(KERNEL_6_12, true, 1);
	ask(KERNEL_7_3, true, 2);
	ask(KERNEL_7_3, false, 3);
	ask(KERNEL_6_6, true, 4);
}
END_TEST

/* Between the two: FAULT_ID_VALID stays in iommufd, PASID is a flag, and the mock has no page table yet. */
START_TEST(a_6_18_kernel_answers_some_as_before_and_some_as_after)
{
	struct iommufd_data none = { 0 }, data = data_of(true, true, false, false);
	uint32_t pt, mock, made;

	iommufd_host_init(&host, KERNEL_6_18);
	pt = host.ioas;
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, &host.host.work), 0);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 8, device, host.ioas, &none, &made, &host.host.work), 0);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 4, device, host.ioas, &none, &made, &host.host.work),
			 ENOENT);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, device, host.ioas, &data, &made, &host.host.work),
			 EOPNOTSUPP);
	iommufd_host_fini(&host);
}
END_TEST

START_TEST(data_and_its_length_come_together_and_the_device_is_looked_for_first)
{
	struct iommufd_data data = { .type = IOMMUFD_DATA_SELFTEST };
	uint32_t made;

	iommufd_host_init(&host, KERNEL_6_12);
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, 9999, 9999, &data, &made, &host.host.work), EINVAL);
	data = (struct iommufd_data){ .bytes = 4 };
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, 9999, 9999, &data, &made, &host.host.work), EINVAL);
	data.bytes = 0;
	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, 0, 9999, 9999, &data, &made, &host.host.work), ENOENT);
	iommufd_host_fini(&host);
}
END_TEST

/* ---- with the mock of 6.12 ---- */

static void setup(void)
{
	uint32_t pt, mock;

	iommufd_host_init(&host, KERNEL_6_12);
	pt = host.ioas;
	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, &host.host.work), 0);
}

static void teardown(void)
{
	iommufd_host_fini(&host);
}

static uint32_t alloc(uint32_t flags, uint32_t on, bool data)
{
	struct iommufd_data what = data_of(true, data, false, false);
	uint32_t made = 0;

	ck_assert_int_eq(iommufd_hwpt_alloc(&host.iommufd, flags, device, on, &what, &made, &host.host.work), 0);
	return made;
}

START_TEST(a_parent_is_busy_while_a_first_stage_is_on_it)
{
	uint32_t parent = alloc(IOMMUFD_HWPT_NEST_PARENT, host.ioas, false), nested = alloc(0, parent, true);

	ck_assert_int_eq(iommufd_destroy(&host.iommufd, parent, &host.host.work), EBUSY);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, nested, &host.host.work), 0);
	ck_assert_int_eq(iommufd_destroy(&host.iommufd, parent, &host.host.work), 0);
}
END_TEST

START_TEST(another_page_table_is_filled_and_pins_nothing)
{
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	alloc(0, host.ioas, false);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	ck_assert_uint_eq(iommufd_find_ioas(&host.iommufd, host.ioas)->ioas.domain_count, 2);
}
END_TEST

START_TEST(invalidations_of_a_first_stage_are_accepted_up_to_the_first_bad_one)
{
	uint32_t parent = alloc(IOMMUFD_HWPT_NEST_PARENT, host.ioas, false), nested = alloc(0, parent, true), count = 3;
	struct iommufd_data requests[3] = {
		{ .type = IOMMUFD_DATA_SELFTEST, .bytes = 8, .word = { UINT64_C(3) << 32 } },
		{ .type = IOMMUFD_DATA_SELFTEST, .bytes = 8, .word = { 1 } },
		{ .type = IOMMUFD_DATA_SELFTEST, .bytes = 8, .word = { UINT64_C(4) << 32 } },
	};

	ck_assert_int_eq(iommufd_hwpt_invalidate(&host.iommufd, nested, requests, &count), EINVAL);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(iommufd_hwpt_invalidate(&host.iommufd, nested, requests, &count), 0);
	ck_assert_uint_eq(count, 2);
	requests[0].word[0] = 2;
	ck_assert_int_eq(iommufd_hwpt_invalidate(&host.iommufd, nested, requests, &count), EOPNOTSUPP);
	ck_assert_uint_eq(count, 0);
	count = 1;
	ck_assert_int_eq(iommufd_hwpt_invalidate(&host.iommufd, parent, requests, &count), EINVAL);
	ck_assert_int_eq(iommufd_hwpt_invalidate(&host.iommufd, 9999, requests, &count), ENOENT);
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* ---- dirty tracking ---- */

static uint64_t bitmap[8];

static int get(uint32_t id, iova_t iova, uint64_t bytes, uint64_t page, uint32_t flags)
{
	struct iommufd_dirty_query query = { iova, bytes, page, bitmap, 8 };

	for (unsigned i = 0; i < 8; i++)
		bitmap[i] = 0;
	return iommufd_hwpt_get_dirty(&host.iommufd, id, flags, &query);
}

static int set(uint32_t id, uint32_t flags)
{
	return iommufd_hwpt_set_dirty_tracking(&host.iommufd, id, flags);
}

static void mark(uint32_t id, iova_t iova, uint64_t bits, uint64_t expected)
{
	struct iommufd_hwpt *hwpt = (struct iommufd_hwpt *)iommufd_find(&host.iommufd, id, IOMMUFD_HWPT);
	uint64_t count;

	ck_assert_int_eq(iommufd_mock_mark_dirty(&hwpt->table, iova, 0x10000, 0x800, &bits, &count), 0);
	ck_assert_uint_eq(count, expected);
}

START_TEST(a_page_table_tracks_when_it_was_allocated_so)
{
	uint32_t plain = alloc(0, host.ioas, false);

	ck_assert_int_eq(set(plain, IOMMUFD_DIRTY_ENABLE), EOPNOTSUPP);
	ck_assert_int_eq(get(plain, I0, 0x4000, 0x1000, 0), EOPNOTSUPP);
	ck_assert_int_eq(set(host.ioas, 1), ENOENT);
	ck_assert_int_eq(set(9999, 2), EOPNOTSUPP);
}
END_TEST

START_TEST(a_query_is_checked_before_the_page_table_is_asked)
{
	uint32_t plain = alloc(0, host.ioas, false);

	ck_assert_int_eq(get(9999, I0, 0x10000, 0x1000, 2), EOPNOTSUPP);
	ck_assert_int_eq(get(host.ioas, I0, 0x10000, 0x1000, 0), ENOENT);
	ck_assert_int_eq(get(plain, I0 + 0x800, 0x10000, 0x1000, 0), EINVAL);
	ck_assert_int_eq(get(plain, I0, 0x10800, 0x1000, 0), EINVAL);
	ck_assert_int_eq(get(plain, I0, 0x10000, 0, 0), EINVAL);
	ck_assert_int_eq(get(plain, I0 + 0x400, 0x400, 0x400, 0), EINVAL); /* below the I/O page */
	ck_assert_int_eq(get(plain, I0, 0, 0x1000, 0), EOVERFLOW);
	ck_assert_int_eq(get(plain, UINT64_MAX - 0xfff, 0x2000, 0x1000, 0), EOVERFLOW);
	host.iommufd.kernel = KERNEL_7_3;
	ck_assert_int_eq(get(plain, I0, 0, 0x1000, 0), EINVAL);
}
END_TEST

START_TEST(dirty_pages_are_told_once_unless_they_are_to_be_kept)
{
	uint32_t id = alloc(IOMMUFD_HWPT_DIRTY_TRACKING, host.ioas, false);

	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x10000), 0);
	ck_assert_int_eq(set(id, 1), 0);
	mark(id, I0, 0xa5, 4);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x1000, IOMMUFD_DIRTY_NO_CLEAR), 0);
	ck_assert_uint_eq(bitmap[0], 0xf);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0xf);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0);
	mark(id, I0, 0xa5, 4);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x2000, IOMMUFD_DIRTY_NO_CLEAR), 0);
	ck_assert_uint_eq(bitmap[0], 0x3);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x800, IOMMUFD_DIRTY_NO_CLEAR), 0);
	ck_assert_uint_eq(bitmap[0], 0xa5);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x3000, IOMMUFD_DIRTY_NO_CLEAR), 0); /* as 0x1000 */
	ck_assert_uint_eq(bitmap[0], 0xf);
	ck_assert_int_eq(get(id, I0 + 0x2000, 0x2000, 0x1000, 0), 0); /* bit 0 is where the query begins */
	ck_assert_uint_eq(bitmap[0], 0x3);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x800, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0x5);
}
END_TEST

START_TEST(a_query_ends_at_the_first_gap_and_says_nothing_of_it)
{
	uint32_t id = alloc(IOMMUFD_HWPT_DIRTY_TRACKING, host.ioas, false);

	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0 + 0x4000, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0 + 0x6000, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(set(id, 1), 0);
	mark(id, I0, 0xffff, 12);
	ck_assert_int_eq(get(id, I0, 0x8000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0x1f);
	ck_assert_int_eq(get(id, I0 - 0x1000, 0x10000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0);
	ck_assert_int_eq(get(id, I0 + 0x6000, 0x1000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 1);
}
END_TEST

START_TEST(tracking_begins_clean_and_when_it_is_off_nothing_is_told)
{
	uint32_t id = alloc(IOMMUFD_HWPT_DIRTY_TRACKING, host.ioas, false);

	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x10000), 0);
	ck_assert_int_eq(set(id, 1), 0);
	mark(id, I0, 1, 1);
	ck_assert_int_eq(set(id, 0), 0);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0);
	ck_assert_int_eq(set(id, 1), 0);
	ck_assert_int_eq(get(id, I0, 0x10000, 0x1000, 0), 0);
	ck_assert_uint_eq(bitmap[0], 0);
}
END_TEST

/* ---- hardware information ---- */

START_TEST(hardware_is_told_as_its_kernel_tells_it)
{
	struct iommufd_hw_info info;
	const struct {
		struct kernel kernel;
		uint64_t mock, vtd, vtd_flags;
	} kernels[] = {
		{ KERNEL_6_6, 0, 0, 0 }, { KERNEL_6_12, 1, 0, 1 }, { KERNEL_6_18, 1, 0, 1 }, { KERNEL_7_3, 9, 8, 1 }
	};
	struct iommufd_device *vtd = iommufd_device_bind(&host.iommufd, &host.vtd.unit, NULL, 0);

	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		host.iommufd.kernel = host.vtd.unit.kernel = host.mock.kernel = kernels[i].kernel;
		ck_assert_int_eq(iommufd_get_hw_info(&host.iommufd, device, &info), 0);
		ck_assert_uint_eq(info.type, 0xfeedbeef);
		ck_assert_uint_eq(info.bytes, 8);
		ck_assert_uint_eq(info.word[0], UINT64_C(0xdeadbeef00000000));
		ck_assert_uint_eq(info.capabilities, kernels[i].mock);
		ck_assert_int_eq(iommufd_get_hw_info(&host.iommufd, vtd->object.id, &info), 0);
		ck_assert_uint_eq(info.type, 1);
		ck_assert_uint_eq(info.bytes, 24);
		ck_assert_uint_eq(info.word[0], kernels[i].vtd_flags);
		ck_assert_uint_eq(info.word[1], RECORDED_CAPABILITY);
		ck_assert_uint_eq(info.word[2], RECORDED_EXTENDED_CAPABILITY);
		ck_assert_uint_eq(info.capabilities, kernels[i].vtd);
	}
	ck_assert_int_eq(iommufd_get_hw_info(&host.iommufd, host.ioas, &info), ENOENT);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_parent_is_busy_while_a_first_stage_is_on_it,
		another_page_table_is_filled_and_pins_nothing,
		invalidations_of_a_first_stage_are_accepted_up_to_the_first_bad_one,
		a_page_table_tracks_when_it_was_allocated_so,
		a_query_is_checked_before_the_page_table_is_asked,
		dirty_pages_are_told_once_unless_they_are_to_be_kept,
		a_query_ends_at_the_first_gap_and_says_nothing_of_it,
		tracking_begins_clean_and_when_it_is_off_nothing_is_told,
		hardware_is_told_as_its_kernel_tells_it,
		NULL,
	};
	Suite *suite = suite_create("iommufd_hwpt");
	TCase *kernels = tcase_create("kernels"), *test = tcase_create("mock");

	tcase_add_test(kernels, page_tables_are_allocated_as_each_kernel_and_driver_allow);
	tcase_add_test(kernels, a_6_18_kernel_answers_some_as_before_and_some_as_after);
	tcase_add_test(kernels, data_and_its_length_come_together_and_the_device_is_looked_for_first);
	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, kernels);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
