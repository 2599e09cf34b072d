/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/import.h"

#include <string.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"

#define MAP_AND_NAME \
	TASK("101", "0", "1.000000", "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=4096") \
	TASK("101", "0", "1.000001", \
	     "dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=1000 size=8 phys_addr=5000 attrs=")
#define UNMAP_AND_NAME \
	TASK("101", "0", "1.000002", "unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 unmapped_size=4096") \
	TASK("101", "0", "1.000003", "dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=1000 size=8 attrs=")

/* Imports text that must be refused, over an old file that must stay. */
static void expect_refusal(const char *text, const char *part)
{
	struct imported got;
	importing_begin(&got);
	importing_write(&got, "trace.h5", "old", 3);
	importing_run(&got, text, NULL);
	ck_assert(!got.ok);
	ck_assert_int_eq(got.err.kind, ERR_FILE);
	ck_assert_msg(strstr(got.err.text, part) != NULL, "%s", got.err.text);
	ck_assert_ptr_null(strchr(got.err.text, '\n'));
	size_t length;
	char *bytes = importing_read(got.file, &length);
	ck_assert_str_eq(bytes, "old");
	free(bytes);
	ck_assert(!importing_has(&got, "partial"));
	importing_end(&got);
}

START_TEST(text_that_is_no_recording_is_refused_and_the_old_file_stays)
{
	expect_refusal("", "is empty");
	expect_refusal("# tracer: nop\n#\n", "holds no ftrace events");
	expect_refusal(MAP_AND_NAME "some words\n", "trace.txt:3: not an event line");
	expect_refusal(MAP_AND_NAME UNMAP_AND_NAME TASK("101", "0", "1.000004", "unmap: IOMMU: iova=0x1000"),
		       "trace.txt:5: ");
	expect_refusal(MAP_AND_NAME "            task-101     [000] ....", "file ends within this line");
	expect_refusal("            task-101     [000] .....  123456: map: x\n", "clock that counts seconds");
}
END_TEST

struct count_of {
	const char *event;
	uint64_t count;
	unsigned names;
};

static void find_count(void *argument, const char *event, uint64_t count)
{
	struct count_of *wanted = argument;
	wanted->names++;
	if (!strcmp(event, wanted->event))
		wanted->count = count;
}

START_TEST(events_without_rows_are_counted_by_name_too)
{
	struct imported got;
	importing_good(&got,
		       MAP_AND_NAME UNMAP_AND_NAME TASK("101", "0", "1.000004",
							"io_page_fault: IOMMU:x 0000:00:04.0 iova=0x1 flags=0x0")
			       TASK("101", "0", "1.000005", "io_page_fault: IOMMU:x 0000:00:04.0 iova=0x1 flags=0x0"));
	struct count_of faults = { .event = "io_page_fault" }, maps = { .event = "map" };
	trace_event_counts(got.trace, find_count, &faults);
	trace_event_counts(got.trace, find_count, &maps);
	ck_assert_uint_eq(faults.count, 2);
	ck_assert_uint_eq(maps.count, 1);
	ck_assert_uint_eq(faults.names, 5);
	ck_assert_uint_eq(got.summary.duration_ps, 5 * PS_PER_US);
	importing_end(&got);
}
END_TEST

START_TEST(lost_events_are_the_most_that_any_witness_says)
{
	struct imported got;
	importing_good(&got, "CPU:1 [LOST 17 EVENTS]\n" MAP_AND_NAME "CPU:0 [LOST EVENTS]\n" UNMAP_AND_NAME);
	ck_assert_uint_eq(got.summary.lost_events, 18); /* a loss without a number is at least one */
	ck_assert_uint_eq(got.op[1].line, 5);
	importing_end(&got);
	importing_good(&got, "# entries-in-buffer/entries-written: 4/30   #P:2\n" MAP_AND_NAME UNMAP_AND_NAME);
	ck_assert_uint_eq(got.summary.lost_events, 26);
	ck_assert_uint_eq(got.summary.cpus, 2);
	importing_end(&got);
	importing_good(&got, "# entries-in-buffer/entries-written: 4/4   #P:2\n" MAP_AND_NAME); /* the file is cut */
	ck_assert_uint_eq(got.summary.lost_events, 2);
	importing_end(&got);
	importing_begin(&got);
	importing_run(&got, MAP_AND_NAME,
		      "@@ stats per_cpu/cpu0/stats\noverrun: 100\n@@ stats per_cpu/cpu1/stats\ndropped events: 1\n");
	ck_assert_uint_eq(got.summary.lost_events, 101);
	importing_end(&got);
}
END_TEST

START_TEST(the_meta_text_beside_the_recording_is_read)
{
	struct imported got;
	importing_begin(&got);
	importing_run(&got, MAP_AND_NAME,
		      "@@ uname\nLinux x\n@@ cmdline\nquiet\n@@ pci 0000:00:04.0 class=0x010802 id=1\n"
		      "@@ iommu_group 7 type=DMA devices=0000:00:04.0\n@@ iommu dmar0\ncap d2008c222f0686\necap f42\n");
	ck_assert_uint_eq(trace_device(got.trace, 0)->class_code, 0x010802);
	ck_assert_uint_eq(trace_device(got.trace, 0)->group, 7);
	ck_assert(got.summary.has_capability);
	ck_assert_uint_eq(got.summary.capability, UINT64_C(0xd2008c222f0686));
	ck_assert_str_eq(trace_provenance(got.trace, "guest_kernel"), "Linux x");
	ck_assert_str_eq(trace_provenance(got.trace, "kernel_command_line"), "quiet");
	ck_assert_str_eq(trace_provenance(got.trace, "source_file"), "trace.txt");
	importing_end(&got);
}
END_TEST

