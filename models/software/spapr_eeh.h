/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enhanced error handling of a partitionable endpoint as VFIO_EEH_PE_OP gives it to the owner of the device: a fault
 * freezes the PE, its MMIO and its DMA, until both are thawed or a reset ended.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_spapr_tce.c (vfio_spapr_ioctl_eeh_pe_op), arch/powerpc/kernel/eeh.c
 * (eeh_pe_set_option, eeh_pe_get_state, eeh_pe_reset), include/uapi/linux/vfio.h.
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_EEH_H
#define IOMMUSIM_SOFTWARE_SPAPR_EEH_H

#include "models/software/spapr_group.h"

enum spapr_eeh_op {
	SPAPR_EEH_DISABLE,
	SPAPR_EEH_ENABLE,
	SPAPR_EEH_UNFREEZE_IO,
	SPAPR_EEH_UNFREEZE_DMA,
	SPAPR_EEH_GET_STATE,
	SPAPR_EEH_RESET_DEACTIVATE,
	SPAPR_EEH_RESET_HOT,
	SPAPR_EEH_RESET_FUNDAMENTAL,
	SPAPR_EEH_CONFIGURE,
	SPAPR_EEH_INJECT_ERR,
};

enum spapr_eeh_state {
	SPAPR_EEH_NORMAL = 0,
	SPAPR_EEH_IN_RESET = 1,
	SPAPR_EEH_STOPPED_IO_DMA = 2,
	SPAPR_EEH_STOPPED_DMA = 4,
	SPAPR_EEH_UNAVAILABLE = 5,
};

/* The bridge froze the PE. */
void spapr_group_freeze(struct spapr_group *group);

/*
 * 0, *state for SPAPR_EEH_GET_STATE; EINVAL: no such operation; ENXIO: INJECT_ERR, as of firmware that cannot.
 * SIMPLIFIED: a configure restores nothing, nothing takes time.
 */
int spapr_group_eeh(struct spapr_group *group, uint32_t op, uint32_t *state);

#endif
