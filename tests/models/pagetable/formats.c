/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance: what must hold for every format, table depth, page size and
 * permission.  A format is tested by being in the array of formats.
 */
#include "models/pagetable/formats.h"

#include <check.h>
#include <stdlib.h>

#include "models/base/random.h"
#include "models/pagetable/map.h"
#include "tests/models/pagetable/tables.h"

#define IOVA   UINT64_C(0x40000000)
#define OUTPUT UINT64_C(0x2300000000)

struct variant {
	const struct pt_format *format;
	struct pt_rules rules;
	unsigned level; /* of the leaf */
	unsigned permissions;
	struct memory *memory;
	struct frames frames;
	struct page_table table;
};

static void with_variant(struct variant *variant, void (*check)(struct variant *variant))
{
	variant->memory = memory_create();
	frames_init(&variant->frames, 0x100000, 0x200000);
	ck_assert_int_eq(page_table_init(&variant->table, variant->format, &variant->rules,
					 (struct memory_view){ .memory = variant->memory }, &variant->frames),
			 MAP_OK);
	check(variant);
	page_table_fini(&variant->table);
	ck_assert_uint_eq(frames_used(&variant->frames), 0);
	frames_fini(&variant->frames);
	memory_destroy(variant->memory);
}

/* Read, write and execute permission stand in other bits, or in none, as rules say. */
static void with_each_meaning(struct variant *variant, unsigned levels, void (*check)(struct variant *variant))
{
	for (unsigned meaning = 0; meaning < 2; meaning++) {
		variant->rules = rules_of(levels);
		variant->rules.io_permissions = meaning;
		variant->rules.execute_permission = meaning;
		with_variant(variant, check);
	}
}

static void for_every_variant(void (*check)(struct variant *variant))
{
	static const unsigned permissions[] = { PT_READ, PT_WRITE, PT_RW, PT_READ | PT_USER, PT_RW | PT_USER };

	for (size_t f = 0; f < PT_FORMATS; f++) {
		struct variant variant = { .format = pt_formats[f] };

		for (unsigned levels = variant.format->levels_min; levels <= variant.format->levels_max; levels++) {
			for (variant.level = 0; variant.level <= 2; variant.level++) {
				for (size_t p = 0; p < sizeof(permissions) / sizeof(*permissions); p++) {
					variant.permissions = permissions[p];
					with_each_meaning(&variant, levels, check);
				}
			}
		}
	}
}

static struct walk translate(const struct variant *variant, iova_t iova, unsigned access)
{
	return walk_now(variant->memory, variant->format, &variant->rules, variant->table.root, iova, access);
}

static void map_one(struct variant *variant, struct map_work *work)
{
	uint64_t size = pt_entry_bytes(variant->level);

	ck_assert_int_eq(page_table_map(&variant->table, IOVA, OUTPUT, size, variant->permissions,
					pt_entry_lg2(variant->level), work),
			 MAP_OK);
}

static void check_leaf_round_trip(struct variant *variant)
{
	uint64_t word = variant->format->make_leaf(&variant->rules, OUTPUT, variant->level, variant->permissions);
	struct pt_entry entry;

	variant->format->decode(&variant->rules, word, variant->level, &entry);
	ck_assert_int_eq(entry.kind, PT_LEAF);
	ck_assert_uint_eq(entry.address, OUTPUT);
	ck_assert_uint_eq(variant->permissions & ~entry.permissions, 0);
	ck_assert(word & variant->format->present(&variant->rules));
	if (variant->level > 0)
		ck_assert_uint_eq(variant->format->next_table(word), PHYS_NONE);
}

START_TEST(a_leaf_decodes_to_what_was_asked)
{
	for_every_variant(check_leaf_round_trip);
}
END_TEST

static void check_table_round_trip(struct variant *variant)
{
	uint64_t word = variant->format->make_table(&variant->rules, OUTPUT);
	struct pt_entry entry;

	for (unsigned level = 1; level < variant->rules.levels; level++) {
		variant->format->decode(&variant->rules, word, level, &entry);
		ck_assert_int_eq(entry.kind, PT_TABLE);
		ck_assert_uint_eq(entry.address, OUTPUT);
		ck_assert_uint_eq(entry.permissions & (PT_RW | PT_USER), PT_RW | PT_USER);
	}
	ck_assert(word & variant->format->present(&variant->rules));
	ck_assert_uint_eq(variant->format->next_table(word), OUTPUT);
}

