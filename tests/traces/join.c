/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small recordings with the rows that the joining rules give them
 * (docs/trace-format.md, "Joining"): maps and unmaps find their device.
 */
#include "traces/join.h"

#include "tests/suite.h"
#include "tests/traces/events.h"
#include "tests/traces/importing.h"

static void check_clean(const struct imported *got, uint64_t ops)
{
	ck_assert_uint_eq(got->summary.ops, ops);
	ck_assert_uint_eq(got->summary.unmaps_without_map, 0);
	ck_assert_uint_eq(got->summary.maps_over_live, 0);
	ck_assert_uint_eq(got->summary.unjoined, 0);
}

START_TEST(a_map_is_of_the_device_whose_dma_event_its_task_emits_next)
{
	struct imported got;
	importing_lines(&got, "# tracer: nop\n",
			TASK("101", "0", "1.000001", MAP("fffff000", "100000000", "5000", "4096")),
			TASK("101", "0", "1.000004", DMA_MAP(NVME, "TO_DEVICE", "fffff010", "100")), NULL);
	check_clean(&got, 1);
	const struct trace_op *op = &got.op[0];
	ck_assert_uint_eq(op->line, 2);
	ck_assert_uint_eq(op->sync_line, 0);
	ck_assert_uint_eq(op->begin_ps, 0);
	ck_assert_uint_eq(op->end_ps, 3 * PS_PER_US);
	ck_assert_uint_eq(op->cpu, 0);
	ck_assert_uint_eq(op->context, 101);
	ck_assert_int_eq(op->kind, TRACE_MAP);
	ck_assert_int_eq(op->api, TRACE_API_PAGE);
	ck_assert_int_eq(op->direction, TRACE_TO_DEVICE);
	ck_assert_str_eq(trace_device(got.trace, op->device)->name, NVME);
	ck_assert_uint_eq(trace_device(got.trace, op->device)->source_id, 0x20);
	ck_assert_uint_eq(op->iova, 0xfffff000);
	ck_assert_uint_eq(op->bytes, 4096);
	ck_assert_uint_eq(op->dma_address, 0xfffff010);
	ck_assert_uint_eq(op->dma_bytes, 100);
	ck_assert_uint_eq(op->segment_count, 1);
	ck_assert_uint_eq(op->after, TRACE_NONE);
	ck_assert_uint_eq(got.segment[0].phys, 0x5000);
	ck_assert_uint_eq(got.segment[0].line, 2);
	ck_assert_uint_eq(got.summary.live_peak_bytes, 4096);
	importing_end(&got);
}
END_TEST

START_TEST(an_unmap_is_of_the_dma_event_that_follows_it)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("1000", "2000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "FROM_DEVICE", "1000", "512")),
			HARD("000", "0", "1.000010", UNMAP("1000", "2000", "4096")),
			HARD("000", "0", "1.000013", DMA_UNMAP(NVME, "FROM_DEVICE", "1000", "512")), NULL);
	check_clean(&got, 2);
	ck_assert_int_eq(got.op[1].kind, TRACE_UNMAP);
	ck_assert_int_eq(got.op[1].api, TRACE_API_PAGE);
	ck_assert_int_eq(got.op[1].direction, TRACE_FROM_DEVICE);
	ck_assert_uint_eq(got.op[1].context, 0x80000002);
	ck_assert_uint_eq(got.op[1].device, got.op[0].device);
	ck_assert_uint_eq(got.op[1].line, 3);
	ck_assert_uint_eq(got.op[1].begin_ps, 10 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].end_ps, 13 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].after, 0);
	importing_end(&got);
}
END_TEST

START_TEST(the_maps_of_a_list_are_one_operation)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", MAP("11000", "13000", "9000", "8192")),
			TASK("101", "0", "1.000002", MAP("13000", "14000", "1000", "4096")),
			TASK("101", "0", "1.000003",
			     "dma_map_sg: " NVME " dir=TO_DEVICE nents=3/3 ents=2/2 "
			     "dma_addrs={0x10800,0x13000} sizes={0x2800,0x200} phys_addrs={0x1,0x2,0x3} attrs="),
			NULL);
	check_clean(&got, 1);
	ck_assert_int_eq(got.op[0].api, TRACE_API_SG);
	ck_assert_uint_eq(got.op[0].iova, 0x10000);
	ck_assert_uint_eq(got.op[0].bytes, 4 * 4096);
	ck_assert_uint_eq(got.op[0].segment_count, 3);
	ck_assert_uint_eq(got.op[0].dma_address, 0x10800);
	ck_assert_uint_eq(got.op[0].dma_bytes, 0x2a00);
	ck_assert_uint_eq(got.segment[1].iova, 0x11000);
	ck_assert_uint_eq(got.segment[1].bytes, 8192);
	ck_assert_uint_eq(got.segment[2].line, 3);
	importing_end(&got);
}
END_TEST

