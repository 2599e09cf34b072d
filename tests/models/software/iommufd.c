/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd.h"

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0       UINT64_C(0x2000000)
#define RW_FIXED (IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITABLE)

static struct iommufd_host host;

static void setup(void)
{
	iommufd_host_init(&host, KERNEL_7_3);
}

static void teardown(void)
{
	iommufd_host_fini(&host);
}

static int destroy(uint32_t id)
{
	return iommufd_destroy(&host.iommufd, id, &host.host.work);
}

/* ---- before every call ---- */

START_TEST(a_number_is_known_from_the_kernel_that_brought_it)
{
	static const struct {
		unsigned number, version, patchlevel;
	} since[] = { { 0x80, 6, 2 },  { 0x88, 6, 2 },  { 0x89, 6, 6 },  { 0x8b, 6, 7 },  { 0x8d, 6, 8 },
		      { 0x8e, 6, 11 }, { 0x8f, 6, 13 }, { 0x92, 6, 14 }, { 0x93, 6, 15 }, { 0x94, 6, 17 } };

	for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
		host.iommufd.kernel = (struct kernel){ since[i].version, since[i].patchlevel };
		ck_assert_int_ne(iommufd_check_call(&host.iommufd, since[i].number, 8, 4), ENOTTY);
		host.iommufd.kernel.patchlevel--;
		ck_assert_int_eq(iommufd_check_call(&host.iommufd, since[i].number, 8, 4), ENOTTY);
	}
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x7f, 8, 4), ENOTTY);
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0xf0, 8, 4), ENOTTY);
}
END_TEST

/* Of 8 bytes only DESTROY and IOAS_CHANGE_PROCESS have enough. */
START_TEST(a_structure_shorter_than_its_first_version_is_einval)
{
	for (unsigned number = 0x80; number <= 0x95; number++)
		ck_assert_int_eq(iommufd_check_call(&host.iommufd, number, 8, 4),
				 number == 0x80 || number == 0x92 ? 0 : EINVAL);
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x85, 39, 39), EINVAL);
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x85, 40, 40), 0);
}
END_TEST

START_TEST(a_longer_structure_may_have_zeros_only_where_the_kernel_knows_nothing)
{
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x81, 24, 12), 0);
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x81, 24, 17), E2BIG);
	host.iommufd.kernel = KERNEL_6_6; /* whose HWPT_ALLOC ends before the data */
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x89, 48, 24), 0);
	ck_assert_int_eq(iommufd_check_call(&host.iommufd, 0x89, 48, 40), E2BIG);
}
END_TEST

/* ---- objects ---- */

START_TEST(numbers_begin_at_1_and_the_lowest_free_one_is_next)
{
	uint32_t second, third, again;

	ck_assert_uint_eq(host.ioas, 1);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &second), 0);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &third), 0);
	ck_assert_uint_eq(third, 3);
	ck_assert_int_eq(destroy(second), 0);
	ck_assert_int_eq(destroy(second), ENOENT);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 0, &again), 0);
	ck_assert_uint_eq(again, 2);
	ck_assert_int_eq(iommufd_ioas_alloc(&host.iommufd, 1, &again), EOPNOTSUPP);
	ck_assert_int_eq(destroy(0), ENOENT);
	ck_assert_int_eq(destroy(777), ENOENT);
}
END_TEST

START_TEST(an_ioas_is_busy_while_it_has_a_page_table_and_goes_with_its_mappings)
{
	struct vfio_cdev cdev = vtd_cdev(&host);
	uint32_t device, pt = host.ioas;

	ck_assert_int_eq(vfio_cdev_bind(&cdev, &host.iommufd, &device), 0);
	ck_assert_int_eq(vfio_cdev_attach(&cdev, &pt, &host.host.work), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	ck_assert_int_eq(destroy(host.ioas), EBUSY);
	ck_assert_int_eq(destroy(pt), EBUSY);
	ck_assert_int_eq(destroy(device), EBUSY);
	ck_assert_int_eq(vfio_cdev_detach(&cdev, &host.host.work), 0);
	ck_assert_int_eq(destroy(pt), ENOENT); /* it was automatic */
	ck_assert_int_eq(destroy(host.ioas), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x1000), ENOENT);
}
END_TEST

/* ---- IOAS ioctls ---- */

