/* SPDX-License-Identifier: Apache-2.0 */
/* Legacy mode: root and context entries, the second stage, pass-through, and each of their faults. */
#include "tests/models/iommu/vtd/world.h"

#define IOVA   UINT64_C(0x123456789000)
#define OUTPUT UINT64_C(0x3000045000)

static struct world w;
static struct tables ss;
static phys_t context;

static void begin(const struct iommu_cache_config *caches, unsigned levels)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	features.snoop_control = false;
	world_init(&w, &features, caches);
	ss = world_second_stage(&w, levels);
	context = world_attach_legacy(&w, DEVICE, 7, &ss);
	world_map(&w, &ss, 0, IOVA & ((UINT64_C(1) << (12 + 9 * levels)) - 1), OUTPUT | SS_RW);
	world_start(&w);
}

static void read_page(void)
{
	world_dma(&w, DEVICE, NO_PASID, IOVA + 0x123, false);
}

/* [VTD] "Legacy Mode Address Translation": root entry, context entry, one entry per level. */
START_TEST(a_cold_walk_reads_two_structures_and_one_entry_per_level)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		uint64_t iova = IOVA & ((UINT64_C(1) << (12 + 9 * levels)) - 1);

		begin(&world_no_caches, levels);
		world_dma(&w, DEVICE, NO_PASID, iova + 0x123, true);
		expect_output(&w, OUTPUT + 0x123, 12);
		expect_reads(&w, 2, 0, levels);
		ck_assert(!w.t.from_cache);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Second-Stage Paging Entries", PS of SS-PDE and SS-PDPE. */
START_TEST(a_large_page_ends_the_walk_early)
{
	begin(&world_no_caches, 4);
	world_map(&w, &ss, 1, 0x40000000, 0x3000200000 | SS_RW | PAGE_SIZE_BIT);
	world_map(&w, &ss, 2, 0x80000000, 0x4000000000 | SS_RW | PAGE_SIZE_BIT);
	world_dma(&w, DEVICE, NO_PASID, 0x401fffff, false);
	expect_output(&w, 0x30003fffff, 21);
	expect_reads(&w, 2, 0, 3);
	world_dma(&w, DEVICE, NO_PASID, 0xbfffffff, false);
	expect_output(&w, 0x403fffffff, 30);
	expect_reads(&w, 2, 0, 2);
	world_fini(&w);
}
END_TEST

START_TEST(addresses_pass_unchanged_while_translation_is_off)
{
	begin(&world_no_caches, 4);
	world_set_register(&w, 0x18, 4, 0);
	world_dma(&w, OTHER_DEVICE, NO_PASID, 0x5678, true);
	expect_output(&w, 0x5678, 12);
	expect_reads(&w, 0, 0, 0);
	world_fini(&w);
}
END_TEST

/* [VTD] "Context Entry", TT = 10b; AW must be the largest width. */
START_TEST(pass_through_returns_the_address)
{
	begin(&world_caches, 4);
	memory_write64(w.memory, context, 2 << 2 | 1);
	memory_write64(w.memory, context + 8, 3 | 7 << 8);
	read_page();
	expect_output(&w, IOVA + 0x123, 12);
	expect_reads(&w, 2, 0, 0);
	read_page();
	expect_reads(&w, 0, 0, 0);
	ck_assert(!w.t.iotlb_hit);
	/* SSPTPTR is ignored: also bits at and above the host's width, which are reserved otherwise. */
	memory_write64(w.memory, context, UINT64_C(1) << 63 | 2 << 2 | 1);
	world_command(&w, 1 << 4 | 1, 0); /* context-cache, globally */
	read_page();
	expect_output(&w, IOVA + 0x123, 12);
	expect_reads(&w, 2, 0, 0);
	world_fini(&w);
}
END_TEST

/* [VTD] "Context Entry", TT = 01b: untranslated requests as with 00b. */
START_TEST(a_device_with_a_device_tlb_may_send_untranslated_requests)
{
	begin(&world_no_caches, 4);
	world_set_bits(&w, context, 1 << 2);
	read_page();
	expect_output(&w, OUTPUT + 0x123, 12);
	world_fini(&w);
}
END_TEST

/* [VTD] "Handling Requests to Interrupt Address Range": writes without PASID to 0xfeexxxxx are not DMA. */
START_TEST(a_write_to_the_interrupt_range_is_not_translated)
{
	begin(&world_no_caches, 4);
	world_dma(&w, OTHER_DEVICE, NO_PASID, 0xfee00300, true);
	expect_output(&w, 0xfee00300, 12);
	expect_reads(&w, 0, 0, 0);
	world_fini(&w);
}
END_TEST

/* ---- faults in legacy mode: [VTD] "Fault Conditions and Remapping Hardware Behavior for Various Requests" ---- */