START_TEST(a_list_cut_by_the_kernel_reaches_to_the_end_of_its_map)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "14000", "5000", "16384")),
			TASK("101", "0", "1.000001",
			     "dma_map_sg: " NVME " dir=TO_DEVICE nents=128/130 ents=128/130 "
			     "[TRUNCATED] dma_addrs={0x10800,0x11000} sizes={0x800,0x10} phys_addrs={0x1} attrs="),
			TASK("102", "0", "1.000002", MAP("20000", "24000", "5000", "16384")),
			TASK("102", "0", "1.000003", "dma_map_sg: " NVME " dir=TO_DEVICE nents=128/130 ents=128/1"),
			NULL);
	check_clean(&got, 2);
	ck_assert_uint_eq(got.op[0].dma_address, 0x10800);
	ck_assert_uint_eq(got.op[0].dma_bytes, 0x14000 - 0x10800);
	ck_assert_uint_eq(got.op[1].dma_address, 0x20000);
	ck_assert_uint_eq(got.op[1].dma_bytes, 0x4000);
	importing_end(&got);
}
END_TEST

START_TEST(a_list_whose_pieces_lie_apart_is_an_operation_for_each)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", MAP("30000", "31000", "9000", "4096")),
			TASK("101", "0", "1.000003",
			     "dma_map_sg: " NVME " dir=TO_DEVICE nents=2/2 ents=2/2 "
			     "dma_addrs={0x10000,0x30100} sizes={0x1000,0x200} phys_addrs={0x1,0x2} attrs="),
			NULL);
	check_clean(&got, 2);
	ck_assert_int_eq(got.op[0].api, TRACE_API_SG);
	ck_assert_int_eq(got.op[1].api, TRACE_API_SG);
	ck_assert_uint_eq(got.op[0].dma_bytes, 0x1000);
	ck_assert_uint_eq(got.op[1].dma_address, 0x30100);
	ck_assert_uint_eq(got.op[1].dma_bytes, 0x200);
	importing_end(&got);
}
END_TEST

START_TEST(the_end_of_a_list_is_announced_before_its_unmap)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001",
			     "dma_map_sg: " NVME " dir=TO_DEVICE nents=1/1 ents=1/1 "
			     "dma_addrs={0x10000} sizes={0x1000} phys_addrs={0x1} attrs="),
			SOFT("101", "1", "1.000005", UNMAP_SG(NVME, "TO_DEVICE")),
			SOFT("101", "1", "1.000006", UNMAP("10000", "11000", "4096")), NULL);
	check_clean(&got, 2);
	ck_assert_int_eq(got.op[1].api, TRACE_API_SG);
	ck_assert_int_eq(got.op[1].direction, TRACE_TO_DEVICE);
	ck_assert_uint_eq(got.op[1].context, 0x80000001);
	ck_assert_uint_eq(got.op[1].line, 4);
	ck_assert_uint_eq(got.op[1].begin_ps, 5 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].end_ps, 6 * PS_PER_US);
	ck_assert_uint_eq(got.op[1].after, 0);
	importing_end(&got);
}
END_TEST

START_TEST(a_free_outside_the_unmapped_range_announces_nothing)
{
	struct imported got;
	/* The first dma_free is of memory that the IOMMU does not translate. */
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_ALLOC(NVME, "10000", "24")),
			TASK("101", "0", "1.000002", DMA_FREE("9050000.smmuv3", "b9b00000", "64")),
			TASK("101", "0", "1.000003", DMA_FREE(NVME, "10000", "24")),
			TASK("101", "0", "1.000004", UNMAP("10000", "11000", "4096")), NULL);
	check_clean(&got, 2);
	ck_assert_uint_eq(got.summary.bypass_events, 1);
	ck_assert_uint_eq(got.summary.devices, 1);
	ck_assert_int_eq(got.op[1].api, TRACE_API_COHERENT);
	ck_assert_uint_eq(got.op[1].device, got.op[0].device);
	ck_assert_uint_eq(got.op[1].dma_address, 0x10000);
	importing_end(&got);
}
END_TEST

