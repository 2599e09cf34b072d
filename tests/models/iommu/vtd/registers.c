/* SPDX-License-Identifier: Apache-2.0 */
/* Global commands, fault records and register-based invalidation; the page's bits: register_page.c. */
#include <string.h>

#include "tests/models/iommu/vtd/world.h"

#define FSTS    0x34
#define FECTL   0x38
#define FRCD(n) (0x220 + 16 * (n))
#define OUTPUT  UINT64_C(0x3000000000)

static struct world w;
static struct tables ss;

static void begin(unsigned fault_records)
{
	struct vtd_features features = world_features();

	features.fault_records = fault_records;
	features.scalable = false;
	world_init(&w, &features, &world_caches);
	ss = world_second_stage(&w, 4);
	world_attach_legacy(&w, DEVICE, 7, &ss);
	world_map(&w, &ss, 0, 0x1000, OUTPUT | SS_RW);
	world_start(&w);
}

/* ---- values ---- */

/* CAP and ECAP of a running QEMU (recorded set Q) and the features that they are; and all features. */
START_TEST(capabilities_follow_the_features)
{
	struct vtd_features features = {
		.queued_invalidation = true,
		.pass_through = true,
		.caching_mode = true,
		.second_stage_levels = 4,
		.page_size_limit_lg2 = 30,
		.fault_records = 1,
		.domain_bits = 16,
		.host_address_width = 39,
		.non_coherent_walks = true,
	};
	struct vtd_config config;

	vtd_capabilities(&features, &config);
	/* This unit adds zero-length reads (ZLR). */
	ck_assert_uint_eq(config.capability, UINT64_C(0xd2008c222f0686) | 1 << 22);
	ck_assert_uint_eq(config.extended_capability, UINT64_C(0xf42));
	ck_assert_uint_eq(config.host_address_width, 39);

	features = world_features();
	vtd_capabilities(&features, &config);
	/* ND 6, SAGAW 39 48 57, MGAW 57, ZLR, FRO 22h, 2 MiB, 1 GiB, PSI, NFR 8, MAMV 18, DWD, DRD, FS1GP, FS5LP */
	ck_assert_uint_eq(config.capability, UINT64_C(0x11d2078c22780e06));
	/* C, QI, DT, PT, SC, IRO fh, NEST, SRS, PSS 20, PASID, SMTS, SSADS, SSTS, FSTS, SMPWC, RPS */
	ck_assert_uint_eq(config.extended_capability, UINT64_C(0x3e99884000fc7));
}
END_TEST

START_TEST(impossible_caches_are_refused_by_name)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches.walk[2] = { .entries = 6, .ways = 4 } };
	struct err err = { 0 };

	vtd_capabilities(&features, &config);
	ck_assert_ptr_null(vtd_create(&config, &err));
	ck_assert_str_eq(err.text, "walk: ways must divide entries");
	config.caches.walk[2] = (struct cache_geometry){ 0 };
	config.caches.device = (struct cache_geometry){ .entries = 6, .ways = 4 };
	err = (struct err){ 0 };
	ck_assert_ptr_null(vtd_create(&config, &err));
	ck_assert_str_eq(err.text, "device: ways must divide entries");
	config.caches.device = (struct cache_geometry){ 0 };
	for (config.host_address_width = 35; config.host_address_width <= 53; config.host_address_width += 18) {
		err = (struct err){ 0 };
		ck_assert_ptr_null(vtd_create(&config, &err));
		ck_assert(strstr(err.text, ": must be 36 to 52") != NULL);
	}
}
END_TEST

