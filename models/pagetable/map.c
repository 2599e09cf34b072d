/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source for the order of work: Linux 6.12, drivers/iommu/intel/iommu.c, functions
 * __domain_mapping, hardware_largepage_caps, switch_to_super_page and dma_pte_clear_level.
 * A run of leaves in one table is read and written in place, since a probe of
 * simulated memory for each would cost more than the rest of the work.
 */
#include "models/pagetable/map.h"

#include <endian.h>
#include <string.h>

#include "models/base/require.h"

static bool is_present(const struct page_table *table, uint64_t word)
{
	return word & table->present;
}

static void read_entries(const struct page_table *table, phys_t slot, uint64_t *words, unsigned count)
{
	memory_read(table->view.memory, slot + table->view.offset, words, count * sizeof(*words));
}

static void write_entries(const struct page_table *table, phys_t slot, const uint64_t *words, unsigned count)
{
	memory_write(table->view.memory, slot + table->view.offset, words, count * sizeof(*words));
}

/* A zeroed table page, or PHYS_NONE. */
static phys_t table_alloc(struct page_table *table)
{
	static const uint64_t zeros[PT_TABLE_ENTRIES];
	phys_t page = frames_alloc(table->frames);

	if (page != PHYS_NONE)
		write_entries(table, page, zeros, PT_TABLE_ENTRIES);
	return page;
}

/* ---- every entry of a tree, in ascending address, without recursion ---- */

struct tree {
	const struct page_table *owner;
	unsigned top, level;
	bool done;
	phys_t table[PT_LEVELS_MAX];                     /* the table open at each level up to top */
	unsigned next[PT_LEVELS_MAX];                    /* its entry to look at next */
	iova_t iova[PT_LEVELS_MAX];                      /* first address it covers */
	unsigned permissions[PT_LEVELS_MAX];             /* of the entries above it */
	uint64_t words[PT_LEVELS_MAX][PT_TABLE_ENTRIES]; /* as memory has them, little-endian */
};

enum tree_event {
	TREE_LEAF,  /* words[level][next[level] - 1] */
	TREE_TABLE, /* table[level] and all below were seen */
	TREE_END,
};

static void tree_open(struct tree *tree, unsigned level, phys_t table, iova_t iova, unsigned permissions)
{
	tree->level = level;
	tree->table[level] = table;
	tree->next[level] = 0;
	tree->iova[level] = iova;
	tree->permissions[level] = permissions;
	read_entries(tree->owner, table, tree->words[level], PT_TABLE_ENTRIES);
}

static void tree_begin(struct tree *tree, const struct page_table *owner, phys_t table, unsigned level, iova_t iova)
{
	tree->owner = owner;
	tree->top = level;
	tree->done = false;
	tree_open(tree, level, table, iova, PT_READ | PT_WRITE | PT_EXECUTE | PT_USER);
}

/*
 * *level is that of the table an event is about.  At level 0 every present
 * entry counts as a leaf; above it only what decodes as one.
 */
static enum tree_event tree_next(struct tree *tree, unsigned *level)
{
	const struct page_table *owner = tree->owner;

	while (!tree->done) {
		unsigned at = *level = tree->level;

		if (tree->next[at] == PT_TABLE_ENTRIES) {
			tree->done = at == tree->top;
			tree->level++;
			return TREE_TABLE;
		}

		unsigned index = tree->next[at]++;
		uint64_t word = le64toh(tree->words[at][index]);
		struct pt_entry entry;

		if (!is_present(owner, word))
			continue;
		if (at == 0)
			return TREE_LEAF;
		owner->format->decode(&owner->rules, word, at, &entry);
		if (entry.kind == PT_LEAF)
			return TREE_LEAF;
		if (entry.kind == PT_TABLE)
			tree_open(tree, at - 1, entry.address, tree->iova[at] + index * pt_entry_bytes(at),
				  tree->permissions[at] & entry.permissions);
	}
	return TREE_END;
}

