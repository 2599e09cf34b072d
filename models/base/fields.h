/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a word by name, for printing: made of the masks that the layout headers define, never used to
 * decode.  The fields of a layout tile its word, lowest first.
 */
#ifndef IOMMUSIM_BASE_FIELDS_H
#define IOMMUSIM_BASE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_IS_NUMBER,
	FIELD_IS_ADDRESS, /* of something in memory: its bits stand where they count */
	FIELD_IS_IGNORED, /* by hardware; name is the bits' */
	FIELD_IS_RESERVED,
};

struct field {
	const char *name;
	uint64_t mask;
	enum field_kind kind;
	const char *meaning[8]; /* of the values of a field of at most three bits; NULL: none is given */
};

struct layout {
	const char *name; /* "SS-PTE"; NULL: a word of a structure that has a name */
	const struct field *field;
	size_t count;
};

/* An entry of a table of fields: FIELD_NUMBER(VTD_SSPTE, R) is VTD_SSPTE_R; a choice's meanings follow. */
/* clang-format off */
#define FIELD_NUMBER(layout, name)      { #name, layout##_##name, FIELD_IS_NUMBER, { NULL } }
#define FIELD_CHOICE(layout, name, ...) { #name, layout##_##name, FIELD_IS_NUMBER, { __VA_ARGS__ } }
#define FIELD_ADDRESS(layout, name)     { #name, layout##_##name, FIELD_IS_ADDRESS, { NULL } }
#define FIELD_IGNORED(layout, name)     { #name, layout##_##name, FIELD_IS_IGNORED, { NULL } }
#define FIELD_RESERVED(layout, name)    { #name, layout##_##name, FIELD_IS_RESERVED, { NULL } }

#define LAYOUT_OF(name, fields) { name, fields, sizeof(fields) / sizeof((fields)[0]) }
/* clang-format on */

#endif
