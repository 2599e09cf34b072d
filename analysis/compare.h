/* SPDX-License-Identifier: Apache-2.0 */
/* Two results side by side: what differs, and by how much. */
#ifndef IOMMUSIM_ANALYSIS_COMPARE_H
#define IOMMUSIM_ANALYSIS_COMPARE_H

#include <stdio.h>

#include "analysis/result.h"

/*
 * Compares all latencies (count, mean, percentiles, min, max), causes and counters of the schemes in
 * both; prints each whose relative difference, in percent of a's value, exceeds the tolerance, and
 * each scheme that only one of them has.  True when there is none of either.  Differences in the
 * input are printed too, and do not count.
 */
bool compare_print(FILE *out, const struct result *a, const struct result *b, double tolerance_percent);

#endif
