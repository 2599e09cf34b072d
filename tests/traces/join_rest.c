/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small recordings with the rows that the joining rules give them
 * (docs/trace-format.md, "Joining"): all but the plain maps and unmaps.
 */
#include "traces/join.h"

#include <stdio.h>
#include <string.h>

#include "tests/suite.h"
#include "tests/traces/events.h"
#include "tests/traces/importing.h"
#include "traces/rows.h"

static void check_clean(const struct imported *got, uint64_t ops)
{
	ck_assert_uint_eq(got->summary.ops, ops);
	ck_assert_uint_eq(got->summary.unmaps_without_map, 0);
	ck_assert_uint_eq(got->summary.maps_over_live, 0);
	ck_assert_uint_eq(got->summary.unjoined, 0);
}

START_TEST(reserved_regions_are_of_the_group_attached_next)
{
	struct imported got;
	importing_lines(&got, TASK("001", "0", "1.000000", "add_device_to_group: IOMMU: groupID=5 device=0000:00:1f.0"),
			TASK("001", "0", "1.000001", "add_device_to_group: IOMMU: groupID=5 device=0000:00:1f.2"),
			TASK("001", "0", "1.000002", MAP("0", "1000000", "0", "16777216")),
			TASK("001", "0", "1.000003", MAP("2000000", "2001000", "2000000", "4096")),
			TASK("001", "0", "1.000004", "attach_device_to_domain: IOMMU: device=0000:00:1f.0"),
			TASK("001", "0", "1.000005", "attach_device_to_domain: IOMMU: device=0000:00:1f.2"),
			TASK("001", "0", "1.000006", MAP("1000000", "1001000", "7000", "4096")),
			TASK("001", "0", "1.000007", DMA_MAP("0000:00:1f.2", "TO_DEVICE", "1000000", "2")),
			TASK("001", "0", "1.000008", UNMAP("2000000", "2001000", "4096")),
			TASK("001", "0", "1.000009", DMA_UNMAP("0000:00:1f.2", "TO_DEVICE", "2000000", "2")), NULL);
	check_clean(&got, 8);
	ck_assert_int_eq(got.op[0].kind, TRACE_GROUP);
	ck_assert_uint_eq(got.op[0].iova, 5);
	ck_assert_uint_eq(got.op[1].device, 1);
	for (unsigned i = 2; i < 4; i++) {
		ck_assert_int_eq(got.op[i].kind, TRACE_MAP);
		ck_assert_int_eq(got.op[i].api, TRACE_API_DIRECT);
		ck_assert_int_eq(got.op[i].direction, TRACE_BIDIRECTIONAL);
		ck_assert_uint_eq(got.op[i].device, 0);
		ck_assert_uint_eq(got.op[i].dma_bytes, got.op[i].bytes);
	}
	ck_assert_int_eq(got.op[4].kind, TRACE_ATTACH);
	ck_assert_uint_eq(got.op[4].device, 0);
	ck_assert_uint_eq(got.op[5].device, 1);
	/* The group has one IOVA space: the other device's unmap ends the region. */
	ck_assert_uint_eq(got.op[7].device, 1);
	ck_assert_uint_eq(got.op[7].after, 3);
	ck_assert_uint_eq(trace_device(got.trace, 1)->group, 5);
	importing_end(&got);
}
END_TEST

START_TEST(a_doorbell_page_is_of_the_device_being_set_up)
{
	struct imported got;
	importing_lines(&got,
			/* Attached, mapped, and no DMA before the next device is attached in the same task. */
			TASK("012", "0", "1.000000", "attach_device_to_domain: IOMMU: device=0000:00:1e.0"),
			TASK("012", "0", "1.000001", MAP("fffff000", "100000000", "8090000", "4096")),
			TASK("012", "0", "1.000002", "attach_device_to_domain: IOMMU: device=" NVME),
			TASK("012", "0", "1.000003", MAP("fffff000", "100000000", "8090000", "4096")),
			TASK("012", "0", "1.000004", MAP("ffffe000", "fffff000", "5000", "4096")),
			TASK("012", "0", "1.000005", DMA_ALLOC(NVME, "ffffe000", "512")),
			/* Attached by another task: then the DMA that follows tells. */
			TASK("169", "0", "1.000006", MAP("fffff000", "100000000", "8090000", "4096")),
			TASK("169", "0", "1.000007", MAP("ffffe000", "fffff000", "6000", "4096")),
			TASK("169", "0", "1.000008", DMA_ALLOC(NIC, "ffffe000", "512")),
			/* Nothing follows at all. */
			TASK("170", "0", "1.000009", MAP("fffff000", "100000000", "8090000", "4096")), NULL);
	ck_assert_uint_eq(got.summary.unjoined, 1);
	ck_assert_uint_eq(got.summary.maps_over_live, 0);
	ck_assert_int_eq(got.op[1].api, TRACE_API_NONE);
	ck_assert_str_eq(trace_device(got.trace, got.op[1].device)->name, "0000:00:1e.0");
	ck_assert_str_eq(trace_device(got.trace, got.op[3].device)->name, NVME);
	ck_assert_int_eq(got.op[3].api, TRACE_API_NONE);
	ck_assert_int_eq(got.op[3].direction, TRACE_DIRECTION_NONE);
	ck_assert_int_eq(got.op[4].api, TRACE_API_COHERENT);
	ck_assert_str_eq(trace_device(got.trace, got.op[5].device)->name, NIC);
	ck_assert_uint_eq(got.op[7].device, TRACE_NO_DEVICE);
	importing_end(&got);
}
END_TEST

