/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures of scalable mode field by field: what is reserved always or for want of a feature, and what is
 * ignored.  [VTD] "Translation Structure Formats".
 */
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

/* [SCT.3] The unit has device-TLBs and PASIDs, no page requests, no RID_PRIV, no host permission tables. */
START_TEST(context_entry_faults)
{
	static const struct broken broken[] = {
		{ 0, 1 << 5, 0x42 },
		{ 0, 1 << 7, 0x42 },
		{ 0, 1 << 8, 0x42 },
		{ 0, UINT64_C(1) << 46, 0x42 },
		{ 0, 1 << 6, 0x42 },  /* EPTR */
		{ 0, 1 << 4, 0x42 },  /* PRE */
		{ 1, 1 << 20, 0x42 }, /* RID_PRIV */
		{ 1, 1 << 21, 0x42 },
		{ 2, 1, 0x42 },
		{ 3, UINT64_C(1) << 63, 0x42 },
	};

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_dma(&w, DEVICE + 1, NO_PASID, IOVA, false);
	expect_fault(&w, 0x41); /* SCT.2 */
	expect_broken(w.contexts[0] + 8 * 32, broken, sizeof(broken) / sizeof(broken[0]), PASID);
	/* DTE alone is in order. */
	world_set_bits(&w, w.contexts[0] + 8 * 32, 1 << 2);
	read_page(PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	world_fini(&w);
}
END_TEST

/* [SCT.7] */
START_TEST(a_pasid_must_fit_the_directory)
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
	read_page(0x4000);
	expect_fault(&w, 0x46);
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
		{ 1, 1 << 27, 0x5a },
		{ 1, UINT64_C(1) << 31, 0x5a },
		{ 2, 1 << 8, 0x5a },
		{ 2, 1 << 11, 0x5a },
		{ 2, UINT64_C(1) << 46, 0x5a },
		{ 3, 1, 0x5a },
		{ 5, 1, 0x5a },
		{ 7, UINT64_C(1) << 63, 0x5a },
		/* SPT.3: of what the unit lacks: execute requests, memory types, extended accessed flags */
		{ 0, 1 << 5, 0x5a },
		{ 2, 1 << 1, 0x5a },
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
	/* NXE and SMEP of older revisions are ignored. */
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, 1 << 5 | 1 << 6);
	read_page(PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	world_fini(&w);
}
END_TEST

/* [VTD] "Capability Register", ND: bits of a domain identifier that the unit has not are reserved. */
START_TEST(a_domain_identifier_must_have_no_more_bits_than_the_unit)
{
	struct vtd_features features = world_features();

	features.domain_bits = 8;
	begin_with(&features, &world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 0xff, NULL, &ss);
	read_page(PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	world_set_pasid(&w, DEVICE, PASID, 0x100, NULL, &ss);
	read_page(PASID);
	expect_fault(&w, 0x5a);
	world_fini(&w);

	features.scalable = false;
	world_init(&w, &features, &world_no_caches);
	ss = world_second_stage(&w, 4);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW);
	world_attach_legacy(&w, DEVICE, 0xff, &ss);
	world_attach_legacy(&w, DEVICE + 1, 0x100, &ss);
	world_start(&w);
	read_page(NO_PASID);
	expect_output(&w, OUTPUT + 0x123, 12);
	world_dma(&w, DEVICE + 1, NO_PASID, IOVA, false);
	expect_fault(&w, 0xb); /* LCT.3 */
	world_fini(&w);
}
END_TEST

/* [SPT.3] What a unit without one of the stages has no use for is reserved. */
START_TEST(fields_of_an_absent_stage_are_reserved)
{
	static const struct broken of_first[] = {
		{ 2, 1 << 2, 0x5a }, { 2, 1 << 4, 0x5a }, { 2, 0x1000, 0x5a } /* FSPM, WPE, FSPTPTR */
	};
	static const struct broken of_second[] = {
		{ 0, 1 << 9, 0x5a }, { 0, 0x1000, 0x5a } /* SSADE, SSPTPTR; AW is let pass */
	};
	struct vtd_features features = world_features();

	features.nested = false;
	features.no_first_stage = true;
	begin_with(&features, &world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	expect_broken(world_pasid_slot(&w, DEVICE, PASID), of_first, 3, PASID);
	world_fini(&w);
	features.no_first_stage = false;
	features.no_second_stage = true;
	begin_with(&features, &world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	expect_broken(world_pasid_slot(&w, DEVICE, PASID), of_second, 2, PASID);
	world_fini(&w);
}
END_TEST

/* [SPT.4] First stage: FSPM = 10b; pass-through heeds no width. */
START_TEST(a_pasid_entry_must_name_tables_that_the_unit_walks)
{
	static const struct broken broken[] = { { 2, 2 << 2, 0x5b }, { 2, 3 << 2, 0x5b } };

	begin(&world_no_caches);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	expect_broken(world_pasid_slot(&w, DEVICE, PASID), broken, 2, PASID);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, NULL);
	world_clear_bits(&w, world_pasid_slot(&w, DEVICE, PASID), 7 << 2);
	world_dma(&w, DEVICE, PASID, 0x12345, false);
	expect_output(&w, 0x12345, 12);
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
		root_entry_faults,
		context_entry_faults,
		a_pasid_must_fit_the_directory,
		pasid_directory_entry_faults,
		pasid_table_entry_faults,
		a_domain_identifier_must_have_no_more_bits_than_the_unit,
		fields_of_an_absent_stage_are_reserved,
		a_pasid_entry_must_name_tables_that_the_unit_walks,
		a_pasid_entry_may_not_ask_for_what_the_unit_lacks,
		fault_processing_disable_counts_at_every_structure,
		NULL,
	};

	return suite_run("vtd scalable structures", tests);
}
