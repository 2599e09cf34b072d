/* SPDX-License-Identifier: Apache-2.0 */
/* Scalable mode: the way through its structures to every PGTT, accessed and dirty flags. */
#include "tests/models/iommu/vtd/world.h"

#define IOVA   UINT64_C(0x7f0000001000)
#define OUTPUT UINT64_C(0x3000045000)
#define PASID  0x4b

static struct world w;
static struct tables fs, ss;

static void begin_with(const struct vtd_features *features, const struct iommu_cache_config *caches)
{
	world_init(&w, features, caches);
	world_attach_scalable(&w, DEVICE);
	fs = world_first_stage(&w, 4, false);
	ss = world_second_stage(&w, 4);
	world_map(&w, &fs, 0, IOVA, OUTPUT | FS_RW);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW);
	world_start(&w);
}

static void begin(const struct iommu_cache_config *caches)
{
	struct vtd_features features = world_features();

	begin_with(&features, caches);
}

static void read_page(uint32_t pasid)
{
	world_dma(&w, DEVICE, pasid, IOVA + 0x123, false);
}

/* [VTD] "Scalable Mode Address Translation": root, context, PASID directory and PASID entry, then the tables. */
START_TEST(second_stage_walks_read_four_structures_and_one_entry_per_level)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		begin(&world_no_caches);
		ss = world_second_stage(&w, levels);
		world_map(&w, &ss, 0, 0x3f00001000, OUTPUT | SS_RW);
		world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
		world_dma(&w, DEVICE, PASID, 0x3f00001fff, true);
		expect_output(&w, OUTPUT + 0xfff, 12);
		expect_reads(&w, 4, 0, levels);
		world_fini(&w);
	}
}
END_TEST

START_TEST(first_stage_walks_read_one_entry_per_level)
{
	for (unsigned levels = 4; levels <= 5; levels++) {
		begin(&world_no_caches);
		fs = world_first_stage(&w, levels, false);
		world_map(&w, &fs, 0, IOVA, OUTPUT | FS_RW);
		world_map(&w, &fs, 1, UINT64_MAX << 47, 0x200000 | FS_RW | PAGE_SIZE_BIT); /* a kernel's half */
		world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
		read_page(PASID);
		expect_output(&w, OUTPUT + 0x123, 12);
		expect_reads(&w, 4, levels, 0);
		world_dma(&w, DEVICE, PASID, UINT64_MAX << 47 | 0x12345, true);
		expect_output(&w, 0x212345, 21);
		expect_reads(&w, 4, levels - 1, 0);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Scalable-Mode Context Entry", RID_PASID. */
START_TEST(a_request_without_pasid_uses_rid_pasid)
{
	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	memory_write64(w.memory, w.contexts[0] + 8 * 32 + 8, PASID);
	read_page(NO_PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	memory_write64(w.memory, w.contexts[0] + 8 * 32 + 8, PASID + 1);
	read_page(NO_PASID);
	expect_fault(&w, 0x59); /* SPT.2 */
	world_fini(&w);
}
END_TEST

/* [VTD] "Scalable-Mode Root Entry": devices 16 to 31 of a bus lie in the upper context table. */
START_TEST(the_upper_half_of_a_bus_has_its_own_context_table)
{
	begin(&world_no_caches);
	world_attach_scalable(&w, OTHER_DEVICE);
	world_set_pasid(&w, OTHER_DEVICE, 0, 7, NULL, &ss);
	world_dma(&w, OTHER_DEVICE, NO_PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	memory_write64(w.memory, w.root + 3 * 16, 0);
	world_dma(&w, OTHER_DEVICE, NO_PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

START_TEST(pass_through_returns_the_address)
{
	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, NULL);
	world_dma(&w, DEVICE, PASID, 0x3fffffffffff, true);
	expect_output(&w, 0x3fffffffffff, 12);
	expect_reads(&w, 4, 0, 0);
	world_dma(&w, DEVICE, PASID, 0x400000000000, true);
	expect_fault(&w, 0x83); /* SGN.4 */
	world_dma(&w, DEVICE, PASID, 0xfee00000, false);
	expect_fault(&w, 0x87); /* SGN.8 */
	world_fini(&w);
}
END_TEST

START_TEST(a_first_stage_walk_sets_accessed_flags_on_the_way_and_dirty_for_a_write)
{
	begin(&world_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	for (unsigned level = 0; level < 4; level++)
		world_clear_bits(&w, world_slot(&w, &fs, level, IOVA), 1 << 5 | (level ? 0 : 1 << 6));
	read_page(PASID);
	for (unsigned level = 0; level < 4; level++)
		ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &fs, level, IOVA)) & 0x60, 0x20);
	/* The cached translation does not permit the write that has to set D. */
	read_page(PASID);
	ck_assert(w.t.iotlb_hit);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	ck_assert(!w.t.iotlb_hit);
	ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &fs, 0, IOVA)) & 0x60, 0x60);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	ck_assert(w.t.iotlb_hit);
	world_fini(&w);
}
END_TEST

