/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bridge does about a bad DMA, against logs of real ones ([EEH-LOGS]: registers and PEST entries of frozen PEs
 * on POWER9) and the names of the error bits ([EEH]).
 */
#include "tests/models/iommu/tce/world.h"

#define IBM(n) (UINT64_C(1) << (63 - (n)))

static struct world world;

static void setup(void)
{
	world_init(&world);
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 16, 16));
	world_be64(&world, TABLE + 8, 0x50001);
}

static void teardown(void)
{
	world_fini(&world);
}

/* As diagnostics print them: the chip's word or that in memory. */
static uint64_t pest(unsigned pe, unsigned word)
{
	return world_ioda_get(&world, 7 + word, pe) | world_be64_get(&world, PEST + pe * 16 + word * 8);
}

START_TEST(a_read_of_an_unmapped_page_is_what_a_power9_logged)
{
	/*
	 * A. Popple, 6 June 2019, less what the link added (LEM 31, PblErr, RegbErr):
	 *   PhbSts: 0000001c00000000 0000001c00000000  Lem: 0000000100000080 ... 0000000000000080
	 *   PhbErr: 0000028000000000 0000020000000000  RxeTceErr: 2000000000000000 2000000000000000
	 *   PE[000] A/B: 8300b03800000000 8000000000000000
	 */
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	ck_assert_uint_eq(pest(PE, 0), 0x8300b03800000000);
	ck_assert_uint_eq(pest(PE, 1), 0x8000000000000000);
	ck_assert_uint_eq(world_get(&world, 0x120), 0x0000001c00000000);
	ck_assert_uint_eq(world_get(&world, 0x110), 0x0000001c00000000);
	ck_assert_uint_eq(world_get(&world, 0xc00), 0x80);
	ck_assert_uint_eq(world_get(&world, 0xc40), 0x80);
	ck_assert_uint_eq(world_get(&world, 0xc80), 0x0000020000000000);
	ck_assert_uint_eq(world_get(&world, 0xc88), 0x0000020000000000);
	ck_assert_uint_eq(world_get(&world, 0xe80), 0x2000000000000000);
	ck_assert_uint_eq(world_get(&world, 0xe88), 0x2000000000000000);
	ck_assert_uint_eq(world.writes, 2);
}
END_TEST

START_TEST(a_write_to_an_unmapped_page_is_what_a_power9_logged)
{
	/* aacraid on PHB#2: PE[0fd] A/B: 8000b03800000000 8000000000000000 */
	world_expect_fault(&world, 0x20000, true, TCE_FAULT_TCE_PAGE);
	ck_assert_uint_eq(pest(PE, 0), 0x8000b03800000000);
	ck_assert_uint_eq(pest(PE, 1), 0x8000000000000000);
}
END_TEST

START_TEST(an_address_beyond_the_window_is_what_a_power9_logged)
{
	/*
	 * F. Crossman, 17 July 2020: LEM bit 35, PHB_FESR bit 20, RXE_ARB_FESR bit 28; word 2 of the PEST entry has the
	 * address, 0x0000203974c00000.  The window has 2 GiB.
	 */
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 22, 12));
	world_expect_fault(&world, 0x203974c00000, true, TCE_FAULT_TVE_RANGE);
	ck_assert_uint_eq(world_get(&world, 0xc40), IBM(35));
	ck_assert_uint_eq(world_get(&world, 0xc88), IBM(20));
	ck_assert_uint_eq(world_get(&world, 0xd88), IBM(28));
	ck_assert_uint_eq(world_be64_get(&world, PEST + PE * 16 + 8), 0x203974c00000);
	/* DMA write (0), bit 16, LEM bit in 26:31, requester in 32:47. */
	ck_assert_uint_eq(world_be64_get(&world, PEST + PE * 16), IBM(16) | UINT64_C(35) << 32 | RID << 16);
	ck_assert_uint_eq(world_ioda_get(&world, 8, PE), IBM(0));
}
END_TEST

START_TEST(a_read_beyond_the_window_is_a_dma_read)
{
	world_expect_fault(&world, 0x40000000, false, TCE_FAULT_TVE_RANGE);
	ck_assert_uint_eq(pest(PE, 0) >> 56 & 7, 2);
}
END_TEST

START_TEST(a_tve_without_a_table_size_is_invalid)
{
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 1, 16, 16) & ~UINT64_C(0x1f00));
	world_expect_fault(&world, 0x10000, false, TCE_FAULT_TVE_INVALID);
	ck_assert_uint_eq(world_get(&world, 0xd80), IBM(26));
	ck_assert_uint_eq(world_get(&world, 0xc00), IBM(35));
	ck_assert_uint_eq(world_ioda_get(&world, 7, PE), IBM(0));
}
END_TEST

