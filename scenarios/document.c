/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/nearest.h"

#define FILE_BYTES_MAX (1u << 20) /* a scenario is written by hand */

/* ---- errors ---- */

void document_place(const struct document *document, const yaml_node_t *node, char place[DOCUMENT_PLACE])
{
	snprintf(place, DOCUMENT_PLACE, "%s:%zu:%zu", document->path, node->start_mark.line + 1,
		 node->start_mark.column + 1);
}

bool document_refuse(const struct document *document, const yaml_node_t *node, struct err *err, const char *format, ...)
{
	char place[DOCUMENT_PLACE], text[sizeof(err->text)];
	va_list arguments;

	va_start(arguments, format);
	/* The builtin: of the function clang-tidy 14 wrongly says that its va_list is uninitialized. */
	__builtin_vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	document_place(document, node, place);
	return err_set(err, ERR_USAGE, "%s: %s", place, text);
}

/* ---- paths ---- */

void document_folder(const struct document *document, char folder[512])
{
	const char *path = document->path, *slash = strrchr(path, '/');

	if (slash)
		snprintf(folder, 512, "%.*s", slash > path ? (int)(slash - path) : 1, path);
	else
		snprintf(folder, 512, ".");
}

bool document_path(const struct document *document, const yaml_node_t *node, const char *what, char path[512],
		   struct err *err)
{
	const char *text = document_scalar(document, node, what, err);
	char folder[512];

	if (!text)
		return false;
	document_folder(document, folder);

	bool bare = text[0] == '/' || strcmp(folder, ".") == 0;
	int length = snprintf(path, 512, "%s%s%s", bare ? "" : folder, bare ? "" : "/", text);

	if (length < 0 || length >= 512)
		return document_refuse(document, node, err, "%s: path too long", what);
	return true;
}

/* ---- reading ---- */

static bool read_text(struct document *document, struct err *err)
{
	FILE *file = fopen(document->path, "rb");

	if (!file)
		return err_set(err, ERR_FILE, "%s: %s", document->path, strerror(errno));
	document->text = malloc(FILE_BYTES_MAX + 2);
	REQUIRE(document->text);
	document->bytes = fread(document->text, 1, FILE_BYTES_MAX + 1, file);
	document->text[document->bytes] = '\0';

	bool good = !ferror(file) || err_set(err, ERR_FILE, "%s: %s", document->path, strerror(errno));

	fclose(file);
	if (good && document->bytes > FILE_BYTES_MAX)
		return err_set(err, ERR_FILE, "%s: longer than 1 MiB: no scenario or profile", document->path);
	return good;
}

static bool refuse_yaml(const struct document *document, const yaml_parser_t *parser, struct err *err)
{
	const char *problem = parser->problem ? parser->problem : "unreadable";

	if (parser->error == YAML_READER_ERROR)
		return err_set(err, ERR_USAGE, "%s: byte %zu: not YAML: %s", document->path, parser->problem_offset,
			       problem);
	return err_set(err, ERR_USAGE, "%s:%zu:%zu: not YAML: %s", document->path, parser->problem_mark.line + 1,
		       parser->problem_mark.column + 1, problem);
}

/* Only one document may stand in the file. */
static bool refuse_second(const struct document *document, yaml_parser_t *parser, struct err *err)
{
	yaml_document_t second;

	if (!yaml_parser_load(parser, &second))
		return refuse_yaml(document, parser, err);

	const yaml_node_t *root = yaml_document_get_root_node(&second);
	bool alone = !root || document_refuse(document, root, err, "a second document: a file holds one");

	yaml_document_delete(&second);
	return alone;
}

static bool parse_text(struct document *document, struct err *err)
{
	yaml_parser_t parser;
	bool good = false;

	REQUIRE(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)document->text, document->bytes);
	if (!yaml_parser_load(&parser, &document->yaml)) {
		refuse_yaml(document, &parser, err);
		goto out;
	}
	document->parsed = true;
	if (!yaml_document_get_root_node(&document->yaml)) {
		err_set(err, ERR_USAGE, "%s: empty", document->path);
		goto out;
	}
	good = refuse_second(document, &parser, err);
out:
	yaml_parser_delete(&parser);
	return good;
}

static bool begin(struct document *document, const char *path, struct err *err)
{
	*document = (struct document){ 0 };
	if (strlen(path) >= sizeof(document->path))
		return err_set(err, ERR_FILE, "%.200s...: path too long", path);
	memcpy(document->path, path, strlen(path) + 1);
	return true;
}

bool document_read(struct document *document, const char *path, struct err *err)
{
	if (begin(document, path, err) && read_text(document, err) && parse_text(document, err))
		return true;
	document_fini(document);
	return false;
}

