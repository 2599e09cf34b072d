/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's TCE tables: shapes as a recorded Linux 6.12 on powernv9 with pages of 64 KiB accounted or refused them
 * (RECORDED: tests/data/oracles, spapr v2 windows), entries as [LINUX] pci-ioda-tce.c writes them, and a twin that
 * keeps one word per page.
 */
#include "models/software/tce_table.h"

#include <check.h>
#include <stdlib.h>

#include "models/base/random.h"
#include "models/pagetable/tce.h"
#include "tests/models/pagetable/tables.h"

#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)

static struct memory *memory;
static struct frames frames;
static struct tce_table table;
static struct map_work work;

static void setup(void)
{
	memory = memory_create();
	frames_init(&frames, 0x100000000, 0x100000000 + GIB);
	work = (struct map_work){ 0 };
}

static void teardown(void)
{
	frames_fini(&frames);
	memory_destroy(memory);
}

static enum map_status create(struct tce_window window)
{
	return tce_table_init(&table, &window, (struct memory_view){ .memory = memory }, &frames, &work);
}

static struct tce_window window_of(unsigned page_lg2, uint64_t bytes, unsigned levels)
{
	return (struct tce_window){ .bytes = bytes, .page_lg2 = page_lg2, .levels = levels, .host_page_lg2 = 16 };
}

START_TEST(tables_take_what_linux_accounted_for_them)
{
	/* Growth of VmLck at VFIO_IOMMU_SPAPR_TCE_CREATE: twice the table. */
	static const struct {
		unsigned page_lg2, levels;
		uint64_t bytes, accounted_kib;
	} recorded[] = {
		{ 12, 1, 0x10000000, 1024 },    { 16, 1, 0x40000000, 256 },   { 12, 1, 0x4000000, 256 },
		{ 21, 1, 0x800000000, 256 },    { 30, 1, 0x1000000000, 128 }, { 16, 1, 0x1000000000, 16384 },
		{ 16, 2, 0x1000000000, 16512 },
	};

	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		struct tce_window window = window_of(recorded[i].page_lg2, recorded[i].bytes, recorded[i].levels);

		ck_assert_uint_eq(2 * tce_window_table_bytes(&window), recorded[i].accounted_kib * KIB);
	}
}
END_TEST

START_TEST(what_linux_refused_cannot_be)
{
	/* EINVAL: levels 0, 3, 4, 5 and 6 of 64 GiB in 64 KiB pages; no bytes, less than a page, no power of two. */
	struct tce_window refused[] = {
		window_of(16, 0x1000000000, 0), window_of(16, 0x1000000000, 3), window_of(16, 0x1000000000, 4),
		window_of(16, 0x1000000000, 5), window_of(16, 0x1000000000, 6), window_of(16, 0, 1),
		window_of(16, 0x1000, 1),       window_of(16, 0x30000000, 1),
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		ck_assert_uint_eq(tce_window_table_lg2(&refused[i]), 0);
		ck_assert_uint_eq(tce_window_table_bytes(&refused[i]), 0);
		ck_assert_int_eq(create(refused[i]), MAP_BAD_RANGE);
	}
	ck_assert_uint_eq(frames_used(&frames), 0);
}
END_TEST

START_TEST(a_table_is_at_least_a_page_of_the_host)
{
	struct tce_window window = window_of(30, 64 * GIB, 1);

	ck_assert_uint_eq(tce_window_table_lg2(&window), 13);
	window.host_page_lg2 = 12;
	ck_assert_uint_eq(tce_window_table_lg2(&window), 9);
	window = window_of(12, 2 * GIB, 1); /* the 32-bit window: 2^19 entries */
	ck_assert_uint_eq(tce_window_table_lg2(&window), 19);
}
END_TEST

