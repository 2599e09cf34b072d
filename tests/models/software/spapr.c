/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recordings do not ask, by the kernel's source: kernels of 4 KiB pages, pSeries, several groups and callers,
 * what a call costs and what the bridge is told.  The rest is kernel-oracle's and spapr_histories.c's.
 */
#include "models/software/spapr.h"

#include "tests/models/software/spapr_fixture.h"
#include "tests/suite.h"

#define V1  VFIO_SPAPR_TCE_IOMMU
#define V2  VFIO_SPAPR_TCE_v2_IOMMU
#define RW  (SPAPR_MAP_READ | SPAPR_MAP_WRITE)
#define KIB UINT64_C(1024)
#define W64 (UINT64_C(1) << 59)

static struct power_host host;

static void setup_64k(void)
{
	power_host_init(&host, &spapr_powernv, 16);
}

static void setup_4k(void)
{
	power_host_init(&host, &spapr_powernv, 12);
}

static void setup_pseries(void)
{
	power_host_init(&host, &spapr_pseries, 16);
}

static void teardown(void)
{
	power_host_fini(&host);
}

/* ---- what a call does ---- */

START_TEST(a_map_counts_in_its_region_and_kills_once)
{
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x40000), 0);
	ck_assert_uint_eq(host.work.pages_pinned, 64);
	ck_assert_uint_eq(host.work.pin_calls, 1);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0x100000, 0x10000), 0);
	ck_assert_uint_eq(host.work.ioctls, 1);
	ck_assert_uint_eq(host.work.table.entries_written, 16);
	ck_assert_uint_eq(host.work.user_view_writes, 16);
	ck_assert_uint_eq(host.work.registration_finds, 16);
	ck_assert_uint_eq(host.work.pages_pinned, 0);
	ck_assert_uint_eq(host.work.tce_kills, 1);
	ck_assert_uint_eq(host.work.tce_entries_killed, 16);
	ck_assert_uint_eq(host.registrations.ranges.count, 1);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x40000), EBUSY);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(power_unmap(&host, 0, 0, 0x100000, 0x10000), 0);
	ck_assert_uint_eq(host.work.table.entries_written, 16);
	ck_assert_uint_eq(host.work.registration_finds, 16);
	ck_assert_uint_eq(host.work.tce_kills, 1);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x40000), 0);
}
END_TEST

START_TEST(v1_pins_the_kernels_page_for_each_tce_in_it)
{
	power_open(&host, 0, V1);
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_ENABLE, NULL), 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR + 0x1000, 0, 0x2000), 0);
	ck_assert_uint_eq(host.pins.pages, 16);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 2);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR + 0x20000, 0x1000, 0x1000), 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 1);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x2f000), 1);
	ck_assert_int_eq(power_unmap(&host, 0, 0, 0, 0x80000000), 0);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

/* ---- what is asked of a container ---- */

START_TEST(a_container_is_opened_with_its_own_types_only)
{
	host.group[1].kind = VFIO_GROUP_EMULATED;
	vfio_container_init(&host.container[0], &host.host);
	ck_assert_int_eq(vfio_check_extension(&host.container[0], V1), 1);
	ck_assert_int_eq(vfio_check_extension(&host.container[0], VFIO_EEH), 1);
	ck_assert_int_eq(vfio_check_extension(&host.container[0], VFIO_TYPE1_IOMMU), 0);
	ck_assert_int_eq(power_attach(&host, 1, 0), 0);
	ck_assert_int_eq(vfio_set_iommu(&host.container[0], V2, &host.work), EINVAL);
	vfio_group_close(&host.group[1], &host.work);
	ck_assert_int_eq(power_attach(&host, 0, 0), 0);
	ck_assert_int_eq(vfio_set_iommu(&host.container[0], VFIO_EEH, &host.work), EINVAL);
	ck_assert_int_eq(vfio_set_iommu(&host.container[0], V2, &host.work), 0);
	host.host.spapr = NULL;
	ck_assert_int_eq(vfio_check_extension(&host.container[0], V1), 0);
	host.host.spapr = &host.spapr;
}
END_TEST

