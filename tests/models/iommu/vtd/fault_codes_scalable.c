/* SPDX-License-Identifier: Apache-2.0 */
/* Every condition of scalable mode up to the page tables, for every type of request. */
#include "tests/models/iommu/vtd/fault_table.h"

/* ECAP bits: ERS 30, NWFS 33, RPRIVS 53, PTRS 56 */
#define ERS    UINT64_C(0x40000000)
#define NWFS   UINT64_C(0x200000000)
#define RPRIVS UINT64_C(0x20000000000000)
#define PTRS   UINT64_C(0x100000000000000)
#define OUTPUT UINT64_C(0x3000045000)

/* Bits of the context entry's first word. */
#define DTE    (1 << 2)
#define PASIDE (1 << 3)
#define PRE    (1 << 4)
#define EPTR   (1 << 6)

static struct world *const w = &fault_world;
static struct tables ss;

/* Requests without PASID use PASID 0; the second stage translates for it and for FAULT_PASID. */
static void begin_as(const struct vtd_features *features, uint64_t more_ecap, uint8_t version)
{
	world_init_with(w, features, &world_no_caches, NWFS | RPRIVS | PTRS | more_ecap, version);
	ss = world_second_stage(w, 4);
	world_map(w, &ss, 0, FAULT_IOVA, OUTPUT | SS_RW);
	fault_context = world_attach_scalable(w, DEVICE);
	world_set_bits(w, fault_context, DTE | PASIDE | PRE | EPTR);
	world_set_pasid(w, DEVICE, 0, 7, NULL, &ss);
	world_set_pasid(w, DEVICE, FAULT_PASID, 7, NULL, &ss);
	world_start(w);
}

static struct vtd_features features_of_all(void)
{
	struct vtd_features features = world_features();

	features.page_requests = true;
	return features;
}

static void begin(void)
{
	struct vtd_features features = features_of_all();

	begin_as(&features, 0, 0);
}

static void begin_with_abort_dma(void)
{
	struct vtd_features features = features_of_all();

	features.abort_dma = true;
	begin_as(&features, 0, 0);
}

static void begin_of_version_8(void)
{
	struct vtd_features features = features_of_all();

	begin_as(&features, ERS, 0x80);
}

static void begin_with_execute_requests(void)
{
	struct vtd_features features = features_of_all();

	begin_as(&features, ERS, 0x70);
}

static void begin_with_short_pasids(void)
{
	struct vtd_features features = features_of_all();

	features.pasid_bits = 6;
	begin_as(&features, 0, 0);
}

static void begin_with_less(void)
{
	struct vtd_features features = features_of_all();

	features.nested = false;
	features.pass_through = false;
	features.second_stage_levels = 4;
	features.first_stage_levels = 4;
	begin_as(&features, 0, 0);
}

static void begin_without_stages(void)
{
	struct vtd_features features = features_of_all();

	features.nested = false;
	features.no_first_stage = true;
	features.no_second_stage = true;
	begin_as(&features, 0, 0);
	for (uint32_t pasid = 0; pasid <= FAULT_PASID; pasid += FAULT_PASID) {
		phys_t entry = world_pasid_slot(w, DEVICE, pasid);

		memory_write64(w->memory, entry, 4 << 6 | 1); /* pass-through */
	}
}

static void begin_pass_through(void)
{
	begin();
	world_set_pasid(w, DEVICE, 0, 7, NULL, NULL);
	world_set_pasid(w, DEVICE, FAULT_PASID, 7, NULL, NULL);
}

/* ---- conditions ---- */

static void nothing(void)
{
}

static void set_mode(uint64_t ttm)
{
	world_set_register(w, 0x20, 8, w->root | ttm << 10);
	world_set_register(w, 0x18, 4, 1u << 30 | 1u << 31 | 1u << 26);
}

static void mode_is_abort_dma(void)
{
	set_mode(3);
}

static void mode_is_reserved(void)
{
	set_mode(2);
}

static void root_is_a_hole(void)
{
	world_make_hole(w, w->root, IOMMU_WANTS_READ);
}

static void root_is_absent(void)
{
	world_clear_bits(w, w->root + 3 * 16, 1);
}

static void root_has_reserved(void)
{
	world_set_bits(w, w->root + 3 * 16, 1 << 1);
}

