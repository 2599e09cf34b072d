/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr.h"

#include <errno.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/spapr_private.h"

/* ---- extensions, groups ---- */

static int check_extension(const struct vfio_host *host, void *state, uint64_t extension)
{
	(void)state;
	if (!host->spapr)
		return 0;
	switch (extension) {
	case VFIO_SPAPR_TCE_IOMMU:
	case VFIO_SPAPR_TCE_v2_IOMMU:
		return 1;
	case VFIO_EEH:
		return host->spapr->platform->eeh;
	default:
		return 0;
	}
}

static int open_container(const struct vfio_host *host, uint64_t type, void **state)
{
	if (type != VFIO_SPAPR_TCE_IOMMU && type != VFIO_SPAPR_TCE_v2_IOMMU)
		return EINVAL;

	struct spapr_container *container = heap_zeroed(1, sizeof(*container));

	container->host = host->spapr;
	container->v2 = type == VFIO_SPAPR_TCE_v2_IOMMU;
	*state = container;
	return 0;
}

static int attach_group(void *state, struct vfio_group *vfio_group, struct host_work *work)
{
	struct spapr_container *container = state;
	struct spapr_group *group = vfio_group->iommu;

	(void)work;
	if (vfio_group->kind == VFIO_GROUP_EMULATED)
		return EINVAL;
	if (!container->v2 && container->groups)
		return EBUSY; /* its table is the group's */
	for (unsigned i = 0; i < SPAPR_WINDOWS; i++) {
		if (!container->window[i])
			continue;
		if (!container->host->platform->shares_tables)
			return EPERM;
		spapr_group_set_window(group, i, &container->window[i]->table);
	}
	if (!container->groups && !container->window[0])
		container->window_pending = true;
	group->next = container->groups;
	container->groups = group;
	return 0;
}

/* Its windows stay the container's: another group may come. */
static void detach_group(void *state, struct vfio_group *vfio_group, struct host_work *work)
{
	struct spapr_container *container = state;
	struct spapr_group *group = vfio_group->iommu, **link = &container->groups;

	(void)work;
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	group->next = NULL;
	for (unsigned i = 0; i < SPAPR_WINDOWS; i++)
		if (container->window[i])
			spapr_group_set_window(group, i, NULL);
}

/* ---- v1: enable ---- */

static int disable(struct spapr_container *container, struct host_work *work)
{
	if (container->enabled)
		spapr_uncharge(container, container->enabled_bytes, work);
	container->enabled = false;
	container->enabled_bytes = 0;
	return 0;
}

/* So much could be mapped at most: charged once, so that maps need not. */
static int enable(struct spapr_container *container, struct process *caller, struct host_work *work)
{
	uint64_t bytes = container->host->platform->window32_bytes;

	if (container->enabled)
		return EBUSY;
	container->owner = caller;
	if (spapr_charge(container, bytes, work))
		return ENOMEM;
	container->enabled_bytes = bytes;
	container->enabled = true;
	return 0;
}

/* ---- v2: memory ---- */

static size_t held_at(const struct spapr_container *container, const struct region *region)
{
	size_t at = 0;

	while (at < container->held_count && container->held[at] != region)
		at++;
	return at;
}

static bool is_aligned(const struct spapr_container *container, uint64_t vaddr, uint64_t bytes)
{
	return ((vaddr | bytes) & ((UINT64_C(1) << container->host->page_lg2) - 1)) == 0;
}

static int register_memory(struct spapr_container *container, struct process *caller,
			   const struct spapr_memory_call *call, struct host_work *work)
{
	struct region *region;

	container->owner = caller;
	if (call->flags || !is_aligned(container, call->vaddr, call->bytes) || call->vaddr + call->bytes < call->vaddr)
		return EINVAL;

	int error = registration_get(caller->registrations, call->vaddr, call->bytes, &region, work);

	if (error)
		return error;
	if (held_at(container, region) < container->held_count) {
		registration_abandon(caller->registrations, region, work);
		return EBUSY;
	}
	container->held = heap_resized(container->held, container->held_count + 1, sizeof(struct region *));
	container->held[container->held_count++] = region;
	container->enabled = true;
	return 0;
}

