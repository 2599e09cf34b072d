/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/recorded/recorded.h"

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool fine, const char *path)
{
	if (fine)
		return;
	fprintf(stderr, "%s: unreadable\n", path);
	abort();
}

static char *read_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return NULL;
	must(fseek(file, 0, SEEK_END) == 0, path);

	long length = ftell(file);
	char *text = malloc((size_t)length + 1);

	must(length >= 0 && text, path);
	rewind(file);
	*bytes = fread(text, 1, (size_t)length, file);
	must(*bytes == (size_t)length, path);
	text[*bytes] = 0;
	fclose(file);
	return text;
}

static char *unpack(const char *path, const char *packed, size_t packed_bytes, size_t *bytes)
{
	lzma_stream xz = LZMA_STREAM_INIT;
	size_t capacity = 8 * packed_bytes + 4096;
	char *text = malloc(capacity + 1);
	lzma_ret ret = lzma_stream_decoder(&xz, UINT64_MAX, LZMA_CONCATENATED);

	must(ret == LZMA_OK && text, path);
	xz.next_in = (const uint8_t *)packed;
	xz.avail_in = packed_bytes;
	xz.next_out = (uint8_t *)text;
	xz.avail_out = capacity;
	while ((ret = lzma_code(&xz, LZMA_FINISH)) == LZMA_OK) {
		if (xz.avail_out > 0)
			continue;

		size_t filled = capacity;

		capacity *= 2;
		text = realloc(text, capacity + 1);
		must(text, path);
		xz.next_out = (uint8_t *)text + filled;
		xz.avail_out = capacity - filled;
	}
	must(ret == LZMA_STREAM_END, path);
	*bytes = capacity - xz.avail_out;
	text[*bytes] = 0;
	lzma_end(&xz);
	return text;
}

char *recorded_read(const char *path, size_t *bytes)
{
	static const char magic[6] = { (char)0xfd, '7', 'z', 'X', 'Z', 0 };
	size_t packed_bytes;
	char *packed = read_file(path, &packed_bytes);

	if (packed && packed_bytes >= sizeof(magic) && memcmp(packed, magic, sizeof(magic)) == 0) {
		char *text = unpack(path, packed, packed_bytes, bytes);

		free(packed);
		return text;
	}
	*bytes = packed ? packed_bytes : 0;
	return packed;
}

char *recorded_line(char **at)
{
	char *line = *at;

	if (!line || !*line)
		return NULL;
	*at = strchr(line, '\n');
	if (*at)
		*(*at)++ = 0;
	return line;
}

void recorded_skip(const char *test)
{
	printf("skipped: %s: no recordings\n", test);
}

bool recorded_next_leaf(char **at, struct recorded_leaf *leaf)
{
	char *line = recorded_line(at);

	if (line && strncmp(line, "sid,", 4) == 0)
		line = recorded_line(at);
	if (!line)
		return false;

	char *field[11];

	for (size_t i = 0; i < 11; i++) {
		field[i] = strsep(&line, ",");
		must(field[i], "map.csv");
	}
	leaf->source_id = (unsigned)strtoul(field[0], NULL, 16);
	leaf->first_stage = strcmp(field[3], "FL") == 0;
	leaf->level = (unsigned)strtoul(field[4], NULL, 10) - 1;
	leaf->iova = strtoull(field[5], NULL, 16);
	leaf->bytes = strtoull(field[6], NULL, 16);
	leaf->output = strtoull(field[7], NULL, 16);
	leaf->read = field[8][0] == 'R';
	leaf->write = field[8][1] == 'W';
	leaf->word = strtoull(field[9], NULL, 16);
	leaf->word_address = strtoull(field[10], NULL, 16);
	return true;
}
