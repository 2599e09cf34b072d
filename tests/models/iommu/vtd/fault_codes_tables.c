/* SPDX-License-Identifier: Apache-2.0 */
/* Every condition of page tables in scalable mode, for every type of request. */
#include "tests/models/iommu/vtd/fault_table.h"

#define NWFS   UINT64_C(0x200000000) /* ECAP bit 33 */
#define OUTPUT UINT64_C(0x3000045000)
#define GPA    UINT64_C(0x1800000)
#define SSADE  (1 << 9)
#define PWSNP  (1 << 23)

static struct world *const w = &fault_world;
static struct tables fs, ss;

static void set_both(const struct tables *first, const struct tables *second)
{
	world_set_pasid(w, DEVICE, 0, 7, first, second);
	world_set_pasid(w, DEVICE, FAULT_PASID, 7, first, second);
}

static void set_in_both(unsigned word, uint64_t cleared, uint64_t set)
{
	for (uint32_t pasid = 0; pasid <= FAULT_PASID; pasid += FAULT_PASID) {
		phys_t entry = world_pasid_slot(w, DEVICE, pasid) + 8 * word;

		world_clear_bits(w, entry, cleared);
		world_set_bits(w, entry, set);
	}
}

static void begin(void)
{
	struct vtd_features features = world_features();

	world_init_with(w, &features, &world_no_caches, NWFS, 0);
	fault_context = world_attach_scalable(w, DEVICE);
	world_set_bits(w, fault_context, 1 << 2); /* DTE */
	ss = world_second_stage(w, 4);
}

static void begin_first(void)
{
	begin();
	fs = world_first_stage(w, 4, false);
	world_map(w, &fs, 0, FAULT_IOVA, OUTPUT | FS_RW);
	set_both(&fs, NULL);
	world_start(w);
}

static void begin_second(void)
{
	begin();
	world_map(w, &ss, 0, FAULT_IOVA, OUTPUT | SS_RW);
	set_both(NULL, &ss);
	set_in_both(0, 0, SSADE);
	world_start(w);
}

static void begin_nested_of(unsigned second_levels)
{
	begin();
	ss = world_second_stage(w, second_levels);
	for (uint64_t page = 0; page < 0x2000000; page += 0x1000)
		world_map(w, &ss, 0, page, (page + GUEST) | SS_RW);
	fs = world_first_stage(w, 4, true);
	world_map(w, &fs, 0, FAULT_IOVA, GPA | FS_RW);
	set_both(&fs, &ss);
	world_start(w);
}

static void begin_nested(void)
{
	begin_nested_of(4);
}

static void begin_nested_39(void)
{
	begin_nested_of(3);
}

/* ---- conditions ---- */

static phys_t leaf(void)
{
	return world_slot(w, &fs, 0, FAULT_IOVA);
}

static phys_t second_leaf(void)
{
	return world_slot(w, &ss, 0, FAULT_IOVA);
}

/* Nested: the second stage's leaf for the page of the first stage's table that holds leaf(). */
static phys_t leaf_of_table(void)
{
	return world_slot(w, &ss, 0, leaf() - GUEST);
}

static phys_t leaf_of_root(void)
{
	return world_slot(w, &ss, 0, fs.root);
}

static phys_t leaf_of_page(void)
{
	return world_slot(w, &ss, 0, GPA);
}

static void nothing(void)
{
}

static void table_is_a_hole(void)
{
	world_make_hole(w, leaf(), IOMMU_WANTS_READ);
}

static void root_is_a_hole(void)
{
	world_make_hole(w, fs.offset + fs.root, IOMMU_WANTS_READ);
}

static void entry_is_absent(void)
{
	world_clear_bits(w, leaf(), 1);
}

static void entry_has_reserved(void)
{
	world_set_bits(w, leaf(), UINT64_C(1) << 46);
}

static void page_is_beyond_the_second_stage(void)
{
	memory_write64(w->memory, leaf(), UINT64_C(1) << 39 | FS_RW);
}

static void table_is_beyond_the_second_stage(void)
{
	world_map(w, &fs, 1, FAULT_IOVA, UINT64_C(1) << 39 | FS_TABLE);
}

