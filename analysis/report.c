/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/figure_kind.h"
#include "analysis/gnuplot.h"
#include "analysis/report_page.h"
#include "analysis/statistic.h"

#define LABEL_TEXT 160u
#define PATH_TEXT  4096u

struct report {
	const char *folder;
	struct result **result; /* [results] */
	const char **name;      /* [results] */
	size_t results;
	struct shown *shown;       /* [view.count] */
	struct look *look;         /* [view.count] */
	char (*label)[LABEL_TEXT]; /* [view.count]; of several results */
	struct view view;
	struct figure figure[FIGURES_MAX];
	size_t figures;
	char *svg[FIGURES_MAX];
};

/* ---- files ---- */

/* Makes a folder and those above it. */
static bool make_folder(const char *path, struct err *err)
{
	char *part = strdup(path);
	bool ok = part != NULL;

	for (char *c = part; ok && c;) {
		c = strchr(c + 1, '/');
		if (c)
			*c = '\0';
		if (mkdir(part, 0777) != 0 && errno != EEXIST)
			ok = err_set(err, ERR_FILE, "%s: cannot make the folder: %s", part, strerror(errno));
		if (c)
			*c = '/';
	}
	free(part);
	return ok;
}

static bool path_in(char path[PATH_TEXT], const struct report *report, const char *subfolder, const char *name,
		    const char *ending, struct err *err)
{
	int length = snprintf(path, PATH_TEXT, "%s/%s%s%s", report->folder, subfolder, name, ending);

	return (length > 0 && (unsigned)length < PATH_TEXT) ||
	       err_set(err, ERR_FILE, "%s: the path is too long", report->folder);
}

static FILE *file_create(const char *path, struct err *err)
{
	FILE *file = fopen(path, "we");

	if (!file)
		err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
	return file;
}

static bool file_finish(FILE *file, const char *path, struct err *err)
{
	bool failed = ferror(file) != 0;

	failed = fclose(file) != 0 || failed;
	return !failed || err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
}

/* The whole file as text; malloc. */
static char *file_text(const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t length = file ? getdelim(&text, &size, '\0', file) : -1;

	if (file)
		fclose(file);
	if (length > 0)
		return text;
	free(text);
	err_set(err, ERR_FILE, "%s: gnuplot did not draw it", path);
	return NULL;
}

/* ---- what is shown ---- */

/* A result's file name without folder and ending; the whole path where another has the same. */
static const char *name_of(const char *const *path, size_t count, size_t i, char *short_name, size_t size)
{
	const char *base = strrchr(path[i], '/');

	base = base ? base + 1 : path[i];
	for (size_t j = 0; j < count; j++) {
		const char *other = strrchr(path[j], '/');

		if (j != i && strcmp(base, other ? other + 1 : path[j]) == 0)
			return strdup(path[i]);
	}
	snprintf(short_name, size, "%s", base);

	char *ending = strrchr(short_name, '.');

	if (ending && ending > short_name)
		*ending = '\0';
	return strdup(short_name);
}

static bool open_results(struct report *report, const char *const *path, size_t count, struct err *err)
{
	report->result = calloc(count, sizeof(struct result *));
	report->name = calloc(count, sizeof(char *));
	if (!report->result || !report->name)
		return err_set(err, ERR_FILE, "out of memory");
	for (size_t i = 0; i < count; i++) {
		char short_name[256];

		report->result[i] = result_open(path[i], err);
		if (!report->result[i])
			return false;
		report->name[i] = name_of(path, count, i, short_name, sizeof(short_name));
		report->results++;
		if (!report->name[i])
			return err_set(err, ERR_FILE, "out of memory");
		report->view.count += result_scheme_count(report->result[i]);
	}
	return true;
}

