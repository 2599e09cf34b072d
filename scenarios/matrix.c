/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "scenarios/origin.h"
#include "scenarios/trace_source.h"

#define TRACE        "trace"
#define TRACE_PREFIX "trace."

static bool is_trace(const struct sweep *sweep)
{
	return strcmp(sweep->name, TRACE) == 0;
}

static bool is_variable(const struct sweep *sweep)
{
	return strncmp(sweep->name, TRACE_PREFIX, strlen(TRACE_PREFIX)) == 0;
}

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	REQUIRE(copy);
	return copy;
}

/* ---- the points ---- */

size_t scenario_point_count(const struct scenario *scenario)
{
	size_t count = 1;

	for (size_t i = 0; i < scenario->sweep_count; i++)
		count *= scenario->sweep[i].value_count;
	return count;
}

const struct sweep_value *scenario_sweep_value(const struct scenario *scenario, size_t point, size_t sweep)
{
	for (size_t i = scenario->sweep_count - 1; i > sweep; i--)
		point /= scenario->sweep[i].value_count;
	return &scenario->sweep[sweep].value[point % scenario->sweep[sweep].value_count];
}

void scenario_go_to(struct scenario *scenario, size_t point)
{
	scenario->point = point;
	for (size_t i = 0; i < scenario->sweep_count; i++) {
		const struct sweep *sweep = &scenario->sweep[i];
		const struct sweep_value *value = scenario_sweep_value(scenario, point, i);
		struct err err = { 0 };

		if (sweep->parameter) {
			REQUIRE(parameter_parse(sweep->parameter, value->text, &scenario->config, &err));
			origin_set(&scenario->origin[sweep->parameter - parameters], value->where, NULL);
		} else if (value->trace) {
			scenario->trace = *value->trace;
		}
	}
}

void scenario_point_text(const struct scenario *scenario, size_t point, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < scenario->sweep_count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s=%s", i > 0 ? " " : "",
					   scenario->sweep[i].name, scenario_sweep_value(scenario, point, i)->text);
}

/* ---- memory ---- */

static void sweep_fini(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->value_count; i++) {
		free(sweep->value[i].text);
		free(sweep->value[i].where);
		free(sweep->value[i].trace);
	}
	free(sweep->value);
}

void matrix_clear(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->sweep_count; i++)
		sweep_fini(&scenario->sweep[i]);
	free(scenario->sweep);
	scenario->sweep = NULL;
	scenario->sweep_count = 0;
}

static void drop_if(struct scenario *scenario, bool (*unwanted)(const struct sweep *sweep, const char *name),
		    const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < scenario->sweep_count; i++) {
		if (unwanted(&scenario->sweep[i], name))
			sweep_fini(&scenario->sweep[i]);
		else
			scenario->sweep[kept++] = scenario->sweep[i];
	}
	scenario->sweep_count = kept;
	scenario->point = 0;
}

static bool is_named(const struct sweep *sweep, const char *name)
{
	return strcmp(sweep->name, name) == 0;
}

static bool is_of_the_trace(const struct sweep *sweep, const char *name)
{
	(void)name;
	return is_trace(sweep) || is_variable(sweep);
}

void matrix_drop(struct scenario *scenario, const char *name)
{
	drop_if(scenario, is_named, name);
}

void matrix_drop_trace(struct scenario *scenario)
{
	drop_if(scenario, is_of_the_trace, NULL);
}

/* ---- the file ---- */

struct reader {
	struct scenario *scenario;
	struct document *document;
};

/* A value of a parameter in the form that parameter_format has. */
static bool read_parameter(struct reader *reader, const struct sweep *sweep, const yaml_node_t *node,
			   struct sweep_value *value, struct err *err)
{
	const char *text = document_scalar(reader->document, node, sweep->name, err);
	struct config *config = &reader->scenario->config;
	struct err problem = { 0 };
	char canonical[64];

	if (!text)
		return false;
	if (!parameter_parse(sweep->parameter, text, config, &problem))
		return document_refuse(reader->document, node, err, "%s", problem.text);
	parameter_format(sweep->parameter, config, canonical, sizeof(canonical));
	value->text = copy_of(canonical);
	return true;
}

/* A path, or {synth: PATH}: both are called by the path as it is written. */
static bool read_trace(struct reader *reader, yaml_node_t *node, struct sweep_value *value, struct err *err)
{
	struct scenario_trace trace;
	struct document_item item;
	size_t next = 0;

	if (!trace_source_read(reader->document, node, &trace, err))
		return false;
	if (trace.node)
		return document_refuse(reader->document, node, err,
				       "a specification in a matrix must be a file of its own, or sweep its variables: "
				       "matrix: {trace.NAME: [...]}");
	if (trace.is_made)
		document_next(reader->document, node, &next, &item);
	else
		item.value = node;
	value->text = copy_of((const char *)item.value->data.scalar.value);
	value->trace = heap_zeroed(1, sizeof(trace));
	*value->trace = trace;
	return true;
}

