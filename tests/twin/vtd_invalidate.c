/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invalidations by registers, and what they leave in the caches.
 *
 * QEMU keeps a translation by source, the model by domain; QEMU may take more than was asked for, as the
 * specification allows.  Where it did, the model forgets the same, so that later accesses compare.
 */
#include <inttypes.h>

#include "tests/twin/vtd_explain.h"

#define IOTLB 0x0f0u

const struct twin_cached *twin_cached_find(const struct twin *twin, uint16_t source_id, iova_t iova)
{
	for (unsigned i = 0; i < twin->cached_count; i++)
		if (twin->cached[i].source_id == source_id &&
		    iova >> twin->cached[i].size_lg2 == twin->cached[i].base >> twin->cached[i].size_lg2)
			return &twin->cached[i];
	return NULL;
}

void twin_cached_add(struct twin *twin, const struct twin_cached *cached)
{
	const struct twin_device *device = &twin->devices[0];

	if (twin->cached_count == TWIN_CACHED_MAX)
		return;
	while (device->source_id != cached->source_id)
		device++;
	twin->cached[twin->cached_count] = *cached;
	twin->cached[twin->cached_count].domain = device->domain;
	twin->cached[twin->cached_count].first_stage = device->first_stage;
	twin->cached[twin->cached_count].pasid = device->rid_pasid;
	twin->cached_count++;
}

/* ---- what was invalidated ---- */

static bool contains(const struct twin_scope *scope, const struct twin_cached *cached, uint64_t mask)
{
	uint64_t wanted = scope->address >> PAGE_LG2 & mask, page = cached->base >> PAGE_LG2;
	uint64_t own = scope->address >> cached->size_lg2 << cached->size_lg2 >> PAGE_LG2;

	return (page & mask) == wanted || page == own;
}

/* QEMU's own rule; 7.2 keeps only eight bits of the mask, and does nothing by PASID. */
static bool qemu_takes(const struct twin *twin, const struct twin_scope *scope, const struct twin_cached *cached)
{
	if (scope->global)
		return true;
	if (cached->domain != scope->domain)
		return false;
	if (scope->by_pasid && (twin->version < 10 || cached->pasid != scope->pasid))
		return false;
	if (!scope->by_page)
		return true;
	if (scope->by_pasid && !cached->first_stage)
		return false;
	if (!scope->by_pasid && cached->first_stage && twin->version >= 10)
		return true;
	return contains(scope, cached,
			~((UINT64_C(1) << scope->address_mask) - 1) & (twin->version < 10 ? 0xff : UINT64_MAX));
}

/*
 * The specification's rule: what the invalidation must take.  [VTD] "IOTLB Invalidate", "PASID-based IOTLB Invalidate
 * Descriptor (P_IOTLB)" and the tables there
 */
static bool must_go(const struct twin_scope *scope, const struct twin_cached *cached)
{
	uint64_t first, last;

	if (scope->global)
		return true;
	if (cached->domain != scope->domain || (scope->by_pasid && cached->pasid != scope->pasid))
		return false;
	if (!scope->by_page)
		return true;
	/* By PASID only pages of the first stage, by domain only those of the second; of the first stage all. */
	if (scope->by_pasid != cached->first_stage)
		return !scope->by_pasid;
	first = scope->address >> PAGE_LG2 >> scope->address_mask << scope->address_mask << PAGE_LG2;
	last = first + ((UINT64_C(1) << (PAGE_LG2 + scope->address_mask)) - 1);
	return first <= cached->base + ((UINT64_C(1) << cached->size_lg2) - 1) && cached->base <= last;
}

/* Second-stage translations have no PASID in the model: those of the domain go, as the specification permits. */
static bool model_takes(const struct twin_scope *scope, const struct twin_cached *cached)
{
	return scope->by_pasid && !scope->by_page && !cached->first_stage && cached->domain == scope->domain;
}

/* The model's unit forgets what a kept translation of QEMU said; returns how many it had. */
static uint64_t forget(struct twin *twin, const struct twin_cached *cached)
{
	struct iommu_command command;
	uint64_t page = VTD_INV_IOTLB | FIELD_PUT(VTD_IOTLB_INV0_G, VTD_IOTLB_PAGE) |
			FIELD_PUT(VTD_IOTLB_INV0_DID, cached->domain);
	uint64_t by_pasid = VTD_INV_PASID_IOTLB | FIELD_PUT(VTD_P_IOTLB_INV0_G, VTD_P_IOTLB_PAGE) |
			    FIELD_PUT(VTD_P_IOTLB_INV0_DID, cached->domain) |
			    FIELD_PUT(VTD_P_IOTLB_INV0_PASID, cached->pasid);
	const uint64_t word[4] = { cached->first_stage ? by_pasid : page,
				   cached->base | (cached->size_lg2 - PAGE_LG2) };

	return vtd_execute(twin->iommu, word, &command) ? command.invalidated : 0;
}

