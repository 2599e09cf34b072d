/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded VT-d guest whose operations are given to the driver model again, in recorded order:
 *
 *     if (vtd_guest_begin(&guest, "Q-vtd-oracle-strict-cm")) {
 *             while (vtd_guest_step(&guest))
 *                     ...
 *             vtd_guest_end(&guest);
 *     }
 *
 * What differs from the recording ends the test.
 */
#ifndef IOMMUSIM_TESTS_ORACLES_VTD_GUEST_H
#define IOMMUSIM_TESTS_ORACLES_VTD_GUEST_H

#include "models/software/flush_queue.h"
#include "models/software/vtd_driver.h"
#include "tests/oracles/order.h"
#include "tests/oracles/recording.h"

#define GROUPS_MAX 16u
#define CPUS_MAX   8u

/* The guest's memory lies here in physical memory. */
#define GUEST_OFFSET UINT64_C(0x10000000000)

#define DESCRIPTORS_AT_ONCE 4096u

/* One group of devices: they share a domain. */
struct vtd_group {
	struct vtd_domain *domain;
	struct flush_queue *queue; /* lazy */
	bool full[CPUS_MAX];       /* an unmap on this CPU waits for the flush of a full ring */
	struct trace_op waiting[CPUS_MAX];
	struct table_list waiting_tables[CPUS_MAX];
	bool flushing[CPUS_MAX]; /* a flush by this CPU was begun; when it ended is not recorded */
};

/* A strict unmap between its table change and its flush. */
struct vtd_pending {
	bool used;
	uint64_t row;
	struct vtd_gather gather;
};

struct vtd_guest {
	/* May be set before vtd_guest_begin: told of each register that the driver writes, the queue's tail too. */
	void (*register_written)(void *argument, unsigned offset, unsigned bytes, uint64_t value);
	void *argument;

	struct recording recording;
	struct order order;
	struct memory *memory;
	struct memory_view view;
	struct frames frames;
	struct vtd_driver *driver;
	struct vtd_invalidations list;
	struct vtd_pending pending[CPUS_MAX];
	struct map_work work;
	struct vtd_group group[GROUPS_MAX];
	bool strict;

	phys_t root, queue;
	unsigned slot_bytes;
	uint32_t tail;

	struct trace_descriptor *descriptor; /* [DESCRIPTORS_AT_ONCE], read ahead */
	uint64_t descriptors;                /* compared */

	uint64_t segments, unmaps, attaches, flushes, snapshots;
	uint64_t flushes_full, flushes_early; /* lazy: because a ring was full; by a timer a tick early */
};

/* A word of the guest's memory. */
static inline uint64_t vtd_guest_word(const struct vtd_guest *guest, phys_t address)
{
	return memory_read64(guest->memory, address + GUEST_OFFSET);
}

/* guest is zero but for the hook; false: the set is not there.  Starts the driver. */
bool vtd_guest_begin(struct vtd_guest *guest, const char *name);
/* The trace's next event; false: it has ended. */
bool vtd_guest_step(struct vtd_guest *guest);
void vtd_guest_end(struct vtd_guest *guest);

/* Submits all that is listed, and compares each descriptor as it lies in the queue with the recorded one. */
void vtd_guest_submit(struct vtd_guest *guest);

/* If a snapshot was taken at this mark, compares what the guest's memory held with the model's. */
void vtd_guest_check_snapshot(struct vtd_guest *guest, const struct trace_op *mark);

/* ---- lazy unmap (vtd_lazy.c) ---- */

/* An unmap, its table change done; takes the tables over. */
void vtd_guest_defer(struct vtd_group *group, const struct trace_op *op, struct table_list *freed);
/* A recorded flush of a domain: by a full ring of its CPU, else by the timer, which must be due. */
void vtd_guest_flush_all(struct vtd_guest *guest, const struct trace_op *op);
/* This CPU does something else: a flush of its own has ended. */
void vtd_guest_moved_on(struct vtd_guest *guest, unsigned cpu, ps_t now);
/* At the end: nothing waits for a flush that never came, and few timers were early. */
void vtd_guest_end_lazy(struct vtd_guest *guest);

#endif
