/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls that KVM handles: codes and counts by [LINUX] arch/powerpc/kvm/book3s_64_vio.c; and against those that the device
 * model handles.
 */
#include "models/software/spapr_hypercall.h"

#include "models/base/random.h"
#include "tests/models/software/guest_bus.h"
#include "tests/suite.h"

static struct guest_bus bus, other_bus;

static void setup_kernel(void)
{
	bus_init(&bus, V2, true);
}

static void setup_both(void)
{
	bus_init(&bus, V2, true);
	bus_init(&other_bus, V2, false);
}

static void teardown(void)
{
	bus_fini(&bus);
}

static void teardown_both(void)
{
	bus_fini(&bus);
	bus_fini(&other_bus);
}

START_TEST(a_put_in_the_kernel_neither_exits_nor_calls)
{
	ck_assert_int_eq(bus_put(&bus, 0x5000, (RAM_GPA + 0x3000) | TCE_R), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercalls, 1);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 0);
	ck_assert_uint_eq(bus.host.work.ioctls, 0);
	ck_assert_uint_eq(bus.host.work.tces_checked, 1);
	ck_assert_uint_eq(bus.host.work.tces_put, 1);
	ck_assert_uint_eq(bus.host.work.registration_finds, 2);
	ck_assert_uint_eq(bus.host.work.tce_kills, 1);
	ck_assert_uint_eq(hardware(&bus, 0x5000), (RAM_BASE + 0x3000) | TCE_R);
	ck_assert_uint_eq(mapped(&bus), 1);
	ck_assert_int_eq(power_unregister(&bus.host, 0, RAM_VADDR, REGISTERED), EBUSY);
	ck_assert_int_eq(bus_put(&bus, 0x5000, 0xbad000), H_SUCCESS); /* poison without permissions */
	ck_assert_uint_eq(hardware(&bus, 0x5000), 0);
	ck_assert_uint_eq(bus_get(&bus, 0x5000), 0xbad000);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(an_indirect_put_in_the_kernel_checks_all_and_kills_each)
{
	for (unsigned i = 0; i < SPAPR_INDIRECT_MAX; i++)
		write_list(&bus, i, (RAM_GPA + i * 0x1000) | RW);
	ck_assert_int_eq(bus_put_indirect(&bus, 0x10000, LIST_GPA, SPAPR_INDIRECT_MAX), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 0);
	ck_assert_uint_eq(bus.host.work.tces_checked, 512);
	ck_assert_uint_eq(bus.host.work.tces_put, 512);
	ck_assert_uint_eq(bus.host.work.tce_kills, 512);
	ck_assert_uint_eq(bus.host.work.table.entries_written, 512);
	ck_assert_uint_eq(mapped(&bus), 512);
	ck_assert_int_eq(bus_stuff(&bus, 0x10000, 0, 512), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.tce_kills, 512);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(bad_parameters_of_the_kernel)
{
	ck_assert_int_eq(bus_put(&bus, 0x800, RAM_GPA | RW), H_PARAMETER);
	ck_assert_int_eq(bus_put(&bus, ENTRIES << 12, RAM_GPA | RW), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA, SPAPR_INDIRECT_MAX + 1), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA + 8, 1), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, (ENTRIES - 1) << 12, LIST_GPA, 2), H_PARAMETER);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA, 0), H_SUCCESS);
	ck_assert_int_eq(bus_stuff(&bus, 0, TCE_R, 1), H_PARAMETER);
	ck_assert_int_eq(bus_stuff(&bus, (ENTRIES - 1) << 12, 0, 2), H_PARAMETER);
	ck_assert_int_eq(bus_stuff(&bus, 0, 0, 0), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 0);
}
END_TEST