void twin_invalidated(struct twin *twin, const struct twin_scope *scope)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < twin->cached_count; i++) {
		struct twin_cached cached = twin->cached[i];
		bool is_taken = qemu_takes(twin, scope, &cached);
		uint64_t forgotten = is_taken || must_go(scope, &cached) ? forget(twin, &cached) : 0;

		if (must_go(scope, &cached) && forgotten > 0)
			twin_fail(twin,
				  "the model keeps the translation of 0x%" PRIx64 " that an invalidation concerns",
				  cached.base);
		else if (forgotten > 0)
			twin->explained[NAME_PAGE_OVERREACH]++;
		if (is_taken)
			continue;
		cached.outlived |= must_go(scope, &cached);
		cached.dropped |= model_takes(scope, &cached);
		twin->cached[kept++] = cached;
	}
	twin->cached_count = kept;
}

/* QEMU has no domain granularity of contexts. */
void twin_contexts_invalidated(struct twin *twin, bool by_domain)
{
	struct iommu_command command;
	const uint64_t context[4] = { VTD_INV_CONTEXT | FIELD_PUT(VTD_CC_INV0_G, VTD_CC_GLOBAL) };

	if (by_domain && vtd_execute(twin->iommu, context, &command) && command.invalidated > 0)
		twin->explained[NAME_CONTEXT_GLOBAL]++;
}

/* ---- what is asked for ---- */

uint16_t twin_random_domain(struct twin *twin)
{
	return twin_one_in(twin, 6) ? (uint16_t)random_next(&twin->random)
				    : twin->devices[twin_below(twin, twin->device_count)].domain;
}

uint64_t twin_random_page(struct twin *twin)
{
	/* Near what is kept: inside or outside of a mask. */
	if (twin->cached_count > 0 && twin_one_in(twin, 2))
		return (twin->cached[twin_below(twin, twin->cached_count)].base ^
			twin_below(twin, UINT64_C(1) << twin_below(twin, 26))) >>
		       PAGE_LG2 << PAGE_LG2;
	if (twin->mapping_count == 0 || twin_one_in(twin, 6))
		return twin_below(twin, UINT64_C(1) << 48) >> PAGE_LG2 << PAGE_LG2;

	const struct twin_mapping *mapping = &twin->mappings[twin_below(twin, twin->mapping_count)];

	return (mapping->iova + twin_below(twin, UINT64_C(1) << mapping->size_lg2)) >> PAGE_LG2 << PAGE_LG2;
}

/* Mostly small; sometimes more than MAMV. */
unsigned twin_random_mask(struct twin *twin)
{
	return (unsigned)(twin_one_in(twin, 8)   ? twin_below(twin, 64)
			  : twin_one_in(twin, 2) ? 0
						 : twin_below(twin, 12));
}

static void by_registers(struct twin *twin)
{
	struct twin_scope scope = { .domain = twin_random_domain(twin), .address = twin_random_page(twin) };
	uint64_t granularity = twin_below(twin, 4);

	if (twin_one_in(twin, 3)) {
		uint64_t sid = twin->devices[twin_below(twin, twin->device_count)].source_id;

		twin_register(twin, VTD_REG_CCMD, 8,
			      VTD_CCMD_ICC | FIELD_PUT(VTD_CCMD_CIRG, granularity) | FIELD_PUT(VTD_CCMD_SID, sid) |
				      FIELD_PUT(VTD_CCMD_FM, twin_below(twin, 4)) | scope.domain);
		twin_contexts_invalidated(twin, granularity == VTD_CC_DOMAIN);
		return;
	}
	scope.global = granularity == VTD_IOTLB_GLOBAL;
	scope.by_page = granularity == VTD_IOTLB_PAGE;
	scope.address_mask = twin_random_mask(twin);
	if (scope.by_page)
		twin_register(twin, IOTLB, 8,
			      scope.address | (twin_one_in(twin, 2) ? VTD_IVA_IH : 0) | scope.address_mask);
	twin_register(twin, IOTLB + 8, 8,
		      VTD_IOTLB_IVT | FIELD_PUT(VTD_IOTLB_IIRG, granularity) | FIELD_PUT(VTD_IOTLB_DID, scope.domain) |
			      (twin_one_in(twin, 2) ? VTD_IOTLB_DR | VTD_IOTLB_DW : 0));
	if (granularity == 0 || (scope.by_page && scope.address_mask > 18))
		return;
	twin_invalidated(twin, &scope);
}

void twin_invalidate(struct twin *twin)
{
	if (twin->queue) {
		twin_queue(twin);
		return;
	}
	by_registers(twin);
	twin_compare_status(twin, "invalidation");
}
