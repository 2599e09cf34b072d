/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer and the reader of result files agree on (docs/result-format.md). */
#ifndef IOMMUSIM_ANALYSIS_RESULT_LAYOUT_H
#define IOMMUSIM_ANALYSIS_RESULT_LAYOUT_H

#include "analysis/result.h"

#define RESULT_FORMAT         "iommusim result"
#define RESULT_FORMAT_VERSION 5u

#define RESULT_BUCKET_COLUMNS 4u
extern const char *const result_bucket_columns[RESULT_BUCKET_COLUMNS];
#define RESULT_PARAMETER_COLUMNS 4u
extern const char *const result_parameter_columns[RESULT_PARAMETER_COLUMNS];

#define RESULT_SWEEP_COLUMNS 2u
extern const char *const result_sweep_columns[RESULT_SWEEP_COLUMNS];
#define RESULT_FAILURE_COLUMNS 3u
extern const char *const result_failure_columns[RESULT_FAILURE_COLUMNS];

/* As result_scheme_init on storage that is all zeros. */
void result_scheme_begin(struct result_scheme *scheme, const char *name, const char *axes);

/* "nested"; with a matrix "nested@3": what a run is called in the file. */
#define RESULT_RUN_NAME 48u
void result_run_name(char name[RESULT_RUN_NAME], const struct result_scheme *scheme, bool has_matrix);

extern const char *const result_series_unit[RESULT_SERIES];
extern const char *const result_series_kind[2]; /* by enum series_kind */

#endif
