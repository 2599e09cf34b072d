/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/input.h"

#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "scenarios/amount.h"

/* ---- parameters ---- */

/* "1, 4, 16"; of a long list its ends, and how many there are. */
static void list_values(const struct sweep *sweep, char *text, size_t size)
{
	size_t length = 0, last = sweep->value_count - 1;

	for (size_t i = 0; i <= last && length < size; i++)
		length +=
			(size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? ", " : "", sweep->value[i].text);
	if (length >= size)
		snprintf(text, size, "%s, ... %s (%zu values)", sweep->value[0].text, sweep->value[last].text,
			 sweep->value_count);
}

static const struct sweep *sweep_of(const struct scenario *scenario, const struct parameter *parameter)
{
	for (size_t i = 0; i < scenario->sweep_count; i++)
		if (scenario->sweep[i].parameter == parameter)
			return &scenario->sweep[i];
	return NULL;
}

static const char *parameter_at(void *argument, size_t i, const char **value, const char **unit, const char **source)
{
	struct input *input = argument;

	if (i >= parameter_count)
		return NULL;
	const struct sweep *sweep = sweep_of(input->scenario, &parameters[i]);

	if (sweep)
		list_values(sweep, input->value, sizeof(input->value));
	else
		parameter_format(&parameters[i], &input->scenario->config, input->value, sizeof(input->value));
	*value = input->value;
	*unit = parameters[i].unit;
	*source = sweep ? "swept by the matrix" : scenario_parameter_source(input->scenario, &parameters[i]);
	return parameters[i].name;
}

/* ---- the matrix ---- */

static const char *parameter_unit(const struct parameter *parameter)
{
	switch (parameter->type) {
	case PARAMETER_BYTES:
		return "bytes";
	case PARAMETER_RATE:
		return "bytes/s";
	case PARAMETER_PS:
		return "ps";
	case PARAMETER_PPM:
		return "ppm";
	case PARAMETER_BOOL:
	case PARAMETER_ENUM:
		return "text";
	default:
		return parameter->unit;
	}
}

static bool all_parse(const struct sweep *sweep, const struct amount_unit *units)
{
	uint64_t number;

	for (size_t i = 0; i < sweep->value_count; i++)
		if (!amount_parse(sweep->value[i].text, units, &number))
			return false;
	return true;
}

/* The family of units in which a variable's values are numbers; NULL: they are none. */
static const struct amount_unit *variable_units(const struct sweep *sweep, const char **unit)
{
	const struct {
		const struct amount_unit *units;
		const char *name;
	} family[] = { { amount_count, "" }, { amount_bytes, "bytes" }, { amount_time, "ps" } };

	for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
		*unit = family[i].name;
		if (all_parse(sweep, family[i].units))
			return family[i].units;
	}
	*unit = "text";
	return NULL;
}

static uint64_t number_of(const struct sweep *sweep, const struct sweep_value *value)
{
	uint64_t number = (uint64_t)(value - sweep->value);
	struct err err = { 0 };
	struct config config;
	const char *unit;

	if (!sweep->parameter) {
		const struct amount_unit *units = variable_units(sweep, &unit);

		if (units)
			REQUIRE(amount_parse(value->text, units, &number));
	} else if (strcmp(parameter_unit(sweep->parameter), "text") != 0) {
		REQUIRE(parameter_parse(sweep->parameter, value->text, &config, &err));
		number = parameter_value(sweep->parameter, &config);
	}
	return number;
}

static void fill_matrix(struct input *input)
{
	const struct scenario *scenario = input->scenario;
	size_t sweeps = scenario->sweep_count, points = scenario_point_count(scenario);

	input->sweep = heap_zeroed(sweeps, sizeof(*input->sweep));
	input->values = heap_zeroed(points * sweeps, sizeof(*input->values));
	for (size_t i = 0; i < sweeps; i++) {
		const struct sweep *sweep = &scenario->sweep[i];

		input->sweep[i].name = sweep->name;
		if (sweep->parameter)
			input->sweep[i].unit = parameter_unit(sweep->parameter);
		else
			variable_units(sweep, &input->sweep[i].unit);
		for (size_t point = 0; point < points; point++) {
			const struct sweep_value *value = scenario_sweep_value(scenario, point, i);

			input->values[point * sweeps + i] =
				(struct result_value){ .text = value->text, .number = number_of(sweep, value) };
		}
	}
	input->result.sweep = input->sweep;
	input->result.sweeps = sweeps;
	input->result.value = input->values;
	input->result.points = points;
}

/* ---- the whole ---- */

/* Without its folder: the same input gives the same bytes wherever it lies. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void input_of_scenario(struct input *input, const struct scenario *scenario, const struct point_traces *traces)
{
	*input = (struct input){ .scenario = scenario };
	input->result = (struct result_input){
		.version = IOMMUSIM_VERSION,
		.title = scenario->title,
		.scenario_path = file_name(scenario->path),
		.scenario_text = scenario->text,
		.profile_name = scenario->profile,
		.profile_text = scenario->profile_text,
		.trace_path = traces->name,
		.trace_text = traces->text,
		.trace_crc64 = traces->crc64,
		.seed = scenario->config.seed,
		.parameter = parameter_at,
		.parameter_argument = input,
	};
	fill_matrix(input);
}

void input_fini(struct input *input)
{
	free(input->sweep);
	free(input->values);
}
