/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/vtd/world.h"

/* clang-format off */
#define AMPLE { .entries = 1024, .ways = 1024 }
/* clang-format on */

const struct iommu_cache_config world_no_caches;
const struct iommu_cache_config world_caches = { .iotlb = AMPLE,
						 .device = AMPLE,
						 .walk = { AMPLE, AMPLE, AMPLE, AMPLE } };

struct vtd_features world_features(void)
{
	return (struct vtd_features){
		.scalable = true,
		.nested = true,
		.pass_through = true,
		.queued_invalidation = true,
		.snoop_control = true,
		.second_stage_flags = true,
		.device_tlb = true,
		.second_stage_levels = 5,
		.first_stage_levels = 5,
		.page_size_limit_lg2 = 30,
		.fault_records = 8,
		.domain_bits = 16,
		.host_address_width = 46,
	};
}

void world_init(struct world *world, const struct vtd_features *features, const struct iommu_cache_config *caches)
{
	world_init_with(world, features, caches, 0, 0);
}

void world_init_with(struct world *world, const struct vtd_features *features, const struct iommu_cache_config *caches,
		     uint64_t more_ecap, uint8_t version)
{
	struct vtd_config config = { .caches = *caches, .seed = 1, .version = version };
	struct err err = { 0 };

	*world = (struct world){ .memory = memory_create(), .scalable = features->scalable };
	vtd_capabilities(features, &config);
	config.extended_capability |= more_ecap;
	world->unit = vtd_create(&config, &err);
	ck_assert_msg(world->unit, "%s", err.text);
	frames_init(&world->frames, 0x100000, 0x10000000);
	frames_init(&world->guest_frames, 0x200000, 0x2000000);
	world->root = frames_alloc(&world->frames);
	world->contexts[0] = frames_alloc(&world->frames);
	world->contexts[1] = frames_alloc(&world->frames);
	world->queue = frames_alloc_contiguous(&world->frames, 2);
	memory_write64(world->memory, world->root + 3 * 16, world->contexts[0] | 1);
	if (world->scalable)
		memory_write64(world->memory, world->root + 3 * 16 + 8, world->contexts[1] | 1);
}

void world_fini(struct world *world)
{
	world->unit->ops->destroy(world->unit);
	memory_destroy(world->memory);
	frames_fini(&world->frames);
	frames_fini(&world->guest_frames);
}

void world_start(struct world *world)
{
	/* RTADDR.TTM = 01b: scalable.  IQA: 2 pages; of 256 descriptors, of 32 bytes (DW) in scalable mode. */
	world_set_register(world, 0x20, 8, world->root | (world->scalable ? 1 << 10 : 0));
	world_set_register(world, 0x90, 8, world->queue | 1 | (world->scalable ? 1 << 11 : 0));
	world_set_register(world, 0x18, 4, 1u << 30);            /* SRTP */
	world_set_register(world, 0x18, 4, 1u << 31 | 1u << 26); /* TE, QIE */
}

/* ---- tables ---- */

struct tables world_second_stage(struct world *world, unsigned levels)
{
	return (struct tables){ frames_alloc(&world->frames), levels, SS_TABLE, 0 };
}

struct tables world_first_stage(struct world *world, unsigned levels, bool in_guest)
{
	phys_t root = frames_alloc(in_guest ? &world->guest_frames : &world->frames);

	return (struct tables){ root, levels, FS_TABLE, in_guest ? GUEST : 0 };
}

phys_t world_slot(struct world *world, const struct tables *tables, unsigned level, uint64_t address)
{
	phys_t table = tables->root;

	for (unsigned at = tables->levels - 1;; at--) {
		phys_t slot = tables->offset + table + (address >> (12 + 9 * at) & 511) * 8;
		uint64_t word = memory_read64(world->memory, slot);

		if (at == level)
			return slot;
		if (word == 0) {
			word = frames_alloc(tables->offset ? &world->guest_frames : &world->frames) |
			       tables->table_bits;
			memory_write64(world->memory, slot, word);
		}
		table = word & UINT64_C(0xffffffffff000);
	}
}

void world_map(struct world *world, const struct tables *tables, unsigned level, uint64_t address, uint64_t word)
{
	memory_write64(world->memory, world_slot(world, tables, level, address), word);
}

void world_map_guest(struct world *world, const struct tables *second)
{
	for (uint64_t page = 0; page < 0x2000000; page += 0x200000)
		world_map(world, second, 1, page, (page + GUEST) | SS_RW | PAGE_SIZE_BIT);
}

/* ---- device structures ---- */

static uint64_t width_of(const struct tables *tables)
{
	return tables->levels - 2; /* AW: 1 = 39, 2 = 48, 3 = 57 bits */
}

phys_t world_attach_legacy(struct world *world, uint16_t source_id, uint16_t domain, const struct tables *second)
{
	phys_t entry = world->contexts[0] + (source_id & 0xff) * 16;

	memory_write64(world->memory, entry, second->root | 1);
	memory_write64(world->memory, entry + 8, width_of(second) | (uint64_t)domain << 8);
	return entry;
}

