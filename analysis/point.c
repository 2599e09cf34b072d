/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/point.h"

#include <stdio.h>
#include <string.h>

size_t point_sweeps(const struct shown *shown, size_t count, const char *name[POINT_SWEEPS_MAX])
{
	size_t names = 0;

	for (size_t i = 0; i < count; i++) {
		const struct result *result = shown[i].result;

		if (!result || (i > 0 && result == shown[i - 1].result))
			continue;
		for (size_t k = 0; k < result_sweep_count(result) && names < POINT_SWEEPS_MAX; k++) {
			const char *one = result_sweep(result, k).name;
			size_t j = 0;

			while (j < names && strcmp(name[j], one) != 0)
				j++;
			if (j == names)
				name[names++] = one;
		}
	}
	return names;
}

/* The place of a sweep in a result, or how many there are. */
static size_t place_of(const struct result *result, const char *name)
{
	size_t count = result ? result_sweep_count(result) : 0, i = 0;

	while (i < count && strcmp(result_sweep(result, i).name, name) != 0)
		i++;
	return i;
}

struct result_value point_value(const struct shown *shown, const char *name)
{
	size_t i = place_of(shown->result, name);

	if (!shown->result || i == result_sweep_count(shown->result))
		return (struct result_value){ .text = NULL };
	return result_point_value(shown->result, shown->scheme->point, i);
}

const char *point_unit(const struct shown *shown, const char *name)
{
	size_t i = place_of(shown->result, name);

	return shown->result && i < result_sweep_count(shown->result) ? result_sweep(shown->result, i).unit : NULL;
}

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

const char *point_short_name(const char *const *name, size_t count, size_t i)
{
	for (size_t j = 0; j < count; j++)
		if (j != i && strcmp(last_part(name[j]), last_part(name[i])) == 0)
			return name[i];
	return last_part(name[i]);
}

void point_text(const struct result *result, size_t point, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < result_sweep_count(result) && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s=%s", i > 0 ? " " : "",
					   result_sweep(result, i).name, result_point_value(result, point, i).text);
}

bool shown_have(const struct shown *shown, size_t count, enum result_op op)
{
	for (size_t i = 0; i < count; i++)
		if (shown[i].scheme->latency[op].count > 0)
			return true;
	return false;
}
