/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations on a cache and on its brute-force twin: a list of entries with stamps, searched from end to end.
 * Which keys share a set the twin learns from a direct-mapped cache with as many sets: there, of two keys of one set
 * the second expels the first.
 */
#include <string.h>

#include "models/cache/cache.h"
#include "tests/suite.h"

#define KEYS  400u
#define STEPS 8000u

struct twin_entry {
	bool valid;
	uint64_t word;
	uint64_t stamp;
};

struct twin {
	struct cache_geometry geometry;
	unsigned set_of[KEYS];
	struct twin_entry entry[KEYS];
	uint64_t now;
	struct cache_stats stats;
	uint64_t seed;
	unsigned step;
};

/* Cache and twin agree that this is so. */
#define AGREE(twin, condition) \
	ck_assert_msg(condition, "%s: %u/%u replacement %d seed %ju step %u", #condition, (twin)->geometry.entries, \
		      (twin)->geometry.ways, (int)(twin)->geometry.replacement, (uintmax_t)(twin)->seed, (twin)->step)

static struct cache_key key_of(unsigned number)
{
	return (struct cache_key){ { UINT64_C(0xfee00000) + (number / 4) * UINT64_C(4096), number % 4 } };
}

/* The name of a set is its first key. */
static void learn_sets(struct twin *twin)
{
	uint32_t sets = twin->geometry.entries / twin->geometry.ways;
	struct cache *probe =
		cache_create(&(struct cache_geometry){ .entries = sets, .ways = 1, .replacement = CACHE_LRU }, 1);

	for (unsigned number = 0; number < KEYS; number++) {
		twin->set_of[number] = number;
		for (unsigned first = 0; first < number && twin->set_of[number] == number; first++) {
			if (twin->set_of[first] != first)
				continue;
			cache_invalidate_all(probe);
			cache_fill(probe, key_of(first), (struct cache_value){ { 0 } });
			cache_fill(probe, key_of(number), (struct cache_value){ { 0 } });
			if (cache_occupancy(probe) == 1)
				twin->set_of[number] = first;
		}
	}
	cache_destroy(probe);
}

static size_t twin_occupancy(const struct twin *twin)
{
	size_t count = 0;

	for (unsigned number = 0; number < KEYS; number++)
		count += twin->entry[number].valid;
	return count;
}

/* Which key leaves the full set of number: KEYS when the set is not full. */
static unsigned twin_victim(const struct twin *twin, unsigned number)
{
	unsigned oldest = KEYS;
	size_t in_set = 0;

	for (unsigned other = 0; other < KEYS; other++) {
		if (!twin->entry[other].valid || twin->set_of[other] != twin->set_of[number])
			continue;
		in_set++;
		if (oldest == KEYS || twin->entry[other].stamp < twin->entry[oldest].stamp)
			oldest = other;
	}
	return in_set == twin->geometry.ways ? oldest : KEYS;
}

/* Under random replacement the cache chooses: the one key of the set that it no longer holds. */
static unsigned chosen_victim(const struct twin *twin, const struct cache *cache, unsigned number)
{
	unsigned victim = KEYS;

	for (unsigned other = 0; other < KEYS; other++)
		if (twin->entry[other].valid && !cache_peek(cache, key_of(other))) {
			AGREE(twin, victim == KEYS);
			AGREE(twin, twin->set_of[other] == twin->set_of[number]);
			victim = other;
		}
	AGREE(twin, victim != KEYS);
	return victim;
}

static void step_fill(struct twin *twin, struct cache *cache, unsigned number, uint64_t word)
{
	struct twin_entry *entry = &twin->entry[number];

	cache_fill(cache, key_of(number), (struct cache_value){ { word, number } });
	twin->stats.fills++;
	if (!entry->valid && twin_victim(twin, number) != KEYS) {
		unsigned victim = twin->geometry.replacement == CACHE_RANDOM ? chosen_victim(twin, cache, number)
									     : twin_victim(twin, number);

		twin->entry[victim].valid = false;
		twin->stats.evictions++;
	}
	*entry = (struct twin_entry){ .valid = true, .word = word, .stamp = ++twin->now };
}

static void step_lookup(struct twin *twin, struct cache *cache, unsigned number)
{
	struct twin_entry *entry = &twin->entry[number];
	const struct cache_value *value = cache_lookup(cache, key_of(number));

	AGREE(twin, (value != NULL) == entry->valid);
	if (!value) {
		twin->stats.misses++;
		return;
	}
	twin->stats.hits++;
	AGREE(twin, value->word[0] == entry->word && value->word[1] == number);
	if (twin->geometry.replacement == CACHE_LRU)
		entry->stamp = ++twin->now;
}

static bool word_below(struct cache_key key, const struct cache_value *value, const void *argument)
{
	(void)key;
	return value->word[0] < *(const uint64_t *)argument;
}

