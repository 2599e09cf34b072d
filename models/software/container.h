/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine under type1 and iommufd: an ordered set of mappings of a
 * process's memory in one IOMMU domain.  A mapping either pins its pages in
 * batches and charges them, or lies in registered memory; that is the one choice
 * between the schemes.  What calls are legal, and with which errno, is
 * not here: type1.h, iommufd.h.
 */
#ifndef IOMMUSIM_SOFTWARE_CONTAINER_H
#define IOMMUSIM_SOFTWARE_CONTAINER_H

#include "models/software/account.h"
#include "models/software/host.h"
#include "models/software/pins.h"
#include "models/software/ranges.h"
#include "models/software/registration.h"

struct container_config {
	struct account *account;             /* of the process; not owned */
	struct pins *pins;                   /* of the process; not owned */
	struct registrations *registrations; /* NULL: mappings pin and charge on their own */
	enum account_mode account_mode;
	struct host_table table;
	uint32_t pin_batch_pages;            /* pages asked of the memory manager at once: 512 in Linux since 5.12 */
	uint32_t flush_runs;                 /* contiguous runs unmapped before an invalidation at the latest: 512 in type1 */
};

struct container {
	struct container_config config;
	struct ranges mappings; /* by iova; value[0]: vaddr, value[1]: permissions */
};

void container_init(struct container *container, const struct container_config *config);
/* Drops what is left: table entries are cleared, pages unpinned and uncharged. */
void container_fini(struct container *container);

/*
 * The mapping of [iova, iova + bytes), which must be free, aligned and not wrap.  0, ENOMEM (the limit, or no
 * frame for a table), EFAULT (memory that is not there) or EINVAL (not registered); when not 0 everything is as before,
 * and work holds what was done and undone.
 */
int container_map(struct container *container, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
		  struct host_work *work);

/* An unmap call under way; the caller's storage. */
struct unmap_call {
	iova_t next, last;     /* what remains to look at, inclusive; next > last: nothing */
	bool whole_only;       /* a mapping that the range cuts ends the call with ENOENT (iommufd) */
	int error;
	uint64_t bytes;        /* unmapped so far */

	/* What the last step took out of the table: invalidate it before the next step. */
	iova_t flush_iova;
	uint64_t flush_bytes;

	iova_t mapping_next;   /* within a mapping that takes several steps */
};

/*
 * One step: takes the next mapping of the range (or its next flush_runs runs) out of the table
 * and names the range to invalidate; the pages are unpinned and uncharged with the step that ends a
 * mapping.  False: nothing was left, or call->error.
 */
bool container_unmap_step(struct container *container, struct unmap_call *call, struct host_work *work);

#endif
