/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/formats.h"

#include "models/pagetable/tce.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"

const struct pt_format *const pt_formats[PT_FORMATS] = {
	&vtd_first_stage,
	&vtd_second_stage,
	&tce_format,
};
