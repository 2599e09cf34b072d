/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which capability words make a unit.  [VTD] "Capability Register", "Extended Capability Register": what is reported
 * as clear when another field is; reserved bits; where registers may lie.
 */
#include <stdio.h>
#include <string.h>

#include "tests/models/iommu/vtd/world.h"

/* Every bit that may be set, consistently. */
static struct vtd_config everything(void)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_no_caches };

	features.page_requests = true;
	features.protected_memory = true;
	features.execute_requests = true;
	features.abort_dma = true;
	vtd_capabilities(&features, &config);
	/* CM, ESRTPS; NWFS, EAFS, DIT, RPRIVS, PTRS, SSIRWS */
	config.capability |= UINT64_C(1) << 63 | 1 << 7;
	config.extended_capability |= UINT64_C(1) << 33 | UINT64_C(1) << 34 | UINT64_C(1) << 41 | UINT64_C(1) << 53 |
				      UINT64_C(1) << 56 | UINT64_C(1) << 57;
	return config;
}

static void expect_refused(const struct vtd_config *config, const char *text)
{
	struct err err = { 0 };

	ck_assert_ptr_null(vtd_create(config, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_msg(strstr(err.text, text) != NULL, "\"%s\" instead of \"%s\"", err.text, text);
}

static void expect_made(const struct vtd_config *config)
{
	struct err err = { 0 };
	struct iommu *unit = vtd_create(config, &err);

	ck_assert_msg(unit != NULL, "%s", err.text);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x08, 8), config->capability);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x10, 8), config->extended_capability);
	unit->ops->destroy(unit);
}

START_TEST(a_unit_may_have_everything_that_is_modelled)
{
	struct vtd_config config = everything();

	expect_made(&config);
}
END_TEST

/* Reserved, or of interrupt remapping, memory types, performance monitoring, TDX, host permission tables ... */
START_TEST(each_bit_that_is_not_modelled_is_refused)
{
	static const unsigned capability[] = { 3, 8, 12, 13, 14, 15, 23, 36, 37, 38, 57, 58, 59, 61, 62 };
	static const unsigned extended[] = { 3,  4,  5,  18, 19, 20, 23, 24, 25, 27, 28, 32,
					     44, 50, 51, 54, 55, 58, 59, 60, 61, 62, 63 };
	char text[100];

	for (unsigned i = 0; i < sizeof(capability) / sizeof(capability[0]); i++) {
		struct vtd_config config = everything();

		config.capability |= UINT64_C(1) << capability[i];
		snprintf(text, sizeof(text), "capability: bits 0x%llx are", 1ull << capability[i]);
		expect_refused(&config, text);
		vtd_keep_modelled(&config);
		expect_made(&config);
	}
	for (unsigned i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
		struct vtd_config config = everything();

		config.extended_capability |= UINT64_C(1) << extended[i];
		snprintf(text, sizeof(text), "extended_capability: bits 0x%llx are", 1ull << extended[i]);
		expect_refused(&config, text);
		vtd_keep_modelled(&config);
		expect_made(&config);
	}
}
END_TEST

