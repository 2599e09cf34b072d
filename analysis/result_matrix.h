/* SPDX-License-Identifier: Apache-2.0 */
/* Of a result file, what lies beside the runs: the matrix that was swept, and what failed. */
#ifndef IOMMUSIM_ANALYSIS_RESULT_MATRIX_H
#define IOMMUSIM_ANALYSIS_RESULT_MATRIX_H

#include "analysis/hdf5_content.h"
#include "analysis/result.h"

/* Cells of text: [rows][columns], row-major, each of width bytes. */
struct text_cells {
	char *cell;
	size_t rows, columns, width;
};

struct result_matrix {
	struct text_cells sweeps;   /* [sweep][RESULT_SWEEP_COLUMNS] */
	struct text_cells values;   /* [point][sweep] */
	uint64_t *number;           /* the same */
	struct text_cells failures; /* [failure][RESULT_FAILURE_COLUMNS] */
};

/* Either may be absent.  When false, the matrix is still to be freed. */
bool result_matrix_read(struct result_matrix *matrix, hid_t file, struct err *err);
void result_matrix_fini(struct result_matrix *matrix);

const char *text_cell(const struct text_cells *cells, size_t row, size_t column);

#endif
