/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested translation: a guest's first stage, whose tables lie in guest memory,
 * over the host's second stage.  [VTD] "Nested Translation".
 */
#include "tests/models/iommu/vtd/world.h"

#define IOVA  UINT64_C(0x7f0000001000)
#define GPA   UINT64_C(0x1800000) /* where the guest's page lies */
#define PASID 0x4b

static struct world w;
static struct tables fs, ss;

static void begin(const struct iommu_cache_config *caches, unsigned first_levels, unsigned second_levels)
{
	struct vtd_features features = world_features();

	world_init(&w, &features, caches);
	world_attach_scalable(&w, DEVICE);
	fs = world_first_stage(&w, first_levels, true);
	ss = world_second_stage(&w, second_levels);
	world_map(&w, &fs, 0, IOVA, GPA | FS_RW);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, &ss);
	world_start(&w);
}

/* The guest's memory in 4 KiB pages of the second stage, so that every second-stage walk is as long as can be. */
static void map_guest_small(void)
{
	for (uint64_t page = 0; page < 0x2000000; page += 0x1000)
		world_map(&w, &ss, 0, page, (page + GUEST) | SS_RW);
}

static void read_page(void)
{
	world_dma(&w, DEVICE, PASID, IOVA + 0x123, false);
}

/* n first-stage entries, each behind a second-stage walk of m reads, and a last one: n * (m + 1) + m. */
START_TEST(a_cold_nested_walk_of_four_and_four_levels_takes_24_reads)
{
	begin(&world_no_caches, 4, 4);
	map_guest_small();
	read_page();
	expect_output(&w, GPA + GUEST + 0x123, 12);
	expect_reads(&w, 4, 4, 20);
	world_fini(&w);
}
END_TEST

START_TEST(every_pair_of_depths_takes_its_number_of_reads)
{
	for (unsigned n = 4; n <= 5; n++) {
		for (unsigned m = 3; m <= 5; m++) {
			begin(&world_no_caches, n, m);
			map_guest_small();
			read_page();
			expect_output(&w, GPA + GUEST + 0x123, 12);
			expect_reads(&w, 4, n, n * m + m);
			world_fini(&w);
		}
	}
}
END_TEST

/* The translation has the smaller of both sizes and what both permit. */
START_TEST(size_and_permissions_are_those_that_both_stages_grant)
{
	static const struct {
		unsigned first_level, second_level;
		uint64_t first_word, second_word;
		unsigned size_lg2;
		bool writable;
	} cases[] = {
		{ 0, 1, FS_RW, SS_RW, 12, true }, { 1, 0, FS_RW, SS_RW, 12, true }, { 1, 1, FS_RW, SS_RW, 21, true },
		{ 2, 1, FS_RW, SS_RW, 21, true }, { 1, 2, FS_RW, SS_RW, 21, true }, { 2, 2, FS_RW, SS_RW, 30, true },
		{ 0, 0, FS_R, SS_RW, 12, false }, { 0, 0, FS_RW, SS_R, 12, false },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t iova = 0x40000000, gpa = 0x80000000, output = 0x1000000000, offset = 0x3456;
		uint64_t first_size = cases[i].first_level ? PAGE_SIZE_BIT : 0;
		uint64_t second_size = cases[i].second_level ? PAGE_SIZE_BIT : 0;

		begin(&world_caches, 4, 4);
		world_map_guest(&w, &ss);
		world_map(&w, &fs, cases[i].first_level, iova, gpa | cases[i].first_word | first_size);
		if (cases[i].first_level == 0)
			offset = 0x456;
		world_map(&w, &ss, cases[i].second_level, gpa + (cases[i].second_level ? 0 : offset & ~UINT64_C(0xfff)),
			  (output + (cases[i].second_level ? 0 : offset & ~UINT64_C(0xfff))) | cases[i].second_word |
				  second_size);
		for (unsigned again = 0; again < 2; again++) {
			world_dma(&w, DEVICE, PASID, iova + offset, false);
			expect_output(&w, output + offset, cases[i].size_lg2);
			ck_assert_int_eq(w.t.permissions & PT_WRITE, cases[i].writable ? PT_WRITE : 0);
			ck_assert_int_eq(w.t.iotlb_hit, again);
		}
		world_dma(&w, DEVICE, PASID, iova + offset, true);
		ck_assert_int_eq(w.t.status, cases[i].writable ? IOMMU_TRANSLATED : IOMMU_FAULT);
		world_fini(&w);
	}
}
END_TEST

/* ---- paging-structure caches ---- */

