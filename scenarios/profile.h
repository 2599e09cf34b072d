/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing profiles: one price for every timing parameter, each with value,
 * unit and source beside it (docs/scenarios.md).
 */
#ifndef IOMMUSIM_SCENARIOS_PROFILE_H
#define IOMMUSIM_SCENARIOS_PROFILE_H

#include "scenarios/config.h"

#define PROFILE_PATH 600u

struct profile {
	char name[64];
	char description[400];
	char hardware[400];
	char *text; /* the file as read; owned */
};

/*
 * Where the profile of that name is: FOLDER/profiles/NAME.yaml, else among the
 * shipped profiles; a name with a slash or the ending ".yaml" is a path, relative to folder.
 * False when there is none: suggestion (96 bytes) is ": did you mean 'NAME'?" or "".
 */
bool profile_find(const char *name, const char *folder, char path[PROFILE_PATH], char suggestion[96]);

/*
 * Sets config->timing, whole, and origin [parameter_count] of its parameters.
 * Every timing parameter must be there exactly once and nothing else.  When
 * false, profile holds nothing.
 */
bool profile_load(const char *path, struct profile *profile, struct config *config, struct origin *origin,
		  struct err *err);
void profile_fini(struct profile *profile);

/* Names of the shipped profiles, sorted, NULL-terminated, in one block for free(). */
char **profile_names_shipped(void);
const char *profile_folder_shipped(void);

#endif
