/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main of a fuzzing target without a fuzzer: runs every file of the folders given, once.  So the seeds of
 * tests/fuzz/corpus are ordinary tests with any compiler.
 */
#include <dirent.h>
#include <string.h>

#include "tests/fuzz/fuzz_input.h"

#define CASE_BYTES (1u << 20)

static bool run_file(const char *folder, const char *name)
{
	static const char unreadable[] = "%s: cannot be read\n";
	char path[4096];
	uint8_t *bytes = malloc(CASE_BYTES);

	snprintf(path, sizeof(path), "%s/%s", folder, name);

	FILE *file = fopen(path, "rb");

	if (!file || !bytes) {
		fprintf(stderr, unreadable, path);
		free(bytes);
		return false;
	}

	size_t size = fread(bytes, 1, CASE_BYTES, file);
	/* In a block of its own size, so that a sanitizer sees a byte read beyond its end. */
	uint8_t *exact = malloc(size ? size : 1);

	fclose(file);
	if (exact) {
		memcpy(exact, bytes, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	free(exact);
	free(bytes);
	return exact != NULL;
}

static bool run_folder(const char *folder, unsigned *count)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	bool ok = directory != NULL;

	if (!ok)
		fprintf(stderr, "%s: no such folder\n", folder);
	while (ok && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		ok = run_file(folder, entry->d_name);
		(*count)++;
	}
	if (directory)
		closedir(directory);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		if (!run_folder(argv[i], &count))
			return EXIT_FAILURE;
	printf("%u cases\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
