/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What POWER's firmware does for a kernel at a PCI host bridge (models/iommu/tce): the calls of OPAL that give
 * requesters to PEs and windows to PEs, kill cached translations, and freeze and thaw PEs.  Every bit goes through the
 * bridge's registers or its tables in memory.  Not here: MMIO windows, interrupts, links, and what the calls cost.
 *
 * Source: [SKIBOOT] hw/phb4.c, function by function; [LINUX] arch/powerpc/include/asm/opal-api.h for numbers.
 */
#ifndef IOMMUSIM_SOFTWARE_OPAL_H
#define IOMMUSIM_SOFTWARE_OPAL_H

#include "models/iommu/iommu.h"
#include "models/memory/frames.h"
#include "models/memory/memory.h"

enum opal_status { OPAL_SUCCESS = 0, OPAL_PARAMETER = -1, OPAL_RESOURCE = -10 };

enum opal_tce_kill { OPAL_PCI_TCE_KILL_PAGES = 0, OPAL_PCI_TCE_KILL_PE = 1, OPAL_PCI_TCE_KILL_ALL = 2 };

/* As a set. */
enum opal_freeze { OPAL_EEH_FREEZE_MMIO = 1, OPAL_EEH_FREEZE_DMA = 2, OPAL_EEH_FREEZE_ALL = 3 };

struct opal_phb {
	struct iommu *iommu;
	struct memory_view view; /* of the tables */
	unsigned pes;
	phys_t rtt, peltv, pest;
	/*
	 * Kill the PE where pages are asked for, as newer firmware does on POWER9: its bridge may drop a kill of a page
	 * when its queue is full (HW560152).
	 */
	bool kills_pe_for_pages;

	/* What was done so far, for whoever prices it. */
	uint64_t register_reads, register_writes, words_written;
};

/*
 * Makes the tables out of frames and brings the bridge up: every requester in the reserved PE (the last), no windows,
 * MSIs of both kinds, errors as firmware wants them.  pes is the bridge's.  OPAL_RESOURCE: frames are used up.
 */
enum opal_status opal_phb_init(struct opal_phb *phb, struct iommu *iommu, unsigned pes, struct memory_view view,
			       struct frames *frames);

/* Requesters [first, first + count) are of a PE; the bridge forgets what it knows of all. */
enum opal_status opal_pci_set_pe(struct opal_phb *phb, unsigned pe, uint16_t first, unsigned count);

/* The PELT-V entry of a PE: does a child freeze with it? */
enum opal_status opal_pci_set_peltv(struct opal_phb *phb, unsigned parent, unsigned child, bool state);

/*
 * Window window_id = 2 * pe, or + 1 for addresses with bit 59, translates through the tables at table: levels of
 * table_bytes each, pages of page_bytes.  table_bytes 0: no window.
 */
enum opal_status opal_pci_map_pe_dma_window(struct opal_phb *phb, unsigned pe, unsigned window_id, unsigned levels,
					    phys_t table, uint64_t table_bytes, uint64_t page_bytes);

/* The window reaches real addresses as they are, start (with the window's bit 59) and bytes in 16 MiB; bytes 0: none. */
enum opal_status opal_pci_map_pe_dma_window_real(struct opal_phb *phb, unsigned pe, unsigned window_id, uint64_t start,
						 uint64_t bytes);

/* pages of page_bytes from the PCI address on, for OPAL_PCI_TCE_KILL_PAGES; returns when they are gone. */
enum opal_status opal_pci_tce_kill(struct opal_phb *phb, enum opal_tce_kill kind, unsigned pe, uint64_t page_bytes,
				   iova_t address, uint64_t pages);

/* *frozen: a set of enum opal_freeze. */
enum opal_status opal_pci_eeh_freeze_status(struct opal_phb *phb, unsigned pe, unsigned *frozen);
enum opal_status opal_pci_eeh_freeze_set(struct opal_phb *phb, unsigned pe, unsigned what);
/* Clears the bridge's errors, too. */
enum opal_status opal_pci_eeh_freeze_clear(struct opal_phb *phb, unsigned pe, unsigned what);

/* PESTA and PESTB of a PE as diagnostics show them: the chip's bits and the record in memory. */
void opal_pci_get_pest(struct opal_phb *phb, unsigned pe, uint64_t pest[2]);

#endif
