/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sparse simulated physical memory, little-endian, in 4 KiB pages made on
 * first write.  What a driver writes and hardware reads, or the reverse,
 * lies here and nowhere else.  A page never written reads as zeros;
 * memory_present tells it apart from one written with zeros.  One thread at a
 * time, readers too: the memory remembers the pages it found lately.
 */
#ifndef IOMMUSIM_MEMORY_MEMORY_H
#define IOMMUSIM_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/base/units.h"

struct memory;

struct memory *memory_create(void); /* never NULL: running out of host memory traps */
void memory_destroy(struct memory *memory);

/* Aligned 8-byte accesses; address a multiple of 8. */
uint64_t memory_read64(const struct memory *memory, phys_t address);
void memory_write64(struct memory *memory, phys_t address, uint64_t value);

/* Atomic read-modify-write: stores desired and returns true when the word equals expected. */
bool memory_compare_exchange64(struct memory *memory, phys_t address, uint64_t expected, uint64_t desired);

/* Any alignment, any length, across pages. */
void memory_read(const struct memory *memory, phys_t address, void *bytes, size_t count);
void memory_write(struct memory *memory, phys_t address, const void *bytes, size_t count);

/*
 * The words from address to the end of its page, which is made if absent: for a run of entries in one table.  As memory
 * has them, little-endian; valid as long as the memory.
 */
uint64_t *memory_words(struct memory *memory, phys_t address);

bool memory_present(const struct memory *memory, phys_t address);
size_t memory_page_count(const struct memory *memory);

/* How often memory has been written so far: what was read stays true while this is the same. */
uint64_t memory_writes(const struct memory *memory);

/*
 * Loads a snapshot's pages: records of a little-endian 64-bit page address
 * (a multiple of 4096) and 4,096 bytes.  A cut record or a misaligned address is an
 * error that names the record and its byte offset.
 */
bool memory_load_pages(struct memory *memory, const void *records, size_t count_bytes, struct err *err);

/*
 * Memory as one guest sees it: guest-physical addresses start offset bytes
 * into physical memory.  A view with offset 0 is physical memory itself.
 */
struct memory_view {
	struct memory *memory;
	phys_t offset;
};

static inline uint64_t view_read64(struct memory_view view, phys_t address)
{
	return memory_read64(view.memory, address + view.offset);
}

static inline void view_write64(struct memory_view view, phys_t address, uint64_t value)
{
	memory_write64(view.memory, address + view.offset, value);
}

#endif