static int unregister_memory(struct spapr_container *container, struct process *caller,
			     const struct spapr_memory_call *call, struct host_work *work)
{
	if (!container->owner)
		return EPERM;
	if (call->flags || !is_aligned(container, call->vaddr, call->bytes))
		return EINVAL;

	struct region *region = registration_exact(caller->registrations, call->vaddr, call->bytes, work);
	size_t at = held_at(container, region);

	if (!region || at == container->held_count)
		return ENOENT;

	int error = registration_put(caller->registrations, region, work);

	if (!error)
		container->held[at] = container->held[--container->held_count];
	return error;
}

/* ---- the end ---- */

/* The last group left.  Other containers may still map what only this one registered. */
static void release(void *state, struct host_work *work)
{
	struct spapr_container *container = state;

	for (unsigned i = 0; i < SPAPR_WINDOWS; i++)
		if (container->window[i])
			spapr_window_drop(container, i, work);
	for (size_t i = 0; i < container->held_count; i++)
		registration_abandon(container->owner->registrations, container->held[i], work);
	disable(container, work);
	free(container->held);
	free(container);
}

/* ---- calls ---- */

static int get_info(const struct spapr_container *container, struct spapr_info_call *call)
{
	const struct spapr_platform *platform = container->host->platform;

	if (call->argsz < SPAPR_INFO_BYTES)
		return EINVAL;
	call->flags = container->v2 ? SPAPR_INFO_DDW : 0;
	call->window32_start = (uint32_t)platform->window32_start;
	call->window32_bytes = (uint32_t)platform->window32_bytes;
	if (call->argsz < SPAPR_INFO_DDW_BYTES)
		return 0;
	call->page_sizes = container->v2 ? platform->page_sizes : 0;
	call->windows = container->v2 ? SPAPR_WINDOWS : 0;
	call->levels = container->v2 ? platform->levels : 0;
	return 0;
}

static int eeh(struct spapr_container *container, struct spapr_eeh_call *call)
{
	int error = 0;

	for (struct spapr_group *group = container->groups; group && !error; group = group->next) {
		if (!container->host->platform->eeh)
			return ENODEV;
		error = call->flags ? EINVAL : spapr_group_eeh(group, call->op, &call->state);
	}
	return error;
}

/* Those that v1 does not have. */
static int call_v2(struct spapr_container *container, struct process *caller, enum vfio_request request, void *argument,
		   struct host_work *work)
{
	switch (request) {
	case VFIO_IOMMU_SPAPR_REGISTER_MEMORY:
		return register_memory(container, caller, argument, work);
	case VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY:
		return unregister_memory(container, caller, argument, work);
	case VFIO_IOMMU_SPAPR_TCE_CREATE:
		return spapr_create(container, caller, argument, work);
	case VFIO_IOMMU_SPAPR_TCE_REMOVE:
		return spapr_remove(container, caller, argument, work);
	default:
		return ENOTTY;
	}
}

static int call_v1(struct spapr_container *container, struct process *caller, enum vfio_request request,
		   struct host_work *work)
{
	switch (request) {
	case VFIO_IOMMU_ENABLE:
		return enable(container, caller, work);
	case VFIO_IOMMU_DISABLE:
		return disable(container, work);
	default:
		return ENOTTY;
	}
}

static int call(void *state, struct process *caller, enum vfio_request request, void *argument, struct host_work *work)
{
	struct spapr_container *container = state;

	work->ioctls++;
	if (container->owner && container->owner != caller)
		return EPERM;
	switch (request) {
	case VFIO_IOMMU_GET_INFO: /* the same number */
	case VFIO_IOMMU_SPAPR_TCE_GET_INFO:
		return get_info(container, argument);
	case VFIO_IOMMU_MAP_DMA:
		return spapr_map(container, argument, work);
	case VFIO_IOMMU_UNMAP_DMA:
		return spapr_unmap(container, argument, work);
	case VFIO_EEH_PE_OP:
		return eeh(container, argument);
	default:
		return container->v2 ? call_v2(container, caller, request, argument, work)
				     : call_v1(container, caller, request, work);
	}
}

const struct vfio_driver spapr_driver = {
	.name = "spapr-tce",
	.check_extension = check_extension,
	.open = open_container,
	.release = release,
	.attach_group = attach_group,
	.detach_group = detach_group,
	.call = call,
};
