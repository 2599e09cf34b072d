/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/models/software/type1_fixture.h"
#include "tests/suite.h"

#define RW         3u
#define PERMISSION ((unsigned)(PT_READ | PT_WRITE))
#define WORDS      64u

static struct fixture fixture;
static uint64_t word[WORDS];

static void give_up(void *argument, iova_t iova, uint64_t bytes)
{
	(void)argument;
	type1_unpin_pages(fixture_type1(&fixture), iova, (unsigned)(bytes / PAGE_BYTES), &fixture.work);
}

static struct type1_listener listener = { .unmapped = give_up };

static void setup(void)
{
	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert(fixture_open(&fixture, VFIO_TYPE1v2_IOMMU));
	type1_listen(fixture_type1(&fixture), &listener);
}

/* With a mediated device and no IOMMU behind which devices write untold. */
static void setup_mediated(void)
{
	fixture_init(&fixture, KERNEL_DEFAULT);
	ck_assert_int_eq(vfio_group_set_container(&fixture.mediated, &fixture.container, &fixture.work), 0);
	ck_assert_int_eq(vfio_set_iommu(&fixture.container, VFIO_TYPE1v2_IOMMU, &fixture.work), 0);
	type1_listen(fixture_type1(&fixture), &listener);
}

static void teardown(void)
{
	uint64_t size = 0;

	fixture_unmap(&fixture, TYPE1_UNMAP_ALL, 0, &size);
	fixture_fini(&fixture);
}

static int get(iova_t iova, uint64_t bytes, uint64_t page_bytes, uint64_t size_bytes)
{
	const struct type1_bitmap bitmap = { page_bytes, size_bytes, word };

	memset(word, 0, sizeof(word));
	return type1_dirty_get(fixture_type1(&fixture), iova, bytes, &bitmap);
}

/* GET_BITMAP of a range of at most 64 pages, which must succeed. */
static uint64_t dirty(iova_t iova, uint64_t bytes)
{
	ck_assert_int_eq(get(iova, bytes, 0x1000, 8), 0);
	return word[0];
}

static void map(iova_t iova, uint64_t bytes)
{
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, iova, bytes), 0);
}

static void pin(struct vfio_group *group, iova_t iova, unsigned count)
{
	phys_t phys[8];
	int error;

	type1_pin_pages(fixture_type1(&fixture), group, iova, count, PERMISSION, phys, &error, &fixture.work);
	ck_assert_int_eq(error, 0);
}

START_TEST(all_pages_are_dirty_while_a_groups_devices_do_not_tell)
{
	map(0x100000, 0x4000);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	map(0x104000, 0x2000);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	ck_assert_uint_eq(dirty(0x100000, 0x6000), 0x3f);
	ck_assert_uint_eq(dirty(0xf0000, 0x40000), 0x3f0000);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf); /* an earlier answer from a lower address leaves no trace */
}
END_TEST

START_TEST(a_bitmap_is_refused_for_its_size_its_page_or_a_range_that_cuts)
{
	map(0x100000, 0x4000);
	ck_assert_int_eq(get(0x100000, 0x4000, 0x1000, 8), EINVAL); /* not tracking */
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	ck_assert_int_eq(get(0x100000, 0x4000, 0x2000, 8), EINVAL);
	ck_assert_int_eq(get(0x100000, 0x4000, 0x1000, 7), EINVAL);
	ck_assert_int_eq(get(0x100000, 0x41000, 0x1000, 8), EINVAL); /* 65 pages */
	ck_assert_int_eq(get(0x100000, 0x41000, 0x1000, 16), 0);
	ck_assert_int_eq(get(0x100000, 0x4000, 0x1000, TYPE1_BITMAP_MAX + 1), EINVAL);
	ck_assert_int_eq(get(0x100000, 0, 0x1000, 8), EINVAL);
	ck_assert_int_eq(get(0x100800, 0x4000, 0x1000, 8), EINVAL);
	ck_assert_int_eq(get(0x100000, 0x4800, 0x1000, 8), EINVAL);
	ck_assert_int_eq(get(0x100000, 0x2000, 0x1000, 8), EINVAL);
	ck_assert_int_eq(get(0x102000, 0x2000, 0x1000, 8), EINVAL);
	ck_assert_int_eq(get(UINT64_MAX - 0xfff, 0x1000, 0x1000, 8), EINVAL); /* iova + size is 0 */
	ck_assert_int_eq(get(UINT64_MAX - 0xfff, 0x2000, 0x1000, 8), EINVAL);
	ck_assert_int_eq(type1_dirty_get(fixture_type1(&fixture), 0x100000, 0x4000,
					 &(const struct type1_bitmap){ 0x1000, 8, NULL }),
			 EFAULT);
	fixture_type1(&fixture)->kernel = (struct kernel){ 6, 18 };
	ck_assert_int_eq(get(UINT64_MAX - 0xfff, 0x1000, 0x1000, 8), 0);
	ck_assert_int_eq(get(UINT64_MAX - 0xfff, 0x2000, 0x2000, 4), EOVERFLOW);
	ck_assert_int_eq(get(UINT64_MAX - 0xfff, 0, 0x2000, 4), EINVAL);
}
END_TEST