START_TEST(a_maps_flags_are_looked_at_first)
{
	const struct {
		uint32_t flags;
		uint64_t bytes;
		iova_t iova;
		uint32_t ioas;
		int error;
	} calls[] = {
		{ RW_FIXED | 8, 0x1000, I0, 9999, EOPNOTSUPP },
		{ IOMMUFD_MAP_FIXED, UINT64_MAX, I0, 9999, EOVERFLOW },
		{ RW_FIXED, 0x1000, UINT64_MAX, 9999, EOVERFLOW },
		{ IOMMUFD_MAP_FIXED, 0x1000, I0, 9999, EINVAL },
		{ RW_FIXED, 0x1000, I0, 9999, ENOENT },
		{ RW_FIXED, 0, I0, 1, EINVAL },
		{ IOMMUFD_MAP_FIXED | IOMMUFD_MAP_WRITABLE, 0x1000, I0, 1, 0 },
		{ IOMMUFD_MAP_READABLE, 0x1000, I0, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		iova_t iova = calls[i].iova;
		int error = iommufd_ioas_map(&host.iommufd, &host.caller, calls[i].ioas, calls[i].flags, RAM_VADDR,
					     calls[i].bytes, &iova, &host.host.work);

		ck_assert_msg(error == calls[i].error, "call %zu: %d", i, error);
		ck_assert_uint_eq(iova, i == 7 ? 0x1000 : calls[i].iova);
	}
}
END_TEST

START_TEST(an_unmap_answers_how_much_or_leaves_the_length_alone)
{
	const struct {
		iova_t iova;
		uint64_t bytes;
		int error;
		uint64_t out;
	} calls[] = {
		{ I0, 0x1000, ENOENT, 0x1000 },
		{ I0, 0, EINVAL, 0 },
		{ 1, UINT64_MAX, EOVERFLOW, UINT64_MAX },
		{ UINT64_MAX, 1, EOVERFLOW, 1 },
		{ I0 - 0x1000, 0x10000, 0, 0x4000 },
		{ I0, 0x4000, ENOENT, 0x4000 },
		{ 0, UINT64_MAX, 0, 0 },
	};

	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t bytes = calls[i].bytes;
		int error = iommufd_ioas_unmap(&host.iommufd, host.ioas, calls[i].iova, &bytes, &host.host.work);

		ck_assert_msg(error == calls[i].error, "call %zu: %d", i, error);
		ck_assert_uint_eq(bytes, calls[i].out);
	}
}
END_TEST

START_TEST(a_copy_looks_for_its_source_before_its_target)
{
	const struct {
		uint32_t to, from, flags;
		uint64_t bytes;
		iova_t iova;
		int error;
	} calls[] = {
		{ 9999, 1, RW_FIXED | 8, 0x1000, I0, EOPNOTSUPP },
		{ 9999, 1, IOMMUFD_MAP_FIXED, 0x1000, I0, EINVAL },
		{ 9999, 9999, RW_FIXED, 0, I0, ENOENT },
		{ 9999, 1, RW_FIXED, 0, I0, EINVAL },
		{ 9999, 1, RW_FIXED, 2, UINT64_MAX, EOVERFLOW },
		{ 9999, 1, RW_FIXED, 0x1000, I0, ENOENT },
		{ 1, 1, RW_FIXED, 0x1000, I0, 0 },
	};

	ck_assert_int_eq(host_map(&host, host.ioas, I0, RAM_VADDR, 0x4000), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		iova_t to = I0 + 0x10000;
		int error = iommufd_ioas_copy(&host.iommufd, calls[i].to, calls[i].from, calls[i].flags, calls[i].bytes,
					      &to, calls[i].iova, &host.host.work);

		ck_assert_msg(error == calls[i].error, "call %zu: %d", i, error);
	}
}
END_TEST

START_TEST(ranges_say_how_many_there_are_when_there_is_no_room)
{
	struct iova_span span[4];
	uint64_t alignment;
	uint32_t count = 0;

	ck_assert_int_eq(iommufd_ioas_ranges(&host.iommufd, host.ioas, span, &count, &alignment), EMSGSIZE);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(alignment, 1);
	ck_assert_int_eq(iommufd_ioas_ranges(&host.iommufd, host.ioas, span, &count, &alignment), 0);
	ck_assert_int_eq(iommufd_ioas_ranges(&host.iommufd, 9999, span, &count, &alignment), ENOENT);
	ck_assert_int_eq(iommufd_ioas_allow(&host.iommufd, 9999, span, 1), ENOENT);
}
END_TEST

/* ---- files and processes ---- */

static const struct iommufd_file memfd = { .base = RAM_BASE + 0x100000, .bytes = 0x20000, .page_lg2 = 12 };