START_TEST(a_table_entry_decodes_to_its_table_at_every_level)
{
	for_every_variant(check_table_round_trip);
}
END_TEST

/* Every combination of what rules say about table entries; returns false after the last. */
static bool next_rules(struct pt_rules *rules, unsigned *combination)
{
	unsigned bits = (*combination)++;

	rules->output_width_lg2 = bits & 1 ? 39 : 52;
	rules->accessed_dirty = bits & 2;
	rules->extended_accessed = bits & 4;
	rules->execute_disable = bits & 8;
	rules->snoop_reserved = bits & 16;
	rules->io_permissions = bits & 32;
	rules->execute_permission = bits & 64;
	rules->size_2m = bits & 128;
	rules->size_1g = bits & 256;
	return bits < 512;
}

/* A word that is the usual table entry under these rules, says the format; false when decode says otherwise. */
static bool is_truly_usual(const struct pt_format *format, const struct pt_rules *rules, uint64_t word, unsigned level)
{
	const unsigned every = PT_RW | PT_EXECUTE | PT_USER;
	struct pt_entry entry;

	format->decode(rules, word, level, &entry);
	return entry.kind == PT_TABLE && (entry.permissions & every) == every &&
	       entry.address == (word & format->usual_table(rules).address) &&
	       format->flags_to_set(rules, word, &entry, true) == 0;
}

START_TEST(what_passes_as_the_usual_table_entry_decodes_as_one)
{
	struct random random;
	unsigned passed = 0;

	random_init(&random, 1);
	for (size_t f = 0; f < PT_FORMATS; f++) {
		struct pt_rules rules = rules_of(5);
		unsigned combination = 0;

		while (next_rules(&rules, &combination)) {
			struct pt_usual_table usual = pt_formats[f]->usual_table(&rules);

			for (unsigned i = 0; i < 100; i++) {
				uint64_t word = (random_next(&random) & ~usual.care) | usual.value;
				unsigned level = 1 + i % 4;

				ck_assert_msg(is_truly_usual(pt_formats[f], &rules, word, level),
					      "%s level %u rules %u word %016jx", pt_formats[f]->name, level,
					      combination - 1, (uintmax_t)word);
				passed++;
			}
		}
	}
	ck_assert_uint_eq(passed, PT_FORMATS * 512 * 100);
}
END_TEST

/* So that it is worth its name: what drivers write passes, once hardware set the flags. */
static void check_usual(struct variant *variant)
{
	for (unsigned flags = 0; flags < 2; flags++) {
		variant->rules.accessed_dirty = flags;

		const struct pt_format *format = variant->format;
		struct pt_usual_table usual = format->usual_table(&variant->rules);
		uint64_t word = format->make_table(&variant->rules, OUTPUT);
		struct pt_entry entry;

		format->decode(&variant->rules, word, 1, &entry);
		word |= format->flags_to_set(&variant->rules, word, &entry, true);
		ck_assert_uint_eq(word & usual.care, usual.value);
	}
}

START_TEST(what_a_driver_writes_passes_as_the_usual_table_entry)
{
	for_every_variant(check_usual);
}
END_TEST

static void check_growth(struct variant *variant)
{
	uint64_t size = pt_entry_bytes(variant->level);
	uint64_t first = variant->format->make_leaf(&variant->rules, OUTPUT, variant->level, variant->permissions);

	for (unsigned i = 0; i < PT_TABLE_ENTRIES; i++)
		ck_assert_uint_eq(variant->format->make_leaf(&variant->rules, OUTPUT + i * size, variant->level,
							     variant->permissions),
				  first + i * size);
}

START_TEST(from_page_to_page_a_word_grows_by_the_page_size)
{
	for_every_variant(check_growth);
}
END_TEST

static void check_zero(struct variant *variant)
{
	struct pt_entry entry;

	for (unsigned level = 0; level < variant->rules.levels; level++) {
		variant->format->decode(&variant->rules, 0, level, &entry);
		ck_assert_int_eq(entry.kind, PT_NOT_PRESENT);
	}
}

START_TEST(a_zero_word_is_absent_at_every_level)
{
	for_every_variant(check_zero);
}
END_TEST

