/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_eeh.h"

#include <errno.h>

static void set_dma(struct spapr_group *group, bool enabled)
{
	if (group->dma_stopped == !enabled)
		return;
	group->dma_stopped = !enabled;
	if (group->hardware && group->hardware->set_dma)
		group->hardware->set_dma(group->hardware->argument, group->pe, enabled);
}

void spapr_group_freeze(struct spapr_group *group)
{
	group->io_stopped = true;
	group->dma_stopped = true; /* by the bridge itself */
}

static uint32_t state_of(const struct spapr_group *group)
{
	if (group->in_reset)
		return SPAPR_EEH_IN_RESET;
	if (!group->dma_stopped)
		return group->io_stopped ? SPAPR_EEH_UNAVAILABLE : SPAPR_EEH_NORMAL;
	return group->io_stopped ? SPAPR_EEH_STOPPED_IO_DMA : SPAPR_EEH_STOPPED_DMA;
}

int spapr_group_eeh(struct spapr_group *group, uint32_t op, uint32_t *state)
{
	switch (op) {
	case SPAPR_EEH_DISABLE:
	case SPAPR_EEH_ENABLE:
	case SPAPR_EEH_CONFIGURE:
		return 0;
	case SPAPR_EEH_UNFREEZE_IO:
		group->io_stopped = false;
		return 0;
	case SPAPR_EEH_UNFREEZE_DMA:
		set_dma(group, true);
		return 0;
	case SPAPR_EEH_GET_STATE:
		*state = state_of(group);
		return 0;
	case SPAPR_EEH_RESET_DEACTIVATE:
		group->in_reset = false;
		group->io_stopped = false;
		set_dma(group, true);
		return 0;
	case SPAPR_EEH_RESET_HOT:
	case SPAPR_EEH_RESET_FUNDAMENTAL:
		group->in_reset = true;
		group->io_stopped = true;
		set_dma(group, false);
		return 0;
	case SPAPR_EEH_INJECT_ERR:
		return ENXIO;
	default:
		return EINVAL;
	}
}
