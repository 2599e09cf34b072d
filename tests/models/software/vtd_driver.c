/* SPDX-License-Identifier: Apache-2.0 */
/* The driver model's unit: registers, root, context and PASID structures. */
#include <stdlib.h>
#include <string.h>

#include "tests/models/software/vtd_driver_bench.h"
#include "tests/suite.h"

/* ---- start ---- */

static void check_start(uint64_t capability, uint64_t extended_capability, uint64_t queue_bits, uint64_t root_bits)
{
	/* Offsets and sizes of the register writes that QEMU logged for sets Q and F1. */
	static const unsigned offset[] = { 0x88, 0x90, 0x18, 0x20, 0x18, 0x18 };
	static const unsigned bytes[] = { 4, 8, 4, 8, 4, 4 };
	struct writes writes = { 0 };
	struct vtd_driver_registers registers = { record_write, &writes };
	struct bench bench;

	setup(&bench, capability, extended_capability, 0);
	vtd_driver_start(bench.driver, &registers, &bench.list);
	vtd_driver_enable(bench.driver, &registers);
	ck_assert_uint_eq(writes.count, 6);
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_uint_eq(writes.offset[i], offset[i]);
		ck_assert_uint_eq(writes.bytes[i], bytes[i]);
	}
	ck_assert_uint_eq(writes.value[0], 0);
	ck_assert_uint_eq(writes.value[1] & 0xfff, queue_bits);
	ck_assert_uint_eq(writes.value[2], 0x04000000);
	ck_assert_uint_eq(writes.value[3] & 0xfff, root_bits);
	ck_assert_uint_eq(writes.value[4], 0x44000000);
	ck_assert_uint_eq(writes.value[5], 0x84000000);
	if (root_bits)
		EXPECT(&bench, { 0x11, 0 }, { 0x37, 0 }, { 0xd2, 0 });
	else
		EXPECT(&bench, { 0x11, 0 }, { 0xd2, 0 });
	teardown(&bench);
}

START_TEST(a_legacy_start_writes_the_recorded_registers_and_descriptors)
{
	check_start(CAP_Q, ECAP_Q, 0, 0);
}
END_TEST

START_TEST(a_scalable_start_writes_the_recorded_registers_and_descriptors)
{
	check_start(CAP_Q, ECAP_F1, 0x801, 0x400);
}
END_TEST

START_TEST(a_unit_that_invalidates_with_the_root_table_pointer_needs_no_first_flush)
{
	struct writes writes = { 0 };
	struct vtd_driver_registers registers = { record_write, &writes };
	struct bench bench;

	setup(&bench, CAP_Q | UINT64_C(1) << 63, ECAP_Q, 0);
	vtd_driver_start(bench.driver, &registers, &bench.list);
	EXPECT_NOTHING(&bench);
	teardown(&bench);
}
END_TEST

