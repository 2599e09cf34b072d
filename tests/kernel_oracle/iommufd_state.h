/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files share that answer iommufd's calls, as the programs iofd and record/iommufd*.c made them.  Which object
 * a call without a number in its arguments meant is the program's text, told here; what it answers is
 * models/software/iommufd*.
 *
 *   iommufd_calls.c         the interface; objects, devices, IOAS
 *   iommufd_calls_hwpt.c    page tables, dirty tracking, hardware information
 *   iommufd_calls_vfio.c    VFIO's ioctls
 *   iommufd_calls_slot.c    random calls with the mock IOMMU, which name their objects by slot
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_IOMMUFD_STATE_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_IOMMUFD_STATE_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/software/iommufd_hwpt.h"
#include "models/software/iommufd_mock.h"
#include "models/software/iommufd_vfio.h"
#include "models/software/iommufd_vtd.h"
#include "tests/kernel_oracle/interface.h"
#include "tests/kernel_oracle/setting.h"

#define IOMMUFD_NO_OBJECT 9999u /* the program's number of an object that does not exist */
#define IOMMUFD_SLOTS     4u

struct iommufd_state {
	struct oracle_world *world;
	struct memory *memory;
	struct frames frames;
	struct iommufd_vtd vtd;
	struct iommufd_unit mock;
	struct iommufd iommufd;
	struct account user;
	struct vfio_cdev cdev;
	struct host_work work;

	/* The program's variables: numbers of objects, 0 before. */
	uint32_t ioas, second_ioas, device, hwpt;
	uint32_t plain, parent, nested, tracking;
	/* Those of the random calls, by slot. */
	uint32_t slot_mock[IOMMUFD_SLOTS], slot_device[IOMMUFD_SLOTS], slot_table[IOMMUFD_SLOTS];
	uint32_t slot_nested[IOMMUFD_SLOTS];

	struct iommufd_file file; /* of the next IOAS_MAP_FILE */
	bool has_file;
	uint32_t dirty_flags; /* of the last GET_DIRTY_BITMAP; the one after a bad flag asks the IOAS */
	unsigned copies, set_calls, get_calls;
};

struct iommufd_op {
	const char *op;
	void (*answer)(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer);
};

/* Each ends with a row of no name. */
extern const struct iommufd_op iommufd_hwpt_ops[], iommufd_vfio_ops[], iommufd_slot_ops[];

static inline void fail_or(struct oracle_answer *answer, int error)
{
	answer->ret = error ? -1 : 0;
	answer->error = error;
}

/* "0x1f", and "0" for 0: %#lx. */
static inline const char *hex(char buffer[24], uint64_t value)
{
	snprintf(buffer, 24, "%#" PRIx64, value);
	return buffer;
}

static inline void print_field(struct oracle_answer *answer, const char *name, uint64_t value)
{
	char number[24];

	snprintf(answer->out, sizeof(answer->out), "%s=%s", name, hex(number, value));
}

static inline bool has_word(const struct oracle_call *call, const char *word)
{
	return strstr(call->args, word) != NULL;
}

static inline struct iommufd_caller caller_of(struct iommufd_state *state)
{
	return (struct iommufd_caller){ .process = state->world->process,
					.user = &state->user,
					.cap_ipc_lock = state->world->cap_ipc_lock,
					.pin_batch_pages = 512 };
}

/* Would the kernel look at a structure of that many bytes? */
static inline bool is_known(struct iommufd_state *state, unsigned number, uint32_t bytes, uint32_t used,
			    struct oracle_answer *answer)
{
	int error = iommufd_check_call(&state->iommufd, number, bytes, used);

	if (error)
		fail_or(answer, error);
	return !error;
}

#endif
