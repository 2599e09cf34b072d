/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated machine under one scheme: memory, the hardware unit, the
 * host's software, and its guests, each with a driver, devices and virtual CPUs
 * of its own, which all replay the same trace.
 *
 *     guest.c    what a virtual CPU does for each operation of the trace
 *     host.c     what happens on a VM exit and in the host kernel
 *     unit.c     the hardware unit;  device.c  the endpoints
 *     schemes.c  puts the machine together as the scheme says
 *
 * Guest-physical memory lies in host-physical memory at guest->view.offset.
 */
#ifndef IOMMUSIM_SIM_MACHINE_H
#define IOMMUSIM_SIM_MACHINE_H

#include "models/memory/frames.h"
#include "models/memory/memory.h"
#include "models/software/flush_queue.h"
#include "models/software/host.h"
#include "models/software/iommufd.h"
#include "models/software/pins.h"
#include "models/software/process.h"
#include "models/software/ranges.h"
#include "models/software/registration.h"
#include "models/software/type1.h"
#include "models/software/viommu.h"
#include "models/software/vtd_driver.h"
#include "scenarios/config.h"
#include "sim/actor.h"
#include "sim/cores.h"
#include "sim/device.h"
#include "sim/mapping.h"
#include "sim/timeline.h"
#include "sim/unit.h"
#include "traces/trace.h"

/* The process that runs the guest sees guest-physical address 0 here. */
#define GUEST_VADDR UINT64_C(0x7f0000000000)

/* One IOMMU group of the trace: one IOVA space of the guest's driver. */
struct domain {
	struct guest *owner;
	uint32_t group;
	struct vtd_domain *guest;
	struct flush_queue *flush_queue; /* deferred unmap; NULL: strict */
	struct ranges awaiting_flush;    /* deferred: IOVA ranges that the unit may still know */
	struct waiters flush_armed;      /* the flush timer, while nothing is queued */
};

/* One device of the trace, assigned to the guest by the host when it does DMA. */
struct assignment {
	struct domain *domain; /* in the guest; NULL under passthrough */
	bool assigned;
	struct device device;
	unsigned space; /* number in the emulated unit */

	/* In the host. */
	struct host_domain host;       /* shadow: IOVA to host-physical; nested: the guest's first stage over parent */
	struct vtd_invalidations list; /* what host.list points to */
	struct type1 type1;            /* shadow: its container */
	struct nested_hwpt hwpt;       /* nested, while attached */
	struct slots container_lock;
};

/* One virtual CPU. */
struct vcpu {
	struct guest *guest;
	uint16_t number;
	struct trace_cursor *rows;
	ps_t recorded_end; /* of the row before, in the recording */
	struct vtd_invalidations list;
	struct trace_segment *segments; /* of the row at hand */
	uint32_t segment_capacity;
};

struct guest {
	struct machine *machine;
	uint32_t number;

	/* What the host keeps for it. */
	struct host_domain parent; /* guest-physical to host-physical: all but shadow */
	struct ioas ioas;          /* nested: over parent */
	struct type1 type1;        /* passthrough: over parent */
	struct pins pins;          /* of its memory */
	struct process process;    /* that runs it */
	uint64_t locked_pages;     /* of the process's account, as the machine's sum has them */
	struct registrations registrations;
	struct slots emulator_lock; /* of the user-space device model */

	/* Its own. */
	struct memory_view view; /* its physical memory */
	struct frames frames;
	struct iommu *unit; /* the emulated unit's registers and queue; NULL under passthrough */
	struct viommu viommu;
	struct vtd_driver *driver;
	struct slots queue_lock;
	struct slots register_lock;
	struct waiters queue_space;
	struct waiters queue_idle; /* hardware queue: its engine, while it is empty */
	struct domain *domains;
	uint32_t domain_count;
	struct assignment *assignments; /* [devices of the trace] */
	uint16_t device_count;
	struct vcpu *vcpus;
	uint16_t vcpu_count;
	struct mappings mappings;
	struct rows_done rows;
	ps_t end; /* of its last CPU so far */
};

struct machine {
	const struct config *config;
	const struct timing *timing;
	struct scheme scheme;
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
	struct vtd_driver *host_driver;
	struct vtd_invalidations host_list; /* while starting */
	struct slots host_queue_lock;
	struct slots host_register_lock;
	struct waiters host_queue_space; /* who found no free descriptor */
	uint64_t locked_pages;           /* for all guests */

	struct guest *guests;
	uint32_t guest_count;
	ps_t guest_cpu_ps, host_cpu_ps;
};

/*
 * schemes.c: everything as it is at date 0; what starting costs is recorded
 * (RESULT_REGISTER, COUNT_STARTUP_PS).  machine->trace, result, timeline, progress and fail are set by the caller.
 */
bool machine_create(struct machine *machine, const struct config *config, const struct scheme *scheme, bool exact,
		    struct err *err);
/* Runs to the end and fills in the counters. */
void machine_run(struct machine *machine);

/* No domain identifier was left for an attach by this driver, the guest's or the host's: sets *err, false. */
bool machine_no_id(const struct machine *machine, const struct vtd_driver *driver, struct err *err);

/* guest.c */
void vcpu_story(struct actor *actor, void *vcpu);
void flush_timer_story(struct actor *actor, void *domain);

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

/* Cache lines that a driver writes back after this work, for a unit that does not snoop. */
uint64_t map_work_lines(const struct map_work *work);

/* ---- host.c ---- */

/* The guest wrote its queue's tail register and the write exits; returns when the guest runs again. */
void host_queue_exit(struct guest *guest, struct actor *actor, uint32_t tail);

/* The guest's access to a register of the emulated unit, which exits; a write may be an invalidation. */
void host_write_exit(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes, uint64_t value);
uint64_t host_read_exit(struct guest *guest, struct actor *actor, unsigned offset, unsigned bytes);

/* The guest's hardware queue: takes the guest's commands without an exit. */
void guest_queue_story(struct actor *actor, void *guest);

/* What work costs, by cause: for calls (to an actor) and for starting (to parts). */
void host_price(const struct machine *machine, const struct host_work *work, bool at_start, ps_t parts[RESULT_CAUSES]);

/* Counts pins and locked memory after a call that did this work, at date. */
void host_count(struct guest *guest, const struct host_work *work, ps_t date);

#endif
