/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/registration.h"

#include <errno.h>

#include "models/base/require.h"

#define REGION_MAPPED 0

void registrations_init(struct registrations *registrations, struct process *process, uint32_t pin_batch_pages)
{
	REQUIRE(pin_batch_pages > 0);
	*registrations = (struct registrations){ .process = process, .pin_batch_pages = pin_batch_pages };
	ranges_init(&registrations->ranges);
}

/* Pins from vaddr on up to the first page that is not there, or of a device; how many bytes. */
static uint64_t pin(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	uint64_t done = 0;

	while (done < bytes) {
		struct process_run run = process_run(registrations->process, vaddr + done, bytes - done, true);

		if (!run.bytes || !run.is_memory)
			break;
		pins_pin(registrations->process->pins, run.phys, run.bytes);
		done += run.bytes;
	}
	work->pages_pinned += done >> PAGE_LG2;
	return done;
}

/* Unpins the first bytes from vaddr on. */
static void unpin(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	for (uint64_t done = 0; done < bytes;) {
		struct process_run run = process_run(registrations->process, vaddr + done, bytes - done, true);

		pins_unpin(registrations->process->pins, run.phys, run.bytes);
		done += run.bytes;
	}
	work->pages_unpinned += bytes >> PAGE_LG2;
}

static void uncharge(struct registrations *registrations, uint64_t bytes, struct host_work *work)
{
	account_uncharge(&registrations->process->account, ACCOUNT_MM, bytes >> PAGE_LG2);
	work->account_operations++;
}

static void drop(struct registrations *registrations, const struct range *region, struct host_work *work)
{
	uint64_t first = region->first, bytes = region->last - region->first + 1;

	unpin(registrations, first, bytes, work);
	uncharge(registrations, bytes, work);
	ranges_remove(&registrations->ranges, first);
}

void registrations_fini(struct registrations *registrations)
{
	struct host_work work = { 0 };
	const struct range *region;

	while ((region = ranges_find(&registrations->ranges, 0, UINT64_MAX)))
		drop(registrations, region, &work);
	ranges_fini(&registrations->ranges);
}

static bool is_exactly(const struct range *region, uint64_t vaddr, uint64_t bytes)
{
	return region && region->first == vaddr && region->last - region->first + 1 == bytes;
}

int registration_add(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	work->ioctls++;
	if ((vaddr | bytes) & (PAGE_BYTES - 1) || vaddr + bytes < vaddr)
		return EINVAL;
	if (!bytes)
		return ENOMEM; /* the kernel's array of no pages */

	struct range region = { .first = vaddr, .last = vaddr + bytes - 1 };
	const struct range *other = ranges_find(&registrations->ranges, region.first, region.last);
	uint64_t pages = bytes >> PAGE_LG2;

	work->registration_finds++;
	if (other)
		return is_exactly(other, vaddr, bytes) ? EBUSY : EINVAL;

	work->account_operations++;
	int error = account_charge(&registrations->process->account, ACCOUNT_MM, pages);

	if (error)
		return error;
	work->pin_calls += (pages + registrations->pin_batch_pages - 1) / registrations->pin_batch_pages;

	uint64_t pinned = pin(registrations, vaddr, bytes, work);

	if (pinned < bytes) {
		unpin(registrations, vaddr, pinned, work);
		uncharge(registrations, bytes, work);
		return EFAULT;
	}
	ranges_insert(&registrations->ranges, &region);
	return 0;
}

int registration_remove(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	work->ioctls++;
	if ((vaddr | bytes) & (PAGE_BYTES - 1))
		return EINVAL;

	const struct range *region = ranges_find(&registrations->ranges, vaddr, vaddr);

	work->registration_finds++;
	if (!is_exactly(region, vaddr, bytes))
		return ENOENT;
	if (region->value[REGION_MAPPED])
		return EBUSY;
	drop(registrations, region, work);
	return 0;
}

int registration_use(struct registrations *registrations, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	struct range *region = ranges_find(&registrations->ranges, vaddr, vaddr);

	work->registration_finds++;
	if (!region || region->last - vaddr < bytes - 1)
		return EINVAL;
	region->value[REGION_MAPPED]++;
	return 0;
}

void registration_release(struct registrations *registrations, uint64_t vaddr, struct host_work *work)
{
	struct range *region = ranges_find(&registrations->ranges, vaddr, vaddr);

	work->registration_finds++;
	REQUIRE(region && region->value[REGION_MAPPED] > 0);
	region->value[REGION_MAPPED]--;
}
