/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a result file (docs/result-format.md). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/hdf5_content.h"
#include "analysis/result_layout.h"
#include "analysis/result_matrix.h"
#include "analysis/result_scheme.h"

enum text {
	TEXT_VERSION,
	TEXT_TITLE,
	TEXT_SCENARIO_PATH,
	TEXT_SCENARIO_TEXT,
	TEXT_PROFILE_NAME,
	TEXT_PROFILE_TEXT,
	TEXT_TRACE_PATH,
	TEXT_TRACE_TEXT,
	TEXT_TRACE_CRC64,
	TEXT_SEED,
	TEXTS
};

static const struct {
	const char *name;
	enum { IN_ATTRIBUTE, IN_DATASET, AS_DECIMAL, AS_HEX } kind;
} texts[TEXTS] = {
	[TEXT_VERSION] = { "version", IN_ATTRIBUTE },
	[TEXT_TITLE] = { "title", IN_ATTRIBUTE },
	[TEXT_SCENARIO_PATH] = { "scenario_path", IN_ATTRIBUTE },
	[TEXT_SCENARIO_TEXT] = { "scenario_text", IN_DATASET },
	[TEXT_PROFILE_NAME] = { "profile_name", IN_ATTRIBUTE },
	[TEXT_PROFILE_TEXT] = { "profile_text", IN_DATASET },
	[TEXT_TRACE_PATH] = { "trace_path", IN_ATTRIBUTE },
	[TEXT_TRACE_TEXT] = { "trace_text", IN_DATASET },
	[TEXT_TRACE_CRC64] = { "trace_crc64", AS_HEX },
	[TEXT_SEED] = { "seed", AS_DECIMAL },
};

struct result {
	char *path;
	char *text[TEXTS]; /* NULL in a part file */
	char *parameter;   /* [parameter_count][RESULT_PARAMETER_COLUMNS], cells of parameter_width bytes */
	size_t parameter_count, parameter_width;
	struct result_scheme **scheme; /* [scheme_count]; each apart: much of it is zeros and never touched */
	size_t scheme_count;
	struct result_matrix matrix; /* all zeros: none */
};

/* ---- the schemes ---- */

/* Only a part, which has no input, may be of a point without saying which points there are. */
static bool read_run(hid_t schemes, const char *name, struct result *result, struct err *err)
{
	struct result_scheme *scheme = calloc(1, sizeof(*scheme));

	if (!scheme)
		return err_set(err, ERR_FILE, "%s: out of memory", result->path);
	result->scheme[result->scheme_count++] = scheme;

	hid_t group = content_group_open(schemes, name, err);
	bool ok = group >= 0 && result_scheme_read(group, scheme, err);

	if (ok && result->text[TEXT_VERSION] && scheme->point >= result_point_count(result))
		ok = content_error(schemes, name, err, "there is no such point");
	H5Gclose(group);
	return ok;
}

static bool read_schemes(hid_t file, struct result *result, struct err *err)
{
	hid_t schemes = content_group_open(file, "schemes", err);
	H5G_info_t info;
	bool ok = schemes >= 0;

	if (ok && H5Gget_info(schemes, &info) < 0)
		ok = content_error(file, "schemes", err, "cannot be read (damaged?)");
	if (ok) {
		result->scheme = calloc(info.nlinks + 1, sizeof(*result->scheme));
		ok = result->scheme != NULL;
		if (!ok)
			err_set(err, ERR_FILE, "%s: out of memory", result->path);
	}
	for (hsize_t i = 0; ok && i < info.nlinks; i++) {
		char name[64];

		if (H5Lget_name_by_idx(schemes, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name, sizeof(name),
				       H5P_DEFAULT) < 0)
			ok = content_error(file, "schemes", err, "the order of the schemes cannot be read");
		else
			ok = read_run(schemes, name, result, err);
	}
	H5Gclose(schemes);
	return ok;
}

/* ---- the input ---- */

static char *read_number_text(hid_t input, const char *name, const char *format, struct err *err)
{
	uint64_t value;
	char text[24];

	if (!content_number_get(input, name, &value, err))
		return NULL;
	snprintf(text, sizeof(text), format, value);
	return strdup(text);
}

static bool read_input(hid_t file, struct result *result, struct err *err)
{
	if (H5Lexists(file, "input", H5P_DEFAULT) <= 0)
		return true; /* a part */
	hid_t input = content_group_open(file, "input", err);
	bool ok = input >= 0;

	for (unsigned i = 0; ok && i < TEXTS; i++) {
		size_t width;

		switch (texts[i].kind) {
		case IN_ATTRIBUTE:
			result->text[i] = content_text_get(input, texts[i].name, err);
			break;
		case IN_DATASET:
			result->text[i] = content_texts_read(input, texts[i].name, 0, NULL, &width, err);
			break;
		case AS_DECIMAL:
			result->text[i] = read_number_text(input, texts[i].name, "%" PRIu64, err);
			break;
		case AS_HEX:
			result->text[i] = read_number_text(input, texts[i].name, "%016" PRIx64, err);
			break;
		}
		ok = result->text[i] != NULL;
	}
	if (ok) {
		hsize_t shape[2] = { 0, 0 };

		result->parameter = content_texts_read(input, "parameters", 2, shape, &result->parameter_width, err);
		ok = result->parameter != NULL;
		if (ok && shape[1] != RESULT_PARAMETER_COLUMNS)
			ok = content_error(input, "parameters", err, "has not 4 columns");
		result->parameter_count = shape[0];
	}
	H5Gclose(input);
	return ok;
}