START_TEST(an_announcement_elsewhere_names_nothing)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_ALLOC(NVME, "10000", "24")),
			TASK("101", "0", "1.000002", DMA_FREE(NIC, "b9b00000", "64")),
			TASK("101", "0", "1.000003", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000004", MAP("20000", "21000", "5000", "4096")),
			TASK("101", "0", "1.000005", DMA_ALLOC(NVME, "20000", "24")), NULL);
	ck_assert_uint_eq(got.op[1].device, TRACE_NO_DEVICE);
	ck_assert_uint_eq(got.summary.unjoined, 1);
	ck_assert_uint_eq(got.summary.devices, 1);
	importing_end(&got);
}
END_TEST

START_TEST(one_announcement_names_all_unmaps_of_its_list)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", MAP("30000", "31000", "9000", "4096")),
			TASK("101", "0", "1.000002",
			     "dma_map_sg: " NVME " dir=TO_DEVICE nents=2/2 ents=2/2 dma_addrs={0x10000,0x30100} "
			     "sizes={0x1000,0x200} phys_addrs={0x1,0x2} attrs="),
			TASK("101", "0", "1.000003", UNMAP_SG(NVME, "TO_DEVICE")),
			TASK("101", "0", "1.000004", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000005", UNMAP("30000", "31000", "4096")), NULL);
	check_clean(&got, 4);
	ck_assert_uint_eq(got.summary.bypass_events, 0);
	ck_assert_int_eq(got.op[3].api, TRACE_API_SG);
	ck_assert_uint_eq(got.op[2].begin_ps, 3 * PS_PER_US);
	ck_assert_uint_eq(got.op[3].begin_ps, 5 * PS_PER_US); /* the announcement is the first one's */
	importing_end(&got);
}
END_TEST

START_TEST(a_map_behind_the_one_that_is_named_waits_for_its_own_event)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", MAP("30000", "31000", "9000", "4096")),
			TASK("101", "0", "1.000002", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			TASK("101", "0", "1.000003", DMA_MAP(NIC, "TO_DEVICE", "30000", "2")), NULL);
	check_clean(&got, 2);
	ck_assert_uint_ne(got.op[0].device, got.op[1].device);
	ck_assert_int_eq(got.op[1].api, TRACE_API_PAGE);
	importing_end(&got);
}
END_TEST

START_TEST(an_unmap_of_a_page_after_a_list_that_bypasses_the_iommu_is_its_own)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "10000", "24")),
			TASK("101", "0", "1.000002", UNMAP_SG("9050000.mmc", "TO_DEVICE")),
			TASK("101", "0", "1.000004", UNMAP("10000", "11000", "4096")),
			TASK("101", "0", "1.000005", DMA_UNMAP(NVME, "TO_DEVICE", "10000", "24")), NULL);
	check_clean(&got, 2);
	ck_assert_uint_eq(got.summary.bypass_events, 1);
	ck_assert_int_eq(got.op[1].api, TRACE_API_PAGE);
	ck_assert_uint_eq(got.op[1].device, got.op[0].device);
	ck_assert_uint_eq(got.op[1].begin_ps, 4 * PS_PER_US);
	ck_assert_uint_eq(got.summary.devices, 1);
	importing_end(&got);
}
END_TEST

START_TEST(contexts_do_not_mix)
{
	struct imported got;
	/* A task, a soft and a hard interrupt on top of it, and another CPU, all between a map and its dma event. */
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			SOFT("101", "0", "1.000001", MAP("20000", "21000", "6000", "4096")),
			HARD("101", "0", "1.000002", MAP("30000", "31000", "7000", "4096")),
			HARD("101", "1", "1.000003", MAP("40000", "41000", "8000", "4096")),
			HARD("101", "0", "1.000004", DMA_MAP(NIC, "TO_DEVICE", "30000", "1")),
			TASK("101", "0", "1.000005", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			HARD("101", "1", "1.000006", DMA_MAP(NIC, "TO_DEVICE", "40000", "3")),
			SOFT("101", "0", "1.000007", DMA_MAP(NVME, "TO_DEVICE", "20000", "4")), NULL);
	check_clean(&got, 4);
	static const uint64_t BYTES[] = { 2, 4, 1, 3 };
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(got.op[i].line, i + 1);
		ck_assert_uint_eq(got.op[i].dma_bytes, BYTES[i]);
	}
	ck_assert_uint_eq(got.op[0].device, got.op[1].device);
	ck_assert_uint_eq(got.op[2].device, got.op[3].device);
	ck_assert_uint_ne(got.op[0].device, got.op[2].device);
	importing_end(&got);
}
END_TEST

