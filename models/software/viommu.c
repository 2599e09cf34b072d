/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/viommu.h"

#include <stdlib.h>

#include "models/base/bits.h"
#include "models/base/require.h"
#include "models/iommu/vtd/layout_commands.h"
#include "models/iommu/vtd/layout_tables.h"
#include "models/pagetable/vtd_second_stage.h"

#define RECORD_GPA         0
#define RECORD_PERMISSIONS 1

/* The largest address mask the unit takes (CAP.MAMV).  [QEMU] VTD_MAMV */
#define ADDRESS_MASK_MAX 18u

void viommu_init(struct viommu *viommu, enum viommu_mode mode, struct memory_view guest, const struct pt_rules *rules)
{
	*viommu = (struct viommu){ .mode = mode, .guest = guest, .rules = *rules, .root = PHYS_NONE };
}

void viommu_fini(struct viommu *viommu)
{
	for (unsigned i = 0; i < viommu->space_count; i++)
		ranges_fini(&viommu->space[i].mapped);
	free(viommu->space);
	viommu->space = NULL;
	viommu->space_count = 0;
}

void viommu_set_root(struct viommu *viommu, phys_t root)
{
	viommu->root = root;
}

unsigned viommu_add(struct viommu *viommu, uint16_t source_id)
{
	viommu->space = realloc(viommu->space, (viommu->space_count + 1) * sizeof(*viommu->space));
	REQUIRE(viommu->space);
	viommu->space[viommu->space_count] = (struct viommu_space){ .source_id = source_id };
	ranges_init(&viommu->space[viommu->space_count].mapped);
	return viommu->space_count++;
}

/* ---- the guest's structures ---- */

static uint64_t read_structure(const struct viommu *viommu, struct viommu_command *command, phys_t address)
{
	command->structures_read++;
	return view_read64(viommu->guest, address);
}

/* What a legacy context entry says of a device. */
struct guest_domain {
	phys_t root;
	unsigned levels;
	uint16_t domain_id;
};

/* False: not present, or without translation. */
static bool read_domain(const struct viommu *viommu, struct viommu_command *command, uint16_t source_id,
			struct guest_domain *domain)
{
	if (viommu->root == PHYS_NONE)
		return false;

	uint64_t root = read_structure(viommu, command, viommu->root + (source_id >> 8) * VTD_ROOT_BYTES);

	if (!(root & VTD_ROOT0_P))
		return false;

	phys_t address = (root & VTD_ROOT0_CTP) + (source_id & 0xff) * VTD_CONTEXT_BYTES;
	uint64_t low = read_structure(viommu, command, address);
	uint64_t high = view_read64(viommu->guest, address + 8);
	uint64_t width = FIELD_GET(VTD_CONTEXT1_AW, high);

	if (!(low & VTD_CONTEXT0_P) || FIELD_GET(VTD_CONTEXT0_TT, low) > VTD_TT_DEVICE_TLB || width < VTD_AW_39 ||
	    width > VTD_AW_57)
		return false;
	*domain = (struct guest_domain){
		.root = low & VTD_CONTEXT0_SSPTPTR,
		.levels = 2 + (unsigned)width,
		.domain_id = (uint16_t)FIELD_GET(VTD_CONTEXT1_DID, high),
	};
	return true;
}

/* What the PASID entry of a device's requests without PASID says. */
struct guest_first_stage {
	struct vtd_s1 s1;
	uint16_t domain_id;
	uint32_t pasid;
};

static bool read_first_stage(const struct viommu *viommu, struct viommu_command *command, uint16_t source_id,
			     struct guest_first_stage *found)
{
	if (viommu->root == PHYS_NONE)
		return false;

	/* Functions 0..127 of a bus by word 0 of its root entry, the others by word 1. */
	phys_t root_address = viommu->root + (source_id >> 8) * VTD_ROOT_BYTES + (source_id & 0x80 ? 8 : 0);
	uint64_t root = read_structure(viommu, command, root_address);

	if (!(root & VTD_SROOT_P))
		return false;

	phys_t address = (root & VTD_SROOT_CTP) + (source_id & 0x7f) * VTD_SCONTEXT_BYTES;
	uint64_t low = read_structure(viommu, command, address);
	uint64_t pasid = FIELD_GET(VTD_SCONTEXT1_RID_PASID, view_read64(viommu->guest, address + 8));

