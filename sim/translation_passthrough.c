/* SPDX-License-Identifier: Apache-2.0 */
/* The guest sees no IOMMU: its devices use guest-physical addresses, and VFIO type1 maps all of its memory at start. */
#include "models/base/heap.h"
#include "models/software/type1.h"
#include "sim/host.h"
#include "sim/translation.h"
#include "sim/units.h"
#include "sim/vtd_host.h"

struct passthrough_guest {
	struct host_domain parent; /* guest-physical to host-physical */
	struct type1 type1;        /* over parent */
};

static iova_t iova_limit(const struct config *config, const char **what)
{
	(void)config;
	*what = "";
	return UINT64_MAX; /* nothing is mapped there */
}

static bool create_guest(struct guest *guest, struct err *err)
{
	struct machine *machine = guest->machine;
	struct passthrough_guest *own = guest->passthrough = heap_zeroed(1, sizeof(*own));
	struct container_config container;

	(void)err;
	vtd_host_domain(machine, &own->parent, &machine->vtd->list);
	container = host_container(guest, host_table_of_domain(&own->parent));
	type1_init(&own->type1, &container, TYPE1_ENTRY_LIMIT, units_host_last(machine->config));
	return true;
}

static bool assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err)
{
	struct machine *machine = guest->machine;

	(void)guest_id;
	vtd_host_probe(machine, to->device.source_id);
	return vtd_host_attach_now(machine, guest->passthrough->parent.domain, to->device.source_id, err);
}

static int start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work)
{
	return type1_map(&guest->passthrough->type1, gpa, GUEST_VADDR + gpa, bytes, PT_READ | PT_WRITE, work);
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
	.map = map,
	.unmap = unmap,
};