/* With the leaf table's host address known, one entry of each stage's leaf level is left, and the page's own walk. */
START_TEST(a_known_first_stage_table_needs_no_second_stage_walk)
{
	begin(&world_caches, 4, 4);
	map_guest_small();
	world_map(&w, &fs, 0, IOVA + 0x1000, (GPA + 0x1000) | FS_RW);
	read_page();
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_output(&w, GPA + GUEST + 0x1000, 12);
	expect_reads(&w, 0, 1, 1);
	world_fini(&w);
}
END_TEST

/* ---- accessed and dirty flags ---- */

START_TEST(first_stage_flags_are_set_at_the_host_address_of_the_table)
{
	begin(&world_caches, 4, 4);
	world_map_guest(&w, &ss);
	phys_t slot = world_slot(&w, &fs, 0, IOVA);

	ck_assert_uint_ge(slot, GUEST);
	world_clear_bits(&w, slot, 0x60);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_output(&w, GPA + GUEST, 12);
	ck_assert_uint_eq(memory_read64(w.memory, slot), GPA | FS_RW);
	world_fini(&w);
}
END_TEST

/* With SSADE: reading a table makes its page accessed, setting a flag in it makes its page dirty. */
START_TEST(a_first_stage_flag_makes_the_tables_page_dirty_in_the_second_stage)
{
	begin(&world_no_caches, 4, 4);
	map_guest_small();
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID), 1 << 9);
	phys_t slot = world_slot(&w, &fs, 0, IOVA);
	phys_t leaf_of_table = world_slot(&w, &ss, 0, slot - GUEST);
	phys_t leaf_of_page = world_slot(&w, &ss, 0, GPA);

	read_page();
	expect_reads(&w, 4, 4, 20);
	ck_assert_uint_eq(memory_read64(w.memory, leaf_of_table) & 0x300, 0x100);
	ck_assert_uint_eq(memory_read64(w.memory, leaf_of_page) & 0x300, 0x100);
	world_clear_bits(&w, slot, 0x60);
	read_page();
	expect_reads(&w, 4, 4, 24); /* the second stage is asked again, for writing */
	ck_assert_uint_eq(memory_read64(w.memory, slot) & 0x60, 0x20);
	ck_assert_uint_eq(memory_read64(w.memory, leaf_of_table) & 0x300, 0x300);
	ck_assert_uint_eq(memory_read64(w.memory, leaf_of_page) & 0x300, 0x100);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	ck_assert_uint_eq(memory_read64(w.memory, leaf_of_page) & 0x300, 0x300);
	world_fini(&w);
}
END_TEST

/*
 * [VTD] "Accessed, Extended Accessed, and Dirty Flags": for a request that is blocked in the end only A may be set.
 * Negative: the second stage of the page denies the write.
 */
START_TEST(a_write_that_the_second_stage_denies_makes_nothing_dirty)
{
	for (unsigned flags = 0; flags < 2; flags++) {
		begin(&world_no_caches, 4, 4);
		map_guest_small();
		world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID), flags << 9);
		phys_t slot = world_slot(&w, &fs, 0, IOVA);
		phys_t leaf_of_table = world_slot(&w, &ss, 0, slot - GUEST);
		phys_t leaf_of_page = world_slot(&w, &ss, 0, GPA);

		world_clear_bits(&w, slot, 0x40);
		world_clear_bits(&w, leaf_of_page, SS_W);
		world_dma(&w, DEVICE, PASID, IOVA, true);
		expect_fault(&w, 0x85);
		expect_reads(&w, 4, 4, 20);
		ck_assert_uint_eq(memory_read64(w.memory, slot) & 0x40, 0);
		ck_assert_uint_eq(memory_read64(w.memory, leaf_of_table) & 0x200, 0);
		ck_assert_uint_eq(memory_read64(w.memory, leaf_of_page) & 0x200, 0);
		world_set_bits(&w, leaf_of_page, SS_W);
		world_dma(&w, DEVICE, PASID, IOVA, true);
		expect_output(&w, GPA + GUEST, 12);
		ck_assert_uint_eq(memory_read64(w.memory, slot) & 0x40, 0x40);
		ck_assert_uint_eq(memory_read64(w.memory, leaf_of_page) & 0x200, flags << 9);
		world_fini(&w);
	}
}
END_TEST

