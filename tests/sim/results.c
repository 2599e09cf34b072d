/* SPDX-License-Identifier: Apache-2.0 */
/* What a run measures: reproducible, the orders that the schemes imply, rules for unsound traces. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/command_line.h"

START_TEST(the_same_scenario_twice_gives_the_same_bytes)
{
	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet -j1") == 0, "%s", errors);
	ck_assert_msg(iommusim("run s.yaml -o b.h5 --quiet -j2") == 0, "%s", errors);
	ck_assert(same_bytes("a.h5", "b.h5"));
}
END_TEST

/* On the mixed trace: as recorded, crowded in time, with deferred unmap, and with one core for two CPUs. */
START_TEST(exact_mode_gives_the_same_result_to_the_picosecond)
{
	static const char *const settings[] = { "", "--set replay.think_time=0", "--set schemes.nested.unmap=deferred",
						"--set replay.think_time=0 --set machine.host_cores=1" };
	char line[256];

	write_scenario("");
	snprintf(line, sizeof(line), "run s.yaml --trace " SAMPLES "/q-vtd-mixed.h5 -o a.h5 --quiet %s", settings[_i]);
	ck_assert_msg(iommusim(line) == 0, "%s", errors);
	snprintf(line, sizeof(line), "run s.yaml --trace " SAMPLES "/q-vtd-mixed.h5 -o b.h5 --quiet --exact %s",
		 settings[_i]);
	ck_assert_msg(iommusim(line) == 0, "%s", errors);
	ck_assert(same_bytes("a.h5", "b.h5"));
}
END_TEST

/* Each shipped scenario, cut to what takes a moment; with many guests, flows and shared cores among them. */
START_TEST(exact_mode_gives_the_same_result_for_every_shipped_scenario)
{
	static const struct {
		const char *name, *settings;
	} shipped[] = {
		{ "pin-vs-prereg-vs-nested", "--set replay.max_operations=1000" },
		{ "strict-vs-deferred", "--set replay.max_operations=1000" },
		{ "small-iotlb", "--set replay.max_operations=1000" },
		{ "queue-lock-collapse", "--set replay.max_operations=150" },
		{ "super-container", "--set replay.max_operations=300" },
		{ "granularity", "--set replay.max_operations=600 --set unplug.bytes=16MiB --set unplug.at=100us" },
		{ "live-update", "--set replay.max_operations=300 --set update.at=5ms" },
		{ "live-update-mediated", "--set replay.max_operations=200 --set update.at=5ms" },
		{ "keepalive-restart", "--set replay.max_operations=200 --set update.at=5ms" },
		{ "hyper-tenant",
		  "--set machine.guests=12 --set machine.host_cores=4 --set replay.max_operations=150" },
	};
	char line[256];

	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		for (int exact = 0; exact < 2; exact++) {
			snprintf(line, sizeof(line), "run " SCENARIOS "/%s.yaml -o %c.h5 --quiet %s %s",
				 shipped[i].name, 'a' + exact, shipped[i].settings, exact ? "--exact" : "");
			ck_assert_msg(iommusim(line) == 0, "%s: %s", line, errors);
		}
		ck_assert_msg(same_bytes("a.h5", "b.h5"), "%s", shipped[i].name);
	}
}
END_TEST

static ps_t mean(const struct result *result, const char *scheme, enum result_op op)
{
	return histogram_mean(&scheme_named(result, scheme)->latency[op]);
}