/* ---- the table as a whole ---- */

enum map_status page_table_init(struct page_table *table, const struct pt_format *format, const struct pt_rules *rules,
				struct memory_view view, struct frames *frames)
{
	REQUIRE(rules->levels >= format->levels_min && rules->levels <= format->levels_max);
	REQUIRE(!format->is_big_endian && !rules->wider_page_lg2 && !rules->wider_table_lg2);
	*table = (struct page_table){ .format = format, .rules = *rules, .view = view, .frames = frames };
	table->present = format->present(rules);
	table->root = table_alloc(table);
	return table->root == PHYS_NONE ? MAP_NO_MEMORY : MAP_OK;
}

void page_table_fini(struct page_table *table)
{
	struct tree tree;
	unsigned level;
	enum tree_event event;

	tree_begin(&tree, table, table->root, table->rules.levels - 1, 0);
	while ((event = tree_next(&tree, &level)) != TREE_END)
		if (event == TREE_TABLE)
			frames_free(table->frames, tree.table[level]);
	table->root = PHYS_NONE;
}

void page_table_for_each(const struct page_table *table,
			 bool (*visit)(void *argument, const struct page_table_leaf *leaf), void *argument)
{
	struct page_table_leaf leaf;
	struct tree tree;
	enum tree_event event;

	tree_begin(&tree, table, table->root, table->rules.levels - 1, 0);
	while ((event = tree_next(&tree, &leaf.level)) != TREE_END) {
		if (event == TREE_TABLE)
			continue;

		unsigned index = tree.next[leaf.level] - 1;

		leaf.word = le64toh(tree.words[leaf.level][index]);
		table->format->decode(&table->rules, leaf.word, leaf.level, &leaf.entry);
		if (leaf.entry.kind != PT_LEAF)
			continue;
		leaf.word_address = tree.table[leaf.level] + index * sizeof(leaf.word);
		leaf.permissions = tree.permissions[leaf.level] & leaf.entry.permissions;
		leaf.size_lg2 = pt_entry_lg2(leaf.level);
		leaf.iova = tree.iova[leaf.level] + index * pt_entry_bytes(leaf.level);
		if (!table->format->in_range(&table->rules, leaf.iova)) /* the upper half of canonical addresses */
			leaf.iova |= UINT64_MAX << pt_entry_lg2(table->rules.levels);
		if (!visit(argument, &leaf))
			return;
	}
}

/* The last address of a proper range: whole pages, within one half of what the table translates. */
static bool range_last(const struct page_table *table, iova_t iova, uint64_t bytes, iova_t *last)
{
	*last = iova + bytes - 1;
	return bytes > 0 && (iova | bytes) % PAGE_BYTES == 0 && *last > iova && (*last ^ iova) >> 63 == 0 &&
	       table->format->in_range(&table->rules, iova) && table->format->in_range(&table->rules, *last);
}

/* ---- tables that go ---- */

/* A table page that nothing in memory points to any more. */
static void let_go(struct page_table *table, phys_t page, struct map_work *work)
{
	work->tables_freed++;
	if (!table->keep_frames)
		frames_free(table->frames, page);
}

/* Takes a table without leaves out of the slot where a large leaf shall be; false when something is mapped there. */
static bool make_room(struct page_table *table, phys_t slot, uint64_t word, unsigned level, iova_t iova,
		      struct map_work *work)
{
	phys_t next = table->format->next_table(word);
	struct tree tree;
	enum tree_event event;
	unsigned below;

	if (next == PHYS_NONE)
		return false;
	tree_begin(&tree, table, next, level - 1, iova);
	while ((event = tree_next(&tree, &below)) != TREE_END)
		if (event == TREE_LEAF)
			return false;

