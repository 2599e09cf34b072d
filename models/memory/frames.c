/* SPDX-License-Identifier: Apache-2.0 */
#include "models/memory/frames.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"

void frames_init(struct frames *frames, phys_t first, phys_t end)
{
	REQUIRE(first % PAGE_BYTES == 0 && end % PAGE_BYTES == 0 && first <= end);
	*frames = (struct frames){ .next = first, .end = end };
}

void frames_fini(struct frames *frames)
{
	free(frames->freed);
	*frames = (struct frames){ 0 };
}

static void push(struct frames *frames, phys_t frame)
{
	if (frames->freed_count == frames->freed_capacity) {
		frames->freed_capacity = frames->freed_capacity ? 2 * frames->freed_capacity : 64;
		frames->freed = heap_resized(frames->freed, frames->freed_capacity, sizeof(*frames->freed));
	}
	frames->freed[frames->freed_count++] = frame;
}

phys_t frames_alloc(struct frames *frames)
{
	phys_t frame = PHYS_NONE;

	if (frames->freed_count) {
		frame = frames->freed[--frames->freed_count];
	} else if (frames->next < frames->end) {
		frame = frames->next;
		frames->next += PAGE_BYTES;
	} else {
		return PHYS_NONE;
	}
	frames->used++;
	return frame;
}

phys_t frames_alloc_contiguous(struct frames *frames, size_t count)
{
	REQUIRE(count > 0);
	if (count > (frames->end - frames->next) / PAGE_BYTES)
		return PHYS_NONE;

	phys_t align = PAGE_BYTES;

	while (align < count * PAGE_BYTES)
		align *= 2;

	phys_t gap = (align - frames->next % align) % align;

	if (gap > frames->end - frames->next || count * PAGE_BYTES > frames->end - frames->next - gap)
		return PHYS_NONE;

	/* The frames skipped for alignment are free; the lowest of them leaves first. */
	phys_t first = frames->next + gap;

	for (phys_t skipped = first; skipped > frames->next; skipped -= PAGE_BYTES)
		push(frames, skipped - PAGE_BYTES);
	frames->next = first + count * PAGE_BYTES;
	frames->used += count;
	return first;
}

void frames_free(struct frames *frames, phys_t frame)
{
	REQUIRE(frame % PAGE_BYTES == 0 && frame < frames->next && frames->used > 0);
	push(frames, frame);
	frames->used--;
}

size_t frames_used(const struct frames *frames)
{
	return frames->used;
}
