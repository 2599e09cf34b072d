/* SPDX-License-Identifier: Apache-2.0 */
/* The page tables of the twin. */
#include "tests/models/iommu/vtd/twin_steps.h"

#define ADDRESS UINT64_C(0xffffffffff000) /* bits 51:12 */
#define NO_HOST UINT64_MAX

/* How a second stage ends; the request, or what the address is of, makes a fault reason of it. */
enum outcome { FINE, TOO_WIDE, NOT_PRESENT, RESERVED, DENIED, NO_SNOOP };

struct page {
	uint64_t output;
	unsigned size_lg2, granted, lasting; /* lasting: no write before the dirty flag is set */
};

/* A table entry, with the flags that this walk has set. */
static uint64_t get(struct twin_walk *walk, uint64_t address)
{
	uint64_t word;

	twin_get_entry(walk, address, &word, 1);
	for (unsigned i = 0; i < walk->updates; i++)
		if (walk->update[i].address == address)
			word |= walk->update[i].bits;
	return word;
}

/* Does an atomic update find the word that was read? */
static bool is_same(struct twin_walk *walk, uint64_t address, uint64_t word)
{
	uint64_t now = get(walk, address);

	walk->reads--;
	return now == word;
}

static void set_flags(struct twin_walk *walk, uint64_t address, uint64_t bits)
{
	REQUIRE(walk->updates < TWIN_UPDATES);
	walk->update[walk->updates].address = address;
	walk->update[walk->updates++].bits = bits;
}

/* A line for the table at this level, which covers what one entry of the level above does. */
static void pass_table(struct twin_walk *walk, struct twin_line line, uint64_t address, unsigned level)
{
	unsigned lg2 = 12 + 9 * (level + 1);

	line.level = level;
	line.first = address >> lg2 << lg2;
	line.last = line.first | ((UINT64_C(1) << lg2) - 1);
	walk->supply->passed(walk->supply->argument, &line);
}

static uint64_t leaf_output(uint64_t word, unsigned level, uint64_t address)
{
	uint64_t offset = (UINT64_C(1) << (12 + 9 * level)) - 1;

	return (word & ADDRESS & ~offset) | (address & offset);
}

/* ---- second stage: R 0, W 1, PS 7, A 8, D 9, SNP 11, IW 62 ---- */

static bool second_reserved(const struct twin_unit *unit, uint64_t word, unsigned level)
{
	bool large = word >> 7 & 1, leaf = level == 0 || (large && level <= 2);

	if ((word & ADDRESS) >> unit->host_width || word >> 62 & 1)
		return true;
	if (level > 2 || (level == 2 && !unit->second_1g) || (level == 1 && !unit->second_2m))
		if (level > 0 && large)
			return true;
	if (!leaf)
		return word >> 11 & 1;
	return (level == 2 && (word & 0x3ffff000)) || (level == 1 && (word & 0x1ff000));
}

static enum outcome second_stage(struct twin_walk *walk, const struct twin_tables *tables, uint64_t address,
				 unsigned needs, struct page *page)
{
	unsigned level = tables->second_levels - 1, width = 12 + 9 * tables->second_levels;
	struct twin_line line = { .kind = TWIN_SECOND,
				  .domain = tables->domain,
				  .pasid = TWIN_NO_PASID,
				  .first = address,
				  .word = { tables->second_root, TWIN_R | TWIN_W | TWIN_U },
				  .root = tables->second_root };

	if (address >> (width < walk->unit->guest_width ? width : walk->unit->guest_width))
		return TOO_WIDE;
	if (twin_lookup(walk, &line, 0))
		level = line.level;
	for (;; level--) {
		uint64_t slot = line.word[0] + (address >> (12 + 9 * level) & 511) * 8, word = get(walk, slot), flags;
		bool leaf = level == 0 || (word >> 7 & 1);

		if (!(word & 3))
			return NOT_PRESENT;
		if (second_reserved(walk->unit, word, level))
			return RESERVED;
		line.word[1] &= (word & 3) | TWIN_U;
		if (leaf && !(line.word[1] & 3))
			return NOT_PRESENT;
		page->granted = (unsigned)line.word[1];
		if (leaf && (needs & ~line.word[1] & 3))
			return DENIED;
		flags = tables->second_flags ? (1 << 8 | (leaf && (needs & TWIN_W) ? 1 << 9 : 0)) & ~word : 0;
		if (flags && !tables->snoops)
			return NO_SNOOP;
		if (flags)
			set_flags(walk, slot, flags);
		word |= flags;
		if (leaf) {
			bool clean = tables->second_flags && !(word >> 9 & 1);

			*page = (struct page){ leaf_output(word, level, address), 12 + 9 * level,
					       (unsigned)line.word[1], (unsigned)line.word[1] & ~(clean ? TWIN_W : 0) };
			return FINE;
		}
		twin_use(&line, slot, word);
		line.word[0] = word & ADDRESS;
		pass_table(walk, line, address, level - 1);
	}
}

