/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation requests, translated requests and page requests that are good: what the device gets.
 * [VTD] "Handling of Translation Requests", "Handling of Translated Requests", "Handling of Page Requests".
 * What they get for conditions: fault_codes_*.c.
 */
#include "tests/models/iommu/vtd/world.h"

#define NWFS   UINT64_C(0x200000000)       /* ECAP bit 33 */
#define ERS    UINT64_C(0x40000000)        /* 30 */
#define PTRS   UINT64_C(0x100000000000000) /* 56 */
#define IOVA   UINT64_C(0x7f0000001000)
#define OUTPUT UINT64_C(0x3000045000)
#define GPA    UINT64_C(0x1800000)
#define PASID  0x4b
#define SNP    (1 << 11)
#define PGSNP  (1 << 24)
#define SSADE  (1 << 9)

static struct world w;
static struct tables fs, ss;
static phys_t context;
static const struct iommu_request ask_read = {
	.type = IOMMU_TRANSLATION_REQUEST, .source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA
};
static const struct iommu_request ask = { .type = IOMMU_TRANSLATION_REQUEST,
					  .source_id = DEVICE,
					  .has_pasid = true,
					  .pasid = PASID,
					  .iova = IOVA,
					  .write = true };

static void begin_with(const struct vtd_features *features, uint64_t more_ecap)
{
	world_init_with(&w, features, &world_caches, more_ecap, 0);
	context = world_attach_scalable(&w, DEVICE);
	world_set_bits(&w, context, 1 << 2); /* DTE */
	fs = world_first_stage(&w, 4, false);
	ss = world_second_stage(&w, 4);
	world_map(&w, &fs, 0, IOVA, OUTPUT | FS_RW);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_start(&w);
}

static void begin(uint64_t more_ecap)
{
	struct vtd_features features = world_features();

	begin_with(&features, more_ecap);
}

static void invalidate(void)
{
	world_command(&w, 3 << 4 | 7, 0); /* PASID-cache and IOTLB, globally */
	world_command(&w, 1 << 4 | 2, 0);
}

static void expect_granted(unsigned permissions, phys_t output, unsigned size_lg2)
{
	ck_assert_int_eq(w.t.status, IOMMU_TRANSLATED);
	ck_assert_int_eq(w.t.completion, IOMMU_SUCCESS);
	ck_assert_uint_eq(w.t.fault_reason, 0);
	ck_assert_uint_eq(w.t.permissions, permissions);
	ck_assert(!w.t.untranslated_only);
	ck_assert_uint_eq(w.t.size_lg2, size_lg2);
	if (permissions)
		ck_assert_uint_eq(w.t.output, output);
}

/* ---- translation requests ---- */

START_TEST(a_translation_request_learns_what_is_granted)
{
	static const struct {
		uint64_t word;
		unsigned granted;
	} cases[] = { { SS_RW, PT_READ | PT_WRITE }, { SS_R, PT_READ }, { SS_W, PT_WRITE } };

	for (unsigned i = 0; i < 3; i++) {
		begin(NWFS);
		world_map(&w, &ss, 0, IOVA, OUTPUT | cases[i].word);
		world_request(&w, &ask);
		expect_granted(cases[i].granted, OUTPUT, 12);
		expect_reads(&w, 4, 0, 4);
		/* Only an entry that has all that may be asked for answers from the IOTLB. */
		world_request(&w, &ask);
		expect_granted(cases[i].granted, OUTPUT, 12);
		ck_assert_int_eq(w.t.iotlb_hit, cases[i].word == SS_RW);
		ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
		world_fini(&w);
	}
}
END_TEST

/* NW: the flag is heeded by units with ECAP.NWFS only. */
START_TEST(a_no_write_request_gets_no_write_permission)
{
	for (unsigned nwfs = 0; nwfs < 2; nwfs++) {
		begin(nwfs ? NWFS : 0);
		for (unsigned hit = 0; hit < 2; hit++) {
			world_request(&w, &ask_read);
			expect_granted(nwfs ? PT_READ : PT_READ | PT_WRITE, OUTPUT, 12);
			ck_assert_int_eq(w.t.iotlb_hit, hit);
		}
		world_fini(&w);
	}
	/* Of a page that can only be written nothing is left. */
	begin(NWFS);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_W);
	world_request(&w, &ask_read);
	expect_granted(0, 0, 12);
	world_fini(&w);
}
END_TEST

