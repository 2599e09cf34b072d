/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include <dirent.h>
#include <hdf5.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

/* HDF5 itself forgets some memory when a checksum fails. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libhdf5";
}

static char folder[64];
static char path[128], other_path[128];

static void setup(void)
{
	synthetic_folder(folder);
	snprintf(path, sizeof(path), "%s/r.h5", folder);
	snprintf(other_path, sizeof(other_path), "%s/other.h5", folder);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static void teardown(void)
{
	synthetic_remove(folder);
}

static unsigned files_in_folder(void)
{
	DIR *dir = opendir(folder);
	unsigned files = 0;

	while (readdir(dir))
		files++;
	closedir(dir);
	return files - 2;
}

START_TEST(a_scheme_comes_back_equal_to_the_bit_and_in_order)
{
	struct result_scheme *scheme[3];
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	synthetic_three(scheme);
	synthetic_write(path, &input, scheme, 3);

	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert_uint_eq(result_scheme_count(result), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(synthetic_same(result_scheme(result, i), scheme[i]));
	result_close(result);
	synthetic_three_free(scheme);
}
END_TEST

START_TEST(a_sum_beyond_64_bits_comes_back)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };
	const uint64_t large = UINT64_C(1) << 62;

	result_scheme_init(scheme, "slow", "");
	for (unsigned i = 0; i < 3; i++)
		result_operation(scheme, RESULT_MAP, (ps_t[RESULT_CAUSES]){ large, large, large });
	synthetic_write(path, &input, &scheme, 1);

	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert(result_scheme(result, 0)->latency[RESULT_MAP].sum_ps == (u128_t)9 * large);
	result_close(result);
	free(scheme);
}
END_TEST

START_TEST(the_whole_input_comes_back)
{
	struct err err = { .kind = ERR_NONE };
	struct result_input input = synthetic_input();

	synthetic_write_three(path);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert_str_eq(result_path(result), path);
	ck_assert_str_eq(result_attribute(result, "version"), input.version);
	ck_assert_str_eq(result_attribute(result, "title"), input.title);
	ck_assert_str_eq(result_attribute(result, "scenario_path"), input.scenario_path);
	ck_assert_str_eq(result_attribute(result, "scenario_text"), input.scenario_text);
	ck_assert_str_eq(result_attribute(result, "profile_name"), input.profile_name);
	ck_assert_str_eq(result_attribute(result, "profile_text"), input.profile_text);
	ck_assert_str_eq(result_attribute(result, "trace_path"), input.trace_path);
	ck_assert_str_eq(result_attribute(result, "trace_crc64"), "0123456789abcdef");
	ck_assert_str_eq(result_attribute(result, "seed"), "42");
	ck_assert_str_eq(result_attribute(result, "no such attribute"), "");
	ck_assert_uint_eq(result_parameter_count(result), 3);
	ck_assert_str_eq(result_parameter(result, 1).name, "iommu.walkers");
	ck_assert_str_eq(result_parameter(result, 1).value, "6");
	ck_assert_str_eq(result_parameter(result, 1).unit, "");
	ck_assert_str_eq(result_parameter(result, 2).source, "ASSUMED");
	result_close(result);
}
END_TEST

START_TEST(what_the_caller_leaves_out_is_empty)
{
	struct result_scheme *scheme = synthetic_scheme("x", 1, 10);
	struct result_input input = { .version = "0" };
	struct err err = { .kind = ERR_NONE };

	synthetic_write(path, &input, &scheme, 1);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert_str_eq(result_attribute(result, "profile_text"), "");
	ck_assert_uint_eq(result_parameter_count(result), 0);
	result_close(result);
	free(scheme);
}
END_TEST

START_TEST(a_large_scenario_text_comes_back)
{
	struct result_scheme *scheme = synthetic_scheme("x", 1, 10);
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };
	char *text = malloc(300001);

	memset(text, 'y', 300000);
	text[300000] = '\0';
	input.scenario_text = text;
	synthetic_write(path, &input, &scheme, 1);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert_str_eq(result_attribute(result, "scenario_text"), text);
	result_close(result);
	free(scheme);
	free(text);
}
END_TEST

START_TEST(the_same_content_gives_the_same_bytes)
{
	size_t size_a, size_b;

	synthetic_write_three(path);
	mallopt(M_PERTURB, 0xa5); /* what new memory holds must not reach the file */
	synthetic_write_three(other_path);
	char *a = synthetic_read(path, &size_a), *b = synthetic_read(other_path, &size_b);

	ck_assert_uint_eq(size_a, size_b);
	ck_assert_mem_eq(a, b, size_a);
	ck_assert(!memmem(a, size_a, folder, strlen(folder)));
	free(a);
	free(b);
}
END_TEST

