/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual addresses of VFIO type1 mappings that are taken away and given anew (live update) while the host translates
 * for mediated devices, as [LINUX] drivers/vfio/vfio_iommu_type1.c did it from 5.12 to 6.2 (vfio_find_dma_valid,
 * vfio_wait, vfio_wait_all_valid, vfio_iommu_type1_pin_pages, vfio_dma_do_map, vfio_dma_do_unmap): a translation of an
 * address that is not valid waits until it is, or until the mapping or the container has gone.  (Later kernels let
 * no mediated device and no invalid address meet.)
 *
 * A container's mutex makes a step of all that it protects; what can come in between is where a call gives it up: to
 * wait, and to have a device unpin what an unmap wants to take away.
 *
 * Small scope: two mappings, which owners map, unmap, invalidate and update, one by one or both; devices that pin a page
 * of one or of both, and wait for all to be valid (a device is attached); a close.
 *
 * Rules: an address is used only while it is valid, and a mapping only while it is there; an invalidation of both
 * is done or not done; who waits does so for something that is invalid; when all is unmapped nothing is pinned and
 * nothing accounted.
 */
#ifndef IOMMUSIM_TESTS_EXPLORE_VADDR_H
#define IOMMUSIM_TESTS_EXPLORE_VADDR_H

#include "tests/explore/explore.h"

#define VADDR_CALLERS 3u

/* Mistakes to be found. */
enum vaddr_bug {
	VADDR_RIGHT,
	/* That a search has waited is forgotten, and what was found before it is not looked at again.  [LINUX] "vfio/type1:
	 * Fix vfio_find_dma_valid return" mended it. */
	VADDR_WAIT_FORGOTTEN,
	VADDR_NOT_FOUND_AGAIN, /* who was woken uses the mapping that he found before */
	VADDR_LATE_ENQUEUE,    /* the mutex is given up before the waiter is in the queue */
	VADDR_UNMAP_SILENT,    /* an unmap of what is waited for wakes nobody */
	VADDR_COUNT_KEPT,      /* an unmap of an invalid mapping leaves the count of such as it is */
	VADDR_PARTIAL,         /* an invalidation of both that finds one invalid leaves the other so, too */
	VADDR_NOT_RETRIED,     /* an unmap goes on after a device has unpinned, without looking again */
	/* Who begins to wait after the close is not told of it: nobody wakes him.  [LINUX] vfio_wait, which asks only after it
	 * was woken. */
	VADDR_CLOSE_UNSEEN,
	VADDR_BUGS
};

enum vaddr_role {
	VADDR_OWNER,
	VADDR_DEVICE,
	VADDR_CLOSER, /* one call, the close */
};

struct vaddr_config {
	enum vaddr_bug bug;
	unsigned callers;
	enum vaddr_role role[VADDR_CALLERS];
	unsigned calls; /* of each caller, at most */
};

const char *vaddr_bug_name(enum vaddr_bug bug);

/* config must stay. */
struct explore_system vaddr_system(const struct vaddr_config *config);

enum vaddr_call {
	VADDR_MAP,
	VADDR_UNMAP,
	VADDR_INVALIDATE,
	VADDR_UPDATE,
	VADDR_PIN,
	VADDR_ATTACH, /* waits until all are valid */
	VADDR_CLOSE,
};

/* The mappings that a call is about. */
enum vaddr_which { VADDR_FIRST, VADDR_SECOND, VADDR_BOTH };

#define VADDR_WAITS (-1)

/* One caller's call without a race: 0, an errno value, or VADDR_WAITS: it is left waiting. */
int vaddr_call(const struct vaddr_config *config, void *state, unsigned caller, enum vaddr_call call,
	       enum vaddr_which which);
/* Pages that devices have pinned in the mapping. */
unsigned vaddr_pins(const void *state, enum vaddr_which which);

#endif
