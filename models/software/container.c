/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/container.h"

#include <errno.h>
#include <string.h>

#include "models/base/heap.h"

void container_init(struct container *container, const struct container_config *config)
{
	REQUIRE(config->pin_batch_pages > 0 && config->flush_runs > 0);
	*container = (struct container){ .config = *config };
	ranges_init(&container->mappings);
	ranges_init(&container->host_pages);
	if (config->table.map) {
		container->table = heap_zeroed(1, sizeof(*container->table));
		container->table[container->table_count++] = config->table;
	}
}

void container_fini(struct container *container)
{
	struct unmap_call call;
	struct host_work work = { 0 };

	container_unmap_begin(&call, 0, UINT64_MAX);
	while (container_unmap_step(container, &call, &work))
		;
	ranges_fini(&container->mappings);
	ranges_fini(&container->host_pages);
	host_mapping_pool_fini(&container->pool);
	free(container->table);
	container->table = NULL;
	container->table_count = 0;
}

/* ---- pins and charges of runs ---- */

static void unpin_run(const struct host_mapping *mapping, const struct process_run *run, struct host_work *work)
{
	if (!run->is_memory)
		return;
	pins_unpin(mapping->process->pins, run->phys, run->bytes);
	work->pages_unpinned += run->bytes >> PAGE_LG2;
}

/* Pages of memory in [iova, iova + bytes) that the host pinned by itself. */
static uint64_t host_pages_in(const struct container *container, iova_t iova, uint64_t bytes)
{
	const struct range *page;
	uint64_t count = 0;

	if (!container->host_pages.count)
		return 0;
	for (iova_t last = iova + bytes - 1; (page = ranges_find(&container->host_pages, iova, last));) {
		count += page->value[0] != PHYS_NONE;
		iova = page->last + 1;
		if (page->last == last)
			break;
	}
	return count;
}

static void uncharge(struct host_mapping *mapping, uint64_t pages, struct host_work *work)
{
	if (!pages)
		return;
	mapping->charged_pages -= pages;
	work->account_operations++;
	if (!mapping->payer->exited)
		account_uncharge(&mapping->payer->account, ACCOUNT_MM, pages);
}

/* Pins and charges one run at iova; ENOMEM: the limit. */
static int pin_run(struct container *container, struct host_mapping *mapping, iova_t iova,
		   const struct process_run *run, struct host_work *work)
{
	struct account *account = &mapping->payer->account;
	int error = 0;

	if (!run->is_memory)
		return 0;
	uint64_t pages = (run->bytes >> PAGE_LG2) - host_pages_in(container, iova, run->bytes);

	pins_pin(mapping->process->pins, run->phys, run->bytes);
	work->pages_pinned += run->bytes >> PAGE_LG2;
	work->account_operations++;
	if (mapping->unlimited)
		account_charge_unlimited(account, ACCOUNT_MM, pages);
	else
		error = account_charge(account, ACCOUNT_MM, pages);
	if (error)
		unpin_run(mapping, run, work);
	else
		mapping->charged_pages += pages;
	return error;
}

/* ---- tables ---- */

static void unmap_in(const struct host_table *table, iova_t iova, uint64_t bytes, struct host_work *work)
{
	work->table_calls++;
	table->unmap(table->argument, iova, bytes, &work->table);
}

/* One run into a table; on failure nothing of it remains there. */
static int map_in(const struct host_table *table, iova_t iova, const struct process_run *run, unsigned permissions,
		  struct host_work *work)
{
	uint64_t before = work->table.bytes;

	work->table_calls++;
	enum map_status status = table->map(table->argument, iova, run->phys, run->bytes, permissions, &work->table);

	REQUIRE(status != MAP_EXISTS);
	if (status == MAP_OK)
		return 0;
	if (work->table.bytes > before)
		unmap_in(table, iova, work->table.bytes - before, work);
	return status == MAP_NO_MEMORY ? ENOMEM : EINVAL;
}

