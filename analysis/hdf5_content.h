/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of HDF5 that a result file is made of: groups, unsigned 64-bit
 * numbers and UTF-8 texts, as attributes and as datasets.  What is written
 * depends on the content alone (no times, one fixed format version), and all
 * of it but a text beyond 32 KiB is under a checksum.
 *
 * Writers return false or a negative handle when HDF5 fails, which in an
 * image in memory means that memory ran out.  Readers set *err, naming file
 * and object.  Handles are the caller's to close.
 */
#ifndef IOMMUSIM_ANALYSIS_HDF5_CONTENT_H
#define IOMMUSIM_ANALYSIS_HDF5_CONTENT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"

/* A new file in memory; its bytes once all is written (malloc; NULL on failure). */
hid_t content_image_create(void);
void *content_image_bytes(hid_t image, size_t *size);

/* Groups list their members in the order of creation. */
hid_t content_group_create(hid_t parent, const char *name);

bool content_number_put(hid_t object, const char *name, uint64_t value);
bool content_text_put(hid_t object, const char *name, const char *text);
bool content_texts_put(hid_t object, const char *name, const char *const *text, size_t count);

/* Datasets; rank 0 is one value.  `cell` is row-major, each `width` bytes with its final zero. */
hid_t content_numbers_create(hid_t parent, const char *name, int rank, const hsize_t *shape, const uint64_t *value);
hid_t content_texts_create(hid_t parent, const char *name, int rank, const hsize_t *shape, const char *cell,
			   size_t width);

hid_t content_group_open(hid_t parent, const char *name, struct err *err);
bool content_number_get(hid_t object, const char *name, uint64_t *value, struct err *err);
char *content_text_get(hid_t object, const char *name, struct err *err); /* malloc */
/* The attribute holds exactly these texts, in this order. */
bool content_texts_check(hid_t object, const char *name, const char *const *text, size_t count, struct err *err);

/* A dataset of this rank, 0 to 2; shape is set.  The cells are malloced. */
uint64_t *content_numbers_read(hid_t parent, const char *name, int rank, hsize_t *shape, size_t cells_max,
			       hid_t *dataset, struct err *err); /* left open for its attributes */
char *content_texts_read(hid_t parent, const char *name, int rank, hsize_t *shape, size_t *width, struct err *err);

/* Sets *err to "file: /object/name: what"; false. */
bool content_error(hid_t object, const char *name, struct err *err, const char *what);

#endif
