/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/registration.h"

#include <errno.h>

#include "models/base/heap.h"
#include "models/base/require.h"

#define RANGE_REGION 0

/* What a run of pages was pinned as: munmap does not change where the region's pages lie. */
struct region_run {
	uint64_t offset; /* from the region's vaddr */
	phys_t phys;
	uint64_t bytes;
	unsigned page_lg2; /* of the area that was pinned */
};

void registrations_init(struct registrations *registrations, struct process *process, unsigned page_lg2,
			uint32_t pin_batch_pages)
{
	REQUIRE(pin_batch_pages > 0 && page_lg2 >= PAGE_LG2);
	*registrations =
		(struct registrations){ .process = process, .page_lg2 = page_lg2, .pin_batch_pages = pin_batch_pages };
	ranges_init(&registrations->ranges);
	process->registrations = registrations;
}

static struct region *region_of(const struct range *range)
{
	return (struct region *)(uintptr_t)range->value[RANGE_REGION];
}

static bool is_aligned(const struct registrations *registrations, uint64_t vaddr, uint64_t bytes)
{
	return ((vaddr | bytes) & ((UINT64_C(1) << registrations->page_lg2) - 1)) == 0;
}

/* Of the page behind vaddr: hugetlb's, else the kernel's. */
static unsigned page_lg2_at(const struct registrations *registrations, uint64_t vaddr)
{
	const struct area *area = process_area(registrations->process, vaddr);

	return area->hugetlb ? area->page_lg2 : registrations->page_lg2;
}

static void add_run(struct region *region, uint64_t offset, const struct process_run *run)
{
	struct region_run *last = region->run_count ? &region->run[region->run_count - 1] : NULL;

	if (last && last->phys + last->bytes == run->phys && last->page_lg2 == run->page_lg2) {
		last->bytes += run->bytes;
		return;
	}
	if ((region->run_count & (region->run_count + 1)) == 0)
		region->run = heap_resized(region->run, 2 * region->run_count + 1, sizeof(*region->run));
	region->run[region->run_count++] = (struct region_run){
		.offset = offset, .phys = run->phys, .bytes = run->bytes, .page_lg2 = run->page_lg2
	};
}

/* Pins from its vaddr on up to the first page that is not there, or of a device; how many bytes. */
static uint64_t pin(struct registrations *registrations, struct region *region, struct host_work *work)
{
	uint64_t done = 0;

	region->page_lg2 = (unsigned)__builtin_ctzll(region->vaddr | region->bytes);
	while (done < region->bytes) {
		uint64_t vaddr = region->vaddr + done;
		struct process_run run = process_run(registrations->process, vaddr, region->bytes - done, true);

		if (!run.bytes || !run.is_memory)
			break;
		add_run(region, done, &run);

		unsigned page_lg2 = page_lg2_at(registrations, vaddr);

		if (region->page_lg2 > page_lg2)
			region->page_lg2 = page_lg2;
		done += run.bytes;
	}
	for (size_t i = 0; i < region->run_count; i++) /* in the pieces that discard unpins */
		pins_pin(registrations->process->pins, region->run[i].phys, region->run[i].bytes);
	work->pages_pinned += done >> PAGE_LG2;
	return done;
}

/* Unpins what was pinned, and forgets the region. */
static void discard(struct registrations *registrations, struct region *region, struct host_work *work)
{
	for (size_t i = 0; i < region->run_count; i++) {
		pins_unpin(registrations->process->pins, region->run[i].phys, region->run[i].bytes);
		work->pages_unpinned += region->run[i].bytes >> PAGE_LG2;
	}
	account_uncharge(&registrations->process->account, ACCOUNT_MM, region->bytes >> PAGE_LG2);
	work->account_operations++;
	free(region->run);
	free(region);
}

static void drop(struct registrations *registrations, struct region *region, struct host_work *work)
{
	ranges_remove(&registrations->ranges, region->vaddr);
	discard(registrations, region, work);
}

void registrations_fini(struct registrations *registrations)
{
	struct host_work work = { 0 };
	const struct range *range;

	while ((range = ranges_find(&registrations->ranges, 0, UINT64_MAX)))
		drop(registrations, region_of(range), &work);
	ranges_fini(&registrations->ranges);
}

struct region *registration_find(const struct registrations *registrations, uint64_t vaddr, uint64_t bytes,
				 struct host_work *work)
{
	const struct range *range = ranges_find(&registrations->ranges, vaddr, vaddr);

	work->registration_finds++;
	return range && range->last - vaddr >= bytes - 1 ? region_of(range) : NULL;
}

