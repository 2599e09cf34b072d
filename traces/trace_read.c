/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/trace.h"

#include <errno.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/require.h"
#include "traces/attribute.h"
#include "traces/table.h"

struct text_attribute {
	char *key, *text;
};

struct trace {
	char *path;
	hid_t file;
	struct trace_summary summary;
	struct table_reader ops, segments, descriptors;
	struct trace_device *devices;
	struct trace_event_count *event_counts;
	uint64_t event_count_count;
	char **marks;
	uint64_t mark_count;
	struct text_attribute *provenance;
	size_t provenance_count;
};

struct trace_cursor {
	struct trace *trace;
	int cpu;
	uint64_t row; /* next, or the first of a block of which nothing was seen */
};

/* A row that no writer writes: a damaged file, or one made by other means. */
static bool bad_row(const struct trace *trace, uint64_t row, const char *what, uint64_t value, struct err *err)
{
	return err_set(err, ERR_FILE, "%s: /operations row %llu: %s = %llu is out of range: the file is damaged",
		       trace->path, (unsigned long long)row, what, (unsigned long long)value);
}

/* What every user of a row relies on; the rest is for trace_check. */
static bool check_ops(const void *argument, uint64_t first_row, size_t count, const void *rows, struct err *err)
{
	const struct trace *trace = argument;
	const struct trace_summary *summary = &trace->summary;
	const struct trace_op *op = rows;
	for (uint64_t row = first_row; row < first_row + count; row++, op++) {
		if (op->kind > TRACE_MARK)
			return bad_row(trace, row, "kind", op->kind, err);
		if (op->api > TRACE_API_NONE)
			return bad_row(trace, row, "api", op->api, err);
		if (op->direction > TRACE_DIRECTION_NONE)
			return bad_row(trace, row, "direction", op->direction, err);
		if (op->device >= summary->devices && op->device != TRACE_NO_DEVICE)
			return bad_row(trace, row, "device", op->device, err);
		if (op->cpu >= summary->cpus)
			return bad_row(trace, row, "cpu", op->cpu, err);
		if (op->first_segment > summary->segments || op->segment_count > summary->segments - op->first_segment)
			return bad_row(trace, row, "first_segment", op->first_segment, err);
		if (op->after != TRACE_NONE && op->after >= row)
			return bad_row(trace, row, "after", op->after, err);
		if (op->kind == TRACE_MARK && op->iova >= trace->mark_count)
			return bad_row(trace, row, "iova", op->iova, err);
	}
	return true;
}

static bool check_format(const struct trace *trace, struct err *err)
{
	char *format = attribute_get_text(trace->file, "format");
	uint64_t version = 0;
	bool ours = format && !strcmp(format, TRACE_FORMAT);
	free(format);
	if (!ours)
		return err_set(err, ERR_FILE, "%s: is an HDF5 file, but not a trace", trace->path);
	if (!attribute_get_number(trace->file, "format_version", &version) || version != TRACE_FORMAT_VERSION)
		return err_set(err, ERR_FILE,
			       "%s: has trace format version %llu, this program reads %u: import it again", trace->path,
			       (unsigned long long)version, TRACE_FORMAT_VERSION);
	return true;
}

static void set_field(struct trace_summary *summary, const struct summary_field *field, uint64_t value)
{
	char *at = (char *)summary + field->offset;
	if (field->bytes == sizeof(uint64_t))
		*(uint64_t *)(void *)at = value;
	else if (field->bytes == sizeof(uint16_t))
		*(uint16_t *)(void *)at = (uint16_t)value;
	else
		*(bool *)at = value != 0;
}

static bool read_summary(struct trace *trace, struct err *err)
{
	hid_t group = H5Gopen2(trace->file, "summary", H5P_DEFAULT);
	bool ok = group >= 0 || err_set(err, ERR_FILE, "%s: group /summary is missing", trace->path);
	for (size_t i = 0; ok && i < SUMMARY_FIELD_COUNT; i++) {
		uint64_t value;
		ok = attribute_get_number(group, SUMMARY_FIELDS[i].name, &value) ||
		     err_set(err, ERR_FILE, "%s: /summary has no attribute %s: import it again", trace->path,
			     SUMMARY_FIELDS[i].name);
		if (ok)
			set_field(&trace->summary, &SUMMARY_FIELDS[i], value);
	}
	if (group >= 0)
		H5Gclose(group);
	return ok;
}

/* A whole small table in memory: malloc'd rows of the layout's struct. */
static void *read_table(const struct trace *trace, const struct table_layout *layout, uint64_t limit, uint64_t *count,
			struct err *err)
{
	struct table_reader table;
	if (!table_reader_init(&table, trace->file, trace->path, layout, err))
		return NULL;
	char *rows = NULL;
	if (table.count > limit)
		err_set(err, ERR_FILE, "%s: /%s has %llu rows, at most %llu are possible", trace->path, layout->name,
			(unsigned long long)table.count, (unsigned long long)limit);
	else if (!(rows = calloc(table.count + 1, layout->row_bytes)))
		err_set(err, ERR_FILE, "%s: out of memory", trace->path);
	bool ok = rows;
	for (uint64_t row = 0; ok && row < table.count; row++) {
		const void *from = table_reader_row(&table, row, err);
		ok = from;
		if (ok)
			memcpy(rows + row * layout->row_bytes, from, layout->row_bytes);
	}
	*count = table.count;
	table_reader_fini(&table);
	if (ok)
		return rows;
	free(rows);
	return NULL;
}

