/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_vtd.h"

#include "models/iommu/vtd/layout_registers.h"
#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

static struct host host;
static struct iommufd_vtd vtd;

static void begin(uint64_t capability, uint64_t extended_capability, bool scalable)
{
	iommufd_vtd_init(&vtd, KERNEL_6_12, capability, extended_capability, scalable, host.table.view, &host.frames);
}

static void setup(void)
{
	host_init(&host, 0x1000000, 12, 0);
	begin(RECORDED_CAPABILITY, RECORDED_EXTENDED_CAPABILITY, false);
}

static void teardown(void)
{
	host_fini(&host);
}

static int paging(uint32_t flags)
{
	return vtd.unit.driver->check_paging(&vtd.unit, flags, NULL);
}

static int nested(uint32_t type, uint32_t bytes, uint64_t flags, uint64_t width)
{
	const struct iommufd_data data = { type, bytes, { flags, 0x1000, width } };

	return vtd.unit.driver->check_nested(&vtd.unit, &data);
}

START_TEST(page_sizes_and_aperture_come_from_the_capability_register)
{
	struct iommufd_table table;

	vtd.unit.driver->table_init(&vtd.unit, 0, &table);
	ck_assert_uint_eq(table.domain.page_sizes, 0x40201000);
	ck_assert_uint_eq(table.domain.iova_last, 0xffffffffffff);
	ck_assert(table.domain.needs_permission);
	ck_assert(!table.tracks_dirty);
	vtd.unit.driver->table_fini(&table);
	/* SAGAW: three levels only; no 1 GiB pages */
	begin((RECORDED_CAPABILITY & ~(VTD_CAP_SAGAW_48 | VTD_CAP_SSLPS_1G)) | VTD_CAP_SAGAW_39,
	      RECORDED_EXTENDED_CAPABILITY, false);
	vtd.unit.driver->table_init(&vtd.unit, 0, &table);
	ck_assert_uint_eq(table.domain.page_sizes, 0x201000);
	ck_assert_uint_eq(table.domain.iova_last, 0x7fffffffff);
	vtd.unit.driver->table_fini(&table);
}
END_TEST

START_TEST(what_is_mapped_is_in_a_second_stage_table)
{
	struct iommufd_table table;
	struct host_work work = { 0 };
	struct ioas ioas;
	struct iommufd_source source = host_source(&host, ACCOUNT_NONE);

	ioas_init(&ioas);
	vtd.unit.driver->table_init(&vtd.unit, 0, &table);
	ck_assert_int_eq(ioas_attach(&ioas, &table.domain, &work), 0);
	ck_assert_int_eq(map_at(&ioas, &source, 0x12345000, RAM_VADDR + 0x3000, 0x1000, PT_WRITE, &work), 0);

	const struct page_table *pages = table.state;
	struct walk walk;

	walk_begin(&walk, pages->format, &pages->rules, pages->root, 0x12345678, 0);
	while (walk_wants_read(&walk))
		walk_feed(&walk, memory_read64(host.memory, walk.want_address));
	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.output, RAM_BASE + 0x3678);
	ck_assert_uint_eq(walk.leaf.permissions & RW, PT_WRITE);
	ioas_detach(&ioas, &table.domain, &work);
	vtd.unit.driver->table_fini(&table);
	ioas_fini(&ioas);
}
END_TEST

START_TEST(nesting_needs_scalable_mode_and_the_capability)
{
	ck_assert_int_eq(paging(0), 0);
	ck_assert_int_eq(paging(IOMMUFD_HWPT_NEST_PARENT), EOPNOTSUPP);
	ck_assert_int_eq(nested(IOMMUFD_DATA_VTD_S1, 24, 0, 48), EOPNOTSUPP);
	begin(RECORDED_CAPABILITY, RECORDED_EXTENDED_CAPABILITY | VTD_ECAP_NEST | VTD_ECAP_SMTS, false);
	ck_assert_int_eq(paging(IOMMUFD_HWPT_NEST_PARENT), EOPNOTSUPP);
	begin(RECORDED_CAPABILITY, RECORDED_EXTENDED_CAPABILITY | VTD_ECAP_NEST | VTD_ECAP_SMTS, true);
	ck_assert_int_eq(paging(IOMMUFD_HWPT_NEST_PARENT), 0);
	ck_assert_int_eq(paging(IOMMUFD_HWPT_DIRTY_TRACKING), EOPNOTSUPP);
	ck_assert_int_eq(paging(IOMMUFD_HWPT_PASID), EOPNOTSUPP);
	vtd.unit.kernel = KERNEL_6_18;
	ck_assert_int_eq(paging(IOMMUFD_HWPT_PASID), 0);
}
END_TEST

