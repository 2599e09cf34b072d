/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/pagetable/format.h"
#include "models/software/iommufd_device.h"
#include "models/software/iommufd_hwpt.h"

void iommufd_init(struct iommufd *iommufd, struct kernel kernel, bool vfio_container)
{
	*iommufd = (struct iommufd){ .kernel = kernel, .mode = vfio_container ? ACCOUNT_MM : ACCOUNT_USER };
}

/* ---- objects ---- */

struct iommufd_object *iommufd_find_any(const struct iommufd *iommufd, uint32_t id)
{
	return id < iommufd->object_capacity ? iommufd->object[id] : NULL;
}

struct iommufd_object *iommufd_find(const struct iommufd *iommufd, uint32_t id, enum iommufd_kind kind)
{
	struct iommufd_object *object = iommufd_find_any(iommufd, id);

	return object && object->kind == kind ? object : NULL;
}

struct iommufd_ioas *iommufd_find_ioas(const struct iommufd *iommufd, uint32_t id)
{
	return (struct iommufd_ioas *)iommufd_find(iommufd, id, IOMMUFD_IOAS);
}

void iommufd_add(struct iommufd *iommufd, struct iommufd_object *object, enum iommufd_kind kind)
{
	uint32_t id = 1;

	while (iommufd_find_any(iommufd, id))
		id++;
	if (id >= iommufd->object_capacity) {
		size_t capacity = iommufd->object_capacity ? 2 * iommufd->object_capacity : 8;

		iommufd->object = heap_resized(iommufd->object, capacity, sizeof(struct iommufd_object *));
		for (size_t i = iommufd->object_capacity; i < capacity; i++)
			iommufd->object[i] = NULL;
		iommufd->object_capacity = capacity;
	}
	*object = (struct iommufd_object){ .id = id, .users = 1, .kind = kind };
	iommufd->object[id] = object;
}

static void ioas_object_destroy(struct iommufd *iommufd, struct iommufd_object *object)
{
	struct iommufd_ioas *ioas = (struct iommufd_ioas *)object;

	if (iommufd->vfio_ioas == ioas)
		iommufd->vfio_ioas = NULL;
	ioas_fini(&ioas->ioas);
	free(ioas);
}

void iommufd_remove(struct iommufd *iommufd, struct iommufd_object *object, struct host_work *work)
{
	REQUIRE(object->users == 1 && iommufd->object[object->id] == object);
	iommufd->object[object->id] = NULL;
	switch (object->kind) {
	case IOMMUFD_IOAS:
		ioas_object_destroy(iommufd, object);
		break;
	case IOMMUFD_DEVICE:
		free(object);
		break;
	case IOMMUFD_HWPT:
		iommufd_hwpt_destroy(iommufd, object, work);
		break;
	case IOMMUFD_HWPT_NESTED:
		iommufd_hwpt_nested_destroy(iommufd, object);
		break;
	case IOMMUFD_MOCK_DEVICE:
		iommufd_mock_device_destroy(iommufd, object, work);
		break;
	}
}

int iommufd_destroy(struct iommufd *iommufd, uint32_t id, struct host_work *work)
{
	struct iommufd_object *object = iommufd_find_any(iommufd, id);

	work->ioctls++;
	if (!object)
		return ENOENT;
	if (object->users > 1)
		return EBUSY;
	iommufd_remove(iommufd, object, work);
	return 0;
}

void iommufd_fini(struct iommufd *iommufd)
{
	struct host_work work = { 0 };

	for (bool again = true; again;) {
		again = false;
		for (uint32_t id = 1; id < iommufd->object_capacity; id++) {
			struct iommufd_object *object = iommufd->object[id];

			if (object && object->users == 1)
				iommufd_remove(iommufd, object, &work);
			else if (object && object->kind == IOMMUFD_DEVICE)
				iommufd_device_unbind(iommufd, (struct iommufd_device *)object, &work);
			else
				continue;
			again = true;
		}
	}
	free(iommufd->object);
}

