/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and payloads of the caches here:
 *
 *   IOTLB             {page | size_lg2, tag[0]} -> output page, permissions
 *   paging structure  {first address the table covers, tag[stage]} -> table, its host address, permissions
 *                     that the entries above it leave, permissions of the second stage there
 *
 * A table's host address differs from its address only in the first stage of
 * a nested translation.
 */
#include "models/iommu/pipeline.h"

#include "models/base/require.h"

enum { IOTLB_OUTPUT, IOTLB_PERMISSIONS };
enum { TABLE_ADDRESS, TABLE_HOST, TABLE_PERMISSIONS, TABLE_HOST_PERMISSIONS };

#define SIZES 3u

static unsigned size_of_index(unsigned index)
{
	return pt_entry_lg2(index);
}

static struct cache_key iotlb_key(uint64_t tag, iova_t page, unsigned size_lg2)
{
	return (struct cache_key){ { page | size_lg2, tag } };
}

/* What one table at a level covers, log2: an entry of the level above it. */
static unsigned table_lg2(unsigned level)
{
	return pt_entry_lg2(level + 1);
}

static struct cache_key table_key(uint64_t tag, iova_t iova, unsigned level)
{
	unsigned lg2 = table_lg2(level);

	return (struct cache_key){ { iova >> lg2 << lg2, tag } };
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

