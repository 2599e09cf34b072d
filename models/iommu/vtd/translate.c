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
 * While structures are read, translation->structure holds what later steps need:
 */
#include "models/iommu/vtd/unit.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"

enum structure_word {
	ENTRY = 0,      /* words 0 and 1 of the context entry, or words 0 to 2 of the PASID entry */
	FPD = 3,        /* not 0: faults are not recorded */
	PASID = 4,      /* of the request, or RID_PASID */
	PRIVILEGED = 5, /* supervisor-mode request */
};

enum phase { READS_ROOT, READS_CONTEXT, READS_PASID_DIRECTORY, READS_PASID, WALKS };

/* ---- how a translation ends ---- */

static void blocked(struct vtd *unit, struct iommu_translation *translation, enum vtd_fault_reason reason)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_FAULT;
	translation->fault_reason = reason;
	if (!translation->structure[FPD])
		vtd_record_fault(unit, &translation->request, reason);
}

static void translated(struct iommu_translation *translation)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_TRANSLATED;
	translation->fault_reason = VTD_FAULT_NONE;
}

static void untouched(struct iommu_translation *translation)
{
	translation->output = translation->request.iova;
	translation->size_lg2 = PAGE_LG2;
	translation->permissions = PT_READ | PT_WRITE | PT_EXECUTE | PT_USER;
	translated(translation);
}

/* [LGN.4, SGN.8] No translation may lead to the interrupt address range. */
static bool leads_to_interrupts(struct vtd *unit, struct iommu_translation *translation)
{
	if (!vtd_is_interrupt_address(translation->output))
		return false;
	blocked(unit, translation,
		unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_INTERRUPT_ADDRESS : VTD_FAULT_SM_INTERRUPT_ADDRESS);
	return true;
}

static void pass_through(struct vtd *unit, struct iommu_translation *translation)
{
	iova_t iova = translation->request.iova;

	/* [LGN.1, SGN.4] */
	if (iova >> unit->host_address_width) {
		blocked(unit, translation,
			unit->ttm == VTD_TTM_LEGACY ? VTD_FAULT_ADDRESS_WIDTH : VTD_FAULT_SM_ADDRESS_WIDTH);
		return;
	}
	untouched(translation);
	leads_to_interrupts(unit, translation);
}

/* ---- steps of the page tables ---- */

/* [SFS.9, SSS.5] Flags are only set by page walks that snoop the processors' caches. */
static bool may_set_flags(const struct vtd *unit, const struct iommu_translation *translation)
{
	return (unit->extended_capability & VTD_ECAP_SMPWC) && (translation->structure[ENTRY + 1] & VTD_PASID1_PWSNP);
}

/* What follows a step, when it is not simply another read. */
static __attribute__((noinline)) void after_step(struct vtd *unit, struct iommu_translation *translation,
						 enum pipeline_step step)
{
	switch (step) {
	case PIPELINE_WAITS:
		if (translation->access.want == IOMMU_WANTS_UPDATE && !may_set_flags(unit, translation)) {
			pipeline_stop(&unit->pipeline, translation);
			blocked(unit, translation,
				translation->access.purpose == IOMMU_FOR_FIRST_STAGE ? VTD_FAULT_FS_UPDATE_NO_SNOOP
										     : VTD_FAULT_SS_UPDATE_NO_SNOOP);
		}
		break;
	case PIPELINE_TRANSLATED:
		if (leads_to_interrupts(unit, translation))
			break;
		pipeline_keep(&unit->pipeline, translation);
		translated(translation);
		break;
	case PIPELINE_FAULTS:
		blocked(unit, translation, vtd_walk_fault(unit, translation));
		break;
	}
}

/* ---- the stages of a context ---- */

static void set_second_stage(const struct vtd *unit, struct iommu_translation *translation, uint64_t aw, phys_t root,
			     bool flags)
{
	unsigned levels = (unsigned)aw + 2;
	unsigned width = pt_entry_lg2(levels);

	translation->second_format = &vtd_second_stage;
	translation->second_root = root;
	translation->second_rules = unit->second_rules;
	translation->second_rules.levels = levels;
	translation->second_rules.input_width_lg2 = width < unit->mgaw ? width : unit->mgaw;
	translation->second_rules.accessed_dirty = flags;
}

static void set_first_stage(const struct vtd *unit, struct iommu_translation *translation)
{
	uint64_t word = translation->structure[ENTRY + 2];
	unsigned levels = FIELD_GET(VTD_PASID2_FSPM, word) == VTD_FSPM_5_LEVEL ? 5 : 4;

	translation->first_format = &vtd_first_stage;
	translation->first_root = word & VTD_PASID2_FSPTPTR;
	translation->first_rules = unit->first_rules;
	translation->first_rules.levels = levels;
	translation->first_rules.input_width_lg2 = pt_entry_lg2(levels);
	translation->first_rules.write_protect = word & VTD_PASID2_WPE;
	translation->first_rules.execute_disable = word & VTD_PASID2_NXE;
	translation->first_rules.extended_accessed = word & VTD_PASID2_EAFE;
}

