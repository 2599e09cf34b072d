/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host's side of every scheme shares: the table that its calls change, and the counts of what a
 * call did, which sim/ prices.  Nothing here knows time.
 *
 * Calls answer as the kernel's do: 0 or a positive errno value.
 */
#ifndef IOMMUSIM_SOFTWARE_HOST_H
#define IOMMUSIM_SOFTWARE_HOST_H

#include "models/base/units.h"
#include "models/iommu/interrupt_range.h"
#include "models/pagetable/map.h"
#include "models/software/vtd_driver.h"

/*
 * The table a container maps into: one domain of the host's IOMMU driver.
 * Only the table is changed; invalidating is the caller's business, with the ranges
 * that an unmap names.  argument is handed back.
 */
struct host_table {
	void *argument;
	enum map_status (*map)(void *argument, iova_t iova, phys_t output, uint64_t bytes, unsigned permissions,
			       struct map_work *work);
	void (*unmap)(void *argument, iova_t iova, uint64_t bytes, struct map_work *work);
	uint64_t (*leaf)(void *argument, iova_t iova); /* bytes of the leaf that maps iova; 0: none */
	/* page_table_split; NULL: this table cannot. */
	enum map_status (*split)(void *argument, iova_t at, struct map_work *work);
};

/* The seam over a bare page table, for tests and for hosts without a driver. */
struct host_table host_table_of(struct page_table *table);

/*
 * The seam over a domain of the host's driver.  Maps append to list what the unit has to be told of new leaves;
 * unmaps gather, and append the flushes that the driver does on the way; after each unmap step: vtd_domain_sync_unmap(domain, &gather, list), submit, wait,
 * vtd_domain_free_tables(domain, &gather.freed).  A split appends its flush.
 */
struct host_domain {
	struct vtd_domain *domain;
	struct vtd_gather gather;
	struct vtd_invalidations *list;
};
struct host_table host_table_of_domain(struct host_domain *domain);

/* What calls did; every function adds to it. */
struct host_work {
	uint64_t ioctls;          /* 1 by each type1, ioas, nested_hwpt and registration call that stands for one */
	uint64_t container_finds; /* searches of the ordered set of mappings */
	uint64_t mappings_inserted, mappings_removed;
	uint64_t pin_calls; /* batches handed to the memory manager */
	uint64_t pages_pinned, pages_unpinned;
	uint64_t account_operations; /* changes of locked memory, refused ones too */
	uint64_t registration_finds;
	uint64_t table_calls; /* map or unmap calls of the IOMMU driver */
	struct map_work table;
	uint64_t flushes; /* ranges handed out for invalidation */

	/* sPAPR TCE */
	uint64_t user_view_writes;              /* entries of windows' user views */
	uint64_t tce_kills, tce_entries_killed; /* calls of the bridge's driver, by group; entries that they name */
	uint64_t tce_hypercalls;                /* of this host to its own hypervisor, for table entries */
	uint64_t hypercalls, hypercall_exits;   /* of the guest for TCEs; those that went on to the device model */
	uint64_t tces_checked, tces_put;        /* entries of the guest's table validated; written */
};

#endif
