/* SPDX-License-Identifier: Apache-2.0 */
/* A unit by name: fields of its structures and registers, the tables that structures lead to, restored registers. */
#include <string.h>

#include "models/iommu/describe.h"
#include "models/iommu/vtd/describe.h"
#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/restore.h"
#include "models/memory/memory.h"
#include "tests/suite.h"

/* ---- recorded registers ---- */

struct recorded {
	uint64_t capability, extended_capability, status, root;
	unsigned absent; /* offset that was not recorded */
};

static bool recorded_register(void *argument, unsigned offset, unsigned bytes, uint64_t *value)
{
	const struct recorded *recorded = argument;

	switch (offset) {
	case 0x08: /* CAP, [VTD] "Register Location" */
		*value = recorded->capability;
		break;
	case 0x10: /* ECAP */
		*value = recorded->extended_capability;
		break;
	case 0x1c: /* GSTS */
		*value = recorded->status;
		break;
	case 0x20: /* RTADDR */
		*value = recorded->root;
		break;
	default:
		return false;
	}
	ck_assert_uint_eq(bytes, offset == 0x1c ? 4 : 8);
	return offset != recorded->absent;
}

/* 3 to 5 levels, all page sizes; scalable mode with both stages, nested, PASIDs; translation on. */
static const struct recorded usual = {
	.capability = 0x00d2008c22380e06,
	.extended_capability = 0xf42 | BIT64(26) | BITS64(38, 35) | BIT64(40) | BIT64(43) | BIT64(46) | BIT64(47),
	.status = 0xc0000000,
	.root = 0x1000 | 1u << 10,
	.absent = 0xfff,
};

static struct memory *memory;

static bool access_memory(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	(void)argument;
	if (!memory_present(memory, access->address))
		return false;
	iommu_access_now(memory, access, words);
	return true;
}

static struct iommu *restored(struct recorded recorded)
{
	struct iommu_not_modelled absent;
	struct err err = { 0 };
	struct iommu *unit = vtd_restore(recorded_register, &recorded, &absent, &err);

	ck_assert_msg(unit, "%s", err.text);
	ck_assert_uint_eq(absent.capability | absent.extended_capability, 0);
	return unit;
}

START_TEST(a_missing_register_is_named)
{
	static const struct {
		unsigned offset;
		const char *text;
	} registers[] = { { 0x08, "no CAP (64 bits at offset 0x8)" },
			  { 0x10, "no ECAP (64 bits at offset 0x10)" },
			  { 0x1c, "no GSTS (32 bits at offset 0x1c)" },
			  { 0x20, "no RTADDR (64 bits at offset 0x20)" } };

	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		struct iommu_not_modelled absent;
		struct recorded recorded = usual;
		struct err err = { 0 };

		recorded.absent = registers[i].offset;
		ck_assert_ptr_null(vtd_restore(recorded_register, &recorded, &absent, &err));
		ck_assert_int_eq(err.kind, ERR_FILE);
		ck_assert_ptr_eq(strstr(err.text, registers[i].text), err.text);
	}
}
END_TEST

START_TEST(capabilities_that_are_not_modelled_or_cannot_be_are_told_and_absent)
{
	/* Posted interrupts (59), performance monitoring (51); first-stage 5 levels (60) need FSTS, which is clear. */
	struct recorded recorded = usual;
	struct iommu_not_modelled absent;
	struct err err = { 0 };

	recorded.capability |= BIT64(59) | BIT64(60);
	recorded.extended_capability |= BIT64(51);
	recorded.extended_capability &= ~(BIT64(47) | BIT64(26));

	struct iommu *unit = vtd_restore(recorded_register, &recorded, &absent, &err);

	ck_assert_msg(unit, "%s", err.text);
	ck_assert_uint_eq(absent.capability, BIT64(59) | BIT64(60));
	ck_assert_uint_eq(absent.extended_capability, BIT64(51));
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x08, 8), usual.capability);
	unit->ops->destroy(unit);
}
END_TEST

