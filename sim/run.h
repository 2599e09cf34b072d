/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario's runs: one process per scheme (SimGrid has one engine per
 * process), side by side on the machine's cores, merged into one result file in the
 * scenario's order.  The file is written at once at the end or not at all.
 */
#ifndef IOMMUSIM_SIM_RUN_H
#define IOMMUSIM_SIM_RUN_H

#include "scenarios/config.h"
#include "sim/profile.h"

struct run_options {
	const char *out_path;
	const char *timeline_path; /* NULL: none */
	unsigned jobs;             /* processes side by side; 0: one per processor */
	bool exact;                /* enter SimGrid at every touch (sim/actor.h) */
	bool progress;             /* on stderr */
	struct profile *profiles;  /* NULL, or [schemes]: filled in */
};

/* False and *err, or false and *interrupted, when nothing was written. */
bool run_scenario(const struct scenario *scenario, const struct run_options *options, bool *interrupted,
		  struct err *err);

#endif
