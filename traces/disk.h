/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What HDF5 needs to be spared: when a write of its own fails, it can neither close
 * the file nor end the process in good order.  So room is made sure of before it writes,
 * and a file that is given up goes on in memory until it is closed.
 */
#ifndef IOMMUSIM_TRACES_DISK_H
#define IOMMUSIM_TRACES_DISK_H

#include <hdf5.h>
#include <stdbool.h>

/* Creates an empty file where there is room for more; false and errno on failure. */
bool disk_create(const char *path);

/*
 * True when the disk has room for the next block of every table and for all that HDF5 holds
 * back, which is then set aside behind the file's end.  Also true where the file system
 * cannot say.
 */
bool disk_reserve(hid_t file);

/* From here on the file's writes go to memory that nobody reads. */
void disk_abandon(hid_t file);

/* Brings the closed file to the disk and gives back what was set aside; false and errno on failure. */
bool disk_finish(const char *path);

#endif
