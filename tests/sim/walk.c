/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `iommusim walk` on snapshots of real guests, whose map.csv another program wrote: tests/sim/walk_command.c has the
 * command line, here is every line of the shipped recordings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/bits.h"
#include "models/base/random.h"
#include "models/iommu/families.h"
#include "sim/walk.h"
#include "tests/recorded/recorded.h"
#include "tests/suite.h"

/* The samples ship; the others are compared where they are at hand. */
static const struct set {
	const char *prefix;
	unsigned leaves;
	bool first_stage;
	const char *absent; /* what a read of a hole is told, [VTD] "Fault Conditions and Remapping Hardware ..." */
} sets[] = {
	{ SAMPLES "/Q-vtd-oracle-strict-cm/snap-s1", 17570, false, "fault 0x06: " },
	{ SAMPLES "/Q-vtd-oracle-strict-cm/snap-s2", 12913, false, "fault 0x06: " },
	{ SAMPLES "/F2-vtd-scalable-fl/snap-s1", 17554, true, "fault 0x71: " },
	{ SAMPLES "/F2-vtd-scalable-fl/snap-s2", 12912, true, "fault 0x71: " },
	{ RECORDED "/S-vtd-superpage-strict-cm/snap-s1", 12378, false, "fault 0x06: " },
	{ RECORDED "/S-vtd-superpage-strict-cm/snap-s2", 12292, false, "fault 0x06: " },
	{ RECORDED "/F1-vtd-scalable-sl/snap-s1", 17585, false, "fault 0x79: " },
	{ RECORDED "/F1-vtd-scalable-sl/snap-s2", 12913, false, "fault 0x79: " },
};

#define SETS ((int)(sizeof(sets) / sizeof(sets[0])))

static const struct set *set;
static char *map;
static struct snapshot snapshot;
static struct walk_memory memory;
static struct iommu *unit;
static char said[16384];

/* False: the set is absent, which was said. */
static bool open_set(int i, const char *test)
{
	struct iommu_not_modelled absent;
	struct err err = { 0 };
	char path[512];
	size_t bytes;

	set = &sets[i];
	snprintf(path, sizeof(path), "%s.map.csv.xz", set->prefix);
	map = recorded_read(path, &bytes);
	if (!map) {
		recorded_skip(test);
		return false;
	}
	ck_assert_msg(snapshot_open(&snapshot, set->prefix, &err), "%s", err.text);
	ck_assert_str_eq(snapshot.family, iommu_families[0].name);
	unit = iommu_families[0].restore(snapshot_register, &snapshot, &absent, &err);
	ck_assert_msg(unit, "%s", err.text);
	walk_memory_init(&memory, snapshot.memory);
	return true;
}

static void close_set(void)
{
	unit->ops->destroy(unit);
	snapshot_close(&snapshot);
	free(map);
}

/* What the command prints of a request; true: translated. */
static bool walk(unsigned source_id, uint64_t iova, bool write)
{
	struct iommu_request request = { .source_id = (uint16_t)source_id, .iova = iova, .write = write };
	FILE *out = fmemopen(said, sizeof(said), "w");
	bool is_translated = walk_print_translation(out, unit, &memory, &request);

	fclose(out);
	return is_translated;
}

/* The same without a word. */
static struct iommu_translation translate(unsigned source_id, uint64_t iova, bool write)
{
	struct iommu_request request = { .source_id = (uint16_t)source_id, .iova = iova, .write = write };
	struct iommu_translation translation;

	iommu_translate_through(unit, walk_memory_access, &memory, &translation, &request);
	return translation;
}

static void expect_hole(unsigned source_id, uint64_t iova)
{
	ck_assert(!walk(source_id, iova, false));
	/* [VTD] "Handling Requests to Interrupt Address Range": blocked before any table is read. */
	bool is_interrupt = iova - 0xfee00000 < 0x100000;

	ck_assert_msg(strstr(said, is_interrupt ? "\nfault 0x" : set->absent), "0x%" PRIx64 ":\n%s", iova, said);
}

