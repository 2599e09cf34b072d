/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/figure.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/embedded.h"
#include "analysis/figure_kind.h"

static const struct figure_kind *const kinds[] = {
	&figure_cdf,        &figure_tail,        &figure_percentiles,  &figure_causes,        &figure_throughput,
	&figure_locked,     &figure_hit_rate,    &figure_sweep_mean,   &figure_sweep_p99,     &figure_sweep_throughput,
	&figure_sweep_hits, &figure_sweep_reads, &figure_sweep_locked, &figure_sweep_startup,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *const figure_op_names[RESULT_OPS] = {
	[RESULT_MAP] = "map",
	[RESULT_UNMAP] = "unmap",
	[RESULT_DMA_READ] = "DMA read",
	[RESULT_DMA_WRITE] = "DMA write",
	[RESULT_TRANSLATE_HIT] = "translation, IOTLB hit",
	[RESULT_TRANSLATE_MISS] = "translation, IOTLB miss",
	[RESULT_INVALIDATE] = "invalidation",
	[RESULT_REGISTER] = "registration at start-up",
	[RESULT_ATTACH] = "attach",
	[RESULT_FAULT] = "blocked DMA request",
	[RESULT_UNPLUG] = "memory block given back",
	[RESULT_HOST_ACCESS] = "access by the host",
	[RESULT_BLACKOUT] = "blackout",
};

/* Okabe and Ito 2008, without black, which a dark page hides, and with a darker yellow. */
static const uint8_t hue[][3] = {
	{ 0x00, 0x72, 0xb2 }, { 0xd5, 0x5e, 0x00 }, { 0x00, 0x9e, 0x73 }, { 0xcc, 0x79, 0xa7 },
	{ 0xe6, 0x9f, 0x00 }, { 0x56, 0xb4, 0xe9 }, { 0x88, 0x88, 0x88 }, { 0xc0, 0xb0, 0x20 },
};
#define HUES (unsigned)(sizeof(hue) / sizeof(hue[0]))

void look_shade(struct look *look, unsigned name, unsigned shade)
{
	shade += name / HUES;

	unsigned white = shade * 45 < 70 ? shade * 45 : 70; /* percent mixed in */
	unsigned rgb[3];

	for (unsigned k = 0; k < 3; k++) {
		unsigned pure = hue[name % HUES][k];

		rgb[k] = pure + (255 - pure) * white / 100;
	}
	look->name = name;
	look->dash = 1 + shade % 5;
	snprintf(look->colour, sizeof(look->colour), "#%02x%02x%02x", rgb[0] & 0xff, rgb[1] & 0xff, rgb[2] & 0xff);
}

void look_choose(const struct shown *shown, size_t count, struct look *look)
{
	struct name {
		const struct shown *last; /* of this name */
		unsigned shade;
	} *name = calloc(count + 1, sizeof(*name));
	unsigned names = 0;

	for (size_t i = 0; name && i < count; i++) {
		unsigned k = 0;

		while (k < names && strcmp(name[k].last->scheme->name, shown[i].scheme->name) != 0)
			k++;
		if (k == names)
			name[names++].shade = 0;
		else if (shown[i].result != name[k].last->result)
			name[k].shade++;
		name[k].last = &shown[i];
		look_shade(&look[i], k, name[k].shade);
	}
	free(name);
}

static size_t add(struct figure *figure, const struct figure_kind *kind, enum result_op op)
{
	bool one = op < RESULT_OPS;
	const char *joint = one ? "-" : "", *op_name = one ? result_op_names[op] : "";

	*figure = (struct figure){ .kind = kind, .op = op };
	snprintf(figure->name, sizeof(figure->name), "%s%s%s", kind->name, joint, op_name);
	snprintf(figure->data, sizeof(figure->data), "%s%s%s", kind->data_of ? kind->data_of : kind->name, joint,
		 op_name);
	snprintf(figure->title, sizeof(figure->title), kind->title, one ? figure_op_names[op] : "");
	return 1;
}

#define UPDATE_RUNS_MAX 12u /* more lines over time nobody tells apart */

static bool was_updated(const struct view *view)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->shown[i].scheme->latency[RESULT_BLACKOUT].count > 0)
			return view->count <= UPDATE_RUNS_MAX;
	return false;
}