START_TEST(numbers_carry_their_unit)
{
	char unit[16] = "";

	synthetic_write_three(path);
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	static const char *const object[][2] = {
		{ "/schemes/nested/latency/unmap", "ps" },
		{ "/schemes/nested/causes", "ps" },
		{ "/schemes/nested/counters/vm_exits", "exits" },
		{ "/schemes/nested/series/locked_bytes", "bytes" },
	};

	for (size_t i = 0; i < sizeof(object) / sizeof(object[0]); i++) {
		hid_t attribute = H5Aopen_by_name(file, object[i][0], "unit", H5P_DEFAULT, H5P_DEFAULT);
		hid_t type = H5Aget_type(attribute);

		ck_assert_uint_lt(H5Tget_size(type), sizeof(unit));
		ck_assert_int_ge(H5Aread(attribute, type, unit), 0);
		ck_assert_str_eq(unit, object[i][1]);
		H5Tclose(type);
		H5Aclose(attribute);
	}
	H5Fclose(file);
}
END_TEST

/* ---- errors leave what was ---- */

START_TEST(a_missing_part_leaves_the_old_result)
{
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };
	size_t size_before, size_after;

	synthetic_write_three(path);
	char *before = synthetic_read(path, &size_before);

	ck_assert(!result_merge(path, &input, (const char *[]){ "/nowhere/part.h5" }, 1, &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_str_eq(err.text, "/nowhere/part.h5: No such file or directory");
	char *after = synthetic_read(path, &size_after);

	ck_assert_uint_eq(size_before, size_after);
	ck_assert_mem_eq(before, after, size_before);
	ck_assert_uint_eq(files_in_folder(), 1);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_result_and_no_temporary_file)
{
	struct result_scheme *scheme = synthetic_scheme("x", 9, 1000);
	struct rlimit limit;
	struct err err = { .kind = ERR_NONE };
	size_t size_before, size_after;
	char expected[256];

	synthetic_write_three(path);
	char *before = synthetic_read(path, &size_before);

	/* A file may not grow beyond 20,000 bytes: write() fails in the middle, as on a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 20000, limit.rlim_max });
	bool written = result_write_part(path, scheme, &err);

	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert(!written);
	snprintf(expected, sizeof(expected), "%s: cannot write: File too large", path);
	ck_assert_str_eq(err.text, expected);
	char *after = synthetic_read(path, &size_after);

	ck_assert_uint_eq(size_before, size_after);
	ck_assert_mem_eq(before, after, size_before);
	ck_assert_uint_eq(files_in_folder(), 1);
	free(before);
	free(after);
	free(scheme);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
	struct result_scheme *scheme = synthetic_scheme("x", 9, 10);
	struct err err = { .kind = ERR_NONE };

	ck_assert(!result_write_part("/nowhere/at/all.h5", scheme, &err));
	ck_assert_str_eq(err.text, "/nowhere/at/all.h5: cannot write: No such file or directory");
	free(scheme);
}
END_TEST

START_TEST(two_schemes_of_one_name_are_refused)
{
	struct result_scheme *scheme = synthetic_scheme("nested", 9, 10);
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	ck_assert(result_write_part(other_path, scheme, &err));
	ck_assert(!result_merge(path, &input, (const char *[]){ other_path, other_path }, 2, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "two schemes are called \"nested\""));
	err = (struct err){ .kind = ERR_NONE };
	strcpy(scheme->name, "a/b");
	ck_assert(!result_write_part(other_path, scheme, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "a scheme cannot be called \"a/b\""));
	free(scheme);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result_file");
	TCase *tcase = tcase_create("result_file");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_scheme_comes_back_equal_to_the_bit_and_in_order);
	tcase_add_test(tcase, a_sum_beyond_64_bits_comes_back);
	tcase_add_test(tcase, the_whole_input_comes_back);
	tcase_add_test(tcase, what_the_caller_leaves_out_is_empty);
	tcase_add_test(tcase, a_large_scenario_text_comes_back);
	tcase_add_test(tcase, the_same_content_gives_the_same_bytes);
	tcase_add_test(tcase, numbers_carry_their_unit);
	tcase_add_test(tcase, a_missing_part_leaves_the_old_result);
	tcase_add_test(tcase, a_full_disk_leaves_the_old_result_and_no_temporary_file);
	tcase_add_test(tcase, a_folder_that_is_not_there_is_named);
	tcase_add_test(tcase, two_schemes_of_one_name_are_refused);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
