/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder with the files of one fuzzing case, for code that reads files. */
#ifndef IOMMUSIM_TESTS_FUZZ_FILES_H
#define IOMMUSIM_TESTS_FUZZ_FILES_H

#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz_input.h"

struct fuzz_folder {
	char path[64];
};

static inline void fuzz_folder_make(struct fuzz_folder *folder)
{
	/* Memory, where there is such a place: a case is read once and never again. */
	strcpy(folder->path,
	       access("/dev/shm", W_OK) == 0 ? "/dev/shm/iommusim-fuzz-XXXXXX" : "/tmp/iommusim-fuzz-XXXXXX");
	FUZZ_MUST(mkdtemp(folder->path));
}

static inline const char *fuzz_folder_path(const struct fuzz_folder *folder, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", folder->path, name);
	return path;
}

static inline void fuzz_folder_write(const struct fuzz_folder *folder, const char *name, const void *bytes,
				     size_t count)
{
	char path[128];
	FILE *file = fopen(fuzz_folder_path(folder, name, path), "wb");

	FUZZ_MUST(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* Removes the file, if it is there. */
static inline void fuzz_folder_remove(const struct fuzz_folder *folder, const char *name)
{
	char path[128];

	unlink(fuzz_folder_path(folder, name, path));
}

/* The folder must be empty: what was tested left nothing behind. */
static inline void fuzz_folder_end(const struct fuzz_folder *folder)
{
	FUZZ_MUST(rmdir(folder->path) == 0);
}

#endif
