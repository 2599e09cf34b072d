/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/software/type1.h"

#define WORD_BITS 64u

static uint64_t bitmap_words(uint64_t pages)
{
	return (pages + WORD_BITS - 1) / WORD_BITS;
}

static void set_bits(uint64_t *word, uint64_t first, uint64_t count)
{
	while (count) {
		uint64_t shift = first % WORD_BITS, here = WORD_BITS - shift < count ? WORD_BITS - shift : count;

		word[first / WORD_BITS] |= (here < WORD_BITS ? (UINT64_C(1) << here) - 1 : UINT64_MAX) << shift;
		first += here;
		count -= here;
	}
}

/* The pages of a mapping that the host has pinned: they may be written at any time. */
static void set_pinned(const struct type1 *type1, struct host_mapping *mapping, iova_t iova)
{
	uint64_t page = type1_page(type1);
	const struct range *pinned;

	for (iova_t next = iova, last = iova + mapping->bytes - 1;
	     next >= iova && (pinned = ranges_find(&type1->container.host_pages, next, last)); next = pinned->last + 1)
		set_bits(mapping->dirty, (pinned->first - iova) / page, 1);
}

/* A mapping gets its bitmap; EINVAL: too many pages. */
int type1_dirty_begin(const struct type1 *type1, struct host_mapping *mapping)
{
	uint64_t pages = mapping->bytes / type1_page(type1);

	if (pages > TYPE1_DIRTY_PAGES_MAX)
		return EINVAL;
	mapping->dirty = heap_zeroed(bitmap_words(pages), sizeof(*mapping->dirty));
	return 0;
}

void type1_dirty_stop(struct type1 *type1)
{
	struct container *container = &type1->container;
	const struct range *range;

	type1->dirty_tracking = false;
	for (range = container_next(container, NULL); range; range = container_next(container, range)) {
		struct host_mapping *mapping = container_mapping(container, range);

		free(mapping->dirty);
		mapping->dirty = NULL;
	}
}

int type1_dirty_start(struct type1 *type1)
{
	struct container *container = &type1->container;
	const struct range *range;

	if (type1->dirty_tracking)
		return 0;
	for (range = container_next(container, NULL); range; range = container_next(container, range)) {
		struct host_mapping *mapping = container_mapping(container, range);
		int error = type1_dirty_begin(type1, mapping);

		if (error) {
			type1_dirty_stop(type1);
			return error;
		}
		set_pinned(type1, mapping, range->first);
	}
	type1->dirty_tracking = true;
	return 0;
}

/* A group that told nothing leaves: what it wrote is not known, so everything is dirty. */
void type1_dirty_all(struct type1 *type1)
{
	struct container *container = &type1->container;
	const struct range *range;

	if (!type1->dirty_tracking)
		return;
	for (range = container_next(container, NULL); range; range = container_next(container, range)) {
		struct host_mapping *mapping = container_mapping(container, range);

		if (mapping->in_tables)
			set_bits(mapping->dirty, 0, mapping->bytes / type1_page(type1));
	}
}

int type1_bitmap_check(const struct type1_bitmap *bitmap, uint64_t bytes)
{
	uint64_t page = bitmap->page_bytes & -bitmap->page_bytes;
	uint64_t pages = page ? bytes / page : bytes;

	if (!pages || !bitmap->size_bytes || bitmap->size_bytes > TYPE1_BITMAP_MAX)
		return EINVAL;
	return bitmap->size_bytes < bitmap_words(pages) * sizeof(uint64_t) ? EINVAL : 0;
}

/*
 * The dirty pages of the mapping range into a bitmap whose first bit is base.  Bits before the mapping's stay, those
 * after them in its last word become zero.  The kernel shifts its own bitmap on the way and leaves it so; here it
 * keeps its place.
 */
int type1_dirty_read(const struct type1 *type1, iova_t base, const struct range *range,
		     const struct type1_bitmap *bitmap)
{
	const struct host_mapping *mapping = container_mapping(&type1->container, range);
	uint64_t page = type1_page(type1), pages = mapping->bytes / page, first = (range->first - base) / page;
	uint64_t shift = first % WORD_BITS, *out = bitmap->word + first / WORD_BITS;
	bool all = type1->untracked_groups && mapping->in_tables;

	if (!bitmap->word)
		return EFAULT;
	if (all)
		set_bits(mapping->dirty, 0, pages);
	for (uint64_t i = 0, words = bitmap_words(pages + shift); i < words; i++) {
		uint64_t low = i < bitmap_words(pages) ? mapping->dirty[i] << shift : 0;
		uint64_t high = shift && i ? mapping->dirty[i - 1] >> (WORD_BITS - shift) : 0;
		uint64_t keep = i ? 0 : (UINT64_C(1) << shift) - 1;

		out[i] = (out[i] & keep) | low | high;
	}
	return 0;
}

/* What VFIO_IOMMU_DIRTY_PAGES with GET_BITMAP asks of its arguments, in the kernel's order. */
static int check_get(const struct type1 *type1, iova_t iova, uint64_t bytes, const struct type1_bitmap *bitmap)
{
	uint64_t page = type1_page(type1);
	int error;

	if (kernel_type1_overflow(&type1->kernel)) {
		if (!bytes)
			return EINVAL;
		if (iova + (bytes - 1) < iova)
			return EOVERFLOW;
	} else if (iova + bytes < iova) {
		return EINVAL;
	}
	error = type1_bitmap_check(bitmap, bytes);
	if (error)
		return error;
	if (bitmap->page_bytes != page || iova & (page - 1) || !bytes || bytes & (page - 1) || !type1->dirty_tracking)
		return EINVAL;
	return type1_cuts(type1, iova, iova + (bytes - 1));
}

int type1_dirty_get(struct type1 *type1, iova_t iova, uint64_t bytes, const struct type1_bitmap *bitmap)
{
	struct container *container = &type1->container;
	const struct range *range;
	iova_t last = iova + (bytes - 1);
	int error = check_get(type1, iova, bytes, bitmap);

	for (iova_t next = iova; !error && (range = ranges_find(&container->mappings, next, last));
	     next = range->last + 1) {
		struct host_mapping *mapping = container_mapping(container, range);

		error = type1_dirty_read(type1, iova, range, bitmap);
		if (error)
			break;
		memset(mapping->dirty, 0, bitmap_words(mapping->bytes / type1_page(type1)) * sizeof(uint64_t));
		set_pinned(type1, mapping, range->first);
		if (range->last >= last)
			break;
	}
	return error;
}