START_TEST(without_meta_text_the_recording_is_imported_all_the_same)
{
	struct imported got;
	importing_good(&got, MAP_AND_NAME);
	ck_assert_uint_eq(trace_device(got.trace, 0)->class_code, 0);
	ck_assert_uint_eq(trace_device(got.trace, 0)->group, UINT32_MAX);
	ck_assert(!got.summary.has_capability);
	ck_assert_str_eq(trace_provenance(got.trace, "guest_kernel"), "");
	importing_end(&got);
}
END_TEST

START_TEST(a_meta_text_that_is_named_must_be_there)
{
	struct imported got;
	importing_begin(&got);
	const char *in = importing_write(&got, "trace.txt", MAP_AND_NAME, strlen(MAP_AND_NAME));
	struct import_options options = { .meta = "/nowhere/guest-meta.txt" };
	ck_assert(!trace_import_ftrace(in, got.file, &options, &got.err));
	ck_assert_ptr_nonnull(strstr(got.err.text, "/nowhere/guest-meta.txt"));
	ck_assert(!importing_has(&got, "h5"));
	importing_end(&got);
}
END_TEST

static bool import_strictly(const char *text)
{
	struct imported got;
	importing_begin(&got);
	const char *in = importing_write(&got, "trace.txt", text, strlen(text));
	struct import_options options = { .strict = true };
	bool ok = trace_import_ftrace(in, got.file, &options, &got.err);
	ck_assert(ok == importing_has(&got, "trace.h5"));
	ck_assert(ok || got.err.kind == ERR_CHECK);
	importing_end(&got);
	return ok;
}

START_TEST(a_strict_import_refuses_anomalies)
{
	ck_assert(import_strictly(MAP_AND_NAME UNMAP_AND_NAME));
	ck_assert(!import_strictly("CPU:1 [LOST 17 EVENTS]\n" MAP_AND_NAME));
	ck_assert(!import_strictly(UNMAP_AND_NAME));
	ck_assert(!import_strictly(MAP_AND_NAME MAP_AND_NAME));
	ck_assert(!import_strictly(
		TASK("101", "0", "1.000000", "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=4096")));
}
END_TEST

/* 200,000 lines. */
static char *long_text(void)
{
	size_t length = strlen(MAP_AND_NAME UNMAP_AND_NAME);
	char *text = malloc(50000 * length + 1), *at = text;
	for (unsigned i = 0; i < 50000; i++, at += length)
		memcpy(at, MAP_AND_NAME UNMAP_AND_NAME, length);
	*at = '\0';
	return text;
}

START_TEST(an_interrupted_import_leaves_nothing)
{
	struct imported got;
	importing_begin(&got);
	importing_write(&got, "trace.h5", "old", 3);
	char *text = long_text();
	const char *in = importing_write(&got, "trace.txt", text, strlen(text));
	free(text);
	volatile sig_atomic_t interrupted = 1;
	struct import_options options = { .interrupted = &interrupted };
	ck_assert(!trace_import_ftrace(in, got.file, &options, &got.err));
	ck_assert_ptr_nonnull(strstr(got.err.text, "interrupted"));
	size_t length;
	char *bytes = importing_read(got.file, &length);
	ck_assert_str_eq(bytes, "old");
	free(bytes);
	ck_assert(!importing_has(&got, "partial"));
	importing_end(&got);
}
END_TEST

static void note_progress(void *argument, uint64_t bytes_read)
{
	uint64_t *last = argument;
	ck_assert_uint_ge(bytes_read, *last);
	*last = bytes_read;
}

START_TEST(progress_grows_to_the_length_of_the_file)
{
	struct imported got;
	importing_begin(&got);
	char *text = long_text();
	size_t length = strlen(text);
	const char *in = importing_write(&got, "trace.txt", text, length);
	free(text);
	uint64_t last = 0;
	struct import_options options = { .progress = note_progress, .progress_argument = &last };
	ck_assert_msg(trace_import_ftrace(in, got.file, &options, &got.err), "%s", got.err.text);
	ck_assert_uint_gt(last, length / 2);
	ck_assert_uint_le(last, length);
	importing_end(&got);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		text_that_is_no_recording_is_refused_and_the_old_file_stays,
		events_without_rows_are_counted_by_name_too,
		lost_events_are_the_most_that_any_witness_says,
		the_meta_text_beside_the_recording_is_read,
		without_meta_text_the_recording_is_imported_all_the_same,
		a_meta_text_that_is_named_must_be_there,
		a_strict_import_refuses_anomalies,
		an_interrupted_import_leaves_nothing,
		progress_grows_to_the_length_of_the_file,
		NULL,
	};
	return suite_run("import", tests);
}