START_TEST(info_is_given_as_far_as_the_caller_has_room)
{
	struct spapr_info_call info = { .argsz = SPAPR_INFO_BYTES - 1, .levels = 99 };

	power_open(&host, 0, V2);
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info), EINVAL);
	info.argsz = SPAPR_INFO_DDW_BYTES - 1;
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_GET_INFO, &info), 0);
	ck_assert_uint_eq(info.flags, SPAPR_INFO_DDW);
	ck_assert_uint_eq(info.levels, 99);
	info.argsz = SPAPR_INFO_DDW_BYTES;
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info), 0);
	ck_assert_uint_eq(info.levels, 5);
}
END_TEST

START_TEST(recovery_is_asked_of_every_group)
{
	struct spapr_eeh_call eeh = { .op = SPAPR_EEH_UNFREEZE_IO };

	power_open(&host, 0, V2);
	ck_assert_int_eq(power_attach(&host, 1, 0), 0);
	spapr_group_freeze(&host.pe[0]);
	spapr_group_freeze(&host.pe[1]);
	ck_assert_int_eq(power_call(&host, 0, VFIO_EEH_PE_OP, &eeh), 0);
	eeh.op = SPAPR_EEH_GET_STATE;
	ck_assert_int_eq(power_call(&host, 0, VFIO_EEH_PE_OP, &eeh), 0);
	ck_assert_uint_eq(eeh.state, SPAPR_EEH_STOPPED_DMA);
	ck_assert(!host.pe[0].io_stopped && !host.pe[1].io_stopped);
	eeh.flags = 1;
	ck_assert_int_eq(power_call(&host, 0, VFIO_EEH_PE_OP, &eeh), EINVAL);
}
END_TEST

/* ---- no memory for tables ---- */

START_TEST(a_window_without_frames_leaves_nothing)
{
	iova_t start;

	power_open(&host, 0, V2);
	host.frames.end = host.frames.next + 0x401000; /* for the default window's table, not for its user view */
	ck_assert_int_eq(power_create(&host, 0, 0, 16, 0x40000000, 1, &start), ENOMEM);
	ck_assert_uint_eq(power_locked(&host), 0);
	host.frames.end = host.frames.next;
	ck_assert_int_eq(power_create(&host, 0, 0, 16, 0x40000000, 1, &start), ENOMEM);
	host.frames.end = TABLES_END;
	ck_assert_int_eq(power_create(&host, 0, 0, 16, 0x40000000, 1, &start), 0);
}
END_TEST

/* The first level only is there; of the second, the tables for one half of the window. */
START_TEST(a_map_without_frames_takes_back_what_it_made)
{
	iova_t start;

	power_open(&host, 0, V2);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x40000), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 36, 2, &start), 0);

	iova_t boundary = start + (UINT64_C(8192) << 16);

	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, boundary - 0x10000, 0x10000), 0);
	for (unsigned tables = 0; tables < 2; tables++) {
		host.frames.end = host.frames.next + tables * 0x10000;
		ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR + 0x10000, boundary - 0x10000, 0x20000), ENOMEM);
		ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x40000), 0);
		ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x40000), 0);
	}
	host.frames.end = TABLES_END;
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, boundary - 0x10000, 0x20000), 0);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x40000), EBUSY);
}
END_TEST

/* ---- several groups ---- */

struct told {
	unsigned kills[GROUPS], windows[GROUPS], removed[GROUPS];
};

static void told_kill(void *argument, unsigned pe, iova_t iova, unsigned page_lg2, uint64_t entries)
{
	struct told *at = argument;

	ck_assert_uint_eq(iova, 0x3000);
	ck_assert_uint_eq(page_lg2, 12);
	ck_assert_uint_eq(entries, 2);
	at->kills[pe]++;
}

