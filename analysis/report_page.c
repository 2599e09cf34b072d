/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "analysis/report_page.h"

#include <ctype.h>
#include <string.h>

#include "analysis/embedded.h"

static void html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void element(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>", tag);
	html_text(out, text);
	fprintf(out, "</%s>", tag);
}

/* ---- tables ---- */

static void scheme_label(FILE *out, const struct view *view, size_t i)
{
	fprintf(out, "<i style=\"background:%s\"></i>", view->look[i].colour);
	html_text(out, view->shown[i].label);
}

/* The terminal's "us" is "µs" here. */
static void write_cell(FILE *out, const char *text)
{
	size_t length = strlen(text);

	if (length > 3 && strcmp(text + length - 3, " us") == 0)
		fprintf(out, "<td>%.*sµs</td>", (int)(length - 2), text); /* digits */
	else
		element(out, "td", text);
}

static void write_grid(FILE *out, const struct page *page, struct grid *grid, const char *caption)
{
	if (!grid)
		return;
	fputs("<div class=\"table\"><table>\n", out);
	element(out, "caption", caption);
	fputs("\n<thead><tr><th scope=\"col\">scheme</th>", out);
	for (size_t column = 0; column < grid->columns; column++) {
		fputs("<th scope=\"col\">", out);
		for (const char *c = grid->heading[column]; *c; c++)
			fputc(*c == '\n' || *c == '_' ? ' ' : *c, out);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t row = 0; row < grid->rows; row++) {
		fputs("<tr><th scope=\"row\">", out);
		scheme_label(out, page->view, row);
		fputs("</th>", out);
		for (size_t column = 0; column < grid->columns; column++)
			write_cell(out, grid->cell[row * grid->columns + column]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	grid_destroy(grid);
}

/* ---- figures ---- */

static bool line_has(const char *line, size_t length, const char *what)
{
	return memmem(line, length, what, strlen(what)) != NULL;
}

/* The drawing alone: no prologue, no name spaces, no names; definitions, of point symbols, where they are used. */
static void write_svg(FILE *out, const char *svg, const char *label, bool has_symbols)
{
	const char *line = strstr(svg, "<g id=\"gnuplot_canvas\">");
	const char *box = strstr(svg, "viewBox="), *end = box ? strchr(box, '\n') : NULL;
	bool definitions = false;

	if (!line || !end)
		return;
	fprintf(out, "<svg %.*s role=\"img\" aria-label=\"", (int)(end - box), box);
	html_text(out, label);
	fputs("\">\n", out);
	while (*line) {
		size_t length = strcspn(line, "\n");

		if (line_has(line, length, "<defs>"))
			definitions = true;
		if (line_has(line, length, "<g id="))
			fputs("<g>\n", out);
		else if ((!definitions || has_symbols) && length > 0)
			fprintf(out, "%.*s\n", (int)length, line);
		if (line_has(line, length, "</defs>"))
			definitions = false;
		line += length + (line[length] == '\n');
	}
}

static void write_figures(FILE *out, const struct page *page, enum result_op op)
{
	bool any = false;

	for (size_t i = 0; i < page->figures; i++) {
		const struct figure *figure = &page->figure[i];

		if (figure->op != op)
			continue;
		fputs(any ? "" : "<div class=\"figures\">\n", out);
		any = true;
		fputs("<figure>\n", out);
		write_svg(out, page->svg[i], figure->title, page->view->sweeps > 0);
		fprintf(out,
			"<figcaption>data/%s.csv, drawn by <code>cd plots &amp;&amp; gnuplot "
			"%s.gp</code></figcaption></figure>\n",
			figure->data, figure->name);
	}
	fputs(any ? "</div>\n" : "", out);
}

/* ---- sections ---- */

static const char *const op_meaning[RESULT_OPS] = {
	[RESULT_MAP] = "From the guest driver's call to its return with a usable IOVA.",
	[RESULT_UNMAP] = "From the guest driver's call to its return, the translation gone or queued to go.",
	[RESULT_DMA_READ] = "One TLP: request on the link to the last byte back.",
	[RESULT_DMA_WRITE] = "One TLP: to its write being globally visible.",
	[RESULT_TRANSLATE_HIT] = "Inside the IOMMU: request seen to address known.",
	[RESULT_TRANSLATE_MISS] = "Inside the IOMMU: request seen to address known, walk and waiting included.",
	[RESULT_INVALIDATE] = "One queue submission of the guest: from asking for the lock to its status seen.",
	[RESULT_REGISTER] = "Pinning or registering guest memory before the device may start.",
	[RESULT_ATTACH] = "A device attached to its domain.",
	[RESULT_FAULT] = "Requests that the IOMMU refused.",
	[RESULT_UNPLUG] = "A block of memory that the guest gave back: the host's calls for it.",
	[RESULT_HOST_ACCESS] = "The host's access to guest memory for a mediated device: asked to done.",
	[RESULT_BLACKOUT] = "From the guest's virtual CPUs being asked to stop to their going on.",
};

/* With a capital first letter. */
static void heading(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>%c", tag, toupper((unsigned char)text[0]));
	html_text(out, text + 1);
	fprintf(out, "</%s>", tag);
}

static void write_operation(FILE *out, const struct page *page, enum result_op op)
{
	const struct view *view = page->view;
	struct grid *latency = grid_of_latency(view->shown, view->count, op);

	if (!latency)
		return;
	fprintf(out, "<section id=\"%s\">\n", result_op_names[op]);
	heading(out, "h2", figure_op_names[op]);
	element(out, "p", op_meaning[op]);
	fputs("<div class=\"tables\">\n", out);
	write_grid(out, page, latency, "Latency");
	write_grid(out, page, grid_of_causes(view->shown, view->count, op), "Share of each cause");
	fputs("</div>\n", out);
	write_figures(out, page, op);
	fputs("</section>\n", out);
}

static void write_schemes(FILE *out, const struct page *page)
{
	fputs("<dl class=\"schemes\">\n", out);
	for (size_t i = 0; i < page->view->count; i++) {
		if (i > 0 && strcmp(page->view->shown[i].label, page->view->shown[i - 1].label) == 0)
			continue; /* at another point */
		fputs("<dt>", out);
		scheme_label(out, page->view, i);
		fputs("</dt>", out);
		element(out, "dd", page->view->shown[i].scheme->axes);
		fputs("\n", out);
	}
	fputs("</dl>\n", out);
}

static void write_failures(FILE *out, const struct result *result)
{
	char point[240];

	for (size_t i = 0; i < result_failure_count(result); i++) {
		struct result_failure failure = result_failure(result, i);

		point_text(result, failure.point, point, sizeof(point));
		fputs("<p><strong>Failed, and not on this page: ", out);
		html_text(out, failure.scheme);
		html_text(out, point[0] ? " at " : "");
		html_text(out, point);
		fputs("</strong>: ", out);
		html_text(out, failure.problem);
		fputs("</p>\n", out);
	}
}

static void write_parameters(FILE *out, const struct result *result)
{
	if (result_parameter_count(result) == 0)
		return;
	fprintf(out,
		"<details><summary>%zu parameters</summary><div class=\"table\"><table class=\"text\">\n"
		"<thead><tr><th>name</th><th>value</th><th>unit</th><th>source</th></tr></thead>\n<tbody>\n",
		result_parameter_count(result));
	for (size_t i = 0; i < result_parameter_count(result); i++) {
		struct result_parameter parameter = result_parameter(result, i);

		fputs("<tr>", out);
		element(out, "th", parameter.name);
		element(out, "td", parameter.value);
		element(out, "td", parameter.unit);
		element(out, "td", parameter.source);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></details>\n", out);
}

static void write_text(FILE *out, const char *summary, const char *text)
{
	if (!text[0])
		return;
	fputs("<details>", out);
	element(out, "summary", summary);
	element(out, "pre", text);
	fputs("</details>\n", out);
}

static void write_input(FILE *out, const struct page *page, size_t i)
{
	static const struct {
		const char *label, *attribute;
	} field[] = {
		{ "Scenario", "scenario_path" },
		{ "Profile", "profile_name" },
		{ "Trace", "trace_path" },
		{ "CRC-64 of the trace", "trace_crc64" },
		{ "Seed", "seed" },
		{ "iommusim", "version" },
	};
	const struct result *result = page->result[i];

	if (page->results > 1)
		element(out, "h3", page->name[i]);
	fputs("<dl>\n", out);
	for (size_t k = 0; k < sizeof(field) / sizeof(field[0]); k++) {
		const char *value = result_attribute(result, field[k].attribute);

		if (!value[0])
			continue;
		element(out, "dt", field[k].label);
		element(out, "dd", value);
		fputs("\n", out);
	}
	fputs("</dl>\n", out);
	write_parameters(out, result);
	write_text(out, "Specification of the made trace", result_attribute(result, "trace_text"));
	write_text(out, "Scenario file", result_attribute(result, "scenario_text"));
	write_text(out, "Timing profile", result_attribute(result, "profile_text"));
}

static void write_navigation(FILE *out, const struct page *page)
{
	fputs("<nav><a href=\"#machine\">machine</a>", out);
	for (unsigned op = 0; op < RESULT_OPS; op++) {
		bool any = false;

		for (size_t i = 0; i < page->view->count; i++)
			any = any || page->view->shown[i].scheme->latency[op].count > 0;
		if (any) /* names of ours: nothing to escape */
			fprintf(out, " <a href=\"#%s\">%s</a>", result_op_names[op], figure_op_names[op]);
	}
	fputs(" <a href=\"#input\">input</a></nav>\n", out);
}

static const char *page_title(const struct page *page)
{
	const char *title = result_attribute(page->result[0], "title");

	return page->results == 1 && title[0] ? title : page->results == 1 ? page->name[0] : "Comparison of results";
}

void report_page_write(FILE *out, const struct page *page)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n",
	      out);
	element(out, "title", page_title(page));
	fprintf(out, "\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", embedded_report_css);
	element(out, "h1", page_title(page));
	fputs("<p>What a DMA mapping costs, and what a DMA access costs, under each scheme. Simulated by "
	      "iommusim.</p>\n",
	      out);
	write_navigation(out, page);
	fputs("</header>\n<main>\n<section id=\"machine\">\n<h2>Machine</h2>\n", out);
	for (size_t i = 0; i < page->results; i++)
		write_failures(out, page->result[i]);
	write_schemes(out, page);
	write_grid(out, page, grid_of_machine(page->view->shown, page->view->count), "Whole run");
	write_grid(out, page, grid_of_update(page->view->shown, page->view->count), "Host software replaced");
	write_grid(out, page, grid_of_memory(page->view->shown, page->view->count), "Memory of guests in the host");
	write_grid(out, page, grid_of_hypercalls(page->view->shown, page->view->count),
		   "Hypercalls and frozen devices");
	write_figures(out, page, RESULT_OPS);
	fputs("</section>\n", out);
	for (unsigned op = 0; op < RESULT_OPS; op++)
		write_operation(out, page, (enum result_op)op);
	fputs("<section id=\"input\">\n<h2>Input</h2>\n", out);
	for (size_t i = 0; i < page->results; i++)
		write_input(out, page, i);
	fputs("<p>Every number of this page is in <code>data/latency.csv</code>, <code>data/causes.csv</code> and "
	      "<code>data/counters.csv</code>, in picoseconds and bytes; <code>data/capabilities.csv</code> says what "
	      "the "
	      "IOMMUs could do.</p>\n</section>\n</main>\n</body>\n</html>\n",
	      out);
}
