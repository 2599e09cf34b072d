/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a trace file whole, and is its story one that can be replayed?  Goes over
 * every row, in constant memory but for what is mapped.
 */
#ifndef IOMMUSIM_TRACES_CHECK_H
#define IOMMUSIM_TRACES_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "models/base/err.h"

/*
 * Prints a report to out: a line for each thing checked, with the first rows and source lines
 * where it does not hold.  True when all is well.  False with err->kind ERR_NONE when
 * something is amiss, else the file cannot be read.
 */
bool trace_check_file(const char *path, FILE *out, struct err *err);

#endif
