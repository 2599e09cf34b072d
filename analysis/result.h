/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run measured, and the file that keeps it (docs/result-format.md).
 * sim/ fills a struct result_scheme; analysis writes, merges, reads and shows.
 */
#ifndef IOMMUSIM_ANALYSIS_RESULT_H
#define IOMMUSIM_ANALYSIS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/base/histogram.h"

/* Kinds of operation whose latency is reported. */
enum result_op {
	RESULT_MAP,
	RESULT_UNMAP,
	RESULT_DMA_READ,       /* one TLP, request on the link to last byte back */
	RESULT_DMA_WRITE,      /* one TLP, to its write being globally visible */
	RESULT_TRANSLATE_HIT,  /* inside the IOMMU: request seen to address known, IOTLB hit */
	RESULT_TRANSLATE_MISS, /* the same, IOTLB miss */
	RESULT_INVALIDATE,     /* one submission of the guest: its queue's lock asked for, to its status seen */
	RESULT_REGISTER,       /* start-up: pinning or registering guest memory */
	RESULT_ATTACH,
	RESULT_FAULT,       /* a blocked DMA request */
	RESULT_UNPLUG,      /* a block of memory given back: what the host does for it */
	RESULT_HOST_ACCESS, /* the host reads or writes guest memory for a mediated device */
	RESULT_BLACKOUT,    /* a guest stands still while its host software is replaced */
	RESULT_OPS
};

/* Causes; the parts of an operation sum exactly to its latency. */
enum result_cause {
	CAUSE_GUEST_CPU,
	CAUSE_EXIT,
	CAUSE_IOCTL,
	CAUSE_PIN,
	CAUSE_ACCOUNT,
	CAUSE_TABLE,        /* page-table update */
	CAUSE_FLUSH,        /* CPU cache lines written back for a walker that does not snoop */
	CAUSE_QUEUE_WAIT,   /* waiting for a lock or a queue slot */
	CAUSE_INVALIDATION, /* command submitted, executed, status seen */
	CAUSE_PCIE,
	CAUSE_IOTLB,     /* lookups in IOTLB, context/PASID and paging-structure caches */
	CAUSE_WALK_WAIT, /* waiting for a free walker */
	CAUSE_WALK,      /* table and structure reads */
	CAUSE_MEMORY,    /* the data access itself */
	CAUSE_FAULT,
	CAUSE_CPU_WAIT, /* host CPUs over-committed */
	CAUSE_HANDOVER, /* host software is replaced: its state saved, it started, its state restored; or the wait for it */
	RESULT_CAUSES
};

extern const char *const result_op_names[RESULT_OPS];       /* "map" ... */
extern const char *const result_cause_names[RESULT_CAUSES]; /* "guest_cpu" ... */

/* A quantity over simulated time in a fixed number of buckets whose width doubles as the run gets longer. */
#define SERIES_BUCKETS        512u
#define SERIES_FIRST_WIDTH_PS PS_PER_US
enum series_kind {
	SERIES_LAST_MAX, /* level: keeps the maximum of each bucket, carries the last on */
	SERIES_SUM,      /* events */
};
struct series {
	enum series_kind kind;
	ps_t width_ps;  /* of a bucket: the first width, doubled */
	uint32_t used;  /* buckets begun */
	uint64_t level; /* current level (SERIES_LAST_MAX) */
	uint64_t value[SERIES_BUCKETS];
};
void series_init(struct series *series, enum series_kind kind);
/* Level becomes value at date (SERIES_LAST_MAX), or value is added at date (SERIES_SUM); dates may go back a little. */
void series_record(struct series *series, ps_t date, uint64_t value);
/* What bucket `bucket` would hold were buckets width_ps wide, a multiple of their width. */
uint64_t series_value(const struct series *series, ps_t width_ps, uint32_t bucket);

