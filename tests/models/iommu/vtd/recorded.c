/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structures and tables that running Linux guests wrote, from the root table
 * on: with the recorded registers, the unit translates every recorded mapping
 * and nothing beside it.
 */
#include "tests/recorded/recorded.h"
#include "tests/models/iommu/vtd/world.h"
#include "tests/suite.h"

/* CAP, ECAP and RTADDR: the set's tables.json.  QEMU takes its 48 bits of input address for the host's width too. */
static const struct set {
	const char *map, *pages;
	uint64_t capability, extended_capability, root_table;
	unsigned structures, leaves;
	enum vtd_fault_reason absent, write_denied;
} sets[] = {
	{ RECORDED "/Q-vtd-oracle-strict-cm/snap-s1.map.csv.xz",
	  RECORDED "/Q-vtd-oracle-strict-cm/snap-s1.pages.bin.xz", 0xd2008c222f0686, 0xf42, 0x101361000, 2, 17570,
	  VTD_FAULT_READ_DENIED, VTD_FAULT_WRITE_DENIED },
	{ RECORDED "/S-vtd-superpage-strict-cm/snap-s1.map.csv.xz",
	  RECORDED "/S-vtd-superpage-strict-cm/snap-s1.pages.bin.xz", 0xd2008c222f0686, 0xf42, 0x101b1c000, 2, 12378,
	  VTD_FAULT_READ_DENIED, VTD_FAULT_WRITE_DENIED },
	{ RECORDED "/F1-vtd-scalable-sl/snap-s1.map.csv.xz", RECORDED "/F1-vtd-scalable-sl/snap-s1.pages.bin.xz",
	  0xd2008c222f0686, 0x480080000f42, 0x10127b400, 4, 17585, VTD_FAULT_SS_NOT_PRESENT,
	  VTD_FAULT_SM_WRITE_DENIED },
	{ RECORDED "/F2-vtd-scalable-fl/snap-s1.map.csv.xz", RECORDED "/F2-vtd-scalable-fl/snap-s1.pages.bin.xz",
	  0x1d2008c222f0606, 0x880000000f42, 0x101b7d400, 4, 17554, VTD_FAULT_FS_NOT_PRESENT,
	  VTD_FAULT_SM_WRITE_DENIED },
};

static struct world w;
static char *map;

/* False: the recordings are absent, which was said. */
static bool load(const struct set *set, const struct iommu_cache_config *caches, const char *test)
{
	struct vtd_config config = {
		.capability = set->capability,
		.extended_capability = set->extended_capability,
		.host_address_width = 48,
		.caches = *caches,
		.seed = 1,
	};
	struct err err = { 0 };
	size_t bytes, map_bytes;
	char *pages = recorded_read(set->pages, &bytes);

	map = pages ? recorded_read(set->map, &map_bytes) : NULL;
	if (!map) {
		free(pages);
		recorded_skip(test);
		return false;
	}
	w = (struct world){ .memory = memory_create(), .unit = vtd_create(&config, &err) };
	ck_assert_msg(w.unit, "%s", err.text);
	ck_assert_msg(memory_load_pages(w.memory, pages, bytes, &err), "%s", err.text);
	free(pages);
	world_set_register(&w, VTD_REG_RTADDR, 8, set->root_table);
	world_set_register(&w, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
	world_set_register(&w, VTD_REG_GCMD, 4, VTD_GCMD_TE);
	return true;
}

static void unload(void)
{
	w.unit->ops->destroy(w.unit);
	memory_destroy(w.memory);
	free(map);
}

static void check_leaf(const struct set *set, const struct recorded_leaf *leaf)
{
	uint16_t source_id = (uint16_t)leaf->source_id;
	uint64_t last = leaf->bytes - 1;

	ck_assert(leaf->read);
	world_dma(&w, source_id, NO_PASID, leaf->iova, false);
	expect_output(&w, leaf->output, 12 + 9 * leaf->level);
	world_dma(&w, source_id, NO_PASID, leaf->iova + last, true);
	if (leaf->write)
		expect_output(&w, leaf->output + last, 12 + 9 * leaf->level);
	else
		expect_fault(&w, set->write_denied);
}

static void check_hole(const struct set *set, unsigned source_id, uint64_t address)
{
	bool is_interrupts = address >> 20 == 0xfee;
	bool is_legacy = set->structures == 2;

	/* Reads of the interrupt range are illegal.  [VTD] "Handling Requests to Interrupt Address Range" */
	world_dma(&w, (uint16_t)source_id, NO_PASID, address, false);
	expect_fault(&w, !is_interrupts ? set->absent
			 : is_legacy    ? VTD_FAULT_INTERRUPT_ADDRESS
					: VTD_FAULT_SM_INTERRUPT_ADDRESS);
}

static void check_set(const struct set *set)
{
	struct recorded_leaf leaf, before = { 0 };
	unsigned leaves = 0;

	for (char *at = map; recorded_next_leaf(&at, &leaf); before = leaf, leaves++) {
		bool is_new = leaves == 0 || leaf.source_id != before.source_id;

		check_leaf(set, &leaf);
		if (!is_new && leaf.iova == before.iova + before.bytes)
			continue;
		if (leaves > 0)
			check_hole(set, before.source_id, before.iova + before.bytes);
		if (leaf.iova > 0)
			check_hole(set, leaf.source_id, leaf.iova - 1);
	}
	check_hole(set, before.source_id, before.iova + before.bytes);
	ck_assert_uint_eq(leaves, set->leaves);
}

START_TEST(every_recorded_mapping_is_translated_and_holes_fault)
{
	const struct set *set = &sets[_i];

	if (!load(set, &world_caches, __func__))
		return;
	check_set(set);
	ck_assert_uint_gt(w.unit->stats.iotlb_hits, set->leaves / 2);
	unload();
}
END_TEST

START_TEST(each_walk_reads_all_structures_and_levels_without_caches)
{
	const struct set *set = &sets[_i];
	struct recorded_leaf leaf;

	if (!load(set, &world_no_caches, __func__))
		return;
	for (char *at = map; recorded_next_leaf(&at, &leaf);) {
		world_dma(&w, (uint16_t)leaf.source_id, NO_PASID, leaf.iova, false);
		expect_output(&w, leaf.output, 12 + 9 * leaf.level);
		expect_reads(&w, set->structures, leaf.first_stage ? 4 - leaf.level : 0,
			     leaf.first_stage ? 0 : 4 - leaf.level);
	}
	unload();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd recorded");
	TCase *tests = tcase_create("vtd recorded");
	int count = (int)(sizeof(sets) / sizeof(sets[0]));

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(tests, every_recorded_mapping_is_translated_and_holes_fault, 0, count);
	tcase_add_loop_test(tests, each_walk_reads_all_structures_and_levels_without_caches, 0, count);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
