/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VT-d unit with its structures in memory, built from words as the
 * specification prints them, not with the code under test.
 *
 * Host structures lie at low addresses.  A guest's memory starts GUEST bytes into
 * physical memory; its first-stage tables are allocated there, and second stages
 * that these tests nest under it map guest-physical g to g + GUEST.
 */
#ifndef IOMMUSIM_TESTS_VTD_WORLD_H
#define IOMMUSIM_TESTS_VTD_WORLD_H

#include <check.h>

#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "tests/suite.h"

#define GUEST        UINT64_C(0x800000000)
#define DEVICE       0x0308 /* 03:01.0 */
#define OTHER_DEVICE 0x0390 /* 03:12.0: in the upper half of its bus */
#define NO_PASID     UINT32_MAX

/* Entries that point to a table: second stage R and W; first stage P, R/W, U/S and A. */
#define SS_TABLE UINT64_C(0x3)
#define FS_TABLE UINT64_C(0x27)

/* Leaves: second stage R and W, R, W; first stage P, R/W, U/S, A and D; PS of a large page. */
#define SS_RW         UINT64_C(0x3)
#define SS_R          UINT64_C(0x1)
#define SS_W          UINT64_C(0x2)
#define FS_RW         UINT64_C(0x67)
#define FS_R          UINT64_C(0x65)
#define PAGE_SIZE_BIT UINT64_C(0x80)

struct tables {
	phys_t root;
	unsigned levels;
	uint64_t table_bits; /* SS_TABLE or FS_TABLE */
	phys_t offset;       /* 0, or GUEST: where the addresses in entries start in memory */
};

struct world {
	struct memory *memory;
	struct frames frames, guest_frames;
	struct iommu *unit;
	struct iommu_translation t; /* the last translation */
	bool scalable;
	phys_t root, contexts[2], queue;
	uint64_t tail;
	phys_t hole; /* world_make_hole */
	enum iommu_want hole_want;
};

/* Every feature, 48 bits of address, 8 fault records. */
struct vtd_features world_features(void);
extern const struct iommu_cache_config world_no_caches;
extern const struct iommu_cache_config world_caches; /* large enough that nothing leaves by itself */

void world_init(struct world *world, const struct vtd_features *features, const struct iommu_cache_config *caches);
/* more_ecap: bits beside those of the features; version: of vtd_config. */
void world_init_with(struct world *world, const struct vtd_features *features, const struct iommu_cache_config *caches,
		     uint64_t more_ecap, uint8_t version);
void world_fini(struct world *world);

/* Sets the root table, in scalable mode when the unit can, starts queue and translation. */
void world_start(struct world *world);

/* ---- tables ---- */

struct tables world_second_stage(struct world *world, unsigned levels);
struct tables world_first_stage(struct world *world, unsigned levels, bool in_guest);

/* Where the entry for address at this level lies in memory, tables made on the way down. */
phys_t world_slot(struct world *world, const struct tables *tables, unsigned level, uint64_t address);

/* Sets that entry: the leaf of a page. */
void world_map(struct world *world, const struct tables *tables, unsigned level, uint64_t address, uint64_t word);

/* Maps guest memory [0, 32 MiB) to itself + GUEST, in 2 MiB pages. */
void world_map_guest(struct world *world, const struct tables *second);

/* ---- device structures ---- */

/* Legacy: TT = 00b and 48 bits unless levels say otherwise; the address of the context entry. */
phys_t world_attach_legacy(struct world *world, uint16_t source_id, uint16_t domain, const struct tables *second);

/* Scalable: a context entry with PASIDs enabled and a directory of 2^7 entries; returns its address. */
phys_t world_attach_scalable(struct world *world, uint16_t source_id);

/* The address of a PASID table entry, directory entry made on the way. */
phys_t world_pasid_slot(struct world *world, uint16_t source_id, uint32_t pasid);

/* Writes a PASID entry: PGTT by which of the stages are given (PASS_THROUGH: none); PWSNP set. */
void world_set_pasid(struct world *world, uint16_t source_id, uint32_t pasid, uint16_t domain,
		     const struct tables *first, const struct tables *second);

void world_set_bits(struct world *world, phys_t address, uint64_t bits);
void world_clear_bits(struct world *world, phys_t address, uint64_t bits);

/* ---- requests; the result is world->t ---- */

void world_request(struct world *world, const struct iommu_request *request);
/* From now on requests find no memory in the page of address for accesses of this kind. */
void world_make_hole(struct world *world, phys_t address, enum iommu_want want);
void world_dma(struct world *world, uint16_t source_id, uint32_t pasid, uint64_t iova, bool write);
void expect_output(const struct world *world, phys_t output, unsigned size_lg2);
void expect_fault(const struct world *world, enum vtd_fault_reason reason);
void expect_reads(const struct world *world, unsigned device, unsigned first, unsigned second);

/* ---- registers and queue ---- */

uint64_t world_register(struct world *world, unsigned offset, unsigned bytes);
void world_set_register(struct world *world, unsigned offset, unsigned bytes, uint64_t value);

/* Puts a descriptor into the queue and lets the unit take it. */
void world_command(struct world *world, uint64_t word0, uint64_t word1);

#endif
