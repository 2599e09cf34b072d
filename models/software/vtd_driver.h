/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of Linux 6.12's intel-iommu driver as far as bits are concerned:
 * it writes root, context and PASID structures, page tables and invalidation
 * descriptors into simulated memory as the recorded guests did.  One driver
 * runs one unit.  In a guest's memory view it is the guest's driver; in the
 * view with offset 0 it is the host's own.
 *
 * Not here: time, locks, IOVA allocation, and who waits.  What has to be
 * invalidated comes out as a list, the caller says when it goes into the queue
 * (vtd_driver_submit), writes the tail register and waits for the status word:
 *
 *     vtd_domain_unmap(domain, iova, bytes, &gather, &list, &work);
 *     vtd_domain_sync_unmap(domain, &gather, &list);
 *     while (vtd_driver_submit(driver, &list, &submission) == VTD_SUBMITTED) {
 *         ... write submission.tail to IQT, wait for the status word ...
 *         vtd_driver_complete(driver, &submission);
 *     }
 *     vtd_domain_free_tables(domain, &gather.freed);
 *
 * A unit without an invalidation queue, and one whose write buffers must be flushed, is commanded by its
 * registers instead: vtd_driver_submit then says VTD_COMMAND, and the caller makes the register accesses:
 *
 *     ... write submission.command.write[0], [1]; read submission.command.done until it is not busy ...
 *
 * Sources: [VTD]; [LINUX] drivers/iommu/intel/{iommu,pasid,cache,nested,dmar}.c; the recordings
 * of traces/ decide where they differ (tests/oracles/).
 *
 * SIMPLIFIED: no fault-event interrupt is set up (FECTL, FEDATA, FEADDR stay at reset); no device-TLB
 * invalidations are queued; a domain starts with the levels that the unit has (Linux starts with five and
 * takes levels off at the first attach), so that fewer frames come and go; the flush after a large leaf replaced
 * an empty table is queued with the map's own, after the leaf was written; IVA_REG is written before every
 * page-selective command (Linux leaves it for one page at address 0, which then flushes another).
 */
#ifndef IOMMUSIM_SOFTWARE_VTD_DRIVER_H
#define IOMMUSIM_SOFTWARE_VTD_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/base/units.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/pagetable/map.h"
#include "models/software/table_list.h"

/* Descriptors in the queue, whatever their width.  [LINUX] QI_LENGTH */
#define VTD_DRIVER_QUEUE_LENGTH 256u

/* PASID of requests that carry none. */
#define VTD_DRIVER_NO_PASID 0u

struct vtd_driver_config {
	uint64_t capability, extended_capability; /* CAP_REG and ECAP_REG as the unit shows them */
	unsigned host_address_width;              /* bits of physical address (DMAR table): 36..52 */
	bool scalable;                            /* intel_iommu=sm_on; taken when ECAP.SMTS is set */
	bool strict;                              /* iommu.strict=1; caching mode forces it */
	bool dirty_tracking;                      /* second stages keep accessed/dirty flags, where ECAP.SSADS is set */
};

struct vtd_driver;
struct vtd_domain;

/* ---- what is to be invalidated ---- */

/* How the unit is told. */
enum vtd_way {
	VTD_BY_QUEUE,            /* word: the descriptor */
	VTD_BY_CONTEXT_REGISTER, /* word[0]: CCMD_REG */
	VTD_BY_IOTLB_REGISTERS,  /* word[0]: IVA_REG, for page-selective ones; word[1]: IOTLB_REG */
	VTD_BY_GLOBAL_COMMAND,   /* a write-buffer flush: no invalidation, but done in the same order */
};

struct vtd_invalidation {
	uint64_t word[4];
	enum vtd_way way;
	bool ends; /* the last of its submission: a wait descriptor follows */
};

/* A growing list, in queue order.  Zero-initialise; keep it for reuse, then vtd_invalidations_fini. */
struct vtd_invalidations {
	struct vtd_invalidation *item;
	size_t count, capacity;
	size_t next;                /* first one not submitted */
	struct table_list replaced; /* by a map: to vtd_domain_free_tables when the list is done */
};

void vtd_invalidations_fini(struct vtd_invalidations *list);

/* ---- the queue ---- */

/* One command by registers: the writes in this order, then reads of `done` until none of its bits `busy` is set. */
struct vtd_register_command {
	enum vtd_way way;
	struct {
		unsigned offset, bytes;
		uint64_t value;
	} write[2];
	unsigned writes;
	struct {
		unsigned offset, bytes;
		uint64_t busy;
	} done;
};