/* [VTD] "Global Command Register", "Global Status Register" */
START_TEST(global_status_follows_the_command)
{
	begin(1);
	ck_assert_uint_eq(world_register(&w, 0x1c, 4), 1u << 31 | 1u << 30 | 1u << 26);
	ck_assert_uint_eq(world_register(&w, 0x18, 4), 0); /* write only */
	world_set_register(&w, 0x18, 4, 1u << 27);         /* WBF: done; TE and QIE given up */
	ck_assert_uint_eq(world_register(&w, 0x1c, 4), 1u << 30);
	world_set_register(&w, 0x18, 4, 1u << 25 | 3u << 28 | 1u << 23); /* IRE, CFI and reserved bits: not there */
	ck_assert_uint_eq(world_register(&w, 0x1c, 4), 1u << 30);
	world_fini(&w);
}
END_TEST

/* ---- fault records: [VTD] "Fault Recording Registers", "Fault Status Register" ---- */

START_TEST(a_fault_is_recorded)
{
	begin(8);
	world_dma(&w, DEVICE, NO_PASID, 0x7f1234568abc, false);
	ck_assert_uint_eq(world_register(&w, FRCD(0), 8), 0x7f1234568000);
	/* F, T1 = read, reason 6, source 03:01.0: as QEMU records a read of an unmapped page */
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8), UINT64_C(0xc000000600000308));
	world_dma(&w, DEVICE, NO_PASID, 0x5000, true);
	ck_assert_uint_eq(world_register(&w, FRCD(1) + 8, 8), UINT64_C(0x8000000500000308));
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 1); /* PPF, FRI = 0 */
	world_fini(&w);
}
END_TEST

/* Records are used in a ring; FRI names the one that set PPF; without a free one PFO stops recording. */
START_TEST(records_are_a_ring_that_overflows)
{
	begin(3);
	for (unsigned i = 0; i < 3; i++)
		world_dma(&w, DEVICE, NO_PASID, 0x10000 + i * 0x1000, true);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 1);
	world_dma(&w, DEVICE, NO_PASID, 0x13000, true);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 1 | 1);

	/* Clearing F of a record makes room, but PFO still stops recording. */
	world_set_register(&w, FRCD(0) + 12, 4, 1u << 31);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) >> 63, 0);
	world_dma(&w, DEVICE, NO_PASID, 0x14000, true);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) >> 63, 0);
	world_set_register(&w, FSTS, 4, 1);
	world_dma(&w, DEVICE, NO_PASID, 0x15000, true);
	ck_assert_uint_eq(world_register(&w, FRCD(0), 8), 0x15000);
	ck_assert_uint_eq(world_register(&w, FRCD(0) + 8, 8) >> 63, 1);

	/* PPF goes with the last F; the next fault is record 1, and FRI says so. */
	for (unsigned i = 0; i < 3; i++)
		world_set_register(&w, FRCD(i) + 8, 8, UINT64_MAX);
	ck_assert_uint_eq(world_register(&w, FSTS, 4) & 3, 0);
	world_dma(&w, DEVICE, NO_PASID, 0x16000, true);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 8 | 1 << 1);
	ck_assert_uint_eq(world_register(&w, FRCD(1), 8), 0x16000);
	world_fini(&w);
}
END_TEST

/* [VTD] "Non-Recoverable Fault Event": masked, the event is pending until every cause is gone. */
START_TEST(a_masked_fault_event_is_pending)
{
	begin(8);
	world_dma(&w, DEVICE, NO_PASID, 0x10000, true);
	ck_assert_uint_eq(world_register(&w, FECTL, 4), 3u << 30);
	world_set_register(&w, FRCD(0) + 12, 4, 1u << 31);
	ck_assert_uint_eq(world_register(&w, FECTL, 4), 1u << 31);
	world_fini(&w);
}
END_TEST

/* ---- register-based invalidation ---- */

static bool hits(void)
{
	world_dma(&w, DEVICE, NO_PASID, 0x1000, false);
	ck_assert_int_eq(w.t.status, IOMMU_TRANSLATED);
	return w.t.iotlb_hit;
}

