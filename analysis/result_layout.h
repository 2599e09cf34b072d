/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer and the reader of result files agree on (docs/result-format.md). */
#ifndef IOMMUSIM_ANALYSIS_RESULT_LAYOUT_H
#define IOMMUSIM_ANALYSIS_RESULT_LAYOUT_H

#include "analysis/result.h"

#define RESULT_FORMAT         "iommusim result"
#define RESULT_FORMAT_VERSION 2u

#define RESULT_BUCKET_COLUMNS 4u
extern const char *const result_bucket_columns[RESULT_BUCKET_COLUMNS];
#define RESULT_PARAMETER_COLUMNS 4u
extern const char *const result_parameter_columns[RESULT_PARAMETER_COLUMNS];

extern const char *const result_series_unit[RESULT_SERIES];
extern const char *const result_series_kind[2]; /* by enum series_kind */

#endif
