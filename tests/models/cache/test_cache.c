/* SPDX-License-Identifier: Apache-2.0 */
#include "models/cache/cache.h"

#include <string.h>

#include "models/base/units.h"
#include "tests/suite.h"

static struct cache *made(uint32_t entries, uint32_t ways, enum cache_replacement replacement)
{
	const struct cache_geometry geometry = { .entries = entries, .ways = ways, .replacement = replacement };

	ck_assert_ptr_null(cache_geometry_problem(&geometry));
	return cache_create(&geometry, 1);
}

static struct cache_key key_of(uint64_t number)
{
	return (struct cache_key){ { number * PAGE_BYTES, 9 } };
}

static void fill(struct cache *cache, uint64_t number)
{
	cache_fill(cache, key_of(number), (struct cache_value){ { number, ~number, 3, 4 } });
}

static bool holds(const struct cache *cache, uint64_t number)
{
	const struct cache_value *value = cache_peek(cache, key_of(number));

	if (value) {
		ck_assert_uint_eq(value->word[0], number);
		ck_assert_uint_eq(value->word[1], ~number);
		ck_assert_uint_eq(value->word[2], 3);
		ck_assert_uint_eq(value->word[3], 4);
	}
	return value != NULL;
}

/* A stamp written on hits only would make the fresh entry the next to leave. */
START_TEST(a_fill_makes_the_entry_the_newest)
{
	struct cache *cache = made(4, 4, CACHE_LRU);

	for (uint64_t number = 0; number < 4; number++)
		fill(cache, number);
	for (uint64_t number = 0; number < 4; number++)
		ck_assert_ptr_nonnull(cache_lookup(cache, key_of(number)));
	fill(cache, 4);
	fill(cache, 5);
	ck_assert(!holds(cache, 0));
	ck_assert(!holds(cache, 1));
	ck_assert(holds(cache, 2) && holds(cache, 3) && holds(cache, 4) && holds(cache, 5));
	cache_destroy(cache);
}
END_TEST

START_TEST(an_overwritten_entry_is_the_newest_and_no_second_one)
{
	for (int replacement = CACHE_LRU; replacement <= CACHE_FIFO; replacement++) {
		struct cache *cache = made(2, 2, (enum cache_replacement)replacement);

		fill(cache, 0);
		fill(cache, 1);
		cache_fill(cache, key_of(0), (struct cache_value){ { 55 } });
		ck_assert_uint_eq(cache_occupancy(cache), 2);
		ck_assert_uint_eq(cache_peek(cache, key_of(0))->word[0], 55);
		fill(cache, 2);
		ck_assert_ptr_nonnull(cache_peek(cache, key_of(0)));
		ck_assert(!holds(cache, 1));
		cache_destroy(cache);
	}
}
END_TEST

START_TEST(a_hit_makes_the_entry_the_newest)
{
	struct cache *cache = made(3, 3, CACHE_LRU);

	for (uint64_t number = 0; number < 3; number++)
		fill(cache, number);
	ck_assert_ptr_nonnull(cache_lookup(cache, key_of(0)));
	fill(cache, 3);
	ck_assert(holds(cache, 0));
	ck_assert(!holds(cache, 1));
	cache_destroy(cache);
}
END_TEST

START_TEST(under_fifo_a_hit_changes_no_order)
{
	struct cache *cache = made(3, 3, CACHE_FIFO);

	for (uint64_t number = 0; number < 3; number++)
		fill(cache, number);
	ck_assert_ptr_nonnull(cache_lookup(cache, key_of(0)));
	fill(cache, 3);
	ck_assert(!holds(cache, 0));
	ck_assert(holds(cache, 1));
	cache_destroy(cache);
}
END_TEST

START_TEST(a_peek_changes_neither_order_nor_counts)
{
	struct cache *cache = made(2, 2, CACHE_LRU);

	fill(cache, 0);
	fill(cache, 1);
	ck_assert(holds(cache, 0));
	ck_assert(!holds(cache, 7));
	ck_assert_uint_eq(cache_stats(cache)->hits, 0);
	ck_assert_uint_eq(cache_stats(cache)->misses, 0);
	fill(cache, 2);
	ck_assert(!holds(cache, 0));
	cache_destroy(cache);
}
END_TEST