START_TEST(a_large_page_is_told_by_its_size)
{
	begin(NWFS);
	world_map(&w, &ss, 1, IOVA & ~UINT64_C(0x1fffff), 0x3000000000 | SS_RW | PAGE_SIZE_BIT);
	world_request(&w, &ask);
	expect_granted(PT_READ | PT_WRITE, 0x3000001000, 21);
	world_fini(&w);
}
END_TEST

/* "Accessed, Extended Accessed, and Dirty Flags": read and write, unless NW is set; D only where W is granted. */
START_TEST(a_translation_request_sets_the_dirty_flag_where_it_is_granted_a_write)
{
	static const struct {
		bool write;
		uint64_t word;
		uint64_t flags;
	} cases[] = { { true, FS_RW, 0x60 }, { false, FS_RW, 0x20 }, { true, FS_R, 0x20 } };

	for (unsigned i = 0; i < 3; i++) {
		begin(NWFS);
		world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
		world_map(&w, &fs, 0, IOVA, OUTPUT | (cases[i].word & ~UINT64_C(0x60)));
		world_request(&w, cases[i].write ? &ask : &ask_read);
		ck_assert_int_eq(w.t.completion, IOMMU_SUCCESS);
		ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &fs, 0, IOVA)) & 0x60, cases[i].flags);
		expect_reads(&w, 4, 4, 0);
		world_fini(&w);
	}
	/* The second stage's own, with SSADE. */
	begin(NWFS);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID), SSADE);
	world_request(&w, &ask_read);
	ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &ss, 0, IOVA)) & 0x300, 0x100);
	world_request(&w, &ask);
	expect_granted(PT_READ | PT_WRITE, OUTPUT, 12);
	ck_assert_uint_eq(memory_read64(w.memory, world_slot(&w, &ss, 0, IOVA)) & 0x300, 0x300);
	world_fini(&w);
}
END_TEST

START_TEST(a_nested_translation_grants_what_both_stages_do)
{
	static const struct {
		uint64_t first, second;
		unsigned granted;
	} cases[] = {
		{ FS_RW, SS_RW, PT_READ | PT_WRITE },
		{ FS_R, SS_RW, PT_READ },
		{ FS_RW, SS_R, PT_READ },
		{ FS_RW, SS_W, PT_WRITE },
		{ FS_R, SS_W, 0 },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(NWFS);
		fs = world_first_stage(&w, 4, true);
		world_map_guest(&w, &ss);
		world_map(&w, &fs, 0, IOVA, 0x40000000 | cases[i].first);
		world_map(&w, &ss, 0, 0x40000000, OUTPUT | cases[i].second);
		world_set_pasid(&w, DEVICE, PASID, 7, &fs, &ss);
		world_request(&w, &ask);
		expect_granted(cases[i].granted, OUTPUT, 12);
		world_fini(&w);
	}
}
END_TEST

/* N: SNP of the leaf or PGSNP of the PASID entry; also from the IOTLB.  The table of N bits. */
START_TEST(a_page_that_must_be_snooped_is_told_so)
{
	for (unsigned i = 0; i < 4; i++) {
		begin(NWFS);
		world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW | (i & 1 ? SNP : 0));
		world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 8, i & 2 ? PGSNP : 0);
		for (unsigned hit = 0; hit < 2; hit++) {
			world_request(&w, &ask);
			expect_granted(PT_READ | PT_WRITE, OUTPUT, 12);
			ck_assert_int_eq(w.t.must_snoop, i != 0);
			ck_assert_int_eq(w.t.iotlb_hit, hit);
		}
		world_fini(&w);
	}
	/* A first stage has no such bit. */
	begin(NWFS);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	world_request(&w, &ask);
	ck_assert(!w.t.must_snoop);
	world_fini(&w);
}
END_TEST

/* Priv; WPE = 0: supervisors write to read-only pages.  SRE = 0: nothing, but Priv. */
START_TEST(supervisor_requests_get_the_permissions_of_supervisors)
{
	struct iommu_request request = ask;

	request.privileged = true;
	for (unsigned wpe = 0; wpe < 2; wpe++) {
		begin(NWFS);
		world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
		world_map(&w, &fs, 0, IOVA, OUTPUT | (FS_R & ~UINT64_C(4)));
		world_request(&w, &request);
		expect_granted(0, 0, 12);
		ck_assert(w.t.is_privileged);
		world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, 1 | (wpe ? 1 << 4 : 0));
		invalidate();
		world_request(&w, &request);
		expect_granted(wpe ? PT_READ : PT_READ | PT_WRITE, OUTPUT, 12);
		ck_assert(w.t.is_privileged);
		world_request(&w, &ask);
		expect_granted(0, 0, 12); /* SGN.2 */
		ck_assert(!w.t.is_privileged);
		world_fini(&w);
	}
}
END_TEST

