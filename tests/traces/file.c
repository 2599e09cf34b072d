/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file itself: what is written is read, in any order, and a bad file is refused. */
#include <hdf5.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "models/base/random.h"
#include "tests/suite.h"
#include "tests/traces/importing.h"
#include "traces/trace_write.h"

#define ROWS    20000u /* some blocks and a part */
#define CPUS    3u
#define DEVICES 2u

/* Row number `row` of the test's trace, and its segments. */
static struct trace_op make_op(uint64_t row, uint32_t *segments)
{
	struct random random;
	random_init(&random, row);
	struct trace_op op = { .index = row,
			       .line = 10 * row + 1,
			       .sync_line = row % 3 ? 10 * row + 5 : 0,
			       .begin_ps = 1000 * row,
			       .end_ps = 1000 * row + 900,
			       .cpu = (uint16_t)random_below(&random, CPUS),
			       .context = (uint32_t)random_next(&random),
			       .kind = row % 2 ? TRACE_UNMAP : TRACE_MAP,
			       .api = (enum trace_api)random_below(&random, 5),
			       .direction = (enum trace_direction)random_below(&random, 4),
			       .device = (uint16_t)random_below(&random, DEVICES),
			       .iova = random_next(&random),
			       .bytes = random_next(&random),
			       .dma_address = random_next(&random),
			       .dma_bytes = random_next(&random),
			       .after = row % 5 && row ? random_below(&random, row) : TRACE_NONE };
	*segments = row % 2 ? 0 : (uint32_t)random_below(&random, 5);
	if (row % 7 == 0)
		op.device = TRACE_NO_DEVICE;
	return op;
}

static struct trace_segment make_segment(uint64_t number)
{
	struct random random;
	random_init(&random, ~number);
	return (struct trace_segment){ .iova = random_next(&random),
				       .phys = random_next(&random),
				       .bytes = random_next(&random),
				       .line = number };
}

static const struct trace_summary SUMMARY = {
	.maps = 11,
	.unmaps = 12,
	.lost_events = 13,
	.unmaps_without_map = 14,
	.maps_over_live = 15,
	.unjoined = 16,
	.bypass_events = 17,
	.duration_ps = UINT64_C(18) << 40,
	.cpus = CPUS,
	.live_peak_bytes = 19,
	.source_crc64 = UINT64_MAX - 5,
	.has_capability = true,
	.capability = UINT64_C(0x00d2008c222f0686),
	.extended_capability = 0xf42,
	.scalable = true,
	.strict = false,
	.first_stage = true,
};

static void write_trace(const char *path, uint64_t rows)
{
	struct err err = { .kind = ERR_NONE };
	struct trace_writer *writer = trace_writer_create(path, &err);
	ck_assert_msg(writer != NULL, "%s", err.text);
	uint64_t next_segment = 0;
	for (uint64_t row = 0; row < rows; row++) {
		uint32_t count;
		struct trace_op op = make_op(row, &count);
		struct trace_segment segments[5];
		for (uint32_t i = 0; i < count; i++)
			segments[i] = make_segment(next_segment++);
		ck_assert(trace_writer_op(writer, &op, segments, count, &err));
		struct trace_descriptor descriptor = { .line = row,
						       .time_ps = row,
						       .word = { row, row + 1, row + 2, row + 3 } };
		ck_assert(trace_writer_descriptor(writer, &descriptor, &err));
	}
	for (unsigned i = 0; i < DEVICES; i++) {
		struct trace_device device = { .source_id = (uint16_t)(0x20 + i), .class_code = 0x010802, .group = i };
		snprintf(device.name, sizeof(device.name), "0000:00:04.%u", i);
		ck_assert(trace_writer_device(writer, &device, &err));
	}
	struct trace_cpu cpu = { .cpu = 1, .entries = 2, .overrun = 3, .commit_overrun = 4, .dropped_events = 5 };
	struct trace_event_count count = { .event = "map", .count = 77 };
	ck_assert(trace_writer_cpu(writer, &cpu, &err));
	ck_assert(trace_writer_event_count(writer, &count, &err));
	ck_assert(trace_writer_mark(writer, "first mark and more", 10, &err));
	ck_assert(trace_writer_mark(writer, "", 0, &err));
	ck_assert(trace_writer_provenance(writer, "hypervisor", "QEMU", &err));
	ck_assert_msg(trace_writer_commit(writer, &SUMMARY, &err), "%s", err.text);
}

