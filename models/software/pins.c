/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/pins.h"

#include <stdbool.h>
#include <stdlib.h>

#include "models/base/require.h"
#include "models/pagetable/format.h"

#define BLOCK_LG2   (PAGE_LG2 + PT_TABLE_LG2)
#define BLOCK_BYTES (UINT64_C(1) << BLOCK_LG2)
#define BLOCK_PAGES (UINT64_C(1) << PT_TABLE_LG2)

struct pin_block {
	uint32_t whole;  /* pins of all of it at once */
	uint32_t single; /* pages of it that are pinned one by one */
	uint32_t *page;  /* [BLOCK_PAGES] pins one by one; NULL until there was one */
};

void pins_init(struct pins *pins, phys_t base, uint64_t bytes)
{
	REQUIRE(((base | bytes) & (PAGE_BYTES - 1)) == 0);
	*pins = (struct pins){ .base = base, .bytes = bytes };
	pins->block_count = (size_t)((bytes + BLOCK_BYTES - 1) >> BLOCK_LG2);
	pins->block = calloc(pins->block_count, sizeof(*pins->block));
	REQUIRE(pins->block || !pins->block_count);
}

void pins_fini(struct pins *pins)
{
	for (size_t i = 0; i < pins->block_count; i++)
		free(pins->block[i].page);
	free(pins->block);
	*pins = (struct pins){ 0 };
}

static uint64_t block_pages_pinned(const struct pin_block *block)
{
	return block->whole ? BLOCK_PAGES : block->single;
}

static void need_pages(struct pin_block *block)
{
	if (block->page)
		return;
	block->page = calloc(BLOCK_PAGES, sizeof(*block->page));
	REQUIRE(block->page);
}

/* One pin of all of it becomes a pin of each page. */
static void split(struct pin_block *block)
{
	need_pages(block);
	block->whole--;
	for (size_t i = 0; i < BLOCK_PAGES; i++) {
		REQUIRE(block->page[i] < UINT32_MAX);
		block->single += block->page[i]++ == 0;
	}
}

static void page_up(struct pin_block *block, size_t index)
{
	need_pages(block);
	REQUIRE(block->page[index] < UINT32_MAX);
	block->single += block->page[index]++ == 0;
}

static void page_down(struct pin_block *block, size_t index)
{
	if (!block->page || !block->page[index]) {
		REQUIRE(block->whole > 0);
		split(block);
	}
	block->single -= --block->page[index] == 0;
}

/* offset and bytes within the range. */
static void change(struct pins *pins, uint64_t offset, uint64_t bytes, bool up)
{
	uint64_t end = offset + bytes;

	while (offset < end) {
		struct pin_block *block = &pins->block[offset >> BLOCK_LG2];
		uint64_t block_end = (offset & ~(BLOCK_BYTES - 1)) + BLOCK_BYTES;
		uint64_t stop = block_end < end ? block_end : end;
		uint64_t before = block_pages_pinned(block);

		if (stop - offset == BLOCK_BYTES && (up || block->whole)) {
			REQUIRE(!up || block->whole < UINT32_MAX);
			block->whole += up ? 1 : UINT32_MAX;
			offset = stop;
		}
		for (; offset < stop; offset += PAGE_BYTES) {
			size_t index = (offset >> PAGE_LG2) & (BLOCK_PAGES - 1);

			if (up)
				page_up(block, index);
			else
				page_down(block, index);
		}
		pins->pages += block_pages_pinned(block) - before;
	}
	if (pins->peak < pins->pages)
		pins->peak = pins->pages;
}

/* From the range's beginning to [phys, phys + bytes), which lies in it. */
static uint64_t offset_of(const struct pins *pins, phys_t phys, uint64_t bytes)
{
	uint64_t offset = phys - pins->base;

	REQUIRE(((phys | bytes) & (PAGE_BYTES - 1)) == 0);
	REQUIRE(phys >= pins->base && offset <= pins->bytes && bytes <= pins->bytes - offset);
	return offset;
}

void pins_pin(struct pins *pins, phys_t phys, uint64_t bytes)
{
	change(pins, offset_of(pins, phys, bytes), bytes, true);
	pins->pins += bytes >> PAGE_LG2;
}

void pins_unpin(struct pins *pins, phys_t phys, uint64_t bytes)
{
	change(pins, offset_of(pins, phys, bytes), bytes, false);
	pins->pins -= bytes >> PAGE_LG2;
}

uint64_t pins_count(const struct pins *pins, phys_t phys)
{
	uint64_t offset = offset_of(pins, phys & ~(PAGE_BYTES - 1), PAGE_BYTES);
	const struct pin_block *block = &pins->block[offset >> BLOCK_LG2];

	return block->whole + (block->page ? block->page[(offset >> PAGE_LG2) & (BLOCK_PAGES - 1)] : 0);
}