static void context_is_a_hole(void)
{
	world_make_hole(w, w->contexts[0], IOMMU_WANTS_READ);
}

static void context_is_absent(void)
{
	world_clear_bits(w, fault_context, 1);
}

static void context_has_reserved(void)
{
	world_set_bits(w, fault_context + 24, UINT64_C(1) << 63);
}

static void pre_without_dte(void)
{
	world_clear_bits(w, fault_context, DTE);
}

static void rid_pasid_is_too_large(void)
{
	memory_write64(w->memory, fault_context + 8, 0x2000);
}

static void eptr_without_paside(void)
{
	world_clear_bits(w, fault_context, PASIDE);
}

static void no_device_tlb(void)
{
	world_clear_bits(w, fault_context, DTE | PRE);
}

static void no_pasids(void)
{
	world_clear_bits(w, fault_context, PASIDE | EPTR);
}

static void no_page_requests(void)
{
	world_clear_bits(w, fault_context, PRE);
}

static void rid_pasid_is_taken(void)
{
	memory_write64(w->memory, fault_context + 8, FAULT_PASID);
}

static void no_pasid_in_translated_requests(void)
{
	world_clear_bits(w, fault_context, EPTR);
}

static phys_t directory(void)
{
	return memory_read64(w->memory, fault_context) & ~UINT64_C(0xfff);
}

static void directory_is_a_hole(void)
{
	world_make_hole(w, directory(), IOMMU_WANTS_READ);
}

static void directory_entry_is_absent(void)
{
	for (unsigned i = 0; i <= FAULT_PASID >> 6; i++)
		world_clear_bits(w, directory() + 8 * i, 1);
}

static void directory_entry_has_reserved(void)
{
	for (unsigned i = 0; i <= FAULT_PASID >> 6; i++)
		world_set_bits(w, directory() + 8 * i, 1 << 11);
}

/* Both PASID entries in one table, which is a hole. */
static void pasid_table_is_a_hole(void)
{
	memory_write64(w->memory, directory() + 8, memory_read64(w->memory, directory()));
	world_make_hole(w, memory_read64(w->memory, directory()), IOMMU_WANTS_READ);
}

static void set_in_both(unsigned word, uint64_t cleared, uint64_t set)
{
	for (uint32_t pasid = 0; pasid <= FAULT_PASID; pasid += FAULT_PASID) {
		phys_t entry = world_pasid_slot(w, DEVICE, pasid) + 8 * word;

		world_clear_bits(w, entry, cleared);
		world_set_bits(w, entry, set);
	}
}

static void pasid_entry_is_absent(void)
{
	set_in_both(0, 1, 0);
}

static void pasid_entry_has_reserved(void)
{
	set_in_both(1, 0, 1 << 27);
}

static void width_is_unknown(void)
{
	set_in_both(0, 7 << 2, 4 << 2);
}

static void width_is_too_large(void)
{
	set_in_both(0, 7 << 2, 3 << 2);
}

static void type_is_000(void)
{
	set_in_both(0, 7 << 6, 0);
}

static void type_is_001(void)
{
	set_in_both(0, 7 << 6, 1 << 6);
}

static void type_is_010(void)
{
	set_in_both(0, 7 << 6, 2 << 6);
}

static void type_is_011(void)
{
	set_in_both(0, 7 << 6, 3 << 6);
}

static void type_is_100(void)
{
	set_in_both(0, 7 << 6, 4 << 6);
}

static void type_is_101(void)
{
	set_in_both(0, 7 << 6, 5 << 6);
}

static void type_is_110(void)
{
	set_in_both(0, 7 << 6, 6 << 6);
}

static void type_is_111(void)
{
	set_in_both(0, 7 << 6, 7 << 6);
}

static void first_stage_of_unknown_depth(void)
{
	type_is_001();
	set_in_both(2, 0, 2 << 2);
}

static void first_stage_of_five_levels(void)
{
	type_is_001();
	set_in_both(2, 0, 1 << 2);
}

/* Nested, 39 bits of guest-physical address. */
static void first_stage_beyond_the_second(void)
{
	type_is_011();
	set_in_both(0, 7 << 2, 1 << 2);
	set_in_both(2, 0, UINT64_C(1) << 39);
}