START_TEST(so_is_one_with_more_than_five_levels_or_a_page_that_does_not_exist)
{
	const uint64_t bad[] = { tve_word(TABLE, 6, 12, 12), tve_word(TABLE, 8, 12, 12), tve_word(TABLE, 1, 16, 13),
				 tve_word(TABLE, 1, 16, 24), tve_word(TABLE, 5, 12, 30) };

	for (unsigned i = 0; i < 5; i++) {
		world_ioda(&world, 9, 2 * PE, bad[i]);
		world_expect_fault(&world, 0x1000, false, TCE_FAULT_TVE_INVALID);
		world_ioda(&world, 8, PE, 0);
	}
}
END_TEST

START_TEST(a_tce_for_reading_only_is_no_page_fault)
{
	world_expect(&world, 0x10123, false, 0x50123);
	world_expect_fault(&world, 0x10123, true, TCE_FAULT_TCE_ACCESS);
	ck_assert_uint_eq(pest(PE, 0), 0x8000903800000000);
}
END_TEST

START_TEST(an_indirect_tce_without_permission_is_a_page_fault)
{
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 2, 12, 12));
	world_be64(&world, TABLE, 0x230001000);
	world_be64(&world, TABLE + 0x1000, 0x70003);
	world_expect_fault(&world, 0x123, false, TCE_FAULT_TCE_PAGE);
	world_ioda(&world, 8, PE, 0);
	world_be64(&world, TABLE, 0x230001001);
	world_expect(&world, 0x123, true, 0x70123);
}
END_TEST

START_TEST(a_frozen_pe_is_blocked_without_a_look_at_its_tables)
{
	world_expect(&world, 0x10000, false, 0x50000);
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);

	uint64_t record = world_be64_get(&world, PEST + PE * 16);

	world_be64(&world, TABLE + 16, 0x60003);
	for (unsigned i = 0; i < 3; i++) {
		world_expect_fault(&world, i << 16, true, TCE_FAULT_PE_STOPPED);
		ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], 0);
		ck_assert_uint_eq(world.writes, 0);
	}
	world_reg(&world, 0x160, IBM(14));
	world_expect_fault(&world, UINT64_C(1) << 60, true, TCE_FAULT_PE_STOPPED); /* MSIs, too */
	ck_assert_uint_eq(world_be64_get(&world, PEST + PE * 16), record);
}
END_TEST

START_TEST(others_go_on_and_the_pe_does_when_dma_is_let_again)
{
	world_rte(&world, RID + 1, PE + 1);
	world_ioda(&world, 9, 2 * (PE + 1), tve_word(TABLE, 1, 16, 16));
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	ck_assert_int_eq(world_dma(&world, RID + 1, 0x10000, false), IOMMU_TRANSLATED);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 0), IBM(PE));

	world_ioda(&world, 7, PE, 0); /* MMIO alone does not help DMA */
	world_expect_fault(&world, 0x10000, false, TCE_FAULT_PE_STOPPED);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 0), IBM(PE));
	world_ioda(&world, 8, PE, 0);
	world_expect(&world, 0x10000, false, 0x50000);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 0), 0);
}
END_TEST

START_TEST(those_in_the_pelt_v_freeze_with_it)
{
	const unsigned with[] = { 0, 63, 64, 511 };

	/* A byte to eight PEs, the first is the most significant bit.  [SKIBOOT] phb4_set_peltv */
	for (unsigned i = 0; i < 4; i++) {
		unsigned char byte = (unsigned char)(0x80 >> with[i] % 8);

		memory_write(world.memory, PELTV + PE * 64 + with[i] / 8, &byte, 1);
	}
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	for (unsigned pe = 0; pe < 512; pe++) {
		bool frozen = pe == PE || pe == 0 || pe == 63 || pe == 64 || pe == 511;

		ck_assert_uint_eq(world_ioda_get(&world, 7, pe), frozen ? IBM(0) : 0);
		ck_assert_uint_eq(world_ioda_get(&world, 8, pe), frozen ? IBM(0) : 0);
	}
	ck_assert_uint_eq(world_ioda_get(&world, 20, 7), IBM(63));
}
END_TEST

START_TEST(what_firmware_does_not_let_freeze_does_not)
{
	world_reg(&world, 0xea8, 0);
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	ck_assert_uint_eq(world.writes, 0);
	ck_assert_uint_eq(world_ioda_get(&world, 8, PE), 0);
	ck_assert_uint_eq(world_get(&world, 0xe80), IBM(2));
	world_reg(&world, 0xe98, 0); /* nor tell the LEM */
	world_reg(&world, 0xc00, 0);
	world_reg(&world, 0xc40, 0);
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	ck_assert_uint_eq(world_get(&world, 0xc00), 0);
}
END_TEST

