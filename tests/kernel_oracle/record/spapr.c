/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random calls of VFIO's sPAPR TCE container, version 2: spapr GROUP DEVICE GROUP2 DEVICE2.  Two containers of a
 * process where there are two groups.  The odd cases have a limit of 24 pages and what the default window's table takes.
 * Each case's memory: 64 written pages at BASE, of which 40..43 are a hole; 4 pages at BASE + 256 MiB that may be read
 * only.  Never asked: what makes some kernels crash (a range past its window's end).
 */
#include "record.h"

#define WINDOW_PAGES 64
#define LIVE         64

static uint64_t page;
static const char *group_name[2];
static int group[2], container[2];

static struct {
	uint64_t at, size;
} region[LIVE], mapping[LIVE];
static unsigned region_count, mapping_count;
static uint64_t window; /* of the dynamic window, in the first container; 0: none */

static const char *op_of(const char *op, int which)
{
	static char name[32];

	snprintf(name, sizeof(name), which ? "%s(c2)" : "%s", op);
	return name;
}

static void info(int which)
{
	struct vfio_iommu_spapr_tce_info call = { .argsz = sizeof(call) };
	long ret = ioctl(container[which], VFIO_IOMMU_SPAPR_TCE_GET_INFO, &call);
	int error = errno;
	char out[200];

	snprintf(out, sizeof(out), "flags=%#x dma32=[%#x+%#x] ddw{pgsizes=%#lx maxwin=%u levels=%u}", call.flags,
		 call.dma32_window_start, call.dma32_window_size, (unsigned long)call.ddw.pgsizes,
		 call.ddw.max_dynamic_windows_supported, call.ddw.levels);
	print_call("TCE_GET_INFO", ret, error, out, "");
}

static void map(int which, uint32_t flags, uint64_t vaddr, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map call = {
		.argsz = sizeof(call), .flags = flags, .vaddr = vaddr, .iova = iova, .size = size
	};
	long ret = ioctl(container[which], VFIO_IOMMU_MAP_DMA, &call);

	print_call(op_of("MAP", which), ret, errno, "", "flags=%#x vaddr=%#lx iova=%#lx size=%#lx", flags, vaddr, iova,
		   size);
	if (ret == 0 && which == 0 && mapping_count < LIVE) {
		mapping[mapping_count].at = iova;
		mapping[mapping_count++].size = size;
	}
}

static void unmap(uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap call = { .argsz = sizeof(call), .iova = iova, .size = size };
	long ret = ioctl(container[0], VFIO_IOMMU_UNMAP_DMA, &call);
	int error = errno;
	char out[40];

	snprintf(out, sizeof(out), "size=%#lx", (unsigned long)call.size);
	print_call("UNMAP", ret, error, out, "flags=%#x iova=%#lx size=%#lx", 0, iova, size);
}

static void add(int which, uint64_t vaddr, uint64_t size)
{
	struct vfio_iommu_spapr_register_memory call = { .argsz = sizeof(call), .vaddr = vaddr, .size = size };
	long ret = ioctl(container[which], VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &call);

	print_call(op_of("REGISTER", which), ret, errno, "", "vaddr=%#lx size=%#lx", vaddr, size);
	if (ret == 0 && region_count < LIVE) {
		region[region_count].at = vaddr;
		region[region_count++].size = size;
	}
}

static void take(int which, uint64_t vaddr, uint64_t size)
{
	struct vfio_iommu_spapr_register_memory call = { .argsz = sizeof(call), .vaddr = vaddr, .size = size };
	long ret = ioctl(container[which], VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &call);

	print_call(op_of("UNREGISTER", which), ret, errno, "", "vaddr=%#lx size=%#lx", vaddr, size);
}

static void create(uint32_t shift, uint64_t size, uint32_t levels)
{
	struct vfio_iommu_spapr_tce_create call = {
		.argsz = sizeof(call), .page_shift = shift, .window_size = size, .levels = levels
	};
	long ret = ioctl(container[0], VFIO_IOMMU_SPAPR_TCE_CREATE, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "start=%#lx", (unsigned long)call.start_addr);
	print_call("TCE_CREATE", ret, error, out, "shift=%u size=%#lx levels=%u flags=%u", shift, size, levels, 0);
	if (ret == 0)
		window = call.start_addr;
}

static void destroy(uint64_t start)
{
	struct vfio_iommu_spapr_tce_remove call = { .argsz = sizeof(call), .start_addr = start };
	long ret = ioctl(container[0], VFIO_IOMMU_SPAPR_TCE_REMOVE, &call);

	print_call("TCE_REMOVE", ret, errno, "", "start=%#lx", start);
	if (ret == 0 && start == window)
		window = 0;
}

static void open_container(int which)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", group_name[which]);
	group[which] = open(path, O_RDWR);
	container[which] = open("/dev/vfio/vfio", O_RDWR);
	if (group[which] < 0 || container[which] < 0 ||
	    ioctl(group[which], VFIO_GROUP_SET_CONTAINER, &container[which]) ||
	    ioctl(container[which], VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU)) {
		printf("N %s cannot open %s: %s\n", case_name, path, strerrorname_np(errno));
		_exit(1);
	}
}

/* One step: mostly where something is. */
static void step(void)
{
	int which = group_name[1] && !below(4);
	uint64_t vaddr = BASE + below(60) * page, size = (1 + below(6)) * page;
	uint64_t iova = below(WINDOW_PAGES) * 0x1000, tces = (1 + below(4)) * 0x1000;

	if (region_count && below(3)) {
		unsigned any = (unsigned)below(region_count);

		vaddr = region[any].at;
		size = region[any].size;
	}
	switch (below(16)) {
	case 0:
	case 1:
	case 2:
		add(which, vaddr, size);
		break;
	case 3:
	case 4:
		take(which, vaddr, below(6) ? size : size + page);
		break;
	case 5:
		if (window)
			destroy(window);
		else
			create(below(2) ? 12 : 16, 0x10000000ul << below(3), 1);
		break;
	case 6:
		if (window)
			map(0, 3, vaddr, window + below(16) * 0x10000, 0x10000);
		else
			info(which);
		break;
	case 7:
		if (window)
			unmap(window + below(16) * 0x10000, 0x10000);
		else
			add(which, BASE + 0x10000000, 4 * page);
		break;
	case 8:
	case 9:
	case 10:
		if (mapping_count && below(4)) {
			unsigned any = (unsigned)below(mapping_count);

			iova = mapping[any].at;
			tces = mapping[any].size;
		}
		unmap(iova, tces);
		break;
	default:
		map(which, below(8) ? 3 : (uint32_t)below(4), vaddr + below(4) * 0x1000, iova, tces);
	}
}

static void story(unsigned number)
{
	open_container(0);
	if (group_name[1])
		open_container(1);
	info(0);
	region_count = mapping_count = 0;
	window = 0;
	memory(BASE, 64 * page, PROT_READ | PROT_WRITE, 1);
	munmap((void *)(BASE + 40 * page), 4 * page);
	memory(BASE + 0x10000000, 4 * page, PROT_READ, 0);
	if (number % 2)
		limit_memory(24 * page + (8 << 20));
	for (unsigned i = 0; i < 80; i++)
		step();
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	group_name[0] = words[1];
	group_name[1] = count > 3 ? words[3] : NULL;
	for (unsigned number = 0; number < 24; number++)
		run_case("spaprv2", number, story);
	return 0;
}
