/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML file that `iommusim trace synth` reads (docs/trace-format.md, "Made traces"). */
#ifndef IOMMUSIM_SIM_SYNTH_SPEC_H
#define IOMMUSIM_SIM_SYNTH_SPEC_H

#include "traces/synth.h"

struct synth_spec {
	struct synth synth;
	char title[128];
	struct trace_device *devices;
	struct synth_stream *streams;
};

/* False and *err, "FILE:LINE:COLUMN: ...", when it cannot be read; nothing is to be freed then. */
bool synth_spec_read(struct synth_spec *spec, const char *path, struct err *err);
void synth_spec_fini(struct synth_spec *spec);

#endif
