/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots [sets][ways], row-major, each one line of the host's cache, under two structures:
 *
 * - Chains: the slots whose keys hash alike, so that a lookup costs the same in a direct-mapped and in a fully
 *   associative cache.
 * - For every set a heap of its slots by when they were used last.  A use only notes its date in the slot; the heap
 *   learns of it when the slot comes to the top.  What a heap says is never too late, so a top that is right is the
 *   oldest of its set: true LRU, and a hit touches nothing but its slot.
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
	uint64_t used;  /* the cache's clock when it was used last (LRU) or filled (FIFO) */
	uint32_t chain; /* the chain the slot is in, NONE: empty */
	uint32_t next;  /* in the chain, or among the set's empty slots; NONE: the last */
};
_Static_assert(sizeof(struct slot) == 64, "a slot is one line of the host's cache");

/* What a heap knows of a slot. */
struct age {
	uint64_t used; /* at most the slot's */
	uint32_t slot;
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
	struct age *ages; /* [sets][ways], each set a heap, the least first */
	uint32_t *empty;  /* [sets] a slot that holds nothing; NONE: the set is full */
	uint64_t clock;   /* uses and fills so far */
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

/* Every slot becomes empty. */
static void forget_all(struct cache *cache)
{
	empty_chains(cache);
	for (uint32_t slot = 0; slot < cache->entries; slot++) {
		cache->slots[slot].chain = NONE;
		cache->slots[slot].next = (slot + 1) % cache->ways ? slot + 1 : NONE;
		if (slot % cache->ways == 0)
			cache->empty[slot / cache->ways] = slot;
	}
	cache->occupancy = 0;
}

struct cache *cache_create(const struct cache_geometry *geometry, uint64_t seed)
{
	REQUIRE(!cache_geometry_problem(geometry));

	struct cache *cache = heap_zeroed(1, sizeof(*cache));
	uint32_t entries = geometry->entries;
	uint32_t sets = entries ? entries / geometry->ways : 1;

	uint32_t partitions = geometry->partitions && entries ? geometry->partitions : 1;
	/* Two keys seldom share a chain; fewer chains once they no longer fit into the host's second cache. */
	uint32_t chains = entries <= 8192 ? 8 : 4;

	cache->entries = entries;
	cache->ways = entries ? geometry->ways : 0;
	cache->set_mask = sets / partitions - 1;
	cache->sets_lg2 = (unsigned)__builtin_ctz(sets / partitions);
	cache->partition_mask = partitions - 1;
	cache->replacement = geometry->replacement;
	random_init(&cache->random, seed);
	cache->chain_mask = 1;
	while (cache->chain_mask < chains * entries - 1 && entries)
		cache->chain_mask = 2 * cache->chain_mask + 1;
	cache->heads = heap_zeroed((size_t)cache->chain_mask + 1, sizeof(*cache->heads));
	if (entries == 0) {
		empty_chains(cache);
		return cache;
	}

	cache->slots = aligned_alloc(sizeof(struct slot), entries * sizeof(struct slot));
	REQUIRE(cache->slots);
	memset(cache->slots, 0, entries * sizeof(struct slot));
	cache->ages = heap_zeroed(entries, sizeof(*cache->ages));
	cache->empty = heap_zeroed(sets, sizeof(*cache->empty));
	for (uint32_t slot = 0; slot < entries; slot++)
		cache->ages[slot].slot = slot;
	forget_all(cache);
	return cache;
}

void cache_destroy(struct cache *cache)
{
	if (!cache)
		return;
	free(cache->empty);
	free(cache->ages);
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
		const struct slot *other = &cache->slots[slot];

		if (other->key.word[0] == key.word[0] && other->key.word[1] == key.word[1])
			break;
		slot = other->next;
	}
	return slot;
}

static void chain_insert(struct cache *cache, uint32_t chain, uint32_t slot)
{
	cache->slots[slot].chain = chain;
	cache->slots[slot].next = cache->heads[chain];
	cache->heads[chain] = slot;
}

static void chain_remove(struct cache *cache, uint32_t slot)
{
	struct slot *own = &cache->slots[slot];
	uint32_t *link = &cache->heads[own->chain];

	while (*link != slot)
		link = &cache->slots[*link].next;
	*link = own->next;
	own->chain = NONE;
}

/* The slot of a full set whose use lies back farthest. */
static uint32_t oldest(struct cache *cache, uint32_t set)
{
	struct age *heap = &cache->ages[(size_t)set * cache->ways];

	for (;;) {
		struct age top = { cache->slots[heap[0].slot].used, heap[0].slot };
		uint32_t place = 0;

		if (top.used == heap[0].used)
			return top.slot;
		for (uint32_t child; (child = 2 * place + 1) < cache->ways; place = child) {
			if (child + 1 < cache->ways && heap[child + 1].used < heap[child].used)
				child++;
			if (heap[child].used >= top.used)
				break;
			heap[place] = heap[child];
		}
		heap[place] = top;
	}
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
		cache->slots[slot].used = ++cache->clock;
	return &cache->slots[slot].value;
}

/* A slot of a set that holds nothing: one that was empty, or the one that replacement empties. */
static uint32_t vacate(struct cache *cache, uint32_t set)
{
	uint32_t slot = cache->empty[set];

	if (slot != NONE) {
		cache->empty[set] = cache->slots[slot].next;
		cache->occupancy++;
		return slot;
	}
	if (cache->replacement == CACHE_RANDOM)
		slot = set * cache->ways + (uint32_t)random_below(&cache->random, cache->ways);
	else
		slot = oldest(cache, set);
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
	cache->slots[slot].used = ++cache->clock;
	cache->stats.fills++;
}

static void invalidate_slot(struct cache *cache, uint32_t slot)
{
	uint32_t *empty = &cache->empty[slot / cache->ways];

	chain_remove(cache, slot);
	cache->slots[slot].next = *empty;
	*empty = slot;
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
		if (cache->slots[slot].chain == NONE)
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

	if (removed > 0)
		forget_all(cache);
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
