/* SPDX-License-Identifier: Apache-2.0 */
/* The command as a user meets it: errors, exit codes, files left behind, help. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/command_line.h"

/* ---- bad input ---- */

static const struct {
	const char *scenario, *arguments;
	int code;
	const char *says;
} bad[] = {
	{ "", "run none.yaml", 3, "none.yaml" },
	{ "", "run s.yaml --trace none.h5", 3, "none.h5" },
	{ "", "run s.yaml --trace s.yaml", 3, "s.yaml" },
	{ "", "run s.yaml --set iommu.iotlb_entreis=4", 2, "iommu.iotlb_entries" },
	{ "", "run s.yaml --set iommu.iotlb_entries=many", 2, "iommu.iotlb_entries" },
	{ "", "run s.yaml --set iommu.iotlb_entries=64 --set iommu.iotlb_ways=3", 2, "must divide" },
	{ "parameters:\n  iommu:\n    iotlb_entreis: 4\n", "run s.yaml", 2, "s.yaml:8:" },
	{ "", "run s.yaml --schemes pin-on-mop", 2, "pin-on-map" },
	{ "", "run s.yaml --set machine.guest_ram_bytes=1GiB", 2, "machine.guest_ram_bytes" },
	{ "", "run s.yaml -o nowhere/x.h5", 3, "nowhere/x.h5" },
	{ "", "run s.yaml -o .", 3, "not a regular file" },
	{ "", "run", 2, "scenario" },
	{ "", "run s.yaml --frobnicate", 2, "frobnicate" },
	{ "", "report none.h5", 3, "none.h5" },
	{ "", "report s.yaml", 3, "s.yaml" },
	{ "", "compare s.yaml s.yaml", 3, "s.yaml" },
	{ "", "trace info none.h5", 3, "none.h5" },
	{ "", "trace check s.yaml", 3, "s.yaml" },
	{ "", "trace import none.txt -o x.h5", 3, "none.txt" },
	{ "", "trace import s.yaml -o x.h5", 3, "s.yaml" },
	{ "", "trace synth none.yaml -o x.h5", 3, "none.yaml" },
	{ "", "trace synth s.yaml -o x.h5", 2, "s.yaml:" },
	{ "", "list colours", 2, "colours" },
	{ "", "bench warp-drive", 2, "warp-drive" },
	{ "", "frobnicate", 2, "frobnicate" },
};

START_TEST(bad_input_gets_one_clear_line_the_documented_code_and_no_file)
{
	import_small();
	write_scenario(bad[_i].scenario);
	int code = iommusim(bad[_i].arguments);

	ck_assert_msg(code == bad[_i].code, "%s: exit code %d: %s", bad[_i].arguments, code, errors);
	ck_assert_msg(strstr(errors, bad[_i].says) != NULL, "%s: %s", bad[_i].arguments, errors);
	ck_assert_msg(lines_in(errors) <= 2, "%s: %s", bad[_i].arguments, errors); /* argp adds where to find help */
	ck_assert_str_eq(out, "");
	ck_assert_uint_eq(files_like("x.h5*") + files_like("s.h5*") + files_like("*.parts*"), 0);
}
END_TEST

START_TEST(a_cut_trace_file_is_refused_by_name)
{
	char line[256];

	import_small();
	write_scenario("");
	snprintf(line, sizeof(line), "cd %s && head -c 3000 t.h5 > cut.h5", folder);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(iommusim("run s.yaml --trace cut.h5"), 3);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "cut.h5"));
}
END_TEST

START_TEST(an_interrupted_run_leaves_the_earlier_result_as_it_was)
{
	char line[512];

	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --set replay.max_operations=50") == 0, "%s", errors);
	snprintf(line, sizeof(line), "cp %s/a.h5 %s/before.h5", folder, folder);
	ck_assert_int_eq(system(line), 0);
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		dup2(null, 2);
		if (chdir(folder) == 0)
			execl(IOMMUSIM, "iommusim", "run", SCENARIOS "/pin-vs-prereg-vs-nested.yaml", "-o", "a.h5",
			      (char *)NULL);
		_exit(127);
	}
	while (files_like("a.h5.parts*") == 0)
		usleep(1000);
	usleep(50000);
	kill(pid, SIGINT);
	int status;

	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 130);
	ck_assert(same_bytes("a.h5", "before.h5"));
	ck_assert_uint_eq(files_like("a.h5.*"), 0);
}
END_TEST

START_TEST(help_names_every_command_and_each_command_has_its_own)
{
	static const char *const names[] = { "run", "report", "compare", "trace", "list", "bench" };
	char line[64];

	ck_assert_int_eq(iommusim("--help"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_nonnull(strstr(out, names[i]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "help %s", names[i]);
		ck_assert_int_eq(iommusim(line), 0);
		ck_assert_str_ne(out, "");
	}
	ck_assert_int_eq(iommusim("--version"), 0);
	ck_assert_ptr_nonnull(strstr(out, "iommusim 0."));
}
END_TEST

START_TEST(a_benchmark_tells_its_numbers_also_as_json)
{
	ck_assert_int_eq(iommusim("bench iotlb-hit-64"), 0);
	ck_assert_ptr_nonnull(strstr(out, "iotlb-hit-64"));
	ck_assert_int_eq(iommusim("bench --json iotlb-hit-64 map-unmap-4k"), 0);
	ck_assert_ptr_nonnull(strstr(out, "{\"name\": \"map-unmap-4k\", \"min_ns\": "));
}
END_TEST

START_TEST(a_timeline_is_json_with_a_span_for_each_map)
{
	char line[512];

	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --timeline t.json") == 0, "%s", errors);
	snprintf(line, sizeof(line), "grep -c '\"name\":\"map\"' %s/t.json > %s/count.txt", folder, folder);
	ck_assert_int_eq(system(line), 0);
	slurp("count.txt", out, sizeof(out));
	ck_assert_str_eq(out, "3115\n"); /* 623 map operations of this recording's JSON, five schemes */
}
END_TEST

int main(void)
{
	TCase *input = tcase_create("bad input"), *shown = tcase_create("shown");
	TCase *const cases[] = { input, shown };

	tcase_add_loop_test(input, bad_input_gets_one_clear_line_the_documented_code_and_no_file, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(input, a_cut_trace_file_is_refused_by_name);
	tcase_add_test(input, an_interrupted_run_leaves_the_earlier_result_as_it_was);
	tcase_add_test(shown, help_names_every_command_and_each_command_has_its_own);
	tcase_add_test(shown, a_benchmark_tells_its_numbers_also_as_json);
	tcase_add_test(shown, a_timeline_is_json_with_a_span_for_each_map);
	return run_cases("sim/command", cases, 2);
}
