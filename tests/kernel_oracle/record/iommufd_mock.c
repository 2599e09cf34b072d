/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random calls of iommufd with the kernel's mock IOMMU (CONFIG_IOMMUFD_TEST): two IOASes, up to four mock devices and
 * four page tables of one's own, first stages nested on them, dirty tracking, VFIO's ioctls.  Every third case has no domain in its first half; the
 * odd cases have a limit of 32 pages, every other one of them by process.  Each case's memory: 64 written pages at BASE,
 * of which 40..43 are a hole.
 */
#include "iommufd.h"

#include "iommufd_test.h" /* of the kernel's source, drivers/iommu/iommufd */

#define SLOTS 4u

static uint32_t mock[SLOTS], device[SLOTS], table[SLOTS], nested[SLOTS];

static void allow(void)
{
	uint64_t first = below(4) ? IOVAS + below(64) * PAGE : below(4) * PAGE, second = first + below(40) * PAGE;
	struct iommu_iova_range range[2] = { { first, first + (1 + below(32)) * PAGE - 1 },
					     { second, second + (1 + below(32)) * PAGE - 1 } };
	struct iommu_ioas_allow_iovas call = { .size = sizeof(call),
					       .ioas_id = ioas[0],
					       .num_iovas = (uint32_t)below(3),
					       .allowed_iovas = (uintptr_t)range };

	long ret = ioctl(iommufd, IOMMU_IOAS_ALLOW_IOVAS, &call);

	print_call("ALLOW_IOVAS", ret, errno, "", "[%#lx-%#lx][%#lx-%#lx] num=%u", (long)range[0].start,
		   (long)range[0].last, (long)range[1].start, (long)range[1].last, call.num_iovas);
}

static void set_option(uint32_t id, uint32_t object, uint64_t value)
{
	struct iommu_option call = {
		.size = sizeof(call), .option_id = id, .op = IOMMU_OPTION_OP_SET, .object_id = object, .val64 = value
	};
	long ret = ioctl(iommufd, IOMMU_OPTION, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "val64=%#lx", (long)call.val64);
	print_call("OPTION", ret, error, out, "%s SET obj=%s val=%#lx", id ? "HUGE_PAGES" : "RLIMIT_MODE",
		   !object             ? "0"
		   : object == ioas[0] ? "ioas"
				       : "second",
		   (long)value);
}

/* ---- devices and page tables, by slot ---- */

static void attach(unsigned slot, unsigned which)
{
	struct iommu_test_cmd call = { .size = sizeof(call), .op = IOMMU_TEST_OP_MOCK_DOMAIN, .id = ioas[which] };
	long ret = ioctl(iommufd, IOMMU_TEST_CMD, &call);

	print_call("slot attach", ret, errno, "", "slot=%u ioas=%u", slot, which);
	if (ret == 0) {
		mock[slot] = call.mock_domain.out_stdev_id;
		device[slot] = call.mock_domain.out_idev_id;
	}
}

static long destroy(uint32_t id)
{
	struct iommu_destroy call = { .size = sizeof(call), .id = id };

	return ioctl(iommufd, IOMMU_DESTROY, &call);
}

static void detach(unsigned slot)
{
	long ret = destroy(mock[slot]);

	print_call("slot detach", ret, errno, "", "slot=%u", slot);
	mock[slot] = ret ? mock[slot] : 0;
}

static void alloc_table(unsigned slot, unsigned which, unsigned of, uint32_t flags)
{
	struct iommu_hwpt_alloc call = {
		.size = sizeof(call), .flags = flags, .dev_id = device[of], .pt_id = ioas[which]
	};
	long ret = ioctl(iommufd, IOMMU_HWPT_ALLOC, &call);

	print_call("slot table", ret, errno, "", "slot=%u ioas=%u device=%u flags=%#x", slot, which, of, call.flags);
	table[slot] = ret ? 0 : call.out_hwpt_id;
}

static void free_table(unsigned slot)
{
	long ret = destroy(table[slot]);

	print_call("slot table free", ret, errno, "", "slot=%u", slot);
	table[slot] = ret ? table[slot] : 0;
}

static void alloc_nested(unsigned slot, unsigned on, unsigned of)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct iommu_hwpt_alloc call = { .size = sizeof(call),
					 .dev_id = device[of],
					 .pt_id = table[on],
					 .data_type = IOMMU_HWPT_DATA_SELFTEST,
					 .data_len = sizeof(data),
					 .data_uptr = (uintptr_t)&data };
	long ret = ioctl(iommufd, IOMMU_HWPT_ALLOC, &call);

	print_call("slot nested", ret, errno, "", "slot=%u table=%u device=%u", slot, on, of);
	nested[slot] = ret ? 0 : call.out_hwpt_id;
}

