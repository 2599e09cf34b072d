/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO's core: groups are put into containers, a container gets an IOMMU driver, and calls go to it.  A driver (type1,
 * sPAPR) is a struct vfio_driver; this file knows none of them.  A group's device can be opened once its container has
 * a driver; with its last group a container loses the driver and everything that was mapped.
 *
 * Not here: VFIO over iommufd, devices' own calls, groups without an IOMMU (noiommu).
 *
 * Sources: [LINUX] drivers/vfio/container.c (vfio_container_attach_group, vfio_ioctl_set_iommu,
 * vfio_container_ioctl_check_extension), drivers/vfio/group.c (vfio_group_ioctl_set_container,
 * vfio_group_ioctl_unset_container, vfio_df_group_open), include/uapi/linux/vfio.h; recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_VFIO_H
#define IOMMUSIM_SOFTWARE_VFIO_H

#include "models/software/host.h"
#include "models/software/kernel.h"
#include "models/software/process.h"

#define VFIO_API_VERSION 0

/* VFIO_CHECK_EXTENSION; those that name a type are VFIO_SET_IOMMU's too. */
enum vfio_extension {
	VFIO_TYPE1_IOMMU = 1,
	VFIO_SPAPR_TCE_IOMMU = 2,
	VFIO_TYPE1v2_IOMMU = 3,
	VFIO_DMA_CC_IOMMU = 4,
	VFIO_EEH = 5,
	VFIO_TYPE1_NESTING_IOMMU = 6,
	VFIO_SPAPR_TCE_v2_IOMMU = 7,
	VFIO_NOIOMMU_IOMMU = 8,
	VFIO_UNMAP_ALL = 9,
	VFIO_UPDATE_VADDR = 10,
};

/* What a container passes on to its driver.  The argument of each is the driver's: struct type1_*_call, spapr.h. */
enum vfio_request {
	VFIO_IOMMU_GET_INFO,
	VFIO_IOMMU_MAP_DMA,
	VFIO_IOMMU_UNMAP_DMA,
	VFIO_IOMMU_DIRTY_PAGES,
	VFIO_IOMMU_SPAPR_TCE_GET_INFO,
	VFIO_IOMMU_ENABLE,
	VFIO_IOMMU_DISABLE,
	VFIO_EEH_PE_OP,
	VFIO_IOMMU_SPAPR_REGISTER_MEMORY,
	VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY,
	VFIO_IOMMU_SPAPR_TCE_CREATE,
	VFIO_IOMMU_SPAPR_TCE_REMOVE,
};

struct vfio_group;
struct vfio_driver;
struct spapr_host;

/* The host's kernel: one for all its containers. */
struct vfio_host {
	struct kernel kernel;
	const struct vfio_driver *const *driver; /* [driver_count], asked in this order */
	size_t driver_count;
	uint32_t dma_entry_limit;       /* parameter of vfio_iommu_type1: mappings per container */
	const struct spapr_host *spapr; /* NULL: not a POWER host */
};

struct vfio_driver {
	const char *name;
	/* state NULL: of the driver, before SET_IOMMU.  The call's result, 0: no. */
	int (*check_extension)(const struct vfio_host *host, void *state, uint64_t extension);
	/* 0 and *state, on the heap; or errno.  type passed check_extension. */
	int (*open)(const struct vfio_host *host, uint64_t type, void **state);
	/* The last group left. */
	void (*release)(void *state, struct host_work *work);
	int (*attach_group)(void *state, struct vfio_group *group, struct host_work *work);
	void (*detach_group)(void *state, struct vfio_group *group, struct host_work *work);
	/* 0 or errno; ENOTTY for what the driver does not know. */
	int (*call)(void *state, struct process *caller, enum vfio_request request, void *argument,
		    struct host_work *work);
};

struct vfio_container {
	const struct vfio_host *host;
	const struct vfio_driver *driver; /* NULL before SET_IOMMU */
	void *state;                      /* the driver's */
	struct vfio_group *groups;        /* newest first */
};

/* What stands behind a group. */
enum vfio_group_kind {
	VFIO_GROUP_IOMMU,    /* devices behind an IOMMU */
	VFIO_GROUP_EMULATED, /* mediated devices: they ask the driver for pages, and reach no memory themselves */
};

struct vfio_group {
	/* The owner's. */
	enum vfio_group_kind kind;
	void *iommu;     /* of VFIO_GROUP_IOMMU, as the driver attaches it: struct type1_iommu, spapr.h */
	bool kernel_use; /* a kernel driver does DMA with a device of it: the group is not viable */

	/* vfio.c's: zero-initialise. */
	struct vfio_container *container;
	struct vfio_group *next; /* of its container */
	unsigned devices_open;
	bool file_open, file_closing;
};

void vfio_container_init(struct vfio_container *container, const struct vfio_host *host);

/* All return 0 or errno, except: VFIO_CHECK_EXTENSION's result. */
int vfio_check_extension(const struct vfio_container *container, uint64_t extension);
/* EINVAL without a group, or again; ENODEV when no driver has the type; else the driver's. */
int vfio_set_iommu(struct vfio_container *container, uint64_t type, struct host_work *work);
/* EINVAL without a driver. */
int vfio_call(struct vfio_container *container, struct process *caller, enum vfio_request request, void *argument,
	      struct host_work *work);

/* EBUSY when it is open. */
int vfio_group_open(struct vfio_group *group);
/* The last reference to the group's file: with devices open, it goes with the last of them.  Leaves the container. */
void vfio_group_close(struct vfio_group *group, struct host_work *work);

#define VFIO_GROUP_FLAGS_VIABLE        1u
#define VFIO_GROUP_FLAGS_CONTAINER_SET 2u
/* VFIO_GROUP_GET_STATUS. EINVAL: argsz below 8. */
int vfio_group_status(const struct vfio_group *group, uint32_t argsz, uint32_t *flags);
/* EINVAL: it has one; EBUSY: a kernel driver owns it; else the driver's. */
int vfio_group_set_container(struct vfio_group *group, struct vfio_container *container, struct host_work *work);
/* EINVAL: it has none; EBUSY: a device is open. */
int vfio_group_unset_container(struct vfio_group *group, struct host_work *work);
/* VFIO_GROUP_GET_DEVICE_FD of a device that the group has.  EINVAL: no container, or one without a driver. */
int vfio_device_open(struct vfio_group *group);
void vfio_device_close(struct vfio_group *group, struct host_work *work);

#endif
