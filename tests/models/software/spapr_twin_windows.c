/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "models/base/heap.h"
#include "models/pagetable/format.h"
#include "tests/models/software/spapr_twin_private.h"

#define START_64 (UINT64_C(1) << 59)

/* Entries past a window's end that are remembered: whatever memory lies there is written by some kernels. */
static uint64_t slack(const struct twin *twin)
{
	return twin->defects ? UINT64_C(1) << 16 : 0;
}

/* ---- entries ---- */

static void entry_end(struct twin *twin, const struct twin_container *container, struct twin_window *window,
		      struct twin_entry *entry)
{
	if (!entry->permissions)
		return;
	if (!container->v2) {
		twin->pins -= twin_page(twin) >> PAGE_LG2;
	} else {
		struct twin_region *region = twin_region_with(twin, entry->vaddr, UINT64_C(1) << window->page_lg2);

		if (region && region->mapped > 1)
			region->mapped--;
		/* Nobody holds it any more: the models' rule for what a closed container left. */
		if (region && !twin->defects && !region->used && region->mapped == 1)
			twin_region_free(twin, region);
	}
	*entry = (struct twin_entry){ 0 };
	window->valid--;
}

static void clear(struct twin *twin, const struct twin_container *container, struct twin_window *window, uint64_t first,
		  uint64_t count)
{
	bool is_past_refused = twin->pseries || !twin->defects; /* by the hypervisor */

	for (uint64_t i = first;
	     window->valid && i < first + count && i < window->entries + (is_past_refused ? 0 : slack(twin)); i++)
		entry_end(twin, container, window, &window->entry[i]);
}

static long entry_make(struct twin *twin, const struct twin_container *container, struct twin_window *window,
		       uint64_t index, uint64_t vaddr, unsigned permissions)
{
	struct twin_entry *entry = &window->entry[index];
	uint64_t bytes = UINT64_C(1) << window->page_lg2;
	struct twin_region *region = container->v2 ? twin_region_with(twin, vaddr, bytes) : NULL;
	unsigned unused = 63;

	if (container->v2 && (!region || region->page_lg2 < window->page_lg2))
		return -EINVAL;
	if (!container->v2 && !twin_pinnable(twin, vaddr & ~(twin_page(twin) - 1), twin_page(twin), &unused))
		return -EFAULT;
	if (region)
		region->mapped++;
	else
		twin->pins += twin_page(twin) >> PAGE_LG2;
	if (twin->pseries && index >= window->entries) {
		if (!region)
			twin->pins -= twin_page(twin) >> PAGE_LG2;
		return -EINTR; /* H_PARAMETER is -4 */
	}
	entry_end(twin, container, window, entry);
	*entry = (struct twin_entry){ .vaddr = vaddr, .permissions = permissions };
	window->valid++;
	return 0;
}

/* ---- windows ---- */

static unsigned lg2(uint64_t number)
{
	unsigned bits = 0;

	while (number >>= 1)
		bits++;
	return bits;
}

/* pnv_pci_ioda2_get_table_size: for the table, and as much for the user view. */
static uint64_t powernv_size(const struct twin *twin, unsigned page_lg2, uint64_t bytes, unsigned levels)
{
	if (!levels || levels > 5 || !bytes || bytes & (bytes - 1) || bytes >> page_lg2 == 0)
		return 0;

	uint64_t entries = bytes >> page_lg2, direct = 8, sum = 0;
	unsigned bits = lg2(entries);

	for (unsigned i = 0; i < (bits + levels - 1) / levels; i++)
		direct *= 2;
	if (direct < twin_page(twin))
		direct = twin_page(twin);
	for (uint64_t size = entries * 8 > 0x1000 ? entries * 8 : 0x1000; levels; levels--) {
		uint64_t tables = 1;

		while (tables * direct < size)
			tables++;
		sum += tables * direct;
		size = size / direct * 8 > direct ? size / direct * 8 : direct;
	}
	return 2 * sum;
}

