/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random calls of VFIO type1, versions 1 and 2, in one container: type1 GROUP DEVICE.  The odd cases have a limit of
 * 32 pages.  Each case's memory: 64 written pages at BASE, of which 40..43 are a hole; 8 pages at BASE + 1 MiB that
 * were never written and may be read only.
 */
#include "record.h"

#define PAGE  0x1000UL
#define IOVAS 0x100000UL
#define LIVE  64

static const char *group_path, *device_name;
static int type, container;

/* Ranges that were mapped: where to aim. */
static struct {
	uint64_t iova, size;
} live[LIVE];
static unsigned live_count;

static void map(uint32_t flags, uint64_t vaddr, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map call = {
		.argsz = sizeof(call), .flags = flags, .vaddr = vaddr, .iova = iova, .size = size
	};
	long ret = ioctl(container, VFIO_IOMMU_MAP_DMA, &call);

	print_call("MAP", ret, errno, "", "argsz=%u flags=%#x vaddr=%#lx iova=%#lx size=%#lx", call.argsz, flags, vaddr,
		   iova, size);
	if (ret == 0 && !(flags & VFIO_DMA_MAP_FLAG_VADDR) && live_count < LIVE) {
		live[live_count].iova = iova;
		live[live_count++].size = size;
	}
}

static void unmap(uint32_t flags, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap call = { .argsz = sizeof(call), .flags = flags, .iova = iova, .size = size };
	long ret = ioctl(container, VFIO_IOMMU_UNMAP_DMA, &call);
	int error = errno;
	char out[64];

	snprintf(out, sizeof(out), "size=%#lx", (unsigned long)call.size);
	print_call("UNMAP", ret, error, out, "argsz=%u flags=%#x iova=%#lx size=%#lx", call.argsz, flags, iova, size);
}

static uint64_t bitmap[64];

static void unmap_dirty(uint64_t iova, uint64_t size, uint64_t bitmap_bytes)
{
	char bytes[sizeof(struct vfio_iommu_type1_dma_unmap) + sizeof(struct vfio_bitmap)] = { 0 };
	struct vfio_iommu_type1_dma_unmap *call = (void *)bytes;
	struct vfio_bitmap *dirty = (void *)call->data;
	char out[96];

	memset(bitmap, 0, sizeof(bitmap));
	call->argsz = sizeof(bytes);
	call->flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	call->iova = iova;
	call->size = size;
	dirty->pgsize = PAGE;
	dirty->size = bitmap_bytes;
	dirty->data = (void *)bitmap;
	long ret = ioctl(container, VFIO_IOMMU_UNMAP_DMA, call);
	int error = errno;

	snprintf(out, sizeof(out), "size=%#lx bm[0]=%#lx bm[1]=%#lx", (unsigned long)call->size, bitmap[0], bitmap[1]);
	print_call("UNMAP+DIRTY", ret, error, out, "flags=%#x iova=%#lx size=%#lx pgsize=%#lx bmsize=%#lx", call->flags,
		   iova, size, PAGE, bitmap_bytes);
}

static void dirty_pages(uint32_t flags)
{
	struct vfio_iommu_type1_dirty_bitmap call = { .argsz = sizeof(call), .flags = flags };
	long ret = ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &call);

	print_call("DIRTY_PAGES", ret, errno, "", "flags=%#x(%s)", flags, flags == 1 ? "START" : "STOP");
}

static void get_bitmap(uint64_t iova, uint64_t size)
{
	char bytes[sizeof(struct vfio_iommu_type1_dirty_bitmap) + sizeof(struct vfio_iommu_type1_dirty_bitmap_get)] = {
		0
	};
	struct vfio_iommu_type1_dirty_bitmap *call = (void *)bytes;
	struct vfio_iommu_type1_dirty_bitmap_get *get = (void *)call->data;
	char out[96];

	memset(bitmap, 0, sizeof(bitmap));
	call->argsz = sizeof(bytes);
	call->flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP;
	get->iova = iova;
	get->size = size;
	get->bitmap.pgsize = PAGE;
	get->bitmap.size = 8;
	get->bitmap.data = (void *)bitmap;
	long ret = ioctl(container, VFIO_IOMMU_DIRTY_PAGES, call);
	int error = errno;

	snprintf(out, sizeof(out), "bm[0]=%#lx bm[1]=%#lx", bitmap[0], bitmap[1]);
	print_call("DIRTY_GET_BITMAP", ret, error, out, "iova=%#lx size=%#lx pgsize=%#lx bmsize=%#lx", iova, size, PAGE,
		   8UL);
}

static void open_container(void)
{
	int group = open(group_path, O_RDWR);

	container = open("/dev/vfio/vfio", O_RDWR);
	if (group < 0 || container < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, type) || ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device_name) < 0) {
		printf("N %s cannot open %s: %s\n", case_name, group_path, strerrorname_np(errno));
		_exit(1);
	}
}

static void story(unsigned number)
{
	open_container();
	live_count = 0;
	memory(BASE, 64 * PAGE, PROT_READ | PROT_WRITE, 1);
	munmap((void *)(BASE + 40 * PAGE), 4 * PAGE);
	memory(BASE + 0x100000, 8 * PAGE, PROT_READ, 0);
	if (number % 2)
		limit_memory(32 * PAGE);
	for (unsigned step = 0; step < 80; step++) {
		uint64_t iova = IOVAS + below(32) * PAGE, size = (1 + below(8)) * PAGE;
		uint64_t vaddr = below(8) ? BASE + below(60) * PAGE : BASE + 0x100000 + below(8) * PAGE;
		uint32_t flags = below(6) ? 3 : 1 + (uint32_t)below(2);

		if (live_count && below(3)) {
			unsigned which = (unsigned)below(live_count);

			if (below(4)) {
				iova = live[which].iova;
				size = live[which].size;
			} else {
				iova = live[which].iova + below(live[which].size / PAGE) * PAGE;
			}
			if (!below(12)) {
				iova += 0x800 * below(2);
				size -= 0x800 * below(2);
			}
		}
		switch (below(20)) {
		case 0:
			unmap(VFIO_DMA_UNMAP_FLAG_ALL, 0, 0);
			break;
		case 1:
		case 2:
			unmap(VFIO_DMA_UNMAP_FLAG_VADDR, iova, size);
			break;
		case 3:
			unmap(VFIO_DMA_UNMAP_FLAG_VADDR | (below(2) ? VFIO_DMA_UNMAP_FLAG_ALL : 0), 0, 0);
			break;
		case 4:
		case 5:
			map(VFIO_DMA_MAP_FLAG_VADDR, vaddr, iova, size);
			break;
		case 6:
			dirty_pages(1 + (uint32_t)below(2));
			break;
		case 7:
			get_bitmap(iova, size);
			break;
		case 8:
			unmap_dirty(iova, size, below(5) ? 8 : 0);
			break;
		case 9:
		case 10:
		case 11:
		case 12:
			unmap(0, iova, below(3) ? size : size + below(4) * PAGE);
			break;
		default:
			map(flags, vaddr, below(3) ? IOVAS + below(64) * PAGE : iova, size);
		}
	}
}

int main(int count, char **words)
{
	static char path[64];

	if (count < 3)
		return 2;
	snprintf(path, sizeof(path), "/dev/vfio/%s", words[1]);
	group_path = path;
	device_name = words[2];
	for (unsigned number = 0; number < 24; number++) {
		type = number % 4 < 2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU;
		run_case(type == VFIO_TYPE1_IOMMU ? "type1v1" : "type1v2", number, story);
	}
	return 0;
}
