/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/nearest.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_MAX 63u

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: Levenshtein's, with a swap of neighbours as one step. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[3][LENGTH_MAX + 1]; /* of a's letters: two before, one before, this */

	for (size_t j = 0; j <= b_length; j++)
		row[1][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		row[2][0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned steps = row[1][j - 1] + (a[i - 1] != b[j - 1]);

			steps = least(steps, row[1][j] + 1);
			steps = least(steps, row[2][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				steps = least(steps, row[0][j - 2] + 1);
			row[2][j] = steps;
		}
		memcpy(row[0], row[1], sizeof(row[0]));
		memcpy(row[1], row[2], sizeof(row[1]));
	}
	return row[1][b_length];
}

void nearest_begin(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){ .word = word, .distance = (unsigned)strlen(word) / 3 + 1 };
}

bool nearest_offer(struct nearest *nearest, const char *candidate, const char *result)
{
	size_t word_length = strlen(nearest->word), candidate_length = strlen(candidate);

	if (word_length > LENGTH_MAX || candidate_length > LENGTH_MAX)
		return false;

	unsigned distance = edit_distance(nearest->word, word_length, candidate, candidate_length);

	if (distance >= nearest->distance)
		return false;
	nearest->distance = distance;
	nearest->best = result;
	return true;
}

void nearest_suggestion(const struct nearest *nearest, char *text, size_t size)
{
	if (nearest->best)
		snprintf(text, size, ": did you mean '%s'?", nearest->best);
	else
		snprintf(text, size, "%s", "");
}
