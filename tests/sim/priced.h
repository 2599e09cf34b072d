/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A replay of a map and an unmap with prices that are primes, so that no two sums of few of them agree: what each cause
 * took is told by the sum that it is.  One per process, as replayed.h.
 */
#ifndef IOMMUSIM_TESTS_SIM_PRICED_H
#define IOMMUSIM_TESTS_SIM_PRICED_H

#include "tests/sim/replayed.h"

#define GUEST_BYTES (UINT64_C(64) << 20)
#define GUEST_PAGES (GUEST_BYTES / 4096)
/* Host pages of 2 MiB, of which one batch of 512 pages is one. */
#define GUEST_RUNS (GUEST_BYTES >> 21)

extern const struct timing prices;

/* A page of 4 KiB mapped and unmapped; the same of a list of two pages that lie apart. */
extern const char *const priced_two_operations[], *const priced_two_leaves[];

extern struct config priced_config; /* priced_defaults, and what a test changes */
extern struct replayed *priced;     /* by priced_replay */

/* replayed_config with a guest of 64 MiB. */
void priced_defaults(void);
/* Replays two operations at these prices. */
void priced_replay(const char *const *text, const char *preset);

/* The one operation of this kind took so much for each cause. */
void priced_check(enum result_op op, const ps_t expected[RESULT_CAUSES]);
#define CHECK(op, ...) priced_check(op, (const ps_t[RESULT_CAUSES]){ __VA_ARGS__ })

void priced_check_count(enum result_counter counter, uint64_t expected);

#endif