/* As the recorded leaf has it. */
static void expect_leaf(const struct recorded_leaf *leaf)
{
	struct iommu_translation read = translate(leaf->source_id, leaf->iova, false);
	struct iommu_translation write = translate(leaf->source_id, leaf->iova + leaf->bytes - 1, true);

	ck_assert_int_eq(read.status, IOMMU_TRANSLATED);
	ck_assert_uint_eq(read.output, leaf->output);
	ck_assert_uint_eq(UINT64_C(1) << read.size_lg2, leaf->bytes);
	ck_assert(!(read.permissions & PT_WRITE) == !leaf->write);
	ck_assert_int_eq(write.status, leaf->write ? IOMMU_TRANSLATED : IOMMU_FAULT);
}

/* The last decision and the outcome that are printed. */
static void expect_printed(const struct recorded_leaf *leaf)
{
	static const char *const sizes[] = { "4 KiB", "2 MiB", "1 GiB" };
	const char *rights = leaf->write ? "RW" : "R-", *more = set->first_stage ? "X for users" : "";
	char page[128], outcome[128], word[64];

	ck_assert_msg(walk(leaf->source_id, leaf->iova + 0x123, false), "%s", said);
	snprintf(word, sizeof(word), "    0x%-11" PRIx64 " 0x%016" PRIx64 "    ", leaf->word_address, leaf->word);
	snprintf(page, sizeof(page), "    => page 0x%" PRIx64 " of %s, %s%s\n", leaf->output, sizes[leaf->level],
		 rights, more);
	snprintf(outcome, sizeof(outcome), "\ntranslated: 0x%" PRIx64 " -> 0x%" PRIx64 ", page of %s, %s%s; ",
		 leaf->iova + 0x123, leaf->output + 0x123, sizes[leaf->level], rights, more);
	ck_assert_msg(strstr(said, word) && strstr(said, page) && strstr(said, outcome), "%s%s%s\nin\n%s", word, page,
		      outcome, said);
}

#define PRINTED_STRIDE 61 /* one of so many leaves is printed, and the first of each run */

START_TEST(every_recorded_leaf_is_walked_to_and_every_hole_beside_one_faults)
{
	struct recorded_leaf leaf, before = { 0 };
	unsigned leaves = 0;

	if (!open_set(_i, __func__))
		return;
	for (char *at = map; recorded_next_leaf(&at, &leaf); before = leaf, leaves++) {
		bool follows =
			leaves > 0 && leaf.source_id == before.source_id && leaf.iova == before.iova + before.bytes;

		expect_leaf(&leaf);
		if (!follows || leaves % PRINTED_STRIDE == 0)
			expect_printed(&leaf);
		if (!follows && leaves > 0)
			expect_hole(before.source_id, before.iova + before.bytes);
		if (!follows && leaf.iova > 0)
			expect_hole(leaf.source_id, leaf.iova - 1);
	}
	expect_hole(before.source_id, before.iova + before.bytes);
	ck_assert_uint_eq(leaves, set->leaves);
	ck_assert_uint_eq(memory.missing, 0);
	close_set();
}
END_TEST

START_TEST(the_list_of_leaves_is_the_recorded_one_byte_for_byte)
{
	char *list;
	size_t bytes;

	if (!open_set(_i, __func__))
		return;

	FILE *out = open_memstream(&list, &bytes);

	walk_print_leaves(out, unit, &memory);
	fclose(out);
	ck_assert_str_eq(list, map);
	ck_assert_uint_eq(memory.missing, 0);
	free(list);
	close_set();
}
END_TEST

/* ---- broken snapshots: a page taken away, a bit set ---- */

START_TEST(a_page_that_the_snapshot_lacks_is_an_access_fault_and_is_named)
{
	/* [VTD] SFS.1: a first-stage entry cannot be read. */
	struct memory *without = memory_create();
	struct recorded_leaf leaf;
	char *at;
	phys_t missing;

	ck_assert(open_set(2, __func__));
	at = map;
	ck_assert(recorded_next_leaf(&at, &leaf));
	missing = leaf.word_address & ~(PAGE_BYTES - 1);
	for (phys_t page = 0x100000000; page < 0x140000000; page += PAGE_BYTES) {
		unsigned char bytes[PAGE_BYTES];

		if (!memory_present(snapshot.memory, page) || page == missing)
			continue;
		memory_read(snapshot.memory, page, bytes, sizeof(bytes));
		memory_write(without, page, bytes, sizeof(bytes));
	}
	walk_memory_init(&memory, without);
	ck_assert(!walk(leaf.source_id, leaf.iova, false));
	ck_assert_msg(strstr(said, "not in the snapshot\n    => fault\n\nfault 0x70: "), "%s", said);
	ck_assert_uint_eq(memory.missing, 1);
	ck_assert_uint_eq(memory.first_missing, missing);
	memory_destroy(without);
	close_set();
}
END_TEST

