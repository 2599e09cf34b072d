/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/vtd/twin_world.h"

#include <stdio.h>
#include <string.h>

#include "models/base/require.h"
#include "models/iommu/vtd/vtd.h"

#define HOST_WIDTH 46u
#define ROOT       UINT64_C(0x20000)

const uint16_t twin_sources[4] = { 0x0308, 0x030a, 0x0390, 0x1001 };
const uint32_t twin_pasids[3] = { 1, 2, 66 };

/* ---- words ---- */

uint64_t twin_any_page(struct twin_world *world, unsigned levels)
{
	uint64_t address = 0;

	for (unsigned level = 0; level < levels; level++)
		address |= twin_below(world, 2) << (12 + 9 * level);
	return address;
}

static uint64_t any_frame(struct twin_world *world, uint64_t base)
{
	return base | twin_below(world, 2) << 12 | twin_below(world, 2) << 21;
}

static uint64_t first_word(struct twin_world *world, const struct twin_domain *domain)
{
	bool nested = domain->type == 3, large = twin_one_in(world, 12);
	uint64_t word = nested ? twin_any_page(world, domain->second_levels) : any_frame(world, domain->first_base);

	if (large)
		word = (twin_one_in(world, 3) ? word & 0x1fffe00000 : word >> 30 << 30) | 1 << 7;
	word |= twin_one_in(world, 8) ? 1 : 3;
	word |= twin_one_in(world, 12) ? 0 : 1 << 2;
	word |= twin_below(world, 4) << 5 | twin_below(world, 2) << 63 | twin_below(world, 2) << 11;
	if (twin_one_in(world, 80))
		word |= UINT64_C(1) << 50;
	if (twin_one_in(world, 80))
		word |= UINT64_C(1) << 45; /* beyond the second stage */
	return twin_one_in(world, 40) ? word & ~UINT64_C(1) : word;
}

static uint64_t second_word(struct twin_world *world, const struct twin_domain *domain)
{
	bool large = twin_one_in(world, 12);
	/* The frames of a nested first stage are what its second stage leads to, and pages as good as any. */
	uint64_t word = any_frame(world, domain->type == 3 && (large || twin_below(world, 3)) ? domain->first_base
											      : domain->second_base);

	if (large)
		word = (twin_one_in(world, 3) ? word >> 21 << 21 : word >> 30 << 30) | 1 << 7;
	else if (twin_one_in(world, 30))
		word = 0xfee00000;
	word |= twin_one_in(world, 10) ? twin_below(world, 4) : 3;
	word |= twin_below(world, 4) << 8 | twin_below(world, 2) << 52 | twin_below(world, 2) << 61;
	if (twin_one_in(world, 80))
		word |= UINT64_C(1) << (twin_one_in(world, 2) ? 62 : 50);
	if (twin_one_in(world, 60))
		word |= 1 << 11;
	return word;
}

/* ---- what lies in a frame, and changes ---- */

static const struct twin_frame *frame_of(const struct twin_world *world, uint64_t address)
{
	for (unsigned i = 0; i < world->frames; i++)
		if (world->frame[i].base == address >> 12 << 12)
			return &world->frame[i];
	return NULL;
}

static const struct twin_frame *any_of_kind(struct twin_world *world, unsigned kind)
{
	const struct twin_frame *frame;

	do
		frame = &world->frame[twin_below(world, world->frames)];
	while (frame->kind != kind);
	return frame;
}

void twin_note(struct twin_world *world)
{
	struct twin_walk walk;

	for (unsigned i = 0; i < TWIN_FLIGHTS; i++) {
		struct twin_flight *flight = &world->flight[i];

		if (!flight->is_under_way || world->model.is_cut)
			continue;
		for (bool more = twin_first(&world->model, &walk, &flight->translation.request, flight->begin); more;
		     more = twin_next(&world->model, &walk)) {
			world->ways++;
			twin_join(&world->model);
		}
		twin_end(&world->model);
	}
}

/* An entry of count words, changed at one moment. */
static void set_words(struct twin_world *world, uint64_t address, const uint64_t *words, unsigned count)
{
	twin_note(world);
	twin_write(&world->model, address, words, count);
}

void twin_set_word(struct twin_world *world, uint64_t address, uint64_t word)
{
	set_words(world, address, &word, 1);
}

/* Bits that spoil an entry now and then. */
static uint64_t spoilt(struct twin_world *world, uint64_t word, uint64_t reserved)
{
	if (twin_one_in(world, 60))
		return word & ~UINT64_C(1);
	return twin_one_in(world, 60) ? word | reserved : word;
}