static void first_stage_without_ere(void)
{
	type_is_001();
}

static void supervisor_requests(void)
{
	memory_write64(w->memory, fault_context + 8, 1 << 20); /* RID_PRIV */
}

static void page_is_of_interrupts(void)
{
	world_map(w, &ss, 0, FAULT_IOVA, 0xfee00000 | SS_RW);
}

/* A page of 1 GiB around the interrupt address range. */
static void page_has_interrupts(void)
{
	world_map(w, &ss, 2, FAULT_IOVA, 0xc0000000 | SS_RW | PAGE_SIZE_BIT);
}

/* clang-format off */
#define EXECUTE    .request = { .execute = true }
#define SUPERVISOR .request = { .privileged = true }
#define AT(a)      .request = { .iova = (a) }
#define PASID(p)   .pasid = (p), .page_with_pasid = true

static const struct fault_row rows[] = {
	ROW("RTA_1_1", 0x30, false, "UUCCUUId", begin, mode_is_abort_dma),
	ROW("RTA_1_2", 0x30, false, "UUCCUUId", begin, mode_is_reserved),
	ROW("RTA_4",   0x33, false, "UUUUUUId", begin_with_abort_dma, mode_is_abort_dma),
	ROW("RTA_5",   0x34, false, "-U-U-U--", begin_of_version_8, nothing, EXECUTE),
	ROW("SRT_1",   0x38, false, "UUCCUUId", begin, root_is_a_hole),
	ROW("SRT_2",   0x39, false, "UUUUUUId", begin, root_is_absent),
	ROW("SRT_3",   0x3a, false, "UUCCUUId", begin, root_has_reserved),
	ROW("SCT_1",   0x40, false, "UUCCUUId", begin, context_is_a_hole),
	ROW("SCT_2",   0x41, true,  "UUUUUUId", begin, context_is_absent),
	ROW("SCT_3",   0x42, true,  "UUCCUUId", begin, context_has_reserved),
	ROW("SCT_4_1", 0x43, true,  "UUCCUUId", begin, pre_without_dte),
	ROW("SCT_4_2", 0x43, true,  "UUCCUUId", begin, rid_pasid_is_too_large),
	ROW("SCT_4_3", 0x43, true,  "U-C-UUId", begin, eptr_without_paside),
	ROW("SCT_5",   0x44, true,  "--UUUU--", begin, no_device_tlb),
	ROW("SCT_6",   0x45, true,  "-U-U--Id", begin, no_pasids, .page_with_pasid = true),
	ROW("SCT_6 rather than SCT_4_3", 0x45, true, "-U-U----", begin, eptr_without_paside),
	ROW("SCT_7",   0x46, true,  "-U-U-UId", begin, nothing, PASID(0x2000)),
	ROW("SCT_8",   0x47, true,  "------Id", begin, no_page_requests),
	ROW("SCT_8 with PASID", 0x47, true, "------Id", begin, no_page_requests, .page_with_pasid = true),
	ROW("SCT_9",   0x48, true,  "-U-U-UId", begin, rid_pasid_is_taken, .page_with_pasid = true),
	ROW("SCT_10",  0x49, true,  "-----U--", begin, no_pasid_in_translated_requests),
	ROW("SPD_1",   0x50, false, "UUCC--Id", begin, directory_is_a_hole),
	ROW("SPD_2",   0x51, true,  "UU00--Id", begin, directory_entry_is_absent),
	ROW("SPD_3",   0x52, true,  "UUCC--Id", begin, directory_entry_has_reserved),
	ROW("SPT_1",   0x58, false, "UUCC--Id", begin, pasid_table_is_a_hole),
	ROW("SPT_2",   0x59, true,  "UU00--Id", begin, pasid_entry_is_absent),
	ROW("SPT_2 with PASID", 0x59, true, "------Id", begin, pasid_entry_is_absent, .page_with_pasid = true),
	ROW("SPT_3",   0x5a, true,  "UUCC--Id", begin, pasid_entry_has_reserved),
	ROW("SPT_4_1", 0x5b, true,  "UUCC--Id", begin, width_is_unknown),
	ROW("SPT_4_1 of a lesser unit", 0x5b, true, "UUCC--Id", begin_with_less, width_is_too_large),
	ROW("SPT_4_2, 000b", 0x5b, true, "UUCC--Id", begin, type_is_000),
	ROW("SPT_4_2, 001b", 0x5b, true, "UUCC--Id", begin_without_stages, type_is_001),
	ROW("SPT_4_2, 010b", 0x5b, true, "UUCC--Id", begin_without_stages, type_is_010),
	ROW("SPT_4_2, 011b", 0x5b, true, "UUCC--Id", begin_with_less, type_is_011),
	ROW("SPT_4_2, 100b", 0x5b, true, "UUCC--Id", begin_with_less, type_is_100),
	ROW("SPT_4_2, 101b", 0x5b, true, "UUCC--Id", begin, type_is_101),
	ROW("SPT_4_2, 110b", 0x5b, true, "UUCC--Id", begin, type_is_110),
	ROW("SPT_4_2, 111b", 0x5b, true, "UUCC--Id", begin, type_is_111),
	ROW("SPT_4_3", 0x5b, true,  "UUCC--Id", begin, first_stage_of_unknown_depth),
	ROW("SPT_4_3 of a lesser unit", 0x5b, true, "UUCC--Id", begin_with_less, first_stage_of_five_levels),
	ROW("SPT_4_4", 0x5b, true,  "UUCC--Id", begin, first_stage_beyond_the_second),
	ROW("SPT_5",   0x5c, true,  "-U-0----", begin, nothing, EXECUTE),
	ROW("SPT_5 for want of ERE", 0x5c, true, "-U-0----", begin_with_execute_requests, first_stage_without_ere,
	    EXECUTE),
	ROW("SPT_6",   0x5d, true,  "UU00----", begin, supervisor_requests, SUPERVISOR),
	ROW("SGN_4_1", 0x83, true,  "----UU--", begin, nothing, AT(UINT64_C(1) << 46)),
	ROW("SGN_4_2", 0x83, true,  "UU00----", begin_pass_through, nothing, AT(UINT64_C(1) << 46)),
	ROW("SGN_5",   0x84, true,  "UU00----", begin, nothing, AT(UINT64_C(1) << 48)),
	ROW("SGN_8_1", 0x87, true,  "UU------", begin, page_is_of_interrupts),
	ROW("SGN_8_1 of a read of interrupts", 0x87, true, "U-------", begin, nothing, AT(0xfee00000)),
	ROW("SGN_8_1 of pass-through", 0x87, true, "UU------", begin_pass_through, nothing, AT(0xfeefffff)),
	ROW("SGN_8_2", 0x87, true,  "--CC----", begin, page_is_of_interrupts),
	ROW("SGN_8_2 of a range", 0x87, true, "--CC----", begin, page_has_interrupts),
	ROW("SGN_8_3", 0x87, true,  "----UU--", begin, nothing, AT(0xfee00000)),
	ROW("SGN_10",  0x89, true,  "-U-U-U--", begin_with_short_pasids, nothing, .pasid = 0x40),
};
/* clang-format on */

