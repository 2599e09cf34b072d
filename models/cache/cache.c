/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two structures over one array of slots, [sets][ways], row-major:
 *
 * - An index (open addressing, linear probing, at most half full) from the key's hash to the slot, so that a lookup
 *   costs the same in a direct-mapped and in a fully associative cache.
 * - For every set a ring of its ways from newest to oldest.  Invalid slots always lie behind the valid ones, so that
 *   the oldest slot is the one to fill, whether it is empty or has to leave.
 */
#include "models/cache/cache.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "models/base/units.h"

#define ENTRIES_MAX (UINT32_C(1) << 24)

struct slot {
	struct cache_key key;
	struct cache_value value;
};

struct links {
	uint32_t newer, older; /* a ring: the oldest is newer than none and follows as the newest's newer */
};

struct bucket {
	uint32_t hash;
	uint32_t slot_plus_1; /* 0: empty */
};

struct cache {
	struct cache_stats stats;
	struct bucket *index;
	unsigned index_lg2;
	uint32_t set_mask;
	uint32_t ways;
	enum cache_replacement replacement;
	struct slot *slots;
	struct links *links;
	uint32_t *newest; /* of each set */
	bool *valid;
	uint32_t entries;
	uint32_t occupancy;
	struct random random;
};

const char *cache_geometry_problem(const struct cache_geometry *geometry)
{
	if (geometry->replacement > CACHE_RANDOM)
		return "replacement must be lru, fifo or random";
	if (geometry->entries == 0)
		return NULL;
	if (geometry->entries > ENTRIES_MAX)
		return "entries must be at most 16777216";
	if (geometry->ways == 0)
		return "ways must be at least 1";
	if (geometry->entries % geometry->ways != 0)
		return "ways must divide entries";

	uint32_t sets = geometry->entries / geometry->ways;

	if ((sets & (sets - 1)) != 0)
		return "entries / ways must be a power of two";
	return NULL;
}

static void *zeroed(size_t count, size_t size)
{
	void *bytes = calloc(count, size);

	REQUIRE(bytes);
	return bytes;
}

struct cache *cache_create(const struct cache_geometry *geometry, uint64_t seed)
{
	REQUIRE(!cache_geometry_problem(geometry));

	struct cache *cache = zeroed(1, sizeof(*cache));
	uint32_t entries = geometry->entries;
	uint32_t sets = entries ? entries / geometry->ways : 1;

	cache->entries = entries;
	cache->ways = entries ? geometry->ways : 0;
	cache->set_mask = sets - 1;
	cache->replacement = geometry->replacement;
	random_init(&cache->random, seed);
	cache->index_lg2 = 1;
	while ((UINT32_C(1) << cache->index_lg2) < 2 * entries)
		cache->index_lg2++;
	cache->index = zeroed((size_t)1 << cache->index_lg2, sizeof(*cache->index));
	if (entries == 0)
		return cache;

	cache->slots = zeroed(entries, sizeof(*cache->slots));
	cache->links = zeroed(entries, sizeof(*cache->links));
	cache->valid = zeroed(entries, sizeof(*cache->valid));
	cache->newest = zeroed(sets, sizeof(*cache->newest));
	for (uint32_t set = 0; set < sets; set++) {
		uint32_t first = set * cache->ways;
		uint32_t last = first + cache->ways - 1;

		/* The first way is the oldest: the first to be filled. */
		for (uint32_t slot = first; slot <= last; slot++)
			cache->links[slot] = (struct links){ .newer = slot == last ? first : slot + 1,
							     .older = slot == first ? last : slot - 1 };
		cache->newest[set] = last;
	}
	return cache;
}

void cache_destroy(struct cache *cache)
{
	if (!cache)
		return;
	free(cache->newest);
	free(cache->valid);
	free(cache->links);
	free(cache->slots);
	free(cache->index);
	free(cache);
}

/* Folded product of both words: low half for the set, high half for the index. */
static uint64_t key_hash(struct cache_key key)
{
	u128_t product = (u128_t)(key.word[0] ^ UINT64_C(0x9e3779b97f4a7c15)) *
				    (key.word[1] ^ UINT64_C(0xd1b54a32d192ed03));
	uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);

	return folded * UINT64_C(0xaef17502108ef2d9);
}

static uint32_t set_of(const struct cache *cache, uint32_t slot)
{
	return slot / cache->ways;
}

/* Where in the index a hash belongs. */
static uint32_t home_of(const struct cache *cache, uint32_t hash)
{
	return hash >> (32 - cache->index_lg2);
}

static uint32_t after(const struct cache *cache, uint32_t at)
{
	return (at + 1) & ((UINT32_C(1) << cache->index_lg2) - 1);
}

/* The bucket of a key, or the empty one where its probe ends. */
static struct bucket *index_find(const struct cache *cache, struct cache_key key, uint64_t hash)
{
	uint32_t high = (uint32_t)(hash >> 32);

	for (uint32_t at = home_of(cache, high);; at = after(cache, at)) {
		struct bucket *bucket = &cache->index[at];

		if (bucket->slot_plus_1 == 0)
			return bucket;
		if (bucket->hash != high)
			continue;

		const struct cache_key *other = &cache->slots[bucket->slot_plus_1 - 1].key;

		if (other->word[0] == key.word[0] && other->word[1] == key.word[1])
			return bucket;
	}
}

