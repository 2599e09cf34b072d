/* SPDX-License-Identifier: Apache-2.0 */
/* What qemu_log_replay.c and qemu_log_commands.c share: one replay of QEMU's log against our unit. */
#ifndef IOMMUSIM_TESTS_ORACLES_QEMU_LOG_REPLAY_H
#define IOMMUSIM_TESTS_ORACLES_QEMU_LOG_REPLAY_H

#include "models/iommu/pipeline.h"
#include "tests/oracles/qemu_log.h"
#include "tests/oracles/vtd_guest.h"

#define WRITES_MAX   64u
#define QEMU_ENTRIES 1024u /* of its IOTLB */

#define ADDRESS BITS64(51, 12)

/* Register writes of the driver model that the log has not come to. */
struct writes {
	struct {
		unsigned offset, bytes;
		uint64_t value;
	} item[WRITES_MAX];
	unsigned first, count;
};

/* What the log said of the translation that its next vtd_dmar_translate ends. */
struct translating {
	bool known, hit, reset, context_known, context_filled;
	uint64_t source_id, iova, word, domain, context[2];
};

struct replay {
	struct vtd_guest guest;
	struct qemu_log log;
	struct qemu_log_event event;
	struct iommu *unit;
	struct pipeline *pipeline; /* the unit's own, for what a command invalidated */
	struct writes tails, others;
	bool trace_ended;
	bool is_beyond; /* the log has come to a descriptor that the trace does not have */

	struct translating translating;
	uint64_t leaf; /* last table word that our unit read */

	struct iommu_command command;
	uint64_t epoch;  /* before the command */
	bool undecoded;  /* no line has told what QEMU made of it */
	uint64_t status; /* address that it wrote to */

	uint64_t entries; /* in our IOTLB */
	uint64_t translations, hits, context_hits, context_fills, resets, descriptors, silent, registers;
	uint64_t ahead_walks, ahead_most, beyond;
};

/* Ends the test, naming the log's line, when ours is not what QEMU had. */
void qemu_log_same(const struct replay *replay, uint64_t ours, uint64_t theirs, const char *what);

/* The guest's next event; false: its trace has ended. */
bool qemu_log_step(struct replay *replay);

/* As iommu_access_fn, argument: the replay. */
bool qemu_log_access(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX]);

/* ---- qemu_log_commands.c: the lines of registers and of the queue ---- */

void qemu_log_register(struct replay *replay);
void qemu_log_tail(struct replay *replay);
void qemu_log_head(struct replay *replay);
void qemu_log_descriptor(struct replay *replay);
/* What QEMU made of the descriptor. */
void qemu_log_decoded(struct replay *replay);
/* No further line belongs to the last descriptor. */
void qemu_log_end_descriptor(struct replay *replay);

#endif
