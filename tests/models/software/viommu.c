/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/viommu.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/pagetable/map.h"
#include "models/pagetable/vtd_second_stage.h"

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

static void set_context(uint16_t source_id, phys_t root, unsigned width, unsigned domain)
{
	view_write64(guest, ROOT, CONTEXT | 1);
	view_write64(guest, CONTEXT + source_id * 16u, root ? root | 1 : 0);
	view_write64(guest, CONTEXT + source_id * 16u + 8, width | (uint64_t)domain << 8);
}

static void setup(void)
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

static void teardown(void)
{
	viommu_fini(&viommu);
	page_table_fini(&table);
	frames_fini(&frames);
	memory_destroy(memory);
}

static void run(uint64_t word0, uint64_t word1)
{
	uint64_t word[2] = { word0, word1 };

	viommu_begin(&viommu, &command, word);
	for (call_count = 0; call_count < CALLS_MAX && viommu_next(&viommu, &command, &calls[call_count]); call_count++)
		;
	ck_assert_uint_lt(call_count, CALLS_MAX);
	ck_assert_uint_eq(command.calls, call_count);
}

static void invalidate_pages(unsigned domain, iova_t iova, unsigned mask)
{
	run(2 | 3 << 4 | (uint64_t)domain << 16, iova | mask);
}

static void invalidate_domain(unsigned domain)
{
	run(2 | 2 << 4 | (uint64_t)domain << 16, 0);
}

static void guest_map(iova_t iova, phys_t output, uint64_t bytes, unsigned permissions)
{
	struct map_work work = { 0 };

	ck_assert_int_eq(page_table_map(&table, iova, output, bytes, permissions, 30, &work), MAP_OK);
}

static void guest_unmap(iova_t iova, uint64_t bytes)
{
	struct map_work work = { 0 };

	ck_assert_int_eq(page_table_unmap(&table, iova, bytes, &work, NULL, NULL), MAP_OK);
}

static void expect(unsigned which, enum viommu_call_kind kind, iova_t iova, uint64_t bytes)
{
	ck_assert_uint_lt(which, call_count);
	ck_assert_int_eq(calls[which].kind, kind);
	ck_assert_uint_eq(calls[which].iova, iova);
	ck_assert_uint_eq(calls[which].bytes, bytes);
}

START_TEST(each_leaf_that_appeared_is_one_map_call)
{
	guest_map(0x8000, 0x40000, 0x3000, RW);
	invalidate_pages(DID, 0x8000, 2);
	ck_assert_uint_eq(call_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		expect(i, VIOMMU_MAP, 0x8000 + i * 0x1000, 0x1000);
		ck_assert_uint_eq(calls[i].gpa, 0x40000 + i * 0x1000);
		ck_assert_uint_eq(calls[i].permissions, RW);
		ck_assert_uint_eq(calls[i].space, 0);
	}
}
END_TEST

START_TEST(one_page_costs_one_read_per_level_and_two_structures)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(command.entries_read, 4);
	ck_assert_uint_eq(command.structures_read, 2);
	invalidate_pages(DID, 0x8000, 3);
	ck_assert_uint_eq(command.entries_read, 3 + 8);
}
END_TEST

START_TEST(a_descriptor_for_what_is_known_already_gives_no_call)
{
	guest_map(0x8000, 0x40000, 0x2000, RW);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 2);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 3 + 2);
}
END_TEST

START_TEST(a_leaf_that_went_is_one_unmap_call)
{
	guest_map(0x8000, 0x40000, 0x2000, RW);
	guest_map(0x20000, 0x40000, 0x1000, RW); /* keeps the tables */
	invalidate_pages(DID, 0, 6);
	guest_unmap(0x8000, 0x1000);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_UNMAP, 0x8000, 0x1000);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(a_table_that_went_is_one_unmap_call_for_all_that_it_covered)
{
	guest_map(0x200000, 0x40000, 0x1000, RW);
	guest_map(0x208000, 0x50000, 0x1000, RW);
	invalidate_pages(DID, 0x200000, 9);
	ck_assert_uint_eq(call_count, 2);
	guest_map(0, 0, 0x1000, RW); /* keeps the level above */
	guest_unmap(0x200000, 0x200000);
	invalidate_pages(DID, 0x200000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_UNMAP, 0x200000, 0x200000);
	ck_assert_uint_eq(command.entries_read, 3);
	ck_assert_uint_eq(viommu.space[0].mapped.count, 0);
}
END_TEST

