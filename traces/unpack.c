/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_BYTES (UINT64_C(1) << 18)

static bool read_more(struct unpack *unpack, struct err *err)
{
	ssize_t got;
	do {
		got = read(unpack->fd, unpack->in, IN_BYTES);
	} while (got < 0 && errno == EINTR);
	unpack->in_next = 0;
	unpack->in_filled = got > 0 ? (size_t)got : 0;
	unpack->bytes_read += unpack->in_filled;
	return got >= 0 || err_set(err, ERR_FILE, "%s: cannot be read at byte %llu: %s", unpack->path,
				   (unsigned long long)unpack->bytes_read, strerror(errno));
}

static bool init_packing(struct unpack *unpack, struct err *err)
{
	static const unsigned char XZ[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
	static const unsigned char GZIP[2] = { 0x1f, 0x8b };
	static const unsigned char TRACE_DAT[10] = "\x17\x08\x44tracing";
	if (unpack->in_filled == 0)
		return err_set(err, ERR_FILE, "%s: is empty", unpack->path);
	bool ok = true;
	if (unpack->in_filled >= sizeof(XZ) && !memcmp(unpack->in, XZ, sizeof(XZ))) {
		ok = lzma_stream_decoder(&unpack->xz, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK;
		unpack->packing = PACKING_XZ;
	} else if (unpack->in_filled >= sizeof(GZIP) && !memcmp(unpack->in, GZIP, sizeof(GZIP))) {
		ok = inflateInit2(&unpack->gzip, 15 + 16) == Z_OK;
		unpack->packing = ok ? PACKING_GZIP : PACKING_NONE;
	} else if (unpack->in_filled >= sizeof(TRACE_DAT) && !memcmp(unpack->in, TRACE_DAT, sizeof(TRACE_DAT))) {
		return err_set(err, ERR_FILE, "%s: is a binary trace.dat: make text of it with `trace-cmd report`",
			       unpack->path);
	}
	return ok || err_set(err, ERR_FILE, "%s: no memory to unpack it", unpack->path);
}

bool unpack_init(struct unpack *unpack, const char *path, struct err *err)
{
	*unpack = (struct unpack){ .path = path, .xz = LZMA_STREAM_INIT };
	unpack->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (unpack->fd < 0)
		return err_set(err, ERR_FILE, "%s: %s", path, strerror(errno));
	unpack->in = malloc(IN_BYTES);
	bool ok = unpack->in || err_set(err, ERR_FILE, "%s: out of memory", path);
	ok = ok && read_more(unpack, err) && init_packing(unpack, err);
	if (!ok)
		unpack_fini(unpack);
	return ok;
}

void unpack_fini(struct unpack *unpack)
{
	lzma_end(&unpack->xz);
	if (unpack->packing == PACKING_GZIP)
		inflateEnd(&unpack->gzip);
	if (unpack->fd >= 0)
		close(unpack->fd);
	free(unpack->in);
	*unpack = (struct unpack){ .fd = -1, .xz = LZMA_STREAM_INIT };
}

static bool damaged(const struct unpack *unpack, const char *what, struct err *err)
{
	uint64_t at = unpack->bytes_read - unpack->in_filled + unpack->in_next;
	return err_set(err, ERR_FILE, "%s: %s at byte %llu: copy it again from where it was recorded", unpack->path,
		       what, (unsigned long long)at);
}

/* Each of these moves bytes from `in` to `to`, counts them, and sets `ended` after the last. */

static bool step_plain(struct unpack *unpack, char *to, size_t room, size_t *moved)
{
	size_t left = unpack->in_filled - unpack->in_next;
	*moved = left < room ? left : room;
	memcpy(to, unpack->in + unpack->in_next, *moved);
	unpack->in_next += *moved;
	unpack->ended = unpack->in_filled == 0;
	return true;
}

static bool step_xz(struct unpack *unpack, char *to, size_t room, size_t *moved, struct err *err)
{
	lzma_stream *xz = &unpack->xz;
	xz->next_in = unpack->in + unpack->in_next;
	xz->avail_in = unpack->in_filled - unpack->in_next;
	xz->next_out = (uint8_t *)to;
	xz->avail_out = room;
	lzma_ret result = lzma_code(xz, unpack->in_filled == 0 ? LZMA_FINISH : LZMA_RUN);
	unpack->in_next = unpack->in_filled - xz->avail_in;
	*moved = room - xz->avail_out;
	unpack->ended = result == LZMA_STREAM_END;
	if (result == LZMA_OK || result == LZMA_STREAM_END)
		return true;
	if (result == LZMA_MEM_ERROR)
		return err_set(err, ERR_FILE, "%s: no memory to unpack it", unpack->path);
	return damaged(unpack, result == LZMA_BUF_ERROR ? "the .xz data ends early" : "the .xz data is damaged", err);
}

static bool step_gzip(struct unpack *unpack, char *to, size_t room, size_t *moved, struct err *err)
{
	z_stream *gzip = &unpack->gzip;
	if (unpack->in_filled == 0) {
		/* The file's end is right only between two members. */
		unpack->ended = gzip->total_in == 0;
		*moved = 0;
		return unpack->ended || damaged(unpack, "the .gz data ends early", err);
	}
	gzip->next_in = unpack->in + unpack->in_next;
	gzip->avail_in = (uInt)(unpack->in_filled - unpack->in_next);
	gzip->next_out = (Bytef *)to;
	gzip->avail_out = (uInt)room;
	int result = inflate(gzip, Z_NO_FLUSH);
	unpack->in_next = unpack->in_filled - gzip->avail_in;
	*moved = room - gzip->avail_out;
	if (result == Z_STREAM_END)
		result = inflateReset(gzip); /* another member may follow */
	return result == Z_OK || result == Z_BUF_ERROR || damaged(unpack, "the .gz data is damaged", err);
}

bool unpack_read(struct unpack *unpack, char *to, size_t room, size_t *got, struct err *err)
{
	bool ok = true;
	*got = 0;
	while (ok && !unpack->ended && *got < room) {
		size_t moved = 0;
		if (unpack->in_next == unpack->in_filled)
			ok = read_more(unpack, err);
		if (ok && unpack->packing == PACKING_NONE)
			ok = step_plain(unpack, to + *got, room - *got, &moved);
		else if (ok && unpack->packing == PACKING_XZ)
			ok = step_xz(unpack, to + *got, room - *got, &moved, err);
		else if (ok)
			ok = step_gzip(unpack, to + *got, room - *got, &moved, err);
		*got += moved;
	}
	return ok;
}