START_TEST(invalidations_are_of_their_contexts_operation)
{
	struct imported got;
	importing_lines(
		&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
		HARD("000", "0", "1.000001",
		     "cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 4 [0x1-0x2] addr 0x1 pages 0x1 mask 0x0"),
		TASK("101", "0", "1.000002",
		     "cache_tag_flush_range_np: dmar0 dmar0[0] type iotlb did 4 [0x1-0x2] addr 0x1 pages 0x1 "
		     "mask 0x0"),
		TASK("101", "0", "1.000003",
		     "cache_tag_flush_range_np: dmar0 dmar0[0] type devtlb did 4 [0x1-0x2] "
		     "addr 0x1 pages 0x1 mask 0x0"),
		TASK("101", "0", "1.000004", "qi_submit: iotlb_inv dmar0: 0x400f2 0x10000 0x0 0x0"),
		TASK("101", "0", "1.000005", DMA_MAP(NVME, "TO_DEVICE", "10000", "24")),
		TASK("101", "0", "1.000006", UNMAP_SG(NVME, "TO_DEVICE")),
		TASK("101", "0", "1.000007", UNMAP("10000", "11000", "4096")),
		TASK("101", "0", "1.000008",
		     "cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 4 "
		     "[0x1-0x2] addr 0x1 pages 0x1 mask 0x0"),
		TASK("101", "0", "1.000009", "qi_submit: iotlb_inv dmar0: 0x400f2 0x10040 0x0 0x0"),
		TASK("101", "0", "1.000010", "tracing_mark_write: end"), NULL);
	check_clean(&got, 3);
	ck_assert_uint_eq(got.op[0].sync_line, 3);
	ck_assert_uint_eq(got.op[0].end_ps, 5 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].sync_line, 9);
	ck_assert_uint_eq(got.op[1].begin_ps, 6 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].end_ps, 9 * PS_PER_US);
	struct trace_descriptor descriptor[2];
	ck_assert_uint_eq(got.summary.descriptors, 2);
	ck_assert(trace_descriptors(got.trace, 0, 2, descriptor, &got.err));
	ck_assert_uint_eq(descriptor[1].line, 10);
	ck_assert_uint_eq(descriptor[1].time_ps, 9 * PS_PER_US);
	ck_assert_uint_eq(descriptor[1].word[0], 0x400f2);
	ck_assert_uint_eq(descriptor[1].word[1], 0x10040);
	importing_end(&got);
}
END_TEST