/* [VTD] "Extended Capability Register": SMTS is clear where QI is. */
START_TEST(scalable_mode_without_a_queue_is_refused_and_so_are_too_few_frames)
{
	struct vtd_driver_config config = {
		.capability = CAP_Q,
		.extended_capability = ECAP_F1 & ~UINT64_C(2),
		.host_address_width = 48,
		.scalable = true,
	};
	struct memory *memory = memory_create();
	struct frames frames;
	struct err err = { 0 };

	frames_init(&frames, TABLES, TABLES + PAGE_BYTES);
	ck_assert_ptr_null(vtd_driver_create(&config, (struct memory_view){ memory, 0 }, &frames, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "ECAP.QI"));
	err = (struct err){ 0 };
	config.extended_capability = ECAP_Q;
	ck_assert_ptr_null(vtd_driver_create(&config, (struct memory_view){ memory, 0 }, &frames, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_uint_eq(frames_used(&frames), 0);
	frames_fini(&frames);
	memory_destroy(memory);
}
END_TEST

START_TEST(caching_mode_forces_strict)
{
	struct vtd_driver_config config = { .extended_capability = ECAP_Q, .host_address_width = 48 };
	struct memory *memory = memory_create();
	struct frames frames;
	struct err err = { 0 };

	frames_init(&frames, TABLES, TABLES + 64 * PAGE_BYTES);
	for (int caching = 0; caching < 2; caching++) {
		config.capability = caching ? CAP_Q : CAP_LAZY;
		struct vtd_driver *driver =
			vtd_driver_create(&config, (struct memory_view){ memory, 0 }, &frames, &err);

		ck_assert_int_eq(vtd_driver_strict(driver), caching);
		vtd_driver_destroy(driver);
	}
	frames_fini(&frames);
	memory_destroy(memory);
}
END_TEST
/* In scalable mode: root, two queue pages, status words; context table; directory; page table; PASID table. */
START_TEST(whoever_runs_out_of_frames_is_told_and_nothing_is_lost)
{
	struct vtd_driver_config config = {
		.capability = CAP_Q,
		.extended_capability = ECAP_F1,
		.host_address_width = 48,
		.scalable = true,
	};
	struct memory *memory = memory_create();
	struct vtd_invalidations list = { 0 };
	struct err err = { 0 };

	for (unsigned count = 0; count <= 8; count++) {
		struct frames frames;

		frames_init(&frames, TABLES, TABLES + count * PAGE_BYTES);
		struct vtd_driver *driver =
			vtd_driver_create(&config, (struct memory_view){ memory, 0 }, &frames, &err);

		ck_assert_int_eq(driver != NULL, count >= 4);
		if (driver) {
			bool probed = vtd_driver_probe(driver, 0x0020, 0, &list);
			struct vtd_domain *domain = vtd_domain_create(driver, VTD_DOMAIN_DMA);

			ck_assert_int_eq(probed, count >= 6);
			/* With five, the context table took the last one. */
			ck_assert_int_eq(domain != NULL, count >= 7);
			if (domain)
				ck_assert_int_eq(vtd_driver_attach(driver, domain, 0x0020, 0, &list), count >= 8);
			vtd_driver_detach(driver, 0x0020, 0, &list);
			vtd_domain_destroy(domain);
		}
		vtd_driver_destroy(driver);
		ck_assert_uint_eq(frames_used(&frames), 0);
		frames_fini(&frames);
	}
	vtd_invalidations_fini(&list);
	memory_destroy(memory);
}
END_TEST

/* ---- attach ---- */

START_TEST(a_legacy_attach_writes_the_recorded_context_entry)
{
	const phys_t offset = UINT64_C(0x4000000000);
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_Q, offset);
	struct vtd_domain *first = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);
	struct vtd_domain *second = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(vtd_driver_probe(bench.driver, 0x0000, 0, &bench.list));
	EXPECT_NOTHING(&bench);
	ck_assert(vtd_driver_attach(bench.driver, first, 0x0000, 0, &bench.list));
	EXPECT(&bench, { 0x31, 0 }, { 0x200e2, 0 });
	ck_assert(vtd_driver_attach(bench.driver, second, 0x0018, 0, &bench.list));
	EXPECT(&bench, { 0x1800000031, 0 }, { 0x300e2, 0 });
	ck_assert(vtd_driver_attach(bench.driver, second, 0x00fb, 0, &bench.list));
	EXPECT(&bench, { 0xfb00000031, 0 }, { 0x300e2, 0 });

	/* The root table is the driver's first frame. */
	uint64_t root = word_at(&bench, TABLES);
	phys_t contexts = root & ~UINT64_C(0xfff);

	ck_assert_uint_eq(root & 0xfff, 1);
	ck_assert_uint_eq(memory_read64(bench.memory, TABLES + offset), root);
	ck_assert_uint_eq(word_at(&bench, TABLES + 8), 0);
	ck_assert_uint_eq(word_at(&bench, contexts), vtd_domain_table(first)->root | 1);
	ck_assert_uint_eq(word_at(&bench, contexts + 8), 0x202);
	ck_assert_uint_eq(word_at(&bench, contexts + 0x18 * 16), vtd_domain_table(second)->root | 1);
	ck_assert_uint_eq(word_at(&bench, contexts + 0x18 * 16 + 8), 0x302);
	ck_assert_uint_eq(word_at(&bench, contexts + 0xfb * 16 + 8), 0x302);
	ck_assert_ptr_eq(vtd_driver_attached(bench.driver, 0x00fb, 0), second);

	vtd_driver_detach(bench.driver, 0x00fb, 0, &bench.list);
	detach_and_destroy(&bench, second, 0x0018);
	detach_and_destroy(&bench, first, 0x0000);
	teardown(&bench);
}
END_TEST