START_TEST(a_first_stage_is_its_whole_structure_and_no_other)
{
	begin(RECORDED_CAPABILITY, VTD_ECAP_NEST | VTD_ECAP_SMTS, true);
	ck_assert_int_eq(nested(IOMMUFD_DATA_VTD_S1, 24, 7, 48), 0);
	ck_assert_int_eq(nested(IOMMUFD_DATA_VTD_S1, 23, 7, 48), EINVAL);
	ck_assert_int_eq(nested(IOMMUFD_DATA_SELFTEST, 24, 7, 48), EOPNOTSUPP);
}
END_TEST

START_TEST(a_device_takes_a_first_stage_that_its_unit_walks)
{
	struct iommufd_host all;
	struct iommufd_data none = { 0 };
	const struct {
		uint64_t flags, width, capability, extended_capability;
		int error;
	} stages[] = {
		{ 0, 48, 0, 0, 0 },      { 0, 39, 0, 0, EINVAL },
		{ 0, 57, 0, 0, EINVAL }, { 0, 57, VTD_CAP_FS5LP, 0, 0 },
		{ 1, 48, 0, 0, EINVAL }, { 1, 48, 0, VTD_ECAP_SRS, 0 },
		{ 2, 48, 0, 0, EINVAL }, { 2, 48, 0, VTD_ECAP_EAFS, 0 },
		{ 4, 48, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		const struct iommufd_data data = { IOMMUFD_DATA_VTD_S1,
						   24,
						   { stages[i].flags, 0x1000, stages[i].width } };
		uint32_t parent, stage;

		iommufd_host_init(&all, KERNEL_6_12);
		all.vtd.scalable = true;
		all.vtd.capability |= stages[i].capability;
		all.vtd.extended_capability |= VTD_ECAP_NEST | VTD_ECAP_SMTS | stages[i].extended_capability;
		struct iommufd_device *device = iommufd_device_bind(&all.iommufd, &all.vtd.unit, &interrupt_window, 1);

		ck_assert_int_eq(iommufd_hwpt_alloc(&all.iommufd, IOMMUFD_HWPT_NEST_PARENT, device->object.id, all.ioas,
						    &none, &parent, &all.host.work),
				 0);
		ck_assert_int_eq(iommufd_hwpt_alloc(&all.iommufd, 0, device->object.id, parent, &data, &stage,
						    &all.host.work),
				 0);
		ck_assert_int_eq(iommufd_device_attach(&all.iommufd, device, &stage, &all.host.work), stages[i].error);
		ck_assert_uint_eq(iommufd_find_ioas(&all.iommufd, all.ioas)->ioas.reserved_count,
				  1u + !stages[i].error); /* the aperture's end, and the device's window */
		iommufd_host_fini(&all);
	}
}
END_TEST

/* [LINUX] intel_nested_cache_invalidate_user() */
START_TEST(an_invalidation_is_of_whole_pages_or_of_everything_from_0)
{
	const struct {
		uint64_t addr, pages, flags;
		uint32_t bytes;
		int error;
	} requests[] = {
		{ 0x1000, 1, 1, 24, 0 },      { 0, UINT64_MAX, 0, 24, 0 },
		{ 0x1800, 1, 0, 24, EINVAL }, { 0x1000, UINT64_MAX, 0, 24, EINVAL },
		{ 0, 1, 2, 24, EOPNOTSUPP },  { 0, 1, UINT64_C(1) << 32, 24, 0 },
		{ 0, 1, 0, 16, EINVAL },
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct iommufd_data request = { IOMMUFD_DATA_VTD_S1,
						      requests[i].bytes,
						      { requests[i].addr, requests[i].pages, requests[i].flags } };

		ck_assert_int_eq(vtd.unit.driver->check_invalidation(&vtd.unit, &request), requests[i].error);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iommufd_vtd");
	TCase *test = tcase_create("vtd");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, page_sizes_and_aperture_come_from_the_capability_register);
	tcase_add_test(test, what_is_mapped_is_in_a_second_stage_table);
	tcase_add_test(test, nesting_needs_scalable_mode_and_the_capability);
	tcase_add_test(test, a_first_stage_is_its_whole_structure_and_no_other);
	tcase_add_test(test, a_device_takes_a_first_stage_that_its_unit_walks);
	tcase_add_test(test, an_invalidation_is_of_whole_pages_or_of_everything_from_0);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