int iommufd_check_call(const struct iommufd *iommufd, unsigned number, uint32_t bytes, uint32_t used_bytes)
{
	/* Of each structure, up to the last field of its first version, and the whole.  0x80 is the first. */
	static const struct {
		uint32_t least, known;
	} structures[] = {
		{ 8, 8 },   { 12, 12 }, { 24, 24 }, { 40, 40 }, { 32, 32 }, { 40, 40 }, { 24, 24 }, { 24, 24 },
		{ 12, 12 }, { 24, 48 }, { 32, 40 }, { 16, 16 }, { 48, 48 }, { 32, 32 }, { 16, 16 }, { 40, 40 },
		{ 24, 24 }, { 24, 24 }, { 8, 8 },   { 32, 32 }, { 40, 40 }, { 16, 16 },
	};
	unsigned first = 0x80;

	if (!kernel_has_iommufd_ioctl(&iommufd->kernel, number))
		return ENOTTY;
	REQUIRE(number >= first && number - first < sizeof(structures) / sizeof(structures[0]));
	uint32_t known = structures[number - first].known;

	if (number == 0x89 && !kernel_hwpt_has_data(&iommufd->kernel))
		known = 24;
	if (bytes < structures[number - first].least)
		return EINVAL;
	return used_bytes > known ? E2BIG : 0;
}

/* ---- IOAS ---- */

struct iommufd_source iommufd_source_of(const struct iommufd *iommufd, const struct iommufd_caller *caller)
{
	return (struct iommufd_source){ .process = caller->process,
					.user = caller->user,
					.mode = caller->cap_ipc_lock ? ACCOUNT_NONE : iommufd->mode,
					.pin_batch_pages = caller->pin_batch_pages };
}

int iommufd_ioas_alloc(struct iommufd *iommufd, uint32_t flags, uint32_t *id)
{
	if (flags)
		return EOPNOTSUPP;
	struct iommufd_ioas *ioas = heap_zeroed(1, sizeof(*ioas));

	iommufd_add(iommufd, &ioas->object, IOMMUFD_IOAS);
	ioas_init(&ioas->ioas);
	*id = ioas->object.id;
	return 0;
}

/* What map, map_file and copy check first. */
static int check_map(uint32_t flags, iova_t iova, uint64_t bytes)
{
	if (flags & ~(IOMMUFD_MAP_FIXED | IOMMUFD_MAP_WRITABLE | IOMMUFD_MAP_READABLE))
		return EOPNOTSUPP;
	if (iova == UINT64_MAX || bytes == UINT64_MAX)
		return EOVERFLOW;
	return flags & (IOMMUFD_MAP_WRITABLE | IOMMUFD_MAP_READABLE) ? 0 : EINVAL;
}

static unsigned permissions_of(uint32_t flags)
{
	return (flags & IOMMUFD_MAP_READABLE ? PT_READ : 0) | (flags & IOMMUFD_MAP_WRITABLE ? PT_WRITE : 0);
}

static struct ioas_place place_of(uint32_t flags, iova_t iova, uint64_t bytes)
{
	return (struct ioas_place){ .iova = iova, .bytes = bytes, .fixed = flags & IOMMUFD_MAP_FIXED };
}

int iommufd_ioas_map(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t ioas, uint32_t flags,
		     uint64_t vaddr, uint64_t bytes, iova_t *iova, struct host_work *work)
{
	struct iommufd_source source = iommufd_source_of(iommufd, caller);
	struct ioas_place place = place_of(flags, *iova, bytes);
	struct iommufd_ioas *found = iommufd_find_ioas(iommufd, ioas);
	int error = check_map(flags, *iova, bytes);

	work->ioctls++;
	if (!error)
		error = found ? ioas_map(&found->ioas, &source, NULL, vaddr, permissions_of(flags), &place, work)
			      : ENOENT;
	if (!error)
		*iova = place.iova;
	return error;
}

