/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables that nobody in his senses wrote, in every format: arbitrary words, tables that lead to themselves,
 * tables that are not there.  What must hold of any:
 *   - a walk ends after a read, and at most an update and its repeat, per level;
 *   - decoding a word agrees with its present bits, its reserved bits and the table entry that is usual;
 *   - a leaf that the enumeration of leaves finds, and whose way down no reserved bit, width or flag blocks, is where a
 *     walk to it arrives;
 *   - what a driver makes is decoded to what it meant.
 */
#include "models/memory/memory.h"
#include "models/pagetable/formats.h"
#include "models/pagetable/leaves.h"
#include "models/pagetable/walk.h"
#include "tests/fuzz/fuzz_input.h"

#define PAGES  12u
#define POKES  40u /* of the tables: a table that leads to itself many times is walked long */
#define LEAVES 64u /* looked at */
#define READS  100000u

struct fuzz {
	struct fuzz_input in;
	const struct pt_format *format;
	struct pt_rules rules;
	struct memory *memory;
	unsigned reads, leaves;
};

static void take_rules(struct fuzz *fuzz)
{
	const struct pt_format *format = fuzz->format;
	unsigned flags = (unsigned)fuzz_take(&fuzz->in, 2);
	unsigned levels = fuzz_between(&fuzz->in, format->levels_min, format->levels_max);

	fuzz->rules = (struct pt_rules){
		.levels = levels,
		.input_width_lg2 = flags & 1 ? fuzz_between(&fuzz->in, 30, 57) : pt_entry_lg2(levels),
		.output_width_lg2 = flags & 2 ? fuzz_between(&fuzz->in, 36, 52) : 52,
		.size_2m = flags & 1u << 2,
		.size_1g = flags & 1u << 3,
		.accessed_dirty = flags & 1u << 4,
		.write_protect = flags & 1u << 5,
		.snoop_reserved = flags & 1u << 6,
		.execute_disable = flags & 1u << 7,
		.extended_accessed = flags & 1u << 8,
		.force_snoop = flags & 1u << 9 && !(flags & 1u << 6),
		.tables_writable = flags & 1u << 10,
		.io_permissions = flags & 1u << 11,
		.execute_permission = flags & 1u << 12,
	};
	if (fuzz->rules.input_width_lg2 > pt_entry_lg2(levels))
		fuzz->rules.input_width_lg2 = pt_entry_lg2(levels);
	if (format->is_big_endian) {
		fuzz->rules.wider_page_lg2 = fuzz_below(&fuzz->in, 19);
		fuzz->rules.wider_table_lg2 = fuzz_below(&fuzz->in, 2);
		fuzz->rules.input_width_lg2 = pt_rules_entry_lg2(&fuzz->rules, levels);
		if (pt_rules_entry_lg2(&fuzz->rules, levels - 1) >= 64)
			fuzz->rules.levels = 1;
	}
}

/* ---- words ---- */

static uint64_t page_bytes(const struct fuzz *fuzz, unsigned level)
{
	return UINT64_C(1) << pt_rules_entry_lg2(&fuzz->rules, level);
}

static void check_word(const struct fuzz *fuzz, uint64_t word, unsigned level)
{
	const struct pt_format *format = fuzz->format;
	struct pt_usual_table usual = format->usual_table(&fuzz->rules);
	bool is_present = word & format->present(&fuzz->rules);
	struct pt_entry entry;

	format->decode(&fuzz->rules, word, level, &entry);
	FUZZ_MUST((entry.kind == PT_NOT_PRESENT) == !is_present);
	if (entry.kind != PT_NOT_PRESENT)
		FUZZ_MUST((entry.kind == PT_RESERVED_BIT) ==
			  ((word & format->reserved(&fuzz->rules, word, level)) != 0));
	if (entry.kind == PT_TABLE) {
		FUZZ_MUST(level > 0 && entry.address == format->next_table(word));
		FUZZ_MUST(entry.address % PAGE_BYTES == 0);
	}
	if (entry.kind == PT_LEAF) {
		FUZZ_MUST(level < format->leaf_levels && (level == 0 || format->next_table(word) == PHYS_NONE));
		FUZZ_MUST(entry.address % page_bytes(fuzz, level) == 0);
	}
	if (entry.kind == PT_TABLE || entry.kind == PT_LEAF)
		FUZZ_MUST(entry.address >> fuzz->rules.output_width_lg2 == 0);
	if (level > 0 && (pt_word(format, word) & usual.care) == usual.value)
		FUZZ_MUST(entry.kind == PT_TABLE && entry.address == (word & usual.address));
	if (format->layout)
		FUZZ_MUST(format->layout(word, level));
}

