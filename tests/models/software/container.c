/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/container.h"

#include <errno.h>
#include <string.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static struct host host;
static struct container container;

static void teardown(void)
{
	container_fini(&container);
	host_fini(&host);
}

static void start(uint64_t ram_bytes, unsigned page_lg2, uint64_t limit_bytes)
{
	host_init(&host, ram_bytes, page_lg2, limit_bytes);

	struct container_config config = host_container(&host);

	container_init(&container, &config);
}

static uint64_t unmap(iova_t iova, uint64_t bytes)
{
	struct unmap_call call;

	container_unmap_begin(&call, iova, iova + bytes - 1);
	while (container_unmap_step(&container, &call, &host.work))
		;
	return call.bytes;
}

START_TEST(a_map_leads_every_page_to_its_own_memory)
{
	unsigned permissions;

	start(MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0x7000, RAM_VADDR + 0x3000, 0x3000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host_translate(&host, 0x7123, &permissions), RAM_BASE + 0x3123);
	ck_assert_uint_eq(permissions, PT_READ);
	ck_assert_uint_eq(host_translate(&host, 0x9fff, &permissions), RAM_BASE + 0x5fff);
	ck_assert_uint_eq(host_translate(&host, 0xa000, &permissions), PHYS_NONE);
	ck_assert_uint_eq(host_translate(&host, 0x6fff, &permissions), PHYS_NONE);
}
END_TEST

START_TEST(small_host_pages_are_charged_and_mapped_one_by_one_but_pinned_in_batches)
{
	start(8 * MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 1025 * PAGE_BYTES, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.work.pin_calls, 3);
	ck_assert_uint_eq(host.work.pages_pinned, 1025);
	ck_assert_uint_eq(host.work.account_operations, 1025);
	ck_assert_uint_eq(host.work.table_calls, 1025);
	ck_assert_uint_eq(host.work.table.entries_written, 1025);
}
END_TEST

START_TEST(a_huge_host_page_is_one_run_one_charge_and_one_leaf)
{
	start(8 * MIB, 21, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 4 * MIB, PT_READ | PT_WRITE, &host.work), 0);
	ck_assert_uint_eq(host.work.pin_calls, 2);
	ck_assert_uint_eq(host.work.pages_pinned, 1024);
	ck_assert_uint_eq(host.work.account_operations, 2);
	ck_assert_uint_eq(host.work.table_calls, 2);
	ck_assert_uint_eq(host.work.table.entries_written, 2);
}
END_TEST

START_TEST(a_run_longer_than_a_batch_takes_several_pin_calls_and_one_charge)
{
	start(8 * MIB, 30, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 1025 * PAGE_BYTES, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.work.pin_calls, 3);
	ck_assert_uint_eq(host.work.account_operations, 1);
	ck_assert_uint_eq(host.work.table_calls, 1);
}
END_TEST

START_TEST(a_mapping_that_starts_inside_a_huge_page_has_a_short_first_run)
{
	start(8 * MIB, 21, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR + MIB, 2 * MIB, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.work.table_calls, 2);
	ck_assert_uint_eq(host.work.table.entries_written, 512);
}
END_TEST

