/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report: one HTML text that fetches nothing. */
#ifndef IOMMUSIM_ANALYSIS_REPORT_PAGE_H
#define IOMMUSIM_ANALYSIS_REPORT_PAGE_H

#include "analysis/figure.h"

struct page {
	const struct view *view;
	const struct figure *figure; /* [figures], as figure_list made them */
	size_t figures;
	char *const *svg;             /* [figures]: what gnuplot drew */
	struct result *const *result; /* [results] */
	const char *const *name;      /* [results]: what each result is called here */
	size_t results;
};

void report_page_write(FILE *out, const struct page *page);

#endif
