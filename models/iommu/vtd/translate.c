/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way through the unit, up to the page tables:
 *
 *   legacy mode     root entry -> context entry -> second stage or pass-through
 *   scalable mode   root entry -> context entry -> PASID directory entry -> PASID table entry
 *                   -> first stage, second stage, both nested, or pass-through
 *
 * [VTD] "Hierarchical Translation Structures", "Legacy Mode Address Translation", "Scalable Mode Address
 * Translation".  Brackets hold the specification's name of the fault condition.
 *
 * What is particular to requests that are not plain untranslated reads and writes: requests.c.
 */
#include "models/iommu/vtd/requests.h"

static void pass_through(struct vtd *unit, struct iommu_translation *translation)
{
	/* [LGN.1, SGN.4] */
	if (translation->request.iova >> unit->host_address_width)
		vtd_block(unit, translation,
			  unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_ADDRESS_WIDTH : VTD_FAULT_SM_HOST_WIDTH);
	else
		vtd_end_pass_through(unit, translation);
}

/* ---- through the tables of a context or a PASID entry ---- */

/* What an entry of the IOTLB must permit. */
static VTD_ALWAYS_INLINE unsigned lookup_access(const struct vtd *unit, const struct iommu_translation *translation,
						bool rare)
{
	unsigned access = translation->request.write ? PT_WRITE : PT_READ;

	if (rare)
		return vtd_rare_lookup_access(unit, translation);
	return translation->structure[VTD_NOTE_PRIVILEGED] ? access : access | PT_USER;
}

/* The IOTLB answers; false: the tables must. */
static VTD_ALWAYS_INLINE bool answered(struct vtd *unit, struct iommu_translation *translation, unsigned access,
				       bool rare)
{
	if (!pipeline_lookup(&unit->pipeline, translation, access))
		return false;
	if (vtd_is_allowed(unit, translation, rare))
		vtd_end(unit, translation, rare);
	return true;
}

/* ---- the route: what plain requests have in common with the one before ---- */

static inline uint64_t route_key(const struct iommu_request *request)
{
	return request->source_id | (uint64_t)request->pasid << 16 | (uint64_t)request->has_pasid << 48 |
	       (uint64_t)request->privileged << 49;
}

/* The request is about to ask the IOTLB, and contexts.last and pasids.last have led it there. */
static void remember_route(struct vtd *unit, const struct iommu_translation *translation, unsigned entries)
{
	unit->route = (struct vtd_route){
		.key = route_key(&translation->request),
		.fpd = translation->structure[VTD_NOTE_FPD],
		.pasid = translation->structure[VTD_NOTE_PASID],
		.privileged = translation->structure[VTD_NOTE_PRIVILEGED],
		.tag = { translation->tag[PIPELINE_FIRST], translation->tag[PIPELINE_SECOND] },
		.access = lookup_access(unit, translation, false) & PT_USER,
		.entries = entries,
	};
}

static __attribute__((noinline)) void walk_at_end_of_route(struct vtd *unit, struct iommu_translation *translation,
							   unsigned access)
{
	if (unit->route.entries > 1)
		vtd_walk_pasid(unit, translation, unit->pasids.last->word, access);
	else
		vtd_walk_context(unit, translation, unit->contexts.last->word, access);
}

static inline void take_route(struct vtd *unit, struct iommu_translation *translation)
{
	const struct vtd_route *route = &unit->route;
	unsigned access = route->access | (translation->request.write ? PT_WRITE : PT_READ);

	unit->pipeline.iommu.stats.device_hits += route->entries;
	translation->from_cache = true;
	translation->structure[VTD_NOTE_FPD] = route->fpd;
	translation->structure[VTD_NOTE_PASID] = route->pasid;
	translation->structure[VTD_NOTE_PRIVILEGED] = route->privileged;
	translation->tag[PIPELINE_FIRST] = route->tag[PIPELINE_FIRST];
	translation->tag[PIPELINE_SECOND] = route->tag[PIPELINE_SECOND];
	if (!answered(unit, translation, access, false))
		walk_at_end_of_route(unit, translation, access);
}

/* ---- from the entry that leads to tables ---- */

