/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a POWER guest's mappings lie: worked by hand from [LINUX] arch/powerpc/kernel/iommu.c, and against a twin that
 * keeps a byte for each entry and searches it one by one.
 */
#include "models/software/tce_allocator.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define GIB (UINT64_C(1) << 30)
#define K4  UINT64_C(4096)

static struct tce_allocator window;

static iova_t take(unsigned cpu, uint64_t pages)
{
	return tce_allocator_take(&window, cpu, pages, 0, NULL);
}

START_TEST(address_0_is_never_given)
{
	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(take(0, 1), 1 * K4);
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(a_window_elsewhere_begins_with_its_first_page)
{
	iova_t start = UINT64_C(1) << 59;

	tce_allocator_init(&window, start, 4 * GIB, 16);
	ck_assert_uint_eq(take(0, 1), start);
	ck_assert_uint_eq(take(0, 1), start + 16 * UINT64_C(65536));
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(the_next_small_range_begins_at_the_next_block_of_16_pages)
{
	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(take(0, 1), 1 * K4);
	ck_assert_uint_eq(take(0, 2), 16 * K4);
	ck_assert_uint_eq(take(0, 15), 32 * K4);
	ck_assert_uint_eq(take(0, 1), 48 * K4);
	tce_allocator_fini(&window);
}
END_TEST

/* 262,144 entries: 3/4 of them for small requests, the rest for more than 15 pages. */
START_TEST(large_ranges_follow_one_another_in_the_top_quarter)
{
	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(take(0, 16), 196608 * K4);
	ck_assert_uint_eq(take(1, 100), (196608 + 16) * K4);
	ck_assert_uint_eq(take(0, 16), (196608 + 116) * K4);
	tce_allocator_fini(&window);
}
END_TEST

/* hash_32(cpu, 2): 0x61c88647 * cpu, its two highest bits: 0, 1, 3, 0. */
START_TEST(cpus_use_pools_of_their_own)
{
	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(take(0, 1), 1 * K4);
	ck_assert_uint_eq(take(1, 1), 49152 * K4);
	ck_assert_uint_eq(take(2, 1), 3 * 49152 * K4);
	ck_assert_uint_eq(take(3, 1), 16 * K4);
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(a_window_below_1_gib_has_one_small_pool)
{
	tce_allocator_init(&window, 0, GIB / 2, 12);
	ck_assert_uint_eq(take(0, 1), 1 * K4);
	ck_assert_uint_eq(take(1, 1), 16 * K4);
	ck_assert_uint_eq(take(2, 16), 98304 * K4);
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(the_ranges_of_a_list_follow_one_another)
{
	uint64_t handle = 0;

	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(tce_allocator_take(&window, 0, 1, 0, &handle), 1 * K4);
	ck_assert_uint_eq(tce_allocator_take(&window, 0, 3, 0, &handle), 2 * K4);
	ck_assert_uint_eq(tce_allocator_take(&window, 0, 1, 0, &handle), 5 * K4);
	ck_assert_uint_eq(take(0, 1), 16 * K4);
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(an_alignment_is_kept)
{
	tce_allocator_init(&window, 0, GIB, 12);
	ck_assert_uint_eq(tce_allocator_take(&window, 0, 1, 3, NULL), 8 * K4);
	tce_allocator_fini(&window);
}
END_TEST

/* Entries 1 to 10 are the small pool's (3/4 of 16, less the last); 12 to 14 the large one's. */
START_TEST(a_full_window_says_so_and_what_was_given_back_is_found_again)
{
	tce_allocator_init(&window, 0, 16 * K4, 12);
	for (uint64_t i = 1; i < 11; i++)
		ck_assert_uint_eq(take(0, 1), i * K4);
	for (uint64_t i = 12; i < 15; i++)
		ck_assert_uint_eq(take(0, 1), i * K4);
	ck_assert_uint_eq(take(0, 1), TCE_ALLOCATOR_FULL);
	tce_allocator_give(&window, 5 * K4, 1);
	ck_assert_uint_eq(take(0, 1), 5 * K4);
	ck_assert_uint_eq(take(0, 1), TCE_ALLOCATOR_FULL);
	tce_allocator_fini(&window);
}
END_TEST

START_TEST(no_range_crosses_4_gib)
{
	tce_allocator_init(&window, 0, 8 * GIB, 28);
	/* 32 pages of 256 MiB, 16 to 4 GiB; pools of 6, the large one from 24 on. */
	for (unsigned i = 0; i < 64; i++) {
		iova_t iova = take(i % 4, 3);

		if (iova == TCE_ALLOCATOR_FULL)
			break;
		ck_assert_uint_eq(iova / (4 * GIB), (iova + 3 * (UINT64_C(1) << 28) - 1) / (4 * GIB));
	}
	tce_allocator_fini(&window);
}
END_TEST

/* ---- a twin ---- */

#define TWIN_ENTRIES 4096u

static struct {
	bool taken[TWIN_ENTRIES];
	unsigned first[5], end[5], hint[5], pools;
	unsigned boundary; /* the window begins at a multiple of 4 GiB */
} twin;

static unsigned twin_search(unsigned from, unsigned end, unsigned pages, unsigned align)
{
	for (unsigned at = from; at + pages <= end - 1; at++) {
		bool is_free = at % align == 0 && at / twin.boundary == (at + pages - 1) / twin.boundary;

		for (unsigned i = 0; is_free && i < pages; i++)
			is_free = !twin.taken[at + i];
		if (is_free)
			return at;
	}
	return UINT32_MAX;
}

static unsigned twin_take(unsigned cpu_pool, unsigned pages, unsigned align, uint64_t *handle)
{
	unsigned order[8], tries = 0, large = twin.pools, at = UINT32_MAX, pool = 0;

	order[tries++] = pages > 15 ? large : cpu_pool; /* from its hint */
	order[tries++] = order[0];
	for (unsigned i = 1; i <= twin.pools; i++)
		order[tries++] = (cpu_pool + i) % twin.pools;
	order[tries++] = large;
	for (unsigned i = 0; i < tries && at == UINT32_MAX; i++) {
		unsigned from;

		pool = order[i];
		if (i > 0)
			from = twin.hint[pool] = twin.first[pool];
		else if (handle && *handle >= twin.first[pool] && *handle < twin.end[pool] && *handle > 0)
			from = (unsigned)*handle;
		else
			from = twin.hint[pool];
		if (from >= twin.end[pool])
			from = twin.first[pool];
		at = twin_search(from, twin.end[pool], pages, align);
	}
	if (at == UINT32_MAX)
		return at;
	memset(&twin.taken[at], true, pages);
	twin.hint[pool] = pages > 15 ? at + pages : (at + pages + 15) / 16 * 16;
	if (handle)
		*handle = at + pages;
	return at;
}

static void twin_init(unsigned pools, bool begins_at_0, unsigned boundary)
{
	memset(&twin, 0, sizeof(twin));
	twin.pools = pools;
	twin.boundary = boundary;
	for (unsigned i = 0; i <= pools; i++) {
		twin.first[i] = twin.hint[i] = TWIN_ENTRIES * 3 / 4 / pools * i;
		twin.end[i] = i == pools ? TWIN_ENTRIES : TWIN_ENTRIES * 3 / 4 / pools * (i + 1);
	}
	twin.taken[0] = begins_at_0;
}

START_TEST(random_requests_go_where_the_twin_puts_them)
{
	static const unsigned hash[4] = { 0, 1, 3, 0 };
	const unsigned page_lg2 = _i < 2 ? 12 : 20;
	const iova_t start = _i % 2 ? UINT64_C(1) << 59 : 0;
	struct {
		iova_t iova;
		unsigned pages;
	} live[TWIN_ENTRIES];
	unsigned count = 0, full = 0;
	uint64_t seed = (uint64_t)time(NULL), handle = 0;
	struct random random;

	printf("seed %llu\n", (unsigned long long)seed);
	random_init(&random, seed);
	tce_allocator_init(&window, start, (uint64_t)TWIN_ENTRIES << page_lg2, page_lg2);
	twin_init(page_lg2 == 12 ? 1 : 4, start == 0, (unsigned)(4 * GIB >> page_lg2));
	for (unsigned i = 0; i < 20000; i++) {
		if (count > 0 && random_below(&random, 100) < 47) {
			unsigned victim = (unsigned)random_below(&random, count);
			unsigned at = (unsigned)((live[victim].iova - start) >> page_lg2);

			tce_allocator_give(&window, live[victim].iova, live[victim].pages);
			memset(&twin.taken[at], false, live[victim].pages);
			live[victim] = live[--count];
			continue;
		}
		unsigned cpu = (unsigned)random_below(&random, 4), align = (unsigned)random_below(&random, 3);
		unsigned pages = 1 + (unsigned)random_below(&random, random_below(&random, 4) ? 4 : 40);
		bool is_list = random_below(&random, 3) == 0;
		uint64_t twins = handle;
		iova_t iova = tce_allocator_take(&window, cpu, pages, align, is_list ? &handle : NULL);
		unsigned at = twin_take(twin.pools == 1 ? 0 : hash[cpu], pages, 1u << align, is_list ? &twins : NULL);

		full += iova == TCE_ALLOCATOR_FULL;
		ck_assert_msg(at == UINT32_MAX ? iova == TCE_ALLOCATOR_FULL : iova == start + ((iova_t)at << page_lg2),
			      "step %u", i);
		if (at != UINT32_MAX) {
			live[count].iova = iova;
			live[count++].pages = pages;
		}
		ck_assert_uint_eq(handle, twins);
		if (random_below(&random, 5) == 0)
			handle = 0;
	}
	ck_assert_uint_gt(full, 0);
	tce_allocator_fini(&window);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tce_allocator");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(all, address_0_is_never_given);
	tcase_add_test(all, a_window_elsewhere_begins_with_its_first_page);
	tcase_add_test(all, the_next_small_range_begins_at_the_next_block_of_16_pages);
	tcase_add_test(all, large_ranges_follow_one_another_in_the_top_quarter);
	tcase_add_test(all, cpus_use_pools_of_their_own);
	tcase_add_test(all, a_window_below_1_gib_has_one_small_pool);
	tcase_add_test(all, the_ranges_of_a_list_follow_one_another);
	tcase_add_test(all, an_alignment_is_kept);
	tcase_add_test(all, a_full_window_says_so_and_what_was_given_back_is_found_again);
	tcase_add_test(all, no_range_crosses_4_gib);
	tcase_add_loop_test(all, random_requests_go_where_the_twin_puts_them, 0, 4);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
