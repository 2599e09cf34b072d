/* SPDX-License-Identifier: Apache-2.0 */
/* Table walks of one stage or two, and the paging-structure caches that shorten them. */
#include "models/iommu/pipeline_tables.h"

#include "models/base/require.h"

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
	REQUIRE(!walk->rules->wider_page_lg2 && !walk->rules->wider_table_lg2);

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

/* ---- two stages ---- */

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
	translation->nested_for_table = false;
	translation->host_table = translation->second.output >> PAGE_LG2 << PAGE_LG2;
	translation->host_permissions = lasting_permissions(&translation->second);
	if (first->level + 1 < first->rules->levels)
		keep_table(pipeline, translation, PIPELINE_FIRST, translation->host_table,
			   translation->host_permissions);
}

/* The last stage told where the page lies. */
static void arrive_at_page(struct iommu_translation *translation, const struct walk *last)
{
	translation->output = last->output;
	translation->size_lg2 = last->size_lg2;
	translation->permissions = lasting_permissions(last);
	if (last->leaf.snoop)
		translation->permissions |= PT_SNOOP;
}

/* It did while the first stage's leaf waits for its flags.  A write that it does not grant sets none. */
static void return_to_leaf(struct iommu_translation *translation)
{
	struct walk *first = &translation->first;

	translation->at_work = first;
	if (first->access & ~translation->second.access & PT_WRITE_IF_GRANTED)
		walk_forgo_write(first);
}

static void join_stages(struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;

	translation->permissions &= lasting_permissions(first) | PT_SNOOP;
	if (first->size_lg2 < translation->size_lg2)
		translation->size_lg2 = first->size_lg2;
}

/* The second stage translates what the first stage's leaf leads to. */
static void begin_page(struct pipeline *pipeline, struct iommu_translation *translation)
{
	begin_stage(pipeline, translation, PIPELINE_SECOND, translation->first.output, translation->first.access);
}

/*
 * The first stage of a nested translation wants something of its table.
 * To read takes read permission in the second stage; to set accessed/dirty
 * flags takes write permission, and sets the second stage's own dirty flag.
 * True: the second stage has been started, to find that out or where the page lies.
 *
 * Dirty flags are not for requests that fault afterwards, only accessed flags may be set for these: so the page is
 * looked for before the leaf's flags are set.  [VTD] "Accessed, Extended Accessed, and Dirty Flags"
 */
static bool needs_second_stage(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;
	unsigned access = walk_wants_read(first) ? PT_READ : PT_READ | PT_WRITE;

	if (walk_wants_read(first))
		translation->page_is_known = false; /* it may have been another leaf's */
	if (walk_wants_leaf_flags(first) && !translation->page_is_known) {
		begin_page(pipeline, translation);
		return true;
	}
	if (translation->host_table != PHYS_NONE && !(access & ~translation->host_permissions))
		return false;
	translation->nested_for_table = true;
	begin_stage(pipeline, translation, PIPELINE_SECOND, first->want_address, access | PT_USER);
	return true;
}

/* ---- steps ---- */

/* The walk at work has ended well.  True: another one goes on. */
static bool goes_on(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *walk = translation->at_work, *first = &translation->first;

	if (translation->nested_for_table) {
		arrive_at_table(pipeline, translation);
		return true;
	}
	if (!translation->first_format || !translation->second_format) {
		arrive_at_page(translation, walk);
		return false;
	}
	if (walk == first && !translation->page_is_known) {
		begin_page(pipeline, translation);
		return true;
	}
	if (walk != first) {
		arrive_at_page(translation, walk);
		translation->page_is_known = true;
		translation->page_permissions = walk->permissions;
		if (first->state != WALK_DONE) {
			return_to_leaf(translation);
			return true;
		}
	}
	join_stages(translation);
	return false;
}

/* Goes on until something is wanted or the end is reached. */
static enum pipeline_step run(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first;

	for (;;) {
		struct walk *walk = translation->at_work;

		if (walk->state == WALK_DONE) {
			translation->is_plain = false;
			if (walk->status == WALK_OK && translation->nested_for_table && forbids_table(translation))
				walk->status = WALK_PERMISSION;
			if (walk->status != WALK_OK) {
				pipeline_stop(pipeline, translation);
				return PIPELINE_FAULTS;
			}
			count_walk(pipeline, translation, walk);
			if (!goes_on(pipeline, translation))
				return PIPELINE_TRANSLATED;
		} else if (walk != first) {
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
	translation->page_is_known = false;
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

/* Of the first stage also while the second is at work for it. */
void pipeline_stop(struct pipeline *pipeline, struct iommu_translation *translation)
{
	const struct walk *first = &translation->first, *walk = translation->at_work;

	count_walk(pipeline, translation, walk);
	if (walk != first && translation->first_format && first->state != WALK_DONE)
		count_walk(pipeline, translation, first);
}