static void root_may_not_be_read(void)
{
	world_clear_bits(w, leaf_of_root(), SS_R);
}

static void table_may_not_be_read(void)
{
	world_clear_bits(w, leaf_of_table(), SS_R);
}

static void flags_may_not_be_set(void)
{
	world_clear_bits(w, leaf_of_table(), SS_W);
	world_clear_bits(w, leaf(), 0x60);
}

/* With SSADE even reading a table takes write permission.  [VTD] "Nested Translation", "Access Rights" */
static void table_may_not_be_written(void)
{
	set_in_both(0, 0, SSADE);
	world_clear_bits(w, leaf_of_table(), SS_W);
}

static void flags_without_snoop(void)
{
	set_in_both(1, PWSNP, 0);
	world_clear_bits(w, leaf(), 1 << 5);
}

static void flags_cannot_be_set(void)
{
	world_clear_bits(w, leaf(), 1 << 5);
	world_make_hole(w, leaf(), IOMMU_WANTS_UPDATE);
}

static void second_table_is_a_hole(void)
{
	world_make_hole(w, second_leaf(), IOMMU_WANTS_READ);
}

static void second_root_is_a_hole(void)
{
	world_make_hole(w, ss.root, IOMMU_WANTS_READ);
}

static void second_table_of_table_is_a_hole(void)
{
	world_make_hole(w, leaf_of_table(), IOMMU_WANTS_READ);
}

static void second_entry_is_absent(void)
{
	memory_write64(w->memory, second_leaf(), 0);
}

/* R alone above, W alone below: neither is granted by all. */
static void second_entries_grant_nothing_together(void)
{
	world_clear_bits(w, world_slot(w, &ss, 2, FAULT_IOVA), SS_W);
	world_clear_bits(w, second_leaf(), SS_R);
}

static void page_is_absent(void)
{
	memory_write64(w->memory, leaf_of_page(), 0);
}

static void table_is_absent(void)
{
	memory_write64(w->memory, leaf_of_table(), 0);
}

static void second_entry_has_reserved(void)
{
	world_set_bits(w, second_leaf(), UINT64_C(1) << 62);
}

static void table_has_reserved(void)
{
	world_set_bits(w, leaf_of_table(), UINT64_C(1) << 62);
}

static void second_flags_without_snoop(void)
{
	set_in_both(1, PWSNP, 0);
}

static void second_flags_cannot_be_set(void)
{
	world_make_hole(w, ss.root, IOMMU_WANTS_UPDATE);
}

static void page_is_of_supervisors(void)
{
	world_clear_bits(w, leaf(), 1 << 2);
}

static void page_is_read_only(void)
{
	world_clear_bits(w, leaf(), 1 << 1);
}

static void second_page_is_read_only(void)
{
	memory_write64(w->memory, second_leaf(), OUTPUT | SS_R);
}

static void nested_page_is_read_only(void)
{
	world_clear_bits(w, leaf_of_page(), SS_W);
}

static void second_page_is_write_only(void)
{
	memory_write64(w->memory, second_leaf(), OUTPUT | SS_W);
}

static void nested_page_is_write_only(void)
{
	world_clear_bits(w, leaf_of_page(), SS_R);
}

/* clang-format off */
#define WRITE     .request = { .write = true }
#define ATOMIC    .request = { .atomic = true }
#define AT(a)     .request = { .iova = (a) }
#define GRANTS(p) .effective = (p)

