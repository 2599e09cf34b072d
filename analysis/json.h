/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) on a stream, in the order of the calls.  Members of
 * an object stand on lines of their own, arrays on one.
 */
#ifndef IOMMUSIM_ANALYSIS_JSON_H
#define IOMMUSIM_ANALYSIS_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "models/base/units.h"

struct json {
	FILE *out;
	unsigned depth;  /* open objects and arrays */
	unsigned arrays; /* open arrays among them */
	bool first;      /* nothing written yet in the innermost */
};

/* `key` is NULL outside an object: for the document itself, and in an array. */
void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_number(struct json *json, const char *key, u128_t value);
/* Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *key, const char *text);

#endif
