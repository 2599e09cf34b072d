/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting a mapping at an address, so that a part of it can be unmapped: what no kernel offers.
 * Nothing that devices can see changes, pages stay pinned and charged; one mapping more is kept.
 *
 * A mapping begins at iova afterwards, or there is none that iova cuts.  0, EINVAL for misalignment, EOPNOTSUPP when a
 * table cannot split a leaf, ENOMEM without a frame (there are as many mappings as before then).
 * work->mappings_inserted says whether there is one more.
 */
#ifndef IOMMUSIM_SOFTWARE_SPLIT_H
#define IOMMUSIM_SOFTWARE_SPLIT_H

#include "models/software/container.h"
#include "models/software/iommufd_ioas.h"

int container_split(struct container *container, iova_t iova, struct host_work *work);
int ioas_split(struct ioas *ioas, iova_t iova, struct host_work *work);

#endif
