/* SPDX-License-Identifier: Apache-2.0 */
#include "models/memory/memory.h"

#include <endian.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define RECORD_BYTES (8u + 4096u)

START_TEST(a_page_never_written_reads_as_zeros_and_is_absent)
{
	struct memory *memory = memory_create();
	unsigned char bytes[16];

	memset(bytes, 0xff, sizeof(bytes));
	memory_read(memory, 0x1ff8, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_uint_eq(bytes[i], 0);
	ck_assert_uint_eq(memory_read64(memory, 0x5000), 0);
	ck_assert(!memory_present(memory, 0x5000));
	ck_assert_uint_eq(memory_page_count(memory), 0);
	memory_destroy(memory);
}
END_TEST

START_TEST(a_page_written_with_zeros_is_present)
{
	struct memory *memory = memory_create();

	memory_write64(memory, 0x5ff8, 0);
	ck_assert(memory_present(memory, 0x5000));
	ck_assert(memory_present(memory, 0x5fff));
	ck_assert(!memory_present(memory, 0x4fff));
	ck_assert(!memory_present(memory, 0x6000));
	ck_assert_uint_eq(memory_page_count(memory), 1);
	memory_destroy(memory);
}
END_TEST

START_TEST(words_are_little_endian)
{
	static const unsigned char expected[8] = { 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01 };
	struct memory *memory = memory_create();
	unsigned char bytes[8];

	memory_write64(memory, 0x1008, UINT64_C(0x0102030405060708));
	memory_read(memory, 0x1008, bytes, sizeof(bytes));
	ck_assert_mem_eq(bytes, expected, sizeof(bytes));
	memory_write(memory, 0x2010, expected, sizeof(expected));
	ck_assert_uint_eq(memory_read64(memory, 0x2010), UINT64_C(0x0102030405060708));
	memory_destroy(memory);
}
END_TEST

START_TEST(the_words_of_a_page_are_memory_itself)
{
	struct memory *memory = memory_create();
	uint64_t *words = memory_words(memory, 0x5ff0);

	ck_assert(memory_present(memory, 0x5000));
	ck_assert_uint_eq(words[0], 0);
	words[1] = htole64(0x1122334455667788);
	ck_assert_uint_eq(memory_read64(memory, 0x5ff8), 0x1122334455667788);
	memory_write64(memory, 0x5ff0, 9);
	ck_assert_uint_eq(le64toh(words[0]), 9);
	for (phys_t other = 0x6000; other < 0x600000; other += PAGE_BYTES)
		memory_write64(memory, other, 1);
	ck_assert_ptr_eq(memory_words(memory, 0x5ff0), words);
	memory_destroy(memory);
}
END_TEST

START_TEST(an_access_crosses_pages)
{
	struct memory *memory = memory_create();
	unsigned char written[3 * 4096 + 100], read[sizeof(written)];

	for (size_t i = 0; i < sizeof(written); i++)
		written[i] = (unsigned char)(i * 7 + i / 256);
	memory_write(memory, 0x7fffffc3, written, sizeof(written));
	memory_read(memory, 0x7fffffc3, read, sizeof(read));
	ck_assert_mem_eq(read, written, sizeof(read));
	ck_assert_uint_eq(memory_page_count(memory), 5);
	ck_assert_uint_eq(memory_read64(memory, 0x7fffffb8), 0);
	memory_destroy(memory);
}
END_TEST

START_TEST(the_last_bytes_of_the_address_space_are_memory)
{
	struct memory *memory = memory_create();
	unsigned char byte = 0x5a;

	ck_assert(!memory_present(memory, UINT64_MAX));
	memory_write(memory, UINT64_MAX, &byte, 1);
	ck_assert_uint_eq(memory_read64(memory, UINT64_MAX - 7), UINT64_C(0x5a00000000000000));
	ck_assert(!memory_present(memory, 0));
	memory_destroy(memory);
}
END_TEST

START_TEST(an_exchange_happens_only_when_the_word_is_as_expected)
{
	struct memory *memory = memory_create();

	memory_write64(memory, 0x3000, 5);
	ck_assert(!memory_compare_exchange64(memory, 0x3000, 4, 9));
	ck_assert_uint_eq(memory_read64(memory, 0x3000), 5);
	ck_assert(memory_compare_exchange64(memory, 0x3000, 5, 9));
	ck_assert_uint_eq(memory_read64(memory, 0x3000), 9);
	ck_assert(!memory_compare_exchange64(memory, 0x8000, 1, 2));
	ck_assert(!memory_present(memory, 0x8000));
	memory_destroy(memory);
}
END_TEST

START_TEST(a_view_starts_at_its_offset)
{
	struct memory *memory = memory_create();
	struct memory_view guest = { memory, UINT64_C(0x4000000000) };
	struct memory_view physical = { memory, 0 };

	view_write64(guest, 0x1000, 77);
	ck_assert_uint_eq(memory_read64(memory, UINT64_C(0x4000001000)), 77);
	ck_assert_uint_eq(view_read64(guest, 0x1000), 77);
	ck_assert_uint_eq(view_read64(physical, 0x1000), 0);
	memory_destroy(memory);
}
END_TEST

/* Page numbers with equal low, middle and high bits, more than any first table holds. */
START_TEST(many_scattered_pages_keep_their_words)
{
	enum { PAGES = 20000 };
	struct memory *memory = memory_create();

	for (uint64_t i = 0; i < PAGES; i++)
		memory_write64(memory, (i % 100) << 12 | (i / 100) << 40 | (i & 0xff) << 3, ~i);
	ck_assert_uint_eq(memory_page_count(memory), PAGES);
	for (uint64_t i = 0; i < PAGES; i++)
		ck_assert_uint_eq(memory_read64(memory, (i % 100) << 12 | (i / 100) << 40 | (i & 0xff) << 3), ~i);
	ck_assert(!memory_present(memory, UINT64_C(100) << 12));
	memory_destroy(memory);
}
END_TEST

/* Tables half full in all sorts of ways: also such where a search runs over the end. */
/* Whatever power of two of pages the memory remembers by: neighbours of all distances are read and made in turn. */
START_TEST(pages_a_power_of_two_apart_are_told_apart)
{
	for (unsigned lg2 = PAGE_LG2; lg2 < 52; lg2++) {
		struct memory *memory = memory_create();
		phys_t near = 0x5000, far = near + (UINT64_C(1) << lg2);

		memory_write64(memory, near, 1);
		ck_assert_uint_eq(memory_read64(memory, far), 0);
		ck_assert(!memory_present(memory, far));
		memory_write64(memory, far, 2);
		for (unsigned turn = 0; turn < 3; turn++) {
			ck_assert_uint_eq(memory_read64(memory, near), 1);
			ck_assert_uint_eq(memory_read64(memory, far), 2);
		}
		memory_destroy(memory);
	}
}
END_TEST

START_TEST(a_few_pages_anywhere_keep_their_words)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		enum { PAGES = 128 };
		struct memory *memory = memory_create();
		phys_t address[PAGES];
		struct random random;

		random_init(&random, seed);
		for (size_t i = 0; i < PAGES; i++) {
			address[i] = random_next(&random) & ~UINT64_C(7);
			memory_write64(memory, address[i], ~address[i]);
		}
		for (size_t i = 0; i < PAGES; i++) {
			ck_assert_msg(memory_read64(memory, address[i]) == ~address[i], "seed %ju", (uintmax_t)seed);
			ck_assert_msg(!memory_present(memory, random_next(&random)), "seed %ju", (uintmax_t)seed);
		}
		memory_destroy(memory);
	}
}
END_TEST

