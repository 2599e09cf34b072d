/* SPDX-License-Identifier: Apache-2.0 */
/* The names of paging entries' fields: as the manual prints them, and in step with what decodes the entries. */
#include <check.h>
#include <string.h>

#include "models/base/bits.h"
#include "models/base/random.h"
#include "models/pagetable/formats.h"
#include "models/pagetable/tce.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/suite.h"

#define PS BIT64(7) /* page size: [VTD] "First-Stage Paging Entries", "Second-Stage Paging Entries" */

static void check_tiles(const struct layout *layout)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct field *field = &layout->field[i];

		ck_assert_msg(field->mask > seen, "%s.%s: not in order, or over another field", layout->name,
			      field->name);
		ck_assert_msg(FIELD_UNIT(field->mask) == seen + 1, "%s.%s: a gap before it", layout->name, field->name);
		seen |= field->mask;
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(layout->field[j].name, field->name);
	}
	ck_assert_uint_eq(seen, UINT64_MAX);
}

START_TEST(the_fields_of_every_layout_tile_its_word)
{
	for (unsigned i = 0; i < PT_FORMATS; i++)
		for (unsigned level = 0; level < pt_formats[i]->levels_max; level++) {
			check_tiles(pt_formats[i]->layout(0, level));
			check_tiles(pt_formats[i]->layout(PS, level));
		}
}
END_TEST

static const struct field *field_named(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(layout->field[i].name, name) == 0)
			return &layout->field[i];
	return NULL;
}

START_TEST(names_and_places_are_the_manuals)
{
	/* [VTD] "First-Stage Paging Entries", "Second-Stage Paging Entries": tables of each entry's fields. */
	static const struct {
		const struct pt_format *format;
		unsigned level;
		uint64_t word;
		const char *entry, *field;
		uint64_t mask;
	} printed[] = {
		{ &vtd_second_stage, 4, 0, "SS-PML5E", "ADDR", BITS64(51, 12) },
		{ &vtd_second_stage, 3, 0, "SS-PML4E", "R", BIT64(0) },
		{ &vtd_second_stage, 3, PS, "SS-PML4E", "A", BIT64(8) },
		{ &vtd_second_stage, 2, 0, "SS-PDPE", "PS", BIT64(7) },
		{ &vtd_second_stage, 2, PS, "SS-PDPE", "ADDR", BITS64(51, 30) },
		{ &vtd_second_stage, 1, 0, "SS-PDE", "W", BIT64(1) },
		{ &vtd_second_stage, 1, PS, "SS-PDE", "ADDR", BITS64(51, 21) },
		{ &vtd_second_stage, 0, 0, "SS-PTE", "SNP", BIT64(11) },
		{ &vtd_second_stage, 0, 0, "SS-PTE", "EMT", BITS64(5, 3) },
		{ &vtd_second_stage, 0, 0, "SS-PTE", "D", BIT64(9) },
		{ &vtd_first_stage, 4, 0, "FS-PML5E", "P", BIT64(0) },
		{ &vtd_first_stage, 3, 0, "FS-PML4E", "RW", BIT64(1) },
		{ &vtd_first_stage, 2, 0, "FS-PDPE", "US", BIT64(2) },
		{ &vtd_first_stage, 2, PS, "FS-PDPE", "PAT", BIT64(12) },
		{ &vtd_first_stage, 1, PS, "FS-PDE", "ADDR", BITS64(51, 21) },
		{ &vtd_first_stage, 1, 0, "FS-PDE", "EA", BIT64(10) },
		{ &vtd_first_stage, 0, PS, "FS-PTE", "PAT", BIT64(7) },
		{ &vtd_first_stage, 0, 0, "FS-PTE", "D", BIT64(6) },
		{ &vtd_first_stage, 0, 0, "FS-PTE", "XD", BIT64(63) },
		/* [LINUX] arch/powerpc/include/asm/tce.h: TCE_PCI_READ, TCE_PCI_WRITE, TCE_RPN_SHIFT */
		{ &tce_format, 0, 0, "TCE", "R", 0x1 },
		{ &tce_format, 0, 0, "TCE", "W", 0x2 },
		{ &tce_format, 4, 0, "indirect TCE", "RPN", BITS64(63, 12) },
	};

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		const struct layout *layout = printed[i].format->layout(printed[i].word, printed[i].level);
		const struct field *field = field_named(layout, printed[i].field);

		ck_assert_str_eq(layout->name, printed[i].entry);
		ck_assert_msg(field, "%s has no %s", layout->name, printed[i].field);
		ck_assert_uint_eq(field->mask, printed[i].mask);
	}
}
END_TEST

static struct pt_rules random_rules(struct random *random)
{
	return (struct pt_rules){
		.levels = 5,
		.input_width_lg2 = 57,
		.output_width_lg2 = 36 + (unsigned)random_below(random, 17),
		.size_2m = random_below(random, 2),
		.size_1g = random_below(random, 2),
		.snoop_reserved = random_below(random, 2),
		.execute_disable = random_below(random, 2),
	};
}

START_TEST(the_bits_called_reserved_are_those_that_decoding_refuses)
{
	const uint64_t seed = 20;
	struct random random;

	random_init(&random, seed);
	for (unsigned round = 0; round < 20000; round++) {
		const struct pt_format *format = pt_formats[round % PT_FORMATS];
		struct pt_rules rules = random_rules(&random);
		unsigned level = (unsigned)random_below(&random, format->levels_max);
		/* Few bits set, so that many words have none that is reserved. */
		uint64_t word =
			random_next(&random) & random_next(&random) & random_next(&random) & random_next(&random);
		struct pt_entry entry;

		word |= format->present(&rules);
		format->decode(&rules, word, level, &entry);

		bool is_refused = word & format->reserved(&rules, word, level);

		ck_assert_msg(is_refused == (entry.kind == PT_RESERVED_BIT),
			      "seed %d round %u: %s level %u word 0x%llx", (int)seed, round, format->name, level,
			      (unsigned long long)word);
	}
}
END_TEST

START_TEST(a_field_that_is_always_reserved_is_among_the_reserved_bits)
{
	const struct pt_rules rules = { .levels = 5,
					.input_width_lg2 = 57,
					.output_width_lg2 = 52,
					.size_2m = true,
					.size_1g = true,
					.execute_disable = true };

	for (unsigned i = 0; i < PT_FORMATS; i++)
		for (unsigned level = 0; level < pt_formats[i]->levels_max; level++)
			for (uint64_t word = 0; word <= PS; word += PS) {
				const struct layout *layout = pt_formats[i]->layout(word, level);
				uint64_t reserved = pt_formats[i]->reserved(&rules, word, level);

				for (size_t j = 0; j < layout->count; j++) {
					const struct field *field = &layout->field[j];

					if (field->kind == FIELD_IS_RESERVED)
						ck_assert_msg(!(field->mask & ~reserved), "%s.%s", layout->name,
							      field->name);
					if (field->kind == FIELD_IS_IGNORED)
						ck_assert_msg(!(field->mask & reserved), "%s.%s", layout->name,
							      field->name);
				}
			}
}
END_TEST

int main(void)
{
	return suite_run("layouts", (const TTest *const[]){
					    the_fields_of_every_layout_tile_its_word,
					    names_and_places_are_the_manuals,
					    the_bits_called_reserved_are_those_that_decoding_refuses,
					    a_field_that_is_always_reserved_is_among_the_reserved_bits,
					    NULL,
				    });
}
