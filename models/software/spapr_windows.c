/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/spapr_private.h"

#define DEFAULT_PAGE_LG2 12u /* of the default window: IOMMU_PAGE_SHIFT_4K */

/* ---- accounting ---- */

static uint64_t pages_of(const struct spapr_container *container, uint64_t bytes)
{
	return bytes >> container->host->page_lg2 << (container->host->page_lg2 - PAGE_LG2);
}

int spapr_charge(struct spapr_container *container, uint64_t bytes, struct host_work *work)
{
	work->account_operations++;
	return account_charge(&container->owner->account, ACCOUNT_MM, pages_of(container, bytes));
}

void spapr_uncharge(struct spapr_container *container, uint64_t bytes, struct host_work *work)
{
	uint64_t pages = pages_of(container, bytes);

	if (!pages)
		return;
	work->account_operations++;
	account_uncharge(&container->owner->account, ACCOUNT_MM, pages);
}

/* ---- windows ---- */

struct spapr_window *spapr_window_at(const struct spapr_container *container, iova_t iova)
{
	for (unsigned i = 0; i < SPAPR_WINDOWS; i++)
		if (container->window[i] && spapr_window_holds(container->window[i], iova))
			return container->window[i];
	return NULL;
}

void spapr_group_set_window(struct spapr_group *group, unsigned number, const struct tce_table *table)
{
	if (group->hardware && group->hardware->set_window)
		group->hardware->set_window(group->hardware->argument, group->pe, number, table);
}

/* The window at a free number, not yet in any group; what it is accounted with is charged. */
static int make_window(struct spapr_container *container, const struct spapr_request *request,
		       struct spapr_window **made, struct host_work *work)
{
	const struct spapr_host *host = container->host;
	uint64_t bytes = host->platform->accounted_bytes(host->page_lg2, request);
	struct spapr_place place;

	if (!bytes)
		return EINVAL;
	if (spapr_charge(container, bytes, work))
		return ENOMEM;

	struct spapr_window *window = heap_zeroed(1, sizeof(*window));
	int error = host->platform->place(host->page_lg2, request, &place);

	if (!error)
		error = spapr_window_init(window, host, request, &place, work);
	if (error) {
		spapr_uncharge(container, bytes, work);
		free(window);
		return error;
	}
	window->accounted_bytes = bytes;
	window->groups = &container->groups;
	window->pins = container->v2 ? NULL : container->owner->pins;
	*made = window;
	return 0;
}

static int create_window(struct spapr_container *container, unsigned page_lg2, uint64_t bytes, unsigned levels,
			 iova_t *start, struct host_work *work)
{
	const struct spapr_platform *platform = container->host->platform;
	struct spapr_request request = { .page_lg2 = page_lg2, .bytes = bytes, .levels = levels };
	struct spapr_window *window;

	while (request.number < SPAPR_WINDOWS && container->window[request.number])
		request.number++;
	if (request.number == SPAPR_WINDOWS)
		return ENOSPC;
	if (page_lg2 > 63 || !(platform->page_sizes >> page_lg2 & 1))
		return EINVAL;

	const struct spapr_window *other = container->window[1 - request.number];

	request.other = other ? &other->place : NULL;

	int error = make_window(container, &request, &window, work);

	if (error)
		return error;
	container->window[request.number] = window;
	if (!platform->shares_tables && container->groups->next) {
		spapr_window_drop(container, request.number, work);
		return EPERM;
	}
	for (struct spapr_group *group = container->groups; group; group = group->next)
		spapr_group_set_window(group, request.number, &window->table);
	*start = window->place.start;
	return 0;
}

void spapr_window_drop(struct spapr_container *container, unsigned number, struct host_work *work)
{
	struct spapr_window *window = container->window[number];

	spapr_window_clear(window, container->owner->registrations, window->place.start,
			   window->place.bytes >> window->page_lg2, work);
	spapr_uncharge(container, window->accounted_bytes, work);
	spapr_window_fini(window);
	free(window);
	container->window[number] = NULL;
}

/* The default window, if it is still to be made. */
static int make_pending(struct spapr_container *container, struct host_work *work)
{
	iova_t start;

	if (!container->window_pending)
		return 0;

	int error =
		create_window(container, DEFAULT_PAGE_LG2, container->host->platform->window32_bytes, 1, &start, work);

	if (!error)
		container->window_pending = false;
	return error;
}

int spapr_create(struct spapr_container *container, struct process *caller, struct spapr_create_call *call,
		 struct host_work *work)
{
	container->owner = caller;
	if (call->flags)
		return EINVAL;

