/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped scenarios of host software at work: what each is there to show, in numbers worked out by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/command_line.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

static struct result *run(const char *arguments)
{
	char line[256];

	snprintf(line, sizeof(line), "run " SCENARIOS "/%s -o r.h5 --quiet", arguments);
	ck_assert_msg(iommusim(line) == 0, "%s", errors);
	return open_result("r.h5");
}

/* The run of this scheme at the point where the swept values are these, in the order of the matrix. */
static const struct result_scheme *at(const struct result *result, const char *scheme, const char *first,
				      const char *second)
{
	for (size_t i = 0; i < result_scheme_count(result); i++) {
		const struct result_scheme *one = result_scheme(result, i);

		if (strcmp(one->name, scheme) == 0 &&
		    strcmp(result_point_value(result, one->point, 0).text, first) == 0 &&
		    (!second || strcmp(result_point_value(result, one->point, 1).text, second) == 0))
			return one;
	}
	ck_abort_msg("no %s at %s %s", scheme, first, second ? second : "");
	return NULL;
}

static void refuses(const char *arguments, const char *problem)
{
	char line[256];

	snprintf(line, sizeof(line), "run " SCENARIOS "/%s -o r.h5 --quiet", arguments);
	ck_assert_int_ne(iommusim(line), 0);
	ck_assert_msg(strstr(errors, problem) != NULL, "%s", errors);
}

/* ---- super-container ---- */

/* N devices map the same 64 buffers of 16 KiB; at start, N containers all of 1 GiB, or one account for all. */
START_TEST(n_containers_account_n_times_what_is_pinned_once_and_a_super_container_does_not)
{
	static const char *const devices[] = { "1", "2", "4", "8", "16" };
	struct result *result = run("super-container.yaml");
	const struct result_scheme *one = at(result, "all-each", "1", NULL);

	for (unsigned i = 0; i < 5; i++) {
		uint64_t n = strtoull(devices[i], NULL, 10);
		const struct result_scheme *each = at(result, "all-each", devices[i], NULL);
		const struct result_scheme *super = at(result, "all-super", devices[i], NULL);
		const struct result_scheme *on_map = at(result, "pin-on-map", devices[i], NULL);
		const struct result_scheme *preregister = at(result, "preregister", devices[i], NULL);

		ck_assert_uint_eq(each->counter[COUNT_LOCKED_PEAK_BYTES], n * GIB);
		ck_assert_uint_eq(each->counter[COUNT_PINNED_PEAK_BYTES], GIB);
		ck_assert_uint_eq(each->counter[COUNT_PIN_CALLS], n * 512);
		ck_assert_uint_eq(super->counter[COUNT_LOCKED_PEAK_BYTES], GIB);
		ck_assert_uint_eq(super->counter[COUNT_PIN_CALLS], 512);
		ck_assert_uint_eq(preregister->counter[COUNT_LOCKED_PEAK_BYTES], GIB);
		ck_assert_uint_eq(on_map->counter[COUNT_PINNED_PEAK_BYTES], MIB);
		ck_assert_uint_le(on_map->counter[COUNT_LOCKED_PEAK_BYTES], n * MIB);
		ck_assert_uint_ge(on_map->counter[COUNT_LOCKED_PEAK_BYTES], n * MIB - n * 16384);
		/* All pages once more for each container more: 262,144 x 152 ns, besides calls, accounts and tables. */
		ck_assert_uint_ge(each->counter[COUNT_STARTUP_PS],
				  one->counter[COUNT_STARTUP_PS] + (n - 1) * 262144 * 152 * PS_PER_NS);
		ck_assert_uint_le(super->counter[COUNT_STARTUP_PS], one->counter[COUNT_STARTUP_PS] + n * PS_PER_MS);
		ck_assert_uint_eq(on_map->counter[COUNT_FAULTS] + each->counter[COUNT_FAULTS], 0);
	}
	result_close(result);
}
END_TEST

