/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two structures over one array of slots, [sets][ways], row-major:
 *
 * - Chains: the slots whose keys hash alike, so that a lookup costs the same in a direct-mapped and in a fully
 *   associative cache.
 * - For every set a ring of its ways from newest to oldest.  Invalid slots always lie behind the valid ones, so that
 *   the oldest slot is the one to fill, whether it is empty or has to leave.
 */
#include "models/cache/cache.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/base/units.h"

#define ENTRIES_MAX (UINT32_C(1) << 24)
#define NONE        UINT32_MAX

struct slot {
	struct cache_key key;
	struct cache_value value;
};

struct links {
	uint32_t newer, older; /* the ring; the newest's newer is the oldest */
	uint32_t chain;        /* the chain the slot is in, NONE: invalid */
	uint32_t next;         /* in the chain, NONE: the last */
};

struct cache {
	struct cache_stats stats;
	uint32_t *heads; /* of each chain, NONE: empty */
	uint32_t chain_mask;
	uint32_t set_mask; /* within a partition */
	unsigned sets_lg2; /* of a partition */
	uint64_t partition_mask;
	uint32_t ways;
	enum cache_replacement replacement;
	struct slot *slots;
	struct links *links;
	uint32_t *newest; /* of each set */
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
	if ((geometry->partitions & (geometry->partitions - 1)) != 0)
		return "partitions must be a power of two";
	if (geometry->partitions > sets)
		return "partitions must be at most entries / ways";
	return NULL;
}

static void empty_chains(struct cache *cache)
{
	memset(cache->heads, 0xff, ((size_t)cache->chain_mask + 1) * sizeof(*cache->heads));
}

struct cache *cache_create(const struct cache_geometry *geometry, uint64_t seed)
{
	REQUIRE(!cache_geometry_problem(geometry));

	struct cache *cache = heap_zeroed(1, sizeof(*cache));
	uint32_t entries = geometry->entries;
	uint32_t sets = entries ? entries / geometry->ways : 1;

	cache->entries = entries;
	cache->ways = entries ? geometry->ways : 0;
	uint32_t partitions = geometry->partitions && entries ? geometry->partitions : 1;

	cache->set_mask = sets / partitions - 1;
	cache->sets_lg2 = (unsigned)__builtin_ctz(sets / partitions);
	cache->partition_mask = partitions - 1;
	cache->replacement = geometry->replacement;
	random_init(&cache->random, seed);
	cache->chain_mask = 1;
	while (cache->chain_mask < 4 * entries - 1 && entries)
		cache->chain_mask = 2 * cache->chain_mask + 1;
	cache->heads = heap_zeroed((size_t)cache->chain_mask + 1, sizeof(*cache->heads));
	empty_chains(cache);
	if (entries == 0)
		return cache;

	cache->slots = heap_zeroed(entries, sizeof(*cache->slots));
	cache->links = heap_zeroed(entries, sizeof(*cache->links));
	cache->newest = heap_zeroed(sets, sizeof(*cache->newest));
	for (uint32_t set = 0; set < sets; set++) {
		uint32_t first = set * cache->ways;
		uint32_t last = first + cache->ways - 1;

		/* The first way is the oldest: the first to be filled. */
		for (uint32_t slot = first; slot <= last; slot++)
			cache->links[slot] = (struct links){ .newer = slot == last ? first : slot + 1,
							     .older = slot == first ? last : slot - 1,
							     .chain = NONE,
							     .next = NONE };
		cache->newest[set] = last;
	}
	return cache;
}

void cache_destroy(struct cache *cache)
{
	if (!cache)
		return;
	free(cache->newest);
	free(cache->links);
	free(cache->slots);
	free(cache->heads);
	free(cache);
}

/* Folded product of both words: low half for the set, high half for the chain. */
static uint64_t key_hash(struct cache_key key)
{
	u128_t product =
		(u128_t)(key.word[0] ^ UINT64_C(0x9e3779b97f4a7c15)) * (key.word[1] ^ UINT64_C(0xd1b54a32d192ed03));
	uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);

	return folded * UINT64_C(0xaef17502108ef2d9);
}

static uint32_t hash_chain(const struct cache *cache, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & cache->chain_mask;
}

static uint32_t set_of(const struct cache *cache, struct cache_key key, uint64_t hash)
{
	uint32_t partition = (uint32_t)(key.word[1] & cache->partition_mask);

	return partition << cache->sets_lg2 | ((uint32_t)hash & cache->set_mask);
}

