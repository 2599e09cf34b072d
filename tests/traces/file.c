/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file: what is written is read, in any order. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/base/random.h"
#include "tests/suite.h"
#include "tests/traces/importing.h"
#include "tests/traces/written.h"
#include "traces/layout.h"

static void check_row(const struct trace_op *got, uint64_t row, uint64_t *next_segment)
{
	uint32_t count;
	struct trace_op expected = written_op(row, &count);
	expected.first_segment = *next_segment;
	expected.segment_count = count;
	*next_segment += count;
#define SAME(member) ck_assert_uint_eq(got->member, expected.member)
	SAME(index);
	SAME(line);
	SAME(sync_line);
	SAME(begin_ps);
	SAME(end_ps);
	SAME(cpu);
	SAME(context);
	SAME(kind);
	SAME(api);
	SAME(direction);
	SAME(device);
	SAME(iova);
	SAME(bytes);
	SAME(dma_address);
	SAME(dma_bytes);
	SAME(first_segment);
	SAME(segment_count);
	SAME(after);
#undef SAME
}

static void keep_count(void *argument, const char *event, uint64_t count)
{
	ck_assert_str_eq(event, "map");
	*(uint64_t *)argument = count;
}

START_TEST(what_is_written_is_read)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	written_trace(files.file, WRITTEN_ROWS);
	struct trace *trace = trace_open(files.file, &err);
	ck_assert_msg(trace != NULL, "%s", err.text);
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	struct trace_op op;
	uint64_t row = 0, segment = 0;
	for (; trace_cursor_next(cursor, &op, &err); row++)
		check_row(&op, row, &segment);
	ck_assert_uint_eq(row, WRITTEN_ROWS);
	ck_assert_uint_eq(trace_summary(trace)->segments, segment);
	trace_cursor_close(cursor);
	ck_assert_str_eq(trace_device(trace, 1)->name, "0000:00:04.1");
	ck_assert_uint_eq(trace_device(trace, 1)->source_id, 0x21);
	ck_assert_uint_eq(trace_device(trace, 1)->class_code, 0x010802);
	ck_assert_str_eq(trace_mark(trace, 0), "first mark");
	ck_assert_str_eq(trace_mark(trace, 1), "");
	ck_assert_str_eq(trace_provenance(trace, "hypervisor"), "QEMU");
	ck_assert_str_eq(trace_provenance(trace, "weather"), "");
	uint64_t events = 0;
	trace_event_counts(trace, keep_count, &events);
	ck_assert_uint_eq(events, 77);
	trace_close(trace);
	importing_end(&files);
}
END_TEST

START_TEST(the_summary_is_read_whole)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	written_trace(files.file, 10);
	struct trace *trace = trace_open(files.file, &err);
	const struct trace_summary *got = trace_summary(trace);
#define SAME(member) ck_assert_uint_eq(got->member, WRITTEN_SUMMARY.member)
	SAME(maps);
	SAME(unmaps);
	SAME(lost_events);
	SAME(unmaps_without_map);
	SAME(maps_over_live);
	SAME(unjoined);
	SAME(bypass_events);
	SAME(duration_ps);
	SAME(cpus);
	SAME(live_peak_bytes);
	SAME(source_crc64);
	SAME(has_capability);
	SAME(capability);
	SAME(extended_capability);
	SAME(scalable);
	SAME(strict);
	SAME(first_stage);
#undef SAME
	ck_assert_uint_eq(got->ops, 10);
	ck_assert_uint_eq(got->descriptors, 10);
	ck_assert_uint_eq(got->devices, WRITTEN_DEVICES);
	trace_close(trace);
	importing_end(&files);
}
END_TEST

START_TEST(cursors_of_the_cpus_share_the_rows_out)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	written_trace(files.file, WRITTEN_ROWS);
	struct trace *trace = trace_open(files.file, &err);
	struct trace_cursor *cursor[WRITTEN_CPUS];
	uint64_t next[WRITTEN_CPUS] = { 0 }, rows = 0;
	bool more[WRITTEN_CPUS];
	for (unsigned cpu = 0; cpu < WRITTEN_CPUS; cpu++) {
		cursor[cpu] = trace_cursor_open(trace, (int)cpu);
		more[cpu] = true;
	}
	/* All at once, at paces of their own. */
	for (unsigned turn = 0; more[0] || more[1] || more[2]; turn++) {
		unsigned cpu = turn % WRITTEN_CPUS;
		for (unsigned pace = 0; pace <= 5 * cpu && more[cpu]; pace++) {
			struct trace_op op;
			more[cpu] = trace_cursor_next(cursor[cpu], &op, &err);
			if (!more[cpu])
				continue;
			ck_assert_uint_eq(op.cpu, cpu);
			ck_assert_uint_ge(op.index, next[cpu]);
			uint32_t count;
			ck_assert_uint_eq(op.iova, written_op(op.index, &count).iova);
			next[cpu] = op.index + 1;
			rows++;
		}
	}
	ck_assert_uint_eq(rows, WRITTEN_ROWS);
	for (unsigned cpu = 0; cpu < WRITTEN_CPUS; cpu++)
		trace_cursor_close(cursor[cpu]);
	trace_close(trace);
	importing_end(&files);
}
END_TEST

