/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of text, built once and shown on a terminal and in the page alike. */
#ifndef IOMMUSIM_ANALYSIS_GRID_H
#define IOMMUSIM_ANALYSIS_GRID_H

#include <stdio.h>

#include "analysis/point.h"
#include "analysis/quantity.h"

struct grid {
	const struct shown *row; /* the caller's */
	size_t rows, columns;
	size_t sweeps;               /* of the columns, the first ones: values of what is swept */
	size_t width_min;            /* of a column on a terminal, so that several grids align */
	const char **heading;        /* [columns], the caller's; '\n' where a narrow heading breaks */
	char (*cell)[QUANTITY_TEXT]; /* [rows][columns], row-major */
};

/* Each NULL when there is nothing to show, or memory ran out. */

/* Count, mean, percentiles and maximum of an operation. */
struct grid *grid_of_latency(const struct shown *shown, size_t count, enum result_op op);
/* Share of each cause in an operation's time; causes that no scheme has are left out. */
struct grid *grid_of_causes(const struct shown *shown, size_t count, enum result_op op);
/* Start-up, locked memory, exits, caches, throughput, CPU time. */
struct grid *grid_of_machine(const struct shown *shown, size_t count);

/* Locked and pinned memory, pin calls, mappings, leaves, what was given back; columns without a number are left out. */
struct grid *grid_of_memory(const struct shown *shown, size_t count);

/* POWER: hypercalls and what became of their entries, frozen devices; columns without a number are left out. */
struct grid *grid_of_hypercalls(const struct shown *shown, size_t count);
/* What it did to a guest that its host software was replaced. */
struct grid *grid_of_update(const struct shown *shown, size_t count);

void grid_destroy(struct grid *grid);

/* Right-aligned columns under `title`, rows indented by two, label_width wide. */
void grid_print(FILE *out, const struct grid *grid, const char *title, size_t label_width);

#endif
