/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request may do: supervisor, execute, zero-length and AtomicOp requests, interrupt addresses, protected
 * memory, I/O permissions of the second stage.  [VTD] "Access Rights".
 */
#include "tests/models/iommu/vtd/world.h"

#define ERS    UINT64_C(0x40000000)        /* ECAP bit 30 */
#define RPRIVS UINT64_C(0x20000000000000)  /* 53 */
#define SSIRWS UINT64_C(0x200000000000000) /* 57 */
#define IOVA   UINT64_C(0x7f0000001000)
#define OUTPUT UINT64_C(0x3000045000)
#define PASID  0x4b

/* Bits of a PASID entry's third word. */
#define SRE  1
#define ERE  (1 << 1)
#define WPE  (1 << 4)
#define NXE  (1 << 5)
#define SMEP (1 << 6)

static struct world w;
static struct tables fs, ss;
static const struct iommu_request plain = { .source_id = DEVICE, .has_pasid = true, .pasid = PASID, .iova = IOVA };

static void begin(uint64_t more_ecap, uint8_t version)
{
	struct vtd_features features = world_features();

	world_init_with(&w, &features, &world_caches, more_ecap, version);
	world_attach_scalable(&w, DEVICE);
	fs = world_first_stage(&w, 4, false);
	ss = world_second_stage(&w, 4);
	world_map(&w, &fs, 0, IOVA, OUTPUT | FS_RW);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW);
	world_start(&w);
}

static void set_entry(uint64_t bits)
{
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID) + 16, bits);
}

/* The PASID-cache and the IOTLB, globally. */
static void invalidate(void)
{
	world_command(&w, 3 << 4 | 7, 0);
	world_command(&w, 1 << 4 | 2, 0);
}

static void ask(const struct iommu_request *request)
{
	world_request(&w, request);
}

/* ---- supervisor requests ---- */

