/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommufd's IO address space (IOAS): areas of pages by IOVA, the IOVAs that its domains and devices reserve and that its
 * user asked to stay allowed, and the domains that hold a copy of it.  Without a domain nothing is pinned; the first
 * domain pins and maps every area, each later one maps it again, the last one to go unpins.
 *
 * An ioctl's flags and object numbers are not here: iommufd.h.  Calls answer 0 or an errno value.
 *
 *   iommufd_ioas.c       areas: map, copy, unmap, cut
 *   iommufd_domains.c    domains: attach, detach, page sizes
 *   iommufd_iova.c       where a mapping may lie: reserved and allowed IOVAs, finding a place
 *
 * Sources: [LINUX] drivers/iommu/iommufd/io_pagetable.c, pages.c; recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_IOMMUFD_IOAS_H
#define IOMMUSIM_SOFTWARE_IOMMUFD_IOAS_H

#include "models/software/iommufd_pages.h"
#include "models/software/ranges.h"

/* One table of an IOMMU that follows an IOAS; the caller's storage. */
struct iommufd_domain {
	struct host_table table;
	uint64_t page_sizes;          /* bits: I/O page sizes of the hardware; the least is at most 4 KiB */
	iova_t iova_first, iova_last; /* aperture, inclusive */
	bool needs_permission;        /* its driver refuses a mapping that allows nothing (EINVAL) */
};

struct iova_span {
	iova_t first, last; /* inclusive */
};

struct iova_reserved {
	struct iova_span span;
	const void *owner; /* the domain or device it is for */
};

/* What one map, or one copy of it, put at one place. */
struct ioas_area {
	struct iova_span iova;
	struct iommufd_pages *pages;
	uint64_t start_byte; /* of the pages */
	unsigned permissions;
	bool held; /* every domain has it; there is one */
};

static inline uint64_t ioas_area_bytes(const struct ioas_area *area)
{
	return area->iova.last - area->iova.first + 1;
}

static inline struct iommufd_span ioas_area_span(const struct ioas_area *area)
{
	return (struct iommufd_span){ area->start_byte >> PAGE_LG2,
				      (area->start_byte + ioas_area_bytes(area) - 1) >> PAGE_LG2 };
}

struct ioas {
	struct ranges areas;            /* by iova; value[0]: the struct ioas_area */
	struct iova_reserved *reserved; /* [reserved_count]; they may overlap */
	size_t reserved_count, reserved_capacity;
	struct iova_span *allowed; /* [allowed_count] by first, disjoint; none: all */
	size_t allowed_count;
	struct iommufd_domain **domain; /* [domain_count]; not owned */
	size_t domain_count, domain_capacity;
	uint64_t alignment;  /* of IOVA and length, 1 to 4 KiB */
	bool no_large_pages; /* every leaf is 4 KiB, areas can be cut */
};

void ioas_init(struct ioas *ioas);
/* Unmaps everything; domains are detached before. */
void ioas_fini(struct ioas *ioas);

/* Where a mapping goes. */
struct ioas_place {
	iova_t iova; /* what was asked; where it lies after a call that succeeded */
	uint64_t bytes;
	bool fixed; /* false: wherever there is room, never at 0 */
};

/*
 * Maps bytes from start on, an address of source's process or an offset in file.  EOVERFLOW for a wrap; EINVAL for no
 * bytes, for misalignment and in reserved IOVAs; EEXIST for an overlap; ENOSPC without room; with a domain the errors of
 * iommufd_pages_hold and iommufd_pages_charge, EINVAL or ENOMEM of its table.  When not 0 everything is as before.
 */
int ioas_map(struct ioas *ioas, const struct iommufd_source *source, const struct iommufd_file *file, uint64_t start,
	     unsigned permissions, struct ioas_place *place, struct host_work *work);

/*
 * Maps what [iova, iova + to->bytes) of from holds into ioas, sharing its pages; also from == ioas.  ENOENT unless
 * areas cover it without a gap; EPERM for a writable copy of what was mapped read-only; errors as ioas_map.
 */
int ioas_copy(struct ioas *ioas, const struct ioas *from, iova_t iova, unsigned permissions, struct ioas_place *to,
	      struct host_work *work);

/* An unmap under way; the caller's storage. */
struct ioas_unmap_call {
	iova_t next, last; /* what remains to look at, inclusive */
	bool ended;
	int error;              /* ENOENT: the range cuts an area; those before it are gone */
	uint64_t bytes;         /* of areas removed so far */
	struct ioas_area *area; /* that the last step took out of every table */
	/* Where it was: invalidate it before the next step.  0: there is no domain. */
	iova_t flush_iova;
	uint64_t flush_bytes;
};

/* Of every area in [iova, iova + bytes): EINVAL for no bytes, EOVERFLOW for a wrap. */
int ioas_unmap_begin(struct ioas_unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work);
void ioas_unmap_all_begin(struct ioas_unmap_call *call, struct host_work *work);
/*
 * One step: gives up the area that the step before took out of the tables (its invalidation is done by now), takes the
 * next.  False when there is no more; see call->error.  Every call that began must be driven to its end.
 */
bool ioas_unmap_step(struct ioas *ioas, struct ioas_unmap_call *call, struct host_work *work);
/* Drives a call that began to its end; its error. */
int ioas_unmap_finish(struct ioas *ioas, struct ioas_unmap_call *call, struct host_work *work);

/*
 * Cuts the area that holds last and last + 1 between them, if there is one.  EINVAL when it may have large
 * pages, or the cut is misaligned.
 */
int ioas_cut(struct ioas *ioas, iova_t last);

/* The lowest area that shares an address with [first, last], or NULL. */
struct ioas_area *ioas_find(const struct ioas *ioas, iova_t first, iova_t last);

/* ---- domains ---- */

/* Maps every area into domain.  EADDRINUSE: an area or an allowed IOVA lies outside its aperture, or an area is not
 * aligned to its page; EINVAL: its least page is above 4 KiB; else as ioas_map.  Then nothing changed. */
int ioas_attach(struct ioas *ioas, struct iommufd_domain *domain, struct host_work *work);
void ioas_detach(struct ioas *ioas, struct iommufd_domain *domain, struct host_work *work);

/* IOMMU_OPTION_HUGE_PAGES.  EINVAL: a domain has pages mapped already; EADDRINUSE: an area that 4 KiB do not fit. */
int ioas_disable_large_pages(struct ioas *ioas);
void ioas_enable_large_pages(struct ioas *ioas);

/* Into all domains, and out of them again; iommufd_ioas.c calls it. */
int ioas_fill_area(struct ioas *ioas, struct ioas_area *area, struct host_work *work);
void ioas_clear_area(struct ioas *ioas, struct ioas_area *area, struct host_work *work); /* tables only */

/* ---- IOVAs ---- */

/* EADDRINUSE: an area or an allowed IOVA is there. */
int ioas_reserve(struct ioas *ioas, struct iova_span span, const void *owner);
void ioas_unreserve(struct ioas *ioas, const void *owner);

/* Replaces what is allowed.  EINVAL: first >= last, or two overlap; EADDRINUSE: one is reserved.  Then nothing changed. */
int ioas_allow(struct ioas *ioas, const struct iova_span *span, size_t count);

/* What is not reserved, ascending: the first room spans of it; returns how many there are. */
size_t ioas_ranges(const struct ioas *ioas, struct iova_span *span, size_t room);

/* Checks a fixed place, or finds one.  address: what is mapped there, whose alignment the IOVA keeps. */
int ioas_find_place(const struct ioas *ioas, uint64_t address, struct ioas_place *place);

#endif