static void check_made(struct fuzz *fuzz)
{
	const struct pt_format *format = fuzz->format;
	unsigned level = fuzz_below(&fuzz->in, format->leaf_levels), permissions = PT_READ | fuzz_below(&fuzz->in, 16);
	uint64_t space = (UINT64_C(1) << fuzz->rules.output_width_lg2) - 1;
	phys_t page = fuzz_take(&fuzz->in, 7) & space & ~(page_bytes(fuzz, level) - 1);
	struct pt_entry entry;

	if ((level == 1 && !fuzz->rules.size_2m) || (level == 2 && !fuzz->rules.size_1g))
		return;
	format->decode(&fuzz->rules, format->make_leaf(&fuzz->rules, page, level, permissions), level, &entry);
	FUZZ_MUST(entry.kind == PT_LEAF && entry.address == page);
	format->decode(&fuzz->rules, format->make_table(&fuzz->rules, page), level + 1, &entry);
	FUZZ_MUST(level + 1 >= fuzz->rules.levels || (entry.kind == PT_TABLE && entry.address == page));
}

/* ---- walks ---- */

static void run(struct fuzz *fuzz, struct walk *walk, phys_t root, iova_t iova, unsigned access)
{
	unsigned steps = 0, interference = 2;

	walk_begin(walk, fuzz->format, &fuzz->rules, root, iova, access);
	while (walk->state != WALK_DONE) {
		FUZZ_MUST(++steps <= 3 * fuzz->rules.levels + 2 * 2);
		FUZZ_MUST(walk->want_address % 8 == 0 && walk->want_address < UINT64_C(1) << 52);
		if (walk_wants_read(walk)) {
			walk_feed(walk, memory_read64(fuzz->memory, walk->want_address));
			continue;
		}
		FUZZ_MUST(walk_wants_update(walk) && walk->want_expected != walk->want_desired);
		if (interference > 0 && fuzz_coin(&fuzz->in)) {
			interference--;
			walk_updated(walk, false);
			continue;
		}
		walk_updated(walk, memory_compare_exchange64(fuzz->memory, walk->want_address, walk->want_expected,
							     walk->want_desired));
	}
	if (walk->status == WALK_OK)
		FUZZ_MUST(((walk->output ^ iova) & ((UINT64_C(1) << walk->size_lg2) - 1)) == 0 &&
			  walk->output >> fuzz->rules.output_width_lg2 == 0);
	else
		FUZZ_MUST(walk->status <= WALK_PERMISSION);
}

static void walk_somewhere(struct fuzz *fuzz)
{
	struct walk walk;
	phys_t root = fuzz_below(&fuzz->in, PAGES) * PAGE_BYTES;
	unsigned access = fuzz_below(&fuzz->in, 32);
	iova_t iova = fuzz_coin(&fuzz->in) ? fuzz_take(&fuzz->in, 8) : fuzz_take(&fuzz->in, 3) << PAGE_LG2;

	run(fuzz, &walk, root, iova, access & 7 ? access : access | PT_READ);
}

/* ---- leaves ---- */