START_TEST(pages_go_only_after_their_range_was_named_for_invalidation)
{
	struct unmap_call call;

	start(MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0x1000, RAM_VADDR, 0x2000, PT_READ, &host.work), 0);
	container_unmap_begin(&call, 0, UINT64_MAX);
	ck_assert(container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(call.flush_iova, 0x1000);
	ck_assert_uint_eq(call.flush_bytes, 0x2000);
	ck_assert_uint_eq(host.pins.pages, 2);
	ck_assert_uint_eq(host.process.account.total, 2);
	ck_assert(!container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(host.pins.pages, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(call.bytes, 0x2000);
	ck_assert_uint_eq(host.work.flushes, 1);
}
END_TEST

START_TEST(each_mapping_of_an_unmap_is_invalidated_on_its_own)
{
	start(MIB, 12, 0);
	for (iova_t iova = 0; iova < 5 * 0x2000; iova += 0x2000)
		ck_assert_int_eq(container_map(&container, iova, RAM_VADDR, 0x1000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(unmap(0, 5 * 0x2000), 5 * 0x1000);
	ck_assert_uint_eq(host.work.flushes, 5);
	ck_assert_uint_eq(host.work.mappings_removed, 5);
}
END_TEST

START_TEST(a_mapping_of_many_runs_is_invalidated_in_parts)
{
	struct unmap_call call;

	start(8 * MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 1025 * PAGE_BYTES, PT_READ, &host.work), 0);
	container_unmap_begin(&call, 0, UINT64_MAX);
	ck_assert(container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(call.flush_bytes, 512 * PAGE_BYTES);
	ck_assert(container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(call.flush_iova, 512 * PAGE_BYTES);
	ck_assert_uint_eq(host.pins.pages, 1025 - 512);
	ck_assert_uint_eq(host.process.account.total, 1025); /* uncharged with its end */
	ck_assert(container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(call.flush_bytes, PAGE_BYTES);
	ck_assert(!container_unmap_step(&container, &call, &host.work));
	ck_assert_uint_eq(call.bytes, 1025 * PAGE_BYTES);
	ck_assert_uint_eq(host.process.account.total, 0);
}
END_TEST

/* What a failed map must leave alone.  Tables may stay, empty: a driver frees those that a range covers. */
struct state {
	uint64_t pages, pins, locked, mappings;
};

static struct state state_now(void)
{
	return (struct state){ host.pins.pages, host.pins.pins, host.process.account.total, container.mappings.count };
}

static void expect_unchanged(struct state before)
{
	struct state after = state_now();

	ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
}

START_TEST(meeting_the_limit_half_way_undoes_the_first_half)
{
	unsigned permissions;

	start(MIB, 12, 8 * PAGE_BYTES);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 4 * PAGE_BYTES, PT_READ, &host.work), 0);
	struct state before = state_now();

	ck_assert_int_eq(container_map(&container, 0x10000, RAM_VADDR, 5 * PAGE_BYTES, PT_READ, &host.work), ENOMEM);
	expect_unchanged(before);
	ck_assert_uint_eq(host_translate(&host, 0x10000, &permissions), PHYS_NONE);
	ck_assert_uint_eq(host_translate(&host, 0, &permissions), RAM_BASE);
	ck_assert_uint_eq(host.work.pages_pinned, 4 + 5);
	ck_assert_uint_eq(host.work.pages_unpinned, 5);
}
END_TEST

START_TEST(memory_that_ends_half_way_undoes_the_first_half)
{
	start(MIB, (unsigned)_i, 0);
	struct state before = state_now();

	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR + MIB - 0x2000, 0x4000, PT_READ, &host.work), EFAULT);
	expect_unchanged(before);
	ck_assert_uint_eq(host.work.pages_pinned, host.work.pages_unpinned);
	ck_assert_uint_eq(host.work.pages_pinned, 2);
}
END_TEST

START_TEST(no_frame_for_a_table_half_way_undoes_the_first_half)
{
	unsigned permissions;

	start(8 * MIB, 12, 0);
	/* One page below 2 MiB maps with three tables; the next 2 MiB need a fourth, which is not there. */
	while (frames_used(&host.frames) < TABLES_FRAMES - 3)
		frames_alloc(&host.frames);
	struct state before = state_now();

	ck_assert_int_eq(container_map(&container, MIB, RAM_VADDR, 2 * MIB, PT_READ, &host.work), ENOMEM);
	expect_unchanged(before);
	ck_assert_uint_eq(host_translate(&host, MIB, &permissions), PHYS_NONE);
	ck_assert_int_eq(container_map(&container, MIB, RAM_VADDR, MIB, PT_READ, &host.work), 0);
}
END_TEST

START_TEST(memory_that_is_not_registered_is_not_mapped)
{
	host_init(&host, MIB, 12, 0);
	struct container_config config = host_container(&host);

	config.registrations = &host.registrations;
	container_init(&container, &config);
	ck_assert_int_eq(registration_add(&host.registrations, RAM_VADDR, 0x4000, &host.work), 0);
	struct state before = state_now();

	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR + 0x3000, 0x2000, PT_READ, &host.work), EINVAL);
	expect_unchanged(before);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, 0x4000, &host.work), 0);
}
END_TEST

START_TEST(a_map_of_registered_memory_pins_and_charges_nothing)
{
	host_init(&host, MIB, 12, 0);
	struct container_config config = host_container(&host);

	config.registrations = &host.registrations;
	container_init(&container, &config);
	ck_assert_int_eq(registration_add(&host.registrations, RAM_VADDR, MIB, &host.work), 0);
	host.work = (struct host_work){ 0 };
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 0x4000, PT_READ, &host.work), 0);
	ck_assert_int_eq(container_map(&container, 0x10000, RAM_VADDR, 0x4000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.work.pin_calls + host.work.pages_pinned + host.work.account_operations, 0);
	ck_assert_uint_eq(host.work.registration_finds, 2);
	ck_assert_uint_eq(host.process.account.total, 256);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, MIB, &host.work), EBUSY);
	ck_assert_uint_eq(unmap(0, 0x20000), 0x8000);
	ck_assert_uint_eq(host.work.pages_unpinned, 0);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, MIB, &host.work), 0);
	ck_assert_uint_eq(host.process.account.total, 0);
}
END_TEST

