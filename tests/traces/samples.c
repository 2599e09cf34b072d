/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shipped recordings against their side files, which another program wrote
 * when they were recorded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"
#include "traces/check.h"
#include "traces/layout.h"

static const char *const SETS[] = { "B3-vtd-nvme-lazy-cm", "F2-vtd-scalable-fl", "Q-vtd-oracle-strict-cm" };
#define SET_COUNT (sizeof(SETS) / sizeof(SETS[0]))

struct sample {
	struct imported files;
	char *json;
	struct trace *trace;
	const struct trace_summary *summary;
};

static void begin(struct sample *sample, const char *set)
{
	char path[400];
	size_t length;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&sample->files);
	snprintf(path, sizeof(path), "%s/%s/%s.json", SAMPLES, set, set);
	sample->json = importing_read(path, &length);
	ck_assert_msg(sample->json != NULL, "%s", path);
	snprintf(path, sizeof(path), "%s/%s/trace.txt.xz", SAMPLES, set);
	ck_assert_msg(trace_import_ftrace(path, sample->files.file, NULL, &err), "%s", err.text);
	sample->trace = trace_open(sample->files.file, &err);
	ck_assert_msg(sample->trace != NULL, "%s", err.text);
	sample->summary = trace_summary(sample->trace);
}

static void end(struct sample *sample)
{
	trace_close(sample->trace);
	free(sample->json);
	importing_end(&sample->files);
}

/* Where the value of "key" begins, in the object of that name (NULL: in the whole file); NULL: none. */
static const char *find_value(const char *json, const char *object, const char *key)
{
	char quoted[100];
	const char *from = json, *to = json + strlen(json);
	if (object) {
		snprintf(quoted, sizeof(quoted), "\n \"%s\": {", object);
		from = strstr(json, quoted);
		ck_assert_msg(from != NULL, "%s", object);
		to = strchr(from, '}');
	}
	snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
	const char *at = strstr(from, quoted);
	return at && at < to ? at + strlen(quoted) : NULL;
}

static uint64_t number_in(const char *json, const char *object, const char *key)
{
	const char *at = find_value(json, object, key);
	return at ? strtoull(at, NULL, 10) : 0;
}

static void check_event(void *argument, const char *event, uint64_t count)
{
	const struct sample *sample = argument;
	ck_assert_msg(number_in(sample->json, "event_counts", event) == count, "%s", event);
}

static void add_count(void *argument, const char *event, uint64_t count)
{
	(void)event;
	*(uint64_t *)argument += count;
}

START_TEST(every_event_is_counted)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct sample sample;
		begin(&sample, SETS[i]);
		trace_event_counts(sample.trace, check_event, &sample);
		uint64_t total = 0;
		trace_event_counts(sample.trace, add_count, &total);
		ck_assert_uint_eq(total, number_in(sample.json, NULL, "events_total"));
		ck_assert_uint_eq(sample.summary->segments, number_in(sample.json, "event_counts", "map"));
		ck_assert_uint_eq(sample.summary->unmaps, number_in(sample.json, "event_counts", "unmap"));
		ck_assert_uint_eq(sample.summary->descriptors, number_in(sample.json, "event_counts", "qi_submit"));
		ck_assert_uint_eq(sample.summary->lost_events, number_in(sample.json, NULL, "lost_events"));
		end(&sample);
	}
}
END_TEST

START_TEST(every_map_and_unmap_has_its_device)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct sample sample;
		struct err err = { .kind = ERR_NONE };
		begin(&sample, SETS[i]);
		ck_assert_uint_eq(sample.summary->unjoined, 0);
		ck_assert_uint_eq(sample.summary->bypass_events, 0);
		uint64_t rows[64] = { 0 };
		struct trace_cursor *cursor = trace_cursor_open(sample.trace, -1);
		for (struct trace_op op; trace_cursor_next(cursor, &op, &err);)
			if (op.kind <= TRACE_UNMAP && op.api <= TRACE_API_COHERENT)
				rows[op.device]++;
		trace_cursor_close(cursor);
		/* Each DMA API call made one event, and one row. */
		for (uint16_t device = 0; device < sample.summary->devices; device++)
			ck_assert_uint_eq(rows[device], number_in(sample.json, "dma_events_per_device",
								  trace_device(sample.trace, device)->name));
		end(&sample);
	}
}
END_TEST

