/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories of several containers of one process, judged by the brute-force twin. */
#include "models/base/random.h"
#include "models/pagetable/tce.h"
#include "tests/models/software/spapr_fixture.h"
#include "tests/models/software/spapr_twin.h"
#include "tests/suite.h"

#define HISTORIES        20u
#define CALLS            250u
#define READ_ONLY        UINT64_C(0x600000) /* in RAM, of its own kind from here on */
#define HUGE             UINT64_C(0x800000)
#define ENTRIES_COMPARED 4096u

struct history {
	struct power_host host;
	struct twin twin;
	struct random random;
	uint64_t seed;
	unsigned page_lg2;
};

static struct history history;

/* 8 MiB of memory, of it 64 KiB read-only; then 4 MiB of hugetlb; then nothing that can be written. */
static void make_areas(struct history *at)
{
	struct area area = { .permissions = PT_READ | PT_WRITE, .page_lg2 = at->page_lg2 };

	process_remove_areas(&at->host.process, RAM_VADDR, RAM_BYTES);
	area.vaddr = RAM_VADDR;
	area.base = RAM_BASE;
	area.bytes = area.backed_bytes = READ_ONLY;
	process_add_area(&at->host.process, &area);
	area.permissions = PT_READ;
	area.vaddr = RAM_VADDR + READ_ONLY;
	area.base = RAM_BASE + READ_ONLY;
	area.bytes = area.backed_bytes = 0x10000;
	process_add_area(&at->host.process, &area);
	area.permissions = PT_READ | PT_WRITE;
	area.hugetlb = true;
	area.page_lg2 = 21;
	area.vaddr = RAM_VADDR + HUGE;
	area.base = RAM_BASE + HUGE;
	area.bytes = area.backed_bytes = 0x400000;
	process_add_area(&at->host.process, &area);
}

static void begin(struct history *at, uint64_t seed)
{
	bool is_pseries = seed & 1;

	at->seed = seed;
	random_init(&at->random, seed);
	at->page_lg2 = seed & 2 ? 16 : 12;
	power_host_init(&at->host, is_pseries ? &spapr_pseries : &spapr_powernv, at->page_lg2);
	at->host.platform.window32_bytes = 0x200000;
	make_areas(at);
	twin_init(&at->twin, &at->host.process, at->page_lg2, is_pseries, false);
	at->twin.window32_bytes = 0x200000;
	for (unsigned c = 0; c < CONTAINERS; c++) {
		bool v2 = c != 2;

		power_open(&at->host, c, v2 ? VFIO_SPAPR_TCE_v2_IOMMU : VFIO_SPAPR_TCE_IOMMU);
		twin_open(&at->twin, c, v2);
		twin_attach(&at->twin, c);
	}
	if (seed & 4)
		at->host.process.account.limit_pages = random_below(&at->random, 0x2000);
}

static void end(struct history *at)
{
	twin_fini(&at->twin);
	power_host_fini(&at->host);
}

static uint64_t pick(struct history *at, uint64_t count)
{
	return random_below(&at->random, count);
}

/* Any one that there is, or NULL. */
static const struct twin_region *pick_region(struct history *at)
{
	const struct twin_region *picked = NULL;
	unsigned seen = 0;

	for (unsigned i = 0; i < TWIN_REGIONS; i++)
		if (at->twin.region[i].bytes && pick(at, ++seen) == 0)
			picked = &at->twin.region[i];
	return picked;
}

/* Mostly whole pages of what is there, sometimes not. */
static uint64_t pick_vaddr(struct history *at)
{
	uint64_t vaddr = RAM_VADDR + (pick(at, 0x40) << 16);
	const struct twin_region *region = pick_region(at);

	if (region && pick(at, 4))
		return region->vaddr + (pick(at, region->bytes >> 12) << 12 >> at->page_lg2 << at->page_lg2);
	if (pick(at, 3) == 0)
		vaddr = RAM_VADDR + HUGE + (pick(at, 4) << 20);
	if (pick(at, 6) == 0)
		vaddr = RAM_VADDR + READ_ONLY - 0x20000 + (pick(at, 4) << 16);
	if (pick(at, 3) == 0)
		vaddr += pick(at, 16) << 12;
	return pick(at, 20) ? vaddr : vaddr + 0x800;
}