static void check_every_page(struct variant *variant)
{
	uint64_t size = pt_entry_bytes(variant->level);
	uint64_t stride = variant->level == 2 ? (UINT64_C(1) << 21) + PAGE_BYTES : PAGE_BYTES;
	struct map_work work = { 0 };

	map_one(variant, &work);
	ck_assert_uint_eq(work.bytes, size);
	ck_assert_uint_eq(work.entries_written, 1);
	ck_assert_uint_eq(work.tables_allocated, variant->rules.levels - 1 - variant->level);
	for (uint64_t at = 0; at < size; at += stride) {
		struct walk walk = translate(variant, IOVA + at + 0xabc, variant->permissions);

		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.output, OUTPUT + at + 0xabc);
		ck_assert_uint_eq(walk.size_lg2, pt_entry_lg2(variant->level));
		ck_assert_uint_eq(walk.reads, variant->rules.levels - variant->level);
	}
	ck_assert_uint_eq(translate(variant, IOVA + size - 1, variant->permissions).output, OUTPUT + size - 1);
}

START_TEST(a_page_translates_from_every_4_kib_inside_it)
{
	for_every_variant(check_every_page);
}
END_TEST

static void check_holes(struct variant *variant)
{
	uint64_t size = pt_entry_bytes(variant->level);
	struct map_work work = { 0 };

	map_one(variant, &work);
	ck_assert_int_eq(translate(variant, IOVA - 1, variant->permissions).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(translate(variant, IOVA + size, variant->permissions).status, WALK_NOT_PRESENT);

	work = (struct map_work){ 0 };
	ck_assert_int_eq(page_table_unmap(&variant->table, IOVA, size, &work, NULL, NULL), MAP_OK);
	ck_assert_uint_eq(work.bytes, size);
	ck_assert_uint_eq(work.entries_written, 1);
	ck_assert_uint_eq(work.tables_freed, 0);
	ck_assert_int_eq(translate(variant, IOVA, variant->permissions).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(translate(variant, IOVA + size - 1, variant->permissions).status, WALK_NOT_PRESENT);
}

START_TEST(around_a_page_and_after_its_unmap_is_a_hole)
{
	for_every_variant(check_holes);
}
END_TEST

static void check_denied(struct variant *variant)
{
	struct map_work work = { 0 };

	map_one(variant, &work);
	if (variant->permissions & PT_WRITE)
		return;
	ck_assert_int_eq(translate(variant, IOVA, variant->permissions | PT_WRITE | PT_USER).status, WALK_PERMISSION);
}

START_TEST(what_was_not_granted_is_denied)
{
	for_every_variant(check_denied);
}
END_TEST

static void check_flags(struct variant *variant)
{
	struct map_work work = { 0 };

	map_one(variant, &work);
	variant->rules.accessed_dirty = true;
	translate(variant, IOVA, variant->permissions);

	/* Whatever the first walk had to set, the second finds set. */
	struct walk again;

	walk_begin(&again, variant->format, &variant->rules, variant->table.root, IOVA, variant->permissions);
	while (walk_wants_read(&again))
		walk_feed(&again, memory_read64(variant->memory, again.want_address));
	ck_assert_int_eq(again.state, WALK_DONE);
	ck_assert_int_eq(again.status, WALK_OK);
	ck_assert(again.leaf.accessed);
	if (variant->permissions & PT_WRITE)
		ck_assert(again.leaf.dirty);
}

START_TEST(flags_set_once_stay_set)
{
	for_every_variant(check_flags);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("formats");

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, a_leaf_decodes_to_what_was_asked);
	tcase_add_test(tests, a_table_entry_decodes_to_its_table_at_every_level);
	tcase_add_test(tests, what_passes_as_the_usual_table_entry_decodes_as_one);
	tcase_add_test(tests, what_a_driver_writes_passes_as_the_usual_table_entry);
	tcase_add_test(tests, from_page_to_page_a_word_grows_by_the_page_size);
	tcase_add_test(tests, a_zero_word_is_absent_at_every_level);
	tcase_add_test(tests, a_page_translates_from_every_4_kib_inside_it);
	tcase_add_test(tests, around_a_page_and_after_its_unmap_is_a_hole);
	tcase_add_test(tests, what_was_not_granted_is_denied);
	tcase_add_test(tests, flags_set_once_stay_set);
	return run_case(tests, "formats");
}
