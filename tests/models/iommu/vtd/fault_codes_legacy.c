/* SPDX-License-Identifier: Apache-2.0 */
/* Every condition of legacy mode, for every type of request. */
#include "tests/models/iommu/vtd/fault_table.h"

#define SSIRWS UINT64_C(0x200000000000000) /* ECAP bit 57 */
#define OUTPUT UINT64_C(0x3000045000)

static struct world *const w = &fault_world;
static struct tables ss;

static void begin_with(bool scalable, uint64_t more_ecap)
{
	struct vtd_features features = world_features();

	features.scalable = scalable;
	features.page_requests = scalable;
	world_init_with(w, &features, &world_no_caches, more_ecap, 0);
	ss = world_second_stage(w, 4);
	world_map(w, &ss, 0, FAULT_IOVA, OUTPUT | SS_RW);
	fault_context = world_attach_legacy(w, DEVICE, 7, &ss);
	world_set_bits(w, fault_context, 1 << 2); /* TT = 01b: with a device-TLB */
	world_start(w);
	/* TTM = 00b, whatever the unit can. */
	world_set_register(w, 0x20, 8, w->root | (more_ecap == SSIRWS ? 1 << 7 : 0));
	world_set_register(w, 0x18, 4, 1u << 30 | 1u << 31);
	memory_write64(w->memory, w->root + 3 * 16 + 8, 0);
}

static void begin(void)
{
	begin_with(false, 0);
}

static void begin_scalable_unit(void)
{
	begin_with(true, 0);
}

static void begin_with_io_bits(void)
{
	begin_with(true, SSIRWS);
}

static void begin_pass_through(void)
{
	begin_with(false, 0);
	memory_write64(w->memory, fault_context, 2 << 2 | 1);
	memory_write64(w->memory, fault_context + 8, 3 | 7 << 8);
}

static void nothing(void)
{
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
	world_set_bits(w, w->root + 3 * 16, 1 << 11);
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
	world_set_bits(w, fault_context + 8, 1 << 24);
}

static void context_has_a_wrong_width(void)
{
	world_set_bits(w, fault_context + 8, 4);
}

static void context_has_a_wrong_type(void)
{
	world_set_bits(w, fault_context, 3 << 2);
}

static void context_has_no_device_tlb(void)
{
	world_clear_bits(w, fault_context, 3 << 2);
}

static void root_table_is_a_hole(void)
{
	world_make_hole(w, ss.root, IOMMU_WANTS_READ);
}

static void leaf_table_is_a_hole(void)
{
	world_make_hole(w, world_slot(w, &ss, 0, FAULT_IOVA), IOMMU_WANTS_READ);
}

static void leaf_has_reserved(void)
{
	world_set_bits(w, world_slot(w, &ss, 0, FAULT_IOVA), UINT64_C(1) << 46);
}

static void page_is_read_only(void)
{
	world_map(w, &ss, 0, FAULT_IOVA, OUTPUT | SS_R);
}

static void page_is_write_only(void)
{
	world_map(w, &ss, 0, FAULT_IOVA, OUTPUT | SS_W);
}

static void page_is_absent(void)
{
	world_map(w, &ss, 0, FAULT_IOVA, 0);
}

static void page_is_of_interrupts(void)
{
	world_map(w, &ss, 0, FAULT_IOVA, 0xfee00000 | SS_RW);
}

/* clang-format off */
#define WRITE  .request = { .write = true }
#define AT(a)  .request = { .iova = (a) }
#define ATOMIC .request = { .atomic = true }

