/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/point_traces.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/base/heap.h"
#include "sim/synth_spec.h"
#include "traces/trace.h"

/* ---- which one ---- */

/* What sweeps no parameter sweeps the trace or a variable of its specification. */
static bool is_of_the_trace(const struct sweep *sweep)
{
	return sweep->parameter == NULL;
}

static size_t trace_count(const struct scenario *scenario)
{
	size_t count = 1;

	for (size_t i = 0; i < scenario->sweep_count; i++)
		if (is_of_the_trace(&scenario->sweep[i]))
			count *= scenario->sweep[i].value_count;
	return count;
}

static size_t trace_place(const struct scenario *scenario)
{
	size_t place = 0;

	for (size_t i = 0; i < scenario->sweep_count; i++) {
		const struct sweep *sweep = &scenario->sweep[i];

		if (is_of_the_trace(sweep))
			place = place * sweep->value_count +
				(size_t)(scenario_sweep_value(scenario, scenario->point, i) - sweep->value);
	}
	return place;
}

const struct point_trace *point_trace(const struct point_traces *traces, const struct scenario *scenario)
{
	return &traces->trace[trace_place(scenario)];
}

uint64_t point_operations(const struct point_traces *traces, const struct scenario *scenario)
{
	uint64_t operations = point_trace(traces, scenario)->operations, limit = scenario->config.replay.max_operations;

	return limit > 0 && limit < operations ? limit : operations;
}

/* ---- making ---- */

/* A specification's text is kept once for all points. */
static void keep_text(struct point_traces *traces, const char *text)
{
	size_t before = traces->text ? strlen(traces->text) : 0;

	if (traces->text && strstr(traces->text, text))
		return;
	traces->text = heap_resized(traces->text, before + strlen(text) + 1, 1);
	strcpy(traces->text + before, text);
}

static bool make_of_node(const struct scenario *scenario, struct document *document, const yaml_node_t *node,
			 const char *out_path, struct err *err)
{
	struct synth_variable variable[SCENARIO_SWEEPS_MAX];
	struct synth_spec spec;
	size_t count = 0;

	for (size_t i = 0; i < scenario->sweep_count; i++) {
		const char *dot = strchr(scenario->sweep[i].name, '.');

		if (is_of_the_trace(&scenario->sweep[i]) && dot)
			variable[count++] = (struct synth_variable){
				.name = dot + 1,
				.value = scenario_sweep_value(scenario, scenario->point, i)->text,
			};
	}
	if (!synth_spec_read_node(&spec, document, node, variable, count, err))
		return false;

	bool written = synth_write(&spec.synth, out_path, err);

	synth_spec_fini(&spec);
	return written;
}

static bool make(struct point_traces *traces, const struct scenario *scenario, const char *out_path, struct err *err)
{
	const struct scenario_trace *trace = &scenario->trace;
	struct document document;
	bool made;

	if (trace->node) {
		if (!document_read_text(&document, scenario->path, scenario->text, err))
			return false;
		made = make_of_node(scenario, &document, document_node(&document, trace->node), out_path, err);
	} else {
		if (!document_read(&document, trace->path, err))
			return false;
		keep_text(traces, document.text);
		made = make_of_node(scenario, &document, document_root(&document), out_path, err);
	}
	document_fini(&document);
	return made;
}

/* ---- looking ---- */

static bool add_crc64(const char *path, uint64_t *crc, struct err *err)
{
	uint8_t bytes[65536];
	size_t count;
	FILE *in = fopen(path, "rb");

	if (!in)
		return err_set(err, ERR_FILE, "%s: cannot read: %s", path, strerror(errno));
	while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
		*crc = lzma_crc64(bytes, count, *crc);
	bool read = !ferror(in);

	fclose(in);
	return read || err_set(err, ERR_FILE, "%s: cannot read", path);
}

static bool look_at(struct point_traces *traces, struct point_trace *one, const struct scenario *scenario,
		    const char *folder, struct err *err)
{
	one->is_made = scenario->trace.is_made;
	if (one->is_made)
		snprintf(one->path, sizeof(one->path), "%s/trace%zu.h5", folder, (size_t)(one - traces->trace));
	else
		snprintf(one->path, sizeof(one->path), "%s", scenario->trace.path);
	if (one->is_made && !make(traces, scenario, one->path, err))
		return false;

	struct trace *trace = trace_open(one->path, err);

	if (!trace)
		return false;
	const struct trace_summary *summary = trace_summary(trace);

	one->operations = summary->cpus > 0 ? summary->ops : 0;
	one->anomalies[0] = summary->lost_events;
	one->anomalies[1] = summary->unmaps_without_map;
	one->anomalies[2] = summary->maps_over_live;
	trace_close(trace);
	return add_crc64(one->path, &traces->crc64, err);
}

static bool check(const struct point_trace *one, const struct scenario *scenario, struct err *err)
{
	const uint64_t *anomalies = one->anomalies;

	if (one->operations == 0)
		return err_set(err, ERR_FILE,
			       "%s: holds no operations: import a recording with iommu map and unmap events",
			       one->path);
	if (scenario->config.replay.strict && anomalies[0] + anomalies[1] + anomalies[2] > 0)
		return err_set(err, ERR_CHECK,
			       "%s: %llu events lost, %llu unmaps without a map, %llu maps over a live mapping, and "
			       "replay.strict is on: see iommusim trace check",
			       one->path, (unsigned long long)anomalies[0], (unsigned long long)anomalies[1],
			       (unsigned long long)anomalies[2]);
	return true;
}

/* Without its folder: the same input gives the same bytes wherever it lies. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void name_traces(struct point_traces *traces, struct scenario *scenario)
{
	size_t files = 1;

	for (size_t i = 0; i < scenario->sweep_count; i++)
		if (strcmp(scenario->sweep[i].name, "trace") == 0)
			files = scenario->sweep[i].value_count;
	scenario_go_to(scenario, 0);
	if (files > 1)
		snprintf(traces->name, sizeof(traces->name), "%s and %zu more", file_name(scenario->trace.path),
			 files - 1);
	else
		snprintf(traces->name, sizeof(traces->name), "%s", file_name(scenario->trace.path));
}

bool point_traces_open(struct point_traces *traces, struct scenario *scenario, const char *folder, struct err *err)
{
	size_t points = scenario_point_count(scenario);
	struct err problem = { 0 };
	char text[240];

	*traces = (struct point_traces){ .count = trace_count(scenario) };
	traces->trace = heap_zeroed(traces->count, sizeof(*traces->trace));
	for (size_t point = 0; point < points; point++) {
		scenario_go_to(scenario, point);

		struct point_trace *one = &traces->trace[trace_place(scenario)];

		if ((one->path[0] || look_at(traces, one, scenario, folder, &problem)) &&
		    check(one, scenario, &problem))
			continue;
		scenario_point_text(scenario, point, text, sizeof(text));
		point_traces_close(traces);
		return err_set(err, problem.kind, "%s%s%s%s", problem.text, points > 1 ? " (at " : "", text,
			       points > 1 ? ")" : "");
	}
	name_traces(traces, scenario);
	return true;
}

void point_traces_close(struct point_traces *traces)
{
	for (size_t i = 0; i < traces->count; i++)
		if (traces->trace[i].is_made)
			unlink(traces->trace[i].path);
	free(traces->trace);
	free(traces->text);
	*traces = (struct point_traces){ .count = 0 };
}