/* FPD: it is bit 1 wherever there is one. */
static uint64_t silence(struct twin_world *world)
{
	return twin_one_in(world, 6) ? 2 : 0;
}

/* DID, with a bit that the unit lacks now and then. */
static uint64_t domain_of(struct twin_world *world, unsigned id)
{
	bool is_spoilt = world->unit.domain_bits < 16 && twin_one_in(world, 40);

	return id | (is_spoilt ? UINT64_C(1) << world->unit.domain_bits : 0);
}

static void set_context(struct twin_world *world, uint64_t entry)
{
	unsigned id = 1 + (unsigned)twin_below(world, world->domains);
	const struct twin_domain *domain = &world->domain[id];
	bool passes = twin_one_in(world, 20);
	/* What passes through must name the largest width. */
	uint64_t aw = (passes ? world->unit.second_levels : domain->second_levels) - 2, word[2];

	word[0] = spoilt(world, domain->second_root | (passes ? 2 << 2 : 0) | silence(world) | 1, UINT64_C(1) << 47);
	word[1] = domain_of(world, id) << 8 | aw | (twin_one_in(world, 40) ? UINT64_C(1) << 30 : 0);
	set_words(world, entry, word, 2);
}

static void set_scalable_context(struct twin_world *world, uint64_t entry)
{
	static const uint32_t rid_pasids[] = { 0, 0, 0, 0, 1, 2, 66, 0x2001 }; /* the last: beyond the directory */
	uint64_t bits = twin_one_in(world, 20) ? 1 : 9;                        /* P, PASIDE */
	uint64_t word[2] = { any_of_kind(world, TWIN_DIRECTORY)->base | bits | silence(world),
			     rid_pasids[twin_below(world, twin_one_in(world, 4) ? 8 : 7)] };

	word[0] = spoilt(world, word[0], 1 << 7);
	set_words(world, entry, word, 2);
}

static void set_pasid(struct twin_world *world, uint64_t entry)
{
	unsigned id = 1 + (unsigned)twin_below(world, world->domains), slot = (unsigned)(entry & 0xfff) / 64;
	const struct twin_domain *domain = &world->domain[id];
	unsigned aw = (domain->second_levels ? domain->second_levels : world->unit.second_levels) - 2;
	uint64_t word[3] = { domain->second_root | (domain->flags ? 1 << 9 : 0) | domain->type << 6 | aw << 2 | 1,
			     domain_of(world, id) | (twin_one_in(world, 10) == world->unit.snoops ? 0 : 1 << 23),
			     domain->first_root[slot] | (domain->first_levels == 5 ? 1 << 2 : 0) };

	word[0] = spoilt(world, word[0], 1 << 10) | silence(world);
	word[2] |= twin_below(world, 2) << 4 | (twin_one_in(world, 5) ? 0 : 1);
	word[2] |= twin_one_in(world, world->unit.extended ? 2 : 60) ? 1 << 7 : 0; /* EAFE */
	set_words(world, entry, word, 3);
}

/* Another word, or entry, where this address lies. */
static void change(struct twin_world *world, uint64_t address)
{
	const struct twin_frame *frame = frame_of(world, address);
	uint64_t word;

	if (!frame)
		return;
	switch (frame->kind) {
	case TWIN_ROOT:
		word = any_of_kind(world, TWIN_CONTEXTS)->base | 1;
		if (world->unit.is_scalable || !(address & 8))
			twin_set_word(world, address, spoilt(world, word, 2));
		break;
	case TWIN_CONTEXTS:
		if (world->unit.is_scalable)
			set_scalable_context(world, address >> 5 << 5);
		else
			set_context(world, address >> 4 << 4);
		break;
	case TWIN_DIRECTORY:
		word = any_of_kind(world, TWIN_PASIDS)->base | silence(world) | 1;
		twin_set_word(world, address, spoilt(world, word, 4));
		break;
	case TWIN_PASIDS:
		set_pasid(world, address >> 6 << 6);
		break;
	case TWIN_FIRSTS:
		word = memory_read64(world->memory, address);
		/* Now and then only flags or permissions. */
		twin_set_word(world, address,
			      twin_one_in(world, 4) ? word ^ (UINT64_C(1) << twin_below(world, 7))
						    : first_word(world, &world->domain[frame->domain]));
		break;
	case TWIN_SECONDS:
		word = memory_read64(world->memory, address);
		twin_set_word(world, address,
			      twin_one_in(world, 4)
				      ? word ^ (twin_one_in(world, 2) ? 1 : UINT64_C(1) << (8 + twin_below(world, 2)))
				      : second_word(world, &world->domain[frame->domain]));
		break;
	}
}