START_TEST(a_leaf_that_changed_is_unmapped_and_then_mapped)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	guest_unmap(0x8000, 0x1000);
	guest_map(0x8000, 0x77000, 0x1000, PT_READ);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 2);
	expect(0, VIOMMU_UNMAP, 0x8000, 0x1000);
	expect(1, VIOMMU_MAP, 0x8000, 0x1000);
	ck_assert_uint_eq(calls[1].gpa, 0x77000);
	ck_assert_uint_eq(calls[1].permissions, PT_READ);
}
END_TEST

START_TEST(a_large_leaf_is_one_call_from_any_page_inside)
{
	guest_map(0x400000, 0x600000, 0x200000, RW);
	invalidate_pages(DID, 0x5ff000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x400000, 0x200000);
	ck_assert_uint_eq(calls[0].gpa, 0x600000);
	ck_assert_uint_eq(command.entries_read, 3);
}
END_TEST

START_TEST(a_leaf_of_another_size_at_the_same_place_is_a_change)
{
	guest_map(0x400000, 0x600000, 0x1000, RW);
	invalidate_pages(DID, 0x400000, 0);
	guest_unmap(0x400000, 0x200000);
	guest_map(0x400000, 0x600000, 0x200000, RW);
	invalidate_pages(DID, 0x400000, 0);
	ck_assert_uint_eq(call_count, 2);
	expect(0, VIOMMU_UNMAP, 0x400000, 0x200000);
	expect(1, VIOMMU_MAP, 0x400000, 0x200000);
}
END_TEST

START_TEST(a_write_only_leaf_is_mapped_readable_too)
{
	guest_map(0x8000, 0x40000, 0x1000, PT_WRITE);
	guest_map(0x9000, 0x40000, 0x1000, PT_READ);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(calls[0].permissions, RW);
	ck_assert_uint_eq(calls[1].permissions, PT_READ);
}
END_TEST

START_TEST(permissions_of_the_tables_above_count)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);

	/* Bit 1 is W; the root's first entry loses it. */
	view_write64(guest, table.root, view_read64(guest, table.root) & ~UINT64_C(2));
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(calls[0].permissions, PT_READ);
}
END_TEST

START_TEST(an_entry_with_a_reserved_bit_is_passed_over)
{
	phys_t leaf_table;

	guest_map(0x8000, 0x40000, 0x2000, RW);
	leaf_table = view_read64(guest, view_read64(guest, view_read64(guest, table.root) & ~UINT64_C(0xfff)) &
						~UINT64_C(0xfff)) &
		     ~UINT64_C(0xfff);
	/* An output address beyond the host address width of 39 bits. */
	view_write64(guest, leaf_table + 8 * 8, view_read64(guest, leaf_table + 8 * 8) | UINT64_C(1) << 45);
	invalidate_pages(DID, 0x8000, 1);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x9000, 0x1000);
}
END_TEST

START_TEST(another_domain_is_left_alone)
{
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID + 1, 0x8000, 0);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 0);
	ck_assert_uint_eq(command.structures_read, 2);
	invalidate_domain(DID + 1);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(each_device_of_the_domain_gets_its_own_calls)
{
	ck_assert_uint_eq(viommu_add(&viommu, SID + 8), 1);
	ck_assert_uint_eq(viommu_add(&viommu, SID + 16), 2);
	set_context(SID + 8, table.root, 2, DID);
	set_context(SID + 16, table.root, 2, DID + 1);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 2);
	ck_assert_uint_eq(calls[0].space, 0);
	ck_assert_uint_eq(calls[1].space, 1);
	run(2 | 1 << 4, 0); /* global */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 2);
}
END_TEST