static bool choose_view(struct report *report, struct err *err)
{
	size_t count = report->view.count, filled = 0;

	if (count == 0)
		return err_set(err, ERR_FILE, "%s: no scheme to report", result_path(report->result[0]));
	report->shown = calloc(count, sizeof(*report->shown));
	report->look = calloc(count, sizeof(*report->look));
	report->label = calloc(count, sizeof(*report->label));
	if (!report->shown || !report->look || !report->label)
		return err_set(err, ERR_FILE, "out of memory");
	for (size_t i = 0; i < report->results; i++)
		for (size_t j = 0; j < result_scheme_count(report->result[i]); j++, filled++) {
			const struct result_scheme *scheme = result_scheme(report->result[i], j);

			if (report->results == 1)
				snprintf(report->label[filled], LABEL_TEXT, "%s", scheme->name);
			else
				snprintf(report->label[filled], LABEL_TEXT, "%s/%s", report->name[i], scheme->name);
			/* gnuplot does not read a double quote inside a field of a CSV file. */
			for (char *c = strchr(report->label[filled], '"'); c; c = strchr(c, '"'))
				*c = '\'';
			report->shown[filled] = (struct shown){ .scheme = scheme,
								.label = report->label[filled],
								.result = report->result[i] };
		}
	look_choose(report->shown, count, report->look);
	report->view = (struct view){ .shown = report->shown, .look = report->look, .count = count };
	report->view.sweeps = point_sweeps(report->shown, count, report->view.sweep);
	report->figures = figure_list(&report->view, report->figure);
	return true;
}

/* ---- data ---- */

/* Columns that say which run a row is of: the scheme, and what is swept. */
static void run_header(FILE *out, const struct view *view)
{
	fputs("scheme", out);
	for (size_t k = 0; k < view->sweeps; k++)
		fprintf(out, ",%s", view->sweep[k]);
}

static void run_columns(FILE *out, const struct view *view, size_t i)
{
	csv_text(out, view->shown[i].label);
	for (size_t k = 0; k < view->sweeps; k++) {
		const char *text = point_value(&view->shown[i], view->sweep[k]).text;

		fputc(',', out);
		csv_text(out, text ? text : "");
	}
}

static void write_latency(FILE *out, const struct view *view)
{
	char digits[QUANTITY_TEXT];

	run_header(out, view);
	fputs(",operation,count,sum_ps", out);
	for (unsigned k = STATISTIC_COUNT + 1; k < STATISTICS; k++)
		fprintf(out, ",%s_ps", statistic_names[k]);
	fputs("\n", out);
	for (unsigned op = 0; op < RESULT_OPS; op++)
		for (size_t i = 0; i < view->count; i++) {
			const struct histogram *histogram = &view->shown[i].scheme->latency[op];

			if (histogram->count == 0)
				continue;
			quantity_digits(digits, histogram->sum_ps);
			run_columns(out, view, i);
			fprintf(out, ",%s,%" PRIu64 ",%s", result_op_names[op], histogram->count, digits);
			for (unsigned k = STATISTIC_COUNT + 1; k < STATISTICS; k++)
				fprintf(out, ",%" PRIu64, statistic(histogram, k));
			fputs("\n", out);
		}
}

static void write_causes(FILE *out, const struct view *view)
{
	run_header(out, view);
	fputs(",operation,cause,sum_ps\n", out);
	for (unsigned op = 0; op < RESULT_OPS; op++)
		for (size_t i = 0; i < view->count; i++)
			for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
				uint64_t sum_ps = view->shown[i].scheme->cause_ps[op][cause];

				if (sum_ps == 0)
					continue;
				run_columns(out, view, i);
				fprintf(out, ",%s,%s,%" PRIu64 "\n", result_op_names[op], result_cause_names[cause],
					sum_ps);
			}
}

static void write_counters(FILE *out, const struct view *view)
{
	run_header(out, view);
	fputs(",counter,value,unit\n", out);
	for (size_t i = 0; i < view->count; i++)
		for (unsigned k = 0; k < RESULT_COUNTERS; k++) {
			run_columns(out, view, i);
			fprintf(out, ",%s,%" PRIu64 ",%s\n", result_counter_info[k].name,
				view->shown[i].scheme->counter[k], result_counter_info[k].unit);
		}
}

