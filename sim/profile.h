/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a replay cost the real machine, and how much of that is the engine's: how often stories touched shared state,
 * how many steps of hardware were called, how often SimGrid was entered.  Nothing of it is simulated, and none of it is in
 * the result file.
 */
#ifndef IOMMUSIM_SIM_PROFILE_H
#define IOMMUSIM_SIM_PROFILE_H

#include <stdint.h>
#include <stdio.h>

struct machine;

struct profile {
	uint64_t touches, steps, entries; /* struct engine */
	uint64_t operations;              /* maps and unmaps replayed */
	uint64_t tlps;
	/* CPU time of the process, ns. */
	uint64_t begun;     /* what it had used when the profile began */
	uint64_t create_ns; /* the machine put together, the trace looked through */
	uint64_t replay_ns;
	uint64_t read_ns;    /* of both: reading blocks of the trace file */
	uint64_t peak_bytes; /* most memory resident at once */
};

/* CPU time of this process so far, ns. */
uint64_t profile_cpu_ns(void);

/* Before machine_create, between it and machine_run, and after. */
void profile_begin(struct profile *profile);
void profile_created(struct profile *profile);
void profile_end(struct profile *profile, const struct machine *machine);

/* An event of the simulation: a touch of shared state or a step of hardware. */
uint64_t profile_events(const struct profile *profile);
double profile_ns_per_event(const struct profile *profile);
/* How many events went by without SimGrid, 0 to 1. */
double profile_run_ahead(const struct profile *profile);

/* A table, one line per scheme. */
void profile_print_head(FILE *out);
void profile_print(FILE *out, const char *scheme, const struct profile *profile);

#endif
