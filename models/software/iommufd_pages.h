/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory behind iommufd's mappings: one object by IOMMU_IOAS_MAP or IOMMU_IOAS_MAP_FILE, shared by every copy of
 * it.  A page of it is pinned and charged once, however many areas and domains it is in, and only while one of them
 * is; two maps of the same memory are two objects, and pin and charge twice.
 *
 * Which calls are legal is not here: iommufd_ioas.h.  What holding and releasing cost is linear in the areas that share an
 * object (copies, and cuts of VFIO's type 1).
 *
 * Sources: [LINUX] drivers/iommu/iommufd/pages.c, iommufd_private.h (struct iopt_pages); recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_PAGES_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_PAGES_H

#include "models/software/host.h"
#include "models/software/process.h"

/* Who maps: whose memory it is, and who pays. */
struct iommufd_source {
	struct process *process;
	struct account *user; /* of the process's user, which processes may share; its limit is the process's */
	enum account_mode mode;
	uint32_t pin_batch_pages; /* pages asked of the memory manager at once */
};

/* A file whose pages IOMMU_IOAS_MAP_FILE can pin: memfd, tmpfs or hugetlbfs. */
struct iommufd_file {
	phys_t base; /* where its first page lies; the rest follows */
	uint64_t bytes;
	unsigned page_lg2; /* as of an area of a process */
};

struct iommufd_span {
	uint64_t first, last; /* pages of the object, inclusive */
};

struct iommufd_pinned {
	struct iommufd_span span;
	phys_t phys;       /* of the first */
	unsigned page_lg2; /* runs of it end at their physical multiples (process.h) */
};

struct iommufd_pages {
	uint32_t users; /* areas, and calls under way */
	struct iommufd_source source;
	const struct iommufd_file *file; /* NULL: the process's own addresses; not owned */
	uint64_t start;                  /* address, or offset in the file, of page 0; a multiple of the page */
	uint64_t count;                  /* pages */
	bool writable;

	struct iommufd_span *held; /* [held_count] by areas that are in a domain; they may overlap */
	size_t held_count, held_capacity;
	struct iommufd_pinned *pinned; /* [pinned_count] by first, disjoint */
	size_t pinned_count, pinned_capacity;
	uint64_t pinned_pages, charged_pages;
	bool counted; /* for iommufd_change_process */
};

/*
 * With one user.  start as the caller gave it, of any alignment; bytes > 0, and start + bytes does not wrap.
 * NULL is no outcome.
 */
struct iommufd_pages *iommufd_pages_create(const struct iommufd_source *source, const struct iommufd_file *file,
					   uint64_t start, uint64_t bytes, bool writable);
void iommufd_pages_get(struct iommufd_pages *pages);
void iommufd_pages_put(struct iommufd_pages *pages); /* the last one destroys: nothing is held by then */

/*
 * An area holds [first, last] from now on: what no other area holds is pinned, not charged yet.  EFAULT: memory that is
 * not there or does not allow it; EINVAL: beyond the end of a file.  Then nothing is held.
 */
int iommufd_pages_hold(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work);

/* Charges what was pinned since it was charged last; ENOMEM: the limit, nothing is charged. */
int iommufd_pages_charge(struct iommufd_pages *pages, struct host_work *work);

/* The area no longer holds span, as it held it: what no other area holds is unpinned and uncharged. */
void iommufd_pages_release(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work);

/* A held span is held in two, the second from page on. */
void iommufd_pages_split(struct iommufd_pages *pages, struct iommufd_span span, struct iommufd_span low,
			 struct iommufd_span high);

/* Where the byte at offset of page 0 lies, which must be pinned, and how far memory is contiguous, at most bytes. */
struct process_run iommufd_pages_run(const struct iommufd_pages *pages, uint64_t offset, uint64_t bytes);

/* Must what is charged be charged anew when to becomes the source?  Not without accounting: mm->pinned_vm stays. */
bool iommufd_pages_moves(const struct iommufd_pages *pages, const struct iommufd_source *to);
/* to's process and user are the source from now on; what moves was charged to them and is taken back from the old. */
void iommufd_pages_move(struct iommufd_pages *pages, const struct iommufd_source *to, struct host_work *work);

/* Charges pages to source (0 or ENOMEM), or takes them back. */
int iommufd_source_charge(const struct iommufd_source *source, uint64_t pages, struct host_work *work);
void iommufd_source_uncharge(const struct iommufd_source *source, uint64_t pages, struct host_work *work);

#endif
