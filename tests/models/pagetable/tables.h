/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of page tables share: rules with everything supported,
 * a walk driven to its end against memory at once, and how a test executable ends.
 */
#ifndef IOMMUSIM_TESTS_PAGETABLE_TABLES_H
#define IOMMUSIM_TESTS_PAGETABLE_TABLES_H

#include "models/memory/memory.h"
#include "models/pagetable/walk.h"
#include "tests/suite.h"

#define PT_RW (PT_READ | PT_WRITE)

static inline struct pt_rules rules_of(unsigned levels)
{
	return (struct pt_rules){
		.levels = levels,
		.input_width_lg2 = 12 + 9 * levels,
		.output_width_lg2 = 46,
		.size_2m = true,
		.size_1g = true,
	};
}

static inline void walk_finish(struct walk *walk, struct memory *memory)
{
	for (;;) {
		if (walk_wants_read(walk))
			walk_feed(walk, memory_read64(memory, walk->want_address));
		else if (walk_wants_update(walk))
			walk_updated(walk, memory_compare_exchange64(memory, walk->want_address, walk->want_expected,
								     walk->want_desired));
		else
			return;
	}
}

static inline struct walk walk_now(struct memory *memory, const struct pt_format *format, const struct pt_rules *rules,
				   phys_t root, iova_t iova, unsigned access)
{
	struct walk walk;

	walk_begin(&walk, format, rules, root, iova, access);
	walk_finish(&walk, memory);
	return walk;
}

/* Runs one case as a whole executable's main does. */
static inline int run_case(TCase *tests, const char *name)
{
	Suite *suite = suite_create(name);

	suite_add_tcase(suite, tests);
	return suite_main(suite);
}

#endif