START_TEST(a_domain_selective_descriptor_finds_every_leaf)
{
	guest_map(0, 0x40000, 0x1000, RW);
	guest_map(0x7ffffffff000, 0x41000, 0x1000, RW);
	guest_map(0x8000000000, 0x200000, 0x200000, RW);
	guest_map(0xfffffffff000, 0x42000, 0x1000, RW);
	invalidate_domain(DID);
	ck_assert_uint_eq(call_count, 4);
	expect(0, VIOMMU_MAP, 0, 0x1000);
	expect(1, VIOMMU_MAP, 0x8000000000, 0x200000);
	expect(2, VIOMMU_MAP, 0x7ffffffff000, 0x1000);
	expect(3, VIOMMU_MAP, 0xfffffffff000, 0x1000);
}
END_TEST

START_TEST(a_three_level_table_is_walked_from_its_own_top)
{
	struct page_table small;
	struct pt_rules three = rules;
	struct map_work work = { 0 };

	three.levels = 3;
	three.input_width_lg2 = 39;
	ck_assert_int_eq(page_table_init(&small, &vtd_second_stage, &three, guest, &frames), MAP_OK);
	ck_assert_int_eq(page_table_map(&small, 0x7ffffff000, 0x40000, 0x1000, RW, 30, &work), MAP_OK);
	set_context(SID, small.root, 1, DID);
	invalidate_pages(DID, 0x7ffffff000, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x7ffffff000, 0x1000);
	ck_assert_uint_eq(command.entries_read, 3);
	invalidate_pages(DID, 0x8000000000, 0); /* beyond what the table translates */
	ck_assert_uint_eq(command.entries_read, 0);
	page_table_fini(&small);
}
END_TEST

START_TEST(a_device_that_left_its_domain_loses_everything_in_aligned_pieces)
{
	iova_t next = 0;

	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_domain(DID);
	set_context(SID, 0, 0, 0);
	run(1 | 3 << 4 | (uint64_t)DID << 16 | (uint64_t)SID << 32, 0);
	for (unsigned i = 0; i < call_count; i++) {
		if (next == 0xfee00000)
			next = 0xfef00000;
		expect(i, VIOMMU_UNMAP, next, calls[i].bytes);
		ck_assert_uint_eq(calls[i].bytes & (calls[i].bytes - 1), 0);
		ck_assert_uint_eq(next & (calls[i].bytes - 1), 0);
		next += calls[i].bytes;
	}
	ck_assert_uint_eq(next, UINT64_C(1) << 48);
	/* 0..0xfee00000: one piece per set bit, 10; then 1 MiB, 16 MiB, and 4 GiB doubling up to 2^47: 18. */
	ck_assert_uint_eq(call_count, 28);
	ck_assert_uint_eq(viommu.space[0].mapped.count, 0);
	set_context(SID, table.root, 2, DID);
	run(1 | 3 << 4 | (uint64_t)DID << 16 | (uint64_t)SID << 32, 0);
	ck_assert_uint_eq(call_count, 1);
	expect(0, VIOMMU_MAP, 0x8000, 0x1000);
}
END_TEST

START_TEST(a_device_selective_context_descriptor_heeds_its_function_mask)
{
	ck_assert_uint_eq(viommu_add(&viommu, SID + 4), 1); /* function 4 of the same device */
	set_context(SID + 4, table.root, 2, DID);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	run(1 | 3 << 4 | (uint64_t)(SID + 4) << 32, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 1);
	run(1 | 3 << 4 | (uint64_t)(SID + 4) << 32 | UINT64_C(1) << 48, 0); /* function bit 2 is left out */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 0);
}
END_TEST

START_TEST(without_a_root_table_nothing_is_read)
{
	viommu_set_root(&viommu, PHYS_NONE);
	guest_map(0x8000, 0x40000, 0x1000, RW);
	invalidate_pages(DID, 0x8000, 0);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.structures_read, 0);
}
END_TEST

