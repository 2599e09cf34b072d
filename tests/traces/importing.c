/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/traces/importing.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/require.h"

void importing_begin(struct imported *imported)
{
	memset(imported, 0, sizeof(*imported));
	strcpy(imported->folder, "/tmp/iommusim-test-XXXXXX");
	REQUIRE(mkdtemp(imported->folder));
	snprintf(imported->file, sizeof(imported->file), "%s/trace.h5", imported->folder);
}

const char *importing_write(struct imported *imported, const char *name, const void *bytes, size_t length)
{
	snprintf(imported->text, sizeof(imported->text), "%s/%s", imported->folder, name);
	FILE *file = fopen(imported->text, "w");
	REQUIRE(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
	return imported->text;
}

void importing_run(struct imported *imported, const char *text, const char *meta)
{
	if (meta)
		importing_write(imported, "guest-meta.txt", meta, strlen(meta));
	importing_write(imported, "trace.txt", text, strlen(text));
	imported->err = (struct err){ .kind = ERR_NONE };
	imported->ok = trace_import_ftrace(imported->text, imported->file, NULL, &imported->err);
	if (!imported->ok)
		return;
	imported->trace = trace_open(imported->file, &imported->err);
	REQUIRE(imported->trace);
	imported->summary = *trace_summary(imported->trace);
	struct trace_cursor *cursor = trace_cursor_open(imported->trace, -1);
	for (unsigned row = 0; row < ROWS_MAX && trace_cursor_next(cursor, &imported->op[row], &imported->err); row++)
		;
	trace_cursor_close(cursor);
	uint32_t segments = imported->summary.segments < ROWS_MAX ? (uint32_t)imported->summary.segments : ROWS_MAX;
	REQUIRE(trace_segments(imported->trace, 0, segments, imported->segment, &imported->err));
}

void importing_good(struct imported *imported, const char *text)
{
	importing_begin(imported);
	importing_run(imported, text, NULL);
	if (!imported->ok)
		fprintf(stderr, "%s\n", imported->err.text);
	REQUIRE(imported->ok);
}

void importing_lines(struct imported *imported, ...)
{
	char *text;
	size_t length;
	FILE *all = open_memstream(&text, &length);
	REQUIRE(all);
	va_list lines;
	va_start(lines, imported);
	for (const char *line; (line = va_arg(lines, const char *));)
		fputs(line, all);
	va_end(lines);
	fclose(all);
	importing_good(imported, text);
	free(text);
}

void importing_end(struct imported *imported)
{
	trace_close(imported->trace);
	DIR *folder = opendir(imported->folder);
	REQUIRE(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		char path[sizeof(imported->folder) + sizeof(entry->d_name) + 1];
		snprintf(path, sizeof(path), "%s/%s", imported->folder, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(folder);
	rmdir(imported->folder);
}

bool importing_has(const struct imported *imported, const char *part)
{
	DIR *folder = opendir(imported->folder);
	REQUIRE(folder);
	bool found = false;
	for (struct dirent *entry; (entry = readdir(folder));)
		found = found || strstr(entry->d_name, part);
	closedir(folder);
	return found;
}

char *importing_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	char *bytes = NULL;
	size_t capacity = 0;
	*length = 0;
	for (size_t got = 1; got; *length += got) {
		capacity = *length + 65537;
		bytes = realloc(bytes, capacity);
		REQUIRE(bytes);
		got = fread(bytes + *length, 1, 65536, file);
	}
	bytes[*length] = '\0';
	fclose(file);
	return bytes;
}
