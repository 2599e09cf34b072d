/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/vtd/twin_caches.h"

#include <string.h>

#include "models/base/require.h"

/* ---- choices ---- */

static unsigned choose(struct twin_model *model, unsigned count)
{
	unsigned depth = model->depth;

	if (count == 1)
		return 0;
	if (depth == TWIN_CHOICES) {
		model->is_cut = true;
		return 0;
	}
	if (depth == model->length) {
		model->choice[depth] = 0;
		model->length++;
	}
	model->choices[depth] = count;
	return model->choice[model->depth++];
}

static void used(struct twin_model *model, uint64_t until)
{
	if (until < model->oldest)
		model->oldest = until;
}

/* ---- words ---- */

/* As they were at this date. */
static void words_at(const struct twin_model *model, uint64_t date, uint64_t address, uint64_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t until = UINT64_MAX;

		words[i] = memory_read64(model->memory, address + 8 * i);
		for (unsigned k = 0; k < model->pasts; k++)
			if (model->past[k].address == address + 8 * i && model->past[k].until > date &&
			    model->past[k].until < until) {
				until = model->past[k].until;
				words[i] = model->past[k].word;
			}
	}
}

static void read_entry(void *argument, uint64_t address, uint64_t *words, unsigned count)
{
	struct twin_model *model = argument;
	struct {
		uint64_t until, words[TWIN_ENTRY];
	} found[TWIN_CHOICES];
	unsigned states = 1;

	REQUIRE(count <= TWIN_ENTRY);
	found[0].until = UINT64_MAX;
	words_at(model, model->date, address, found[0].words, count);
	for (unsigned i = model->pasts; i-- > 0;) {
		bool is_new = model->past[i].until > model->begin && model->past[i].address - address < 8 * count;

		if (!is_new)
			continue;
		REQUIRE(states < TWIN_CHOICES);
		found[states].until = model->past[i].until;
		words_at(model, model->past[i].until - 1, address, found[states].words, count);
		for (unsigned k = 0; is_new && k < states; k++)
			is_new = memcmp(found[k].words, found[states].words, count * sizeof(*words)) != 0;
		states += is_new;
	}

	unsigned choice = choose(model, states);

	used(model, found[choice].until);
	memcpy(words, found[choice].words, count * sizeof(*words));
}

void twin_write(struct twin_model *model, uint64_t address, const uint64_t *words, unsigned count)
{
	model->date++;
	if (!model->flying) {
		model->pasts = 0;
		model->logs = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t before = memory_read64(model->memory, address + 8 * i);

		if (before == words[i])
			continue;
		if (model->flying) {
			REQUIRE(model->pasts < TWIN_HISTORY);
			model->past[model->pasts].address = address + 8 * i;
			model->past[model->pasts].word = before;
			model->past[model->pasts++].until = model->date;
		}
		memory_write64(model->memory, address + 8 * i, words[i]);
	}
}

/* ---- lines ---- */

static bool same_key(const struct twin_line *a, const struct twin_line *b)
{
	return a->kind == b->kind && a->source == b->source && a->pasid == b->pasid && a->level == b->level &&
	       a->first == b->first && (a->domain == b->domain || a->kind == TWIN_CONTEXT || a->kind == TWIN_PASID);
}

static bool serves(const struct twin_line *line, const struct twin_line *key, unsigned needs)
{
	if (line->kind != key->kind || line->pasid != key->pasid)
		return false;
	if (line->kind == TWIN_CONTEXT || line->kind == TWIN_PASID)
		return line->source == key->source;
	return line->domain == key->domain && line->first <= key->first && key->first <= line->last &&
	       (line->kind != TWIN_IOTLB || !(needs & ~line->word[1]));
}

/* It would only say what the tables say anyway. */
static bool is_redundant(const struct twin_model *model, const struct twin_kept *kept, const struct twin_line *key)
{
	const struct twin_line *line = &kept->line;

	if (kept->until != UINT64_MAX || line->used == 0 || line->root != key->root ||
	    (key->extended && !line->extended))
		return false;
	for (unsigned i = 0; i < line->used; i++)
		if (memory_read64(model->memory, line->used_address[i]) != line->used_word[i])
			return false;
	return true;
}

