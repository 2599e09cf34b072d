/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML file that `iommusim trace synth` reads (docs/trace-format.md, "Made traces"). */
#ifndef IOMMUSIM_SIM_SYNTH_SPEC_H
#define IOMMUSIM_SIM_SYNTH_SPEC_H

#include "scenarios/document.h"
#include "traces/synth.h"

struct synth_spec {
	struct synth synth;
	char title[128];
	struct trace_device *devices;
	struct synth_stream *streams;
};

/* False and *err, "FILE:LINE:COLUMN: ...", when it cannot be read; nothing is to be freed then. */
bool synth_spec_read(struct synth_spec *spec, const char *path, struct err *err);

/* A value for one of the specification's variables, instead of its own. */
struct synth_variable {
	const char *name, *value;
};

/* The same for a specification in a document, with some of its variables set. */
bool synth_spec_read_node(struct synth_spec *spec, struct document *document, const yaml_node_t *node,
			  const struct synth_variable *variable, size_t variables, struct err *err);
void synth_spec_fini(struct synth_spec *spec);

#endif
