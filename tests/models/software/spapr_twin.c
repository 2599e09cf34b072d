/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/software/spapr_twin_private.h"

#include <errno.h>
#include <stdlib.h>

#include "models/pagetable/format.h"

void twin_init(struct twin *twin, struct process *process, unsigned page_lg2, bool pseries, bool defects)
{
	*twin = (struct twin){ .pseries = pseries,
			       .defects = defects,
			       .page_lg2 = page_lg2,
			       .window32_bytes = pseries ? 0x40000000 : 0x80000000,
			       .process = process };
}

void twin_fini(struct twin *twin)
{
	for (unsigned c = 0; c < TWIN_CONTAINERS; c++)
		for (unsigned w = 0; w < TWIN_WINDOWS; w++)
			free(twin->container[c].window[w].entry);
}

long twin_charge(struct twin *twin, uint64_t bytes)
{
	uint64_t limit = twin->process->account.limit_pages;

	bytes &= ~(twin_page(twin) - 1);
	if (bytes && limit != ACCOUNT_UNLIMITED && twin->locked + bytes > limit << PAGE_LG2)
		return -ENOMEM;
	twin->locked += bytes;
	return 0;
}

void twin_uncharge(struct twin *twin, uint64_t bytes)
{
	twin->locked -= bytes & ~(twin_page(twin) - 1);
}

/* ---- groups ---- */

long twin_open(struct twin *twin, unsigned container, bool v2)
{
	twin->container[container] = (struct twin_container){ .v2 = v2 };
	return 0;
}

static bool has_window(const struct twin_container *container)
{
	return container->window[0].exists || container->window[1].exists;
}

long twin_attach(struct twin *twin, unsigned c)
{
	struct twin_container *container = &twin->container[c];

	if (!container->v2 && container->groups)
		return -EBUSY;
	if (twin->pseries && has_window(container))
		return -EPERM;
	if (!container->groups && !container->window[0].exists)
		container->pending = true;
	container->groups++;
	return 0;
}

/* ---- regions ---- */

static struct twin_region *region_exact(struct twin *twin, uint64_t vaddr, uint64_t bytes)
{
	for (unsigned i = 0; i < TWIN_REGIONS && bytes; i++)
		if (twin->region[i].bytes == bytes && twin->region[i].vaddr == vaddr)
			return &twin->region[i];
	return NULL;
}

struct twin_region *twin_region_with(struct twin *twin, uint64_t vaddr, uint64_t bytes)
{
	for (unsigned i = 0; i < TWIN_REGIONS; i++) {
		struct twin_region *region = &twin->region[i];

		if (region->bytes && region->vaddr <= vaddr && vaddr + bytes <= region->vaddr + region->bytes)
			return region;
	}
	return NULL;
}

void twin_region_free(struct twin *twin, struct twin_region *region)
{
	twin_uncharge(twin, region->bytes);
	twin->pins -= region->bytes >> PAGE_LG2;
	*region = (struct twin_region){ 0 };
}

static struct twin_region **hold_of(struct twin_container *container, const struct twin_region *region)
{
	for (unsigned i = 0; i < TWIN_REGIONS; i++)
		if (container->held[i] == region)
			return &container->held[i];
	return NULL;
}

uint64_t twin_pinnable(const struct twin *twin, uint64_t vaddr, uint64_t bytes, unsigned *page_lg2)
{
	uint64_t done = 0;

	while (done < bytes) {
		const struct area *area = process_area(twin->process, vaddr + done);

		if (!area || area->kind == AREA_DEVICE || area->permissions != (PT_READ | PT_WRITE) ||
		    vaddr + done - area->vaddr >= area->backed_bytes)
			break;
		if (*page_lg2 > (area->hugetlb ? area->page_lg2 : twin->page_lg2))
			*page_lg2 = area->hugetlb ? area->page_lg2 : twin->page_lg2;
		done += twin_page(twin);
	}
	return done >> twin->page_lg2;
}

