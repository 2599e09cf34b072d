/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit from inside: what translate.c, commands.c, registers.c and
 * faults.c share.  Nobody outside this folder includes it.
 */
#ifndef IOMMUSIM_IOMMU_VTD_UNIT_H
#define IOMMUSIM_IOMMU_VTD_UNIT_H

#include "models/iommu/pipeline.h"
#include "models/iommu/vtd/layout.h"

#define VTD_REGISTER_BYTES 4096u

/*
 * A cache of device structures that remembers what it found last: to find
 * the same again is free and, the entry being the newest already, the same.
 */
struct vtd_device_cache {
	struct cache *cache;
	const struct cache_value *last; /* NULL after any change */
	struct cache_key last_key;
};

struct vtd {
	struct pipeline pipeline; /* first */

	/* The register page as software reads it. */
	uint32_t reg[VTD_REGISTER_BYTES / 4];

	/* Constant after creation. */
	uint64_t capability, extended_capability;
	unsigned host_address_width;
	unsigned mgaw; /* maximum guest address width, bits */
	unsigned fault_records, fault_offset, iotlb_offset;
	struct pt_rules second_rules; /* but levels, input width and flags, which a context chooses */
	struct pt_rules first_rules;

	/* Latched from the registers. */
	bool enabled;      /* GSTS.TES */
	enum vtd_ttm ttm;  /* RTADDR.TTM when SRTP was last given */
	phys_t root_table; /* RTADDR.RTA then */
	unsigned next_fault_record;

	/*
	 * Context-cache: {source ID, mode} -> the entry's words.
	 * PASID-cache: {source ID, PASID} -> words 0 to 2 of the entry; word 3: FPD of the directory entry.
	 */
	struct vtd_device_cache contexts, pasids;
};

/* Tags of IOTLB and paging-structure caches: pipeline.h.  [VTD] "Tagging of Cached Translations" */
#define VTD_TAG_DID   BITS64(15, 0)
#define VTD_TAG_PASID BITS64(35, 16)
#define VTD_TAG_FIRST BIT64(36) /* first-stage or nested: PASID counts */

/*
 * Requests without PASID to this range are interrupts, not DMA.
 * [VTD] "Handling Requests to Interrupt Address Range"
 */
#define VTD_INTERRUPT_FIRST UINT64_C(0xfee00000)
#define VTD_INTERRUPT_BYTES UINT64_C(0x100000)

static inline bool vtd_is_interrupt_address(uint64_t address)
{
	return address - VTD_INTERRUPT_FIRST < VTD_INTERRUPT_BYTES;
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

void vtd_registers_reset(struct vtd *unit);
uint64_t vtd_register_read(struct iommu *iommu, unsigned offset, unsigned bytes);
void vtd_register_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value);

/* ---- faults.c ---- */

/* Logs a blocked request in the fault recording registers. */
void vtd_record_fault(struct vtd *unit, const struct iommu_request *request, enum vtd_fault_reason reason);

/* Sets FSTS bits (IQE) and raises the fault event. */
void vtd_raise_status(struct vtd *unit, uint32_t fsts_bits);

/* A fault record's F bit was cleared: FSTS.PPF follows. */
void vtd_faults_cleared(struct vtd *unit);

/* ---- reasons.c ---- */

/* The condition that ended a table walk (PIPELINE_FAULTS). */
enum vtd_fault_reason vtd_walk_fault(const struct vtd *unit, const struct iommu_translation *translation);

/* ---- translate.c ---- */

void vtd_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request);
void vtd_translate_feed(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words);

/*
 * ---- page_requests.c: a page request that the device structures allow goes to the page request queue ----
 * The translation's access says what is written; at its end status, completion and fault_reason are set.
 */

void vtd_page_request_begin(struct vtd *unit, struct iommu_translation *translation);
/* words: as translate_feed. */
void vtd_page_request_feed(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words);

/* ---- structures.c: checks of root, context and PASID entries; 0 or the fault reason ---- */

/* words as read from the root table; *table: of contexts, for this source ID. */
enum vtd_fault_reason vtd_check_root(const struct vtd *unit, const uint64_t words[2], uint16_t source_id,
				     phys_t *table);
enum vtd_fault_reason vtd_check_context(const struct vtd *unit, const uint64_t words[2]);
enum vtd_fault_reason vtd_check_scalable_context(const struct vtd *unit, const uint64_t words[4]);
enum vtd_fault_reason vtd_check_pasid_directory(const struct vtd *unit, uint64_t word);
enum vtd_fault_reason vtd_check_pasid(const struct vtd *unit, const uint64_t words[8]);

/* ---- commands.c ---- */

bool vtd_command_begin(struct iommu *iommu, struct iommu_command *command);
void vtd_command_feed(struct iommu *iommu, struct iommu_command *command, const uint64_t *words);

/* ---- invalidate.c; each returns the entries removed ---- */

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
