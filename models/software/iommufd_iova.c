/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/software/iommufd_ioas.h"

#define LARGE_PAGE_BYTES (UINT64_C(1) << 21) /* alignment beyond it is not kept */

/* The reserved span that begins first among those that share an address with [first, last], or NULL. */
static const struct iova_span *reserved_find(const struct ioas *ioas, iova_t first, iova_t last)
{
	const struct iova_span *found = NULL;

	for (size_t i = 0; i < ioas->reserved_count; i++) {
		const struct iova_span *span = &ioas->reserved[i].span;

		if (span->first <= last && span->last >= first && (!found || span->first < found->first))
			found = span;
	}
	return found;
}

static bool allowed_overlaps(const struct iova_span *allowed, size_t count, iova_t first, iova_t last)
{
	for (size_t i = 0; i < count; i++)
		if (allowed[i].first <= last && allowed[i].last >= first)
			return true;
	return false;
}

int ioas_reserve(struct ioas *ioas, struct iova_span span, const void *owner)
{
	if (ioas_find(ioas, span.first, span.last) ||
	    allowed_overlaps(ioas->allowed, ioas->allowed_count, span.first, span.last))
		return EADDRINUSE;
	if (ioas->reserved_count == ioas->reserved_capacity) {
		ioas->reserved_capacity = ioas->reserved_capacity ? 2 * ioas->reserved_capacity : 4;
		ioas->reserved = heap_resized(ioas->reserved, ioas->reserved_capacity, sizeof(*ioas->reserved));
	}
	ioas->reserved[ioas->reserved_count++] = (struct iova_reserved){ span, owner };
	return 0;
}

void ioas_unreserve(struct ioas *ioas, const void *owner)
{
	size_t kept = 0;

	for (size_t i = 0; i < ioas->reserved_count; i++)
		if (ioas->reserved[i].owner != owner)
			ioas->reserved[kept++] = ioas->reserved[i];
	ioas->reserved_count = kept;
}

static int by_first(const void *left, const void *right)
{
	const struct iova_span *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

int ioas_allow(struct ioas *ioas, const struct iova_span *span, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span[i].first >= span[i].last || allowed_overlaps(span, i, span[i].first, span[i].last))
			return EINVAL;
	for (size_t i = 0; i < count; i++)
		if (reserved_find(ioas, span[i].first, span[i].last))
			return EADDRINUSE;
	free(ioas->allowed);
	ioas->allowed = heap_zeroed(count, sizeof(*span));
	ioas->allowed_count = count;
	if (count) {
		memcpy(ioas->allowed, span, count * sizeof(*span));
		qsort(ioas->allowed, count, sizeof(*span), by_first);
	}
	return 0;
}

/*
 * The next hole of [from, last]: what no reserved span, and with areas no area, covers.  False when there is none.
 */
static bool next_hole(const struct ioas *ioas, bool areas, iova_t from, iova_t last, struct iova_span *hole)
{
	const struct iova_span *reserved;
	const struct ioas_area *area = NULL;

	for (;;) {
		reserved = reserved_find(ioas, from, last);
		area = areas ? ioas_find(ioas, from, last) : NULL;
		bool in_reserved = reserved && reserved->first <= from, in_area = area && area->iova.first <= from;

		if (!in_reserved && !in_area)
			break;
		iova_t end = in_reserved ? reserved->last : area->iova.last;

		if (end >= last)
			return false;
		from = end + 1;
	}
	*hole = (struct iova_span){ from, last };
	if (reserved)
		hole->last = reserved->first - 1;
	if (area && area->iova.first - 1 < hole->last)
		hole->last = area->iova.first - 1;
	return true;
}

size_t ioas_ranges(const struct ioas *ioas, struct iova_span *span, size_t room)
{
	struct iova_span hole;
	size_t count = 0;

	for (iova_t from = 0; next_hole(ioas, false, from, UINT64_MAX, &hole); from = hole.last + 1) {
		if (count < room)
			span[count] = hole;
		count++;
		if (hole.last == UINT64_MAX)
			break;
	}
	return count;
}

/* Moves span->first to where bytes fit; false when they do not.  [LINUX] __alloc_iova_check_range() */
static bool span_fits(struct iova_span *span, uint64_t bytes, uint64_t alignment, uint64_t offset)
{
	if (span->first > UINT64_MAX - (alignment - 1))
		return false;
	iova_t first = ((span->first + alignment - 1) & ~(alignment - 1)) | offset;

	if (first >= span->last || span->last - first < bytes - 1)
		return false;
	span->first = first;
	return true;
}

/* The next span of [from, last] that is allowed; neighbours are one. */
static bool next_allowed(const struct ioas *ioas, iova_t from, iova_t last, struct iova_span *span)
{
	if (!ioas->allowed_count) {
		*span = (struct iova_span){ from, last };
		return from <= last;
	}
	for (size_t i = 0; i < ioas->allowed_count; i++) {
		if (ioas->allowed[i].last < from || ioas->allowed[i].first > last)
			continue;
		*span = ioas->allowed[i];
		while (i + 1 < ioas->allowed_count && ioas->allowed[i + 1].first == span->last + 1)
			span->last = ioas->allowed[++i].last;
		if (span->first < from)
			span->first = from;
		if (span->last > last)
			span->last = last;
		return true;
	}
	return false;
}

/* [LINUX] iopt_alloc_iova(): first fit, aligned to the size and to the address, by at most a large page. */
static int find_room(const struct ioas *ioas, uint64_t address, struct ioas_place *place)
{
	uint64_t alignment = 1, offset = address & (PAGE_BYTES - 1), bytes = place->bytes;
	struct iova_span allowed, hole;

	if (bytes >= UINT64_MAX / 2)
		return EOVERFLOW;
	while (alignment < bytes && alignment < LARGE_PAGE_BYTES && !(address & alignment))
		alignment <<= 1;
	if (alignment < ioas->alignment)
		return EINVAL;
	for (iova_t from = PAGE_BYTES; next_allowed(ioas, from, UINT64_MAX - PAGE_BYTES, &allowed);
	     from = allowed.last + 1) {
		if (!span_fits(&allowed, bytes, alignment, offset))
			continue;
		for (iova_t at = allowed.first; next_hole(ioas, true, at, allowed.last, &hole); at = hole.last + 1) {
			if (span_fits(&hole, bytes, alignment, offset)) {
				place->iova = hole.first;
				return 0;
			}
			if (hole.last == allowed.last)
				break;
		}
	}
	return ENOSPC;
}

int ioas_find_place(const struct ioas *ioas, uint64_t address, struct ioas_place *place)
{
	iova_t last = place->iova + place->bytes - 1;

	if (!place->bytes || place->bytes & (ioas->alignment - 1))
		return EINVAL;
	if (!place->fixed)
		return find_room(ioas, address, place);
	if (place->iova & (ioas->alignment - 1))
		return EINVAL;
	if (last < place->iova)
		return EOVERFLOW;
	if (reserved_find(ioas, place->iova, last))
		return EINVAL;
	return ioas_find(ioas, place->iova, last) ? EEXIST : 0;
}