static void check_row(const struct trace_op *got, uint64_t row, uint64_t *next_segment)
{
	uint32_t count;
	struct trace_op expected = make_op(row, &count);
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
	write_trace(files.file, ROWS);
	struct trace *trace = trace_open(files.file, &err);
	ck_assert_msg(trace != NULL, "%s", err.text);
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	struct trace_op op;
	uint64_t row = 0, segment = 0;
	for (; trace_cursor_next(cursor, &op, &err); row++)
		check_row(&op, row, &segment);
	ck_assert_uint_eq(row, ROWS);
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
	write_trace(files.file, 10);
	struct trace *trace = trace_open(files.file, &err);
	const struct trace_summary *got = trace_summary(trace);
#define SAME(member) ck_assert_uint_eq(got->member, SUMMARY.member)
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
	ck_assert_uint_eq(got->devices, DEVICES);
	trace_close(trace);
	importing_end(&files);
}
END_TEST

START_TEST(cursors_of_the_cpus_share_the_rows_out)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	write_trace(files.file, ROWS);
	struct trace *trace = trace_open(files.file, &err);
	struct trace_cursor *cursor[CPUS];
	uint64_t next[CPUS] = { 0 }, rows = 0;
	bool more[CPUS];
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		cursor[cpu] = trace_cursor_open(trace, (int)cpu);
		more[cpu] = true;
	}
	/* All at once, at paces of their own. */
	for (unsigned turn = 0; more[0] || more[1] || more[2]; turn++) {
		unsigned cpu = turn % CPUS;
		for (unsigned pace = 0; pace <= 5 * cpu && more[cpu]; pace++) {
			struct trace_op op;
			more[cpu] = trace_cursor_next(cursor[cpu], &op, &err);
			if (!more[cpu])
				continue;
			ck_assert_uint_eq(op.cpu, cpu);
			ck_assert_uint_ge(op.index, next[cpu]);
			uint32_t count;
			ck_assert_uint_eq(op.iova, make_op(op.index, &count).iova);
			next[cpu] = op.index + 1;
			rows++;
		}
	}
	ck_assert_uint_eq(rows, ROWS);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
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
	write_trace(files.file, ROWS);
	struct trace *trace = trace_open(files.file, &err);
	uint64_t segments = trace_summary(trace)->segments;
	struct random random;
	random_init(&random, 1);
	for (unsigned i = 0; i < 500; i++) {
		struct trace_segment got[40];
		uint64_t first = random_below(&random, segments - 39);
		ck_assert(trace_segments(trace, first, 40, got, &err));
		for (uint64_t j = 0; j < 40; j++) {
			struct trace_segment expected = make_segment(first + j);
			ck_assert_uint_eq(got[j].iova, expected.iova);
			ck_assert_uint_eq(got[j].phys, expected.phys);
			ck_assert_uint_eq(got[j].bytes, expected.bytes);
			ck_assert_uint_eq(got[j].line, expected.line);
		}
		struct trace_descriptor descriptor;
		first = random_below(&random, ROWS);
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
		write_trace(files.file, 9000);
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
	write_trace(files.file, 0);
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

START_TEST(until_it_is_committed_the_old_file_stays)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	importing_write(&files, "trace.h5", "old", 3);
	struct trace_writer *writer = trace_writer_create(files.file, &err);
	uint32_t count;
	struct trace_op op = make_op(0, &count);
	for (unsigned row = 0; row < 9000; row++)
		ck_assert(trace_writer_op(writer, &op, NULL, 0, &err));
	size_t length;
	char *bytes = importing_read(files.file, &length);
	ck_assert_str_eq(bytes, "old");
	free(bytes);
	ck_assert(importing_has(&files, "partial"));
	trace_writer_abandon(writer);
	ck_assert(!importing_has(&files, "partial"));
	bytes = importing_read(files.file, &length);
	ck_assert_str_eq(bytes, "old");
	free(bytes);
	/* A process that was killed has left one with our number. */
	char name[64];
	snprintf(name, sizeof(name), "trace.h5.partial-%ld", (long)getpid());
	importing_write(&files, name, "left", 4);
	write_trace(files.file, 1);
	ck_assert(!importing_has(&files, "partial"));
	importing_end(&files);
}
END_TEST

