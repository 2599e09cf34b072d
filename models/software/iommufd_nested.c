/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_nested.h"

#include <errno.h>

#include "models/base/bits.h"
#include "models/iommu/vtd/layout_tables.h"

bool vtd_s1_from_pasid_entry(const uint64_t entry[8], struct vtd_s1 *s1)
{
	if (!FIELD_GET(VTD_PASID0_P, entry[0]) || FIELD_GET(VTD_PASID0_PGTT, entry[0]) != VTD_PGTT_FIRST_STAGE)
		return false;
	*s1 = (struct vtd_s1){
		.supervisor_request = FIELD_GET(VTD_PASID2_SRE, entry[2]),
		.extended_accessed = FIELD_GET(VTD_PASID2_EAFE, entry[2]),
		.write_protect = FIELD_GET(VTD_PASID2_WPE, entry[2]),
		.root = entry[2] & VTD_PASID2_FSPTPTR,
		.levels = 4 + (unsigned)FIELD_GET(VTD_PASID2_FSPM, entry[2]),
	};
	return true;
}

int nested_hwpt_init(struct nested_hwpt *hwpt, struct ioas *parent, const struct vtd_s1 *s1, bool five_level,
		     struct host_work *work)
{
	work->ioctls++;
	if (s1->levels != 4 && !(s1->levels == 5 && five_level))
		return EINVAL;
	*hwpt = (struct nested_hwpt){ .parent = parent, .s1 = *s1 };
	return 0;
}

int nested_hwpt_invalidate(const struct vtd_s1_invalidation *request, unsigned count, unsigned *accepted,
			   struct host_work *work)
{
	work->ioctls++;
	for (*accepted = 0; *accepted < count; (*accepted)++) {
		const struct vtd_s1_invalidation *one = &request[*accepted];

		if (one->addr & (PAGE_BYTES - 1) || (one->npages == UINT64_MAX && one->addr))
			return EINVAL;
	}
	return 0;
}