START_TEST(a_map_of_registered_memory_leads_to_the_pages_that_were_registered)
{
	unsigned permissions;

	host_init(&host, MIB, 12, 0);
	struct container_config config = host_container(&host);

	config.registrations = &host.registrations;
	container_init(&container, &config);
	ck_assert_int_eq(registration_add(&host.registrations, RAM_VADDR, 0x4000, &host.work), 0);
	process_remove_areas(&host.process, RAM_VADDR, 0x4000);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR + 0x1000, 0x3000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host_translate(&host, 0x2000, &permissions), RAM_BASE + 0x3000);
	ck_assert_uint_eq(unmap(0, 0x3000), 0x3000);
	ck_assert_uint_eq(host.pins.pins, 4);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, 0x4000, &host.work), 0);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

START_TEST(an_unmap_gives_back_the_pages_that_were_mapped_whatever_became_of_their_addresses)
{
	struct area elsewhere = { .vaddr = RAM_VADDR + 0x1000,
				  .bytes = 0x2000,
				  .permissions = PT_READ | PT_WRITE,
				  .base = RAM_BASE + 0x80000,
				  .page_lg2 = 12,
				  .backed_bytes = 0x2000 };

	start(MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0, RAM_VADDR, 0x4000, PT_READ | PT_WRITE, &host.work), 0);
	process_remove_areas(&host.process, RAM_VADDR, 0x4000);
	process_add_area(&host.process, &elsewhere);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x1000), 1);
	ck_assert_uint_eq(unmap(0, 0x4000), 0x4000);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
}
END_TEST

START_TEST(who_maps_is_charged_even_if_another_unmaps_and_an_exited_process_is_not_asked)
{
	struct process child;
	struct area ram;

	start(MIB, 12, 4 * PAGE_BYTES);
	process_init(&child, &host.pins, 0);
	ram = *process_area(&host.process, RAM_VADDR);
	process_add_area(&child, &ram);
	ck_assert_int_eq(
		container_map_of(&container, &child, 0, RAM_VADDR, 8 * PAGE_BYTES, PT_READ | PT_WRITE, &host.work), 0);
	ck_assert_int_eq(
		container_map_of(&container, &child, 0x10000, RAM_VADDR, 0x1000, PT_READ | PT_WRITE, &host.work), 0);
	ck_assert_uint_eq(child.account.pages[ACCOUNT_MM], 9);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(unmap(0, 8 * PAGE_BYTES), 8 * PAGE_BYTES);
	ck_assert_uint_eq(child.account.pages[ACCOUNT_MM], 1);
	process_exit(&child);
	ck_assert_uint_eq(host.pins.pins, 1);
	ck_assert_uint_eq(unmap(0x10000, 0x1000), 0x1000);
	ck_assert_uint_eq(child.account.pages[ACCOUNT_MM], 1);
	ck_assert_uint_eq(host.pins.pins, 0);
	process_fini(&child);
}
END_TEST

