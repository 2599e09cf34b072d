/* SPDX-License-Identifier: Apache-2.0 */
/* What a matrix changes in the memory that guests take of the host: shown where it changes something. */
#include "analysis/embedded.h"
#include "analysis/figure_sweep.h"

static bool differs(const struct view *view, enum result_counter counter)
{
	for (size_t i = 1; i < view->count; i++)
		if (view->shown[i].scheme->counter[counter] != view->shown[0].scheme->counter[counter])
			return true;
	return false;
}

/* ---- locked memory ---- */

static double locked(const struct shown *shown, enum result_op op)
{
	(void)op;
	return (double)shown->scheme->counter[COUNT_LOCKED_PEAK_BYTES];
}

static bool locked_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return differs(view, COUNT_LOCKED_PEAK_BYTES);
}

static void locked_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, locked, "locked_peak_bytes");
}

static void locked_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, locked, "locked memory, peak", axis_bytes, 0);
}

const struct figure_kind figure_sweep_locked = {
	.name = "sweep-locked-memory",
	.title = "Locked memory%s",
	.of_matrix = true,
	.wanted = locked_wanted,
	.data = locked_data,
	.variables = locked_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};

/* ---- start-up ---- */

static double startup(const struct shown *shown, enum result_op op)
{
	(void)op;
	return (double)shown->scheme->counter[COUNT_STARTUP_PS];
}

static bool startup_wanted(const struct view *view, enum result_op op)
{
	(void)op;
	return differs(view, COUNT_STARTUP_PS);
}

static void startup_data(FILE *out, const struct view *view, enum result_op op)
{
	sweep_rows(out, view, op, startup, "startup_ps");
}

static void startup_variables(FILE *out, const struct view *view, enum result_op op)
{
	sweep_variables(out, view, op, startup, "start-up", axis_time, 0);
}

const struct figure_kind figure_sweep_startup = {
	.name = "sweep-start-up",
	.title = "Start-up%s",
	.of_matrix = true,
	.wanted = startup_wanted,
	.data = startup_data,
	.variables = startup_variables,
	.height = sweep_height,
	.script = embedded_sweep_gp,
};
