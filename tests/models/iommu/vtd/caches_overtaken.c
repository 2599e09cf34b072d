/* SPDX-License-Identifier: Apache-2.0 */
/* Invalidations that overtake a walk.  [VTD] "Caching Translation Information". */
#include "tests/models/iommu/vtd/caches.h"

static struct world w;
static struct tables ss, other;

static void begin(const struct iommu_cache_config *caches)
{
	begin_two_domains(&w, caches, &ss, &other);
}

static void dma(uint64_t iova)
{
	world_dma(&w, DEVICE, NO_PASID, iova, false);
}

static bool hits(uint16_t source_id, uint32_t pasid, uint64_t iova)
{
	return is_hit(&w, source_id, pasid, iova);
}

static void feed(void)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_access_now(w.memory, &w.t.access, words);
	w.unit->ops->translate_feed(w.unit, &w.t, words);
}

/* Starts a walk to 0x1000, feeds some reads, does the command, and ends it. */
static void overtake(unsigned reads_before, uint64_t word0, uint64_t word1)
{
	struct iommu_request request = { .source_id = DEVICE, .iova = 0x1000 };

	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	for (unsigned i = 0; i < reads_before; i++)
		feed();
	world_command(&w, word0, word1);
	while (w.t.access.want != IOMMU_WANTS_NOTHING)
		feed();
	expect_output(&w, OUTPUT + 0x1000, 12);
}

START_TEST(a_walk_overtaken_by_its_invalidation_is_used_but_not_cached)
{
	static const struct {
		uint64_t word0, word1;
		bool concerns;
	} commands[] = {
		{ IOTLB_GLOBAL, 0, true },
		{ IOTLB_DOMAIN(DOMAIN), 0, true },
		{ IOTLB_PAGE(DOMAIN), 0x1000, true },
		{ IOTLB_PAGE(DOMAIN), 0x0 | 2, true },
		{ IOTLB_DOMAIN(OTHER_DOMAIN), 0, false },
		{ IOTLB_PAGE(DOMAIN), 0x80000000, false },
	};

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		begin(&world_caches);
		dma(0x40000000); /* context-cache */
		overtake(2, commands[i].word0, commands[i].word1);
		ck_assert_int_eq(w.t.blocked_fill, commands[i].concerns);
		ck_assert_int_eq(hits(DEVICE, NO_PASID, 0x1000), !commands[i].concerns);
		world_fini(&w);
	}
}
END_TEST

/* Neither are tables kept that the walk passes after the invalidation. */
START_TEST(an_overtaken_walk_leaves_no_tables_behind)
{
	begin(&world_caches);
	dma(0x40000000);
	overtake(1, IOTLB_PAGE(DOMAIN), 0x5000); /* another page of the same tables, IH = 0 */
	ck_assert(w.t.blocked_fill);
	ck_assert(hits(DEVICE, NO_PASID, 0x1000)); /* the translation itself was not concerned */
	dma(0x2000);
	expect_reads(&w, 0, 0, 4);
	world_fini(&w);

	begin(&world_caches);
	dma(0x40000000);
	overtake(1, IOTLB_PAGE(DOMAIN), 0x5000 | HINT);
	ck_assert(!w.t.blocked_fill);
	dma(0x2000);
	expect_reads(&w, 0, 0, 1);
	world_fini(&w);
}
END_TEST

START_TEST(a_context_entry_overtaken_by_its_invalidation_is_not_cached)
{
	begin(&world_caches);
	overtake(1, CONTEXT_GLOBAL, 0);
	ck_assert(w.t.blocked_fill);
	dma(0x1000);
	ck_assert(w.t.iotlb_hit);
	expect_reads(&w, 2, 0, 0);
	world_fini(&w);
}
END_TEST

/* More invalidations than are remembered one by one. */
START_TEST(a_walk_overtaken_by_very_many_invalidations_is_not_cached)
{
	struct iommu_request request = { .source_id = DEVICE, .iova = 0x1000 };

	begin(&world_caches);
	dma(0x40000000);
	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	for (unsigned i = 0; i < 17; i++)
		world_command(&w, IOTLB_PAGE(OTHER_DOMAIN), 0x1000);
	while (w.t.access.want != IOMMU_WANTS_NOTHING)
		feed();
	ck_assert(w.t.blocked_fill);
	ck_assert(!hits(DEVICE, NO_PASID, 0x1000));
	world_fini(&w);
}
END_TEST

/* Many translations may be under way at once on one unit. */
START_TEST(walks_under_way_together_do_not_disturb_each_other)
{
	struct iommu_translation translations[8];
	uint64_t words[IOMMU_WORDS_MAX];

	begin(&world_caches);
	for (unsigned i = 0; i < 8; i++) {
		struct iommu_request request = { .source_id = (uint16_t)(DEVICE + i % 2), .iova = 0x1000 * i };

		w.unit->ops->translate_begin(w.unit, &translations[i], &request);
	}
	for (unsigned round = 0; round < 6; round++)
		for (unsigned i = 0; i < 8; i++) {
			ck_assert_int_eq(translations[i].access.want, IOMMU_WANTS_READ);
			iommu_access_now(w.memory, &translations[i].access, words);
			w.unit->ops->translate_feed(w.unit, &translations[i], words);
		}
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(translations[i].access.want, IOMMU_WANTS_NOTHING);
		ck_assert_uint_eq(translations[i].output, (1 + i % 2) * OUTPUT + 0x1000 * i);
	}
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_walk_overtaken_by_its_invalidation_is_used_but_not_cached,
		an_overtaken_walk_leaves_no_tables_behind,
		a_context_entry_overtaken_by_its_invalidation_is_not_cached,
		a_walk_overtaken_by_very_many_invalidations_is_not_cached,
		walks_under_way_together_do_not_disturb_each_other,
		NULL,
	};

	return suite_run("vtd walks overtaken by invalidations", tests);
}
