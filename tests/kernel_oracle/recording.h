/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording of real kernels' answers: text, packed or not, in which these lines count (others are what the machine
 * said on its console).
 *
 *   I kernel UNAME                the kernel's version
 *   C CASE                        a case begins
 *   R CASE op=OP args={ARGS} -> ret=N errno=E out={OUT} VmLck=NkB VmPin=NkB      a call, its answer, and the caller's
 *                                 locked and pinned memory after it
 *   N CASE TEXT                   a note of the program that made the calls
 *   X CASE TEXT                   the case's process died: the case ends early
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_RECORDING_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_RECORDING_H

#include "models/base/err.h"
#include "tests/kernel_oracle/interface.h"

/* What a call gave, in the recording's terms. */
struct recorded_answer {
	int64_t ret;
	const char *error; /* "0", or the errno's name */
	const char *out;
	int64_t vm_lck_kib, vm_pin_kib;
};

enum recorded_kind {
	RECORDED_CALL,
	RECORDED_NOTE,
	RECORDED_DEATH,
	RECORDED_DAMAGED, /* a line that begins as one of these and does not go on as one; text says what is wrong */
};

struct recorded_line {
	enum recorded_kind kind;
	unsigned number;  /* in the file, from 1 */
	const char *text; /* of a note, a death, a damage */
	struct oracle_call call;
	struct recorded_answer answer;
};

struct recorded_case {
	const char *full_name;     /* "type1v2/hole" */
	const char *family, *name; /* "type1v2", "hole"; an empty name when there is no slash */
	enum oracle_machine machine;
	struct kernel kernel;
	unsigned page_lg2;
	size_t first, count; /* of the lines */
};

struct recording {
	const char *path;
	bool kernel_is_known; /* false: no line says, and KERNEL_DEFAULT stands in */
	struct recorded_case *cases;
	struct recorded_line *lines;
	size_t case_count, line_count;
	size_t case_capacity, line_capacity;
	char **texts; /* of the file, line by line, cut in place: what all the strings above point into */
	size_t text_count, text_capacity;
};

/* False and *err: the file cannot be read or has no call at all.  path must stay valid. */
bool recording_read(struct recording *recording, const char *path, struct err *err);
void recording_free(struct recording *recording);

#endif
