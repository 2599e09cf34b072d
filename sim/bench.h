/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks of the models in real time: what one operation costs this
 * machine, statistics on.  Not of the simulated hardware.
 */
#ifndef IOMMUSIM_SIM_BENCH_H
#define IOMMUSIM_SIM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_world; /* memory, a unit, a driver, tables */

struct bench {
	const char *name;
	const char *help;
	uint32_t iotlb_entries; /* of the world's unit */
	uint32_t pages;         /* mapped, 4 KiB each */
	bool nested;
	/* Performs so many operations; the result keeps the compiler from leaving them out. */
	uint64_t (*run)(struct bench_world *world, uint64_t operations);
};

extern const struct bench benches[];
extern const size_t bench_count;

/* Many short runs: on a busy machine some of them are left alone, and the least of them counts. */
#define BENCH_RUNS 51u

struct bench_result {
	double min_ns, median_ns; /* per operation, over BENCH_RUNS runs */
	uint64_t operations;      /* of each run */
};

/* Takes about half a second on a machine that has time. */
struct bench_result bench_run(const struct bench *bench);

#endif
