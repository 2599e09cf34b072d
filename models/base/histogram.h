/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram of picosecond durations: exact count, sum, min and max;
 * log-linear buckets, so that a percentile is exact below 256 ps and within
 * 1/128 above.  Fixed size, no allocation.
 */
#ifndef IOMMUSIM_BASE_HISTOGRAM_H
#define IOMMUSIM_BASE_HISTOGRAM_H

#include <stdint.h>

#include "models/base/units.h"

#define HISTOGRAM_SUB_LG2 7u
#define HISTOGRAM_BUCKETS ((64u - HISTOGRAM_SUB_LG2 + 1u) << HISTOGRAM_SUB_LG2)

struct histogram {
	uint64_t count;
	u128_t sum_ps;
	ps_t min_ps; /* UINT64_MAX while empty */
	ps_t max_ps;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *histogram);
void histogram_add(struct histogram *histogram, ps_t value);

/* Index of the bucket that holds value, and that bucket's inclusive bounds. */
unsigned histogram_bucket_of(ps_t value);
ps_t histogram_bucket_first(unsigned bucket);
ps_t histogram_bucket_last(unsigned bucket);

/*
 * The smallest recorded-bucket upper bound at or below which at least
 * per_100k / 100,000 of the values lie, never outside [min, max]: 50000 is
 * the median, 99900 is p99.9.  0 when empty.
 */
ps_t histogram_percentile(const struct histogram *histogram, unsigned per_100k);

/* Mean, rounded down; 0 when empty. */
ps_t histogram_mean(const struct histogram *histogram);

#endif
