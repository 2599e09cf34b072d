/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/layout.h"

const char *const TRACE_KIND_NAMES[] = { "map", "unmap", "group", "attach", "flush_all", "mark", NULL };
const char *const TRACE_API_NAMES[] = { "page", "sg", "coherent", "direct", "none", NULL };
const char *const TRACE_DIRECTION_NAMES[] = { "bidirectional", "to_device", "from_device", "none", NULL };

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define MEMBER(member) offsetof(struct trace_op, member)

static const struct column OPERATION_COLUMNS[] = {
	{ "line", "1", "line of the source text: first iommu event, or the event itself", COLUMN_U64, MEMBER(line),
	  NULL },
	{ "sync_line", "1", "line of its cache_tag_flush_range[_np] event; 0: none", COLUMN_U64, MEMBER(sync_line),
	  NULL },
	{ "begin", "ps", "first event of the operation, since the trace's first event", COLUMN_U64, MEMBER(begin_ps),
	  NULL },
	{ "end", "ps", "last event of the operation, since the trace's first event", COLUMN_U64, MEMBER(end_ps), NULL },
	{ "cpu", "1", "guest CPU", COLUMN_U16, MEMBER(cpu), NULL },
	{ "context", "1", "task PID; 0x80000000 + 1 soft, 2 hard, 3 non-maskable interrupt", COLUMN_U32,
	  MEMBER(context), NULL },
	{ "kind", "1", "what was done", COLUMN_ENUM, MEMBER(kind), TRACE_KIND_NAMES },
	{ "api", "1", "the DMA API call family", COLUMN_ENUM, MEMBER(api), TRACE_API_NAMES },
	{ "direction", "1", "of the data: the kernel's enum dma_data_direction", COLUMN_ENUM, MEMBER(direction),
	  TRACE_DIRECTION_NAMES },
	{ "device", "1", "row of /devices; 65535: not known", COLUMN_U16, MEMBER(device), NULL },
	{ "iova", "byte", "start of the range; group: its number; flush_all: domain id; mark: row of /marks",
	  COLUMN_U64, MEMBER(iova), NULL },
	{ "bytes", "byte", "length of the range", COLUMN_U64, MEMBER(bytes), NULL },
	{ "dma_address", "byte", "what the driver was given, not rounded", COLUMN_U64, MEMBER(dma_address), NULL },
	{ "dma_bytes", "byte", "bytes the device may access from there", COLUMN_U64, MEMBER(dma_bytes), NULL },
	{ "first_segment", "1", "row of /segments", COLUMN_U64, MEMBER(first_segment), NULL },
	{ "segment_count", "1", "rows of /segments", COLUMN_U32, MEMBER(segment_count), NULL },
	{ "after", "1", "row that must be done first; 2^64 - 1: none", COLUMN_U64, MEMBER(after), NULL },
};

static const struct column SEGMENT_COLUMNS[] = {
	{ "iova", "byte", "start", COLUMN_U64, offsetof(struct trace_segment, iova), NULL },
	{ "phys", "byte", "guest-physical address it leads to", COLUMN_U64, offsetof(struct trace_segment, phys),
	  NULL },
	{ "bytes", "byte", "length", COLUMN_U64, offsetof(struct trace_segment, bytes), NULL },
	{ "line", "1", "line of the source text: its iommu:map event", COLUMN_U64, offsetof(struct trace_segment, line),
	  NULL },
};

static const struct column DESCRIPTOR_COLUMNS[] = {
	{ "line", "1", "line of the source text: its qi_submit event", COLUMN_U64,
	  offsetof(struct trace_descriptor, line), NULL },
	{ "time", "ps", "since the trace's first event", COLUMN_U64, offsetof(struct trace_descriptor, time_ps), NULL },
	{ "word0", "1", "bits 63:0 of the descriptor", COLUMN_U64, offsetof(struct trace_descriptor, word[0]), NULL },
	{ "word1", "1", "bits 127:64", COLUMN_U64, offsetof(struct trace_descriptor, word[1]), NULL },
	{ "word2", "1", "bits 191:128", COLUMN_U64, offsetof(struct trace_descriptor, word[2]), NULL },
	{ "word3", "1", "bits 255:192", COLUMN_U64, offsetof(struct trace_descriptor, word[3]), NULL },
};

