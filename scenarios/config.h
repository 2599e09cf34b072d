/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a run depends on besides the trace: one struct, one table of
 * parameters over it (scenarios/parameters.c) that drives the scenario parser,
 * --set, `iommusim list parameters`, docs/parameters.md and the attributes
 * of the result file.  A parameter's name is the path of its field.
 */
#ifndef IOMMUSIM_SCENARIOS_CONFIG_H
#define IOMMUSIM_SCENARIOS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"
#include "models/base/units.h"
#include "scenarios/scheme.h"

enum replay_mode { REPLAY_DEPENDENCIES, REPLAY_RECORDED, REPLAY_PACED };
enum spapr_window_kind { SPAPR_WINDOW_DEFAULT, SPAPR_WINDOW_DYNAMIC, SPAPR_WINDOW_DIRECT };
enum update_kind_name { UPDATE_NONE, UPDATE_TRANSFER, UPDATE_EXEC, UPDATE_COLD, UPDATE_KEEPALIVE, UPDATE_KEXEC };
enum update_kernel { UPDATE_KERNEL_6_12, UPDATE_KERNEL_5_15 };
enum device_pattern { DEVICE_AUTO, DEVICE_NVME, DEVICE_NIC };

/* The machine's: bits of host-physical address, and where guest memory goes on above its low part. */
#define HOST_ADDRESS_WIDTH 46u
#define GUEST_HIGH         (UINT64_C(4) << 30)

/* Prices: ps each; a profile gives value, unit and source. */
struct timing {
	struct {
		ps_t dma_direct_map, dma_direct_unmap; /* DMA API without an IOMMU, per operation */
		ps_t iova_alloc, iova_find, iova_free; /* per operation */
		ps_t map_other, unmap_other;           /* rest of the DMA API path, per operation */
		ps_t entry_write;                      /* per leaf entry set or cleared */
		ps_t table_call;                       /* per iommu_map/iommu_unmap call */
		ps_t table_alloc, table_free;          /* per table page */
		ps_t entry_flush;                      /* per cache line flushed when the walker does not snoop */
		ps_t queue_submit;                     /* writing descriptors and the wait, without the doorbell */
		ps_t doorbell;                         /* posted MMIO write that does not exit */
		ps_t status_poll;                      /* one read of the wait descriptor's status */
		ps_t lock_handover;                    /* a contended spin lock changes hands */
	} guest;
	struct {
		ps_t exit, enter;        /* VM exit to the kernel; back into the guest */
		ps_t user_exit;          /* kernel to the user-space device model and back */
		ps_t ioctl;              /* system call entry, copy of arguments, return */
		ps_t descriptor;         /* emulated vIOMMU: decode and dispatch one descriptor */
		ps_t shadow_entry;       /* emulated vIOMMU: read one guest table entry */
		ps_t container_find;     /* look up / insert / remove a mapping in the container */
		ps_t pin_call, pin_page; /* per batch; per 4 KiB page */
		ps_t unpin_page;
		ps_t account;                              /* locked_vm accounting, per operation */
		ps_t registration_find;                    /* preregistered: check of the registration, per operation */
		ps_t table_call, entry_write, table_alloc; /* host second stage */
		ps_t queue_submit;                         /* host writes descriptors and its own doorbell */
		ps_t invalidate_forward;                   /* iommufd: validate and translate one guest invalidation */
		ps_t register_read;                        /* one read of a register of the hardware IOMMU */
		ps_t start_pin_page;                       /* pinning at start, per 4 KiB */
		ps_t hypercall;                            /* KVM: one for TCEs, besides its entries */
		ps_t tce_check;                            /* KVM: one entry checked and found in the guest's memory */
		ps_t tce_kill;                             /* one entry invalidated in a bridge */
		ps_t guest_access; /* of the host to a page of guest memory, for a mediated device */
	} host;
	struct {
		ps_t iotlb_lookup;          /* hit or miss is known after this */
		ps_t device_lookup;         /* context/PASID cache */
		ps_t walk_cache_lookup;     /* paging-structure cache, per stage walk */
		ps_t memory_read;           /* one read of a table entry or structure */
		ps_t memory_update;         /* atomic accessed/dirty update */
		ps_t descriptor_fetch;      /* invalidation queue read */
		ps_t invalidate;            /* executing one invalidation */
		ps_t status_write;          /* wait descriptor's status reaching memory */
		ps_t write_buffer_flush;    /* GCMD.WBF given to done */
		ps_t data_read, data_write; /* memory behind the IOMMU, per TLP */
	} iommu;
	struct {                     /* host software is replaced */
		ps_t save, load;     /* of a hypervisor's own state */
		ps_t exec;           /* a new hypervisor process, until it can take calls */
		ps_t kexec;          /* a new kernel, until it starts processes */
		ps_t preserve_table; /* per page of the host's tables, to hand over; and again to take over */
		ps_t device_reset;   /* an assigned device, until its driver may use it */
	} handover;
	struct {
		ps_t link_latency;         /* one way, device to root complex */
		ps_t device_think;         /* doorbell seen to first TLP */
		ps_t completion_interrupt; /* completion written to the guest handler's start */
	} pcie;
};

