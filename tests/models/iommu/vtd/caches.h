/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of caches share: descriptors, and two devices in two domains. */
#ifndef IOMMUSIM_TESTS_VTD_CACHES_H
#define IOMMUSIM_TESTS_VTD_CACHES_H

#include "tests/models/iommu/vtd/world.h"

#define OUTPUT       UINT64_C(0x3000000000)
#define DOMAIN       7
#define OTHER_DOMAIN 8

/* Descriptors: [VTD] "Queued Invalidation Interface". */
#define CONTEXT_GLOBAL                0x11
#define CONTEXT_DOMAIN(did)           (0x21 | (uint64_t)(did) << 16)
#define CONTEXT_DEVICE(sid, fm)       (0x31 | DOMAIN << 16 | (uint64_t)(sid) << 32 | (uint64_t)(fm) << 48)
#define PASID_CACHE_DOMAIN(did)       (0x07 | (uint64_t)(did) << 16)
#define PASID_CACHE_PASID(did, pasid) (0x17 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define PASID_CACHE_GLOBAL            0x37
#define IOTLB_GLOBAL                  0x12
#define IOTLB_DOMAIN(did)             (0x22 | (uint64_t)(did) << 16)
#define IOTLB_PAGE(did)               (0x32 | (uint64_t)(did) << 16)
#define PASID_IOTLB_PASID(did, pasid) (0x26 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define PASID_IOTLB_PAGE(did, pasid)  (0x36 | (uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define HINT                          (1 << 6)

/* Legacy mode: DEVICE in DOMAIN, DEVICE + 1 in OTHER_DOMAIN, the same addresses mapped in both. */
static inline void begin_two_domains(struct world *w, const struct iommu_cache_config *caches, struct tables *ss,
				     struct tables *other)
{
	struct vtd_features features = world_features();

	features.scalable = false;
	world_init(w, &features, caches);
	*ss = world_second_stage(w, 4);
	*other = world_second_stage(w, 4);
	world_attach_legacy(w, DEVICE, DOMAIN, ss);
	world_attach_legacy(w, DEVICE + 1, OTHER_DOMAIN, other);
	for (uint64_t page = 0; page < 0x10000; page += 0x1000) {
		world_map(w, ss, 0, page, (OUTPUT + page) | SS_RW);
		world_map(w, other, 0, page, (2 * OUTPUT + page) | SS_RW);
	}
	world_map(w, ss, 1, 0x200000, (OUTPUT + 0x200000) | SS_RW | PAGE_SIZE_BIT);
	world_map(w, ss, 2, 0x40000000, (OUTPUT + 0x40000000) | SS_RW | PAGE_SIZE_BIT);
	world_start(w);
}

static inline bool is_hit(struct world *w, uint16_t source_id, uint32_t pasid, uint64_t iova)
{
	world_dma(w, source_id, pasid, iova, false);
	ck_assert_int_eq(w->t.status, IOMMU_TRANSLATED);
	return w->t.iotlb_hit;
}

#endif
