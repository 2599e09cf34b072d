/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_vfio.h"

#include "models/pagetable/format.h"

#define VFIO_TYPE1        1u
#define VFIO_TYPE1V2      3u
#define VFIO_DMA_CC       4u
#define VFIO_UNMAP_ALL    9u
#define VFIO_INFO_PGSIZES 0x1u
#define VFIO_INFO_CAPS    0x2u

/* Bytes of struct vfio_iommu_type1_info and its capabilities. */
#define VFIO_INFO_BYTES       24u
#define VFIO_CAP_AVAIL_BYTES  12u
#define VFIO_CAP_IOVA_BYTES   16u
#define VFIO_IOVA_RANGE_BYTES 16u

int iommufd_vfio_ioas(struct iommufd *iommufd, uint16_t operation, uint32_t *id)
{
	struct iommufd_ioas *ioas;

	switch (operation) {
	case IOMMUFD_VFIO_IOAS_GET:
		if (!iommufd->vfio_ioas)
			return ENODEV;
		*id = iommufd->vfio_ioas->object.id;
		return 0;
	case IOMMUFD_VFIO_IOAS_SET:
		ioas = iommufd_find_ioas(iommufd, *id);
		if (!ioas)
			return ENOENT;
		iommufd->vfio_ioas = ioas;
		return 0;
	case IOMMUFD_VFIO_IOAS_CLEAR:
		iommufd->vfio_ioas = NULL;
		return 0;
	default:
		return EOPNOTSUPP;
	}
}

int iommufd_vfio_check_extension(const struct iommufd *iommufd, uint64_t extension, bool *has)
{
	*has = extension == VFIO_TYPE1 || extension == VFIO_TYPE1V2 || extension == VFIO_UNMAP_ALL;
	if (extension != VFIO_DMA_CC)
		return 0;
	if (!iommufd->vfio_ioas)
		return ENODEV;
	/* No driver here enforces coherency against the device's word (snoop control), so one table denies it. */
	*has = !iommufd->vfio_ioas->ioas.domain_count;
	return 0;
}

int iommufd_vfio_set_iommu(struct iommufd *iommufd, uint64_t type)
{
	if (type != VFIO_TYPE1 && type != VFIO_TYPE1V2)
		return EINVAL;
	if (!iommufd->vfio_ioas)
		return ENODEV;
	return type == VFIO_TYPE1 ? ioas_disable_large_pages(&iommufd->vfio_ioas->ioas) : 0;
}

int iommufd_vfio_get_info(const struct iommufd *iommufd, struct iommufd_vfio_info *info)
{
	if (!iommufd->vfio_ioas)
		return ENODEV;
	const struct ioas *ioas = &iommufd->vfio_ioas->ioas;
	bool aligns = kernel_vfio_aligns_capabilities(&iommufd->kernel);
	uint64_t sizes = UINT64_MAX;

	for (size_t i = 0; i < ioas->domain_count; i++)
		sizes &= ioas->domain[i]->page_sizes;
	if (sizes & (PAGE_BYTES - 1))
		sizes = (sizes & ~(PAGE_BYTES - 1)) | PAGE_BYTES;
	if (sizes < ioas->alignment)
		sizes = ioas->alignment;
	info->flags = VFIO_INFO_PGSIZES | VFIO_INFO_CAPS;
	info->page_sizes = sizes;
	info->bytes = VFIO_INFO_BYTES + VFIO_CAP_AVAIL_BYTES + (aligns ? 4 : 0) + VFIO_CAP_IOVA_BYTES +
		      VFIO_IOVA_RANGE_BYTES * (uint32_t)ioas_ranges(ioas, NULL, 0);
	return 0;
}

int iommufd_vfio_map(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t flags, uint64_t vaddr,
		     iova_t iova, uint64_t bytes, struct host_work *work)
{
	struct iommufd_source source = iommufd_source_of(iommufd, caller);
	struct ioas_place place = { .iova = iova, .bytes = bytes, .fixed = true };
	unsigned permissions = (flags & VFIO_MAP_READ ? PT_READ : 0) | (flags & VFIO_MAP_WRITE ? PT_WRITE : 0);

	work->ioctls++;
	if (flags & ~(VFIO_MAP_READ | VFIO_MAP_WRITE))
		return EINVAL;
	if (!iommufd->vfio_ioas)
		return ENODEV;
	return ioas_map(&iommufd->vfio_ioas->ioas, &source, NULL, vaddr, permissions, &place, work);
}

/* Makes cuts where the range begins and ends, in the kernel's order. */
static int cut_range(struct ioas *ioas, iova_t iova, uint64_t bytes)
{
	int error = ioas_cut(ioas, iova + bytes - 1);

	return error || !iova ? error : ioas_cut(ioas, iova - 1);
}

int iommufd_vfio_unmap(struct iommufd *iommufd, uint32_t flags, iova_t iova, uint64_t *bytes, struct host_work *work)
{
	struct ioas_unmap_call call;
	int error = 0;

	work->ioctls++;
	if (flags & ~VFIO_UNMAP_FLAG_ALL)
		return EINVAL;
	if (!iommufd->vfio_ioas)
		return ENODEV;
	struct ioas *ioas = &iommufd->vfio_ioas->ioas;

	if (flags & VFIO_UNMAP_FLAG_ALL) {
		if (iova || *bytes)
			return EINVAL;
		ioas_unmap_all_begin(&call, work);
	} else {
		if (ioas->no_large_pages)
			error = cut_range(ioas, iova, *bytes);
		if (error)
			return error;
		error = ioas_unmap_begin(&call, iova, *bytes, work);
	}
	if (!error)
		error = ioas_unmap_finish(ioas, &call, work);
	*bytes = call.bytes;
	return error;
}
