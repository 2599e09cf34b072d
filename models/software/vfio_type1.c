/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/vfio_type1.h"

#include <errno.h>
#include <stdlib.h>

#include "models/base/heap.h"

/* Sizes in the kernel's answer to GET_INFO. */
#define INFO_BYTES            24u /* struct vfio_iommu_type1_info */
#define CAP_MIGRATION_BYTES   32u
#define CAP_DMA_AVAIL_BYTES   12u
#define CAP_IOVA_RANGES_BYTES 16u /* and each range */
#define CAP_IOVA_RANGE_BYTES  16u

/* ---- the driver's life ---- */

static int check_extension(const struct vfio_host *host, void *state, uint64_t extension)
{
	const struct kernel *kernel = &host->kernel;
	const struct type1 *type1 = state;

	switch (extension) {
	case VFIO_TYPE1_IOMMU:
		return 1;
	case VFIO_TYPE1v2_IOMMU:
		return kernel_type1_has_v2(kernel);
	case VFIO_TYPE1_NESTING_IOMMU:
		return kernel_type1_has_nesting(kernel);
	case VFIO_UNMAP_ALL:
		return kernel_type1_has_unmap_all(kernel);
	case VFIO_UPDATE_VADDR:
		if (!kernel_type1_update_moves_owner(kernel))
			return kernel_type1_has_vaddr_update(kernel);
		return type1 && !type1->emulated;
	case VFIO_DMA_CC_IOMMU:
		return type1 && type1_coherent(type1);
	default:
		return 0;
	}
}

static int open_type1(const struct vfio_host *host, uint64_t type, void **state)
{
	struct type1 *type1 = heap_zeroed(1, sizeof(*type1));

	type1_init_empty(type1, &host->kernel, (enum vfio_extension)type, host->dma_entry_limit);
	*state = type1;
	return 0;
}

static void release_type1(void *state, struct host_work *work)
{
	(void)work;
	type1_fini(state);
	free(state);
}

static int attach_group(void *state, struct vfio_group *group, struct host_work *work)
{
	return type1_attach(state, group, work);
}

static void detach_group(void *state, struct vfio_group *group, struct host_work *work)
{
	type1_detach(state, group, work);
}

/* ---- its calls ---- */

static int refused(struct host_work *work, int error)
{
	work->ioctls++;
	return error;
}

static unsigned permissions_of(uint32_t flags)
{
	return (flags & TYPE1_MAP_READ ? (unsigned)PT_READ : 0u) | (flags & TYPE1_MAP_WRITE ? (unsigned)PT_WRITE : 0u);
}

static int call_map(struct type1 *type1, struct process *caller, const struct type1_map_call *map,
		    struct host_work *work)
{
	uint32_t known = TYPE1_MAP_READ | TYPE1_MAP_WRITE;

	if (kernel_type1_has_vaddr_update(&type1->kernel))
		known |= TYPE1_MAP_VADDR;
	if (map->argsz < TYPE1_MAP_ARGSZ || map->flags & ~known)
		return refused(work, EINVAL);
	if (map->flags == TYPE1_MAP_VADDR)
		return type1_vaddr_update(type1, caller, map->iova, map->vaddr, map->size, work);
	/* With a vaddr and a permission: as without any, which is EINVAL too, and told at the same place. */
	return type1_map_of(type1, caller, map->iova, map->vaddr, map->size,
			    map->flags & TYPE1_MAP_VADDR ? 0 : permissions_of(map->flags), work);
}

/* Sizes and flags of an unmap. */
static int check_unmap(const struct type1 *type1, const struct type1_unmap_call *unmap)
{
	const struct kernel *kernel = &type1->kernel;
	uint32_t known = (kernel_type1_has_dirty_pages(kernel) ? TYPE1_UNMAP_DIRTY : 0u) |
			 (kernel_type1_has_unmap_all(kernel) ? TYPE1_UNMAP_ALL : 0u) |
			 (kernel_type1_has_vaddr_update(kernel) ? TYPE1_UNMAP_VADDR : 0u);

	if (unmap->argsz < TYPE1_UNMAP_ARGSZ || unmap->flags & ~known)
		return EINVAL;
	if (!(unmap->flags & TYPE1_UNMAP_DIRTY))
		return 0;
	if (unmap->flags & (TYPE1_UNMAP_ALL | TYPE1_UNMAP_VADDR) ||
	    unmap->argsz < TYPE1_UNMAP_ARGSZ + TYPE1_BITMAP_ARGSZ)
		return EINVAL;
	return type1_bitmap_check(&unmap->bitmap, unmap->size);
}

