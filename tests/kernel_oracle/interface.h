/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel-oracle: recorded calls of VFIO and iommufd are asked of the models, and the answers compared with what the
 * kernel said.  A recording has cases; each is a fresh process with a fresh container or iommufd.
 *
 *   recording.h   reads a recording: its kernel, its cases, its calls with the kernel's answers
 *   setting.h     what a case did besides calls (memory, limits, a child), by case
 *   stage.h       does it: the world's processes, areas, files
 *   interface.h   (here) one family of calls, answered by the models: type1_calls.c, iommufd_calls.c, spapr_calls.c
 *   replay.h      asks, compares
 *   kernel_oracle.c  the program: prints differences and the closing line
 *
 * Each case is replayed twice, in two worlds side by side.  The first has the models as they are.  In the second
 * (as_recorded) an interface answers as the recorded kernel does with its defects, by whatever means, and names a defect
 * at the call where it shows first.  Where the first world's answer is not the kernel's, the difference has that name if
 * the second world's answer is the kernel's in every field, and otherwise none.  What follows from a defect in later
 * calls of the case (memory that stays accounted, an entry that is gone) so has to be foretold, too; such a call
 * that names nothing itself is reported as a consequence of the name before it.  All of them count as different.
 *
 * Calls that only look ("state", "munmap", "parent status after child mapped") and mlock are answered by the program:
 * ret 0 and locked().
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_INTERFACE_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/software/kernel.h"
#include "models/software/process.h"

/* Where a recording was made. */
enum oracle_machine {
	ORACLE_X86_VTD,  /* QEMU q35, VT-d in legacy mode, 48 bit; devices in two groups */
	ORACLE_X86_MOCK, /* the kernel's mock IOMMU (IOMMUFD_TEST) */
	ORACLE_POWERNV,  /* PHB4 of powernv9, two groups */
	ORACLE_PSERIES,  /* sPAPR guest whose hypervisor has the tables */
};

struct oracle_call {
	const char *op;   /* what stands between "op=" and " args=": "MAP", "CHECK_EXTENSION(no group)" */
	const char *args; /* what stands between the braces */
};

/* The number after "KEY=" in the call's arguments; false when there is none. */
bool oracle_number(const struct oracle_call *call, const char *key, uint64_t *value);
/* The same where the recording cannot lack it: 0 then. */
uint64_t oracle_argument(const struct oracle_call *call, const char *key);

/* What a model answers.  Before the call: ret 0, error 0, out "", modelled true, difference NULL. */
struct oracle_answer {
	bool modelled;  /* false: this kind of call is not */
	int64_t ret;    /* -1 with error */
	int error;      /* errno value */
	char out[2048]; /* as the recording prints it, without the braces */
	/* In the world as_recorded: the name of the kernel's defect that shows here, docs/validation.md; or NULL.  Valid
	 * as long as the program runs. */
	const char *difference;
	bool passes; /* and nothing follows from it in later calls */
};

/* The world of one case: what a call finds besides the interface's own state. */
struct oracle_world {
	enum oracle_machine machine;
	struct kernel kernel;
	unsigned page_lg2;        /* of the kernel: 12, or 16 */
	bool as_recorded;         /* with the recorded kernel's defects (above) */
	const char *name;         /* of the case, without the part before its slash: "hole" */
	const char *family;       /* the part before: "type1v2", "iommufd-mock-attached", "spaprv1" */
	struct process *process;  /* who calls now: the case's process, or the child it forked */
	struct pins pins;         /* of the machine's memory */
	bool cap_ipc_lock;        /* of the caller; process->account.limit_pages follows this and the next */
	uint64_t memlock_bytes;   /* its RLIMIT_MEMLOCK */
	uint64_t mlocked_bytes;   /* what mlock() locked: already charged to process->account as ACCOUNT_MM */
	uint64_t dma_entry_limit; /* parameter of the vfio_iommu_type1 module */
	phys_t frames_next;       /* where the next area's memory lies */
};

/*
 * What a case did between two calls and the models must know (setting.c).  Memory and limits are only done to the world.
 *
 *   "second container"  opened with the second group attached and its IOMMU set (ops MAP2, MAP(c2), ...); comes after
 *                       begin() and before the first call
 *   "close device", "close group", "close container", "close iommufd": what may not be open, where opening it failed
 *   "file"              the descriptor of the next IOAS_MAP_FILE: value[0] where its pages lie, value[1] bytes; 0, 0: none
 *   "child"             a child that the process forked calls from now on: world->process is the child
 *   "parent"            the process calls again
 *   "exit"              the child ends, still the caller; "parent" follows.  Its struct process stays valid to the
 *                       case's end
 */
struct oracle_event {
	const char *what;
	uint64_t value[2];
};

struct oracle_interface {
	const char *prefix; /* of the families it answers: "type1", "iommufd-", "spapr" */
	/* A case begins: what its program opened and attached before its first recorded call is done.  Limits of before
	 * the first call are set, areas of before it are there. */
	void *(*begin)(struct oracle_world *world);
	void (*event)(void *state, const struct oracle_event *event);
	void (*answer)(void *state, const struct oracle_call *call, struct oracle_answer *answer);
	/* Locked memory of the calling process as /proc/self/status shows it. */
	void (*locked)(void *state, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes);
	void (*end)(void *state);
};

extern const struct oracle_interface type1_interface, iommufd_interface, spapr_interface;

/* All that there are, ended by NULL (interfaces.c). */
extern const struct oracle_interface *const oracle_interfaces[];

#endif
