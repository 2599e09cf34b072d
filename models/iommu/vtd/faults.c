/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Primary fault logging.  [VTD] "Primary Fault Logging", "Non-Recoverable Fault Event".
 *
 * SIMPLIFIED: the message of a fault event is not sent; FECTL.IP is left as it is after the message
 * has gone.  Faults of one source are not merged into one record, as hardware may.
 */
#include "models/iommu/vtd/unit.h"

#define EVENT_BITS (VTD_FSTS_PFO | VTD_FSTS_PPF | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE)

static unsigned record_offset(const struct vtd *unit, unsigned index)
{
	return unit->fault_offset + index * VTD_FAULT_RECORD_BYTES;
}

static bool is_recorded(const struct vtd *unit, unsigned index)
{
	return vtd_reg64(unit, record_offset(unit, index) + 8) & VTD_FRCD1_F;
}

void vtd_raise_status(struct vtd *unit, uint32_t fsts_bits)
{
	uint32_t *status = &unit->reg[VTD_REG_FSTS / 4];
	uint32_t *control = &unit->reg[VTD_REG_FECTL / 4];
	bool is_new = !(*status & EVENT_BITS);

	*status |= fsts_bits;
	/* An event is generated for the first condition only; masked, it stays pending. */
	if (is_new && (*control & VTD_ECTL_IM))
		*control |= (uint32_t)VTD_ECTL_IP;
}

void vtd_record_fault(struct vtd *unit, const struct iommu_request *request, enum vtd_fault_reason reason)
{
	uint32_t *status = &unit->reg[VTD_REG_FSTS / 4];
	unsigned index = unit->next_fault_record;
	uint64_t word = VTD_FRCD1_F | FIELD_PUT(VTD_FRCD1_SID, request->source_id) | FIELD_PUT(VTD_FRCD1_FR, reason);

	/* 1. After an overflow nothing is recorded until software clears it. */
	if (*status & VTD_FSTS_PFO)
		return;

	/* 2. No free record: overflow. */
	if (is_recorded(unit, index)) {
		vtd_raise_status(unit, VTD_FSTS_PFO);
		return;
	}

	/* 3. The record. */
	if (!request->write)
		word |= VTD_FRCD1_T1;
	if (request->has_pasid) {
		word |= VTD_FRCD1_PP | FIELD_PUT(VTD_FRCD1_PV, request->pasid);
		if (request->execute)
			word |= VTD_FRCD1_EXE;
		if (request->privileged)
			word |= VTD_FRCD1_PRIV;
	}
	vtd_set_reg64(unit, record_offset(unit, index), request->iova & VTD_FRCD0_FI);
	vtd_set_reg64(unit, record_offset(unit, index) + 8, word);
	unit->next_fault_record = (index + 1) % unit->fault_records;

	/* 4. FRI names the record that set PPF. */
	if (!(*status & VTD_FSTS_PPF))
		*status = (uint32_t)((*status & ~VTD_FSTS_FRI) | FIELD_PUT(VTD_FSTS_FRI, index));
	vtd_raise_status(unit, VTD_FSTS_PPF);
}

void vtd_faults_cleared(struct vtd *unit)
{
	for (unsigned i = 0; i < unit->fault_records; i++)
		if (is_recorded(unit, i))
			return;
	unit->reg[VTD_REG_FSTS / 4] &= ~(uint32_t)VTD_FSTS_PPF;
}
