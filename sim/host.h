/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's calls cost and count, whatever the translation. */
#ifndef IOMMUSIM_SIM_HOST_H
#define IOMMUSIM_SIM_HOST_H

#include "models/software/container.h"
#include "models/software/iommufd_pages.h"
#include "sim/machine.h"

/* Cache lines that a driver writes back after this work, for a unit that does not snoop. */
uint64_t map_work_lines(const struct map_work *work);

/*
 * What work costs, by cause: for calls (to an actor) and for starting (to parts).  first_pages of those pinned were
 * never touched before: they are faulted in and cleared too.
 */
void host_price(const struct machine *machine, const struct host_work *work, uint64_t first_pages,
		ps_t parts[RESULT_CAUSES]);

/* Counts pins and locked memory after a call that did this work, at date. */
void host_count(struct guest *guest, const struct host_work *work, ps_t date);

/* Charges what a call did to the CPU that runs it, and counts it. */
void host_charge(struct guest *guest, struct actor *actor, const struct host_work *work);

/* A call that the replay cannot do without was refused: ends the run. */
void host_refused(struct machine *machine, const char *call, int error, iova_t iova);

/* Who maps and pays through iommufd: the guest's process. */
struct iommufd_source host_source(struct guest *guest);

/* A container of the guest's process over table. */
struct container_config host_container(struct guest *guest, struct host_table table);

#endif
