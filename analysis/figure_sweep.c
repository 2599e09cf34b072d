/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a matrix changes: each measure over the first swept number, a line per scheme and per value of all else
 * that is swept.  These figures take the place of the distributions, which would be as many as there are points.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/embedded.h"
#include "analysis/figure_sweep.h"
#include "analysis/statistic.h"

#define OPS \
	(BIT64(RESULT_MAP) | BIT64(RESULT_UNMAP) | BIT64(RESULT_DMA_READ) | BIT64(RESULT_INVALIDATE) | \
	 BIT64(RESULT_UNPLUG))

#define LINES_MAX 40u /* more than that nobody reads */
#define TICS_MAX  12u
#define LINE_TEXT 320u

/* ---- the axis ---- */

/* The first sweep of numbers, else the first one of all; as a place in the view's. */
static size_t axis_place(const struct view *view)
{
	for (size_t k = 0; k < view->sweeps; k++)
		for (size_t i = 0; i < view->count; i++) {
			const char *unit = point_unit(&view->shown[i], view->sweep[k]);

			if (unit && strcmp(unit, "text") != 0)
				return k;
			if (unit)
				break;
		}
	return 0;
}

/* ---- lines ---- */

struct row {
	size_t line, run;
	struct result_value x;
};

struct lines {
	struct row *row; /* [rows], by line and x */
	size_t rows;
	char (*label)[LINE_TEXT]; /* [count] */
	unsigned *name, *shade;   /* [count]: which of the schemes' names, and which of its lines */
	size_t count;
};

/* "nested  iotlb_entries=64" */
static void line_label(const struct view *view, size_t run, size_t axis, char label[LINE_TEXT])
{
	int length = snprintf(label, LINE_TEXT, "%s", view->shown[run].label);

	for (size_t k = 0; k < view->sweeps && length < (int)LINE_TEXT; k++) {
		const char *text = point_value(&view->shown[run], view->sweep[k]).text;

		if (k != axis && text)
			length += snprintf(label + length, LINE_TEXT - (size_t)length, "  %s=%s",
					   point_short_name(view->sweep, view->sweeps, k), text);
	}
}

/* The line of that label, begun if there is none; LINES_MAX: too many. */
static size_t line_of(struct lines *lines, const struct view *view, size_t run, const char *label)
{
	size_t i = lines->count;

	while (i > 0 && strcmp(lines->label[i - 1], label) != 0)
		i--;
	if (i > 0)
		return i - 1;
	if (lines->count == LINES_MAX)
		return LINES_MAX;
	strcpy(lines->label[lines->count], label);
	lines->name[lines->count] = view->look[run].name;
	for (i = 0; i < lines->count; i++)
		lines->shade[lines->count] += lines->name[i] == view->look[run].name;
	return lines->count++;
}

static int by_line_and_x(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->x.number != b->x.number)
		return a->x.number < b->x.number ? -1 : 1;
	return a->run < b->run ? -1 : a->run > b->run;
}

static bool lines_init(struct lines *lines, const struct view *view)
{
	size_t axis = axis_place(view);
	char label[LINE_TEXT];

	*lines = (struct lines){ .row = calloc(view->count, sizeof(*lines->row)),
				 .label = calloc(LINES_MAX, sizeof(*lines->label)),
				 .name = calloc(LINES_MAX, sizeof(*lines->name)),
				 .shade = calloc(LINES_MAX, sizeof(*lines->shade)) };
	if (!lines->row || !lines->label || !lines->name || !lines->shade)
		return false;
	for (size_t i = 0; i < view->count; i++) {
		struct result_value x = point_value(&view->shown[i], view->sweep[axis]);

		if (!x.text)
			continue;
		line_label(view, i, axis, label);

		size_t line = line_of(lines, view, i, label);

		if (line < LINES_MAX)
			lines->row[lines->rows++] = (struct row){ .line = line, .run = i, .x = x };
	}
	qsort(lines->row, lines->rows, sizeof(*lines->row), by_line_and_x);
	return true;
}

static void lines_fini(struct lines *lines)
{
	free(lines->row);
	free(lines->label);
	free(lines->name);
	free(lines->shade);
}

/* ---- data ---- */

