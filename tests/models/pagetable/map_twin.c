/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random maps and unmaps against a brute-force twin: an array of pages that
 * knows nothing of tables.  After each operation every page is walked and the table pages are counted.
 */
#include <string.h>

#include "models/base/random.h"
#include "tests/models/pagetable/map_fixture.h"

#define TWIN_PAGES  2048u /* 8 MiB across a 1 GiB boundary */
#define TWIN_FIRST  (GIB_1 - 2 * MIB_2)
#define TWIN_ROUNDS 70u

static struct twin_page {
	bool mapped;
	phys_t output;
	unsigned permissions;
	unsigned leaf_first, leaf_pages; /* the leaf it belongs to */
} twin[TWIN_PAGES];

static bool twin_table[TWIN_PAGES / 512]; /* leaf tables that exist */
static bool twin_directory[2];

/* Pages of the leaf that belongs at this page: greedy, by hand. */
static unsigned twin_leaf(unsigned page, phys_t output, unsigned left, unsigned limit_lg2)
{
	return limit_lg2 >= 21 && left >= 512 && page % 512 == 0 && output % MIB_2 == 0 ? 512 : 1;
}

static uint64_t twin_map(unsigned first, phys_t output, unsigned pages, unsigned permissions, unsigned limit_lg2)
{
	unsigned done = 0;

	while (done < pages) {
		unsigned at = first + done;
		unsigned size = twin_leaf(at, output + done * KIB_4, pages - done, limit_lg2);

		for (unsigned i = 0; i < size; i++)
			if (twin[at + i].mapped)
				return done * KIB_4;
		for (unsigned i = 0; i < size; i++)
			twin[at + i] = (struct twin_page){ true, output + (done + i) * KIB_4, permissions, at, size };
		twin_table[at / 512] = size == 1;
		twin_directory[at / (TWIN_PAGES / 2)] = true;
		done += size;
	}
	return done * KIB_4;
}

static uint64_t twin_unmap(unsigned first, unsigned pages)
{
	unsigned cleared = 0;

	for (unsigned at = first; at < first + pages; at++) {
		struct twin_page page = twin[at];

		if (!page.mapped)
			continue;
		cleared += page.leaf_pages;
		memset(&twin[page.leaf_first], 0, page.leaf_pages * sizeof(page));
	}
	for (unsigned i = 0; i < TWIN_PAGES / 512; i++)
		if (first <= i * 512 && first + pages >= (i + 1) * 512)
			twin_table[i] = false;
	return cleared * KIB_4;
}

static void twin_compare(uint64_t seed, unsigned round)
{
	size_t tables = 2; /* root, PDPT */

	for (unsigned i = 0; i < TWIN_PAGES; i++) {
		struct walk walk = walk_to(TWIN_FIRST + i * KIB_4);

		if (!twin[i].mapped) {
			ck_assert_msg(walk.status == WALK_NOT_PRESENT, "seed %llu round %u page %u: mapped",
				      (unsigned long long)seed, round, i);
			continue;
		}
		ck_assert_msg(walk.status == WALK_OK && walk.output == twin[i].output &&
				      (walk.permissions & PT_RW) == twin[i].permissions &&
				      walk.size_lg2 == (twin[i].leaf_pages == 1 ? 12 : 21),
			      "seed %llu round %u page %u", (unsigned long long)seed, round, i);
	}
	for (unsigned i = 0; i < TWIN_PAGES / 512; i++)
		tables += twin_table[i];
	tables += twin_directory[0] + twin_directory[1];
	ck_assert_msg(frames_used(&frames) == (tables == 2 ? 1 : tables), "seed %llu round %u: %zu frames, %zu tables",
		      (unsigned long long)seed, round, frames_used(&frames), tables);
}

static void twin_round(struct random *random, uint64_t seed, unsigned round)
{
	bool aligned = random_below(random, 2);
	unsigned unit = aligned ? 512 : 1;
	unsigned first = (unsigned)random_below(random, TWIN_PAGES / unit) * unit;
	unsigned most = random_below(random, 3) ? 40 : 1500;
	unsigned pages = (aligned ? 512 : 0) + (unsigned)random_below(random, most) + 1;
	phys_t output = random_below(random, 1000) * (aligned ? MIB_2 : KIB_4);
	uint64_t expected;

	if (pages > TWIN_PAGES - first)
		pages = TWIN_PAGES - first;
	work = (struct map_work){ 0 };
	if (random_below(random, 2)) {
		unsigned permissions = random_below(random, 2) ? PT_RW : PT_READ;
		unsigned limit_lg2 = random_below(random, 3) ? 30 : 12;
		enum map_status status = page_table_map(&table, TWIN_FIRST + first * KIB_4, output, pages * KIB_4,
							permissions, limit_lg2, &work);

		expected = twin_map(first, output, pages, permissions, limit_lg2);
		ck_assert_msg(status == (expected == pages * KIB_4 ? MAP_OK : MAP_EXISTS), "seed %llu round %u",
			      (unsigned long long)seed, round);
	} else {
		ck_assert_int_eq(page_table_unmap(&table, TWIN_FIRST + first * KIB_4, pages * KIB_4, &work, NULL, NULL),
				 MAP_OK);
		expected = twin_unmap(first, pages);
	}
	ck_assert_msg(work.bytes == expected, "seed %llu round %u: %llu bytes, not %llu", (unsigned long long)seed,
		      round, (unsigned long long)work.bytes, (unsigned long long)expected);
}

START_TEST(random_maps_and_unmaps_agree_with_an_array_of_pages)
{
	uint64_t seed = 20260 + (uint64_t)_i;
	struct random random;

	random_init(&random, seed);
	for (unsigned round = 0; round < TWIN_ROUNDS; round++) {
		twin_round(&random, seed, round);
		twin_compare(seed, round);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("map twin");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, random_maps_and_unmaps_agree_with_an_array_of_pages, 0, 3);
	return run_case(tests, "map twin");
}