START_TEST(a_deferred_flush_knows_a_device_of_its_domain)
{
	struct imported got;
	importing_lines(&got,
			TASK("001", "0", "1.000000", "cache_tag_assign: dmar0/dmar0 type iotlb did 4 pasid 0 ref 1"),
			TASK("001", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
			TASK("001", "0", "1.000002", "cache_tag_assign: dmar0/dmar0 type iotlb did 5 pasid 0 ref 1"),
			TASK("001", "0", "1.000003", "attach_device_to_domain: IOMMU: device=" NIC),
			/* Of no assignment that was recorded. */
			TASK("001", "0", "1.000003", "attach_device_to_domain: IOMMU: device=0000:00:05.0"),
			SOFT("101", "0", "1.000004", "cache_tag_flush_all: dmar0/dmar0 type iotlb did 4 pasid 0 ref 1"),
			SOFT("101", "0", "1.000004", "cache_tag_flush_all: dmar0/dmar0 type iotlb did 5 pasid 0 ref 1"),
			SOFT("101", "0", "1.000005", "cache_tag_flush_all: dmar0/dmar0 type iotlb did 9 pasid 0 ref 1"),
			NULL);
	ck_assert_uint_eq(got.summary.ops, 6);
	ck_assert_int_eq(got.op[3].kind, TRACE_FLUSH_ALL);
	ck_assert_uint_eq(got.op[3].iova, 4);
	ck_assert_str_eq(trace_device(got.trace, got.op[3].device)->name, NVME);
	ck_assert_str_eq(trace_device(got.trace, got.op[4].device)->name, NIC);
	ck_assert_uint_eq(got.op[5].device, TRACE_NO_DEVICE);
	ck_assert(!got.summary.strict); /* only a deferring driver does this */
	importing_end(&got);
}
END_TEST

START_TEST(a_map_over_a_live_map_is_counted)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "12000", "5000", "8192")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", MAP("11000", "13000", "5000", "8192")),
			TASK("101", "0", "1.000003", DMA_MAP(NVME, "TO_DEVICE", "11000", "24")),
			/* Another device: another IOVA space. */
			TASK("101", "0", "1.000004", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000005", DMA_MAP(NIC, "TO_DEVICE", "10000", "24")), NULL);
	ck_assert_uint_eq(got.summary.maps_over_live, 1);
	ck_assert_uint_eq(got.op[1].after, 0);
	ck_assert_uint_eq(got.op[2].after, TRACE_NONE);
	ck_assert_uint_eq(got.summary.live_peak_bytes, 3 * 4096 + 4096);
	importing_end(&got);
}
END_TEST

START_TEST(an_unmap_without_map_is_counted)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000001", DMA_UNMAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", MAP("20000", "21000", "5000", "4096")),
			TASK("101", "0", "1.000003", DMA_MAP(NVME, "TO_DEVICE", "20000", "24")),
			TASK("101", "0", "1.000004", UNMAP("20000", "22000", "8192")),
			TASK("101", "0", "1.000005", DMA_UNMAP(NVME, "TO_DEVICE", "20000", "24")), NULL);
	ck_assert_uint_eq(got.summary.unmaps_without_map, 2);
	ck_assert_uint_eq(got.op[0].after, TRACE_NONE);
	ck_assert_uint_eq(got.op[2].after, 1);
	importing_end(&got);
}
END_TEST

START_TEST(an_unmap_that_nothing_names_has_no_device)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000003", MAP("20000", "21000", "5000", "4096")),
			TASK("101", "0", "1.000004", DMA_MAP(NVME, "TO_DEVICE", "20000", "24")), NULL);
	ck_assert_uint_eq(got.summary.unjoined, 1);
	ck_assert_uint_eq(got.op[1].device, TRACE_NO_DEVICE);
	ck_assert_uint_eq(got.op[1].after, TRACE_NONE);
	ck_assert_int_eq(got.op[1].api, TRACE_API_NONE);
	importing_end(&got);
}
END_TEST

START_TEST(a_map_follows_the_latest_unmap_of_any_of_its_addresses)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", MAP("11000", "12000", "5000", "4096")),
			TASK("101", "0", "1.000003", DMA_MAP(NVME, "TO_DEVICE", "11000", "24")),
			TASK("101", "0", "1.000004", UNMAP("11000", "12000", "4096")),
			TASK("101", "0", "1.000005", DMA_UNMAP(NVME, "TO_DEVICE", "11000", "24")),
			TASK("101", "0", "1.000006", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000007", DMA_UNMAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000008", MAP("f000", "13000", "5000", "16384")),
			TASK("101", "0", "1.000009", DMA_MAP(NVME, "TO_DEVICE", "f000", "24")), NULL);
	check_clean(&got, 5);
	ck_assert_uint_eq(got.op[2].after, 1);
	ck_assert_uint_eq(got.op[3].after, 0);
	ck_assert_uint_eq(got.op[4].after, 3);
	importing_end(&got);
}
END_TEST

START_TEST(memory_that_bypasses_the_iommu_makes_no_rows)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", DMA_ALLOC("9050000.smmuv3", "b9b00000", "1048576")),
			TASK("101", "0", "1.000001", DMA_MAP("9060000.mmc", "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", DMA_UNMAP("9060000.mmc", "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000003", UNMAP_SG("9060000.mmc", "TO_DEVICE")), NULL);
	check_clean(&got, 0);
	ck_assert_uint_eq(got.summary.bypass_events, 4);
	ck_assert_uint_eq(got.summary.devices, 0);
	importing_end(&got);
}
END_TEST

