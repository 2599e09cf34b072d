/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of one operation goes: its mean, a bar for each scheme, cut into causes. */
#include <inttypes.h>

#include "analysis/embedded.h"
#include "analysis/figure_kind.h"

static void causes_data(FILE *out, const struct view *view, enum result_op op)
{
	fputs("scheme,operations", out);
	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
		fprintf(out, ",%s_ps", result_cause_names[cause]);
	fputs("\n", out);
	for (size_t i = 0; i < view->count; i++) {
		const struct result_scheme *scheme = view->shown[i].scheme;

		csv_text(out, view->shown[i].label);
		fprintf(out, ",%" PRIu64, scheme->latency[op].count);
		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			fprintf(out, ",%" PRIu64, scheme->cause_ps[op][cause]);
		fputs("\n", out);
	}
}

static void element_cause(FILE *out, const void *from, size_t i)
{
	script_text(out, result_cause_names[((const unsigned *)from)[i]]);
}

static void element_cause_column(FILE *out, const void *from, size_t i)
{
	fprintf(out, "%u", 3 + ((const unsigned *)from)[i]);
}

static void element_cause_colour(FILE *out, const void *from, size_t i)
{
	/* Causes that stand together are of one family: the CPU's, the host's, the queue's, the walk's. */
	static const char *const colour[RESULT_CAUSES] = {
		[CAUSE_GUEST_CPU] = "#e69f00", [CAUSE_EXIT] = "#d55e00",       [CAUSE_IOCTL] = "#f0a58f",
		[CAUSE_PIN] = "#0072b2",       [CAUSE_ACCOUNT] = "#88ccee",    [CAUSE_TABLE] = "#009e73",
		[CAUSE_FLUSH] = "#8fd3be",     [CAUSE_QUEUE_WAIT] = "#999999", [CAUSE_INVALIDATION] = "#cc79a7",
		[CAUSE_PCIE] = "#5566bb",      [CAUSE_IOTLB] = "#ddcc44",      [CAUSE_WALK_WAIT] = "#bbbbbb",
		[CAUSE_WALK] = "#44aa66",      [CAUSE_MEMORY] = "#aa4477",     [CAUSE_FAULT] = "#cc3311",
		[CAUSE_CPU_WAIT] = "#775533",
	};

	fprintf(out, "'%s'", colour[((const unsigned *)from)[i]]);
}

static void causes_variables(FILE *out, const struct view *view, enum result_op op)
{
	unsigned used[RESULT_CAUSES];
	size_t causes = 0;
	ps_t largest = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		bool any = false;

		for (size_t i = 0; i < view->count; i++)
			any = any || view->shown[i].scheme->cause_ps[op][cause] > 0;
		if (any)
			used[causes++] = cause;
	}
	for (size_t i = 0; i < view->count; i++) {
		ps_t mean = histogram_mean(&view->shown[i].scheme->latency[op]);

		largest = mean > largest ? mean : largest;
	}

	struct axis_unit unit = axis_time(largest);

	fprintf(out, "unit = '%s'\nunit_ps = %" PRIu64 ".0\nlargest = %" PRIu64 " / unit_ps\n", unit.name, unit.size,
		largest);
	script_array(out, "cause", causes, element_cause, used);
	script_array(out, "cause_column", causes, element_cause_column, used);
	script_array(out, "cause_colour", causes, element_cause_colour, used);
}

/* Operations that took no time at all have no causes. */
static bool took_time(const struct view *view, enum result_op op)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->shown[i].scheme->latency[op].sum_ps > 0)
			return true;
	return false;
}

static unsigned causes_height(const struct view *view)
{
	return 190 + 34 * (unsigned)view->count;
}

const struct figure_kind figure_causes = {
	.name = "causes",
	.title = "Where the time of %s goes",
	.ops = BIT64(RESULT_MAP) | BIT64(RESULT_UNMAP) | BIT64(RESULT_DMA_READ) | BIT64(RESULT_DMA_WRITE) |
	       BIT64(RESULT_TRANSLATE_MISS) | BIT64(RESULT_INVALIDATE),
	.wanted = took_time,
	.data = causes_data,
	.variables = causes_variables,
	.height = causes_height,
	.script = embedded_causes_gp,
};