/* A translation request that asks for writing where it is granted: the answer is without W, and no write may follow. */
START_TEST(a_translation_request_makes_dirty_what_both_stages_let_it_write)
{
	for (unsigned writable = 0; writable < 2; writable++) {
		begin(&world_no_caches, 4, 4);
		world_set_bits(&w, w.contexts[0] + (DEVICE & 0x7f) * 32, 1 << 2); /* DTE */
		map_guest_small();
		phys_t slot = world_slot(&w, &fs, 0, IOVA);
		phys_t leaf_of_page = world_slot(&w, &ss, 0, GPA);
		struct iommu_request request = { .type = IOMMU_TRANSLATION_REQUEST,
						 .source_id = DEVICE,
						 .has_pasid = true,
						 .pasid = PASID,
						 .iova = IOVA,
						 .write = true };

		world_clear_bits(&w, slot, 0x60);
		world_clear_bits(&w, leaf_of_page, writable ? 0 : SS_W);
		world_request(&w, &request);
		expect_output(&w, GPA + GUEST, 12);
		ck_assert_uint_eq(w.t.permissions, PT_READ | (writable ? PT_WRITE : 0));
		ck_assert_uint_eq(memory_read64(w.memory, slot) & 0x60, writable ? 0x60 : 0x20);
		world_fini(&w);
	}
}
END_TEST

/* Another agent's word wins: the leaf is read again, and what it leads to now is asked of the second stage again. */
static void feed_all(uint64_t slot, uint64_t word)
{
	uint64_t words[IOMMU_WORDS_MAX];
	bool is_changed = false;

	while (w.t.access.want != IOMMU_WANTS_NOTHING) {
		if (w.t.access.want == IOMMU_WANTS_UPDATE && w.t.access.address == slot && !is_changed) {
			memory_write64(w.memory, slot, word);
			is_changed = true;
		}
		iommu_access_now(w.memory, &w.t.access, words);
		w.unit->ops->translate_feed(w.unit, &w.t, words);
	}
	ck_assert(is_changed);
}

START_TEST(a_leaf_that_changes_before_its_flags_are_set_is_followed_anew)
{
	const struct iommu_request request = {
		.source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA, .write = true
	};

	begin(&world_no_caches, 4, 4);
	map_guest_small();
	phys_t slot = world_slot(&w, &fs, 0, IOVA);

	world_clear_bits(&w, slot, 0x40);
	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	feed_all(slot, (GPA + 0x3000) | (FS_RW & ~UINT64_C(0x40)));
	expect_output(&w, GPA + GUEST + 0x3000, 12);
	expect_reads(&w, 4, 5, 24);
	ck_assert_uint_eq(memory_read64(w.memory, slot), (GPA + 0x3000) | FS_RW);
	world_clear_bits(&w, slot, 0x40);
	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	feed_all(slot, GPA | FS_RW); /* it needs no flag now */
	expect_output(&w, GPA + GUEST, 12);
	world_fini(&w);
}
END_TEST

/* ---- faults ---- */

/* [SFS.6], [SFS.7], [SFS.8] What the second stage denies to the walk of the first. */
START_TEST(the_second_stage_may_deny_first_stage_tables)
{
	begin(&world_no_caches, 4, 4);
	map_guest_small();
	phys_t root_leaf = world_slot(&w, &ss, 0, fs.root);
	phys_t slot = world_slot(&w, &fs, 0, IOVA);
	phys_t table_leaf = world_slot(&w, &ss, 0, slot - GUEST);

	world_clear_bits(&w, root_leaf, SS_R);
	read_page();
	expect_fault(&w, 0x75);
	expect_reads(&w, 4, 0, 4);
	world_set_bits(&w, root_leaf, SS_R);

	world_clear_bits(&w, table_leaf, SS_R);
	read_page();
	expect_fault(&w, 0x76);
	expect_reads(&w, 4, 3, 16);
	world_set_bits(&w, table_leaf, SS_R);

	world_clear_bits(&w, table_leaf, SS_W);
	read_page(); /* no flag to set: no write */
	expect_output(&w, GPA + GUEST + 0x123, 12);
	world_clear_bits(&w, slot, 0x20);
	read_page();
	expect_fault(&w, 0x77);
	ck_assert_uint_eq(memory_read64(w.memory, slot) & 0x20, 0);
	world_fini(&w);
}
END_TEST

