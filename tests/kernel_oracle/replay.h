/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the models what a recorded case asked the kernel, and compares (interface.h says how a difference gets a name).
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_REPLAY_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_REPLAY_H

#include "tests/kernel_oracle/recording.h"

enum replay_field {
	REPLAY_RET = 1 << 0,
	REPLAY_ERRNO = 1 << 1,
	REPLAY_OUT = 1 << 2,
	REPLAY_VM_LCK = 1 << 3,
	REPLAY_VM_PIN = 1 << 4,
};

#define REPLAY_KIND_BYTES 128u

struct replay_call {
	const struct recorded_case *recorded;
	const struct recorded_line *line;
	bool modelled;
	char kind[REPLAY_KIND_BYTES]; /* of a call that is not: "type1 CHECK_EXTENSION" */
	struct recorded_answer model; /* otherwise, the answer */
	unsigned differs;             /* enum replay_field */
	const char *name;             /* of the difference; NULL: it has none */
	bool is_consequence;          /* of the difference that was named earlier in the case */
};

/* report is told of every call, in order; what it gets is valid until it returns. */
typedef void replay_report(void *context, const struct replay_call *call);

/* interfaces: as oracle_interfaces. */
void replay_case(const struct recording *recording, const struct recorded_case *recorded,
		 const struct oracle_interface *const *interfaces, replay_report *report, void *context);

#endif
