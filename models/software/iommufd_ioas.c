/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_ioas.h"

#include <errno.h>
#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/pagetable/format.h"

void ioas_init(struct ioas *ioas)
{
	*ioas = (struct ioas){ .alignment = 1 };
	ranges_init(&ioas->areas);
}

void ioas_fini(struct ioas *ioas)
{
	struct ioas_unmap_call call;
	struct host_work work = { 0 };

	ioas_unmap_all_begin(&call, &work);
	ioas_unmap_finish(ioas, &call, &work);
	ranges_fini(&ioas->areas);
	free(ioas->reserved);
	free(ioas->allowed);
	free(ioas->domain);
}

/* ---- areas ---- */

struct ioas_area *ioas_find(const struct ioas *ioas, iova_t first, iova_t last)
{
	struct range *range = ranges_find(&ioas->areas, first, last);

	return range ? (struct ioas_area *)(uintptr_t)range->value[0] : NULL;
}

static struct ioas_area *area_insert(struct ioas *ioas, const struct ioas_area *what)
{
	struct ioas_area *area = heap_zeroed(1, sizeof(*area));
	struct range range = { .first = what->iova.first, .last = what->iova.last, .value = { (uintptr_t)area } };

	*area = *what;
	iommufd_pages_get(area->pages);
	ranges_insert(&ioas->areas, &range);
	return area;
}

static void area_remove(struct ioas *ioas, struct ioas_area *area)
{
	ranges_remove(&ioas->areas, area->iova.first);
	iommufd_pages_put(area->pages);
	free(area);
}

/* ---- map and copy ---- */

/* A part of some pages that is to be mapped. */
struct slice {
	struct iommufd_pages *pages;
	uint64_t start_byte, bytes;
	struct ioas_area *area; /* once it is inserted */
};

/* Inserts an area for each slice, one after the other from iova on; when not 0, those before the bad one stay. */
static int insert_slices(struct ioas *ioas, struct slice *slice, size_t count, iova_t iova, unsigned permissions)
{
	for (size_t i = 0; i < count; i++) {
		struct ioas_area area = { .iova = { iova, iova + slice[i].bytes - 1 },
					  .pages = slice[i].pages,
					  .start_byte = slice[i].start_byte,
					  .permissions = permissions };

		if (permissions & PT_WRITE && !slice[i].pages->writable)
			return EPERM;
		if (slice[i].start_byte & (PAGE_BYTES - 1) & (ioas->alignment - 1))
			return EINVAL;
		slice[i].area = area_insert(ioas, &area);
		iova += slice[i].bytes;
	}
	return 0;
}

static void give_up_area(struct ioas *ioas, struct ioas_area *area, struct host_work *work)
{
	if (area->held)
		iommufd_pages_release(area->pages, ioas_area_span(area), work);
	area_remove(ioas, area);
}

/* address: of the first slice, whose alignment a found place keeps. */
static int map_slices(struct ioas *ioas, struct slice *slice, size_t count, uint64_t address, unsigned permissions,
		      struct ioas_place *place, struct host_work *work)
{
	struct ioas_place found = *place;
	size_t filled = 0;

	work->container_finds++;
	int error = ioas_find_place(ioas, address, &found);

	if (!error)
		error = insert_slices(ioas, slice, count, found.iova, permissions);
	while (!error && filled < count) {
		error = ioas_fill_area(ioas, slice[filled].area, work);
		filled += !error;
	}
	if (!error) {
		*place = found;
		work->mappings_inserted += count;
		return 0;
	}
	for (size_t i = 0; i < count && slice[i].area; i++) {
		if (i < filled)
			ioas_clear_area(ioas, slice[i].area, work);
		give_up_area(ioas, slice[i].area, work);
	}
	return error;
}

int ioas_map(struct ioas *ioas, const struct iommufd_source *source, const struct iommufd_file *file, uint64_t start,
	     unsigned permissions, struct ioas_place *place, struct host_work *work)
{
	if (start + place->bytes < start)
		return EOVERFLOW;
	if (!place->bytes || place->bytes > UINT64_MAX - PAGE_BYTES)
		return EINVAL;
	struct slice slice = { .bytes = place->bytes, .start_byte = start & (PAGE_BYTES - 1) };

	slice.pages = iommufd_pages_create(source, file, start, place->bytes, permissions & PT_WRITE);
	int error = map_slices(ioas, &slice, 1, start, permissions, place, work);

	iommufd_pages_put(slice.pages);
	return error;
}

