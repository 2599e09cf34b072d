/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/ftrace.h"

#include <string.h>

#include "tests/suite.h"

#define TASK16 "    kworker/u8:3-55      [001] "

static struct ftrace_event scan(const char *text)
{
	struct source_text line = { .at = text, .length = strlen(text) };
	struct ftrace_event event;
	ftrace_scan(&line, &event);
	return event;
}

static bool is(const struct source_text *text, const char *expected)
{
	return text->length == strlen(expected) && !memcmp(text->at, expected, text->length);
}

START_TEST(a_map_line_is_decoded)
{
	struct ftrace_event event = scan(TASK16 ".....     9.344665: map: IOMMU: iova=0x00000000fffff000 - "
						"0x0000000100000000 paddr=0x0000000101cc5000 size=4096");
	ck_assert_int_eq(event.type, FTRACE_MAP);
	ck_assert_uint_eq(event.pid, 55);
	ck_assert_uint_eq(event.cpu, 1);
	ck_assert_uint_eq(event.level, 0);
	ck_assert_uint_eq(event.time_ps, UINT64_C(9344665000000));
	ck_assert_uint_eq(event.address, 0xfffff000);
	ck_assert_uint_eq(event.phys, 0x101cc5000);
	ck_assert_uint_eq(event.bytes, 4096);
	ck_assert(is(&event.name, "map"));
}
END_TEST

START_TEST(an_unmap_line_counts_what_was_unmapped)
{
	struct ftrace_event event = scan(TASK16 "..s1.     9.372739: unmap: IOMMU: iova=0x00000000ffffd000 - "
						"0x00000000fffff000 size=8192 unmapped_size=4096");
	ck_assert_int_eq(event.type, FTRACE_UNMAP);
	ck_assert_uint_eq(event.level, 1);
	ck_assert_uint_eq(event.address, 0xffffd000);
	ck_assert_uint_eq(event.bytes, 4096);
}
END_TEST

START_TEST(every_call_that_maps_is_decoded)
{
	static const struct {
		const char *text;
		enum trace_api api;
	} LINES[] = {
		{ "dma_map_page: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 phys_addr=13cb49010 attrs=",
		  TRACE_API_PAGE },
		{ "dma_map_phys: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 phys_addr=13cb49010 attrs=",
		  TRACE_API_PAGE },
		{ "dma_map_resource: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 phys_addr=0 attrs=",
		  TRACE_API_PAGE },
		{ "dma_alloc: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 virt_addr=0 flags=GFP_KERNEL "
		  "attrs=",
		  TRACE_API_COHERENT },
		{ "dma_alloc_pages: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 virt_addr=0 flags= attrs=",
		  TRACE_API_COHERENT },
		{ "dma_alloc_sgt: 0000:00:04.0 dir=FROM_DEVICE dma_addr=ffffd010 size=24 phys_addrs={0x1000} flags= "
		  "attrs=",
		  TRACE_API_COHERENT },
	};
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		char line[256] = TASK16 ".....     9.369076: ";
		strcat(line, LINES[i].text);
		struct ftrace_event event = scan(line);
		ck_assert_int_eq(event.type, FTRACE_DMA_MAP);
		ck_assert(is(&event.device, "0000:00:04.0"));
		ck_assert_int_eq(event.api, LINES[i].api);
		ck_assert_int_eq(event.direction, TRACE_FROM_DEVICE);
		ck_assert_uint_eq(event.address, 0xffffd010);
		ck_assert_uint_eq(event.bytes, 24);
	}
}
END_TEST

START_TEST(calls_that_unmap_differ_in_whether_they_come_before)
{
	struct ftrace_event event = scan(TASK16 ".....     1.000000: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE "
						"dma_addr=ffffd000 size=8 attrs=");
	ck_assert_int_eq(event.type, FTRACE_DMA_UNMAP);
	ck_assert_int_eq(event.direction, TRACE_TO_DEVICE);
	event = scan(TASK16
		     ".....     1.000000: dma_unmap_phys: 0000:00:04.0 dir=TO_DEVICE dma_addr=ffffd000 size=8 attrs=");
	ck_assert_int_eq(event.type, FTRACE_DMA_UNMAP);
	event = scan(
		TASK16
		".....     1.000000: dma_unmap_resource: 0000:00:04.0 dir=TO_DEVICE dma_addr=ffffd000 size=8 attrs=");
	ck_assert_int_eq(event.type, FTRACE_DMA_UNMAP);
	event = scan(TASK16
		     ".....     1.000000: dma_unmap_sg: 0000:00:04.0 dir=BIDIRECTIONAL phys_addrs={0x1,0x2} attrs=");
	ck_assert_int_eq(event.type, FTRACE_DMA_ANNOUNCE);
	ck_assert_int_eq(event.api, TRACE_API_SG);
	ck_assert(!event.has_address);
	event = scan(TASK16 ".....     1.000000: dma_free: 0000:00:03.0 dir=BIDIRECTIONAL dma_addr=fffff000 size=4096 "
			    "virt_addr=000000004d7d4ea3 attrs=");
	ck_assert_int_eq(event.type, FTRACE_DMA_ANNOUNCE);
	ck_assert_int_eq(event.api, TRACE_API_COHERENT);
	ck_assert(event.has_address);
	ck_assert_uint_eq(event.address, 0xfffff000);
}
END_TEST

