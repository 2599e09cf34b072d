/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "models/iommu/families.h"
#include "scenarios/list.h"
#include "sim/command.h"

static void print_families(FILE *out)
{
	for (size_t i = 0; i < iommu_family_count; i++)
		fprintf(out, "%-8s %s\n", iommu_families[i].name, iommu_families[i].help);
}

struct request {
	const char *what;
	bool markdown;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'm':
		request->markdown = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->what)
			argp_error(state, "one list at a time: %s", text);
		request->what = text;
		return 0;
	case ARGP_KEY_END:
		if (!request->what)
			argp_error(state, "which list? schemes, families, parameters or profiles");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_list(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "markdown", 'm', NULL, 0, "parameters as docs/parameters.md has them", 0 },
		{ 0 },
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .args_doc = "schemes|families|parameters|profiles",
					  .doc = "Lists what can be named." };
	struct request request = { 0 };
	struct err err = { 0 };

	command_parse(&argp, count, arguments, &request);
	if (strcmp(request.what, "schemes") == 0)
		list_print_schemes(stdout);
	else if (strcmp(request.what, "families") == 0)
		print_families(stdout);
	else if (strcmp(request.what, "parameters") == 0)
		list_print_parameters(stdout, request.markdown);
	else if (strcmp(request.what, "profiles") == 0)
		return list_print_profiles(stdout, &err) ? 0 : command_fail(&err);
	else {
		err_set(&err, ERR_USAGE, "no list '%s': schemes, families, parameters or profiles", request.what);
		return command_fail(&err);
	}
	return 0;
}
