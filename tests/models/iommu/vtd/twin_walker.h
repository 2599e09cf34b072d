/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brute-force twin's walker: one request through the structures and tables
 * as the specification's text has it, level by level, with bits typed from its
 * figures.  It keeps nothing and shares no code with the unit.
 *
 * Where words come from, and whether a cache line stands for a part of the
 * way, its caller says: memory as it is gives the fresh answer, other choices
 * give those that stale caches permit (twin_caches.h).
 *
 * Source: [VTD] "First-Stage Translation", "Second-Stage Translation", "Nested Translation",
 * "Translation Structure Formats", "Fault Conditions and Remapping Hardware Behavior for Various Requests".
 */
#ifndef IOMMUSIM_TESTS_VTD_TWIN_WALKER_H
#define IOMMUSIM_TESTS_VTD_TWIN_WALKER_H

#include "models/iommu/iommu.h"

#define TWIN_R 1u
#define TWIN_W 2u
#define TWIN_U 4u /* user-mode requests */

enum twin_kind { TWIN_CONTEXT, TWIN_PASID, TWIN_IOTLB, TWIN_FIRST, TWIN_SECOND, TWIN_KINDS };

#define TWIN_NO_PASID UINT32_MAX
#define TWIN_USED     6u
#define TWIN_ENTRY    3u /* words of the longest entry, as far as anything is in them */

/* What a cache may keep.  [VTD] "Tagging of Cached Translations" */
struct twin_line {
	enum twin_kind kind;
	uint16_t source;      /* TWIN_CONTEXT, TWIN_PASID */
	uint16_t domain;      /* all but TWIN_CONTEXT of scalable mode */
	uint32_t pasid;       /* TWIN_PASID, TWIN_FIRST, TWIN_IOTLB of first-stage and nested mappings */
	unsigned level;       /* of the table; TWIN_IOTLB: log2 of the page's size */
	uint64_t first, last; /* input addresses */
	/*
	 * Context entry: words 0 and 1; PASID entry: words 0 to 2; page: output, permissions;
	 * table: its address, permissions of the entries above, its host address, permissions there.
	 */
	uint64_t word[4];

	bool extended; /* TWIN_FIRST: the entries on the way have their extended-accessed flag */

	/* Made of these words, from this root on; nothing noted (used is 0): of more than fits. */
	uint64_t root;
	unsigned used;
	uint64_t used_address[TWIN_USED], used_word[TWIN_USED];
};

/* What the unit under test can do, as its registers say. */
struct twin_unit {
	bool is_scalable;
	unsigned host_width, guest_width; /* HAW, MGAW */
	unsigned domain_bits;
	unsigned first_levels, second_levels;
	bool first_1g, second_2m, second_1g;
	bool snoops;   /* SMPWC */
	bool extended; /* EAFS */
	uint64_t root;
};

struct twin_supply {
	/* An entry of count words, as it was at one moment. */
	void (*read)(void *argument, uint64_t address, uint64_t *words, unsigned count);
	/* key: kind, tags, first = the address, root; true: *key is the line that stands for the way so far. */
	bool (*lookup)(void *argument, struct twin_line *key, unsigned needs);
	/* The walk came past what a line of a cache may keep. */
	void (*passed)(void *argument, const struct twin_line *line);
	void *argument;
};

#define TWIN_UPDATES 32u

struct twin_walk {
	const struct twin_unit *unit;
	const struct twin_supply *supply;
	struct iommu_request request;

	/* The outcome. */
	unsigned fault; /* fault reason; 0: translated */
	bool fpd;       /* some entry on the way silences faults */
	bool is_recorded;
	uint64_t output;
	unsigned size_lg2;
	bool iotlb_hit;
	unsigned reads; /* entries read */
	unsigned updates;
	struct {
		uint64_t address, bits;
	} update[TWIN_UPDATES]; /* flags set */
};

void twin_translate(struct twin_walk *walk);

#endif
