/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_hwpt.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"

/* ---- page tables ---- */

static int check_paging(const struct iommufd *iommufd, const struct iommufd_device *device, uint32_t flags,
			const struct iommufd_data *data)
{
	uint32_t known = IOMMUFD_HWPT_NEST_PARENT | IOMMUFD_HWPT_DIRTY_TRACKING | IOMMUFD_HWPT_FAULT_ID_VALID;

	if (kernel_hwpt_has_pasid(&iommufd->kernel))
		known |= IOMMUFD_HWPT_PASID;
	if (flags & ~known || (flags & IOMMUFD_HWPT_DIRTY_TRACKING && !device->unit->tracks_dirty))
		return EOPNOTSUPP;
	if (kernel_hwpt_keeps_fault_flag(&iommufd->kernel))
		flags &= ~IOMMUFD_HWPT_FAULT_ID_VALID;
	return device->unit->driver->check_paging(device->unit, flags, data);
}

int iommufd_hwpt_create(struct iommufd *iommufd, struct iommufd_ioas *ioas, struct iommufd_device *device,
			uint32_t flags, const struct iommufd_data *data, bool attach, struct iommufd_hwpt **made,
			struct host_work *work)
{
	int error = check_paging(iommufd, device, flags, data);

	if (error)
		return error;
	struct iommufd_hwpt *hwpt = heap_zeroed(1, sizeof(*hwpt));

	iommufd_add(iommufd, &hwpt->object, IOMMUFD_HWPT);
	hwpt->ioas = ioas;
	hwpt->is_parent = flags & IOMMUFD_HWPT_NEST_PARENT;
	device->unit->driver->table_init(device->unit, flags, &hwpt->table);
	if (attach)
		error = iommufd_device_attach_now(device, &hwpt->object);
	if (!error) {
		error = ioas_attach(&ioas->ioas, &hwpt->table.domain, work);
		if (error && attach)
			iommufd_device_detach_now(device);
	}
	if (error) {
		iommufd->object[hwpt->object.id] = NULL;
		device->unit->driver->table_fini(&hwpt->table);
		free(hwpt);
		return error;
	}
	ioas->object.users++;
	*made = hwpt;
	return 0;
}

void iommufd_hwpt_destroy(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work)
{
	struct iommufd_hwpt *hwpt = (struct iommufd_hwpt *)object;

	(void)iommufd;
	ioas_detach(&hwpt->ioas->ioas, &hwpt->table.domain, work);
	hwpt->table.unit->driver->table_fini(&hwpt->table);
	hwpt->ioas->object.users--;
	free(hwpt);
}

/* ---- nested ---- */

static int nested_create(struct iommufd *iommufd, struct iommufd_hwpt *parent, const struct iommufd_device *device,
			 uint32_t flags, const struct iommufd_data *data, struct iommufd_object **made)
{
	const struct iommufd_unit *unit = device->unit;
	uint32_t handed_on = flags & ~IOMMUFD_HWPT_FAULT_ID_VALID;
	uint32_t known = kernel_hwpt_has_pasid(&unit->kernel) ? IOMMUFD_HWPT_PASID : 0;

	if (handed_on & ~known || !data || !unit->driver->has_nesting)
		return EOPNOTSUPP;
	if (parent->is_automatic || !parent->is_parent || parent->table.unit->driver != unit->driver)
		return EINVAL;
	int error = unit->driver->check_nested(unit, data);

	if (error)
		return error;
	struct iommufd_hwpt_nested *nested = heap_zeroed(1, sizeof(*nested));

	iommufd_add(iommufd, &nested->object, IOMMUFD_HWPT_NESTED);
	nested->parent = parent;
	nested->data = *data;
	parent->object.users++;
	*made = &nested->object;
	return 0;
}

void iommufd_hwpt_nested_destroy(struct iommufd *iommufd, struct iommufd_object *object)
{
	struct iommufd_hwpt_nested *nested = (struct iommufd_hwpt_nested *)object;

	(void)iommufd;
	nested->parent->object.users--;
	free(nested);
}

