/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the command in a folder of the test's own, as a user would, and keeps what it said. */
#ifndef IOMMUSIM_TESTS_SIM_COMMAND_LINE_H
#define IOMMUSIM_TESTS_SIM_COMMAND_LINE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/result.h"

extern char folder[64];    /* of this test, removed at its end */
extern char out[1 << 20];  /* stdout of the last command */
extern char errors[65536]; /* its stderr */

/* A test's fixture. */
void make_folder(void);
void remove_folder(void);

/* Runs `iommusim ARGUMENTS` in the folder; its exit code. */
int iommusim(const char *arguments);

/* In the folder. */
void write_file(const char *name, const char *text);
void slurp(const char *name, char *text, size_t size);
bool same_bytes(const char *a, const char *b);
size_t files_like(const char *pattern);

int lines_in(const char *text);

/* t.h5: a short trace, imported from the smallest recording that ships. */
void import_small(void);
/* s.yaml: all schemes on t.h5, and more lines. */
void write_scenario(const char *more);

/* A result in the folder; the test ends when it cannot be read. */
struct result *open_result(const char *name);
const struct result_scheme *scheme_named(const struct result *result, const char *name);
uint64_t counted(const struct result *result, const char *scheme, enum result_counter counter);

/* Runs these cases, each test in a folder of its own; what main returns. */
int run_cases(const char *name, TCase *const *cases, size_t count);

#endif
