/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/vtd_emulator.h"

#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"
#include "sim/vtd_guest.h"

/* One descriptor of the guest, as the device model carries it out. */
static void emulate(struct guest *guest, struct actor *actor, const uint64_t word[2])
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct viommu_command command;
	struct viommu_call call;
	uint64_t read = 0;
	bool more;

	viommu_begin(&guest->vtd->viommu, &command, word);
	do {
		more = viommu_next(&guest->vtd->viommu, &command, &call);
		uint64_t now = command.entries_read + command.structures_read;

		host_compute(machine, actor, (now - read) * timing->host.shadow_entry, CAUSE_EXIT);
		read = now;
		if (!more)
			break;
		guest->vtd->call(guest, actor, guest->vtd->assignment[call.space], &call);
	} while (more);
}

void vtd_emulator_access(struct guest *guest, struct iommu_command *command)
{
	struct iommu_access access = command->access;
	uint64_t words[IOMMU_WORDS_MAX];

	access.address += guest->view.offset;
	iommu_access_now(guest->view.memory, &access, words);
	guest->vtd->unit->ops->command_feed(guest->vtd->unit, command, words);
}

/* The guest's access to a register exits to the device model, which is one thread's at a time; and the way back. */
static void enter(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;
	machine->result->counter[COUNT_VM_EXITS]++;
	host_compute(machine, actor, machine->timing->host.exit + machine->timing->host.user_exit, CAUSE_EXIT);
	slots_take(&guest->vtd->emulator_lock, actor, CAUSE_QUEUE_WAIT);
}

static void leave(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;

	slots_give(&guest->vtd->emulator_lock, actor);
	host_compute(machine, actor, machine->timing->host.enter, CAUSE_EXIT);
}

void vtd_emulator_write(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes, uint64_t value)
{
	struct machine *machine = guest->machine;
	struct iommu *virtual_unit = guest->vtd->unit;
	uint64_t ecap = machine->result->capability[CAPABILITY_VIRTUAL_EXTENDED];
	uint64_t word[2];

	enter(guest, actor);
	actor_touch(actor);
	virtual_unit->ops->register_write(virtual_unit, offset, bytes, value);
	if (viommu_register(&guest->vtd->viommu, ecap, offset, value, word)) {
		host_compute(machine, actor, machine->timing->host.descriptor, CAUSE_EXIT);
		emulate(guest, actor, word);
	}
	leave(guest, actor);
}

uint64_t vtd_emulator_read(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes)
{
	enter(guest, actor);
	actor_touch(actor);
	uint64_t value = guest->vtd->unit->ops->register_read(guest->vtd->unit, offset, bytes);

	leave(guest, actor);
	return value;
}

void vtd_emulator_queue(struct guest *guest, struct actor *actor, uint32_t tail)
{
	struct machine *machine = guest->machine;
	const struct timing *timing = machine->timing;
	struct iommu *virtual_unit = guest->vtd->unit;
	struct iommu_command command;

	enter(guest, actor);
	virtual_unit->ops->register_write(virtual_unit, VTD_REG_IQT, 8, tail);
	while (virtual_unit->ops->command_begin(virtual_unit, &command)) {
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			bool is_status = command.access.want == IOMMU_WANTS_WRITE;

			actor_touch(actor);
			vtd_emulator_access(guest, &command);
			if (is_status)
				continue;
			host_compute(machine, actor, timing->host.descriptor, CAUSE_EXIT);
			if (command.kind != IOMMU_COMMAND_WAIT)
				emulate(guest, actor, command.word);
		}
	}
	leave(guest, actor);
}