START_TEST(root_entry_faults)
{
	begin(&world_no_caches, 4);

	phys_t root = w.root + 3 * 16;

	world_dma(&w, 0x0408, NO_PASID, IOVA, false); /* bus 4 */
	expect_fault(&w, 0x1);                        /* LRT.2 */
	expect_reads(&w, 1, 0, 0);

	static const struct {
		unsigned word;
		uint64_t bit;
	} reserved[] = { { 0, 1 << 1 }, { 0, 1 << 11 }, { 0, UINT64_C(1) << 46 }, { 1, 1 }, { 1, UINT64_C(1) << 63 } };

	for (unsigned i = 0; i < 5; i++) {
		world_set_bits(&w, root + reserved[i].word * 8, reserved[i].bit);
		read_page();
		expect_fault(&w, 0xa); /* LRT.3 */
		world_clear_bits(&w, root + reserved[i].word * 8, reserved[i].bit);
	}
	read_page();
	expect_output(&w, OUTPUT + 0x123, 12);
	world_fini(&w);
}
END_TEST

START_TEST(context_entry_faults)
{
	begin(&world_no_caches, 4);
	world_dma(&w, OTHER_DEVICE, NO_PASID, IOVA, false);
	expect_fault(&w, 0x2); /* LCT.2 */
	expect_reads(&w, 2, 0, 0);

	static const struct {
		unsigned word;
		uint64_t bits;
		enum vtd_fault_reason reason;
	} broken[] = {
		{ 0, 1 << 4, 0xb }, { 0, 1 << 11, 0xb }, { 0, UINT64_C(1) << 46, 0xb }, /* LCT.3 */
		{ 1, 1 << 7, 0xb }, { 1, 1 << 24, 0xb }, { 1, UINT64_C(1) << 63, 0xb },
		{ 0, 3 << 2, 0x3 }, /* LCT.4: TT = 11b */
		{ 1, 4, 0x3 },      /* LCT.4: AW = 110b */
		{ 0, 2 << 2, 0x3 }, /* LCT.4: pass-through with a width below the largest */
	};

	for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		world_set_bits(&w, context + broken[i].word * 8, broken[i].bits);
		read_page();
		expect_fault(&w, broken[i].reason);
		world_clear_bits(&w, context + broken[i].word * 8, broken[i].bits);
	}
	/* Bits 6:3 of word 1 are ignored. */
	world_set_bits(&w, context + 8, 0x78);
	read_page();
	expect_output(&w, OUTPUT + 0x123, 12);
	world_fini(&w);
}
END_TEST

/* A unit of 48-bit second stages, without pass-through and device-TLBs: TT = 01b, 10b and AW = 011b are invalid. */
START_TEST(a_context_entry_may_not_ask_for_what_the_unit_lacks)
{
	struct vtd_features features = world_features();
	static const uint64_t asks[3][2] = { { 1 << 2, 0 }, { 2 << 2, 0 }, { 0, 1 } };

	features.scalable = false;
	features.pass_through = false;
	features.device_tlb = false;
	features.second_stage_levels = 4;
	world_init(&w, &features, &world_no_caches);
	ss = world_second_stage(&w, 4);
	context = world_attach_legacy(&w, DEVICE, 7, &ss);
	world_start(&w);
	for (unsigned i = 0; i < 3; i++) {
		world_set_bits(&w, context, asks[i][0]);
		world_set_bits(&w, context + 8, asks[i][1]);
		read_page();
		expect_fault(&w, 0x3); /* LCT.4 */
		world_clear_bits(&w, context, asks[i][0]);
		world_clear_bits(&w, context + 8, asks[i][1]);
	}
	world_fini(&w);
}
END_TEST

START_TEST(an_address_beyond_the_width_faults)
{
	begin(&world_no_caches, 4);
	world_dma(&w, DEVICE, NO_PASID, UINT64_C(1) << 48, false);
	expect_fault(&w, 0x4); /* LGN.1 */
	expect_reads(&w, 2, 0, 0);
	memory_write64(w.memory, context, 2 << 2 | 1);
	memory_write64(w.memory, context + 8, 3 | 7 << 8);
	world_dma(&w, DEVICE, NO_PASID, UINT64_C(1) << 46, false); /* pass-through: the host's width */
	expect_fault(&w, 0x4);
	world_fini(&w);
}
END_TEST

