/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random maps, unmaps and vaddr updates of both versions by two processes, against a list of mappings that follows the rules as
 * include/uapi/linux/vfio.h and the comment in the kernel's vfio_dma_do_unmap state them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/models/software/type1_fixture.h"
#include "tests/suite.h"

#define IOVA_PAGES 96u
#define RAM_PAGES  64u /* the last of the process's memory: a hole follows */
#define VADDR      (UNTOUCHED + 0x200000 - RAM_PAGES * PAGE_BYTES)
#define ENTRIES    8u  /* dma_entry_limit */
#define LIMIT      40u /* of the first process; the second may lock any amount */

/* Before 3.15 parts of mappings are unmapped, and there is no limit. */
#define TWIN_MAPPINGS IOVA_PAGES

struct twin_mapping {
	unsigned first, pages; /* 0: unused */
	unsigned permissions, owner;
	bool invalid;
	phys_t phys; /* of its first page: memory is contiguous */
};

static struct fixture fixture;
static struct twin_mapping twin[TWIN_MAPPINGS];
static bool v2, old;
static char where[64];

#define CHECK(condition) ck_assert_msg(condition, "%s: %s", where, #condition)

static struct process *process_of(unsigned owner)
{
	return owner ? &fixture.child : &fixture.process;
}

static phys_t ram_of(unsigned owner)
{
	return RAM_BASE + (owner + 1) * (RAM_BYTES + 0x200000) - RAM_PAGES * PAGE_BYTES;
}

static unsigned locked(unsigned owner)
{
	unsigned pages = 0;

	for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
		if (twin[i].owner == owner)
			pages += twin[i].pages;
	return pages;
}

static bool overlaps(const struct twin_mapping *mapping, unsigned first, unsigned end)
{
	return mapping->pages && mapping->first < end && mapping->first + mapping->pages > first;
}

static void compare(void)
{
	static unsigned count[2][RAM_PAGES];
	unsigned live = 0;

	memset(count, 0, sizeof(count));
	for (unsigned page = 0; page < IOVA_PAGES; page++) {
		phys_t expected = PHYS_NONE;

		for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
			if (overlaps(&twin[i], page, page + 1))
				expected = twin[i].phys + (page - twin[i].first) * PAGE_BYTES;
		CHECK(fixture_translate(&fixture, 0, page * PAGE_BYTES) == expected);
		for (unsigned owner = 0; owner < 2 && expected != PHYS_NONE; owner++)
			if (expected >= ram_of(owner) && expected < ram_of(owner) + RAM_PAGES * PAGE_BYTES)
				count[owner][(expected - ram_of(owner)) >> PAGE_LG2]++;
	}
	for (unsigned owner = 0; owner < 2; owner++) {
		CHECK(process_of(owner)->account.pages[ACCOUNT_MM] == locked(owner));
		for (unsigned page = 0; page < RAM_PAGES; page++)
			CHECK(pins_count(&fixture.pins, ram_of(owner) + page * PAGE_BYTES) == count[owner][page]);
	}
	for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
		live += twin[i].pages > 0;
	CHECK(fixture_type1(&fixture)->container.mappings.count == live);
	CHECK(fixture_type1(&fixture)->entries_left == ENTRIES - live || old);
}

/* ---- one operation each: what the list says, then what type1 does ---- */