static const struct fault_row rows[] = {
	ROW("LRT_1",   0x08, false, "U-C-U---", begin, root_is_a_hole),
	ROW("LRT_2",   0x01, false, "U-U-U---", begin, root_is_absent),
	ROW("LRT_3",   0x0a, false, "U-C-U---", begin, root_has_reserved),
	ROW("LCT_1",   0x09, false, "U-C-U---", begin, context_is_a_hole),
	ROW("LCT_2",   0x02, true,  "U-U-U---", begin, context_is_absent),
	ROW("LCT_3",   0x0b, true,  "U-C-U---", begin, context_has_reserved),
	ROW("LCT_4_1", 0x03, true,  "U-C-U---", begin, context_has_a_wrong_width),
	ROW("LCT_4_2", 0x03, true,  "U-C-U---", begin, context_has_a_wrong_type),
	ROW("LCT_4_3", 0x03, true,  "U-C-----", begin, root_table_is_a_hole),
	ROW("LCT_5",   0x0d, true,  "--U-U---", begin, context_has_no_device_tlb),
	ROW("LCT_5 of pass-through", 0x0d, true, "--U-U---", begin_pass_through, nothing),
	ROW("LSS_1",   0x07, true,  "U-C-----", begin, leaf_table_is_a_hole),
	ROW("LSS_2",   0x0c, true,  "U-C-----", begin, leaf_has_reserved),
	ROW("LGN_1_1", 0x04, true,  "U-0-----", begin, nothing, AT(UINT64_C(1) << 48)),
	ROW("LGN_1_2", 0x04, true,  "----U---", begin, nothing, AT(UINT64_C(1) << 46)),
	ROW("LGN_1_3", 0x04, true,  "U-------", begin_pass_through, nothing, AT(UINT64_C(1) << 46)),
	ROW("LGN_2",   0x05, true,  "U-P-----", begin, page_is_read_only, WRITE, .effective = PT_READ),
	ROW("LGN_2 of an AtomicOp", 0x05, true, "U-------", begin, page_is_read_only, ATOMIC),
	ROW("LGN_2 of no page",     0x05, true, "U-0-----", begin, page_is_absent, WRITE),
	ROW("LGN_3",   0x06, true,  "U-P-----", begin, page_is_write_only, .effective = PT_WRITE),
	ROW("LGN_3 of an AtomicOp", 0x06, true, "U-------", begin, page_is_write_only, ATOMIC),
	ROW("LGN_3 of no page",     0x06, true, "U-0-----", begin, page_is_absent),
	ROW("LGN_4",   0x0e, true,  "U-C-----", begin, page_is_of_interrupts),
	ROW("LGN_4 of a translated request", 0x0e, true, "----U---", begin, nothing, AT(0xfee00000)),
	ROW("LGN_4 of a read of interrupts", 0x0e, true, "U-------", begin, nothing, AT(0xfee00000)),
	ROW("LGN_4 of pass-through",         0x0e, true, "U-------", begin_pass_through, nothing, AT(0xfee00000)),
	ROW("RTA_1_4", 0x30, false, "U-C-U---", begin_with_io_bits, nothing),
	ROW("RTA_2",   0x31, false, "-U-U----", begin, nothing),
	ROW("RTA_3",   0x32, false, "------Id", begin_scalable_unit, nothing),
	ROW("RTA_3 with PASID", 0x32, false, "------Id", begin_scalable_unit, nothing, .page_with_pasid = true),
};
/* clang-format on */

START_TEST(a_condition_of_legacy_mode_has_its_reason_and_its_completions)
{
	fault_row_expect(&rows[_i]);
}
END_TEST

START_TEST(a_code_without_a_condition_has_no_text)
{
	ck_assert_str_eq(vtd_fault_text(0), "no fault");
	ck_assert_str_eq(vtd_fault_text(0x0f), "?");
	ck_assert_str_eq(vtd_fault_text(0x88), "?");
	ck_assert_str_eq(vtd_fault_text(0x100), "?");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd fault codes of legacy mode");
	TCase *tests = tcase_create("vtd fault codes of legacy mode");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(tests, a_condition_of_legacy_mode_has_its_reason_and_its_completions, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tests, a_code_without_a_condition_has_no_text);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
