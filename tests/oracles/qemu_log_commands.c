/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "models/iommu/vtd/layout.h"
#include "tests/oracles/qemu_log_replay.h"

/* ---- registers ---- */

static bool is_fault_event(unsigned offset)
{
	return offset == VTD_REG_FECTL || offset == VTD_REG_FEDATA || offset == VTD_REG_FEADDR ||
	       offset == VTD_REG_FEUADDR;
}

/* The driver's next write, which must be this one. */
void qemu_log_register(struct replay *replay)
{
	const uint64_t *n = replay->event.number;
	unsigned offset = (unsigned)n[0], bytes = (unsigned)n[1];
	struct writes *writes = offset == VTD_REG_IQT ? &replay->tails : &replay->others;
	bool is_modelled = !is_fault_event(offset); /* the driver model sets no fault interrupt up */
	uint64_t value = n[2];

	while (is_modelled && writes->count == 0 && qemu_log_step(replay))
		;
	if (is_modelled && writes->count > 0) {
		qemu_log_same(replay, writes->item[writes->first].offset, offset, "register written");
		qemu_log_same(replay, writes->item[writes->first].bytes, bytes, "its bytes");
		value = writes->item[writes->first].value;
		qemu_log_same(replay, bytes == 8 ? value & ~ADDRESS : value, bytes == 8 ? n[2] & ~ADDRESS : n[2],
			      "its value");
		writes->first = (writes->first + 1) % WRITES_MAX;
		writes->count--;
	} else if (offset == VTD_REG_IQT) {
		replay->is_beyond = true;
	}
	replay->unit->ops->register_write(replay->unit, offset, bytes, value);
	replay->registers++;
}

/* ---- descriptors ---- */

static unsigned slot(struct replay *replay, unsigned offset)
{
	return (unsigned)(replay->unit->ops->register_read(replay->unit, offset, 8) / replay->guest.slot_bytes);
}

/* The descriptor before this one is one of those that QEMU's log does not decode. */
void qemu_log_end_descriptor(struct replay *replay)
{
	uint64_t type = VTD_INV_TYPE(replay->command.word[0]);

	if (!replay->undecoded)
		return;
	qemu_log_same(replay, type == VTD_INV_PASID_CACHE || type == VTD_INV_PASID_IOTLB, true,
		      "an undecoded descriptor of PASIDs");
	replay->undecoded = false;
	replay->silent++;
}

static void take_descriptor(struct replay *replay)
{
	struct iommu_command *command = &replay->command;
	uint64_t words[IOMMU_WORDS_MAX];

	replay->epoch = replay->pipeline->epoch;
	MUST(replay->unit->ops->command_begin(replay->unit, command), "log line %u: our queue is empty",
	     replay->event.line);
	while (command->access.want != IOMMU_WANTS_NOTHING) {
		if (command->access.want == IOMMU_WANTS_WRITE)
			replay->status = command->access.address;
		qemu_log_access(replay, &command->access, words);
		replay->unit->ops->command_feed(replay->unit, command, words);
	}
	MUST(command->kind != IOMMU_COMMAND_ERROR, "log line %u: our queue stopped", replay->event.line);
	if (command->kind == IOMMU_COMMAND_IOTLB)
		replay->entries -= command->invalidated;
	replay->undecoded = true;
	replay->descriptors++;
}

void qemu_log_tail(struct replay *replay)
{
	qemu_log_same(replay, slot(replay, VTD_REG_IQT), replay->event.number[0], "queue tail");
}

void qemu_log_head(struct replay *replay)
{
	qemu_log_end_descriptor(replay);
	qemu_log_same(replay, slot(replay, VTD_REG_IQH), replay->event.number[0], "queue head");
	if (!replay->is_beyond)
		take_descriptor(replay);
}

/* The guest that powers off queues this one. */
static void queue_logged(struct replay *replay)
{
	const struct vtd_guest *guest = &replay->guest;
	phys_t address = GUEST_OFFSET + guest->queue + slot(replay, VTD_REG_IQH) * guest->slot_bytes;

	for (unsigned word = 0; word < guest->slot_bytes / 8; word++)
		memory_write64(guest->memory, address + 8 * word, word < 2 ? replay->event.number[1 - word] : 0);
	replay->beyond++;
}

