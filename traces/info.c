/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/layout.h"

#define APIS  (TRACE_API_NONE + 1)
#define SIZES 65

/* Per device; the last stands for rows whose device is not known. */
struct device_use {
	uint64_t maps[APIS], unmaps[APIS];
	uint64_t to_device, from_device, both; /* maps by direction */
	uint64_t mapped_bytes;
};

struct uses {
	struct device_use *device; /* [devices + 1] */
	uint64_t size[SIZES];      /* maps of 2^(n-1) < bytes <= 2^n */
	uint64_t kind[TRACE_MARK + 1];
	uint64_t contexts_soft, contexts_hard, contexts_task; /* maps and unmaps by context */
};

/* PCI class codes that a trace is likely to hold.  PCI Code and ID Assignment Specification. */
static const char *class_name(uint32_t class_code)
{
	static const struct {
		uint32_t mask, value;
		const char *name;
	} CLASSES[] = {
		{ 0xffffff, 0x010802, "NVMe controller" },     { 0xffff00, 0x010600, "SATA controller" },
		{ 0xffff00, 0x010000, "SCSI controller" },     { 0xff0000, 0x010000, "storage controller" },
		{ 0xffff00, 0x020000, "Ethernet controller" }, { 0xff0000, 0x020000, "network controller" },
		{ 0xff0000, 0x030000, "display controller" },  { 0xff0000, 0x040000, "multimedia device" },
		{ 0xffff00, 0x060000, "host bridge" },         { 0xffff00, 0x060100, "ISA bridge" },
		{ 0xffff00, 0x060400, "PCI bridge" },          { 0xff0000, 0x070000, "communication controller" },
		{ 0xff0000, 0x080000, "system peripheral" },   { 0xffff00, 0x0c0300, "USB controller" },
		{ 0xffff00, 0x0c0500, "SMBus controller" },    { 0xff0000, 0x120000, "accelerator" },
	};
	for (size_t i = 0; i < sizeof(CLASSES) / sizeof(CLASSES[0]); i++)
		if ((class_code & CLASSES[i].mask) == CLASSES[i].value)
			return CLASSES[i].name;
	return class_code ? "other" : "not recorded";
}

static unsigned size_class(uint64_t bytes)
{
	return bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(bytes - 1);
}