enum result_series {
	RESULT_LOCKED_BYTES,     /* of all processes */
	RESULT_LOCKED_NEW_BYTES, /* of those that took over from others */
	RESULT_IOTLB_HITS,
	RESULT_IOTLB_MISSES,
	RESULT_DMA_BYTES,
	RESULT_SERIES
};
extern const char *const result_series_names[RESULT_SERIES];

/* Counters, one name and one unit each: a table in result.c drives file, report and CSV. */
enum result_counter {
	COUNT_DURATION_PS, /* simulated, start-up excluded */
	COUNT_STARTUP_PS,
	COUNT_GUEST_CPU_PS,
	COUNT_HOST_CPU_PS,
	COUNT_VM_EXITS,
	COUNT_IOCTLS,
	COUNT_PAGES_PINNED,
	COUNT_PAGES_UNPINNED,
	COUNT_PIN_CALLS,
	COUNT_LOCKED_PEAK_BYTES,
	COUNT_PINNED_PEAK_BYTES, /* each page once */
	COUNT_MAPPINGS_PEAK,
	COUNT_START_LEAVES_4K, /* of the host's tables, when the guest has started */
	COUNT_START_LEAVES_2M,
	COUNT_START_LEAVES_1G,
	COUNT_DMA_GAP_PS,
	COUNT_TRANSFERS_LOST,
	COUNT_UNPLUG_ASKED_BYTES,
	COUNT_UNPLUG_UNMAPPED_BYTES,
	COUNT_UNPLUG_RECLAIMED_BYTES,
	COUNT_UNPLUG_REFUSED,
	COUNT_UNPLUG_SPLITS,
	COUNT_DMA_BYTES_READ,
	COUNT_DMA_BYTES_WRITTEN,
	COUNT_TLPS,
	COUNT_IOTLB_HITS,
	COUNT_IOTLB_MISSES,
	COUNT_DEVICE_HITS,
	COUNT_DEVICE_MISSES,
	COUNT_WALKS,
	COUNT_READS_DEVICE,
	COUNT_READS_FIRST_STAGE,
	COUNT_READS_SECOND_STAGE,
	COUNT_READS_QUEUE,
	COUNT_WALK_CACHE_HITS,
	COUNT_WALK_CACHE_MISSES,
	COUNT_GUEST_COMMANDS,
	COUNT_HOST_COMMANDS,
	COUNT_GUEST_REGISTER_COMMANDS,
	COUNT_HOST_REGISTER_COMMANDS,
	COUNT_WRITE_BUFFER_FLUSHES,
	COUNT_INTERRUPTS,
	COUNT_HYPERCALLS,
	COUNT_TCES,
	COUNT_TCES_KILLED,
	COUNT_GUESTS,
	COUNT_GUEST_RATE_MIN, /* over the guests, of bytes moved by DMA from date 0 to a guest's own end */
	COUNT_GUEST_RATE_MEAN,
	COUNT_GUEST_RATE_MAX,
	COUNT_ENTRIES_INVALIDATED,
	COUNT_STALE_CHECKED,
	COUNT_STALE_USED,
	COUNT_FAULTS,
	COUNT_DEVICES_FROZEN,
	COUNT_TRANSFERS_CUT,
	COUNT_OPERATIONS_REPLAYED,
	COUNT_OPERATIONS_SKIPPED,
	RESULT_COUNTERS
};
struct result_counter_info {
	const char *name, *unit, *help;
};
extern const struct result_counter_info result_counter_info[RESULT_COUNTERS];

/* What the units of a scheme's machine could do: their capability registers, 0 where there is no such unit. */
enum result_capability {
	CAPABILITY_HARDWARE,
	CAPABILITY_HARDWARE_EXTENDED,
	CAPABILITY_VIRTUAL, /* of the unit that the guest sees */
	CAPABILITY_VIRTUAL_EXTENDED,
	RESULT_CAPABILITIES
};
struct result_capability_info {
	const char *name, *help;
};
extern const struct result_capability_info result_capability_info[RESULT_CAPABILITIES];

