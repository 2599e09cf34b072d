/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `iommusim walk` does with a snapshot, of whatever family: one translation printed step by step, or all leaves
 * listed.  The unit decides everything; here it is only watched.
 */
#ifndef IOMMUSIM_SIM_WALK_H
#define IOMMUSIM_SIM_WALK_H

#include <stdio.h>

#include "models/iommu/describe.h"
#include "traces/snapshot.h"

/* The memory of a snapshot as a unit sees it: pages that were not recorded are not there. */
struct walk_memory {
	struct memory *memory;
	uint64_t missing;     /* pages met that are not there, each run of reads in one counted once */
	phys_t first_missing; /* PHYS_NONE: none */
	phys_t last_missing;
};

void walk_memory_init(struct walk_memory *memory, struct memory *pages);

/* An iommu_access_fn; argument: struct walk_memory. */
bool walk_memory_access(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX]);

/* The registers that say how requests are translated, as recorded, with their fields. */
void walk_print_registers(FILE *out, struct iommu *iommu, iommu_recorded_fn *recorded, void *argument);

/* Every entry that the translation of the request reads, and what becomes of it; true: translated. */
bool walk_print_translation(FILE *out, struct iommu *iommu, struct walk_memory *memory,
			    const struct iommu_request *request);

/* Every leaf of every table, in the columns and the order of a snapshot's map.csv. */
void walk_print_leaves(FILE *out, const struct iommu *iommu, struct walk_memory *memory);

/* ---- words and their fields (walk_fields.c) ---- */

/* "  0x...  NAME=1 ..." in lines of at most 120 columns; label is what stands before the word. */
void walk_print_word(FILE *out, const char *label, uint64_t word, unsigned bytes, const struct layout *layout,
		     uint64_t reserved);

/* Nothing in the word is worth a line: it is 0 and all reserved. */
bool walk_is_blank(uint64_t word, const struct layout *layout);

#endif
