/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every family of IOMMU shares once it knows which tables a request
 * goes through: the IOTLB, one or two table walks, and for each stage and level
 * a paging-structure cache.  Nothing of a family's bits is here.
 *
 * Paging-structure caches are of tables of the least geometry (models/pagetable/format.h); the rest is of any.
 *
 * One stage: its table walk.  Two stages: every first-stage table lies at an
 * address that the second stage translates before an entry of it is read, and the
 * first stage's output goes through the second stage at last.  With four
 * levels each and nothing cached that is 4 * (4 + 1) + 4 = 24 reads.
 *
 * Tags.  translation->tag[0] tags the IOTLB and the first stage's caches,
 * tag[1] the second stage's.  The family composes them of domain, PASID and
 * the like, so that an invalidation is a masked comparison.
 *
 * Invalidations may arrive while walks are under way.  A walk that began before an
 * invalidation which concerns it is used once and leaves nothing in a cache
 * after that (blocked_fill).
 */
#ifndef IOMMUSIM_IOMMU_PIPELINE_H
#define IOMMUSIM_IOMMU_PIPELINE_H

#include "models/base/err.h"
#include "models/iommu/iommu.h"

enum pipeline_stage { PIPELINE_FIRST, PIPELINE_SECOND, PIPELINE_STAGES };

/* Caches, as a set. */
enum pipeline_cache {
	PIPELINE_IOTLB = 1,
	PIPELINE_FIRST_WALK = 2,  /* paging-structure caches of the first stage */
	PIPELINE_SECOND_WALK = 4, /* of the second stage */
	PIPELINE_DEVICE = 8,      /* the family's own, of device structures */
};

/*
 * What an invalidation concerns: in each of `caches` the entries whose tag
 * equals `tag` in the bits of `mask` and that cover any address in [first, last].
 * All addresses: 0 and UINT64_MAX.
 */
struct pipeline_scope {
	unsigned caches;
	uint64_t tag, mask;
	uint64_t first, last;
};

#define PIPELINE_RECENT 16u

struct pipeline {
	struct iommu iommu; /* first; a family's unit begins with struct pipeline */
	struct cache *iotlb;
	struct cache *walk[PIPELINE_STAGES][PT_LEVELS_MAX]; /* NULL: absent */
	bool keeps_tables;                                  /* any of them exists */
	uint64_t sizes;    /* since the IOTLB was last empty: bit n: a translation of 2^n bytes was kept */
	uint64_t tag_bits; /* and the bits set in any tag */
	uint64_t epoch;    /* invalidations so far */
	struct pipeline_scope recent[PIPELINE_RECENT]; /* the last ones, at epoch % PIPELINE_RECENT */
};

/* false and *err when a cache's geometry is impossible. */
bool pipeline_init(struct pipeline *pipeline, const struct iommu_ops *ops, const struct iommu_cache_config *caches,
		   uint64_t seed, struct err *err);
void pipeline_fini(struct pipeline *pipeline);

/* Creates one more cache of the unit; NULL and *err, which names the field, when its geometry is impossible. */
struct cache *pipeline_cache_create(const char *field, const struct cache_geometry *geometry, uint64_t seed,
				    struct err *err);

/* ---- translation, in this order ---- */

/* Resets the outcome and notes the epoch; nothing is wanted yet. */
static inline void pipeline_begin(struct pipeline *pipeline, struct iommu_translation *translation,
				  const struct iommu_request *request)
{
	/* Field by field: a wide copy of what was just stored in parts stalls the host's CPU for 5 ns. */
	translation->request.source_id = request->source_id;
	translation->request.has_pasid = request->has_pasid;
	translation->request.pasid = request->pasid;
	translation->request.iova = request->iova;
	translation->request.write = request->write;
	translation->request.execute = request->execute;
	translation->request.privileged = request->privileged;
	translation->iotlb_hit = false;
	translation->from_cache = false;
	translation->blocked_fill = false;
	translation->is_plain = false;
	translation->epoch = pipeline->epoch;
	translation->first_format = NULL;
	translation->second_format = NULL;
	for (unsigned i = 0; i < IOMMU_PURPOSES; i++)
		translation->reads[i] = 0;
}

