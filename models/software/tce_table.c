/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/tce_table.h"

#include <endian.h>
#include <string.h>

#include "models/base/require.h"
#include "models/pagetable/tce.h"

#define ENTRY_LG2    3u  /* a TCE has 8 bytes */
#define LEVELS_MAX   5u  /* POWERNV_IOMMU_MAX_LEVELS */
#define WIDTH_MAX    54u /* bits that the levels may translate, whatever the window */
#define HARDWARE_LG2 12u /* TVEs have table addresses and sizes in units of this */

/* ---- geometry ---- */

static unsigned lg2(uint64_t power)
{
	return 63u - (unsigned)__builtin_clzll(power);
}

static bool is_power_of_two(uint64_t number)
{
	return number && !(number & (number - 1));
}

unsigned tce_window_table_lg2(const struct tce_window *window)
{
	if (window->levels < 1 || window->levels > LEVELS_MAX || !is_power_of_two(window->bytes) ||
	    window->page_lg2 < HARDWARE_LG2 || lg2(window->bytes) < window->page_lg2 ||
	    window->start & (window->bytes - 1))
		return 0;

	unsigned entries = lg2(window->bytes) - window->page_lg2;
	unsigned table_lg2 = (entries + window->levels - 1) / window->levels + ENTRY_LG2;

	if (table_lg2 < window->host_page_lg2)
		table_lg2 = window->host_page_lg2;
	table_lg2 -= ENTRY_LG2;
	return table_lg2 * window->levels + window->page_lg2 > WIDTH_MAX ? 0 : table_lg2;
}

