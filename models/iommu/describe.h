/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `iommusim walk` asks of a family beside the face in iommu.h: the names of what a translation reads, the
 * tables that the structures in memory lead to, and a unit made of registers that somebody recorded.  Nothing here
 * decides anything: a walk's outcome is the unit's.
 */
#ifndef IOMMUSIM_IOMMU_DESCRIBE_H
#define IOMMUSIM_IOMMU_DESCRIBE_H

#include "models/base/err.h"
#include "models/base/fields.h"
#include "models/iommu/iommu.h"

/* An entry of a structure in memory, which a translation wants to read or has read. */
struct iommu_entry {
	const char *name;       /* "context entry"; NULL: a page-table entry, which its layout names */
	const char *index_name; /* of what the index is made: "bus"; NULL: of the address */
	phys_t table;           /* where entry 0 lies, in the table's own address space */
	unsigned index;
	unsigned words;

	/* Once read. */
	uint64_t word[IOMMU_WORDS_MAX]; /* in the structure's own byte order */
	const struct layout *layout[IOMMU_WORDS_MAX];
	uint64_t reserved[IOMMU_WORDS_MAX]; /* bits that must be 0 in such a word, for this unit */
};

struct iommu_register {
	const char *name;
	unsigned offset, bytes;
	struct layout layout;
};

/* One stage's table of one device and PASID. */
struct iommu_table {
	uint16_t source_id;
	bool has_pasid;
	uint32_t pasid;
	unsigned domain;
	const char *stage; /* as a snapshot's map.csv writes it: "SL" */
	const struct pt_format *format;
	struct pt_rules rules;
	phys_t root;
	/* Nested: the second stage that this first stage's own tables go through; format NULL: none. */
	const struct pt_format *outer_format;
	struct pt_rules outer_rules;
	phys_t outer_root;
};
typedef void iommu_table_fn(void *argument, const struct iommu_table *table);

struct iommu_describe_ops {
	const struct iommu_register *registers; /* that tell how requests are translated; ended by a NULL name */

	/*
	 * What the device structure is that the translation wants (IOMMU_FOR_DEVICE); before: the entry that it read
	 * before this one, words 0: none.  Sets all but what is known once read.
	 */
	void (*structure)(const struct iommu *iommu, const struct iommu_translation *translation,
			  const struct iommu_entry *before, struct iommu_entry *entry);
	/* Sets layout and reserved of the entry, of which word is known. */
	void (*structure_words)(const struct iommu *iommu, struct iommu_entry *entry);

	const char *(*fault_text)(unsigned fault_reason);

	/*
	 * Visits every table that the structures lead to, by source ID, then PASID, a first stage before its second.
	 * Goes by the present bits alone: whether the unit would take an entry is a walk's business.  What `access`
	 * cannot read counts as not present.  NULL: they are not all in memory.
	 */
	void (*tables)(const struct iommu *iommu, iommu_access_fn *access, void *access_argument, iommu_table_fn *visit,
		       void *visit_argument);
};

/*
 * Fills *entry for the read that the translation wants; before as above.  For any purpose but the queue's.
 */
void iommu_describe(const struct iommu *iommu, const struct iommu_translation *translation,
		    const struct iommu_entry *before, struct iommu_entry *entry);
/* The words that were read; before they are fed. */
void iommu_describe_words(const struct iommu *iommu, const struct iommu_translation *translation,
			  struct iommu_entry *entry, const uint64_t *words);

/* ---- a unit of recorded registers ---- */

/* False: the register was not recorded. */
typedef bool iommu_recorded_fn(void *argument, unsigned offset, unsigned bytes, uint64_t *value);

/* What the recorded unit has and the model has not; masks of its capability registers, 0: nothing. */
struct iommu_not_modelled {
	uint64_t capability, extended_capability;
};

/*
 * A unit in the state of the registers, as far as translation goes (its queues are empty and off), without caches.
 * NULL and *err, which names the register, when one is missing or makes no sense.
 */
typedef struct iommu *iommu_restore_fn(iommu_recorded_fn *recorded, void *argument,
				       struct iommu_not_modelled *not_modelled, struct err *err);

#endif