START_TEST(a_limit_that_holds_all_memory_twice_ends_four_containers_but_no_super_container)
{
	ck_assert_int_eq(iommusim("run " SCENARIOS "/super-container.yaml -o r.h5 --quiet "
				  "--schemes all-each,all-super --set machine.memlock_limit_bytes=2GiB"),
			 1);
	struct result *result = open_result("r.h5");

	ck_assert_uint_eq(result_failure_count(result), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(result_failure(result, i).scheme, "all-each");
		ck_assert_ptr_nonnull(
			strstr(result_failure(result, i).problem, "machine.memlock_limit_bytes = 2147483648"));
		ck_assert_ptr_nonnull(
			strstr(result_failure(result, i).problem, "each container (machine.container_per_device)"));
	}
	at(result, "all-super", "16", NULL);
	result_close(result);
}
END_TEST

/* ---- granularity ---- */

START_TEST(only_blocks_as_small_as_what_goes_are_reclaimed_unless_mappings_are_split)
{
	static const struct {
		const char *block;
		uint64_t mappings, leaves_2m, leaves_1g, splits;
	} row[] = {
		/* 64 GiB; of the 128 blocks that go, those at whose start no mapping begins are split off. */
		{ "2 MiB", 32768, 32768, 0, 0 }, { "16 MiB", 4096, 32768, 0, 112 }, { "128 MiB", 512, 32768, 0, 126 },
		{ "1 GiB", 64, 0, 64, 128 },     { "64 GiB", 3, 0, 64, 128 },
	};
	struct result *result = run("granularity.yaml");

	for (unsigned i = 0; i < 5; i++) {
		const struct result_scheme *whole = at(result, "passthrough", "false", row[i].block);
		const struct result_scheme *split = at(result, "passthrough", "true", row[i].block);

		ck_assert_uint_eq(whole->counter[COUNT_MAPPINGS_PEAK], row[i].mappings);
		ck_assert_uint_eq(whole->counter[COUNT_START_LEAVES_2M], row[i].leaves_2m);
		ck_assert_uint_eq(whole->counter[COUNT_START_LEAVES_1G], row[i].leaves_1g);
		ck_assert_uint_eq(whole->counter[COUNT_UNPLUG_ASKED_BYTES], 256 * MIB);
		ck_assert_uint_eq(whole->counter[COUNT_UNPLUG_RECLAIMED_BYTES], i == 0 ? 256 * MIB : 0);
		ck_assert_uint_eq(whole->counter[COUNT_UNPLUG_REFUSED], i == 0 ? 0 : 128);
		ck_assert_uint_eq(split->counter[COUNT_UNPLUG_RECLAIMED_BYTES], 256 * MIB);
		ck_assert_uint_eq(split->counter[COUNT_UNPLUG_SPLITS], row[i].splits);
		ck_assert_uint_eq(split->counter[COUNT_STALE_USED] + split->counter[COUNT_FAULTS], 0);
		ck_assert_uint_eq(split->latency[RESULT_UNPLUG].count, 128);
	}
	result_close(result);
}
END_TEST

START_TEST(more_blocks_than_a_container_holds_are_refused_by_name)
{
	refuses("granularity.yaml --set machine.map_block_bytes=2MiB --set machine.guest_ram_bytes=256GiB",
		"(ENOSPC): blocks of machine.map_block_bytes = 2097152 take more mappings of a container than "
		"machine.dma_entry_limit = 65535: raise one");
}
END_TEST