static bool read_devices(struct trace *trace, struct err *err)
{
	uint64_t count = 0;
	trace->devices = read_table(trace, &LAYOUT_DEVICES, TRACE_NO_DEVICE, &count, err);
	for (uint64_t i = 0; trace->devices && i < count; i++)
		trace->devices[i].name[TRACE_NAME_BYTES - 1] = '\0';
	trace->summary.devices = (uint16_t)count;
	return trace->devices;
}

static bool read_event_counts(struct trace *trace, struct err *err)
{
	trace->event_counts = read_table(trace, &LAYOUT_EVENT_COUNTS, 1u << 20, &trace->event_count_count, err);
	for (uint64_t i = 0; trace->event_counts && i < trace->event_count_count; i++)
		trace->event_counts[i].event[TRACE_NAME_BYTES - 1] = '\0';
	return trace->event_counts;
}

static bool read_marks(struct trace *trace, struct err *err)
{
	hid_t marks = H5Dopen2(trace->file, "marks", H5P_DEFAULT);
	bool ok = marks >= 0;
	if (ok) {
		hid_t space = H5Dget_space(marks), type = H5Dget_type(marks);
		hssize_t count = H5Sget_simple_extent_npoints(space);
		ok = count >= 0 && H5Tis_variable_str(type) > 0;
		trace->mark_count = ok ? (uint64_t)count : 0;
		trace->marks = calloc(trace->mark_count + 1, sizeof(*trace->marks));
		if (ok && count > 0)
			ok = trace->marks && H5Dread(marks, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, trace->marks) >= 0;
		H5Tclose(type);
		H5Sclose(space);
		H5Dclose(marks);
	}
	return ok || err_set(err, ERR_FILE, "%s: /marks cannot be read: the file is damaged", trace->path);
}

/* H5Aiterate2's callback: attributes that are not text are passed over. */
static herr_t keep_attribute(hid_t group, const char *key, const H5A_info_t *info, void *argument)
{
	(void)info;
	struct trace *trace = argument;
	struct text_attribute *grown =
		realloc(trace->provenance, (trace->provenance_count + 1) * sizeof(*trace->provenance));
	if (!grown)
		return -1;
	trace->provenance = grown;
	struct text_attribute attribute = { .key = strdup(key), .text = attribute_get_text(group, key) };
	if (attribute.key && attribute.text) {
		trace->provenance[trace->provenance_count++] = attribute;
	} else {
		free(attribute.key);
		free(attribute.text);
	}
	return 0;
}

static bool read_provenance(struct trace *trace, struct err *err)
{
	hid_t group = H5Gopen2(trace->file, "provenance", H5P_DEFAULT);
	bool ok = group >= 0 && H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, keep_attribute, trace) >= 0;
	if (group >= 0)
		H5Gclose(group);
	return ok || err_set(err, ERR_FILE, "%s: group /provenance cannot be read", trace->path);
}

static bool open_tables(struct trace *trace, struct err *err)
{
	if (!table_reader_init(&trace->ops, trace->file, trace->path, &LAYOUT_OPERATIONS, err) ||
	    !table_reader_init(&trace->segments, trace->file, trace->path, &LAYOUT_SEGMENTS, err) ||
	    !table_reader_init(&trace->descriptors, trace->file, trace->path, &LAYOUT_DESCRIPTORS, err))
		return false;
	trace->ops.check = check_ops;
	trace->ops.check_argument = trace;
	trace->ops.chain_offset = offsetof(struct trace_op, cpu);
	trace->ops.chain_count = trace->summary.cpus;
	trace->summary.ops = trace->ops.count;
	trace->summary.segments = trace->segments.count;
	trace->summary.descriptors = trace->descriptors.count;
	return true;
}

/* HDF5 says no more than "cannot open". */
static bool open_file(struct trace *trace, struct err *err)
{
	H5E_BEGIN_TRY
	trace->file = H5Fopen(trace->path, H5F_ACC_RDONLY, H5P_DEFAULT);
	H5E_END_TRY
	if (trace->file >= 0)
		return true;
	if (access(trace->path, R_OK) != 0)
		return err_set(err, ERR_FILE, "%s: %s", trace->path, strerror(errno));
	return err_set(err, ERR_FILE,
		       "%s: is not an HDF5 file: make a trace file of a recording with `iommusim trace "
		       "import`",
		       trace->path);
}

