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

enum phase { READS_ROOT, READS_CONTEXT, READS_PASID_DIRECTORY, READS_PASID, WALKS, WRITES_PAGE_REQUEST };

/*
 * Functions that take `rare` are compiled twice: a plain request that finds everything in caches goes through a copy
 * without a test of it.
 */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline bool is_rare(const struct iommu_translation *translation)
{
	return translation->structure[VTD_NOTE_RARE];
}

/* ---- how a translation ends ---- */

static __attribute__((noinline)) bool is_allowed_there(struct vtd *unit, struct iommu_translation *translation)
{
	if (is_rare(translation))
		return vtd_rare_is_allowed(unit, translation);
	/* [LGN.4, SGN.8] No translation may lead to the interrupt address range. */
	if (vtd_is_interrupt_address(translation->output)) {
		vtd_block(unit, translation,
			  unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_INTERRUPT_ADDRESS : VTD_FAULT_SM_INTERRUPT_ADDRESS);
		return false;
	}
	if (vtd_is_protected(unit, translation->output, translation->output)) {
		vtd_refuse(translation);
		return false;
	}
	return true;
}

/* May the request have the translation found?  Else it was blocked. */
static ALWAYS_INLINE bool is_allowed(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	if (__builtin_expect(!vtd_is_interrupt_address(translation->output) && !rare &&
				     !(unit->reg[VTD_REG_PMEN / 4] & VTD_PMEN_PRS),
			     true))
		return true;
	return is_allowed_there(unit, translation);
}

static ALWAYS_INLINE void end(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	if (rare)
		vtd_rare_end(unit, translation);
	else
		vtd_succeed(translation);
}

static void pass_through(struct vtd *unit, struct iommu_translation *translation)
{
	/* [LGN.1, SGN.4] */
	if (translation->request.iova >> unit->host_address_width)
		vtd_block(unit, translation,
			  unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_ADDRESS_WIDTH : VTD_FAULT_SM_HOST_WIDTH);
	else
		vtd_end_pass_through(unit, translation);
}

/* ---- steps of the page tables ---- */

/* [SFS.9, SSS.5] Flags are only set by page walks that snoop the processors' caches. */
static bool may_set_flags(const struct vtd *unit, const struct iommu_translation *translation)
{
	return (unit->extended_capability & VTD_ECAP_SMPWC) &&
	       (translation->structure[VTD_NOTE_ENTRY + 1] & VTD_PASID1_PWSNP);
}

/* [VTD] "Snoop Behavior": the leaf of the second stage may make accesses snoop. */
static void note_snoop(struct iommu_translation *translation)
{
	if (translation->second_format && translation->second.leaf.snoop)
		translation->permissions |= PT_SNOOP;
}

/* What follows a step, when it is not simply another read. */
static __attribute__((noinline)) void after_step(struct vtd *unit, struct iommu_translation *translation,
						 enum pipeline_step step)
{
	switch (step) {
	case PIPELINE_WAITS:
		if (translation->access.want == IOMMU_WANTS_UPDATE && !may_set_flags(unit, translation)) {
			pipeline_stop(&unit->pipeline, translation);
			vtd_block(unit, translation,
				  translation->access.purpose == IOMMU_FOR_FIRST_STAGE ? VTD_FAULT_FS_UPDATE_NO_SNOOP
										       : VTD_FAULT_SS_UPDATE_NO_SNOOP);
		}
		break;
	case PIPELINE_TRANSLATED:
		note_snoop(translation);
		if (!is_allowed(unit, translation, is_rare(translation)))
			break;
		pipeline_keep(&unit->pipeline, translation);
		end(unit, translation, is_rare(translation));
		break;
	case PIPELINE_FAULTS:
		vtd_block(unit, translation, vtd_walk_fault(unit, translation));
		break;
	}
}

/* ---- through the tables of a context or a PASID entry ---- */

/* What an entry of the IOTLB must permit. */
static ALWAYS_INLINE unsigned lookup_access(const struct vtd *unit, const struct iommu_translation *translation,
					    bool rare)
{
	unsigned access = translation->request.write ? PT_WRITE : PT_READ;

	if (rare)
		return vtd_rare_lookup_access(unit, translation);
	return translation->structure[VTD_NOTE_PRIVILEGED] ? access : access | PT_USER;
}

/* The IOTLB answers; false: the tables must. */
static ALWAYS_INLINE bool answered(struct vtd *unit, struct iommu_translation *translation, unsigned access, bool rare)
{
	if (!pipeline_lookup(&unit->pipeline, translation, access))
		return false;
	if (is_allowed(unit, translation, rare))
		end(unit, translation, rare);
	return true;
}

static void walk(struct vtd *unit, struct iommu_translation *translation, unsigned access)
{
	if (is_rare(translation))
		access = vtd_rare_walk_access(unit, translation);
	translation->phase = WALKS;
	after_step(unit, translation, pipeline_walk(&unit->pipeline, translation, access));
}