static long region_new(struct twin *twin, uint64_t vaddr, uint64_t bytes, struct twin_region **region)
{
	unsigned page_lg2 = 0, slot = 0;
	long error = twin_charge(twin, bytes);

	if (error || !bytes)
		return -ENOMEM;
	while (!((vaddr | bytes) >> page_lg2 & 1))
		page_lg2++;

	uint64_t pages = twin_pinnable(twin, vaddr, bytes, &page_lg2);

	if (pages < bytes >> twin->page_lg2) {
		twin_uncharge(twin, bytes);
		if (!pages || !twin->defects)
			return -EFAULT;
		twin->defect = "SPAPR-REGISTER-HOLE";
		twin->passes = true;
		return (long)pages;
	}
	for (unsigned i = 0; i < TWIN_REGIONS; i++) {
		const struct twin_region *other = &twin->region[i];

		if (other->bytes && other->vaddr < vaddr + bytes && vaddr < other->vaddr + other->bytes) {
			twin_uncharge(twin, bytes);
			return -EINVAL;
		}
		if (!other->bytes)
			slot = i;
	}
	*region = &twin->region[slot];
	**region = (struct twin_region){ .vaddr = vaddr, .bytes = bytes, .mapped = 1, .page_lg2 = page_lg2 };
	twin->pins += bytes >> PAGE_LG2;
	return 0;
}

long twin_register(struct twin *twin, unsigned c, uint64_t vaddr, uint64_t bytes)
{
	struct twin_container *container = &twin->container[c];

	if (!container->v2)
		return -ENOTTY;
	container->owned = true;
	if ((vaddr | bytes) & (twin_page(twin) - 1) || vaddr + bytes < vaddr)
		return -EINVAL;

	struct twin_region *region = region_exact(twin, vaddr, bytes);

	if (region && hold_of(container, region))
		return -EBUSY;
	if (!region) {
		long error = region_new(twin, vaddr, bytes, &region);

		if (error)
			return error;
	}
	region->used++;
	*hold_of(container, NULL) = region;
	container->enabled = true;
	return 0;
}

/* mm_iommu_put, for a caller whose reference is the last one if used is 1. */
static long region_put(struct twin *twin, struct twin_region *region)
{
	if (region->used > 1) {
		region->used--;
		return 0;
	}
	if (region->mapped != 1)
		return -EBUSY;
	twin_region_free(twin, region);
	return 0;
}

long twin_unregister(struct twin *twin, unsigned c, uint64_t vaddr, uint64_t bytes)
{
	struct twin_container *container = &twin->container[c];

	if (!container->v2)
		return -ENOTTY;
	if (!container->owned)
		return -EPERM;
	if ((vaddr | bytes) & (twin_page(twin) - 1))
		return -EINVAL;

	struct twin_region *region = region_exact(twin, vaddr, bytes);
	struct twin_region **hold = region ? hold_of(container, region) : NULL;

	if (!hold)
		return -ENOENT;
	if (!twin->defects) {
		long error = region_put(twin, region);

		if (!error)
			*hold = NULL;
		return error;
	}
	/* mm_iommu_get takes one more, so that the container's put never is the last one; the second put's EBUSY is lost */
	region->used++;
	region_put(twin, region);
	*hold = NULL;
	if (region_put(twin, region))
		twin->defect = "SPAPR-UNREGISTER-MAPPED";
	return 0;
}

/* ---- v1, the end ---- */

long twin_enable(struct twin *twin, unsigned c)
{
	struct twin_container *container = &twin->container[c];
	uint64_t bytes = twin->window32_bytes;

	if (container->v2)
		return -ENOTTY;
	if (container->enabled)
		return -EBUSY;
	if (!container->groups)
		return -ENODEV;
	container->owned = true;
	if (twin_charge(twin, bytes))
		return -ENOMEM;
	container->enabled_bytes = bytes;
	container->enabled = true;
	return 0;
}

long twin_disable(struct twin *twin, unsigned c)
{
	struct twin_container *container = &twin->container[c];

	if (container->v2)
		return -ENOTTY;
	if (container->enabled)
		twin_uncharge(twin, container->enabled_bytes);
	container->enabled = false;
	return 0;
}

void twin_close(struct twin *twin, unsigned c)
{
	struct twin_container *container = &twin->container[c];

	for (unsigned i = 0; i < TWIN_WINDOWS; i++)
		if (container->window[i].exists)
			twin_drop_window(twin, container, &container->window[i]);
	for (unsigned i = 0; i < TWIN_REGIONS; i++) {
		struct twin_region *region = container->held[i];

		if (region && region_put(twin, region)) {
			if (twin->defects)
				twin->defect = "SPAPR-CLOSE-MAPPED";
			else
				region->used = 0;
		}
	}
	if (!container->v2)
		twin_disable(twin, c);
	*container = (struct twin_container){ 0 };
}
