/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFIO type1, versions 1 and 2: the rules of mapping, unmapping, live update, dirty pages and mediated devices over a
 * container.  How groups come and go, and the calls with their sizes and flags as user space passes them: vfio_type1.h.
 *
 *   type1.c        map, unmap, live update, info
 *   type1_dirty.c  dirty pages
 *   type1_host.c   pages that the host asks for (mediated devices)
 *   type1_group.c  groups, domains, where mappings may lie
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_type1.c, include/uapi/linux/vfio.h; recorded answers
 * of kernels.  What kernels answer differently: kernel.h.
 *
 * SIMPLIFIED: before 3.15, an unmap of several mappings begins with the lowest (the kernel: with any), which shows where
 * one stops it.  In 5.12 to 6.2, locked memory stays with the process that mapped (the kernel: is taken from what the task
 * has at the time, below zero after an exec).
 */
#ifndef IOMMUSIM_SOFTWARE_TYPE1_H
#define IOMMUSIM_SOFTWARE_TYPE1_H

#include "models/software/container.h"
#include "models/software/kernel.h"
#include "models/software/vfio.h"

#define TYPE1_ENTRY_LIMIT 65535u /* module parameter dma_entry_limit */
#define TYPE1_FLUSH_RUNS  512u   /* VFIO_IOMMU_TLB_SYNC_MAX */
#define TYPE1_PIN_BATCH   512u   /* pages whose pointers fill a page: VFIO_BATCH_MAX_CAPACITY */

/* Pages of one mapping, and bytes of one bitmap, that dirty tracking takes.  [LINUX] DIRTY_BITMAP_SIZE_MAX */
#define TYPE1_DIRTY_PAGES_MAX ((UINT64_C(1) << 31) - 1)
#define TYPE1_BITMAP_MAX      (UINT64_C(1) << 28)

/* ---- groups and domains ---- */

struct type1_reserved {
	iova_t first, last;
	bool relaxable; /* IOMMU_RESV_DIRECT_RELAXABLE: may be mapped after all */
};

/* The IOMMU behind a group, as its driver presents it: vfio_group.iommu.  Not owned. */
struct type1_iommu {
	const void *driver; /* domains of one driver and one coherency take each other's groups */
	iova_t aperture_first, aperture_last;
	uint64_t page_sizes;       /* a bit for each */
	bool coherent;             /* its domains refuse non-coherent writes (enforce_cache_coherency) */
	bool nesting;              /* its domains can be asked for nesting, while that type existed; VT-d's in legacy
				      mode cannot (recorded: 6.1, 6.12) */
	bool unprotected_messages; /* interrupts are not remapped: a device could write any */
	const struct type1_reserved *reserved;
	size_t reserved_count;
	/* An empty domain; false: no memory. */
	bool (*domain_create)(void *argument, struct host_table *table);
	void (*domain_destroy)(void *argument, const struct host_table *table);
	void *argument;
};

struct type1_window {
	iova_t first, last;
};

struct type1_domain; /* type1_group.c */
struct type1_group;

/* A mediated device that gives up its pages when told: unmapped must have unpinned all of the range when it returns. */
struct type1_listener {
	void (*unmapped)(void *argument, iova_t iova, uint64_t bytes);
	void *argument;
	struct type1_listener *next; /* type1's */
};

struct type1 {
	struct container container;
	struct kernel kernel;
	bool v2, nesting;
	uint32_t entries_left;
	uint64_t page_sizes;         /* that all domains have */
	struct type1_window *window; /* [window_count] where mappings may lie, ascending; none: anywhere */
	size_t window_count;
	struct type1_domain *domains; /* newest first; NULL too where type1_init's caller keeps the one domain */
	struct type1_group *emulated; /* mediated devices' groups */
	struct type1_listener *listeners;
	bool dirty_tracking;
	uint32_t untracked_groups; /* whose devices write memory without telling (num_non_pinned_groups) */
};