/* The slot of a key, or NONE. */
static uint32_t find(const struct cache *cache, struct cache_key key, uint64_t hash)
{
	uint32_t slot = cache->heads[hash_chain(cache, hash)];

	while (slot != NONE) {
		const struct cache_key *other = &cache->slots[slot].key;

		if (other->word[0] == key.word[0] && other->word[1] == key.word[1])
			break;
		slot = cache->links[slot].next;
	}
	return slot;
}

static void chain_insert(struct cache *cache, uint32_t chain, uint32_t slot)
{
	cache->links[slot].chain = chain;
	cache->links[slot].next = cache->heads[chain];
	cache->heads[chain] = slot;
}

static void chain_remove(struct cache *cache, uint32_t slot)
{
	struct links *own = &cache->links[slot];
	uint32_t *link = &cache->heads[own->chain];

	while (*link != slot)
		link = &cache->links[*link].next;
	*link = own->next;
	own->chain = NONE;
}

/* Moves a slot of the ring behind its newest and makes it that.  No branch: which way hits next is anyone's guess. */
static void make_newest(struct cache *cache, uint32_t set, uint32_t slot)
{
	struct links *links = cache->links;
	uint32_t newer = links[slot].newer, older = links[slot].older;
	uint32_t newest = cache->newest[set];

	links[newer].older = older;
	links[older].newer = newer;
	newest = slot == newest ? older : newest;

	uint32_t oldest = links[newest].newer;

	links[slot].newer = oldest;
	links[slot].older = newest;
	links[oldest].older = slot;
	links[newest].newer = slot;
	cache->newest[set] = slot;
}

static void make_oldest(struct cache *cache, uint32_t set, uint32_t slot)
{
	make_newest(cache, set, slot);
	cache->newest[set] = cache->links[slot].older;
}

const struct cache_value *cache_peek(const struct cache *cache, struct cache_key key)
{
	uint32_t slot = find(cache, key, key_hash(key));

	return slot == NONE ? NULL : &cache->slots[slot].value;
}

const struct cache_value *cache_lookup(struct cache *cache, struct cache_key key)
{
	uint64_t hash = key_hash(key);
	uint32_t slot = find(cache, key, hash);

	if (slot == NONE) {
		cache->stats.misses++;
		return NULL;
	}
	cache->stats.hits++;
	if (cache->replacement == CACHE_LRU)
		make_newest(cache, set_of(cache, key, hash), slot);
	return &cache->slots[slot].value;
}

/* A slot of a set that holds nothing: one that was empty, or the one that replacement empties. */
static uint32_t vacate(struct cache *cache, uint32_t set)
{
	uint32_t slot = cache->links[cache->newest[set]].newer;

	if (cache->links[slot].chain == NONE) {
		cache->occupancy++;
		return slot;
	}
	if (cache->replacement == CACHE_RANDOM)
		slot = set * cache->ways + (uint32_t)random_below(&cache->random, cache->ways);
	chain_remove(cache, slot);
	cache->stats.evictions++;
	return slot;
}

void cache_fill(struct cache *cache, struct cache_key key, struct cache_value value)
{
	if (cache->entries == 0)
		return;

	uint64_t hash = key_hash(key);
	uint32_t set = set_of(cache, key, hash);
	uint32_t slot = find(cache, key, hash);

	if (slot == NONE) {
		slot = vacate(cache, set);
		cache->slots[slot].key = key;
		chain_insert(cache, hash_chain(cache, hash), slot);
	}
	cache->slots[slot].value = value;
	cache->stats.fills++;
	make_newest(cache, set, slot);
}

static void invalidate_slot(struct cache *cache, uint32_t slot)
{
	chain_remove(cache, slot);
	make_oldest(cache, slot / cache->ways, slot);
	cache->occupancy--;
	cache->stats.invalidated++;
}

bool cache_invalidate(struct cache *cache, struct cache_key key)
{
	uint32_t slot = find(cache, key, key_hash(key));

	if (slot == NONE)
		return false;
	invalidate_slot(cache, slot);
	return true;
}

size_t cache_invalidate_if(struct cache *cache,
			   bool (*matches)(struct cache_key key, const struct cache_value *value, const void *argument),
			   const void *argument)
{
	size_t removed = 0;
	uint32_t unseen = cache->occupancy;

	for (uint32_t slot = 0; unseen > 0; slot++) {
		if (cache->links[slot].chain == NONE)
			continue;
		unseen--;
		if (matches(cache->slots[slot].key, &cache->slots[slot].value, argument)) {
			invalidate_slot(cache, slot);
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
	empty_chains(cache);
	for (uint32_t slot = 0; slot < cache->entries; slot++)
		cache->links[slot].chain = NONE;
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
