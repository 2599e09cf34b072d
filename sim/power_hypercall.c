/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/power_hypercall.h"

#include "models/base/require.h"
#include "sim/host.h"
#include "sim/power_guest.h"
#include "sim/power_host.h"

/* ---- the device model ---- */

/* Exits to user space, where one thread at a time is the device model's; and the way back. */
static void enter(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;

	machine->result->counter[COUNT_VM_EXITS]++;
	host_compute(machine, actor, machine->timing->host.exit + machine->timing->host.user_exit, CAUSE_EXIT);
	slots_take(&guest->power->emulator_lock, actor, CAUSE_QUEUE_WAIT);
	host_compute(machine, actor, machine->timing->host.descriptor, CAUSE_EXIT);
}

static void leave(struct guest *guest, struct actor *actor)
{
	struct machine *machine = guest->machine;

	slots_give(&guest->power->emulator_lock, actor);
	host_compute(machine, actor, machine->timing->host.enter, CAUSE_EXIT);
}

/* ---- hypercalls ---- */

/* What the host does for a call, at once. */
static void answer(struct power_domain *domain, const struct tce_call *call, struct host_work *work)
{
	struct spapr_liobn *liobn = &domain->liobn;
	int64_t status = H_PARAMETER;

	REQUIRE(call->liobn == domain->number);
	if (call->kind == H_PUT_TCE)
		status = spapr_hypercall_put(liobn, call->ioba, call->tce, work);
	else if (call->kind == H_PUT_TCE_INDIRECT)
		status = spapr_hypercall_put_indirect(liobn, call->ioba, call->tce, call->entries, work);
	else
		status = spapr_hypercall_stuff(liobn, call->ioba, call->tce, call->entries, work);
	REQUIRE(status == H_SUCCESS);
}

static void answer_in_user_space(struct guest *guest, struct actor *actor, struct domain *domain,
				 const struct tce_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };

	enter(guest, actor);
	if (call->kind == H_PUT_TCE_INDIRECT) /* reads the list */
		host_compute(machine, actor, call->entries * machine->timing->host.shadow_entry, CAUSE_EXIT);
	actor_touch(actor);
	answer(domain->power, call, &work);
	host_charge(guest, actor, &work);
	leave(guest, actor);
}

/* KVM: nothing is locked but what a call takes for itself.  What it finds too hard goes on to the device model. */
static void answer_in_kernel(struct guest *guest, struct actor *actor, struct domain *domain,
			     const struct tce_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };

	machine->result->counter[COUNT_VM_EXITS]++;
	host_compute(machine, actor, machine->timing->host.exit, CAUSE_EXIT);
	actor_touch(actor);
	answer(domain->power, call, &work);
	if (work.hypercall_exits > 0) {
		host_compute(machine, actor, machine->timing->host.user_exit, CAUSE_EXIT);
		slots_take(&guest->power->emulator_lock, actor, CAUSE_QUEUE_WAIT);
		host_compute(machine, actor, machine->timing->host.descriptor, CAUSE_EXIT);
		slots_give(&guest->power->emulator_lock, actor);
	}
	host_charge(guest, actor, &work);
	host_compute(machine, actor, machine->timing->host.enter, CAUSE_EXIT);
}

void power_hypercall(struct guest *guest, struct actor *actor, struct domain *domain, const struct tce_call *call)
{
	if (guest->machine->scheme.doorbell == SCHEME_KERNEL)
		answer_in_kernel(guest, actor, domain, call);
	else
		answer_in_user_space(guest, actor, domain, call);
}

/* ---- windows ---- */

void power_create_window(struct guest *guest, struct actor *actor, struct domain *domain)
{
	struct host_work work = { 0 };
	struct err err = { 0 };

	enter(guest, actor); /* ibm,query-pe-dma-window */
	leave(guest, actor);
	enter(guest, actor); /* ibm,create-pe-dma-window */
	actor_touch(actor);
	if (!power_host_add_window(domain, &work, &err))
		guest->machine->fail(&err);
	host_charge(guest, actor, &work);
	leave(guest, actor);
}
