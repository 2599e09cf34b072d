/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters in a YAML mapping: nested groups, dotted keys or both ("iommu:
 * {walkers: 6}", "iommu.walkers: 6").  Finds which parameter each key names; what its
 * value is, the caller reads.
 */
#ifndef IOMMUSIM_SCENARIOS_SETTINGS_H
#define IOMMUSIM_SCENARIOS_SETTINGS_H

#include "scenarios/config.h"
#include "scenarios/document.h"

/* One parameter that a file sets. */
struct setting {
	struct document *document;
	const struct parameter *parameter;
	const yaml_node_t *key;
	yaml_node_t *value;
};

struct settings {
	struct document *document;
	/* Takes one setting; false and *err ends the reading. */
	bool (*set)(void *argument, const struct setting *setting, struct err *err);
	void *argument;
	size_t *seen; /* [parameter_count]: the line that sets it in this file, from 1; 0: none yet */
};

void settings_init(struct settings *settings, struct document *document,
		   bool (*set)(void *argument, const struct setting *setting, struct err *err), void *argument);
void settings_fini(struct settings *settings);

/* Takes the settings of a mapping below prefix ("" or "timing."); unknown keys and parameters set twice are errors. */
bool settings_read(struct settings *settings, const yaml_node_t *mapping, const char *prefix, struct err *err);

/* One item of such a mapping. */
bool settings_read_item(struct settings *settings, const struct document_item *item, const char *prefix,
			struct err *err);

/* The parameter, set at key. */
bool settings_take(struct settings *settings, const struct parameter *parameter, const yaml_node_t *key,
		   yaml_node_t *value, struct err *err);

#endif
