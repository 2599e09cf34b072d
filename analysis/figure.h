/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a report.  Each is data/NAME.csv, plots/NAME.gp and
 * plots/NAME.svg.  A script is its variables, which are written
 * here, and below them a text of analysis/plots, the same for every report.
 */
#ifndef IOMMUSIM_ANALYSIS_FIGURE_H
#define IOMMUSIM_ANALYSIS_FIGURE_H

#include "analysis/grid.h"

/* What a report shows: schemes in order, each with its label and its look. */
struct look {
	char colour[8]; /* "#0072b2" */
	unsigned dash;  /* gnuplot's dashtype */
	unsigned name;  /* ordinal of the scheme's name among the different ones */
};
struct view {
	const struct shown *shown; /* [count] */
	const struct look *look;   /* [count] */
	size_t count;
	const char *sweep[POINT_SWEEPS_MAX]; /* names of what is swept */
	size_t sweeps;
};

/*
 * A colour for each scheme, at whatever point: those of one name in several results are shades of one colour.  Okabe and
 * Ito's palette, which colour-blind readers can tell apart.
 */
void look_shade(struct look *look, unsigned name, unsigned shade);
void look_choose(const struct shown *shown, size_t count, struct look *look);

struct figure_kind;
struct figure {
	const struct figure_kind *kind;
	enum result_op op; /* RESULT_OPS: of the machine as a whole */
	char name[48];     /* "cdf-map" */
	char data[48];     /* "cdf-map": two figures may draw the same data */
	char title[96];
};

#define FIGURES_MAX 64u
/* All the figures that have something to show, those of one operation in a row; returns how many. */
size_t figure_list(const struct view *view, struct figure figure[FIGURES_MAX]);

/* "map", "DMA read", "translation, IOTLB miss". */
extern const char *const figure_op_names[RESULT_OPS];

/* Whether it has data of its own to write. */
bool figure_has_data(const struct figure *figure);
void figure_write_data(FILE *out, const struct figure *figure, const struct view *view);
void figure_write_script(FILE *out, const struct figure *figure, const struct view *view);

#endif
