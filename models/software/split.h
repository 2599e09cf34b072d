/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting a mapping of a container at an address, so that a part of it can be unmapped: what no kernel offers.
 * Nothing that devices can see changes, pages stay pinned and charged; one mapping more is kept.
 */
#ifndef IOMMUSIM_SOFTWARE_SPLIT_H
#define IOMMUSIM_SOFTWARE_SPLIT_H

#include "models/software/container.h"

/*
 * A mapping begins at iova afterwards, or there is none that iova cuts.  0, EINVAL for misalignment, EOPNOTSUPP when the
 * table cannot split a leaf, ENOMEM without a frame (nothing changed then).  work->mappings_inserted says
 * whether there is one mapping more.
 */
int container_split(struct container *container, iova_t iova, struct host_work *work);

#endif