START_TEST(memory_that_cannot_be_given_back_is_refused_by_name)
{
#define ONE "granularity.yaml --set machine.map_block_bytes=1GiB --set unplug.split=true "
	refuses(ONE "--set unplug.bytes=63GiB", "unplug.bytes = 67645734912: more than the guest has above 4 GiB");
	refuses(ONE "--set unplug.block_bytes=3MiB", "unplug.bytes = 268435456: must be whole blocks of "
						     "unplug.block_bytes");
	refuses(ONE "--set unplug.block_bytes=5000", "unplug.block_bytes = 5000 B: must be whole pages of 4 KiB");
	refuses("granularity.yaml --set machine.map_block_bytes=6000",
		"machine.map_block_bytes = 6000 B: must be whole pages of 4 KiB");
	refuses(ONE "--set machine.guest_low_bytes=4GiB", "(Invalid argument): does machine.guest_low_bytes = "
							  "4294967296 reach the interrupt window at 0xfee00000");
	refuses(ONE "--schemes pin-on-map", "unplug.bytes = 268435456: the scheme does not map the guest's memory at "
					    "start");
#undef ONE
}
END_TEST

START_TEST(memory_that_the_trace_maps_cannot_be_given_back)
{
	write_file("s.yaml",
		   "title: beyond 4 GiB\n"
		   "trace:\n"
		   "  synth:\n"
		   "    title: buffers up to 4.1 GiB\n"
		   "    devices: [{name: \"0000:00:04.0\"}]\n"
		   "    streams: [{device: \"0000:00:04.0\", cpus: 0, maps: 4000, bytes: 1 MiB, window: 4000}]\n"
		   "profile: server-x86\n"
		   "schemes: [passthrough]\n"
		   "parameters: {machine: {guest_low_bytes: 4 GiB, guest_ram_bytes: 5 GiB}, unplug.bytes: 1 GiB}\n");
	ck_assert_int_eq(iommusim("run s.yaml -o r.h5 --quiet"), 2);
	ck_assert_msg(strstr(errors,
			     "maps guest-physical 0x100000000, which the guest gives back: lower unplug.bytes = "
			     "1073741824 or raise machine.guest_ram_bytes = 5368709120") != NULL,
		      "%s", errors);
}
END_TEST

/* ---- updates ---- */

/* The NIC's ring holds more than the blackout lasts: only what stops the device makes a gap. */
START_TEST(devices_go_on_through_a_live_update_and_stop_for_a_cold_one)
{
	struct result *result = run("live-update.yaml");
	static const char *const names[] = { "passthrough", "nested" };

	for (unsigned i = 0; i < 2; i++) {
		const struct result_scheme *none = at(result, names[i], "none", NULL);
		const struct result_scheme *transfer = at(result, names[i], "transfer", NULL);
		const struct result_scheme *exec = at(result, names[i], "exec", NULL);
		const struct result_scheme *cold = at(result, names[i], "cold", NULL);

		ck_assert_uint_eq(transfer->counter[COUNT_DMA_GAP_PS], none->counter[COUNT_DMA_GAP_PS]);
		ck_assert_uint_eq(exec->counter[COUNT_DMA_GAP_PS], none->counter[COUNT_DMA_GAP_PS]);
		ck_assert_uint_eq(exec->counter[COUNT_DURATION_PS], none->counter[COUNT_DURATION_PS]);
		ck_assert_uint_gt(cold->counter[COUNT_DMA_GAP_PS], 240 * PS_PER_MS);
		ck_assert_uint_eq(cold->counter[COUNT_TRANSFERS_LOST], 1);
		ck_assert_uint_eq(transfer->counter[COUNT_TRANSFERS_LOST] + exec->counter[COUNT_TRANSFERS_LOST], 0);
		/* 20 + 30 ms; 50 more for exec; unpinning and pinning 262,144 pages, 8.4 + 39.8 ms, and 100 for the reset */
		ck_assert_uint_eq(transfer->latency[RESULT_BLACKOUT].max_ps / PS_PER_MS, 50);
		ck_assert_uint_eq(exec->latency[RESULT_BLACKOUT].max_ps / PS_PER_MS, 100);
		ck_assert_uint_eq(cold->latency[RESULT_BLACKOUT].max_ps / PS_PER_MS, 248);
		ck_assert_uint_eq(transfer->counter[COUNT_PAGES_PINNED], 262144);
		ck_assert_uint_eq(cold->counter[COUNT_PAGES_PINNED], 2 * 262144);
		for (unsigned k = 0; k < 3; k++) {
			const struct result_scheme *one = k == 0 ? transfer : k == 1 ? exec : cold;

			ck_assert_uint_eq(one->counter[COUNT_LOCKED_PEAK_BYTES], GIB);
			ck_assert_uint_eq(one->series[RESULT_LOCKED_BYTES].level, GIB);
			ck_assert_uint_eq(one->series[RESULT_LOCKED_NEW_BYTES].level, GIB);
			ck_assert_uint_eq(one->counter[COUNT_FAULTS] + one->counter[COUNT_STALE_USED], 0);
		}
	}
	result_close(result);

	/* What happens when shows over time only: the report has it though kinds are swept. */
	ck_assert_msg(iommusim("report r.h5 -o page") == 0, "%s", errors);
	ck_assert_uint_eq(files_like("page/plots/throughput.svg"), 1);
	ck_assert_uint_eq(files_like("page/plots/locked-memory.svg"), 1);
	slurp("page/data/throughput.csv", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "passthrough  cold,"));
	ck_assert_ptr_nonnull(strstr(out, "nested  transfer,"));
	ck_assert_int_eq(iommusim("run " SCENARIOS "/small-iotlb.yaml -o s.h5 --set replay.max_operations=50"), 0);
	ck_assert_ptr_null(strstr(out, "\nupdate "));
}
END_TEST

