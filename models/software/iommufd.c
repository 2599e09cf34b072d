/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd.h"

#include <errno.h>

#include "models/base/bits.h"
#include "models/iommu/vtd/layout_tables.h"

void ioas_init(struct ioas *ioas, const struct container_config *config, iova_t iova_last)
{
	*ioas = (struct ioas){ .iova_last = iova_last };
	container_init(&ioas->container, config);
}

void ioas_fini(struct ioas *ioas)
{
	container_fini(&ioas->container);
}

int ioas_map(struct ioas *ioas, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
	     struct host_work *work)
{
	iova_t last = iova + bytes - 1;

	work->ioctls++;
	if (!permissions || permissions & ~(unsigned)(PT_READ | PT_WRITE))
		return EINVAL;
	if (!bytes)
		return EINVAL;
	/* The end of the memory may not be 2^64; the last IOVA may be 2^64 - 1. */
	if (bytes == UINT64_MAX || vaddr + bytes < vaddr || last < iova)
		return EOVERFLOW;
	if ((iova | vaddr | bytes) & (PAGE_BYTES - 1))
		return EINVAL;
	if (!container_in_aperture(iova, last, ioas->iova_last))
		return EINVAL;
	work->container_finds++;
	if (ranges_find(&ioas->container.mappings, iova, last))
		return EEXIST;
	return container_map(&ioas->container, iova, vaddr, bytes, permissions, work);
}

static bool is_everything(const struct unmap_call *call)
{
	return call->next == 0 && call->last == UINT64_MAX;
}

int ioas_unmap_begin(struct ioas *ioas, struct unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work)
{
	iova_t last = iova + bytes - 1;

	(void)ioas;
	work->ioctls++;
	if (iova == 0 && bytes == UINT64_MAX)
		last = UINT64_MAX;
	else if (!bytes)
		return EINVAL;
	else if (bytes == UINT64_MAX || last < iova)
		return EOVERFLOW;
	work->container_finds++;
	container_unmap_begin(call, iova, last, true);
	return 0;
}

bool ioas_unmap_step(struct ioas *ioas, struct unmap_call *call, struct host_work *work)
{
	bool more = container_unmap_step(&ioas->container, call, work);

	if (!more && !call->error && !call->bytes && !is_everything(call))
		call->error = ENOENT;
	return more;
}

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