static void step_invalidate(struct twin *twin, struct cache *cache, struct random *random, unsigned number)
{
	uint64_t kind = random_below(random, 40);
	uint64_t bound = kind == 0 ? UINT64_MAX : UINT64_MAX / 8;
	size_t removed = 0;

	if (kind > 1) {
		AGREE(twin, cache_invalidate(cache, key_of(number)) == twin->entry[number].valid);
		twin->stats.invalidated += twin->entry[number].valid;
		twin->entry[number].valid = false;
		return;
	}
	for (unsigned other = 0; other < KEYS; other++)
		if (twin->entry[other].valid && twin->entry[other].word < bound) {
			twin->entry[other].valid = false;
			removed++;
		}
	AGREE(twin,
	      removed == (kind == 0 ? cache_invalidate_all(cache) : cache_invalidate_if(cache, word_below, &bound)));
	twin->stats.invalidated += removed;
}

static void run(struct cache_geometry geometry, uint64_t seed)
{
	static struct twin twin;
	struct cache *cache = cache_create(&geometry, seed);
	struct random random;

	twin = (struct twin){ .geometry = geometry, .seed = seed };
	learn_sets(&twin);
	random_init(&random, seed);
	for (twin.step = 0; twin.step < STEPS; twin.step++) {
		/* Half of the steps stay within an eighth of the keys, so that there are hits in any geometry. */
		unsigned number = (unsigned)random_below(&random, random_below(&random, 2) ? KEYS : KEYS / 8);
		uint64_t kind = random_below(&random, 100);

		if (kind < 35)
			step_fill(&twin, cache, number, random_next(&random) >> 1);
		else if (kind < 95)
			step_lookup(&twin, cache, number);
		else
			step_invalidate(&twin, cache, &random, number);
		AGREE(&twin, cache_occupancy(cache) == twin_occupancy(&twin));
	}
	AGREE(&twin, memcmp(cache_stats(cache), &twin.stats, sizeof(twin.stats)) == 0);
	AGREE(&twin, twin.stats.hits > 0 && twin.stats.evictions > 0);
	cache_destroy(cache);
}

static void run_all(enum cache_replacement replacement)
{
	static const struct {
		uint32_t entries, ways;
	} shapes[] = { { 1, 1 }, { 32, 1 }, { 16, 2 }, { 64, 4 }, { 96, 3 }, { 64, 16 }, { 120, 120 } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		run((struct cache_geometry){ .entries = shapes[i].entries,
					     .ways = shapes[i].ways,
					     .replacement = replacement },
		    100 + i);
}

START_TEST(lru_agrees_with_its_twin)
{
	run_all(CACHE_LRU);
}
END_TEST

START_TEST(fifo_agrees_with_its_twin)
{
	run_all(CACHE_FIFO);
}
END_TEST

START_TEST(random_replacement_evicts_one_entry_of_the_set_filled)
{
	run_all(CACHE_RANDOM);
}
END_TEST

static uint64_t survivors(uint64_t seed)
{
	struct cache *cache =
		cache_create(&(struct cache_geometry){ .entries = 32, .ways = 32, .replacement = CACHE_RANDOM }, seed);
	uint64_t mask = 0;

	for (unsigned number = 0; number < 64; number++)
		cache_fill(cache, key_of(number), (struct cache_value){ { 0 } });
	for (unsigned number = 0; number < 64; number++)
		mask |= (uint64_t)(cache_peek(cache, key_of(number)) != NULL) << number;
	cache_destroy(cache);
	return mask;
}

START_TEST(random_replacement_depends_on_the_seed_alone)
{
	ck_assert_uint_eq(survivors(1), survivors(1));
	ck_assert_uint_ne(survivors(1), survivors(2));
}
END_TEST

/* 30,000 evictions from 8 ways: 3,750 each, with a standard deviation of 57. */
START_TEST(random_replacement_takes_every_way_equally_often)
{
	struct cache *cache =
		cache_create(&(struct cache_geometry){ .entries = 8, .ways = 8, .replacement = CACHE_RANDOM }, 3);
	unsigned lived[8] = { 0 }; /* by the way that the key got: the way of the key it replaced */
	unsigned key_in_way[8];

	for (unsigned way = 0; way < 8; way++) {
		key_in_way[way] = way;
		cache_fill(cache, key_of(way), (struct cache_value){ { 0 } });
	}
	for (unsigned number = 8; number < 30008; number++) {
		cache_fill(cache, key_of(number), (struct cache_value){ { 0 } });
		for (unsigned way = 0; way < 8; way++)
			if (!cache_peek(cache, key_of(key_in_way[way]))) {
				lived[way]++;
				key_in_way[way] = number;
			}
	}
	for (unsigned way = 0; way < 8; way++)
		ck_assert_msg(lived[way] > 3450 && lived[way] < 4050, "way %u left %u times", way, lived[way]);
	cache_destroy(cache);
}
END_TEST

int main(void)
{
	return suite_run("cache twin", (const TTest *[]){
					       lru_agrees_with_its_twin,
					       fifo_agrees_with_its_twin,
					       random_replacement_evicts_one_entry_of_the_set_filled,
					       random_replacement_depends_on_the_seed_alone,
					       random_replacement_takes_every_way_equally_often,
					       NULL,
				       });
}
