/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_mock.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"

#define HW_INFO_TYPE_SELFTEST   0xfeedbeefu
#define HW_INFO_SELFTEST_REGVAL UINT64_C(0xdeadbeef)
#define IOTLB_ID_MAX            3u /* of a nested domain */

struct mock_table {
	struct ranges mapped;
	struct ranges dirty; /* each one I/O page */
	bool tracking;
};

/* ---- the table ---- */

/* Takes [first, last] out of a set, cutting members. */
static void take_out(struct ranges *ranges, iova_t first, iova_t last)
{
	for (struct range *found; (found = ranges_find(ranges, first, last));) {
		struct range whole = *found, rest;

		ranges_remove(ranges, whole.first);
		rest = (struct range){ .first = whole.first, .last = first - 1 };
		if (whole.first < first)
			ranges_insert(ranges, &rest);
		rest = (struct range){ .first = last + 1, .last = whole.last };
		if (whole.last > last)
			ranges_insert(ranges, &rest);
	}
}

static enum map_status mock_map(void *argument, iova_t iova, phys_t output, uint64_t bytes, unsigned permissions,
				struct map_work *work)
{
	struct mock_table *mock = argument;
	struct range range = { .first = iova, .last = iova + bytes - 1 };

	(void)output;
	(void)permissions;
	REQUIRE(bytes && ((iova | bytes) & (MOCK_PAGE_BYTES - 1)) == 0);
	ranges_insert(&mock->mapped, &range);
	work->bytes += bytes;
	return MAP_OK;
}

static void mock_unmap(void *argument, iova_t iova, uint64_t bytes, struct map_work *work)
{
	struct mock_table *mock = argument;

	take_out(&mock->mapped, iova, iova + bytes - 1);
	take_out(&mock->dirty, iova, iova + bytes - 1);
	work->bytes += bytes;
}

static void table_init(struct iommufd_unit *unit, uint32_t flags, struct iommufd_table *table)
{
	struct mock_table *mock = heap_zeroed(1, sizeof(*mock));
	bool has_page_table = kernel_mock_has_page_table(&unit->kernel);

	ranges_init(&mock->mapped);
	ranges_init(&mock->dirty);
	*table = (struct iommufd_table){
		.unit = unit,
		.domain = { .table = { .argument = mock, .map = mock_map, .unmap = mock_unmap },
			    /* AMD's format maps every power of two. */
			    .page_sizes = has_page_table ? UINT64_C(0x1ffffff800) : MOCK_PAGE_BYTES,
			    .iova_first = MOCK_IOVA_FIRST,
			    .iova_last = MOCK_IOVA_LAST,
			    .needs_permission = has_page_table },
		.tracks_dirty = flags & IOMMUFD_HWPT_DIRTY_TRACKING,
		.state = mock,
	};
}

static void table_fini(struct iommufd_table *table)
{
	struct mock_table *mock = table->state;

	REQUIRE(!mock->mapped.count);
	ranges_fini(&mock->mapped);
	ranges_fini(&mock->dirty);
	free(mock);
}

/* ---- dirty pages ---- */

static void set_tracking(struct iommufd_table *table, bool enable)
{
	struct mock_table *mock = table->state;

	mock->tracking = enable;
}

static int read_dirty(struct iommufd_table *table, iova_t iova, uint64_t bytes, bool keep,
		      void (*record)(void *argument, iova_t iova, uint64_t bytes), void *argument)
{
	struct mock_table *mock = table->state;
	iova_t last = iova + bytes - 1;

	if (!mock->tracking && record)
		return EINVAL;
	for (struct range *page; iova <= last && (page = ranges_find(&mock->dirty, iova, last));) {
		iova_t first = page->first;

		if (record)
			record(argument, first, MOCK_PAGE_BYTES);
		if (!keep)
			ranges_remove(&mock->dirty, first);
		iova = first + MOCK_PAGE_BYTES;
	}
	return 0;
}

int iommufd_mock_mark_dirty(struct iommufd_table *table, iova_t iova, uint64_t bytes, uint64_t page_bytes,
			    const uint64_t *bits, uint64_t *count)
{
	struct mock_table *mock = table->state;

	*count = 0;
	if (!kernel_has_dirty_tracking(&table->unit->kernel))
		return EOPNOTSUPP;
	if (!page_bytes || !bytes || iova % page_bytes || bytes % page_bytes)
		return EINVAL;
	if (!mock->tracking)
		return EINVAL;
	for (uint64_t i = 0; i < bytes / page_bytes; i++) {
		/* The kernel looks up its page number iova / page_bytes, whatever its own pages are. */
		iova_t page = (iova / page_bytes + i) * MOCK_PAGE_BYTES;
		struct range range = { .first = page, .last = page + MOCK_PAGE_BYTES - 1 };

		if (!(bits[i / 64] >> (i % 64) & 1) || !ranges_find(&mock->mapped, range.first, range.last))
			continue;
		(*count)++;
		if (!ranges_find(&mock->dirty, range.first, range.last))
			ranges_insert(&mock->dirty, &range);
	}
	return 0;
}

/* ---- what may be allocated ---- */

static int check_paging(const struct iommufd_unit *unit, uint32_t flags, const struct iommufd_data *data)
{
	uint32_t known = IOMMUFD_HWPT_NEST_PARENT | IOMMUFD_HWPT_DIRTY_TRACKING;

	if (kernel_hwpt_has_pasid(&unit->kernel))
		known |= IOMMUFD_HWPT_PASID;
	if (flags & ~known)
		return EOPNOTSUPP;
	if (!data)
		return 0;
	/* Which format the page table has; there is a choice only since it has one. */
	return kernel_mock_has_page_table(&unit->kernel) ? iommufd_data_check(data, IOMMUFD_DATA_SELFTEST, 4)
							 : EOPNOTSUPP;
}

static int check_nested(const struct iommufd_unit *unit, const struct iommufd_data *data)
{
	(void)unit;
	if (data->type != IOMMUFD_DATA_SELFTEST)
		return EOPNOTSUPP;
	return iommufd_data_check(data, IOMMUFD_DATA_SELFTEST, 4);
}

/* struct iommu_hwpt_invalidate_selftest: flags, then the number of an IOTLB entry. */
static int check_invalidation(const struct iommufd_unit *unit, const struct iommufd_data *request)
{
	(void)unit;
	if (iommufd_data_check(request, IOMMUFD_DATA_SELFTEST, 8))
		return EINVAL;
	if ((uint32_t)request->word[0] & ~1u) /* all entries */
		return EOPNOTSUPP;
	return request->word[0] >> 32 > IOTLB_ID_MAX ? EINVAL : 0;
}

static void hw_info(const struct iommufd_unit *unit, struct iommufd_hw_info *info)
{
	(void)unit;
	/* flags, then the register. */
	*info = (struct iommufd_hw_info){ .type = HW_INFO_TYPE_SELFTEST,
					  .bytes = 8,
					  .word = { HW_INFO_SELFTEST_REGVAL << 32 } };
}

static const struct iommufd_driver mock_driver = {
	.has_nesting = true,
	.check_paging = check_paging,
	.table_init = table_init,
	.table_fini = table_fini,
	.check_nested = check_nested,
	.check_invalidation = check_invalidation,
	.set_tracking = set_tracking,
	.read_dirty = read_dirty,
	.hw_info = hw_info,
};

void iommufd_mock_init(struct iommufd_unit *unit, struct kernel kernel)
{
	*unit = (struct iommufd_unit){ .driver = &mock_driver, .kernel = kernel, .tracks_dirty = true };
}
