/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/result_matrix.h"

#include <stdlib.h>

#include "analysis/result_layout.h"

#define POINTS_MAX (1u << 20)

const char *text_cell(const struct text_cells *cells, size_t row, size_t column)
{
	return cells->cell + (row * cells->columns + column) * cells->width;
}

/* columns 0: any number of them, but at least one. */
static bool read_texts(struct text_cells *cells, hid_t parent, const char *name, size_t columns, struct err *err)
{
	hsize_t shape[2] = { 0, 0 };

	cells->cell = content_texts_read(parent, name, 2, shape, &cells->width, err);
	if (!cells->cell)
		return false;
	cells->rows = shape[0];
	cells->columns = shape[1];
	return (cells->rows > 0 && cells->columns > 0 && (columns == 0 || cells->columns == columns)) ||
	       content_error(parent, name, err, "has not the rows and columns of this version of the format");
}

static bool read_numbers(struct result_matrix *matrix, hid_t group, struct err *err)
{
	hsize_t shape[2] = { 0, 0 };
	hid_t dataset;

	matrix->number = content_numbers_read(group, "numbers", 2, shape, (size_t)POINTS_MAX * 16, &dataset, err);
	if (!matrix->number)
		return false;
	H5Dclose(dataset);
	return (shape[0] == matrix->values.rows && shape[1] == matrix->values.columns) ||
	       content_error(group, "numbers", err, "is not one number per value");
}

static bool check_failures(const struct result_matrix *matrix, size_t points, hid_t file, struct err *err)
{
	for (size_t i = 0; i < matrix->failures.rows; i++)
		if (strtoul(text_cell(&matrix->failures, i, 1), NULL, 10) >= points)
			return content_error(file, "failed", err, "there is no such point");
	return true;
}

bool result_matrix_read(struct result_matrix *matrix, hid_t file, struct err *err)
{
	if (H5Lexists(file, "failed", H5P_DEFAULT) > 0 &&
	    !read_texts(&matrix->failures, file, "failed", RESULT_FAILURE_COLUMNS, err))
		return false;
	if (H5Lexists(file, "matrix", H5P_DEFAULT) <= 0)
		return check_failures(matrix, 1, file, err);

	hid_t group = content_group_open(file, "matrix", err);
	bool ok = group >= 0 && read_texts(&matrix->sweeps, group, "sweeps", RESULT_SWEEP_COLUMNS, err) &&
		  read_texts(&matrix->values, group, "values", 0, err) &&
		  (matrix->values.columns == matrix->sweeps.rows ||
		   content_error(group, "values", err, "is not one column per sweep")) &&
		  read_numbers(matrix, group, err) && check_failures(matrix, matrix->values.rows, file, err);

	H5Gclose(group);
	return ok;
}

void result_matrix_fini(struct result_matrix *matrix)
{
	free(matrix->sweeps.cell);
	free(matrix->values.cell);
	free(matrix->number);
	free(matrix->failures.cell);
}
