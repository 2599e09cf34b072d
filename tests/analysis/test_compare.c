/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

static char folder[64], path_a[128], path_b[128];
static struct result_scheme *a, *b; /* one scheme each, alike until a test changes one */
static struct result_input input_a, input_b;

static void setup(void)
{
	synthetic_folder(folder);
	snprintf(path_a, sizeof(path_a), "%s/a.h5", folder);
	snprintf(path_b, sizeof(path_b), "%s/b.h5", folder);
	a = synthetic_scheme("nested", 1, 400);
	b = synthetic_scheme("nested", 1, 400);
	input_a = synthetic_input();
	input_b = synthetic_input();
}

static void teardown(void)
{
	free(a);
	free(b);
	synthetic_remove(folder);
}

struct run {
	const struct result *a, *b;
	double tolerance;
	bool same;
};

static void print_comparison(FILE *out, void *argument)
{
	struct run *run = argument;

	run->same = compare_print(out, run->a, run->b, run->tolerance);
}

/* Writes both, compares, returns the text without the two lines that name the files. */
static char *compare(double tolerance, bool expect_same)
{
	struct err err = { .kind = ERR_NONE };

	synthetic_write(path_a, &input_a, &a, 1);
	synthetic_write(path_b, &input_b, &b, 1);

	struct result *result_a = result_open(path_a, &err), *result_b = result_open(path_b, &err);
	struct run run = { .a = result_a, .b = result_b, .tolerance = tolerance };
	char *text = synthetic_printed(print_comparison, &run), head[300];

	ck_assert_msg(run.same == expect_same, "%s", text);
	snprintf(head, sizeof(head), "a: %s\nb: %s\n", path_a, path_b);
	ck_assert_msg(strncmp(text, head, strlen(head)) == 0, "%s", text);
	memmove(text, text + strlen(head), strlen(text) - strlen(head) + 1);
	result_close(result_a);
	result_close(result_b);
	return text;
}

START_TEST(a_result_does_not_differ_from_itself)
{
	char *text = compare(0, true);

	ck_assert_int_eq(strncmp(text, "0 of ", 5), 0);
	ck_assert_ptr_nonnull(strstr(text, " quantities differ by more than 0%\n"));
	free(text);
}
END_TEST

START_TEST(other_bits_of_a_capability_differ_whatever_the_tolerance)
{
	a->capability[CAPABILITY_HARDWARE] = 0x606;
	b->capability[CAPABILITY_HARDWARE] = 0x607;
	char *text = compare(1000, false);

	ck_assert_ptr_nonnull(strstr(
		text, "nested            hardware_cap                          0x606          0x607  other bits\n"));
	free(text);
}
END_TEST

START_TEST(a_counter_beyond_the_tolerance_is_printed_and_one_within_is_not)
{
	a->counter[COUNT_IOCTLS] = 100;
	b->counter[COUNT_IOCTLS] = 101;
	char *text = compare(0.9, false);

	ck_assert_ptr_nonnull(strstr(
		text, "nested            ioctls                                  100            101         +1%\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n1 of "));
	free(text);
	free(compare(1, true)); /* exactly the tolerance is not more than it */
}
END_TEST

START_TEST(the_smallest_difference_counts_when_nothing_is_tolerated)
{
	a->counter[COUNT_GUEST_CPU_PS] = UINT64_C(1) << 62;
	b->counter[COUNT_GUEST_CPU_PS] = (UINT64_C(1) << 62) - 1;
	char *text = compare(0, false);

	ck_assert_ptr_nonnull(strstr(text, "guest_cpu_ps"));
	free(text);
}
END_TEST

START_TEST(what_was_zero_is_new_at_any_tolerance)
{
	a->counter[COUNT_STALE_USED] = 0;
	b->counter[COUNT_STALE_USED] = 1;
	char *text = compare(1e9, false);

	ck_assert_ptr_nonnull(strstr(
		text, "nested            stale_used                                0              1         new\n"));
	free(text);
}
END_TEST

START_TEST(a_slower_operation_shows_in_its_latency_and_its_cause)
{
	result_scheme_init(a, "nested", "");
	result_scheme_init(b, "nested", "");
	result_operation(a, RESULT_MAP, (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 1000, [CAUSE_TABLE] = 1000 });
	result_operation(b, RESULT_MAP, (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 1500, [CAUSE_TABLE] = 1000 });
	char *text = compare(10, false);
	static const char *const line[] = {
		"nested            map mean                            2.00 ns        2.50 ns        +25%\n",
		"nested            map p99_9                           2.00 ns        2.50 ns        +25%\n",
		"nested            map exit                            1.00 ns        1.50 ns        +50%\n",
	};

	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		ck_assert_msg(strstr(text, line[i]), "no \"%s\" in:\n%s", line[i], text);
	ck_assert_ptr_null(strstr(text, "map table"));
	ck_assert_ptr_null(strstr(text, "map count"));
	free(text);
}
END_TEST

START_TEST(a_scheme_that_only_one_has_is_a_difference)
{
	strcpy(b->name, "sva");
	char *text = compare(50, false), only[400];

	snprintf(only, sizeof(only), "only in %s: scheme nested\nonly in %s: scheme sva\n0 of 0 quantities", path_a,
		 path_b);
	ck_assert_msg(strstr(text, only), "%s", text);
	free(text);
}
END_TEST

START_TEST(a_difference_of_the_input_is_printed_and_does_not_count)
{
	input_b.seed = 43;
	input_b.parameter = NULL;
	char *text = compare(0, true);

	ck_assert_ptr_nonnull(strstr(text, "input: seed: 42 -> 43\n"));
	ck_assert_ptr_nonnull(strstr(text, "input: iommu.walkers: 6 -> (absent)\n"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *tcase = tcase_create("compare");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_result_does_not_differ_from_itself);
	tcase_add_test(tcase, other_bits_of_a_capability_differ_whatever_the_tolerance);
	tcase_add_test(tcase, a_counter_beyond_the_tolerance_is_printed_and_one_within_is_not);
	tcase_add_test(tcase, the_smallest_difference_counts_when_nothing_is_tolerated);
	tcase_add_test(tcase, what_was_zero_is_new_at_any_tolerance);
	tcase_add_test(tcase, a_slower_operation_shows_in_its_latency_and_its_cause);
	tcase_add_test(tcase, a_scheme_that_only_one_has_is_a_difference);
	tcase_add_test(tcase, a_difference_of_the_input_is_printed_and_does_not_count);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