START_TEST(an_rte_that_names_no_pe_blocks_and_freezes_nothing)
{
	const unsigned none[] = { 512, 0xffff };

	for (unsigned i = 0; i < 2; i++) {
		world_rte(&world, RID, none[i]);
		world_expect_fault(&world, 0x10000, false, TCE_FAULT_RTE_PE);
		ck_assert_uint_eq(world_get(&world, 0xd80), IBM(40));
		ck_assert_uint_eq(world.writes, 0);
	}
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(world_ioda_get(&world, 20, i), 0);
	world_rte(&world, RID, PE); /* and it is not kept */
	world_expect(&world, 0x10000, false, 0x50000);
}
END_TEST

START_TEST(without_an_rtt_nothing_gets_through)
{
	world_reg(&world, 0x168, RTT);
	world_expect_fault(&world, 0x10000, false, TCE_FAULT_RTT_DISABLED);
	ck_assert_uint_eq(world_get(&world, 0xd80), IBM(41));
}
END_TEST

START_TEST(without_a_pest_or_a_pelt_v_the_pe_freezes_all_the_same)
{
	world_reg(&world, 0x188, 0);
	world_reg(&world, 0x1a8, 0);
	world_expect_fault(&world, 0x20000, false, TCE_FAULT_TCE_PAGE);
	ck_assert_uint_eq(world.writes, 0);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_DEVICE], 1); /* the RTE alone */
	ck_assert_uint_eq(world_ioda_get(&world, 8, PE), IBM(0));
}
END_TEST

static bool nothing(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct world *of = argument;

	if (access->address >= TABLE || of->writes)
		return false;
	iommu_access_now(of->memory, access, words);
	return true;
}

START_TEST(memory_that_does_not_answer_blocks)
{
	struct iommu_request request = { .source_id = RID, .iova = 0x10000 };

	world.writes = 1; /* no RTT either */
	iommu_translate_through(world.iommu, nothing, &world, &world.translation, &request);
	ck_assert_int_eq(world.translation.fault_reason, TCE_FAULT_RTT_MEMORY);
	world.writes = 0;
	iommu_translate_through(world.iommu, nothing, &world, &world.translation, &request);
	ck_assert_int_eq(world.translation.fault_reason, TCE_FAULT_TCE_MEMORY);
	ck_assert_uint_eq(world.translation.reads[IOMMU_FOR_SECOND_STAGE], 0);
}
END_TEST

START_TEST(the_first_error_is_kept_apart_until_it_is_cleared)
{
	world_expect_fault(&world, 0x40000000, false, TCE_FAULT_TVE_RANGE);
	world_ioda(&world, 8, PE, 0);
	world_ioda(&world, 9, 2 * PE, 0);
	world_expect_fault(&world, 0, false, TCE_FAULT_TVE_INVALID);
	ck_assert_uint_eq(world_get(&world, 0xd80), IBM(26) | IBM(28));
	ck_assert_uint_eq(world_get(&world, 0xd88), IBM(28));
	world_reg(&world, 0xd80, IBM(28)); /* writing 1 clears */
	ck_assert_uint_eq(world_get(&world, 0xd80), IBM(26));
	world_reg(&world, 0xd88, 0);
	world_ioda(&world, 8, PE, 0);
	world_expect_fault(&world, 0, false, TCE_FAULT_TVE_INVALID);
	ck_assert_uint_eq(world_get(&world, 0xd88), IBM(26));
}
END_TEST

int main(void)
{
	return world_suite("tce faults", setup, teardown,
			   (const TTest *const[]){
				   a_read_of_an_unmapped_page_is_what_a_power9_logged,
				   a_write_to_an_unmapped_page_is_what_a_power9_logged,
				   an_address_beyond_the_window_is_what_a_power9_logged,
				   a_read_beyond_the_window_is_a_dma_read,
				   a_tve_without_a_table_size_is_invalid,
				   so_is_one_with_more_than_five_levels_or_a_page_that_does_not_exist,
				   a_tce_for_reading_only_is_no_page_fault,
				   an_indirect_tce_without_permission_is_a_page_fault,
				   a_frozen_pe_is_blocked_without_a_look_at_its_tables,
				   others_go_on_and_the_pe_does_when_dma_is_let_again,
				   those_in_the_pelt_v_freeze_with_it,
				   what_firmware_does_not_let_freeze_does_not,
				   an_rte_that_names_no_pe_blocks_and_freezes_nothing,
				   without_an_rtt_nothing_gets_through,
				   without_a_pest_or_a_pelt_v_the_pe_freezes_all_the_same,
				   memory_that_does_not_answer_blocks,
				   the_first_error_is_kept_apart_until_it_is_cleared,
				   NULL,
			   });
}
