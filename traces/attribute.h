/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and numbers as attributes of a group or a dataset of a trace file.  Writers return false when HDF5 fails.
 */
#ifndef IOMMUSIM_TRACES_ATTRIBUTE_H
#define IOMMUSIM_TRACES_ATTRIBUTE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

bool attribute_put_text(hid_t object, const char *name, const char *text);
bool attribute_put_number(hid_t object, const char *name, uint64_t value, const char *unit);
/* malloc'd, or NULL when absent or not text. */
char *attribute_get_text(hid_t object, const char *name);
bool attribute_get_number(hid_t object, const char *name, uint64_t *value);

#endif
