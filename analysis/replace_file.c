/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf */
#include "analysis/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* Makes the rename durable; some file systems refuse fsync on a folder, which does no harm. */
static void sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)!fsync(fd);
		close(fd);
	}
	free(folder);
}

bool replace_file(const char *path, const void *bytes, size_t size, struct err *err)
{
	char *temporary;

	if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
		return err_set(err, ERR_FILE, "%s: out of memory", path);

	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool written = fd >= 0 && write_all(fd, bytes, size) && fsync(fd) == 0;
	int cause = errno;

	if (fd >= 0 && close(fd) != 0 && written) {
		written = false;
		cause = errno;
	}
	if (written && rename(temporary, path) != 0) {
		written = false;
		cause = errno;
	}
	if (written) {
		sync_folder_of(path);
	} else {
		if (fd >= 0)
			unlink(temporary);
		err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(cause));
	}
	free(temporary);
	return written;
}