struct vtd_submission {
	struct vtd_register_command command; /* VTD_COMMAND: this; VTD_SUBMITTED: the rest */
	unsigned first;                      /* slot of the first descriptor */
	unsigned descriptors;                /* slots taken, the wait descriptor counted */
	uint32_t tail;                       /* value for IQT_REG */
	phys_t status_address;               /* of the 32-bit status word, in the driver's view */
	uint32_t status_value;               /* what the unit writes there; it differs before */
};

enum vtd_submit {
	VTD_SUBMITTED,
	VTD_COMMAND,    /* nothing was queued: submission->command is to be given, and not to be completed */
	VTD_NOTHING,    /* the list is done (and empty again) */
	VTD_QUEUE_FULL, /* too few free slots: try again after a vtd_driver_complete */
};

/* How the next of the list goes: VTD_BY_QUEUE or by some register; there must be one. */
enum vtd_way vtd_invalidations_way(const struct vtd_invalidations *list);

/* Writes the list's next submission and its wait descriptor into the queue, or takes its next command by registers. */
enum vtd_submit vtd_driver_submit(struct vtd_driver *driver, struct vtd_invalidations *list,
				  struct vtd_submission *submission);

/* The status word was seen written: the slots are free, once all older ones are. */
void vtd_driver_complete(struct vtd_driver *driver, const struct vtd_submission *submission);

/* ---- the unit ---- */

/* How the driver reaches the unit's registers. */
struct vtd_driver_registers {
	void (*write)(void *argument, unsigned offset, unsigned bytes, uint64_t value);
	void *argument;
};

/*
 * Allocates root table, queue and status words out of frames (not owned; must
 * outlive the driver).  NULL and *err when the unit cannot be driven (scalable mode without a queue, no
 * usable table width, frames used up).
 */
struct vtd_driver *vtd_driver_create(const struct vtd_driver_config *config, struct memory_view view,
				     struct frames *frames, struct err *err);
/* Frees all frames it took; every domain must have been destroyed. */
void vtd_driver_destroy(struct vtd_driver *driver);

/* Sets up queue and root table; the global invalidations are appended to list, to be done before vtd_driver_enable. */
void vtd_driver_start(struct vtd_driver *driver, const struct vtd_driver_registers *registers,
		      struct vtd_invalidations *list);
/* Switches translation on. */
void vtd_driver_enable(struct vtd_driver *driver, const struct vtd_driver_registers *registers);

bool vtd_driver_scalable(const struct vtd_driver *driver);
/* Is a domain identifier left (CAP.ND)? */
bool vtd_driver_has_id(const struct vtd_driver *driver);
bool vtd_driver_caching_mode(const struct vtd_driver *driver);
/* Strict unmap, asked for or forced by caching mode. */
bool vtd_driver_strict(const struct vtd_driver *driver);

/* ---- devices ---- */

/*
 * A device appears.  In scalable mode its context entry and PASID directory are
 * made now; pasids is how many its PASID capability offers, 0 when it has none.  False: frames are used up.
 */
bool vtd_driver_probe(struct vtd_driver *driver, uint16_t source_id, uint32_t pasids, struct vtd_invalidations *list);

/* ---- domains ---- */

enum vtd_domain_kind {
	VTD_DOMAIN_DMA,       /* kernel DMA API: first stage where the unit has one in scalable mode */
	VTD_DOMAIN_UNMANAGED, /* VFIO, iommufd, parent of nested domains: second stage where there is one */
	VTD_DOMAIN_NESTED,    /* guest-owned first stage over a parent's second stage */
	VTD_DOMAIN_SVA,       /* a process page table as first stage */
};

/* DMA or UNMANAGED, with an empty page table of its own; NULL: frames are used up. */
struct vtd_domain *vtd_domain_create(struct vtd_driver *driver, enum vtd_domain_kind kind);

/*
 * A nested domain: first_stage_root is an address in parent's input space (guest-physical).
 * Scalable mode with nested translation only; levels 4 or 5.  NULL when the unit cannot.
 */
struct vtd_domain *vtd_domain_create_nested(struct vtd_driver *driver, struct vtd_domain *parent,
					    phys_t first_stage_root, unsigned levels);
