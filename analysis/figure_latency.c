/* SPDX-License-Identifier: Apache-2.0 */
/* Latencies of one operation: the whole distribution, its slow end, and its percentiles. */
#include <inttypes.h>

#include "analysis/embedded.h"
#include "analysis/figure_kind.h"
#include "analysis/statistic.h"

/* Operations whose distribution is worth a figure: not those of the start-up, not the constant ones. */
#define OPS \
	(BIT64(RESULT_MAP) | BIT64(RESULT_UNMAP) | BIT64(RESULT_DMA_READ) | BIT64(RESULT_DMA_WRITE) | \
	 BIT64(RESULT_TRANSLATE_MISS) | BIT64(RESULT_INVALIDATE))

/* The power of ten at or below value, at least 0. */
static int decade_of(uint64_t value)
{
	int decade = 0;

	for (; value >= 10; value /= 10)
		decade++;
	return decade;
}

static void cdf_data(FILE *out, const struct view *view, enum result_op op)
{
	fputs("scheme,latency_ps,operations,of\n", out);
	for (size_t i = 0; i < view->count; i++) {
		const struct histogram *histogram = &view->shown[i].scheme->latency[op];
		uint64_t below = 0;

		for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
			ps_t last = histogram_bucket_last(bucket);

			if (histogram->bucket[bucket] == 0)
				continue;
			if (below == 0) { /* the curve starts on the axis */
				csv_text(out, view->shown[i].label);
				fprintf(out, ",%" PRIu64 ",0,%" PRIu64 "\n", histogram->min_ps, histogram->count);
			}
			below += histogram->bucket[bucket];
			csv_text(out, view->shown[i].label);
			fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
				last < histogram->max_ps ? last : histogram->max_ps, below, histogram->count);
		}
	}
}

static void latency_variables(FILE *out, ps_t first, ps_t last)
{
	fprintf(out, "first_decade = %d\nlast_decade = %d\n", decade_of(first), decade_of(last) + 1);
}

static void cdf_variables(FILE *out, const struct view *view, enum result_op op)
{
	ps_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct histogram *histogram = &view->shown[i].scheme->latency[op];

		first = histogram->min_ps < first ? histogram->min_ps : first;
		last = histogram->max_ps > last ? histogram->max_ps : last;
	}
	latency_variables(out, first, last);
}

static void tail_variables(FILE *out, const struct view *view, enum result_op op)
{
	uint64_t most = 10;

	for (size_t i = 0; i < view->count; i++) {
		uint64_t count = view->shown[i].scheme->latency[op].count;

		most = count > most ? count : most;
	}
	cdf_variables(out, view, op);
	fprintf(out, "rarest_decade = -%d\n", decade_of(most - 1) + 1); /* one of them all is not rarer */
}

static const enum statistic percentile[] = { STATISTIC_P50, STATISTIC_P90, STATISTIC_P99, STATISTIC_P99_9 };
static const char *const percentile_name[] = { "p50", "p90", "p99", "p99.9" };
#define PERCENTILES (sizeof(percentile) / sizeof(percentile[0]))

static void percentiles_data(FILE *out, const struct view *view, enum result_op op)
{
	fputs("scheme,percentile,latency_ps\n", out);
	for (size_t i = 0; i < view->count; i++) {
		const struct histogram *histogram = &view->shown[i].scheme->latency[op];

		for (size_t k = 0; k < PERCENTILES && histogram->count > 0; k++) {
			csv_text(out, view->shown[i].label);
			fprintf(out, ",%s,%" PRIu64 "\n", percentile_name[k], statistic(histogram, percentile[k]));
		}
	}
}

static void percentiles_variables(FILE *out, const struct view *view, enum result_op op)
{
	ps_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct histogram *histogram = &view->shown[i].scheme->latency[op];
		ps_t median = statistic(histogram, STATISTIC_P50), tail = statistic(histogram, STATISTIC_P99_9);

		if (histogram->count == 0)
			continue;
		first = median < first ? median : first;
		last = tail > last ? tail : last;
	}
	latency_variables(out, first / 2, last); /* room for the lowest bar */
}

const struct figure_kind figure_cdf = {
	.name = "cdf",
	.title = "Latency of %s: distribution",
	.ops = OPS,
	.wanted = figure_took_place,
	.data = cdf_data,
	.variables = cdf_variables,
	.script = embedded_cdf_gp,
};

const struct figure_kind figure_tail = {
	.name = "tail",
	.title = "Latency of %s: tail",
	.ops = OPS,
	.wanted = figure_took_place,
	.data_of = "cdf",
	.variables = tail_variables,
	.script = embedded_tail_gp,
};

const struct figure_kind figure_percentiles = {
	.name = "percentiles",
	.title = "Latency of %s: percentiles",
	.ops = OPS,
	.wanted = figure_took_place,
	.data = percentiles_data,
	.variables = percentiles_variables,
	.script = embedded_percentiles_gp,
};
