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

#include "models/software/host.h"
#include "models/software/process.h"
#include "models/software/ranges.h"
#include "models/software/registration.h"

struct container_config {
	struct process *process;             /* whose memory is mapped; not owned */
	struct registrations *registrations; /* NULL: mappings pin and charge on their own */
	enum account_mode account_mode;
	struct host_table table;
	uint32_t pin_batch_pages; /* pages asked of the memory manager at once; 512 in type1 */
	uint32_t flush_runs;      /* contiguous runs unmapped per invalidation at most; 512 in type1 */
};

struct container {
	struct container_config config;
	struct ranges mappings; /* by iova; value[0]: vaddr, value[1]: permissions */
};

/* May a mapping lie here: below aperture_last, inclusive, and clear of the interrupt window? */
static inline bool container_in_aperture(iova_t iova, iova_t last, iova_t aperture_last)
{
	return last <= aperture_last && (last < INTERRUPT_RANGE_FIRST || iova > INTERRUPT_RANGE_LAST);
}

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
	iova_t next, last; /* what remains to look at, inclusive */
	bool ended;        /* nothing remains */
	bool within;       /* the last step left a part of its mapping, from next on */
	bool whole_only;   /* a mapping that the range cuts ends the call with ENOENT (iommufd) */
	int error;
	uint64_t bytes; /* of the mappings removed so far */

	/* What the last step took out of the table: invalidate it before the next step. */
	iova_t flush_iova;
	uint64_t flush_bytes;
};

/* Mappings that share an address with [iova, last]. */
void container_unmap_begin(struct unmap_call *call, iova_t iova, iova_t last, bool whole_only);

/*
 * One step: first gives up the pages that the step before took out of the table (its invalidation is done by
 * now): unpinned, and with the end of the mapping uncharged; then takes the next mapping, or its next
 * flush_runs contiguous runs, out of the table and names that range.  False when there was no more to take; see
 * call->error.  Every call that began must be driven to its end.
 */
bool container_unmap_step(struct container *container, struct unmap_call *call, struct host_work *work);

#endif
