/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HWPTs: page tables that follow an IOAS, guests' first stages nested on them, dirty tracking, and what iommufd says of
 * the hardware.
 *
 * Sources: [LINUX] drivers/iommu/iommufd/hw_pagetable.c, io_pagetable.c, iova_bitmap.c, device.c; recorded answers.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_HWPT_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_HWPT_H

#include "models/software/iommufd_device.h"

struct iommufd_hwpt {
	struct iommufd_object object; /* first; a user for each device attached and each first stage on it */
	struct iommufd_ioas *ioas;
	struct iommufd_table table;
	bool is_automatic; /* made for a device that was attached to the IOAS; it goes with the last of them */
	bool is_parent;    /* first stages may be nested on it */
};

struct iommufd_hwpt_nested {
	struct iommufd_object object; /* first */
	struct iommufd_hwpt *parent;
	struct iommufd_data data;
};

/* A page table for device, filled with what ioas has; with attach the device is attached to it first. */
int iommufd_hwpt_create(struct iommufd *iommufd, struct iommufd_ioas *ioas, struct iommufd_device *device,
			uint32_t flags, const struct iommufd_data *data, bool attach, struct iommufd_hwpt **hwpt,
			struct host_work *work);

/* IOMMU_HWPT_ALLOC on the object of number pt.  data of type IOMMUFD_DATA_NONE and 0 bytes: none. */
int iommufd_hwpt_alloc(struct iommufd *iommufd, uint32_t flags, uint32_t device, uint32_t pt,
		       const struct iommufd_data *data, uint32_t *id, struct host_work *work);

/*
 * IOMMU_HWPT_INVALIDATE of *count requests to a nested HWPT: checked in order, up to the first bad one; *count of them
 * were accepted.
 */
int iommufd_hwpt_invalidate(const struct iommufd *iommufd, uint32_t id, const struct iommufd_data *request,
			    uint32_t *count);

/* What iommufd_remove does to them; storage goes too. */
void iommufd_hwpt_destroy(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work);
void iommufd_hwpt_nested_destroy(struct iommufd *iommufd, struct iommufd_object *object);

/* IOMMU_HWPT_SET_DIRTY_TRACKING, IOMMU_HWPT_GET_DIRTY_BITMAP */
#define IOMMUFD_DIRTY_ENABLE   0x1u
#define IOMMUFD_DIRTY_NO_CLEAR 0x1u

int iommufd_hwpt_set_dirty_tracking(const struct iommufd *iommufd, uint32_t id, uint32_t flags);

struct iommufd_dirty_query {
	iova_t iova;
	uint64_t bytes, page_bytes; /* a bit stands for the lowest set bit of page_bytes */
	uint64_t *bitmap;           /* [words], bit 0 for iova; bits are set, none is cleared */
	size_t words;
};

int iommufd_hwpt_get_dirty(const struct iommufd *iommufd, uint32_t id, uint32_t flags,
			   const struct iommufd_dirty_query *query);

/* IOMMU_GET_HW_INFO: ENOENT. */
int iommufd_get_hw_info(const struct iommufd *iommufd, uint32_t device, struct iommufd_hw_info *info);

#endif