	if (!(low & VTD_SCONTEXT0_P) ||
	    FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid) >> (FIELD_GET(VTD_SCONTEXT0_PDTS, low) + 7))
		return false;

	uint64_t directory = read_structure(viommu, command,
					    (low & VTD_SCONTEXT0_PASIDDIRPTR) +
						    FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid) * VTD_PASIDDIR_BYTES);

	if (!(directory & VTD_PASIDDIR_P))
		return false;
	address = (directory & VTD_PASIDDIR_SMPTBLPTR) + FIELD_GET(VTD_PASID_TABLE_INDEX, pasid) * VTD_PASID_BYTES;

	uint64_t entry[8] = { read_structure(viommu, command, address) };

	for (unsigned i = 1; i < 8; i++)
		entry[i] = view_read64(viommu->guest, address + 8 * i);
	found->domain_id = (uint16_t)FIELD_GET(VTD_PASID1_DID, entry[1]);
	found->pasid = (uint32_t)pasid;
	return vtd_s1_from_pasid_entry(entry, &found->s1);
}

/* ---- shadow: walk, compare, record ---- */

static void forget(struct viommu_space *space, iova_t first, iova_t last)
{
	const struct range *mapped;

	while ((mapped = ranges_find(&space->mapped, first, last)))
		ranges_remove(&space->mapped, mapped->first);
}

static void set_call(struct viommu_call *call, enum viommu_call_kind kind, unsigned space, iova_t first, iova_t last)
{
	*call = (struct viommu_call){ .kind = kind, .space = space, .iova = first, .bytes = last - first + 1 };
}

/*
 * What the walk found at [first, last]: a leaf (permissions), or nothing.  True when *call is to be
 * issued.  [QEMU] vtd_page_walk_one
 */
static bool compare(struct viommu *viommu, struct viommu_command *command, iova_t first, iova_t last, phys_t gpa,
		    unsigned permissions, struct viommu_call *call)
{
	unsigned number = command->space - 1;
	struct viommu_space *space = &viommu->space[number];
	const struct range *mapped = ranges_find(&space->mapped, first, last);
	struct range found = { .first = first, .last = last, .value = { gpa, permissions } };

	if (!permissions) {
		if (!mapped)
			return false;
		forget(space, first, last);
		set_call(call, VIOMMU_UNMAP, number, first, last);
		return true;
	}
	bool replaces = mapped != NULL;

	if (replaces) {
		if (mapped->first == first && mapped->last == last && mapped->value[RECORD_GPA] == gpa &&
		    mapped->value[RECORD_PERMISSIONS] == permissions)
			return false;
		forget(space, first, last);
		set_call(call, VIOMMU_UNMAP, number, first, last);
	}
	ranges_insert(&space->mapped, &found);

	struct viommu_call *map = replaces ? &command->remap : call;

	command->remap_pending = replaces;
	set_call(map, VIOMMU_MAP, number, first, last);
	map->gpa = gpa;
	map->permissions = PT_READ | (permissions & PT_WRITE);
	return true;
}

static void walk_begin_range(const struct viommu *viommu, struct viommu_command *command,
			     const struct guest_domain *domain, iova_t first, iova_t last)
{
	struct viommu_walk *walk = &command->walk;
	unsigned top = domain->levels - 1, width = pt_entry_lg2(domain->levels);

	if (width > viommu->rules.input_width_lg2)
		width = viommu->rules.input_width_lg2;
	iova_t limit = (UINT64_C(1) << width) - 1;

	if (first > limit)
		return;
	*walk = (struct viommu_walk){ .rules = viommu->rules, .level = top, .next = first };
	walk->rules.levels = domain->levels;
	walk->table[top] = domain->root;
	walk->permissions[top] = PT_READ | PT_WRITE;
	walk->last = last < limit ? last : limit;
	command->doing = VIOMMU_WALKING;
}

