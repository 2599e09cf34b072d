/* SPDX-License-Identifier: Apache-2.0 */
/* The brute-force twin: what the calls built must be what the guest's table says. */
#include "tests/models/software/viommu_bench.h"
#include "tests/suite.h"

#define TWIN_PAGES 2048u /* 8 MiB: several tables, some large leaves */

struct shadow_page {
	phys_t gpa;
	unsigned permissions; /* 0: not mapped */
};

static void apply(struct shadow_page *shadow, uint64_t seed)
{
	for (unsigned i = 0; i < call_count; i++) {
		const struct viommu_call *call = &calls[i];

		for (uint64_t at = 0; at < call->bytes; at += PAGE_BYTES) {
			if (call->iova + at >= TWIN_PAGES * PAGE_BYTES)
				break;

			struct shadow_page *page = &shadow[(call->iova + at) >> PAGE_LG2];

			if (call->kind == VIOMMU_MAP)
				ck_assert_msg(page->permissions == 0, "seed %lu: mapped over a mapping", seed);
			*page = call->kind == VIOMMU_MAP ? (struct shadow_page){ call->gpa + at, call->permissions }
							 : (struct shadow_page){ 0, 0 };
		}
	}
}

static bool copy_leaf(void *argument, const struct page_table_leaf *leaf)
{
	struct shadow_page *pages = argument;

	for (uint64_t at = 0; at < pt_entry_bytes(leaf->level); at += PAGE_BYTES)
		pages[(leaf->iova + at) >> PAGE_LG2] =
			(struct shadow_page){ leaf->entry.address + at, PT_READ | (leaf->permissions & PT_WRITE) };
	return true;
}

START_TEST(after_random_changes_and_their_descriptors_the_shadow_is_the_table)
{
	static struct shadow_page shadow[TWIN_PAGES], expected[TWIN_PAGES];
	static bool used[TWIN_PAGES];
	struct random random;
	uint64_t seed = 500 + (uint64_t)_i;

	memset(shadow, 0, sizeof(shadow));
	memset(used, 0, sizeof(used));
	random_init(&random, seed);
	for (unsigned step = 0; step < 150; step++) {
		unsigned mask = (unsigned)random_below(&random, 11);
		uint64_t pages = UINT64_C(1) << mask;
		uint64_t first = random_below(&random, TWIN_PAGES) & ~(pages - 1);
		bool is_free = true;

		for (uint64_t i = first; i < first + pages; i++)
			is_free = is_free && !used[i];
		if (is_free) {
			/* A new mapping, in pieces of odd places, or large and aligned. */
			phys_t output = random_below(&random, 2) ? pages * PAGE_BYTES * random_below(&random, 8)
								 : PAGE_BYTES * random_below(&random, 5000);

			guest_map(first * PAGE_BYTES, output, pages * PAGE_BYTES,
				  1 + (unsigned)random_below(&random, 3));
		} else {
			guest_unmap(first * PAGE_BYTES, pages * PAGE_BYTES);
		}
		/* What is mapped now; an unmap may have taken more of a large leaf. */
		memset(expected, 0, sizeof(expected));
		page_table_for_each(&table, copy_leaf, expected);
		for (unsigned i = 0; i < TWIN_PAGES; i++)
			used[i] = expected[i].permissions != 0;
		if (random_below(&random, 8) == 0)
			invalidate_domain(DID);
		else if (is_free)
			invalidate_pages(DID, first * PAGE_BYTES, mask);
		else
			invalidate_pages(DID, first * PAGE_BYTES & ~UINT64_C(0x1fffff), mask < 9 ? 9 : mask);
		apply(shadow, seed);
		for (unsigned i = 0; i < TWIN_PAGES; i++)
			ck_assert_msg(shadow[i].gpa == expected[i].gpa &&
					      shadow[i].permissions == expected[i].permissions,
				      "seed %lu step %u page %u", seed, step, i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viommu shadow twin");
	TCase *test = tcase_create("viommu shadow twin");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_loop_test(test, after_random_changes_and_their_descriptors_the_shadow_is_the_table, 0, 6);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
