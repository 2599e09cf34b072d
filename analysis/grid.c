/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistic.h"

static void fill_sweeps(struct grid *grid, const char *const *name)
{
	for (size_t i = 0; i < grid->sweeps; i++) {
		grid->heading[i] = point_short_name(name, grid->sweeps, i);
		for (size_t row = 0; row < grid->rows; row++) {
			const char *text = point_value(&grid->row[row], name[i]).text;

			snprintf(grid->cell[row * grid->columns + i], QUANTITY_TEXT, "%s", text ? text : "-");
		}
	}
}

/* With room for so many columns behind those of what is swept, which are filled in. */
static struct grid *grid_create(const struct shown *shown, size_t rows, size_t columns)
{
	const char *name[POINT_SWEEPS_MAX];
	size_t sweeps = point_sweeps(shown, rows, name);
	struct grid *grid = calloc(1, sizeof(*grid));

	if (!grid)
		return NULL;
	columns += sweeps;
	*grid = (struct grid){
		.row = shown,
		.rows = rows,
		.columns = columns,
		.sweeps = sweeps,
		.heading = calloc(columns, sizeof(*grid->heading)),
		.cell = calloc(rows * columns, sizeof(*grid->cell)),
	};
	if (grid->heading && grid->cell) {
		fill_sweeps(grid, name);
		return grid;
	}
	grid_destroy(grid);
	return NULL;
}

void grid_destroy(struct grid *grid)
{
	if (!grid)
		return;
	free(grid->heading);
	free(grid->cell);
	free(grid);
}

/* Of a column behind those of what is swept. */
static char *cell_at(const struct grid *grid, size_t row, size_t column)
{
	return grid->cell[row * grid->columns + grid->sweeps + column];
}

static void name_column(struct grid *grid, size_t column, const char *heading)
{
	grid->heading[grid->sweeps + column] = heading;
}

struct grid *grid_of_latency(const struct shown *shown, size_t count, enum result_op op)
{
	static const char *const heading[] = { "count", "mean", "p50", "p90", "p99", "p99.9", "max" };
	size_t columns = sizeof(heading) / sizeof(heading[0]);
	struct grid *grid = shown_have(shown, count, op) ? grid_create(shown, count, columns) : NULL;

	if (!grid)
		return NULL;
	grid->width_min = strlen("9,999,999");
	for (size_t column = 0; column < columns; column++) {
		name_column(grid, column, heading[column]);
		for (size_t row = 0; row < count; row++) {
			const struct histogram *histogram = &shown[row].scheme->latency[op];
			char *text = cell_at(grid, row, column);

			if (histogram->count == 0)
				strcpy(text, "-");
			else if (column == STATISTIC_COUNT)
				quantity_count(text, histogram->count);
			else
				quantity_time(text, statistic(histogram, (enum statistic)column));
		}
	}
	return grid;
}

struct grid *grid_of_causes(const struct shown *shown, size_t count, enum result_op op)
{
	unsigned used[RESULT_CAUSES];
	size_t columns = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		bool any = false;

		for (size_t i = 0; i < count; i++)
			any = any || shown[i].scheme->cause_ps[op][cause] > 0;
		if (any)
			used[columns++] = cause;
	}

	struct grid *grid = columns > 0 ? grid_create(shown, count, columns) : NULL;

	for (size_t column = 0; grid && column < columns; column++) {
		name_column(grid, column, result_cause_names[used[column]]);
		for (size_t row = 0; row < count; row++)
			quantity_share(cell_at(grid, row, column), shown[row].scheme->cause_ps[op][used[column]],
				       shown[row].scheme->latency[op].sum_ps);
	}
	return grid;
}

/* ---- the machine as a whole ---- */

static void startup(char *text, const uint64_t *counter)
{
	quantity_time(text, counter[COUNT_STARTUP_PS]);
}

static void duration(char *text, const uint64_t *counter)
{
	quantity_time(text, counter[COUNT_DURATION_PS]);
}

static void locked_peak(char *text, const uint64_t *counter)
{
	quantity_bytes(text, counter[COUNT_LOCKED_PEAK_BYTES]);
}

static void vm_exits(char *text, const uint64_t *counter)
{
	quantity_count(text, counter[COUNT_VM_EXITS]);
}

static void ioctls(char *text, const uint64_t *counter)
{
	quantity_count(text, counter[COUNT_IOCTLS]);
}

static void iotlb_hits(char *text, const uint64_t *counter)
{
	u128_t lookups = (u128_t)counter[COUNT_IOTLB_HITS] + counter[COUNT_IOTLB_MISSES];

	quantity_share(text, counter[COUNT_IOTLB_HITS], lookups);
}

