/* SPDX-License-Identifier: Apache-2.0 */
/* Describes a trace to a person: where it comes from, and what is in it. */
#ifndef IOMMUSIM_TRACES_INFO_H
#define IOMMUSIM_TRACES_INFO_H

#include <stdbool.h>
#include <stdio.h>

#include "traces/trace.h"

/* Goes over all rows once.  False and *err when they cannot be read. */
bool trace_info_print(FILE *out, struct trace *trace, struct err *err);

#endif