/* One run: a scheme at a point of the scenario's matrix. */
struct result_scheme {
	char name[32];
	uint32_t point; /* 0 without a matrix */
	char axes[160]; /* "translation=shadow pin=on-map ..." */
	struct histogram latency[RESULT_OPS];
	uint64_t cause_ps[RESULT_OPS][RESULT_CAUSES];
	uint64_t counter[RESULT_COUNTERS];
	uint64_t capability[RESULT_CAPABILITIES];
	struct series series[RESULT_SERIES];
};
void result_scheme_init(struct result_scheme *scheme, const char *name, const char *axes);

/*
 * One operation: its parts in ps, [RESULT_CAUSES]; the latency is their sum.  A
 * latency or a cause's total beyond 64 bits (213 days) is a programmer's error.
 */
void result_operation(struct result_scheme *scheme, enum result_op op, const ps_t parts[RESULT_CAUSES]);

/* ---- the file ---- */

/* What the matrix of a scenario sweeps (docs/scenarios.md). */
struct result_sweep {
	const char *name; /* "iommu.iotlb_entries" */
	const char *
		unit; /* of its values as numbers: "" (a count), "bytes", "bytes/s", "ps", "ppm"; "text": they are none */
};
struct result_value {
	const char *text; /* "2 MiB" */
	uint64_t number;  /* 2097152; of what is no number its place in the list, from 0 */
};
/* A run that did not end well: there is nothing else of it in the file. */
struct result_failure {
	const char *scheme;
	uint32_t point;
	const char *problem; /* one line */
};

/* The complete input, written as attributes and datasets; strings are the caller's. */
struct result_input {
	const char *version; /* of iommusim */
	const char *title;   /* of the scenario; NULL: none */
	const char *scenario_path, *scenario_text;
	const char *profile_name, *profile_text;
	const char *trace_path;
	const char *trace_text; /* specifications of made traces; NULL: recordings */
	uint64_t trace_crc64;   /* of the trace files' bytes, in the order of the points */
	uint64_t seed;
	/* The name of parameter i, and its value, unit and source; NULL at the end. */
	const char *(*parameter)(void *argument, size_t i, const char **value, const char **unit, const char **source);
	void *parameter_argument;

	const struct result_sweep *sweep; /* [sweeps]; 0: no matrix, one point */
	size_t sweeps;
	const struct result_value *value; /* [points][sweeps] */
	size_t points;
	const struct result_failure *failure; /* [failures] */
	size_t failures;
};

/* Part files: a worker process writes one run; the parent merges parts in their order. */
bool result_write_part(const char *path, const struct result_scheme *scheme, struct err *err);
/* Atomic: temporary file in the same folder, fsync, rename.  The old file stays on any error. */
bool result_merge(const char *out_path, const struct result_input *input, const char *const *part_paths, size_t count,
		  struct err *err);

struct result;
struct result *result_open(const char *path, struct err *err);
void result_close(struct result *result);
size_t result_scheme_count(const struct result *result);
const struct result_scheme *result_scheme(const struct result *result, size_t i);
const char *result_path(const struct result *result);
/* A field of struct result_input by its name ("scenario_text", "trace_crc64" as 16 hex digits); "" when absent. */
const char *result_attribute(const struct result *result, const char *name);

struct result_parameter {
	const char *name, *value, *unit, *source;
};
/* The matrix; without one no sweeps, and one point. */
size_t result_sweep_count(const struct result *result);
struct result_sweep result_sweep(const struct result *result, size_t sweep);
size_t result_point_count(const struct result *result);
struct result_value result_point_value(const struct result *result, size_t point, size_t sweep);

size_t result_failure_count(const struct result *result);
struct result_failure result_failure(const struct result *result, size_t i);

size_t result_parameter_count(const struct result *result);
struct result_parameter result_parameter(const struct result *result, size_t i);

#endif
