/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fault record tells of its request, and collapsing.  [VTD] "Fault Recording Registers", "Primary Fault
 * Logging".  Requests are logged directly, so that each kind can be seen whatever blocks it.
 */
#include "models/iommu/vtd/unit.h"
#include "tests/models/iommu/vtd/world.h"

#define FSTS    0x34
#define FRCD(n) (0x220 + 16 * (n))
#define F       (UINT64_C(1) << 63)

static struct world w;

static void begin(const struct vtd_features *features, bool collapses)
{
	struct vtd_config config = { .caches = world_no_caches, .collapses_faults = collapses };
	struct err err = { 0 };

	world_init(&w, features, &world_no_caches);
	vtd_capabilities(features, &config);
	w.unit->ops->destroy(w.unit);
	w.unit = vtd_create(&config, &err);
	ck_assert_msg(w.unit != NULL, "%s", err.text);
	world_start(&w);
}

static void log_fault(const struct iommu_request *request)
{
	vtd_record_fault((struct vtd *)w.unit, request, 0x59);
}

/* T1 is bit 62, AT 61:60, PASID 59:40, reason 39:32, PP 31, EXE 30, PRIV 29, T2 28, source 15:0. */
START_TEST(a_record_tells_what_the_request_was)
{
#define BASE (UINT64_C(0x80000059) << 32 | 0x308)
	static const struct {
		struct iommu_request request;
		uint64_t bits;
	} cases[] = {
		{ { .type = IOMMU_UNTRANSLATED, .write = true }, 0 },
		{ { .type = IOMMU_UNTRANSLATED }, UINT64_C(1) << 62 },
		/* a translation request is a read, also when write permission is asked for */
		{ { .type = IOMMU_TRANSLATION_REQUEST }, UINT64_C(5) << 60 },
		{ { .type = IOMMU_TRANSLATION_REQUEST, .write = true }, UINT64_C(5) << 60 },
		{ { .type = IOMMU_TRANSLATED_REQUEST }, UINT64_C(6) << 60 },
		{ { .type = IOMMU_TRANSLATED_REQUEST, .write = true }, UINT64_C(2) << 60 },
		/* page requests have no address type */
		{ { .type = IOMMU_PAGE_REQUEST, .read = true }, 1 << 28 },
		{ { .type = IOMMU_PAGE_REQUEST, .write = true }, 1 << 28 },
		{ { .write = true, .has_pasid = true, .pasid = 0xfedcb }, UINT64_C(0xfedcb) << 40 | UINT64_C(1) << 31 },
		{ { .has_pasid = true, .execute = true }, UINT64_C(1) << 62 | UINT64_C(1) << 31 | 1 << 30 },
		{ { .has_pasid = true, .privileged = true }, UINT64_C(1) << 62 | UINT64_C(1) << 31 | 1 << 29 },
		/* EXE is of reads only */
		{ { .write = true, .has_pasid = true, .execute = true }, UINT64_C(1) << 31 },
		{ { .type = IOMMU_PAGE_REQUEST, .has_pasid = true, .execute = true, .privileged = true },
		  UINT64_C(1) << 31 | 1 << 29 | 1 << 28 },
		/* nothing of PASID fields without one */
		{ { .pasid = 7, .execute = true, .privileged = true }, UINT64_C(1) << 62 },
	};
	struct vtd_features features = world_features();

	features.page_requests = true;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct iommu_request request = cases[i].request;

		begin(&features, false);
		request.source_id = DEVICE;
		request.iova = 0x123456789abc;
		log_fault(&request);
		ck_assert_uint_eq(world_register(&w, FRCD(0), 8), 0x123456789000);
		ck_assert_msg(world_register(&w, FRCD(0) + 8, 8) == (BASE | cases[i].bits), "case %u: %llx", i,
			      (unsigned long long)world_register(&w, FRCD(0) + 8, 8));
		world_fini(&w);
	}
}
END_TEST

/* Without PASIDs PV, PP, EXE and PRIV are reserved, without device-TLBs AT is. */
START_TEST(fields_of_absent_features_are_zero)
{
	static const struct iommu_request request = { .type = IOMMU_TRANSLATION_REQUEST,
						      .source_id = DEVICE,
						      .has_pasid = true,
						      .pasid = 0x12345,
						      .execute = true,
						      .privileged = true };
	struct vtd_features features = world_features();

	features.scalable = false;
	begin(&features, false);
	log_fault(&request);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8), BASE | UINT64_C(5) << 60);
	world_fini(&w);
	features.device_tlb = false;
	begin(&features, false);
	log_fault(&request);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8), BASE | UINT64_C(4) << 60);
	world_fini(&w);
}
END_TEST