struct trace *trace_open(const char *path, struct err *err)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	if (trace)
		trace->path = strdup(path);
	if (!trace || !trace->path) {
		free(trace);
		err_set(err, ERR_FILE, "%s: out of memory", path);
		return NULL;
	}
	bool ok = open_file(trace, err);
	if (ok) {
		H5E_BEGIN_TRY
		ok = check_format(trace, err) && read_summary(trace, err) && read_devices(trace, err) &&
		     read_event_counts(trace, err) && read_marks(trace, err) && read_provenance(trace, err) &&
		     open_tables(trace, err);
		H5E_END_TRY
	}
	if (ok)
		return trace;
	trace_close(trace);
	return NULL;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	table_reader_fini(&trace->ops);
	table_reader_fini(&trace->segments);
	table_reader_fini(&trace->descriptors);
	for (uint64_t i = 0; trace->marks && i < trace->mark_count; i++)
		H5free_memory(trace->marks[i]);
	for (size_t i = 0; i < trace->provenance_count; i++) {
		free(trace->provenance[i].key);
		free(trace->provenance[i].text);
	}
	free(trace->provenance);
	free(trace->marks);
	free(trace->devices);
	free(trace->event_counts);
	if (trace->file >= 0)
		H5Fclose(trace->file);
	free(trace->path);
	free(trace);
}

const struct trace_summary *trace_summary(const struct trace *trace)
{
	return &trace->summary;
}

const struct trace_device *trace_device(const struct trace *trace, uint16_t device)
{
	REQUIRE(device < trace->summary.devices);
	return &trace->devices[device];
}

const char *trace_provenance(const struct trace *trace, const char *key)
{
	for (size_t i = 0; i < trace->provenance_count; i++)
		if (!strcmp(trace->provenance[i].key, key))
			return trace->provenance[i].text;
	return "";
}

const char *trace_mark(const struct trace *trace, uint64_t mark)
{
	REQUIRE(mark < trace->mark_count);
	return trace->marks[mark] ? trace->marks[mark] : "";
}

struct trace_cursor *trace_cursor_open(struct trace *trace, int cpu)
{
	struct trace_cursor *cursor = malloc(sizeof(*cursor));
	if (cursor)
		*cursor = (struct trace_cursor){ .trace = trace, .cpu = cpu, .row = 0 };
	return cursor;
}

void trace_cursor_close(struct trace_cursor *cursor)
{
	free(cursor);
}

/* The cursor's next row in this block, and the one after it; TABLE_CHAIN_END: there is none. */
static uint16_t row_within(const struct trace_cursor *cursor, const struct table_block *block, uint16_t *after)
{
	uint32_t row = (uint32_t)(cursor->row % TABLE_BLOCK_ROWS);
	uint16_t at = (uint16_t)row;
	if (cursor->cpu < 0) {
		*after = row + 1 < TABLE_BLOCK_ROWS ? (uint16_t)(row + 1) : TABLE_CHAIN_END;
		return at;
	}
	if (at == 0 && cursor->cpu < (int)cursor->trace->summary.cpus)
		at = block->first[cursor->cpu];
	else if (at == 0)
		at = TABLE_CHAIN_END;
	*after = at == TABLE_CHAIN_END ? at : block->next[at];
	return at;
}

bool trace_cursor_next(struct trace_cursor *cursor, struct trace_op *op, struct err *err)
{
	struct trace *trace = cursor->trace;
	while (cursor->row < trace->summary.ops) {
		uint64_t number = cursor->row / TABLE_BLOCK_ROWS;
		const struct table_block *block = table_reader_block(&trace->ops, number, err);
		if (!block)
			return false;
		uint16_t after, at = row_within(cursor, block, &after);
		cursor->row =
			after == TABLE_CHAIN_END ? (number + 1) * TABLE_BLOCK_ROWS : number * TABLE_BLOCK_ROWS + after;
		if (at == TABLE_CHAIN_END)
			continue;
		*op = ((const struct trace_op *)(const void *)block->rows)[at];
		op->index = number * TABLE_BLOCK_ROWS + at;
		return true;
	}
	return false;
}

bool trace_segments(struct trace *trace, uint64_t first, uint32_t count, struct trace_segment *segments,
		    struct err *err)
{
	REQUIRE(first <= trace->summary.segments && count <= trace->summary.segments - first);
	for (uint32_t i = 0; i < count; i++) {
		const struct trace_segment *segment = table_reader_row(&trace->segments, first + i, err);
		if (!segment)
			return false;
		segments[i] = *segment;
	}
	return true;
}

bool trace_descriptors(struct trace *trace, uint64_t first, uint64_t count, struct trace_descriptor *descriptors,
		       struct err *err)
{
	REQUIRE(first <= trace->summary.descriptors && count <= trace->summary.descriptors - first);
	for (uint64_t i = 0; i < count; i++) {
		const struct trace_descriptor *descriptor = table_reader_row(&trace->descriptors, first + i, err);
		if (!descriptor)
			return false;
		descriptors[i] = *descriptor;
	}
	return true;
}

uint64_t trace_read_ns(const struct trace *trace)
{
	return trace->ops.read_ns + trace->segments.read_ns + trace->descriptors.read_ns;
}

void trace_event_counts(const struct trace *trace, void (*visit)(void *argument, const char *event, uint64_t count),
			void *argument)
{
	for (uint64_t i = 0; i < trace->event_count_count; i++)
		visit(argument, trace->event_counts[i].event, trace->event_counts[i].count);
}
