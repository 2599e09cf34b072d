/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_device.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/iommufd_hwpt.h"

struct iommufd_device *iommufd_device_bind(struct iommufd *iommufd, struct iommufd_unit *unit,
					   const struct iova_span *reserved, size_t reserved_count)
{
	struct iommufd_device *device = heap_zeroed(1, sizeof(*device));

	iommufd_add(iommufd, &device->object, IOMMUFD_DEVICE);
	device->object.users++;
	device->unit = unit;
	device->reserved = reserved;
	device->reserved_count = reserved_count;
	return device;
}

void iommufd_device_unbind(struct iommufd *iommufd, struct iommufd_device *device, struct host_work *work)
{
	if (device->pt)
		iommufd_device_detach(iommufd, device, work);
	device->object.users--;
	iommufd_remove(iommufd, &device->object, work);
}

/* ---- attach ---- */

/* The HWPT whose IOAS a page table's devices use. */
static struct iommufd_hwpt *paging_of(struct iommufd_object *pt)
{
	return pt->kind == IOMMUFD_HWPT ? (struct iommufd_hwpt *)pt : ((struct iommufd_hwpt_nested *)pt)->parent;
}

/* Does the driver take the device there?  A page table is another's when another unit made it. */
static int check_pt(const struct iommufd_device *device, struct iommufd_object *pt)
{
	const struct iommufd_driver *driver = device->unit->driver;

	if (paging_of(pt)->table.unit != device->unit)
		return EINVAL;
	if (pt->kind != IOMMUFD_HWPT_NESTED || !driver->check_nested_attach)
		return 0;
	return driver->check_nested_attach(device->unit, &((struct iommufd_hwpt_nested *)pt)->data);
}

static int reserve(struct iommufd_hwpt *hwpt, const struct iommufd_device *device)
{
	for (size_t i = 0; i < device->reserved_count; i++) {
		int error = ioas_reserve(&hwpt->ioas->ioas, device->reserved[i], device);

		if (error) {
			ioas_unreserve(&hwpt->ioas->ioas, device);
			return error;
		}
	}
	return 0;
}

/* One user less; an automatic HWPT that nobody uses goes. */
static void put_pt(struct iommufd *iommufd, struct iommufd_object *pt, struct host_work *work)
{
	pt->users--;
	if (pt->users == 1 && pt->kind == IOMMUFD_HWPT && ((struct iommufd_hwpt *)pt)->is_automatic)
		iommufd_remove(iommufd, pt, work);
}

int iommufd_device_attach_now(struct iommufd_device *device, struct iommufd_object *pt)
{
	if (device->pt && device->pt != pt)
		return EINVAL;
	int error = reserve(paging_of(pt), device);

	if (error)
		return error;
	error = check_pt(device, pt);
	if (error) {
		ioas_unreserve(&paging_of(pt)->ioas->ioas, device);
		return error;
	}
	device->pt = pt;
	pt->users++;
	return 0;
}

void iommufd_device_detach_now(struct iommufd_device *device)
{
	ioas_unreserve(&paging_of(device->pt)->ioas->ioas, device);
	device->pt->users--;
	device->pt = NULL;
}

static int replace_now(struct iommufd *iommufd, struct iommufd_device *device, struct iommufd_object *pt,
		       struct host_work *work)
{
	struct iommufd_object *old = device->pt;

	if (!old)
		return EINVAL;
	if (old == pt)
		return 0;
	struct iommufd_ioas *from = paging_of(old)->ioas, *to = paging_of(pt)->ioas;
	int error = from == to ? 0 : reserve(paging_of(pt), device);

	if (error)
		return error;
	error = check_pt(device, pt);
	if (error) {
		if (from != to)
			ioas_unreserve(&to->ioas, device);
		return error;
	}
	if (from != to)
		ioas_unreserve(&from->ioas, device);
	device->pt = pt;
	pt->users++;
	put_pt(iommufd, old, work);
	return 0;
}

static int attach_or_replace(struct iommufd *iommufd, struct iommufd_device *device, struct iommufd_object *pt,
			     bool replaces, struct host_work *work)
{
	return replaces ? replace_now(iommufd, device, pt, work) : iommufd_device_attach_now(device, pt);
}