static int map_file(const struct iommufd_file *file, uint64_t start, uint64_t bytes, iova_t iova)
{
	return iommufd_ioas_map_file(&host.iommufd, &host.caller, host.ioas, RW_FIXED, file, start, bytes, &iova,
				     &host.host.work);
}

static void attach_mock(void)
{
	uint32_t pt = host.ioas, mock, device;

	ck_assert_int_eq(iommufd_mock_device(&host.iommufd, &host.mock, &pt, &mock, &device, &host.host.work), 0);
}

/* As a 7.3 kernel answered. */
START_TEST(a_file_is_mapped_from_any_offset_up_to_its_end)
{
	const struct iommufd_file regular = { .page_lg2 = 12 };

	attach_mock();
	ck_assert_int_eq(map_file(&memfd, 0, 0x4000, I0), 0);
	ck_assert_int_eq(map_file(&memfd, 0x4000, 0x4000, I0 + 0x10000), 0);
	ck_assert_int_eq(map_file(&memfd, 0x800, 0x1000, I0 + 0x20000), 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 10);
	ck_assert_int_eq(map_file(&memfd, 0x1f000, 0x4000, I0 + 0x30000), EINVAL);
	ck_assert_int_eq(map_file(&regular, 0, 0x1000, I0 + 0x30000), EINVAL);
	ck_assert_int_eq(map_file(NULL, 0, 0x1000, I0 + 0x40000), EBADF);
	ck_assert_int_eq(map_file(&memfd, UINT64_MAX - 0xfff, 0x1000, I0 + 0x40000), EOVERFLOW);
	ck_assert_int_eq(map_file(&memfd, 0, 0x4000, I0 + 0x60000), 0); /* again: pinned again */
	ck_assert_uint_eq(host.host.process.pinned_vm, 14);
	ck_assert_uint_eq(pins_count(&host.host.pins, memfd.base), 3);
}
END_TEST

START_TEST(without_a_domain_a_file_is_not_looked_at)
{
	ck_assert_int_eq(map_file(&memfd, 0x1f000, 0x4000, I0), 0);
}
END_TEST

START_TEST(a_process_takes_over_files_only)
{
	struct process next;
	struct iommufd_caller to = host.caller;

	process_init(&next, &host.host.pins, 0);
	to.process = &next;
	to.user = &next.account;
	attach_mock();
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), 0); /* nothing is mapped */
	ck_assert_int_eq(map_file(&memfd, 0, 0x4000, I0), 0);
	ck_assert_int_eq(host_map(&host, host.ioas, I0 + 0x10000, RAM_VADDR, 0x1000), 0);
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), EINVAL);
	ck_assert_uint_eq(host.host.process.account.total, 5);
	uint64_t bytes = 0x1000;

	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, I0 + 0x10000, &bytes, &host.host.work), 0);
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), 0);
	ck_assert_uint_eq(host.host.process.account.total, 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 0);
	ck_assert_uint_eq(next.account.pages[ACCOUNT_USER], 4);
	ck_assert_uint_eq(next.pinned_vm, 4);
	ck_assert_int_eq(destroy(host.ioas), EBUSY);
	bytes = UINT64_MAX;
	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, 0, &bytes, &host.host.work), 0);
	ck_assert_uint_eq(next.account.total, 0);
	process_fini(&next);
}
END_TEST

START_TEST(a_change_of_process_needs_room_for_old_and_new_under_one_users_limit)
{
	struct process next;
	struct account user;
	struct iommufd_caller to = host.caller;

	account_init(&user, 0);
	process_init(&next, &host.host.pins, 0x7000);
	host.host.process.account.limit_pages = 7;
	host.caller.user = to.user = &user;
	to.process = &next;
	attach_mock();
	ck_assert_int_eq(map_file(&memfd, 0, 0x4000, I0), 0);
	iova_t copy = I0 + 0x10000;

	ck_assert_int_eq(iommufd_ioas_copy(&host.iommufd, host.ioas, host.ioas, RW_FIXED, 0x4000, &copy, I0,
					   &host.host.work),
			 0);
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), ENOMEM);
	ck_assert_uint_eq(user.total, 4);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	next.account.limit_pages = 8; /* the copy's pages count once */
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), 0);
	ck_assert_uint_eq(user.total, 4);
	ck_assert_uint_eq(host.host.process.pinned_vm, 0);
	ck_assert_uint_eq(next.pinned_vm, 4);
	uint64_t bytes = UINT64_MAX;

	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, 0, &bytes, &host.host.work), 0);
	ck_assert_uint_eq(user.total, 0);
	process_fini(&next);
}
END_TEST