START_TEST(a_task_keeps_its_map_when_it_moves_to_another_cpu)
{
	struct imported got;
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("102", "0", "1.000001", MAP("20000", "21000", "5000", "4096")),
			TASK("101", "1", "1.000002", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			TASK("102", "0", "1.000003", DMA_MAP(NIC, "TO_DEVICE", "20000", "2")), NULL);
	check_clean(&got, 2);
	ck_assert_uint_eq(got.op[0].cpu, 0);
	ck_assert_str_eq(trace_device(got.trace, got.op[0].device)->name, NVME);
	ck_assert_str_eq(trace_device(got.trace, got.op[1].device)->name, NIC);
	ck_assert_uint_eq(got.summary.cpus, 2);
	importing_end(&got);
}
END_TEST

START_TEST(the_idle_tasks_of_two_cpus_are_two)
{
	struct imported got;
	importing_lines(&got, TASK("000", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("000", "1", "1.000001", MAP("11000", "12000", "5000", "4096")),
			TASK("000", "0", "1.000002", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			TASK("000", "1", "1.000003", DMA_MAP(NIC, "TO_DEVICE", "11000", "2")), NULL);
	check_clean(&got, 2);
	ck_assert_uint_eq(got.op[0].bytes, 4096);
	ck_assert_uint_ne(got.op[0].device, got.op[1].device);
	importing_end(&got);
}
END_TEST

START_TEST(a_mapping_ends_at_its_unmap_line)
{
	struct imported got;
	/* Another CPU maps the same address before the event that names the unmap's device. */
	importing_lines(&got, TASK("101", "0", "1.000000", MAP("10000", "11000", "5000", "4096")),
			TASK("101", "0", "1.000001", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			HARD("000", "0", "1.000002", UNMAP("10000", "11000", "4096")),
			TASK("102", "1", "1.000003", MAP("10000", "11000", "9000", "4096")),
			TASK("102", "1", "1.000004", DMA_MAP(NVME, "TO_DEVICE", "10000", "2")),
			HARD("000", "0", "1.000005", DMA_UNMAP(NVME, "TO_DEVICE", "10000", "2")),
			HARD("000", "1", "1.000006", UNMAP("10000", "11000", "4096")),
			HARD("000", "1", "1.000007", DMA_UNMAP(NVME, "TO_DEVICE", "10000", "2")), NULL);
	check_clean(&got, 4);
	ck_assert_uint_eq(got.op[1].after, 0);
	ck_assert_uint_eq(got.op[2].after, 1);
	ck_assert_uint_eq(got.op[3].after, 2);
	ck_assert_uint_eq(got.summary.live_peak_bytes, 4096);
	importing_end(&got);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_map_is_of_the_device_whose_dma_event_its_task_emits_next,
		an_unmap_is_of_the_dma_event_that_follows_it,
		the_maps_of_a_list_are_one_operation,
		a_list_cut_by_the_kernel_reaches_to_the_end_of_its_map,
		a_list_whose_pieces_lie_apart_is_an_operation_for_each,
		the_end_of_a_list_is_announced_before_its_unmap,
		a_free_outside_the_unmapped_range_announces_nothing,
		an_announcement_elsewhere_names_nothing,
		one_announcement_names_all_unmaps_of_its_list,
		a_map_behind_the_one_that_is_named_waits_for_its_own_event,
		an_unmap_of_a_page_after_a_list_that_bypasses_the_iommu_is_its_own,
		contexts_do_not_mix,
		a_task_keeps_its_map_when_it_moves_to_another_cpu,
		the_idle_tasks_of_two_cpus_are_two,
		a_mapping_ends_at_its_unmap_line,
		NULL,
	};
	return suite_run("join", tests);
}
