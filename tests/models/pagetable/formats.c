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
	iova_t iova; /* of the page that is mapped */
	struct memory *memory;
	struct frames frames;
	phys_t root, slot;       /* slot: the table of its leaf */
	struct page_table table; /* what page_table_map can build */
};

/* Do page_table_map and page_table_unmap build such tables?  Else the test does, of the format's words. */
static bool is_built(const struct variant *variant)
{
	return !variant->format->is_big_endian;
}

static uint64_t page_bytes(const struct variant *variant)
{
	return UINT64_C(1) << pt_rules_entry_lg2(&variant->rules, variant->level);
}

static phys_t table_alloc(struct variant *variant)
{
	phys_t table = frames_alloc_contiguous(&variant->frames, 1u << variant->rules.wider_table_lg2);

	ck_assert_uint_ne(table, PHYS_NONE);
	return table;
}

static void with_variant(struct variant *variant, void (*check)(struct variant *variant))
{
	variant->memory = memory_create();
	frames_init(&variant->frames, 0x100000, 0x200000);
	if (is_built(variant)) {
		ck_assert_int_eq(page_table_init(&variant->table, variant->format, &variant->rules,
						 (struct memory_view){ .memory = variant->memory }, &variant->frames),
				 MAP_OK);
		variant->root = variant->table.root;
	} else {
		variant->root = table_alloc(variant);
	}
	check(variant);
	if (is_built(variant)) {
		page_table_fini(&variant->table);
		ck_assert_uint_eq(frames_used(&variant->frames), 0);
	}
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
		variant->iova = IOVA;
		with_variant(variant, check);
	}
}

/* Tables of 2^9 and of 2^13 entries, pages as POWER9 has them. */
static void with_each_geometry(struct variant *variant, unsigned levels, void (*check)(struct variant *variant))
{
	static const unsigned wider_pages[] = { 0, 4, 9, 18 };

	for (unsigned i = 0; i < 8; i++) {
		variant->rules = rules_of(levels);
		variant->rules.wider_page_lg2 = wider_pages[i / 2];
		variant->rules.wider_table_lg2 = i % 2 ? 4 : 0;
		variant->rules.input_width_lg2 = pt_rules_entry_lg2(&variant->rules, levels);
		if (pt_rules_entry_lg2(&variant->rules, levels - 1) >= 64)
			continue;
		variant->iova = 5 * page_bytes(variant);
		with_variant(variant, check);
	}
}

static void for_every_variant(void (*check)(struct variant *variant))
{
	static const unsigned permissions[] = { PT_READ, PT_WRITE, PT_RW, PT_READ | PT_USER, PT_RW | PT_USER };

	for (size_t f = 0; f < PT_FORMATS; f++) {
		struct variant variant = { .format = pt_formats[f] };

		for (unsigned levels = variant.format->levels_min; levels <= variant.format->levels_max; levels++) {
			for (variant.level = 0; variant.level < variant.format->leaf_levels; variant.level++) {
				for (size_t p = 0; p < sizeof(permissions) / sizeof(*permissions); p++) {
					variant.permissions = permissions[p];
					if (is_built(&variant))
						with_each_meaning(&variant, levels, check);
					else
						with_each_geometry(&variant, levels, check);
				}
			}
		}
	}
}

static struct walk translate(const struct variant *variant, iova_t iova, unsigned access)
{
	return walk_now(variant->memory, variant->format, &variant->rules, variant->root, iova, access);
}

static void write_entry(const struct variant *variant, phys_t table, unsigned level, uint64_t word)
{
	unsigned lg2 = pt_rules_entry_lg2(&variant->rules, level);
	uint64_t entries = UINT64_C(1) << pt_rules_table_lg2(&variant->rules);

	memory_write64(variant->memory, table + (variant->iova >> lg2) % entries * 8, pt_word(variant->format, word));
}

static void build_one(struct variant *variant)
{
	phys_t at = variant->root;

	for (unsigned level = variant->rules.levels - 1; level > variant->level; level--) {
		phys_t next = table_alloc(variant);

		write_entry(variant, at, level, variant->format->make_table(&variant->rules, next));
		at = next;
	}
	write_entry(variant, at, variant->level,
		    variant->format->make_leaf(&variant->rules, OUTPUT, variant->level, variant->permissions));
	variant->slot = at;
}