/* Each "report ... as Clear also report this field as Clear" of the two registers. */
START_TEST(a_field_needs_the_fields_that_it_follows_from)
{
	static const struct {
		uint64_t cleared; /* of the extended capability, beside `missing` */
		unsigned missing;
		const char *text;
	} cases[] = {
#define ONE(n) (UINT64_C(1) << (n))
		{ 0, 1, "extended_capability: DT is set, which needs QI" },
		{ ONE(2) | ONE(29) | ONE(33) | ONE(41) | ONE(42) | ONE(56), 1, "SMTS is set, which needs QI" },
		{ 0, 2, "PRS is set, which needs DT" },
		{ ONE(29), 2, "NWFS is set, which needs DT" },
		{ ONE(29) | ONE(33), 2, "DIT is set, which needs DT" },
		{ ONE(29) | ONE(33) | ONE(41), 2, "PDS is set, which needs DT" },
		{ ONE(29) | ONE(33) | ONE(41) | ONE(42), 2, "PTRS is set, which needs DT" },
		{ 0, 40, "PTRS is set, which needs PASID" },
		{ 0, 31, "RPRIVS is set, which needs SRS" },
		{ 0, 46, "NEST is set, which needs SSTS" },
		{ ONE(26), 46, "SSIRWS is set, which needs SSTS" },
		{ 0, 47, "capability: FS1GP is set, which needs FSTS of extended_capability" },
		{ 0, 48, "SSADS is set, which needs SMPWC" },
		{ ONE(45), 48, "EAFS is set, which needs SMPWC" },
		{ 0, 43, "NEST is set, which needs SMTS" },
		{ ONE(26), 43, "PRS is set, which needs SMTS" },
		{ ONE(26) | ONE(29), 43, "SRS is set, which needs SMTS" },
		{ ONE(26) | ONE(29) | ONE(31) | ONE(53), 43, "PASID is set, which needs SMTS" },
		{ ONE(26) | ONE(29) | ONE(31) | ONE(53) | ONE(40) | ONE(56), 43, "PSS is set, which needs SMTS" },
		{ ONE(26) | ONE(29) | ONE(31) | ONE(53) | ONE(40) | ONE(56) | UINT64_C(31) << 35, 43,
		  "FSTS is set, which needs SMTS" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vtd_config config = everything();

		config.extended_capability &= ~(cases[i].cleared | ONE(cases[i].missing));
		expect_refused(&config, cases[i].text);
		vtd_keep_modelled(&config);
		expect_made(&config);
	}

	struct vtd_config config = everything();

	config.capability &= ~ONE(56);
	config.extended_capability &= ~ONE(47);
	expect_refused(&config, "capability: FS5LP is set, which needs FSTS");
	config.capability &= ~ONE(60);
	expect_refused(&config, "NEST is set, which needs FSTS");
	config.extended_capability &= ~ONE(26);
	expect_refused(&config, "EAFS is set, which needs FSTS");
	config.extended_capability &= ~ONE(34);
	expect_made(&config);

	config = everything();
	config.extended_capability &= ~(ONE(26) | ONE(29) | ONE(31) | ONE(53) | ONE(40) | ONE(56) | ONE(47) | ONE(34) |
					UINT64_C(31) << 35 | ONE(43));
	config.capability &= ~(ONE(56) | ONE(60));
	expect_refused(&config, "SMPWC is set, which needs SMTS");
	config.extended_capability &= ~(ONE(48) | ONE(45));
	expect_refused(&config, "RPS is set, which needs SMTS");
	config.extended_capability &= ~ONE(49);
	expect_made(&config);
}
END_TEST

static void set(uint64_t *word, unsigned high, unsigned low, uint64_t value)
{
	uint64_t mask = (UINT64_MAX >> (63 - high)) & (UINT64_MAX << low);

	*word = (*word & ~mask) | value << low;
}

START_TEST(numbers_must_fit_each_other)
{
	static const struct {
		bool is_extended;
		unsigned high, low;
		uint64_t value;
		const char *text; /* NULL: fine */
	} cases[] = {
		{ false, 2, 0, 7, "capability: ND = 7 is reserved" },
		{ false, 2, 0, 0, NULL },
		{ false, 12, 8, 0, "capability: SAGAW names no address width" },
		{ false, 12, 8, 4, "capability: MGAW of 57 bits, of which SAGAW allows 48" },
		{ false, 12, 8, 2, "capability: MGAW of 57 bits, of which SAGAW allows 39" },
		{ false, 21, 16, 57, "capability: MGAW of 58 bits, of which SAGAW allows 57" },
		{ false, 21, 16, 38, NULL },
		{ false, 37, 34, 2, "capability: SSLPS has pages of 1 GiB without those of 2 MiB" },
		{ false, 37, 34, 1, NULL },
		{ false, 4, 4, 1, "capability: RWBF is set beside SMTS of extended_capability" },
		{ true, 39, 35, 20, "extended_capability: PSS tells PASIDs of more than 20 bits" },
		{ true, 39, 35, 0, NULL },
		{ false, 33, 24, 0xe, "capability: 8 fault records at offset 0xe0 (FRO, NFR) do not fit" },
		{ false, 33, 24, 0x100, "capability: 8 fault records at offset 0x1000 (FRO, NFR) do not fit" },
		{ false, 33, 24, 0xf9, "capability: 8 fault records at offset 0xf90 (FRO, NFR) do not fit" },
		{ false, 33, 24, 0xf8, NULL },
		{ true, 17, 8, 0xe, "extended_capability: IOTLB registers at offset 0xe0 (IRO) do not fit" },
		{ true, 17, 8, 0x100, "extended_capability: IOTLB registers at offset 0x1000 (IRO) do not fit" },
		{ true, 17, 8, 0xff, NULL },
		{ true, 17, 8, 0x22, "IOTLB registers at offset 0x220 (IRO) lie in the fault records" },
		{ true, 17, 8, 0x29, "IOTLB registers at offset 0x290 (IRO) lie in the fault records" },
		{ true, 17, 8, 0x21, NULL },
		{ true, 17, 8, 0x2a, NULL },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vtd_config config = everything();

		set(cases[i].is_extended ? &config.extended_capability : &config.capability, cases[i].high,
		    cases[i].low, cases[i].value);
		if (cases[i].text)
			expect_refused(&config, cases[i].text);
		else
			expect_made(&config);
	}
}
END_TEST

/* Registers lie where the capabilities say. */
START_TEST(the_unit_chooses_the_place_of_its_registers)
{
	struct vtd_config config = everything();
	struct err err = { 0 };
	struct iommu *unit;

	set(&config.capability, 33, 24, 0xf8);
	set(&config.extended_capability, 17, 8, 0x50);
	unit = vtd_create(&config, &err);
	ck_assert_msg(unit != NULL, "%s", err.text);
	unit->ops->register_write(unit, 0x500, 8, UINT64_MAX);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x500, 8), UINT64_C(0xfffffffffffff07f));
	unit->ops->register_write(unit, 0xf0, 8, UINT64_MAX);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0xf0, 8), 0);
	unit->ops->destroy(unit);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_unit_may_have_everything_that_is_modelled,   each_bit_that_is_not_modelled_is_refused,
		a_field_needs_the_fields_that_it_follows_from, numbers_must_fit_each_other,
		the_unit_chooses_the_place_of_its_registers,   NULL,
	};

	return suite_run("vtd configurations", tests);
}
