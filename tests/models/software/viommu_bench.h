/* SPDX-License-Identifier: Apache-2.0 */
/* A guest with a second-stage table in its own memory, and the emulated unit that it sees. */
#ifndef IOMMUSIM_TESTS_VIOMMU_BENCH_H
#define IOMMUSIM_TESTS_VIOMMU_BENCH_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/pagetable/map.h"
#include "models/pagetable/vtd_second_stage.h"
#include "models/software/viommu.h"

/*
 * A guest whose memory begins OFFSET into physical memory.  Root table at 0x1000, context table of bus 0 at 0x2000;
 * words as [VTD] "Root Entry", "Context Entry" and "Queued Invalidation Interface" print them.
 */
#define OFFSET    UINT64_C(0x100000000)
#define ROOT      UINT64_C(0x1000)
#define CONTEXT   UINT64_C(0x2000)
#define TABLES    UINT64_C(0x100000)
#define SID       0x0020u /* 00:04.0 */
#define DID       7u
#define RW        (PT_READ | PT_WRITE)
#define CALLS_MAX 1024u

static struct memory *memory;
static struct memory_view guest;
static struct frames frames;
static struct page_table table;
static struct viommu viommu;
static struct viommu_command command;
static struct viommu_call calls[CALLS_MAX];
static unsigned call_count;

static const struct pt_rules rules = {
	.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 39, .size_2m = true, .size_1g = true
};

static inline void set_context(uint16_t source_id, phys_t root, unsigned width, unsigned domain)
{
	view_write64(guest, ROOT, CONTEXT | 1);
	view_write64(guest, CONTEXT + source_id * 16u, root ? root | 1 : 0);
	view_write64(guest, CONTEXT + source_id * 16u + 8, width | (uint64_t)domain << 8);
}

static inline void setup(void)
{
	memory = memory_create();
	guest = (struct memory_view){ .memory = memory, .offset = OFFSET };
	frames_init(&frames, TABLES, TABLES + 0x400000);
	ck_assert_int_eq(page_table_init(&table, &vtd_second_stage, &rules, guest, &frames), MAP_OK);
	viommu_init(&viommu, VIOMMU_SHADOW, guest, &rules);
	viommu_set_root(&viommu, ROOT);
	ck_assert_uint_eq(viommu_add(&viommu, SID), 0);
	set_context(SID, table.root, 2, DID);
}

static inline void teardown(void)
{
	viommu_fini(&viommu);
	page_table_fini(&table);
	frames_fini(&frames);
	memory_destroy(memory);
}

static inline void run(uint64_t word0, uint64_t word1)
{
	uint64_t word[2] = { word0, word1 };

	viommu_begin(&viommu, &command, word);
	for (call_count = 0; call_count < CALLS_MAX && viommu_next(&viommu, &command, &calls[call_count]); call_count++)
		;
	ck_assert_uint_lt(call_count, CALLS_MAX);
}

static inline void invalidate_pages(unsigned domain, iova_t iova, unsigned mask)
{
	run(2 | 3 << 4 | (uint64_t)domain << 16, iova | mask);
}

static inline void invalidate_domain(unsigned domain)
{
	run(2 | 2 << 4 | (uint64_t)domain << 16, 0);
}

static inline void guest_map(iova_t iova, phys_t output, uint64_t bytes, unsigned permissions)
{
	struct map_work work = { 0 };

	ck_assert_int_eq(page_table_map(&table, iova, output, bytes, permissions, 30, &work), MAP_OK);
}

static inline void guest_unmap(iova_t iova, uint64_t bytes)
{
	struct map_work work = { 0 };

	ck_assert_int_eq(page_table_unmap(&table, iova, bytes, &work, NULL, NULL), MAP_OK);
}

static inline void expect(unsigned which, enum viommu_call_kind kind, iova_t iova, uint64_t bytes)
{
	ck_assert_uint_lt(which, call_count);
	ck_assert_int_eq(calls[which].kind, kind);
	ck_assert_uint_eq(calls[which].iova, iova);
	ck_assert_uint_eq(calls[which].bytes, bytes);
}

#endif
