/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO type1 (v2 semantics): the rules of VFIO_IOMMU_MAP_DMA and
 * VFIO_IOMMU_UNMAP_DMA over a container.  Not here: dirty tracking, vaddr update, v1's
 * unmap rules.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_type1.c, include/uapi/linux/vfio.h; recorded answers
 * of a 6.12 kernel, tests/data/oracles/.
 */
#ifndef IOMMUSIM_SOFTWARE_TYPE1_H
#define IOMMUSIM_SOFTWARE_TYPE1_H

#include "models/software/container.h"

#define TYPE1_ENTRY_LIMIT 65535u /* module parameter dma_entry_limit */
#define TYPE1_FLUSH_RUNS  512u   /* VFIO_IOMMU_TLB_SYNC_MAX */

struct type1 {
	struct container container;
	uint32_t entries_left;
	iova_t iova_last; /* of the domain's aperture, inclusive */
};

/* entry_limit: TYPE1_ENTRY_LIMIT unless the host is configured otherwise; iova_last: 2^48 - 1 with a 4-level table. */
void type1_init(struct type1 *type1, const struct container_config *config, uint32_t entry_limit, iova_t iova_last);
void type1_fini(struct type1 *type1);

/*
 * VFIO_IOMMU_MAP_DMA.  permissions: PT_READ and PT_WRITE as the device sees them.  In this order:
 * EINVAL for none, for misalignment, for no bytes, for a wrap; EEXIST for an overlap; ENOSPC when the entries are used
 * up; EINVAL beyond the aperture or in the MSI window; then container_map's.
 */
int type1_map(struct type1 *type1, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
	      struct host_work *work);

/*
 * VFIO_IOMMU_UNMAP_DMA.  EINVAL for misalignment, no bytes, a wrap, or when the range would cut a mapping
 * at either end; nothing is changed then.  When 0, call type1_unmap_step until it says false;
 * call->bytes is then what the kernel returns as size.
 */
int type1_unmap_begin(struct type1 *type1, struct unmap_call *call, iova_t iova, uint64_t bytes,
		      struct host_work *work);
/* VFIO_DMA_UNMAP_FLAG_ALL. */
void type1_unmap_all_begin(struct type1 *type1, struct unmap_call *call, struct host_work *work);
bool type1_unmap_step(struct type1 *type1, struct unmap_call *call, struct host_work *work);

/* begin and every step, for callers that need no invalidation in between; *unmapped: bytes. */
int type1_unmap_now(struct type1 *type1, iova_t iova, uint64_t bytes, uint64_t *unmapped, struct host_work *work);

#endif
