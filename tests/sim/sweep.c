/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of a matrix: the same bytes for any order, and what happens when one of them fails. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/run.h"
#include "sim/worker_memory.h"
#include "tests/sim/command_line.h"

static const char flows[] = "title: flows\n"
			    "trace:\n"
			    "  synth:\n"
			    "    title: flows\n"
			    "    variables: {flows: 1, maps: 20}\n"
			    "    devices: [{name: \"0000:00:04.0\"}]\n"
			    "    streams: [{device: \"0000:00:04.0\", flows: $flows, maps: $maps, gap: 2 us}]\n"
			    "profile: server-x86\n"
			    "schemes: [nested, pin-on-map]\n";

static void write_flows(const char *matrix)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", flows, matrix);
	write_file("s.yaml", text);
}

START_TEST(the_bytes_are_the_same_however_many_run_at_once)
{
	write_flows("matrix: {trace.flows: [1, 3], iommu.walkers: [1, 4]}\n");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 -q -j1") == 0, "%s", errors);
	ck_assert_msg(iommusim("run s.yaml -o b.h5 -q -j8") == 0, "%s", errors);
	ck_assert(same_bytes("a.h5", "b.h5"));
	ck_assert_uint_eq(files_like("*.parts-*"), 0);

	struct result *result = open_result("a.h5");

	ck_assert_uint_eq(result_scheme_count(result), 8);
	for (size_t i = 0; i < 8; i++) {
		const struct result_scheme *scheme = result_scheme(result, i);

		ck_assert_uint_eq(scheme->point, i % 4);
		ck_assert_uint_eq(scheme->latency[RESULT_MAP].count, i % 4 < 2 ? 20 : 60); /* one stream, or three */
	}
	ck_assert_str_eq(result_sweep(result, 0).name, "trace.flows");
	ck_assert_str_eq(result_point_value(result, 2, 0).text, "3");
	ck_assert_uint_eq(result_point_value(result, 3, 1).number, 4);
	result_close(result);
	ck_assert_int_eq(iommusim("compare a.h5 b.h5"), 0);
}
END_TEST

/* Of four runs the third dies. */
static void die(size_t run)
{
	if (run == 2)
		raise(SIGKILL);
}

static void die_all(size_t run)
{
	(void)run;
	raise(SIGKILL);
}

static bool run_dying(void (*begun)(size_t run), struct err *err)
{
	struct scenario scenario;
	char path[128], out_path[128];
	bool interrupted;

	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	snprintf(out_path, sizeof(out_path), "%s/r.h5", folder);
	ck_assert_msg(scenario_load(path, &scenario, err), "%s", err->text);

	struct run_options options = { .out_path = out_path, .jobs = 2, .begun = begun };
	bool well = run_scenario(&scenario, &options, &interrupted, err);

	scenario_fini(&scenario);
	return well;
}

START_TEST(a_worker_that_is_killed_is_named_with_its_point_and_the_others_finish)
{
	struct err err = { 0 };

	write_flows("matrix: {trace.flows: [1, 2]}\n");
	ck_assert_msg(run_dying(die, &err), "%s", err.text);

	struct result *result = open_result("r.h5");

	ck_assert_uint_eq(result_scheme_count(result), 3);
	ck_assert_uint_eq(result_failure_count(result), 1);
	ck_assert_str_eq(result_failure(result, 0).scheme, "pin-on-map");
	ck_assert_uint_eq(result_failure(result, 0).point, 0);
	ck_assert_str_eq(result_failure(result, 0).problem,
			 "its process was ended by signal 9 (Killed): was memory short?");
	result_close(result);
	ck_assert_uint_eq(files_like("*.parts-*"), 0);
}
END_TEST

START_TEST(when_all_are_killed_nothing_is_written)
{
	struct err err = { 0 };

	write_flows("matrix: {trace.flows: [1, 2]}\n");
	ck_assert(!run_dying(die_all, &err));
	ck_assert_int_eq(err.kind, ERR_CHECK);
	ck_assert_str_eq(err.text, "scheme nested trace.flows=1: its process was ended by signal 9 (Killed): was "
				   "memory short?");
	ck_assert_uint_eq(files_like("r.h5*"), 0);
}
END_TEST