static uint64_t pick_bytes(struct history *at)
{
	static const uint64_t bytes[] = { 0x1000, 0x2000, 0x10000, 0x10000, 0x20000, 0x40000, 0x200000, 0, 0x800 };

	return bytes[pick(at, sizeof(bytes) / sizeof(bytes[0]))];
}

static iova_t pick_iova(struct history *at)
{
	iova_t iova = pick(at, 2) ? 0 : UINT64_C(1) << 59;

	iova += pick(at, 3) ? pick(at, 64) << 12 : pick(at, 8) << 16;
	if (pick(at, 8) == 0)
		iova += 0x1f0000;
	return pick(at, 20) ? iova : iova + 0x800;
}

static long negative(int error)
{
	return -(long)error;
}

static long create_both(struct history *at, unsigned c, long *expected)
{
	static const unsigned shifts[] = { 12, 12, 16, 16, 21, 13, 30, 64 };
	unsigned shift = shifts[pick(at, 8)], levels = pick(at, 4) ? 1 : (unsigned)pick(at, 7);
	unsigned flags = pick(at, 20) == 0;
	uint64_t bytes = UINT64_C(1) << (shift % 64 + pick(at, 10));
	iova_t start, twin_start = 0;

	if (pick(at, 12) == 0)
		bytes += 0x1000;
	*expected = twin_create(&at->twin, c, flags, shift, bytes, levels, &twin_start);

	long result = negative(power_create(&at->host, c, flags, shift, bytes, levels, &start));

	ck_assert_uint_eq(start, twin_start);
	return result;
}

static long memory_both(struct history *at, unsigned c, bool is_new, long *expected)
{
	const struct twin_region *known = pick_region(at);
	uint64_t vaddr = pick_vaddr(at), bytes = pick_bytes(at);

	if (known && pick(at, 4)) {
		vaddr = known->vaddr;
		bytes = known->bytes;
	}
	if (is_new) {
		*expected = twin_register(&at->twin, c, vaddr, bytes);
		return negative(power_register(&at->host, c, vaddr, bytes));
	}
	*expected = twin_unregister(&at->twin, c, vaddr, bytes);
	return negative(power_unregister(&at->host, c, vaddr, bytes));
}

/* A second group for a container, or now and then its end and a new beginning. */
static long groups_both(struct history *at, unsigned c, long *expected)
{
	bool v2 = c != 2;

	if (pick(at, 8) && !at->host.group[3].container) {
		*expected = twin_attach(&at->twin, c);
		return negative(power_attach(&at->host, 3, c));
	}
	if (pick(at, 4)) {
		*expected = twin_enable(&at->twin, c);
		return negative(power_call(&at->host, c, VFIO_IOMMU_ENABLE, NULL));
	}
	power_close(&at->host, c);
	twin_close(&at->twin, c);
	power_open(&at->host, c, v2 ? VFIO_SPAPR_TCE_v2_IOMMU : VFIO_SPAPR_TCE_IOMMU);
	twin_open(&at->twin, c, v2);
	*expected = twin_attach(&at->twin, c);
	return 0;
}