enum { TWIN_PAGES = 16, TWIN_BYTES = TWIN_PAGES * 4096 };

struct twin {
	unsigned char bytes[TWIN_BYTES];
	bool present[TWIN_PAGES];
};

static void twin_write(struct twin *twin, size_t offset, const void *bytes, size_t count)
{
	memcpy(twin->bytes + offset, bytes, count);
	for (size_t at = offset; at < offset + count; at++)
		twin->present[at / 4096] = true;
}

static uint64_t twin_read64(const struct twin *twin, size_t offset)
{
	uint64_t word = 0;

	for (size_t i = 8; i-- > 0;)
		word = word << 8 | twin->bytes[offset + i];
	return word;
}

static void twin_write64(struct twin *twin, size_t offset, uint64_t word)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(word >> (8 * i));
	twin_write(twin, offset, bytes, 8);
}

/* One random access to both; false when they disagree. */
static bool one_step(struct memory *memory, struct twin *twin, phys_t base, struct random *random)
{
	size_t word = (size_t)random_below(random, TWIN_BYTES / 8) * 8;
	size_t offset = (size_t)random_below(random, TWIN_BYTES);
	size_t count = (size_t)random_below(random, random_below(random, 8) ? 64 : 3 * 4096);
	unsigned char bytes[3 * 4096];
	uint64_t value = random_next(random);

	if (count > TWIN_BYTES - offset)
		count = TWIN_BYTES - offset;
	switch (random_below(random, 5)) {
	case 0:
		memory_write64(memory, base + word, value);
		twin_write64(twin, word, value);
		return true;
	case 1:
		return memory_read64(memory, base + word) == twin_read64(twin, word);
	case 2:
		for (size_t i = 0; i < count; i++)
			bytes[i] = (unsigned char)(value >> (i % 57));
		memory_write(memory, base + offset, bytes, count);
		twin_write(twin, offset, bytes, count);
		return true;
	case 3:
		memory_read(memory, base + offset, bytes, count);
		return memcmp(bytes, twin->bytes + offset, count) == 0;
	default: {
		uint64_t expected = random_below(random, 2) ? twin_read64(twin, word) : value;
		bool equal = expected == twin_read64(twin, word);

		bool exchanged = memory_compare_exchange64(memory, base + word, expected, ~value);

		if (equal)
			twin_write64(twin, word, ~value);
		return exchanged == equal;
	}
	}
}

