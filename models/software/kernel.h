/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel the host runs, where versions answer differently.  Each rule is a function here, named after what
 * it asks, with the version that changed it; no other file compares versions.
 */
#ifndef IOMMUSIM_SOFTWARE_KERNEL_H
#define IOMMUSIM_SOFTWARE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

struct kernel {
	unsigned version, patchlevel; /* 6.12: 6, 12 */
};

#define KERNEL_DEFAULT ((struct kernel){ 6, 12 })

static inline bool kernel_since(const struct kernel *kernel, unsigned version, unsigned patchlevel)
{
	return kernel->version != version ? kernel->version > version : kernel->patchlevel >= patchlevel;
}

/*
 * VFIO type1, the interface.  Names of commits in [LINUX]: "vfio/type1: Multi-IOMMU domain support" (3.15),
 * "vfio iommu: Add ioctl definition for dirty pages tracking" (5.8), "vfio/type1: Add DMA available capability" (5.10),
 * "vfio: interfaces to update vaddr", "vfio: option to unmap all" (5.12), "vfio/type1: Add IOVA range capability
 * support" (5.4), "vfio: Remove VFIO_TYPE1_NESTING_IOMMU" (6.13).
 */
static inline bool kernel_type1_has_v2(const struct kernel *kernel)
{
	return kernel_since(kernel, 3, 15);
}

/* v1 unmaps by the leaves of the IOMMU's table, not by mappings. */
static inline bool kernel_type1_unmaps_leaves(const struct kernel *kernel)
{
	return !kernel_since(kernel, 3, 15);
}

/* "vfio/type1: Limit DMA mappings per container" (5.1) */
static inline bool kernel_type1_limits_entries(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 1);
}

/* "vfio: align capability structures" (6.6) */
static inline bool kernel_vfio_aligns_capabilities(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 6);
}

static inline bool kernel_type1_has_iova_ranges(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 4);
}

static inline bool kernel_type1_has_dirty_pages(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 8);
}

static inline bool kernel_type1_has_dma_avail(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 10);
}

static inline bool kernel_type1_has_vaddr_update(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 12);
}

static inline bool kernel_type1_has_unmap_all(const struct kernel *kernel)
{
	return kernel_since(kernel, 5, 12);
}

static inline bool kernel_type1_has_nesting(const struct kernel *kernel)
{
	return !kernel_since(kernel, 6, 13);
}

/*
 * VFIO type1, live update: mediated devices and invalid vaddrs exclude each other, and an update moves the locked memory to
 * the process that calls: "vfio/type1: exclude mdevs from VFIO_UPDATE_VADDR", "vfio/type1: restore locked_vm" (6.3, and
 * stable 6.1 from 6.1.16 on).  Before: what the host translates waits for the update; locked memory stays where it is.
 */
static inline bool kernel_type1_update_moves_owner(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 1);
}

/*
 * Wraps of addresses are EOVERFLOW, told before flags and alignment, and an unmap may reach the last address: "vfio/type1:
 * sanitize for overflow using check_*_overflow()", "vfio/type1: handle DMA map/unmap up to the addressable limit" (6.18).
 * Before: EINVAL, told after them; an unmap whose end is 2^64 finds nothing.
 */
static inline bool kernel_type1_overflow(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 18);
}

/*
 * A long-term pin for reading of private memory never written finds the zero page, which is neither kept nor accounted;
 * since "mm/gup: reliable R/O long-term pinning in COW mappings" (6.2) the memory gets pages of its own.
 */
static inline bool kernel_pin_shares_reads(const struct kernel *kernel)
{
	return !kernel_since(kernel, 6, 2);
}

/* ---- iommufd ---- */

/*
 * Does iommufd know the ioctl of this number?  [LINUX] include/uapi/linux/iommufd.h.  The last one is known of a 7.3
 * kernel only by its answer.
 */
static inline bool kernel_has_iommufd_ioctl(const struct kernel *kernel, unsigned number)
{
	static const struct {
		unsigned number, version, patchlevel;
	} since[] = {
		{ 0x80, 6, 2 },  { 0x81, 6, 2 },  { 0x82, 6, 2 },  { 0x83, 6, 2 },  { 0x84, 6, 2 },  { 0x85, 6, 2 },
		{ 0x86, 6, 2 },  { 0x87, 6, 2 },  { 0x88, 6, 2 },  { 0x89, 6, 6 },  { 0x8a, 6, 6 },  { 0x8b, 6, 7 },
		{ 0x8c, 6, 7 },  { 0x8d, 6, 8 },  { 0x8e, 6, 11 }, { 0x8f, 6, 13 }, { 0x90, 6, 13 }, { 0x91, 6, 13 },
		{ 0x92, 6, 14 }, { 0x93, 6, 15 }, { 0x94, 6, 17 }, { 0x95, 7, 3 },
	};

	for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++)
		if (since[i].number == number)
			return kernel_since(kernel, since[i].version, since[i].patchlevel);
	return false;
}

/* HWPT_ALLOC takes flags, data for the driver and, as what it is allocated on, an HWPT. */
static inline bool kernel_hwpt_has_data(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 7);
}

/* IOMMU_HWPT_ALLOC_PASID is a flag. */
static inline bool kernel_hwpt_has_pasid(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 15);
}

/* IOMMU_HWPT_FAULT_ID_VALID stays in iommufd; before, drivers of page tables were asked, and refused it. */
static inline bool kernel_hwpt_keeps_fault_flag(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 13);
}

/* GET_HW_INFO reports capabilities. */
static inline bool kernel_hw_info_has_capabilities(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 7);
}

/* Among them, that a device has no ATS.  First seen in a 7.3 kernel. */
static inline bool kernel_hw_info_has_ats(const struct kernel *kernel)
{
	return kernel_since(kernel, 7, 3);
}

/* GET_DIRTY_BITMAP of no bytes is EINVAL; before, its end wrapped: EOVERFLOW.  First seen in a 7.3 kernel. */
static inline bool kernel_dirty_checks_length(const struct kernel *kernel)
{
	return kernel_since(kernel, 7, 3);
}

/* HWPTs can track dirty pages. */
static inline bool kernel_has_dirty_tracking(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 7);
}

/* GET_HW_INFO says of every VT-d unit that it has erratum 772415 (with nesting). */
static inline bool kernel_vtd_tells_erratum(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 7);
}

/* The mock IOMMU has a page table (drivers/iommu/generic_pt) where it had a list of pages. */
static inline bool kernel_mock_has_page_table(const struct kernel *kernel)
{
	return kernel_since(kernel, 6, 19);
}

#endif
