/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities over simulated time: locked memory, IOTLB hit rate, throughput. */
#include <inttypes.h>

#include "analysis/embedded.h"
#include "analysis/figure_kind.h"

/* Finer steps than this are noise on a figure; the result file keeps them. */
#define STEPS_MAX 128u

/* Two series of a scheme (perhaps the same one) in common steps. */
struct steps {
	const struct series *a, *b;
	ps_t width_ps;
	uint32_t count;
};

static struct steps steps_of(const struct view *view, size_t i, enum result_series a, enum result_series b)
{
	const struct series *series = view->shown[i].scheme->series;
	struct steps steps = { .a = &series[a], .b = &series[b] };
	ps_t end_a = steps.a->used * steps.a->width_ps, end_b = steps.b->used * steps.b->width_ps;
	ps_t end = end_a > end_b ? end_a : end_b;

	steps.width_ps = steps.a->width_ps > steps.b->width_ps ? steps.a->width_ps : steps.b->width_ps;
	while ((end + steps.width_ps - 1) / steps.width_ps > STEPS_MAX)
		steps.width_ps *= 2;
	steps.count = (uint32_t)((end + steps.width_ps - 1) / steps.width_ps);
	return steps;
}

static uint64_t largest_value(const struct view *view, enum result_series which)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct series *series = &view->shown[i].scheme->series[which];

		for (uint32_t k = 0; k < series->used; k++)
			largest = series->value[k] > largest ? series->value[k] : largest;
	}
	return largest;
}

/* One row per step, and the last once more at its end; whole_steps leaves out the one in which the run ends. */
static void write_rows(FILE *out, const struct view *view, enum result_series a, enum result_series b, bool whole_steps)
{
	for (size_t i = 0; i < view->count; i++) {
		struct steps steps = steps_of(view, i, a, b);
		char label[RUN_LABEL];

		if (whole_steps && steps.count > 1)
			steps.count--;

		for (uint32_t k = 0; k <= steps.count && steps.count > 0; k++) {
			uint32_t step = k < steps.count ? k : k - 1;

			figure_run_label(view, i, label);
			csv_text(out, label);
			fprintf(out, ",%" PRIu64 ",%" PRIu64, k * steps.width_ps,
				series_value(steps.a, steps.width_ps, step));
			if (a != b)
				fprintf(out, ",%" PRIu64, series_value(steps.b, steps.width_ps, step));
			fprintf(out, ",%" PRIu64 "\n", steps.width_ps);
		}
	}
}

static void time_variables(FILE *out, const struct view *view, enum result_series a, enum result_series b)
{
	ps_t last = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct steps steps = steps_of(view, i, a, b);
		ps_t end = steps.count * steps.width_ps;

		last = end > last ? end : last;
	}

	struct axis_unit unit = axis_time(last);

	fprintf(out, "time_unit = '%s'\ntime_unit_ps = %" PRIu64 ".0\nlast_time = %" PRIu64 " / time_unit_ps\n",
		unit.name, unit.size, last);
}

/* ---- locked memory ---- */

static bool locked_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return largest_value(view, RESULT_LOCKED_BYTES) > 0;
}

static void locked_data(FILE *out, const struct view *view, enum result_op op)
{
	(void)op;
	fputs("scheme,time_ps,locked_bytes_max,width_ps\n", out);
	write_rows(out, view, RESULT_LOCKED_BYTES, RESULT_LOCKED_BYTES, false);
}

