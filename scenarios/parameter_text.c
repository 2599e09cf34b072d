/* SPDX-License-Identifier: Apache-2.0 */
/* Values of parameters as text and back, by the parameter's type. */
#include <stdio.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/amount.h"
#include "scenarios/config.h"
#include "scenarios/nearest.h"

static const struct amount_unit *type_units(enum parameter_type type)
{
	switch (type) {
	case PARAMETER_BYTES:
		return amount_bytes;
	case PARAMETER_RATE:
		return amount_rate;
	case PARAMETER_PS:
		return amount_time;
	case PARAMETER_PPM:
		return amount_fraction;
	default:
		return amount_count;
	}
}

/* ---- the field ---- */

uint64_t parameter_value(const struct parameter *parameter, const struct config *config)
{
	const char *field = (const char *)config + parameter->offset;
	uint64_t wide;
	uint32_t narrow;

	switch (parameter->size) {
	case sizeof(wide):
		memcpy(&wide, field, sizeof(wide));
		return wide;
	case sizeof(narrow):
		memcpy(&narrow, field, sizeof(narrow));
		return narrow;
	default:
		REQUIRE(parameter->size == sizeof(bool));
		return *(const bool *)field;
	}
}

static void parameter_put(const struct parameter *parameter, struct config *config, uint64_t value)
{
	char *field = (char *)config + parameter->offset;
	uint32_t narrow = (uint32_t)value;

	REQUIRE(value >= parameter->min && value <= parameter->max);
	switch (parameter->size) {
	case sizeof(value):
		memcpy(field, &value, sizeof(value));
		break;
	case sizeof(narrow):
		REQUIRE(narrow == value);
		memcpy(field, &narrow, sizeof(narrow));
		break;
	default:
		REQUIRE(parameter->size == sizeof(bool));
		*(bool *)field = value;
		break;
	}
}

/* ---- text to value ---- */

static bool parse_switch(const char *text, uint64_t *value)
{
	*value = strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
	return *value || strcmp(text, "false") == 0 || strcmp(text, "off") == 0;
}

static bool parse_name(const char *const *names, const char *text, uint64_t *value)
{
	for (*value = 0; names[*value]; ++*value)
		if (strcmp(names[*value], text) == 0)
			return true;
	return false;
}

bool parameter_parse(const struct parameter *parameter, const char *text, struct config *config, struct err *err)
{
	char expectation[160], suggestion[96] = "";
	uint64_t value;
	bool known;

	if (parameter->type == PARAMETER_BOOL)
		known = parse_switch(text, &value);
	else if (parameter->type == PARAMETER_ENUM)
		known = parse_name(parameter->values, text, &value);
	else
		known = amount_parse(text, type_units(parameter->type), &value);
	if (known && value >= parameter->min && value <= parameter->max) {
		parameter_put(parameter, config, value);
		return true;
	}

	if (parameter->type == PARAMETER_ENUM) {
		struct nearest nearest;

		nearest_begin(&nearest, text);
		for (const char *const *name = parameter->values; *name; name++)
			nearest_offer(&nearest, *name, *name);
		nearest_suggestion(&nearest, suggestion, sizeof(suggestion));
	}
	parameter_expectation(parameter, expectation, sizeof(expectation));
	return err_set(err, ERR_USAGE, "%s = %s: must be %s%s", parameter->name, text, expectation, suggestion);
}

/* ---- value to text ---- */

void parameter_format_value(const struct parameter *parameter, uint64_t value, char *text, size_t size)
{
	const struct amount_unit *units = type_units(parameter->type);

	switch (parameter->type) {
	case PARAMETER_BOOL:
		snprintf(text, size, "%s", value ? "true" : "false");
		break;
	case PARAMETER_ENUM:
		snprintf(text, size, "%s", parameter->values[value]);
		break;
	case PARAMETER_PS:
		amount_format(value, amount_unit(units, parameter->unit), text, size);
		break;
	case PARAMETER_BYTES:
	case PARAMETER_RATE:
		amount_format(value, amount_whole_unit(value, units), text, size);
		break;
	default:
		amount_format(value, units, text, size);
		break;
	}
}

void parameter_format(const struct parameter *parameter, const struct config *config, char *text, size_t size)
{
	parameter_format_value(parameter, parameter_value(parameter, config), text, size);
}

/* "a, b or c" */
static void join(const char *const *names, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; names[i] && length < size; i++) {
		const char *before = i == 0 ? "" : names[i + 1] ? ", " : " or ";

		length += (size_t)snprintf(text + length, size - length, "%s%s", before, names[i]);
	}
}

void parameter_expectation(const struct parameter *parameter, char *text, size_t size)
{
	char least[64], most[64];

	if (parameter->type == PARAMETER_ENUM) {
		join(parameter->values, text, size);
		return;
	}
	parameter_format_value(parameter, parameter->min, least, sizeof(least));
	parameter_format_value(parameter, parameter->max, most, sizeof(most));
	switch (parameter->type) {
	case PARAMETER_BOOL:
		snprintf(text, size, "true or false (on, off)");
		break;
	case PARAMETER_BYTES:
		snprintf(text, size, "a whole number of bytes from %s to %s (B, KiB, MiB, GiB, TiB)", least, most);
		break;
	case PARAMETER_RATE:
		snprintf(text, size, "a rate from %s to %s (B/s, KB/s, MB/s, GB/s)", least, most);
		break;
	case PARAMETER_PS:
		snprintf(text, size, "a time from %s to %s, a whole number of ps (ps, ns, us, ms, s)", least, most);
		break;
	case PARAMETER_PPM:
		snprintf(text, size, "a number from %s to %s with at most 6 decimals", least, most);
		break;
	default:
		if (parameter->max == UINT64_MAX)
			snprintf(text, size, "a whole number below 2^64");
		else
			snprintf(text, size, "a whole number from %s to %s", least, most);
		break;
	}
}
