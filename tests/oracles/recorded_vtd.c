/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver model against recorded VT-d guests.  Every operation of the guest is given to the model in recorded
 * order; then
 *   - every descriptor that the model writes into its queue in memory equals the recorded qi_submit
 *     word for word, and there are exactly as many;
 *   - at each snapshot the model's root, context and PASID entries, its leaves and its invalidation queue equal
 *     those in the guest's memory (addresses of tables differ);
 *   - in lazy sets each flush of a domain is one that the flush queue asks for: a ring is full, or its
 *     timer is due.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracles/vtd_guest.h"
#include "tests/suite.h"

static void check_totals(const struct vtd_guest *guest)
{
	const struct recording *recording = &guest->recording;

	ck_assert_uint_eq(guest->segments, recording_count(recording, "map"));
	ck_assert_uint_eq(guest->unmaps, recording_count(recording, "unmap"));
	ck_assert_uint_eq(guest->attaches, recording_count(recording, "attach_device_to_domain"));
	ck_assert_uint_eq(guest->flushes, recording_count(recording, "cache_tag_flush_all"));
	ck_assert_uint_eq(guest->descriptors, recording_count(recording, "qi_submit"));
	ck_assert_uint_eq(guest->snapshots, strstr(recording->json, "ask/SNAP/s1") ? 2 : 0);
	printf("%s: %" PRIu64 " descriptors, %" PRIu64 " flushes of a domain (%" PRIu64 " by full rings), %" PRIu64
	       " snapshots\n",
	       recording->name, guest->descriptors, guest->flushes, guest->flushes_full, guest->snapshots);
}

static void check_set(const char *name)
{
	struct vtd_guest guest = { 0 };

	if (!vtd_guest_begin(&guest, name))
		return;
	while (vtd_guest_step(&guest))
		;
	check_totals(&guest);
	vtd_guest_end(&guest);
}

#define SET(test, name) \
	START_TEST(test) \
	{ \
		check_set(name); \
	} \
	END_TEST

SET(the_driver_does_what_guest_A_did, "A-vtd-nvme-strict-cm")
SET(the_driver_does_what_guest_B_did, "B-vtd-nvme-lazy")
SET(the_driver_does_what_guest_B2_did, "B2-vtd-nvme-forcedac-strict")
SET(the_driver_does_what_guest_B3_did, "B3-vtd-nvme-lazy-cm")
SET(the_driver_does_what_guest_C1_did, "C1-vtd-e1000e-strict-cm")
SET(the_driver_does_what_guest_C2_did, "C2-vtd-virtionet-lazy")
SET(the_driver_does_what_guest_F1_did, "F1-vtd-scalable-sl")
SET(the_driver_does_what_guest_F2_did, "F2-vtd-scalable-fl")
SET(the_driver_does_what_guest_M_did, "M-vtd-mixed-lazy-4cpu")
SET(the_driver_does_what_guest_Q_did, "Q-vtd-oracle-strict-cm")
SET(the_driver_does_what_guest_S_did, "S-vtd-superpage-strict-cm")

static Suite *suite(void)
{
	Suite *s = suite_create("recorded_vtd");
	TCase *t = tcase_create("sets");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_driver_does_what_guest_A_did);
	tcase_add_test(t, the_driver_does_what_guest_B_did);
	tcase_add_test(t, the_driver_does_what_guest_B2_did);
	tcase_add_test(t, the_driver_does_what_guest_B3_did);
	tcase_add_test(t, the_driver_does_what_guest_C1_did);
	tcase_add_test(t, the_driver_does_what_guest_C2_did);
	tcase_add_test(t, the_driver_does_what_guest_F1_did);
	tcase_add_test(t, the_driver_does_what_guest_F2_did);
	tcase_add_test(t, the_driver_does_what_guest_M_did);
	tcase_add_test(t, the_driver_does_what_guest_Q_did);
	tcase_add_test(t, the_driver_does_what_guest_S_did);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
