/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers by which a latency distribution is told, everywhere in the same order and by the same names. */
#ifndef IOMMUSIM_ANALYSIS_STATISTIC_H
#define IOMMUSIM_ANALYSIS_STATISTIC_H

#include "models/base/histogram.h"

enum statistic {
	STATISTIC_COUNT,
	STATISTIC_MEAN,
	STATISTIC_P50,
	STATISTIC_P90,
	STATISTIC_P99,
	STATISTIC_P99_9,
	STATISTIC_MAX,
	STATISTIC_MIN,
	STATISTICS
};

extern const char *const statistic_names[STATISTICS]; /* "count", "mean", "p50" ... "p99_9" ... */

/* In ps, but for the count.  The min of no values is UINT64_MAX. */
uint64_t statistic(const struct histogram *histogram, enum statistic which);

#endif