/* [VTD] "Legacy Mode Address Translation", from the context entry on; the entry has been checked. */
static VTD_ALWAYS_INLINE void use_context(struct vtd *unit, struct iommu_translation *translation,
					  const uint64_t words[2], bool rare, bool cached)
{
	unsigned access;

	translation->structure[VTD_NOTE_FPD] = words[0] & VTD_CONTEXT0_FPD;
	translation->structure[VTD_NOTE_PRIVILEGED] = 0;
	if (rare && vtd_ends_at_context(unit, translation, FIELD_GET(VTD_CONTEXT0_TT, words[0])))
		return;
	if (FIELD_GET(VTD_CONTEXT0_TT, words[0]) == VTD_TT_PASS_THROUGH) {
		pass_through(unit, translation);
		return;
	}
	access = lookup_access(unit, translation, rare);
	translation->tag[PIPELINE_FIRST] = FIELD_GET(VTD_CONTEXT1_DID, words[1]);
	translation->tag[PIPELINE_SECOND] = translation->tag[PIPELINE_FIRST];
	if (!rare && cached)
		remember_route(unit, translation, 1);
	if (!answered(unit, translation, access, rare))
		vtd_walk_context(unit, translation, words, access);
}

/* [VTD] "Scalable Mode Address Translation", from the PASID table entry on; the entry has been checked. */
static VTD_ALWAYS_INLINE void use_pasid(struct vtd *unit, struct iommu_translation *translation,
					const uint64_t words[3], bool rare, bool cached)
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);
	uint64_t domain = FIELD_GET(VTD_PASID1_DID, words[1]);
	bool has_first = vtd_has_first_stage(words[0]);
	unsigned access;

	/* 1. [SPT.5, SPT.6] May the PASID be used so? */
	translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASID0_FPD;
	if (rare) {
		translation->phase = VTD_WRITES_PAGE_REQUEST;
		if (vtd_ends_at_pasid(unit, translation, words))
			return;
	} else if (translation->structure[VTD_NOTE_PRIVILEGED] && !(words[2] & VTD_PASID2_SRE)) {
		vtd_block(unit, translation, VTD_FAULT_SRE_CLEAR);
		return;
	}
	if (type == VTD_PGTT_PASS_THROUGH) {
		pass_through(unit, translation);
		return;
	}

	/* 2. The IOTLB.  Only first-stage and nested translations are one PASID's own. */
	access = lookup_access(unit, translation, rare);
	translation->tag[PIPELINE_SECOND] = domain;
	translation->tag[PIPELINE_FIRST] =
		has_first ? domain | FIELD_PUT(VTD_TAG_PASID, translation->structure[VTD_NOTE_PASID]) | VTD_TAG_FIRST
			  : domain;
	if (!rare && cached)
		remember_route(unit, translation, 2);

	/* 3. Else the page tables. */
	if (!answered(unit, translation, access, rare))
		vtd_walk_pasid(unit, translation, words, access);
}

/* ---- device structures ---- */

static struct cache_key context_key(const struct vtd *unit, uint16_t source_id)
{
	return (struct cache_key){ { source_id, unit->ttm } };
}

static struct cache_key pasid_key(const struct iommu_translation *translation)
{
	return (struct cache_key){ { translation->request.source_id, translation->structure[VTD_NOTE_PASID] } };
}

/* The entry of key, or NULL. */
static inline const struct cache_value *device_lookup(struct vtd *unit, struct iommu_translation *translation,
						      struct vtd_device_cache *device, struct cache_key key)
{
	struct iommu_stats *stats = &unit->pipeline.iommu.stats;

	if (!device->last || device->last_key.word[0] != key.word[0] || device->last_key.word[1] != key.word[1]) {
		unit->route.key = VTD_NO_ROUTE;
		device->last = cache_lookup(device->cache, key);
		device->last_key = key;
	}
	if (!device->last) {
		stats->device_misses++;
		return NULL;
	}
	stats->device_hits++;
	translation->from_cache = true;
	return device->last;
}

/* Keeps an entry just read, unless an invalidation of device structures came in between. */
static void device_keep(struct vtd *unit, struct iommu_translation *translation, struct vtd_device_cache *device,
			struct cache_key key, struct cache_value value)
{
	if (pipeline_overtaken(&unit->pipeline, translation, PIPELINE_DEVICE, 0, 0, UINT64_MAX)) {
		translation->blocked_fill = true;
		return;
	}
	cache_fill(device->cache, key, value);
	device->last = NULL;
	unit->route.key = VTD_NO_ROUTE;
}

static void want_structure(struct iommu_translation *translation, enum vtd_phase phase, phys_t address, unsigned bytes)
{
	translation->phase = phase;
	pipeline_want_read(translation, IOMMU_FOR_DEVICE, address, bytes / 8);
}