static int call_unmap(struct type1 *type1, struct type1_unmap_call *unmap, struct host_work *work)
{
	const struct type1_unmap request = {
		.flags = unmap->flags, .iova = unmap->iova, .bytes = unmap->size, .bitmap = &unmap->bitmap
	};
	struct unmap_call call;
	int error = check_unmap(type1, unmap);

	if (error)
		return refused(work, error);
	error = type1_unmap_request(type1, &call, &request, work);
	if (error)
		return error;
	while (type1_unmap_step(type1, &call, work))
		;
	unmap->size = call.bytes;
	return 0;
}

static int call_dirty(struct type1 *type1, const struct type1_dirty_call *dirty, struct host_work *work)
{
	work->ioctls++;
	if (!kernel_type1_has_dirty_pages(&type1->kernel))
		return ENOTTY;
	if (!type1->v2)
		return EACCES;
	if (dirty->argsz < TYPE1_DIRTY_ARGSZ)
		return EINVAL;
	switch (dirty->flags) {
	case TYPE1_DIRTY_START:
		return type1_dirty_start(type1);
	case TYPE1_DIRTY_STOP:
		type1_dirty_stop(type1);
		return 0;
	case TYPE1_DIRTY_GET:
		if (dirty->argsz < TYPE1_DIRTY_ARGSZ + TYPE1_DIRTY_GET_ARGSZ)
			return EINVAL;
		return type1_dirty_get(type1, dirty->iova, dirty->size, &dirty->bitmap);
	default:
		return EINVAL;
	}
}

static uint32_t capabilities_bytes(const struct type1 *type1, const struct type1_info_call *info)
{
	uint32_t avail = CAP_DMA_AVAIL_BYTES;

	if (kernel_vfio_aligns_capabilities(&type1->kernel))
		avail = (avail + 7) & ~7u;
	return (info->has_migration ? CAP_MIGRATION_BYTES : 0) + (info->has_dma_avail ? avail : 0) +
	       (info->window_count ? CAP_IOVA_RANGES_BYTES + (uint32_t)info->window_count * CAP_IOVA_RANGE_BYTES : 0);
}

static int call_info(const struct type1 *type1, struct type1_info_call *info, struct host_work *work)
{
	uint32_t argsz = info->argsz;

	work->ioctls++;
	if (argsz < TYPE1_INFO_ARGSZ)
		return EINVAL;
	*info = (struct type1_info_call){
		.argsz = argsz,
		.flags = TYPE1_INFO_PGSIZES,
		.page_sizes = type1->page_sizes,
		.has_migration = kernel_type1_has_dirty_pages(&type1->kernel),
		.has_dma_avail = kernel_type1_has_dma_avail(&type1->kernel),
		.migration_page_sizes = type1_page(type1),
		.migration_bitmap_max = TYPE1_BITMAP_MAX,
		.dma_avail = type1->entries_left,
		.window = type1->window,
		.window_count = kernel_type1_has_iova_ranges(&type1->kernel) ? type1->window_count : 0,
	};
	uint32_t bytes = capabilities_bytes(type1, info);

	if (!bytes)
		return 0;
	info->flags |= TYPE1_INFO_CAPS;
	info->capabilities = argsz >= INFO_BYTES + bytes;
	if (!info->capabilities)
		info->argsz = INFO_BYTES + bytes;
	return 0;
}

static int call(void *state, struct process *caller, enum vfio_request request, void *argument, struct host_work *work)
{
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return call_info(state, argument, work);
	case VFIO_IOMMU_MAP_DMA:
		return call_map(state, caller, argument, work);
	case VFIO_IOMMU_UNMAP_DMA:
		return call_unmap(state, argument, work);
	case VFIO_IOMMU_DIRTY_PAGES:
		return call_dirty(state, argument, work);
	default:
		return refused(work, ENOTTY);
	}
}

const struct vfio_driver vfio_type1 = {
	.name = "type1",
	.check_extension = check_extension,
	.open = open_type1,
	.release = release_type1,
	.attach_group = attach_group,
	.detach_group = detach_group,
	.call = call,
};
