/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type1's calls with the sizes and flags that user space passes.  The tables are what the program of the recordings calls in cases
 * of which no recording comes with the project; what is expected is worked out from the kernel's source.
 */
#include <errno.h>

#include "tests/models/software/type1_fixture.h"
#include "tests/suite.h"

#define BASE RAM_VADDR
#define R    1u
#define W    2u
#define RW   3u
#define TOP  (UINT64_MAX - 0xfff)

#define LIMIT_NONE UINT64_MAX

static struct fixture fixture;

static void open_with(struct kernel kernel, uint64_t type)
{
	fixture_init(&fixture, kernel);
	ck_assert(fixture_open(&fixture, type));
}

static void teardown(void)
{
	fixture_fini(&fixture);
}

/* One call; what it answers, what size says then, what is locked after it. */
struct step {
	enum { MAP, UNMAP } call;
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
	int error;
	uint64_t unmapped, locked_kib;
};

/* clang-format off */
#define MAPPED(flags, vaddr, iova, size, error, kib) { MAP, 32, flags, vaddr, iova, size, error, 0, kib }
#define UNMAPPED(flags, iova, size, bytes, kib)      { UNMAP, 24, flags, 0, iova, size, 0, bytes, kib }
#define REFUSED(flags, iova, size, error, kib)       { UNMAP, 24, flags, 0, iova, size, error, size, kib }
/* clang-format on */

static void run(const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		struct type1_map_call map = { step->argsz, step->flags, step->vaddr, step->iova, step->size };
		struct type1_unmap_call unmap = { step->argsz, step->flags, step->iova, step->size, { 0 } };
		int error = vfio_call(&fixture.container, &fixture.process,
				      step->call == MAP ? VFIO_IOMMU_MAP_DMA : VFIO_IOMMU_UNMAP_DMA,
				      step->call == MAP ? (void *)&map : (void *)&unmap, &fixture.work);

		ck_assert_msg(error == step->error, "step %zu: errno %d, not %d", i, error, step->error);
		if (step->call == UNMAP)
			ck_assert_msg(unmap.size == step->unmapped, "step %zu: size %#lx, not %#lx", i, unmap.size,
				      step->unmapped);
		ck_assert_msg(fixture_locked_kib(&fixture) == step->locked_kib, "step %zu: %lu KiB locked, not %lu", i,
			      fixture_locked_kib(&fixture), step->locked_kib);
	}
}

#define RUN(steps) run(steps, sizeof(steps) / sizeof((steps)[0]))

/* ---- case unmap, version 1 ---- */

