/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of map, copy, unmap, cut, attach and detach on two IOAS, beside a twin that knows pages only: for
 * each page of IOVA which area it belongs to and which page of which object it shows.  What is pinned, charged and in
 * each table the twin counts anew after every call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define SEEDS       12u
#define STEPS       1500u
#define IOVA_PAGES  48u
#define MEM_PAGES   24u
#define SPACES      2u
#define TABLES      3u /* the first two may be attached to the first IOAS, the last to the second */
#define LIMIT_PAGES 26u
#define OBJECTS     4096u

struct twin_page {
	unsigned area;   /* 0: nothing is mapped */
	unsigned object; /* whose page */
	unsigned memory; /* page of the process that it shows */
	unsigned permissions;
};

struct twin {
	struct twin_page page[SPACES][IOVA_PAGES];
	unsigned domains[SPACES];
	bool writable[OBJECTS];
	bool present[MEM_PAGES], read_only[MEM_PAGES];
	unsigned next_area, next_object;
};

static struct host host;
static struct page_table table[TABLES];
static struct iommufd_domain domain[TABLES];
static bool attached[TABLES];
static struct ioas ioas[SPACES];
static struct iommufd_source source;
static struct twin twin;
static struct random dice;

static unsigned below(unsigned bound)
{
	return (unsigned)random_below(&dice, bound);
}

/* ---- the twin ---- */

static bool twin_pinned(unsigned object, unsigned memory)
{
	for (unsigned space = 0; space < SPACES; space++)
		for (unsigned i = 0; i < IOVA_PAGES && twin.domains[space]; i++)
			if (twin.page[space][i].area && twin.page[space][i].object == object &&
			    twin.page[space][i].memory == memory)
				return true;
	return false;
}

/* Is this page the first to show its page of its object, of all that are in a domain? */
static bool twin_first(unsigned space, unsigned at)
{
	const struct twin_page *page = &twin.page[space][at];

	for (unsigned s = 0; s <= space; s++)
		for (unsigned i = 0; i < (s == space ? at : IOVA_PAGES) && twin.domains[s]; i++)
			if (twin.page[s][i].area && twin.page[s][i].object == page->object &&
			    twin.page[s][i].memory == page->memory)
				return false;
	return true;
}

/* Pages pinned; of one page of the process, or of all (MEM_PAGES). */
static unsigned twin_pins(unsigned memory)
{
	unsigned count = 0;

	for (unsigned space = 0; space < SPACES; space++)
		for (unsigned i = 0; i < IOVA_PAGES && twin.domains[space]; i++)
			if (twin.page[space][i].area && (memory == MEM_PAGES || twin.page[space][i].memory == memory) &&
			    twin_first(space, i))
				count++;
	return count;
}

static bool twin_pinnable(unsigned object, unsigned memory)
{
	return twin.present[memory] && (!twin.writable[object] || !twin.read_only[memory]);
}

/* Shows count pages at `to` of a space; the area's number is new.  An error leaves the space to its caller. */
static int twin_show(unsigned space, unsigned to, const struct twin_page *pages, unsigned count, unsigned permissions)
{
	unsigned area = ++twin.next_area;

	for (unsigned i = 0; i < count && twin.domains[space]; i++)
		if (!twin_pinned(pages[i].object, pages[i].memory) && !twin_pinnable(pages[i].object, pages[i].memory))
			return EFAULT;
	for (unsigned i = 0; i < count; i++)
		twin.page[space][to + i] = (struct twin_page){ area, pages[i].object, pages[i].memory, permissions };
	return twin_pins(MEM_PAGES) > LIMIT_PAGES ? ENOMEM : 0;
}

static bool twin_free(unsigned space, unsigned at, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (twin.page[space][at + i].area)
			return false;
	return true;
}

static int twin_map(unsigned space, unsigned at, unsigned memory, unsigned count, unsigned permissions)
{
	struct twin before = twin;
	struct twin_page pages[IOVA_PAGES];
	unsigned object = twin.next_object++;

	twin.writable[object] = permissions & PT_WRITE;
	for (unsigned i = 0; i < count; i++)
		pages[i] = (struct twin_page){ .object = object, .memory = memory + i };
	int error = twin_free(space, at, count) ? twin_show(space, at, pages, count, permissions) : EEXIST;

	if (error)
		twin = before;
	return error;
}

