/* SPDX-License-Identifier: Apache-2.0 */
/* VT-d's paging entries by the names of their fields: the layout member of both formats (format.h). */
#ifndef IOMMUSIM_PAGETABLE_VTD_LAYOUTS_H
#define IOMMUSIM_PAGETABLE_VTD_LAYOUTS_H

#include "models/pagetable/format.h"

const struct layout *vtd_first_stage_layout(uint64_t word, unsigned level);
const struct layout *vtd_second_stage_layout(uint64_t word, unsigned level);

#endif