/* Exe is always 0 without execute requests; with them it is told to those who ask. */
START_TEST(execute_permission_is_told_to_execute_requests_only)
{
	struct iommu_request request = ask;

	request.execute = true;
	begin(NWFS | ERS);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, 1 << 1); /* ERE */
	for (unsigned hit = 0; hit < 2; hit++) {
		world_request(&w, &request);
		expect_granted(PT_READ | PT_WRITE | PT_EXECUTE, OUTPUT, 12);
		world_request(&w, &ask);
		expect_granted(PT_READ | PT_WRITE, OUTPUT, 12);
	}
	world_fini(&w);
}
END_TEST

/* S is set and the region as large as the largest page: 1 GiB, 2 MiB, 4 KiB by what the unit has. */
START_TEST(pass_through_is_told_in_the_largest_pages)
{
	struct vtd_features features = world_features();
	static const unsigned limits[] = { 30, 21, 12 };

	features.nested = false;
	features.no_first_stage = true;
	for (unsigned i = 0; i < 3; i++) {
		features.page_size_limit_lg2 = limits[i];
		begin_with(&features, NWFS);
		world_set_pasid(&w, DEVICE, PASID, 7, NULL, NULL);
		struct iommu_request request = ask;

		request.iova = OUTPUT;
		world_request(&w, &request);
		expect_granted(PT_READ | PT_WRITE, OUTPUT, limits[i]);
		request.iova = 0xfee00000;
		world_request(&w, &request);
		expect_granted(0, 0, 12);
		world_fini(&w);
	}
}
END_TEST

/* [S.1], [S.2] Without PASID; with PASID the address is like any other. */
START_TEST(interrupt_addresses_are_to_be_used_untranslated)
{
	struct iommu_request request = ask;

	request.iova = 0xfee00000;
	begin(NWFS);
	world_map(&w, &ss, 0, 0xfee00000, OUTPUT | SS_RW);
	world_set_pasid(&w, DEVICE, 0, 7, NULL, &ss);
	world_request(&w, &request);
	expect_granted(PT_READ | PT_WRITE, OUTPUT, 12);
	request.has_pasid = false;
	request.pasid = 0;
	world_request(&w, &request);
	ck_assert_int_eq(w.t.completion, IOMMU_SUCCESS);
	ck_assert_uint_eq(w.t.permissions, PT_WRITE);
	ck_assert(w.t.untranslated_only);
	request.write = false;
	world_request(&w, &request);
	expect_granted(0, 0, 12);
	world_fini(&w);
}
END_TEST

START_TEST(legacy_mode_tells_the_snoop_bit_of_the_leaf)
{
	struct vtd_features features = world_features();
	struct iommu_request request = { .type = IOMMU_TRANSLATION_REQUEST, .source_id = DEVICE, .write = true };

	features.scalable = false;
	for (unsigned snoop = 0; snoop < 2; snoop++) {
		world_init(&w, &features, &world_caches);
		ss = world_second_stage(&w, 4);
		world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW | (snoop ? SNP : 0));
		world_set_bits(&w, world_attach_legacy(&w, DEVICE, 7, &ss), 1 << 2); /* TT = 01b */
		world_start(&w);
		request.iova = IOVA;
		for (unsigned hit = 0; hit < 2; hit++) {
			world_request(&w, &request);
			expect_granted(PT_READ | PT_WRITE, OUTPUT, 12);
			ck_assert_int_eq(w.t.must_snoop, snoop);
		}
		request.iova = 0xfee00000; /* [S.1] */
		world_request(&w, &request);
		ck_assert_uint_eq(w.t.permissions, PT_WRITE);
		ck_assert(w.t.untranslated_only);
		world_fini(&w);
	}
}
END_TEST

/* ---- translated requests ---- */