bool document_read_text(struct document *document, const char *path, const char *text, struct err *err)
{
	if (!begin(document, path, err))
		return false;
	document->text = strdup(text);
	REQUIRE(document->text);
	document->bytes = strlen(text);
	if (parse_text(document, err))
		return true;
	document_fini(document);
	return false;
}

void document_fini(struct document *document)
{
	if (document->parsed)
		yaml_document_delete(&document->yaml);
	free(document->text);
	*document = (struct document){ 0 };
}

yaml_node_t *document_root(struct document *document)
{
	return yaml_document_get_root_node(&document->yaml);
}

/* ---- nodes ---- */

int document_number(struct document *document, const yaml_node_t *node)
{
	return (int)(node - document->yaml.nodes.start) + 1;
}

yaml_node_t *document_node(struct document *document, int number)
{
	return yaml_document_get_node(&document->yaml, number);
}

const char *document_scalar(const struct document *document, const yaml_node_t *node, const char *what, struct err *err)
{
	if (node->type != YAML_SCALAR_NODE) {
		document_refuse(document, node, err, "%s must be one value, not a %s", what,
				node->type == YAML_MAPPING_NODE ? "mapping" : "list");
		return NULL;
	}

	const char *text = (const char *)node->data.scalar.value;

	if (node->data.scalar.length == 0 || strlen(text) != node->data.scalar.length) {
		document_refuse(document, node, err, "%s needs a value", what);
		return NULL;
	}
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ') {
			document_refuse(document, node, err, "%s must be one line of text", what);
			return NULL;
		}
	}
	return text;
}

bool document_copy(const struct document *document, const yaml_node_t *node, const char *what, char *text, size_t size,
		   struct err *err)
{
	const char *scalar = document_scalar(document, node, what, err);

	if (!scalar)
		return false;
	if (strlen(scalar) >= size)
		return document_refuse(document, node, err, "%s is too long: at most %zu bytes", what, size - 1);
	memcpy(text, scalar, strlen(scalar) + 1);
	return true;
}

bool document_next(struct document *document, const yaml_node_t *node, size_t *next, struct document_item *item)
{
	if (node->type == YAML_MAPPING_NODE) {
		const yaml_node_pair_t *pair = node->data.mapping.pairs.start + *next;

		if (pair >= node->data.mapping.pairs.top)
			return false;
		item->key = yaml_document_get_node(&document->yaml, pair->key);
		item->name = (const char *)item->key->data.scalar.value;
		item->value = yaml_document_get_node(&document->yaml, pair->value);
	} else {
		const yaml_node_item_t *element = node->data.sequence.items.start + *next;

		REQUIRE(node->type == YAML_SEQUENCE_NODE);
		if (element >= node->data.sequence.items.top)
			return false;
		*item = (struct document_item){ .value = yaml_document_get_node(&document->yaml, *element) };
	}
	++*next;
	return true;
}

bool document_is_mapping(struct document *document, const yaml_node_t *node, const char *what, struct err *err)
{
	if (node->type != YAML_MAPPING_NODE)
		return document_refuse(document, node, err, "%s must be a mapping of keys to values", what);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *key = yaml_document_get_node(&document->yaml, pair->key);
		const char *name = document_scalar(document, key, "a key", err);

		if (!name)
			return false;
		for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < pair; p++) {
			const yaml_node_t *before = yaml_document_get_node(&document->yaml, p->key);

			if (strcmp((const char *)before->data.scalar.value, name) == 0)
				return document_refuse(document, key, err, "duplicate key '%s': first on line %zu",
						       name, before->start_mark.line + 1);
		}
	}
	return true;
}

static struct document_field *field_find(struct document_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

bool document_fields(struct document *document, const yaml_node_t *node, const char *what,
		     struct document_field *fields, size_t count, struct err *err)
{
	struct document_item item;

	if (!document_is_mapping(document, node, what, err))
		return false;
	for (size_t next = 0; document_next(document, node, &next, &item);) {
		REQUIRE(item.name);
		struct document_field *field = field_find(fields, count, item.name);

		if (!field) {
			struct nearest nearest;
			char suggestion[96];

			nearest_begin(&nearest, item.name);
			for (size_t i = 0; i < count; i++)
				nearest_offer(&nearest, fields[i].name, fields[i].name);
			nearest_suggestion(&nearest, suggestion, sizeof(suggestion));
			return document_refuse(document, item.key, err, "unknown key '%s'%s", item.name, suggestion);
		}
		field->at = item.key;
		field->value = item.value;
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !fields[i].at)
			return document_refuse(document, node, err, "%s lacks the key '%s'", what, fields[i].name);
	return true;
}