static void reads_per_walk(char *text, const uint64_t *counter)
{
	quantity_ratio(text, counter[COUNT_READS_FIRST_STAGE] + counter[COUNT_READS_SECOND_STAGE],
		       counter[COUNT_WALKS]);
}

static void throughput(char *text, const uint64_t *counter)
{
	quantity_rate(text, counter[COUNT_DMA_BYTES_READ] + counter[COUNT_DMA_BYTES_WRITTEN],
		      counter[COUNT_DURATION_PS]);
}

static void guest_cpu(char *text, const uint64_t *counter)
{
	quantity_time(text, counter[COUNT_GUEST_CPU_PS]);
}

static void host_cpu(char *text, const uint64_t *counter)
{
	quantity_time(text, counter[COUNT_HOST_CPU_PS]);
}

static void stale_uses(char *text, const uint64_t *counter)
{
	if (counter[COUNT_STALE_CHECKED] == 0)
		strcpy(text, "-");
	else
		quantity_count(text, counter[COUNT_STALE_USED]);
}

struct grid *grid_of_machine(const struct shown *shown, size_t count)
{
	static const struct {
		const char *heading;
		void (*text)(char *text, const uint64_t *counter);
	} measure[] = {
		{ "start-up", startup },       { "replay", duration },
		{ "DMA\nrate", throughput },   { "locked\npeak", locked_peak },
		{ "VM\nexits", vm_exits },     { "ioctls", ioctls },
		{ "IOTLB\nhits", iotlb_hits }, { "reads\nper walk", reads_per_walk },
		{ "guest\nCPU", guest_cpu },   { "host\nCPU", host_cpu },
		{ "stale\nuses", stale_uses },
	};
	size_t columns = sizeof(measure) / sizeof(measure[0]);
	struct grid *grid = count > 0 ? grid_create(shown, count, columns) : NULL;

	for (size_t column = 0; grid && column < columns; column++) {
		name_column(grid, column, measure[column].heading);
		for (size_t row = 0; row < count; row++)
			measure[column].text(cell_at(grid, row, column), shown[row].scheme->counter);
	}
	return grid;
}

/* ---- the host's memory, and how it is mapped ---- */

static bool counted(const struct shown *shown, size_t count, enum result_counter counter)
{
	for (size_t i = 0; i < count; i++)
		if (shown[i].scheme->counter[counter] > 0)
			return true;
	return false;
}

/* A column of numbers. */
struct measure {
	const char *heading;
	enum result_counter counter;
	void (*text)(char *text, uint64_t value);
};
#define MEASURES_MAX 16u

/* Those that any row has a number of. */
static struct grid *grid_of_counters(const struct shown *shown, size_t count, const struct measure *measure, size_t all)
{
	size_t used[MEASURES_MAX], columns = 0;

	for (size_t i = 0; i < all && i < MEASURES_MAX; i++)
		if (counted(shown, count, measure[i].counter))
			used[columns++] = i;

	struct grid *grid = columns > 0 ? grid_create(shown, count, columns) : NULL;

	for (size_t column = 0; grid && column < columns; column++) {
		name_column(grid, column, measure[used[column]].heading);
		for (size_t row = 0; row < count; row++)
			measure[used[column]].text(cell_at(grid, row, column),
						   shown[row].scheme->counter[measure[used[column]].counter]);
	}
	return grid;
}

struct grid *grid_of_memory(const struct shown *shown, size_t count)
{
	static const struct measure measure[] = {
		{ "locked\npeak", COUNT_LOCKED_PEAK_BYTES, quantity_bytes },
		{ "pinned\npeak", COUNT_PINNED_PEAK_BYTES, quantity_bytes },
		{ "pin\ncalls", COUNT_PIN_CALLS, quantity_count },
		{ "mappings", COUNT_MAPPINGS_PEAK, quantity_count },
		{ "4 KiB\nleaves", COUNT_START_LEAVES_4K, quantity_count },
		{ "2 MiB\nleaves", COUNT_START_LEAVES_2M, quantity_count },
		{ "1 GiB\nleaves", COUNT_START_LEAVES_1G, quantity_count },
		{ "unplug\nasked", COUNT_UNPLUG_ASKED_BYTES, quantity_bytes },
		{ "\nreclaimed", COUNT_UNPLUG_RECLAIMED_BYTES, quantity_bytes },
		{ "calls\nrefused", COUNT_UNPLUG_REFUSED, quantity_count },
		{ "\nsplits", COUNT_UNPLUG_SPLITS, quantity_count },
	};

	return grid_of_counters(shown, count, measure, sizeof(measure) / sizeof(measure[0]));
}

struct grid *grid_of_hypercalls(const struct shown *shown, size_t count)
{
	static const struct measure measure[] = {
		{ "\ncalls", COUNT_HYPERCALLS, quantity_count },
		{ "\nTCEs", COUNT_TCES, quantity_count },
		{ "TCEs\nkilled", COUNT_TCES_KILLED, quantity_count },
		{ "devices\nfrozen", COUNT_DEVICES_FROZEN, quantity_count },
		{ "transfers\ncut", COUNT_TRANSFERS_CUT, quantity_count },
	};