/* One run into the first count tables, or none. */
static int map_in_all(const struct container *container, uint32_t count, iova_t iova, const struct process_run *run,
		      unsigned permissions, struct host_work *work)
{
	for (uint32_t i = 0; i < count; i++) {
		int error = map_in(&container->table[i], iova, run, permissions, work);

		if (!error)
			continue;
		while (i--)
			unmap_in(&container->table[i], iova, run->bytes, work);
		return error;
	}
	return 0;
}

/* ---- map ---- */

/* Maps runs of the mapping at iova into the first count tables, pinning each on the way unless the memory is
 * registered; *done of its bytes. */
static int map_runs(struct container *container, struct host_mapping *mapping, iova_t iova, uint32_t count,
		    uint64_t *done, struct host_work *work)
{
	bool pins = !mapping->region, write = mapping->permissions & PT_WRITE;
	uint64_t batch_bytes = (uint64_t)container->config.pin_batch_pages << PAGE_LG2;
	uint64_t batched = 0; /* bytes that pin calls so far were asked for */

	for (*done = 0; *done < mapping->bytes;) {
		uint64_t vaddr = mapping->vaddr + *done, left = mapping->bytes - *done;
		struct process_run run = pins ? process_run(mapping->process, vaddr, left, write)
					      : region_run_at(mapping->region, vaddr, left);
		uint64_t charged = mapping->charged_pages;
		int error = run.bytes ? 0 : EFAULT;

		for (; pins && batched < *done + run.bytes; batched += batch_bytes)
			work->pin_calls++;
		if (pins && !error)
			error = pin_run(container, mapping, iova + *done, &run, work);
		if (error)
			return error;
		error = map_in_all(container, count, iova + *done, &run, mapping->permissions, work);
		if (error) {
			if (pins) {
				unpin_run(mapping, &run, work);
				uncharge(mapping, mapping->charged_pages - charged, work);
			}
			return error;
		}
		host_mapping_add_run(mapping, *done, &run);
		*done += run.bytes;
	}
	return 0;
}

/* Takes the first bytes of a mapping, all that is in them, back out of the first count tables. */
static void unmap_runs(struct container *container, struct host_mapping *mapping, iova_t iova, uint32_t count,
		       uint64_t bytes, struct host_work *work)
{
	for (uint64_t done = 0; done < bytes;) {
		struct process_run run = host_mapping_run(mapping, done, bytes);

		for (uint32_t i = 0; i < count; i++)
			unmap_in(&container->table[i], iova + done, run.bytes, work);
		if (!mapping->region)
			unpin_run(mapping, &run, work);
		done += run.bytes;
	}
	if (!mapping->region)
		uncharge(mapping, mapping->charged_pages - host_pages_in(container, iova, mapping->bytes), work);
	work->flushes += bytes > 0;
}

int container_map_of(struct container *container, struct process *process, iova_t iova, uint64_t vaddr, uint64_t bytes,
		     unsigned permissions, struct host_work *work)
{
	REQUIRE(bytes && ((iova | vaddr | bytes) & (PAGE_BYTES - 1)) == 0);
	struct registrations *registrations = container->config.registrations;
	struct region *region = NULL;
	uint64_t done = 0;
	int error = registrations ? registration_use(registrations, vaddr, bytes, &region, work) : 0;

	if (error)
		return error;
	uint32_t number = host_mapping_take(&container->pool);
	struct host_mapping *mapping = &container->pool.mapping[number];
	struct range range = { .first = iova, .last = iova + bytes - 1, .value = { number } };

	mapping->vaddr = vaddr;
	mapping->bytes = bytes;
	mapping->process = mapping->payer = process;
	mapping->region = region;
	mapping->permissions = permissions;
	mapping->unlimited = process->account.limit_pages == ACCOUNT_UNLIMITED;
	mapping->in_tables = container->table_count > 0;
	if (mapping->in_tables)
		error = map_runs(container, mapping, iova, container->table_count, &done, work);
	if (error) {
		unmap_runs(container, mapping, iova, container->table_count, done, work);
		host_mapping_give(&container->pool, number);
		if (registrations)
			registration_release(registrations, region, work);
		return error;
	}
	ranges_insert(&container->mappings, &range);
	work->mappings_inserted++;
	return 0;
}

