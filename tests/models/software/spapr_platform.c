/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_platform.h"

#include <errno.h>

#include "tests/suite.h"

#define KIB UINT64_C(1024)
#define W64 (UINT64_C(1) << 59)

/* One window that VFIO_IOMMU_SPAPR_TCE_CREATE may ask for. */
struct wish {
	unsigned kernel_page_lg2, page_lg2;
	uint64_t bytes;
	unsigned levels;
	uint64_t accounted_bytes; /* 0: EINVAL, and nothing was accounted */
	int error;
	uint64_t place_bytes;
};

static void check(const struct spapr_platform *platform, const struct wish *wishes, size_t count, unsigned number,
		  iova_t start)
{
	for (size_t i = 0; i < count; i++) {
		const struct wish *wish = &wishes[i];
		struct spapr_request request = {
			.number = number, .page_lg2 = wish->page_lg2, .bytes = wish->bytes, .levels = wish->levels
		};
		struct spapr_place place = { 0 };

		ck_assert_msg(platform->accounted_bytes(wish->kernel_page_lg2, &request) == wish->accounted_bytes,
			      "wish %zu", i);
		if (!wish->accounted_bytes)
			continue;
		ck_assert_msg(platform->place(wish->kernel_page_lg2, &request, &place) == wish->error, "wish %zu", i);
		if (wish->error)
			continue;
		ck_assert_uint_eq(place.start, start);
		ck_assert_msg(place.bytes == wish->place_bytes, "wish %zu", i);
	}
}

/*
 * Locked memory and kernel log of the recorded 6.12 kernel ("Setting up window#0 0..1fffffff pg=10000" for a window of
 * one 64 KiB page: its table has 64 KiB).
 */
START_TEST(powernv_of_64k_pages_is_as_recorded)
{
	static const struct wish wishes[] = {
		{ 16, 12, 0x80000000, 1, 8192 * KIB, 0, 0x80000000 },
		{ 16, 12, 0x10000000, 1, 1024 * KIB, 0, 0x10000000 },
		{ 16, 16, 0x40000000, 1, 256 * KIB, 0, 0x40000000 },
		{ 16, 21, 0x800000000, 1, 256 * KIB, 0, 0x800000000 },
		{ 16, 30, 0x1000000000, 1, 128 * KIB, 0, 0x80000000000 },
		{ 16, 16, 0x1000000000, 1, 16384 * KIB, 0, 0x1000000000 },
		{ 16, 16, 0x1000000000, 2, 16512 * KIB, 0, 0x1000000000 },
		{ 16, 16, 0x1000000000, 3, 16640 * KIB, EINVAL, 0 },
		{ 16, 16, 0x1000000000, 4, 16768 * KIB, EINVAL, 0 },
		{ 16, 16, 0x1000000000, 5, 16896 * KIB, EINVAL, 0 },
		{ 16, 16, 0x1000000000, 6, 0, 0, 0 },
		{ 16, 16, 0x1000000000, 0, 0, 0, 0 },
		{ 16, 16, 0, 1, 0, 0, 0 },
		{ 16, 16, 0x1000, 1, 0, 0, 0 },
		{ 16, 16, 0x10000, 1, 128 * KIB, 0, 0x20000000 },
		{ 16, 16, 0x30000, 1, 0, 0, 0 },
		{ 16, 16, 0x10000000000, 1, 262144 * KIB, ENOMEM, 0 },
		{ 16, 16, 0x400000000000, 1, 16777216 * KIB, ENOMEM, 0 },
		{ 16, 16, 0x10000000000, 2, 262272 * KIB, 0, 0x10000000000 },
	};

	check(&spapr_powernv, wishes, sizeof(wishes) / sizeof(wishes[0]), 0, 0);
	check(&spapr_powernv, wishes, 5, 1, W64);
}
END_TEST

