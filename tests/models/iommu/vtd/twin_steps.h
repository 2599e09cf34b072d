/* SPDX-License-Identifier: Apache-2.0 */
/* Between the twin's walker of structures (twin_structures.c) and that of page tables (twin_walker.c). */
#ifndef IOMMUSIM_TESTS_VTD_TWIN_STEPS_H
#define IOMMUSIM_TESTS_VTD_TWIN_STEPS_H

#include "models/base/require.h"
#include "tests/models/iommu/vtd/twin_walker.h"

/* What a context or PASID entry says of the tables. */
struct twin_tables {
	uint16_t domain;
	uint32_t pasid; /* of the request, or RID_PASID */
	bool has_first, has_second;
	unsigned first_levels, second_levels;
	uint64_t first_root, second_root;
	bool second_flags, write_protect, snoops, extended;
};

static inline void twin_get_entry(struct twin_walk *walk, uint64_t address, uint64_t *words, unsigned count)
{
	walk->reads++;
	walk->supply->read(walk->supply->argument, address, words, count);
}

static inline void twin_use(struct twin_line *line, uint64_t address, uint64_t word)
{
	REQUIRE(line->used < TWIN_USED);
	line->used_address[line->used] = address;
	line->used_word[line->used++] = word;
}

static inline bool twin_lookup(struct twin_walk *walk, struct twin_line *line, unsigned needs)
{
	return walk->supply->lookup(walk->supply->argument, line, needs);
}

/* From the tables on; fault reason. */
unsigned twin_walk_tables(struct twin_walk *walk, const struct twin_tables *tables, bool privileged);
/* Without any. */
unsigned twin_pass_through(struct twin_walk *walk);

#endif
