/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One IOMMU group of a POWER host: a partitionable endpoint (PE), and what its bridge is told when a container's
 * windows change or its recovery (EEH) goes on.
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_GROUP_H
#define IOMMUSIM_SOFTWARE_SPAPR_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"

struct tce_table;

/* The machine's, which owns it; each may be NULL: it is not told. */
struct spapr_hardware {
	void *argument;
	/* A window of the PE was programmed; table NULL: taken away. */
	void (*set_window)(void *argument, unsigned pe, unsigned number, const struct tce_table *table);
	/* Entries were written: what the bridge has cached of them must go. */
	void (*kill)(void *argument, unsigned pe, iova_t iova, unsigned page_lg2, uint64_t entries);
	/* The PE's DMA may go on, or is stopped. */
	void (*set_dma)(void *argument, unsigned pe, bool enabled);
};

struct spapr_group {
	unsigned pe;
	const struct spapr_hardware *hardware; /* NULL: none is told */

	/* spapr.c's and spapr_eeh.c's: zero-initialise. */
	bool io_stopped, dma_stopped, in_reset;
	struct spapr_group *next; /* of its container, newest first */
};

#endif