static void told_window(void *argument, unsigned pe, unsigned number, const struct tce_table *table)
{
	struct told *at = argument;

	ck_assert_uint_eq(number, 0);
	if (table)
		at->windows[pe]++;
	else
		at->removed[pe]++;
}

static struct told told;
static const struct spapr_hardware hardware = { .argument = &told, .set_window = told_window, .kill = told_kill };

START_TEST(a_window_is_every_groups_and_each_bridge_is_told)
{
	told = (struct told){ 0 };

	for (unsigned i = 0; i < GROUPS; i++)
		host.pe[i].hardware = &hardware;
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_attach(&host, 1, 0), 0);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x10000), 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0x3000, 0x2000), 0);
	ck_assert_uint_eq(told.kills[0] + told.kills[1], 2);
	ck_assert_int_eq(power_attach(&host, 2, 0), 0);
	ck_assert_uint_eq(told.windows[0] + told.windows[1] + told.windows[2], 3);
	ck_assert_int_eq(power_unmap(&host, 0, 0, 0x3000, 0x2000), 0);
	ck_assert_uint_eq(told.kills[2], 1);
	vfio_group_close(&host.group[1], &host.work);
	ck_assert_uint_eq(told.removed[1], 1);
	ck_assert_ptr_nonnull(power_container(&host, 0)->window[0]);
}
END_TEST

START_TEST(a_container_is_its_first_callers)
{
	struct process stranger;
	struct spapr_map_call map = { .flags = RW, .vaddr = RAM_VADDR, .bytes = 0x1000 };
	struct spapr_info_call info = { .argsz = SPAPR_INFO_DDW_BYTES };
	struct spapr_memory_call memory = { .vaddr = RAM_VADDR, .bytes = 0x10000 };

	process_init(&stranger, &host.pins, 0);
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x10000), EPERM);
	ck_assert_int_eq(vfio_call(&host.container[0], &stranger, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info, &host.work), 0);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x10000), 0);
	ck_assert_int_eq(vfio_call(&host.container[0], &stranger, VFIO_IOMMU_MAP_DMA, &map, &host.work), EPERM);
	ck_assert_int_eq(vfio_call(&host.container[0], &stranger, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &memory,
				   &host.work),
			 EPERM);
	ck_assert_int_eq(vfio_call(&host.container[0], &stranger, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info, &host.work),
			 EPERM);
	process_fini(&stranger);
}
END_TEST

START_TEST(a_mapping_of_anothers_region_outlives_that_container)
{
	power_open(&host, 0, V2);
	power_open(&host, 1, V2);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x10000), 0);
	ck_assert_int_eq(power_register(&host, 1, RAM_VADDR + 0x10000, 0x10000), 0);
	ck_assert_int_eq(power_map(&host, 1, RW, RAM_VADDR, 0, 0x1000), 0);
	power_close(&host, 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 1);
	ck_assert_int_eq(power_unmap(&host, 1, 0, 0, 0x1000), 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE), 0);
	ck_assert_int_eq(power_map(&host, 1, RW, RAM_VADDR, 0, 0x1000), EINVAL);
}
END_TEST

/* ---- a kernel of 4 KiB pages ---- */

START_TEST(of_4k_pages_a_64k_window_needs_hugetlb)
{
	struct area huge = { .vaddr = RAM_VADDR,
			     .bytes = 0x400000,
			     .permissions = PT_READ | PT_WRITE,
			     .base = RAM_BASE,
			     .page_lg2 = 21,
			     .hugetlb = true,
			     .backed_bytes = 0x400000 };
	iova_t start;

	process_remove_areas(&host.process, RAM_VADDR, 0x400000);
	process_add_area(&host.process, &huge);
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x400000), 0);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR + 0x400000, 0x400000), 0);
	ck_assert_uint_eq(power_locked(&host), 8192 * KIB);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 32, 1, &start), 0);
	ck_assert_uint_eq(start, W64);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR + 0x400000, W64, 0x10000), EINVAL);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, W64, 0x10000), 0);
	ck_assert_int_eq(power_remove(&host, 0, W64), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 21, UINT64_C(1) << 32, 1, &start), 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, W64, 0x200000), 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR + 0x10000, W64, 0x200000), EINVAL);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x400000), EBUSY);
	ck_assert_int_eq(power_remove(&host, 0, W64), 0);
	ck_assert_int_eq(power_unregister(&host, 0, RAM_VADDR, 0x400000), 0);
}
END_TEST