START_TEST(a_restored_unit_is_in_the_recorded_state)
{
	struct recorded recorded = usual;
	struct iommu *unit = restored(recorded);

	ck_assert_uint_eq(unit->ops->register_read(unit, 0x1c, 4), 0xc0000000);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x20, 8), usual.root);
	unit->ops->destroy(unit);
	recorded.status = 0;
	unit = restored(recorded);
	ck_assert_uint_eq(unit->ops->register_read(unit, 0x1c, 4), 0);
	unit->ops->destroy(unit);
}
END_TEST

/* ---- names ---- */

static void check_tiles(const struct layout *layout, uint64_t word)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct field *field = &layout->field[i];

		ck_assert_msg(FIELD_UNIT(field->mask) == seen + 1, "%s: a gap before it, or over another", field->name);
		seen |= field->mask;
	}
	ck_assert_uint_eq(seen, word);
}

START_TEST(the_fields_of_structures_and_registers_tile_their_words)
{
	static const unsigned words[VTD_ENTRIES] = { 2, 2, 2, 4, 1, 8 };

	for (unsigned i = 0; i < VTD_ENTRIES; i++)
		for (unsigned word = 0; word < words[i]; word++)
			check_tiles(&vtd_entry_layouts[i][word], UINT64_MAX);
	for (const struct iommu_register *named = vtd_described_registers; named->name; named++)
		check_tiles(&named->layout, named->bytes == 8 ? UINT64_MAX : UINT32_MAX);
}
END_TEST

/* ---- structures in memory ---- */

#define ROOT      UINT64_C(0x1000)
#define CONTEXTS  UINT64_C(0x2000)
#define DIRECTORY UINT64_C(0x3000) /* two pages */
#define PASIDS    UINT64_C(0x5000)
#define FIRST     UINT64_C(0x6000)
#define SECOND    UINT64_C(0x7000)

#define SOURCE 0x0590u /* bus 5, in the upper half */
#define PASID  (600u * 64 + 3)

/* One device of the upper half, PASID in the second page of the directory, nested: PGTT 3, AW 3 levels. */
static void build(void)
{
	memory = memory_create();
	memory_write64(memory, ROOT + 5 * 16 + 8, CONTEXTS | 1);
	memory_write64(memory, CONTEXTS + 0x10 * 32, DIRECTORY | 3u << 9 | 1u << 3 | 1);
	memory_write64(memory, DIRECTORY + 600 * 8, PASIDS | 1);
	memory_write64(memory, PASIDS + 3 * 64, SECOND | 3u << 6 | 1u << 2 | 1);
	memory_write64(memory, PASIDS + 3 * 64 + 8, 42);
	memory_write64(memory, PASIDS + 3 * 64 + 16, FIRST);
}

START_TEST(each_structure_that_a_request_reads_is_named_with_its_table_and_index)
{
	static const struct {
		const char *name;
		phys_t table;
		unsigned index, words;
	} expected[] = {
		{ "scalable-mode root entry", ROOT, 5, 2 },
		{ "scalable-mode context entry", CONTEXTS, 0x10, 4 },
		{ "PASID directory entry", DIRECTORY, 600, 1 },
		{ "PASID table entry", PASIDS, 3, 8 },
	};
	const struct iommu_request request = { .source_id = SOURCE, .has_pasid = true, .pasid = PASID, .iova = 0x5000 };
	struct iommu_translation translation;
	struct iommu_entry before = { 0 }, entry;
	uint64_t words[IOMMU_WORDS_MAX];
	struct iommu *unit;

	build();
	unit = restored(usual);
	unit->ops->translate_begin(unit, &translation, &request);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++, before = entry) {
		iommu_describe(unit, &translation, &before, &entry);
		ck_assert_str_eq(entry.name, expected[i].name);
		ck_assert_uint_eq(entry.table, expected[i].table);
		ck_assert_uint_eq(entry.index, expected[i].index);
		ck_assert_uint_eq(entry.words, expected[i].words);
		ck_assert(access_memory(NULL, &translation.access, words));
		iommu_describe_words(unit, &translation, &entry, words);
		ck_assert_ptr_nonnull(entry.layout[entry.words - 1]);
		unit->ops->translate_feed(unit, &translation, words);
	}
	/* The first-stage table's address goes through the second stage. */
	iommu_describe(unit, &translation, &before, &entry);
	ck_assert_int_eq(translation.access.purpose, IOMMU_FOR_SECOND_STAGE);
	ck_assert_ptr_null(entry.name);
	ck_assert_uint_eq(entry.table, SECOND);
	unit->ops->destroy(unit);
	memory_destroy(memory);
}
END_TEST