/* [SFS.5], [SPT.4.4] A second stage of 39 bits under first-stage addresses above it. */
START_TEST(first_stage_addresses_must_fit_the_second_stage)
{
	begin(&world_no_caches, 4, 3);
	world_map_guest(&w, &ss);
	world_map(&w, &fs, 0, IOVA, UINT64_C(0x8000000000) | FS_RW);
	read_page();
	expect_fault(&w, 0x74);
	expect_reads(&w, 4, 4, 4 * 2);
	world_map(&w, &fs, 1, IOVA, UINT64_C(0x8000000000) | FS_TABLE);
	read_page();
	expect_fault(&w, 0x74);
	expect_reads(&w, 4, 3, 3 * 2);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, UINT64_C(0x8000000000));
	read_page();
	expect_fault(&w, 0x5b);
	expect_reads(&w, 4, 0, 0);
	world_fini(&w);
}
END_TEST

/*
 * With SSADE a table's page must be writable even when nothing is to be set: the walk ends there, having read it no
 * more than without.  [VTD] "Nested Translation", "Access Rights"
 */
START_TEST(with_second_stage_flags_a_table_must_be_writable_to_be_read)
{
	for (unsigned flags = 0; flags < 2; flags++) {
		begin(&world_no_caches, 4, 4);
		map_guest_small();
		world_clear_bits(&w, world_slot(&w, &ss, 0, world_slot(&w, &fs, 0, IOVA) - GUEST), SS_W);
		world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID), flags << 9);
		read_page();
		if (flags) {
			expect_fault(&w, 0x77);
			expect_reads(&w, 4, 3, 16);
		} else {
			expect_output(&w, GPA + GUEST + 0x123, 12);
		}
		world_fini(&w);
	}
}
END_TEST

/* [SSS.5] Found on the way to a first-stage table: what was read until then is counted. */
START_TEST(a_second_stage_that_cannot_set_flags_stops_the_walk_of_the_first)
{
	begin(&world_no_caches, 4, 4);
	map_guest_small();
	phys_t entry = world_pasid_slot(&w, DEVICE, PASID);
	phys_t leaf_of_table = world_slot(&w, &ss, 0, world_slot(&w, &fs, 0, IOVA) - GUEST);

	world_set_bits(&w, entry, 1 << 9); /* SSADE */
	read_page();
	expect_output(&w, GPA + GUEST + 0x123, 12);
	world_clear_bits(&w, entry + 8, 1 << 23); /* PWSNP */
	read_page();
	expect_output(&w, GPA + GUEST + 0x123, 12);
	world_clear_bits(&w, leaf_of_table, 1 << 8);
	read_page();
	expect_fault(&w, 0x7c);
	expect_reads(&w, 4, 3, 16);
	world_fini(&w);
}
END_TEST

START_TEST(each_stage_reports_its_own_faults)
{
	begin(&world_no_caches, 4, 4);
	world_map_guest(&w, &ss);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x71); /* SFS.2 */
	world_dma(&w, DEVICE, PASID, UINT64_C(1) << 47, false);
	expect_fault(&w, 0x80);                                   /* SGN.1 */
	world_map(&w, &fs, 0, IOVA + 0x1000, 0x40000000 | FS_RW); /* the host maps nothing there */
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x79); /* SSS.2 */
	world_map(&w, &ss, 0, 0x40000000, 0x40000000 | SS_R);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x85); /* SGN.6 */
	world_map(&w, &ss, 0, 0x40000000, 0x40000000 | SS_W);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x86); /* SGN.7 */
	world_map(&w, &ss, 0, 0x40000000, 0x40000000 | SS_RW | UINT64_C(1) << 46);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x7a); /* SSS.3 */
	world_set_bits(&w, world_slot(&w, &ss, 1, fs.root), UINT64_C(1) << 46);
	read_page();
	expect_fault(&w, 0x7a); /* of a table's walk as well */
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_cold_nested_walk_of_four_and_four_levels_takes_24_reads,
		every_pair_of_depths_takes_its_number_of_reads,
		size_and_permissions_are_those_that_both_stages_grant,
		a_known_first_stage_table_needs_no_second_stage_walk,
		first_stage_flags_are_set_at_the_host_address_of_the_table,
		a_first_stage_flag_makes_the_tables_page_dirty_in_the_second_stage,
		a_write_that_the_second_stage_denies_makes_nothing_dirty,
		a_translation_request_makes_dirty_what_both_stages_let_it_write,
		a_leaf_that_changes_before_its_flags_are_set_is_followed_anew,
		the_second_stage_may_deny_first_stage_tables,
		first_stage_addresses_must_fit_the_second_stage,
		with_second_stage_flags_a_table_must_be_writable_to_be_read,
		a_second_stage_that_cannot_set_flags_stops_the_walk_of_the_first,
		each_stage_reports_its_own_faults,
		NULL,
	};

	return suite_run("vtd nested translation", tests);
}
