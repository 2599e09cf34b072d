/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [LINUX] arch/powerpc/kernel/iommu.c, arch/powerpc/platforms/pseries/iommu.c.
 *
 * SIMPLIFIED: the guest does not clear a window when it takes it; each contiguous piece of a recorded list is one element
 * of the guest's list; coherent memory is contiguous in the guest's memory from its first piece on, as on POWER.
 */
#include "sim/power_guest.h"

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/tce_driver.h"
#include "sim/guest.h"
#include "sim/guest_memory.h"
#include "sim/power_hypercall.h"

/* [QEMU] SPAPR_PCI_LIOBN; and where the host puts a second window: [LINUX] pnv_pci_ioda2_create_table. */
#define LIOBN(bridge, window) (UINT32_C(0x80000000) | (uint32_t)(bridge) << 8 | (window))
#define WINDOW64              (UINT64_C(1) << 59)

/* ---- before the clock runs ---- */

void power_guest_create(struct guest *guest)
{
	struct power_guest *own = guest->power = heap_zeroed(1, sizeof(*own));
	size_t slots = 0;

	for (unsigned i = 0; i < GUEST_SLOTS; i++) {
		struct guest_slot slot = guest_slot(guest->machine->config, i);

		if (slot.bytes > 0)
			own->slot[slots++] = (struct spapr_slot){ .gpa = slot.gpa,
								  .bytes = slot.bytes,
								  .vaddr = guest->vaddr + slot.gpa };
	}
	own->memory = (struct spapr_guest){
		.process = guest->process, .slot = own->slot, .slot_count = slots, .memory = guest->view
	};

	own->list = heap_zeroed(guest->vcpu_count, sizeof(*own->list));
	for (uint16_t i = 0; i < guest->vcpu_count; i++) {
		own->list[i] = frames_alloc(&guest->frames);
		REQUIRE(own->list[i] != PHYS_NONE);
	}
	slots_init(&own->emulator_lock, 1, guest->machine->timing->guest.lock_handover);
}

static bool is_dynamic(const struct config *config)
{
	return config->spapr.window != SPAPR_WINDOW_DEFAULT;
}

/* All memory is mapped from the window's start on. */
static bool is_direct(const struct guest *guest)
{
	return guest->machine->config->spapr.window == SPAPR_WINDOW_DIRECT;
}

iova_t power_guest_window_start(const struct config *config)
{
	return is_dynamic(config) ? WINDOW64 : 0;
}

static void take_window(struct domain *domain)
{
	const struct config *config = domain->owner->machine->config;
	struct power_domain *own = domain->power;

	if (!is_direct(domain->owner))
		tce_allocator_init(&own->allocator, power_guest_window_start(config), config->spapr.window_bytes,
				   config->spapr.page_lg2);
	own->has_window = true;
}

void power_guest_create_domain(struct domain *domain)
{
	struct machine *machine = domain->owner->machine;
	struct power_domain *own = domain->power = heap_zeroed(1, sizeof(*own));

	own->number = LIOBN(domain - domain->owner->domains, is_dynamic(machine->config));
	slots_init(&own->window_lock, 1, machine->timing->guest.lock_handover);
	for (unsigned i = 0; i <= TCE_ALLOCATOR_POOLS; i++)
		spinlock_init(&own->pool_lock[i], &machine->cores, machine->timing->guest.lock_handover);
	if (!is_dynamic(machine->config))
		take_window(domain);
}

/* ---- I/O addresses ---- */

static unsigned page_lg2(const struct guest *guest)
{
	return guest->machine->config->spapr.page_lg2;
}

/* [LINUX] iommu_num_pages */
static uint64_t pages_of(const struct guest *guest, uint64_t address, uint64_t bytes)
{
	uint64_t page = UINT64_C(1) << page_lg2(guest);

	return ((address & (page - 1)) + bytes + page - 1) >> page_lg2(guest);
}

