/* SPDX-License-Identifier: Apache-2.0 */
/* `matrix`: which points there are, what holds at each, and what is refused.  Lines 1 to 4 are those of folder.h. */
#include <stdio.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/scenarios/folder.h"

static struct scenario loaded(const char *text)
{
	struct scenario scenario;
	struct err err = { 0 };

	folder_write_scenario(text);
	ck_assert_msg(scenario_load("scenarios/x.yaml", &scenario, &err), "%s", err.text);
	return scenario;
}

static void refuses(const char *text, const char *message)
{
	struct scenario scenario;
	struct err err = { 0 };
	char whole[480];

	folder_write_scenario(text);
	snprintf(whole, sizeof(whole), "scenarios/x.yaml:%s", message);
	ck_assert_msg(!scenario_load("scenarios/x.yaml", &scenario, &err), "loaded, but expected: %s", message);
	ck_assert_str_eq(err.text, whole);
	ck_assert_int_eq(err.kind, ERR_USAGE);
}

START_TEST(the_points_are_the_product_in_the_written_order)
{
	static const struct {
		uint32_t guests, walkers;
		const char *text;
	} expected[] = { { 1, 2, "machine.guests=1 iommu.walkers=2" },
			 { 1, 8, "machine.guests=1 iommu.walkers=8" },
			 { 4, 2, "machine.guests=4 iommu.walkers=2" },
			 { 4, 8, "machine.guests=4 iommu.walkers=8" } };
	struct scenario scenario = loaded("matrix:\n  machine.guests: [1, 4]\n  iommu:\n    walkers: [2, 8]\n");

	ck_assert_uint_eq(scenario_point_count(&scenario), 4);
	for (size_t i = 0; i < 4; i++) {
		char text[100];

		scenario_go_to(&scenario, i);
		ck_assert_uint_eq(scenario.config.machine.guests, expected[i].guests);
		ck_assert_uint_eq(scenario.config.iommu.walkers, expected[i].walkers);
		scenario_point_text(&scenario, i, text, sizeof(text));
		ck_assert_str_eq(text, expected[i].text);
	}
	scenario_fini(&scenario);
}
END_TEST