/* Reads one entry.  True when it led to a call. */
static bool walk_step(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call)
{
	struct viommu_walk *walk = &command->walk;
	unsigned level = walk->level;
	iova_t first = walk->next & ~(pt_entry_bytes(level) - 1), last = first + pt_entry_bytes(level) - 1;
	uint64_t word = view_read64(viommu->guest, pt_slot(walk->table[level], level, first));
	struct pt_entry entry;

	command->entries_read++;
	vtd_second_stage.decode(&walk->rules, word, level, &entry);

	unsigned permissions = entry.kind == PT_NOT_PRESENT ? 0 : entry.permissions & walk->permissions[level];

	if (entry.kind == PT_TABLE && permissions) {
		walk->level = level - 1;
		walk->table[level - 1] = entry.address;
		walk->permissions[level - 1] = permissions;
		return false;
	}
	if (last >= walk->last)
		command->doing = VIOMMU_IDLE;
	walk->next = last + 1;
	while (walk->level + 1 < walk->rules.levels && pt_index(walk->level, walk->next) == 0)
		walk->level++;
	if (entry.kind == PT_RESERVED_BIT)
		return false;
	return compare(viommu, command, first, last, entry.address, permissions, call);
}

/*
 * A device left its domain: its whole space is unmapped in naturally aligned pieces, around the interrupt
 * window.  [QEMU] vtd_address_space_unmap
 */
static void drop_step(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call)
{
	iova_t limit = (UINT64_C(1) << viommu->rules.input_width_lg2) - 1;
	iova_t first = command->drop_next;
	iova_t end = first < INTERRUPT_RANGE_FIRST ? INTERRUPT_RANGE_FIRST - 1 : limit;
	uint64_t bytes = first ? FIELD_UNIT(first) : limit + 1;

	while (bytes - 1 > end - first)
		bytes >>= 1;
	forget(&viommu->space[command->space - 1], first, first + bytes - 1);
	set_call(call, VIOMMU_UNMAP, command->space - 1, first, first + bytes - 1);
	command->drop_next = first + bytes;
	if (command->drop_next == INTERRUPT_RANGE_FIRST)
		command->drop_next = INTERRUPT_RANGE_LAST + 1;
	if (command->drop_next > limit)
		command->doing = VIOMMU_IDLE;
}

/* Does a context-cache descriptor concern this device?  Domain-selective is done as global.  [QEMU] */
static bool context_matches(const struct viommu_command *command, uint16_t source_id)
{
	uint64_t word = command->word[0];

	if (FIELD_GET(VTD_CC_INV0_G, word) != VTD_CC_DEVICE)
		return true;

	uint64_t mask = 0xffff & ~(uint64_t)VTD_FM_IGNORED(FIELD_GET(VTD_CC_INV0_FM, word));

	return (source_id & mask) == (FIELD_GET(VTD_CC_INV0_SID, word) & mask);
}

/* Starts what the descriptor asks of the device command->space - 1. */
static void shadow_space(struct viommu *viommu, struct viommu_command *command)
{
	const struct viommu_space *space = &viommu->space[command->space - 1];
	struct guest_domain domain;
	uint64_t granularity = FIELD_GET(VTD_IOTLB_INV0_G, command->word[0]);
	bool whole = command->kind == VIOMMU_CONTEXT || granularity == VTD_IOTLB_GLOBAL;

	if (command->kind == VIOMMU_CONTEXT && !context_matches(command, space->source_id))
		return;
	if (!read_domain(viommu, command, space->source_id, &domain)) {
		if (whole) {
			command->doing = VIOMMU_DROPPING;
			command->drop_next = 0;
		}
		return;
	}
	if (!whole && domain.domain_id != FIELD_GET(VTD_IOTLB_INV0_DID, command->word[0]))
		return;
	if (whole || granularity == VTD_IOTLB_DOMAIN) {
		walk_begin_range(viommu, command, &domain, 0, UINT64_MAX);
		return;
	}
	uint64_t bytes = PAGE_BYTES << FIELD_GET(VTD_IOTLB_INV1_AM, command->word[1]);
	iova_t first = command->word[1] & VTD_IOTLB_INV1_ADDR & ~(bytes - 1);

	walk_begin_range(viommu, command, &domain, first, first + bytes - 1);
}

/* ---- nested: attach and pass on ---- */

