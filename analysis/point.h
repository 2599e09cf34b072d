/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown: runs, each a scheme at a point of a matrix, and how points are written. */
#ifndef IOMMUSIM_ANALYSIS_POINT_H
#define IOMMUSIM_ANALYSIS_POINT_H

#include "analysis/result.h"

/* A run and what its scheme is called here. */
struct shown {
	const struct result_scheme *scheme;
	const char *label;
	const struct result *result; /* whose matrix its point is of; NULL: none */
};

/* One of them has an operation of this kind. */
bool shown_have(const struct shown *shown, size_t count, enum result_op op);

/* Of one result or of several: the names of all that is swept, each once, at most so many. */
#define POINT_SWEEPS_MAX 16u
size_t point_sweeps(const struct shown *shown, size_t count, const char *name[POINT_SWEEPS_MAX]);

/* The value of a sweep at a run's point; .text is NULL when the run has no such sweep. */
struct result_value point_value(const struct shown *shown, const char *name);
/* Its unit ("text": no number); NULL when the run has no such sweep. */
const char *point_unit(const struct shown *shown, const char *name);

/* "iotlb_entries" of "iommu.iotlb_entries": the last part, or the whole name where another ends alike. */
const char *point_short_name(const char *const *name, size_t count, size_t i);

/* "machine.guests=4 iommu.iotlb_entries=64"; "" without a matrix.  Cut at size. */
void point_text(const struct result *result, size_t point, char *text, size_t size);

#endif
