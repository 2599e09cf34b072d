/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page request queue.  [VTD] "Handling of Page Requests", "Implicit Invalidation on Page Requests".
 *
 * Requests are written at the same time, each into an entry of its own; the tail register moves over an entry
 * when it and all before it are written.  The writes are posted: one that finds no memory is lost unseen.
 */
#include "models/iommu/vtd/unit.h"

/* translation->structure */
enum structure_word {
	DESCRIPTOR = 0, /* 4 words */
	OFFSET = 4,     /* of the entry in the queue */
	EPOCH = 5,
	WRITTEN = 6, /* words */
};

static uint64_t queue_bytes(const struct vtd *unit)
{
	return PAGE_BYTES << FIELD_GET(VTD_PQA_PQS, vtd_reg64(unit, VTD_REG_PQA));
}

static void ends(struct iommu_translation *translation, enum iommu_status status, enum iommu_completion completion)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = status;
	translation->completion = completion;
	translation->fault_reason = VTD_FAULT_NONE;
}

/* [VTD] "Handling of Page Requests", the table of page request error conditions */
static void overflows(struct iommu_translation *translation)
{
	ends(translation, IOMMU_FAULT, translation->request.last ? IOMMU_PAGE_SUCCESS : IOMMU_NO_COMPLETION);
}

/* What is cached may be older than what the device will be told. */
static void invalidate(struct vtd *unit, const uint64_t entry[2], uint32_t pasid, iova_t iova)
{
	uint16_t domain = (uint16_t)FIELD_GET(VTD_PASID1_DID, entry[1]);
	enum vtd_pgtt type = FIELD_GET(VTD_PASID0_PGTT, entry[0]);

	if (type == VTD_PGTT_FIRST_STAGE)
		vtd_invalidate_pasid_iotlb(unit, VTD_P_IOTLB_PAGE, domain, pasid, iova, 0, false);
	else
		vtd_invalidate_iotlb(unit, type == VTD_PGTT_NESTED ? VTD_IOTLB_DOMAIN : VTD_IOTLB_PAGE, domain, iova, 0,
				     false);
}

static void set_descriptor(struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	uint64_t *word = &translation->structure[DESCRIPTOR];

	word[0] =
		FIELD_PUT(VTD_PAGE_REQ0_TYPE, VTD_PAGE_REQUEST_TYPE) | FIELD_PUT(VTD_PAGE_REQ0_RID, request->source_id);
	if (request->has_pasid)
		word[0] |= VTD_PAGE_REQ0_PP | FIELD_PUT(VTD_PAGE_REQ0_PASID, request->pasid) |
			   (request->execute ? VTD_PAGE_REQ0_EXR : 0) | (request->privileged ? VTD_PAGE_REQ0_PMR : 0);
	word[1] = (request->iova & VTD_PAGE_REQ1_ADDR) | FIELD_PUT(VTD_PAGE_REQ1_PRGI, request->group) |
		  (request->read ? VTD_PAGE_REQ1_RDR : 0) | (request->write ? VTD_PAGE_REQ1_WRR : 0) |
		  (request->last ? VTD_PAGE_REQ1_LPIG : 0);
	word[2] = word[3] = 0;
}

static void want_write(const struct vtd *unit, struct iommu_translation *translation)
{
	uint64_t index = translation->structure[WRITTEN];

	translation->access = (struct iommu_access){
		.want = IOMMU_WANTS_WRITE,
		.purpose = IOMMU_FOR_QUEUE,
		.address = (vtd_reg64(unit, VTD_REG_PQA) & VTD_PQA_PQA) + translation->structure[OFFSET] + index * 8,
		.words = 1,
		.bytes = 8,
		.desired = translation->structure[DESCRIPTOR + index],
	};
}

void vtd_page_request_begin(struct vtd *unit, struct iommu_translation *translation, const uint64_t entry[2],
			    uint32_t pasid)
{
	uint64_t offset = unit->page_tail % queue_bytes(unit);
	uint64_t next = (offset + VTD_PAGE_REQUEST_BYTES) % queue_bytes(unit);

	/* 1. After an overflow nothing is queued until software clears it. */
	if (unit->reg[VTD_REG_PRS / 4] & VTD_PRS_PRO) {
		overflows(translation);
		return;
	}

	/* 2. All entries but one are in use: full. */
	if (next == vtd_reg64(unit, VTD_REG_PQH)) {
		vtd_event_raise(unit, VTD_EVENT_PAGE_REQUEST, VTD_PRS_PRO);
		overflows(translation);
		return;
	}

	/* 3. The implicit invalidation. */
	invalidate(unit, entry, pasid, translation->request.iova);

	/* 4. The descriptor. */
	unit->page_tail = next;
	unit->page_requests_under_way++;
	set_descriptor(translation);
	translation->structure[OFFSET] = offset;
	translation->structure[EPOCH] = unit->page_epoch;
	translation->structure[WRITTEN] = 0;
	want_write(unit, translation);
}

/* The entry at offset is written: the tail moves as far as all are. */
static void written(struct vtd *unit, uint64_t offset)
{
	uint64_t tail = vtd_reg64(unit, VTD_REG_PQT) % queue_bytes(unit);
	uint64_t entry = offset / VTD_PAGE_REQUEST_BYTES;

	unit->page_written[entry / 64] |= BIT64(entry % 64);
	for (entry = tail / VTD_PAGE_REQUEST_BYTES; unit->page_written[entry / 64] & BIT64(entry % 64);
	     entry = tail / VTD_PAGE_REQUEST_BYTES) {
		unit->page_written[entry / 64] &= ~BIT64(entry % 64);
		tail = (tail + VTD_PAGE_REQUEST_BYTES) % queue_bytes(unit);
		vtd_set_reg64(unit, VTD_REG_PQT, tail);
		vtd_event_raise(unit, VTD_EVENT_PAGE_REQUEST, VTD_PRS_PPR);
	}
}

void vtd_page_request_feed(struct vtd *unit, struct iommu_translation *translation)
{
	if (++translation->structure[WRITTEN] < VTD_PAGE_REQUEST_BYTES / 8) {
		want_write(unit, translation);
		return;
	}
	ends(translation, IOMMU_TRANSLATED, IOMMU_NO_COMPLETION);
	unit->page_requests_under_way--;
	if (translation->structure[EPOCH] == unit->page_epoch)
		written(unit, translation->structure[OFFSET]);
}

void vtd_page_queue_moved(struct vtd *unit)
{
	unit->page_epoch++;
	unit->page_tail = vtd_reg64(unit, VTD_REG_PQT);
	for (unsigned i = 0; i < sizeof(unit->page_written) / sizeof(unit->page_written[0]); i++)
		unit->page_written[i] = 0;
}
