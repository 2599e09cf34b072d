/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of one case and what the case's program does to it (setting.h): its process and a child, their areas, files,
 * limits.
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_STAGE_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_STAGE_H

#include "tests/kernel_oracle/interface.h"
#include "tests/kernel_oracle/recording.h"
#include "tests/kernel_oracle/setting.h"

#define STAGE_FILES 4u

struct stage_caller {
	struct process process;
	uint64_t mlocked_bytes;
	bool exists;
};

struct stage_file {
	const char *name; /* NULL: none */
	phys_t base;
	uint64_t bytes;
};

struct stage {
	struct oracle_world world;
	struct stage_caller callers[2]; /* the case's process, its child */
	unsigned calling;
	struct stage_file files[STAGE_FILES];
};

/* The stage must not move until stage_fini. */
void stage_init(struct stage *stage, const struct recorded_case *recorded, bool as_recorded);
void stage_fini(struct stage *stage);

/* Does it; interface, which has state, is told what it must know (both NULL: nobody is). */
void stage_set(struct stage *stage, const struct setting *setting, const struct oracle_interface *interface,
	       void *state);

/* A note of the program: "mmap 0xADDRESS failed ERROR" takes back the memory that a setting promised there. */
void stage_note(struct stage *stage, const char *note);

#endif
