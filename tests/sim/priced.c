/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/priced.h"

#include <check.h>

#include "tests/traces/events.h"

const struct timing prices = {
	.guest = { .dma_direct_map = 100003,
		   .dma_direct_unmap = 219889,
		   .iova_alloc = 347539,
		   .iova_find = 479001,
		   .iova_free = 521393,
		   .map_other = 632029,
		   .unmap_other = 745933,
		   .entry_write = 856147,
		   .table_call = 974497,
		   .table_alloc = 1086997,
		   .table_free = 1195891,
		   .entry_flush = 1302403,
		   .queue_submit = 1413607,
		   .doorbell = 1526101,
		   .status_poll = 10007,
		   .lock_handover = 1639993 },
	.host = { .exit = 1750213,
		  .enter = 1861933,
		  .user_exit = 1973011,
		  .ioctl = 2084503,
		  .descriptor = 2197021,
		  .shadow_entry = 2301709,
		  .container_find = 2412017,
		  .pin_call = 2523011,
		  .pin_page = 2635679,
		  .unpin_page = 2747837,
		  .account = 2858959,
		  .registration_find = 2969971,
		  .table_call = 3081343,
		  .entry_write = 3192859,
		  .table_alloc = 3304781,
		  .queue_submit = 3416573,
		  .invalidate_forward = 3528509,
		  .start_pin_page = 3639241,
		  .hypercall = 4083001,
		  .tce_check = 4194013,
		  .tce_kill = 4305019 },
	.iommu = { .iotlb_lookup = 11003,
		   .device_lookup = 12007,
		   .walk_cache_lookup = 13001,
		   .memory_read = 14009,
		   .memory_update = 15013,
		   .descriptor_fetch = 3751511,
		   .invalidate = 3863009,
		   .status_write = 3974017,
		   .data_read = 16001,
		   .data_write = 17011 },
	.pcie = { .link_latency = 18013, .device_think = 19001, .completion_interrupt = 20011 },
};

const char *const priced_two_operations[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000011", DMA_MAP(NVME, "TO_DEVICE", "80000000", "4096")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080001000", "4096")),
	TASK("101", "0", "1.000021", DMA_UNMAP(NVME, "TO_DEVICE", "80000000", "4096")),
	NULL,
};

/* A list of two pages that lie apart. */
const char *const priced_two_leaves[] = {
	TASK("101", "0", "1.000000", "add_device_to_group: IOMMU: groupID=1 device=" NVME),
	TASK("101", "0", "1.000001", "attach_device_to_domain: IOMMU: device=" NVME),
	TASK("101", "0", "1.000010", MAP("0000000080000000", "0000000080001000", "0000000000100000", "4096")),
	TASK("101", "0", "1.000010", MAP("0000000080001000", "0000000080002000", "0000000000300000", "4096")),
	TASK("101", "0", "1.000011",
	     "dma_map_sg: " NVME " dir=TO_DEVICE nents=2/2 ents=1/1 dma_addrs={0x80000000} "
	     "sizes={0x2000} phys_addrs={0x100000,0x300000} attrs="),
	TASK("101", "0", "1.000019", UNMAP_SG(NVME, "TO_DEVICE")),
	TASK("101", "0", "1.000020", UNMAP("0000000080000000", "0000000080002000", "8192")),
	NULL,
};

struct config priced_config;
struct replayed *priced;

void priced_replay(const char *const *text, const char *preset)
{
	struct scheme scheme = replayed_scheme(preset, NULL, NULL);

	priced_config.timing = prices;
	priced = replayed_run(text, &priced_config, &scheme);
	ck_assert_uint_eq(priced->result->counter[COUNT_OPERATIONS_REPLAYED], 2);
	ck_assert_uint_eq(priced->result->counter[COUNT_OPERATIONS_SKIPPED], 0);
	ck_assert_uint_eq(priced->result->counter[COUNT_FAULTS], 0);
	ck_assert_uint_eq(priced->result->counter[COUNT_STALE_USED], 0);
}

void priced_defaults(void)
{
	replayed_config(&priced_config);
	priced_config.machine.guest_ram_bytes = GUEST_BYTES;
}

/* The one operation of this kind. */
void priced_check(enum result_op op, const ps_t expected[RESULT_CAUSES])
{
	ps_t sum = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		sum += expected[cause];
		ck_assert_msg(priced->result->cause_ps[op][cause] == expected[cause],
			      "%s, %s: %llu ps instead of %llu ps", result_op_names[op], result_cause_names[cause],
			      (unsigned long long)priced->result->cause_ps[op][cause],
			      (unsigned long long)expected[cause]);
	}
	ck_assert_uint_eq(priced->result->latency[op].count, 1);
	ck_assert_uint_eq(priced->result->latency[op].min_ps, sum);
}

void priced_check_count(enum result_counter counter, uint64_t expected)
{
	ck_assert_msg(priced->result->counter[counter] == expected, "%s: %llu instead of %llu",
		      result_counter_info[counter].name, (unsigned long long)priced->result->counter[counter],
		      (unsigned long long)expected);
}