static bool same_s1(const struct vtd_s1 *a, const struct vtd_s1 *b)
{
	return a->supervisor_request == b->supervisor_request && a->extended_accessed == b->extended_accessed &&
	       a->write_protect == b->write_protect && a->root == b->root && a->levels == b->levels;
}

/* The PASID entry may have changed.  True when *call is to be issued. */
static bool refresh_first_stage(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call)
{
	struct viommu_space *space = &viommu->space[command->space - 1];
	struct guest_first_stage found;
	bool present = read_first_stage(viommu, command, space->source_id, &found);

	if (!present) {
		bool was = space->attached;

		space->attached = false;
		*call = (struct viommu_call){ .kind = VIOMMU_DETACH, .space = command->space - 1 };
		return was;
	}
	if (space->attached && same_s1(&space->s1, &found.s1) && space->domain_id == found.domain_id)
		return false;
	space->attached = true;
	space->s1 = found.s1;
	space->domain_id = found.domain_id;
	space->pasid = found.pasid;
	*call = (struct viommu_call){ .kind = VIOMMU_ATTACH, .space = command->space - 1, .s1 = found.s1 };
	return true;
}

static bool pasid_cache_matches(const struct viommu_command *command, const struct viommu_space *space)
{
	uint64_t word = command->word[0], granularity = FIELD_GET(VTD_PC_INV0_G, word);

	if (!space->attached || granularity == VTD_PC_GLOBAL)
		return true;
	return FIELD_GET(VTD_PC_INV0_DID, word) == space->domain_id &&
	       (granularity == VTD_PC_DOMAIN || FIELD_GET(VTD_PC_INV0_PASID, word) == space->pasid);
}

/* The request that a descriptor means for this device; false: none. */
static bool invalidation_of(const struct viommu_command *command, const struct viommu_space *space,
			    struct vtd_s1_invalidation *request)
{
	const uint64_t *word = command->word;

	*request = (struct vtd_s1_invalidation){ .npages = UINT64_MAX };
	if (!space->attached)
		return false;
	if (command->kind == VIOMMU_IOTLB) {
		/* Page-selective: second-stage translations only, and the guest has none. */
		uint64_t granularity = FIELD_GET(VTD_IOTLB_INV0_G, word[0]);

		return granularity == VTD_IOTLB_GLOBAL ||
		       (granularity == VTD_IOTLB_DOMAIN && FIELD_GET(VTD_IOTLB_INV0_DID, word[0]) == space->domain_id);
	}
	if (FIELD_GET(VTD_P_IOTLB_INV0_DID, word[0]) != space->domain_id ||
	    FIELD_GET(VTD_P_IOTLB_INV0_PASID, word[0]) != space->pasid)
		return false;
	if (FIELD_GET(VTD_P_IOTLB_INV0_G, word[0]) == VTD_P_IOTLB_PAGE) {
		request->npages = UINT64_C(1) << FIELD_GET(VTD_P_IOTLB_INV1_AM, word[1]);
		request->addr = word[1] & VTD_P_IOTLB_INV1_ADDR & ~(request->npages * PAGE_BYTES - 1);
		request->leaf = word[1] & VTD_P_IOTLB_INV1_IH;
	}
	return true;
}

/* What the descriptor asks of the device command->space - 1; true when *call is to be issued. */
static bool nested_space(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call)
{
	const struct viommu_space *space = &viommu->space[command->space - 1];
	struct vtd_s1_invalidation request;

	if (command->kind == VIOMMU_CONTEXT)
		return context_matches(command, space->source_id) && refresh_first_stage(viommu, command, call);
	if (command->kind == VIOMMU_PASID_CACHE)
		return pasid_cache_matches(command, space) && refresh_first_stage(viommu, command, call);
	if (!invalidation_of(command, space, &request))
		return false;
	*call = (struct viommu_call){ .kind = VIOMMU_INVALIDATE, .space = command->space - 1, .invalidation = request };
	return true;
}

/* ---- a descriptor ---- */

/*
 * Reserved granularities and address masks make the descriptor invalid.
 * [VTD] "Hardware Handling of Queued Invalidation Interface Errors"
 */