/* The scenario and the trace that ship: the orders that the schemes' mechanisms imply. */
START_TEST(the_shipped_comparison_has_the_orders_that_its_schemes_imply)
{
	struct err err = { 0 };
	char path[128];
	const uint64_t ram = UINT64_C(3) << 30;

	ck_assert_msg(iommusim("run " SCENARIOS "/pin-vs-prereg-vs-nested.yaml -o r.h5 --quiet") == 0, "%s", errors);
	snprintf(path, sizeof(path), "%s/r.h5", folder);
	struct result *r = result_open(path, &err);

	ck_assert_msg(r != NULL, "%s", err.text);
	ck_assert_uint_gt(mean(r, "pin-on-map", RESULT_MAP), mean(r, "preregister", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "preregister", RESULT_MAP), mean(r, "nested", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_MAP), mean(r, "passthrough", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_UNMAP), mean(r, "nested-hwq", RESULT_UNMAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_TRANSLATE_MISS), mean(r, "pin-on-map", RESULT_TRANSLATE_MISS));
	ck_assert_uint_gt(mean(r, "nested", RESULT_TRANSLATE_MISS), mean(r, "passthrough", RESULT_TRANSLATE_MISS));
	/* causes: only pin-on-map pins in a map; only schemes with an exit per map have exits there */
	ck_assert_uint_gt(scheme_named(r, "pin-on-map")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_eq(scheme_named(r, "preregister")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_gt(scheme_named(r, "preregister")->cause_ps[RESULT_MAP][CAUSE_EXIT], 0);
	ck_assert_uint_eq(scheme_named(r, "nested")->cause_ps[RESULT_MAP][CAUSE_EXIT], 0);
	ck_assert_uint_gt(scheme_named(r, "nested")->cause_ps[RESULT_UNMAP][CAUSE_EXIT], 0);
	ck_assert_uint_eq(scheme_named(r, "nested-hwq")->cause_ps[RESULT_UNMAP][CAUSE_EXIT], 0);
	/* locked memory: all of it at start, or what was mapped at once */
	ck_assert_uint_eq(counted(r, "passthrough", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_eq(counted(r, "preregister", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_eq(counted(r, "nested", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_gt(counted(r, "pin-on-map", COUNT_LOCKED_PEAK_BYTES), 0);
	ck_assert_uint_lt(counted(r, "pin-on-map", COUNT_LOCKED_PEAK_BYTES), ram);
	/* every page pinned on a map is one 4 KiB page of a mapping, and nothing stale, lost or blocked */
	for (size_t i = 0; i < result_scheme_count(r); i++) {
		const struct result_scheme *scheme = result_scheme(r, i);

		ck_assert_uint_eq(scheme->counter[COUNT_FAULTS], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_STALE_USED], 0);
		ck_assert_uint_gt(scheme->counter[COUNT_STALE_CHECKED], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_OPERATIONS_SKIPPED], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_DMA_BYTES_WRITTEN],
				  result_scheme(r, 0)->counter[COUNT_DMA_BYTES_WRITTEN]);
	}
	result_close(r);
}
END_TEST

/* Pinning on each map, registration instead, and no way to the device model at all. */
START_TEST(the_shipped_power_comparison_has_the_orders_that_its_schemes_imply)
{
	ck_assert_msg(iommusim("run " SCENARIOS "/spapr.yaml -o p.h5 --quiet") == 0, "%s", errors);

	struct result *r = open_result("p.h5");

	ck_assert_uint_gt(mean(r, "spapr-v1", RESULT_MAP), mean(r, "spapr-v2", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "spapr-v2", RESULT_MAP), mean(r, "spapr-v2-kvm", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "spapr-v1", RESULT_UNMAP), mean(r, "spapr-v2", RESULT_UNMAP));
	ck_assert_uint_gt(mean(r, "spapr-v2", RESULT_UNMAP), mean(r, "spapr-v2-kvm", RESULT_UNMAP));
	ck_assert_uint_gt(scheme_named(r, "spapr-v1")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_eq(scheme_named(r, "spapr-v2")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_eq(scheme_named(r, "spapr-v2-kvm")->cause_ps[RESULT_MAP][CAUSE_IOCTL], 0);
	for (size_t i = 0; i < result_scheme_count(r); i++) {
		const struct result_scheme *scheme = result_scheme(r, i);

		ck_assert_uint_eq(scheme->counter[COUNT_FAULTS], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_DEVICES_FROZEN], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_STALE_USED], 0);
		ck_assert_uint_gt(scheme->counter[COUNT_STALE_CHECKED], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_OPERATIONS_SKIPPED], 1); /* the ISA bridge's direct region */
		ck_assert_uint_eq(scheme->counter[COUNT_HYPERCALLS], result_scheme(r, 0)->counter[COUNT_HYPERCALLS]);
		ck_assert_uint_eq(scheme->counter[COUNT_TCES], result_scheme(r, 0)->counter[COUNT_TCES]);
		ck_assert_uint_eq(scheme->counter[COUNT_DMA_BYTES_WRITTEN],
				  result_scheme(r, 0)->counter[COUNT_DMA_BYTES_WRITTEN]);
	}
	/* the device model calls once for each entry; and to start, for three devices: enable; or two slots and two windows */
	ck_assert_uint_eq(counted(r, "spapr-v1", COUNT_IOCTLS), counted(r, "spapr-v1", COUNT_TCES) + 3);
	ck_assert_uint_eq(counted(r, "spapr-v2", COUNT_IOCTLS), counted(r, "spapr-v2", COUNT_TCES) + 3 * 4);
	ck_assert_uint_eq(counted(r, "spapr-v2-kvm", COUNT_IOCTLS), 3 * 4);
	result_close(r);
}
END_TEST

START_TEST(every_recording_that_ships_moves_the_same_bytes_under_each_kind_of_scheme)
{
	static const char *const recordings[] = { "B3-vtd-nvme-lazy-cm", "F2-vtd-scalable-fl",
						  "Q-vtd-oracle-strict-cm" };
	char command[256];

	snprintf(command, sizeof(command), "trace import " SAMPLES "/%s/trace.txt.xz -o t.h5", recordings[_i]);
	ck_assert_msg(iommusim(command) == 0, "%s", errors);
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o r.h5 --quiet --schemes pin-on-map,preregister,spapr-v2,nested") == 0,
		      "%s", errors);

	struct result *r = open_result("r.h5");

	ck_assert_uint_eq(result_scheme_count(r), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct result_scheme *scheme = result_scheme(r, i);

		ck_assert_uint_eq(scheme->counter[COUNT_FAULTS], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_STALE_USED], 0);
		ck_assert_uint_gt(scheme->counter[COUNT_DMA_BYTES_READ], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_DMA_BYTES_WRITTEN],
				  result_scheme(r, 0)->counter[COUNT_DMA_BYTES_WRITTEN]);
		ck_assert_uint_eq(scheme->counter[COUNT_DMA_BYTES_READ],
				  result_scheme(r, 0)->counter[COUNT_DMA_BYTES_READ]);
	}
	result_close(r);
}
END_TEST

/* Version 1 refuses other unmaps than version 2: none that a replay asks for. */
START_TEST(type1_v1_and_v2_do_the_same_for_a_guest)
{
	const char *const schemes[] = { "pin-on-map", "preregister", "passthrough" };
	char command[256], file[16];
	struct result *r[2];

	import_small();
	write_scenario("");
	for (unsigned v = 0; v < 2; v++) {
		snprintf(command, sizeof(command),
			 "run s.yaml -o v%u.h5 --quiet --schemes pin-on-map,preregister,passthrough "
			 "--set schemes.pin-on-map.backend=type1v%u --set schemes.preregister.backend=type1v%u "
			 "--set schemes.passthrough.backend=type1v%u",
			 v, v + 1, v + 1, v + 1);
		ck_assert_msg(iommusim(command) == 0, "%s", errors);
		snprintf(file, sizeof(file), "v%u.h5", v);
		r[v] = open_result(file);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(mean(r[0], schemes[i], RESULT_MAP), mean(r[1], schemes[i], RESULT_MAP));
		ck_assert_uint_eq(mean(r[0], schemes[i], RESULT_UNMAP), mean(r[1], schemes[i], RESULT_UNMAP));
		ck_assert_uint_eq(counted(r[0], schemes[i], COUNT_IOCTLS), counted(r[1], schemes[i], COUNT_IOCTLS));
	}
	ck_assert_ptr_nonnull(strstr(scheme_named(r[0], "pin-on-map")->axes, "backend=type1v1"));
	result_close(r[0]);
	result_close(r[1]);
}
END_TEST

/* An unmap of what was never mapped and a second map of a live page, among sound operations. */
static const char unsound[] =
	"# entries-in-buffer/entries-written: 9/9   #P:1\n"
	"  t-1  [000] .....  1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000001: attach_device_to_domain: IOMMU: device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000002: unmap: IOMMU: iova=0x0000000090000000 - 0x0000000090001000 size=4096 "
	"unmapped_size=4096\n"
	"  t-1  [000] .....  1.000003: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=90000000 size=4096 attrs=\n"
	"  t-1  [000] .....  1.000004: map: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 "
	"paddr=0x0000000040001000 size=4096\n"
	"  t-1  [000] .....  1.000005: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40001000 attrs=\n"
	"  t-1  [000] .....  1.000006: map: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 "
	"paddr=0x0000000040002000 size=4096\n"
	"  t-1  [000] .....  1.000007: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40002000 attrs=\n"
	"  t-1  [000] .....  1.000008: unmap: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 size=4096 "
	"unmapped_size=4096\n"
	"  t-1  [000] .....  1.000009: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 attrs=\n";

START_TEST(an_unsound_trace_is_replayed_by_stated_rules_and_refused_with_replay_strict)
{
	struct err err = { 0 };
	char path[128];

	write_file("unsound.txt", unsound);
	ck_assert_msg(iommusim("trace import unsound.txt -o t.h5") == 0, "%s", errors);
	ck_assert_int_eq(iommusim("trace check t.h5"), 1);
	ck_assert_int_eq(iommusim("trace import unsound.txt -o strict.h5 --strict"), 1);
	ck_assert_uint_eq(files_like("strict.h5*"), 0);
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet") == 0, "%s", errors);
	snprintf(path, sizeof(path), "%s/a.h5", folder);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result != NULL, "%s", err.text);
	/* the unmap without a map and the second map; the last unmap is the first map's under an IOMMU's table */
	ck_assert_uint_ge(counted(result, "nested", COUNT_OPERATIONS_SKIPPED), 2);
	ck_assert_uint_eq(counted(result, "nested", COUNT_FAULTS), 0);
	result_close(result);
	ck_assert_int_eq(iommusim("run s.yaml -o b.h5 --set replay.strict=true"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "replay.strict"));
	ck_assert_uint_eq(files_like("b.h5*"), 0);
}
END_TEST

int main(void)
{
	TCase *results = tcase_create("results");

	tcase_add_test(results, the_same_scenario_twice_gives_the_same_bytes);
	tcase_add_loop_test(results, exact_mode_gives_the_same_result_to_the_picosecond, 0, 4);
	tcase_add_test(results, exact_mode_gives_the_same_result_for_every_shipped_scenario);
	tcase_add_test(results, the_shipped_comparison_has_the_orders_that_its_schemes_imply);
	tcase_add_test(results, the_shipped_power_comparison_has_the_orders_that_its_schemes_imply);
	tcase_add_loop_test(results, every_recording_that_ships_moves_the_same_bytes_under_each_kind_of_scheme, 0, 3);
	tcase_add_test(results, type1_v1_and_v2_do_the_same_for_a_guest);
	tcase_add_test(results, an_unsound_trace_is_replayed_by_stated_rules_and_refused_with_replay_strict);
	return run_cases("sim/results", &results, 1);
}