static long powernv_create(const struct twin *twin, unsigned number, unsigned page_lg2, uint64_t bytes, unsigned levels,
			   struct twin_window *window)
{
	unsigned level = (lg2(bytes >> page_lg2) + levels - 1) / levels + 3;

	if (level < twin->page_lg2)
		level = twin->page_lg2;
	if ((level - 3) * levels + page_lg2 >= 55)
		return -EINVAL;
	if (level > 24)
		return -ENOMEM;
	window->start = number ? START_64 : 0;
	window->entries = bytes >> page_lg2;
	if (window->entries < twin_page(twin) / 8)
		window->entries = twin_page(twin) / 8;
	return 0;
}

static long pseries_create(const struct twin_container *container, unsigned number, unsigned page_lg2, uint64_t bytes,
			   unsigned levels, struct twin_window *window)
{
	const struct twin_window *other = &container->window[1 - number];
	bool is_default = page_lg2 == 12 && bytes <= 0x40000000;

	if (!bytes || bytes & (bytes - 1) || levels > 1)
		return -EINVAL;
	if (bytes >> page_lg2 > 0x80000000)
		return -EINVAL;
	if (number == 0 && other->exists)
		return -EPERM;
	if (bytes >> page_lg2 == 0 || (other->exists && other->start == START_64))
		return -ENODEV;
	window->start = number == 0 && is_default ? 0 : START_64;
	window->entries = bytes >> page_lg2;
	return 0;
}

static long create_window(struct twin *twin, unsigned c, unsigned page_lg2, uint64_t bytes, unsigned levels,
			  iova_t *start)
{
	struct twin_container *container = &twin->container[c];
	uint64_t sizes = twin->pseries ? 0x1211000 : 0x40211000, size;
	struct twin_window window = { .exists = true, .page_lg2 = page_lg2 };
	unsigned number = container->window[0].exists ? 1 : 0;

	if (container->window[number].exists)
		return -ENOSPC;
	if (page_lg2 > 63 || !(sizes & UINT64_C(1) << page_lg2))
		return -EINVAL;
	if (twin->pseries)
		size = levels > 1 ? 0xffffffff : bytes >> (page_lg2 - 3);
	else
		size = powernv_size(twin, page_lg2, bytes, levels);
	if (!size)
		return -EINVAL;

	long error = twin_charge(twin, size);

	if (error)
		return error;
	error = twin->pseries ? pseries_create(container, number, page_lg2, bytes, levels, &window)
			      : powernv_create(twin, number, page_lg2, bytes, levels, &window);
	if (error) {
		if (twin->defects)
			twin->defect = "SPAPR-WINDOW-LEAK";
		else
			twin_uncharge(twin, size);
		return error;
	}
	if (twin->pseries && container->groups > 1) {
		twin_uncharge(twin, size);
		return -EPERM;
	}
	window.accounted = size;
	window.entry = heap_zeroed(window.entries + slack(twin), sizeof(*window.entry));
	container->window[number] = window;
	*start = window.start;
	return 0;
}

static long make_pending(struct twin *twin, unsigned c)
{
	struct twin_container *container = &twin->container[c];
	iova_t start;

	if (!container->pending)
		return 0;

	long error = create_window(twin, c, 12, twin->window32_bytes, 1, &start);

	if (!error)
		container->pending = false;
	return error;
}

void twin_drop_window(struct twin *twin, struct twin_container *container, struct twin_window *window)
{
	bool is_lost = twin->pseries && twin->defects && window->start == START_64;

	/* pSeries removes it from the hypervisor first: entries that were left never count back */
	if (is_lost && window->valid)
		twin->defect = "SPAPR-REMOVE-MAPPED-WINDOW";
	if (!is_lost)
		clear(twin, container, window, 0, window->entries);
	twin_uncharge(twin, window->accounted);
	free(window->entry);
	*window = (struct twin_window){ 0 };
}

