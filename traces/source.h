/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text file read line by line in constant memory, whether plain, .xz or .gz
 * (told by its first bytes, not by its name).
 */
#ifndef IOMMUSIM_TRACES_SOURCE_H
#define IOMMUSIM_TRACES_SOURCE_H

#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "models/base/err.h"

/* The longest line: longer ones are an error (a dma_map_sg line of 128 entries has some 5 KB). */
#define SOURCE_LINE_BYTES (UINT64_C(1) << 19)

enum source_packing { SOURCE_PLAIN, SOURCE_XZ, SOURCE_GZIP };

struct source {
	const char *path; /* the caller's */
	int fd;
	enum source_packing packing;
	lzma_stream xz;
	z_stream gzip;
	unsigned char *in;
	size_t in_next, in_filled;
	uint64_t bytes_read; /* of the file, compressed as it is */
	char *text;
	size_t text_next, text_filled;
	uint64_t crc64; /* of the text up to text_filled */
	uint64_t line;  /* number of the last line handed out, from 1 */
	bool ended;     /* all text is in `text` */
	bool cut;       /* the last line handed out had no newline at its end */
};

/* A line without its newline, valid until the next is asked for.  Not terminated by a zero. */
struct source_text {
	const char *at;
	size_t length;
};

bool source_init(struct source *source, const char *path, struct err *err);
/* False at the end, or on an error (then err->kind is set): it names the file and the byte. */
bool source_line(struct source *source, struct source_text *line, struct err *err);
void source_fini(struct source *source);

#endif