/* The line that one large unit uses: of the smallest page, which then must permit; of the lowest table. */
static bool lookup_exact(const struct twin_model *model, struct twin_line *key, unsigned needs)
{
	const struct twin_line *best = NULL;

	for (unsigned i = 0; i < model->lines; i++) {
		const struct twin_line *line = &model->line[i].line;

		if (serves(line, key, 0) && (!best || line->level < best->level))
			best = line;
	}
	if (!best || (best->kind == TWIN_IOTLB && (needs & ~best->word[1])))
		return false;
	*key = *best;
	return true;
}

static bool lookup_line(void *argument, struct twin_line *key, unsigned needs)
{
	struct twin_model *model = argument;
	unsigned found[TWIN_CHOICES], count = 0;

	if (model->is_exact)
		return lookup_exact(model, key, needs);
	for (unsigned i = 0; i < model->lines; i++) {
		const struct twin_kept *kept = &model->line[i];

		if (kept->until <= model->begin || !serves(&kept->line, key, needs) || is_redundant(model, kept, key))
			continue;
		REQUIRE(count < TWIN_CHOICES);
		found[count++] = i;
	}

	unsigned choice = choose(model, count + 1);

	if (choice == 0)
		return false;
	*key = model->line[found[choice - 1]].line;
	used(model, model->line[found[choice - 1]].until);
	return true;
}

/* Has an invalidation that concerns the line come after the oldest thing it was made of? */
static bool is_overtaken(const struct twin_model *model, const struct twin_kept *kept)
{
	for (unsigned i = 0; i < model->logs; i++)
		if (model->log[i].date >= kept->until && twin_covers(model, &model->log[i], &kept->line))
			return true;
	return false;
}

static void add(struct twin_model *model, const struct twin_kept *fresh)
{
	if (is_overtaken(model, fresh))
		return;
	for (unsigned i = 0; i < model->lines; i++) {
		struct twin_kept *old = &model->line[i];

		if (old->until != UINT64_MAX || !same_key(&old->line, &fresh->line))
			continue;
		if (model->is_exact || (memcmp(old->line.word, fresh->line.word, sizeof(old->line.word)) == 0 &&
					old->line.root == fresh->line.root)) {
			old->line = fresh->line;
			return;
		}
	}
	REQUIRE(model->lines < TWIN_LINES);
	model->line[model->lines++] = (struct twin_kept){ fresh->line, UINT64_MAX };
}

static void line_passed(void *argument, const struct twin_line *line)
{
	struct twin_model *model = argument;

	if (!model->keeps[line->kind])
		return;
	if (model->is_exact) { /* the rest of the way finds it already */
		add(model, &(struct twin_kept){ *line, UINT64_MAX });
		return;
	}
	REQUIRE(model->passes < TWIN_CHOICES);
	model->passed[model->passes++] = (struct twin_kept){ *line, model->oldest };
}

/* ---- invalidation ---- */

/* Bits of the address from width on are ignored. */
static bool in_range(const struct twin_invalidation *invalidation, const struct twin_line *line, unsigned width)
{
	unsigned lg2 = 12 + invalidation->address_mask;
	uint64_t address = width < 64 ? invalidation->address & ((UINT64_C(1) << width) - 1) : invalidation->address;
	uint64_t first = address >> lg2 << lg2, last = first | ((UINT64_C(1) << lg2) - 1);

	return line->first <= last && first <= line->last;
}

/* [VTD] "Context-cache Invalidate Descriptor", "PASID-cache Invalidate Descriptor" */
static bool covers_structure(const struct twin_model *model, const struct twin_invalidation *invalidation,
			     const struct twin_line *line)
{
	static const uint16_t masked[4] = { 0, 1 << 2, 3 << 1, 7 };
	bool scalable = model->unit->is_scalable, same_domain = line->domain == invalidation->domain;
	bool same_source = !((line->source ^ invalidation->source) & ~masked[invalidation->function_mask]);

	switch (invalidation->command) {
	case TWIN_CONTEXT_GLOBAL:
		return line->kind == TWIN_CONTEXT;
	case TWIN_CONTEXT_DOMAIN: /* in scalable mode global */
		return line->kind == TWIN_CONTEXT && (scalable || same_domain);
	case TWIN_CONTEXT_DEVICE:
		return line->kind == TWIN_CONTEXT && same_source && (scalable || same_domain);
	case TWIN_PASID_GLOBAL:
		return line->kind == TWIN_PASID;
	case TWIN_PASID_DOMAIN:
		return line->kind == TWIN_PASID && same_domain;
	case TWIN_PASID_PASID:
		return line->kind == TWIN_PASID && same_domain && line->pasid == invalidation->pasid;
	default:
		return false;
	}
}

