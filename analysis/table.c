/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/table.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/grid.h"

static void print_input(FILE *out, const struct result *result)
{
	static const struct {
		const char *label, *attribute;
	} field[] = {
		{ "scenario", "scenario_path" },
		{ "profile", "profile_name" },
		{ "trace", "trace_path" },
		{ "seed", "seed" },
	};
	const char *title = result_attribute(result, "title");

	if (title[0])
		fprintf(out, "%s\n", title);
	fprintf(out, "iommusim %s", result_attribute(result, "version"));
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		const char *value = result_attribute(result, field[i].attribute);

		if (value[0])
			fprintf(out, ", %s %s", field[i].label, value);
	}
	fprintf(out, "\n\n");
}

static void print_failures(FILE *out, const struct result *result)
{
	char point[240];

	for (size_t i = 0; i < result_failure_count(result); i++) {
		struct result_failure failure = result_failure(result, i);

		point_text(result, failure.point, point, sizeof(point));
		fprintf(out, "%s%s%s: failed, not in the tables: %s\n", failure.scheme, point[0] ? " at " : "", point,
			failure.problem);
	}
	if (result_failure_count(result) > 0)
		fprintf(out, "\n");
}

static void print_grid(FILE *out, struct grid *grid, const char *title, size_t label_width)
{
	if (!grid)
		return;
	grid_print(out, grid, title, label_width);
	fprintf(out, "\n");
	grid_destroy(grid);
}

void table_print(FILE *out, const struct result *result)
{
	static const struct {
		enum result_op op;
		const char *title;
	} explained[] = { { RESULT_MAP, "time of map" },
			  { RESULT_UNMAP, "time of unmap" },
			  { RESULT_BLACKOUT, "time of blackout" } };
	size_t count = result_scheme_count(result), label_width = strlen("translate_miss");
	struct shown *shown = calloc(count + 1, sizeof(*shown));

	print_input(out, result);
	print_failures(out, result);
	for (size_t i = 0; shown && i < count; i++) {
		const struct result_scheme *scheme = result_scheme(result, i);

		shown[i] = (struct shown){ .scheme = scheme, .label = scheme->name, .result = result };
		if (strlen(scheme->name) > label_width)
			label_width = strlen(scheme->name);
	}
	for (unsigned op = 0; shown && op < RESULT_OPS; op++)
		print_grid(out, grid_of_latency(shown, count, op), result_op_names[op], label_width);
	for (size_t i = 0; shown && i < sizeof(explained) / sizeof(explained[0]); i++)
		print_grid(out, grid_of_causes(shown, count, explained[i].op), explained[i].title, label_width);
	if (shown) {
		print_grid(out, grid_of_machine(shown, count), "machine", label_width);
		print_grid(out, grid_of_update(shown, count), "update", label_width);
		print_grid(out, grid_of_memory(shown, count), "memory of guests", label_width);
		print_grid(out, grid_of_hypercalls(shown, count), "hypercalls", label_width);
	}
	free(shown);
}
