/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "models/base/heap.h"
#include "models/software/type1.h"

struct type1_group {
	struct vfio_group *group;
	bool tells; /* its devices write only pages that they pinned (pinned_page_dirty_scope) */
	struct type1_group *next;
};

struct type1_domain {
	const struct type1_iommu *iommu;
	struct host_table table;
	struct type1_group *groups;
	struct type1_domain *next;
};

static struct type1_group *find_in(struct type1_group *groups, const struct vfio_group *group)
{
	while (groups && groups->group != group)
		groups = groups->next;
	return groups;
}

/* NULL: not attached. */
struct type1_group *type1_group_of(const struct type1 *type1, const struct vfio_group *group)
{
	struct type1_group *found = find_in(type1->emulated, group);

	for (const struct type1_domain *domain = type1->domains; !found && domain; domain = domain->next)
		found = find_in(domain->groups, group);
	return found;
}

/* Its device pinned pages: it tells what it writes from now on. */
void type1_group_tells(struct type1 *type1, struct type1_group *group)
{
	if (!group || group->tells)
		return;
	group->tells = true;
	type1->untracked_groups--;
}

bool type1_coherent(const struct type1 *type1)
{
	for (const struct type1_domain *domain = type1->domains; domain; domain = domain->next)
		if (!domain->iommu->coherent)
			return false;
	return type1->domains != NULL;
}

static void add_group(struct type1_group **groups, struct vfio_group *group, bool tells)
{
	struct type1_group *added = heap_zeroed(1, sizeof(*added));

	*added = (struct type1_group){ .group = group, .tells = tells, .next = *groups };
	*groups = added;
}

static void remove_group(struct type1_group **groups, const struct type1_group *group)
{
	while (*groups && *groups != group)
		groups = &(*groups)->next;
	REQUIRE(*groups);
	*groups = group->next;
}

/* ---- where mappings may lie ---- */

struct windows {
	struct type1_window *window;
	size_t count;
};

static void cut_reserved(struct windows *windows, const struct type1_reserved *reserved)
{
	size_t count = windows->count;
	struct type1_window *old = windows->window;

	windows->window = heap_zeroed(count + 1, sizeof(*old));
	windows->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct type1_window window = old[i];

		if (reserved->first > window.last || reserved->last < window.first) {
			windows->window[windows->count++] = window;
			continue;
		}
		if (reserved->first > window.first)
			windows->window[windows->count++] = (struct type1_window){ window.first, reserved->first - 1 };
		if (reserved->last < window.last)
			windows->window[windows->count++] = (struct type1_window){ reserved->last + 1, window.last };
	}
	free(old);
}

static void cut_group(struct windows *windows, const struct type1_iommu *iommu)
{
	for (size_t i = 0; i < iommu->reserved_count; i++)
		if (!iommu->reserved[i].relaxable)
			cut_reserved(windows, &iommu->reserved[i]);
}

/* What all domains' apertures have in common, and added's (or NULL), without the reserved addresses of all groups. */
static struct windows windows_of(const struct type1 *type1, const struct type1_iommu *added)
{
	struct windows windows = { heap_zeroed(1, sizeof(*windows.window)), 1 };
	struct type1_window *all = windows.window;

	*all = (struct type1_window){ 0, UINT64_MAX };
	if (added)
		*all = (struct type1_window){ added->aperture_first, added->aperture_last };
	for (const struct type1_domain *domain = type1->domains; domain; domain = domain->next) {
		if (all->first < domain->iommu->aperture_first)
			all->first = domain->iommu->aperture_first;
		if (all->last > domain->iommu->aperture_last)
			all->last = domain->iommu->aperture_last;
	}
	if (added)
		cut_group(&windows, added);
	for (const struct type1_domain *domain = type1->domains; domain; domain = domain->next)
		for (const struct type1_group *group = domain->groups; group; group = group->next)
			cut_group(&windows, group->group->iommu);
	return windows;
}

static void use_windows(struct type1 *type1, struct windows windows)
{
	free(type1->window);
	type1->window = windows.window;
	type1->window_count = windows.count;
}

static bool is_mapped(const struct type1 *type1, iova_t first, iova_t last)
{
	return ranges_find(&type1->container.mappings, first, last) != NULL;
}

/* Mappings outside the aperture, or on reserved addresses, or an aperture apart from those of others? */
static bool conflicts(const struct type1 *type1, const struct type1_iommu *iommu)
{
	iova_t first = iommu->aperture_first, last = iommu->aperture_last;

	if (type1->window_count) {
		iova_t lowest = type1->window[0].first, highest = type1->window[type1->window_count - 1].last;

		if (first > highest || last < lowest)
			return true;
		if (first > lowest && is_mapped(type1, lowest, first - 1))
			return true;
		if (last < highest && is_mapped(type1, last + 1, highest))
			return true;
	}
	for (size_t i = 0; i < iommu->reserved_count; i++)
		if (!iommu->reserved[i].relaxable &&
		    is_mapped(type1, iommu->reserved[i].first, iommu->reserved[i].last))
			return true;
	return false;
}

