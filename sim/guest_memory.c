/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/guest_memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/host.h"
#include "sim/translation.h"
#include "sim/vtd_host.h"

/* ---- where it lies ---- */

struct guest_slot guest_slot(const struct config *config, unsigned number)
{
	uint64_t ram = config->machine.guest_ram_bytes, low = config->machine.guest_low_bytes;

	if (number == 0)
		return (struct guest_slot){ .gpa = 0, .bytes = ram < low ? ram : low };
	return (struct guest_slot){ .gpa = GUEST_HIGH, .bytes = ram < low ? 0 : ram - low };
}

uint64_t guest_memory_end(const struct config *config)
{
	struct guest_slot low = guest_slot(config, 0), high = guest_slot(config, 1);

	return high.bytes > 0 ? high.gpa + high.bytes : low.bytes;
}

bool guest_memory_backs(const struct config *config, phys_t gpa, uint64_t bytes)
{
	for (unsigned i = 0; i < GUEST_SLOTS; i++) {
		struct guest_slot slot = guest_slot(config, i);

		if (gpa >= slot.gpa && gpa - slot.gpa <= slot.bytes && bytes <= slot.bytes - (gpa - slot.gpa))
			return true;
	}
	return false;
}

phys_t guest_memory_fitting(const struct config *config, phys_t gpa, uint64_t bytes)
{
	struct guest_slot slot = guest_slot(config, gpa >= GUEST_HIGH);

	if (bytes > slot.bytes)
		return slot.gpa;
	return gpa - slot.gpa <= slot.bytes - bytes ? gpa : slot.gpa + slot.bytes - bytes;
}

uint64_t guest_memory_block(const struct config *config, phys_t gpa, uint64_t bytes)
{
	uint64_t block = config->machine.map_block_bytes;
	uint64_t rest = block > 0 ? block - gpa % block : bytes;

	return rest < bytes ? rest : bytes;
}

/* ---- starting ---- */

static bool refuse(const struct guest *guest, int error, struct err *err)
{
	const struct machine *machine = guest->machine;
	const struct config *config = machine->config;

	if (error == ENOSPC)
		return err_set(err, ERR_CHECK,
			       "scheme %s: mapping the guest's memory was refused (ENOSPC): blocks of "
			       "machine.map_block_bytes = %llu take more mappings of a container than "
			       "machine.dma_entry_limit = %u: raise one",
			       machine->scheme.name, (unsigned long long)config->machine.map_block_bytes,
			       config->machine.dma_entry_limit);
	if (error == ENOMEM)
		return err_set(err, ERR_CHECK,
			       "scheme %s: pinning the guest's memory was refused (errno %d): raise "
			       "machine.memlock_limit_bytes = %llu above machine.guest_ram_bytes = %llu%s or set it "
			       "to 0",
			       machine->scheme.name, error, (unsigned long long)config->machine.memlock_limit_bytes,
			       (unsigned long long)config->machine.guest_ram_bytes,
			       config->machine.container_per_device && !machine->translation->create_domain
				       ? " for each container (machine.container_per_device)"
				       : "");
	return err_set(
		err, ERR_CHECK,
		"scheme %s: mapping the guest's memory was refused (%s): does machine.guest_low_bytes = %llu reach "
		"the interrupt window at 0xfee00000, or machine.guest_ram_bytes = %llu beyond the unit's width?",
		machine->scheme.name, strerror(error), (unsigned long long)config->machine.guest_low_bytes,
		(unsigned long long)config->machine.guest_ram_bytes);
}

/* The leaves of one table, by size. */
static bool count_leaf(void *argument, const struct page_table_leaf *leaf)
{
	static const enum result_counter of_level[] = { COUNT_START_LEAVES_4K, COUNT_START_LEAVES_2M,
							COUNT_START_LEAVES_1G };
	uint64_t *counter = argument;

	counter[of_level[leaf->level]]++;
	return true;
}

/* The unit is told of the new leaves where it must be. */
static void settle(struct guest *guest)
{
	struct machine *machine = guest->machine;
	struct host_container of;

	for (uint32_t i = 0; machine->translation->container && machine->translation->container(guest, i, &of); i++) {
		vtd_host_submit_now(machine, of.host->list);
		vtd_domain_free_tables(of.host->domain, &of.host->list->replaced);
		page_table_for_each(vtd_domain_table(of.host->domain), count_leaf, machine->result->counter);
	}
}

bool guest_memory_start(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };
	ps_t parts[RESULT_CAUSES] = { 0 };
	int error = 0;

	for (unsigned i = 0; i < GUEST_SLOTS && !error; i++) {
		struct guest_slot slot = guest_slot(machine->config, i);

		if (slot.bytes > 0 && machine->scheme.pin != SCHEME_PIN_ON_MAP)
			error = machine->translation->start_memory(guest, slot.gpa, slot.bytes, &work);
	}
	if (error)
		return refuse(guest, error, err);
	if (machine->translation->start && !machine->translation->start(guest, &work, err))
		return false;
	host_price(machine, &work, guest->pins.pages, parts);
	host_count(guest, &work, 0);
	result_operation(machine->result, RESULT_REGISTER, parts);
	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		machine->result->counter[COUNT_STARTUP_PS] += parts[i];
	settle(guest);
	return true;
}