phys_t world_attach_scalable(struct world *world, uint16_t source_id)
{
	phys_t entry = world->contexts[(source_id & 0xff) >> 7] + (source_id & 0x7f) * 32;

	memory_write64(world->memory, entry, frames_alloc(&world->frames) | 1 << 3 | 1);
	return entry;
}

phys_t world_pasid_slot(struct world *world, uint16_t source_id, uint32_t pasid)
{
	phys_t entry = world->contexts[(source_id & 0xff) >> 7] + (source_id & 0x7f) * 32;
	phys_t slot = (memory_read64(world->memory, entry) & ~UINT64_C(0xfff)) + (pasid >> 6) * 8;

	if (memory_read64(world->memory, slot) == 0)
		memory_write64(world->memory, slot, frames_alloc(&world->frames) | 1);
	return (memory_read64(world->memory, slot) & ~UINT64_C(0xfff)) + (pasid & 63) * 64;
}

void world_set_pasid(struct world *world, uint16_t source_id, uint32_t pasid, uint16_t domain,
		     const struct tables *first, const struct tables *second)
{
	phys_t entry = world_pasid_slot(world, source_id, pasid);
	uint64_t type = first && second ? 3 : first ? 1 : second ? 2 : 4; /* PGTT */
	uint64_t width = second ? width_of(second) : 3;

	memory_write64(world->memory, entry, 1 | width << 2 | type << 6 | (second ? second->root : 0));
	memory_write64(world->memory, entry + 8, domain | 1 << 23);
	memory_write64(world->memory, entry + 16, first ? first->root | (first->levels == 5 ? 1 << 2 : 0) : 0);
}

void world_set_bits(struct world *world, phys_t address, uint64_t bits)
{
	memory_write64(world->memory, address, memory_read64(world->memory, address) | bits);
}

void world_clear_bits(struct world *world, phys_t address, uint64_t bits)
{
	memory_write64(world->memory, address, memory_read64(world->memory, address) & ~bits);
}

/* ---- requests ---- */

/* Memory but for world->hole. */
static bool access_but_hole(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct world *world = argument;

	if (access->address >> 12 == world->hole >> 12 && access->want == world->hole_want)
		return false;
	iommu_access_now(world->memory, access, words);
	return true;
}

void world_request(struct world *world, const struct iommu_request *request)
{
	iommu_translate_through(world->unit, access_but_hole, world, &world->t, request);
}

void world_make_hole(struct world *world, phys_t address, enum iommu_want want)
{
	world->hole = address;
	world->hole_want = want;
}

void world_dma(struct world *world, uint16_t source_id, uint32_t pasid, uint64_t iova, bool write)
{
	struct iommu_request request = {
		.source_id = source_id,
		.has_pasid = pasid != NO_PASID,
		.pasid = pasid == NO_PASID ? 0 : pasid,
		.iova = iova,
		.write = write,
	};

	iommu_translate_now(world->unit, world->memory, &world->t, &request);
}

void expect_output(const struct world *world, phys_t output, unsigned size_lg2)
{
	ck_assert_msg(world->t.status == IOMMU_TRANSLATED, "%s", vtd_fault_text(world->t.fault_reason));
	ck_assert_uint_eq(world->t.output, output);
	ck_assert_uint_eq(world->t.size_lg2, size_lg2);
}

void expect_fault(const struct world *world, enum vtd_fault_reason reason)
{
	ck_assert_int_eq(world->t.status, IOMMU_FAULT);
	ck_assert_msg(world->t.fault_reason == reason, "fault %s instead of %s", vtd_fault_text(world->t.fault_reason),
		      vtd_fault_text(reason));
}

void expect_reads(const struct world *world, unsigned device, unsigned first, unsigned second)
{
	ck_assert_uint_eq(world->t.reads[IOMMU_FOR_DEVICE], device);
	ck_assert_uint_eq(world->t.reads[IOMMU_FOR_FIRST_STAGE], first);
	ck_assert_uint_eq(world->t.reads[IOMMU_FOR_SECOND_STAGE], second);
}

/* ---- registers and queue ---- */

uint64_t world_register(struct world *world, unsigned offset, unsigned bytes)
{
	return world->unit->ops->register_read(world->unit, offset, bytes);
}

void world_set_register(struct world *world, unsigned offset, unsigned bytes, uint64_t value)
{
	world->unit->ops->register_write(world->unit, offset, bytes, value);
}

void world_command(struct world *world, uint64_t word0, uint64_t word1)
{
	unsigned bytes = world->scalable ? 32 : 16;

	memory_write64(world->memory, world->queue + world->tail, word0);
	memory_write64(world->memory, world->queue + world->tail + 8, word1);
	world->tail = (world->tail + bytes) % 0x2000;
	world_set_register(world, 0x88, 8, world->tail);
	iommu_drain_queue_now(world->unit, world->memory);
}