static const struct column DEVICE_COLUMNS[] = {
	{ "name", "1", "as the guest kernel names it", COLUMN_TEXT, offsetof(struct trace_device, name), NULL },
	{ "source_id", "1", "PCI requester ID; 65535: not a PCI device", COLUMN_U16,
	  offsetof(struct trace_device, source_id), NULL },
	{ "class_code", "1", "PCI class 23:0; 0: not recorded", COLUMN_U32, offsetof(struct trace_device, class_code),
	  NULL },
	{ "group", "1", "IOMMU group; 2^32 - 1: not known", COLUMN_U32, offsetof(struct trace_device, group), NULL },
};

static const struct column CPU_COLUMNS[] = {
	{ "cpu", "1", "guest CPU", COLUMN_U16, offsetof(struct trace_cpu, cpu), NULL },
	{ "entries", "1", "events in its buffer when recording ended", COLUMN_U64, offsetof(struct trace_cpu, entries),
	  NULL },
	{ "overrun", "1", "events overwritten", COLUMN_U64, offsetof(struct trace_cpu, overrun), NULL },
	{ "commit_overrun", "1", "events lost in nested commits", COLUMN_U64,
	  offsetof(struct trace_cpu, commit_overrun), NULL },
	{ "dropped_events", "1", "events dropped", COLUMN_U64, offsetof(struct trace_cpu, dropped_events), NULL },
};

static const struct column EVENT_COUNT_COLUMNS[] = {
	{ "event", "1", "name", COLUMN_TEXT, offsetof(struct trace_event_count, event), NULL },
	{ "count", "1", "lines of the source text", COLUMN_U64, offsetof(struct trace_event_count, count), NULL },
};

const struct table_layout LAYOUT_OPERATIONS = { "operations", sizeof(struct trace_op), COUNT(OPERATION_COLUMNS),
						OPERATION_COLUMNS };
const struct table_layout LAYOUT_SEGMENTS = { "segments", sizeof(struct trace_segment), COUNT(SEGMENT_COLUMNS),
					      SEGMENT_COLUMNS };
const struct table_layout LAYOUT_DESCRIPTORS = { "descriptors", sizeof(struct trace_descriptor),
						 COUNT(DESCRIPTOR_COLUMNS), DESCRIPTOR_COLUMNS };
const struct table_layout LAYOUT_DEVICES = { "devices", sizeof(struct trace_device), COUNT(DEVICE_COLUMNS),
					     DEVICE_COLUMNS };
const struct table_layout LAYOUT_CPUS = { "cpus", sizeof(struct trace_cpu), COUNT(CPU_COLUMNS), CPU_COLUMNS };
const struct table_layout LAYOUT_EVENT_COUNTS = { "event_counts", sizeof(struct trace_event_count),
						  COUNT(EVENT_COUNT_COLUMNS), EVENT_COUNT_COLUMNS };

_Static_assert(COUNT(OPERATION_COLUMNS) <= TABLE_MAX_COLUMNS, "raise TABLE_MAX_COLUMNS");

/* clang-format off */
#define NUMBER(member, unit) \
	{ #member, unit, offsetof(struct trace_summary, member), sizeof(((struct trace_summary *)NULL)->member) }
/* clang-format on */

/* Rows of the tables are counted from the tables themselves and have no attribute. */
const struct summary_field SUMMARY_FIELDS[] = {
	NUMBER(maps, "1"),
	NUMBER(unmaps, "1"),
	NUMBER(lost_events, "1"),
	NUMBER(unmaps_without_map, "1"),
	NUMBER(maps_over_live, "1"),
	NUMBER(unjoined, "1"),
	NUMBER(bypass_events, "1"),
	NUMBER(duration_ps, "ps"),
	NUMBER(cpus, "1"),
	NUMBER(live_peak_bytes, "byte"),
	NUMBER(source_crc64, "1"),
	NUMBER(capability, "1"),
	NUMBER(extended_capability, "1"),
	NUMBER(has_capability, "1"),
	NUMBER(scalable, "1"),
	NUMBER(strict, "1"),
	NUMBER(first_stage, "1"),
};
const size_t SUMMARY_FIELD_COUNT = COUNT(SUMMARY_FIELDS);
