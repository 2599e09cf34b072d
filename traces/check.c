/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "traces/live.h"
#include "traces/trace.h"

#define EXAMPLES      4u
#define EXAMPLE_BYTES 160u

enum finding {
	FINDING_LOST,
	FINDING_ORDER,
	FINDING_TIME,
	FINDING_SEGMENTS,
	FINDING_ADDRESS,
	FINDING_AFTER,
	FINDING_UNJOINED,
	FINDING_UNMAP_WITHOUT_MAP,
	FINDING_MAP_OVER_LIVE,
	FINDING_DESCRIPTORS,
	FINDING_CPUS,
	FINDING_SUMMARY,
	FINDINGS
};

static const char *const TITLES[FINDINGS] = {
	"no events lost",
	"rows in recorded order",
	"times within the recording",
	"segments tile their maps",
	"DMA addresses inside their maps",
	"dependencies (`after`)",
	"a device for every map and unmap",
	"every unmap ends a map",
	"no map over a live map",
	"descriptors in recorded order",
	"rows of the CPUs make the whole",
	"summary agrees with the rows",
};

struct checker {
	struct trace *trace;
	const struct trace_summary *summary;
	struct live live;
	uint64_t count[FINDINGS];
	char example[FINDINGS][EXAMPLES][EXAMPLE_BYTES];
	uint64_t last_line, next_segment;
};

__attribute__((format(printf, 3, 4))) static void note(struct checker *checker, enum finding finding,
						       const char *format, ...)
{
	uint64_t index = checker->count[finding]++;
	if (index >= EXAMPLES)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(checker->example[finding][index], EXAMPLE_BYTES, format, arguments);
	va_end(arguments);
}

#define ROW "row %" PRIu64 " (source line %" PRIu64 "): "

static void check_order(struct checker *checker, const struct trace_op *op)
{
	if (op->line <= checker->last_line)
		note(checker, FINDING_ORDER, ROW "the row before has line %" PRIu64, op->index, op->line,
		     checker->last_line);
	checker->last_line = op->line;
	if (op->begin_ps > op->end_ps || op->end_ps > checker->summary->duration_ps)
		note(checker, FINDING_TIME, ROW "%" PRIu64 " to %" PRIu64 " ps of %" PRIu64, op->index, op->line,
		     op->begin_ps, op->end_ps, checker->summary->duration_ps);
}

static bool check_segments(struct checker *checker, const struct trace_op *op, struct err *err)
{
	if (op->first_segment != checker->next_segment)
		note(checker, FINDING_SEGMENTS, ROW "first segment %" PRIu64 ", the row before ended at %" PRIu64,
		     op->index, op->line, op->first_segment, checker->next_segment);
	checker->next_segment = op->first_segment + op->segment_count;
	if (op->kind != TRACE_MAP) {
		if (op->segment_count)
			note(checker, FINDING_SEGMENTS, ROW "segments, but not a map", op->index, op->line);
		return true;
	}
	uint64_t bytes = 0, line = op->line - 1;
	bool tiled = true;
	for (uint32_t i = 0; i < op->segment_count; i++) {
		struct trace_segment segment;
		if (!trace_segments(checker->trace, op->first_segment + i, 1, &segment, err))
			return false;
		tiled = tiled && segment.iova == op->iova + bytes && segment.bytes > 0 && segment.line > line;
		bytes += segment.bytes;
		line = segment.line;
	}
	if (!tiled || bytes != op->bytes)
		note(checker, FINDING_SEGMENTS,
		     ROW "%" PRIu32 " segments of %" PRIu64 " bytes do not tile 0x%" PRIx64 " + %" PRIu64, op->index,
		     op->line, op->segment_count, bytes, op->iova, op->bytes);
	return true;
}

static void check_address(struct checker *checker, const struct trace_op *op)
{
	uint64_t offset = op->dma_address - op->iova;
	if (op->device != TRACE_NO_DEVICE && (offset >= op->bytes || op->dma_bytes > op->bytes - offset))
		note(checker, FINDING_ADDRESS, ROW "0x%" PRIx64 " + %" PRIu64 " is not in 0x%" PRIx64 " + %" PRIu64,
		     op->index, op->line, op->dma_address, op->dma_bytes, op->iova, op->bytes);
}

static bool check_live(struct checker *checker, const struct trace_op *op, struct err *err)
{
	uint32_t group = op->device == TRACE_NO_DEVICE ? UINT32_MAX : trace_device(checker->trace, op->device)->group;
	uint64_t after;
	enum live_anomaly anomaly;
	if (!live_apply(&checker->live, op, group, &after, &anomaly, err))
		return false;
	if (anomaly == LIVE_UNJOINED)
		note(checker, FINDING_UNJOINED, ROW "%s of 0x%" PRIx64 " + %" PRIu64, op->index, op->line,
		     op->kind == TRACE_MAP ? "map" : "unmap", op->iova, op->bytes);
	else if (anomaly == LIVE_UNMAP_WITHOUT_MAP)
		note(checker, FINDING_UNMAP_WITHOUT_MAP, ROW "0x%" PRIx64 " + %" PRIu64 " is not mapped in full",
		     op->index, op->line, op->iova, op->bytes);
	else if (anomaly == LIVE_MAP_OVER_LIVE)
		note(checker, FINDING_MAP_OVER_LIVE,
		     ROW "0x%" PRIx64 " + %" PRIu64 " is mapped in part, latest by row %" PRIu64, op->index, op->line,
		     op->iova, op->bytes, after);
	if (after != op->after)
		note(checker, FINDING_AFTER, ROW "after row %" PRId64 ", but the rows say %" PRId64 " (-1: none)",
		     op->index, op->line, (int64_t)op->after, (int64_t)after);
	return true;
}

