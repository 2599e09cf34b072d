/* SPDX-License-Identifier: Apache-2.0 */
/* Where a scenario says that its trace comes from: a recording, or `{synth: ...}`.  Making it is sim/'s. */
#ifndef IOMMUSIM_SCENARIOS_TRACE_SOURCE_H
#define IOMMUSIM_SCENARIOS_TRACE_SOURCE_H

#include "scenarios/config.h"
#include "scenarios/document.h"

/* A path, or a mapping whose key `synth` has a path or the specification itself. */
bool trace_source_read(struct document *document, const yaml_node_t *node, struct scenario_trace *trace,
		       struct err *err);

#endif