/* Version 2 with one domain, config->table, and one group whose devices tell no dirty pages; KERNEL_DEFAULT.
 * entry_limit: TYPE1_ENTRY_LIMIT unless the host is configured otherwise; iova_last: 2^48 - 1 with a 4-level table. */
void type1_init(struct type1 *type1, const struct container_config *config, uint32_t entry_limit, iova_t iova_last);
/* Without a domain yet; version 1, or 2, or the one for nesting. */
void type1_init_empty(struct type1 *type1, const struct kernel *kernel, enum vfio_extension type, uint32_t entry_limit);
void type1_fini(struct type1 *type1);

/*
 * EBUSY: vaddrs are invalid; EINVAL: the group is in, or mappings lie outside the aperture or on reserved addresses, or no
 * address would be left; EPERM: unprotected messages; ENOMEM, EFAULT: of pinning and tables.
 */
int type1_attach(struct type1 *type1, struct vfio_group *group, struct host_work *work);
/* The last domain takes the mappings along, or leaves them unpinned for mediated devices. */
void type1_detach(struct type1 *type1, struct vfio_group *group, struct host_work *work);

/* There are domains, and none lets non-coherent writes through (VFIO_DMA_CC_IOMMU). */
bool type1_coherent(const struct type1 *type1);

/* ---- map ---- */

/*
 * VFIO_IOMMU_MAP_DMA.  permissions: PT_READ and PT_WRITE as the device sees them.  In this order:
 * EINVAL for none, for misalignment, for no bytes, for a wrap; EEXIST for an overlap; ENOSPC when the entries are used
 * up; EINVAL outside the windows; then container_map's.  (A wrap in newer kernels: EOVERFLOW, first.)
 */
int type1_map_of(struct type1 *type1, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		 unsigned permissions, struct host_work *work);
static inline int type1_map(struct type1 *type1, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
			    struct host_work *work)
{
	return type1_map_of(type1, type1->container.config.process, iova, vaddr, bytes, permissions, work);
}

/* ---- unmap ---- */

#define TYPE1_UNMAP_DIRTY 1u /* VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP */
#define TYPE1_UNMAP_ALL   2u
#define TYPE1_UNMAP_VADDR 4u

/* A user's bitmap: bit i of the range is bit i % 64 of word[i / 64]. */
struct type1_bitmap {
	uint64_t page_bytes, size_bytes;
	uint64_t *word; /* NULL: not there, EFAULT */
};

struct type1_unmap {
	uint32_t flags;
	iova_t iova;
	uint64_t bytes;
	const struct type1_bitmap *bitmap; /* with TYPE1_UNMAP_DIRTY */
};

/*
 * VFIO_IOMMU_UNMAP_DMA, flags already looked at for their combination.  EINVAL for misalignment, no bytes, a wrap, for all
 * with an address or a size, for dirty pages that are not tracked or of another page size; in version 2 when the range
 * would cut a mapping at either end; for a vaddr that is invalid already.  EBUSY: vaddr with mediated devices.  Nothing is
 * changed then.  When 0, call type1_unmap_step until it says false; call->bytes is then what the kernel returns as size.
 *
 * Version 1: a mapping whose start is in the range goes whole; if the range starts inside one, nothing goes.
 * Before 3.15: leaves of the table whose start is in the range go, and a range that starts inside one takes nothing more.
 */
int type1_unmap_request(struct type1 *type1, struct unmap_call *call, const struct type1_unmap *unmap,
			struct host_work *work);
/* The same without flags, and with VFIO_DMA_UNMAP_FLAG_ALL. */
int type1_unmap_begin(struct type1 *type1, struct unmap_call *call, iova_t iova, uint64_t bytes,
		      struct host_work *work);
void type1_unmap_all_begin(struct type1 *type1, struct unmap_call *call, struct host_work *work);
bool type1_unmap_step(struct type1 *type1, struct unmap_call *call, struct host_work *work);

/* begin and every step, for callers that need no invalidation in between; *unmapped: bytes. */
int type1_unmap_now(struct type1 *type1, iova_t iova, uint64_t bytes, uint64_t *unmapped, struct host_work *work);