static void try_map(unsigned first, unsigned pages, unsigned vaddr, unsigned permissions, unsigned owner)
{
	struct twin_mapping *spare = NULL;
	unsigned live = 0;
	unsigned present = vaddr >= RAM_PAGES ? 0 : vaddr + pages > RAM_PAGES ? RAM_PAGES - vaddr : pages;
	int expected = 0;

	for (unsigned i = 0; i < TWIN_MAPPINGS; i++) {
		spare = twin[i].pages ? spare : &twin[i];
		live += twin[i].pages > 0;
		if (overlaps(&twin[i], first, first + pages))
			expected = EEXIST;
	}
	if (!permissions || !pages)
		expected = EINVAL;
	else if (!expected && !old && live == ENTRIES)
		expected = ENOSPC;
	else if (!expected && !owner && locked(0) + present > LIMIT)
		expected = ENOMEM;
	else if (!expected && present < pages)
		expected = EFAULT;

	struct type1_map_call call = { .argsz = TYPE1_MAP_ARGSZ,
				       .flags = permissions,
				       .vaddr = VADDR + vaddr * PAGE_BYTES,
				       .iova = first * PAGE_BYTES,
				       .size = pages * PAGE_BYTES };

	CHECK(vfio_call(&fixture.container, process_of(owner), VFIO_IOMMU_MAP_DMA, &call, &fixture.work) == expected);
	if (!expected)
		*spare = (struct twin_mapping){ .first = first,
						.pages = pages,
						.permissions = permissions,
						.owner = owner,
						.phys = ram_of(owner) + vaddr * PAGE_BYTES };
}

/* Does a mapping begin before first and reach into the range? */
static bool begins_inside(unsigned first)
{
	for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
		if (overlaps(&twin[i], first, first + 1) && twin[i].first < first)
			return true;
	return false;
}

static bool ends_inside(unsigned end)
{
	for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
		if (overlaps(&twin[i], end - 1, end) && twin[i].first + twin[i].pages > end)
			return true;
	return false;
}

/* Before 3.15, with leaves of one page: exactly the pages of the range go. */
static uint64_t cut(unsigned first, unsigned end)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < TWIN_MAPPINGS; i++) {
		struct twin_mapping *mapping = &twin[i];
		unsigned stop = mapping->first + mapping->pages;

		if (!overlaps(mapping, first, end))
			continue;
		if (stop > end) {
			struct twin_mapping *tail = twin;

			while (tail->pages)
				tail++;
			*tail = *mapping;
			tail->first = end;
			tail->pages = stop - end;
			tail->phys += (end - mapping->first) * PAGE_BYTES;
			stop = end;
		}
		bytes += (stop - (mapping->first > first ? mapping->first : first)) * PAGE_BYTES;
		mapping->pages = mapping->first < first ? first - mapping->first : 0;
	}
	return bytes;
}

/* An unmap, or with invalidate an invalidation of vaddrs, of a range or of all. */
static void try_unmap(unsigned first, unsigned pages, bool all, bool invalidate)
{
	struct type1_unmap_call call = { .argsz = TYPE1_UNMAP_ARGSZ,
					 .flags = (all ? TYPE1_UNMAP_ALL : 0u) | (invalidate ? TYPE1_UNMAP_VADDR : 0u),
					 .iova = all ? 0 : first * PAGE_BYTES,
					 .size = all ? 0 : pages * PAGE_BYTES };
	unsigned end = all ? IOVA_PAGES : first + pages;
	uint64_t bytes = 0, asked = call.size;
	int expected = 0;

	first = all ? 0 : first;
	if ((!all && !pages) || (old && call.flags) || (v2 && !all && (begins_inside(first) || ends_inside(end))))
		expected = EINVAL;
	bool nothing = old || (!v2 && begins_inside(first));

	if (old && !expected)
		bytes = cut(first, end);
	for (unsigned i = 0; i < TWIN_MAPPINGS && !expected && !nothing; i++)
		if (invalidate && twin[i].invalid && overlaps(&twin[i], first, end))
			expected = EINVAL;
	for (unsigned i = 0; i < TWIN_MAPPINGS && !expected && !nothing; i++) {
		if (!overlaps(&twin[i], first, end))
			continue;
		bytes += twin[i].pages * PAGE_BYTES;
		if (invalidate)
			twin[i].invalid = true;
		else
			twin[i] = (struct twin_mapping){ 0 };
	}
	CHECK(vfio_call(&fixture.container, process_of(0), VFIO_IOMMU_UNMAP_DMA, &call, &fixture.work) == expected);
	CHECK(call.size == (expected ? asked : bytes));
}

