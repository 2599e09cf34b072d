/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recorded set, opened for a test: its trace imported into a temporary file, what its side file says of
 * it, and its snapshots.
 */
#ifndef IOMMUSIM_TESTS_ORACLES_RECORDING_H
#define IOMMUSIM_TESTS_ORACLES_RECORDING_H

#include <check.h>

#include "models/memory/memory.h"
#include "tests/recorded/recorded.h"
#include "traces/trace.h"

/*
 * As ck_assert_msg, for what is checked a million times: Check notes the place of each passed
 * assertion in a file.
 */
#define MUST(condition, ...) \
	do { \
		if (!(condition)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

struct recording {
	const char *name;
	const char *folder; /* that holds the set's own */
	char h5[64];        /* temporary, removed at the end */
	struct trace *trace;
	char *json; /* NAME.json */
};

/*
 * Looks in RECORDED, then among the samples that come with the project.  False when the set is in neither, which is
 * said on stdout.  Errors end the test.
 */
bool recording_open(struct recording *recording, const char *name);
void recording_close(struct recording *recording);

/* The number after "key": in text, decimal or a quoted 0x; the key must be there. */
uint64_t recording_number(const char *text, const char *key);

/* The imported counts of events equal those of the side file, one for one. */
void recording_check_counts(const struct recording *recording);
/* How often the side file says that an event occurred; 0 when it is not listed. */
uint64_t recording_count(const struct recording *recording, const char *event);

/* A file of the set, whole; NULL when it has no such file.  To be freed. */
char *recording_file(const struct recording *recording, const char *file, size_t *bytes);

/* The snapshot that a mark of the trace announces ("s1" of "... ask/SNAP/s1"); NULL: none. */
const char *recording_snapshot_of(const struct recording *recording, const struct trace_op *mark);

/* Leaves of one device in a snapshot's map.csv, by address.  To be freed; *count may be 0. */
struct recorded_leaf *recording_leaves(const struct recording *recording, const char *snapshot, unsigned source_id,
				       size_t *count);

#endif