static iova_t take_range(struct vcpu *vcpu, struct actor *actor, struct power_domain *domain, uint64_t pages,
			 unsigned align_lg2, uint64_t *handle)
{
	struct machine *machine = vcpu->guest->machine;
	struct spinlock *lock = &domain->pool_lock[tce_allocator_pool(&domain->allocator, vcpu->number, pages)];

	spinlock_take(lock, actor, CAUSE_QUEUE_WAIT);
	guest_compute(machine, actor, machine->timing->guest.iova_alloc, CAUSE_GUEST_CPU);
	actor_touch(actor);
	iova_t iova = tce_allocator_take(&domain->allocator, vcpu->number, pages, align_lg2, handle);

	spinlock_give(lock, actor);
	if (iova == TCE_ALLOCATOR_FULL) {
		struct err err = { 0 };

		err_set(&err, ERR_CHECK,
			"scheme %s: the guest's DMA window has no room for %llu pages of 2^%u bytes: raise "
			"spapr.window_bytes = %llu",
			machine->scheme.name, (unsigned long long)pages, page_lg2(vcpu->guest),
			(unsigned long long)machine->config->spapr.window_bytes);
		machine->fail(&err);
	}
	return iova;
}

static void give_range(struct vcpu *vcpu, struct actor *actor, struct power_domain *domain, iova_t iova, uint64_t pages)
{
	struct machine *machine = vcpu->guest->machine;
	struct spinlock *lock = &domain->pool_lock[tce_allocator_pool_of(&domain->allocator, iova)];

	spinlock_take(lock, actor, CAUSE_QUEUE_WAIT);
	guest_compute(machine, actor, machine->timing->guest.iova_free, CAUSE_GUEST_CPU);
	actor_touch(actor);
	tce_allocator_give(&domain->allocator, iova, pages);
	spinlock_give(lock, actor);
}

/* ---- TCEs ---- */

static void carry_out(struct vcpu *vcpu, struct actor *actor, struct domain *domain, struct tce_driver_job *job)
{
	struct guest *guest = vcpu->guest;
	struct machine *machine = guest->machine;
	struct tce_call call;

	while (tce_driver_next(job, guest->view, &call)) {
		if (call.kind == H_PUT_TCE_INDIRECT)
			guest_compute(machine, actor, call.entries * machine->timing->guest.entry_write, CAUSE_TABLE);
		power_hypercall(guest, actor, domain, &call);
	}
}

/* Maps [phys, phys + bytes) at a range of its own, and says at which bus address phys lies. */
static iova_t map_range(struct vcpu *vcpu, struct actor *actor, struct domain *domain, phys_t phys, uint64_t bytes,
			unsigned permissions, unsigned align_lg2, uint64_t *handle)
{
	struct guest *guest = vcpu->guest;
	uint64_t offset = phys & ((UINT64_C(1) << page_lg2(guest)) - 1), pages = pages_of(guest, phys, bytes);
	iova_t iova = take_range(vcpu, actor, domain->power, pages, align_lg2, handle);
	struct tce_driver_job job;

	tce_driver_set(&job, domain->power->number, iova, phys - offset, pages, permissions, page_lg2(guest),
		       guest->power->list[vcpu->number]);
	carry_out(vcpu, actor, domain, &job);
	return iova + offset;
}

/* One range for all, aligned to its size.  [LINUX] iommu_alloc_coherent, get_iommu_order */
static void map_coherent(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op)
{
	struct guest *guest = vcpu->guest;
	uint64_t last = (op->bytes - 1) >> page_lg2(guest);
	unsigned align_lg2 = last ? 64u - (unsigned)__builtin_clzll(last) : 0;
	phys_t phys = guest_memory_fitting(guest->machine->config, vcpu->segments[0].phys, op->bytes);

	vcpu->pieces[0] = (struct piece){ .iova = op->iova, .bytes = op->bytes };
	vcpu->pieces[0].bus = map_range(vcpu, actor, domain, phys, op->bytes, PT_READ | PT_WRITE, align_lg2, NULL);
	vcpu->piece_count = 1;
}

/* Each piece of the list has a range, and those that follow one another are one.  [LINUX] ppc_iommu_map_sg */
static void map_list(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op)
{
	uint64_t handle = 0;

	vcpu->piece_count = 0;
	for (uint32_t i = 0; i < op->segment_count; i++) {
		const struct trace_segment *segment = &vcpu->segments[i];
		struct piece piece = { .iova = segment->iova, .bytes = segment->bytes };
		struct piece *before = vcpu->piece_count ? &vcpu->pieces[vcpu->piece_count - 1] : NULL;

		piece.bus = map_range(vcpu, actor, domain, segment->phys, segment->bytes,
				      guest_permissions(op->direction), 0, &handle);
		if (before && before->bus + before->bytes == piece.bus && before->iova + before->bytes == piece.iova)
			before->bytes += piece.bytes;
		else
			vcpu->pieces[vcpu->piece_count++] = piece;
	}
}

