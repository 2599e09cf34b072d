/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How requests end, and what is particular to translation requests, translated requests, page requests,
 * interrupts, execute requests, zero-length reads and AtomicOps.
 *
 * Source: [VTD] "Handling of Translation Requests", "Handling of Translated Requests", "Handling of Page
 * Requests", "Handling of Zero-Length Reads", "Handling Requests to Interrupt Address Range", "Fault Conditions
 * and Remapping Hardware Behavior for Various Requests"; brackets hold that table's name of a condition.
 *
 * SIMPLIFIED: a request has no length, so every write without PASID to the interrupt address range is an
 * interrupt, also one that is not of a doubleword; a translation request gets one translation.
 */
#include "models/iommu/vtd/requests.h"

static bool is_translation_request(const struct iommu_translation *translation)
{
	return translation->request.type == IOMMU_TRANSLATION_REQUEST;
}

static bool is_scalable(const struct vtd *unit)
{
	return unit->ttm == VTD_TTM_SCALABLE;
}

/* ---- endings ---- */

/* A translation completion with neither permission.  Priv tells of supervisor-mode requests, whatever they get. */
static void answer_nothing(struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;

	vtd_succeed(translation);
	translation->output = request->iova;
	translation->size_lg2 = PAGE_LG2;
	translation->permissions = 0;
	translation->untranslated_only = false;
	translation->must_snoop = false;
	translation->is_privileged = request->privileged;
}

void vtd_block(struct vtd *unit, struct iommu_translation *translation, enum vtd_fault_reason reason)
{
	const struct iommu_request *request = &translation->request;
	bool is_recorded = vtd_fault_is_unqualified(reason) || !translation->structure[VTD_NOTE_FPD];
	enum iommu_completion completion = vtd_fault_completion(reason, request->type, request->last);

	if (completion == IOMMU_SUCCESS) {
		answer_nothing(translation);
		if (!vtd_fault_is_reported(reason))
			return;
	}
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_FAULT;
	translation->completion = completion;
	translation->fault_reason = reason;
	if (is_recorded)
		vtd_record_fault(unit, request, reason);
}

void vtd_refuse(struct iommu_translation *translation)
{
	translation->access.want = IOMMU_WANTS_NOTHING;
	translation->status = IOMMU_FAULT;
	translation->completion = IOMMU_UNSUPPORTED;
	translation->fault_reason = VTD_FAULT_NONE;
}

void vtd_pass(struct vtd *unit, struct iommu_translation *translation)
{
	translation->output = translation->request.iova;
	translation->size_lg2 = PAGE_LG2;
	translation->permissions = PT_READ | PT_WRITE | PT_EXECUTE | PT_USER;
	if (vtd_is_protected(unit, translation->output, translation->output))
		vtd_refuse(translation);
	else
		vtd_succeed(translation);
}

/* [LGN.4, SGN.8] No request and no translation may lead to the interrupt address range. */
static void block_interrupt_address(struct vtd *unit, struct iommu_translation *translation)
{
	vtd_block(unit, translation, is_scalable(unit) ? VTD_FAULT_SM_INTERRUPT_ADDRESS : VTD_FAULT_INTERRUPT_ADDRESS);
}

/* ---- before structures ---- */

/* Interrupts, and zero-length reads of their addresses, are not remapped as DMA. */
static bool bypasses_remapping(const struct iommu_request *request)
{
	if (request->type != IOMMU_UNTRANSLATED || request->has_pasid || request->atomic)
		return false;
	return vtd_is_interrupt_address(request->iova) && (request->write || request->zero_length);
}

/* ASSUMED: a page request that the unit has no notion of is dropped; being a message it has no completion. */
static void drop_page_request(struct iommu_translation *translation)
{
	vtd_refuse(translation);
	translation->completion = IOMMU_NO_COMPLETION;
}

/* The root complex keeps these from the unit. */
static bool is_kept_from(const struct vtd *unit, const struct iommu_request *request)
{
	return request->type == IOMMU_TRANSLATED_REQUEST && request->has_pasid &&
	       !(unit->extended_capability & VTD_ECAP_PTRS);
}

bool vtd_ends_at_once(struct vtd *unit, struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;

	/* [VTD] "Handling of ATS Protocol Errors": with remapping off only untranslated requests are good. */
	if ((!unit->enabled && request->type == IOMMU_UNTRANSLATED) || bypasses_remapping(request))
		vtd_pass(unit, translation);
	else if (request->type == IOMMU_PAGE_REQUEST && (!unit->enabled || !(unit->extended_capability & VTD_ECAP_PRS)))
		drop_page_request(translation);
	else if (!unit->enabled || is_kept_from(unit, request))
		vtd_refuse(translation);
	else
		return false;
	return true;
}

/* [VTD] "Version Register": from major version 8 on, what asks to execute is blocked whatever ECAP.ERS says. */
static bool knows_execute_requests(const struct vtd *unit)
{
	return FIELD_GET(VTD_VER_MAJ, unit->reg[VTD_REG_VER / 4]) < 8;
}

