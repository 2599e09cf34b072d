/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brute-force twin: random histories of changes, invalidations and DMA, in
 * which every answer of the unit must be one that [VTD] "Caching Translation Information" permits, and, with large
 * caches, the one that a change without an invalidation leaves (twin_world.h).
 *
 *     test_vtd_twin [--operations N] [--seed N]
 *
 * runs a soak: N operations of every setup from that seed on.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/models/iommu/vtd/twin_world.h"
#include "tests/suite.h"

#define RUNS       30
#define OPERATIONS 1500

static uint64_t operations, first_seed;

/* Counts of a run, summed. */
struct counts {
	uint64_t translated, faults, hits, stale, ways, overtaken, cut;
};

/* False: the failure is in text. */
static bool run(enum twin_setup setup, uint64_t seed, uint64_t count, struct counts *counts, char *text, size_t bytes)
{
	struct twin_world *world = malloc(sizeof(*world));
	bool is_good = true;

	twin_world_init(world, setup, seed);
	while (is_good && world->operation < count)
		is_good = twin_world_step(world);
	snprintf(text, bytes, "%s", world->failure);
	counts->translated += world->translated;
	counts->faults += world->faults;
	counts->hits += world->hits;
	counts->stale += world->stale;
	counts->ways += world->ways;
	counts->overtaken += world->overtaken;
	counts->cut += world->cut;
	twin_world_fini(world);
	free(world);
	return is_good;
}

static void run_all(enum twin_setup setup, struct counts *counts)
{
	char text[400];
	uint64_t runs = setup == TWIN_INTERLEAVED ? RUNS / 3 : RUNS; /* they cost most */

	for (uint64_t seed = 1; seed <= runs; seed++)
		ck_assert_msg(run(setup, seed, OPERATIONS, counts, text, sizeof(text)), "%s", text);
}

START_TEST(without_caches_every_answer_is_that_of_the_tables)
{
	struct counts counts = { 0 };

	run_all(TWIN_NO_CACHES, &counts);
	ck_assert_uint_eq(counts.stale, 0);
	ck_assert_uint_eq(counts.hits, 0);
	ck_assert_uint_gt(counts.translated, RUNS * OPERATIONS / 20);
	ck_assert_uint_gt(counts.faults, RUNS * OPERATIONS / 20);
}
END_TEST

static void stale_answers_are_permitted(enum twin_setup setup)
{
	struct counts counts = { 0 };

	run_all(setup, &counts);
	ck_assert_uint_gt(counts.stale, 10);
	if (setup != TWIN_WALK_ONLY)
		ck_assert_uint_gt(counts.hits, 100);
}

START_TEST(answers_from_an_iotlb_are_permitted)
{
	stale_answers_are_permitted(TWIN_IOTLB_ONLY);
}
END_TEST

START_TEST(answers_from_paging_structure_caches_are_permitted)
{
	stale_answers_are_permitted(TWIN_WALK_ONLY);
}
END_TEST

START_TEST(answers_from_all_caches_are_permitted)
{
	stale_answers_are_permitted(TWIN_ALL);
}
END_TEST

START_TEST(answers_from_caches_that_evict_are_permitted)
{
	stale_answers_are_permitted(TWIN_TINY);
}
END_TEST

START_TEST(large_caches_answer_as_foretold)
{
	struct counts counts = { 0 };

	run_all(TWIN_FORETOLD, &counts);
	ck_assert_uint_gt(counts.hits, 1000);
}
END_TEST

START_TEST(walks_under_way_leave_nothing_that_an_invalidation_removed)
{
	struct counts counts = { 0 };

	run_all(TWIN_INTERLEAVED, &counts);
	ck_assert_uint_gt(counts.overtaken, 10);
}
END_TEST

static int soak(void)
{
	char text[400];

	for (int setup = 0; setup < TWIN_SETUPS; setup++) {
		struct counts counts = { 0 };
		uint64_t left = operations, seed = first_seed;

		for (; left > 0; seed++) {
			uint64_t count = left < 10000 ? left : 10000;

			if (!run((enum twin_setup)setup, seed, count, &counts, text, sizeof(text))) {
				fprintf(stderr, "%s\n", text);
				return EXIT_FAILURE;
			}
			left -= count;
		}
		printf("setup %d: %llu translated, %llu faults, %llu hits, %llu stale, %llu ways, %llu overtaken, %llu "
		       "cut\n",
		       setup, (unsigned long long)counts.translated, (unsigned long long)counts.faults,
		       (unsigned long long)counts.hits, (unsigned long long)counts.stale,
		       (unsigned long long)counts.ways, (unsigned long long)counts.overtaken,
		       (unsigned long long)counts.cut);
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const TTest *const tests[] = { without_caches_every_answer_is_that_of_the_tables,
				       answers_from_an_iotlb_are_permitted,
				       answers_from_paging_structure_caches_are_permitted,
				       answers_from_all_caches_are_permitted,
				       answers_from_caches_that_evict_are_permitted,
				       large_caches_answer_as_foretold,
				       walks_under_way_leave_nothing_that_an_invalidation_removed,
				       NULL };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--operations") == 0)
			operations = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--seed") == 0)
			first_seed = strtoull(argv[i + 1], NULL, 0);
	}
	return operations ? soak() : suite_run("vtd twin", tests);
}