START_TEST(a_list_of_addresses_is_walked)
{
	struct ftrace_event event =
		scan(TASK16 ".N...    13.982732: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=3/3 ents=2/2 "
			    "dma_addrs={0xfff60800,0xfff80000} sizes={0x10000,0x200} "
			    "phys_addrs={0x1,0x2,0x3} attrs=NO_WARN");
	ck_assert_int_eq(event.type, FTRACE_DMA_MAP_SG);
	ck_assert(!event.truncated);
	uint64_t value;
	ck_assert(ftrace_list_next(&event.addresses, &value));
	ck_assert_uint_eq(value, 0xfff60800);
	ck_assert(ftrace_list_next(&event.addresses, &value));
	ck_assert_uint_eq(value, 0xfff80000);
	ck_assert(!ftrace_list_next(&event.addresses, &value));
	ck_assert(ftrace_list_next(&event.sizes, &value) && value == 0x10000);
	ck_assert(ftrace_list_next(&event.sizes, &value) && value == 0x200);
	ck_assert(!ftrace_list_next(&event.sizes, &value));
}
END_TEST

START_TEST(a_list_that_the_kernel_cut_is_known_as_cut)
{
	struct ftrace_event event =
		scan(TASK16 ".....    13.982732: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=128/200 "
			    "ents=128/200 [TRUNCATED] dma_addrs={0x1000} sizes={0x10} phys_addrs={0x1} attrs=");
	uint64_t value;
	ck_assert_int_eq(event.type, FTRACE_DMA_MAP_SG);
	ck_assert(event.truncated);
	ck_assert(ftrace_list_next(&event.addresses, &value) && value == 0x1000);
	event = scan(TASK16
		     ".....    13.982732: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=2/200 ents=2/2 [TRUNCATED] "
		     "dma_addrs={0x1000,0x2000} sizes={0x10,0x20} phys_addrs={0x1} attrs=");
	ck_assert(!event.truncated); /* only the physical side is cut */
	event = scan(TASK16 ".....    13.982732: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=128/200 ents=9/9 "
			    "dma_addrs={0x1000,0x20");
	ck_assert_int_eq(event.type, FTRACE_DMA_MAP_SG);
	ck_assert(event.truncated);
	ck_assert(!ftrace_list_next(&event.addresses, &value));
}
END_TEST

START_TEST(events_of_the_iommu_driver_are_decoded)
{
	struct ftrace_event event =
		scan(TASK16 "d..1.     9.345770: cache_tag_flush_range_np: dmar0 dmar0[0] type iotlb did 4 "
			    "[0xfffff000-0xffffffff] addr 0xfffff000 pages 0x1 mask 0x0");
	ck_assert_int_eq(event.type, FTRACE_FLUSH_MAP);
	ck_assert_uint_eq(event.id, 4);
	event = scan(TASK16 "d..1.     9.345770: cache_tag_flush_range: dmar0 0000:00:04.0[1] type devtlb did 65535 "
			    "[0xfffff000-0xffffffff] addr 0xfffff000 pages 0x1 mask 0x0");
	ck_assert_int_eq(event.type, FTRACE_FLUSH_UNMAP);
	ck_assert_uint_eq(event.id, 65535);
	event = scan(TASK16 "d.s1.     9.108493: cache_tag_flush_all: dmar0/dmar0 type iotlb did 3 pasid 0 ref 1");
	ck_assert_int_eq(event.type, FTRACE_FLUSH_ALL);
	ck_assert_uint_eq(event.id, 3);
	event = scan(TASK16 ".....     9.108493: cache_tag_assign: dmar0/dmar0 type iotlb did 7 pasid 0 ref 2");
	ck_assert_int_eq(event.type, FTRACE_TAG_ASSIGN);
	ck_assert_uint_eq(event.id, 7);
	event = scan(TASK16
		     "d..2.     9.346060: qi_submit: iotlb_inv dmar0: 0x400f2 0xfffff000 0x12 0xffffffffffffffff");
	ck_assert_int_eq(event.type, FTRACE_QI_SUBMIT);
	ck_assert_uint_eq(event.word[0], 0x400f2);
	ck_assert_uint_eq(event.word[1], 0xfffff000);
	ck_assert_uint_eq(event.word[2], 0x12);
	ck_assert_uint_eq(event.word[3], UINT64_MAX);
}
END_TEST

