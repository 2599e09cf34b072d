/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks in real time: what one operation of the models, one event of an import or of a replay costs this machine,
 * statistics on.  Not of the simulated hardware.
 *
 *     bench_models.c   operations of the models
 *     bench_import.c   ftrace text to a trace file
 *     bench_replay.c   made traces, replayed
 */
#ifndef IOMMUSIM_SIM_BENCH_H
#define IOMMUSIM_SIM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"

struct bench_result {
	double min_ns, median_ns; /* of CPU time per operation, over the runs */
	uint64_t operations;      /* of each run */
	unsigned runs;
	/* Of replays; 0 for others. */
	double entries_per_event; /* calls of SimGrid, over touches and steps */
	double run_ahead;         /* share of events without such a call */
	uint64_t peak_bytes;      /* most memory resident at once, over the runs */
};

struct bench {
	const char *name;
	const char *help;
	const char *operation; /* what is counted */
	double bar_ns;         /* what design allows at most (docs/performance.md); 0: nothing is said */
	/* False and *err when it cannot be measured here.  share: the load is divided by it, 1 for figures that count. */
	bool (*measure)(const struct bench *bench, unsigned share, struct bench_result *result, struct err *err);
	const void *what; /* the measuring function's */
};

/* Ended by a NULL name. */
extern const struct bench model_benches[], import_benches[], replay_benches[];

/* The i-th of all; NULL at the end. */
const struct bench *bench_at(size_t i);

/* Least and median of ns per operation; sorts them. */
void bench_summarize(struct bench_result *result, double *ns, unsigned runs);

/* A folder for files of a benchmark, in $TMPDIR or /tmp. */
struct bench_folder {
	char path[256];
};
bool bench_folder_make(struct bench_folder *folder, struct err *err);
/* The folder's path, a slash and the name, in a buffer of BENCH_PATH bytes. */
#define BENCH_PATH 320u
char *bench_file(const struct bench_folder *folder, const char *name, char path[BENCH_PATH]);
/* Removes these files (NULL at the end) and the folder. */
void bench_folder_remove(const struct bench_folder *folder, const char *const *names);

#endif
