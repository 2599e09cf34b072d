/* SPDX-License-Identifier: Apache-2.0 */
/* A trace file that is not finished does not appear, and one that is damaged is refused. */
#include <hdf5.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"
#include "tests/traces/written.h"
#include "traces/trace_write.h"

START_TEST(until_it_is_committed_the_old_file_stays)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	importing_write(&files, "trace.h5", "old", 3);
	struct trace_writer *writer = trace_writer_create(files.file, &err);
	uint32_t count;
	struct trace_op op = written_op(0, &count);
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
	written_trace(files.file, 1);
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
			struct trace_op op = written_op(row, &count);
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
		{ "/operations/device", WRITTEN_DEVICES },
		{ "/operations/cpu", WRITTEN_CPUS },
		{ "/operations/first_segment", 1u << 20 },
		{ "/operations/segment_count", UINT32_MAX },
		{ "/operations/after", 60 },
	};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct imported files;
		importing_begin(&files);
		written_trace(files.file, 100);
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
	written_trace(files.file, 9000);
	size_t length;
	char *bytes = importing_read(files.file, &length);
	free(bytes);
	ck_assert_int_eq(truncate(files.file, (off_t)length / 2), 0);
	expect_refusal(files.file, "");
	written_trace(files.file, 10);
	hid_t file = H5Fopen(files.file, H5F_ACC_RDWR, H5P_DEFAULT);
	H5Ldelete(file, "/operations/iova", H5P_DEFAULT);
	H5Fclose(file);
	expect_refusal(files.file, "/operations/iova");
	written_trace(files.file, 10);
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
		written_trace(files.file, 300);
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

int main(void)
{
	const TTest *const tests[] = {
		until_it_is_committed_the_old_file_stays, a_full_disk_leaves_the_old_file,
		a_target_that_is_no_file_is_refused,      what_is_not_a_trace_is_refused,
		values_out_of_range_are_refused_by_row,   a_file_cut_short_or_without_a_part_is_refused,
		a_damaged_chunk_is_refused_by_name,       NULL,
	};
	return suite_run("trace file refused", tests);
}