START_TEST(a_device_and_the_zero_page_are_mapped_but_neither_pinned_nor_charged)
{
	struct area bar = { .vaddr = RAM_VADDR + 0x100000,
			    .bytes = 0x2000,
			    .kind = AREA_DEVICE,
			    .permissions = PT_READ | PT_WRITE,
			    .base = 0xfe000000,
			    .page_lg2 = 12,
			    .backed_bytes = 0x2000 };
	struct area untouched = { .vaddr = RAM_VADDR + 0x200000,
				  .bytes = 0x2000,
				  .kind = AREA_UNTOUCHED,
				  .permissions = PT_READ | PT_WRITE,
				  .base = RAM_BASE + 0x10000,
				  .page_lg2 = 12,
				  .backed_bytes = 0x2000 };
	unsigned permissions;

	start(MIB, 12, 2 * PAGE_BYTES);
	process_add_area(&host.process, &bar);
	process_add_area(&host.process, &untouched);
	host.process.shares_reads = true;
	ck_assert_int_eq(container_map(&container, 0, bar.vaddr, 0x2000, PT_READ | PT_WRITE, &host.work), 0);
	ck_assert_int_eq(container_map(&container, 0x10000, untouched.vaddr, 0x2000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host_translate(&host, 0x1000, &permissions), 0xfe001000);
	ck_assert_uint_eq(host.process.account.total + host.pins.pins, 0);
	ck_assert_int_eq(container_map(&container, 0x20000, untouched.vaddr, 0x2000, PT_READ | PT_WRITE, &host.work),
			 0);
	ck_assert_uint_eq(host.process.account.total, 2);
	ck_assert_uint_eq(unmap(0, 0x30000), 0x6000);
	ck_assert_uint_eq(host.process.account.total + host.pins.pins, 0);
	host.process.shares_reads = false;
	ck_assert_int_eq(container_map(&container, 0x10000, untouched.vaddr, 0x2000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.process.account.total, 2);
}
END_TEST

/* ---- domains ---- */

static struct page_table second_table;

static struct host_table second_domain(void)
{
	struct pt_rules rules = host_rules();

	if (page_table_init(&second_table, &vtd_second_stage, &rules, (struct memory_view){ .memory = host.memory },
			    &host.frames) != MAP_OK)
		abort();
	return host_table_of(&second_table);
}

static phys_t translate_second(iova_t iova)
{
	struct page_table first = host.table;
	unsigned permissions;

	host.table = second_table;
	phys_t phys = host_translate(&host, iova, &permissions);

	host.table = first;
	return phys;
}

START_TEST(a_second_domain_gets_all_mappings_and_pins_and_charges_nothing_again)
{
	start(MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0x4000, RAM_VADDR + 0x1000, 0x4000, PT_READ, &host.work), 0);
	ck_assert_int_eq(container_map(&container, 0x10000, RAM_VADDR, 0x1000, PT_READ, &host.work), 0);
	struct state before = state_now();
	struct host_table table = second_domain();

	ck_assert_int_eq(container_attach(&container, &table, &host.work), 0);
	expect_unchanged(before);
	ck_assert_uint_eq(translate_second(0x7fff), RAM_BASE + 0x4fff);
	ck_assert_uint_eq(translate_second(0x10000), RAM_BASE);
	ck_assert_int_eq(container_map(&container, 0x20000, RAM_VADDR, 0x1000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(translate_second(0x20000), RAM_BASE);
	ck_assert_uint_eq(host.process.account.total, 6);
	ck_assert_uint_eq(unmap(0, 0x9000), 0x4000);
	ck_assert_uint_eq(translate_second(0x4000), PHYS_NONE);
	ck_assert_uint_eq(unmap(0, 0x100000), 0x2000);
	ck_assert_uint_eq(host.pins.pins, 0);
	container_detach(&container, &table);
	ck_assert_int_eq(container_map(&container, 0x20000, RAM_VADDR, 0x1000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(translate_second(0x20000), PHYS_NONE);
	page_table_fini(&second_table);
}
END_TEST

START_TEST(a_second_domain_without_frames_for_its_tables_changes_nothing)
{
	start(8 * MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, MIB, RAM_VADDR, 2 * MIB, PT_READ, &host.work), 0);
	struct state before = state_now();
	struct host_table table = second_domain();

	while (frames_used(&host.frames) < TABLES_FRAMES - 3)
		frames_alloc(&host.frames);
	ck_assert_int_eq(container_attach(&container, &table, &host.work), ENOMEM);
	expect_unchanged(before);
	ck_assert_uint_eq(translate_second(MIB), PHYS_NONE);
	ck_assert_uint_eq(container.table_count, 1);
	ck_assert_uint_eq(unmap(0, 8 * MIB), 2 * MIB);
	page_table_fini(&second_table);
}
END_TEST

START_TEST(without_a_domain_nothing_is_pinned_until_one_is_attached)
{
	host_init(&host, MIB, 12, 4 * PAGE_BYTES);
	struct container_config config = host_container(&host);
	struct host_table table = config.table;
	unsigned permissions;

	config.table = (struct host_table){ 0 };
	container_init(&container, &config);
	for (iova_t iova = 0; iova < 0x3000; iova += 0x1000)
		ck_assert_int_eq(container_map(&container, iova, RAM_VADDR + iova, 0x1000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host.pins.pins + host.process.account.total, 0);
	ck_assert_int_eq(container_map(&container, 0x8000, RAM_VADDR, 0x2000, PT_READ, &host.work), 0);
	ck_assert_int_eq(container_attach(&container, &table, &host.work), ENOMEM); /* the fifth page */
	ck_assert_uint_eq(host.pins.pins + host.process.account.total, 0);
	ck_assert_uint_eq(host_translate(&host, 0, &permissions), PHYS_NONE);
	ck_assert_uint_eq(unmap(0x8000, 0x2000), 0x2000);
	ck_assert_int_eq(container_attach(&container, &table, &host.work), 0);
	ck_assert_uint_eq(host.process.account.total, 3);
	ck_assert_uint_eq(host_translate(&host, 0x2000, &permissions), RAM_BASE + 0x2000);
	container_unpin(&container, &host.work);
	container_detach(&container, &table);
	ck_assert_uint_eq(host.pins.pins + host.process.account.total, 0);
	ck_assert_uint_eq(container.mappings.count, 3);
	ck_assert_uint_eq(unmap(0, 0x3000), 0x3000);
}
END_TEST

START_TEST(two_mappings_made_of_one_are_unmapped_on_their_own)
{
	unsigned permissions;

	start(MIB, 12, 0);
	ck_assert_int_eq(container_map(&container, 0x10000, RAM_VADDR + 0x2000, 0x5000, PT_READ, &host.work), 0);
	container_cut(&container, 0x12000);
	ck_assert_uint_eq(container.mappings.count, 2);
	ck_assert_uint_eq(unmap(0x12000, 0x1000), 0x3000);
	ck_assert_uint_eq(host.process.account.total, 2);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x3000), 1);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 0x4000), 0);
	ck_assert_uint_eq(host_translate(&host, 0x11000, &permissions), RAM_BASE + 0x3000);
	ck_assert_uint_eq(unmap(0x10000, 0x1000), 0x2000);
	ck_assert_uint_eq(host.pins.pins, 0);
}
END_TEST

/* ---- the brute-force twin: a dictionary of pages ---- */

#define IOVA_PAGES 96u
#define RAM_PAGES  64u

struct twin_page {
	unsigned mapping; /* 0: free; else unique */
	uint64_t vaddr;
	unsigned permissions;
};

static void compare(const struct twin_page *twin, uint64_t seed, unsigned step)
{
	uint64_t live = 0;
	unsigned count[RAM_PAGES] = { 0 };

	for (unsigned i = 0; i < IOVA_PAGES; i++) {
		unsigned permissions;
		phys_t output = host_translate(&host, i * PAGE_BYTES, &permissions);

		if (!twin[i].mapping) {
			ck_assert_msg(output == PHYS_NONE, "seed %lu step %u page %u", seed, step, i);
			continue;
		}
		live++;
		count[(twin[i].vaddr - RAM_VADDR) >> PAGE_LG2]++;
		ck_assert_msg(output == twin[i].vaddr - RAM_VADDR + RAM_BASE && permissions == twin[i].permissions,
			      "seed %lu step %u page %u", seed, step, i);
	}
	ck_assert_msg(host.process.account.total == live && host.pins.pins == live, "seed %lu step %u", seed, step);
	for (unsigned i = 0; i < RAM_PAGES; i++)
		ck_assert_msg(pins_count(&host.pins, RAM_BASE + i * PAGE_BYTES) == count[i], "seed %lu step %u", seed,
			      step);
	ck_assert_uint_eq(host.work.pages_pinned - host.work.pages_unpinned, live);
	ck_assert_uint_eq(host.work.mappings_inserted - host.work.mappings_removed, container.mappings.count);
}

/* Unmaps mappings that touch the range, whole; returns bytes. */
static uint64_t twin_unmap(struct twin_page *twin, unsigned first, unsigned pages)
{
	uint64_t bytes = 0;

	for (unsigned i = first; i < first + pages; i++) {
		unsigned mapping = twin[i].mapping;

		for (unsigned k = 0; mapping && k < IOVA_PAGES; k++)
			if (twin[k].mapping == mapping) {
				twin[k].mapping = 0;
				bytes += PAGE_BYTES;
			}
	}
	return bytes;
}

START_TEST(random_maps_and_unmaps_agree_with_a_dictionary_of_pages)
{
	struct random random;
	uint64_t seed = 1000 + (uint64_t)_i;
	struct twin_page twin[IOVA_PAGES] = { 0 };
	unsigned next = 1, limit = 40;

	random_init(&random, seed);
	host_init(&host, RAM_PAGES * PAGE_BYTES, 12, limit * PAGE_BYTES);
	struct container_config config = host_container(&host);

	config.flush_runs = 1 + (uint32_t)random_below(&random, 4);
	config.pin_batch_pages = 1 + (uint32_t)random_below(&random, 4);
	container_init(&container, &config);
	for (unsigned step = 0; step < 600; step++) {
		unsigned first = (unsigned)random_below(&random, IOVA_PAGES);
		unsigned pages = 1 + (unsigned)random_below(&random, 12);
		unsigned ram = (unsigned)random_below(&random, RAM_PAGES);
		unsigned permissions = 1 + (unsigned)random_below(&random, 3);
		bool is_free = first + pages <= IOVA_PAGES;

		if (first + pages > IOVA_PAGES)
			pages = IOVA_PAGES - first;
		for (unsigned i = first; i < first + pages; i++)
			is_free = is_free && !twin[i].mapping;
		if (!is_free) {
			uint64_t expected = twin_unmap(twin, first, pages);

			ck_assert_msg(unmap(first * PAGE_BYTES, pages * PAGE_BYTES) == expected, "seed %lu step %u",
				      seed, step);
		} else {
			unsigned present = ram + pages <= RAM_PAGES ? pages : RAM_PAGES - ram;
			int expected = host.process.account.total + present > limit ? ENOMEM
				       : present < pages                            ? EFAULT
										    : 0;
			int error = container_map(&container, first * PAGE_BYTES, RAM_VADDR + ram * PAGE_BYTES,
						  pages * PAGE_BYTES, permissions, &host.work);

			ck_assert_msg(error == expected, "seed %lu step %u: %d, not %d", seed, step, error, expected);
			for (unsigned i = 0; !error && i < pages; i++)
				twin[first + i] =
					(struct twin_page){ next, RAM_VADDR + (ram + i) * PAGE_BYTES, permissions };
			next++;
		}
		compare(twin, seed, step);
	}
	unmap(0, IOVA_PAGES * PAGE_BYTES);
	ck_assert_uint_eq(host.process.account.total + host.pins.pins + host.pins.pages, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container");
	TCase *test = tcase_create("container");

	tcase_add_checked_fixture(test, NULL, teardown);
	tcase_add_test(test, a_map_leads_every_page_to_its_own_memory);
	tcase_add_test(test, small_host_pages_are_charged_and_mapped_one_by_one_but_pinned_in_batches);
	tcase_add_test(test, a_huge_host_page_is_one_run_one_charge_and_one_leaf);
	tcase_add_test(test, a_run_longer_than_a_batch_takes_several_pin_calls_and_one_charge);
	tcase_add_test(test, a_mapping_that_starts_inside_a_huge_page_has_a_short_first_run);
	tcase_add_test(test, pages_go_only_after_their_range_was_named_for_invalidation);
	tcase_add_test(test, each_mapping_of_an_unmap_is_invalidated_on_its_own);
	tcase_add_test(test, a_mapping_of_many_runs_is_invalidated_in_parts);
	tcase_add_test(test, meeting_the_limit_half_way_undoes_the_first_half);
	tcase_add_loop_test(test, memory_that_ends_half_way_undoes_the_first_half, 12, 13);
	tcase_add_loop_test(test, memory_that_ends_half_way_undoes_the_first_half, 21, 22);
	tcase_add_test(test, no_frame_for_a_table_half_way_undoes_the_first_half);
	tcase_add_test(test, memory_that_is_not_registered_is_not_mapped);
	tcase_add_test(test, a_map_of_registered_memory_pins_and_charges_nothing);
	tcase_add_test(test, a_map_of_registered_memory_leads_to_the_pages_that_were_registered);
	tcase_add_test(test, an_unmap_gives_back_the_pages_that_were_mapped_whatever_became_of_their_addresses);
	tcase_add_test(test, who_maps_is_charged_even_if_another_unmaps_and_an_exited_process_is_not_asked);
	tcase_add_test(test, a_device_and_the_zero_page_are_mapped_but_neither_pinned_nor_charged);
	tcase_add_test(test, a_second_domain_gets_all_mappings_and_pins_and_charges_nothing_again);
	tcase_add_test(test, a_second_domain_without_frames_for_its_tables_changes_nothing);
	tcase_add_test(test, without_a_domain_nothing_is_pinned_until_one_is_attached);
	tcase_add_test(test, two_mappings_made_of_one_are_unmapped_on_their_own);
	tcase_add_loop_test(test, random_maps_and_unmaps_agree_with_a_dictionary_of_pages, 0, 6);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