void sweep_rows(FILE *out, const struct view *view, enum result_op op, measure *value, const char *column)
{
	struct lines lines;
	bool ready = lines_init(&lines, view);

	fprintf(out, "line,%s,x,%s\n", view->sweep[axis_place(view)], column);
	for (size_t i = 0; ready && i < lines.rows; i++) {
		const struct row *row = &lines.row[i];
		double y = value(&view->shown[row->run], op);

		if (!isnan(y)) {
			csv_text(out, lines.label[row->line]);
			fputc(',', out);
			csv_text(out, row->x.text);
			fprintf(out, ",%" PRIu64 ",%.9g\n", row->x.number, y);
		}
	}
	lines_fini(&lines);
}

/* ---- variables ---- */

static int by_x(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->x.number < b->x.number ? -1 : a->x.number > b->x.number;
}

static void line_label_element(FILE *out, const void *lines, size_t i)
{
	script_text(out, ((const struct lines *)lines)->label[i]);
}

static void line_colour_element(FILE *out, const void *lines, size_t i)
{
	struct look look;

	look_shade(&look, ((const struct lines *)lines)->name[i], ((const struct lines *)lines)->shade[i]);
	fprintf(out, "'%s'", look.colour);
}

static void line_dash_element(FILE *out, const void *lines, size_t i)
{
	fprintf(out, "%u", 1 + ((const struct lines *)lines)->shade[i] % 5);
}

/* gnuplot's filled symbols: square, circle, triangle, triangle down, diamond. */
static void line_point_element(FILE *out, const void *lines, size_t i)
{
	fprintf(out, "%u", 5 + 2 * (((const struct lines *)lines)->shade[i] % 5));
}

/* Each value has a tic with its own text, or at most so many of them. */
static void axis_variables(FILE *out, const struct view *view, const struct lines *lines)
{
	size_t axis = axis_place(view), distinct = 0;
	struct row *row = calloc(lines->rows + 1, sizeof(*row));
	const char *unit = lines->rows > 0 ? point_unit(&view->shown[lines->row[0].run], view->sweep[axis]) : "";
	double sum = 0;

	if (!row)
		return;
	memcpy(row, lines->row, lines->rows * sizeof(*row));
	qsort(row, lines->rows, sizeof(*row), by_x);
	for (size_t i = 0; i < lines->rows; i++) {
		if (distinct > 0 && row[distinct - 1].x.number == row[i].x.number)
			continue;
		row[distinct++] = row[i];
		sum += (double)row[i].x.number;
	}

	double least = distinct ? (double)row[0].x.number : 0, most = distinct ? (double)row[distinct - 1].x.number : 1;
	size_t step = (distinct + TICS_MAX - 1) / TICS_MAX;
	/* More values at the lower end than a linear axis has room for. */
	bool is_log = least > 0 && most >= 10 * least && sum / (double)distinct < 0.4 * most;
	bool has_unit = unit[0] && strcmp(unit, "text") != 0 && strcmp(unit, "ps") != 0 && strcmp(unit, "ppm") != 0 &&
			strncmp(unit, "bytes", 5) != 0; /* those texts have theirs */

	fprintf(out, "x_is_log = %d\nx_least = %.9g\nx_most = %.9g\nx_label = ", is_log, least, most);
	fprintf(out, "'%s%s%s'\nset xtics (", view->sweep[axis], has_unit ? ", " : "", has_unit ? unit : "");
	for (size_t i = 0; i < distinct; i += step) {
		fputs(i > 0 ? ", " : "", out);
		script_text(out, row[i].x.text);
		fprintf(out, " %" PRIu64, row[i].x.number);
	}
	fputs(")\n", out);
	free(row);
}

void sweep_variables(FILE *out, const struct view *view, enum result_op op, measure *value, const char *label,
		     struct axis_unit (*unit_of)(uint64_t largest), double most)
{
	struct axis_unit unit = { .name = "", .size = 1 };
	double largest = 0, smallest = INFINITY;
	struct lines lines;

	if (!lines_init(&lines, view)) {
		lines_fini(&lines);
		return;
	}
	for (size_t i = 0; i < lines.rows; i++) {
		double y = value(&view->shown[lines.row[i].run], op);

		largest = y > largest ? y : largest;
		smallest = y > 0 && y < smallest ? y : smallest;
	}
	if (unit_of)
		unit = unit_of((uint64_t)largest);
	script_array(out, "line", lines.count, line_label_element, &lines);
	script_array(out, "line_colour", lines.count, line_colour_element, &lines);
	script_array(out, "line_dash", lines.count, line_dash_element, &lines);
	script_array(out, "line_point", lines.count, line_point_element, &lines);
	axis_variables(out, view, &lines);
	fprintf(out, "y_label = '%s%s%s'\ny_unit = %" PRIu64 ".0\ny_is_log = %d\ny_top = %.9g\n", label,
		unit_of ? ", " : "", unit.name, unit.size, most == 0 && largest > 50 * smallest,
		most > 0 ? most : 1.1 * largest / (double)unit.size);
	lines_fini(&lines);
}