START_TEST(without_caching_mode_an_attach_invalidates_nothing)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(vtd_driver_attach(bench.driver, domain, 0x0020, 0, &bench.list));
	EXPECT_NOTHING(&bench);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(a_scalable_second_stage_attach_writes_the_recorded_entries)
{
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_F1, 0);
	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(!vtd_domain_first_stage(domain));
	ck_assert(vtd_driver_probe(bench.driver, 0x0000, 0, &bench.list));
	EXPECT(&bench, { 0x31, 0 }, { 0xe2, 0 });
	ck_assert(vtd_driver_probe(bench.driver, 0x00fa, 0, &bench.list));
	EXPECT(&bench, { 0xfa00000031, 0 }, { 0xe2, 0 });
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x0000, 0, &bench.list));
	EXPECT(&bench, { 0x20017, 0 }, { 0x20026, 0 });
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x00fa, 0, &bench.list));
	EXPECT(&bench, { 0x20017, 0 }, { 0x20026, 0 });

	phys_t lower = word_at(&bench, TABLES) & ~UINT64_C(0xfff);

	ck_assert_uint_eq(word_at(&bench, lower) & 0xfff, 0x401);
	ck_assert_uint_eq(word_at(&bench, lower + 8), 0);
	for (uint16_t sid = 0; sid <= 0xfa; sid = (uint16_t)(sid + 0xfa)) {
		phys_t entry = pasid_entry(&bench, sid, 0);

		ck_assert_uint_eq(word_at(&bench, entry), vtd_domain_table(domain)->root | 0x89);
		ck_assert_uint_eq(word_at(&bench, entry + 8), 2);
		for (unsigned i = 2; i < 8; i++)
			ck_assert_uint_eq(word_at(&bench, entry + 8 * i), 0);
	}
	vtd_driver_detach(bench.driver, 0x00fa, 0, &bench.list);
	detach_and_destroy(&bench, domain, 0x0000);
	teardown(&bench);
}
END_TEST

START_TEST(a_scalable_first_stage_attach_writes_the_recorded_entries)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_F2, 0);
	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(vtd_domain_first_stage(domain));
	ck_assert(vtd_driver_probe(bench.driver, 0x0020, 0, &bench.list));
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x0020, 0, &bench.list));
	EXPECT_NOTHING(&bench);

	phys_t entry = pasid_entry(&bench, 0x0020, 0);

	ck_assert_uint_eq(word_at(&bench, entry), 0x49);
	ck_assert_uint_eq(word_at(&bench, entry + 8), 2);
	ck_assert_uint_eq(word_at(&bench, entry + 16), vtd_domain_table(domain)->root);
	ck_assert_uint_eq(word_at(&bench, entry + 24), 0);
	detach_and_destroy(&bench, domain, 0x0020);
	teardown(&bench);
}
END_TEST

START_TEST(with_both_stages_only_the_kernels_own_domains_take_the_first)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *dma = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);
	struct vtd_domain *vfio = vtd_domain_create(bench.driver, VTD_DOMAIN_UNMANAGED);

	ck_assert(vtd_domain_first_stage(dma));
	ck_assert(!vtd_domain_first_stage(vfio));
	vtd_domain_destroy(dma);
	vtd_domain_destroy(vfio);
	teardown(&bench);
}
END_TEST