struct config {
	struct {
		uint32_t host_cores;
		uint32_t guests;
		uint64_t guest_ram_bytes;
		uint64_t guest_low_bytes;     /* of it below 4 GiB; the rest lies from 4 GiB */
		uint32_t host_page_lg2;       /* leaf of the host's own mapping of guest RAM: 12, 21 or 30 */
		uint64_t memlock_limit_bytes; /* 0: unlimited */
		uint32_t pin_batch_pages;     /* pages pinned per call at most */
		bool container_per_device;    /* of VFIO, where the guest's memory is mapped at start */
		uint64_t map_block_bytes;     /* guest memory is mapped at start in such blocks; 0: as it lies */
		uint32_t dma_entry_limit;     /* mappings of a VFIO type1 container at most */
	} machine;
	struct {                /* memory that a guest gives back (sim/unplug.h) */
		uint64_t bytes; /* 0: none */
		ps_t at;
		uint64_t block_bytes;
		bool split; /* a mapping that is larger than what goes is split, as no kernel does */
	} unplug;
	struct {               /* what runs the guests is replaced (sim/update.h) */
		uint32_t kind; /* enum update_kind_name */
		ps_t at;
		uint32_t kernel;      /* enum update_kernel */
		ps_t mediated_period; /* of a mediated device's accesses; 0: there is none */
	} update;
	struct {
		uint32_t iotlb_entries, iotlb_ways, iotlb_partitions;
		uint32_t device_entries, device_ways; /* context cache and PASID cache, each */
		uint32_t walk_entries[4]; /* paging-structure cache by level of the table found; no root is cached */
		uint32_t walk_ways;
		uint32_t replacement; /* enum cache_replacement */
		uint32_t walkers;
		uint32_t host_levels;  /* second stage built by the host: 4 or 5 */
		uint32_t guest_levels; /* the guest's own table: 3, 4 or 5 */
		bool snoop;            /* walkers snoop CPU caches (ECAP.C), or drivers flush */
		bool dirty_tracking;   /* accessed/dirty flags in the host's second stage (SSADE) */
	} iommu;
	struct { /* what the hardware's unit can do; scenarios/check_units.c says what goes together */
		bool queued_invalidation;    /* ECAP.QI */
		bool write_buffer_flush;     /* CAP.RWBF */
		bool caching_mode;           /* CAP.CM */
		bool page_selective;         /* CAP.PSI */
		uint32_t address_mask_limit; /* CAP.MAMV */
		uint32_t page_size_lg2;      /* CAP.SSLPS, FS1GP: largest leaf: 12, 21 or 30 */
		uint32_t input_width;        /* CAP.MGAW; 0: as the levels */
		uint32_t domain_bits;        /* CAP.ND */
		uint32_t fault_records;      /* CAP.NFR */
		bool scalable;               /* ECAP.SMTS, and with it: */
		bool first_stage;            /* ECAP.FSTS */
		bool second_stage;           /* ECAP.SSTS */
		bool nested;                 /* ECAP.NEST */
		bool dirty_flags;            /* ECAP.SSADS */
		uint32_t pasid_bits;         /* ECAP.PSS */
		bool pass_through;           /* ECAP.PT */
		bool snoop_control;          /* ECAP.SC */
		bool device_tlb;             /* ECAP.DT */
		bool page_requests;          /* ECAP.PRS */
		bool protected_memory;       /* CAP.PLMR, PHMR */
		bool abort_dma;              /* ECAP.ADMS */
	} hardware;
	struct { /* what the unit that a guest sees can do */
		bool queued_invalidation, write_buffer_flush, caching_mode, page_selective;
		uint32_t address_mask_limit, page_size_lg2, input_width, domain_bits, fault_records, pasid_bits;
	} virtual;
	struct {                 /* POWER: the guest's DMA windows and the host's kernel */
		uint32_t window; /* enum spapr_window_kind */
		uint64_t window_bytes;
		uint32_t page_lg2;        /* of a TCE: 12, 16, 21 or 30; the default window's have 12 */
		uint32_t levels;          /* of a dynamic window's table */
		uint32_t kernel_page_lg2; /* of the host: 12 or 16 */
	} spapr;
	struct {
		bool sync_map_lock; /* a map that has nothing to invalidate takes its domain's cache lock, too */
	} guest;
	struct {
		uint32_t pattern; /* enum device_pattern; auto: by PCI class */
		uint32_t mps_bytes, mrrs_bytes;
		uint32_t reads_in_flight, writes_in_flight; /* TLPs outstanding per device */
		uint64_t link_bytes_per_s;
		uint32_t tlp_overhead_bytes;   /* framing and header on the link, per TLP */
		uint32_t nic_descriptor_batch; /* ring descriptors fetched per read */
	} device;
	struct {
		uint32_t mode;                /* enum replay_mode */
		uint32_t think_time_ppm;      /* 1,000,000 = as recorded */
		uint64_t max_operations;      /* 0: the whole trace */
		bool strict;                  /* refuse traces with anomalies */
		uint32_t flush_queue_entries; /* deferred: per CPU */
		ps_t flush_period;            /* deferred: timer */
	} replay;
	struct {
		bool stale_translations; /* compare every cached translation with the tables */
	} check;
	struct timing timing;
	uint64_t seed;
};