START_TEST(without_a_matrix_there_is_one_point)
{
	struct scenario scenario = loaded("");

	ck_assert_uint_eq(scenario_point_count(&scenario), 1);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(set_and_trace_end_a_sweep)
{
	struct scenario scenario = loaded("matrix: {machine.guests: [1, 4], trace: [a.h5, b.h5]}\n");
	struct err err = { 0 };

	scenario_go_to(&scenario, 3);
	ck_assert_str_eq(scenario.trace.path, "scenarios/b.h5");
	ck_assert(scenario_set(&scenario, "machine.guests=2", &err));
	ck_assert_uint_eq(scenario.point, 0);
	ck_assert_uint_eq(scenario_point_count(&scenario), 2);
	ck_assert(scenario_set_trace(&scenario, "c.h5", &err));
	ck_assert_uint_eq(scenario_point_count(&scenario), 1);
	ck_assert_msg(scenario_check(&scenario, &err), "%s", err.text);
	ck_assert_uint_eq(scenario.config.machine.guests, 2);
	ck_assert_str_eq(scenario.trace.path, "c.h5");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_trace_ends_the_sweep_of_variables_too)
{
	struct scenario scenario = loaded("matrix: {trace: [{synth: a.yaml}, {synth: b.yaml}], trace.flows: [1, 2]}\n");
	struct err err = { 0 };

	ck_assert_uint_eq(scenario_point_count(&scenario), 4);
	ck_assert(scenario_set_trace(&scenario, "c.h5", &err));
	ck_assert_uint_eq(scenario_point_count(&scenario), 1);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(what_makes_no_points_is_refused_at_its_place)
{
	refuses("matrix: {}\n", "5:9: 'matrix' sweeps nothing: it has no points");
	refuses("matrix: 5\n", "5:9: 'matrix' must be a mapping of keys to values");
	refuses("matrix: {iommu.walkers: 5}\n", "5:25: iommu.walkers: must be a list of values: [A, B]");
	refuses("matrix: {iommu.walkers: []}\n", "5:25: iommu.walkers: no values: the matrix would have no points");
	refuses("matrix: {iommu.walkers: [2, 3, 2]}\n", "5:32: iommu.walkers = 2 is listed twice");
	refuses("matrix: {iommu.walkers: [2, 2]}\n", "5:29: iommu.walkers = 2 is listed twice");
	refuses("matrix: {machine.memlock_limit_bytes: [64 KiB, 65536]}\n",
		"5:48: machine.memlock_limit_bytes = 64 KiB is listed twice");
	refuses("matrix: {machine.host_cores: [1, 0]}\n",
		"5:34: machine.host_cores = 0: must be a whole number from 1 to 1024");
	refuses("matrix: {device.link_bytes_per_s: [0]}\n",
		"5:36: device.link_bytes_per_s = 0: must be a rate from 1 MB/s to 1000 GB/s (B/s, KB/s, MB/s, GB/s)");
	refuses("matrix: {iommu.walkerz: [2]}\n", "5:10: unknown key 'iommu.walkerz': did you mean 'iommu.walkers'?");
	refuses("matrix:\n  iommu.walkers: [2]\n  iommu: {walkers: [3]}\n",
		"7:11: 'iommu.walkers' is set twice: first on line 6");
	refuses("parameters: {iommu.walkers: 2}\nmatrix: {iommu.walkers: [3]}\n",
		"6:10: 'iommu.walkers' is set twice: first on line 5");
	refuses("matrix: {trace.flows: [1]}\n",
		"5:9: trace.flows sweeps a variable of a specification, but a recording is replayed: write trace: "
		"{synth: SPEC.yaml}");
	refuses("matrix: {trace: [a.h5, {synth: b.yaml}], trace.flows: [1]}\n",
		"5:9: trace.flows sweeps a variable of a specification, but a recording is replayed: write trace: "
		"{synth: SPEC.yaml}");
}
END_TEST

START_TEST(an_impossible_point_is_refused_and_named)
{
	refuses("matrix: {iommu.iotlb_entries: [64, 128], iommu.iotlb_ways: [64, 128]}\n",
		"5:65: iommu.iotlb_ways = 128: must divide iommu.iotlb_entries = 64 (at iommu.iotlb_entries=64 "
		"iommu.iotlb_ways=128)");
}
END_TEST

static void write_points(char *text, size_t size, unsigned cores)
{
	snprintf(text, size, "matrix:\n  iommu.walkers: [");
	for (unsigned i = 1; i <= 64; i++)
		snprintf(text + strlen(text), size - strlen(text), "%u, ", i);
	snprintf(text + strlen(text), size - strlen(text), "]\n  machine.host_cores: [");
	for (unsigned i = 1; i <= cores; i++)
		snprintf(text + strlen(text), size - strlen(text), "%u, ", i);
	snprintf(text + strlen(text), size - strlen(text), "]\n");
}

START_TEST(there_may_be_4096_points_and_no_more)
{
	struct scenario scenario;
	char text[800];

	write_points(text, sizeof(text), 64);
	scenario = loaded(text);
	ck_assert_uint_eq(scenario_point_count(&scenario), 4096);
	scenario_fini(&scenario);
	write_points(text, sizeof(text), 65);
	refuses(text, "7:3: the matrix has 4160 points with this key: at most 4096");
}
END_TEST

int main(void)
{
	const TTest *tests[] = { the_points_are_the_product_in_the_written_order,
				 without_a_matrix_there_is_one_point,
				 set_and_trace_end_a_sweep,
				 a_trace_ends_the_sweep_of_variables_too,
				 what_makes_no_points_is_refused_at_its_place,
				 an_impossible_point_is_refused_and_named,
				 there_may_be_4096_points_and_no_more,
				 NULL };

	return folder_suite_run("scenarios/matrix", tests);
}
