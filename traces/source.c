/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_BYTES (UINT64_C(1) << 16)
#define TEXT_BYTES (2 * SOURCE_LINE_BYTES)

static bool read_more(struct source *source, struct err *err)
{
	ssize_t got;
	do {
		got = read(source->fd, source->in, IN_BYTES);
	} while (got < 0 && errno == EINTR);
	source->in_next = 0;
	source->in_filled = got > 0 ? (size_t)got : 0;
	source->bytes_read += source->in_filled;
	return got >= 0 || err_set(err, ERR_FILE, "%s: cannot be read at byte %llu: %s", source->path,
				   (unsigned long long)source->bytes_read, strerror(errno));
}

static bool init_packing(struct source *source, struct err *err)
{
	static const unsigned char XZ[6] = {0xfd, '7', 'z', 'X', 'Z', 0};
	static const unsigned char GZIP[2] = {0x1f, 0x8b};
	static const unsigned char TRACE_DAT[10] = "\x17\x08\x44tracing";
	if (source->in_filled == 0)
		return err_set(err, ERR_FILE, "%s: is empty", source->path);
	bool ok = true;
	if (source->in_filled >= sizeof(XZ) && !memcmp(source->in, XZ, sizeof(XZ))) {
		source->packing = SOURCE_XZ;
		ok = lzma_stream_decoder(&source->xz, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK;
	} else if (source->in_filled >= sizeof(GZIP) && !memcmp(source->in, GZIP, sizeof(GZIP))) {
		source->packing = SOURCE_GZIP;
		ok = inflateInit2(&source->gzip, 15 + 16) == Z_OK;
	} else if (source->in_filled >= sizeof(TRACE_DAT) && !memcmp(source->in, TRACE_DAT, sizeof(TRACE_DAT))) {
		return err_set(err, ERR_FILE, "%s: is a binary trace.dat: make text of it with `trace-cmd report -R`",
			       source->path);
	}
	return ok || err_set(err, ERR_FILE, "%s: no memory to unpack it", source->path);
}

bool source_init(struct source *source, const char *path, struct err *err)
{
	*source = (struct source){.path = path, .xz = LZMA_STREAM_INIT};
	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0)
		return err_set(err, ERR_FILE, "%s: %s", path, strerror(errno));
	source->in = malloc(IN_BYTES);
	source->text = malloc(TEXT_BYTES);
	bool ok = (source->in && source->text) || err_set(err, ERR_FILE, "%s: out of memory", path);
	ok = ok && read_more(source, err) && init_packing(source, err);
	if (!ok)
		source_fini(source);
	return ok;
}

void source_fini(struct source *source)
{
	lzma_end(&source->xz);
	if (source->packing == SOURCE_GZIP)
		inflateEnd(&source->gzip);
	if (source->fd >= 0)
		close(source->fd);
	free(source->in);
	free(source->text);
	*source = (struct source){.fd = -1, .xz = LZMA_STREAM_INIT};
}

static bool damaged(const struct source *source, const char *what, struct err *err)
{
	uint64_t at = source->bytes_read - source->in_filled + source->in_next;
	return err_set(err, ERR_FILE, "%s: %s at byte %llu: copy it again from where it was recorded", source->path,
		       what, (unsigned long long)at);
}

/* Each of the unpackers moves bytes from `in` to `text` and sets `ended` after the last. */

static bool unpack_plain(struct source *source)
{
	size_t room = TEXT_BYTES - source->text_filled, left = source->in_filled - source->in_next;
	size_t count = left < room ? left : room;
	memcpy(source->text + source->text_filled, source->in + source->in_next, count);
	source->in_next += count;
	source->text_filled += count;
	source->ended = source->in_filled == 0;
	return true;
}

static bool unpack_xz(struct source *source, struct err *err)
{
	lzma_stream *xz = &source->xz;
	xz->next_in = source->in + source->in_next;
	xz->avail_in = source->in_filled - source->in_next;
	xz->next_out = (uint8_t *)source->text + source->text_filled;
	xz->avail_out = TEXT_BYTES - source->text_filled;
	lzma_ret result = lzma_code(xz, source->in_filled == 0 ? LZMA_FINISH : LZMA_RUN);
	source->in_next = source->in_filled - xz->avail_in;
	source->text_filled = TEXT_BYTES - xz->avail_out;
	source->ended = result == LZMA_STREAM_END;
	if (result == LZMA_OK || result == LZMA_STREAM_END)
		return true;
	if (result == LZMA_MEM_ERROR)
		return err_set(err, ERR_FILE, "%s: no memory to unpack it", source->path);
	return damaged(source, result == LZMA_BUF_ERROR ? "the .xz data ends early" : "the .xz data is damaged", err);
}

static bool unpack_gzip(struct source *source, struct err *err)
{
	z_stream *gzip = &source->gzip;
	gzip->next_in = source->in + source->in_next;
	gzip->avail_in = (uInt)(source->in_filled - source->in_next);
	gzip->next_out = (Bytef *)source->text + source->text_filled;
	gzip->avail_out = (uInt)(TEXT_BYTES - source->text_filled);
	if (source->in_filled == 0) {
		/* The file's end is right only between two members. */
		source->ended = gzip->total_in == 0;
		return source->ended || damaged(source, "the .gz data ends early", err);
	}
	int result = inflate(gzip, Z_NO_FLUSH);
	source->in_next = source->in_filled - gzip->avail_in;
	source->text_filled = TEXT_BYTES - gzip->avail_out;
	if (result == Z_STREAM_END)
		result = inflateReset(gzip); /* another member may follow */
	return result == Z_OK || result == Z_BUF_ERROR || damaged(source, "the .gz data is damaged", err);
}

/* Fills `text` behind what is left of it. */
static bool fill(struct source *source, struct err *err)
{
	size_t left = source->text_filled - source->text_next;
	memmove(source->text, source->text + source->text_next, left);
	source->text_next = 0;
	source->text_filled = left;
	bool ok = true;
	while (ok && !source->ended && source->text_filled < TEXT_BYTES) {
		if (source->in_next == source->in_filled)
			ok = read_more(source, err);
		if (ok && source->packing == SOURCE_PLAIN)
			ok = unpack_plain(source);
		else if (ok && source->packing == SOURCE_XZ)
			ok = unpack_xz(source, err);
		else if (ok)
			ok = unpack_gzip(source, err);
	}
	source->crc64 =
		lzma_crc64((const uint8_t *)source->text + left, source->text_filled - left, source->crc64);
	return ok;
}

bool source_line(struct source *source, struct source_text *line, struct err *err)
{
	char *at = source->text + source->text_next;
	char *newline = memchr(at, '\n', source->text_filled - source->text_next);
	if (!newline && !source->ended) {
		if (!fill(source, err))
			return false;
		at = source->text;
		newline = memchr(at, '\n', source->text_filled);
	}
	size_t left = source->text_filled - source->text_next;
	if (!newline && left == 0)
		return false;
	line->at = at;
	line->length = newline ? (size_t)(newline - at) : left;
	source->line++;
	if (line->length > SOURCE_LINE_BYTES)
		return err_set(err, ERR_FILE, "%s:%llu: the line is longer than %llu bytes: not a text recording",
			       source->path, (unsigned long long)source->line, (unsigned long long)SOURCE_LINE_BYTES);
	source->cut = !newline;
	source->text_next += line->length + (newline ? 1 : 0);
	if (line->length && at[line->length - 1] == '\r')
		line->length--;
	return true;
}