/* [VTD] "Scalable Mode Address Translation", from the context entry on; the entry has been checked. */
static VTD_ALWAYS_INLINE void use_scalable_context(struct vtd *unit, struct iommu_translation *translation,
						   const uint64_t words[2], bool rare, bool cached)
{
	const struct iommu_request *request = &translation->request;
	uint64_t rid_pasid = FIELD_GET(VTD_SCONTEXT1_RID_PASID, words[1]);
	uint64_t pasid = request->has_pasid ? request->pasid : rid_pasid;
	bool privileged = request->has_pasid ? request->privileged : words[1] & VTD_SCONTEXT1_RID_PRIV;
	uint64_t directory_index = FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid);

	translation->structure[VTD_NOTE_FPD] = words[0] & VTD_SCONTEXT0_FPD;
	translation->structure[VTD_NOTE_PASID] = pasid;
	translation->structure[VTD_NOTE_PRIVILEGED] = privileged;

	/* 1. May the request use the entry?  Without PASID a plain one may. */
	if (request->has_pasid || rare) {
		enum vtd_fault_reason reason = vtd_check_use(unit, words, request);

		if (reason) {
			vtd_block(unit, translation, reason);
			return;
		}
		if (rare && vtd_ends_at_scalable_context(unit, translation))
			return;
	}

	/* 2. The PASID-cache, else the directory. */
	const struct cache_value *value = device_lookup(unit, translation, &unit->pasids, pasid_key(translation));

	if (value) {
		translation->structure[VTD_NOTE_FPD] |= value->word[3];
		use_pasid(unit, translation, value->word, rare, cached);
		return;
	}
	want_structure(translation, VTD_READS_PASID_DIRECTORY,
		       (words[0] & VTD_SCONTEXT0_PASIDDIRPTR) + directory_index * VTD_PASIDDIR_BYTES,
		       VTD_PASIDDIR_BYTES);
}

static void root_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	uint16_t source_id = translation->request.source_id;
	phys_t table = 0;
	enum vtd_fault_reason reason = vtd_check_root(unit, words, source_id, &table);

	if (reason)
		vtd_block(unit, translation, reason);
	else if (unit->ttm == VTD_TTM_SCALABLE)
		want_structure(translation, VTD_READS_CONTEXT, table + (source_id & 0x7f) * VTD_SCONTEXT_BYTES,
			       VTD_SCONTEXT_BYTES);
	else
		want_structure(translation, VTD_READS_CONTEXT, table + (source_id & 0xff) * VTD_CONTEXT_BYTES,
			       VTD_CONTEXT_BYTES);
}

static void context_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	bool is_scalable = unit->ttm == VTD_TTM_SCALABLE;
	enum vtd_fault_reason reason =
		is_scalable ? vtd_check_scalable_context(unit, words) : vtd_check_context(unit, words);

	/* FPD counts from here on, also in an entry that is not present; it is bit 1 in both. */
	translation->structure[VTD_NOTE_FPD] = words[0] & VTD_CONTEXT0_FPD;
	if (is_scalable && !reason)
		reason = vtd_check_eptr(words, &translation->request);
	if (reason) {
		vtd_block(unit, translation, reason);
		return;
	}
	device_keep(unit, translation, &unit->contexts, context_key(unit, translation->request.source_id),
		    (struct cache_value){ { words[0], words[1] } });
	if (is_scalable)
		use_scalable_context(unit, translation, words, vtd_is_not_plain(translation), false);
	else
		use_context(unit, translation, words, vtd_is_not_plain(translation), false);
}

static void pasid_directory_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid_directory(unit, words[0]);
	uint64_t index = FIELD_GET(VTD_PASID_TABLE_INDEX, translation->structure[VTD_NOTE_PASID]);

	translation->structure[VTD_NOTE_DIRECTORY] = words[0] & VTD_PASIDDIR_FPD;
	translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASIDDIR_FPD;
	if (reason)
		vtd_block(unit, translation, reason);
	else
		want_structure(translation, VTD_READS_PASID,
			       (words[0] & VTD_PASIDDIR_SMPTBLPTR) + index * VTD_PASID_BYTES, VTD_PASID_BYTES);
}

static void pasid_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid(unit, words);

	if (reason) {
		translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASID0_FPD;
		vtd_block(unit, translation, reason);
		return;
	}
	device_keep(
		unit, translation, &unit->pasids, pasid_key(translation),
		(struct cache_value){ { words[0], words[1], words[2], translation->structure[VTD_NOTE_DIRECTORY] } });
	use_pasid(unit, translation, words, vtd_is_not_plain(translation), false);
}

/* ---- the request comes in ---- */

