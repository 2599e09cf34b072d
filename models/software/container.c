/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/container.h"

#include <errno.h>

#include "models/base/require.h"

#define MAPPING_VADDR       0
#define MAPPING_PERMISSIONS 1

void container_init(struct container *container, const struct container_config *config)
{
	REQUIRE(config->pin_batch_pages > 0 && config->flush_runs > 0);
	*container = (struct container){ .config = *config };
	ranges_init(&container->mappings);
}

void container_fini(struct container *container)
{
	struct unmap_call call;
	struct host_work work = { 0 };

	container_unmap_begin(&call, 0, UINT64_MAX, false);
	while (container_unmap_step(container, &call, &work))
		;
	ranges_fini(&container->mappings);
}

/* The physically contiguous run that starts at vaddr, at most bytes. */
static struct process_run run_at(const struct container *container, uint64_t vaddr, uint64_t bytes, bool write)
{
	return process_run(container->config.process, vaddr, bytes, write);
}

static void unpin_run(struct container *container, const struct process_run *run, struct host_work *work)
{
	if (!run->is_memory)
		return;
	pins_unpin(container->config.process->pins, run->phys, run->bytes);
	work->pages_unpinned += run->bytes >> PAGE_LG2;
}

/* Pins and charges one run; ENOMEM: the limit. */
static int pin_run(struct container *container, const struct process_run *run, struct host_work *work)
{
	if (!run->is_memory)
		return 0;
	pins_pin(container->config.process->pins, run->phys, run->bytes);
	work->pages_pinned += run->bytes >> PAGE_LG2;
	work->account_operations++;
	int error = account_charge(&container->config.process->account, container->config.account_mode,
				   run->bytes >> PAGE_LG2);

	if (error)
		unpin_run(container, run, work);
	return error;
}

static void uncharge(struct container *container, uint64_t bytes, struct host_work *work)
{
	account_uncharge(&container->config.process->account, container->config.account_mode, bytes >> PAGE_LG2);
	work->account_operations++;
}

/* One run into the table; on failure nothing of it remains there. */
static int map_run(struct container *container, iova_t iova, phys_t output, uint64_t bytes, unsigned permissions,
		   struct host_work *work)
{
	const struct host_table *table = &container->config.table;
	uint64_t before = work->table.bytes;

	work->table_calls++;
	enum map_status status = table->map(table->argument, iova, output, bytes, permissions, &work->table);

	REQUIRE(status != MAP_EXISTS);
	if (status == MAP_OK)
		return 0;
	if (work->table.bytes > before) {
		work->table_calls++;
		table->unmap(table->argument, iova, work->table.bytes - before, &work->table);
	}
	return status == MAP_NO_MEMORY ? ENOMEM : EINVAL;
}

/* Maps runs up to bytes, pinning each on the way unless the memory is registered; *done of them. */
static int map_runs(struct container *container, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
		    uint64_t *done, struct host_work *work)
{
	bool pins = !container->config.registrations;
	uint64_t batch_bytes = (uint64_t)container->config.pin_batch_pages << PAGE_LG2;
	uint64_t batched = 0; /* bytes that pin calls so far were asked for */

	for (*done = 0; *done < bytes;) {
		struct process_run run =
			run_at(container, vaddr + *done, bytes - *done, pins && permissions & PT_WRITE);
		int error = run.bytes ? 0 : EFAULT;

		for (; pins && batched < *done + run.bytes; batched += batch_bytes)
			work->pin_calls++;
		if (pins && !error)
			error = pin_run(container, &run, work);
		if (error)
			return error;
		error = map_run(container, iova + *done, run.phys, run.bytes, permissions, work);
		if (error) {
			if (pins) {
				unpin_run(container, &run, work);
				uncharge(container, run.bytes, work);
			}
			return error;
		}
		*done += run.bytes;
	}
	return 0;
}

