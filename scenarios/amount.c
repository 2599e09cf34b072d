/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/amount.h"

#include <stdio.h>
#include <string.h>

#include "models/base/require.h"
#include "models/base/units.h"

const struct amount_unit amount_count[] = { { "", 1 }, { NULL, 0 } };
const struct amount_unit amount_fraction[] = { { "", 1000000 }, { NULL, 0 } };
const struct amount_unit amount_bytes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "TiB", UINT64_C(1) << 40 },
	{ NULL, 0 },
};
const struct amount_unit amount_rate[] = {
	{ "", 1 }, { "B/s", 1 }, { "KB/s", 1000 }, { "MB/s", 1000000 }, { "GB/s", 1000000000 }, { NULL, 0 },
};
const struct amount_unit amount_time[] = {
	{ "ps", 1 }, { "ns", PS_PER_NS }, { "us", PS_PER_US }, { "ms", PS_PER_MS }, { "s", PS_PER_S }, { NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool append_digit(uint64_t *number, char digit)
{
	return !__builtin_mul_overflow(*number, UINT64_C(10), number) &&
	       !__builtin_add_overflow(*number, (uint64_t)(digit - '0'), number);
}

/* digits[.digits] as digits without the point and how many stood after it; trailing zeros there do not count. */
static bool parse_digits(const char **text, uint64_t *digits, unsigned *decimals)
{
	const char *c = *text;

	*digits = 0;
	*decimals = 0;
	if (!is_digit(*c))
		return false;
	for (; is_digit(*c); c++)
		if (!append_digit(digits, *c))
			return false;
	if (*c == '.') {
		const char *begin = ++c, *end;

		while (is_digit(*c))
			c++;
		if (c == begin)
			return false;
		for (end = c; end > begin && end[-1] == '0'; end--)
			;
		for (const char *d = begin; d < end; d++)
			if (!append_digit(digits, *d))
				return false;
		*decimals = (unsigned)(end - begin);
	}
	*text = c;
	return true;
}

/* digits * factor / 10^decimals, when that is a whole number that fits. */
static bool scale(uint64_t digits, uint64_t factor, unsigned decimals, uint64_t *value)
{
	for (unsigned i = 0; i < decimals; i++) {
		uint64_t divisor = 10;

		if (factor % 2 == 0) {
			factor /= 2;
			divisor /= 2;
		}
		if (factor % 5 == 0) {
			factor /= 5;
			divisor /= 5;
		}
		if (digits % divisor != 0)
			return false;
		digits /= divisor;
	}
	return !__builtin_mul_overflow(digits, factor, value);
}

bool amount_parse(const char *text, const struct amount_unit *units, uint64_t *value)
{
	uint64_t digits;
	unsigned decimals;

	if (!parse_digits(&text, &digits, &decimals))
		return false;
	while (*text == ' ')
		text++;
	if (digits == 0 && *text == '\0') {
		*value = 0;
		return true;
	}
	for (const struct amount_unit *unit = units; unit->name; unit++)
		if (strcmp(unit->name, text) == 0)
			return scale(digits, unit->factor, decimals, value);
	return false;
}

void amount_format(uint64_t value, const struct amount_unit *unit, char *text, size_t size)
{
	char decimals[64] = "";
	size_t length = 0;

	for (uint64_t rest = value % unit->factor; rest > 0 && length < sizeof(decimals) - 1; rest %= unit->factor) {
		rest *= 10; /* factors are at most 10^12 */
		decimals[length++] = (char)('0' + rest / unit->factor);
	}
	decimals[length] = '\0';
	snprintf(text, size, "%llu%s%s%s%s", (unsigned long long)(value / unit->factor), length > 0 ? "." : "",
		 decimals, unit->name[0] ? " " : "", unit->name);
}

const struct amount_unit *amount_whole_unit(uint64_t value, const struct amount_unit *units)
{
	const struct amount_unit *best = units;

	for (const struct amount_unit *unit = units; unit->name; unit++)
		if (unit->factor == 1 || (value > 0 && value % unit->factor == 0))
			best = unit;
	return best;
}

const struct amount_unit *amount_unit(const struct amount_unit *units, const char *name)
{
	while (units->name && strcmp(units->name, name) != 0)
		units++;
	REQUIRE(units->name);
	return units;
}
