/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VT-d remapping unit: legacy, scalable and abort-DMA mode; second-stage, first-stage, nested and pass-through
 * translation; requests of device-TLBs and page requests; invalidation through the queue and through registers;
 * fault records; its events as interrupt messages; protected memory.  It is used through models/iommu/iommu.h.
 *
 * Source: [VTD] (layout.h).
 *
 * SIMPLIFIED, with the effect on software:
 * - no interrupt remapping, memory types (MTRRs), host permission tables, performance monitoring, enhanced and
 *   virtual commands, stop markers: their capability bits must be 0, their registers read as 0;
 * - not-present and faulty entries are never cached, also with caching mode, where hardware may: software
 *   that forgets an invalidation after making an entry present goes unpunished;
 * - a command on a register (GCMD, CCMD, IOTLB, PMEN) has taken effect when the write returns, and does not drain
 *   requests under way: software never sees it busy;
 * - a wait descriptor with PD waits for page requests that are being written to their queue, not for those whose
 *   device structures are still being read;
 * - devices are not spared: no limit on the invalidation requests at one of them (MIP, ECAP.DIT).
 */
#ifndef IOMMUSIM_IOMMU_VTD_VTD_H
#define IOMMUSIM_IOMMU_VTD_VTD_H

#include "models/base/err.h"
#include "models/iommu/iommu.h"

struct vtd_config {
	uint64_t capability;          /* CAP_REG, see layout_registers.h or vtd_capabilities */
	uint64_t extended_capability; /* ECAP_REG */
	unsigned host_address_width;  /* bits of physical address, as the DMAR table says: 36..52 */
	uint8_t version;              /* VER_REG: major 7:4, minor 3:0; 0: 1.0 */
	struct iommu_cache_config caches;
	uint64_t seed;         /* of caches that replace at random */
	bool collapses_faults; /* a fault of a source that has one recorded and pending is dropped */
};

/* What a unit can do, in plain words. */
struct vtd_features {
	bool scalable; /* scalable mode: first stage, second stage, PASIDs */
	bool nested;   /* with scalable */
	bool pass_through;
	bool caching_mode; /* software must invalidate also what was not present */
	bool queued_invalidation;
	bool snoop_control;
	bool second_stage_flags; /* accessed/dirty flags in the second stage, with scalable */
	bool device_tlb;
	bool non_coherent_walks;      /* page walks do not snoop the processors' caches, so they set no flags either */
	unsigned second_stage_levels; /* the most: 3, 4 or 5 (and all below) */
	unsigned first_stage_levels;  /* the most: 4 or 5, with scalable */
	unsigned page_size_limit_lg2; /* largest page of both stages: 12, 21 or 30 */
	unsigned fault_records;       /* 1..222 */
	unsigned domain_bits;         /* of a domain identifier: 4, 6, ... 16 */
	unsigned host_address_width;

	/* What few units have or lack: false and 0 are the usual. */
	bool write_buffer_flush;     /* RWBF: software must flush write buffers before the unit sees its writes */
	bool no_page_selective;      /* PSI clear: the smallest second-stage invalidation is of a domain */
	unsigned address_mask_limit; /* MAMV: page-selective invalidations of at most 2^n pages; 0: 18 */
	unsigned input_width;        /* MGAW, bits; 0: what second_stage_levels can translate */
	bool no_first_stage;         /* of scalable mode */
	bool no_second_stage;        /* of scalable mode */
	unsigned pasid_bits;         /* 1..20, with scalable; 0: 20 */
	bool page_requests;          /* with device_tlb and scalable */
	bool protected_memory;       /* PLMR, PHMR: a low and a high region that no device reaches */
	bool execute_requests;       /* with scalable */
	bool abort_dma;              /* RTADDR.TTM 11b blocks everything */
};

/* Consistent register words for features; sets capability, extended_capability and host_address_width of config. */
void vtd_capabilities(const struct vtd_features *features, struct vtd_config *config);

/* Clears what the model lacks and what needs a field that is clear: vtd_create would refuse both. */
void vtd_keep_modelled(struct vtd_config *config);

/* NULL when the configuration is impossible; *err names the field. */
struct iommu *vtd_create(const struct vtd_config *config, struct err *err);

/*
 * Carries out one invalidation that came by another way than this unit's own queue: a queue that a
 * guest owns.  Fills kind, drain bits, count and what goes to devices of *command; false when the descriptor
 * is invalid or a wait, and nothing was done.  Answers of devices are the caller's affair: no device_answered.
 */
bool vtd_execute(struct iommu *iommu, const uint64_t word[4], struct iommu_command *command);

/* Why a request was blocked: "[SPT.2] PASID table entry not present"; "?" for a code that has no meaning. */
const char *vtd_fault_text(unsigned fault_reason);

#endif
