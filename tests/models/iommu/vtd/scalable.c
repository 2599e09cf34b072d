/* SPDX-License-Identifier: Apache-2.0 */
/* Scalable mode: context, PASID directory and PASID table entries, every PGTT, and each of their faults. */
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

/* ---- translation ---- */

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

/* ---- accessed and dirty flags: [VTD] "Accessed, Extended Accessed, and Dirty Flags" ---- */

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

/* ---- faults of structures: [VTD] "Fault Conditions and Remapping Hardware Behavior for Various Requests" ---- */

struct broken {
	unsigned word;
	uint64_t bits;
	enum vtd_fault_reason reason;
};

/* Each set of bits on its own, in the structure at address, brings its fault for a read with pasid. */
static void expect_broken(phys_t address, const struct broken *broken, unsigned count, uint32_t pasid)
{
	for (unsigned i = 0; i < count; i++) {
		world_set_bits(&w, address + broken[i].word * 8, broken[i].bits);
		read_page(pasid);
		expect_fault(&w, broken[i].reason);
		world_clear_bits(&w, address + broken[i].word * 8, broken[i].bits);
	}
	read_page(pasid);
	expect_output(&w, OUTPUT + 0x123, 12);
}

START_TEST(root_entry_faults)
{
	static const struct broken broken[] = {
		{ 0, 1 << 1, 0x3a }, { 0, 1 << 11, 0x3a }, { 0, UINT64_C(1) << 46, 0x3a }, /* SRT.3 */
	};

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, 0, 7, NULL, &ss);
	world_dma(&w, 0x0408, NO_PASID, IOVA, false);
	expect_fault(&w, 0x39); /* SRT.2 */
	expect_broken(w.root + 3 * 16, broken, 3, NO_PASID);
	world_fini(&w);
}
END_TEST

START_TEST(context_entry_faults)
{
	static const struct broken broken[] = {
		{ 0, 1 << 5, 0x42 },  { 0, 1 << 8, 0x42 }, { 0, UINT64_C(1) << 46, 0x42 }, /* SCT.3 */
		{ 1, 1 << 20, 0x42 }, /* RID_PRIV, which the unit has not */
		{ 1, 1 << 21, 0x42 }, { 2, 1, 0x42 },      { 3, UINT64_C(1) << 63, 0x42 },
		{ 0, 1 << 4, 0x43 }, /* SCT.4: PRE, and the unit has no page requests */
	};

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_dma(&w, DEVICE + 1, NO_PASID, IOVA, false);
	expect_fault(&w, 0x41); /* SCT.2 */
	expect_broken(w.contexts[0] + 8 * 32, broken, 8, PASID);
	world_fini(&w);
}
END_TEST

/* [SCT.6], [SCT.7], [SCT.9] */
START_TEST(a_pasid_must_be_allowed_and_fit_the_directory)
{
	begin(&world_no_caches);
	phys_t context = w.contexts[0] + 8 * 32;

	world_set_pasid(&w, DEVICE, 0x1fff, 7, NULL, &ss);
	read_page(0x1fff); /* PDTS = 0: 128 directory entries of 64 PASIDs */
	expect_output(&w, OUTPUT + 0x123, 12);
	read_page(0x2000);
	expect_fault(&w, 0x46);
	world_set_bits(&w, context, 1 << 9); /* PDTS = 1 */
	read_page(0x2000);
	expect_fault(&w, 0x51); /* SPD.2: room, but nothing there */
	world_clear_bits(&w, context, 1 << 9);
	memory_write64(w.memory, context + 8, 0x2000);
	read_page(NO_PASID);
	expect_fault(&w, 0x48);
	world_clear_bits(&w, context, 1 << 3); /* PASIDE */
	read_page(0x1fff);
	expect_fault(&w, 0x45);
	world_fini(&w);
}
END_TEST

START_TEST(pasid_directory_entry_faults)
{
	static const struct broken broken[] = {
		{ 0, 1 << 2, 0x52 }, { 0, 1 << 11, 0x52 }, { 0, UINT64_C(1) << 46, 0x52 }, /* SPD.3 */
	};

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	read_page(PASID + 64);
	expect_fault(&w, 0x51); /* SPD.2 */
	expect_broken((memory_read64(w.memory, w.contexts[0] + 8 * 32) & ~UINT64_C(0xfff)) + PASID / 64 * 8, broken, 3,
		      PASID);
	world_fini(&w);
}
END_TEST

