/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of map and unmap share: one table over fresh memory for each
 * test (second stage, 4 levels, root at 0x100000), and what its callbacks told.
 */
#ifndef IOMMUSIM_TESTS_PAGETABLE_MAP_FIXTURE_H
#define IOMMUSIM_TESTS_PAGETABLE_MAP_FIXTURE_H

#include <check.h>
#include <stdlib.h>

#include "models/pagetable/map.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/models/pagetable/tables.h"

#define KIB_4 UINT64_C(0x1000)
#define MIB_2 UINT64_C(0x200000)
#define GIB_1 UINT64_C(0x40000000)

static struct memory *memory;
static struct frames frames;
static struct page_table table;
static struct map_work work;

/* Table pages and iovas that callbacks were told. */
static phys_t told[64];
static iova_t told_iova[64];
static unsigned told_level[64];
static size_t told_count;

static inline void tell(void *argument, phys_t page)
{
	ck_assert_ptr_eq(argument, &told_count);
	told[told_count++] = page;
}

static inline void tell_replaced(void *argument, iova_t iova, unsigned level, phys_t page)
{
	told_iova[told_count] = iova;
	told_level[told_count] = level;
	tell(argument, page);
}

static inline void make_table(const struct pt_format *format, unsigned levels)
{
	struct pt_rules rules = rules_of(levels);

	ck_assert_int_eq(page_table_init(&table, format, &rules, (struct memory_view){ .memory = memory }, &frames),
			 MAP_OK);
}

static inline void setup(void)
{
	memory = memory_create();
	frames_init(&frames, 0x100000, 0x400000);
	make_table(&vtd_second_stage, 4);
	work = (struct map_work){ 0 };
	told_count = 0;
}

static inline void teardown(void)
{
	page_table_fini(&table);
	ck_assert_uint_eq(frames_used(&frames), 0);
	frames_fini(&frames);
	memory_destroy(memory);
}

static inline enum map_status map(iova_t iova, phys_t output, uint64_t bytes)
{
	work = (struct map_work){ 0 };
	return page_table_map(&table, iova, output, bytes, PT_RW | PT_USER, 30, &work);
}

static inline enum map_status unmap(iova_t iova, uint64_t bytes)
{
	work = (struct map_work){ 0 };
	told_count = 0;
	return page_table_unmap(&table, iova, bytes, &work, tell, &told_count);
}

static inline struct walk walk_to(iova_t iova)
{
	return walk_now(memory, table.format, &table.rules, table.root, iova, PT_READ | PT_USER);
}

static inline void check_mapped(iova_t iova, phys_t output, unsigned size_lg2)
{
	struct walk walk = walk_to(iova);

	ck_assert_int_eq(walk.status, WALK_OK);
	ck_assert_uint_eq(walk.output, output);
	ck_assert_uint_eq(walk.size_lg2, size_lg2);
}

static inline void check_hole(iova_t iova)
{
	ck_assert_int_eq(walk_to(iova).status, WALK_NOT_PRESENT);
}

#endif