	view_write64(table->view, slot, 0);
	work->entries_written++;
	tree_begin(&tree, table, next, level - 1, iova);
	while (tree_next(&tree, &below) != TREE_END) {
		if (table->replaced)
			table->replaced(table->replaced_argument, tree.iova[below], below, tree.table[below]);
		let_go(table, tree.table[below], work);
	}
	return true;
}

/* ---- map ---- */

static unsigned leaf_level(const struct page_table *table, iova_t iova, phys_t output, uint64_t bytes,
			   unsigned size_limit_lg2)
{
	const struct pt_rules *rules = &table->rules;

	for (unsigned level = 2; level > 0; level--) {
		bool supported = level == 2 ? rules->size_1g : rules->size_2m;

		if (supported && pt_entry_lg2(level) <= size_limit_lg2 && bytes >= pt_entry_bytes(level) &&
		    (iova | output) % pt_entry_bytes(level) == 0)
			return level;
	}
	return 0;
}

/* Finds the table of a level that covers iova, making what is missing on the way. */
static enum map_status descend(struct page_table *table, iova_t iova, unsigned level, phys_t *found,
			       struct map_work *work)
{
	phys_t at = table->root;

	for (unsigned above = table->rules.levels - 1; above > level; above--) {
		phys_t slot = pt_slot(at, above, iova);
		uint64_t word = view_read64(table->view, slot);

		work->entries_visited++;
		if (!is_present(table, word)) {
			at = table_alloc(table);
			if (at == PHYS_NONE)
				return MAP_NO_MEMORY;
			work->tables_allocated++;
			view_write64(table->view, slot, table->format->make_table(&table->rules, at));
			continue;
		}
		at = table->format->next_table(word);
		if (at == PHYS_NONE)
			return MAP_EXISTS;
	}
	*found = at;
	return MAP_OK;
}

/* Neighbouring 4 KiB leaves; returns how many were written, stopping at the first slot in use. */
static unsigned write_small(struct page_table *table, phys_t slot, unsigned count, uint64_t word, uint64_t step)
{
	uint64_t *words = memory_words(table->view.memory, slot + table->view.offset);
	uint64_t present = htole64(table->present);
	uint64_t in_use = 0;
	unsigned written = count;

	for (unsigned i = 0; i < count; i++)
		in_use |= words[i] & present;
	if (in_use)
		for (written = 0; !(words[written] & present); written++)
			;
	for (unsigned i = 0; i < written; i++)
		words[i] = htole64(word + i * step);
	return written;
}

/* The same for large leaves. */
static unsigned write_large(struct page_table *table, phys_t slot, unsigned level, iova_t iova, unsigned count,
			    uint64_t word, uint64_t step, struct map_work *work)
{
	for (unsigned i = 0; i < count; i++, slot += sizeof(word)) {
		uint64_t old = view_read64(table->view, slot);

		if (is_present(table, old) && !make_room(table, slot, old, level, iova + i * step, work))
			return i;
		view_write64(table->view, slot, word + i * step);
	}
	return count;
}

enum map_status page_table_map(struct page_table *table, iova_t iova, phys_t output, uint64_t bytes,
			       unsigned permissions, unsigned size_limit_lg2, struct map_work *work)
{
	const struct pt_format *format = table->format;
	const struct pt_rules *rules = &table->rules;
	phys_t output_last = output + bytes - 1;
	iova_t last;

	REQUIRE(size_limit_lg2 >= PAGE_LG2);
	if (!range_last(table, iova, bytes, &last) || output % PAGE_BYTES != 0 || output_last < output ||
	    output_last >> rules->output_width_lg2 != 0)
		return MAP_BAD_RANGE;

	while (bytes > 0) {
		unsigned level = leaf_level(table, iova, output, bytes, size_limit_lg2);
		uint64_t size = pt_entry_bytes(level);
		uint64_t to_table_end = PT_TABLE_ENTRIES - pt_index(level, iova);
		unsigned count = (unsigned)(bytes / size < to_table_end ? bytes / size : to_table_end);
		phys_t at;
		enum map_status status = descend(table, iova, level, &at, work);

		if (status != MAP_OK)
			return status;

		phys_t slot = pt_slot(at, level, iova);
		uint64_t word = format->make_leaf(rules, output, level, permissions);
		unsigned written = level == 0 ? write_small(table, slot, count, word, size)
					      : write_large(table, slot, level, iova, count, word, size, work);

		work->entries_written += written;
		work->bytes += written * size;
		if (written < count)
			return MAP_EXISTS;
		iova += count * size;
		output += count * size;
		bytes -= count * size;
	}
	return MAP_OK;
}

