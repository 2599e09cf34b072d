/* SPDX-License-Identifier: Apache-2.0 */
/* Made traces: what was asked for is in them, and `trace check` finds nothing amiss. */
#include "traces/synth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "traces/check.h"

static struct trace_device devices[2] = { { "0000:00:04.0", 0x20, 0x020000, 1 },
					  { "0000:00:05.0", 0x28, 0x010802, 2 } };

static char folder[] = "/tmp/iommusim-synth-XXXXXX";
static char file[64], other[64];

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/t.h5", folder);
	snprintf(other, sizeof(other), "%s/u.h5", folder);
}

static void remove_folder(void)
{
	unlink(file);
	unlink(other);
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct synth two_streams(struct synth_stream streams[2])
{
	streams[0] = (struct synth_stream){ .cpu = 0,
					    .device = 0,
					    .maps = 1000,
					    .bytes = 5000,
					    .dma_bytes = 4999,
					    .window = 7,
					    .batch = 3,
					    .gap = 2 * PS_PER_US,
					    .direction = TRACE_FROM_DEVICE };
	streams[1] = (struct synth_stream){ .cpu = 2,
					    .device = 1,
					    .maps = 777,
					    .bytes = 4096,
					    .dma_bytes = 64,
					    .window = 64,
					    .ring_bytes = 5000,
					    .batch = 1,
					    .gap = 3 * PS_PER_US,
					    .is_random = true,
					    .is_shuffled = true,
					    .direction = TRACE_TO_DEVICE };
	return (struct synth){ .title = "two streams",
			       .seed = 5,
			       .devices = devices,
			       .device_count = 2,
			       .streams = streams,
			       .stream_count = 2 };
}

static void make(const struct synth *synth, const char *path)
{
	struct err err = { 0 };

	ck_assert_msg(synth_write(synth, path, &err), "%s", err.text);
}

START_TEST(trace_check_finds_nothing_amiss_in_what_is_made)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };
	char *report;
	size_t length;
	FILE *out = open_memstream(&report, &length);

	make(&synth, file);
	bool well = trace_check_file(file, out, &err);

	fclose(out);
	ck_assert_msg(well, "%s%s", err.text, report);
	free(report);
}
END_TEST

START_TEST(each_stream_maps_as_often_as_asked_keeps_its_window_and_unmaps_all)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };
	uint64_t maps[2] = { 0 }, live[2] = { 0 }, most[2] = { 0 }, rings = 0;
	struct trace_op op;

	make(&synth, file);
	struct trace *trace = trace_open(file, &err);
	struct trace_cursor *rows = trace_cursor_open(trace, -1);

	while (trace_cursor_next(rows, &op, &err)) {
		if (op.api == TRACE_API_COHERENT) { /* the ring is mapped before all else and unmapped last */
			ck_assert_uint_eq(op.device, 1);
			ck_assert_uint_eq(op.dma_bytes, 5000);
			ck_assert_uint_eq(live[1], 0);
			ck_assert_uint_eq(maps[1], op.kind == TRACE_MAP ? 0 : streams[1].maps);
			rings++;
		} else if (op.kind == TRACE_MAP) {
			const struct synth_stream *stream = &streams[op.device];

			ck_assert_uint_eq(op.cpu, stream->cpu);
			ck_assert_uint_eq(op.bytes, op.device == 0 ? 8192 : 4096);
			ck_assert_uint_eq(op.dma_bytes, stream->dma_bytes);
			ck_assert_uint_eq(op.direction, stream->direction);
			maps[op.device]++;
			if (++live[op.device] > most[op.device])
				most[op.device] = live[op.device];
		} else if (op.kind == TRACE_UNMAP) {
			live[op.device]--;
		}
	}
	ck_assert_int_eq(err.kind, ERR_NONE);
	ck_assert_uint_eq(rings, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(maps[i], streams[i].maps);
		ck_assert_uint_eq(most[i], streams[i].window);
		ck_assert_uint_eq(live[i], 0);
	}
	trace_cursor_close(rows);
	trace_close(trace);
}
END_TEST

/* Batches of three every 2 us: map n begins at n / 3 * 2 us. */
START_TEST(a_batch_comes_at_once_and_then_the_pause)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };
	uint64_t maps = 0;
	struct trace_op op;

	synth.stream_count = 1;
	make(&synth, file);
	struct trace *trace = trace_open(file, &err);
	struct trace_cursor *rows = trace_cursor_open(trace, 0);

	while (trace_cursor_next(rows, &op, &err))
		if (op.kind == TRACE_MAP)
			ck_assert_uint_eq(op.begin_ps, maps++ / 3 * 2 * PS_PER_US);
	ck_assert_uint_eq(maps, 1000);
	trace_cursor_close(rows);
	trace_close(trace);
}
END_TEST

/* Batches of three every 5 us, 2 us of which are the pause: what the last row's own time leaves. */
START_TEST(with_a_period_the_pause_follows_what_it_leaves_of_it)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };
	uint64_t maps = 0;
	struct trace_op op;
	ps_t ended = 0;

	synth.stream_count = 1;
	streams[0].period = 5 * PS_PER_US;
	make(&synth, file);
	struct trace *trace = trace_open(file, &err);
	struct trace_cursor *rows = trace_cursor_open(trace, 0);

	while (maps < 1000 && trace_cursor_next(rows, &op, &err)) {
		if (op.kind != TRACE_MAP && op.kind != TRACE_UNMAP)
			continue;
		ck_assert_uint_eq(op.begin_ps, maps / 3 * 5 * PS_PER_US);
		ck_assert_uint_eq(op.end_ps, op.begin_ps + 3 * PS_PER_US);
		if (op.begin_ps > ended)
			ck_assert_uint_eq(op.begin_ps - ended, 2 * PS_PER_US);
		ended = op.end_ps;
		maps += op.kind == TRACE_MAP;
	}
	ck_assert_uint_eq(maps, 1000);
	trace_cursor_close(rows);
	trace_close(trace);
}
END_TEST