static void free_nested(unsigned slot)
{
	long ret = destroy(nested[slot]);

	print_call("slot nested free", ret, errno, "", "slot=%u", slot);
	nested[slot] = ret ? nested[slot] : 0;
}

/* To an IOAS (0), a table (1), a first stage (2). */
static void replace(unsigned slot, unsigned to, unsigned index)
{
	struct iommu_test_cmd call = { .size = sizeof(call),
				       .op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
				       .id = mock[slot] };

	call.mock_domain_replace.pt_id = to == 0 ? ioas[index % 2] : to == 1 ? table[index] : nested[index];
	long ret = ioctl(iommufd, IOMMU_TEST_CMD, &call);

	print_call("slot replace", ret, errno, "", "slot=%u to=%u index=%u", slot, to, to ? index : index % 2);
}

static void track(unsigned slot)
{
	struct iommu_hwpt_set_dirty_tracking call = { .size = sizeof(call),
						      .flags = below(4) != 0,
						      .hwpt_id = table[slot] };

	long ret = ioctl(iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &call);

	print_call("slot track", ret, errno, "", "slot=%u flags=%#x", slot, call.flags);
}

static void mark(unsigned slot, uint64_t iova)
{
	uint64_t bits = below(UINT64_MAX) & below(UINT64_MAX);
	struct iommu_test_cmd call = { .size = sizeof(call), .op = IOMMU_TEST_OP_DIRTY, .id = table[slot] };
	char out[32];

	call.dirty.iova = iova;
	call.dirty.length = 0x20000;
	call.dirty.page_size = 0x800;
	call.dirty.uptr = (uintptr_t)&bits;
	long ret = ioctl(iommufd, IOMMU_TEST_CMD, &call);
	int error = errno;

	snprintf(out, sizeof(out), "nr=%lu", (unsigned long)call.dirty.out_nr_dirty);
	print_call("slot mark", ret, error, out, "slot=%u iova=%#lx bits=%#lx", slot, (long)iova, (long)bits);
}

static void get_bitmap(unsigned slot, uint64_t iova)
{
	static const uint64_t pages[] = { 0x800, 0x1000, 0x2000, 0x4000 };
	uint64_t words[64] = { 0 };
	struct iommu_hwpt_get_dirty_bitmap call = { .size = sizeof(call),
						    .hwpt_id = table[slot],
						    .flags = below(3) == 0,
						    .iova = iova,
						    .length = below(8) ? (1 + below(16)) * 0x4000
								       : (1 + below(64)) * 0x800,
						    .page_size = pages[below(4)],
						    .data = (uintptr_t)words };
	long ret = ioctl(iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &call);
	int error = errno;
	char out[64];

	snprintf(out, sizeof(out), "bm[0]=%#lx bm[1]=%#lx", (long)words[0], (long)words[1]);
	print_call("slot bitmap", ret, error, out, "slot=%u iova=%#lx len=%#lx pgsz=%#lx flags=%#x", slot, (long)iova,
		   (long)call.length, (long)call.page_size, call.flags);
}

/* How often each of a few pages is pinned: is it `refs` times? */
static void check_refs(void)
{
	struct iommu_test_cmd call = { .size = sizeof(call), .op = IOMMU_TEST_OP_MD_CHECK_REFS };
	uint64_t page = below(40);

	call.check_refs.length = PAGE;
	call.check_refs.uptr = BASE + page * PAGE;
	call.check_refs.refs = (uint32_t)below(4);
	long ret = ioctl(iommufd, IOMMU_TEST_CMD, &call);

	print_call("slot refs", ret, errno, "", "page=%lu refs=%u", (long)page, call.check_refs.refs);
}

/* ---- VFIO ---- */

static void vfio_ioas(unsigned which)
{
	struct iommu_vfio_ioas call = { .size = sizeof(call), .ioas_id = ioas[which], .op = IOMMU_VFIO_IOAS_SET };

	long ret = ioctl(iommufd, IOMMU_VFIO_IOAS, &call);

	print_call("slot vfio", ret, errno, "", "ioas=%u", which);
}

static void vfio_type(void)
{
	long type = below(2) ? 1 : 3;

	long ret = ioctl(iommufd, VFIO_SET_IOMMU, type);

	print_call("compat SET_IOMMU", ret, errno, "", "type=%ld", type);
}

static void vfio_map(uint64_t vaddr, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map call = { .argsz = sizeof(call),
						 .flags = below(8) ? 3 : (uint32_t)below(4),
						 .vaddr = vaddr,
						 .iova = iova,
						 .size = size };

	long ret = ioctl(iommufd, VFIO_IOMMU_MAP_DMA, &call);

	print_call("compat MAP_DMA", ret, errno, "", "flags=%#x va=%#lx iova=%#lx size=%#lx", call.flags, (long)vaddr,
		   (long)iova, (long)size);
}

