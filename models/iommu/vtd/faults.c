/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Primary fault logging.  [VTD] "Primary Fault Logging", "Fault Recording Registers".
 */
#include "models/iommu/vtd/unit.h"

static unsigned record_offset(const struct vtd *unit, unsigned index)
{
	return unit->fault_offset + index * VTD_FAULT_RECORD_BYTES;
}

static uint64_t record_word1(const struct vtd *unit, unsigned index)
{
	return vtd_reg64(unit, record_offset(unit, index) + 8);
}

/* Address bits from the largest width on are reserved. */
static uint64_t fault_info(const struct vtd *unit, iova_t iova)
{
	unsigned width = unit->capability & VTD_CAP_SAGAW_57 ? 57 : unit->capability & VTD_CAP_SAGAW_48 ? 48 : 39;

	return iova & VTD_FRCD0_FI & (BIT64(width) - 1);
}

/* A translation request is a read on the wire. */
static uint64_t type_bits(const struct iommu_request *request)
{
	bool is_page_request = request->type == IOMMU_PAGE_REQUEST;
	bool is_read = request->type == IOMMU_TRANSLATION_REQUEST || (!is_page_request && !request->write);

	return (is_page_request ? VTD_FRCD1_T2 : 0) | (is_read ? VTD_FRCD1_T1 : 0);
}

static enum vtd_address_type address_type(const struct iommu_request *request)
{
	return request->type == IOMMU_TRANSLATION_REQUEST  ? VTD_AT_TRANSLATION
	       : request->type == IOMMU_TRANSLATED_REQUEST ? VTD_AT_TRANSLATED
							   : VTD_AT_UNTRANSLATED;
}

/* What is there of the record's second word follows from what kinds of requests the unit knows. */
static uint64_t describe(const struct vtd *unit, const struct iommu_request *request, enum vtd_fault_reason reason)
{
	uint64_t type = type_bits(request);
	uint64_t word =
		VTD_FRCD1_F | FIELD_PUT(VTD_FRCD1_SID, request->source_id) | FIELD_PUT(VTD_FRCD1_FR, reason) | type;

	if (unit->extended_capability & VTD_ECAP_DT)
		word |= FIELD_PUT(VTD_FRCD1_AT, address_type(request));
	if (request->has_pasid && (unit->extended_capability & VTD_ECAP_PASID)) {
		word |= VTD_FRCD1_PP | FIELD_PUT(VTD_FRCD1_PV, request->pasid);
		word |= request->execute && type == VTD_FRCD1_T1 ? VTD_FRCD1_EXE : 0;
		word |= request->privileged ? VTD_FRCD1_PRIV : 0;
	}
	return word;
}

/* A fault of this source is recorded and pending. */
static bool is_known(const struct vtd *unit, uint16_t source_id)
{
	for (unsigned i = 0; i < unit->fault_records; i++) {
		uint64_t word = record_word1(unit, i);

		if ((word & VTD_FRCD1_F) && FIELD_GET(VTD_FRCD1_SID, word) == source_id)
			return true;
	}
	return false;
}

void vtd_record_fault(struct vtd *unit, const struct iommu_request *request, enum vtd_fault_reason reason)
{
	uint32_t *status = &unit->reg[VTD_REG_FSTS / 4];
	unsigned index = unit->next_fault_record;

	/* 1. After an overflow nothing is recorded until software clears it. */
	if (*status & VTD_FSTS_PFO)
		return;

	/* 2. A unit may collapse the faults of one source. */
	if (unit->collapses_faults && is_known(unit, request->source_id))
		return;

	/* 3. No free record: overflow. */
	if (record_word1(unit, index) & VTD_FRCD1_F) {
		vtd_event_raise(unit, VTD_EVENT_FAULT, VTD_FSTS_PFO);
		return;
	}

	/* 4. The record. */
	vtd_set_reg64(unit, record_offset(unit, index), fault_info(unit, request->iova));
	vtd_set_reg64(unit, record_offset(unit, index) + 8, describe(unit, request, reason));
	unit->next_fault_record = (index + 1) % unit->fault_records;

	/* 5. FRI names the record that set PPF. */
	if (!(*status & VTD_FSTS_PPF))
		*status = (uint32_t)((*status & ~VTD_FSTS_FRI) | FIELD_PUT(VTD_FSTS_FRI, index));
	vtd_event_raise(unit, VTD_EVENT_FAULT, VTD_FSTS_PPF);
}

void vtd_faults_cleared(struct vtd *unit)
{
	for (unsigned i = 0; i < unit->fault_records; i++)
		if (record_word1(unit, i) & VTD_FRCD1_F)
			return;
	unit->reg[VTD_REG_FSTS / 4] &= ~(uint32_t)VTD_FSTS_PPF;
}