START_TEST(tables_below_the_first_come_when_needed)
{
	ck_assert_int_eq(create(window_of(16, 64 * GIB, 2)), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 1);
	ck_assert_uint_eq(table.allocated_bytes, 64 * KIB);
	ck_assert_uint_eq(frames_used(&frames), 16);

	ck_assert_int_eq(tce_table_set(&table, 0x10000, 0x230000, 1, PT_READ, &work), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 2);
	ck_assert_int_eq(tce_table_set(&table, 0x20000, 0x240000, 1, PT_READ, &work), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 2);
	ck_assert_uint_eq(table.allocated_bytes, 128 * KIB);

	/* First the indirect TCE, with both permissions, then the second entry of the table that it points to. */
	uint64_t indirect = __builtin_bswap64(memory_read64(memory, table.root));

	ck_assert_uint_eq(indirect & 3, 3);
	ck_assert_uint_eq(__builtin_bswap64(memory_read64(memory, (indirect & ~UINT64_C(3)) + 8)), 0x230001);
	tce_table_fini(&table);
	ck_assert_uint_eq(frames_used(&frames), 0);
}
END_TEST

START_TEST(an_old_linux_makes_them_all_at_once)
{
	struct tce_window window = window_of(16, 64 * GIB, 2);

	window.is_full = true;
	ck_assert_int_eq(create(window), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 1 + 128); /* 2^20 entries in tables of 2^13 */
	ck_assert_uint_eq(table.allocated_bytes, tce_window_table_bytes(&window));
	tce_table_fini(&table);
	ck_assert_uint_eq(frames_used(&frames), 0);
}
END_TEST

START_TEST(write_implies_read)
{
	ck_assert_int_eq(create(window_of(12, 0x10000000, 1)), MAP_OK);
	ck_assert_int_eq(tce_table_set(&table, 0x5000, 0x77000, 1, PT_WRITE, &work), MAP_OK);
	ck_assert_uint_eq(__builtin_bswap64(memory_read64(memory, table.root + 5 * 8)), 0x77003);

	uint64_t word = 0x88000 | TCE_W;

	ck_assert_int_eq(tce_table_exchange(&table, 0x5000, &word, &work), MAP_OK);
	ck_assert_uint_eq(word, 0x77003);
	ck_assert_uint_eq(tce_table_get(&table, 0x5fff), 0x88003);
	tce_table_fini(&table);
}
END_TEST

START_TEST(clearing_makes_no_table_and_loses_no_entry_behind_a_gap)
{
	uint64_t word = 0;

	ck_assert_int_eq(create(window_of(16, 64 * GIB, 2)), MAP_OK);
	ck_assert_int_eq(tce_table_exchange(&table, 0x10000, &word, &work), MAP_OK);
	ck_assert_uint_eq(word, 0);
	/* The second last-level table begins at 512 MiB; nothing has been mapped below. */
	ck_assert_int_eq(tce_table_set(&table, 0x20000000, 0x230000, 4, PT_READ, &work), MAP_OK);
	work = (struct map_work){ 0 };
	ck_assert_int_eq(tce_table_clear(&table, 0x10000, 8192 + 1, &work), MAP_OK);
	ck_assert_uint_eq(work.tables_allocated, 0);
	ck_assert_uint_eq(work.bytes, 2 * 64 * KIB);
	ck_assert_uint_eq(tce_table_get(&table, 0x20010000), 0);
	ck_assert_uint_eq(tce_table_get(&table, 0x20020000), 0x250001);
	tce_table_fini(&table);
}
END_TEST

/* 2^20 pages in three levels of 4 KiB tables: 512 entries, 2 MiB of pages below the second, 1 GiB below the first. */
START_TEST(a_hole_ends_where_the_lowest_absent_table_would)
{
	struct tce_window window = { .bytes = 4 * GIB, .page_lg2 = 12, .levels = 3, .host_page_lg2 = 12 };

	ck_assert_int_eq(create(window), MAP_OK);
	ck_assert_uint_eq(tce_table_hole(&table, 0), 512 * 512);
	ck_assert_uint_eq(tce_table_hole(&table, 3 * GIB + 0x5000), 512 * 512 - 5);
	ck_assert_int_eq(tce_table_set(&table, 3 * GIB, 0x1000, 1, PT_READ, &work), MAP_OK);
	ck_assert_uint_eq(tce_table_hole(&table, 3 * GIB + 0x1ff000), 0);
	ck_assert_uint_eq(tce_table_hole(&table, 3 * GIB + 0x203000), 509);
	ck_assert_uint_eq(tce_table_hole(&table, 2 * GIB), 512 * 512);
	tce_table_fini(&table);
}
END_TEST

