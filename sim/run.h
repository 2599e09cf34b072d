/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario's runs: one process per scheme and point of the matrix (SimGrid has one engine per process), so many
 * side by side, merged into one result file: schemes in the scenario's order, and of each its points.  The file is
 * written at once at the end or not at all, with the same bytes whichever process ends first.
 *
 * A run that fails, or whose process crashes, does not end the others: the file holds what ended well and names
 * what did not.  When nothing ended well there is no file.
 */
#ifndef IOMMUSIM_SIM_RUN_H
#define IOMMUSIM_SIM_RUN_H

#include "scenarios/config.h"
#include "sim/profile.h"

struct run_options {
	const char *out_path;
	const char *timeline_path; /* NULL: none */
	unsigned jobs;             /* processes side by side; 0: one per processor; fewer when memory is short */
	bool exact;                /* enter SimGrid at every touch (sim/actor.h) */
	bool progress;             /* on stderr */
	struct profile *profiles;  /* NULL, or [schemes][points]: filled in */
	uint64_t memory_bytes;     /* of this computer; 0: ask it */
	void (*begun)(size_t run); /* called in each process as it begins; NULL: not.  For tests: it may end there. */
};

/* False and *err, or false and *interrupted, when nothing was written.  The scenario's present point changes. */
bool run_scenario(struct scenario *scenario, const struct run_options *options, bool *interrupted, struct err *err);

#endif
