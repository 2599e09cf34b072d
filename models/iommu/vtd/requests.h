/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What translate.c, stages.c and requests.c share: the unit's notes on a request under way, and how a request ends.
 *
 * A plain request is an untranslated read or write outside the interrupt address range: what nearly all are.
 * Whatever asks for more thought is `rare`, and requests.c decides on it wherever translate.c comes by.
 */
#ifndef IOMMUSIM_IOMMU_VTD_REQUESTS_H
#define IOMMUSIM_IOMMU_VTD_REQUESTS_H

#include "models/iommu/vtd/unit.h"

/* Words of translation->structure. */
enum vtd_note {
	VTD_NOTE_ENTRY = 0,      /* words 0 to 2 of the PASID entry */
	VTD_NOTE_FPD = 3,        /* not 0: qualified faults are not recorded */
	VTD_NOTE_PASID = 4,      /* of the request, or RID_PASID */
	VTD_NOTE_PRIVILEGED = 5, /* supervisor-mode request */
	VTD_NOTE_RARE = 6,       /* not plain */
	VTD_NOTE_DIRECTORY = 7,  /* FPD of the PASID directory entry just read */
};

/* translation->phase */
enum vtd_phase {
	VTD_READS_ROOT,
	VTD_READS_CONTEXT,
	VTD_READS_PASID_DIRECTORY,
	VTD_READS_PASID,
	VTD_WALKS,
	VTD_WRITES_PAGE_REQUEST
};

static inline bool vtd_is_not_plain(const struct iommu_translation *translation)
{
	return translation->structure[VTD_NOTE_RARE];
}

/* Has the PASID entry a first stage? */
static inline bool vtd_has_first_stage(uint64_t pasid_word0)
{
	uint64_t type = FIELD_GET(VTD_PASID0_PGTT, pasid_word0);

	return type == VTD_PGTT_FIRST_STAGE || type == VTD_PGTT_NESTED;
}

static inline bool vtd_is_rare(const struct iommu_request *request)
{
	/* Joined, for one branch. */
	return ((unsigned)request->type | request->execute | request->zero_length | request->atomic) != 0 ||
	       vtd_is_interrupt_address(request->iova);
}

/* [RTA.1] to [RTA.4] What the root table address register says; 0: go on. */
static inline enum vtd_fault_reason vtd_check_mode(const struct vtd *unit, const struct iommu_request *request)
{
	switch (unit->ttm) {
	case VTD_TTM_LEGACY:
		if (request->type == IOMMU_PAGE_REQUEST)
			return VTD_FAULT_TTM_PAGE_REQUEST;
		if (request->has_pasid)
			return VTD_FAULT_TTM_PASID;
		return unit->second_rules.io_permissions ? VTD_FAULT_RTADDR_INVALID : VTD_FAULT_NONE;
	case VTD_TTM_SCALABLE:
		return unit->extended_capability & VTD_ECAP_SMTS ? VTD_FAULT_NONE : VTD_FAULT_RTADDR_INVALID;
	case VTD_TTM_ABORT_DMA:
		return unit->extended_capability & VTD_ECAP_ADMS ? VTD_FAULT_TTM_ABORT : VTD_FAULT_RTADDR_INVALID;
	default:
		return VTD_FAULT_RTADDR_INVALID;
	}
}

static inline void vtd_note_pasid(struct iommu_translation *translation, const uint64_t words[3])
{
	for (unsigned i = 0; i < 3; i++)
		translation->structure[VTD_NOTE_ENTRY + i] = words[i];
}

/* ---- requests.c: endings ---- */

/* A condition of the table of fault conditions: the completion it gives, and a record unless FPD forbids. */
void vtd_block(struct vtd *unit, struct iommu_translation *translation, enum vtd_fault_reason reason);

/* Unsupported, and nothing is reported. */
void vtd_refuse(struct iommu_translation *translation);

static inline void vtd_succeed(struct iommu_translation *translation)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_TRANSLATED;
	translation->completion = IOMMU_SUCCESS;
	translation->fault_reason = VTD_FAULT_NONE;
}

/* The address as it is; untranslated and translated requests. */
void vtd_pass(struct vtd *unit, struct iommu_translation *translation);

/* ---- rare requests: true when the request has ended there, or has gone another way ---- */

/* Before any structure is read: translation off, interrupts, what the unit has no notion of. */
bool vtd_ends_at_once(struct vtd *unit, struct iommu_translation *translation);

/* [RTA.5] */
enum vtd_fault_reason vtd_check_version(const struct vtd *unit, const struct iommu_request *request);

/* tt: of the legacy context entry. */
bool vtd_ends_at_context(struct vtd *unit, struct iommu_translation *translation, enum vtd_tt tt);

/* The scalable-mode context entry admits the request. */
bool vtd_ends_at_scalable_context(struct vtd *unit, struct iommu_translation *translation);

/* words: of the PASID entry, which are noted.  May have begun a page request: translation->access tells. */
bool vtd_ends_at_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3]);

/* Pass-through, the address being within the host's width. */
void vtd_end_pass_through(struct vtd *unit, struct iommu_translation *translation);

/* Permissions that an IOTLB entry must have to answer the request, and that a walk is to ask for. */
unsigned vtd_rare_lookup_access(const struct vtd *unit, const struct iommu_translation *translation);
unsigned vtd_rare_walk_access(const struct vtd *unit, const struct iommu_translation *translation);

/* There is a translation: may the request have it?  Else it was blocked. */
bool vtd_rare_is_allowed(struct vtd *unit, struct iommu_translation *translation);

/* It may: what is given. */
void vtd_rare_end(struct vtd *unit, struct iommu_translation *translation);

/*
 * Functions that take `rare` are compiled twice: a plain request that finds everything in caches goes through a copy
 * without a test of it.  `cached`: every device structure was in a cache, so that the next request may go the same way.
 */
#define VTD_ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- stages.c: the page tables of an entry that has any, and what they say ---- */

bool vtd_is_allowed_there(struct vtd *unit, struct iommu_translation *translation);

/* May the request have the translation found?  Else it was blocked. */
static VTD_ALWAYS_INLINE bool vtd_is_allowed(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	if (__builtin_expect(!vtd_is_interrupt_address(translation->output) && !rare &&
				     !(unit->reg[VTD_REG_PMEN / 4] & VTD_PMEN_PRS),
			     true))
		return true;
	return vtd_is_allowed_there(unit, translation);
}

static VTD_ALWAYS_INLINE void vtd_end(struct vtd *unit, struct iommu_translation *translation, bool rare)
{
	if (rare)
		vtd_rare_end(unit, translation);
	else
		vtd_succeed(translation);
}

/* Starts the walk; words are those of the entry, access is what a plain request asks for. */
void vtd_walk_context(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[2],
		      unsigned access);
void vtd_walk_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3], unsigned access);

/* What follows a step of it, when it is not simply another read. */
void vtd_after_step(struct vtd *unit, struct iommu_translation *translation, enum pipeline_step step);

#endif