static bool read_word(void *argument, phys_t address, uint64_t *word)
{
	struct fuzz *fuzz = argument;

	FUZZ_MUST(address % 8 == 0 && (fuzz->format->is_big_endian || address < UINT64_C(1) << 52)); /* TCE: 64 bits */
	if (++fuzz->reads > READS || address >= PAGES * PAGE_BYTES)
		return false;
	*word = memory_read64(fuzz->memory, address);
	return true;
}

static void check_leaf(struct fuzz *fuzz, phys_t root, const struct page_table_leaf *leaf)
{
	struct walk walk;

	FUZZ_MUST(leaf->level < fuzz->rules.levels);
	FUZZ_MUST(leaf->iova % page_bytes(fuzz, leaf->level) == 0 && leaf->word_address % 8 == 0);
	if (fuzz->rules.accessed_dirty) /* flags change tables that lead to themselves */
		return;
	run(fuzz, &walk, root, leaf->iova, PT_READ | (leaf->permissions & PT_USER));
	if (walk.status == WALK_OK)
		FUZZ_MUST(walk.output == leaf->entry.address && walk.size_lg2 == leaf->size_lg2);
}

static bool visit(void *argument, const struct page_table_leaf *leaf)
{
	struct fuzz *fuzz = argument;

	FUZZ_MUST(leaf->level < fuzz->rules.levels);
	return ++fuzz->leaves < LEAVES;
}

static void enumerate(struct fuzz *fuzz)
{
	struct page_table table = {
		.format = fuzz->format,
		.rules = fuzz->rules,
		.present = fuzz->format->present(&fuzz->rules),
		.view = { .memory = fuzz->memory },
		.root = fuzz_below(&fuzz->in, PAGES) * PAGE_BYTES,
	};
	struct page_table_leaf leaf;
	struct leaves leaves;

	fuzz->reads = fuzz->leaves = 0;
	leaves_begin(&leaves, fuzz->format, &fuzz->rules, table.root, read_word, fuzz);
	for (unsigned i = 0; i < LEAVES && leaves_next(&leaves, &leaf); i++)
		check_leaf(fuzz, table.root, &leaf);
	if (fuzz->reads <= READS && !fuzz->format->is_big_endian) /* it is no endless table, and one of map.h */
		page_table_for_each(&table, visit, fuzz);
}

/* ---- a case ---- */

static void poke(struct fuzz *fuzz)
{
	unsigned where = (unsigned)fuzz_take(&fuzz->in, 2);
	phys_t address = where % PAGES * PAGE_BYTES + (where & 1u << 15 ? where >> 4 & 0x1ff : where >> 4 & 7) * 8;
	uint64_t word = pt_word(fuzz->format, memory_read64(fuzz->memory, address));

	switch (fuzz_below(&fuzz->in, 3)) {
	case 0:
		word = fuzz_below(&fuzz->in, PAGES) * PAGE_BYTES | fuzz_take(&fuzz->in, 2) % PAGE_BYTES;
		break;
	case 1:
		word ^= UINT64_C(1) << fuzz_below(&fuzz->in, 64);
		break;
	default:
		word = fuzz_take(&fuzz->in, 8);
		break;
	}
	memory_write64(fuzz->memory, address, pt_word(fuzz->format, word));
	check_word(fuzz, word, fuzz_below(&fuzz->in, fuzz->rules.levels));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .in = { data, size }, .memory = memory_create() };
	unsigned pokes = 0, enumerations = 0;

	fuzz.format = pt_formats[fuzz_below(&fuzz.in, PT_FORMATS)];
	take_rules(&fuzz);
	while (fuzz.in.left > 0) {
		switch (fuzz_below(&fuzz.in, 6)) {
		case 0:
			walk_somewhere(&fuzz);
			break;
		case 1:
			if (enumerations++ < 4)
				enumerate(&fuzz);
			break;
		case 2:
			check_made(&fuzz);
			break;
		default:
			if (pokes++ < POKES)
				poke(&fuzz);
			break;
		}
	}
	memory_destroy(fuzz.memory);
	return 0;
}
