/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/report.h"
#include "analysis/statistic.h"
#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

static char folder[64];
static char path[128], report[128];

static void setup(void)
{
	synthetic_folder(folder);
	snprintf(path, sizeof(path), "%s/run.h5", folder);
	snprintf(report, sizeof(report), "%s/a/report", folder);
}

static void teardown(void)
{
	synthetic_remove(folder);
}

static bool gnuplot_present(void)
{
	return system("gnuplot --version >/dev/null 2>&1") == 0;
}

/* A file of the report; the caller frees. */
static char *file_of(const char *in, const char *name)
{
	char file[256];
	size_t size;

	snprintf(file, sizeof(file), "%s/%s", in, name);
	return synthetic_read(file, &size);
}

static void write_realistic(struct result_scheme *scheme[SYNTHETIC_REALISTIC])
{
	struct result_input input = synthetic_input();

	for (unsigned i = 0; i < SYNTHETIC_REALISTIC; i++)
		scheme[i] = synthetic_realistic(i);
	synthetic_write(path, &input, scheme, SYNTHETIC_REALISTIC);
}

static void free_realistic(struct result_scheme *scheme[SYNTHETIC_REALISTIC])
{
	for (unsigned i = 0; i < SYNTHETIC_REALISTIC; i++)
		free(scheme[i]);
}

/* A result of a single map and some locked memory: few figures. */
static void write_small(const char *name)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));
	struct result_input input = synthetic_input();

	result_scheme_init(scheme, name, "translation=nested");
	for (unsigned i = 0; i < 1500; i++)
		result_operation(
			scheme, RESULT_MAP,
			(ps_t[RESULT_CAUSES]){ [CAUSE_GUEST_CPU] = 200000 + 100 * i, [CAUSE_TABLE] = i == 0 ? 1 : 0 });
	series_record(&scheme->series[RESULT_LOCKED_BYTES], 5 * PS_PER_US, 4096);
	synthetic_write(path, &input, &scheme, 1);
	free(scheme);
}

/* ---- tables ---- */

/* The value of `column` in the CSV row that begins with `row`. */
static uint64_t csv_value(const char *csv, const char *row, const char *column)
{
	char *header = strndup(csv, strcspn(csv, "\n"));
	char start[200];
	unsigned index = 0, found = UINT32_MAX;

	for (char *save, *field = strtok_r(header, ",", &save); field; field = strtok_r(NULL, ",", &save), index++)
		if (strcmp(field, column) == 0)
			found = index;
	free(header);
	ck_assert_msg(found != UINT32_MAX, "no column %s", column);

	snprintf(start, sizeof(start), "\n%s,", row);
	const char *at = strstr(csv, start);

	ck_assert_msg(at, "no row %s", row);
	for (at++; found > 0; found--)
		at = strchr(at, ',') + 1;
	return strtoull(at, NULL, 10);
}

static void check_latency_csv(struct result_scheme *const *scheme)
{
	char *csv = file_of(report, "data/latency.csv");
	char row[100], column[32];

	for (unsigned i = 0; i < SYNTHETIC_REALISTIC; i++)
		for (unsigned op = 0; op < RESULT_OPS; op++) {
			const struct histogram *histogram = &scheme[i]->latency[op];

			snprintf(row, sizeof(row), "%s,%s", scheme[i]->name, result_op_names[op]);
			if (histogram->count == 0) {
				ck_assert_ptr_null(strstr(csv, row));
				continue;
			}
			ck_assert_uint_eq(csv_value(csv, row, "count"), histogram->count);
			ck_assert_uint_eq(csv_value(csv, row, "sum_ps"), (uint64_t)histogram->sum_ps);
			for (unsigned k = STATISTIC_COUNT + 1; k < STATISTICS; k++) {
				snprintf(column, sizeof(column), "%s_ps", statistic_names[k]);
				ck_assert_uint_eq(csv_value(csv, row, column), statistic(histogram, k));
			}
		}
	free(csv);
}

static void check_causes_csv(struct result_scheme *const *scheme)
{
	char *csv = file_of(report, "data/causes.csv");
	char row[100];
	u128_t sum = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		snprintf(row, sizeof(row), "nested,unmap,%s", result_cause_names[cause]);
		if (strstr(csv, row))
			sum += csv_value(csv, row, "sum_ps");
	}
	ck_assert(sum == scheme[2]->latency[RESULT_UNMAP].sum_ps);
	free(csv);
}