/* ---- domains ---- */

/* A mapping that is in a table already goes into table[0] too; *done of it. */
static int replay(struct container *container, const struct host_mapping *mapping, iova_t iova, uint64_t *done,
		  struct host_work *work)
{
	for (*done = 0; *done < mapping->bytes;) {
		struct process_run run = host_mapping_neighbours(mapping, *done, mapping->bytes);
		int error = map_in(&container->table[0], iova + *done, &run, mapping->permissions, work);

		if (error)
			return error;
		*done += run.bytes;
	}
	return 0;
}

/* Takes mappings below iova out of table[0] again. */
static void unwind(struct container *container, iova_t iova, struct host_work *work)
{
	const struct range *range;

	for (iova_t next = 0; iova && (range = ranges_find(&container->mappings, next, iova - 1));) {
		struct host_mapping *mapping = container_mapping(container, range);

		if (mapping->in_tables)
			unmap_in(&container->table[0], range->first, mapping->bytes, work);
		else
			unmap_runs(container, mapping, range->first, 1, mapping->bytes, work);
		if (!mapping->in_tables)
			mapping->extent_count = 0;
		if (range->last >= iova - 1)
			break;
		next = range->last + 1;
	}
}

int container_attach(struct container *container, const struct host_table *table, struct host_work *work)
{
	const struct range *range;
	int error = 0;

	container->table = heap_resized(container->table, container->table_count + 1, sizeof(*container->table));
	memmove(&container->table[1], &container->table[0], container->table_count * sizeof(*container->table));
	container->table[0] = *table;
	container->table_count++;
	for (range = container_next(container, NULL); range; range = container_next(container, range)) {
		struct host_mapping *mapping = container_mapping(container, range);
		uint64_t done;

		error = mapping->in_tables ? replay(container, mapping, range->first, &done, work)
					   : map_runs(container, mapping, range->first, 1, &done, work);
		if (error && mapping->in_tables && done)
			unmap_in(&container->table[0], range->first, done, work);
		if (error && !mapping->in_tables) {
			unmap_runs(container, mapping, range->first, 1, done, work);
			mapping->extent_count = 0;
		}
		if (error)
			break;
	}
	if (error) {
		unwind(container, range->first, work);
		container_detach(container, table);
		return error;
	}
	for (range = container_next(container, NULL); range; range = container_next(container, range))
		container_mapping(container, range)->in_tables = true;
	return 0;
}

void container_detach(struct container *container, const struct host_table *table)
{
	uint32_t index = 0;

	while (index < container->table_count && container->table[index].argument != table->argument)
		index++;
	REQUIRE(index < container->table_count);
	container->table_count--;
	memmove(&container->table[index], &container->table[index + 1],
		(container->table_count - index) * sizeof(*container->table));
}

void container_unpin(struct container *container, struct host_work *work)
{
	const struct range *range;

	for (range = container_next(container, NULL); range; range = container_next(container, range)) {
		struct host_mapping *mapping = container_mapping(container, range);

		if (!mapping->in_tables)
			continue;
		unmap_runs(container, mapping, range->first, container->table_count, mapping->bytes, work);
		mapping->extent_count = 0;
		mapping->in_tables = false;
	}
}

static uint64_t memory_pages(const struct host_mapping *mapping)
{
	uint64_t pages = 0;

	for (uint64_t done = 0; done < mapping->bytes;) {
		struct process_run run = host_mapping_neighbours(mapping, done, mapping->bytes);

		pages += run.is_memory ? run.bytes >> PAGE_LG2 : 0;
		done += run.bytes;
	}
	return pages;
}

