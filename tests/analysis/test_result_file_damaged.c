/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not what a result should be: each is refused with the object and what is wrong. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

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
	synthetic_write_three(path);
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
	expect_after(newer_version, "result format version 7; this iommusim reads version 5");
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

	synthetic_write_three(path);
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

	synthetic_write_three(path);
	synthetic_three(scheme);
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
	synthetic_three_free(scheme);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result_file_damaged");
	TCase *tcase = tcase_create("result_file_damaged");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_file_that_is_no_result_says_so);
	tcase_add_test(tcase, a_damaged_result_names_the_object_and_what_is_wrong);
	tcase_add_test(tcase, a_cut_file_is_refused);
	tcase_add_test(tcase, a_flipped_bit_is_refused_or_changes_nothing);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