START_TEST(a_detach_clears_the_entry_and_invalidates_the_domain)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, 0x0020);

	vtd_driver_detach(bench.driver, 0x0020, 0, &bench.list);
	EXPECT(&bench, { 0x2000020031, 0 }, { 0x200e2, 0 });
	ck_assert_uint_eq(word_at(&bench, (word_at(&bench, TABLES) & ~UINT64_C(0xfff)) + 0x20 * 16), 0);
	ck_assert_ptr_null(vtd_driver_attached(bench.driver, 0x0020, 0));
	ck_assert_uint_eq(vtd_domain_id(domain), 0);
	vtd_driver_detach(bench.driver, 0x0020, 0, &bench.list);
	EXPECT_NOTHING(&bench);
	vtd_domain_destroy(domain);
	teardown(&bench);
}
END_TEST

START_TEST(a_scalable_detach_invalidates_by_the_stage_it_had)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *dma = attached(&bench, VTD_DOMAIN_DMA, 0x0020);
	struct vtd_domain *vfio = attached(&bench, VTD_DOMAIN_UNMANAGED, 0x0028);

	vtd_driver_detach(bench.driver, 0x0020, 0, &bench.list);
	EXPECT(&bench, { 0x20017, 0 }, { 0x20026, 0 });
	vtd_driver_detach(bench.driver, 0x0028, 0, &bench.list);
	EXPECT(&bench, { 0x30017, 0 }, { 0x300e2, 0 });
	ck_assert_uint_eq(word_at(&bench, pasid_entry(&bench, 0x0028, 0)), 0);
	vtd_domain_destroy(dma);
	vtd_domain_destroy(vfio);
	teardown(&bench);
}
END_TEST

START_TEST(a_domain_identifier_is_given_again_once_free)
{
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	struct vtd_domain *a = attached(&bench, VTD_DOMAIN_DMA, 0x0008);
	struct vtd_domain *b = attached(&bench, VTD_DOMAIN_DMA, 0x0010);
	struct vtd_domain *c = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert_uint_eq(vtd_domain_id(a), 2);
	ck_assert_uint_eq(vtd_domain_id(b), 3);
	ck_assert_uint_eq(vtd_domain_id(c), 0);
	/* Moving the device of a to c frees identifier 2 before c asks for one. */
	ck_assert(vtd_driver_attach(bench.driver, c, 0x0008, 0, &bench.list));
	ck_assert_uint_eq(vtd_domain_id(a), 0);
	ck_assert_uint_eq(vtd_domain_id(c), 2);
	vtd_domain_destroy(a);
	detach_and_destroy(&bench, b, 0x0010);
	detach_and_destroy(&bench, c, 0x0008);
	teardown(&bench);
}
END_TEST

START_TEST(an_attach_without_a_free_identifier_fails)
{
	struct bench bench;

	setup(&bench, CAP_LAZY & ~UINT64_C(7), ECAP_Q, 0); /* ND = 0: 16 identifiers, 0 and 1 reserved */
	struct vtd_domain *domain[15];

	for (unsigned i = 0; i < 14; i++)
		domain[i] = attached(&bench, VTD_DOMAIN_DMA, (uint16_t)(8 * i));
	domain[14] = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);
	ck_assert(!vtd_driver_attach(bench.driver, domain[14], 0x00f0, 0, &bench.list));
	ck_assert_ptr_null(vtd_driver_attached(bench.driver, 0x00f0, 0));
	vtd_domain_destroy(domain[14]);
	for (unsigned i = 0; i < 14; i++)
		detach_and_destroy(&bench, domain[i], (uint16_t)(8 * i));
	teardown(&bench);
}
END_TEST