START_TEST(a_second_stage_keeps_flags_only_when_the_pasid_entry_says_so)
{
	begin(&world_caches);
	world_set_pasid(&w, DEVICE, 1, 7, NULL, &ss);
	world_set_pasid(&w, DEVICE, 2, 8, NULL, &ss);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, 2), 1 << 9); /* SSADE */
	world_dma(&w, DEVICE, 1, IOVA, true);
	ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &ss, 0, IOVA)), OUTPUT | SS_RW);
	world_dma(&w, DEVICE, 2, IOVA, false);
	for (unsigned level = 0; level < 4; level++)
		ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &ss, level, IOVA)) & 0x300, 0x100);
	world_dma(&w, DEVICE, 2, IOVA, true);
	ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &ss, 0, IOVA)) & 0x300, 0x300);
	world_fini(&w);
}
END_TEST

/* Another agent changes the entry between the walk's read and its atomic update: the walk reads it again. */
START_TEST(a_lost_race_for_a_flag_reads_the_entry_again)
{
	struct iommu_request request = { .source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA };
	uint64_t words[IOMMU_WORDS_MAX];
	bool raced = false;

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	phys_t slot = world_slot(&w, &fs, 0, IOVA);

	world_clear_bits(&w, slot, 0x60);
	w.unit->ops->translate_begin(w.unit, &w.t, &request);
	while (w.t.access.want != IOMMU_WANTS_NOTHING) {
		if (w.t.access.want == IOMMU_WANTS_UPDATE && !raced) {
			ck_assert_uint_eq(w.t.access.address, slot);
			memory_write64(w.memory, slot, (OUTPUT + 0x1000) | FS_R);
			raced = true;
		}
		iommu_access_now(w.memory, &w.t.access, words);
		w.unit->ops->translate_feed(w.unit, &w.t, words);
	}
	ck_assert(raced);
	expect_output(&w, OUTPUT + 0x1000, 12);
	expect_reads(&w, 4, 5, 0);
	world_fini(&w);
}
END_TEST

/* [SFS.9], [SSS.5] PWSNP = 0: flags cannot be set, and need not be when they are set already. */
START_TEST(a_walk_that_does_not_snoop_cannot_set_flags)
{
	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, 1, 7, &fs, NULL);
	world_set_pasid(&w, DEVICE, 2, 8, NULL, &ss);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, 2), 1 << 9);
	for (uint32_t pasid = 1; pasid <= 2; pasid++)
		world_clear_bits(&w, world_pasid_slot(&w, DEVICE, pasid) + 8, 1 << 23);
	read_page(1);
	expect_output(&w, OUTPUT + 0x123, 12);
	world_clear_bits(&w, world_slot(&w, &fs, 0, IOVA), 1 << 5);
	read_page(1);
	expect_fault(&w, 0x90);
	expect_reads(&w, 4, 4, 0);
	read_page(2);
	expect_fault(&w, 0x7c);
	expect_reads(&w, 4, 0, 1);
	world_fini(&w);
}
END_TEST

/* [RTA.1] TTM = 10b, and 11b in a unit without abort-DMA mode. */
START_TEST(an_invalid_table_mode_blocks_everything)
{
	begin(&world_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	read_page(PASID);
	for (uint64_t ttm = 2; ttm <= 3; ttm++) {
		world_set_register(&w, 0x20, 8, w.root | ttm << 10);
		read_page(PASID); /* nothing changes before SRTP */
		expect_output(&w, OUTPUT + 0x123, 12);
		world_set_register(&w, 0x18, 4, 1u << 30 | 1u << 31 | 1u << 26);
		read_page(PASID);
		expect_fault(&w, 0x30);
		world_set_register(&w, 0x20, 8, w.root | 1 << 10);
		world_set_register(&w, 0x18, 4, 1u << 30 | 1u << 31 | 1u << 26);
	}
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		second_stage_walks_read_four_structures_and_one_entry_per_level,
		first_stage_walks_read_one_entry_per_level,
		a_request_without_pasid_uses_rid_pasid,
		the_upper_half_of_a_bus_has_its_own_context_table,
		pass_through_returns_the_address,
		a_first_stage_walk_sets_accessed_flags_on_the_way_and_dirty_for_a_write,
		a_second_stage_keeps_flags_only_when_the_pasid_entry_says_so,
		a_lost_race_for_a_flag_reads_the_entry_again,
		a_walk_that_does_not_snoop_cannot_set_flags,
		an_invalid_table_mode_blocks_everything,
		NULL,
	};

	return suite_run("vtd scalable mode", tests);
}