void qemu_log_descriptor(struct replay *replay)
{
	static const char *const names[] = {
		[VTD_INV_CONTEXT] = "context-cache",
		[VTD_INV_IOTLB] = "iotlb",
		[VTD_INV_WAIT] = "wait",
		[VTD_INV_PASID_IOTLB] = "p-iotlb",
	};
	const uint64_t *n = replay->event.number, *word = replay->command.word;

	if (replay->is_beyond) {
		queue_logged(replay);
		take_descriptor(replay);
	}

	uint64_t type = VTD_INV_TYPE(word[0]);

	MUST(type < sizeof(names) / sizeof(names[0]) && names[type] && strcmp(names[type], replay->event.type) == 0,
	     "log line %u: %s: our type is %" PRIu64, replay->event.line, replay->event.text, type);
	qemu_log_same(replay, word[0], n[1], "word 0");
	if (type != VTD_INV_WAIT) /* where its status word lies is the driver's */
		qemu_log_same(replay, word[1], n[0], "word 1");
}

/* What the command did to the IOTLB was this and nothing else; domain -1: all. */
static void check_iotlb_scope(struct replay *replay, int64_t domain, uint64_t first, uint64_t last)
{
	unsigned found = 0;

	qemu_log_same(replay, replay->command.kind, IOMMU_COMMAND_IOTLB, "kind of command");
	for (uint64_t epoch = replay->epoch + 1; epoch <= replay->pipeline->epoch; epoch++) {
		const struct pipeline_scope *scope = &replay->pipeline->recent[epoch % PIPELINE_RECENT];

		if (!(scope->caches & PIPELINE_IOTLB))
			continue;
		qemu_log_same(replay, scope->mask & UINT16_MAX, domain < 0 ? 0 : UINT16_MAX, "mask of domains");
		if (domain >= 0)
			qemu_log_same(replay, scope->tag & UINT16_MAX, (uint64_t)domain, "domain");
		qemu_log_same(replay, scope->first, first, "first address");
		qemu_log_same(replay, scope->last, last, "last address");
		found++;
	}
	MUST(found > 0, "log line %u: nothing was invalidated", replay->event.line);
}

static void check_wait(struct replay *replay)
{
	const uint64_t *n = replay->event.number;
	const uint64_t status_bytes = VTD_DRIVER_QUEUE_LENGTH * sizeof(uint32_t);

	qemu_log_same(replay, replay->command.kind, IOMMU_COMMAND_WAIT, "kind of command");
	qemu_log_same(replay, replay->status % status_bytes, n[0] % status_bytes,
		      "address of the status, in its table");
	qemu_log_same(replay,
		      (uint32_t)(vtd_guest_word(&replay->guest, replay->status & ~UINT64_C(7)) >>
				 8 * (replay->status & 7)),
		      n[1], "status");
}

void qemu_log_decoded(struct replay *replay)
{
	const uint64_t *n = replay->event.number, word0 = replay->command.word[0];

	switch (replay->event.kind) {
	case QEMU_LOG_CONTEXT_GLOBAL:
		qemu_log_same(replay, replay->command.kind, IOMMU_COMMAND_CONTEXT, "kind of command");
		qemu_log_same(replay, FIELD_GET(VTD_CC_INV0_G, word0), VTD_CC_GLOBAL, "granularity");
		break;
	case QEMU_LOG_CONTEXT_DEVICES:
		qemu_log_same(replay, replay->command.kind, IOMMU_COMMAND_CONTEXT, "kind of command");
		qemu_log_same(replay, FIELD_GET(VTD_CC_INV0_G, word0), VTD_CC_DEVICE, "granularity");
		qemu_log_same(replay, FIELD_GET(VTD_CC_INV0_SID, word0), n[0], "source ID");
		qemu_log_same(replay, FIELD_GET(VTD_CC_INV0_FM, word0), n[1], "function mask");
		break;
	case QEMU_LOG_CONTEXT_DEVICE: /* the device that the line before it led to */
		qemu_log_same(replay, n[0] << 8 | n[1] << 3 | n[2], FIELD_GET(VTD_CC_INV0_SID, word0), "source ID");
		break;
	case QEMU_LOG_IOTLB_GLOBAL:
		check_iotlb_scope(replay, -1, 0, UINT64_MAX);
		break;
	case QEMU_LOG_IOTLB_DOMAIN:
		check_iotlb_scope(replay, (int64_t)n[0], 0, UINT64_MAX);
		break;
	case QEMU_LOG_IOTLB_PAGES:
		check_iotlb_scope(replay, (int64_t)n[0], n[1], n[1] + (PAGE_BYTES << n[2]) - 1);
		break;
	default:
		check_wait(replay);
		break;
	}
	replay->undecoded = false;
}
