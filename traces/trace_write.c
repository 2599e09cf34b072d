/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/trace_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/attribute.h"
#include "traces/disk.h"
#include "traces/table.h"

struct trace_writer {
	const char *path;
	char *partial; /* the temporary file */
	hid_t file, provenance, marks;
	struct table_writer ops, segments, descriptors, devices, cpus, event_counts;
	uint64_t op_count, segment_count, mark_count;
};

static hid_t create_group(hid_t parent, const char *name)
{
	hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
	H5Pset_obj_track_times(creation, false);
	H5Pset_attr_phase_change(creation, 64, 32);
	hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
	H5Pclose(creation);
	return group;
}

/* HDF5's file image depends on nothing but what is put into it: no object has a time. */
static hid_t create_file(const char *path)
{
	hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_obj_track_times(creation, false);
	H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
	hid_t file;
	H5E_BEGIN_TRY
	file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
	H5E_END_TRY
	H5Pclose(access);
	H5Pclose(creation);
	return file;
}

static hid_t create_marks(hid_t file)
{
	hsize_t none = 0, unlimited = H5S_UNLIMITED, chunk = 256;
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &none, &unlimited);
	H5Tset_size(type, H5T_VARIABLE);
	H5Tset_cset(type, H5T_CSET_UTF8);
	hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_obj_track_times(creation, false);
	H5Pset_chunk(creation, 1, &chunk);
	hid_t marks = H5Dcreate2(file, "marks", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
	H5Pclose(creation);
	H5Sclose(space);
	H5Tclose(type);
	return marks;
}

/* A target that is there must be a file: a device or a folder is not replaced. */
static bool target_is_free(const char *path, struct err *err)
{
	struct stat status;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return err_set(err, ERR_FILE, "%s: is not a file: name another output", path);
	return true;
}

static bool init_tables(struct trace_writer *writer, struct err *err)
{
	hid_t file = writer->file;
	const char *path = writer->path;
	return table_writer_init(&writer->ops, file, path, &LAYOUT_OPERATIONS, err) &&
	       table_writer_init(&writer->segments, file, path, &LAYOUT_SEGMENTS, err) &&
	       table_writer_init(&writer->descriptors, file, path, &LAYOUT_DESCRIPTORS, err) &&
	       table_writer_init(&writer->devices, file, path, &LAYOUT_DEVICES, err) &&
	       table_writer_init(&writer->cpus, file, path, &LAYOUT_CPUS, err) &&
	       table_writer_init(&writer->event_counts, file, path, &LAYOUT_EVENT_COUNTS, err);
}

struct trace_writer *trace_writer_create(const char *path, struct err *err)
{
	if (!target_is_free(path, err))
		return NULL;
	struct trace_writer *writer = calloc(1, sizeof(*writer));
	if (!writer || asprintf(&writer->partial, "%s.partial-%ld", path, (long)getpid()) < 0) {
		free(writer);
		err_set(err, ERR_FILE, "%s: out of memory", path);
		return NULL;
	}
	writer->path = path;
	writer->provenance = writer->marks = H5I_INVALID_HID;
	unlink(writer->partial); /* a killed process with our number */
	bool ok = disk_create(writer->partial) ||
		  err_set(err, ERR_FILE, "%s: cannot be written: %s", path, strerror(errno));
	writer->file = ok ? create_file(writer->partial) : H5I_INVALID_HID;
	ok = ok && ((writer->file >= 0 && disk_reserve(writer->file)) ||
		    err_set(err, ERR_FILE, "%s: cannot be written: is the disk full?", path));
	if (ok) {
		writer->provenance = create_group(writer->file, "provenance");
		writer->marks = create_marks(writer->file);
		ok = (writer->provenance >= 0 && writer->marks >= 0) ||
		     err_set(err, ERR_FILE, "%s: cannot be written: is the disk full?", path);
	}
	if (ok && init_tables(writer, err))
		return writer;
	trace_writer_abandon(writer);
	return NULL;
}

bool trace_writer_op(struct trace_writer *writer, const struct trace_op *op, const struct trace_segment *segments,
		     uint32_t segment_count, struct err *err)
{
	struct trace_op row = *op;
	row.index = writer->op_count++;
	row.first_segment = writer->segment_count;
	row.segment_count = segment_count;
	writer->segment_count += segment_count;
	bool ok = table_writer_add(&writer->ops, &row, err);
	for (uint32_t i = 0; ok && i < segment_count; i++)
		ok = table_writer_add(&writer->segments, &segments[i], err);
	return ok;
}

bool trace_writer_descriptor(struct trace_writer *writer, const struct trace_descriptor *descriptor, struct err *err)
{
	return table_writer_add(&writer->descriptors, descriptor, err);
}

bool trace_writer_device(struct trace_writer *writer, const struct trace_device *device, struct err *err)
{
	return table_writer_add(&writer->devices, device, err);
}

bool trace_writer_cpu(struct trace_writer *writer, const struct trace_cpu *cpu, struct err *err)
{
	return table_writer_add(&writer->cpus, cpu, err);
}