static void vfio_unmap(uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap call = { .argsz = sizeof(call), .iova = iova, .size = size };
	long ret = ioctl(iommufd, VFIO_IOMMU_UNMAP_DMA, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "size=%#lx", (long)call.size);
	print_call("compat UNMAP_DMA", ret, error, out, "flags=%#x iova=%#lx size=%#lx", 0, (long)iova, (long)size);
}

/* ---- a case ---- */

static void step_object(int may_attach)
{
	unsigned slot = (unsigned)below(SLOTS), of = (unsigned)below(SLOTS), tracked = slot;
	uint64_t iova = IOVAS + below(64) * PAGE;

	for (unsigned i = 0; i < SLOTS && !table[tracked]; i++)
		tracked = (tracked + 1) % SLOTS;
	switch (below(14)) {
	case 9:
		if (nested[slot] && below(2))
			free_nested(slot);
		else
			alloc_nested(slot, tracked, of);
		break;
	case 10:
	case 11:
	case 12:
	case 13:
		for (unsigned i = 0; i < SLOTS && !mock[of]; i++)
			of = (of + 1) % SLOTS;
		if (may_attach)
			replace(of, (unsigned)below(3), below(2) ? tracked : slot);
		break;
	case 0:
	case 1:
		if (mock[slot])
			detach(slot);
		else if (may_attach)
			attach(slot, below(3) == 0);
		break;
	case 2:
	case 3:
		if (table[slot] && below(2))
			free_table(slot);
		else if (may_attach && (mock[of] || mock[of = (of + 1) % SLOTS]))
			alloc_table(slot, below(3) == 0, of, (uint32_t)below(4));
		break;
	case 4:
		track(tracked);
		break;
	case 5:
	case 6:
		mark(tracked, iova & ~0x3fffUL);
		break;
	default:
		get_bitmap(tracked, below(4) ? iova & ~0x3fffUL : iova);
	}
}

static void step(int may_attach)
{
	unsigned which = below(3) == 0;
	uint64_t grain = below(4) ? PAGE : PAGE / 2;
	uint64_t iova = IOVAS + below(64) * grain, size = (1 + below(8)) * grain, vaddr = BASE + below(60) * PAGE;
	uint32_t flags = below(8) ? 7 : 1 + 2 * (uint32_t)below(4);

	if (live_count[which] && below(3)) {
		unsigned any = (unsigned)below(live_count[which]);

		iova = live[which][any].iova;
		size = live[which][any].size;
		if (!below(4))
			size += below(4) * grain;
		if (!below(6))
			iova += below(2) * grain;
	}
	switch (below(24)) {
	case 0:
	case 1:
	case 2:
	case 20:
	case 21:
	case 22:
		step_object(may_attach);
		break;
	case 3:
		ranges();
		break;
	case 4:
		if (below(3))
			set_option(1, ioas[which], below(2));
		else
			allow();
		break;
	case 5:
		if (below(2))
			vfio_ioas(which);
		else
			vfio_type();
		break;
	case 6:
		vfio_map(vaddr, IOVAS + below(64) * grain, size);
		break;
	case 7:
	case 8:
		vfio_unmap(iova, size);
		break;
	case 9:
		check_refs();
		break;
	case 10:
	case 11:
	case 12:
		unmap(which, iova, size);
		break;
	case 13:
	case 14:
		if (live_count[0] > 0) {
			unsigned any = (unsigned)below(live_count[0]);

			copy(which, flags, live[0][any].size, IOVAS + below(64) * grain, live[0][any].iova);
		}
		break;
	case 15:
		if (!may_attach) /* below the aperture it would keep devices away */
			break;
		map(which, flags & ~1u, vaddr + below(2) * PAGE / 2, size, 0);
		break;
	default:
		map(which, flags, vaddr + (below(8) ? 0 : PAGE / 2), size, IOVAS + below(64) * grain);
	}
}

static void story(unsigned number)
{
	live_count[0] = live_count[1] = 0;
	iommufd = open("/dev/iommu", O_RDWR);
	if (iommufd < 0)
		_exit(1);
	if (number % 4 == 3)
		set_option(0, 0, 1);
	ioas[0] = create_ioas();
	ioas[1] = create_ioas();
	memory(BASE, 64 * PAGE, PROT_READ | PROT_WRITE, 1);
	munmap((void *)(BASE + 40 * PAGE), 4 * PAGE);
	if (number % 2)
		limit_memory(32 * PAGE);
	if (number % 3 == 1) { /* a device and a table of its own, from the beginning */
		attach(0, 0);
		alloc_table(0, 0, 0, IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
		track(0);
	}
	for (unsigned i = 0; i < 160; i++)
		step(number % 3 != 0 || i > 80);
}

int main(void)
{
	for (unsigned number = 0; number < 24; number++)
		run_case("iommufd-mock-detached", number, story);
	return 0;
}