START_TEST(marks_keep_their_first_line)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", "tracing_mark_write: one"),
			TASK("101", "0", "1.000001", "tracing_mark_write: two"), "  more of two\n", "and more\n",
			TASK("101", "0", "1.000002", "tracing_mark_write: three"), NULL);
	check_clean(&got, 3);
	ck_assert_str_eq(trace_mark(got.trace, got.op[0].iova), "one");
	ck_assert_str_eq(trace_mark(got.trace, got.op[1].iova), "two");
	ck_assert_str_eq(trace_mark(got.trace, got.op[2].iova), "three");
	ck_assert_uint_eq(got.op[2].line, 5);
	importing_end(&got);
}
END_TEST

/* The lines, so many times. */
static char *repeat(const char *lines, size_t times)
{
	size_t length = strlen(lines);
	char *text = malloc(times * length + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * length, lines, length);
	text[times * length] = '\0';
	return text;
}

/* clang-format off */
static const char TWO_ROWS[] =
	TASK("101", "0", "1.000001", MAP("20000", "21000", "5000", "4096"))
	TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "20000", "24"))
	TASK("101", "0", "1.000001", UNMAP("20000", "21000", "4096"))
	TASK("101", "0", "1.000001", DMA_UNMAP(NVME, "TO_DEVICE", "20000", "24"));
/* clang-format on */

START_TEST(a_map_that_is_never_named_does_not_hold_back_the_rest)
{
	/* More rows than the window holds, behind a map whose dma event never comes. */
	unsigned pairs = ROWS_WINDOW / 2 + 1000;
	char *text = repeat(TWO_ROWS, pairs);
	struct imported got;
	importing_lines(&got, TASK("102", "1", "1.000000", MAP("10000", "11000", "5000", "4096")), text, NULL);
	free(text);
	ck_assert_uint_eq(got.summary.ops, 2 * pairs + 1);
	ck_assert_uint_eq(got.summary.unjoined, 1);
	ck_assert_uint_eq(got.summary.unmaps_without_map, 0);
	ck_assert_uint_eq(got.op[0].device, TRACE_NO_DEVICE);
	ck_assert_uint_eq(got.op[1].line, 2);
	importing_end(&got);
}
END_TEST

START_TEST(a_full_window_is_emptied_when_its_first_row_is_settled)
{
	/* The window is full to the last row when the context of its first goes on. */
	unsigned pairs = ROWS_WINDOW / 2 - 1;
	char *text = repeat(TWO_ROWS, pairs);
	struct imported got;
	importing_lines(&got, TASK("102", "1", "1.000000", UNMAP("10000", "11000", "4096")), text,
			TASK("101", "0", "1.000002", "tracing_mark_write: full"),
			TASK("102", "1", "1.000002", MAP("10000", "11000", "5000", "4096")),
			TASK("102", "1", "1.000002", DMA_MAP(NIC, "TO_DEVICE", "10000", "24")), NULL);
	free(text);
	ck_assert_uint_eq(got.summary.ops, 2 * pairs + 3);
	ck_assert_uint_eq(got.summary.unjoined, 1);
	ck_assert_uint_eq(got.summary.unmaps_without_map, 0);
	importing_end(&got);
}
END_TEST

START_TEST(an_event_older_than_the_first_is_refused)
{
	struct imported got;
	importing_begin(&got);
	importing_run(&got,
		      TASK("101", "0", "1.000001", "tracing_mark_write: one")
			      TASK("101", "1", "1.000000", "tracing_mark_write: two"),
		      NULL);
	ck_assert(!got.ok);
	ck_assert_int_eq(got.err.kind, ERR_FILE);
	ck_assert_ptr_nonnull(strstr(got.err.text, "trace.txt:2: "));
	ck_assert_ptr_nonnull(strstr(got.err.text, "mono"));
	importing_end(&got);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reserved_regions_are_of_the_group_attached_next,
		a_doorbell_page_is_of_the_device_being_set_up,
		invalidations_are_of_their_contexts_operation,
		a_deferred_flush_knows_a_device_of_its_domain,
		a_map_over_a_live_map_is_counted,
		an_unmap_without_map_is_counted,
		an_unmap_that_nothing_names_has_no_device,
		a_map_follows_the_latest_unmap_of_any_of_its_addresses,
		memory_that_bypasses_the_iommu_makes_no_rows,
		marks_keep_their_first_line,
		a_map_that_is_never_named_does_not_hold_back_the_rest,
		a_full_window_is_emptied_when_its_first_row_is_settled,
		an_event_older_than_the_first_is_refused,
		NULL,
	};
	return suite_run("join, the rest", tests);
}
