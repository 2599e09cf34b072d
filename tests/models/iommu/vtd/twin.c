/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random maps, unmaps, changes of PASID entries and DMA against a straight
 * walker that has no caches: where every change is invalidated as the
 * specification asks, the unit with its caches and the twin agree.  Walks are held
 * up over changes and invalidations, so that overtaken ones occur.
 */
#include "models/base/random.h"
#include "tests/models/iommu/vtd/world.h"
#include "tests/suite.h"

#define RUNS       40
#define OPERATIONS 6000

/* ---- the twin ---- */

struct twin {
	const struct memory *memory;
	bool ok;
	uint64_t output;
	unsigned size_lg2;
};

/* One stage; address in, address out, permissions and size joined to what they were. */
static bool twin_stage(struct twin *twin, bool first, uint64_t root, uint64_t host_second_root, bool write,
		       uint64_t *address);

/* Where a first-stage table lies in the host. */
static bool twin_table(struct twin *twin, uint64_t second_root, uint64_t *address)
{
	unsigned size_lg2 = twin->size_lg2;
	bool ok = second_root == 0 || twin_stage(twin, false, second_root, 0, false, address);

	twin->size_lg2 = size_lg2;
	return ok;
}

static bool twin_stage(struct twin *twin, bool first, uint64_t root, uint64_t second_root, bool write,
		       uint64_t *address)
{
	uint64_t table = root, granted = 3, word, offset;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry = table + (*address >> shift & 511) * 8;

		if (first && !twin_table(twin, second_root, &entry))
			return false;
		word = memory_read64(twin->memory, entry);
		if (first ? !(word & 1) : !(word & 3))
			return false;
		granted &= first ? 1 | (word & 2) : word & 3;
		offset = (UINT64_C(1) << shift) - 1;
		if (shift == 12 || (word & 0x80)) {
			*address = (word & UINT64_C(0xffffffffff000) & ~offset) | (*address & offset);
			if (shift < twin->size_lg2)
				twin->size_lg2 = shift;
			return granted & (write ? 2 : 1);
		}
		table = word & UINT64_C(0xffffffffff000);
	}
}

static void twin_translate(struct twin *twin, uint64_t root, uint16_t source_id, uint32_t pasid, uint64_t address,
			   bool write)
{
	const struct memory *memory = twin->memory;
	uint64_t context =
		memory_read64(memory, root + (source_id >> 8) * 16 + (source_id & 0x80 ? 8 : 0)) & ~UINT64_C(0xfff);
	uint64_t directory = memory_read64(memory, context + (source_id & 0x7f) * 32) & ~UINT64_C(0xfff);
	uint64_t table = memory_read64(memory, directory + (pasid >> 6) * 8) & ~UINT64_C(0xfff);
	uint64_t word0 = memory_read64(memory, table + (pasid & 63) * 64);
	uint64_t word2 = memory_read64(memory, table + (pasid & 63) * 64 + 16);
	uint64_t type = word0 >> 6 & 7, first_root = word2 & ~UINT64_C(0xfff), second_root = word0 & ~UINT64_C(0xfff);

	twin->size_lg2 = 64;
	twin->ok = word0 & 1;
	if (twin->ok && (type & 1))
		twin->ok = twin_stage(twin, true, first_root, type == 3 ? second_root : 0, write, &address);
	if (twin->ok && (type & 2))
		twin->ok = twin_stage(twin, false, second_root, 0, write, &address);
	twin->output = address;
}

/* ---- the driver of both ---- */

#define REGIONS 3
#define PAGES   6

/* A tree of tables that changes: three regions of 2 MiB, each one large page, a table, or nothing. */
struct tree {
	struct tables tables;
	uint64_t base;
	uint32_t pasid; /* 0: the second stage, which has none */
	uint16_t domain;
	bool in_guest; /* leads to guest memory: the pool below */
};

#define POOL UINT64_C(0x40000000) /* guest-physical addresses that the second stage maps now and then */

static struct world w;
static struct random source;
static struct tree
	trees[4]; /* PASIDs 1 and 2: first stage; 3: nested, first stage; PASID 4 and under 3: second stage */
static struct iommu_translation held;
static bool is_held;

static uint64_t below(uint64_t bound)
{
	return random_below(&source, bound);
}