START_TEST(what_is_reserved_follows_the_capabilities)
{
	/* [VTD] "Scalable-Mode PASID Table Entry": SSADE (9) without SSADS, PGSNP (88) without SC. */
	struct iommu_entry entry = { .name = "PASID table entry", .words = 8, .word = { 1 } };
	struct recorded recorded = usual;
	struct iommu *unit = restored(recorded);

	unit->ops->describe->structure_words(unit, &entry);
	ck_assert_uint_eq(entry.reserved[0] & BITS64(11, 9), BITS64(11, 9));
	ck_assert_uint_eq(entry.reserved[0] & BITS64(8, 0), BIT64(5)); /* 5 belongs to execute requests */
	ck_assert_uint_eq(entry.reserved[1] & BIT64(24), BIT64(24));
	ck_assert_uint_eq(entry.reserved[7], UINT64_MAX);
	unit->ops->destroy(unit);

	recorded.extended_capability |= BIT64(7) | BIT64(45) | BIT64(48); /* SC, SSADS, SMPWC */
	unit = restored(recorded);
	unit->ops->describe->structure_words(unit, &entry);
	ck_assert_uint_eq(entry.reserved[0] & BITS64(11, 9), BITS64(11, 10));
	ck_assert_uint_eq(entry.reserved[1] & BITS64(24, 23), 0);
	unit->ops->destroy(unit);
}
END_TEST

static struct iommu_table found[4];
static unsigned found_count;

static void keep_table(void *argument, const struct iommu_table *table)
{
	(void)argument;
	ck_assert_uint_lt(found_count, 4);
	found[found_count++] = *table;
}

START_TEST(a_nested_entry_leads_to_two_tables_and_a_directory_may_have_many_pages)
{
	struct iommu *unit;

	build();
	unit = restored(usual);
	found_count = 0;
	unit->ops->describe->tables(unit, access_memory, NULL, keep_table, NULL);
	ck_assert_uint_eq(found_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(found[i].source_id, SOURCE);
		ck_assert(found[i].has_pasid);
		ck_assert_uint_eq(found[i].pasid, PASID);
		ck_assert_uint_eq(found[i].domain, 42);
	}
	ck_assert_str_eq(found[0].stage, "FL");
	ck_assert_uint_eq(found[0].root, FIRST);
	ck_assert_uint_eq(found[0].rules.levels, 4);
	ck_assert_uint_eq(found[0].outer_root, SECOND);
	ck_assert_uint_eq(found[0].outer_rules.levels, 3);
	ck_assert_str_eq(found[1].stage, "SL");
	ck_assert_uint_eq(found[1].root, SECOND);
	ck_assert_uint_eq(found[1].rules.levels, 3);
	unit->ops->destroy(unit);
	memory_destroy(memory);
}
END_TEST

int main(void)
{
	return suite_run("describe", (const TTest *const[]){
					     a_missing_register_is_named,
					     capabilities_that_are_not_modelled_or_cannot_be_are_told_and_absent,
					     a_restored_unit_is_in_the_recorded_state,
					     the_fields_of_structures_and_registers_tile_their_words,
					     each_structure_that_a_request_reads_is_named_with_its_table_and_index,
					     what_is_reserved_follows_the_capabilities,
					     a_nested_entry_leads_to_two_tables_and_a_directory_may_have_many_pages,
					     NULL,
				     });
}