START_TEST(a_wait_writes_its_status_where_the_guest_said_and_nowhere_else)
{
	uint64_t word[2] = { 5 | 1 << 5 | UINT64_C(0xcafe0002) << 32, 0x3004 };

	view_write64(guest, 0x3000, 0x1111111122222222);
	viommu_begin(&viommu, &command, word);
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0x1111111122222222);
	ck_assert(!command.interrupt);
	ck_assert(!viommu_next(&viommu, &command, &calls[0]));
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0xcafe000222222222);
	word[0] = 5 | 1 << 5 | UINT64_C(3) << 32;
	word[1] = 0x3000;
	viommu_begin(&viommu, &command, word);
	ck_assert(!viommu_next(&viommu, &command, &calls[0]));
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0xcafe000200000003);
}
END_TEST

START_TEST(a_wait_for_an_interrupt_only_writes_nothing)
{
	run(5 | 1 << 4 | UINT64_C(1) << 32, 0x3000);
	ck_assert(command.interrupt);
	ck_assert_uint_eq(view_read64(guest, 0x3000), 0);
}
END_TEST

START_TEST(reserved_types_and_granularities_are_invalid)
{
	static const uint64_t words[][2] = { { 0, 0 }, { 10, 0 },          { 1, 0 },
					     { 2, 0 }, { 2 | 3 << 4, 19 }, { 6 | 1 << 4, 0 },
					     { 6, 0 }, { 7 | 2 << 4, 0 },  { 2 | 1 << 9, 0 } };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		run(words[i][0], words[i][1]);
		ck_assert_msg(command.kind == VIOMMU_INVALID, "descriptor %u", i);
		ck_assert_uint_eq(call_count, 0);
	}
	run(3, 0);
	ck_assert_int_eq(command.kind, VIOMMU_OTHER);
	run(2 | 3 << 4, 18);
	ck_assert_int_eq(command.kind, VIOMMU_IOTLB);
}
END_TEST

/* ---- the brute-force twin: what the calls built must be what the guest's table says ---- */

#define TWIN_PAGES 2048u /* 8 MiB: several tables, some large leaves */

struct shadow_page {
	phys_t gpa;
	unsigned permissions; /* 0: not mapped */
};

static void apply(struct shadow_page *shadow, uint64_t seed)
{
	for (unsigned i = 0; i < call_count; i++) {
		const struct viommu_call *call = &calls[i];

		for (uint64_t at = 0; at < call->bytes; at += PAGE_BYTES) {
			struct shadow_page *page = &shadow[(call->iova + at) >> PAGE_LG2];

			if (call->iova + at >= TWIN_PAGES * PAGE_BYTES)
				break;
			if (call->kind == VIOMMU_MAP)
				ck_assert_msg(page->permissions == 0, "seed %lu: mapped over a mapping", seed);
			*page = call->kind == VIOMMU_MAP ? (struct shadow_page){ call->gpa + at, call->permissions }
							 : (struct shadow_page){ 0, 0 };
		}
	}
}

static bool copy_leaf(void *argument, const struct page_table_leaf *leaf)
{
	struct shadow_page *pages = argument;

	for (uint64_t at = 0; at < pt_entry_bytes(leaf->level); at += PAGE_BYTES)
		pages[(leaf->iova + at) >> PAGE_LG2] =
			(struct shadow_page){ leaf->entry.address + at, PT_READ | (leaf->permissions & PT_WRITE) };
	return true;
}

