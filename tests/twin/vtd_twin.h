/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VT-d unit beside QEMU's: both are given the same structures in memory and the same register writes, the same
 * device accesses the same addresses, and after each step everything that software can see is compared.
 *
 * A case is a few steps with one set of structures; it depends on its seed and its number alone.  What the model did is
 * also what QEMU is expected to do, but for the named differences of vtd_explain.c, each of which says in advance what
 * QEMU does instead.
 *
 * Sources: [VTD]; of QEMU's behaviour QEMU 7.2 and 10.0 themselves.
 */
#ifndef TESTS_TWIN_VTD_TWIN_H
#define TESTS_TWIN_VTD_TWIN_H

#include "models/base/random.h"
#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "models/memory/memory.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/twin/qtest.h"

#define TWIN_RAM_BYTES    UINT64_C(0x10000000) /* as qtest.c starts QEMU */
#define TWIN_TABLES       UINT64_C(0x1100000)  /* structures lie here, so that no flipped bit leads below 1 MiB */
#define TWIN_TABLES_BYTES UINT64_C(0xe00000)
#define TWIN_DATA         UINT64_C(0x4000000) /* what devices read and write */
#define TWIN_DATA_BYTES   UINT64_C(0xb000000)
#define TWIN_DEVICES      2u
#define TWIN_PAGES_MAX    256u
#define TWIN_ENTRIES_MAX  256u
#define TWIN_MAPPINGS_MAX 12u
#define TWIN_CACHED_MAX   128u
#define TWIN_TRANSFER_MAX 300u
#define TWIN_QUEUE_PAGES  2u
#define TWIN_BUFFER_BYTES 3072u /* of a device's buffer, used in one case */

/* A QEMU with these options runs the cases of a group. */
struct twin_group {
	const char *name;
	const char *options; /* of -device intel-iommu */
	unsigned width;      /* aw-bits: QEMU's host and guest address width */
	bool scalable;
	bool first_stage;
	unsigned since; /* QEMU's major version, 0: none */
};

/* What a bit of structure is for. */
enum twin_part {
	TWIN_ROOT,
	TWIN_CONTEXT,
	TWIN_DIRECTORY,
	TWIN_PASID,
	TWIN_PAGING,
};

struct twin_entry {
	enum twin_part part;
	unsigned word;
	uint64_t address;
	unsigned device;
	unsigned level; /* paging: 0 is a leaf table's entry */
	bool leaf;
};

struct twin_mapping {
	unsigned device;
	iova_t iova;
	unsigned size_lg2;
	phys_t target;
	uint64_t leaf; /* where its entry lies */
};

struct twin_device {
	struct edu edu;
	uint16_t source_id;
	uint16_t domain;
	bool present, pass_through, first_stage;
	unsigned levels; /* of its tables */
	phys_t context, directory, pasid, table;
	uint32_t rid_pasid;
	unsigned buffer_used;
	unsigned char buffer[TWIN_BUFFER_BYTES]; /* as the device's buffer should be */
};

/* A translation that QEMU keeps: by source, where the model keeps by domain. */
struct twin_cached {
	uint16_t source_id, domain;
	bool first_stage, read, write;
	uint32_t pasid;
	iova_t base;
	phys_t output; /* of base */
	unsigned size_lg2;
	bool outlived; /* an invalidation that QEMU did not carry out concerned it */
	bool dropped;  /* the model's unit gave it up though none concerned it */
};

#define TWIN_NAMES 40u /* of differences, vtd_explain.h */

struct twin {
	const struct twin_group *group;
	unsigned version; /* QEMU's major version */
	struct qtest *qtest;
	uint64_t seed, index;
	bool verbose;
	struct vtd_config config;

	/* One case. */
	struct random random;
	struct iommu *iommu;
	struct memory *memory;
	bool scalable; /* the table mode of this case */
	bool queue, wide, stale;
	unsigned queue_size; /* QS */
	phys_t root, queue_page, status_page;
	unsigned tail; /* descriptors */
	struct twin_device devices[TWIN_DEVICES];
	unsigned device_count;
	struct twin_entry entries[TWIN_ENTRIES_MAX];
	unsigned entry_count;
	struct twin_mapping mappings[TWIN_MAPPINGS_MAX];
	unsigned mapping_count;
	phys_t pages[TWIN_PAGES_MAX];
	unsigned page_count;
	struct twin_cached cached[TWIN_CACHED_MAX];
	unsigned cached_count;
	unsigned step;
	bool ends;   /* a named difference parted the two; no further steps */
	bool parted; /* by a transfer that one of the two refused */
	bool failed, broken;
	char text[512]; /* the first difference without a name */

