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
	unit->route.key = VTD_NO_ROUTE;
	pipeline_invalidate(&unit->pipeline, &scope);
}

struct context_match {
	bool any_source, any_domain;
	uint16_t domain;
	uint16_t source_id;
	uint16_t ignored; /* bits of the source ID */
};

static bool context_matches(struct cache_key key, const struct cache_value *value, const void *argument)
{
	const struct context_match *match = argument;

	return (match->any_source || ((key.word[0] ^ match->source_id) & ~(uint64_t)match->ignored) == 0) &&
	       (match->any_domain || FIELD_GET(VTD_CONTEXT1_DID, value->word[1]) == match->domain);
}

/* [VTD] "Context-cache Invalidate Descriptor"; in scalable mode a context entry belongs to no domain. */
uint64_t vtd_invalidate_contexts(struct vtd *unit, enum vtd_cc_granularity granularity, uint16_t domain,
				 uint16_t source_id, unsigned ignored)
{
	struct context_match match = {
		.any_source = granularity != VTD_CC_DEVICE,
		.any_domain = granularity == VTD_CC_GLOBAL || unit->ttm == VTD_TTM_SCALABLE,
		.domain = domain & unit->domain_mask,
		.source_id = source_id,
		.ignored = (uint16_t)ignored,
	};

	device_scope(unit);
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
	struct pasid_match match = { granularity == VTD_PC_DOMAIN, domain & unit->domain_mask, pasid };

	device_scope(unit);
	if (granularity == VTD_PC_GLOBAL)
		return cache_invalidate_all(unit->pasids.cache);
	return cache_invalidate_if(unit->pasids.cache, pasid_matches, &match);
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

	domain &= unit->domain_mask;
	scope.tag = domain;
	scope.mask = VTD_TAG_DID;
	if (granularity == VTD_IOTLB_DOMAIN)
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
	vtd_set_range(address & (BIT64(unit->mgaw) - 1), PAGE_LG2 + address_mask, &scope.first, &scope.last);
	return removed + pipeline_invalidate(&unit->pipeline, &scope);
}

/* [VTD] "PASID-based IOTLB Invalidate Descriptor (P_IOTLB)" */
uint64_t vtd_invalidate_pasid_iotlb(struct vtd *unit, enum vtd_p_iotlb_granularity granularity, uint16_t domain,
				    uint32_t pasid, uint64_t address, unsigned address_mask, bool hint)
{
	uint64_t tag = domain & unit->domain_mask;
	struct pipeline_scope scope = {
		.caches = PIPELINE_IOTLB | PIPELINE_FIRST_WALK,
		.tag = tag | FIELD_PUT(VTD_TAG_PASID, pasid) | VTD_TAG_FIRST,
		.mask = UINT64_MAX,
		.last = UINT64_MAX,
	};
	uint64_t removed;

	if (granularity == VTD_P_IOTLB_PAGE) {
		vtd_set_range(address, PAGE_LG2 + address_mask, &scope.first, &scope.last);
		if (hint)
			scope.caches = PIPELINE_IOTLB;
		return pipeline_invalidate(&unit->pipeline, &scope);
	}
	removed = pipeline_invalidate(&unit->pipeline, &scope);

	/* Second-stage mappings of the PASID too; here they are not tagged with one, so all of the domain. */
	scope.caches = PIPELINE_IOTLB;
	scope.tag = tag;
	return removed + pipeline_invalidate(&unit->pipeline, &scope);
}

uint64_t vtd_invalidate_all(struct vtd *unit)
{
	return vtd_invalidate_contexts(unit, VTD_CC_GLOBAL, 0, 0, 0) +
	       vtd_invalidate_pasids(unit, VTD_PC_GLOBAL, 0, 0) +
	       vtd_invalidate_iotlb(unit, VTD_IOTLB_GLOBAL, 0, 0, 0, false);
}