static void check_capabilities_csv(struct result_scheme *const *scheme)
{
	char *csv = file_of(report, "data/capabilities.csv");
	char row[100];

	snprintf(row, sizeof(row), "\nnested,hardware_ecap,0x%016" PRIx64 "\n",
		 scheme[2]->capability[CAPABILITY_HARDWARE_EXTENDED]);
	ck_assert_ptr_nonnull(strstr(csv, row));
	free(csv);
}

/* Rows of one scheme: latencies rise, the count rises to all. */
static void check_cdf_csv(struct result_scheme *const *scheme)
{
	char *csv = file_of(report, "data/cdf-unmap.csv");
	uint64_t before = 0, before_count = 0, of = 0;
	unsigned rows = 0;

	for (char *save, *line = strtok_r(csv, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t latency, count;

		if (sscanf(line, "nested,%" SCNu64 ",%" SCNu64 ",%" SCNu64, &latency, &count, &of) != 3)
			continue;
		ck_assert_uint_ge(latency, before);
		ck_assert_msg(rows == 0 ? count == 0 : count > before_count, "row %u", rows);
		before = latency;
		before_count = count;
		rows++;
	}
	ck_assert_uint_gt(rows, 10);
	ck_assert_uint_eq(before, scheme[2]->latency[RESULT_UNMAP].max_ps);
	ck_assert_uint_eq(before_count, scheme[2]->latency[RESULT_UNMAP].count);
	ck_assert_uint_eq(of, before_count);
	free(csv);
}

/* Locked memory in the figure's steps never exceeds the peak, and reaches it. */
static void check_series_csv(struct result_scheme *const *scheme)
{
	char *csv = file_of(report, "data/locked-memory.csv");
	uint64_t largest = 0;

	for (char *save, *line = strtok_r(csv, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t date, value, width;

		if (sscanf(line, "pin-on-map,%" SCNu64 ",%" SCNu64 ",%" SCNu64, &date, &value, &width) != 3)
			continue;
		ck_assert_uint_eq(date % width, 0);
		largest = value > largest ? value : largest;
	}
	ck_assert_uint_eq(largest, scheme[4]->counter[COUNT_LOCKED_PEAK_BYTES]);
	free(csv);
}

/* ---- the page ---- */

static unsigned occurrences(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

static void check_page_fetches_nothing(const char *page)
{
	static const char *const fetching[] = { "http:", "https:",  "file:",   "src=",    "srcset=",
						"<link", "<script", "<iframe", "<object", "<embed",
						"<img",  "<image",  "@import", "url(",    "xlink" };

	for (size_t i = 0; i < sizeof(fetching) / sizeof(fetching[0]); i++)
		ck_assert_msg(!strstr(page, fetching[i]), "the page has %s", fetching[i]);
}

static void check_page_is_closed(const char *page)
{
	static const char *const tag[] = { "html",    "head", "body", "main",   "section",    "table", "thead", "tbody",
					   "tr",      "th",   "td",   "figure", "figcaption", "svg",   "g",     "text",
					   "details", "pre",  "dl",   "dt",     "dd",         "style" };

	for (size_t i = 0; i < sizeof(tag) / sizeof(tag[0]); i++) {
		char open[16], open_with[16], close[16];

		snprintf(open, sizeof(open), "<%s>", tag[i]);
		snprintf(open_with, sizeof(open_with), "<%s ", tag[i]);
		snprintf(close, sizeof(close), "</%s>", tag[i]);
		ck_assert_msg(occurrences(page, open) + occurrences(page, open_with) == occurrences(page, close),
			      "%s: %u and %u opened, %u closed", tag[i], occurrences(page, open),
			      occurrences(page, open_with), occurrences(page, close));
	}
}

static void check_page(void)
{
	char *page = file_of(report, "index.html");

	check_page_fetches_nothing(page);
	check_page_is_closed(page);
	ck_assert_ptr_nonnull(strstr(page, "<title>NVMe random reads, 4 vCPUs</title>"));
	ck_assert_ptr_nonnull(strstr(page, "title: &quot;NVMe &lt;random&gt; reads &amp; more&quot;"));
	ck_assert_ptr_nonnull(strstr(page, "[PB] effective capacity on Broadwell, best fit"));
	ck_assert_ptr_nonnull(strstr(page, "0123456789abcdef"));
	ck_assert_uint_gt(occurrences(page, "</i>pin-on-map</th>"), 5);
	free(page);
}

START_TEST(a_report_holds_its_page_its_data_its_scripts_and_its_figures)
{
	static const char *const op[] = { "map", "unmap", "dma_read", "dma_write", "translate_miss" };
	static const char *const kind[] = { "cdf", "tail", "percentiles", "causes" };
	static const char *const whole[] = { "locked-memory", "iotlb-hit-rate", "throughput" };
	struct result_scheme *scheme[SYNTHETIC_REALISTIC];
	struct err err = { .kind = ERR_NONE };
	char name[100], first[100];

	if (!gnuplot_present())
		return;
	write_realistic(scheme);
	ck_assert_msg(report_write((const char *[]){ path }, 1, report, &err), "%s", err.text);
	for (size_t i = 0; i < sizeof(op) / sizeof(op[0]) * 4 + 3; i++) {
		snprintf(name, sizeof(name), "plots/%s%s%s.svg", i < 20 ? kind[i % 4] : whole[i - 20],
			 i < 20 ? "-" : "", i < 20 ? op[i / 4] : "");
		char *svg = file_of(report, name);

		ck_assert_msg(strstr(svg, "</svg>") && strstr(svg, "pin-on-map"), "%s", name);
		free(svg);
		strcpy(strrchr(name, '.'), ".gp");
		char *script = file_of(report, name);

		snprintf(first, sizeof(first), "# In this folder:  gnuplot %s\n", strchr(name, '/') + 1);
		ck_assert_msg(strncmp(script, first, strlen(first)) == 0, "%s", script);
		ck_assert_ptr_null(strstr(script, folder));
		free(script);
	}
	check_latency_csv(scheme);
	check_causes_csv(scheme);
	check_capabilities_csv(scheme);
	check_cdf_csv(scheme);
	check_series_csv(scheme);
	check_page();
	free_realistic(scheme);
}
END_TEST

START_TEST(the_same_result_gives_the_same_report_and_a_script_by_hand_the_same_figure)
{
	static const char *const name[] = { "index.html",        "data/cdf-map.csv",     "plots/cdf-map.gp",
					    "plots/cdf-map.svg", "plots/causes-map.svg", "plots/locked-memory.svg" };
	char again[128], command[300];
	struct err err = { .kind = ERR_NONE };

	if (!gnuplot_present())
		return;
	snprintf(again, sizeof(again), "%s/again", folder);
	write_small("nested");
	ck_assert_msg(report_write((const char *[]){ path }, 1, report, &err), "%s", err.text);
	ck_assert_msg(report_write((const char *[]){ path }, 1, again, &err), "%s", err.text);
	snprintf(command, sizeof(command), "cd %s/plots && rm *.svg && for script in *.gp; do gnuplot $script; done",
		 again);
	ck_assert_int_eq(system(command), 0);
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		char *a = file_of(report, name[i]), *b = file_of(again, name[i]);

		ck_assert_msg(strcmp(a, b) == 0, "%s differs", name[i]);
		free(a);
		free(b);
	}
}
END_TEST

START_TEST(a_name_with_every_quote_goes_through_csv_script_and_page)
{
	struct err err = { .kind = ERR_NONE };

	if (!gnuplot_present())
		return;
	write_small("a'b,\"c\" %d <e>&");
	ck_assert_msg(report_write((const char *[]){ path }, 1, report, &err), "%s", err.text);
	char *csv = file_of(report, "data/latency.csv"), *svg = file_of(report, "plots/cdf-map.svg"),
	     *bars = file_of(report, "plots/causes-map.svg"), *page = file_of(report, "index.html");

	ck_assert_ptr_nonnull(strstr(csv, "\n\"a'b,'c' %d <e>&\",map,1500,"));
	ck_assert_ptr_nonnull(strstr(svg, "<text>a'b,'c' %d &lt;e>&amp;</text>"));
	ck_assert_uint_gt(occurrences(svg, " L"), 30); /* its curve is drawn */
	ck_assert_ptr_nonnull(strstr(bars, "a'b,'c' %d &lt;e>&amp;"));
	ck_assert_ptr_nonnull(strstr(page, "a'b,'c' %d &lt;e&gt;&amp;</th>"));
	ck_assert_ptr_nonnull(strstr(page, "<td>&lt;0.1%</td>"));
	check_page_is_closed(page);
	free(csv);
	free(svg);
	free(bars);
	free(page);
}
END_TEST

START_TEST(schemes_of_several_results_carry_the_name_of_theirs)
{
	char other[128];
	struct err err = { .kind = ERR_NONE };

	if (!gnuplot_present())
		return;
	snprintf(other, sizeof(other), "%s/slow.disk.h5", folder);
	write_small("nested");
	ck_assert_int_eq(rename(path, other), 0);
	write_small("nested");
	ck_assert_msg(report_write((const char *[]){ path, other }, 2, report, &err), "%s", err.text);
	char *csv = file_of(report, "data/latency.csv"), *page = file_of(report, "index.html");

	ck_assert_ptr_nonnull(strstr(csv, "\nrun/nested,map,"));
	ck_assert_ptr_nonnull(strstr(csv, "\nslow.disk/nested,map,"));
	ck_assert_ptr_nonnull(strstr(page, "<h3>slow.disk</h3>"));
	free(csv);
	free(page);
}
END_TEST

/* ---- errors ---- */

START_TEST(a_missing_gnuplot_is_an_error_that_says_so)
{
	struct err err = { .kind = ERR_NONE };

	write_small("nested");
	setenv("PATH", folder, 1);
	ck_assert(!report_write((const char *[]){ path }, 1, report, &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_str_eq(err.text, "gnuplot is not installed, or not in PATH; a report needs it for its plots");
}
END_TEST

START_TEST(what_gnuplot_says_when_it_fails_is_passed_on)
{
	char fake[128], expected[300];
	struct err err = { .kind = ERR_NONE };

	write_small("nested");
	snprintf(fake, sizeof(fake), "%s/gnuplot", folder);
	FILE *file = fopen(fake, "w");

	fputs("#!/bin/sh\necho 'line 3:'\necho '   no such terminal' >&2\nexit 1\n", file);
	fclose(file);
	chmod(fake, 0755);
	setenv("PATH", folder, 1);
	ck_assert(!report_write((const char *[]){ path }, 1, report, &err));
	snprintf(expected, sizeof(expected), "gnuplot failed on %s/plots/cdf-map.gp: line 3: no such terminal ",
		 report);
	ck_assert_str_eq(err.text, expected);
}
END_TEST

START_TEST(a_gnuplot_that_draws_nothing_is_an_error)
{
	char fake[128];
	struct err err = { .kind = ERR_NONE };

	write_small("nested");
	snprintf(fake, sizeof(fake), "%s/gnuplot", folder);
	FILE *file = fopen(fake, "w");

	fputs("#!/bin/sh\nexit 0\n", file);
	fclose(file);
	chmod(fake, 0755);
	setenv("PATH", folder, 1);
	ck_assert(!report_write((const char *[]){ path }, 1, report, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "cdf-map.svg: gnuplot did not draw it"));
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_named)
{
	char below[200], expected[300];
	struct err err = { .kind = ERR_NONE };

	write_small("nested");
	snprintf(below, sizeof(below), "%s/report", path); /* below a file */
	ck_assert(!report_write((const char *[]){ path }, 1, below, &err));
	snprintf(expected, sizeof(expected), "%s: cannot make the folder: Not a directory", below);
	ck_assert_str_eq(err.text, expected);
	err = (struct err){ .kind = ERR_NONE };
	ck_assert(!report_write((const char *[]){ "/nowhere.h5" }, 1, report, &err));
	ck_assert_str_eq(err.text, "/nowhere.h5: No such file or directory");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_report_holds_its_page_its_data_its_scripts_and_its_figures);
	tcase_add_test(tcase, the_same_result_gives_the_same_report_and_a_script_by_hand_the_same_figure);
	tcase_add_test(tcase, a_name_with_every_quote_goes_through_csv_script_and_page);
	tcase_add_test(tcase, schemes_of_several_results_carry_the_name_of_theirs);
	tcase_add_test(tcase, a_missing_gnuplot_is_an_error_that_says_so);
	tcase_add_test(tcase, what_gnuplot_says_when_it_fails_is_passed_on);
	tcase_add_test(tcase, a_gnuplot_that_draws_nothing_is_an_error);
	tcase_add_test(tcase, a_folder_that_cannot_be_made_is_named);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
