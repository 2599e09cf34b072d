/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every page-table format there is: a new one is a .h/.c pair and a line in
 * this array.  Whoever knows which one it wants includes that format's header.
 */
#ifndef IOMMUSIM_PAGETABLE_FORMATS_H
#define IOMMUSIM_PAGETABLE_FORMATS_H

#include "models/pagetable/format.h"

#define PT_FORMATS 3u

extern const struct pt_format *const pt_formats[PT_FORMATS];

#endif