/* An absent entry lacks both permissions, at whatever level. */
START_TEST(a_request_without_permission_faults)
{
	begin(&world_no_caches, 4);
	world_map(&w, &ss, 0, 0x1000, OUTPUT | SS_R);
	world_map(&w, &ss, 0, 0x2000, OUTPUT | SS_W);
	world_dma(&w, DEVICE, NO_PASID, 0x1000, true);
	expect_fault(&w, 0x5); /* LGN.2 */
	world_dma(&w, DEVICE, NO_PASID, 0x2000, false);
	expect_fault(&w, 0x6); /* LGN.3 */
	world_dma(&w, DEVICE, NO_PASID, 0x3000, true);
	expect_fault(&w, 0x5);
	expect_reads(&w, 2, 0, 4);
	world_dma(&w, DEVICE, NO_PASID, 0x4000000000, false);
	expect_fault(&w, 0x6);
	expect_reads(&w, 2, 0, 2);
	world_clear_bits(&w, world_slot(&w, &ss, 2, 0x1000), SS_W); /* a table that denies writes below it */
	world_map(&w, &ss, 0, 0x4000, OUTPUT | SS_RW);
	world_dma(&w, DEVICE, NO_PASID, 0x4000, true);
	expect_fault(&w, 0x5);
	world_fini(&w);
}
END_TEST

START_TEST(reserved_bits_of_paging_entries_fault)
{
	begin(&world_no_caches, 4);
	/* Above the host's 46 bits; SNP of a leaf (the unit has no snoop control); PS of SS-PML4E. */
	static const struct {
		unsigned level;
		uint64_t bit;
	} reserved[] = {
		{ 0, UINT64_C(1) << 46 }, { 0, 1 << 11 }, { 2, 1 << 11 }, { 3, 1 << 7 }, { 3, UINT64_C(1) << 51 }
	};

	for (unsigned i = 0; i < 5; i++) {
		phys_t slot = world_slot(&w, &ss, reserved[i].level, IOVA);

		world_set_bits(&w, slot, reserved[i].bit);
		read_page();
		expect_fault(&w, 0xc); /* LSL.2 */
		world_clear_bits(&w, slot, reserved[i].bit);
	}
	world_fini(&w);
}
END_TEST

START_TEST(no_translation_leads_to_the_interrupt_range)
{
	begin(&world_caches, 4);
	world_map(&w, &ss, 0, 0x1000, 0xfee00000 | SS_RW);
	world_map(&w, &ss, 2, 0x40000000, 0xc0000000 | SS_RW | PAGE_SIZE_BIT);
	world_dma(&w, DEVICE, NO_PASID, 0x1000, true);
	expect_fault(&w, 0xe); /* LGN.4 */
	/* A page around the range is good but for the range, also when it is cached. */
	world_dma(&w, DEVICE, NO_PASID, 0x40000000, true);
	expect_output(&w, 0xc0000000, 30);
	world_dma(&w, DEVICE, NO_PASID, 0x7ee00000, true);
	expect_fault(&w, 0xe);
	ck_assert(w.t.iotlb_hit);
	world_dma(&w, DEVICE, NO_PASID, 0x7ef00000, true);
	expect_output(&w, 0xfef00000, 30);
	world_fini(&w);
}
END_TEST

/* [RTA.2] */
START_TEST(legacy_mode_blocks_requests_with_pasid)
{
	begin(&world_no_caches, 4);
	world_dma(&w, DEVICE, 5, IOVA, false);
	expect_fault(&w, 0x31);
	world_fini(&w);
}
END_TEST

/* [VTD] "Context Entry", FPD: blocked all the same, but not recorded; counts in an absent entry, too. */
START_TEST(fault_processing_disable_keeps_faults_out_of_the_records)
{
	begin(&world_caches, 4);
	world_set_bits(&w, context, 1 << 1);
	world_dma(&w, DEVICE, NO_PASID, 0x9000, true);
	expect_fault(&w, 0x5);
	world_dma(&w, DEVICE, NO_PASID, 0x9000, true); /* from the context-cache */
	expect_fault(&w, 0x5);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	memory_write64(w.memory, context + 16, 1 << 1);
	world_dma(&w, DEVICE + 1, NO_PASID, IOVA, true);
	expect_fault(&w, 0x2);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	world_dma(&w, DEVICE + 2, NO_PASID, IOVA, true);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 1 << 1);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_cold_walk_reads_two_structures_and_one_entry_per_level,
		a_large_page_ends_the_walk_early,
		addresses_pass_unchanged_while_translation_is_off,
		pass_through_returns_the_address,
		a_device_with_a_device_tlb_may_send_untranslated_requests,
		a_write_to_the_interrupt_range_is_not_translated,
		root_entry_faults,
		context_entry_faults,
		a_context_entry_may_not_ask_for_what_the_unit_lacks,
		an_address_beyond_the_width_faults,
		a_request_without_permission_faults,
		reserved_bits_of_paging_entries_fault,
		no_translation_leads_to_the_interrupt_range,
		legacy_mode_blocks_requests_with_pasid,
		fault_processing_disable_keeps_faults_out_of_the_records,
		NULL,
	};

	return suite_run("vtd legacy mode", tests);
}
