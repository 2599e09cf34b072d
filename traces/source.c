/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/source.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "traces/unpack.h"

#define TEXT_BYTES (UINT64_C(1) << 20)

/* Room before the text takes what is left of a line of the block before. */
struct block {
	char *room; /* [SOURCE_LINE_BYTES + TEXT_BYTES] */
	size_t filled;
	uint64_t crc64, bytes_read; /* of all the text up to this block's end */
	bool full;                  /* the reader's; else the unpacker's */
	bool last;                  /* nothing comes after, or an error does */
	struct err err;
};

struct source {
	const char *path;
	struct unpack unpack;
	struct block block[2];
	pthread_t thread;
	pthread_mutex_t lock; /* of every block's `full`, and of `stop` */
	pthread_cond_t turned;
	bool stop;
	/* The reader's. */
	struct block *current; /* NULL before the first */
	const char *next, *end;
	uint64_t line;
	bool cut;
};

/* Waits until the block is full (or empty), or the source is closed; false then. */
static bool wait_until(struct source *source, const struct block *block, bool full)
{
	pthread_mutex_lock(&source->lock);
	while (block->full != full && !source->stop)
		pthread_cond_wait(&source->turned, &source->lock);
	bool go = !source->stop;
	pthread_mutex_unlock(&source->lock);
	return go;
}

static void hand_over(struct source *source, struct block *block, bool full)
{
	pthread_mutex_lock(&source->lock);
	block->full = full;
	pthread_cond_signal(&source->turned);
	pthread_mutex_unlock(&source->lock);
}

static void *unpack_blocks(void *argument)
{
	struct source *source = argument;
	uint64_t crc64 = 0;
	bool more = true;
	for (unsigned turn = 0; more; turn ^= 1) {
		struct block *block = &source->block[turn];
		if (!wait_until(source, block, false))
			break;
		char *text = block->room + SOURCE_LINE_BYTES;
		more = unpack_read(&source->unpack, text, TEXT_BYTES, &block->filled, &block->err) &&
		       !source->unpack.ended;
		crc64 = lzma_crc64((const uint8_t *)text, block->filled, crc64);
		block->crc64 = crc64;
		block->bytes_read = source->unpack.bytes_read;
		block->last = !more;
		hand_over(source, block, true);
	}
	return NULL;
}

/* Signals are for the caller's threads. */
static bool start_thread(struct source *source)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool ok = pthread_create(&source->thread, NULL, unpack_blocks, source) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

static void release(struct source *source)
{
	pthread_mutex_destroy(&source->lock);
	pthread_cond_destroy(&source->turned);
	free(source->block[0].room);
	free(source->block[1].room);
	free(source);
}

struct source *source_open(const char *path, struct err *err)
{
	struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		err_set(err, ERR_FILE, "%s: out of memory", path);
		return NULL;
	}
	source->path = path;
	pthread_mutex_init(&source->lock, NULL);
	pthread_cond_init(&source->turned, NULL);
	for (unsigned i = 0; i < 2; i++)
		source->block[i].room = malloc(SOURCE_LINE_BYTES + TEXT_BYTES);
	bool ok = (source->block[0].room && source->block[1].room) || err_set(err, ERR_FILE, "%s: out of memory", path);
	if (ok && unpack_init(&source->unpack, path, err)) {
		if (start_thread(source))
			return source;
		err_set(err, ERR_FILE, "%s: no thread to unpack it", path);
		unpack_fini(&source->unpack);
	}
	release(source);
	return NULL;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	pthread_mutex_lock(&source->lock);
	source->stop = true;
	pthread_cond_broadcast(&source->turned);
	pthread_mutex_unlock(&source->lock);
	pthread_join(source->thread, NULL);
	unpack_fini(&source->unpack);
	release(source);
}

/* The next block, with what is left of this one before it.  False when there is none. */
static bool turn(struct source *source, struct err *err)
{
	struct block *before = source->current;
	if (before && before->last)
		return false;
	struct block *block = before == &source->block[0] ? &source->block[1] : &source->block[0];
	wait_until(source, block, true);
	size_t left = (size_t)(source->end - source->next);
	char *text = block->room + SOURCE_LINE_BYTES;
	if (left > SOURCE_LINE_BYTES)
		return err_set(err, ERR_FILE, "%s:%llu: the line is longer than %llu bytes: not a text recording",
			       source->path, (unsigned long long)source->line + 1,
			       (unsigned long long)SOURCE_LINE_BYTES);
	if (left)
		memcpy(text - left, source->next, left);
	source->next = text - left;
	source->end = text + block->filled;
	source->current = block;
	if (before)
		hand_over(source, before, false);
	if (block->err.kind == ERR_NONE)
		return true;
	return err_set(err, block->err.kind, "%s", block->err.text);
}

bool source_line(struct source *source, struct source_text *line, struct err *err)
{
	const char *newline = NULL;
	while (!newline) {
		size_t left = (size_t)(source->end - source->next);
		newline = left ? memchr(source->next, '\n', left) : NULL;
		if (!newline && !turn(source, err)) {
			if (err->kind != ERR_NONE || !left)
				return false;
			break;
		}
	}
	const char *end = newline ? newline : source->end;
	*line = (struct source_text){ .at = source->next, .length = (size_t)(end - source->next) };
	source->next = newline ? newline + 1 : end;
	source->cut = !newline;
	source->line++;
	if (line->length && line->at[line->length - 1] == '\r')
		line->length--;
	return true;
}

uint64_t source_line_number(const struct source *source)
{
	return source->line;
}

bool source_line_is_cut(const struct source *source)
{
	return source->cut;
}

uint64_t source_bytes_read(const struct source *source)
{
	return source->current ? source->current->bytes_read : 0;
}

uint64_t source_crc64(const struct source *source)
{
	return source->current ? source->current->crc64 : 0;
}