static const struct step unmap_v1[] = {
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* exact */
	UNMAPPED(0, 0x100000, 0x4000, 0x4000, 0),
	UNMAPPED(0, 0x100000, 0x4000, 0, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* the head: all of it goes */
	UNMAPPED(0, 0x100000, 0x1000, 0x4000, 0),
	UNMAPPED(0, 0x100000, 0x4000, 0, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* the tail: nothing goes */
	UNMAPPED(0, 0x103000, 0x1000, 0, 16),
	UNMAPPED(0, 0x100000, 0x4000, 0x4000, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* the middle */
	UNMAPPED(0, 0x101000, 0x1000, 0, 16),
	UNMAPPED(0, 0x100000, 0x4000, 0x4000, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* more than the mapping */
	UNMAPPED(0, 0xf0000, 0x40000, 0x4000, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* three and gaps */
	MAPPED(RW, BASE + 0x4000, 0x106000, 0x2000, 0, 24),
	MAPPED(RW, BASE + 0x8000, 0x110000, 0x1000, 0, 28),
	UNMAPPED(0, 0x100000, 0x11000, 0x7000, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* the right edge cuts the last, whose start is in it */
	MAPPED(RW, BASE + 0x4000, 0x104000, 0x4000, 0, 32),
	UNMAPPED(0, 0x100000, 0x6000, 0x8000, 0),
	UNMAPPED(0, 0x100000, 0x8000, 0, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* the left edge cuts the first: not even the second goes */
	MAPPED(RW, BASE + 0x4000, 0x104000, 0x4000, 0, 32),
	UNMAPPED(0, 0x102000, 0x6000, 0, 32),
	UNMAPPED(0, 0x100000, 0x8000, 0x8000, 0),
	UNMAPPED(0, 0x100000, 0x1000, 0, 0), /* nothing mapped */
	UNMAPPED(0, 0x100000, 0x100000, 0, 0),
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0, 0),
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16), /* all */
	MAPPED(RW, BASE, 0x200000, 0x4000, 0, 32),
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0x8000, 0),
	UNMAPPED(0, 0x100000, 0x4000, 0, 0),
};

START_TEST(version_1_unmaps_whole_mappings_whose_start_it_finds)
{
	open_with(KERNEL_DEFAULT, VFIO_TYPE1_IOMMU);
	RUN(unmap_v1);
}
END_TEST

/* ---- case args, version 2 ---- */

/* WRAP: EINVAL, and since 6.18 EOVERFLOW. */
#define ARGS(WRAP) \
	{ MAP, 31, RW, BASE, 0x100000, 0x1000, EINVAL, 0, 0 }, { MAP, 40, RW, BASE, 0x100000, 0x1000, 0, 0, 4 }, \
		UNMAPPED(0, 0x100000, 0x1000, 0x1000, 0), MAPPED(0, BASE, 0x100000, 0x1000, EINVAL, 0), \
		MAPPED(R, BASE, 0x100000, 0x1000, 0, 4), MAPPED(W, BASE, 0x101000, 0x1000, 0, 8), \
		MAPPED(8, BASE, 0x102000, 0x1000, EINVAL, 8), MAPPED(RW | 8, BASE, 0x102000, 0x1000, EINVAL, 8), \
		MAPPED(RW | 0x80000000, BASE, 0x102000, 0x1000, EINVAL, 8), MAPPED(RW, BASE, 0x103000, 0, EINVAL, 8), \
		MAPPED(RW, BASE, 0x103000, 0x800, EINVAL, 8), MAPPED(RW, BASE + 0x800, 0x103000, 0x1000, EINVAL, 8), \
		MAPPED(RW, BASE, 0x103800, 0x1000, EINVAL, 8), MAPPED(RW, BASE, 0x103001, 0x1000, EINVAL, 8), \
		MAPPED(RW, BASE, 0x103000, 0x1800, EINVAL, 8), MAPPED(RW, BASE, TOP, 0x1000, EINVAL, 8), \
		MAPPED(RW, BASE, TOP, 0x2000, WRAP, 8), MAPPED(RW, TOP, 0x103000, 0x2000, WRAP, 8), \
		MAPPED(RW, TOP, 0x103000, 0x1000, EFAULT, 8), MAPPED(RW, BASE, 0x103000, TOP, WRAP, 8), \
		MAPPED(RW, BASE, 0, 0x1000, 0, 12), MAPPED(RW, BASE, 0xfee00000, 0x1000, EINVAL, 12), \
		MAPPED(RW, BASE, 0xfedff000, 0x2000, EINVAL, 12), MAPPED(RW, BASE, 0xfedff000, 0x1000, 0, 16), \
		MAPPED(RW, BASE, 0xfef00000, 0x1000, 0, 20), \
		MAPPED(RW, BASE, (UINT64_C(1) << 39) - 0x1000, 0x1000, 0, 24), \
		MAPPED(RW, BASE, UINT64_C(1) << 39, 0x1000, 0, 28), \
		MAPPED(RW, BASE, (UINT64_C(1) << 39) - 0x1000, 0x2000, EEXIST, 28), \
		MAPPED(RW, BASE, (UINT64_C(1) << 48) - 0x1000, 0x1000, 0, 32), \
		MAPPED(RW, BASE, UINT64_C(1) << 48, 0x1000, EINVAL, 32), \
		MAPPED(RW, BASE, UINT64_C(1) << 57, 0x1000, EINVAL, 32), \
		{ UNMAP, 23, 0, 0, 0x100000, 0x1000, EINVAL, 0x1000, 32 }, \
		REFUSED(0x10, 0x100000, 0x1000, EINVAL, 32), REFUSED(0, 0x100000, 0, EINVAL, 32), \
		REFUSED(0, 0x100800, 0x1000, EINVAL, 32), REFUSED(0, 0x100000, 0x800, EINVAL, 32), \
		REFUSED(0, 0x100000, 0x1800, EINVAL, 32), REFUSED(0, TOP, 0x2000, WRAP, 32), \
		UNMAPPED(0, 0x500000, 0x1000, 0, 32), REFUSED(TYPE1_UNMAP_ALL, 0, 0x1000, EINVAL, 32), \
		REFUSED(TYPE1_UNMAP_ALL, 0x1000, 0, EINVAL, 32), REFUSED(0, 0, UINT64_MAX, EINVAL, 32), \
		UNMAPPED(0, 0, TOP, 0x8000, 0), UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0, 0)

static const struct step args_einval[] = { ARGS(EINVAL) };
static const struct step args_eoverflow[] = { ARGS(EOVERFLOW) };

START_TEST(arguments_are_checked_in_the_kernels_order)
{
	open_with(KERNEL_DEFAULT, _i == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU);
	RUN(args_einval);
}
END_TEST

START_TEST(newer_kernels_call_a_wrap_an_overflow)
{
	open_with((struct kernel){ 7, 3 }, _i == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU);
	RUN(args_eoverflow);
}
END_TEST

/* The wrap is told before flags and alignment; without bytes there is none. */
static const struct step overflow_first[] = {
	MAPPED(0, BASE, TOP, 0x2000, EOVERFLOW, 0), MAPPED(RW, BASE, TOP, 0x1800, EOVERFLOW, 0),
	MAPPED(RW, BASE, TOP, 0, EINVAL, 0),        { MAP, 31, RW, BASE, TOP, 0x2000, EINVAL, 0, 0 },
	MAPPED(8, BASE, TOP, 0x2000, EINVAL, 0),    REFUSED(0, TOP, 0x1800, EINVAL, 0),
	REFUSED(0, TOP + 0x800, 0x2000, EINVAL, 0),
};

START_TEST(an_overflow_is_told_before_flags_and_alignment_of_a_map)
{
	open_with((struct kernel){ 6, 18 }, VFIO_TYPE1v2_IOMMU);
	RUN(overflow_first);
}
END_TEST

static const struct step to_the_top_before[] = {
	MAPPED(RW, BASE, 0x100000, 0x1000, 0, 4),
	UNMAPPED(0, 0x1000, UINT64_MAX - 0xfff, 0, 4), /* iova + size is 0 */
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0x1000, 0),
};
static const struct step to_the_top_since[] = {
	MAPPED(RW, BASE, 0x100000, 0x1000, 0, 4),
	UNMAPPED(0, 0x1000, UINT64_MAX - 0xfff, 0x1000, 0),
};

START_TEST(an_unmap_to_the_last_address_finds_nothing_before_6_18)
{
	open_with((struct kernel){ 6, 17 }, VFIO_TYPE1v2_IOMMU);
	RUN(to_the_top_before);
	fixture_fini(&fixture);
	open_with((struct kernel){ 6, 18 }, VFIO_TYPE1v2_IOMMU);
	RUN(to_the_top_since);
}
END_TEST

/* ---- limits ---- */

static const struct step with_capability[] = {
	MAPPED(RW, BASE, 0x100000, 0x4000, 0, 16),
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0x4000, 0),
};

START_TEST(with_CAP_IPC_LOCK_a_limit_of_nothing_limits_nothing)
{
	open_with(KERNEL_DEFAULT, _i == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU);
	fixture.process.account.limit_pages = ACCOUNT_UNLIMITED;
	RUN(with_capability);
}
END_TEST

static const struct step without_capability[] = {
	MAPPED(RW, BASE, 0x100000, 0x1000, ENOMEM, 0),
};

START_TEST(without_it_a_limit_of_nothing_allows_nothing)
{
	open_with(KERNEL_DEFAULT, _i == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU);
	fixture.process.account.limit_pages = 0;
	RUN(without_capability);
}
END_TEST

static const struct step bar[] = {
	MAPPED(RW, BAR, 0x100000, 0x4000, 0, 0),
	UNMAPPED(0, 0x100000, 0x4000, 0x4000, 0),
};

START_TEST(a_BAR_counts_for_no_limit)
{
	open_with(KERNEL_DEFAULT, _i == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU);
	RUN(bar);
	fixture.process.account.limit_pages = 0;
	RUN(bar);
	ck_assert_uint_eq(fixture.pins.pins, 0);
}
END_TEST

/* Case zero: memory never written, for reading, for writing too, and for reading one page more. */
static const struct step zero_since_6_2[] = {
	MAPPED(R, UNTOUCHED, 0x100000, 0x4000, 0, 16),
	MAPPED(RW, UNTOUCHED + 0x4000, 0x200000, 0x4000, 0, 32),
	MAPPED(R, UNTOUCHED + 0x8000, 0x300000, 0x1000, 0, 36),
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0x9000, 0),
};
static const struct step zero_before_6_2[] = {
	MAPPED(R, UNTOUCHED, 0x100000, 0x4000, 0, 0),
	MAPPED(RW, UNTOUCHED + 0x4000, 0x200000, 0x4000, 0, 16),
	MAPPED(R, UNTOUCHED + 0x8000, 0x300000, 0x1000, 0, 16),
	UNMAPPED(TYPE1_UNMAP_ALL, 0, 0, 0x9000, 0),
};