int iommufd_ioas_map_file(struct iommufd *iommufd, const struct iommufd_caller *caller, uint32_t ioas, uint32_t flags,
			  const struct iommufd_file *file, uint64_t start, uint64_t bytes, iova_t *iova,
			  struct host_work *work)
{
	struct iommufd_source source = iommufd_source_of(iommufd, caller);
	struct ioas_place place = place_of(flags, *iova, bytes);
	struct iommufd_ioas *found = iommufd_find_ioas(iommufd, ioas);
	int error = check_map(flags, *iova, bytes);

	work->ioctls++;
	if (!error && !found)
		error = ENOENT;
	if (!error && !file)
		error = EBADF;
	if (!error)
		error = ioas_map(&found->ioas, &source, file, start, permissions_of(flags), &place, work);
	if (!error)
		*iova = place.iova;
	return error;
}

int iommufd_ioas_copy(struct iommufd *iommufd, uint32_t to, uint32_t from, uint32_t flags, uint64_t bytes,
		      iova_t *to_iova, iova_t from_iova, struct host_work *work)
{
	struct ioas_place place = place_of(flags, *to_iova, bytes);
	struct iommufd_ioas *source = iommufd_find_ioas(iommufd, from), *target = iommufd_find_ioas(iommufd, to);
	int error = check_map(flags, *to_iova, bytes);

	work->ioctls++;
	if (!error && from_iova == UINT64_MAX)
		error = EOVERFLOW;
	if (!error && !source)
		error = ENOENT;
	/* The source is looked at before the target's number is. */
	if (!error && !target)
		error = !bytes ? EINVAL : from_iova + bytes - 1 < from_iova ? EOVERFLOW : ENOENT;
	if (!error)
		error = ioas_copy(&target->ioas, &source->ioas, from_iova, permissions_of(flags), &place, work);
	if (!error)
		*to_iova = place.iova;
	return error;
}

int iommufd_ioas_unmap(struct iommufd *iommufd, uint32_t ioas, iova_t iova, uint64_t *bytes, struct host_work *work)
{
	struct iommufd_ioas *found = iommufd_find_ioas(iommufd, ioas);
	bool is_all = iova == 0 && *bytes == UINT64_MAX;
	struct ioas_unmap_call call;
	int error = 0;

	work->ioctls++;
	if (!found)
		return ENOENT;
	if (is_all)
		ioas_unmap_all_begin(&call, work);
	else if (iova == UINT64_MAX || *bytes == UINT64_MAX)
		error = EOVERFLOW;
	else
		error = ioas_unmap_begin(&call, iova, *bytes, work);
	if (!error)
		error = ioas_unmap_finish(&found->ioas, &call, work);
	if (!error && !is_all && !call.bytes)
		error = ENOENT;
	if (!error)
		*bytes = call.bytes;
	return error;
}

int iommufd_ioas_ranges(const struct iommufd *iommufd, uint32_t ioas, struct iova_span *span, uint32_t *count,
			uint64_t *alignment)
{
	const struct iommufd_ioas *found = iommufd_find_ioas(iommufd, ioas);
	uint32_t room = *count;

	if (!found)
		return ENOENT;
	*count = (uint32_t)ioas_ranges(&found->ioas, span, room);
	*alignment = found->ioas.alignment;
	return *count > room ? EMSGSIZE : 0;
}

int iommufd_ioas_allow(struct iommufd *iommufd, uint32_t ioas, const struct iova_span *span, uint32_t count)
{
	struct iommufd_ioas *found = iommufd_find_ioas(iommufd, ioas);

	return found ? ioas_allow(&found->ioas, span, count) : ENOENT;
}

/* ---- IOMMU_IOAS_CHANGE_PROCESS ---- */

/* The pages of the next area of any IOAS; *id and *from say where to look on.  NULL: no more. */
static struct iommufd_pages *next_pages(const struct iommufd *iommufd, uint32_t *id, iova_t *from)
{
	for (; *id < iommufd->object_capacity; (*id)++, *from = 0) {
		struct iommufd_ioas *ioas = iommufd_find_ioas(iommufd, *id);
		struct ioas_area *area = ioas ? ioas_find(&ioas->ioas, *from, UINT64_MAX) : NULL;

		if (!area)
			continue;
		*from = area->iova.last + 1;
		if (!*from)
			(*id)++;
		return area->pages;
	}
	return NULL;
}

