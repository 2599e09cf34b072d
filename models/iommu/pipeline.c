/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caches.  Key and payload of the IOTLB: {page | size_lg2, tag[0]} -> output page, permissions; those of the
 * paging-structure caches: pipeline_tables.h.
 */
#include "models/iommu/pipeline_tables.h"

#include "models/base/require.h"

enum { IOTLB_OUTPUT, IOTLB_PERMISSIONS };

/* Sizes (log2) are kept as a set: the smallest of them. */
static unsigned smallest(uint64_t sizes)
{
	return (unsigned)__builtin_ctzll(sizes);
}

static struct cache_key iotlb_key(uint64_t tag, iova_t page, unsigned size_lg2)
{
	return (struct cache_key){ { page | size_lg2, tag } };
}

/* ---- creation ---- */

struct cache *pipeline_cache_create(const char *field, const struct cache_geometry *geometry, uint64_t seed,
				    struct err *err)
{
	const char *problem = cache_geometry_problem(geometry);

	if (problem) {
		err_set(err, ERR_USAGE, "%s: %s", field, problem);
		return NULL;
	}
	return cache_create(geometry, seed);
}

bool pipeline_init(struct pipeline *pipeline, const struct iommu_ops *ops, const struct iommu_cache_config *caches,
		   uint64_t seed, struct err *err)
{
	*pipeline = (struct pipeline){ .iommu.ops = ops };
	pipeline->iotlb = pipeline_cache_create("iotlb", &caches->iotlb, seed, err);
	if (!pipeline->iotlb)
		return false;
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++) {
		if (caches->walk[level].entries == 0)
			continue;
		for (unsigned stage = 0; stage < PIPELINE_STAGES; stage++) {
			seed++;
			pipeline->walk[stage][level] = pipeline_cache_create("walk", &caches->walk[level], seed, err);
			if (!pipeline->walk[stage][level])
				return false;
			pipeline->keeps_tables = true;
		}
	}
	return true;
}

void pipeline_fini(struct pipeline *pipeline)
{
	cache_destroy(pipeline->iotlb);
	for (unsigned stage = 0; stage < PIPELINE_STAGES; stage++)
		for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
			cache_destroy(pipeline->walk[stage][level]);
}

/* ---- invalidation ---- */

static bool scope_matches(const struct pipeline_scope *scope, uint64_t tag, uint64_t first, uint64_t last)
{
	return ((tag ^ scope->tag) & scope->mask) == 0 && first <= scope->last && last >= scope->first;
}

bool pipeline_overtaken(const struct pipeline *pipeline, const struct iommu_translation *translation,
			enum pipeline_cache cache, uint64_t tag, uint64_t first, uint64_t last)
{
	uint64_t since = pipeline->epoch - translation->epoch;

	if (since > PIPELINE_RECENT)
		return true;
	for (uint64_t i = 0; i < since; i++) {
		const struct pipeline_scope *scope = &pipeline->recent[(pipeline->epoch - i) % PIPELINE_RECENT];

		if ((scope->caches & cache) && scope_matches(scope, tag, first, last))
			return true;
	}
	return false;
}

static bool iotlb_matches(struct cache_key key, const struct cache_value *value, const void *argument)
{
	unsigned size_lg2 = key.word[0] & (PAGE_BYTES - 1);
	uint64_t first = key.word[0] - size_lg2;

	(void)value;
	return scope_matches(argument, key.word[1], first, first + (UINT64_C(1) << size_lg2) - 1);
}

struct table_scope {
	const struct pipeline_scope *scope;
	unsigned level;
};

static bool table_matches(struct cache_key key, const struct cache_value *value, const void *argument)
{
	const struct table_scope *tables = argument;
	uint64_t first = key.word[0];

	(void)value;
	return scope_matches(tables->scope, key.word[1], first, first + (UINT64_C(1) << table_lg2(tables->level)) - 1);
}

/* Blocks of 2^lg2 bytes that [first, last] touches; UINT64_MAX when there may be several tags to each. */
static uint64_t blocks(const struct pipeline_scope *scope, unsigned lg2)
{
	if (scope->mask != UINT64_MAX)
		return UINT64_MAX;
	return (scope->last >> lg2) - (scope->first >> lg2) + 1;
}

