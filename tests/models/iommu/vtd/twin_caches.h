/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which answers stale caches permit, exactly: every line that some unit could
 * hold at this moment is kept, without bound.
 *
 *   - A translation may take for any part of its way either the words in memory or a line of the set whose tags
 *     match.  All ways are tried; what a way passes that a cache may keep joins the set.
 *   - An invalidation removes what [VTD] "Invalidation of Translation Caches" says it must remove.
 *   - A translation under way while others write and invalidate may use any word and line since it began.  It may
 *     still add a line when no invalidation which concerns that line came after the oldest word or line it used.
 *
 * An answer is permitted when one of these ways gives it, with the flags it sets in memory; of the
 * ways that do not agree with what the unit was seen to do, nothing joins the set.
 *
 * With is_exact the set is what one large unit holds: one line of a key, and a line that is there is used, the
 * lowest table first.  Then there is one way, and the unit's answer is foretold: a change that was not invalidated
 * must not be seen.
 *
 * Source: [VTD] "Address Translation Caches", "Invalidation of Translation Caches".
 */
#ifndef IOMMUSIM_TESTS_VTD_TWIN_CACHES_H
#define IOMMUSIM_TESTS_VTD_TWIN_CACHES_H

#include "models/memory/memory.h"
#include "tests/models/iommu/vtd/twin_walker.h"

/* By type and granularity of the descriptors; what the registers ask for is the same. */
enum twin_command {
	TWIN_CONTEXT_GLOBAL,
	TWIN_CONTEXT_DOMAIN,
	TWIN_CONTEXT_DEVICE,
	TWIN_IOTLB_GLOBAL,
	TWIN_IOTLB_DOMAIN,
	TWIN_IOTLB_PAGE,
	TWIN_PASID_GLOBAL, /* from here on scalable mode only */
	TWIN_PASID_DOMAIN,
	TWIN_PASID_PASID,
	TWIN_P_IOTLB_PASID,
	TWIN_P_IOTLB_PAGE,
	TWIN_COMMANDS
};

struct twin_invalidation {
	enum twin_command command;
	uint16_t source, domain;
	unsigned function_mask;
	uint32_t pasid;
	uint64_t address;
	unsigned address_mask;
	bool hint;
	uint64_t date;
};

#define TWIN_LINES   2048u
#define TWIN_HISTORY 4096u
#define TWIN_CHOICES 64u
#define TWIN_WAYS    3000u /* of one request; with more it is not judged */

struct twin_kept {
	struct twin_line line;
	uint64_t until; /* date of its removal; UINT64_MAX: still there */
};

struct twin_model {
	const struct twin_unit *unit;
	struct memory *memory;
	bool is_exact;
	bool keeps[TWIN_KINDS]; /* which caches the unit has */
	uint64_t date;
	unsigned flying; /* translations under way: the past is remembered while there are any */

	struct twin_kept line[TWIN_LINES];
	unsigned lines;
	struct {
		uint64_t address, word, until;
	} past[TWIN_HISTORY];
	unsigned pasts;
	struct twin_invalidation log[TWIN_HISTORY];
	unsigned logs;

	/* One way: what was chosen, of how many; the date of the oldest thing used. */
	uint64_t begin, oldest;
	unsigned choice[TWIN_CHOICES], choices[TWIN_CHOICES], depth, length;
	struct twin_kept passed[TWIN_CHOICES], fresh[TWIN_LINES]; /* until: oldest thing used */
	unsigned passes, freshes, ways;
	bool is_cut; /* there were more ways: the set lacks lines until everything is invalidated */
	struct twin_supply supply;
};

void twin_model_init(struct twin_model *model, const struct twin_unit *unit, struct memory *memory);

/* Everything that changes memory goes through here: count words from address on, at one moment. */
void twin_write(struct twin_model *model, uint64_t address, const uint64_t *words, unsigned count);

void twin_invalidate(struct twin_model *model, const struct twin_invalidation *invalidation);
bool twin_covers(const struct twin_model *model, const struct twin_invalidation *invalidation,
		 const struct twin_line *line);

/*
 * Every way of a request that began at this date: true while *walk is one.
 *
 *     for (bool more = twin_first(model, &walk, &request, date); more; more = twin_next(model, &walk))
 *         if (agrees(&walk)) twin_join(model);
 *     twin_end(model);
 */
bool twin_first(struct twin_model *model, struct twin_walk *walk, const struct iommu_request *request, uint64_t begin);
bool twin_next(struct twin_model *model, struct twin_walk *walk);
void twin_join(struct twin_model *model);
void twin_end(struct twin_model *model);

#endif