/* Bits that the second stage of the hardware's unit, and of the one that a guest sees, translates (MGAW). */
unsigned config_host_width(const struct config *config);
unsigned config_guest_width(const struct config *config);
/* Bits of physical address that a guest's unit takes: as the host's, where its input is not narrower. */
unsigned config_guest_address_width(const struct config *config);

#define SCENARIO_SCHEMES_MAX 16u

/* Where a parameter's value came from; both NULL: the table's default. */
struct origin {
	char *where;  /* "scenarios/x.yaml:12:3", or "--set" */
	char *source; /* what a profile gives as the value's source */
};

/* What is replayed: a recording, or what a specification makes (docs/trace-format.md, "Made traces"). */
struct scenario_trace {
	char path[512]; /* of the recording or the specification's file; resolved against the scenario's folder */
	bool is_made;
	int node; /* of the scenario's own text that is the specification (scenarios/document.h); 0: the file at path */
};

/* One key of `matrix` and the values that it takes. */
struct sweep_value {
	char *text;                   /* as parameter_format has it, or as written */
	char *where;                  /* "scenarios/x.yaml:12:22" */
	struct scenario_trace *trace; /* of the key `trace` */
};
struct sweep {
	char name[64];                     /* "iommu.iotlb_entries", "trace", "trace.flows" */
	const struct parameter *parameter; /* NULL: the trace, or a variable of its specification */
	struct sweep_value *value;         /* [value_count] */
	size_t value_count;
};

#define SCENARIO_POINTS_MAX 4096u
#define SCENARIO_SWEEPS_MAX 12u

struct scenario {
	char path[512];
	char title[160];
	struct scenario_trace trace; /* at the present point */
	char profile[64];
	struct scheme scheme[SCENARIO_SCHEMES_MAX];
	char *scheme_where[SCENARIO_SCHEMES_MAX]; /* "scenarios/x.yaml:7:5", "--set" or "--schemes"; owned */
	size_t scheme_count;
	struct config config;  /* at the present point */
	struct origin *origin; /* [parameter_count]; owned */
	char *text;            /* the scenario file as read; owned */
	char *profile_text;    /* the profile file as read; owned */
	struct sweep *sweep; /* [sweep_count], in the order of the matrix, the first one changing least often; owned */
	size_t sweep_count;
	size_t point; /* the present one */
};