START_TEST(after_random_changes_and_their_descriptors_the_shadow_is_the_table)
{
	static struct shadow_page shadow[TWIN_PAGES], expected[TWIN_PAGES];
	static bool used[TWIN_PAGES];
	struct random random;
	uint64_t seed = 500 + (uint64_t)_i;

	memset(shadow, 0, sizeof(shadow));
	memset(used, 0, sizeof(used));
	random_init(&random, seed);
	for (unsigned step = 0; step < 150; step++) {
		unsigned mask = (unsigned)random_below(&random, 11);
		uint64_t pages = UINT64_C(1) << mask;
		uint64_t first = random_below(&random, TWIN_PAGES) & ~(pages - 1);
		bool is_free = true;

		for (uint64_t i = first; i < first + pages; i++)
			is_free = is_free && !used[i];
		if (is_free) {
			/* A new mapping, in pieces of odd places, or large and aligned. */
			phys_t output = random_below(&random, 2) ? pages * PAGE_BYTES * random_below(&random, 8)
								 : PAGE_BYTES * random_below(&random, 5000);

			guest_map(first * PAGE_BYTES, output, pages * PAGE_BYTES,
				  1 + (unsigned)random_below(&random, 3));
		} else {
			guest_unmap(first * PAGE_BYTES, pages * PAGE_BYTES);
		}
		/* What is mapped now; an unmap may have taken more of a large leaf. */
		memset(expected, 0, sizeof(expected));
		page_table_for_each(&table, copy_leaf, expected);
		for (unsigned i = 0; i < TWIN_PAGES; i++)
			used[i] = expected[i].permissions != 0;
		if (random_below(&random, 8) == 0)
			invalidate_domain(DID);
		else if (is_free)
			invalidate_pages(DID, first * PAGE_BYTES, mask);
		else
			invalidate_pages(DID, first * PAGE_BYTES & ~UINT64_C(0x1fffff), mask < 9 ? 9 : mask);
		apply(shadow, seed);
		ck_assert_msg(memcmp(shadow, expected, sizeof(shadow)) == 0, "seed %lu step %u", seed, step);
	}
}
END_TEST

/* ---- nested ---- */

/* Scalable-mode root 0x1000, context 0x2000, PASID directory 0x4000, PASID table 0x5000. */
static void set_first_stage(phys_t root, unsigned domain)
{
	view_write64(guest, ROOT, CONTEXT | 1);
	view_write64(guest, CONTEXT + SID * 32u, 0x4000 | 1);
	view_write64(guest, CONTEXT + SID * 32u + 8, 0); /* RID_PASID */
	view_write64(guest, 0x4000, 0x5000 | 1);
	view_write64(guest, 0x5000, root ? 1 | 1 << 6 : 0);
	view_write64(guest, 0x5008, domain);
	view_write64(guest, 0x5010, root);
}

static void setup_nested(void)
{
	setup();
	viommu.mode = VIOMMU_NESTED;
	view_write64(guest, CONTEXT + SID * 16u, 0);
	view_write64(guest, CONTEXT + SID * 16u + 8, 0);
}

#define PASID_CACHE_PASID(domain) (7 | 1 << 4 | (uint64_t)(domain) << 16)

START_TEST(a_pasid_cache_descriptor_attaches_the_guests_first_stage)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_ATTACH);
	ck_assert_uint_eq(calls[0].s1.root, 0x77000);
	ck_assert_uint_eq(calls[0].s1.levels, 4);
	ck_assert_uint_eq(command.structures_read, 4);
	run(PASID_CACHE_PASID(9), 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(another_first_stage_is_attached_in_its_place_and_none_is_detached)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	set_first_stage(0x99000, 9);
	run(7 | 0 << 4 | UINT64_C(9) << 16, 0); /* domain-selective */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_ATTACH);
	ck_assert_uint_eq(calls[0].s1.root, 0x99000);
	set_first_stage(0, 0);
	run(PASID_CACHE_PASID(10), 0); /* not its domain: not looked at */
	ck_assert_uint_eq(call_count, 0);
	run(7 | 3 << 4, 0); /* global */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_DETACH);
	run(7 | 3 << 4, 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

/* Functions 128 and up of a bus: word 1 of its root entry. */
START_TEST(the_upper_half_of_a_bus_has_a_context_table_of_its_own)
{
	ck_assert_uint_eq(viommu_add(&viommu, 0x80 + SID), 1);
	set_first_stage(0x77000, 9);
	view_write64(guest, ROOT + 8, 0x6000 | 1);
	view_write64(guest, 0x6000 + SID * 32u, 0x4000 | 1);
	view_write64(guest, CONTEXT + SID * 32u, 0);
	run(7 | 3 << 4, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 1);
	ck_assert_uint_eq(calls[0].s1.root, 0x77000);
}
END_TEST

START_TEST(a_pasid_based_iotlb_descriptor_is_passed_on)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	run(6 | 3 << 4 | 9 << 16, 0x12345000 | 1 << 6 | 3); /* page-selective, IH, 8 pages; low address bits ignored */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_INVALIDATE);
	ck_assert_uint_eq(calls[0].invalidation.addr, 0x12340000);
	ck_assert_uint_eq(calls[0].invalidation.npages, 8);
	ck_assert(calls[0].invalidation.leaf);
	run(6 | 2 << 4 | 9 << 16, 0); /* PASID-selective */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].invalidation.addr, 0);
	ck_assert_uint_eq(calls[0].invalidation.npages, UINT64_MAX);
	run(6 | 3 << 4 | 8 << 16, 0x12345000);
	ck_assert_uint_eq(call_count, 0);
	run(6 | 3 << 4 | 9 << 16 | UINT64_C(1) << 32, 0x12345000);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 0);
}
END_TEST

