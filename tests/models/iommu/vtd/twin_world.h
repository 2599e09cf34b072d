/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories for the twin: a small world of structures and tables whose
 * entries lead to each other at random, changed, invalidated or not invalidated, and used by DMA,
 * and after each DMA the question whether the unit's answer is permitted (twin_caches.h).
 *
 * The one rule of software that is kept, because units may tag by it: a domain has one second stage, and
 * a PASID in it one first stage.  [VTD] "Scalable-Mode PASID-Table Entry Programming Considerations"
 */
#ifndef IOMMUSIM_TESTS_VTD_TWIN_WORLD_H
#define IOMMUSIM_TESTS_VTD_TWIN_WORLD_H

#include "models/base/random.h"
#include "tests/models/iommu/vtd/twin_caches.h"

enum twin_setup {
	TWIN_NO_CACHES,   /* every answer is fresh */
	TWIN_IOTLB_ONLY,  /* with device caches, or without */
	TWIN_WALK_ONLY,   /* paging-structure caches */
	TWIN_ALL,         /* large */
	TWIN_TINY,        /* any size and replacement, things leave */
	TWIN_FORETOLD,    /* large, and exactly foretold */
	TWIN_INTERLEAVED, /* any size, and several translations under way at once */
	TWIN_SETUPS
};

#define TWIN_FRAMES  96u
#define TWIN_DOMAINS 7u
#define TWIN_FLIGHTS 3u

struct twin_frame {
	uint64_t base;
	enum { TWIN_ROOT, TWIN_CONTEXTS, TWIN_DIRECTORY, TWIN_PASIDS, TWIN_FIRSTS, TWIN_SECONDS } kind;
	unsigned domain;
};

struct twin_domain {
	unsigned type; /* PGTT */
	unsigned first_levels, second_levels;
	bool flags;
	uint64_t first_root[3], second_root;
	uint64_t first_base, second_base; /* their frames; of nested first stages in host memory */
};

struct twin_flight {
	bool is_under_way;
	uint64_t begin;
	struct iommu_translation translation;
};

struct twin_world {
	uint64_t seed, operation;
	enum twin_setup setup;
	struct random random;
	struct memory *memory;
	struct iommu *iommu;
	struct twin_unit unit;
	struct twin_model model;
	bool by_registers;
	uint64_t queue, tail;
	unsigned ivt; /* offset of the IOTLB registers */

	struct twin_frame frame[TWIN_FRAMES];
	unsigned frames;
	struct twin_domain domain[TWIN_DOMAINS];
	unsigned domains;
	struct twin_flight flight[TWIN_FLIGHTS];

	/* The last DMA: where changes hurt. */
	struct iommu_request request;
	bool is_recorded; /* its fault */
	uint64_t trace[64];
	unsigned traces;

	char failure[400]; /* empty: none */
	uint64_t translated, faults, hits, stale, ways, overtaken, cut;
};

void twin_world_init(struct twin_world *world, enum twin_setup setup, uint64_t seed);
void twin_world_fini(struct twin_world *world);

/* One operation; false: *failure says in a line what disagrees. */
bool twin_world_step(struct twin_world *world);

/* ---- between twin_world.c, where things lie and change, and twin_drive.c, what is done ---- */

#define TWIN_QUEUE UINT64_C(0x10000)

/* Two functions of a device, another in the upper half of their bus, one of another bus. */
extern const uint16_t twin_sources[4];
/* The last two share a slot of their tables. */
extern const uint32_t twin_pasids[3];

static inline uint64_t twin_below(struct twin_world *world, uint64_t bound)
{
	return random_below(&world->random, bound);
}

static inline bool twin_one_in(struct twin_world *world, uint64_t count)
{
	return twin_below(world, count) == 0;
}

/* An address with index 0 or 1 at each level. */
uint64_t twin_any_page(struct twin_world *world, unsigned levels);

/* Lets what is under way see things as they are; then, the word is changed. */
void twin_note(struct twin_world *world);
void twin_set_word(struct twin_world *world, uint64_t address, uint64_t word);

/* An entry somewhere, oftenest of those used last, becomes another. */
void twin_change(struct twin_world *world);

#endif