/* Takes the first bytes of a mapping that could not be finished back. */
static void unmap_runs(struct container *container, iova_t iova, uint64_t vaddr, uint64_t bytes, struct host_work *work)
{
	const struct host_table *table = &container->config.table;

	for (uint64_t done = 0; done < bytes;) {
		struct process_run run = run_at(container, vaddr + done, bytes - done, false);

		work->table_calls++;
		table->unmap(table->argument, iova + done, run.bytes, &work->table);
		if (!container->config.registrations)
			unpin_run(container, &run, work);
		done += run.bytes;
	}
	if (bytes && !container->config.registrations)
		uncharge(container, bytes, work);
	work->flushes += bytes > 0;
}

int container_map(struct container *container, iova_t iova, uint64_t vaddr, uint64_t bytes, unsigned permissions,
		  struct host_work *work)
{
	REQUIRE(bytes && ((iova | vaddr | bytes) & (PAGE_BYTES - 1)) == 0);
	struct registrations *registrations = container->config.registrations;
	struct range mapping = { .first = iova, .last = iova + bytes - 1, .value = { vaddr, permissions } };
	uint64_t done;
	int error = registrations ? registration_use(registrations, vaddr, bytes, work) : 0;

	if (error)
		return error;
	error = map_runs(container, iova, vaddr, bytes, permissions, &done, work);
	if (error) {
		unmap_runs(container, iova, vaddr, done, work);
		if (registrations)
			registration_release(registrations, vaddr, work);
		return error;
	}
	ranges_insert(&container->mappings, &mapping);
	work->mappings_inserted++;
	return 0;
}

void container_unmap_begin(struct unmap_call *call, iova_t iova, iova_t last, bool whole_only)
{
	REQUIRE(iova <= last);
	*call = (struct unmap_call){ .next = iova, .last = last, .whole_only = whole_only };
}

/* The range of the last step was invalidated: its pages may go. */
static void release_flushed(struct container *container, struct unmap_call *call, struct host_work *work)
{
	struct range *mapping = ranges_find(&container->mappings, call->flush_iova, call->flush_iova);
	uint64_t vaddr = mapping->value[MAPPING_VADDR] + (call->flush_iova - mapping->first);
	uint64_t bytes = mapping->last - mapping->first + 1;
	iova_t flush_last = call->flush_iova + call->flush_bytes - 1;

	if (!container->config.registrations)
		for (uint64_t done = 0; done < call->flush_bytes;) {
			struct process_run run = run_at(container, vaddr + done, call->flush_bytes - done, false);

			unpin_run(container, &run, work);
			done += run.bytes;
		}
	call->flush_bytes = 0;
	if (flush_last != mapping->last)
		return;

	if (container->config.registrations)
		registration_release(container->config.registrations, mapping->value[MAPPING_VADDR], work);
	else
		uncharge(container, bytes, work);
	ranges_remove(&container->mappings, mapping->first);
	work->mappings_removed++;
	call->bytes += bytes;
}

bool container_unmap_step(struct container *container, struct unmap_call *call, struct host_work *work)
{
	const struct host_table *table = &container->config.table;

	if (call->flush_bytes)
		release_flushed(container, call, work);
	if (call->ended)
		return false;

	struct range *mapping = ranges_find(&container->mappings, call->next, call->within ? call->next : call->last);
	bool cut = mapping && !call->within && (mapping->first < call->next || mapping->last > call->last);

	if (!mapping || (cut && call->whole_only)) {
		call->error = mapping ? ENOENT : 0;
		call->ended = true;
		return false;
	}
	iova_t iova = call->within ? call->next : mapping->first;
	uint64_t vaddr = mapping->value[MAPPING_VADDR] + (iova - mapping->first);
	uint64_t left = mapping->last - iova + 1, done = 0;

	for (uint32_t runs = 0; runs < container->config.flush_runs && done < left; runs++) {
		uint64_t run = run_at(container, vaddr + done, left - done, false).bytes;

		work->table_calls++;
		table->unmap(table->argument, iova + done, run, &work->table);
		done += run;
	}
	call->flush_iova = iova;
	call->flush_bytes = done;
	call->within = done < left;
	call->ended = !call->within && mapping->last >= call->last;
	call->next = iova + done;
	work->flushes++;
	return true;
}