START_TEST(the_sizes_of_the_maps_are_those_recorded)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct sample sample;
		struct err err = { .kind = ERR_NONE };
		begin(&sample, SETS[i]);
		uint64_t segments = sample.summary->segments, counted = 0;
		uint64_t *bytes = calloc(segments, sizeof(*bytes));
		for (uint64_t j = 0; j < segments; j++) {
			struct trace_segment segment;
			ck_assert(trace_segments(sample.trace, j, 1, &segment, &err));
			bytes[j] = segment.bytes;
		}
		for (uint64_t size = 4096; size <= 1u << 24; size += 4096) {
			char key[32];
			snprintf(key, sizeof(key), "%" PRIu64, size);
			uint64_t expected = number_in(sample.json, "iommu_map_sizes", key), found = 0;
			for (uint64_t j = 0; expected && j < segments; j++)
				found += bytes[j] == size;
			ck_assert_uint_eq(found, expected);
			counted += found;
		}
		ck_assert_uint_eq(counted, segments);
		free(bytes);
		end(&sample);
	}
}
END_TEST

START_TEST(provenance_is_that_of_the_side_file)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct sample sample;
		begin(&sample, SETS[i]);
		const char *kernel = trace_provenance(sample.trace, "guest_kernel");
		const char *line = trace_provenance(sample.trace, "kernel_command_line");
		const char *json_kernel = find_value(sample.json, NULL, "guest_kernel");
		const char *json_line = find_value(sample.json, NULL, "kernel_command_line");
		ck_assert(kernel[0] && !strncmp(json_kernel + 1, kernel, strlen(kernel)));
		ck_assert(line[0] && !strncmp(json_line + 1, line, strlen(line)));
		ck_assert_uint_eq(sample.summary->cpus, 2);
		double first = strtod(find_value(sample.json, NULL, "first_ts"), NULL);
		double last = strtod(find_value(sample.json, NULL, "last_ts"), NULL);
		ck_assert_double_eq_tol((double)sample.summary->duration_ps / 1e12, last - first, 5e-7);
		ck_assert(sample.summary->has_capability);
		ck_assert_int_eq(sample.summary->scalable, SETS[i][0] == 'F');
		ck_assert_int_eq(sample.summary->first_stage, SETS[i][0] == 'F');
		ck_assert(sample.summary->strict); /* B3 too: caching mode overrules the asked-for lazy mode */
		end(&sample);
	}
}
END_TEST

START_TEST(the_check_finds_them_well)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct sample sample;
		struct err err = { .kind = ERR_NONE };
		char *report;
		size_t length;
		begin(&sample, SETS[i]);
		FILE *out = open_memstream(&report, &length);
		bool well = trace_check_file(sample.files.file, out, &err);
		fclose(out);
		ck_assert_msg(well, "%s\n%s", err.text, report);
		free(report);
		end(&sample);
	}
}
END_TEST

/* Rows that are equal in every column. */
static bool same_row(const struct table_layout *layout, const void *a, const void *b)
{
	static const size_t BYTES[] = {
		[COLUMN_U64] = sizeof(uint64_t),  [COLUMN_U32] = sizeof(uint32_t),  [COLUMN_U16] = sizeof(uint16_t),
		[COLUMN_ENUM] = sizeof(unsigned), [COLUMN_TEXT] = TRACE_NAME_BYTES,
	};
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct column *column = &layout->columns[i];
		if (memcmp((const char *)a + column->offset, (const char *)b + column->offset, BYTES[column->type]) !=
		    0)
			return false;
	}
	return true;
}