static int twin_copy(unsigned to, unsigned to_at, unsigned from, unsigned at, unsigned count, unsigned permissions)
{
	struct twin before = twin;
	struct twin_page pages[IOVA_PAGES];
	int error = 0;

	memcpy(pages, &twin.page[from][at], count * sizeof(*pages));
	for (unsigned i = 0; i < count; i++)
		if (!pages[i].area)
			return ENOENT;
	if (!twin_free(to, to_at, count))
		return EEXIST;
	for (unsigned i = 0; i < count; i++)
		if (permissions & PT_WRITE && !twin.writable[pages[i].object])
			return EPERM;
	for (unsigned i = 0, next; i < count && !error; i = next) {
		for (next = i + 1; next < count && pages[next].area == pages[i].area;)
			next++;
		error = twin_show(to, to_at + i, &pages[i], next - i, permissions);
	}
	if (error)
		twin = before;
	return error;
}

static int twin_unmap(unsigned space, unsigned at, unsigned count, unsigned *unmapped)
{
	struct twin_page *page = twin.page[space];

	*unmapped = 0;
	for (unsigned i = at; i < at + count; i++) {
		unsigned area = page[i].area, last = i;

		if (!area)
			continue;
		while (last + 1 < IOVA_PAGES && page[last + 1].area == area)
			last++;
		if ((i > 0 && page[i - 1].area == area) || last >= at + count)
			return ENOENT;
		*unmapped += last - i + 1;
		for (; i <= last; i++)
			page[i].area = 0;
		i--;
	}
	return 0;
}

static int twin_cut(unsigned space, unsigned last)
{
	struct twin_page *page = twin.page[space];
	unsigned area = page[last].area;

	if (!area || last + 1 >= IOVA_PAGES || page[last + 1].area != area)
		return 0;
	if (twin.domains[space] && !ioas[space].no_large_pages)
		return EINVAL;
	twin.next_area++;
	for (unsigned i = last + 1; i < IOVA_PAGES && page[i].area == area; i++)
		page[i].area = twin.next_area;
	return 0;
}

/* The first domain pins area by area, from the lowest. */
static int twin_attach(unsigned space)
{
	struct twin before = twin;
	struct twin_page all[IOVA_PAGES];
	int error = 0;

	if (twin.domains[space]++)
		return 0;
	memcpy(all, twin.page[space], sizeof(all));
	memset(twin.page[space], 0, sizeof(all));
	for (unsigned i = 0, next; i < IOVA_PAGES && !error; i = next) {
		for (next = i + 1; next < IOVA_PAGES && all[next].area == all[i].area;)
			next++;
		if (all[i].area)
			error = twin_show(space, i, &all[i], next - i, all[i].permissions);
	}
	if (error)
		twin = before;
	return error;
}

/* ---- both ---- */

static phys_t translate(const struct page_table *in, iova_t iova, unsigned *permissions)
{
	struct walk walk;

	walk_begin(&walk, in->format, &in->rules, in->root, iova, 0);
	while (walk_wants_read(&walk))
		walk_feed(&walk, memory_read64(host.memory, walk.want_address));
	*permissions = walk.leaf.permissions & RW;
	return walk.status == WALK_OK ? walk.output : PHYS_NONE;
}

static void compare_table(unsigned which, unsigned space)
{
	for (unsigned i = 0; i < IOVA_PAGES; i++) {
		const struct twin_page *page = &twin.page[space][i];
		unsigned permissions;
		phys_t phys = translate(&table[which], i * PAGE_BYTES, &permissions);

		ck_assert_uint_eq(phys,
				  attached[which] && page->area ? RAM_BASE + page->memory * PAGE_BYTES : PHYS_NONE);
		if (phys != PHYS_NONE)
			ck_assert_uint_eq(permissions, page->permissions);
	}
}

static void compare(bool tables)
{
	unsigned pinned = twin_pins(MEM_PAGES);

	ck_assert_uint_eq(host.process.pinned_vm, pinned);
	ck_assert_uint_eq(host.process.account.pages[ACCOUNT_USER], pinned);
	for (unsigned i = 0; i < MEM_PAGES; i++)
		ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + i * PAGE_BYTES), twin_pins(i));
	for (unsigned i = 0; i < TABLES && tables; i++)
		compare_table(i, i == TABLES - 1);
}