int iommufd_hwpt_invalidate(const struct iommufd *iommufd, uint32_t id, const struct iommufd_data *request,
			    uint32_t *count)
{
	const struct iommufd_object *object = iommufd_find_any(iommufd, id);
	uint32_t asked = *count;

	*count = 0;
	if (!object)
		return ENOENT;
	if (object->kind != IOMMUFD_HWPT_NESTED)
		return EINVAL;
	const struct iommufd_unit *unit = ((const struct iommufd_hwpt_nested *)object)->parent->table.unit;

	for (; *count < asked; (*count)++) {
		int error = unit->driver->check_invalidation(unit, &request[*count]);

		if (error)
			return error;
	}
	return 0;
}

/* ---- IOMMU_HWPT_ALLOC ---- */

/* Before data came, what it was allocated on could only be an IOAS. */
static int alloc_without_data(struct iommufd *iommufd, uint32_t flags, struct iommufd_device *device, uint32_t pt,
			      uint32_t *id, struct host_work *work)
{
	struct iommufd_ioas *ioas = iommufd_find_ioas(iommufd, pt);
	struct iommufd_hwpt *made;

	if (!ioas)
		return ENOENT;
	int error = iommufd_hwpt_create(iommufd, ioas, device, flags, NULL, false, &made, work);

	if (!error)
		*id = made->object.id;
	return error;
}

/* On what `on` is: a page table on an IOAS, a first stage on a page table. */
static int alloc_on(struct iommufd *iommufd, uint32_t flags, struct iommufd_device *device, struct iommufd_object *on,
		    const struct iommufd_data *data, struct iommufd_object **made, struct host_work *work)
{
	struct iommufd_hwpt *hwpt;

	if (on->kind == IOMMUFD_HWPT)
		return nested_create(iommufd, (struct iommufd_hwpt *)on, device, flags, data, made);
	if (on->kind != IOMMUFD_IOAS)
		return EINVAL;
	int error = iommufd_hwpt_create(iommufd, (struct iommufd_ioas *)on, device, flags, data, false, &hwpt, work);

	if (!error)
		*made = &hwpt->object;
	return error;
}

int iommufd_hwpt_alloc(struct iommufd *iommufd, uint32_t flags, uint32_t device_id, uint32_t pt,
		       const struct iommufd_data *data, uint32_t *id, struct host_work *work)
{
	struct iommufd_device *device = (struct iommufd_device *)iommufd_find(iommufd, device_id, IOMMUFD_DEVICE);
	struct iommufd_object *on = iommufd_find_any(iommufd, pt), *made;
	bool has_data = kernel_hwpt_has_data(&iommufd->kernel);

	work->ioctls++;
	if (!has_data && (data->bytes || data->type))
		return E2BIG;
	if (!has_data && flags)
		return EOPNOTSUPP;
	if ((data->type == IOMMUFD_DATA_NONE) != (data->bytes == 0))
		return EINVAL;
	if (!device)
		return ENOENT;
	if (!has_data)
		return alloc_without_data(iommufd, flags, device, pt, id, work);
	if (!on)
		return EINVAL;
	int error = alloc_on(iommufd, flags, device, on, data->bytes ? data : NULL, &made, work);

	/* No fault queue has a number. */
	if (!error && flags & IOMMUFD_HWPT_FAULT_ID_VALID) {
		iommufd_remove(iommufd, made, work);
		return ENOENT;
	}
	if (!error)
		*id = made->id;
	return error;
}

/* ---- dirty tracking ---- */

