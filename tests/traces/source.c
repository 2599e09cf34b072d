/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/source.h"

#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "models/base/random.h"
#include "tests/suite.h"
#include "tests/traces/importing.h"

static char *pack_xz(const char *text, size_t length, size_t *packed)
{
	size_t room = lzma_stream_buffer_bound(length);
	uint8_t *out = malloc(room);
	*packed = 0;
	ck_assert_int_eq(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)text, length, out, packed,
						 room),
			 LZMA_OK);
	return (char *)out;
}

static char *pack_gzip(const char *text, size_t length, size_t *packed)
{
	z_stream gzip = { 0 };
	ck_assert_int_eq(deflateInit2(&gzip, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&gzip, length);
	char *out = malloc(room);
	gzip.next_in = (Bytef *)text;
	gzip.avail_in = (uInt)length;
	gzip.next_out = (Bytef *)out;
	gzip.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&gzip, Z_FINISH), Z_STREAM_END);
	*packed = gzip.total_out;
	deflateEnd(&gzip);
	return out;
}

/* Lines of random lengths, some MiB of them. */
static char *make_text(size_t *length)
{
	struct random random;
	random_init(&random, 5);
	char *text = malloc(4u << 20);
	*length = 0;
	while (*length < 3u << 20) {
		size_t line = (size_t)random_below(&random, random_below(&random, 50) ? 200 : 100000);
		for (size_t i = 0; i < line; i++)
			text[(*length)++] = (char)('a' + random_below(&random, 26));
		text[(*length)++] = '\n';
	}
	return text;
}

/* Reads the file and compares every line with the text. */
static void check_lines(const char *path, const char *text, size_t length)
{
	struct err err = { .kind = ERR_NONE };
	struct source *source = source_open(path, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
	struct source_text line;
	const char *at = text;
	uint64_t number = 0;
	while (source_line(source, &line, &err)) {
		const char *newline = memchr(at, '\n', (size_t)(text + length - at));
		ck_assert_uint_eq(line.length, (size_t)(newline - at));
		ck_assert(!memcmp(line.at, at, line.length));
		ck_assert_uint_eq(source_line_number(source), ++number);
		ck_assert(!source_line_is_cut(source));
		at = newline + 1;
	}
	ck_assert_msg(err.kind == ERR_NONE, "%s", err.text);
	ck_assert_ptr_eq(at, text + length);
	ck_assert_uint_eq(source_crc64(source), lzma_crc64((const uint8_t *)text, length, 0));
	source_close(source);
}

START_TEST(plain_and_packed_files_have_the_same_lines)
{
	struct imported files;
	importing_begin(&files);
	size_t length, packed;
	char *text = make_text(&length);
	check_lines(importing_write(&files, "plain", text, length), text, length);
	char *out = pack_xz(text, length, &packed);
	check_lines(importing_write(&files, "x", out, packed), text, length);
	free(out);
	out = pack_gzip(text, length, &packed);
	check_lines(importing_write(&files, "g", out, packed), text, length);
	free(out);
	free(text);
	importing_end(&files);
}
END_TEST

START_TEST(packed_files_one_after_the_other_are_one_text)
{
	struct imported files;
	importing_begin(&files);
	size_t first, second;
	char *a = pack_gzip("one\ntw", 6, &first), *b = pack_gzip("o\nthree\n", 8, &second);
	char *both = malloc(first + second);
	memcpy(both, a, first);
	memcpy(both + first, b, second);
	check_lines(importing_write(&files, "g", both, first + second), "one\ntwo\nthree\n", 14);
	free(a);
	free(b);
	free(both);
	a = pack_xz("one\ntw", 6, &first);
	b = pack_xz("o\nthree\n", 8, &second);
	both = malloc(first + second);
	memcpy(both, a, first);
	memcpy(both + first, b, second);
	check_lines(importing_write(&files, "x", both, first + second), "one\ntwo\nthree\n", 14);
	free(a);
	free(b);
	free(both);
	importing_end(&files);
}
END_TEST

START_TEST(a_last_line_without_newline_is_a_cut_line)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	struct source *source = source_open(importing_write(&files, "t", "one\r\ntwo", 8), &err);
	struct source_text line;
	ck_assert(source_line(source, &line, &err));
	ck_assert_uint_eq(line.length, 3); /* no carriage return */
	ck_assert(!source_line_is_cut(source));
	ck_assert(source_line(source, &line, &err));
	ck_assert(!memcmp(line.at, "two", 3));
	ck_assert(source_line_is_cut(source));
	ck_assert(!source_line(source, &line, &err));
	ck_assert(!source_line(source, &line, &err));
	ck_assert_int_eq(err.kind, ERR_NONE);
	source_close(source);
	importing_end(&files);
}
END_TEST

/* Reads the file to its error. */
static void expect_error(const char *path, const char *part)
{
	struct err err = { .kind = ERR_NONE };
	struct source *source = source_open(path, &err);
	struct source_text line;
	while (source && source_line(source, &line, &err))
		;
	source_close(source);
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_msg(strstr(err.text, part) && !strncmp(err.text, path, strlen(path)), "%s", err.text);
}

START_TEST(damaged_files_are_named_with_the_byte)
{
	struct imported files;
	importing_begin(&files);
	size_t length, packed;
	char *text = make_text(&length), part[64];
	char *out = pack_xz(text, length, &packed);
	snprintf(part, sizeof(part), "ends early at byte %zu:", packed / 2);
	expect_error(importing_write(&files, "x", out, packed / 2), part);
	memset(out + 300000, 0x55, 64);
	expect_error(importing_write(&files, "x", out, packed), "the .xz data is damaged at byte 3");
	free(out);
	out = pack_gzip(text, length, &packed);
	snprintf(part, sizeof(part), "ends early at byte %zu:", packed - 4);
	expect_error(importing_write(&files, "g", out, packed - 4), part);
	memset(out + 100000, 0xff, 64);
	expect_error(importing_write(&files, "g", out, packed), "the .gz data is damaged at byte ");
	free(out);
	free(text);
	importing_end(&files);
}
END_TEST

START_TEST(what_cannot_be_text_is_refused)
{
	struct imported files;
	importing_begin(&files);
	expect_error(importing_write(&files, "e", "", 0), "is empty");
	expect_error(importing_write(&files, "d", "\x17\x08\x44tracing6", 11), "trace-cmd report");
	expect_error(files.folder, "directory");
	char *zeros = calloc(1, 2u << 20);
	expect_error(importing_write(&files, "z", zeros, 2u << 20), ":1: the line is longer than");
	free(zeros);
	snprintf(files.text, sizeof(files.text), "%s/none", files.folder);
	expect_error(files.text, "No such file");
	importing_end(&files);
}
END_TEST

START_TEST(a_source_can_be_closed_at_any_line)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	size_t length;
	char *text = make_text(&length);
	const char *path = importing_write(&files, "plain", text, length);
	for (unsigned lines = 0; lines < 2000; lines = 3 * lines + 1) {
		struct source *source = source_open(path, &err);
		struct source_text line;
		for (unsigned i = 0; i < lines; i++)
			ck_assert(source_line(source, &line, &err));
		source_close(source);
	}
	free(text);
	importing_end(&files);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		plain_and_packed_files_have_the_same_lines,
		packed_files_one_after_the_other_are_one_text,
		a_last_line_without_newline_is_a_cut_line,
		damaged_files_are_named_with_the_byte,
		what_cannot_be_text_is_refused,
		a_source_can_be_closed_at_any_line,
		NULL,
	};
	return suite_run("source", tests);
}