enum vtd_fault_reason vtd_check_version(const struct vtd *unit, const struct iommu_request *request)
{
	bool is_blocked = request->execute && request->type != IOMMU_PAGE_REQUEST && !knows_execute_requests(unit);

	return is_blocked ? VTD_FAULT_EXECUTE_REQUEST : VTD_FAULT_NONE;
}

/* ---- at structures ---- */

/* [VTD] "Handling of Translated Requests": the address is the device's word, within bounds. */
static void end_translated_request(struct vtd *unit, struct iommu_translation *translation)
{
	iova_t address = translation->request.iova;

	if (address >> unit->host_address_width) /* [LGN.1.2, SGN.4.1] */
		vtd_block(unit, translation, is_scalable(unit) ? VTD_FAULT_SM_HOST_WIDTH : VTD_FAULT_ADDRESS_WIDTH);
	else if (vtd_is_interrupt_address(address))
		block_interrupt_address(unit, translation);
	else
		vtd_pass(unit, translation);
}

/*
 * A request without PASID to the interrupt address range that is not an interrupt.  [S.1, S.2] A device may
 * ask for the translation of each address that it writes to, also those of interrupts: it is told to write there
 * untranslated.
 */
static void end_at_interrupt_address(struct vtd *unit, struct iommu_translation *translation)
{
	if (!is_translation_request(translation)) {
		block_interrupt_address(unit, translation);
		return;
	}
	answer_nothing(translation);
	if (translation->request.write || !(unit->extended_capability & VTD_ECAP_NWFS)) {
		translation->permissions = PT_WRITE;
		translation->untranslated_only = true;
	}
}

static bool is_illegal_interrupt(const struct iommu_request *request)
{
	return !request->has_pasid && vtd_is_interrupt_address(request->iova);
}

bool vtd_ends_at_context(struct vtd *unit, struct iommu_translation *translation, enum vtd_tt tt)
{
	const struct iommu_request *request = &translation->request;

	if (request->type != IOMMU_UNTRANSLATED && tt != VTD_TT_DEVICE_TLB)
		vtd_block(unit, translation, VTD_FAULT_CONTEXT_BLOCKED); /* [LCT.5] */
	else if (request->type == IOMMU_TRANSLATED_REQUEST)
		end_translated_request(unit, translation);
	else if (is_illegal_interrupt(request))
		end_at_interrupt_address(unit, translation);
	else
		return false;
	return true;
}

bool vtd_ends_at_scalable_context(struct vtd *unit, struct iommu_translation *translation)
{
	if (translation->request.type != IOMMU_TRANSLATED_REQUEST)
		return false;
	end_translated_request(unit, translation);
	return true;
}

bool vtd_ends_at_pasid(struct vtd *unit, struct iommu_translation *translation, const uint64_t words[3])
{
	const struct iommu_request *request = &translation->request;
	bool may_execute = (unit->extended_capability & VTD_ECAP_ERS) &&
			   (!vtd_has_first_stage(words[0]) || (words[2] & VTD_PASID2_ERE));

	vtd_note_pasid(translation, words);
	if (request->type == IOMMU_PAGE_REQUEST)
		vtd_page_request_begin(unit, translation, words, (uint32_t)translation->structure[VTD_NOTE_PASID]);
	else if (request->execute && !may_execute)
		vtd_block(unit, translation, VTD_FAULT_ERE_CLEAR); /* [SPT.5], ERE of revisions with execute requests */
	else if (translation->structure[VTD_NOTE_PRIVILEGED] && !(words[2] & VTD_PASID2_SRE))
		vtd_block(unit, translation, VTD_FAULT_SRE_CLEAR); /* [SPT.6] */
	else if (is_illegal_interrupt(request))
		end_at_interrupt_address(unit, translation);
	else
		return false;
	return true;
}

/* ---- translations ---- */

/* Does a translation request ask for no write permission?  [VTD] "Extended Capability Register", NWFS */
static bool is_read_only(const struct vtd *unit, const struct iommu_request *request)
{
	return !request->write && (unit->extended_capability & VTD_ECAP_NWFS);
}

static unsigned user_access(const struct iommu_translation *translation)
{
	return translation->structure[VTD_NOTE_PRIVILEGED] ? 0 : PT_USER;
}

static unsigned untranslated_access(const struct vtd *unit, const struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	unsigned access = user_access(translation);

	if (request->execute)
		access |= PT_EXECUTE;
	if (request->atomic)
		return access | PT_READ | PT_WRITE;
	if (request->write)
		return access | PT_WRITE;
	/* A zero-length read asks for no more than that something is granted. */
	return request->zero_length && (unit->capability & VTD_CAP_ZLR) ? access : access | PT_READ;
}