/* [VTD] "Scalable-Mode PASID Table Entry", SRE: for whatever translation type.  [SPT.6] */
START_TEST(supervisor_requests_must_be_enabled_also_without_a_first_stage)
{
	struct iommu_request request = plain;

	request.privileged = true;
	for (unsigned type = 0; type < 3; type++) {
		begin(0, 0);
		world_set_pasid(&w, DEVICE, PASID, 7, type == 0 ? &fs : NULL, type == 1 ? &ss : NULL);
		request.iova = type == 2 ? OUTPUT : IOVA;
		ask(&request);
		expect_fault(&w, 0x5d);
		set_entry(SRE);
		invalidate();
		ask(&request);
		expect_output(&w, OUTPUT, 12);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "Scalable-Mode Context-Entry", RID_PRIV: requests without PASID are then those of a supervisor. */
START_TEST(rid_priv_makes_requests_without_pasid_privileged)
{
	begin(RPRIVS, 0);
	world_set_pasid(&w, DEVICE, 0, 7, &fs, NULL);
	world_map(&w, &fs, 0, IOVA, OUTPUT | (FS_RW & ~UINT64_C(4))); /* a supervisor's page */
	world_dma(&w, DEVICE, NO_PASID, IOVA, false);
	expect_fault(&w, 0x81);
	world_set_bits(&w, w.contexts[0] + 8 * 32 + 8, 1 << 20);
	world_command(&w, 1 << 4 | 1, 0);
	world_dma(&w, DEVICE, NO_PASID, IOVA, false);
	expect_fault(&w, 0x5d);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, 0) + 16, SRE);
	invalidate();
	world_dma(&w, DEVICE, NO_PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* A supervisor write heeds R/W only with WPE.  [VTD] "Scalable-Mode PASID Table Entry", WPE */
START_TEST(write_protect_enable_binds_supervisor_writes)
{
	struct iommu_request request = plain;

	request.write = true;
	request.privileged = true;
	begin(0, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	set_entry(SRE);
	world_map(&w, &fs, 0, IOVA, OUTPUT | FS_R);
	for (unsigned i = 0; i < 2; i++) {
		ask(&request);
		expect_output(&w, OUTPUT, 12);
	}
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_fault(&w, 0x85);
	set_entry(WPE);
	invalidate();
	ask(&request);
	expect_fault(&w, 0x85);
	world_fini(&w);
}
END_TEST

/* ---- execute requests, of units with ECAP.ERS ---- */

/* ERE admits them, NXE makes XD count.  [SGN.3] */
START_TEST(execute_requests_are_denied_by_the_page)
{
	struct iommu_request request = plain;

	request.execute = true;
	begin(ERS, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	set_entry(ERE | NXE);
	ask(&request);
	expect_output(&w, OUTPUT, 12);
	world_set_bits(&w, world_slot(&w, &fs, 0, IOVA), UINT64_C(1) << 63); /* XD */
	invalidate();
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	ask(&request);
	expect_fault(&w, 0x82);
	world_fini(&w);
}
END_TEST

/* XD is ignored by a unit without them, NXE set or not. */
START_TEST(a_unit_without_execute_requests_ignores_nxe)
{
	begin(0, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	set_entry(NXE);
	world_set_bits(&w, world_slot(&w, &fs, 0, IOVA), UINT64_C(1) << 63);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	ck_assert_uint_eq(w.t.permissions & PT_EXECUTE, PT_EXECUTE);
	world_fini(&w);
}
END_TEST

/* SMEP: no supervisor executes what users may touch; also from the IOTLB. */
START_TEST(supervisor_mode_execute_prevention_denies_user_pages)
{
	struct iommu_request request = plain;

	request.execute = true;
	request.privileged = true;
	begin(ERS, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, &fs, NULL);
	set_entry(SRE | ERE | SMEP);
	ask(&request);
	expect_fault(&w, 0x82);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	ask(&request);
	expect_fault(&w, 0x82);
	ck_assert(w.t.iotlb_hit);
	world_map(&w, &fs, 0, IOVA, OUTPUT | (FS_RW & ~UINT64_C(4)));
	invalidate();
	ask(&request);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* SSEE: bit 2 of second-stage entries counts. */
START_TEST(second_stage_execute_enable_makes_execute_a_permission)
{
	struct iommu_request request = plain;

	request.execute = true;
	begin(ERS, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	ask(&request);
	expect_output(&w, OUTPUT, 12);
	world_set_bits(&w, world_pasid_slot(&w, DEVICE, PASID), 1 << 5);
	invalidate();
	ask(&request);
	expect_fault(&w, 0x82);
	for (unsigned level = 0; level < 4; level++)
		world_set_bits(&w, world_slot(&w, &ss, level, IOVA), 1 << 2);
	invalidate();
	ask(&request);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

/* ---- zero-length reads and AtomicOps ---- */

/* [VTD] "Handling of Zero-Length Reads": CAP.ZLR, which this unit has; the page must grant something. */
START_TEST(a_zero_length_read_of_a_write_only_page_is_good)
{
	struct iommu_request request = plain;

	request.zero_length = true;
	begin(0, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_W);
	for (unsigned hit = 0; hit < 2; hit++) {
		ask(&request);
		expect_output(&w, OUTPUT, 12);
		ck_assert_int_eq(w.t.iotlb_hit, hit);
	}
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_fault(&w, 0x86);
	world_map(&w, &ss, 0, IOVA, 0);
	invalidate();
	ask(&request);
	expect_fault(&w, 0x79);
	world_fini(&w);
}
END_TEST

START_TEST(a_zero_length_read_is_a_read_for_a_unit_without_zlr)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_no_caches };
	struct iommu_request request = plain;
	struct err err = { 0 };

	begin(0, 0);
	w.unit->ops->destroy(w.unit);
	vtd_capabilities(&features, &config);
	config.capability &= ~(UINT64_C(1) << 22);
	w.unit = vtd_create(&config, &err);
	world_start(&w);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_W);
	request.zero_length = true;
	ask(&request);
	expect_fault(&w, 0x86);
	world_fini(&w);
}
END_TEST

START_TEST(an_atomicop_needs_both_permissions)
{
	static const struct {
		uint64_t word;
		unsigned fault;
	} cases[] = { { SS_RW, 0 }, { SS_R, 0x85 }, { SS_W, 0x86 } };
	struct iommu_request request = plain;

	request.atomic = true;
	for (unsigned i = 0; i < 3; i++) {
		begin(0, 0);
		world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
		world_map(&w, &ss, 0, IOVA, OUTPUT | cases[i].word);
		ask(&request);
		if (cases[i].fault)
			expect_fault(&w, cases[i].fault);
		else
			expect_output(&w, OUTPUT, 12);
		world_fini(&w);
	}
}
END_TEST

/* ---- interrupt addresses ---- */

/* [VTD] "Handling Requests to Interrupt Address Range" */
START_TEST(interrupts_and_zero_length_reads_of_their_addresses_bypass_remapping)
{
	struct iommu_request request = { .source_id = DEVICE, .iova = 0xfee00000, .write = true };

	begin(0, 0);
	ask(&request);
	expect_output(&w, 0xfee00000, 12);
	expect_reads(&w, 0, 0, 0);
	request.write = false;
	request.zero_length = true;
	ask(&request);
	expect_output(&w, 0xfee00000, 12);
	/* AtomicOps and reads are illegal, whatever the tables say; the structures have their say first. */
	request.zero_length = false;
	ask(&request);
	expect_fault(&w, 0x51); /* SPD.2 */
	world_map(&w, &ss, 0, 0xfee00000, OUTPUT | SS_RW);
	world_set_pasid(&w, DEVICE, 0, 7, NULL, &ss);
	ask(&request);
	expect_fault(&w, 0x87);
	request.atomic = true;
	ask(&request);
	expect_fault(&w, 0x87);
	/* With PASID they are addresses like others. */
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_dma(&w, DEVICE, PASID, 0xfee00010, true);
	expect_output(&w, OUTPUT + 0x10, 12);
	world_fini(&w);
}
END_TEST

/* ---- I/O permissions ---- */

/* [VTD] "Root Table Address Register", SSIRWE: IR (61) and IW (62) decide, R and W do not. */
START_TEST(io_permissions_take_the_place_of_read_and_write)
{
	const uint64_t io_read = UINT64_C(1) << 61, io_write = UINT64_C(1) << 62;

	begin(SSIRWS, 0);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_output(&w, OUTPUT, 12);
	world_set_register(&w, 0x20, 8, w.root | 1 << 10 | 1 << 7);
	invalidate();
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_output(&w, OUTPUT, 12); /* nothing changes before SRTP */
	world_set_register(&w, 0x18, 4, 1u << 30 | 1u << 31 | 1u << 26);
	invalidate();
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_fault(&w, 0x79);
	for (unsigned level = 1; level < 4; level++)
		world_set_bits(&w, world_slot(&w, &ss, level, IOVA), io_read | io_write);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_W | io_read);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_fault(&w, 0x85);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_R | io_write);
	invalidate();
	world_dma(&w, DEVICE, PASID, IOVA, true);
	expect_output(&w, OUTPUT, 12);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_fault(&w, 0x86);
	world_fini(&w);
}
END_TEST

/* ---- protected memory ---- */

/* [VTD] "Protected Memory Enable Register": blocked, not recorded; remapped or not. */
START_TEST(protected_memory_is_out_of_reach_and_not_reported)
{
	struct vtd_features features = world_features();
	struct iommu_request translated = plain;

	features.protected_memory = true;
	world_init(&w, &features, &world_caches);
	world_set_bits(&w, world_attach_scalable(&w, DEVICE), 1 << 2);
	ss = world_second_stage(&w, 4);
	world_map(&w, &ss, 0, IOVA, OUTPUT | SS_RW);
	world_set_pasid(&w, DEVICE, PASID, 7, NULL, &ss);
	world_set_pasid(&w, DEVICE, 0, 7, NULL, NULL);
	world_set_register(&w, 0x68, 4, 0x10000000);             /* PLMBASE above PLMLIMIT: no low region */
	world_set_register(&w, 0x70, 8, UINT64_C(0x3000000000)); /* PHMBASE, PHMLIMIT */
	world_set_register(&w, 0x78, 8, UINT64_C(0x3000ffffff));
	world_start(&w);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	world_set_register(&w, 0x64, 4, 1u << 31); /* EPM */
	world_map(&w, &ss, 0, IOVA + 0x1000, 0x100000000 | SS_RW);
	world_dma(&w, DEVICE, PASID, IOVA + 0x1000, false);
	expect_output(&w, 0x100000000, 12);
	for (unsigned off = 0; off < 2; off++) {
		world_dma(&w, DEVICE, off ? NO_PASID : PASID, off ? OUTPUT : IOVA, false);
		expect_fault(&w, 0);
		ck_assert_int_eq(w.t.completion, IOMMU_UNSUPPORTED);
		world_dma(&w, DEVICE, NO_PASID, OUTPUT, true); /* pass-through, then no remapping */
		expect_fault(&w, 0);
		world_dma(&w, DEVICE, NO_PASID, 0x5000, true);
		expect_output(&w, 0x5000, 12);
		translated.type = off ? IOMMU_UNTRANSLATED : IOMMU_TRANSLATED_REQUEST;
		translated.has_pasid = false;
		translated.iova = OUTPUT;
		ask(&translated);
		expect_fault(&w, 0);
		world_set_register(&w, 0x18, 4, 0);
	}
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
	translated = plain;
	translated.zero_length = true;
	ask(&translated);
	expect_fault(&w, 0);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0);
	world_set_register(&w, 0x64, 4, 0);
	world_dma(&w, DEVICE, PASID, IOVA, false);
	expect_output(&w, OUTPUT, 12);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		supervisor_requests_must_be_enabled_also_without_a_first_stage,
		rid_priv_makes_requests_without_pasid_privileged,
		write_protect_enable_binds_supervisor_writes,
		execute_requests_are_denied_by_the_page,
		a_unit_without_execute_requests_ignores_nxe,
		supervisor_mode_execute_prevention_denies_user_pages,
		second_stage_execute_enable_makes_execute_a_permission,
		a_zero_length_read_of_a_write_only_page_is_good,
		a_zero_length_read_is_a_read_for_a_unit_without_zlr,
		an_atomicop_needs_both_permissions,
		interrupts_and_zero_length_reads_of_their_addresses_bypass_remapping,
		io_permissions_take_the_place_of_read_and_write,
		protected_memory_is_out_of_reach_and_not_reported,
		NULL,
	};

	return suite_run("vtd access", tests);
}