START_TEST(segments_and_descriptors_are_read_from_anywhere)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	written_trace(files.file, WRITTEN_ROWS);
	struct trace *trace = trace_open(files.file, &err);
	uint64_t segments = trace_summary(trace)->segments;
	struct random random;
	random_init(&random, 1);
	for (unsigned i = 0; i < 500; i++) {
		struct trace_segment got[40];
		uint64_t first = random_below(&random, segments - 39);
		ck_assert(trace_segments(trace, first, 40, got, &err));
		for (uint64_t j = 0; j < 40; j++) {
			struct trace_segment expected = written_segment(first + j);
			ck_assert_uint_eq(got[j].iova, expected.iova);
			ck_assert_uint_eq(got[j].phys, expected.phys);
			ck_assert_uint_eq(got[j].bytes, expected.bytes);
			ck_assert_uint_eq(got[j].line, expected.line);
		}
		struct trace_descriptor descriptor;
		first = random_below(&random, WRITTEN_ROWS);
		ck_assert(trace_descriptors(trace, first, 1, &descriptor, &err));
		ck_assert_uint_eq(descriptor.line, first);
		for (uint64_t j = 0; j < 4; j++)
			ck_assert_uint_eq(descriptor.word[j], first + j);
	}
	ck_assert(trace_segments(trace, segments, 0, NULL, &err));
	trace_close(trace);
	importing_end(&files);
}
END_TEST

START_TEST(the_same_rows_give_the_same_bytes)
{
	struct imported files;
	importing_begin(&files);
	size_t length[2];
	char *bytes[2];
	for (unsigned i = 0; i < 2; i++) {
		written_trace(files.file, 9000);
		bytes[i] = importing_read(files.file, &length[i]);
		if (i == 0)
			sleep(1); /* a time in the file would show */
	}
	ck_assert_uint_eq(length[0], length[1]);
	ck_assert(!memcmp(bytes[0], bytes[1], length[0]));
	free(bytes[0]);
	free(bytes[1]);
	importing_end(&files);
}
END_TEST

START_TEST(an_empty_trace_is_a_trace)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	written_trace(files.file, 0);
	struct trace *trace = trace_open(files.file, &err);
	ck_assert_msg(trace != NULL, "%s", err.text);
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	struct trace_op op;
	ck_assert(!trace_cursor_next(cursor, &op, &err));
	ck_assert_int_eq(err.kind, ERR_NONE);
	trace_cursor_close(cursor);
	trace_close(trace);
	importing_end(&files);
}
END_TEST

static void check_documented(const char *text, const struct table_layout *layout)
{
	char heading[80];
	snprintf(heading, sizeof(heading), "\n## /%s\n", layout->name);
	const char *from = strstr(text, heading);
	ck_assert_msg(from != NULL, "%s", heading);
	const char *to = strstr(from + 1, "\n## ");
	for (size_t i = 0; i < layout->column_count; i++) {
		char quoted[80];
		const char *name = layout->columns[i].name;
		/* word0 to word3 are one line. */
		snprintf(quoted, sizeof(quoted), "`%s`",
			 strcmp(name, "word1") != 0 && strcmp(name, "word2") != 0 ? name : "word0");
		const char *at = strstr(from, quoted);
		ck_assert_msg(at && (!to || at < to), "/%s/%s is not documented", layout->name, name);
	}
}

START_TEST(every_dataset_and_attribute_is_documented)
{
	size_t length;
	char *text = importing_read(SAMPLES "/../../docs/trace-format.md", &length);
	ck_assert_ptr_nonnull(text);
	const struct table_layout *const LAYOUTS[] = { &LAYOUT_OPERATIONS, &LAYOUT_SEGMENTS, &LAYOUT_DESCRIPTORS,
						       &LAYOUT_DEVICES,    &LAYOUT_CPUS,     &LAYOUT_EVENT_COUNTS };
	for (size_t i = 0; i < sizeof(LAYOUTS) / sizeof(LAYOUTS[0]); i++)
		check_documented(text, LAYOUTS[i]);
	for (size_t i = 0; i < SUMMARY_FIELD_COUNT; i++) {
		char quoted[80];
		snprintf(quoted, sizeof(quoted), "`%s`", SUMMARY_FIELDS[i].name);
		ck_assert_msg(strstr(text, quoted) != NULL, "/summary: %s is not documented", quoted);
	}
	free(text);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_written_is_read,
		the_summary_is_read_whole,
		cursors_of_the_cpus_share_the_rows_out,
		segments_and_descriptors_are_read_from_anywhere,
		the_same_rows_give_the_same_bytes,
		an_empty_trace_is_a_trace,
		every_dataset_and_attribute_is_documented,
		NULL,
	};
	return suite_run("trace file", tests);
}