START_TEST(a_run_that_fails_gives_exit_code_1_and_the_others_results)
{
	write_flows("matrix: {machine.memlock_limit_bytes: [0, 64 KiB]}\n");
	ck_assert_int_eq(iommusim("run s.yaml -o r.h5 -q --schemes nested"), 1);
	ck_assert_int_eq(lines_in(errors) > 0, 1);
	ck_assert_ptr_nonnull(strstr(errors, "iommusim: scheme nested at machine.memlock_limit_bytes=64 KiB: "));
	ck_assert_int_eq(iommusim("compare r.h5 r.h5"), 0);
	ck_assert_ptr_nonnull(strstr(out, "failed in r.h5: nested machine.memlock_limit_bytes=64 KiB: "));
}
END_TEST

START_TEST(each_point_replays_the_trace_that_its_variables_make)
{
	write_flows("matrix: {trace.flows: [1, 3], trace.maps: [10, 25]}\n");
	ck_assert_msg(iommusim("run s.yaml -o r.h5 -q --schemes nested") == 0, "%s", errors);

	static const unsigned maps[] = { 10, 25, 30, 75 };
	struct result *result = open_result("r.h5");

	ck_assert_uint_eq(result_scheme_count(result), 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(result_scheme(result, i)->latency[RESULT_MAP].count, maps[i]);
	ck_assert_str_eq(result_attribute(result, "trace_path"), "s.yaml");
	result_close(result);
}
END_TEST

START_TEST(a_result_of_several_traces_names_the_first_and_counts_the_others)
{
	write_flows("matrix: {trace: [a.h5, b.h5]}\nparameters: {replay.max_operations: 2}\n");
	ck_assert_msg(iommusim("trace import " SAMPLES "/B3-vtd-nvme-lazy-cm/trace.txt.xz -o a.h5") == 0, "%s", errors);
	ck_assert_msg(iommusim("trace import " SAMPLES "/B3-vtd-nvme-lazy-cm/trace.txt.xz -o b.h5") == 0, "%s", errors);
	ck_assert_msg(iommusim("run s.yaml -o r.h5 -q --schemes nested") == 0, "%s", errors);

	struct result *result = open_result("r.h5");

	ck_assert_str_eq(result_attribute(result, "trace_path"), "a.h5 and 1 more");
	result_close(result);
}
END_TEST

START_TEST(a_trace_that_is_missing_at_one_point_is_told_before_anything_runs)
{
	import_small();
	write_scenario("matrix: {trace: [t.h5, none.h5]}\n");
	ck_assert_int_eq(iommusim("run s.yaml -o r.h5"), 3);
	ck_assert_ptr_nonnull(strstr(errors, "none.h5"));
	ck_assert_ptr_nonnull(strstr(errors, "(at trace=none.h5)"));
	ck_assert_uint_eq(files_like("r.h5*"), 0);
}
END_TEST

START_TEST(a_variable_that_the_specification_lacks_is_refused_at_its_place)
{
	write_flows("matrix: {trace.flowz: [1]}\n");
	ck_assert_int_eq(iommusim("run s.yaml -o r.h5"), 2);
	ck_assert_ptr_nonnull(strstr(errors, "s.yaml:5:16: $flowz: is not among the `variables`"));
	ck_assert_uint_eq(files_like("r.h5*"), 0);
}
END_TEST

START_TEST(more_memory_than_there_is_is_refused_by_the_parameters_name)
{
	write_flows("");
	ck_assert_int_eq(iommusim("run s.yaml -o r.h5 --schemes nested --set machine.guest_ram_bytes=16TiB "
				  "--set machine.host_page_lg2=12 --set machine.guests=1024"),
			 2);
	ck_assert_ptr_nonnull(strstr(errors, "machine.guest_ram_bytes = 16 TiB: scheme nested needs about "));
	ck_assert_ptr_nonnull(strstr(errors, "machine.guests = 1024"));
	ck_assert_uint_eq(files_like("r.h5*"), 0);
}
END_TEST

/* 16 bytes for each page of 4 KiB of 4 GiB, of each guest: 16 MiB.  Tables of what is mapped only need nearly none. */
START_TEST(memory_is_looked_at_at_every_point_for_all_guests)
{
	struct scenario scenario;
	struct err err = { 0 };
	uint64_t most;
	char path[128];

	write_flows("parameters: {machine.guest_ram_bytes: 4 GiB, machine.host_page_lg2: 12}\n"
		    "matrix: {machine.guests: [1, 64]}\n");
	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	ck_assert_msg(scenario_load(path, &scenario, &err), "%s", err.text);
	ck_assert(!worker_memory_check(&scenario, UINT64_C(1) << 30, &most, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "scheme nested needs about "));
	ck_assert_ptr_nonnull(strstr(err.text, "(at machine.guests=64)"));
	ck_assert(worker_memory_check(&scenario, UINT64_C(3) << 29, &most, &err));
	ck_assert_uint_ge(most, UINT64_C(1) << 30);
	ck_assert_msg(scenario_select_schemes(&scenario, "pin-on-map", &err), "%s", err.text);
	ck_assert(worker_memory_check(&scenario, UINT64_C(1) << 30, &most, &err));
	scenario_fini(&scenario);
}
END_TEST

START_TEST(no_more_processes_run_side_by_side_than_memory_has_room_for)
{
	ck_assert_uint_eq(worker_memory_fit(1000, 300, 8), 3);
	ck_assert_uint_eq(worker_memory_fit(1000, 300, 2), 2);
	ck_assert_uint_eq(worker_memory_fit(1000, 1001, 8), 1);
}
END_TEST

START_TEST(the_report_of_a_matrix_draws_each_measure_over_what_is_swept)
{
	char text[4096];

	write_flows("matrix: {trace.flows: [1, 3], iommu.walkers: [1, 4]}\n");
	ck_assert_msg(iommusim("run s.yaml -o r.h5 -q") == 0, "%s", errors);
	ck_assert_msg(iommusim("report r.h5 -o page") == 0, "%s", errors);
	ck_assert_uint_eq(files_like("page/plots/sweep-mean-map.svg"), 1);
	ck_assert_uint_eq(files_like("page/plots/sweep-throughput.svg"), 1);
	ck_assert_uint_eq(files_like("page/plots/cdf-map.svg"), 0);
	slurp("page/data/sweep-mean-map.csv", text, sizeof(text));
	ck_assert_int_eq(lines_in(text), 9); /* a heading, and 2 schemes x 2 walkers x 2 flows */
	ck_assert_int_eq(strncmp(text, "line,trace.flows,x,mean_ps\nnested  walkers=1,1,1,", 49), 0);
}
END_TEST

int main(void)
{
	TCase *sweep = tcase_create("sweep");

	tcase_add_test(sweep, the_bytes_are_the_same_however_many_run_at_once);
	tcase_add_test(sweep, a_worker_that_is_killed_is_named_with_its_point_and_the_others_finish);
	tcase_add_test(sweep, when_all_are_killed_nothing_is_written);
	tcase_add_test(sweep, a_run_that_fails_gives_exit_code_1_and_the_others_results);
	tcase_add_test(sweep, each_point_replays_the_trace_that_its_variables_make);
	tcase_add_test(sweep, a_result_of_several_traces_names_the_first_and_counts_the_others);
	tcase_add_test(sweep, a_trace_that_is_missing_at_one_point_is_told_before_anything_runs);
	tcase_add_test(sweep, a_variable_that_the_specification_lacks_is_refused_at_its_place);
	tcase_add_test(sweep, more_memory_than_there_is_is_refused_by_the_parameters_name);
	tcase_add_test(sweep, memory_is_looked_at_at_every_point_for_all_guests);
	tcase_add_test(sweep, no_more_processes_run_side_by_side_than_memory_has_room_for);
	tcase_add_test(sweep, the_report_of_a_matrix_draws_each_measure_over_what_is_swept);
	return run_cases("sim/sweep", &sweep, 1);
}
