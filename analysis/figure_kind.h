/* SPDX-License-Identifier: Apache-2.0 */
/* A kind of figure: one .c of its own, one text in analysis/plots, one line in the array of figure.c. */
#ifndef IOMMUSIM_ANALYSIS_FIGURE_KIND_H
#define IOMMUSIM_ANALYSIS_FIGURE_KIND_H

#include "analysis/figure.h"
#include "models/base/bits.h"

struct figure_kind {
	const char *name, *title; /* the title takes the operation's name, if there is one */
	bool of_matrix;           /* shown when something is swept; others when nothing is */
	bool of_update; /* of the others: shown for a few points too, where a guest's host software was replaced */
	uint64_t ops;   /* BIT64(op) of the operations that may have it; 0: of the machine */
	bool (*wanted)(const struct view *view, enum result_op op); /* there is something to show */
	const char *data_of; /* name of the kind whose data it draws; NULL: its own */
	void (*data)(FILE *out, const struct view *view, enum result_op op); /* CSV with a header; NULL with data_of */
	void (*variables)(FILE *out, const struct view *view, enum result_op op); /* what the script below takes */
	unsigned (*height)(
		const struct view *view); /* of the plot; of a matrix with the key, others without; NULL: usual */
	const char *script;
};

extern const struct figure_kind figure_cdf, figure_tail, figure_percentiles, figure_causes;
extern const struct figure_kind figure_sweep_mean, figure_sweep_p99, figure_sweep_throughput, figure_sweep_hits,
	figure_sweep_reads, figure_sweep_locked, figure_sweep_startup;
extern const struct figure_kind figure_locked, figure_hit_rate, figure_throughput;

/* A `wanted`: some scheme has an operation of this kind. */
bool figure_took_place(const struct view *view, enum result_op op);

/* ---- parts of scripts and data ---- */

/* What a line over time is called: the scheme, and in a matrix its point. */
#define RUN_LABEL 320u
void figure_run_label(const struct view *view, size_t i, char text[RUN_LABEL]);

/* Of a key with so many labels, the longest of so many characters, as gnuplot will about fill it. */
unsigned figure_key_height(size_t count, size_t longest);

/* A field of a CSV file (RFC 4180). */
void csv_text(FILE *out, const char *text);

/* A string of gnuplot. */
void script_text(FILE *out, const char *text);
/* array name[count] = [...] */
void script_array(FILE *out, const char *name, size_t count, void (*element)(FILE *out, const void *from, size_t i),
		  const void *from);

/* For an axis: the largest unit that is not above the value, but the smallest when all are. */
struct axis_unit {
	const char *name;
	uint64_t size;
};
struct axis_unit axis_time(ps_t largest);
struct axis_unit axis_bytes(uint64_t largest);
struct axis_unit axis_rate(uint64_t largest_per_second);

#endif