/* As a 7.3 kernel answered: VmPin of the old process is still there after all is unmapped. */
START_TEST(without_accounting_the_old_process_keeps_its_pinned_memory_for_good)
{
	struct process next;
	struct iommufd_caller to = host.caller;
	uint64_t bytes = UINT64_MAX;

	process_init(&next, &host.host.pins, 0);
	host.caller.cap_ipc_lock = to.cap_ipc_lock = true;
	to.process = &next;
	attach_mock();
	ck_assert_int_eq(map_file(&memfd, 0, 0x4000, I0), 0);
	ck_assert_int_eq(iommufd_change_process(&host.iommufd, &to, &host.host.work), 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	ck_assert_uint_eq(next.pinned_vm, 0);
	ck_assert_uint_eq(next.account.total, 4); /* whose it is in truth */
	ck_assert_int_eq(iommufd_ioas_unmap(&host.iommufd, host.ioas, 0, &bytes, &host.host.work), 0);
	ck_assert_uint_eq(host.host.process.pinned_vm, 4);
	ck_assert_uint_eq(next.pinned_vm, (uint64_t)-4);
	ck_assert_uint_eq(next.account.total, 0);
	process_fini(&next);
}
END_TEST

/* ---- options ---- */

static int option(uint32_t id, uint16_t operation, uint32_t object, uint64_t *value)
{
	return iommufd_option(&host.iommufd, id, operation, object, value);
}

START_TEST(accounting_by_process_is_chosen_before_there_is_an_object)
{
	uint64_t value = 1;

	ck_assert_int_eq(option(0, 0, 0, &value), EBUSY);
	ck_assert_int_eq(destroy(host.ioas), 0);
	value = 2;
	ck_assert_int_eq(option(0, 0, 0, &value), EINVAL);
	value = 1;
	ck_assert_int_eq(option(0, 0, 5, &value), EOPNOTSUPP);
	ck_assert_int_eq(option(0, 5, 0, &value), EOPNOTSUPP);
	ck_assert_int_eq(option(0, 0, 0, &value), 0);
	value = 7;
	ck_assert_int_eq(option(0, 1, 0, &value), 0);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(iommufd_source_of(&host.iommufd, &host.caller).mode, ACCOUNT_MM);
	host.caller.cap_ipc_lock = true;
	ck_assert_int_eq(iommufd_source_of(&host.iommufd, &host.caller).mode, ACCOUNT_NONE);
}
END_TEST

START_TEST(large_pages_are_an_option_of_an_ioas)
{
	uint64_t value;

	ck_assert_int_eq(option(1, 1, host.ioas, &value), 0);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(option(1, 1, 0, &value), ENOENT);
	value = 2;
	ck_assert_int_eq(option(1, 0, host.ioas, &value), EINVAL);
	value = 0;
	ck_assert_int_eq(option(1, 0, host.ioas, &value), 0);
	value = 5;
	ck_assert_int_eq(option(1, 1, host.ioas, &value), 0);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(option(1, 5, host.ioas, &value), EOPNOTSUPP);
	ck_assert_int_eq(option(7, 1, 0, &value), EOPNOTSUPP);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_number_is_known_from_the_kernel_that_brought_it,
		a_structure_shorter_than_its_first_version_is_einval,
		a_longer_structure_may_have_zeros_only_where_the_kernel_knows_nothing,
		numbers_begin_at_1_and_the_lowest_free_one_is_next,
		an_ioas_is_busy_while_it_has_a_page_table_and_goes_with_its_mappings,
		a_maps_flags_are_looked_at_first,
		an_unmap_answers_how_much_or_leaves_the_length_alone,
		a_copy_looks_for_its_source_before_its_target,
		ranges_say_how_many_there_are_when_there_is_no_room,
		a_file_is_mapped_from_any_offset_up_to_its_end,
		without_a_domain_a_file_is_not_looked_at,
		a_process_takes_over_files_only,
		a_change_of_process_needs_room_for_old_and_new_under_one_users_limit,
		without_accounting_the_old_process_keeps_its_pinned_memory_for_good,
		accounting_by_process_is_chosen_before_there_is_an_object,
		large_pages_are_an_option_of_an_ioas,
		NULL,
	};
	Suite *suite = suite_create("iommufd");
	TCase *test = tcase_create("iommufd");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