static void locked_variables(FILE *out, const struct view *view, enum result_op op)
{
	uint64_t largest = largest_value(view, RESULT_LOCKED_BYTES), smallest = largest;

	(void)op;
	for (size_t i = 0; i < view->count; i++) {
		struct view one = { .shown = &view->shown[i], .count = 1 };
		uint64_t peak = largest_value(&one, RESULT_LOCKED_BYTES);

		smallest = peak > 0 && peak < smallest ? peak : smallest;
	}
	time_variables(out, view, RESULT_LOCKED_BYTES, RESULT_LOCKED_BYTES);
	if (smallest < largest / 50) {
		/* All of a guest's memory beside some mapped pages: only a logarithmic axis shows both. */
		fprintf(out,
			"value_is_log_bytes = 1\nvalue_bottom = %" PRIu64 ".0 / 32\nvalue_top = %" PRIu64 ".0 * 4\n",
			smallest, largest);
		fputs("value_label = 'locked memory'\nheight_of(row) = column(3) > 0 ? column(3) : NaN\n", out);
	} else {
		struct axis_unit unit = axis_bytes(largest);

		fprintf(out, "value_is_log_bytes = 0\nvalue_top = 1.1 * %" PRIu64 " / %" PRIu64 ".0\n", largest,
			unit.size);
		fprintf(out, "value_label = 'locked memory, %s'\nheight_of(row) = column(3) / %" PRIu64 ".0\n",
			unit.name, unit.size);
	}
}

const struct figure_kind figure_locked = {
	.name = "locked-memory",
	.title = "Locked memory%s",
	.of_update = true,
	.wanted = locked_wanted,
	.data = locked_data,
	.variables = locked_variables,
	.script = embedded_series_gp,
};

/* ---- IOTLB hit rate ---- */

static bool hit_rate_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return largest_value(view, RESULT_IOTLB_HITS) > 0 || largest_value(view, RESULT_IOTLB_MISSES) > 0;
}

static void hit_rate_data(FILE *out, const struct view *view, enum result_op op)
{
	(void)op;
	fputs("scheme,time_ps,hits,misses,width_ps\n", out);
	write_rows(out, view, RESULT_IOTLB_HITS, RESULT_IOTLB_MISSES, false);
}

static void hit_rate_variables(FILE *out, const struct view *view, enum result_op op)
{
	(void)op;
	time_variables(out, view, RESULT_IOTLB_HITS, RESULT_IOTLB_MISSES);
	fputs("value_is_log_bytes = 0\nvalue_top = 103\nvalue_label = 'IOTLB hits, % of lookups'\n"
	      "height_of(row) = column(3) + column(4) > 0 ? 100 * column(3) / (column(3) + column(4)) : NaN\n",
	      out);
}

const struct figure_kind figure_hit_rate = {
	.name = "iotlb-hit-rate",
	.title = "IOTLB hit rate%s",
	.wanted = hit_rate_wanted,
	.data = hit_rate_data,
	.variables = hit_rate_variables,
	.script = embedded_series_gp,
};

/* ---- throughput ---- */

static bool throughput_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return largest_value(view, RESULT_DMA_BYTES) > 0;
}

static void throughput_data(FILE *out, const struct view *view, enum result_op op)
{
	(void)op;
	fputs("scheme,time_ps,bytes,width_ps\n", out);
	write_rows(out, view, RESULT_DMA_BYTES, RESULT_DMA_BYTES, true);
}

static void throughput_variables(FILE *out, const struct view *view, enum result_op op)
{
	uint64_t largest = 0; /* bytes per second */

	(void)op;
	for (size_t i = 0; i < view->count; i++) {
		struct steps steps = steps_of(view, i, RESULT_DMA_BYTES, RESULT_DMA_BYTES);

		for (uint32_t k = 0; k < steps.count; k++) {
			u128_t bytes = series_value(steps.a, steps.width_ps, k);
			uint64_t rate = (uint64_t)(bytes * PS_PER_S / steps.width_ps);

			largest = rate > largest ? rate : largest;
		}
	}

	struct axis_unit unit = axis_rate(largest);

	time_variables(out, view, RESULT_DMA_BYTES, RESULT_DMA_BYTES);
	fprintf(out, "value_is_log_bytes = 0\nvalue_top = NaN\nvalue_label = 'DMA throughput, %s'\n", unit.name);
	fprintf(out, "height_of(row) = column(3) / (column(4) / 1e12) / %" PRIu64 ".0 # time is in ps\n", unit.size);
}

const struct figure_kind figure_throughput = {
	.name = "throughput",
	.title = "DMA throughput over time%s",
	.of_update = true,
	.wanted = throughput_wanted,
	.data = throughput_data,
	.variables = throughput_variables,
	.script = embedded_series_gp,
};
