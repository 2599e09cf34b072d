/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a scenario: defaults of the table, then the profile, then included
 * files in order, then the file's own parameters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/config.h"
#include "scenarios/document.h"
#include "scenarios/matrix.h"
#include "scenarios/origin.h"
#include "scenarios/profile.h"
#include "scenarios/scheme_list.h"
#include "scenarios/settings.h"
#include "scenarios/trace_source.h"

#define INCLUDE_DEPTH_MAX 8u

/* ---- parameters ---- */

static bool set_parameter(void *argument, const struct setting *setting, struct err *err)
{
	struct scenario *scenario = argument;
	const char *text = document_scalar(setting->document, setting->value, setting->parameter->name, err);
	char place[DOCUMENT_PLACE];
	struct err problem = { 0 };

	if (!text)
		return false;
	if (!parameter_parse(setting->parameter, text, &scenario->config, &problem))
		return document_refuse(setting->document, setting->key, err, "%s", problem.text);
	document_place(setting->document, setting->key, place);
	origin_set(&scenario->origin[setting->parameter - parameters], place, NULL);
	return true;
}

/* What a file sets; any may be absent. */
struct set_by_file {
	const struct document_field *parameters, *seed, *matrix;
};

static bool read_settings(struct scenario *scenario, struct document *document, struct set_by_file by, struct err *err)
{
	struct settings settings;
	bool good = true;

	settings_init(&settings, document, set_parameter, scenario);
	if (by.parameters->at)
		good = settings_read(&settings, by.parameters->value, "", err);
	if (good && by.seed && by.seed->at)
		good = settings_take(&settings, parameter_find("seed"), by.seed->at, by.seed->value, err);
	if (good && by.matrix && by.matrix->at)
		good = matrix_read(scenario, &settings, by.matrix->value, err);
	settings_fini(&settings);
	return good;
}

/* ---- included files ---- */

/* The files being read, innermost first: a file that includes itself is found. */
struct includer {
	const struct includer *outer;
	struct document *document;
};

static bool read_includes(struct scenario *scenario, const struct includer *from, yaml_node_t *node, struct err *err);

static bool read_included(struct scenario *scenario, const struct includer *from, const yaml_node_t *node,
			  struct err *err)
{
	struct document_field field[] = { { .name = "include" }, { .name = "parameters" } };
	struct document document;
	struct includer includer = { .outer = from, .document = &document };
	struct err problem = { 0 };
	char path[512];
	unsigned depth = 0;

	if (!document_path(from->document, node, "'include'", path, err))
		return false;
	for (const struct includer *outer = from; outer; outer = outer->outer) {
		if (strcmp(outer->document->path, path) == 0)
			return document_refuse(from->document, node, err, "'%s' includes itself", path);
		if (++depth > INCLUDE_DEPTH_MAX)
			return document_refuse(from->document, node, err, "includes nest deeper than %u",
					       INCLUDE_DEPTH_MAX);
	}
	if (!document_read(&document, path, &problem)) {
		if (problem.kind == ERR_FILE)
			return document_refuse(from->document, node, err, "include: %s", problem.text);
		*err = problem;
		return false;
	}

	bool good = document_fields(&document, document_root(&document), "an included file", field, 2, err) &&
		    (!field[0].at || read_includes(scenario, &includer, field[0].value, err)) &&
		    read_settings(scenario, &document, (struct set_by_file){ .parameters = &field[1] }, err);

	document_fini(&document);
	return good;
}

/* One path or a list of paths. */
static bool read_includes(struct scenario *scenario, const struct includer *from, yaml_node_t *node, struct err *err)
{
	struct document_item item;

	if (node->type != YAML_SEQUENCE_NODE)
		return read_included(scenario, from, node, err);
	for (size_t next = 0; document_next(from->document, node, &next, &item);)
		if (!read_included(scenario, from, item.value, err))
			return false;
	return true;
}

/* ---- the scenario ---- */

static bool read_profile(struct scenario *scenario, struct document *document, const struct document_field *field,
			 struct err *err)
{
	const char *name = document_scalar(document, field->value, "'profile'", err);
	char folder[512], path[PROFILE_PATH], suggestion[96];
	struct profile profile;

	if (!name)
		return false;
	document_folder(document, folder);
	if (!profile_find(name, folder, path, suggestion))
		return document_refuse(document, field->at, err, "no profile '%s'%s", name, suggestion);
	if (!profile_load(path, &profile, &scenario->config, scenario->origin, err))
		return false;
	memcpy(scenario->profile, profile.name, sizeof(scenario->profile));
	scenario->profile_text = profile.text;
	profile.text = NULL;
	profile_fini(&profile);
	return true;
}

enum {
	FIELD_TITLE,
	FIELD_TRACE,
	FIELD_PROFILE,
	FIELD_SCHEMES,
	FIELD_INCLUDE,
	FIELD_PARAMETERS,
	FIELD_SEED,
	FIELD_MATRIX,
	FIELDS
};

static bool read_scenario(struct scenario *scenario, struct document *document, struct err *err)
{
	struct document_field field[FIELDS] = {
		[FIELD_TITLE] = { .name = "title", .required = true },
		[FIELD_TRACE] = { .name = "trace", .required = true },
		[FIELD_PROFILE] = { .name = "profile", .required = true },
		[FIELD_SCHEMES] = { .name = "schemes", .required = true },
		[FIELD_INCLUDE] = { .name = "include" },
		[FIELD_PARAMETERS] = { .name = "parameters" },
		[FIELD_SEED] = { .name = "seed" },
		[FIELD_MATRIX] = { .name = "matrix" },
	};
	struct includer self = { .document = document };
	struct set_by_file own = { .parameters = &field[FIELD_PARAMETERS],
				   .seed = &field[FIELD_SEED],
				   .matrix = &field[FIELD_MATRIX] };

	return document_fields(document, document_root(document), "a scenario", field, FIELDS, err) &&
	       document_copy(document, field[FIELD_TITLE].value, "'title'", scenario->title, sizeof(scenario->title),
			     err) &&
	       trace_source_read(document, field[FIELD_TRACE].value, &scenario->trace, err) &&
	       read_profile(scenario, document, &field[FIELD_PROFILE], err) &&
	       (!field[FIELD_INCLUDE].at || read_includes(scenario, &self, field[FIELD_INCLUDE].value, err)) &&
	       read_settings(scenario, document, own, err) &&
	       scheme_list_read(scenario, document, field[FIELD_SCHEMES].value, err) && scenario_check(scenario, err);
}

bool scenario_load(const char *path, struct scenario *scenario, struct err *err)
{
	struct document document;

	memset(scenario, 0, sizeof(*scenario));
	if (!document_read(&document, path, err))
		return false;
	memcpy(scenario->path, document.path, sizeof(scenario->path));
	config_default(&scenario->config);
	scenario->origin = origin_create();

	bool good = read_scenario(scenario, &document, err);

	if (good) {
		scenario->text = document.text;
		document.text = NULL;
	} else {
		scenario_fini(scenario);
	}
	document_fini(&document);
	return good;
}

void scenario_fini(struct scenario *scenario)
{
	scheme_list_clear(scenario);
	matrix_clear(scenario);
	origin_destroy(scenario->origin);
	free(scenario->text);
	free(scenario->profile_text);
	memset(scenario, 0, sizeof(*scenario));
}