START_TEST(pasid_table_entry_faults)
{
	static const struct broken broken[] = {
		/* SPT.3: always reserved */
		{ 0, 1 << 10, 0x5a },
		{ 0, UINT64_C(1) << 46, 0x5a },
		{ 1, 1 << 16, 0x5a },
		{ 1, 1 << 22, 0x5a },
		{ 2, 1 << 8, 0x5a },
		{ 2, 1 << 11, 0x5a },
		{ 2, UINT64_C(1) << 46, 0x5a },
		{ 3, 1, 0x5a },
		{ 5, 1, 0x5a },
		{ 7, UINT64_C(1) << 63, 0x5a },
		/* SPT.3: of what the unit lacks: execute requests, memory types, extended accessed flags */
		{ 0, 1 << 5, 0x5a },
		{ 2, 1 << 1, 0x5a },
		{ 2, 1 << 5, 0x5a },
		{ 2, 1 << 6, 0x5a },
		{ 2, 1 << 7, 0x5a },
		{ 1, 1 << 26, 0x5a },
		{ 1, UINT64_C(1) << 63, 0x5a },
		/* SPT.4: PGTT = 110b and 111b; AW = 110b */
		{ 0, 4 << 6, 0x5b },
		{ 0, 5 << 6, 0x5b },
		{ 0, 4 << 2, 0x5b },
	};

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	read_page(PASID + 1);
	expect_fault(&w, 0x59); /* SPT.2 */
	expect_reads(&w, 4, 0, 0);
	expect_broken(world_pasid_slot(&w, DEVICE, PASID), broken, sizeof(broken) / sizeof(broken[0]), PASID);
	world_fini(&w);
}
END_TEST

/* [SPT.4] First stage: FSPM = 10b; pass-through: a width below the largest. */
START_TEST(a_pasid_entry_must_name_tables_that_the_unit_walks)
{
	static const struct broken broken[] = { { 2, 2 << 2, 0x5b }, { 2, 3 << 2, 0x5b } };

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	expect_broken(world_pasid_slot(&w, DEVICE, PASID), broken, 2, PASID);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, NULL);
	world_clear_bits(&w, world_pasid_slot(&w, DEVICE, PASID), 1 << 2);
	read_page(PASID);
	expect_fault(&w, 0x5b);
	world_fini(&w);
}
END_TEST

/* [SPT.3], [SPT.4] The same entries, and a unit with less. */
START_TEST(a_pasid_entry_may_not_ask_for_what_the_unit_lacks)
{
	struct vtd_features features = world_features();
	static const struct {
		uint64_t word0, word2;
		enum vtd_fault_reason reason;
	} asks[] = {
		{ 1 << 9, 0, 0x5a }, /* SSADE */
		{ 1 << 6, 0, 0x5b }, /* nested: PGTT 010b becomes 011b */
		{ 1 << 2, 0, 0x5b }, /* AW 010b becomes 011b */
	};

	features.nested = false;
	features.pass_through = false;
	features.second_stage_flags = false;
	features.second_stage_levels = 4;
	features.first_stage_levels = 4;
	features.page_size_limit_lg2 = 21;
	begin_with(&features, &world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	phys_t entry = world_pasid_slot(&w, DEVICE, PASID);

	for (unsigned i = 0; i < 3; i++) {
		world_set_bits(&w, entry, asks[i].word0);
		read_page(PASID);
		expect_fault(&w, asks[i].reason);
		world_clear_bits(&w, entry, asks[i].word0);
	}
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	world_set_bits(&w, entry + 16, 1 << 2); /* five levels */
	read_page(PASID);
	expect_fault(&w, 0x5b);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, NULL);
	read_page(PASID);
	expect_fault(&w, 0x5b);
	/* 1 GiB pages: PS is reserved in both stages. */
	world_map(&w, &fs, 2, 0x40000000, FS_RW | PAGE_SIZE_BIT);
	world_map(&w, &ss, 2, 0x40000000, SS_RW | PAGE_SIZE_BIT);
	world_set_pasid(&w, DEVICE, 1, 7, &fs, NULL);
	world_set_pasid(&w, DEVICE, 2, 7, NULL, &ss);
	world_dma(&w, DEVICE, 1, 0x40000000, false);
	expect_fault(&w, 0x72);
	world_dma(&w, DEVICE, 2, 0x40000000, false);
	expect_fault(&w, 0x7a);
	world_fini(&w);
}
END_TEST

/* [SPT.5], [SPT.6] */
START_TEST(execute_and_supervisor_requests_must_be_enabled)
{
	struct iommu_request request = { .source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA };

	begin(&world_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	request.execute = true;
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_fault(&w, 0x5c);
	request.execute = false;
	request.privileged = true;
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_fault(&w, 0x5d);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, 1); /* SRE */
	world_command(&w, 3 << 4 | 7, 0);                                /* PASID-cache, global */
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* A unit with execute requests (ECAP.ERS): ERE admits them, NXE makes XD count.  [SGN.3] */
START_TEST(execute_requests_are_denied_by_the_page)
{
	struct iommu_request request = {
		.source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA, .execute = true
	};
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_caches };
	struct err err = { 0 };

	begin(&world_caches);
	w.unit->ops->destroy(w.unit);
	vtd_capabilities(&features, &config);
	config.extended_capability |= 1 << 30;
	w.unit = vtd_create(&config, &err);
	world_start(&w);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, 1 << 1 | 1 << 5); /* ERE, NXE */
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_output(&w, OUTPUT, 12);
	world_set_bits(&w, world_slot(&w, &fs, 0, IOVA), UINT64_C(1) << 63); /* XD */
	world_command(&w, 1 << 4 | 2, 0);
	read_page(PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_fault(&w, 0x82);
	world_fini(&w);
}
END_TEST