/* A process page table as first stage, root in the driver's view.  NULL when the unit cannot. */
struct vtd_domain *vtd_domain_create_sva(struct vtd_driver *driver, phys_t root, unsigned levels);

/* Frees the table; no device may be attached, no nested domain left over it. */
void vtd_domain_destroy(struct vtd_domain *domain);

/*
 * Puts domain in front of the device's requests with this PASID
 * (VTD_DRIVER_NO_PASID: those without); in scalable mode the device was probed.  What was attached there is
 * detached first.  False: no frame or no domain identifier is left, the PASID is beyond what
 * the device was probed with, or legacy mode and a PASID or a nested or SVA domain.
 */
bool vtd_driver_attach(struct vtd_driver *driver, struct vtd_domain *domain, uint16_t source_id, uint32_t pasid,
		       struct vtd_invalidations *list);
/* Nothing happens when nothing is attached there. */
void vtd_driver_detach(struct vtd_driver *driver, uint16_t source_id, uint32_t pasid, struct vtd_invalidations *list);
/* The domain in front of these requests; NULL: none. */
struct vtd_domain *vtd_driver_attached(const struct vtd_driver *driver, uint16_t source_id, uint32_t pasid);

enum vtd_domain_kind vtd_domain_kind(const struct vtd_domain *domain);
bool vtd_domain_first_stage(const struct vtd_domain *domain);
/* Domain identifier; 0 while nothing is attached. */
uint16_t vtd_domain_id(const struct vtd_domain *domain);
/* Its own table; NULL for nested and SVA domains. */
const struct page_table *vtd_domain_table(const struct vtd_domain *domain);

/* ---- map ---- */

/*
 * One iommu:map event.  A write permission brings a read permission along, as Linux sets bit 0 of
 * every leaf.  A DMA domain gets large leaves only once a device is attached: Linux learns of them then.
 */
enum map_status vtd_domain_map(struct vtd_domain *domain, iova_t iova, phys_t phys, uint64_t bytes,
			       unsigned permissions, struct map_work *work);
/* After all segments of an operation: the flush that caching mode asks for, or that of the write buffers. */
void vtd_domain_sync_map(struct vtd_domain *domain, iova_t iova, uint64_t bytes, struct vtd_invalidations *list);

/* ---- unmap ---- */

/* What was unmapped and not yet flushed.  Zero-initialise; may be reused. */
struct vtd_gather {
	iova_t start, last;      /* inclusive */
	uint64_t piece_bytes;    /* of the pieces gathered; 0: nothing gathered */
	struct table_list freed; /* table pages taken out: no frame is reused before the flush is done */
	size_t flushed;          /* how many of them an earlier flush covers */
};

/*
 * Clears [iova, iova + bytes).  Pieces of unequal page size are flushed one by one, as Linux
 * does; those flushes are appended to list (NULL: deferred, nothing is gathered but the freed tables).
 */
enum map_status vtd_domain_unmap(struct vtd_domain *domain, iova_t iova, uint64_t bytes, struct vtd_gather *gather,
				 struct vtd_invalidations *list, struct map_work *work);
/* Appends the flush of what was gathered. */
void vtd_domain_sync_unmap(struct vtd_domain *domain, struct vtd_gather *gather, struct vtd_invalidations *list);
/* Gives the freed tables' frames back; call it when the flush is done. */
void vtd_domain_free_tables(struct vtd_domain *domain, struct table_list *freed);

/*
 * Makes a leaf begin at `at` (page_table_split) and appends the flush of what caches may hold of the leaf that was
 * there, tables and all.  No driver has this call.
 */
enum map_status vtd_domain_split(struct vtd_domain *domain, iova_t at, struct vtd_invalidations *list,
				 struct map_work *work);

/* ---- flush ---- */

/* The whole domain: a deferred flush, or a guest's PASID-selective one on a nested domain. */
void vtd_domain_flush_all(struct vtd_domain *domain, struct vtd_invalidations *list);
/* [iova, last]; leaf_only sets the invalidation hint.  A guest's invalidation of a nested domain is forwarded so. */
void vtd_domain_flush_range(struct vtd_domain *domain, iova_t iova, iova_t last, bool leaf_only,
			    struct vtd_invalidations *list);

/*
 * The naturally aligned power-of-two block of pages that holds [start, last]: *mask
 * is log2 of its pages; returns its address.  52: the whole space.
 */
iova_t vtd_driver_page_mask(iova_t start, iova_t last, unsigned *mask);

#endif
