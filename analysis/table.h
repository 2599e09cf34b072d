/* SPDX-License-Identifier: Apache-2.0 */
/* A result as text on a stream: for eyes, about 110 columns wide, or as one JSON document (docs/report.md). */
#ifndef IOMMUSIM_ANALYSIS_TABLE_H
#define IOMMUSIM_ANALYSIS_TABLE_H

#include <stdio.h>

#include "analysis/result.h"

/*
 * Per operation that took place: scheme x count, mean, percentiles, max; then where the time
 * of each goes, by cause; then the machine as a whole.
 */
void table_print(FILE *out, const struct result *result);

/* The whole content: input, latencies with their buckets, causes, counters, series.  Times in ps. */
void table_print_json(FILE *out, const struct result *result);

#endif
