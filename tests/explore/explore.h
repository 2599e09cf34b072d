/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explorer of races: every state that a few actors can bring about, step by step in every order, is visited once,
 * breadth first, so that the first broken rule comes with a shortest way to it.
 *
 * A system is made of steps that nothing can interrupt.  Its state is bytes: two states are the same when their bytes
 * are, so what no longer matters must be zeroed.
 */
#ifndef IOMMUSIM_TESTS_EXPLORE_H
#define IOMMUSIM_TESTS_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define EXPLORE_STATE_BYTES 96u /* at most */
#define EXPLORE_TEXT_BYTES  160u

struct explore_system {
	size_t state_bytes;
	unsigned actor_count;
	const void *config;
	void (*begin)(const void *config, void *state);
	/* In how many ways the actor can go on; 0: it waits, or is done. */
	unsigned (*choices)(const void *config, const void *state, unsigned actor);
	/* Goes one of them.  text: what happened, a clause; NULL: nobody reads it.  Returns the rule it breaks, or NULL. */
	const char *(*step)(const void *config, void *state, unsigned actor, unsigned choice, char *text);
	/* The rule that the state breaks, or NULL.  at_rest: no actor can go on. */
	const char *(*check)(const void *config, const void *state, bool at_rest);
};

struct explore_result {
	size_t states, steps; /* visited; tried */
	unsigned depth;       /* of the last state: steps from the beginning */
	const char *broken;   /* NULL: no rule is */
	unsigned trace_count; /* steps of a shortest way to a state, or by a step, that breaks it */
	char (*trace)[EXPLORE_TEXT_BYTES];
};

/* Until all is visited or a rule is broken.  result to be freed by explore_free. */
void explore(const struct explore_system *system, struct explore_result *result);
void explore_free(struct explore_result *result);

/* A line with the counts, and the trace where there is one. */
void explore_print(FILE *out, const char *name, const struct explore_result *result);

#endif
