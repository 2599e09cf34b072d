/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracles/recording.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/import.h"

char *recording_file(const struct recording *recording, const char *file, size_t *bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", recording->folder, recording->name, file);
	return recorded_read(path, bytes);
}

bool recording_open(struct recording *recording, const char *name)
{
	char file[128], path[512];
	size_t bytes;
	struct err err = { 0 };
	struct import_options options = { .strict = true };

	*recording = (struct recording){ .name = name, .folder = RECORDED, .h5 = "/tmp/iommusim-recording-XXXXXX" };
	snprintf(file, sizeof(file), "%s.json", name);
	recording->json = recording_file(recording, file, &bytes);
	if (!recording->json) {
		recording->folder = SAMPLES;
		recording->json = recording_file(recording, file, &bytes);
	}
	if (!recording->json) {
		recorded_skip(name);
		return false;
	}

	int fd = mkstemp(recording->h5);

	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/%s/trace.txt.xz", recording->folder, name);
	ck_assert_msg(trace_import_ftrace(path, recording->h5, &options, &err), "%s", err.text);
	recording->trace = trace_open(recording->h5, &err);
	ck_assert_msg(recording->trace != NULL, "%s", err.text);
	return true;
}

void recording_close(struct recording *recording)
{
	trace_close(recording->trace);
	unlink(recording->h5);
	free(recording->json);
}

/* ---- the side file ---- */

/* Behind `"key": `, or NULL. */
static const char *after_key(const char *text, const char *key)
{
	char quoted[96];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(text, quoted);
	return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " \"\n") : NULL;
}

uint64_t recording_number(const char *text, const char *key)
{
	const char *at = after_key(text, key);

	ck_assert_msg(at != NULL, "no %s", key);
	return strtoull(at, NULL, 0);
}

/* The text of the side file's event_counts, up to its closing brace. */
static char *counts_text(const struct recording *recording)
{
	const char *at = after_key(recording->json, "event_counts");

	ck_assert_ptr_nonnull(at);
	return strndup(at, (size_t)(strchr(at, '}') - at));
}

uint64_t recording_count(const struct recording *recording, const char *event)
{
	char *counts = counts_text(recording);
	uint64_t count = after_key(counts, event) ? recording_number(counts, event) : 0;

	free(counts);
	return count;
}

struct counting {
	const struct recording *recording;
	uint64_t sum;
};

static void check_count(void *argument, const char *event, uint64_t count)
{
	struct counting *counting = argument;
	uint64_t expected = recording_count(counting->recording, event);

	ck_assert_msg(count == expected, "%s: %s: %llu imported, %llu recorded", counting->recording->name, event,
		      (unsigned long long)count, (unsigned long long)expected);
	counting->sum += count;
}

void recording_check_counts(const struct recording *recording)
{
	struct counting counting = { .recording = recording };

	trace_event_counts(recording->trace, check_count, &counting);
	ck_assert_uint_eq(counting.sum, recording_number(recording->json, "events_total"));
	ck_assert_uint_eq(trace_summary(recording->trace)->lost_events,
			  recording_number(recording->json, "lost_events"));
}

/* ---- snapshots ---- */

const char *recording_snapshot_of(const struct recording *recording, const struct trace_op *mark)
{
	const char *text = trace_mark(recording->trace, mark->iova);
	const char *at = strstr(text, "phase ask/SNAP/");

	return at ? at + strlen("phase ask/SNAP/") : NULL;
}

static int by_iova(const void *a, const void *b)
{
	const struct recorded_leaf *one = a, *other = b;

	return one->iova < other->iova ? -1 : one->iova > other->iova;
}

struct recorded_leaf *recording_leaves(const struct recording *recording, const char *snapshot, unsigned source_id,
				       size_t *count)
{
	char file[64];
	size_t bytes, capacity = 0;
	struct recorded_leaf *leaves = NULL, leaf;

	snprintf(file, sizeof(file), "snap-%s.map.csv.xz", snapshot);

	char *text = recording_file(recording, file, &bytes), *at = text;

	ck_assert_msg(text != NULL, "%s: no %s", recording->name, file);
	*count = 0;
	while (recorded_next_leaf(&at, &leaf)) {
		if (leaf.source_id != source_id)
			continue;
		if (*count == capacity) {
			capacity = capacity ? 2 * capacity : 1024;
			leaves = reallocarray(leaves, capacity, sizeof(*leaves));
			ck_assert_ptr_nonnull(leaves);
		}
		leaves[(*count)++] = leaf;
	}
	free(text);
	if (*count)
		qsort(leaves, *count, sizeof(*leaves), by_iova);
	return leaves;
}
