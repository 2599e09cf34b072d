/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/scheme_list.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/nearest.h"

#define AXES 5u

/* ---- the list ---- */

size_t scheme_list_find(const struct scenario *scenario, const char *name)
{
	size_t i = 0;

	while (i < scenario->scheme_count && strcmp(scenario->scheme[i].name, name) != 0)
		i++;
	return i;
}

bool scheme_list_add(struct scenario *scenario, const struct scheme *scheme, const char *where, struct err *err)
{
	if (scheme_list_find(scenario, scheme->name) < scenario->scheme_count)
		return err_set(err, ERR_USAGE, "%s: scheme '%s' is there already: names are unique", where,
			       scheme->name);
	if (scenario->scheme_count == SCENARIO_SCHEMES_MAX)
		return err_set(err, ERR_USAGE, "%s: too many schemes: at most %u", where, SCENARIO_SCHEMES_MAX);

	char *copy = strdup(where);

	REQUIRE(copy);
	scenario->scheme[scenario->scheme_count] = *scheme;
	scenario->scheme_where[scenario->scheme_count] = copy;
	scenario->scheme_count++;
	return true;
}

void scheme_list_clear(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->scheme_count; i++)
		free(scenario->scheme_where[i]);
	scenario->scheme_count = 0;
}

/* ---- words ---- */

void scheme_list_unknown(const struct scenario *scenario, const char *name, char *text, size_t size)
{
	struct nearest nearest;
	char suggestion[96];

	nearest_begin(&nearest, name);
	for (size_t i = 0; scenario && i < scenario->scheme_count; i++)
		nearest_offer(&nearest, scenario->scheme[i].name, scenario->scheme[i].name);
	for (size_t i = 0; i < scheme_preset_count; i++)
		nearest_offer(&nearest, scheme_presets[i].scheme.name, scheme_presets[i].scheme.name);
	nearest_suggestion(&nearest, suggestion, sizeof(suggestion));
	snprintf(text, size, "unknown scheme '%s'%s", name, suggestion);
}

bool scheme_list_set_axis(struct scheme *scheme, const char *axis, const char *value, struct err *err)
{
	const char *const *values = scheme_axis_values(axis);
	struct nearest nearest;
	char suggestion[96];

	if (scheme_set_axis(scheme, axis, value))
		return true;
	nearest_begin(&nearest, values ? value : axis);
	for (const char *const *candidate = values ? values : scheme_axes; *candidate; candidate++)
		nearest_offer(&nearest, *candidate, *candidate);
	nearest_suggestion(&nearest, suggestion, sizeof(suggestion));
	if (!values)
		return err_set(err, ERR_USAGE, "unknown axis '%s'%s", axis, suggestion);

	char choices[96] = "";

	for (size_t i = 0, length = 0; values[i]; i++)
		length += (size_t)snprintf(choices + length, sizeof(choices) - length, "%s%s",
					   i == 0          ? ""
					   : values[i + 1] ? ", "
							   : " or ",
					   values[i]);
	return err_set(err, ERR_USAGE, "%s = %s: must be %s%s", axis, value, choices, suggestion);
}

/* Names stand in --schemes A,B and --set schemes.NAME.AXIS=VALUE. */
static bool is_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isascii((unsigned char)*c) || !(isalnum((unsigned char)*c) || *c == '-' || *c == '_'))
			return false;
	return *name != '\0';
}

/* ---- the file ---- */

enum { FIELD_NAME, FIELD_BASE, FIELD_AXES, FIELDS = FIELD_AXES + AXES };

static bool read_name(struct document *document, const struct document_field *field, struct scheme *scheme,
		      struct err *err)
{
	if (!document_copy(document, field->value, "name", scheme->name, sizeof(scheme->name), err))
		return false;
	if (!is_name(scheme->name))
		return document_refuse(document, field->at, err, "name = %s: must be letters, digits, '-' and '_'",
				       scheme->name);
	if (scheme_find(scheme->name))
		return document_refuse(document, field->at, err,
				       "name = %s: is a preset's: take another for this mixture", scheme->name);
	return true;
}

static bool read_base(struct document *document, const struct document_field *field, struct scheme *scheme,
		      struct err *err)
{
	const char *base = document_scalar(document, field->value, "base", err);
	char text[160];

	if (!base)
		return false;

	const struct scheme_preset *preset = scheme_find(base);

	if (!preset) {
		scheme_list_unknown(NULL, base, text, sizeof(text));
		return document_refuse(document, field->at, err, "%s", text);
	}
	*scheme = preset->scheme;
	return true;
}

static bool read_axis(struct document *document, const struct document_field *field, struct scheme *scheme,
		      struct err *err)
{
	const char *value = document_scalar(document, field->value, field->name, err);
	struct err problem = { 0 };

	if (!value)
		return false;
	return scheme_list_set_axis(scheme, field->name, value, &problem) ||
	       document_refuse(document, field->at, err, "%s", problem.text);
}

static bool read_mixture(struct document *document, const yaml_node_t *node, struct scheme *scheme, struct err *err)
{
	struct document_field field[FIELDS] = {
		[FIELD_NAME] = { .name = "name", .required = true }, [FIELD_BASE] = { .name = "base" }
	};

	for (size_t i = 0; i < AXES; i++)
		field[FIELD_AXES + i].name = scheme_axes[i];
	if (!document_fields(document, node, "a scheme", field, FIELDS, err))
		return false;
	if (field[FIELD_BASE].at && !read_base(document, &field[FIELD_BASE], scheme, err))
		return false;
	for (size_t i = FIELD_AXES; i < FIELDS; i++) {
		if (!field[i].at && !field[FIELD_BASE].at)
			return document_refuse(document, node, err, "a scheme without a base lacks the key '%s'",
					       field[i].name);
		if (field[i].at && !read_axis(document, &field[i], scheme, err))
			return false;
	}
	return read_name(document, &field[FIELD_NAME], scheme, err);
}

static bool read_scheme(struct document *document, const yaml_node_t *node, struct scheme *scheme, struct err *err)
{
	char text[160];

	if (node->type == YAML_MAPPING_NODE)
		return read_mixture(document, node, scheme, err);

	const char *name = document_scalar(document, node, "a scheme", err);

	if (!name)
		return false;

	const struct scheme_preset *preset = scheme_find(name);

	if (!preset) {
		scheme_list_unknown(NULL, name, text, sizeof(text));
		return document_refuse(document, node, err, "%s", text);
	}
	*scheme = preset->scheme;
	return true;
}

bool scheme_list_read(struct scenario *scenario, struct document *document, yaml_node_t *list, struct err *err)
{
	struct document_item item;

	if (list->type != YAML_SEQUENCE_NODE)
		return document_refuse(document, list, err, "'schemes' must be a list");
	for (size_t next = 0; document_next(document, list, &next, &item);) {
		struct scheme scheme = { 0 };
		char place[DOCUMENT_PLACE];

		document_place(document, item.value, place);
		if (!read_scheme(document, item.value, &scheme, err) || !scheme_list_add(scenario, &scheme, place, err))
			return false;
	}
	return true;
}