/* ---- live update ---- */

/* VFIO_DMA_UNMAP_FLAG_VADDR: the mappings of the range, all of them or none, keep their pages and lose their vaddr. */
int type1_vaddr_invalidate(struct type1 *type1, iova_t iova, uint64_t bytes, uint64_t *invalidated,
			   struct host_work *work);
/*
 * VFIO_DMA_MAP_FLAG_VADDR by the process that has the memory now, at exactly one mapping.  ENOENT: none there; EINVAL:
 * not exactly one, or its vaddr is valid; ENOMEM: the new process's limit.  Its locked memory moves to that process.
 */
int type1_vaddr_update(struct type1 *type1, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		       struct host_work *work);
/* Mappings whose vaddr is invalid. */
static inline uint32_t type1_vaddr_invalid(const struct type1 *type1)
{
	return type1->container.vaddr_invalid_count;
}

/* ---- dirty pages ---- */

/* VFIO_IOMMU_DIRTY_PAGES, version 2 only.  EINVAL: a mapping has too many pages. */
int type1_dirty_start(struct type1 *type1);
void type1_dirty_stop(struct type1 *type1);
/*
 * EINVAL: no bytes, a wrap, misalignment, a bitmap too small or too large or of another page size, a mapping that the
 * range cuts, not tracking; EFAULT: no bitmap.  Reads the dirty pages and makes them clean, but for those that the host
 * has pinned; all pages of all mappings are dirty while a group's devices do not tell.
 */
int type1_dirty_get(struct type1 *type1, iova_t iova, uint64_t bytes, const struct type1_bitmap *bitmap);
/* Can it hold so many pages of bytes bytes: 0 or EINVAL? */
int type1_bitmap_check(const struct type1_bitmap *bitmap, uint64_t bytes);

/* ---- pages for the host: mediated devices ---- */

enum type1_host_state {
	TYPE1_HOST_DONE,  /* with the call's result */
	TYPE1_HOST_WAITS, /* until a vaddr is updated or its mapping gone: nothing was done, ask again then */
};

void type1_listen(struct type1 *type1, struct type1_listener *listener);
void type1_ignore(struct type1 *type1, struct type1_listener *listener);
/*
 * vfio_pin_pages: page count pages from iova on, phys[] of each; permissions as the device will use them.  *error: 0; EACCES: version 1;
 * EBUSY: vaddrs are invalid (older kernels wait); EINVAL: nobody listens, or nothing is mapped; EPERM; EFAULT; ENOMEM.
 * group: whose device asks; from now on it tells what it writes.
 */
enum type1_host_state type1_pin_pages(struct type1 *type1, struct vfio_group *group, iova_t iova, unsigned count,
				      unsigned permissions, phys_t *phys, int *error, struct host_work *work);
/* Pages that are not pinned are passed over. */
void type1_unpin_pages(struct type1 *type1, iova_t iova, unsigned count, struct host_work *work);
/* vfio_dma_rw: the process's memory behind [iova, iova + bytes), whole: EINVAL: not mapped; EPERM; EFAULT; EBUSY. */
enum type1_host_state type1_access(struct type1 *type1, iova_t iova, uint64_t bytes, bool write, int *error);

/* ---- what the parts share ---- */

/* The smallest page of all domains. */
static inline uint64_t type1_page(const struct type1 *type1)
{
	return type1->page_sizes & -type1->page_sizes;
}

int type1_cuts(const struct type1 *type1, iova_t iova, iova_t last);
int type1_dirty_begin(const struct type1 *type1, struct host_mapping *mapping);
int type1_dirty_read(const struct type1 *type1, iova_t base, const struct range *range,
		     const struct type1_bitmap *bitmap);
void type1_dirty_all(struct type1 *type1);
void type1_host_tell(struct type1 *type1, iova_t iova, iova_t last);
struct type1_group *type1_group_of(const struct type1 *type1, const struct vfio_group *group);
void type1_group_tells(struct type1 *type1, struct type1_group *group);
void type1_groups_fini(struct type1 *type1);

#endif
