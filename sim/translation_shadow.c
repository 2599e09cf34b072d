/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest sees a unit in caching mode; the device model turns what its table gained and lost into calls of VFIO
 * type1, and the host's second stage holds IOVA to host-physical.
 */
#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/type1.h"
#include "sim/host.h"
#include "sim/units.h"
#include "sim/vtd_guest.h"
#include "sim/vtd_host.h"

struct shadow_device {
	struct host_domain host; /* IOVA to host-physical */
	struct vtd_invalidations list;
	struct type1 type1; /* its container */
	struct slots container_lock;
};

/* ---- calls of the device model ---- */

static void map(struct guest *guest, struct actor *actor, struct shadow_device *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };

	slots_take(&to->container_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	int error = type1_map(&to->type1, call->iova, guest->vaddr + call->gpa, call->bytes, call->permissions, &work);

	host_charge(guest, actor, &work);
	vtd_host_submit(machine, actor, to->host.list); /* what the driver has to tell the unit of new leaves */
	vtd_domain_free_tables(to->host.domain, &to->host.list->replaced);
	slots_give(&to->container_lock, actor);
	if (error)
		host_refused(machine, "VFIO_IOMMU_MAP_DMA", error, call->iova);
}

static void unmap(struct guest *guest, struct actor *actor, struct shadow_device *to, const struct viommu_call *call)
{
	struct machine *machine = guest->machine;
	struct host_work work = { 0 };
	struct unmap_call unmap;

	slots_take(&to->container_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	int error = type1_unmap_begin(&to->type1, &unmap, call->iova, call->bytes, &work);

	while (!error && type1_unmap_step(&to->type1, &unmap, &work)) {
		host_charge(guest, actor, &work);
		work = (struct host_work){ 0 };
		vtd_host_flush(machine, actor, &to->host);
	}
	host_charge(guest, actor, &work);
	slots_give(&to->container_lock, actor);
	if (error)
		host_refused(machine, "VFIO_IOMMU_UNMAP_DMA", error, call->iova);
}

static void shadow_call(struct guest *guest, struct actor *actor, struct assignment *to, const struct viommu_call *call)
{
	if (call->kind == VIOMMU_MAP) {
		map(guest, actor, to->shadow, call);
	} else {
		REQUIRE(call->kind == VIOMMU_UNMAP);
		unmap(guest, actor, to->shadow, call);
	}
}

/* ---- putting together ---- */

static iova_t iova_limit(const struct config *config, const char **what)
{
	iova_t host = units_host_last(config), guest = units_guest_last(config, false);

	*what = guest < host ? "virtual.input_width and iommu.guest_levels give the guest's unit"
			     : "hardware.input_width and iommu.host_levels give the host's table";
	return guest < host ? guest : host;
}

static bool create_guest(struct guest *guest, struct err *err)
{
	return vtd_guest_create(guest, false, shadow_call, err);
}

static bool assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err)
{
	struct machine *machine = guest->machine;
	struct shadow_device *own = to->shadow = heap_zeroed(1, sizeof(*own));
	struct container_config container;

	slots_init(&own->container_lock, 1, machine->timing->guest.lock_handover);
	vtd_host_probe(machine, to->device.source_id);
	vtd_host_domain(machine, &own->host, &own->list);
	container = host_container(guest, host_table_of_domain(&own->host));
	type1_init(&own->type1, &container, machine->config->machine.dma_entry_limit, units_host_last(machine->config));
	own->type1.v2 = machine->scheme.backend == SCHEME_TYPE1V2;
	vtd_guest_add(guest, to, guest_id);
	return vtd_host_attach_now(machine, own->host.domain, to->device.source_id, err);
}

static int start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work)
{
	return registration_add(&guest->registrations, guest->vaddr + gpa, bytes, work);
}

/* Of each device that does DMA. */
static bool container(struct guest *guest, uint32_t number, struct host_container *of)
{
	for (uint16_t i = 0; i < guest->device_count; i++) {
		struct shadow_device *own = guest->assignments[i].shadow;

		if (!own || number-- > 0)
			continue;
		*of = (struct host_container){ .host = &own->host, .type1 = &own->type1, .lock = &own->container_lock };
		return true;
	}
	return false;
}

const struct translation translation_shadow = {
	.iova_limit = iova_limit,
	.create_host = vtd_host_create,
	.create_guest = create_guest,
	.create_domain = vtd_guest_create_domain,
	.assign = assign,
	.start_memory = start_memory,
	.container = container,
	.map = vtd_guest_map,
	.unmap = vtd_guest_unmap,
	.attach = vtd_guest_attach,
};
