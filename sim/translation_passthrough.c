/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest sees no IOMMU, or passes its devices through it: they use guest-physical addresses, and VFIO type1 maps all
 * of its memory at start, in one container or in one of each device.
 */
#include "models/base/heap.h"
#include "models/software/type1.h"
#include "sim/guest_memory.h"
#include "sim/host.h"
#include "sim/translation.h"
#include "sim/units.h"
#include "sim/vtd_host.h"

struct passthrough_container {
	struct host_domain parent; /* guest-physical to host-physical */
	struct vtd_invalidations list;
	struct type1 type1; /* over parent */
	struct slots lock;
};

struct passthrough_guest {
	struct passthrough_container *container; /* [count] */
	uint32_t count;
};

static iova_t iova_limit(const struct config *config, const char **what)
{
	(void)config;
	*what = "";
	return UINT64_MAX; /* nothing is mapped there */
}

static struct passthrough_container *create_container(struct guest *guest)
{
	struct machine *machine = guest->machine;
	struct passthrough_container *own = &guest->passthrough->container[guest->passthrough->count++];
	struct container_config config;

	vtd_host_domain(machine, &own->parent, &own->list);
	config = host_container(guest, host_table_of_domain(&own->parent));
	type1_init(&own->type1, &config, machine->config->machine.dma_entry_limit, units_host_last(machine->config));
	own->type1.v2 = machine->scheme.backend == SCHEME_TYPE1V2;
	if (machine->config->update.kernel == UPDATE_KERNEL_5_15)
		own->type1.kernel = (struct kernel){ 5, 15 };
	slots_init(&own->lock, 1, machine->timing->guest.lock_handover);
	return own;
}

static bool create_guest(struct guest *guest, struct err *err)
{
	struct passthrough_guest *own = guest->passthrough = heap_zeroed(1, sizeof(*own));

	(void)err;
	own->container = heap_zeroed(guest->device_count + 1u, sizeof(*own->container));
	if (!guest->machine->config->machine.container_per_device)
		create_container(guest);
	return true;
}

static bool assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err)
{
	struct machine *machine = guest->machine;
	struct passthrough_container *container = machine->config->machine.container_per_device
							  ? create_container(guest)
							  : &guest->passthrough->container[0];

	(void)guest_id;
	vtd_host_probe(machine, to->device.source_id);
	return vtd_host_attach_now(machine, container->parent.domain, to->device.source_id, err);
}

/* Registered once where the scheme registers; mapped by each container. */
static int start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work)
{
	const struct passthrough_guest *own = guest->passthrough;
	int error = guest->machine->scheme.pin == SCHEME_PREREGISTERED
			    ? registration_add(&guest->registrations, guest->vaddr + gpa, bytes, work)
			    : 0;

	for (uint32_t i = 0; i < own->count; i++)
		for (uint64_t done = 0, block; done < bytes && !error; done += block) {
			block = guest_memory_block(guest->machine->config, gpa + done, bytes - done);
			error = type1_map(&own->container[i].type1, gpa + done, guest->vaddr + gpa + done, block,
					  PT_READ | PT_WRITE, work);
		}
	return error;
}

static bool container(struct guest *guest, uint32_t number, struct host_container *of)
{
	const struct passthrough_guest *own = guest->passthrough;

	if (number >= own->count)
		return false;

	struct passthrough_container *at = &own->container[number];

	*of = (struct host_container){ .host = &at->parent, .type1 = &at->type1, .lock = &at->lock };
	return true;
}

static bool map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct machine *machine = vcpu->guest->machine;

	vcpu->piece_count = op->segment_count;
	for (uint32_t i = 0; i < op->segment_count; i++)
		vcpu->pieces[i] = (struct piece){ .iova = vcpu->segments[i].iova,
						  .bus = vcpu->segments[i].phys,
						  .bytes = vcpu->segments[i].bytes };
	guest_compute(machine, actor, machine->timing->guest.dma_direct_map, CAUSE_GUEST_CPU);
	return true;
}

static void unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, const struct mapping *mapping)
{
	struct machine *machine = vcpu->guest->machine;

	(void)op;
	(void)mapping;
	guest_compute(machine, actor, machine->timing->guest.dma_direct_unmap, CAUSE_GUEST_CPU);
}

const struct translation translation_passthrough = {
	.all_memory = true,
	.iova_limit = iova_limit,
	.create_host = vtd_host_create,
	.create_guest = create_guest,
	.assign = assign,
	.start_memory = start_memory,
	.container = container,
	.map = map,
	.unmap = unmap,
};