START_TEST(groups_attaches_and_marks_are_decoded)
{
	struct ftrace_event event =
		scan(TASK16 ".....     2.275431: add_device_to_group: IOMMU: groupID=5 device=0000:00:1f.0");
	ck_assert_int_eq(event.type, FTRACE_GROUP);
	ck_assert_uint_eq(event.id, 5);
	ck_assert(is(&event.device, "0000:00:1f.0"));
	event = scan(TASK16 ".....     2.296728: attach_device_to_domain: IOMMU: device=0000:00:1f.0");
	ck_assert_int_eq(event.type, FTRACE_ATTACH);
	ck_assert(is(&event.device, "0000:00:1f.0"));
	event = scan(TASK16 ".....     5.163114: tracing_mark_write: phase one: two");
	ck_assert_int_eq(event.type, FTRACE_MARK);
	ck_assert(is(&event.text, "phase one: two"));
}
END_TEST

START_TEST(the_third_flag_is_the_interrupt_level)
{
	static const struct {
		const char *flags;
		unsigned level;
	} FLAGS[] = { { ".....", 0 }, { "dN.1.", 0 }, { "b....", 0 }, { "..s1.", 1 }, { "dNs3.", 1 }, { "d.h1.", 2 },
		      { "d.H2.", 2 }, { "DNH1.", 2 }, { "d.Z1.", 3 }, { "d.z1.", 3 }, { "d.h1", 2 } };
	for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
		char line[128] = TASK16;
		strcat(strcat(line, FLAGS[i].flags), "     5.163114: tracing_mark_write: x");
		struct ftrace_event event = scan(line);
		ck_assert_int_eq(event.type, FTRACE_MARK);
		ck_assert_uint_eq(event.level, FLAGS[i].level);
	}
}
END_TEST

START_TEST(a_task_name_may_hold_anything)
{
	static const struct {
		const char *task;
		uint32_t pid;
	} TASKS[] = {
		{ "          <idle>-0       [002] ", 0 },
		{ "     a-1 [009] x-77      [002] ", 77 },
		{ "           <...>-1234567 [002] ", 1234567 },
		{ " kworker/u8:3-ev-55      [002] ", 55 },
		{ "x-4 [002] ", 4 },
		{ "            task-66      (   4242) [002] ", 66 },
		{ "            task-66      (-------) [002] ", 66 },
	};
	for (size_t i = 0; i < sizeof(TASKS) / sizeof(TASKS[0]); i++) {
		char line[160];
		strcpy(line, TASKS[i].task);
		struct ftrace_event event = scan(strcat(line, "..s1.     5.163114: tracing_mark_write: x"));
		ck_assert_int_eq(event.type, FTRACE_MARK);
		ck_assert_uint_eq(event.pid, TASKS[i].pid);
		ck_assert_uint_eq(event.cpu, 2);
	}
}
END_TEST

START_TEST(times_keep_every_digit)
{
	ck_assert_uint_eq(scan(TASK16 "..... 12345.000001: other: x").time_ps, UINT64_C(12345000001000000));
	ck_assert_uint_eq(scan(TASK16 "..... 0.123456789: other: x").time_ps, UINT64_C(123456789000));
	ck_assert_uint_eq(scan(TASK16 "..... 1.5: other: x").time_ps, UINT64_C(1500000000000));
	ck_assert_int_eq(scan(TASK16 "..... 123456789: other: x").type, FTRACE_BAD); /* a counter, not seconds */
}
END_TEST

START_TEST(flags_may_be_left_out)
{
	struct ftrace_event event = scan(TASK16 "    5.163114: tracing_mark_write: x");
	ck_assert_int_eq(event.type, FTRACE_MARK);
	ck_assert_uint_eq(event.level, 0);
}
END_TEST

START_TEST(other_events_keep_their_name)
{
	struct ftrace_event event = scan(TASK16 "..... 1.5: io_page_fault: IOMMU:x 0000:00:04.0 iova=0x1 flags=0x0");
	ck_assert_int_eq(event.type, FTRACE_OTHER);
	ck_assert(is(&event.name, "io_page_fault"));
	event = scan(TASK16 "..... 1.5: vfs_read <-ksys_read");
	ck_assert_int_eq(event.type, FTRACE_OTHER);
}
END_TEST

