/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one set-associative cache.  IOTLB, paging-structure caches, context
 * and PASID caches and device TLBs are instances: each says what a key
 * means, this file says where an entry may sit and which one leaves.
 *
 * An entry is a 128-bit key and four words of payload.  The set is a hash of
 * the whole key, so lookup, fill and invalidation use one index function.
 * A translation of a large page is one entry under the key of its aligned
 * address and size; the owner probes each size it knows.
 */
#ifndef IOMMUSIM_CACHE_CACHE_H
#define IOMMUSIM_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/random.h"

enum cache_replacement {
	CACHE_LRU,    /* true least recently used: a hit and a fill both make an entry the newest */
	CACHE_FIFO,   /* oldest fill leaves */
	CACHE_RANDOM, /* seeded */
};

struct cache_geometry {
	uint32_t entries; /* 0: the cache does not exist, every lookup misses */
	uint32_t ways;    /* divides entries; entries / ways is a power of two; ways = entries: fully associative */
	enum cache_replacement replacement;
	/*
	 * 0 or 1: none.  Else a power of two that divides the sets: the low bits of a key's second word, its tag, choose
	 * the part of the sets that the entry may lie in, so that one tag's entries do not push out another's.
	 */
	uint32_t partitions;
};

struct cache_key {
	uint64_t word[2];
};

struct cache_value {
	uint64_t word[4];
};

struct cache_stats {
	uint64_t hits, misses, fills, evictions, invalidated;
};

struct cache; /* opaque; [sets][ways] */

/* NULL when the geometry is possible, else what must be mended ("ways must divide entries"). */
const char *cache_geometry_problem(const struct cache_geometry *geometry);

/* The geometry must be possible; seed feeds CACHE_RANDOM. */
struct cache *cache_create(const struct cache_geometry *geometry, uint64_t seed);
void cache_destroy(struct cache *cache);

/* The payload (owned by the cache, valid until its next change) or NULL; counts a hit or a miss. */
const struct cache_value *cache_lookup(struct cache *cache, struct cache_key key);

/* As cache_lookup, but changes neither order nor counts: for checks and dumps. */
const struct cache_value *cache_peek(const struct cache *cache, struct cache_key key);

/* Inserts or overwrites the entry of key, which becomes the newest of its set. */
void cache_fill(struct cache *cache, struct cache_key key, struct cache_value value);

/* Removes the entry of key; false when there is none. */
bool cache_invalidate(struct cache *cache, struct cache_key key);

/* Removes every entry that matches says yes to; returns how many. */
size_t cache_invalidate_if(struct cache *cache,
			   bool (*matches)(struct cache_key key, const struct cache_value *value, const void *argument),
			   const void *argument);
size_t cache_invalidate_all(struct cache *cache);

size_t cache_occupancy(const struct cache *cache);
const struct cache_stats *cache_stats(const struct cache *cache);

#endif