/* [VTD] "Context Command Register": ICC clears, CAIG tells what was done. */
START_TEST(the_context_command_invalidates_the_context_cache)
{
	static const struct {
		uint64_t command;
		bool removes;
	} commands[] = {
		{ UINT64_C(1) << 61, true },     /* global */
		{ UINT64_C(2) << 61 | 7, true }, /* domain 7 */
		{ UINT64_C(2) << 61 | 8, false },
		{ UINT64_C(3) << 61 | DEVICE << 16 | 7, true }, /* device, of domain 7 */
		{ UINT64_C(3) << 61 | DEVICE << 16 | 8, false },
		{ UINT64_C(3) << 61 | (DEVICE + 1) << 16 | 7, false },
	};

	for (unsigned i = 0; i < 6; i++) {
		begin(1);
		world_set_register(&w, 0x18, 4, 1u << 31); /* queue off */
		hits();
		world_set_register(&w, 0x28, 8, commands[i].command | UINT64_C(1) << 63);
		ck_assert_uint_eq(world_register(&w, 0x28, 8) >> 63, 0);
		ck_assert_uint_eq(world_register(&w, 0x28, 8) >> 59 & 3, commands[i].command >> 61);
		hits();
		expect_reads(&w, commands[i].removes ? 2 : 0, 0, 0);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "IOTLB Invalidate Register", "Invalidate Address Register" */
START_TEST(the_iotlb_register_invalidates_the_iotlb)
{
	static const struct {
		uint64_t command, address;
		bool removes;
	} commands[] = {
		{ UINT64_C(1) << 60, 0, true },
		{ UINT64_C(2) << 60 | UINT64_C(7) << 32, 0, true },
		{ UINT64_C(2) << 60 | UINT64_C(8) << 32, 0, false },
		{ UINT64_C(3) << 60 | UINT64_C(7) << 32, 0x1000, true },
		{ UINT64_C(3) << 60 | UINT64_C(7) << 32, 0x2000, false },
		{ UINT64_C(3) << 60 | UINT64_C(7) << 32, 0x0 | 1, true },
	};

	for (unsigned i = 0; i < 6; i++) {
		begin(1);
		world_set_register(&w, 0x18, 4, 1u << 31);
		hits();
		world_set_register(&w, 0xf0, 8, commands[i].address);
		world_set_register(&w, 0xf8, 8, commands[i].command | UINT64_C(1) << 63);
		ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 63, 0);
		ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57 & 3, commands[i].command >> 60);
		ck_assert_int_eq(hits(), !commands[i].removes);
		world_fini(&w);
	}
}
END_TEST

START_TEST(register_based_invalidation_does_nothing_beside_the_queue)
{
	begin(1);
	hits();
	world_set_register(&w, 0xf8, 8, UINT64_C(9) << 60);
	ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57, UINT64_C(1) << 3); /* IIRG kept; IVT and IAIG 0 */
	world_set_register(&w, 0x28, 8, UINT64_C(5) << 61);
	ck_assert_uint_eq(world_register(&w, 0x28, 8) >> 59, UINT64_C(1) << 2);
	ck_assert(hits());
	expect_reads(&w, 0, 0, 0);
	world_fini(&w);
}
END_TEST

/*
 * [VTD] "Capability Register", PSI: without it page granularity is done as domain granularity through the registers,
 * and IAIG says so; "IOTLB Invalidate": in the queue it is invalid.
 */
START_TEST(a_unit_without_page_selective_invalidation_takes_the_domain)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_caches };
	struct err err = { 0 };

	begin(1);
	w.unit->ops->destroy(w.unit);
	features.scalable = false;
	vtd_capabilities(&features, &config);
	config.capability &= ~(UINT64_C(1) << 39);
	w.unit = vtd_create(&config, &err);
	world_start(&w);
	hits();
	world_command(&w, 0x32 | 7 << 16, 0x5000);
	ck_assert(hits());
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 1 << 4);
	ck_assert_uint_eq(world_register(&w, 0xb0, 8), 4);
	world_set_register(&w, 0x18, 4, 1u << 31);
	world_set_register(&w, 0xf0, 8, 0x5000);
	world_set_register(&w, 0xf8, 8, UINT64_C(0xb) << 60 | UINT64_C(7) << 32);
	ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57 & 3, 2);
	ck_assert(!hits());
	world_fini(&w);
}
END_TEST

