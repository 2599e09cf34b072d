/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit from inside: what translate.c, commands.c, registers.c and
 * faults.c share.  Nobody outside this folder includes it.
 */
#ifndef IOMMUSIM_IOMMU_VTD_UNIT_H
#define IOMMUSIM_IOMMU_VTD_UNIT_H

#include "models/iommu/interrupt_range.h"
#include "models/iommu/pipeline.h"
#include "models/iommu/vtd/layout.h"

#define VTD_REGISTER_BYTES 4096u

/* Invalidation requests that may be at devices at a time, one tag each.  [PCIE] "Invalidate Request": ITag of 5 bits */
#define VTD_ITAGS 32u

/* The largest page request queue: 2^7 pages. */
#define VTD_PAGE_QUEUE_ENTRIES ((PAGE_BYTES << 7) / VTD_PAGE_REQUEST_BYTES)

/*
 * A cache of device structures that remembers what it found last: to find
 * the same again is free and, the entry being the newest already, the same.
 */
struct vtd_device_cache {
	struct cache *cache;
	const struct cache_value *last; /* NULL after any change */
	struct cache_key last_key;
};

/*
 * How the last plain request came to the IOTLB: what the entries contexts.last and, in scalable mode, pasids.last
 * said to a request with this key.  As long as both stay as they are the next one goes the same way without
 * looking at them.
 */
struct vtd_route {
	uint64_t key; /* source, PASID, privilege; VTD_NO_ROUTE: there is none */
	uint64_t fpd, pasid, privileged;
	uint64_t tag[PIPELINE_STAGES];
	unsigned access;  /* wanted of the IOTLB beside read or write */
	unsigned entries; /* context entry, PASID entry */
};

#define VTD_NO_ROUTE UINT64_MAX

struct vtd {
	struct pipeline pipeline; /* first */

	/* The register page as software reads it, and what of it software writes, and clears by writing 1. */
	uint32_t reg[VTD_REGISTER_BYTES / 4];
	uint32_t writable[VTD_REGISTER_BYTES / 4];
	uint32_t cleared_by_one[VTD_REGISTER_BYTES / 4];

	/* Constant after creation. */
	uint64_t capability, extended_capability;
	unsigned host_address_width;
	unsigned mgaw; /* maximum guest address width, bits */
	unsigned fault_records, fault_offset, iotlb_offset;
	bool collapses_faults;
	uint16_t domain_mask;         /* the bits of a domain identifier that the unit has */
	struct pt_rules second_rules; /* but levels, input width and flags, which a context chooses */
	struct pt_rules first_rules;

	/* Latched from the registers. */
	bool enabled;      /* GSTS.TES */
	enum vtd_ttm ttm;  /* RTADDR.TTM when SRTP was last given */
	phys_t root_table; /* RTADDR.RTA then */
	unsigned next_fault_record;

	/* The invalidation queue: the devices that have not answered yet, and a wait that waits for them. */
	unsigned at_devices_count;
	uint16_t at_devices[VTD_ITAGS];
	bool wait_is_held;
	uint64_t held_wait[4];

	/*
	 * The page request queue: requests take entries from page_tail on; PQT follows over the entries that are
	 * written.  A new page_epoch: software moved the queue, older requests no longer count.
	 */
	uint64_t page_tail, page_epoch;
	unsigned page_requests_under_way;
	uint64_t page_written[VTD_PAGE_QUEUE_ENTRIES / 64];

	/*
	 * Context-cache: {source ID, mode} -> the entry's words.
	 * PASID-cache: {source ID, PASID} -> words 0 to 2 of the entry; word 3: FPD of the directory entry.
	 */
	struct vtd_device_cache contexts, pasids;
	struct vtd_route route;
};

/* Tags of IOTLB and paging-structure caches: pipeline.h.  [VTD] "Tagging of Cached Translations" */
#define VTD_TAG_DID   BITS64(15, 0)
#define VTD_TAG_PASID BITS64(35, 16)
#define VTD_TAG_FIRST BIT64(36) /* first-stage or nested: PASID counts */