static uint64_t leaf_word(const struct tree *tree, unsigned level)
{
	uint64_t page = tree->in_guest ? POOL + below(REGIONS) * 0x200000 + (level ? 0 : below(PAGES) * 0x1000)
				       : 0x100000000 + (below(1 << 10) << 21) + (level ? 0 : below(512) << 12);
	uint64_t size = level ? PAGE_SIZE_BIT : 0;

	if (tree->pasid)
		return page | size | (below(3) ? FS_RW : FS_R);
	switch (below(4)) {
	case 0:
		return page | size | SS_R;
	case 1:
		return page | size | SS_W;
	default:
		return page | size | SS_RW;
	}
}

static void iotlb_command(const struct tree *tree, uint64_t address, unsigned pages_lg2, bool tables_changed)
{
	uint64_t domain = (uint64_t)tree->domain << 16, pasid = (uint64_t)tree->pasid << 32;
	uint64_t page = (address & ~UINT64_C(0xfff)) | pages_lg2 | (tables_changed || below(2) ? 0 : 1 << 6);

	switch (below(8)) {
	case 0:
		world_command(&w, 0x12, 0);
		break;
	case 1:
		world_command(&w, 0x22 | domain, 0);
		break;
	case 2:
		if (tree->pasid)
			world_command(&w, 0x26 | domain | pasid, 0);
		else
			world_command(&w, 0x22 | domain, 0);
		break;
	default:
		if (tree->pasid)
			world_command(&w, 0x36 | domain | pasid, page);
		else
			world_command(&w, 0x32 | domain, page);
		break;
	}
}

/* Often where the walk goes that was held up last. */
static const struct tree *any_place(uint64_t *address)
{
	const struct tree *tree = &trees[below(4)];

	*address = tree->base + below(REGIONS) * 0x200000 + below(PAGES) * 0x1000;
	if (held.request.pasid && below(3)) {
		tree = &trees[held.request.pasid - 1];
		*address = held.request.iova & ~UINT64_C(0xfff);
	}
	return tree;
}

static void change_tree(void)
{
	uint64_t page;
	const struct tree *tree = any_place(&page);
	uint64_t address = page & ~UINT64_C(0x1fffff);
	phys_t slot = world_slot(&w, &tree->tables, 1, address);
	uint64_t word = memory_read64(w.memory, slot);
	bool is_table = word && !(word & PAGE_SIZE_BIT);

	if (is_table && below(20)) { /* a page of the table */
		phys_t page_slot;
		bool was_present;

		page_slot = world_slot(&w, &tree->tables, 0, page);
		was_present = memory_read64(w.memory, page_slot);
		memory_write64(w.memory, page_slot, below(2) ? leaf_word(tree, 0) : 0);
		if (was_present || below(2))
			iotlb_command(tree, page, 0, false);
		return;
	}
	/* The region as a whole: nothing, a large page, or a table with one page. */
	switch (below(3)) {
	case 0:
		memory_write64(w.memory, slot, 0);
		break;
	case 1:
		memory_write64(w.memory, slot, leaf_word(tree, 1));
		break;
	default:
		memory_write64(w.memory, slot, 0);
		world_map(&w, &tree->tables, 0, page, leaf_word(tree, 0));
		if (below(4) == 0)
			world_clear_bits(&w, slot, 2); /* nothing below it may be written */
		break;
	}
	if (word || below(2))
		iotlb_command(tree, address, 9, true);
}

/* PASIDs 1 and 2 change places, or one of them goes. */
static void change_pasid(void)
{
	uint32_t pasid = 1 + (uint32_t)below(2);
	uint64_t gone = below(3) == 0;

	if (gone)
		memory_write64(w.memory, world_pasid_slot(&w, DEVICE, pasid), 0);
	else
		world_set_pasid(&w, DEVICE, pasid, 1, &trees[pasid - 1].tables, NULL);
	/* [VTD] "Guidance to Software for Invalidations": PASID-cache, then PASID-based IOTLB */
	world_command(&w, below(2) ? 0x37 : 0x17 | 1 << 16 | (uint64_t)pasid << 32, 0);
	world_command(&w, 0x26 | 1 << 16 | (uint64_t)pasid << 32, 0);
}

static void feed(struct iommu_translation *translation)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_access_now(w.memory, &translation->access, words);
	w.unit->ops->translate_feed(w.unit, translation, words);
}

static struct iommu_request any_request(void)
{
	uint64_t page;
	const struct tree *tree = any_place(&page);

	return (struct iommu_request){
		.source_id = DEVICE,
		.has_pasid = true,
		.pasid = tree->pasid ? tree->pasid : 4,
		.iova = page + below(0x1000),
		.write = below(2),
	};
}