void container_cut(struct container *container, iova_t iova)
{
	uint32_t number = host_mapping_take(&container->pool);
	struct range *range = ranges_find(&container->mappings, iova - 1, iova - 1);

	REQUIRE(range && range->last >= iova);
	struct host_mapping *head = container_mapping(container, range), *tail = &container->pool.mapping[number];
	struct range second = { .first = iova, .last = range->last, .value = { number } };
	uint64_t offset = iova - range->first;

	REQUIRE(!head->dirty && !head->vaddr_invalid && head->in_tables);
	*tail = *head;
	tail->more = NULL;
	tail->extent_count = tail->more_capacity = 0;
	tail->vaddr += offset;
	tail->bytes -= offset;
	head->bytes = offset;
	host_mapping_cut(head, offset, tail);
	tail->charged_pages = head->region ? 0 : memory_pages(tail);
	head->charged_pages -= tail->charged_pages;
	range->last = iova - 1;
	ranges_insert(&container->mappings, &second);
}

/* ---- unmap ---- */

void container_unmap_begin(struct unmap_call *call, iova_t iova, iova_t last)
{
	REQUIRE(iova <= last);
	*call = (struct unmap_call){ .next = iova, .last = last };
}

/* The end of a mapping, nothing of which is left in a table. */
static void remove_mapping(struct container *container, struct unmap_call *call, const struct range *range,
			   struct host_work *work)
{
	struct host_mapping *mapping = container_mapping(container, range);
	uint32_t number = (uint32_t)range->value[0];

	if (mapping->region)
		registration_release(container->config.registrations, mapping->region, work);
	else
		uncharge(mapping, mapping->charged_pages, work);
	container->vaddr_invalid_count -= mapping->vaddr_invalid;
	call->bytes += mapping->bytes;
	ranges_remove(&container->mappings, range->first);
	host_mapping_give(&container->pool, number);
	work->mappings_removed++;
}

/* The range of the last step was invalidated: its pages may go. */
static void release_flushed(struct container *container, struct unmap_call *call, struct host_work *work)
{
	const struct range *range = ranges_find(&container->mappings, call->flush_iova, call->flush_iova);
	const struct host_mapping *mapping = container_mapping(container, range);
	uint64_t done = call->flush_iova - range->first, end = done + call->flush_bytes;

	while (!mapping->region && done < end) {
		struct process_run run = host_mapping_run(mapping, done, end);

		unpin_run(mapping, &run, work);
		done += run.bytes;
	}
	call->flush_bytes = 0;
	if (end == mapping->bytes)
		remove_mapping(container, call, range, work);
}

/* The next flush_runs runs of a mapping out of the newest table; with its beginning, all of it out of the others. */
static void take_runs(struct container *container, struct unmap_call *call, const struct range *range, iova_t iova,
		      struct host_work *work)
{
	const struct host_mapping *mapping = container_mapping(container, range);
	uint64_t offset = iova - range->first, done = offset;

	for (uint32_t i = 1; !offset && i < container->table_count; i++)
		unmap_in(&container->table[i], iova, mapping->bytes, work);
	for (uint32_t runs = 0; runs < container->config.flush_runs && done < mapping->bytes; runs++) {
		uint64_t bytes = host_mapping_run(mapping, done, mapping->bytes).bytes;

		unmap_in(&container->table[0], range->first + done, bytes, work);
		done += bytes;
	}
	call->flush_iova = iova;
	call->flush_bytes = done - offset;
	call->within = done < mapping->bytes;
	work->flushes++;
}

bool container_unmap_step(struct container *container, struct unmap_call *call, struct host_work *work)
{
	if (call->flush_bytes)
		release_flushed(container, call, work);
	while (!call->ended) {
		const struct range *range =
			ranges_find(&container->mappings, call->next, call->within ? call->next : call->last);

		if (!range) {
			call->ended = true;
			break;
		}
		bool taken = container_mapping(container, range)->in_tables;
		iova_t iova = call->within ? call->next : range->first, next = range->last + 1;

		call->ended = range->last >= call->last;
		if (taken)
			take_runs(container, call, range, iova, work);
		else
			remove_mapping(container, call, range, work);
		call->ended = call->ended && !call->within;
		call->next = call->within ? iova + call->flush_bytes : next;
		if (taken)
			return true;
	}
	return false;
}
