/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/statistic.h"

#include "models/base/require.h"

const char *const statistic_names[STATISTICS] = {
	[STATISTIC_COUNT] = "count", [STATISTIC_MEAN] = "mean",   [STATISTIC_P50] = "p50", [STATISTIC_P90] = "p90",
	[STATISTIC_P99] = "p99",     [STATISTIC_P99_9] = "p99_9", [STATISTIC_MAX] = "max", [STATISTIC_MIN] = "min",
};

uint64_t statistic(const struct histogram *histogram, enum statistic which)
{
	switch (which) {
	case STATISTIC_COUNT:
		return histogram->count;
	case STATISTIC_MEAN:
		return histogram_mean(histogram);
	case STATISTIC_P50:
		return histogram_percentile(histogram, 50000);
	case STATISTIC_P90:
		return histogram_percentile(histogram, 90000);
	case STATISTIC_P99:
		return histogram_percentile(histogram, 99000);
	case STATISTIC_P99_9:
		return histogram_percentile(histogram, 99900);
	case STATISTIC_MAX:
		return histogram->max_ps;
	case STATISTIC_MIN:
		return histogram->min_ps;
	case STATISTICS:
		break;
	}
	REQUIRE(!"a statistic");
	return 0;
}
