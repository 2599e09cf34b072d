/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short recording, written as ftrace text, replayed under one scheme: what
 * was measured, and when each map, unmap and attach was.  One per process, as SimGrid has one engine.
 */
#ifndef IOMMUSIM_TESTS_SIM_REPLAYED_H
#define IOMMUSIM_TESTS_SIM_REPLAYED_H

#include "sim/machine.h"
#include "tests/traces/importing.h"

#define SPANS_MAX 64u

/* One operation; [begin, begin + duration). */
struct span {
	enum result_op op;
	unsigned cpu;
	ps_t begin, duration;
	ps_t parts[RESULT_CAUSES];
};

struct replayed {
	struct machine *machine; /* as the run left it; never taken apart, as in a worker */
	struct result_scheme *result;
	struct span span[SPANS_MAX]; /* in the order in which they ended */
	unsigned spans;
};

/* The table's defaults, all prices 0, a guest of 64 MiB. */
void replayed_config(struct config *config);

/* The preset of that name, with an axis changed where axis is not NULL. */
struct scheme replayed_scheme(const char *preset, const char *axis, const char *value);

/* Imports and replays lines of text, to a NULL; config must outlive what is returned.  Fails the test on any error. */
struct replayed *replayed_run(const char *const *lines, const struct config *config, const struct scheme *scheme);

/* The nth (from 0) operation of this kind on a CPU, by its begin; it must exist. */
const struct span *replayed_span(const struct replayed *replayed, enum result_op op, unsigned cpu, unsigned nth);

#endif