START_TEST(of_4k_pages_memory_is_registered_by_the_page)
{
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR + 0x1000, 0x3000), 0);
	ck_assert_uint_eq(power_locked(&host), 12 * KIB);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR + 0x800, 0x1000), EINVAL);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR + 0x3000, 0x1000), EINVAL);
}
END_TEST

/* RLIMIT_MEMLOCK 0 is no limit with CAP_IPC_LOCK; without, nothing fits, and the window's table is accounted as well. */
START_TEST(the_limit_is_of_memory_and_tables_together)
{
	iova_t start;

	power_open(&host, 0, V2);
	host.process.account.limit_pages = 0;
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x1000), ENOMEM);
	host.process.account.limit_pages = 8192 * KIB >> PAGE_LG2;
	ck_assert_int_eq(power_create(&host, 0, 0, 12, 0x10000000, 1, &start), ENOMEM);
	ck_assert_uint_eq(power_locked(&host), 8192 * KIB); /* the default window */
	host.process.account.limit_pages += 1024 * KIB >> PAGE_LG2;
	ck_assert_int_eq(power_create(&host, 0, 0, 12, 0x10000000, 1, &start), 0);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x1000), ENOMEM);
}
END_TEST

/* ---- pSeries ---- */

START_TEST(pseries_says_its_windows_and_has_no_eeh)
{
	struct spapr_info_call info = { .argsz = SPAPR_INFO_DDW_BYTES };
	struct spapr_eeh_call eeh = { .op = SPAPR_EEH_ENABLE };

	power_open(&host, 0, V2);
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info), 0);
	ck_assert_uint_eq(info.window32_start, 0);
	ck_assert_uint_eq(info.window32_bytes, 0x40000000);
	ck_assert_uint_eq(info.page_sizes, 0x1211000);
	ck_assert_uint_eq(info.windows, 2);
	ck_assert_uint_eq(info.levels, 1);
	ck_assert_int_eq(vfio_check_extension(&host.container[0], VFIO_EEH), 0);
	ck_assert_int_eq(power_call(&host, 0, VFIO_EEH_PE_OP, &eeh), ENODEV);
}
END_TEST

/* The program's case "window" there: nothing is doubled for a user view, and the default window comes back at 0. */
START_TEST(pseries_windows_are_made_and_removed)
{
	iova_t start;

	power_open(&host, 0, V2);
	ck_assert_int_eq(power_create(&host, 0, 0, 12, UINT64_C(1) << 28, 1, &start), 0);
	ck_assert_uint_eq(start, W64);
	ck_assert_uint_eq(power_locked(&host), (2048 + 512) * KIB);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 30, 1, &start), ENOSPC);
	ck_assert_int_eq(power_remove(&host, 0, W64), 0);
	ck_assert_int_eq(power_remove(&host, 0, 0), 0);
	ck_assert_uint_eq(power_locked(&host), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 12, UINT64_C(1) << 28, 1, &start), 0);
	ck_assert_uint_eq(start, 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 32, 1, &start), 0);
	ck_assert_uint_eq(start, W64);
	ck_assert_uint_eq(power_locked(&host), (512 + 512) * KIB);
	ck_assert_int_eq(power_remove(&host, 0, 0), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 12, UINT64_C(1) << 28, 1, &start), EPERM);
	ck_assert_int_eq(power_remove(&host, 0, W64), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 30, 0, &start), 0);
	ck_assert_uint_eq(start, W64);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 30, 1, &start), ENODEV);
	ck_assert_int_eq(power_remove(&host, 0, W64), 0);
	ck_assert_int_eq(power_create(&host, 0, 0, 16, UINT64_C(1) << 30, 2, &start), EINVAL);
	ck_assert_uint_eq(power_locked(&host), 0);
}
END_TEST

