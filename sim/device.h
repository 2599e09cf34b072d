/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCIe function in time: transfers of the trace become TLPs that cross the
 * link, are translated and reach memory, with finitely many under way.
 */
#ifndef IOMMUSIM_SIM_DEVICE_H
#define IOMMUSIM_SIM_DEVICE_H

#include "models/endpoint/endpoint.h"
#include "scenarios/config.h"
#include "sim/actor.h"
#include "sim/unit.h"

/* What a transfer runs over: [iova, iova + bytes) lies at bus address + (x - iova). */
struct piece {
	iova_t iova;
	iova_t bus;
	uint64_t bytes;
};

/* One transfer; lives in the mapping it belongs to. */
struct job {
	struct transfer transfer;
	const struct piece *pieces; /* in ascending iova; cover the transfer's data */
	uint32_t piece_count;
	uint64_t under_way;    /* TLPs */
	bool begun;            /* `ready` holds the next TLP, or the transfer has none left */
	struct transfer whole; /* as it was given */
	bool has_ready;
	struct tlp ready;
	unsigned stage;  /* of the transfer: of the TLPs under way */
	ps_t not_before; /* the device looks at it from here */
	struct job *next;
	void (*done)(struct job *job, struct actor *actor);
};

struct tlp_slot; /* one TLP under way, or none */

struct device {
	struct unit *unit;
	const struct config *config;
	struct result_scheme *result;
	uint16_t source_id;
	bool freezes; /* a blocked request stops all that it does (POWER's EEH) */
	bool is_frozen;
	struct endpoint endpoint;
	struct link up, down;
	struct slots reads, writes;
	struct tlp_slot *slots;       /* [reads and writes in flight]; owned */
	struct waiters idle;          /* TLP slots without work */
	struct job *first, *last;     /* jobs not finished, in order */
	struct waiters quiet;         /* who waits for no job to be left */
	uint64_t bytes;               /* moved */
	bool is_stopped;              /* sends nothing */
	uint64_t under_way;           /* TLPs */
	struct waiters drained;       /* who waits for none to be */
	ps_t last_moved, longest_gap; /* between two TLPs' data */
};

void device_init(struct device *device, struct engine *engine, const struct config *config, struct unit *unit,
		 struct result_scheme *result, uint16_t source_id, uint32_t class_code, const char *name);

void device_fini(struct device *device);

/*
 * The running actor rang the doorbell; job->transfer, pieces and done are set, the rest is set here.  A frozen device
 * does nothing, and the job is done, cut.
 */
void device_submit(struct device *device, struct actor *actor, struct job *job);

/* It sends nothing any more (bus mastering is off); returns when no TLP is under way. */
void device_stop(struct device *device, struct actor *actor);
/* While it is stopped: transfers that had begun are lost, counted, and begin anew. */
void device_reset(struct device *device, struct actor *actor);
void device_start(struct device *device, struct actor *actor);

/* Returns when the device has no job left. */
void device_wait_quiet(struct device *device, struct actor *actor);

#endif
