/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages are found by an open-addressed hash table from page number to bytes.  The hash keeps the two lowest bits of
 * the page number, so that four neighbours lie in one cache line of the host.  Pages found lately are remembered by the
 * low bits of their number: a walk that goes again and again through the same tables takes no probe.  Pages come out of
 * slabs and live, where they are, as long as the memory.
 */
#include "models/memory/memory.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/base/require.h"

#define SLAB_PAGES         64u
#define FIRST_CAPACITY_LG2 8u
#define NO_PAGE            UINT64_MAX /* page numbers have 52 bits */
#define FOUND              256u       /* pages remembered: 4 KiB of the host's cache */
#define RECORD_BYTES       (sizeof(uint64_t) + PAGE_BYTES)

struct page {
	uint64_t number;
	unsigned char *bytes;
};

struct slab {
	struct slab *older;
	unsigned char *pages;
};

struct memory {
	struct page found[FOUND]; /* by page number, modulo; a copy of some entry of the table, or NO_PAGE */
	struct page *table;
	unsigned capacity_lg2;
	size_t count;
	struct slab *slabs;
	size_t slab_left; /* unused pages of the newest slab */
	uint64_t writes;
};

static void forget_pages(struct page *pages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pages[i].number = NO_PAGE;
}

static struct page *table_create(unsigned capacity_lg2)
{
	size_t capacity = (size_t)1 << capacity_lg2;
	struct page *table = heap_zeroed(capacity, sizeof(*table));

	forget_pages(table, capacity);
	return table;
}

struct memory *memory_create(void)
{
	struct memory *memory = heap_zeroed(1, sizeof(*memory));

	forget_pages(memory->found, FOUND);
	memory->capacity_lg2 = FIRST_CAPACITY_LG2;
	memory->table = table_create(FIRST_CAPACITY_LG2);
	return memory;
}

void memory_destroy(struct memory *memory)
{
	if (!memory)
		return;
	while (memory->slabs) {
		struct slab *slab = memory->slabs;

		memory->slabs = slab->older;
		free(slab->pages);
		free(slab);
	}
	free(memory->table);
	free(memory);
}

/* The entry of a page number, or the empty entry where it belongs. */
static struct page *table_find(struct page *table, unsigned capacity_lg2, uint64_t number)
{
	uint64_t mask = (UINT64_C(1) << capacity_lg2) - 1;
	uint64_t group = ((number >> 2) * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - capacity_lg2 + 2);
	uint64_t at = group << 2 | (number & 3);

	while (table[at].number != number && table[at].number != NO_PAGE)
		at = (at + 1) & mask;
	return &table[at];
}

/* Out of line: page_bytes is in every access, this in few. */
static __attribute__((noinline)) unsigned char *page_search(const struct memory *memory, uint64_t number)
{
	struct page *page = table_find(memory->table, memory->capacity_lg2, number);

	if (page->number == NO_PAGE)
		return NULL;
	/* Remembering is no change that a caller can see, and every struct memory is heap, not const. */
	((struct memory *)memory)->found[number % FOUND] = *page;
	return page->bytes;
}

/* The bytes of a page, NULL when absent. */
static inline unsigned char *page_bytes(const struct memory *memory, uint64_t number)
{
	const struct page *found = &memory->found[number % FOUND];

	return found->number == number ? found->bytes : page_search(memory, number);
}

static void table_grow(struct memory *memory)
{
	size_t old_capacity = (size_t)1 << memory->capacity_lg2;
	struct page *old = memory->table;

	memory->capacity_lg2++;
	memory->table = table_create(memory->capacity_lg2);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].number != NO_PAGE)
			*table_find(memory->table, memory->capacity_lg2, old[i].number) = old[i];
	free(old);
}

static unsigned char *page_create(struct memory *memory, uint64_t number)
{
	if (memory->slab_left == 0) {
		struct slab *slab = heap_zeroed(1, sizeof(*slab));

		slab->pages = heap_zeroed(SLAB_PAGES, PAGE_BYTES);
		slab->older = memory->slabs;
		memory->slabs = slab;
		memory->slab_left = SLAB_PAGES;
	}
	if (2 * (memory->count + 1) > (size_t)1 << memory->capacity_lg2)
		table_grow(memory);

	unsigned char *bytes = memory->slabs->pages + (SLAB_PAGES - memory->slab_left) * PAGE_BYTES;

	memory->slab_left--;
	memory->count++;
	memory->found[number % FOUND] = (struct page){ number, bytes };
	*table_find(memory->table, memory->capacity_lg2, number) = memory->found[number % FOUND];
	return bytes;
}

