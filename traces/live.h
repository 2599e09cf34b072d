/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mapped, row by row: one IOVA space per IOMMU group (the devices of a
 * group share a domain), or per device where the group is not known.  The importer
 * finds dependencies with it and the checker verifies them.  Memory follows the
 * IOVA footprint.
 *
 * SIMPLIFIED: a device stays in its domain.  A group that loses its devices and is
 * filled again (hot unplug) keeps its old mappings here, and mapping over them counts as an anomaly.
 */
#ifndef IOMMUSIM_TRACES_LIVE_H
#define IOMMUSIM_TRACES_LIVE_H

#include "traces/intervals.h"
#include "traces/trace.h"

struct live_domain {
	uint32_t group; /* UINT32_MAX: of one device whose group is not known */
	struct intervals intervals;
};

struct live {
	struct live_domain *domains;
	uint32_t domain_count;
	uint32_t *domain_of; /* [device_count]: domain; UINT32_MAX until one is used */
	uint32_t device_count;
	uint64_t bytes, peak_bytes; /* mapped, in all domains */
	uint64_t maps, unmaps, unmaps_without_map, maps_over_live, unjoined;
};

/* What is wrong with a row; at most one of these. */
enum live_anomaly {
	LIVE_WELL,
	LIVE_UNJOINED,          /* its device is not known: it changes nothing */
	LIVE_UNMAP_WITHOUT_MAP, /* not all of the range was mapped */
	LIVE_MAP_OVER_LIVE,     /* some of the range was mapped */
};

void live_init(struct live *live);
void live_fini(struct live *live);

/*
 * Applies a map or unmap row.  group: the device's IOMMU group, UINT32_MAX when not known.  *after: what
 * struct trace_op says of it.  False and *err when memory has run out.
 */
bool live_apply(struct live *live, const struct trace_op *op, uint32_t group, uint64_t *after,
		enum live_anomaly *anomaly, struct err *err);

#endif
