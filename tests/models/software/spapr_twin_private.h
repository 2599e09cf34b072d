/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of sPAPR's twin share: spapr_twin.c (memory, the container), spapr_twin_windows.c. */
#ifndef IOMMUSIM_TESTS_SPAPR_TWIN_PRIVATE_H
#define IOMMUSIM_TESTS_SPAPR_TWIN_PRIVATE_H

#include "tests/models/software/spapr_twin.h"

static inline uint64_t twin_page(const struct twin *twin)
{
	return UINT64_C(1) << twin->page_lg2;
}

long twin_charge(struct twin *twin, uint64_t bytes);
void twin_uncharge(struct twin *twin, uint64_t bytes);
struct twin_region *twin_region_with(struct twin *twin, uint64_t vaddr, uint64_t bytes);
void twin_region_free(struct twin *twin, struct twin_region *region);
/* Pages, of the kernel, from vaddr on that can be pinned for writing, and the least of their sizes. */
uint64_t twin_pinnable(const struct twin *twin, uint64_t vaddr, uint64_t bytes, unsigned *page_lg2);
void twin_drop_window(struct twin *twin, struct twin_container *container, struct twin_window *window);

#endif