/* For a write. */
static unsigned char *page_made(struct memory *memory, uint64_t number)
{
	unsigned char *bytes = page_bytes(memory, number);

	memory->writes++;
	return bytes ? bytes : page_create(memory, number);
}

uint64_t memory_read64(const struct memory *memory, phys_t address)
{
	REQUIRE(address % sizeof(uint64_t) == 0);

	const unsigned char *bytes = page_bytes(memory, address >> PAGE_LG2);
	uint64_t word;

	if (!bytes)
		return 0;
	memcpy(&word, bytes + address % PAGE_BYTES, sizeof(word));
	return le64toh(word);
}

void memory_write64(struct memory *memory, phys_t address, uint64_t value)
{
	REQUIRE(address % sizeof(uint64_t) == 0);

	uint64_t word = htole64(value);

	memcpy(page_made(memory, address >> PAGE_LG2) + address % PAGE_BYTES, &word, sizeof(word));
}

bool memory_compare_exchange64(struct memory *memory, phys_t address, uint64_t expected, uint64_t desired)
{
	if (memory_read64(memory, address) != expected)
		return false;
	memory_write64(memory, address, desired);
	return true;
}

/* How many of count bytes from address on lie in the page of address. */
static size_t in_page(phys_t address, size_t count)
{
	size_t left = (size_t)(PAGE_BYTES - address % PAGE_BYTES);

	return count < left ? count : left;
}

void memory_read(const struct memory *memory, phys_t address, void *bytes, size_t count)
{
	unsigned char *to = bytes;

	REQUIRE(count == 0 || count - 1 <= UINT64_MAX - address);
	while (count > 0) {
		size_t part = in_page(address, count);
		const unsigned char *page = page_bytes(memory, address >> PAGE_LG2);

		if (page)
			memcpy(to, page + address % PAGE_BYTES, part);
		else
			memset(to, 0, part);
		address += part;
		to += part;
		count -= part;
	}
}

void memory_write(struct memory *memory, phys_t address, const void *bytes, size_t count)
{
	const unsigned char *from = bytes;

	REQUIRE(count == 0 || count - 1 <= UINT64_MAX - address);
	while (count > 0) {
		size_t part = in_page(address, count);

		memcpy(page_made(memory, address >> PAGE_LG2) + address % PAGE_BYTES, from, part);
		address += part;
		from += part;
		count -= part;
	}
}

uint64_t *memory_words(struct memory *memory, phys_t address)
{
	REQUIRE(address % sizeof(uint64_t) == 0);
	/* A slab begins where any type may. */
	return (uint64_t *)(void *)(page_made(memory, address >> PAGE_LG2) + address % PAGE_BYTES);
}

bool memory_present(const struct memory *memory, phys_t address)
{
	return page_bytes(memory, address >> PAGE_LG2) != NULL;
}

size_t memory_page_count(const struct memory *memory)
{
	return memory->count;
}

uint64_t memory_writes(const struct memory *memory)
{
	return memory->writes;
}

bool memory_load_pages(struct memory *memory, const void *records, size_t count_bytes, struct err *err)
{
	const unsigned char *bytes = records;

	for (size_t record = 0; record * RECORD_BYTES < count_bytes; record++) {
		size_t offset = record * RECORD_BYTES;
		uint64_t word;

		if (count_bytes - offset < RECORD_BYTES)
			return err_set(err, ERR_FILE, "page record %zu at byte %zu: cut after %zu of %zu bytes", record,
				       offset, count_bytes - offset, (size_t)RECORD_BYTES);
		memcpy(&word, bytes + offset, sizeof(word));

		phys_t address = le64toh(word);

		if (address % PAGE_BYTES != 0)
			return err_set(err, ERR_FILE,
				       "page record %zu at byte %zu: address 0x%llx is not a multiple of 4096", record,
				       offset, (unsigned long long)address);
		memory_write(memory, address, bytes + offset + sizeof(word), PAGE_BYTES);
	}
	return true;
}