START_TEST(the_zero_page_is_accounted_since_6_2)
{
	open_with((struct kernel){ 6, 1 }, VFIO_TYPE1v2_IOMMU);
	RUN(zero_before_6_2);
	fixture_fini(&fixture);
	open_with((struct kernel){ 6, 2 }, VFIO_TYPE1v2_IOMMU);
	RUN(zero_since_6_2);
}
END_TEST

/* ---- dirty pages ---- */

static int dirty_call(uint32_t argsz, uint32_t flags)
{
	uint64_t word[2] = { 0 };
	struct type1_dirty_call call = {
		.argsz = argsz, .flags = flags, .iova = 0x100000, .size = 0x4000, .bitmap = { 0x1000, 8, word }
	};

	return vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_DIRTY_PAGES, &call, &fixture.work);
}

START_TEST(version_1_has_no_dirty_pages)
{
	open_with(KERNEL_DEFAULT, VFIO_TYPE1_IOMMU);
	ck_assert_int_eq(fixture_map(&fixture, RW, BASE, 0x100000, 0x4000), 0);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_START), EACCES);
	ck_assert_int_eq(dirty_call(48, TYPE1_DIRTY_GET), EACCES);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_STOP), EACCES);
	ck_assert_int_eq(dirty_call(7, 0), EACCES);
}
END_TEST