static enum viommu_command_kind kind_of(const uint64_t word[2])
{
	switch ((enum vtd_inv_type)VTD_INV_TYPE(word[0])) {
	case VTD_INV_CONTEXT:
		return FIELD_GET(VTD_CC_INV0_G, word[0]) ? VIOMMU_CONTEXT : VIOMMU_INVALID;
	case VTD_INV_IOTLB:
		if (!FIELD_GET(VTD_IOTLB_INV0_G, word[0]) || (FIELD_GET(VTD_IOTLB_INV0_G, word[0]) == VTD_IOTLB_PAGE &&
							      FIELD_GET(VTD_IOTLB_INV1_AM, word[1]) > ADDRESS_MASK_MAX))
			return VIOMMU_INVALID;
		return VIOMMU_IOTLB;
	case VTD_INV_PASID_IOTLB:
		if (FIELD_GET(VTD_P_IOTLB_INV0_G, word[0]) < VTD_P_IOTLB_PASID ||
		    (FIELD_GET(VTD_P_IOTLB_INV0_G, word[0]) == VTD_P_IOTLB_PAGE &&
		     FIELD_GET(VTD_P_IOTLB_INV1_AM, word[1]) > ADDRESS_MASK_MAX))
			return VIOMMU_INVALID;
		return VIOMMU_PASID_IOTLB;
	case VTD_INV_PASID_CACHE:
		return FIELD_GET(VTD_PC_INV0_G, word[0]) == 2 ? VIOMMU_INVALID : VIOMMU_PASID_CACHE;
	case VTD_INV_WAIT:
		return VIOMMU_WAIT;
	case VTD_INV_DEVICE_TLB:
	case VTD_INV_INTERRUPT:
	case VTD_INV_PASID_DEVICE_TLB:
	case VTD_INV_PAGE_GROUP_RESPONSE:
		return VIOMMU_OTHER;
	}
	return VIOMMU_INVALID;
}

void viommu_begin(struct viommu *viommu, struct viommu_command *command, const uint64_t word[2])
{
	(void)viommu;
	*command = (struct viommu_command){ .word = { word[0], word[1] }, .kind = kind_of(word) };
	command->interrupt = command->kind == VIOMMU_WAIT && word[0] & VTD_WAIT0_IF;
}

static bool concerns_devices(const struct viommu *viommu, const struct viommu_command *command)
{
	if (command->kind == VIOMMU_CONTEXT || command->kind == VIOMMU_IOTLB)
		return true;
	return viommu->mode == VIOMMU_NESTED &&
	       (command->kind == VIOMMU_PASID_CACHE || command->kind == VIOMMU_PASID_IOTLB);
}

/* The status word of a wait descriptor, once. */
static void complete(struct viommu *viommu, struct viommu_command *command)
{
	if (command->kind != VIOMMU_WAIT || !(command->word[0] & VTD_WAIT0_SW) || command->status_written)
		return;

	/* Half of an aligned word. */
	phys_t address = command->word[1] & VTD_WAIT1_STADDR;
	unsigned shift = address & 4 ? 32 : 0;
	uint64_t word = view_read64(viommu->guest, address & ~UINT64_C(7));

	word &= ~(UINT64_C(0xffffffff) << shift);
	word |= FIELD_GET(VTD_WAIT0_STDATA, command->word[0]) << shift;
	view_write64(viommu->guest, address & ~UINT64_C(7), word);
	command->status_written = true;
}

/* One step of what is being done.  True when *call is to be issued; *done: the descriptor is finished. */
static bool step(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call, bool *done)
{
	if (command->remap_pending) {
		command->remap_pending = false;
		*call = command->remap;
		return true;
	}
	if (command->doing == VIOMMU_WALKING)
		return walk_step(viommu, command, call);
	if (command->doing == VIOMMU_DROPPING) {
		drop_step(viommu, command, call);
		return true;
	}
	*done = !concerns_devices(viommu, command) || command->space == viommu->space_count;
	if (*done)
		return false;
	command->space++;
	if (viommu->mode == VIOMMU_NESTED)
		return nested_space(viommu, command, call);
	shadow_space(viommu, command);
	return false;
}

bool viommu_next(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call)
{
	for (bool done = false; !done;)
		if (step(viommu, command, call, &done))
			return true;
	complete(viommu, command);
	return false;
}