/* [LGN.1] to [LGN.3], [LSS.2]; [SFS.5], [SGN.5] to [SGN.7], [SSS.2], [SSS.3], [SSS.5] */
static unsigned page_fault(const struct twin_walk *walk, const struct twin_tables *tables, enum outcome outcome)
{
	bool write = walk->request.write;

	switch (outcome) {
	case TOO_WIDE:
		return !walk->unit->is_scalable ? 0x4 : tables->has_first ? 0x74 : 0x84;
	case RESERVED:
		return walk->unit->is_scalable ? 0x7a : 0xc;
	case NO_SNOOP:
		return 0x7c;
	case NOT_PRESENT:
		if (walk->unit->is_scalable)
			return 0x79;
		break;
	default:
		break;
	}
	return walk->unit->is_scalable ? (write ? 0x85 : 0x86) : write ? 0x5 : 0x6;
}

/* ---- first stage: P 0, R/W 1, U/S 2, A 5, D 6, PS 7 ---- */

static bool first_reserved(const struct twin_unit *unit, uint64_t word, unsigned level)
{
	bool large = level > 0 && (word >> 7 & 1);

	if ((word & ADDRESS) >> unit->host_width)
		return true;
	if (large && (level > 2 || (level == 2 && !unit->first_1g)))
		return true;
	return large && (word & (level == 2 ? 0x3fffe000 : 0x1fe000));
}

/*
 * [SFS.5] to [SFS.8], [SSS.2], [SSS.3], [SSS.5]: the second stage, asked for a first-stage table.
 * ASSUMED: a table that must be writable to be read, and is not, is [SFS.8].
 */
static unsigned table_fault(enum outcome outcome, bool is_root, unsigned granted)
{
	static const unsigned reasons[] = { 0, 0x74, 0x79, 0x7a, 0, 0x7c };

	if (outcome != DENIED)
		return reasons[outcome];
	return granted & TWIN_R ? 0x77 : is_root ? 0x75 : 0x76;
}

/* Where the table lies: known, or told by the second stage with these permissions. */
static unsigned find_table(struct twin_walk *walk, const struct twin_tables *tables, struct twin_line *line,
			   unsigned level, unsigned needs)
{
	uint64_t iova = walk->request.iova;
	bool is_root = level + 1 == tables->first_levels;
	struct page page;

	if (!tables->has_second) {
		line->word[2] = line->word[0];
		return 0;
	}

	enum outcome outcome =
		second_stage(walk, tables, line->word[0] + (iova >> (12 + 9 * level) & 511) * 8, needs, &page);

	/* With second-stage flags enabled tables must be writable to be read.  [VTD] "Nested Translation" */
	if (outcome == FINE && tables->second_flags && !(page.granted & TWIN_W))
		outcome = DENIED;
	if (outcome)
		return table_fault(outcome, is_root, page.granted);
	line->word[2] = page.output >> 12 << 12;
	line->word[3] = page.lasting;
	if (!is_root)
		pass_table(walk, *line, iova, level);
	return 0;
}

/* *host: the page as the second stage has it, where a flag of the leaf called for it; else untouched. */
static unsigned first_stage(struct twin_walk *walk, const struct twin_tables *tables, unsigned needs, struct page *page,
			    struct page *host)
{
	uint64_t iova = walk->request.iova;
	unsigned level = tables->first_levels - 1, width = 12 + 9 * tables->first_levels, fault;
	bool nested = tables->has_second, again = false;
	struct twin_line line = { .kind = TWIN_FIRST,
				  .domain = tables->domain,
				  .pasid = tables->pasid,
				  .first = iova,
				  .word = { tables->first_root, TWIN_R | TWIN_W | TWIN_U, NO_HOST },
				  .root = tables->first_root,
				  .extended = tables->extended };

