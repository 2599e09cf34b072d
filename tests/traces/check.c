/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/check.h"

#include <hdf5.h>
#include <inttypes.h>
#include <string.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"

#define NAME(time, call, address) \
	TASK("101", "0", time, call ": 0000:00:04.0 dir=TO_DEVICE dma_addr=" address " size=8 attrs=")
#define MAP(time, start, end) TASK("101", "0", time, "map: IOMMU: iova=0x" start " - 0x" end " paddr=0x5000 size=4096")
#define UNMAP(time, start, end) \
	TASK("101", "0", time, "unmap: IOMMU: iova=0x" start " - 0x" end " size=4096 unmapped_size=4096")

/* Rows: map, map, unmap, map again. */
/* clang-format off */
#define GOOD \
	MAP("1.000000", "1000", "2000") \
	NAME("1.000001", "dma_map_page", "1000") \
	MAP("1.000002", "2000", "3000") \
	NAME("1.000003", "dma_map_page", "2000") \
	TASK("101", "0", "1.000004", "qi_submit: x dmar0: 0x1 0x2 0x3 0x4") \
	TASK("101", "0", "1.000004", "qi_submit: x dmar0: 0x1 0x2 0x3 0x4") \
	UNMAP("1.000005", "1000", "2000") \
	NAME("1.000006", "dma_unmap_page", "1000") \
	MAP("1.000007", "1000", "2000") \
	NAME("1.000008", "dma_map_page", "1000")
/* clang-format on */

/* Checks the file; the report is to be freed. */
static bool check_file(const struct imported *got, char **report)
{
	size_t length;
	struct err err = { .kind = ERR_NONE };
	FILE *out = open_memstream(report, &length);
	bool well = trace_check_file(got->file, out, &err);
	fclose(out);
	ck_assert_msg(err.kind == ERR_NONE, "%s", err.text);
	return well;
}

START_TEST(a_good_trace_is_well)
{
	struct imported got;
	char *report;
	importing_good(&got, GOOD);
	ck_assert(check_file(&got, &report));
	ck_assert_ptr_nonnull(strstr(report, "4 operations, 3 segments, 2 descriptors, 1 devices, 1 CPUs"));
	ck_assert_ptr_nonnull(strstr(report, "all is well"));
	ck_assert_ptr_null(strstr(report, " NO: "));
	free(report);
	importing_end(&got);
}
END_TEST

/* The report of a recording with an anomaly. */
static void expect_anomaly(const char *text, const char *title, const char *example)
{
	struct imported got;
	char *report;
	importing_good(&got, text);
	ck_assert(!check_file(&got, &report));
	ck_assert_msg(strstr(report, title) && strstr(report, example), "%s", report);
	ck_assert_ptr_nonnull(strstr(report, "1 of 12 checks failed"));
	free(report);
	importing_end(&got);
}

START_TEST(anomalies_of_the_recording_are_named_with_row_and_line)
{
	expect_anomaly(GOOD UNMAP("1.000009", "8000", "9000") NAME("1.000010", "dma_unmap_page", "8000"),
		       "every unmap ends a map             NO: 1\n",
		       "      row 4 (source line 11): 0x8000 + 4096 is not mapped in full\n");
	expect_anomaly(GOOD MAP("1.000009", "1000", "2000") NAME("1.000010", "dma_map_page", "1000"),
		       "no map over a live map             NO: 1\n",
		       "      row 4 (source line 11): 0x1000 + 4096 is mapped in part, latest by row 3\n");
	expect_anomaly(GOOD MAP("1.000009", "9000", "a000"), "a device for every map and unmap   NO: 1\n",
		       "      row 4 (source line 11): map of 0x9000 + 4096\n");
	expect_anomaly(GOOD "CPU:0 [LOST 12 EVENTS]\n", "no events lost                     NO: 12\n",
		       "buffer_size_kb");
}
END_TEST

/* Writes one value of a dataset over, or of an attribute of /summary. */
static void poke(const char *path, const char *dataset, uint64_t row, uint64_t value)
{
	hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	if (dataset[0] != '/') {
		hid_t group = H5Gopen2(file, "summary", H5P_DEFAULT), attribute = H5Aopen(group, dataset, H5P_DEFAULT);
		ck_assert_int_ge(H5Awrite(attribute, H5T_NATIVE_UINT64, &value), 0);
		H5Aclose(attribute);
		H5Gclose(group);
	} else {
		hid_t set = H5Dopen2(file, dataset, H5P_DEFAULT), type = H5Dget_type(set), space = H5Dget_space(set);
		hsize_t start = row, count = 1;
		hid_t memory = H5Screate_simple(1, &count, NULL);
		H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL);
		ck_assert_int_ge(H5Dwrite(set, type, memory, space, H5P_DEFAULT, &value), 0);
		H5Sclose(memory);
		H5Sclose(space);
		H5Tclose(type);
		H5Dclose(set);
	}
	H5Fclose(file);
}

