/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables that a running Linux guest wrote (traces' recorded sets): every leaf
 * is re-encoded from what it maps, walked, and found again by iteration.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/pagetable/map.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/models/pagetable/tables.h"
#include "tests/recorded/recorded.h"

/*
 * The root of each device's tables, from the set's tables.json: 4 levels.  QEMU
 * takes its 48 bits of input address for the host address width too.
 */
struct device {
	unsigned source_id;
	phys_t root;
};

static const struct set {
	const char *map, *pages;
	const struct pt_format *format;
	size_t leaves;
	struct device device[6];
} sets[] = {
	{ RECORDED "/Q-vtd-oracle-strict-cm/snap-s1.map.csv.xz",
	  RECORDED "/Q-vtd-oracle-strict-cm/snap-s1.pages.bin.xz",
	  &vtd_second_stage,
	  17570,
	  { { 0x18, 0x10136b000 },
	    { 0x20, 0x10136e000 },
	    { 0x28, 0x10158f000 },
	    { 0xf8, 0x101597000 },
	    { 0xfa, 0x101597000 },
	    { 0xfb, 0x101597000 } } },
	{ RECORDED "/S-vtd-superpage-strict-cm/snap-s1.map.csv.xz",
	  RECORDED "/S-vtd-superpage-strict-cm/snap-s1.pages.bin.xz",
	  &vtd_second_stage,
	  12378,
	  { { 0x20, 0x101b26000 }, { 0xf8, 0x101ba4000 }, { 0xfa, 0x101ba4000 }, { 0xfb, 0x101ba4000 } } },
	{ RECORDED "/F2-vtd-scalable-fl/snap-s1.map.csv.xz",
	  RECORDED "/F2-vtd-scalable-fl/snap-s1.pages.bin.xz",
	  &vtd_first_stage,
	  17554,
	  { { 0x18, 0x101b92000 },
	    { 0x20, 0x101b96000 },
	    { 0x28, 0x101db7000 },
	    { 0xf8, 0x101dc0000 },
	    { 0xfa, 0x101dc0000 },
	    { 0xfb, 0x101dc0000 } } },
};

static struct pt_rules rules;
static char *map, *lines;
static struct memory *memory;

static void setup(void)
{
	rules = rules_of(4);
	rules.output_width_lg2 = 48;
	memory = memory_create();
}

static void teardown(void)
{
	memory_destroy(memory);
	free(map);
}

/* False: the set is absent, which was said. */
static bool load(const struct set *set, const char *test)
{
	size_t bytes;
	struct err err = { 0 };
	char *pages = recorded_read(set->pages, &bytes);

	map = pages ? recorded_read(set->map, &(size_t){ 0 }) : NULL;
	lines = map;
	if (!map) {
		recorded_skip(test);
		return false;
	}
	ck_assert_msg(memory_load_pages(memory, pages, bytes, &err), "%s", err.text);
	free(pages);
	return true;
}

static unsigned asked(const struct recorded_leaf *leaf)
{
	return PT_USER | (leaf->read ? PT_READ : 0) | (leaf->write ? PT_WRITE : 0);
}

static phys_t root_of(const struct set *set, unsigned source_id)
{
	for (size_t i = 0; i < sizeof(set->device) / sizeof(*set->device); i++)
		if (set->device[i].root && set->device[i].source_id == source_id)
			return set->device[i].root;
	ck_abort_msg("no device %x", source_id);
	return 0;
}

START_TEST(every_recorded_leaf_is_the_word_that_the_format_makes)
{
	const struct set *set = &sets[_i];
	struct recorded_leaf leaf;
	size_t leaves = 0;

	if (!load(set, __func__))
		return;
	for (; recorded_next_leaf(&lines, &leaf); leaves++)
		ck_assert_uint_eq(set->format->make_leaf(&rules, leaf.output, leaf.level, asked(&leaf)), leaf.word);
	ck_assert_uint_eq(leaves, set->leaves);
}
END_TEST

START_TEST(every_recorded_leaf_is_walked_to)
{
	const struct set *set = &sets[_i];
	struct recorded_leaf leaf;
	size_t leaves = 0;

	if (!load(set, __func__))
		return;
	for (; recorded_next_leaf(&lines, &leaf); leaves++) {
		struct walk walk = walk_now(memory, set->format, &rules, root_of(set, leaf.source_id),
					    leaf.iova + leaf.bytes - 1, asked(&leaf));

		ck_assert_int_eq(walk.status, WALK_OK);
		ck_assert_uint_eq(walk.output, leaf.output + leaf.bytes - 1);
		ck_assert_uint_eq(pt_slot(walk.table, walk.level, walk.iova), leaf.word_address);
		ck_assert_uint_eq(walk.level, leaf.level);
		ck_assert_uint_eq(walk.reads, 4 - leaf.level);
		ck_assert_int_eq(walk.permissions & PT_WRITE, leaf.write ? PT_WRITE : 0);
	}
	ck_assert_uint_eq(leaves, set->leaves);
}
END_TEST

static bool compare(void *argument, const struct page_table_leaf *leaf)
{
	const unsigned *source_id = argument;
	struct recorded_leaf expected;

	ck_assert(recorded_next_leaf(&lines, &expected));
	ck_assert_uint_eq(*source_id, expected.source_id);
	ck_assert_uint_eq(leaf->iova, expected.iova);
	ck_assert_uint_eq(leaf->level, expected.level);
	ck_assert_uint_eq(leaf->word, expected.word);
	ck_assert_uint_eq(leaf->word_address, expected.word_address);
	ck_assert_uint_eq(leaf->entry.address, expected.output);
	return true;
}

START_TEST(iteration_finds_the_recorded_leaves_in_their_order)
{
	const struct set *set = &sets[_i];
	struct recorded_leaf none;

	if (!load(set, __func__))
		return;
	for (size_t i = 0; i < sizeof(set->device) / sizeof(*set->device) && set->device[i].root; i++) {
		struct page_table table = {
			.format = set->format,
			.rules = rules,
			.present = set->format->present(&rules),
			.view = { .memory = memory },
			.root = set->device[i].root,
		};
		unsigned source_id = set->device[i].source_id;

		page_table_for_each(&table, compare, &source_id);
	}
	ck_assert(!recorded_next_leaf(&lines, &none));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("recorded tables");
	int count = (int)(sizeof(sets) / sizeof(*sets));

	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, every_recorded_leaf_is_the_word_that_the_format_makes, 0, count);
	tcase_add_loop_test(tests, every_recorded_leaf_is_walked_to, 0, count);
	tcase_add_loop_test(tests, iteration_finds_the_recorded_leaves_in_their_order, 0, count);
	return run_case(tests, "recorded tables");
}