/* ---- attach and detach ---- */

static void update_page_sizes(struct type1 *type1)
{
	type1->page_sizes = UINT64_MAX;
	for (const struct type1_domain *domain = type1->domains; domain; domain = domain->next)
		type1->page_sizes &= domain->iommu->page_sizes;
	if (type1->page_sizes & (PAGE_BYTES - 1))
		type1->page_sizes = (type1->page_sizes & ~(PAGE_BYTES - 1)) | PAGE_BYTES;
}

/* A domain of its own, with all mappings in it. */
static int add_domain(struct type1 *type1, struct vfio_group *group, struct host_work *work)
{
	const struct type1_iommu *iommu = group->iommu;
	struct host_table table;

	if (!iommu->domain_create(iommu->argument, &table))
		return ENOMEM;
	int error = container_attach(&type1->container, &table, work);

	if (error) {
		iommu->domain_destroy(iommu->argument, &table);
		return error;
	}
	struct type1_domain *domain = heap_zeroed(1, sizeof(*domain));

	*domain = (struct type1_domain){ .iommu = iommu, .table = table, .next = type1->domains };
	type1->domains = domain;
	add_group(&domain->groups, group, false);
	update_page_sizes(type1);
	return 0;
}

int type1_attach(struct type1 *type1, struct vfio_group *group, struct host_work *work)
{
	const struct type1_iommu *iommu = group->iommu;
	struct type1_domain *domain = type1->domains;

	if (type1_vaddr_invalid(type1))
		return EBUSY;
	if (type1_group_of(type1, group))
		return EINVAL;
	if (group->kind == VFIO_GROUP_EMULATED) {
		add_group(&type1->emulated, group, true);
		return 0;
	}
	if ((type1->nesting && !iommu->nesting) || conflicts(type1, iommu))
		return EINVAL;
	struct windows windows = windows_of(type1, iommu);
	int error = !windows.count ? EINVAL : iommu->unprotected_messages ? EPERM : 0;

	while (domain && (domain->iommu->driver != iommu->driver || domain->iommu->coherent != iommu->coherent))
		domain = domain->next;
	if (!error && domain)
		add_group(&domain->groups, group, false);
	else if (!error)
		error = add_domain(type1, group, work);
	if (error) {
		free(windows.window);
		return error;
	}
	use_windows(type1, windows);
	type1->untracked_groups++;
	return 0;
}

static void unmap_everything(struct type1 *type1, struct host_work *work)
{
	struct unmap_call call;

	container_unmap_begin(&call, 0, UINT64_MAX);
	while (type1_unmap_step(type1, &call, work))
		;
}

/* A domain without groups goes. */
static void remove_domain(struct type1 *type1, struct type1_domain *domain, struct host_work *work)
{
	struct type1_domain **link = &type1->domains;

	if (type1->domains == domain && !domain->next) {
		if (type1->emulated)
			container_unpin(&type1->container, work);
		else
			unmap_everything(type1, work);
	}
	while (*link != domain)
		link = &(*link)->next;
	*link = domain->next;
	container_detach(&type1->container, &domain->table);
	domain->iommu->domain_destroy(domain->iommu->argument, &domain->table);
	free(domain);
	update_page_sizes(type1);
}

void type1_detach(struct type1 *type1, struct vfio_group *group, struct host_work *work)
{
	struct type1_group *left = type1_group_of(type1, group);
	struct type1_domain *domain = type1->domains;

	REQUIRE(left);
	if (group->kind == VFIO_GROUP_EMULATED) {
		remove_group(&type1->emulated, left);
		if (!type1->emulated && !type1->domains)
			unmap_everything(type1, work);
	} else {
		while (!find_in(domain->groups, group))
			domain = domain->next;
		remove_group(&domain->groups, left);
		if (!domain->groups)
			remove_domain(type1, domain, work);
		use_windows(type1, windows_of(type1, NULL));
	}
	if (!left->tells) {
		type1->untracked_groups--;
		type1_dirty_all(type1);
	}
	free(left);
}

static void free_groups(struct type1_group *groups)
{
	while (groups) {
		struct type1_group *next = groups->next;

		free(groups);
		groups = next;
	}
}

void type1_groups_fini(struct type1 *type1)
{
	free_groups(type1->emulated);
	type1->emulated = NULL;
	while (type1->domains) {
		struct type1_domain *domain = type1->domains;

		type1->domains = domain->next;
		free_groups(domain->groups);
		domain->iommu->domain_destroy(domain->iommu->argument, &domain->table);
		free(domain);
	}
}