START_TEST(lines_that_are_no_events_are_told_apart)
{
	ck_assert_int_eq(scan("").type, FTRACE_BLANK);
	ck_assert_int_eq(scan("   ").type, FTRACE_BLANK);
	ck_assert_int_eq(scan("# tracer: nop").type, FTRACE_BLANK);
	ck_assert_int_eq(scan("##### CPU 1 buffer started ####").type, FTRACE_BLANK);
	ck_assert_int_eq(scan(" => iommu_map").type, FTRACE_BLANK);
	ck_assert_int_eq(scan("cpus=2").type, FTRACE_BLANK);
	ck_assert_int_eq(scan("hello").type, FTRACE_BAD);
	ck_assert_int_eq(scan(TASK16).type, FTRACE_BAD);
	ck_assert_int_eq(scan(TASK16 ".....").type, FTRACE_BAD);
	ck_assert_int_eq(scan(TASK16 "..... 1.").type, FTRACE_BAD);
}
END_TEST

START_TEST(lost_events_are_counted)
{
	struct ftrace_event event = scan("CPU:1 [LOST 17 EVENTS]");
	ck_assert_int_eq(event.type, FTRACE_LOST);
	ck_assert_uint_eq(event.count, 17);
	event = scan("[LOST 3 EVENTS]");
	ck_assert_int_eq(event.type, FTRACE_LOST);
	ck_assert_uint_eq(event.count, 3);
	event = scan("CPU:0 [LOST EVENTS]");
	ck_assert_int_eq(event.type, FTRACE_LOST);
	ck_assert_uint_eq(event.count, 0);
	event = scan("CPU:0 [5 EVENTS DROPPED]");
	ck_assert_int_eq(event.type, FTRACE_LOST);
	ck_assert_uint_eq(event.count, 5);
}
END_TEST

START_TEST(the_header_says_what_was_written)
{
	struct ftrace_event event = scan("# entries-in-buffer/entries-written: 100/120   #P:4");
	ck_assert_int_eq(event.type, FTRACE_HEADER);
	ck_assert_uint_eq(event.count, 100);
	ck_assert_uint_eq(event.written, 120);
	ck_assert_uint_eq(event.cpu, 4);
}
END_TEST

START_TEST(a_known_event_in_another_form_is_bad)
{
	static const char *const TEXTS[] = {
		"map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000",
		"map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=",
		"map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=0",
		"map: IOMMU: iova=0x10000000000000000 - 0x2000 paddr=0x5000 size=1",
		"map: IOMMU: iova=0xfffffffffffff000 - 0x0 paddr=0x5000 size=8192",
		"map: something else",
		"unmap: IOMMU: iova=0x1000 - 0x2000 size=4096",
		"dma_map_page: 0000:00:04.0 dir=SIDEWAYS dma_addr=1 size=1",
		"dma_map_page: 0000:00:04.0 dir=TO_DEVICE",
		"dma_map_sg: 0000:00:04.0",
		"qi_submit: iotlb_inv dmar0: 0x1 0x2 0x3",
		"add_device_to_group: IOMMU: groupID= device=x",
		"attach_device_to_domain: IOMMU: device=",
		"cache_tag_flush_all: dmar0/dmar0 type iotlb",
	};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		char line[256] = TASK16 ".....     1.000000: ";
		struct ftrace_event event = scan(strcat(line, TEXTS[i]));
		ck_assert_msg(event.type == FTRACE_BAD, "%s", TEXTS[i]);
		ck_assert_ptr_nonnull(event.about);
	}
}
END_TEST

START_TEST(every_beginning_of_a_line_is_scanned_without_reading_past_it)
{
	static const char LINE[] =
		TASK16 ".....    13.982732: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=2/2 ents=1/1 "
		       "dma_addrs={0xfff60800} sizes={0x10000} phys_addrs={0x1,0x2} attrs=";
	for (size_t length = 0; length < sizeof(LINE); length++) {
		char *exact = malloc(length ? length : 1); /* the sanitizer sees a step over its end */
		memcpy(exact, LINE, length);
		struct source_text line = { .at = exact, .length = length };
		struct ftrace_event event;
		ftrace_scan(&line, &event);
		ck_assert_int_le(event.type, FTRACE_BAD);
		free(exact);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_map_line_is_decoded,
		an_unmap_line_counts_what_was_unmapped,
		every_call_that_maps_is_decoded,
		calls_that_unmap_differ_in_whether_they_come_before,
		a_list_of_addresses_is_walked,
		a_list_that_the_kernel_cut_is_known_as_cut,
		events_of_the_iommu_driver_are_decoded,
		groups_attaches_and_marks_are_decoded,
		the_third_flag_is_the_interrupt_level,
		a_task_name_may_hold_anything,
		times_keep_every_digit,
		flags_may_be_left_out,
		other_events_keep_their_name,
		lines_that_are_no_events_are_told_apart,
		lost_events_are_counted,
		the_header_says_what_was_written,
		a_known_event_in_another_form_is_bad,
		every_beginning_of_a_line_is_scanned_without_reading_past_it,
		NULL,
	};
	return suite_run("ftrace", tests);
}