/* Requests without PASID to there are interrupts, not DMA. */
static inline bool vtd_is_interrupt_address(uint64_t address)
{
	return address - INTERRUPT_RANGE_FIRST <= INTERRUPT_RANGE_LAST - INTERRUPT_RANGE_FIRST;
}

/* ---- registers.c ---- */

static inline uint64_t vtd_reg64(const struct vtd *unit, unsigned offset)
{
	return unit->reg[offset / 4] | (uint64_t)unit->reg[offset / 4 + 1] << 32;
}

static inline void vtd_set_reg64(struct vtd *unit, unsigned offset, uint64_t value)
{
	unit->reg[offset / 4] = (uint32_t)value;
	unit->reg[offset / 4 + 1] = (uint32_t)(value >> 32);
}

static inline unsigned vtd_major_version(const struct vtd *unit)
{
	return (unsigned)FIELD_GET(VTD_VER_MAJ, (uint64_t)unit->reg[VTD_REG_VER / 4]);
}

void vtd_registers_reset(struct vtd *unit);
uint64_t vtd_register_read(struct iommu *iommu, unsigned offset, unsigned bytes);
void vtd_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value);

/* ---- protected.c ---- */

/* Does [first, last] touch a protected memory region that is enabled?  Requests to it are blocked, not recorded. */
bool vtd_is_protected(const struct vtd *unit, phys_t first, phys_t last);

/* ---- events.c: an event's status bits, and the message that tells them ---- */

enum vtd_event {
	VTD_EVENT_FAULT,        /* FSTS, FECTL */
	VTD_EVENT_COMPLETION,   /* ICS, IECTL */
	VTD_EVENT_PAGE_REQUEST, /* PRS, PECTL */
	VTD_EVENTS
};

/* Sets bits of the event's status register; the first of its causes sends the message, or leaves it pending. */
void vtd_event_raise(struct vtd *unit, enum vtd_event event, uint32_t bits);

/* After software wrote status or control registers: messages held pending go out, or are no longer needed. */
void vtd_events_settle(struct vtd *unit);

/* ---- faults.c ---- */

/* Logs a blocked request in the fault recording registers. */
void vtd_record_fault(struct vtd *unit, const struct iommu_request *request, enum vtd_fault_reason reason);

/* A fault record's F bit was cleared: FSTS.PPF follows. */
void vtd_faults_cleared(struct vtd *unit);

/* ---- reasons.c ---- */

/* The condition that ended a table walk (PIPELINE_FAULTS). */
enum vtd_fault_reason vtd_walk_fault(const struct vtd *unit, const struct iommu_translation *translation);

/* The condition when what a table walk wants cannot be read or updated: there is no memory. */
enum vtd_fault_reason vtd_walk_access_fault(const struct vtd *unit, const struct iommu_translation *translation);

/* What a request of this type gets for a condition; response_due: of a page request, which then gets one. */
enum iommu_completion vtd_fault_completion(enum vtd_fault_reason reason, enum iommu_request_type type,
					   bool response_due);

/* Recorded whatever FPD says? */
bool vtd_fault_is_unqualified(enum vtd_fault_reason reason);

/* Recorded, though a translation request is answered with success and no permission? */
bool vtd_fault_is_reported(enum vtd_fault_reason reason);

/* ---- translate.c ---- */

void vtd_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request);
void vtd_translate_feed(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words);

/*
 * ---- page_requests.c: a page request that the device structures allow goes to the page request queue ----
 * entry: words 0 and 1 of its PASID table entry; pasid: of the request, or RID_PASID.  What the translation's
 * access wants is a write; feed says when it was done.  When nothing is wanted any more:
 *   written to the queue   IOMMU_TRANSLATED, IOMMU_NO_COMPLETION: software answers
 *   queue full             IOMMU_FAULT, fault_reason 0 (nothing is recorded), and IOMMU_PAGE_SUCCESS, which the unit
 *                          answers itself to the last request of a group, else IOMMU_NO_COMPLETION
 * translation->structure is theirs until then; phase is the caller's.
 */