void twin_change(struct twin_world *world)
{
	static const uint64_t index[] = { 0, 1, 511 };

	if (world->traces && twin_below(world, 4)) {
		change(world, world->trace[twin_below(world, world->traces)]);
		return;
	}
	const struct twin_frame *frame = &world->frame[twin_below(world, world->frames)];

	if (frame->kind >= TWIN_FIRSTS)
		change(world, frame->base + 8 * index[twin_below(world, 3)]);
}

/* ---- a world ---- */

static uint64_t add_frame(struct twin_world *world, uint64_t base, unsigned kind, unsigned domain)
{
	REQUIRE(world->frames < TWIN_FRAMES);
	world->frame[world->frames++] = (struct twin_frame){ base, kind, domain };
	return base;
}

static void add_frames(struct twin_world *world, uint64_t base, unsigned kind, unsigned domain)
{
	for (uint64_t i = 0; i < 4; i++)
		add_frame(world, base | (i & 1) << 12 | (i >> 1) << 21, kind, domain);
}

/* More than the unit walks only now and then. */
static unsigned levels_of(struct twin_world *world, unsigned levels, unsigned most)
{
	return levels > most && twin_below(world, 8) ? most : levels;
}

static void add_domain(struct twin_world *world, unsigned type, unsigned second_levels, bool flags)
{
	unsigned id = ++world->domains;
	struct twin_domain *domain = &world->domain[id];

	second_levels = type & 2 ? levels_of(world, second_levels, world->unit.second_levels) : 0;

	*domain = (struct twin_domain){ .type = type,
					.first_levels = type & 1 ? levels_of(world, 4 + (unsigned)twin_below(world, 2),
									     world->unit.first_levels)
								 : 0,
					.second_levels = second_levels,
					.flags = flags,
					.first_base = (uint64_t)(2 * id + 1) << 30,
					.second_base = (uint64_t)(2 * id + 2) << 30 };
	if (type & 1)
		add_frames(world, domain->first_base, TWIN_FIRSTS, id);
	if (type & 2)
		add_frames(world, domain->second_base, TWIN_SECONDS, id);
	domain->second_root = type & 2 ? domain->second_base : 0;
	for (unsigned i = 0; type & 1 && i < 3; i++)
		domain->first_root[i] =
			type == 3 ? twin_any_page(world, second_levels) : any_frame(world, domain->first_base);
}

static struct cache_geometry any_geometry(struct twin_world *world)
{
	uint32_t ways = 1u << twin_below(world, 3), sets = 1u << twin_below(world, 3);

	return (struct cache_geometry){ .entries = twin_one_in(world, 5) ? 0 : ways * sets,
					.ways = ways,
					.replacement = (enum cache_replacement)twin_below(world, 3) };
}

static void set_caches(struct twin_world *world, struct iommu_cache_config *caches)
{
	static const struct cache_geometry large = { .entries = 1024, .ways = 1024 }, none = { .ways = 1 };
	enum twin_setup setup = world->setup;
	bool tiny = setup == TWIN_TINY || (setup == TWIN_INTERLEAVED && twin_one_in(world, 2));
	bool pages = setup != TWIN_NO_CACHES && setup != TWIN_WALK_ONLY;
	bool tables = setup != TWIN_NO_CACHES && setup != TWIN_IOTLB_ONLY;
	bool device = pages ? setup != TWIN_IOTLB_ONLY || twin_below(world, 2) : tables && twin_below(world, 2);

	caches->iotlb = tiny ? any_geometry(world) : pages ? large : none;
	caches->device = tiny ? any_geometry(world) : device ? large : none;
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
		caches->walk[level] = tiny ? any_geometry(world) : tables ? large : none;
	for (unsigned kind = 0; kind < TWIN_KINDS; kind++)
		world->model.keeps[kind] = kind == TWIN_IOTLB   ? caches->iotlb.entries
					   : kind <= TWIN_PASID ? caches->device.entries
								: tiny || tables;
	world->model.is_exact = setup == TWIN_FORETOLD;
}

static void create_unit(struct twin_world *world)
{
	struct vtd_features features = {
		.scalable = world->unit.is_scalable,
		.nested = world->unit.is_scalable,
		.pass_through = true,
		.queued_invalidation = true,
		.snoop_control = true,
		.non_coherent_walks = !world->unit.snoops,
		.input_width = world->unit.guest_width,
		.second_stage_flags = world->unit.is_scalable && world->unit.snoops,
		.second_stage_levels = world->unit.second_levels,
		.first_stage_levels = world->unit.first_levels,
		.page_size_limit_lg2 = world->unit.second_1g ? 30 : 21,
		.fault_records = 1,
		.domain_bits = world->unit.domain_bits,
		.host_address_width = HOST_WIDTH,
	};
	struct vtd_config config = { .seed = world->seed };
	struct err err = { 0 };

	set_caches(world, &config.caches);
	vtd_capabilities(&features, &config);
	config.extended_capability |= world->unit.extended ? UINT64_C(1) << 34 : 0; /* EAFS */
	world->iommu = vtd_create(&config, &err);
	REQUIRE(world->iommu);
	world->ivt = (unsigned)(world->iommu->ops->register_read(world->iommu, 0x10, 8) >> 8 & 0x3ff) * 16;
}

