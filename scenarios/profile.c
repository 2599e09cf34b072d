/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/profile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/require.h"
#include "scenarios/document.h"
#include "scenarios/nearest.h"
#include "scenarios/origin.h"
#include "scenarios/settings.h"

#define ENDING ".yaml"

/* ---- finding ---- */

static size_t ending_at(const char *name)
{
	size_t length = strlen(name), ending = strlen(ENDING);

	return length > ending && strcmp(name + length - ending, ENDING) == 0 ? length - ending : 0;
}

static bool exists(const char *folder, const char *between, const char *name, const char *ending,
		   char path[PROFILE_PATH])
{
	int length = snprintf(path, PROFILE_PATH, "%s%s%s%s", folder, between, name, ending);

	return length > 0 && (unsigned)length < PROFILE_PATH && access(path, F_OK) == 0;
}

const char *profile_folder_shipped(void)
{
	return IOMMUSIM_DATA_DIR "/profiles";
}

static int is_profile(const struct dirent *entry)
{
	return ending_at(entry->d_name) > 0;
}

/* By bytes, in any locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char **profile_names(const char *folder)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, is_profile, by_name);
	size_t count = found > 0 ? (size_t)found : 0;
	size_t bytes = (count + 1) * sizeof(char *);

	for (size_t i = 0; i < count; i++)
		bytes += strlen(entries[i]->d_name) + 1;

	char **names = malloc(bytes);

	REQUIRE(names);
	char *text = (char *)(names + count + 1);

	for (size_t i = 0; i < count; i++) {
		size_t length = ending_at(entries[i]->d_name);

		names[i] = text;
		memcpy(text, entries[i]->d_name, length);
		text[length] = '\0';
		text += length + 1;
		free(entries[i]);
	}
	names[count] = NULL;
	free(entries);
	return names;
}

char **profile_names_shipped(void)
{
	return profile_names(profile_folder_shipped());
}

static void suggest_profile(const char *name, const char *folder, char suggestion[96])
{
	char beside[PROFILE_PATH];
	struct nearest nearest;
	char **names[2];

	snprintf(beside, sizeof(beside), "%.500s/profiles", folder);
	names[0] = profile_names(beside);
	names[1] = profile_names_shipped();
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < 2; i++)
		for (char **candidate = names[i]; *candidate; candidate++)
			nearest_offer(&nearest, *candidate, *candidate);
	nearest_suggestion(&nearest, suggestion, 96);
	free(names[0]);
	free(names[1]);
}

bool profile_find(const char *name, const char *folder, char path[PROFILE_PATH], char suggestion[96])
{
	suggestion[0] = '\0';
	if (name[0] == '/')
		return exists("", "", name, "", path);
	if (strchr(name, '/') || ending_at(name) > 0)
		return exists(folder, "/", name, "", path);
	if (exists(folder, "/profiles/", name, ENDING, path) ||
	    exists(profile_folder_shipped(), "/", name, ENDING, path))
		return true;
	suggest_profile(name, folder, suggestion);
	return false;
}

/* ---- loading ---- */

/* What receives the prices. */
struct prices {
	struct config *config;
	struct origin *origin;
};

/* {value: 153, unit: ns, source: "..."} */
static bool set_price(void *argument, const struct setting *setting, struct err *err)
{
	struct prices *prices = argument;
	struct document *document = setting->document;
	struct document_field field[] = { { "value", true, NULL, NULL },
					  { "unit", true, NULL, NULL },
					  { "source", true, NULL, NULL } };
	const char *text[3];
	char amount[128], place[DOCUMENT_PLACE];
	struct err problem = { 0 };

	if (!document_fields(document, setting->value, setting->parameter->name, field, 3, err))
		return false;
	for (size_t i = 0; i < 3; i++) {
		text[i] = document_scalar(document, field[i].value, field[i].name, err);
		if (!text[i])
			return false;
	}
	snprintf(amount, sizeof(amount), "%.60s %.60s", text[0], text[1]);
	if (!parameter_parse(setting->parameter, amount, prices->config, &problem))
		return document_refuse(document, field[0].at, err, "%s", problem.text);
	document_place(document, setting->key, place);
	origin_set(&prices->origin[setting->parameter - parameters], place, text[2]);
	return true;
}

static bool read_prices(struct document *document, yaml_node_t *timing, struct prices *prices, struct err *err)
{
	struct settings settings;

	settings_init(&settings, document, set_price, prices);
	bool good = settings_read(&settings, timing, "timing.", err);

	for (size_t i = 0; good && i < parameter_count; i++)
		if (!parameters[i].initial && !settings.seen[i])
			good = document_refuse(document, timing, err, "the profile lacks '%s'", parameters[i].name);
	settings_fini(&settings);
	return good;
}

/* A copy under another file name must not pass for the original in results. */
static bool check_name(const struct document *document, const yaml_node_t *at, const char *name, struct err *err)
{
	const char *slash = strrchr(document->path, '/');
	const char *base = slash ? slash + 1 : document->path;
	size_t length = ending_at(base) > 0 ? ending_at(base) : strlen(base);

	if (strlen(name) == length && strncmp(base, name, length) == 0)
		return true;
	return document_refuse(document, at, err, "name = %s: must be the file's name, '%.*s'", name, (int)length,
			       base);
}

static bool read_profile(struct document *document, struct profile *profile, struct prices *prices, struct err *err)
{
	struct document_field field[] = { { "name", true, NULL, NULL },
					  { "description", true, NULL, NULL },
					  { "hardware", true, NULL, NULL },
					  { "timing", true, NULL, NULL } };

	return document_fields(document, document_root(document), "a profile", field, 4, err) &&
	       document_copy(document, field[0].value, "name", profile->name, sizeof(profile->name), err) &&
	       check_name(document, field[0].at, profile->name, err) &&
	       document_copy(document, field[1].value, "description", profile->description,
			     sizeof(profile->description), err) &&
	       document_copy(document, field[2].value, "hardware", profile->hardware, sizeof(profile->hardware), err) &&
	       read_prices(document, field[3].value, prices, err);
}

bool profile_load(const char *path, struct profile *profile, struct config *config, struct origin *origin,
		  struct err *err)
{
	struct prices prices = { .config = config, .origin = origin };
	struct document document;

	*profile = (struct profile){ 0 };
	if (!document_read(&document, path, err))
		return false;

	bool good = read_profile(&document, profile, &prices, err);

	if (good) {
		profile->text = document.text;
		document.text = NULL;
	}
	document_fini(&document);
	return good;
}

void profile_fini(struct profile *profile)
{
	free(profile->text);
	*profile = (struct profile){ 0 };
}
