/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/tce_allocator.h"

#include <stdbool.h>
#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"

/* [LINUX] IOMMU_POOL_HASHBITS; it_blocksize; a request above 15 pages is large; hash_32's multiplier. */
#define POOL_HASH_BITS 2u
#define BLOCK          16u
#define SMALL_MAX      15u
#define HASH           0x61c88647u

#define GIB (UINT64_C(1) << 30)

/* ---- the bitmap ---- */

/* The first entry from `from` on, below end, whose bit is `taken`; else end. */
static uint64_t next_bit(const struct tce_allocator *allocator, uint64_t from, uint64_t end, bool taken)
{
	while (from < end) {
		uint64_t word = allocator->map[from / 64];
		uint64_t wanted = (taken ? word : ~word) >> (from % 64);

		if (wanted) {
			uint64_t found = from + (unsigned)__builtin_ctzll(wanted);

			return found < end ? found : end;
		}
		from = (from / 64 + 1) * 64;
	}
	return end;
}

static void mark(struct tce_allocator *allocator, uint64_t first, uint64_t pages, bool taken)
{
	for (uint64_t i = first; i < first + pages; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		if (taken)
			allocator->map[i / 64] |= bit;
		else
			allocator->map[i / 64] &= ~bit;
	}
}

static bool crosses(const struct tce_allocator *allocator, uint64_t first, uint64_t pages)
{
	uint64_t boundary = (4 * GIB) >> allocator->page_lg2;

	return (allocator->offset + first) % boundary + pages > boundary;
}

/* [LINUX] iommu_area_alloc: the alignment is that of the entry in the window, and the last entry is left alone. */
static uint64_t find_area(struct tce_allocator *allocator, uint64_t from, uint64_t end, uint64_t pages,
			  unsigned align_lg2)
{
	uint64_t align = UINT64_C(1) << align_lg2;

	end--;
	for (;;) {
		uint64_t first = (next_bit(allocator, from, end, false) + align - 1) & ~(align - 1);

		if (first >= end || pages > end - first)
			return TCE_ALLOCATOR_FULL;

		uint64_t obstacle = next_bit(allocator, first, first + pages, true);

		if (obstacle < first + pages) {
			from = obstacle + 1;
		} else if (crosses(allocator, first, pages)) {
			uint64_t boundary = (4 * GIB) >> allocator->page_lg2;

			from = ((allocator->offset + first) / boundary + 1) * boundary - allocator->offset;
		} else {
			mark(allocator, first, pages, true);
			return first;
		}
	}
}

/* ---- pools ---- */

void tce_allocator_init(struct tce_allocator *allocator, iova_t start, uint64_t bytes, unsigned page_lg2)
{
	uint64_t entries = bytes >> page_lg2, pool;

	REQUIRE(entries >= BLOCK && start % (UINT64_C(1) << page_lg2) == 0);
	*allocator = (struct tce_allocator){ .page_lg2 = page_lg2,
					     .offset = start >> page_lg2,
					     .entries = entries,
					     .pool_count = bytes >= GIB ? TCE_ALLOCATOR_POOLS : 1,
					     .map = heap_zeroed(entries / 64 + 1, sizeof(uint64_t)) };
	pool = entries * 3 / 4 / allocator->pool_count;
	for (unsigned i = 0; i <= allocator->pool_count; i++)
		allocator->pool[i] = (struct tce_pool){ .first = pool * i, .end = pool * (i + 1), .hint = pool * i };
	allocator->pool[allocator->pool_count].end = entries;
	if (start == 0) /* some drivers take address 0 for none */
		mark(allocator, 0, 1, true);
}

void tce_allocator_fini(struct tce_allocator *allocator)
{
	free(allocator->map);
	allocator->map = NULL;
}

static unsigned pool_of_cpu(const struct tce_allocator *allocator, unsigned cpu)
{
	return (cpu * HASH) >> (32 - POOL_HASH_BITS) & (allocator->pool_count - 1);
}

unsigned tce_allocator_pool(const struct tce_allocator *allocator, unsigned cpu, uint64_t pages)
{
	return pages > SMALL_MAX ? allocator->pool_count : pool_of_cpu(allocator, cpu);
}

unsigned tce_allocator_pool_of(const struct tce_allocator *allocator, iova_t iova)
{
	uint64_t entry = (iova >> allocator->page_lg2) - allocator->offset;

	if (entry >= allocator->pool[allocator->pool_count].first)
		return allocator->pool_count;
	return (unsigned)(entry / allocator->pool[0].end);
}

iova_t tce_allocator_take(struct tce_allocator *allocator, unsigned cpu, uint64_t pages, unsigned align_lg2,
			  uint64_t *handle)
{
	unsigned number = pool_of_cpu(allocator, cpu);
	struct tce_pool *pool = &allocator->pool[tce_allocator_pool(allocator, cpu, pages)];
	uint64_t from = handle && *handle && *handle >= pool->first && *handle < pool->end ? *handle : pool->hint;
	uint64_t first;

	REQUIRE(pages > 0);
	if (from >= pool->end)
		from = pool->first;
	/* From the hint; the pool from its start; the other pools in turn; the large pool. */
	for (unsigned pass = 0;; pass++) {
		first = find_area(allocator, from, pool->end, pages, align_lg2);
		if (first != TCE_ALLOCATOR_FULL)
			break;
		if (pass > allocator->pool_count + 1)
			return TCE_ALLOCATOR_FULL;
		if (pass == allocator->pool_count + 1) {
			pool = &allocator->pool[allocator->pool_count];
		} else if (pass > 0) {
			number = (number + 1) & (allocator->pool_count - 1);
			pool = &allocator->pool[number];
		}
		from = pool->hint = pool->first;
	}

	uint64_t end = first + pages;

	pool->hint = pages > SMALL_MAX ? end : (end + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
	if (handle)
		*handle = end;
	return (allocator->offset + first) << allocator->page_lg2;
}

void tce_allocator_give(struct tce_allocator *allocator, iova_t iova, uint64_t pages)
{
	uint64_t first = (iova >> allocator->page_lg2) - allocator->offset;

	REQUIRE(first + pages <= allocator->entries);
	mark(allocator, first, pages, false);
}
