/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest gives memory back while it runs (parameters unplug.*), as a virtio-mem device's guest does: the host's
 * manager takes block after block from the top of the guest's memory down, unmaps it in every container that maps all
 * of the guest's memory, and can use what is then pinned no more.  What the kernel answers decides: VFIO type1 v2
 * refuses to cut a mapping (EINVAL), iommufd too (ENOENT), and nothing is reclaimed of a block that lies in a
 * larger one.
 *
 * With unplug.split the mapping and the large leaf are split first, which no kernel does (models/software/split.h).
 */
#ifndef IOMMUSIM_SIM_UNPLUG_H
#define IOMMUSIM_SIM_UNPLUG_H

#include "sim/machine.h"

/* May the scenario's guest give so much back?  It must lie in its highest slot, above its own tables. */
bool unplug_check(const struct machine *machine, struct err *err);

/* The first guest-physical address of what goes; UINT64_MAX: nothing does. */
phys_t unplug_first(const struct config *config);

/* The actor that does it for this guest. */
void unplug_create(struct guest *guest);

#endif
