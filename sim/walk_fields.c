/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "models/base/bits.h"
#include "sim/walk.h"

#define COLUMNS 120
#define INDENT  40 /* where fields begin: after the label and the word */

bool walk_is_blank(uint64_t word, const struct layout *layout)
{
	return word == 0 && layout->count == 1 && layout->field[0].kind == FIELD_IS_RESERVED;
}

/* Bits of a field as manuals print them: "11:9", or "7". */
static int print_bits(char *text, size_t size, uint64_t mask)
{
	int low = __builtin_ctzll(mask), high = 63 - __builtin_clzll(mask);

	return high > low ? snprintf(text, size, "%d:%d", high, low) : snprintf(text, size, "%d", low);
}

/* The field's text, empty when it is not worth any: ignored or reserved, and 0. */
static void field_text(char *text, size_t size, const struct field *field, uint64_t word, uint64_t reserved)
{
	uint64_t value = FIELD_GET(field->mask, word);
	bool must_be_0 = field->kind == FIELD_IS_RESERVED || (word & field->mask & reserved);
	char name[32];

	text[0] = '\0';
	if (value == 0 && (field->kind == FIELD_IS_IGNORED || field->kind == FIELD_IS_RESERVED))
		return;
	if (field->kind == FIELD_IS_IGNORED || field->kind == FIELD_IS_RESERVED)
		print_bits(name, sizeof(name), field->mask);
	else
		snprintf(name, sizeof(name), "%s", field->name);

	const char *meaning = value < 8 ? field->meaning[value] : NULL;

	if (must_be_0)
		snprintf(text, size, "!%s=0x%" PRIx64 " (reserved, must be 0)", name,
			 field->kind == FIELD_IS_ADDRESS ? word & field->mask : value);
	else if (field->kind == FIELD_IS_IGNORED)
		snprintf(text, size, "%s=0x%" PRIx64 " (ignored)", name, value);
	else if (field->kind == FIELD_IS_ADDRESS)
		snprintf(text, size, "%s=0x%" PRIx64, name, word & field->mask);
	else if (value < 10)
		snprintf(text, size, "%s=%" PRIu64 "%s%s%s", name, value, meaning ? " (" : "", meaning ? meaning : "",
			 meaning ? ")" : "");
	else
		snprintf(text, size, "%s=0x%" PRIx64, name, value);
}

void walk_print_word(FILE *out, const char *label, uint64_t word, unsigned bytes, const struct layout *layout,
		     uint64_t reserved)
{
	char text[128];
	int column = fprintf(out, "    %-13s 0x%0*" PRIx64, label, (int)bytes * 2, word);

	for (size_t i = 0; i < layout->count; i++) {
		field_text(text, sizeof(text), &layout->field[i], word, reserved);
		if (!text[0])
			continue;
		if (column + 2 + (int)strlen(text) > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column < INDENT - 2)
			column += fprintf(out, "%*s", INDENT - 2 - column, "");
		column += fprintf(out, "  %s", text);
	}
	fputc('\n', out);
}
