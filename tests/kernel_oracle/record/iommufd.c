/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random calls of iommufd with a device of vfio-pci: iommufd GROUP DEVICE.  Every third case never attaches the device,
 * the others do at some time.  Two IOASes; the odd cases have a limit of 32 pages.  Each case's memory: 64 written pages at BASE, of
 * which 40..43 are a hole.
 */
#include "iommufd.h"

static char device_path[300];
static int device;
static int attached;

static void attach(void)
{
	struct vfio_device_attach_iommufd_pt call = { .argsz = sizeof(call), .pt_id = ioas[0] };
	long ret = ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &call);

	print_call("ATTACH_IOMMUFD_PT", ret, errno, "", "");
	attached = attached || ret == 0;
}

static void detach(void)
{
	struct vfio_device_detach_iommufd_pt call = { .argsz = sizeof(call) };
	long ret = ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &call);

	print_call("DETACH", ret, errno, "", "");
	attached = 0;
}

static void open_device(void)
{
	struct vfio_device_bind_iommufd call = { .argsz = sizeof(call) };

	iommufd = open("/dev/iommu", O_RDWR);
	device = open(device_path, O_RDWR);
	if (iommufd < 0 || device < 0) {
		printf("N %s open %s: %s\n", case_name, device_path, strerrorname_np(errno));
		_exit(1);
	}
	call.iommufd = iommufd;
	long ret = ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &call);

	print_call("BIND_IOMMUFD", ret, errno, "", "");
}

static void step(int may_attach)
{
	unsigned which = below(3) == 0;
	uint64_t iova = IOVAS + below(64) * PAGE, size = (1 + below(8)) * PAGE, vaddr = BASE + below(60) * PAGE;
	uint32_t flags = below(8) ? 7 : 1 + 2 * (uint32_t)below(4);

	if (live_count[which] && below(3)) {
		unsigned any = (unsigned)below(live_count[which]);

		iova = live[which][any].iova;
		size = live[which][any].size;
		if (!below(4))
			size += below(4) * PAGE;
		if (!below(6))
			iova += below(2) * PAGE;
	}
	switch (below(16)) {
	case 0:
		if (may_attach && attached && !below(3))
			detach();
		else if (may_attach && !attached)
			attach();
		else
			ranges();
		break;
	case 1:
		unmap(which, below(4) ? iova : 0, below(4) ? size : UINT64_MAX);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		unmap(which, iova, size);
		break;
	case 6:
	case 7:
	case 8: /* from the first IOAS: the line says no more than whether it also goes there */
		if (live_count[0] > 0) {
			unsigned any = (unsigned)below(live_count[0]);

			copy(which, flags, live[0][any].size, IOVAS + below(64) * PAGE, live[0][any].iova);
		} else {
			copy(which, flags, size, IOVAS + below(64) * PAGE, iova);
		}
		break;
	case 9:
		map(which, flags & ~1u, vaddr, size, 0);
		break;
	case 10:
		map(which, flags, vaddr + 0x800 * below(2), size, iova);
		break;
	default:
		map(which, flags, vaddr, size, IOVAS + below(64) * PAGE);
	}
}

static void story(unsigned number)
{
	live_count[0] = live_count[1] = 0;
	attached = 0;
	open_device();
	ioas[0] = create_ioas();
	ioas[1] = create_ioas();
	memory(BASE, 64 * PAGE, PROT_READ | PROT_WRITE, 1);
	munmap((void *)(BASE + 40 * PAGE), 4 * PAGE);
	if (number % 2)
		limit_memory(32 * PAGE);
	for (unsigned i = 0; i < 80; i++)
		step(number % 3 != 0);
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	for (unsigned i = 0; i < 64; i++) {
		char path[300];

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio%u", words[2], i);
		if (!access(path, F_OK))
			snprintf(device_path, sizeof(device_path), "/dev/vfio/devices/vfio%u", i);
	}
	for (unsigned number = 0; number < 24; number++)
		run_case("iommufd-vtd-detached", number, story);
	return 0;
}