static unsigned access_of(const struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	unsigned access = request->write ? PT_WRITE : PT_READ;

	if (request->execute)
		access |= PT_EXECUTE;
	if (!translation->structure[PRIVILEGED])
		access |= PT_USER;
	return access;
}

/* The IOTLB answers; false: the tables must. */
static bool answered(struct vtd *unit, struct iommu_translation *translation, unsigned access)
{
	if (!pipeline_lookup(&unit->pipeline, translation, access))
		return false;
	if (!leads_to_interrupts(unit, translation))
		translated(translation);
	return true;
}

static void walk(struct vtd *unit, struct iommu_translation *translation, unsigned access)
{
	translation->phase = WALKS;
	after_step(unit, translation, pipeline_walk(&unit->pipeline, translation, access));
}

/* [VTD] "Legacy Mode Address Translation", from the context entry on; the entry has been checked. */
static void use_context(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2])
{
	unsigned access;

	translation->structure[FPD] = words[0] & VTD_CONTEXT0_FPD;
	translation->structure[PRIVILEGED] = 0;
	if (FIELD_GET(VTD_CONTEXT0_TT, words[0]) == VTD_TT_PASS_THROUGH) {
		pass_through(unit, translation);
		return;
	}
	access = access_of(translation);
	translation->tag[PIPELINE_FIRST] = FIELD_GET(VTD_CONTEXT1_DID, words[1]);
	translation->tag[PIPELINE_SECOND] = translation->tag[PIPELINE_FIRST];
	if (answered(unit, translation, access))
		return;
	set_second_stage(unit, translation, FIELD_GET(VTD_CONTEXT1_AW, words[1]), words[0] & VTD_CONTEXT0_SSPTPTR,
			 false);
	walk(unit, translation, access);
}

/* [VTD] "Scalable Mode Address Translation", from the PASID table entry on; the entry has been checked. */
static void use_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3])
{
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, words[0]);
	uint64_t domain = FIELD_GET(VTD_PASID1_DID, words[1]);
	bool has_first = type == VTD_PGTT_FIRST_STAGE || type == VTD_PGTT_NESTED;
	unsigned access;

	translation->structure[FPD] |= words[0] & VTD_PASID0_FPD;
	if (type == VTD_PGTT_PASS_THROUGH) {
		pass_through(unit, translation);
		return;
	}

	/* 1. [SPT.5, SPT.6] May the PASID be used so? */
	if (has_first && translation->request.execute && !(words[2] & VTD_PASID2_ERE)) {
		blocked(unit, translation, VTD_FAULT_ERE_CLEAR);
		return;
	}
	if (has_first && translation->structure[PRIVILEGED] && !(words[2] & VTD_PASID2_SRE)) {
		blocked(unit, translation, VTD_FAULT_SRE_CLEAR);
		return;
	}

	/* 2. The IOTLB.  Only first-stage and nested translations are one PASID's own. */
	access = access_of(translation);
	translation->tag[PIPELINE_SECOND] = domain;
	translation->tag[PIPELINE_FIRST] =
		has_first ? domain | FIELD_PUT(VTD_TAG_PASID, translation->structure[PASID]) | VTD_TAG_FIRST : domain;
	if (answered(unit, translation, access))
		return;

	/* 3. The page tables. */
	for (unsigned i = 0; i < 3; i++)
		translation->structure[ENTRY + i] = words[i];
	if (has_first)
		set_first_stage(unit, translation);
	if (type != VTD_PGTT_FIRST_STAGE)
		set_second_stage(unit, translation, FIELD_GET(VTD_PASID0_AW, words[0]), words[0] & VTD_PASID0_SSPTPTR,
				 words[0] & VTD_PASID0_SSADE);
	walk(unit, translation, access);
}

/* ---- device structures ---- */

static struct cache_key context_key(const struct vtd *unit, uint16_t source_id)
{
	return (struct cache_key){ { source_id, unit->ttm } };
}

