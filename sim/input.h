/* SPDX-License-Identifier: Apache-2.0 */
/* What a result file says about its input: the scenario as text, every parameter with its source, the matrix. */
#ifndef IOMMUSIM_SIM_INPUT_H
#define IOMMUSIM_SIM_INPUT_H

#include "analysis/result.h"
#include "scenarios/config.h"
#include "sim/point_traces.h"

struct input {
	const struct scenario *scenario;
	char value[160]; /* of the parameter asked for last */
	struct result_sweep *sweep;
	struct result_value *values;
	struct result_input result;
};

/* Strings are the scenario's and the traces'.  What failed, the caller adds to result. */
void input_of_scenario(struct input *input, const struct scenario *scenario, const struct point_traces *traces);
void input_fini(struct input *input);

#endif
