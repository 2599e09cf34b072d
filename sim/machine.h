/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated machine under one scheme: memory, the hardware unit, the
 * host's software, and its guests, each with a driver, devices and virtual CPUs
 * of its own, which all replay the same trace.
 *
 *     machine.c      puts the machine together, runs it
 *     translation.h  what its way of translating does at each step, in the host and in the guest's DMA API
 *     guest.c        what a virtual CPU does for each operation of the trace
 *     host.c         what the host's calls cost
 *     unit.c         the hardware unit;  device.c  the endpoints
 *
 * Guest-physical memory lies in host-physical memory at guest->view.offset.
 */
#ifndef IOMMUSIM_SIM_MACHINE_H
#define IOMMUSIM_SIM_MACHINE_H

#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/software/flush_queue.h"
#include "models/software/host.h"
#include "models/software/pins.h"
#include "models/software/process.h"
#include "models/software/ranges.h"
#include "models/software/registration.h"
#include "scenarios/config.h"
#include "sim/actor.h"
#include "sim/cores.h"
#include "sim/device.h"
#include "sim/mapping.h"
#include "sim/pause.h"
#include "sim/timeline.h"
#include "sim/unit.h"
#include "traces/trace.h"

/* Where the process that starts the guest sees guest-physical address 0. */
#define GUEST_VADDR UINT64_C(0x7f0000000000)

struct translation;

/* What a way of translating keeps: defined where it is done, NULL where it is not. */
struct vtd_host;          /* vtd_host.h */
struct vtd_guest;         /* vtd_guest.h */
struct vtd_domain;        /* models/software/vtd_driver.h */
struct passthrough_guest; /* translation_passthrough.c */
struct shadow_device;     /* translation_shadow.c */
struct nested_guest;      /* translation_nested.c */
struct nested_device;
struct power_host;  /* power_host.h */
struct power_guest; /* power_guest.h */
struct power_domain;

/* One IOMMU group of the trace: one IOVA space of the guest's driver. */
struct domain {
	struct guest *owner;
	uint32_t group;
	struct vtd_domain *vtd;
	struct power_domain *power;
	struct flush_queue *flush_queue; /* deferred unmap; NULL: strict */
	struct ranges awaiting_flush;    /* deferred: IOVA ranges that the unit may still know */
	struct waiters flush_armed;      /* the flush timer, while nothing is queued */
};

/* One device of the trace, assigned to the guest by the host when it does DMA. */
struct assignment {
	struct domain *domain; /* in the guest; NULL under passthrough */
	bool assigned;
	struct device device;
	struct shadow_device *shadow;
	struct nested_device *nested;
};

/* One virtual CPU. */
struct vcpu {
	struct guest *guest;
	uint16_t number;
	struct trace_cursor *rows;
	ps_t recorded_end;              /* of the row before, in the recording */
	struct trace_segment *segments; /* of the row at hand */
	struct piece *pieces;           /* where they lie in this run, [piece_count]: at least one */
	uint32_t segment_capacity, piece_count;
};

struct guest {
	struct machine *machine;
	uint32_t number;

	/* What the host keeps for it. */
	struct pins pins;                        /* of its memory */
	struct process *process;                 /* that runs it */
	struct process *old_process;             /* from which it took over; NULL: from none */
	uint64_t vaddr;                          /* where the process sees guest-physical address 0 */
	uint64_t locked_pages, locked_new_pages; /* of its processes' accounts, as the machine's sums have them */
	struct registrations registrations;
	struct passthrough_guest *passthrough;
	struct nested_guest *nested;

	/* Its own. */
	struct memory_view view; /* its physical memory */
	struct frames frames;
	struct vtd_guest *vtd;
	struct power_guest *power;
	struct domain *domains;
	uint32_t domain_count;
	struct assignment *assignments; /* [devices of the trace] */
	uint16_t device_count;
	struct vcpu *vcpus;
	uint16_t vcpu_count;
	struct mappings mappings;
	struct rows_done rows;
	struct pause pause;
	bool is_away;           /* nothing of the host answers for it (update.h) */
	struct waiters adopted; /* who waits for what replaces it */
	ps_t adopted_at;        /* when it last did */
	ps_t end;               /* of its last CPU so far */
};

struct machine {
	const struct config *config;
	const struct timing *timing;
	struct scheme scheme;
	const struct translation *translation;
	struct trace *trace;
	struct result_scheme *result;
	struct timeline *timeline;           /* NULL: not asked for */
	volatile uint64_t *progress;         /* rows done, shared with the parent process */
	void (*fail)(const struct err *err); /* ends the run; does not return */
	struct engine engine;
	struct cores cores; /* count 0: as many as there are virtual CPUs, so nobody shares */
	struct memory *memory;
	struct unit unit; /* hardware */

	/* host */
	struct frames host_frames;
	struct vtd_host *vtd;
	struct power_host *power;
	unsigned kernel_page_lg2;
	uint64_t locked_pages, locked_new_pages; /* for all guests; of processes that took over */
	uint64_t mappings;                       /* in all containers */

	struct guest *guests;
	uint32_t guest_count;
	ps_t guest_cpu_ps, host_cpu_ps;
};

/*
 * Everything as it is at date 0; what starting costs is recorded
 * (RESULT_REGISTER, COUNT_STARTUP_PS).  machine->trace, result, timeline, progress and fail are set by the caller.
 */
bool machine_create(struct machine *machine, const struct config *config, const struct scheme *scheme, bool exact,
		    struct err *err);
/* Runs to the end and fills in the counters. */
void machine_run(struct machine *machine);

/* Computing on a CPU, and the sum that is kept of it. */
static inline void machine_compute(struct machine *machine, struct actor *actor, ps_t work, enum result_cause cause)
{
	if (machine->cores.count > 0)
		cores_compute(&machine->cores, actor, work, cause);
	else
		actor_spend(actor, work, cause);
}

static inline void guest_compute(struct machine *machine, struct actor *actor, ps_t work, enum result_cause cause)
{
	machine->guest_cpu_ps += work;
	machine_compute(machine, actor, work, cause);
}

static inline void host_compute(struct machine *machine, struct actor *actor, ps_t work, enum result_cause cause)
{
	machine->host_cpu_ps += work;
	machine_compute(machine, actor, work, cause);
}

#endif
