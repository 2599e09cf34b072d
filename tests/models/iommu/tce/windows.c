/* SPDX-License-Identifier: Apache-2.0 */
/* From a requester to an address: RTEs, TVEs of each kind, TCEs, MSIs.  [SKIBOOT] hw/phb4.c, [QEMU] pnv_phb4.c */
#include "tests/models/iommu/tce/world.h"

static struct world world;

static void setup(void)
{
	world_init(&world);
}

static void teardown(void)
{
	world_fini(&world);
}

START_TEST(a_tve_word_is_what_firmware_makes_of_a_window)
{
	/* phb4_map_pe_dma_window: table 0x230000000, 64 KiB of it, 64 KiB pages, 1 and 3 levels. */
	ck_assert_uint_eq(tve_word(TABLE, 1, 16, 16), 0x0000002300000505);
	ck_assert_uint_eq(tve_word(TABLE, 3, 12, 12), 0x0000002300004101);
}
END_TEST

START_TEST(bit_59_chooses_between_two_windows_of_a_pe)
{
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 16, 16));
	world_ioda(&world, 9, 2 * PE + 1, tve_word(TABLE + 0x10000, 1, 16, 12));
	world_be64(&world, TABLE + 5 * 8, 0x4560003);
	world_be64(&world, TABLE + 0x10000 + 0x51 * 8, 0x789a003);
	world_expect(&world, 0x51234, true, 0x4561234);
	ck_assert_uint_eq(world.translation.size_lg2, 16);
	world_expect(&world, BIT59 | 0x51234, true, 0x789a234);
	ck_assert_uint_eq(world.translation.size_lg2, 12);
}
END_TEST

START_TEST(the_register_may_give_a_pe_more_windows)
{
	static const unsigned per_pe[] = { 2, 4, 8, 16 };

	for (uint64_t select = 0; select < 4; select++) {
		world_reg(&world, 0x810, select << 44); /* TVT_ADDR_SEL: bits 17:19 */
		for (unsigned window = 0; window < per_pe[select]; window++) {
			uint64_t address = (uint64_t)window << (60 - 1 - select) | 0x1000;

			world_ioda(&world, 9, per_pe[select] * PE + window,
				   tve_word(TABLE + window * 0x1000, 1, 12, 12));
			world_be64(&world, TABLE + window * 0x1000 + 8, (select * 16 + window) << 12 | 1);
			world_expect(&world, address, false, (select * 16 + window) << 12);
		}
		world_reg(&world, 0x210, UINT64_C(1) << 63); /* kill all */
	}
}
END_TEST

START_TEST(every_page_size_and_depth_translates)
{
	static const unsigned pages[] = { 12, 16, 21, 30 };

	for (unsigned i = 0; i < 4; i++)
		for (unsigned levels = 1; levels <= 5; levels++) {
			uint64_t address = 0, table = TABLE;

			if (pages[i] + 9 * levels > 59)
				continue;
			world_ioda(&world, 9, 2 * PE, tve_word(TABLE, levels, 12, pages[i]));
			for (unsigned level = levels; level-- > 0; table += 0x1000) {
				uint64_t index = 17 + 31 * level;

				address |= index << (pages[i] + 9 * level);
				world_be64(&world, table + index * 8, level ? (table + 0x1000) | 3 : 0x5540000000 | 1);
			}
			world_expect(&world, address | 0xabc, false, 0x5540000abc);
			ck_assert_uint_eq(world.translation.size_lg2, pages[i]);
			ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], levels);
			world_expect(&world, address + (UINT64_C(1) << pages[i]) - 1, false,
				     0x5540000000 + (UINT64_C(1) << pages[i]) - 1);
			ck_assert(world.translation.iotlb_hit);
			world_reg(&world, 0x210, UINT64_C(1) << 63);
		}
}
END_TEST