/* Asks for each key of the range where that is less work than to look at every entry. */
static uint64_t invalidate_iotlb(struct pipeline *pipeline, const struct pipeline_scope *scope)
{
	uint64_t removed = 0, keys = 0, occupancy = cache_occupancy(pipeline->iotlb);

	if (scope->tag & scope->mask & ~pipeline->tag_bits)
		return 0;

	for (uint64_t sizes = pipeline->sizes; sizes && keys <= occupancy; sizes &= sizes - 1) {
		uint64_t more = blocks(scope, smallest(sizes));

		keys = more > occupancy ? UINT64_MAX : keys + more;
	}
	if (keys > occupancy)
		return cache_invalidate_if(pipeline->iotlb, iotlb_matches, scope);
	for (uint64_t sizes = pipeline->sizes; sizes; sizes &= sizes - 1) {
		unsigned lg2 = smallest(sizes);

		for (uint64_t block = scope->first >> lg2; block <= scope->last >> lg2; block++)
			removed += cache_invalidate(pipeline->iotlb, iotlb_key(scope->tag, block << lg2, lg2));
	}
	return removed;
}

static uint64_t invalidate_tables(struct cache *const walk[PT_LEVELS_MAX], const struct pipeline_scope *scope)
{
	uint64_t removed = 0;

	for (unsigned level = 0; level < PT_LEVELS_MAX; level++) {
		unsigned lg2 = table_lg2(level);

		if (!walk[level] || cache_occupancy(walk[level]) == 0)
			continue;
		if (blocks(scope, lg2) > cache_occupancy(walk[level])) {
			struct table_scope tables = { scope, level };

			removed += cache_invalidate_if(walk[level], table_matches, &tables);
			continue;
		}
		for (uint64_t block = scope->first >> lg2; block <= scope->last >> lg2; block++)
			removed += cache_invalidate(walk[level], table_key(scope->tag, block << lg2, level));
	}
	return removed;
}

uint64_t pipeline_invalidate(struct pipeline *pipeline, const struct pipeline_scope *scope)
{
	uint64_t removed = 0;

	REQUIRE(scope->first <= scope->last);
	pipeline->epoch++;
	pipeline->recent[pipeline->epoch % PIPELINE_RECENT] = *scope;
	if (scope->caches & PIPELINE_IOTLB) {
		removed += invalidate_iotlb(pipeline, scope);
		if (cache_occupancy(pipeline->iotlb) == 0) {
			pipeline->sizes = 0;
			pipeline->tag_bits = 0;
		}
	}
	if (scope->caches & PIPELINE_FIRST_WALK)
		removed += invalidate_tables(pipeline->walk[PIPELINE_FIRST], scope);
	if (scope->caches & PIPELINE_SECOND_WALK)
		removed += invalidate_tables(pipeline->walk[PIPELINE_SECOND], scope);
	return removed;
}

/* ---- the IOTLB ---- */

bool pipeline_lookup(struct pipeline *pipeline, struct iommu_translation *translation, unsigned access)
{
	struct iommu_stats *stats = &pipeline->iommu.stats;
	iova_t iova = translation->request.iova;
	uint64_t tag = translation->tag[0];

	for (uint64_t sizes = pipeline->sizes; sizes; sizes &= sizes - 1) {
		unsigned size_lg2 = smallest(sizes);
		uint64_t offset = iova & ((UINT64_C(1) << size_lg2) - 1);
		const struct cache_value *value =
			cache_lookup(pipeline->iotlb, iotlb_key(tag, iova - offset, size_lg2));

		if (!value)
			continue;
		if (access & ~(unsigned)value->word[IOTLB_PERMISSIONS])
			break;
		translation->output = value->word[IOTLB_OUTPUT] | offset;
		translation->size_lg2 = size_lg2;
		translation->permissions = (unsigned)value->word[IOTLB_PERMISSIONS];
		translation->iotlb_hit = true;
		translation->from_cache = true;
		stats->iotlb_hits++;
		return true;
	}
	stats->iotlb_misses++;
	return false;
}

void pipeline_keep(struct pipeline *pipeline, struct iommu_translation *translation)
{
	unsigned size_lg2 = translation->size_lg2;
	iova_t page = translation->request.iova >> size_lg2 << size_lg2;
	phys_t output = translation->output >> size_lg2 << size_lg2;

	if (pipeline_overtaken(pipeline, translation, PIPELINE_IOTLB, translation->tag[0], page,
			       page + (UINT64_C(1) << size_lg2) - 1)) {
		translation->blocked_fill = true;
		return;
	}
	cache_fill(pipeline->iotlb, iotlb_key(translation->tag[0], page, size_lg2),
		   (struct cache_value){ { [IOTLB_OUTPUT] = output, [IOTLB_PERMISSIONS] = translation->permissions } });
	pipeline->sizes |= UINT64_C(1) << size_lg2;
	pipeline->tag_bits |= translation->tag[0];
}
