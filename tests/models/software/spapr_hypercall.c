/* SPDX-License-Identifier: Apache-2.0 */
/* Expected codes and counts by [LINUX] book3s_64_vio.c and [QEMU] spapr_iommu.c; the two ways against each other. */
#include "models/software/spapr_hypercall.h"

#include "models/base/random.h"
#include "models/pagetable/tce.h"
#include "tests/models/software/spapr_fixture.h"
#include "tests/suite.h"

#define V1         VFIO_SPAPR_TCE_IOMMU
#define V2         VFIO_SPAPR_TCE_v2_IOMMU
#define RAM_GPA    UINT64_C(0x10000000) /* the guest's memory does not begin at 0 */
#define LIST_GPA   (RAM_GPA + 0x800000)
#define ENTRIES    1024u
#define RW         (TCE_R | TCE_W)
#define W64        (UINT64_C(1) << 59)
#define UNTOUCHED  UINT64_C(0xdead)
#define REGISTERED UINT64_C(0x400000)

/* A guest whose bus is one container's default window, of 4 KiB pages; of its RAM the first 4 MiB are registered. */
struct guest_bus {
	struct power_host host;
	struct spapr_slot slot;
	struct spapr_guest guest;
	struct spapr_liobn liobn;
	struct memory *ram;
};

static struct guest_bus bus, other_bus;

static void bus_init(struct guest_bus *at, uint64_t type, bool in_kernel)
{
	power_host_init(&at->host, &spapr_powernv, 16);
	at->ram = memory_create();
	at->slot = (struct spapr_slot){ .gpa = RAM_GPA, .bytes = RAM_BYTES, .vaddr = RAM_VADDR };
	at->guest = (struct spapr_guest){
		.process = &at->host.process, .slot = &at->slot, .slot_count = 1, .memory = { .memory = at->ram }
	};
	power_open(&at->host, 0, type);
	if (type == V2)
		ck_assert_int_eq(power_register(&at->host, 0, RAM_VADDR, REGISTERED), 0);
	else
		ck_assert_int_eq(power_call(&at->host, 0, VFIO_IOMMU_ENABLE, NULL), 0);
	ck_assert_int_eq(power_unmap(&at->host, 0, 0, 0, 0x1000), 0); /* makes the default window */
	ck_assert_int_eq(spapr_liobn_init(&at->liobn, &at->guest, 16, 0, 12, ENTRIES, in_kernel, &at->host.work), 0);
	ck_assert_int_eq(spapr_liobn_attach(&at->liobn, &at->host.container[0]), 0);
	at->host.work = (struct host_work){ 0 };
}

static void bus_fini(struct guest_bus *at)
{
	spapr_liobn_fini(&at->liobn, &at->host.work);
	power_host_fini(&at->host);
	memory_destroy(at->ram);
}

static void setup_user(void)
{
	bus_init(&bus, V2, false);
}

static void setup_v1(void)
{
	bus_init(&bus, V1, false);
}

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

static int64_t put(uint64_t ioba, uint64_t tce)
{
	bus.host.work = (struct host_work){ 0 };
	return spapr_hypercall_put(&bus.liobn, ioba, tce, &bus.host.work);
}

static int64_t put_indirect(uint64_t ioba, uint64_t list, uint64_t count)
{
	bus.host.work = (struct host_work){ 0 };
	return spapr_hypercall_put_indirect(&bus.liobn, ioba, list, count, &bus.host.work);
}

static int64_t stuff(uint64_t ioba, uint64_t tce, uint64_t count)
{
	bus.host.work = (struct host_work){ 0 };
	return spapr_hypercall_stuff(&bus.liobn, ioba, tce, count, &bus.host.work);
}

static uint64_t get(uint64_t ioba)
{
	uint64_t tce = UNTOUCHED;

	ck_assert_int_eq(spapr_hypercall_get(&bus.liobn, ioba, &tce, &bus.host.work), H_SUCCESS);
	return tce;
}

static uint64_t hardware(const struct guest_bus *at, uint64_t ioba)
{
	return tce_table_get(&((struct spapr_container *)at->host.container[0].state)->window[0]->table, ioba);
}

static void write_list(struct guest_bus *at, unsigned index, uint64_t tce)
{
	view_write64(at->guest.memory, LIST_GPA + 8 * index, __builtin_bswap64(tce));
}

static uint64_t mapped(const struct guest_bus *at)
{
	struct host_work work = { 0 };

	return registration_exact(&at->host.registrations, RAM_VADDR, REGISTERED, &work)->mapped;
}

