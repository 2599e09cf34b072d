/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line changes in a loaded scenario: --set, --trace and --schemes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/config.h"
#include "scenarios/matrix.h"
#include "scenarios/origin.h"
#include "scenarios/scheme_list.h"

#define WHERE_SET      "--set"
#define WHERE_SCHEMES  "--schemes"
#define SCHEMES_PREFIX "schemes."

/* Copies [begin, end) without the spaces around it; false when it is empty or does not fit. */
static bool copy_trimmed(const char *begin, const char *end, char *text, size_t size)
{
	while (begin < end && *begin == ' ')
		begin++;
	while (end > begin && end[-1] == ' ')
		end--;
	if (begin == end || (size_t)(end - begin) >= size)
		return false;
	memcpy(text, begin, (size_t)(end - begin));
	text[end - begin] = '\0';
	return true;
}

/* ---- --set ---- */

/* key: NAME.AXIS */
static bool set_axis(struct scenario *scenario, const char *key, const char *value, struct err *err)
{
	const char *dot = strchr(key, '.');
	char name[sizeof(scenario->scheme[0].name)], text[160];
	struct err problem = { 0 };

	if (!dot || !copy_trimmed(key, dot, name, sizeof(name)))
		return err_set(err, ERR_USAGE, WHERE_SET ": " SCHEMES_PREFIX "%s: must be " SCHEMES_PREFIX "NAME.AXIS",
			       key);

	size_t i = scheme_list_find(scenario, name);

	if (i == scenario->scheme_count) {
		scheme_list_unknown(scenario, name, text, sizeof(text));
		return err_set(err, ERR_USAGE, WHERE_SET ": %s", text);
	}
	if (!scheme_list_set_axis(&scenario->scheme[i], dot + 1, value, &problem))
		return err_set(err, ERR_USAGE, WHERE_SET ": %s", problem.text);
	free(scenario->scheme_where[i]);
	scenario->scheme_where[i] = strdup(WHERE_SET);
	REQUIRE(scenario->scheme_where[i]);
	return true;
}

static bool set_parameter(struct scenario *scenario, const char *name, const char *value, struct err *err)
{
	const struct parameter *parameter = parameter_find(name);
	struct err problem = { 0 };

	if (parameter_is_group(name))
		return err_set(err, ERR_USAGE, WHERE_SET ": '%s' is a group: must be %s.NAME=VALUE", name, name);
	if (!parameter) {
		char suggestion[96];

		parameter_suggest("", name, suggestion, sizeof(suggestion));
		return err_set(err, ERR_USAGE, WHERE_SET ": unknown parameter '%s'%s", name, suggestion);
	}
	if (!parameter_parse(parameter, value, &scenario->config, &problem))
		return err_set(err, ERR_USAGE, WHERE_SET ": %s", problem.text);
	origin_set(&scenario->origin[parameter - parameters], WHERE_SET, NULL);
	matrix_drop(scenario, name);
	return true;
}

bool scenario_set(struct scenario *scenario, const char *assignment, struct err *err)
{
	const char *equals = strchr(assignment, '=');
	size_t prefix = strlen(SCHEMES_PREFIX);
	char key[128], value[128];

	if (!equals || !copy_trimmed(assignment, equals, key, sizeof(key)) ||
	    !copy_trimmed(equals + 1, equals + strlen(equals), value, sizeof(value)))
		return err_set(err, ERR_USAGE, WHERE_SET " %.100s: must be KEY=VALUE", assignment);
	if (strncmp(key, SCHEMES_PREFIX, prefix) == 0)
		return set_axis(scenario, key + prefix, value, err);
	return set_parameter(scenario, key, value, err);
}

/* ---- --trace ---- */

bool scenario_set_trace(struct scenario *scenario, const char *path, struct err *err)
{
	struct scenario_trace trace = { .is_made = false };

	if ((size_t)snprintf(trace.path, sizeof(trace.path), "%s", path) >= sizeof(trace.path))
		return err_set(err, ERR_USAGE, "--trace %.100s...: path too long", path);
	matrix_drop_trace(scenario);
	scenario->trace = trace;
	return true;
}

/* ---- --schemes ---- */

static bool select_scheme(struct scenario *chosen, const struct scenario *from, const char *name, struct err *err)
{
	size_t i = scheme_list_find(from, name);
	const struct scheme_preset *preset = scheme_find(name);
	char text[160];

	if (i < from->scheme_count)
		return scheme_list_add(chosen, &from->scheme[i], from->scheme_where[i], err);
	if (preset)
		return scheme_list_add(chosen, &preset->scheme, WHERE_SCHEMES, err);
	scheme_list_unknown(from, name, text, sizeof(text));
	return err_set(err, ERR_USAGE, WHERE_SCHEMES ": %s", text);
}

bool scenario_select_schemes(struct scenario *scenario, const char *names, struct err *err)
{
	struct scenario *chosen = calloc(1, sizeof(*chosen));
	bool good = true;

	REQUIRE(chosen);
	for (const char *begin = names, *end; good; begin = end + 1) {
		char name[128];

		end = begin + strcspn(begin, ",");
		good = copy_trimmed(begin, end, name, sizeof(name))
			       ? select_scheme(chosen, scenario, name, err)
			       : err_set(err, ERR_USAGE, WHERE_SCHEMES " %.100s: must be NAME[,NAME]...", names);
		if (*end == '\0')
			break;
	}
	if (good) {
		scheme_list_clear(scenario);
		memcpy(scenario->scheme, chosen->scheme, sizeof(scenario->scheme));
		memcpy(scenario->scheme_where, chosen->scheme_where, sizeof(scenario->scheme_where));
		scenario->scheme_count = chosen->scheme_count;
		chosen->scheme_count = 0;
	}
	scheme_list_clear(chosen);
	free(chosen);
	return good;
}
