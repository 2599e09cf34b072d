/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundary to SimGrid, and the only place that knows its units.
 *
 * SimGrid's second stands for one simulated nanosecond and a host computes one
 * flop in it, which needs no precision option in any version of SimGrid.  All
 * of iommusim counts integer picoseconds; SimGrid's double clock only decides
 * when an actor is woken, never what time it is (see actor.h).
 */
#ifndef IOMMUSIM_SIM_CLOCK_H
#define IOMMUSIM_SIM_CLOCK_H

#include "models/base/err.h"
#include "models/base/units.h"

/*
 * Starts SimGrid's engine with one machine of so many cores.  Once per process:
 * SimGrid has one engine per process.
 */
bool clock_start(unsigned cores, struct err *err);

/* Runs until no actor that is not a daemon is left. */
void clock_run(void);

/* For the running actor: sleeps until SimGrid's clock is at date; at once when it is past it. */
void clock_sleep_until(ps_t date);

/*
 * For the running actor: lets actors of the same date go first.  Dates that
 * are equal in picoseconds may differ in SimGrid's last digit, so from the second
 * attempt on SimGrid's clock moves by a picosecond (the actor's own does not).
 */
void clock_let_others(unsigned attempt);

/* An actor on the machine, started at the present date; a daemon does not keep the run alive. */
struct clock_actor; /* SimGrid's */
struct clock_actor *clock_actor_start(const char *name, void (*code)(void *argument), void *argument, bool is_daemon);

/* A gate an actor waits at, opened once per wait. */
struct clock_gate;
struct clock_gate *clock_gate_create(void);
void clock_gate_destroy(struct clock_gate *gate);
void clock_gate_wait(struct clock_gate *gate);
void clock_gate_open(struct clock_gate *gate);

/* SimGrid's version, "3.32". */
const char *clock_engine_version(void);

#endif
