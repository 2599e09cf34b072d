/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean": the candidate nearest to a misspelt word, in inserted, lost, changed and swapped letters. */
#ifndef IOMMUSIM_SCENARIOS_NEAREST_H
#define IOMMUSIM_SCENARIOS_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
	const char *word;
	const char *best;  /* NULL: no candidate is near */
	unsigned distance; /* of best; before: the first distance too far */
};

/* Near: at most a third of the word's letters are wrong. */
void nearest_begin(struct nearest *nearest, const char *word);

/*
 * True when candidate is the nearest so far; of equally near ones the first stays.  result: what is then suggested,
 * the caller's.
 */
bool nearest_offer(struct nearest *nearest, const char *candidate, const char *result);

/* ": did you mean 'BEST'?", or "" when nothing is near; size bytes are enough at 96. */
void nearest_suggestion(const struct nearest *nearest, char *text, size_t size);

#endif
