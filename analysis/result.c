/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/result_layout.h"

#include <stdio.h>
#include <string.h>

#include "models/base/require.h"

const char *const result_op_names[RESULT_OPS] = {
	[RESULT_MAP] = "map",
	[RESULT_UNMAP] = "unmap",
	[RESULT_DMA_READ] = "dma_read",
	[RESULT_DMA_WRITE] = "dma_write",
	[RESULT_TRANSLATE_HIT] = "translate_hit",
	[RESULT_TRANSLATE_MISS] = "translate_miss",
	[RESULT_INVALIDATE] = "invalidate",
	[RESULT_REGISTER] = "register",
	[RESULT_ATTACH] = "attach",
	[RESULT_FAULT] = "fault",
	[RESULT_UNPLUG] = "unplug",
	[RESULT_HOST_ACCESS] = "host_access",
	[RESULT_BLACKOUT] = "blackout",
};

const char *const result_cause_names[RESULT_CAUSES] = {
	[CAUSE_GUEST_CPU] = "guest_cpu",
	[CAUSE_EXIT] = "exit",
	[CAUSE_IOCTL] = "ioctl",
	[CAUSE_PIN] = "pin",
	[CAUSE_ACCOUNT] = "account",
	[CAUSE_TABLE] = "table",
	[CAUSE_FLUSH] = "flush",
	[CAUSE_QUEUE_WAIT] = "queue_wait",
	[CAUSE_INVALIDATION] = "invalidation",
	[CAUSE_PCIE] = "pcie",
	[CAUSE_IOTLB] = "iotlb",
	[CAUSE_WALK_WAIT] = "walk_wait",
	[CAUSE_WALK] = "walk",
	[CAUSE_MEMORY] = "memory",
	[CAUSE_FAULT] = "fault",
	[CAUSE_CPU_WAIT] = "cpu_wait",
	[CAUSE_HANDOVER] = "handover",
};

const char *const result_series_names[RESULT_SERIES] = {
	[RESULT_LOCKED_BYTES] = "locked_bytes", [RESULT_LOCKED_NEW_BYTES] = "locked_new_bytes",
	[RESULT_IOTLB_HITS] = "iotlb_hits",     [RESULT_IOTLB_MISSES] = "iotlb_misses",
	[RESULT_DMA_BYTES] = "dma_bytes",
};