unsigned sweep_height(const struct view *view)
{
	size_t longest = 1, count = 0;
	struct lines lines;

	if (lines_init(&lines, view)) {
		count = lines.count;
		for (size_t i = 0; i < count; i++)
			longest = strlen(lines.label[i]) > longest ? strlen(lines.label[i]) : longest;
	}
	lines_fini(&lines);
	return 340 + figure_key_height(count, longest);
}

/* ---- the measures ---- */

static bool has_any(const struct view *view, measure *value)
{
	for (size_t i = 0; i < view->count; i++)
		if (!isnan(value(&view->shown[i], RESULT_OPS)))
			return true;
	return false;
}

static double mean(const struct shown *shown, enum result_op op)
{
	const struct histogram *histogram = &shown->scheme->latency[op];

	return histogram->count ? (double)statistic(histogram, STATISTIC_MEAN) : NAN;
}

static double p99(const struct shown *shown, enum result_op op)
{
	const struct histogram *histogram = &shown->scheme->latency[op];

	return histogram->count ? (double)statistic(histogram, STATISTIC_P99) : NAN;
}

/* A counter's share of another. */
static double ratio(uint64_t part, uint64_t whole, double scale)
{
	return whole ? scale * (double)part / (double)whole : NAN;
}

static double rate(const struct shown *shown, enum result_op op)
{
	const uint64_t *counter = shown->scheme->counter;

	(void)op;
	return ratio(counter[COUNT_DMA_BYTES_READ] + counter[COUNT_DMA_BYTES_WRITTEN], counter[COUNT_DURATION_PS],
		     (double)PS_PER_S);
}

static double hits(const struct shown *shown, enum result_op op)
{
	const uint64_t *counter = shown->scheme->counter;

	(void)op;
	return ratio(counter[COUNT_IOTLB_HITS], counter[COUNT_IOTLB_HITS] + counter[COUNT_IOTLB_MISSES], 100);
}

static double reads(const struct shown *shown, enum result_op op)
{
	const uint64_t *counter = shown->scheme->counter;

	(void)op;
	return ratio(counter[COUNT_READS_FIRST_STAGE] + counter[COUNT_READS_SECOND_STAGE], counter[COUNT_WALKS], 1);
}

static void mean_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, mean, "mean_ps");
}

static void mean_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, mean, "mean latency", axis_time, 0);
}

const struct figure_kind figure_sweep_mean = {
	.name = "sweep-mean",
	.title = "Latency of %s: mean",
	.of_matrix = true,
	.ops = OPS,
	.wanted = figure_took_place,
	.data = mean_data,
	.variables = mean_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};

static void p99_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, p99, "p99_ps");
}

static void p99_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, p99, "latency, p99", axis_time, 0);
}

const struct figure_kind figure_sweep_p99 = {
	.name = "sweep-p99",
	.title = "Latency of %s: 99th percentile",
	.of_matrix = true,
	.ops = OPS,
	.wanted = figure_took_place,
	.data = p99_data,
	.variables = p99_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};

static bool rate_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return has_any(view, rate);
}

static void rate_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, rate, "bytes_per_second");
}

static void rate_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, rate, "DMA throughput", axis_rate, 0);
}

const struct figure_kind figure_sweep_throughput = {
	.name = "sweep-throughput",
	.title = "DMA throughput%s",
	.of_matrix = true,
	.wanted = rate_wanted,
	.data = rate_data,
	.variables = rate_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};

static bool hits_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return has_any(view, hits);
}

static void hits_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, hits, "iotlb_hits_percent");
}

static void hits_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, hits, "IOTLB hits, % of lookups", NULL, 103);
}

const struct figure_kind figure_sweep_hits = {
	.name = "sweep-iotlb-hits",
	.title = "IOTLB hit ratio%s",
	.of_matrix = true,
	.wanted = hits_wanted,
	.data = hits_data,
	.variables = hits_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};

static bool reads_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return has_any(view, reads);
}

static void reads_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, reads, "reads_per_walk");
}

static void reads_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, reads, "table reads per walk", NULL, 0);
}

const struct figure_kind figure_sweep_reads = {
	.name = "sweep-reads-per-walk",
	.title = "Table reads per walk%s",
	.of_matrix = true,
	.wanted = reads_wanted,
	.data = reads_data,
	.variables = reads_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};
