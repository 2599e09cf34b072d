/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic replacement of a file: readers see the old one or the whole new one, never a part. */
#ifndef IOMMUSIM_ANALYSIS_REPLACE_FILE_H
#define IOMMUSIM_ANALYSIS_REPLACE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "models/base/err.h"

/* Writes size bytes to path: temporary file in the same folder, fsync, rename.  On any error path is as it was. */
bool replace_file(const char *path, const void *bytes, size_t size, struct err *err);

#endif