START_TEST(random_accesses_agree_with_an_array_of_bytes)
{
	static const phys_t bases[] = { 0, UINT64_C(0xfff8000), UINT64_C(0xffffffffff000000) };

	for (uint64_t seed = 1; seed <= 6; seed++) {
		phys_t base = bases[seed % 3];
		struct memory *memory = memory_create();
		struct twin twin = { 0 };
		size_t present = 0;
		struct random random;

		random_init(&random, seed);
		for (int step = 0; step < 3000; step++) {
			ck_assert_msg(one_step(memory, &twin, base, &random), "seed %ju step %d", (uintmax_t)seed,
				      step);
			if (step % 100)
				continue;
			for (size_t page = 0; page < TWIN_PAGES; page++)
				ck_assert_msg(memory_present(memory, base + page * 4096) == twin.present[page],
					      "seed %ju step %d page %zu", (uintmax_t)seed, step, page);
		}

		unsigned char all[TWIN_BYTES];

		memory_read(memory, base, all, sizeof(all));
		ck_assert_msg(memcmp(all, twin.bytes, sizeof(all)) == 0, "seed %ju", (uintmax_t)seed);
		for (size_t page = 0; page < TWIN_PAGES; page++)
			present += twin.present[page];
		ck_assert_uint_eq(memory_page_count(memory), present);
		memory_destroy(memory);
	}
}
END_TEST

static void put_record(unsigned char *record, uint64_t address, unsigned char fill)
{
	for (unsigned i = 0; i < 8; i++)
		record[i] = (unsigned char)(address >> (8 * i));
	memset(record + 8, fill, 4096);
}

START_TEST(a_snapshot_loads_its_pages)
{
	static unsigned char records[2 * RECORD_BYTES];
	struct memory *memory = memory_create();
	struct err err = { 0 };

	put_record(records, UINT64_C(0x123456000), 0x11);
	put_record(records + RECORD_BYTES, 0x7000, 0x22);
	ck_assert(memory_load_pages(memory, records, sizeof(records), &err));
	ck_assert_int_eq(err.kind, ERR_NONE);
	ck_assert_uint_eq(memory_page_count(memory), 2);
	ck_assert_uint_eq(memory_read64(memory, UINT64_C(0x123456ff8)), UINT64_C(0x1111111111111111));
	ck_assert_uint_eq(memory_read64(memory, 0x7000), UINT64_C(0x2222222222222222));
	ck_assert(memory_load_pages(memory, records, 0, &err));
	memory_destroy(memory);
}
END_TEST

START_TEST(a_cut_record_is_named_with_its_offset)
{
	static unsigned char records[2 * RECORD_BYTES];
	static const size_t cuts[] = { 1, 7, 8, 9, RECORD_BYTES - 1 };

	put_record(records, 0x1000, 1);
	put_record(records + RECORD_BYTES, 0x2000, 2);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct memory *memory = memory_create();
		struct err err = { 0 };

		ck_assert(!memory_load_pages(memory, records, RECORD_BYTES + cuts[i], &err));
		ck_assert_int_eq(err.kind, ERR_FILE);
		ck_assert_msg(strstr(err.text, "record 1 ") && strstr(err.text, "byte 4104"), "%s", err.text);
		ck_assert(!memory_present(memory, 0x2000));
		memory_destroy(memory);
	}
}
END_TEST

START_TEST(a_misaligned_page_address_is_named_with_its_offset)
{
	static unsigned char records[3 * RECORD_BYTES];
	struct memory *memory = memory_create();
	struct err err = { 0 };

	put_record(records, 0x1000, 1);
	put_record(records + RECORD_BYTES, 0x2000, 2);
	put_record(records + 2 * (size_t)RECORD_BYTES, 0x3008, 3);
	ck_assert(!memory_load_pages(memory, records, sizeof(records), &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_msg(strstr(err.text, "record 2 ") && strstr(err.text, "byte 8208") && strstr(err.text, "0x3008"),
		      "%s", err.text);
	memory_destroy(memory);
}
END_TEST

int main(void)
{
	return suite_run("memory", (const TTest *[]){
					   a_page_never_written_reads_as_zeros_and_is_absent,
					   a_page_written_with_zeros_is_present,
					   words_are_little_endian,
					   the_words_of_a_page_are_memory_itself,
					   an_access_crosses_pages,
					   the_last_bytes_of_the_address_space_are_memory,
					   an_exchange_happens_only_when_the_word_is_as_expected,
					   a_view_starts_at_its_offset,
					   many_scattered_pages_keep_their_words,
					   pages_a_power_of_two_apart_are_told_apart,
					   a_few_pages_anywhere_keep_their_words,
					   random_accesses_agree_with_an_array_of_bytes,
					   a_snapshot_loads_its_pages,
					   a_cut_record_is_named_with_its_offset,
					   a_misaligned_page_address_is_named_with_its_offset,
					   NULL,
				   });
}
