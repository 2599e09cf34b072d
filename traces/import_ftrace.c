/* SPDX-License-Identifier: Apache-2.0 */
/* From a text recording and its meta text to a trace file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/import.h"
#include "traces/join.h"
#include "traces/meta.h"

#define EVENT_NAMES    1024u /* events of more names are counted together */
#define PROGRESS_LINES 65536u

struct importer {
	const char *path;
	const struct import_options *options;
	struct source *source;
	struct meta meta;
	struct devices devices;
	struct trace_writer *writer;
	struct join *join;
	struct trace_event_count counts[EVENT_NAMES];
	size_t name_count;
	uint64_t events, lost, written; /* lines; reported lost; that the header says were written */
	uint16_t cpus;                  /* that the header says */
	bool after_mark;                /* the line before is a mark, which may go on */
};

/* The event's counter.  Names beyond EVENT_NAMES share the last. */
static struct trace_event_count *count_of(struct importer *importer, const struct source_text *name)
{
	static const struct source_text OTHER = { .at = "(other events)", .length = 14 };
	if (name->length >= TRACE_NAME_BYTES)
		name = &OTHER;
	for (size_t i = 0; i < importer->name_count; i++) {
		const char *event = importer->counts[i].event;
		if (!memcmp(event, name->at, name->length) && !event[name->length])
			return &importer->counts[i];
	}
	if (importer->name_count == EVENT_NAMES)
		return &importer->counts[EVENT_NAMES - 1];
	if (importer->name_count == EVENT_NAMES - 1)
		name = &OTHER;
	struct trace_event_count *count = &importer->counts[importer->name_count++];
	memcpy(count->event, name->at, name->length);
	return count;
}

/* The start of a line for an error: printable. */
static const char *excerpt(const struct source_text *line, char *text, size_t size)
{
	size_t length = line->length < size - 1 ? line->length : size - 1;
	for (size_t i = 0; i < length; i++)
		text[i] = line->at[i] >= ' ' && line->at[i] <= '~' ? line->at[i] : '?';
	text[length] = '\0';
	return text;
}

static bool bad_line(const struct importer *importer, const struct source_text *line, const char *about,
		     struct err *err)
{
	char text[120];
	return err_set(err, ERR_FILE, "%s:%llu: %s%s: \"%s%s\"", importer->path,
		       (unsigned long long)source_line_number(importer->source), about,
		       source_line_is_cut(importer->source)
			       ? "; the file ends within this line, delete it or copy the file again"
			       : "",
		       excerpt(line, text, sizeof(text)), line->length >= sizeof(text) ? "..." : "");
}

static bool take_line(struct importer *importer, const struct source_text *line, struct err *err)
{
	struct ftrace_event event;
	ftrace_scan(line, &event);
	bool after_mark = importer->after_mark;
	importer->after_mark = event.type == FTRACE_MARK;
	switch (event.type) {
	case FTRACE_BLANK:
		return true;
	case FTRACE_LOST:
		importer->lost += event.count ? event.count : 1;
		return true;
	case FTRACE_HEADER:
		importer->written = event.written;
		importer->cpus = event.cpu;
		return true;
	case FTRACE_BAD:
		importer->after_mark = after_mark && !event.name.length; /* a mark's text of several lines */
		return importer->after_mark || bad_line(importer, line, event.about, err);
	default:
		break;
	}
	importer->events++;
	count_of(importer, &event.name)->count++;
	struct err inner = { .kind = ERR_NONE };
	if (join_event(importer->join, &event, source_line_number(importer->source), &inner))
		return true;
	return err_set(err, inner.kind, "%s:%llu: %s", importer->path,
		       (unsigned long long)source_line_number(importer->source), inner.text);
}

static bool read_lines(struct importer *importer, struct err *err)
{
	const struct import_options *options = importer->options;
	struct source_text line;
	bool ok = true;
	while (ok && source_line(importer->source, &line, err)) {
		ok = take_line(importer, &line, err);
		if (source_line_number(importer->source) % PROGRESS_LINES)
			continue;
		if (options->progress)
			options->progress(options->progress_argument, source_bytes_read(importer->source));
		if (options->interrupted && *options->interrupted)
			ok = err_set(err, ERR_FILE, "%s: import interrupted, nothing was written", importer->path);
	}
	if (err->kind != ERR_NONE)
		return false;
	return importer->events || err_set(err, ERR_FILE,
					   "%s: holds no ftrace events: is tracing_on 1, and are "
					   "iommu:* and dma:* in set_event?",
					   importer->path);
}

static bool put_provenance(struct importer *importer, struct err *err)
{
	const struct meta *meta = &importer->meta;
	const char *slash = strrchr(importer->path, '/');
	const struct {
		const char *key, *text;
	} entries[] = {
		{ "importer", TRACE_IMPORTER },     { "source_file", slash ? slash + 1 : importer->path },
		{ "guest_kernel", meta->kernel },   { "kernel_command_line", meta->command_line },
		{ "hypervisor", meta->hypervisor }, { "trace_clock", meta->trace_clock },
		{ "iommu", meta->iommu },
	};
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (entries[i].text[0] &&
		    !trace_writer_provenance(importer->writer, entries[i].key, entries[i].text, err))
			return false;
	return true;
}

