/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/histogram.h"

#include <string.h>

#include "models/base/require.h"

#define PER_100K UINT64_C(100000)

void histogram_init(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min_ps = UINT64_MAX;
}

/*
 * A value with its highest bit at position p >= 8 keeps its 8 highest bits: the group of 128 buckets p - 7, of
 * which the leading one is implied.  Below 256 the bucket is the value.
 */
unsigned histogram_bucket_of(ps_t value)
{
	unsigned top = 63u - (unsigned)__builtin_clzll(value | 1);
	unsigned shift = top > HISTOGRAM_SUB_LG2 ? top - HISTOGRAM_SUB_LG2 : 0;

	return (shift << HISTOGRAM_SUB_LG2) + (unsigned)(value >> shift);
}

/* How many low bits the values of a bucket do not share. */
static unsigned bucket_width_lg2(unsigned bucket)
{
	unsigned group = bucket >> HISTOGRAM_SUB_LG2;

	REQUIRE(bucket < HISTOGRAM_BUCKETS);
	return group > 1 ? group - 1 : 0;
}

ps_t histogram_bucket_first(unsigned bucket)
{
	unsigned width_lg2 = bucket_width_lg2(bucket);

	return (ps_t)(bucket - (width_lg2 << HISTOGRAM_SUB_LG2)) << width_lg2;
}

ps_t histogram_bucket_last(unsigned bucket)
{
	return histogram_bucket_first(bucket) + ((UINT64_C(1) << bucket_width_lg2(bucket)) - 1);
}

void histogram_add(struct histogram *histogram, ps_t value)
{
	histogram->count++;
	histogram->sum_ps += value;
	if (value < histogram->min_ps)
		histogram->min_ps = value;
	if (value > histogram->max_ps)
		histogram->max_ps = value;
	histogram->bucket[histogram_bucket_of(value)]++;
}

ps_t histogram_percentile(const struct histogram *histogram, unsigned per_100k)
{
	u128_t scaled = (u128_t)histogram->count * per_100k;
	uint64_t rank = (uint64_t)((scaled + PER_100K - 1) / PER_100K);
	uint64_t below = 0;

	REQUIRE(per_100k <= PER_100K);
	if (histogram->count == 0)
		return 0;
	if (rank == 0)
		rank = 1;
	for (unsigned bucket = histogram_bucket_of(histogram->min_ps); bucket < HISTOGRAM_BUCKETS; bucket++) {
		below += histogram->bucket[bucket];
		if (below >= rank) {
			ps_t last = histogram_bucket_last(bucket);

			return last < histogram->max_ps ? last : histogram->max_ps;
		}
	}
	return histogram->max_ps;
}

ps_t histogram_mean(const struct histogram *histogram)
{
	return histogram->count == 0 ? 0 : (ps_t)(histogram->sum_ps / histogram->count);
}
