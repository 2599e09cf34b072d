/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "models/base/require.h"
#include "models/software/type1.h"

#define PAGE_PHYS  0
#define PAGE_COUNT 1

void type1_listen(struct type1 *type1, struct type1_listener *listener)
{
	listener->next = type1->listeners;
	type1->listeners = listener;
}

void type1_ignore(struct type1 *type1, struct type1_listener *listener)
{
	struct type1_listener **link = &type1->listeners;

	while (*link != listener)
		link = &(*link)->next;
	*link = listener->next;
}

/* Mappings of [iova, last] are about to go: those whose pages the host has pinned are told to its devices. */
void type1_host_tell(struct type1 *type1, iova_t iova, iova_t last)
{
	struct container *container = &type1->container;
	const struct range *page;

	while (container->host_pages.count && (page = ranges_find(&container->host_pages, iova, last))) {
		const struct range *range = ranges_find(&container->mappings, page->first, page->first);
		iova_t first = range->first;
		uint64_t bytes = range->last - range->first + 1;

		for (struct type1_listener *listener = type1->listeners; listener; listener = listener->next)
			listener->unmapped(listener->argument, first, bytes);
		REQUIRE(!ranges_find(&container->host_pages, first, first + (bytes - 1)));
	}
}

/*
 * Are vaddrs of [iova, last] invalid, so that a call must wait (older kernels) or fails with EBUSY (*error)?  Not behind a
 * hole: who comes to that first fails.
 */
static bool waits(const struct type1 *type1, iova_t iova, iova_t last, int *error)
{
	const struct range *range;

	if (!type1_vaddr_invalid(type1))
		return false;
	if (kernel_type1_update_moves_owner(&type1->kernel)) {
		*error = EBUSY;
		return false;
	}
	for (iova_t next = iova; (range = ranges_find(&type1->container.mappings, next, last)) && range->first <= next;
	     next = range->last + 1) {
		if (container_mapping(&type1->container, range)->vaddr_invalid)
			return true;
		if (range->last >= last)
			break;
	}
	return false;
}

/* One page: pinned, and charged to its mapping unless that pins it already. */
static int pin_page(struct type1 *type1, iova_t iova, unsigned permissions, phys_t *phys, struct host_work *work)
{
	struct container *container = &type1->container;
	const struct range *range = ranges_find(&container->mappings, iova, iova);
	struct range *pinned = ranges_find(&container->host_pages, iova, iova);

	work->container_finds++;
	if (!range)
		return EINVAL;
	struct host_mapping *mapping = container_mapping(container, range);

	if (permissions & ~mapping->permissions)
		return EPERM;
	uint64_t vaddr = mapping->vaddr + (iova - range->first);
	struct process_run run = process_run(mapping->process, vaddr, PAGE_BYTES, mapping->permissions & PT_WRITE);

	if (pinned) {
		pinned->value[PAGE_COUNT]++;
		*phys = pinned->value[PAGE_PHYS] != PHYS_NONE ? pinned->value[PAGE_PHYS] : run.phys;
		return 0;
	}
	if (mapping->process->exited)
		return ENODEV;
	work->pin_calls++;
	if (!run.bytes)
		return EFAULT;
	if (run.is_memory && !container->table_count) {
		work->account_operations++;
		if (mapping->unlimited)
			account_charge_unlimited(&mapping->payer->account, ACCOUNT_MM, 1);
		else if (account_charge(&mapping->payer->account, ACCOUNT_MM, 1))
			return ENOMEM;
		mapping->charged_pages++;
	}
	if (run.is_memory) {
		pins_pin(mapping->process->pins, run.phys, PAGE_BYTES);
		work->pages_pinned++;
	}
	*phys = run.phys;
	ranges_insert(&container->host_pages, &(struct range){ .first = iova,
							       .last = iova + PAGE_BYTES - 1,
							       .value = { run.is_memory ? run.phys : PHYS_NONE, 1 } });
	return 0;
}