bool trace_writer_event_count(struct trace_writer *writer, const struct trace_event_count *count, struct err *err)
{
	return table_writer_add(&writer->event_counts, count, err);
}

bool trace_writer_mark(struct trace_writer *writer, const char *text, size_t length, struct err *err)
{
	char *copy = strndup(text, length);
	hsize_t start = writer->mark_count++, count = 1, total = writer->mark_count;
	bool ok = copy && H5Dset_extent(writer->marks, &total) >= 0;
	if (ok) {
		hid_t type = H5Dget_type(writer->marks), in_file = H5Dget_space(writer->marks);
		hid_t in_memory = H5Screate_simple(1, &count, NULL);
		H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &start, NULL, &count, NULL);
		ok = H5Dwrite(writer->marks, type, in_memory, in_file, H5P_DEFAULT, &copy) >= 0;
		H5Sclose(in_memory);
		H5Sclose(in_file);
		H5Tclose(type);
	}
	free(copy);
	return ok || err_set(err, ERR_FILE, "%s: cannot write /marks: is the disk full?", writer->path);
}

bool trace_writer_provenance(struct trace_writer *writer, const char *key, const char *text, struct err *err)
{
	return attribute_put_text(writer->provenance, key, text) ||
	       err_set(err, ERR_FILE, "%s: cannot write attribute %s", writer->path, key);
}

static uint64_t field_value(const struct trace_summary *summary, const struct summary_field *field)
{
	const char *at = (const char *)summary + field->offset;
	if (field->bytes == sizeof(uint64_t))
		return *(const uint64_t *)(const void *)at;
	if (field->bytes == sizeof(uint16_t))
		return *(const uint16_t *)(const void *)at;
	return *(const bool *)at;
}

static bool put_summary(struct trace_writer *writer, const struct trace_summary *summary)
{
	hid_t group = create_group(writer->file, "summary");
	bool ok = group >= 0 && attribute_put_text(writer->file, "format", TRACE_FORMAT) &&
		  attribute_put_number(writer->file, "format_version", TRACE_FORMAT_VERSION, NULL);
	for (size_t i = 0; ok && i < SUMMARY_FIELD_COUNT; i++)
		ok = attribute_put_number(group, SUMMARY_FIELDS[i].name, field_value(summary, &SUMMARY_FIELDS[i]),
					  SUMMARY_FIELDS[i].unit);
	if (group >= 0)
		H5Gclose(group);
	return ok;
}

static bool flush_tables(struct trace_writer *writer, struct err *err)
{
	return table_writer_flush(&writer->ops, err) && table_writer_flush(&writer->segments, err) &&
	       table_writer_flush(&writer->descriptors, err) && table_writer_flush(&writer->devices, err) &&
	       table_writer_flush(&writer->cpus, err) && table_writer_flush(&writer->event_counts, err);
}

static bool close_objects(struct trace_writer *writer)
{
	table_writer_fini(&writer->ops);
	table_writer_fini(&writer->segments);
	table_writer_fini(&writer->descriptors);
	table_writer_fini(&writer->devices);
	table_writer_fini(&writer->cpus);
	table_writer_fini(&writer->event_counts);
	if (writer->provenance >= 0)
		H5Gclose(writer->provenance);
	if (writer->marks >= 0)
		H5Dclose(writer->marks);
	bool ok = writer->file >= 0 && H5Fclose(writer->file) >= 0;
	writer->file = writer->provenance = writer->marks = H5I_INVALID_HID;
	return ok;
}

/* Closes all that is open in HDF5; false when the last of it could not be written. */
static bool close_file(struct trace_writer *writer)
{
	bool ok;
	H5E_BEGIN_TRY
	ok = close_objects(writer);
	H5E_END_TRY
	return ok;
}

static bool take_the_name(const struct trace_writer *writer, struct err *err)
{
	return (disk_finish(writer->partial) && rename(writer->partial, writer->path) == 0) ||
	       err_set(err, ERR_FILE, "%s: cannot be written: %s", writer->path, strerror(errno));
}

bool trace_writer_commit(struct trace_writer *writer, const struct trace_summary *summary, struct err *err)
{
	bool ok = flush_tables(writer, err);
	ok = ok && (put_summary(writer, summary) ||
		    err_set(err, ERR_FILE, "%s: cannot write /summary: is the disk full?", writer->path));
	ok = ok && (disk_reserve(writer->file) ||
		    err_set(err, ERR_FILE, "%s: cannot be written: is the disk full?", writer->path));
	ok = ok &&
	     (close_file(writer) || err_set(err, ERR_FILE, "%s: cannot be written: is the disk full?", writer->path));
	ok = ok && take_the_name(writer, err);
	if (ok) {
		free(writer->partial);
		free(writer);
	} else {
		trace_writer_abandon(writer);
	}
	return ok;
}

void trace_writer_abandon(struct trace_writer *writer)
{
	if (!writer)
		return;
	if (writer->file >= 0)
		disk_abandon(writer->file);
	close_file(writer);
	unlink(writer->partial);
	free(writer->partial);
	free(writer);
}