void vtd_page_request_begin(struct vtd *unit, struct iommu_translation *translation, const uint64_t entry[2],
			    uint32_t pasid);
void vtd_page_request_feed(struct vtd *unit, struct iommu_translation *translation);

/* Software wrote PQT or PQA. */
void vtd_page_queue_moved(struct vtd *unit);

/* Bits of input address that a second stage of address width aw (enum vtd_aw) translates. */
static inline unsigned vtd_second_stage_width(const struct vtd *unit, uint64_t aw)
{
	unsigned width = pt_entry_lg2((unsigned)aw + 2);

	return width < unit->mgaw ? width : unit->mgaw;
}

/* ---- structures.c: checks of root, context and PASID entries; 0 or the fault reason ---- */

/* words as read from the root table; *table: of contexts, for this source ID. */
enum vtd_fault_reason vtd_check_root(const struct vtd *unit, const uint64_t words[2], uint16_t source_id,
				     phys_t *table);
enum vtd_fault_reason vtd_check_context(const struct vtd *unit, const uint64_t words[2]);
enum vtd_fault_reason vtd_check_scalable_context(const struct vtd *unit, const uint64_t words[4]);
/* SCT.4.3, or SCT.6 where that blocks the request already. */
enum vtd_fault_reason vtd_check_eptr(const uint64_t words[4], const struct iommu_request *request);
/* May the request use this scalable-mode context entry, which is in order?  SCT.5 to SCT.10, SGN.10. */
enum vtd_fault_reason vtd_check_use(const struct vtd *unit, const uint64_t words[2],
				    const struct iommu_request *request);
enum vtd_fault_reason vtd_check_pasid_directory(const struct vtd *unit, uint64_t word);
enum vtd_fault_reason vtd_check_pasid(const struct vtd *unit, const uint64_t words[8]);

/* ---- commands.c ---- */

bool vtd_command_begin(struct iommu *iommu, struct iommu_command *command);
void vtd_command_feed(struct iommu *iommu, struct iommu_command *command, const uint64_t *words);
void vtd_device_answered(struct iommu *iommu, uint16_t source_id, enum iommu_device_answer answer);

/* GCMD.QIE was cleared. */
void vtd_queue_off(struct vtd *unit);

/* ---- descriptors.c ---- */

/* Checks command->word and carries it out, but for a wait; fills what the command tells its caller. */
enum vtd_iqei vtd_descriptor_execute(struct vtd *unit, struct iommu_command *command);

/* ---- invalidate.c; each returns the entries removed ---- */

/* The 2^lg2 bytes, 64 at most, that address lies in. */
static inline void vtd_set_range(uint64_t address, unsigned lg2, uint64_t *first, uint64_t *last)
{
	uint64_t mask = lg2 < 64 ? (UINT64_C(1) << lg2) - 1 : UINT64_MAX;

	*first = address & ~mask;
	*last = address | mask;
}

/* All that is cached of DMA remapping. */
uint64_t vtd_invalidate_all(struct vtd *unit);

/* source_id with the bits of ignored (VTD_FM_IGNORED) not compared; device granularity. */
uint64_t vtd_invalidate_contexts(struct vtd *unit, enum vtd_cc_granularity granularity, uint16_t domain,
				 uint16_t source_id, unsigned ignored);
uint64_t vtd_invalidate_pasids(struct vtd *unit, enum vtd_pc_granularity granularity, uint16_t domain, uint32_t pasid);

/* address, address_mask, hint: page granularity only. */
uint64_t vtd_invalidate_iotlb(struct vtd *unit, enum vtd_iotlb_granularity granularity, uint16_t domain,
			      uint64_t address, unsigned address_mask, bool hint);
uint64_t vtd_invalidate_pasid_iotlb(struct vtd *unit, enum vtd_p_iotlb_granularity granularity, uint16_t domain,
				    uint32_t pasid, uint64_t address, unsigned address_mask, bool hint);

#endif