static bool is_listed(const struct figure_kind *kind, const struct view *view)
{
	return kind->of_matrix == (view->sweeps > 0) || (kind->of_update && was_updated(view));
}

size_t figure_list(const struct view *view, struct figure figure[FIGURES_MAX])
{
	size_t count = 0;

	for (unsigned op = 0; op < RESULT_OPS; op++)
		for (size_t i = 0; i < KINDS; i++)
			if ((kinds[i]->ops & BIT64(op)) && is_listed(kinds[i], view) && kinds[i]->wanted(view, op))
				count += add(&figure[count], kinds[i], op);
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i]->ops == 0 && is_listed(kinds[i], view) && kinds[i]->wanted(view, RESULT_OPS))
			count += add(&figure[count], kinds[i], RESULT_OPS);
	return count;
}

bool figure_has_data(const struct figure *figure)
{
	return figure->kind->data_of == NULL;
}

void figure_write_data(FILE *out, const struct figure *figure, const struct view *view)
{
	figure->kind->data(out, view, figure->op);
}

void figure_run_label(const struct view *view, size_t i, char text[RUN_LABEL])
{
	int length = snprintf(text, RUN_LABEL, "%s", view->shown[i].label);

	for (size_t k = 0; k < view->sweeps && length < (int)RUN_LABEL; k++) {
		const char *value = point_value(&view->shown[i], view->sweep[k]).text;

		if (value)
			length += snprintf(text + length, RUN_LABEL - (size_t)length, "  %s", value);
	}
}

static void element_label(FILE *out, const void *from, size_t i)
{
	char text[RUN_LABEL];

	figure_run_label(from, i, text);
	script_text(out, text);
}

/* In a matrix each point has a colour of its own: its scheme has but one. */
static struct look run_look(const struct view *view, size_t i)
{
	struct look look = view->look[i];

	if (view->sweeps > 0)
		look_shade(&look, (unsigned)i, 0);
	return look;
}

static void element_colour(FILE *out, const void *from, size_t i)
{
	fprintf(out, "'%s'", run_look(from, i).colour);
}

static void element_dash(FILE *out, const void *from, size_t i)
{
	fprintf(out, "%u", run_look(from, i).dash);
}

/* Lines under others are thicker, so that lines on one another all show. */
static void element_thickness(FILE *out, const void *from, size_t i)
{
	size_t above = ((const struct view *)from)->count - 1 - i;
	size_t tenths = 18 + 9 * (above < 5 ? above : 5);

	fprintf(out, "%zu.%zu", tenths / 10, tenths % 10);
}

unsigned figure_key_height(size_t count, size_t longest)
{
	size_t columns = 540 / (8 * longest + 50);
	size_t rows = columns > 1 ? (count + columns - 1) / columns : count;

	return 20 * (unsigned)rows;
}

/* Of the picture: the plot, and the key. */
static unsigned height_of(const struct figure_kind *kind, const struct view *view)
{
	size_t longest = 1;

	if (kind->of_matrix)
		return kind->height(view);

	for (size_t i = 0; i < view->count; i++) {
		char text[RUN_LABEL];

		figure_run_label(view, i, text);

		size_t length = strlen(text);

		longest = length > longest ? length : longest;
	}
	return (kind->height ? kind->height(view) : 340) + figure_key_height(view->count, longest);
}

void figure_write_script(FILE *out, const struct figure *figure, const struct view *view)
{
	const struct figure_kind *kind = figure->kind;

	fprintf(out, "# In this folder:  gnuplot %s.gp\n", figure->name);
	fprintf(out, "# Draws %s.svg from ../data/%s.csv.\n\n", figure->name, figure->data);
	fprintf(out, "name = '%s'\ntitle_text = ", figure->name);
	script_text(out, figure->title);
	fprintf(out, "\ndata = '../data/%s.csv'\nheight = %u\n", figure->data, height_of(kind, view));
	if (!kind->of_matrix) {
		script_array(out, "scheme", view->count, element_label, view);
		script_array(out, "colour", view->count, element_colour, view);
		script_array(out, "thickness", view->count, element_thickness, view);
		script_array(out, "dash", view->count, element_dash, view);
	}
	kind->variables(out, view, figure->op);
	fprintf(out, "\n%s\n%s", embedded_style_gp, kind->script);
}
