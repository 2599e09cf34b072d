/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel-oracle: recorded calls of VFIO and iommufd are asked of the models, and the answers compared with what the
 * kernel said.  A recording has cases; each is a fresh process with a fresh container or iommufd.
 *
 *   recording.h   reads a recording: its kernel, its cases, its calls with the kernel's answers
 *   setting.h     what a case did besides calls (memory, limits, a child): by case, from settings.txt
 *   interface.h   (here) one family of calls, answered by the models: type1_calls.c, iommufd_calls.c, spapr_calls.c
 *   kernel_oracle.c  the program: replays, compares, prints differences and the closing line
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
	const char *
		difference; /* the name of a defect of the recorded kernel that shows here, docs/validation.md; or NULL */
};

/* The world of one case: what a call finds besides the interface's own state. */
struct oracle_world {
	enum oracle_machine machine;
	struct kernel kernel;
	unsigned page_lg2;       /* of the kernel: 12, or 16 */
	const char *name;        /* of the case, without the part before its slash: "hole" */
	const char *family;      /* the part before: "type1v2", "iommufd-mock-attached", "spaprv1" */
	struct process *process; /* who calls now: the case's process, or the child it forked */
	struct pins pins;        /* of the machine's memory */
	bool cap_ipc_lock;       /* of the caller */
	uint64_t memlock_bytes;  /* its RLIMIT_MEMLOCK; UINT64_MAX: none */
	uint64_t mlocked_bytes;  /* of its VmLck, what mlock() locked */
	phys_t frames_next;      /* where the next area's memory lies */
};

/* What a case did between two calls and the world does not do itself (settings.txt): "close container". */
struct oracle_event {
	const char *what;
	uint64_t value[2];
};

struct oracle_interface {
	const char *prefix; /* of the families it answers: "type1", "iommufd-", "spapr" */
	/* A case begins: what its program opened and attached before its first recorded call is done. */
	void *(*begin)(struct oracle_world *world);
	void (*event)(void *state, const struct oracle_event *event);
	void (*answer)(void *state, const struct oracle_call *call, struct oracle_answer *answer);
	/* Locked memory of the calling process as /proc/self/status shows it. */
	void (*locked)(void *state, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes);
	void (*end)(void *state);
};

extern const struct oracle_interface type1_interface, iommufd_interface, spapr_interface;

#endif
