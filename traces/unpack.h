/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a file, whether plain, .xz or .gz (told by its first bytes, not by its name). */
#ifndef IOMMUSIM_TRACES_UNPACK_H
#define IOMMUSIM_TRACES_UNPACK_H

#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "models/base/err.h"

enum packing { PACKING_NONE, PACKING_XZ, PACKING_GZIP };

struct unpack {
	const char *path; /* the caller's */
	int fd;
	enum packing packing;
	lzma_stream xz;
	z_stream gzip;
	unsigned char *in;
	size_t in_next, in_filled;
	uint64_t bytes_read; /* of the file, packed as it is */
	bool ended;          /* nothing more will come */
};

bool unpack_init(struct unpack *unpack, const char *path, struct err *err);
/* Fills `to` with up to `room` bytes; fewer only at the end (then ended is set).  Errors name the file and the byte. */
bool unpack_read(struct unpack *unpack, char *to, size_t room, size_t *got, struct err *err);
void unpack_fini(struct unpack *unpack);

#endif
