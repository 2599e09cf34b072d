/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/split.h"

#include <endian.h>

/* The leaf of the level below that says of its part, the index-th, what word says of the whole. */
static uint64_t part_of(const struct page_table *table, uint64_t word, unsigned level, unsigned index)
{
	const struct pt_format *format = table->format;
	const struct pt_rules *rules = &table->rules;
	struct pt_entry entry;

	format->decode(rules, word, level, &entry);

	/* Flags and ignored bits lie alike at every level: those in which word differs from a driver's fresh leaf. */
	uint64_t kept = word ^ format->make_leaf(rules, entry.address, level, entry.permissions);
	phys_t page = entry.address + index * pt_entry_bytes(level - 1);

	return format->make_leaf(rules, page, level - 1, entry.permissions) ^ kept;
}

static enum map_status split_leaf(struct page_table *table, phys_t slot, unsigned level, struct map_work *work)
{
	uint64_t word = view_read64(table->view, slot), words[PT_TABLE_ENTRIES];
	phys_t page = frames_alloc(table->frames);

	if (page == PHYS_NONE)
		return MAP_NO_MEMORY;
	for (unsigned i = 0; i < PT_TABLE_ENTRIES; i++)
		words[i] = htole64(part_of(table, word, level, i));
	memory_write(table->view.memory, page + table->view.offset, words, sizeof(words));
	view_write64(table->view, slot, table->format->make_table(&table->rules, page));
	work->tables_allocated++;
	work->entries_written += PT_TABLE_ENTRIES;
	return MAP_OK;
}

enum map_status page_table_split(struct page_table *table, iova_t at, struct split_range *range, struct map_work *work)
{
	phys_t open = table->root;

	*range = (struct split_range){ 0 };
	if (at % PAGE_BYTES != 0 || !table->format->in_range(&table->rules, at))
		return MAP_BAD_RANGE;
	for (unsigned level = table->rules.levels - 1; level > 0 && at % pt_entry_bytes(level) != 0; level--) {
		phys_t slot = pt_slot(open, level, at);
		uint64_t word = view_read64(table->view, slot);

		work->entries_visited++;
		if (!(word & table->present))
			return MAP_OK;
		if (table->format->next_table(word) == PHYS_NONE) {
			enum map_status status = split_leaf(table, slot, level, work);

			if (status != MAP_OK)
				return status;
			if (range->bytes == 0)
				*range = (struct split_range){ .first = at & ~(pt_entry_bytes(level) - 1),
							       .bytes = pt_entry_bytes(level) };
			word = view_read64(table->view, slot);
		}
		open = table->format->next_table(word);
	}
	return MAP_OK;
}