long twin_create(struct twin *twin, unsigned c, unsigned flags, unsigned page_lg2, uint64_t bytes, unsigned levels,
		 iova_t *start)
{
	struct twin_container *container = &twin->container[c];

	if (!container->v2)
		return -ENOTTY;
	container->owned = true;
	if (!container->groups)
		return -ENXIO;
	if (flags)
		return -EINVAL;

	long error = make_pending(twin, c);

	return error ? error : create_window(twin, c, page_lg2, bytes, levels, start);
}

static struct twin_window *window_at(struct twin_container *container, iova_t iova)
{
	for (unsigned i = 0; i < TWIN_WINDOWS; i++) {
		struct twin_window *window = &container->window[i];

		if (window->exists && iova >= window->start &&
		    iova - window->start < window->entries << window->page_lg2)
			return window;
	}
	return NULL;
}

long twin_remove(struct twin *twin, unsigned c, iova_t start)
{
	struct twin_container *container = &twin->container[c];

	if (!container->v2)
		return -ENOTTY;
	container->owned = true;
	if (!container->groups)
		return -ENXIO;
	if (container->pending && !start) {
		container->pending = false;
		return 0;
	}

	struct twin_window *window = window_at(container, start);

	if (!window)
		return -EINVAL;
	twin_drop_window(twin, container, window);
	return 0;
}

/* ---- map, unmap ---- */

/* 0, or what a range that is not one of whole entries within the window is answered. */
static long check_range(struct twin *twin, const struct twin_window *window, iova_t iova, uint64_t bytes)
{
	uint64_t page = UINT64_C(1) << window->page_lg2;
	uint64_t room = (window->entries << window->page_lg2) - (iova - window->start);

	if (iova & (page - 1)) {
		if (twin->defects) {
			twin->defect = "SPAPR-MISALIGNED-IOVA";
			twin->passes = true;
		}
		return twin->defects ? 1 : -EINVAL;
	}
	if (bytes > room && twin->defects)
		twin->defect = "SPAPR-PAST-WINDOW";
	return bytes > room && !twin->defects ? -EINVAL : 0;
}

long twin_map(struct twin *twin, unsigned c, unsigned flags, uint64_t vaddr, iova_t iova, uint64_t bytes)
{
	struct twin_container *container = &twin->container[c];

	if (!container->enabled)
		return -EPERM;
	if (flags & ~3u)
		return -EINVAL;

	long error = make_pending(twin, c);

	if (error)
		return error;

	struct twin_window *window = window_at(container, iova);

	if (!window)
		return -ENXIO;

	uint64_t page = UINT64_C(1) << window->page_lg2, first = (iova - window->start) >> window->page_lg2;

	if ((bytes | vaddr) & (page - 1) || !flags)
		return -EINVAL;
	error = check_range(twin, window, iova, bytes);
	for (uint64_t i = 0; i < bytes >> window->page_lg2 && !error; i++) {
		if (first + i >= window->entries + slack(twin))
			break;
		error = entry_make(twin, container, window, first + i, vaddr + i * page, flags);
		if (error)
			clear(twin, container, window, first, i);
	}
	return error;
}

long twin_unmap(struct twin *twin, unsigned c, unsigned flags, iova_t iova, uint64_t bytes)
{
	struct twin_container *container = &twin->container[c];

	if (!container->enabled)
		return -EPERM;
	if (flags)
		return -EINVAL;

	long error = make_pending(twin, c);

	if (error)
		return error;

	struct twin_window *window = window_at(container, iova);

	if (!window)
		return -ENXIO;
	if (bytes & ((UINT64_C(1) << window->page_lg2) - 1))
		return -EINVAL;
	error = check_range(twin, window, iova, bytes);
	if (!error)
		clear(twin, container, window, (iova - window->start) >> window->page_lg2, bytes >> window->page_lg2);
	return error;
}