/*
 * Looks for a translation under tag[0] that permits `access` (a set of enum
 * pt_permission); true: output, size_lg2 and permissions are set.  An entry that
 * lacks a permission is a miss: the walk finds out and replaces it.
 */
bool pipeline_lookup(struct pipeline *pipeline, struct iommu_translation *translation, unsigned access);

enum pipeline_step {
	PIPELINE_WAITS,      /* translation->access says for what */
	PIPELINE_TRANSLATED, /* output, size_lg2 and permissions are set; pipeline_keep puts it into the IOTLB */
	PIPELINE_FAULTS,     /* the walk of pipeline_stage_at_work has the status */
};

/* Starts the walk: formats, roots, rules and tags are set; access is that of the request. */
enum pipeline_step pipeline_walk(struct pipeline *pipeline, struct iommu_translation *translation, unsigned access);
/* The rest of pipeline_feed, for the walk that was at from_level. */
enum pipeline_step pipeline_moved(struct pipeline *pipeline, struct iommu_translation *translation,
				  unsigned from_level);

/* What the translation wanted was read or updated. */
static inline enum pipeline_step pipeline_feed(struct pipeline *pipeline, struct iommu_translation *translation,
					       const uint64_t *words)
{
	struct walk *walk = translation->at_work;
	unsigned level = walk->level;

	if (translation->access.want == IOMMU_WANTS_READ) {
		if (!walk_passes(walk, words[0]))
			walk_feed(walk, words[0]);
		if (translation->is_plain && walk_wants_read(walk)) {
			translation->access.address = walk->want_address;
			return PIPELINE_WAITS;
		}
	} else {
		walk_updated(walk, words[0]);
	}
	return pipeline_moved(pipeline, translation, level);
}

/* The family blocks a translation that waits: what was read so far counts. */
void pipeline_stop(struct pipeline *pipeline, struct iommu_translation *translation);

/* Whose walk ended with a fault, or is at work. */
static inline enum pipeline_stage pipeline_stage_at_work(const struct iommu_translation *translation)
{
	return translation->at_work == &translation->second ? PIPELINE_SECOND : PIPELINE_FIRST;
}

/* Puts what PIPELINE_TRANSLATED found into the IOTLB, unless an invalidation overtook the walk. */
void pipeline_keep(struct pipeline *pipeline, struct iommu_translation *translation);

/* ---- reading of structures, for the family ---- */

static inline void pipeline_want_read(struct iommu_translation *translation, enum iommu_purpose purpose, phys_t address,
				      unsigned words)
{
	translation->access = (struct iommu_access){
		.want = IOMMU_WANTS_READ, .purpose = purpose, .address = address, .words = words
	};
}

/* Counts reads that were fed; the pipeline counts its own. */
static inline void pipeline_count_reads(struct pipeline *pipeline, struct iommu_translation *translation,
					enum iommu_purpose purpose, unsigned reads)
{
	translation->reads[purpose] += reads;
	pipeline->iommu.stats.reads[purpose] += reads;
}

/* ---- invalidation ---- */

/* Returns how many entries left; of PIPELINE_DEVICE only notes it (the family empties its own caches). */
uint64_t pipeline_invalidate(struct pipeline *pipeline, const struct pipeline_scope *scope);

/*
 * Has any invalidation since the translation began concerned an entry of
 * `cache` with this tag that covers [first, last]?
 */
bool pipeline_overtaken(const struct pipeline *pipeline, const struct iommu_translation *translation,
			enum pipeline_cache cache, uint64_t tag, uint64_t first, uint64_t last);

#endif
