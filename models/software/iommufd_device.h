/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of an iommufd: bound to it by their driver, attached to an IOAS (which finds or makes a page table for
 * them), a HWPT, or a first stage nested on one.
 *
 * Sources: [LINUX] drivers/iommu/iommufd/device.c, selftest.c (mock devices), drivers/vfio/device_cdev.c, iommufd.c.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_DEVICE_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_DEVICE_H

#include "models/software/iommufd.h"

struct iommufd_device {
	struct iommufd_object object;     /* first; a user for its driver, and one while attached */
	struct iommufd_unit *unit;        /* in front of it */
	const struct iova_span *reserved; /* [reserved_count] that it, or its unit, keeps for itself; not owned */
	size_t reserved_count;
	struct iommufd_object *pt; /* the HWPT or nested HWPT it is attached to; NULL */
};

struct iommufd_device *iommufd_device_bind(struct iommufd *iommufd, struct iommufd_unit *unit,
					   const struct iova_span *reserved, size_t reserved_count);
/* Its driver lets go of it: detached, its number is free. */
void iommufd_device_unbind(struct iommufd *iommufd, struct iommufd_device *device, struct host_work *work);

/*
 * To the object of number *pt; *pt becomes the HWPT's number.  ENOENT; EINVAL for an object that is no page table, or
 * when the device is attached to another; EADDRINUSE when what it reserves is mapped or allowed; errors of
 * ioas_attach.
 */
int iommufd_device_attach(struct iommufd *iommufd, struct iommufd_device *device, uint32_t *pt, struct host_work *work);
/* The same for a device that is attached, without a moment in between; when not 0 it stays where it was. */
int iommufd_device_replace(struct iommufd *iommufd, struct iommufd_device *device, uint32_t *pt,
			   struct host_work *work);
void iommufd_device_detach(struct iommufd *iommufd, struct iommufd_device *device, struct host_work *work);

/* The bare attachment to an object, for iommufd_hwpt_create: no user of the device is counted, nothing is destroyed. */
int iommufd_device_attach_now(struct iommufd_device *device, struct iommufd_object *pt);
void iommufd_device_detach_now(struct iommufd_device *device);

/* ---- VFIO's character device of a device ---- */

struct vfio_cdev {
	struct iommufd_unit *unit;
	const struct iova_span *reserved;
	size_t reserved_count;
	struct iommufd *iommufd; /* bound to; NULL */
	struct iommufd_device *device;
};

/* VFIO_DEVICE_BIND_IOMMUFD: EINVAL when bound. */
int vfio_cdev_bind(struct vfio_cdev *cdev, struct iommufd *iommufd, uint32_t *id);
/* Any other ioctl but these needs a bound device: EINVAL. */
int vfio_cdev_use(const struct vfio_cdev *cdev);
/* VFIO_DEVICE_ATTACH_IOMMUFD_PT: also moves an attached device. */
int vfio_cdev_attach(struct vfio_cdev *cdev, uint32_t *pt, struct host_work *work);
/* VFIO_DEVICE_DETACH_IOMMUFD_PT: also of one that is not attached. */
int vfio_cdev_detach(struct vfio_cdev *cdev, struct host_work *work);

/* ---- the mock's devices ---- */

/* IOMMU_TEST_OP_MOCK_DOMAIN: a new device, bound and attached; *pt as iommufd_device_attach. */
int iommufd_mock_device(struct iommufd *iommufd, struct iommufd_unit *unit, uint32_t *pt, uint32_t *mock_id,
			uint32_t *device_id, struct host_work *work);

/* IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE: ENOENT when there is no such mock device; else as iommufd_device_replace. */
int iommufd_mock_device_replace(struct iommufd *iommufd, uint32_t mock_id, uint32_t *pt, struct host_work *work);

/* What IOMMU_DESTROY does to a mock device's object; its storage goes too. */
void iommufd_mock_device_destroy(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work);

#endif
