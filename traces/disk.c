/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than a block of the widest table, not compressed, and HDF5's cache of metadata at its largest. */
#define RESERVE_BYTES (INT64_C(4) << 20)

/* The descriptor HDF5 writes through, or -1. */
static int descriptor_of(hid_t file)
{
	void *handle;
	return H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 ? -1 : *(const int *)handle;
}

/* True also where the file system cannot tell. */
static bool reserve(int descriptor)
{
	struct stat status;
	if (fstat(descriptor, &status) != 0)
		return false;
	int result;
	do {
		result = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, status.st_size, RESERVE_BYTES);
	} while (result != 0 && errno == EINTR);
	return result == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

/* Closes and keeps errno. */
static void close_quietly(int descriptor)
{
	int cause = errno;
	if (descriptor >= 0)
		close(descriptor);
	errno = cause;
}

bool disk_create(const char *path)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool ok = descriptor >= 0 && reserve(descriptor);
	close_quietly(descriptor);
	return ok;
}

bool disk_reserve(hid_t file)
{
	int descriptor = descriptor_of(file);
	return descriptor >= 0 && reserve(descriptor);
}

void disk_abandon(hid_t file)
{
	int descriptor = descriptor_of(file), nowhere = memfd_create("abandoned trace", MFD_CLOEXEC);
	if (descriptor >= 0 && nowhere >= 0)
		dup3(nowhere, descriptor, O_CLOEXEC);
	if (nowhere >= 0)
		close(nowhere);
}

bool disk_finish(const char *path)
{
	int descriptor = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;
	bool ok = descriptor >= 0 && fstat(descriptor, &status) == 0 && ftruncate(descriptor, status.st_size) == 0 &&
		  fsync(descriptor) == 0;
	close_quietly(descriptor);
	return ok;
}