	if ((int64_t)(iova << (64 - width)) >> (64 - width) != (int64_t)iova)
		return 0x80;
	if (twin_lookup(walk, &line, 0))
		level = line.level;
	line.extended &= tables->extended;
	for (;; level--) {
		uint64_t offset = (iova >> (12 + 9 * level) & 511) * 8, word, flags;
		unsigned granted;

		if (line.word[2] == NO_HOST) {
			fault = find_table(walk, tables, &line, level, TWIN_R);
			if (fault)
				return fault;
		}
		word = get(walk, line.word[2] + offset);
		if (!(word & 1))
			return 0x71;
		if (first_reserved(walk->unit, word, level))
			return 0x72;

		bool leaf = level == 0 || (word >> 7 & 1);

		granted = (unsigned)(line.word[1] & (TWIN_R | (word & 6)));
		if (leaf && (needs & ~granted))
			return needs & ~granted & TWIN_U ? 0x81 : 0x85;
		flags = (1 << 5 | (tables->extended ? 1 << 10 : 0) | (leaf && walk->request.write ? 1 << 6 : 0)) &
			~word;
		/* D only of a write that the second stage grants: it is asked first. */
		if (leaf && flags && nested) {
			enum outcome outcome = second_stage(walk, tables, leaf_output(word, level, iova),
							    walk->request.write ? TWIN_W : TWIN_R, host);

			if (outcome)
				return page_fault(walk, tables, outcome);
		}
		if (flags && nested && !(line.word[3] & TWIN_W)) {
			fault = find_table(walk, tables, &line, level, TWIN_R | TWIN_W);
			if (fault)
				return fault;
		}
		if (flags && !tables->snoops)
			return 0x90;
		/* The table has moved, or the entry is the second stage's own: it is read again. */
		if (flags && nested && !again && !is_same(walk, line.word[2] + offset, word)) {
			again = true;
			level++;
			continue;
		}
		again = false;
		if (flags)
			set_flags(walk, line.word[2] + offset, flags);
		word |= flags;
		if (leaf) {
			*page = (struct page){ leaf_output(word, level, iova), 12 + 9 * level, granted,
					       granted & ~(word >> 6 & 1 ? 0 : TWIN_W) };
			return 0;
		}
		if (!nested)
			twin_use(&line, line.word[2] + offset, word);
		line.word[0] = word & ADDRESS;
		line.word[1] = granted;
		line.word[2] = nested ? NO_HOST : line.word[0];
		if (!nested)
			pass_table(walk, line, iova, level - 1);
	}
}

/* ---- from the tables to the answer ---- */

/* [LGN.4], [SGN.8] */
static unsigned finish(struct twin_walk *walk, uint64_t output, unsigned size_lg2)
{
	walk->output = output;
	walk->size_lg2 = size_lg2;
	return output >> 20 == 0xfee ? (walk->unit->is_scalable ? 0x87 : 0xe) : 0;
}

unsigned twin_pass_through(struct twin_walk *walk)
{
	if (walk->request.iova >> walk->unit->host_width)
		return walk->unit->is_scalable ? 0x83 : 0x4;
	return finish(walk, walk->request.iova, 12);
}

unsigned twin_walk_tables(struct twin_walk *walk, const struct twin_tables *tables, bool privileged)
{
	bool write = walk->request.write;
	unsigned needs = (write ? TWIN_W : TWIN_R) | (privileged ? 0 : TWIN_U), fault;
	struct page first = { walk->request.iova, 63, 0, TWIN_R | TWIN_W | TWIN_U }, page = { 0 };
	struct twin_line line = { .kind = TWIN_IOTLB,
				  .domain = tables->domain,
				  .pasid = tables->has_first ? tables->pasid : TWIN_NO_PASID,
				  .first = walk->request.iova };

	if (twin_lookup(walk, &line, needs)) {
		walk->iotlb_hit = true;
		return finish(walk, line.word[0] | (walk->request.iova - line.first), line.level);
	}
	if (tables->has_first) {
		/* A supervisor's write looks at R/W only with WPE. */
		fault = first_stage(walk, tables, privileged && !tables->write_protect ? needs & ~TWIN_W : needs,
				    &first, &page);
		if (fault)
			return fault;
	}
	if (!tables->has_second)
		page = first;
	else if (page.size_lg2 == 0) {
		enum outcome outcome = second_stage(walk, tables, first.output, needs, &page);

		if (outcome)
			return page_fault(walk, tables, outcome);
	}
	line.level = first.size_lg2 < page.size_lg2 ? first.size_lg2 : page.size_lg2;

	uint64_t inside = (UINT64_C(1) << line.level) - 1;

	line.first = walk->request.iova & ~inside;
	line.last = walk->request.iova | inside;
	line.word[0] = page.output & ~inside;
	line.word[1] = first.lasting & page.lasting;
	fault = finish(walk, page.output, line.level);
	if (!fault)
		walk->supply->passed(walk->supply->argument, &line);
	return fault;
}