static bool read_value(struct reader *reader, const struct sweep *sweep, yaml_node_t *node, struct sweep_value *value,
		       struct err *err)
{
	if (sweep->parameter)
		return read_parameter(reader, sweep, node, value, err);
	if (is_trace(sweep))
		return read_trace(reader, node, value, err);

	const char *text = document_scalar(reader->document, node, sweep->name, err);

	if (text)
		value->text = copy_of(text);
	return text != NULL;
}

static bool read_values(struct reader *reader, struct sweep *sweep, yaml_node_t *list, struct err *err)
{
	struct document_item item;
	char place[DOCUMENT_PLACE];

	if (list->type != YAML_SEQUENCE_NODE)
		return document_refuse(reader->document, list, err, "%s: must be a list of values: [A, B]",
				       sweep->name);
	for (size_t next = 0; document_next(reader->document, list, &next, &item);) {
		sweep->value = heap_resized(sweep->value, sweep->value_count + 1, sizeof(*sweep->value));
		struct sweep_value *value = &sweep->value[sweep->value_count++];

		*value = (struct sweep_value){ .text = NULL };
		if (!read_value(reader, sweep, item.value, value, err))
			return false;
		for (size_t i = 0; i + 1 < sweep->value_count; i++)
			if (strcmp(sweep->value[i].text, value->text) == 0)
				return document_refuse(reader->document, item.value, err, "%s = %s is listed twice",
						       sweep->name, value->text);
		document_place(reader->document, item.value, place);
		value->where = copy_of(place);
	}
	return sweep->value_count > 0 || document_refuse(reader->document, list, err,
							 "%s: no values: the matrix would have no points", sweep->name);
}

static bool add(struct reader *reader, const char *name, const struct parameter *parameter, const yaml_node_t *key,
		yaml_node_t *list, struct err *err)
{
	struct scenario *scenario = reader->scenario;

	if (scenario->sweep_count == SCENARIO_SWEEPS_MAX)
		return document_refuse(reader->document, key, err, "too many keys: at most %u are swept",
				       SCENARIO_SWEEPS_MAX);
	scenario->sweep = heap_resized(scenario->sweep, scenario->sweep_count + 1, sizeof(*scenario->sweep));
	struct sweep *sweep = &scenario->sweep[scenario->sweep_count++];

	*sweep = (struct sweep){ .parameter = parameter };
	if ((size_t)snprintf(sweep->name, sizeof(sweep->name), "%s", name) >= sizeof(sweep->name))
		return document_refuse(reader->document, key, err, "the key is too long");
	if (!read_values(reader, sweep, list, err))
		return false;

	size_t points = scenario_point_count(scenario);

	return points <= SCENARIO_POINTS_MAX ||
	       document_refuse(reader->document, key, err, "the matrix has %zu points with this key: at most %u",
			       points, SCENARIO_POINTS_MAX);
}

static bool add_parameter(void *argument, const struct setting *setting, struct err *err)
{
	return add(argument, setting->parameter->name, setting->parameter, setting->key, setting->value, err);
}

/* Variables are a specification's: every trace must have one. */
static bool check_variables(struct reader *reader, const yaml_node_t *matrix, struct err *err)
{
	const struct scenario *scenario = reader->scenario;
	bool all_made = scenario->trace.is_made;
	const char *variable = NULL;

	for (size_t i = 0; i < scenario->sweep_count; i++) {
		const struct sweep *sweep = &scenario->sweep[i];

		if (is_variable(sweep))
			variable = sweep->name;
		for (size_t k = 0; is_trace(sweep) && k < sweep->value_count; k++)
			all_made = (k == 0 || all_made) && sweep->value[k].trace->is_made;
	}
	return !variable || all_made ||
	       document_refuse(reader->document, matrix, err,
			       "%s sweeps a variable of a specification, but a recording is replayed: write trace: "
			       "{synth: SPEC.yaml}",
			       variable);
}

bool matrix_read(struct scenario *scenario, struct settings *settings, const yaml_node_t *matrix, struct err *err)
{
	struct reader reader = { .scenario = scenario, .document = settings->document };
	struct document_item item;
	bool good = true;

	if (!document_is_mapping(reader.document, matrix, "'matrix'", err))
		return false;
	struct settings swept = *settings; /* they are added as sweeps, not set */

	swept.set = add_parameter;
	swept.argument = &reader;
	for (size_t next = 0; good && document_next(reader.document, matrix, &next, &item);) {
		if (strcmp(item.name, TRACE) == 0 || strncmp(item.name, TRACE_PREFIX, strlen(TRACE_PREFIX)) == 0)
			good = add(&reader, item.name, NULL, item.key, item.value, err);
		else
			good = settings_read_item(&swept, &item, "", err);
	}
	if (good && scenario->sweep_count == 0)
		return document_refuse(reader.document, matrix, err, "'matrix' sweeps nothing: it has no points");
	return good && check_variables(&reader, matrix, err);
}