const struct result_counter_info result_counter_info[RESULT_COUNTERS] = {
	[COUNT_DURATION_PS] = { "duration_ps", "ps", "simulated time of the replay, start-up excluded" },
	[COUNT_STARTUP_PS] = { "startup_ps", "ps",
			       "simulated time before the replay: pinning, registering, attaching" },
	[COUNT_GUEST_CPU_PS] = { "guest_cpu_ps", "ps", "CPU time spent in the guest" },
	[COUNT_HOST_CPU_PS] = { "host_cpu_ps", "ps", "CPU time spent in the host" },
	[COUNT_VM_EXITS] = { "vm_exits", "exits", "exits from the guest to the host" },
	[COUNT_IOCTLS] = { "ioctls", "calls", "system calls of the device model into VFIO or iommufd" },
	[COUNT_PAGES_PINNED] = { "pages_pinned", "pages", "4 KiB pages pinned" },
	[COUNT_PAGES_UNPINNED] = { "pages_unpinned", "pages", "4 KiB pages unpinned" },
	[COUNT_PIN_CALLS] = { "pin_calls", "calls", "calls into the memory manager to pin pages" },
	[COUNT_LOCKED_PEAK_BYTES] = { "locked_peak_bytes", "bytes", "most memory accounted as locked at any time" },
	[COUNT_PINNED_PEAK_BYTES] = { "pinned_peak_bytes", "bytes",
				      "most memory pinned at any time, each page counted once" },
	[COUNT_MAPPINGS_PEAK] = { "mappings_peak", "mappings", "most mappings that the host's containers held" },
	[COUNT_START_LEAVES_4K] = { "start_leaves_4k", "entries",
				    "4 KiB leaves of the host's tables when the guests had started" },
	[COUNT_START_LEAVES_2M] = { "start_leaves_2m", "entries",
				    "2 MiB leaves of the host's tables when the guests had started" },
	[COUNT_START_LEAVES_1G] = { "start_leaves_1g", "entries",
				    "1 GiB leaves of the host's tables when the guests had started" },
	[COUNT_DMA_GAP_PS] = { "dma_gap_ps", "ps",
			       "longest time between two DMA accesses of a device that moved data" },
	[COUNT_TRANSFERS_LOST] = { "transfers_lost", "transfers",
				   "transfers that devices had begun when they were reset, and began anew" },
	[COUNT_UNPLUG_ASKED_BYTES] = { "unplug_asked_bytes", "bytes", "memory that guests gave back" },
	[COUNT_UNPLUG_UNMAPPED_BYTES] = { "unplug_unmapped_bytes", "bytes",
					  "memory that was unmapped for it, of all containers" },
	[COUNT_UNPLUG_RECLAIMED_BYTES] = { "unplug_reclaimed_bytes", "bytes",
					   "memory that is pinned no more after it: the host can use it" },
	[COUNT_UNPLUG_REFUSED] = { "unplug_refused", "calls",
				   "unmap calls that the kernel refused: they would have cut a mapping" },
	[COUNT_UNPLUG_SPLITS] = { "unplug_splits", "mappings", "mappings split so that a part could go" },
	[COUNT_DMA_BYTES_READ] = { "dma_bytes_read", "bytes", "payload that devices read" },
	[COUNT_DMA_BYTES_WRITTEN] = { "dma_bytes_written", "bytes", "payload that devices wrote" },
	[COUNT_TLPS] = { "tlps", "TLPs", "memory requests of devices" },
	[COUNT_IOTLB_HITS] = { "iotlb_hits", "lookups", "IOTLB lookups that hit" },
	[COUNT_IOTLB_MISSES] = { "iotlb_misses", "lookups", "IOTLB lookups that missed" },
	[COUNT_DEVICE_HITS] = { "device_hits", "lookups", "context and PASID cache lookups that hit" },
	[COUNT_DEVICE_MISSES] = { "device_misses", "lookups", "context and PASID cache lookups that missed" },
	[COUNT_WALKS] = { "walks", "walks", "page-table walks" },
	[COUNT_READS_DEVICE] = { "reads_device", "reads", "memory reads of root, context and PASID entries" },
	[COUNT_READS_FIRST_STAGE] = { "reads_first_stage", "reads", "memory reads of first-stage table entries" },
	[COUNT_READS_SECOND_STAGE] = { "reads_second_stage", "reads", "memory reads of second-stage table entries" },
	[COUNT_READS_QUEUE] = { "reads_queue", "reads", "memory reads of invalidation descriptors" },
	[COUNT_WALK_CACHE_HITS] = { "walk_cache_hits", "lookups", "paging-structure cache lookups that hit" },
	[COUNT_WALK_CACHE_MISSES] = { "walk_cache_misses", "lookups", "paging-structure cache lookups that missed" },
	[COUNT_GUEST_COMMANDS] = { "guest_commands", "commands", "invalidation commands that the guest queued" },
	[COUNT_HOST_COMMANDS] = { "host_commands", "commands", "invalidation commands that the host queued" },
	[COUNT_GUEST_REGISTER_COMMANDS] = { "guest_register_commands", "commands",
					    "invalidation commands that the guest gave by register" },
	[COUNT_HOST_REGISTER_COMMANDS] = { "host_register_commands", "commands",
					   "invalidation commands that the host gave by register" },
	[COUNT_WRITE_BUFFER_FLUSHES] = { "write_buffer_flushes", "flushes",
					 "flushes of an IOMMU's write buffers that guest or host asked for" },
	[COUNT_INTERRUPTS] = { "interrupts", "messages", "interrupt messages that the IOMMUs sent" },
	[COUNT_HYPERCALLS] = { "hypercalls", "calls",
			       "hypercalls of the guest for translation control entries (POWER)" },
	[COUNT_TCES] = { "tces", "entries", "translation control entries that the guest set or cleared (POWER)" },
	[COUNT_TCES_KILLED] = { "tces_killed", "entries",
				"translation control entries that the host invalidated in its bridges (POWER)" },
	[COUNT_GUESTS] = { "guests", "guests", "guests that replayed the trace" },
	[COUNT_GUEST_RATE_MIN] = { "guest_rate_min", "bytes/s", "DMA throughput of the slowest guest" },
	[COUNT_GUEST_RATE_MEAN] = { "guest_rate_mean", "bytes/s", "mean DMA throughput of the guests" },
	[COUNT_GUEST_RATE_MAX] = { "guest_rate_max", "bytes/s", "DMA throughput of the fastest guest" },
	[COUNT_ENTRIES_INVALIDATED] = { "entries_invalidated", "entries", "cache entries that invalidations removed" },
	[COUNT_STALE_CHECKED] = { "stale_checked", "uses", "cached translations compared with the tables when used" },
	[COUNT_STALE_USED] = { "stale_used", "uses", "uses of a cached translation that the tables no longer hold" },
	[COUNT_FAULTS] = { "faults", "faults", "DMA requests that were blocked" },
	[COUNT_DEVICES_FROZEN] = { "devices_frozen", "devices",
				   "devices that a blocked request froze for the rest of the run (POWER)" },
	[COUNT_TRANSFERS_CUT] = { "transfers_cut", "transfers", "transfers that a frozen device did not do or finish" },
	[COUNT_OPERATIONS_REPLAYED] = { "operations_replayed", "operations",
					"operations of the trace that were replayed" },
	[COUNT_OPERATIONS_SKIPPED] = { "operations_skipped", "operations",
				       "operations of the trace that were skipped" },
};