static bool check_rows(struct checker *checker, struct err *err)
{
	struct trace_cursor *cursor = trace_cursor_open(checker->trace, -1);
	if (!cursor)
		return err_set(err, ERR_FILE, "out of memory");
	struct trace_op op;
	bool ok = true;
	while (ok && trace_cursor_next(cursor, &op, err)) {
		check_order(checker, &op);
		ok = check_segments(checker, &op, err);
		if (op.kind == TRACE_MAP)
			check_address(checker, &op);
		if (op.kind == TRACE_MAP || op.kind == TRACE_UNMAP)
			ok = ok && check_live(checker, &op, err);
		else if (op.after != TRACE_NONE)
			note(checker, FINDING_AFTER, ROW "has a dependency, but is neither map nor unmap", op.index,
			     op.line);
	}
	trace_cursor_close(cursor);
	if (checker->next_segment != checker->summary->segments)
		note(checker, FINDING_SEGMENTS, "%" PRIu64 " segments belong to no row",
		     checker->summary->segments - checker->next_segment);
	return err->kind == ERR_NONE;
}

static bool check_descriptors(struct checker *checker, struct err *err)
{
	uint64_t line = 0;
	for (uint64_t i = 0; i < checker->summary->descriptors; i++) {
		struct trace_descriptor descriptor;
		if (!trace_descriptors(checker->trace, i, 1, &descriptor, err))
			return false;
		if (descriptor.line <= line || descriptor.time_ps > checker->summary->duration_ps)
			note(checker, FINDING_DESCRIPTORS, "descriptor %" PRIu64 " (source line %" PRIu64 ")", i,
			     descriptor.line);
		line = descriptor.line;
	}
	return true;
}

static bool check_cpus(struct checker *checker, struct err *err)
{
	uint64_t rows = 0;
	for (int cpu = 0; cpu < checker->summary->cpus; cpu++) {
		struct trace_cursor *cursor = trace_cursor_open(checker->trace, cpu);
		if (!cursor)
			return err_set(err, ERR_FILE, "out of memory");
		struct trace_op op;
		uint64_t next = 0;
		for (; trace_cursor_next(cursor, &op, err); rows++) {
			if (op.cpu != cpu || op.index < next)
				note(checker, FINDING_CPUS, ROW "given for CPU %d", op.index, op.line, cpu);
			next = op.index + 1;
		}
		trace_cursor_close(cursor);
		if (err->kind != ERR_NONE)
			return false;
	}
	if (rows != checker->summary->ops)
		note(checker, FINDING_CPUS, "%" PRIu64 " rows of %" PRIu64, rows, checker->summary->ops);
	return true;
}

static void check_summary(struct checker *checker)
{
	const struct trace_summary *summary = checker->summary;
	const struct live *live = &checker->live;
	const struct {
		const char *name;
		uint64_t stated, found;
	} pairs[] = {
		{ "maps", summary->maps, live->maps },
		{ "unmaps", summary->unmaps, live->unmaps },
		{ "unmaps_without_map", summary->unmaps_without_map, live->unmaps_without_map },
		{ "maps_over_live", summary->maps_over_live, live->maps_over_live },
		{ "unjoined", summary->unjoined, live->unjoined },
		{ "live_peak_bytes", summary->live_peak_bytes, live->peak_bytes },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].stated != pairs[i].found)
			note(checker, FINDING_SUMMARY, "%s is %" PRIu64 ", the rows say %" PRIu64, pairs[i].name,
			     pairs[i].stated, pairs[i].found);
	if (summary->lost_events) {
		note(checker, FINDING_LOST, "record again with a larger buffer (buffer_size_kb)");
		checker->count[FINDING_LOST] = summary->lost_events;
	}
}

/* True when nothing was found. */
static bool report(const struct checker *checker, const char *path, FILE *out)
{
	const struct trace_summary *summary = checker->summary;
	unsigned amiss = 0;
	fprintf(out, "%s: %" PRIu64 " operations, %" PRIu64 " segments, %" PRIu64 " descriptors, %u devices, %u CPUs\n",
		path, summary->ops, summary->segments, summary->descriptors, summary->devices, summary->cpus);
	for (unsigned i = 0; i < FINDINGS; i++) {
		uint64_t count = checker->count[i];
		if (!count) {
			fprintf(out, "  %-34s ok\n", TITLES[i]);
			continue;
		}
		amiss++;
		fprintf(out, "  %-34s NO: %" PRIu64 "\n", TITLES[i], count);
		for (unsigned example = 0; example < EXAMPLES && checker->example[i][example][0]; example++)
			fprintf(out, "      %s\n", checker->example[i][example]);
	}
	if (amiss)
		fprintf(out, "%u of %u checks failed\n", amiss, FINDINGS);
	else
		fprintf(out, "all is well\n");
	return !amiss;
}

bool trace_check_file(const char *path, FILE *out, struct err *err)
{
	struct trace *trace = trace_open(path, err);
	if (!trace)
		return false;
	struct checker checker;
	memset(&checker, 0, sizeof(checker));
	checker.trace = trace;
	checker.summary = trace_summary(trace);
	live_init(&checker.live);
	bool well = check_rows(&checker, err) && check_descriptors(&checker, err) && check_cpus(&checker, err);
	if (well) {
		check_summary(&checker);
		well = report(&checker, path, out);
	}
	live_fini(&checker.live);
	trace_close(trace);
	return well;
}