/* From the context-cache on, else from the root table. */
static VTD_ALWAYS_INLINE void begin(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	uint16_t source_id = translation->request.source_id;
	const struct cache_value *value =
		device_lookup(unit, translation, &unit->contexts, context_key(unit, source_id));

	if (!value) {
		translation->structure[VTD_NOTE_FPD] = 0;
		want_structure(translation, VTD_READS_ROOT,
			       unit->root_table + (uint64_t)(source_id >> 8) * VTD_ROOT_BYTES, VTD_ROOT_BYTES);
	} else if (unit->ttm == VTD_TTM_SCALABLE) {
		use_scalable_context(unit, translation, value->word, rare, true);
	} else {
		use_context(unit, translation, value->word, rare, true);
	}
}

static __attribute__((noinline)) void begin_rarely(struct vtd *unit, struct iommu_translation *translation,
						   const struct iommu_request *request)
{
	translation->request = *request;
	translation->request.execute = request->has_pasid && request->execute;
	translation->request.privileged = request->has_pasid && request->privileged;
	translation->structure[VTD_NOTE_FPD] = 0;
	translation->structure[VTD_NOTE_RARE] = 1;
	if (vtd_ends_at_once(unit, translation))
		return;

	enum vtd_fault_reason reason = vtd_check_mode(unit, &translation->request);

	if (!reason)
		reason = vtd_check_version(unit, &translation->request);
	if (reason)
		vtd_block(unit, translation, reason);
	else
		begin(unit, translation, true);
}

void vtd_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request)
{
	struct vtd *unit = (struct vtd *)iommu;

	pipeline_begin(&unit->pipeline, translation, request);
	if (__builtin_expect(!unit->enabled || vtd_is_rare(request), false)) {
		begin_rarely(unit, translation, request);
		return;
	}
	translation->request.type = IOMMU_UNTRANSLATED;
	translation->request.zero_length = false;
	translation->request.atomic = false;
	translation->request.last = false;
	translation->structure[VTD_NOTE_RARE] = 0;
	if (__builtin_expect(unit->route.key == route_key(request), true)) {
		take_route(unit, translation);
		return;
	}

	enum vtd_fault_reason reason = vtd_check_mode(unit, request);

	if (reason) {
		translation->structure[VTD_NOTE_FPD] = 0;
		vtd_block(unit, translation, reason);
		return;
	}
	begin(unit, translation, false);
}

/* What was wanted could not be had: there is no memory. */
static void access_failed(struct vtd *unit, struct iommu_translation *translation)
{
	static const enum vtd_fault_reason legacy[] = { VTD_FAULT_ROOT_ACCESS, VTD_FAULT_CONTEXT_ACCESS };
	static const enum vtd_fault_reason scalable[] = { VTD_FAULT_SROOT_ACCESS, VTD_FAULT_SCONTEXT_ACCESS,
							  VTD_FAULT_PASIDDIR_ACCESS, VTD_FAULT_PASID_ACCESS };

	if (translation->phase == VTD_WALKS) {
		pipeline_stop(&unit->pipeline, translation);
		vtd_block(unit, translation, vtd_walk_access_fault(unit, translation));
		return;
	}
	vtd_block(unit, translation,
		  unit->ttm == VTD_TTM_LEGACY ? legacy[translation->phase] : scalable[translation->phase]);
}

static __attribute__((noinline)) void fed_otherwise(struct vtd *unit, struct iommu_translation *translation,
						    const uint64_t *words)
{
	if (translation->phase == VTD_WRITES_PAGE_REQUEST) {
		vtd_page_request_feed(unit, translation);
		return;
	}
	if (!words) {
		access_failed(unit, translation);
		return;
	}
	pipeline_count_reads(&unit->pipeline, translation, IOMMU_FOR_DEVICE, 1);
	switch (translation->phase) {
	case VTD_READS_ROOT:
		root_read(unit, translation, words);
		break;
	case VTD_READS_CONTEXT:
		context_read(unit, translation, words);
		break;
	case VTD_READS_PASID_DIRECTORY:
		pasid_directory_read(unit, translation, words);
		break;
	default:
		pasid_read(unit, translation, words);
		break;
	}
}

void vtd_translate_feed(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words)
{
	struct vtd *unit = (struct vtd *)iommu;

	if (translation->phase != VTD_WALKS || !words) {
		fed_otherwise(unit, translation, words);
		return;
	}

	enum pipeline_step step = pipeline_feed(&unit->pipeline, translation, words);

	if (step != PIPELINE_WAITS || translation->access.want != IOMMU_WANTS_READ)
		vtd_after_step(unit, translation, step);
}
