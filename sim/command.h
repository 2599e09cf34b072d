/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, docs/cli.md: one function per command, found through the
 * table in main.c.  stdout is the result, stderr one line; the exit codes are those of
 * models/base/err.h and 130 after an interrupt.
 */
#ifndef IOMMUSIM_SIM_COMMAND_H
#define IOMMUSIM_SIM_COMMAND_H

#include <argp.h>

#include "models/base/err.h"

#define COMMAND_INTERRUPTED 130 /* exit code after SIGINT or SIGTERM */

struct command {
	const char *name;
	int (*run)(int count, char **arguments); /* arguments[0] is "iommusim NAME"; returns the exit code */
	const char *help;
};

extern const struct command commands[]; /* ended by a NULL name */

int command_run(int count, char **arguments);
int command_report(int count, char **arguments);
int command_compare(int count, char **arguments);
int command_trace(int count, char **arguments);
int command_walk(int count, char **arguments);
int command_list(int count, char **arguments);
int command_bench(int count, char **arguments);

/* Prints err as the one line on stderr and returns its exit code. */
int command_fail(const struct err *err);

/* argp_parse, with its own messages and exit code 2 for wrong usage. */
void command_parse(const struct argp *argp, int count, char **arguments, void *input);

/* Runs the entry of a table of subcommands that arguments[1] names, with "iommusim NAME SUB" as its arguments[0]. */
int command_dispatch(const struct command *table, const char *prefix, int count, char **arguments);

#endif