START_TEST(offsets_beyond_the_page_read_as_zero)
{
	begin(1);
	world_set_register(&w, 0x1000, 8, UINT64_MAX);
	ck_assert_uint_eq(world_register(&w, 0x1000, 8), 0);
	world_fini(&w);
}
END_TEST

START_TEST(every_fault_reason_has_its_text)
{
	ck_assert_str_eq(vtd_fault_text(0), "no fault");
	ck_assert_str_eq(vtd_fault_text(0x59), "[SPT.2] PASID table entry not present");
	ck_assert_str_eq(vtd_fault_text(0x91), "[SFS.10] first-stage flags could not be set");
	ck_assert_str_eq(vtd_fault_text(0x0f), "?");
	ck_assert_str_eq(vtd_fault_text(0x1234), "?");
}
END_TEST

/* [VTD] "Capability Register", ESRTPS: 0 here, so the caches outlive a new root table pointer. */
START_TEST(a_new_root_table_leaves_the_caches_alone_unless_the_unit_promises_otherwise)
{
	for (unsigned promised = 0; promised <= 1; promised++) {
		struct vtd_features features = world_features();
		struct vtd_config config = { .caches = world_caches };
		struct err err = { 0 };

		begin(1);
		w.unit->ops->destroy(w.unit);
		features.scalable = false;
		vtd_capabilities(&features, &config);
		config.capability |= (uint64_t)promised << 63;
		w.unit = vtd_create(&config, &err);
		world_start(&w);
		hits();
		world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 30 | 1u << 26);
		ck_assert_int_eq(hits(), !promised);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Global Command Register", TE: units with scalable mode forget everything when they are disabled. */
START_TEST(disabling_translation_invalidates_where_scalable_mode_is)
{
	for (unsigned scalable = 0; scalable <= 1; scalable++) {
		struct vtd_features features = world_features();

		features.scalable = scalable;
		world_init(&w, &features, &world_caches);
		ss = world_second_stage(&w, 4);
		world_map(&w, &ss, 0, 0x1000, OUTPUT | SS_RW);
		if (scalable) {
			world_attach_scalable(&w, DEVICE);
			world_set_pasid(&w, DEVICE, 0, 7, NULL, &ss);
		} else {
			world_attach_legacy(&w, DEVICE, 7, &ss);
		}
		world_start(&w);
		hits();
		ck_assert(hits());
		world_set_register(&w, 0x18, 4, 1u << 26);
		world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
		ck_assert_int_eq(hits(), !scalable);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Register-based Invalidation Interface": not in units of major version 6 and up. */
START_TEST(later_units_take_no_commands_through_registers)
{
	for (unsigned major = 5; major <= 6; major++) {
		struct vtd_features features = world_features();

		begin(1);
		world_fini(&w);
		features.scalable = false;
		world_init_with(&w, &features, &world_caches, 0, (uint8_t)(major << 4));
		ck_assert_uint_eq(world_register(&w, 0, 4), major << 4);
		ss = world_second_stage(&w, 4);
		world_attach_legacy(&w, DEVICE, 7, &ss);
		world_map(&w, &ss, 0, 0x1000, OUTPUT | SS_RW);
		world_start(&w);
		world_set_register(&w, 0x18, 4, 1u << 31);
		hits();
		world_set_register(&w, 0xf8, 8, UINT64_C(9) << 60);
		ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57 & 3, major < 6);
		ck_assert_int_eq(hits(), major >= 6);
		world_set_register(&w, 0x28, 8, UINT64_C(5) << 61);
		ck_assert_uint_eq(world_register(&w, 0x28, 8) >> 59 & 3, major < 6);
		world_fini(&w);
	}
}
END_TEST

/* A reserved granularity, an address mask above MAMV = 18; and without the start bit nothing happens. */
START_TEST(wrong_register_commands_do_nothing_and_say_so)
{
	begin(1);
	world_set_register(&w, 0x18, 4, 1u << 31);
	hits();
	world_set_register(&w, 0xf8, 8, UINT64_C(8) << 60);
	ck_assert_uint_eq(world_register(&w, 0xf8, 8), 0);
	world_set_register(&w, 0x28, 8, UINT64_C(4) << 61);
	ck_assert_uint_eq(world_register(&w, 0x28, 8), 0);
	world_set_register(&w, 0xf0, 8, 19);
	world_set_register(&w, 0xf8, 8, UINT64_C(0xb) << 60 | UINT64_C(7) << 32);
	ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57 & 3, 0);
	world_set_register(&w, 0xf8, 8, UINT64_C(1) << 60);
	world_set_register(&w, 0x28, 8, UINT64_C(1) << 61);
	ck_assert_uint_eq(world_register(&w, 0x28, 8), UINT64_C(1) << 61);
	ck_assert(hits());
	expect_reads(&w, 0, 0, 0);

	/* Scalable mode has the queue only. */
	world_fini(&w);

	struct vtd_features features = world_features();

	world_init(&w, &features, &world_caches);
	world_start(&w);
	world_set_register(&w, 0x18, 4, 1u << 31);
	world_set_register(&w, 0xf8, 8, UINT64_C(9) << 60);
	ck_assert_uint_eq(world_register(&w, 0xf8, 8) >> 57, UINT64_C(1) << 3);
	world_fini(&w);
}
END_TEST

/* [VTD] "IOTLB Invalidate Register", DID, and "Invalidate Address Register", ADDR: bits beyond widths are ignored. */
START_TEST(bits_beyond_the_widths_of_domain_and_address_are_ignored)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	features.domain_bits = 8;
	features.second_stage_levels = 4;
	world_init(&w, &features, &world_caches);
	ss = world_second_stage(&w, 4);
	world_attach_legacy(&w, DEVICE, 7, &ss);
	world_map(&w, &ss, 0, 0x1000, OUTPUT | SS_RW);
	world_start(&w);
	world_set_register(&w, 0x18, 4, 1u << 31);
	hits();
	world_set_register(&w, 0xf0, 8, UINT64_C(0xffff000000001000));
	world_set_register(&w, 0xf8, 8, UINT64_C(0xb) << 60 | UINT64_C(0xff07) << 32);
	ck_assert(!hits());
	world_set_register(&w, 0x28, 8, UINT64_C(6) << 61 | 0xff07);
	hits();
	expect_reads(&w, 2, 0, 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		disabling_translation_invalidates_where_scalable_mode_is,
		later_units_take_no_commands_through_registers,
		wrong_register_commands_do_nothing_and_say_so,
		bits_beyond_the_widths_of_domain_and_address_are_ignored,
		impossible_caches_are_refused_by_name,
		capabilities_follow_the_features,
		global_status_follows_the_command,
		a_fault_is_recorded,
		records_are_a_ring_that_overflows,
		a_masked_fault_event_is_pending,
		the_context_command_invalidates_the_context_cache,
		the_iotlb_register_invalidates_the_iotlb,
		register_based_invalidation_does_nothing_beside_the_queue,
		a_unit_without_page_selective_invalidation_takes_the_domain,
		offsets_beyond_the_page_read_as_zero,
		every_fault_reason_has_its_text,
		a_new_root_table_leaves_the_caches_alone_unless_the_unit_promises_otherwise,
		NULL,
	};

	return suite_run("vtd registers", tests);
}
