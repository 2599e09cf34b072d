/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stale check: is what a cache of the unit answered still what the tables say?  An auditor, a unit
 * without caches that has the same registers, walks the same memory.  What it found stays true until some word of
 * memory is written, so that most checks cost a comparison.
 *
 * SIMPLIFIED: on POWER the auditor, too, stops an endpoint when its tables block a request: after the first stale use
 * that they would have blocked, all later ones of that endpoint count as stale.
 */
#ifndef IOMMUSIM_SIM_AUDIT_H
#define IOMMUSIM_SIM_AUDIT_H

#include "models/iommu/iommu.h"
#include "models/memory/memory.h"

#define AUDIT_TRUTHS 1024u

struct audit {
	struct iommu *auditor; /* the caller's; NULL: no check was asked for */
	struct memory *memory;
	struct truth *truths; /* [AUDIT_TRUTHS] by page and source; owned */
};

void audit_init(struct audit *audit, struct iommu *auditor, struct memory *memory);

/* The unit's register was written; the auditor follows, but for its queue, which it has none of. */
void audit_register_write(struct audit *audit, unsigned offset, unsigned bytes, uint64_t value);

/* A translation that a cache took part in: is it another than the tables give at this moment? */
bool audit_is_stale(struct audit *audit, const struct iommu_translation *translation);

#endif
