/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/list.h"

#include <stdlib.h>
#include <string.h>

#include "scenarios/config.h"
#include "scenarios/origin.h"
#include "scenarios/profile.h"

#define COLUMNS 100

/* Prints text in lines of at most COLUMNS, each behind indent spaces; the cursor is at column. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column > indent && column + 1 + word > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column < indent)
			column += fprintf(out, "%*s", indent - column, "");
		else if (column > indent)
			column += fprintf(out, " ");
		column += fprintf(out, "%.*s", word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* ---- schemes ---- */

void list_print_schemes(FILE *out)
{
	for (size_t i = 0; i < scheme_preset_count; i++) {
		char axes[160];

		scheme_axes_text(&scheme_presets[i].scheme, axes, sizeof(axes));
		fprintf(out, "%-12s %s\n", scheme_presets[i].scheme.name, axes);
		print_wrapped(out, scheme_presets[i].help, 0, 13);
	}
	fprintf(out, "\nA scenario may mix the axes itself (docs/scenarios.md):\n");
	for (const char *const *axis = scheme_axes; *axis; axis++) {
		fprintf(out, "%-12s", *axis);
		for (const char *const *value = scheme_axis_values(*axis); *value; value++)
			fprintf(out, " %s", *value);
		fputc('\n', out);
	}
}

/* ---- parameters ---- */

/* "120 entries", "3 GiB", "true" */
static void default_text(const struct parameter *parameter, char *text, size_t size)
{
	struct config config;
	char value[64];
	bool named = parameter->type == PARAMETER_U32 || parameter->type == PARAMETER_U64;

	if (!parameter->initial) {
		snprintf(text, size, "by profile");
		return;
	}
	config_default(&config);
	parameter_format(parameter, &config, value, sizeof(value));
	snprintf(text, size, "%s%s%s", value, named && *parameter->unit ? " " : "", named ? parameter->unit : "");
}

/* "0 to 1048576"; the names of an enumeration */
static void range_text(const struct parameter *parameter, char *text, size_t size)
{
	char least[64], most[64];

	if (parameter->type == PARAMETER_BOOL) {
		snprintf(text, size, "true or false");
		return;
	}
	if (parameter->type == PARAMETER_ENUM) {
		parameter_expectation(parameter, text, size);
		return;
	}
	parameter_format_value(parameter, parameter->min, least, sizeof(least));
	parameter_format_value(parameter, parameter->max, most, sizeof(most));
	snprintf(text, size, "%s to %s", least, parameter->max == UINT64_MAX ? "2^64 - 1" : most);
}

static void print_terminal(FILE *out, const struct parameter *parameter)
{
	char initial[128], range[160];

	default_text(parameter, initial, sizeof(initial));
	range_text(parameter, range, sizeof(range));

	fprintf(out, "%-32s %-18s (%s)\n", parameter->name, initial, range);
	print_wrapped(out, parameter->help, 0, 4);
	if (parameter->initial)
		print_wrapped(out, parameter->source, 0, 4);
}

/* "iommu", "timing.guest"; 0 for a name without a dot. */
static size_t group_length(const struct parameter *parameter)
{
	size_t begin = strncmp(parameter->name, "timing.", 7) == 0 ? 7 : 0;
	const char *dot = strchr(parameter->name + begin, '.');

	return dot ? (size_t)(dot - parameter->name) : 0;
}

static void print_markdown(FILE *out)
{
	const struct parameter *before = NULL;

	fprintf(out,
		"# Parameters\n\n"
		"Written by `iommusim list parameters --markdown > docs/parameters.md`; a test keeps it equal to the\n"
		"table in `scenarios/parameters.c`. How a scenario sets them: [scenarios.md](scenarios.md); the keys\n"
		"of sources: [sources.md](sources.md).\n");
	for (size_t i = 0; i < parameter_count; i++) {
		const struct parameter *parameter = &parameters[i];
		size_t group = group_length(parameter);
		char initial[128], range[160];

		if (!before || group != group_length(before) || strncmp(parameter->name, before->name, group) != 0)
			fprintf(out,
				"\n## %.*s\n\n| name | default | range | meaning | source of the default |\n"
				"| --- | --- | --- | --- | --- |\n",
				group > 0 ? (int)group : 4, group > 0 ? parameter->name : "seed");
		default_text(parameter, initial, sizeof(initial));
		range_text(parameter, range, sizeof(range));
		fprintf(out, "| `%s` | %s | %s | %s | %s |\n", parameter->name, initial, range, parameter->help,
			parameter->initial ? parameter->source : "");
		before = parameter;
	}
}

void list_print_parameters(FILE *out, bool markdown)
{
	if (markdown) {
		print_markdown(out);
		return;
	}
	for (size_t i = 0; i < parameter_count; i++)
		print_terminal(out, &parameters[i]);
}

/* ---- profiles ---- */

static bool print_profile(FILE *out, const char *name, struct err *err)
{
	struct origin *origin = origin_create();
	struct profile profile;
	struct config config;
	char path[PROFILE_PATH];

	config_default(&config);
	snprintf(path, sizeof(path), "%s/%s.yaml", profile_folder_shipped(), name);

	bool good = profile_load(path, &profile, &config, origin, err);

	if (good) {
		print_wrapped(out, profile.description, fprintf(out, "%-12s ", profile.name), 13);
		print_wrapped(out, profile.hardware, 0, 13);
		profile_fini(&profile);
	}
	origin_destroy(origin);
	return good;
}

bool list_print_profiles(FILE *out, struct err *err)
{
	char **names = profile_names_shipped();
	bool good = true;

	for (char **name = names; good && *name; name++)
		good = print_profile(out, *name, err);
	free(names);
	return good;
}
