/* SPDX-License-Identifier: Apache-2.0 */
/* What the bridge keeps of TCEs and RTEs, and what software must do about it.  [SKIBOOT] phb4_tce_kill, phb4_set_pe */
#include "tests/models/iommu/tce/world.h"

/* PHB_TCE_KILL: bits 0 all, 1 PE, 2 one page, 3 its size is in bits 50:51; address in place; PE in 55:63. */
#define KILL_ALL  (UINT64_C(1) << 63)
#define KILL_PE   (UINT64_C(1) << 62)
#define KILL_ONE  (UINT64_C(1) << 61)
#define KILL_SIZE (UINT64_C(1) << 60)

static struct world world;

static void setup(void)
{
	world_init(&world);
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 16, 16));
	world_ioda(&world, 9, 2 * PE + 1, tve_word(TABLE, 1, 16, 16));
	for (unsigned i = 0; i < 16; i++)
		world_be64(&world, TABLE + i * 8, (0x100 + i) << 16 | 3);
}

static void teardown(void)
{
	world_fini(&world);
}

static void use(uint64_t address, bool hit)
{
	ck_assert_int_eq(world_dma(&world, RID, address, false), IOMMU_TRANSLATED);
	ck_assert_int_eq(world.translation.iotlb_hit, hit);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], !hit);
}

START_TEST(a_translation_missing_its_kill_stays_visible)
{
	world_expect(&world, 0x10000, true, 0x1010000);
	world_be64(&world, TABLE + 8, 0);
	world_expect(&world, 0x10000, true, 0x1010000);
	ck_assert(world.translation.from_cache);
	world_reg(&world, 0x210, KILL_ONE | KILL_SIZE | 0x1000 | 0x10000 | PE);
	world_expect_fault(&world, 0x10000, true, TCE_FAULT_TCE_PAGE);
}
END_TEST

START_TEST(a_page_hits_from_every_4_kib_inside_it)
{
	use(0x20000, false);
	for (uint64_t at = 0x20000; at < 0x30000; at += 0x1000) {
		use(at | 0x10, true);
		ck_assert_uint_eq(world.translation.output, 0x1020000 + (at & 0xffff) + 0x10);
	}
	use(0x1ffff, false);
	use(0x30000, false);
}
END_TEST

START_TEST(a_kill_names_its_page_size)
{
	static const struct {
		unsigned page_lg2;
		uint64_t bits;
	} sizes[] = { { 12, 0 }, { 16, KILL_SIZE | 0x1000 }, { 21, KILL_SIZE | 0x2000 }, { 30, KILL_SIZE | 0x3000 } };

	for (unsigned i = 0; i < 4; i++) {
		uint64_t page = UINT64_C(1) << sizes[i].page_lg2;

		world_ioda(&world, 9, 2 * PE, tve_word(TABLE + 0x100000 * i, 1, 16, sizes[i].page_lg2));
		for (unsigned n = 0; n < 4; n++)
			world_be64(&world, TABLE + 0x100000 * i + n * 8, UINT64_C(0x4000000000) + n * page + 3);
		for (unsigned n = 0; n < 4; n++)
			use(n * page + page / 2, false);
		world_reg(&world, 0x210, KILL_ONE | sizes[i].bits | 2 * page | PE);
		ck_assert_uint_eq(world_get(&world, 0x210) >> 61, 0); /* the next kill may come */
		for (unsigned n = 0; n < 4; n++)
			use(n * page, n != 2);
		world_reg(&world, 0x210, KILL_PE | PE);
	}
	ck_assert_uint_eq(world.iommu->stats.commands, 8);
	ck_assert_uint_eq(world.iommu->stats.invalidated, 4 + 16);
}
END_TEST

START_TEST(windows_of_a_pe_are_killed_by_their_own_addresses)
{
	use(0x10000, false);
	use(BIT59 | 0x10000, false);
	world_reg(&world, 0x210, KILL_ONE | KILL_SIZE | 0x1000 | BIT59 | 0x10000 | PE);
	use(0x10000, true);
	use(BIT59 | 0x10000, false);
}
END_TEST

START_TEST(a_kill_spares_other_pes)
{
	world_rte(&world, RID + 1, 4);
	world_ioda(&world, 9, 8, tve_word(TABLE, 1, 16, 16));
	ck_assert_int_eq(world_dma(&world, RID + 1, 0x10000, false), IOMMU_TRANSLATED);
	use(0x10000, false);
	world_reg(&world, 0x210, KILL_PE | 4);
	use(0x10000, true);
	ck_assert_int_eq(world_dma(&world, RID + 1, 0x10000, false), IOMMU_TRANSLATED);
	ck_assert(!world.translation.iotlb_hit);
	world_reg(&world, 0x210, KILL_ONE | KILL_SIZE | 0x1000 | 0x10000 | PE);
	ck_assert_int_eq(world_dma(&world, RID + 1, 0x10000, false), IOMMU_TRANSLATED);
	ck_assert(world.translation.iotlb_hit);
	use(0x10000, false);
	world_reg(&world, 0x210, KILL_ALL);
	use(0x10000, false);
	ck_assert_int_eq(world_dma(&world, RID + 1, 0x10000, false), IOMMU_TRANSLATED);
	ck_assert(!world.translation.iotlb_hit);
}
END_TEST

START_TEST(a_word_without_a_kind_of_kill_does_nothing)
{
	use(0x10000, false);
	world_reg(&world, 0x210, KILL_SIZE | 0x11000 | PE);
	use(0x10000, true);
	ck_assert_uint_eq(world.iommu->stats.commands, 0);
}
END_TEST