START_TEST(the_hosts_own_accesses_wait_under_type1_and_not_under_iommufd)
{
	struct result *result = run("live-update-mediated.yaml");

	/* Due every 2 ms from 100 ms on, when nothing is invalid yet: the first that waits is due at 102 ms or later. */
	for (unsigned i = 0; i < 2; i++) {
		const char *kind = i ? "exec" : "transfer";
		const struct result_scheme *type1 = at(result, "passthrough", kind, NULL);
		const struct result_scheme *iommufd = at(result, "nested", kind, NULL);
		uint64_t wait = i ? 70 : 20;

		ck_assert_uint_le(type1->latency[RESULT_HOST_ACCESS].max_ps, wait * PS_PER_MS + PS_PER_MS);
		ck_assert_uint_ge(type1->latency[RESULT_HOST_ACCESS].max_ps, (wait - 3) * PS_PER_MS);
		ck_assert_uint_eq(iommufd->latency[RESULT_HOST_ACCESS].max_ps, 500 * PS_PER_NS);
		ck_assert_uint_eq(type1->series[RESULT_LOCKED_BYTES].level, 0);
		ck_assert_uint_eq(iommufd->series[RESULT_LOCKED_BYTES].level, GIB);
	}
	result_close(result);
}
END_TEST

START_TEST(with_keepalive_nothing_is_lost_that_a_restart_of_the_host_loses)
{
	struct result *result = run("keepalive-restart.yaml");
	static const char *const names[] = { "passthrough", "nested" };

	for (unsigned i = 0; i < 2; i++) {
		const struct result_scheme *none = at(result, names[i], "none", NULL);
		const struct result_scheme *keep = at(result, names[i], "keepalive", NULL);
		const struct result_scheme *boot = at(result, names[i], "kexec", NULL);

		ck_assert_uint_eq(keep->counter[COUNT_DMA_GAP_PS], none->counter[COUNT_DMA_GAP_PS]);
		ck_assert_uint_eq(keep->counter[COUNT_DURATION_PS], none->counter[COUNT_DURATION_PS]);
		ck_assert_uint_eq(keep->counter[COUNT_TRANSFERS_LOST], 0);
		ck_assert_uint_eq(keep->counter[COUNT_PAGES_PINNED], 262144);
		ck_assert_uint_eq(keep->latency[RESULT_BLACKOUT].max_ps / PS_PER_MS, 600);
		ck_assert_uint_eq(boot->latency[RESULT_BLACKOUT].max_ps / (2 * PS_PER_MS), 374);
		ck_assert_uint_gt(boot->counter[COUNT_DMA_GAP_PS], 740 * PS_PER_MS);
		ck_assert_uint_eq(boot->counter[COUNT_TRANSFERS_LOST], 1);
		ck_assert_uint_eq(boot->counter[COUNT_PAGES_PINNED], 2 * 262144);
	}
	result_close(result);
}
END_TEST

