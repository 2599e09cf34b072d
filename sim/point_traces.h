/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traces that the points of a scenario replay: recordings, and those made by rule for this run, which lie
 * in its folder of parts until it ends.  Each is made once, however many points replay it.
 */
#ifndef IOMMUSIM_SIM_POINT_TRACES_H
#define IOMMUSIM_SIM_POINT_TRACES_H

#include "scenarios/config.h"

struct point_trace {
	char path[600];        /* "": not looked at yet */
	bool is_made;          /* and to be removed */
	uint64_t operations;   /* in it */
	uint64_t anomalies[3]; /* lost events, unmaps without a map, maps over a live mapping */
};

struct point_traces {
	struct point_trace *trace; /* [count], the last of what is swept changing first */
	size_t count;
	char *text;     /* the specifications' texts, one after another; NULL: none is a file of its own */
	char name[560]; /* "a.h5", "a.h5 and 3 more" */
	uint64_t crc64; /* of the traces' bytes, in order */
};

/*
 * Makes what is to be made in folder, and checks that each trace can be replayed at each of its points.  When false, what
 * was made is removed.
 */
bool point_traces_open(struct point_traces *traces, struct scenario *scenario, const char *folder, struct err *err);
void point_traces_close(struct point_traces *traces);

/* Of the scenario's present point. */
const struct point_trace *point_trace(const struct point_traces *traces, const struct scenario *scenario);
/* Operations that a run at the present point replays. */
uint64_t point_operations(const struct point_traces *traces, const struct scenario *scenario);

#endif
