/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that shows results: one self-contained page, and the data and scripts of its plots (docs/report.md). */
#ifndef IOMMUSIM_ANALYSIS_REPORT_H
#define IOMMUSIM_ANALYSIS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "models/base/err.h"

/*
 * Writes index.html, data/ (CSV) and plots/ (gnuplot scripts, SVG) in folder, made if absent, with its
 * parents.  Files of the same names are replaced.  With several results, schemes are called RESULT/SCHEME.
 * Runs gnuplot; false when it is missing or fails.
 */
bool report_write(const char *const *result_paths, size_t count, const char *folder, struct err *err);

#endif