/* Empties a bucket and moves back what had to probe past it. */
static void index_remove(struct cache *cache, struct bucket *bucket)
{
	uint32_t mask = (UINT32_C(1) << cache->index_lg2) - 1;
	uint32_t hole = (uint32_t)(bucket - cache->index);

	for (uint32_t at = after(cache, hole); cache->index[at].slot_plus_1; at = after(cache, at)) {
		uint32_t distance = (at - home_of(cache, cache->index[at].hash)) & mask;

		if (distance >= ((at - hole) & mask)) {
			cache->index[hole] = cache->index[at];
			hole = at;
		}
	}
	cache->index[hole] = (struct bucket){ 0 };
}

static void unlink_slot(struct cache *cache, uint32_t slot)
{
	struct links own = cache->links[slot];

	cache->links[own.newer].older = own.older;
	cache->links[own.older].newer = own.newer;
}

/* Links a slot between the oldest of a ring and its newest. */
static void link_at_seam(struct cache *cache, uint32_t slot, uint32_t newest)
{
	uint32_t oldest = cache->links[newest].newer;

	cache->links[slot] = (struct links){ .newer = oldest, .older = newest };
	cache->links[oldest].older = slot;
	cache->links[newest].newer = slot;
}

static void make_newest(struct cache *cache, uint32_t set, uint32_t slot)
{
	uint32_t newest = cache->newest[set];

	if (slot == newest)
		return;
	/* The oldest becomes the newest by turning the ring; any other is moved to the seam first. */
	if (slot != cache->links[newest].newer) {
		unlink_slot(cache, slot);
		link_at_seam(cache, slot, newest);
	}
	cache->newest[set] = slot;
}

static void make_oldest(struct cache *cache, uint32_t set, uint32_t slot)
{
	make_newest(cache, set, slot);
	cache->newest[set] = cache->links[slot].older;
}

const struct cache_value *cache_peek(const struct cache *cache, struct cache_key key)
{
	const struct bucket *bucket = index_find(cache, key, key_hash(key));

	return bucket->slot_plus_1 ? &cache->slots[bucket->slot_plus_1 - 1].value : NULL;
}

const struct cache_value *cache_lookup(struct cache *cache, struct cache_key key)
{
	uint64_t hash = key_hash(key);
	const struct bucket *bucket = index_find(cache, key, hash);

	if (bucket->slot_plus_1 == 0) {
		cache->stats.misses++;
		return NULL;
	}

	uint32_t slot = bucket->slot_plus_1 - 1;

	cache->stats.hits++;
	if (cache->replacement == CACHE_LRU)
		make_newest(cache, (uint32_t)hash & cache->set_mask, slot);
	return &cache->slots[slot].value;
}

/* The slot of a set to fill: an empty one if there is any. */
static uint32_t slot_to_fill(struct cache *cache, uint32_t set)
{
	uint32_t oldest = cache->links[cache->newest[set]].newer;

	if (cache->valid[oldest] && cache->replacement == CACHE_RANDOM)
		return set * cache->ways + (uint32_t)random_below(&cache->random, cache->ways);
	return oldest;
}

void cache_fill(struct cache *cache, struct cache_key key, struct cache_value value)
{
	if (cache->entries == 0)
		return;

	uint64_t hash = key_hash(key);
	uint32_t set = (uint32_t)hash & cache->set_mask;
	struct bucket *bucket = index_find(cache, key, hash);
	uint32_t slot;

	cache->stats.fills++;
	if (bucket->slot_plus_1) {
		slot = bucket->slot_plus_1 - 1;
	} else {
		slot = slot_to_fill(cache, set);
		if (cache->valid[slot]) {
			struct cache_key leaving = cache->slots[slot].key;

			cache->stats.evictions++;
			index_remove(cache, index_find(cache, leaving, key_hash(leaving)));
			bucket = index_find(cache, key, hash);
		} else {
			cache->valid[slot] = true;
			cache->occupancy++;
		}
		*bucket = (struct bucket){ .hash = (uint32_t)(hash >> 32), .slot_plus_1 = slot + 1 };
		cache->slots[slot].key = key;
	}
	cache->slots[slot].value = value;
	make_newest(cache, set, slot);
}

static void invalidate_bucket(struct cache *cache, struct bucket *bucket)
{
	uint32_t slot = bucket->slot_plus_1 - 1;

	index_remove(cache, bucket);
	make_oldest(cache, set_of(cache, slot), slot);
	cache->valid[slot] = false;
	cache->occupancy--;
	cache->stats.invalidated++;
}

bool cache_invalidate(struct cache *cache, struct cache_key key)
{
	struct bucket *bucket = index_find(cache, key, key_hash(key));

	if (bucket->slot_plus_1 == 0)
		return false;
	invalidate_bucket(cache, bucket);
	return true;
}

size_t cache_invalidate_if(struct cache *cache,
			   bool (*matches)(struct cache_key key, const struct cache_value *value, const void *argument),
			   const void *argument)
{
	size_t removed = 0;
	uint32_t unseen = cache->occupancy;

	for (uint32_t slot = 0; unseen > 0; slot++) {
		struct cache_key key = cache->slots[slot].key;

		if (!cache->valid[slot])
			continue;
		unseen--;
		if (matches(key, &cache->slots[slot].value, argument)) {
			invalidate_bucket(cache, index_find(cache, key, key_hash(key)));
			removed++;
		}
	}
	return removed;
}

size_t cache_invalidate_all(struct cache *cache)
{
	size_t removed = cache->occupancy;

	if (removed == 0)
		return 0;
	memset(cache->index, 0, sizeof(*cache->index) << cache->index_lg2);
	memset(cache->valid, 0, cache->entries * sizeof(*cache->valid));
	cache->occupancy = 0;
	cache->stats.invalidated += removed;
	return removed;
}

size_t cache_occupancy(const struct cache *cache)
{
	return cache->occupancy;
}

const struct cache_stats *cache_stats(const struct cache *cache)
{
	return &cache->stats;
}
