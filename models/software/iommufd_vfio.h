/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO's container ioctls on an iommufd: they act on one IOAS, which is set with IOMMU_VFIO_IOAS.  Type 1 can be cut:
 * it has no large pages, and an unmap really splits a mapping.  Version 2 takes whole mappings only, as iommufd does.
 *
 * SIMPLIFIED: no-IOMMU mode does not exist.
 *
 * Source: [LINUX] drivers/iommu/iommufd/vfio_compat.c; recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_VFIO_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_VFIO_H

#include "models/software/iommufd.h"

/* IOMMU_VFIO_IOAS: get and set *id, or clear.  ENODEV: none is set. */
#define IOMMUFD_VFIO_IOAS_GET   0u
#define IOMMUFD_VFIO_IOAS_SET   1u
#define IOMMUFD_VFIO_IOAS_CLEAR 2u
int iommufd_vfio_ioas(struct iommufd *iommufd, uint16_t operation, uint32_t *id);

/* VFIO_CHECK_EXTENSION: *has is what it returns.  ENODEV: coherency was asked for, and no IOAS is set. */
int iommufd_vfio_check_extension(const struct iommufd *iommufd, uint64_t extension, bool *has);

/* VFIO_SET_IOMMU: EINVAL for another type than 1 and 3 (version 2), ENODEV. */
int iommufd_vfio_set_iommu(struct iommufd *iommufd, uint64_t type);

/* VFIO_IOMMU_GET_INFO: page sizes, and how many bytes its structure has with all capabilities. */
struct iommufd_vfio_info {
	uint32_t flags;
	uint64_t page_sizes;
	uint32_t bytes;
};
int iommufd_vfio_get_info(const struct iommufd *iommufd, struct iommufd_vfio_info *info);

#define VFIO_MAP_READ       0x1u
#define VFIO_MAP_WRITE      0x2u
#define VFIO_UNMAP_FLAG_ALL 0x2u

int iommufd_vfio_map(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t flags, uint64_t vaddr,
		     iova_t iova, uint64_t bytes, struct host_work *work);

/* *bytes: how many; how many were unmapped, also when it answers ENOENT.  Nothing there is no error. */
int iommufd_vfio_unmap(struct iommufd *iommufd, uint32_t flags, iova_t iova, uint64_t *bytes, struct host_work *work);

#endif
