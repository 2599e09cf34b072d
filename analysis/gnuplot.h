/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the program gnuplot. */
#ifndef IOMMUSIM_ANALYSIS_GNUPLOT_H
#define IOMMUSIM_ANALYSIS_GNUPLOT_H

#include <stdbool.h>

#include "models/base/err.h"

/* As `gnuplot script` in folder; *err carries what gnuplot said. */
bool gnuplot_run(const char *folder, const char *script, struct err *err);

#endif
