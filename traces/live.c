/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/live.h"

#include <stdlib.h>

#define NONE UINT32_MAX

void live_init(struct live *live)
{
	*live = (struct live){ .domains = NULL };
}

void live_fini(struct live *live)
{
	for (uint32_t i = 0; i < live->domain_count; i++)
		intervals_fini(&live->domains[i].intervals);
	free(live->domains);
	free(live->domain_of);
	live_init(live);
}

static bool know_device(struct live *live, uint16_t device)
{
	if (device < live->device_count)
		return true;
	uint32_t count = 2 * ((uint32_t)device + 1);
	uint32_t *domain_of = realloc(live->domain_of, count * sizeof(*domain_of));
	if (!domain_of)
		return false;
	for (uint32_t i = live->device_count; i < count; i++)
		domain_of[i] = NONE;
	live->domain_of = domain_of;
	live->device_count = count;
	return true;
}

/* NULL when memory has run out. */
static struct live_domain *find_domain(struct live *live, uint16_t device, uint32_t group)
{
	if (!know_device(live, device))
		return NULL;
	uint32_t held = live->domain_of[device];
	if (held != NONE && live->domains[held].group == group)
		return &live->domains[held];
	uint32_t index = group == NONE ? live->domain_count : 0;
	while (index < live->domain_count && live->domains[index].group != group)
		index++;
	if (index == live->domain_count) {
		struct live_domain *domains = realloc(live->domains, (index + 1) * sizeof(*domains));
		if (!domains)
			return NULL;
		live->domains = domains;
		domains[index].group = group;
		intervals_init(&domains[index].intervals);
		live->domain_count++;
	}
	live->domain_of[device] = index;
	return &live->domains[index];
}

static uint64_t newer(uint64_t a, uint64_t b)
{
	if (a == TRACE_NONE || b == TRACE_NONE)
		return a == TRACE_NONE ? b : a;
	return a > b ? a : b;
}

bool live_apply(struct live *live, const struct trace_op *op, uint32_t group, uint64_t *after,
		enum live_anomaly *anomaly, struct err *err)
{
	bool map = op->kind == TRACE_MAP;
	struct interval_overlap held = { .live_row = TRACE_NONE, .freed_row = TRACE_NONE };
	if (map)
		live->maps++;
	else
		live->unmaps++;
	*anomaly = LIVE_WELL;
	if (op->device == TRACE_NO_DEVICE) {
		*anomaly = LIVE_UNJOINED;
		live->unjoined++;
	} else if (op->bytes) {
		struct live_domain *domain = find_domain(live, op->device, group);
		uint64_t before = domain ? domain->intervals.live_bytes : 0;
		if (!domain ||
		    !intervals_set(&domain->intervals, op->iova, op->iova + (op->bytes - 1), op->index, map, &held))
			return err_set(err, ERR_FILE, "out of memory for what is mapped");
		live->bytes += domain->intervals.live_bytes - before;
		if (live->bytes > live->peak_bytes)
			live->peak_bytes = live->bytes;
	}
	*after = map ? newer(held.live_row, held.freed_row) : held.live_row;
	if (map && held.live_bytes) {
		*anomaly = LIVE_MAP_OVER_LIVE;
		live->maps_over_live++;
	} else if (!map && *anomaly == LIVE_WELL && (op->bytes == 0 || held.live_bytes < op->bytes)) {
		*anomaly = LIVE_UNMAP_WITHOUT_MAP;
		live->unmaps_without_map++;
	}
	return true;
}