/* phb4_map_pe_dma_window_real(start, size): bits 49:24 of start and end. */
START_TEST(a_window_that_does_not_translate_has_bounds)
{
	/* 0 and 1 TiB: end 1 << 40 -> bit 32; TVE[51], TVE[56]. */
	world_ioda(&world, 9, 2 * PE + 1, 0x0000000100001080);
	world_expect(&world, BIT59 | 0x1234567890, true, 0x1234567890);
	world_expect(&world, BIT59 | 0xffffffffff, true, 0xffffffffff);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], 0);
	world_expect_fault(&world, BIT59 | 0x10000000000, true, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);

	/* 0x1_2300_0000_0000 and 16 MiB: start 47:24 = 0x230000 at bit 40, start 49:48 = 1 at bit 10; the end one more. */
	world_ioda(&world, 9, 2 * PE + 1,
		   UINT64_C(0x230000) << 40 | UINT64_C(0x230001) << 16 | 1 << 10 | 1 << 8 | 0x1080);
	world_expect(&world, BIT59 | 0x1230000000000, false, 0x1230000000000);
	world_expect(&world, BIT59 | 0x1230000ffffff, false, 0x1230000ffffff);
	world_expect_fault(&world, BIT59 | 0x1230001000000, false, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);
	world_expect_fault(&world, BIT59 | 0x122ffffffffff, false, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);
	world_expect_fault(&world, BIT59 | UINT64_C(1) << 50, false, TCE_FAULT_TVE_RANGE); /* a bit above 49 */
}
END_TEST

START_TEST(a_translated_window_ends_where_its_tables_end)
{
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 16, 16)); /* 2^13 entries of 2^16 */
	world_be64(&world, TABLE + 0x1fff * 8, 0x10003);
	world_expect(&world, 0x1fffffff, false, 0x1ffff);
	world_expect_fault(&world, 0x20000000, false, TCE_FAULT_TVE_RANGE);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], 0);
}
END_TEST

START_TEST(msis_are_not_translated)
{
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 23, 12)); /* all of 4 GiB */
	world_be64(&world, TABLE + UINT64_C(0xffff0) * 8, 0x5001);
	world_be64(&world, TABLE + UINT64_C(0xfffef) * 8, 0x6003);
	world_reg(&world, 0x160, UINT64_C(1) << (63 - 8));
	world_expect(&world, 0xffff0040, true, 0xffff0040);
	world_expect(&world, 0xffffffff, true, 0xffffffff);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], 0);
	world_expect(&world, 0xfffeffff, true, 0x6fff);  /* just below it is memory */
	world_expect(&world, 0xffff0040, false, 0x5040); /* so is a read */

	world_reg(&world, 0x160, UINT64_C(1) << (63 - 14));
	world_expect(&world, UINT64_C(1) << 60 | 0x40, true, UINT64_C(1) << 60 | 0x40);
	world_expect_fault(&world, 0xffff0040, true, TCE_FAULT_TCE_ACCESS); /* 32-bit MSIs are off */
	world_ioda(&world, 8, PE, 0);
	world_expect_fault(&world, UINT64_C(1) << 60 | 0x40, false, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);
	world_reg(&world, 0x160, 0);
	world_expect_fault(&world, UINT64_C(1) << 60 | 0x40, true, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);
	world_expect_fault(&world, UINT64_C(1) << 61, true, TCE_FAULT_TVE_RANGE);
}
END_TEST

START_TEST(each_requester_has_its_own_pe)
{
	for (unsigned i = 0; i < 8; i++) {
		world_rte(&world, RID + i, 100 + i);
		world_ioda(&world, 9, 2 * (100 + i), tve_word(TABLE + i * 0x1000, 1, 12, 12));
		world_be64(&world, TABLE + i * 0x1000, i << 12 | 1);
	}
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 8; i++) {
			ck_assert_int_eq(world_dma(&world, RID + i, 0x10, false), IOMMU_TRANSLATED);
			ck_assert_uint_eq(world.translation.output, i << 12 | 0x10);
			ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_DEVICE], round == 0);
		}
	ck_assert_uint_eq(world.iommu->stats.device_misses, 8);
	ck_assert_uint_eq(world.iommu->stats.device_hits, 8);
}
END_TEST