/* Charges all that moves to the new source at once, before anything is taken back; or nothing. */
static int charge_moved(const struct iommufd *iommufd, const struct iommufd_source *to, struct host_work *work)
{
	uint64_t total[ACCOUNT_MODES] = { 0 };
	struct iommufd_pages *pages;
	struct iommufd_source source = *to;
	uint32_t id = 0;
	iova_t from = 0;
	int error = 0;

	while ((pages = next_pages(iommufd, &id, &from)))
		if (!pages->counted && iommufd_pages_moves(pages, to)) {
			total[pages->source.mode] += pages->charged_pages;
			pages->counted = true;
		}
	id = 0;
	from = 0;
	while ((pages = next_pages(iommufd, &id, &from)))
		pages->counted = false;
	source.mode = ACCOUNT_USER;
	if (total[ACCOUNT_USER])
		error = iommufd_source_charge(&source, total[ACCOUNT_USER], work);
	source.mode = ACCOUNT_MM;
	if (!error && total[ACCOUNT_MM]) {
		error = iommufd_source_charge(&source, total[ACCOUNT_MM], work);
		source.mode = ACCOUNT_USER;
		if (error && total[ACCOUNT_USER])
			iommufd_source_uncharge(&source, total[ACCOUNT_USER], work);
	}
	return error;
}

int iommufd_change_process(struct iommufd *iommufd, const struct iommufd_caller *caller, struct host_work *work)
{
	struct iommufd_source to = iommufd_source_of(iommufd, caller);
	struct iommufd_pages *pages;
	uint32_t id = 0;
	iova_t from = 0;

	work->ioctls++;
	while ((pages = next_pages(iommufd, &id, &from)))
		if (!pages->file)
			return EINVAL;
	int error = charge_moved(iommufd, &to, work);

	if (error)
		return error;
	id = 0;
	from = 0;
	while ((pages = next_pages(iommufd, &id, &from)))
		iommufd_pages_move(pages, &to, work);
	return 0;
}

/* ---- IOMMU_OPTION ---- */

static bool has_objects(const struct iommufd *iommufd)
{
	for (uint32_t id = 1; id < iommufd->object_capacity; id++)
		if (iommufd->object[id])
			return true;
	return false;
}

static int option_rlimit_mode(struct iommufd *iommufd, uint16_t operation, uint32_t object, uint64_t *value)
{
	if (object || operation > IOMMUFD_OPTION_GET)
		return EOPNOTSUPP;
	if (operation == IOMMUFD_OPTION_GET) {
		*value = iommufd->mode == ACCOUNT_MM;
		return 0;
	}
	if (has_objects(iommufd))
		return EBUSY;
	if (*value > 1)
		return EINVAL;
	iommufd->mode = *value ? ACCOUNT_MM : ACCOUNT_USER;
	return 0;
}

static int option_huge_pages(struct iommufd *iommufd, uint16_t operation, uint32_t object, uint64_t *value)
{
	struct iommufd_ioas *ioas = iommufd_find_ioas(iommufd, object);

	if (!ioas)
		return ENOENT;
	if (operation == IOMMUFD_OPTION_GET) {
		*value = !ioas->ioas.no_large_pages;
		return 0;
	}
	if (operation != IOMMUFD_OPTION_SET)
		return EOPNOTSUPP;
	if (*value == 0)
		return ioas_disable_large_pages(&ioas->ioas);
	if (*value != 1)
		return EINVAL;
	ioas_enable_large_pages(&ioas->ioas);
	return 0;
}

int iommufd_option(struct iommufd *iommufd, uint32_t option, uint16_t operation, uint32_t object, uint64_t *value)
{
	if (option == IOMMUFD_OPTION_RLIMIT_MODE)
		return option_rlimit_mode(iommufd, operation, object, value);
	if (option == IOMMUFD_OPTION_HUGE_PAGES)
		return option_huge_pages(iommufd, operation, object, value);
	return EOPNOTSUPP;
}