	/* All cases. */
	uint64_t explained[TWIN_NAMES], steps, moved, blocked;
};

/* ---- vtd_session.c ---- */

/* The groups, in a fixed order; a case runs in that of its number modulo their count. */
extern const struct twin_group twin_groups[];
extern const unsigned twin_group_count;

/* Starts QEMU for a group and reads what its unit can do; false and *err when it cannot. */
bool twin_open(struct twin *twin, const struct twin_group *group, const char *program, struct err *err);
void twin_close(struct twin *twin);

/* A new unit and memory of the model, QEMU's unit as after a reset. */
void twin_begin(struct twin *twin, uint64_t index);
/* Compares memory and what the devices read; puts QEMU back. */
void twin_end(struct twin *twin);

/* Sends what was gathered; false (and twin->broken) when QEMU has gone. */
bool twin_sync(struct twin *twin);

/* Notes the first difference that has no name. */
void twin_fail(struct twin *twin, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline uint64_t twin_below(struct twin *twin, uint64_t bound)
{
	return random_below(&twin->random, bound);
}

/* True in one case of n. */
static inline bool twin_one_in(struct twin *twin, uint64_t n)
{
	return random_below(&twin->random, n) == 0;
}

/* Random bytes into the buffers of this case's devices; remapping must be off. */
void twin_fill_buffers(struct twin *twin);

/* Both memories. */
void twin_put(struct twin *twin, uint64_t address, uint64_t value);
/* A page of structures, empty. */
phys_t twin_page(struct twin *twin);
/* The page of address will be compared and emptied at the end. */
void twin_watch(struct twin *twin, uint64_t address);

/* An access of the model, for iommu_translate_through; argument: its memory, which ends where QEMU's does. */
bool twin_answer(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX]);

/* Both units' registers. */
void twin_register(struct twin *twin, unsigned offset, unsigned bytes, uint64_t value);
uint64_t twin_theirs(struct twin *twin, unsigned offset, unsigned bytes); /* sends what was gathered */
uint64_t twin_ours(const struct twin *twin, unsigned offset, unsigned bytes);

/* Software's answer to faults: clears the record and the status in both. */
void twin_clear_faults(struct twin *twin);
/* Mostly that; sometimes only one of the two, or nothing. */
void twin_random_clear(struct twin *twin);

/* Compares status registers (not the fault record and FSTS), which software reads after each step. */
void twin_compare_status(struct twin *twin, const char *what);

/* ---- vtd_build.c ---- */

/* Structures for this case, with what is broken in them; the unit is switched on. */
void twin_build(struct twin *twin);

/* ---- vtd_dma.c ---- */

/* One access of a device at iova, of count bytes. */
void twin_access(struct twin *twin, struct twin_device *device, bool write, iova_t iova, unsigned count);
/* A random one. */
void twin_random_access(struct twin *twin);

/* ---- vtd_invalidate.c ---- */

/* What an invalidation asks for. */
struct twin_scope {
	bool global, by_page, by_pasid;
	uint16_t domain;
	uint32_t pasid;
	uint64_t address;
	unsigned address_mask;
};

/* A random invalidation, by registers or by the queue. */
void twin_invalidate(struct twin *twin);

/* Both units carried it out: what QEMU no longer keeps the model forgets, too. */
void twin_invalidated(struct twin *twin, const struct twin_scope *scope);
void twin_contexts_invalidated(struct twin *twin, bool by_domain);

/* QEMU's own kept translation, or NULL. */
const struct twin_cached *twin_cached_find(const struct twin *twin, uint16_t source_id, iova_t iova);
void twin_cached_add(struct twin *twin, const struct twin_cached *cached);

/* Operands, mostly of what the case has. */
uint16_t twin_random_domain(struct twin *twin);
uint64_t twin_random_page(struct twin *twin);
unsigned twin_random_mask(struct twin *twin); /* also more than MAMV */

/* ---- vtd_queue.c ---- */

/* A descriptor and a wait, or a tail that is wrong. */
void twin_queue(struct twin *twin);

/* ---- vtd_registers.c ---- */

/* Writes random values to registers that start nothing and compares what they then read. */
void twin_registers(struct twin *twin);

#endif
