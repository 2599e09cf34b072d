/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/type1.h"

#include <errno.h>
#include <stdlib.h>

#include "models/base/heap.h"

void type1_init(struct type1 *type1, const struct container_config *config, uint32_t entry_limit, iova_t iova_last)
{
	*type1 = (struct type1){ .kernel = KERNEL_DEFAULT,
				 .v2 = true,
				 .entries_left = entry_limit,
				 .page_sizes = UINT64_C(0x40201000),
				 .untracked_groups = 1 };
	type1->window = heap_zeroed(2, sizeof(*type1->window));
	type1->window_count = 1 + (iova_last > INTERRUPT_RANGE_LAST);
	type1->window[0].last = iova_last < INTERRUPT_RANGE_FIRST ? iova_last : INTERRUPT_RANGE_FIRST - 1;
	if (type1->window_count == 2)
		type1->window[1] = (struct type1_window){ INTERRUPT_RANGE_LAST + 1, iova_last };
	container_init(&type1->container, config);
}

void type1_init_empty(struct type1 *type1, const struct kernel *kernel, enum vfio_extension type, uint32_t entry_limit)
{
	const struct container_config config = { .pin_batch_pages = TYPE1_PIN_BATCH, .flush_runs = TYPE1_FLUSH_RUNS };

	*type1 = (struct type1){ .kernel = *kernel,
				 .v2 = type != VFIO_TYPE1_IOMMU,
				 .nesting = type == VFIO_TYPE1_NESTING_IOMMU,
				 .entries_left = entry_limit,
				 .page_sizes = ~(PAGE_BYTES - 1) };
	container_init(&type1->container, &config);
}

void type1_fini(struct type1 *type1)
{
	container_fini(&type1->container);
	type1_groups_fini(type1);
	free(type1->window);
	type1->window = NULL;
	type1->window_count = 0;
}

static bool misaligned(const struct type1 *type1, uint64_t word)
{
	return (word & (type1_page(type1) - 1)) != 0;
}

/* ---- map ---- */

/* What MAP_DMA asks of its arguments, in the kernel's order. */
static int check_map(const struct type1 *type1, iova_t iova, uint64_t vaddr, uint64_t bytes, bool flags)
{
	bool early = kernel_type1_overflow(&type1->kernel);
	bool wraps = iova + (bytes - 1) < iova || vaddr + (bytes - 1) < vaddr;

	if (early && bytes && wraps)
		return EOVERFLOW;
	if (!flags || !bytes || misaligned(type1, iova | vaddr | bytes) || wraps)
		return EINVAL;
	return 0;
}

static bool in_window(const struct type1 *type1, iova_t iova, iova_t last)
{
	for (size_t i = 0; i < type1->window_count; i++)
		if (type1->window[i].first <= iova && last <= type1->window[i].last)
			return true;
	return !type1->window_count;
}

int type1_map_of(struct type1 *type1, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		 unsigned permissions, struct host_work *work)
{
	struct container *container = &type1->container;
	bool flags = permissions && !(permissions & ~(unsigned)(PT_READ | PT_WRITE));
	int error = check_map(type1, iova, vaddr, bytes, flags);
	iova_t last = iova + bytes - 1;

	work->ioctls++;
	if (error)
		return error;
	work->container_finds++;
	if (ranges_find(&container->mappings, iova, last))
		return EEXIST;
	if (!type1->entries_left && kernel_type1_limits_entries(&type1->kernel))
		return ENOSPC;
	if (!in_window(type1, iova, last))
		return EINVAL;
	error = container_map_of(container, process, iova, vaddr, bytes, permissions, work);
	if (error)
		return error;
	type1->entries_left--;
	if (!type1->dirty_tracking)
		return 0;
	error = type1_dirty_begin(type1, container_mapping(container, ranges_find(&container->mappings, iova, iova)));
	if (error) {
		struct unmap_call call;

		container_unmap_begin(&call, iova, last);
		while (type1_unmap_step(type1, &call, work))
			;
	}
	return error;
}

/* ---- unmap ---- */

/* EINVAL when a mapping at either end reaches out of [iova, last]. */
int type1_cuts(const struct type1 *type1, iova_t iova, iova_t last)
{
	const struct ranges *mappings = &type1->container.mappings;
	const struct range *at_first = ranges_find(mappings, iova, iova);
	const struct range *at_last = at_first && at_first->last >= last ? at_first : ranges_find(mappings, last, last);

	return (at_first && at_first->first != iova) || (at_last && at_last->last != last) ? EINVAL : 0;
}

