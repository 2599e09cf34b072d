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
	ck_assert_int_eq(add(0, MIB), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR, 0x1000, &host.work), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + 0x5000, 0x2000, &host.work), 0);
	ck_assert_int_eq(remove_region(0, MIB), EBUSY);
	registration_release(&host.registrations, RAM_VADDR, &host.work);
	ck_assert_int_eq(remove_region(0, MIB), EBUSY);
	ck_assert_uint_eq(host.process.account.total, 256);
	registration_release(&host.registrations, RAM_VADDR + 0x5000, &host.work);
	ck_assert_int_eq(remove_region(0, MIB), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(host.pins.pages, 0);
}
END_TEST

START_TEST(a_mapping_must_lie_in_one_region)
{
	ck_assert_int_eq(add(0, MIB), 0);
	ck_assert_int_eq(add(MIB, MIB), 0);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + MIB - 0x1000, 0x2000, &host.work), EINVAL);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR + 2 * MIB, 0x1000, &host.work), EINVAL);
	ck_assert_int_eq(registration_use(&host.registrations, RAM_VADDR, MIB, &host.work), 0);
	registration_release(&host.registrations, RAM_VADDR, &host.work);
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
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
