/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a recording by name, and what each IOMMU group's IOVA space
 * holds: the devices of a group share a domain.
 */
#ifndef IOMMUSIM_TRACES_DEVICES_H
#define IOMMUSIM_TRACES_DEVICES_H

#include "traces/intervals.h"
#include "traces/source.h"
#include "traces/trace.h"

struct device_state {
	struct trace_device device;
	uint32_t domain; /* of `domains`; UINT32_MAX until it is used */
};

struct domain {
	uint32_t group; /* UINT32_MAX: a domain of one device whose group is not known */
	struct intervals intervals;
};

struct devices {
	struct device_state *states;
	uint32_t count, capacity;
	uint32_t *slots; /* hash of names: index + 1, 0 empty */
	uint32_t slot_count;
	struct domain *domains;
	uint32_t domain_count, domain_capacity;
	/* What the guest's meta text says, for devices when they appear. */
	const struct trace_device *known;
	size_t known_count;
};

/* known: class and group by name; may be NULL; must stay valid. */
void devices_init(struct devices *devices, const struct trace_device *known, size_t known_count);
void devices_fini(struct devices *devices);

/* Index of the device of this name, TRACE_NO_DEVICE when there is none. */
uint16_t devices_find(const struct devices *devices, const struct source_text *name);
/* As devices_find, but adds it; TRACE_NO_DEVICE and *err when it cannot be. */
uint16_t devices_intern(struct devices *devices, const struct source_text *name, struct err *err);

/* The IOVA space that the device translates in; NULL and *err: out of memory. */
struct domain *devices_domain(struct devices *devices, uint16_t device, struct err *err);

#endif
