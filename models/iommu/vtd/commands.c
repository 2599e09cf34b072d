/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invalidation queue.  [VTD] "Queued Invalidation Interface", "Hardware Handling of Queued Invalidation
 * Interface Errors", "Queued Invalidation Ordering Considerations", "Handling of Device-TLB Invalidations".
 *
 * Descriptors are taken one at a time and done before the next is fetched, so that a fence (FN) is always kept.
 * Only invalidations at devices go on behind: a wait is held until all of them are answered, and nothing is
 * fetched while it is held.  The head stays at a held wait, as it does at a descriptor with an error.
 */
#include "models/iommu/vtd/unit.h"
#include "models/iommu/vtd/vtd.h"

enum phase { FETCHING, WRITING_STATUS };

static bool is_wide(const struct vtd *unit)
{
	return vtd_reg64(unit, VTD_REG_IQA) & VTD_IQA_DW;
}

static unsigned descriptor_words(const struct vtd *unit)
{
	return is_wide(unit) ? 4 : 2;
}

static uint64_t queue_bytes(const struct vtd *unit)
{
	return PAGE_BYTES << FIELD_GET(VTD_IQA_QS, vtd_reg64(unit, VTD_REG_IQA));
}

static void advance(struct vtd *unit)
{
	uint64_t head = vtd_reg64(unit, VTD_REG_IQH);

	vtd_set_reg64(unit, VTD_REG_IQH, (head + descriptor_words(unit) * 8) % queue_bytes(unit));
}

/* A field of the error record is kept while the status bit that it belongs to is set. */
static void error(struct vtd *unit, uint32_t status, uint64_t field)
{
	if (!(unit->reg[VTD_REG_FSTS / 4] & status)) {
		uint64_t mask = status == VTD_FSTS_IQE   ? VTD_IQERCD_IQEI
				: status == VTD_FSTS_ITE ? VTD_IQERCD_ITESID
							 : VTD_IQERCD_ICESID;

		vtd_set_reg64(unit, VTD_REG_IQERCD, (vtd_reg64(unit, VTD_REG_IQERCD) & ~mask) | field);
	}
	vtd_event_raise(unit, VTD_EVENT_FAULT, status);
}

static void stop(struct vtd *unit, enum vtd_iqei reason)
{
	error(unit, VTD_FSTS_IQE, FIELD_PUT(VTD_IQERCD_IQEI, reason));
}

void vtd_queue_off(struct vtd *unit)
{
	vtd_set_reg64(unit, VTD_REG_IQH, 0);
	unit->wait_is_held = false;
}

/* The error of the queue's registers, VTD_IQEI_NONE when the descriptor at the head can be fetched. */
static enum vtd_iqei queue_error(const struct vtd *unit)
{
	uint64_t tail = vtd_reg64(unit, VTD_REG_IQT);
	bool has_scalable = unit->extended_capability & VTD_ECAP_SMTS;
	bool has_abort = unit->extended_capability & VTD_ECAP_ADMS;

	if (unit->ttm == VTD_TTM_RESERVED || (unit->ttm == VTD_TTM_SCALABLE && !has_scalable) ||
	    (unit->ttm == VTD_TTM_ABORT_DMA && !has_abort))
		return VTD_IQEI_TTM;
	if (is_wide(unit) ? !has_scalable && !has_abort : unit->ttm != VTD_TTM_LEGACY)
		return VTD_IQEI_WIDTH;
	if (tail % (descriptor_words(unit) * 8) != 0)
		return VTD_IQEI_TAIL_MISALIGNED;
	return tail >= queue_bytes(unit) ? VTD_IQEI_TAIL : VTD_IQEI_NONE;
}

/* ---- waits ---- */

/* [VTD] "Invalidation Wait Descriptor", "Page Request Ordering and Draining" */
static bool must_wait(const struct vtd *unit, uint64_t word0)
{
	return unit->at_devices_count > 0 || ((word0 & VTD_WAIT0_PD) && unit->page_requests_under_way > 0);
}

/* The status was written, or none was asked for. */
static void complete_wait(struct vtd *unit, struct iommu_command *command)
{
	command->access.want = IOMMU_WANTS_NOTHING;
	if (!(command->word[0] & VTD_WAIT0_IF))
		return;
	command->interrupt = true;
	vtd_event_raise(unit, VTD_EVENT_COMPLETION, VTD_ICS_IWC);
}

static void start_wait(struct vtd *unit, struct iommu_command *command)
{
	unit->pipeline.iommu.stats.commands++;
	advance(unit);
	if (!(command->word[0] & VTD_WAIT0_SW)) {
		complete_wait(unit, command);
		return;
	}
	command->phase = WRITING_STATUS;
	command->access = (struct iommu_access){
		.want = IOMMU_WANTS_WRITE,
		.purpose = IOMMU_FOR_QUEUE,
		.address = command->word[1] & VTD_WAIT1_STADDR & (BIT64(unit->host_address_width) - 1),
		.words = 1,
		.bytes = 4,
		.desired = FIELD_GET(VTD_WAIT0_STDATA, command->word[0]),
	};
}

static void hold_wait(struct vtd *unit, const struct iommu_command *command)
{
	unit->wait_is_held = true;
	for (unsigned i = 0; i < 4; i++)
		unit->held_wait[i] = command->word[i];
}

