/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ftrace importer under any bytes: each line through the scanner, and, for a case that begins with an odd byte,
 * the whole as a file through the importer.  A trace or one line that names the file; nothing is left behind.
 */
#include <string.h>

#include "tests/fuzz/fuzz_files.h"
#include "traces/check.h"
#include "traces/ftrace.h"
#include "traces/import.h"

static void scan_list(struct source_text list)
{
	size_t length = list.length;
	uint64_t value;

	while (ftrace_list_next(&list, &value)) {
		FUZZ_MUST(list.length < length); /* it goes on */
		length = list.length;
	}
}

static void scan_lines(const char *text, size_t size)
{
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		struct source_text line = { text, end ? (size_t)(end - text) : size };
		struct ftrace_event event = { 0 };

		ftrace_scan(&line, &event);
		FUZZ_MUST(event.type <= FTRACE_BAD);
		FUZZ_MUST(event.type != FTRACE_BAD || event.about);
		if (event.type == FTRACE_DMA_MAP_SG) {
			scan_list(event.addresses);
			scan_list(event.sizes);
		}
		size -= line.length + (end != NULL);
		text += line.length + (end != NULL);
	}
}

static void import(const uint8_t *text, size_t size, bool strict)
{
	const struct import_options options = { .strict = strict };
	struct fuzz_folder folder;
	struct err err = { 0 };
	char in_path[128], out_path[128];

	fuzz_folder_make(&folder);
	fuzz_folder_write(&folder, "trace.txt", text, size);
	fuzz_folder_path(&folder, "trace.txt", in_path);
	fuzz_folder_path(&folder, "trace.h5", out_path);
	if (trace_import_ftrace(in_path, out_path, &options, &err)) {
		struct trace *trace = trace_open(out_path, &err);

		FUZZ_MUST(err.kind == ERR_NONE && trace);
		trace_close(trace);
		fuzz_folder_remove(&folder, "trace.h5");
	} else {
		FUZZ_MUST(err.kind == ERR_FILE && strstr(err.text, folder.path));
		FUZZ_MUST(!strchr(err.text, '\n'));
	}
	fuzz_folder_remove(&folder, "trace.txt");
	fuzz_folder_end(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	scan_lines((const char *)data + 1, size - 1);
	if (data[0] & 1)
		import(data + 1, size - 1, data[0] & 2);
	return 0;
}
