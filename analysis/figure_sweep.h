/* SPDX-License-Identifier: Apache-2.0 */
/* What the figures over a matrix share: a measure of each run, drawn by analysis/plots/sweep.gp. */
#ifndef IOMMUSIM_ANALYSIS_FIGURE_SWEEP_H
#define IOMMUSIM_ANALYSIS_FIGURE_SWEEP_H

#include "analysis/figure_kind.h"

/* NAN: there is none. */
typedef double measure(const struct shown *shown, enum result_op op);

/* CSV: a row for each run that has the measure. */
void sweep_rows(FILE *out, const struct view *view, enum result_op op, measure *value, const char *column);
/*
 * The measure in this unit of the axis; logarithmic when it is more than 50 times larger somewhere.  most: the end of the
 * axis, 0: as the values are.
 */
void sweep_variables(FILE *out, const struct view *view, enum result_op op, measure *value, const char *label,
		     struct axis_unit (*unit_of)(uint64_t largest), double most);
unsigned sweep_height(const struct view *view);

#endif
