/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary working folder with files for tests; paths in error messages are then what the test wrote. */
#ifndef IOMMUSIM_TESTS_SCENARIOS_FOLDER_H
#define IOMMUSIM_TESTS_SCENARIOS_FOLDER_H

#include <check.h>

/* Runs tests, ended by NULL, in one suite, in a new folder that holds the folder scenarios/. */
int folder_suite_run(const char *name, const TTest *const *tests);

/* Writes a file into the folder; folders of its path are made. */
void folder_write(const char *path, const char *text);

/* The whole file, to be freed. */
char *folder_read(const char *path);

/*
 * scenarios/x.yaml: title, trace, profile server-x86 and the scheme nested on
 * lines 1 to 4, then text.
 */
void folder_write_scenario(const char *text);

#endif