/* [LINUX] tce_setrange_multi_pSeriesLP over each range of memory */
static void map_memory(struct vcpu *vcpu, struct actor *actor, struct domain *domain)
{
	struct guest *guest = vcpu->guest;

	for (unsigned i = 0; i < GUEST_SLOTS; i++) {
		struct guest_slot slot = guest_slot(guest->machine->config, i);
		struct tce_driver_job job;

		tce_driver_set(&job, domain->power->number, WINDOW64 + slot.gpa, slot.gpa,
			       slot.bytes >> page_lg2(guest), PT_READ | PT_WRITE, page_lg2(guest),
			       guest->power->list[vcpu->number]);
		carry_out(vcpu, actor, domain, &job);
	}
}

/*
 * The default window is there from the start: false.  Another is asked for, by one CPU while others wait for it.
 * [LINUX] enable_ddw
 */
static bool need_window(struct vcpu *vcpu, struct actor *actor, struct domain *domain)
{
	struct power_domain *own = domain->power;
	bool asks;

	if (!is_dynamic(vcpu->guest->machine->config))
		return false;
	actor_touch(actor);
	if (own->has_window)
		return false;
	slots_take(&own->window_lock, actor, CAUSE_QUEUE_WAIT);
	actor_touch(actor);
	asks = !own->has_window;
	if (asks) {
		power_create_window(vcpu->guest, actor, domain);
		if (is_direct(vcpu->guest))
			map_memory(vcpu, actor, domain);
		actor_touch(actor);
		take_window(domain);
	}
	slots_give(&own->window_lock, actor);
	return asks;
}

static void map_direct(struct vcpu *vcpu, const struct trace_op *op)
{
	vcpu->piece_count = op->segment_count;
	for (uint32_t i = 0; i < op->segment_count; i++)
		vcpu->pieces[i] = (struct piece){ .iova = vcpu->segments[i].iova,
						  .bus = WINDOW64 + vcpu->segments[i].phys,
						  .bytes = vcpu->segments[i].bytes };
}

/* A recording that begins after its devices were attached asks for their windows with the first map. */
bool power_guest_map(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op)
{
	struct machine *machine = vcpu->guest->machine;
	struct domain *domain = guest_domain(vcpu->guest, op);

	/* What x86 or Arm firmware wants mapped for itself no guest on POWER maps. */
	if (!domain || op->api == TRACE_API_DIRECT || op->api == TRACE_API_NONE)
		return false;
	need_window(vcpu, actor, domain);
	if (is_direct(vcpu->guest)) {
		guest_compute(machine, actor, machine->timing->guest.dma_direct_map, CAUSE_GUEST_CPU);
		map_direct(vcpu, op);
		return true;
	}
	guest_compute(machine, actor, machine->timing->guest.map_other, CAUSE_GUEST_CPU);
	if (op->api == TRACE_API_COHERENT)
		map_coherent(vcpu, actor, domain, op);
	else
		map_list(vcpu, actor, domain, op);
	return true;
}

/* The entries are gone, here and in the bridge, when it returns.  [LINUX] __iommu_free */
void power_guest_unmap(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, const struct mapping *mapping)
{
	struct guest *guest = vcpu->guest;
	const struct timing *timing = guest->machine->timing;
	struct domain *domain = guest_domain(guest, op);

	if (is_direct(guest)) {
		guest_compute(guest->machine, actor, timing->guest.dma_direct_unmap, CAUSE_GUEST_CPU);
		return;
	}
	guest_compute(guest->machine, actor, timing->guest.iova_find + timing->guest.unmap_other, CAUSE_GUEST_CPU);
	for (uint32_t i = 0; i < mapping->piece_count; i++) {
		const struct piece *piece = &mapping->pieces[i];
		uint64_t pages = pages_of(guest, piece->bus, piece->bytes);
		iova_t iova = piece->bus >> page_lg2(guest) << page_lg2(guest);
		struct tce_driver_job job;

		tce_driver_clear(&job, domain->power->number, iova, pages, page_lg2(guest));
		carry_out(vcpu, actor, domain, &job);
		give_range(vcpu, actor, domain->power, iova, pages);
	}
}

/* ---- devices ---- */

bool power_guest_attach(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op)
{
	if (op->kind != TRACE_ATTACH || !domain->power->is_assigned)
		return false;
	return need_window(vcpu, actor, domain);
}
