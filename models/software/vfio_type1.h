/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO type1 as a driver of VFIO's core: its calls as user space makes them, with the sizes and flags that it passes.
 * Behind them: type1.h.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_type1.c (vfio_iommu_type1_ioctl and what it calls), include/uapi/linux/vfio.h.
 */
#ifndef IOMMUSIM_SOFTWARE_VFIO_TYPE1_H
#define IOMMUSIM_SOFTWARE_VFIO_TYPE1_H

#include "models/software/type1.h"
#include "models/software/vfio.h"

/* Types 1, 3 and, in kernels up to 6.12, 6.  A container's state is a struct type1. */
extern const struct vfio_driver vfio_type1;

/* Sizes of the kernel's structs: what argsz must reach. */
#define TYPE1_MAP_ARGSZ       32u
#define TYPE1_UNMAP_ARGSZ     24u
#define TYPE1_BITMAP_ARGSZ    24u /* struct vfio_bitmap, after an unmap */
#define TYPE1_DIRTY_ARGSZ     8u
#define TYPE1_DIRTY_GET_ARGSZ 40u /* struct vfio_iommu_type1_dirty_bitmap_get, after those */
#define TYPE1_INFO_ARGSZ      16u

#define TYPE1_MAP_READ  1u /* VFIO_DMA_MAP_FLAG_READ */
#define TYPE1_MAP_WRITE 2u
#define TYPE1_MAP_VADDR 4u

/* VFIO_IOMMU_MAP_DMA.  EINVAL: argsz, flags; else type1_map_of's or, with TYPE1_MAP_VADDR alone, type1_vaddr_update's. */
struct type1_map_call {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

/* VFIO_IOMMU_UNMAP_DMA.  size: on success, what was unmapped.  EINVAL: argsz, flags, or dirty pages of all or with a vaddr. */
struct type1_unmap_call {
	uint32_t argsz, flags; /* TYPE1_UNMAP_* */
	uint64_t iova, size;
	struct type1_bitmap bitmap;
};

#define TYPE1_DIRTY_START 1u
#define TYPE1_DIRTY_STOP  2u
#define TYPE1_DIRTY_GET   4u

/* VFIO_IOMMU_DIRTY_PAGES.  EACCES: version 1; EINVAL: argsz, not exactly one flag. */
struct type1_dirty_call {
	uint32_t argsz, flags;
	uint64_t iova, size; /* TYPE1_DIRTY_GET */
	struct type1_bitmap bitmap;
};

#define TYPE1_INFO_PGSIZES 1u
#define TYPE1_INFO_CAPS    2u

/* VFIO_IOMMU_GET_INFO.  EINVAL: argsz. */
struct type1_info_call {
	uint32_t argsz; /* out: what the answer with its capabilities takes, when that is more */
	uint32_t flags;
	uint64_t page_sizes;
	bool capabilities; /* argsz was enough: those below are there */
	bool has_migration, has_dma_avail;
	uint64_t migration_page_sizes, migration_bitmap_max;
	uint32_t dma_avail;
	const struct type1_window *window; /* [window_count]; the container's: valid until groups come or go */
	size_t window_count;
};

#endif
