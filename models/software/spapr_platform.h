/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a POWER host's platform lets VFIO do with the DMA windows of a partitionable endpoint: bare metal (PowerNV,
 * PHB4 and PHB5) or a guest whose hypervisor has the tables (pSeries).  Rules and sizes only; windows are in
 * spapr_window.h.
 *
 * Sources: [LINUX] arch/powerpc/platforms/powernv/pci-ioda.c (pnv_pci_ioda2_get_table_size,
 * pnv_pci_ioda2_create_table), pci-ioda-tce.c (pnv_pci_ioda2_table_alloc_pages), arch/powerpc/platforms/pseries/iommu.c
 * (spapr_tce_get_table_size, spapr_tce_create_table, spapr_tce_set_window); [QEMU] hw/ppc/spapr_pci.c,
 * spapr_rtas_ddw.c, hw/pci-host/pnv_phb4.c for the sizes that a machine has.
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_PLATFORM_H
#define IOMMUSIM_SOFTWARE_SPAPR_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"

#define SPAPR_WINDOWS 2u /* IOMMU_TABLE_GROUP_MAX_TABLES */

/* Where a window lies. */
struct spapr_place {
	iova_t start;
	uint64_t bytes; /* that its table covers: at least what was asked */
};

/* What VFIO_IOMMU_SPAPR_TCE_CREATE asks. */
struct spapr_request {
	unsigned number; /* of the window in its container */
	unsigned page_lg2;
	uint64_t bytes;
	unsigned levels;
	const struct spapr_place *other; /* of the container's other window; NULL: it has none */
};

struct spapr_platform {
	const char *name;
	iova_t window32_start; /* the default window, of 4 KiB pages */
	uint64_t window32_bytes;
	uint64_t page_sizes; /* of windows: a bit each */
	unsigned levels;     /* of a window's table */
	bool eeh;            /* PEs are under EEH */
	bool shares_tables;  /* a window can be programmed into several groups' PEs */
	bool by_hypercall; /* tables are a hypervisor's: each entry is got and put by hypercall, and nothing is killed */

	/* Bytes that a window is accounted with, whatever its creation comes to; 0: EINVAL.  kernel_page_lg2: 12, 16. */
	uint64_t (*accounted_bytes)(unsigned kernel_page_lg2, const struct spapr_request *request);
	/* 0 and *place; else EINVAL, ENOMEM (no such piece of memory), EPERM, ENODEV (the hypervisor says no).
	 * accounted_bytes of it is not 0. */
	int (*place)(unsigned kernel_page_lg2, const struct spapr_request *request, struct spapr_place *place);
};

extern const struct spapr_platform spapr_powernv, spapr_pseries;

#endif
