/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/trace_source.h"

#include <string.h>

bool trace_source_read(struct document *document, const yaml_node_t *node, struct scenario_trace *trace,
		       struct err *err)
{
	struct document_field field = { .name = "synth", .required = true };

	*trace = (struct scenario_trace){ .is_made = node->type == YAML_MAPPING_NODE };
	if (!trace->is_made)
		return document_path(document, node, "'trace'", trace->path, err);
	if (!document_fields(document, node, "a made trace", &field, 1, err))
		return false;
	if (field.value->type != YAML_MAPPING_NODE)
		return document_path(document, field.value, "'synth'", trace->path, err);
	memcpy(trace->path, document->path, sizeof(trace->path));
	trace->node = document_number(document, field.value);
	return true;
}
