/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/host_mapping.h"

#include "models/base/heap.h"

void host_mapping_fini(struct host_mapping *mapping)
{
	free(mapping->more);
	free(mapping->dirty);
	mapping->more = NULL;
	mapping->dirty = NULL;
	mapping->extent_count = mapping->more_capacity = 0;
}

static struct extent *extent_at(struct host_mapping *mapping, uint32_t index)
{
	return index ? &mapping->more[index - 1] : &mapping->first;
}

static const struct extent *extent_in(const struct host_mapping *mapping, uint32_t index)
{
	return index ? &mapping->more[index - 1] : &mapping->first;
}

static void add_extent(struct host_mapping *mapping, const struct extent *extent)
{
	uint32_t index = mapping->extent_count++;

	if (index > mapping->more_capacity) {
		mapping->more_capacity = mapping->more_capacity ? 2 * mapping->more_capacity : 4;
		mapping->more = heap_resized(mapping->more, mapping->more_capacity, sizeof(*mapping->more));
	}
	*extent_at(mapping, index) = *extent;
}

void host_mapping_add_run(struct host_mapping *mapping, uint64_t offset, const struct process_run *run)
{
	struct extent next = { offset, run->phys, run->page_lg2, run->is_memory };

	if (mapping->extent_count) {
		const struct extent *last = extent_in(mapping, mapping->extent_count - 1);

		if (last->phys + (offset - last->offset) == next.phys && last->page_lg2 == next.page_lg2 &&
		    last->is_memory == next.is_memory)
			return;
	}
	add_extent(mapping, &next);
}

/* The extent that holds offset. */
static uint32_t find(const struct host_mapping *mapping, uint64_t offset)
{
	uint32_t low = 0, high = mapping->extent_count;

	REQUIRE(high > 0);
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (extent_in(mapping, middle)->offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct process_run host_mapping_neighbours(const struct host_mapping *mapping, uint64_t offset, uint64_t end)
{
	uint32_t index = find(mapping, offset);
	const struct extent *extent = extent_in(mapping, index);

	if (index + 1 < mapping->extent_count && extent_in(mapping, index + 1)->offset < end)
		end = extent_in(mapping, index + 1)->offset;
	return (struct process_run){ .phys = extent->phys + (offset - extent->offset),
				     .bytes = end - offset,
				     .is_memory = extent->is_memory,
				     .page_lg2 = extent->page_lg2 };
}

struct process_run host_mapping_run(const struct host_mapping *mapping, uint64_t offset, uint64_t end)
{
	struct process_run run = host_mapping_neighbours(mapping, offset, end);
	uint64_t page = UINT64_C(1) << run.page_lg2, left = page - (run.phys & (page - 1));

	if (run.bytes > left)
		run.bytes = left;
	return run;
}

void host_mapping_cut(struct host_mapping *mapping, uint64_t offset, struct host_mapping *tail)
{
	uint32_t index = find(mapping, offset), kept = index + 1;

	for (uint32_t i = index; i < mapping->extent_count; i++) {
		struct extent extent = *extent_in(mapping, i);

		if (extent.offset < offset) {
			extent.phys += offset - extent.offset;
			extent.offset = offset;
		} else if (i == index) {
			kept = index;
		}
		extent.offset -= offset;
		add_extent(tail, &extent);
	}
	mapping->extent_count = kept;
}

void host_mapping_pool_fini(struct host_mapping_pool *pool)
{
	free(pool->mapping);
	*pool = (struct host_mapping_pool){ 0 };
}

uint32_t host_mapping_take(struct host_mapping_pool *pool)
{
	uint32_t number = pool->spare;

	if (number) {
		pool->spare = pool->mapping[--number].extent_count;
	} else {
		if (pool->used == pool->capacity) {
			pool->capacity = pool->capacity ? 2 * pool->capacity : 16;
			pool->mapping = heap_resized(pool->mapping, pool->capacity, sizeof(*pool->mapping));
		}
		number = pool->used++;
	}
	pool->mapping[number] = (struct host_mapping){ 0 };
	return number;
}

void host_mapping_give(struct host_mapping_pool *pool, uint32_t number)
{
	struct host_mapping *mapping = &pool->mapping[number];

	host_mapping_fini(mapping);
	mapping->extent_count = pool->spare;
	pool->spare = number + 1;
}