static long call_both(struct history *at, unsigned c, long *expected)
{
	unsigned flags = pick(at, 12) ? 1 + (unsigned)pick(at, 3) : (unsigned)pick(at, 6);
	uint64_t vaddr = pick_vaddr(at), bytes = pick_bytes(at);
	iova_t iova = pick_iova(at);

	switch (pick(at, 24)) {
	case 0:
	case 1:
		return create_both(at, c, expected);
	case 2:
		*expected = twin_remove(&at->twin, c, iova);
		return negative(power_remove(&at->host, c, iova));
	case 3:
		return groups_both(at, c, expected);
	case 4:
		*expected = twin_enable(&at->twin, c);
		return negative(power_call(&at->host, c, VFIO_IOMMU_ENABLE, NULL));
	case 5:
		if (pick(at, 4))
			bytes = 0x200000;
		if (pick(at, 4)) {
			*expected = twin_unmap(&at->twin, c, 0, iova, bytes);
			return negative(power_unmap(&at->host, c, 0, iova, bytes));
		}
		*expected = twin_disable(&at->twin, c);
		return negative(power_call(&at->host, c, VFIO_IOMMU_DISABLE, NULL));
	case 6:
		process_remove_areas(&at->host.process, RAM_VADDR + (pick(at, 0x30) << 16), 0x10000);
		*expected = 0;
		return 0;
	case 7:
	case 8:
	case 9:
	case 10:
		*expected = twin_unmap(&at->twin, c, flags & 4, iova, bytes);
		return negative(power_unmap(&at->host, c, flags & 4, iova, bytes));
	case 11:
	case 12:
	case 13:
	case 14:
		return memory_both(at, c, true, expected);
	case 15:
	case 16:
	case 17:
		return memory_both(at, c, false, expected);
	default:
		*expected = twin_map(&at->twin, c, flags, vaddr, iova, bytes);
		return negative(power_map(&at->host, c, flags, vaddr, iova, bytes));
	}
}

/* Every page of RAM has its place, whatever became of its address. */
static void compare_window(const struct spapr_window *window, const struct twin_window *twin)
{
	ck_assert_int_eq(window != NULL, twin->exists);
	if (!window)
		return;
	ck_assert_uint_eq(window->place.start, twin->start);
	ck_assert_uint_eq(window->place.bytes >> window->page_lg2, twin->entries);
	for (uint64_t i = 0; i < twin->entries && i < ENTRIES_COMPARED; i++) {
		const struct twin_entry *entry = &twin->entry[i];
		unsigned permissions = entry->permissions & 2 ? 3 : entry->permissions;
		uint64_t expected = entry->permissions ? RAM_BASE + (entry->vaddr - RAM_VADDR) + permissions : 0;

		ck_assert_uint_eq(tce_table_get(&window->table, window->place.start + (i << window->page_lg2)),
				  expected);
	}
}

static void compare(struct history *at)
{
	ck_assert_uint_eq(power_locked(&at->host), at->twin.locked);
	ck_assert_uint_eq(at->host.pins.pins, at->twin.pins);
	for (unsigned c = 0; c < CONTAINERS; c++)
		for (unsigned i = 0; i < SPAPR_WINDOWS; i++)
			compare_window(power_container(&at->host, c)->window[i], &at->twin.container[c].window[i]);
}

START_TEST(any_history_answers_locks_pins_and_writes_as_the_twin)
{
	for (unsigned i = 0; i < HISTORIES; i++) {
		struct history *at = &history;

		begin(at, (uint64_t)_i * HISTORIES + i);
		for (unsigned calls = 0; calls < CALLS; calls++) {
			unsigned c = (unsigned)pick(at, CONTAINERS);
			long expected = 0, result = call_both(at, c, &expected);

			ck_assert_msg(result == expected, "seed %u, call %u, container %u: %ld, twin %ld",
				      (unsigned)at->seed, calls, c, result, expected);
			ck_assert_msg(power_locked(&at->host) == at->twin.locked, "seed %u, call %u, container %u",
				      (unsigned)at->seed, calls, c);
			if (calls % 25 == 0)
				compare(at);
		}
		compare(at);
		for (unsigned c = 0; c < CONTAINERS; c++)
			power_close(&at->host, c);
		ck_assert_uint_eq(power_locked(&at->host), 0);
		ck_assert_uint_eq(at->host.pins.pins, 0);
		ck_assert_uint_eq(frames_used(&at->host.frames), 0);
		end(at);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spapr histories");
	TCase *test = tcase_create("spapr histories");

	tcase_set_timeout(test, 2 * SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, any_history_answers_locks_pins_and_writes_as_the_twin, 0, 4);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
