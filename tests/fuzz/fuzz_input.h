/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one fuzzing case, taken from the front; when they are used up every number is 0.  And what a
 * target says when something that must hold does not: it ends the process, as a sanitizer does.
 */
#ifndef IOMMUSIM_TESTS_FUZZ_INPUT_H
#define IOMMUSIM_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* One case; returns 0.  What libFuzzer and fuzz_replay.c call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && input->left; i++, input->left--)
		value |= (uint64_t)*input->at++ << 8 * i;
	return value;
}

/* Below limit, which is at most 256. */
static inline unsigned fuzz_below(struct fuzz_input *input, unsigned limit)
{
	return (unsigned)fuzz_take(input, 1) % limit;
}

/* least to most, both possible. */
static inline unsigned fuzz_between(struct fuzz_input *input, unsigned least, unsigned most)
{
	return least + fuzz_below(input, most - least + 1);
}

static inline bool fuzz_coin(struct fuzz_input *input)
{
	return fuzz_take(input, 1) & 1;
}

#define FUZZ_MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#endif