static void compare_summaries(const struct trace_summary *a, const struct trace_summary *b)
{
	ck_assert_uint_eq(a->ops, b->ops);
	ck_assert_uint_eq(a->segments, b->segments);
	ck_assert_uint_eq(a->descriptors, b->descriptors);
	ck_assert_uint_eq(a->devices, b->devices);
	for (size_t i = 0; i < SUMMARY_FIELD_COUNT; i++) {
		const struct summary_field *field = &SUMMARY_FIELDS[i];
		ck_assert_msg(!memcmp((const char *)a + field->offset, (const char *)b + field->offset, field->bytes),
			      "%s", field->name);
	}
}

static void compare_rows(struct trace *a, struct trace *b)
{
	struct err err = { .kind = ERR_NONE };
	struct trace_cursor *left = trace_cursor_open(a, -1), *right = trace_cursor_open(b, -1);
	struct trace_op x, y;
	while (trace_cursor_next(left, &x, &err)) {
		ck_assert(trace_cursor_next(right, &y, &err));
		ck_assert(x.index == y.index && same_row(&LAYOUT_OPERATIONS, &x, &y));
	}
	ck_assert(!trace_cursor_next(right, &y, &err));
	ck_assert_int_eq(err.kind, ERR_NONE);
	trace_cursor_close(left);
	trace_cursor_close(right);
	for (uint64_t i = 0; i < trace_summary(a)->segments; i++) {
		struct trace_segment s, t;
		ck_assert(trace_segments(a, i, 1, &s, &err) && trace_segments(b, i, 1, &t, &err));
		ck_assert(same_row(&LAYOUT_SEGMENTS, &s, &t));
	}
	for (uint64_t i = 0; i < trace_summary(a)->descriptors; i++) {
		struct trace_descriptor s, t;
		ck_assert(trace_descriptors(a, i, 1, &s, &err) && trace_descriptors(b, i, 1, &t, &err));
		ck_assert(same_row(&LAYOUT_DESCRIPTORS, &s, &t));
	}
}

START_TEST(the_shipped_trace_file_is_what_the_importer_makes)
{
	struct sample sample;
	struct err err = { .kind = ERR_NONE };
	begin(&sample, "Q-vtd-oracle-strict-cm");
	struct trace *shipped = trace_open(SAMPLES "/q-vtd-mixed.h5", &err);
	ck_assert_msg(shipped != NULL, "%s", err.text);
	compare_summaries(trace_summary(shipped), sample.summary);
	static const char *const KEYS[] = { "importer",   "source_file", "guest_kernel", "kernel_command_line",
					    "hypervisor", "trace_clock", "iommu" };
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		ck_assert_str_eq(trace_provenance(shipped, KEYS[i]), trace_provenance(sample.trace, KEYS[i]));
	for (uint16_t i = 0; i < sample.summary->devices; i++)
		ck_assert(same_row(&LAYOUT_DEVICES, trace_device(shipped, i), trace_device(sample.trace, i)));
	compare_rows(shipped, sample.trace);
	trace_close(shipped);
	end(&sample);
}
END_TEST

START_TEST(importing_again_gives_the_same_bytes)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	char *bytes[2];
	size_t length[2];
	importing_begin(&files);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_msg(trace_import_ftrace(SAMPLES "/F2-vtd-scalable-fl/trace.txt.xz", files.file, NULL, &err),
			      "%s", err.text);
		bytes[i] = importing_read(files.file, &length[i]);
	}
	ck_assert_uint_eq(length[0], length[1]);
	ck_assert(!memcmp(bytes[0], bytes[1], length[0]));
	free(bytes[0]);
	free(bytes[1]);
	importing_end(&files);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_event_is_counted,
		every_map_and_unmap_has_its_device,
		the_sizes_of_the_maps_are_those_recorded,
		provenance_is_that_of_the_side_file,
		the_check_finds_them_well,
		the_shipped_trace_file_is_what_the_importer_makes,
		importing_again_gives_the_same_bytes,
		NULL,
	};
	return suite_run("samples", tests);
}
