/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quantity over simulated time in constant space.  A date beyond the last
 * bucket doubles the width and merges buckets in pairs, so that a series is
 * the one that its final width would have given from the start.
 */
#include <string.h>

#include "analysis/result.h"
#include "models/base/require.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void series_init(struct series *series, enum series_kind kind)
{
	memset(series, 0, sizeof(*series));
	series->kind = kind;
	series->width_ps = SERIES_FIRST_WIDTH_PS;
}

static void double_width(struct series *series)
{
	uint32_t pairs = series->used / 2;

	for (uint32_t i = 0; i < pairs; i++) {
		uint64_t a = series->value[2 * i], b = series->value[2 * i + 1];

		series->value[i] = series->kind == SERIES_SUM ? a + b : larger(a, b);
	}
	if (series->used % 2) {
		series->value[pairs] = series->value[series->used - 1];
		pairs++;
	}
	memset(&series->value[pairs], 0, (SERIES_BUCKETS - pairs) * sizeof(series->value[0]));
	series->used = pairs;
	series->width_ps *= 2;
}

static unsigned width_doublings(const struct series *series)
{
	return (unsigned)(__builtin_ctzll(series->width_ps) - __builtin_ctzll(SERIES_FIRST_WIDTH_PS));
}

void series_record(struct series *series, ps_t date, uint64_t value)
{
	while (date / SERIES_BUCKETS >= series->width_ps)
		double_width(series);

	/* The width is the first one times a power of two: no division by a variable. */
	uint32_t bucket = (uint32_t)((date / SERIES_FIRST_WIDTH_PS) >> width_doublings(series));

	while (series->used <= bucket) /* begin buckets: a level is carried on, events start from 0 */
		series->value[series->used++] = series->level;
	if (series->kind == SERIES_SUM) {
		series->value[bucket] += value;
		return;
	}
	/* A date in an earlier bucket: the level holds from there to the present. */
	for (uint32_t i = bucket; i < series->used; i++)
		series->value[i] = larger(series->value[i], value);
	series->level = value;
}

uint64_t series_value(const struct series *series, ps_t width_ps, uint32_t bucket)
{
	REQUIRE(width_ps % series->width_ps == 0);

	uint64_t buckets = width_ps / series->width_ps, value = 0;

	for (uint64_t i = bucket * buckets; i < (bucket + 1) * buckets && i < series->used; i++)
		value = series->kind == SERIES_SUM ? value + series->value[i] : larger(value, series->value[i]);
	return value;
}
