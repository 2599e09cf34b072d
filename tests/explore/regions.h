/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registered memory as a kernel counts it while callers race: register, unregister, map and unmap, cut into the steps
 * between which others can run.  What the calls promise is models/software/registration.h's, whose calls are whole; the
 * steps are those of [LINUX] arch/powerpc/mm/book3s64/iommu_api.c (mm_iommu_get, mm_iommu_new, mm_iommu_put,
 * mm_iommu_lookup, mm_iommu_mapped_inc, mm_iommu_mapped_dec) under drivers/vfio/vfio_iommu_spapr_tce.c:
 *
 *   - a container's calls exclude each other (its lock); containers of one process share its list of regions;
 *   - a region's references change under the list's mutex; its mapped count is atomic and changes without any lock:
 *     1 when nothing is mapped, 0 once the last reference has gone, and then it can rise no more;
 *   - a map finds its region in the list without a lock, protected by RCU: what leaves the list is freed when nobody
 *     can hold it any more (the step of an actor of its own, at any time).
 *
 * Small scope: two regions of two pages that overlap in one, a table of one entry in each container, a number of calls
 * for each caller, any calls.
 *
 * Rules: nothing that was freed is touched; a region's last reference goes exactly when nothing is mapped, and gets
 * EBUSY exactly when something is; regions do not overlap; a mapping is counted where it lies; whenever no call
 * is under way, all can be unmapped and unregistered, and then nothing is registered and nothing accounted.
 */
#ifndef IOMMUSIM_TESTS_EXPLORE_REGIONS_H
#define IOMMUSIM_TESTS_EXPLORE_REGIONS_H

#include "tests/explore/explore.h"

#define REGIONS_CALLERS 3u

/* Mistakes to be found. */
enum regions_bug {
	REGIONS_RIGHT,
	/* A put asks for mappings although other references remain, says EBUSY, and forgets to give its reference back. */
	REGIONS_PUT_LEAKS,
	/* The mapped count, of 64 bits, is compared as one of 32, which on a big-endian machine is its other half: EBUSY
	 * for ever.  [LINUX] mm_iommu_put before atomic64_cmpxchg. */
	REGIONS_HALF_COMPARED,
	/* Unregister finds its region by taking a reference, puts the container's, whose result it returns, and then its
	 * own, whose EBUSY nobody sees.  Recorded: SPAPR-UNREGISTER-MAPPED. */
	REGIONS_BUSY_UNSEEN,
	/* The mapped count rises from 0, too. */
	REGIONS_INC_FROM_ZERO,
	/* A region is freed where it leaves the list. */
	REGIONS_FREED_AT_ONCE,
	/* Maps and unmaps of one container do not exclude each other, and the entry's user address is read apart. */
	REGIONS_UNLOCKED,
	REGIONS_BUGS
};

struct regions_config {
	enum regions_bug bug;
	unsigned callers;
	unsigned container[REGIONS_CALLERS]; /* of each caller */
	unsigned calls;                      /* of each caller, at most */
	bool overlapping;                    /* both regions, or only the first */
};

const char *regions_bug_name(enum regions_bug bug);

/* config must stay. */
struct explore_system regions_system(const struct regions_config *config);

/* Calls without a race, for comparing answers with the models'. */
enum regions_call {
	REGIONS_REGISTER,
	REGIONS_UNREGISTER,
	REGIONS_MAP, /* of the page behind `which`, 0 to 2 */
	REGIONS_UNMAP,
};
/* One caller's whole call; state as of the system.  Returns 0 or the errno value. */
int regions_call(const struct regions_config *config, void *state, unsigned caller, enum regions_call call,
		 unsigned which);
/* Pages accounted. */
unsigned regions_charged(const void *state);

#endif
