/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as nodes that know their line and column.  Reads one document,
 * refuses what a reader would overlook (duplicate and unknown keys, a second
 * document) and words every error as "FILE:LINE:COLUMN: ...".  What keys mean is the
 * caller's.
 */
#ifndef IOMMUSIM_SCENARIOS_DOCUMENT_H
#define IOMMUSIM_SCENARIOS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "models/base/err.h"

struct document {
	char path[512];
	char *text; /* the file, NUL-terminated; owned */
	size_t bytes;
	bool parsed;
	yaml_document_t yaml;
};

/* When false there is nothing to free. */
bool document_read(struct document *document, const char *path, struct err *err);
/* The same with a text that was read before; path is for errors. */
bool document_read_text(struct document *document, const char *path, const char *text, struct err *err);
/* May be called again, and on a zeroed document. */
void document_fini(struct document *document);

yaml_node_t *document_root(struct document *document);

/* A node's number in its document: the same whenever the same text is read; the first is 1. */
int document_number(struct document *document, const yaml_node_t *node);
yaml_node_t *document_node(struct document *document, int number);

#define DOCUMENT_PLACE 560u /* bytes of a place: path, line and column */

/* "scenarios/x.yaml:12:3" */
void document_place(const struct document *document, const yaml_node_t *node, char place[DOCUMENT_PLACE]);

/* Sets the error at the node; returns false. */
bool document_refuse(const struct document *document, const yaml_node_t *node, struct err *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The text of a scalar that is not empty, or NULL and *err: "key 'what' needs a value". */
const char *document_scalar(const struct document *document, const yaml_node_t *node, const char *what,
			    struct err *err);

/* As document_scalar, copied to text; an error when it does not fit. */
bool document_copy(const struct document *document, const yaml_node_t *node, const char *what, char *text, size_t size,
		   struct err *err);

/* The folder of the document's file: "." for a bare name. */
void document_folder(const struct document *document, char folder[512]);

/* The scalar as a path relative to that folder. */
bool document_path(const struct document *document, const yaml_node_t *node, const char *what, char path[512],
		   struct err *err);

/* Elements of a mapping or a sequence. */
struct document_item {
	yaml_node_t *key; /* NULL in a sequence */
	const char *name; /* the key's text; NULL in a sequence */
	yaml_node_t *value;
};

/* Begins at *next = 0; false at the end. */
bool document_next(struct document *document, const yaml_node_t *node, size_t *next, struct document_item *item);

/* True for a mapping whose keys are scalars, each given once; else *err says what `what` needs. */
bool document_is_mapping(struct document *document, const yaml_node_t *node, const char *what, struct err *err);

/* A key that a mapping may have; value and at are filled. */
struct document_field {
	const char *name;
	bool required;
	const yaml_node_t *at; /* the key; NULL: absent */
	yaml_node_t *value;
};

/* Fills fields from the mapping; unknown, duplicate and missing keys are errors. */
bool document_fields(struct document *document, const yaml_node_t *node, const char *what,
		     struct document_field *fields, size_t count, struct err *err);

#endif