/* ---- the file ---- */

static bool check_format(hid_t file, const char *path, struct err *err)
{
	struct err other = { .kind = ERR_NONE };
	uint64_t version;

	if (!content_texts_check(file, "format", (const char *[]){ RESULT_FORMAT }, 1, &other))
		return err_set(err, ERR_FILE, "%s: an HDF5 file, but not a result of iommusim", path);
	if (!content_number_get(file, "format_version", &version, err))
		return false;
	return version == RESULT_FORMAT_VERSION ||
	       err_set(err, ERR_FILE, "%s: result format version %" PRIu64 "; this iommusim reads version %u", path,
		       version, RESULT_FORMAT_VERSION);
}

static bool read_file(struct result *result, struct err *err)
{
	const char *path = result->path;

	if (H5Fis_hdf5(path) <= 0)
		return err_set(err, ERR_FILE, "%s: not an HDF5 file", path);
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);

	if (file < 0)
		return err_set(err, ERR_FILE, "%s: a damaged HDF5 file, or one that is being written", path);
	bool ok = check_format(file, path, err) && read_input(file, result, err) &&
		  result_matrix_read(&result->matrix, file, err) && read_schemes(file, result, err);

	H5Fclose(file);
	return ok;
}

struct result *result_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		err_set(err, ERR_FILE, "%s: %s", path, strerror(errno));
		return NULL;
	}
	close(fd);

	struct result *result = calloc(1, sizeof(*result));
	bool ok = result && (result->path = strdup(path)) != NULL;

	if (!ok)
		err_set(err, ERR_FILE, "%s: out of memory", path);
	if (ok) {
		H5E_BEGIN_TRY
		{
			ok = read_file(result, err);
		}
		H5E_END_TRY
	}
	if (ok)
		return result;
	result_close(result);
	return NULL;
}

void result_close(struct result *result)
{
	if (!result)
		return;
	for (unsigned i = 0; i < TEXTS; i++)
		free(result->text[i]);
	for (size_t i = 0; i < result->scheme_count; i++)
		free(result->scheme[i]);
	result_matrix_fini(&result->matrix);
	free(result->parameter);
	free(result->scheme);
	free(result->path);
	free(result);
}

size_t result_scheme_count(const struct result *result)
{
	return result->scheme_count;
}

const struct result_scheme *result_scheme(const struct result *result, size_t i)
{
	return result->scheme[i];
}

const char *result_path(const struct result *result)
{
	return result->path;
}

const char *result_attribute(const struct result *result, const char *name)
{
	for (unsigned i = 0; i < TEXTS; i++)
		if (strcmp(texts[i].name, name) == 0)
			return result->text[i] ? result->text[i] : "";
	return "";
}

size_t result_sweep_count(const struct result *result)
{
	return result->matrix.sweeps.rows;
}

struct result_sweep result_sweep(const struct result *result, size_t sweep)
{
	const struct text_cells *cells = &result->matrix.sweeps;

	return (struct result_sweep){ .name = text_cell(cells, sweep, 0), .unit = text_cell(cells, sweep, 1) };
}

size_t result_point_count(const struct result *result)
{
	return result_sweep_count(result) > 0 ? result->matrix.values.rows : 1;
}

struct result_value result_point_value(const struct result *result, size_t point, size_t sweep)
{
	const struct text_cells *cells = &result->matrix.values;

	return (struct result_value){ .text = text_cell(cells, point, sweep),
				      .number = result->matrix.number[point * cells->columns + sweep] };
}

size_t result_failure_count(const struct result *result)
{
	return result->matrix.failures.rows;
}

struct result_failure result_failure(const struct result *result, size_t i)
{
	const struct text_cells *cells = &result->matrix.failures;

	return (struct result_failure){ .scheme = text_cell(cells, i, 0),
					.point = (uint32_t)strtoul(text_cell(cells, i, 1), NULL, 10),
					.problem = text_cell(cells, i, 2) };
}

size_t result_parameter_count(const struct result *result)
{
	return result->parameter_count;
}

struct result_parameter result_parameter(const struct result *result, size_t i)
{
	const char *row = result->parameter + i * RESULT_PARAMETER_COLUMNS * result->parameter_width;

	return (struct result_parameter){
		.name = row,
		.value = row + result->parameter_width,
		.unit = row + 2 * result->parameter_width,
		.source = row + 3 * result->parameter_width,
	};
}