START_TEST(a_reserved_bit_is_marked_and_faults)
{
	/* [VTD] LCT.3, LSL.2: bits 6 of a context entry's word 0 and 62 of a paging entry are reserved. */
	struct recorded_leaf leaf;
	char *at;

	ck_assert(open_set(0, __func__));
	at = map;
	ck_assert(recorded_next_leaf(&at, &leaf));
	memory_write64(snapshot.memory, leaf.word_address, leaf.word | BIT64(62));
	ck_assert(!walk(leaf.source_id, leaf.iova, false));
	ck_assert_msg(strstr(said, "  !IW=0x1 (reserved, must be 0)"), "%s", said);
	ck_assert_msg(strstr(said, "\n    => fault\n\nfault 0x0c: "), "%s", said);
	memory_write64(snapshot.memory, 0x101368180, memory_read64(snapshot.memory, 0x101368180) | BIT64(6));
	ck_assert(!walk(leaf.source_id, leaf.iova, false));
	ck_assert_msg(strstr(said, "  !11:4=0x4 (reserved, must be 0)"), "%s", said);
	ck_assert_msg(strstr(said, "\n    => fault\n\nfault 0x0b: "), "%s", said);
	close_set();
}
END_TEST

START_TEST(no_line_is_longer_than_120_columns)
{
	struct recorded_leaf leaf;
	char *at;

	ck_assert(open_set(2, __func__));
	at = map;
	ck_assert(recorded_next_leaf(&at, &leaf));
	memory_write64(snapshot.memory, leaf.word_address, leaf.word | BITS64(62, 52) | BITS64(11, 9));
	ck_assert(walk(leaf.source_id, leaf.iova, false));
	ck_assert_msg(strstr(said, "62:52=0x7ff (ignored)"), "%s", said);
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		ck_assert_msg(strlen(line) <= 120, "%s", line);
	close_set();
}
END_TEST

/* ---- structures made here ---- */

/* CAP, ECAP, GSTS and RTADDR: scalable mode with both stages, nested; root table at 0x1000. */
static bool made_register(void *argument, unsigned offset, unsigned bytes, uint64_t *value)
{
	(void)argument;
	(void)bytes;
	*value = offset == 0x08   ? 0x00d2008c22380e06
		 : offset == 0x10 ? 0xf42 | BIT64(26) | BITS64(38, 35) | BIT64(40) | BIT64(43) | BITS64(48, 46)
		 : offset == 0x1c ? 0xc0000000
		 : offset == 0x20 ? 0x1400
				  : 0;
	return offset <= 0x20;
}

