/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO's sPAPR TCE driver, v1 and v2: what a container answers to calls, call by call as Linux does.  v1 pins each
 * page that is mapped and accounts the whole default window once; v2 maps memory that was registered, and makes and
 * removes windows.
 *
 * Defects of the kernels recorded are not here (docs/spapr-tce.md): UNREGISTER of mapped memory is EBUSY, a misaligned
 * IOVA and a range past the window's end are EINVAL, REGISTER over a hole is EFAULT, a window that fails leaves
 * nothing accounted.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_spapr_tce.c, include/uapi/linux/vfio.h; recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_H
#define IOMMUSIM_SOFTWARE_SPAPR_H

#include "models/software/spapr_eeh.h"
#include "models/software/spapr_window.h"
#include "models/software/vfio.h"

struct spapr_container {
	const struct spapr_host *host;
	bool v2, enabled;
	bool window_pending;    /* the default window is made by the first call that needs one */
	struct process *owner;  /* whose memory is mapped and charged; NULL until a call decides */
	uint64_t enabled_bytes; /* v1: charged by ENABLE */
	struct spapr_group *groups;
	struct spapr_window *window[SPAPR_WINDOWS]; /* NULL: none */
	struct region **held;                       /* [held_count] regions of the owner that it registered */
	size_t held_count;
};

/* The driver for VFIO_SPAPR_TCE_IOMMU and VFIO_SPAPR_TCE_v2_IOMMU.  It is called while it has a group.  vfio_host.spapr must be set, group->iommu is a
 * struct spapr_group *, callers have process->registrations; its state is a struct spapr_container *. */
extern const struct vfio_driver spapr_driver;

#define SPAPR_INFO_DDW 1u /* VFIO_IOMMU_SPAPR_INFO_DDW */

#define SPAPR_INFO_BYTES     16u /* of struct vfio_iommu_spapr_tce_info without dynamic windows */
#define SPAPR_INFO_DDW_BYTES 32u /* with them */

/* VFIO_IOMMU_SPAPR_TCE_GET_INFO; VFIO_IOMMU_GET_INFO is the same number and so the same call. */
struct spapr_info_call {
	uint32_t argsz;
	/* Results; those of dynamic windows only if argsz has room for them. */
	uint32_t flags;
	uint32_t window32_start, window32_bytes;
	uint64_t page_sizes;
	uint32_t windows, levels;
};

/* VFIO_IOMMU_MAP_DMA. */
#define SPAPR_MAP_READ  1u
#define SPAPR_MAP_WRITE 2u
struct spapr_map_call {
	uint32_t flags;
	uint64_t vaddr;
	iova_t iova;
	uint64_t bytes;
};

/* VFIO_IOMMU_UNMAP_DMA: bytes stays. */
struct spapr_unmap_call {
	uint32_t flags;
	iova_t iova;
	uint64_t bytes;
};

/* VFIO_IOMMU_SPAPR_REGISTER_MEMORY, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY. */
struct spapr_memory_call {
	uint32_t flags;
	uint64_t vaddr, bytes;
};

/* VFIO_IOMMU_SPAPR_TCE_CREATE. */
struct spapr_create_call {
	uint32_t flags;
	uint32_t page_lg2;
	uint64_t bytes;
	uint32_t levels;
	iova_t start; /* result; unchanged when it fails */
};

/* VFIO_IOMMU_SPAPR_TCE_REMOVE: of the window that holds start. */
struct spapr_remove_call {
	uint32_t flags;
	iova_t start;
};

/* VFIO_EEH_PE_OP: spapr_eeh.h. */
struct spapr_eeh_call {
	uint32_t flags;
	uint32_t op;    /* enum spapr_eeh_op */
	uint32_t state; /* result of SPAPR_EEH_GET_STATE: enum spapr_eeh_state */
};

/* The container's window that holds iova, or NULL. */
struct spapr_window *spapr_window_at(const struct spapr_container *container, iova_t iova);

#endif
