/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What iommufd asks of an IOMMU driver: page tables for its HWPTs, guests' first stages on them, dirty bits, and what
 * the hardware is.  One struct iommufd_unit is one IOMMU; a driver embeds it first in its own.
 *
 *   iommufd_vtd.h    VT-d
 *   iommufd_mock.h   the kernel's own mock IOMMU (CONFIG_IOMMUFD_TEST)
 *
 * Sources: [LINUX] include/linux/iommu.h (struct iommu_ops), drivers/iommu/iommufd/hw_pagetable.c.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_DRIVER_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_DRIVER_H

#include <errno.h>

#include "models/software/iommufd_ioas.h"
#include "models/software/kernel.h"

/* enum iommufd_hwpt_alloc_flags */
#define IOMMUFD_HWPT_NEST_PARENT    0x1u
#define IOMMUFD_HWPT_DIRTY_TRACKING 0x2u
#define IOMMUFD_HWPT_FAULT_ID_VALID 0x4u
#define IOMMUFD_HWPT_PASID          0x8u

/* enum iommu_hwpt_data_type */
#define IOMMUFD_DATA_NONE     0x0u
#define IOMMUFD_DATA_VTD_S1   0x1u
#define IOMMUFD_DATA_SELFTEST 0xdeadu

/* A structure of the caller's, for the driver. */
struct iommufd_data {
	uint32_t type;
	uint32_t bytes;
	uint64_t word[4]; /* its first bytes; beyond them it is all zeros */
};

/* IOMMU_GET_HW_INFO */
struct iommufd_hw_info {
	uint32_t type;
	uint32_t bytes; /* of the words */
	uint64_t word[3];
	uint64_t capabilities; /* enum iommufd_hw_capabilities */
};

#define IOMMUFD_CAP_DIRTY_TRACKING    0x1u
#define IOMMUFD_CAP_ATS_NOT_SUPPORTED 0x8u

struct iommufd_unit;

/* A page table that a driver made. */
struct iommufd_table {
	struct iommufd_unit *unit;
	struct iommufd_domain domain;
	bool tracks_dirty;
	void *state; /* the driver's */
};

struct iommufd_driver {
	bool has_nesting; /* it has the operation, whatever it answers */

	/* May a page table be made?  flags as the kernel hands them on; data NULL: none. */
	int (*check_paging)(const struct iommufd_unit *unit, uint32_t flags, const struct iommufd_data *data);
	void (*table_init)(struct iommufd_unit *unit, uint32_t flags, struct iommufd_table *table);
	void (*table_fini)(struct iommufd_table *table);

	/* May a first stage be nested on a table that is a nesting parent? */
	int (*check_nested)(const struct iommufd_unit *unit, const struct iommufd_data *data);
	/* May a device use that first stage?  NULL: any. */
	int (*check_nested_attach)(const struct iommufd_unit *unit, const struct iommufd_data *data);
	/* Checks one request to invalidate a nested first stage of that data type. */
	int (*check_invalidation)(const struct iommufd_unit *unit, const struct iommufd_data *request);

	/* NULL: no table tracks. */
	void (*set_tracking)(struct iommufd_table *table, bool enable);
	/* Tells of each dirty page in [iova, iova + bytes) of an area and clears it unless keep; EINVAL: not tracked. */
	int (*read_dirty)(struct iommufd_table *table, iova_t iova, uint64_t bytes, bool keep,
			  void (*record)(void *argument, iova_t iova, uint64_t bytes), void *argument);

	void (*hw_info)(const struct iommufd_unit *unit, struct iommufd_hw_info *info);
};

struct iommufd_unit {
	const struct iommufd_driver *driver;
	struct kernel kernel;
	bool tracks_dirty; /* IOMMU_CAP_DIRTY_TRACKING */
};

/* [LINUX] iommu_copy_struct_from_user(): of the type, and not shorter than its first version; else EINVAL. */
static inline int iommufd_data_check(const struct iommufd_data *data, uint32_t type, uint32_t bytes_min)
{
	return data->type == type && data->bytes >= bytes_min ? 0 : EINVAL;
}

#endif