/* "128 KiB": exact for the powers of two it is used for. */
static const char *power_text(unsigned log2, char *text, size_t size)
{
	static const char *const UNITS[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	snprintf(text, size, "%u %s", 1u << log2 % 10, UNITS[log2 / 10]);
	return text;
}

/* "18.4 MiB" */
static const char *bytes_text(uint64_t bytes, char *text, size_t size)
{
	static const char *const UNITS[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	unsigned unit = 0;
	for (; value >= 1024 && unit < 6; unit++)
		value /= 1024;
	snprintf(text, size, unit ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
	return text;
}

static void count_row(struct uses *uses, const struct trace_op *op, uint16_t devices)
{
	uses->kind[op->kind]++;
	if (op->kind > TRACE_UNMAP)
		return;
	struct device_use *use = &uses->device[op->device == TRACE_NO_DEVICE ? devices : op->device];
	uint64_t *context = !(op->context & UINT32_C(0x80000000)) ? &uses->contexts_task
			    : (op->context & 0xff) == 1           ? &uses->contexts_soft
								  : &uses->contexts_hard;
	++*context;
	if (op->kind == TRACE_UNMAP) {
		use->unmaps[op->api]++;
		return;
	}
	use->maps[op->api]++;
	use->mapped_bytes += op->bytes;
	uses->size[size_class(op->bytes)]++;
	if (op->direction == TRACE_TO_DEVICE)
		use->to_device++;
	else if (op->direction == TRACE_FROM_DEVICE)
		use->from_device++;
	else
		use->both++;
}

static bool count_rows(struct uses *uses, struct trace *trace, struct err *err)
{
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	if (!cursor)
		return err_set(err, ERR_FILE, "out of memory");
	struct trace_op op;
	while (trace_cursor_next(cursor, &op, err))
		count_row(uses, &op, trace_summary(trace)->devices);
	trace_cursor_close(cursor);
	return err->kind == ERR_NONE;
}

static void print_origin(FILE *out, const struct trace *trace)
{
	static const char *const KEYS[][2] = {
		{ "guest kernel", "guest_kernel" },
		{ "hypervisor", "hypervisor" },
		{ "command line", "kernel_command_line" },
		{ "trace clock", "trace_clock" },
		{ "source", "source_file" },
		{ "importer", "importer" },
	};
	const struct trace_summary *summary = trace_summary(trace);
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		const char *text = trace_provenance(trace, KEYS[i][1]);
		fprintf(out, "%-14s %s\n", KEYS[i][0], text[0] ? text : "not recorded");
	}
	fprintf(out, "%-14s %016" PRIx64 " (CRC-64 of the source text)\n", "checksum", summary->source_crc64);
	const char *iommu = trace_provenance(trace, "iommu");
	fprintf(out, "%-14s %s, %s invalidation", "IOMMU", iommu[0] ? iommu : "not recorded",
		summary->strict ? "strict" : "deferred");
	if (summary->has_capability)
		fprintf(out, ", %s; VT-d CAP %" PRIx64 " ECAP %" PRIx64,
			!summary->scalable     ? "legacy mode"
			: summary->first_stage ? "scalable mode, first-stage tables"
					       : "scalable mode, second-stage tables",
			summary->capability, summary->extended_capability);
	fprintf(out, "\n");
}

static void print_totals(FILE *out, const struct trace_summary *summary, const struct uses *uses)
{
	char text[32];
	double seconds = (double)summary->duration_ps / (double)PS_PER_S;
	fprintf(out, "%-14s %.6f s on %u CPUs\n", "duration", seconds, summary->cpus);
	fprintf(out,
		"%-14s %" PRIu64 " (%" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64 " deferred flushes, %" PRIu64
		" groups, %" PRIu64 " attaches, %" PRIu64 " marks)\n",
		"operations", summary->ops, summary->maps, summary->unmaps, uses->kind[TRACE_FLUSH_ALL],
		uses->kind[TRACE_GROUP], uses->kind[TRACE_ATTACH], uses->kind[TRACE_MARK]);
	fprintf(out, "%-14s %" PRIu64 " in tasks, %" PRIu64 " in soft interrupts, %" PRIu64 " in hard interrupts\n",
		"maps, unmaps", uses->contexts_task, uses->contexts_soft, uses->contexts_hard);
	if (summary->duration_ps)
		fprintf(out, "%-14s %.0f maps/s, %.0f unmaps/s\n", "rate", (double)summary->maps / seconds,
			(double)summary->unmaps / seconds);
	fprintf(out, "%-14s %s at most at once\n", "mapped", bytes_text(summary->live_peak_bytes, text, sizeof(text)));
	fprintf(out, "%-14s %" PRIu64 " recorded\n", "descriptors", summary->descriptors);
	fprintf(out, "%-14s %" PRIu64 "\n", "lost events", summary->lost_events);
	fprintf(out,
		"%-14s %" PRIu64 " unmaps without map, %" PRIu64 " maps over live maps, %" PRIu64
		" without device; %" PRIu64 " dma events outside the IOMMU\n",
		"anomalies", summary->unmaps_without_map, summary->maps_over_live, summary->unjoined,
		summary->bypass_events);
}

static void print_devices(FILE *out, const struct trace *trace, const struct uses *uses)
{
	uint16_t count = trace_summary(trace)->devices;
	fprintf(out, "\n%-18s %-9s %5s  %-24s %10s %10s %10s\n", "device", "requester", "group", "class", "maps",
		"unmaps", "mapped");
	for (uint16_t i = 0; i < count; i++) {
		const struct trace_device *device = trace_device(trace, i);
		const struct device_use *use = &uses->device[i];
		uint64_t maps = 0, unmaps = 0;
		char requester[16] = "-", group[16] = "-", mapped[32];
		for (unsigned api = 0; api < APIS; api++) {
			maps += use->maps[api];
			unmaps += use->unmaps[api];
		}
		if (device->source_id != UINT16_MAX)
			snprintf(requester, sizeof(requester), "%04x", device->source_id);
		if (device->group != UINT32_MAX)
			snprintf(group, sizeof(group), "%" PRIu32, device->group);
		fprintf(out, "%-18s %-9s %5s  %-24s %10" PRIu64 " %10" PRIu64 " %10s\n", device->name, requester, group,
			class_name(device->class_code), maps, unmaps,
			bytes_text(use->mapped_bytes, mapped, sizeof(mapped)));
	}
}

static void print_operations(FILE *out, const struct trace *trace, const struct uses *uses)
{
	uint16_t count = trace_summary(trace)->devices;
	fprintf(out, "\n%-18s %-10s %10s %10s\n", "device", "DMA API", "maps", "unmaps");
	for (uint32_t i = 0; i <= count; i++) {
		const struct device_use *use = &uses->device[i];
		const char *name = i < count ? trace_device(trace, (uint16_t)i)->name : "not known";
		for (unsigned api = 0; api < APIS; api++)
			if (use->maps[api] || use->unmaps[api])
				fprintf(out, "%-18s %-10s %10" PRIu64 " %10" PRIu64 "\n", name, TRACE_API_NAMES[api],
					use->maps[api], use->unmaps[api]);
	}
	fprintf(out, "\n%-18s %12s %12s %14s\n", "maps by direction", "to device", "from device", "bidirectional");
	for (uint32_t i = 0; i < count; i++) {
		const struct device_use *use = &uses->device[i];
		if (use->to_device || use->from_device || use->both)
			fprintf(out, "%-18s %12" PRIu64 " %12" PRIu64 " %14" PRIu64 "\n",
				trace_device(trace, (uint16_t)i)->name, use->to_device, use->from_device, use->both);
	}
}

static void print_sizes(FILE *out, const struct trace_summary *summary, const struct uses *uses)
{
	fprintf(out, "\n%-20s %10s %8s\n", "size of maps, up to", "maps", "share");
	for (unsigned i = 0; i < SIZES; i++) {
		char text[32];
		if (uses->size[i])
			fprintf(out, "%-20s %10" PRIu64 " %7.2f%%\n", power_text(i, text, sizeof(text)), uses->size[i],
				100.0 * (double)uses->size[i] / (double)summary->maps);
	}
}

/* Marks come with their rows' times, so these are read once more. */
static bool print_marks(FILE *out, struct trace *trace, const struct uses *uses, struct err *err)
{
	if (!uses->kind[TRACE_MARK])
		return true;
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	if (!cursor)
		return err_set(err, ERR_FILE, "out of memory");
	fprintf(out, "\n%14s %10s  %s\n", "at", "row", "mark");
	struct trace_op op;
	while (trace_cursor_next(cursor, &op, err))
		if (op.kind == TRACE_MARK)
			fprintf(out, "%12.6f s %10" PRIu64 "  %s\n", (double)op.begin_ps / (double)PS_PER_S, op.index,
				trace_mark(trace, op.iova));
	trace_cursor_close(cursor);
	return err->kind == ERR_NONE;
}

static void print_event(void *argument, const char *event, uint64_t count)
{
	fprintf(argument, "%-28s %10" PRIu64 "\n", event, count);
}

bool trace_info_print(FILE *out, struct trace *trace, struct err *err)
{
	const struct trace_summary *summary = trace_summary(trace);
	struct uses uses;
	memset(&uses, 0, sizeof(uses));
	uses.device = calloc((size_t)summary->devices + 1, sizeof(*uses.device));
	if (!uses.device)
		return err_set(err, ERR_FILE, "out of memory");
	bool ok = count_rows(&uses, trace, err);
	if (ok) {
		print_origin(out, trace);
		print_totals(out, summary, &uses);
		print_devices(out, trace, &uses);
		print_operations(out, trace, &uses);
		print_sizes(out, summary, &uses);
		ok = print_marks(out, trace, &uses, err);
		fprintf(out, "\n%-28s %10s\n", "recorded event", "lines");
		trace_event_counts(trace, print_event, out);
	}
	free(uses.device);
	return ok;
}