static uint64_t align(uint64_t bytes, uint64_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

uint64_t tce_window_table_bytes(const struct tce_window *window)
{
	unsigned table_lg2 = tce_window_table_lg2(window);
	uint64_t bytes = 0, level_bytes, table_bytes;

	if (!table_lg2)
		return 0;
	table_bytes = UINT64_C(1) << (table_lg2 + ENTRY_LG2);
	level_bytes = window->bytes >> window->page_lg2 << ENTRY_LG2;
	for (unsigned level = 0; level < window->levels; level++) {
		level_bytes = align(level_bytes, table_bytes);
		bytes += level_bytes;
		level_bytes = level_bytes / table_bytes << ENTRY_LG2;
	}
	return bytes;
}

struct pt_rules tce_table_rules(const struct tce_table *table)
{
	return tce_rules(table->window.page_lg2, table->table_lg2, table->window.levels, TCE_REAL_ADDRESS_BITS);
}

uint64_t tce_table_level_bytes(const struct tce_table *table)
{
	return UINT64_C(1) << (table->table_lg2 + ENTRY_LG2);
}

/* ---- tables ---- */

static phys_t table_alloc(struct tce_table *table, struct map_work *work)
{
	static const unsigned char zeros[PAGE_BYTES];
	uint64_t bytes = tce_table_level_bytes(table);
	phys_t first = bytes > PAGE_BYTES ? frames_alloc_contiguous(table->frames, bytes / PAGE_BYTES)
					  : frames_alloc(table->frames);

	if (first == PHYS_NONE)
		return PHYS_NONE;
	for (phys_t at = first + table->view.offset; at < first + table->view.offset + bytes; at += PAGE_BYTES)
		if (memory_present(table->view.memory, at))
			memory_write(table->view.memory, at, zeros, sizeof(zeros));
	table->allocated_bytes += bytes;
	work->tables_allocated++;
	return first;
}

static void table_free(struct tce_table *table, phys_t first)
{
	uint64_t bytes = tce_table_level_bytes(table);

	for (phys_t frame = first + bytes; frame > first; frame -= PAGE_BYTES)
		frames_free(table->frames, frame - PAGE_BYTES);
	table->allocated_bytes -= bytes;
}

static uint64_t entry_read(const struct tce_table *table, phys_t slot)
{
	return pt_word(&tce_format, view_read64(table->view, slot));
}

static void entry_write(struct tce_table *table, phys_t slot, uint64_t word)
{
	view_write64(table->view, slot, pt_word(&tce_format, word));
}

/* Number of an entry in its table at a level, from the number of a page in the window. */
static uint64_t index_at(const struct tce_table *table, unsigned level, uint64_t page)
{
	return page >> (table->table_lg2 * level) & ((UINT64_C(1) << table->table_lg2) - 1);
}

/*
 * The last-level table of a page, PHYS_NONE when it is absent and not to be made, or cannot be.  Each indirect TCE
 * read counts.
 */
static phys_t last_table(struct tce_table *table, uint64_t page, bool make, struct map_work *work)
{
	phys_t at = table->root;

	for (unsigned level = table->window.levels - 1; level > 0; level--) {
		phys_t slot = at + (index_at(table, level, page) << ENTRY_LG2);
		uint64_t word = entry_read(table, slot);

		work->entries_visited++;
		if (word) {
			at = word & TCE_RPN;
			continue;
		}
		at = make ? table_alloc(table, work) : PHYS_NONE;
		if (at == PHYS_NONE)
			return PHYS_NONE;
		entry_write(table, slot, at | TCE_R | TCE_W);
	}
	return at;
}

/* ---- the table as a whole ---- */

/* Tables of the last level that the window needs. */
static uint64_t last_tables(const struct tce_table *table)
{
	uint64_t pages = table->window.bytes >> table->window.page_lg2;

	return (pages + (UINT64_C(1) << table->table_lg2) - 1) >> table->table_lg2;
}

enum map_status tce_table_init(struct tce_table *table, const struct tce_window *window, struct memory_view view,
			       struct frames *frames, struct map_work *work)
{
	struct map_work unpriced = { 0 };

	*table = (struct tce_table){ .window = *window, .view = view, .frames = frames, .root = PHYS_NONE };
	table->table_lg2 = tce_window_table_lg2(window);
	if (!table->table_lg2)
		return MAP_BAD_RANGE;
	table->root = table_alloc(table, work);
	if (table->root == PHYS_NONE)
		return MAP_NO_MEMORY;
	for (uint64_t i = 0; window->is_full && i < last_tables(table); i++) {
		if (last_table(table, i << table->table_lg2, true, &unpriced) == PHYS_NONE) {
			tce_table_fini(table);
			return MAP_NO_MEMORY;
		}
	}
	work->tables_allocated += unpriced.tables_allocated;
	return MAP_OK;
}

void tce_table_fini(struct tce_table *table)
{
	phys_t open[LEVELS_MAX];
	uint64_t next[LEVELS_MAX] = { 0 };
	unsigned top = table->window.levels - 1, level = top;

	if (table->root == PHYS_NONE)
		return;
	open[top] = table->root;
	for (;;) {
		if (level > 0 && next[level] < UINT64_C(1) << table->table_lg2) {
			uint64_t word = entry_read(table, open[level] + (next[level]++ << ENTRY_LG2));

			if (word) {
				open[--level] = word & TCE_RPN;
				next[level] = 0;
			}
			continue;
		}
		table_free(table, open[level]);
		if (level++ == top)
			break;
	}
	table->root = PHYS_NONE;
}

/* ---- entries ---- */

static bool is_in_window(const struct tce_table *table, iova_t iova, uint64_t pages)
{
	const struct tce_window *window = &table->window;
	uint64_t offset = iova - window->start, page = offset >> window->page_lg2;

	return table->root != PHYS_NONE && iova >= window->start &&
	       (offset >> window->page_lg2) << window->page_lg2 == offset && page < window->bytes >> window->page_lg2 &&
	       pages <= (window->bytes >> window->page_lg2) - page;
}

/* Entries from this one on to the next multiple of a number. */
static uint64_t run_of(uint64_t page, uint64_t pages, uint64_t multiple)
{
	uint64_t left = multiple - page % multiple;

	return pages < left ? pages : left;
}

enum map_status tce_table_set(struct tce_table *table, iova_t iova, phys_t output, uint64_t pages, unsigned permissions,
			      struct map_work *work)
{
	unsigned page_lg2 = table->window.page_lg2;
	uint64_t page = (iova - table->window.start) >> page_lg2;
	uint64_t word = output | TCE_R | (permissions & PT_WRITE ? TCE_W : 0);

	REQUIRE(permissions & (PT_READ | PT_WRITE));
	if (!is_in_window(table, iova, pages) || output & ((UINT64_C(1) << page_lg2) - 1) ||
	    output >> TCE_REAL_ADDRESS_BITS)
		return MAP_BAD_RANGE;
	while (pages > 0) {
		uint64_t run = run_of(page, pages, PT_TABLE_ENTRIES), visited = work->entries_visited;
		phys_t last = last_table(table, page, true, work);

		if (last == PHYS_NONE)
			return MAP_NO_MEMORY;

		uint64_t *words = memory_words(table->view.memory,
					       table->view.offset + last + (index_at(table, 0, page) << ENTRY_LG2));

		for (uint64_t i = 0; i < run; i++, word += UINT64_C(1) << page_lg2)
			words[i] = htobe64(word);
		work->entries_visited += (run - 1) * (work->entries_visited - visited);
		work->entries_written += run;
		work->bytes += run << page_lg2;
		page += run;
		pages -= run;
	}
	return MAP_OK;
}

enum map_status tce_table_clear(struct tce_table *table, iova_t iova, uint64_t pages, struct map_work *work)
{
	unsigned page_lg2 = table->window.page_lg2;
	uint64_t page = (iova - table->window.start) >> page_lg2;

	if (!is_in_window(table, iova, pages))
		return MAP_BAD_RANGE;
	while (pages > 0) {
		uint64_t run = run_of(page, pages, PT_TABLE_ENTRIES), visited = work->entries_visited;
		phys_t last = last_table(table, page, false, work);

		if (last == PHYS_NONE) {
			/*
			 * SIMPLIFIED: to the end of the table.  Linux 6.12 counts the table's entries from the range's start, and so
			 * may pass over entries of the next one.
			 */
			run = run_of(page, pages, UINT64_C(1) << table->table_lg2);
		} else {
			uint64_t *words =
				memory_words(table->view.memory,
					     table->view.offset + last + (index_at(table, 0, page) << ENTRY_LG2));

			for (uint64_t i = 0; i < run; i++)
				work->bytes += words[i] ? UINT64_C(1) << page_lg2 : 0;
			memset(words, 0, run << ENTRY_LG2);
			work->entries_visited += (run - 1) * (work->entries_visited - visited);
			work->entries_written += run;
		}
		page += run;
		pages -= run;
	}
	return MAP_OK;
}

enum map_status tce_table_exchange(struct tce_table *table, iova_t iova, uint64_t *word, struct map_work *work)
{
	uint64_t page = (iova - table->window.start) >> table->window.page_lg2;

	if (!is_in_window(table, iova, 1))
		return MAP_BAD_RANGE;

	uint64_t fresh = *word & TCE_W ? *word | TCE_R : *word;
	bool is_valid = fresh & (TCE_R | TCE_W);
	phys_t last = last_table(table, page, is_valid, work);

	*word = 0;
	if (last == PHYS_NONE)
		return is_valid ? MAP_NO_MEMORY : MAP_OK;

	phys_t slot = last + (index_at(table, 0, page) << ENTRY_LG2);

	*word = entry_read(table, slot);
	entry_write(table, slot, fresh);
	work->entries_visited++;
	work->entries_written++;
	work->bytes += UINT64_C(1) << table->window.page_lg2;
	return MAP_OK;
}

uint64_t tce_table_get(const struct tce_table *table, iova_t iova)
{
	iova_t aligned = iova >> table->window.page_lg2 << table->window.page_lg2;
	uint64_t page = (aligned - table->window.start) >> table->window.page_lg2;
	phys_t at = table->root;

	if (!is_in_window(table, aligned, 1))
		return 0;
	for (unsigned level = table->window.levels; level-- > 0;) {
		uint64_t word = entry_read(table, at + (index_at(table, level, page) << ENTRY_LG2));

		if (!word || level == 0)
			return word;
		at = word & TCE_RPN;
	}
	return 0;
}

uint64_t tce_table_hole(const struct tce_table *table, iova_t iova)
{
	uint64_t page = (iova - table->window.start) >> table->window.page_lg2;
	phys_t at = table->root;

	for (unsigned level = table->window.levels - 1; level > 0; level--) {
		uint64_t word = entry_read(table, at + (index_at(table, level, page) << ENTRY_LG2));
		uint64_t span = UINT64_C(1) << (table->table_lg2 * level);

		if (!word)
			return span - (page & (span - 1));
		at = word & TCE_RPN;
	}
	return 0;
}