static void unpin_page(struct type1 *type1, iova_t iova, struct host_work *work)
{
	struct container *container = &type1->container;
	struct range *pinned = ranges_find(&container->host_pages, iova, iova);

	if (!pinned || --pinned->value[PAGE_COUNT])
		return;
	struct host_mapping *mapping =
		container_mapping(container, ranges_find(&container->mappings, pinned->first, pinned->first));

	if (pinned->value[PAGE_PHYS] != PHYS_NONE) {
		pins_unpin(mapping->process->pins, pinned->value[PAGE_PHYS], PAGE_BYTES);
		work->pages_unpinned++;
	}
	if (pinned->value[PAGE_PHYS] != PHYS_NONE && !container->table_count) {
		work->account_operations++;
		mapping->charged_pages--;
		if (!mapping->payer->exited)
			account_uncharge(&mapping->payer->account, ACCOUNT_MM, 1);
	}
	ranges_remove(&container->host_pages, pinned->first);
}

static void mark_dirty(struct type1 *type1, iova_t iova, iova_t last)
{
	const struct range *range = ranges_find(&type1->container.mappings, iova, iova);
	uint64_t *dirty = container_mapping(&type1->container, range)->dirty, page = type1_page(type1);

	if (!type1->dirty_tracking)
		return;
	for (uint64_t bit = (iova - range->first) / page; bit <= (last - range->first) / page; bit++)
		dirty[bit / 64] |= UINT64_C(1) << bit % 64;
}

enum type1_host_state type1_pin_pages(struct type1 *type1, struct vfio_group *group, iova_t iova, unsigned count,
				      unsigned permissions, phys_t *phys, int *error, struct host_work *work)
{
	uint64_t bytes = (uint64_t)count * PAGE_BYTES;
	bool wraps = count && iova + (bytes - 1) < iova;

	*error = 0;
	if (!type1->v2)
		*error = EACCES;
	else if (kernel_type1_overflow(&type1->kernel) && (!count || wraps))
		*error = count ? EOVERFLOW : EINVAL;
	else if (count && waits(type1, iova, wraps ? UINT64_MAX : iova + (bytes - 1), error))
		return TYPE1_HOST_WAITS;
	if (!*error && !type1->listeners)
		*error = EINVAL;
	for (unsigned i = 0; !*error && i < count; i++) {
		*error = pin_page(type1, iova + i * PAGE_BYTES, permissions, &phys[i], work);
		if (*error)
			type1_unpin_pages(type1, iova, i, work);
		else
			mark_dirty(type1, iova + i * PAGE_BYTES, iova + i * PAGE_BYTES);
	}
	if (!*error)
		type1_group_tells(type1, type1_group_of(type1, group));
	return TYPE1_HOST_DONE;
}

void type1_unpin_pages(struct type1 *type1, iova_t iova, unsigned count, struct host_work *work)
{
	for (unsigned i = 0; i < count; i++) {
		work->container_finds++;
		if (!ranges_find(&type1->container.mappings, iova + i * PAGE_BYTES, iova + i * PAGE_BYTES))
			break;
		unpin_page(type1, iova + i * PAGE_BYTES, work);
	}
}

enum type1_host_state type1_access(struct type1 *type1, iova_t iova, uint64_t bytes, bool write, int *error)
{
	iova_t end = iova + bytes;

	*error = 0;
	if (waits(type1, iova, end - 1, error))
		return TYPE1_HOST_WAITS;
	while (!*error && iova != end) {
		const struct range *range = ranges_find(&type1->container.mappings, iova, iova);

		if (!range) {
			*error = EINVAL;
			break;
		}
		const struct host_mapping *mapping = container_mapping(&type1->container, range);
		uint64_t here = range->last - iova < end - 1 - iova ? range->last - iova + 1 : end - iova;

		if ((write && !(mapping->permissions & PT_WRITE)) || !(mapping->permissions & PT_READ) ||
		    mapping->process->exited) {
			*error = EPERM;
			break;
		}
		for (uint64_t done = 0, at = mapping->vaddr + (iova - range->first); !*error && done < here;) {
			struct process_run run = process_run(mapping->process, at + done, here - done, write);

			*error = run.bytes ? 0 : EFAULT;
			done += run.bytes;
		}
		if (!*error && write)
			mark_dirty(type1, iova, iova + (here - 1));
		iova += here;
	}
	return TYPE1_HOST_DONE;
}