static void try_update(unsigned first, unsigned pages, unsigned owner)
{
	struct twin_mapping *found = NULL;
	int expected = ENOENT;

	for (unsigned i = 0; i < TWIN_MAPPINGS; i++) {
		if (!overlaps(&twin[i], first, first + pages))
			continue;
		expected = EINVAL;
		if (twin[i].first == first && twin[i].pages == pages && twin[i].invalid)
			found = &twin[i];
	}
	if (old)
		expected = EINVAL; /* an unknown flag */
	else if (found)
		expected = !owner && found->owner && locked(0) + pages > LIMIT ? ENOMEM : 0;

	struct type1_map_call call = { .argsz = TYPE1_MAP_ARGSZ,
				       .flags = TYPE1_MAP_VADDR,
				       .vaddr = VADDR, /* what lies there does not matter: nothing is pinned anew */
				       .iova = first * PAGE_BYTES,
				       .size = pages * PAGE_BYTES };

	CHECK(vfio_call(&fixture.container, process_of(owner), VFIO_IOMMU_MAP_DMA, &call, &fixture.work) == expected);
	if (!expected) {
		found->invalid = false;
		found->owner = owner;
	}
}

/* Any mapping, or one without pages when there is none. */
static const struct twin_mapping *any_mapping(struct random *random)
{
	unsigned start = (unsigned)random_below(random, TWIN_MAPPINGS);

	for (unsigned i = 0; i < TWIN_MAPPINGS; i++)
		if (twin[(start + i) % TWIN_MAPPINGS].pages)
			return &twin[(start + i) % TWIN_MAPPINGS];
	return &twin[0];
}

static void step(struct random *random)
{
	unsigned first = (unsigned)random_below(random, IOVA_PAGES);
	unsigned pages = (unsigned)random_below(random, 13), owner = (unsigned)random_below(random, 2);
	const struct twin_mapping *any = any_mapping(random);

	if (first + pages > IOVA_PAGES)
		pages = IOVA_PAGES - first;
	switch (random_below(random, 10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		try_map(first, pages, (unsigned)random_below(random, RAM_PAGES + 2), (unsigned)random_below(random, 4),
			owner);
		break;
	case 4:
	case 5:
		try_unmap(first, pages, false, false);
		break;
	case 6:
		if (any->pages)
			try_unmap(any->first, any->pages, false, false);
		break;
	case 7:
		if (random_below(random, 8))
			try_unmap(any->pages ? any->first : first, any->pages ? any->pages : pages, false, true);
		else
			try_unmap(0, 0, true, random_below(random, 2) != 0);
		break;
	case 8:
		try_unmap(first, pages, false, true);
		break;
	default:
		if (any->pages)
			try_update(any->first, any->pages, owner);
		else if (pages)
			try_update(first, pages, owner);
		break;
	}
}

START_TEST(random_calls_of_two_processes_agree_with_a_list_of_mappings)
{
	struct random random;
	uint64_t seed = 2000 + (uint64_t)_i;

	v2 = _i % 3 == 0;
	old = _i % 3 == 1;
	memset(twin, 0, sizeof(twin));
	random_init(&random, seed);
	fixture_init(&fixture, old ? (struct kernel){ 3, 14 } : KERNEL_DEFAULT);
	fixture.process.shares_reads = fixture.child.shares_reads = false; /* the memory was written */
	fixture.host.dma_entry_limit = ENTRIES;
	fixture.process.account.limit_pages = LIMIT;
	ck_assert(fixture_open(&fixture, v2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU));
	for (unsigned i = 0; i < 800; i++) {
		snprintf(where, sizeof(where), "seed %lu step %u", seed, i);
		step(&random);
		compare();
	}
	try_unmap(0, IOVA_PAGES, false, false);
	compare();
	ck_assert_uint_eq(fixture.pins.pins, 0);
}
END_TEST

static void teardown(void)
{
	fixture_fini(&fixture);
}

int main(void)
{
	Suite *suite = suite_create("type1_twin");
	TCase *test = tcase_create("type1_twin");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(test, NULL, teardown);
	tcase_add_loop_test(test, random_calls_of_two_processes_agree_with_a_list_of_mappings, 0, 12);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
