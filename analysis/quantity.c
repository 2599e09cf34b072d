/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/quantity.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t size;
};

static uint64_t rounded(u128_t dividend, u128_t divisor)
{
	return (uint64_t)((2 * dividend + divisor) / (2 * divisor));
}

/* Three significant digits of value in the largest unit that gives at least 1; whole smallest units. */
static void significant(char *text, u128_t value, const struct unit *unit, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && rounded(value, unit[i].size) >= unit[i + 1].size / unit[i].size)
		i++;

	uint64_t hundredths = rounded(100 * value, unit[i].size);
	uint64_t tenths = rounded(10 * value, unit[i].size);

	if (unit[i].size > 1 && hundredths < 1000)
		snprintf(text, QUANTITY_TEXT, "%" PRIu64 ".%02" PRIu64 " %s", hundredths / 100, hundredths % 100,
			 unit[i].name);
	else if (unit[i].size > 1 && tenths < 1000)
		snprintf(text, QUANTITY_TEXT, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, unit[i].name);
	else
		snprintf(text, QUANTITY_TEXT, "%" PRIu64 " %s", rounded(value, unit[i].size), unit[i].name);
}

void quantity_time(char *text, ps_t time)
{
	static const struct unit unit[] = {
		{ "ps", 1 }, { "ns", PS_PER_NS }, { "us", PS_PER_US }, { "ms", PS_PER_MS }, { "s ", PS_PER_S },
	};

	significant(text, time, unit, sizeof(unit) / sizeof(unit[0]));
}

void quantity_bytes(char *text, uint64_t bytes)
{
	static const struct unit unit[] = {
		{ "B", 1 },
		{ "KiB", UINT64_C(1) << 10 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "TiB", UINT64_C(1) << 40 },
	};

	significant(text, bytes, unit, sizeof(unit) / sizeof(unit[0]));
}

void quantity_rate(char *text, uint64_t bytes, ps_t time)
{
	static const struct unit unit[] = {
		{ "B/s", 1 },
		{ "kB/s", 1000 },
		{ "MB/s", 1000000 },
		{ "GB/s", 1000000000 },
		{ "TB/s", UINT64_C(1000000000000) },
	};

	if (time == 0)
		snprintf(text, QUANTITY_TEXT, "-");
	else
		significant(text, rounded((u128_t)bytes * PS_PER_S, time), unit, sizeof(unit) / sizeof(unit[0]));
}

void quantity_count(char *text, uint64_t count)
{
	char digits[QUANTITY_TEXT];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*text++ = ',';
		*text++ = digits[i];
	}
	*text = '\0';
}

void quantity_share(char *text, u128_t part, u128_t whole)
{
	if (part == 0 || whole == 0) {
		snprintf(text, QUANTITY_TEXT, "-");
		return;
	}
	uint64_t tenths = rounded(1000 * part, whole);

	if (tenths == 0)
		snprintf(text, QUANTITY_TEXT, "<0.1%%");
	else
		snprintf(text, QUANTITY_TEXT, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

void quantity_ratio(char *text, uint64_t numerator, uint64_t denominator)
{
	if (denominator == 0) {
		snprintf(text, QUANTITY_TEXT, "-");
		return;
	}
	uint64_t hundredths = rounded((u128_t)100 * numerator, denominator);

	snprintf(text, QUANTITY_TEXT, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

void quantity_digits(char *text, u128_t value)
{
	char reversed[QUANTITY_TEXT];
	unsigned length = 0;

	do {
		reversed[length++] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value > 0);
	while (length > 0)
		*text++ = reversed[--length];
	*text = '\0';
}
