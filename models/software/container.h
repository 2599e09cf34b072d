/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine under VFIO type1: an ordered set of mappings of processes'
 * memory in the IOMMU domains that are attached.  A mapping either pins its pages in
 * batches and charges them, or lies in registered memory; that is the one choice
 * between the schemes.  What calls are legal, and with which errno, is
 * not here: type1.h.
 */
#ifndef IOMMUSIM_SOFTWARE_CONTAINER_H
#define IOMMUSIM_SOFTWARE_CONTAINER_H

#include "models/software/host.h"
#include "models/software/host_mapping.h"
#include "models/software/process.h"
#include "models/software/ranges.h"
#include "models/software/registration.h"

struct container_config {
	struct process *process;             /* whose memory is mapped, unless said otherwise; not owned */
	struct registrations *registrations; /* NULL: mappings pin and charge on their own */
	struct host_table table;             /* the first domain; all NULL: none is attached yet */
	uint32_t pin_batch_pages;            /* pages asked of the memory manager at once; 512 in type1 */
	uint32_t flush_runs;                 /* contiguous runs unmapped per invalidation at most; 512 in type1 */
};

struct container {
	struct container_config config;
	struct ranges mappings; /* by iova; value[0]: number in pool */
	struct host_mapping_pool pool;
	struct host_table *table; /* [table_count]; the newest first */
	uint32_t table_count;
	uint32_t vaddr_invalid_count; /* of mappings */
	/* Single pages that the host pinned by IOVA for itself (vfio_pin_pages): value[0]: where, PHYS_NONE: no memory;
	 * value[1]: how often.  They are charged to their mapping: one that pins them too does not charge them again. */
	struct ranges host_pages;
};

/* Of a member of container->mappings; valid until the next map. */
static inline struct host_mapping *container_mapping(const struct container *container, const struct range *range)
{
	return &container->pool.mapping[range->value[0]];
}

/* The mapping after another (NULL: the first), by iova; NULL: there is none. */
static inline const struct range *container_next(const struct container *container, const struct range *after)
{
	if (after && after->last == UINT64_MAX)
		return NULL;
	return ranges_find(&container->mappings, after ? after->last + 1 : 0, UINT64_MAX);
}

void container_init(struct container *container, const struct container_config *config);
/* Drops what is left: table entries are cleared, pages unpinned and uncharged. */
void container_fini(struct container *container);

/*
 * The mapping of [iova, iova + bytes), which must be free, aligned and not wrap.  0, ENOMEM (the limit, or no
 * frame for a table), EFAULT (memory that is not there) or EINVAL (not registered); when not 0 everything is as before,
 * and work holds what was done and undone.  process: whose memory.
 */
int container_map_of(struct container *container, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		     unsigned permissions, struct host_work *work);
static inline int container_map(struct container *container, iova_t iova, uint64_t vaddr, uint64_t bytes,
				unsigned permissions, struct host_work *work)
{
	return container_map_of(container, container->config.process, iova, vaddr, bytes, permissions, work);
}

/*
 * Another domain: all mappings go into it, those that were in none are pinned now.  container_map's errors; nothing is
 * changed then.  A domain that goes keeps its entries; the owner frees its table.
 */
int container_attach(struct container *container, const struct host_table *table, struct host_work *work);
void container_detach(struct container *container, const struct host_table *table);
/* The last domain is about to go, and the mappings stay: unpinned and uncharged, but for host_pages. */
void container_unpin(struct container *container, struct host_work *work);

/* Two mappings out of the one that holds both iova - 1 and iova, no table entry across.  Of registered memory: the caller
 * has counted the second one with registration_use. */
void container_cut(struct container *container, iova_t iova);

/* An unmap call under way; the caller's storage. */
struct unmap_call {
	iova_t next, last; /* what remains to look at, inclusive */
	bool ended;        /* nothing remains */
	bool within;       /* the last step left a part of its mapping, from next on */
	uint64_t bytes;    /* of the mappings removed so far */

	/* What the last step took out of the tables: invalidate it before the next step. */
	iova_t flush_iova;
	uint64_t flush_bytes;
};

/* Mappings that share an address with [iova, last]. */
void container_unmap_begin(struct unmap_call *call, iova_t iova, iova_t last);

/*
 * One step: first gives up the pages that the step before took out of the table (its invalidation is done by
 * now): unpinned, and with the end of the mapping uncharged; then takes the next mapping, or its next
 * flush_runs contiguous runs, out of the table and names that range.  False when there was no more to take.  Every call that began must be driven to its end.
 */
bool container_unmap_step(struct container *container, struct unmap_call *call, struct host_work *work);

#endif