static struct cache_key pasid_key(const struct iommu_translation *translation)
{
	return (struct cache_key){ { translation->request.source_id, translation->structure[PASID] } };
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
static void use_scalable_context(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2])
{
	const struct iommu_request *request = &translation->request;
	uint64_t rid_pasid = FIELD_GET(VTD_SCONTEXT1_RID_PASID, words[1]);
	uint64_t pasid = request->has_pasid ? request->pasid : rid_pasid;
	bool privileged = request->has_pasid ? request->privileged : words[1] & VTD_SCONTEXT1_RID_PRIV;
	uint64_t directory_index = FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid);

	translation->structure[FPD] = words[0] & VTD_SCONTEXT0_FPD;
	translation->structure[PASID] = pasid;
	translation->structure[PRIVILEGED] = privileged;

	/* 1. [SCT.6], [SCT.7], [SCT.9] Which PASID, and has the directory room for it? */
	if (request->has_pasid && !(words[0] & VTD_SCONTEXT0_PASIDE)) {
		blocked(unit, translation, VTD_FAULT_PASIDE_CLEAR);
		return;
	}
	if (directory_index >> (FIELD_GET(VTD_SCONTEXT0_PDTS, words[0]) + 7)) {
		blocked(unit, translation,
			request->has_pasid ? VTD_FAULT_PASID_TOO_LARGE : VTD_FAULT_RID_PASID_TOO_LARGE);
		return;
	}

	/* 2. The PASID-cache, else the directory. */
	const struct cache_value *value = device_lookup(unit, translation, &unit->pasids, pasid_key(translation));

	if (value) {
		translation->structure[FPD] |= value->word[3];
		use_pasid(unit, translation, value->word);
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
		blocked(unit, translation, reason);
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
	translation->structure[FPD] = words[0] & VTD_CONTEXT0_FPD;
	if (reason) {
		blocked(unit, translation, reason);
		return;
	}
	device_keep(unit, translation, &unit->contexts, context_key(unit, translation->request.source_id),
		    (struct cache_value){ { words[0], words[1] } });
	if (is_scalable)
		use_scalable_context(unit, translation, words);
	else
		use_context(unit, translation, words);
}

static void pasid_directory_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid_directory(unit, words[0]);
	uint64_t index = FIELD_GET(VTD_PASID_TABLE_INDEX, translation->structure[PASID]);

	translation->structure[FPD] |= words[0] & VTD_PASIDDIR_FPD;
	if (reason)
		blocked(unit, translation, reason);
	else
		want_structure(translation, READS_PASID, (words[0] & VTD_PASIDDIR_SMPTBLPTR) + index * VTD_PASID_BYTES,
			       VTD_PASID_BYTES);
}

static void pasid_read(struct vtd *unit, struct iommu_translation *translation, const uint64_t *words)
{
	enum vtd_fault_reason reason = vtd_check_pasid(unit, words);

	if (reason) {
		translation->structure[FPD] |= words[0] & VTD_PASID0_FPD;
		blocked(unit, translation, reason);
		return;
	}
	device_keep(unit, translation, &unit->pasids, pasid_key(translation),
		    (struct cache_value){ { words[0], words[1], words[2], translation->structure[FPD] } });
	use_pasid(unit, translation, words);
}

/* ---- the request comes in ---- */

/* [RTA.1], [RTA.2], [RTA.4] What the root table address register says; 0: go on. */
static enum vtd_fault_reason check_mode(const struct vtd *unit, const struct iommu_request *request)
{
	switch (unit->ttm) {
	case VTD_TTM_LEGACY:
		return request->has_pasid ? VTD_FAULT_TTM_PASID : VTD_FAULT_NONE;
	case VTD_TTM_SCALABLE:
		return unit->extended_capability & VTD_ECAP_SMTS ? VTD_FAULT_NONE : VTD_FAULT_RTADDR_INVALID;
	case VTD_TTM_ABORT_DMA:
		return unit->extended_capability & VTD_ECAP_ADMS ? VTD_FAULT_TTM_ABORT : VTD_FAULT_RTADDR_INVALID;
	default:
		return VTD_FAULT_RTADDR_INVALID;
	}
}

void vtd_translate_begin(struct iommu *iommu, struct iommu_translation *translation,
			 const struct iommu_request *request)
{
	struct vtd *unit = (struct vtd *)iommu;

	pipeline_begin(&unit->pipeline, translation, request);

	/* 1. While remapping is off, and for interrupts, addresses are left alone. */
	if (!unit->enabled || (vtd_is_interrupt_address(request->iova) && request->write && !request->has_pasid)) {
		untouched(translation);
		return;
	}

	/* 2. The mode. */
	enum vtd_fault_reason reason = check_mode(unit, request);

	if (reason) {
		translation->structure[FPD] = 0;
		blocked(unit, translation, reason);
		return;
	}

	/* 3. The context-cache, else the root table. */
	const struct cache_value *value =
		device_lookup(unit, translation, &unit->contexts, context_key(unit, request->source_id));

	if (!value) {
		translation->structure[FPD] = 0;
		want_structure(translation, READS_ROOT,
			       unit->root_table + (uint64_t)(request->source_id >> 8) * VTD_ROOT_BYTES, VTD_ROOT_BYTES);
	} else if (unit->ttm == VTD_TTM_SCALABLE) {
		use_scalable_context(unit, translation, value->word);
	} else {
		use_context(unit, translation, value->word);
	}
}

static __attribute__((noinline)) void structure_read(struct vtd *unit, struct iommu_translation *translation,
						     const uint64_t *words)
{
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

	if (translation->phase != WALKS) {
		structure_read(unit, translation, words);
		return;
	}

	enum pipeline_step step = pipeline_feed(&unit->pipeline, translation, words);

	if (step != PIPELINE_WAITS || translation->access.want != IOMMU_WANTS_READ)
		after_step(unit, translation, step);
}