static int by_count(const void *a, const void *b)
{
	const struct trace_event_count *left = a, *right = b;
	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return strcmp(left->event, right->event);
}

static bool put_tables(struct importer *importer, struct err *err)
{
	bool ok = true;
	for (uint32_t i = 0; ok && i < importer->devices.count; i++)
		ok = trace_writer_device(importer->writer, &importer->devices.at[i], err);
	for (size_t i = 0; ok && i < importer->meta.cpu_count; i++)
		ok = trace_writer_cpu(importer->writer, &importer->meta.cpus[i], err);
	qsort(importer->counts, importer->name_count, sizeof(importer->counts[0]), by_count);
	for (size_t i = 0; ok && i < importer->name_count; i++)
		ok = trace_writer_event_count(importer->writer, &importer->counts[i], err);
	return ok;
}

static uint64_t count_named(const struct importer *importer, const char *event)
{
	for (size_t i = 0; i < importer->name_count; i++)
		if (!strcmp(importer->counts[i].event, event))
			return importer->counts[i].count;
	return 0;
}

static void complete_summary(const struct importer *importer, struct trace_summary *summary)
{
	const struct meta *meta = &importer->meta;
	/* Three witnesses, which may speak of the same events: the most that any of them misses. */
	uint64_t missing = importer->written > importer->events ? importer->written - importer->events : 0;
	uint64_t stated = meta_lost_events(meta);
	summary->lost_events = importer->lost > stated ? importer->lost : stated;
	if (missing > summary->lost_events)
		summary->lost_events = missing;
	if (importer->cpus > summary->cpus)
		summary->cpus = importer->cpus;
	summary->source_crc64 = source_crc64(importer->source);
	summary->has_capability = meta->has_capability;
	summary->capability = meta->capability;
	summary->extended_capability = meta->extended_capability;
	summary->scalable = meta_scalable(meta);
	summary->first_stage = meta_first_stage(meta);
	/* Without a log: only a deferring driver flushes whole domains. */
	summary->strict = meta->has_policy ? meta->strict : count_named(importer, "cache_tag_flush_all") == 0;
}

static bool refuse_anomalies(const struct importer *importer, const struct trace_summary *summary, struct err *err)
{
	if (!importer->options->strict ||
	    summary->lost_events + summary->unmaps_without_map + summary->maps_over_live + summary->unjoined == 0)
		return true;
	return err_set(err, ERR_CHECK,
		       "%s: %llu events lost, %llu unmaps without map, %llu maps over live mappings, %llu operations "
		       "without device: refused by --strict",
		       importer->path, (unsigned long long)summary->lost_events,
		       (unsigned long long)summary->unmaps_without_map, (unsigned long long)summary->maps_over_live,
		       (unsigned long long)summary->unjoined);
}

/* Frees the writer either way. */
static bool import_into_writer(struct importer *importer, struct err *err)
{
	struct trace_summary summary = { .ops = 0 };
	importer->join = join_create(importer->writer, &importer->devices, err);
	bool ok = importer->join && read_lines(importer, err) && join_finish(importer->join, &summary, err);
	if (ok) {
		complete_summary(importer, &summary);
		ok = refuse_anomalies(importer, &summary, err) && put_provenance(importer, err) &&
		     put_tables(importer, err);
	}
	if (ok)
		ok = trace_writer_commit(importer->writer, &summary, err);
	else
		trace_writer_abandon(importer->writer);
	join_destroy(importer->join);
	return ok;
}

/* The meta text named in the options, or guest-meta.txt[.xz] beside the input, or none. */
static bool read_meta(struct importer *importer, struct err *err)
{
	if (importer->options->meta)
		return meta_read(&importer->meta, importer->options->meta, err);
	const char *slash = strrchr(importer->path, '/');
	int folder = slash ? (int)(slash - importer->path + 1) : 0;
	static const char *const NAMES[] = { "guest-meta.txt.xz", "guest-meta.txt.gz", "guest-meta.txt" };
	bool ok = true, found = false;
	for (size_t i = 0; ok && !found && i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		char *path;
		if (asprintf(&path, "%.*s%s", folder, importer->path, NAMES[i]) < 0)
			return err_set(err, ERR_FILE, "out of memory");
		found = access(path, F_OK) == 0;
		ok = !found || meta_read(&importer->meta, path, err);
		free(path);
	}
	return ok;
}

bool trace_import_ftrace(const char *in_path, const char *out_path, const struct import_options *options,
			 struct err *err)
{
	static const struct import_options DEFAULTS = { .meta = NULL };
	struct importer *importer = calloc(1, sizeof(*importer));
	if (!importer)
		return err_set(err, ERR_FILE, "out of memory");
	importer->path = in_path;
	importer->options = options ? options : &DEFAULTS;
	importer->source = source_open(in_path, err);
	bool ok = importer->source;
	if (ok) {
		ok = read_meta(importer, err);
		devices_init(&importer->devices, importer->meta.devices, importer->meta.device_count);
		importer->writer = ok ? trace_writer_create(out_path, err) : NULL;
		ok = importer->writer && import_into_writer(importer, err);
		devices_fini(&importer->devices);
		meta_fini(&importer->meta);
		source_close(importer->source);
	}
	free(importer);
	return ok;
}
