/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping where parameters' values came from (struct origin of config.h). */
#ifndef IOMMUSIM_SCENARIOS_ORIGIN_H
#define IOMMUSIM_SCENARIOS_ORIGIN_H

#include "scenarios/config.h"

/* [parameter_count], all at the table's defaults. */
struct origin *origin_create(void);
void origin_destroy(struct origin *origin);

/* Copies; source may be NULL. */
void origin_set(struct origin *origin, const char *where, const char *source);

#endif
