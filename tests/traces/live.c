/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/live.h"

#include "tests/suite.h"

#define NO_GROUP UINT32_MAX

struct outcome {
	uint64_t after;
	enum live_anomaly anomaly;
};

static struct outcome apply(struct live *live, uint64_t row, enum trace_kind kind, uint16_t device, uint32_t group,
			    iova_t iova, uint64_t bytes)
{
	struct trace_op op = { .index = row, .kind = kind, .device = device, .iova = iova, .bytes = bytes };
	struct outcome outcome;
	struct err err = { .kind = ERR_NONE };
	ck_assert(live_apply(live, &op, group, &outcome.after, &outcome.anomaly, &err));
	return outcome;
}

START_TEST(devices_of_a_group_share_a_space)
{
	struct live live;
	live_init(&live);
	ck_assert_int_eq(apply(&live, 0, TRACE_MAP, 0, 5, 0x1000, 4096).anomaly, LIVE_WELL);
	struct outcome outcome = apply(&live, 1, TRACE_UNMAP, 1, 5, 0x1000, 4096);
	ck_assert_int_eq(outcome.anomaly, LIVE_WELL);
	ck_assert_uint_eq(outcome.after, 0);
	ck_assert_uint_eq(live.bytes, 0);
	live_fini(&live);
}
END_TEST

START_TEST(devices_of_other_groups_and_of_none_do_not)
{
	struct live live;
	live_init(&live);
	apply(&live, 0, TRACE_MAP, 0, 5, 0x1000, 4096);
	ck_assert_int_eq(apply(&live, 1, TRACE_MAP, 1, 6, 0x1000, 4096).anomaly, LIVE_WELL);
	ck_assert_int_eq(apply(&live, 2, TRACE_MAP, 2, NO_GROUP, 0x1000, 4096).anomaly, LIVE_WELL);
	ck_assert_int_eq(apply(&live, 3, TRACE_MAP, 300, NO_GROUP, 0x1000, 4096).anomaly, LIVE_WELL);
	ck_assert_uint_eq(live.bytes, 4 * 4096);
	ck_assert_uint_eq(apply(&live, 4, TRACE_UNMAP, 2, NO_GROUP, 0x1000, 4096).after, 2);
	ck_assert_uint_eq(live.bytes, 3 * 4096);
	ck_assert_uint_eq(live.peak_bytes, 4 * 4096);
	live_fini(&live);
}
END_TEST

START_TEST(each_anomaly_is_told_and_counted)
{
	struct live live;
	live_init(&live);
	ck_assert_int_eq(apply(&live, 0, TRACE_UNMAP, 0, 1, 0x1000, 4096).anomaly, LIVE_UNMAP_WITHOUT_MAP);
	ck_assert_int_eq(apply(&live, 1, TRACE_MAP, 0, 1, 0x1000, 8192).anomaly, LIVE_WELL);
	struct outcome outcome = apply(&live, 2, TRACE_MAP, 0, 1, 0x2000, 4096);
	ck_assert_int_eq(outcome.anomaly, LIVE_MAP_OVER_LIVE);
	ck_assert_uint_eq(outcome.after, 1);
	ck_assert_int_eq(apply(&live, 3, TRACE_MAP, TRACE_NO_DEVICE, 1, 0x9000, 4096).anomaly, LIVE_UNJOINED);
	ck_assert_int_eq(apply(&live, 4, TRACE_UNMAP, 0, 1, 0x9000, 0).anomaly, LIVE_UNMAP_WITHOUT_MAP);
	ck_assert_int_eq(apply(&live, 5, TRACE_UNMAP, 0, 1, 0x1000, 12288).anomaly, LIVE_UNMAP_WITHOUT_MAP);
	ck_assert_uint_eq(live.maps, 3);
	ck_assert_uint_eq(live.unmaps, 3);
	ck_assert_uint_eq(live.unmaps_without_map, 3);
	ck_assert_uint_eq(live.maps_over_live, 1);
	ck_assert_uint_eq(live.unjoined, 1);
	ck_assert_uint_eq(live.bytes, 0);
	live_fini(&live);
}
END_TEST

START_TEST(a_thousand_groups_keep_apart)
{
	struct live live;
	live_init(&live);
	for (uint16_t device = 0; device < 1000; device++)
		ck_assert_int_eq(apply(&live, device, TRACE_MAP, device, device, 0x1000, 4096).anomaly, LIVE_WELL);
	for (uint16_t device = 0; device < 1000; device++)
		ck_assert_uint_eq(apply(&live, 1000u + device, TRACE_UNMAP, device, device, 0x1000, 4096).after,
				  device);
	live_fini(&live);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		devices_of_a_group_share_a_space,
		devices_of_other_groups_and_of_none_do_not,
		each_anomaly_is_told_and_counted,
		a_thousand_groups_keep_apart,
		NULL,
	};
	return suite_run("live", tests);
}