START_TEST(a_translated_request_passes_with_the_context_entry_alone)
{
	struct iommu_request request = {
		.type = IOMMU_TRANSLATED_REQUEST, .source_id = DEVICE, .iova = OUTPUT, .write = true
	};

	begin(PTRS);
	world_request(&w, &request);
	expect_output(&w, OUTPUT, 12);
	ck_assert_int_eq(w.t.completion, IOMMU_SUCCESS);
	expect_reads(&w, 2, 0, 0);
	world_set_bits(&w, context, 1 << 6); /* EPTR */
	world_command(&w, 1 << 4 | 1, 0);
	request.has_pasid = true;
	request.pasid = PASID;
	world_request(&w, &request);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* "Handling of Translated Requests": without PTRS the root complex blocks them. */
START_TEST(a_translated_request_with_pasid_is_none_of_the_units_business_without_ptrs)
{
	struct iommu_request request = {
		.type = IOMMU_TRANSLATED_REQUEST, .source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = OUTPUT
	};

	begin(0);
	world_request(&w, &request);
	expect_fault(&w, 0);
	ck_assert_int_eq(w.t.completion, IOMMU_UNSUPPORTED);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	world_fini(&w);
}
END_TEST

/* "Handling of ATS Protocol Errors": TES = 0. */
START_TEST(nothing_but_untranslated_requests_is_supported_while_translation_is_off)
{
	static const enum iommu_completion completions[] = { IOMMU_SUCCESS, IOMMU_UNSUPPORTED, IOMMU_UNSUPPORTED,
							     IOMMU_NO_COMPLETION };
	struct iommu_request request = ask;

	begin(0);
	world_set_register(&w, 0x18, 4, 0);
	for (unsigned type = 0; type < 4; type++) {
		request.type = type;
		world_request(&w, &request);
		ck_assert_int_eq(w.t.completion, completions[type]);
		ck_assert_int_eq(w.t.status, type ? IOMMU_FAULT : IOMMU_TRANSLATED);
		ck_assert_uint_eq(w.t.fault_reason, 0);
	}
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	world_fini(&w);
}
END_TEST

/* ---- page requests ---- */

/* A queue of one page; the context entry lets page requests in. */
static void begin_page_requests(void)
{
	struct vtd_features features = world_features();

	features.page_requests = true;
	begin_with(&features, 0);
	world_set_bits(&w, context, 1 << 4);                      /* PRE */
	world_set_register(&w, 0xd0, 8, frames_alloc(&w.frames)); /* PQA */
}

START_TEST(a_page_request_passes_all_structures_and_is_queued)
{
	struct iommu_request request = { .type = IOMMU_PAGE_REQUEST,
					 .source_id = DEVICE,
					 .has_pasid = true,
					 .pasid = PASID,
					 .iova = IOVA,
					 .read = true,
					 .last = true,
					 .group = 5 };

	begin_page_requests();
	phys_t queue = world_register(&w, 0xd0, 8);

	for (unsigned i = 0; i < 2; i++) { /* from memory, then from the caches */
		world_request(&w, &request);
		ck_assert_int_eq(w.t.status, IOMMU_TRANSLATED);
		ck_assert_int_eq(w.t.completion, IOMMU_NO_COMPLETION);
		expect_reads(&w, i ? 0 : 4, 0, 0);
		ck_assert_uint_eq(memory_read64(w.memory, queue + 32 * i) & 0xff, 1);
		ck_assert_uint_eq(memory_read64(w.memory, queue + 32 * i) >> 16 & 0xffff, DEVICE);
		ck_assert_uint_eq(memory_read64(w.memory, queue + 32 * i + 8) >> 12, IOVA >> 12);
	}
	world_fini(&w);
}
END_TEST

START_TEST(a_unit_without_page_requests_drops_them)
{
	struct iommu_request request = { .type = IOMMU_PAGE_REQUEST, .source_id = DEVICE, .read = true, .last = true };

	begin(0);
	world_request(&w, &request);
	expect_fault(&w, 0);
	ck_assert_int_eq(w.t.completion, IOMMU_NO_COMPLETION);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_translation_request_learns_what_is_granted,
		a_no_write_request_gets_no_write_permission,
		a_large_page_is_told_by_its_size,
		a_translation_request_sets_the_dirty_flag_where_it_is_granted_a_write,
		a_nested_translation_grants_what_both_stages_do,
		a_page_that_must_be_snooped_is_told_so,
		supervisor_requests_get_the_permissions_of_supervisors,
		execute_permission_is_told_to_execute_requests_only,
		pass_through_is_told_in_the_largest_pages,
		interrupt_addresses_are_to_be_used_untranslated,
		legacy_mode_tells_the_snoop_bit_of_the_leaf,
		a_translated_request_passes_with_the_context_entry_alone,
		a_translated_request_with_pasid_is_none_of_the_units_business_without_ptrs,
		nothing_but_untranslated_requests_is_supported_while_translation_is_off,
		a_page_request_passes_all_structures_and_is_queued,
		a_unit_without_page_requests_drops_them,
		NULL,
	};

	return suite_run("vtd requests of ATS and PRI", tests);
}
