/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/process.h"

#include <string.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/pagetable/format.h"

void process_init(struct process *process, struct pins *pins, uint64_t limit_bytes)
{
	*process = (struct process){ .pins = pins };
	account_init(&process->account, limit_bytes);
}

void process_fini(struct process *process)
{
	free(process->area);
	*process = (struct process){ 0 };
}

void process_exit(struct process *process)
{
	process->area_count = 0;
	process->exited = true;
}

static uint64_t area_last(const struct area *area)
{
	return area->vaddr + (area->bytes - 1);
}

/* The place of the first area that ends at vaddr or above. */
static size_t place_of(const struct process *process, uint64_t vaddr)
{
	size_t low = 0, high = process->area_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (area_last(&process->area[middle]) < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct area *process_area(const struct process *process, uint64_t vaddr)
{
	size_t place = place_of(process, vaddr);

	return place < process->area_count && process->area[place].vaddr <= vaddr ? &process->area[place] : NULL;
}

void process_add_area(struct process *process, const struct area *area)
{
	size_t place = place_of(process, area->vaddr);

	REQUIRE(area->bytes > 0 && area_last(area) >= area->vaddr);
	REQUIRE(((area->vaddr | area->bytes | area->base) & (PAGE_BYTES - 1)) == 0);
	REQUIRE(place == process->area_count || process->area[place].vaddr > area_last(area));
	if (process->area_count == process->area_capacity) {
		process->area_capacity = process->area_capacity ? 2 * process->area_capacity : 4;
		process->area = heap_resized(process->area, process->area_capacity, sizeof(*process->area));
	}
	memmove(&process->area[place + 1], &process->area[place], (process->area_count - place) * sizeof(*area));
	process->area[place] = *area;
	process->area_count++;
}

/* The part of area from vaddr on, bytes long. */
static struct area part_of(const struct area *area, uint64_t vaddr, uint64_t bytes)
{
	struct area part = *area;
	uint64_t offset = vaddr - area->vaddr;

	part.vaddr = vaddr;
	part.bytes = bytes;
	part.base = area->base + offset;
	part.copies = area->copies + offset;
	part.backed_bytes = area->backed_bytes > offset ? area->backed_bytes - offset : 0;
	if (part.backed_bytes > bytes)
		part.backed_bytes = bytes;
	return part;
}

void process_remove_areas(struct process *process, uint64_t vaddr, uint64_t bytes)
{
	uint64_t last = vaddr + (bytes - 1);

	REQUIRE(bytes > 0 && last >= vaddr);
	for (size_t place; (place = place_of(process, vaddr)) < process->area_count;) {
		struct area whole = process->area[place];

		if (whole.vaddr > last)
			break;
		process->area_count--;
		memmove(&process->area[place], &process->area[place + 1],
			(process->area_count - place) * sizeof(whole));
		if (whole.vaddr < vaddr) {
			struct area before = part_of(&whole, whole.vaddr, vaddr - whole.vaddr);

			process_add_area(process, &before);
		}
		if (area_last(&whole) > last) {
			struct area after = part_of(&whole, last + 1, area_last(&whole) - last);

			process_add_area(process, &after);
		}
	}
}

struct process_run process_run(const struct process *process, uint64_t vaddr, uint64_t bytes, bool write)
{
	const struct area *area = process_area(process, vaddr);
	struct process_run run = { 0 };

	if (!area || !(area->permissions & PT_READ) || (write && !(area->permissions & PT_WRITE)))
		return run;
	uint64_t offset = vaddr - area->vaddr, page = UINT64_C(1) << area->page_lg2;

	if (offset >= area->backed_bytes)
		return run;
	bool shares = !write && process->shares_reads;

	run.phys = (area->kind == AREA_PRIVATE && !shares ? area->copies : area->base) + offset;
	run.page_lg2 = area->page_lg2;
	run.is_memory = area->kind != AREA_DEVICE && !(area->kind == AREA_UNTOUCHED && shares);
	run.bytes = page - (run.phys & (page - 1));
	if (run.bytes > area->backed_bytes - offset)
		run.bytes = area->backed_bytes - offset;
	if (run.bytes > bytes)
		run.bytes = bytes;
	return run;
}