	for (unsigned i = 0; i < SIZES && keys <= occupancy; i++)
		if (pipeline->sizes & 1u << i) {
			uint64_t more = blocks(scope, size_of_index(i));

			keys = more > occupancy ? UINT64_MAX : keys + more;
		}
	if (keys > occupancy)
		return cache_invalidate_if(pipeline->iotlb, iotlb_matches, scope);
	for (unsigned i = 0; i < SIZES; i++) {
		unsigned lg2 = size_of_index(i);

		if (!(pipeline->sizes & 1u << i))
			continue;
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

	for (unsigned sizes = pipeline->sizes; sizes; sizes &= sizes - 1) {
		unsigned size_lg2 = size_of_index((unsigned)__builtin_ctz(sizes));
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
	pipeline->sizes |= 1u << (size_lg2 - PAGE_LG2) / PT_TABLE_LG2;
	pipeline->tag_bits |= translation->tag[0];
}

/* ---- the walk ---- */

/* What may be kept of a stage's answer: a write must come back as long as the dirty flag is to be set. */
static unsigned lasting_permissions(const struct walk *walk)
{
	bool pending = walk->rules->accessed_dirty && !walk->leaf.dirty;

	return pending ? walk->permissions & ~(unsigned)PT_WRITE : walk->permissions;
}

/* What the paging-structure caches know of the lowest table on the way to address; NULL: nothing. */
static const struct cache_value *lowest_table(struct pipeline *pipeline, struct iommu_translation *translation,
					      enum pipeline_stage stage, unsigned levels, uint64_t address,
					      unsigned *found)
{
	struct iommu_stats *stats = &pipeline->iommu.stats;

	for (unsigned level = 0; pipeline->keeps_tables && level + 1 < levels; level++) {
		if (!pipeline->walk[stage][level])
			continue;

		const struct cache_value *value =
			cache_lookup(pipeline->walk[stage][level], table_key(translation->tag[stage], address, level));

		if (!value)
			continue;
		stats->walk_hits[stage][level]++;
		translation->from_cache = true;
		*found = level;
		return value;
	}
	stats->walk_misses[stage]++;
	return NULL;
}

/* Starts a stage's walk there or at the root. */
static const struct cache_value *begin_stage(struct pipeline *pipeline, struct iommu_translation *translation,
					     enum pipeline_stage stage, uint64_t address, unsigned access)
{
	bool is_first = stage == PIPELINE_FIRST;
	struct walk *walk = is_first ? &translation->first : &translation->second;
	const struct pt_format *format = is_first ? translation->first_format : translation->second_format;
	const struct pt_rules *rules = is_first ? &translation->first_rules : &translation->second_rules;
	unsigned level = 0;
	const struct cache_value *known = lowest_table(pipeline, translation, stage, rules->levels, address, &level);

	if (known)
		walk_begin_at(walk, format, rules, level, known->word[TABLE_ADDRESS],
			      (unsigned)known->word[TABLE_PERMISSIONS], address, access);
	else
		walk_begin(walk, format, rules, is_first ? translation->first_root : translation->second_root, address,
			   access);
	translation->at_work = walk;
	translation->is_plain = !pipeline->keeps_tables && !(is_first && translation->second_format);
	return known;
}

static void begin_first(struct pipeline *pipeline, struct iommu_translation *translation, unsigned access)
{
	const struct cache_value *known =
		begin_stage(pipeline, translation, PIPELINE_FIRST, translation->request.iova, access);

	translation->host_table = known ? known->word[TABLE_HOST] : PHYS_NONE;
	translation->host_permissions = known ? (unsigned)known->word[TABLE_HOST_PERMISSIONS] : 0;
}

/* Keeps the table that a walk has just reached; host is where it lies in host memory. */
static void keep_table(struct pipeline *pipeline, struct iommu_translation *translation, enum pipeline_stage stage,
		       phys_t host, unsigned host_permissions)
{
	const struct walk *walk = stage == PIPELINE_FIRST ? &translation->first : &translation->second;
	struct cache *cache = pipeline->walk[stage][walk->level];
	enum pipeline_cache kind = stage == PIPELINE_FIRST ? PIPELINE_FIRST_WALK : PIPELINE_SECOND_WALK;

	if (!cache)
		return;

	struct cache_key key = table_key(translation->tag[stage], walk->iova, walk->level);
	uint64_t last = key.word[0] + (UINT64_C(1) << table_lg2(walk->level)) - 1;

	if (pipeline_overtaken(pipeline, translation, kind, key.word[1], key.word[0], last)) {
		translation->blocked_fill = true;
		return;
	}
	cache_fill(cache, key,
		   (struct cache_value){ { [TABLE_ADDRESS] = walk->table,
					   [TABLE_HOST] = host,
					   [TABLE_PERMISSIONS] = walk->permissions,
					   [TABLE_HOST_PERMISSIONS] = host_permissions } });
}

/* A walk is over: its reads count. */
static void count_walk(struct pipeline *pipeline, struct iommu_translation *translation, const struct walk *walk)
{
	pipeline_count_reads(pipeline, translation,
			     walk == &translation->first ? IOMMU_FOR_FIRST_STAGE : IOMMU_FOR_SECOND_STAGE, walk->reads);
}

static enum pipeline_step finish(struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;
	const struct walk *last = translation->second_format ? &translation->second : first;

	translation->output = last->output;
	translation->size_lg2 = last->size_lg2;
	translation->permissions = lasting_permissions(last);
	if (translation->first_format && last != first) {
		translation->permissions &= lasting_permissions(first);
		if (first->size_lg2 < last->size_lg2)
			translation->size_lg2 = first->size_lg2;
	}
	return PIPELINE_TRANSLATED;
}

/* Asks for what a walk wants, at this host address. */
static enum pipeline_step want(struct iommu_translation *translation, const struct walk *walk,
			       enum iommu_purpose purpose, phys_t address)
{
	bool is_read = walk_wants_read(walk);

	translation->access.want = is_read ? IOMMU_WANTS_READ : IOMMU_WANTS_UPDATE;
	translation->access.purpose = purpose;
	translation->access.address = address;
	translation->access.words = 1;
	if (!is_read) {
		translation->access.expected = walk->want_expected;
		translation->access.desired = walk->want_desired;
	}
	return PIPELINE_WAITS;
}

/* Does the second stage keep the first stage from so much as reading this table? */
static bool forbids_table(const struct iommu_translation *translation)
{
	return translation->second_rules.tables_writable && !(translation->second.permissions & PT_WRITE);
}

/* The second stage told where the first-stage table lies. */
static void arrive_at_table(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;

	translation->at_work = &translation->first;
	translation->is_plain = false;
	translation->nested_for_table = false;
	translation->host_table = translation->second.output >> PAGE_LG2 << PAGE_LG2;
	translation->host_permissions = lasting_permissions(&translation->second);
	if (first->level + 1 < first->rules->levels)
		keep_table(pipeline, translation, PIPELINE_FIRST, translation->host_table,
			   translation->host_permissions);
}

/*
 * The first stage of a nested translation wants something of its table.
 * To read takes read permission in the second stage; to set accessed/dirty
 * flags takes write permission, and sets the second stage's own dirty flag.
 * True: the second stage has been started to find out.
 */
static bool needs_second_stage(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;
	unsigned access = walk_wants_read(first) ? PT_READ : PT_READ | PT_WRITE;

	if (translation->host_table != PHYS_NONE && !(access & ~translation->host_permissions))
		return false;
	translation->nested_for_table = true;
	begin_stage(pipeline, translation, PIPELINE_SECOND, first->want_address, access | PT_USER);
	return true;
}

/* Goes on until something is wanted or the end is reached. */
static enum pipeline_step run(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;

	for (;;) {
		const struct walk *walk = translation->at_work;
		bool is_first = walk == first;

		if (walk->state == WALK_DONE) {
			translation->is_plain = false;
			count_walk(pipeline, translation, walk);
			if (walk->status != WALK_OK) {
				if (translation->nested_for_table)
					count_walk(pipeline, translation, first);
				return PIPELINE_FAULTS;
			}
			if (translation->nested_for_table && forbids_table(translation)) {
				translation->second.status = WALK_PERMISSION;
				count_walk(pipeline, translation, first);
				return PIPELINE_FAULTS;
			}
			if (translation->nested_for_table)
				arrive_at_table(pipeline, translation);
			else if (is_first && translation->second_format)
				begin_stage(pipeline, translation, PIPELINE_SECOND, first->output, first->access);
			else
				return finish(translation);
		} else if (!is_first) {
			return want(translation, walk, IOMMU_FOR_SECOND_STAGE, walk->want_address);
		} else if (!translation->second_format) {
			return want(translation, walk, IOMMU_FOR_FIRST_STAGE, walk->want_address);
		} else if (!needs_second_stage(pipeline, translation)) {
			return want(translation, walk, IOMMU_FOR_FIRST_STAGE,
				    translation->host_table | (walk->want_address & (PAGE_BYTES - 1)));
		}
	}
}

enum pipeline_step pipeline_walk(struct pipeline *pipeline, struct iommu_translation *translation, unsigned access)
{
	translation->nested_for_table = false;
	if (translation->first_format)
		begin_first(pipeline, translation, access);
	else
		begin_stage(pipeline, translation, PIPELINE_SECOND, translation->request.iova, access);
	return run(pipeline, translation);
}

enum pipeline_step pipeline_moved(struct pipeline *pipeline, struct iommu_translation *translation, unsigned from_level)
{
	const struct walk *walk = translation->at_work;

	if (walk->level != from_level) {
		if (walk == &translation->second)
			keep_table(pipeline, translation, PIPELINE_SECOND, walk->table, 0);
		else if (!translation->second_format)
			keep_table(pipeline, translation, PIPELINE_FIRST, walk->table, 0);
		else
			translation->host_table = PHYS_NONE;
	}
	return run(pipeline, translation);
}

void pipeline_stop(struct pipeline *pipeline, struct iommu_translation *translation)
{
	count_walk(pipeline, translation, translation->at_work);
	if (translation->nested_for_table)
		count_walk(pipeline, translation, &translation->first);
}