/* By the formulas of the kernel's source, with tables of 4 KiB at least: more levels fit. */
START_TEST(powernv_of_4k_pages_has_smaller_tables_and_more_levels)
{
	static const struct wish wishes[] = {
		{ 12, 12, 0x80000000, 1, 8192 * KIB, 0, 0x80000000 },
		{ 12, 12, 0x10000000, 1, 1024 * KIB, 0, 0x10000000 },
		{ 12, 30, 0x1000000000, 1, 8 * KIB, 0, 0x8000000000 },
		{ 12, 16, 0x10000, 1, 8 * KIB, 0, 0x2000000 },
		/* 2^20 entries: 8 MiB below, and 2 tables of 8 KiB a kilo of which reach */
		{ 12, 16, 0x1000000000, 2, 2 * (8192 + 8) * KIB, 0, 0x1000000000 },
		/* 7 bits a level are less than a page of entries has */
		{ 12, 16, 0x1000000000, 3, 2 * (8192 + 16 + 4) * KIB, 0, 0x1000000000 },
		{ 12, 16, 0x1000000000, 4, 2 * (8192 + 16 + 4 + 4) * KIB, 0, 0x1000000000 },
		{ 12, 16, 0x1000000000, 5, 2 * (8192 + 16 + 4 + 4 + 4) * KIB, EINVAL, 0 },
	};

	check(&spapr_powernv, wishes, sizeof(wishes) / sizeof(wishes[0]), 0, 0);
}
END_TEST

/* spapr_tce_get_table_size, spapr_tce_create_table: eight bytes a page, one level, nothing rounded. */
START_TEST(pseries_has_one_level_and_tables_of_any_size)
{
	static const struct wish wishes[] = {
		{ 16, 12, 0x40000000, 1, 2048 * KIB, 0, 0x40000000 },
		{ 16, 12, 0x10000000, 1, 512 * KIB, 0, 0x10000000 },
		{ 16, 12, 0x10000000, 0, 512 * KIB, 0, 0x10000000 },
		{ 16, 12, 0x10000000, 2, UINT32_MAX, EINVAL, 0 },
		{ 12, 12, 0x10001000, 1, 0x10001000 >> 9, EINVAL, 0 },
		{ 12, 12, 0, 1, 0, 0, 0 },
	};
	static const struct wish large[] = {
		{ 16, 16, 0x40000000, 1, 128 * KIB, 0, 0x40000000 },
		{ 16, 16, 0x10000, 1, 8, 0, 0x10000 },
		{ 16, 21, 0x100000000, 1, 16 * KIB, 0, 0x100000000 },
		{ 12, 24, 0x1000000000, 1, 32 * KIB, 0, 0x1000000000 },
		{ 16, 12, 0x80000000, 1, 4096 * KIB, 0, 0x80000000 },
		{ 16, 16, 0x8000, 1, 4, ENODEV, 0 },
		{ 16, 12, UINT64_C(1) << 44, 1, UINT64_C(1) << 35, EINVAL, 0 },
	};

	check(&spapr_pseries, wishes, sizeof(wishes) / sizeof(wishes[0]), 0, 0);
	/* in the default window's place, too: QEMU still has that one */
	check(&spapr_pseries, large, sizeof(large) / sizeof(large[0]), 0, W64);
	check(&spapr_pseries, large, sizeof(large) / sizeof(large[0]), 1, W64);
}
END_TEST

START_TEST(pseries_windows_stand_in_each_others_way)
{
	const struct spapr_place low = { .start = 0 }, high = { .start = W64 };
	struct spapr_request request = { .number = 1, .page_lg2 = 16, .bytes = 0x10000000, .levels = 1, .other = &low };
	struct spapr_place place;

	ck_assert_int_eq(spapr_pseries.place(16, &request, &place), 0);
	request.other = &high;
	ck_assert_int_eq(spapr_pseries.place(16, &request, &place), ENODEV);
	request.number = 0;
	ck_assert_int_eq(spapr_pseries.place(16, &request, &place), EPERM);
	request.page_lg2 = 12;
	ck_assert_int_eq(spapr_pseries.place(16, &request, &place), EPERM);
	ck_assert_int_eq(spapr_powernv.place(16, &request, &place), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		powernv_of_64k_pages_is_as_recorded,
		powernv_of_4k_pages_has_smaller_tables_and_more_levels,
		pseries_has_one_level_and_tables_of_any_size,
		pseries_windows_stand_in_each_others_way,
		NULL,
	};

	return suite_run("spapr platform", tests);
}
