/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_vtd.h"

#include <stdlib.h>

#include "models/base/bits.h"
#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/pagetable/vtd_second_stage.h"

#define HW_INFO_TYPE_INTEL_VTD  1u
#define HW_INFO_ERRATA_772415   1u /* the kernel sets it on every unit */
#define VTD_S1_BYTES            24u
#define VTD_S1_INVALIDATE_BYTES 24u
#define VTD_S1_SRE              UINT64_C(1) /* supervisor requests */
#define VTD_S1_EAFE             UINT64_C(2) /* extended accessed flag */
#define VTD_S1_INVALIDATE_LEAF  1u

static const struct iommufd_vtd *vtd_of(const struct iommufd_unit *unit)
{
	return (const struct iommufd_vtd *)unit; /* its first member */
}

static bool nests(const struct iommufd_unit *unit)
{
	return vtd_of(unit)->scalable && FIELD_GET(VTD_ECAP_NEST, vtd_of(unit)->extended_capability);
}

static int check_paging(const struct iommufd_unit *unit, uint32_t flags, const struct iommufd_data *data)
{
	uint32_t known = IOMMUFD_HWPT_NEST_PARENT | IOMMUFD_HWPT_DIRTY_TRACKING;

	if (kernel_hwpt_has_pasid(&unit->kernel))
		known |= IOMMUFD_HWPT_PASID;
	if (flags & ~known || data)
		return EOPNOTSUPP;
	if ((flags & IOMMUFD_HWPT_NEST_PARENT && !nests(unit)) || flags & IOMMUFD_HWPT_DIRTY_TRACKING)
		return EOPNOTSUPP;
	return 0;
}

/* struct iommu_hwpt_vtd_s1: flags, table, address width.  What they are is looked at when a device comes. */
static int check_nested(const struct iommufd_unit *unit, const struct iommufd_data *data)
{
	if (!nests(unit) || data->type != IOMMUFD_DATA_VTD_S1)
		return EOPNOTSUPP;
	return iommufd_data_check(data, IOMMUFD_DATA_VTD_S1, VTD_S1_BYTES);
}

/* [LINUX] intel_pasid_setup_nested() */
static int check_nested_attach(const struct iommufd_unit *unit, const struct iommufd_data *data)
{
	const struct iommufd_vtd *vtd = vtd_of(unit);
	uint32_t width = (uint32_t)data->word[2];
	bool five_level = FIELD_GET(VTD_CAP_FS5LP, vtd->capability);

	if (data->word[0] & VTD_S1_SRE && !FIELD_GET(VTD_ECAP_SRS, vtd->extended_capability))
		return EINVAL;
	if (data->word[0] & VTD_S1_EAFE && !FIELD_GET(VTD_ECAP_EAFS, vtd->extended_capability))
		return EINVAL;
	return width == 48 || (width == 57 && five_level) ? 0 : EINVAL;
}

/* struct iommu_hwpt_vtd_s1_invalidate: address, pages, flags.  [LINUX] intel_nested_cache_invalidate_user() */
static int check_invalidation(const struct iommufd_unit *unit, const struct iommufd_data *request)
{
	(void)unit;
	if (iommufd_data_check(request, IOMMUFD_DATA_VTD_S1, VTD_S1_INVALIDATE_BYTES))
		return EINVAL;
	if ((uint32_t)request->word[2] & ~VTD_S1_INVALIDATE_LEAF)
		return EOPNOTSUPP;
	return request->word[0] & (PAGE_BYTES - 1) || (request->word[1] == UINT64_MAX && request->word[0]) ? EINVAL : 0;
}

static struct pt_rules rules_of(const struct iommufd_vtd *vtd)
{
	uint64_t capability = vtd->capability;
	unsigned levels = FIELD_GET(VTD_CAP_SAGAW_48, capability) ? 4 : 3;

	return (struct pt_rules){ .levels = levels,
				  .input_width_lg2 = 12 + 9 * levels,
				  .output_width_lg2 = 52,
				  .size_2m = FIELD_GET(VTD_CAP_SSLPS_2M, capability),
				  .size_1g = FIELD_GET(VTD_CAP_SSLPS_1G, capability) };
}

static void table_init(struct iommufd_unit *unit, uint32_t flags, struct iommufd_table *table)
{
	const struct iommufd_vtd *vtd = vtd_of(unit);
	struct page_table *pages = heap_zeroed(1, sizeof(*pages));
	struct pt_rules rules = rules_of(vtd);
	unsigned width = (unsigned)FIELD_GET(VTD_CAP_MGAW, vtd->capability) + 1;

	(void)flags;
	if (width > rules.input_width_lg2)
		width = rules.input_width_lg2;
	REQUIRE(page_table_init(pages, &vtd_second_stage, &rules, vtd->view, vtd->frames) == MAP_OK);
	*table = (struct iommufd_table){
		.unit = unit,
		.domain = { .table = host_table_of(pages),
			    .page_sizes = PAGE_BYTES | (rules.size_2m ? UINT64_C(1) << 21 : 0) |
					  (rules.size_1g ? UINT64_C(1) << 30 : 0),
			    .iova_last = (UINT64_C(1) << width) - 1,
			    .needs_permission = true },
		.state = pages,
	};
}

static void table_fini(struct iommufd_table *table)
{
	page_table_fini(table->state);
	free(table->state);
}

static void hw_info(const struct iommufd_unit *unit, struct iommufd_hw_info *info)
{
	const struct iommufd_vtd *vtd = vtd_of(unit);
	bool tells = kernel_vtd_tells_erratum(&unit->kernel);

	*info = (struct iommufd_hw_info){ .type = HW_INFO_TYPE_INTEL_VTD,
					  .bytes = 24,
					  .word = { tells ? HW_INFO_ERRATA_772415 : 0, vtd->capability,
						    vtd->extended_capability } };
}

static const struct iommufd_driver vtd_driver = {
	.has_nesting = true,
	.check_paging = check_paging,
	.table_init = table_init,
	.table_fini = table_fini,
	.check_nested = check_nested,
	.check_nested_attach = check_nested_attach,
	.check_invalidation = check_invalidation,
	.hw_info = hw_info,
};

void iommufd_vtd_init(struct iommufd_vtd *vtd, struct kernel kernel, uint64_t capability, uint64_t extended_capability,
		      bool scalable, struct memory_view view, struct frames *frames)
{
	*vtd = (struct iommufd_vtd){ .unit = { .driver = &vtd_driver, .kernel = kernel },
				     .capability = capability,
				     .extended_capability = extended_capability,
				     .scalable = scalable,
				     .view = view,
				     .frames = frames };
}