static void start_unit(struct twin_world *world)
{
	struct iommu *iommu = world->iommu;
	bool scalable = world->unit.is_scalable;

	iommu->ops->register_write(iommu, 0x20, 8, ROOT | (scalable ? 1 << 10 : 0));
	iommu->ops->register_write(iommu, 0x90, 8, TWIN_QUEUE | (scalable ? 1 << 11 : 0));
	iommu->ops->register_write(iommu, 0x18, 4, 1u << 30);
	iommu->ops->register_write(iommu, 0x18, 4, 1u << 31 | (world->by_registers ? 0 : 1u << 26));
}

/* Every entry that a request can come by. */
static void fill(struct twin_world *world)
{
	for (unsigned i = 0; i < world->frames; i++) {
		const struct twin_frame *frame = &world->frame[i];

		for (unsigned k = 0; k < 4; k++) {
			bool scalable = world->unit.is_scalable;
			unsigned root = (twin_sources[k] >> 8) * 16u + (scalable && (twin_sources[k] & 0x80) ? 8 : 0);
			unsigned context = scalable ? (twin_sources[k] & 0x7f) * 32u : (twin_sources[k] & 0xff) * 16u;
			uint64_t offset = frame->kind == TWIN_ROOT       ? root
					  : frame->kind == TWIN_CONTEXTS ? context
					  : frame->kind == TWIN_PASIDS   ? (k % 3) * 64
					  : k < 2                        ? 8 * k
									 : 8 * 511;

			change(world, frame->base + offset);
		}
	}
}

void twin_world_init(struct twin_world *world, enum twin_setup setup, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->setup = setup;
	random_init(&world->random, seed * TWIN_SETUPS + setup);
	world->memory = memory_create();

	bool scalable = twin_below(world, 3), snoops = !scalable || !twin_one_in(world, 8);
	unsigned second_levels = twin_below(world, 3) ? 5 : 3 + (unsigned)twin_below(world, 2);

	world->unit =
		(struct twin_unit){ .is_scalable = scalable,
				    .host_width = HOST_WIDTH,
				    .guest_width = 12 + 9 * second_levels,
				    .domain_bits = twin_below(world, 2) ? 16 : 4 + 2 * (unsigned)twin_below(world, 6),
				    .first_levels = 5 - (unsigned)twin_one_in(world, 4),
				    .second_levels = second_levels,
				    .first_1g = true,
				    .second_2m = true,
				    .second_1g = !twin_one_in(world, 4),
				    .snoops = snoops,
				    .extended = scalable && snoops && twin_below(world, 2),
				    .root = ROOT };
	world->unit.first_1g = world->unit.second_1g;
	if (twin_one_in(world, 3)) /* MGAW below the width of the largest table */
		world->unit.guest_width -= 1 + (unsigned)twin_below(world, 8);
	world->by_registers = !scalable && twin_below(world, 2);
	twin_model_init(&world->model, &world->unit, world->memory);
	create_unit(world);
	add_frame(world, ROOT, TWIN_ROOT, 0);
	for (uint64_t i = 0; i < 2; i++) {
		add_frame(world, 0x30000 + (i << 12), TWIN_CONTEXTS, 0);
		if (scalable)
			add_frame(world, 0x40000 + (i << 12), TWIN_DIRECTORY, 0);
		if (scalable)
			add_frame(world, 0x50000 + (i << 12), TWIN_PASIDS, 0);
	}
	if (scalable) {
		add_domain(world, 1, 0, false);
		add_domain(world, 2, 3 + (unsigned)twin_below(world, 3), twin_below(world, 2));
		add_domain(world, 3, 3 + (unsigned)twin_below(world, 2), false);
		add_domain(world, 3, 3, true);
		add_domain(world, 4, 0, false);
	} else {
		for (unsigned levels = 3; levels <= 5; levels++)
			add_domain(world, 2, levels, false);
	}
	fill(world);
	start_unit(world);
}

void twin_world_fini(struct twin_world *world)
{
	world->iommu->ops->destroy(world->iommu);
	memory_destroy(world->memory);
}