START_TEST(a_nested_walk_shows_both_stages_and_the_flags_it_sets)
{
	/* Device 00:03.0, PASID 9: first stage at guest 0x100000, which lies at 0x900000; 4 levels each. */
	static const uint64_t words[][2] = {
		{ 0x1000, 0x2001 },     { 0x2300, 0x3009 },     { 0x3000, 0x5001 },     { 0x5240, 0x70c9 },
		{ 0x5248, 0x80002a },   { 0x5250, 0x100000 },   { 0x7000, 0x8003 },     { 0x8000, 0x9003 },
		{ 0x9000, 0xa003 },     { 0x9008, 0x4000083 },  { 0xa800, 0x900003 },   { 0xa808, 0x901003 },
		{ 0xa810, 0x902003 },   { 0xa818, 0x903003 },   { 0x900000, 0x101007 }, { 0x901000, 0x102007 },
		{ 0x902000, 0x103007 }, { 0x903028, 0x223007 },
	};
	static const char list[] = "sid,pasid,did,stage,level,iova,size,gpa,perm,leaf_pte,leaf_pte_gpa\n"
				   "0018,9,42,FL,1,5000,1000,223000,RW,0000000000223007,103028\n"
				   "0018,9,42,SL,1,100000,1000,900000,RW,0000000000900003,a800\n"
				   "0018,9,42,SL,1,101000,1000,901000,RW,0000000000901003,a808\n"
				   "0018,9,42,SL,1,102000,1000,902000,RW,0000000000902003,a810\n"
				   "0018,9,42,SL,1,103000,1000,903000,RW,0000000000903003,a818\n"
				   "0018,9,42,SL,2,200000,200000,4000000,RW,0000000004000083,9008\n";
	const struct iommu_request request = {
		.source_id = 0x18, .has_pasid = true, .pasid = 9, .iova = 0x5123, .write = true
	};
	struct memory *pages = memory_create();
	struct iommu_not_modelled absent;
	struct err err = { 0 };
	FILE *out;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		memory_write64(pages, words[i][0], words[i][1]);
	unit = iommu_families[0].restore(made_register, NULL, &absent, &err);
	ck_assert_msg(unit, "%s", err.text);
	walk_memory_init(&memory, pages);
	out = fmemopen(said, sizeof(said), "w");
	walk_print_leaves(out, unit, &memory);
	fclose(out);
	ck_assert_str_eq(said, list);
	out = fmemopen(said, sizeof(said), "w");
	ck_assert(walk_print_translation(out, unit, &memory, &request));
	fclose(out);
	ck_assert_msg(strstr(said, "first stage of 4 levels, table 0x100000, over a second stage of 4 levels, table "
				   "0x7000\n\nsecond stage, level 4: SS-PML4E, table 0x7000, index 0x0\n"),
		      "%s", said);
	ck_assert_msg(strstr(said, "    => the first stage's table is at host address 0x903000\n\n"
				   "first stage, level 1: FS-PTE, table 0x103000, index 0x5"),
		      "%s", said);
	ck_assert_msg(strstr(said, "    => page at guest address 0x223123, which the second stage translates\n"), "%s",
		      said);
	/* The page is asked for before D is set. */
	ck_assert_msg(
		strstr(said,
		       "    => page 0x4000000 of 2 MiB, RW\n\n"
		       "first stage, level 1: FS-PTE, table 0x103000, index 0x5; the words' addresses are the host's\n"
		       "    => sets A D: 0x0000000000223067\n"
		       "    => page 0x223000 of 4 KiB, RWX for users\n"),
		"%s", said);
	/* 4 structures, 4 first-stage entries, each with a second-stage walk of 4, and 3 for the page of 2 MiB. */
	ck_assert_msg(strstr(said, "\ntranslated: 0x5123 -> 0x4023123, page of 4 KiB, RWX for users; 27 reads\n"), "%s",
		      said);
	ck_assert_uint_eq(memory_read64(pages, 0x903028), 0x223067);
	unit->ops->destroy(unit);
	memory_destroy(pages);
}
END_TEST

START_TEST(walks_of_damaged_tables_end)
{
	const uint64_t seed = 3;
	struct random random;

	for (int i = 0; i < 4; i += 2) {
		ck_assert(open_set(i, __func__));
		random_init(&random, seed);
		for (unsigned round = 0; round < 200; round++) {
			phys_t page = 0x100000000 + random_below(&random, 0x40000) * PAGE_BYTES;

			/* In whichever recorded page comes next, a word gets a random one or another page's address. */
			while (!memory_present(snapshot.memory, page))
				page = page + PAGE_BYTES < 0x140000000 ? page + PAGE_BYTES : 0x100000000;
			memory_write64(snapshot.memory, page + 8 * random_below(&random, 512),
				       random_below(&random, 2) ? random_next(&random)
								: page | random_below(&random, 0x1000));
			walk((unsigned)random_below(&random, 3) * 8 + 0x18, random_below(&random, 1u << 20) << 12,
			     random_below(&random, 2));
			ck_assert_msg(strstr(said, "\ntranslated: ") || strstr(said, "\nfault 0x"),
				      "seed %d round %u:\n%s", (int)seed, round, said);
		}
		close_set();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *all = tcase_create("walk");

	tcase_set_timeout(all, 600);
	tcase_add_loop_test(all, every_recorded_leaf_is_walked_to_and_every_hole_beside_one_faults, 0, SETS);
	tcase_add_loop_test(all, the_list_of_leaves_is_the_recorded_one_byte_for_byte, 0, SETS);
	tcase_add_test(all, a_page_that_the_snapshot_lacks_is_an_access_fault_and_is_named);
	tcase_add_test(all, a_reserved_bit_is_marked_and_faults);
	tcase_add_test(all, no_line_is_longer_than_120_columns);
	tcase_add_test(all, a_nested_walk_shows_both_stages_and_the_flags_it_sets);
	tcase_add_test(all, walks_of_damaged_tables_end);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