START_TEST(an_unmap_tells_what_was_dirty)
{
	struct type1_unmap_call call = {
		.argsz = 48, .flags = TYPE1_UNMAP_DIRTY, .iova = 0xff000, .size = 0x8000, .bitmap = { 0x1000, 8, word }
	};

	map(0x100000, 0x4000);
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work),
			 EINVAL); /* not tracking */
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	memset(word, 0, sizeof(word));
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work),
			 0);
	ck_assert_uint_eq(word[0], 0x1e);
	ck_assert_uint_eq(call.size, 0x4000);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 0);
	map(0x100000, 0x4000);
	call.size = 0x8000;
	call.bitmap.page_bytes = 0x2000;
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work),
			 EINVAL);
	call.bitmap = (struct type1_bitmap){ 0x1000, 8, NULL };
	ck_assert_int_eq(vfio_call(&fixture.container, &fixture.process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work),
			 EFAULT);
	ck_assert_uint_eq(fixture_locked_kib(&fixture), 16);
}
END_TEST

START_TEST(a_mapping_with_more_pages_than_a_bitmap_may_have_cannot_be_tracked)
{
	struct type1 *type1;
	uint64_t bytes = (TYPE1_DIRTY_PAGES_MAX + 1) * PAGE_BYTES;

	setup_mediated(); /* nothing is pinned */
	type1 = fixture_type1(&fixture);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0, bytes), 0);
	ck_assert_int_eq(type1_dirty_start(type1), EINVAL);
	ck_assert(!type1->dirty_tracking);
	ck_assert_int_eq(fixture_unmap(&fixture, 0, 0, &bytes), 0);
	ck_assert_int_eq(type1_dirty_start(type1), 0);
	ck_assert_int_eq(fixture_map(&fixture, RW, RAM_VADDR, 0, bytes), EINVAL);
	ck_assert_uint_eq(type1->container.mappings.count, 0);
	ck_assert_uint_eq(type1->entries_left, 65535);
}
END_TEST

START_TEST(with_mediated_devices_alone_what_they_pin_and_the_host_writes_is_dirty)
{
	struct type1 *type1;
	int error;

	setup_mediated();
	type1 = fixture_type1(&fixture);
	map(0x100000, 0x8000);
	pin(&fixture.mediated, 0x101000, 2);
	ck_assert_int_eq(type1_dirty_start(type1), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x8000), 0x06);
	pin(&fixture.mediated, 0x104000, 1);
	type1_access(type1, 0x105ff8, 0x10, true, &error);
	ck_assert_int_eq(error, 0);
	type1_access(type1, 0x107000, 8, false, &error);
	ck_assert_uint_eq(dirty(0x100000, 0x8000), 0x76);
	ck_assert_uint_eq(dirty(0x100000, 0x8000), 0x16); /* what is pinned may be written any time */
	type1_unpin_pages(type1, 0x101000, 1, &fixture.work);
	ck_assert_uint_eq(dirty(0x100000, 0x8000), 0x16);
	ck_assert_uint_eq(dirty(0x100000, 0x8000), 0x14);
}
END_TEST

START_TEST(a_mapping_at_the_last_address_is_tracked_like_any)
{
	struct type1 *type1;
	uint64_t size = 0x2000;
	int error;

	setup_mediated();
	type1 = fixture_type1(&fixture);
	type1->kernel = (struct kernel){ 6, 18 };
	map(0x100000, 0x1000);
	map(UINT64_MAX - 0x1fff, 0x2000);
	ck_assert_int_eq(type1_dirty_start(type1), 0);
	type1_access(type1, UINT64_MAX - 0xfff, 0x1000, true, &error);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(dirty(UINT64_MAX - 0x1fff, 0x2000), 2);
	pin(&fixture.mediated, UINT64_MAX - 0x1fff, 2);
	ck_assert_uint_eq(dirty(UINT64_MAX - 0x1fff, 0x2000), 3);
	type1_dirty_stop(type1);
	ck_assert_int_eq(fixture_unmap(&fixture, 0, UINT64_MAX - 0x1fff, &size), 0);
	ck_assert_uint_eq(size, 0x2000);
	ck_assert_uint_eq(type1->container.host_pages.count, 0);
}
END_TEST

START_TEST(a_group_that_pins_tells_from_then_on)
{
	map(0x100000, 0x4000);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	pin(&fixture.group[0], 0x102000, 1);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0x4);
	pin(&fixture.group[0], 0x103000, 1);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xc);
}
END_TEST

