/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_mock.h"

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0 UINT64_C(0x2000000)

static struct iommufd_unit unit;
static struct iommufd_table table;
static struct map_work work;
static uint64_t count;

static void begin(struct kernel kernel, uint32_t flags)
{
	iommufd_mock_init(&unit, kernel);
	unit.driver->table_init(&unit, flags, &table);
}

static void setup(void)
{
	begin(KERNEL_6_12, IOMMUFD_HWPT_DIRTY_TRACKING);
}

static void teardown(void)
{
	table.domain.table.unmap(table.domain.table.argument, 0, UINT64_C(1) << 32, &work);
	unit.driver->table_fini(&table);
}

static void map(iova_t iova, uint64_t bytes)
{
	const struct host_table *into = &table.domain.table;

	ck_assert_int_eq(into->map(into->argument, iova, RAM_BASE, bytes, PT_READ, &work), MAP_OK);
}

static int mark(iova_t iova, uint64_t bytes, uint64_t page, uint64_t bits)
{
	return iommufd_mock_mark_dirty(&table, iova, bytes, page, &bits, &count);
}

static void see(void *argument, iova_t iova, uint64_t bytes)
{
	uint64_t *seen = argument;

	ck_assert_uint_eq(bytes, MOCK_PAGE_BYTES);
	*seen |= UINT64_C(1) << ((iova - I0) / MOCK_PAGE_BYTES);
}

static uint64_t dirty(iova_t iova, uint64_t bytes, bool keep)
{
	uint64_t seen = 0;

	ck_assert_int_eq(unit.driver->read_dirty(&table, iova, bytes, keep, see, &seen), 0);
	return seen;
}

START_TEST(its_pages_are_2_kib_and_with_a_page_table_any_power_of_two)
{
	struct iommufd_table later;
	struct iommufd_unit other;

	ck_assert_uint_eq(table.domain.page_sizes, 0x800);
	ck_assert(!table.domain.needs_permission);
	ck_assert_uint_eq(table.domain.iova_first, 0x1000000);
	ck_assert_uint_eq(table.domain.iova_last, 0x7fffffff);
	iommufd_mock_init(&other, KERNEL_7_3);
	other.driver->table_init(&other, 0, &later);
	ck_assert_uint_eq(later.domain.page_sizes, 0x1ffffff800);
	ck_assert(later.domain.needs_permission);
	ck_assert(!later.tracks_dirty);
	other.driver->table_fini(&later);
}
END_TEST

START_TEST(only_what_is_mapped_becomes_dirty_and_only_while_tracking)
{
	map(I0, 0x2000);
	ck_assert_int_eq(mark(I0, 0x4000, 0x800, 0xff), EINVAL);
	unit.driver->set_tracking(&table, true);
	ck_assert_int_eq(mark(I0, 0, 0x800, 0xff), EINVAL);
	ck_assert_int_eq(mark(I0, 0x4000, 0, 0xff), EINVAL);
	ck_assert_int_eq(mark(I0 + 0x400, 0x4000, 0x800, 0xff), EINVAL);
	ck_assert_int_eq(mark(I0, 0x4000, 0x800, 0xf5), 0);
	ck_assert_uint_eq(count, 2); /* the upper four are not mapped */
	ck_assert_int_eq(mark(I0, 0x4000, 0x800, 0x5), 0);
	ck_assert_uint_eq(count, 2); /* again counted, dirty as before */
	ck_assert_uint_eq(dirty(I0, 0x2000, true), 0x5);
	ck_assert_uint_eq(dirty(I0 + 0x800, 0x1000, false), 0x4);
	ck_assert_uint_eq(dirty(I0, 0x2000, false), 0x1);
	ck_assert_uint_eq(dirty(I0, 0x2000, false), 0);
	unit.kernel = KERNEL_6_6;
	ck_assert_int_eq(mark(I0, 0x4000, 0x800, 1), EOPNOTSUPP);
}
END_TEST

START_TEST(an_unmap_forgets_what_was_dirty_and_leaves_the_rest_mapped)
{
	const struct host_table *from = &table.domain.table;

	unit.driver->set_tracking(&table, true);
	map(I0, 0x3000);
	ck_assert_int_eq(mark(I0, 0x3000, 0x800, 0x3f), 0);
	from->unmap(from->argument, I0 + 0x1000, 0x1000, &work);
	ck_assert_uint_eq(dirty(I0, 0x3000, true), 0x33);
	ck_assert_int_eq(mark(I0, 0x3000, 0x800, 0x3f), 0);
	ck_assert_uint_eq(count, 4);
	map(I0 + 0x1000, 0x1000);
	ck_assert_uint_eq(dirty(I0, 0x3000, true), 0x33);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iommufd_mock");
	TCase *test = tcase_create("mock");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, its_pages_are_2_kib_and_with_a_page_table_any_power_of_two);
	tcase_add_test(test, only_what_is_mapped_becomes_dirty_and_only_while_tracking);
	tcase_add_test(test, an_unmap_forgets_what_was_dirty_and_leaves_the_rest_mapped);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