const struct result_capability_info result_capability_info[RESULT_CAPABILITIES] = {
	[CAPABILITY_HARDWARE] = { "hardware_cap", "CAP_REG of the hardware's IOMMU" },
	[CAPABILITY_HARDWARE_EXTENDED] = { "hardware_ecap", "ECAP_REG of the hardware's IOMMU" },
	[CAPABILITY_VIRTUAL] = { "virtual_cap", "CAP_REG of the IOMMU that the guest sees; 0: none" },
	[CAPABILITY_VIRTUAL_EXTENDED] = { "virtual_ecap", "ECAP_REG of the IOMMU that the guest sees; 0: none" },
};

const char *const result_bucket_columns[RESULT_BUCKET_COLUMNS] = { "bucket", "first", "last", "count" };
const char *const result_parameter_columns[RESULT_PARAMETER_COLUMNS] = { "name", "value", "unit", "source" };
const char *const result_sweep_columns[RESULT_SWEEP_COLUMNS] = { "name", "unit" };
const char *const result_failure_columns[RESULT_FAILURE_COLUMNS] = { "scheme", "point", "problem" };
const char *const result_series_kind[2] = { [SERIES_LAST_MAX] = "level", [SERIES_SUM] = "events" };
const char *const result_series_unit[RESULT_SERIES] = {
	[RESULT_LOCKED_BYTES] = "bytes",   [RESULT_LOCKED_NEW_BYTES] = "bytes", [RESULT_IOTLB_HITS] = "lookups",
	[RESULT_IOTLB_MISSES] = "lookups", [RESULT_DMA_BYTES] = "bytes",
};

void result_scheme_begin(struct result_scheme *scheme, const char *name, const char *axes)
{
	REQUIRE(strlen(name) < sizeof(scheme->name) && strlen(axes) < sizeof(scheme->axes));
	strcpy(scheme->name, name);
	strcpy(scheme->axes, axes);
	for (unsigned op = 0; op < RESULT_OPS; op++)
		scheme->latency[op].min_ps = UINT64_MAX; /* as histogram_init has it */
	for (unsigned i = 0; i < RESULT_SERIES; i++) {
		scheme->series[i].kind = i <= RESULT_LOCKED_NEW_BYTES ? SERIES_LAST_MAX : SERIES_SUM;
		scheme->series[i].width_ps = SERIES_FIRST_WIDTH_PS;
	}
}

void result_scheme_init(struct result_scheme *scheme, const char *name, const char *axes)
{
	memset(scheme, 0, sizeof(*scheme));
	result_scheme_begin(scheme, name, axes);
}

void result_run_name(char name[RESULT_RUN_NAME], const struct result_scheme *scheme, bool has_matrix)
{
	if (has_matrix)
		snprintf(name, RESULT_RUN_NAME, "%s@%u", scheme->name, scheme->point);
	else
		snprintf(name, RESULT_RUN_NAME, "%s", scheme->name);
}

/* The sums, each checked: how an operation ends that is too long, or a run. */
static ps_t add_checked(uint64_t total[RESULT_CAUSES], const ps_t parts[RESULT_CAUSES])
{
	ps_t latency = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		bool fits = !__builtin_add_overflow(latency, parts[cause], &latency) &&
			    !__builtin_add_overflow(total[cause], parts[cause], &total[cause]);

		REQUIRE(fits);
	}
	return latency;
}

void result_operation(struct result_scheme *scheme, enum result_op op, const ps_t parts[RESULT_CAUSES])
{
	_Static_assert(RESULT_CAUSES <= 32, "parts below 2^57 have a sum below 2^62");
	REQUIRE(op < RESULT_OPS);
	struct histogram *histogram = &scheme->latency[op];
	ps_t latency = 0, bits = 0;

	for (unsigned cause = 0; cause < RESULT_CAUSES; cause++) {
		bits |= parts[cause];
		latency += parts[cause];
	}
	/* No total is more than the sum of all latencies: nearly always nothing can overflow. */
	if (bits >> 57 == 0 && histogram->sum_ps >> 63 == 0)
		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			scheme->cause_ps[op][cause] += parts[cause];
	else
		latency = add_checked(scheme->cause_ps[op], parts);
	histogram_add(histogram, latency);
}
