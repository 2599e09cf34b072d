/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of a recording, by name, in the order in which they appear. */
#ifndef IOMMUSIM_TRACES_DEVICES_H
#define IOMMUSIM_TRACES_DEVICES_H

#include "traces/source.h"
#include "traces/trace.h"

struct devices {
	struct trace_device *at; /* [count] */
	uint32_t count, capacity;
	uint32_t *slots; /* hash of names: index + 1, 0 empty */
	uint32_t slot_count;
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

#endif
