/* SPDX-License-Identifier: Apache-2.0 */
/* What `iommusim list` shows, for a terminal of 100 columns, and docs/parameters.md. */
#ifndef IOMMUSIM_SCENARIOS_LIST_H
#define IOMMUSIM_SCENARIOS_LIST_H

#include <stdbool.h>
#include <stdio.h>

#include "models/base/err.h"

void list_print_schemes(FILE *out);
/* markdown: docs/parameters.md, byte for byte. */
void list_print_parameters(FILE *out, bool markdown);
/* The shipped profiles; false when one cannot be read. */
bool list_print_profiles(FILE *out, struct err *err);

#endif