/* The mean of n exponential pauses lies within 5 / sqrt(n) of theirs but once in two million times; the seed is fixed. */
START_TEST(random_pauses_have_the_mean_and_the_spread_of_an_exponential_distribution)
{
	struct synth_stream stream = {
		.maps = 40000, .bytes = 4096, .window = 1, .batch = 1, .gap = PS_PER_US, .is_random = true
	};
	struct synth synth = { .title = "random",
			       .seed = 11,
			       .devices = devices,
			       .device_count = 1,
			       .streams = &stream,
			       .stream_count = 1 };
	struct err err = { 0 };
	double last = 0, sum = 0, squares = 0, n = 0;
	struct trace_op op;

	make(&synth, file);
	struct trace *trace = trace_open(file, &err);
	struct trace_cursor *rows = trace_cursor_open(trace, 0);

	while (trace_cursor_next(rows, &op, &err)) {
		if (op.kind != TRACE_MAP)
			continue;
		double pause = ((double)op.begin_ps - last) / 1e6;

		last = (double)op.begin_ps;
		sum += pause;
		squares += pause * pause;
		n++;
	}
	ck_assert_double_eq_tol(sum / n, 1, 5.0 / 200);
	ck_assert_double_eq_tol(squares / n, 2, 0.15); /* the second moment of an exponential distribution is 2 */
	trace_cursor_close(rows);
	trace_close(trace);
}
END_TEST

START_TEST(the_same_rule_and_seed_make_the_same_bytes_and_another_seed_others)
{
	static char a[1 << 20], b[1 << 20];
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);

	for (unsigned round = 0; round < 2; round++) {
		synth.seed = 5;
		make(&synth, file);
		synth.seed = 5 + round;
		make(&synth, other);
		FILE *first = fopen(file, "rb"), *second = fopen(other, "rb");
		size_t bytes = fread(a, 1, sizeof(a), first);

		ck_assert_uint_lt(bytes, sizeof(a));
		bool is_same = bytes == fread(b, 1, sizeof(b), second) && memcmp(a, b, bytes) == 0;

		ck_assert_int_eq(is_same, round == 0);
		fclose(first);
		fclose(second);
	}
}
END_TEST

START_TEST(an_impossible_stream_is_named_and_no_file_is_left)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };

	streams[1].window = 0;
	ck_assert(!synth_write(&synth, file, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "stream 1: window"));
	ck_assert_int_ne(access(file, F_OK), 0);
}
END_TEST

/* The first date is `start`, and memory that is shared is where the stream before has it, at another IOVA. */
START_TEST(a_stream_begins_when_asked_and_may_share_the_buffers_of_the_one_before)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };
	phys_t first[2] = { 0 };
	struct trace_op op;

	streams[0].start = 5 * PS_PER_US;
	streams[1] = streams[0];
	streams[1].cpu = 2;
	streams[1].device = 1;
	streams[1].start = 3 * PS_PER_US;
	streams[1].shares_memory = true;
	ck_assert_uint_eq(synth_memory(&synth), 7 * 8192);
	make(&synth, file);
	struct trace *trace = trace_open(file, &err);

	for (uint16_t i = 0; i < 2; i++) {
		struct trace_cursor *rows = trace_cursor_open(trace, streams[i].cpu);
		struct trace_segment segment;

		do
			ck_assert(trace_cursor_next(rows, &op, &err));
		while (op.kind != TRACE_MAP);
		ck_assert_uint_eq(op.begin_ps, streams[i].start);
		ck_assert(trace_segments(trace, op.first_segment, 1, &segment, &err));
		first[i] = segment.phys;
		trace_cursor_close(rows);
	}
	ck_assert_uint_eq(first[0], SYNTH_MEMORY_FIRST);
	ck_assert_uint_eq(first[1], SYNTH_MEMORY_FIRST);
	trace_close(trace);
}
END_TEST

START_TEST(memory_can_be_shared_only_with_a_stream_of_the_same_size)
{
	struct synth_stream streams[2];
	struct synth synth = two_streams(streams);
	struct err err = { 0 };

	streams[1].shares_memory = true;
	ck_assert(!synth_write(&synth, file, &err));
	ck_assert_str_eq(err.text, "stream 1: there is no stream as large before it to share memory with");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("traces/synth");
	TCase *all = tcase_create("made traces");

	tcase_add_checked_fixture(all, make_folder, remove_folder);
	tcase_add_test(all, trace_check_finds_nothing_amiss_in_what_is_made);
	tcase_add_test(all, each_stream_maps_as_often_as_asked_keeps_its_window_and_unmaps_all);
	tcase_add_test(all, a_batch_comes_at_once_and_then_the_pause);
	tcase_add_test(all, with_a_period_the_pause_follows_what_it_leaves_of_it);
	tcase_add_test(all, random_pauses_have_the_mean_and_the_spread_of_an_exponential_distribution);
	tcase_add_test(all, the_same_rule_and_seed_make_the_same_bytes_and_another_seed_others);
	tcase_add_test(all, a_stream_begins_when_asked_and_may_share_the_buffers_of_the_one_before);
	tcase_add_test(all, memory_can_be_shared_only_with_a_stream_of_the_same_size);
	tcase_add_test(all, an_impossible_stream_is_named_and_no_file_is_left);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