/* [VTD] "IOTLB Invalidate", "PASID-based IOTLB Invalidate Descriptor (P_IOTLB)" and the tables there */
bool twin_covers(const struct twin_model *model, const struct twin_invalidation *invalidation,
		 const struct twin_line *line)
{
	bool same_domain = line->domain == invalidation->domain, same_pasid = line->pasid == invalidation->pasid;
	bool has_first = line->pasid != TWIN_NO_PASID, is_table = line->kind != TWIN_IOTLB;

	if (line->kind == TWIN_CONTEXT || line->kind == TWIN_PASID)
		return covers_structure(model, invalidation, line);
	switch (invalidation->command) {
	case TWIN_IOTLB_GLOBAL:
		return true;
	case TWIN_IOTLB_DOMAIN:
		return same_domain;
	case TWIN_IOTLB_PAGE:
		if (!same_domain || has_first)
			return same_domain;
		return in_range(invalidation, line, model->unit->guest_width) && !(is_table && invalidation->hint);
	case TWIN_P_IOTLB_PASID:
		/* Pages of second-stage mappings are shared by a domain's PASIDs, so any of these removes them. */
		return same_domain && (has_first ? same_pasid : !is_table);
	case TWIN_P_IOTLB_PAGE:
		return same_domain && same_pasid && in_range(invalidation, line, 64) &&
		       !(is_table && invalidation->hint);
	default:
		return false;
	}
}

void twin_invalidate(struct twin_model *model, const struct twin_invalidation *invalidation)
{
	unsigned kept = 0;

	model->date++;
	if (model->flying) {
		REQUIRE(model->logs < TWIN_HISTORY);
		model->log[model->logs] = *invalidation;
		model->log[model->logs++].date = model->date;
	}
	for (unsigned i = 0; i < model->lines; i++) {
		struct twin_kept *line = &model->line[i];

		if (line->until == UINT64_MAX && twin_covers(model, invalidation, &line->line))
			line->until = model->date;
		if (line->until == UINT64_MAX || model->flying)
			model->line[kept++] = *line;
	}
	model->lines = kept;
}

/* ---- ways ---- */

void twin_model_init(struct twin_model *model, const struct twin_unit *unit, struct memory *memory)
{
	memset(model, 0, sizeof(*model));
	model->unit = unit;
	model->memory = memory;
	model->supply = (struct twin_supply){ read_entry, lookup_line, line_passed, model };
}

static bool run(struct twin_model *model, struct twin_walk *walk)
{
	struct iommu_request request = walk->request;

	*walk = (struct twin_walk){ .unit = model->unit, .supply = &model->supply, .request = request };
	model->depth = 0;
	model->oldest = UINT64_MAX;
	model->passes = 0;
	twin_translate(walk);
	return true;
}

bool twin_first(struct twin_model *model, struct twin_walk *walk, const struct iommu_request *request, uint64_t begin)
{
	model->begin = begin;
	model->length = 0;
	model->freshes = 0;
	model->ways = 1;
	walk->request = *request;
	return run(model, walk);
}

bool twin_next(struct twin_model *model, struct twin_walk *walk)
{
	while (model->length > 0 && model->choice[model->length - 1] + 1 == model->choices[model->length - 1])
		model->length--;
	if (model->length == 0)
		return false;
	if (++model->ways > TWIN_WAYS) {
		model->is_cut = true;
		return false;
	}
	model->choice[model->length - 1]++;
	return run(model, walk);
}

static bool is_known(const struct twin_model *model, const struct twin_kept *passed)
{
	for (unsigned i = 0; i < model->freshes; i++) {
		const struct twin_kept *fresh = &model->fresh[i];

		if (fresh->until == passed->until && memcmp(&fresh->line, &passed->line, sizeof(fresh->line)) == 0)
			return true;
	}
	return false;
}

void twin_join(struct twin_model *model)
{
	for (unsigned i = 0; i < model->passes; i++) {
		if (is_known(model, &model->passed[i]))
			continue;
		REQUIRE(model->freshes < TWIN_LINES);
		model->fresh[model->freshes++] = model->passed[i];
	}
}

void twin_end(struct twin_model *model)
{
	for (unsigned i = 0; i < model->freshes; i++)
		add(model, &model->fresh[i]);
	model->freshes = 0;
}