START_TEST(memory_that_is_not_registered_is_too_hard_for_the_kernel)
{
	ck_assert_int_eq(bus_put(&bus, 0, (RAM_GPA + REGISTERED) | RW), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(hardware(&bus, 0), 0);
	write_list(&bus, 0, RAM_GPA | RW);
	write_list(&bus, 1, (RAM_GPA + REGISTERED) | RW);
	write_list(&bus, 2, (RAM_GPA + 0x1000) | RW);
	ck_assert_int_eq(bus_put_indirect(&bus, 0, LIST_GPA, 3), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.tces_checked, 2);
	ck_assert_uint_eq(bus.host.work.ioctls, 3); /* all of it, again */
	ck_assert_uint_eq(hardware(&bus, 0x2000), (RAM_BASE + 0x1000) | RW);
	ck_assert_uint_eq(mapped(&bus), 2);
}
END_TEST

START_TEST(only_a_window_that_covers_the_guests_can_be_attached)
{
	struct spapr_liobn wish;
	iova_t start;

	ck_assert_int_eq(power_create(&bus.host, 0, 0, 16, 0x20000000, 1, &start), 0);
	ck_assert_uint_eq(start, W64);

	static const struct {
		iova_t start;
		unsigned page_lg2;
		uint64_t entries;
		int error;
	} wishes[] = {
		{ W64, 16, 0x2000, 0 },    { W64, 16, 0x2001, EINVAL },      { W64, 12, 0x2000, EINVAL },
		{ W64, 24, 0x20, 0 },      { W64 + 0x10000, 16, 1, EINVAL }, { 0, 16, 0x8000, 0 },
		{ 0, 16, 0x8001, EINVAL },
	};

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		spapr_liobn_init(&wish, &bus.guest, 16, wishes[i].start, wishes[i].page_lg2, wishes[i].entries, true,
				 &bus.host.work);
		ck_assert_int_eq(spapr_liobn_attach(&wish, &bus.host.container[0]), wishes[i].error);
		spapr_liobn_fini(&wish, &bus.host.work);
	}
}
END_TEST