/* Gives the process a folder of its own on a disk of this size; false where it may not. */
static bool mount_disk(const char *folder, const char *size)
{
	return (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("none", folder, "tmpfs", 0, size) == 0;
}

START_TEST(a_full_disk_leaves_the_old_file)
{
	static const char *const SIZES[] = { "size=8k", "size=1m", "size=6m" }; /* full when created, at once, later */
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		struct imported files;
		struct err err = { .kind = ERR_NONE };
		importing_begin(&files);
		if (!mount_disk(files.folder, SIZES[i])) {
			printf("%s: skipped, no disk may be mounted here\n", __func__);
			importing_end(&files);
			return;
		}
		importing_write(&files, "trace.h5", "old", 3);
		struct trace_writer *writer = trace_writer_create(files.file, &err);
		bool ok = writer;
		for (uint64_t row = 0; ok && row < 200000; row++) {
			uint32_t count;
			struct trace_op op = make_op(row, &count);
			ok = trace_writer_op(writer, &op, NULL, 0, &err);
		}
		ck_assert(!ok);
		ck_assert_int_eq(err.kind, ERR_FILE);
		trace_writer_abandon(writer);
		ck_assert(!importing_has(&files, "partial"));
		size_t length;
		char *bytes = importing_read(files.file, &length);
		ck_assert_str_eq(bytes, "old");
		free(bytes);
		importing_end(&files);
		umount(files.folder);
		rmdir(files.folder);
	}
}
END_TEST

