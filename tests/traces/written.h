/* SPDX-License-Identifier: Apache-2.0 */
/* A trace of random values whose every row can be made again, to compare what is read with what was written. */
#ifndef IOMMUSIM_TESTS_TRACES_WRITTEN_H
#define IOMMUSIM_TESTS_TRACES_WRITTEN_H

#include "traces/trace.h"

#define WRITTEN_ROWS    20000u /* some blocks and a part */
#define WRITTEN_CPUS    3u
#define WRITTEN_DEVICES 2u

/* Its row, but for first_segment and segment_count; *segments is the latter. */
struct trace_op written_op(uint64_t row, uint32_t *segments);
struct trace_segment written_segment(uint64_t number);
extern const struct trace_summary WRITTEN_SUMMARY;

/* Writes the first rows of it, as many descriptors, the devices, a CPU, an event count and two marks. */
void written_trace(const char *path, uint64_t rows);

#endif