START_TEST(when_a_group_that_told_nothing_leaves_everything_is_dirty_once)
{
	map(0x100000, 0x4000);
	pin(&fixture.group[0], 0x102000, 1);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0x4);
	ck_assert_int_eq(vfio_group_set_container(&fixture.group[1], &fixture.container, &fixture.work), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	ck_assert_int_eq(vfio_group_unset_container(&fixture.group[1], &fixture.work), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0xf);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0x4);
}
END_TEST

START_TEST(stopping_forgets)
{
	int error;

	setup_mediated();
	map(0x100000, 0x4000);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	type1_access(fixture_type1(&fixture), 0x100000, 8, true, &error);
	type1_dirty_stop(fixture_type1(&fixture));
	type1_access(fixture_type1(&fixture), 0x101000, 8, true, &error);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	ck_assert_uint_eq(dirty(0x100000, 0x4000), 0);
}
END_TEST

/* ---- the brute-force twin: a flag per page ---- */

#define PAGES 1024u

static bool is_mapped[PAGES], is_first[PAGES], is_dirty[PAGES];

/* Maps what is free, in mappings of up to 200 pages. */
static void map_some(struct random *random)
{
	for (unsigned page = 0; page < PAGES;) {
		unsigned count = 1 + (unsigned)random_below(random, 200);

		if (count > PAGES - page)
			count = PAGES - page;
		if (random_below(random, 3) && !is_mapped[page]) {
			for (unsigned i = page; i < page + count; i++) {
				if (is_mapped[i])
					count = i - page;
				else
					is_mapped[i] = true;
			}
			is_first[page] = true;
			map((iova_t)page * PAGE_BYTES, count * PAGE_BYTES);
		}
		page += count;
	}
}

/* A range of pages that cuts no mapping. */
static void take_range(struct random *random, unsigned *first, unsigned *end)
{
	do
		*first = (unsigned)random_below(random, PAGES);
	while (is_mapped[*first] && !is_first[*first]);
	do
		*end = *first + 1 + (unsigned)random_below(random, PAGES - *first);
	while (*end < PAGES && is_mapped[*end] && !is_first[*end]);
}

START_TEST(random_writes_are_read_as_a_flag_per_page_says)
{
	struct random random;
	uint64_t seed = 500 + (uint64_t)_i;
	int error;

	setup_mediated();
	memset(is_mapped, 0, sizeof(is_mapped));
	memset(is_first, 0, sizeof(is_first));
	memset(is_dirty, 0, sizeof(is_dirty));
	random_init(&random, seed);
	ck_assert_int_eq(type1_dirty_start(fixture_type1(&fixture)), 0);
	map_some(&random);
	for (unsigned step = 0; step < 300; step++) {
		for (unsigned i = 0; i < 40; i++) {
			unsigned page = (unsigned)random_below(&random, PAGES);

			type1_access(fixture_type1(&fixture), (iova_t)page * PAGE_BYTES + 8, 8, true, &error);
			ck_assert_int_eq(error, is_mapped[page] ? 0 : EINVAL);
			is_dirty[page] = is_dirty[page] || is_mapped[page];
		}
		unsigned first, end;

		take_range(&random, &first, &end);
		ck_assert_int_eq(get((iova_t)first * PAGE_BYTES, (end - first) * PAGE_BYTES, 0x1000, sizeof(word)), 0);
		for (unsigned page = first; page < end; page++) {
			unsigned bit = page - first;

			ck_assert_msg((word[bit / 64] >> bit % 64 & 1) == is_dirty[page], "seed %lu step %u page %u",
				      seed, step, page);
			is_dirty[page] = false;
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("type1_dirty");
	TCase *test = tcase_create("behind an IOMMU"), *mediated = tcase_create("mediated");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, all_pages_are_dirty_while_a_groups_devices_do_not_tell);
	tcase_add_test(test, a_bitmap_is_refused_for_its_size_its_page_or_a_range_that_cuts);
	tcase_add_test(test, an_unmap_tells_what_was_dirty);
	tcase_add_test(test, a_group_that_pins_tells_from_then_on);
	tcase_add_test(test, when_a_group_that_told_nothing_leaves_everything_is_dirty_once);
	suite_add_tcase(suite, test);
	tcase_set_timeout(mediated, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(mediated, NULL, teardown);
	tcase_add_test(mediated, a_mapping_with_more_pages_than_a_bitmap_may_have_cannot_be_tracked);
	tcase_add_test(mediated, with_mediated_devices_alone_what_they_pin_and_the_host_writes_is_dirty);
	tcase_add_test(mediated, stopping_forgets);
	tcase_add_test(mediated, a_mapping_at_the_last_address_is_tracked_like_any);
	tcase_add_loop_test(mediated, random_writes_are_read_as_a_flag_per_page_says, 0, 4);
	suite_add_tcase(suite, mediated);
	return suite_main(suite);
}