START_TEST(a_target_that_is_no_file_is_refused)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	ck_assert_ptr_null(trace_writer_create(files.folder, &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	err.kind = ERR_NONE;
	ck_assert_ptr_null(trace_writer_create("/dev/null", &err));
	err.kind = ERR_NONE;
	ck_assert_ptr_null(trace_writer_create("/nowhere/at/all/t.h5", &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	importing_end(&files);
}
END_TEST

static void expect_refusal(const char *path, const char *part)
{
	struct err err = { .kind = ERR_NONE };
	struct trace *trace = trace_open(path, &err);
	struct trace_op op;
	if (trace) {
		struct trace_cursor *cursor = trace_cursor_open(trace, -1);
		while (trace_cursor_next(cursor, &op, &err))
			;
		trace_cursor_close(cursor);
		trace_close(trace);
	}
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_msg(strstr(err.text, part) && !strncmp(err.text, path, strlen(path)), "%s", err.text);
}

START_TEST(what_is_not_a_trace_is_refused)
{
	struct imported files;
	importing_begin(&files);
	expect_refusal(files.file, "No such file");
	importing_write(&files, "trace.h5", "hello", 5);
	expect_refusal(files.file, "not an HDF5 file");
	hid_t file = H5Fcreate(files.file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	H5Fclose(file);
	expect_refusal(files.file, "not a trace");
	importing_end(&files);
}
END_TEST

/* Writes one value of a dataset over. */
static void poke(const char *path, const char *dataset, uint64_t row, uint64_t value)
{
	hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, dataset, H5P_DEFAULT);
	hid_t type = H5Dget_type(set), space = H5Dget_space(set);
	hsize_t start = row, count = 1;
	hid_t memory = H5Screate_simple(1, &count, NULL);
	H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL);
	ck_assert_int_ge(H5Dwrite(set, type, memory, space, H5P_DEFAULT, &value), 0);
	H5Sclose(memory);
	H5Sclose(space);
	H5Tclose(type);
	H5Dclose(set);
	H5Fclose(file);
}

START_TEST(values_out_of_range_are_refused_by_row)
{
	static const struct {
		const char *dataset;
		uint64_t value;
	} BAD[] = {
		{ "/operations/kind", 6 },
		{ "/operations/api", 5 },
		{ "/operations/direction", 4 },
		{ "/operations/device", DEVICES },
		{ "/operations/cpu", CPUS },
		{ "/operations/first_segment", 1u << 20 },
		{ "/operations/segment_count", UINT32_MAX },
		{ "/operations/after", 60 },
	};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct imported files;
		importing_begin(&files);
		write_trace(files.file, 100);
		poke(files.file, BAD[i].dataset, 60, BAD[i].value);
		expect_refusal(files.file, "row 60: ");
		importing_end(&files);
	}
}
END_TEST

START_TEST(a_file_cut_short_or_without_a_part_is_refused)
{
	struct imported files;
	importing_begin(&files);
	write_trace(files.file, 9000);
	size_t length;
	char *bytes = importing_read(files.file, &length);
	free(bytes);
	ck_assert_int_eq(truncate(files.file, (off_t)length / 2), 0);
	expect_refusal(files.file, "");
	write_trace(files.file, 10);
	hid_t file = H5Fopen(files.file, H5F_ACC_RDWR, H5P_DEFAULT);
	H5Ldelete(file, "/operations/iova", H5P_DEFAULT);
	H5Fclose(file);
	expect_refusal(files.file, "/operations/iova");
	write_trace(files.file, 10);
	file = H5Fopen(files.file, H5F_ACC_RDWR, H5P_DEFAULT);
	hid_t set = H5Dopen2(file, "/operations/bytes", H5P_DEFAULT);
	hsize_t shorter = 9;
	H5Dset_extent(set, &shorter);
	H5Dclose(set);
	H5Fclose(file);
	expect_refusal(files.file, "/operations/bytes has 9 rows");
	importing_end(&files);
}
END_TEST

START_TEST(a_damaged_chunk_is_refused_by_name)
{
	static const char *const DATASETS[] = { "/operations/line", "/operations/kind", "/operations/after" };
	struct imported files;
	importing_begin(&files);
	for (size_t i = 0; i < sizeof(DATASETS) / sizeof(DATASETS[0]); i++) {
		write_trace(files.file, 300);
		haddr_t address;
		hsize_t offset, bytes;
		unsigned filters;
		hid_t file = H5Fopen(files.file, H5F_ACC_RDONLY, H5P_DEFAULT),
		      set = H5Dopen2(file, DATASETS[i], H5P_DEFAULT);
		hid_t space = H5Dget_space(set);
		ck_assert_int_ge(H5Dget_chunk_info(set, space, 0, &offset, &filters, &address, &bytes), 0);
		H5Sclose(space);
		H5Dclose(set);
		H5Fclose(file);
		size_t length;
		char *content = importing_read(files.file, &length);
		content[address + bytes / 2] = (char)~content[address + bytes / 2];
		importing_write(&files, "trace.h5", content, length);
		free(content);
		expect_refusal(files.file, DATASETS[i]);
	}
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
			 strcmp(name, "word1") && strcmp(name, "word2") ? name : "word0");
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
		until_it_is_committed_the_old_file_stays,
		a_full_disk_leaves_the_old_file,
		a_target_that_is_no_file_is_refused,
		what_is_not_a_trace_is_refused,
		values_out_of_range_are_refused_by_row,
		a_file_cut_short_or_without_a_part_is_refused,
		a_damaged_chunk_is_refused_by_name,
		every_dataset_and_attribute_is_documented,
		NULL,
	};
	return suite_run("trace file", tests);
}
