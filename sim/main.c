/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/clock.h"
#include "sim/command.h"

const struct command commands[] = {
	{ "run", command_run, "replay a trace under the schemes of a scenario" },
	{ "report", command_report, "make an HTML page, plots and CSV of results" },
	{ "compare", command_compare, "compare two results; exit code 1 when they differ" },
	{ "trace", command_trace, "import, describe and check traces" },
	{ "walk", command_walk, "translate an address with a recorded snapshot's tables, step by step" },
	{ "list", command_list, "list schemes, families, parameters or profiles" },
	{ "bench", command_bench, "time the models on this machine" },
	{ 0 },
};

static void print_table(FILE *out, const struct command *table, const char *prefix)
{
	for (; table->name; table++)
		fprintf(out, "  %s %-8s %s\n", prefix, table->name, table->help);
}

static void print_help(FILE *out)
{
	fputs("iommusim: what DMA mapping and DMA access cost under each way to give a guest an IOMMU\n\n"
	      "Usage:\n",
	      out);
	print_table(out, commands, "iommusim");
	fputs("  iommusim help COMMAND     the options of a command (also: iommusim COMMAND --help)\n"
	      "  iommusim --version\n\n"
	      "Exit codes: 0 done; 1 a check, a comparison or a run failed; 2 usage or scenario; 3 a file;\n"
	      "130 interrupted.  See docs/cli.md.\n",
	      out);
}

int command_fail(const struct err *err)
{
	fprintf(stderr, "iommusim: %s\n", err->text);
	return err->kind;
}

void command_parse(const struct argp *argp, int count, char **arguments, void *input)
{
	argp_err_exit_status = ERR_USAGE;
	argp_parse(argp, count, arguments, 0, NULL, input);
}

int command_dispatch(const struct command *table, const char *prefix, int count, char **arguments)
{
	char name[64];

	for (; count > 1 && table->name; table++) {
		if (strcmp(table->name, arguments[1]) != 0)
			continue;
		snprintf(name, sizeof(name), "%s %s", prefix, table->name);
		arguments[1] = name;
		return table->run(count - 1, arguments + 1);
	}
	return -1;
}

int main(int count, char **arguments)
{
	if (count > 2 && strcmp(arguments[1], "help") == 0) {
		char *swapped[] = { arguments[0], arguments[2], (char[]){ "--help" }, NULL };
		int code = command_dispatch(commands, "iommusim", 3, swapped);

		if (code >= 0)
			return code;
		fprintf(stderr, "iommusim: no command '%s': see iommusim --help\n", arguments[2]);
		return ERR_USAGE;
	}
	if (count > 1 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "help") == 0)) {
		print_help(stdout);
		return 0;
	}
	if (count > 1 && strcmp(arguments[1], "--version") == 0) {
		printf("iommusim %s (SimGrid %s)\n", IOMMUSIM_VERSION, clock_engine_version());
		return 0;
	}
	int code = command_dispatch(commands, "iommusim", count, arguments);

	if (code >= 0)
		return code;
	if (count > 1)
		fprintf(stderr, "iommusim: no command '%s': see iommusim --help\n", arguments[1]);
	else
		print_help(stderr);
	return ERR_USAGE;
}
