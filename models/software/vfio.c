/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/vfio.h"

#include <errno.h>

#include "models/base/require.h"

#define STATUS_BYTES 8u /* struct vfio_group_status */

void vfio_container_init(struct vfio_container *container, const struct vfio_host *host)
{
	*container = (struct vfio_container){ .host = host };
}

int vfio_check_extension(const struct vfio_container *container, uint64_t extension)
{
	const struct vfio_host *host = container->host;
	int result = 0;

	if (container->driver)
		return container->driver->check_extension(host, container->state, extension);
	for (size_t i = 0; i < host->driver_count && result <= 0; i++)
		result = host->driver[i]->check_extension(host, NULL, extension);
	return result;
}

/* Attaches all groups, or none. */
static int attach_groups(struct vfio_container *container, const struct vfio_driver *driver, void *state,
			 struct host_work *work)
{
	for (struct vfio_group *group = container->groups; group; group = group->next) {
		int error = driver->attach_group(state, group, work);

		if (!error)
			continue;
		for (struct vfio_group *done = container->groups; done != group; done = done->next)
			driver->detach_group(state, done, work);
		return error;
	}
	return 0;
}

int vfio_set_iommu(struct vfio_container *container, uint64_t type, struct host_work *work)
{
	const struct vfio_host *host = container->host;
	int error = ENODEV;

	work->ioctls++;
	if (!container->groups || container->driver)
		return EINVAL;
	for (size_t i = 0; i < host->driver_count; i++) {
		const struct vfio_driver *driver = host->driver[i];
		void *state;

		if (driver->check_extension(host, NULL, type) <= 0)
			continue;
		error = driver->open(host, type, &state);
		if (error)
			continue;
		error = attach_groups(container, driver, state, work);
		if (error) {
			driver->release(state, work);
			continue;
		}
		container->driver = driver;
		container->state = state;
		return 0;
	}
	return error;
}

int vfio_call(struct vfio_container *container, struct process *caller, enum vfio_request request, void *argument,
	      struct host_work *work)
{
	if (!container->driver) {
		work->ioctls++;
		return EINVAL;
	}
	return container->driver->call(container->state, caller, request, argument, work);
}

int vfio_group_open(struct vfio_group *group)
{
	if (group->file_open)
		return EBUSY;
	group->file_open = true;
	return 0;
}

/* Leaves its container; the last group takes the driver and its mappings along. */
static void leave(struct vfio_group *group, struct host_work *work)
{
	struct vfio_container *container = group->container;
	struct vfio_group **link = &container->groups;

	if (container->driver)
		container->driver->detach_group(container->state, group, work);
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	group->next = NULL;
	group->container = NULL;
	if (container->driver && !container->groups) {
		container->driver->release(container->state, work);
		container->driver = NULL;
		container->state = NULL;
	}
}

/* The file's last reference is gone. */
static void release(struct vfio_group *group, struct host_work *work)
{
	if (group->container)
		leave(group, work);
	group->file_open = group->file_closing = false;
}

void vfio_group_close(struct vfio_group *group, struct host_work *work)
{
	REQUIRE(group->file_open && !group->file_closing);
	if (group->devices_open)
		group->file_closing = true;
	else
		release(group, work);
}

int vfio_group_status(const struct vfio_group *group, uint32_t argsz, uint32_t *flags)
{
	if (argsz < STATUS_BYTES)
		return EINVAL;
	*flags = 0;
	if (group->container)
		*flags = VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (!group->kernel_use)
		*flags = VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

int vfio_group_set_container(struct vfio_group *group, struct vfio_container *container, struct host_work *work)
{
	work->ioctls++;
	if (group->container)
		return EINVAL;
	if (group->kind == VFIO_GROUP_IOMMU && group->kernel_use)
		return EBUSY;
	if (container->driver) {
		int error = container->driver->attach_group(container->state, group, work);

		if (error)
			return error;
	}
	group->container = container;
	group->next = container->groups;
	container->groups = group;
	return 0;
}

int vfio_group_unset_container(struct vfio_group *group, struct host_work *work)
{
	work->ioctls++;
	if (!group->container)
		return EINVAL;
	if (group->devices_open)
		return EBUSY;
	leave(group, work);
	return 0;
}

int vfio_device_open(struct vfio_group *group)
{
	if (!group->container || !group->container->driver)
		return EINVAL;
	group->devices_open++;
	return 0;
}

void vfio_device_close(struct vfio_group *group, struct host_work *work)
{
	REQUIRE(group->devices_open > 0);
	group->devices_open--;
	if (group->file_closing && !group->devices_open)
		release(group, work);
}
