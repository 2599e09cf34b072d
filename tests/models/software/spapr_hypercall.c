/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that the device model handles: codes and counts by [QEMU] hw/ppc/spapr_iommu.c. */
#include "models/software/spapr_hypercall.h"

#include "tests/models/software/guest_bus.h"
#include "tests/suite.h"

static struct guest_bus bus;

static void setup_user(void)
{
	bus_init(&bus, V2, false);
}

static void setup_v1(void)
{
	bus_init(&bus, V1, false);
}

static void teardown(void)
{
	bus_fini(&bus);
}

START_TEST(a_put_exits_and_becomes_one_map_call)
{
	ck_assert_int_eq(bus_put(&bus, 0x5000, (RAM_GPA + 0x3000) | RW), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercalls, 1);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(bus.host.work.tces_put, 1);
	ck_assert_uint_eq(bus.host.work.tce_kills, 1);
	ck_assert_uint_eq(hardware(&bus, 0x5000), (RAM_BASE + 0x3000) | RW);
	ck_assert_uint_eq(bus_get(&bus, 0x5000), (RAM_GPA + 0x3000) | RW);
	ck_assert_int_eq(bus_put(&bus, 0x5abc, 0), H_SUCCESS); /* rounded down */
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(hardware(&bus, 0x5000), 0);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(an_indirect_put_is_one_exit_and_a_call_for_each_entry)
{
	for (unsigned i = 0; i < SPAPR_INDIRECT_MAX; i++)
		write_list(&bus, i, (RAM_GPA + i * 0x1000) | TCE_R);
	ck_assert_int_eq(bus_put_indirect(&bus, 0x10000, LIST_GPA, SPAPR_INDIRECT_MAX), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 512);
	ck_assert_uint_eq(hardware(&bus, 0x10000), RAM_BASE | TCE_R);
	ck_assert_uint_eq(hardware(&bus, 0x10000 + 511 * 0x1000), (RAM_BASE + 511 * 0x1000) | TCE_R);
	ck_assert_int_eq(bus_stuff(&bus, 0x10000, 0, 512), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.ioctls, 512);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(bad_parameters_of_the_device_model)
{
	ck_assert_int_eq(bus_put(&bus, ENTRIES << 12, RAM_GPA | RW), H_PARAMETER);
	ck_assert_uint_eq(bus.host.work.ioctls, 0);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA, SPAPR_INDIRECT_MAX + 1), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA + 8, 1), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA, 0), H_PARAMETER);
	ck_assert_int_eq(bus_stuff(&bus, 0, 0, ENTRIES + 1), H_PARAMETER);
	ck_assert_int_eq(bus_stuff(&bus, 0, 0, 0), H_PARAMETER);
	ck_assert_int_eq(bus_stuff(&bus, (ENTRIES - 1) << 12, 0, 2), H_PARAMETER);
	write_list(&bus, 0, RAM_GPA | RW);
	write_list(&bus, 1, RAM_GPA | RW);
	ck_assert_int_eq(bus_put_indirect(&bus, (ENTRIES - 1) << 12, LIST_GPA, 2), H_PARAMETER);
	ck_assert_uint_eq(hardware(&bus, (ENTRIES - 1) << 12), RAM_BASE | RW); /* the first one was done */
}
END_TEST

START_TEST(the_guest_is_not_told_of_a_map_that_fails)
{
	ck_assert_int_eq(bus_put(&bus, 0, (RAM_GPA + REGISTERED) | RW), H_SUCCESS); /* not registered */
	ck_assert_uint_eq(hardware(&bus, 0), 0);
	ck_assert_uint_eq(bus_get(&bus, 0), (RAM_GPA + REGISTERED) | RW);
	ck_assert_int_eq(bus_put(&bus, 0, RAM_GPA | RW), H_SUCCESS);
	ck_assert_int_eq(bus_put(&bus, 0, 0x1000 | RW),
			 H_SUCCESS); /* no memory of the guest: the device model makes no call */
	ck_assert_uint_eq(bus.host.work.ioctls, 0);
	ck_assert_uint_eq(hardware(&bus, 0), RAM_BASE | RW);
}
END_TEST

START_TEST(of_v1_each_entry_pins)
{
	ck_assert_int_eq(bus_put(&bus, 0, RAM_GPA | TCE_R), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.pages_pinned, 16);
	ck_assert_uint_eq(bus.host.work.pin_calls, 1);
	ck_assert_int_eq(bus_stuff(&bus, 0, 0, 16), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.pages_unpinned, 16);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spapr hypercalls");
	TCase *v2 = tcase_create("v2"), *v1 = tcase_create("v1");

	tcase_add_checked_fixture(v2, setup_user, teardown);
	tcase_add_test(v2, a_put_exits_and_becomes_one_map_call);
	tcase_add_test(v2, an_indirect_put_is_one_exit_and_a_call_for_each_entry);
	tcase_add_test(v2, bad_parameters_of_the_device_model);
	tcase_add_test(v2, the_guest_is_not_told_of_a_map_that_fails);
	tcase_add_checked_fixture(v1, setup_v1, teardown);
	tcase_add_test(v1, of_v1_each_entry_pins);
	suite_add_tcase(suite, v2);
	suite_add_tcase(suite, v1);
	return suite_main(suite);
}