START_TEST(dirty_pages_are_asked_with_one_flag_and_enough_room)
{
	open_with(KERNEL_DEFAULT, VFIO_TYPE1v2_IOMMU);
	ck_assert_int_eq(fixture_map(&fixture, RW, BASE, 0x100000, 0x4000), 0);
	for (uint32_t flags = 0; flags < 16; flags++)
		if (flags != 1 && flags != 2 && flags != 4)
			ck_assert_int_eq(dirty_call(48, flags), EINVAL);
	ck_assert_int_eq(dirty_call(7, TYPE1_DIRTY_START), EINVAL);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_STOP), 0);
	ck_assert_int_eq(dirty_call(48, TYPE1_DIRTY_GET), EINVAL);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_START), 0);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_START), 0);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_GET), EINVAL);
	ck_assert_int_eq(dirty_call(47, TYPE1_DIRTY_GET), EINVAL);
	ck_assert_int_eq(dirty_call(48, TYPE1_DIRTY_GET), 0);
}
END_TEST

START_TEST(an_unmap_asks_for_dirty_pages_of_a_range_only)
{
	uint64_t word[1];
	struct type1_unmap_call call = { .argsz = 48, .iova = 0, .size = 0x1000, .bitmap = { 0x1000, 8, word } };

	open_with(KERNEL_DEFAULT, VFIO_TYPE1v2_IOMMU);
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_START), 0);
	for (uint32_t other = 0; other < 8; other += 2) {
		call.flags = TYPE1_UNMAP_DIRTY | other;
		ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call,
					   &fixture.work),
				 other ? EINVAL : 0);
		call.size = 0x1000;
	}
	call.flags = TYPE1_UNMAP_DIRTY;
	call.argsz = 47;
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work),
			 EINVAL);
}
END_TEST

/* ---- extensions, types, information ---- */

START_TEST(extensions_by_version)
{
	static const struct {
		struct kernel kernel;
		int v2, nesting, unmap_all, vaddr_before, vaddr;
	} expected[] = {
		{ { 3, 14 }, 0, 1, 0, 0, 0 }, { { 4, 9 }, 1, 1, 0, 0, 0 },  { { 5, 15 }, 1, 1, 1, 1, 1 },
		{ { 6, 1 }, 1, 1, 1, 0, 1 },  { { 6, 12 }, 1, 1, 1, 0, 1 }, { { 6, 13 }, 1, 0, 1, 0, 1 },
	};

	fixture_init(&fixture, expected[_i].kernel);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_UPDATE_VADDR), expected[_i].vaddr_before);
	ck_assert(fixture_open(&fixture, VFIO_TYPE1_IOMMU));
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_TYPE1_IOMMU), 1);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_TYPE1v2_IOMMU), expected[_i].v2);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_TYPE1_NESTING_IOMMU), expected[_i].nesting);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_UNMAP_ALL), expected[_i].unmap_all);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_UPDATE_VADDR), expected[_i].vaddr);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_SPAPR_TCE_IOMMU), 0);
	ck_assert_int_eq(vfio_check_extension(&fixture.container, VFIO_DMA_CC_IOMMU), 0);
}
END_TEST