START_TEST(a_condition_of_scalable_mode_has_its_reason_and_its_completions)
{
	fault_row_expect(&rows[_i]);
}
END_TEST

/* [RTA.1.3] SMTS = 0: legacy tables only, and TTM = 01b. */
START_TEST(a_unit_without_scalable_mode_cannot_be_set_to_it_RTA_1_3)
{
	struct vtd_features features = world_features();
	static const enum iommu_completion completions[] = { IOMMU_UNSUPPORTED, IOMMU_ABORT, IOMMU_UNSUPPORTED };

	features.scalable = false;
	world_init(w, &features, &world_no_caches);
	world_start(w);
	set_mode(1);
	for (enum iommu_request_type type = IOMMU_UNTRANSLATED; type <= IOMMU_TRANSLATED_REQUEST; type++) {
		struct iommu_request request = { .type = type, .source_id = DEVICE, .iova = FAULT_IOVA };

		world_request(w, &request);
		expect_fault(w, 0x30);
		ck_assert_int_eq(w->t.completion, completions[type]);
	}
	world_fini(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd fault codes of scalable mode");
	TCase *tests = tcase_create("vtd fault codes of scalable mode");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(tests, a_condition_of_scalable_mode_has_its_reason_and_its_completions, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tests, a_unit_without_scalable_mode_cannot_be_set_to_it_RTA_1_3);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