/* ---- unmap ---- */

/* Neighbouring 4 KiB leaves. */
static void clear_small(struct page_table *table, phys_t slot, unsigned count, struct map_work *work)
{
	uint64_t *words = memory_words(table->view.memory, slot + table->view.offset);
	uint64_t present = htole64(table->present);
	unsigned cleared = 0;

	for (unsigned i = 0; i < count; i++) {
		bool leaf = words[i] & present;

		words[i] = leaf ? 0 : words[i];
		cleared += leaf;
	}
	work->entries_visited += count;
	work->entries_written += cleared;
	work->bytes += cleared * PAGE_BYTES;
}

/* A table with all below it, whose entry was cleared. */
static void take_out(struct page_table *table, phys_t page, unsigned level, struct map_work *work,
		     void (*freed)(void *argument, phys_t table_page), void *argument)
{
	struct tree tree;
	enum tree_event event;
	unsigned at;

	tree_begin(&tree, table, page, level, 0);
	while ((event = tree_next(&tree, &at)) != TREE_END) {
		if (event == TREE_LEAF) {
			work->bytes += pt_entry_bytes(at);
			continue;
		}
		/* A driver looks for tables below this one, but does not look at leaves of a leaf table. */
		if (at > 0)
			work->entries_visited += PT_TABLE_ENTRIES;
		if (freed)
			freed(argument, tree.table[at]);
		let_go(table, tree.table[at], work);
	}
}

enum map_status page_table_unmap(struct page_table *table, iova_t iova, uint64_t bytes, struct map_work *work,
				 void (*freed)(void *argument, phys_t table_page), void *argument)
{
	phys_t open[PT_LEVELS_MAX]; /* the table at each level on the path to the address reached */
	unsigned top = table->rules.levels - 1, level = top;
	iova_t at = iova, last;

	if (!range_last(table, iova, bytes, &last))
		return MAP_BAD_RANGE;

	open[top] = table->root;
	for (;;) {
		phys_t slot = pt_slot(open[level], level, at);
		iova_t entry_first = at & ~(pt_entry_bytes(level) - 1);
		iova_t entry_last = entry_first + pt_entry_bytes(level) - 1;

		if (level == 0) {
			uint64_t left = (last - at) / PAGE_BYTES + 1;
			uint64_t to_table_end = PT_TABLE_ENTRIES - pt_index(0, at);
			unsigned count = (unsigned)(left < to_table_end ? left : to_table_end);

			clear_small(table, slot, count, work);
			entry_last = at + count * PAGE_BYTES - 1;
		} else {
			uint64_t word = view_read64(table->view, slot);
			bool present = is_present(table, word);
			phys_t next = present ? table->format->next_table(word) : PHYS_NONE;

			work->entries_visited++;
			if (next != PHYS_NONE && (entry_first < iova || entry_last > last)) {
				open[--level] = next;
				continue;
			}
			if (present) {
				view_write64(table->view, slot, 0);
				work->entries_written++;
			}
			if (next != PHYS_NONE)
				take_out(table, next, level - 1, work, freed, argument);
			else if (present)
				work->bytes += pt_entry_bytes(level);
		}

		if (entry_last >= last)
			return MAP_OK;
		at = entry_last + 1;
		while (level < top && pt_index(level, at) == 0)
			level++;
	}
}