static const struct fault_row rows[] = {
	ROW("SFS_1",  0x70, true, "UU00----", begin_first, table_is_a_hole),
	ROW("SFS_1 nested", 0x70, true, "UU00----", begin_nested, table_is_a_hole),
	ROW("SFS_2",  0x71, true, "UU00----", begin_first, entry_is_absent),
	ROW("SFS_3",  0x72, true, "UU00----", begin_first, entry_has_reserved),
	ROW("SFS_4",  0x73, true, "UU00----", begin_first, root_is_a_hole),
	ROW("SFS_4 nested", 0x73, true, "UU00----", begin_nested, root_is_a_hole),
	ROW("SFS_5 of a table", 0x74, true, "UU00----", begin_nested_39, table_is_beyond_the_second_stage),
	ROW("SFS_5 of a page",  0x74, true, "UU00----", begin_nested_39, page_is_beyond_the_second_stage),
	ROW("SFS_6",  0x75, true, "UU00----", begin_nested, root_may_not_be_read),
	ROW("SFS_7",  0x76, true, "UU00----", begin_nested, table_may_not_be_read),
	ROW("SFS_8",  0x77, true, "UU00----", begin_nested, flags_may_not_be_set),
	ROW("SFS_8 of a read with SSADE", 0x77, true, "UU00----", begin_nested, table_may_not_be_written),
	ROW("SFS_9",  0x90, true, "UU00----", begin_first, flags_without_snoop),
	ROW("SFS_10", 0x91, true, "UURR----", begin_first, flags_cannot_be_set),
	ROW("SSS_1",  0x78, true, "UUCC----", begin_second, second_table_is_a_hole),
	ROW("SSS_1 of a table", 0x78, true, "UUCC----", begin_nested, second_table_of_table_is_a_hole),
	ROW("SSS_2",  0x79, true, "UU00----", begin_second, second_entry_is_absent),
	ROW("SSS_2 of the levels together", 0x79, true, "UU00----", begin_second,
	    second_entries_grant_nothing_together),
	ROW("SSS_2 of a nested page", 0x79, true, "UU00----", begin_nested, page_is_absent),
	ROW("SSS_2 of a table", 0x79, true, "UU00----", begin_nested, table_is_absent),
	ROW("SSS_3",  0x7a, true, "UUCC----", begin_second, second_entry_has_reserved),
	ROW("SSS_3 of a table", 0x7a, true, "UUCC----", begin_nested, table_has_reserved),
	ROW("SSS_4",  0x7b, true, "UUCC----", begin_second, second_root_is_a_hole),
	ROW("SSS_4 nested", 0x7b, true, "UUCC----", begin_nested, second_root_is_a_hole),
	ROW("SSS_5",  0x7c, true, "UUCC----", begin_second, second_flags_without_snoop),
	ROW("SSS_6",  0x7d, true, "UUCC----", begin_second, second_flags_cannot_be_set),
	ROW("SGN_1",  0x80, true, "UU00----", begin_first, nothing, AT(UINT64_C(1) << 47)),
	ROW("SGN_1 nested", 0x80, true, "UU00----", begin_nested, nothing, AT(UINT64_C(1) << 63)),
	ROW("SGN_2",  0x81, true, "UU00----", begin_first, page_is_of_supervisors),
	ROW("SGN_6 of the first stage",  0x85, true, "UUPP----", begin_first, page_is_read_only, WRITE,
	    GRANTS(PT_READ)),
	ROW("SGN_6 of the second stage", 0x85, true, "UUPP----", begin_second, second_page_is_read_only, WRITE,
	    GRANTS(PT_READ)),
	ROW("SGN_6 of a nested page",    0x85, true, "UUPP----", begin_nested, nested_page_is_read_only, WRITE,
	    GRANTS(PT_READ)),
	ROW("SGN_6 of an AtomicOp",      0x85, true, "UU------", begin_second, second_page_is_read_only, ATOMIC),
	ROW("SGN_7 of the second stage", 0x86, true, "UUPP----", begin_second, second_page_is_write_only,
	    GRANTS(PT_WRITE)),
	ROW("SGN_7 of a nested page",    0x86, true, "UUPP----", begin_nested, nested_page_is_write_only,
	    GRANTS(PT_WRITE)),
	ROW("SGN_7 of an AtomicOp",      0x86, true, "UU------", begin_second, second_page_is_write_only, ATOMIC),
};
/* clang-format on */

START_TEST(a_condition_of_page_tables_has_its_reason_and_its_completions)
{
	fault_row_expect(&rows[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd fault codes of page tables");
	TCase *tests = tcase_create("vtd fault codes of page tables");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(tests, a_condition_of_page_tables_has_its_reason_and_its_completions, 0,
			    sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
