/* SPDX-License-Identifier: Apache-2.0 */
/* The driver model's invalidation queue. */
#include <stdlib.h>

#include "tests/models/software/vtd_driver_bench.h"
#include "tests/suite.h"

static void queue_one(struct bench *bench, struct vtd_domain *domain, struct vtd_submission *submission)
{
	vtd_domain_flush_all(domain, &bench->list);
	ck_assert_int_eq(vtd_driver_submit(bench->driver, &bench->list, submission), VTD_SUBMITTED);
	ck_assert_int_eq(vtd_driver_submit(bench->driver, &bench->list, submission), VTD_NOTHING);
}

static void check_slots(uint64_t extended_capability, unsigned slot_bytes)
{
	struct bench bench;
	struct vtd_submission submission;
	struct writes writes = { 0 };
	struct vtd_driver_registers registers = { record_write, &writes };

	setup(&bench, CAP_Q, extended_capability, 0);
	vtd_driver_start(bench.driver, &registers, &bench.list);

	phys_t queue = writes.value[1] & ~UINT64_C(0xfff);
	phys_t status = 0;
	unsigned slot = 0;

	while (vtd_driver_submit(bench.driver, &bench.list, &submission) == VTD_SUBMITTED) {
		phys_t wait = queue + (slot + 1) * slot_bytes;

		ck_assert_uint_eq(submission.first, slot);
		ck_assert_uint_eq(submission.descriptors, 2);
		slot += 2;
		ck_assert_uint_eq(submission.tail, slot * slot_bytes);
		/* Recorded wait descriptors: 0x200000025, and status addresses 8 bytes apart. */
		ck_assert_uint_eq(word_at(&bench, wait), 0x200000025);
		ck_assert_uint_eq(word_at(&bench, wait + 8), submission.status_address);
		ck_assert(status == 0 || submission.status_address == status + 8);
		ck_assert_uint_eq(submission.status_address & 0xfff, 4 * (slot - 1));
		status = submission.status_address;
		ck_assert_uint_eq(submission.status_value, 2);
		ck_assert_uint_ne((uint32_t)(word_at(&bench, status & ~UINT64_C(7)) >> 32), 2);
		vtd_driver_complete(bench.driver, &submission);
	}
	ck_assert_uint_eq(word_at(&bench, queue), 0x11);
	teardown(&bench);
}

START_TEST(slots_have_16_bytes_in_legacy_mode)
{
	check_slots(ECAP_Q, 16);
}
END_TEST

START_TEST(slots_have_32_bytes_on_a_scalable_unit)
{
	check_slots(ECAP_F1, 32);
}
END_TEST

START_TEST(the_queue_never_fills_its_last_slot)
{
	struct bench bench;
	struct vtd_submission submission[128], extra;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	for (unsigned i = 0; i < 127; i++)
		queue_one(&bench, domain, &submission[i]);
	vtd_domain_flush_all(domain, &bench.list);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &extra), VTD_QUEUE_FULL);
	/* A younger one done frees nothing, the oldest does. */
	vtd_driver_complete(bench.driver, &submission[1]);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &extra), VTD_QUEUE_FULL);
	vtd_driver_complete(bench.driver, &submission[0]);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &extra), VTD_SUBMITTED);
	ck_assert_uint_eq(extra.tail, 0); /* around the end */
	vtd_domain_flush_all(domain, &bench.list);
	vtd_driver_submit(bench.driver, &bench.list, &extra);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &extra), VTD_NOTHING);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_flush_of_many_tags_goes_out_sixteen_at_a_time)
{
	struct bench bench;
	struct vtd_submission submission;
	struct vtd_domain *nested[18];

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *parent = vtd_domain_create(bench.driver, VTD_DOMAIN_UNMANAGED);

	for (unsigned i = 0; i < 18; i++) {
		uint16_t source_id = (uint16_t)(8 * i);

		nested[i] = vtd_domain_create_nested(bench.driver, parent, 0x1000, 4);
		ck_assert(vtd_driver_probe(bench.driver, source_id, 0, &bench.list));
		ck_assert(vtd_driver_attach(bench.driver, nested[i], source_id, 0, &bench.list));
	}
	EXPECT_NOTHING(&bench);
	vtd_domain_flush_all(parent, &bench.list);
	ck_assert_uint_eq(bench.list.count, 18);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &submission), VTD_SUBMITTED);
	ck_assert_uint_eq(submission.descriptors, 17);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &submission), VTD_SUBMITTED);
	ck_assert_uint_eq(submission.descriptors, 3);
	ck_assert_int_eq(vtd_driver_submit(bench.driver, &bench.list, &submission), VTD_NOTHING);
	for (unsigned i = 0; i < 18; i++)
		detach_and_destroy(&bench, nested[i], (uint16_t)(8 * i));
	vtd_domain_destroy(parent);
	teardown(&bench);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("vtd_driver_queue");
	TCase *t = tcase_create("words");

	tcase_add_test(t, slots_have_16_bytes_in_legacy_mode);
	tcase_add_test(t, slots_have_32_bytes_on_a_scalable_unit);
	tcase_add_test(t, the_queue_never_fills_its_last_slot);
	tcase_add_test(t, a_flush_of_many_tags_goes_out_sixteen_at_a_time);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