struct region *registration_exact(const struct registrations *registrations, uint64_t vaddr, uint64_t bytes,
				  struct host_work *work)
{
	struct region *region = bytes ? registration_find(registrations, vaddr, bytes, work) : NULL;

	return region && region->vaddr == vaddr && region->bytes == bytes ? region : NULL;
}

static int registration_new(struct registrations *registrations, uint64_t vaddr, uint64_t bytes,
			    struct region **created, struct host_work *work)
{
	uint64_t pages = bytes >> registrations->page_lg2;

	work->account_operations++;
	if (account_charge(&registrations->process->account, ACCOUNT_MM, bytes >> PAGE_LG2) || !bytes)
		return ENOMEM; /* no bytes: the kernel's array of no pages */

	struct region *region = heap_zeroed(1, sizeof(*region));
	struct range range = { .first = vaddr, .last = vaddr + (bytes - 1) };

	*region = (struct region){ .vaddr = vaddr, .bytes = bytes, .references = 1 };
	work->pin_calls += (pages + registrations->pin_batch_pages - 1) / registrations->pin_batch_pages;

	bool is_there = pin(registrations, region, work) == bytes;

	if (!is_there || ranges_find(&registrations->ranges, range.first, range.last)) {
		discard(registrations, region, work);
		return is_there ? EINVAL : EFAULT;
	}
	range.value[RANGE_REGION] = (uintptr_t)region;
	ranges_insert(&registrations->ranges, &range);
	*created = region;
	return 0;
}

int registration_get(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct region **region,
		     struct host_work *work)
{
	REQUIRE(is_aligned(registrations, vaddr, bytes) && vaddr + bytes >= vaddr);
	*region = registration_exact(registrations, vaddr, bytes, work);
	if (!*region)
		return registration_new(registrations, vaddr, bytes, region, work);
	(*region)->references++;
	return 0;
}

int registration_put(struct registrations *registrations, struct region *region, struct host_work *work)
{
	REQUIRE(region->references > 0);
	if (region->references == 1 && region->mapped)
		return EBUSY;
	registration_abandon(registrations, region, work);
	return 0;
}

void registration_abandon(struct registrations *registrations, struct region *region, struct host_work *work)
{
	REQUIRE(region->references > 0);
	region->references--;
	if (!region->references && !region->mapped)
		drop(registrations, region, work);
}

/* The run that holds vaddr, which the region does. */
static const struct region_run *run_of(const struct region *region, uint64_t vaddr)
{
	uint64_t offset = vaddr - region->vaddr;
	size_t low = 0, high = region->run_count;

	REQUIRE(offset < region->bytes);
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (region->run[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &region->run[low];
}

phys_t region_phys(const struct region *region, uint64_t vaddr)
{
	const struct region_run *run = run_of(region, vaddr);

	return run->phys + (vaddr - region->vaddr - run->offset);
}

struct process_run region_run_at(const struct region *region, uint64_t vaddr, uint64_t bytes)
{
	const struct region_run *run = run_of(region, vaddr);
	uint64_t offset = vaddr - region->vaddr - run->offset, page = UINT64_C(1) << run->page_lg2;
	struct process_run part = {
		.phys = run->phys + offset, .bytes = bytes, .is_memory = true, .page_lg2 = run->page_lg2
	};

	if (part.bytes > run->bytes - offset)
		part.bytes = run->bytes - offset;
	if (part.bytes > page - (part.phys & (page - 1)))
		part.bytes = page - (part.phys & (page - 1));
	return part;
}

void region_map(struct region *region)
{
	region->mapped++;
}

void region_unmap(struct registrations *registrations, struct region *region, struct host_work *work)
{
	REQUIRE(region->mapped > 0);
	region->mapped--;
	if (!region->references && !region->mapped)
		drop(registrations, region, work);
}

int registration_add(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	struct region *region;

	work->ioctls++;
	if (!is_aligned(registrations, vaddr, bytes) || vaddr + bytes < vaddr)
		return EINVAL;
	if (registration_exact(registrations, vaddr, bytes, work))
		return EBUSY;
	return registration_new(registrations, vaddr, bytes, &region, work);
}

int registration_remove(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	work->ioctls++;
	if (!is_aligned(registrations, vaddr, bytes))
		return EINVAL;

	struct region *region = registration_exact(registrations, vaddr, bytes, work);

	return region ? registration_put(registrations, region, work) : ENOENT;
}

int registration_use(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct region **region,
		     struct host_work *work)
{
	*region = registration_find(registrations, vaddr, bytes, work);
	if (!*region)
		return EINVAL;
	region_map(*region);
	return 0;
}

void registration_release(struct registrations *registrations, struct region *region, struct host_work *work)
{
	work->registration_finds++; /* by its address */
	region_unmap(registrations, region, work);
}
