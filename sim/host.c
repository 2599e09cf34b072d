/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host.h"

#include <errno.h>
#include <string.h>

#include "models/software/type1.h"

/*
 * Eight entries share a 64-byte line; a new table is written back whole, and the entry that points to it.
 * [LINUX] domain_flush_cache, pfn_to_dma_pte
 */
uint64_t map_work_lines(const struct map_work *work)
{
	return (work->entries_written + 7) / 8 + work->tables_allocated * (PAGE_BYTES / 64 + 1);
}

/* So many pages of 4 KiB, in those of the host's kernel. */
static uint64_t kernel_pages(const struct machine *machine, uint64_t pages)
{
	return pages >> (machine->kernel_page_lg2 - PAGE_LG2);
}

/*
 * SIMPLIFIED: no price for tables that the host frees: VFIO unmaps contiguous run by contiguous run, and no
 * run of the modelled host pages covers a whole table.
 */
void host_price(const struct machine *machine, const struct host_work *work, uint64_t first_pages,
		ps_t parts[RESULT_CAUSES])
{
	const struct timing *timing = machine->timing;

	parts[CAUSE_IOCTL] += work->ioctls * timing->host.ioctl + work->container_finds * timing->host.container_find +
			      (work->mappings_inserted + work->mappings_removed) * timing->host.container_find;
	parts[CAUSE_PIN] += work->pin_calls * timing->host.pin_call + first_pages * timing->host.start_pin_page +
			    kernel_pages(machine, work->pages_pinned - first_pages) * timing->host.pin_page +
			    kernel_pages(machine, work->pages_unpinned) * timing->host.unpin_page;
	parts[CAUSE_ACCOUNT] += work->account_operations * timing->host.account +
				work->registration_finds * timing->host.registration_find;
	parts[CAUSE_TABLE] +=
		work->table_calls * timing->host.table_call +
		(work->table.entries_written + work->user_view_writes + work->tces_put) * timing->host.entry_write +
		work->table.tables_allocated * timing->host.table_alloc;
	parts[CAUSE_EXIT] += (work->hypercalls - work->hypercall_exits) * timing->host.hypercall +
			     work->tces_checked * timing->host.tce_check;
	parts[CAUSE_INVALIDATION] += work->tce_entries_killed * timing->host.tce_kill;
	if (!machine->config->iommu.snoop)
		parts[CAUSE_FLUSH] += map_work_lines(&work->table) * timing->guest.entry_flush;
}

/* Of a process that has ended only what its user pays is charged still.  [LINUX] exec_mmap, iommufd's user->locked_vm */
static uint64_t old_locked_pages(const struct guest *guest)
{
	const struct process *old = guest->old_process;

	return !old ? 0 : old->exited ? old->account.pages[ACCOUNT_USER] : old->account.total;
}

void host_count(struct guest *guest, const struct host_work *work, ps_t date)
{
	struct machine *machine = guest->machine;
	uint64_t *counter = machine->result->counter;

	counter[COUNT_IOCTLS] += work->ioctls;
	counter[COUNT_PAGES_PINNED] += work->pages_pinned;
	counter[COUNT_PAGES_UNPINNED] += work->pages_unpinned;
	counter[COUNT_PIN_CALLS] += work->pin_calls;
	machine->mappings += work->mappings_inserted - work->mappings_removed;
	if (machine->mappings > counter[COUNT_MAPPINGS_PEAK])
		counter[COUNT_MAPPINGS_PEAK] = machine->mappings;
	counter[COUNT_HYPERCALLS] += work->hypercalls;
	counter[COUNT_TCES] += work->tces_put;
	counter[COUNT_TCES_KILLED] += work->tce_entries_killed;
	uint64_t locked = guest->process->account.total + old_locked_pages(guest);

	machine->locked_pages += locked - guest->locked_pages;
	guest->locked_pages = locked;
	if (guest->old_process) {
		machine->locked_new_pages += guest->process->account.total - guest->locked_new_pages;
		guest->locked_new_pages = guest->process->account.total;
		series_record(&machine->result->series[RESULT_LOCKED_NEW_BYTES], date,
			      machine->locked_new_pages * PAGE_BYTES);
	}
	if (machine->locked_pages * PAGE_BYTES > counter[COUNT_LOCKED_PEAK_BYTES])
		counter[COUNT_LOCKED_PEAK_BYTES] = machine->locked_pages * PAGE_BYTES;
	series_record(&machine->result->series[RESULT_LOCKED_BYTES], date, machine->locked_pages * PAGE_BYTES);
}

void host_charge(struct guest *guest, struct actor *actor, const struct host_work *work)
{
	struct machine *machine = guest->machine;
	ps_t parts[RESULT_CAUSES] = { 0 };

	host_price(machine, work, 0, parts);
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
		if (parts[cause] > 0)
			host_compute(machine, actor, parts[cause], (enum result_cause)cause);
	actor_touch(actor);
	host_count(guest, work, actor->now);
}

void host_refused(struct machine *machine, const char *call, int error, iova_t iova)
{
	struct err err = { 0 };

	if (error == ENOMEM)
		err_set(&err, ERR_CHECK,
			"scheme %s: %s of IOVA 0x%llx was refused (ENOMEM): raise machine.memlock_limit_bytes = %llu "
			"or set it to 0",
			machine->scheme.name, call, (unsigned long long)iova,
			(unsigned long long)machine->config->machine.memlock_limit_bytes);
	else if (error == ENOSPC)
		err_set(&err, ERR_CHECK,
			"scheme %s: %s of IOVA 0x%llx was refused (ENOSPC): the container holds "
			"machine.dma_entry_limit = %u mappings: raise it",
			machine->scheme.name, call, (unsigned long long)iova, machine->config->machine.dma_entry_limit);
	else
		err_set(&err, ERR_CHECK,
			"scheme %s: %s of IOVA 0x%llx was refused (%s): does machine.guest_ram_bytes = %llu back what "
			"the trace maps?",
			machine->scheme.name, call, (unsigned long long)iova, strerror(error),
			(unsigned long long)machine->config->machine.guest_ram_bytes);
	machine->fail(&err);
}

struct iommufd_source host_source(struct guest *guest)
{
	return (struct iommufd_source){ .process = guest->process,
					.user = &guest->process->account,
					.mode = ACCOUNT_USER,
					.pin_batch_pages = guest->machine->config->machine.pin_batch_pages };
}

struct container_config host_container(struct guest *guest, struct host_table table)
{
	const struct machine *machine = guest->machine;

	return (struct container_config){
		.process = guest->process,
		.registrations = machine->scheme.pin == SCHEME_PREREGISTERED ? &guest->registrations : NULL,
		.table = table,
		.pin_batch_pages = machine->config->machine.pin_batch_pages,
		.flush_runs = TYPE1_FLUSH_RUNS,
	};
}