/* [LINUX] iommufd_device_auto_get_domain(): the first automatic HWPT that takes the device, or a new one. */
static int attach_to_ioas(struct iommufd *iommufd, struct iommufd_device *device, struct iommufd_ioas *ioas,
			  uint32_t *pt, bool replaces, struct host_work *work)
{
	struct iommufd_hwpt *made;

	for (uint32_t id = 1; id < iommufd->object_capacity; id++) {
		struct iommufd_hwpt *hwpt = (struct iommufd_hwpt *)iommufd_find(iommufd, id, IOMMUFD_HWPT);

		if (!hwpt || hwpt->ioas != ioas || !hwpt->is_automatic)
			continue;
		int error = attach_or_replace(iommufd, device, &hwpt->object, replaces, work);

		if (error == EINVAL)
			continue;
		if (!error)
			*pt = id;
		return error;
	}
	int error = iommufd_hwpt_create(iommufd, ioas, device, 0, NULL, !replaces, &made, work);

	if (error)
		return error;
	if (replaces)
		error = replace_now(iommufd, device, &made->object, work);
	if (error) {
		iommufd_remove(iommufd, &made->object, work);
		return error;
	}
	made->is_automatic = true;
	*pt = made->object.id;
	return 0;
}

static int attach_to(struct iommufd *iommufd, struct iommufd_device *device, uint32_t *pt, bool replaces,
		     struct host_work *work)
{
	struct iommufd_object *object = iommufd_find_any(iommufd, *pt);

	if (!object)
		return ENOENT;
	if (object->kind == IOMMUFD_HWPT || object->kind == IOMMUFD_HWPT_NESTED)
		return attach_or_replace(iommufd, device, object, replaces, work);
	if (object->kind == IOMMUFD_IOAS)
		return attach_to_ioas(iommufd, device, (struct iommufd_ioas *)object, pt, replaces, work);
	return EINVAL;
}

int iommufd_device_attach(struct iommufd *iommufd, struct iommufd_device *device, uint32_t *pt, struct host_work *work)
{
	int error = attach_to(iommufd, device, pt, false, work);

	device->object.users += !error;
	return error;
}

int iommufd_device_replace(struct iommufd *iommufd, struct iommufd_device *device, uint32_t *pt, struct host_work *work)
{
	return attach_to(iommufd, device, pt, true, work);
}

void iommufd_device_detach(struct iommufd *iommufd, struct iommufd_device *device, struct host_work *work)
{
	struct iommufd_object *pt = device->pt;

	REQUIRE(pt);
	ioas_unreserve(&paging_of(pt)->ioas->ioas, device);
	device->pt = NULL;
	put_pt(iommufd, pt, work);
	device->object.users--;
}

/* ---- VFIO's character device ---- */

int vfio_cdev_bind(struct vfio_cdev *cdev, struct iommufd *iommufd, uint32_t *id)
{
	if (cdev->device)
		return EINVAL;
	cdev->iommufd = iommufd;
	cdev->device = iommufd_device_bind(iommufd, cdev->unit, cdev->reserved, cdev->reserved_count);
	*id = cdev->device->object.id;
	return 0;
}

int vfio_cdev_use(const struct vfio_cdev *cdev)
{
	return cdev->device ? 0 : EINVAL;
}

int vfio_cdev_attach(struct vfio_cdev *cdev, uint32_t *pt, struct host_work *work)
{
	work->ioctls++;
	if (!cdev->device)
		return EINVAL;
	return cdev->device->pt ? iommufd_device_replace(cdev->iommufd, cdev->device, pt, work)
				: iommufd_device_attach(cdev->iommufd, cdev->device, pt, work);
}

int vfio_cdev_detach(struct vfio_cdev *cdev, struct host_work *work)
{
	work->ioctls++;
	if (!cdev->device)
		return EINVAL;
	if (cdev->device->pt)
		iommufd_device_detach(cdev->iommufd, cdev->device, work);
	return 0;
}

/* ---- the mock's devices ---- */

struct mock_device {
	struct iommufd_object object; /* first */
	struct iommufd_device *device;
};

int iommufd_mock_device(struct iommufd *iommufd, struct iommufd_unit *unit, uint32_t *pt, uint32_t *mock_id,
			uint32_t *device_id, struct host_work *work)
{
	struct mock_device *mock = heap_zeroed(1, sizeof(*mock));

	iommufd_add(iommufd, &mock->object, IOMMUFD_MOCK_DEVICE);
	mock->device = iommufd_device_bind(iommufd, unit, NULL, 0);
	int error = iommufd_device_attach(iommufd, mock->device, pt, work);

	if (error) {
		iommufd_remove(iommufd, &mock->object, work);
		return error;
	}
	*mock_id = mock->object.id;
	*device_id = mock->device->object.id;
	return 0;
}

int iommufd_mock_device_replace(struct iommufd *iommufd, uint32_t mock_id, uint32_t *pt, struct host_work *work)
{
	struct mock_device *mock = (struct mock_device *)iommufd_find(iommufd, mock_id, IOMMUFD_MOCK_DEVICE);

	return mock ? iommufd_device_replace(iommufd, mock->device, pt, work) : ENOENT;
}

void iommufd_mock_device_destroy(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work)
{
	struct mock_device *mock = (struct mock_device *)object;

	iommufd_device_unbind(iommufd, mock->device, work);
	free(mock);
}
