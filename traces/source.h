/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text file, packed or not, read line by line in constant memory.  A thread
 * of its own unpacks and sums the next block while the caller works on this one.
 */
#ifndef IOMMUSIM_TRACES_SOURCE_H
#define IOMMUSIM_TRACES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"

/* The longest line: longer ones are an error (a dma_map_sg line of 128 entries has some 5 KB). */
#define SOURCE_LINE_BYTES (UINT64_C(1) << 18)

struct source;

/* A line without its newline, valid until the next is asked for.  Not terminated by a zero. */
struct source_text {
	const char *at;
	size_t length;
};

/* NULL and *err when it cannot be opened or is empty.  path must stay valid. */
struct source *source_open(const char *path, struct err *err);
void source_close(struct source *source);

/* False at the end, or on an error (then err->kind is set): it names the file and the byte. */
bool source_line(struct source *source, struct source_text *line, struct err *err);

/* Of the last line handed out: its number, from 1, and whether the file ended before its newline. */
uint64_t source_line_number(const struct source *source);
bool source_line_is_cut(const struct source *source);

/* Of the text read so far: its packed length in the file, and its CRC-64 (ECMA-182, as .xz files use it). */
uint64_t source_bytes_read(const struct source *source);
uint64_t source_crc64(const struct source *source);

#endif