/* The slices that [iova, last] of ioas lies in, each with a user more; NULL: there is a gap. */
static struct slice *slices_of(const struct ioas *ioas, iova_t iova, iova_t last, size_t *count)
{
	struct slice *slice = NULL;
	size_t capacity = 0;

	for (*count = 0;; (*count)++) {
		const struct ioas_area *area = ioas_find(ioas, iova, iova);

		if (!area)
			break;
		if (*count == capacity) {
			capacity = capacity ? 2 * capacity : 1;
			slice = heap_resized(slice, capacity, sizeof(*slice));
		}
		iova_t end = area->iova.last < last ? area->iova.last : last;

		slice[*count] = (struct slice){ .pages = area->pages,
						.start_byte = area->start_byte + (iova - area->iova.first),
						.bytes = end - iova + 1 };
		iommufd_pages_get(area->pages);
		if (end == last) {
			(*count)++;
			return slice;
		}
		iova = end + 1;
	}
	for (size_t i = 0; i < *count; i++)
		iommufd_pages_put(slice[i].pages);
	free(slice);
	return NULL;
}

int ioas_copy(struct ioas *ioas, const struct ioas *from, iova_t iova, unsigned permissions, struct ioas_place *to,
	      struct host_work *work)
{
	iova_t last = iova + to->bytes - 1;
	size_t count;

	if (!to->bytes)
		return EINVAL;
	if (last < iova)
		return EOVERFLOW;
	work->container_finds++;
	struct slice *slice = slices_of(from, iova, last, &count);

	if (!slice)
		return ENOENT;
	int error = map_slices(ioas, slice, count, slice->pages->start + slice->start_byte, permissions, to, work);

	for (size_t i = 0; i < count; i++)
		iommufd_pages_put(slice[i].pages);
	free(slice);
	return error;
}

/* ---- unmap ---- */

int ioas_unmap_begin(struct ioas_unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work)
{
	*call = (struct ioas_unmap_call){ .next = iova, .last = iova + bytes - 1 };
	if (!bytes)
		return EINVAL;
	if (call->last < iova)
		return EOVERFLOW;
	work->container_finds++;
	return 0;
}

void ioas_unmap_all_begin(struct ioas_unmap_call *call, struct host_work *work)
{
	*call = (struct ioas_unmap_call){ .next = 0, .last = UINT64_MAX };
	work->container_finds++;
}

bool ioas_unmap_step(struct ioas *ioas, struct ioas_unmap_call *call, struct host_work *work)
{
	if (call->area) {
		call->bytes += ioas_area_bytes(call->area);
		give_up_area(ioas, call->area, work);
		work->mappings_removed++;
		call->area = NULL;
	}
	struct ioas_area *area = call->ended ? NULL : ioas_find(ioas, call->next, call->last);

	call->flush_bytes = 0;
	if (!area)
		return false;
	if (area->iova.first < call->next || area->iova.last > call->last) {
		call->error = ENOENT;
		call->ended = true;
		return false;
	}
	if (area->held) {
		ioas_clear_area(ioas, area, work);
		call->flush_iova = area->iova.first;
		call->flush_bytes = ioas_area_bytes(area);
	}
	call->area = area;
	call->ended = area->iova.last == call->last;
	call->next = area->iova.last + 1;
	return true;
}

int ioas_unmap_finish(struct ioas *ioas, struct ioas_unmap_call *call, struct host_work *work)
{
	while (ioas_unmap_step(ioas, call, work))
		;
	return call->error;
}

int ioas_cut(struct ioas *ioas, iova_t last)
{
	struct ioas_area *area = ioas_find(ioas, last, last);

	if (!area || last == area->iova.first || last == area->iova.last)
		return 0;
	struct ioas_area low = *area, high = *area;
	struct iommufd_span span = ioas_area_span(area);

	high.iova.first = last + 1;
	high.start_byte = area->start_byte + (high.iova.first - area->iova.first);
	low.iova.last = last;
	if ((high.iova.first | high.start_byte) & (ioas->alignment - 1))
		return EINVAL;
	if (area->held && !ioas->no_large_pages)
		return EINVAL;
	if (area->held)
		iommufd_pages_split(area->pages, span, ioas_area_span(&low), ioas_area_span(&high));
	iommufd_pages_get(area->pages);
	area_remove(ioas, area);
	area_insert(ioas, &low);
	area_insert(ioas, &high);
	iommufd_pages_put(low.pages);
	return 0;
}
