/* SPDX-License-Identifier: Apache-2.0 */
/* `iommusim bench` and `run --profile-engine`: what they count and print; times are nobody's promise here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/command_line.h"

/* The number behind "KEY": in text; the test ends when there is none. */
static double number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	ck_assert_msg(at != NULL, "no %s in: %s", key, text);
	return strtod(at + strlen(key), NULL);
}

START_TEST(import_and_replay_are_benchmarks_with_their_bars)
{
	ck_assert_int_eq(iommusim("bench --quick --json import replay-map-unmap-nested"), 0);
	ck_assert_double_gt(number_after(out, "\"name\": \"import\", \"min_ns\": "), 0);
	ck_assert_ptr_nonnull(strstr(out, "\"bar_ns\": 500.00, \"operation\": \"event\", \"operations\": 4000"));
	/* 500,000 per second; 2 CPUs x 2,000 buffers, mapped and unmapped. */
	const char *replay = strstr(out, "\"name\": \"replay-map-unmap-nested\"");

	ck_assert_ptr_nonnull(replay);
	ck_assert_double_eq(number_after(replay, "\"bar_ns\": "), 2000);
	ck_assert_double_eq(number_after(replay, "\"operations\": "), 8000);
	ck_assert_double_gt(number_after(replay, "\"peak_bytes\": "), 1 << 20);
	ck_assert_double_le(number_after(replay, "\"min_ns\": "), number_after(replay, "\"median_ns\": "));
}
END_TEST

START_TEST(the_beginning_of_a_name_up_to_a_hyphen_stands_for_all_of_them)
{
	ck_assert_int_eq(iommusim("bench --quick replay-tlp iotlb-hit-64"), 0);
	ck_assert_int_eq(lines_in(out), 1 + 4);
	ck_assert_ptr_nonnull(strstr(out, "replay-tlp-passthrough"));
	ck_assert_ptr_nonnull(strstr(out, "replay-tlp-pin-on-map"));
	ck_assert_ptr_nonnull(strstr(out, "replay-tlp-nested"));
	ck_assert_ptr_null(strstr(out, "iotlb-hit-65536"));
	ck_assert_int_eq(iommusim("bench replay-tl"), 2);
}
END_TEST

START_TEST(a_touch_runs_ahead_or_enters_simgrid)
{
	ck_assert_int_eq(iommusim("bench --quick --json engine"), 0);
	double entries = number_after(out, "\"entries_per_event\": "), ahead = number_after(out, "\"run_ahead\": ");

	ck_assert_double_gt(entries, 0);
	ck_assert_double_eq_tol(entries + ahead, 1, 0.0002);
	ck_assert_ptr_nonnull(strstr(out, "\"bar_ns\": null"));
}
END_TEST

START_TEST(a_benchmark_leaves_no_files)
{
	setenv("TMPDIR", folder, 1);
	ck_assert_int_eq(iommusim("bench --quick import engine"), 0);
	ck_assert_uint_eq(files_like("iommusim-bench-*"), 0);
	setenv("TMPDIR", "/nowhere", 1);
	ck_assert_int_eq(iommusim("bench --quick import"), 3);
	ck_assert_ptr_nonnull(strstr(errors, "/nowhere/"));
}
END_TEST

START_TEST(the_engines_profile_has_a_line_for_each_scheme_and_leaves_the_result_as_it_is)
{
	import_small();
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml --schemes nested,passthrough -q -o a.h5"), 0);
	ck_assert_int_eq(iommusim("run s.yaml --schemes nested,passthrough -q --profile-engine -o b.h5"), 0);
	ck_assert_int_eq(lines_in(out), 3);
	ck_assert_int_eq(strncmp(out, "engine ", 7), 0);
	const char *nested = strstr(out, "\nnested "), *passthrough = strstr(out, "\npassthrough ");

	ck_assert(nested && passthrough && nested < passthrough);
	unsigned long long operations, touches, steps, entries;

	ck_assert_int_eq(sscanf(nested, " nested %llu %llu %llu %llu", &operations, &touches, &steps, &entries), 4);
	ck_assert_uint_le(entries, touches + steps);
	struct result *result = open_result("b.h5");

	ck_assert_uint_eq(counted(result, "nested", COUNT_OPERATIONS_REPLAYED), operations);
	result_close(result);
	ck_assert(same_bytes("a.h5", "b.h5"));
}
END_TEST

START_TEST(the_exact_mode_enters_simgrid_more_often)
{
	unsigned long long touches, entries[2], skipped;

	import_small();
	write_scenario("");
	for (int exact = 0; exact < 2; exact++) {
		ck_assert_int_eq(iommusim(exact ? "run s.yaml --schemes nested -q --profile-engine --exact -o a.h5"
						: "run s.yaml --schemes nested -q --profile-engine -o a.h5"),
				 0);
		ck_assert_int_eq(sscanf(strstr(out, "\nnested "), " nested %llu %llu %llu %llu", &skipped, &touches,
					&skipped, &entries[exact]),
				 4);
	}
	ck_assert_uint_gt(entries[1], 2 * entries[0]);
}
END_TEST

START_TEST(with_json_the_engines_profile_is_on_stderr)
{
	import_small();
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml --schemes nested --json --profile-engine -o a.h5"), 0);
	ck_assert_int_eq(out[0], '{');
	ck_assert_ptr_nonnull(strstr(errors, "nested "));
}
END_TEST

int main(void)
{
	TCase *measured = tcase_create("bench"), *profiled = tcase_create("profile");
	TCase *const cases[] = { measured, profiled };

	tcase_add_test(measured, import_and_replay_are_benchmarks_with_their_bars);
	tcase_add_test(measured, the_beginning_of_a_name_up_to_a_hyphen_stands_for_all_of_them);
	tcase_add_test(measured, a_touch_runs_ahead_or_enters_simgrid);
	tcase_add_test(measured, a_benchmark_leaves_no_files);
	tcase_add_test(profiled, the_engines_profile_has_a_line_for_each_scheme_and_leaves_the_result_as_it_is);
	tcase_add_test(profiled, the_exact_mode_enters_simgrid_more_often);
	tcase_add_test(profiled, with_json_the_engines_profile_is_on_stderr);
	return run_cases("sim/bench", cases, 2);
}
