/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include <dirent.h>
#include <hdf5.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "models/base/random.h"
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

/* Three schemes whose order is not that of their names. */
static void make_schemes(struct result_scheme *scheme[3])
{
	scheme[0] = synthetic_scheme("pin-on-map", 1, 300);
	scheme[1] = synthetic_scheme("nested", 2, 300);
	scheme[2] = synthetic_scheme("empty", 3, 0);
}

static void free_schemes(struct result_scheme *scheme[3])
{
	for (unsigned i = 0; i < 3; i++)
		free(scheme[i]);
}

static void write_three(const char *to)
{
	struct result_scheme *scheme[3];
	struct result_input input = synthetic_input();

	make_schemes(scheme);
	synthetic_write(to, &input, scheme, 3);
	free_schemes(scheme);
}

START_TEST(a_scheme_comes_back_equal_to_the_bit_and_in_order)
{
	struct result_scheme *scheme[3];
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	make_schemes(scheme);
	synthetic_write(path, &input, scheme, 3);

	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	ck_assert_uint_eq(result_scheme_count(result), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(synthetic_same(result_scheme(result, i), scheme[i]));
	result_close(result);
	free_schemes(scheme);
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

	write_three(path);
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

	write_three(path);
	mallopt(M_PERTURB, 0xa5); /* what new memory holds must not reach the file */
	write_three(other_path);
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

	write_three(path);
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

	write_three(path);
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

	write_three(path);
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

/* ---- files that are not what they should be ---- */

static void expect_refused(const char *file, const char *text)
{
	struct err err = { .kind = ERR_NONE };
	char expected[400];
	struct result *result = result_open(file, &err);

	snprintf(expected, sizeof(expected), "%s: %s", file, text);
	ck_assert_ptr_null(result);
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_str_eq(err.text, expected);
}

START_TEST(a_file_that_is_no_result_says_so)
{
	FILE *file = fopen(path, "w");

	expect_refused("/nowhere.h5", "No such file or directory");
	fputs("scheme,mean\n", file);
	fclose(file);
	expect_refused(path, "not an HDF5 file");
	H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
	expect_refused(path, "an HDF5 file, but not a result of iommusim");
	expect_refused(folder, "not an HDF5 file");
}
END_TEST

/* Applies `change` to a good file and expects the message. */
static void expect_after(void (*change)(hid_t file), const char *text)
{
	write_three(path);
	hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);

	ck_assert_int_ge(file, 0);
	change(file);
	ck_assert_int_ge(H5Fclose(file), 0);
	expect_refused(path, text);
}

static void write_number(hid_t file, const char *object, const char *name, uint64_t value)
{
	hid_t opened = H5Oopen(file, object, H5P_DEFAULT), attribute = H5Aopen(opened, name, H5P_DEFAULT);

	ck_assert_int_ge(H5Awrite(attribute, H5T_NATIVE_UINT64, &value), 0);
	H5Aclose(attribute);
	H5Oclose(opened);
}

static void newer_version(hid_t file)
{
	write_number(file, "/", "format_version", 7);
}

static void no_schemes(hid_t file)
{
	H5Ldelete(file, "/schemes", H5P_DEFAULT);
}

static void no_counter(hid_t file)
{
	H5Ldelete(file, "/schemes/nested/counters/ioctls", H5P_DEFAULT);
}

static void no_capability(hid_t file)
{
	H5Ldelete(file, "/schemes/nested/capabilities/hardware_cap", H5P_DEFAULT);
}

static void no_seed(hid_t file)
{
	H5Adelete_by_name(file, "/input", "seed", H5P_DEFAULT);
}

static void wrong_count(hid_t file)
{
	write_number(file, "/schemes/nested/latency/map", "count", 3);
}

static void wrong_maximum(hid_t file)
{
	write_number(file, "/schemes/nested/latency/map", "max", 3);
}

static void wrong_sum(hid_t file)
{
	write_number(file, "/schemes/nested/latency/map", "sum", 3);
}

static void wrong_width(hid_t file)
{
	write_number(file, "/schemes/nested/series/dma_bytes", "width_ps", 3 * PS_PER_US);
}

static void wrong_cause(hid_t file)
{
	uint64_t cause[RESULT_OPS][RESULT_CAUSES];
	hid_t dataset = H5Dopen2(file, "/schemes/nested/causes", H5P_DEFAULT);

	H5Dread(dataset, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, cause);
	cause[RESULT_UNMAP][CAUSE_EXIT]++;
	H5Dwrite(dataset, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, cause);
	H5Dclose(dataset);
}

static void counter_of_another_type(hid_t file)
{
	hid_t space = H5Screate(H5S_SCALAR);

	H5Ldelete(file, "/schemes/nested/counters/ioctls", H5P_DEFAULT);
	H5Dclose(H5Dcreate2(file, "/schemes/nested/counters/ioctls", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
			    H5P_DEFAULT));
	H5Sclose(space);
}

static void causes_of_another_shape(hid_t file)
{
	hid_t space = H5Screate_simple(1, (hsize_t[]){ 4 }, NULL);

	H5Ldelete(file, "/schemes/nested/causes", H5P_DEFAULT);
	H5Dclose(H5Dcreate2(file, "/schemes/nested/causes", H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT,
			    H5P_DEFAULT));
	H5Sclose(space);
}

START_TEST(a_damaged_result_names_the_object_and_what_is_wrong)
{
	expect_after(newer_version, "result format version 7; this iommusim reads version 3");
	expect_after(no_schemes, "/schemes: is missing");
	expect_after(no_counter, "/schemes/nested/counters/ioctls: is missing");
	expect_after(no_capability, "/schemes/nested/capabilities/hardware_cap: is missing");
	expect_after(no_seed, "/input/seed: the attribute is missing");
	expect_after(wrong_count, "/schemes/nested/latency/map: the buckets do not add up to count");
	expect_after(wrong_maximum, "/schemes/nested/latency/map: min or max is not in the first or the last bucket");
	expect_after(wrong_sum, "/schemes/nested/causes: the parts of map do not add up to the sum of its latencies");
	expect_after(wrong_cause,
		     "/schemes/nested/causes: the parts of unmap do not add up to the sum of its latencies");
	expect_after(wrong_width, "/schemes/nested/series/dma_bytes: width_ps is not 1 us, doubled some times");
	expect_after(
		counter_of_another_type,
		"/schemes/nested/counters/ioctls: the dataset is not readable as unsigned 64-bit numbers (damaged?)");
	expect_after(causes_of_another_shape,
		     "/schemes/nested/causes: the dataset has another shape than this version of the format");
}
END_TEST

static void write_bytes(const char *to, const char *bytes, size_t size)
{
	FILE *file = fopen(to, "wb");

	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

START_TEST(a_cut_file_is_refused)
{
	size_t size;

	write_three(path);
	char *bytes = synthetic_read(path, &size);

	for (size_t cut = 0; cut < size; cut += 1 + size / 20) {
		struct err err = { .kind = ERR_NONE };

		write_bytes(other_path, bytes, cut);
		ck_assert_msg(!result_open(other_path, &err), "cut to %zu of %zu bytes", cut, size);
		ck_assert_ptr_nonnull(strstr(err.text, "other.h5"));
	}
	free(bytes);
}
END_TEST

/* Every byte that means something is under a checksum, or a check of ours. */
START_TEST(a_flipped_bit_is_refused_or_changes_nothing)
{
	struct random random;
	struct result_scheme *scheme[3];
	size_t size;
	unsigned refused = 0;
	const uint64_t seed = 4;
	const unsigned flips = 100;

	write_three(path);
	make_schemes(scheme);
	char *bytes = synthetic_read(path, &size);

	random_init(&random, seed);
	for (unsigned i = 0; i < flips; i++) {
		struct err err = { .kind = ERR_NONE };
		size_t at = (size_t)random_below(&random, size);
		char bit = (char)(1 << random_below(&random, 8));

		bytes[at] = (char)(bytes[at] ^ bit);
		write_bytes(other_path, bytes, size);
		bytes[at] = (char)(bytes[at] ^ bit);

		struct result *result = result_open(other_path, &err);

		if (!result) {
			refused++;
			continue;
		}
		ck_assert_msg(result_scheme_count(result) == 3, "seed %lu, byte %zu", seed, at);
		for (unsigned k = 0; k < 3; k++)
			ck_assert_msg(synthetic_same(result_scheme(result, k), scheme[k]),
				      "seed %lu, byte %zu of %zu: scheme %s reads differently", seed, at, size,
				      scheme[k]->name);
		result_close(result);
	}
	ck_assert_msg(refused > flips / 2, "seed %lu: only %u of %u refused", seed, refused, flips);
	free(bytes);
	free_schemes(scheme);
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
	tcase_add_test(tcase, a_file_that_is_no_result_says_so);
	tcase_add_test(tcase, a_damaged_result_names_the_object_and_what_is_wrong);
	tcase_add_test(tcase, a_cut_file_is_refused);
	tcase_add_test(tcase, a_flipped_bit_is_refused_or_changes_nothing);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