int iommufd_hwpt_set_dirty_tracking(const struct iommufd *iommufd, uint32_t id, uint32_t flags)
{
	struct iommufd_hwpt *hwpt = (struct iommufd_hwpt *)iommufd_find(iommufd, id, IOMMUFD_HWPT);
	iova_t from = 0;

	if (flags & ~IOMMUFD_DIRTY_ENABLE)
		return EOPNOTSUPP;
	if (!hwpt)
		return ENOENT;
	if (!hwpt->table.tracks_dirty)
		return EOPNOTSUPP;
	const struct iommufd_driver *driver = hwpt->table.unit->driver;

	/* What was dirty before does not count. */
	for (struct ioas_area *area; flags && (area = ioas_find(&hwpt->ioas->ioas, from, UINT64_MAX));) {
		driver->read_dirty(&hwpt->table, area->iova.first, ioas_area_bytes(area), false, NULL, NULL);
		from = area->iova.last + 1;
		if (!from)
			break;
	}
	driver->set_tracking(&hwpt->table, flags & IOMMUFD_DIRTY_ENABLE);
	return 0;
}

/* [LINUX] iova_bitmap_set() */
static void record_dirty(void *argument, iova_t iova, uint64_t bytes)
{
	const struct iommufd_dirty_query *query = argument;
	uint64_t unit = query->page_bytes & (~query->page_bytes + 1);
	uint64_t first = (iova - query->iova) / unit, last = (iova + bytes - 1 - query->iova) / unit;

	for (uint64_t bit = first; bit <= last && bit / 64 < query->words; bit++)
		query->bitmap[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static int check_query(const struct iommufd *iommufd, const struct ioas *ioas, const struct iommufd_dirty_query *query)
{
	uint64_t last = query->iova + query->bytes - 1, page = query->page_bytes;

	if (!query->bytes && kernel_dirty_checks_length(&iommufd->kernel))
		return EINVAL;
	/* Of no bytes: length - 1 wraps, and so does the sum but from 0. */
	if (query->bytes - 1 > UINT64_MAX - query->iova)
		return EOVERFLOW;
	if ((query->iova | (last + 1)) & (ioas->alignment - 1))
		return EINVAL;
	if (!page || (query->iova | (last + 1)) & (page - 1))
		return EINVAL;
	return 0;
}

int iommufd_hwpt_get_dirty(const struct iommufd *iommufd, uint32_t id, uint32_t flags,
			   const struct iommufd_dirty_query *query)
{
	struct iommufd_hwpt *hwpt = (struct iommufd_hwpt *)iommufd_find(iommufd, id, IOMMUFD_HWPT);
	iova_t iova = query->iova, last = query->iova + query->bytes - 1;
	struct iommufd_dirty_query record = *query;

	if (flags & ~IOMMUFD_DIRTY_NO_CLEAR)
		return EOPNOTSUPP;
	if (!hwpt)
		return ENOENT;
	int error = check_query(iommufd, &hwpt->ioas->ioas, query);

	if (error)
		return error;
	if (!hwpt->table.tracks_dirty)
		return EOPNOTSUPP;
	/* Up to the first gap between areas; neither that nor tracking that is off is said to the caller. */
	for (struct ioas_area *area; (area = ioas_find(&hwpt->ioas->ioas, iova, iova));) {
		iova_t end = area->iova.last < last ? area->iova.last : last;

		if (hwpt->table.unit->driver->read_dirty(&hwpt->table, iova, end - iova + 1,
							 flags & IOMMUFD_DIRTY_NO_CLEAR, record_dirty, &record) ||
		    end == last)
			break;
		iova = end + 1;
	}
	return 0;
}

/* ---- IOMMU_GET_HW_INFO ---- */

int iommufd_get_hw_info(const struct iommufd *iommufd, uint32_t id, struct iommufd_hw_info *info)
{
	const struct iommufd_device *device = (const struct iommufd_device *)iommufd_find(iommufd, id, IOMMUFD_DEVICE);

	if (!device)
		return ENOENT;
	device->unit->driver->hw_info(device->unit, info);
	if (kernel_hw_info_has_capabilities(&iommufd->kernel) && device->unit->tracks_dirty)
		info->capabilities |= IOMMUFD_CAP_DIRTY_TRACKING;
	if (kernel_hw_info_has_ats(&iommufd->kernel))
		info->capabilities |= IOMMUFD_CAP_ATS_NOT_SUPPORTED;
	return 0;
}