START_TEST(seeded_defects_are_found)
{
	static const struct {
		const char *dataset;
		uint64_t row, value;
		const char *finding;
	} DEFECTS[] = {
		{ "/operations/line", 1, 1, "rows in recorded order             NO: 1\n      row 1 (source line 1)" },
		{ "/operations/end", 2, 1, "times within the recording         NO: 1\n      row 2 (source line 7)" },
		{ "/operations/begin", 3, UINT64_C(1) << 50, "times within the recording         NO" },
		{ "/operations/first_segment", 1, 0, "segments tile their maps           NO" },
		{ "/operations/segment_count", 2, 1, "segments tile their maps           NO" },
		{ "/segments/bytes", 1, 8192, "segments tile their maps           NO: 1\n      row 1 (source line 3)" },
		{ "/segments/line", 1, 2, "segments tile their maps           NO: 1\n      row 1 (source line 3)" },
		{ "/segments/iova", 2, 0x4000,
		  "segments tile their maps           NO: 1\n      row 3 (source line 9)" },
		{ "/operations/dma_address", 0, 0x2000,
		  "DMA addresses inside their maps    NO: 1\n      row 0 (source line 1)" },
		{ "/operations/dma_bytes", 0, 4097, "DMA addresses inside their maps    NO" },
		{ "/operations/after", 2, 1, "dependencies (`after`)             NO: 1\n      row 2 (source line 7)" },
		{ "/operations/after", 3, UINT64_MAX,
		  "dependencies (`after`)             NO: 1\n      row 3 (source line 9)" },
		{ "/operations/iova", 2, 0x2000, "no map over a live map             NO" },
		{ "/operations/kind", 3, TRACE_UNMAP, "every unmap ends a map             NO" },
		{ "/descriptors/line", 1, 5,
		  "descriptors in recorded order      NO: 1\n      descriptor 1 (source line 5)" },
		{ "lost_events", 0, 3, "no events lost                     NO: 3" },
		{ "maps", 0, 4, "summary agrees with the rows       NO: 1\n      maps is 4, the rows say 3" },
		{ "live_peak_bytes", 0, 4096, "summary agrees with the rows       NO" },
		{ "unmaps_without_map", 0, 1, "summary agrees with the rows       NO" },
	};
	for (size_t i = 0; i < sizeof(DEFECTS) / sizeof(DEFECTS[0]); i++) {
		struct imported got;
		char *report;
		importing_good(&got, GOOD);
		trace_close(got.trace);
		got.trace = NULL;
		poke(got.file, DEFECTS[i].dataset, DEFECTS[i].row, DEFECTS[i].value);
		ck_assert_msg(!check_file(&got, &report), "%s", DEFECTS[i].dataset);
		ck_assert_msg(strstr(report, DEFECTS[i].finding) != NULL, "%s:\n%s", DEFECTS[i].dataset, report);
		free(report);
		importing_end(&got);
	}
}
END_TEST

START_TEST(only_the_first_few_of_a_kind_are_named)
{
	struct imported got;
	char *report;
	importing_good(&got, MAP("1.000000", "1000", "2000") MAP("1.000001", "5000", "6000")
				     MAP("1.000002", "9000", "a000") MAP("1.000003", "11000", "12000")
					     MAP("1.000004", "15000", "16000") MAP("1.000005", "19000", "1a000"));
	ck_assert(!check_file(&got, &report));
	ck_assert_ptr_nonnull(strstr(report, "a device for every map and unmap   NO: 6\n"));
	ck_assert_ptr_nonnull(strstr(report, "row 3 "));
	ck_assert_ptr_null(strstr(report, "row 4 "));
	free(report);
	importing_end(&got);
}
END_TEST

START_TEST(a_file_that_is_no_trace_is_an_error)
{
	struct err err = { .kind = ERR_NONE };
	ck_assert(!trace_check_file("/nowhere.h5", stderr, &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_good_trace_is_well,
		anomalies_of_the_recording_are_named_with_row_and_line,
		seeded_defects_are_found,
		only_the_first_few_of_a_kind_are_named,
		a_file_that_is_no_trace_is_an_error,
		NULL,
	};
	return suite_run("check", tests);
}
