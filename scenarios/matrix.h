/* SPDX-License-Identifier: Apache-2.0 */
/* `matrix:` of a scenario: which parameters are swept.  What the points are, config.h declares. */
#ifndef IOMMUSIM_SCENARIOS_MATRIX_H
#define IOMMUSIM_SCENARIOS_MATRIX_H

#include "scenarios/config.h"
#include "scenarios/settings.h"

/*
 * A mapping of parameters (as in `parameters`), `trace` and `trace.NAME` to lists of values.  settings is the
 * file's: what it sets already cannot be swept.
 */
bool matrix_read(struct scenario *scenario, struct settings *settings, const yaml_node_t *matrix, struct err *err);
void matrix_clear(struct scenario *scenario);

/* Ends the sweep of that name, if there is one; or those of the trace and of its variables. */
void matrix_drop(struct scenario *scenario, const char *name);
void matrix_drop_trace(struct scenario *scenario);

#endif