static bool go_on_with_wait(struct vtd *unit, struct iommu_command *command)
{
	const uint64_t *word = unit->held_wait;

	if (must_wait(unit, word[0]))
		return false;
	unit->wait_is_held = false;
	*command = (struct iommu_command){
		.kind = IOMMU_COMMAND_WAIT,
		.word = { word[0], word[1], word[2], word[3] },
	};
	start_wait(unit, command);
	return true;
}

/* ---- commands ---- */

bool vtd_command_begin(struct iommu *iommu, struct iommu_command *command)
{
	struct vtd *unit = (struct vtd *)iommu;
	uint64_t head = vtd_reg64(unit, VTD_REG_IQH);

	if (!(unit->reg[VTD_REG_GSTS / 4] & VTD_GSTS_QIES) ||
	    (unit->reg[VTD_REG_FSTS / 4] & (VTD_FSTS_IQE | VTD_FSTS_ITE)))
		return false;
	if (unit->wait_is_held)
		return go_on_with_wait(unit, command);
	/* The next descriptor may need a tag. */
	if (head == vtd_reg64(unit, VTD_REG_IQT) || unit->at_devices_count == VTD_ITAGS)
		return false;

	enum vtd_iqei reason = queue_error(unit);

	if (reason) {
		stop(unit, reason);
		return false;
	}
	*command = (struct iommu_command){
		.access = { .want = IOMMU_WANTS_READ,
			    .purpose = IOMMU_FOR_QUEUE,
			    .address = (vtd_reg64(unit, VTD_REG_IQA) & VTD_IQA_IQA) + head,
			    .words = descriptor_words(unit) },
		.phase = FETCHING,
	};
	return true;
}

/* The descriptor is in command->word. */
static enum vtd_iqei execute(struct vtd *unit, struct iommu_command *command)
{
	struct iommu_stats *stats = &unit->pipeline.iommu.stats;
	enum vtd_iqei reason = vtd_descriptor_execute(unit, command);

	if (reason)
		return reason;
	if (command->kind == IOMMU_COMMAND_WAIT) {
		if (must_wait(unit, command->word[0]))
			hold_wait(unit, command);
		else
			start_wait(unit, command);
		return VTD_IQEI_NONE;
	}
	if (command->kind == IOMMU_COMMAND_DEVICE_TLB)
		unit->at_devices[unit->at_devices_count++] = command->device_invalidation.source_id;
	stats->commands++;
	stats->invalidated += command->invalidated;
	advance(unit);
	return VTD_IQEI_NONE;
}

static void fetched(struct vtd *unit, struct iommu_command *command, const uint64_t *words)
{
	enum vtd_iqei reason = VTD_IQEI_FETCH;

	command->access.want = IOMMU_WANTS_NOTHING;
	unit->pipeline.iommu.stats.reads[IOMMU_FOR_QUEUE]++;
	if (words) {
		for (unsigned i = 0; i < descriptor_words(unit); i++)
			command->word[i] = words[i];
		reason = execute(unit, command);
	}
	if (reason) {
		command->kind = IOMMU_COMMAND_ERROR;
		stop(unit, reason);
	}
}

void vtd_command_feed(struct iommu *iommu, struct iommu_command *command, const uint64_t *words)
{
	struct vtd *unit = (struct vtd *)iommu;

	/* The status write is posted: where there is no memory it is lost unseen. */
	if (command->phase == FETCHING)
		fetched(unit, command, words);
	else
		complete_wait(unit, command);
}

bool vtd_execute(struct iommu *iommu, const uint64_t word[4], struct iommu_command *command)
{
	struct vtd *unit = (struct vtd *)iommu;

	*command = (struct iommu_command){ .word = { word[0], word[1], word[2], word[3] } };
	if (VTD_INV_TYPE(word[0]) == VTD_INV_WAIT || vtd_descriptor_execute(unit, command))
		return false;
	unit->pipeline.iommu.stats.commands++;
	unit->pipeline.iommu.stats.invalidated += command->invalidated;
	return true;
}

/* ---- answers of devices ---- */

/* Frees a tag of the device; false: it has none. */
static bool free_tag(struct vtd *unit, uint16_t source_id)
{
	for (unsigned i = 0; i < unit->at_devices_count; i++) {
		if (unit->at_devices[i] == source_id) {
			unit->at_devices[i] = unit->at_devices[--unit->at_devices_count];
			return true;
		}
	}
	return false;
}

void vtd_device_answered(struct iommu *iommu, uint16_t source_id, enum iommu_device_answer answer)
{
	struct vtd *unit = (struct vtd *)iommu;
	bool was_asked = answer != IOMMU_DEVICE_UNEXPECTED && free_tag(unit, source_id);

	if (!(unit->extended_capability & VTD_ECAP_DT))
		return;
	if (answer == IOMMU_DEVICE_TIMED_OUT && was_asked) {
		/* Pending waits are aborted; the head is still at them. */
		unit->wait_is_held = false;
		error(unit, VTD_FSTS_ITE, FIELD_PUT(VTD_IQERCD_ITESID, source_id));
	} else if (answer != IOMMU_DEVICE_TIMED_OUT && !was_asked) {
		error(unit, VTD_FSTS_ICE, FIELD_PUT(VTD_IQERCD_ICESID, source_id));
	}
}
