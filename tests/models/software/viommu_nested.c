/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/software/viommu_bench.h"
#include "tests/suite.h"

/* Scalable-mode root 0x1000, context 0x2000, PASID directory 0x4000, PASID table 0x5000. */
static void set_first_stage(phys_t root, unsigned domain)
{
	view_write64(guest, ROOT, CONTEXT | 1);
	view_write64(guest, CONTEXT + SID * 32u, 0x4000 | 1);
	view_write64(guest, CONTEXT + SID * 32u + 8, 0); /* RID_PASID */
	view_write64(guest, 0x4000, 0x5000 | 1);
	view_write64(guest, 0x5000, root ? 1 | 1 << 6 : 0);
	view_write64(guest, 0x5008, domain);
	view_write64(guest, 0x5010, root);
}

static void setup_nested(void)
{
	setup();
	viommu.mode = VIOMMU_NESTED;
	view_write64(guest, CONTEXT + SID * 16u, 0);
	view_write64(guest, CONTEXT + SID * 16u + 8, 0);
}

#define PASID_CACHE_PASID(domain) (7 | 1 << 4 | (uint64_t)(domain) << 16)

START_TEST(a_pasid_cache_descriptor_attaches_the_guests_first_stage)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_ATTACH);
	ck_assert_uint_eq(calls[0].s1.root, 0x77000);
	ck_assert_uint_eq(calls[0].s1.levels, 4);
	ck_assert_uint_eq(command.structures_read, 4);
	run(PASID_CACHE_PASID(9), 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

START_TEST(another_first_stage_is_attached_in_its_place_and_none_is_detached)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	set_first_stage(0x99000, 9);
	run(7 | 0 << 4 | UINT64_C(9) << 16, 0); /* domain-selective */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_ATTACH);
	ck_assert_uint_eq(calls[0].s1.root, 0x99000);
	set_first_stage(0, 0);
	run(PASID_CACHE_PASID(10), 0); /* not its domain: not looked at */
	ck_assert_uint_eq(call_count, 0);
	run(7 | 3 << 4, 0); /* global */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_DETACH);
	run(7 | 3 << 4, 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

/* Functions 128 and up of a bus: word 1 of its root entry. */
START_TEST(the_upper_half_of_a_bus_has_a_context_table_of_its_own)
{
	ck_assert_uint_eq(viommu_add(&viommu, 0x80 + SID), 1);
	set_first_stage(0x77000, 9);
	view_write64(guest, ROOT + 8, 0x6000 | 1);
	view_write64(guest, 0x6000 + SID * 32u, 0x4000 | 1);
	view_write64(guest, CONTEXT + SID * 32u, 0);
	run(7 | 3 << 4, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].space, 1);
	ck_assert_uint_eq(calls[0].s1.root, 0x77000);
}
END_TEST

START_TEST(a_pasid_based_iotlb_descriptor_is_passed_on)
{
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	run(6 | 3 << 4 | 9 << 16, 0x12345000 | 1 << 6 | 3); /* page-selective, IH, 8 pages; low address bits ignored */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_int_eq(calls[0].kind, VIOMMU_INVALIDATE);
	ck_assert_uint_eq(calls[0].invalidation.addr, 0x12340000);
	ck_assert_uint_eq(calls[0].invalidation.npages, 8);
	ck_assert(calls[0].invalidation.leaf);
	run(6 | 2 << 4 | 9 << 16, 0); /* PASID-selective */
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].invalidation.addr, 0);
	ck_assert_uint_eq(calls[0].invalidation.npages, UINT64_MAX);
	run(6 | 3 << 4 | 8 << 16, 0x12345000);
	ck_assert_uint_eq(call_count, 0);
	run(6 | 3 << 4 | 9 << 16 | UINT64_C(1) << 32, 0x12345000);
	ck_assert_uint_eq(call_count, 0);
	ck_assert_uint_eq(command.entries_read, 0);
}
END_TEST

START_TEST(a_global_or_domain_selective_iotlb_descriptor_becomes_an_invalidation_of_everything)
{
	run(2 | 1 << 4, 0);
	ck_assert_uint_eq(call_count, 0); /* nothing attached */
	set_first_stage(0x77000, 9);
	run(PASID_CACHE_PASID(9), 0);
	run(2 | 1 << 4, 0);
	ck_assert_uint_eq(call_count, 1);
	ck_assert_uint_eq(calls[0].invalidation.npages, UINT64_MAX);
	run(2 | 2 << 4 | 9 << 16, 0);
	ck_assert_uint_eq(call_count, 1);
	run(2 | 2 << 4 | 8 << 16, 0);
	ck_assert_uint_eq(call_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viommu nested");
	TCase *test = tcase_create("viommu nested");

	tcase_add_checked_fixture(test, setup_nested, teardown);
	tcase_add_test(test, a_pasid_cache_descriptor_attaches_the_guests_first_stage);
	tcase_add_test(test, another_first_stage_is_attached_in_its_place_and_none_is_detached);
	tcase_add_test(test, the_upper_half_of_a_bus_has_a_context_table_of_its_own);
	tcase_add_test(test, a_pasid_based_iotlb_descriptor_is_passed_on);
	tcase_add_test(test, a_global_or_domain_selective_iotlb_descriptor_becomes_an_invalidation_of_everything);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