START_TEST(a_device_with_a_million_pasids_gets_a_directory_for_all)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *domain = vtd_domain_create_sva(bench.driver, 0x5000, 4);

	ck_assert(vtd_driver_probe(bench.driver, 0x0010, 1 << 20, &bench.list));
	/* PDTS 7 (2^14 entries), PASIDE, P */
	uint64_t context = word_at(&bench, (word_at(&bench, TABLES) & ~UINT64_C(0xfff)) + 0x10 * 32);

	ck_assert_uint_eq(context & 0xfff, 0xe09);
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x0010, 0xfffff, &bench.list));
	phys_t entry = pasid_entry(&bench, 0x0010, 0xfffff);

	/* First stage only, identifier 1 as every process table. */
	ck_assert_uint_eq(word_at(&bench, entry), 0x49);
	ck_assert_uint_eq(word_at(&bench, entry + 8), 1);
	ck_assert_uint_eq(word_at(&bench, entry + 16), 0x5000);
	vtd_domain_flush_range(domain, 0x7000, 0x7fff, false, &bench.list);
	EXPECT(&bench, { UINT64_C(0xfffff) << 32 | 0x10036, 0x7000 });
	vtd_driver_detach(bench.driver, 0x0010, 0xfffff, &bench.list);
	EXPECT(&bench, { UINT64_C(0xfffff) << 32 | 0x10017, 0 }, { UINT64_C(0xfffff) << 32 | 0x10026, 0 });
	vtd_domain_destroy(domain);
	teardown(&bench);
}
END_TEST

START_TEST(a_pasid_beyond_the_directory_is_refused)
{
	struct bench bench;

	setup(&bench, CAP_F2, ECAP_NESTED, 0);
	struct vtd_domain *domain = vtd_domain_create_sva(bench.driver, 0x5000, 4);

	ck_assert(vtd_driver_probe(bench.driver, 0x0010, 0, &bench.list));
	ck_assert(!vtd_driver_attach(bench.driver, domain, 0x0010, 1 << 15, &bench.list));
	ck_assert(vtd_driver_attach(bench.driver, domain, 0x0010, (1 << 15) - 1, &bench.list));
	vtd_driver_detach(bench.driver, 0x0010, (1 << 15) - 1, &bench.list);
	vtd_domain_destroy(domain);
	teardown(&bench);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("vtd_driver");
	TCase *t = tcase_create("words");

	tcase_add_test(t, a_legacy_start_writes_the_recorded_registers_and_descriptors);
	tcase_add_test(t, a_scalable_start_writes_the_recorded_registers_and_descriptors);
	tcase_add_test(t, a_unit_that_invalidates_with_the_root_table_pointer_needs_no_first_flush);
	tcase_add_test(t, scalable_mode_without_a_queue_is_refused_and_so_are_too_few_frames);
	tcase_add_test(t, caching_mode_forces_strict);
	tcase_add_test(t, whoever_runs_out_of_frames_is_told_and_nothing_is_lost);
	tcase_add_test(t, a_legacy_attach_writes_the_recorded_context_entry);
	tcase_add_test(t, without_caching_mode_an_attach_invalidates_nothing);
	tcase_add_test(t, a_scalable_second_stage_attach_writes_the_recorded_entries);
	tcase_add_test(t, a_scalable_first_stage_attach_writes_the_recorded_entries);
	tcase_add_test(t, with_both_stages_only_the_kernels_own_domains_take_the_first);
	tcase_add_test(t, a_detach_clears_the_entry_and_invalidates_the_domain);
	tcase_add_test(t, a_scalable_detach_invalidates_by_the_stage_it_had);
	tcase_add_test(t, a_domain_identifier_is_given_again_once_free);
	tcase_add_test(t, an_attach_without_a_free_identifier_fails);
	tcase_add_test(t, a_device_with_a_million_pasids_gets_a_directory_for_all);
	tcase_add_test(t, a_pasid_beyond_the_directory_is_refused);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
