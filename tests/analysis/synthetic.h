/* SPDX-License-Identifier: Apache-2.0 */
/* Results made up for tests: a folder for files, random and realistic schemes, an input. */
#ifndef IOMMUSIM_TESTS_ANALYSIS_SYNTHETIC_H
#define IOMMUSIM_TESTS_ANALYSIS_SYNTHETIC_H

#include <stdio.h>

#include "analysis/result.h"

/* A new folder under the system's temporary one; remove it with everything inside by the second. */
void synthetic_folder(char folder[64]);
void synthetic_remove(const char *folder);

/* The whole file as malloced bytes with a zero behind; fails the test when it cannot be read. */
char *synthetic_read(const char *path, size_t *size);

/* The whole text that `print` writes. */
char *synthetic_printed(void (*print)(FILE *out, void *argument), void *argument);

/* `operations` operations of random kinds with random parts, random counters, and series; the same for a seed. */
struct result_scheme *synthetic_scheme(const char *name, uint64_t seed, unsigned operations);

/* Whether all the fields are alike. */
bool synthetic_same(const struct result_scheme *a, const struct result_scheme *b);

/* Looks like a run of a scheme: 0..4 are passthrough, nested-hwq, nested, preregister, pin-on-map. */
#define SYNTHETIC_REALISTIC 5u
struct result_scheme *synthetic_realistic(unsigned which);

/* All fields filled in, three parameters. */
struct result_input synthetic_input(void);

/* One result file of these schemes, by parts; fails the test on an error. */
void synthetic_write(const char *path, const struct result_input *input, struct result_scheme *const *scheme,
		     size_t count);

/* Three schemes, one of them without operations, whose order is not that of their names; and a file of them. */
void synthetic_three(struct result_scheme *scheme[3]);
void synthetic_three_free(struct result_scheme *scheme[3]);
void synthetic_write_three(const char *path);

#endif
