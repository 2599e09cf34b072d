/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text that capture/capture.sh records beside a trace: sections headed by a
 * line that begins with "@@" (docs/capture.md).  It says what the trace does not: kernel,
 * command line, PCI classes, IOMMU groups and registers, lost events.  A section
 * that is missing leaves its fields empty.
 */
#ifndef IOMMUSIM_TRACES_META_H
#define IOMMUSIM_TRACES_META_H

#include "traces/layout.h"
#include "traces/trace.h"

#define META_TEXT_BYTES 4096u /* the longest Linux command line */

struct meta {
	char kernel[META_TEXT_BYTES]; /* uname -a */
	char command_line[META_TEXT_BYTES];
	char hypervisor[META_TEXT_BYTES];
	char trace_clock[TRACE_NAME_BYTES];
	char iommu[META_TEXT_BYTES];  /* names of the IOMMUs, in order */
	struct trace_device *devices; /* name, class_code, group */
	size_t device_count;
	struct trace_cpu *cpus;
	size_t cpu_count;
	bool has_capability; /* of the first VT-d unit */
	uint64_t capability, extended_capability;
	bool has_policy, strict; /* the log says when invalidations are made */
	bool scalable_asked;     /* the log says that scalable mode is to be used if there is */
};

/* Reads the file, .xz or .gz or plain.  False and *err when it cannot; a line it does not know is passed over. */
bool meta_read(struct meta *meta, const char *path, struct err *err);
void meta_fini(struct meta *meta);

/* Overrun and dropped events of all CPUs. */
uint64_t meta_lost_events(const struct meta *meta);
/* Whether the guest's VT-d driver ran in scalable mode; and then with first-stage tables. */
bool meta_scalable(const struct meta *meta);
bool meta_first_stage(const struct meta *meta);

#endif