unsigned vtd_rare_lookup_access(const struct vtd *unit, const struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	unsigned access = user_access(translation) | PT_READ;

	if (!is_translation_request(translation))
		return untranslated_access(unit, translation);
	/* What an entry lacks may be granted, with a flag to set: the tables tell. */
	access |= is_read_only(unit, request) ? 0 : PT_WRITE;
	return request->execute ? access | PT_EXECUTE : access;
}

unsigned vtd_rare_walk_access(const struct vtd *unit, const struct iommu_translation *translation)
{
	if (!is_translation_request(translation))
		return untranslated_access(unit, translation);
	return user_access(translation) | (is_read_only(unit, &translation->request) ? 0 : PT_WRITE_IF_GRANTED);
}

/* Supervisor-mode execute prevention: of units with execute requests, in code that user mode may touch. */
static bool is_prevented(const struct iommu_translation *translation)
{
	return translation->request.execute && translation->structure[VTD_NOTE_PRIVILEGED] &&
	       vtd_has_first_stage(translation->structure[VTD_NOTE_ENTRY]) &&
	       (translation->structure[VTD_NOTE_ENTRY + 2] & VTD_PASID2_SMEP) && (translation->permissions & PT_USER);
}

bool vtd_rare_is_allowed(struct vtd *unit, struct iommu_translation *translation)
{
	uint64_t first = translation->output, last = translation->output;

	/* A translation is given for all of its page.  [SGN.8.2] */
	if (is_translation_request(translation)) {
		first = first >> translation->size_lg2 << translation->size_lg2;
		last = first + (UINT64_C(1) << translation->size_lg2) - 1;
	}
	if (first <= INTERRUPT_RANGE_LAST && last >= INTERRUPT_RANGE_FIRST) {
		block_interrupt_address(unit, translation);
		return false;
	}
	if (!is_translation_request(translation) && is_prevented(translation)) {
		vtd_block(unit, translation, VTD_FAULT_EXECUTE_DENIED);
		return false;
	}
	if (!is_translation_request(translation) && vtd_is_protected(unit, first, last)) {
		vtd_refuse(translation);
		return false;
	}
	return true;
}

/* Supervisor writes need no write permission of the first stage without WPE. */
static bool has_supervisor_write(const struct iommu_translation *translation)
{
	const uint64_t *entry = &translation->structure[VTD_NOTE_ENTRY];

	if (translation->iotlb_hit || !translation->first_format || !translation->structure[VTD_NOTE_PRIVILEGED] ||
	    (entry[2] & VTD_PASID2_WPE))
		return false;
	return !translation->second_format || (translation->page_permissions & PT_WRITE);
}

void vtd_rare_end(struct vtd *unit, struct iommu_translation *translation)
{
	const struct iommu_request *request = &translation->request;
	unsigned granted = translation->permissions;
	bool is_snooped = granted & PT_SNOOP;

	vtd_succeed(translation);
	if (!is_translation_request(translation))
		return;

	/* [VTD] "Handling of Translation Requests" */
	if (has_supervisor_write(translation))
		granted |= PT_WRITE;
	if (is_read_only(unit, request))
		granted &= ~(unsigned)PT_WRITE;
	if (!request->execute || !(granted & PT_READ) || is_prevented(translation))
		granted &= ~(unsigned)PT_EXECUTE;
	granted &= PT_READ | PT_WRITE | PT_EXECUTE;
	if (!granted) {
		answer_nothing(translation);
		return;
	}
	translation->permissions = granted;
	translation->untranslated_only = false;
	translation->must_snoop =
		is_snooped || (is_scalable(unit) && (translation->structure[VTD_NOTE_ENTRY + 1] & VTD_PASID1_PGSNP));
	translation->is_privileged = request->privileged;
}

/* The largest page of the unit, which is the largest answer of pass-through. */
static unsigned largest_page_lg2(const struct vtd *unit)
{
	if (unit->capability & (VTD_CAP_SSLPS_1G | VTD_CAP_FS1GP))
		return 30;
	return (unit->capability & VTD_CAP_SSLPS_2M) || (unit->extended_capability & VTD_ECAP_FSTS) ? 21 : PAGE_LG2;
}

/*
 * ASSUMED: a translation request with PASID for an interrupt address gets nothing; the table refers to its
 * special conditions, which speak of requests without PASID only.
 */
void vtd_end_pass_through(struct vtd *unit, struct iommu_translation *translation)
{
	bool is_to_interrupts = vtd_is_interrupt_address(translation->request.iova);

	if (!is_translation_request(translation)) {
		if (is_to_interrupts)
			block_interrupt_address(unit, translation);
		else
			vtd_pass(unit, translation);
		return;
	}
	if (is_to_interrupts) {
		answer_nothing(translation);
		return;
	}
	translation->output = translation->request.iova;
	translation->size_lg2 = largest_page_lg2(unit);
	translation->permissions = PT_READ | PT_WRITE;
	vtd_rare_end(unit, translation);
}