START_TEST(a_global_or_domain_selective_iotlb_descriptor_becomes_an_invalidation_of_everything)
{
	run(2 | 1 << 4, 0);
	ck_assert_uint_eq(call_count, 0); /* nothing attached */
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	run(2 | 1 << 4, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].invalidation.npages, UINT64_MAX);
	run(2 | 2 << 4 | 9 << 16, 0);
	ck_assert_uint_eq(call_count, 1);
	run(2 | 2 << 4 | 8 << 16, 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viommu");
	TCase *shadow = tcase_create("shadow"), *nested = tcase_create("nested");

	tcase_add_checked_fixture(shadow, setup, teardown);
	tcase_add_test(shadow, each_leaf_that_appeared_is_one_map_call);
	tcase_add_test(shadow, one_page_costs_one_read_per_level_and_two_structures);
	tcase_add_test(shadow, a_descriptor_for_what_is_known_already_gives_no_call);
	tcase_add_test(shadow, a_leaf_that_went_is_one_unmap_call);
	tcase_add_test(shadow, a_table_that_went_is_one_unmap_call_for_all_that_it_covered);
	tcase_add_test(shadow, a_leaf_that_changed_is_unmapped_and_then_mapped);
	tcase_add_test(shadow, a_large_leaf_is_one_call_from_any_page_inside);
	tcase_add_test(shadow, a_leaf_of_another_size_at_the_same_place_is_a_change);
	tcase_add_test(shadow, a_write_only_leaf_is_mapped_readable_too);
	tcase_add_test(shadow, permissions_of_the_tables_above_count);
	tcase_add_test(shadow, an_entry_with_a_reserved_bit_is_passed_over);
	tcase_add_test(shadow, another_domain_is_left_alone);
	tcase_add_test(shadow, each_device_of_the_domain_gets_its_own_calls);
	tcase_add_test(shadow, a_domain_selective_descriptor_finds_every_leaf);
	tcase_add_test(shadow, a_three_level_table_is_walked_from_its_own_top);
	tcase_add_test(shadow, a_device_that_left_its_domain_loses_everything_in_aligned_pieces);
	tcase_add_test(shadow, a_device_selective_context_descriptor_heeds_its_function_mask);
	tcase_add_test(shadow, without_a_root_table_nothing_is_read);
	tcase_add_test(shadow, a_wait_writes_its_status_where_the_guest_said_and_nowhere_else);
	tcase_add_test(shadow, a_wait_for_an_interrupt_only_writes_nothing);
	tcase_add_test(shadow, reserved_types_and_granularities_are_invalid);
	tcase_add_loop_test(shadow, after_random_changes_and_their_descriptors_the_shadow_is_the_table, 0, 6);
	tcase_add_checked_fixture(nested, setup_nested, teardown);
	tcase_add_test(nested, a_pasid_cache_descriptor_attaches_the_guests_first_stage);
	tcase_add_test(nested, another_first_stage_is_attached_in_its_place_and_none_is_detached);
	tcase_add_test(nested, the_upper_half_of_a_bus_has_a_context_table_of_its_own);
	tcase_add_test(nested, a_pasid_based_iotlb_descriptor_is_passed_on);
	tcase_add_test(nested, a_global_or_domain_selective_iotlb_descriptor_becomes_an_invalidation_of_everything);
	suite_add_tcase(suite, shadow);
	suite_add_tcase(suite, nested);

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
