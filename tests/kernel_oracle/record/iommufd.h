/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of two IOASes, which iommufd.c and iommufd_mock.c ask alike. */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_RECORD_IOMMUFD_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_RECORD_IOMMUFD_H

#include <linux/iommufd.h>

#include "record.h"

#define PAGE  0x1000UL
#define IOVAS 0x2000000UL
#define LIVE  64u

static int iommufd;
static uint32_t ioas[2];
static struct {
	uint64_t iova, size;
} live[2][LIVE];
static unsigned live_count[2];

static const char *op_of(const char *op, unsigned which)
{
	static char name[32];

	snprintf(name, sizeof(name), which ? "%s(ioas2)" : "%s", op);
	return name;
}

static void remember(unsigned which, uint64_t iova, uint64_t size)
{
	unsigned at = live_count[which] < LIVE ? live_count[which]++ : (unsigned)below(LIVE);

	live[which][at].iova = iova;
	live[which][at].size = size;
}

static uint32_t create_ioas(void)
{
	struct iommu_ioas_alloc call = { .size = sizeof(call) };
	long ret = ioctl(iommufd, IOMMU_IOAS_ALLOC, &call);

	print_call("IOAS_ALLOC", ret, errno, ret ? "" : "id>0", "flags=0");
	return call.out_ioas_id;
}

static void map(unsigned which, uint32_t flags, uint64_t vaddr, uint64_t size, uint64_t iova)
{
	struct iommu_ioas_map call = { .size = sizeof(call),
				       .flags = flags,
				       .ioas_id = ioas[which],
				       .user_va = vaddr,
				       .length = size,
				       .iova = iova };
	long ret = ioctl(iommufd, IOMMU_IOAS_MAP, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "iova=%#lx", (unsigned long)call.iova);
	print_call(op_of("IOAS_MAP", which), ret, error, out, "flags=%#x va=%#lx len=%#lx iova=%#lx", flags, vaddr,
		   size, iova);
	if (ret == 0)
		remember(which, call.iova, size);
}

static void unmap(unsigned which, uint64_t iova, uint64_t size)
{
	struct iommu_ioas_unmap call = { .size = sizeof(call), .ioas_id = ioas[which], .iova = iova, .length = size };
	long ret = ioctl(iommufd, IOMMU_IOAS_UNMAP, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "length=%#lx", (unsigned long)call.length);
	print_call(op_of("IOAS_UNMAP", which), ret, error, out, "iova=%#lx len=%#lx", iova, size);
}

/* From the first IOAS. */
static void copy(unsigned to, uint32_t flags, uint64_t size, uint64_t iova, uint64_t source)
{
	struct iommu_ioas_copy call = { .size = sizeof(call),
					.flags = flags,
					.dst_ioas_id = ioas[to],
					.src_ioas_id = ioas[0],
					.length = size,
					.dst_iova = iova,
					.src_iova = source };
	long ret = ioctl(iommufd, IOMMU_IOAS_COPY, &call);
	int error = errno;
	char out[48];

	snprintf(out, sizeof(out), "dst_iova=%#lx", (unsigned long)call.dst_iova);
	print_call("IOAS_COPY", ret, error, out, "flags=%#x len=%#lx dst_iova=%#lx src_iova=%#lx same_ioas=%d", flags,
		   size, iova, source, to == 0);
	if (ret == 0)
		remember(to, call.dst_iova, size);
}

static void ranges(void)
{
	struct iommu_iova_range range[4] = { 0 };
	struct iommu_ioas_iova_ranges call = {
		.size = sizeof(call), .ioas_id = ioas[0], .num_iovas = 4, .allowed_iovas = (uintptr_t)range
	};
	long ret = ioctl(iommufd, IOMMU_IOAS_IOVA_RANGES, &call);
	int error = errno;
	char out[400];
	int length = snprintf(out, sizeof(out), "num=%u align=%#lx", call.num_iovas, (long)call.out_iova_alignment);

	for (uint32_t i = 0; i < 4 && i < call.num_iovas; i++)
		length += snprintf(out + length, sizeof(out) - (size_t)length, " [%#lx-%#lx]", (long)range[i].start,
				   (long)range[i].last);
	print_call("IOVA_RANGES", ret, error, out, "num=%u", 4);
}

#endif