static void write_capabilities(FILE *out, const struct view *view)
{
	run_header(out, view);
	fputs(",register,value\n", out);
	for (size_t i = 0; i < view->count; i++)
		for (unsigned k = 0; k < RESULT_CAPABILITIES; k++) {
			run_columns(out, view, i);
			fprintf(out, ",%s,0x%016" PRIx64 "\n", result_capability_info[k].name,
				view->shown[i].scheme->capability[k]);
		}
}

static bool write_data(const struct report *report, struct err *err)
{
	static const struct {
		const char *name;
		void (*write)(FILE *out, const struct view *view);
	} table[] = { { "latency", write_latency },
		      { "causes", write_causes },
		      { "counters", write_counters },
		      { "capabilities", write_capabilities } };
	char path[PATH_TEXT];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		FILE *file = path_in(path, report, "data/", table[i].name, ".csv", err) ? file_create(path, err) : NULL;

		if (!file)
			return false;
		table[i].write(file, &report->view);
		if (!file_finish(file, path, err))
			return false;
	}
	return true;
}

/* ---- figures and page ---- */

static bool write_part(const struct report *report, const struct figure *figure, const char *subfolder,
		       const char *ending,
		       void (*write)(FILE *out, const struct figure *figure, const struct view *view), struct err *err)
{
	char path[PATH_TEXT];
	FILE *file = path_in(path, report, subfolder, figure->name, ending, err) ? file_create(path, err) : NULL;

	if (!file)
		return false;
	write(file, figure, &report->view);
	return file_finish(file, path, err);
}

static bool draw(struct report *report, size_t i, struct err *err)
{
	const struct figure *figure = &report->figure[i];
	char plots[PATH_TEXT], svg[PATH_TEXT], script[sizeof(figure->name) + sizeof(".gp")];

	if ((figure_has_data(figure) && !write_part(report, figure, "data/", ".csv", figure_write_data, err)) ||
	    !write_part(report, figure, "plots/", ".gp", figure_write_script, err) ||
	    !path_in(plots, report, "plots", "", "", err) || !path_in(svg, report, "plots/", figure->name, ".svg", err))
		return false;
	snprintf(script, sizeof(script), "%s.gp", figure->name);
	if (!gnuplot_run(plots, script, err))
		return false;
	report->svg[i] = file_text(svg, err);
	return report->svg[i] != NULL;
}

static bool write_page(const struct report *report, struct err *err)
{
	struct page page = {
		.view = &report->view,
		.figure = report->figure,
		.figures = report->figures,
		.svg = report->svg,
		.result = report->result,
		.name = report->name,
		.results = report->results,
	};
	char path[PATH_TEXT];
	FILE *file = path_in(path, report, "", "index", ".html", err) ? file_create(path, err) : NULL;

	if (!file)
		return false;
	report_page_write(file, &page);
	return file_finish(file, path, err);
}

static bool make_folders(const struct report *report, struct err *err)
{
	char path[PATH_TEXT];

	return path_in(path, report, "data", "", "", err) && make_folder(path, err) &&
	       path_in(path, report, "plots", "", "", err) && make_folder(path, err);
}

static void report_fini(struct report *report)
{
	for (size_t i = 0; i < report->results; i++) {
		result_close(report->result[i]);
		free((char *)report->name[i]);
	}
	for (size_t i = 0; i < report->figures; i++)
		free(report->svg[i]);
	free(report->result);
	free(report->name);
	free(report->shown);
	free(report->look);
	free(report->label);
}

bool report_write(const char *const *result_paths, size_t count, const char *folder, struct err *err)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return err_set(err, ERR_FILE, "out of memory");
	report->folder = folder;

	bool ok = count > 0 || err_set(err, ERR_USAGE, "a report needs a result file");

	ok = ok && open_results(report, result_paths, count, err) && choose_view(report, err) &&
	     make_folders(report, err) && write_data(report, err);
	for (size_t i = 0; ok && i < report->figures; i++)
		ok = draw(report, i, err);
	ok = ok && write_page(report, err);
	report_fini(report);
	free(report);
	return ok;
}