/* FI: bits from the largest AGAW on are reserved. */
START_TEST(fault_information_ends_at_the_largest_address_width)
{
	static const struct {
		unsigned levels;
		uint64_t info;
	} cases[] = {
		{ 3, UINT64_C(0x7ffffff000) },
		{ 4, UINT64_C(0xfffffffff000) },
		{ 5, UINT64_C(0x1fffffffffff000) },
	};

	for (unsigned i = 0; i < 3; i++) {
		struct iommu_request request = { .source_id = DEVICE, .iova = UINT64_MAX };
		struct vtd_features features = world_features();

		features.second_stage_levels = cases[i].levels;
		begin(&features, false);
		log_fault(&request);
		ck_assert_uint_eq(world_register(&w, FRCD(0), 8), cases[i].info);
		world_fini(&w);
	}
}
END_TEST

START_TEST(faults_of_one_source_collapse_where_the_unit_does_that)
{
	static const struct iommu_request one = { .source_id = DEVICE }, other = { .source_id = DEVICE + 1 };
	struct vtd_features features = world_features();

	features.fault_records = 2;
	begin(&features, true);
	log_fault(&one);
	log_fault(&one);
	log_fault(&one);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 2); /* no overflow */
	ck_assert_uint_eq(world_register(&w, FRCD(1) + 8, 8), 0);
	log_fault(&other);
	ck_assert_uint_eq(world_register(&w, FRCD(1) + 8, 8) & 0xffff, DEVICE + 1);
	log_fault(&other);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 2);

	/* A record that software has cleared is not pending. */
	world_set_register(&w, FRCD(0) + 12, 4, 1u << 31);
	log_fault(&one);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) & F, F);
	world_fini(&w);

	begin(&features, false);
	log_fault(&one);
	log_fault(&one);
	ck_assert_uint_eq(world_register(&w, FRCD(1) + 8, 8) & F, F);
	log_fault(&one);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 3);
	world_fini(&w);
}
END_TEST

/* The index is that of the next record whichever ones software cleared; FRI names the one that set PPF. */
START_TEST(records_may_be_cleared_in_any_order)
{
	static const struct iommu_request request = { .source_id = DEVICE };
	static const unsigned order[] = { 2, 0, 3, 1 };
	struct vtd_features features = world_features();

	features.fault_records = 4;
	begin(&features, false);
	for (unsigned i = 0; i < 4; i++)
		log_fault(&request);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(world_register(&w, FSTS, 4), 2);
		world_set_register(&w, FRCD(order[i]) + 8, 8, F - 1); /* F not written: stays */
		ck_assert_uint_eq(world_register(&w, FRCD(order[i]) + 8, 8) & F, F);
		world_set_register(&w, FRCD(order[i]) + 8, 8, F);
		ck_assert_uint_eq(world_register(&w, FRCD(order[i]) + 8, 8), (BASE | UINT64_C(1) << 62) & ~F);
	}
	ck_assert_uint_eq(world_register(&w, FSTS, 4) & 3, 0);
	log_fault(&request);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) & F, F);
	world_set_register(&w, FRCD(0) + 8, 8, F);
	log_fault(&request);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 8 | 2);
	world_fini(&w);
}
END_TEST

/* [VTD] "Primary Fault Logging": the index is reset while translation is disabled. */
START_TEST(the_first_record_is_next_when_translation_was_disabled)
{
	static const struct iommu_request request = { .source_id = DEVICE };
	struct vtd_features features = world_features();

	begin(&features, false);
	log_fault(&request);
	world_set_register(&w, FRCD(0) + 8, 8, F);
	world_set_register(&w, 0x18, 4, 1u << 26);
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
	log_fault(&request);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) & F, F);
	ck_assert_uint_eq(world_register(&w, FRCD(1) + 8, 8) & F, 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_record_tells_what_the_request_was,
		fields_of_absent_features_are_zero,
		fault_information_ends_at_the_largest_address_width,
		faults_of_one_source_collapse_where_the_unit_does_that,
		records_may_be_cleared_in_any_order,
		the_first_record_is_next_when_translation_was_disabled,
		NULL,
	};

	return suite_run("vtd fault records", tests);
}