static void change_memory(unsigned page)
{
	struct area area = { .vaddr = RAM_VADDR + page * PAGE_BYTES,
			     .bytes = PAGE_BYTES,
			     .permissions = twin.read_only[page] ? PT_READ : RW,
			     .base = RAM_BASE + page * PAGE_BYTES,
			     .page_lg2 = 12 + 9 * (page & 1),
			     .backed_bytes = PAGE_BYTES };

	if (twin.present[page])
		process_remove_areas(&host.process, area.vaddr, PAGE_BYTES);
	else
		process_add_area(&host.process, &area);
	twin.present[page] = !twin.present[page];
}

static void change_domain(void)
{
	unsigned which = below(TABLES), space = which == TABLES - 1;
	int error = 0;

	if (attached[which]) {
		ioas_detach(&ioas[space], &domain[which], &host.work);
		twin.domains[space]--;
	} else {
		error = ioas_attach(&ioas[space], &domain[which], &host.work);
		ck_assert_int_eq(error, twin_attach(space));
	}
	attached[which] = attached[which] ? false : !error;
}

static void map_or_copy(unsigned space, unsigned at, unsigned count)
{
	unsigned permissions = below(3) ? RW : PT_READ, from = below(SPACES), other = below(IOVA_PAGES - count);
	unsigned memory = below(MEM_PAGES - count);

	if (below(2))
		ck_assert_int_eq(map_at(&ioas[space], &source, at * PAGE_BYTES, RAM_VADDR + memory * PAGE_BYTES,
					count * PAGE_BYTES, permissions, &host.work),
				 twin_map(space, at, memory, count, permissions));
	else
		ck_assert_int_eq(copy_at(&ioas[space], &ioas[from], at * PAGE_BYTES, other * PAGE_BYTES,
					 count * PAGE_BYTES, permissions, &host.work),
				 twin_copy(space, at, from, other, count, permissions));
}

static void step(void)
{
	unsigned space = below(SPACES), count = 1 + below(8), at = below(IOVA_PAGES - count), unmapped;
	uint64_t bytes;

	switch (below(8)) {
	case 0:
		change_memory(below(MEM_PAGES));
		break;
	case 1:
		change_domain();
		break;
	case 2:
		ck_assert_int_eq(ioas_cut(&ioas[space], (at + 1) * PAGE_BYTES - 1), twin_cut(space, at));
		break;
	case 3:
	case 4:
		count = count < 4 ? count : IOVA_PAGES - at;
		ck_assert_int_eq(unmap_range(&ioas[space], at * PAGE_BYTES, count * PAGE_BYTES, &bytes, &host.work),
				 twin_unmap(space, at, count, &unmapped));
		ck_assert_uint_eq(bytes, unmapped * PAGE_BYTES);
		break;
	default:
		map_or_copy(space, at, count);
		break;
	}
}

static void begin(unsigned seed)
{
	random_init(&dice, seed);
	host_init(&host, MEM_PAGES * PAGE_BYTES, 12, LIMIT_PAGES * PAGE_BYTES);
	process_remove_areas(&host.process, RAM_VADDR, MEM_PAGES * PAGE_BYTES);
	memset(&twin, 0, sizeof(twin));
	memset(attached, 0, sizeof(attached));
	source = host_source(&host, ACCOUNT_USER);
	for (unsigned i = 0; i < MEM_PAGES; i++) {
		twin.read_only[i] = below(6) == 0;
		if (below(8))
			change_memory(i);
	}
	for (unsigned i = 0; i < TABLES; i++) {
		ck_assert_int_eq(page_table_init(&table[i], &vtd_second_stage, &host.table.rules, host.table.view,
						 &host.frames),
				 MAP_OK);
		domain[i] = host_iommufd_domain(&table[i]);
	}
	for (unsigned i = 0; i < SPACES; i++)
		ioas_init(&ioas[i]);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas[1]), 0);
}

static void finish(void)
{
	for (unsigned i = 0; i < TABLES; i++)
		if (attached[i])
			ioas_detach(&ioas[i == TABLES - 1], &domain[i], &host.work);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	for (unsigned i = 0; i < SPACES; i++)
		ioas_fini(&ioas[i]);
	for (unsigned i = 0; i < TABLES; i++)
		page_table_fini(&table[i]);
	host_fini(&host);
}

START_TEST(random_histories_pin_charge_and_map_what_the_twin_does)
{
	printf("seed %d\n", _i);
	begin((unsigned)_i);
	for (unsigned i = 0; i < STEPS && twin.next_object < OBJECTS - 1; i++) {
		step();
		compare(i % 16 == 0);
	}
	compare(true);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iommufd_twin");
	TCase *test = tcase_create("twin");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, random_histories_pin_charge_and_map_what_the_twin_does, 0, SEEDS);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
