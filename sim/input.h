/* SPDX-License-Identifier: Apache-2.0 */
/* The complete input of a run, as the result file keeps it. */
#ifndef IOMMUSIM_SIM_INPUT_H
#define IOMMUSIM_SIM_INPUT_H

#include "analysis/result.h"
#include "scenarios/config.h"

struct input {
	struct result_input result; /* strings are the scenario's or live below */
	const struct scenario *scenario;
	char value[64];
};

/* Reads the trace file once for its checksum; input must stay where it is. */
bool input_of_scenario(struct input *input, const struct scenario *scenario, struct err *err);

#endif
