/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommufd as a process calls it: an open /dev/iommu, the objects in it by number, and its ioctls.  Each function is
 * one ioctl with its arguments; it answers 0 or the errno value that the kernel's gives, in the kernel's order of
 * checks.  What was read and written of the caller's structure is up to the caller: a call that fails leaves its
 * outputs alone unless it says otherwise.
 *
 *   iommufd_pages.h    the memory behind mappings, pinned and charged once
 *   iommufd_ioas.h     one IO address space: areas, IOVAs, domains
 *   iommufd_driver.h   what an IOMMU driver answers
 *   iommufd.h          (here) objects; IOAS, OPTION and DESTROY ioctls
 *   iommufd_device.h   devices: bind, attach, detach; the mock's
 *   iommufd_hwpt.h     HWPT ioctls: page tables, nesting, dirty tracking, hardware information
 *   iommufd_vfio.h     VFIO's container ioctls on an iommufd
 *   iommufd_nested.h   a guest's first stage, for the simulator's hot path
 *
 * SIMPLIFIED: each device is a group of its own; no fault queues, virtual IOMMUs, event queues, hardware queues,
 * accesses by drivers (mediated devices) and dma-bufs.
 *
 * Sources: [LINUX] drivers/iommu/iommufd/{main,ioas,vfio_compat,device,hw_pagetable}.c, include/uapi/linux/iommufd.h;
 * recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_H

#include "models/software/iommufd_driver.h"
#include "models/software/iommufd_nested.h"

enum iommufd_kind {
	IOMMUFD_IOAS,
	IOMMUFD_DEVICE,
	IOMMUFD_HWPT,        /* kernel-managed: struct iommufd_hwpt */
	IOMMUFD_HWPT_NESTED, /* a guest's first stage */
	IOMMUFD_MOCK_DEVICE, /* IOMMUFD_OBJ_SELFTEST: owns a device */
};

struct iommufd_object {
	uint32_t id;
	uint32_t users; /* 1: nothing but its number refers to it */
	enum iommufd_kind kind;
};

struct iommufd {
	struct kernel kernel;
	enum account_mode mode;         /* IOMMU_OPTION_RLIMIT_MODE: ACCOUNT_USER or ACCOUNT_MM */
	struct iommufd_object **object; /* [object_capacity], by number; NULL: free; 0 never is */
	size_t object_capacity;
	struct iommufd_ioas *vfio_ioas; /* IOMMU_VFIO_IOAS; NULL: none */
};

struct iommufd_ioas {
	struct iommufd_object object; /* first; a user for each HWPT */
	struct ioas ioas;
};

/* The process that calls. */
struct iommufd_caller {
	struct process *process;
	struct account *user;
	bool cap_ipc_lock;
	uint32_t pin_batch_pages;
};

/* vfio_container: opened as /dev/vfio/vfio, which accounts as VFIO does. */
void iommufd_init(struct iommufd *iommufd, struct kernel kernel, bool vfio_container);
/* The last reference to the file goes; devices that were bound are unbound. */
void iommufd_fini(struct iommufd *iommufd);

/* ---- objects ---- */

/* The object of that number and kind, or NULL. */
struct iommufd_object *iommufd_find(const struct iommufd *iommufd, uint32_t id, enum iommufd_kind kind);
struct iommufd_object *iommufd_find_any(const struct iommufd *iommufd, uint32_t id);
struct iommufd_ioas *iommufd_find_ioas(const struct iommufd *iommufd, uint32_t id);
/* Gives object, whose storage begins with it and is on the heap, the lowest free number. */
void iommufd_add(struct iommufd *iommufd, struct iommufd_object *object, enum iommufd_kind kind);
/* Takes the object out and frees what it holds; it has one user. */
void iommufd_remove(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work);

/*
 * What comes before every ioctl: ENOTTY for a number the kernel does not have (IOC_NR), EINVAL for a structure of
 * fewer bytes than its first version, E2BIG for one with something in bytes that the kernel does not know.
 * used_bytes: up to the last byte that is not zero.
 */
int iommufd_check_call(const struct iommufd *iommufd, unsigned number, uint32_t bytes, uint32_t used_bytes);

/* IOMMU_DESTROY: ENOENT, EBUSY. */
int iommufd_destroy(struct iommufd *iommufd, uint32_t id, struct host_work *work);

/* ---- IOAS ---- */

/* Flags of IOAS_MAP, IOAS_MAP_FILE and IOAS_COPY. */
#define IOMMUFD_MAP_FIXED    0x1u
#define IOMMUFD_MAP_WRITABLE 0x2u
#define IOMMUFD_MAP_READABLE 0x4u

int iommufd_ioas_alloc(struct iommufd *iommufd, uint32_t flags, uint32_t *id);

/* *iova: where to, with IOMMUFD_MAP_FIXED; where it was put, after success. */
int iommufd_ioas_map(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t ioas, uint32_t flags,
		     uint64_t vaddr, uint64_t bytes, iova_t *iova, struct host_work *work);

/* file NULL: the descriptor is not open, EBADF.  A file that memfd_pin_folios() cannot pin is one of no bytes. */
int iommufd_ioas_map_file(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t ioas, uint32_t flags,
			  const struct iommufd_file *file, uint64_t start, uint64_t bytes, iova_t *iova,
			  struct host_work *work);

int iommufd_ioas_copy(struct iommufd *iommufd, uint32_t to, uint32_t from, uint32_t flags, uint64_t bytes,
		      iova_t *to_iova, iova_t from_iova, struct host_work *work);

/* *bytes: how many, UINT64_MAX from 0: all; how many were unmapped, after success. */
int iommufd_ioas_unmap(struct iommufd *iommufd, uint32_t ioas, iova_t iova, uint64_t *bytes, struct host_work *work);

/* *count: room in span; how many there are, also with EMSGSIZE. */
int iommufd_ioas_ranges(const struct iommufd *iommufd, uint32_t ioas, struct iova_span *span, uint32_t *count,
			uint64_t *alignment);

int iommufd_ioas_allow(struct iommufd *iommufd, uint32_t ioas, const struct iova_span *span, uint32_t count);

/*
 * IOMMU_IOAS_CHANGE_PROCESS: the caller becomes the source of all that is mapped, and pays.  EINVAL unless every
 * mapping is of a file; ENOMEM beyond its limit, where old and new are charged for a moment.
 */
int iommufd_change_process(struct iommufd *iommufd, const struct iommufd_caller *caller, struct host_work *work);

/* ---- IOMMU_OPTION ---- */

#define IOMMUFD_OPTION_RLIMIT_MODE 0u
#define IOMMUFD_OPTION_HUGE_PAGES  1u
#define IOMMUFD_OPTION_SET         0u
#define IOMMUFD_OPTION_GET         1u

/* The caller has CAP_SYS_RESOURCE. */
int iommufd_option(struct iommufd *iommufd, uint32_t option, uint16_t operation, uint32_t object, uint64_t *value);

/* Who pays when caller maps through iommufd. */
struct iommufd_source iommufd_source_of(const struct iommufd *iommufd, const struct iommufd_caller *caller);

#endif