START_TEST(nothing_outside_the_window_is_touched)
{
	struct tce_window window = window_of(16, 0x40000000, 1);
	uint64_t word = 0x10003;

	window.start = UINT64_C(1) << 59;
	ck_assert_int_eq(create(window), MAP_OK);
	work = (struct map_work){ 0 };
	ck_assert_int_eq(tce_table_set(&table, 0, 0, 1, PT_READ, &work), MAP_BAD_RANGE);
	ck_assert_int_eq(tce_table_set(&table, window.start + 0x3fff0000, 0, 2, PT_READ, &work), MAP_BAD_RANGE);
	ck_assert_int_eq(tce_table_set(&table, window.start + 0x8000, 0, 1, PT_READ, &work), MAP_BAD_RANGE);
	ck_assert_int_eq(tce_table_set(&table, window.start, 0x8000, 1, PT_READ, &work), MAP_BAD_RANGE);
	ck_assert_int_eq(tce_table_clear(&table, window.start - 0x10000, 2, &work), MAP_BAD_RANGE);
	ck_assert_int_eq(tce_table_exchange(&table, window.start + 0x40000000, &word, &work), MAP_BAD_RANGE);
	ck_assert_uint_eq(work.entries_written, 0);
	ck_assert_int_eq(tce_table_set(&table, window.start + 0x3fff0000, 0x50000, 1, PT_READ, &work), MAP_OK);
	ck_assert_uint_eq(tce_table_get(&table, window.start + 0x3fff1234), 0x50001);
	ck_assert_uint_eq(tce_table_get(&table, 0x3fff1234), 0);
	tce_table_fini(&table);
}
END_TEST

START_TEST(used_up_frames_leave_what_was_mapped)
{
	struct frames few;

	frames_init(&few, 0x100000, 0x100000 + 3 * PAGE_BYTES);

	struct tce_window window = { .bytes = GIB, .page_lg2 = 12, .levels = 2, .host_page_lg2 = 12 };

	ck_assert_int_eq(tce_table_init(&table, &window, (struct memory_view){ .memory = memory }, &few, &work),
			 MAP_OK);
	ck_assert_int_eq(tce_table_set(&table, 0, 0, 512 * 3, PT_READ, &work), MAP_NO_MEMORY);
	ck_assert_uint_eq(work.bytes, 1024 * PAGE_BYTES);
	ck_assert_uint_eq(tce_table_get(&table, 1023 * PAGE_BYTES), 1023 * PAGE_BYTES | TCE_R);
	tce_table_fini(&table);
	window.is_full = true;
	ck_assert_int_eq(tce_table_init(&table, &window, (struct memory_view){ .memory = memory }, &few, &work),
			 MAP_NO_MEMORY);
	ck_assert_uint_eq(frames_used(&few), 0);
	frames_fini(&few);
}
END_TEST

/* A freed table comes back in another window: it must be empty. */
START_TEST(a_table_made_of_used_frames_is_empty)
{
	ck_assert_int_eq(create(window_of(12, 0x200000, 1)), MAP_OK);
	memory_write64(memory, table.root + 0x1238, 0x5555);

	struct tce_window window = window_of(12, 0x200000, 1);

	window.host_page_lg2 = 12;
	tce_table_fini(&table);
	for (unsigned i = 0; i < 16; i++) {
		ck_assert_int_eq(create(window), MAP_OK);
		for (uint64_t at = 0; at < PAGE_BYTES; at += 8)
			ck_assert_uint_eq(memory_read64(memory, table.root + at), 0);
	}
}
END_TEST

/* ---- the twin: a word per page ---- */

#define PAGES 4096u