START_TEST(an_invalidation_finds_what_a_lookup_finds)
{
	static const struct {
		uint32_t entries, ways;
	} geometries[] = { { 64, 1 }, { 64, 4 }, { 120, 120 }, { 512, 8 }, { 96, 3 } };

	for (size_t i = 0; i < sizeof(geometries) / sizeof(geometries[0]); i++) {
		struct cache *cache = made(geometries[i].entries, geometries[i].ways, CACHE_LRU);
		uint64_t numbers = 2 * geometries[i].entries;
		size_t found = 0;

		for (uint64_t number = 0; number < numbers; number++)
			fill(cache, number);
		for (uint64_t number = 0; number < numbers; number++) {
			bool hit = cache_lookup(cache, key_of(number)) != NULL;

			ck_assert(cache_invalidate(cache, key_of(number)) == hit);
			ck_assert_ptr_null(cache_lookup(cache, key_of(number)));
			ck_assert(!cache_invalidate(cache, key_of(number)));
			found += hit;
		}
		ck_assert_uint_eq(cache_occupancy(cache), 0);
		ck_assert_uint_eq(cache_stats(cache)->invalidated, found);
		ck_assert_uint_gt(found, 0);
		cache_destroy(cache);
	}
}
END_TEST

START_TEST(an_empty_slot_is_filled_before_anything_leaves)
{
	for (int replacement = CACHE_LRU; replacement <= CACHE_RANDOM; replacement++) {
		struct cache *cache = made(8, 8, (enum cache_replacement)replacement);

		for (uint64_t number = 0; number < 8; number++)
			fill(cache, number);
		ck_assert(cache_invalidate(cache, key_of(5)));
		ck_assert(cache_invalidate(cache, key_of(7)));
		fill(cache, 8);
		fill(cache, 9);
		ck_assert_uint_eq(cache_stats(cache)->evictions, 0);
		ck_assert_uint_eq(cache_occupancy(cache), 8);
		fill(cache, 10);
		ck_assert_uint_eq(cache_stats(cache)->evictions, 1);
		ck_assert_uint_eq(cache_occupancy(cache), 8);
		cache_destroy(cache);
	}
}
END_TEST

/* The owner's convention: the key of a page is its aligned address and its size. */
static struct cache_key page_key(iova_t iova, unsigned page_lg2)
{
	return (struct cache_key){ { iova >> page_lg2 << page_lg2 | page_lg2, 0 } };
}

START_TEST(pages_of_all_sizes_at_one_address_are_entries_of_their_own)
{
	static const unsigned sizes_lg2[] = { 12, 21, 30 };
	const iova_t iova = UINT64_C(0x40000000); /* aligned to each size */
	struct cache *cache = made(64, 4, CACHE_LRU);

	for (int i = 0; i < 3; i++)
		cache_fill(cache, page_key(iova, sizes_lg2[i]), (struct cache_value){ { sizes_lg2[i] } });
	ck_assert_uint_eq(cache_occupancy(cache), 3);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(cache_lookup(cache, page_key(iova + 0x123, sizes_lg2[i]))->word[0], sizes_lg2[i]);
	ck_assert_uint_eq(cache_lookup(cache, page_key(iova + 0x1ff000, 21))->word[0], 21);
	ck_assert_ptr_null(cache_lookup(cache, page_key(iova + 0x1000, 12)));
	ck_assert(cache_invalidate(cache, page_key(iova, 21)));
	ck_assert_ptr_nonnull(cache_lookup(cache, page_key(iova, 12)));
	ck_assert_ptr_nonnull(cache_lookup(cache, page_key(iova, 30)));
	cache_destroy(cache);
}
END_TEST

START_TEST(both_words_of_the_key_count)
{
	struct cache *cache = made(256, 256, CACHE_LRU);

	cache_fill(cache, (struct cache_key){ { 1, 2 } }, (struct cache_value){ { 12 } });
	cache_fill(cache, (struct cache_key){ { 2, 1 } }, (struct cache_value){ { 21 } });
	cache_fill(cache, (struct cache_key){ { 1, 1 } }, (struct cache_value){ { 11 } });
	ck_assert_uint_eq(cache_lookup(cache, (struct cache_key){ { 1, 2 } })->word[0], 12);
	ck_assert_uint_eq(cache_lookup(cache, (struct cache_key){ { 2, 1 } })->word[0], 21);
	ck_assert_uint_eq(cache_lookup(cache, (struct cache_key){ { 1, 1 } })->word[0], 11);
	ck_assert_ptr_null(cache_lookup(cache, (struct cache_key){ { 2, 2 } }));
	cache_destroy(cache);
}
END_TEST

