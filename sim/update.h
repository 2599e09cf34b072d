/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs a guest is replaced while its devices work (parameters update.*): the hypervisor's process, or the whole
 * host's kernel with it.  The guest's virtual CPUs stand still meanwhile; a kind of update says what becomes of the rest:
 *
 *   transfer   a second process is started ahead, takes over, and the first one ends
 *   exec       the process is exchanged in place
 *   cold       the process ends with all its mappings; the new one pins and maps everything again, the device is reset
 *   keepalive  a new kernel is started and takes the mappings over, tables and all, as they are
 *   kexec      a new kernel is started, and nothing is left: as cold
 *
 * With transfer, exec and keepalive devices go on through mappings that stay: VFIO type1's vaddrs are invalidated before and given
 * anew afterwards, iommufd's pages are those of a file and change their process.  What the host itself wants of the
 * guest's memory for a mediated device waits as the kernel says (models/software/type1.h).
 *
 * SIMPLIFIED: mediated devices' accesses do not change memory; device state is reset, not migrated; guest memory outlives
 * every kind of update (a file of memory that is handed over); iommufd's user is not limited while old and new process are
 * both charged.
 *
 * Sources: [LINUX] include/uapi/linux/vfio.h (VFIO_DMA_UNMAP_FLAG_VADDR, VFIO_DMA_MAP_FLAG_VADDR), include/uapi/linux/iommufd.h
 * (struct iommu_ioas_change_process); [QEMU] docs/devel/migration/CPR.rst; [KEEP].
 */
#ifndef IOMMUSIM_SIM_UPDATE_H
#define IOMMUSIM_SIM_UPDATE_H

#include "sim/machine.h"

/* Can the scheme's guest be updated so? */
bool update_check(const struct machine *machine, struct err *err);

/* The actors: who replaces, and a mediated device.  False and *err: the kernel refuses that device. */
bool update_create(struct guest *guest, struct err *err);

#endif