/*
 * Reads, checks and completes; errors name file:line:column and the nearest known key.
 * Overwrites *scenario; when false, it holds nothing.
 */
bool scenario_load(const char *path, struct scenario *scenario, struct err *err);
/* May be called again, and on a zeroed scenario. */
void scenario_fini(struct scenario *scenario);

/*
 * "--set KEY=VALUE": parameter, which is swept no more, or schemes.NAME.AXIS=VALUE.  The caller checks again when
 * all are set.
 */
bool scenario_set(struct scenario *scenario, const char *assignment, struct err *err);
/* "--schemes A,B": keeps these of the scenario, or takes presets of that name. */
bool scenario_select_schemes(struct scenario *scenario, const char *names, struct err *err);
/* "--trace T.h5": this recording at all points, and nothing of a specification is swept. */
bool scenario_set_trace(struct scenario *scenario, const char *path, struct err *err);
/*
 * Geometry and combinations at every point; errors name the parameter and, where it came from a file,
 * file:line:column.  The present point is the first then.
 */
bool scenario_check(struct scenario *scenario, struct err *err);

/* ---- the points of the matrix (scenarios/matrix.c) ---- */

/* At least 1: without a matrix there is one point, which sweeps nothing. */
size_t scenario_point_count(const struct scenario *scenario);
/* Config, origins and trace become those of the point. */
void scenario_go_to(struct scenario *scenario, size_t point);
/* The value that a sweep has at a point. */
const struct sweep_value *scenario_sweep_value(const struct scenario *scenario, size_t point, size_t sweep);
/* "machine.guests=4 iommu.iotlb_entries=64"; "" without a matrix.  Cut at size. */
void scenario_point_text(const struct scenario *scenario, size_t point, char *text, size_t size);

/* ---- the parameter table ---- */

enum parameter_type {
	PARAMETER_U32,
	PARAMETER_U64,
	PARAMETER_BYTES,
	PARAMETER_RATE, /* bytes per second */
	PARAMETER_PS,
	PARAMETER_BOOL,
	PARAMETER_ENUM,
	PARAMETER_PPM,
};

struct parameter {
	const char *name; /* path of the field; *_ppm is written as a fraction and loses its suffix */
	enum parameter_type type;
	size_t offset, size;       /* of the field in struct config; size 1, 4 or 8 */
	const char *initial;       /* default as text; NULL: the profile must give it */
	uint64_t min, max;         /* of the stored value, inclusive */
	const char *unit;          /* "entries", "bytes", "ns" ... as written in files */
	const char *const *values; /* PARAMETER_ENUM: names in enum order, NULL-terminated */
	const char *source;        /* where the default comes from, or ASSUMED */
	const char *help;
};

extern const struct parameter parameters[];
extern const size_t parameter_count;

/* What stands behind the value: the profile's source, the place that set it, or the table's source. */
const char *scenario_parameter_source(const struct scenario *scenario, const struct parameter *parameter);

/* The table's defaults; what a profile must give is 0. */
void config_default(struct config *config);

const struct parameter *parameter_find(const char *name);
/* True when some parameter's name goes on after "NAME.". */
bool parameter_is_group(const char *name);
/*
 * ": did you mean 'NAME'?" with the nearest parameter or group below prefix ("" or "iommu."), without the
 * prefix; "" when nothing is near.  size bytes are enough at 96.
 */
void parameter_suggest(const char *prefix, const char *name, char *text, size_t size);
/* Parses text ("128", "64 MiB", "1.3 us", "true", "nvme", "0.5") into config; the error begins "NAME = TEXT: ". */
bool parameter_parse(const struct parameter *parameter, const char *text, struct config *config, struct err *err);
/* The value as text that parameter_parse takes back; size bytes are enough at 64. */
void parameter_format(const struct parameter *parameter, const struct config *config, char *text, size_t size);
/* A stored value of this parameter in the same form. */
void parameter_format_value(const struct parameter *parameter, uint64_t value, char *text, size_t size);
uint64_t parameter_value(const struct parameter *parameter, const struct config *config);
/* What values are possible: "a whole number from 1 to 64". */
void parameter_expectation(const struct parameter *parameter, char *text, size_t size);

#endif