START_TEST(a_permission_that_the_cached_tce_lacks_is_looked_up_again)
{
	world_be64(&world, TABLE + 8, 0x1010001);
	use(0x10000, false);
	world_be64(&world, TABLE + 8, 0x2020003);
	world_expect(&world, 0x10000, true, 0x2020000);
	use(0x10000, true);
	ck_assert_uint_eq(world.translation.output, 0x2020000); /* which made it the newest, and the only one */
}
END_TEST

START_TEST(a_fill_makes_the_entry_the_newest)
{
	struct world *w = &world;

	world_ioda(w, 9, 2 * PE, tve_word(TABLE, 1, 20, 12));
	for (unsigned i = 0; i < 65; i++)
		world_be64(w, TABLE + i * 8, UINT64_C(1) << 30 | i << 12 | 1);
	for (unsigned i = 0; i < 64; i++)
		use(i << 12, false);
	use(0, true); /* so that page 1 is the oldest of 64 */
	use(64 << 12, false);
	use(0, true);
	use(64 << 12, true);
	use(1 << 12, false);
}
END_TEST

START_TEST(a_requester_keeps_its_pe_until_the_rtc_is_invalidated)
{
	world_ioda(&world, 9, 2 * 9, tve_word(TABLE + 0x100000, 1, 16, 16));
	world_be64(&world, TABLE + 0x100000 + 8, 0x7770003);
	world_expect(&world, 0x10000, false, 0x1010000);
	world_rte(&world, RID, 9);
	world_expect(&world, 0x10000, false, 0x1010000);
	world_reg(&world, 0x208, UINT64_C(0x0101) << 32); /* of another requester */
	world_expect(&world, 0x10000, false, 0x1010000);
	world_reg(&world, 0x208, (uint64_t)RID << 32);
	world_expect(&world, 0x10000, false, 0x7770000);
	world_rte(&world, RID, PE);
	world_reg(&world, 0x208, UINT64_C(1) << 63);
	world_expect(&world, 0x10000, false, 0x1010000);
}
END_TEST

START_TEST(a_window_that_goes_is_out_of_reach_whatever_is_cached)
{
	use(0x10000, false);
	world_ioda(&world, 9, 2 * PE, 0);
	world_expect_fault(&world, 0x10000, false, TCE_FAULT_TVE_INVALID);
	world_ioda(&world, 8, PE, 0);
	world_ioda(&world, 9, 2 * PE,
		   tve_word(TABLE + 0x100000, 1, 16, 16)); /* another table: without a kill the old TCE */
	use(0x10000, true);
}
END_TEST

/* ---- kills that overtake a walk ---- */

static struct iommu_translation slow;

static void begin_slow(uint64_t address)
{
	struct iommu_request request = { .source_id = RID, .iova = address };

	world_dma(&world, RID, 0, false); /* so that the RTE is known */
	world.iommu->ops->translate_begin(world.iommu, &slow, &request);
	ck_assert_int_eq(slow.access.purpose, IOMMU_FOR_SECOND_STAGE);
}

static void end_slow(void)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_access_now(world.memory, &slow.access, words);
	world.iommu->ops->translate_feed(world.iommu, &slow, words);
	ck_assert_int_eq(slow.access.want, IOMMU_WANTS_NOTHING);
	ck_assert_int_eq(slow.status, IOMMU_TRANSLATED);
}

START_TEST(a_walk_that_a_kill_overtook_leaves_nothing)
{
	static const uint64_t kills[] = { KILL_ALL, KILL_PE | PE, KILL_ONE | KILL_SIZE | 0x1000 | 0x40000 | PE };

	for (unsigned i = 0; i < 3; i++) {
		begin_slow(0x40000);
		world_reg(&world, 0x210, kills[i]);
		end_slow();
		ck_assert(slow.blocked_fill);
		use(0x40000, false);
		world_reg(&world, 0x210, KILL_ALL);
	}
	begin_slow(0x40000);
	world_reg(&world, 0x210, KILL_ONE | KILL_SIZE | 0x1000 | 0x50000 | PE);
	world_reg(&world, 0x210, KILL_PE | 5);
	end_slow();
	ck_assert(!slow.blocked_fill);
	use(0x40000, true);
}
END_TEST

START_TEST(an_rte_that_an_invalidation_overtook_is_not_kept)
{
	struct iommu_request request = { .source_id = RID, .iova = 0x10000 };
	uint64_t words[IOMMU_WORDS_MAX];

	world.iommu->ops->translate_begin(world.iommu, &slow, &request);
	iommu_access_now(world.memory, &slow.access, words);
	world_reg(&world, 0x208, UINT64_C(1) << 63);
	world.iommu->ops->translate_feed(world.iommu, &slow, words);
	ck_assert(slow.blocked_fill);
	end_slow();
	world_dma(&world, RID, 0x10000, false);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_DEVICE], 1);
}
END_TEST

int main(void)
{
	return world_suite("tce caches", setup, teardown,
			   (const TTest *const[]){
				   a_translation_missing_its_kill_stays_visible,
				   a_page_hits_from_every_4_kib_inside_it,
				   a_kill_names_its_page_size,
				   windows_of_a_pe_are_killed_by_their_own_addresses,
				   a_kill_spares_other_pes,
				   a_word_without_a_kind_of_kill_does_nothing,
				   a_permission_that_the_cached_tce_lacks_is_looked_up_again,
				   a_fill_makes_the_entry_the_newest,
				   a_requester_keeps_its_pe_until_the_rtc_is_invalidated,
				   a_window_that_goes_is_out_of_reach_whatever_is_cached,
				   a_walk_that_a_kill_overtook_leaves_nothing,
				   an_rte_that_an_invalidation_overtook_is_not_kept,
				   NULL,
			   });
}
