/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that check a scenario share; scenario_check is in config.h. */
#ifndef IOMMUSIM_SCENARIOS_CHECK_H
#define IOMMUSIM_SCENARIOS_CHECK_H

#include "scenarios/config.h"

/* "where: NAME = VALUE: problem" in *err; false. */
bool check_refuse(const struct scenario *scenario, const char *name, const char *problem, struct err *err);

/* check_units.c: can a unit have these capabilities together, and do the schemes find what they need? */
bool check_units(const struct scenario *scenario, struct err *err);

#endif
