/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"

void settings_init(struct settings *settings, struct document *document,
		   bool (*set)(void *argument, const struct setting *setting, struct err *err), void *argument)
{
	*settings = (struct settings){ .document = document, .set = set, .argument = argument };
	settings->seen = calloc(parameter_count, sizeof(*settings->seen));
	REQUIRE(settings->seen);
}

void settings_fini(struct settings *settings)
{
	free(settings->seen);
	settings->seen = NULL;
}

bool settings_take(struct settings *settings, const struct parameter *parameter, const yaml_node_t *key,
		   yaml_node_t *value, struct err *err)
{
	size_t *seen = &settings->seen[parameter - parameters];
	struct setting setting = { .document = settings->document, .parameter = parameter, .key = key, .value = value };

	if (*seen)
		return document_refuse(settings->document, key, err, "'%s' is set twice: first on line %zu",
				       parameter->name, *seen);
	*seen = key->start_mark.line + 1;
	return settings->set(settings->argument, &setting, err);
}

bool settings_read_item(struct settings *settings, const struct document_item *item, const char *prefix,
			struct err *err)
{
	char path[64], group[72], suggestion[96];
	const struct parameter *parameter;

	if ((size_t)snprintf(path, sizeof(path), "%s%s", prefix, item->name) >= sizeof(path))
		path[0] = '\0'; /* no parameter's name is that long */
	parameter = parameter_find(path);
	if (parameter)
		return settings_take(settings, parameter, item->key, item->value, err);
	if (parameter_is_group(path)) {
		snprintf(group, sizeof(group), "%s.", path);
		return settings_read(settings, item->value, group, err); /* as deep as names are */
	}
	parameter_suggest(prefix, item->name, suggestion, sizeof(suggestion));
	return document_refuse(settings->document, item->key, err, "unknown key '%s'%s", item->name, suggestion);
}

bool settings_read(struct settings *settings, const yaml_node_t *mapping, const char *prefix, struct err *err)
{
	struct document_item item;
	char what[96];

	snprintf(what, sizeof(what), "'%.*s'", *prefix ? (int)strlen(prefix) - 1 : 10, *prefix ? prefix : "parameters");
	if (!document_is_mapping(settings->document, mapping, what, err))
		return false;
	for (size_t next = 0; document_next(settings->document, mapping, &next, &item);)
		if (!settings_read_item(settings, &item, prefix, err))
			return false;
	return true;
}