START_TEST(pseries_v1_accounts_a_gibibyte_and_the_table_once)
{
	power_open(&host, 0, V1);
	ck_assert_int_eq(power_call(&host, 0, VFIO_IOMMU_ENABLE, NULL), 0);
	ck_assert_uint_eq(power_locked(&host), 1048576 * KIB);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0, 0x1000), 0);
	ck_assert_uint_eq(power_locked(&host), (1048576 + 2048) * KIB);
	ck_assert_uint_eq(host.work.tce_hypercalls, 2);
	ck_assert_uint_eq(host.work.tce_kills, 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0x40000000, 0x1000), ENXIO);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0x3ffff000, 0x2000), EINVAL);
}
END_TEST

/* set_window fails for the group that does not own the table. */
START_TEST(pseries_groups_cannot_share_a_window)
{
	power_open(&host, 0, V2);
	ck_assert_int_eq(power_attach(&host, 1, 0), 0);
	ck_assert_int_eq(power_register(&host, 0, RAM_VADDR, 0x80000), 0);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0, 0x1000), EPERM);
	ck_assert_uint_eq(power_locked(&host), 512 * KIB);
	vfio_group_close(&host.group[1], &host.work);
	ck_assert_int_eq(power_map(&host, 0, RW, RAM_VADDR, 0, 0x1000), 0);
	ck_assert_int_eq(power_attach(&host, 1, 0), EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spapr");
	TCase *of_64k = tcase_create("64 KiB pages"), *of_4k = tcase_create("4 KiB pages"),
	      *pseries = tcase_create("pSeries");

	tcase_add_checked_fixture(of_64k, setup_64k, teardown);
	tcase_add_test(of_64k, a_map_counts_in_its_region_and_kills_once);
	tcase_add_test(of_64k, v1_pins_the_kernels_page_for_each_tce_in_it);
	tcase_add_test(of_64k, a_container_is_opened_with_its_own_types_only);
	tcase_add_test(of_64k, info_is_given_as_far_as_the_caller_has_room);
	tcase_add_test(of_64k, recovery_is_asked_of_every_group);
	tcase_add_test(of_64k, a_window_without_frames_leaves_nothing);
	tcase_add_test(of_64k, a_map_without_frames_takes_back_what_it_made);
	tcase_add_test(of_64k, a_window_is_every_groups_and_each_bridge_is_told);
	tcase_add_test(of_64k, a_container_is_its_first_callers);
	tcase_add_test(of_64k, a_mapping_of_anothers_region_outlives_that_container);
	tcase_add_checked_fixture(of_4k, setup_4k, teardown);
	tcase_add_test(of_4k, of_4k_pages_a_64k_window_needs_hugetlb);
	tcase_add_test(of_4k, of_4k_pages_memory_is_registered_by_the_page);
	tcase_add_test(of_4k, the_limit_is_of_memory_and_tables_together);
	tcase_add_checked_fixture(pseries, setup_pseries, teardown);
	tcase_add_test(pseries, pseries_says_its_windows_and_has_no_eeh);
	tcase_add_test(pseries, pseries_windows_are_made_and_removed);
	tcase_add_test(pseries, pseries_v1_accounts_a_gibibyte_and_the_table_once);
	tcase_add_test(pseries, pseries_groups_cannot_share_a_window);
	for (TCase **each = (TCase *[]){ of_64k, of_4k, pseries, NULL }; *each; each++) {
		tcase_set_timeout(*each, SUITE_TIMEOUT_SECONDS);
		suite_add_tcase(suite, *each);
	}
	return suite_main(suite);
}