/* Starts a walk that stops after some reads, or takes up the one that did. */
static void hold_or_resume(void)
{
	struct iommu_request request = any_request();

	if (!is_held) {
		w.unit->ops->translate_begin(w.unit, &held, &request);
		for (uint64_t reads = below(below(2) ? 6 : 28); reads > 0 && held.access.want != IOMMU_WANTS_NOTHING;
		     reads--)
			feed(&held);
	} else {
		while (held.access.want != IOMMU_WANTS_NOTHING)
			feed(&held); /* whatever comes out: old and new are both right */
	}
	is_held = !is_held;
}

static void compare(uint64_t seed, unsigned operation)
{
	struct iommu_request request = any_request();
	struct twin twin = { .memory = w.memory };

	iommu_translate_now(w.unit, w.memory, &w.t, &request);
	twin_translate(&twin, w.root, request.source_id, request.pasid, request.iova, request.write);
	ck_assert_msg(twin.ok == (w.t.status == IOMMU_TRANSLATED), "seed %llu, operation %u: twin %d, unit %s",
		      (unsigned long long)seed, operation, twin.ok, vtd_fault_text(w.t.fault_reason));
	if (!twin.ok)
		return;
	ck_assert_msg(twin.output == w.t.output && twin.size_lg2 == w.t.size_lg2,
		      "seed %llu, operation %u: twin 0x%llx of 2^%u, unit 0x%llx of 2^%u", (unsigned long long)seed,
		      operation, (unsigned long long)twin.output, twin.size_lg2, (unsigned long long)w.t.output,
		      w.t.size_lg2);
}

static struct cache_geometry any_geometry(void)
{
	uint32_t ways = 1u << below(3), sets = 1u << below(3);

	return (struct cache_geometry){ below(5) ? ways * sets : 0, ways, (enum cache_replacement)below(3) };
}

static void begin(uint64_t seed)
{
	struct vtd_features features = world_features();
	struct iommu_cache_config caches;

	random_init(&source, seed);
	caches.iotlb = any_geometry();
	caches.device = any_geometry();
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
		caches.walk[level] = any_geometry();
	world_init(&w, &features, &caches);
	world_attach_scalable(&w, DEVICE);
	for (unsigned i = 0; i < 4; i++)
		trees[i] =
			(struct tree){ .tables = i < 3 ? world_first_stage(&w, 4, i == 2) : world_second_stage(&w, 4),
				       .base = i < 3 ? UINT64_C(0x7f0000000000) : POOL,
				       .domain = i < 2 ? 1 : 2,
				       .pasid = i < 3 ? i + 1 : 0,
				       .in_guest = i == 2 };
	world_map_guest(&w, &trees[3].tables);
	world_set_pasid(&w, DEVICE, 1, 1, &trees[0].tables, NULL);
	world_set_pasid(&w, DEVICE, 2, 1, &trees[1].tables, NULL);
	world_set_pasid(&w, DEVICE, 3, 2, &trees[2].tables, &trees[3].tables);
	world_set_pasid(&w, DEVICE, 4, 2, NULL, &trees[3].tables);
	world_start(&w);
	is_held = false;
	held.request.pasid = 0;
}

START_TEST(a_unit_whose_caches_are_invalidated_equals_one_without)
{
	uint64_t seed = (uint64_t)_i;

	begin(seed);
	for (unsigned operation = 0; operation < OPERATIONS; operation++) {
		uint64_t choice = below(100);

		if (choice < 20)
			change_tree();
		else if (choice < 22)
			change_pasid();
		else if (choice < 40)
			hold_or_resume();
		else
			compare(seed, operation);
	}
	world_fini(&w);
}
END_TEST

/* That the runs above meet what they are about: hits, tables known, and walks overtaken. */
START_TEST(the_runs_use_the_caches)
{
	uint64_t hits = 0, known = 0, invalidated = 0;

	for (uint64_t seed = 0; seed < 5; seed++) {
		begin(seed);
		for (unsigned operation = 0; operation < 1000; operation++) {
			if (below(5) == 0)
				change_tree();
			else
				compare(seed, operation);
		}
		hits += w.unit->stats.iotlb_hits;
		invalidated += w.unit->stats.invalidated;
		for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
			known += w.unit->stats.walk_hits[0][level] + w.unit->stats.walk_hits[1][level];
		world_fini(&w);
	}
	ck_assert_uint_gt(hits, 100);
	ck_assert_uint_gt(known, 100);
	ck_assert_uint_gt(invalidated, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd twin");
	TCase *tests = tcase_create("vtd twin");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(tests, a_unit_whose_caches_are_invalidated_equals_one_without, 0, RUNS);
	tcase_add_test(tests, the_runs_use_the_caches);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
