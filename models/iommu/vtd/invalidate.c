/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each granularity of invalidation removes, however it was asked for.
 * [VTD] "Invalidation of Translation Caches" and the sections on each descriptor.
 */
#include "models/iommu/vtd/unit.h"

/* What was found last is not, and fills of device structures that began earlier do not happen. */
static void device_scope(struct vtd *unit)
{
	const struct pipeline_scope scope = { .caches = PIPELINE_DEVICE, .last = UINT64_MAX };

	unit->contexts.last = NULL;
	unit->pasids.last = NULL;
	pipeline_invalidate(&unit->pipeline, &scope);
}

struct context_match {
	enum vtd_cc_granularity granularity;
	uint16_t domain;
	uint16_t source_id;
	uint16_t ignored; /* bits of the source ID */
};

static bool context_matches(struct cache_key key, const struct cache_value *value, const void *argument)
{
	const struct context_match *match = argument;

	if (match->granularity == VTD_CC_DEVICE)
		return ((key.word[0] ^ match->source_id) & ~(uint64_t)match->ignored) == 0;
	/* A scalable-mode context entry belongs to no domain: domain granularity is global there. */
	return key.word[1] == VTD_TTM_SCALABLE || FIELD_GET(VTD_CONTEXT1_DID, value->word[1]) == match->domain;
}

uint64_t vtd_invalidate_contexts(struct vtd *unit, enum vtd_cc_granularity granularity, uint16_t domain,
				 uint16_t source_id, unsigned ignored)
{
	struct context_match match = { granularity, domain, source_id, (uint16_t)ignored };

	device_scope(unit);
	if (granularity == VTD_CC_GLOBAL)
		return cache_invalidate_all(unit->contexts.cache);
	return cache_invalidate_if(unit->contexts.cache, context_matches, &match);
}

struct pasid_match {
	bool any_pasid;
	uint16_t domain;
	uint32_t pasid;
};

static bool pasid_matches(struct cache_key key, const struct cache_value *value, const void *argument)
{
	const struct pasid_match *match = argument;

	return FIELD_GET(VTD_PASID1_DID, value->word[1]) == match->domain &&
	       (match->any_pasid || key.word[1] == match->pasid);
}

uint64_t vtd_invalidate_pasids(struct vtd *unit, enum vtd_pc_granularity granularity, uint16_t domain, uint32_t pasid)
{
	struct pasid_match match = { granularity == VTD_PC_DOMAIN, domain, pasid };

	device_scope(unit);
	if (granularity == VTD_PC_GLOBAL)
		return cache_invalidate_all(unit->pasids.cache);
	return cache_invalidate_if(unit->pasids.cache, pasid_matches, &match);
}

/* 2^address_mask pages that address lies in. */
static void set_range(struct pipeline_scope *scope, uint64_t address, unsigned address_mask)
{
	unsigned lg2 = PAGE_LG2 + address_mask;

	scope->first = lg2 < 64 ? address >> lg2 << lg2 : 0;
	scope->last = lg2 < 64 ? scope->first + ((UINT64_C(1) << lg2) - 1) : UINT64_MAX;
}

uint64_t vtd_invalidate_iotlb(struct vtd *unit, enum vtd_iotlb_granularity granularity, uint16_t domain,
			      uint64_t address, unsigned address_mask, bool hint)
{
	struct pipeline_scope scope = {
		.caches = PIPELINE_IOTLB | PIPELINE_FIRST_WALK | PIPELINE_SECOND_WALK,
		.last = UINT64_MAX,
	};
	uint64_t removed;

	if (granularity == VTD_IOTLB_GLOBAL)
		return pipeline_invalidate(&unit->pipeline, &scope);

	scope.tag = domain;
	scope.mask = VTD_TAG_DID;
	/* Without CAP.PSI page granularity is done as domain granularity. */
	if (granularity == VTD_IOTLB_DOMAIN || !(unit->capability & VTD_CAP_PSI))
		return pipeline_invalidate(&unit->pipeline, &scope);

	/* First-stage and nested mappings of the domain: all of them, whatever the address. */
	scope.caches = PIPELINE_IOTLB | PIPELINE_FIRST_WALK;
	scope.tag = domain | VTD_TAG_FIRST;
	scope.mask = VTD_TAG_DID | VTD_TAG_FIRST;
	removed = unit->extended_capability & VTD_ECAP_FSTS ? pipeline_invalidate(&unit->pipeline, &scope) : 0;

	/* Second-stage mappings of the address range. */
	scope.caches = hint ? PIPELINE_IOTLB : PIPELINE_IOTLB | PIPELINE_SECOND_WALK;
	scope.tag = domain;
	scope.mask = UINT64_MAX;
	set_range(&scope, address, address_mask);
	return removed + pipeline_invalidate(&unit->pipeline, &scope);
}

uint64_t vtd_invalidate_pasid_iotlb(struct vtd *unit, enum vtd_p_iotlb_granularity granularity, uint16_t domain,
				    uint32_t pasid, uint64_t address, unsigned address_mask, bool hint)
{
	struct pipeline_scope scope = {
		.caches = PIPELINE_IOTLB | PIPELINE_FIRST_WALK,
		.tag = domain | FIELD_PUT(VTD_TAG_PASID, pasid) | VTD_TAG_FIRST,
		.mask = UINT64_MAX,
		.last = UINT64_MAX,
	};

	if (granularity == VTD_P_IOTLB_PAGE) {
		set_range(&scope, address, address_mask);
		if (hint)
			scope.caches = PIPELINE_IOTLB;
	}
	return pipeline_invalidate(&unit->pipeline, &scope);
}