/* ---- faults of tables ---- */

START_TEST(first_stage_faults)
{
	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	world_dma(&w, DEVICE, PASID, UINT64_C(1) << 47, false);
	expect_fault(&w, 0x80); /* SGN.1 */
	expect_reads(&w, 4, 0, 0);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x71); /* SFS.2 */
	world_map(&w, &fs, 0, IOVA + 0x1000, OUTPUT | FS_RW | UINT64_C(1) << 46);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x72); /* SFS.3 */
	world_map(&w, &fs, 0, IOVA + 0x1000, OUTPUT | FS_R);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x85); /* SGN.6 */
	world_map(&w, &fs, 0, IOVA + 0x1000, OUTPUT | (FS_RW & ~UINT64_C(4)));
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x81); /* SGN.2 */
	world_map(&w, &fs, 0, IOVA + 0x1000, 0xfeefe000 | FS_RW);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x87); /* SGN.8 */
	world_fini(&w);
}
END_TEST

/* A supervisor write heeds R/W only with WPE.  [VTD] "Scalable-Mode PASID Table Entry", WPE */
START_TEST(write_protect_enable_binds_supervisor_writes)
{
	struct iommu_request request = {
		.source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA, .write = true, .privileged = true
	};

	begin(&world_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	phys_t entry = world_pasid_slot(&w, DEVICE, PASID);

	world_set_bits(&w, entry + 16, 1); /* SRE */
	world_map(&w, &fs, 0, IOVA, OUTPUT | FS_R);
	for (unsigned i = 0; i < 2; i++) {
		iommu_translate_now(w.unit, w.memory, &w.t, &request);
		expect_output(&w, OUTPUT, 12);
	}
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_fault(&w, 0x85);
	world_set_bits(&w, entry + 16, 1 << 4); /* WPE */
	world_command(&w, 3 << 4 | 7, 0);
	world_command(&w, 1 << 4 | 2, 0);
	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	expect_fault(&w, 0x85);
	world_fini(&w);
}
END_TEST

START_TEST(second_stage_faults)
{
	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_dma(&w, DEVICE, PASID, UINT64_C(1) << 48, false);
	expect_fault(&w, 0x83); /* SGN.4 */
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x79); /* SSS.2 */
	world_map(&w, &ss, 0, IOVA + 0x1000, OUTPUT | SS_RW | UINT64_C(1) << 46);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x7a); /* SSS.3 */
	world_map(&w, &ss, 0, IOVA + 0x1000, OUTPUT | SS_R);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, true);
	expect_fault(&w, 0x85); /* SGN.6 */
	world_map(&w, &ss, 0, IOVA + 0x1000, OUTPUT | SS_W);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x86); /* SGN.7 */
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

/* FPD of context, directory and PASID entry: any of them, present or not. */
START_TEST(fault_processing_disable_counts_at_every_structure)
{
	begin(&world_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	phys_t context = w.contexts[0] + 8 * 32;
	phys_t directory = (memory_read64(w.memory, context) & ~UINT64_C(0xfff)) + PASID / 64 * 8;
	phys_t places[3] = { context, directory, world_pasid_slot(&w, DEVICE, PASID) };

	for (unsigned i = 0; i < 3; i++) {
		world_set_bits(&w, places[i], 1 << 1);
		world_command(&w, 1 << 4 | 1, 0); /* context-cache, then PASID-cache, globally */
		world_command(&w, 3 << 4 | 7, 0);
		for (unsigned j = 0; j < 2; j++) {
			world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
			expect_fault(&w, 0x79);
		}
		world_clear_bits(&w, places[i], 1);
		world_command(&w, 1 << 4 | 1, 0);
		world_command(&w, 3 << 4 | 7, 0);
		read_page(PASID);
		ck_assert_int_eq(w.t.status, IOMMU_FAULT);
		ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
		world_set_bits(&w, places[i], 1);
		world_clear_bits(&w, places[i], 1 << 1);
	}
	world_command(&w, 1 << 4 | 1, 0);
	world_command(&w, 3 << 4 | 7, 0);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_fault(&w, 0x79);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 1 << 1);
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
		root_entry_faults,
		context_entry_faults,
		a_pasid_must_be_allowed_and_fit_the_directory,
		pasid_directory_entry_faults,
		pasid_table_entry_faults,
		a_pasid_entry_must_name_tables_that_the_unit_walks,
		a_pasid_entry_may_not_ask_for_what_the_unit_lacks,
		execute_and_supervisor_requests_must_be_enabled,
		execute_requests_are_denied_by_the_page,
		first_stage_faults,
		write_protect_enable_binds_supervisor_writes,
		second_stage_faults,
		an_invalid_table_mode_blocks_everything,
		fault_processing_disable_counts_at_every_structure,
		NULL,
	};

	return suite_run("vtd scalable mode", tests);
}
