/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what the unit tells software by an interrupt message.  [VTD] "Non-Recoverable Fault Event", "Hardware
 * Generation of Invalidation Completion Events", "Recoverable Fault Event" and the three event control registers,
 * which all say the same: the first cause sends one message, or keeps it pending (IP) while it is masked (IM);
 * until software has cleared every cause no other message follows.
 */
#include <stddef.h>

#include "models/iommu/vtd/unit.h"

static const struct event_registers {
	unsigned status, control; /* data, address and upper address follow control */
	uint32_t causes;          /* bits of the status */
} registers[VTD_EVENTS] = {
	[VTD_EVENT_FAULT] = { VTD_REG_FSTS, VTD_REG_FECTL,
			      VTD_FSTS_PFO | VTD_FSTS_PPF | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE },
	[VTD_EVENT_COMPLETION] = { VTD_REG_ICS, VTD_REG_IECTL, VTD_ICS_IWC },
	[VTD_EVENT_PAGE_REQUEST] = { VTD_REG_PRS, VTD_REG_PECTL, VTD_PRS_PPR | VTD_PRS_PRO },
};

static void send(struct vtd *unit, const struct event_registers *event)
{
	struct iommu *iommu = &unit->pipeline.iommu;
	const uint32_t *word = &unit->reg[event->control / 4];

	if (iommu->message)
		iommu->message(iommu->message_argument, word[2] | (uint64_t)word[3] << 32, word[1]);
}

void vtd_event_raise(struct vtd *unit, enum vtd_event event, uint32_t bits)
{
	const struct event_registers *to = &registers[event];
	uint32_t *status = &unit->reg[to->status / 4];
	uint32_t *control = &unit->reg[to->control / 4];
	bool is_new = !(*status & to->causes);

	*status |= bits;
	if (!is_new)
		return;
	if (*control & VTD_ECTL_IM)
		*control |= (uint32_t)VTD_ECTL_IP;
	else
		send(unit, to);
}

void vtd_events_settle(struct vtd *unit)
{
	for (unsigned i = 0; i < VTD_EVENTS; i++) {
		const struct event_registers *event = &registers[i];
		uint32_t *control = &unit->reg[event->control / 4];
		bool is_serviced = !(unit->reg[event->status / 4] & event->causes);

		if (!(*control & VTD_ECTL_IP) || ((*control & VTD_ECTL_IM) && !is_serviced))
			continue;
		*control &= ~(uint32_t)VTD_ECTL_IP;
		if (!is_serviced)
			send(unit, event);
	}
}