/* ---- in userspace ---- */

START_TEST(a_put_exits_and_becomes_one_map_call)
{
	ck_assert_int_eq(put(0x5000, (RAM_GPA + 0x3000) | RW), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercalls, 1);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(bus.host.work.tces_put, 1);
	ck_assert_uint_eq(bus.host.work.tce_kills, 1);
	ck_assert_uint_eq(hardware(&bus, 0x5000), (RAM_BASE + 0x3000) | RW);
	ck_assert_uint_eq(get(0x5000), (RAM_GPA + 0x3000) | RW);
	ck_assert_int_eq(put(0x5abc, 0), H_SUCCESS); /* rounded down */
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(hardware(&bus, 0x5000), 0);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(an_indirect_put_is_one_exit_and_a_call_for_each_entry)
{
	for (unsigned i = 0; i < SPAPR_INDIRECT_MAX; i++)
		write_list(&bus, i, (RAM_GPA + i * 0x1000) | TCE_R);
	ck_assert_int_eq(put_indirect(0x10000, LIST_GPA, SPAPR_INDIRECT_MAX), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 512);
	ck_assert_uint_eq(hardware(&bus, 0x10000), RAM_BASE | TCE_R);
	ck_assert_uint_eq(hardware(&bus, 0x10000 + 511 * 0x1000), (RAM_BASE + 511 * 0x1000) | TCE_R);
	ck_assert_int_eq(stuff(0x10000, 0, 512), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.ioctls, 512);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(bad_parameters_of_the_device_model)
{
	ck_assert_int_eq(put(ENTRIES << 12, RAM_GPA | RW), H_PARAMETER);
	ck_assert_uint_eq(bus.host.work.ioctls, 0);
	ck_assert_int_eq(put_indirect(0, LIST_GPA, SPAPR_INDIRECT_MAX + 1), H_PARAMETER);
	ck_assert_int_eq(put_indirect(0, LIST_GPA + 8, 1), H_PARAMETER);
	ck_assert_int_eq(put_indirect(0, LIST_GPA, 0), H_PARAMETER);
	ck_assert_int_eq(stuff(0, 0, ENTRIES + 1), H_PARAMETER);
	ck_assert_int_eq(stuff(0, 0, 0), H_PARAMETER);
	write_list(&bus, 0, RAM_GPA | RW);
	write_list(&bus, 1, RAM_GPA | RW);
	ck_assert_int_eq(put_indirect((ENTRIES - 1) << 12, LIST_GPA, 2), H_PARAMETER);
	ck_assert_uint_eq(hardware(&bus, (ENTRIES - 1) << 12), RAM_BASE | RW); /* the first one was done */
}
END_TEST

START_TEST(the_guest_is_not_told_of_a_map_that_fails)
{
	ck_assert_int_eq(put(0, (RAM_GPA + REGISTERED) | RW), H_SUCCESS); /* not registered */
	ck_assert_uint_eq(hardware(&bus, 0), 0);
	ck_assert_uint_eq(get(0), (RAM_GPA + REGISTERED) | RW);
	ck_assert_int_eq(put(0, RAM_GPA | RW), H_SUCCESS);
	ck_assert_int_eq(put(0, 0x1000 | RW), H_SUCCESS); /* no memory of the guest: the device model makes no call */
	ck_assert_uint_eq(bus.host.work.ioctls, 0);
	ck_assert_uint_eq(hardware(&bus, 0), RAM_BASE | RW);
}
END_TEST

START_TEST(of_v1_each_entry_pins)
{
	ck_assert_int_eq(put(0, RAM_GPA | TCE_R), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.pages_pinned, 16);
	ck_assert_uint_eq(bus.host.work.pin_calls, 1);
	ck_assert_int_eq(stuff(0, 0, 16), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.pages_unpinned, 16);
}
END_TEST

/* ---- in the kernel ---- */

START_TEST(a_put_in_the_kernel_neither_exits_nor_calls)
{
	ck_assert_int_eq(put(0x5000, (RAM_GPA + 0x3000) | TCE_R), H_SUCCESS);
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
	ck_assert_int_eq(put(0x5000, 0xbad000), H_SUCCESS); /* poison without permissions */
	ck_assert_uint_eq(hardware(&bus, 0x5000), 0);
	ck_assert_uint_eq(get(0x5000), 0xbad000);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(an_indirect_put_in_the_kernel_checks_all_and_kills_each)
{
	for (unsigned i = 0; i < SPAPR_INDIRECT_MAX; i++)
		write_list(&bus, i, (RAM_GPA + i * 0x1000) | RW);
	ck_assert_int_eq(put_indirect(0x10000, LIST_GPA, SPAPR_INDIRECT_MAX), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 0);
	ck_assert_uint_eq(bus.host.work.tces_checked, 512);
	ck_assert_uint_eq(bus.host.work.tces_put, 512);
	ck_assert_uint_eq(bus.host.work.tce_kills, 512);
	ck_assert_uint_eq(bus.host.work.table.entries_written, 512);
	ck_assert_uint_eq(mapped(&bus), 512);
	ck_assert_int_eq(stuff(0x10000, 0, 512), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.tce_kills, 512);
	ck_assert_uint_eq(mapped(&bus), 0);
}
END_TEST

START_TEST(bad_parameters_of_the_kernel)
{
	ck_assert_int_eq(put(0x800, RAM_GPA | RW), H_PARAMETER);
	ck_assert_int_eq(put(ENTRIES << 12, RAM_GPA | RW), H_PARAMETER);
	ck_assert_int_eq(put_indirect(0, LIST_GPA, SPAPR_INDIRECT_MAX + 1), H_PARAMETER);
	ck_assert_int_eq(put_indirect(0, LIST_GPA + 8, 1), H_PARAMETER);
	ck_assert_int_eq(put_indirect((ENTRIES - 1) << 12, LIST_GPA, 2), H_PARAMETER);
	ck_assert_int_eq(put_indirect(0, LIST_GPA, 0), H_SUCCESS);
	ck_assert_int_eq(stuff(0, TCE_R, 1), H_PARAMETER);
	ck_assert_int_eq(stuff((ENTRIES - 1) << 12, 0, 2), H_PARAMETER);
	ck_assert_int_eq(stuff(0, 0, 0), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 0);
}
END_TEST

START_TEST(memory_that_is_not_registered_is_too_hard_for_the_kernel)
{
	ck_assert_int_eq(put(0, (RAM_GPA + REGISTERED) | RW), H_SUCCESS);
	ck_assert_uint_eq(bus.host.work.hypercall_exits, 1);
	ck_assert_uint_eq(bus.host.work.ioctls, 1);
	ck_assert_uint_eq(hardware(&bus, 0), 0);
	write_list(&bus, 0, RAM_GPA | RW);
	write_list(&bus, 1, (RAM_GPA + REGISTERED) | RW);
	write_list(&bus, 2, (RAM_GPA + 0x1000) | RW);
	ck_assert_int_eq(put_indirect(0, LIST_GPA, 3), H_SUCCESS);
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

/* ---- both ---- */

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

static void add_tests(TCase *test, const TTest *const *tests)
{
	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	for (; *tests; tests++)
		tcase_add_test(test, *tests);
}

int main(void)
{
	Suite *suite = suite_create("spapr hypercalls");
	TCase *user = tcase_create("userspace"), *v1 = tcase_create("v1"), *kernel = tcase_create("kernel"),
	      *both = tcase_create("both");
	const TTest *const of_user[] = {
		a_put_exits_and_becomes_one_map_call,
		an_indirect_put_is_one_exit_and_a_call_for_each_entry,
		bad_parameters_of_the_device_model,
		the_guest_is_not_told_of_a_map_that_fails,
		NULL,
	};
	const TTest *const of_kernel[] = {
		a_put_in_the_kernel_neither_exits_nor_calls,
		an_indirect_put_in_the_kernel_checks_all_and_kills_each,
		bad_parameters_of_the_kernel,
		memory_that_is_not_registered_is_too_hard_for_the_kernel,
		only_a_window_that_covers_the_guests_can_be_attached,
		a_guests_larger_page_is_many_of_the_hosts,
		of_a_larger_page_that_is_half_registered_nothing_stays_mapped,
		the_kernels_table_is_locked_memory,
		NULL,
	};

	tcase_add_checked_fixture(user, setup_user, teardown);
	add_tests(user, of_user);
	tcase_add_checked_fixture(v1, setup_v1, teardown);
	tcase_add_test(v1, of_v1_each_entry_pins);
	tcase_add_checked_fixture(kernel, setup_kernel, teardown);
	add_tests(kernel, of_kernel);
	tcase_add_checked_fixture(both, setup_both, teardown_both);
	tcase_set_timeout(both, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(both, the_kernel_does_what_the_device_model_does);
	suite_add_tcase(suite, user);
	suite_add_tcase(suite, v1);
	suite_add_tcase(suite, kernel);
	suite_add_tcase(suite, both);
	return suite_main(suite);
}
