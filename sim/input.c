/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/input.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>

static bool file_crc64(const char *path, uint64_t *crc, struct err *err)
{
	uint8_t bytes[65536];
	size_t count;
	FILE *in = fopen(path, "rb");

	if (!in)
		return err_set(err, ERR_FILE, "%s: cannot read: %s", path, strerror(errno));
	*crc = 0;
	while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
		*crc = lzma_crc64(bytes, count, *crc);
	bool read = !ferror(in);

	fclose(in);
	return read || err_set(err, ERR_FILE, "%s: cannot read", path);
}

static const char *parameter_at(void *argument, size_t i, const char **value, const char **unit, const char **source)
{
	struct input *input = argument;

	if (i >= parameter_count)
		return NULL;
	parameter_format(&parameters[i], &input->scenario->config, input->value, sizeof(input->value));
	*value = input->value;
	*unit = parameters[i].unit;
	*source = scenario_parameter_source(input->scenario, &parameters[i]);
	return parameters[i].name;
}

/* Without its folder: the same input gives the same bytes wherever it lies. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool input_of_scenario(struct input *input, const struct scenario *scenario, struct err *err)
{
	*input = (struct input){ .scenario = scenario };
	input->result = (struct result_input){
		.version = IOMMUSIM_VERSION,
		.title = scenario->title,
		.scenario_path = file_name(scenario->path),
		.scenario_text = scenario->text,
		.profile_name = scenario->profile,
		.profile_text = scenario->profile_text,
		.trace_path = file_name(scenario->trace_path),
		.seed = scenario->config.seed,
		.parameter = parameter_at,
		.parameter_argument = input,
	};
	return file_crc64(scenario->trace_path, &input->result.trace_crc64, err);
}
