/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded guest's DMA mapping operations, as the trace file holds them
 * (docs/trace-format.md).  One row is one operation of the guest's DMA API with
 * the iommu map/unmap events that belong to it, joined to its device.
 * Rows are in the order of each operation's first iommu event (a map's first
 * `map` line, an unmap's `unmap` line); `line` and `sync_line` give the exact
 * recorded order of table change and invalidation, which can interleave
 * between CPUs.
 */
#ifndef IOMMUSIM_TRACES_TRACE_H
#define IOMMUSIM_TRACES_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/base/units.h"

#define TRACE_NONE       UINT64_MAX
#define TRACE_NO_DEVICE  UINT16_MAX
#define TRACE_NAME_BYTES 48u /* device and event names, with their terminating zero */

enum trace_kind {
	TRACE_MAP = 0,
	TRACE_UNMAP = 1,
	TRACE_GROUP = 2,     /* add_device_to_group: device, group in `iova` */
	TRACE_ATTACH = 3,    /* attach_device_to_domain: device */
	TRACE_FLUSH_ALL = 4, /* cache_tag_flush_all: deferred flush of a domain; domain id in `iova` */
	TRACE_MARK = 5,      /* workload boundary; index of its text in `iova` */
};

enum trace_api {
	TRACE_API_PAGE = 0, /* dma_map_page, dma_map_resource */
	TRACE_API_SG = 1,
	TRACE_API_COHERENT = 2, /* dma_alloc, dma_free */
	TRACE_API_DIRECT = 3,   /* reserved region identity-mapped before the first attach */
	TRACE_API_NONE = 4,
};

enum trace_direction {
	TRACE_BIDIRECTIONAL = 0, /* as in the kernel's enum dma_data_direction */
	TRACE_TO_DEVICE = 1,
	TRACE_FROM_DEVICE = 2,
	TRACE_DIRECTION_NONE = 3,
};

struct trace_op {
	uint64_t index;     /* row */
	uint64_t line;      /* line in the source text of the first iommu event (or of the event itself) */
	uint64_t sync_line; /* line of its cache_tag_flush_range[_np] event; 0 when there was none */
	ps_t begin_ps;      /* first event of the operation, since the trace's first event */
	ps_t end_ps;        /* last event of the operation */
	uint16_t cpu;
	uint32_t context; /* task PID; 0x80000000 | level for interrupts (1 soft, 2 hard, 3 non-maskable) */
	enum trace_kind kind;
	enum trace_api api;
	enum trace_direction direction;
	uint16_t device; /* index into trace_device(), TRACE_NO_DEVICE when unknown; for a flush, one of its domain */
	iova_t iova;     /* page-aligned range of the iommu events: start */
	uint64_t bytes;  /* and length */
	iova_t dma_address; /* what the driver was given, unrounded; what it gave back (0 for a list's unmap) */
	uint64_t dma_bytes; /* bytes the device may access from there */
	uint64_t first_segment;
	uint32_t segment_count; /* `map` events of this operation; 0 for other kinds */
	uint64_t after;         /* row that must be done first: an unmap's map; a map's latest unmap of any byte of its
				   range, or map it overlaps; TRACE_NONE */
};

/* One iommu:map event: [iova, iova + bytes) -> [phys, phys + bytes). */
struct trace_segment {
	iova_t iova;
	phys_t phys;
	uint64_t bytes;
	uint64_t line;
};

/* One recorded invalidation descriptor (intel_iommu:qi_submit): the hardware's view, kept as an oracle. */
struct trace_descriptor {
	uint64_t line;
	ps_t time_ps;
	uint64_t word[4];
};

struct trace_device {
	char name[TRACE_NAME_BYTES]; /* "0000:00:04.0" */
	uint16_t source_id;          /* requester ID; UINT16_MAX for a device that is not PCI */
	uint32_t class_code;         /* PCI class 23:0; 0 when not recorded */
	uint32_t group;              /* IOMMU group; UINT32_MAX when unknown */
};

struct trace_summary {
	uint64_t ops, segments, descriptors;
	uint64_t maps, unmaps; /* rows */
	uint64_t lost_events;
	uint64_t unmaps_without_map, maps_over_live, unjoined; /* anomalies; see trace_check */
	uint64_t bypass_events; /* dma_* events of devices that the IOMMU does not translate */
	ps_t duration_ps;
	uint16_t cpus, devices;
	uint64_t live_peak_bytes; /* most bytes mapped at once */
	uint64_t source_crc64;    /* of the uncompressed source text */
	bool has_capability;
	uint64_t capability, extended_capability; /* VT-d CAP and ECAP of the recorded guest */
	bool scalable, strict, first_stage;       /* how the recorded guest's driver ran, from its log */
};

struct trace;

/* NULL and *err (naming the file and what is wrong) when it cannot be read. */
struct trace *trace_open(const char *path, struct err *err);
void trace_close(struct trace *trace);

const struct trace_summary *trace_summary(const struct trace *trace);
const struct trace_device *trace_device(const struct trace *trace, uint16_t device);
/* A provenance attribute ("guest_kernel", "kernel_command_line", "hypervisor" ...); "" when absent. */
const char *trace_provenance(const struct trace *trace, const char *key);
const char *trace_mark(const struct trace *trace, uint64_t mark);

/*
 * A cursor over the rows, in constant memory.  cpu = -1: all rows; else the rows of
 * one CPU, in order.  Several cursors may be open on one trace.
 */
struct trace_cursor;
struct trace_cursor *trace_cursor_open(struct trace *trace, int cpu);
void trace_cursor_close(struct trace_cursor *cursor);
/* False at the end, or on a read error (then err->kind is set). */
bool trace_cursor_next(struct trace_cursor *cursor, struct trace_op *op, struct err *err);

/* Reads segments [first, first + count) into segments. */
bool trace_segments(struct trace *trace, uint64_t first, uint32_t count, struct trace_segment *segments,
		    struct err *err);
/* Reads descriptors [first, first + count). */
bool trace_descriptors(struct trace *trace, uint64_t first, uint64_t count, struct trace_descriptor *descriptors,
		       struct err *err);

/* CPU time that reading blocks of rows has taken so far, ns. */
uint64_t trace_read_ns(const struct trace *trace);

/* Recorded events by name, as counted in the source: calls visit for each. */
void trace_event_counts(const struct trace *trace, void (*visit)(void *argument, const char *event, uint64_t count),
			void *argument);

#endif