START_TEST(a_type_for_nesting_is_refused_by_an_IOMMU_that_cannot_and_unknown_since_6_13)
{
	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert_int_eq(vfio_group_set_container(&fixture.group[0], &fixture.container, &fixture.work), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1_NESTING_IOMMU, &fixture.work), EINVAL);
	fixture.iommu[0].nesting = true;
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1_NESTING_IOMMU, &fixture.work), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, BASE, 0x100000, 0x4000), 0);
	uint64_t size = 0x1000;

	ck_assert_int_eq(fixture_unmap(&fixture, 0, 0x100000, &size), EINVAL); /* as version 2 */
	vfio_group_unset_container(&fixture.group[0], &fixture.work);
	fixture.host.kernel = (struct kernel){ 6, 13 };
	ck_assert_int_eq(vfio_group_set_container(&fixture.group[0], &fixture.container, &fixture.work), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1_NESTING_IOMMU, &fixture.work), ENODEV);
}
END_TEST

START_TEST(information_tells_what_room_it_takes)
{
	struct type1_info_call info = { .argsz = 15 };

	open_with(KERNEL_DEFAULT, VFIO_TYPE1v2_IOMMU);
	ck_assert_int_eq(fixture_map(&fixture, RW, BASE, 0x100000, 0x4000), 0);
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_GET_INFO, &info, &fixture.work),
			 EINVAL);
	info.argsz = 24;
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_GET_INFO, &info, &fixture.work), 0);
	ck_assert(!info.capabilities);
	ck_assert_uint_eq(info.flags, TYPE1_INFO_PGSIZES | TYPE1_INFO_CAPS);
	ck_assert_uint_eq(info.argsz, 24 + 32 + 16 + 16 + 2 * 16); /* header, migration, dma_avail, two ranges */
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_GET_INFO, &info, &fixture.work), 0);
	ck_assert(info.capabilities);
	ck_assert_uint_eq(info.page_sizes, 0x40201000);
	ck_assert_uint_eq(info.migration_page_sizes, 0x1000);
	ck_assert_uint_eq(info.migration_bitmap_max, 0x10000000);
	ck_assert_uint_eq(info.dma_avail, 65534);
	ck_assert_uint_eq(info.window_count, 2);
	ck_assert_uint_eq(info.window[0].last, 0xfedfffff);
	ck_assert_uint_eq(info.window[1].first, 0xfef00000);
	ck_assert_uint_eq(info.window[1].last, UINT64_C(0xffffffffffff));
}
END_TEST

START_TEST(calls_that_it_does_not_know_are_ENOTTY)
{
	open_with(KERNEL_DEFAULT, VFIO_TYPE1v2_IOMMU);
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_ENABLE, NULL, &fixture.work),
			 ENOTTY);
	fixture.host.kernel = (struct kernel){ 5, 7 };
	fixture_type1(&fixture)->kernel = fixture.host.kernel;
	ck_assert_int_eq(dirty_call(8, TYPE1_DIRTY_START), ENOTTY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vfio_type1");
	TCase *test = tcase_create("vfio_type1");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(test, NULL, teardown);
	tcase_add_test(test, version_1_unmaps_whole_mappings_whose_start_it_finds);
	tcase_add_loop_test(test, arguments_are_checked_in_the_kernels_order, 0, 2);
	tcase_add_loop_test(test, newer_kernels_call_a_wrap_an_overflow, 0, 2);
	tcase_add_test(test, an_overflow_is_told_before_flags_and_alignment_of_a_map);
	tcase_add_test(test, an_unmap_to_the_last_address_finds_nothing_before_6_18);
	tcase_add_loop_test(test, with_CAP_IPC_LOCK_a_limit_of_nothing_limits_nothing, 0, 2);
	tcase_add_loop_test(test, without_it_a_limit_of_nothing_allows_nothing, 0, 2);
	tcase_add_loop_test(test, a_BAR_counts_for_no_limit, 0, 2);
	tcase_add_test(test, the_zero_page_is_accounted_since_6_2);
	tcase_add_test(test, version_1_has_no_dirty_pages);
	tcase_add_test(test, dirty_pages_are_asked_with_one_flag_and_enough_room);
	tcase_add_test(test, an_unmap_asks_for_dirty_pages_of_a_range_only);
	tcase_add_loop_test(test, extensions_by_version, 0, 6);
	tcase_add_test(test, a_type_for_nesting_is_refused_by_an_IOMMU_that_cannot_and_unknown_since_6_13);
	tcase_add_test(test, information_tells_what_room_it_takes);
	tcase_add_test(test, calls_that_it_does_not_know_are_ENOTTY);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
