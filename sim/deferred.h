/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred unmap in the guest: ranges that were unmapped wait in a flush queue per CPU until the domain is flushed. */
#ifndef IOMMUSIM_SIM_DEFERRED_H
#define IOMMUSIM_SIM_DEFERRED_H

#include "models/software/table_list.h"
#include "sim/machine.h"

/* Gives the domain its queues and its timer, an actor. */
void deferred_init(struct domain *domain);

/*
 * Where a mapping lies in this run: as recorded, or with deferred unmap, when that range still awaits
 * its flush, the same offset some multiple of 4 GiB higher.
 * SIMPLIFIED: Linux would hand out another free IOVA; the recording has already chosen.
 */
iova_t deferred_place(const struct domain *domain, iova_t recorded, uint64_t bytes);

/* The range is out of the table; its table pages, freed, are given back after the flush. */
void deferred_unmap(struct vcpu *vcpu, struct actor *actor, struct domain *domain, iova_t iova, uint64_t bytes,
		    struct table_list *freed);

#endif
