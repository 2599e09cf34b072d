/* SPDX-License-Identifier: Apache-2.0 */
/* The schemes of a scenario: adding them, finding them, reading them from a file. */
#ifndef IOMMUSIM_SCENARIOS_SCHEME_LIST_H
#define IOMMUSIM_SCENARIOS_SCHEME_LIST_H

#include "scenarios/config.h"
#include "scenarios/document.h"

/* Copies scheme; an error, at where, when its name is taken or there are too many. */
bool scheme_list_add(struct scenario *scenario, const struct scheme *scheme, const char *where, struct err *err);
void scheme_list_clear(struct scenario *scenario);

/* The place of that name, or scheme_count. */
size_t scheme_list_find(const struct scenario *scenario, const char *name);

/* The `schemes:` list: preset names and mappings {name, base, AXIS: VALUE ...}. */
bool scheme_list_read(struct scenario *scenario, struct document *document, yaml_node_t *list, struct err *err);

/* "unknown scheme 'NAME': did you mean ...": among presets and, when scenario is given, its schemes. */
void scheme_list_unknown(const struct scenario *scenario, const char *name, char *text, size_t size);

/* As scheme_set_axis; *err begins "AXIS = VALUE: " or "unknown axis 'AXIS'". */
bool scheme_list_set_axis(struct scheme *scheme, const char *axis, const char *value, struct err *err);

#endif