START_TEST(what_is_no_plain_dma_is_unsupported_and_freezes_nothing)
{
	struct iommu_request request = { .type = IOMMU_TRANSLATION_REQUEST, .source_id = RID };

	iommu_translate_now(world.iommu, world.memory, &world.translation, &request);
	ck_assert_int_eq(world.translation.completion, IOMMU_UNSUPPORTED);
	request.type = IOMMU_UNTRANSLATED;
	request.has_pasid = true;
	iommu_translate_now(world.iommu, world.memory, &world.translation, &request);
	ck_assert_int_eq(world.translation.status, IOMMU_FAULT);
	ck_assert_int_eq(world.translation.fault_reason, TCE_FAULT_UNSUPPORTED);
	request = (struct iommu_request){ .type = IOMMU_PAGE_REQUEST, .source_id = RID };
	iommu_translate_now(world.iommu, world.memory, &world.translation, &request);
	ck_assert_int_eq(world.translation.completion, IOMMU_NO_COMPLETION);
	ck_assert_uint_eq(world_ioda_get(&world, 8, PE), 0);
}
END_TEST

START_TEST(an_atomic_takes_both_permissions)
{
	struct iommu_request request = { .source_id = RID, .iova = 0x1000, .write = true, .atomic = true };

	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 12, 12));
	world_be64(&world, TABLE + 8, 0x5003);
	iommu_translate_now(world.iommu, world.memory, &world.translation, &request);
	ck_assert_int_eq(world.translation.status, IOMMU_TRANSLATED);
	world_be64(&world, TABLE + 8, 0x5002);
	world_reg(&world, 0x210, UINT64_C(1) << 63);
	world_expect(&world, 0x1000, true, 0x5000);
	iommu_translate_now(world.iommu, world.memory, &world.translation, &request);
	ck_assert_int_eq(world.translation.fault_reason, TCE_FAULT_TCE_ACCESS);
}
END_TEST

START_TEST(a_configuration_that_cannot_be_is_named)
{
	struct tce_config config = { .pes = 300, .page_sizes = TCE_PAGE_SIZES_POWER9 };
	struct err err = { 0 };

	ck_assert_ptr_null(tce_create(&config, &err));
	ck_assert_str_eq(err.text, "pes = 300: must be 512 or 256");
	err = (struct err){ 0 };
	config.pes = 256;
	config.page_sizes = 0x800;
	ck_assert_ptr_null(tce_create(&config, &err));
	err = (struct err){ 0 };
	config.page_sizes = 0x1000;
	config.caches.walk[0] = (struct cache_geometry){ .entries = 4, .ways = 4 };
	ck_assert_ptr_null(tce_create(&config, &err));
	ck_assert_str_eq(err.text, "walk: a bridge has no paging-structure cache");
	err = (struct err){ 0 };
	config.caches.walk[0].entries = 0;
	config.caches.iotlb = (struct cache_geometry){ .entries = 6, .ways = 4 };
	ck_assert_ptr_null(tce_create(&config, &err));
}
END_TEST

int main(void)
{
	return world_suite("tce windows", setup, teardown,
			   (const TTest *const[]){
				   a_tve_word_is_what_firmware_makes_of_a_window,
				   bit_59_chooses_between_two_windows_of_a_pe,
				   the_register_may_give_a_pe_more_windows,
				   every_page_size_and_depth_translates,
				   a_window_that_does_not_translate_has_bounds,
				   a_translated_window_ends_where_its_tables_end,
				   msis_are_not_translated,
				   each_requester_has_its_own_pe,
				   what_is_no_plain_dma_is_unsupported_and_freezes_nothing,
				   an_atomic_takes_both_permissions,
				   a_configuration_that_cannot_be_is_named,
				   NULL,
			   });
}
