/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random numbers, the same on every machine: SplitMix64 (Steele, Lea,
 * Flood 2014), whose whole state is one word.
 */
#ifndef IOMMUSIM_BASE_RANDOM_H
#define IOMMUSIM_BASE_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline void random_init(struct random *random, uint64_t seed)
{
	random->state = seed;
}

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform in [0, bound), bound > 0, without modulo bias (multiply and reject). */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
