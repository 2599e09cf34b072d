/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a result file, the group of one scheme at one point: its latencies, causes, counters, capabilities and series.
 */
#ifndef IOMMUSIM_ANALYSIS_RESULT_SCHEME_H
#define IOMMUSIM_ANALYSIS_RESULT_SCHEME_H

#include <hdf5.h>

#include "analysis/result.h"

/*
 * Reads it and checks what must hold in one: the buckets of a latency add up to its count, and its causes to its sum.
 * The caller has cleared the scheme; when false it is not whole.
 */
bool result_scheme_read(hid_t group, struct result_scheme *scheme, struct err *err);

#endif