static void twin_check(const uint64_t *twin, struct random *random, unsigned round)
{
	struct pt_rules rules = tce_table_rules(&table);
	uint64_t page = random_below(random, PAGES), bytes = UINT64_C(1) << table.window.page_lg2;
	iova_t offset = page * bytes + random_below(random, bytes);
	struct walk walk = walk_now(memory, &tce_format, &rules, table.root, offset, PT_READ);

	ck_assert_msg(tce_table_get(&table, table.window.start + offset) == twin[page], "round %u", round);
	ck_assert_msg((walk.status == WALK_OK) == (twin[page] != 0), "round %u", round);
	if (walk.status == WALK_OK)
		ck_assert_uint_eq(walk.output, (twin[page] & ~UINT64_C(3)) | (offset & (bytes - 1)));
}

static void twin_round(uint64_t *twin, struct random *random)
{
	uint64_t page = random_below(random, PAGES), count = 1 + random_below(random, PAGES - page);
	uint64_t bytes = UINT64_C(1) << table.window.page_lg2, first = random_below(random, 1000) * bytes, word;
	unsigned permissions = 1 + (unsigned)random_below(random, 3);
	iova_t iova = table.window.start + page * bytes;

	count = random_below(random, 4) ? 1 + count % 7 : count;
	switch (random_below(random, 3)) {
	case 0:
		ck_assert_int_eq(tce_table_set(&table, iova, first, count, permissions, &work), MAP_OK);
		for (uint64_t i = 0; i < count; i++)
			twin[page + i] = (first + i * bytes) | (permissions & PT_WRITE ? 3 : 1);
		break;
	case 1:
		ck_assert_int_eq(tce_table_clear(&table, iova, count, &work), MAP_OK);
		for (uint64_t i = 0; i < count; i++)
			twin[page + i] = 0;
		break;
	default:
		word = random_below(random, 2) ? first | 1 : 0;
		twin[PAGES] = word;
		ck_assert_int_eq(tce_table_exchange(&table, iova, &word, &work), MAP_OK);
		ck_assert_uint_eq(word, twin[page]);
		twin[page] = twin[PAGES];
	}
}

START_TEST(random_histories_agree_with_a_word_per_page)
{
	static const unsigned pages[] = { 12, 16, 21, 28, 30 };
	uint64_t *twin = calloc(PAGES + 1, sizeof(*twin));
	struct random random;

	random_init(&random, 7);
	for (unsigned i = 0; i < 40; i++) {
		struct tce_window window = { .page_lg2 = pages[random_below(&random, 5)],
					     .levels = 1 + (unsigned)random_below(&random, 5),
					     .host_page_lg2 = 12,
					     .start = random_below(&random, 2) << 59,
					     .is_full = random_below(&random, 2) };

		window.bytes = (uint64_t)PAGES << window.page_lg2;
		if (create(window) != MAP_OK)
			continue; /* 55 bits and more */
		for (unsigned page = 0; page < PAGES; page++)
			twin[page] = 0;
		for (unsigned round = 0; round < 400; round++) {
			twin_round(twin, &random);
			twin_check(twin, &random, round);
		}
		tce_table_fini(&table);
		ck_assert_uint_eq(frames_used(&frames), 0);
		ck_assert_uint_eq(table.allocated_bytes, 0);
	}
	free(twin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tce_table");
	TCase *tests = tcase_create("tce_table");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, tables_take_what_linux_accounted_for_them);
	tcase_add_test(tests, what_linux_refused_cannot_be);
	tcase_add_test(tests, a_table_is_at_least_a_page_of_the_host);
	tcase_add_test(tests, tables_below_the_first_come_when_needed);
	tcase_add_test(tests, an_old_linux_makes_them_all_at_once);
	tcase_add_test(tests, write_implies_read);
	tcase_add_test(tests, clearing_makes_no_table_and_loses_no_entry_behind_a_gap);
	tcase_add_test(tests, a_hole_ends_where_the_lowest_absent_table_would);
	tcase_add_test(tests, nothing_outside_the_window_is_touched);
	tcase_add_test(tests, used_up_frames_leave_what_was_mapped);
	tcase_add_test(tests, a_table_made_of_used_frames_is_empty);
	tcase_add_test(tests, random_histories_agree_with_a_word_per_page);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
