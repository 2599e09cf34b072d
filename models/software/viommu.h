/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated VT-d unit that a guest sees, in user space (QEMU): what it does
 * with one descriptor of the guest's invalidation queue.
 *
 *   shadow    caching mode: an IOTLB descriptor makes it walk the guest's second-stage table over
 *             the range and issue one VFIO call for each leaf that appeared or went, by comparison
 *             with its own record of what is mapped
 *   nested    a PASID-cache descriptor makes it (re)attach the guest's first stage; a PASID-based
 *             IOTLB descriptor is passed on
 *
 * Everything of the guest is read from guest memory: root, context and PASID tables, page tables.  The caller
 * fetches descriptors and issues the calls, in order, one at a time:
 *
 *     viommu_begin(&viommu, &command, words);
 *     while (viommu_next(&viommu, &command, &call))
 *         ... container of call.space: type1_map, type1_unmap_begin ...
 *
 * SIMPLIFIED: legacy-mode root table for shadow, scalable mode and requests without PASID for nested; a
 * pass-through context entry counts as not present.  The devices' accesses go to hardware, so the emulated unit has
 * no IOTLB of its own.
 *
 * Sources: [QEMU] hw/i386/intel_iommu.c, hw/vfio/listener.c; [VTD] "Caching Mode".
 */
#ifndef IOMMUSIM_SOFTWARE_VIOMMU_H
#define IOMMUSIM_SOFTWARE_VIOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "models/memory/memory.h"
#include "models/pagetable/format.h"
#include "models/software/iommufd.h"
#include "models/software/ranges.h"

enum viommu_mode { VIOMMU_SHADOW, VIOMMU_NESTED };

/* One assigned device: its requester ID, and what is mapped or attached for it on the host. */
struct viommu_space {
	uint16_t source_id;
	struct ranges mapped; /* shadow: by iova; value[0]: guest-physical, value[1]: permissions */
	bool attached;        /* nested: s1 is attached, under the guest's domain_id and pasid (RID_PASID) */
	struct vtd_s1 s1;
	uint16_t domain_id;
	uint32_t pasid;
};

struct viommu {
	enum viommu_mode mode;
	struct memory_view guest;
	struct pt_rules rules;      /* of the guest's second stage; levels is taken from each context entry */
	phys_t root;                /* RTADDR.RTA, guest-physical */
	uint64_t iva;               /* IVA_REG as last written */
	struct viommu_space *space; /* [space_count] */
	unsigned space_count;
};

/* The root table is not set: every device is without translation. */
void viommu_init(struct viommu *viommu, enum viommu_mode mode, struct memory_view guest, const struct pt_rules *rules);
void viommu_fini(struct viommu *viommu);

/* The guest set its root table; devices follow with the guest's next invalidation of context entries. */
void viommu_set_root(struct viommu *viommu, phys_t root);

/*
 * The guest wrote a 64-bit register of the unit with this ECAP_REG.  True: that was an invalidation (CCMD.ICC,
 * IOTLB.IVT), and word is the descriptor that means the same, for viommu_begin; [VTD] "Register-based Invalidation
 * Interface".
 */
bool viommu_register(struct viommu *viommu, uint64_t extended_capability, unsigned offset, uint64_t value,
		     uint64_t word[2]);

/* A device is assigned; returns its number, 0 and up: call.space.  Each has a container of its own, as in QEMU. */
unsigned viommu_add(struct viommu *viommu, uint16_t source_id);

enum viommu_call_kind {
	VIOMMU_MAP, /* VFIO_IOMMU_MAP_DMA or IOMMU_IOAS_MAP */
	VIOMMU_UNMAP,
	VIOMMU_ATTACH, /* IOMMU_HWPT_ALLOC of s1 and attach */
	VIOMMU_DETACH,
	VIOMMU_INVALIDATE, /* IOMMU_HWPT_INVALIDATE, one request */
};

struct viommu_call {
	enum viommu_call_kind kind;
	unsigned space;
	iova_t iova;
	uint64_t bytes;
	phys_t gpa;           /* map: guest-physical; vaddr is this and a constant */
	unsigned permissions; /* map: PT_READ, always, and PT_WRITE when the guest's entry gives it */
	struct vtd_s1 s1;     /* attach */
	struct vtd_s1_invalidation invalidation; /* invalidate */
};

enum viommu_command_kind {
	VIOMMU_CONTEXT,
	VIOMMU_PASID_CACHE,
	VIOMMU_IOTLB,
	VIOMMU_PASID_IOTLB,
	VIOMMU_WAIT,
	VIOMMU_OTHER,
	VIOMMU_INVALID, /* the queue stops: a reserved type or granularity */
};

/* A walk of a guest's table over a range, entry by entry; no recursion. */
struct viommu_walk {
	struct pt_rules rules;
	unsigned level;                      /* of the table being read */
	phys_t table[PT_LEVELS_MAX];         /* guest-physical, by level */
	unsigned permissions[PT_LEVELS_MAX]; /* combined over the entries above it */
	iova_t next, last;                   /* inclusive; what of the range is left */
};

enum viommu_doing { VIOMMU_IDLE, VIOMMU_WALKING, VIOMMU_DROPPING };

/* One descriptor under way; the caller's storage. */
struct viommu_command {
	uint64_t word[2];
	enum viommu_command_kind kind;
	bool interrupt;           /* wait: an invalidation-completion event is raised */
	uint64_t entries_read;    /* words of guest page tables read so far */
	uint64_t structures_read; /* root, context, PASID directory and PASID entries read so far */

	/* The unit's own state. */
	unsigned space; /* the next to look at; while doing something, the one after it */
	enum viommu_doing doing;
	struct viommu_walk walk;
	iova_t drop_next;   /* dropping: the whole space goes, in aligned pieces */
	bool remap_pending; /* an unmap went out for a leaf that changed; its map follows */
	struct viommu_call remap;
	bool status_written;
};

/* word: the descriptor, guest memory's bytes as two words. */
void viommu_begin(struct viommu *viommu, struct viommu_command *command, const uint64_t word[2]);

/*
 * The next call to issue, or false when the descriptor is done.  A wait descriptor writes its status to
 * guest memory in the call that says false.
 */
bool viommu_next(struct viommu *viommu, struct viommu_command *command, struct viommu_call *call);

#endif