/* [VTD] "Legacy Mode Address Translation", from the context entry on; the entry has been checked. */
static ALWAYS_INLINE void use_context(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2],
				      bool rare)
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
	if (answered(unit, translation, access, rare))
		return;
	vtd_set_context_stage(unit, translation, words);
	walk(unit, translation, access);
}

/* [VTD] "Scalable Mode Address Translation", from the PASID table entry on; the entry has been checked. */
static ALWAYS_INLINE void use_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3],
				    bool rare)
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);
	uint64_t domain = FIELD_GET(VTD_PASID1_DID, words[1]);
	bool has_first = vtd_has_first_stage(words[0]);
	unsigned access;

	/* 1. [SPT.5, SPT.6] May the PASID be used so? */
	translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASID0_FPD;
	if (rare) {
		translation->phase = WRITES_PAGE_REQUEST;
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
	if (answered(unit, translation, access, rare))
		return;

	/* 3. The page tables. */
	vtd_note_pasid(translation, words);
	vtd_set_pasid_stages(unit, translation, words);
	walk(unit, translation, access);
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
}

static void want_structure(struct iommu_translation *translation, enum phase phase, phys_t address, unsigned bytes)
{
	translation->phase = phase;
	pipeline_want_read(translation, IOMMU_FOR_DEVICE, address, bytes / 8);
}

/* [VTD] "Scalable Mode Address Translation", from the context entry on; the entry has been checked. */
static ALWAYS_INLINE void use_scalable_context(struct vtd *unit, struct iommu_translation *translation,
					       const uint64_t words[2], bool rare)
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
		use_pasid(unit, translation, value->word, rare);
		return;
	}
	want_structure(translation, READS_PASID_DIRECTORY,
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
		want_structure(translation, READS_CONTEXT, table + (source_id & 0x7f) * VTD_SCONTEXT_BYTES,
			       VTD_SCONTEXT_BYTES);
	else
		want_structure(translation, READS_CONTEXT, table + (source_id & 0xff) * VTD_CONTEXT_BYTES,
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
		use_scalable_context(unit, translation, words, is_rare(translation));
	else
		use_context(unit, translation, words, is_rare(translation));
}

static void pasid_directory_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid_directory(unit, words[0]);
	uint64_t index = FIELD_GET(VTD_PASID_TABLE_INDEX, translation->structure[VTD_NOTE_PASID]);

	translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASIDDIR_FPD;
	if (reason)
		vtd_block(unit, translation, reason);
	else
		want_structure(translation, READS_PASID, (words[0] & VTD_PASIDDIR_SMPTBLPTR) + index * VTD_PASID_BYTES,
			       VTD_PASID_BYTES);
}

static void pasid_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid(unit, words);

	if (reason) {
		translation->structure[VTD_NOTE_FPD] |= words[0] & VTD_PASID0_FPD;
		vtd_block(unit, translation, reason);
		return;
	}
	device_keep(unit, translation, &unit->pasids, pasid_key(translation),
		    (struct cache_value){ { words[0], words[1], words[2], translation->structure[VTD_NOTE_FPD] } });
	use_pasid(unit, translation, words, is_rare(translation));
}

/* ---- the request comes in ---- */

/* From the context-cache on, else from the root table. */
static ALWAYS_INLINE void begin(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	uint16_t source_id = translation->request.source_id;
	const struct cache_value *value =
		device_lookup(unit, translation, &unit->contexts, context_key(unit, source_id));

	if (!value) {
		translation->structure[VTD_NOTE_FPD] = 0;
		want_structure(translation, READS_ROOT, unit->root_table + (uint64_t)(source_id >> 8) * VTD_ROOT_BYTES,
			       VTD_ROOT_BYTES);
	} else if (unit->ttm == VTD_TTM_SCALABLE) {
		use_scalable_context(unit, translation, value->word, rare);
	} else {
		use_context(unit, translation, value->word, rare);
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

	if (translation->phase == WALKS) {
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
	if (translation->phase == WRITES_PAGE_REQUEST) {
		vtd_page_request_feed(unit, translation);
		return;
	}
	if (!words) {
		access_failed(unit, translation);
		return;
	}
	pipeline_count_reads(&unit->pipeline, translation, IOMMU_FOR_DEVICE, 1);
	switch (translation->phase) {
	case READS_ROOT:
		root_read(unit, translation, words);
		break;
	case READS_CONTEXT:
		context_read(unit, translation, words);
		break;
	case READS_PASID_DIRECTORY:
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

	if (translation->phase != WALKS || !words) {
		fed_otherwise(unit, translation, words);
		return;
	}

	enum pipeline_step step = pipeline_feed(&unit->pipeline, translation, words);

	if (step != PIPELINE_WAITS || translation->access.want != IOMMU_WANTS_READ)
		after_step(unit, translation, step);
}
