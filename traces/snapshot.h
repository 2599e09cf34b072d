/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopped guest's IOMMU: its registers and the pages of memory that a walk reaches, from the files that share a
 * prefix (docs/cli.md, "walk"; traces/samples/README.md says how they were recorded).  PREFIX.map.csv is no input:
 * it is what others found, to compare with.
 */
#ifndef IOMMUSIM_TRACES_SNAPSHOT_H
#define IOMMUSIM_TRACES_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/memory/memory.h"

struct snapshot_word {
	unsigned offset; /* from the unit's first register */
	uint32_t value;
};

struct snapshot {
	const char *family;    /* as iommu_families names it */
	struct memory *memory; /* only the recorded pages are present */
	struct snapshot_word *words;
	size_t word_count;
	char registers_path[512];
};

/* False and *err, which names the file and the place; the snapshot is then empty.  For each: snapshot_close. */
bool snapshot_open(struct snapshot *snapshot, const char *prefix, struct err *err);
void snapshot_close(struct snapshot *snapshot);

/* A register of 4 or 8 bytes as it was recorded; false: it was not.  An iommu_recorded_fn, argument: the snapshot. */
bool snapshot_register(void *argument, unsigned offset, unsigned bytes, uint64_t *value);

#endif