	return grid_of_counters(shown, count, measure, sizeof(measure) / sizeof(measure[0]));
}

/* ---- what replaced the guest's host software ---- */

static void blackout(char *text, const struct result_scheme *scheme)
{
	quantity_time(text, scheme->latency[RESULT_BLACKOUT].max_ps);
}

static void dma_gap(char *text, const struct result_scheme *scheme)
{
	quantity_time(text, scheme->counter[COUNT_DMA_GAP_PS]);
}

static void transfers_lost(char *text, const struct result_scheme *scheme)
{
	quantity_count(text, scheme->counter[COUNT_TRANSFERS_LOST]);
}

static void pages_pinned(char *text, const struct result_scheme *scheme)
{
	quantity_count(text, scheme->counter[COUNT_PAGES_PINNED]);
}

static void host_access(char *text, const struct result_scheme *scheme)
{
	if (scheme->latency[RESULT_HOST_ACCESS].count == 0)
		strcpy(text, "-");
	else
		quantity_time(text, scheme->latency[RESULT_HOST_ACCESS].max_ps);
}

/* Now, of all; and of it what the new process is charged. */
static void locked_end(char *text, const struct result_scheme *scheme)
{
	quantity_bytes(text, scheme->series[RESULT_LOCKED_BYTES].level);
}

static void locked_new(char *text, const struct result_scheme *scheme)
{
	quantity_bytes(text, scheme->series[RESULT_LOCKED_NEW_BYTES].level);
}

struct grid *grid_of_update(const struct shown *shown, size_t count)
{
	static const struct {
		const char *heading;
		void (*text)(char *text, const struct result_scheme *scheme);
	} measure[] = {
		{ "blackout", blackout },
		{ "DMA\ngap", dma_gap },
		{ "transfers\nlost", transfers_lost },
		{ "host access\nmax", host_access },
		{ "pages\npinned", pages_pinned },
		{ "locked\nat the end", locked_end },
		{ "of new\nprocess", locked_new },
	};
	size_t columns = sizeof(measure) / sizeof(measure[0]);
	struct grid *grid = shown_have(shown, count, RESULT_BLACKOUT) ? grid_create(shown, count, columns) : NULL;

	for (size_t column = 0; grid && column < columns; column++) {
		name_column(grid, column, measure[column].heading);
		for (size_t row = 0; row < count; row++)
			measure[column].text(cell_at(grid, row, column), shown[row].scheme);
	}
	return grid;
}

/* ---- on a terminal ---- */

/* One of the two lines of a heading; a heading of one line stands on the second. */
static void heading_line(const char *heading, unsigned line, const char **text, size_t *length)
{
	const char *split = strchr(heading, '\n');

	if (line == 0) {
		*text = heading;
		*length = split ? (size_t)(split - heading) : 0;
	} else {
		*text = split ? split + 1 : heading;
		*length = strlen(*text);
	}
}

static size_t column_width(const struct grid *grid, size_t column)
{
	size_t width = column < grid->sweeps ? 0 : grid->width_min;

	for (unsigned line = 0; line < 2; line++) {
		const char *text;
		size_t length;

		heading_line(grid->heading[column], line, &text, &length);
		width = length > width ? length : width;
	}
	for (size_t row = 0; row < grid->rows; row++) {
		size_t length = strlen(grid->cell[row * grid->columns + column]);

		width = length > width ? length : width;
	}
	return width;
}

static bool has_split_heading(const struct grid *grid)
{
	for (size_t column = 0; column < grid->columns; column++)
		if (strchr(grid->heading[column], '\n'))
			return true;
	return false;
}

void grid_print(FILE *out, const struct grid *grid, const char *title, size_t label_width)
{
	int name_width = (int)label_width + 2;

	for (unsigned line = has_split_heading(grid) ? 0 : 1; line < 2; line++) {
		fprintf(out, "%-*s", name_width, line == 1 ? title : "");
		for (size_t column = 0; column < grid->columns; column++) {
			const char *text;
			size_t length;

			heading_line(grid->heading[column], line, &text, &length);
			fprintf(out, "  %*.*s", (int)column_width(grid, column), (int)length, text);
		}
		fprintf(out, "\n");
	}
	for (size_t row = 0; row < grid->rows; row++) {
		fprintf(out, "  %-*s", name_width - 2, grid->row[row].label);
		for (size_t column = 0; column < grid->columns; column++)
			fprintf(out, "  %*s", (int)column_width(grid, column),
				grid->cell[row * grid->columns + column]);
		fprintf(out, "\n");
	}
}