static void map_one(struct variant *variant)
{
	uint64_t size = page_bytes(variant);
	struct map_work work = { 0 };

	if (!is_built(variant)) {
		build_one(variant);
		return;
	}
	ck_assert_int_eq(page_table_map(&variant->table, variant->iova, OUTPUT, size, variant->permissions,
					pt_entry_lg2(variant->level), &work),
			 MAP_OK);
	ck_assert_uint_eq(work.bytes, size);
	ck_assert_uint_eq(work.entries_written, 1);
	ck_assert_uint_eq(work.tables_allocated, variant->rules.levels - 1 - variant->level);
}

static void unmap_one(struct variant *variant)
{
	uint64_t size = page_bytes(variant);
	struct map_work work = { 0 };

	if (!is_built(variant)) {
		write_entry(variant, variant->slot, variant->level, 0);
		return;
	}
	ck_assert_int_eq(page_table_unmap(&variant->table, variant->iova, size, &work, NULL, NULL), MAP_OK);
	ck_assert_uint_eq(work.bytes, size);
	ck_assert_uint_eq(work.entries_written, 1);
	ck_assert_uint_eq(work.tables_freed, 0);
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

static bool has_usual(struct pt_usual_table usual)
{
	return !(usual.value & ~usual.care);
}

START_TEST(what_passes_as_the_usual_table_entry_decodes_as_one)
{
	struct random random;
	unsigned passed = 0, formats = 0;

	random_init(&random, 1);
	for (size_t f = 0; f < PT_FORMATS; f++) {
		struct pt_rules rules = rules_of(5);
		unsigned combination = 0;

		formats += has_usual(pt_formats[f]->usual_table(&rules));

		while (next_rules(&rules, &combination)) {
			struct pt_usual_table usual = pt_formats[f]->usual_table(&rules);

			for (unsigned i = 0; i < 100 && has_usual(usual); i++) {
				uint64_t word = (random_next(&random) & ~usual.care) | usual.value;
				unsigned level = 1 + i % 4;

				ck_assert_msg(is_truly_usual(pt_formats[f], &rules, word, level),
					      "%s level %u rules %u word %016jx", pt_formats[f]->name, level,
					      combination - 1, (uintmax_t)word);
				passed++;
			}
		}
	}
	ck_assert_uint_eq(formats, 2);
	ck_assert_uint_eq(passed, formats * 512 * 100);
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

		if (!has_usual(usual))
			return;
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
	uint64_t size = page_bytes(variant);
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
	uint64_t size = page_bytes(variant);
	uint64_t stride = size >= UINT64_C(1) << 30 ? (UINT64_C(1) << 21) + PAGE_BYTES : PAGE_BYTES;

	map_one(variant);
	for (uint64_t at = 0; at < size; at += stride) {
		struct walk walk = translate(variant, variant->iova + at + 0xabc, variant->permissions);

		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.output, OUTPUT + at + 0xabc);
		ck_assert_uint_eq(UINT64_C(1) << walk.size_lg2, size);
		ck_assert_uint_eq(walk.reads, variant->rules.levels - variant->level);
	}
	ck_assert_uint_eq(translate(variant, variant->iova + size - 1, variant->permissions).output, OUTPUT + size - 1);
}

START_TEST(a_page_translates_from_every_4_kib_inside_it)
{
	for_every_variant(check_every_page);
}
END_TEST

static void check_holes(struct variant *variant)
{
	uint64_t size = page_bytes(variant);
	iova_t iova = variant->iova;

	map_one(variant);
	ck_assert_int_eq(translate(variant, iova - 1, variant->permissions).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(translate(variant, iova + size, variant->permissions).status, WALK_NOT_PRESENT);

	unmap_one(variant);
	ck_assert_int_eq(translate(variant, iova, variant->permissions).status, WALK_NOT_PRESENT);
	ck_assert_int_eq(translate(variant, iova + size - 1, variant->permissions).status, WALK_NOT_PRESENT);
}

START_TEST(around_a_page_and_after_its_unmap_is_a_hole)
{
	for_every_variant(check_holes);
}
END_TEST

static void check_denied(struct variant *variant)
{
	map_one(variant);
	if (variant->permissions & PT_WRITE)
		return;
	ck_assert_int_eq(translate(variant, variant->iova, variant->permissions | PT_WRITE | PT_USER).status,
			 WALK_PERMISSION);
}

START_TEST(what_was_not_granted_is_denied)
{
	for_every_variant(check_denied);
}
END_TEST

static void check_flags(struct variant *variant)
{
	map_one(variant);
	variant->rules.accessed_dirty = true;
	translate(variant, variant->iova, variant->permissions);

	/* Whatever the first walk had to set, the second finds set. */
	struct walk again;

	walk_begin(&again, variant->format, &variant->rules, variant->root, variant->iova, variant->permissions);
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