static int check_unmap(const struct type1 *type1, const struct type1_unmap *unmap)
{
	iova_t iova = unmap->iova;

	if (unmap->flags & TYPE1_UNMAP_VADDR && type1->emulated && kernel_type1_update_moves_owner(&type1->kernel))
		return EBUSY;
	if (misaligned(type1, iova))
		return EINVAL;
	if (unmap->flags & TYPE1_UNMAP_ALL) {
		if (iova || unmap->bytes)
			return EINVAL;
	} else {
		if (!unmap->bytes || misaligned(type1, unmap->bytes))
			return EINVAL;
		if (iova + (unmap->bytes - 1) < iova)
			return kernel_type1_overflow(&type1->kernel) ? EOVERFLOW : EINVAL;
	}
	if (unmap->flags & TYPE1_UNMAP_DIRTY &&
	    (!type1->dirty_tracking || unmap->bitmap->page_bytes != type1_page(type1)))
		return EINVAL;
	return 0;
}

/* VFIO_DMA_UNMAP_FLAG_VADDR on all mappings of [iova, last], or none. */
static int invalidate(struct type1 *type1, iova_t iova, iova_t last, uint64_t *bytes)
{
	struct container *container = &type1->container;
	const struct range *range;

	for (iova_t next = iova; (range = ranges_find(&container->mappings, next, last)); next = range->last + 1) {
		if (container_mapping(container, range)->vaddr_invalid)
			return EINVAL;
		if (range->last >= last)
			break;
	}
	for (iova_t next = iova; (range = ranges_find(&container->mappings, next, last)); next = range->last + 1) {
		container_mapping(container, range)->vaddr_invalid = true;
		container->vaddr_invalid_count++;
		*bytes += container_mapping(container, range)->bytes;
		if (range->last >= last)
			break;
	}
	return 0;
}

/* The dirty pages of all mappings of [iova, last] into the user's bitmap. */
static int read_dirty(const struct type1 *type1, const struct type1_unmap *unmap, iova_t last)
{
	const struct range *range;
	int error = 0;

	for (iova_t next = unmap->iova; !error && (range = ranges_find(&type1->container.mappings, next, last));
	     next = range->last + 1) {
		error = type1_dirty_read(type1, unmap->iova, range, unmap->bitmap);
		if (range->last >= last)
			break;
	}
	return error;
}

/* Before 3.15: the leaf that begins at iova, as bytes, if one does. */
static uint64_t leaf_from(const struct container *container, iova_t iova)
{
	const struct host_table *table = &container->table[0];
	uint64_t leaf = table->leaf(table->argument, iova);

	return leaf && !(iova & (leaf - 1)) ? leaf : 0;
}

/* Before 3.15: how far an unmap of [iova, last] gets in the mapping, beyond last if a leaf does; mappings are cut there. */
static iova_t cut_leaves(struct type1 *type1, const struct range *mapping, iova_t iova, iova_t last)
{
	struct container *container = &type1->container;
	iova_t mapping_first = mapping->first, mapping_last = mapping->last;
	iova_t first = mapping_first > iova ? mapping_first : iova, next = first;

	while (next <= last && next <= mapping_last) {
		uint64_t leaf = leaf_from(container, next);

		if (!leaf)
			break;
		next += leaf;
	}
	if (next == first)
		return first;
	if (next <= mapping_last) {
		container_cut(container, next);
		type1->entries_left--;
	}
	if (first > mapping_first) {
		container_cut(container, first);
		type1->entries_left--;
	}
	return next;
}

/* Before 3.15: names the range of whole mappings that go. */
static void begin_leaves(struct type1 *type1, struct unmap_call *call, iova_t iova, iova_t last)
{
	const struct range *mapping = ranges_find(&type1->container.mappings, iova, last);
	iova_t first = 0, next = iova;

	container_unmap_begin(call, iova, last);
	call->ended = true;
	while (mapping) {
		iova_t start = mapping->first > iova ? mapping->first : iova, mapping_last = mapping->last;

		next = cut_leaves(type1, mapping, iova, last);
		if (next == start)
			break;
		first = call->ended ? start : first;
		call->ended = false;
		call->next = first;
		call->last = next - 1;
		if (next <= mapping_last || next > last)
			break;
		mapping = ranges_find(&type1->container.mappings, next, last);
	}
}