	int error = make_pending(container, work);

	return error ? error : create_window(container, call->page_lg2, call->bytes, call->levels, &call->start, work);
}

int spapr_remove(struct spapr_container *container, struct process *caller, const struct spapr_remove_call *call,
		 struct host_work *work)
{
	container->owner = caller;
	if (call->flags)
		return EINVAL;
	if (container->window_pending && call->start == 0) {
		container->window_pending = false;
		return 0;
	}

	struct spapr_window *window = spapr_window_at(container, call->start);

	if (!window)
		return EINVAL;
	for (struct spapr_group *group = container->groups; group; group = group->next)
		spapr_group_set_window(group, window->number, NULL);
	spapr_window_drop(container, window->number, work);
	return 0;
}

/* ---- entries ---- */

/* v1: pins the kernel's page; Linux asks for it to be writable whatever the direction. */
static int map_page(struct spapr_window *window, struct process *process, iova_t iova, uint64_t vaddr,
		    unsigned permissions, struct host_work *work)
{
	uint64_t page = UINT64_C(1) << window->host->page_lg2, offset = vaddr & (page - 1);
	struct process_run run = process_run(process, vaddr - offset, page, true);

	work->pin_calls++;
	if (!run.bytes || !run.is_memory)
		return EFAULT;
	pins_pin(process->pins, run.phys, page);
	work->pages_pinned += page >> PAGE_LG2;

	spapr_window_put_page(window, iova, run.phys + offset, permissions, work);
	return 0;
}

/* v2: the page lies in one region, whose pages are at least as large. */
static int map_registered(struct spapr_window *window, struct process *process, iova_t iova, uint64_t vaddr,
			  unsigned permissions, struct host_work *work)
{
	struct region *region = registration_find(process->registrations, vaddr, spapr_window_page_bytes(window), work);

	if (!region || region->page_lg2 < window->page_lg2)
		return EINVAL;
	return spapr_window_put_region(window, process->registrations, iova, region, vaddr, permissions, work);
}

/*
 * Entry by entry; at the first that cannot be, those before it are cleared, and what they had overwritten stays gone.
 */
static int build(struct spapr_container *container, struct spapr_window *window, const struct spapr_map_call *call,
		 struct host_work *work)
{
	struct process *process = container->owner;
	unsigned permissions =
		(call->flags & SPAPR_MAP_READ ? PT_READ : 0u) | (call->flags & SPAPR_MAP_WRITE ? PT_WRITE : 0u);
	uint64_t entries = call->bytes >> window->page_lg2;

	for (uint64_t i = 0; i < entries; i++) {
		uint64_t offset = i << window->page_lg2;
		int error = (container->v2 ? map_registered : map_page)(window, process, call->iova + offset,
									call->vaddr + offset, permissions, work);

		if (!error)
			continue;
		spapr_window_clear(window, process->registrations, call->iova, i, work);
		return error;
	}
	spapr_window_kill(window, call->iova, entries, work);
	return 0;
}

/* Whole entries, all of them in the window. */
static bool is_range_of(const struct spapr_window *window, iova_t iova, uint64_t bytes)
{
	uint64_t page = spapr_window_page_bytes(window);

	return ((iova | bytes) & (page - 1)) == 0 && bytes <= window->place.bytes - (iova - window->place.start);
}

int spapr_map(struct spapr_container *container, const struct spapr_map_call *call, struct host_work *work)
{
	if (!container->enabled)
		return EPERM;
	if (call->flags & ~(SPAPR_MAP_READ | SPAPR_MAP_WRITE))
		return EINVAL;

	int error = make_pending(container, work);

	if (error)
		return error;

	struct spapr_window *window = spapr_window_at(container, call->iova);

	if (!window)
		return ENXIO;
	if (call->vaddr & (spapr_window_page_bytes(window) - 1) || !call->flags ||
	    !is_range_of(window, call->iova, call->bytes))
		return EINVAL;
	return build(container, window, call, work);
}

int spapr_unmap(struct spapr_container *container, const struct spapr_unmap_call *call, struct host_work *work)
{
	if (!container->enabled)
		return EPERM;
	if (call->flags)
		return EINVAL;

	int error = make_pending(container, work);

	if (error)
		return error;

	struct spapr_window *window = spapr_window_at(container, call->iova);

	if (!window)
		return ENXIO;
	if (!is_range_of(window, call->iova, call->bytes))
		return EINVAL;
	spapr_window_clear(window, container->owner->registrations, call->iova, call->bytes >> window->page_lg2, work);
	return 0;
}
