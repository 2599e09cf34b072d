/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A brute-force twin of sPAPR's VFIO driver: one process, a few containers, every table an array, every list searched.
 * Written from the kernel's source, step by step.  It has the defects of the kernels recorded, which can be switched
 * off: without them it must be the models' equal, with them the recorded kernels'.
 */
#ifndef IOMMUSIM_TESTS_SPAPR_TWIN_H
#define IOMMUSIM_TESTS_SPAPR_TWIN_H

#include "models/software/process.h"

#define TWIN_CONTAINERS 3u
#define TWIN_GROUPS     4u
#define TWIN_WINDOWS    2u
#define TWIN_REGIONS    512u

struct twin_region {
	uint64_t vaddr, bytes;
	unsigned used;
	uint64_t mapped; /* as the kernel counts: 1 and the entries */
	unsigned page_lg2;
};

struct twin_entry {
	uint64_t vaddr;
	unsigned permissions; /* 0: none */
};

struct twin_window {
	bool exists;
	iova_t start;
	unsigned page_lg2;
	uint64_t entries, accounted;
	uint64_t valid;           /* entries that are not none */
	struct twin_entry *entry; /* [entries + slack]: past its end lies whatever the kernel had there */
};

struct twin_container {
	bool v2, enabled, pending, owned;
	unsigned groups;
	uint64_t enabled_bytes;
	struct twin_window window[TWIN_WINDOWS];
	struct twin_region *held[TWIN_REGIONS];
};

struct twin {
	bool pseries, defects;
	unsigned page_lg2;       /* of the kernel */
	uint64_t window32_bytes; /* of the default window: the platform's, until a test says otherwise */
	struct process *process; /* whose areas are mapped; its account and pins are not used, but the limit */
	uint64_t locked;         /* bytes */
	uint64_t pins;           /* references on pages of 4 KiB */
	struct twin_region region[TWIN_REGIONS];
	struct twin_container container[TWIN_CONTAINERS];
	const char *defect; /* that the last call showed, or NULL */
	bool passes;        /* it changed nothing */
};

/* All return what the ioctl does: negative errno values, and with defects positive numbers. */
void twin_init(struct twin *twin, struct process *process, unsigned page_lg2, bool pseries, bool defects);
void twin_fini(struct twin *twin);
long twin_open(struct twin *twin, unsigned container, bool v2);
long twin_attach(struct twin *twin, unsigned container);
/* The last group leaves: the driver's state is gone. */
void twin_close(struct twin *twin, unsigned container);
long twin_enable(struct twin *twin, unsigned container);
long twin_disable(struct twin *twin, unsigned container);
long twin_register(struct twin *twin, unsigned container, uint64_t vaddr, uint64_t bytes);
long twin_unregister(struct twin *twin, unsigned container, uint64_t vaddr, uint64_t bytes);
long twin_map(struct twin *twin, unsigned container, unsigned flags, uint64_t vaddr, iova_t iova, uint64_t bytes);
long twin_unmap(struct twin *twin, unsigned container, unsigned flags, iova_t iova, uint64_t bytes);
long twin_create(struct twin *twin, unsigned container, unsigned flags, unsigned page_lg2, uint64_t bytes,
		 unsigned levels, iova_t *start);
long twin_remove(struct twin *twin, unsigned container, iova_t start);

#endif
