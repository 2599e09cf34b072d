/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/type1.h"

#include <errno.h>

void type1_init(struct type1 *type1, const struct container_config *config, uint32_t entry_limit, iova_t iova_last)
{
	*type1 = (struct type1){ .entries_left = entry_limit, .iova_last = iova_last };
	container_init(&type1->container, config);
}

void type1_fini(struct type1 *type1)
{
	container_fini(&type1->container);
}

static bool misaligned(uint64_t word)
{
	return (word & (PAGE_BYTES - 1)) != 0;
}

int type1_map(struct type1 *type1, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
	      struct host_work *work)
{
	iova_t last = iova + bytes - 1;

	work->ioctls++;
	if (!permissions || permissions & ~(unsigned)(PT_READ | PT_WRITE))
		return EINVAL;
	if (!bytes || misaligned(iova | vaddr | bytes) || last < iova || vaddr + bytes - 1 < vaddr)
		return EINVAL;
	work->container_finds++;
	if (ranges_find(&type1->container.mappings, iova, last))
		return EEXIST;
	if (!type1->entries_left)
		return ENOSPC;
	if (!container_in_aperture(iova, last, type1->iova_last))
		return EINVAL;

	int error = container_map(&type1->container, iova, vaddr, bytes, permissions, work);

	if (!error)
		type1->entries_left--;
	return error;
}

int type1_unmap_begin(struct type1 *type1, struct unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work)
{
	const struct ranges *mappings = &type1->container.mappings;
	iova_t last = iova + bytes - 1;

	work->ioctls++;
	if (!bytes || misaligned(iova | bytes) || last < iova)
		return EINVAL;

	/* The mapping at either end must not reach out of the range. */
	const struct range *at_first = ranges_find(mappings, iova, iova);
	const struct range *at_last = at_first && at_first->last >= last ? at_first : ranges_find(mappings, last, last);

	work->container_finds += 3; /* both ends, then the first of the range */
	if ((at_first && at_first->first != iova) || (at_last && at_last->last != last))
		return EINVAL;
	container_unmap_begin(call, iova, last, false);
	return 0;
}

void type1_unmap_all_begin(struct type1 *type1, struct unmap_call *call, struct host_work *work)
{
	(void)type1;
	work->ioctls++;
	work->container_finds++;
	container_unmap_begin(call, 0, UINT64_MAX, false);
}

bool type1_unmap_step(struct type1 *type1, struct unmap_call *call, struct host_work *work)
{
	size_t before = type1->container.mappings.count;
	bool more = container_unmap_step(&type1->container, call, work);

	type1->entries_left += (uint32_t)(before - type1->container.mappings.count);
	return more;
}

int type1_unmap_now(struct type1 *type1, iova_t iova, uint64_t bytes, uint64_t *unmapped, struct host_work *work)
{
	struct unmap_call call;
	int error = type1_unmap_begin(type1, &call, iova, bytes, work);

	if (error)
		return error;
	while (type1_unmap_step(type1, &call, work))
		;
	*unmapped = call.bytes;
	return 0;
}