START_TEST(a_guests_larger_page_is_many_of_the_hosts)
{
	struct spapr_liobn large;

	spapr_liobn_init(&large, &bus.guest, 16, 0, 16, 64, true, &bus.host.work);
	ck_assert_int_eq(spapr_liobn_attach(&large, &bus.host.container[0]), 0);
	bus.host.work = (struct host_work){ 0 };
	ck_assert_int_eq(spapr_hypercall_put(&large, 0x20000, (RAM_GPA + 0x30000) | RW, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.table.entries_written, 16);
	ck_assert_uint_eq(bus.host.work.tce_kills, 1);
	ck_assert_uint_eq(bus.host.work.tce_entries_killed, 16);
	ck_assert_uint_eq(hardware(&bus, 0x2f000), (RAM_BASE + 0x3f000) | RW);
	ck_assert_uint_eq(mapped(&bus), 16);
	ck_assert_int_eq(spapr_hypercall_stuff(&large, 0x20000, 0, 1, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(mapped(&bus), 0);
	spapr_liobn_fini(&large, &bus.host.work);
}
END_TEST

/* The check looks at the first of the host's pages, the rest is found out on the way. */
START_TEST(of_a_larger_page_that_is_half_registered_nothing_stays_mapped)
{
	struct spapr_liobn large;

	spapr_liobn_init(&large, &bus.guest, 16, 0, 21, 16, true, &bus.host.work);
	ck_assert_int_eq(spapr_liobn_attach(&large, &bus.host.container[0]), 0);
	ck_assert_int_eq(power_register(&bus.host, 0, RAM_VADDR + REGISTERED, 0x10000), 0);
	ck_assert_int_eq(spapr_hypercall_put(&large, 0, RAM_GPA | RW, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(mapped(&bus), 512);
	bus.host.work = (struct host_work){ 0 };
	ck_assert_int_eq(spapr_hypercall_put(&large, 0, (RAM_GPA + REGISTERED) | RW, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(mapped(&bus), 0);
	ck_assert_uint_eq(hardware(&bus, 0), 0);
	ck_assert_uint_eq(hardware(&bus, 0x1ff000), 0);
	ck_assert_int_eq(power_unregister(&bus.host, 0, RAM_VADDR + REGISTERED, 0x10000), 0);
	spapr_liobn_fini(&large, &bus.host.work);
}
END_TEST

START_TEST(a_detached_container_is_left_alone)
{
	ck_assert_int_eq(bus_put(&bus, 0, RAM_GPA | RW), H_SUCCESS);
	spapr_liobn_detach(&bus.liobn, &bus.host.container[0]);
	ck_assert_int_eq(bus_put(&bus, 0, 0), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.tce_kills, 0);
	ck_assert_uint_eq(hardware(&bus, 0), RAM_BASE | RW);
}
END_TEST

/* Two levels; the frames for the second one are missing. */
START_TEST(without_frames_neither_way_maps_and_the_guest_is_not_told)
{
	struct spapr_liobn deep;
	iova_t start;

	ck_assert_int_eq(power_create(&bus.host, 0, 0, 16, UINT64_C(1) << 36, 2, &start), 0);
	spapr_liobn_init(&deep, &bus.guest, 16, start, 16, 0x10000, true, &bus.host.work);
	ck_assert_int_eq(spapr_liobn_attach(&deep, &bus.host.container[0]), 0);
	bus.host.frames.end = bus.host.frames.next;
	bus.host.work = (struct host_work){ 0 };
	ck_assert_int_eq(spapr_hypercall_put(&deep, start, RAM_GPA | RW, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(mapped(&bus), 0);
	bus.host.frames.end = TABLES_END;
	ck_assert_int_eq(spapr_hypercall_put(&deep, start, RAM_GPA | RW, &bus.host.work), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(mapped(&bus), 1);
	spapr_liobn_fini(&deep, &bus.host.work);
}
END_TEST

START_TEST(of_two_containers_each_has_the_entry)
{
	power_open(&bus.host, 1, V2);
	ck_assert_int_eq(power_register(&bus.host, 1, RAM_VADDR, REGISTERED), 0);
	ck_assert_int_eq(power_unmap(&bus.host, 1, 0, 0, 0x1000), 0);
	ck_assert_int_eq(spapr_liobn_attach(&bus.liobn, &bus.host.container[1]), 0);
	ck_assert_int_eq(bus_put(&bus, 0x1000, RAM_GPA | TCE_R), H_SUCCESS);
	ck_assert_uint_eq(mapped(&bus), 2);
	ck_assert_uint_eq(bus.host.work.tces_put, 1);
	ck_assert_uint_eq(bus.host.work.tce_kills, 2);
	ck_assert_uint_eq(tce_table_get(&power_container(&bus.host, 1)->window[0]->table, 0x1000), RAM_BASE | TCE_R);
}
END_TEST

START_TEST(nothing_is_got_from_beyond_the_window)
{
	uint64_t tce;

	ck_assert_int_eq(spapr_hypercall_get(&bus.liobn, ENTRIES << 12, &tce, &bus.host.work), H_PARAMETER);
	ck_assert_int_eq(spapr_hypercall_get(&bus.liobn, 0x800, &tce, &bus.host.work), H_PARAMETER);
	ck_assert_uint_eq(bus_get(&bus, 0), 0);
}
END_TEST

/* kvmppc_stt_pages: 1024 entries are 8 KiB, of kernel pages of 64 KiB one, and one for the list of pages. */
START_TEST(the_kernels_table_is_locked_memory)
{
	uint64_t before = power_locked(&bus.host);
	struct spapr_liobn more;

	ck_assert_int_eq(spapr_liobn_init(&more, &bus.guest, 16, 0, 12, ENTRIES, true, &bus.host.work), 0);
	ck_assert_uint_eq(power_locked(&bus.host) - before, 0x20000);
	spapr_liobn_fini(&more, &bus.host.work);
	ck_assert_uint_eq(power_locked(&bus.host), before);
	bus.host.process.account.limit_pages = before >> PAGE_LG2;
	ck_assert_int_eq(spapr_liobn_init(&more, &bus.guest, 16, 0, 12, ENTRIES, true, &bus.host.work), ENOMEM);
}
END_TEST

static uint64_t pick_tce(struct random *random)
{
	uint64_t tce = RAM_GPA + (random_below(random, 0x480) << 12); /* some of it is not registered */

	if (random_below(random, 12) == 0)
		tce = random_below(random, 0x1000) << 12; /* nor memory */
	return tce | random_below(random, 4);
}

static void compare_entries(uint64_t call)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		ck_assert_msg(hardware(&bus, i << 12) == hardware(&other_bus, i << 12), "call %u, entry %u",
			      (unsigned)call, (unsigned)i);
		ck_assert_uint_eq(memory_read64(bus.liobn.tces, 8 * i), memory_read64(other_bus.liobn.tces, 8 * i));
	}
	ck_assert_uint_eq(mapped(&bus), mapped(&other_bus));
}

/* Where both accept a call, a guest cannot tell who handled it. */
START_TEST(the_kernel_does_what_the_device_model_does)
{
	struct random random;
	uint64_t exits = 0;

	random_init(&random, 7);
	for (uint64_t call = 0; call < 3000; call++) {
		uint64_t count = 1 + random_below(&random, random_below(&random, 8) ? 8 : 512);
		uint64_t ioba = random_below(&random, ENTRIES - count + 1) << 12, tce = pick_tce(&random);
		struct guest_bus *const buses[] = { &bus, &other_bus };
		int64_t result[2];
		uint64_t kind = random_below(&random, 4);

		for (unsigned i = 0; kind == 1 && i < count; i++) {
			uint64_t word = pick_tce(&random);

			write_list(&bus, i, word);
			write_list(&other_bus, i, word);
		}
		for (unsigned i = 0; i < 2; i++) {
			struct spapr_liobn *liobn = &buses[i]->liobn;
			struct host_work *work = &buses[i]->host.work;

			result[i] = kind == 1   ? spapr_hypercall_put_indirect(liobn, ioba, LIST_GPA, count, work)
				    : kind == 2 ? spapr_hypercall_stuff(liobn, ioba, tce & ~RW, count, work)
						: spapr_hypercall_put(liobn, ioba, tce, work);
		}
		ck_assert_int_eq(result[0], result[1]);
		if (call % 16 == 0)
			compare_entries(call);
	}
	compare_entries(UINT64_MAX);
	exits = bus.host.work.hypercall_exits;
	ck_assert_msg(exits > 100 && exits < 2000, "%u", (unsigned)exits);
	ck_assert_uint_eq(other_bus.host.work.hypercall_exits, 3000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spapr hypercalls in the kernel");
	TCase *kernel = tcase_create("kernel"), *both = tcase_create("both");

	tcase_add_checked_fixture(kernel, setup_kernel, teardown);
	tcase_add_test(kernel, a_put_in_the_kernel_neither_exits_nor_calls);
	tcase_add_test(kernel, an_indirect_put_in_the_kernel_checks_all_and_kills_each);
	tcase_add_test(kernel, bad_parameters_of_the_kernel);
	tcase_add_test(kernel, memory_that_is_not_registered_is_too_hard_for_the_kernel);
	tcase_add_test(kernel, only_a_window_that_covers_the_guests_can_be_attached);
	tcase_add_test(kernel, a_guests_larger_page_is_many_of_the_hosts);
	tcase_add_test(kernel, of_a_larger_page_that_is_half_registered_nothing_stays_mapped);
	tcase_add_test(kernel, a_detached_container_is_left_alone);
	tcase_add_test(kernel, without_frames_neither_way_maps_and_the_guest_is_not_told);
	tcase_add_test(kernel, of_two_containers_each_has_the_entry);
	tcase_add_test(kernel, nothing_is_got_from_beyond_the_window);
	tcase_add_test(kernel, the_kernels_table_is_locked_memory);
	tcase_add_checked_fixture(both, setup_both, teardown_both);
	tcase_set_timeout(both, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(both, the_kernel_does_what_the_device_model_does);
	suite_add_tcase(suite, kernel);
	suite_add_tcase(suite, both);
	return suite_main(suite);
}