START_TEST(an_update_that_cannot_be_is_refused_by_name)
{
	refuses("live-update.yaml --set update.kind=cold --schemes pin-on-map",
		"update.kind: scheme pin-on-map: it is modelled where all memory is mapped and pinned at start");
	refuses("live-update.yaml --set update.kind=cold --set unplug.bytes=2MiB --set machine.guest_low_bytes=512MiB",
		"update.kind: scheme passthrough: it is modelled without unplug.bytes");
	refuses("live-update.yaml --set update.kind=warm",
		"update.kind = warm: must be none, transfer, exec, cold, keepalive or kexec");
	refuses("live-update-mediated.yaml --schemes passthrough --set update.kind=exec --set update.kernel=6.12",
		"VFIO_IOMMU_UNMAP_DMA with the VADDR flag was refused (Device or resource busy): a container with a "
		"mediated device is not updated: set update.mediated_period = 0 or update.kernel = 5.15");
}
END_TEST

/* ---- made traces of many devices ---- */

START_TEST(what_a_line_of_devices_cannot_be_is_refused_with_its_place)
{
	static const struct {
		const char *device, *stream, *problem;
	} bad[] = {
		{ "count: 0", "", "s.yaml:2:41: count: 0: must be 1 to 255" },
		{ "count: 2, group: 1", "", "group: each of 'count' devices has a group of its own" },
		{ "count: 2", ", memory: common", "memory: common: must be one of own, shared" },
		{ "count: 2", ", start: 5", "start: 5: must be 0 to 1000000000000 ps; write a unit: 2 us" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "title: t\n"
			 "devices: [{name: \"0000:00:04.0\", %s}]\n"
			 "streams: [{device: \"0000:00:04.0\", cpus: 0, maps: 1%s}]\n",
			 bad[i].device, bad[i].stream);
		write_file("s.yaml", text);
		ck_assert_int_eq(iommusim("trace synth s.yaml -o t.h5"), 2);
		ck_assert_msg(strstr(errors, bad[i].problem) != NULL, "%s", errors);
	}
}
END_TEST

int main(void)
{
	TCase *scenes = tcase_create("scenes");

	tcase_add_test(scenes, n_containers_account_n_times_what_is_pinned_once_and_a_super_container_does_not);
	tcase_add_test(scenes, a_limit_that_holds_all_memory_twice_ends_four_containers_but_no_super_container);
	tcase_add_test(scenes, only_blocks_as_small_as_what_goes_are_reclaimed_unless_mappings_are_split);
	tcase_add_test(scenes, more_blocks_than_a_container_holds_are_refused_by_name);
	tcase_add_test(scenes, memory_that_cannot_be_given_back_is_refused_by_name);
	tcase_add_test(scenes, memory_that_the_trace_maps_cannot_be_given_back);
	tcase_add_test(scenes, devices_go_on_through_a_live_update_and_stop_for_a_cold_one);
	tcase_add_test(scenes, the_hosts_own_accesses_wait_under_type1_and_not_under_iommufd);
	tcase_add_test(scenes, with_keepalive_nothing_is_lost_that_a_restart_of_the_host_loses);
	tcase_add_test(scenes, an_update_that_cannot_be_is_refused_by_name);
	tcase_add_test(scenes, what_a_line_of_devices_cannot_be_is_refused_with_its_place);
	return run_cases("sim/scenes", &scenes, 1);
}
