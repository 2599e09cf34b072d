/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations as spans on a time axis, in the Chrome trace event format
 * (JSON), which Perfetto and chrome://tracing show.  One file per scheme while
 * runs are under way; the parent joins them.
 */
#ifndef IOMMUSIM_SIM_TIMELINE_H
#define IOMMUSIM_SIM_TIMELINE_H

#include <stdio.h>

#include "analysis/result.h"

struct timeline {
	FILE *out;
	unsigned process; /* number of the scheme */
};

/* Names the scheme's process row; each actor that shows up is a thread of it. */
void timeline_begin(struct timeline *timeline, FILE *out, unsigned process, const char *scheme);

/* One operation of an actor: [end - sum of parts, end), with its causes as arguments. */
void timeline_span(struct timeline *timeline, uint32_t actor, const char *actor_name, enum result_op op, ps_t end,
		   const ps_t parts[RESULT_CAUSES]);

/* Joins the parts (whole files of events, each line ending in a comma) into one document; removes nothing. */
bool timeline_join(const char *out_path, const char *const *part_paths, size_t count, struct err *err);

#endif