/* Of two keys one bit apart 1 pair in 64 shares a set by chance: 8 of 512; a bit left out of the hash makes it 512. */
START_TEST(every_bit_of_the_key_chooses_the_set)
{
	struct cache *cache = made(64, 1, CACHE_LRU);
	struct random random;

	random_init(&random, 4);
	for (unsigned bit = 0; bit < 128; bit++) {
		unsigned shared = 0;

		for (int i = 0; i < 512; i++) {
			struct cache_key key = { { random_next(&random), random_next(&random) } };
			struct cache_key other = key;

			other.word[bit / 64] ^= UINT64_C(1) << bit % 64;
			cache_fill(cache, key, (struct cache_value){ { 0 } });
			cache_fill(cache, other, (struct cache_value){ { 0 } });
			shared += cache_peek(cache, key) == NULL;
		}
		ck_assert_msg(shared < 40, "bit %u: %u of 512 pairs share a set", bit, shared);
	}
	cache_destroy(cache);
}
END_TEST

/* Pages in a row, as drivers map them, of 16 tenants: a quarter of the capacity must not crowd 8 ways. */
START_TEST(pages_in_a_row_spread_over_the_sets)
{
	struct cache *cache = made(4096, 8, CACHE_LRU);

	for (uint64_t tenant = 0; tenant < 16; tenant++)
		for (uint64_t page = 0; page < 64; page++)
			cache_fill(cache, (struct cache_key){ { page * PAGE_BYTES, tenant } },
				   (struct cache_value){ { 0 } });
	ck_assert_uint_le(cache_stats(cache)->evictions, 5);
	cache_destroy(cache);
}
END_TEST

START_TEST(a_fully_associative_cache_of_120_holds_any_120_keys)
{
	struct cache *cache = made(120, 120, CACHE_LRU);

	for (uint64_t number = 0; number < 120; number++)
		fill(cache, number << 20);
	ck_assert_uint_eq(cache_occupancy(cache), 120);
	ck_assert_uint_eq(cache_stats(cache)->evictions, 0);
	for (uint64_t number = 0; number < 120; number++)
		ck_assert(holds(cache, number << 20));
	fill(cache, 1);
	ck_assert(!holds(cache, 0));
	ck_assert_uint_eq(cache_occupancy(cache), 120);
	cache_destroy(cache);
}
END_TEST

static bool is_even(struct cache_key key, const struct cache_value *value, const void *argument)
{
	size_t *asked = *(size_t *const *)argument;

	++*asked;
	ck_assert_uint_eq(key.word[0], value->word[0] * PAGE_BYTES);
	return value->word[0] % 2 == 0;
}

START_TEST(a_selective_invalidation_asks_once_for_each_entry)
{
	struct cache *cache = made(128, 4, CACHE_LRU);
	size_t asked = 0, *argument = &asked, resident = 0, even = 0;

	for (uint64_t number = 0; number < 100; number++)
		fill(cache, number);
	for (uint64_t number = 0; number < 100; number++)
		if (holds(cache, number)) {
			resident++;
			even += number % 2 == 0;
		}
	ck_assert_uint_eq(cache_invalidate_if(cache, is_even, &argument), even);
	ck_assert_uint_eq(asked, resident);
	ck_assert_uint_eq(cache_occupancy(cache), resident - even);
	for (uint64_t number = 0; number < 100; number += 2)
		ck_assert(!holds(cache, number));
	cache_destroy(cache);
}
END_TEST

START_TEST(a_global_invalidation_empties_the_cache)
{
	struct cache *cache = made(64, 4, CACHE_LRU);

	for (uint64_t number = 0; number < 200; number++)
		fill(cache, number);

	size_t resident = cache_occupancy(cache);

	ck_assert_uint_gt(resident, 0);
	ck_assert_uint_eq(cache_invalidate_all(cache), resident);
	ck_assert_uint_eq(cache_invalidate_all(cache), 0);
	ck_assert_uint_eq(cache_occupancy(cache), 0);
	for (uint64_t number = 0; number < 200; number++)
		ck_assert(!holds(cache, number));
	fill(cache, 3);
	ck_assert(holds(cache, 3));
	cache_destroy(cache);
}
END_TEST

START_TEST(a_cache_of_0_entries_always_misses)
{
	struct cache *cache = made(0, 0, CACHE_LRU);

	fill(cache, 1);
	ck_assert_ptr_null(cache_lookup(cache, key_of(1)));
	ck_assert_ptr_null(cache_peek(cache, key_of(1)));
	ck_assert(!cache_invalidate(cache, key_of(1)));
	ck_assert_uint_eq(cache_invalidate_all(cache), 0);
	ck_assert_uint_eq(cache_occupancy(cache), 0);
	ck_assert_uint_eq(cache_stats(cache)->misses, 1);
	ck_assert_uint_eq(cache_stats(cache)->fills, 0);
	cache_destroy(cache);
}
END_TEST

