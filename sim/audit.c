/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/audit.h"

#include "models/base/heap.h"
#include "models/iommu/vtd/layout_registers.h"

/* What the tables said of one page to requests of one kind, when memory had been written so often. */
struct truth {
	uint64_t writes;
	iova_t page;
	uint32_t pasid;
	uint16_t source_id;
	bool write, is_known;
	enum iommu_status status;
	phys_t output; /* page number */
};

void audit_init(struct audit *audit, struct iommu *auditor, struct memory *memory)
{
	*audit = (struct audit){ .auditor = auditor, .memory = memory };
	if (auditor)
		audit->truths = heap_zeroed(AUDIT_TRUTHS, sizeof(*audit->truths));
}

void audit_register_write(struct audit *audit, unsigned offset, unsigned bytes, uint64_t value)
{
	if (!audit->auditor || offset == VTD_REG_IQA || offset == VTD_REG_IQT || offset == VTD_REG_IQH)
		return;
	if (offset == VTD_REG_GCMD)
		value &= ~(uint64_t)VTD_GCMD_QIE;
	audit->auditor->ops->register_write(audit->auditor, offset, bytes, value);
	for (unsigned i = 0; i < AUDIT_TRUTHS; i++)
		audit->truths[i].is_known = false;
}

static void find_truth(struct audit *audit, struct truth *truth, const struct iommu_request *request)
{
	struct iommu_translation translation;

	iommu_translate_now(audit->auditor, audit->memory, &translation, request);
	*truth = (struct truth){ .writes = memory_writes(audit->memory),
				 .page = request->iova >> PAGE_LG2,
				 .pasid = request->has_pasid ? request->pasid : UINT32_MAX,
				 .source_id = request->source_id,
				 .write = request->write,
				 .is_known = true,
				 .status = translation.status,
				 .output = translation.output >> PAGE_LG2 };
}

bool audit_is_stale(struct audit *audit, const struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	iova_t page = request->iova >> PAGE_LG2;
	struct truth *truth =
		&audit->truths[(page ^ request->source_id) % AUDIT_TRUTHS]; /* guests use the same pages */

	if (!truth->is_known || truth->writes != memory_writes(audit->memory) || truth->page != page ||
	    truth->source_id != request->source_id || truth->write != request->write ||
	    truth->pasid != (request->has_pasid ? request->pasid : UINT32_MAX))
		find_truth(audit, truth, request);
	if (truth->status != translation->status)
		return true;
	return truth->status == IOMMU_TRANSLATED && truth->output != translation->output >> PAGE_LG2;
}
