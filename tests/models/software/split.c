/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/split.h"

#include <errno.h>

#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

static struct host host;
static struct container container;

static void start(bool registered)
{
	host_init(&host, GIB, 30, 0);

	struct container_config config = host_container(&host);

	if (registered) {
		config.registrations = &host.registrations;
		ck_assert_int_eq(registration_add(&host.registrations, RAM_VADDR, GIB, &host.work), 0);
	}
	container_init(&container, &config);
	ck_assert_int_eq(container_map(&container, GIB, RAM_VADDR, GIB, PT_READ | PT_WRITE, &host.work), 0);
	host.work = (struct host_work){ 0 };
}

static void end(void)
{
	container_fini(&container);
	host_fini(&host);
}

static uint64_t unmap(iova_t iova, uint64_t bytes)
{
	struct unmap_call call;

	container_unmap_begin(&call, iova, iova + bytes - 1);
	while (container_unmap_step(&container, &call, &host.work))
		;
	return call.bytes;
}

START_TEST(a_split_makes_two_mappings_of_one_and_devices_see_no_change)
{
	unsigned permissions;

	start(false);
	ck_assert_int_eq(container_split(&container, GIB + 6 * MIB, &host.work), 0);
	ck_assert_uint_eq(container.mappings.count, 2);
	ck_assert_uint_eq(host.work.mappings_inserted, 1);
	ck_assert_uint_eq(host.work.container_finds, 1);
	ck_assert_uint_eq(host.work.table_calls, 1);
	ck_assert_uint_eq(host.work.table.tables_allocated, 1);
	ck_assert_uint_eq(host.work.table.entries_written, 512);
	ck_assert_uint_eq(host.work.pages_pinned + host.work.pages_unpinned + host.work.account_operations, 0);
	for (uint64_t at = 0; at < GIB; at += 2 * MIB) {
		ck_assert_uint_eq(host_translate(&host, GIB + at, &permissions), RAM_BASE + at);
		ck_assert_uint_eq(permissions, PT_READ | PT_WRITE);
	}
	ck_assert_uint_eq(host.process.account.total, GIB >> PAGE_LG2);
	end();
}
END_TEST

START_TEST(a_part_that_was_split_off_goes_alone_with_its_pages_and_their_charge)
{
	unsigned permissions;

	start(false);
	ck_assert_int_eq(container_split(&container, GIB + 6 * MIB, &host.work), 0);
	ck_assert_int_eq(container_split(&container, GIB + 8 * MIB, &host.work), 0);
	ck_assert_uint_eq(unmap(GIB + 6 * MIB, 2 * MIB), 2 * MIB);
	ck_assert_uint_eq(container.mappings.count, 2);
	ck_assert_uint_eq(host_translate(&host, GIB + 6 * MIB, &permissions), PHYS_NONE);
	ck_assert_uint_eq(host_translate(&host, GIB + 8 * MIB, &permissions), RAM_BASE + 8 * MIB);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 6 * MIB), 0);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 8 * MIB), 1);
	ck_assert_uint_eq(pins_count(&host.pins, RAM_BASE + 6 * MIB - PAGE_BYTES), 1);
	ck_assert_uint_eq(host.process.account.total, (GIB - 2 * MIB) >> PAGE_LG2);
	ck_assert_uint_eq(unmap(GIB, GIB), GIB - 2 * MIB);
	ck_assert_uint_eq(host.process.account.total, 0);
	ck_assert_uint_eq(host.pins.pages, 0);
	end();
}
END_TEST

START_TEST(each_part_keeps_its_registration_in_use)
{
	start(true);
	ck_assert_int_eq(container_split(&container, GIB + 2 * MIB, &host.work), 0);
	ck_assert_uint_eq(unmap(GIB + 2 * MIB, GIB - 2 * MIB), GIB - 2 * MIB);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, GIB, &host.work), EBUSY);
	ck_assert_uint_eq(unmap(GIB, 2 * MIB), 2 * MIB);
	ck_assert_int_eq(registration_remove(&host.registrations, RAM_VADDR, GIB, &host.work), 0);
	end();
}
END_TEST

START_TEST(where_a_mapping_begins_or_there_is_none_nothing_is_split)
{
	start(false);
	ck_assert_int_eq(container_split(&container, GIB, &host.work), 0);
	ck_assert_int_eq(container_split(&container, 2 * GIB, &host.work), 0);
	ck_assert_int_eq(container_split(&container, 0, &host.work), 0);
	ck_assert_uint_eq(container.mappings.count, 1);
	ck_assert_uint_eq(host.work.mappings_inserted + host.work.table_calls, 0);
	ck_assert_uint_eq(host.work.container_finds, 3);
	end();
}
END_TEST

START_TEST(what_cannot_be_split_is_refused_and_stays)
{
	start(false);
	ck_assert_int_eq(container_split(&container, GIB + 1, &host.work), EINVAL);
	container.table[0].split = NULL;
	ck_assert_int_eq(container_split(&container, GIB + 2 * MIB, &host.work), EOPNOTSUPP);
	container.table[0] = host_table_of(&host.table);

	phys_t taken[TABLES_FRAMES];
	size_t count = 0;

	while (count < TABLES_FRAMES && (taken[count] = frames_alloc(&host.frames)) != PHYS_NONE)
		count++;
	ck_assert_int_eq(container_split(&container, GIB + 2 * MIB, &host.work), ENOMEM);
	ck_assert_uint_eq(container.mappings.count, 1);
	while (count > 0)
		frames_free(&host.frames, taken[--count]);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_split_makes_two_mappings_of_one_and_devices_see_no_change,
		a_part_that_was_split_off_goes_alone_with_its_pages_and_their_charge,
		each_part_keeps_its_registration_in_use,
		where_a_mapping_begins_or_there_is_none_nothing_is_split,
		what_cannot_be_split_is_refused_and_stays,
		NULL,
	};

	return suite_run("split", tests);
}
