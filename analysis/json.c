/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/json.h"

#include "analysis/quantity.h"

/* Bytes of the well-formed UTF-8 sequence that text begins with; 0 when there is none.  (Unicode, table 3-7) */
static unsigned utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first, last; /* of the leading byte */
		unsigned char second_first, second_last;
		unsigned length;
	} form[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		if (text[0] < form[i].first || text[0] > form[i].last)
			continue;
		if (form[i].length > 1 && (text[1] < form[i].second_first || text[1] > form[i].second_last))
			return 0;
		for (unsigned byte = 2; byte < form[i].length; byte++)
			if (text[byte] < 0x80 || text[byte] > 0xbf)
				return 0;
		return form[i].length;
	}
	return 0;
}

static void write_string(FILE *out, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;

	fputc('"', out);
	while (*text) {
		unsigned length = utf8_length(text);

		if (length == 0) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (*text == '"' || *text == '\\') {
			fprintf(out, "\\%c", *text);
		} else if (*text == '\n') {
			fputs("\\n", out);
		} else if (*text < 0x20) {
			fprintf(out, "\\u%04x", *text);
		} else {
			fwrite(text, 1, length, out);
		}
		text += length;
	}
	fputc('"', out);
}

static void begin_value(struct json *json, const char *key)
{
	if (!json->first && json->depth > 0)
		fputc(',', json->out);
	if (json->arrays == 0 && json->depth > 0)
		fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
	else if (!json->first && json->depth > 0)
		fputc(' ', json->out);
	json->first = false;
	if (key) {
		write_string(json->out, key);
		fputs(": ", json->out);
	}
}

void json_object(struct json *json, const char *key)
{
	begin_value(json, key);
	fputc('{', json->out);
	json->depth++;
	json->first = true;
}

void json_object_end(struct json *json)
{
	json->depth--;
	if (!json->first && json->arrays == 0)
		fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
	fputs(json->depth == 0 ? "}\n" : "}", json->out);
	json->first = false;
}

void json_array(struct json *json, const char *key)
{
	begin_value(json, key);
	fputc('[', json->out);
	json->depth++;
	json->arrays++;
	json->first = true;
}

void json_array_end(struct json *json)
{
	json->depth--;
	json->arrays--;
	fputc(']', json->out);
	json->first = false;
}

void json_number(struct json *json, const char *key, u128_t value)
{
	char text[QUANTITY_TEXT];

	quantity_digits(text, value);
	begin_value(json, key);
	fputs(text, json->out);
}

void json_text(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	write_string(json->out, text);
}