int type1_unmap_request(struct type1 *type1, struct unmap_call *call, const struct type1_unmap *unmap,
			struct host_work *work)
{
	const struct ranges *mappings = &type1->container.mappings;
	bool all = unmap->flags & TYPE1_UNMAP_ALL;
	iova_t iova = unmap->iova, last = all ? UINT64_MAX : iova + (unmap->bytes - 1);
	int error = check_unmap(type1, unmap);

	work->ioctls++;
	if (error)
		return error;
	work->container_finds += all ? 1 : 3; /* both ends, then the first of the range */
	if (type1->v2 && !all && type1_cuts(type1, iova, last))
		return EINVAL;
	container_unmap_begin(call, iova, last);
	if (!all && last == UINT64_MAX && !kernel_type1_overflow(&type1->kernel))
		call->ended = true;
	if (!type1->v2 && kernel_type1_unmaps_leaves(&type1->kernel)) {
		begin_leaves(type1, call, iova, last);
		return 0;
	}
	if (!type1->v2 && !call->ended) {
		const struct range *first = ranges_find(mappings, iova, iova);

		call->ended = first && first->first < iova;
	}
	if (call->ended)
		return 0;
	if (unmap->flags & TYPE1_UNMAP_VADDR) {
		call->ended = true;
		return invalidate(type1, iova, last, &call->bytes);
	}
	type1_host_tell(type1, iova, last);
	return unmap->flags & TYPE1_UNMAP_DIRTY ? read_dirty(type1, unmap, last) : 0;
}

int type1_unmap_begin(struct type1 *type1, struct unmap_call *call, iova_t iova, uint64_t bytes, struct host_work *work)
{
	return type1_unmap_request(type1, call, &(struct type1_unmap){ .iova = iova, .bytes = bytes }, work);
}

void type1_unmap_all_begin(struct type1 *type1, struct unmap_call *call, struct host_work *work)
{
	int error = type1_unmap_request(type1, call, &(struct type1_unmap){ .flags = TYPE1_UNMAP_ALL }, work);

	REQUIRE(!error);
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

/* ---- live update ---- */

int type1_vaddr_invalidate(struct type1 *type1, iova_t iova, uint64_t bytes, uint64_t *invalidated,
			   struct host_work *work)
{
	const struct type1_unmap unmap = { .flags = TYPE1_UNMAP_VADDR, .iova = iova, .bytes = bytes };
	struct unmap_call call;
	int error = type1_unmap_request(type1, &call, &unmap, work);

	*invalidated = error ? 0 : call.bytes;
	return error;
}

/* The locked memory of a mapping becomes process's.  ENOMEM: its limit. */
static int change_owner(struct host_mapping *mapping, struct process *process, struct host_work *work)
{
	int error = 0;

	if (process == mapping->payer)
		return 0;
	if (mapping->charged_pages) {
		work->account_operations++;
		error = account_charge(&process->account, ACCOUNT_MM, mapping->charged_pages);
	}
	if (error)
		return error;
	if (mapping->charged_pages && !mapping->payer->exited) {
		work->account_operations++;
		account_uncharge(&mapping->payer->account, ACCOUNT_MM, mapping->charged_pages);
	}
	mapping->payer = process;
	mapping->unlimited = process->account.limit_pages == ACCOUNT_UNLIMITED;
	return 0;
}

int type1_vaddr_update(struct type1 *type1, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		       struct host_work *work)
{
	struct container *container = &type1->container;
	int error = check_map(type1, iova, vaddr, bytes, true);

	work->ioctls++;
	if (error)
		return error;
	work->container_finds++;
	const struct range *range = ranges_find(&container->mappings, iova, iova + bytes - 1);

	if (!range)
		return ENOENT;
	struct host_mapping *mapping = container_mapping(container, range);

	if (!mapping->vaddr_invalid || range->first != iova || mapping->bytes != bytes)
		return EINVAL;
	if (kernel_type1_update_moves_owner(&type1->kernel))
		error = change_owner(mapping, process, work);
	if (error)
		return error;
	mapping->process = process;
	mapping->vaddr = vaddr;
	mapping->vaddr_invalid = false;
	container->vaddr_invalid_count--;
	return 0;
}
