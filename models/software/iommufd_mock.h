/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's mock IOMMU, on which its own tests of iommufd run: I/O pages of 2 KiB, an aperture that begins at
 * 16 MiB, dirty tracking and nesting.  Here it is a list of what is mapped and what was said to be dirty.
 *
 * Source: [LINUX] drivers/iommu/iommufd/selftest.c.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_MOCK_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_MOCK_H

#include "models/software/iommufd_driver.h"

#define MOCK_PAGE_BYTES UINT64_C(0x800)
#define MOCK_IOVA_FIRST UINT64_C(0x1000000)
#define MOCK_IOVA_LAST  UINT64_C(0x7fffffff)

void iommufd_mock_init(struct iommufd_unit *unit, struct kernel kernel);

/*
 * IOMMU_TEST_OP_DIRTY: the pages whose bits are set, of page_bytes each from iova on, were written by a device.
 * *count of them are mapped.  EINVAL for a misaligned or empty range, and while tracking is off;
 * EOPNOTSUPP by kernels that do not track.
 */
int iommufd_mock_mark_dirty(struct iommufd_table *table, iova_t iova, uint64_t bytes, uint64_t page_bytes,
			    const uint64_t *bits, uint64_t *count);

#endif