START_TEST(an_impossible_geometry_is_named)
{
	static const struct {
		struct cache_geometry geometry;
		const char *problem;
	} cases[] = {
		{ { .entries = 64, .ways = 0, .replacement = CACHE_LRU }, "ways must be at least 1" },
		{ { .entries = 64, .ways = 3, .replacement = CACHE_LRU }, "ways must divide entries" },
		{ { .entries = 64, .ways = 128, .replacement = CACHE_LRU }, "ways must divide entries" },
		{ { .entries = 96, .ways = 8, .replacement = CACHE_LRU }, "entries / ways must be a power of two" },
		{ { .entries = UINT32_C(1) << 31, .ways = 8, .replacement = CACHE_LRU },
		  "entries must be at most 16777216" },
		{ { .entries = 64, .ways = 8, .replacement = (enum cache_replacement)3 },
		  "replacement must be lru, fifo or random" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_pstr_eq(cache_geometry_problem(&cases[i].geometry), cases[i].problem);
	ck_assert_ptr_null(cache_geometry_problem(
		&(struct cache_geometry){ .entries = 96, .ways = 3, .replacement = CACHE_FIFO }));
	ck_assert_ptr_null(cache_geometry_problem(
		&(struct cache_geometry){ .entries = 1, .ways = 1, .replacement = CACHE_RANDOM }));
}
END_TEST

START_TEST(entries_of_one_partition_do_not_push_out_those_of_another)
{
	for (int replacement = CACHE_LRU; replacement <= CACHE_RANDOM; replacement++) {
		const struct cache_geometry geometry = {
			.entries = 32, .ways = 4, .replacement = (enum cache_replacement)replacement, .partitions = 4
		};
		struct cache *cache = cache_create(&geometry, 1);

		/* A partition has 2 sets of 4 ways: two entries of each of four tags fit, whatever their sets are. */
		for (uint64_t tag = 0; tag < 4; tag++)
			for (uint64_t number = 0; number < 2; number++)
				cache_fill(cache, (struct cache_key){ { number, 16 + tag } },
					   (struct cache_value){ { tag } });
		for (uint64_t number = 0; number < 1000; number++)
			cache_fill(cache, (struct cache_key){ { number, 17 } }, (struct cache_value){ { 1 } });
		for (uint64_t tag = 0; tag < 4; tag++)
			for (uint64_t number = 0; number < 2 && tag != 1; number++)
				ck_assert_ptr_nonnull(cache_peek(cache, (struct cache_key){ { number, 16 + tag } }));
		ck_assert_uint_eq(cache_occupancy(cache), 6 + 8); /* the busy tag fills its quarter and no more */
		cache_destroy(cache);
	}
}
END_TEST

START_TEST(impossible_partitions_are_told)
{
	ck_assert_str_eq(cache_geometry_problem(&(struct cache_geometry){
				 .entries = 64, .ways = 4, .replacement = CACHE_LRU, .partitions = 3 }),
			 "partitions must be a power of two");
	ck_assert_str_eq(cache_geometry_problem(&(struct cache_geometry){
				 .entries = 64, .ways = 4, .replacement = CACHE_LRU, .partitions = 32 }),
			 "partitions must be at most entries / ways");
	ck_assert_ptr_null(cache_geometry_problem(
		&(struct cache_geometry){ .entries = 64, .ways = 4, .replacement = CACHE_LRU, .partitions = 16 }));
}
END_TEST

int main(void)
{
	return suite_run("cache", (const TTest *[]){
					  a_fill_makes_the_entry_the_newest,
					  an_overwritten_entry_is_the_newest_and_no_second_one,
					  a_hit_makes_the_entry_the_newest,
					  under_fifo_a_hit_changes_no_order,
					  a_peek_changes_neither_order_nor_counts,
					  an_invalidation_finds_what_a_lookup_finds,
					  an_empty_slot_is_filled_before_anything_leaves,
					  pages_of_all_sizes_at_one_address_are_entries_of_their_own,
					  both_words_of_the_key_count,
					  every_bit_of_the_key_chooses_the_set,
					  pages_in_a_row_spread_over_the_sets,
					  a_fully_associative_cache_of_120_holds_any_120_keys,
					  a_selective_invalidation_asks_once_for_each_entry,
					  a_global_invalidation_empties_the_cache,
					  a_cache_of_0_entries_always_misses,
					  an_impossible_geometry_is_named,
					  entries_of_one_partition_do_not_push_out_those_of_another,
					  impossible_partitions_are_told,
					  NULL,
				  });
}
